"""Rows onto streets: which are kept where they say, which are snapped, which are lost, and what to say about them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from .. import rules
from ..errors import TableError, require
from ..tables import Streets
from ..walking import decimetres
from .network import pieces
from .offset import SPUR, Ground, cut, feet, filled, ground, near, nearest, unused
from .points import NOWHERE, Plane, in_degrees, measured, projected
from .shift import DATUMS, from_wgs84, suspicions, to_wgs84

PLACED = {
    "table": "str",
    "id": "str",
    "name": "str",
    "township": "str",
    "community": "str",
    "node": "str",
    "offset_m": "float64",
    "edge": "str",
    "street": "str",
    "how": "str",
}
LOST = {
    "table": "str",
    "row": "int64",
    "id": "str",
    "name": "str",
    "lon": "float64",
    "lat": "float64",
    "metres": "float64",
    "fault": "str",
    "remedy": "str",
}
LABELS = {"sites": "设施", "rooms": "用房", "communities": "居民点", "plots": "地块", "points": ""}
PLANE = "plane"  # coords of points that are already on the plane of the streets
SNAPPED, GIVEN = "snapped", "given node"
_SWAPPED = ("经度、纬度像是写反了:对调后正好落在街道旁", "对调经度和纬度")
_FERRY = ("上限以内只有渡口航线,航线上不能落点", "核对坐标;确在此处时补上通往渡口的小路")
_SHOWN = 5


class Seated(NamedTuple):
    """The streets with the new nodes, the node of every row asked (NaN where lost), and the account."""

    streets: Streets
    node: pd.Series
    placed: pd.DataFrame
    lost: pd.DataFrame
    notes: list[str]


def put(rows: pd.DataFrame, streets: Streets, coords: str, within: float | None) -> Seated:
    """Every asked row (see ``points.asked``) on the streets or among the lost; parameters as for ``place``."""
    limit = float(rules.value("streets.offset") if within is None else within)
    if not 0 <= limit < np.inf:
        raise TableError(f"落点上限 within 应为不小于 0 的米数,现为 {within}")
    require(streets.nodes, ["node"], "路网节点表")
    known = rows["node"].isin(streets.nodes["node"].astype("str"))
    out = _read(rows, known, coords)
    wanted = rows.index[~known & (out["fault"] == "")]
    notes: list[str] = []
    if len(wanted):
        streets = _snapped(out, wanted, streets, (coords, limit), notes)
    given = int((rows.loc[wanted, "node"].notna() & (out.loc[wanted, "fault"] == "")).sum())
    if given:
        notes.insert(0, f"{given} 行所列的节点不在路网中,已改按坐标落点")
    fine = out["fault"] == ""
    placed = out.loc[fine, list(PLACED)].reset_index(drop=True).astype(PLACED)
    lost = out.loc[~fine, list(LOST)].reset_index(drop=True).astype(LOST)
    return Seated(streets, out["node"].where(fine).astype("str"), placed, lost, notes)


def _read(rows: pd.DataFrame, known: pd.Series, coords: str) -> pd.DataFrame:
    """The rows with all columns of the account: those with a node of the streets are done, the faults are named."""
    read = measured(rows, degrees=coords != PLANE and in_degrees(coords), zero=coords == PLANE)
    nowhere = read["lon"].isna() & read["lat"].isna() & (read["fault"] == "")
    _blame(read, nowhere, NOWHERE)
    strange = rows.loc[nowhere & rows["node"].notna() & ~known, "node"]
    remedy = "改为路网里的节点编号,或填写经度和纬度"
    _blame(read, strange.index, _columns([(f"节点 {node} 不在路网中,也没有坐标", remedy) for node in strange]))
    _blame(read, known, ("", ""))
    out = rows.assign(**read, metres=np.nan, edge=None, street=None)
    return out.assign(offset_m=np.where(known, 0.0, np.nan), how=np.where(known, GIVEN, SNAPPED))


def _snapped(
    out: pd.DataFrame, wanted: pd.Index, streets: Streets, asked: tuple[str, float], notes: list[str]
) -> Streets:
    """The streets with a node for each of the ``wanted`` rows of ``out`` that is near enough; fills in ``out``."""
    coords, limit = asked
    to_plane = _plane(streets, coords, len(wanted))
    lon, lat = (out.loc[wanted, c].to_numpy(float) for c in ("lon", "lat"))
    xy = to_plane(lon, lat)
    good = np.flatnonzero(np.isfinite(xy).all(axis=1))
    _blame(out, wanted.delete(good), (f"坐标换算不到路网的坐标系 {streets.crs}", "核对坐标与 coords"))
    wanted, xy, lon, lat = wanted.take(good), xy[good], lon[good], lat[good]
    land = ground(streets)
    edge, metres, ferry = nearest(land, xy, limit)
    lost = np.flatnonzero(edge < 0)
    out.loc[wanted.take(lost), "metres"] = metres[lost]
    _blame(out, wanted.take(lost), _columns([_far(far, limit) for far in metres[lost]]))
    _blame(out, wanted.take(np.flatnonzero(np.isfinite(ferry))), _FERRY)
    _swapped(out, wanted.take(lost), land, to_plane, limit)
    notes += _bridges(out, wanted, land, edge)
    notes += _heaped(out.loc[wanted])
    if coords != PLANE:
        notes += (
            suspicions(land, lon, lat, coords, to_plane)
            or _reread(land, (lon, lat), (coords, limit), to_plane, edge)
            or _apart(land, out.loc[wanted, "table"], (lon, lat), coords, to_plane)
        )
    kept = np.flatnonzero(edge >= 0)
    return _joined(out, wanted.take(kept), streets, land, feet(streets, land, edge[kept], xy[kept]), xy[kept])


def _columns(said: list[tuple[str, str]]) -> tuple[list[str], list[str]]:
    return [fault for fault, _ in said], [remedy for _, remedy in said]


def _blame(out: pd.DataFrame, rows: Any, said: tuple[Any, Any]) -> None:
    """Write fault and remedy into ``rows``: one for all, or a list of each."""
    for column, text in zip(("fault", "remedy"), said, strict=True):
        out.loc[rows, column] = text


def _plane(streets: Streets, coords: str, count: int) -> Plane:
    """From the coordinates given to the plane of the streets. Raises TableError where the streets lack what it takes."""
    if not len(streets.edges):
        raise TableError(
            f"有 {count} 行要按坐标落到路网上,但路网没有任何路段;先读路网:gov.streets.read(路网文件),再交给 place"
        )
    if coords == PLANE:
        return lambda x, y: np.column_stack([x, y])
    if not streets.crs:
        raise TableError(
            f"有 {count} 行只给了经纬度,而路网没有写明坐标系(crs),无法对上;"
            '读路网时写明坐标系(如 crs="EPSG:4549"),或在点位表填写路网节点'
        )
    return projected(streets.crs, coords)


def _far(metres: float, limit: float) -> tuple[str, str]:
    """Fault and remedy of a point beyond the limit."""
    if not np.isfinite(metres):
        return "路网里没有可以落点的街道", "换用有街道的路网文件"
    said = f"离最近的街道 {metres:,.1f} 米,超过 {limit:g} 米的上限"
    if metres > 10 * max(limit, 1):
        return f"不在路网范围内(可能在水里、在别的县,或坐标有误):{said}", "核对坐标;确属本地时换用范围更大的路网"
    return said, "核对坐标;确在此处时给路网补上通往这里的路,或放宽 within"


def _swapped(out: pd.DataFrame, lost: pd.Index, land: Ground, to_plane: Plane, limit: float) -> None:
    """Say of the ``lost`` rows which would be near a street with lon and lat exchanged."""
    lon, lat = (out.loc[lost, c].to_numpy(float) for c in ("lat", "lon"))
    xy = to_plane(lon, lat)
    there = np.flatnonzero(np.isfinite(xy).all(axis=1))
    there = there[near(land, xy[there], "street", limit)[0] >= 0]
    _blame(out, lost.take(there), _SWAPPED)


def _reread(
    land: Ground, given: tuple[np.ndarray, np.ndarray], asked: tuple[str, float], to_plane: Plane, edge: np.ndarray
) -> list[str]:
    """A note, where hardly any point is near a street as said, on the readings that put at least half of them there."""
    (lon, lat), (coords, limit), here = given, asked, int((edge >= 0).sum())
    if coords.lower() not in DATUMS or here > rules.value("streets.reread") * len(edge):
        return []
    tried = {
        f'按 coords="{c}" 读': from_wgs84(*to_wgs84(lon, lat, c), coords) for c in DATUMS if c not in _same(coords)
    }
    tried["把经度和纬度对调"] = lat, lon
    found = []
    for said, lonlat in tried.items():
        xy = to_plane(*lonlat)
        xy = xy[np.isfinite(xy).all(axis=1)]
        there = int((nearest(land, xy, limit)[0] >= 0).sum())
        if there > here and 2 * there >= len(edge):
            found.append((there, f"若{said},{len(edge)} 处中 {there} 处落在路上"))
    best = sorted(found, key=lambda one: -one[0])
    as_said = f"按 {DATUMS[coords.lower()]} 读,{len(edge)} 处中只有 {here} 处落在路上"
    return [f"{as_said};{';'.join(text for _, text in best)}。没有自动改动,请核对坐标的来源"] if best else []


def _apart(
    land: Ground, table: pd.Series, given: tuple[np.ndarray, np.ndarray], coords: str, to_plane: Plane
) -> list[str]:
    """A note on each table that another reading fits clearly better, though not all tables together."""
    found, (lon, lat) = {}, given
    for name, mine in table.reset_index(drop=True).groupby(table.to_numpy(), sort=False).groups.items():
        found[name] = suspicions(land, lon[mine], lat[mine], coords, to_plane)
    remedy = "与别的表不是同一种坐标,请核对来源,统一成一种再填(Python 中可用 gov.streets.shift.to_wgs84 换算)"
    said = [(LABELS[str(name)], text.split("请核对")[0]) for name, notes in found.items() for text in notes]
    return [f"{label}表:{text}{remedy}" for label, text in said if len(found) > 1]


def _same(coords: str) -> tuple[str, ...]:
    """The readings that move nothing against ``coords``, and CGCS2000, which moves nothing against WGS-84."""
    return ("cgcs2000", "wgs84") if coords in ("wgs84", "cgcs2000") else ("cgcs2000", coords)


def _bridges(out: pd.DataFrame, wanted: pd.Index, land: Ground, edge: np.ndarray) -> Iterator[str]:
    """A note on the points that only a bridge is near to."""
    spans = set(land.trees["bridge"][1].tolist())
    only = [at for at, e in zip(wanted, edge, strict=True) if e in spans]
    if only:
        yield f"{len(only)} 处附近只有桥,已落在桥上,请核对:{_named(out.loc[only])}"


def _heaped(rows: pd.DataFrame) -> Iterator[str]:
    """A note a table on places that share one pair of coordinates: mostly addresses that were not found."""
    size = rows.groupby(["table", "lon", "lat"])["row"].transform("size")
    heaps = rows[size >= rules.value("streets.heaped")].assign(size=size)
    for table, mine in heaps.groupby("table", sort=False):
        most = mine.sort_values(["size", "lon", "lat"], ascending=[False, True, True]).iloc[0]
        same = mine[(mine["lon"] == most["lon"]) & (mine["lat"] == most["lat"])]
        yield (
            f"{LABELS[str(table)] or '点位'}有 {len(mine)} 处与别处坐标完全相同,像是地址没有解析到门牌:"
            f"如 ({most['lon']:g}, {most['lat']:g}) 有 {len(same)} 处:{_named(same)}"
        )


def _named(rows: pd.DataFrame) -> str:
    names = sorted(rows["name"].where(rows["name"].notna(), rows["id"]).astype(str))
    return "、".join(names[:_SHOWN]) + (f" 等 {len(names)} 处" if len(names) > _SHOWN else "")


def _joined(
    out: pd.DataFrame, rows: pd.Index, streets: Streets, land: Ground, found: pd.DataFrame, xy: np.ndarray
) -> Streets:
    """The streets cut at the feet, with a path from each foot to its point; fills node, offset, edge, street."""
    steps = decimetres(found["metres"])
    edges = streets.edges.iloc[found["edge"]]
    out.loc[rows, "offset_m"] = steps / 10
    out.loc[rows, "edge"] = edges["edge"].astype("str").to_numpy(object)
    if "name" in edges:
        out.loc[rows, "street"] = edges["name"].astype("str").to_numpy(object)
    after, foot = cut(streets, land, found)
    node = foot.to_numpy(object).copy()
    apart = np.flatnonzero(steps > 0)
    mine = out.loc[rows[apart]]
    called = [f"{LABELS[t]}·{i}".strip("·") for t, i in zip(mine["table"], mine["id"], strict=True)]
    order = np.lexsort((xy[apart, 1], xy[apart, 0], np.array(called, str)))
    apart, called = apart[order], [called[k] for k in order]
    if len(apart):
        first, door = _doors(xy[apart])
        doors = unused([f"点·{called[k]}" for k in first], after.nodes["node"])
        spurs = unused([SPUR + called[k] for k in first], after.edges["edge"])
        here = apart[first]
        after = _spurs(after, (doors, spurs, node[here]), xy[here], steps[here] / 10)
        node[apart] = np.array(doors, object)[door]
    out.loc[rows, "node"] = node
    return after


def _doors(xy: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The first point of each place, in the order of the points, and which of these each point shares its door with."""
    _, first, place = np.unique(np.round(xy, 3), axis=0, return_index=True, return_inverse=True)
    order = np.argsort(first)
    return first[order], np.argsort(order)[place]


