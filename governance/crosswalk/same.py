"""The items of many townships, each with the duty it is, however worded."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from ..errors import TableError, require
from ..tables import frame
from .grouping import Group, Name, Near, described, doubts, groups
from .wording import Lexicon, folded, lexicon, likeness, plain, spans

COLUMNS = ("item", "township", "list_kind", "category", "name", "department")
NAMELESS = "\0"  # before what stands for a name that is missing
SHOWN = 8  # townships written out in a sentence


def alike(items: pd.DataFrame) -> pd.DataFrame:
    """The items, each with the duty it is: one id for the same duty in all townships, however worded.

    items : item, township, list_kind, category, name, department (the last may be missing), the rows in force
    (``norm.current``); of several versions of one item the one with the latest ``since`` speaks, and two equally
    late are refused with TableError. Put department names in order first (``departments.apply``).

    Returns item, township, list_kind, category, name, department as given, sorted by township and item, and
    duty (an id made from the wording: the order of rows or townships changes nothing), duty_name (the wording in
    most townships, of several the first), score (0-1, likeness of the row's name to duty_name), band, reason,
    needs_review. Band ``same``: the same letters and Han characters. ``reworded``: another wording of which nothing
    is left once stock words, word order and words held for the same (rule ``crosswalk.words``) are set aside; every two
    wordings of a duty must pass, so that no chain ties different duties together. ``unsure``: kept apart although
    near another duty, named in ``reason``; a person decides. Never one duty: two items of one list of one township,
    unless identical. For review too: departments that share none with the others of the duty, a duty twice in one
    township.

    What it does not show: likeness of wording is not identity of duty. The same words may ask for different work,
    and one duty in quite other words is not found: neither merged nor flagged.

    >>> names = ["做好农村饮用水巡查工作", "开展农村饮用水日常巡查", "城市饮用水巡查"]
    >>> items = pd.DataFrame({"item": "1", "township": ["甲镇", "乙乡", "丙镇"], "list_kind": "basic", "name": names})
    >>> found = alike(items)
    >>> found["band"].tolist(), found["duty"].nunique()
    (['same', 'reworded', 'same'], 2)
    """
    require(items, ["item", "township", "list_kind", "name"], "履职事项清单")
    rows, words = _newest(items), lexicon()
    texts = _texts(rows)
    found = groups(_names(rows, texts, words))
    doubt = doubts(found, words)
    place = {one.text: at for at, group in enumerate(found) for one in group.names}
    at = np.array([place[t] for t in texts], dtype=np.int64)
    titles = _titles(rows["name"], texts, found)
    heads = [group.title.text for group in found]
    out = rows.assign(duty=_filled(_ids(found), at), duty_name=_filled(titles, at))
    out["score"] = np.array([likeness(t, heads[a]) for t, a in zip(texts, at, strict=True)], dtype=float)
    nameless, unsure = np.array([t.startswith(NAMELESS) for t in texts], dtype=bool), np.isin(at, list(doubt))
    same = np.array([t == heads[a] for t, a in zip(texts, at, strict=True)], dtype=bool)
    bands = np.select([nameless | unsure, same], ["unsure", "same"], "reworded")
    out["band"] = pd.Series(bands, out.index, dtype="str")
    said = {a: _doubted(found[a], near, found[near.other], titles[near.other]) for a, near in doubt.items()}
    reasons = [_reason(b, t, found[a], said.get(a, "")) for b, t, a in zip(bands, texts, at, strict=True)]
    notes = _notes(out)
    both = [";".join(filter(None, pair)) for pair in zip(reasons, notes, strict=True)]
    out["reason"] = pd.Series(both, out.index, dtype="str")
    out["needs_review"] = nameless | unsure | (notes != "").to_numpy(bool)
    return out


def _newest(items: pd.DataFrame) -> pd.DataFrame:
    """One row per (township, item), typed, sorted."""
    key = ["township", "item"]
    typed = frame("items", items.reindex(columns=[*COLUMNS, "since"]))
    if lacking := int(typed[key].isna().any(axis=1).sum()):
        raise TableError(f"履职事项清单有 {lacking} 行没有乡镇(街道)或事项编号,无法跨乡镇比较")
    latest = typed.groupby(key)["since"].transform("max")
    last = typed[(typed["since"] == latest) | latest.isna()]
    if (again := last.duplicated(key)).any():
        named = last.loc[again, key].drop_duplicates().head(5).agg(" ".join, axis=1)
        raise TableError(f"同一乡镇(街道)的同一事项编号出现多次,分不清哪一行有效:{'、'.join(named)};请只留现行的一行")
    return last.sort_values(key, ignore_index=True)[list(COLUMNS)]


def _texts(rows: pd.DataFrame) -> list[str]:
    """What each row's name comes to for comparison: no punctuation, not the township's own name."""
    known: dict[tuple[object, object], str] = {}
    out = []
    for township, item, name in zip(rows["township"], rows["item"], rows["name"], strict=True):
        key = (township, name)
        if key not in known:
            known[key] = plain(_own(name, township)) if isinstance(name, str) else ""
        out.append(known[key] or f"{NAMELESS}{township}{NAMELESS}{item}")
    return out


def _own(name: str, township: str) -> str:
    """The name without the township's own, as far as anything is left."""
    return folded(name).replace(folded(township), "") or name


def _names(rows: pd.DataFrame, texts: list[str], words: Lexicon) -> list[Name]:
    """The distinct names, each with where it stands."""
    marks: dict[str, list[tuple[str, str, str]]] = {}
    spelt: dict[str, str] = {}
    cells = rows["department"].astype(object).where(rows["department"].notna(), "")
    for text, name, *mark in zip(texts, rows["name"], rows["township"], rows["list_kind"], cells, strict=True):
        marks.setdefault(text, []).append((mark[0], mark[1], mark[2]))
        bare = _own(name, mark[0]) if isinstance(name, str) else text
        spelt[text] = min(spelt.get(text, bare), bare)
    return [described(text, spelt[text], marks[text], words) for text in sorted(marks)]


def _ids(found: Sequence[Group]) -> list[str]:
    """An id for each duty from its content; where several duties share their words, from the first wording too."""
    keys = ["".join(sorted(group.title.core.strong)) for group in found]
    several = Counter(keys)
    said = [k if several[k] == 1 else f"{k}|{min(n.text for n in g.names)}" for k, g in zip(keys, found, strict=True)]
    return ["D" + hashlib.blake2b(text.encode(), digest_size=6).hexdigest() for text in said]


def _titles(names: pd.Series, texts: list[str], found: Sequence[Group]) -> list[str]:
    """The most frequent spelling of each duty's foremost wording, of several the first."""
    spellings: dict[str, Counter[str]] = {}
    for text, name in zip(texts, names, strict=True):
        spellings.setdefault(text, Counter())[name if isinstance(name, str) else ""] += 1
    return [min(spellings[g.title.text].items(), key=lambda one: (-one[1], one[0]))[0] for g in found]


def _filled(values: Sequence[str], at: np.ndarray) -> pd.Series:
    return pd.Series(np.array([*values, ""], dtype=object)[at], dtype="str")


def _reason(band: str, text: str, group: Group, doubt: str) -> str:
    if text.startswith(NAMELESS):
        return "没有事项名称,无法比较"
    if doubt:
        return doubt
    if band == "same":
        return "名称相同" if len(group.townships) > 1 else "别处没有同一写法"
    mine, theirs = spans(text, group.title.text)
    more = f"此处作“{'…'.join(mine)}”" if mine else ""
    less = f"多数写法作“{'…'.join(theirs)}”" if theirs else ""
    return f"措辞不同而职责相同:{'、'.join(filter(None, [more, less]))}"


def _doubted(one: Group, near: Near, other: Group, title: str) -> str:
    mine, theirs = spans(one.title.text, other.title.text)
    apart = "、".join(f"“{'…'.join(part)}”" for part in (mine, theirs) if part)
    why = f",{near.why}" if near.why else ""
    return f"与“{title}”({_written(other.townships)})相近({near.score:.2f}),差在{apart}{why};未合并,请人工确认"


def _written(townships: Iterable[str]) -> str:
    names = sorted(townships)
    return "、".join(names[:SHOWN]) + (f"等{len(names)}个乡镇(街道)" if len(names) > SHOWN else "")


def _notes(out: pd.DataFrame) -> pd.Series:
    """What else a person should look at in a row: "" where there is nothing."""
    listed = out.groupby(["duty", "township", "list_kind"], sort=False)["item"].transform("size") > 1
    several = out.groupby(["duty", "township"], sort=False)["list_kind"].transform("nunique") > 1
    named = out["department"].dropna().str.split("、").explode().rename("unit").to_frame()
    named = named.assign(duty=out["duty"]).reset_index(names="row").drop_duplicates()
    sharing = named.groupby(["duty", "unit"])["row"].transform("size").groupby(named["row"]).max()
    known = out["department"].notna().groupby(out["duty"]).transform("sum")
    alone = sharing.reindex(out.index, fill_value=0) * 2 <= known
    alone &= out["department"].notna() & (known > 1)
    marks = [
        (listed, "同一张清单内重复列出"),
        (several, "同一乡镇(街道)的两张清单都列有"),
        (alone, "责任部门与多数乡镇(街道)不同"),
    ]
    notes = pd.Series("", out.index, dtype=object)
    for flag, text in marks:
        notes = notes.where(~flag, notes + np.where(notes != "", ";", "") + text)
    return notes
