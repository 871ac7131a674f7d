"""What each row of a list is: an item, a category, the rest of the row above, a header again, a note."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ..tables.headers import squeeze
from . import roles, wording
from .parts import Row
from .sections import Section
from .summary import Said

DUTIES = ("department_duty", "township_duty")
_WHOLE = re.compile(
    r"(?:[县市区]|中共|国网|[\u4e00-\u9fff]{2,4}[县市区]).{1,30}(?:局|委|会|办公室|办|部|大队|中心|公司|院|社|机关)"
)
_SHARED = ("department", "category")  # cells that may be merged over several items


@dataclass(eq=False)
class Item:
    """One item as printed: its number, category, rows, and for each meaning the texts of its rows."""

    section: Section
    number: int | None
    category: str
    rows: list[Row]
    parts: list[dict[str, str]] = field(default_factory=list)
    owners: list[str] = field(default_factory=list)  # the department beside each part

    def text(self, meaning: str) -> str:
        """All that the item's rows say under one heading, as printed."""
        return "\n".join(t for p in self.parts if (t := p.get(meaning, "").strip()))


@dataclass(eq=False)
class Found:
    """The items of a section, the role of each of its rows, counts its category rows declare, and faults.

    roles : (row, role, position of its item or -1); role is item, more, category, header, title, total, note,
    blank or rejected. faults : (row, column in Chinese or "", found, code).
    """

    items: list[Item] = field(default_factory=list)
    roles: list[tuple[Row, str, int]] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)
    faults: list[tuple[Row, str, str, str]] = field(default_factory=list)


def found(section: Section) -> Found:
    """The items of ``section`` and what became of each of its rows; no row is left without a role."""
    out, category = Found(), section.category
    lines = _across_pages(section)
    plan = roles.plan(section, lines)
    ahead: list[Row] = []
    for row in lines:
        role = "more" if plan[id(row)] == "item" and _again(out, row, section) else plan[id(row)]
        if role == "total":
            _total(out, section, row, category)
        if role == "category":
            named = roles.category(row, section)
            category = named.name if named else category
            if named and named.declared is not None:
                said = Said(
                    section.township, section.kind, named.name, named.declared, "类别行", text=squeeze(row.wide)
                )
                out.said.append(said)
        elif role == "item":
            out.items.append(_item(section, row, category))
            _ditto(out)
            category = out.items[-1].category
            _declared(out, section, row)
            _several(out)
            for early in ahead:
                _add(out.items[-1], early, front=True)
                out.roles.append((early, "more", len(out.items) - 1))
            ahead = []
        elif role == "next":
            ahead.append(row)
            continue
        elif role in ("more", "joined") and out.items:
            if role == "joined":
                out.faults.append((row, "事项名称", roles.cell(row, section, "name"), "row_joined"))
            role = "more"
            _add(out.items[-1], row)
        elif role == "more":
            role = "rejected"
        if role == "rejected":
            out.faults.append((row, "", roles.told(row), "row_unknown"))
        out.roles.append((row, role, len(out.items) - 1 if role in ("item", "more") else -1))
    for early in ahead:
        out.faults.append((early, "", roles.told(early), "row_unknown"))
        out.roles.append((early, "rejected", -1))
    _nameless(out)
    _check_numbers(out)
    return out


def _again(out: Found, row: Row, section: Section) -> bool:
    """Whether a numbered row repeats number and name of the item above: one item written over several rows."""
    if not out.items or roles.number(row, section) is None:
        return False
    name = squeeze(roles.cell(row, section, "name"))
    return (roles.number(row, section), name) == (out.items[-1].number, squeeze(out.items[-1].text("name"))) and bool(
        name
    )


def _ditto(out: Found) -> None:
    """What stands as 同上 is what the item above says."""
    texts = out.items[-1].parts[0]
    for meaning, text in texts.items():
        if len(out.items) > 1 and squeeze(text) in ("同上", "〃", "\u2033", '"', "''"):
            texts[meaning] = out.items[-2].text(meaning)
    out.items[-1].owners[0] = texts.get("department", "")


def _declared(out: Found, section: Section, row: Row) -> None:
    """The number that a category column declares, once."""
    named = wording.category(wording.clean(roles.cell(row, section, "category")).replace("\n", ""))
    if named and named.declared is not None:
        said = Said(section.township, section.kind, named.name, named.declared, "类别列", text=squeeze(row.cells[0]))
        out.said += [said] * (not any(s.category == said.category and s.where == said.where for s in out.said))


def _total(out: Found, section: Section, row: Row, category: str) -> None:
    """The number a total row declares: for the list, or as 小计 for the category above it."""
    texts = [t for t in dict.fromkeys(map(squeeze, row.cells)) if not t.startswith("=")]
    if count := re.search(r"\d+", "".join(texts)):
        part = category if "小计" in texts[0] else ""
        if part or "小计" not in texts[0]:
            out.said.append(Said(section.township, section.kind, part, int(count[0]), "合计行", text=roles.told(row)))


def _several(out: Found) -> None:
    """All items of a category in one cell, one a line: each becomes an item; beside a number of its own it is a fault."""
    item = out.items[-1]
    pieces = [d for d in wording.duties(item.text("name"), ()) if d.number is not None and not d.unit]
    if len(pieces) < 2 or [d.number for d in pieces] != list(
        range(pieces[0].number or 0, len(pieces) + (pieces[0].number or 0))
    ):
        return
    if item.number is not None or len(wording.duties(item.text("name"), ())) != len(pieces):
        out.faults.append((item.rows[0], "事项名称", item.text("name"), "several"))
        return
    out.items.pop()
    for piece in pieces:
        texts = item.parts[0] | {"name": piece.text}
        out.items.append(Item(item.section, piece.number, item.category, list(item.rows), [texts], list(item.owners)))


