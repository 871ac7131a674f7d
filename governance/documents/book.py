"""Workbooks (xlsx, xlsm, xls, et, ods) as blocks: one table per sheet, merged cells filled, formula faults shown."""

from __future__ import annotations

import io
import re
import struct
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .. import rules
from ..errors import DocumentError
from ..tables import formulas, sheets
from . import guard
from .blocks import Document, Range, Table

_CELL = re.compile(rb"<(?:\w+:)?(?:row|c)\b([^>]*)>")
_AT = re.compile(rb"\br\s*=\s*[\"']([A-Z]{0,3})(\d{1,7})[\"']")
_MERGE = re.compile(rb"<(?:\w+:)?mergeCell\b")
_HIDDEN = re.compile(rb"<(?:\w+:)?(?:row|col)\b[^>]*\bhidden\s*=\s*[\"'](?:1|true)")
_ODS = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
OWN = "是本程序写出的结果,不是发布的清单:请把它移出文件夹"
FAILED = "公式出错,按单元格显示的错误值读取"
UNCALCULATED = "公式没有保存计算结果,按公式本身读取:请用 Excel/WPS 打开后保存再读"


def document(data: bytes, name: str) -> Document:
    """The document in the bytes of a workbook; raises DocumentError."""
    from python_calamine import CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

    kind, data, notes = _checked(data)
    if sheets.OUTPUT in formulas.subject(data):
        raise DocumentError(OWN)
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
    except PasswordError:
        raise DocumentError(guard.LOCKED) from None
    faults, ranges = formulas.spots(data), formulas.merges(data)
    blocks: list[Table] = []
    unread: list[str] = []
    for meta in book.sheets_metadata:
        table, why = None, ""
        if meta.typ != SheetTypeEnum.WorkSheet:
            why = f"“{meta.name}”不是工作表(如图表),没有读取"
        elif meta.visible != SheetVisibleEnum.Visible:
            why = f"工作表“{meta.name}”是隐藏的,没有读取;若是现行清单,请取消隐藏后再读"
        else:
            table = _table(meta.name, *_cells(book, meta.name, ranges), faults.get(meta.name, {}))
            why = "" if table else f"工作表“{meta.name}”是空的"
        if table is None:
            unread.append(why)
            notes.append(why)
            continue
        blocks.append(table)
        notes += _told(meta.name, faults.get(meta.name, {}))
    return Document(name, kind, tuple(blocks), tuple(notes), tuple(unread))


def _cells(book: Any, name: str, ranges: dict[str, list[Range]]) -> tuple[list[list[str]], Sequence[Range]]:
    """The texts of a sheet from its first row on, and its merged ranges."""
    sheet = book.get_sheet_by_name(name)
    if sheet.total_height * sheet.total_width > rules.value("documents.cells"):
        raise DocumentError(_large(name))
    merged = sheet.merged_cell_ranges or ranges.get(name, [])
    return [[sheets._shown(v) for v in row] for row in sheet.to_python(skip_empty_area=False)], merged


def _checked(data: bytes) -> tuple[str, bytes, list[str]]:
    """Which kind of workbook the bytes are, the bytes a reader may see, and notes; raises DocumentError."""
    if data.startswith(formulas.OLE):
        data += bytes(-len(data) % 512)  # a last sector cut short makes the reader panic, and print
        if formulas.is_locked(data):
            raise DocumentError(guard.LOCKED)
        if formulas.is_damaged(data) or not _ends(data):
            raise DocumentError(guard.DAMAGED)
        return "xls", data, []
    parts = guard.parts(data)
    _bounded(parts)
    hidden = any(_HIDDEN.search(xml) for part, xml in parts.items() if part.startswith("xl/worksheets/"))
    notes = ["工作簿有隐藏的行或列,已一并读取"] if hidden else []
    return "ods" if "content.xml" in parts else "xlsx", _stored(parts), notes


def _told(name: str, faults: formulas.Spots) -> Iterator[str]:
    for said, found in (
        (FAILED, sorted(at for at, text in faults.items() if not text.startswith(formulas.UNCALCULATED))),
        (UNCALCULATED, sorted(at for at, text in faults.items() if text.startswith(formulas.UNCALCULATED))),
    ):
        if found:
            places = "、".join(f"{sheets.letter(column)}{row + 1}" for row, column in found[:5])
            yield f"工作表“{name}”有 {len(found)} 格{said}({places}{'等' if len(found) > 5 else ''})"


