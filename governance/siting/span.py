"""The fewest options that do what is asked: cover everybody, or keep every floor."""

from __future__ import annotations

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array, eye_array, hstack

from ..errors import InfeasibleError
from .model import Model, floors, merged

BRANCHES = 50_000
TIES = 20_000  # entries up to which ties are settled


def fewest(model: Model) -> tuple[np.ndarray, int]:
    """The fewest options that keep the floors of a model, without floors: that cover all who can be, and the bound.

    Measures and money are not looked at. Of equally few, those of smaller positions (by the sum of their ranks).
    """
    small = merged(model)
    demands, options = small.covers.shape
    if not demands:
        return np.empty(0, np.int64), 0
    limits, extra = [LinearConstraint(small.covers, 1, np.inf)], 0
    if small.floor is not None:
        unit, floor = floors(small)
        people = csr_array((small.weight.astype(float), (unit, np.arange(demands))), (len(floor), demands))
        cover, extra = hstack([-small.covers, eye_array(demands)], format="csr"), demands
        none = csr_array((len(floor), options))
        limits = [LinearConstraint(cover, -np.inf, 0), LinearConstraint(hstack([none, people]), floor, np.inf)]
    one = np.repeat([1.0, 0.0], [options, extra])
    found = _least(one, limits, options)
    if found is None:
        raise InfeasibleError("没有任何方案能满足全部要求")
    taken, least = found
    if small.covers.nnz <= TIES and least == len(taken):
        rank = np.arange(options)
        order = np.concatenate([rank * 64.0 + rank * rank * 37 % 61, np.zeros(extra)])
        again = _least(order, [*limits, LinearConstraint(one[None, :], 0, least)], options)
        taken = taken if again is None or len(again[0]) > least else again[0]
    return taken, least


def _least(goal: np.ndarray, limits: list[LinearConstraint], options: int) -> tuple[np.ndarray, int] | None:
    """Positions taken in the cheapest plan, and the bound rounded up."""
    whole = np.repeat([1, 0], [options, len(goal) - options])
    settings = {"mip_rel_gap": 0.0, "node_limit": BRANCHES}
    found = milp(goal, constraints=limits, bounds=Bounds(0, 1), integrality=whole, options=settings)
    if found.x is None:
        return None
    return np.flatnonzero(found.x[:options] > 0.5), int(np.ceil(found.mip_dual_bound - 1e-6))
