"""The made-up streets of the sub-district 望禾街道: a dense town on a river, hamlets, fields and hills.

Only whole-number draws, sums, products and square roots are used, and coordinates are rounded to 0.1 m,
so that every machine makes the same bytes. ``examples_town`` puts people and services on them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree

WIDE, TALL = 7500.0, 7000.0  # metres: 52.5 km2
CENTRE = np.array([4000.0, 3550.0])
SIZE = np.array([2020.0, 1640.0])  # half axes of the built-up town
STRIP = 38.0  # half the river's width
NODES, VILLAGES = 8000, 18
Field = Callable[[np.ndarray], np.ndarray]


class Network(NamedTuple):
    """A piece of the network: points, where each lies, pairs of them, what each pair is, which are meant to stay."""

    points: np.ndarray
    label: np.ndarray  # -1 open country, 0 town, k the k-th hamlet
    pairs: np.ndarray
    kinds: np.ndarray
    kept: np.ndarray


def _noise(rng: np.random.Generator, pitch: float) -> Field:
    """A smooth field with values in [-1, 1] that changes over about ``pitch`` metres."""
    side = int(2 * max(WIDE, TALL) / pitch) + 3
    table = rng.random((side, side)) * 2 - 1

    def at(p: np.ndarray) -> np.ndarray:
        q = np.clip((p + 0.5 * WIDE) / pitch, 0, side - 1.001)
        i = q.astype(np.int64)
        t = (q - i) * (q - i) * (3 - 2 * (q - i))
        a, b, s, r = i[:, 0], i[:, 1], t[:, 0], t[:, 1]
        low = table[a, b] * (1 - s) + table[a + 1, b] * s
        return low * (1 - r) + (table[a, b + 1] * (1 - s) + table[a + 1, b + 1] * s) * r

    return at


def _river(rng: np.random.Generator) -> Field:
    """How far north of the river's middle line a point lies, in metres (negative: south of it)."""
    step = WIDE / 8
    bends = 2750 + 420 * (rng.random(13) * 2 - 1) + 25 * np.arange(13)

    def north(p: np.ndarray) -> np.ndarray:
        q = np.clip(p[:, 0] / step + 1, 1, 10.999)
        i = q.astype(np.int64)
        t = q - i
        a, b, c, d = bends[i - 1], bends[i], bends[i + 1], bends[i + 2]
        bend = b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))
        return p[:, 1] - bend

    return north


def _height(p: np.ndarray, rough: Field) -> np.ndarray:
    """Metres above sea: a plain of about 40 m, hills of over 400 m in the north-west corner."""
    dx, dy = p[:, 0] / 3300, (TALL - p[:, 1]) / 2900
    s = np.clip(1 - np.sqrt(dx * dx + dy * dy), 0, 1)
    return 42 + 3 * rough(p) + p[:, 0] * -0.001 + s * s * (3 - 2 * s) * (420 + 150 * rough(p))


def _built_up(p: np.ndarray, edge: Field) -> np.ndarray:
    """Below 1 inside the town, above outside: an ellipse with a ragged rim."""
    q = (p - CENTRE) / SIZE
    return q[:, 0] * q[:, 0] + q[:, 1] * q[:, 1] + 0.34 * edge(p)


def _lines(rng: np.random.Generator, half: float) -> tuple[np.ndarray, np.ndarray]:
    """Street lines of the town: where they lie, and which are main streets."""
    at, main, left = [-half], [True], 0
    while at[-1] < half:
        left = left - 1 if left else int(rng.integers(4, 7))
        at.append(at[-1] + (37 + 25 * abs(at[-1]) / half) * (0.8 + 0.4 * rng.random()))
        main.append(left == 0)
    return np.array(at), np.array(main)


