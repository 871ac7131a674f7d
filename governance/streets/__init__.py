"""Street networks: files to the walking network, in one form; places put on it.

    streets = gov.streets.read("xinchang.osm.pbf")  # or .graphml, .gpkg, .shp, .zip, .geojson, .parquet, .csv, .xlsx
    pieces = gov.streets.components(streets)        # what hangs together: the largest first, islands named
    found = gov.streets.check("roads.shp", crs="EPSG:4549")  # the same with every fault as a row, nothing raised

The other chapters of this room: ``formats`` (which kind of file), ``osm``, ``lines`` and ``joining`` (vector files),
``graphml``, ``table`` and ``given`` (edges that bring ends and lengths), ``walkable`` (tags), ``projecting``
(coordinates to metres), ``network`` (loops, parallels, components), ``account`` (what became of every row); ``place``,
``points``, ``seat``, ``offset`` and ``shift`` (places on edges), ``slope``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from .. import rules
from ..errors import TableError
from ..tables import Streets
from ..tables.sheets import spelt
from . import graphml, lines, osm, table
from .account import Fault, Log, Progress, counted, message, problems, tally
from .formats import sort_of, unpacked, usual, within
from .joining import crossings
from .network import WHY, Choice, Ways, chosen, components, empty, labelled, settled
from .network import streets as walked
from .place import Placed, Snapped, place, snap
from .slope import Sloped, climb, slopes, step_free
from .walkable import Rule, barred, rule

__all__ = [
    "Placed",
    "Reading",
    "Sloped",
    "Snapped",
    "check",
    "climb",
    "components",
    "place",
    "read",
    "slopes",
    "snap",
    "step_free",
]
WAYS = ("walk", "step_free", "all")
MANY = 200_000  # streets beyond which crossings are not counted: it would take longer than to read them
UNREAD = "整个文件读不了,见问题"


@dataclass(frozen=True, eq=False)
class Reading:
    """What ``check`` found: the streets as far as they could be read, every row accounted for, every fault, remarks."""

    streets: Streets
    counts: pd.DataFrame
    problems: pd.DataFrame
    notes: tuple[str, ...]


class Asked(NamedTuple):
    """What the user says about a file."""

    crs: str | None
    layer: str | None
    rule: Rule


def read(
    path: str | Path,
    *,
    crs: str | None = None,
    layer: str | None = None,
    ways: str = "walk",
    progress: Progress | None = None,
) -> Streets:
    """The walking network in a street file; parameters, formats and what is made of them as for ``check``.

    Raises TableError when anything is wrong: the text shows the first 20 faults, ``.problems`` all of them (file,
    sheet, row, column, found, fault, remedy, code) and ``.counts`` what became of every row. MissingExtraError names
    what to install where a format needs a library that is not there.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "路段.csv")
    ...     _ = file.write_text("起点,终点,长度\\n甲,乙,120\\n乙,丙,80\\n丙,甲,-5\\n", "utf-8")
    ...     read(file)
    Traceback (most recent call last):
    governance.errors.TableError: 路网 路段.csv 有 1 处问题(读 3 行 = 保留 2 行 + 退回 1 行):
      第 4 行 长度:-5 —— 小于下限 0;填不小于 0 的数,单位为米
    """
    found = check(path, crs=crs, layer=layer, ways=ways, progress=progress)
    if len(found.problems):
        raise TableError(message(found.problems, found.counts), found.problems, found.counts)
    return found.streets


def check(
    path: str | Path,
    *,
    crs: str | None = None,
    layer: str | None = None,
    ways: str = "walk",
    progress: Progress | None = None,
) -> Reading:
    """The walking network in a street file and everything wrong with it; faults in the file never raise.

    path : OSM (.osm.pbf, .osm, .osm.bz2), GraphML as OSMnx writes it, GeoPackage, shapefile (also zipped), GeoJSON,
    GeoParquet (with pyarrow), the lines of FlatGeobuf, KML, KMZ, GPX, GML, MapInfo and DXF, or a table of edges (csv,
    xlsx, or a folder with a table of nodes beside it) with 起点,终点,长度 or source,target,length; x1,y1,x2,y2 (or 经度, 纬度 of the nodes) where they are known.
    crs : what the coordinates are in, where the file does not say or says it wrong; "" is a plane of its own in metres.
    layer : the layer or sheet, where there are several. ways : "walk" leaves out what rule ``streets.walk`` names,
    as OSMnx's walk filter does; "step_free" beyond that steps, ferries and slopes no wheelchair climbs, before of
    parallels the shortest is taken; "all" keeps every highway of OSM (and ferries), every line of other files.
    progress : called with (done, all, what).

    Returns streets, counts (file, sheet, table, read, kept, rejected, note: one line for the rows kept and one for
    each reason; ways of OSM, arcs of a graph, features or rows of other files), problems (as ``tables.check``), notes
    (Chinese sentences: where it lies, in how many pieces, what was joined).

    Nodes of OSM are all nodes of its ways, by their ids; of lines their ends, numbered by x, then y. Ends within rule
    ``streets.snap`` meet, and a line is cut where another ends on it (lines of OpenStreetMap: at common points only); lines that only cross stay
    apart and are counted.
    One edge joins two nodes: the shortest of parallels; loops go; both are counted. Lengths are those of a graph or a
    table, else measured on the plane. Coordinates are metres: in the file's own system where it is true to length
    (rule ``streets.scale``), else UTM. Islands stay. Heights of nodes and slopes of edges are taken along where a graph
    or a table has them (elevation, grade, 高程, 坡度).

    Nodes and edges on foot, and in "all": Andorra 37,524 and 37,854 (38,556 and 38,991); Porto Alegre 38,246 and 45,719
    (41,109 and 49,621); Monaco by OSMnx 1,011 and 1,362 (2,332 and 2,477: 59 % of that file's arcs are no highways but
    outlines of buildings and borders); Wuhan by neatnet 11,918 and 16,120 (12,061 and 16,289 of 16,408 lines).
    It does not show whether a gate is open, a path exists or a crossing is a bridge.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "路段.csv")
    ...     _ = file.write_text("起点,终点,长度,路名\\n甲,乙,120,人民路\\n乙,甲,150,\\n丙,丙,9,\\n", "utf-8")
    ...     found = check(file)
    >>> found.streets.edges[["source", "target", "length_m", "kind", "name"]]
      source target  length_m  kind name
    0      乙      甲     120.0  road  人民路
    >>> found.counts[["read", "kept", "rejected", "note"]].values.tolist()
    [[1, 1, 0, ''], [1, 0, 1, '两端与更短的一条路段相同(平行),只留最短的'], [1, 0, 1, '起点和终点是同一个节点(回环),不影响到达']]
    """
    if ways not in WAYS:
        raise TableError(f'ways="{ways}" 不认识:写 "walk"(步行)、"step_free"(无台阶)或 "all"(所有道路)')
    root = Path(path)
    log = Log(spelt(root.name))
    tick = progress or (lambda *_: None)
    found = _opened(root, Asked(crs, layer, rule(ways)), log, tick)
    made = empty()
    for sheet, rows in log.rows if found is None else ():
        rows[rows == ""] = UNREAD
        tally(log, "edges", rows, sheet=sheet)
    if found is not None:
        way, system = found
        choice = chosen(way, barred(way.kind, way.slope) if ways == "step_free" else None)
        tally(log, "edges", settled(way, choice, log.rows[-1][1]), sheet=log.rows[-1][0])
        made = walked(way, choice, system)
        _remarks(way, choice, log)
        if not len(choice.stay):
            text, remedy = "没有留下一条路段(都是回环)", "换一份街道中心线数据"
            log.faults.append(Fault("no_ways", "", f"{len(way.item)} 段", text, remedy))
    tick(100, 100, "读完")
    return Reading(made, counted(log), problems(log), tuple(log.notes))


def _opened(path: Path, asked: Asked, log: Log, tick: Progress) -> tuple[Ways, str] | None:
    """The ways of a file and the system of their coordinates, by the kind of file it is."""
    sort = sort_of(path, log)
    if sort is None:
        return None
    if sort == "zip":
        with unpacked(path, log) as inner:
            return _opened(inner, asked, log, tick) if inner is not None else None
    if sort == "folder":
        inner = within(path, log)
        if inner is None or inner != path:
            return _opened(inner, asked, log, tick) if inner is not None else None
        sort = "table"
    if sort == "osm":
        if asked.crs is not None:
            log.notes.append("OSM 文件总是经纬度(WGS84),没有用到所给的坐标系")
        return osm.ways(path, log, asked.rule, tick)
    if sort == "graphml":
        return graphml.ways(path, asked.crs, log, asked.rule, tick)
    tick(0, 100, "读取文件")
    if sort == "table":
        return table.ways(path, asked.crs, log, asked.rule, asked.layer)
    found = lines.parquet(path, log) if sort == "parquet" else lines.opened(path, asked.layer or usual(path), log)
    tick(40, 100, "连接线路")
    return lines.ways(found, asked.crs, log, asked.rule) if found is not None else None


def _remarks(way: Ways, choice: Choice, log: Log) -> None:
    """Notes on the network as a whole: what was dropped piece by piece, how many parts it has."""
    gone = np.bincount(choice.reasons, minlength=len(WHY))
    split = len(np.unique(way.item)) < len(way.item)  # else the counts say it row by row
    for reason, number in zip(WHY[1:], gone[1:].tolist(), strict=True):
        if number and split:
            log.notes.append(f"没有留下的路段 {number} 段:{reason}")
    ends, courses = way.ends[choice.stay], None if way.lines is None else way.lines[choice.stay]
    piece = labelled(len(way.nodes), ends, choice.length[choice.stay])
    share = float((piece == 1).mean())
    over = crossings(way.xy, ends, courses) if way.edge is None and len(ends) <= MANY else 0
    if over or (way.edge is None and share < rules.value("streets.unnoded")):
        text = f"{over} 处线路交叉而没有共同的端点,按立交处理,互不连通" if over else "线路像是没有在路口断开"
        log.notes.append(f"{text};若是平交路口,在 QGIS 里用“按线分割”打断后再读")
    if (count := int(piece.max())) == 1:
        log.notes.append(f"路网连成一片,共 {len(piece)} 个节点")
        return
    log.notes.append(f"路网分 {count} 片,互不相通;最大的一片有 {share:.1%} 的节点,其余各片也都保留")
