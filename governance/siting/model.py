"""The covering model the optimisation works on, and its exact reduction: equal demands merged, idle ones dropped."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array

from ..errors import InfeasibleError


class Model(NamedTuple):
    """Demands, options and limits. A demand is covered once any option that covers it is taken."""

    weight: np.ndarray  # [D] int64: people of each demand
    covers: csr_array  # [D x J] 0/1: option j covers demand d
    count: np.ndarray  # type: ignore[assignment]  # [J] int64: 1 where the option counts as a measure, 0 where it means "stay as it is"
    cost: np.ndarray  # [J] float64: money, not negative
    group: np.ndarray  # [J] int64: of each group at most one option is taken; -1: in no group
    most: int  # at most so many counted options
    funds: float = np.inf  # at most so much money
    unit: np.ndarray | None = None  # [D] int64: the community of each demand, for floors
    floor: np.ndarray | None = None  # [U] int64: people at least covered in each community


class Answer(NamedTuple):
    """A plan, what it covers, and what no plan exceeds."""

    taken: np.ndarray  # positions of the options taken, ascending
    value: int  # people covered
    bound: int  # proven: no plan covers more
    proven: bool  # value == bound


def value(model: Model, taken: np.ndarray | Sequence[int]) -> int:
    """People covered once the options at ``taken`` are taken."""
    return int(model.weight[covered(model, taken)].sum())


def covered(model: Model, taken: np.ndarray | Sequence[int]) -> np.ndarray:
    """Which demands are covered once the options at ``taken`` are taken, as flags."""
    picked = np.zeros(model.covers.shape[1])
    picked[np.asarray(taken, np.int64)] = 1
    return (model.covers @ picked) > 0.5


def floors(model: Model) -> tuple[np.ndarray, np.ndarray]:
    """unit of each demand and floor of each unit, both empty of meaning (zeros) where the model has none."""
    if model.unit is None or model.floor is None:
        return np.zeros(len(model.weight), np.int64), np.zeros(1, np.int64)
    return np.asarray(model.unit, np.int64), np.asarray(model.floor, np.int64)


def fits(model: Model, taken: np.ndarray) -> bool:
    """Whether the plan keeps to the number of measures, the money, the groups and the floors."""
    taken = np.asarray(taken, np.int64)
    grouped = model.group[taken]
    grouped = grouped[grouped >= 0]
    if model.count[taken].sum() > model.most or model.cost[taken].sum() > model.funds * (1 + 1e-12):
        return False
    if len(np.unique(grouped)) < len(grouped):
        return False
    unit, floor = floors(model)
    inside = covered(model, taken)
    have = np.bincount(unit[inside], model.weight[inside], len(floor))
    return bool((have >= floor).all())


def merged(model: Model) -> Model:
    """The same model with demands of equal covering sets (and unit) merged, demands nobody can cover left out.

    The order of what is left depends on the covering sets alone, so that the order of the demands changes nothing.
    Raises InfeasibleError where a floor asks for more people than the unit's demands have within reach.
    """
    return merging(model)[0]


def merging(model: Model) -> tuple[Model, np.ndarray]:
    """The model ``merged``, and where each demand went in it: -1 for those left out."""
    unit, floor = floors(model)
    covers = csr_array(model.covers, copy=True)
    covers.sort_indices()
    size = np.diff(covers.indptr)
    keep = (size > 0) & (model.weight > 0)
    reach = np.bincount(unit[keep], model.weight[keep], len(floor))
    if (short := np.flatnonzero(reach < floor)).size:
        raise InfeasibleError(f"全部备选都采用也达不到保底人数的单元:{'、'.join(map(str, short[:8].tolist()))}")
    covers, weight, unit = covers[keep], model.weight[keep], unit[keep]
    first, which = _alike(covers, unit)
    total = np.bincount(which, weight, len(first)).astype(np.int64)
    has = model.floor is not None
    small = model._replace(
        weight=total,
        covers=covers[first].astype(np.float64),
        unit=unit[first] if has else None,
        floor=floor if has else None,
    )
    went = np.full(len(keep), -1)
    went[keep] = which
    return small, went


def _alike(covers: csr_array, unit: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """One row of each kind of (covering set, unit), in an order of their own, and the kind of every row."""
    keys = np.random.default_rng(1974).integers(0, 2**63, (2, covers.shape[1] + 1), dtype=np.uint64)
    starts = covers.indptr[:-1]
    if not covers.shape[0]:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    sums = [np.add.reduceat(key[covers.indices], starts) + key[-1] * unit.astype(np.uint64) for key in keys]
    pair = np.empty(len(starts), [("a", np.uint64), ("b", np.uint64)])
    pair["a"], pair["b"] = sums
    order = np.lexsort((sums[1], sums[0]))
    new = np.append(True, pair[order][1:] != pair[order][:-1])
    which = np.empty(len(order), np.int64)
    which[order] = np.cumsum(new) - 1
    return order[new], which


def preference(counted: np.ndarray, most: int) -> np.ndarray:
    """Costs that settle ties: any measure outweighs all order, early options are cheaper, sums hardly ever equal."""
    rank = np.cumsum(counted) - 1
    order = rank * 64 + rank * rank * 37 % 61
    most = max(1, min(most, int(counted.sum())))
    return np.where(counted, order + (order.max(initial=0) + 1) * most, 0).astype(float)
