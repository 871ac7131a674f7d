"""What the columns of a review sheet are called and how their cells are shown."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ..errors import TableError, require
from ..tables.fields import BOOLS, TABLES, Field, fields, label
from ..tables.headers import squeeze

Ask = Mapping[str, tuple[str, ...]]
_OWNERS = ("items", "results", *(t for t in TABLES if t != "items"))
_HAN = re.compile(r"[\u4e00-\u9fff]")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_NOTHING = ("", "-", "--", "—", "——", "–", "/", "\\")


def keys(key: str | Sequence[str]) -> list[str]:
    """The key column(s) as a list."""
    return [key] if isinstance(key, str) else list(key)


def plain(text: str) -> str:
    """A key as it is compared: half-width, without spaces, 1.0 as 1, without the apostrophe of a text cell.

    >>> plain("S01 "), plain("12.0"), plain("'003")
    ('S01', '12', '003')
    """
    return re.sub(r"^(\d+)\.0+$", r"\1", squeeze(text).removeprefix("'"))


def is_nothing(text: str) -> bool:
    """Whether a cell says nothing: blank, or a dash or slash alone.

    >>> is_nothing(" — "), is_nothing("无")
    (True, False)
    """
    return squeeze(text) in _NOTHING


def numbered(frame: pd.DataFrame, columns: list[str]) -> list[tuple[str, ...]]:
    """The normalised key of every row; TableError where it cannot tell the rows apart."""
    require(frame, columns, "发出的表")
    found = list(zip(*(map(plain, map(str, texts(frame[k], k))) for k in columns), strict=True))
    named = "、".join(head(k) for k in columns)
    blank = sum(any(map(is_nothing, one)) for one in found)
    if blank:
        raise TableError(f"发出的表里有 {blank} 行没有{named},取回时无法对应")
    twice = pd.Series(found, dtype=object)
    if twice.duplicated().any():
        some = "、".join("·".join(t) for t in twice[twice.duplicated()].unique()[:5])
        raise TableError(f"发出的表里{named}重复:{some};每一行的编号应各不相同")
    return found


def _owner(column: str) -> tuple[str, Field] | None:
    for table in _OWNERS:
        for one in fields(table):
            if one.name == column:
                return table, one
    return None


def head(column: str) -> str:
    """The Chinese head of ``column``: its label, or the name itself where it is Chinese."""
    owner = _owner(column)
    if owner:
        return owner[1].label
    if _HAN.search(column):
        return column
    raise TableError(f"列 {column} 没有中文名,不能发给别人填写;请在 schemas/results.csv 里为它写上中文名")


def heads(columns: Sequence[str]) -> dict[str, str]:
    """Column -> its Chinese head; TableError where one has none or two have the same."""
    found = {c: head(c) for c in columns}
    said = list(found.values())
    same = [h for h in dict.fromkeys(said) if said.count(h) > 1]
    if same:
        raise TableError(f"有不止一列的中文名是:{'、'.join(same)};请改名或去掉其中一列")
    return found


def texts(values: pd.Series, column: str) -> list[str]:
    """What the cells show, all as text, "" where nothing is."""
    return ["" if v is None else str(v) for v in shown(values, column, True)]


def shown(values: pd.Series, column: str, as_text: bool = False) -> list[Any]:
    """What a cell shows: Chinese words for English values, numbers as numbers, None where nothing is."""
    owner = _owner(column)
    coded = owner and (owner[1].allowed or owner[1].type == "set" or owner[0] == "results")
    cells: list[Any] = []
    for v in values.astype(object):
        if isinstance(v, (list, tuple, set, frozenset)):
            cells.append("、".join(map(str, sorted(v) if isinstance(v, (set, frozenset)) else v)))
        elif v is None or v is pd.NaT or v is pd.NA or v != v:
            cells.append(None)
        elif isinstance(v, (bool, np.bool_)):
            cells.append(BOOLS[bool(v)])
        elif isinstance(v, dt.date):
            cells.append(v.strftime("%Y-%m-%d"))
        elif isinstance(v, (int, float, np.integer, np.floating)):
            whole = float(v).is_integer()
            cells.append((str(int(v)) if whole else repr(float(v))) if as_text else int(v) if whole else float(v))
        else:
            cells.append(_CONTROL.sub("", label(owner[0], column, v) if owner and coded else str(v)))
    return cells
