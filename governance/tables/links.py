"""What rows must be to each other: keys once, names known, parents without circles, validity without overlap."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from .checks import Part, Problem
from .fields import TABLES, Field, fields, label

KINDS: dict[str, tuple[tuple[str, ...], ...]] = {
    "department": (("department",),),
    "township": (("township",),),
    "community": (("village", "community"),),
    "office": (("office",),),
    "handed_to": (("office", "post"), ("village", "community")),
}
WITHIN = ("community", "office", "handed_to")  # references that must lie in the row's township
_TO_LISTS = "改正名称,或补上该乡镇(街道)的清单"
_ALIKE = 85  # per cent of letters in common
_SUGGESTED = 200  # so many unknown names of a column get suggestions

Tables = Mapping[str, pd.DataFrame]


@dataclass(frozen=True)
class Known:
    """The units by normalised name -> [(name, kind, parent)], and the names of each kind."""

    units: dict[str, list[tuple[str, str, str]]]
    kinds: dict[str, list[str]]
    remedy: str = "改正名称或在单位表中补上"


def linked(tables: Tables, parts: list[Part]) -> tuple[dict[str, pd.DataFrame], list[Problem], dict[str, list[str]]]:
    """The tables with names spelt as the unit table spells them, the faults between rows, and notes per table.

    Rows refused for another fault still count as known, so that one fault does not bring on others. Checks
    against a table that has no rows are left out, with a note. Without a unit table the lists say which townships
    there are; a department they do not name is no fault, but a note when one they name is spelt nearly so.

    >>> linked({"units": pd.DataFrame()}, [])[1]
    []
    """
    out = dict(tables)
    problems: list[Problem] = []
    notes: dict[str, list[str]] = defaultdict(list)
    known = _known(tables["units"])
    listed = tables["items"] if "items" in tables and tables["units"].empty else None
    if listed is not None and (towns := _spelt(listed["township"].dropna().unique())):
        known = _known(pd.DataFrame({"unit": towns, "kind": "township", "parent": None}, dtype=object), _TO_LISTS)
    for table, frame in tables.items():
        if frame.empty:
            continue
        repeated, faults = _keys(table, frame, parts)
        problems += faults
        for one in fields(table):
            if one.target and frame[one.name].notna().any():
                frame, faults, note = _references(table, frame, one, known, tables)
                problems += faults
                notes[table] += note
                if one.name == "department" and table != "items" and listed is not None:
                    notes[table] += _nearly(frame[one.name], listed["department"], one.label)
        out[table] = frame
        if table == "units":
            problems += _cycles(frame)
        if table == "items":
            problems += _periods(frame, repeated, parts)
    return out, problems, notes


def norm(text: str) -> str:
    """The spelling under which two names are one.

    >>> norm("乡镇(街道)") == norm("乡镇(街道)")
    True
    """
    return unicodedata.normalize("NFKC", text)


def _known(units: pd.DataFrame, remedy: str = Known.remedy) -> Known:
    found: dict[str, list[tuple[str, str, str]]] = defaultdict(list)
    kinds: dict[str, list[str]] = defaultdict(list)
    if not units.empty:
        some = units[units["unit"].notna()]
        for name, kind, parent in zip(some["unit"], some["kind"].fillna(""), some["parent"].fillna(""), strict=True):
            found[norm(name)].append((name, kind, norm(parent)))
            kinds[kind].append(name)
    return Known(dict(found), dict(kinds), remedy)


def _spots(frame: pd.DataFrame) -> np.ndarray:
    """(part, Excel row) of every row."""
    return frame[["_part", "_row"]].to_numpy("int64")


def _where(spots: np.ndarray, at: int) -> tuple[int, int]:
    return int(spots[at, 0]), int(spots[at, 1])


def _first(parts: list[Part], part: int, row: int, here: int) -> str:
    """ "第5行", with the file and sheet when they are another."""
    names = [parts[part].file, parts[part].sheet] if part != here else []
    return "›".join([*(n for n in names if n), f"第{row}行"])


def _keys(table: str, frame: pd.DataFrame, parts: list[Part]) -> tuple[np.ndarray, list[Problem]]:
    """Which rows repeat the key of an earlier one, and that as faults."""
    keys = [f for f in fields(table) if f.key]
    names = [f.name for f in keys]
    whole = frame[[f.name for f in keys if f.required]].notna().all(axis=1).to_numpy()
    repeated = np.zeros(len(frame), bool)
    repeated[whole] = frame.loc[whole, names].duplicated().to_numpy()
    problems = []
    if repeated.any():
        spots = _spots(frame)
        shown = frame[names].astype("str").fillna("").agg("\0".join, axis=1).to_numpy()
        first: dict[str, int] = {}
        for at in np.flatnonzero(whole).tolist():
            first.setdefault(shown[at], at)
        for at in np.flatnonzero(repeated).tolist():
            part, row = _where(spots, at)
            words = {
                "first": _first(parts, *_where(spots, first[shown[at]]), part),
                "label": "、".join(f.label for f in keys),
            }
            said = [_said(table, n, frame[n].iloc[at]) for n in names]
            found = None if len(keys) == 1 else "、".join(v for v in said if v)
            problems.append(Problem(part, row, names[0], found, "key_duplicate", words))
    return repeated, problems


def _said(table: str, column: str, value: object) -> str:
    return f"{value:%Y-%m-%d}" if isinstance(value, pd.Timestamp) else label(table, column, value)


def _references(
    table: str, frame: pd.DataFrame, one: Field, known: Known, tables: Tables
) -> tuple[pd.DataFrame, list[Problem], list[str]]:
    """The frame with known spellings, faults for unknown names, and what could not be checked."""
    target, _, column = one.target.partition(".")
    by_lists = target == "units" and one.name == "township" and table != "items" and bool(known.units)
    if tables[target].empty and not by_lists:
        return frame, [], [f"没有{label(target)},未核对{one.label}"]
    if target != "units":
        return frame, _ids(frame, one, tables[target][column], label(target)), []
    groups = KINDS.get(one.name, ())
    if any(not any(known.kinds.get(k) for k in (*group, "")) for group in groups):
        return frame, [], [f"{label('units')}未列出{'、'.join(_kind(k) for g in groups for k in g)},未核对{one.label}"]
    allowed = tuple(k for group in groups for k in group)
    places = frame["township"] if one.name in WITHIN else pd.Series([""] * len(frame), frame.index)
    (inner, names), (outer, towns) = (pd.factorize(c.fillna("").to_numpy(object)) for c in (frame[one.name], places))
    pairs, codes = np.unique(outer.astype("int64") * len(names) + inner, return_inverse=True)
    judged = [_cell(names[p % len(names)], norm(towns[p // len(names)]), one, allowed, known) for p in pairs.tolist()]
    wrong = np.fromiter((bool(faults) for _, faults in judged), bool, len(judged))
    spots = _spots(frame)
    problems = [
        Problem(*_where(spots, at), one.name, None, code, words)
        for at in np.flatnonzero(wrong[codes]).tolist()
        for code, words in judged[codes[at]][1]
    ]
    spelt = pd.Series([v or None for v, _ in judged], dtype="str").take(codes).set_axis(frame.index)
    return frame.assign(**{one.name: spelt}), problems, []


def _kind(kind: str) -> str:
    return label("units", "kind", kind)


def _cell(
    text: str, place: str, one: Field, allowed: tuple[str, ...], known: Known
) -> tuple[str, list[tuple[str, dict[str, str]]]]:
    """A cell's names as the unit table spells them, and the faults in them."""
    names, faults = [], []
    for name in (text.split("、") if one.type == "names" else [text]) if text else []:
        spelt, fault = _resolve(name, place, one, allowed, known)
        names.append(spelt)
        if fault:  # the name is said again only where the cell holds several
            faults.append((fault[0], {**fault[1], "name": "" if name == text else f"“{name}”"}))
    return "、".join(names), faults


