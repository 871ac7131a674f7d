"""The streets a command is about: the street file in the folder or named, and what is put on it."""

from __future__ import annotations

import re
import sys
from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from .. import streets, tables
from ..errors import TableError
from ..tables import County
from ..words import proper
from .listing import grid

ENDINGS = (".osm.pbf", ".pbf", ".osm", ".graphml", ".gpkg", ".shp", ".geojson", ".parquet", ".geoparquet")
SEATED = ("sites", "rooms", "plots", "communities")


class Ground(NamedTuple):
    """The street file (None: the one in the folder), its crs and layer where it does not say, what longitudes are."""

    file: Path | None = None
    crs: str | None = None
    layer: str | None = None
    coords: str = "wgs84"


def settle(county: County, folder: Path | None, ground: Ground) -> tuple[County, list[str]]:
    """The county on its streets, and what to tell: of the network, and of every row that could not be put on it.

    folder : where to look for a street file when ``ground`` names none. Without a street file and without longitudes the county stays as it is. Raises TableError where there are several
    street files, and where no row at all lies on the streets.
    """
    file = ground.file or _found(folder)
    far = _located(county)
    if file is None and not far:
        return county, []
    told: list[str] = []
    net = county.streets
    if file is not None:
        net, told = _read(file, ground)
    elif net.nodes.empty:
        return county, [
            proper(
                f"{far} 行只有经度、纬度而没有路网:把路网文件(如 OpenStreetMap 的 .osm.pbf)放进资料文件夹,或用 --streets 写明。"
            )
        ]
    done = streets.place(county, net, coords=ground.coords)
    told += [
        proper(f"落到路网上 {len(done.placed):,} 行,没有落上 {len(done.lost):,} 行。"),
        *map(proper, map(_option, done.notes)),
    ]
    if len(done.lost):
        told.append(_lost(done.lost))
    if done.placed.empty and len(done.lost):
        said = "没有一行落到路网上,没有分析:核对坐标系(--coords)、路网文件的坐标系和它所在的地方。"
        raise TableError("\n".join([*told, proper(said)]))
    return done.county, told


def _found(folder: Path | None) -> Path | None:
    """The one street file in the folder; TableError for several."""
    if folder is None or not folder.is_dir():
        return None
    files = sorted(p for p in folder.rglob("*") if p.is_file() and p.name.lower().endswith(ENDINGS))
    if len(files) > 1:
        names = "、".join(f"“{p.relative_to(folder)}”" for p in files[:5])
        raise TableError(f"资料里有 {len(files)} 个路网文件({names}),请用 --streets 写明用哪一个。")
    return files[0] if files else None


def _located(county: County) -> int:
    """How many rows have a longitude and no street node."""
    frames = [getattr(county, table) for table in SEATED]
    return sum(int((f["lon"].notna() & f["node"].isna()).sum()) for f in frames)


def _read(file: Path, ground: Ground) -> tuple[tables.Streets, list[str]]:
    from tqdm import tqdm

    with tqdm(desc="读路网", file=sys.stderr, bar_format="{desc}\uff1a{percentage:3.0f}%|{bar}| {elapsed}") as bar:

        def tell(done: int, total: int, *_: object) -> None:
            bar.total, bar.n = total, done
            bar.refresh()

        found = streets.check(file, crs=ground.crs, layer=ground.layer, progress=tell)
    if len(found.problems):
        raise TableError(
            "\n".join([f"路网“{file.name}”有问题,没有分析:", *map(_fault, found.problems.to_dict("records"))])
        )
    net = found.streets
    said = f"路网“{file.name}”:{len(net.nodes):,} 个节点、{len(net.edges):,} 段路、{net.edges['length_m'].sum() / 1000:,.1f} 公里。"
    return net, [proper(said), *map(proper, _sentences(found.notes))]


def _fault(row: dict[Hashable, Any]) -> str:
    """One fault of a street file: where, what was found, what is wrong, what would do."""
    where = "".join(f"{row[c]} " for c in ("sheet", "column") if isinstance(row[c], str) and row[c])
    where += f"第{row['row']}行 " if pd.notna(row["row"]) else ""
    found = f"“{row['found']}” " if isinstance(row["found"], str) and row["found"] else ""
    return proper(_option(f"  {where}{found}{row['fault']};{row['remedy']}"))


def _sentences(notes: Sequence[str] | pd.DataFrame) -> list[str]:
    return notes.iloc[:, -1].astype(str).tolist() if isinstance(notes, pd.DataFrame) else list(notes)


def _option(text: str) -> str:
    """What to write on the command line for what to write in a notebook."""
    return re.sub(r'(coords|crs|layer)="([^"]+)"', r"--\1 \2", text).replace("放宽 within", "放宽规则 streets.offset")


def _lost(lost: pd.DataFrame) -> str:
    """Every row that was not put on the streets: table, row, name, what is wrong, what would do."""
    columns = ["table", "row", "id", "name", "fault", "remedy"]
    rows = [
        [tables.label(table), f"第{row}行", key, name, proper(fault), proper(_option(remedy))]
        for table, row, key, name, fault, remedy in lost[columns]
        .astype("str")
        .fillna("")
        .itertuples(index=False, name=None)
    ]
    heads = ["表", "行", "编号", "名称", "问题", "改法"]
    return f"\n■ {proper('没有落到路网上的行(未计入)')}\n{grid(heads, rows, [False] * 6)}"
