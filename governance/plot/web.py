"""One map as one file: opens in any browser by a double click, with the network off."""

from __future__ import annotations

import json
import os
import re
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import GovernanceError, TableError
from ..files import replaced
from .canvas import GREEN, INK, ORANGE, plain
from .ground import SCHEMATIC
from .layers import layers

if TYPE_CHECKING:
    import pandas as pd

    from ..tables import County

FONTS = '"Noto Sans SC","Noto Sans CJK SC","Source Han Sans SC","Microsoft YaHei","PingFang SC","WenQuanYi Micro Hei",SimHei,sans-serif'
EXAMPLE = "示例数据,县乡与数字均为虚构"
LAYERS = ("道路", "缺口", "地名", "设施", "社区用房", "改造方案")
GAP_TIPS = [("居民点", "@name"), ("走不到", "@people{0,0}"), ("缺少", "@missing"), ("最近一处", "@nearest")]
PLACE_TIPS = [("名称", "@name"), ("服务", "@word"), ("能力或面积", "@size")]
PLAN_TIPS = [("第几处", "@number"), ("用房", "@name"), ("改造", "@change"), ("净增", "@net")]
KEY = """<div style="font-size:12px;color:#555d66;line-height:1.7"><div>橙色圆：十五分钟内走不到的人，圆越大人越多</div>
<div>彩色符号：设施和社区用房；白色方块：闲置用房</div><div>绿色带序号：改造方案；指向符号可看说明</div></div>"""
CHANGE = """
const s = select.value
const told = JSON.parse(words)
streets.data.colour = Array.from(JSON.parse(rings)[s], k => JSON.parse(colours)[k])
streets.change.emit()
for (const [name, filter] of [["sites", sites], ["rooms", rooms], ["gaps", gaps]])
  filter.indices = JSON.parse(shown)[name][s]
legend.text = told[s]
"""
MODEL = re.compile(r'"(id|root_id)":"([^"\\]+)"')
PAGE = """<!DOCTYPE html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; \
style-src 'unsafe-inline'; img-src data: blob:; font-src data:">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ --bokeh-base-font: {fonts}; --base-font: {fonts}; }}
html, body {{ margin: 0; height: 100%; font-family: {fonts}; color: {ink}; }}
body {{ display: flex; flex-direction: column; }}
header {{ padding: 8px 14px; border-bottom: 1px solid #d9dde2; }}
h1 {{ font-size: 20px; margin: 0; display: inline; }}
header span {{ margin-left: 14px; font-size: 13px; color: #555d66; }}
header strong {{ color: #a33b00; }}
#map {{ flex: 1; min-height: 0; display: flex; }}
#map > * {{ flex: 1; }}
</style>
</head>
<body>
<header><h1>{title}</h1>{marks}</header>
<div id="map"></div>
<noscript>这张地图要用浏览器的脚本功能显示，请允许本页运行脚本。</noscript>
{scripts}
<script>Bokeh.embed.embed_item({item}, "map")</script>
</body>
</html>
"""


def web_map(
    county: County,
    near: pd.DataFrame,
    out: str | os.PathLike[str],
    *,
    gaps: pd.DataFrame | None = None,
    plan: pd.DataFrame | None = None,
    note: str = "",
) -> Path:
    """The path of one HTML file with a map to move about in: a double click opens it, no network is asked.

    county : streets (with x, y), sites, rooms, communities. near : ``circle.reach`` or ``circle.nearest`` of at least
    the longest of ``circle.minutes``. out : ends in .html. gaps : ``circle.gaps``. plan : ``siting.convert``.

    A list chooses the service: streets take the colour of its minutes (farther end, slowest group, as in ``circle``),
    places and gaps of other services go. Layers can be switched off; places, gaps and conversions say what they are
    when pointed at. Streets are thinned to whole metres, and joined where no service tells them apart. What has no
    street node or coordinates is counted beside the map. The words 示意图,非行政界线 stand in the head, and 示例数据
    where the county is made up. Same input, same bytes; about 2 MB for 10,000 streets.
    Raises TableError for another ending, missing columns, a shorter search, or a plan's room that is not the county's.

    What it does not show: administrative borders; the middle of a street that is farther than both its ends.
    Source: bokeh, inline in the file.

    >>> import tempfile
    >>> import governance as gov
    >>> county = gov.examples.county()
    >>> near = gov.circle.reach(county.streets, gov.circle.places(county.sites, county.rooms))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     page = web_map(county, near, Path(folder, "地图.html")).read_text("utf-8")
    >>> "示例数据" in page, "示意图" in page
    (True, True)
    """
    path = Path(out)
    if path.suffix.lower() not in (".html", ".htm"):
        raise TableError(f"网页地图只能写成 .html 文件,不能写成 {path.suffix or '没有扩展名的文件'}")
    try:
        from bokeh.embed import json_item
        from bokeh.resources import Resources
    except ImportError as fault:
        raise GovernanceError("网页地图需要另装 bokeh:pip install bokeh") from fault
    root = _layout(layers(county, near, gaps, plan))
    scripts = Resources(mode="inline", components=["bokeh", "bokeh-widgets"]).js_raw
    item = _numbered(json.dumps(json_item(root), ensure_ascii=False, separators=(",", ":")))
    marks = [f"<strong>{EXAMPLE}</strong>"] if county.example and "示例数据" not in note else []
    marks += [escape(text) for text in (SCHEMATIC, plain(note)) if text]
    page = PAGE.format(
        title=escape(plain(f"{county.name}十五分钟服务圈")),
        marks="".join(f"<span>{text}</span>" for text in marks),
        fonts=FONTS,
        ink=INK,
        scripts="\n".join(f"<script>{text}</script>" for text in scripts if text.strip()),
        item=_quoted(item),
    )
    return replaced(path, lambda part: part.write_bytes(page.encode("utf-8")))


