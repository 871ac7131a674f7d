"""A bound from the linear relaxation by a first-order method, and the options that it proves can be left out.

The relaxation is the saddle  max over x, min over prices l  of  sum(weight) - b.l + (K'l).x  with one row of K a
demand (Kx >= 1 once covered, price at most its weight) and one row a further limit. Any prices give a true bound, so
how far the iteration runs changes how tight the bound is, never whether it holds.
Source: primal-dual hybrid gradient (Chambolle and Pock 2011) with the diagonal steps of Pock and Chambolle (2011), in
its restarted reflected Halpern form (Lu and Yang 2024); Lagrangian bound and fixing by reduced cost as in Beasley (1993).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array, hstack, vstack

from .model import Model, floors

LEAN = 1.0  # how much larger a step plans take than prices: found by trial on clustered towns
CHECK = 20  # iterations between two looks at the bound
AGAIN = 0.3  # share of the distance between plan and prices at which the iteration starts anew
CLOSE = 0.3  # of what the bound lies above its target: less is left to branching
MONEY, FLOOR = -1, -2  # names of rows; groups have theirs from 0 on


class Relaxed(NamedTuple):
    """What the relaxation proves, and where it came to rest."""

    bound: float  # no plan covers more
    margin: np.ndarray  # [J] by how much the bound falls, at least, where the option changes side
    inside: np.ndarray  # [J] whether the bound is reached with the option taken
    x: np.ndarray  # [J] the plan in parts
    price: np.ndarray  # [D] of each demand
    further: dict[int, float]  # prices of the other rows, by their names


class Rows(NamedTuple):
    """The rows of the saddle: demands first, then groups, money and floors."""

    matrix: csr_array  # its columns: options, then the covered parts of demands under a floor
    across: csr_array  # its transpose, ready for products
    worth: np.ndarray  # [columns] people that a column brings by itself
    counted: np.ndarray  # [columns] whether it counts as a measure
    right: np.ndarray  # b
    most: np.ndarray  # upper limits of the prices
    scale: np.ndarray  # sizes of the prices
    names: list[int]  # of the rows beyond the demands: the group, MONEY or FLOOR - unit
    given: float  # people of the demands under no floor


def rows(model: Model) -> Rows:
    """The saddle's rows of a merged ``model``."""
    weight = model.weight.astype(float)
    demands, options = model.covers.shape
    split, asked = _floored(model)
    at = np.flatnonzero(split)
    most, right = np.where(split | asked, np.inf, weight), np.where(split, 0.0, 1.0)
    own = csr_array((np.full(len(at), -1.0), (at, np.arange(len(at)))), (demands, len(at)))
    names: list[int] = []
    parts, scale = [hstack([model.covers, own], format="csr")], [weight]
    for matrix, low, size, name in _further(model, at):
        parts.append(matrix)
        right, scale, names = np.append(right, low), [*scale, size], [*names, *name]
    matrix = csr_array(vstack(parts, format="csr"))
    matrix.indices, matrix.indptr = matrix.indices.astype(np.int32), matrix.indptr.astype(np.int32)
    most = np.append(most, np.full(len(names), np.inf))
    return Rows(
        matrix,
        matrix.T.tocsr(),
        np.append(np.zeros(options), weight[at]),
        np.append(model.count > 0, np.zeros(len(at), bool)),
        right,
        most,
        np.concatenate(scale),
        names,
        float(weight[~split].sum()),
    )


def _floored(model: Model) -> tuple[np.ndarray, np.ndarray]:
    """Demands of units whose floor asks for a part of their people, and of those whose floor asks for all."""
    unit, floor = floors(model)
    total = np.bincount(unit, model.weight, len(floor))
    return ((floor > 0) & (floor < total))[unit], ((floor > 0) & (floor >= total))[unit]


