"""OpenStreetMap extracts (PBF and XML) to ways cut at every node; read by libosmium, end to end outside Python.

libosmium reads, lays down where every node is in a file of numbers, keeps the ways with a highway and writes them as
lines of its own text format (OPL); both are taken up here in whole blocks. Going through Python way by way and node by
node cost five times that. Nodes may stand after the ways that use them, as Overpass writes them.
"""

from __future__ import annotations

import re
import tempfile
from bisect import bisect_left
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np

from .account import NOT_WALKABLE, Fault, Log, Progress, sized
from .network import Ways, objects, text
from .projecting import plane
from .walkable import NAMES, Rule, kind, name, why

BLOCK = 50_000  # ways taken apart at once
PLACES = np.dtype([("id", "<u8"), ("x", "<i4"), ("y", "<i4")])  # how libosmium keeps nodes; 1e-7 degrees
ROOM = 1 << 20  # nodes for which it blanks the file at the start
BEYOND = "路上的点不在文件里(截取范围以外)"
SHORT = "不到两个点"
_ESCAPED = re.compile(r"%([0-9a-fA-F]+)%")


class Read(NamedTuple):
    """All ways read: why each goes (""), and of those that stay row, id, kind, name, number of nodes, and their nodes."""

    reasons: list[str]
    kept: list[int]
    way: list[str]
    kind: list[str]
    name: list[str | None]
    size: list[int]
    refs: list[np.ndarray]


