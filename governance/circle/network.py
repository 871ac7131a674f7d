"""The streets as a network: a symmetric CSR (each node's arcs side by side) in whole decimetres.

Every kind of edge is walked both ways; loops lead nowhere and are dropped; of parallel edges the shortest counts; an
edge of length zero is walked at no cost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from ..errors import TableError, require
from ..walking import decimetres
from . import engine
from .people import some

if TYPE_CHECKING:
    from ..tables import Streets

FAR = 2**31 - 1  # decimetres: farther than any place; 214,748 km


class Network(NamedTuple):
    """``start`` (n + 1): where each node's arcs begin; ``to``: the node each leads to, ``length``: decimetres; int32."""

    start: np.ndarray
    to: np.ndarray
    length: np.ndarray


def numbered(streets: Streets) -> pd.Index:
    """The node ids in the order of the streets: their positions are the network's nodes. Faults are named."""
    require(streets.nodes, ["node"], "路网节点表")
    index = pd.Index(streets.nodes["node"].astype("str"))
    if index.hasnans:
        rows = np.flatnonzero(index.isna()) + 1
        raise TableError(f"路网节点缺少编号:第 {some(rows)} 行;请补上编号")
    if not index.is_unique:
        raise TableError(f"路网节点编号重复:{some(index[index.duplicated()].unique())};每个节点请只列一次")
    return index


def network(streets: Streets, index: pd.Index) -> Network:
    """The streets as a network over ``index``; every faulty edge is named, all kinds of fault at once.

    streets : ``edges`` with source, target, length_m (metres), and edge for the names.
    """
    require(streets.edges, ["source", "target", "length_m"], "路网路段表")
    source, target = (index.get_indexer(pd.Index(streets.edges[c].astype("str"))) for c in ("source", "target"))
    metres = pd.to_numeric(streets.edges["length_m"], errors="coerce")
    length = decimetres(metres)
    faults = {
        "路段的起点或终点不在路网节点中": (source < 0) | (target < 0),
        "路段长度缺失或为负": ~(length >= 0),
        f"路段长度无限或过大(应小于 {FAR / 10_000:,.0f} 公里)": length >= FAR,
    }
    said = [f"{what}:{_named(streets.edges, bad)}" for what, bad in faults.items() if bad.any()]
    if said:
        raise TableError(";".join(said))
    return csr(len(index), source, target, length.astype(np.int32))


def csr(n: int, source: np.ndarray, target: np.ndarray, length: np.ndarray) -> Network:
    """The symmetric network of ``n`` nodes: each node's arcs by target, one to each neighbour, the shortest.

    source, target : positions of the nodes. length : whole decimetres, 0 to below ``FAR``, int32.
    Raises TableError where the arcs are too many for int32 positions.

    >>> csr(2, np.array([0, 1, 1]), np.array([1, 0, 1]), np.array([50, 30, 7], np.int32))
    Network(start=array([0, 1, 2], dtype=int32), to=array([1, 0], dtype=int32), length=array([30, 30], dtype=int32))
    """
    if max(n, 2 * len(source)) >= FAR:
        raise TableError(f"路网过大:{n:,} 个节点、{len(source):,} 条路段,最多约 10.7 亿条路段;请分区计算")
    ends = [np.ascontiguousarray(end, np.int32) for end in (source, target)]
    length = np.ascontiguousarray(length, np.int32)
    kernel = engine.compiled("csr", n + len(length))
    if kernel:
        return Network(*kernel.run("csr", n, *ends, length))
    a, b = np.concatenate([*ends]), np.concatenate([*ends[::-1]])
    key, both = a.astype(np.int64) * n + b, np.concatenate([length, length])
    order = np.flatnonzero(a != b)
    order = order[np.argsort(key[order], kind="stable")]
    first = np.flatnonzero(np.diff(key[order], prepend=-1))
    shortest = np.minimum.reduceat(both[order], first) if len(first) else both[:0]
    kept = order[first]
    start = np.concatenate([[0], np.cumsum(np.bincount(a[kept], minlength=n))]).astype(np.int32)
    return Network(start, b[kept], shortest)


def _named(edges: pd.DataFrame, bad: np.ndarray) -> str:
    """The faulty edges with what they hold; an edge without an id by its row."""
    held = edges[bad]
    ids = held["edge"] if "edge" in held else pd.Series(np.nan, held.index)
    names = np.where(ids.isna(), [f"第 {i + 1} 行" for i in np.flatnonzero(bad)], ids.astype(object))
    rows = zip(names, held["source"], held["target"], held["length_m"], strict=True)
    return some(f"{name}({a}—{b},{'空' if pd.isna(long) else long} 米)" for name, a, b, long in rows)
