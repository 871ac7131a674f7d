"""The log of changes: what it holds, and what may be appended to it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from ..errors import LifecycleError
from ..tables.cells import parse
from ..tables.fields import field, typed
from ..tables.single import single, store
from .states import schema

Row = dict[str, Any]
PROPOSED = ("change", "township", "item")
CLEAR = "无"  # what an office writes to empty a text
_BETWEEN = re.compile(  # names are set apart by these; by blanks only after the end of a unit, else 甲 镇 is one name
    r"[、,;，；/／\r\n]+|(?:(?<=[镇乡场局部办院队会心])|(?<=街道)|(?<=苏木)|(?<=公司)|(?<=委)(?=\s+[县市区省]))\s+(?=\S\S)"
)
_SPACE = re.compile(r"[\s\u200b\u200c\u200d\u2060\ufeff\u00ad]+")
_DASHES = ("-", "--", "—", "——", "–", "\\")


def empty() -> pd.DataFrame:
    """A log without entries: every column of ``schemas/log.csv``, typed.

    One row an entry: entry (running number), day, application, track, state, actor, role; what is asked, in the row of
    the application: change (add, edit, move, remove), township (names joined by 、), item, the new values (list_kind to
    basis; blank = as before, "无" = to be emptied), since (the day it takes effect), and matter, content, grounds, reason;
    opinion where somebody was asked. ``grounds`` is what the application rests on, ``basis`` the item's own new basis.

    >>> list(empty().columns[:5]), len(empty())
    (['entry', 'day', 'application', 'track', 'state'], 0)
    """
    return framed(pd.DataFrame())


def read(path: str | Path) -> pd.DataFrame:
    """The log kept in a csv or workbook, one row an entry, under the Chinese headers of ``schemas/log.csv``.

    Checked is every cell by itself: dates are dates, words are those allowed, what each row must have is there. Not
    checked is how the rows stand to one another: numbers without a gap, steps in order, taken by those who may, changes
    that the lists can take; ``append(empty(), read(path), items=...)`` checks all of it, and ``append`` checks the log it
    is given likewise. Rows cut off at the end are noticed by neither. Raises TableError listing every cell at fault.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     read(write(empty(), Path(folder) / "变更记录.xlsx")).equals(empty())
    True
    """
    return framed(single(path, "log"))


def write(log: pd.DataFrame, path: str | Path) -> Path:
    """The workbook written: the log under Chinese headers with drop-downs, for an office to keep and ``read`` to take.

    Raises TableError when ``path`` does not end in .xlsx.

    >>> write(empty(), "变更记录.csv")
    Traceback (most recent call last):
    governance.errors.TableError: 变更记录只能写成 .xlsx 工作簿,不能写成 变更记录.csv
    """
    return store(log, "log", path)


def framed(given: pd.DataFrame) -> pd.DataFrame:
    """The entries as a typed frame with every column of the log, in order; the frame given stays as it is.

    Chinese words of a choice or set become the English ones; one not known stays, for ``append`` to name. Names, however
    set apart, are joined by 、.

    Raises LifecycleError for a column that the log does not have, or content that is no date or number.
    """
    if given.dtypes.astype(str).to_dict() == TYPES and list(given.columns) == list(TYPES):
        return _spelt(given.reset_index(drop=True))
    strange = [str(c) for c in given.columns if c not in schema()]
    if strange:
        raise LifecycleError(f"变更记录没有这些列:{'、'.join(strange)};已有:{'、'.join(schema())}")
    columns = {}
    for name, line in schema().items():
        values = given[name] if name in given else pd.Series([None] * len(given), given.index, dtype=object)
        try:
            dates = pd.to_datetime(values, format="ISO8601") if line["type"] == "date" else values
            columns[name] = typed(dates, line["type"])
        except (ValueError, TypeError) as fault:
            raise LifecycleError(f"变更记录的“{line['label']}”列有认不出的内容:{fault}") from None
        if line["type"] == "date":
            columns[name] = columns[name].dt.normalize()
    out = pd.DataFrame(columns, index=given.index).reset_index(drop=True)
    out["entry"] = out["entry"].fillna(0).astype("int64")
    return _spelt(out)


def _spelt(log: pd.DataFrame) -> pd.DataFrame:
    """The typed log with names and words as the package writes them, each different text looked at once."""
    new = {}
    for column, line in schema().items():
        if line["type"] in ("names", "choice", "set"):
            texts = [t for t in log[column].dropna().unique() if t]
            spelt = ["、".join(units(t)) or None for t in texts]
            if line["type"] != "names":
                values, faults = parse(texts, field("log", column))
                spelt = [t if n in faults else v for n, (t, v) in enumerate(zip(texts, values, strict=True))]
            if spelt != texts:
                meant = dict(zip(texts, spelt, strict=True))
                new[column] = typed(log[column].astype(object).map(lambda v, m=meant: m.get(v, v)), line["type"])
    return log.assign(**new)


def numbered(entries: pd.DataFrame, first: int) -> pd.DataFrame:
    """Typed entries, those without a number given the next ones from ``first``."""
    out = framed(entries)
    running = pd.Series(range(first, first + len(out)), out.index, dtype="int64")
    return out.assign(entry=out["entry"].where(out["entry"] != 0, running))


def dicts(typed_log: pd.DataFrame) -> list[Row]:
    """The entries as dicts, in the order given; a missing value is None."""
    columns = {c: [None if v is pd.NaT or v != v else v for v in typed_log[c].tolist()] for c in TYPES}
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def records(log: pd.DataFrame) -> list[Row]:
    """The entries as dicts, in the order in which they were entered."""
    return dicts(framed(log).sort_values("entry", kind="stable"))


def cases(log: pd.DataFrame) -> dict[str, list[Row]]:
    """Each application's entries, in order."""
    found: dict[str, list[Row]] = {}
    for row in records(log):
        found.setdefault(row["application"], []).append(row)
    return found


