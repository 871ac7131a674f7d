"""The workbook behind a briefing: its sheets under Chinese heads, and where each number comes from."""

from __future__ import annotations

import datetime as dt
import io
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from ..errors import GovernanceError
from ..tables.fields import Field, field, fields, label

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

FIRST = 3  # the Excel row of a sheet's first record: a title and a header stand above
LONGEST, MOST = 32_000, 1_048_000  # what an Excel cell and an Excel sheet hold
OWNERS = ("results", "tasks", "items", "sites", "rooms", "communities", "units", "activities")
PERCENT = {"share", "unsure_share", "hours_share", "low", "high", "before_share", "after_share", "difference"}
HEADS = {  # columns that no schema names
    "items": "事项数(项)",
    "categories": "类别数(个)",
    "rule": "规则",
    "value": "取值",
    "unit": "单位",
    "status": "状态",
    "source": "出处",
    "note": "说明",
    "since": "施行日期",
    "first": "首件下发日期",
    "last": "末件下发日期",
    "missing": "缺少的服务",
    "reason": "判定依据",
    "order": "次序",
    "before_share": "施行前转嫁占比",
    "before_decided": "施行前已判定任务数(件)",
    "after_share": "施行后转嫁占比",
    "after_decided": "施行后已判定任务数(件)",
    "difference": "变化",
    "gini": "基尼系数",
    "theil": "泰尔指数",
    "cv": "变异系数",
    "max_min": "最大最小比",
    "n": "单位数(个)",
    "hours": "工时(小时)",
    "load_ratio": "平均负荷比",
    "overloaded": "超载单位数(个)",
}
SOURCES = ("place", "what", "value", "text", "sheet", "column", "rows", "how")
FORMS = {
    "title": {"bold": True, "font_color": "#9c2a1f"},
    "head": {"bold": True, "bg_color": "#e8eef4", "bottom": 1, "text_wrap": True, "valign": "vcenter"},
    "text": {"text_wrap": True, "valign": "top"},
    "date": {"num_format": "yyyy-mm-dd", "valign": "top"},
    "share": {"num_format": "0.0%", "valign": "top"},
    "whole": {"num_format": "0", "valign": "top"},
    "number": {"num_format": "0.00", "valign": "top"},
    "small": {"num_format": "0.000", "valign": "top"},
}
LINKS = ("来源表", "表")  # cells that lead to a sheet
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True, eq=False)
class Sheet:
    """One sheet: its name (``表5 部门占比``), what its rows are, the rows, the table whose words it speaks."""

    name: str
    about: str
    frame: pd.DataFrame
    owner: str = "results"
    heads: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Number:
    """One number of the briefing: where it stands, what it is, and the cells it is read or reckoned from."""

    place: str
    what: str
    value: object
    text: str
    sheet: str
    column: str
    rows: str
    how: str


def clean(value: object) -> str:
    """Text without the characters that neither Word nor Excel can hold.

    >>> clean("甲\\x0b乙\\x00丙")
    '甲 乙 丙'
    """
    return CONTROL.sub(" ", str(value))


def heading(sheet: Sheet, column: str) -> str:
    """The Chinese header of a column of ``sheet``, with its unit.

    >>> heading(Sheet("表1", "", pd.DataFrame(), heads={"name": "用房"}), "name")
    '用房'
    """
    if sheet.heads and column in sheet.heads:
        return sheet.heads[column]
    if column == "shifted" and column in sheet.frame and not pd.api.types.is_bool_dtype(sheet.frame[column]):
        return "转嫁任务数(件)"  # a count in shares, yes or no in the ledger
    one = _field(sheet.owner, column)
    if one is None:
        return HEADS.get(column, column)
    return f"{one.label}({one.unit})" if one.unit and one.unit not in one.label else one.label


def _field(owner: str, column: str) -> Field | None:
    for table in (owner, *OWNERS):
        for one in fields(table):
            if one.name == column:
                return one
    return None


def word(sheet: Sheet, column: str, value: Any) -> Any:
    """A value as its cell shows it: Chinese words for what a schema allows, None for missing, text without controls.

    >>> word(Sheet("", "", pd.DataFrame()), "verdict", "off_list")
    '清单外事项'
    """
    if isinstance(value, (list, tuple)):
        return ("；" if any(isinstance(v, dict) for v in value) else "、").join(map(_part, value))
    if isinstance(value, dict):
        return ";".join(f"{_key(k)} {_part(v)}" for k, v in value.items())
    if value is None or value is pd.NaT or value is pd.NA or value != value:
        return None
    if isinstance(value, bool) or type(value).__name__ == "bool":
        return "是" if value else "否"
    if not isinstance(value, str):
        return value
    if column == "measure":
        return HEADS.get(value, value)
    if column == "missing":
        return "、".join(label("sites", "service", v) for v in value.split("|"))
    for table in (sheet.owner, *OWNERS):
        one = next((f for f in fields(table) if f.name == ("service" if column == "from_service" else column)), None)
        if one is not None and one.allowed and (said := label(table, one.name, value)) != value:
            return clean(said)
    return clean(value)


def _key(name: str) -> str:
    for table, column in (("sites", "service"), ("results", "group")):
        said = label(table, column, name)
        if said != name:
            return said
    return name


