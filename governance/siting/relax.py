"""A bound from the linear relaxation by a first-order method, and the options that it proves can be left out.

The relaxation is the saddle  max over x, min over prices l  of  sum(weight) - b.l + (K'l).x  with one row of K a
demand (Kx >= 1 once covered, price at most its weight) and one row a further limit. Any prices give a true bound, so
how far the iteration runs changes how tight the bound is, never whether it holds.
Source: primal-dual hybrid gradient (Chambolle and Pock 2011) with the diagonal steps of Pock and Chambolle (2011) and
the restarts of Applegate et al. (2021); Lagrangian bound and fixing by reduced cost as in Beasley (1993).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array, vstack

from .model import Model

LEAN = 0.4  # how much larger a step plans take than prices: found by trial on clustered towns
CHECK = 20  # iterations between two looks at the bound


class Relaxed(NamedTuple):
    """What the relaxation proves, and where it came to rest."""

    bound: float  # no plan covers more
    margin: np.ndarray  # [J] by how much the bound falls, at least, where the option changes side
    inside: np.ndarray  # [J] whether the bound is reached with the option taken
    x: np.ndarray  # [J] the plan in parts
    price: np.ndarray  # of each demand


class Rows(NamedTuple):
    """The rows of the saddle: demands first, then groups, then money."""

    matrix: csr_array
    across: csr_array  # its transpose, ready for products
    right: np.ndarray  # b
    most: np.ndarray  # upper limits of the prices
    scale: np.ndarray  # sizes of the prices


def rows(model: Model) -> Rows:
    """The saddle's rows of a merged ``model``; floors are left out, which only loosens the bound."""
    weight = model.weight.astype(float)
    mass = model.covers.T @ weight
    parts, right, scale = [model.covers], [np.ones(len(weight))], [weight]
    grouped = np.flatnonzero(model.group >= 0)
    names, which, size = np.unique(model.group[grouped], return_inverse=True, return_counts=True)
    if (size > 1).any():
        parts.append(csr_array((np.full(len(grouped), -1.0), (which, grouped)), (len(names), len(mass))))
        heaviest = np.zeros(len(names))
        np.maximum.at(heaviest, which, mass[grouped])
        right.append(np.full(len(names), -1.0))
        scale.append(np.maximum(heaviest, 1.0))
    if np.isfinite(model.funds) and model.cost.sum() > model.funds:
        unit = max(model.funds, float(model.cost[model.cost > 0].min()))
        parts.append(csr_array(-model.cost[None, :] / unit))
        right.append(np.array([-model.funds / unit]))
        scale.append(np.array([max(weight.sum(), 1.0)]))
    matrix = csr_array(vstack(parts, format="csr"))
    matrix.indices, matrix.indptr = matrix.indices.astype(np.int32), matrix.indptr.astype(np.int32)
    most = np.concatenate([weight, np.full(matrix.shape[0] - len(weight), np.inf)])
    return Rows(matrix, matrix.T.tocsr(), np.concatenate(right), most, np.concatenate(scale))


def relax(model: Model, iterations: int, *, price: np.ndarray | None = None, target: float = -np.inf) -> Relaxed:
    """The bound of a merged ``model`` after so many iterations, or once it falls to ``target``.

    price : where to start, one a demand.
    """
    program = rows(model)
    counted = model.count > 0
    here = _start(model, program, price)
    best, kept = np.inf, here
    ends = _Ends(np.zeros_like(here.x), np.zeros_like(here.price), np.zeros_like(here.score), 0)
    wide = np.maximum(abs(program.across) @ program.scale, 1e-9)
    step = LEAN / wide
    size = program.scale / np.maximum(abs(program.matrix) @ np.ones(len(here.x)), 1e-9) / LEAN
    level, last, drop = 0.0, np.inf, size * program.right
    for turn in range(1, iterations + 1):
        x, level = _nearest(here.x + step * here.score, step * counted, model.most, level)
        reach = program.matrix @ x
        price = here.price - size * (2 * reach - here.reach)
        price += drop
        np.clip(price, 0, program.most, out=price)
        here = _Point(x, reach, price, program.across @ price)
        ends = _Ends(ends.x + x, ends.price + price, ends.score + here.score, ends.turns + 1)
        if turn % CHECK and turn < iterations:
            continue
        mean = _Point(ends.x / ends.turns, here.reach, ends.price / ends.turns, ends.score / ends.turns)
        tops = [_bound(model, program, point) for point in (mean, here)]
        good = mean if tops[0] < tops[1] else here
        if min(tops) < best:
            best, kept = min(tops), good
        if best <= target:
            break
        apart = min(tops) - _floor(model, program, good.x)
        if apart < 0.3 * last or ends.turns >= iterations / 4:
            here, last = good._replace(reach=program.matrix @ good.x), apart
            ends = _Ends(np.zeros_like(x), np.zeros_like(price), np.zeros_like(here.score), 0)
    return _verdict(model, best, kept)


