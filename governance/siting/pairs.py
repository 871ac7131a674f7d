"""A long table of candidates, nodes and metres, checked and set against the people: what the location problems read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from ..errors import InfeasibleError, TableError, require
from ..walking import decimetres
from .model import Model


class Pairs(NamedTuple):
    """Who reaches what: one row a node (and community), one column a candidate."""

    origins: np.ndarray  # ids of the candidates, ascending
    nodes: np.ndarray  # node of each row
    people: np.ndarray  # [rows] int64
    unit: np.ndarray  # [rows] position of the community
    communities: np.ndarray  # their names
    tenths: csr_array  # rows x candidates: whole decimetres PLUS ONE, so that none is stored as zero


def paired(near: pd.DataFrame, demand: pd.DataFrame, metres: float | None, *, community: bool = False) -> Pairs:
    """The pairs within ``metres`` (None: all) of checked tables; of repeated pairs the shortest.

    Raises TableError for missing columns and for every faulty row.
    """
    require(demand, ["node", "people", *(["community"] if community else [])], "人口表")
    people = numbers(demand, "node", "people", "人口表", also=("community",) if community else ())
    near = numbers(near, "origin", "metres", "可达范围", also=("node",), whole=False)
    keys = ["node", "community"] if community else ["node"]
    rows = people.groupby(keys, sort=True, as_index=False)["people"].sum()
    names, site = np.unique(near["origin"].to_numpy(object), return_inverse=True) if len(near) else (_none(), _none())
    index = pd.Index(rows["node"].unique())
    node, far = index.get_indexer(pd.Index(near["node"])), decimetres(near["metres"])
    limit = np.inf if metres is None else decimetres(pd.Series([metres]))[0]
    keep = (node >= 0) & (far <= limit)
    node, site, far = node[keep], site[keep].astype(np.int64), far[keep].astype(np.int64)
    order = np.lexsort((far, site, node))
    node, site, far = node[order], site[order], far[order]
    first = np.append(True, (node[1:] != node[:-1]) | (site[1:] != site[:-1]))[: len(node)]
    table = csr_array((far[first] + 1, (node[first], site[first])), (len(index), len(names)))
    unit, communities = pd.factorize(rows["community"] if community else pd.Series("", rows.index))
    return Pairs(
        names,
        rows["node"].to_numpy(object),
        rows["people"].to_numpy(np.int64),
        unit.astype(np.int64),
        np.asarray(communities, object),
        csr_array(table[index.get_indexer(pd.Index(rows["node"]))]),
    )


def _none() -> np.ndarray:
    return np.empty(0, object)


def numbers(
    frame: pd.DataFrame, key: str, number: str, what: str, *, also: tuple[str, ...] = (), whole: bool = True
) -> pd.DataFrame:
    """Copies of the columns ``key``, ``also`` (text) and ``number`` (whole persons, or metres as they are).

    Raises TableError naming every row without a key, without a number or with a negative one.
    """
    require(frame, [key, *also, number], what)
    out = frame[[key, *also]].astype("str").reset_index(drop=True)
    out[number] = pd.to_numeric(frame[number], errors="coerce").to_numpy(float, na_value=np.nan)
    bad = ~(np.isfinite(out[number]) & (out[number] >= 0)) | out[[key, *also]].isna().any(axis=1)
    if bad.any():
        found = [f"第 {i + 1} 行({r[key]}:{frame[number].iloc[i]})" for i, r in out[bad].head(8).iterrows()]
        raise TableError(
            f"{what}有 {int(bad.sum())} 行不能用:{'、'.join(found)};{key} 等编号不能为空,{number} 须为不小于 0 的数"
        )
    return out.assign(**{number: np.floor(out[number] + 0.5).astype("int64")}) if whole else out


def standing(pairs: Pairs, existing: Iterable[str]) -> np.ndarray:
    """Flags of the candidates that stand already; TableError where one is not in the table at all."""
    names = [existing] if isinstance(existing, str) else [str(e) for e in existing]
    lost = sorted(set(names) - set(pairs.origins))
    if lost:
        raise TableError(f"可达范围里没有这些已有点位:{'、'.join(lost[:8])};请把它们一并列入备选再求可达范围")
    return np.isin(pairs.origins, names)


def site_count(p: int) -> None:
    """Raise InfeasibleError where ``p`` cannot be a number of sites."""
    if p < 0:
        raise InfeasibleError(f"选址处数不能为负:{p}")


def covering(pairs: Pairs, stand: np.ndarray, p: int, floor: float | None = None) -> Model:
    """The covering model of those whom the standing sites leave out; with ``floor``, what each community still lacks.

    Raises InfeasibleError naming the communities that cannot reach the floor with all candidates together.
    """
    covers = csr_array((np.ones(pairs.tenths.nnz), pairs.tenths.indices, pairs.tenths.indptr), pairs.tenths.shape)
    done = (covers @ stand.astype(float)) > 0.5
    options = len(pairs.origins)
    stays = np.where(stand, 0.0, 1.0)
    model = Model(
        weight=pairs.people[~done],
        covers=csr_array(covers[~done] * stays[None, :]) if stand.any() else covers[~done],
        count=np.ones(options, np.int64),
        cost=np.zeros(options),
        group=np.full(options, -1),
        most=p,
    )
    if floor is None:
        return model
    size = len(pairs.communities)
    total = np.bincount(pairs.unit, pairs.people, size)
    asked = np.ceil(floor * total - 1e-9).astype(np.int64)
    have = np.bincount(pairs.unit[done], pairs.people[done], size).astype(np.int64)
    reached = np.diff(covers.indptr) > 0
    could = np.bincount(pairs.unit[reached], pairs.people[reached], size).astype(np.int64)
    short = np.flatnonzero(could < asked)
    if len(short):
        texts = [f"{pairs.communities[u]}(要 {asked[u]} 人,全部备选都用上也只有 {could[u]} 人)" for u in short[:8]]
        raise InfeasibleError(f"这些村社达不到保底覆盖率 {floor:.0%}:{'、'.join(texts)}")
    return model._replace(unit=pairs.unit[~done], floor=np.maximum(asked - have, 0))
