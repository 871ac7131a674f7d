"""How complete the circle is: how many of the services that should be there each home has within fifteen minutes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from .. import rules
from ..errors import RuleError, require
from ..walking import stretch
from .people import COMPOUND, demand, fifteen, some, speeds

COMPLETENESS = ("township", "community", "compound", "people", "required", "reached", "missing", "share")
COMPLETED = ("township", "community", "people", "required", "completed", "share", "fewest", "missing")


def completeness(
    near: pd.DataFrame,
    communities: pd.DataFrame,
    *,
    required: Sequence[str] | None = None,
    pace: str | float | None = None,
) -> pd.DataFrame:
    """How many of the required services each home has within fifteen minutes: one row a compound, fewest first.

    near, communities, pace : as for ``coverage``; compounds without a node are left out (``unplaced``). required :
    service codes, each once counted; None: rule ``circle.required``.

    Returns township, community, compound, people (persons of all ages), required (number of services asked for),
    reached (those of which a place is in time even for the slowest age group the service is for, whether or not
    anybody of that age lives there), missing (codes of the others in the order asked for, joined by ``|``, empty
    where none), share (reached of required). Sorted by reached, then most people, then by name.
    Raises RuleError for a service without an entry in ``circle.groups`` (whose pace would be anybody's guess) or
    where none is asked for, TableError as ``gaps`` does.

    What it does not show: whether the place has room; how good it is. A count weighs every service alike.

    >>> near = pd.DataFrame({"node": ["a", "a"], "service": ["meals", "health"], "metres": [675.0, 675.1]})
    >>> people = pd.DataFrame({"township": "甲镇", "community": "乙村", "compound": "", "node": ["a"],
    ...                        **{age: 7 for age in rules.value("circle.speed")}})
    >>> completeness(near, people, required=["health", "meals"])[["people", "reached", "missing", "share"]].values.tolist()
    [[42, 1, 'health', 0.5]]
    """
    asked = needed(required)
    speed = speeds(pace)
    most = fifteen(near, speed)
    people, metres = demand(near, communities)
    groups = rules.value("circle.groups")
    has = [metres[service] <= min(stretch(speed[a], most) for a in groups[service]) for service in asked]
    there = np.stack(has, axis=1).reshape(len(people), len(asked))
    out = people[list(COMPOUND)].assign(people=people[list(speed)].sum(axis=1), required=len(asked))
    out["reached"] = there.sum(axis=1)
    lacking = ["|".join(s for s, yes in zip(asked, row, strict=True) if not yes) for row in there.tolist()]
    out["missing"] = pd.Series(lacking, index=out.index, dtype="str")
    out["share"] = out["reached"] / len(asked)
    kinds = dict.fromkeys(["people", "required", "reached"], "int64")
    order = ["reached", "people", *COMPOUND]
    out = out.astype(kinds).sort_values(order, ascending=[True, False, *[True] * 3], ignore_index=True)
    return out[list(COMPLETENESS)]


def completed(homes: pd.DataFrame) -> pd.DataFrame:
    """How many people of each village or community have every required service in time: one row each, fewest first.

    homes : what ``completeness`` returned. Returns township, community, people (persons), required (services asked
    for), completed (persons of compounds that lack none), share (completed of people; NaN without people), fewest
    (services reached in the compound that has fewest), missing (services that some compound lacks, joined by ``|``).
    Sorted by share (communities without people last), then by name. Raises TableError for missing columns.

    What it does not show: as for ``completeness``.

    >>> homes = pd.DataFrame({"township": "甲镇", "community": "乙村", "compound": ["东苑", "西苑"], "people": [30, 10],
    ...                       "required": 2, "reached": [1, 2], "missing": ["meals", ""], "share": [0.5, 1.0]})
    >>> completed(homes)[["people", "completed", "share", "fewest", "missing"]].values.tolist()
    [[40, 10, 0.25, 1, 'meals']]
    """
    require(homes, COMPLETENESS, "齐全度表")
    keys = ["township", "community"]
    full = homes.assign(completed=homes["people"].where(homes["reached"] == homes["required"], 0))
    out = full.groupby(keys, as_index=False).agg(
        people=("people", "sum"),
        required=("required", "max"),
        completed=("completed", "sum"),
        fewest=("reached", "min"),
        missing=("missing", _joined),
    )
    out["share"] = out["completed"] / out["people"].where(out["people"] > 0)
    counts = dict.fromkeys(["people", "required", "completed", "fewest"], "int64")
    out = out.astype({**dict.fromkeys([*keys, "missing"], "str"), **counts, "share": "float64"})
    return out.sort_values(["share", *keys], ignore_index=True)[list(COMPLETED)]


def needed(required: Sequence[str] | None) -> list[str]:
    """The services asked for, each once; refused where ages do not tell whom one is for, or none is asked for."""
    asked = list(dict.fromkeys(rules.value("circle.required") if required is None else required))
    strange = [service for service in asked if service not in rules.value("circle.groups")]
    if strange:
        raise RuleError(
            f"规则 circle.groups 没有这些服务的服务对象,无法计算是否可达:{some(strange)};"
            f"可用:{some(rules.value('circle.groups'))}"
        )
    if not asked:
        raise RuleError("没有列出应有的服务,无法计算齐全度;请在规则 circle.required 或 required 中至少列一类")
    return asked


def _joined(texts: pd.Series) -> str:
    """The services named in any of ``texts``, in the order of ``circle.groups``."""
    named = {service for text in texts for service in str(text).split("|")}
    return "|".join(service for service in rules.value("circle.groups") if service in named)
