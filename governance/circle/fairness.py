"""Fairness: how evenly service is spread over communities, and what each place would cost if it closed."""

from __future__ import annotations

import numpy as np
import pandas as pd

from .. import rules
from ..errors import TableError, require
from ..walking import stretch
from .people import fifteen, homes, some, speeds
from .supply import links, located

FAIRNESS = ("service", "minutes", "communities", "people", "covered", "share", "gini", "worst_decile",
            "lowest_township", "lowest_community", "lowest_share", "best_township", "best_community",
            "best_share")  # fmt: skip
CRITICALITY = ("rank", "origin", "service", "alone", "people", "nearest_people", "extra_metres")


def fairness(cover: pd.DataFrame) -> pd.DataFrame:
    """How evenly each service covers the communities: one row a (service, minutes).

    cover : what ``coverage`` found; its age groups are added up.

    Returns service, minutes, communities (those with people of the service's groups), people, covered (persons),
    share (covered by people), gini (of the communities' shares, each weighted by its people: 0 all alike, towards 1
    the more unequal; NaN where nobody is covered), worst_decile (share covered among the tenth of people whose
    communities are covered least; a community is split where the tenth ends), lowest_township, lowest_community,
    lowest_share, best_township, best_community, best_share (of communities alike the one with more people, then the
    smaller name). In the order of ``cover``. Raises TableError for missing columns or more covered than people.

    What it does not show: differences inside a community (all its people count as covered by its share); need. Theil
    is left out: it takes a logarithm of shares that are often 0 and cannot be above 1.
    Source: Gini (1912), weighted as in Lerman and Yitzhaki (1989).

    >>> cover = pd.DataFrame({"township": "甲镇", "community": ["乙村", "丙村"], "service": "meals", "minutes": 15,
    ...                       "people": [10, 30], "covered": [10, 0]})
    >>> fairness(cover)[["share", "gini", "worst_decile", "lowest_community", "best_community"]].values.tolist()
    [[0.25, 0.75, 0.0, '丙村', '乙村']]
    """
    keys = ["township", "community", "service", "minutes"]
    require(cover, [*keys, "people", "covered"], "覆盖表")
    over = cover[(cover["covered"] > cover["people"]) | (cover["covered"] < 0)]
    if len(over):
        raise TableError(f"覆盖人数应在 0 与人数之间:{some(over['community'].unique())}")
    sums = cover.groupby(keys, sort=False, dropna=False)[["people", "covered"]].sum().reset_index()
    rows = [_spread(part, key) for key, part in sums.groupby(["service", "minutes"], sort=False)]
    out = pd.DataFrame(rows, columns=list(FAIRNESS))
    text = ("service", "lowest_township", "lowest_community", "best_township", "best_community")
    counts = ("minutes", "communities", "people", "covered")
    return out.astype(
        {**dict.fromkeys(FAIRNESS, "float64"), **dict.fromkeys(text, "str"), **dict.fromkeys(counts, "int64")}
    )


def _spread(part: pd.DataFrame, key: tuple[object, ...]) -> dict[str, object]:
    """One row of ``fairness`` from the people and covered of each community."""
    part = part[part["people"] > 0]
    part = part.assign(share=part["covered"] / part["people"])
    part = part.sort_values(["share", "people", "township", "community"], ascending=[True, False, True, True])
    people, covered = part["people"].to_numpy(), part["covered"].to_numpy()
    row: dict[str, object] = {"service": key[0], "minutes": key[1], "communities": len(part)}
    row |= {"people": people.sum(), "covered": covered.sum()}
    if not len(part):
        return row | dict.fromkeys(FAIRNESS[5:], np.nan)
    total, gone = people.sum(), covered.sum()
    below = np.cumsum(covered) - covered / 2  # covered below the middle of each community
    tenth = np.clip(total / 10 - (np.cumsum(people) - people), 0, people)
    best = part[part["share"] == part["share"].iloc[-1]].iloc[0]
    row |= {f"best_{c}": best[c] for c in ("township", "community", "share")}
    row |= {f"lowest_{c}": part[c].iloc[0] for c in ("township", "community", "share")}
    gini = 1 - 2 * (people * below).sum() / (total * gone) if gone else np.nan
    return row | {"share": gone / total, "gini": gini, "worst_decile": (tenth * part["share"]).sum() / (total / 10)}


