"""Coordinates onto a plane in metres: which system they are in, whether that can be true, and where it all lies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from .. import rules
from .account import Fault, Log

LIKELY = 'crs="EPSG:4549"(国家 2000 三度带,中央经线 120 度)、crs="EPSG:4326"(经纬度)'
CHINA = (73.0, 17.0, 136.0, 54.0)  # west, south, east, north


class Plane(NamedTuple):
    """Points in metres on the plane ``crs``; ``bad`` marks points that cannot be where they say they are."""

    xy: np.ndarray
    crs: str
    bad: np.ndarray


def understood(crs: Any, log: Log) -> Any:
    """A system of coordinates as pyproj knows it; None, and a fault in ``log``, where it is none.

    >>> understood("EPSG:4549", Log("a.shp")).is_projected
    True
    """
    import pyproj

    try:
        found = pyproj.CRS.from_user_input(crs)
    except Exception as fault:  # pyproj raises whatever the input's type brings
        text = f"看不懂坐标系({type(fault).__name__})"
        log.faults.append(Fault("crs_bad", "坐标系", str(crs), text, f"写明代号,如 {LIKELY}"))
        return None
    if found.is_compound:
        found = found.sub_crs_list[0]
    if not (found.is_projected or found.is_geographic):
        log.faults.append(
            Fault("crs_bad", "坐标系", found.name, "既不是经纬度也不是平面坐标系", f"写明代号,如 {LIKELY}")
        )
        return None
    return found


def plane(
    xy: np.ndarray, crs: Any, log: Log, of: np.ndarray | None = None, nodes: Sequence[str] | None = None
) -> Plane | None:
    """The points in metres on a plane true to length; faults go to ``log``.

    of : the row (from 0) of each point, for faults; with ``nodes`` the place of its name among these.

    crs : what the points are in; None is refused, "" is a plane of its own in metres. Points in degrees, in feet or on
    a plane that stretches lengths by more than rule ``streets.scale`` there go to the UTM zone of their median; others
    stay as they are. None where the whole file cannot be where it says.
    """
    rows = np.zeros(len(xy), np.int64) if of is None else of
    if crs is None:
        log.faults.append(_unknown(xy))
        return None
    if crs == "":
        if len(xy) and _like_degrees(xy):
            found = _shown(xy[0])
            remedy = 'crs="EPSG:4326"(WGS84)或 crs="EPSG:4490"(国家 2000 经纬度)'
            log.faults.append(Fault("crs_degrees", "坐标", found, "坐标像是经纬度,不是以米计的平面", f"写明 {remedy}"))
            return None
        return Plane(xy, "", np.zeros(len(xy), bool))
    known = understood(crs, log)
    if known is None:
        return None
    if not len(xy):
        return Plane(xy, "", np.zeros(0, bool))
    lonlat, bad = _located(xy, known, log, rows, nodes)
    if lonlat is None:
        return None
    _odd(lonlat[~bad], known, log)
    return _laid(xy, lonlat, bad, known, log)


def _laid(xy: np.ndarray, lonlat: np.ndarray, bad: np.ndarray, known: Any, log: Log) -> Plane:
    """The points on the plane chosen, and a note of where they are."""
    import pyproj

    good = lonlat[~bad]
    centre = np.median(good, axis=0)
    kept, stretch = _true(known, centre)
    if kept:
        target, out = known, xy
        code = known.to_epsg()
        name = f"EPSG:{code}" if code else known.to_wkt()
    else:
        zone = int(np.clip((centre[0] + 180) // 6 + 1, 1, 60))
        name = f"EPSG:{(32600 if centre[1] >= 0 else 32700) + zone}"
        target = pyproj.CRS.from_user_input(name)
        out = np.full(xy.shape, np.nan)
        over = pyproj.Transformer.from_crs(known, target, always_xy=True)
        out[~bad] = np.stack(over.transform(xy[~bad, 0], xy[~bad, 1]), -1)
        bad = bad | ~(np.isfinite(out[:, 0]) & np.isfinite(out[:, 1]))
        if known.is_projected:
            why = f"在当地把长度放大 {stretch:+.1%}" if abs(stretch) > 1e-9 else "不以米为单位"
            log.notes.append(f"坐标系 {known.name} {why},已改投到 {name} 再量长度")
    west, south, east, north = *(c.min() for c in good.T), *(c.max() for c in good.T)
    worst = abs(_stretch(target, np.array([west, west, east, east]), np.array([south, north, south, north])))
    if worst > rules.value("streets.scale"):
        log.notes.append(f"路网范围很大,边缘处量得的长度误差可达 {worst:.1%}")
    log.notes.append(
        f"路网位于{spoken(west, south)}至{spoken(east, north)},坐标系 {name if len(name) < 40 else known.name}"
    )
    return Plane(out, name, bad)


def _located(
    xy: np.ndarray, known: Any, log: Log, rows: np.ndarray, nodes: Sequence[str] | None
) -> tuple[np.ndarray | None, np.ndarray]:
    """Degrees of all points and which cannot be; None where it is the system that is wrong, not a row."""
    import pyproj

    if known.is_geographic:
        lonlat = xy.astype(float) * _per_degree(known)
        bad = (np.abs(lonlat[:, 0]) > 180) | (np.abs(lonlat[:, 1]) > 90)
        code, fault = "not_degrees", "超出经纬度范围(经度 ±180,纬度 ±90)"
    else:
        if _like_degrees(xy):
            remedy = f'坐标是经纬度时写明 crs="EPSG:4326";文件所附的坐标系({known.name})不对'
            text = f"声明为平面坐标系 {known.name},数值却像经纬度"
            log.faults.append(Fault("crs_degrees", "坐标", _shown(xy[0]), text, remedy))
            return None, np.ones(len(xy), bool)
        over = pyproj.Transformer.from_crs(known, known.geodetic_crs, always_xy=True)
        lonlat = np.stack(over.transform(xy[:, 0], xy[:, 1]), -1)
        bad = ~_within(lonlat, known)
        code, fault = "crs_outside", f"远在坐标系 {known.name} 的适用范围之外"
    wrong = np.unique(rows[bad])
    if not len(wrong):
        return lonlat, bad
    if len(wrong) * 2 > len(np.unique(rows)):
        log.faults.append(Fault(code, "坐标", _shown(xy[bad][0]), f"多数坐标{fault}", _remedy(xy, known)))
        return None, bad
    first = np.unique(rows[bad], return_index=True)[1]
    for row, point in zip(wrong.tolist(), xy[bad][first], strict=True):
        where = (f"坐标(节点 {nodes[row]})", None) if nodes is not None else ("坐标", row + 1)
        turned = known.is_geographic and abs(point[0]) <= 90 and abs(point[1]) <= 180
        remedy = "对调这一条的经度和纬度,或删去" if turned else "改正或删去这一条"
        log.faults.append(Fault(code, where[0], _shown(point), f"坐标{fault}", remedy, where[1]))
    return lonlat, bad


def _remedy(xy: np.ndarray, known: Any) -> str:
    """What would do where most points are out of the system's range."""
    turned = xy[:, ::-1]
    if known.is_geographic:
        if (np.abs(turned[:, 0]) <= 180).all() and (np.abs(turned[:, 1]) <= 90).all():
            return "对调经度和纬度(应为先经度后纬度)"
        return f"坐标是平面坐标时写明其坐标系:{_guess(xy)}"
    import pyproj

    over = pyproj.Transformer.from_crs(known, known.geodetic_crs, always_xy=True)
    if _within(np.stack(over.transform(turned[:, 0], turned[:, 1]), -1), known).mean() > 0.5:
        return "对调横坐标和纵坐标(测绘成果常把北坐标写作 X)"
    return f"写明真正的坐标系:{_guess(xy)}"


