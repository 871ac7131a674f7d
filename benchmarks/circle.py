"""Nearest place of eight services for every street node: this package beside its peers, medians of one run, as ratios.

    python benchmarks/circle.py [--nodes 100000 1000000] [--sites 20 2000] [--peers ...] [--kind bends|torn] [--runs 3]
                                [--file ../shared/networks/r5r_poa.osm.pbf]

Edge arrays and site nodes go in, whole decimetres for every node and service come out; the building of each peer's
graph is timed with the search. ``ours`` also gives the site of each node, ties settled by rank, and so does ``scipy``
(one ``dijkstra(min_only=True, return_predecessors=True)`` a service, ties as they fall); ``ours by scipy`` is this
package without numba. Peers without a search from many sources get a node of their own a service, joined to its sites at
no cost. networkx is asked for one service only beyond 200,000 nodes, and its seconds are counted eightfold.

``bends``: streets between crossings on a shaken grid, bending at nodes of degree two as OpenStreetMap's do. ``torn``: a
shaken grid from which streets were taken at random. Both have 1.2 edges a node, islands, no parallel edges, and nodes in
random order. ``--file`` reads a street file instead, by ``governance.streets``.

Every peer runs in a process of its own, warmed on a small network first (imports and compiling are not timed), once for
its added memory (VmHWM over the VmRSS before) and ``--runs`` times for its CPU seconds, the slow ones once. Its distances
must equal ours at every node before any time is told (pandana answers in floats of 32 bits: they must round to it).
"""

from __future__ import annotations

import argparse
import ctypes
import multiprocessing
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from measure import forget, memory, timed

SERVICES, FAR = 8, 2**31 - 1
PANDANA_FAR = 2e6  # decimetres, 200 km: it counts thousandths of them in 32 bits
ONE_ONLY = 200_000  # networkx: one service beyond so many nodes
GOALS = {"scipy": 1 / 0.30, "networkx": 80.0, "pandana": 500.0}


class World(NamedTuple):
    """A network (ends and decimetres of every edge, whereabouts of every node) and the site nodes of each service."""

    source: np.ndarray
    target: np.ndarray
    length: np.ndarray
    xy: np.ndarray
    at: list[np.ndarray]


class Task(NamedTuple):
    nodes: int
    sites: int
    kind: str
    file: str
    runs: int


