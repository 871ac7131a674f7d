"""Branch and bound on the relaxation: every part of the plans is bounded, given up, narrowed or split in two.

Each node starts its relaxation where its parent's ended and settles what its own bound rules out; the option to split
on is the one whose two sides have lowered the bound most so far.
Source: branch and bound with reduced-cost fixing (Beasley 1993) and pseudo-costs (Benichou et al. 1971).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from ..errors import InfeasibleError
from .relax import Relaxed, relax
from .settle import Part, settling, sure, whole

TURNS = 200  # iterations of the relaxation at a node
WORK = 4_000_000_000  # entries times iterations in all: a count, so that slow machines find the same plan
LEAF = 1_000  # entries up to which a part is ended at once
CLIMBED = 20  # nodes at which a plan is climbed to
EDGE = 0.02  # parts of an option nearer than this to 0 or 1 are not split on while others are


class Task(NamedTuple):
    """What the search is to do."""

    gap: float  # stop once (bound - people) / bound is proven to be no more
    most: int  # nodes at most
    climbs: Callable[[Part, np.ndarray], tuple[np.ndarray, int]]  # a plan near a plan in parts, and its people
    ends: Callable[[Part], tuple[np.ndarray, int, int]]  # the best plan of a small part, its people (-1: none), bound


class _Open(NamedTuple):
    """A part that is still to be looked at."""

    limit: int  # people that none of its plans exceeds
    part: Part
    start: Relaxed
    split: tuple[int, int, float, float] | None  # side, option, how much of it would have moved, bound before


class _Falls(NamedTuple):
    """By how much the bound fell on both sides of each option, in all, and how often it was seen."""

    total: np.ndarray  # [2 x options of the whole model]
    seen: np.ndarray

    def each(self, side: int, at: np.ndarray) -> np.ndarray:
        """The mean fall of options, that of all where one has not been seen."""
        overall = self.total[side].sum() / max(self.seen[side].sum(), 1) or 1.0
        return np.where(self.seen[side, at] > 0, self.total[side, at] / np.maximum(self.seen[side, at], 1), overall)


def branched(
    first: Part, found: Relaxed, so_far: tuple[np.ndarray, int, int], task: Task
) -> tuple[np.ndarray, int, int]:
    """The best plan of a part or the one at hand, its people and what no plan exceeds.

    found : the relaxation of the part, or a start for it. so_far : the best plan at hand, its people (-1: none), and
    a bound on the part.
    """
    plan, reached, limit = so_far
    width = int(first.at.max(initial=-1)) + 1
    falls = _Falls(np.zeros((2, width)), np.zeros((2, width), np.int64))
    stack, top, looks, work = [_Open(limit, first, found, None)], -1, 0, 0
    while stack:
        here = stack.pop()
        goal = max(reached, int(reached / (1 - task.gap) + 1e-6))
        if here.limit <= goal or looks >= task.most or work >= WORK:
            top = max(top, here.limit)
            continue
        looks += 1
        if here.part.model.covers.nnz <= LEAF or not len(here.part.at):
            again, people, limit = task.ends(here.part)
            top = max(top, min(limit, here.limit))
            if people > reached:
                plan, reached = again, people
            continue
        work += here.part.model.covers.nnz * TURNS
        known = relax(here.part.model, TURNS, start=here.start, target=goal - here.part.base + 0.999)
        limit = min(here.limit, whole(known.bound + here.part.base))
        _learn(falls, here, known)
        if limit <= goal:
            top = max(top, limit)
            continue
        if looks <= CLIMBED or reached < 0:
            again, people = task.climbs(here.part, known.x)
            if people > reached:
                plan, reached = again, people
                goal = max(reached, int(reached / (1 - task.gap) + 1e-6))
        stack += _split(here.part, known, (limit, goal), falls)
    return plan, reached, max(reached, top)


def _learn(falls: _Falls, here: _Open, known: Relaxed) -> None:
    """Note what the last split did to the bound."""
    if here.split is not None:
        side, option, moved, before = here.split
        falls.total[side, option] += max(before - known.bound - here.part.base, 0) / (moved + 0.01)
        falls.seen[side, option] += 1


def _split(part: Part, known: Relaxed, limits: tuple[int, int], falls: _Falls) -> list[_Open]:
    """The two sides of the option that promises most, the one with it last; sides that end here are left out."""
    limit, goal = limits
    ones, drop = sure(part, known, goal + 1)
    free = ~ones & ~drop
    if not free.any():
        return _side(part, known, (ones, drop), (limit, None))
    x = known.x
    worth = np.maximum(falls.each(1, part.at) * (1 - x), 1e-3) * np.maximum(falls.each(0, part.at) * x, 1e-3)
    worth = worth * (free & (x > EDGE) & (x < 1 - EDGE))
    option = int(worth.argmax()) if worth.any() else int(np.where(free, x, -1.0).argmax())
    out = []
    for side in (0, 1):
        moved = float(x[option] if side == 0 else 1 - x[option])
        settled = ones.copy(), drop.copy()
        settled[1 - side][option] = True
        short = known.margin[option] if bool(known.inside[option]) != bool(side) else 0.0
        most = min(limit, whole(part.base + known.bound - short))
        if most > goal:
            split = side, int(part.at[option]), moved, part.base + known.bound
            out += _side(part, known, settled, (most, split))
    return out


def _side(
    part: Part,
    known: Relaxed,
    settled: tuple[np.ndarray, np.ndarray],
    limit: tuple[int, tuple[int, int, float, float] | None],
) -> list[_Open]:
    """The part once options are settled as taken and left out; nothing where that breaks a limit."""
    model, (ones, drop) = part.model, settled
    held = model.group[ones & (model.group >= 0)]
    if model.count[ones].sum() > model.most or len(np.unique(held)) < len(held):
        return []
    if model.cost[ones].sum() > model.funds + 1e-9 * (1 + abs(model.funds)):
        return []
    try:
        rest, start = settling(part, ones, drop, known)
    except InfeasibleError:
        return []
    return [_Open(limit[0], rest, start, limit[1])]