class _Point(NamedTuple):
    """Where the iteration stands."""

    x: np.ndarray
    reach: np.ndarray  # matrix @ x
    price: np.ndarray
    score: np.ndarray  # matrix' @ price


class _Ends(NamedTuple):
    """Running sums since the last restart."""

    x: np.ndarray
    price: np.ndarray
    score: np.ndarray
    turns: int


def _start(model: Model, program: Rows, price: np.ndarray | None) -> _Point:
    """A spread-out plan and prices to fit, or the prices given."""
    x = np.where(model.count > 0, min(1.0, model.most / max(1, int(model.count.sum()))), 1.0)
    reach = program.matrix @ x
    demands = len(model.weight)
    first = model.weight / np.maximum(reach[:demands], 1.0) if price is None else price
    price = np.concatenate([first, np.zeros(len(program.scale) - demands)])
    score = program.across @ price
    x = 0.5 * x + 0.5 * _favoured(model, score)  # towards the plan that these prices favour
    return _Point(x, program.matrix @ x, price, score)


def _favoured(model: Model, score: np.ndarray) -> np.ndarray:
    """The plan of highest score within the number of measures: 1 where the option is taken."""
    rank = np.where(model.count > 0, score, -np.inf)
    first = np.argsort(-rank, kind="stable")[: model.most]
    out = ((model.count == 0) & (score > 0)).astype(float)
    out[first[score[first] * (model.count[first] > 0) > 0]] = 1
    return out


def _nearest(v: np.ndarray, weight: np.ndarray, most: float, level: float) -> tuple[np.ndarray, float]:
    """The plan in parts nearest to ``v`` with at most ``most`` measures, and the level it was cut at."""
    counted = weight > 0
    x = np.clip(v, 0, 1)
    if x[counted].sum() <= most:
        return x, 0.0
    v, weight = v[counted], weight[counted]
    low, high = 0.0, float((v / weight).max())
    level = level if low < level < high else high / 2
    for _ in range(60):
        u = v - level * weight
        over = float(np.clip(u, 0, 1).sum()) - most
        if abs(over) < 1e-9 * max(most, 1):
            break
        low, high = (level, high) if over > 0 else (low, level)
        slope = float(weight[(u > 0) & (u < 1)].sum())
        level += over / slope if slope > 0 else np.inf
        if not low < level < high:
            level = (low + high) / 2
    x[counted] = np.clip(v - level * weight, 0, 1)
    return x, level


def _bound(model: Model, program: Rows, point: _Point) -> float:
    """What no plan exceeds, by the prices at ``point``."""
    return float(model.weight.sum() - program.right @ point.price + _best_score(model, point.score))


def _best_score(model: Model, score: np.ndarray) -> float:
    """The highest score of a plan within the number of measures."""
    gain = np.maximum(score, 0)
    counted = gain[model.count > 0]
    most = model.most
    if most < len(counted):
        counted = np.partition(counted, len(counted) - most)[len(counted) - most :] if most else counted[:0]
    return float(gain[model.count == 0].sum() + counted.sum())


def _floor(model: Model, program: Rows, x: np.ndarray) -> float:
    """What the plan in parts covers."""
    demands = len(model.weight)
    return float(model.weight @ np.minimum(1, (program.matrix @ x)[:demands]))


def _verdict(model: Model, bound: float, point: _Point) -> Relaxed:
    """The bound, and how far it falls when an option is forced to the other side."""
    score, counted = point.score, model.count > 0
    order = np.sort(np.maximum(score[counted], 0))[::-1]
    most = model.most
    last = order[most - 1] if 0 < most <= len(order) else (np.inf if most == 0 else 0.0)
    after = order[most] if most < len(order) else 0.0
    inside = _favoured(model, score) > 0
    margin = np.where(counted, np.where(inside, score - after, last - score), np.abs(score))
    return Relaxed(bound, np.maximum(margin, 0), inside, point.x, point.price[: len(model.weight)])