def _blocks(rng: np.random.Generator, u_main: np.ndarray, v_main: np.ndarray) -> tuple[np.ndarray, ...]:
    """What each street block is like, at each crossing of two lines: inside, lanes kept, gates, shift, empty."""
    bu, bv = np.cumsum(u_main), np.cumsum(v_main)
    shape = (bu[-1] + 1, bv[-1] + 1)
    lanes, gates = 0.55 + 0.4 * rng.random(shape), 0.2 + 0.35 * rng.random(shape)
    shift, empty = 13 * (rng.random((*shape, 2)) * 2 - 1), rng.random(shape) < 0.07
    inside = ~u_main[:, None] & ~v_main[None, :]
    pick = np.ix_(bu, bv)
    return inside, lanes[pick], gates[pick], shift[pick], empty[pick]


def _town(rng: np.random.Generator, river: Field, edge: Field) -> tuple[Network, np.ndarray]:
    """The built-up town, and the ends of its main streets: bent main streets, each block with lanes of its own."""
    (u, u_main), (v, v_main) = _lines(rng, 2500.0), _lines(rng, 2150.0)
    inside, lanes, gates, shift, empty = _blocks(rng, u_main, v_main)
    grid = np.stack(np.meshgrid(u, v, indexing="ij"), axis=-1)
    grid = grid + 6 * (rng.random(grid.shape) * 2 - 1) + inside[:, :, None] * shift
    flat = np.stack([0.96 * grid[..., 0] - 0.28 * grid[..., 1], 0.28 * grid[..., 0] + 0.96 * grid[..., 1]], -1)
    flat = flat.reshape(-1, 2) + CENTRE
    flat = flat + 95 * np.stack([_noise(rng, 800.0)(flat), _noise(rng, 800.0)(flat)], -1)
    side = river(flat)
    there = ((_built_up(flat, edge) < 1) & (np.abs(side) > STRIP)).reshape(inside.shape) & ~(inside & empty)
    bank = np.where(there, np.sign(side).reshape(inside.shape), 0)
    index = np.arange(bank.size).reshape(bank.shape)
    along_u = _streets(rng, index, bank, inside, v_main[None, :], (lanes, gates))
    along_v = _streets(rng, index.T, bank.T, inside.T, u_main[None, :], (lanes.T, gates.T))
    quay, bridges = _banks(flat, bank, index, u_main)
    pairs = np.concatenate([along_u[0], along_v[0], quay, bridges])
    kept = np.concatenate([along_u[1], along_v[1], np.ones(len(quay) + len(bridges), bool)])
    kinds = np.repeat(np.array(["road", "bridge"], object), [len(pairs) - len(bridges), len(bridges)])
    ends = [
        line[here][[0, -1]]
        for lines, heres, main in ((index, there, u_main), (index.T, there.T, v_main))
        for line, here in zip(lines[main], heres[main], strict=True)
        if here.any()
    ]
    new = np.cumsum(there.ravel()) - 1
    return Network(flat[there.ravel()], np.zeros(there.sum(), int), new[pairs], kinds, kept), np.unique(
        new[np.concatenate(ends)]
    )


