"""What is left of a model once options are settled as taken or left out."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .model import Model, floors, merging
from .relax import Relaxed


class Part(NamedTuple):
    """A model with some options settled."""

    model: Model
    at: np.ndarray  # positions of its options in the whole model
    ones: np.ndarray  # positions, in the whole model, of options settled as taken
    base: int  # people these cover


def settle(part: Part, ones: np.ndarray, drop: np.ndarray) -> Part:
    """The part left once the options flagged ``ones`` are taken and those flagged ``drop`` are not."""
    return _settled(part, ones, drop)[0]


def settling(part: Part, ones: np.ndarray, drop: np.ndarray, found: Relaxed) -> tuple[Part, Relaxed]:
    """The part left by ``settle``, and ``found`` in terms of it, as a start for its own relaxation."""
    rest, went = _settled(part, ones, drop)
    here = went >= 0
    price = np.bincount(went[here], found.price[here], len(rest.model.weight))
    return rest, found._replace(x=found.x[np.searchsorted(part.at, rest.at)], price=price)


def _settled(part: Part, ones: np.ndarray, drop: np.ndarray) -> tuple[Part, np.ndarray]:
    """The part left, and where each of its demands went: -1 for those that are left out."""
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
    small, went = merging(left)
    taken = np.concatenate([part.ones, part.at[ones]])
    all_went = np.full(len(inside), -1)
    all_went[~inside] = went
    return Part(small, part.at[keep], taken, part.base + int(model.weight[inside].sum())), all_went


def fixed(part: Part, found: Relaxed, least: int) -> Part:
    """The part without the options that the bound settles for any plan that covers ``least`` or more.

    Plans that cover exactly ``least`` stay within it, so that ties can be settled later.
    """
    return settle(part, *sure(part, found, least))


def sure(part: Part, found: Relaxed, least: int) -> tuple[np.ndarray, np.ndarray]:
    """Options taken, and options left out, in every plan of the part that covers ``least`` or more."""
    short = whole_array(part.base + found.bound - found.margin) < least
    return short & found.inside, short & ~found.inside


def whole(bound: float) -> int:
    """The bound as a whole number of people, rounding errors allowed for."""
    return int(whole_array(np.array(bound)))


def whole_array(bound: np.ndarray) -> np.ndarray:
    """Bounds as whole numbers of people, rounding errors allowed for."""
    return np.floor(bound + 1e-6 + 1e-11 * np.abs(bound))