def ways(path: Path, log: Log, rule: Rule, progress: Progress) -> tuple[Ways, str] | None:
    """The ways of an extract, a street from each node to the next, and their system; None where it has none.

    rule : what leaves a way out (``walkable.rule``); empty keeps every highway and the ferries. Ids of nodes and ways
    are those of OpenStreetMap; an edge is called way-number, counted from 0. Segments whose node the extract does not
    hold are left out and counted.
    """
    progress(0, 100, "读取道路")
    with tempfile.TemporaryDirectory() as folder:
        try:
            hole = max(ROOM - path.stat().st_size // 4, 0)  # a node takes more than 4 bytes; else the file grows
            _written(path, Path(folder), hole)
            read = _read(Path(folder, "ways"), rule, progress)
            passed = np.concatenate(read.refs) if read.refs else np.zeros(0, np.int64)
            ids, refs = np.unique(passed, return_inverse=True)
            xy = _places(Path(folder, "nodes"), ids, hole)
            _drawn(path, ids, xy)
        except Exception:  # libosmium raises many kinds; each means that the file cannot be made out
            broken = "OSM 文件中途断开、已损坏或不是 OSM 数据,读不下去"
            log.faults.append(Fault("osm_broken", "", sized(path), broken, "重新下载后再试,并核对文件大小"))
            return None
    reasons = np.array(read.reasons, object)
    log.rows.append(("", reasons))
    if not len(reasons):
        remedy = "换一份含道路(highway)的提取文件;只含建筑、边界的文件不能用"
        log.faults.append(Fault("no_ways", "", "0 条道路", "文件里没有任何道路", remedy))
        return None
    _off(ids, xy, log)
    found = _segments(read, refs, ids, xy, reasons, log)
    if found is None and log.faults:
        return None
    if found is None:
        log.faults.append(Fault("no_ways", "", "0 条可用的道路", "没有一条路可以步行", 'ways="all" 可读入所有道路'))
        return None
    laid = plane(found.xy, "EPSG:4326", log)
    if laid is None:
        return None
    return found._replace(xy=laid.xy), laid.crs


def _segments(
    read: Read, refs: np.ndarray, ids: np.ndarray, xy: np.ndarray, reasons: np.ndarray, log: Log
) -> Ways | None:
    """Streets from node to node, their nodes still in degrees; None where not one is left.

    refs : the places of each way's nodes among ``ids`` and ``xy``.
    """
    size, items = np.array(read.size, np.int64), np.array(read.kept, np.int64)
    known = ~np.isnan(xy[refs, 0])
    way = np.repeat(np.arange(len(size)), size)
    inner = way[1:] == way[:-1]
    whole = inner & known[1:] & known[:-1]
    if lost := int((inner & ~whole).sum()):
        log.notes.append(f"{lost} 段路的端点不在文件里(截取范围以外),没有读入")
    at = np.flatnonzero(whole)
    reasons[items[size < 2]] = SHORT
    some = np.bincount(way[at], minlength=len(size)) > 0
    reasons[items[~some & (size >= 2)]] = BEYOND
    if not len(at):
        return None
    ends = np.stack([refs[at], refs[at + 1]], -1)
    used = np.zeros(len(ids), bool)
    used[ends] = True
    mine = way[at]
    tails = objects([f"-{k}" for k in range(int(size.max()))])
    return Ways(
        nodes=objects([f"{i}" for i in ids[used].tolist()]),
        xy=xy[used],
        ends=(np.cumsum(used) - 1)[ends],
        length=None,
        kind=text(read.kind)[mine],
        name=text(read.name)[mine],
        edge=objects(read.way)[mine] + tails[at - (np.cumsum(size) - size)[mine]],
        lines=None,
        item=items[mine],
    )


def _read(file: Path, rule: Rule, progress: Progress) -> Read:
    read = Read([], [], [], [], [], [], [])
    whole, done = max(file.stat().st_size, 1), 0
    with file.open(encoding="utf-8", newline="\n") as lines:
        while block := list(islice(lines, BLOCK)):
            nodes = _block(block, rule, read)
            if nodes:
                read.refs.append(np.fromstring(",".join(nodes).replace("n", ""), np.int64, sep=","))
            done += sum(map(len, block))
            progress(min(99, 30 + 69 * done // whole), 100, "整理道路")
    return read


def _block(lines: list[str], rule: Rule, read: Read) -> list[str]:
    """The nodes of the walkable ways among ``lines``; everything else about them goes into ``read``."""
    nodes = []
    shut = {f"{key}={value}" for key, values in rule.items() for value in values}
    for line in lines:
        head, text, refs = line.split(" ", 2)
        if "%25%" not in text:
            text = text.replace("%20%", " ")  # most names need no more
        pairs = text[1:].split(",")
        tags = dict([pair.split("=", 1) for pair in pairs])
        ferry = tags.get("route") == "ferry"
        if "highway" not in tags and (not ferry or rule):
            if ferry:
                read.reasons.append(f"{NOT_WALKABLE}|route=ferry")
            continue
        reason = "" if shut.isdisjoint(pairs) and ";" not in text else why(tags, rule)
        if not reason:
            refs = refs[1:].rstrip()
            read.kept.append(len(read.reasons))
            read.way.append(head[1:])
            read.kind.append(kind(tags))
            if "%" in text:
                tags |= {k: _ESCAPED.sub(_character, tags[k]) for k in NAMES if k in tags}
            read.name.append(name(tags))
            read.size.append(refs.count("n"))
            if refs:
                nodes.append(refs)
        read.reasons.append(reason)
    return nodes


def _character(found: re.Match[str]) -> str:
    return chr(int(found[1], 16))


def _written(path: Path, folder: Path, hole: int) -> None:
    """Write the ways with a highway or a route as OPL, and beside them where every node is.

    hole : nodes that the latter file leaves out in front, untouched: to blank room for a million takes as long as to
    read a small extract.
    """
    import osmium
    from osmium import filter as only

    with (folder / "nodes").open("wb") as file:
        file.truncate(hole * PLACES.itemsize)
    places = osmium.NodeLocationsForWays(osmium.index.create_map(f"sparse_file_array,{folder / 'nodes'}"))
    places.apply_nodes_to_ways = False
    writer = osmium.SimpleWriter(osmium.io.File(str(folder / "ways"), "opl,add_metadata=false"))
    try:
        reader = osmium.io.Reader(str(path), osmium.osm.NODE | osmium.osm.WAY)
        ways = (only.EntityFilter(osmium.osm.WAY), only.KeyFilter("highway", "route"))
        osmium.apply(reader, places, *ways, writer)
        reader.close()
    finally:
        writer.close()


def _places(file: Path, nodes: np.ndarray, hole: int) -> np.ndarray:
    """Longitude and latitude of nodes, NaN where the extract does not hold one."""
    held = np.memmap(file, PLACES, "r")[hole:] if file.stat().st_size else np.zeros(0, PLACES)
    used = bisect_left(held["id"], 1, key=lambda number: int(number == 0))  # the rest of the file is blank
    ids, order = held["id"][:used].astype(np.int64), None
    if (ids[1:] < ids[:-1]).any():
        order = np.argsort(ids, kind="stable")
        ids = ids[order]
    xy = np.full((len(nodes), 2), np.nan)
    if used:
        at = np.searchsorted(ids, nodes, side="right") - 1
        found = (at >= 0) & (ids[at] == nodes)
        row = at[found] if order is None else order[at[found]]
        xy[found] = np.stack([held["x"][row], held["y"][row]], -1) / 1e7
    xy[xy[:, 0] > 214] = np.nan  # a node without a place
    return xy


def _drawn(path: Path, ids: np.ndarray, xy: np.ndarray) -> None:
    """Fill in the places of nodes with negative ids, which an editor has drawn and not yet uploaded."""
    if not (ids < 0).any():
        return
    import osmium

    nodes = osmium.FileProcessor(str(path), osmium.osm.NODE)
    held = {
        n.id: (n.location.x / 1e7, n.location.y / 1e7)
        for n in nodes
        if isinstance(n, osmium.osm.Node) and n.id < 0 and n.location.x < 2_140_000_000
    }
    for at in np.flatnonzero(ids < 0).tolist():
        xy[at] = held.get(int(ids[at]), (np.nan, np.nan))


def _off(ids: np.ndarray, xy: np.ndarray, log: Log) -> None:
    """Name the nodes that are not on the globe, and take their places away."""
    off = (np.abs(xy[:, 0]) > 180) | (np.abs(xy[:, 1]) > 90)
    for node, (lon, lat) in zip(ids[off].tolist(), xy[off].tolist(), strict=True):
        off_globe, remedy = "坐标超出经纬度范围(经度 ±180,纬度 ±90)", "改正或删去这个点"
        log.faults.append(Fault("not_degrees", f"坐标(节点 {node})", f"({lon:.7g}, {lat:.7g})", off_globe, remedy))
    xy[off] = np.nan
