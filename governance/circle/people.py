"""Who is asked about: homes with whole people, how fast they walk, and how far each is from each service."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from .. import rules
from ..errors import RuleError, TableError, require
from ..walking import decimetres, stretch

IDLE = "idle"
COMPOUND = ("township", "community", "compound")


def some(names: Any, most: int = 8) -> str:
    """Names joined for a message, cut after ``most``."""
    names = [str(n) for n in names]
    return "、".join(names[:most]) + (f" 等 {len(names)} 处" if len(names) > most else "")


def speeds(pace: str | float | None) -> dict[str, float]:
    """Metres a minute of every age group: its own (None), everybody's in a wheelchair, or one number for all."""
    own = rules.value("circle.speed")
    if pace is None:
        return dict(own)
    if pace == "wheelchair":
        return dict.fromkeys(own, rules.value("circle.wheelchair"))
    if isinstance(pace, str) or not (0 < pace < np.inf):
        raise RuleError(
            f"步行速度 pace={pace} 无法使用;可留空(各年龄组自己的速度)、写 'wheelchair' 或每分钟米数(大于 0)"
        )
    return dict.fromkeys(own, pace)


def within(near: pd.DataFrame) -> float:
    """The time ``near`` was searched for; inf for ``nearest``, which has no limit."""
    return float(near["within"].min()) if "within" in near and len(near) else np.inf


def searched(near: pd.DataFrame) -> float:
    """Decimetres that ``near`` was searched for: its time at the fastest age group's own speed."""
    minutes = within(near)
    return stretch(max(rules.value("circle.speed").values()), minutes) if np.isfinite(minutes) else np.inf


def fifteen(near: pd.DataFrame, speed: dict[str, float]) -> float:
    """The longest of ``circle.minutes``, refused where ``near`` was searched for less at ``speed``."""
    longest = max(rules.value("circle.minutes"))
    need = stretch(max(speed.values()), longest)
    if searched(near) < need:
        ask = -(-need // (10 * max(rules.value("circle.speed").values())))
        raise TableError(
            f"可达范围只算到 {within(near):g} 分钟({searched(near) / 10:g} 米),这里需要 {need / 10:g} 米"
            f"(每分钟 {max(speed.values()):g} 米走 {longest:g} 分钟);请以 minutes={ask:g} 重算"
        )
    return longest


def homes(communities: pd.DataFrame) -> pd.DataFrame:
    """The placed compounds with whole people in each age column, in the order given."""
    ages = list(rules.value("circle.speed"))
    require(communities, [*COMPOUND, "node", *ages], "村社人口表")
    people = communities.loc[communities["node"].notna(), [*COMPOUND, "node", *ages]].reset_index(drop=True)
    people[ages] = people[ages].fillna(0).astype(float).round().astype("int64")
    return people.astype(dict.fromkeys([*COMPOUND, "node"], "str"))


def key(frame: pd.DataFrame) -> pd.Series:
    """township|community|compound as one text, a blank compound being one of its own."""
    parts = [frame[c].astype("str").fillna("") for c in COMPOUND]
    return parts[0] + "|" + parts[1] + "|" + parts[2]


def met(near: pd.DataFrame, people: pd.DataFrame) -> pd.DataFrame:
    """Each place that lets each home in, as far as ``near`` searched: home (position in people), service, site, steps.

    Rows of ``near`` that say whom they admit (see ``admitted``) count for the homes of that compound only.
    steps : whole decimetres. site : the origin of ``reach``, the site of ``nearest``, else NaN. Sorted by service,
    home, steps, site; services without an entry in ``circle.groups`` are left out.
    """
    groups = rules.value("circle.groups")
    require(near, ["service", "node", "metres"], "可达范围")
    strange = sorted(set(near["service"].dropna().unique()) - {*groups, *rules.value("siting.needs"), IDLE})
    if strange:
        raise RuleError(f"规则 circle.groups 与 siting.needs 都没有这些服务:{some(strange)}")
    nodes = pd.Index(people["node"].unique())
    mine = nodes.get_indexer(pd.Index(near["node"].astype("str"))) >= 0
    kept = near[mine & near["service"].isin(list(groups)).to_numpy() & np.isfinite(near["metres"].to_numpy(float))]
    named = next((c for c in ("origin", "site") if c in near), None)
    rows = pd.DataFrame(
        {
            "node": kept["node"].astype("str"),
            "service": kept["service"].astype("str"),
            "site": kept[named].astype("str") if named else pd.Series(np.nan, kept.index, dtype="str"),
            "steps": decimetres(kept["metres"]),
            "door": kept["admits"].astype("str") if "admits" in near else pd.Series(np.nan, kept.index, dtype="str"),
        }
    )
    lived = pd.DataFrame({"node": people["node"], "home": np.arange(len(people)), "own": key(people)})
    pairs = rows.merge(lived, on="node")
    pairs = pairs[pairs["door"].isna() | (pairs["door"] == pairs["own"])]
    order = ["service", "home", "steps", "site"]
    return pairs[order].sort_values(order, ignore_index=True)


def closest(pairs: pd.DataFrame, many: int) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Decimetres from each of ``many`` homes to each service's nearest place (inf where none) and its id (NaN)."""
    first = pairs.drop_duplicates(["service", "home"])
    steps = {service: np.full(many, np.inf) for service in rules.value("circle.groups")}
    site = {service: np.full(many, np.nan, object) for service in steps}
    for service, part in first.groupby("service"):
        steps[str(service)][part["home"]] = part["steps"]
        site[str(service)][part["home"]] = part["site"]
    return steps, site


def demand(near: pd.DataFrame, communities: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    """The placed compounds with whole people in each age column, and decimetres to each service's nearest place."""
    people = homes(communities)
    return people, closest(met(near, people), len(people))[0]


def units(people: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray]:
    """township, community of every unit in the order given, and the unit of each compound."""
    names = people[["township", "community"]]
    code = names.groupby(["township", "community"], sort=False).ngroup().to_numpy()
    return names[~names.duplicated()].astype("str").reset_index(drop=True), code
