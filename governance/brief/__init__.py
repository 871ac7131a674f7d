"""A survey told to leaders: 简报.docx from a Word template, 明细.xlsx with every row behind it, 简报.html for the phone.

The prose is in ``templates/简报.docx``: edit it in Word or WPS, its ``{{ }}`` fields are filled by ``findings.tell``.
The web page is made from the filled document, so both say the same.
"""

from __future__ import annotations

import base64
import datetime as dt
import functools
import html
import io
import os
import zipfile
from collections.abc import Callable, Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from .. import norm, plot
from ..errors import DocumentError
from ..files import replaced
from ..words import proper
from . import contents, findings, workbook

if TYPE_CHECKING:
    from docx.document import Document

    from ..survey import Survey

NAMES = ("简报.docx", "明细.xlsx", "简报.html")
DOT = 200  # pictures, dots an inch
HEIGHTS = {"趋势": 1.95, "流向": 2.9, "负荷": 2.9, "服务圈": 3.1}  # inches
FLOWS = 14  # bands in the picture of flows
Progress = Callable[[str, int, int], object]
BLOCKS = {
    "Heading 1": "h2",
    "Heading 2": "h3",
    "简报报头": "h1",
    "公文标题": "p.title",
    "简报期号": "p.issue",
    "简报编发": "p.office",
    "图": "figure",
    "图题": "p.caption",
    "表题": "p.caption",
    "版记": "p.foot",
}


def write(
    survey: Survey,
    out: str | os.PathLike[str],
    *,
    progress: Progress | None = None,
    template: str | os.PathLike[str] | None = None,
) -> list[Path]:
    """The paths written into the folder ``out``: 简报.docx, 明细.xlsx, 简报.html.

    survey : what ``survey.run`` found; parts without data are left out with a sentence saying what is needed.
    progress : called with (step, done, total) after each file is made. template : a .docx of your own instead of
    the package's. Same survey, same bytes; each file appears whole or not at all. Made-up data says 示例数据 on every
    page, sheet and figure. Every number of the briefing is listed in the sheet 数字来源 with the cells it comes from.
    Raises DocumentError for a template with an unknown field or broken syntax, GovernanceError for too many rows.

    What it does not show: verdicts are suggestions for people to check, never findings of guilt.

    >>> import tempfile, governance as gov
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     [path.name for path in write(gov.survey.run(gov.examples.county()), folder)]
    ['简报.docx', '明细.xlsx', '简报.html']
    """
    tick = progress or (lambda *_: None)
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    sheets = contents.sheets(survey)
    context, said = findings.tell(survey, sheets)
    made = _made(survey)
    letter = _letter(context, _pictures(survey, context), template, made)
    tick(NAMES[0], 1, 3)
    book = workbook.book(list(sheets.values()), said, title=f"{context['简报名']}明细", mark=context["页眉"], made=made)
    tick(NAMES[1], 2, 3)
    page = _page(letter, context)
    tick(NAMES[2], 3, 3)
    made_files = zip(NAMES, (letter, book, page), strict=True)
    return [replaced(folder / name, functools.partial(Path.write_bytes, data=data)) for name, data in made_files]


def table(frame: pd.DataFrame, *, owner: str = "results", heads: Mapping[str, str] | None = None) -> pd.DataFrame:
    """The frame as the briefing's workbook shows it: Chinese headers with units, Chinese words for English values.

    owner : the table of ``schemas/`` whose words come first where several name the same column. heads : headers of your
    own for some columns.
    For reading, not for further reckoning: the columns no longer have their names of ``schemas/``.

    >>> table(pd.DataFrame({"verdict": ["off_list"], "hours": [3.0]})).to_dict("list")
    {'判定': ['清单外事项'], '工时(小时)': [3.0]}
    """
    sheet = workbook.Sheet("", "", frame, owner, heads)
    words = {workbook.heading(sheet, str(c)): [workbook.word(sheet, str(c), v) for v in frame[c]] for c in frame}
    return pd.DataFrame(words, index=frame.index)


def _made(survey: Survey) -> dt.datetime:
    """The date the files bear: the last task's, so that the same data give the same bytes."""
    last = pd.to_datetime(survey.ledger["date"]).max()
    return (
        dt.datetime(2020, 1, 1)
        if pd.isna(last)
        else last.to_pydatetime().replace(hour=0, minute=0, second=0, microsecond=0)
    )


def _pictures(survey: Survey, context: dict[str, Any]) -> dict[str, tuple[bytes, str]]:
    """PNG and title of each figure whose part was done."""
    lacking, note = context["缺"], context["页眉"]
    draw: dict[str, Callable[[Any], Any]] = {}
    if not lacking["责任转嫁"]:
        draw["趋势"] = lambda ax: plot.trend(survey.by_month, ax, since=_first(survey), note=note)
        draw["流向"] = lambda ax: plot.flows(survey.shifted, ax, most=FLOWS, note=note)
    if not lacking["履职负荷"]:
        draw["负荷"] = lambda ax: plot.load(survey.loads, ax, note=note)
    if not lacking["十五分钟服务圈"]:
        draw["服务圈"] = lambda ax: plot.town(survey.county, survey.gaps, ax, note=note)
    made = {name: _png(how, HEIGHTS[name]) for name, how in draw.items()}
    if "趋势" in made:
        made["趋势"] = made["趋势"][0], _trend_title(survey)
    return made


