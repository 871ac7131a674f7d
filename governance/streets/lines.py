"""Street lines in vector files (GeoPackage, shapefile, GeoJSON, GeoParquet and what GDAL reads beside) to ways."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .. import rules
from ..errors import MissingExtraError
from ..tables.cells import lexicon
from ..tables.fields import field
from .account import NOT_WALKABLE, Fault, Log, sized
from .joining import Joined, joined
from .network import Ways, objects
from .projecting import Plane, plane
from .walkable import Rule, kind, name, why

LONGEST = 1_000_000.0  # metres, as in the schema of edges
SAVE = "用原软件打开后另存一份再试"
NO_HIGHWAY = f"{NOT_WALKABLE}|没有 highway 值(不是道路)"
TAGS = {  # tag -> columns that hold it, in any case
    "highway": ("highway", "fclass"),
    "route": ("route",),
    "bridge": ("bridge", "桥"),
    "kind": ("kind", "路段类型", "道路类型", "类型"),
    "name:zh": ("name:zh", "name_zh", "name_cn", "name_chn"),
    "name": (
        "name",
        "路名",
        "道路名称",
        "街道名称",
        "街路巷名称",
        "道路名",
        "名称",
        "mc",
        "rname",
        "road_name",
        "name_1",
    ),
    **{t: (t, t.replace(":", "_")) for t in ("area", "access", "foot", "service", "sidewalk")},
    **{t: (t, t.replace(":", "_")) for t in ("sidewalk:both", "sidewalk:left", "sidewalk:right")},
}
FROM_OSM = {"osm_id", "osmid", "fclass", "highway", "other_tags"}
OSMNX = {"u", "v", "key", "osmid"}  # columns of the edges OSMnx writes
_PAIR = re.compile(r'"((?:[^"\\]|\\.)*)"=>"((?:[^"\\]|\\.)*)"')


class Features(NamedTuple):
    """What a file holds: shapes (None where there is none), columns by name, and the system its coordinates are in."""

    shapes: np.ndarray
    columns: dict[str, np.ndarray]
    crs: Any
    layer: str


def ways(found: Features, crs: str | None, log: Log, rule: Rule) -> tuple[Ways, str] | None:
    """The lines cut and joined to ways, and the system of their coordinates; None where none can stay.

    crs : what the user says the coordinates are in; None takes the file's word.
    """
    reasons, tags = _tagged(found, rule)
    log.rows.append((found.layer, reasons))
    if crs is not None and found.crs is not None and crs != found.crs:
        log.notes.append(f"坐标系按所给的 {crs or '平面坐标'},不按文件里写的")
    points, line, owner = _vertices(found, reasons, log)
    if not len(points) and log.faults:
        return None
    if not len(points):
        log.faults.append(
            Fault(
                "no_ways", "", f"{len(reasons)} 个要素", "没有一条可用的线", "换一份街道中心线数据", None, found.layer
            )
        )
        return None
    laid = plane(points, found.crs if crs is None else crs, log, owner[line])
    if laid is None:
        return None
    laid, line = _there(laid, line, owner, reasons, found.layer, log)
    if not len(line):
        return None
    rank, line = np.unique(line, return_inverse=True)
    owner = owner[rank]
    near = rules.value("streets.snap")
    net = joined(laid.xy, line, near, shared=bool(FROM_OSM & {c.lower() for c in found.columns}))
    _told(net, near, log)
    item = owner[net.line]
    made = Ways(
        nodes=np.arange(1, len(net.xy) + 1).astype(str).astype(object),
        xy=net.xy,
        ends=net.ends,
        length=None,
        kind=objects([kind(t) for t in tags])[item],
        name=objects([name(t) for t in tags])[item],
        edge=None,
        lines=net.lines,
        item=item,
    )
    return made, laid.crs


def _there(
    laid: Plane, line: np.ndarray, owner: np.ndarray, reasons: np.ndarray, layer: str, log: Log
) -> tuple[Plane, np.ndarray]:
    """The points and their lines without those features that are not where they can be or are endless, which are named."""
    step = np.hypot(*np.diff(laid.xy, axis=0).T) * (line[1:] == line[:-1])
    long = np.bincount(line[1:], np.nan_to_num(step), minlength=len(owner)) > LONGEST
    for at in np.unique(owner[long]).tolist():
        text, remedy = "线长超过一千公里,像是有的点坐标不对(如为 0)", "改正或删去这一条"
        log.faults.append(Fault("line_endless", "图形", f"第 {at + 1} 个要素", text, remedy, at + 1, layer))
    wrong = np.unique(np.concatenate([owner[line[laid.bad]], owner[long]]))
    reasons[wrong] = "坐标不对"
    stay = ~np.isin(owner[line], wrong)
    return Plane(laid.xy[stay], laid.crs, laid.bad[stay]), line[stay]


def _told(net: Joined, near: float, log: Log) -> None:
    if net.snapped:
        log.notes.append(f"{net.snapped} 个端点与 {near:g} 米以内的端点并为一个路口")
    if net.cut:
        log.notes.append(f"在 {net.cut} 处把线断开:别的线的端点(OSM 数据还有共用的点)落在线上")


def _tagged(found: Features, rule: Rule) -> tuple[np.ndarray, list[dict[str, str]]]:
    """Why features are not walked on (""), and the tags of each."""
    columns = {c.lower(): v for c, v in reversed(found.columns.items())}
    held = {t: columns[c] for t, names in reversed(TAGS.items()) for c in reversed(names) if c in columns}
    kinds = {k.casefold(): v for k, v in lexicon(field("edges", "kind")).items()}
    tags: list[dict[str, str]] = [{} for _ in found.shapes]
    for tag, values in held.items():
        for at, value in enumerate(values.tolist()):
            if value is not None and value == value and (text := str(value).strip()):
                tags[at][tag] = kinds.get(text.casefold(), text) if tag == "kind" else text
    for at, text in enumerate(columns.get("other_tags", np.zeros(0)).tolist()):
        if text:
            tags[at] = {**dict(_PAIR.findall(str(text))), **tags[at]}
    reasons = objects([why(t, rule) for t in tags])
    raw = "other_tags" in columns or columns.keys() >= OSMNX  # OpenStreetMap's lines by ogr2ogr or OSMnx: walls too
    if rule and raw and any("highway" in t for t in tags):
        reasons[[at for at, t in enumerate(tags) if "highway" not in t]] = NO_HIGHWAY
    return reasons, tags


def _vertices(found: Features, reasons: np.ndarray, log: Log) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Vertices of all lines, the number of the line of each, and the feature of each line; reasons for the rest."""
    import shapely

    shapes, layer = found.shapes, found.layer
    stay = np.flatnonzero(reasons == "")
    blank = np.array([s is None or s.is_empty for s in shapes[stay]], bool)
    reasons[stay[blank]] = "没有图形"
    stay = stay[~blank]
    parts, of = shapely.get_parts(shapes[stay], return_index=True)
    while (nested := shapely.get_type_id(parts) >= 4).any():
        inner, at = shapely.get_parts(parts[nested], return_index=True)
        of = np.concatenate([of[~nested], of[nested][at]])
        parts = np.concatenate([parts[~nested], inner])
    order = np.argsort(of, kind="stable")
    parts, of = parts[order], stay[of[order]]
    sort = shapely.get_type_id(parts)
    is_line = ((sort == 1) | (sort == 2)) & ~shapely.is_empty(parts)
    other = np.unique(of[~is_line])
    alone = other[~np.isin(other, of[is_line])]
    for at in alone:
        reasons[at] = "是点,不是线" if shapely.get_dimensions(shapes[at]) == 0 else "是面,不是线"
    if mixed := len(other) - len(alone):
        log.notes.append(f"{mixed} 个要素既有线也有点或面,只读其中的线")
    parts, of = parts[is_line], of[is_line]
    if more := len(of) - len(np.unique(of)):
        log.notes.append(f"{len(np.unique(of[np.r_[False, of[1:] == of[:-1]]]))} 个多段要素拆开,多出 {more} 条线")
    if shapely.has_z(parts).any():
        log.notes.append("线上的高程(Z)没有读入")
    points, line = shapely.get_coordinates(parts, return_index=True)
    broken = ~np.isfinite(points).all(1)
    for at in np.unique(of[line[broken]]).tolist():
        reasons[at] = "坐标不是数字"
        log.faults.append(
            Fault("not_a_number", "坐标", "nan", "线上有的坐标不是数字", "改正或删去这一条", at + 1, layer)
        )
    good = reasons[of[line]] == ""
    return points[good], line[good], of


