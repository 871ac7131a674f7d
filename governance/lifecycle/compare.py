"""Two lists side by side: what was added, removed, moved to another list or reworded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from ..errors import TableError, require

TEXTS = ("category", "name", "department", "department_duty", "township_duty", "support", "method", "basis")
CHUNK = 1 << 20  # rows compared at once: bounds what is held beside the two frames
DENSE = 4  # a table of every possible key is used while it is at most this many times as long as the frames


class _Pairs(NamedTuple):
    """Row numbers: ``old`` and ``new`` hold the same key in the same place; the rest is in one frame only."""

    old: np.ndarray
    new: np.ndarray
    removed: np.ndarray
    added: np.ndarray


def diff(old: pd.DataFrame, new: pd.DataFrame, *, key: Sequence[str] = ("township", "item")) -> pd.DataFrame:
    """What differs between two lists, one row a changed key, ordered by key; exact, whatever the order of the rows.

    old, new : ``items`` with one version a key, as ``lifecycle.at`` gives them, or two townships' lists with
        ``key=("item",)`` or ``("name",)``; text as pandas str, categoricals or objects. A column neither has is missing.

    Returns the key, change (added, removed, edited; moved where list_kind differs), columns (names of the columns that
    differ, joined by "|"; "" for added and removed), list_kind_old, list_kind, then c_old and c for category, name, department,
    department_duty, township_duty, support, method, basis, those of the key left out. All text. Dates and ``source`` are
    not compared. A missing text and an empty one differ.
    Raises TableError for missing columns, a missing key or a key that occurs twice in one frame.

    Memory and time: integer codes and row numbers only, no Python object a row; 10 million rows a side in about 20 CPU
    seconds (benchmarks/lists_diff.py).
    What it does not show: that an item removed and one added under another number are the same duty
    (see ``crosswalk.alike``).

    >>> old = pd.DataFrame({"township": "甲镇", "item": ["P1", "P2"], "list_kind": "assisting", "name": ["燃气检查", "禁渔巡查"]})
    >>> new = old.assign(list_kind=["reclaimed", "assisting"], name=["燃气检查", "禁渔期巡查"])
    >>> diff(old, new)[["item", "change", "columns", "name_old", "name"]].values.tolist()
    [['P1', 'moved', 'list_kind', '燃气检查', '燃气检查'], ['P2', 'edited', 'name', '禁渔巡查', '禁渔期巡查']]
    """
    names = list(key)
    for frame, what in ((old, "旧清单"), (new, "新清单")):
        require(frame, [*names, "list_kind"], what)
    columns = ["list_kind", *TEXTS] if "list_kind" not in names else list(TEXTS)
    columns = [c for c in columns if c not in names]
    pairs = _paired(old, new, names)
    mask = np.zeros(len(pairs.old), np.int16)
    for bit, column in enumerate(columns):
        mask[_differing(_column(old, column), _column(new, column), pairs)] |= np.int16(1 << bit)
    changed = np.flatnonzero(mask)
    nothing = np.full(max(len(pairs.removed), len(pairs.added)), -1)
    at_old = np.concatenate([pairs.old[changed], pairs.removed, nothing[: len(pairs.added)]])
    at_new = np.concatenate([pairs.new[changed], nothing[: len(pairs.removed)], pairs.added])
    return _laid_out(old, new, names, columns, at_old, at_new, mask[changed])


def _laid_out(
    old: pd.DataFrame, new: pd.DataFrame, names: list[str], columns: list[str], *at: np.ndarray
) -> pd.DataFrame:
    at_old, at_new, mask = at
    out = {c: _taken(new[c], at_new).where(at_new >= 0, _taken(old[c], at_old)) for c in names}
    kinds, sets = pd.factorize(mask)
    spelt = ["|".join(c for bit, c in enumerate(columns) if one & (1 << bit)) for one in sets]
    kind = 1 if columns[:1] == ["list_kind"] else 0
    word = np.array([*("moved" if one & kind else "edited" for one in sets), "removed", "added"], dtype=object)
    code = np.where(at_new < 0, len(sets), len(sets) + 1)
    code[: len(mask)] = kinds
    out["change"] = pd.Series(word[code], dtype="str")
    out["columns"] = pd.Series(np.array([*spelt, "", ""], dtype=object)[code], dtype="str")
    for column in columns:
        out[f"{column}_old"] = _taken(_column(old, column), at_old)
        out[column] = _taken(_column(new, column), at_new)
    order = np.lexsort([pd.factorize(out[c], sort=True)[0] for c in reversed(names)])
    return pd.DataFrame(out).iloc[order].reset_index(drop=True)


def _column(frame: pd.DataFrame, name: str) -> pd.Series:
    if name in frame:
        return frame[name]
    return pd.Series(pd.Categorical.from_codes(np.full(len(frame), -1, np.int8), pd.Index([], dtype="str")))


def _taken(values: pd.Series, rows: np.ndarray) -> pd.Series:
    """The values at ``rows`` as text, missing where the row is -1."""
    return pd.Series(_plain(values, rows), dtype="str")


def _plain(values: pd.Series, rows: np.ndarray) -> Any:
    """The values at ``rows`` as an array of text, missing where the row is -1; a categorical's words are shared."""
    some: Any = pd.api.extensions.take(values.array, rows, allow_fill=True)
    if isinstance(values.dtype, pd.CategoricalDtype):
        words = values.cat.categories.astype("str").array
        none = pd.array([None] * len(rows), dtype="str")
        return words.take(some.codes, allow_fill=True) if len(words) else none
    return some if isinstance(values.dtype, pd.StringDtype) else pd.Series(some, dtype="str").array


