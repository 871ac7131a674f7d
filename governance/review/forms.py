"""Out: a workbook a person fills in."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from ..errors import TableError
from ..files import replaced
from ..tables.forms import CREATED, LONGEST, OPTIONS, ROWS
from .words import Ask, heads, keys, numbered, shown

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

GUIDE = "填写说明"
HINT = "黄色列请填写;灰色列是编号,请勿改动。可以排序、筛选、插行插列;取回时按编号对应,不看行的位置。"
_TOP = 3  # rows above the first record: title, hint, heads
_PAGE = 190  # characters across a landscape page that can still be read when it is fitted to width


def out(
    frame: pd.DataFrame, path: str | Path, *, title: str, key: str | Sequence[str], ask: Ask, notes: Sequence[str] = ()
) -> Path:
    """The workbook written for a person to fill in: one row per row of ``frame``, under Chinese heads.

    key : column(s) that identify a row; grey, kept as text. ask : column -> the answers allowed (a drop-down), or ()
    for free text; yellow, to the right, filled where ``frame`` has the column already. notes : sentences for the
    sheet 填写说明. Heads are the labels of ``items``, ``results`` or another table, else the name itself where it is
    Chinese. Text never becomes a formula; the same frame gives the same bytes.
    Raises TableError for a missing, empty or repeated key, a column without a Chinese name, two columns of one name,
    a text too long for a cell, a number that is infinite, too many rows, or an ending other than .xlsx.

    Does not show: who filled it in; the grey is a request, nothing is locked, since a locked sheet cannot be sorted.

    >>> import tempfile
    >>> from governance.review import back
    >>> rows = pd.DataFrame({"item": ["001", "002"], "name": ["河道保洁", "森林防火"]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = out(rows, Path(folder) / "意见.xlsx", title="征求意见表", key="item", ask={"是否同意": ("是", "否")})
    ...     back(file, rows, key="item", ask={"是否同意": ("是", "否")}).counts[["read", "kept"]].values.tolist()
    [[2, 2]]
    """
    target, keyed = Path(path), keys(key)
    if target.suffix.lower() != ".xlsx":
        raise TableError(f"征求意见表只能写成 .xlsx 工作簿,不能写成 {target.name}")
    numbered(frame, keyed)
    if len(frame) + _TOP > ROWS:
        raise TableError(f"{title}有 {len(frame)} 行,超过一张工作表的上限;请分册发出")
    names = heads([*(str(c) for c in frame.columns if c not in ask), *ask])
    columns = [
        _Column(c, said, shown(frame[c], c, c in keyed) if c in frame else [None] * len(frame), _kind(c, keyed, ask))
        for c, said in names.items()
    ]
    for one in columns:
        long = [i for i, v in enumerate(one.cells) if isinstance(v, str) and len(v) > LONGEST]
        if long:
            raise TableError(f"第 {long[0] + 1} 行“{one.head}”超过单元格上限 {LONGEST} 字;请缩短后再发")
        endless = [i for i, v in enumerate(one.cells) if isinstance(v, float) and not math.isfinite(v)]
        if endless:
            raise TableError(f"第 {endless[0] + 1} 行“{one.head}”是无穷大,表格里写不出;请核对这个数是怎样算出的")
    return replaced(target, lambda part: _book(part, title, columns, ask, notes))


class _Column(NamedTuple):
    """One column of the sheet: its name, Chinese head, cells, and whether it is a key, asked for, or neither."""

    name: str
    head: str
    cells: list[Any]
    kind: str


def _kind(column: str, keyed: Sequence[str], ask: Ask) -> str:
    return "ask" if column in ask else "key" if column in keyed else ""


def _book(part: Path, title: str, columns: Sequence[_Column], ask: Ask, notes: Sequence[str]) -> None:
    from xlsxwriter import Workbook

    book = Workbook(str(part), {"strings_to_formulas": False, "strings_to_urls": False, "in_memory": True})
    book.set_properties({"created": CREATED, "title": title})
    sheet = book.add_worksheet(re.sub(r"[\[\]:*?/\\']", "", title)[:28].strip() or "征求意见表")
    base = {"text_wrap": True, "valign": "top", "border": 1, "border_color": "#BFBFBF"}
    kinds: dict[str, dict[str, Any]] = {
        "key": {"bg_color": "#E7E6E6", "num_format": "@"},
        "ask": {"bg_color": "#FFF2CC", "num_format": "@"},
    }
    kinds |= {"head": {"bold": True, "bg_color": "#D9E1F2", "valign": "vcenter"}, "": {}}
    formats = {k: book.add_format({**base, **v}) for k, v in kinds.items()}
    sheet.write_string(0, 0, title, book.add_format({"bold": True, "font_size": 16}))
    sheet.write_string(1, 0, HINT, book.add_format({"font_color": "#7F6000"}))
    lists: dict[tuple[str, ...], str] = {}
    widths = _widths(columns, ask)
    for row, high in enumerate(_heights(columns, widths), _TOP):
        sheet.set_row(row, high)
    for at, (one, wide) in enumerate(zip(columns, widths, strict=True)):
        sheet.set_column(at, at, wide)
        _column(sheet, at, one, formats)
        if ask.get(one.name) and one.cells:
            sheet.data_validation(_TOP, at, _TOP + len(one.cells) - 1, at, _choices(ask[one.name], lists))
    _page(sheet, columns)
    _guide(book, columns, ask, notes, formats)
    if lists:
        hidden = book.add_worksheet(OPTIONS)
        for at, words in enumerate(lists):
            hidden.write_column(0, at, words)
        hidden.hide()
    book.close()


def _widths(columns: Sequence[_Column], ask: Ask) -> list[int]:
    """How wide each column is: as its texts need, the widest narrowed until a landscape page can be read."""
    need = []
    for one in columns:
        allowed = ask.get(one.name)
        words = [one.head, *(str(v) for v in one.cells[:500] if v is not None), *(allowed or ())]
        need.append(max(30 if allowed == () else 8, max(map(_width, words)) + 3))
    most = 46
    while most > 14 and sum(min(n, most) for n in need) > _PAGE:
        most -= 2
    return [min(n, most) for n in need]


def _heights(columns: Sequence[_Column], widths: Sequence[int]) -> list[float]:
    """How high each row is so that all its text shows when wrapped; not every program sees to it on opening."""
    high = [1] * len(columns[0].cells)
    for one, wide in zip(columns, widths, strict=True):
        for row, v in enumerate(one.cells):
            if isinstance(v, str) and (len(v) * 2 > wide - 1 or "\n" in v):
                high[row] = max(high[row], sum(max(1, -(-_width(line) // (wide - 1))) for line in v.split("\n")))
    return [min(14.0 * n + 2, 409.0) for n in high]


def _column(sheet: Worksheet, at: int, one: _Column, formats: dict[str, Format]) -> None:
    sheet.write_string(_TOP - 1, at, one.head, formats["head"])
    for row, v in enumerate(one.cells, _TOP):
        if isinstance(v, (int, float)):
            sheet.write_number(row, at, v, formats[one.kind])
        elif v:
            sheet.write_string(row, at, v, formats[one.kind])
        else:
            sheet.write_blank(row, at, None, formats[one.kind])


def _page(sheet: Worksheet, columns: Sequence[_Column]) -> None:
    high = len(columns[0].cells)
    first = next((at for at, one in enumerate(columns) if one.kind != "key"), 0)
    sheet.freeze_panes(_TOP, min(first, 2))
    sheet.autofilter(_TOP - 1, 0, max(high, 1) + _TOP - 1, len(columns) - 1)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(_TOP - 1)
    sheet.set_footer("&C第 &P 页 共 &N 页")


def _choices(words: tuple[str, ...], lists: dict[tuple[str, ...], str]) -> dict[str, Any]:
    """A drop-down; words that do not fit into 255 characters, or hold a comma, stand on a hidden sheet."""
    source: Any = list(words)
    if len(",".join(words)) > 255 or any("," in w for w in words):
        letter = chr(65 + len(lists))
        source = lists.setdefault(words, f"={OPTIONS}!${letter}$1:${letter}${len(words)}")
    said = {"error_title": "填写不符", "error_message": "请从下拉列表中选择,或留空。"}
    return {"validate": "list", "source": source, "error_type": "stop", **said}


def _guide(
    book: Workbook, columns: Sequence[_Column], ask: Ask, notes: Sequence[str], formats: dict[str, Format]
) -> None:
    sheet = book.add_worksheet(GUIDE)
    sheet.set_column(0, 0, 28)
    sheet.set_column(1, 1, 90)
    said = {one.name: one.head for one in columns}
    lines = [(said[c], f"填写其一:{'、'.join(words)}" if words else "填写文字") for c, words in ask.items()]
    rows = [("列名", "怎样填"), *lines, ("说明", HINT), *(("说明", n) for n in notes)]
    for row, line in enumerate(rows):
        for at, text in enumerate(line):
            sheet.write_string(row, at, text, formats["head" if row == 0 else ""])


def _width(text: str) -> int:
    return max((sum(2 if ord(c) > 0x2E80 else 1 for c in line) for line in text.split("\n")), default=0)
