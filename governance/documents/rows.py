"""What each row of a list is: an item, a category, the rest of the row above, a header again, a note."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ..tables.headers import squeeze
from . import wording
from .parts import Row, is_note, is_sum, repeats
from .sections import Section
from .summary import Said
from .titles import NO_CATEGORY, VERB

DUTIES = ("department_duty", "township_duty")
_OPEN = re.compile(r"[。!！?？;\uff1b]\s*$")
_AGAIN = re.compile(r"[(\uff08]\s*[接续][上下]?[表页]?\s*[)\uff09]\s*$")
_RUNNING = re.compile(r"[((]?(?:续表?|接上[表页]|转下[表页]|下页续)\d*[))]?")
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
    plan = _plan(section, lines)
    ahead: list[Row] = []
    for row in lines:
        role = "more" if plan[id(row)] == "item" and _again(out, row, section) else plan[id(row)]
        if role == "total":
            _total(out, section, row, category)
        if role == "category":
            named = _category(row, section)
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
                out.faults.append((row, "事项名称", _cell(row, section, "name"), "row_joined"))
            role = "more"
            _add(out.items[-1], row)
        elif role == "more":
            role = "rejected"
        if role == "rejected":
            out.faults.append((row, "", _shown(row), "row_unknown"))
        out.roles.append((row, role, len(out.items) - 1 if role in ("item", "more") else -1))
    for early in ahead:
        out.faults.append((early, "", _shown(early), "row_unknown"))
        out.roles.append((early, "rejected", -1))
    _nameless(out)
    _check_numbers(out)
    return out


def _again(out: Found, row: Row, section: Section) -> bool:
    """Whether a numbered row repeats number and name of the item above: one item written over several rows."""
    if not out.items or _number(row, section) is None:
        return False
    name = squeeze(_cell(row, section, "name"))
    return (_number(row, section), name) == (out.items[-1].number, squeeze(out.items[-1].text("name"))) and bool(name)


def _ditto(out: Found) -> None:
    """What stands as 同上 is what the item above says."""
    texts = out.items[-1].parts[0]
    for meaning, text in texts.items():
        if len(out.items) > 1 and squeeze(text) in ("同上", "〃", "\u2033", '"', "''"):
            texts[meaning] = out.items[-2].text(meaning)
    out.items[-1].owners[0] = texts.get("department", "")


def _declared(out: Found, section: Section, row: Row) -> None:
    """The number that a category column declares, once."""
    named = wording.category(wording.clean(_cell(row, section, "category")).replace("\n", ""))
    if named and named.declared is not None:
        said = Said(section.township, section.kind, named.name, named.declared, "类别列", text=squeeze(row.cells[0]))
        out.said += [said] * (not any(s.category == said.category and s.where == said.where for s in out.said))


def _total(out: Found, section: Section, row: Row, category: str) -> None:
    """The number a total row declares: for the list, or as 小计 for the category above it."""
    texts = [t for t in dict.fromkeys(map(squeeze, row.cells)) if not t.startswith("=")]
    if count := re.search(r"\d+", "".join(texts)):
        part = category if "小计" in texts[0] else ""
        if part or "小计" not in texts[0]:
            out.said.append(Said(section.township, section.kind, part, int(count[0]), "合计行", text=_shown(row)))


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


def _shown(row: Row) -> str:
    return " | ".join(dict.fromkeys(filter(None, map(squeeze, row.cells))))[:60]


def _cell(row: Row, section: Section, meaning: str) -> str:
    at = section.header.columns.get(meaning, -1)
    return row.cells[at] if 0 <= at < len(row.cells) else ""


# --- roles


def _plan(section: Section, lines: list[Row]) -> dict[int, str]:
    """Row id -> role; rows without a number are judged by the numbers around them."""
    plan = {id(row): _alone(row, section) for row in lines}
    if not any(_number(row, section) is not None for row in lines):
        _unnumbered(section, plan, lines)
    real = [row for row in lines if plan[id(row)] in ("item", "open")]
    numbered = [i for i, row in enumerate(real) if plan[id(row)] == "item" and _number(row, section) is not None]
    for start, stop in zip([-1, *numbered], [*numbered, len(real)], strict=True):
        between = real[start + 1 : stop]
        if between:
            before = _number(real[start], section) if start >= 0 else 0
            after = _number(real[stop], section) if stop < len(real) else None
            _between(section, plan, between, before, after, real[start] if start >= 0 else None)
    return plan


def _between(
    section: Section, plan: dict[int, str], rows: list[Row], before: int | None, after: int | None, last: Row | None
) -> None:
    """Settle unnumbered rows between two numbered ones: as many items as numbers are missing, else continuations."""
    open_rows = [r for r in rows if plan[id(r)] == "open"]
    named = [r for r in open_rows if squeeze(_cell(r, section, "name"))]
    lacking = after - before - 1 if after is not None and before is not None and after > before else None
    for row in open_rows:
        if row not in named:
            plan[id(row)] = "more"
        elif lacking == 0:
            plan[id(row)] = "next" if last is not None and _at_foot(row, rows) and not row.fresh else "more"
            if plan[id(row)] == "more" and not row.fresh and last is not None and _OPEN.search(_tail(last)):
                plan[id(row)] = "joined"
        elif lacking is not None and lacking == len(named):
            plan[id(row)] = "item"
        else:
            unfinished = last is not None and not _OPEN.search(_tail(last))
            plan[id(row)] = "more" if last is not None and (row.fresh or unfinished) else "item"
        last = row


def _unnumbered(section: Section, plan: dict[int, str], lines: list[Row]) -> None:
    """In a list without numbers (or with bullets for them) every row with a name is an item, unless a page cut it."""
    last: Row | None = None
    for row in lines:
        if plan[id(row)] in ("open", "rejected"):
            named = bool(squeeze(_cell(row, section, "name")))
            cut = last is not None and row.fresh and not _OPEN.search(_tail(last))
            plan[id(row)] = "item" if named and not cut else "more" if last is not None else plan[id(row)]
            last = row


def _at_foot(row: Row, rows: list[Row]) -> bool:
    """Whether a row is the last of its page: what it begins may go on overleaf."""
    return bool(row.table.page) and row is rows[-1] and row.at == len(row.table.grid) - 1


def _tail(row: Row) -> str:
    """The last long text of a row, whose ending shows whether it is finished; a row of short cells is."""
    long = [c for c in row.cells if len(c) > 20]
    return long[-1] if long else "。"


def _alone(row: Row, section: Section) -> str:
    """The role a row has by itself; ``open`` for one that only its neighbours can tell."""
    texts = [t for t in row.cells if t.strip()]
    if not texts:
        return "blank"
    if not any(map(wording.clean, texts)):
        return "note"  # dashes
    if repeats(row.cells, section.header):
        return "header"
    if special := _special(row, section):
        return special
    number, name = _cell(row, section, "number"), squeeze(_cell(row, section, "name"))
    at = section.header.columns
    if at.get("name") in row.below and (at.get("number", at["name"]) in row.below or not number.strip()):
        return "more"
    if "number" in at and (wording.number(number) is not None or (number.strip() and name)):
        return "item"
    if number.strip() and not name:
        return "rejected"
    return "open" if "number" in at or not name or row.fresh else "item"


def _special(row: Row, section: Section) -> str:
    """Category, total, note and title rows; "" for any other."""
    first = next(t for t in row.cells if t.strip())
    others = list(dict.fromkeys(filter(None, map(squeeze, row.cells))))
    if is_sum(first) and all(re.search(r"\d", t) or is_sum(t) or len(t) <= 2 for t in others):
        return "total"
    if row.wide and _RUNNING.fullmatch(squeeze(row.wide)):
        return "note"
    if is_note(first):
        return "note"
    if row.wide or _ordinal(row, section):
        if wording.kind(squeeze(row.wide)) and "清单" in row.wide:
            return "title"
        if _category(row, section) is not None:
            return "category"
    return ""


def _ordinal(row: Row, section: Section) -> bool:
    """Whether a row is 一 | 党的建设(19项): an ordinal, a category, nothing else."""
    texts = [t for t in row.cells if t.strip()]
    return len(texts) == 2 and bool(re.fullmatch(r"[((]?[一二三四五六七八九十]{1,3}[))]?[、..]?", squeeze(texts[0])))


def _category(row: Row, section: Section) -> wording.Category | None:
    """The category a row names; a merged row may be one without an ordinal or a count."""
    texts = [squeeze(t) for t in dict.fromkeys(row.cells) if t.strip()]
    if not row.wide and len(texts) == 2:
        return wording.category(f"{texts[0].strip('、.()')}、{texts[1]}")
    text = _AGAIN.sub("", row.wide)
    known = wording.category(text)
    plain = squeeze(text)
    odd = NO_CATEGORY.search(plain) or VERB.match(plain) or re.search(r"[。;:,0-9]|^完成", plain)
    if known is None and row.spans and len(plain) <= 12 and not odd:
        return wording.Category(None, wording.name(text), None)
    return known


def _number(row: Row, section: Section) -> int | None:
    return wording.number(_cell(row, section, "number"))


# --- items


def _item(section: Section, row: Row, category: str) -> Item:
    own = wording.clean(_cell(row, section, "category")).replace("\n", "")
    if own:
        named = wording.category(own)
        category = named.name if named else wording.name(own)
    return Item(
        section, _number(row, section), category, [row], [_texts(row, section)], [_cell(row, section, "department")]
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
    own = own or (not front and units and all(_OPEN.search(item.parts[-1].get(m, "") or "。") for m in DUTIES))
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
