"""One sheet's rows into typed values, each fault located; the wording of faults is in ``schemas/faults.csv``."""

from __future__ import annotations

import csv
import functools
from collections.abc import Sequence
from dataclasses import replace
from importlib import resources
from typing import NamedTuple

import numpy as np
import pandas as pd

from .cells import Fault, parse
from .fields import Field, fields, label, typed
from .formulas import UNCALCULATED
from .headers import Layout
from .measures import Measure
from .sheets import Sheet, is_blank

PROBLEMS = {
    "file": "str",
    "sheet": "str",
    "row": "Int64",
    "column": "str",
    "found": "str",
    "fault": "str",
    "remedy": "str",
    "code": "str",
}


class Problem(NamedTuple):
    """A fault before it is worded: ``part`` numbers the sheet, ``row`` is Excel's, ``found`` None is the cell."""

    part: int
    row: int | None
    column: str
    found: str | None
    code: str
    words: dict[str, str]


class Part(NamedTuple):
    """A sheet (or a file that is none) under one number; ``shape`` is None where it holds no table."""

    file: str
    sheet: str
    cells: Sheet | None
    shape: Layout | None


@functools.cache
def _wording() -> dict[str, tuple[str, str]]:
    text = (resources.files("governance") / "schemas" / "faults.csv").read_text("utf-8")
    return {line["code"]: (line["fault"], line["remedy"]) for line in csv.DictReader(text.splitlines())}


def sentence(code: str, words: dict[str, str]) -> tuple[str, str]:
    """What is wrong and what would do, in Chinese, for a fault of ``schemas/faults.csv``.

    >>> sentence("required", {"label": "工时", "hint": ""})
    ('必填项为空', '填写工时')
    """
    fault, remedy = _wording()[code]
    return fault.format_map(words), remedy.format_map(words)


def worded(problems: Sequence[Problem], parts: Sequence[Part]) -> pd.DataFrame:
    """The problems as the user sees them: file, sheet, row, column, found, fault, remedy, code; in file order.

    >>> worded([Problem(0, None, "", "", "file_locked", {})], [Part("甲.xlsx", "", None, None)]).loc[0, "fault"]
    '工作簿设有打开密码'
    """
    rows = []
    for p in sorted(problems, key=lambda p: (p.part, p.row or 0)):
        part, (fault, remedy) = parts[p.part], sentence(p.code, p.words)
        found = _original(part, p) if p.found is None else p.found
        column = label(part.shape.table, p.column) if part.shape and p.column.isascii() and p.column else p.column
        rows.append((part.file, part.sheet, p.row, column, found, fault, remedy, p.code))
    return pd.DataFrame(rows, columns=list(PROBLEMS)).astype(PROBLEMS)


def _original(part: Part, problem: Problem) -> str:
    """The cell as it stands in the file."""
    at = part.shape.columns.get(problem.column) if part.shape else None
    if part.cells is None or at is None or problem.row is None:
        return part.shape.fixed.get(problem.column, "") if part.shape else ""
    spot = problem.row - 1, at
    column = part.cells.columns[at]
    return part.cells.faults.get(spot) or column.texts[column.codes[problem.row - 1]]


def body(sheet: Sheet, shape: Layout, part: int) -> tuple[pd.DataFrame, list[Problem]]:
    """The sheet's data rows, typed, with ``_part``, ``_row`` (Excel's) and ``_ok``, and what is wrong with them.

    A cell has at most one fault. A header fault is reported once and makes every row not ok.

    >>> from pathlib import Path
    >>> from governance.tables.headers import layout
    >>> from governance.tables.sheets import Column
    >>> grid = [["节点", "1"], ["X", "东"], ["Y", "4"]]
    >>> sheet = Sheet(Path("a.csv"), "a.csv", "", 2, tuple(Column(np.arange(2), c) for c in grid))
    >>> frame, problems = body(sheet, layout(sheet), 0)
    >>> frame[["node", "y", "_row", "_ok"]].values.tolist(), problems[0].code
    ([['1', 4.0, 2, False]], 'number_text')
    """
    rows = shape.body
    problems = [Problem(part, shape.header + 1, c, found, code, w) for code, c, found, w in shape.faults]
    values: dict[str, pd.Series] = {}
    wrong = np.zeros(len(rows), bool)
    empty: dict[str, np.ndarray] = {}
    for one in fields(shape.table):
        values[one.name], faults, bad = _column(sheet, shape, one, part)
        problems += faults
        wrong |= bad
        known = one.name in shape.columns or one.name in shape.fixed
        if one.required and known and (lacks := values[one.name].isna().to_numpy() & ~bad).any():
            empty[one.name] = lacks
    faults, bad = _empty(sheet, shape, empty, wrong, part)
    frame = pd.DataFrame(values)
    return frame.assign(_part=part, _row=rows + 1, _ok=~(wrong | bad) & (not shape.faults)), problems + faults


