"""Faults shown where the office works: copies of its own files with the faulty cells marked."""

from __future__ import annotations

import io
from copy import copy
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import pandas as pd

from .fields import label
from .headers import Layout, layout
from .sheets import MARKED, OUTPUT, Sheet, cells, load

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

ADVICE, LIST = "问题与建议", "问题清单"
_HEADS = {"sheet": "工作表", "row": "行", "column": "列", "found": "现有内容", "fault": "问题", "remedy": "建议"}


def mark(path: str | Path, problems: pd.DataFrame, out: str | Path) -> list[Path]:
    """The copies written into ``out``, ``<stem>_标注.xlsx`` for each file in ``problems``.

    Faulty cells are red with a comment, a column 问题与建议 stands right of the table, and a sheet 问题清单 lists
    all; an xlsx keeps its own formatting, csv, xls and ods come as plain text cells. A file that cannot be
    opened gets the list alone. The originals are not touched.

    path : what ``check`` was given. Raises nothing for faults in the data.

    >>> import tempfile
    >>> from governance.tables import check
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "节点.csv"
    ...     _ = file.write_text("节点编号,X,Y\\n2,东边,0\\n", "utf-8")
    ...     [p.name for p in mark(file, check(file).problems, Path(folder) / "核对结果")]
    ['节点_标注.xlsx']
    """
    root, folder = Path(path), Path(out)
    files = list(dict.fromkeys(problems["file"]))
    stems = pd.Series([PurePosixPath(f).with_suffix("").as_posix() for f in files], dtype=object)
    twice = set(stems[stems.duplicated(keep=False)])
    written = []
    for name, stem in zip(files, stems, strict=True):
        own = f"{stem}_{PurePosixPath(name).suffix[1:]}" if stem in twice else stem
        target = folder / f"{own}{MARKED}.xlsx"
        target.parent.mkdir(parents=True, exist_ok=True)
        source = root / name if root.is_dir() else root
        _copy(source, problems[problems["file"] == name], target)
        written.append(target)
    return written


def _copy(source: Path, problems: pd.DataFrame, target: Path) -> None:
    sheets = [s for s in load(source) if isinstance(s, Sheet)] if source.is_file() else []
    book = _opened(source, sheets)
    for sheet in sheets:
        some = problems[problems["sheet"] == sheet.sheet]
        title = sheet.sheet or book.sheetnames[0]
        if len(some) and title in book.sheetnames:
            _mark(book[title], some, layout(sheet))
    _listed(book, problems)
    book.properties.subject = OUTPUT
    book.save(target)


def _opened(source: Path, sheets: list[Sheet]) -> Workbook:
    """The office's own workbook, or a new one with the raw cells as text."""
    import openpyxl

    if sheets and source.read_bytes()[:2] == b"PK" and source.suffix.lower() in (".xlsx", ".xlsm", ".xls"):
        return openpyxl.load_workbook(io.BytesIO(source.read_bytes()))
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for sheet in sheets:
        page = book.create_sheet(sheet.sheet or source.stem[:31])
        for row in range(sheet.height):
            for at, text in enumerate(cells(sheet, row)):
                if text:
                    _write(page, row + 1, at + 1, text)
    return book


def _write(page: Worksheet, row: int, column: int, text: str) -> None:
    """Text that stays text, whatever it starts with."""
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    cell = page.cell(row, column)
    cell.value = ILLEGAL_CHARACTERS_RE.sub("", text)[:32767]
    cell.data_type = "s"


def _mark(page: Worksheet, problems: pd.DataFrame, shape: Layout) -> None:
    from openpyxl.comments import Comment
    from openpyxl.styles import Alignment, PatternFill

    red, places = PatternFill("solid", fgColor="FFFF9999"), _places(shape)
    side = page.max_column + 1
    advice: dict[int, list[str]] = {}
    for p in problems.to_dict("records"):
        row = 1 if pd.isna(p["row"]) else max(int(p["row"]), 1)
        text = f"{p['column']}:{p['fault']};{p['remedy']}"
        advice.setdefault(row, []).append(text)
        column = places.get(p["column"])
        if column is not None:
            cell = _anchor(page, row, column)
            cell.fill = copy(red)
            cell.comment = Comment(
                f"{cell.comment.text}\n{text}" if cell.comment else text, "governance", width=320, height=120
            )
    if shape.header + 1 not in advice:
        _write(page, max(shape.header + 1, 1), side, ADVICE)
    for row, lines in advice.items():
        own = [ADVICE] if row == max(shape.header + 1, 1) else []
        _write(page, row, side, "\n".join([*own, *lines]))
        page.cell(row, side).fill = copy(red)
        page.cell(row, side).alignment = Alignment(wrap_text=True, vertical="top")
    page.column_dimensions[page.cell(1, side).column_letter].width = 60


def _places(shape: Layout) -> dict[str, int]:
    """Column as the problems name it -> its number in the sheet."""
    from openpyxl.utils import column_index_from_string

    places = {label(shape.table, c): at + 1 for c, at in shape.columns.items()} if shape.table else {}
    for _, column, _, _ in shape.faults:
        letters = column.rpartition("(")[2].partition("列")[0].partition("至")[0]
        if letters.isascii() and letters.isalpha():
            places[column] = column_index_from_string(letters)
    return places


def _anchor(page: Worksheet, row: int, column: int) -> Any:
    """The cell, or the first one of the merged range it is hidden in."""
    for area in page.merged_cells.ranges:
        if area.min_row <= row <= area.max_row and area.min_col <= column <= area.max_col:
            return page.cell(area.min_row, area.min_col)
    return page.cell(row, column)


def _listed(book: Workbook, problems: pd.DataFrame) -> None:
    from openpyxl.styles import Font

    page = book.create_sheet(LIST)
    for at, head in enumerate(_HEADS.values(), 1):
        _write(page, 1, at, head)
        page.cell(1, at).font = Font(bold=True)
        page.column_dimensions[page.cell(1, at).column_letter].width = (16, 8, 20, 30, 40, 60)[at - 1]
    for row, line in enumerate(problems[list(_HEADS)].astype(object).to_numpy(), 2):
        for at, value in enumerate(line, 1):
            if isinstance(value, str):
                _write(page, row, at, value)
            elif not pd.isna(value):
                page.cell(row, at, int(value))
    page.freeze_panes = "A2"