def grid(k: int, ratio: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Crossings of k by k blocks of 80 m, shaken; ``ratio`` streets a crossing, taken at random."""
    i = np.arange(k * k).reshape(k, k)
    xy = np.stack([i.ravel() % k, i.ravel() // k], axis=1) * 80 + rng.uniform(-24, 24, (k * k, 2))
    a = np.concatenate([i[:, :-1].ravel(), i[:-1].ravel()])
    b = np.concatenate([i[:, 1:].ravel(), i[1:].ravel()])
    kept = rng.permutation(len(a))[: int(ratio * k * k)]
    a, b = a[kept], b[kept]
    return a, b, np.hypot(*(xy[a] - xy[b]).T) * rng.uniform(1, 1.3, len(a)), xy


def bent(nodes: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """1.55 streets a crossing, cut at bends until there are ``nodes`` nodes and 1.2 edges a node."""
    k = round((nodes * 0.2 / 0.55) ** 0.5)
    a, b, metres, xy = grid(k, 1.55, rng)
    cuts = np.bincount(rng.integers(0, len(a), nodes - k * k), minlength=len(a))
    first = k * k + np.cumsum(cuts) - cuts
    street = np.repeat(np.arange(len(a)), cuts + 1)
    step = np.arange(len(street)) - np.repeat(np.cumsum(cuts + 1) - cuts - 1, cuts + 1)
    source = np.where(step == 0, a[street], first[street] + step - 1)
    target = np.where(step == cuts[street], b[street], first[street] + step)
    metres = metres[street] / (cuts[street] + 1) * rng.uniform(0.5, 1.5, len(street)) * 4
    share = ((step + 1) / (cuts[street] + 1))[:, None]
    bends = step < cuts[street]
    inner = (xy[a[street]] * (1 - share) + xy[b[street]] * share)[bends]
    return source, target, metres, np.concatenate([xy, inner])


def world(task: Task) -> World:
    rng = np.random.default_rng(7)
    if task.file:
        from governance.circle.network import numbered
        from governance.streets import read
        from governance.walking import decimetres

        streets = read(task.file)
        index = numbered(streets)
        source, target = (index.get_indexer(streets.edges[c]) for c in ("source", "target"))
        length, xy = decimetres(streets.edges["length_m"]), streets.nodes[["x", "y"]].to_numpy(float)
    else:
        drawn = bent(task.nodes, rng) if task.kind == "bends" else grid(round(task.nodes**0.5), 1.2, rng)
        name = rng.permutation(len(drawn[3]))
        source, target, length, xy = name[drawn[0]], name[drawn[1]], np.round(drawn[2] * 10), drawn[3][np.argsort(name)]
    at = [rng.choice(len(xy), min(task.sites, len(xy) // 2), replace=False).astype(np.int32) for _ in range(SERVICES)]
    return World(source.astype(np.int32), target.astype(np.int32), length.astype(np.int32), xy, at)


# --- the peers: each gives an answer in its own form, and how to read it as int32 [services, nodes]


def ours(w: World, forced: str = "numba") -> Any:
    from governance.circle import engine, labels, network

    engine.FORCED = forced
    return labels.nearest(network.csr(len(w.xy), w.source, w.target, w.length), w.at)


def ours_by_scipy(w: World) -> Any:
    return ours(w, "scipy")


def by_scipy(w: World) -> Any:
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import dijkstra

    ends = np.concatenate([w.source, w.target]), np.concatenate([w.target, w.source])
    matrix = csr_array((np.concatenate([w.length, w.length]).astype(float), ends), shape=(len(w.xy),) * 2)
    away, site = np.empty((SERVICES, len(w.xy)), np.int32), np.empty((SERVICES, len(w.xy)), np.int32)
    for s, mine in enumerate(w.at):
        far, _, site[s] = dijkstra(matrix, indices=mine, min_only=True, return_predecessors=True)
        away[s] = np.where(np.isfinite(far), far, FAR)
    return away, site


def by_networkx(w: World) -> Any:
    import networkx as nx

    graph = nx.Graph()
    graph.add_nodes_from(range(len(w.xy)))
    graph.add_weighted_edges_from(zip(w.source.tolist(), w.target.tolist(), w.length.tolist(), strict=True))
    asked = w.at[:1] if len(w.xy) > ONE_ONLY else w.at
    return [nx.multi_source_dijkstra_path_length(graph, mine.tolist()) for mine in asked]


def arcs(w: World) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Both ways of each edge, and a node a service, joined to its sites at no cost, after the nodes."""
    own = np.repeat(len(w.xy) + np.arange(len(w.at)), [len(a) for a in w.at]).astype(np.int32)
    return (
        np.concatenate([w.source, w.target, own]),
        np.concatenate([w.target, w.source, *w.at]),
        np.concatenate([w.length, w.length, np.zeros(len(own), np.int32)]).astype(float),
    )


def by_igraph(w: World) -> Any:
    import igraph

    a, b, weight = arcs(w)
    graph = igraph.Graph(n=len(w.xy) + SERVICES, edges=np.stack([a, b], axis=1), directed=True)
    return [graph.distances(len(w.xy) + s, weights=weight, mode="out")[0] for s in range(SERVICES)]


def by_networkit(w: World) -> Any:
    import networkit as nk

    a, b, weight = arcs(w)
    graph = nk.GraphFromCoo((weight, (a, b)), n=len(w.xy) + SERVICES, weighted=True, directed=True)
    found = []
    for s in range(SERVICES):
        search = nk.distance.Dijkstra(graph, len(w.xy) + s, storePaths=False)
        search.run()
        found.append(np.asarray(search.getDistances()))
    return found


def by_rustworkx(w: World) -> Any:
    import rustworkx as rx

    graph = rx.PyDiGraph(multigraph=True)
    graph.add_nodes_from(range(len(w.xy) + SERVICES))
    graph.add_edges_from(list(zip(*(c.tolist() for c in arcs(w)), strict=True)))
    return [rx.dijkstra_shortest_path_lengths(graph, len(w.xy) + s, float) for s in range(SERVICES)]


def by_pandana(w: World) -> Any:
    import pandana
    import pandas as pd

    x, y = pd.Series(w.xy[:, 0]), pd.Series(w.xy[:, 1])
    weight = pd.DataFrame({"decimetres": w.length.astype(float)})
    graph = pandana.Network(x, y, pd.Series(w.source), pd.Series(w.target), weight, twoway=True)
    found = []
    for s, mine in enumerate(w.at):
        graph.set_pois(f"s{s}", PANDANA_FAR, 1, x.iloc[mine], y.iloc[mine])
        found.append(graph.nearest_pois(PANDANA_FAR, f"s{s}", num_pois=1)[1].to_numpy())
    return found


PEERS: dict[str, Callable[[World], Any]] = {
    "ours": ours,
    "ours by scipy": ours_by_scipy,
    "scipy": by_scipy,
    "networkit": by_networkit,
    "igraph": by_igraph,
    "rustworkx": by_rustworkx,
    "networkx": by_networkx,
    "pandana": by_pandana,
}
SLOW = {"igraph", "networkit", "rustworkx", "networkx", "pandana"}


def settled(peer: str, answer: Any, nodes: int) -> np.ndarray:
    """An answer as int32 [services, nodes], ``FAR`` where no site can be reached."""
    if peer in {"ours", "ours by scipy", "scipy"}:
        return answer[0]
    if peer in {"networkx", "rustworkx"}:
        out = np.full((len(answer), nodes), np.inf)
        for row, found in zip(out, answer, strict=True):
            near = {node: far for node, far in found.items() if node < nodes}
            row[list(near)] = list(near.values())
    else:
        out = np.array([np.asarray(row)[:nodes] for row in answer], float)
    if peer == "pandana":
        exact = np.round(out)
        far = out >= PANDANA_FAR  # what it gives where no site can be reached
        if np.abs(out - exact)[~far].max(initial=0) > 0.06:
            raise SystemExit(f"pandana is off by {np.abs(out - exact)[~far].max()} decimetres")
        out = np.where(far, np.inf, exact)
    return np.where(out < FAR, out, FAR).astype(np.int32)


def alone(peer: str, task: Task, folder: str) -> None:
    """In a process of its own: warmed, then run for memory, then for time; all of it written to ``folder``."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # pandana talks
    PEERS[peer](world(task._replace(nodes=2_000, sites=5, file="")))
    w = world(task)
    ctypes.CDLL("libc.so.6").malloc_trim(0)  # what making the network left behind is not to be had for nothing
    held = memory("VmRSS")
    forget()
    answer = PEERS[peer](w)
    added = memory("VmHWM") - held
    spent, answer = timed(lambda: PEERS[peer](w), 1 if peer in SLOW else task.runs)
    away = settled(peer, answer, len(w.xy))
    np.savez(Path(folder, peer), away=away, spent=spent * SERVICES / len(away), added=added, edges=len(w.source))
    if peer.startswith("ours"):
        np.save(Path(folder, f"{peer} sites"), answer[1])


def compared(task: Task, peers: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        found = {}
        for peer in peers:
            process = multiprocessing.get_context("spawn").Process(target=alone, args=(peer, task, folder))
            process.start()
            process.join()
            if process.exitcode:
                raise SystemExit(f"{peer} ended with {process.exitcode}")
            with np.load(Path(folder, f"{peer}.npz")) as kept:
                found[peer] = {key: kept[key] for key in kept}
            mine = found["ours"]["away"][: len(found[peer]["away"])]
            if not np.array_equal(mine, found[peer]["away"]):
                raise SystemExit(f"{peer} disagrees at {np.sum(mine != found[peer]['away']):,} (node, service) pairs")
            if peer == "ours by scipy":
                one, two = (np.load(Path(folder, f"{p} sites.npy")) for p in ("ours", "ours by scipy"))
                if not np.array_equal(one, two):
                    raise SystemExit("ours by numba and by scipy name different sites")
    base = found["ours"]
    name = Path(task.file).name if task.file else task.kind
    print(
        f"\n{name}: {base['away'].shape[1]:,} nodes, {int(base['edges']):,} edges, {SERVICES} services x {task.sites:,} sites, "
        f"{np.mean(base['away'] < FAR):.1%} reached; all agree"
    )
    print(f"{'':16}{'CPU s':>9}{'ratio':>10}{'added MB':>10}")
    for peer, each in found.items():
        goal = GOALS.get(peer) if base["away"].shape[1] >= 99_000 else None
        said = f"   goal {goal:,.1f}: {'met' if each['spent'] / base['spent'] >= goal else 'NOT MET'}" if goal else ""
        ratio = each["spent"] / base["spent"]
        part = f"   ({len(each['away'])} service, counted {SERVICES}fold)" if len(each["away"]) < SERVICES else ""
        print(f"{peer:16}{each['spent']:9.3f}{ratio:9.2f}x{each['added']:10.0f}{said}{part}", flush=True)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--nodes", type=int, nargs="*", default=[100_000, 1_000_000])
    options.add_argument("--sites", type=int, nargs="+", default=[20, 2_000])
    options.add_argument("--peers", nargs="+", choices=list(PEERS), default=list(PEERS))
    options.add_argument("--kind", choices=["bends", "torn"], default="bends")
    options.add_argument("--runs", type=int, default=3)
    options.add_argument("--file", default="")
    chosen = options.parse_args()
    for nodes in [0] if chosen.file else chosen.nodes:
        for sites in chosen.sites:
            peers = [p for p in chosen.peers if p != "ours" and (p != "pandana" or nodes <= ONE_ONLY)]
            compared(Task(nodes, sites, chosen.kind, chosen.file, chosen.runs), ["ours", *peers])


if __name__ == "__main__":
    main()
