"""What else could be done, and what stands in the way: the next-best plans, and what each limit costs."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from .. import rules, tables
from ..errors import InfeasibleError
from .choosing import Found, best, search
from .covering import Town
from .limits import CENT, Case, Limits, hardware_price
from .rooms import plan, room_case

ALTERNATIVES = {
    "plan": "int64",
    **dict.fromkeys(("room", "name", "from_service", "service"), "str"),
    **dict.fromkeys(("net", "total", "short_of_best"), "int64"),
}
PRICES = {
    **dict.fromkeys(("constraint", "room", "name", "service", "what"), "str"),
    **{"cost": "float64", "gain": "Int64", "bound": "int64", "per_cost": "float64"},
}


def alternatives(
    rooms: pd.DataFrame,
    communities: pd.DataFrame,
    near: pd.DataFrame,
    *,
    budget: int | None = None,
    limits: Limits | None = None,
    count: int = 10,
) -> pd.DataFrame:
    """The best plan and the next-best ones, at most ``count``: one row a (plan, conversion).

    rooms, communities, near, budget, limits : as for ``convert``. A plan is a set of conversions that bring people;
    one that only adds to a plan already listed without bringing anyone more is none of its own.

    Returns plan (1 = best; equal totals: fewer conversions first, then smaller room ids), room, name, from_service,
    service, net (persons x service the conversion adds, in order of the best next step), total (of the plan),
    short_of_best (persons x service fewer than plan 1). No plan that helps: no rows. Raises as ``convert`` does.

    What it does not show: plans equally good to those cut off by ``count``; with ``limits.gap`` above 0 a plan
    between two listed ones may be missing.
    Source: ranking by branching on the conversions of each plan found (Lawler 1972).

    >>> from governance.siting import FLAGS
    >>> near = pd.DataFrame({"origin": "F1", "service": "idle", "node": ["a", "b"], "metres": [0.0, 700.0]})
    >>> rooms = pd.DataFrame({"room": ["F1"], "name": "甲苑配套用房", "area_m2": 90.0, "service": "idle",
    ...                       **dict.fromkeys(FLAGS, False), "circuits": True})
    >>> people = pd.DataFrame({"township": "甲镇", "community": "乙村", "compound": "", "node": ["a", "b"],
    ...                        **{age: 10 for age in rules.value("circle.speed")}})
    >>> alternatives(rooms, people, near)[["plan", "service", "net", "short_of_best"]].values.tolist()
    [[1, 'culture', 90, 0], [2, 'child_custody', 20, 70]]
    """
    town, case = room_case(rooms, communities, near, (budget, limits or Limits()))
    parts, top = [], 0
    for i, found in enumerate(_ranked(town, case, count)):
        top = found.total if not i else top
        rows = plan(town, case, found)[["room", "name", "from_service", "service", "net"]]
        parts.append(rows.assign(plan=i + 1, total=found.total, short_of_best=top - found.total))
    empty = pd.DataFrame({c: pd.Series(dtype=kind) for c, kind in ALTERNATIVES.items()})
    whole = pd.concat(parts, ignore_index=True) if parts else empty
    return whole.astype(ALTERNATIVES)[list(ALTERNATIVES)]


def prices(
    rooms: pd.DataFrame,
    communities: pd.DataFrame,
    near: pd.DataFrame,
    *,
    budget: int | None = None,
    limits: Limits | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """What each limit costs: how many more people the best plan would bring without it, most first.

    rooms, communities, near, budget, limits : as for ``convert``. One limit is lifted at a time and the best plan
    sought again: the hardware that keeps one room from a service (granted, its price not charged to the funds; none
    where ``limits.retrofit`` buys it), the square metres one room is short of for one service, one conversion more,
    ``siting.more_funds`` 万元 more, one room that must stay, the floor. progress : called with (done, all) searches.

    Returns constraint (``hardware``, ``area``, ``budget``, ``funds``, ``keep``, ``floor``), room, name, service (what
    the room could then become, codes joined by "|"), what (in words), cost (万元: the hardware by ``siting.costs``,
    the further funds; else NaN), gain (persons x service more than the best plan now), bound (proven: no more can be
    gained; above gain where the search was cut short), per_cost (gain / cost, NaN without cost). Only limits that may
    cost anybody anything are listed. At most ``siting.resolves`` searches are made, those with the highest bounds
    first: rows beyond them have their bound and no gain (NA). Of two sets of hardware for a room, the larger is listed
    only if it brings more. Raises as ``convert`` does.

    What it does not show: two limits lifted together, as where a room lacks both area and a duct; the price of land
    and walls. The gains of several rows do not add up.

    >>> from governance.siting import FLAGS
    >>> near = pd.DataFrame({"origin": "F1", "service": "idle", "node": ["a", "b"], "metres": [0.0, 700.0]})
    >>> rooms = pd.DataFrame({"room": ["F1"], "name": "甲苑配套用房", "area_m2": 90.0, "service": "idle",
    ...                       **dict.fromkeys(FLAGS, False), "circuits": True, "plumbing": True})
    >>> people = pd.DataFrame({"township": "甲镇", "community": "乙村", "compound": "", "node": ["a", "b"],
    ...                        **{age: 10 for age in rules.value("circle.speed")}})
    >>> prices(rooms, people, near)[["constraint", "service", "what", "cost", "gain"]].values.tolist()
    [['hardware', 'elder_care|health', '无障碍', 3.0, 20]]
    """
    limits = limits or Limits()
    town, case = room_case(rooms, communities, near, (budget, limits), barred=True)
    now = best(town, case)
    table = _relaxed(town, case, limits)
    limit = _ceiling(town, case, table, now)
    most = rules.value("siting.resolves")
    order = [i for i in np.argsort(-limit, kind="stable") if limit[i] > 0]
    gain: list[int | None] = [None] * len(table)
    for done, i in enumerate(order[:most]):
        found = search(town, table[i].case)
        gain[i], limit[i] = max(found.total - now.total, 0), max(found.bound - now.total, 0)
        if progress is not None:
            progress(done + 1, min(len(order), most))
    rows = [(*row.words, g, b) for row, g, b in zip(table, gain, limit.tolist(), strict=True) if b > 0]
    rows = [row for row in rows if not _idle(row, rows)]
    columns = [c for c in PRICES if c != "per_cost"]
    out = pd.DataFrame(rows, columns=columns).astype({c: PRICES[c] for c in columns})
    cost = out["cost"].where(out["cost"] > 0)
    out = out.assign(per_cost=out["gain"].astype("Float64").astype("float64") / cost)
    return out.sort_values(["gain", "bound"], ascending=False, kind="stable", ignore_index=True)


class _Relaxed(NamedTuple):
    """A case with one limit lifted, and constraint, room, name, service, what, cost in words."""

    words: tuple[str, str | float, str | float, str | float, str, float]
    case: Case


def _idle(row: tuple, rows: list[tuple]) -> bool:
    """Whether a part of this hardware brings the room as much."""
    parts = set(row[4].split("、"))
    others = [r for r in rows if r[:2] == row[:2] == ("hardware", row[1]) and set(r[4].split("、")) < parts]
    return row[6] is not None and any(r[6] is not None and r[6] >= row[6] for r in others)


def _relaxed(town: Town, case: Case, limits: Limits) -> list[_Relaxed]:
    """Every case with one limit lifted: rooms by id, then the limits on the whole plan."""
    out = [_opened(town, case, rows) for rows in _barred(town)]
    none = (np.nan, np.nan, np.nan)
    out.append(_Relaxed(("budget", *none, "多改一处", np.nan), case._replace(most=case.most + 1)))
    if limits.funds is not None:
        more = float(rules.value("siting.more_funds"))
        wider = case._replace(funds=case.funds + more * CENT)
        out.append(_Relaxed(("funds", *none, f"多 {more:g} 万元", more), wider))
    if case.floor > 0:
        out.append(_Relaxed(("floor", *none, f"不设 {case.floor:.0%} 保底", np.nan), case._replace(floor=0.0)))
    return out


def _barred(town: Town) -> Iterator[np.ndarray]:
    """Options that reach somebody and that one limit bars, together where lifting it would open all of them."""
    options = town.options.assign(reach=town.comes.T @ town.weight)
    barred = options[(options["lifts"] != "") & (options["reach"] > 0)]
    each = barred["service"].where(barred["lifts"] == "area", -1)
    for (_, limit, _), mine in barred.groupby(["room", "lifts", each], sort=True):
        if limit in ("area", "keep"):
            yield mine.index.to_numpy()
            continue
        room, whole = barred[barred["room"] == mine["room"].iloc[0]], set(str(limit).split("|"))
        yield room.index.to_numpy()[[set(other.split("|")) <= whole for other in room["lifts"]]]


def _opened(town: Town, case: Case, rows: np.ndarray) -> _Relaxed:
    """The case in which these options may be taken too, and the limit that bars them in words."""
    usable = case.usable.copy()
    usable[rows] = True
    option = town.options.iloc[rows]
    limit = max(option["lifts"], key=len)  # of hardware, the set that holds the others
    room_id, name, area = town.rooms[["room", "name", "area_m2"]].iloc[option["room"].iloc[0]].tolist()
    services = [town.services[k] for k in option["service"]]
    what, cost = _what(area, limit, services)
    constraint = limit if limit in ("area", "keep") else "hardware"
    return _Relaxed((constraint, room_id, name, "|".join(services), what, cost), case._replace(usable=usable))


def _what(area: float, limit: str, services: list[str]) -> tuple[str, float]:
    """What is missing, in words, and the price of it in 万元 where the rules have one."""
    if limit == "keep":
        return "不必保留现用途", np.nan
    if limit == "area":
        least = rules.value("siting.needs")[services[0]]["area_m2"]
        return (f"差 {least - area:g} 平方米" if pd.notna(area) else f"面积未登记,需 {least:g} 平方米"), np.nan
    parts, size = limit.split("|"), np.array([area if pd.notna(area) else 0], float)
    price = sum(int(hardware_price(part, size)[0]) for part in parts) / CENT
    return "、".join(tables.label("rooms", part) for part in parts), price


def _ceiling(town: Town, case: Case, table: list[_Relaxed], now: Found) -> np.ndarray:
    """People at most gained by each lifted limit, before any search for its plan.

    A plan with a new option is a plan of one conversion less and that option, which adds no more than it reaches.
    """
    reach, free = town.comes.T @ town.weight, case._replace(floor=0.0)
    rest = search(town, free._replace(most=case.most - 1)).bound if case.most else 0
    out = []
    for row in table:
        new = row.case.usable & ~case.usable
        if new.any():
            out.append(max(rest, 0) + int(reach[new].max()) - now.total if case.most else 0)
        elif row.words[0] == "budget":
            bound = search(town, free).bound if case.floor > 0 else now.bound
            out.append(max(bound, 0) + int(reach[case.usable].max(initial=0)) - now.total)
        else:  # the whole plan may change: as many as there are
            out.append(int(town.weight.sum()))
    return np.array(out, np.int64)


class _Branch(NamedTuple):
    """The best plan among those that take all ``required`` and none of ``barred``; sorted as plans are listed."""

    rank: tuple[int, int, tuple[int, ...]]
    required: tuple[int, ...]
    barred: frozenset[int]
    found: Found


def _ranked(town: Town, case: Case, count: int) -> Iterator[Found]:
    """Plans that help, best first, none of which holds another that is as good or better."""
    listed: list[set[int]] = []
    first = best(town, case)
    waiting = [_branch(first, (), frozenset())]
    while waiting and len(listed) < count:
        branch = heapq.heappop(waiting)
        found = branch.found
        if found.total <= 0:
            return
        inside = [s for s in listed if s <= set(found.chosen)]
        if not inside:
            listed.append(set(found.chosen))
            yield found
        split = sorted((inside[0] if inside else set(found.chosen)) - set(branch.required))
        for i, barred in enumerate(split):
            required = (*branch.required, *split[:i])
            if any(s <= set(required) for s in listed):
                continue
            usable = case.usable.copy()
            usable[[barred, *branch.barred]] = False
            try:
                again = search(town, case._replace(usable=usable), required)
            except InfeasibleError:
                continue
            if again.total > 0:
                heapq.heappush(waiting, _branch(again, required, branch.barred | {barred}))


def _branch(found: Found, required: tuple[int, ...], barred: frozenset[int]) -> _Branch:
    """A branch with the key it is sorted by."""
    return _Branch((-found.total, len(found.chosen), tuple(sorted(found.chosen))), required, barred, found)
