"""Which sheet is a table of edges or of nodes, what its columns mean and in which unit, and which rows are records."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..tables.edges import PLACES
from ..tables.headers import UNUSED, asides, listed, squeeze
from ..tables.measures import Measure, measure
from ..tables.sheets import Sheet, cells, letter
from .account import Log
from .lines import TAGS

EDGE = {
    "edge": ("edge", "edge_id", "路段编号", "路段", "路段号", "编号", "id", "fid", "osmid"),
    "source": ("source", "from", "u", "start", "from_node", "from_id", "起点", "起点节点", "起始节点", "起点编号", "起点id"),
    "target": ("target", "to", "v", "end", "to_node", "to_id", "终点", "终点节点", "终止节点", "终点编号", "终点id"),
    "length": ("length", "长度", "路段长度", "距离", "里程", "distance", "dist"),
    "slope": ("slope", "坡度", "grade", "grade_abs"),
    **PLACES,
}  # fmt: skip
NODE = {
    "node": ("node", "node_id", "节点编号", "节点", "节点号", "编号", "id", "osmid"),
    "x": ("x", "横坐标(米)", "横坐标", "x坐标", "x(米)"),
    "y": ("y", "纵坐标(米)", "纵坐标", "y坐标", "y(米)"),
    "lon": ("lon", "lng", "longitude", "经度"),
    "lat": ("lat", "latitude", "纬度"),
    "height": ("height", "高程", "高程(米)", "海拔", "海拔(米)", "elevation"),
}
EDGES = ({"source", "target"}, {"lon1", "lat1", "lon2", "lat2"}, {"x1", "y1", "x2", "y2"})  # one of these sets will do
NODES = ({"node", "x", "y"}, {"node", "lon", "lat"})
UNITS = {"length": "米", "height": "米", "slope": "坡度"} | {
    f"{what}{end}": "米" if what in "xy" else "度" for what in ("x", "y", "lon", "lat") for end in ("", "1", "2")
}  # what headers may say in another spelling, or be converted from
DEPTH = 30  # rows searched for the header


class Found(NamedTuple):
    """One sheet that is a table of edges or of nodes: the column of each meaning and its unit, its rows, from 0."""

    sheet: Sheet
    columns: dict[str, int]
    rows: np.ndarray
    header: int
    title: str
    scales: dict[str, Measure]


def found_in(
    sheet: Sheet, names: dict[str, tuple[str, ...]], needed: tuple[set[str], ...], *, folder: bool
) -> Found | None:
    """The sheet as a table of that meaning, named by its file where it is one of a folder; None where it is none."""
    for row in range(min(DEPTH, sheet.height)):
        columns, scales = _columns([squeeze(t).casefold() for t in cells(sheet, row)], names)
        if any(some <= columns.keys() for some in needed):
            body = np.arange(row + 1, sheet.height)
            filled = np.zeros(len(body), bool)
            for at in columns.values():
                blank = np.array([not t.strip() for t in sheet.columns[at].texts], bool)
                filled |= ~blank[sheet.columns[at].codes[body]]
            title = "›".join(t for t in (sheet.file if folder else "", sheet.sheet) if t)
            return Found(sheet, columns, body[filled], row, title, scales)
    return None


def _columns(texts: list[str], names: dict[str, tuple[str, ...]]) -> tuple[dict[str, int], dict[str, Measure]]:
    """The column of each meaning, by its words with or without a unit, and those in another unit than their own."""
    columns: dict[str, int] = {}
    scales: dict[str, Measure] = {}
    for meaning, words in {**names, **(TAGS if names is EDGE else {})}.items():
        said = [measure(t, UNITS.get(meaning, "")) for t in texts]
        for line in (texts, [m.base for m in said]):
            at = next((line.index(w) for w in words if w in line and line.index(w) not in columns.values()), None)
            if at is not None and meaning not in columns:
                columns[meaning] = at
                scales |= {meaning: said[at]} if said[at].factor != 1 else {}
    return columns, scales


def spare(edges: Found, log: Log) -> str:
    """The headers that mean nothing here, noted as not used."""
    heads = enumerate(cells(edges.sheet, edges.header))
    unused = "、".join(f"{t}({letter(at)}列)" for at, t in heads if t.strip() and at not in edges.columns.values())
    log.notes.extend([f"{UNUSED}{unused}"] * bool(unused))
    return f"{UNUSED}{unused}" if unused else ""


def records(found: Found, table: str, log: Log) -> Found:
    """``found`` without totals, signatures and remarks, which are noted."""
    columns = {"length_m" if k == "length" else k: at for k, at in found.columns.items()}
    aside = asides(found.sheet, found.rows, table, columns)
    log.notes.extend([f"跳过合计行、签名备注行 {listed(found.rows[aside] + 1)}"] * bool(aside.any()))
    return found._replace(rows=found.rows[~aside])
