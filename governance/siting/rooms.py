"""Which community rooms to turn into which service, so that most people who lack one gain it: proven, not guessed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from .. import rules
from ..errors import require
from .choosing import Found, best, served, times
from .covering import Town, town
from .limits import CENT, FLAGS, Case, Limits, affordable, checked, conversions, money, ready

PLAN = (
    *("order", "room", "name", "from_service", "service", "gain", "lost", "net", "cumulative", "bound", "gap"),
    *("cost", "retrofit", "places"),
)
KINDS = {
    **dict.fromkeys(("order", "gain", "lost", "net", "cumulative", "bound"), "int64"),
    **dict.fromkeys(("gap", "cost"), "float64"),
    "places": "Int64",
}


def convert(
    rooms: pd.DataFrame,
    communities: pd.DataFrame,
    near: pd.DataFrame,
    *,
    budget: int | None = None,
    limits: Limits | None = None,
) -> pd.DataFrame:
    """The conversions of rooms that bring most people, net, a service within fifteen minutes: one row each, best first.

    rooms : room, name, area_m2, service and the hardware flags exhaust, circuits, plumbing, step_free, insulation
    (missing counts as not there; ``siting.needs`` says what each service needs); rooms whose ``must_stay`` is true
    are left as they are. communities : township, community, compound, node and the age columns. near :
    ``circle.reach`` of ``circle.places(sites, rooms)``, so that sites and rooms are both counted. budget : at most so
    many conversions (``siting.budget`` when None). limits : money, rooms that stay, hardware that may be bought, a
    floor for every community, places (``siting.Limits``; none when None).

    Returns order (1, 2, ...: the best next step among the chosen), room, name, from_service, service, gain (persons x
    service newly in reach at this step, each group of ``circle.groups`` at its own speed), lost (persons x service
    who lose the room's present service), net (gain - lost), cumulative (running total of net), bound (proven: no plan
    within the limits exceeds it), gap ((bound - total) / bound, 0 when the plan is proven best), cost (万元, by
    ``siting.costs``: fitting out, and the hardware bought), retrofit (hardware to be bought, codes joined by "|", NaN
    for none), places (people the room holds in its new use, by ``siting.places``; NA where that says nothing). Fewer
    conversions are preferred on a tie, then smaller room ids (by the sum of their ranks). Nothing to gain: no rows.

    The floor counts persons x services of all services together; homes without a node are left out, communities
    without people are not asked about. With ``capacity``, gain and lost are people with a place: everyone takes at
    most one place a service, shared out so that most people have one; services without a number in ``siting.places``
    and sites without a capacity hold everyone.

    Raises TableError for missing columns, for rooms that ``near`` does not hold or a shorter search, InfeasibleError
    that names the limit in the way: a negative budget, funds below the cheapest conversion, unknown ids to keep, a
    floor that no plan reaches.

    A service of ``siting.needs`` without an entry in ``circle.groups`` (``startup`` and ``disability`` as the rules
    stand: age does not tell who needs them) is not counted: no room is turned into it, and a room that now serves it
    may be converted with nothing in ``lost``. A county may add its age groups in rules.yaml.

    What it does not show: real prices (those of the rules are our own), whether residents want it, who will run it,
    what a service that is not counted means to those who use it. Who gains two services counts twice.
    Source: maximal covering location (Church and ReVelle 1974) with closures, solved exactly by HiGHS.

    >>> near = pd.DataFrame({"origin": "F1", "service": "idle", "node": ["a", "b"], "metres": [0.0, 700.0]})
    >>> rooms = pd.DataFrame({"room": ["F1"], "name": "甲苑配套用房", "area_m2": 90.0, "service": "idle",
    ...                       **dict.fromkeys(FLAGS, False), "circuits": True})
    >>> people = pd.DataFrame({"township": "甲镇", "community": "乙村", "compound": "", "node": ["a", "b"],
    ...                        **{age: 10 for age in rules.value("circle.speed")}})
    >>> convert(rooms, people, near)[["service", "gain", "lost", "net", "cumulative", "bound", "gap", "cost"]].values
    array([['culture', 90, 0, 90, 90, 90, 0.0, 6.5]], dtype=object)
    >>> convert(rooms, people, near, limits=Limits(retrofit=True))[["service", "gain", "retrofit"]].values.tolist()
    [['health', 110, 'plumbing|step_free']]
    """
    where, case = room_case(rooms, communities, near, (budget, limits or Limits()))
    return plan(where, case, best(where, case))


def room_case(
    rooms: pd.DataFrame,
    communities: pd.DataFrame,
    near: pd.DataFrame,
    within: tuple[int | None, Limits],
    *,
    barred: bool = False,
) -> tuple[Town, Case]:
    """The model of rooms that may be converted within (budget, limits); with ``barred`` also what one limit bars."""
    budget, limits = within
    needed = {flag for need in rules.value("siting.needs").values() for flag in need["hardware"]}
    require(rooms, ["room", "name", "area_m2", "service", *FLAGS, *sorted(needed - {*FLAGS})], "社区用房表")
    rooms = ready(rooms, near, "用房")
    most, stays = checked(rooms, limits, budget)
    services = list(rules.value("circle.groups"))
    options = conversions(rooms, services, stays, retrofit=limits.retrofit)
    if not barred:
        options = options[options["lifts"] == ""].reset_index(drop=True)
    return case_of(rooms, communities, near, options, (most, limits))


def case_of(
    rooms: pd.DataFrame,
    communities: pd.DataFrame,
    near: pd.DataFrame,
    options: pd.DataFrame,
    within: tuple[int, Limits],
) -> tuple[Town, Case]:
    """The model of these options and the limits of a plan (most, limits)."""
    most, limits = within
    where = town(rooms, communities, near, options, limits)
    usable = (options["lifts"] == "").to_numpy()
    if most:
        affordable(rooms, where.services, options, limits)
    return where, Case(usable, most, money(limits), limits.floor, limits.gap, limits.capacity)


def plan(town: Town, case: Case, found: Found) -> pd.DataFrame:
    """The chosen options, the best next one first, with what each adds: the columns of PLAN."""
    taken = list(steps(town, found.chosen, capacity=case.capacity))
    option = town.options.iloc[[j for j, _, _ in taken]].reset_index(drop=True)
    room = town.rooms.iloc[option["room"].to_numpy()].reset_index(drop=True)
    out = pd.DataFrame({"order": np.arange(1, len(taken) + 1), "room": room["room"], "name": room["name"]})
    out["from_service"] = room["service"]
    out["service"] = [town.services[k] for k in option["service"]]
    out["gain"], out["lost"] = ([step[i] for step in taken] for i in (1, 2))
    out["net"] = out["gain"] - out["lost"]
    out["cumulative"] = out["net"].cumsum()
    out["bound"], out["gap"] = found.bound, (found.bound - found.total) / max(found.bound, 1)
    out["cost"] = option["cost"] / CENT
    out["retrofit"] = option["retrofit"].where(option["retrofit"] != "")
    out["places"] = option["places"].astype("Int64").where(option["places"] >= 0)
    return out.astype({c: KINDS.get(c, "str") for c in PLAN})[list(PLAN)]


def steps(town: Town, chosen: Sequence[int], *, capacity: bool) -> Iterator[tuple[int, int, int]]:
    """Option, people gained and people lost at each step, the best next one first, the earlier on a tie."""
    done: list[int] = []
    left = sorted(chosen)
    while left:
        gain, lost = (_crowded if capacity else _covered)(town, done, left)
        at = int(np.argmax(gain - lost))
        yield left[at], int(gain[at]), int(lost[at])
        done.append(left.pop(at))


def _covered(town: Town, done: list[int], left: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """People newly reached, and reached no more, by each option left."""
    now = times(town, done)
    rooms = town.options["room"].to_numpy()[left]
    gain = town.comes[:, left].T @ (town.weight * (now == 0))
    return gain, town.stays[:, rooms].T @ (town.weight * (now == 1))


def _crowded(town: Town, done: list[int], left: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """People with a place more, and fewer, summed over services, by each option left."""
    now = served(town, done, capacity=True)
    change: Any = np.array([served(town, [*done, j], capacity=True) - now for j in left])
    return np.maximum(change, 0).sum(axis=1), np.maximum(-change, 0).sum(axis=1)
