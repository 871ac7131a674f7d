"""The search: which place is how far from which street node.

The kernel counts in whole decimetres (an edge's ``length_m`` times ten, halves rounded up), so that a place at
exactly the limit is inside it and no float sum loses it. Every kind of edge is walked both ways; of parallel edges
the shortest counts; steps and slopes cost no extra time.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from .. import rules
from ..errors import TableError, require
from ..walking import decimetres, stretch
from .people import IDLE, some

if TYPE_CHECKING:
    from ..tables import Streets

BATCH = 4_000_000  # distances held at once
PLACES = ("place", "name", "kind", "service", "node", "township", "community", "capacity")
REACH = ("origin", "service", "node", "metres", "minutes", "within")
NEAREST = ("node", "service", "metres", "site")


def places(sites: pd.DataFrame, rooms: pd.DataFrame) -> pd.DataFrame:
    """Every place that serves or could serve, one row each: sites first, then rooms.

    sites : site, name, service, node, township, community, capacity (persons). rooms : room, name, service, node,
    township, community; an idle room has the service ``idle``.

    Returns place (the site's or room's id), name, kind (``site`` or ``room``), service, node, township, community,
    capacity (NaN for rooms). Raises TableError for missing columns and for an id that occurs twice.

    What it does not show: whether a room lets in people of other compounds (``own_compound_only``): all count as open.

    >>> sites = pd.DataFrame({"site": ["S1"], "name": "照料中心", "service": "elder_care", "node": "a",
    ...                       "township": "甲街道", "community": "乙村", "capacity": 30})
    >>> rooms = sites.rename(columns={"site": "room"}).assign(room="F1", service="idle").drop(columns="capacity")
    >>> places(sites, rooms)[["place", "kind", "service", "capacity"]]
      place  kind     service  capacity
    0    S1  site  elder_care        30
    1    F1  room        idle      <NA>
    """
    shared = ["name", "service", "node", "township", "community"]
    require(sites, ["site", *shared, "capacity"], "服务设施表")
    require(rooms, ["room", *shared], "社区用房表")
    parts = [
        sites[["site", *shared, "capacity"]].rename(columns={"site": "place"}).assign(kind="site"),
        rooms[["room", *shared]].rename(columns={"room": "place"}).assign(kind="room", capacity=np.nan),
    ]
    text = {c: "str" for c in PLACES if c != "capacity"}
    out = pd.concat([p.astype({**text, "capacity": "Int64"}) for p in parts], ignore_index=True)[list(PLACES)]
    twice = out.loc[out["place"].duplicated(), "place"].unique()
    if len(twice):
        raise TableError(f"点位编号重复,设施与用房须各不相同:{some(twice)}")
    return out


def reach(streets: Streets, places: pd.DataFrame, *, minutes: float = 15) -> pd.DataFrame:
    """Every street node within ``minutes`` of each place, for the fastest age group: one row a (place, node).

    streets : ``nodes`` (node) and ``edges`` (source, target, length_m). places : frame of sites, of rooms, or of
    ``places(sites, rooms)``; its service and node are read.

    Returns origin (the place), service (``idle`` for idle rooms), node, metres (on foot along the streets),
    minutes (at the fastest age group's speed in ``circle.speed``), within (``minutes`` as asked: later rooms refuse
    to answer for longer times than were searched). Sorted as the places are given, then nearest node first.
    Raises TableError naming the places or edges whose nodes are not in the streets.

    What it does not show: steps, slopes, lights and gates; a wheelchair's way; whether the place has room left.
    Source: shortest paths after Dijkstra (1959), as built in scipy.

    >>> from types import SimpleNamespace
    >>> streets = SimpleNamespace(  # a --800-- b --401-- c
    ...     nodes=pd.DataFrame({"node": list("abc")}),
    ...     edges=pd.DataFrame({"source": ["a", "b"], "target": ["b", "c"], "length_m": [800.0, 401.0]}))
    >>> sites = pd.DataFrame({"site": ["S1"], "service": "meals", "node": "a"})
    >>> reach(streets, sites, minutes=15)
      origin service node  metres  minutes  within
    0     S1   meals    a     0.0      0.0    15.0
    1     S1   meals    b   800.0     10.0    15.0
    """
    found = _placed(streets, places)
    speed = max(rules.value("circle.speed").values())
    limit = stretch(speed, minutes)
    where, inverse = np.unique(found["at"].to_numpy(np.int64), return_inverse=True)
    balls = [_ball(row, limit) for rows in _rows(_matrix(streets), where, limit) for row in rows]
    hits = np.concatenate([balls[i][0] for i in inverse] or [np.empty(0, np.int64)])
    metres = np.concatenate([balls[i][1] for i in inverse] or [np.empty(0)]) / 10
    counts = np.array([len(balls[i][0]) for i in inverse], np.int64)
    out = found[["origin", "service"]].loc[found.index.repeat(counts)].reset_index(drop=True)
    out["node"] = streets.nodes["node"].astype("str").take(hits).reset_index(drop=True)
    return out.assign(metres=metres, minutes=metres / speed, within=float(minutes))[list(REACH)]


def nearest(streets: Streets, places: pd.DataFrame) -> pd.DataFrame:
    """The nearest place of every service for every street node: one row a (node, service).

    streets, places : as for ``reach``; idle rooms are left out. Of places equally near, the smaller id counts.

    Returns node, service (those of ``circle.groups``, then any other in ``places``), metres (inf where no place can
    be walked to), site (its id, NaN where none). ``coverage`` and ``gaps`` take it in the place of ``reach``.
    Raises TableError as ``reach`` does. What it does not show: as for ``reach``.

    >>> from types import SimpleNamespace
    >>> streets = SimpleNamespace(  # a --70-- b    c
    ...     nodes=pd.DataFrame({"node": list("abc")}),
    ...     edges=pd.DataFrame({"source": ["a"], "target": ["b"], "length_m": [70.0]}))
    >>> sites = pd.DataFrame({"site": ["S1"], "service": "meals", "node": "a"})
    >>> nearest(streets, sites).query("service == 'meals'").values.tolist()
    [['a', 'meals', 0.0, 'S1'], ['b', 'meals', 70.0, 'S1'], ['c', 'meals', inf, nan]]
    """
    found = _placed(streets, places)
    graph = _matrix(streets)
    nodes = streets.nodes["node"].astype("str").reset_index(drop=True)
    parts = []
    known = list(rules.value("circle.groups"))
    for service in [*known, *sorted(set(found["service"]) - {*known, IDLE})]:
        mine = found[found["service"] == service].sort_values("origin")
        metres, rank = _nearest(graph, mine["at"].to_numpy(np.int64))
        ids = np.append(mine["origin"].to_numpy(object), np.nan)
        site = pd.Series(ids[rank], dtype="str")
        parts.append(nodes.to_frame("node").assign(service=service, metres=metres, site=site))
    return pd.concat(parts, ignore_index=True).astype({"service": "str"})[list(NEAREST)]


def _placed(streets: Streets, places: pd.DataFrame) -> pd.DataFrame:
    """origin, service, node, at (position of the node) of every place; faults named."""
    key = next((k for k in ("place", "site", "room") if k in places), "place")
    require(places, [key, "service", "node"], "点位表")
    out = places[[key, "service", "node"]].rename(columns={key: "origin"}).astype("str").reset_index(drop=True)
    index = pd.Index(streets.nodes["node"].astype("str"))
    if not index.is_unique:
        raise TableError(f"路网节点编号重复:{some(index[index.duplicated()].unique())}")
    out["at"] = index.get_indexer(pd.Index(out["node"]))
    lost = out[out["at"] < 0]
    if len(lost):
        names = [f"{o}(节点 {n})" for o, n in zip(lost["origin"], lost["node"].fillna("空"), strict=True)]
        raise TableError(f"点位所在节点不在路网中:{some(names)}")
    if out["service"].isna().any():
        raise TableError(f"点位没有服务类别:{some(out.loc[out['service'].isna(), 'origin'])}")
    return out


def _matrix(streets: Streets) -> csr_array:
    """The streets as a symmetric matrix of decimetres: of parallel edges the shortest, zero lengths kept."""
    require(streets.edges, ["source", "target", "length_m"], "路网路段表")
    index = pd.Index(streets.nodes["node"].astype("str"))
    ends = np.stack([index.get_indexer(pd.Index(streets.edges[c].astype("str"))) for c in ("source", "target")])
    length = decimetres(streets.edges["length_m"])
    edge = streets.edges["edge" if "edge" in streets.edges else "source"].to_numpy(object)
    for bad, what in ((ends < 0).any(axis=0), "路段的起点或终点不在路网节点中"), (~(length >= 0), "路段长度缺失或为负"):
        if np.any(bad):
            raise TableError(f"{what}:{some(edge[bad])}")
    a, b = np.concatenate([ends, ends[::-1]], axis=1)
    length = np.concatenate([length, length])
    order = np.lexsort((length, b, a))
    a, b, length = a[order], b[order], length[order]
    first = np.ones(len(a), bool)
    first[1:] = (a[1:] != a[:-1]) | (b[1:] != b[:-1])
    first &= a != b
    start = np.concatenate([[0], np.cumsum(np.bincount(a[first], minlength=len(index)))])
    return csr_array((length[first], b[first], start), shape=(len(index), len(index)))


def _rows(graph: csr_array, where: np.ndarray, limit: int) -> Iterator[np.ndarray]:
    """Distances from each of ``where``, inf beyond ``limit``, so many origins at a time that memory stays bounded."""
    size = max(1, BATCH // max(1, graph.shape[0]))
    for i in range(0, len(where), size):
        yield dijkstra(graph, indices=where[i : i + size], limit=limit)


def _ball(row: np.ndarray, limit: int) -> tuple[np.ndarray, np.ndarray]:
    """Positions of the nodes within ``limit``, nearest first, and their distances."""
    hit = np.flatnonzero(row <= limit)
    hit = hit[np.argsort(row[hit], kind="stable")]
    return hit, row[hit]


def _nearest(graph: csr_array, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Metres to the nearest of the nodes ``at`` and its position in ``at`` (-1 where none).

    One search from a node of our own, joined to the k-th of ``at`` by an edge of length k while all streets are
    stretched by len(at): the quotient is the distance, the remainder the smallest k at that distance.
    """
    n, many = graph.shape[0], max(1, len(at))
    data = np.concatenate([graph.data * many, np.arange(len(at), dtype=float)])
    start = np.append(graph.indptr, len(data))
    wide = csr_array((data, np.concatenate([graph.indices, at]), start), shape=(n + 1, n + 1))
    found = dijkstra(wide, indices=n)[:n]
    there = np.isfinite(found)
    whole = np.where(there, found, 0).astype(np.int64)
    return np.where(there, whole // many / 10, np.inf), np.where(there, whole % many, -1)
