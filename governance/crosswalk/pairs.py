"""Two lists made ready to be held against each other: the same duty under one id, only what both have printed."""

from __future__ import annotations

import numpy as np
import pandas as pd

from .. import rules
from ..errors import TableError, require
from .same import alike

TEXTS = ("category", "department", "department_duty", "township_duty", "support", "method", "basis")


def paired(old: pd.DataFrame, new: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Both lists, rows and order kept, with ids under which the same duty meets itself: for ``lifecycle.diff``.

    old, new : ``items`` tables of one day each (one version an item). Where at least ``crosswalk.kept`` of the ids
    of the shorter list are on both sides, and as many of these name the same, the ids are the lists' own and stay; the
    rest, or all, are paired by their wording (``alike``) within each township. Two lists of one township each, of different names, are
    compared with each other: ``township`` is then "" on both.
    Raises TableError naming missing columns.

    What it does not show: two wordings that ``alike`` was unsure of are left as one removed and one added.

    >>> from governance.tables import frame
    >>> one = frame("items", [{"item": "1", "township": "甲镇", "list_kind": "basic", "name": "开展河道日常巡查"}])
    >>> two = frame("items", [{"item": "9", "township": "乙镇", "list_kind": "basic", "name": "做好河道日常巡查"}])
    >>> [side["item"].tolist() for side in paired(one, two)], paired(one, two)[0]["township"].tolist()
    ([['0'], ['0']], [''])
    """
    for side in (old, new):
        require(side, ["item", "township", "list_kind", "name"], "履职事项清单")
        if side["township"].isna().any():
            raise TableError(f"履职事项清单有 {int(side['township'].isna().sum())} 行没有写明乡镇(街道),无法对照")
    towns = [side["township"].unique() for side in (old, new)]
    if len(towns[0]) == len(towns[1]) == 1 and towns[0][0] != towns[1][0]:
        old, new = (side.assign(township="") for side in (old, new))
    keys = [pd.MultiIndex.from_frame(side[["township", "item"]]) for side in (old, new)]
    rest = [~keys[0].isin(keys[1]), ~keys[1].isin(keys[0])]
    if not _trusted(old, new, *rest):
        rest = [np.ones(len(old), bool), np.ones(len(new), bool)]
    ids = [side["item"].astype(object).to_numpy(copy=True) for side in (old, new)]
    named = _by_wording(old[rest[0]], new[rest[1]])
    kept = set(ids[0][~rest[0]]) | set(ids[1][~rest[1]])
    mark = "~" if kept else ""  # an id made here never meets one of the lists' own
    for own, mine, found in zip(ids, rest, named, strict=True):
        own[mine] = [f"{mark}{one}" for one in found]
    old, new = (side.assign(item=pd.array(own, dtype="str")) for side, own in zip((old, new), ids, strict=True))
    return old, new


def _trusted(old: pd.DataFrame, new: pd.DataFrame, alone: np.ndarray, other: np.ndarray) -> bool:
    """Whether an id means the same item on both sides: enough are on both, and enough of these have one name."""
    shared = (~alone).sum()
    if shared < rules.value("crosswalk.kept") * min(len(old), len(new)):
        return False
    key = ["township", "item"]
    both = old.loc[~alone, [*key, "name"]].merge(new.loc[~other, [*key, "name"]], on=key)
    return bool((both["name_x"] == both["name_y"]).sum() >= rules.value("crosswalk.kept") * len(both))


def _by_wording(old: pd.DataFrame, new: pd.DataFrame) -> list[np.ndarray]:
    """Ids from the groups of ``alike``, township by township: each side stands for a township of its own there."""
    ids = [np.empty(len(side), dtype=object) for side in (old, new)]
    start = 0
    for town in dict.fromkeys([*old["township"], *new["township"]]):
        rows = [np.flatnonzero(side["township"] == town) for side in (old, new)]
        both = pd.concat([old.iloc[rows[0]], new.iloc[rows[1]]], ignore_index=True)
        sides = np.repeat(["(old)", "(new)"], [len(rows[0]), len(rows[1])])  # no words: alike sets a town's name aside
        names = [str(n) for n in range(len(both))]
        found = alike(both.assign(item=names, township=sides)).set_index("item")
        duty, _ = pd.factorize(found["duty"].reindex(names))
        turn = pd.Series(duty).groupby([sides, duty]).cumcount().to_numpy()
        named = [f"{start + d}" if t == 0 else f"{start + d}-{t + 1}" for d, t in zip(duty, turn, strict=True)]
        ids[0][rows[0]], ids[1][rows[1]] = named[: len(rows[0])], named[len(rows[0]) :]
        start += int(duty.max(initial=-1)) + 1
    return ids


def comparable(old: pd.DataFrame, new: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Both lists without what only one of them prints, and a frame that names it: township, list_kind, column.

    A column that one side leaves wholly empty in a township's list while the other fills it for at least
    ``crosswalk.printed`` of the items was not printed there: it is emptied on both sides, since it says nothing about
    a change. So does "" beside a missing cell, and a department before its own duties (``县水利局:…``) where it is the
    only one: both go. Rows, order and all other columns are kept.

    >>> from governance.tables import frame
    >>> one = frame("items", [{"item": "1", "township": "甲镇", "list_kind": "basic", "name": "防汛", "basis": "《防洪法》"}])
    >>> comparable(one, one.assign(basis=None))[2].to_numpy().tolist()
    [['甲镇', 'basic', 'basis']]
    """
    sides, left = [_plain(old), _plain(new)], []
    keys = ["township", "list_kind"]
    for town, kind in old[keys].drop_duplicates().merge(new[keys].drop_duplicates()).itertuples(index=False):
        rows = [((s["township"] == town) & (s["list_kind"] == kind)).to_numpy() for s in sides]
        for column in (c for c in TEXTS if c in sides[0] and c in sides[1]):
            filled = [s.loc[r, column].fillna("").ne("").mean() for s, r in zip(sides, rows, strict=True)]
            if min(filled) == 0 and max(filled) >= rules.value("crosswalk.printed"):
                for side, own in zip(sides, rows, strict=True):
                    side.loc[own, column] = None
                left.append((town, kind, column))
    told = pd.DataFrame(left, columns=[*keys, "column"], dtype="str")
    return sides[0], sides[1], told


def _plain(items: pd.DataFrame) -> pd.DataFrame:
    """The rows with "" as missing, and without a sole department in front of its duties."""
    out = items.copy()
    for column in (c for c in TEXTS if c in out):
        out[column] = out[column].where(out[column] != "")
    if not {"department", "department_duty"} <= set(out):
        return out
    pairs = zip(out["department"].fillna(""), out["department_duty"].fillna(""), strict=True)
    bare = [duty.removeprefix(f"{unit}\uff1a") if unit and "、" not in unit else duty for unit, duty in pairs]
    out["department_duty"] = pd.array([text or None for text in bare], dtype="str")
    return out
