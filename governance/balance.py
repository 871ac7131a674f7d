"""Duty-load balance: hours against capacity, how unevenly they lie, and what would go back."""

from __future__ import annotations

import numpy as np
import pandas as pd

from . import norm, rules
from .errors import TableError, require

COUNTS = (
    "tasks",
    "hours",
    "months",
    "headcount",
    "capacity_hours",
    "hours_per_head",
    "load_ratio",
    "shifted_hours",
    "returned_ratio",
    "basic",
    "assisting",
    "overloaded",
)


def load(ledger: pd.DataFrame, items: pd.DataFrame, staff: pd.DataFrame, *, by: str = "township") -> pd.DataFrame:
    """The load of every township (or of its offices): hours of dispatched tasks against hours there are.

    ledger : date, township, hours, shifted (``handed_to`` for offices); the period is its first to last month.
    items : township, list_kind, item: how many duties the lists in force at the last task give.
    staff : township, office, headcount, hours_per_month.
    by : ``township``, or ``office`` (columns township, office; tasks handed to that office).

    Returns township [, office], tasks, hours (person-hours in the period), months, headcount (persons),
    capacity_hours (headcount x hours_per_month x months), hours_per_head, load_ratio (hours / capacity; above
    ``balance.overload`` is overloaded), shifted_hours, returned_ratio (load_ratio if the shifted tasks went back),
    basic, assisting (numbers of items), overloaded. Heaviest load first; every township of any of the three frames
    is there, NaN where there is no staff row. Raises TableError for missing columns or another ``by``.

    What it does not show: work that no ledger records; overtime; how hard an hour is.
    Source of the construct: the burden-capacity gap (Knill, Steinebach and Zink, JEPP 2023).

    >>> ledger = pd.DataFrame({"date": pd.to_datetime(["2025-07-01", "2025-08-01"]), "township": "甲镇",
    ...                        "hours": [60.0, 30.0], "shifted": [False, True]})
    >>> items = pd.DataFrame({"township": ["甲镇"], "list_kind": "basic", "item": "J1"})
    >>> staff = pd.DataFrame({"township": ["甲镇"], "office": "办", "headcount": 2, "hours_per_month": 15.0})
    >>> load(ledger, items, staff)[["load_ratio", "returned_ratio", "overloaded"]].values.tolist()
    [[1.5, 1.0, True]]
    """
    if by not in ("township", "office"):
        raise TableError(f"不能按 {by} 计算负荷;可用:township、office")
    require(ledger, ["date", "township", "hours", "shifted", *(["handed_to"] if by == "office" else [])], "判定结果")
    require(items, ["township", "list_kind", "item"], "履职事项清单")
    require(staff, ["township", "office", "headcount", "hours_per_month"], "人员表")
    unit = ["township"] if by == "township" else ["township", "office"]
    done = ledger if by == "township" else ledger.rename(columns={"handed_to": "office"}).dropna(subset=["office"])
    hours = done["hours"].astype(float).fillna(0)
    moved = hours.where(done["shifted"].astype(bool), 0.0)
    work = done[unit].assign(tasks=1, hours=hours, shifted_hours=moved).groupby(unit).sum()
    people = staff["headcount"].astype(float)
    months = _months(ledger)
    means = staff[unit].assign(
        headcount=people, capacity_hours=people * staff["hours_per_month"].astype(float) * months
    )
    out = work.join(means.groupby(unit).sum(min_count=1), how="outer" if by == "township" else "right")
    duties = _duties(items, pd.to_datetime(ledger["date"]).max())
    if by == "township":
        out = out.reindex(out.index.union(duties.index.rename("township")))
    for kind in ("basic", "assisting"):
        counts = duties.get(kind, pd.Series(0, duties.index))
        out[kind] = counts.reindex(out.index.get_level_values(0)).fillna(0).astype(int).to_numpy()
    return _ratios(out, months, unit)


def _months(ledger: pd.DataFrame) -> int:
    """Calendar months from the first task to the last, both counted."""
    dates = pd.to_datetime(ledger["date"]).dropna()
    if dates.empty:
        return 0
    return (dates.max().year - dates.min().year) * 12 + dates.max().month - dates.min().month + 1


def _duties(items: pd.DataFrame, at: pd.Timestamp) -> pd.DataFrame:
    now = norm.current(items, at).drop_duplicates(["township", "item", "list_kind"])
    return pd.crosstab(now["township"], now["list_kind"])