def _streets(
    rng: np.random.Generator,
    index: np.ndarray,
    bank: np.ndarray,
    inside: np.ndarray,
    main: np.ndarray,
    chances: tuple[np.ndarray, np.ndarray],
) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of neighbours down the columns on one bank of the river, and which of them are streets."""
    lanes, gates = (np.minimum(c[:-1], c[1:]) for c in chances)
    chance = np.where(np.broadcast_to(main, lanes.shape), 0.96, np.where(inside[:-1] & inside[1:], lanes, gates))
    stays = rng.random(lanes.shape) < chance
    dry = (bank[:-1] * bank[1:]) > 0
    return np.stack([index[:-1][dry], index[1:][dry]], -1), stays[dry]


def _banks(flat: np.ndarray, bank: np.ndarray, index: np.ndarray, u_main: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Streets along both banks, and four bridges where main streets meet the river."""
    south, north = {}, {}
    for i, (line, side) in enumerate(zip(index, bank, strict=True)):
        if (side < 0).any() and (side > 0).any():
            south[i], north[i] = int(line[side < 0][-1]), int(line[side > 0][0])
    quay = [(shore[i], shore[i + 1]) for shore in (south, north) for i in shore if i + 1 in shore]
    near = [(a, b) for a, b in quay if ((flat[a] - flat[b]) ** 2).sum() < 130.0**2]
    cross = [i for i in south if u_main[i] and ((flat[south[i]] - flat[north[i]]) ** 2).sum() < 240.0**2]
    chosen = [cross[k * (len(cross) - 1) // 3] for k in range(4)] if len(cross) > 3 else cross
    return np.array(near).reshape(-1, 2), np.array([(south[i], north[i]) for i in chosen]).reshape(-1, 2)


def _relative(points: np.ndarray) -> np.ndarray:
    """Pairs with no third point nearer to both (relative neighbourhood graph; Toussaint 1980): lane-like, in one piece."""
    q = np.rint(points * 10).astype(np.int64)
    d = ((q[:, None] - q[None]) ** 2).sum(-1)
    free = np.array([np.maximum(row[:, None], d).min(0) >= row for row in d]).reshape(len(q), len(q))
    return np.argwhere(np.triu(free, 1))


def _hamlets(rng: np.random.Generator, dry: Callable[[np.ndarray], np.ndarray]) -> list[list[np.ndarray]]:
    """Where the hamlets of each village lie (first the main one): apart from town, river, steep hills and each other."""
    x, y = np.meshgrid(np.arange(520.0, WIDE, 1075.0), np.arange(500.0, TALL, 1000.0))
    seats = np.stack([x.ravel(), y.ravel()], -1) + 330 * (rng.random((x.size, 2)) * 2 - 1)
    seats = seats[dry(seats)]
    seats = seats[np.sort(rng.permutation(len(seats))[:VILLAGES])]
    taken = list(seats)
    out = []
    for seat in seats:
        mine, wanted = [seat], int(rng.integers(2, 6))
        tries = seat + np.where(rng.random((60, 2)) < 0.5, -1, 1) * (90 + 390 * rng.random((60, 2)))
        for p in tries[dry(tries)]:
            if len(mine) < wanted and min(((p - q) ** 2).sum() for q in taken) > 290.0**2:
                mine.append(p)
                taken.append(p)
        out.append(mine)
    return out


def _lanes(rng: np.random.Generator, centre: np.ndarray, radius: float, edge: Field) -> np.ndarray:
    """The house plots of one hamlet: a jittered lattice cut to a ragged blot."""
    n = int(radius / 31) + 2
    step = 31.0 * np.arange(-n, n + 1)
    p = np.stack([a.ravel() for a in np.meshgrid(step, step)], -1)
    p = p + 12 * (rng.random(p.shape) * 2 - 1)
    reach = radius * (1 + 0.45 * edge(p + centre))
    return p[(p**2).sum(-1) < reach * reach] + centre


def _wind(a: np.ndarray, b: np.ndarray, height: Field, fields: tuple[Field, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Points of the winding ways from each ``a`` to each ``b``, and which way each belongs to; hill paths wind most."""
    length = np.sqrt(((b - a) ** 2).sum(-1))
    high = np.clip((height((a + b) / 2) - 60) / 120, 0, 1)
    n = np.maximum((length / (72 - 36 * high)).astype(np.int64), 1) - 1
    way = np.repeat(np.arange(len(n)), n)
    t = (np.arange(len(way)) - np.repeat(np.cumsum(n) - n, n) + 1) / (n[way] + 1)
    p = a[way] + t[:, None] * (b - a)[way]
    swing = (4 * t * (1 - t) * np.minimum(length[way] / 400, 1))[:, None]
    slow, fast = (np.stack([f(p), g(p)], -1) for f, g in (fields[:2], fields[2:]))
    return p + swing * (110 * slow + (18 + 75 * high[way][:, None]) * fast), way


def _country(
    rng: np.random.Generator,
    base: Network,
    stations: np.ndarray,
    gates: int,
    lie: tuple[Field, ...],
    free: Callable[[np.ndarray], np.ndarray],
) -> Network:
    """``base`` with roads and paths between its ``stations`` (first the town's gates), over the fields and hills."""
    river, height = lie
    pitch = 560.0
    x, y = np.meshgrid(np.arange(150.0, WIDE, pitch), np.arange(150.0, TALL, pitch))
    p = np.stack([x.ravel(), y.ravel()], -1)
    steep = p[height(p) > 90]
    half = pitch / 2 * np.array([[1, 1], [1, 0], [0, 1]])
    p = np.concatenate([p, *(steep + h for h in half)])
    p = np.clip(p + 130 * (rng.random(p.shape) * 2 - 1), 20, [WIDE - 20, TALL - 20])
    p = p[free(p)]
    ids = np.concatenate([stations, len(base.points) + np.arange(len(p))])
    at = np.concatenate([base.points[stations], p])
    links = _relative(at)
    links = links[links[:, 1] >= gates]
    wet = river(at[links[:, 0]]) * river(at[links[:, 1]]) < 0
    links = links[~wet | np.isin(np.arange(len(links)), _crossings(at, links, wet))]
    between, way = _wind(at[links[:, 0]], at[links[:, 1]], height, tuple(_noise(rng, s) for s in (520, 520, 170, 170)))
    dry = np.abs(river(between)) > STRIP
    between, way = between[dry], way[dry]
    first = len(base.points) + len(p)
    path = np.where(
        ((links[:, 0] >= len(stations)) & (links[:, 1] >= len(stations))) | (height(at[links].mean(1)) > 150),
        "path",
        "road",
    ).astype(object)
    pairs, of = _chains(ids[links], first + np.arange(len(between)), way)
    points = np.concatenate([base.points, p, between])
    kinds = np.where(river(points[pairs[:, 0]]) * river(points[pairs[:, 1]]) < 0, "bridge", path[of])
    added = Network(
        points[len(base.points) :], np.full(len(points) - len(base.points), -1), pairs, kinds, np.ones(len(pairs), bool)
    )
    return _joined(base, added)


def _crossings(at: np.ndarray, links: np.ndarray, wet: np.ndarray) -> np.ndarray:
    """The links that get a bridge: the shortest over the river upstream of the town and downstream."""
    mid = at[links].mean(1)[:, 0]
    span = ((at[links[:, 0]] - at[links[:, 1]]) ** 2).sum(-1)
    sides = (wet & (mid < CENTRE[0] - SIZE[0]), wet & (mid > CENTRE[0] + SIZE[0]))
    return np.array([np.where(s, span, np.inf).argmin() for s in sides if s.any()], np.int64)


def _chains(links: np.ndarray, between: np.ndarray, way: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of successive points along each link, and the link each pair belongs to."""
    order = np.argsort(np.concatenate([np.arange(len(links)), way, np.arange(len(links))]), kind="stable")
    line = np.concatenate([links[:, 0], between, links[:, 1]])[order]
    of = np.concatenate([np.arange(len(links)), way, np.arange(len(links))])[order]
    same = of[1:] == of[:-1]
    return np.stack([line[:-1][same], line[1:][same]], -1), of[1:][same]


def _joined(*parts: Network) -> Network:
    """One piece made of several, whose pairs already number the points of the whole."""
    return Network(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _mended(part: Network) -> Network:
    """``part`` with as few of the dropped streets laid again as join its larger pieces; scraps go, small islands stay."""
    n = len(part.points)
    pairs = np.sort(part.pairs, axis=1)
    order = np.argsort(~part.kept, kind="stable")
    first = np.sort(order[np.unique((pairs[:, 0] * n + pairs[:, 1])[order], return_index=True)[1]])
    pairs, kinds, kept = pairs[first], part.kinds[first], part.kept[first]
    cost = np.arange(1, len(pairs) + 1) + 10_000_000 * ~kept
    tree = minimum_spanning_tree(csr_array((cost, pairs.T), shape=(n, n))).tocoo()
    needed = np.zeros(len(cost), bool)
    needed[tree.data.astype(np.int64) % 10_000_000 - 1] = True
    keep = kept | (needed & (hanging(n, pairs[kept])[pairs].min(1) >= 9))
    stay = hanging(n, pairs[keep]) >= 4
    keep &= stay[pairs].all(1)
    return Network(part.points[stay], part.label[stay], (np.cumsum(stay) - 1)[pairs[keep]], kinds[keep], keep[keep])


def hanging(n: int, pairs: np.ndarray) -> np.ndarray:
    """How many points hang together with each point."""
    ones = np.ones(len(pairs), np.int8)
    _, piece = connected_components(csr_array((ones, pairs.T), shape=(n, n)), directed=False)
    return np.bincount(piece, minlength=1)[piece]


def network(rng: np.random.Generator) -> tuple[Network, np.ndarray, list[list[int]]]:
    """The whole network, the height of its points, and the hamlet labels of each village."""
    river, edge, rim, rough = _river(rng), *(_noise(rng, pitch) for pitch in (700.0, 60.0, 900.0))

    def height(p: np.ndarray) -> np.ndarray:
        return _height(p, rough)

    def dry(p: np.ndarray) -> np.ndarray:
        inside = (p > 170).all(-1) & (p < [WIDE - 170, TALL - 170]).all(-1)
        return inside & (np.abs(river(p)) > 190) & (_built_up(p, edge) > 1.3) & (height(p) < 210)

    town, gates = _town(rng, river, edge)
    villages = _hamlets(rng, dry)
    seats = [seat for village in villages for seat in village]
    main = np.array([k == 0 for village in villages for k in range(len(village))])
    radius = np.where(main, 125.0, 70 + 35 * rng.random(len(seats)))
    radius *= np.sqrt((NODES - len(town.points) - 1480) / ((radius * radius).sum() * 3.14 / 31.0**2))
    whole, stations = town, list(gates)
    for label, (seat, size) in enumerate(zip(seats, radius, strict=True), start=1):
        plots = _lanes(rng, seat, size, rim)
        at, pairs = len(whole.points), _relative(plots)
        stations.append(at + int(((plots - seat) ** 2).sum(-1).argmin()))
        whole = _joined(
            whole,
            Network(
                plots,
                np.full(len(plots), label),
                pairs + at,
                np.full(len(pairs), "road", object),
                np.ones(len(pairs), bool),
            ),
        )

    def free(p: np.ndarray) -> np.ndarray:
        apart = ((p[:, None] - np.array(seats)[None]) ** 2).sum(-1).min(1) > 330.0**2
        return apart & (np.abs(river(p)) > 120) & (_built_up(p, edge) > 1.15)

    whole = _mended(_country(rng, whole, np.array(stations), len(gates), (river, height), free))
    counts = [len(village) for village in villages]
    return (
        whole,
        height(whole.points),
        [list(range(e - n + 1, e + 1)) for n, e in zip(counts, np.cumsum(counts), strict=True)],
    )


def as_tables(rng: np.random.Generator, whole: Network, height: np.ndarray) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Nodes and edges as tables; steep paths are steps, and no length is below the straight distance."""
    at, up = np.rint(whole.points * 10) / 10, np.rint(height * 10) / 10
    ids = np.array([f"N{i:04d}" for i in range(1, len(at) + 1)], object)
    a, b = whole.pairs.T
    flat, rise = np.sqrt(((at[a] - at[b]) ** 2).sum(-1)), np.abs(up[a] - up[b])
    kind = np.where((whole.kinds == "path") & (rise > 0.22 * flat), "steps", whole.kinds)
    slack = np.where(kind == "bridge", 1.0, 1 + 0.03 * rng.random(len(a)))
    length = np.ceil(np.sqrt(flat * flat + rise * rise) * slack * 10 + 1e-6) / 10
    nodes = pd.DataFrame({"node": ids, "x": at[:, 0], "y": at[:, 1], "height": up})
    return nodes, pd.DataFrame(
        {
            "edge": [f"E{i:05d}" for i in range(1, len(a) + 1)],
            "source": ids[a],
            "target": ids[b],
            "length_m": length,
            "kind": kind,
        }
    )
