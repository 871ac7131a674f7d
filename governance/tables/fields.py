"""What the tables are made of: their columns, Chinese labels and allowed values, read from ``schemas/``."""

from __future__ import annotations

import csv
import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources

import pandas as pd

from ..errors import TableError

TABLES = ("units", "items", "tasks", "staff", "communities", "rooms", "plots", "sites", "nodes", "edges", "activities")
ADDED = ("results", "crosswalk")  # columns of analyses, where one word means another thing in each
APART = ("log",)  # tables kept apart from a county
TEXTUAL = ("id", "ref", "name", "names", "text", "choice", "set")
DTYPES = {"date": "datetime64[us]", "int": "Int64", "number": "float64", "bool": "boolean"}
BOOLS: dict[object, str] = {True: "是", False: "否"}


@dataclass(frozen=True)
class Field:
    """One column of a table, as its schema file gives it."""

    name: str
    label: str
    aliases: tuple[str, ...]
    type: str
    unit: str
    low: float | None
    high: float | None
    required: bool
    key: bool
    allowed: Mapping[str, str]
    target: str
    description: str


def _lines(table: str) -> list[dict[str, str]]:
    text = (resources.files("governance") / "schemas" / f"{table}.csv").read_text("utf-8-sig")
    return list(csv.DictReader(text.splitlines()))


def _field(line: dict[str, str]) -> Field:
    get = {k: (v or "").strip() for k, v in line.items() if k}
    pairs = [p.partition("=") for p in get.get("allowed", "").split("|") if p]
    bound = {k: float(get[k]) if get.get(k) else None for k in ("min", "max")}
    return Field(
        get["name"],
        get["label"],
        tuple(a for a in get.get("aliases", "").split("|") if a),
        get.get("type", ""),
        get.get("unit", ""),
        bound["min"],
        bound["max"],
        get.get("required") == "yes",
        get.get("key") == "yes",
        {k: v for k, _, v in pairs},
        get.get("refers_to", ""),
        get.get("description", ""),
    )


@functools.cache
def fields(table: str) -> tuple[Field, ...]:
    """The columns of ``table`` in order; ``results`` (and ``crosswalk``) name the columns the analyses add.

    Raises TableError for a table that is not in ``schemas/``.

    >>> [f.name for f in fields("nodes")]
    ['node', 'x', 'y', 'height']
    """
    if table not in (*TABLES, *ADDED, *APART):
        raise TableError(f"没有名为 {table} 的表;已有:{'、'.join(TABLES)}")
    return tuple(_field(line) for line in _lines(table))


@functools.cache
def field(table: str, column: str) -> Field:
    """The one column of ``table`` called ``column``; TableError when there is none.

    >>> field("rooms", "area_m2").unit
    '平方米'
    """
    for one in fields(table):
        if one.name == column:
            return one
    raise TableError(f"{_titles().get(table, (table,))[0]}没有名为 {column} 的列")


@functools.cache
def _titles() -> dict[str, tuple[str, ...]]:
    """table -> its Chinese label and aliases."""
    return {line["table"]: (line["label"], *line["aliases"].split("|")) for line in _lines("tables")}


def titles(table: str) -> tuple[str, ...]:
    """The Chinese label of ``table``, then the other names files and sheets may bear.

    >>> titles("tasks")[0]
    '任务台账'
    """
    fields(table)
    return _titles()[table]


def schema(table: str) -> pd.DataFrame:
    """The columns of ``table``, one row each, as ``schemas/<table>.csv`` gives them.

    Columns: name (English), label (Chinese), aliases (tuple), type (id, ref, name, names, text, choice,
    set, date, int, number, bool), unit, min, max (bounds, NaN for none), required, key (part of the key),
    allowed (dict 中文 -> english), refers_to (table.column), description.
    Raises TableError for an unknown table.

    >>> schema("rooms").set_index("name").loc["area_m2", ["label", "type", "unit"]].tolist()
    ['面积(平方米)', 'number', '平方米']
    """
    frame = pd.DataFrame([{k: getattr(f, k) for k in Field.__dataclass_fields__} for f in fields(table)])
    return frame.rename(columns={"low": "min", "high": "max", "target": "refers_to"}).astype(
        {"min": "float64", "max": "float64"}
    )


