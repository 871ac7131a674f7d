"""Distances on the network: the nearest place of each service for each node, and what lies round each place.

Whole decimetres in and out, by compiled code or by scipy (see ``engine``), the same to the last unit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from ..errors import TableError
from . import engine
from .network import FAR, Network

EXACT = 2**53  # whole numbers up to here are exact in the floats scipy counts with


def nearest(net: Network, at: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Decimetres to the nearest place of each service (``FAR`` where none), and its rank (-1): int32 [services, nodes].

    at : for each service the nodes of its places, by rank; of places equally near, the smaller rank counts.
    Raises TableError where distances grow beyond ``FAR``.

    >>> from .network import csr
    >>> net = csr(3, np.array([0]), np.array([1]), np.array([70], np.int32))
    >>> away, rank = nearest(net, [np.array([0]), np.array([1, 0])])
    >>> away.tolist(), rank.tolist()
    ([[0, 70, 2147483647], [0, 0, 2147483647]], [[0, 0, -1], [1, 0, -1]])
    """
    n, most = len(net.start) - 1, max(map(len, at), default=0)
    total = int(net.length.sum(dtype=np.int64)) // 2
    if total * 2 ** max(0, most - 1).bit_length() >= EXACT:
        raise TableError(f"路网总长 {total / 10_000:,.0f} 公里、一类点位 {most:,} 个,超出可精确计算的范围;请分区计算")
    kernel = engine.compiled("sweep", n * len(at))
    if kernel and total < FAR:  # compiled code counts in 32 bits
        flat = np.concatenate([np.empty(0, np.int32), *at]).astype(np.int32)
        begin = np.cumsum([0, *map(len, at)])
        away, rank = kernel.run("sweep", *net, flat, begin)
    else:
        away, rank = np.full((len(at), n), FAR, np.int32), np.full((len(at), n), -1, np.int32)
        for s, mine in enumerate(at):
            away[s], rank[s] = _nearest(net, np.asarray(mine))
    if total >= FAR and np.any((away == FAR) & (rank >= 0)):
        raise TableError(f"有点位的步行距离超过 {FAR / 10_000:,.0f} 公里;请检查路段长度的单位")
    return away, rank


def balls(net: Network, where: np.ndarray, limit: int, *, room: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """For each of ``where`` in turn: the nodes within ``limit`` decimetres, nearest (then lowest) first, and how far.

    room : about how many distances to hold at once, so that memory stays bounded.

    >>> from .network import csr
    >>> net = csr(3, np.array([0, 1]), np.array([1, 2]), np.array([70, 40], np.int32))
    >>> [(hit.tolist(), far.tolist()) for hit, far in balls(net, np.array([1, 0]), 70, room=100)]
    [([1, 2, 0], [0, 40, 70]), ([0, 1], [0, 70])]
    """
    n, limit, done = len(net.start) - 1, min(limit, FAR - 1), 0
    kernel = engine.compiled("balls", n * len(where))
    while done < len(where):
        if kernel:
            keys, counts = kernel.run("balls", *net, where[done:].astype(np.int32), limit, max(room, n))
            parts = np.split(keys, np.cumsum(counts)[:-1])
            yield from (((key & FAR), key >> 32) for key in parts)
            done += len(counts)
        else:
            some = where[done : done + max(1, room // max(1, n))]
            graph = csr_array((net.length.astype(float), net.to, net.start), shape=(n, n))
            yield from map(_ball, dijkstra(graph, indices=some, limit=limit), [limit] * len(some))
            done += len(some)


def _ball(row: np.ndarray, limit: int) -> tuple[np.ndarray, np.ndarray]:
    hit = np.flatnonzero(row <= limit)
    hit = hit[np.argsort(row[hit], kind="stable")]
    return hit, row[hit].astype(np.int64)


def _nearest(net: Network, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Decimetres to the nearest of the nodes ``at`` and its position in ``at``, by scipy.

    One search from a node of our own, joined to the k-th of ``at`` by an edge of length k while all streets are
    stretched by len(at): the quotient is the distance, the remainder the smallest k at that distance.
    """
    n, many = len(net.start) - 1, max(1, len(at))
    seeds, rank = np.unique(at, return_index=True)
    data = np.concatenate([net.length * float(many), rank.astype(float)])
    start = np.append(net.start, len(data)).astype(np.int32)
    to = np.concatenate([net.to, seeds]).astype(np.int32)
    found = dijkstra(csr_array((data, to, start), shape=(n + 1, n + 1)), indices=n)[:n]
    there = np.isfinite(found)
    whole = np.where(there, found, 0).astype(np.int64)
    return np.where(there, np.minimum(whole // many, FAR), FAR), np.where(there, whole % many, -1)
