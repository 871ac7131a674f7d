"""Graphs in GraphML, as OSMnx and networkx write them, to ways; the two arcs of a street become one afterwards."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .account import Fault, Log, Progress, sized
from .given import Given
from .given import ways as formed
from .lines import NO_HIGHWAY
from .network import Ways, objects
from .walkable import Rule, why

LENGTHS = ("length", "length_m", "长度", "长度(米)")
PLACES = (("x", "y"), ("lon", "lat"), ("经度", "纬度"), ("X", "Y"))
HEIGHTS = ("elevation", "height", "ele", "高程", "海拔")
SLOPES = ("slope", "grade_abs", "grade", "坡度")
COURSES = ("geometry", "wkt")
AGAIN = "重新导出(如 osmnx.save_graphml)后再试"


class Graph(NamedTuple):
    """What the file says: nodes and edges in its order, each with its values by name, values of the whole, and ids of
    nodes that stand in it again with other values."""

    nodes: dict[str, dict[str, str]]
    edges: list[tuple[str, str, dict[str, str]]]
    about: dict[str, str]
    twice: list[str]


def ways(path: Path, crs: str | None, log: Log, rule: Rule, progress: Progress) -> tuple[Ways, str] | None:
    """The arcs of the graph as ways, and the system of their coordinates ("" without).

    Lengths are the file's; where an arc has none it is measured, and the number is told.
    """
    progress(0, 100, "读取图文件")
    graph = _parsed(path, log)
    if graph is None:
        return None
    progress(50, 100, "整理路段")
    tags = [e for *_, e in graph.edges]
    reasons = objects([why(t, rule) for t in tags])
    if rule and "osmnx" in graph.about.get("created_with", "").lower() and any("highway" in t for t in tags):
        reasons[[i for i, t in enumerate(tags) if not t.get("highway") and not reasons[i]]] = NO_HIGHWAY
    given = Given(
        source=[s for s, _, _ in graph.edges],
        target=[t for _, t, _ in graph.edges],
        places=_places(graph, log),
        length=np.full(len(tags), np.nan),
        tags=tags,
        labels=[f"边 {s}→{t}" for s, t, _ in graph.edges],
        rows=[None] * len(tags),
        courses=objects([None] * len(tags)),
        spare=() if rule else tuple(graph.nodes),
        heights={n: _number(next((v[k] for k in HEIGHTS if k in v), None)) for n, v in graph.nodes.items()},
        slope=np.array([_number(next((t[k] for k in SLOPES if k in t), None)) for t in tags], float),
    )
    _lengths(given, reasons, log)
    _courses(given, reasons, log)
    _strangers(graph, given, reasons, log)
    said = _system(graph.about.get("crs"))
    if crs is not None and said is not None and crs != said:
        log.notes.append(f"坐标系按所给的 {crs or '平面坐标'},不按文件里写的 {said}")
    found = formed(given, reasons, said if crs is None else crs, log)
    if found is None:
        if not log.faults:
            text, remedy = "没有一条边可以步行", 'ways="all" 可读入所有边'
            log.faults.append(Fault("no_ways", "", f"{len(tags)} 条边", text, remedy))
        return None
    return found


def _parsed(path: Path, log: Log) -> Graph | None:
    from lxml import etree

    try:
        if re.search(rb"<!\s*(DOCTYPE|ENTITY)", path.open("rb").read(1 << 16)):
            raise ValueError("DOCTYPE")
        return _walked(etree.iterparse(str(path), events=("end",), resolve_entities=False, no_network=True))
    except (etree.XMLSyntaxError, OSError, ValueError):
        text = "图文件中途断开、已损坏或不是 GraphML"
        log.faults.append(Fault("file_broken", "", sized(path), text, AGAIN))
        return None


def _walked(events: Any) -> Graph:
    """The graph of a stream of XML elements, each let go once it is read."""
    names: dict[str, str] = {}
    graph = Graph({}, [], {}, [])
    for _, element in events:
        sort = str(element.tag).rpartition("}")[2]
        if sort == "key":
            names[element.get("id", "")] = element.get("attr.name") or element.get("id", "")
        elif sort in ("node", "edge"):
            held = {names.get(d.get("key"), d.get("key")): (d.text or "").strip() for d in element}
            held = {k: v for k, v in held.items() if v}
            if sort == "node":
                node = element.get("id", "")
                if graph.nodes.setdefault(node, held) != held:
                    graph.twice.append(node)
            else:
                graph.edges.append((element.get("source", ""), element.get("target", ""), held))
            element.clear()
        elif sort == "data" and str(element.getparent().tag).endswith("graph"):
            graph.about[names.get(element.get("key"), element.get("key"))] = (element.text or "").strip()
    return graph


def _system(said: str | None) -> str | None:
    """The graph's system of coordinates; OSMnx wrote {'init': 'epsg:4326'} once."""
    if not said or said.lower() in ("none", "nan"):
        return None
    old = re.fullmatch(r"\{\s*'init'\s*:\s*'([\w:]+)'.*\}", said)
    return old[1].upper() if old else said


