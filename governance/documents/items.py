"""Printed items into the package's own: names, units and duties cleaned, the list of each settled, ids given."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from ..tables.fields import fields
from ..tables.headers import squeeze
from . import wording
from .parts import Row, line
from .rows import Item

LETTER = {"basic": "J", "assisting": "P", "reclaimed": "S"}
PRINTED = ("category", "name", "department", "department_duty", "township_duty", "support", "method", "basis")
BRACKETS = str.maketrans("（）", "()")  # as in names, so that the width of a bracket is no difference
_TOWN = re.compile(r"乡镇|镇街|街道|镇$|乡$|属地|镇\(街道\)|^各[镇乡]")
_WRAP = re.compile(r"\n(?!\d+[..、]|[(（]\d)")  # a line break of the page, not before a new number
_UNIT = re.compile(
    r"^(?:[县市区]|中共|国网|[\u4e00-\u9fff]{2,4}[县市区]).*(?:局|委|委员会|办|办公室|部|大队|中心|公司|联合会|联合社|工会|妇联|团委|残联|院)$"
)
_YES = re.compile(r"[√✓✔●★☑是]|主体|^主")
_NO = ("", "无", "否", "×", "/", "-", "—", "——")


def identity(list_kind: str, name: str) -> str:
    """The id of an item: the same wording on the same list has the same id in every township and every file.

    A letter for the list (J basic, P assisting, S reclaimed, X not told) and seven characters of the name's SHA-1.

    >>> identity("basic", "抓好基层党组织建设") == identity("basic", "抓好基层党组织建设")
    True
    """
    digest = base64.b32encode(hashlib.sha1(name.encode("utf-8"), usedforsecurity=False).digest())
    return LETTER.get(list_kind, "X") + digest[:7].decode("ascii")


def place(file: str, row: Row) -> str:
    """Where a row stands, for a person: file›sheet or page and table›row.

    >>> from governance.documents.blocks import Table
    >>> from governance.documents.parts import rows
    >>> place("甲.docx", rows(Table((("a", "b"),), 2), 0)[0])
    '甲.docx›表2›第1行'
    """
    return f"{file}›{spot(row)}›第{line(row)}行"


def page(row: Row) -> int:
    """The page of a row, 0 where the file does not tell.

    >>> from governance.documents.blocks import Table
    >>> from governance.documents.parts import rows
    >>> page(rows(Table((("a", "b"),), page=3), 0)[0])
    3
    """
    return row.table.pages[row.at] if row.table.pages else row.table.page


def spot(row: Row) -> str:
    """The sheet, or the page and table, that a row stands in.

    >>> from governance.documents.blocks import Table
    >>> from governance.documents.parts import rows
    >>> spot(rows(Table((("a", "b"),), 2, page=3), 0)[0])
    '第3页表2'
    """
    if row.table.sheet:
        return row.table.sheet
    return f"第{page(row)}页表{row.table.number}" if page(row) else f"表{row.table.number}"


def made(item: Item, file: str, since: Any) -> dict[str, Any]:
    """One row of the ``items`` table (without an id), from what is printed.

    since : date in force where the row itself names none.
    """
    names, method = _units(item)
    kind, names = _list(item, names)
    own = _cell(item, "township")
    township = wording.township(own) or ("" if own else item.section.township)
    return {
        "township": township or None,
        "list_kind": kind or None,
        "category": item.category or None,
        "name": wording.name(item.text("name")),
        "department": names,
        "department_duty": _duty(item, "department_duty", names),
        "township_duty": _duty(item, "township_duty", names),
        "support": _support(item),
        "method": _WRAP.sub("", method).translate(BRACKETS) or None,
        "basis": wording.clean(item.text("basis")).translate(BRACKETS) or None,
        "since": _day(item, "since") or since,
        "until": _day(item, "until"),
        "known_from": _day(item, "known_from"),
        "source": place(file, item.rows[0]),
    }


def printed(item: Item) -> dict[str, str]:
    """The item's texts as they stand in the document, under the names of the items table."""
    combined = item.text("department_method")
    out = {c: item.text(c) for c in PRINTED}
    out["category"] = out["category"] or item.category
    out["department"] = out["department"] or combined or item.text("primary")
    out["method"] = out["method"] or combined
    out["support"] = out["support"] or "\n".join(
        filter(None, (item.text(c) for c in ("training", "guidance", "funds")))
    )
    return out


