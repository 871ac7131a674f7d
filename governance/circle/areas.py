"""Areas: how far fifteen minutes go (isochrones), and neighbouring homes with the same gaps joined into one area."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from .. import rules
from ..errors import TableError, require
from ..walking import decimetres, stretch
from .people import COMPOUND, IDLE, key, some, speeds
from .search import nearest, reach

if TYPE_CHECKING:
    from ..tables import Streets

ISOCHRONES = ("place", "service", "minutes", "pace", "length_km", "area_km2", "geometry")
CLUSTERS = ("area", "name", "township", "compounds", "missing", "people", "node")  # then the age columns


class _Ground(NamedTuple):
    """The streets as the cutting needs them."""

    ends: np.ndarray  # positions of source and target, 2 x edges
    length: np.ndarray  # decimetres
    xy: np.ndarray  # nodes x 2
    lines: np.ndarray  # None: straight
    bare: np.ndarray  # nodes no edge with a length leads to: they are drawn as points


def isochrones(
    streets: Streets,
    places: pd.DataFrame,
    *,
    minutes: Sequence[float] | None = None,
    pace: str | float | None = None,
    by: str = "service",
) -> pd.DataFrame:
    """How far people come in 5, 10 and 15 minutes: one row a (service, minutes), or a (place, minutes).

    streets : nodes (node, x, y in projected metres) and edges (source, target, length_m; geometry where they bend).
    places : as for ``reach``. minutes : None: ``circle.minutes``. pace : None: the slowest age group the service is
    for (of all groups where ages do not tell), so that everybody it is for can walk it; else as for ``coverage``.
    by : ``service`` (from any of its places; idle rooms are left out) or ``place``.

    Returns place (NaN by service), service, minutes, pace (metres a minute), length_km (streets walked within the
    time, parallel ones each, an edge partly walked cut exactly where the time ends), area_km2, geometry (a shapely
    polygon in the coordinates of the streets: those streets widened by ``circle.buffer`` metres on both sides, round
    at the ends; a longer time's area contains a shorter one's). Services in the order of ``circle.groups``, places
    as given, minutes rising. ``attrs["crs"]`` is the streets' crs. Raises TableError for missing columns, nodes
    without coordinates, minutes that are not above 0, another ``by``, and as ``reach`` does.

    What it does not show: the inside of blocks farther from a street than the buffer; barriers that no street shows.
    The area depends on the buffer: compare areas of one buffer only.

    >>> from types import SimpleNamespace
    >>> streets = SimpleNamespace(crs="",  # a ------400------ b: 5 minutes at 45 m a minute are 225 m
    ...     nodes=pd.DataFrame({"node": ["a", "b"], "x": [0.0, 400.0], "y": 0.0}),
    ...     edges=pd.DataFrame({"source": ["a"], "target": ["b"], "length_m": [400.0]}))
    >>> sites = pd.DataFrame({"site": ["S1"], "service": "meals", "node": "a"})
    >>> isochrones(streets, sites)[["service", "minutes", "pace", "length_km", "area_km2"]].round(4)
      service  minutes  pace  length_km  area_km2
    0   meals        5  45.0      0.225    0.0132
    1   meals       10  45.0      0.400    0.0220
    2   meals       15  45.0      0.400    0.0220
    """
    times = sorted(set(rules.value("circle.minutes") if minutes is None else minutes))
    if by not in ("service", "place") or not times or not all(0 < m < math.inf for m in times):
        raise TableError(f"by 应为 service 或 place,minutes 应大于 0;所给为 by={by}、minutes={times}")
    ground = _ground(streets)
    rows = []
    for place, service, steps in _distances(streets, places, by, times, pace):
        speed = _slowest(service, pace)
        area: Any = None
        before = np.zeros((2, len(ground.length)))
        for m in times:
            walked = _walked(ground, steps, stretch(speed, m))
            there = ground.bare & (steps <= stretch(speed, m))
            area, before = _grown(ground, area, before, walked, there), walked
            metres = np.minimum(walked.sum(axis=0), ground.length).sum() / 10
            rows.append((place, service, m, speed, metres / 1000, area.area / 1e6, area))
    out = pd.DataFrame(rows, columns=list(ISOCHRONES))
    kinds = {"place": "str", "service": "str", "length_km": "float64", "area_km2": "float64", "geometry": "object"}
    whole = all(float(m).is_integer() for m in times)
    out = out.astype({**kinds, "minutes": "int64" if whole else "float64", "pace": "float64"})
    out.attrs["crs"] = streets.crs
    return out


def clusters(gaps: pd.DataFrame, communities: pd.DataFrame, streets: Streets) -> pd.DataFrame:
    """Gap areas: neighbouring compounds with the same missing services, joined and named, most people first.

    gaps : what ``gaps`` returned. communities : the same as were given to it. streets : nodes, and edges (source,
    target, length_m; name where streets are named). Two compounds are neighbours where the walk between their nodes
    is at most ``circle.neighbour`` metres; an area is what hangs together by such steps, so it may be longer. A
    compound whose node is not among the streets' nodes (``unplaced``) is an area of its own.

    Returns area (1, 2, … in the order shown), name (its communities, compounds and the street met most often at their
    nodes), township (joined by ``|`` where several), compounds (number), missing (services that people there lack,
    in the order of ``circle.groups``, joined by ``|``), people (persons without at least one of them, each counted
    once), node (street node of the compound with most of them) and every age column (persons of that age; their sum
    is people). Every compound of ``gaps`` is in exactly one area. Raises TableError for missing columns, a compound
    that occurs twice in ``communities`` or is not there or has no node, and as ``reach`` does.

    What it does not show: compounds that lack fewer or more services lie in areas of their own, however near.

    >>> from types import SimpleNamespace
    >>> streets = SimpleNamespace(nodes=pd.DataFrame({"node": ["a", "b"]}), edges=pd.DataFrame(
    ...     {"source": ["a"], "target": ["b"], "length_m": [200.0], "name": ["东街"]}))
    >>> people = pd.DataFrame({"township": "甲镇", "community": "乙村", "compound": ["东苑", "西苑"], "node": ["a", "b"],
    ...                        **{age: 7 for age in rules.value("circle.speed")}})
    >>> from governance.circle import gaps
    >>> nowhere = pd.DataFrame(columns=["service", "node", "metres"])
    >>> clusters(gaps(nowhere, people), people, streets)[["name", "compounds", "people"]].values.tolist()
    [['乙村(东苑、西苑)东街一带', 2, 84]]
    """
    ages = list(rules.value("circle.speed"))
    require(gaps, [*COMPOUND, "service", *ages], "缺口表")
    lacking = _lacking(gaps, communities, ages)
    lacking["area"] = _joined(lacking, streets)
    street = _street(streets)
    rows = []
    for _, part in lacking.groupby("area"):
        size = part[ages].sum()
        most = part.sort_values(["people", *COMPOUND], ascending=[False, True, True, True]).iloc[0]
        town = "|".join(sorted(set(part["township"])))
        name = _name(part, street)
        rows.append((name, town, len(part), most["missing"], int(size.sum()), most["node"], *size))
    out = pd.DataFrame(rows, columns=[*CLUSTERS[1:], *ages])
    out = out.sort_values(["people", "name", "missing", "node"], ascending=[False, True, True, True], ignore_index=True)
    out["area"] = np.arange(1, len(out) + 1)
    kinds = {**dict.fromkeys(["name", "township", "missing", "node"], "str")}
    return out.astype({**kinds, **dict.fromkeys(["area", "compounds", "people", *ages], "int64")})[[*CLUSTERS, *ages]]


def _lacking(gaps: pd.DataFrame, communities: pd.DataFrame, ages: list[str]) -> pd.DataFrame:
    """One row a compound of ``gaps``: its names, node, missing services, people without one of them by age."""
    require(communities, [*COMPOUND, "node"], "村社人口表")
    known = communities[[*COMPOUND, "node"]].assign(key=key(communities)).dropna(subset="node")
    known = known[known["key"].isin(key(gaps))]
    twice = known.loc[known["key"].duplicated(), "key"]
    lost = sorted(set(key(gaps)) - set(known["key"]))
    for bad, what in ((list(twice), "村社人口表中居民点重复"), (lost, "村社人口表中没有这些居民点,或没有路网节点")):
        if bad:
            raise TableError(f"{what}:{some(bad)}")
    order = {service: i for i, service in enumerate(rules.value("circle.groups"))}
    sorted_ = gaps.assign(key=key(gaps), order=gaps["service"].map(order)).sort_values(["key", "order"])
    by = sorted_.groupby("key")
    # an age group of one compound is left out of a service whole or not at all: the largest number is all of them
    out = by[ages].max().assign(missing=by["service"].agg(lambda s: "|".join(dict.fromkeys(s))))
    out = known.merge(out.reset_index(), on="key").sort_values("key", ignore_index=True)
    return out.assign(people=out[ages].sum(axis=1), node=out["node"].astype("str"))


def _joined(lacking: pd.DataFrame, streets: Streets) -> np.ndarray:
    """The number of the area each compound is in: same missing services, joined by walks to neighbours."""
    most = rules.value("circle.neighbour")
    minutes = math.ceil(most / max(rules.value("circle.speed").values()))
    nodes = pd.Index(sorted(set(lacking["node"]) & set(streets.nodes["node"].astype("str"))))
    near = reach(streets, pd.DataFrame({"place": nodes, "service": IDLE, "node": nodes}), minutes=max(minutes, 1))
    near = near[(decimetres(near["metres"]) <= stretch(most, 1)) & near["node"].isin(nodes)]
    at = lacking[["node", "missing"]].assign(row=np.arange(len(lacking)))
    pairs = near[["origin", "node"]].merge(at, left_on="origin", right_on="node", suffixes=("_far", ""))
    pairs = pairs.merge(at, left_on=["node_far", "missing"], right_on=["node", "missing"], suffixes=("", "_2"))
    links = coo_array((np.ones(len(pairs)), (pairs["row"], pairs["row_2"])), shape=(len(lacking),) * 2)
    return connected_components(links, directed=False)[1]


def _street(streets: Streets) -> pd.DataFrame:
    """node, name: the names of the streets that meet at each node."""
    if "name" not in streets.edges:
        return pd.DataFrame({"node": [], "name": []}, dtype="str")
    ends = [streets.edges[[c, "name"]].rename(columns={c: "node"}) for c in ("source", "target")]
    return pd.concat(ends).dropna(subset="name").astype("str").drop_duplicates()


def _name(part: pd.DataFrame, street: pd.DataFrame) -> str:
    """Communities, compounds and the street met at most of the nodes, as one name."""
    said = []
    for community, rows in part.groupby("community", sort=True):
        inner = sorted(c for c in rows["compound"].dropna().astype(str) if c)
        said.append(f"{community}({some(inner, 3)})" if inner else str(community))
    met = part[["node"]].merge(street, on="node")["name"].value_counts()
    names = sorted(met.index, key=lambda name: (-met[name], name))
    return some(said, 3) + (f"{names[0]}一带" if names else "")


def _ground(streets: Streets) -> _Ground:
    """The streets ready for cutting; nodes without coordinates named."""
    require(streets.nodes, ["node", "x", "y"], "路网节点表")
    require(streets.edges, ["source", "target", "length_m"], "路网路段表")
    xy = streets.nodes[["x", "y"]].to_numpy(float)
    bare = ~np.isfinite(xy).all(axis=1)
    if bare.any():
        raise TableError(f"路网节点没有坐标,无法画等时圈:{some(streets.nodes.loc[bare, 'node'])}")
    index = pd.Index(streets.nodes["node"].astype("str"))
    ends = np.stack([index.get_indexer(pd.Index(streets.edges[c].astype("str"))) for c in ("source", "target")])
    bent = "geometry" in streets.edges
    lines = streets.edges["geometry"].to_numpy(object) if bent else np.full(len(streets.edges), None, object)
    length = decimetres(streets.edges["length_m"])
    bare = np.ones(len(index), bool)
    bare[ends[:, length > 0]] = False
    return _Ground(ends, length, xy, lines, bare)


def _slowest(service: str, pace: str | float | None) -> float:
    """Metres a minute of the slowest age group a service is for."""
    speed = speeds(pace)
    return min(speed[age] for age in rules.value("circle.groups").get(service, list(speed)))


def _distances(
    streets: Streets, places: pd.DataFrame, by: str, times: list[float], pace: str | float | None
) -> list[tuple[Any, str, np.ndarray]]:
    """place (NaN by service), service, decimetres of every node (inf beyond the longest time) of each row to draw."""
    many = len(streets.nodes)
    if by == "service":
        found = nearest(streets, places)
        mine = set(places["service"].astype("str"))
        return [
            (np.nan, str(service), decimetres(part["metres"]))
            for service, part in found.groupby("service", sort=False)
            if service in mine
        ]
    own = max(rules.value("circle.speed").values())
    need = stretch(max(speeds(pace).values()), max(times))
    near = reach(streets, places, minutes=math.ceil(need / 10 / own))
    at = pd.Index(streets.nodes["node"].astype("str")).get_indexer(pd.Index(near["node"]))
    out = []
    for _, rows in near.assign(at=at).groupby(["origin", "service"], sort=False):
        steps = np.full(many, np.inf)
        steps[rows["at"].to_numpy()] = decimetres(rows["metres"])
        out.append((rows["origin"].iloc[0], str(rows["service"].iloc[0]), steps))
    return out


def _walked(ground: _Ground, steps: np.ndarray, limit: int) -> np.ndarray:
    """Decimetres walked into every edge from its source and from its target by those with ``limit`` to walk."""
    left = limit - steps[ground.ends]
    return np.clip(left, 0, ground.length)


def _grown(ground: _Ground, area: Any, before: np.ndarray, walked: np.ndarray, there: np.ndarray) -> Any:
    """The area and what the streets walked since it was drawn add to it: pieces and the nodes reached, widened."""
    import shapely

    more = (walked > before).any(axis=0)
    whole = more & (walked.sum(axis=0) >= ground.length)
    parts = [_pieces(ground, np.flatnonzero(whole), 0.0, 1.0)]
    for side in (0, 1):
        cut = np.flatnonzero(more & ~whole & (walked[side] > 0))
        share = walked[side][cut] / ground.length[cut]
        parts.append(_pieces(ground, cut, *((0.0, share) if side == 0 else (1.0 - share, 1.0))))
    wide = shapely.buffer(np.concatenate([*parts, shapely.points(ground.xy[there])]), rules.value("circle.buffer"))
    return shapely.union_all(wide if area is None else np.append(wide, area))


def _pieces(ground: _Ground, edges: np.ndarray, start: Any, end: Any) -> np.ndarray:
    """The lines of ``edges`` between two shares of their length (0 at the source, 1 at the target)."""
    import shapely
    from shapely.ops import substring

    a, b = ground.xy[ground.ends[:, edges]]
    start, end = (np.broadcast_to(share, len(edges)) for share in (start, end))
    along = b - a
    ends = np.stack([a + along * start[:, None], a + along * end[:, None]], axis=1)
    out = shapely.linestrings(ends).astype(object) if len(edges) else np.empty(0, object)
    for i, edge in enumerate(edges):
        line = ground.lines[edge]
        if isinstance(line, shapely.Geometry):
            out[i] = line if end[i] - start[i] == 1 else substring(line, start[i], end[i], normalized=True)
    return out
