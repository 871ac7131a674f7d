"""What is left of a model once options are settled as taken or left out."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .model import Model, floors, merged
from .relax import Relaxed


class Part(NamedTuple):
    """A model with some options settled."""

    model: Model
    at: np.ndarray  # positions of its options in the whole model
    ones: np.ndarray  # positions, in the whole model, of options settled as taken
    base: int  # people these cover


def settle(part: Part, ones: np.ndarray, drop: np.ndarray) -> Part:
    """The part left once the options flagged ``ones`` are taken and those flagged ``drop`` are not."""
    model = part.model
    inside = (model.covers @ ones.astype(float)) > 0.5
    held = np.unique(model.group[ones & (model.group >= 0)])
    most, funds = model.most - int(model.count[ones].sum()), model.funds - float(model.cost[ones].sum())
    dear = model.cost > funds + 1e-12 * abs(model.funds) if np.isfinite(funds) else np.zeros(len(ones), bool)
    away = ones | drop | (model.count > most) | dear
    keep = np.flatnonzero(~(away | np.isin(model.group, held)))
    unit, floor = floors(model)
    have = np.bincount(unit[inside], model.weight[inside], len(floor)).astype(np.int64)
    left = model._replace(
        weight=model.weight[~inside],
        covers=model.covers[~inside][:, keep],
        count=model.count[keep],
        cost=model.cost[keep],
        group=model.group[keep],
        most=most,
        funds=max(funds, 0.0),
        unit=None if model.unit is None else unit[~inside],
        floor=None if model.floor is None else np.maximum(floor - have, 0),
    )
    taken = np.concatenate([part.ones, part.at[ones]])
    return Part(merged(left), part.at[keep], taken, part.base + int(model.weight[inside].sum()))


def fixed(part: Part, found: Relaxed, least: int) -> Part:
    """The part without the options that the bound settles for any plan that covers ``least`` or more.

    Plans that cover exactly ``least`` stay within it, so that ties can be settled later.
    """
    sure = whole_array(part.base + found.bound - found.margin) < least
    return settle(part, sure & found.inside, sure & ~found.inside)


def whole(bound: float) -> int:
    """The bound as a whole number of people, rounding errors allowed for."""
    return int(whole_array(np.array(bound)))


def whole_array(bound: np.ndarray) -> np.ndarray:
    """Bounds as whole numbers of people, rounding errors allowed for."""
    return np.floor(bound + 1e-6 + 1e-11 * np.abs(bound))
