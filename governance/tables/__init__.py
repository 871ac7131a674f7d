"""A folder or workbook in, validated frames out, and back: 中文 at the door, English inside.

The other chapters of this room: ``fields`` (what columns there are), ``sheets`` and ``formulas`` (raw cells),
``headers``, ``columns`` and ``measures`` (which table, which column, which unit), ``cells`` and ``degrees`` (text to
value), ``seats`` (where rows lie), ``checks`` and ``links`` (faults in a row,
faults between rows), ``forms`` (workbooks out), ``marks`` (faults shown in the office's own files).
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd

from ..errors import TableError
from ..files import replaced
from .checks import Part, Problem, body, worded
from .edges import NODELESS, by_places, ends, named, suspected
from .fields import TABLES, fields, frame, label, schema, titles
from .forms import blank, cell_texts, workbook
from .headers import EXAMPLE, Layout, layout, squeeze
from .links import derived, linked
from .marks import mark
from .seats import ROWS, distinct, located, remarks, seated, whereabouts
from .sheets import Refused, Skipped, load, spelt

__all__ = [
    "COUNTS",
    "TABLES",
    "Check",
    "County",
    "Streets",
    "blank",
    "check",
    "frame",
    "frames",
    "label",
    "mark",
    "read",
    "schema",
    "write",
]
COUNTS = {
    "file": "str",
    "sheet": "str",
    "table": "str",
    "read": "int64",
    "kept": "int64",
    "rejected": "int64",
    "note": "str",
}
UNITLESS = "没有单位表:由其他表所列名称得出部门和乡镇(街道)共 {} 个"
SHOWN = 20  # faults in the message; all of them are in .problems
_FILES = (".csv", ".tsv", ".xls", ".xlsm", ".ods", ".doc", ".docx", ".pdf", ".txt", ".json", ".html", ".parquet")
_NAME = re.compile(r"[一-鿿]{2,8}(?:县|市|(?<!社)区|旗)")


@dataclass(frozen=True, eq=False)
class Streets:
    """The walking network: ``nodes`` (node, x, y, height), ``edges`` (edge, source, target, length_m, kind, name), crs.

    ``crs`` says what x and y are ("EPSG:32651"; "" for a plane of their own). Where streets bend between their nodes,
    ``edges`` also has ``geometry``: a line from source to target, None where it is straight.
    """

    nodes: pd.DataFrame
    edges: pd.DataFrame
    crs: str = ""


@dataclass(frozen=True, eq=False)
class County:
    """One county's validated tables; ``example`` is True for made-up data, ``counts`` says how rows were read."""

    name: str
    example: bool
    units: pd.DataFrame
    items: pd.DataFrame
    tasks: pd.DataFrame
    staff: pd.DataFrame
    communities: pd.DataFrame
    rooms: pd.DataFrame
    sites: pd.DataFrame
    streets: Streets
    activities: pd.DataFrame
    counts: pd.DataFrame
    plots: pd.DataFrame = field(default_factory=lambda: frame("plots"))


@dataclass(frozen=True, eq=False)
class Check:
    """What ``check`` found: the county as far as it could be read, every problem, every row accounted for.

    ``rows`` (table, file, sheet, row) says where each row of the county's frames stands, in their order.
    """

    county: County
    problems: pd.DataFrame
    counts: pd.DataFrame
    rows: pd.DataFrame


def read(path: str | Path) -> County:
    """The county in ``path``, a folder (searched through) or one workbook or CSV; prints one line of counts.

    Files may be csv, xlsx, xls and ods mixed; see ``check`` for what is understood and what is a fault.
    A table no file gives is empty with all its columns; without a unit table, ``units`` holds the departments
    and townships the other tables name, without a node table ``streets.nodes`` the ends of the edges (``counts``
    says so). ``source`` of items and tasks is filled with
    file›sheet›第N行 where it is blank.

    Raises TableError when anything at all is wrong: the text shows the first 20 faults, ``.problems`` all of
    them (file, sheet, row, column, found, fault, remedy, code) and ``.counts`` what became of every row.

    Does not show: whether what the rows say is true; a well-formed wrong number passes.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = (Path(folder) / "单位表.csv").write_text("单位名称,单位类型\\n县教育局,部门\\n", "utf-8")
    ...     read(folder).units[["unit", "kind"]].values.tolist()
    读入 1 个文件:共 1 行 = 保留 1 行 + 退回 0 行
    [['县教育局', 'department']]
    """
    return sound(check(path))


