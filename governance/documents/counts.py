"""Counts that documents declare, held against what was read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pandas as pd

from . import wording
from .summary import Said

COLUMNS = {
    "file": "str",
    "township": "str",
    "list_kind": "str",
    "category": "str",
    "declared": "Int64",
    "parsed": "int64",
    "difference": "Int64",
    "where": "str",
    "average": "bool",
    "text": "str",
}


def counts(items: pd.DataFrame, said: Sequence[tuple[str, Said]]) -> pd.DataFrame:
    """Declared and parsed numbers of items, one row per statement and per list or category read.

    items : file, township, list_kind, category of every item read. said : (file, what it declares).
    Columns: file, township, list_kind, category ("" for a whole list), declared, parsed, difference
    (parsed - declared; missing where nothing is declared, or an average or county sum is), where (类别行, 目录,
    表内标题, 正文), average (the unit of count is an average), text. A category declared but not found has parsed 0.

    >>> items = pd.DataFrame({"file": "a", "township": "甲镇", "list_kind": "basic", "category": ["党建", "党建"]})
    >>> counts(items, [("a", Said("甲镇", "basic", "党建", 3, "类别行"))])[["category", "declared", "parsed", "difference"]]
      category  declared  parsed  difference
    0              <NA>       2        <NA>
    1       党建         3       2          -1
    """
    lines = [
        (file, town or "", kind or "", _name(category or ""))
        for file, town, kind, category in items[["file", "township", "list_kind", "category"]]
        .astype(object)
        .where(items.notna(), None)
        .itertuples(index=False, name=None)
    ]
    held = Counter(key for _, *names in lines for key in _keys(*names))
    towns = _towns(lines)
    rows: dict[tuple[Any, ...], tuple[Any, ...]] = {}
    for file, one in said:
        town = one.township or towns.get(file, "")
        key = (town, one.kind, _name(one.category))
        parsed = held[key]
        link = file in towns and town != towns[file] and not held[town, "", ""]  # a link to a list that is not here
        compared = bool(town) and not one.average and not link
        line = (file, town, one.kind, one.category, one.count, parsed, parsed - one.count if compared else None)
        rows.setdefault((*key, one.count, one.where), (*line, one.where, one.average, one.text))
    known = {key[:3] for key in rows}
    for file, town, kind, category in lines:
        for key in dict.fromkeys([(town, kind, ""), (town, kind, category)]):
            if key not in known:
                known.add(key)
                rows[*key, None, ""] = (file, *key, None, held[key], None, "", False, "")
    order = {key: at for at, key in enumerate(dict.fromkeys((town, kind) for _, town, kind, _ in lines))}
    table = sorted(rows.values(), key=lambda row: (order.get(row[1:3], len(order)), row[3] != ""))
    return pd.DataFrame(table, columns=list(COLUMNS), dtype=object).astype(COLUMNS)


def _keys(town: str, kind: str, category: str) -> set[tuple[str, str, str]]:
    """All the counts an item adds to: its township's, its list's, its category's."""
    return {(town, "", ""), (town, kind, ""), (town, kind, category)}


def _towns(lines: Sequence[tuple[str, str, str, str]]) -> dict[str, str]:
    """file -> its township, where it has but one."""
    found: dict[str, set[str]] = {}
    for file, town, *_ in lines:
        found.setdefault(file, set()).add(town)
    return {file: names.pop() for file, names in found.items() if len(names) == 1}


def _name(category: str) -> str:
    """A category's name as it is compared: without blanks and a closing 类."""
    name = wording.name(category)
    return name[:-1] if len(name) > 2 and name.endswith("类") else name
