"""What a header text means: which column of a table, in which unit, and where a column stands twice."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Sequence

from .fields import fields, label
from .measures import Measure, measure
from .sheets import letter

_WEAK = ("序号", "编号", "编码")
_BOTH = re.compile(r"[经纬度坐标点位置地理和与(),、/]")  # all that a header for both degrees in one cell is made of
_SPACE = re.compile(r"[\s\u200b\u200c\u200d\u2060\ufeff\u00ad]+")


def squeeze(text: str) -> str:
    """``text`` NFKC-normalised and without any white space.

    >>> squeeze("耗 时(小时)")
    '耗时(小时)'
    """
    return _SPACE.sub("", unicodedata.normalize("NFKC", text))


def head(text: str) -> str:
    """A header's text as it is looked up: squeezed, in small letters, without the marks of a required column."""
    return squeeze(text).strip("*:").casefold()


@functools.cache
def _index(table: str) -> dict[str, tuple[str, int]]:
    """Header text -> (column, rank): 0 for its own names, then the aliases in order."""
    found: dict[str, tuple[str, int]] = {}
    for one in fields(table):
        for rank, text in enumerate((one.label, *one.aliases), 0):
            found[head(text)] = min(found.get(head(text), (one.name, rank)), (one.name, rank), key=lambda p: p[1])
    return found | {one.name.casefold(): (one.name, 0) for one in fields(table)}


@functools.cache
def _meant(table: str, head: str) -> tuple[str, int, Measure] | None:
    """The column a header text means, its rank (see ``_index``) and its unit; None where it means none."""
    index, by_name = _index(table), {f.name: f for f in fields(table)}
    if head in index:
        name, rank = index[head]
        return name, rank, measure(head, by_name[name].unit)
    for one in fields(table):
        said = measure(head, one.unit)
        for own in (said.base, f"{said.base}({one.unit})"):
            if said.base and own in index and index[own][0] == one.name:
                return one.name, index[own][1], said
    both = "lon" in by_name and "经" in head and "纬" in head and not _BOTH.sub("", head)
    return ("lon", len(index), Measure("", "", 1.0)) if both else None


def have(table: str, heads: Sequence[str]) -> set[str]:
    """The columns of ``table`` that these headers mean."""
    return {meant[0] for head in heads if (meant := _meant(table, head))}


def scales(table: str, heads: Sequence[str], columns: dict[str, int]) -> dict[str, Measure]:
    """The columns whose header says another size of unit than their own."""
    meant = {name: _meant(table, heads[at]) for name, at in columns.items()}
    return {name: one[2] for name, one in meant.items() if one and one[2].factor != 1}


Faults = list[tuple[str, str, str, dict[str, str]]]


def columns_of(table: str, heads: Sequence[str]) -> tuple[dict[str, int], Faults, list[int]]:
    """Where each column is, the columns found twice, and where those not read are.

    Of several aliases of a place, size or capacity that may be absent the first is taken; the others are not read.
    """
    loose = {f.name for f in fields(table) if not f.required and (f.unit in ("平方米", "度") or f.name == "capacity")}
    places: dict[str, list[tuple[int, int]]] = {}
    spare = []
    for at, text in enumerate(heads):
        if meant := _meant(table, text):
            places.setdefault(meant[0], []).append((meant[1], at))
        elif text:
            spare.append(at)
    columns: dict[str, int] = {}
    faults: Faults = []
    for name, found in places.items():
        own = sorted(p for p in found if heads[p[1]] not in _WEAK) or sorted(found)
        columns[name] = own[0][1]
        clash = [
            p
            for p in own[1:]
            if p[0] == 0
            or heads[p[1]] == heads[own[0][1]]
            or (name not in loose and own[0][0] > 0 and heads[p[1]] not in _WEAK)
        ]
        faults += [
            (
                "column_duplicate",
                f"{label(table, name)}({letter(at)}列)",
                heads[at],
                {"first": letter(own[0][1]), "label": label(table, name)},
            )
            for _, at in clash
        ]
        spare += [at for _, at in found if at != own[0][1] and at not in [c for _, c in clash]]
    return columns, faults, spare