def _resolve(
    name: str, place: str, one: Field, allowed: tuple[str, ...], known: Known
) -> tuple[str, tuple[str, dict[str, str]] | None]:
    key = norm(name)
    hits = known.units.get(key, [])
    long = known.units.get(place + key, []) if place else []
    fits = [h for h in (*hits, *long) if not allowed or not h[1] or h[1] in allowed]
    what = "、".join(_kind(k) for k in allowed) or "单位"
    if not fits:
        words = {"what": what, "near": _near(name, place, allowed, known)}
        return name, ("ref_kind", {**words, "kind": _kind(hits[0][1])}) if hits else ("ref_unknown", words)
    if place in known.units and not any(_lies(h, place, known) for h in fits):
        parents = "、".join(dict.fromkeys(h[2] for h in fits))
        return name, (
            "ref_place",
            {"township": place, "near": f"它属于{parents};核对两列,或在单位表中补上{place}的{name}"},
        )
    return next((h[0] for h in fits if h in hits), name), None


def _lies(unit: tuple[str, str, str], place: str, known: Known) -> bool:
    """Whether a unit is under ``place``, directly or one above; unknown parents are given the benefit."""
    parents = known.units.get(unit[2])
    return unit[2] == place or not parents or any(p[2] == place for p in parents)


def _near(name: str, place: str, allowed: tuple[str, ...], known: Known) -> str:
    """Advice naming the nearest known units, those of the township first."""
    from rapidfuzz import fuzz, process

    kinds = (*allowed, "") if allowed else tuple(known.kinds)
    names = dict.fromkeys(n for k in kinds for n in known.kinds.get(k, []))
    inside = [n for n in names if place and any(h[2] == place for h in known.units[norm(n)])]
    for pool in (inside, list(names)):
        hits = process.extract(name, pool, scorer=fuzz.ratio, limit=3, score_cutoff=40)
        if hits:
            return f"最接近的是{'、'.join(dict.fromkeys(h[0] for h in hits))};{known.remedy}"
    return known.remedy


