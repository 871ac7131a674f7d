"""Edge tables: the ids and nodes they leave out, and lengths that are plainly kilometres."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from .checks import Part, Problem
from .columns import head
from .fields import field, frame
from .headers import Layout
from .sheets import Column, Sheet, cells

PLACES = {
    "x1": ("x1", "from_x", "x_from", "起点x", "起点横坐标", "起点x坐标"),
    "y1": ("y1", "from_y", "y_from", "起点y", "起点纵坐标", "起点y坐标"),
    "x2": ("x2", "to_x", "x_to", "终点x", "终点横坐标", "终点x坐标"),
    "y2": ("y2", "to_y", "y_to", "终点y", "终点纵坐标", "终点y坐标"),
    "lon1": ("lon1", "lng1", "from_lon", "起点经度"),
    "lat1": ("lat1", "from_lat", "起点纬度"),
    "lon2": ("lon2", "lng2", "to_lon", "终点经度"),
    "lat2": ("lat2", "to_lat", "终点纬度"),
}  # fmt: skip
NODELESS = "没有节点表:由路段的起点、终点得出 {} 个节点(没有坐标)"
_NAMES = tuple(field("edges", end).label for end in ("source", "target"))
_SHORT = 2.0  # median metres of an edge below which kilometres are suspected
_TIMES = (100.0, 2000.0)  # how many times longer the straight line then is; 1000 where streets are straight


def unnamed(x: float, y: float, *, degrees: bool) -> str:
    """The id of an end that only its coordinates tell: to the centimetre; "" where they are none.

    >>> unnamed(120.90000001, 29.5, degrees=True), unnamed(float("nan"), 29.5, degrees=True)
    ('120.9,29.5', '')
    """
    return "" if x != x or y != y else ",".join(f"{round(v, 7 if degrees else 2):.12g}" for v in (x, y))


def by_places(sheet: Sheet, shape: Layout) -> tuple[Sheet, Layout]:
    """The sheet with a column for either end, and its layout, where edges have no ids of their ends but coordinates.

    >>> from pathlib import Path
    >>> from governance.tables.headers import layout
    >>> heads = ["起点经度", "起点纬度", "终点经度", "终点纬度", "长度"]
    >>> grid = zip(heads, ["120.9", "29.5", "120.91", "29.5", "970"], strict=True)
    >>> one = Sheet(Path("a"), "路段.csv", "", 2, tuple(Column(np.arange(2), list(c)) for c in grid))
    >>> sheet, shape = by_places(one, layout(one))
    >>> cells(sheet, 1)[-2:], shape.faults
    (['120.9,29.5', '120.91,29.5'], ())
    """
    heads = [head(t) for t in cells(sheet, shape.header)] if shape.table == "edges" else []
    for axes in ("lon", "lat"), ("x", "y"):
        at = [next((heads.index(w) for w in PLACES[f"{a}{n}"] if w in heads), -1) for n in (1, 2) for a in axes]
        if min(at) >= 0 and not {"source", "target"} & shape.columns.keys():
            numbers = [pd.to_numeric(pd.Series(sheet.columns[a].texts, dtype=object), errors="coerce") for a in at]
            values = [v.to_numpy(float)[sheet.columns[a].codes] for v, a in zip(numbers, at, strict=True)]
            ends = [
                [unnamed(*xy, degrees="lon" in axes) for xy in zip(*values[k : k + 2], strict=True)] for k in (0, 2)
            ]
            wide = len(sheet.columns)
            columns = (*sheet.columns, *(Column(np.arange(sheet.height), texts) for texts in ends))
            faults = tuple(f for f in shape.faults if f[0] != "column_missing" or f[1] not in _NAMES)
            where = shape.columns | {"source": wide, "target": wide + 1}
            return replace(sheet, columns=columns), replace(shape, columns=where, faults=faults)
    return sheet, shape


def named(edges: pd.DataFrame) -> pd.DataFrame:
    """``edges`` with an id for each that has none: 起点→终点, lengthened where it comes again.

    >>> named(pd.DataFrame({"edge": None, "source": "a", "target": ["b", "b"]}))["edge"].tolist()
    ['a→b', 'a→b·2']
    """
    blank = edges["edge"].isna()
    if not blank.any():
        return edges
    ids = edges["edge"].fillna(edges["source"].fillna("") + "→" + edges["target"].fillna(""))
    again = ids[blank].groupby(ids[blank]).cumcount() + ids[blank].isin(edges["edge"].dropna())
    ids[blank] = ids[blank].where(again == 0, ids[blank] + "·" + (again + 1).astype("str"))
    return edges.assign(edge=ids.astype("str"))


def ends(edges: pd.DataFrame) -> pd.DataFrame:
    """The table of nodes that ``edges`` name, in their order, without coordinates.

    >>> ends(pd.DataFrame({"source": ["a", "b"], "target": ["b", "c"]}))["node"].tolist()
    ['a', 'b', 'c']
    """
    names = pd.Series(edges[["source", "target"]].to_numpy(object).ravel()).dropna().drop_duplicates()
    return frame("nodes", pd.DataFrame({"node": names}))


def kilometres(length: np.ndarray, straight: np.ndarray) -> tuple[float, float] | None:
    """The medians of lengths and straight lines (metres) where the lengths are plainly kilometres, else None.

    >>> kilometres(np.array([0.1, 0.3]), np.array([98.0, 290.0]))
    (0.2, 194.0)
    >>> kilometres(np.array([0.1, 0.3]), np.array([0.1, 0.3]))
    """
    known = np.isfinite(length) & np.isfinite(straight)
    if not known.any():
        return None
    said, there = float(np.median(length[known])), float(np.median(straight[known]))
    return (said, there) if 0 < said < _SHORT and _TIMES[0] < there / said < _TIMES[1] else None


def suspected(edges: pd.DataFrame, nodes: pd.DataFrame, parts: Sequence[Part]) -> list[Problem]:
    """The fault of every sheet of edges whose lengths are plainly kilometres in a column of metres."""
    at = nodes.drop_duplicates("node").set_index("node")[["x", "y"]].astype(float)
    a, b = (at.reindex(edges[c]).to_numpy() for c in ("source", "target"))
    straight, length = np.hypot(*(a - b).T), edges["length_m"].to_numpy(float)
    found = []
    for part, rows in edges.reset_index(drop=True).groupby("_part").indices.items():
        shape = parts[int(str(part))].shape if parts else None
        if shape is not None and (medians := kilometres(length[rows], straight[rows])):
            words = {"said": f"{medians[0]:g}", "there": f"{medians[1]:,.0f}"}
            found.append(Problem(int(str(part)), shape.header + 1, "length_m", f"{medians[0]:g}", "length_km", words))
    return found