def _further(model: Model, at: np.ndarray) -> Iterator[tuple[csr_array, np.ndarray, np.ndarray, list[int]]]:
    """The rows beyond the demands, their lower limits, sizes of prices and names; ``at``: demands under a floor."""
    weight, options = model.weight.astype(float), len(model.count)
    mass, columns = model.covers.T @ weight, options + len(at)
    grouped = np.flatnonzero(model.group >= 0)
    names, which, size = np.unique(model.group[grouped], return_inverse=True, return_counts=True)
    if (size > 1).any():
        heaviest = np.ones(len(names))
        np.maximum.at(heaviest, which, mass[grouped])
        once = csr_array((np.full(len(grouped), -1.0), (which, grouped)), (len(names), columns))
        yield once, np.full(len(names), -1.0), heaviest, names.tolist()
    if np.isfinite(model.funds) and model.cost.sum() > model.funds:
        spent = csr_array(np.append(-model.cost, np.zeros(len(at)))[None, :])
        size = max(weight.sum(), 1.0) / max(model.funds, float(model.cost[model.cost > 0].min()))
        yield spent, np.array([-model.funds]), np.array([size]), [MONEY]
    if len(at):
        unit, floor = floors(model)
        names, which = np.unique(unit[at], return_inverse=True)
        people = csr_array((weight[at], (which, options + np.arange(len(at)))), (len(names), columns))
        yield people, floor[names].astype(float), np.ones(len(names)), (FLOOR - names).tolist()


def relax(model: Model, iterations: int, *, start: Relaxed | None = None, target: float = -np.inf) -> Relaxed:
    """The bound of a merged ``model`` after so many iterations.

    start : where to begin (``price``, ``further``, ``x``). target : stop once the bound falls to it, or once a plan in
    parts shows that more iterations would take away no more than CLOSE of what the bound lies above it.
    """
    program = rows(model)
    wide = np.maximum(abs(program.across) @ program.scale, 1e-9)
    step = LEAN / wide
    size = program.scale / np.maximum(abs(program.matrix) @ np.ones(len(step)), 1e-9) / LEAN
    anchor = np.concatenate(_start(model, program, start))
    now = anchor.copy()
    here = _parts(program, now)
    best, kept, least = np.inf, _parts(program, anchor), -np.inf
    turns, level, last, drop = 0, 0.0, np.inf, size * program.right
    push, weigh = step * program.worth, step * program.counted
    for turn in range(1, iterations + 1):
        x, level = _nearest(here.x + step * here.score + push, weigh, model.most, level)
        reach = program.matrix @ x
        price = here.price - size * (2 * reach - here.reach)
        price += drop
        np.clip(price, 0, program.most, out=price)
        next_ = _Point(x, reach, price, program.across @ price)
        if turn % CHECK == 0 or turn == iterations:
            top, worst = _bound(model, program, next_), _least(model, program, next_)
            if top < best:
                best, kept = top, next_
            least = max(least, worst)
            if best <= target or best - least <= CLOSE * (best - target) < np.inf:
                break
            if top - worst < AGAIN * last or turns > iterations / 4:
                anchor, turns, last = np.concatenate(next_), 0, top - worst
                now[:] = anchor
                continue
        share = (turns + 1) / (turns + 2)  # twice as far as the step, and back towards the anchor
        now *= -share
        now += 2 * share * np.concatenate(next_)
        now += (1 - share) * anchor
        turns += 1
    return _verdict(model, program, best, kept)


class _Point(NamedTuple):
    """Where the iteration stands."""

    x: np.ndarray
    reach: np.ndarray  # matrix @ x
    price: np.ndarray
    score: np.ndarray  # matrix' @ price


def _parts(program: Rows, now: np.ndarray) -> _Point:
    """The four vectors of a point that lie one after the other in ``now``."""
    high, wide = program.matrix.shape
    return _Point(now[:wide], now[wide : wide + high], now[wide + high : wide + 2 * high], now[wide + 2 * high :])