def _nearly(values: pd.Series, listed: pd.Series, what: str) -> list[str]:
    """A note for each name that is not in the lists but nearly so."""
    from rapidfuzz import fuzz, process

    names = {norm(n): n for n in _spelt(listed.dropna().unique())}
    notes = []
    unlisted = [n for n in _spelt(values.dropna().unique()) if norm(n) not in names]
    for name in unlisted[:_SUGGESTED]:
        near = process.extractOne(norm(name), list(names), scorer=fuzz.ratio, score_cutoff=_ALIKE)
        if near:
            notes.append(f"{what}“{name}”与清单所列“{names[near[0]]}”相近,请核对")
    return notes


def _ids(frame: pd.DataFrame, one: Field, target: pd.Series, what: str) -> list[Problem]:
    """Ids that the other table does not have."""
    from rapidfuzz import fuzz, process

    values = frame[one.name]
    unknown = np.flatnonzero((values.notna() & ~values.isin(target.dropna())).to_numpy()).tolist()
    pool = list(dict.fromkeys(target.dropna())) if unknown else []
    advice: dict[str, str] = {}
    problems, spots, names = [], _spots(frame), values.to_numpy(object)
    for at in unknown:
        name = str(names[at])
        if name not in advice and len(advice) < _SUGGESTED:
            hits = process.extract(name, pool, scorer=fuzz.ratio, limit=3, score_cutoff=50)
            advice[name] = f"最接近的是{'、'.join(h[0] for h in hits)}" if hits else ""
        words = {"name": "", "what": f"{what}编号", "near": advice.get(name) or f"改正编号或在{what}中补上"}
        problems.append(Problem(*_where(spots, at), one.name, None, "ref_unknown", words))
    return problems


def _cycles(units: pd.DataFrame) -> list[Problem]:
    """One fault for each circle of parents, at its first row."""
    import networkx as nx

    some = units[units["unit"].notna() & units["parent"].notna()]
    names, parents = ([norm(v) for v in some[c]] for c in ("unit", "parent"))
    graph = nx.DiGraph(zip(names, parents, strict=True))
    problems = []
    for group in nx.strongly_connected_components(graph):
        if len(group) > 1 or graph.has_edge(*list(group) * 2):
            at = next(i for i, pair in enumerate(zip(names, parents, strict=True)) if {*pair} <= group)
            walk = [names[at], *nx.shortest_path(graph.subgraph(group), parents[at], names[at])]
            problems.append(
                Problem(*_where(_spots(some), at), "parent", None, "parent_cycle", {"cycle": "→".join(walk)})
            )
    return problems


def _periods(items: pd.DataFrame, repeated: np.ndarray, parts: list[Part]) -> list[Problem]:
    """Validity that ends before it starts, and validity of one item in one township that overlaps."""
    since, until, spots = items["since"], items["until"], _spots(items)
    upside = (until <= since).to_numpy(bool, na_value=False)
    problems = [
        Problem(*_where(spots, at), "until", None, "period_order", {"since": f"{since.iloc[at]:%Y-%m-%d}"})
        for at in np.flatnonzero(upside).tolist()
    ]
    sound = (items[["item", "township", "since"]].notna().all(axis=1)).to_numpy() & ~upside & ~repeated
    order = np.flatnonzero(sound)
    order = order[np.argsort(since.to_numpy()[order], kind="stable")]
    groups = items.iloc[order].groupby(["item", "township"], sort=False).ngroup().to_numpy()
    order = order[np.argsort(groups, kind="stable")]
    groups = np.sort(groups, kind="stable")
    start = since.to_numpy("datetime64[D]")[order].astype("int64")
    end = until.fillna(pd.Timestamp("2999-12-31")).to_numpy("datetime64[D]")[order].astype("int64")
    if len(order) < 2:
        return problems
    reach = pd.Series(end).groupby(groups).cummax().to_numpy()
    for i in np.flatnonzero((groups[1:] == groups[:-1]) & (start[1:] < reach[:-1])) + 1:
        back = i - 1
        while end[back] <= start[i]:
            back -= 1
        part, row = _where(spots, order[i])
        words = {
            "first": _first(parts, *_where(spots, order[back]), part),
            "since": f"{since.iloc[order[back]]:%Y-%m-%d}",
        }
        problems.append(Problem(part, row, "since", None, "period_overlap", words))
    return problems


def derived(tables: Tables, make: Callable[[str, list[dict[str, object]]], pd.DataFrame]) -> pd.DataFrame:
    """Units gathered from the other tables, where no unit table was given: departments and townships.

    >>> from governance.tables.fields import frame
    >>> tasks = frame("tasks", [{"department": "县教育局", "township": "栎桥镇"}])
    >>> derived({"tasks": tasks}, frame)[["unit", "kind"]].values.tolist()
    [['县教育局', 'department'], ['栎桥镇', 'township']]
    """
    found: dict[tuple[str, str], None] = {}
    for column in ("department", "township"):
        for table in (t for t in TABLES if t != "units"):
            frame = tables.get(table)
            if frame is not None and column in frame:
                for name in _spelt(frame[column].dropna().unique()):
                    found[column, name] = None
    return make("units", [{"unit": name, "kind": kind} for kind, name in found])


def _spelt(cells: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(name for cell in cells for name in cell.split("、") if name))
