"""The search: which place is how far from which street node, and within how many minutes.

Distances are counted in whole decimetres (an edge's ``length_m`` times ten, halves rounded up), so that a place at
exactly the limit is inside it and no float sum loses it. Every kind of edge is walked both ways; of parallel edges
the shortest counts; steps and slopes cost no extra time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from .. import rules
from ..errors import TableError, require
from ..walking import decimetres, stretch
from . import labels
from .network import FAR, network, numbered
from .people import IDLE, some

if TYPE_CHECKING:
    from ..tables import Streets

BATCH = 4_000_000  # distances held at once
PLACES = ("place", "name", "kind", "service", "node", "township", "community", "capacity")
REACH = ("origin", "service", "node", "metres", "minutes", "within")
NEAREST = ("node", "service", "metres", "site")
STEPS = ("node", "service", "minutes")


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
    if not 0 <= minutes < np.inf:
        raise TableError(f"minutes 应为不小于 0 的分钟数,现为 {minutes}")
    index = numbered(streets)
    found = _placed(index, places)
    net = network(streets, index)
    speed = max(rules.value("circle.speed").values())
    where, inverse = np.unique(found["at"].to_numpy(np.int64), return_inverse=True)
    balls = list(labels.balls(net, where, stretch(speed, minutes), room=BATCH))
    hits = np.concatenate([balls[i][0] for i in inverse] or [np.empty(0, np.int64)])
    metres = np.concatenate([balls[i][1] for i in inverse] or [np.empty(0)]) / 10
    counts = np.array([len(balls[i][0]) for i in inverse], np.int64)
    out = found[["origin", "service"]].loc[found.index.repeat(counts)].reset_index(drop=True)
    out["node"] = pd.Series(index.take(hits), dtype="str")
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
    index = numbered(streets)
    found = _placed(index, places).sort_values("origin", kind="stable")
    known = list(rules.value("circle.groups"))
    services = [*known, *sorted(set(found["service"]) - {*known, IDLE})]
    mine = [found[found["service"] == service] for service in services]
    away, rank = labels.nearest(network(streets, index), [m["at"].to_numpy(np.int64) for m in mine])
    metres = away.ravel() / 10
    metres[away.ravel() == FAR] = np.inf
    del away  # a million nodes make eight million rows: each column is made by itself, and what it took let go
    rank += np.where(rank < 0, 0, np.cumsum([0, *map(len, mine[:-1])])[:, None]).astype(np.int32)
    out = pd.DataFrame({"node": pd.Series(index).take(np.tile(np.arange(len(index)), len(services))).array})
    out["service"] = pd.Series(services, dtype="str").take(np.repeat(np.arange(len(services)), len(index))).array
    out["metres"] = metres
    return out.assign(site=pd.concat(mine)["origin"].array.take(rank.ravel(), allow_fill=True))


def steps(near: pd.DataFrame, *, speed: float) -> pd.DataFrame:
    """The first of ``circle.minutes`` (5, 10, 15) within which each node has each service: one row a (node, service).

    near : what ``nearest`` found. speed : metres a minute, such as an age group's in ``circle.speed``.

    Returns node, service (as in ``near``, in its order), minutes (Int64; NA beyond the longest of ``circle.minutes``
    or where no place can be walked to). A place at exactly the limit is inside it. Raises TableError for missing
    columns (``reach``, which knows the fastest group's fifteen minutes only, is refused) or a speed not above 0.
    What it does not show: as for ``reach``.

    >>> near = pd.DataFrame({"node": list("abc"), "service": "meals", "metres": [300.0, 300.1, np.inf], "site": "S1"})
    >>> steps(near, speed=60)["minutes"].tolist()
    [5, 10, <NA>]
    """
    require(near, NEAREST, "最近点位表")
    if not 0 < speed < np.inf:
        raise TableError(f"speed 应为大于 0 的步行速度(米/分钟),现为 {speed}")
    minutes = sorted(rules.value("circle.minutes"))
    first = np.searchsorted([stretch(speed, m) for m in minutes], decimetres(near["metres"]))
    taken = pd.array([*minutes, pd.NA], dtype="Int64").take(first)
    return near[["node", "service"]].assign(minutes=taken)


def _placed(index: pd.Index, places: pd.DataFrame) -> pd.DataFrame:
    """origin, service, node, at (position of the node) of every place; all faults named at once."""
    key = next((k for k in ("place", "site", "room") if k in places), "place")
    require(places, [key, "service", "node"], "点位表")
    out = places[[key, "service", "node"]].rename(columns={key: "origin"}).astype("str").reset_index(drop=True)
    out["at"] = index.get_indexer(pd.Index(out["node"]))
    nameless, lost, idle = out["origin"].isna(), out["at"] < 0, out["service"].isna()
    named = out["origin"].fillna(pd.Series([f"第 {i + 1} 行" for i in range(len(out))], dtype="str"))
    where = named + "(节点 " + out["node"].fillna("空") + ")"
    faults = {"点位缺少编号": named[nameless], "点位所在节点不在路网中": where[lost], "点位没有服务类别": named[idle]}
    said = [f"{what}:{some(rows)}" for what, rows in faults.items() if len(rows)]
    if said:
        raise TableError(";".join(said))
    return out
