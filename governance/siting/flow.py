"""People sent to sites that can take only so many: the most that can be placed."""

from __future__ import annotations

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_flow

from .model import merged
from .pairs import Pairs, covering

BRANCHES = 50_000
TIGHT = 50_000  # pairs up to which each is tied to its site, which tightens the relaxation


def most_placed(pairs: Pairs, limit: np.ndarray, p: int) -> tuple[np.ndarray, int]:
    """The at most ``p`` candidates that can take most people, and the bound that no choice exceeds."""
    small = merged(covering(pairs, np.zeros(len(limit), bool), p))
    demands, options = small.covers.shape
    if not demands or not p:
        return np.empty(0, np.int64), 0
    pairs_ = small.covers.tocoo()
    row, site, each = pairs_.row, pairs_.col, np.arange(small.covers.nnz)
    flows = len(each)
    width = options + flows
    most = np.minimum(small.weight[row], limit[site]).astype(float)

    def matrix(rows: int, at: np.ndarray, own: np.ndarray | None) -> csr_array:
        """Flows summed by ``at``, less ``own`` times the site of each row."""
        out = csr_array((np.ones(flows), (at, options + each)), (rows, width))
        if own is None:
            return out
        which = np.arange(options) if rows == options else site
        return out - csr_array((own, (np.arange(rows), which)), (rows, width))

    limits = [
        LinearConstraint(matrix(demands, row, None), -np.inf, small.weight),
        LinearConstraint(matrix(options, site, limit.astype(float)), -np.inf, 0),
        LinearConstraint(np.repeat([1.0, 0.0], [options, flows])[None, :], -np.inf, p),
    ]
    if flows <= TIGHT:
        limits.append(LinearConstraint(matrix(flows, each, most), -np.inf, 0))
    goal, whole = -np.repeat([0.0, 1.0], [options, flows]), np.repeat([1, 0], [options, flows])
    top = Bounds(0, np.concatenate([np.ones(options), most]))
    settings = {"mip_rel_gap": 0.0, "node_limit": BRANCHES}
    found = milp(goal, constraints=limits, bounds=top, integrality=whole, options=settings)
    chosen = np.empty(0, np.int64) if found.x is None else np.flatnonzero(found.x[:options] > 0.5)
    for site_ in chosen[::-1]:  # sites that add nobody go, late ones first
        less = chosen[chosen != site_]
        if placed(pairs, limit, less).sum() == placed(pairs, limit, chosen).sum():
            chosen = less
    highest = small.weight.sum() if found.mip_dual_bound is None else -found.mip_dual_bound
    bound = int(np.floor(min(float(highest), float(small.weight.sum())) + 1e-4))
    return chosen, max(bound, int(placed(pairs, limit, chosen).sum()))


def placed(pairs: Pairs, limit: np.ndarray, chosen: np.ndarray | list[int]) -> np.ndarray:
    """How many people each of the ``chosen`` candidates takes when most are placed (maximum flow)."""
    chosen = np.asarray(chosen, np.int64)
    only = csr_array(pairs.tenths[:, chosen])
    rows = np.flatnonzero((np.diff(only.indptr) > 0) & (pairs.people > 0))
    if not len(rows):
        return np.zeros(len(chosen), np.int64)
    links = only[rows].tocoo()
    source, sink, first = 0, 1 + len(rows) + len(chosen), 1 + len(rows)
    people = pairs.people[rows]
    start = np.concatenate([np.zeros(len(rows), np.int64), 1 + links.row, first + np.arange(len(chosen))])
    end = np.concatenate([1 + np.arange(len(rows)), first + links.col, np.full(len(chosen), sink)])
    size = np.concatenate([people, people[links.row], np.minimum(limit[chosen], people.sum())])
    net = csr_array((size.astype(np.int32), (start, end)), (sink + 1, sink + 1))
    flow = maximum_flow(net, source, sink).flow
    return np.asarray(flow[first:sink, [sink]].todense()).ravel().astype(np.int64)
