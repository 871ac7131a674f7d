"""The redline as a workbook: 概览 with the counts, 对照表 with a row for each changed field, ready to print."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from ..errors import TableError
from ..tables.forms import CREATED, ROWS
from .entries import (
    CHANGES,
    COUNTS,
    LEGEND,
    LIMITS,
    NONE,
    Entry,
    Line,
    Told,
    categories,
    fit,
    flows,
    keys,
    sentence,
    sums,
    titled,
    townships,
)
from .marks import Piece

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

WIDTHS = (7, 12, 26, 16, 52, 52)  # of the columns, a Han character counting two
TALLEST, LINE = 409, 15.5  # points: the highest row of Excel, one line of text
ROOM = 24 * 50  # what one cell shows at most: lines of so many narrow characters
WIDE = re.compile(r"[\u1100-\u115f\u2014\u2018-\u201d\u2026\u2460-\u24ff\u2e80-\ua4cf\uac00-\ud7a3\uf900-\uffe6]")
STOP = re.compile(r"[；;。，、\n](?=[^；;。，、\n]*$)")
FONT = {"font_name": "宋体", "font_size": 10.5}
CELL = {**FONT, "text_wrap": True, "valign": "top", "border": 1, "border_color": "#9AA3AD"}
RED, BLUE = "#C00000", "#0B4FA8"
FILLS = {"added": "#DCE9F8", "removed": "#F8E0E0", "moved": "#FBEFD5", "edited": "#F1F3F5"}
DELETE = {"font_color": RED, "font_strikeout": True}
INSERT = {"font_color": BLUE, "underline": 1}
OPS = {"equal": {}, "delete": DELETE, "insert": INSERT}
Formats = dict[str, "Format"]


def made(changes: pd.DataFrame, found: Sequence[Entry], told: Told) -> bytes:
    """The bytes of the workbook."""
    from xlsxwriter import Workbook

    out = io.BytesIO()
    book = Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    book.set_properties({"title": told.title[:250], "created": CREATED})
    formats = _formats(book)
    _overview(book, changes, told, formats)
    _table(book, changes, found, told, formats)
    book.close()
    return out.getvalue()


def _formats(book: Workbook) -> Formats:
    head = {**CELL, "font_name": "黑体", "bg_color": "#D9E1F2", "align": "center", "valign": "vcenter"}
    band = {"font_name": "黑体", "font_size": 11, "valign": "vcenter", "top": 1, "bottom": 1}
    kinds = {
        "head": head,
        "cell": CELL,
        "number": {**CELL, "align": "right", "valign": "vcenter", "num_format": "#,##0"},
        "word": {**CELL, "valign": "vcenter"},
        "total": {**CELL, "bold": True, "valign": "vcenter"},
        "sum": {**CELL, "bold": True, "align": "right", "valign": "vcenter", "num_format": "#,##0"},
        "faint": {**CELL, "font_color": "#8A929B"},
        "title": {"font_name": "黑体", "font_size": 16, "align": "center", "valign": "vcenter", "text_wrap": True},
        "mark": {"font_name": "黑体", "font_size": 11, "font_color": RED, "align": "center"},
        "text": {**FONT, "text_wrap": True, "valign": "top"},
        "strong": {"font_name": "黑体", "font_size": 12, "text_wrap": True, "valign": "vcenter"},
        "township": {**band, "bg_color": "#3B5B84", "font_color": "white"},
        "category": {**band, "font_size": 10.5, "bg_color": "#E8EDF4"},
        **{change: {**CELL, "align": "center", "bg_color": fill} for change, fill in FILLS.items()},
        **{f"cell {op}": {**CELL, **look} for op, look in OPS.items()},
        **{op: {**FONT, **look} for op, look in OPS.items()},
    }
    return {name: book.add_format(look) for name, look in kinds.items()}


def _wide(text: str) -> int:
    return len(text) + len(WIDE.findall(text))


def _tall(text: str, width: float) -> int:
    """Lines that a text takes in a column so wide."""
    return sum(max(1, math.ceil(_wide(line) / (width - 2))) for line in text.split("\n"))


def _rich(sheet: Worksheet, at: tuple[int, int], pieces: Iterable[Piece], formats: Formats) -> str:
    """The text written, each piece in its own look; one piece alone is a plain cell (Excel wants two or more)."""
    known = [(op, text) for op, raw in pieces if (text := fit(raw))]
    if len(known) == 1 and not known[0][1].startswith("<r>"):  # xlsxwriter takes <r> for its own mark-up
        sheet.write_string(*at, known[0][1], formats[f"cell {known[0][0]}"])
    elif not known:
        sheet.write_blank(*at, None, formats["cell"])
    else:
        if len(known) == 1:
            op, text = known[0]
            known = [(op, text[:1]), (op, text[1:])]
        parts = [part for op, text in known for part in (formats[op], text)]
        sheet.write_rich_string(*at, *parts, formats["cell"])
    return "".join(text for _, text in known)


def parts(pieces: Iterable[Piece], room: int = ROOM) -> Iterator[list[Piece]]:
    """``pieces`` in portions whose old and whose new text each fit a cell, cut after a mark where one is near."""
    held: list[Piece] = []
    left = {"delete": room, "insert": room}
    for op, text in pieces:
        while text:
            sides = ["delete", "insert"] if op == "equal" else [op]
            taken = _taken(text, min(left[side] for side in sides))
            if taken:
                held.append((op, text[:taken]))
                for side in sides:
                    left[side] -= _room(text[:taken])
                text = text[taken:]
            if text:
                yield held
                held, left = [], {"delete": room, "insert": room}
    yield held


def _room(text: str) -> int:
    return _wide(text) + 50 * text.count("\n")


def _taken(text: str, room: int) -> int:
    """How many first characters fit, to the last mark within 60 of them."""
    if _room(text) <= room:
        return len(text)
    most = used = 0
    for most, character in enumerate(text):  # noqa: B007
        used += _room(character)
        if used > room:
            break
    near = STOP.search(text, max(most - 60, 0), most)
    return near.end() if near else most


def _paper(sheet: Worksheet, told: Told, head: int) -> None:
    """Nothing; the sheet prints on A4 across, as wide as the page, its header on every page."""
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.set_margins(0.5, 0.5, 0.75, 0.6)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(head)
    sheet.hide_gridlines(2)
    if told.mark:
        sheet.set_header(f'&C&"黑体"&10&K{RED[1:]}{told.mark}')
    sheet.set_footer("&C&10第 &P 页，共 &N 页")


def _top(sheet: Worksheet, told: Told, last: int, lines: Sequence[tuple[str, str, float]], formats: Formats) -> int:
    """The first free row under the title, the mark and ``lines`` of (format, text, height)."""
    title = fit(told.title)
    rows = [("title", title, 30.0 * max(1, math.ceil(_wide(title) / 90)))]
    rows += [("mark", f"【{told.mark}】", 20.0)] if told.mark else []
    for at, (kind, text, height) in enumerate([*rows, *lines]):
        sheet.set_row(at, height)
        sheet.merge_range(at, 0, at, last, "", formats[kind])
        sheet.write_string(at, 0, text, formats[kind])
    return len(rows) + len(lines)


def _overview(book: Workbook, changes: pd.DataFrame, told: Told, formats: Formats) -> None:
    sheet = book.add_worksheet("概览")
    sheet.set_column(0, 1, 24)
    sheet.set_column(2, 6, 11)
    sides = f"原：{fit(told.old)}　　现：{fit(told.new)}"
    said = sentence(changes, told.unchanged)
    lines = [("text", sides, LINE * _tall(sides, 98) + 3), ("strong", said, 24.0)]
    lines += [("text", t, LINE * _tall(t, 98) + 3) for t in (f"图例：{LEGEND}", f"说明：{LIMITS}")]
    row = _top(sheet, told, 6, lines, formats) + 1
    _paper(sheet, told, row)
    if changes.empty:
        return
    for at, head in enumerate(("乡镇（街道）", "清单", *COUNTS.values())):
        sheet.write_string(row, at, head if at < 2 else f"{head}（项）", formats["head"])
    for n, (town, kind, numbers) in enumerate(sums(changes)):
        row += 1
        word, number = (formats[k] for k in (("word", "number") if n else ("total", "sum")))
        sheet.write_string(row, 0, fit(town), word)
        sheet.write_string(row, 1, fit(kind), word)
        for at, value in enumerate(numbers, 2):
            sheet.write_number(row, at, value, number)
    _moves(sheet, row + 2, flows(changes), formats)


def _moves(sheet: Worksheet, row: int, moved: list[tuple[str, str, int]], formats: Formats) -> None:
    """Nothing; what moved from which list to which, under the counts."""
    for at, line in enumerate([("移出清单", "移入清单", "移动（项）"), *moved] if moved else []):
        look = ("word", "word", "number") if at else ("head",) * 3
        for column, value in enumerate(line):
            sheet.write(row + at, column, value, formats[look[column]])


def heads(changes: pd.DataFrame, told: Told) -> tuple[str, ...]:
    """The column heads of the redline; the second names the key of the items."""
    own = [k for k in keys(changes) if k not in ("township", "list_kind", "category", "name")]
    key = " · ".join(map(titled, own)) or "编号"
    sides = (
        f"{word}：{side}" if "（" in side else f"{word}（{side}）"
        for word, side in (("原", told.old), ("现", told.new))
    )
    return ("变化", key, "事项名称", "变化内容", *sides)


def _table(book: Workbook, changes: pd.DataFrame, found: Sequence[Entry], told: Told, formats: Formats) -> None:
    sheet = book.add_worksheet("对照表")
    for at, width in enumerate(WIDTHS):
        sheet.set_column(at, at, width)
    said = f"{sentence(changes, told.unchanged)}{LEGEND}"
    row = top = _top(sheet, told, len(WIDTHS) - 1, [("text", said, LINE * _tall(said, 160) + 3)], formats)
    _paper(sheet, told, top)
    words = heads(changes, told)
    sheet.set_row(top, LINE * max(_tall(t, w) for t, w in zip(words, WIDTHS, strict=True)) + 8)
    for at, word in enumerate(words):
        sheet.write_string(top, at, fit(word), formats["head"])
    sheet.freeze_panes(top + 1, 3)
    if changes.empty:
        sheet.merge_range(top + 1, 0, top + 1, len(WIDTHS) - 1, "没有变化", formats["cell"])
        return
    for town, mine in townships(found):
        if town:
            row = _band(sheet, row + 1, f"{town}（{len(mine):,}项变化）", formats["township"], 24)
        for heading, group in categories(mine):
            row = _band(sheet, row + 1, f"{heading}（{len(group):,}项变化）", formats["category"], 20)
            for entry in group:
                row = _entry(sheet, row + 1, entry, formats)
    sheet.autofilter(top, 0, row, len(WIDTHS) - 1)


def _band(sheet: Worksheet, row: int, text: str, kind: Format, height: float) -> int:
    sheet.set_row(row, height)
    sheet.write_string(row, 0, fit(text), kind)
    for at in range(1, len(WIDTHS)):
        sheet.write_blank(row, at, None, kind)
    return row


def _entry(sheet: Worksheet, row: int, entry: Entry, formats: Formats) -> int:
    """The last row of an item: one row for each field, more for a long text; its name faint after the first."""
    rows = [
        (f"{line.label}{'（续）' * (n > 0)}", part, line)
        for line in entry.lines or (Line("", ()),)
        for n, part in enumerate(parts(line.pieces))
    ]
    if row + len(rows) > ROWS:
        raise TableError("变化过多,一张工作表放不下;请按乡镇(街道)分别对照")
    named = [*entry.name, *([("equal", f"\n（{entry.moved}）")] if entry.moved else [])]
    for n, (field, part, line) in enumerate(rows):
        at = row + n
        sheet.write_string(at, 0, CHANGES[entry.change], formats[entry.change])
        plain = "".join(text for _, text in entry.name)
        sheet.write_string(at, 1, fit(entry.key), formats["faint" if n else "cell"])
        name = _rich(sheet, (at, 2), named if not n else (), formats)
        if n:
            sheet.write_string(at, 2, _short(fit(plain)), formats["faint"])
        sheet.write_string(at, 3, fit(field), formats["cell"])
        texts = _sides(sheet, at, part, (entry, line), formats)
        tall = [_tall(t, w) for t, w in zip((fit(entry.key), name, field, *texts), WIDTHS[1:], strict=True)]
        sheet.set_row(at, min(max(tall) * LINE + 5, TALLEST))
    return row + len(rows) - 1


def _short(text: str) -> str:
    """A name on one line, for the rows after the first."""
    return text if _wide(text) <= 22 else f"{text[:10]}…"


def _sides(sheet: Worksheet, at: int, part: list[Piece], of: tuple[Entry, Line], formats: Formats) -> list[str]:
    """Both texts as written: deletions on the left, insertions on the right; where there is nothing, it says so."""
    texts = []
    for column, other in ((4, "insert"), (5, "delete")):
        text = _rich(sheet, (at, column), [piece for piece in part if piece[0] != other], formats)
        empty = not any(op != other for op, _ in of[1].pieces) and of[1].pieces and of[0].change in ("edited", "moved")
        if empty and not text:
            sheet.write_string(at, column, NONE, formats["faint"])
        texts.append(text)
    return texts
