"""Which kind of street file a path is, by its ending and by its first bytes, which must agree."""

from __future__ import annotations

import re
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .. import rules
from .account import Fault, Log

TABLES = (".csv", ".tsv", ".xlsx", ".xlsm", ".xls", ".et", ".ods")
ENDINGS = {
    ".pbf": "osm",
    ".osm": "osm",
    ".graphml": "graphml",
    ".gpkg": "vector",
    ".shp": "vector",
    ".geojson": "vector",
    ".json": "vector",
    ".fgb": "vector",
    **dict.fromkeys((".kml", ".kmz", ".gml", ".gpx", ".tab", ".mif", ".dxf"), "vector"),
    ".parquet": "parquet",
    ".geoparquet": "parquet",
    ".zip": "zip",
    ".shz": "zip",
    **dict.fromkeys(TABLES, "table"),
}
PACKED = (".osm.bz2",)  # which osmium opens by itself
FORMS = (  # the endings of street files in a folder, the surest first; the last are only named
    (".pbf", ".osm", ".graphml", ".gpkg", ".shp", ".geojson", ".parquet", ".geoparquet"),
    (*PACKED, ".kml", ".kmz", ".gpx", ".fgb", ".gml", ".tab", ".mif", ".dxf", ".zip", ".shz"),
    (".dwg", ".osm.gz", ".pbf.gz", ".pbf.bz2", ".rar", ".7z"),
)
READ = (
    "OSM(.osm.pbf、.osm、.osm.bz2)、GraphML、GeoPackage、shapefile(可压缩成 .zip)、GeoJSON、GeoParquet、"
    "FlatGeobuf、KML、KMZ、GPX、GML、MapInfo(.tab、.mif)、DXF、路段表(.csv、.xlsx)"
)
SHAPEFILE = (".shp", ".shx", ".dbf", ".prj", ".cpg", ".qix", ".sbn", ".sbx")
BOMB = "解压后的大小异常(疑似压缩炸弹),出于安全没有读取"
OTHERS = {
    ".gz": "先解压再读",
    ".bz2": "先解压再读",
    ".rar": "先解压再读",
    ".7z": "先解压再读",
    ".dwg": "在 CAD 里把道路中心线另存为 DXF 再读(读入时写明坐标系),或在 QGIS 里另存为 GeoPackage",
    ".dbf": "读同名的 .shp",
    ".shx": "读同名的 .shp",
    ".prj": "读同名的 .shp",
    ".mid": "读同名的 .mif",
}
MAGIC = (  # what the first bytes say, and the endings that go with it
    ("OSM PBF", rb"\0\0..\x0a\x09OSMHeader", (".pbf",)),
    ("SQLite/GeoPackage", rb"SQLite format 3\0", (".gpkg",)),
    ("Parquet", rb"PAR1", (".parquet", ".geoparquet")),
    ("shapefile", rb"\0\0\x27\x0a", (".shp",)),
    ("zip 压缩包", rb"PK\x03\x04", (".zip", ".shz", ".kmz", ".xlsx", ".xlsm", ".ods", ".et")),
    ("旧版 Excel", rb"\xd0\xcf\x11\xe0", (".xls", ".et", ".xlsx")),
    ("FlatGeobuf", rb"fgb", (".fgb",)),
    ("GraphML", rb"\s*(?:\xef\xbb\xbf)?\s*<.{0,400}?<?graphml\b", (".graphml",)),
    ("OSM XML", rb"\s*(?:\xef\xbb\xbf)?\s*<.{0,400}?<?osm\b", (".osm",)),
    ("KML", rb"\s*(?:\xef\xbb\xbf)?\s*<.{0,400}?<?kml\b", (".kml",)),
    ("GeoJSON", rb"\s*(?:\xef\xbb\xbf)?\s*\{", (".geojson", ".json")),
)
SURE = (".pbf", ".gpkg", ".parquet", ".geoparquet", ".shp", ".zip", ".shz", ".graphml", ".geojson", ".json", ".fgb")


def sort_of(path: Path, log: Log) -> str | None:
    """osm, graphml, vector, parquet, zip, table or folder; None, and a fault in ``log``, where the file cannot be one.

    >>> log = Log("a.dwg")
    >>> sort_of(Path("a.dwg"), log), log.faults[0].fault
    (None, '文件不存在')
    """
    if not path.exists():
        log.faults.append(Fault("path_missing", "", str(path), "文件不存在", "核对路径"))
        return None
    if path.is_dir():
        return "folder"
    ending = path.suffix.lower()
    if ending == ".xml" and (said := _content(path)) in ("GraphML", "OSM XML"):
        return {"GraphML": "graphml", "OSM XML": "osm"}[said]
    if path.name.lower().endswith(PACKED):
        return "osm"
    if ending not in ENDINGS:
        text = f"不读 {ending} 文件" if ending else "文件没有后缀"
        log.faults.append(Fault("file_unknown", "", path.name, text, OTHERS.get(ending, f"能读的有:{READ}")))
        return None
    try:
        if not path.stat().st_size:
            log.faults.append(Fault("file_empty", "", "0 字节", "文件是空的", "重新下载或重新导出"))
            return None
        said = _content(path)
    except OSError:
        log.faults.append(Fault("file_locked", "", path.name, "没有读取的权限", "换一个有权限的位置"))
        return None
    right = next((endings for what, _, endings in MAGIC if what == said), None)
    if right and ending not in right:
        text = f"后缀是 {ending},内容却是 {said}"
        log.faults.append(Fault("file_ending", "", path.name, text, f"把后缀改为 {right[0]} 再读"))
        return None
    if not right and ending in SURE:
        text = f"后缀是 {ending},内容却不是(可能下载不完整,或下载到的是网页)"
        log.faults.append(Fault("file_broken", "", path.name, text, "重新下载或重新导出"))
        return None
    if said == "zip 压缩包" and not _harmless(path, log):
        return None
    return ENDINGS[ending]


