"""The best conversions of a town under given limits, and why there is none where there is none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array, hstack

from .. import tables
from ..errors import InfeasibleError
from . import crowding
from .covering import Town
from .limits import CENT, Case
from .solve import Model
from .solve import best as best_cover


class Found(NamedTuple):
    """The options taken, the people x services they add, net, and what no plan adds more than."""

    chosen: list[int]
    total: int
    bound: int


def best(town: Town, case: Case) -> Found:
    """The plan that adds most; InfeasibleError says which limit stands in the way."""
    try:
        return search(town, case)
    except InfeasibleError:
        raise InfeasibleError(_why(town, case)) from None


def search(town: Town, case: Case, required: Sequence[int] = ()) -> Found:
    """The plan that adds most and takes all ``required`` options; InfeasibleError, unexplained, where there is none."""
    if case.capacity:
        chosen, bound = crowding.best(town, case, required)
    else:
        chosen, bound = _cover(town, case, required)
    before = int(served(town, [], capacity=case.capacity).sum())
    total = int(served(town, chosen, capacity=case.capacity).sum()) - before
    return Found(chosen, total, max(bound - before, total))


def served(town: Town, chosen: Sequence[int], *, capacity: bool) -> np.ndarray:
    """People reached, by service, once the ``chosen`` options are taken, beside those whom nothing can lose."""
    if capacity:
        return crowding.served(town, chosen)
    return np.bincount(town.kind, town.weight * (times(town, chosen) > 0), len(town.services)).astype(np.int64)


def times(town: Town, chosen: Sequence[int]) -> np.ndarray:
    """How many rooms reach each demand once the ``chosen`` options are taken."""
    takes, kept = np.zeros(len(town.options), np.int64), np.ones(len(town.rooms), np.int64)
    takes[list(chosen)] = 1
    kept[town.options["room"].to_numpy()[list(chosen)]] = 0
    return town.comes @ takes + town.stays @ kept


def floors(town: Town, case: Case) -> np.ndarray:
    """People x services at least reached in each community, beside those whom nothing can lose."""
    least = np.ceil(np.round(town.units["people"].to_numpy() * case.floor, 6)).astype(np.int64)
    return np.maximum(least - town.units["ready"].to_numpy(), 0)


def _cover(town: Town, case: Case, required: Sequence[int]) -> tuple[list[int], int]:
    """The engine's options, and its bound on the people reached in all."""
    usable = case.usable.copy()
    room = town.options["room"].to_numpy()
    moving = np.zeros(len(town.rooms), bool)
    moving[room[usable]] = True
    sure = (town.stays @ (~moving).astype(np.int64)) > 0  # reached by a room that stays in any case
    given = int(town.weight[sure].sum())
    covers = town.comes[~sure]
    usable &= np.diff(covers.indptr) > 0
    usable[list(required)] = True
    picked = np.flatnonzero(usable)
    staying = np.flatnonzero(moving & (np.diff(town.stays.indptr) > 0))
    least = floors(town, case) - np.bincount(town.unit[sure], town.weight[sure], len(town.units)).astype(np.int64)
    if not len(picked) or not case.most or not len(town.weight):
        return _nothing(town, least, sure, given, required)
    model = Model(
        weight=town.weight[~sure],
        covers=csr_array(hstack([covers[:, picked], town.stays[~sure][:, staying]], format="csr")),
        count=np.repeat([1, 0], [len(picked), len(staying)]),
        cost=np.append(town.options["cost"].to_numpy(float)[picked], np.zeros(len(staying))),
        group=np.append(room[picked], staying),
        most=case.most,
        funds=case.funds,
        unit=town.unit[~sure] if case.floor > 0 else None,
        floor=np.maximum(least, 0) if case.floor > 0 else None,
    )
    answer = best_cover(model, gap=case.gap, required=np.searchsorted(picked, np.sort(np.array(required, np.int64))))
    return [int(picked[j]) for j in answer.taken if j < len(picked)], answer.bound + given


def _nothing(
    town: Town, least: np.ndarray, sure: np.ndarray, given: int, required: Sequence[int]
) -> tuple[list[int], int]:
    """No conversion, where there is none to choose; InfeasibleError where the floor asks for one."""
    now = (times(town, []) > 0) & ~sure
    if required or (np.bincount(town.unit[now], town.weight[now], len(least)) < least).any():
        raise InfeasibleError("没有可选的改造")
    return [], given + int(town.weight[now].sum())


def _why(town: Town, case: Case) -> str:
    """What stands in the way of the floor: communities out of reach of all rooms, else the limits together."""
    free = case._replace(most=len(town.rooms), funds=np.inf)
    worst = []
    for u, people in enumerate(town.units["people"].tolist()):
        reached, lacking = _reach(town, free, u)
        if reached < np.ceil(np.round(people * case.floor, 6)):
            where = "".join(town.units[["township", "community"]].iloc[u])
            worst.append(f"{where}最多 {reached / people:.0%}({lacking}够不着的人最多)")
    if worst:
        told = ";".join(worst[:8]) + (f";等 {len(worst)} 个" if len(worst) > 8 else "")
        return f"保底 {case.floor:.0%} 达不到,即使不限处数和资金、能改的都改:{told};请降低保底,或新建、补硬件"
    low, high = 0, int(np.ceil(np.round(case.floor * 100, 6)))  # whole per cent: low is reachable, high is not
    while high - low > 1:
        middle = (low + high) // 2
        try:
            search(town, case._replace(floor=middle / 100))
            low = middle
        except InfeasibleError:
            high = middle
    funds = "" if np.isinf(case.funds) else f"、资金 {case.funds / CENT:g} 万元"
    return (
        f"改造 {case.most} 处{funds}以内达不到保底 {case.floor:.0%};"
        f"各村社都能达到的最多为 {low}%;请降低保底或增加处数、资金"
    )


def _reach(town: Town, case: Case, unit: int) -> tuple[int, str]:
    """The most people x services a community can have in reach, whatever becomes of others, and what it lacks most."""
    mine = town.unit == unit
    alone = town._replace(weight=np.where(mine, town.weight, 0))
    usable = case.usable & (town.comes.T @ alone.weight > 0)
    found = search(alone, case._replace(floor=0.0, usable=usable))
    have = served(alone, found.chosen, capacity=case.capacity)
    lacking = town.services[int((town.asking[unit] - have).argmax())]
    return int(town.units["ready"].iloc[unit] + have.sum()), tables.label("rooms", "service", lacking)
