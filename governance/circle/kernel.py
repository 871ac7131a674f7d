"""The search as compiled code: loaded only through ``engine``, so that numba costs nothing where it is not used.

A label is one int64, the distance times a power of two plus the rank of the place: the smaller label is the nearer
place and, of places equally near, the one of smaller rank, so that ties are settled in the search itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit

NONE = np.int64(2**62)
FAR = np.int32(2**31 - 1)
FEW = 12  # arcs of a node sorted by insertion; more of them by numpy
BEND, CORNER, DEAD_END = 0, 1, 2


def _compiled(function: Callable[..., Any]) -> Any:
    """``function`` compiled on first use; kept on disk where some folder can be written to."""
    try:
        return njit(cache=True, nogil=True)(function)
    except RuntimeError:  # numba finds no folder for its cache
        return njit(nogil=True)(function)


def ready(part: str) -> bool:
    """Whether ``part`` is compiled already, in this process or on disk."""
    function = globals()[part]
    if function.signatures:
        return True
    try:
        return bool(function._cache._cache_file._load_index())
    except Exception:  # no cache, or a numba that keeps it otherwise: then it is compiled anew
        return False


def run(part: str, *given: Any) -> Any:
    """What ``part`` makes of ``given``, also where its cache on disk turns out not to be readable or writable.

    What was compiled stays in this process, so that each attempt gets at least one function further.
    """
    for _ in range(8):
        try:
            return globals()[part](*given)
        except OSError:
            continue
    return globals()[part](*given)


@_compiled
def _tidy(arcs: np.ndarray, begin: int, end: int) -> int:
    """Sort the arcs of one node by (target, length), keep the first of each target; their number comes back."""
    if end - begin > FEW:
        arcs[begin:end].sort()
    else:
        for i in range(begin + 1, end):
            arc, j = arcs[i], i
            while j > begin and arcs[j - 1] > arc:
                arcs[j] = arcs[j - 1]
                j -= 1
            arcs[j] = arc
    kept = 0
    for i in range(begin, end):
        if kept == 0 or arcs[begin + kept - 1] >> 32 != arcs[i] >> 32:
            arcs[begin + kept] = arcs[i]
            kept += 1
    return kept


@_compiled
def csr(n: int, source: np.ndarray, target: np.ndarray, length: np.ndarray) -> tuple[np.ndarray, ...]:
    """start, to and length of the symmetric network, by counting sort: loops dropped, the shortest of parallels kept."""
    start = np.zeros(n + 1, np.int32)
    for e in range(len(source)):
        if source[e] != target[e]:
            start[source[e] + 1] += 1
            start[target[e] + 1] += 1
    for v in range(n):
        start[v + 1] += start[v]
    arcs, free = np.empty(start[n], np.int64), start[:-1].copy()
    for e in range(len(source)):
        a, b, metres = source[e], target[e], np.int64(length[e])
        if a != b:
            arcs[free[a]] = np.int64(b) << 32 | metres
            arcs[free[b]] = np.int64(a) << 32 | metres
            free[a] += 1
            free[b] += 1
    many = np.int32(0)
    for v in range(n):
        begin, end = start[v], free[v]
        start[v] = many
        for k in range(begin, begin + _tidy(arcs, begin, end)):
            arcs[many] = arcs[k]
            many += 1
    start[n] = many
    to, lengths = np.empty(many, np.int32), np.empty(many, np.int32)
    for k in range(many):
        to[k] = arcs[k] >> 32
        lengths[k] = arcs[k] & 0x7FFFFFFF
    return start, to, lengths


@_compiled
def _roles(start: np.ndarray, to: np.ndarray, at: np.ndarray) -> tuple:
    """What each node is: a ``CORNER`` (a node of ``at``, or where three ways meet), a ``BEND`` or a ``DEAD_END``.

    The nodes of dead ends, outermost first; how many corners; how many arcs these have at most.
    """
    n = len(start) - 1
    role, degree, cut = np.full(n, BEND, np.uint8), np.empty(n, np.int32), np.empty(n, np.int32)
    cuts, done = 0, 0
    for v in at:
        role[v] = CORNER
    for v in range(n):
        degree[v] = start[v + 1] - start[v]
        if degree[v] == 1 and role[v] == BEND:
            cut[cuts], cuts = v, cuts + 1
    while done < cuts:
        v, done = cut[done], done + 1
        role[v] = DEAD_END
        for k in range(start[v], start[v + 1]):
            u = to[k]
            if role[u] != DEAD_END:
                degree[u] -= 1
                if degree[u] == 1 and role[u] == BEND:
                    cut[cuts], cuts = u, cuts + 1
    corners, arcs = 0, 0
    for v in range(n):
        if role[v] == BEND and degree[v] > 2:
            role[v] = CORNER
        if role[v] == CORNER:
            corners, arcs = corners + 1, arcs + degree[v]
    return role, cut[:cuts], corners, arcs


@_compiled
def _walk(net: tuple, role: np.ndarray, v: int, k: int, lies: np.ndarray, way: np.ndarray) -> tuple:
    """From corner ``v`` along its arc ``k`` to the next corner: which, how far, and how many bends were passed.

    These are listed in ``way``, and ``lies`` says of each how far from ``v`` it is.
    """
    start, to, length = net
    last, u, far, passed = v, to[k], np.int64(length[k]), 0
    while role[u] == BEND:
        lies[u, 0], lies[u, 2], way[passed], passed = lies[v, 0], far, u, passed + 1
        j = start[u]
        while to[j] == last or role[to[j]] == DEAD_END:
            j += 1
        last, u, far = u, to[j], far + length[j]
    return u, far, passed


@_compiled
def _corners(start: np.ndarray, to: np.ndarray, length: np.ndarray, at: np.ndarray) -> tuple[np.ndarray, ...]:
    """The network of the corners alone, and where every node lies between them.

    Corners are numbered breadth first, so that neighbours lie close in memory. start and arcs (target and length of
    each) of the corners; ``lies`` [nodes, 4]: two corners and the decimetres to each, both the number of corners where
    no corner is joined to the node. Any way that leaves the node passes one of the two.
    """
    role, cut, corners, most = _roles(start, to, at)
    first, arcs = np.empty(corners + 1, np.int32), np.empty((most, 2), np.int32)
    lies, queue, way = np.zeros((len(role), 4), np.int32), np.empty(corners, np.int32), np.empty(len(role), np.int32)
    met, written, done = 0, 0, 0
    for v in range(len(role)):
        lies[v, 0] = lies[v, 1] = corners
    for root in range(len(role)):
        if role[root] == CORNER and lies[root, 0] == corners:
            queue[met], lies[root, 0], lies[root, 1], met = root, met, met, met + 1
        while done < met:
            v, first[done] = queue[done], written
            for k in range(start[v], start[v + 1]):
                u, far = to[k], np.int64(length[k])
                if role[u] == DEAD_END:
                    continue
                if role[u] == BEND and lies[u, 0] < corners:  # walked from the other end
                    other, far = lies[u, 0], np.int64(lies[u, 2]) + lies[u, 3]
                else:
                    u, far, passed = _walk((start, to, length), role, v, k, lies, way)
                    if lies[u, 0] == corners:
                        queue[met], lies[u, 0], lies[u, 1], met = u, met, met, met + 1
                    other = lies[u, 0]
                    for x in way[:passed]:
                        lies[x, 1], lies[x, 3] = other, far - lies[x, 2]
                if other != done:
                    arcs[written, 0], arcs[written, 1], written = other, far, written + 1
            done += 1
    first[corners] = written
    for v in cut[::-1]:
        role[v] = BEND
        for k in range(start[v], start[v + 1]):
            if role[to[k]] != DEAD_END:
                a, b, near, far = lies[to[k]]
                lies[v, 0], lies[v, 1], lies[v, 2], lies[v, 3] = a, b, near + length[k], far + length[k]
    return first, arcs[:written], lies


@_compiled
def _width(arcs: np.ndarray) -> int:
    """Twice a usual length, in decimetres: the geometric mean of a sample, which a few ferries do not move."""
    logs, looked = 0.0, 0
    for k in range(0, len(arcs), max(1, len(arcs) // 4096)):
        logs, looked = logs + np.log2(1.0 + arcs[k, 1]), looked + 1
    return 1 + int(2 * 2 ** (logs / max(1, looked)))


@_compiled
def _settle(start: np.ndarray, arcs: np.ndarray, label: np.ndarray, seeds: np.ndarray, bits: int, width: int) -> None:
    """The smallest label of every node that ``seeds`` lead to, written into ``label``.

    Labels are corrected in belts of ``width``: what lies in the belt is settled seed by seed, in a queue of its own
    that stays in one corner of the network, what lies beyond waits in ``later``. Any width gives the same labels.
    """
    n = len(label)
    queue, now, later = np.empty(n, np.int32), np.empty(n, np.int32), np.empty(n, np.int32)
    state, many = np.zeros(n, np.uint8), len(seeds)  # 1 in the queue, 2 waiting
    now[:many] = seeds
    state[seeds] = 2
    top = np.int64(width) << bits
    while many:
        waiting, lowest = 0, NONE
        for i in range(many):
            if state[now[i]] != 2:
                continue
            if label[now[i]] >= top:
                later[waiting], waiting, lowest = now[i], waiting + 1, min(lowest, label[now[i]])
                continue
            queue[0], state[now[i]], head, tail, size = now[i], 1, 0, 1 % n, 1
            while size:
                v = queue[head]
                head, size = head + 1 if head + 1 < n else 0, size - 1
                state[v], mine = 0, label[v]
                for k in range(start[v], start[v + 1]):
                    u, found = arcs[k, 0], mine + (np.int64(arcs[k, 1]) << bits)
                    if found >= label[u]:
                        continue
                    label[u] = found
                    if found < top:
                        if state[u] != 1:
                            queue[tail], state[u] = u, 1
                            tail, size = tail + 1 if tail + 1 < n else 0, size + 1
                    elif state[u] == 0:
                        later[waiting], state[u] = u, 2
                        waiting += 1
                        lowest = min(lowest, found)
        now, later, many = later, now, waiting
        top = max(top, lowest) + (np.int64(width) << bits) if many else top


@_compiled
def sweep(start: np.ndarray, to: np.ndarray, length: np.ndarray, at: np.ndarray, begin: np.ndarray) -> tuple:
    """Decimetres (``FAR`` where none) and rank (-1) of the nearest place of each service for each node.

    at : the nodes of all places, service after service, by rank within each; begin : where each service begins.
    The search runs between corners; what lies between two of them is told from their labels.
    """
    n, services = len(start) - 1, len(begin) - 1
    first, arcs, lies = _corners(start, to, length, at)
    corners, width = len(first) - 1, _width(arcs)
    away, rank = np.empty((services, n), np.int32), np.empty((services, n), np.int32)
    label, seeds = np.empty(corners + 1, np.int64), np.empty(corners, np.int32)
    for s in range(services):
        label[:], bits, many = NONE, 0, 0
        while 1 << bits < begin[s + 1] - begin[s]:
            bits += 1
        for k in range(begin[s + 1] - begin[s]):
            v = lies[at[begin[s] + k], 0]
            if label[v] == NONE:
                label[v], seeds[many] = k, v
                many += 1
        _settle(first, arcs, label[:corners], seeds[:many], bits, width)
        for v in range(n):
            a, b, near, far = lies[v]
            found = min(label[a] + (np.int64(near) << bits), label[b] + (np.int64(far) << bits))
            away[s, v], rank[s, v] = min(found >> bits, FAR), found & ((1 << bits) - 1)
            if found >= NONE:
                away[s, v], rank[s, v] = FAR, -1
    return away, rank


@_compiled
def balls(start: np.ndarray, to: np.ndarray, length: np.ndarray, where: np.ndarray, limit: int, room: int) -> tuple:
    """The nodes within ``limit`` decimetres of as many of ``where`` as ``room`` holds, nearest first.

    Keys (decimetres * 2**32 + node) of one ball after another, and how many each has. ``room`` is at least the number
    of nodes, so that one ball always fits.
    """
    n = len(start) - 1
    keys, counts = np.empty(room, np.int64), np.empty(len(where), np.int64)
    stamp, away, waiting = np.full(n, -1, np.int32), np.empty(n, np.int32), np.zeros(n, np.bool_)
    queue, hit = np.empty(n, np.int32), np.empty(n, np.int32)
    used = 0
    for i in range(len(where)):
        queue[0], hit[0], head, tail, size, many = where[i], where[i], 0, 1 % n, 1, 1
        stamp[where[i]], away[where[i]], waiting[where[i]] = i, 0, True
        while size:
            v = queue[head]
            head, size = head + 1 if head + 1 < n else 0, size - 1
            waiting[v] = False
            for k in range(start[v], start[v + 1]):
                u, found = to[k], np.int64(away[v]) + length[k]
                if found > limit or (stamp[u] == i and found >= away[u]):
                    continue
                if stamp[u] != i:
                    stamp[u], hit[many] = i, u
                    many += 1
                away[u] = found
                if not waiting[u]:
                    queue[tail], waiting[u] = u, True
                    tail, size = tail + 1 if tail + 1 < n else 0, size + 1
        if used + many > room:
            return keys[:used], counts[:i]
        for k in range(many):
            keys[used + k] = np.int64(away[hit[k]]) << 32 | hit[k]
        keys[used : used + many].sort()
        used, counts[i] = used + many, many
    return keys[:used], counts
