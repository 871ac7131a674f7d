"""A folder of documents, file by file, into the frames of a reading."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from ..errors import DocumentError
from ..tables.checks import sentence
from ..tables.fields import label
from ..tables.sheets import spelt
from . import counts, items, opening, roles, sections
from .answers import Answers
from .parts import Row, line, rows
from .rows import Found, found
from .sections import Walk
from .summary import Said

PROBLEMS = {
    "file": "str",
    "place": "str",
    "row": "Int64",
    "column": "str",
    "found": "str",
    "fault": "str",
    "remedy": "str",
    "level": "str",
    "code": "str",
}
PLACE = {"file": "str", "page": "int64", "sheet": "str", "table": "int64", "row": "int64"}
ROWS = PLACE | {"role": "str", "item": "str", "text": "str"}
ORIGINALS = (
    {"item": "str", "township": "str", "list_kind": "str"}
    | PLACE
    | {"last_row": "int64", "number": "Int64"}
    | dict.fromkeys(items.PRINTED, "str")
)
DUTIES = {
    "item": "str",
    "township": "str",
    "list_kind": "str",
    "side": "str",
    "unit": "str",
    "order": "int64",
    "duty": "str",
}
FILES = {
    "file": "str",
    "kind": "str",
    "layout": "str",
    "townships": "str",
    "tables": "int64",
    "read": "int64",
    "kept": "int64",
    "rejected": "int64",
    "items": "int64",
    "refused": "bool",
    "note": "str",
}
LEVELS = {"number_missing": ("doc_number", "look"), "number_jump": ("doc_jump", "look")}
LEVELS |= {"row_unknown": ("doc_row", "ask"), "name_missing": ("doc_name", "ask"), "several": ("doc_several", "ask")}
LEVELS |= {"row_joined": ("doc_joined", "look"), "number_restart": ("doc_restart", "ask")}
PICTURES = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp", ".zip", ".rar", ".7z")
LOST = ("rejected", "unnamed")


class _Book:
    """The rows of every frame, as they grow file by file."""

    def __init__(self) -> None:
        self.items: list[dict[str, Any]] = []
        self.of: list[tuple[str, Any]] = []  # (file, printed item) of each item
        self.rows: list[tuple[Any, ...]] = []  # with the item's position in place of its id
        self.problems: list[tuple[Any, ...]] = []
        self.files: list[tuple[Any, ...]] = []
        self.said: list[tuple[str, Said]] = []

    def fault(self, file: str, where: Row | None, code: str, level: str, **words: Any) -> None:
        column, told = str(words.pop("column", "")), str(words.pop("shown", ""))
        fault, remedy = sentence(code, {k: str(v) for k, v in words.items()})
        spot = items.spot(where) if where is not None else ""
        at = line(where) if where is not None else None
        self.problems.append((file, spot, at, column, told, fault, remedy, level, code))


def gather(
    root: Path,
    answers: Answers,
    since: pd.Timestamp | None,
    progress: Callable[[int, int, str], object] | None = None,
    endings: Sequence[str] = (),
) -> dict[str, pd.DataFrame]:
    """The frames of a Reading, ``items`` as English names and values still to be typed.

    root : a file or a folder; in a folder only files ending as ``endings`` say. since : date in force where a document names none.
    """
    book = _Book()
    files, passed = _files(root, tuple(endings) or opening.SUFFIXES)
    for done, path in enumerate(files):
        name = spelt(path.name if path == root else path.relative_to(root).as_posix())
        if progress:
            progress(done, len(files), name)
        _file(book, path, name, answers, since)
    if progress:
        progress(len(files), len(files), "")
    for name in passed:
        book.files.append((name, "", "", "", 0, 0, 0, 0, 0, False, "不是清单文档,未读"))
        if name.lower().endswith(PICTURES):
            book.fault(name, None, "doc_passed", "look")
    return _frames(book)


def _files(root: Path, endings: Sequence[str]) -> tuple[list[Path], list[str]]:
    """The documents under ``root``, and the names of other files that are passed over."""
    if root.is_file():
        return [root], []
    every = sorted(
        p
        for p in root.rglob("*")
        if p.is_file() and not any(s.startswith((".", "~$", "__")) for s in p.relative_to(root).parts)
    )
    wanted = [p for p in every if p.suffix.lower() in endings]
    return wanted, [spelt(p.relative_to(root).as_posix()) for p in every if p.suffix.lower() not in endings]


def _file(book: _Book, path: Path, name: str, answers: Answers, since: pd.Timestamp | None) -> None:
    try:
        document = opening.opened(path, name)
    except DocumentError as fault:
        book.fault(name, None, "doc_refused", "refused", detail=fault)
        book.files.append((name, path.suffix.lower()[1:], "", "", 0, 0, 0, 0, 0, True, str(fault)))
        return
    given = {"columns": answers.columns, "kinds": answers.kinds, "townships": answers.townships}
    walk = sections.walk(document, given)
    before, start = len(book.items), len(book.rows)
    _outside(book, name, walk)
    for section in walk.sections:
        _section(book, name, section, found(section), since if walk.since is None else walk.since)
    book.said += [(name, s) for s in walk.said]
    lines = [r[5] for r in book.rows[start:] if r[5] != "blank"]
    lost = sum(r in LOST for r in lines)
    here = book.items[before:]
    _missing(book, name, walk, here, {item.number for _, item in book.of[before:]})
    towns = "、".join(dict.fromkeys(r["township"] for r in here if r["township"]))
    layouts = "、".join(dict.fromkeys(_layout(s) for s in walk.sections))
    tables = len({(r[2], r[3]) for r in book.rows[start:]})
    note = ";".join(document.notes)
    book.files.append(
        (name, document.kind, layouts, towns, tables, len(lines), len(lines) - lost, lost, len(here), False, note)
    )


def _loose(book: _Book, file: str, walk: Walk, numbers: set[int | None]) -> None:
    """Numbered lines behind a table: they go on where its numbers stop, or there are many."""
    behind = [(n, text) for n, text, after in walk.numbered if after]
    goes_on = any(n - 1 in numbers and n not in numbers for n, _ in behind)
    if goes_on or len(behind) > 2:
        book.fault(file, None, "doc_loose", "ask" if goes_on else "look", rows=len(behind), shown=behind[0][1])


def _missing(book: _Book, file: str, walk: Walk, here: list[dict[str, Any]], numbers: set[int | None]) -> None:
    """Faults of a file that holds less than it says: no items, a list announced but not found, an empty sheet."""
    if not here:
        lines = len(walk.numbered)
        book.fault(file, None, "doc_text" if lines > 2 else "doc_empty", "ask", rows=lines)
    else:
        _loose(book, file, walk, numbers)
    have = {(r["township"] or "", r["list_kind"]) for r in here}
    for (town, kind), said in walk.announced.items():
        mine = not town or any(t == town for t, _ in have)  # a link to another township's list is no promise
        if here and mine and not any(k == kind and (t == town or not town) for t, k in have):
            book.fault(file, None, "doc_absent", "ask", shown=said, kind=label("items", "list_kind", kind))
    for told in walk.document.unread:
        book.fault(file, None, "doc_blank", "look", note=told)
    titled = any(s.kind == "assisting" for s in walk.sections)
    duties = [r["department_duty"] or r["township_duty"] for r in here if r["list_kind"] == "assisting" and titled]
    if duties and not any(duties):
        book.fault(file, None, "doc_duties", "ask")


def _layout(section: sections.Section) -> str:
    names = {"territorial": "属地管理责任清单", "powers": "权责清单", "tasks": "职责任务清单"}
    return names.get(section.layout) or (label("items", "list_kind", section.kind) if section.kind else "未归类")


def _row(file: str, row: Row, role: str, item: int) -> tuple[Any, ...]:
    return file, items.page(row), row.table.sheet, row.table.number, line(row), role, item, roles.told(row)


def _outside(book: _Book, file: str, walk: Walk) -> None:
    book.rows += [_row(file, row, role, -1) for row, role in walk.outside]
    for row, role in walk.outside:
        if role == "rejected":
            book.fault(file, row, "doc_row", "ask", shown=_row(file, row, role, -1)[-1])
    for table, known in walk.unnamed:
        first = rows(table, 0)[0]
        have = f"(认出的列:{'、'.join(known)})" if known else ""
        book.fault(file, first, "doc_unnamed", "ask", rows=len(table.grid), known=have)


def _section(book: _Book, file: str, section: sections.Section, got: Found, since: pd.Timestamp | None) -> None:
    base = len(book.items)
    for item in got.items:
        book.items.append(items.made(item, file, since))
        book.of.append((file, item))
    book.rows += [_row(file, row, role, base + at if at >= 0 else -1) for row, role, at in got.roles]
    book.said += [(file, s) for s in got.said]
    for row, column, told, code in got.faults:
        known, level = LEVELS[code]
        book.fault(file, row, known, level, column=column, shown=told, found=told)
    for row, _, _ in got.roles:
        for at, text in enumerate(row.cells):
            if text in ("#REF!", "#N/A", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!"):
                book.fault(file, row, "doc_error", "ask", column=section.header.texts[at], shown=text, found=text)
    _headings(book, file, section, base)


def _headings(book: _Book, file: str, section: sections.Section, base: int) -> None:
    """Faults of a section's heading: columns that are unclear, a list or township that is not named."""
    first = section.rows[0] if section.rows else None
    where = file.rsplit("/", 1)[-1]
    where += f"/{first.table.sheet}" if first is not None and first.table.sheet else ""
    for one in section.header.unsure:
        near = "、".join(one.nearest) or "(没有相近的)"
        if one.twice:
            words = {"heading": one.text, "label": one.nearest[0]}
            book.fault(file, first, "doc_again", "ask", column=one.text, shown=one.text, **words)
            continue
        words = {"heading": one.text.split("›")[-1], "near": near, "first": (*one.nearest, "")[0]}
        code = "doc_column" if one.close else "doc_column_far"
        book.fault(file, first, code, "ask", column=one.text, shown=one.text, **words)
    for heading, label_ in section.header.read_as:
        if not any(p[0] == file and p[-1] == "doc_read" and p[3] == heading for p in book.problems):
            book.fault(file, first, "doc_read", "look", column=heading, shown=heading, heading=heading, label=label_)
    mine = book.items[base:]
    if mine and not section.layout and any(r["list_kind"] is None for r in mine):
        book.fault(file, first, "doc_kind", "ask", name=where)
    if any(r["township"] is None for r in mine):
        book.fault(file, first, "doc_township", "look" if section.layout else "ask", name=where)
    if section.clash:
        said, columns = (label("items", "list_kind", k) for k in (section.kind, section.clash))
        book.fault(file, first, "doc_clash", "look", said=said, columns=columns)