def opened(path: Path, layer: str | None, log: Log) -> Features | None:
    """The features of a vector file's layer of lines; None, and a fault in ``log``, where it cannot be read."""
    import shapely
    from pyogrio import list_layers
    from pyogrio.raw import read

    if path.suffix.lower() == ".shp" and (broken := _lacking(path)):
        log.faults.append(Fault("file_broken", "", sized(path), *broken))
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            chosen = _layer(list_layers(path), layer, log)
            if chosen is None:
                return None
            wanted = {c for names in TAGS.values() for c in names} | FROM_OSM | OSMNX
            said = read(path, layer=chosen, max_features=0)[0]
            columns = [c for c in said["fields"] if c.lower() in wanted]
            meta, _, shapes, data = read(path, layer=chosen, columns=columns, force_2d=False)
            held = shapely.from_wkb(np.array([None] if shapes is None else shapes, object), on_invalid="ignore")
    except Exception:  # pyogrio and GDAL raise many kinds; each means that the file cannot be read
        text = "文件已损坏、下载不完整或不是它的后缀所说的格式"
        log.faults.append(Fault("file_broken", "", sized(path), text, SAVE, None, layer or ""))
        return None
    encoded = str(meta.get("encoding") or "").upper().replace("_", "-")
    texts = {
        c: _readable(v) if encoded in ("ISO-8859-1", "LATIN1") else v for c, v in zip(meta["fields"], data, strict=True)
    }
    return Features(held[: len(held) if shapes is not None else 0], texts, meta["crs"], str(chosen))


