"""Where rows say they are: cells read as coordinates, laid on the plane of the streets, and what is wrong with them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from ..errors import TableError
from .shift import DATUMS, to_wgs84

Plane = Callable[[np.ndarray, np.ndarray], np.ndarray]  # lon, lat to x, y: one row a point
ASKED = ("table", "row", "id", "name", "township", "community", "node", "lon", "lat")
NOWHERE = ("没有坐标,也没有路网节点", "填写经度和纬度,或填写路网节点")
WORDS = {  # what people call the readings of ``DATUMS``, without spaces, hyphens and the endings of _ENDING
    "wgs84": ("wgs", "wgs84", "gps", "gps84", "epsg:4326", "osm", "openstreetmap", "地球"),
    "cgcs2000": ("cgcs2000", "cgcs", "2000", "国家2000", "大地2000", "2000国家大地", "epsg:4490", "天地图"),
    "gcj02": (
        "gcj02",
        "gcj",
        "gcj2",
        "火星坐标",
        "火星坐标系",
        "国测局",
        "高德",
        "腾讯",
        "gaode",
        "amap",
        "tencent",
        "qq",
    ),
    "bd09": ("bd09", "bd", "bd09ll", "百度", "baidu"),
}
_ENDING = re.compile(r"(?:经纬度|坐标系统?|坐标|地图|系)+$")
_SEXAGESIMAL = re.compile(r"[^\d-]*(-?\d{1,3})[^\d.]+(\d{1,2}(?:\.\d+)?)(?:[^\d.]+(\d{1,2}(?:\.\d+)?))?[^\d]*")
_DECIMAL = re.compile(r"[^\d.+-]*([+-]?\d+\.\d+|[+-]?\d+)[^\d.]*")


def asked(frame: pd.DataFrame, table: str, keys: list[str]) -> pd.DataFrame:
    """The rows of ``frame`` as ASKED: ``keys`` joined by · are the id, ``row`` counts from 1; cells stay as given.

    Where ``frame`` has no lon and lat but x and y, those are taken.
    """
    size = len(frame)
    blank = pd.Series([None] * size, dtype="str")
    plain = {c: frame[c].reset_index(drop=True).astype("str") if c in frame else blank for c in ASKED[3:7]}
    parts = [frame[k].reset_index(drop=True).astype("str").fillna("") for k in keys]
    names = ["·".join(p for p in row if p) for row in zip(*parts, strict=True)] if parts else [""] * size
    out = pd.DataFrame({"table": pd.Series([table] * size, dtype="str"), "row": np.arange(1, size + 1)})
    out = out.assign(id=pd.Series(names, dtype="str"), **plain)
    pair = ("x", "y") if plane(frame) else ("lon", "lat")
    for column, given in zip(("lon", "lat"), pair, strict=True):
        cells = frame[given].to_numpy(object) if given in frame else np.full(size, None, object)
        out[column] = pd.Series(cells, dtype=object)
    return out[list(ASKED)]


def plane(frame: pd.DataFrame) -> bool:
    """Whether a frame gives x and y on the streets' own plane instead of lon and lat."""
    return {"x", "y"} <= set(frame.columns) and not {"lon", "lat"} & set(frame.columns)


def number(cell: Any) -> tuple[float, str]:
    """A cell as a number and, where it is not one, what would do instead ("" where nothing is wrong).

    Blank is NaN. Degrees, minutes and seconds are not taken silently: the decimal degrees are proposed.

    >>> number("120.9"), number("东经120°53′30″")
    ((120.9, ''), (nan, '改写为小数度数 120.891667'))
    """
    if cell is None or (isinstance(cell, float) and np.isnan(cell)) or cell is pd.NA:
        return np.nan, ""
    text = unicodedata.normalize("NFKC", str(cell)).strip().replace(" ", " ")
    if text in ("", "-", "—", "/", "无", "nan", "None"):
        return np.nan, ""
    try:
        value = float(text)
    except ValueError:
        return np.nan, _proposed(text)
    return (value, "") if np.isfinite(value) else (np.nan, "改写为小数度数,如 120.9042")


def _proposed(text: str) -> str:
    if part := _SEXAGESIMAL.fullmatch(text):
        degrees, minutes, seconds = (float(p or 0) for p in part.groups())
        size = abs(degrees) + minutes / 60 + seconds / 3600
        below = part[1].startswith("-") or re.search(r"[西南WwSs]", text)
        return f"改写为小数度数 {-size if below else size:.6f}"
    if part := _DECIMAL.fullmatch(text):
        return f"只写数字 {part[1]}"
    return "改写为小数度数,如 120.9042"


