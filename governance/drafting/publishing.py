"""审定发布: the list as it is published, and how far a draft has come."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from ..errors import LifecycleError, TableError
from ..tables.fields import frame
from .examining import TESTED, listed
from .steps import KEY, LISTED, STEPS, duties, enter, next_of, since, typed

PROGRESS = {"township": "str", "step": "str", "round": "int64", "next_step": "str"}
PROGRESS |= dict.fromkeys(["line_count", "asides", "items_left", "undecided_groups", "unlisted"], "int64")
PROGRESS |= dict.fromkeys(["disputes", "unapplied_items", "unexamined", "doubts"], "int64")
RECORD = {
    "township": "str",
    "version": "str",
    "published": "datetime64[us]",
    "approval": "str",
    "since": "datetime64[us]",
}
RECORD |= dict.fromkeys(["line_count", "asides", "items_left", "basic", "assisting", "reclaimed"], "int64")
RECORD |= {"remark": "str"}


@dataclass(frozen=True, eq=False)
class Release:
    """A published list: ``items`` (the package's table of items) and ``record``, a row per township: township, version,
    published, approval, since, line_count, asides, items_left, basic, assisting, reclaimed, remark (doubts let pass with
    their explanation, and rulings)."""

    items: pd.DataFrame
    record: pd.DataFrame


def publish(
    draft: pd.DataFrame, *, version: str, date: str | pd.Timestamp, approval: str, since: str | pd.Timestamp
) -> Release:
    """The list as published, as ``Release``: items of the package's own table, and the record of this version.

    version : as 第1版. date : of publishing (becomes known_from). approval : the document's number, in whatever form.
    since : from when it is in force. ``source`` of every item reads 示例县委发〔2025〕12号 第1版.
    Raises LifecycleError naming the first missing step, the items still in dispute, not examined, or doubtful without a
    remark; TableError for no version or approval number, dates that are none, items without a list, ids used twice.

    >>> from governance.drafting import checklist, condense, consult, examine, merge, stock
    >>> raw = pd.DataFrame({"text": ["河道巡查", "电梯安全检验"], "list_kind": ["assisting", "reclaimed"]})
    >>> draft = stock(raw, "栎桥镇")
    >>> draft = merge(draft, condense(draft).assign(decision=None))
    >>> for n in (1, 2, 3):
    ...     draft = consult(draft, pd.DataFrame(columns=["item", "unit", "stance"]), round=n)
    >>> draft = examine(draft, checklist(draft).assign(主导=["是", None], 技术承接难=[None, "是"]))
    >>> done = publish(draft, version="第1版", date="2025-06-30", approval="示例县委发〔2025〕12号", since="2025-07-01")
    >>> done.items[["item", "list_kind", "source"]].values.tolist()
    [['L0001', 'assisting', '示例县委发〔2025〕12号 第1版'], ['L0002', 'reclaimed', '示例县委发〔2025〕12号 第1版']]
    """
    enter(draft, "published")
    rows = listed(draft)
    for text, said in ((version, "版本"), (approval, "批准文号")):
        if not isinstance(text, str) or not text.strip():
            raise TableError(f"没有写明{said}")
    try:
        day, start = pd.Timestamp(date), pd.Timestamp(since)
    except (ValueError, TypeError):
        raise TableError(f"发布日期或施行日期不是日期:{date}、{since};写成 2025-07-01") from None
    if pd.isna(day) or pd.isna(start):
        raise TableError("没有写明发布日期或施行日期")
    _ready(rows)
    if rows.duplicated(KEY).any():
        raise TableError(f"事项编号重复:{'、'.join(rows.loc[rows.duplicated(KEY), 'item'].head(5))}")
    items = rows[[*KEY, "name", *LISTED]].assign(
        since=start, known_from=day, source=f"{approval.strip()} {version.strip()}"
    )
    record = [_record(town, own) for town, own in draft.groupby("township", sort=False)]
    told = {"version": version.strip(), "published": day, "approval": approval.strip(), "since": start}
    return Release(frame("items", items), typed(pd.DataFrame([r | told for r in record]), RECORD))


def _ready(rows: pd.DataFrame) -> None:
    """LifecycleError naming what stands in the way of publishing."""
    for which, step, said in (
        (rows["unapplied"].notna(), "consulted", "修改待落实:已采纳修改而没有新的名称或内容,应用 classify 写入"),
        (rows["disputing"].notna(), "consulted", "仍有未统一的意见,应继续协商或用 settle 裁定"),
        (~rows["examined"].astype(bool), "examined", "没有论证"),
        (rows["doubt"].notna() & rows["remark"].isna(), "examined", "论证有疑点而没有说明"),
    ):
        if which.any():
            own = rows[which].head(10)
            why = own["doubt"] if "疑点" in said else own["disputing"].str.replace("|", "、")
            some = ";".join(
                f"{i} {n}{f'({w})' if isinstance(w, str) else ''}"
                for i, n, w in zip(own["item"], own["name"], why, strict=True)
            )
            more = f" 等 {int(which.sum())} 项" if which.sum() > len(own) else ""
            raise LifecycleError(f"“{STEPS[step]}”没有完成,不能进入“{STEPS['published']}”:{some}{more}{said}")


def _counted(own: pd.DataFrame) -> dict[str, object]:
    sizes = own["lines"].str.count(r"\|") + 1
    asides = sizes[~own["is_duty"].to_numpy(bool)].sum()
    return {"line_count": int(sizes.sum()), "asides": int(asides), "items_left": len(duties(own))}


def _record(town: object, own: pd.DataFrame) -> dict[str, object]:
    rows = duties(own)
    passed = [
        f"{i} {n}:{d};{r}"
        for i, n, d, r in rows.loc[rows["doubt"].notna(), ["item", "name", "doubt", "remark"]].itertuples(index=False)
    ]
    ruled = [
        f"{i} {n}裁定:{r}"
        for i, n, r in rows.loc[rows["rulings"].notna(), ["item", "name", "rulings"]].itertuples(index=False)
    ]
    kinds = {kind: int((rows["list_kind"] == kind).sum()) for kind in TESTED}
    return {"township": town, **_counted(own), **kinds, "remark": "\n".join([*passed, *ruled]) or None}


def progress(draft: pd.DataFrame) -> pd.DataFrame:
    """Where the draft stands, a row per township.

    Columns: township, step (the last done), round, next_step (Chinese), line_count, asides, items_left,
    undecided_groups, unlisted (items on no list), disputes (items in dispute), unapplied_items (of
    these, with an accepted change that has no new name or text yet: 修改待落实), unexamined, doubts (without a remark).
    Raises LifecycleError for a frame that is no draft.

    >>> from governance.drafting import stock
    >>> draft = stock(pd.DataFrame({"text": ["河道巡查", "合计 1 项"]}), "栎桥镇")
    >>> progress(draft)[["step", "next_step", "line_count", "asides", "items_left"]].values.tolist()
    [['stock', '“归并凝练”', 2, 1, 1]]
    """
    since(draft, "stock", "查看进度")
    rows = []
    for town, own in draft.groupby("township", sort=False):
        left = duties(own)
        step = min(own["step"], key=list(STEPS).index)
        rows.append(
            {
                "township": town,
                "step": step,
                "round": int(own["round"].min()),
                "next_step": next_of(own),
                **_counted(own),
                "undecided_groups": own["undecided"].dropna().nunique(),
                "unlisted": int((~left["list_kind"].isin(list(TESTED))).sum()),
                "disputes": int(left["disputing"].notna().sum()),
                "unapplied_items": int(left["unapplied"].notna().sum()),
                "unexamined": int((~left["examined"].astype(bool)).sum()),
                "doubts": int((left["doubt"].notna() & left["remark"].isna()).sum()),
            }
        )
    return typed(pd.DataFrame(rows), PROGRESS)
