"""Who is asked about: homes with whole people, and how far each is from each service."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from .. import rules
from ..errors import RuleError, TableError, require
from ..walking import decimetres

IDLE = "idle"
COMPOUND = ("township", "community", "compound")


def some(names: Any, most: int = 8) -> str:
    """Names joined for a message, cut after ``most``."""
    names = [str(n) for n in names]
    return "、".join(names[:most]) + (f" 等 {len(names)} 处" if len(names) > most else "")


def within(near: pd.DataFrame) -> float:
    """The time ``near`` was searched for; inf for ``nearest``, which has no limit."""
    return float(near["within"].min()) if "within" in near and len(near) else np.inf


def fifteen(near: pd.DataFrame) -> float:
    """The longest of ``circle.minutes``, refused where ``near`` was searched for less."""
    longest = max(rules.value("circle.minutes"))
    if within(near) < longest:
        raise TableError(
            f"可达范围只算到 {within(near):g} 分钟,这里需要 {longest:g} 分钟;请以 minutes={longest:g} 重算"
        )
    return longest


def demand(near: pd.DataFrame, communities: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    """The placed compounds with whole people in each age column, and decimetres to each service's nearest place."""
    groups, ages = rules.value("circle.groups"), list(rules.value("circle.speed"))
    require(near, ["service", "node", "metres"], "可达范围")
    require(communities, [*COMPOUND, "node", *ages], "村社人口表")
    strange = sorted(set(near["service"].dropna()) - {*groups, *rules.value("siting.needs"), IDLE})
    if strange:
        raise RuleError(f"规则 circle.groups 与 siting.needs 都没有这些服务:{some(strange)}")
    people = communities.loc[communities["node"].notna(), [*COMPOUND, "node", *ages]].reset_index(drop=True)
    people[ages] = people[ages].fillna(0).astype(float).round().astype("int64")
    index = pd.Index(people["node"].astype("str").unique())
    at = index.get_indexer(pd.Index(near["node"].astype("str")))
    kind = pd.Index(list(groups)).get_indexer(pd.Index(near["service"]))
    mine = (at >= 0) & (kind >= 0)
    best = np.full((len(groups), len(index)), np.inf)
    np.minimum.at(best, (kind[mine], at[mine]), decimetres(near["metres"])[mine])
    return people, dict(zip(groups, best[:, index.get_indexer(pd.Index(people["node"].astype("str")))], strict=True))


def units(people: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray]:
    """township, community of every unit in the order given, and the unit of each compound."""
    names = people[["township", "community"]]
    code = names.groupby(["township", "community"], sort=False).ngroup().to_numpy()
    return names[~names.duplicated()].astype("str").reset_index(drop=True), code