def criticality(near: pd.DataFrame, communities: pd.DataFrame) -> pd.DataFrame:
    """What each place would cost if it closed: one row a place, the most costly first.

    near : what ``reach`` found. communities : as for ``coverage``, and the same services are left out; idle rooms too.

    Returns rank (1 most costly), origin (the place), service, alone (persons for whom it is the only place of its
    service within fifteen minutes at their own group's speed), people (persons within its fifteen minutes),
    nearest_people (those for whom it is the nearest; of places equally near the smaller id), extra_metres (how much
    further the next place is, the mean over those nearest_people who keep one in time; NaN without any). Ranked by
    alone, then extra person-metres, then people, then origin. Raises TableError as ``gaps`` does.

    What it does not show: whether the next place has room (see ``crowding``); two places closed at once.

    >>> near = pd.DataFrame({"origin": ["S1", "S1", "S2"], "service": "childcare", "node": ["a", "b", "a"],
    ...                      "metres": [100.0, 900.0, 250.0]})
    >>> people = pd.DataFrame({"township": "甲镇", "community": "乙村", "compound": "", "node": ["a", "b"],
    ...                        **{age: [7, 3] for age in rules.value("circle.speed")}})
    >>> criticality(near, people).values.tolist()
    [[1, 'S1', 'childcare', 3, 10, 10, 150.0], [2, 'S2', 'childcare', 0, 7, 0, nan]]
    """
    fifteen(near, speeds(None))
    people = homes(communities)
    reached = links(near, people)
    groups = rules.value("circle.groups")
    every = near.loc[near["service"].isin(list(groups)), ["origin", "service"]].drop_duplicates()
    every = every.astype("str").sort_values(["service", "origin"], ignore_index=True)
    parts = [_closing(people, s, reached[reached["service"] == s], every[every["service"] == s]) for s in groups]
    out = pd.concat(parts, ignore_index=True)
    order = ["alone", "extra", "people", "origin", "service"]
    out = out.sort_values(order, ascending=[False, False, False, True, True], ignore_index=True)
    out["extra_metres"] = out["extra"] / 10 / out["keep"].where(out["keep"] > 0)
    return out.assign(rank=np.arange(1, len(out) + 1))[list(CRITICALITY)]


def _closing(people: pd.DataFrame, service: str, ways: pd.DataFrame, mine: pd.DataFrame) -> pd.DataFrame:
    """alone, people, nearest_people, keep (persons) and extra (person-decimetres) of each place of one service."""
    speed, longest = rules.value("circle.speed"), max(rules.value("circle.minutes"))
    place = located(ways, pd.Index(mine["origin"]))
    home, steps = ways["home"].to_numpy(), ways["steps"].to_numpy()
    first = np.flatnonzero(np.append(True, home[1:] != home[:-1])[: len(home)])  # ways are sorted: nearest first
    second = np.append(steps, 0)[first + 1]  # of the same home only where it has another way
    follows = np.append(home, -1)[first + 1] == home[first]
    out = np.zeros((5, len(mine)), np.int64)
    for age in rules.value("circle.groups")[service]:
        size, limit = people[age].to_numpy(), stretch(speed[age], longest)
        inside = steps <= limit
        np.add.at(out[1], place[inside], size[home[inside]])
        nearest = np.where(inside[first], size[home[first]], 0)
        keeps = follows & (second <= limit)
        for k, what in ((0, ~keeps), (2, 1), (3, keeps), (4, keeps * (second - steps[first]))):
            np.add.at(out[k], place[first], nearest * what)
    return mine.assign(**dict(zip(("alone", "people", "nearest_people", "keep", "extra"), out, strict=True)))
