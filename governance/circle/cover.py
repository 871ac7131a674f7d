"""Who is covered and who is left out: people within the minutes of a service, gaps, homes no street answers for.

Every function here takes ``pace``: None, each age group at its own speed (``circle.speed``); ``"wheelchair"``, everybody
at ``circle.wheelchair``, as if all used one (search step-free streets and give step-free places only); or a number of
metres a minute for everybody. The columns are the same whatever the pace.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from .. import rules
from ..errors import TableError, require
from ..tables import Streets
from ..walking import stretch
from .people import COMPOUND, closest, demand, fifteen, homes, key, met, searched, some, speeds, units

COVERAGE = ("township", "community", "service", "group", "minutes", "people", "covered", "share")
GAPS = ("township", "community", "compound", "service", "people", "metres", "minutes", "site")  # then the age columns
LEFT_OUT = ("service", "group", "people", "left_out", "share")
NOTHING = ("group", "people", "left_out", "share")


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


def coverage(near: pd.DataFrame, communities: pd.DataFrame, *, pace: str | float | None = None) -> pd.DataFrame:
    """People within 5, 10 and 15 minutes of each service, by village or community and age group.

    near : what ``reach`` or ``nearest`` found, or ``admitted`` left of it. communities : township, community, compound,
    node and the age columns (missing ages count as 0); compounds without a node are left out: see ``unplaced``.
    pace : as at the head of this chapter: None, ``"wheelchair"`` or metres a minute.

    Returns township, community, service (every one of ``circle.groups``, whether or not a place exists), group (the
    age groups it is for), minutes (of ``circle.minutes``, as far as ``near`` searched), people (persons), covered
    (persons whose own group's speed brings them to a place in time, the limit included), share (NaN without people).
    A service of ``siting.needs`` without an entry in ``circle.groups`` (``startup`` and ``disability`` as the rules
    stand: age does not tell who needs them) is not counted and has no rows; a county may add its age groups in
    rules.yaml. Raises TableError for missing columns, RuleError for a service that neither rule knows or another pace.

    What it does not show: who really goes; whether there is room for all; people of other compounds turned away
    (unless ``near`` went through ``admitted``); with ``pace="wheelchair"``: how many use one.
    Source: location covering (Toregas and others 1971); speeds and minutes in ``rules.table()`` with their status.

    >>> near = pd.DataFrame({"node": ["a"], "service": "childcare", "metres": 300.0})  # 5 minutes at 60 m a minute
    >>> people = pd.DataFrame({"township": "甲镇", "community": "乙村", "compound": "", "node": ["a", "b"],
    ...                        **{age: 1 for age in rules.value("circle.speed")}})
    >>> cover = coverage(near, people).query("service == 'childcare'")
    >>> cover[["group", "minutes", "people", "covered"]].values.tolist()
    [['age_0_2', 5, 2, 1], ['age_0_2', 10, 2, 1], ['age_0_2', 15, 2, 1]]
    >>> coverage(near, people, pace="wheelchair").query("service == 'childcare'")["covered"].tolist()
    [0, 1, 1]
    """
    people, metres = demand(near, communities)
    speed, far = speeds(pace), searched(near)
    names, code = units(people)
    steps = [minutes for minutes in rules.value("circle.minutes") if stretch(max(speed.values()), minutes) <= far]
    groups = rules.value("circle.groups")
    keys = [(service, age, minutes) for service in groups for age in groups[service] for minutes in steps]
    total, covered = np.zeros((2, len(names), len(keys)), np.int64)
    for k, (service, age, minutes) in enumerate(keys):
        size = people[age].to_numpy()
        inside = metres[service] <= stretch(speed[age], minutes)
        np.add.at(total[:, k], code, size)
        np.add.at(covered[:, k], code, np.where(inside, size, 0))
    out = names.loc[names.index.repeat(len(keys))].reset_index(drop=True)
    for i, (column, kind) in enumerate({"service": "str", "group": "str", "minutes": "int64"}.items()):
        out[column] = pd.Series([key[i] for key in keys] * len(names), dtype=kind)
    out["people"], out["covered"] = total.ravel(), covered.ravel()
    out["share"] = out["covered"] / out["people"].where(out["people"] > 0)
    return out[list(COVERAGE)]


def gaps(
    near: pd.DataFrame,
    communities: pd.DataFrame,
    *,
    nearest: pd.DataFrame | None = None,
    pace: str | float | None = None,
) -> pd.DataFrame:
    """Who has no place of a service within fifteen minutes: one row a (compound, service), most people first.

    near, communities, pace : as for ``coverage``, and the same services are left out. The time is the longest of
    ``circle.minutes``. nearest : what ``nearest`` found for the same streets and places, so that places too far for
    ``near`` are named too; the nearer of both is told.

    Returns township, community, compound, service, people (persons of the groups the service is for, none of its
    places in time at their own speed), metres (to the nearest place as far as was searched, else NaN), minutes (the
    same at the speed of the slowest age group left out), site (the nearest place's id; NaN where unknown), and every
    age column: persons of that age left out (0 where the service is not for them; their sum is people).
    Raises TableError for missing columns, where ``near`` was searched for a shorter time, or where ``nearest`` names
    a place in time that ``near`` does not have (they are then not of the same streets, places and doors).

    What it does not show: whether those people want the service, or buy it elsewhere.

    >>> near = pd.DataFrame({"node": ["a"], "service": "childcare", "metres": 900.1, "site": "S1"})
    >>> people = pd.DataFrame({"township": "甲镇", "community": "乙村", "compound": "", "node": ["a"],
    ...                        **{age: 7 for age in rules.value("circle.speed")}})
    >>> found = gaps(near, people).query("service == 'childcare'")
    >>> found[["people", "metres", "minutes", "site", "age_0_2"]].round(2).to_dict("records")
    [{'people': 7, 'metres': 900.1, 'minutes': 15.0, 'site': 'S1', 'age_0_2': 7}]
    """
    people, speed = homes(communities), speeds(pace)
    most, ages = fifteen(near, speed), list(speed)
    found = met(near, people)
    metres, site = closest(found, len(people))
    if nearest is not None:
        both = pd.concat([found, met(nearest, people)]).sort_values(found.columns.tolist(), ignore_index=True)
        farther, site = closest(both, len(people))
    parts = []
    for service, mine in rules.value("circle.groups").items():
        limit = np.array([stretch(speed[a], most) if a in mine else np.inf for a in ages])
        late = (metres[service][:, None] > limit) & np.isin(ages, mine)
        out = np.where(late, people[ages].to_numpy(), 0)
        far = metres[service] if nearest is None else farther[service]
        _agree(people, service, (out > 0) & (far[:, None] <= limit))
        slowest = np.where(out > 0, [speed[a] for a in ages], np.inf).min(axis=1, initial=np.inf)
        way = np.where(np.isfinite(far), far / 10, np.nan)
        rows = people[list(COMPOUND)].assign(service=service, people=out.sum(axis=1), metres=way)
        parts.append(rows.assign(minutes=way / slowest, site=site[service], **dict(zip(ages, out.T, strict=True))))
    kinds = {"service": "str", "people": "int64", "metres": "float64", "minutes": "float64", "site": "str"}
    whole = pd.concat(parts, ignore_index=True).astype(kinds)
    order = ["people", *COMPOUND, "service"]
    return whole[whole["people"] > 0].sort_values(order, ascending=[False, *[True] * 4], ignore_index=True)


def _agree(people: pd.DataFrame, service: str, wrong: np.ndarray) -> None:
    """Refuse a nearest place in time for people whom the reach leaves out."""
    if wrong.any():
        names = key(people)[np.any(wrong, axis=1)].str.replace("|", "")
        raise TableError(
            f"最近点位与可达范围不是按同一套路网、点位和开放情况求得:{some(names)} 的 {service} 在可达范围里没有,"
            "在最近点位里却在时限之内;请以同一套数据重算"
        )


def left_out(near: pd.DataFrame, communities: pd.DataFrame, *, pace: str | float | None = None) -> pd.DataFrame:
    """How many of each age group have no place of a service within fifteen minutes: one row a (service, group).

    near, communities, pace : as for ``gaps``. Returns service and group in the order of ``circle.groups``, people
    (placed persons of the group), left_out (those without a place in time), share (left_out of people; NaN without
    people). Persons of one service may be summed over the groups, never over the services: see ``nothing``.
    Raises as ``gaps`` does. What it does not show: as for ``gaps``, and compounds without a node (``unplaced``).

    >>> near = pd.DataFrame({"node": ["a"], "service": "elder_care", "metres": 700.0})
    >>> people = pd.DataFrame({"township": "甲镇", "community": "乙村", "compound": "", "node": ["a"],
    ...                        **{age: 7 for age in rules.value("circle.speed")}})
    >>> left_out(near, people).query("service == 'elder_care'").values.tolist()
    [['elder_care', 'age_60_79', 7, 0, 0.0], ['elder_care', 'age_80_up', 7, 7, 1.0]]
    """
    longest = fifteen(near, speeds(pace))
    cover = coverage(near, communities, pace=pace)
    pairs = [(service, age) for service, ages in rules.value("circle.groups").items() for age in ages]
    sums = cover[cover["minutes"] == longest].groupby(["service", "group"])[["people", "covered"]].sum()
    sums = sums.reindex(pd.MultiIndex.from_tuples(pairs, names=["service", "group"]), fill_value=0).reset_index()
    sums["left_out"] = sums["people"] - sums["covered"]
    out = sums.assign(share=sums["left_out"] / sums["people"].where(sums["people"] > 0))
    return out.astype({"service": "str", "group": "str", "people": "int64", "left_out": "int64"})[list(LEFT_OUT)]


def nothing(near: pd.DataFrame, communities: pd.DataFrame, *, pace: str | float | None = None) -> pd.DataFrame:
    """How many of each age group have none of their services within fifteen minutes: one row a group.

    near, communities, pace : as for ``gaps``. Returns group (every age group that a service of ``circle.groups`` is
    for, youngest first), people (placed persons), left_out (persons to whom no place of any service for their age is
    in time), share (NaN without people). Nobody is counted twice: the rows may be summed.
    Raises as ``gaps`` does. What it does not show: as for ``left_out``.

    >>> near = pd.DataFrame({"node": ["a"], "service": "childcare", "metres": 0.0})
    >>> people = pd.DataFrame({"township": "甲镇", "community": "乙村", "compound": "", "node": ["a"],
    ...                        **{age: 7 for age in rules.value("circle.speed")}})
    >>> nothing(near, people).head(2).values.tolist()
    [['age_0_2', 7, 0, 0.0], ['age_3_6', 7, 7, 1.0]]
    """
    speed = speeds(pace)
    longest = fifteen(near, speed)
    people, metres = demand(near, communities)
    groups = rules.value("circle.groups")
    rows = []
    for age in speed:
        mine = [service for service in groups if age in groups[service]]
        if mine:
            out = np.all([metres[service] > stretch(speed[age], longest) for service in mine], axis=0)
            rows.append((age, people[age].sum(), people.loc[out, age].sum()))
    frame = pd.DataFrame(rows, columns=["group", "people", "left_out"])
    frame = frame.astype({"group": "str", "people": "int64", "left_out": "int64"})
    return frame.assign(share=frame["left_out"] / frame["people"].where(frame["people"] > 0))[list(NOTHING)]
