"""归并凝练: the groups a person decided on made into items, and what that saved."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import pandas as pd

from ..errors import TableError, require
from ..tables.cells import lexicon
from ..tables.fields import field, label
from ..tables.headers import squeeze
from .steps import DRAFT, KEY, LISTED, duties, enter, faulty, joined, known, listed_values, since, typed

MERGE: Mapping[str, tuple[str, ...]] = {"decision": ("合并", "单列"), "new_name": ()}
_MARKS = {"department": "、", "office": "、", "post": "、", "channel": "、", "category": "、"}
_KEPT = {"wording": "\n", "lines": "|", "support": "|", "basis": "\n", "method": "\n"}
_WORDED = ("name", "category", "department", "department_duty", "township_duty", "support", "method", "basis")
_KEPT |= {"department_duty": "\n", "township_duty": "\n", **_MARKS}


def merge(draft: pd.DataFrame, decisions: pd.DataFrame) -> pd.DataFrame:
    """The draft with the lines a person decided to merge made into items; nothing else is merged, no line is lost.

    decisions : what ``condense`` gave with the columns ``MERGE`` filled in (by ``review.back``): item, cluster,
    decision (合并 or 单列, merge or apart, blank), new_name; township, representative where there are any. All lines of a
    cluster with 合并 become one item; where only the representative's line says so and the others are blank, the whole
    cluster does. Rows left blank stay apart and keep the cluster's name in ``undecided``. A person may send further
    clusters of their own.

    An item made of several lines keeps the id and name of its representative (or new_name), all line ids in
    ``lines``, all texts in ``wording``, the sum of ``count``, and the offices, departments and bases of all of them.
    Step becomes ``merged``; merging again is allowed until the first round.
    Raises LifecycleError for the wrong step, TableError listing every decision that cannot be carried out.

    >>> from governance.drafting import condense, stock
    >>> draft = stock(pd.DataFrame({"text": ["河道巡查保洁", "开展河道巡查保洁", "受理低保申请"]}), "栎桥镇")
    >>> merge(draft, condense(draft).assign(decision="合并"))[["item", "lines", "count"]].values.tolist()
    [['L0001', 'L0001|L0002', 2], ['L0003', 'L0003', 1]]
    """
    enter(draft, "merged")
    require(decisions, ["item", "cluster", "decision"], "归并意见表")
    rows = decisions.reset_index(drop=True)
    rows["at"], rows["does"] = known(draft, rows, "归并意见表"), _decided(rows["decision"])
    rows["whole"] = _whole(rows)
    faulty(_faults(draft, rows), "归并意见表")
    merging = rows["does"].eq("merge") | rows["whole"]
    changed: dict[int, dict[str, object]] = {
        at: {"undecided": cluster if does is None else None}
        for at, cluster, does in zip(rows["at"], rows["cluster"], rows["does"].mask(merging, "merge"), strict=True)
    }
    gone: list[int] = []
    for _, group in rows[merging].groupby("cluster", sort=False):
        members, head = sorted(group["at"].tolist()), _head(group)
        changed[head] = _item(draft.iloc[members], group)
        gone += [m for m in members if m != head]
    return (
        changed_rows(draft, changed)
        .drop(index=gone)
        .reset_index(drop=True)
        .assign(step="merged", round=0)
        .pipe(typed, DRAFT)
    )


def changed_rows(draft: pd.DataFrame, changed: Mapping[int, Mapping[str, object]]) -> pd.DataFrame:
    """``draft`` with the values of ``changed`` (position -> column -> value), numbered from 0.

    >>> changed_rows(pd.DataFrame({"name": ["甲", "乙"]}), {1: {"name": "丙"}})["name"].tolist()
    ['甲', '丙']
    """
    return pd.DataFrame(
        {c: [changed.get(at, {}).get(str(c), v) for at, v in enumerate(draft[c].astype(object))] for c in draft.columns}
    )


def _decided(values: pd.Series) -> pd.Series:
    words = lexicon(field("results", "decision"))
    said = [None if v is None or v != v or not squeeze(str(v)) else squeeze(str(v)).casefold() for v in values]
    return pd.Series([words.get(s, "?") if s else None for s in said], values.index, dtype=object)


def _whole(rows: pd.DataFrame) -> pd.Series:
    """Which rows belong to a cluster where the representative alone says 合并 and so speaks for all."""
    whole = pd.Series(False, rows.index)
    for _, group in rows.groupby("cluster", sort=False):
        said = group[group["does"].notna()]
        heads = group["representative"] if "representative" in group else group["item"].iloc[[0]]
        if len(said) == 1 and said["does"].iloc[0] == "merge" and said["item"].iloc[0] == heads.iloc[0]:
            whole[group.index] = True
    return whole


def _faults(draft: pd.DataFrame, rows: pd.DataFrame) -> list[tuple[object, str, object, str, str]]:
    found: list[tuple[object, str, object, str, str]] = []
    seen: set[int] = set()
    lines = zip(rows["at"], rows["item"], rows["cluster"], rows["does"], rows["whole"], rows["decision"], strict=True)
    for line, (at, item, cluster, does, whole, said) in enumerate(lines, 1):
        if at < 0:
            found.append((line, "事项编号", item, "草案里没有这个编号", "核对编号"))
        if does == "?":
            found.append((line, "归并意见", said, "不是允许的填法", "填写“合并”或“单列”,或留空"))
        if not isinstance(cluster, str) or not cluster.strip():
            found.append((line, "近似组", "", "没有写明近似组", "补上近似组"))
        if at >= 0 and (does is not None or whole):
            if at in seen:
                found.append((line, "事项编号", item, "同一行在两处作了归并决定", "只保留一处"))
            seen.add(at)
    merging = rows[(rows["does"].eq("merge") | rows["whole"]) & (rows["at"] >= 0)]
    for cluster, group in merging.groupby("cluster", sort=False):
        found += _clashes(str(cluster), group, draft.iloc[group["at"].tolist()])
    return found


def _clashes(cluster: str, group: pd.DataFrame, own: pd.DataFrame) -> list[tuple[object, str, object, str, str]]:
    """Why the lines of ``group`` cannot become one item."""
    found: list[tuple[object, str, object, str, str]] = []
    first = int(group.index.min()) + 1
    if len(group) == 1:
        words = ("组内只有这一行写了合并,没有可以并入的行", "组内各行都写明意见,或只在代表行写“合并”")
        found.append((first, "归并意见", cluster, *words))
    for column, said in (("township", "乡镇(街道)"), ("list_kind", "清单类别")):
        kinds = [label("items", column, v) for v in own[column].dropna().unique()]
        if len(kinds) > 1:
            found.append((first, said, "、".join(kinds), "同组各行不一致,不能合并", "先统一,或单列"))
    if "new_name" in group and len(_names(group)) > 1:
        found.append((first, "修改后名称", "、".join(_names(group)), "同组写了不止一个名称", "只保留一个"))
    return found


def _names(group: pd.DataFrame) -> list[str]:
    return list(dict.fromkeys(str(v).strip() for v in group["new_name"].dropna() if str(v).strip()))


def _head(group: pd.DataFrame) -> int:
    """Position of the line whose id the item keeps: the representative, or else the first line merged."""
    if "representative" in group:
        chosen = group["at"][group["item"].astype(object) == group["representative"].astype(object)]
        if len(chosen):
            return int(chosen.iloc[0])
    return int(group["at"].min())


def _item(members: pd.DataFrame, group: pd.DataFrame) -> dict[str, object]:
    made: dict[str, object] = {c: joined(list(members[c]), mark) for c, mark in _KEPT.items()}
    kinds = members["list_kind"].dropna()
    made |= {"list_kind": kinds.iloc[0] if len(kinds) else None, "count": members["count"].sum(), "is_duty": True}
    names = _names(group) if "new_name" in group else []
    return {**made, "times": made["count"], "aside": None, "undecided": None, **({"name": names[0]} if names else {})}


def classify(draft: pd.DataFrame, choices: pd.DataFrame) -> pd.DataFrame:
    """The draft with items put on one of the three lists, and their other columns filled, as a person chose.

    choices : item (township where ids need it), and any of name, list_kind, category, department, department_duty,
    township_duty, support, method, basis; Chinese or English values; blank cells change nothing. Where an examined
    item changes its list it must be examined again. A new name or text carries out the changes that were accepted
    without one (修改待落实): the units in ``unapplied`` are no longer in dispute. Raises LifecycleError before 归并凝练, TableError listing every
    unknown id and every value that is not allowed.

    >>> from governance.drafting import condense, merge, stock
    >>> draft = stock(pd.DataFrame({"text": ["河道巡查", "受理低保申请"]}), "栎桥镇")
    >>> draft = merge(draft, condense(draft).assign(decision=None))
    >>> classify(draft, pd.DataFrame({"item": ["L0002"], "list_kind": ["基本"]}))["list_kind"].tolist()
    [nan, 'basic']
    """
    since(draft, "merged", "归入三张清单")
    rows = choices.reset_index(drop=True)
    at = known(draft, rows, "清单归类表")
    words = ("草案里没有这个编号", "核对编号")
    found: list[tuple[object, str, object, str, str]] = [
        (n + 1, "事项编号", rows["item"][n], *words) for n in rows.index[at < 0]
    ]
    changed: dict[int, dict[str, object]] = defaultdict(dict)
    values, faults = listed_values(rows, ("name", *LISTED))
    found += faults
    for column, given in values.items():
        for place, value in zip(at[given.notna()], given.dropna(), strict=True):
            changed[place][column] = value
    faulty(found, "清单归类表")
    for place, values_ in changed.items():
        if "list_kind" in values_ and values_["list_kind"] != draft["list_kind"].iloc[place]:
            values_.update(examined=False, grounds=None, doubt=None, remark=None)
        if any(v != draft[c].iloc[place] for c, v in values_.items() if c in _WORDED):
            late, open_ = (str(v).split("|") for v in draft[["unapplied", "disputing"]].fillna("").iloc[place])
            values_.update(disputing="|".join(u for u in open_ if u not in late) or None, unapplied=None)
    return typed(changed_rows(draft, changed), DRAFT)


def reduction(raw: pd.DataFrame, draft: pd.DataFrame, *, by: str | None = None) -> pd.DataFrame:
    """How many raw lines became how many items: [by], line_count, asides, items_left, cut (1 - items_left / lines).

    raw : the draft that ``stock`` gave. draft : what became of it. by : office, department, township or post of the
    raw line; an item made of lines of two offices counts for each, so the rows do not add up to the whole.
    Lines without an office come under 未注明. Raises TableError where a raw line is not found in ``draft``.

    >>> from governance.drafting import condense, merge, stock
    >>> raw = stock(pd.DataFrame({"text": ["河道巡查保洁", "开展河道巡查保洁"], "office": ["农办", "城建办"]}), "栎桥镇")
    >>> done = merge(raw, condense(raw).assign(decision="合并"))
    >>> reduction(raw, done, by="office")[["office", "line_count", "items_left"]].values.tolist()
    [['农办', 1, 1], ['城建办', 1, 1]]
    """
    require(raw, [*KEY, "is_duty", *([by] if by else [])], "原始事项")
    require(draft, [*KEY, "lines", "is_duty"], "草案")
    single = draft.assign(line=draft["lines"].str.split("|")).explode("line")
    place = pd.MultiIndex.from_frame(single[["township", "line"]].astype(object))
    at = place.get_indexer(pd.MultiIndex.from_frame(raw[KEY].astype(object)))
    if (at < 0).any():
        raise TableError(f"有 {int((at < 0).sum())} 条原始事项在草案中找不到,不能计算压减比例")
    rows = raw.assign(became=single["township"].to_numpy(object)[at] + "|" + single["item"].to_numpy(object)[at])
    rows = rows.assign(is_item=single["is_duty"].to_numpy(bool)[at], whole="全部")
    if by:
        rows[by] = rows[by].fillna("未注明")
    out = [
        {
            **({by: name} if by else {}),
            "line_count": len(own),
            "asides": int((~own["is_item"]).sum()),
            "items_left": own.loc[own["is_item"], "became"].nunique(),
        }
        for name, own in rows.groupby(by or "whole", sort=False)
    ]
    kinds = {**({by: "str"} if by else {}), **dict.fromkeys(["line_count", "asides", "items_left"], "int64")}
    frame = typed(pd.DataFrame(out, columns=list(kinds)), kinds)
    return frame.assign(cut=1 - frame["items_left"] / frame["line_count"])


def sentence(draft: pd.DataFrame) -> str:
    """The whole in one sentence: raw lines, items left, and how much that is less.

    >>> from governance.drafting import condense, merge, stock
    >>> draft = stock(pd.DataFrame({"text": ["河道巡查保洁", "开展河道巡查保洁", "合计 2 项"]}), "栎桥镇")
    >>> sentence(merge(draft, condense(draft).assign(decision="合并")))
    '原始 3 条 → 归并后 1 项(压减 66.7%);其中标题、空行等非事项 1 条'
    """
    require(draft, ["lines", "is_duty"], "草案", rows=True)
    sizes = draft["lines"].str.count(r"\|") + 1
    lines, left, asides = int(sizes.sum()), len(duties(draft)), int(sizes[~draft["is_duty"].to_numpy(bool)].sum())
    more = f";其中标题、空行等非事项 {asides:,} 条" if asides else ""
    return f"原始 {lines:,} 条 → 归并后 {left:,} 项(压减 {1 - left / lines:.1%}){more}"