def _start(model: Model, program: Rows, start: Relaxed | None) -> _Point:
    """A spread-out plan and prices to fit, or those of ``start``."""
    demands = len(model.weight)
    if start is None:
        x = np.where(program.counted, min(1.0, model.most / max(1, int(program.counted.sum()))), 1.0)
        first = model.weight / np.maximum((program.matrix @ x)[:demands], 1.0)
        price = np.append(first, np.zeros(len(program.names)))
    else:
        price = np.append(start.price, [start.further.get(name, 0.0) for name in program.names])
        x = np.append(start.x, np.minimum(1, model.covers @ start.x)[program.right[:demands] == 0])
    score = program.across @ price
    if start is None:  # towards the plan that these prices favour
        x = 0.5 * x + 0.5 * _favoured(model, program.counted, score + program.worth)
    return _Point(x, program.matrix @ x, price, score)


def _favoured(model: Model, counted: np.ndarray, score: np.ndarray) -> np.ndarray:
    """The plan of highest score within the number of measures: 1 where the option is taken."""
    first = np.argsort(np.where(counted, -score, np.inf), kind="stable")[: model.most]
    out = (~counted & (score > 0)).astype(float)
    out[first[(score[first] > 0) & counted[first]]] = 1
    return out


def _nearest(v: np.ndarray, weight: np.ndarray, most: float, level: float) -> tuple[np.ndarray, float]:
    """The plan in parts nearest to ``v`` with at most ``most`` measures, and the level it was cut at."""
    x = np.clip(v, 0, 1)
    counted = weight > 0
    whole = counted.all()
    if (x.sum() if whole else x[counted].sum()) <= most:
        return x, 0.0
    if not whole:
        v, weight = v[counted], weight[counted]
    low, high = 0.0, float((v / weight).max())
    level = level if low < level < high else high / 2
    for _ in range(60):
        u = v - level * weight
        part = np.clip(u, 0, 1)
        over = float(part.sum()) - most
        if abs(over) < 1e-9 * max(most, 1):
            break
        low, high = (level, high) if over > 0 else (low, level)
        slope = float(weight[part == u].sum())
        level += over / slope if slope > 0 else np.inf
        if not low < level < high:
            level = (low + high) / 2
    if whole:
        return part, level
    x[counted] = part
    return x, level


def _bound(model: Model, program: Rows, point: _Point) -> float:
    """What no plan exceeds, by the prices at ``point``."""
    score = point.score + program.worth
    return float(program.given - program.right @ point.price + _best_score(program.counted, score, model.most))


def _best_score(counted: np.ndarray, score: np.ndarray, most: int) -> float:
    """The highest score of a plan within the number of measures."""
    gain = np.maximum(score, 0)
    measures = gain[counted]
    if most < len(measures):
        measures = np.partition(measures, len(measures) - most)[len(measures) - most :] if most else measures[:0]
    return float(gain[~counted].sum() + measures.sum())


def _least(model: Model, program: Rows, point: _Point) -> float:
    """What the plan in parts covers, less a charge for what it breaks."""
    demands, options = model.covers.shape
    covered = np.minimum(1, model.covers @ point.x[:options])
    broken = np.maximum(program.right - point.reach, 0)[demands:]
    return float(model.weight @ covered - broken @ program.scale[demands:])


def _verdict(model: Model, program: Rows, bound: float, point: _Point) -> Relaxed:
    """The bound, and how far it falls when an option is forced to the other side."""
    demands, options = model.covers.shape
    score, counted = (point.score + program.worth)[:options], model.count > 0
    order = np.sort(np.maximum(score[counted], 0))[::-1]
    most = model.most
    last = order[most - 1] if 0 < most <= len(order) else (np.inf if most == 0 else 0.0)
    after = order[most] if most < len(order) else 0.0
    inside = _favoured(model, counted, score) > 0
    margin = np.where(counted, np.where(inside, score - after, last - score), np.abs(score))
    further = dict(zip(program.names, point.price[demands:].tolist(), strict=True))
    return Relaxed(bound, np.maximum(margin, 0), inside, point.x[:options], point.price[:demands], further)