def _guess(xy: np.ndarray) -> str:
    """Systems that Chinese files with such numbers are usually in."""
    x, y = np.median(xy, axis=0)
    if x < 1e7 <= y:
        x, y = y, x
    zone = int(x // 1_000_000)
    if 25 <= zone <= 45:
        return f'横坐标带 {zone} 带号,如 crs="EPSG:{4488 + zone}"'
    if 13 <= zone <= 23:
        return f'横坐标带 {zone} 带号,如 crs="EPSG:{4478 + zone}"'
    if max(abs(x), abs(y)) > 7e6:
        return '如 crs="EPSG:3857"(网络墨卡托)'
    return f"如 {LIKELY}"


def _unknown(xy: np.ndarray) -> Fault:
    """The fault of a file that does not say what its coordinates are."""
    if not len(xy):
        likely = LIKELY
    elif _like_degrees(xy):
        likely = '坐标像是经纬度:crs="EPSG:4326"(WGS84)或 crs="EPSG:4490"(国家 2000)'
    else:
        likely = _guess(xy)
    found = _shown(xy[0]) if len(xy) else "(无)"
    return Fault("crs_missing", "坐标系", found, "文件没有说明坐标系", f"读入时写明,{likely}")


def _odd(lonlat: np.ndarray, known: Any, log: Log) -> None:
    """A note where longitude and latitude look swapped though both can be."""
    if not known.is_geographic or not len(lonlat):
        return
    x, y = np.median(lonlat, axis=0)
    if not _in(CHINA, x, y) and _in(CHINA, y, x):
        log.notes.append(f"坐标位于{spoken(x, y)};对调后位于中国境内({spoken(y, x)}),请核对经度和纬度是否写反")
    elif np.abs(lonlat).max() < 0.5:
        log.notes.append(f"坐标位于{spoken(x, y)}附近(几内亚湾),请核对是不是以经纬度为单位")


def _true(known: Any, centre: np.ndarray) -> tuple[bool, float]:
    """Whether the system is a plane in metres true to length at ``centre``, and by how much it stretches there."""
    if not known.is_projected:
        return False, 0.0
    if any(abs(axis.unit_conversion_factor - 1) > 1e-9 for axis in known.axis_info[:2]):
        return False, 0.0
    stretch = _stretch(known, *centre)
    return abs(stretch) <= rules.value("streets.scale"), stretch


def _stretch(known: Any, lon: Any, lat: Any) -> float:
    """By how much the plane stretches lengths at points in degrees: the worst of them, north-south and east-west."""
    import pyproj

    factors = pyproj.Proj(known).get_factors(lon, lat, errcheck=False)
    scales = np.concatenate([np.ravel(factors.meridional_scale), np.ravel(factors.parallel_scale)])
    scales = scales[np.isfinite(scales)] - 1
    return float(scales[np.abs(scales).argmax()]) if len(scales) else 0.0


def _within(lonlat: np.ndarray, known: Any) -> np.ndarray:
    """Which points lie in the area the system is made for, or near it."""
    fine = np.isfinite(lonlat).all(1)
    area = known.area_of_use
    if area is None:
        return fine
    room = rules.value("streets.outside")
    west, east = area.west - room, area.east + room
    if area.east < area.west:  # over the date line
        east += 360
    off = (lonlat[:, 0] - west) % 360 + west
    return fine & (off <= east) & (lonlat[:, 1] >= area.south - room) & (lonlat[:, 1] <= area.north + room)


def _per_degree(known: Any) -> float:
    return float(np.degrees(known.axis_info[0].unit_conversion_factor)) if known.axis_info else 1.0


def _like_degrees(xy: np.ndarray) -> bool:
    """Whether numbers look like degrees: within the globe and not whole."""
    return bool(len(xy)) and bool((np.abs(xy) <= 180).all()) and bool((xy != np.round(xy)).any())


def _in(box: tuple[float, float, float, float], x: float, y: float) -> bool:
    return box[0] <= x <= box[2] and box[1] <= y <= box[3]


def _shown(point: np.ndarray) -> str:
    return f"({point[0]:.10g}, {point[1]:.10g})"


def spoken(lon: float, lat: float, digits: int = 2) -> str:
    """A place in words.

    >>> spoken(120.9, 29.5), spoken(-51.2, -30.03)
    ('东经 120.90°、北纬 29.50°', '西经 51.20°、南纬 30.03°')
    """
    east, north = "西经" if lon < 0 else "东经", "南纬" if lat < 0 else "北纬"
    return f"{east} {abs(lon):.{digits}f}°、{north} {abs(lat):.{digits}f}°"


def onto(points: np.ndarray, source: Any, target: str) -> np.ndarray:
    """Points in ``source`` on the plane ``target``; as they are where these are one, or where it is nobody's plane.

    >>> onto(np.array([[123.0, 0.0]]), "EPSG:4326", "EPSG:32651").round(3).tolist()
    [[500000.0, 0.0]]
    """
    import pyproj

    if not target or not len(points):
        return points
    start, end = pyproj.CRS.from_user_input(source), pyproj.CRS.from_user_input(target)
    if start == end:
        return points
    over = pyproj.Transformer.from_crs(start, end, always_xy=True)
    return np.stack(over.transform(points[:, 0], points[:, 1]), -1)


def degrees(xy: np.ndarray, crs: str) -> np.ndarray:
    """Longitude and latitude (WGS 84) of points on the plane ``crs``.

    >>> degrees(np.array([[500000.0, 0.0]]), "EPSG:32651").round(6).tolist()
    [[123.0, 0.0]]
    """
    import pyproj

    over = pyproj.Transformer.from_crs(crs, "EPSG:4326", always_xy=True)
    return np.stack(over.transform(xy[:, 0], xy[:, 1]), -1)