def _table(name: str, grid: list[list[str]], merged: Sequence[Range], faults: formulas.Spots) -> Table | None:
    """The sheet from its first to its last filled row and column, or None where nothing is filled."""
    height = max([len(grid), *(row + 1 for row, _ in faults)])
    width = max([*map(len, grid), *(column + 1 for _, column in faults)], default=0)
    if height * width > rules.value("documents.cells"):
        raise DocumentError(_large(name))
    grid = [row + [""] * (width - len(row)) for row in grid] + [[""] * width for _ in range(height - len(grid))]
    for (row, column), text in faults.items():
        if not grid[row][column] or grid[row][column].startswith("#"):
            grid[row][column] = text
    filled = [n for n, row in enumerate(grid) if any(map(str.strip, row))]
    if not filled:
        return None
    first, last = filled[0], filled[-1]
    kept: list[Range] = []
    for (top, left), (bottom, right) in merged:
        bottom, right = min(bottom, height - 1), min(right, width - 1)
        if top > bottom or left > right or (top, left) == (bottom, right):
            continue
        for row in range(top, bottom + 1):
            grid[row][left : right + 1] = [grid[top][left]] * (right + 1 - left)
        last = max(last, bottom if grid[top][left].strip() else 0)
        if bottom >= first:
            kept.append(((max(top, first) - first, left), (bottom - first, right)))
    wide = max(n + 1 for row in grid[first : last + 1] for n, text in enumerate(row) if text.strip())
    return Table(
        tuple(tuple(row[:wide]) for row in grid[first : last + 1]),
        merged=tuple(
            ((top, left), (min(bottom, last - first), min(right, wide - 1)))
            for (top, left), (bottom, right) in kept
            if left < wide and top <= last - first
        ),
        first=first + 1,
        sheet=name,
    )


def _ends(data: bytes) -> bool:
    """Whether the globals and every sheet of an xls file run to their end record: a file cut short does not."""
    stream = formulas._workbook(data, formulas._streams(data))
    starts = [0]
    for kind, _, body in formulas._records(stream, 0):
        if kind == 0x85:
            starts.append(struct.unpack_from("<I", body)[0])
    return all([kind for kind, _, _ in formulas._records(stream, at)][-1:] == [0x0A] for at in starts)


def _large(name: str) -> str:
    return f"工作表“{name}”的范围超过 {rules.value('documents.cells')} 格:请删去表格之外的内容后另存一份再试"


def _bounded(parts: Mapping[str, bytes]) -> None:
    """Nothing; raises DocumentError for a sheet so wide and long that a reader would fill the memory with blanks."""
    limit = rules.value("documents.cells")
    for part, xml in parts.items():
        if part.startswith("xl/worksheets/") and (_extent(xml) > limit or len(_MERGE.findall(xml)) > limit / 10):
            raise DocumentError(_large(part.rpartition("/")[2].removesuffix(".xml")))
    if "content.xml" in parts:
        for table in guard.tree(parts["content.xml"]).iter(f"{_ODS}table"):
            if _spread(table) > limit:
                raise DocumentError(_large(table.get(f"{_ODS}name", "")))


def _extent(xml: bytes) -> int:
    """Cells between A1 and the last cell of a sheet part that holds something; styled blanks do not count."""
    rows = columns = at = 0
    for found in _CELL.finditer(xml):
        attributes = found[1]
        if attributes.endswith(b"/"):
            continue
        place = _AT.search(attributes)
        if place is None:  # a cell without an address stands in the row last begun
            rows, columns = max(rows, at), max(columns, 256)
        elif place[1]:
            row, column = formulas.place(place[0].split(place[0][-1:])[1].decode())
            rows, columns = max(rows, row + 1), max(columns, column + 1)
        else:
            at = int(place[2])
    return rows * columns


def _spread(table: Any) -> int:
    """Cells between A1 and the last filled cell of an ods sheet, repeated ones counted as often as they stand."""
    rows = columns = height = 0
    for line in table.iter(f"{_ODS}table-row"):
        column = wide = 0
        for cell in line:
            column += int(cell.get(f"{_ODS}number-columns-repeated", 1))
            if len(cell) or cell.text:
                wide = column
        rows += int(line.get(f"{_ODS}number-rows-repeated", 1))
        if wide:
            height, columns = rows, max(columns, wide)
    return height * columns


def _stored(parts: Mapping[str, bytes]) -> bytes:
    """A plain package of the parts that were looked at, so that a reader sees these and nothing else."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as package:
        for name, xml in parts.items():
            package.writestr(zipfile.ZipInfo(name), xml)
    return out.getvalue()