def sound(found: Check) -> County:
    """The county of ``found``; prints one line of counts, or raises TableError as ``read`` does.

    >>> len(sound(check("no such folder")).sites)
    Traceback (most recent call last):
    governance.errors.TableError: 数据中有 1 处问题;读入 0 个文件:共 0 行 = 保留 0 行 + 退回 0 行
      no such folder:没有这个文件或文件夹;核对路径
    """
    if len(found.problems):
        raise TableError(_message(found.problems, found.counts), found.problems, found.counts)
    print(f"读入 {_files(found.counts)} 个文件:{_sums(found.counts)}")
    return found.county


def check(path: str | Path) -> Check:
    """What is in ``path`` and everything wrong with it; faults in the data never raise.

    Understood without complaint: Chinese or English headers in any order, aliases, inner spaces, full-width
    forms, title rows, two-row headers, blank and repeated header rows, totals, signatures and remarks beside the
    records (passed over and noted), merged body cells, Chinese and Excel dates, thousands separators, utf-8,
    gb18030 and utf-16 CSV. A row with any fault is rejected and stays out of ``county``; a fault in a header
    rejects its sheet. ``counts`` has a row per sheet and per file passed over: file, sheet, table, read, kept,
    rejected, note; read = kept + rejected. One defect is one problem.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = (Path(folder) / "节点.csv").write_text("节点编号,X,Y\\n1,0,0\\n2,东边,0\\n", "utf-8")
    ...     found = check(folder)
    >>> found.problems[["row", "column", "found", "fault"]].values.tolist()
    [[3, '横坐标(米)', '东边', '数字里夹有文字']]
    """
    root = Path(path)
    if not root.exists():
        return _nothing(root, "path_missing")
    parts, counts, problems, sheets = _gathered(root)
    if not any(p.shape and (p.shape.table or p.shape.faults) for p in parts) and not problems:
        parts.append(Part(spelt(root.name), "", None, None))
        problems.append(
            Problem(len(parts) - 1, None, "", "", "no_tables", {"names": "、".join(label(t) for t in TABLES)})
        )
    joined = _joined(sheets)
    tables, faults, notes = _linked(joined, parts)
    faults += seated(joined)
    stray = {(p.part, p.row) for p in problems if p.code == "stray_row"}
    problems += (faults := [p for p in faults if (p.part, p.row) not in stray])
    tables = _rejected(tables, faults)
    kept, where = {t: _kept(t, tables[t], parts) for t in TABLES}, whereabouts(tables, parts)
    kept, shared = distinct(kept)
    for table, said in (*remarks(kept, where).items(), *shared.items()):
        notes[table] += said
    account = _account(counts, parts, tables, notes)
    for table, make, note in (
        ("units", lambda: derived(kept, frame), UNITLESS),
        ("nodes", lambda: ends(kept["edges"]), NODELESS),
    ):
        if not len(tables[table]) and len(made := make()):
            kept[table] = made
            line = pd.DataFrame([["", "", table, 0, 0, 0, note.format(len(made))]], columns=list(COUNTS)).astype(COUNTS)
            account = pd.concat([account, line], ignore_index=True)
    county = _county(root, parts, kept, account)
    return Check(county, worded(problems, parts), account, where)


def frames(county: County) -> dict[str, pd.DataFrame]:
    """The county's eleven tables by name, in the order of TABLES.

    >>> list(frames(check("no such folder").county))[-3:]
    ['nodes', 'edges', 'activities']
    """
    return {t: getattr(county.streets if t in ("nodes", "edges") else county, t) for t in TABLES}


def write(county: County, path: str | Path) -> list[Path]:
    """The files written: one ``.xlsx`` when ``path`` ends so, else a CSV (UTF-8 with BOM) per table in a folder.

    Headers and values are Chinese; all eleven tables are written, empty ones too, each file whole or not at all.
    The same county gives the same bytes. Made-up data says 示例数据 in the workbook's title rows or the CSV
    names. Text that starts with = + - @ stays text (in CSV behind an apostrophe, which ``read`` takes off).
    Units and nodes that ``read`` derived are not written, as no office gave them; ``read`` derives them again.
    What ``read`` gave, ``read`` gives again from the files written, except ``counts``, and ``name`` where no
    unit is of kind county. Raises TableError for another ending or a text too long for a cell.

    >>> import tempfile
    >>> from governance.tables.fields import frame
    >>> county = check("no such folder").county
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     [p.name for p in write(county, folder)][:2]
    ['单位表.csv', '履职事项清单.csv']
    """
    root, tables = Path(path), _given(county)
    units = county.units
    known = ((units["kind"] == "county") & (units["unit"] == county.name)).any()
    prefix = county.name if not known and _NAME.fullmatch(county.name) else ""
    mark_ = f"({EXAMPLE})" if county.example else ""
    if root.suffix.lower() == ".xlsx":
        given = {t: f"{county.name}{label(t)}{mark_}" if county.example or prefix else "" for t in TABLES}
        return [replaced(root, lambda out: workbook(tables, out, headings=given))]
    if root.suffix.lower() in _FILES and not root.is_dir():
        raise TableError(f"只能写成文件夹或 .xlsx 工作簿,不能写成 {root.suffix}")
    root.mkdir(parents=True, exist_ok=True)
    csv = {"index": False, "encoding": "utf-8-sig", "lineterminator": "\r\n"}
    texts = {t: cell_texts(t, tables[t]) for t in TABLES}
    return [replaced(root / f"{prefix}{label(t)}{mark_}.csv", partial(texts[t].to_csv, **csv)) for t in TABLES]