@functools.cache
def _words(table: str, column: str) -> dict[object, str]:
    """english value -> Chinese, the first of the labels that mean it."""
    one = field(table, column)
    words: dict[object, str] = {**BOOLS} if one.type == "bool" else {}
    for chinese, english in one.allowed.items():
        words.setdefault(english, chinese)
    return words


def label(table: str, column: str | None = None, value: object = ...) -> str:
    """The Chinese for a table, for one of its columns, or for one value of that column.

    A set's tokens are joined by 、; a missing value gives ""; a value that needs no translation comes
    back as text. ``table`` may be ``results``, the columns the analyses add.
    Raises TableError for an unknown table or column.

    >>> label("tasks"), label("tasks", "channel"), label("tasks", "channel", "hotline")
    ('任务台账', '下发渠道', '12345转办')
    >>> label("tasks", "support", "training|funds"), label("tasks", "support", "")
    ('知识培训、资金支持', '无')
    """
    if column is None:
        return titles(table)[0]
    if value is ...:
        return field(table, column).label
    if value is None or value is pd.NaT or value is pd.NA or value != value:
        return ""
    words = _words(table, column)
    if field(table, column).type == "set" or (table == "results" and isinstance(value, str) and "|" in value):
        return "、".join(words.get(token, token) for token in str(value).split("|"))
    return words[value] if value in words else str(value)


def frame(table: str, rows: pd.DataFrame | Sequence[Mapping[str, object]] = ()) -> pd.DataFrame:
    """A typed frame of ``table`` with every column of its schema, in order; for tests, examples and new data.

    rows : a frame or dicts in English names and values; columns left out are missing throughout.
    Dates may be text; a set or names cell may be a list; "" is missing except in a set, where it says none.
    Values are not checked, only ``tables.check`` does.
    Raises TableError for a column the schema does not have.

    >>> frame("tasks", [{"task": 1, "date": "2026-03-01", "support": ["training", "funds"]}]).dtypes["date"]
    dtype('<M8[us]')
    """
    given = pd.DataFrame(rows) if isinstance(rows, pd.DataFrame) else pd.DataFrame(list(rows))
    names = [f.name for f in fields(table)]
    unknown = [str(c) for c in given.columns if c not in names]
    if unknown:
        raise TableError(f"{label(table)}没有这些列:{'、'.join(unknown)};已有:{'、'.join(names)}")
    columns = {
        f.name: typed(
            given[f.name] if f.name in given else pd.Series([None] * len(given), given.index, dtype=object), f.type
        )
        for f in fields(table)
    }
    return pd.DataFrame(columns, index=given.index).reset_index(drop=True)


def typed(values: pd.Series, kind: str) -> pd.Series:
    """``values`` in the dtype that columns of type ``kind`` have throughout the package.

    >>> typed(pd.Series([1.0, None], dtype=object), "id").tolist()
    ['1', nan]
    """
    if kind == "date":
        return pd.to_datetime(values).astype("datetime64[us]")
    if kind in ("int", "number"):
        numbers = pd.to_numeric(values)
        return numbers.astype("Int64") if kind == "int" else numbers.astype("float64")
    if kind == "bool":
        return values.astype("boolean")
    if isinstance(values.dtype, pd.StringDtype):
        texts = values.astype("str")
    else:
        join = "|" if kind == "set" else "、"
        texts = pd.Series([_text(v, join) for v in values], values.index, dtype="str")
    return texts if kind == "set" else texts.where(texts != "")


def _text(value: object, join: str) -> object:
    if isinstance(value, str):
        return value
    if isinstance(value, (list, tuple, set, frozenset)):
        return join.join(sorted(value) if isinstance(value, (set, frozenset)) else value)
    if value is None or value is pd.NA or value is pd.NaT or value != value:
        return None
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