def _spurs(
    streets: Streets, names: tuple[list[str], list[str], np.ndarray], xy: np.ndarray, metres: np.ndarray
) -> Streets:
    """The streets with new nodes (doors) and the paths (spurs) that join them to their feet."""
    doors, spurs, foot = names
    known = {"node": doors, "x": xy[:, 0], "y": xy[:, 1]}
    if "height" in streets.nodes:
        known["height"] = streets.nodes.set_index("node")["height"].loc[foot].to_numpy(float)
    nodes = pd.concat([streets.nodes, filled(streets.nodes, known)], ignore_index=True)
    ways = {"edge": spurs, "source": foot, "target": doors, "length_m": metres, "plan_m": metres, "kind": "path"}
    ways["kind"] = ["path"] * len(spurs)
    return Streets(nodes, pd.concat([streets.edges, filled(streets.edges, ways)], ignore_index=True), streets.crs)


def totals(homes: pd.DataFrame, ids: pd.Series) -> pd.Series:
    """Persons of all ages by the id of their home."""
    ages = [a for a in rules.value("circle.speed") if a in homes]
    people = homes[ages].fillna(0).sum(axis=1) if ages else pd.Series(0, homes.index)
    return pd.Series(people.to_numpy(float), ids.to_numpy()).groupby(level=0).sum()


