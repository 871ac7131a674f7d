"""The streets a command is about: the street file in the folder or named, and what is put on it."""

from __future__ import annotations

import re
import sys
from collections.abc import Hashable
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from .. import streets, tables
from ..errors import TableError
from ..streets.formats import FORMS, packs_streets
from ..streets.place import LOST
from ..tables import County
from ..tables.seats import ALIKE, ROWS, SEATED, alike, places, unseated
from ..words import proper
from .listing import grid

NOWHERE = "没有一行落到路网上,没有分析:核对坐标系(--coords)、路网文件的坐标系和它所在的地方。"
BARE = "行只有经度、纬度而没有路网:把路网文件(如 OpenStreetMap 的 .osm.pbf)放进资料文件夹,或用 --streets 写明。"


class Ground(NamedTuple):
    """The street file (None: the one in the folder), its crs and layer where it does not say, what longitudes are."""

    file: Path | None = None
    crs: str | None = None
    layer: str | None = None
    coords: str = "wgs84"


class Settled(NamedTuple):
    """A county on its streets, what to tell of it, and its rows that lie on no street (as ``streets.place``)."""

    county: County
    told: list[str]
    lost: pd.DataFrame


def settle(county: County, folder: Path | None, on: Ground, rows: pd.DataFrame | None = None) -> Settled:
    """The county on its streets, and what to tell: of the network, and of every row that could not be put on it.

    folder : where to look for a street file when ``on`` names none. rows : where in the files the county's rows stand
    (``tables.Check.rows``). Without a street file and with nothing to put on one the county stays as it is. Raises
    TableError where there are several street files, and where no row at all lies on the streets.
    """
    where = pd.DataFrame(columns=list(ROWS)).astype(ROWS) if rows is None else rows
    told, none = _twice(county, where), pd.DataFrame(columns=list(LOST)).astype(LOST)
    file = on.file or file_in(folder, where)
    if file is None and not unplaced(county):
        return Settled(county, told, none)
    if file is None and county.streets.nodes.empty:
        far = sum(int(getattr(county, table)["lon"].notna().sum()) for table in SEATED)
        return Settled(county, [*told, *([proper(f"{far} {BARE}")] if far else [])], none)
    net = county.streets
    if file is not None:
        found = reading(file, on)
        if len(found.problems):
            faults = map(_fault, found.problems.to_dict("records"))
            raise TableError("\n".join([f"路网“{file.name}”有问题,没有分析:", *faults]))
        net, told = found.streets, [*told, *network(file, found)]
    done = streets.place(county, net, coords=on.coords)
    lost = asked(county, done.lost, file)
    told += placed(len(done.placed), len(lost), done.notes)
    if len(lost):
        told.append(_lost(lost, where))
    if done.placed.empty and len(lost):
        raise TableError("\n".join([*told, proper(NOWHERE)]))
    return Settled(done.county, told, lost)


def file_in(folder: Path | None, rows: pd.DataFrame) -> Path | None:
    """The one street file in the folder, else the table of edges that comes without a table of nodes.

    Raises TableError for several, and for one that cannot be read where there is no other.
    """
    if folder is None:
        return None
    tables_ = rows.loc[rows["table"] == "edges", "file"].unique()
    files = sorted(p for p in folder.rglob("*") if p.is_file() and not p.name.startswith((".", "~")))
    for forms in FORMS[: 1 if len(tables_) else None]:  # what is less sure to be streets counts only without a table
        mine = [p for p in files if p.name.lower().endswith(forms) and (p.suffix.lower() != ".zip" or packs_streets(p))]
        if len(mine) > 1:
            names = "、".join(f"“{p.relative_to(folder)}”" for p in mine[:5])
            raise TableError(f"资料里有 {len(mine)} 个路网文件({names}),请用 --streets 写明用哪一个。")
        if mine:
            return mine[0]
    if len(tables_) == 1 and not (rows["table"] == "nodes").any():
        return folder / str(tables_[0]) if folder.is_dir() else folder
    return None


def unplaced(county: County) -> bool:
    """Whether any row has a longitude and no street node, or says nowhere where it lies."""
    frames = [(table, getattr(county, table)) for table in SEATED]
    return any(bool((f["lon"].notna() & f["node"].isna() | unseated(f, t)).any()) for t, f in frames)


