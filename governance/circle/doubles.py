"""Where service is doubled: homes with several places of a kind."""

from __future__ import annotations

import pandas as pd

from .. import rules
from ..errors import require
from ..walking import decimetres, stretch
from .people import COMPOUND, demand, fifteen


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
    people, _ = demand(near, communities)
    speed, most = rules.value("circle.speed"), fifteen(near)
    near = near[near["node"].isin(people["node"])]
    steps = decimetres(near["metres"])
    parts = []
    for service, ages in rules.value("circle.groups").items():
        slowest = min(stretch(speed[a], most) for a in ages)
        inside = near[(near["service"] == service) & (steps <= slowest)]
        sites = people["node"].map(inside.groupby("node")["origin"].nunique()).fillna(0).astype("int64")
        size = people[ages].sum(axis=1)
        parts.append(people[list(COMPOUND)].assign(service=service, sites=sites, people=size))
    whole = pd.concat(parts, ignore_index=True).astype({"service": "str", "sites": "int64", "people": "int64"})
    whole = whole[(whole["sites"] > 1) & (whole["people"] > 0)]
    order = ["sites", "people", *COMPOUND, "service"]
    return whole.sort_values(order, ascending=[False, False, *[True] * 4], ignore_index=True)
