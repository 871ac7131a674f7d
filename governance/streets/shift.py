"""Coordinates of Chinese maps: GCJ-02 and BD-09 to WGS-84 and back, and which of them a list of places seems to hold.

GCJ-02 (Gaode, Tencent) moves every point of mainland maps by 300 to 700 m; BD-09 (Baidu) moves it on from there. Both
are undone here by iteration, to less than a millimetre of the published forward formula; the formula itself is the one
in public use since 2013 and agrees with the map makers' own to about two metres.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import rules
from ..errors import TableError
from .offset import Ground, near

Pair = tuple[np.ndarray, np.ndarray]
DATUMS = {"wgs84": "WGS-84", "cgcs2000": "CGCS2000", "gcj02": "GCJ-02(火星坐标,高德、腾讯)", "bd09": "BD-09(百度坐标)"}
_BOX = (72.004, 137.8347, 0.8293, 55.8271)  # lon, lat beyond which the map makers move nothing
_AXIS, _ECCENTRICITY = 6378245.0, 0.00669342162296594323  # Krasovsky 1940
_BD = np.pi * 3000 / 180
_TRIES = 400  # places looked at when a shift is suspected
_WINDS = 24  # directions of the shifts by chance that a suspected one is compared with


def _in_china(lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
    return (lon >= _BOX[0]) & (lon <= _BOX[1]) & (lat >= _BOX[2]) & (lat <= _BOX[3])


def _moved(lon: np.ndarray, lat: np.ndarray) -> Pair:
    """Degrees that GCJ-02 adds at a WGS-84 place."""
    x, y = lon - 105, lat - 35
    wave = 20 * (np.sin(6 * np.pi * x) + np.sin(2 * np.pi * x))
    east = wave + 20 * np.sin(np.pi * x) + 40 * np.sin(np.pi * x / 3) + 150 * np.sin(np.pi * x / 12)
    east = (east + 300 * np.sin(np.pi * x / 30)) * 2 / 3
    east += 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * np.sqrt(np.abs(x))
    north = wave + 20 * np.sin(np.pi * y) + 40 * np.sin(np.pi * y / 3) + 160 * np.sin(np.pi * y / 12)
    north = (north + 320 * np.sin(np.pi * y / 30)) * 2 / 3
    north += -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * np.sqrt(np.abs(x))
    bow = 1 - _ECCENTRICITY * np.sin(np.radians(lat)) ** 2
    degree = np.pi / 180 * _AXIS
    return (
        east * np.sqrt(bow) / (degree * np.cos(np.radians(lat))),
        north * bow * np.sqrt(bow) / (degree * (1 - _ECCENTRICITY)),
    )


def _gcj(lon: np.ndarray, lat: np.ndarray) -> Pair:
    east, north = _moved(lon, lat)
    return lon + east, lat + north


def _baidu(lon: np.ndarray, lat: np.ndarray) -> Pair:
    """GCJ-02 to BD-09."""
    far = np.hypot(lon, lat) + 0.00002 * np.sin(lat * _BD)
    turn = np.arctan2(lat, lon) + 0.000003 * np.cos(lon * _BD)
    return far * np.cos(turn) + 0.0065, far * np.sin(turn) + 0.006


def _undone(forward: Callable[..., Pair], lon: np.ndarray, lat: np.ndarray) -> Pair:
    """Where ``forward`` leads to lon, lat: by iteration, to about 0.1 mm."""
    x, y = lon.copy(), lat.copy()
    for _ in range(40):
        u, v = forward(x, y)
        x, y, off = x + lon - u, y + lat - v, max(np.ptp(np.append(lon - u, 0)), np.ptp(np.append(lat - v, 0)))
        if off < 1e-9:
            break
    return x, y


def to_wgs84(lon: Any, lat: Any, coords: str) -> Pair:
    """Longitudes and latitudes (degrees, WGS-84) of places given in ``coords``.

    lon, lat : degrees, any arrays of one length. coords : ``wgs84``, ``cgcs2000`` (the same to a decimetre or two),
    ``gcj02`` or ``bd09``. Outside the map makers' box around China nothing is moved; NaN stays NaN. Raises TableError
    for another name. Source: the public forward formula (known from 2013), undone by iteration. What it does not
    show: the map makers' own rounding, up to about 2 m; places in Hong Kong, Macau and Taiwan are moved as on the
    mainland, which not every map does.

    >>> lon, lat = to_wgs84([121.531541859215], [31.17530398364597], "gcj02")
    >>> lon.round(7).tolist(), lat.round(7).tolist()
    ([121.5272106], [31.1774276])
    """
    return _through(lon, lat, coords, lambda f, x, y: _undone(f, x, y), ["bd09", "gcj02"])


def from_wgs84(lon: Any, lat: Any, coords: str) -> Pair:
    """Longitudes and latitudes in ``coords`` of places given in WGS-84: the way back of ``to_wgs84``.

    lon, lat, coords, errors and source : as for ``to_wgs84``.

    >>> lon, lat = from_wgs84([116.404], [39.915], "bd09")
    >>> lon.round(6).tolist(), lat.round(6).tolist()
    ([116.416627], [39.9227])
    """
    return _through(lon, lat, coords, lambda f, x, y: f(x, y), ["gcj02", "bd09"])


def _through(lon: Any, lat: Any, coords: str, act: Callable[..., Pair], order: list[str]) -> Pair:
    if coords not in DATUMS:
        raise TableError(f"不认识坐标系 {coords};可用:{'、'.join(DATUMS)},或 EPSG 代码(如 EPSG:4549)")
    x, y = np.array(lon, float), np.array(lat, float)
    steps = {"wgs84": [], "cgcs2000": [], "gcj02": ["gcj02"], "bd09": order}[coords]
    inside = _in_china(x, y)
    for step in steps:
        x[inside], y[inside] = act(_gcj if step == "gcj02" else _baidu, x[inside], y[inside])
    return x, y


def suspicions(
    land: Ground,
    lon: np.ndarray,
    lat: np.ndarray,
    coords: str,
    to_plane: Callable[[np.ndarray, np.ndarray], np.ndarray],
) -> list[str]:
    """Notes (none or one) on another reading of the places, or of the streets, that fits clearly better.

    land : the streets. lon, lat : degrees as given in ``coords``. to_plane : from there to the streets' plane.

    Compared is the typical distance to the nearest street (geometric mean of metres + 3), of at most 400 different
    places: another reading is named where it has at most ``streets.shift_ratio`` of the distance as given and less
    than each of 24 shifts by chance, as long as its own, in all directions: in a dense town any shift ends near some
    street. Fewer different places than ``streets.shift_points`` are not judged, and fewer than twice as many are said
    to be few: of 10 points strewn without regard to streets (centres of villages, say) one list in ten gets a note;
    of 10 doors near their streets none did in 640 lists on four real networks. What it does not show: a shift that is
    none of these maps' (a local grid, a wrong zone), or one of a part of the places only.
    """
    if coords.lower() not in DATUMS:
        return []
    given = coords.lower()
    places = np.unique(np.round(np.column_stack([lon, lat]), 6), axis=0)
    places = places[np.linspace(0, len(places) - 1, min(len(places), _TRIES)).astype(int)] if len(places) else places
    lon, lat = places.T
    if given in ("gcj02", "bd09") and len(places) and not _in_china(lon, lat).any():
        return [f"点位都不在中国范围内,{DATUMS[given]}未作换算;请核对 coords"]
    if len(places) < rules.value("streets.shift_points"):
        return []
    here = to_plane(lon, lat)
    others = {k: to_plane(*lonlat) for k, lonlat in _readings(lon, lat, given).items()}
    as_given, *gaps = typical(land, np.stack([here, *others.values()]))
    gap, reading = min(zip(gaps, others, strict=True))
    there = others[reading]
    if not gap <= rules.value("streets.shift_ratio") * as_given:
        return []
    far = float(np.hypot(*(there - here).T).mean())
    turns = np.arange(_WINDS) * 2 * np.pi / _WINDS
    winds = far * np.column_stack([np.cos(turns), np.sin(turns)])
    chance = typical(land, there + winds[:, None, :])
    few = f"只有 {len(places)} 处不同点位,把握不大;" if len(places) < 2 * rules.value("streets.shift_points") else ""
    return [few + _said(reading, given, (as_given, gap, far))] if gap < chance.min() else []


def typical(land: Ground, layouts: np.ndarray) -> np.ndarray:
    """The typical distance from the nearest street (metres) in each of several layouts of the same points.

    It is the geometric mean of metres + 3, less 3: steadier than the median, and far points weigh little.
    """
    metres = near(land, layouts.reshape(-1, 2), "street")[1].reshape(layouts.shape[:2])
    return np.exp(np.log(metres + 3).mean(axis=1)) - 3


def _readings(lon: np.ndarray, lat: np.ndarray, given: str) -> dict[str, Pair]:
    """Where the places would be in ``given`` if they, or the streets, were in another system: p… and s… readings."""
    true = to_wgs84(lon, lat, given)
    same = ("wgs84", "cgcs2000")
    others = [c for c in ("wgs84", "gcj02", "bd09") if c != given and not (c in same and given in same)]
    out = {f"p{c}": from_wgs84(*to_wgs84(lon, lat, c), given) for c in others}
    return out | {f"s{c}": from_wgs84(*from_wgs84(*true, c), given) for c in ("gcj02", "bd09") if c != given}


def _said(reading: str, given: str, figures: tuple[float, float, float]) -> str:
    """The note: what was found, in figures, and what would do."""
    as_given, gap, far = figures
    what = DATUMS[reading[1:]]
    found = f"按 {DATUMS[given]} 读,离街道一般 {as_given:.0f} 米;换个读法移动约 {far:.0f} 米,只有 {gap:.0f} 米"
    if reading[0] == "s":
        return f"路网像是 {what},与点位不在同一坐标系:{found}。没有自动改动;请核对路网来源,先把路网换算为 WGS-84 再落点"
    also = "(也可能点位没错,而路网本身就是这种偏移坐标)" if reading == "pwgs84" else ""
    return f'这些坐标像是 {what}{also}:{found}。没有自动改动;请核对来源,改用 coords="{reading[1:]}"'