# --- which row is which


def _paired(old: pd.DataFrame, new: pd.DataFrame, names: list[str]) -> _Pairs:
    before, after = np.zeros(len(old), np.int64), np.zeros(len(new), np.int64)
    span = 1
    for name in names:
        one, two, size = _codes(old[name], new[name])
        if span > np.iinfo(np.int64).max // max(size, 1):
            before, after, span = _dense(before, after)
        before, after, span = before * size + one, after * size + two, span * size
    if span > DENSE * (len(old) + len(new)) + CHUNK:
        before, after, span = _dense(before, after)
    place: np.ndarray = np.full(span, -1, np.int64)
    _placed(place, before, old, names, "旧清单")
    partner = place[after]
    new_rows = np.flatnonzero(partner >= 0)
    old_rows = partner[new_rows]
    place.fill(-1)
    _placed(place, after, new, names, "新清单")
    removed = np.flatnonzero(place[before] < 0)
    return _Pairs(old_rows, new_rows, removed, np.flatnonzero(partner < 0))


def _placed(place: np.ndarray, codes: np.ndarray, frame: pd.DataFrame, names: list[str], what: str) -> None:
    """Write each key's row number into ``place``; a key met twice is refused."""
    rows = np.arange(len(codes), dtype=place.dtype)
    place[codes] = rows
    if (double := place[codes] != rows).any():
        first = frame[names].iloc[np.flatnonzero(double)[:5]].astype("str").agg("、".join, axis=1)
        raise TableError(
            f"{what}中同一事项不止一行({int(double.sum())} 处):{';'.join(first)};请先用 lifecycle.at 取某一日有效的清单,再作比较"
        )


def _codes(old: pd.Series, new: pd.Series) -> tuple[np.ndarray, np.ndarray, int]:
    """Both columns as numbers from 0, equal for equal values, and how many there are."""
    one, words = _factorized(old)
    two, others = _factorized(new)
    for codes, what in ((one, "旧清单"), (two, "新清单")):
        if (codes < 0).any():
            raise TableError(f"{what}的 {old.name} 列有 {int((codes < 0).sum())} 行没有填写,无法对应")
    same = words.get_indexer(others)
    unseen = same < 0
    same[unseen] = len(words) + np.arange(unseen.sum())
    return one, same[two] if len(two) else two, len(words) + int(unseen.sum())


def _factorized(values: pd.Series) -> tuple[np.ndarray, pd.Index]:
    if isinstance(values.dtype, pd.CategoricalDtype):
        return values.cat.codes.to_numpy(), pd.Index(values.cat.categories.astype("str"))
    codes, words = pd.factorize(values)
    return codes, pd.Index(words).astype("str")


def _dense(before: np.ndarray, after: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
    """The same numbers without gaps."""
    codes, some = pd.factorize(np.concatenate([before, after]))
    return codes[: len(before)], codes[len(before) :], len(some)


# --- what differs


def _differing(old: pd.Series, new: pd.Series, pairs: _Pairs) -> np.ndarray:
    """The places of ``pairs`` where the two columns differ; two missing values do not."""
    both = isinstance(old.dtype, pd.CategoricalDtype) and isinstance(new.dtype, pd.CategoricalDtype)
    found = [np.empty(0, np.int64)]
    table = _translation(old, new) if both else None
    for start in range(0, len(pairs.old), CHUNK):
        here, there = pairs.old[start : start + CHUNK], pairs.new[start : start + CHUNK]
        if table is not None:
            left, right = old.cat.codes.to_numpy()[here], table[new.cat.codes.to_numpy()[there]]
            found.append(np.flatnonzero(left != right) + start)
            continue
        one, two = _plain(old, here), _plain(new, there)
        unlike = np.flatnonzero(np.asarray(one != two, dtype=bool))
        gone = pd.isna(one[unlike]) & pd.isna(two[unlike])
        found.append(unlike[~gone] + start)
    return np.concatenate(found)


def _translation(old: pd.Series, new: pd.Series) -> np.ndarray:
    """Code in ``new`` -> code of the same word in ``old``, -2 where it has none, -1 (missing) for -1."""
    words = pd.Index(old.cat.categories.astype("str"))
    same = words.get_indexer(pd.Index(new.cat.categories.astype("str")))
    return np.append(np.where(same < 0, -2, same), -1)