def _column(sheet: Sheet, shape: Layout, one: Field, part: int) -> tuple[pd.Series, list[Problem], np.ndarray]:
    """One column's values, faults, and which of its rows are faulty."""
    rows, bad = shape.body, np.zeros(len(shape.body), bool)
    if one.name not in shape.columns:
        value = parse([shape.fixed.get(one.name, "")], one)[0]
        return typed(value.take(np.zeros(len(rows), int)).reset_index(drop=True), one.type), [], bad
    at = shape.columns[one.name]
    column = sheet.columns[at]
    codes = column.codes[rows]
    values, found = parsed(column.texts, one, shape.scales.get(one.name))
    problems = []
    if found:
        flags = np.zeros(len(column.texts), bool)
        flags[list(found)] = True
        bad = flags[codes]
        problems = [
            Problem(part, int(rows[i]) + 1, one.name, column.texts[codes[i]], *found[codes[i]])
            for i in np.flatnonzero(bad)
        ]
    broken = {r for r, c in sheet.faults if c == at}
    if broken:
        hit = np.isin(rows, list(broken)) & ~bad
        problems += [_formula(part, int(r), one.name, sheet.faults[int(r), at]) for r in rows[hit]]
        bad |= hit
    return values.take(codes).reset_index(drop=True), problems, bad


def parsed(texts: list[str], one: Field, said: Measure | None) -> tuple[pd.Series, dict[int, Fault]]:
    """``parse`` of a column that may be in another unit than its own; bounds hold for the converted values.

    >>> from governance.tables.fields import field
    >>> parsed(["2", "9999"], field("plots", "area_m2"), Measure("面积", "亩", 2000 / 3))[0].round(1).tolist()
    [1333.3, nan]
    """
    if said is None:
        return parse(texts, one)
    low, high = (None if bound is None else bound / said.factor for bound in (one.low, one.high))
    values, found = parse(texts, replace(one, type="number", unit=said.unit, low=low, high=high))
    return typed((values * said.factor).round(0 if one.type == "int" else 6), one.type), found


def _formula(part: int, row: int, column: str, found: str) -> Problem:
    code = "formula_empty" if found.startswith(UNCALCULATED) else "formula_error"
    return Problem(part, row + 1, column, found, code, {})


def _empty(
    sheet: Sheet, shape: Layout, empty: dict[str, np.ndarray], wrong: np.ndarray, part: int
) -> tuple[list[Problem], np.ndarray]:
    """Required cells left empty; a row with nothing but one cell is one fault, not many."""
    bad = np.logical_or.reduce(list(empty.values())) if empty else np.zeros(len(wrong), bool)
    if not bad.any():
        return [], bad
    filled = {
        name: ~is_blank(sheet.columns[at].texts)[sheet.columns[at].codes[shape.body]]
        for name, at in shape.columns.items()
    }
    count = np.add.reduce([f.astype(int) for f in filled.values()])
    stray = (count == 1) & (np.add.reduce([e.astype(int) for e in empty.values()]) >= 2) & ~wrong
    problems = []
    for i in np.flatnonzero(stray):
        name = next(n for n, f in filled.items() if f[i])
        problems.append(Problem(part, int(shape.body[i]) + 1, name, None, "stray_row", {}))
    for one in fields(shape.table):
        words = {"label": one.label, "hint": f"({one.description})" if one.description else ""}
        problems += [
            Problem(part, int(shape.body[i]) + 1, one.name, None, "required", words)
            for i in np.flatnonzero(empty.get(one.name, np.zeros(len(bad), bool)) & ~stray)
        ]
    return problems, bad
