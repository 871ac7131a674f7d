"""Tables out as workbooks an office can fill in and read again: Chinese headers, drop-downs, text kept text."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from ..errors import TableError
from .cells import options
from .fields import TABLES, Field, fields, frame, label

CREATED = dt.datetime(2026, 1, 1)  # so that the same tables give the same bytes
LONGEST = 32767  # characters in a cell of Excel
ROWS = 1_048_576
OPTIONS, GUIDE = "选项", "填表说明"
_TYPES = {
    "date": "日期,如 2026-03-01",
    "int": "整数",
    "number": "数字",
    "bool": "是或否",
    "choice": "从下列取值中选一个",
    "set": "从下列取值中选,多项以顿号分隔",
    "names": "名称,多个以顿号分隔",
    "id": "编号(文本)",
    "ref": "编号(文本)",
    "name": "文字",
    "text": "文字",
}


class _Sheet(Worksheet):
    """A worksheet that stores numbers with all their digits (xlsxwriter rounds to 16)."""

    def _xml_number_element(self, number: float, attributes: list[tuple[str, str]]) -> None:
        written = "".join(f' {key}="{value}"' for key, value in attributes)
        self.fh.write(f"<c{written}><v>{int(number) if float(number).is_integer() else float(number)!r}</v></c>")


def cell_texts(table: str, values: pd.DataFrame, *, guard: bool = True) -> pd.DataFrame:
    """``values`` as Chinese text under Chinese headers, missing as NaN, in the order of the schema.

    guard : put an apostrophe before text that a spreadsheet would take for a formula.

    >>> rows = frame("edges", [{"edge": "=1", "source": "a", "target": "b", "length_m": 5, "kind": "bridge"}])
    >>> cell_texts("edges", rows).iloc[0].tolist()
    ["'=1", 'a', 'b', '5', '桥', nan]
    """
    out = {}
    for one in fields(table):
        column = values[one.name]
        if one.type in ("choice", "set", "bool"):
            words = {v: label(table, one.name, v) for v in column.dropna().unique()}
            text = column.astype(object).map(words, na_action="ignore")
        elif one.type == "date":
            text = column.dt.strftime("%Y-%m-%d")
        elif one.type in ("number", "int"):
            text = column.astype(object).map(_digits, na_action="ignore")
        else:
            text = column.str.replace(r"^(?='*[=+\-@])(?![+-]?\d+(?:\.\d+)?$)", "'", regex=True) if guard else column
        out[one.label] = text.astype("str")
    return pd.DataFrame(out)


def _digits(value: float) -> str:
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(float(value))


def workbook(
    tables: Mapping[str, pd.DataFrame],
    path: str | Path,
    *,
    headings: Mapping[str, str] | None = None,
    room: int = 1000,
    guide: bool = False,
) -> None:
    """Nothing; writes one workbook with a sheet for each table.

    headings : a title row for a table, above the header. room : rows below the data that get drop-downs too.
    guide : put a sheet 填表说明 first. Raises TableError for a text or table too long for Excel.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     workbook({"nodes": frame("nodes")}, Path(folder) / "a.xlsx")
    """
    book = Workbook(str(path), {"strings_to_formulas": False, "strings_to_urls": False})
    book.set_properties({"created": CREATED})
    formats = {
        "head": book.add_format(
            {"bold": True, "bg_color": "#D9E1F2", "border": 1, "text_wrap": True, "valign": "vcenter"}
        ),
        "title": book.add_format({"bold": True, "font_size": 14}),
        "date": book.add_format({"num_format": "yyyy-mm-dd"}),
        "text": book.add_format({"num_format": "@"}),
    }
    if guide:
        _guide(book, formats)
    lists: dict[tuple[str, ...], str] = {}
    for table, values in tables.items():
        _table(book, table, values, formats, (headings or {}).get(table, ""), room, lists)
    if lists:
        hidden = book.add_worksheet(OPTIONS, _Sheet)
        for column, words in enumerate(lists):
            hidden.write_column(0, column, words)
        hidden.hide()
    book.close()


def _table(
    book: Workbook,
    table: str,
    values: pd.DataFrame,
    formats: dict[str, object],
    heading: str,
    room: int,
    lists: dict[tuple[str, ...], str],
) -> None:
    sheet, top = book.add_worksheet(label(table), _Sheet), int(bool(heading))
    if len(values) + top + 1 > ROWS:
        raise TableError(f"{label(table)}有 {len(values)} 行,超过一张工作表的上限;请写成 CSV 文件夹")
    if heading:
        sheet.write_string(0, 0, heading, formats["title"])
    texts = cell_texts(table, values, guard=False)
    last = top + len(values) + room
    for at, one in enumerate(fields(table)):
        sheet.write_string(top, at, one.label, formats["head"])
        words = texts[one.label]
        widest = max((_width(t) for t in words.dropna().head(200)), default=0)
        kind = formats["date"] if one.type == "date" else None if one.type in ("int", "number") else formats["text"]
        sheet.set_column(at, at, min(max(_width(one.label), widest) + 3, 60), kind)
        if one.type in ("choice", "bool"):
            sheet.data_validation(top + 1, at, last, at, _dropdown(one, lists))
        _column(sheet, top + 1, at, values[one.name], words, one, kind)
    sheet.freeze_panes(top + 1, 0)
    sheet.autofilter(top, 0, top + max(len(values), 1), len(fields(table)) - 1)


def _column(sheet: Worksheet, top: int, at: int, values: pd.Series, words: pd.Series, one: Field, kind: object) -> None:
    """One column's cells: numbers as numbers, dates as dates, everything else as text."""
    for row, (value, text) in enumerate(zip(values.astype(object), words.astype(object), strict=True), top):
        if value is None or value is pd.NaT or value is pd.NA or value != value:
            continue
        if one.type == "date":
            sheet.write_datetime(row, at, value.to_pydatetime(), kind)
        elif one.type in ("int", "number"):
            sheet.write_number(row, at, value)
        elif len(text) > LONGEST:
            raise TableError(f"第{row + 1}行{one.label}有 {len(text)} 字,超过单元格上限 {LONGEST};请写成 CSV 文件夹")
        else:
            sheet.write_string(row, at, text, kind)