def _given(county: County) -> dict[str, pd.DataFrame]:
    """The tables without nodes that were derived, and without such units unless the lists left lack a township."""
    tables, counts = frames(county), county.counts
    if tables["nodes"][["x", "y"]].isna().all(axis=None):
        tables["nodes"] = frame("nodes")
    units, towns = tables["units"], set(tables["items"]["township"])
    if not len(counts) or not ((counts["table"] == "units") & (counts["file"] == "")).any():
        return tables
    whole = not towns or set(units.loc[units["kind"] == "township", "unit"]) <= towns
    if whole and units.equals(derived(tables, frame)):
        tables["units"] = frame("units")
    return tables


def _nothing(root: Path, code: str) -> Check:
    empty = {t: frame(t) for t in TABLES}
    counts = pd.DataFrame(columns=list(COUNTS)).astype(COUNTS)
    part = Part(spelt(root.name), "", None, None)
    problems, none = worded([Problem(0, None, "", "", code, {})], [part]), pd.DataFrame(columns=list(ROWS)).astype(ROWS)
    return Check(_county(root, [], empty, counts), problems, counts, none)


def _gathered(root: Path) -> tuple[list[Part], list[list[object]], list[Problem], dict[str, list[pd.DataFrame]]]:
    """Every sheet under a number, its line of counts, the faults within rows, and the typed rows by table."""
    parts: list[Part] = []
    counts: list[list[object]] = []
    problems: list[Problem] = []
    sheets: dict[str, list[pd.DataFrame]] = defaultdict(list)
    for one in load(root):
        if isinstance(one, Skipped):
            parts.append(Part(one.file, "", None, None))
            counts.append([one.file, "", None, 0, 0, 0, f"跳过:{one.why}"])
        elif isinstance(one, Refused):
            problems.append(Problem(len(parts), None, "", "", one.code, {"detail": one.detail}))
            parts.append(Part(one.file, "", None, None))
            counts.append([one.file, "", None, 0, 0, 0, "读不了"])
        else:
            one, shape = by_places(*located(one, layout(one)))
            rows = len(shape.body) if shape.table or shape.faults else 0
            counts.append([one.file, one.sheet, shape.table or None, rows, 0, rows, ";".join(shape.notes)])
            if shape.table:
                values, faults = body(one, shape, len(parts))
                problems += faults
                sheets[shape.table].append(values)
            else:
                problems += [
                    Problem(len(parts), shape.header + 1, c, found, code, words)
                    for code, c, found, words in shape.faults
                ]
            parts.append(Part(one.file, one.sheet, one, shape))
    return parts, counts, problems, sheets


def _joined(sheets: dict[str, list[pd.DataFrame]]) -> dict[str, pd.DataFrame]:
    joined = {}
    for table in TABLES:
        some = [s for s in sheets.get(table, []) if len(s)]
        empty = frame(table).assign(_part=0, _row=0, _ok=True)
        joined[table] = pd.concat(some, ignore_index=True) if some else empty
    return joined


def _linked(
    joined: dict[str, pd.DataFrame], parts: list[Part]
) -> tuple[dict[str, pd.DataFrame], list[Problem], dict[str, list[str]]]:
    """``linked`` with ids for the edges that have none; where no file gives nodes, those of the edges are known."""
    joined["edges"] = edges = named(joined["edges"])
    known = joined["nodes"] if len(joined["nodes"]) else ends(edges).assign(_part=0, _row=0, _ok=True)
    tables, faults, notes = linked(joined | {"nodes": known}, parts)
    return tables | {"nodes": joined["nodes"]}, faults + suspected(edges, joined["nodes"], parts), notes


