"""The role of each row of a list, by what it says and by the numbers around it."""

from __future__ import annotations

import re

from ..tables.headers import squeeze
from . import wording
from .parts import Row, is_note, is_sum, repeats
from .sections import Section
from .titles import NO_CATEGORY, VERB

FINISHED = re.compile(r"[。!！?？;\uff1b]\s*$")
_AGAIN = re.compile(r"[(\uff08]\s*[接续][上下]?[表页]?\s*[)\uff09]\s*$")
_RUNNING = re.compile(r"\(?(?:续表?|接上[表页]|转下[表页]|下页续)\d*\)?")


def told(row: Row) -> str:
    """The texts of a row in one line, for a message."""
    return " | ".join(dict.fromkeys(filter(None, map(squeeze, row.cells))))[:120]


def cell(row: Row, section: Section, meaning: str) -> str:
    """What stands in a row under one meaning."""
    at = section.header.columns.get(meaning, -1)
    return row.cells[at] if 0 <= at < len(row.cells) else ""


def plan(section: Section, lines: list[Row]) -> dict[int, str]:
    """Row id -> role; rows without a number are judged by the numbers around them."""
    found = {id(row): _alone(row, section) for row in lines}
    if not any(number(row, section) is not None for row in lines):
        _unnumbered(section, found, lines)
    real = [row for row in lines if found[id(row)] in ("item", "open")]
    numbered = [i for i, row in enumerate(real) if found[id(row)] == "item" and number(row, section) is not None]
    for start, stop in zip([-1, *numbered], [*numbered, len(real)], strict=True):
        between = real[start + 1 : stop]
        if between:
            before = number(real[start], section) if start >= 0 else 0
            after = number(real[stop], section) if stop < len(real) else None
            _between(section, found, between, before, after, real[start] if start >= 0 else None)
    return found


def _between(
    section: Section, found: dict[int, str], rows: list[Row], before: int | None, after: int | None, last: Row | None
) -> None:
    """Settle unnumbered rows between two numbered ones: as many items as numbers are missing, else continuations."""
    open_rows = [r for r in rows if found[id(r)] == "open"]
    named = [r for r in open_rows if squeeze(cell(r, section, "name"))]
    lacking = after - before - 1 if after is not None and before is not None and after > before else None
    for row in open_rows:
        if row not in named:
            found[id(row)] = "more"
        elif lacking == 0:
            found[id(row)] = "next" if last is not None and _at_foot(row, rows) and not row.fresh else "more"
            if found[id(row)] == "more" and not row.fresh and last is not None and FINISHED.search(_tail(last)):
                found[id(row)] = "joined"
        elif lacking is not None and lacking == len(named):
            found[id(row)] = "item"
        else:
            unfinished = last is not None and not FINISHED.search(_tail(last))
            found[id(row)] = "more" if last is not None and (row.fresh or unfinished) else "item"
        last = row


def _unnumbered(section: Section, found: dict[int, str], lines: list[Row]) -> None:
    """In a list without numbers (or with bullets for them) every row with a name is an item, unless a page cut it."""
    last: Row | None = None
    for row in lines:
        if found[id(row)] in ("open", "rejected"):
            named = bool(squeeze(cell(row, section, "name")))
            cut = last is not None and row.fresh and not FINISHED.search(_tail(last))
            found[id(row)] = "item" if named and not cut else "more" if last is not None else found[id(row)]
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
    number, name = cell(row, section, "number"), squeeze(cell(row, section, "name"))
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
        if category(row, section) is not None:
            return "category"
    return ""


def _ordinal(row: Row, section: Section) -> bool:
    """Whether a row is 一 | 党的建设(19项): an ordinal, a category, nothing else."""
    texts = [t for t in row.cells if t.strip()]
    return len(texts) == 2 and bool(re.fullmatch(r"\(?[一二三四五六七八九十]{1,3}\)?[、.]?", squeeze(texts[0])))


def category(row: Row, section: Section) -> wording.Category | None:
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


def number(row: Row, section: Section) -> int | None:
    """The number of a row, None where it has none."""
    return wording.number(cell(row, section, "number"))
