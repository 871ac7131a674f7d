"""Where rows say they lie: a street node, or a longitude and a latitude that can be; and where in the files they stand."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from .checks import Part, Problem
from .degrees import decimal, pair
from .fields import TABLES, fields
from .headers import AGELESS, SHARED, Layout, squeeze
from .sheets import Column, Sheet, cells

SEATED = ("communities", "rooms", "plots", "sites")
ROWS = {"table": "str", "file": "str", "sheet": "str", "row": "int64"}
ALIKE = "服务、名称、地点都相同,像是同一处写了两次"
WORDS = {"sites": "设施", "rooms": "用房", "plots": "地块"}  # before ids that several tables share
_TWICE = ("sites", "rooms")
_PAIRED = re.compile(r"经.*纬|纬.*经|坐标")
_LISTED = 10


def seated(tables: Mapping[str, pd.DataFrame]) -> list[Problem]:
    """The rows of SEATED tables that lie where nothing can lie: half a place, swapped, out of range.

    >>> rows = pd.DataFrame({"node": [None], "lon": [29.5], "lat": [120.9], "_part": 0, "_row": 2})
    >>> seated({"sites": rows})[0].code
    'seat_swapped'
    """
    return [
        Problem(int(row["_part"]), int(row["_row"]), column, None, code, {"lon": row["lon"], "lat": row["lat"]})
        for table in SEATED
        for row in tables.get(table, pd.DataFrame()).to_dict("records")
        if row.get("_ok", True)  # one fault does not bring on others
        for column, code in [_fault(row)]
        if code
    ]


def _fault(row: Mapping[Any, Any]) -> tuple[str, str]:
    """The column and code of what is wrong with where one row lies; no code where nothing is."""
    lon, lat = (float(str(row[c])) for c in ("lon", "lat"))
    if lon != lon or lat != lat:
        return ("lon" if lon != lon else "lat"), "seat_half" if lon == lon or lat == lat else ""
    if abs(lon) <= 180 and abs(lat) <= 90:
        return "", ""
    return ("lon", "seat_swapped") if abs(lon) <= 90 and abs(lat) <= 180 else ("lon", "seat_range")


def unseated(frame: pd.DataFrame, table: str) -> pd.Series:
    """Which rows of a SEATED table say nowhere where they lie.

    Homes count only where others of the table have a longitude: without streets nobody asks where people live.

    >>> unseated(pd.DataFrame({"node": ["a", None], "lon": None}), "sites").tolist()
    [False, True]
    """
    asked = table != "communities" or bool(frame["lon"].notna().any())
    return frame["node"].isna() & frame["lon"].isna() & asked


def whereabouts(tables: Mapping[str, pd.DataFrame], parts: Sequence[Part]) -> pd.DataFrame:
    """table, file, sheet, row (as Excel numbers it) of every row kept, in the order of the county's frames."""
    kept = [tables[t].loc[tables[t]["_ok"].to_numpy(bool), ["_part", "_row"]].assign(table=t) for t in TABLES]
    whole = pd.concat(kept, ignore_index=True)
    files, sheets = ([getattr(p, name) for p in parts] or [""] for name in ("file", "sheet"))
    at = whole["_part"].to_numpy(int)
    named = {"table": whole["table"], "file": pd.Series(files, dtype=object).iloc[at].to_numpy()}
    named |= {"sheet": pd.Series(sheets, dtype=object).iloc[at].to_numpy(), "row": whole["_row"]}
    return pd.DataFrame(named).astype(ROWS)


def remarks(frames: Mapping[str, pd.DataFrame], rows: pd.DataFrame) -> dict[str, list[str]]:
    """What to look at in the SEATED tables: rows that lie nowhere, and rows that say the same place twice.

    frames : of a county. rows : of ``whereabouts``.
    """
    found: dict[str, list[str]] = {}
    for table in SEATED:
        frame, where = frames[table], rows[rows["table"] == table].reset_index(drop=True)
        said = [f"{places(where.iloc[same])}{ALIKE},按 {len(same)} 处计" for same in alike(frame, table)]
        lost = unseated(frame, table).to_numpy()
        if lost.any():
            head = f"没有写明在哪里(没有路网节点,也没有经纬度)的 {lost.sum()} 行不计入服务圈:"
            said.append(head + places(where[lost]))
        found[table] = said + (_ageless(frame) if table == "communities" else [])
    return found


def _ageless(homes: pd.DataFrame) -> list[str]:
    """The note on ages of which not one home says how many."""
    lacks = [f.label for f in fields("communities") if f.name.startswith("age_") and homes[f.name].isna().all()]
    advice = "合写的一列(如 60岁及以上)不能代替,请按年龄分列"
    return [f"{AGELESS},没有计入:{'、'.join(lacks)}({advice})"] if len(homes) and lacks else []


def distinct(frames: Mapping[str, pd.DataFrame]) -> tuple[dict[str, pd.DataFrame], dict[str, list[str]]]:
    """The frames with the ids that sites, rooms and plots share told apart by a word before them, and a note a table.

    >>> made, notes = distinct({"sites": pd.DataFrame({"site": ["1", "2"]}), "rooms": pd.DataFrame({"room": ["1"]})})
    >>> made["sites"]["site"].tolist(), made["rooms"]["room"].tolist(), notes["rooms"]
    (['设施1', '2'], ['用房1'], ['编号与别的表相同的 1 个,前面加“用房”(如 用房1)'])
    """
    ids = pd.concat([frames[t][t[:-1]] for t in WORDS if t in frames], ignore_index=True).dropna()
    shared = set(ids[ids.duplicated()])
    made, notes = dict(frames), {}
    for table, word in WORDS.items() if shared else ():
        while any(f"{word}{i}" in set(ids) for i in shared):
            word += "·"
        new = {i: f"{word}{i}" for i in made[table][table[:-1]] if i in shared} if table in made else {}
        for other in (table, "activities") if new else ():
            if other in made and table[:-1] in made[other]:
                column = made[other][table[:-1]]
                made[other] = made[other].assign(**{table[:-1]: column.replace(new).astype("str")})
        if new:
            notes[table] = [f"{SHARED}的 {len(new)} 个,前面加“{word}”(如 {next(iter(new.values()))})"]
    return made, notes