def _rejected(tables: dict[str, pd.DataFrame], faults: list[Problem]) -> dict[str, pd.DataFrame]:
    """The tables with the rows of ``faults`` marked not ok."""
    if not faults:
        return tables
    wide = 1 << 32
    bad = np.unique([p.part * wide + (p.row or 0) for p in faults])
    return {
        t: f.assign(_ok=f["_ok"].to_numpy(bool) & ~np.isin(f["_part"].to_numpy() * wide + f["_row"].to_numpy(), bad))
        for t, f in tables.items()
    }


def _account(
    counts: list[list[object]], parts: list[Part], tables: dict[str, pd.DataFrame], notes: dict[str, list[str]]
) -> pd.DataFrame:
    account = pd.DataFrame(counts, columns=list(COUNTS)).astype(COUNTS)
    for table, held in tables.items():
        kept = held.groupby("_part")["_ok"].sum()
        for part, number in kept.items():
            account.loc[part, "kept"] = int(number)
        first = account.index[account["table"] == table]
        if len(first) and notes.get(table):
            said = [n for n in (account.loc[first[0], "note"], *dict.fromkeys(notes[table])) if n]
            account.loc[first[0], "note"] = ";".join(map(str, said))
    account["rejected"] = account["read"] - account["kept"]
    return account


def _kept(table: str, rows: pd.DataFrame, parts: list[Part]) -> pd.DataFrame:
    """The rows without fault, with ``source`` filled in, as the analyses get them."""
    good = rows[rows["_ok"].to_numpy(bool)].reset_index(drop=True)
    if table in ("items", "tasks") and (lacks := good["source"].isna()).any():
        where = [f"{p.file}›{p.sheet}›" if p.sheet else f"{p.file}›" for p in parts]
        places = pd.Series(np.array(where, dtype=object)[good["_part"].to_numpy()], dtype=object)
        filled = places + "第" + good["_row"].astype(str).astype(object) + "行"
        good = good.assign(source=good["source"].where(~lacks, filled.astype("str")))
    return good[[f.name for f in fields(table)]]


def _county(root: Path, parts: list[Part], kept: dict[str, pd.DataFrame], counts: pd.DataFrame) -> County:
    words = [w for p in parts if p.shape for w in (p.file, p.sheet, *p.shape.titles)]
    units, rest = kept["units"], {t: f for t, f in kept.items() if t not in ("nodes", "edges")}
    named = list(units.loc[units["kind"] == "county", "unit"]) + [
        n for p in parts if isinstance(p.shape, Layout) and p.shape.table for n in _names(p)
    ]
    name = named[0] if named else _bare(spelt(root.stem if root.suffix else root.resolve().name))
    example = any(EXAMPLE in squeeze(w) for w in (*words, root.name))
    return County(name=name, example=example, streets=Streets(kept["nodes"], kept["edges"]), counts=counts, **rest)


def _bare(text: str) -> str:
    """``text`` without the marks of made-up data."""
    return re.sub(rf"[(\uff08\[【]?{EXAMPLE}[)\uff09\]】]?", "", text).strip(" _-") or text


def _names(part: Part) -> list[str]:
    """County names that a file name or title gives once the table's own name is taken off."""
    found = []
    for text in (PurePosixPath(part.file).stem, *(part.shape.titles if part.shape else ())):
        rest = _bare(squeeze(text))
        for title in sorted((w for t in TABLES for w in titles(t)), key=len, reverse=True):
            rest = rest.replace(squeeze(title), "")
        found += [rest] if _NAME.fullmatch(rest) else []
    return found


def _files(counts: pd.DataFrame) -> int:
    return int(counts.loc[counts["table"].notna() & (counts["file"] != ""), "file"].nunique())


def _sums(counts: pd.DataFrame) -> str:
    read_, kept, rejected = (int(counts[c].sum()) for c in ("read", "kept", "rejected"))
    return f"共 {read_} 行 = 保留 {kept} 行 + 退回 {rejected} 行"


def _message(problems: pd.DataFrame, counts: pd.DataFrame) -> str:
    lines = [f"数据中有 {len(problems)} 处问题;读入 {_files(counts)} 个文件:{_sums(counts)}"]
    for p in problems.head(SHOWN).to_dict("records"):
        where = [p["file"], p["sheet"], "" if pd.isna(p["row"]) else f"第{p['row']}行", p["column"]]
        found = f"“{p['found']}”" if p["found"] else ""
        lines.append(f"  {' › '.join(w for w in where if w)}:{found}{p['fault']};{p['remedy']}")
    if len(problems) > SHOWN:
        lines.append(f"  ……另有 {len(problems) - SHOWN} 处,见 .problems 或运行 governance check")
    return "\n".join(lines)
