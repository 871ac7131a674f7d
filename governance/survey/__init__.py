"""The whole chain as one call: the flow chart in code. Briefing and command line live off it."""

from __future__ import annotations

from dataclasses import dataclass

import networkx as nx
import pandas as pd

from .. import balance, circle, graph, matching, norm, shifting, siting
from ..tables import County
from .town import Limits, Sites, Town, apart, seated, sites, town

__all__ = ["NEEDS", "Limits", "Sites", "Survey", "Town", "lists", "missing", "run", "sites"]

NEEDS = {  # what each part cannot do without: (field of County, its Chinese name)
    "责任转嫁": (("items", "履职事项清单"), ("tasks", "任务台账")),
    "履职负荷": (("items", "履职事项清单"), ("tasks", "任务台账"), ("staff", "人员表")),
    "十五分钟服务圈": (("communities", "村社人口表"), ("sites", "服务设施表"), ("streets", "路网节点表和路网路段表")),
    "用房改造": (("communities", "村社人口表"), ("rooms", "社区用房表"), ("streets", "路网节点表和路网路段表")),
}


@dataclass(frozen=True, eq=False)
class Survey:
    """Everything one run found, a frame a question; a part whose tables are missing is empty.

    Shares, flows, verdicts and the graph rest on tasks judged by a list in force that day, loads on those of the
    months when every township that has lists had them;
    ``by_month`` and ``change`` also on earlier ones, measured retrospectively. ``notes`` (part, reason)
    says what was not done and why.
    """

    county: County
    lists: pd.DataFrame
    ledger: pd.DataFrame
    total: pd.DataFrame
    change: pd.DataFrame
    verdicts: pd.DataFrame
    by_department: pd.DataFrame
    by_township: pd.DataFrame
    by_category: pd.DataFrame
    by_channel: pd.DataFrame
    by_month: pd.DataFrame
    flows: pd.DataFrame
    graph: nx.MultiDiGraph
    shifted: nx.MultiDiGraph
    loads: pd.DataFrame
    spread: pd.Series
    relief: pd.DataFrame
    reach: pd.DataFrame
    coverage: pd.DataFrame
    gaps: pd.DataFrame
    overlap: pd.DataFrame
    plan: pd.DataFrame
    town: Town
    notes: pd.DataFrame


def lists(items: pd.DataFrame, *, at: pd.Timestamp | None = None) -> pd.DataFrame:
    """How long each township's lists are on day ``at``: township, list_kind, items, categories.

    at : None for the versions without an ``until``.

    >>> items = pd.DataFrame({"township": "甲镇", "list_kind": "basic", "item": ["J1", "J2"], "category": "党的建设"})
    >>> lists(items).values.tolist()
    [['甲镇', 'basic', 2, 1]]
    """
    return (
        norm.current(items, at)
        .groupby(["township", "list_kind"], as_index=False)
        .agg(items=("item", "nunique"), categories=("category", "nunique"))
    )


def missing(county: County) -> pd.DataFrame:
    """Which parts cannot be done and why: part, reason (the tables that have no rows, or no hours in the ledger).

    >>> import governance as gov
    >>> missing(gov.examples.county())
    Empty DataFrame
    Columns: [part, reason]
    Index: []
    """
    rows = []
    for part, tables in NEEDS.items():
        empty = [
            label
            for field, label in tables
            if (county.streets.edges if field == "streets" else getattr(county, field)).empty
        ]
        if empty:
            rows.append({"part": part, "reason": f"缺少{'、'.join(empty)}"})
    timed = county.tasks["hours"].notna().any()
    if len(county.tasks) and not timed and "履职负荷" not in {row["part"] for row in rows}:
        rows.append({"part": "履职负荷", "reason": "任务台账没有记录耗时"})
    rows += [{"part": part, "reason": reason} for part, reason in apart(county)]
    return pd.DataFrame(rows, columns=["part", "reason"])


def _same_months(held: pd.DataFrame, items: pd.DataFrame) -> pd.DataFrame:
    """The tasks since the last township got its first list, so that every load is over the same months."""
    starts = norm.versions(items).groupby("township")["start"].min()
    common = held[norm.days(held["date"]) >= starts.max()] if len(starts) else held
    return common if len(common) else held


def run(county: County) -> Survey:
    """The survey of a county: every analysis once, in the order of the flow.

    >>> import governance as gov
    >>> found = run(gov.examples.county())
    >>> bool(found.plan.net.sum() == found.plan.cumulative.iloc[-1])
    True
    """
    matched = matching.match(county.tasks, county.items)
    ledger = shifting.judge(matched, county.items, retrospective=True)
    held = ledger[ledger["in_force"]]
    whole = graph.build(county.items, held)
    loads = balance.load(_same_months(held, county.items), county.items, county.staff)
    seats, people = seated(county), county.communities  # without streets there is no circle, and nothing to site
    places = circle.places(seats["sites"], seats["rooms"])
    near = circle.reach(county.streets, places)
    cover = circle.coverage(near, people)
    gaps = circle.gaps(near, people, nearest=circle.nearest(county.streets, places))
    plan = siting.convert(seats["rooms"], people, near)
    return Survey(
        county=county,
        lists=lists(county.items, at=county.tasks["date"].max()),
        ledger=ledger,
        total=shifting.shares(held),
        change=shifting.change(ledger),
        verdicts=shifting.verdicts(held),
        by_department=shifting.shares(held, by="department"),
        by_township=shifting.shares(held, by="township"),
        by_category=shifting.shares(held, by="category"),
        by_channel=shifting.shares(held, by="channel"),
        by_month=shifting.shares(ledger, by="month"),
        flows=shifting.flows(held),
        graph=whole,
        shifted=graph.shifted(whole),
        loads=loads,
        spread=balance.spread(loads["load_ratio"]),
        relief=balance.relief(loads),
        reach=near,
        coverage=cover,
        gaps=gaps,
        overlap=circle.overlap(near, people),
        plan=plan,
        town=town(county, near, gaps, cover, plan),
        notes=missing(county),
    )
