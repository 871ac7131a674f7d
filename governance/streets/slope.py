"""Slopes of streets, walking uphill and downhill as a flat length, and the streets a wheelchair can use."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from .. import rules
from ..errors import MissingExtraError, TableError, require
from ..tables import Streets
from .points import projected_between
from .walkable import barred

_GRID = (".asc", ".grd", ".txt")
_HEAD = ("ncols", "nrows", "xllcorner", "xllcenter", "yllcorner", "yllcenter", "cellsize", "dx", "dy", "nodata_value")
_SHOWN = 5


class Sloped(NamedTuple):
    """Streets whose edges carry ``slope``, and notes (Chinese sentences) on where it is not known."""

    streets: Streets
    notes: tuple[str, ...]


class _Raster(NamedTuple):
    """Heights (NaN = none): ``cells`` by row from the top, the centre of the first cell, the steps to the next."""

    cells: np.ndarray
    x: float
    y: float
    dx: float
    dy: float
    crs: str


def slopes(streets: Streets, *, dem: str | Path | None = None, crs: str | None = None) -> Sloped:
    """Streets whose edges carry ``slope``, with the heights in their nodes, and notes on what is not known.

    streets : edges (source, target, length_m) and nodes (node, height in metres; x, y for a raster). dem : a raster of
    heights in metres: a GeoTIFF (or whatever rasterio opens) or an ASCII grid (.asc). All heights are then taken from
    it, between cell centres bilinearly, and those given are dropped: two sources side by side make false slopes.
    crs : the raster's coordinate system where the file says none (an ASCII grid never does), or says it wrong.

    Adds slope: rise over run without a sign (0.05 = 5 m up or down in 100 m), the run being plan_m where there is one,
    else length_m; NaN where a height is missing, or where a run of 0 has a rise. A slope given is kept where no height
    tells. Raises TableError for missing columns, an unreadable or turned raster, an unknown crs; MissingExtraError
    without rasterio. What it does not show: hills between the two ends of an edge; bridges and tunnels over or under
    the ground the raster knows; errors of the raster, which weigh most on short edges.

    >>> nodes = pd.DataFrame({"node": ["a", "b", "c"], "height": [10.0, 16.0, None]})
    >>> edges = pd.DataFrame({"edge": ["E1", "E2"], "source": ["a", "b"], "target": ["b", "c"], "length_m": [100.0, 5]})
    >>> done = slopes(Streets(nodes, edges))
    >>> done.streets.edges["slope"].tolist(), done.notes
    ([0.06, nan], ('1 个节点没有高程(c),1 条路段因此没有坡度',))
    """
    nodes, edges = streets.nodes.copy(), streets.edges.copy()
    require(edges, ["source", "target", "length_m"], "路网路段表")
    require(nodes, ["node", "x", "y"] if dem is not None else ["node", "height"], "路网节点表")
    if dem is not None:
        nodes["height"] = _heights(_raster(Path(dem), crs), streets)
    up = pd.Series(nodes["height"].to_numpy(float), nodes["node"].astype("str"))
    ends = [edges[c].astype("str").map(up).to_numpy(float) for c in ("source", "target")]
    rise, run = np.abs(ends[1] - ends[0]), _plan(edges)
    slope = np.divide(rise, run, out=np.where(rise == 0, 0.0, np.nan), where=run > 0)
    if "slope" in edges:
        slope = np.where(np.isnan(slope), edges["slope"].to_numpy(float), slope)
    edges["slope"] = slope
    return Sloped(Streets(nodes, edges, streets.crs), tuple(_notes(nodes, edges, (run == 0) & (rise > 0))))


def climb(streets: Streets) -> Streets:
    """Streets whose ``length_m`` is the flat way that takes as long as the slope does; ``plan_m`` keeps the plan length.

    streets : edges with length_m and slope (see ``slopes``); where plan_m is there, it is the plan length, so that
    climbing twice changes nothing. Edges without a slope count as flat.

    Walking speed after Tobler: 6·exp(-3.5·|slope + 0.05|) km/h, fastest 5 % downhill (rules ``streets.hiking``,
    ``streets.hiking_best``; slopes above ``streets.steepest`` count as that). The length is multiplied by the mean time
    uphill and downhill over the time on the flat: cosh(3.5·s) up to 5 %, (1 + exp(-0.35))/2·exp(3.5·s) above. Both
    ways get this one mean, so the streets stay without direction and every search works as before; the speeds of the
    age groups stay speeds on the flat. Raises TableError for missing columns. Source: Tobler (1993), fitted to hikers;
    what it does not show: how much more a slope costs the old, a pram or a wheelchair.

    >>> edges = pd.DataFrame({"edge": ["E1", "E2"], "length_m": [100.0, 100.0], "slope": [0.0, 0.10]})
    >>> climb(Streets(pd.DataFrame(), edges)).edges[["length_m", "plan_m"]].round(1).values.tolist()
    [[100.0, 100.0], [121.0, 100.0]]
    """
    edges = streets.edges
    require(edges, ["length_m", "slope"], "路网路段表")
    steep, best = rules.value("streets.hiking"), rules.value("streets.hiking_best")
    s = np.clip(np.nan_to_num(np.abs(edges["slope"].to_numpy(float))), 0, rules.value("streets.steepest"))
    up, down, flat = (np.exp(steep * np.abs(x + best)) for x in (s, -s, np.zeros(len(s))))
    plan = _plan(edges)
    return Streets(streets.nodes, edges.assign(length_m=plan * (up + down) / 2 / flat, plan_m=plan), streets.crs)


def step_free(streets: Streets) -> Streets:
    """Streets without steps, ferries and edges too steep for a wheelchair; every node stays, islands too.

    streets : edges with kind (where missing, all are roads) and, where known, slope. An edge steeper than 1 in
    ``streets.ramp`` (12: exactly 1:12 may stay) goes; one without a slope stays. Coverage for wheelchairs is then found
    as ever, at their own speed. Raises TableError for missing columns. Source: GB 50763 as the rule says, not verified.
    What it does not show: kerbs, surfaces, widths, doors, steps that nobody mapped, and a ramp beside steps where both
    join the same two nodes: the longer went when the file was read, unless it was read with ``ways="step_free"``.

    >>> edges = pd.DataFrame({"edge": ["E1", "E2", "E3"], "length_m": 10.0, "kind": ["road", "steps", "path"],
    ...                       "slope": [0.02, None, 0.12]})
    >>> step_free(Streets(pd.DataFrame(), edges)).edges["edge"].tolist()
    ['E1']
    """
    edges = streets.edges
    require(edges, ["length_m"], "路网路段表")
    kind = edges["kind"] if "kind" in edges else ["road"] * len(edges)
    gone = barred(kind, edges["slope"].astype(float) if "slope" in edges else None)
    return Streets(streets.nodes, edges[~gone].reset_index(drop=True), streets.crs)


def _plan(edges: pd.DataFrame) -> np.ndarray:
    return edges["plan_m" if "plan_m" in edges else "length_m"].to_numpy(float)


def _notes(nodes: pd.DataFrame, edges: pd.DataFrame, upright: np.ndarray) -> list[str]:
    """What is not known: nodes without a height, edges that go up on no length at all."""
    notes = []
    missing = nodes.loc[nodes["height"].isna(), "node"].astype(str).tolist()
    if missing:
        listed = "、".join(missing[:_SHOWN]) + (" 等" if len(missing) > _SHOWN else "")
        without = int((edges["slope"].isna() & ~upright).sum())
        notes.append(f"{len(missing)} 个节点没有高程({listed}),{without} 条路段因此没有坡度")
    if upright.any():
        names = edges["edge"].astype(str)[upright].tolist() if "edge" in edges else []
        notes.append(f"{int(upright.sum())} 条路段长度为 0 而两端高程不同,没有坡度:{'、'.join(names[:_SHOWN])}")
    return notes


def _heights(raster: _Raster, streets: Streets) -> np.ndarray:
    """The height of every node: bilinear between cell centres, the nearest cell's where a neighbour has none."""
    xy = streets.nodes[["x", "y"]].to_numpy(float)
    if raster.crs and not streets.crs:
        raise TableError('路网没有写明坐标系(crs),对不上高程数据;读路网时写明坐标系(如 crs="EPSG:4549")')
    if streets.crs and not raster.crs:
        raise TableError('高程数据没有写明坐标系;请写明 crs(如 crs="EPSG:4549")')
    if streets.crs:
        xy = projected_between(streets.crs, raster.crs)(*xy.T)
    column, row = (xy[:, 0] - raster.x) / raster.dx, (xy[:, 1] - raster.y) / raster.dy
    high, wide = raster.cells.shape
    inside = (column >= -0.5) & (column <= wide - 0.5) & (row >= -0.5) & (row <= high - 0.5)
    column, row = (np.where(inside, v, 0.0) for v in (column, row))
    c, r = np.clip(column, 0, wide - 1), np.clip(row, 0, high - 1)
    c0, r0 = np.floor(c).astype(int), np.floor(r).astype(int)
    c1, r1 = np.minimum(c0 + 1, wide - 1), np.minimum(r0 + 1, high - 1)
    u, v = c - c0, r - r0
    z = raster.cells
    corners = ((r0, c0, (1 - u) * (1 - v)), (r0, c1, u * (1 - v)), (r1, c0, (1 - u) * v), (r1, c1, u * v))
    smooth = sum(np.where(w > 0, w * z[i, j], 0.0) for i, j, w in corners)
    nearest = z[np.floor(r + 0.5).astype(int), np.floor(c + 0.5).astype(int)]
    return np.where(inside, np.where(np.isnan(smooth), nearest, smooth), np.nan)


