"""What the duties of all townships come to: common, unique, on different lists, and how alike townships are."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

import numpy as np
import pandas as pd

from .. import rules
from ..errors import require
from .grouping import nearest
from .wording import core, lexicon, likeness

KINDS = {"basic": "基本履职", "assisting": "配合履职", "reclaimed": "上级部门收回"}
_NEEDED = ("duty", "duty_name", "township", "list_kind")


def common(groups: pd.DataFrame) -> pd.DataFrame:
    """One row per duty: in how many townships, on which lists, and whether it belongs to the county's common core.

    groups : what ``alike`` returns.
    Returns duty, duty_name, townships (number of those with it), share (of the townships that have a list at all, 0-1),
    basic, assisting, reclaimed (numbers of townships with it on that list), core (share at least the rule
    ``crosswalk.core``), category (the most frequent, of several the first). Most widespread first.

    What it does not show: a duty in words that were not recognised counts as another, so a share is a lower bound;
    and a duty on every list need not weigh the same everywhere.

    >>> rows = pd.DataFrame({"duty": ["a", "a", "b"], "duty_name": ["征兵", "征兵", "防汛"], "township": ["甲镇", "乙乡", "甲镇"],
    ...                      "list_kind": ["basic", "assisting", "basic"], "category": "人民武装"})
    >>> common(rows)[["duty", "townships", "share", "basic", "assisting", "core"]].values.tolist()
    [['a', 2, 1.0, 1, 1, True], ['b', 1, 0.5, 1, 0, False]]
    """
    require(groups, [*_NEEDED, "category"], "跨乡镇比较结果")
    by = groups.groupby("duty", sort=True)
    out = pd.DataFrame({"duty_name": by["duty_name"].first(), "townships": by["township"].nunique()})
    out["share"] = out["townships"] / max(groups["township"].nunique(), 1)
    each = groups.drop_duplicates(["duty", "township", "list_kind"])
    counts = (
        each.groupby(["duty", "list_kind"])
        .size()
        .reset_index(name="n")
        .pivot_table(index="duty", columns="list_kind", values="n", fill_value=0)
    )
    for kind in KINDS:
        out[kind] = counts.get(kind, pd.Series(0, out.index)).reindex(out.index, fill_value=0).astype("int64")
    out["core"] = out["share"] >= rules.value("crosswalk.core") - 1e-9
    out["category"] = _usual(groups, "category").reindex(out.index).astype("str")
    out = out.reset_index().astype({"duty": "str", "duty_name": "str", "townships": "int64", "share": "float64"})
    return out.sort_values(["townships", "duty_name", "duty"], ascending=[False, True, True], ignore_index=True)


def _usual(groups: pd.DataFrame, column: str) -> pd.Series:
    """The most frequent value of a column for each duty, ties by text; duties without one are left out."""
    sizes = groups.dropna(subset=[column]).groupby(["duty", column]).size().rename("n").reset_index()
    sizes = sizes.sort_values(["duty", "n", column], ascending=[True, False, True])
    return sizes.drop_duplicates("duty").set_index("duty")[column]


def unique(groups: pd.DataFrame) -> pd.DataFrame:
    """The items that only one township has, with the nearest duty found elsewhere as evidence.

    groups : what ``alike`` returns.
    Returns township, item, list_kind, duty, name, nearest (duty id), nearest_name, nearest_score (0-1, likeness of
    the contents of the names), needs_review. Missing, and 0, where no other township has anything alike.

    What it does not show: a high nearest_score may be the same duty after all (``needs_review`` where ``alike`` was
    in doubt), a low one the same duty in quite other words; nor whether the duty is special or a list merely coarser.

    >>> names = ["河道保洁", "道路保洁", "招商引资"]
    >>> rows = pd.DataFrame({"duty": ["a", "b", "c"], "duty_name": names, "item": ["1", "1", "2"], "name": names,
    ...     "township": ["甲镇", "乙乡", "乙乡"], "list_kind": "basic", "needs_review": False})
    >>> unique(rows)[["township", "name", "nearest_name", "nearest_score"]].fillna("").values.tolist()
    [['乙乡', '道路保洁', '河道保洁', 0.75], ['乙乡', '招商引资', '', 0.0], ['甲镇', '河道保洁', '道路保洁', 0.75]]
    """
    require(groups, [*_NEEDED, "item", "name", "needs_review"], "跨乡镇比较结果")
    holders = groups.groupby("duty")["township"].nunique()
    alone = groups[groups["duty"].isin(holders.index[holders == 1])]
    out = alone[["township", "item", "list_kind", "duty", "name"]].reset_index(drop=True)
    found = _elsewhere(groups, set(alone["duty"]))
    for at, (column, empty) in enumerate((("nearest", ""), ("nearest_name", ""), ("nearest_score", 0.0))):
        values = [found[d][at] if d in found else empty for d in out["duty"]]
        out[column] = (
            pd.Series(values, dtype="float64") if at == 2 else pd.Series(values, dtype="str").replace("", np.nan)
        )
    out["needs_review"] = alone["needs_review"].to_numpy(bool)
    return out.sort_values(["township", "item", "duty"], ignore_index=True)


def _elsewhere(groups: pd.DataFrame, wanted: set[str]) -> dict[str, tuple[str, str, float]]:
    """For each wanted duty the likest one that another township has: id, name, likeness of contents."""
    words = lexicon()
    duties = groups.drop_duplicates("duty").sort_values("duty", ignore_index=True)
    ids, names = duties["duty"].tolist(), duties["duty_name"].fillna("").tolist()
    contents = [core(name, words).strong if name else "" for name in names]
    of = groups.groupby("duty")["township"].agg(frozenset)
    places = [of[d] for d in ids]
    out = {}
    for at, near in enumerate(nearest(contents)):
        if ids[at] not in wanted:
            continue
        ranked = [
            (-likeness(contents[at], contents[n]), names[n], ids[n]) for n in near.tolist() if places[n] - places[at]
        ]
        if ranked:
            score, name, duty = min(ranked)
            out[ids[at]] = (duty, name, -score)
    return out


def roles(groups: pd.DataFrame) -> pd.DataFrame:
    """The duties that stand on different lists in different townships, one row a duty.

    groups : what ``alike`` returns.
    Returns duty, duty_name, basic, assisting, reclaimed (numbers of townships), basic_townships,
    assisting_townships, reclaimed_townships (names joined by 、), townships (number in all), reason (Chinese),
    needs_review (a wording was recognised and not the same, or is in doubt, or one township has it on two lists).
    Most widespread first.

    What it does not show: which list is right. A village township may carry what a street rightly only assists.

    >>> rows = pd.DataFrame({"duty": "a", "duty_name": "燃气安全巡查", "township": ["甲镇", "乙乡"], "needs_review": False,
    ...                      "list_kind": ["basic", "assisting"], "band": "same"})
    >>> roles(rows)["reason"].item()
    '“燃气安全巡查”在甲镇为基本履职,在乙乡为配合履职'
    """
    require(groups, [*_NEEDED, "band", "needs_review"], "跨乡镇比较结果")
    kinds = groups.groupby("duty")["list_kind"].nunique()
    mixed = groups[groups["duty"].isin(kinds.index[kinds > 1])]
    by = mixed.groupby("duty", sort=True)
    out = pd.DataFrame({"duty_name": by["duty_name"].first(), "townships": by["township"].nunique()})
    for kind in KINDS:
        some = mixed[mixed["list_kind"] == kind].drop_duplicates(["duty", "township"]).groupby("duty")["township"]
        out[kind] = some.size().reindex(out.index, fill_value=0).astype("int64")
        out[f"{kind}_townships"] = some.agg(lambda t: "、".join(sorted(t))).reindex(out.index).astype("str")
    doubtful = mixed["needs_review"].astype(bool) | (mixed["band"] != "same")
    out["needs_review"] = doubtful.groupby(mixed["duty"]).any().reindex(out.index).astype(bool)
    out["needs_review"] |= out[list(KINDS)].sum(axis=1) > out["townships"]
    out = out.reset_index().astype({"duty": "str", "duty_name": "str", "townships": "int64"})
    out["reason"] = pd.Series([_split(row) for row in out.to_dict("records")], out.index, dtype="str")
    out = out.sort_values(["townships", "duty_name", "duty"], ascending=[False, True, True], ignore_index=True)
    written = [f"{kind}_townships" for kind in KINDS]
    return out[["duty", "duty_name", *KINDS, *written, "townships", "reason", "needs_review"]]


def _split(row: Mapping[Hashable, object]) -> str:
    parts = [f"在{row[f'{kind}_townships']}为{word}" for kind, word in KINDS.items() if row[kind]]
    return f"“{row['duty_name']}”{','.join(parts)}"


def matrix(groups: pd.DataFrame) -> pd.DataFrame:
    """Duty by township: on which list each township has it.

    groups : what ``alike`` returns.
    Returns duty, duty_name, then a column per township (sorted): the list kinds joined by ``|``, missing where the
    township does not have the duty. Rows in the order of ``common``: most widespread first.

    What it does not show: that an empty cell is a duty not done; the list only does not name it, or not in known words.

    >>> rows = pd.DataFrame({"duty": ["a", "a", "b"], "duty_name": ["征兵", "征兵", "防汛"], "township": ["甲镇", "乙乡", "甲镇"],
    ...                      "list_kind": ["basic", "assisting", "basic"]})
    >>> matrix(rows).fillna("").values.tolist()
    [['a', '征兵', 'assisting', 'basic'], ['b', '防汛', '', 'basic']]
    """
    require(groups, list(_NEEDED), "跨乡镇比较结果")
    cells = groups.drop_duplicates(["duty", "township", "list_kind"]).sort_values(["duty", "township", "list_kind"])
    joined = cells.groupby(["duty", "township"])["list_kind"].agg("|".join).reset_index()
    wide = joined.pivot_table(index="duty", columns="township", values="list_kind", aggfunc="first")
    wide = wide.astype("str").rename_axis(columns=None)
    names = groups.drop_duplicates("duty").set_index("duty")["duty_name"]
    townships, filled = list(wide.columns), wide.notna().sum(axis=1)
    out = wide.assign(duty_name=names.reindex(wide.index).astype("str"), _n=filled).reset_index()
    out = out.sort_values(["_n", "duty_name", "duty"], ascending=[False, True, True], ignore_index=True)
    return out[["duty", "duty_name", *townships]].astype({"duty": "str"})


def similarity(groups: pd.DataFrame) -> pd.DataFrame:
    """How alike the lists of every two townships are, long form, both ways round and each with itself.

    groups : what ``alike`` returns.
    Returns township, other, both (number of duties both have), either (number that at least one has),
    jaccard (both / either, 0-1).

    What it does not show: on which list the duties stand (see ``roles``); unrecognised wordings lower it, and
    lists drafted from one county template are alike for that reason alone.

    >>> rows = pd.DataFrame({"duty": ["a", "a", "b"], "duty_name": ["征兵", "征兵", "防汛"], "township": ["甲镇", "乙乡", "甲镇"],
    ...                      "list_kind": "basic"})
    >>> similarity(rows).loc[lambda s: s.township < s.other].values.tolist()
    [['乙乡', '甲镇', 1, 2, 0.5]]
    """
    from scipy import sparse

    require(groups, list(_NEEDED), "跨乡镇比较结果")
    cells = groups.drop_duplicates(["duty", "township"])
    row, towns = pd.factorize(cells["township"], sort=True)
    column, duties = pd.factorize(cells["duty"])
    has = sparse.csr_array((np.ones(len(cells), dtype=np.int64), (row, column)), shape=(len(towns), len(duties)))
    both = (has @ has.T).toarray()
    own = both.diagonal()
    either = own[:, None] + own[None, :] - both
    names, n = np.asarray(towns, dtype=object), len(towns)
    return pd.DataFrame(
        {
            "township": pd.Series(np.repeat(names, n), dtype="str"),
            "other": pd.Series(np.tile(names, n), dtype="str"),
            "both": both.ravel().astype("int64"),
            "either": either.ravel().astype("int64"),
            "jaccard": (both / np.maximum(either, 1)).ravel().astype("float64"),
        }
    )