def _frames(book: _Book) -> dict[str, pd.DataFrame]:
    twins = items.numbered(book.items, [file for file, _ in book.of])
    for at, first in enumerate(twins):
        if first >= 0:
            file, item = book.of[at]
            other, twin = book.of[first]
            where = f"{'' if other == file else f'“{other}”'}第{line(twin.rows[0])}行"
            words = {"column": "事项名称", "shown": book.items[at]["name"], "first": where}
            book.fault(file, item.rows[0], "doc_twice", "look", **words)
    ids = [r["item"] for r in book.items]
    files = [f for f, _ in book.of]
    for file in dict.fromkeys(f for f, r in zip(files, book.items, strict=True) if r["since"] is None):
        book.fault(file, None, "doc_since", "look")
    known = pd.DataFrame(
        [(f, r["township"], r["list_kind"], r["category"]) for f, r in zip(files, book.items, strict=True)],
        columns=["file", "township", "list_kind", "category"],
    ).astype("str")
    table = counts.counts(known, book.said)
    _counted(book, table)
    parts = [(_key(r), items.duties(i, r)) for (_, i), r in zip(book.of, book.items, strict=True)]
    duties = [(*key, *d.values()) for key, many in parts for d in many]
    rows = [(*r[:6], ids[r[6]] if r[6] >= 0 else None, r[7]) for r in book.rows]
    return {
        "items": pd.DataFrame(book.items, dtype=object),
        "originals": _typed([_original(f, i, r) for (f, i), r in zip(book.of, book.items, strict=True)], ORIGINALS),
        "duties": _typed(duties, DUTIES),
        "rows": _typed(rows, ROWS),
        "counts": table,
        "problems": _typed(book.problems, PROBLEMS),
        "files": _typed(book.files, FILES),
    }


def _key(row: dict[str, Any]) -> tuple[Any, ...]:
    return row["item"], row["township"], row["list_kind"]


def _original(file: str, item: Any, row: dict[str, Any]) -> tuple[Any, ...]:
    first, last = item.rows[0], item.rows[-1]
    where = (file, items.page(first), first.table.sheet, first.table.number, line(first))
    return (*_key(row), *where, line(last), item.number, *items.printed(item).values())


def _counted(book: _Book, table: pd.DataFrame) -> None:
    for one in table[table["difference"].fillna(0) != 0].to_dict("records"):
        gap, category, kind = one["difference"], one["category"], one["list_kind"]
        words = {
            "declared": one["declared"],
            "parsed": one["parsed"],
            "difference": f"多 {gap} 项" if gap > 0 else f"少 {-gap} 项",
        }
        named = label("items", "list_kind", kind) if kind else ""
        told = one["township"] + named + (f"“{category}”" if category else "")
        book.fault(one["file"], None, "doc_count", "look", column=told, shown=one["text"], **words)


def _typed(rows: Sequence[Sequence[Any]], columns: dict[str, str]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=list(columns), dtype=object).astype(columns)