def _raster(path: Path, crs: str | None) -> _Raster:
    """The raster in ``path``."""
    if not path.is_file():
        raise TableError(f"没有这个高程文件:{path}")
    return _ascii(path, crs) if path.suffix.lower() in _GRID else _geotiff(path, crs)


def _ascii(path: Path, crs: str | None) -> _Raster:
    """An Esri ASCII grid."""
    head: dict[str, float] = {}
    lines = path.read_text("utf-8", errors="replace").splitlines()
    while lines and lines[0].split()[:1] and lines[0].split()[0].lower() in _HEAD:
        name, *rest = lines.pop(0).split()
        head[name.lower()] = _float(rest[0] if rest else "", path)
    lacking = [n for n in ("ncols", "nrows") if n not in head]
    lacking += [f"{a}llcorner" for a in "xy" if not {f"{a}llcorner", f"{a}llcenter"} & head.keys()]
    lacking += ["cellsize"] if "cellsize" not in head and not {"dx", "dy"} <= head.keys() else []
    if lacking:
        raise TableError(f"高程文件 {path.name} 的表头缺少 {'、'.join(lacking)};应为 ASCII 栅格(.asc)")
    wide, high = int(head["ncols"]), int(head["nrows"])
    cells = np.array([_float(t, path) for line in lines for t in line.split()])
    if cells.size != wide * high:
        raise TableError(f"高程文件 {path.name} 应有 {high} 行 × {wide} 列 = {wide * high} 个数,实有 {cells.size} 个")
    dx, dy = head.get("dx", head.get("cellsize", 1.0)), head.get("dy", head.get("cellsize", 1.0))
    if min(dx, dy) <= 0:
        raise TableError(f"高程文件 {path.name} 的格距 {min(dx, dy):g} 应大于 0")
    values = cells.reshape(high, wide)
    values[values == head.get("nodata_value", -9999.0)] = np.nan
    x = head["xllcenter"] if "xllcenter" in head else head["xllcorner"] + dx / 2
    y = head["yllcenter"] if "yllcenter" in head else head["yllcorner"] + dy / 2
    return _Raster(values, x, y + (high - 1) * dy, dx, -dy, crs or "")


def _float(text: str, path: Path) -> float:
    try:
        return float(text)
    except ValueError:
        raise TableError(f"高程文件 {path.name} 里有不是数的内容:{text[:20]!r}") from None


def _geotiff(path: Path, crs: str | None) -> _Raster:
    """Whatever rasterio opens: its first band."""
    try:
        import rasterio
    except ImportError:
        raise MissingExtraError("读取高程栅格(GeoTIFF)", "terrain") from None
    try:
        with rasterio.open(path) as file:
            band: Any = file.read(1, masked=True)
            turn, own = file.transform, file.crs
    except rasterio.errors.RasterioError as fault:
        raise TableError(f"高程文件 {path.name} 打不开:{fault}") from None
    if turn.b or turn.d:
        raise TableError(f"高程文件 {path.name} 的格网是斜的;请先转成正北方向")
    values = np.ma.filled(band.astype(float), np.nan)
    return _Raster(values, turn.c + turn.a / 2, turn.f + turn.e / 2, turn.a, turn.e, str(crs or own or ""))