def _quoted(text: str) -> str:
    """JSON that may stand inside a page's script, whatever names it holds."""
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


def _numbered(item: str) -> str:
    """The document with its models numbered as they come, instead of by a count of the whole session.

    item : JSON without spaces; inside its texts quotes are escaped, so that no text looks like a model's number.
    """
    names: dict[str, str] = {}
    return MODEL.sub(lambda found: f'"{found[1]}":"{names.setdefault(found[2], f"m{len(names) + 1}")}"', item)


# --- the page's models


def _layout(shown: dict[str, Any]) -> Any:
    """The bokeh model of the page: controls to the left, the map filling the rest."""
    from bokeh.layouts import column, row
    from bokeh.models.callbacks import CustomJS
    from bokeh.models.widgets import CheckboxGroup, Div, Select

    figure, sources, filters = _figure(shown)
    first = shown["options"][0][0]
    select = Select(title="看哪一类服务", value=first, options=shown["options"], sizing_mode="stretch_width")
    legend = Div(text=shown["words"][first], sizing_mode="stretch_width")
    texts = {key: json.dumps(shown[key], ensure_ascii=False) for key in ("rings", "shown", "words")}
    args = {**filters, **texts, "streets": sources["streets"], "legend": legend, "select": select,
            "colours": json.dumps(shown["palette"])}  # fmt: skip
    select.js_on_change("value", CustomJS(args=args, code=CHANGE))
    present = [name for name in LAYERS if any(r.name == name for r in figure.renderers)]
    boxes = CheckboxGroup(labels=present, active=list(range(len(present))))
    drawn = [[r for r in figure.renderers if r.name == name] for name in present]
    flat = {f"r{k}_{n}": r for k, group in enumerate(drawn) for n, r in enumerate(group)}
    code = "\n".join(f"{name}.visible = boxes.active.includes({name[1:].split('_')[0]})" for name in flat)
    boxes.js_on_change("active", CustomJS(args={**flat, "boxes": boxes}, code=code))
    key = Div(
        text=KEY + "".join(f"<div>{escape(shown['left'])}</div>" if shown["left"] else ""), sizing_mode="stretch_width"
    )
    head = Div(text="<b>显示哪些图层</b>", margin=(10, 5, 0, 5))
    side = column(select, legend, head, boxes, key, width=270, sizing_mode="stretch_height", margin=(8, 8, 0, 8))
    return row(side, figure, sizing_mode="stretch_both")


