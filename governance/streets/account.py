"""What became of everything a street file holds: rows read, kept and rejected with the reason, faults by name, remarks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from ..tables import COUNTS
from ..tables.checks import PROBLEMS

Progress = Callable[[int, int, str], object]  # done, all, what is being done
SHOWN = 20  # faults in the message; all of them are in .problems
NOT_WALKABLE = "不可步行"
LOOP = "起点和终点是同一个节点(回环),不影响到达"
TWIN = "与留下的一条方向相反、长度相同(同一条街的两条弧)"
BARRIER = "台阶、轮渡或过陡的坡,轮椅走不了"
PARALLEL = "两端与更短的一条路段相同(平行),只留最短的"


class Fault(NamedTuple):
    """One defect: where it is (``row`` counted from 1, ``column`` or the way or edge), what was found, what would do."""

    code: str
    column: str
    found: str
    fault: str
    remedy: str
    row: int | None = None
    sheet: str = ""


@dataclass(frozen=True, eq=False)
class Log:
    """The account of one file as it is read; the lists fill on the way, ``rows`` by a reader that goes on filling it."""

    file: str
    faults: list[Fault] = field(default_factory=list)
    counts: list[tuple[str, str, int, int, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    rows: list[tuple[str, np.ndarray]] = field(default_factory=list)  # sheet, and why each row of it goes ("" = stays)


def tally(log: Log, table: str, reasons: np.ndarray, *, sheet: str = "", noun: str = "条") -> None:
    """Enter rows in ``log``: ``reasons`` has one text a row, "" where it was kept.

    A reason may end in details after a vertical bar; rows that share what stands before it are one line of counts.

    >>> log = Log("a.osm")
    >>> tally(log, "edges", np.array(["", "不可步行|foot=no", "不可步行|foot=no", "回环"], object))
    >>> log.counts
    [('', 'edges', 1, 1, ''), ('', 'edges', 2, 0, '不可步行:foot=no 2 条'), ('', 'edges', 1, 0, '回环')]
    """
    said = pd.Series(reasons, dtype=object).value_counts().to_dict()
    kept = int(said.pop("", 0))
    if kept or not said:
        log.counts.append((sheet, table, kept, kept, ""))
    heads: dict[str, dict[str, int]] = {}
    for reason, number in said.items():
        head, _, detail = str(reason).partition("|")
        heads.setdefault(head, {})[detail] = int(number)
    for head, details in sorted(heads.items(), key=lambda item: (-sum(item[1].values()), item[0])):
        parts = [f"{d} {n} {noun}" for d, n in sorted(details.items(), key=lambda kv: (-kv[1], kv[0])) if d]
        note = f"{head}:{'、'.join(parts)}" if parts else head
        log.counts.append((sheet, table, sum(details.values()), 0, note))


def counted(log: Log) -> pd.DataFrame:
    """The lines of counts: file, sheet, table, read, kept, rejected, note.

    >>> log = Log("a.osm")
    >>> tally(log, "edges", np.array(["", "回环"], object))
    >>> counted(log)[["read", "kept", "rejected", "note"]].values.tolist()
    [[1, 1, 0, ''], [1, 0, 1, '回环']]
    """
    rows = [(log.file, sheet, table, read, kept, read - kept, note) for sheet, table, read, kept, note in log.counts]
    return pd.DataFrame(rows, columns=list(COUNTS), dtype=object).astype(COUNTS)


def problems(log: Log) -> pd.DataFrame:
    """The faults as a frame with the columns of ``tables.check``'s: file, sheet, row, column, found, fault, remedy, code.

    >>> log = Log("a.shp", [Fault("crs_missing", "坐标系", "(无)", "没有坐标系", '读入时写明 crs="EPSG:4549"')])
    >>> problems(log)[["file", "fault"]].values.tolist()
    [['a.shp', '没有坐标系']]
    """
    held = sorted(log.faults, key=lambda f: (f.row is not None, f.sheet, f.row or 0, f.column))
    rows = [(log.file, f.sheet, f.row, f.column, f.found[:200], f.fault, f.remedy, f.code) for f in held]
    return pd.DataFrame(rows, columns=list(PROBLEMS), dtype=object).astype(PROBLEMS)


def message(problems: pd.DataFrame, counts: pd.DataFrame) -> str:
    """The text of the error: how many faults and rows, and the first faults by name.

    >>> log = Log("a.shp", [Fault("crs_missing", "坐标系", "(无)", "没有坐标系", '写明 crs="EPSG:4549"')])
    >>> print(message(problems(log), counted(log)))
    路网 a.shp 有 1 处问题:
      坐标系:(无) —— 没有坐标系;写明 crs="EPSG:4549"
    """
    read, kept, gone = (int(counts[c].sum()) for c in ("read", "kept", "rejected"))
    rows = f"(读 {read} 行 = 保留 {kept} 行 + 退回 {gone} 行)" if read else ""
    said = [f"路网 {problems['file'].iloc[0]} 有 {len(problems)} 处问题{rows}:"]
    for one in problems.head(SHOWN).astype(object).to_dict("records"):
        where = " ".join(
            w for w in (one["sheet"], "" if pd.isna(one["row"]) else f"第 {one['row']} 行", one["column"]) if w
        )
        said.append(f"  {where or '文件'}:{one['found']} —— {one['fault']};{one['remedy']}")
    if len(problems) > SHOWN:
        said.append(f"  …其余 {len(problems) - SHOWN} 处见 .problems")
    return "\n".join(said)


def sized(path: Path) -> str:
    """What is found of a file that cannot be read: its size.

    >>> sized(Path("no such file"))
    '0 字节'
    """
    return f"{path.stat().st_size if path.is_file() else 0} 字节"
