"""The textbook location problems on a table of distances: covering, p-median, set cover, capacities.

Each answer carries a proven bound. ``near`` is any long table of candidates and the nodes within reach of them, such
as ``circle.reach`` gives; ``demand`` says how many people live at which node.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from ..errors import InfeasibleError
from .flow import most_placed, placed
from .model import Answer, Model
from .pairs import Pairs, covering, numbers, paired, site_count, standing
from .solve import best
from .span import fewest

COVER = ("order", "origin", "gain", "cumulative", "bound", "gap")
MEDIAN = ("order", "origin", "people", "metres", "mean_metres", "least_metres", "gap")
FEWEST = ("order", "origin", "gain", "cumulative", "least_sites", "gap")
CAPACITATED = ("order", "origin", "assigned", "gain", "cumulative", "bound", "gap")


def cover(
    near: pd.DataFrame,
    demand: pd.DataFrame,
    *,
    p: int,
    metres: float | None = None,
    existing: Iterable[str] = (),
    floor: float | None = None,
) -> pd.DataFrame:
    """The at most ``p`` candidates that bring most people a site within reach: one row each, best next one first.

    near : origin (candidate), node, metres (on foot); of repeated pairs the shortest counts. demand : node, people
    (persons, rounded to whole ones), with ``floor`` also community; a node may have several rows. metres : how far a
    site reaches (None: every pair of ``near``). existing : origins that stand already: they are not chosen, and only
    people whom they leave out can be gained. floor : share of each community's people, 0 to 1, to be covered at least.

    Returns order, origin, gain (persons newly covered at this step), cumulative (persons gained so far), bound
    (proven: no choice of ``p`` gains more), gap ((bound - total) / bound; 0: proven best). Of plans that gain equally
    much the one with fewer sites, then with smaller ids, where the model is small. Nothing to gain: no rows.
    Raises TableError for missing columns and faulty rows, InfeasibleError for a negative ``p`` and for a floor that
    cannot be kept, naming the communities it fails in, or how many sites it would take.

    What it does not show: how many people a site can take (see ``capacitated``), how far they walk (see ``median``).
    Source: maximal covering location problem (Church and ReVelle 1974).

    >>> near = pd.DataFrame({"origin": ["A", "A", "B", "B"], "node": list("xyyz"), "metres": [9.0, 9.0, 9.0, 9.0]})
    >>> people = pd.DataFrame({"node": list("xyz"), "people": [5, 4, 9]})
    >>> cover(near, people, p=2).values.tolist()
    [[1, 'B', 13, 13, 18, 0.0], [2, 'A', 5, 18, 18, 0.0]]
    """
    site_count(p)
    pairs = paired(near, demand, metres, community=floor is not None)
    model = covering(pairs, standing(pairs, existing), p, floor)
    answer = _best(model, "让每个村社达到保底覆盖率")
    return _steps(model, answer.taken, answer.bound, pairs.origins)


def cover_all(
    near: pd.DataFrame, demand: pd.DataFrame, *, metres: float | None = None, existing: Iterable[str] = ()
) -> pd.DataFrame:
    """The fewest candidates that leave nobody out of reach: one row each, best next one first.

    near, demand, metres, existing : as for ``cover``.

    Returns order, origin, gain (persons newly covered at this step), cumulative, least_sites (proven: fewer cannot
    do), gap ((sites - least_sites) / sites; 0: proven fewest). Of equally small plans smaller ids are preferred. All
    covered already: no rows. Raises InfeasibleError naming the nodes with people that no candidate reaches,
    TableError as ``cover`` does.

    What it does not show: capacities; whether the last site is worth it for the few people it adds (``cover`` does).
    Source: location set covering problem (Toregas, Swain, ReVelle and Bergman 1971).

    >>> near = pd.DataFrame({"origin": list("AABBC"), "node": list("xyyzz"), "metres": 9.0})
    >>> people = pd.DataFrame({"node": list("xyz"), "people": [5, 4, 9]})
    >>> cover_all(near, people)[["order", "origin", "gain", "least_sites"]].values.tolist()
    [[1, 'B', 13, 2], [2, 'A', 5, 2]]
    """
    pairs = paired(near, demand, metres)
    stand = standing(pairs, existing)
    _all_reached(pairs)
    model = covering(pairs, stand, len(pairs.origins))
    taken, least = fewest(model)
    out = _steps(model, taken, 0, pairs.origins).drop(columns=["bound", "gap"])
    sites = len(out)
    return out.assign(least_sites=np.int64(least), gap=(sites - least) / max(sites, 1)).astype({"gap": float})


def median(near: pd.DataFrame, demand: pd.DataFrame, *, p: int, metres: float | None = None) -> pd.DataFrame:
    """The ``p`` candidates from which people live nearest on average: one row each, most people first.

    near : as for ``cover``; everybody must have a chosen site among the pairs of ``near`` within ``metres``, so search
    far enough. demand : node, people.

    Returns order, origin, people (for whom it is the nearest; of equally near sites the smaller id), metres (their
    mean distance), mean_metres (of all people, to their nearest chosen site), least_metres (proven: no choice of
    ``p`` has a smaller mean), gap ((mean - least) / mean; 0: proven best). Distances count in whole decimetres. Fewer
    than ``p`` rows where further sites bring nobody nearer. Raises InfeasibleError naming nodes out of reach of every
    candidate, or how many sites it takes to reach all; TableError as ``cover`` does.

    What it does not show: who walks farthest; capacities.
    Source: p-median (Hakimi 1964), solved as a covering problem over the radii (Elloumi 2010).

    >>> near = pd.DataFrame({"origin": list("AABB"), "node": list("xyxy"), "metres": [0.0, 100.0, 100.0, 0.0]})
    >>> people = pd.DataFrame({"node": list("xy"), "people": [3, 1]})
    >>> median(near, people, p=1).values.tolist()
    [[1, 'A', 4, 25.0, 25.0, 25.0, 0.0]]
    """
    site_count(p)
    pairs = paired(near, demand, metres)
    _all_reached(pairs)
    if not pairs.people.sum():
        return _typed(pd.DataFrame(columns=list(MEDIAN)), MEDIAN)
    model, most = _radii(pairs, p)
    answer = _best(model, "让所有人都有点位可达")
    return _nearest(pairs, answer.taken, max(most - answer.bound, 0))


def capacitated(
    near: pd.DataFrame, demand: pd.DataFrame, capacity: pd.DataFrame, *, p: int, metres: float | None = None
) -> pd.DataFrame:
    """The at most ``p`` candidates that can take most people, none more than its capacity: one row each.

    near, demand, metres : as for ``cover``. capacity : origin, capacity (persons; candidates without a row take none).
    The people of one node may be sent to different sites, and not only to the nearest.

    Returns order (the best next one first), origin, assigned (persons it takes in the plan), gain (persons more that
    can be placed once it is added), cumulative, bound (proven: no choice of ``p`` places more), gap. Raises
    InfeasibleError for a negative ``p``, TableError for faulty rows.

    What it does not show: whether people accept a site that is not the nearest.
    Source: capacitated maximal covering (Current and Storbeck 1988), in the form where a node may be divided.

    >>> near = pd.DataFrame({"origin": list("AAB"), "node": list("xyy"), "metres": 9.0})
    >>> people = pd.DataFrame({"node": list("xy"), "people": [30, 40]})
    >>> rooms = pd.DataFrame({"origin": ["A", "B"], "capacity": [50, 15]})
    >>> capacitated(near, people, rooms, p=2)[["origin", "assigned", "gain", "bound"]].values.tolist()
    [['A', 50, 50, 65], ['B', 15, 15, 65]]
    """
    site_count(p)
    pairs = paired(near, demand, metres)
    room = numbers(capacity, "origin", "capacity", "容量表").groupby("origin")["capacity"].max()
    limit = room.reindex(pairs.origins).fillna(0).to_numpy(np.int64)
    chosen, bound = most_placed(pairs, limit, p)
    order: list[int] = []
    left, reached = list(chosen), [0]
    while left:
        after = {k: int(placed(pairs, limit, [*order, k]).sum()) for k in left}
        step = max(left, key=lambda k: (after[k], -k))
        order.append(step)
        left.remove(step)
        reached.append(after[step])
    share = placed(pairs, limit, order)
    total = reached[-1]
    out = pd.DataFrame({"order": np.arange(1, len(order) + 1), "origin": pairs.origins[order], "assigned": share})
    out = out.assign(gain=np.diff(reached), cumulative=reached[1:], bound=bound, gap=(bound - total) / max(bound, 1))
    return _typed(out, CAPACITATED)


def _typed(out: pd.DataFrame, columns: tuple[str, ...]) -> pd.DataFrame:
    """The columns in order, each of the type it always has."""
    real = {"metres", "mean_metres", "least_metres", "gap"}
    kinds = {c: "str" if c == "origin" else "float64" if c in real else "int64" for c in columns}
    return out[list(columns)].astype(kinds).reset_index(drop=True)


def _steps(model: Model, taken: np.ndarray, bound: int, origins: np.ndarray) -> pd.DataFrame:
    """The sites of a plan, the best next one first, with the people each adds."""
    across = csr_array(model.covers.T)
    left, open_ = [int(k) for k in taken], model.weight.copy()
    order, gains = [], []
    while left:
        adds = {k: int(open_[across.indices[across.indptr[k] : across.indptr[k + 1]]].sum()) for k in left}
        step = max(left, key=lambda k: (adds[k], -k))
        open_[across.indices[across.indptr[step] : across.indptr[step + 1]]] = 0
        order.append(step)
        gains.append(adds[step])
        left.remove(step)
    total = sum(gains)
    out = pd.DataFrame({"order": np.arange(1, len(order) + 1), "origin": origins[order], "gain": gains})
    out = out.assign(cumulative=np.cumsum(gains), bound=bound, gap=(bound - total) / max(bound, 1))
    return _typed(out, COVER)


def _all_reached(pairs: Pairs) -> None:
    """Raise InfeasibleError naming the nodes with people whom no candidate reaches."""
    lost = pairs.nodes[(np.diff(pairs.tenths.indptr) == 0) & (pairs.people > 0)]
    if len(lost):
        names = "、".join(map(str, lost[:8]))
        more = f" 等 {len(lost)} 个" if len(lost) > 8 else ""
        raise InfeasibleError(f"这些有人居住的节点没有任何备选点位可达:{names}{more}")


def _best(model: Model, wish: str) -> Answer:
    """The best plan; where there is none for lack of sites, InfeasibleError saying how many it takes."""
    try:
        return best(model)
    except InfeasibleError:
        raise InfeasibleError(f"{model.most} 处不足以{wish},至少需要 {fewest(model)[1]} 处") from None


def _radii(pairs: Pairs, p: int) -> tuple[Model, int]:
    """The p-median as covering: one demand a node and radius, worth the person-decimetres that the next radius costs.

    The last radius must be covered (a floor) and is worth as much as the longest walk, so that bounds and climbs heed
    it too. With the model comes the value at which nobody would walk at all.
    """
    far = pairs.tenths[pairs.people > 0]
    people = pairs.people[pairs.people > 0]
    row = np.repeat(np.arange(len(people)), np.diff(far.indptr))
    order = np.lexsort((far.indices, far.data, row))
    site, tenths = far.indices[order], far.data[order].astype(np.int64) - 1
    last = np.append(row[1:] != row[:-1], True)
    level = np.flatnonzero(last | np.append(tenths[1:] != tenths[:-1], True))  # the last pair of each radius
    ends = last[level]
    longest = max(int(tenths.max()), 1)
    step = np.where(ends, longest, np.append(tenths[level[1:]], 0) - tenths[level])
    begin = far.indptr[row[level]]
    size = level + 1 - begin
    at = np.arange(size.sum()) - np.repeat(np.cumsum(size) - size, size) + np.repeat(begin, size)
    covers = csr_array((np.ones(len(at)), site[at], np.append(0, np.cumsum(size))), (len(level), far.shape[1]))
    options = far.shape[1]
    weight = people[row[level]] * step
    must = np.array([0, int(weight[ends].sum())])
    ones = np.ones(options, np.int64)
    model = Model(weight, covers, ones, np.zeros(options), -ones, p, unit=ends.astype(np.int64), floor=must)
    return model, int((people * (tenths[last] + longest)).sum())


def _nearest(pairs: Pairs, taken: np.ndarray, least: int) -> pd.DataFrame:
    """Whom each chosen site is nearest to, and how far they walk; ``least`` in person-decimetres."""
    far = csr_array(pairs.tenths[:, taken])[pairs.people > 0]
    people = pairs.people[pairs.people > 0]
    row = np.repeat(np.arange(len(people)), np.diff(far.indptr))
    first = np.lexsort((far.indices, far.data, row))[np.searchsorted(row, np.arange(len(people)))]
    site, tenths = far.indices[first], far.data[first] - 1
    mine = np.bincount(site, people, len(taken)).astype(np.int64)
    walked = np.bincount(site, people * tenths, len(taken))
    mean, bound = walked.sum() / people.sum() / 10, least / people.sum() / 10
    out = pd.DataFrame({"origin": pairs.origins[taken], "people": mine, "metres": walked / np.maximum(mine, 1) / 10})
    out = out.sort_values(["people", "origin"], ascending=[False, True], ignore_index=True)
    gap = (mean - bound) / mean if mean > 0 else 0.0
    out = out.assign(order=np.arange(1, len(out) + 1), mean_metres=mean, least_metres=bound, gap=gap)
    return _typed(out, MEDIAN)
