"""The fifteen-minute circle: who walks how far to which service, who is left out, where service is doubled.

The kernel counts in whole decimetres (an edge's ``length_m`` times ten, halves rounded up), so that a place at
exactly the limit is inside it and no float sum loses it. Every kind of edge is walked both ways; of parallel edges
the shortest counts; steps and slopes cost no extra time.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from . import rules
from .errors import RuleError, TableError, require

if TYPE_CHECKING:
    from .tables import Streets

IDLE = "idle"
BATCH = 4_000_000  # distances held at once
PLACES = ("place", "name", "kind", "service", "node", "township", "community", "capacity")
REACH = ("origin", "service", "node", "metres", "minutes", "within")
NEAREST = ("node", "service", "metres", "site")
COMPOUND = ("township", "community", "compound")
COVERAGE = ("township", "community", "service", "group", "minutes", "people", "covered", "share")


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
        raise TableError(f"点位编号重复,设施与用房须各不相同:{_some(twice)}")
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
    limit = _limit(speed, minutes)
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


def unplaced(communities: pd.DataFrame, streets: Streets) -> pd.DataFrame:
    """The compounds that no street answers for, with their people: the rows that ``coverage`` cannot count.

    communities : township, community, compound, node and the age columns. Returns township, community, compound,
    node (NaN, or not among the streets' nodes), people (persons of all ages). Raises TableError for missing columns.

    >>> from types import SimpleNamespace
    >>> town = SimpleNamespace(nodes=pd.DataFrame({"node": ["a"]}))
    >>> people = pd.DataFrame({"township": "甲镇", "community": ["乙村", "丙村"], "compound": "", "node": ["a", None],
    ...                        **{age: 1 for age in rules.value("circle.speed")}})
    >>> unplaced(people, town)[["community", "people"]].values.tolist()
    [['丙村', 6]]
    """
    ages = list(rules.value("circle.speed"))
    require(communities, [*COMPOUND, "node", *ages], "村社人口表")
    out = communities[~communities["node"].isin(streets.nodes["node"])]
    people = out[ages].fillna(0).sum(axis=1).round().astype("int64")
    return out[[*COMPOUND, "node"]].assign(people=people).reset_index(drop=True)


def coverage(near: pd.DataFrame, communities: pd.DataFrame) -> pd.DataFrame:
    """People within 5, 10 and 15 minutes of each service, by village or community and age group.

    near : what ``reach`` or ``nearest`` found. communities : township, community, compound, node and the age columns
    (missing ages count as 0); compounds without a node are left out: see ``unplaced``.

    Returns township, community, service (every one of ``circle.groups``, whether or not a place exists), group (the
    age groups it is for), minutes (of ``circle.minutes``, as far as ``near`` searched), people (persons), covered
    (persons whose own group's speed brings them to a place in time, the limit included), share (NaN without people).
    A service of ``siting.needs`` without an entry in ``circle.groups`` (``startup`` and ``disability`` as the rules
    stand: age does not tell who needs them) is not counted and has no rows; a county may add its age groups in
    rules.yaml. Raises TableError for missing columns, RuleError for a service that neither rule knows.

    What it does not show: who really goes; whether there is room for all; people of other compounds turned away.
    Source: location covering (Toregas and others 1971); speeds and minutes in ``rules.table()`` with their status.

    >>> near = pd.DataFrame({"node": ["a"], "service": "childcare", "metres": 300.0})  # 5 minutes at 60 m a minute
    >>> people = pd.DataFrame({"township": "甲镇", "community": "乙村", "compound": "", "node": ["a", "b"],
    ...                        **{age: 1 for age in rules.value("circle.speed")}})
    >>> cover = coverage(near, people).query("service == 'childcare'")
    >>> cover[["group", "minutes", "people", "covered"]].values.tolist()
    [['age_0_2', 5, 2, 1], ['age_0_2', 10, 2, 1], ['age_0_2', 15, 2, 1]]
    """
    people, metres = _demand(near, communities)
    speed, far = rules.value("circle.speed"), _within(near)
    units, code = _units(people)
    steps = [minutes for minutes in rules.value("circle.minutes") if minutes <= far]
    groups = rules.value("circle.groups")
    keys = [(service, age, minutes) for service in groups for age in groups[service] for minutes in steps]
    total, covered = np.zeros((2, len(units), len(keys)), np.int64)
    for k, (service, age, minutes) in enumerate(keys):
        size = people[age].to_numpy()
        inside = metres[service] <= _limit(speed[age], minutes)
        np.add.at(total[:, k], code, size)
        np.add.at(covered[:, k], code, np.where(inside, size, 0))
    out = units.loc[units.index.repeat(len(keys))].reset_index(drop=True)
    for i, (column, kind) in enumerate({"service": "str", "group": "str", "minutes": "int64"}.items()):
        out[column] = pd.Series([key[i] for key in keys] * len(units), dtype=kind)
    out["people"], out["covered"] = total.ravel(), covered.ravel()
    out["share"] = out["covered"] / out["people"].where(out["people"] > 0)
    return out[list(COVERAGE)]


def gaps(near: pd.DataFrame, communities: pd.DataFrame) -> pd.DataFrame:
    """Who has no place of a service within fifteen minutes: one row a (compound, service), most people first.

    near, communities : as for ``coverage``, and the same services are left out. The time is the longest of
    ``circle.minutes``.

    Returns township, community, compound, service, people (persons of the groups the service is for, none of its
    places in time at their own speed), metres (to the nearest place as far as ``near`` searched, else NaN).
    Raises TableError for missing columns or where ``near`` was searched for a shorter time.

    What it does not show: whether those people want the service, or buy it elsewhere.

    >>> near = pd.DataFrame({"node": ["a"], "service": "childcare", "metres": 900.1})
    >>> people = pd.DataFrame({"township": "甲镇", "community": "乙村", "compound": "", "node": ["a"],
    ...                        **{age: 7 for age in rules.value("circle.speed")}})
    >>> gaps(near, people).query("service == 'childcare'")[["people", "metres"]].to_dict("records")
    [{'people': 7, 'metres': 900.1}]
    """
    people, metres = _demand(near, communities)
    speed, limit = rules.value("circle.speed"), _longest(near)
    parts = []
    for service, ages in rules.value("circle.groups").items():
        inside = np.stack([metres[service] <= _limit(speed[a], limit) for a in ages], axis=1)
        out = np.where(inside, 0, people[ages].to_numpy()).sum(axis=1)
        far = np.where(np.isfinite(metres[service]), metres[service] / 10, np.nan)
        parts.append(people[list(COMPOUND)].assign(service=service, people=out, metres=far))
    whole = pd.concat(parts, ignore_index=True).astype({"service": "str", "people": "int64", "metres": "float64"})
    order = ["people", *COMPOUND, "service"]
    return whole[whole["people"] > 0].sort_values(order, ascending=[False, *[True] * 4], ignore_index=True)


def overlap(near: pd.DataFrame, communities: pd.DataFrame) -> pd.DataFrame:
    """Where a service is doubled: compounds with two or more of its places in fifteen minutes, most places first.

    near : what ``reach`` found (``nearest`` holds only one place a node). communities : as for ``coverage``,
    and the same services are left out.

    Returns township, community, compound, service, sites (number of places within the longest of
    ``circle.minutes`` even for the slowest group the service is for: doubling is understated rather than
    overstated), people (persons of those groups). Raises TableError as ``gaps`` does.

    What it does not show: crowding (two full places are no waste); idle rooms, which serve nobody, are left out.

    >>> near = pd.DataFrame({"origin": ["S1", "F1"], "node": "a", "service": "childcare", "metres": [0.0, 900.0]})
    >>> people = pd.DataFrame({"township": "甲镇", "community": "乙村", "compound": "", "node": ["a"],
    ...                        **{age: 7 for age in rules.value("circle.speed")}})
    >>> overlap(near, people)[["service", "sites", "people"]].values.tolist()
    [['childcare', 2, 7]]
    """
    require(near, ["origin", "service", "node", "metres"], "可达范围")
    people, _ = _demand(near, communities)
    speed, limit = rules.value("circle.speed"), _longest(near)
    near = near[near["node"].isin(people["node"])]
    steps = _decimetres(near["metres"])
    parts = []
    for service, ages in rules.value("circle.groups").items():
        slowest = min(_limit(speed[a], limit) for a in ages)
        inside = near[(near["service"] == service) & (steps <= slowest)]
        sites = people["node"].map(inside.groupby("node")["origin"].nunique()).fillna(0).astype("int64")
        size = people[ages].sum(axis=1)
        parts.append(people[list(COMPOUND)].assign(service=service, sites=sites, people=size))
    whole = pd.concat(parts, ignore_index=True).astype({"service": "str", "sites": "int64", "people": "int64"})
    whole = whole[(whole["sites"] > 1) & (whole["people"] > 0)]
    order = ["sites", "people", *COMPOUND, "service"]
    return whole.sort_values(order, ascending=[False, False, *[True] * 4], ignore_index=True)


def _some(names: Any, most: int = 8) -> str:
    """Names joined for a message, cut after ``most``."""
    names = [str(n) for n in names]
    return "、".join(names[:most]) + (f" 等 {len(names)} 处" if len(names) > most else "")


def _limit(speed: float, minutes: float) -> int:
    """Whole decimetres walked in ``minutes`` at ``speed`` metres a minute."""
    return int(Decimal(str(speed)) * Decimal(str(minutes)) * 10)


def _decimetres(metres: pd.Series) -> np.ndarray:
    """Metres as whole decimetres (halves up), inf kept."""
    return np.floor(np.round(metres.to_numpy(float) * 10, 6) + 0.5)


def _within(near: pd.DataFrame) -> float:
    """The time ``near`` was searched for; inf for ``nearest``, which has no limit."""
    return float(near["within"].min()) if "within" in near and len(near) else np.inf


def _longest(near: pd.DataFrame) -> float:
    """The longest of ``circle.minutes``, refused where ``near`` was searched for less."""
    longest = max(rules.value("circle.minutes"))
    if _within(near) < longest:
        raise TableError(
            f"可达范围只算到 {_within(near):g} 分钟,这里需要 {longest:g} 分钟;请以 minutes={longest:g} 重算"
        )
    return longest


def _placed(streets: Streets, places: pd.DataFrame) -> pd.DataFrame:
    """origin, service, node, at (position of the node) of every place; faults named."""
    key = next((k for k in ("place", "site", "room") if k in places), "place")
    require(places, [key, "service", "node"], "点位表")
    out = places[[key, "service", "node"]].rename(columns={key: "origin"}).astype("str").reset_index(drop=True)
    index = pd.Index(streets.nodes["node"].astype("str"))
    if not index.is_unique:
        raise TableError(f"路网节点编号重复:{_some(index[index.duplicated()].unique())}")
    out["at"] = index.get_indexer(pd.Index(out["node"]))
    lost = out[out["at"] < 0]
    if len(lost):
        names = [f"{o}(节点 {n})" for o, n in zip(lost["origin"], lost["node"].fillna("空"), strict=True)]
        raise TableError(f"点位所在节点不在路网中:{_some(names)}")
    if out["service"].isna().any():
        raise TableError(f"点位没有服务类别:{_some(out.loc[out['service'].isna(), 'origin'])}")
    return out


def _matrix(streets: Streets) -> csr_array:
    """The streets as a symmetric matrix of decimetres: of parallel edges the shortest, zero lengths kept."""
    require(streets.edges, ["source", "target", "length_m"], "路网路段表")
    index = pd.Index(streets.nodes["node"].astype("str"))
    ends = np.stack([index.get_indexer(pd.Index(streets.edges[c].astype("str"))) for c in ("source", "target")])
    length = _decimetres(streets.edges["length_m"])
    edge = streets.edges["edge" if "edge" in streets.edges else "source"].to_numpy(object)
    for bad, what in ((ends < 0).any(axis=0), "路段的起点或终点不在路网节点中"), (~(length >= 0), "路段长度缺失或为负"):
        if np.any(bad):
            raise TableError(f"{what}:{_some(edge[bad])}")
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


def _demand(near: pd.DataFrame, communities: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    """The placed compounds with whole people in each age column, and decimetres to each service's nearest place."""
    groups, ages = rules.value("circle.groups"), list(rules.value("circle.speed"))
    require(near, ["service", "node", "metres"], "可达范围")
    require(communities, [*COMPOUND, "node", *ages], "村社人口表")
    strange = sorted(set(near["service"].dropna()) - {*groups, *rules.value("siting.needs"), IDLE})
    if strange:
        raise RuleError(f"规则 circle.groups 与 siting.needs 都没有这些服务:{_some(strange)}")
    people = communities.loc[communities["node"].notna(), [*COMPOUND, "node", *ages]].reset_index(drop=True)
    people[ages] = people[ages].fillna(0).astype(float).round().astype("int64")
    index = pd.Index(people["node"].astype("str").unique())
    at = index.get_indexer(pd.Index(near["node"].astype("str")))
    kind = pd.Index(list(groups)).get_indexer(pd.Index(near["service"]))
    mine = (at >= 0) & (kind >= 0)
    best = np.full((len(groups), len(index)), np.inf)
    np.minimum.at(best, (kind[mine], at[mine]), _decimetres(near["metres"])[mine])
    return people, dict(zip(groups, best[:, index.get_indexer(pd.Index(people["node"].astype("str")))], strict=True))


def _units(people: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray]:
    """township, community of every unit in the order given, and the unit of each compound."""
    names = people[["township", "community"]]
    code = names.groupby(["township", "community"], sort=False).ngroup().to_numpy()
    return names[~names.duplicated()].astype("str").reset_index(drop=True), code
