"""What every kind of document is turned into: paragraphs and tables in reading order, each knowing where it stood."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

Range = tuple[tuple[int, int], tuple[int, int]]


@dataclass(frozen=True)
class Text:
    """A paragraph outside any table (in a workbook there are none), its line breaks kept as "\\n".

    page : counted from 1 in a PDF, 0 where pages are not known. sheet : "" but in a workbook.
    """

    text: str
    page: int = 0
    sheet: str = ""


@dataclass(frozen=True, eq=False)
class Table:
    """A table as a full rectangle of cell texts, line breaks inside a cell kept as "\\n".

    number : which table of the file this is, from 1 (in a workbook: of the sheet, where there is always one).
    grid : rows of equal length; a merged cell's text stands in every cell it covers.
    merged : ranges of the merged cells as ((top, left), (bottom, right)), from 0, both ends included.
    first : the number a person would give the first row: 1, or in a workbook the row of the sheet.
    heads : how many first rows are marked by the file as repeating on each page (0 where it does not say).
    page : where it begins; sheet : its name in a workbook. Tables split by a page break come one per page.
    columns_at : left edges of the columns on the page (PDF only), to tell a continued table from a new one.
    """

    grid: tuple[tuple[str, ...], ...]
    number: int = 1
    merged: tuple[Range, ...] = ()
    first: int = 1
    heads: int = 0
    page: int = 0
    sheet: str = ""
    columns_at: tuple[float, ...] = ()
    pages: tuple[int, ...] = ()  # page of each row, where a table runs over pages and the file tells
    fold: tuple[int, ...] = ()  # which of several columns of a list printed side by side each row came from
    lines: tuple[int, ...] = ()  # the number of each row for a person, where it is not first, first + 1 ...


@dataclass(frozen=True, eq=False)
class Document:
    """One file: its name as told to the user, its kind (docx, xlsx, xls, html, pdf) and what stands in it, in order.

    notes : Chinese sentences about what was passed over on purpose (hidden sheets, tracked deletions ...).
    unread : those of the notes that may hide a part of the list (an empty page, a hidden sheet, a picture of a table).
    """

    file: str
    kind: str
    blocks: tuple[Text | Table, ...]
    notes: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()


def rectangle(rows: Sequence[Sequence[str]]) -> tuple[tuple[str, ...], ...]:
    """``rows`` filled with "" to the length of the longest.

    >>> rectangle([["甲"], ["乙", "丙"]])
    (('甲', ''), ('乙', '丙'))
    """
    width = max(map(len, rows), default=0)
    return tuple((*row, *[""] * (width - len(row))) for row in rows)
