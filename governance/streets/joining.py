"""Lines to a network: ends that meet become one node; lines are cut where another one ends on them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree


class Joined(NamedTuple):
    """Nodes by place, and pieces of lines: the places of their ends, their course (None where straight), their line."""

    xy: np.ndarray
    ends: np.ndarray
    lines: np.ndarray
    line: np.ndarray
    snapped: int
    cut: int


def joined(points: np.ndarray, line: np.ndarray, near: float, *, shared: bool) -> Joined:
    """The network that lines make; crossings without a common point join nothing, as one may be a bridge.

    points : vertices of all lines in order, metres. line : the number of the line of each, rising from 0.
    near : ends no further apart become one node, as does an end on the course of a line, which is cut there.
    shared : instead of any course only at vertices, but also where lines share one in their course: ways drawn in
    OpenStreetMap join at common vertices only.
    The nodes are in order of x, then y; ``snapped`` counts ends that were moved, ``cut`` places where lines were cut.

    >>> square = np.array([[0.0, 0], [10, 0], [10, 0.05], [10, 10], [5, 0], [5, 5]])
    >>> found = joined(square, np.array([0, 0, 1, 1, 2, 2]), 0.1, shared=False)
    >>> found.xy.tolist(), found.ends.tolist(), found.snapped
    ([[0.0, 0.0], [5.0, 0.0], [5.0, 5.0], [10.0, 0.0], [10.0, 10.0]], [[0, 1], [1, 3], [3, 4], [1, 2]], 1)
    """
    if not shared:
        points, line = _touched(points, line, near)
    first, last = _ends(line)
    inner = np.ones(len(points), bool)
    inner[first] = inner[last] = False
    cut = _shared(points, inner) if shared else np.zeros(len(points), bool)
    spots, back = _unique(points[~inner | cut])
    ends_only = np.zeros(len(spots), bool)
    whole = np.full(len(points), -1)
    whole[~inner | cut] = back
    ends_only[whole[np.r_[first, last]]] = True
    rest = np.flatnonzero(inner & ~cut)
    if len(rest):
        gap, nearest = cKDTree(spots).query(points[rest], distance_upper_bound=near * (1 + 1e-9) + 1e-12)
        hit = np.isfinite(gap)
        hit[hit] = ends_only[nearest[hit]]
        cut[rest[hit]] = True
        whole[rest[hit]] = nearest[hit]
    node, place = _merged(spots, near)
    whole[whole >= 0] = node[whole[whole >= 0]]
    snapped = int((place[whole[np.r_[first, last]]] != points[np.r_[first, last]]).any(1).sum())
    return Joined(place, *_pieces(points, line, cut, whole, place), snapped, int(cut.sum()))


def crossings(xy: np.ndarray, ends: np.ndarray, lines: np.ndarray | None) -> int:
    """How many pairs of pieces cross without a common end: bridges, or junctions at which nobody cut the lines.

    xy, ends, lines : as in ``Joined`` (None: all straight).

    >>> crossings(np.array([[0.0, 0], [2, 2], [0, 2], [2, 0]]), np.array([[0, 1], [2, 3], [0, 2]]), None)
    1
    """
    import shapely

    shapes = shapely.linestrings(xy[ends])
    if lines is not None:
        bent = np.array([g is not None for g in lines], bool)
        shapes[bent] = lines[bent]
    a, b = shapely.STRtree(shapes).query(shapes, predicate="crosses")
    apart = (ends[a][:, :, None] != ends[b][:, None, :]).all((1, 2))
    return int((apart & (a < b)).sum())


def _ends(line: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows of the first and the last vertex of every line."""
    first = np.flatnonzero(np.r_[True, line[1:] != line[:-1]])
    return first, np.r_[first[1:], len(line)] - 1


def _touched(points: np.ndarray, line: np.ndarray, near: float) -> tuple[np.ndarray, np.ndarray]:
    """The lines with a vertex wherever an end lies on their course between two vertices."""
    import shapely

    row = np.flatnonzero(line[1:] == line[:-1])
    a, b = points[row], points[row + 1]
    ends = np.unique(points[np.concatenate(_ends(line))], axis=0)
    tree = shapely.STRtree(shapely.linestrings(np.stack([a, b], 1)))
    end, at = tree.query(shapely.points(ends), predicate="dwithin", distance=near)
    long = np.hypot(*(b - a)[at].T)
    along = ((ends[end] - a[at]) * (b - a)[at]).sum(1) / np.maximum(long, 1e-12)
    inside = (along > near) & (along < long - near)
    end, at, along = end[inside], at[inside], along[inside]
    order = np.lexsort((along, at))
    before = row[at[order]] + 1
    return np.insert(points, before, ends[end[order]], axis=0), np.insert(line, before, line[before - 1])


def _unique(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Different points in order of x, then y, and the place of every point among them."""
    order = np.lexsort((points[:, 1], points[:, 0]))
    held = points[order]
    new = np.r_[True, (held[1:] != held[:-1]).any(1)][: len(held)]
    back = np.empty(len(points), np.int64)
    back[order] = np.cumsum(new) - 1
    return held[new], back


def _shared(points: np.ndarray, inner: np.ndarray) -> np.ndarray:
    """Which inner vertices lie exactly where another vertex does."""
    spots, back = _unique(points)
    return inner & (np.bincount(back, minlength=len(spots))[back] > 1)


def _merged(spots: np.ndarray, near: float) -> tuple[np.ndarray, np.ndarray]:
    """The node of each spot, and where the nodes are: those nearer than ``near`` are one, at the first of them."""
    pairs = cKDTree(spots).query_pairs(near * (1 + 1e-9), output_type="ndarray") if near > 0 else np.zeros((0, 2), int)
    graph = coo_array((np.ones(len(pairs), np.int8), pairs.T), shape=(len(spots),) * 2)
    _, label = connected_components(graph, directed=False)
    head, node = np.unique(_first(label), return_inverse=True)
    return node, spots[head]


def _first(label: np.ndarray) -> np.ndarray:
    """The first row with the same label as each row."""
    _, first, back = np.unique(label, return_index=True, return_inverse=True)
    return first[back]


def _pieces(
    points: np.ndarray, line: np.ndarray, cut: np.ndarray, node: np.ndarray, place: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Ends, course and line of every piece: a cut vertex closes one piece and opens the next."""
    import shapely

    row = np.repeat(np.arange(len(points)), 1 + cut)
    opens = np.r_[True, (line[row][1:] != line[row][:-1]) | (row[1:] == row[:-1])]
    piece = np.cumsum(opens) - 1
    first = np.flatnonzero(opens)
    last = np.r_[first[1:], len(row)] - 1
    ends = np.stack([node[row[first]], node[row[last]]], -1)
    at = points[row].copy()
    at[first], at[last] = place[ends[:, 0]], place[ends[:, 1]]
    bent = (last - first) > 1
    lines = np.full(len(first), None, object)
    if bent.any():
        some = bent[piece]
        lines[bent] = shapely.linestrings(at[some], indices=np.cumsum(bent)[piece[some]] - 1)
    return ends, lines, line[row[first]]
