"""What a published document is made of before it becomes a file: lines and tables of cells that may be merged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pandas as pd

LISTS = ("basic", "assisting", "reclaimed")
COLUMNS = ["department", "department_duty", "township_duty", "support", "method", "basis"]
HAN = "一二三四五六七八九十"
WIDE = str.maketrans("0123456789", "０１２３４５６７８９")


@dataclass(frozen=True)
class Cell:
    """A cell: its text ("\\n" = a line break), how many columns and rows it covers, and what it is there for.

    role : head, title, unit, category, serial, text (short), duty (long, numbered).
    """

    text: str
    across: int = 1
    down: int = 1
    role: str = "text"


@dataclass(frozen=True)
class Grid:
    """A ruled table: rows hold only the cells that begin in them, as in html; ``widths`` are shares of the page."""

    rows: tuple[tuple[Cell, ...], ...]
    heads: int
    widths: tuple[float, ...]


@dataclass(frozen=True)
class Line:
    """A paragraph: title, heading, contents (``page`` at its end), body, note, or "break" for a new page."""

    text: str
    role: str = "body"
    page: int = 0


@dataclass(frozen=True)
class Part:
    """What stands on one sheet of a workbook; in other files parts follow one another."""

    name: str
    blocks: tuple[Line | Grid, ...]


@dataclass(frozen=True)
class Paper:
    """A whole document: its title, its parts, and the quirks its writer must know."""

    title: str
    parts: tuple[Part, ...]
    quirks: frozenset[str] = frozenset()

    def blocks(self) -> Iterator[Line | Grid]:
        for part in self.parts:
            yield from part.blocks

    def wide(self) -> bool:
        """Whether the page lies on its side."""
        return max((len(b.widths) for b in self.blocks() if isinstance(b, Grid)), default=0) > 5


def numeral(n: int) -> str:
    """``n`` from 1 to 99 in Chinese.

    >>> [numeral(n) for n in (1, 10, 15, 20, 32)]
    ['一', '十', '十五', '二十', '三十二']
    """
    tens, ones = divmod(n, 10)
    return ("" if tens < 2 else HAN[tens - 1]) + ("十" if tens else "") + (HAN[ones - 1] if ones else "")


def placed(grid: Grid) -> list[list[Cell | None]]:
    """The full rectangle: the cell that begins there, or None where another one covers.

    >>> [[c and c.text for c in row] for row in placed(Grid(((Cell("甲", down=2), Cell("乙")), (Cell("丙"),)), 0, (1, 1)))]
    [['甲', '乙'], [None, '丙']]
    """
    width = len(grid.widths)
    taken: set[tuple[int, int]] = set()
    whole: list[list[Cell | None]] = [[None] * width for _ in grid.rows]
    for r, row in enumerate(grid.rows):
        c = 0
        for cell in row:
            while (r, c) in taken:
                c += 1
            whole[r][c] = cell
            taken |= {(r + i, c + j) for i in range(cell.down) for j in range(cell.across)}
            c += cell.across
    if len(taken) != width * len(grid.rows):
        raise AssertionError("the merged cells leave holes")
    return whole


def reworded(grid: Grid, change) -> Grid:
    """The grid with ``change(cell)`` as each cell's text."""
    return replace(grid, rows=tuple(tuple(replace(c, text=change(c)) for c in row) for row in grid.rows))


def blank(value: object) -> str:
    """A cell's text; missing is "" ."""
    return "" if pd.isna(value) else str(value)