def alike(frame: pd.DataFrame, table: str) -> list[Any]:
    """The positions of rows of sites or rooms that have the same service, name and place, group by group.

    >>> sites = pd.DataFrame({"service": "meals", "name": ["食堂", "食堂", "书房"], "node": "a", "lon": None, "lat": None})
    >>> alike(sites, "sites")
    [[0, 1]]
    """
    if table not in _TWICE or frame.empty:
        return []
    spot = pd.DataFrame({c: frame[c].astype("float64").round(5) for c in ("lon", "lat")})
    keys = frame[["service", "name", "node"]].reset_index(drop=True).join(spot.reset_index(drop=True))
    keys = keys[keys["node"].notna() | keys["lon"].notna()]
    groups = keys.groupby(list(keys), dropna=False, sort=False).indices.values()
    return [keys.index[at].tolist() for at in groups if len(at) > 1]


def places(where: pd.DataFrame) -> str:
    """Rows in words: 第2、5行, under the file and sheet where there are several.

    >>> places(pd.DataFrame({"file": "a.csv", "sheet": "", "row": [2, 5]}))
    '第2、5行'
    """
    some = where.head(_LISTED)
    several = where[["file", "sheet"]].drop_duplicates().shape[0] > 1
    said = []
    for (file, sheet), mine in some.groupby(["file", "sheet"], sort=False):
        head = "›".join(n for n in (str(file), str(sheet)) if n) if several else ""
        said.append(f"{head}第{'、'.join(map(str, mine['row']))}行")
    return "、".join(said) + (f"等 {len(where)} 行" if len(where) > _LISTED else "")


def located(sheet: Sheet, shape: Layout) -> tuple[Sheet, Layout]:
    """The sheet with decimal degrees in its columns lon and lat (one of its own each), and its layout with what to note.

    >>> from pathlib import Path
    >>> from governance.tables.headers import layout
    >>> grid = [["设施编号", "1"], ["设施名称", "站"], ["服务类别", "养老"], ["街道", "甲"], ["经纬度", "120.9,29.5"]]
    >>> one = Sheet(Path("a.csv"), "服务设施.csv", "", 2, tuple(Column(np.arange(2), c) for c in grid))
    >>> sheet, shape = located(one, layout(one))
    >>> [cells(sheet, 1)[shape.columns[c]] for c in ("lon", "lat")], shape.notes
    (['120.9', '29.5'], ('“经纬度”一格里的经度、纬度已分开(1 行)',))
    """
    if "lon" not in shape.columns or not len(shape.body):
        return sheet, shape
    places = [shape.columns["lon"], shape.columns.get("lat", len(sheet.columns))]
    blank = Column(np.zeros(sheet.height, np.int64), [""])
    columns = [*sheet.columns, *[blank] * (places[1] == len(sheet.columns))]
    given = [[columns[at].texts[c] for c in columns[at].codes.tolist()] for at in places]
    head = squeeze(cells(sheet, shape.header)[places[0]])
    made, said = _read(given, shape.body.tolist(), turned=head.startswith(("纬", "(纬")))
    if not said[1] and "lat" not in shape.columns and _PAIRED.search(head):
        kept = {name: at for name, at in shape.columns.items() if name != "lon"}
        return sheet, replace(shape, columns=kept, notes=(*shape.notes, f"“{head}”里不是两个小数度数,没有用"))
    if not any(said):
        return sheet, shape
    for at, texts in zip(places, made, strict=True):
        columns[at] = Column(*_coded(texts))
    notes = [f"“{head}”一格里的经度、纬度已分开({said[1]} 行)"] * bool(said[1])
    notes += [f"带度号、度分秒的经度、纬度 {said[0]} 格已换算为小数度数"] * bool(said[0])
    where = shape.columns | {"lon": places[0], "lat": places[1]}
    return replace(sheet, columns=tuple(columns)), replace(shape, columns=where, notes=(*shape.notes, *notes))


def _coded(texts: list[str]) -> tuple[np.ndarray, list[str]]:
    codes, found = pd.factorize(np.array(texts, dtype=object), use_na_sentinel=False)
    return codes, list(found)


def _read(given: list[list[str]], rows: list[int], *, turned: bool) -> tuple[list[list[str]], tuple[int, int]]:
    """The texts of lon and lat as decimals; how many cells had signs or minutes, and how many rows one cell for both."""
    made, signed, split = [list(texts) for texts in given], 0, 0
    for row in rows:
        both = [texts[row] for texts in given]
        filled = [t for t in both if t.strip()]
        if len(filled) == 1 and (found := pair(filled[0], turned=turned)):
            split += 1
            for texts, value in zip(made, found, strict=True):
                texts[row] = repr(round(value, 8))
            continue
        for texts, text in zip(made, both, strict=True):
            if re.search(r"[°º度分东西南北EWNS]", text) and (degrees := decimal(text)) is not None:
                texts[row] = repr(round(degrees, 8))
                signed += 1
    return made, (signed, split)