def duties(item: Item, row: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The item's duties one by one: side, unit, order, duty; for the ``duties`` frame."""
    out = []
    for side in ("department", "township"):
        text = row[f"{side}_duty"]
        if isinstance(text, str):
            for order, one in enumerate(wording.duties(text, row["department"] or ()), 1):
                alone = row["department"][0] if side == "department" and len(row["department"] or ()) == 1 else ""
                out.append({"side": side, "unit": one.unit or alone, "order": order, "duty": one.text})
    return out


def numbered(rows: Sequence[dict[str, Any]], files: Sequence[str]) -> list[int]:
    """Gives each row its ``item`` id, in place; returns for each the position of an earlier twin, or -1.

    Two items of one township (of one file, where no township is told), list and name are twins: the later gets -2, -3 …
    behind its id.
    """
    first: dict[tuple[Any, ...], int] = {}
    times: dict[tuple[Any, ...], int] = {}
    twins = []
    for at, row in enumerate(rows):
        key = row["township"] or files[at], row["list_kind"], row["name"]
        base = identity(row["list_kind"] or "", row["name"])
        times[key] = times.get(key, 0) + 1
        row["item"] = base if times[key] == 1 else f"{base}-{times[key]}"
        twins.append(first.get(key, -1))
        first.setdefault(key, at)
    return twins


def _cell(item: Item, meaning: str) -> str:
    return item.text(meaning).split("\n")[0].strip()


def _day(item: Item, meaning: str) -> Any:
    text = _cell(item, meaning)
    day = pd.to_datetime(re.sub("[年月.]", "-", text).strip("日 "), errors="coerce") if text else pd.NaT
    return None if pd.isna(day) else day


def _units(item: Item) -> tuple[list[str], str]:
    """The departments named, and the working method."""
    names = wording.departments(item.text("department"))
    method = wording.clean(item.text("method"))
    if combined := item.text("department_method"):
        taken, how = wording.taking_over(combined)
        names, method = names or taken, method or how
    if not names and "department" not in item.section.header.columns:
        groups = wording.duties(item.text("department_duty"), ())
        names = [d.unit for d in groups] if groups and all(d.unit for d in groups) else []
    if not names and _UNIT.search(item.category):  # a list sorted by department
        names = wording.departments(item.category)
    return list(dict.fromkeys(names)), method


def _list(item: Item, names: list[str]) -> tuple[str, list[str]]:
    """The list an item belongs to, and its departments; "" where the document does not sort into the three lists."""
    said = wording.kind(_cell(item, "list_kind")) or _allowed().get(_cell(item, "list_kind"), "")
    if said or item.section.kind:
        return said or item.section.kind, names
    shares = _shares(item)
    if shares is None:
        return "", names
    lead, help_ = shares
    departments = list(dict.fromkeys(u for u in (*lead, *help_) if not _TOWN.search(u))) or names
    if any(_TOWN.search(u) for u in lead):
        return "basic", departments
    leading = [u for u in lead if not _TOWN.search(u)]
    if leading and (any(_TOWN.search(u) for u in help_) or item.text("township_duty").strip()):
        return "assisting", leading
    return "", departments


def _shares(item: Item) -> tuple[list[str], list[str]] | None:
    """Units with the main responsibility and units that assist, where the list says so."""
    at = item.section.header.columns
    known = [m for m in at if m.startswith(("primary", "secondary"))]
    if not known and not item.section.header.units:
        return None
    lead: list[str] = []
    help_: list[str] = []
    for meaning in known:
        role, _, side = meaning.partition("_")
        text = squeeze(item.text(meaning))
        if text in _NO:
            continue
        marked = bool(side) and len(text) <= 4 and bool(_YES.search(text) or "配" in text)
        units = ["乡镇" if side == "township" else "部门"] if marked else wording.departments(item.text(meaning))
        (lead if role == "primary" else help_).extend(units)
    for unit in item.section.header.units.values():
        text = squeeze(item.text(f"unit:{unit}"))
        if text not in _NO:
            (help_ if re.search("配|协|○|△", text) else lead).append(unit)
    return lead, help_


def _allowed() -> dict[str, str]:
    return next(dict(f.allowed) for f in fields("items") if f.name == "list_kind")


def _duty(item: Item, meaning: str, units: Sequence[str]) -> str | None:
    """A side's duties in one canonical text, grouped by unit where rows or cells are."""
    groups = [(o.strip(), p.get(meaning, "").strip()) for o, p in zip(item.owners, item.parts, strict=True)]
    if len({d for d, _ in groups}) > 1 and all(d and t for d, t in groups):
        texts = {d: "\n".join(t for owner, t in groups if owner == d) for d, _ in groups}
        text = "\n".join(f"{wording.clean(d)}:\n{t}" for d, t in texts.items())
        units = [u for d, _ in groups for u in wording.departments(d)]
    else:
        text = item.text(meaning)
    written = wording.written(wording.duties(text, units)).translate(BRACKETS)
    return None if written.strip("。") in ("", "无") else written


def _support(item: Item) -> str | None:
    """Promised support as tokens; "" where the list says none, None where it has no such column."""
    at = item.section.header.columns
    columns = [c for c in ("training", "guidance", "funds") if c in at]
    if "support" not in at and not columns:
        return None
    tokens = list(wording.support(item.text("support")))
    tokens += [c for c in columns if squeeze(item.text(c)) not in _NO]
    said = bool(item.text("support").strip()) or bool(columns)
    none = squeeze(item.text("support")) in _NO and not any(squeeze(item.text(c)) not in _NO for c in columns)
    return "|".join(dict.fromkeys(tokens)) if tokens else "" if said and none else None