def asked(county: County, lost: pd.DataFrame, file: Path | None) -> pd.DataFrame:
    """The ``lost`` rows to tell: all, but no homes without a place where no street file and no longitude asks for one."""
    homes = (lost["table"] == "communities") & lost["lon"].isna() & lost["lat"].isna()
    if file is not None or county.communities["lon"].notna().any():
        return lost
    return lost[~homes].reset_index(drop=True)


def reading(file: Path, on: Ground) -> streets.Reading:
    """What is in the street file, a bar on the screen while it is read."""
    from tqdm import tqdm

    with tqdm(desc="读路网", file=sys.stderr, bar_format="{desc}\uff1a{percentage:3.0f}%|{bar}| {elapsed}") as bar:

        def tell(done: int, total: int, *_: object) -> None:
            bar.total, bar.n = total, done
            bar.refresh()

        return streets.check(file, crs=on.crs, layer=on.layer, progress=tell)


def network(file: Path, found: streets.Reading) -> list[str]:
    """How large the network is, and the reader's remarks."""
    net = found.streets
    size = f"{len(net.nodes):,} 个节点、{len(net.edges):,} 段路、{net.edges['length_m'].sum() / 1000:,.1f} 公里。"
    return [proper(f"路网“{file.name}”:{size}"), *map(proper, map(option, found.notes))]


def placed(count: int, lost: int, notes: tuple[str, ...]) -> list[str]:
    """How many rows were put on the streets and how many not, and what ``streets.place`` remarks."""
    return [proper(f"落到路网上 {count:,} 行,没有落上 {lost:,} 行。"), *map(proper, map(option, notes))]


def _twice(county: County, rows: pd.DataFrame) -> list[str]:
    """A line on each group of rows that say the same place twice."""
    said = []
    for table in SEATED:
        where = rows[rows["table"] == table].reset_index(drop=True)
        for same in alike(getattr(county, table), table) if len(where) else []:
            said.append(proper(f"{tables.label(table)}{places(where.iloc[same])}{ALIKE},按 {len(same)} 处计。"))
    return said


def _fault(row: dict[Hashable, Any]) -> str:
    """One fault of a street file: where, what was found, what is wrong, what would do."""
    where = "".join(f"{row[c]} " for c in ("sheet", "column") if isinstance(row[c], str) and row[c])
    where += f"第{row['row']}行 " if pd.notna(row["row"]) else ""
    found = f"“{row['found']}” " if isinstance(row["found"], str) and row["found"] else ""
    return proper(option(f"  {where}{found}{row['fault']};{row['remedy']}"))


def option(text: str) -> str:
    """What to write on the command line for what to write in a notebook.

    >>> option('改用 coords="gcj02"')
    '改用 --coords gcj02'
    """
    return re.sub(r'(coords|crs|layer)="([^"]+)"', r"--\1 \2", text).replace("放宽 within", "放宽规则 streets.offset")


def spots(lost: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """file, sheet, row of each of the ``lost`` rows, as the files have them; else no file and the row of the frame."""
    at = {str(table): mine.reset_index(drop=True) for table, mine in rows.groupby("table", sort=False)}
    found = [
        at[table].loc[row - 1, ["file", "sheet", "row"]].tolist() if table in at else ["", "", row]
        for table, row in zip(lost["table"], lost["row"], strict=True)
    ]
    return pd.DataFrame(found, columns=["file", "sheet", "row"], dtype=object)


def _lost(lost: pd.DataFrame, rows: pd.DataFrame) -> str:
    """Every row that was not put on the streets: table, file, row, name, what is wrong, what would do."""
    where, text = spots(lost, rows), lost[["id", "name", "fault", "remedy"]].astype("str").fillna("")
    lines = [
        [
            tables.label(table),
            "›".join(n for n in (file, sheet) if n),
            f"第{row}行",
            *said[:2],
            *map(proper, map(option, said[2:])),
        ]
        for table, (file, sheet, row), said in zip(
            lost["table"],
            where.itertuples(index=False, name=None),
            text.itertuples(index=False, name=None),
            strict=True,
        )
    ]
    heads = ["表", "文件", "行", "编号", "名称", "问题", "改法"]
    return f"\n■ {proper('没有落到路网上的行(未计入)')}\n{grid(heads, lines, [False] * 7)}"
