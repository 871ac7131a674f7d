"""Tracking evaluation: what the tasks sent down say about the lists, each finding a suggestion for adjusting them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from .. import norm, rules
from ..errors import require
from ..tables.fields import label
from .states import said

MONTH = 365.25 / 12  # days
COLUMNS = {
    "finding": "str",
    "item": "str",
    "name": "str",
    "list_kind": "str",
    "township": "str",
    "department": "str",
    "tasks": "int64",
    "hits": "int64",
    "months": "float64",
    "last": "datetime64[us]",
    "direction": "str",
    "evidence": "str",
    "task_ids": "str",
    "limits": "str",
    "needs_review": "bool",
}
LIMITS = {
    "unused": "没有任务下派不等于没有履行:依法日常履行、热线和上门办理未必记入台账",
    "always_assisting": "台账所记角色可能是下发时的说法;是否确由部门牵头、法定职责归谁,台账不能说明",
    "keeps_coming": "匹配可能有误;任务确需乡镇(街道)承担的,也可能是收回不当,台账不能说明",
    "always_shifted": "匹配和所记角色、保障可能有误;主次颠倒是要求不当还是清单定得不当,台账不能说明",
}
DIRECTIONS = {
    "assisting": "核实是否长期未实际履行:确无必要的提请删除,乡镇(街道)无力承接的提请移入上级部门收回事项清单",
    "basic": "核实是否仍在日常履行:法定职责保留,长期未实际履行的提请删除或移入上级部门收回事项清单",
    "always_assisting": "提请移入配合履职事项清单,写明牵头部门和双方职责",
    "keeps_coming": "督促承接部门收回并停止下派;确需乡镇(街道)承担的,按职责准入程序申请",
    "inverted": "督促部门负主责、厘清双方职责;乡镇(街道)无力承接的提请移入上级部门收回事项清单",
    "unsupported": "提请补充保障({support}),由部门兑现后再要求配合;长期不能兑现的提请收回",
}


def evaluate(
    ledger: pd.DataFrame,
    items: pd.DataFrame,
    *,
    since: str | pd.Timestamp | None = None,
    until: str | pd.Timestamp | None = None,
    path: str | None = None,
) -> pd.DataFrame:
    """Suggestions for adjusting the lists in force at the end of the period, a row a finding, each with its evidence.

    | finding | when |
    |---|---|
    | unused | a basic or assisting item that no task matched, not even doubtfully, in any township that has it, though in force for ``lifecycle.least_months`` of the period |
    | always_assisting | a basic item, but the tasks ask the township to assist only, the departments leading |
    | keeps_coming | a reclaimed item that came down ``lifecycle.returning`` times or more since |
    | always_shifted | an assisting item whose tasks are always inverted or unsupported |

    "Always" is a share of ``lifecycle.always`` of at least ``lifecycle.least_tasks`` tasks. Only tasks judged by a list
    in force on their day count, and of these only those since the item stands where it does now.

    ledger : what ``shifting.judge`` returns: task, date, township, department, item, verdict; band, role, in_force,
        retrospective, missing_support where present. items : item, township, list_kind, name, since; until, known_from.
    since, until : first day, and first day after the end, of the period; None for the first and last task. path : rules.

    Returns finding, item, name, list_kind, township (those concerned, joined by 、), department (senders; for unused the
    item's own), tasks (how many the finding rests on), hits (how many of them bear it out), months (in force within the
    period, the longest of any township), last (day of the last hit), direction, evidence (Chinese, with the numbers),
    task_ids (of the hits, joined by 、), limits (what it does not show), needs_review (always True).
    Raises TableError for missing columns or dates.

    Source: the tracking evaluation of the lists; the measures are our own. A suggestion is where to look, no verdict.

    >>> items = pd.DataFrame({"item": ["S1", "P1"], "township": "甲镇", "list_kind": ["reclaimed", "assisting"],
    ...     "name": ["校外培训审查", "燃气检查"], "since": pd.Timestamp("2025-07-01")})
    >>> ledger = pd.DataFrame({"task": ["1", "2"], "date": pd.to_datetime(["2025-07-02", "2026-03-01"]), "township": "甲镇",
    ...     "department": "县教育局", "item": "S1", "verdict": "reclaimed"})
    >>> evaluate(ledger, items)[["finding", "item", "hits"]].values.tolist()
    [['keeps_coming', 'S1', 2], ['unused', 'P1', 0]]
    """
    require(ledger, ["task", "date", "township", "department", "item", "verdict"], "判定结果")
    require(items, ["item", "township", "list_kind", "name", "since"], "履职事项清单")
    dates = pd.to_datetime(ledger["date"])
    first = pd.Timestamp(since) if since is not None else dates.min()
    end = pd.Timestamp(until) if until is not None else dates.max() + pd.Timedelta(days=1)
    if pd.isna(first) or pd.isna(end):
        return pd.DataFrame(columns=list(COLUMNS)).astype(COLUMNS)
    tasks = _counted(ledger.assign(date=dates), first, end)
    listed = _listed(items, first, end)
    used = tasks.merge(listed, on=["township", "item"], suffixes=("", "_listed"))
    used = used[used["date"] >= used["start"]]
    least = {name: rules.value(f"lifecycle.{name}", path=path) for name in ("least_tasks", "always", "returning")}
    found = [
        *_each(used[used["list_kind"] == "reclaimed"], lambda some: _keeps_coming(some, least["returning"])),
        *_each(used[used["list_kind"] == "assisting"], lambda some: _always_shifted(some, least)),
        *_each(used[used["list_kind"] == "basic"], lambda some: _always_assisting(some, least)),
        *_unused(listed, tasks, first, end, rules.value("lifecycle.least_months", path=path)),
    ]
    out = pd.DataFrame(found, columns=list(COLUMNS)).astype(COLUMNS)
    return out.sort_values(["hits", "item"], ascending=[False, True], kind="stable", ignore_index=True)


def _counted(ledger: pd.DataFrame, first: pd.Timestamp, end: pd.Timestamp) -> pd.DataFrame:
    """Tasks of the period that were judged by a list of their day, without the columns of the list."""
    held = (ledger["date"] >= first) & (ledger["date"] < end)
    held &= ledger["in_force"].astype(bool) if "in_force" in ledger else True
    held &= ~ledger["retrospective"].astype(bool) if "retrospective" in ledger else True
    kept = ["task", "date", "township", "department", "item", "verdict", "role", "missing_support", "band"]
    return ledger[held].reindex(columns=kept).astype({"township": object, "item": object, "role": object})


def _listed(items: pd.DataFrame, first: pd.Timestamp, end: pd.Timestamp) -> pd.DataFrame:
    """Items in force at the end of the period: with ``start``, since when without a break in the same list, and
    ``months`` of that within the period."""
    columns = ["item", "township", "list_kind", "name", "department"]
    held = norm.versions(items.reset_index(drop=True)).sort_values(["township", "item", "start"], kind="stable")
    held[["list_kind", "name", "department"]] = (
        items.reindex(columns=columns[2:]).astype(object).to_numpy()[held["row"]]
    )
    before = held[["township", "item", "list_kind", "end"]].shift()
    same = (before[["township", "item", "list_kind"]] == held[["township", "item", "list_kind"]]).all(axis=1)
    held["run"] = (~(same & (before["end"] >= held["start"]))).cumsum()
    held["start"] = held.groupby("run")["start"].transform("min")
    last = (end - pd.Timestamp("1970-01-01")).days - 1
    now = held[(held["start"] <= last) & (held["end"] > last)].groupby("run", as_index=False).last()
    start = pd.Series(pd.to_datetime(now["start"].to_numpy(np.int64), unit="D"), now.index).astype("datetime64[us]")
    months = (end - start.where(start > first, first)).dt.days / MONTH
    return now[columns].assign(start=start, months=months)


def _each(used: pd.DataFrame, judge: Callable[[pd.DataFrame], dict[str, object] | None]) -> list[dict[str, object]]:
    """The findings about each item, with the columns that all of them have."""
    found = []
    for item, some in used.groupby("item", sort=True):
        if told := judge(some.sort_values(["date", "task"], kind="stable")):
            hits = some[some["task"].isin(told.pop("hit"))].sort_values(["date", "task"])  # type: ignore[arg-type]
            common = {
                "item": item,
                "name": some["name"].iloc[-1],
                "list_kind": some["list_kind"].iloc[0],
                "township": _joined(hits["township"]),
                "department": _joined(hits["department"]),
                "hits": len(hits),
                "months": some["months"].max(),
                "last": hits["date"].max(),
                "task_ids": "、".join(hits["task"].astype(str)),
                "limits": LIMITS[str(told["finding"])],
                "needs_review": True,
            }
            found.append(common | told)
    return found


def _joined(names: pd.Series) -> str:
    """The names, most frequent first."""
    return "、".join(names.dropna().astype(str).value_counts(sort=True).index)


def _by_count(names: pd.Series) -> str:
    return "、".join(f"{name}{count}件" for name, count in names.dropna().astype(str).value_counts().items())


def _keeps_coming(some: pd.DataFrame, least: int) -> dict[str, object] | None:
    hits = some[some["verdict"] == "reclaimed"]
    if len(hits) < least:
        return None
    evidence = (
        f"收回后仍下派{len(hits)}件:{_by_count(hits['department'])};涉及{_joined(hits['township'])};"
        f"最近一件在{hits['date'].max():%Y-%m-%d}"
    )
    return {
        "finding": "keeps_coming",
        "hit": hits["task"],
        "tasks": len(hits),
        "direction": DIRECTIONS["keeps_coming"],
        "evidence": evidence,
    }


def _always_shifted(some: pd.DataFrame, least: dict[str, float]) -> dict[str, object] | None:
    decided = some[some["verdict"].isin(["assist", "inverted", "unsupported"])]
    hits = decided[decided["verdict"] != "assist"]
    if len(decided) < least["least_tasks"] or len(hits) < least["always"] * len(decided):
        return None
    inverted, bare = hits[hits["verdict"] == "inverted"], hits[hits["verdict"] == "unsupported"]
    kinds = sorted({k for cell in bare["missing_support"].dropna() for k in str(cell).split("|") if k})
    lacking = "、".join(said("support", kind) for kind in kinds)
    ways = [DIRECTIONS["inverted"]] if len(inverted) else []
    ways += [DIRECTIONS["unsupported"].format(support=lacking or "清单承诺的各项")] if len(bare) else []
    evidence = (
        f"已判定的{len(decided)}件任务中,要求乡镇(街道)负主责或单独考核的{len(inverted)}件,承诺保障未到位的{len(bare)}件"
        f"{f'(缺{lacking})' if lacking else ''},依清单配合的{len(decided) - len(hits)}件;下发部门:{_by_count(hits['department'])}"
    )
    return {
        "finding": "always_shifted",
        "hit": hits["task"],
        "tasks": len(decided),
        "direction": ";".join(ways),
        "evidence": evidence,
    }


def _always_assisting(some: pd.DataFrame, least: dict[str, float]) -> dict[str, object] | None:
    recorded = some[(some["verdict"] == "own") & some["role"].notna()]
    hits = recorded[recorded["role"] == "assist"]
    if len(recorded) < least["least_tasks"] or len(hits) < least["always"] * len(recorded):
        return None
    silent = int(((some["verdict"] == "own") & some["role"].isna()).sum())
    evidence = (
        f"列为基本履职事项,但记录了角色的{len(recorded)}件任务中{len(hits)}件只要求配合,由部门牵头:"
        f"{_by_count(hits['department'])}{f';另有{silent}件未记录角色' if silent else ''}"
    )
    return {
        "finding": "always_assisting",
        "hit": hits["task"],
        "tasks": len(recorded),
        "direction": DIRECTIONS["always_assisting"],
        "evidence": evidence,
    }


def _unused(
    listed: pd.DataFrame, tasks: pd.DataFrame, first: pd.Timestamp, end: pd.Timestamp, least: float
) -> list[dict[str, object]]:
    """Basic and assisting items that no task of the period names, where they are in force long enough everywhere."""
    named = set(tasks["item"].dropna())
    found = []
    rest = listed[~listed["item"].isin(named) & (listed["list_kind"] != "reclaimed") & (listed["months"] >= least)]
    towns = tasks.groupby("township").size()
    for (item, kind), some in rest.groupby(["item", "list_kind"], sort=True):
        sent = int(towns.reindex(some["township"].unique()).fillna(0).sum())
        evidence = (
            f"{first:%Y-%m-%d}至{end - pd.Timedelta(days=1):%Y-%m-%d}在{some['township'].nunique()}个乡镇(街道)有效"
            f"{_span(some['months'])}个月,这些乡镇(街道)同期收到任务{sent}件,"
            f"没有一件(含待确认的)与{label('items', 'list_kind', kind)}“{some['name'].iloc[-1]}”对应"
        )
        found.append(
            {
                "finding": "unused",
                "item": item,
                "name": some["name"].iloc[-1],
                "list_kind": kind,
                "township": "、".join(some["township"].unique()),
                "department": "、".join(some["department"].dropna().unique()),
                "tasks": 0,
                "hits": 0,
                "months": some["months"].max(),
                "last": pd.NaT,
                "direction": DIRECTIONS[str(kind)],
                "evidence": evidence,
                "task_ids": "",
                "limits": LIMITS["unused"],
                "needs_review": True,
            }
        )
    return found


def _span(months: pd.Series) -> str:
    """Months as one number, or from the least to the most."""
    least, most = (f"{value:.1f}" for value in (months.min(), months.max()))
    return least if least == most else f"{least}至{most}"