def _dropdown(one: Field, lists: dict[tuple[str, ...], str]) -> dict[str, object]:
    """A drop-down of the column's values; over 255 characters they go on a hidden sheet."""
    words = tuple(options(one))
    source: object = list(words)
    if len(",".join(words)) > 255:
        letter = chr(65 + len(lists))
        source = lists.setdefault(words, f"={OPTIONS}!${letter}$1:${letter}${len(words)}")
    return {
        "validate": "list",
        "source": source,
        "error_title": "取值不对",
        "error_message": "请从下拉列表中选择",
        "error_type": "warning",
    }


def _width(text: str) -> int:
    """Display width, a Han character counting two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in re.split(r"\n", text)[0])


def blank(path: str | Path) -> Path:
    """The file written: an empty workbook with a sheet for each of the eleven tables and a guide to filling it in.

    Drop-downs reach down 2,000 rows. The guide sheet 填表说明 gives table, column, meaning, kind of value, unit,
    whether required, allowed values and other accepted headers; ``read`` passes over it.
    Raises TableError when ``path`` does not end in .xlsx.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     blank(Path(folder) / "空白模板.xlsx").name
    '空白模板.xlsx'
    """
    out = Path(path)
    if out.suffix.lower() != ".xlsx":
        raise TableError(f"空白模板只能写成 .xlsx 工作簿,不能写成 {out.name}")
    out.parent.mkdir(parents=True, exist_ok=True)
    workbook({t: frame(t) for t in TABLES}, out, room=2000, guide=True)
    return out


def _guide(book: Workbook, formats: dict[str, object]) -> None:
    sheet = book.add_worksheet(GUIDE, _Sheet)
    heads = ("工作表", "列名", "含义", "填写方式", "计量单位", "是否必填", "可选值", "也认这些列名")
    wrap = book.add_format({"text_wrap": True, "valign": "top"})
    for at, (head, width) in enumerate(zip(heads, (16, 24, 46, 24, 10, 10, 50, 50), strict=True)):
        sheet.write_string(0, at, head, formats["head"])
        sheet.set_column(at, at, width, wrap)
    row = 1
    for table in TABLES:
        for one in fields(table):
            need = "必填" if one.required else "选填"
            allowed = "、".join(options(one)) if one.type in ("choice", "set", "bool") else ""
            line = (
                label(table),
                one.label,
                one.description,
                _TYPES[one.type],
                one.unit,
                need,
                allowed,
                "、".join(one.aliases),
            )
            for at, text in enumerate(line):
                sheet.write_string(row, at, text)
            row += 1
    sheet.freeze_panes(1, 2)
