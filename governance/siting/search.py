"""Good plans fast: step by step to the best neighbour, from many starts drawn by the relaxed plan."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array

from .model import Model
from .settle import Part, settle

FAINT = 1e-5  # parts of the relaxed plan below which an option is not looked at
STEPS = 10_000  # of one climb: never reached in practice, as every step gains a person


class Ground(NamedTuple):
    """A merged model with its matrix the other way round, ready for many climbs."""

    model: Model
    across: csr_array  # options x demands


def ground(model: Model) -> Ground:
    """What ``climb`` works on."""
    return Ground(model, model.covers.T.tocsr())


def climb(place: Ground, start: np.ndarray) -> tuple[np.ndarray, int]:
    """The plan reached from ``start`` by the best addition or exchange at every step, and what it covers.

    Floors are not looked at. Of equal steps the one with the smaller option position is taken.
    """
    model = place.model
    taken = np.asarray(start, np.int64)
    times = _times(place, taken)
    for _ in range(STEPS):
        step = _step(place, taken, times)
        if step is None:
            break
        comes, goes = step
        rows = place.across.indices[place.across.indptr[comes] : place.across.indptr[comes + 1]]
        times[rows] += 1
        for k in goes:
            times[place.across.indices[place.across.indptr[k] : place.across.indptr[k + 1]]] -= 1
        taken = np.append(taken[~np.isin(taken, goes)], comes)
    return np.sort(taken), int(model.weight[times > 0].sum())


def _times(place: Ground, taken: np.ndarray) -> np.ndarray:
    """How many of the options taken cover each demand."""
    picked = np.zeros(place.across.shape[0])
    picked[taken] = 1
    return (place.model.covers @ picked).astype(np.int64)


def _step(place: Ground, taken: np.ndarray, times: np.ndarray) -> tuple[int, list[int]] | None:
    """The option that comes and those that go in the best step, None where no step gains."""
    model = place.model
    free, used = model.covers.shape[1], len(taken)
    out = np.ones(free, bool)
    out[taken] = False
    gain = place.across @ np.where(times == 0, model.weight, 0).astype(float)
    alone = place.across[taken]
    alone = csr_array((np.where(times == 1, model.weight, 0)[alone.indices], alone.indices, alone.indptr), alone.shape)
    alone.eliminate_zeros()
    loss = np.asarray(alone.sum(axis=1)).ravel()
    back = (place.across @ alone.T.tocsc()).toarray() if used else np.zeros((free, 0))
    add, change = _may(model, taken)
    delta = np.column_stack(
        [np.where(add & out, gain, -1.0), np.where(change & out[:, None], _net(gain, back, loss), -1)]
    )
    best = int(delta.argmax())
    comes, goes = divmod(best, used + 1)
    if delta[comes, goes] <= 0.5:
        return None
    return comes, [] if goes == 0 else [int(taken[goes - 1])]


def _net(gain: np.ndarray, back: np.ndarray, loss: np.ndarray) -> np.ndarray:
    """option x taken: what the exchange gains."""
    return gain[:, None] + back - loss[None, :]


def _may(model: Model, taken: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which options may be added, and which may be exchanged for which taken one."""
    measures, money = int(model.count[taken].sum()), float(model.cost[taken].sum())
    slack = model.funds * (1 + 1e-12) - money
    add = (model.count <= model.most - measures) & (model.cost <= slack)
    change = (model.count[:, None] <= model.most - measures + model.count[taken][None, :]) & (
        model.cost[:, None] <= slack + model.cost[taken][None, :]
    )
    if (model.group >= 0).any():
        held = np.zeros(int(model.group.max()) + 1, bool)
        held[model.group[taken][model.group[taken] >= 0]] = True
        free = (model.group < 0) | ~held[np.maximum(model.group, 0)]
        add &= free
        change &= free[:, None] | (model.group[:, None] == model.group[taken][None, :])
    return add, change


def good(
    part: Part,
    x: np.ndarray,
    allowed: Callable[[np.ndarray], bool],
    seeds: list[np.ndarray],
    *,
    enough: float,
    draws: int,
) -> tuple[np.ndarray, int]:
    """The best allowed plan found, as positions in the whole model, and its people; -1 where none was found.

    x : the relaxed plan, whose parts are the chances of the options at the start of each climb. seeds : plans whose
    neighbours are tried too, as positions in the whole model. enough : people at which the search ends. draws : starts
    drawn by chance, beside the likeliest plan.
    """
    near = np.flatnonzero(x > FAINT)
    if len(near) < part.model.most and part.model.count[near].sum() == len(near):
        near = np.argsort(-x, kind="stable")[: 2 * part.model.most]
    off = np.ones(len(x), bool)
    off[near] = False
    rest = settle(part, np.zeros(len(x), bool), off)
    place, parts = ground(rest.model), np.maximum(x[np.isin(part.at, rest.at)], 1e-6)
    best, reached = np.empty(0, np.int64), -1
    for start in (*_beside(rest, seeds), *_starts(place, parts, draws)):
        if reached >= enough:
            break
        plan, people = climb(place, start) if len(start) else (start, 0)
        for tried, covers in ((plan, people), (start, -1)):
            at = np.sort(np.concatenate([rest.ones, rest.at[tried]]))
            if covers < 0 and not seeds:
                continue
            covers = _people(place, tried) if covers < 0 else covers
            if covers + rest.base > reached and allowed(at):
                best, reached = at, covers + rest.base
    return best, reached


def _people(place: Ground, plan: np.ndarray) -> int:
    """People covered by a plan."""
    return int(place.model.weight[_times(place, plan) > 0].sum())


def _starts(place: Ground, parts: np.ndarray, draws: int) -> list[np.ndarray]:
    """Plans to climb from: the likeliest options as far as limits let, none at all, then options drawn by chance."""
    chance = np.random.default_rng(1974)
    plans = [_packed(place.model, np.argsort(-parts, kind="stable"))]
    if draws:
        plans.append(np.empty(0, np.int64))
    drawn = (np.argsort(chance.exponential(size=len(parts)) / parts, kind="stable") for _ in range(draws))
    return [*plans, *(_packed(place.model, order) for order in drawn)]


def _packed(model: Model, order: np.ndarray) -> np.ndarray:
    """Options in this order, as many as the limits let in."""
    plain = not np.isfinite(model.funds) and (model.group < 0).all() and (model.count > 0).all()
    if plain:
        return np.sort(order[: max(model.most, 0)])
    held: set[int] = set()
    taken, measures, money = [], 0, 0.0
    for k, group, count, cost in zip(order, model.group[order], model.count[order], model.cost[order], strict=True):
        if measures + count <= model.most and money + cost <= model.funds and group not in held:
            taken.append(int(k))
            measures, money = measures + int(count), money + float(cost)
            held |= {int(group)} - {-1}
    return np.array(sorted(taken), np.int64)


def _beside(rest: Part, seeds: list[np.ndarray]) -> list[np.ndarray]:
    """The plans that lack one option of a seed."""
    out = []
    for seed in seeds:
        inside = np.flatnonzero(np.isin(rest.at, seed))
        out += [np.setdiff1d(inside, [k]) for k in inside]
    return out