def _ratios(out: pd.DataFrame, months: int, unit: list[str]) -> pd.DataFrame:
    out = out.assign(
        months=months,
        tasks=out["tasks"].fillna(0).astype(int),
        hours=out["hours"].fillna(0.0),
        shifted_hours=out["shifted_hours"].fillna(0.0),
    )
    capacity = out["capacity_hours"].where(out["capacity_hours"] > 0)
    out["hours_per_head"] = out["hours"] / out["headcount"].where(out["headcount"] > 0)
    out["load_ratio"] = out["hours"] / capacity
    out["returned_ratio"] = (out["hours"] - out["shifted_hours"]) / capacity
    out["overloaded"] = out["load_ratio"] > rules.value("balance.overload")
    out = out.reset_index().sort_values(
        ["load_ratio", *unit], ascending=[False, *[True] * len(unit)], ignore_index=True
    )
    return out[[*unit, *COUNTS]]


def spread(values: pd.Series) -> pd.Series:
    """How unevenly a load lies: gini, theil, cv, max_min, n of the values that are there.

    values : non-negative numbers, any unit; missing ones are left out (``n`` says how many counted).
    gini : half the mean absolute difference over the mean, 0 (even) to 1 - 1/n.
    theil : mean of (x/mean) ln(x/mean), zero counting as 0; 0 to ln n. cv : population standard deviation
    over the mean. max_min : largest over smallest, inf where the smallest is 0. All NaN when nothing is there
    or the mean is 0. Raises TableError on a negative value. Source: Gini 1912; Theil 1967.

    What it does not show: who is overloaded. An even spread of too much is still too much.

    >>> spread(pd.Series([1.0, 1.0, 2.0])).round(3).to_dict()
    {'gini': 0.167, 'theil': 0.059, 'cv': 0.354, 'max_min': 2.0, 'n': 3.0}
    """
    x = np.sort(values.dropna().to_numpy(float))
    n = len(x)
    if n and x[0] < 0:
        raise TableError(f"不均衡度只对非负数有意义,出现了 {x[0]:g}")
    if not n or x.sum() == 0:
        return pd.Series({"gini": np.nan, "theil": np.nan, "cv": np.nan, "max_min": np.nan, "n": float(n)})
    share = x / x.mean()
    positive = share[share > 0]
    return pd.Series(
        {
            "gini": float((2 * np.arange(1, n + 1) - n - 1) @ x / (n * x.sum())),
            "theil": float((positive * np.log(positive)).sum() / n),
            "cv": float(share.std()),
            "max_min": x[-1].item() / x[0].item() if x[0] > 0 else np.inf,
            "n": float(n),
        }
    )


def relief(loads: pd.DataFrame) -> pd.DataFrame:
    """What going back would change: one row a measure, before and after.

    loads : what ``load`` returns. Measures: hours, load_ratio (mean over units with staff), overloaded
    (units above ``balance.overload``), gini, theil (of load_ratio). Columns measure, before, after.

    What it does not show: that the hours would become free time, or who would then do the work.

    >>> loads = pd.DataFrame({"hours": [10.0, 30.0], "shifted_hours": [0.0, 20.0], "load_ratio": [0.5, 1.5],
    ...                       "returned_ratio": [0.5, 0.5]})
    >>> relief(loads).round(2).values.tolist()
    [['hours', 40.0, 20.0], ['load_ratio', 1.0, 0.5], ['overloaded', 1.0, 0.0], ['gini', 0.25, 0.0], ['theil', 0.13, 0.0]]
    """
    require(loads, ["hours", "shifted_hours", "load_ratio", "returned_ratio"], "负荷表")
    limit = rules.value("balance.overload")
    rows: list[list[object]] = [["hours", loads["hours"].sum(), loads["hours"].sum() - loads["shifted_hours"].sum()]]
    now, then = loads["load_ratio"], loads["returned_ratio"]
    rows += [
        ["load_ratio", now.mean(), then.mean()],
        ["overloaded", float((now > limit).sum()), float((then > limit).sum())],
    ]
    rows += [[m, spread(now)[m], spread(then)[m]] for m in ("gini", "theil")]
    return pd.DataFrame(rows, columns=["measure", "before", "after"])