def _first(survey: Survey) -> pd.Timestamp | None:
    """The first day on which any township had a list that held and was known."""
    start = norm.versions(survey.county.items)["start"].min()
    return None if pd.isna(start) else pd.Timestamp("1970-01-01") + pd.Timedelta(days=int(start))


def _trend_title(survey: Survey) -> str:
    """The caption by the same two shares as the text: by each township's own first day, not by whole months."""
    before, after = (survey.change[f"{word}_share"].iloc[0] for word in ("before", "after"))
    told = "" if pd.isna(before) or pd.isna(after) else f":清单施行前{before:.1%},施行后{after:.1%}"
    return f"各月转嫁占比{told}"


def _png(draw: Callable[[Any], Any], height: float) -> tuple[bytes, str]:
    """The PNG and the picture's title, which the letter prints as caption."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(plot.canvas.WIDTH, height), layout="constrained")
    FigureCanvasAgg(figure)
    ax = draw(figure.add_subplot())
    title = ax.get_title(loc="left")
    ax.set_title("", loc="left")
    out = io.BytesIO()
    figure.savefig(out, dpi=DOT, format="png", metadata={"Software": None})
    return out.getvalue(), title


def _letter(
    context: dict[str, Any],
    pictures: dict[str, tuple[bytes, str]],
    template: str | os.PathLike[str] | None,
    made: dt.datetime,
) -> bytes:
    """The bytes of the filled template, with fixed dates inside."""
    import jinja2
    from docx.shared import Mm
    from docxtpl import DocxTemplate, InlineImage

    source = Path(template) if template else resources.files("governance.brief") / "templates" / "简报.docx"
    if not source.is_file():
        raise DocumentError(f"找不到简报模板 {source.name}")
    letter = DocxTemplate(io.BytesIO(source.read_bytes()))
    figures = {name: InlineImage(letter, io.BytesIO(data), width=Mm(150)) for name, (data, _) in pictures.items()}
    titles = {name: proper(title) for name, (_, title) in pictures.items()}
    numbers = {name: number for number, name in enumerate(pictures, 1)}
    speak = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=True)
    try:
        letter.render({**context, "图": figures, "图题": titles, "图号": numbers}, speak, autoescape=True)
    except jinja2.UndefinedError as fault:
        raise DocumentError(f"简报模板 {source.name} 里有不认识的字段:{fault.message}") from None
    except jinja2.TemplateError as fault:
        raise DocumentError(f"简报模板 {source.name} 的写法有误:{fault.message}") from None
    about = letter.docx.core_properties
    about.title, about.author = context["简报名"][:200], context["编发单位"][:200]
    about.created = about.modified = made
    out = io.BytesIO()
    letter.save(out)
    return _steady(out.getvalue())


def _steady(data: bytes) -> bytes:
    """The same zip with the same dates whenever it is made."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), old.read(name), zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _page(letter: bytes, context: dict[str, Any]) -> bytes:
    """The web page: the filled document's paragraphs, tables and pictures in the template's frame."""
    import docx
    import jinja2

    frame = (resources.files("governance.brief") / "templates" / "简报.html").read_text("utf-8")
    body = "\n".join(_blocks(docx.Document(io.BytesIO(letter))))
    speak = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=True)
    return speak.from_string(frame).render(**context, 正文=jinja2.filters.Markup(body)).encode("utf-8")


def _blocks(document: Document) -> Iterator[str]:
    """HTML of the document's paragraphs and tables, in order."""
    from docx.table import Table

    for block in document.iter_inner_content():
        if isinstance(block, Table):
            yield _table(block)
            continue
        tag, _, kind = BLOCKS.get(block.style.name if block.style is not None else "", "p").partition(".")
        inner = "".join(_run(run) for run in block.runs)
        if inner.strip():
            yield f"<{tag}{f' class={kind!r}' if kind else ''}>{inner}</{tag}>"


def _run(run: Any) -> str:
    """HTML of one run: text, a source mark, or a picture."""
    from docx.oxml.ns import qn

    out = html.escape(run.text).replace("\n", "<br>").replace("\t", '<span class="gap"></span>')
    if run.style is not None and run.style.name == "出处":
        out = f"<sup>{out}</sup>" if out else ""
    for blip in run._r.iter(qn("a:blip")):
        image = run.part.related_parts[blip.get(qn("r:embed"))].blob
        out += f'<img alt="图" src="data:image/png;base64,{base64.b64encode(image).decode()}">'
    return out


def _table(table: Any) -> str:
    """HTML of a table; columns that begin with digits in every row stand to the right."""
    head, *body = [
        ["".join(_run(r) for p in cell.paragraphs for r in p.runs) for cell in row.cells] for row in table.rows
    ]
    kinds = [" class=number" if body and all(row[x][:1].isdigit() for row in body) else "" for x in range(len(head))]
    rows = "".join(f"<tr>{_cells('td', row, kinds)}</tr>" for row in body)
    top = f"<tr>{_cells('th', head, kinds)}</tr>"
    return f'<div class="table"><table><thead>{top}</thead><tbody>{rows}</tbody></table></div>'


def _cells(tag: str, row: list[str], kinds: list[str]) -> str:
    return "".join(f"<{tag}{kind}>{cell}</{tag}>" for cell, kind in zip(row, kinds, strict=True))