def _content(path: Path) -> str | None:
    with path.open("rb") as file:
        head = file.read(2048)
    return next((what for what, magic, _ in MAGIC if re.match(magic, head, re.S)), None)


def _harmless(path: Path, log: Log) -> bool:
    limit = rules.value("streets.unzipped_mb")
    try:
        with zipfile.ZipFile(path) as pack:
            size = sum(info.file_size for info in pack.infolist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        log.faults.append(Fault("file_broken", "", path.name, "压缩包已损坏或下载不完整", "重新下载后再试"))
        return False
    if size > limit << 20:
        log.faults.append(
            Fault("file_bomb", "", f"解压后 {size >> 20} MB", BOMB, f"解压后不超过 {limit} MB 的才读;先自行解压核对")
        )
        return False
    return True


def usual(path: Path) -> str | None:
    """The layer of lines to read where nobody names one: of a GPX file the tracks or the routes it holds; else None."""
    if path.suffix.lower() != ".gpx":
        return None
    from pyogrio import read_info
    from pyogrio.errors import DataSourceError

    try:
        held = [
            layer
            for layer in ("tracks", "routes")
            if read_info(path, layer=layer, force_feature_count=True)["features"]
        ]
    except DataSourceError:
        return None
    return held[0] if len(held) == 1 else None


def packs_streets(path: Path) -> bool:
    """Whether a zip holds a street file that can be read."""
    try:
        with zipfile.ZipFile(path) as pack:
            return any(ENDINGS.get(Path(n).suffix.lower(), "table") not in ("table", "zip") for n in pack.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return False


def within(folder: Path, log: Log) -> Path | None:
    """The one street file of a folder, else the folder itself, for its tables; None, and a fault, for several."""
    files = sorted(p for p in folder.iterdir() if p.is_file() and not p.name.startswith((".", "~")))
    mains = [p for p in files if ENDINGS.get(p.suffix.lower(), "table") != "table"]
    if len(mains) > 1:
        text, remedy = "文件夹里不止一份路网", "写明读哪一个文件"
        log.faults.append(Fault("zip_content", "", "、".join(p.name for p in mains), text, remedy))
        return None
    return mains[0] if mains else folder


@contextmanager
def unpacked(path: Path, log: Log) -> Iterator[Path | None]:
    """The one street file in a zip, laid out in a folder that goes afterwards; None, and a fault, where it is not one."""
    with tempfile.TemporaryDirectory() as folder:
        yield _out_of(path, Path(folder), log)


def _out_of(path: Path, folder: Path, log: Log) -> Path | None:
    readable = {e for e, sort in ENDINGS.items() if sort in ("vector", "parquet", "osm", "graphml")}
    try:
        with zipfile.ZipFile(path) as pack:
            infos = {_name(i): i for i in pack.infolist() if not i.is_dir() and "__MACOSX" not in i.filename}
            mains = sorted(n for n in infos if Path(n).suffix.lower() in readable)
            if len(mains) != 1:
                found = "、".join(mains) or "、".join(sorted(infos)[:5]) or "(空)"
                text = "压缩包里不止一份路网" if mains else "压缩包里没有路网文件"
                log.faults.append(Fault("zip_content", "", found, text, f"解压后只读其中一个;能读的有:{READ}"))
                return None
            stem = Path(mains[0]).stem
            for name, info in infos.items():
                if Path(name).stem == stem or name.startswith(stem + "."):
                    target = folder / Path(name).name
                    target = target.with_suffix(target.suffix.lower())
                    with pack.open(info) as held, target.open("wb") as out:
                        while block := held.read(1 << 20):
                            out.write(block)
    except (zipfile.BadZipFile, zlib.error, OSError, ValueError, RuntimeError, NotImplementedError, EOFError) as fault:
        locked = "password" in str(fault) or "encrypted" in str(fault)
        text = "压缩包设有密码" if locked else "压缩包已损坏或下载不完整"
        log.faults.append(Fault("file_broken", "", path.name, text, "解压后再读" if locked else "重新下载后再试"))
        return None
    main = folder / Path(mains[0]).name
    return main.with_suffix(main.suffix.lower())


def _name(info: zipfile.ZipInfo) -> str:
    """An entry's name; Windows packs Chinese names in the code page without saying so."""
    if info.flag_bits & 0x800:
        return info.filename
    try:
        return info.filename.encode("cp437").decode("gb18030")
    except (UnicodeEncodeError, UnicodeDecodeError):
        return info.filename