def measured(rows: pd.DataFrame, *, degrees: bool, zero: bool = False) -> pd.DataFrame:
    """lon, lat as numbers, and fault and remedy (Chinese, "" where nothing is wrong) of each asked row.

    degrees : whether the numbers are longitudes and latitudes; else metres of a projection. zero : whether (0, 0) is a
    place like any other.
    """
    read = {c: [number(cell) for cell in rows[c]] for c in ("lon", "lat")}
    out = pd.DataFrame({c: pd.Series([v for v, _ in read[c]], rows.index, dtype=float) for c in read})
    out["fault"], out["remedy"] = pd.Series("", rows.index, dtype=object), pd.Series("", rows.index, dtype=object)
    lon, lat = out["lon"], out["lat"]
    words = ("经度", "纬度") if degrees else ("横坐标", "纵坐标")
    for column, word in zip(("lon", "lat"), words, strict=True):
        for at, cell, (_, remedy) in zip(rows.index, rows[column], read[column], strict=True):
            if remedy:
                _blame(out, [at], f"{word}“{cell}”不是小数", remedy)
    for column, word, other in (("lon", words[1], "lat"), ("lat", words[0], "lon")):
        half = out[column].notna() & out[other].isna() & (out["fault"] == "")
        _blame(out, half, f"坐标只填了一半:缺{word}", f"补上{word}")
    _blame(out, rows.index[(lon == 0) & (lat == 0) & (not zero)], "坐标为 (0, 0)", "(0, 0) 多为未填;补上真实的坐标")
    if degrees:
        _out_of_range(out)
    return out


def _out_of_range(out: pd.DataFrame) -> None:
    """Blame longitudes and latitudes that cannot be."""
    beyond = (out["lon"].abs() > 180) | (out["lat"].abs() > 90)
    rows = out[beyond & (out["fault"] == "")]
    for at, lon, lat in zip(rows.index, rows["lon"], rows["lat"], strict=True):
        if abs(lon) <= 90 and abs(lat) <= 180:
            _blame(out, [at], f"经度、纬度像是写反了(经度 {lon:g},纬度 {lat:g})", "对调经度和纬度")
        else:
            remedy = '核对坐标;若是投影坐标(米),写明 coords="EPSG:…"'
            _blame(out, [at], f"经度 {lon:g}、纬度 {lat:g} 超出 ±180 和 ±90", remedy)


def _blame(out: pd.DataFrame, rows: Any, fault: str, remedy: str) -> None:
    out.loc[rows, "fault"], out.loc[rows, "remedy"] = fault, remedy


def reading(coords: str | None) -> str:
    """Which of the readings ``coords`` names, in English or as people say it; None is WGS-84, another CRS itself.

    Raises TableError, listing what is accepted, for what is neither.

    >>> reading("高德地图"), reading("百度坐标"), reading("WGS-84"), reading(None)
    ('gcj02', 'bd09', 'wgs84', 'wgs84')
    """
    if coords is None:
        return "wgs84"
    text = re.sub(r"[\s_-]+", "", unicodedata.normalize("NFKC", str(coords))).casefold()
    for name, words in WORDS.items():
        if text in words or _ENDING.sub("", text) in words:
            return name
    if re.search(r"[一-鿿]", text) or not text:
        raise TableError(unknown(str(coords)))
    return str(coords)


def unknown(coords: str) -> str:
    """The message for a reading nobody knows."""
    known = "wgs84(GPS、OpenStreetMap)、cgcs2000(国家2000、天地图)、gcj02(火星坐标、高德、腾讯)、bd09(百度)"
    return f"coords {coords} 不认识;可用:{known},或 EPSG 代码(如 EPSG:4549)"


def projected(crs: str, coords: str) -> Plane:
    """From lon, lat as given in ``coords`` to metres on the plane ``crs``, one row a point; NaN where that fails.

    Raises TableError where ``crs`` is unknown or not a projection in metres, or ``coords`` is none that is known.
    """
    target = _system(crs, "路网的坐标系")
    if target.is_geographic:
        raise TableError(f"路网坐标系 {crs} 是经纬度,量不出米;请先投影(如 EPSG:4549)再落点")
    if coords.lower() not in DATUMS:
        return projected_between(coords, crs)
    change = projected_between("EPSG:4326", crs)
    return lambda lon, lat: change(*to_wgs84(lon, lat, coords.lower()))


def projected_between(source: str, target: str) -> Plane:
    """From x, y in ``source`` to those in ``target``, one row a point; NaN where that fails."""
    import pyproj

    change = pyproj.Transformer.from_crs(_system(source, "坐标系"), _system(target, "坐标系"), always_xy=True)

    def act(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        xy = np.column_stack(change.transform(np.asarray(x, float), np.asarray(y, float)))
        return np.where(np.isfinite(xy).all(axis=1)[:, None], xy, np.nan)

    return act


def in_degrees(coords: str) -> bool:
    """Whether ``coords`` are longitudes and latitudes. Raises TableError for an unknown name."""
    return coords.lower() in DATUMS or bool(_system(coords, "coords").is_geographic)


def _system(name: str, what: str) -> Any:
    import pyproj
    import pyproj.exceptions

    try:
        return pyproj.CRS.from_user_input(name)
    except pyproj.exceptions.CRSError:
        if what == "coords":
            raise TableError(unknown(name)) from None
        raise TableError(f"{what} {name} 不认识;可用 EPSG 代码(如 EPSG:4549)") from None
