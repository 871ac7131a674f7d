"""What a plan must keep to, and what each room may become: area, hardware, money, places, rooms that stay."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from .. import rules, tables
from ..errors import InfeasibleError, RuleError, TableError, require

FLAGS = ("exhaust", "circuits", "plumbing", "step_free", "insulation")
CENT = 100  # money is counted in whole hundredths of 万元, so that sums are exact
OPTIONS = {"room": "int64", "service": "int64", "cost": "int64", "retrofit": "str", "places": "int64", "lifts": "str"}


@dataclass(frozen=True)
class Limits:
    """What a plan must keep to beside the number of conversions.

    funds : 万元 in all, None without limit. keep : ids of rooms (or plots) that stay as they are. retrofit : missing
    hardware may be bought at the price of ``siting.costs``. floor : share (0 to 1) of the persons x services of every
    community (over all services of ``circle.groups`` together) that must be in reach once the plan is carried out.
    capacity : people count only up to the places of what they reach (``siting.places``; for sites the column
    ``capacity`` of ``near``). gap : stop searching once the plan is proven to be that close (share) to the best.

    >>> Limits(funds=30, keep=("F1",)).retrofit
    False
    """

    funds: float | None = None
    keep: Iterable[str] = ()
    retrofit: bool = False
    floor: float = 0.0
    capacity: bool = False
    gap: float = 0.0


class Case(NamedTuple):
    """Which options may be taken, and within what."""

    usable: np.ndarray  # [options] flags
    most: int
    funds: float  # hundredths of 万元
    floor: float = 0.0
    gap: float = 0.0
    capacity: bool = False


def money(limits: Limits) -> float:
    """The funds in whole hundredths of 万元; inf without limit."""
    return np.inf if limits.funds is None else float(np.floor(round(float(limits.funds) * CENT, 6)))


def checked(rooms: pd.DataFrame, limits: Limits, budget: int | None) -> tuple[int, np.ndarray]:
    """The number of conversions allowed and which rooms must stay; every fault of the limits is named at once."""
    most = rules.value("siting.budget") if budget is None else budget
    keep = [limits.keep] if isinstance(limits.keep, str) else list(map(str, limits.keep))
    unknown = sorted(set(keep) - set(rooms["room"].astype(str)))
    faults = [f"改造处数不能为负:{most}"] if most < 0 else []
    if limits.funds is not None and not float(limits.funds) >= 0:
        faults.append(f"资金须为不小于 0 的万元数:{limits.funds}")
    if not 0 <= limits.floor <= 1:
        faults.append(f"保底比例须在 0 至 1 之间:{limits.floor}")
    if not 0 <= limits.gap < 1:
        faults.append(f"允许的差距须不小于 0 且小于 1:{limits.gap}")
    if unknown:
        faults.append(f"须保留的编号不在表中:{'、'.join(unknown[:8])};请按编号填写")
    if faults:
        raise InfeasibleError(";".join(faults))
    stays = rooms["room"].astype(str).isin(keep).to_numpy()
    if "must_stay" in rooms:
        stays = stays | _flag(rooms, "must_stay")
    return int(most), stays


def conversions(rooms: pd.DataFrame, services: list[str], stays: np.ndarray, *, retrofit: bool) -> pd.DataFrame:
    """What each room may become: room, service (positions), cost, retrofit, places, lifts; by room, then service.

    ``lifts`` is empty where the room may become it as things stand, else the one limit that stands in the way:
    ``keep``, ``area`` (of ``siting.needs``), or the hardware that is missing and not bought, codes joined by "|".
    """
    needs, present = rules.value("siting.needs"), rooms["service"].to_numpy(object)
    area = rooms["area_m2"].astype(float).fillna(0).to_numpy()
    parts = [_empty()]
    for k, service in enumerate(services):
        if service not in needs:
            continue
        least, wanted = needs[service]["area_m2"], needs[service]["hardware"]
        missing = np.array([~_flag(rooms, f) for f in wanted]).reshape(len(wanted), len(rooms))
        hard = np.full(len(rooms), not retrofit) & missing.any(axis=0)
        small = area < least
        can = (present != service) & (hard * 1 + small + stays <= 1)
        at = np.flatnonzero(can)
        bought = ["|".join(f for f, gone in zip(wanted, missing[:, r], strict=True) if gone) for r in at]
        other = np.where(stays, "keep", np.where(small, "area", ""))[at].tolist()
        lifts = [b if h else o for b, h, o in zip(bought, hard[at], other, strict=True)]
        size = np.maximum(area, least)[at]
        bought = bought if retrofit else [""] * len(at)
        parts.append(_options(at, k, service, size, bought).assign(lifts=pd.Series(lifts, dtype="str")))
    return pd.concat(parts, ignore_index=True).sort_values(["room", "service"], kind="stable", ignore_index=True)


def buildings(plots: pd.DataFrame, services: list[str], stays: np.ndarray) -> pd.DataFrame:
    """What can be built on each plot, in the columns of ``conversions``: one building of one service a plot."""
    needs, build = rules.value("siting.needs"), rules.value("siting.build")
    area = plots["area_m2"].astype(float).fillna(0).to_numpy()
    parts = [_empty()]
    for k, service in enumerate(services):
        if service in needs:
            at = np.flatnonzero((area >= needs[service]["area_m2"]) & ~stays)
            size = np.minimum(
                area[at], max(_entry(build["most_m2"], service, "siting.build"), needs[service]["area_m2"])
            )
            out = _options(at, k, service, size, [""] * len(at))
            parts.append(out.assign(cost=_cents(size * build["per_m2"])))
    return pd.concat(parts, ignore_index=True).sort_values(["room", "service"], kind="stable", ignore_index=True)


def _empty() -> pd.DataFrame:
    """No option, with all columns."""
    return pd.DataFrame({c: pd.Series(dtype=kind) for c, kind in OPTIONS.items()})


def _options(at: np.ndarray, k: int, service: str, size: np.ndarray, bought: list[str]) -> pd.DataFrame:
    """Options of one service in the rooms ``at`` on ``size`` square metres, with the hardware bought for them."""
    prices = {part: hardware_price(part, size) for part in {p for b in bought for p in b.split("|") if p}}
    entry = _entry(rules.value("siting.costs")["services"], service, "siting.costs")
    cost = _cents(entry["fixed"] + entry["per_m2"] * size)
    for i, parts in enumerate(bought):
        cost[i] += sum(int(prices[p][i]) for p in parts.split("|") if p)
    columns = {"room": at, "service": k, "cost": cost, "retrofit": bought, "places": places(service, size), "lifts": ""}
    return pd.DataFrame(columns, index=range(len(at))).astype(OPTIONS)


def hardware_price(part: str, size: np.ndarray) -> np.ndarray:
    """What a piece of hardware costs in rooms of ``size`` square metres, in whole hundredths of 万元."""
    entry = _entry(rules.value("siting.costs")["hardware"], part, "siting.costs")
    return _cents(entry["fixed"] + entry["per_m2"] * np.asarray(size, float))


def places(service: str, size: np.ndarray) -> np.ndarray:
    """How many people ``size`` square metres of a service hold at once; -1 where ``siting.places`` has no number."""
    each = rules.value("siting.places").get(service)
    size = np.asarray(size, float)
    return np.full(len(size), -1) if each is None else np.floor(size / each + 1e-9).astype(np.int64)


def _cents(amount: np.ndarray) -> np.ndarray:
    return np.floor(np.round(amount * CENT, 6) + 0.5).astype(np.int64)


def _entry(table: dict[str, Any], name: str, rule: str) -> Any:
    """What a rule says of a service or a piece of hardware; RuleError where it says nothing."""
    if name not in table:
        raise RuleError(f"规则 {rule} 没有 {name};请在 rules.yaml 中补上")
    return table[name]


def _flag(rooms: pd.DataFrame, column: str) -> np.ndarray:
    """A column of yes and no as flags; missing is no."""
    return rooms[column].astype("boolean").fillna(False).to_numpy(bool)


def affordable(rooms: pd.DataFrame, services: list[str], options: pd.DataFrame, limits: Limits) -> None:
    """Return nothing; raise InfeasibleError where the funds do not even pay for the cheapest allowed option."""
    allowed = options[options["lifts"] == ""]
    if len(allowed) and allowed["cost"].min() > money(limits):
        room, service, cost = allowed.iloc[int(allowed["cost"].argmin())][["room", "service", "cost"]].tolist()
        word = tables.label("rooms", "service", services[service])
        raise InfeasibleError(
            f"资金 {limits.funds:g} 万元不够最便宜的一处:{rooms['name'].iloc[room]}用作{word}需 {cost / CENT:g} 万元"
        )


def ready(rooms: pd.DataFrame, near: pd.DataFrame, what: str) -> pd.DataFrame:
    """Rooms sorted by id, as text; TableError for ids that are missing, double or not searched in ``near``."""
    require(near, ["origin", "service", "node", "metres"], "可达范围")
    blank = int(rooms["room"].isna().sum())
    if blank:
        raise TableError(f"{what}编号空缺:{blank} 行;请先编号")
    rooms = rooms.assign(room=rooms["room"].astype("str"))
    twice = rooms["room"][rooms["room"].duplicated()].unique().tolist()
    if twice:
        raise TableError(f"{what}编号重复:{'、'.join(twice[:8])}")
    lost = rooms.loc[~rooms["room"].isin(near["origin"].astype("str").unique()), "room"].tolist()
    if lost:
        raise TableError(
            f"可达范围里没有这些{what}:{'、'.join(lost[:8])};请先以 circle.places(sites, rooms) 求可达范围"
        )
    return rooms.sort_values("room", kind="stable", ignore_index=True)