def _part(value: Any) -> str:
    """A rule's inner value as words: hardware, ages, area, prices."""
    if isinstance(value, dict) and "area_m2" not in value:
        return "、".join(f"{_key(k)}{_part(v)}" for k, v in value.items())
    if isinstance(value, dict):
        return f"不少于{value['area_m2']}平方米" + "".join(
            "、" + field("rooms", flag).label for flag in value.get("hardware", ())
        )
    return "、".join(_part(v) for v in value) if isinstance(value, list) else _key(str(value))


def book(parts: Sequence[Sheet], said: Sequence[Number], *, title: str, mark: str, made: dt.datetime) -> bytes:
    """The bytes of an .xlsx: a page of contents, the sources of ``said``, then the sheets; same input, same bytes.

    mark : stands in the title row and page header of every sheet ("" for none). made : the date the file bears.
    Texts stay text whatever they begin with. Raises GovernanceError for a sheet longer than Excel allows.

    >>> sheet = Sheet("表1 甲", "一行", pd.DataFrame({"tasks": [1]}))
    >>> book([sheet], [], title="明细", mark="", made=dt.datetime(2026, 1, 1))[:2]
    b'PK'
    """
    import xlsxwriter

    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}) as file:
        file.set_properties({"title": title, "created": made, "comments": mark})
        contents = pd.DataFrame(
            {"表": [s.name for s in parts], "行数": [len(s.frame) for s in parts], "内容": [s.about for s in parts]}
        )
        sources = pd.DataFrame([{c: getattr(n, c) for c in SOURCES} for n in said], columns=list(SOURCES))
        named = dict(zip(SOURCES, ("简报位置", "内容", "数值", "简报写法", "来源表", "列", "行", "取法"), strict=True))
        front = [
            Sheet("目录", f"{title}:各表内容,点表名可跳转", contents),
            Sheet("数字来源", "简报中每个数字取自何表、何列、何行;点表名可跳转", sources.rename(columns=named)),
        ]
        forms = {name: file.add_format(form) for name, form in FORMS.items()}
        for sheet in (*front, *parts):
            _write(file.add_worksheet(sheet.name), sheet, mark, forms)
    return out.getvalue()


def _write(page: Worksheet, sheet: Sheet, mark: str, forms: Mapping[str, Format]) -> None:
    if len(sheet.frame) > MOST:
        raise GovernanceError(f"{sheet.name}有 {len(sheet.frame)} 行,超过一张工作表能容纳的行数,请分乡镇或分年度生成")
    heads = [heading(sheet, str(c)) for c in sheet.frame.columns]
    page.write_string(0, 0, f"【{mark}】{sheet.about}" if mark else sheet.about, forms["title"])
    for x, (text, column) in enumerate(zip(heads, sheet.frame.columns, strict=True)):
        page.write_string(1, x, text, forms["head"])
        cells = [word(sheet, str(column), v) for v in sheet.frame[column].astype(object)]
        wide = max(_width(text) + 3, *(_width(_shown(c)) + 2 for c in cells[:2000]), 8)
        page.set_column(x, x, min(wide, 48))
        _fill(page, x, str(column), cells, forms)
    page.freeze_panes(2, 1)
    page.autofilter(1, 0, max(len(sheet.frame), 1) + 1, max(len(heads) - 1, 0))
    page.set_landscape()
    page.set_paper(9)
    page.fit_to_pages(1, 0)
    page.repeat_rows(0, 1)
    page.set_header(f"&C{mark}&R&A" if mark else "&R&A")
    page.set_footer("&C&P / &N")


def _fill(page: Worksheet, x: int, column: str, cells: Sequence[Any], forms: Mapping[str, Format]) -> None:
    """One column, each cell by its kind; texts stay texts."""
    figures = [float(c) for c in cells if not isinstance(c, (str, dt.date)) and c is not None]
    whole = all(c.is_integer() for c in figures if math.isfinite(c))
    small = max((abs(c) for c in figures if math.isfinite(c)), default=0.0) < 1
    form = forms["share" if column in PERCENT else "whole" if whole else "small" if small else "number"]
    for y, value in enumerate(cells, FIRST - 1):
        if value is None:
            continue
        if isinstance(value, str) and column in LINKS:
            page.write_url(y, x, f"internal:'{value}'!A1", string=value)
        elif isinstance(value, str):
            page.write_string(
                y, x, value if len(value) <= LONGEST else value[:LONGEST] + "…(过长,已截断)", forms["text"]
            )
        elif isinstance(value, dt.date):
            page.write_datetime(y, x, pd.Timestamp(value).to_pydatetime(), forms["date"])
        elif math.isinf(value):
            page.write_string(y, x, "无穷大", forms["text"])
        else:
            page.write_number(y, x, float(value), form)


def _shown(value: Any) -> str:
    return (
        ""
        if value is None
        else "0000-00-00"
        if isinstance(value, dt.date)
        else f"{value:.6g}"
        if isinstance(value, float)
        else str(value)
    )


def _width(text: str) -> int:
    return sum(2 if ord(c) > 0x2E7F or c in "“”—…" else 1 for c in text)
