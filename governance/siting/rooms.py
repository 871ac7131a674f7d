"""Which community rooms to turn into which service, so that most people who lack one gain it: proven, not guessed."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array, eye_array, hstack

from .. import rules
from ..errors import InfeasibleError, TableError, require
from ..walking import decimetres, stretch

PLAN = ("order", "room", "name", "from_service", "service", "gain", "lost", "net", "cumulative", "bound", "gap")
BRANCHES = 50_000  # a limit on the search in nodes, not seconds: the same plan on a slow machine
FLAGS = ("exhaust", "circuits", "plumbing", "step_free", "insulation")


class _Model(NamedTuple):
    """Demands with the same covering sets merged, against rooms and options (a room turned into a service)."""

    rooms: pd.DataFrame  # sorted by room
    options: np.ndarray  # (room position, service position), in order of preference on a tie
    weight: np.ndarray  # people of each demand
    stays: np.ndarray  # demand x room: covered as long as the room keeps its service
    comes: np.ndarray  # demand x option: covered once the option is taken
    services: list[str]


def convert(
    rooms: pd.DataFrame, communities: pd.DataFrame, near: pd.DataFrame, *, budget: int | None = None
) -> pd.DataFrame:
    """The conversions of rooms that bring most people, net, a service within fifteen minutes: one row each, best first.

    rooms : room, name, area_m2, service and the hardware flags exhaust, circuits, plumbing, step_free, insulation
    (missing counts as not there; ``siting.needs`` says what each service needs). communities : township, community,
    compound, node and the age columns. near : ``circle.reach`` of ``circle.places(sites, rooms)``, so that sites and
    rooms are both counted. budget : at most so many conversions (``siting.budget`` when None).

    Returns order (1, 2, ...: the best next step among the chosen), room, name, from_service, service, gain (persons x
    service newly in reach at this step, each group of ``circle.groups`` at its own speed), lost (persons x service
    who lose the room's present service), net (gain - lost), cumulative (running total of net), bound (proven: no plan
    within the budget exceeds it), gap ((bound - total) / bound, 0 when the plan is proven best). Fewer conversions
    are preferred on a tie, then smaller room ids (by the sum of their ranks). Nothing to gain: no rows.
    Raises TableError for missing columns, for rooms that ``near`` does not hold or a shorter search, InfeasibleError
    for a negative budget.

    A service of ``siting.needs`` without an entry in ``circle.groups`` (``startup`` and ``disability`` as the rules
    stand: age does not tell who needs them) is not counted: no room is turned into it, and a room that now serves it
    may be converted with nothing in ``lost``. A county may add its age groups in rules.yaml.

    What it does not show: what a conversion costs, whether residents want it, how many a room can hold, who will
    run it, what a service that is not counted means to those who use it. Who gains two services counts twice.
    Source: maximal covering location (Church and ReVelle 1974) with closures, solved exactly by HiGHS.

    >>> near = pd.DataFrame({"origin": "F1", "service": "idle", "node": ["a", "b"], "metres": [0.0, 700.0]})
    >>> rooms = pd.DataFrame({"room": ["F1"], "name": "甲苑配套用房", "area_m2": 90.0, "service": "idle",
    ...                       **dict.fromkeys(FLAGS, False), "circuits": True})
    >>> people = pd.DataFrame({"township": "甲镇", "community": "乙村", "compound": "", "node": ["a", "b"],
    ...                        **{age: 10 for age in rules.value("circle.speed")}})
    >>> convert(rooms, people, near)[["service", "gain", "lost", "net", "cumulative", "bound", "gap"]].values.tolist()
    [['culture', 90, 0, 90, 90, 90, 0.0]]
    """
    most = rules.value("siting.budget") if budget is None else budget
    if most < 0:
        raise InfeasibleError(f"改造处数不能为负:{most}")
    model = _model(rooms, communities, near)
    if not most or not len(model.options) or not len(model.weight):
        return _empty()
    chosen, bound = _solve(model, most)
    if not chosen:
        return _empty()
    return _steps(model, chosen, bound)


def _empty() -> pd.DataFrame:
    """The plan without a row."""
    whole = ("order", "gain", "lost", "net", "cumulative", "bound")
    kinds = {**dict.fromkeys(whole, "int64"), "gap": "float64"}
    return pd.DataFrame({c: pd.Series(dtype=kinds.get(c, "str")) for c in PLAN})


def _allowed(rooms: pd.DataFrame, services: list[str]) -> np.ndarray:
    """room x service: whether the room has the area and the hardware, and does not serve it already.

    Only services that people are counted for (``services``) and whose needs are written down come up.
    """
    needs = rules.value("siting.needs")
    out = np.zeros((len(rooms), len(services)), bool)
    for k, service in enumerate(services):
        if service in needs:
            fits = rooms["area_m2"].astype(float).fillna(0) >= needs[service]["area_m2"]
            for flag in needs[service]["hardware"]:
                fits &= rooms[flag].astype("boolean").fillna(False).astype(bool)
            out[:, k] = fits & (rooms["service"] != service)
    return out


def _model(rooms: pd.DataFrame, communities: pd.DataFrame, near: pd.DataFrame) -> _Model:
    """The covering model of rooms, people and what ``near`` found."""
    groups, speed = rules.value("circle.groups"), rules.value("circle.speed")
    longest = max(rules.value("circle.minutes"))
    rooms, people, near = _checked(rooms, communities, near)
    services = list(groups)
    allowed = _allowed(rooms, services)
    options = np.argwhere(allowed)
    open_as = rooms["service"].to_numpy(object)
    stuck = [r for r, can in zip(rooms["room"], np.asarray(allowed.any(axis=1)), strict=True) if not can]
    far, fixed = _distances(rooms["room"], services, people["node"], near, stuck)
    sizes, bits = [], []
    for k, service in enumerate(services):
        for age in groups[service]:
            inside = far <= stretch(speed[age], longest)
            stays = inside & (open_as == service)[None, :]
            comes = inside[:, options[:, 0]] & (options[:, 1] == k)[None, :]
            asks = (
                (fixed[:, k] > stretch(speed[age], longest))
                & (stays.any(1) | comes.any(1))
                & (people[age] > 0).to_numpy()
            )
            sizes.append(people[age].to_numpy()[asks])
            bits.append(np.packbits(np.hstack([stays[asks], comes[asks]]), axis=1))
    sets, which = np.unique(np.concatenate(bits), axis=0, return_inverse=True)
    weight = np.bincount(which.ravel(), np.concatenate(sizes), len(sets)).astype(np.int64)
    cover = np.unpackbits(sets, axis=1, count=len(rooms) + len(options)).astype(bool)
    return _Model(rooms, options, weight, cover[:, : len(rooms)], cover[:, len(rooms) :], services)


def _checked(
    rooms: pd.DataFrame, communities: pd.DataFrame, near: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """The columns needed, rooms by id, placed people as whole numbers; faults named."""
    ages, longest = list(rules.value("circle.speed")), max(rules.value("circle.minutes"))
    require(rooms, ["room", "name", "area_m2", "service", *FLAGS], "社区用房表")
    require(communities, ["node", *ages], "村社人口表")
    require(near, ["origin", "service", "node", "metres"], "可达范围")
    twice = rooms["room"][rooms["room"].duplicated()].astype(str).tolist()
    if twice:
        raise TableError(f"用房编号重复:{'、'.join(twice[:8])}")
    lost = rooms.loc[~rooms["room"].isin(near["origin"]), "room"].astype(str).tolist()
    if lost:
        raise TableError(f"可达范围里没有这些用房:{'、'.join(lost[:8])};请先以 circle.places(sites, rooms) 求可达范围")
    if "within" in near and len(near) and near["within"].min() < longest:
        raise TableError(f"可达范围只算到 {near['within'].min():g} 分钟,这里需要 {longest:g} 分钟")
    people = communities.loc[communities["node"].notna(), ["node", *ages]].reset_index(drop=True)
    people[ages] = people[ages].fillna(0).astype(float).round().astype("int64")
    return rooms.sort_values("room", kind="stable", ignore_index=True), people, near


def _distances(
    rooms: pd.Series, services: list[str], nodes: pd.Series, near: pd.DataFrame, stuck: list[str]
) -> tuple[np.ndarray, np.ndarray]:
    """Decimetres from each compound to each room, and to the nearest place of each service that cannot change."""
    near = near[near["node"].isin(nodes)]
    metres = decimetres(near["metres"])
    index = pd.Index(nodes.astype("str").unique())
    back = index.get_indexer(pd.Index(nodes.astype("str")))
    at = index.get_indexer(pd.Index(near["node"].astype("str")))
    room = pd.Index(rooms).get_indexer(pd.Index(near["origin"]))
    kind = pd.Index(services).get_indexer(pd.Index(near["service"]))
    far, fixed = np.full((len(index), len(rooms)), np.inf), np.full((len(index), len(services)), np.inf)
    mine = (at >= 0) & (room >= 0)
    np.minimum.at(far, (at[mine], room[mine]), metres[mine])
    solid = (at >= 0) & (kind >= 0) & ((room < 0) | near["origin"].isin(stuck).to_numpy())
    np.minimum.at(fixed, (at[solid], kind[solid]), metres[solid])
    return far[back], fixed[back]


def _covered(model: _Model, chosen: list[int]) -> np.ndarray:
    """Which demands are covered once the ``chosen`` options are taken."""
    kept = np.ones(len(model.rooms), bool)
    kept[model.options[chosen, 0]] = False
    return np.logical_or((model.stays & kept).any(axis=1), model.comes[:, chosen].any(axis=1))


def _solve(model: _Model, most: int) -> tuple[list[int], int]:
    """The best options and the proven upper bound of their net total."""
    before = int(model.weight[_covered(model, [])].sum())
    demands, options = len(model.weight), len(model.options)
    of_room = csr_array((np.ones(options), (model.options[:, 0], np.arange(options))), (len(model.rooms), options))
    # y <= sum of rooms kept (1 - their options) + sum of options  <=>  y + stays @ of_room x - comes x <= stays
    cover = hstack(
        [csr_array(model.stays.astype(float)) @ of_room - csr_array(model.comes.astype(float)), eye_array(demands)],
        format="csr",
    )
    rooms = hstack([of_room, csr_array((len(model.rooms), demands))], format="csr")
    total = np.concatenate([np.ones(options), np.zeros(demands)])
    limits = [
        LinearConstraint(cover, -np.inf, model.stays.sum(1)),
        LinearConstraint(rooms, -np.inf, 1),
        LinearConstraint(total, -np.inf, most),
    ]
    value = np.concatenate([np.zeros(options), model.weight])
    found = _milp(-value, limits, total)
    best = _taken(found.x, options)
    if found.status != 0:  # cut short: a plan made step by step, if that is better
        best = max(best, _greedy(model, most), key=lambda plan: int(model.weight[_covered(model, plan)].sum()))
    proven = model.weight.sum() if found.mip_dual_bound is None else -found.mip_dual_bound
    bound = int(np.floor(min(proven, model.weight.sum()) + 1e-4)) - before
    if found.status == 0:
        cost = np.concatenate([_preference(options, most), np.zeros(demands)])
        goal = LinearConstraint(value, int(model.weight[_covered(model, best)].sum()) - 0.5, np.inf)
        tie = _milp(cost, [*limits, goal], total)
        again = _taken(tie.x, options)
        if tie.status == 0 and model.weight[_covered(model, again)].sum() >= model.weight[_covered(model, best)].sum():
            best = again
    return best, max(bound, int(model.weight[_covered(model, best)].sum()) - before)


def _greedy(model: _Model, most: int) -> list[int]:
    """Options taken one by one, each the best next step, as long as it helps."""
    done: list[int] = []
    now = int(model.weight[_covered(model, done)].sum())
    while len(done) < most:
        used = set(model.options[done, 0].tolist())
        left = [k for k, (room, _) in enumerate(model.options) if room not in used]
        after = {k: int(model.weight[_covered(model, [*done, k])].sum()) for k in left}
        best = max(after, key=lambda k: (after[k], -k), default=-1)
        if best < 0 or after[best] <= now:
            break
        done.append(best)
        now = after[best]
    return done


def _milp(cost: np.ndarray, limits: list[LinearConstraint], whole: np.ndarray) -> Any:
    """HiGHS on variables between 0 and 1, until proven or BRANCHES are searched."""
    return milp(
        cost,
        constraints=limits,
        bounds=Bounds(0, 1),
        integrality=whole,
        options={"mip_rel_gap": 0.0, "node_limit": BRANCHES},
    )


def _taken(x: np.ndarray | None, options: int) -> list[int]:
    """Positions of the options a solution takes."""
    return [] if x is None else np.flatnonzero(x[:options] > 0.5).tolist()


def _preference(options: int, most: int) -> np.ndarray:
    """Costs that settle ties: any conversion outweighs all order, early options are cheaper, sums hardly ever equal."""
    rank = np.arange(options)
    order = rank * 64 + rank * rank * 37 % 61
    return (order + (order.max() + 1) * min(most, options)).astype(float)


def _steps(model: _Model, chosen: list[int], bound: int) -> pd.DataFrame:
    """The chosen options, the best next one first, with what each adds."""
    rows: list[dict[str, Any]] = []
    done: list[int] = []
    left = sorted(chosen)
    now = _covered(model, done)
    while left:
        after = {k: _covered(model, [*done, k]) for k in left}
        best = max(left, key=lambda k: (int(model.weight[after[k]].sum()), -k))
        room, service = model.options[best]
        gain, lost = (int(model.weight[a & ~b].sum()) for a, b in ((after[best], now), (now, after[best])))
        rows.append(
            {
                "order": len(rows) + 1,
                "room": model.rooms["room"].iloc[room],
                "name": model.rooms["name"].iloc[room],
                "from_service": model.rooms["service"].iloc[room],
                "service": model.services[service],
                "gain": gain,
                "lost": lost,
                "net": gain - lost,
            }
        )
        done.append(best)
        left.remove(best)
        now = after[best]
    out = pd.DataFrame(rows)
    out["cumulative"] = out["net"].cumsum()
    total = int(out["cumulative"].iloc[-1])
    return out.assign(bound=bound, gap=(bound - total) / max(bound, 1)).astype(dict(_empty().dtypes))[list(PLAN)]
