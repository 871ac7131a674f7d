"""A unit's name taken apart: level, place, body, and the full forms that a short one may stand for."""

from __future__ import annotations

import functools
import re
import unicodedata
from dataclasses import dataclass

from .. import rules

SUFFIXES = (
    "委员会",
    "办公室",
    "管理局",
    "分局",
    "支队",
    "大队",
    "总队",
    "中心",
    "公司",
    "局",
    "委",
    "办",
    "部",
    "会",
    "队",
    "院",
)
_LEVEL = re.compile(r"(?P<place>[\u4e00-\u9fff]{0,7}?)(?P<level>自治县|自治州|省|市|县|区|旗)")
_WORDS = re.compile(  # 城市, 社区, 开发区 are words, not places
    r"(?:城|超|都|上)市|(?:[城社景园校辖新街库林灾地片矿山厂小牧港湖]|.*(?:开发|园|景|保护|度假|高新|示范|试验|合作))区"
)
_ABOVE = ("中国共产党", "中共", "国家税务总局")
_WRITTEN = {"委": "委员会", "办": "办公室"}
_JOINS = re.compile(r"[和与及、]")


@dataclass(frozen=True)
class Unit:
    """A name's parts: ``level`` (县, 市 ..., "" when it does not say), ``place`` ("" likewise), ``body`` the rest."""

    name: str
    level: str
    place: str
    body: str


@dataclass(frozen=True)
class Likeness:
    """How surely two names are one unit (0-1), and why."""

    score: float
    reason: str


def unit(name: str) -> Unit:
    """The parts of a unit's name.

    >>> unit("新昌县住建局"), unit("市场监管局").level
    (Unit(name='新昌县住建局', level='县', place='新昌', body='住建局'), '')
    """
    text = re.sub(r"\s+", "", unicodedata.normalize("NFKC", name))
    for above in _ABOVE:
        text = text.removeprefix(above)
    found = None if text.startswith(tuple(_table()["plain"])) else _LEVEL.match(text)
    rest = text[found.end() :] if found else ""
    if found and len(rest) >= 2 and not _WORDS.fullmatch(found[0]) and not rest.startswith("场"):
        return Unit(name, found["level"].removeprefix("自治"), found["place"], rest)
    return Unit(name, "", "", text)


def _table() -> dict[str, dict[str, list[str]]]:
    return rules.value("departments.names")


def split(body: str) -> tuple[str, str]:
    """The body without its ending, and the ending (局, 委员会 ...).

    >>> split("住建局"), split("公安局交警大队")
    (('住建', '局'), ('公安局交警', '大队'))
    """
    end = next((s for s in SUFFIXES if body.endswith(s) and s != "管理局" and len(body) > len(s)), "")
    return (body[: -len(end)], end) if end else (body, "")


def _key(body: str) -> str:
    """A body as it is compared: without 和 and 与, 委 and 办 written out."""
    core, end = split(_JOINS.sub("", body))
    return core + _WRITTEN.get(end, end)


@functools.lru_cache(maxsize=10_000)
def full_forms(body: str) -> dict[str, str]:
    """Bodies this one may stand for, each with 简称 or 旧称; empty where no rule knows it.

    >>> full_forms("住建局"), full_forms("安监局")
    ({'住房和城乡建设局': '简称'}, {'应急管理局': '旧称'})
    """
    table, (core, end) = _table(), split(body)
    found = dict.fromkeys(table["whole"].get(body, []), "简称")
    for kind, said in (("short", "简称"), ("old", "旧称")):
        for full in table[kind].get(core, []) if end in ("局", "委", "委员会", "办", "办公室", "分局") else []:
            found.setdefault(full + _WRITTEN.get(end, end), said)
        for full in table[kind].get(body, []) if not end else []:
            found.setdefault(full + "局", said)
    return {full: said for full, said in found.items() if full != body}


def may_be_one(one: Unit, other: Unit) -> bool:
    """False where the names say that they are two: of other levels or places.

    >>> may_be_one(unit("市生态环境局新昌分局"), unit("县生态环境局")), may_be_one(unit("住建局"), unit("县住建局"))
    (False, True)
    """
    levels, places = {one.level, other.level} - {""}, {one.place, other.place} - {""}
    return len(levels) < 2 and len(places) < 2


