"""Supply against demand: places for each person (2SFCA), who can be given one, which places are full.

A person reaches a place within the longest of ``circle.minutes`` at the speed of his or her own age group. A place
whose capacity nobody wrote down is named and never counted as nothing.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import linprog
from scipy.sparse import csr_array, csr_matrix, vstack
from scipy.sparse.csgraph import maximum_flow

from .. import rules
from ..errors import GovernanceError, RuleError, TableError, require
from ..walking import stretch
from .people import COMPOUND, fifteen, homes, met, some, speeds, units

CATCHMENT = (*COMPOUND, "service", "people", "score", "per_1000", "without_capacity")
SERVED = ("township", "community", "service", "people", "served", "no_place", "unknown", "out_of_reach")
CROWDING = ("place", "service", "capacity", "assigned", "in_reach", "ratio", "full")


def links(near: pd.DataFrame, people: pd.DataFrame) -> pd.DataFrame:
    """Every (home, place) of the search: service, home (position in ``people``), steps (decimetres), origin.

    near : what ``reach`` found, or ``admitted`` left of it. people : the placed compounds, of ``homes``. Sorted by
    service, home, steps, origin: the nearest first; services that no age group asks for are left out, idle rooms too. service and origin are categories.
    """
    require(near, ["origin", "service", "node", "metres"], "可达范围")
    out = met(near, people).rename(columns={"site": "origin"})
    out = out.astype({"service": "category", "home": "int64", "steps": "int64", "origin": "category"})
    return out.drop_duplicates(["service", "home", "origin"], ignore_index=True)


def located(ways: pd.DataFrame, names: pd.Index) -> np.ndarray:
    """The position in ``names`` of each origin of ``links``."""
    return names.get_indexer(ways["origin"].cat.categories)[ways["origin"].cat.codes]


def _capacities(places: pd.DataFrame, reached: pd.DataFrame) -> pd.DataFrame:
    """place, service, capacity (persons, NaN where nobody wrote it down), sorted by place; every fault named."""
    key = next((k for k in ("place", "site", "room") if k in places), "place")
    require(places, [key, "service", "capacity"], "点位表")
    out = places[[key, "service", "capacity"]].rename(columns={key: "place"})
    size = pd.to_numeric(out["capacity"].astype(object).where(out["capacity"].notna()), errors="coerce").astype(float)
    out = out.astype({"place": "str", "service": "str"})
    unread = out["capacity"].notna() & (size.isna() | (size < 0) | (size != np.floor(size)))
    pairs = reached[["origin", "service"]].drop_duplicates().astype("str")
    apart = out.merge(pairs, left_on="place", right_on="origin")
    faults: dict[str, Any] = {
        "点位编号重复": out.loc[out["place"].duplicated(), "place"].unique(),
        "服务能力应为不小于 0 的整数人数": [
            f"{p}({c})" for p, c in out.loc[unread, ["place", "capacity"]].itertuples(index=False)
        ],
        "可达范围里的点位不在点位表中": sorted(set(pairs["origin"]) - set(out["place"])),
        "点位表与可达范围的服务类别不同,请重新计算可达范围": sorted(
            set(apart.loc[apart["service_x"] != apart["service_y"], "place"])
        ),
    }
    said = [f"{what}:{some(names)}" for what, names in faults.items() if len(names)]
    if said:
        raise TableError(";".join(said))
    groups = list(rules.value("circle.groups"))
    return out.assign(capacity=size)[out["service"].isin(groups)].sort_values("place", ignore_index=True)


def weights(steps: np.ndarray, speed: float, decay: str | None) -> np.ndarray:
    """How much a way of ``steps`` decimetres counts at ``speed`` metres a minute: from 1 down to 0.

    decay : None counts every way alike; ``steps`` by the rings of ``circle.minutes`` with the weights of
    ``circle.decay.steps``; ``gaussian`` by exp(-t²/2σ²), t in minutes and σ of ``circle.decay.sigma``.
    Ways beyond the longest of ``circle.minutes`` count 0. Raises RuleError for another ``decay`` or unequal rules.

    >>> weights(np.array([3000, 3001, 9000, 9001]), 60, "steps")
    array([1.  , 0.68, 0.22, 0.  ])
    """
    minutes = sorted(rules.value("circle.minutes"))
    inside = steps <= stretch(speed, minutes[-1])
    if decay is None:
        return inside.astype(float)
    if decay == "gaussian":
        t = steps / (10 * speed)
        return np.where(inside, np.exp(-t * t / (2 * rules.value("circle.decay.sigma") ** 2)), 0.0)
    if decay != "steps":
        raise RuleError(f"decay 应为 None、'steps' 或 'gaussian',现为 {decay!r}")
    rings = rules.value("circle.decay.steps")
    if len(rings) != len(minutes):
        raise RuleError(f"规则 circle.decay.steps 有 {len(rings)} 个权重,而 circle.minutes 有 {len(minutes)} 档")
    edges = [stretch(speed, m) for m in minutes]
    return np.append(rings, 0.0)[np.searchsorted(edges, steps)]


def floating(ways: pd.DataFrame, people: pd.Series, capacity: pd.Series) -> pd.Series:
    """Places for each person at every home, by two floating catchments: a Series on the index of ``people``.

    ways : home, place, weight (0 to 1, or whether within reach): one row a pair. people : persons by home. capacity : by place,
    NaN unknown (the place is left out). First each place's capacity is shared among the weighted people who reach it,
    then each home adds up the shares of the places it reaches. Homes or places not in the two Series are ignored.
    Source: Luo and Wang 2003 (all weights 1); Luo and Qi 2009 (weights that fall with the way).

    >>> ways = pd.DataFrame({"home": ["a", "b", "b"], "place": ["S", "S", "T"], "weight": 1.0})
    >>> floating(ways, pd.Series({"a": 10, "b": 30}), pd.Series({"S": 20.0, "T": 3.0})).tolist()
    [0.5, 0.6]
    """
    weight, size, room = ways["weight"].to_numpy(), people.to_numpy(float), capacity.to_numpy(float)
    home, place = (ways[c].to_numpy() if ways[c].dtype == np.int64 else ways[c].array for c in ("home", "place"))
    home, place = _codes(people.index, home), _codes(capacity.index, place)
    if weight.dtype == bool:  # fewer to add up, and nothing to multiply
        used = np.flatnonzero(weight)
        weight, home, place = weight[used], home[used], place[used]
    strange = (home < 0) | (place < 0)
    if strange.any():
        home, place, weight = home[~strange], place[~strange], weight[~strange]
    alike = weight.dtype == bool
    asked = np.bincount(place, size[home] if alike else weight * size[home], minlength=len(room))
    share = np.divide(room, asked, out=np.zeros(len(room)), where=(asked > 0) & ~np.isnan(room))
    given = np.bincount(home, share[place] if alike else weight * share[place], minlength=len(size))
    return pd.Series(given, people.index)


def _codes(index: pd.Index, values: Any) -> np.ndarray:
    """The position in ``index`` of each value, -1 where it is not there; in an index 0, 1, 2, … the value itself."""
    last = len(index) - 1
    if values.dtype == np.int64 and index.dtype == np.int64 and np.array_equal(index, np.arange(last + 1)):
        inside = not len(values) or (values.min() >= 0 and values.max() <= last)
        return values if inside else np.where((values >= 0) & (values <= last), values, -1)
    if values.dtype == "str":
        words = np.asarray(values, object)
        head = words[:1000]
        if 2 * np.count_nonzero(head[1:] == head[:-1]) > len(head):  # in runs: look up each run once
            first = np.flatnonzero(np.r_[True, words[1:] != words[:-1]])
            return np.repeat(index.get_indexer(values[first]), np.diff(np.r_[first, len(words)]))
    return index.get_indexer(pd.Index(values, copy=False))


def catchment(
    near: pd.DataFrame, places: pd.DataFrame, communities: pd.DataFrame, *, decay: str | None = None
) -> pd.DataFrame:
    """Places per person at every compound for each service: one row a (compound, service).

    near : what ``reach`` found for ``places``. places : place (or site, or room), service, capacity (persons).
    communities : as for ``coverage``. decay : None is the two-step floating catchment (2SFCA); ``steps`` weighs by
    the rings of ``circle.minutes``, ``gaussian`` by a bell curve (both enhanced 2SFCA); weights in rules.yaml. Each
    age group walks at its own speed.

    Returns township, community, compound, service (every one of ``circle.groups``), people (persons of the groups
    the service is for), score (places per person, the mean over those people: NaN without people, or where every
    place they reach is of unknown capacity; 0 where they reach none), per_1000 (the same for 1,000 people),
    without_capacity (places in reach whose capacity is unknown, joined by 、, NaN where none: the score is then a
    lower bound). In the order of ``communities``. Raises TableError naming places that occur twice, have no valid
    capacity, or are in ``near`` alone; RuleError for another ``decay``.

    What it does not show: who gets a place (see ``served``); quality; people who travel by bus.
    Source: Luo and Wang 2003; Luo and Qi 2009.

    >>> near = pd.DataFrame({"origin": "S1", "service": "childcare", "node": ["a", "b"], "metres": [0.0, 900.0]})
    >>> sites = pd.DataFrame({"site": ["S1"], "service": "childcare", "capacity": 12})
    >>> people = pd.DataFrame({"township": "甲镇", "community": "乙村", "compound": "", "node": ["a", "b", "c"],
    ...                        **{age: 20 for age in rules.value("circle.speed")}})
    >>> catchment(near, sites, people).query("service == 'childcare'")["score"].tolist()
    [0.3, 0.3, 0.0]
    """
    fifteen(near, speeds(None))
    people = homes(communities)
    reached = links(near, people)
    known = _capacities(places, reached)
    weights(np.zeros(0, np.int64), 1, decay)  # refuses an unknown decay even where nobody reaches a place
    groups = rules.value("circle.groups")
    parts = [_scored(people, s, reached[reached["service"] == s], known, decay) for s in groups]
    out = pd.concat(parts).sort_index(kind="stable").reset_index(drop=True)
    types = {**dict.fromkeys((*COMPOUND, "service", "without_capacity"), "str"), "people": "int64"}
    return out.assign(per_1000=out["score"] * 1000)[list(CATCHMENT)].astype(types)


def _scored(
    people: pd.DataFrame, service: str, ways: pd.DataFrame, known: pd.DataFrame, decay: str | None
) -> pd.DataFrame:
    """The rows of ``catchment`` for one service, on the index of ``people``."""
    ages, speed, n = rules.value("circle.groups")[service], rules.value("circle.speed"), len(people)
    capacity = known.loc[known["service"] == service].set_index("place")["capacity"]
    place = located(ways, capacity.index)
    home, steps = ways["home"].to_numpy(), ways["steps"].to_numpy()
    size = np.concatenate([people[a].to_numpy() for a in ages])
    weight = np.concatenate([weights(steps, speed[a], decay) for a in ages])
    every = pd.DataFrame({
        "home": np.concatenate([home + i * n for i in range(len(ages))]),
        "place": np.tile(place, len(ages)),
        "weight": weight,
    })  # fmt: skip
    every = every[(weight > 0) & (size[every["home"]] > 0)]
    each = floating(every, pd.Series(size), capacity.reset_index(drop=True)).to_numpy()
    total = size.reshape(len(ages), n).sum(axis=0)
    score = np.divide((each * size).reshape(len(ages), n).sum(axis=0), total, out=np.full(n, np.nan), where=total > 0)
    told = capacity.notna().to_numpy()[every["place"]]
    at = every["home"].to_numpy() % n if n else every["home"].to_numpy()
    hidden = pd.DataFrame({"home": at, "place": every["place"]})[~told].drop_duplicates().sort_values(["home", "place"])
    names = hidden.assign(name=capacity.index[hidden["place"]]).groupby("home")["name"].agg("、".join)
    score[np.setdiff1d(at[~told], at[told])] = np.nan
    out = people[list(COMPOUND)].assign(service=service, people=total, score=score)
    return out.assign(without_capacity=pd.Series(names, dtype="str").reindex(people.index))


def served(near: pd.DataFrame, places: pd.DataFrame, communities: pd.DataFrame) -> pd.DataFrame:
    """Who has a place, who has one in reach but full, who has none in reach: one row a (community, service).

    near, places, communities : as for ``catchment``.

    Returns township, community (both "" in the last rows, one a service, for everybody), service, people (persons
    of the groups the service is for), served (the greatest number that can be given a place, each place up to its
    capacity), no_place (in reach of places that are all full), unknown (not served, but in reach of a place whose
    capacity nobody wrote down), out_of_reach. The last four add up to ``people``. served and no_place are NA for a
    service none of whose places has a capacity: whoever reaches one is ``unknown``. The total of ``served`` is
    unique and exact; of all ways to reach it, the one with the least walking is told by community, which is not
    always the only one. Sorted by township, community, then service. Raises TableError as ``catchment`` does.

    What it does not show: who in fact goes, where places go by turn, hours or price.
    Source: maximum flow (Ford and Fulkerson 1956); the transportation problem (Hitchcock 1941), solved by HiGHS.

    >>> near = pd.DataFrame({"origin": "S1", "service": "childcare", "node": ["a", "b"], "metres": [0.0, 900.0]})
    >>> sites = pd.DataFrame({"site": ["S1"], "service": "childcare", "capacity": 12})
    >>> people = pd.DataFrame({"township": "甲镇", "community": "乙村", "compound": "", "node": ["a", "b", "c"],
    ...                        **{age: 10 for age in rules.value("circle.speed")}})
    >>> served(near, sites, people).query("service == 'childcare' and community == '乙村'").iloc[0, 3:].tolist()
    [30, 12, 8, 0, 10]
    """
    fifteen(near, speeds(None))
    people = _sorted(communities)
    reached = links(near, people)
    known = _capacities(places, reached)
    names, code = units(people)
    everyone = pd.DataFrame({"township": [""], "community": ""}, dtype="str")
    parts = []
    for service in rules.value("circle.groups"):
        size, counted = _counts(people, service, reached, known)
        whole = np.zeros((len(names), 5), np.int64)
        np.add.at(whole, code, np.column_stack([size, counted]))
        rows = pd.DataFrame(np.vstack([whole, whole.sum(axis=0)]), columns=list(SERVED[3:]))
        rows = rows.astype({"served": "Int64", "no_place": "Int64"})
        mine = known.loc[known["service"] == service, "capacity"]
        if len(mine) and mine.isna().all():
            rows[["served", "no_place"]] = pd.NA
        parts.append(pd.concat([pd.concat([names, everyone], ignore_index=True).assign(service=service), rows], axis=1))
    return pd.concat(parts).sort_index(kind="stable").reset_index(drop=True).astype({"service": "str"})[list(SERVED)]


def crowding(near: pd.DataFrame, places: pd.DataFrame, communities: pd.DataFrame) -> pd.DataFrame:
    """How full each place is: one row a place, the most people for each of its places first.

    near, places, communities : as for ``catchment``.

    Returns place, service, capacity (persons, NA unknown), assigned (persons given a place there in the plan behind
    ``served``: as many served as can be, then the least walking; NA where the capacity is unknown), in_reach
    (persons of the service's groups within fifteen minutes, whether or not they reach others too), ratio
    (in_reach by capacity; inf with capacity 0, NaN unknown), full (assigned fills a capacity above 0). Then by place.
    Raises TableError as ``catchment`` does. What it does not show: as for ``served``.

    >>> near = pd.DataFrame({"origin": "S1", "service": "childcare", "node": ["a", "b"], "metres": [0.0, 900.0]})
    >>> sites = pd.DataFrame({"site": ["S1"], "service": "childcare", "capacity": 12})
    >>> people = pd.DataFrame({"township": "甲镇", "community": "乙村", "compound": "", "node": ["a", "b", "c"],
    ...                        **{age: 15 for age in rules.value("circle.speed")}})
    >>> crowding(near, sites, people).values.tolist()
    [['S1', 'childcare', 12, 12, 30, 2.5, True]]
    """
    fifteen(near, speeds(None))
    people = _sorted(communities)
    reached = links(near, people)
    known = _capacities(places, reached)
    parts = []
    for service in rules.value("circle.groups"):
        mine = known[known["service"] == service]
        ways, size = _open(people, service, reached, mine)
        within = np.bincount(ways["place"], size[ways["demand"]], minlength=len(mine)).astype("int64")
        given = np.bincount(ways["place"], _flows(ways, size, mine["capacity"].to_numpy()), minlength=len(mine))
        parts.append(
            mine.assign(assigned=pd.Series(given, mine.index).where(mine["capacity"].notna()), in_reach=within)
        )
    out = pd.concat(parts, ignore_index=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = out["in_reach"].to_numpy(float) / out["capacity"].to_numpy(float)
    out["ratio"] = np.where((out["in_reach"] == 0) & (out["capacity"] == 0), np.nan, ratio)
    out["full"] = ((out["assigned"] == out["capacity"]) & (out["capacity"] > 0)).astype(bool)
    out = out.sort_values(["ratio", "place"], ascending=[False, True], ignore_index=True)[list(CROWDING)]
    return out.astype({"place": "str", "service": "str", "capacity": "Int64", "assigned": "Int64", "in_reach": "int64"})


def _sorted(communities: pd.DataFrame) -> pd.DataFrame:
    """The placed compounds by name, so that the order of the file decides nothing about who is served."""
    return homes(communities).sort_values([*COMPOUND, "node"], ignore_index=True)


def _open(
    people: pd.DataFrame, service: str, reached: pd.DataFrame, mine: pd.DataFrame
) -> tuple[pd.DataFrame, np.ndarray]:
    """demand, place (position in ``mine``), steps of every way in time, and the persons of each demand.

    A demand is the age groups of one compound that reach the same places: compound x number of groups + the first of
    them. A home's ways are sorted, so that those who reach equally many places reach the same.
    """
    ages, speed, longest = rules.value("circle.groups")[service], rules.value("circle.speed"), _longest()
    ways = reached[reached["service"] == service]
    home, steps, place = ways["home"].to_numpy(), ways["steps"].to_numpy(), located(ways, pd.Index(mine["place"]))
    size = np.zeros((len(people), len(ages)), np.int64)
    seen: list[np.ndarray] = []
    parts = []
    for i, age in enumerate(ages):
        inside = steps <= stretch(speed[age], longest)
        seen.append(np.bincount(home[inside], minlength=len(people)))
        first = np.argmax([many == seen[i] for many in seen], axis=0)
        np.add.at(size, (np.arange(len(people)), first), people[age].to_numpy())
        inside &= first[home] == i
        at = home[inside] * len(ages) + i
        parts.append(pd.DataFrame({"demand": at, "place": place[inside], "steps": steps[inside]}))
    return pd.concat(parts, ignore_index=True), size.ravel()


def _longest() -> float:
    return max(rules.value("circle.minutes"))


def _counts(
    people: pd.DataFrame, service: str, reached: pd.DataFrame, known: pd.DataFrame
) -> tuple[np.ndarray, np.ndarray]:
    """Persons of each compound, and of them the served, without a place, unknown and out of reach."""
    mine = known[known["service"] == service]
    ways, size = _open(people, service, reached, mine)
    given = np.bincount(ways["demand"], _flows(ways, size, mine["capacity"].to_numpy()), minlength=len(size))
    told = mine["capacity"].notna().to_numpy()[ways["place"]]
    near, hidden = np.zeros((2, len(size)), bool)
    near[ways["demand"]] = True
    hidden[ways["demand"][~told]] = True
    left = size - given.astype("int64")
    counts = np.column_stack([size - left, left * (near & ~hidden), left * hidden, left * ~near])
    groups = len(rules.value("circle.groups")[service])
    return size.reshape(-1, groups).sum(axis=1), counts.reshape(-1, groups, 4).sum(axis=1)


def _flows(ways: pd.DataFrame, size: np.ndarray, capacity: np.ndarray) -> np.ndarray:
    """Persons sent along each of ``ways``: as many as can be given a place, and of such plans one of least walking."""
    out = np.zeros(len(ways), np.int64)
    used = np.flatnonzero((size[ways["demand"]] > 0) & (np.nan_to_num(capacity)[ways["place"]] > 0))
    if not len(used):
        return out
    a, b = (np.unique(ways[c].to_numpy()[used], return_inverse=True) for c in ("demand", "place"))
    people, room = size[a[0]], np.minimum(np.nan_to_num(capacity)[b[0]], size[a[0]].sum()).astype("int64")
    most = _most(a[1], b[1], people, room)
    steps = ways["steps"].to_numpy(float)[used]
    row = np.arange(len(used))
    one = np.ones(len(used))
    sums = vstack([csr_array((one, (side[1], row)), shape=(len(side[0]), len(used))) for side in (a, b)], format="csr")
    worth = max(1.0, steps.max()) * 64
    for _ in range(4):  # a person more is worth longer ways: how much longer at most, the true maximum tells
        found = linprog(steps - worth, A_ub=sums, b_ub=np.concatenate([people, room]), method="highs-ds")
        if found.status == 0 and round(found.x.sum()) == most:
            out[used] = np.round(found.x).astype("int64")
            return out
        worth *= 16
    raise GovernanceError(f"最多可安排 {most} 人,但分配方案未能求得;请检查服务能力与人数是否过大")


def _most(home: np.ndarray, place: np.ndarray, people: np.ndarray, room: np.ndarray) -> int:
    """The greatest number of persons that the places can take."""
    n, m = len(people), len(room)
    start = np.concatenate([np.zeros(n, np.int64), 1 + home, 1 + n + np.arange(m)])
    end = np.concatenate([1 + np.arange(n), 1 + n + place, np.full(m, 1 + n + m)])
    wide = np.concatenate([people, np.minimum(people[home], room[place]), room]).astype(np.int32)
    return int(maximum_flow(csr_matrix((wide, (start, end)), shape=(n + m + 2, n + m + 2)), 0, n + m + 1).flow_value)