def current_round(rows: list[Row]) -> list[Row]:
    """The entries since the application was last handed in: what came before a return does not count again."""
    last = max((n for n, r in enumerate(rows) if r["state"] == "applied"), default=0)
    return rows[last:]


def units(text: str | None) -> list[str]:
    """The names in a cell, in order, however they are set apart.

    >>> units("甲镇、乙乡"), units("甲镇，乙 乡；丙街道 丁镇/戊镇"), units(None)
    (['甲镇', '乙乡'], ['甲镇', '乙乡', '丙街道', '丁镇', '戊镇'], [])
    """
    parts = [_SPACE.sub("", part) for part in _BETWEEN.split((text or "").strip())]
    return [part for part in parts if part and part not in _DASHES]


def proposal(rows: list[Row]) -> Row:
    """What an application asks for as it stands: the words of the application, amended by the decision.

    since : the last one written in the application, the decision or the publication. published : the day, or None.
    """
    told = current_round(rows)
    asked = dict(told[0]) | {"track": rows[0]["track"], "published": None}
    for row in told[1:]:
        if row["state"] == "decided":
            asked |= {c: row[c] for c in VALUE_COLUMNS if row[c] is not None}
        if row["state"] in ("decided", "published") and row["since"] is not None:
            asked["since"] = row["since"]
        if row["state"] == "published":
            asked["published"] = row["day"]
    return asked


def published(found: dict[str, list[Row]]) -> list[Row]:
    """The proposals that were published, in the order in which they count: published, since, application."""
    done = [p for rows in found.values() if (p := proposal(rows))["published"] is not None]
    return sorted(done, key=lambda p: (p["published"], p["since"], p["application"]))


def given_values(row: Row) -> Row:
    """The new values that an entry states."""
    return {c: row[c] for c in VALUE_COLUMNS if row[c] is not None}


def pairs(change: Row) -> Iterator[tuple[str, str]]:
    """The (township, item) that a change concerns."""
    return ((township, change["item"]) for township in units(change["township"]))


TYPES = {c: {"date": "datetime64[us]", "int": "int64"}.get(line["type"], "str") for c, line in schema().items()}
VALUE_COLUMNS = tuple(schema())[tuple(schema()).index("list_kind") : tuple(schema()).index("basis") + 1]