def _lacking(path: Path) -> tuple[str, str] | None:
    """What is missing of a shapefile, and the remedy."""
    with path.open("rb") as file:
        words = int.from_bytes(file.read(28)[24:], "big")
    if path.stat().st_size < 2 * words:
        return "shapefile 不完整:比它自己记载的短", "重新下载或重新导出"
    beside = {p.suffix.lower() for p in path.parent.iterdir() if p.stem == path.stem}
    if gone := [s for s in (".shx", ".dbf") if s not in beside]:
        return f"shapefile 缺少同名的 {'、'.join(gone)} 文件", "把 .shp、.shx、.dbf、.prj 放在同一文件夹里再读"
    return None


def _layer(layers: np.ndarray, asked: str | None, log: Log) -> str | None:
    """The layer to read: the one asked for, else the only one that can hold lines."""
    names = [str(n) for n, _ in layers]
    if asked is not None:
        if asked in names:
            return asked
        log.faults.append(Fault("layer_missing", "图层", asked, "文件里没有这个图层", f"现有图层:{'、'.join(names)}"))
        return None
    lines = [str(n) for n, sort in layers if sort is not None and "Point" not in sort and "Polygon" not in sort]
    if len(lines) > 1 and (sure := [str(n) for n, sort in layers if sort and "LineString" in sort]):
        lines = sure
    if len(lines) == 1 or len(names) == 1:
        return (lines or names)[0]
    if not lines:
        remedy = "换一份街道中心线数据"
        log.faults.append(Fault("layer_missing", "图层", "、".join(names) or "(无)", "没有线图层", remedy))
        return None
    remedy = f'写明图层,如 layer="{lines[0]}"'
    log.faults.append(Fault("layer_many", "图层", "、".join(lines), "有不止一个线图层", remedy))
    return None


def _readable(values: np.ndarray) -> np.ndarray:
    """Text of a shapefile that does not say its encoding: UTF-8 where all of it is, else the Chinese code page."""
    if values.dtype != object:
        return values
    raw = [v.encode("latin-1") if isinstance(v, str) else None for v in values.tolist()]
    whole = b"\n".join(v for v in raw if v)
    codec = "utf-8"
    try:
        whole.decode(codec)
    except UnicodeDecodeError:
        codec = "gb18030"
    return objects([None if v is None else v.decode(codec, "replace") for v in raw])


def parquet(path: Path, log: Log) -> Features | None:
    """The features of a GeoParquet file; None, and a fault in ``log``, where it cannot be read."""
    try:
        import pyarrow  # noqa: F401
        from geopandas import read_parquet
    except ImportError:
        raise MissingExtraError("读取 GeoParquet", "formats") from None
    try:
        frame = read_parquet(path)
    except Exception as fault:  # pyarrow and geopandas raise many kinds; each means that the file cannot be read
        if "geo" in str(fault).lower() and "metadata" in str(fault).lower():
            text, remedy = "是 Parquet 表格,但没有地理信息", "在 QGIS 或 geopandas 里另存为 GeoParquet"
        else:
            text, remedy = "文件已损坏、下载不完整或不是 GeoParquet", SAVE
        log.faults.append(Fault("file_broken", "", sized(path), text, remedy))
        return None
    shapes = np.asarray(frame.geometry.array, object)
    columns = {str(c): frame[c].to_numpy(object) for c in frame.columns if c != frame.geometry.name}
    return Features(shapes, columns, frame.crs, "")