def compare(one: Unit, other: Unit, *, near: float, loose: bool = False) -> Likeness | None:
    """How surely two names are one unit, or None where nothing speaks for it.

    near : likeness of bodies from which a slip of the pen is thought of. loose : also for bodies of three
    characters or fewer, where one character differs and no rule knows the word.

    >>> compare(unit("县住建局"), unit("县住房和城乡建设局"), near=0.75)
    Likeness(score=0.95, reason='“住建局”是“住房和城乡建设局”的简称')
    """
    if one.name == other.name or not may_be_one(one, other):
        return None
    found = _same_words(one.body, other.body) or _slip(one.body, other.body, near, loose)
    if found is None:
        return None
    marks = [found.reason] if found.reason else []
    if one.level != other.level:
        which, full = (one, other) if not one.level else (other, one)
        marks.append(f"“{which.name}”没有写明层级“{full.place}{full.level}”")
    elif one.place != other.place:
        marks.append(f"一个带地名“{one.place or other.place}”,一个不带")
    lower = 0.05 * (one.level != other.level)
    return Likeness(round(found.score - lower, 2), ";".join(marks) or "写法略有出入")


def spelt_out(one: Unit) -> str:
    """The name with its only full form, "" where the level is not said, no rule knows it, or several would do.

    >>> spelt_out(unit("新昌县住建局")), spelt_out(unit("县文旅局"))
    ('新昌县住房和城乡建设局', '')
    """
    forms = list(full_forms(one.body))
    return f"{one.place}{one.level}{forms[0]}" if one.level and len(forms) == 1 else ""


def _same_words(a: str, b: str) -> Likeness | None:
    if _key(a) == _key(b):
        return Likeness(0.98, "" if a == b else "只差“和”字或“委、办”的写法")
    (core, end), (other, ending) = split(_key(a)), split(_key(b))
    if core == other and "" in (end, ending):
        return Likeness(0.85, f"少了“{end or ending}”字")
    mine, theirs = full_forms(a), full_forms(b)
    for full, said in mine.items():
        if _key(full) == _key(b):
            return Likeness(_sure(said, len(mine)), f"“{a}”是“{b}”的{said}")
    for full, said in theirs.items():
        if _key(full) == _key(a):
            return Likeness(_sure(said, len(theirs)), f"“{b}”是“{a}”的{said}")
    shared = {_key(f): f for f in mine}.keys() & {_key(f) for f in theirs}
    if shared:
        full = next(f for f in mine if _key(f) in shared)
        said = "简称" if {mine[full], *theirs.values()} == {"简称"} else "简称或旧称"
        return Likeness(round(_sure(said, max(len(mine), len(theirs))) - 0.12, 2), f"都可作“{full}”的{said}")
    return _bureau(a, b, {**mine, **theirs})


def _bureau(a: str, b: str, forms: dict[str, str]) -> Likeness | None:
    """局 in one, 委员会 in the other: 卫健委 and 卫生健康局."""
    ends = {split(_key(x))[1] for x in (a, b)}
    if ends != {"局", "委员会"}:
        return None
    cores = [{split(_key(f))[0] for f in (x, *full_forms(x))} for x in (a, b)]
    return Likeness(0.8, "只是“局”与“委员会”不同") if cores[0] & cores[1] else None


def _sure(said: str, choices: int) -> float:
    return (0.95 if said == "简称" else 0.8) - (0.1 if choices > 1 else 0)


def _slip(a: str, b: str, near: float, loose: bool) -> Likeness | None:
    from rapidfuzz.distance import OSA

    (mine, end), (theirs, other) = split(_key(a)), split(_key(b))
    cores = _table()["cores"]
    if end != other or (mine in cores and theirs in cores):
        return None
    score = OSA.normalized_similarity(mine, theirs)
    if min(len(mine), len(theirs)) >= 4:
        return Likeness(round(0.9 * score, 2), "字形相近,可能是别字或漏字") if score >= near else None
    if loose and mine not in cores and OSA.distance(mine, theirs) == 1 and max(len(mine), len(theirs)) >= 2:
        return Likeness(0.45, "只差一个字,名称又短,请慎重")
    return None