def _nameless(out: Found) -> None:
    """Take out items without a name: their rows are rejected, with a fault."""
    keep = [bool(re.search(r"[^\W\d]", wording.name(item.text("name")))) for item in out.items]
    place = [sum(keep[:at]) if kept else -1 for at, kept in enumerate(keep)]
    out.faults += [
        (i.rows[0], "事项名称", "", "name_missing") for i, kept in zip(out.items, keep, strict=True) if not kept
    ]
    out.roles = [
        (row, "rejected" if at >= 0 and not keep[at] else role, place[at] if at >= 0 else -1)
        for row, role, at in out.roles
    ]
    out.items = [item for item, kept in zip(out.items, keep, strict=True) if kept]


def _item(section: Section, row: Row, category: str) -> Item:
    own = wording.clean(roles.cell(row, section, "category")).replace("\n", "")
    if own:
        named = wording.category(own)
        category = named.name if named else wording.name(own)
    return Item(
        section,
        roles.number(row, section),
        category,
        [row],
        [_texts(row, section)],
        [roles.cell(row, section, "department")],
    )


def _texts(row: Row, section: Section) -> dict[str, str]:
    found = {m: row.cells[at] for m, at in section.header.columns.items() if at < len(row.cells)}
    return found | {f"unit:{unit}": row.cells[at] for at, unit in section.header.units.items() if at < len(row.cells)}


def _add(item: Item, row: Row, *, front: bool = False) -> None:
    """Join a row to its item: what goes on lengthens the texts above, a row of its own department is a part more."""
    texts = _texts(row, item.section)
    at = item.section.header.columns
    own = at.get("name", -1) in row.below or (texts.get("name", "").strip() and not front and _same(item, texts))
    units = _is_unit(item.owners[-1]) and _is_unit(texts.get("department", ""))
    own = own or (not front and units and all(roles.FINISHED.search(item.parts[-1].get(m, "") or "。") for m in DUTIES))
    fresh = {m: "" if at.get(m, -1) in row.below else t for m, t in texts.items()}
    item.rows.insert(0, row) if front else item.rows.append(row)
    if own:
        item.parts.append(fresh | {"number": "", "name": ""})
        item.owners.append(texts.get("department", ""))
        return
    last = item.parts[0 if front else -1]
    for meaning, text in fresh.items():
        pair = (text, last.get(meaning, "")) if front else (last.get(meaning, ""), text)
        last[meaning] = "\n".join(t for t in pair if t.strip())


def _is_unit(text: str) -> bool:
    """Whether a cell names whole units, not a part of one cut by a page."""
    return bool(_WHOLE.fullmatch(squeeze(text)))


def _same(item: Item, texts: dict[str, str]) -> bool:
    """Whether a row repeats the number and name of its item."""
    return all(squeeze(texts.get(m, "")) == squeeze(item.parts[0].get(m, "")) for m in ("number", "name"))


def _across_pages(section: Section) -> list[Row]:
    """The rows, with a merged department or category that a page break cut written on both sides of it."""
    lines = sorted(section.rows, key=lambda row: row.table.fold[row.at] if row.table.fold else 0)
    for i in range(1, len(lines)):
        above, below = lines[i - 1], lines[i]
        if above.table is below.table or not below.table.page:
            continue
        for meaning in _SHARED:
            at = section.header.columns.get(meaning)
            if at is None or at >= min(len(above.cells), len(below.cells)):
                continue
            upper, lower = above.cells[at].strip(), below.cells[at].strip()
            if bool(upper) != bool(lower) and max(_height(above, at), _height(below, at)) > 1:
                step, start, text = (-1, i - 1, lower) if lower else (1, i, upper)
                for k in range(_height(lines[start], at)):
                    lines[start + step * k] = _with(lines[start + step * k], at, text)
    return lines


def _height(row: Row, at: int) -> int:
    """Over how many rows the cell goes."""
    for (top, left), (bottom, right) in row.table.merged:
        if top <= row.at <= bottom and left <= at <= right:
            return bottom - top + 1
    return 1


def _with(row: Row, at: int, text: str) -> Row:
    cells = (*row.cells[:at], text, *row.cells[at + 1 :])
    return Row(row.table, row.at, cells, row.wide, row.spans, row.below, row.fresh)


def _check_numbers(out: Found) -> None:
    """Faults: a number missing, numbers that neither run on nor restart."""
    last: Item | None = None
    for item in out.items:
        if "number" in item.section.header.columns:
            _check_number(out, item, last)
        last = item


def _check_number(out: Found, item: Item, last: Item | None) -> None:
    if item.number is None:
        if squeeze(item.text("number")) in ("", squeeze(item.text("name"))):
            out.faults.append((item.rows[0], "序号", "", "number_missing"))
        return
    before = last.number if last else None
    if before is not None and before > 1 and item.number == 1 and last and item.category == last.category:
        out.faults.append((item.rows[0], "序号", f"{before}→1", "number_restart"))
    elif before is not None and item.number not in (before + 1, 1, before):
        out.faults.append((item.rows[0], "序号", f"{before}→{item.number}", "number_jump"))