def islands(streets: Streets, placed: pd.DataFrame, people: pd.Series) -> list[str]:
    """A note for each piece of the streets with homes on it from which no site or room can be walked to."""
    cutoff, piece = stranded(streets, placed), _piece(streets)
    return [_island(streets, piece, k, mine, people) for k, mine in cutoff.groupby("piece", sort=False)]


def stranded(streets: Streets, placed: pd.DataFrame) -> pd.DataFrame:
    """The homes of ``placed`` from which no site or room can be walked to, with the piece of the streets they are on."""
    homes = placed[placed["table"] == "communities"]
    goals = placed[placed["table"].isin(["sites", "rooms"])]
    if homes.empty or goals.empty:
        return homes.head(0).assign(piece=0)
    piece = _piece(streets)
    homes = homes.assign(piece=piece.loc[homes["node"]].to_numpy())
    return homes[~homes["piece"].isin(set(piece.loc[goals["node"]]))]


def _piece(streets: Streets) -> pd.Series:
    """The piece of the streets each node lies on, by its id: 1 the largest."""
    return pd.Series(pieces(streets), streets.nodes["node"].astype("str"))


def _island(streets: Streets, piece: pd.Series, k: Any, homes: pd.DataFrame, people: pd.Series) -> str:
    """The sentence on one piece of the streets: how large, which street, who lives there."""
    inside = set(piece.index[piece == k])
    ways = streets.edges[streets.edges["source"].astype("str").isin(inside)]
    names = sorted(ways["name"].dropna().unique()) if "name" in ways else []
    where = f"({'、'.join(names[:3])}一带)" if names else ""
    persons = int(people.reindex(homes["id"].unique()).fillna(0).sum())
    called = sorted(homes["id"])
    listed = "、".join(called[:_SHOWN]) + (f" 等 {len(called)} 处" if len(called) > _SHOWN else "")
    return (
        f"{listed}(共 {persons:,} 人)落在一片与其他街道不相连的路网上{where}:按大小排第 {k} 片,"
        f"{len(inside)} 个节点;从那里步行到不了任何设施或用房,请核对路网是否缺路或缺桥"
    )