def _figure(shown: dict[str, Any]) -> tuple[Any, dict[str, Any], dict[str, Any]]:
    """The map, its sources, and the filters that choose one service's rows."""
    from bokeh.models import CDSView, ColumnDataSource, IndexFilter

    first = shown["options"][0][0]
    colour = [shown["palette"][int(k)] for k in shown["rings"][first]]
    sources = {"streets": ColumnDataSource({**shown["streets"], "colour": colour})}
    for name in ("sites", "rooms", "gaps", "plan"):
        sources[name] = ColumnDataSource({c: shown[name][c].tolist() for c in shown[name]})
    filters = {name: IndexFilter(shown["shown"][name][first]) for name in ("sites", "rooms", "gaps")}
    map_ = _empty()
    lines = map_.multi_line("xs", "ys", line_color="colour", line_width=1.6, source=sources["streets"], name="道路")
    for side in (map_.x_range, map_.y_range):
        side.renderers = [lines]
    views = {name: CDSView(filter=chosen) for name, chosen in filters.items()}
    tips: list[tuple[Any, list[tuple[str, str]]]] = []
    if len(shown["gaps"]):
        map_.scatter("x", "y", size="size", fill_color=ORANGE, fill_alpha=0.4, line_color="#a86f00", line_alpha=0.7,
                     source=sources["gaps"], view=views["gaps"], name="缺口")  # fmt: skip
        tips.append((map_.renderers[-1], GAP_TIPS))
        map_.text("x", "y", text="tag", x_offset=8, text_baseline="middle", text_font={"value": FONTS}, text_font_size="12px",
                  text_color=INK, background_fill_color="white", background_fill_alpha=0.75, source=sources["gaps"], view=views["gaps"], name="地名")  # fmt: skip
    for name, word in (("rooms", "社区用房"), ("sites", "设施")):
        if len(shown[name]):
            map_.scatter("x", "y", size=11, marker="mark", fill_color="colour", line_color="#222222", line_width=1.2,
                         source=sources[name], view=views[name], name=word)  # fmt: skip
            tips.append((map_.renderers[-1], PLACE_TIPS))
    if len(shown["plan"]):
        tips.append((_numbers(map_, sources["plan"]), PLAN_TIPS))
    _hover(map_, tips)
    return map_, sources, filters


def _numbers(map_: Any, source: Any) -> Any:
    """The layer of the conversions, once the map holds it and the numbers in it."""
    map_.scatter(
        "x",
        "y",
        size=21,
        fill_color=GREEN,
        line_color="white",
        line_width=2,
        source=source,
        name="改造方案",
    )
    dots = map_.renderers[-1]
    map_.text("x", "y", text="number", text_align="center", text_baseline="middle", text_color="white",
              text_font={"value": FONTS}, text_font_size="12px", source=source, name="改造方案")  # fmt: skip
    return dots


def _empty() -> Any:
    """A map without anything on it but a scale bar and north, its tools in Chinese."""
    from bokeh.models import BoxZoomTool, DataRange1d, PanTool, ResetTool, SaveTool, WheelZoomTool
    from bokeh.models.annotations import Label, ScaleBar
    from bokeh.models.annotations.dimensional import ImperialLength
    from bokeh.plotting import figure

    wheel = WheelZoomTool(description="滚轮缩放")
    tools = [PanTool(description="拖动"), wheel, BoxZoomTool(description="框选放大", match_aspect=True),
             ResetTool(description="回到全图"), SaveTool(description="存成图片")]  # fmt: skip
    ranges = [DataRange1d(range_padding=0.04) for _ in range(2)]
    map_ = figure(x_range=ranges[0], y_range=ranges[1], match_aspect=True, x_axis_type=None, y_axis_type=None, sizing_mode="stretch_both", tools=tools,
                  active_scroll=wheel, outline_line_color=None, min_border=6)  # fmt: skip
    map_.grid.visible = False
    map_.toolbar.logo = None
    north = Label(x=20, y=52, x_units="screen", y_units="screen", text="北\n↑", text_font=FONTS, text_font_size="15px",
                  text_align="center", text_color=INK, background_fill_color="white", background_fill_alpha=0.7)  # fmt: skip
    map_.add_layout(north)
    metric = ImperialLength(  # the one registered model of units that takes a basis of its own
        basis={"米": (1, "米", "米"), "公里": (1000, "公里", "公里")}, ticks=[1, 2, 5, 10, 20, 50, 100, 200, 500]
    )
    map_.add_layout(ScaleBar(range=map_.x_range, unit="米", dimensional=metric, location="bottom_left", bar_length=0.12, label_text_font=FONTS,
                             background_fill_alpha=0.8, border_line_color=None))  # fmt: skip
    return map_


def _hover(map_: Any, tips: list[tuple[Any, list[tuple[str, str]]]]) -> None:
    """Nothing; each layer says what it is when pointed at."""
    from bokeh.models import HoverTool

    for layer, words in tips:
        map_.add_tools(HoverTool(renderers=[layer], tooltips=words, description=f"指向{layer.name}看说明"))
