"""Departments by their names: what may be one unit is suggested, a person confirms, and only then a name changes.

The chapters: ``names`` (a name taken apart and compared), ``aliases`` (the table that people keep), ``sheets`` (out
to a person and back).
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable

import pandas as pd

from .. import rules
from ..errors import require
from .aliases import apart, meanings, read, tidy, write
from .names import Unit, compare, full_forms, may_be_one, spelt_out, unit
from .sheets import COLUMNS, Confirmed, confirm, review

__all__ = ["Confirmed", "apply", "confirm", "read", "review", "suggest", "write"]
CAUTION, SUPPORT = 0.2, 0.04  # off where two names stand in one cell, on where they change about in like items
INFERRED = 0.1  # off for a full form that nobody wrote
DUTIES = ("department_duty", "township_duty")
_HEADING = re.compile(r"(?P<before>(?:^|[。\n])\s*)(?P<names>[^。：:;；\n]{2,120}?)(?P<colon>\s*[：:])")


def suggest(
    names: pd.DataFrame | pd.Series | Iterable[str],
    *,
    units: pd.DataFrame | pd.Series | Iterable[str] | None = None,
    aliases: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """One row per different name that is not known yet, with the unit it may be: for a person to decide.

    names : cells of one or several names (set apart by 、, comma, semicolon, slash, line break), or a frame with
    department; where it has name too, the same item with one department here and another there is evidence. units :
    names known to be right (a frame with unit, or names); suggestions are then taken from them and the units of
    ``aliases``, else from all the names given, the fuller and more frequent preferred. aliases : alias, unit; what it
    holds is known.

    Returns name, times (cells with it), suggestion, score (0-1, how sure), reason (Chinese: 简称, 旧称, 别字, 前缀 ...,
    同一事项中出现), decision (empty). Surest first, those without a suggestion last. A name of another level (市, 县) or
    place is never suggested, so a city bureau's county branch stays a unit of its own. Raises TableError for an
    alias table that contradicts itself.

    What it does not show: that two names are one unit. The score is likeness of wording, weighed by rule
    ``departments.names``; nothing is merged here or later without a person's word.

    >>> suggest(["县住建局", "县住房和城乡建设局", "县住房和城乡建设局、市生态环境局新昌分局"])[["name", "suggestion"]].fillna("").values.tolist()
    [['县住建局', '县住房和城乡建设局'], ['县住房和城乡建设局', ''], ['市生态环境局新昌分局', '']]
    """
    cells = _cells(names)
    times = Counter(n for cell in cells for n in cell)
    ends = meanings(aliases)
    given = [] if units is None else [n for cell in _cells(units, column="unit") for n in cell]
    right = dict.fromkeys([*given, *ends.values()])
    known = {*map(tidy, right), *ends}
    unknown = sorted((n for n in times if tidy(n) not in known), key=lambda n: (-times[n], n))
    pool = list(right)
    if units is None:
        pool = list(dict.fromkeys([*right, *unknown, *filter(None, (spelt_out(unit(n)) for n in unknown))]))
    evidence = _evidence(names, cells)
    parts = {n: unit(n) for n in (*unknown, *pool)}
    found = [_best(parts[n], [parts[p] for p in pool], times, evidence, set(right)) for n in unknown]
    out = pd.DataFrame([(n, times[n], *f, None) for n, f in zip(unknown, found, strict=True)], columns=list(COLUMNS))
    out = out.astype(COLUMNS).sort_values(["score", "times", "name"], ascending=[False, False, True], ignore_index=True)
    return out


def _cells(names: pd.DataFrame | pd.Series | Iterable[str], *, column: str = "department") -> list[tuple[str, ...]]:
    """The names in each cell, each once, in order."""
    if isinstance(names, pd.DataFrame):
        require(names, [column], "部门名称")
        names = names[column]
    return [tuple(dict.fromkeys(apart(cell))) for cell in names]


Evidence = tuple[dict[str, set[str]], set[frozenset[str]]]


def _evidence(names: object, cells: list[tuple[str, ...]]) -> Evidence:
    """The items (by name) each department stands at, and the pairs of departments that stand in one cell."""
    items: dict[str, set[str]] = defaultdict(set)
    if isinstance(names, pd.DataFrame) and "name" in names:
        for item, cell in zip(names["name"], cells, strict=True):
            for one in cell if isinstance(item, str) else ():
                items[one].add(tidy(item))
    beside = {frozenset((a, b)) for cell in set(cells) for a in cell for b in cell if a < b}
    return items, beside


def _best(
    one: Unit, pool: list[Unit], times: Counter[str], evidence: Evidence, right: set[str]
) -> tuple[object, float, str]:
    """The name that ``one`` may be, how surely, and why; only a better one, so that no two point at each other."""
    best = (0.0, "", "没有找到相近的单位")
    for other in pool:
        if other.name not in right and _standing(other, times) <= _standing(one, times):
            continue
        found = _compared(one, other, times, evidence, known=other.name in right)
        if found and (found[0], _standing(other, times)) > (best[0], _standing(unit(best[1]), times)):
            best = (found[0], other.name, found[1])
    return best[1] or None, best[0], best[2]


def _standing(one: Unit, times: Counter[str]) -> tuple[bool, bool, int, int, str]:
    """What makes a name the better one of two: it says its level, is no short or old form, is frequent, is long."""
    return bool(one.level), not full_forms(one.body), times[one.name], len(one.name), one.name


def _compared(
    one: Unit, other: Unit, times: Counter[str], evidence: Evidence, *, known: bool
) -> tuple[float, str] | None:
    items, beside = evidence
    together = len(items[one.name] & items[other.name]) if one.name in items and other.name in items else 0
    apart = frozenset((one.name, other.name)) in beside
    found = compare(one, other, near=rules.value("departments.near"), loose=known)
    if found is None:
        enough = together >= rules.value("departments.shared") and 2 * together > len(items[one.name])
        if not enough or apart or one.name == other.name or not may_be_one(one, other):
            return None
        return 0.4, f"名称不像,但同一事项中出现:{together} 个同名事项在别处写的是它"
    score, reason = found.score, found.reason
    if not known and other.name not in times:
        score, reason = round(score - INFERRED, 2), f"{reason};名单中没有,按简称表推得"
    if apart:
        return round(score - CAUTION, 2), f"{reason};曾与它并列在同一格,请慎重"
    if together:
        return round(min(score + SUPPORT, 0.99), 2), f"{reason};同一事项中出现:{together} 个同名事项在别处写的是它"
    return score, reason


def apply(items: pd.DataFrame, aliases: pd.DataFrame, *, column: str = "department") -> pd.DataFrame:
    """The rows with every name that the table of aliases holds replaced by its unit, everything else as it was.

    items : any frame with ``column`` (items, tasks; ``column="unit"`` for the duties of ``documents.Reading``), names set
    apart by 、, comma, semicolon, slash or line break. aliases : alias, unit, confirmed by a person; chains are followed.
    Only whole names are replaced, spaces and full-width letters aside; of a cell that changed, each unit stays once, in
    the order of its first naming, joined by 、. Where the frame has department_duty or township_duty, the headings in
    them follow (县住建局：1.…, names before a colon at the start of the text, of a line or after 。), nothing else of
    their words. These columns come back as ``str``. Raises TableError for a missing column or a table that contradicts
    itself.

    What it does not show: names the table does not hold; ask ``suggest`` for those. Names within a sentence stay.

    >>> items = pd.DataFrame({"department": ["县住建局、县水利局、县住房和城乡建设局", "县住建局分局"]})
    >>> aliases = pd.DataFrame({"alias": ["县住建局"], "unit": ["县住房和城乡建设局"]})
    >>> apply(items, aliases)["department"].tolist()
    ['县住房和城乡建设局、县水利局', '县住建局分局']
    """
    require(items, [column], "要统一部门名称的表")
    ends = meanings(aliases)
    headed = {c: _each(items[c], lambda text: _reheaded(text, ends)) for c in DUTIES if c in items and c != column}
    return items.assign(**{column: _each(items[column], lambda cell: _renamed(cell, ends))}, **headed)


def _each(texts: pd.Series, change: Callable[[str], str]) -> pd.Series:
    """Every text changed, each different one looked at once, as ``str``; a missing one stays missing."""
    plain = texts.astype(object)
    new = {text: change(str(text)) for text in plain.dropna().unique()}
    return plain.map(new).astype("str")


def _renamed(cell: str, ends: dict[str, str]) -> str:
    names = apart(cell)
    meant = [ends.get(tidy(n), n) for n in names]
    return cell if meant == names else "、".join(dict.fromkeys(meant))


def _reheaded(text: str, ends: dict[str, str]) -> str:
    """The text with the names in its headings as ``ends`` has them."""
    return _HEADING.sub(lambda h: h["before"] + _renamed(h["names"], ends) + h["colon"], text)
