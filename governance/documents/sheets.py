"""A reading as a workbook for the analyst: the items, and the sheets that account for every row."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from xlsxwriter import Workbook

from ..errors import DocumentError
from ..files import replaced
from ..tables.fields import label
from ..tables.forms import CREATED, LONGEST, ROWS, cell_texts

PLACE = {"file": "文件", "page": "页", "sheet": "工作表", "table": "表", "row": "行"}
KEY = {"item": "事项编号", "township": "乡镇(街道)", "list_kind": "清单类别"}
FIELDS = ("category", "name", "department", "department_duty", "township_duty", "support", "method", "basis")
HEADS: dict[str, dict[str, str]] = {  # sheet -> column -> heading
    "files": {
        "file": "文件",
        "kind": "格式",
        "layout": "清单",
        "townships": "乡镇(街道)",
        "tables": "表数",
        "read": "读到行数",
        "kept": "采用行数",
        "rejected": "未采用行数",
        "items": "事项数",
        "refused": "是否拒读",
        "note": "说明",
    },
    "counts": {
        "file": "文件",
        "township": "乡镇(街道)",
        "list_kind": "清单类别",
        "category": "事项类别",
        "declared": "文件写明",
        "parsed": "实际读到",
        "difference": "差(读到-写明)",
        "where": "写在何处",
        "average": "是否平均数",
        "text": "原文",
    },
    "problems": {
        "file": "文件",
        "place": "位置",
        "row": "行",
        "column": "列或类别",
        "found": "原文",
        "fault": "问题",
        "remedy": "怎么办",
        "level": "程度",
    },
    "originals": KEY | PLACE | {"last_row": "止于行", "number": "序号"} | dict.fromkeys(FIELDS, ""),
    "duties": KEY | {"side": "职责方", "unit": "单位", "order": "次序", "duty": "职责"},
    "rows": PLACE | {"role": "去向", "item": "事项编号", "text": "内容"},
}
TITLES = {
    "files": "读取情况",
    "counts": "数量核对",
    "problems": "问题清单",
    "originals": "原文对照",
    "duties": "逐条职责",
    "rows": "逐行去向",
}
WORDS: dict[str, dict[Any, str]] = {
    "refused": {True: "拒读", False: ""},
    "average": {True: "平均", False: ""},
    "level": {"refused": "未读", "ask": "需明确", "look": "请核对"},
    "side": {"department": "上级部门", "township": "乡镇(街道)"},
    "role": {
        "item": "事项",
        "more": "续上一行",
        "category": "类别行",
        "header": "表头",
        "title": "标题",
        "total": "合计行",
        "note": "附注",
        "outside": "表外文字",
        "blank": "空行",
        "rejected": "未采用",
        "unnamed": "未采用(认不出的表)",
    },
}
WIDEST, NARROW = 60, 6


def shown(frame: pd.DataFrame, part: str) -> pd.DataFrame:
    """A frame of a reading in Chinese: columns named, values worded, for a sheet or the screen.

    part : files, counts, problems, originals, duties or rows.

    >>> shown(pd.DataFrame({"side": ["township"], "list_kind": ["basic"]}), "duties").to_dict("records")
    [{'职责方': '乡镇(街道)', '清单类别': '基本履职事项'}]
    """
    heads = HEADS[part]
    out = {}
    for column in [c for c in frame.columns if c in heads]:
        values = frame[column]
        if column == "list_kind":
            values = values.map(lambda v: label("items", "list_kind", v) if isinstance(v, str) and v else "")
        elif column in WORDS:
            words = WORDS[column]
            values = values.map(lambda v, words=words: words.get(v, v))
        elif column in ("page", "table"):
            values = values.astype(object).where(values != 0, None)
        name = heads[column] or f"{label('items', column)}(原文)"
        out[name] = values
    return pd.DataFrame(out)


def write(reading: Mapping[str, pd.DataFrame], out: Path) -> Path:
    """The workbook written at ``out``: items first, then what accounts for them.

    >>> write({}, Path("a.csv"))
    Traceback (most recent call last):
    governance.errors.DocumentError: 只能写成 .xlsx 工作簿,不能写成 a.csv
    """
    if out.suffix.lower() != ".xlsx":
        raise DocumentError(f"只能写成 .xlsx 工作簿,不能写成 {out.name}")
    tables = {label("items"): cell_texts("items", reading["items"], guard=False)}
    tables |= {TITLES[part]: shown(reading[part], part) for part in TITLES}
    for title, frame in tables.items():
        if len(frame) >= ROWS or any(isinstance(v, str) and len(v) > LONGEST for c in frame for v in frame[c]):
            raise DocumentError(f"“{title}”超过 Excel 一张工作表或一个单元格的上限;请把清单分几个文件夹读入")
    return replaced(out, lambda path: _book(tables, path))


def _book(tables: Mapping[str, pd.DataFrame], path: Path) -> None:
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with Workbook(path, options) as book:
        book.set_properties({"created": CREATED})
        head = book.add_format(
            {"bold": True, "bg_color": "#DDE7F0", "border": 1, "text_wrap": True, "valign": "vcenter"}
        )
        body = book.add_format({"text_wrap": True, "valign": "top", "border": 1, "border_color": "#BBBBBB"})
        for title, frame in tables.items():
            sheet = book.add_worksheet(title)
            sheet.freeze_panes(1, 0)
            sheet.set_landscape()
            sheet.set_paper(9)
            sheet.fit_to_pages(1, 0)
            sheet.repeat_rows(0)
            for at, name in enumerate(frame.columns):
                column = [None if pd.isna(v) else v for v in frame[name].tolist()]
                sheet.set_column(at, at, _width(str(name), column))
                sheet.write_string(0, at, str(name), head)
                for row, value in enumerate(column, 1):
                    if value is None or value == "":
                        sheet.write_blank(row, at, None, body)
                    elif isinstance(value, str):
                        sheet.write_string(row, at, value, body)
                    else:
                        sheet.write_number(row, at, value, body)
            if len(frame):
                sheet.autofilter(0, 0, len(frame), len(frame.columns) - 1)


def _width(name: str, values: list[Any]) -> float:
    lengths = [_cells(str(v)) for v in values[:400] if v is not None] or [0]
    return float(min(WIDEST, max(NARROW, _cells(name) + 2, sorted(lengths)[int(0.9 * (len(lengths) - 1))] + 2)))


def _cells(text: str) -> int:
    """Display width of the longest line, a Han character counting two."""
    return max(sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line) for line in (text.split("\n")))
