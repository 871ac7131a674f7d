"""How a briefing says a number: in words, entered at once with the sheet, column and rows it comes from."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from ..words import proper
from .workbook import FIRST, Number, Sheet, clean, heading, word

NONE = "—"
Rows = Any  # one position, a list of positions, a mask, or None for all rows


class Page(NamedTuple):
    """The sheets to read from, the numbers said so far, and the part of the briefing being written."""

    sheets: dict[str, Sheet]
    said: list[Number]
    place: str


class Tally(NamedTuple):
    """How many tasks were judged, came before the lists, have no hours recorded, are shifted and need review."""

    held: int
    early: int
    untimed: int
    review: int


def tally(ledger: pd.DataFrame) -> Tally:
    """The counts of a ledger that its shares do not show; hours and review of the tasks judged only.

    >>> tally(pd.DataFrame({"retrospective": [True, False, False], "shifted": [True, True, False],
    ...                     "needs_review": [True, True, True], "hours": [1.0, None, 2.0]}))
    Tally(held=2, early=1, untimed=1, review=1)
    """
    early = ledger["retrospective"].astype(bool)
    held = ledger[~early]
    review = held["shifted"].astype(bool) & held["needs_review"].astype(bool)
    return Tally(len(held), int(early.sum()), int(held["hours"].isna().sum()), int(review.sum()))


def percent(value: float) -> str:
    """A share in words: one decimal; — where there is none.

    >>> percent(0.2218), percent(float("nan"))
    ('22.2%', '—')
    """
    return NONE if pd.isna(value) else f"{value:.1%}"


def plain(value: float) -> str:
    """A number in words: whole as it is, else one decimal.

    >>> plain(115.0), plain(76.25), plain(265755)
    ('115', '76.2', '265755')
    """
    return NONE if pd.isna(value) else f"{value:.0f}" if float(value).is_integer() else f"{value:.1f}"


def ratio(value: float) -> str:
    """A ratio in words: two decimals.

    >>> ratio(0.7264)
    '0.73'
    """
    return NONE if pd.isna(value) else "无穷大" if math.isinf(value) else f"{value:.2f}"


def fine(value: float) -> str:
    """An index in words: three decimals.

    >>> fine(0.067858)
    '0.068'
    """
    return NONE if pd.isna(value) else f"{value:.3f}"


def day(value: object) -> str:
    """A date in words, without leading zeros.

    >>> day("2026-03-01")
    '2026年3月1日'
    """
    stamp = pd.Timestamp(value)  # type: ignore[arg-type]
    return NONE if pd.isna(stamp) else f"{stamp.year}年{stamp.month}月{stamp.day}日"


def points(value: float) -> str:
    """A difference of shares in percentage points, without its sign."""
    return NONE if pd.isna(value) else f"{abs(value) * 100:.1f}"


HOW: dict[str, Callable[[pd.Series], Any]] = {
    "原值": lambda v: v.iloc[0],
    "合计": lambda v: v.sum(),
    "平均": lambda v: v.mean(),
    "计数": len,
    "不重复计数": lambda v: v.nunique(),
}


def say(
    page: Page, key: str, column: str, rows: Rows = None, *, how: str = "原值", form: Callable[[Any], str] = plain
) -> str:
    """The words for a number reckoned from cells of one column; what it rests on is entered in ``page.said``."""
    sheet = page.sheets[key]
    at = positions(rows, len(sheet.frame))
    values = sheet.frame[column].iloc[at]
    value = HOW[how](values)
    text = form(value)
    where = _label(sheet, at) if len(at) and len(sheet.frame.columns) else ""
    shown = word(sheet, column, value)
    what = f"{where}{heading(sheet, column)}" if how == "原值" else f"{heading(sheet, column)}的{how}"
    page.said.append(
        Number(page.place, what, shown, text, sheet.name, heading(sheet, column), _rows(at, len(sheet.frame)), how)
    )
    return text


def positions(rows: Rows, size: int) -> np.ndarray:
    """Row positions from one position, several, a mask, or None for all."""
    if rows is None:
        return np.arange(size)
    if isinstance(rows, (int, np.integer)):
        return np.array([int(rows)])
    rows = np.asarray(rows)
    return np.flatnonzero(rows) if rows.dtype == bool else rows.astype(int)


def _label(sheet: Sheet, at: np.ndarray) -> str:
    """What the row of a single cell is called: its first text cells."""
    if len(at) != 1:
        return ""
    row, names = sheet.frame.iloc[int(at[0])], []
    for column in sheet.frame.columns[:3]:
        value = word(sheet, str(column), row[column])
        if isinstance(value, str) and value and len(value) < 20:
            names.append(value)
    return "·".join(names) + ":" if names else ""


def _rows(at: np.ndarray, size: int) -> str:
    """Positions as the row numbers that Excel shows, runs joined: 3-6、9; 无 for none."""
    if len(at) == size and size > 1:
        return f"{FIRST}-{FIRST + size - 1}(全部)"
    runs: list[list[int]] = []
    for row in (int(p) + FIRST for p in at):
        if runs and runs[-1][1] == row - 1:
            runs[-1][1] = row
        else:
            runs.append([row, row])
    return "、".join(f"{a}" if a == b else f"{a}-{b}" for a, b in runs) or "无"


def quote(page: Page, key: str, row: int, columns: tuple[str, ...]) -> dict[str, str]:
    """Cells taken over word for word, entered as one line."""
    sheet, out = page.sheets[key], {}
    for column in columns:
        value = word(sheet, column, sheet.frame[column].iloc[row])
        words = day(value) if column == "date" else " ".join(str(value if value is not None else "").split())
        out[column] = words if column == "text" else proper(words)
    page.said.append(
        Number(
            page.place,
            "引文",
            None,
            " ".join(out.values()),
            sheet.name,
            "、".join(heading(sheet, c) for c in columns),
            str(row + FIRST),
            "原文",
        )
    )
    return out


def mark(sheets: dict[str, Sheet], *keys: str) -> str:
    """The reference a sentence carries: the numbers of its sheets, 〔5、6〕.

    >>> mark({"a": Sheet("表5 部门占比", "", pd.DataFrame())}, "a")
    '〔5〕'
    """
    return f"〔{'、'.join(sheets[k].name.split()[0].removeprefix('表') for k in keys)}〕"


def extreme(page: Page, key: str, column: str, names: str, *, most: bool, rows: Rows = None) -> dict[str, str]:
    """Who has most (or least) of a column, and how much."""
    frame = page.sheets[key].frame
    values = frame[column].where(np.isin(np.arange(len(frame)), positions(rows, len(frame))))
    at = int(values.argmax() if most else values.argmin())
    return {"名": clean(frame[names].iloc[at]), "数": say(page, key, column, at)}


def rule(page: Page, name: str) -> int:
    """The row of a rule's latest entry."""
    return int(np.flatnonzero(page.sheets["rules"].frame["rule"] == name)[-1])