def _places(graph: Graph, log: Log) -> dict[str, tuple[float, float]] | None:
    """Where the nodes are; None where none says so. Nodes that lack it, or say something else, are faults."""
    pair = next((p for p in PLACES if any(set(p) <= v.keys() for v in graph.nodes.values())), None)
    if pair is None:
        return None
    places = {}
    for node, values in graph.nodes.items():
        found = tuple(_number(values.get(c)) for c in pair)
        if np.isfinite(found).all():
            places[node] = (found[0], found[1])
        else:
            text = ",".join(values.get(c, "") for c in pair)
            fault = "节点没有坐标" if text == "," else "坐标不是数字"
            log.faults.append(Fault("node_nowhere", f"坐标(节点 {node})", text, fault, "补上或改正坐标"))
    return places


def _number(text: str | None) -> float:
    try:
        return float(text) if text else np.nan
    except ValueError:
        return np.nan


def _lengths(given: Given, reasons: np.ndarray, log: Log) -> None:
    """Fill in the lengths of the arcs that stay; those that cannot be are faults, empty ones are left to measure."""
    key = next((k for k in LENGTHS if any(k in t for t in given.tags)), None)
    for i, tags in enumerate(given.tags):
        if reasons[i] or (text := tags.get(key or "")) is None:
            continue
        value = _number(text)
        if np.isfinite(value) and 0 <= value <= 1_000_000:
            given.length[i] = value
            continue
        fault = "长度是负数" if value < 0 else "长度超过一千公里" if np.isfinite(value) else "长度不是数字"
        reasons[i] = fault
        where = f"{key}({given.labels[i]})"
        log.faults.append(Fault("length_bad", where, text, fault, "改为以米计的长度;留空则按图形量"))


def _courses(given: Given, reasons: np.ndarray, log: Log) -> None:
    """Fill in the courses of the arcs that stay; what is no line is a fault."""
    import shapely

    key = next((k for k in COURSES if any(k in t for t in given.tags)), None)
    some = [i for i, t in enumerate(given.tags) if key in t and not reasons[i]]
    if not some:
        return
    assert given.courses is not None
    texts = objects([given.tags[i][key or ""] for i in some])
    shapes = shapely.force_2d(shapely.from_wkt(texts, on_invalid="ignore"))
    sound = (shapely.get_type_id(shapes) == 1) & ~shapely.is_empty(shapes)
    for i, text, shape, is_sound in zip(some, texts, shapes, sound, strict=True):
        if is_sound and np.isfinite(shapely.get_coordinates(shape)).all():
            given.courses[i] = shape
        else:
            reasons[i] = "图形不对"
            where = f"{key}({given.labels[i]})"
            log.faults.append(
                Fault("course_bad", where, text[:80], "图形不是一条线(WKT LINESTRING)", "改正,或删去这一格")
            )


def _strangers(graph: Graph, given: Given, reasons: np.ndarray, log: Log) -> None:
    """Nodes that stand in the file twice and arcs to nodes it does not hold are faults; nodes without arcs are told."""
    for node in dict.fromkeys(graph.twice):
        text, remedy = "节点不止一处,坐标或其他内容不同", "只留一处,或给另一处换一个编号"
        log.faults.append(Fault("node_twice", f"节点 {node}", node, text, remedy))
    for i, ends in enumerate(zip(given.source, given.target, strict=True)):
        lacking = [n for n in ends if n not in graph.nodes]
        if lacking and not reasons[i]:
            reasons[i] = "端点不在文件里"
            text, remedy = "边的端点不在节点之中", "补上节点,或删去这条边"
            log.faults.append(Fault("node_missing", given.labels[i], "、".join(lacking), text, remedy))
    if alone := len(graph.nodes.keys() - set(given.source) - set(given.target)):
        log.notes.append(f"{alone} 个节点不在任何边上,{'照样保留' if given.spare else '没有读入'}")
