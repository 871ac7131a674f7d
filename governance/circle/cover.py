"""Who is covered and who is left out: people within the minutes of a service, gaps, homes no street answers for."""

from __future__ import annotations

import numpy as np
import pandas as pd

from .. import rules
from ..errors import require
from ..tables import Streets
from ..walking import stretch
from .people import COMPOUND, demand, fifteen, units, within

COVERAGE = ("township", "community", "service", "group", "minutes", "people", "covered", "share")


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
    people, metres = demand(near, communities)
    speed, far = rules.value("circle.speed"), within(near)
    names, code = units(people)
    steps = [minutes for minutes in rules.value("circle.minutes") if minutes <= far]
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
    people, metres = demand(near, communities)
    speed, most = rules.value("circle.speed"), fifteen(near)
    parts = []
    for service, ages in rules.value("circle.groups").items():
        inside = np.stack([metres[service] <= stretch(speed[a], most) for a in ages], axis=1)
        out = np.where(inside, 0, people[ages].to_numpy()).sum(axis=1)
        far = np.where(np.isfinite(metres[service]), metres[service] / 10, np.nan)
        parts.append(people[list(COMPOUND)].assign(service=service, people=out, metres=far))
    whole = pd.concat(parts, ignore_index=True).astype({"service": "str", "people": "int64", "metres": "float64"})
    order = ["people", *COMPOUND, "service"]
    return whole[whole["people"] > 0].sort_values(order, ascending=[False, *[True] * 4], ignore_index=True)
