"""Where service is doubled: how many people have none, one, two or more places of a kind, and which homes have several."""

from __future__ import annotations

import numpy as np
import pandas as pd

from .. import rules
from ..errors import require
from ..walking import stretch
from .people import COMPOUND, fifteen, homes, met, speeds

DOUBLES = ("service", "sites", "people", "share")
SITES = ("0", "1", "2", "3+")


def doubles(near: pd.DataFrame, communities: pd.DataFrame, *, pace: str | float | None = None) -> pd.DataFrame:
    """People with no, one, two, and three or more places of a service within fifteen minutes: four rows a service.

    near : what ``reach`` found (``nearest`` holds only one place a node), or ``admitted`` left of it. communities,
    pace : as for ``coverage``; each age group walks at its own speed, the limit included.

    Returns service (in the order of ``circle.groups``, whether or not it has a place), sites ("0", "1", "2", "3+"),
    people (persons of the groups the service is for; the four rows sum to all who have a street node), share (of
    that sum; NaN without people). Raises TableError for missing columns or where ``near`` was searched for less.

    What it does not show: crowding (two full places are no waste); compounds without a node (``unplaced``).

    >>> near = pd.DataFrame({"origin": ["S1", "F1"], "node": "a", "service": "childcare", "metres": [0.0, 900.0]})
    >>> people = pd.DataFrame({"township": "甲镇", "community": "乙村", "compound": "", "node": ["a", "b", "a"],
    ...                        **{age: 7 for age in rules.value("circle.speed")}})
    >>> doubles(near, people).query("service == 'childcare'")[["sites", "people"]].values.tolist()
    [['0', 7], ['1', 0], ['2', 14], ['3+', 0]]
    """
    require(near, ["origin", "service", "node", "metres"], "可达范围")
    people, speed = homes(communities), speeds(pace)
    most = fifteen(near, speed)
    pairs = met(near, people)
    counts = np.zeros((len(rules.value("circle.groups")), len(SITES)), np.int64)
    for row, (service, ages) in zip(counts, rules.value("circle.groups").items(), strict=True):
        for age in ages:
            sites = _sites(pairs, service, stretch(speed[age], most), len(people))
            np.add.at(row, np.minimum(sites, len(SITES) - 1), people[age].to_numpy())
    out = pd.DataFrame({"service": np.repeat(list(rules.value("circle.groups")), len(SITES))}).astype("str")
    out["sites"] = pd.Series(list(SITES) * len(counts), dtype="str")
    out["people"] = counts.ravel()
    total = np.repeat(counts.sum(axis=1), len(SITES))
    out["share"] = out["people"] / pd.Series(total).where(total > 0)
    return out[list(DOUBLES)]


def overlap(near: pd.DataFrame, communities: pd.DataFrame, *, pace: str | float | None = None) -> pd.DataFrame:
    """Where a service is doubled: compounds with two or more of its places in fifteen minutes, most places first.

    near, communities, pace : as for ``doubles``, and the same services are left out.

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
    people, speed = homes(communities), speeds(pace)
    most = fifteen(near, speed)
    pairs = met(near, people)
    parts = []
    for service, ages in rules.value("circle.groups").items():
        sites = _sites(pairs, service, min(stretch(speed[a], most) for a in ages), len(people))
        size = people[ages].sum(axis=1)
        parts.append(people[list(COMPOUND)].assign(service=service, sites=sites, people=size))
    whole = pd.concat(parts, ignore_index=True).astype({"service": "str", "sites": "int64", "people": "int64"})
    whole = whole[(whole["sites"] > 1) & (whole["people"] > 0)]
    order = ["sites", "people", *COMPOUND, "service"]
    return whole.sort_values(order, ascending=[False, False, *[True] * 4], ignore_index=True)


def _sites(pairs: pd.DataFrame, service: str, limit: int, many: int) -> np.ndarray:
    """How many places of a service each of ``many`` homes has within ``limit`` decimetres."""
    inside = pairs[(pairs["service"] == service) & (pairs["steps"] <= limit)]
    return np.bincount(inside.drop_duplicates(["home", "site"])["home"], minlength=many)
