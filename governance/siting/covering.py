"""Who would be reached by which room in which use: demands with equal covering sets merged, kept sparse."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.sparse import csc_array, csr_array, vstack

from .. import rules
from ..errors import TableError, require
from ..walking import decimetres, stretch
from .limits import Limits, places

UNIT = ["township", "community"]


class Town(NamedTuple):
    """Demands (people of one service who are reached by the same places) against rooms, options and fixed places."""

    rooms: pd.DataFrame  # sorted by room
    services: list[str]
    options: pd.DataFrame  # limits.OPTIONS, by room and service
    weight: np.ndarray  # [D] people of each demand
    kind: np.ndarray  # [D] service position
    unit: np.ndarray  # [D] community position; 0 without a floor
    comes: csc_array  # [D x options] reached once the option is taken
    stays: csc_array  # [D x rooms] reached as long as the room stays as it is
    fixed: csc_array  # [D x places that cannot change]; no columns unless places are counted
    held: np.ndarray  # people the rooms as they are, then the fixed places, hold; -1 without limit
    units: pd.DataFrame  # township, community, people (x services), ready (in reach whatever is decided)
    asking: np.ndarray  # [units x services] people not in reach of what cannot change


class _Pairs(NamedTuple):
    """How far each place is from each node with people, by node and place."""

    node: np.ndarray
    place: np.ndarray  # rooms that may change, then places that cannot
    metres: np.ndarray  # decimetres
    serves: np.ndarray  # [places] present service, -1: none that is counted
    fixed: np.ndarray  # [nodes x services] decimetres to the nearest place that cannot change
    held: np.ndarray  # [places] people it holds, -1 without limit
    crowded: bool  # places are counted: who is reached by fixed places still asks for one of theirs


def town(
    rooms: pd.DataFrame, communities: pd.DataFrame, near: pd.DataFrame, options: pd.DataFrame, limits: Limits
) -> Town:
    """The covering model of rooms (sorted by id), people, and what ``near`` found."""
    services = list(rules.value("circle.groups"))
    homes, people, nodes, units = _people(communities, near, floor=limits.floor > 0)
    pairs = _pairs(rooms, near, nodes, options, crowded=limits.capacity)
    wide = len(options) + len(pairs.serves)
    keys = np.random.PCG64(1974).random_raw(2 * (wide + len(units))).reshape(2, -1)
    parts = [part for k in range(len(services)) for part in _of_service(k, pairs, options, homes, people, keys)]
    total, ready = _ready(pairs, homes, people, len(units))
    units = units.assign(people=total.sum(axis=1), ready=ready.sum(axis=1))
    covers, weight, kind, unit = _joined(parts, wide)
    covers, first = csc_array(covers), len(options) + len(rooms)
    return Town(
        rooms,
        services,
        options,
        weight,
        kind,
        unit,
        covers[:, : len(options)],
        covers[:, len(options) : first],
        covers[:, first:],
        pairs.held,
        units,
        total - ready,
    )


def _people(
    communities: pd.DataFrame, near: pd.DataFrame, *, floor: bool
) -> tuple[np.ndarray, pd.DataFrame, np.ndarray, pd.DataFrame]:
    """(node, unit) of every home, its people, the nodes, and the units; homes without a node are left out."""
    ages, longest = list(rules.value("circle.speed")), max(rules.value("circle.minutes"))
    require(communities, ["node", *ages, *(UNIT if floor else [])], "村社人口表")
    if "within" in near and len(near) and near["within"].min() < longest:
        raise TableError(f"可达范围只算到 {near['within'].min():g} 分钟,这里需要 {longest:g} 分钟")
    placed = communities[communities["node"].notna()]
    people = placed[ages].fillna(0).astype(float).round().astype("int64").reset_index(drop=True)
    at, nodes = pd.factorize(placed["node"].astype("str").to_numpy(object), sort=True)
    if not floor:
        return np.stack([at, np.zeros_like(at)], axis=1), people, nodes, pd.DataFrame({c: [""] for c in UNIT})
    names = placed[UNIT].astype("str").fillna("")
    unit = names.groupby(UNIT, sort=True).ngroup().to_numpy()
    units = names.drop_duplicates().sort_values(UNIT, ignore_index=True)
    return np.stack([at, unit], axis=1), people, nodes, units


def _pairs(
    rooms: pd.DataFrame, near: pd.DataFrame, nodes: np.ndarray, options: pd.DataFrame, *, crowded: bool
) -> _Pairs:
    """What ``near`` says of nodes with people; rooms without an option are places that cannot change."""
    services = pd.Index(list(rules.value("circle.groups")))
    at = pd.Index(nodes).get_indexer(pd.Index(near["node"].astype("str").to_numpy(object)))
    near, at = near[at >= 0], at[at >= 0]
    metres = decimetres(near["metres"])
    code, names = pd.factorize(near["origin"].astype("str").to_numpy(object), sort=True)
    kind, words = pd.factorize(near["service"].to_numpy(object))
    kinds = np.append(services.get_indexer(pd.Index(words)), -1)[kind] + 1
    both, code = np.unique(code * (len(services) + 1) + kinds, return_inverse=True)
    names, kinds = names[both // (len(services) + 1)], both % (len(services) + 1) - 1
    room = pd.Index(rooms["room"].to_numpy(object)).get_indexer(pd.Index(names))
    present = services.get_indexer(pd.Index(rooms["service"].to_numpy(object)))
    kinds[room >= 0] = present[room[room >= 0]]
    changes = np.isin(room, options["room"].to_numpy())
    fixed = np.full((len(nodes), len(services)), np.inf)
    solid = ~changes[code] & (kinds[code] >= 0)
    np.minimum.at(fixed, (at[solid], kinds[code[solid]]), metres[solid])
    lasting = np.flatnonzero(~changes & (kinds >= 0)) if crowded else np.empty(0, np.int64)
    place = np.where(changes, room, -1)
    place[lasting] = len(rooms) + np.arange(len(lasting))
    keep = place[code] >= 0
    node, place, metres = _nearest(at[keep], place[code[keep]], metres[keep], len(rooms) + len(lasting))
    held = np.append(_held(rooms, present), np.full(len(lasting), -1))
    if crowded:
        held[len(rooms) :] = _site_places(near, names, code, rooms, held)[lasting]
    return _Pairs(node, place, metres, np.append(present, kinds[lasting]), fixed, held, crowded)


def _nearest(node: np.ndarray, place: np.ndarray, metres: np.ndarray, wide: int) -> tuple[np.ndarray, ...]:
    """Each (node, place) once, with its least metres, by node and place."""
    key = node.astype(np.int64) * max(wide, 1) + place
    order = np.argsort(key, kind="stable")
    if (np.diff(key[order]) == 0).any():
        order = np.lexsort((metres, key))
        order = order[np.append(True, np.diff(key[order]) > 0)]
    return node[order], place[order], metres[order]


def _held(rooms: pd.DataFrame, present: np.ndarray) -> np.ndarray:
    """People each room holds in its present use; -1 without a rule."""
    out = np.full(len(rooms), -1)
    area = rooms["area_m2"].astype(float).fillna(0).to_numpy()
    for k, service in enumerate(rules.value("circle.groups")):
        out[present == k] = places(service, area[present == k])
    return out


def _site_places(
    near: pd.DataFrame, names: np.ndarray, code: np.ndarray, rooms: pd.DataFrame, held: np.ndarray
) -> np.ndarray:
    """People each origin holds: rooms by area, others by the column ``capacity`` of ``near`` (missing: no limit)."""
    at = pd.Index(rooms["room"].to_numpy(object)).get_indexer(pd.Index(names))
    if "capacity" not in near and (at < 0).any():
        raise TableError(
            "按名额计算需要可达范围带有 capacity 列:"
            'near.assign(capacity=near["origin"].map(places.set_index("place")["capacity"]))'
        )
    out = np.full(len(names), -1)
    if "capacity" in near:
        out[code] = near["capacity"].astype("Float64").fillna(-1).to_numpy(float).astype(np.int64)
    out[at >= 0] = held[at[at >= 0]]
    return out


def _limits(k: int) -> Iterator[tuple[int, list[str]]]:
    """The distances walked in time by the groups of a service, each with the ages that walk it."""
    speed, longest = rules.value("circle.speed"), max(rules.value("circle.minutes"))
    ages = list(rules.value("circle.groups").values())[k]
    far = {age: stretch(speed[age], longest) for age in ages}
    for limit in sorted(set(far.values())):
        yield limit, [age for age in ages if far[age] == limit]


def _of_service(
    k: int, pairs: _Pairs, options: pd.DataFrame, homes: np.ndarray, people: pd.DataFrame, keys: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, csr_array]]:
    """Keys, weight, kind, unit and covering sets of the demands of one service, one walking distance at a time."""
    wide = len(options) + len(pairs.serves)
    column = np.where(pairs.serves == k, len(options) + np.arange(len(pairs.serves)), -1)
    mine = options["service"].to_numpy() == k
    column[options["room"].to_numpy()[mine]] = np.flatnonzero(mine)
    keep = column[pairs.place] >= 0
    node, column, metres = pairs.node[keep], column[pairs.place[keep]], pairs.metres[keep]
    for limit, ages in _limits(k):
        inside = metres <= limit
        n, c = node[inside], column[inside]
        if not len(n):
            continue
        starts = np.flatnonzero(np.append(True, np.diff(n) > 0))
        row = np.full(len(pairs.fixed), -1)
        row[n[starts]] = np.arange(len(starts))
        sets = csr_array((np.ones(len(c), np.int64), c, np.append(starts, len(c))), (len(starts), wide))
        weight = people[ages].to_numpy().sum(axis=1)
        open_ = pairs.crowded | (pairs.fixed[homes[:, 0], k] > limit)
        asks = np.flatnonzero(open_ & (weight > 0) & (row[homes[:, 0]] >= 0))
        at, unit = row[homes[asks, 0]], homes[asks, 1]
        sums = [np.add.reduceat(key[c], starts)[at] + key[wide + unit] for key in keys]
        first, which = _alike(*sums)
        total = np.bincount(which, weight[asks], len(first)).astype(np.int64)
        yield np.stack(sums)[:, first], total, np.full(len(first), k), unit[first], sets[at[first]]


def _alike(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """One position of each kind of pair, by value, and the kind of every position."""
    order = np.lexsort((b, a))
    new = np.append(True, (np.diff(a[order]) != 0) | (np.diff(b[order]) != 0))[: len(order)]
    which = np.empty(len(order), np.int64)
    which[order] = np.cumsum(new) - 1
    return order[new], which


def _joined(
    parts: list[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, csr_array]], wide: int
) -> tuple[csr_array, np.ndarray, np.ndarray, np.ndarray]:
    """Covering sets, weight, kind and unit of all demands, those alike at several distances merged."""
    if not parts:
        none = np.empty(0, np.int64)
        return csr_array((0, wide), dtype=np.int64), none, none, none
    keys, weight, kind, unit = (np.concatenate([p[i] for p in parts], axis=-1) for i in range(4))
    first, which = _alike(keys[0], keys[1])
    total = np.bincount(which, weight, len(first)).astype(np.int64)
    return csr_array(vstack([p[4] for p in parts], format="csr")[first]), total, kind[first], unit[first]


def _ready(pairs: _Pairs, homes: np.ndarray, people: pd.DataFrame, count: int) -> tuple[np.ndarray, np.ndarray]:
    """People of every unit and service, and how many of them fixed places serve whatever is decided."""
    total, ready = np.zeros((2, count, pairs.fixed.shape[1]), np.int64)
    for k in range(pairs.fixed.shape[1]):
        for limit, ages in _limits(k):
            weight = people[ages].to_numpy().sum(axis=1)
            np.add.at(total[:, k], homes[:, 1], weight)
            inside = ~np.array(pairs.crowded) & (pairs.fixed[homes[:, 0], k] <= limit)
            np.add.at(ready[:, k], homes[:, 1], np.where(inside, weight, 0))
    return total, ready
