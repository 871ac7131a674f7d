"""What ``check`` adds to the faults of the tables: those of the street file, and of putting the rows on it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from .. import streets, tables
from ..errors import TableError
from ..streets.seat import stranded
from ..tables.checks import PROBLEMS
from ..words import proper
from . import ground

STRANDED = "落在一片与其他街道不相连的路网上,从那里步行到不了任何设施或用房"
MEND = "核对坐标,以及路网是否缺路或缺桥;确为孤岛时补上渡口"
LATER = "路网有问题,先改正;改正之前没有核对各行能否落到路网上。"


class Checked(NamedTuple):
    """The account of every row, every fault (both as ``tables.check`` gives them), and what else to tell."""

    counts: pd.DataFrame
    problems: pd.DataFrame
    told: list[str]


def checked(found: tables.Check, path: Path, on: ground.Ground) -> Checked:
    """The faults of the tables with those of the street file and of every row that cannot be put on it.

    path : the folder or workbook that ``found`` was read from. The street file is found and read as by ``ground.settle``.
    """
    try:
        file = on.file or ground.file_in(path, found.rows)
    except TableError as fault:
        return _with(Checked(found.counts, found.problems, []), [_fault(path.name, str(fault))])
    name = "" if file is None else _name(file, path)
    made = Checked(found.counts, found.problems, [])
    net = found.county.streets
    if file is not None and name not in set(found.problems["file"]):
        read = ground.reading(file, on)
        counts = made.counts[(made.counts["file"] != name) | ~made.counts["table"].fillna("edges").eq("edges")]
        made = made._replace(counts=pd.concat([counts, read.counts.assign(file=name)], ignore_index=True))
        faults = read.problems.assign(file=name, remedy=[ground.option(r) for r in read.problems["remedy"]])
        made = _with(made, faults.astype(object).to_numpy().tolist())
        if len(faults):
            return made._replace(told=[proper(LATER)])
        made, net = made._replace(told=ground.network(file, read)), read.streets
    return _placed(made, found, net, (file, name or path.name), on.coords)


def _placed(
    made: Checked, found: tables.Check, net: tables.Streets, source: tuple[Path | None, str], coords: str
) -> Checked:
    """``made`` with the faults of putting the county's rows on ``net``."""
    county, (file, name) = found.county, source
    if net.nodes.empty or (file is None and not ground.unplaced(county)):
        return made
    try:
        done = streets.place(county, net, coords=coords)
    except TableError as fault:
        return _with(made, [_fault(name, str(fault))])
    lost = ground.asked(county, done.lost, file)
    made = made._replace(told=[*made.told, *ground.placed(len(done.placed), len(lost), done.notes)])
    whole = pd.concat([lost, _alone(done)], ignore_index=True)
    spots = ground.spots(whole, found.rows).itertuples(index=False, name=None)
    return _with(made, [_row(one, spot, name) for one, spot in zip(whole.itertuples(), spots, strict=True)])


def _alone(done: streets.Placed) -> pd.DataFrame:
    """The homes cut off from every site and room, as rows like those of ``done.lost``."""
    homes = done.county.communities.reset_index(drop=True)
    mine = homes[homes["node"].isin(stranded(done.county.streets, done.placed)["node"])]
    rows = mine[["lon", "lat"]].assign(table="communities", row=mine.index + 1, id=mine["node"])
    return rows.assign(fault=STRANDED, remedy=MEND)


def _row(one: Any, spot: tuple[Any, ...], name: str) -> list[Any]:
    """A row that is not on the streets, or cut off on them, as a fault at its place in the files."""
    file, sheet, row = spot
    given = pd.notna(one.lon) or pd.notna(one.lat)
    column = tables.label(one.table, "lon" if given else "node")
    found = f"{one.lon:.10g}, {one.lat:.10g}" if given else ""
    return [file or name, sheet, row, column, found, one.fault, ground.option(one.remedy), "off_streets"]


def _fault(file: str, said: str) -> list[Any]:
    """What stops the placing as a whole, as a fault of ``file``."""
    fault, _, remedy = said.partition(";")
    return [file, "", None, "", "", fault, ground.option(remedy or "见左"), "no_streets"]


def _with(made: Checked, rows: list[list[Any]]) -> Checked:
    more = pd.DataFrame(rows, columns=list(PROBLEMS), dtype=object)
    return made._replace(problems=pd.concat([made.problems.astype(object), more], ignore_index=True).astype(PROBLEMS))


def _name(file: Path, path: Path) -> str:
    """The street file as the account names files: from the folder where it lies in it."""
    return file.relative_to(path).as_posix() if path.is_dir() and file.is_relative_to(path) else file.name
