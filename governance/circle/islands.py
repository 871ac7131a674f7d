"""Islands of function (功能孤岛): rooms that serve their own compound only, and twin rooms side by side.

Doors. ``reach`` lets everybody in everywhere. ``admitted`` tells it as the doors stand: of a room with
``own_compound_only`` only the rows at nodes where homes of its own compound lie are kept, and these say in the column
``admits`` whom they let in, so that a neighbour at the same street node but of another compound is not counted. A
room without a compound serves the homes of its community that have none either (a community that is not divided is
its own compound). ``coverage``, ``gaps``, ``doubles``, ``overlap``, ``completeness`` obey the column. So
``coverage(near, communities)`` is the town if all doors were opened, ``coverage(admitted(near, rooms, communities),
communities)`` the town as the doors stand. ``siting`` takes ``near`` itself: a converted room is taken to be open.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from .. import rules
from ..errors import TableError, require
from ..walking import decimetres, stretch
from .complete import needed
from .people import COMPOUND, closest, fifteen, homes, key, met, some, speeds

ISLANDS = ("room", "name", "township", "community", "compound", "service", "people", "own", "kept_out", "gain")
TWINS = ("service", "place", "name", "community", "place_2", "name_2", "community_2", "metres", "missing")


def admitted(near: pd.DataFrame, rooms: pd.DataFrame, communities: pd.DataFrame) -> pd.DataFrame:
    """The rows of ``near`` as the doors stand, and in ``admits`` the only compound a row lets in.

    near : what ``reach`` found for places that include the rooms. rooms : room, township, community, compound,
    own_compound_only (missing: open). communities : township, community, compound, node and the age columns.

    Returns the columns of ``near`` and admits (``township|community|compound``; NaN: everybody). Rows of closed
    rooms at nodes without a home of their own compound are gone; all others are there, in the same order.
    Raises TableError for missing columns or a room that occurs twice.

    What it does not show: doors closed by the hour; fees; who is let in by courtesy.

    >>> near = pd.DataFrame({"origin": ["F1", "F1", "S1"], "service": "meals", "node": ["a", "b", "b"], "metres": 0.0})
    >>> rooms = pd.DataFrame({"room": ["F1"], "township": "甲镇", "community": "乙村", "compound": "东苑",
    ...                       "own_compound_only": [True]})
    >>> people = pd.DataFrame({"township": "甲镇", "community": "乙村", "compound": ["东苑", "西苑"], "node": ["a", "b"],
    ...                        **{age: 7 for age in rules.value("circle.speed")}})
    >>> admitted(near, rooms, people)[["origin", "node", "admits"]].values.tolist()
    [['F1', 'a', '甲镇|乙村|东苑'], ['S1', 'b', nan]]
    """
    require(near, ["origin", "service", "node", "metres"], "可达范围")
    door, people = _doors(rooms), homes(communities)
    origin = near["origin"].astype("str")
    admits = origin.map(door).astype("str")
    lived = pd.MultiIndex.from_arrays([people["node"], key(people)])
    asked = pd.MultiIndex.from_arrays([near["node"].astype("str"), admits])
    kept = admits.isna().to_numpy() | asked.isin(lived)
    return near.assign(admits=admits)[kept].reset_index(drop=True)


def islands(
    rooms: pd.DataFrame, near: pd.DataFrame, communities: pd.DataFrame, *, pace: str | float | None = None
) -> pd.DataFrame:
    """What each closed door costs: one row a room that serves its own compound only, most people kept out first.

    rooms : room, name, township, community, compound, service, own_compound_only. near : what ``reach`` found for
    all places, rooms among them (not ``admitted``). communities, pace : as for ``coverage``.

    Returns room, name, township, community, compound (NaN: not told, so that only homes without a compound are
    let in), service, people (persons of the groups the service is for who could walk there within fifteen minutes),
    own (those of them who live in its own compound), kept_out (people less own), gain (those kept out who have no
    other place of that service in time as all the doors stand: what opening this one alone would add). A room whose
    service is idle or not counted has zeros. Raises TableError for missing columns, as ``gaps`` does, or for ``near``
    of ``admitted``.

    What it does not show: whether the room would hold them; the gains of several doors do not add up.

    >>> near = pd.DataFrame({"origin": "F1", "service": "meals", "node": ["a", "b"], "metres": [0.0, 300.0]})
    >>> rooms = pd.DataFrame({"room": ["F1"], "name": "东苑食堂", "township": "甲镇", "community": "乙村",
    ...                       "compound": "东苑", "service": "meals", "own_compound_only": [True]})
    >>> people = pd.DataFrame({"township": "甲镇", "community": "乙村", "compound": ["东苑", "西苑"], "node": ["a", "b"],
    ...                        **{age: 7 for age in rules.value("circle.speed")}})
    >>> islands(rooms, near, people)[["room", "people", "own", "kept_out", "gain"]].values.tolist()
    [['F1', 28, 14, 14, 14]]
    """
    require(rooms, ["name", "service"], "社区用房表")
    _plain(near)
    door, people, speed = _doors(rooms), homes(communities), speeds(pace)
    most, own = fifteen(near, speed), key(people).to_numpy(object)
    pairs, now = met(near, people), closest(met(admitted(near, rooms, communities), people), len(people))[0]
    closed = rooms[rooms["room"].astype("str").isin(door.index)]
    walked = dict(list(pairs[pairs["site"].isin(door.index)].groupby("site")))
    counts = []
    for room, service in zip(closed["room"].astype("str"), closed["service"], strict=True):
        ages = rules.value("circle.groups").get(service, []) if room in walked else []
        limits = np.array([stretch(speed[a], most) for a in ages])
        best = np.full(len(people), np.inf)
        if ages:
            best[walked[room]["home"]] = walked[room]["steps"]
        inside = best[:, None] <= limits
        served = now.get(service, best)[:, None] <= limits
        size, mine = people[ages].to_numpy(np.int64), (own == door[room])[:, None]
        counts.append([size[inside].sum(), size[inside & mine].sum(), size[inside & ~mine & ~served].sum()])
    out = closed[list(ISLANDS[:6])].astype("str").reset_index(drop=True)
    numbers = np.array(counts, np.int64).reshape(len(out), 3)
    out["people"], out["own"], out["gain"] = numbers.T
    out["kept_out"] = out["people"] - out["own"]
    order = ["kept_out", "gain", "room"]
    return out.sort_values(order, ascending=[False, False, True], ignore_index=True)[list(ISLANDS)]


def twins(places: pd.DataFrame, near: pd.DataFrame) -> pd.DataFrame:
    """Twin rooms: pairs of places of one service within ``circle.twin`` metres, and what is missing round both.

    places : what ``places`` returned (place, name, service, node, community). near : what ``reach`` found for them
    (not ``admitted``). Idle rooms and services that ages do not tell are left out.

    Returns service, place, name, community, place_2, name_2, community_2 (place is the smaller id), metres (on foot
    between them), missing (services of ``circle.required`` of which no place lies within fifteen minutes of either
    at the pace of the slowest group it is for, joined by ``|``: what one of the two could become). Sorted by service
    in the order of ``circle.groups``, then nearest first. Raises TableError for missing columns, a place that occurs
    twice or that ``near`` lacks.

    What it does not show: whether both are full (then they are no waste); whether the rooms are fit for what is
    missing (``siting`` does); twins of three are three pairs.

    >>> near = pd.DataFrame({"origin": ["F1", "F1", "F2", "F2"], "service": "meals", "node": ["a", "b", "b", "a"],
    ...                      "metres": [0.0, 300.0, 0.0, 300.0]})
    >>> rooms = pd.DataFrame({"place": ["F1", "F2"], "name": ["东苑食堂", "西苑食堂"], "service": "meals",
    ...                       "node": ["a", "b"], "community": "乙村"})
    >>> twins(rooms, near)[["place", "place_2", "metres", "missing"]].values.tolist()
    [['F1', 'F2', 300.0, 'elder_care|childcare|child_custody|culture|health']]
    """
    require(places, ["place", "name", "service", "node", "community"], "点位表")
    require(near, ["origin", "service", "node", "metres"], "可达范围")
    _plain(near)
    groups = rules.value("circle.groups")
    mine = places[places["service"].isin(list(groups))].astype("str").reset_index(drop=True)
    lost = [p for p in mine["place"] if p not in set(near["origin"].astype("str"))]
    twice = mine.loc[mine["place"].duplicated(), "place"]
    for bad, what in ((lost, "可达范围里没有这些点位"), (list(twice), "点位编号重复")):
        if bad:
            raise TableError(f"{what}:{some(bad)}")
    at = near[near["node"].astype("str").isin(mine["node"])]
    rows = pd.DataFrame({"place": at["origin"].astype("str"), "node": at["node"].astype("str")})
    rows["steps"] = decimetres(at["metres"])
    close = rows[rows["steps"] <= stretch(rules.value("circle.twin"), 1)]
    pairs = close.merge(mine, on="place", suffixes=("", "_own")).merge(
        mine, on=["node", "service"], suffixes=("", "_2")
    )
    pairs = pairs[pairs["place"] < pairs["place_2"]]
    lacks = _lacking(at)
    nodes = zip(pairs["node_own"], pairs["node"], strict=True)
    missing = ["|".join(s for s in needed(None) if {a, b} <= lacks[s]) for a, b in nodes]
    out = pairs.assign(metres=pairs["steps"] / 10, missing=pd.Series(missing, pairs.index, dtype="str"))
    out["order"] = out["service"].map({service: i for i, service in enumerate(groups)})
    return out.sort_values(["order", "steps", "place", "place_2"], ignore_index=True)[list(TWINS)]


def _lacking(near: pd.DataFrame) -> dict[str, set[str]]:
    """Of each required service, the nodes of ``near`` without a place of it in time for the slowest it is for."""
    speed = speeds(None)
    most, nodes = fifteen(near, speed), set(near["node"].astype("str"))
    steps, out = decimetres(near["metres"]), {}
    for service in needed(None):
        limit = min(stretch(speed[a], most) for a in rules.value("circle.groups")[service])
        has = near.loc[(near["service"] == service) & (steps <= limit), "node"]
        out[service] = nodes - set(has.astype("str"))
    return out


def _doors(rooms: pd.DataFrame) -> pd.Series:
    """The compound each closed room lets in, by room."""
    require(rooms, ["room", *COMPOUND, "own_compound_only"], "社区用房表")
    ids = rooms["room"].astype("str")
    if ids.duplicated().any():
        raise TableError(f"用房编号重复:{some(ids[ids.duplicated()].unique())}")
    closed = rooms["own_compound_only"].astype("boolean").fillna(False).to_numpy(bool)
    return pd.Series(key(rooms).to_numpy(object)[closed], index=ids[closed], dtype="str")


def _plain(near: pd.DataFrame) -> None:
    """Refuse a reach that has been through ``admitted``."""
    if "admits" in near:
        raise TableError("这里需要所有点位都开放时的可达范围;请用 circle.reach 的结果,不要用 circle.admitted 的结果")
