"""Edges that name their ends and bring their lengths: what a graph file and an edge table have in common."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .account import Fault, Log
from .network import Ways, objects
from .projecting import onto, plane
from .walkable import kind, name

APART = 1.0  # metres between the end of a course and its node beyond which the course is not this edge's


class Given(NamedTuple):
    """Edges in the order of the file. places : node -> coordinates as given, NaN unknown; None where no node has any.

    length : metres, NaN to measure. labels : how messages call each edge. rows : its row in a table, None in a graph.
    courses : shapely lines in the coordinates of ``places``, None where straight. edge : ids, None to form them.
    spare : nodes to keep though nothing may hang on them. heights : of nodes, metres. slope : of edges, NaN unknown.
    """

    source: list[str]
    target: list[str]
    places: dict[str, tuple[float, float]] | None
    length: np.ndarray
    tags: list[dict[str, str]]
    labels: list[str]
    rows: list[int | None]
    courses: np.ndarray | None = None
    edge: list[str | None] | None = None
    spare: tuple[str, ...] = ()
    heights: dict[str, float] | None = None
    slope: np.ndarray | None = None
    sheet: str = ""


def ways(given: Given, reasons: np.ndarray, crs: Any, log: Log) -> tuple[Ways, str] | None:
    """The edges whose reason is "" as ways, and the system of their nodes ("" without coordinates).

    ``reasons`` is filled where an edge's nodes are not where they can be. None where no edge or no plane is left.
    """
    log.rows.append((given.sheet, reasons))
    some = np.flatnonzero(reasons == "").tolist()
    ids = ordered({n for i in some for n in (given.source[i], given.target[i])} | set(given.spare))
    placed = _placed(given, ids, some, reasons, crs, log)
    if placed is None:
        return None
    xy, system = placed
    at = {n: i for i, n in enumerate(ids)}
    stay = _measurable(given, [i for i in some if reasons[i] == ""], at, xy, reasons, log)
    if not stay:
        return None
    ends = np.array([(at[given.source[i]], at[given.target[i]]) for i in stay], np.int64)
    lines = _courses(given, stay, ends, xy, (crs, system), log)
    pick = np.array(stay)
    formed = [f"{ids[a]}→{ids[b]}" for a, b in np.sort(ends, axis=1).tolist()]
    edge = formed if given.edge is None else [given.edge[i] or f for i, f in zip(stay, formed, strict=True)]
    spare = [at[n] for n in given.spare]
    used = np.unique(np.concatenate([ends.ravel(), np.array(spare, np.int64)]))
    made = Ways(
        nodes=objects(ids)[used],
        xy=xy[used],
        ends=np.searchsorted(used, ends),
        length=given.length[pick],
        kind=objects([kind(given.tags[i]) for i in stay]),
        name=objects([name(given.tags[i]) for i in stay]),
        edge=objects(edge),
        lines=lines,
        item=pick,
        height=np.array([(given.heights or {}).get(n, np.nan) for n in objects(ids)[used]], float),
        slope=None if given.slope is None else np.abs(given.slope[pick]),
    )
    return made, system


def ordered(ids: set[str]) -> list[str]:
    """Ids in the order of their numbers where all are whole numbers, else of their text.

    >>> ordered({"10", "9"}), ordered({"b10", "b9"})
    (['9', '10'], ['b10', 'b9'])
    """
    if all(i.lstrip("-").isdecimal() for i in ids):
        return sorted(ids, key=lambda i: (int(i), i))
    return sorted(ids)


def _placed(
    given: Given, ids: list[str], some: list[int], reasons: np.ndarray, crs: Any, log: Log
) -> tuple[np.ndarray, str] | None:
    """Metres of the nodes (NaN unknown) and their system; edges at nodes that cannot be there get their reason."""
    xy = np.full((len(ids), 2), np.nan)
    if given.places is None:
        return xy, ""
    xy = np.array([given.places.get(n, (np.nan, np.nan)) for n in ids], float).reshape(-1, 2)
    known = np.flatnonzero(np.isfinite(xy).all(1))
    if not len(known):
        return xy, ""
    laid = plane(xy[known], crs, log, known, ids)
    if laid is None:
        return None
    xy[known] = np.where(laid.bad[:, None], np.nan, laid.xy)
    lost = {ids[k] for k in known[laid.bad].tolist()}
    for i in some if lost else ():
        if given.source[i] in lost or given.target[i] in lost:
            reasons[i] = "端点坐标不对"
    return xy, laid.crs


def _measurable(
    given: Given, stay: list[int], at: dict[str, int], xy: np.ndarray, reasons: np.ndarray, log: Log
) -> list[int]:
    """The edges that have a length or can be measured; faults for the others, a note of how many are measured."""
    known = np.isfinite(xy).all(1)
    good, measured = [], 0
    for i in stay:
        if np.isnan(given.length[i]):
            if not (known[at[given.source[i]]] and known[at[given.target[i]]]):
                reasons[i] = fault = "没有长度,两端也没有坐标"
                where, remedy = f"长度({given.labels[i]})", "填写长度(米),或给出两端的坐标"
                log.faults.append(Fault("length_missing", where, "", fault, remedy, given.rows[i], given.sheet))
                continue
            measured += 1
        good.append(i)
    if measured:
        log.notes.append(f"{measured} 条边没有长度,按图形或两端坐标量得")
    return good


def _courses(
    given: Given, stay: list[int], ends: np.ndarray, xy: np.ndarray, systems: tuple[Any, str], log: Log
) -> np.ndarray | None:
    """The courses on the plane, each from the first end to the second; None where straight or not this edge's."""
    import shapely

    if given.courses is None or not any(g is not None for g in given.courses[stay]):
        return None
    courses = given.courses[stay]
    bent = np.flatnonzero([g is not None and len(g.coords) > 2 for g in courses])
    lines = np.full(len(courses), None, object)
    points, of = shapely.get_coordinates(courses[bent], return_index=True)
    points = onto(points, *systems)
    first = np.flatnonzero(np.r_[True, of[1:] != of[:-1]]) if len(of) else np.zeros(0, np.int64)
    tips = points[first], points[np.r_[first[1:], len(of)] - 1] if len(of) else points
    nodes = xy[ends[bent, 0]], xy[ends[bent, 1]]
    gaps = [[np.hypot(*(t - n).T) for n in nodes] for t in tips]
    straight, turned = np.fmax(gaps[0][0], gaps[1][1]), np.fmax(gaps[0][1], gaps[1][0])
    loop = ends[bent, 0] == ends[bent, 1]
    fits = ~(np.minimum(straight, turned) > APART) & ~loop
    if wrong := int((~fits & ~loop).sum()):
        log.notes.append(f"{wrong} 条边的图形两端不在它的节点上,按直线处理(长度仍按文件)")
    made = shapely.linestrings(points, indices=of) if len(of) else np.zeros(0, object)
    made = np.where(turned < straight, shapely.reverse(made), made)
    lines[bent[fits]] = made[fits]
    return lines
