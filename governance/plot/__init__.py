"""One function a picture: a frame and an Axes in, the Axes out, Chinese on any machine.

Without ``ax`` a picture opens a figure of its own, as wide as the text of an A4 page. Nothing is set for the whole
session: the packaged font is given to the text of the picture itself, so it is right whenever the figure is saved.
Colours are Okabe and Ito's, told apart by colour-blind readers (``style`` gives the font to pictures of your own).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from .. import rules, tables
from ..errors import require
from . import canvas
from .canvas import BLUE, FAINT, GRID, INK, ORANGE, PINK, RED, SKY, VIOLET
from .differences import changes as changes
from .differences import redline as redline
from .maps import before_after as before_after
from .maps import borders as borders
from .maps import circle as circle
from .maps import plan as plan
from .maps import town as town
from .people import coverage as coverage
from .people import doubles as doubles
from .people import pyramid as pyramid
from .web import web_map as web_map

if TYPE_CHECKING:
    import networkx as nx
    from matplotlib.axes import Axes

VERDICTS = {
    "own": FAINT,
    "assist": SKY,
    "inverted": RED,
    "unsupported": ORANGE,
    "reclaimed": PINK,
    "off_list": VIOLET,
    "unsure": "#d5d9de",
}
LISTS = {"basic": BLUE, "assisting": ORANGE, "reclaimed": FAINT}
BY = {
    "department": "下发部门",
    "township": "乡镇（街道）",
    "category": "事项类别",
    "channel": "下发渠道",
    "month": "月份",
}


def style() -> dict[str, Any]:
    """Settings that make pictures of your own speak Chinese, for ``plt.rc_context`` or ``plt.rcParams.update``.

    The functions of this room need none of it. Save the figure inside the same ``rc_context``: matplotlib looks
    the family up when it draws. Right for networkx labels too.

    >>> style()["font.sans-serif"][0], style()["axes.unicode_minus"]
    ('Governance Sans SC', True)
    """
    return {"font.family": ["sans-serif"], "font.sans-serif": [*canvas.families()], "axes.unicode_minus": True}


def _sure() -> str:
    return f"{rules.value('shares.confidence'):.0%}"


def verdicts(frame: pd.DataFrame, ax: Axes | None = None, *, note: str = "") -> Axes:
    """The Axes with a bar for each verdict: tasks, and their share of all tasks.

    frame : ``shifting.verdicts``: verdict, tasks, share. Verdicts that count as shifted are coloured.

    >>> frame = pd.DataFrame({"verdict": ["own", "off_list"], "tasks": [3, 1], "share": [0.75, 0.25]})
    >>> [t.get_text() for t in verdicts(frame).get_yticklabels()]
    ['属基本职责', '清单外事项']
    """
    require(frame, ["verdict", "tasks", "share"], "判定汇总")
    ax, title = canvas.start(ax, 0.9 + 0.3 * len(frame)), "各类判定的任务数"
    if not frame["tasks"].sum():
        return canvas.nothing(ax, title, note)
    at = canvas.rows(ax, [tables.label("results", "verdict", v) for v in frame["verdict"]])
    ax.barh(at, frame["tasks"], color=[VERDICTS[v] for v in frame["verdict"]], height=0.66)
    for y, n, share in zip(at, frame["tasks"], frame["share"], strict=True):
        ax.text(n + frame["tasks"].max() * canvas.GAP, y, f"{n}件 {share:.1%}", va="center", fontsize=8.5, color=INK)
    ax.set_xlim(0, frame["tasks"].max() * 1.22)
    return canvas.finish(ax, f"{title}（共{int(frame['tasks'].sum())}件）", note, label="任务数（件）")


def shares(frame: pd.DataFrame, ax: Axes | None = None, *, most: int = 15, note: str = "") -> Axes:
    """The Axes with the shifting share of each group and its interval, most shifted tasks on top.

    frame : ``shifting.shares`` by department, township, category, channel or month. most : so many groups are shown,
    the others counted below. Each label gives shifted / decided tasks; the dashed line is all groups together.

    >>> frame = pd.DataFrame({"township": ["甲镇"], "tasks": [5], "decided": [4], "shifted": [1], "share": [0.25],
    ...                       "low": [0.0], "high": [0.75]})
    >>> shares(frame).get_yticklabels()[0].get_text()
    '甲镇 1/4件'
    """
    by = str(frame.columns[0])
    require(frame, [by, "decided", "shifted", "share", "low", "high"], "占比表")
    known = frame[frame["decided"] > 0]
    if by != "month":
        known = known.sort_values("shifted", ascending=False, kind="stable")
    shown = known.head(most)
    ax = canvas.start(ax, 1.0 + 0.27 * max(len(shown), 2))
    title = f"各{BY.get(by, by)}的转嫁占比"
    if shown.empty:
        return canvas.nothing(ax, title, note)
    words = [tables.label("tasks", by, v) if by == "channel" else v for v in shown[by]]
    counts = zip(words, shown["shifted"], shown["decided"], strict=True)
    at = canvas.rows(ax, [f"{canvas.clean(w)} {k}/{n}件" for w, k, n in counts])
    whole = known["shifted"].sum() / known["decided"].sum()
    ax.axvline(whole, color=FAINT, linewidth=1, linestyle=(0, (4, 3)))
    ax.text(whole, len(shown) - 0.35, f"合计 {whole:.1%}", ha="center", va="bottom", fontsize=7.5, color=FAINT)
    ax.hlines(at, shown["low"], shown["high"], color=SKY, linewidth=2.2)
    ax.plot(shown["share"], at, "o", color=BLUE, markersize=5)
    for y, share, high in zip(at, shown["share"], shown["high"], strict=True):
        ax.text(high + 0.012, y, f"{share:.1%}", va="center", fontsize=8, color=INK)
    ax.set_xlim(0, max(float(shown["high"].max()) * 1.12, 0.05))
    canvas.percent(ax)
    left = len(frame) - len(shown)
    more = f"；另有{left}个未列" if left else ""
    return canvas.finish(ax, title, note, label=f"转嫁任务/已判定任务；横线为{_sure()}区间{more}")


def trend(
    frame: pd.DataFrame, ax: Axes | None = None, *, since: str | pd.Timestamp | None = None, note: str = ""
) -> Axes:
    """The Axes with the monthly shifting share and its interval, and a line where the lists came into force.

    frame : ``shifting.shares(ledger, by="month")``. since : the day the lists came into force; months before it are
    drawn lighter and called 回溯衡量 (measured by lists not yet in force). None: no line.

    >>> frame = pd.DataFrame({"month": ["2025-06", "2025-07"], "decided": [4, 4], "shifted": [2, 1],
    ...                       "share": [0.5, 0.25], "low": [0.0, 0.0], "high": [1.0, 0.75]})
    >>> trend(frame, since="2025-07-01").get_title(loc="left")
    '各月转嫁占比：清单施行前50.0%，施行后25.0%'
    """
    require(frame, ["month", "decided", "shifted", "share", "low", "high"], "月度占比")
    ax, title = canvas.start(ax, 2.9), "各月转嫁占比"
    months = pd.PeriodIndex(frame["month"].astype(str), freq="M")
    if not frame["decided"].sum():
        return canvas.nothing(ax, title, note)
    x = (months - months.min()).map(lambda step: step.n).to_numpy(int)
    start = pd.Timestamp(since) if since is not None else None
    back = np.asarray(months < start.to_period("M")) if start is not None else np.zeros(len(frame), bool)
    for rows, colour in ((back, FAINT), (~back, BLUE)):
        canvas.band(ax, x[rows], frame[rows], colour)
    top = float(frame["high"].max()) * 1.18
    if start is not None and back.any() and not back.all():
        line = (start.to_period("M") - months.min()).n - 0.5 + (start.day - 1) / start.days_in_month
        ax.axvline(line, color=INK, linewidth=1)
        ax.text(line - 0.15, top, "回溯衡量", ha="right", va="top", fontsize=8, color=FAINT)
        day = f"{start.year}年{start.month}月{start.day}日清单施行"
        ax.text(line + 0.15, top, day, va="top", fontsize=8, color=INK)
        before, after = (frame.loc[r, "shifted"].sum() / max(frame.loc[r, "decided"].sum(), 1) for r in (back, ~back))
        title += f"：清单施行前{before:.1%}，施行后{after:.1%}"
    step = max(1, round(len(x) / 12))
    words = [f"{m.year}\n{m.month}月" if m.month == 1 or not i else f"{m.month}月" for i, m in enumerate(months)]
    ax.set_xticks(x[::step], words[::step])
    ax.set_ylim(0, top)
    ax.grid(axis="y", color=GRID, linewidth=0.7)
    canvas.percent(ax, "y")
    return canvas.finish(ax, title, note, label=f"转嫁占比（阴影为{_sure()}区间）", axis="y")


def flows(graph: nx.MultiDiGraph, ax: Axes | None = None, *, most: int = 20, note: str = "") -> Axes:
    """The Axes with who shifted onto whom: departments left, townships right, a band as wide as its hours.

    graph : ``graph.shifted``; its dispatch edges count. most : only so many pairs are drawn, the strongest;
    what is left out is said below. The label of a unit is its total, pairs not drawn included.
    Where no hours are recorded, bands are as wide as their tasks.

    >>> import networkx as nx
    >>> G = nx.MultiDiGraph()
    >>> _ = G.add_edge("县教育局", "甲镇", "t1", layer="dispatch", hours=8.0)
    >>> flows(G).get_title(loc="left")
    '转嫁任务流向：部门→乡镇（街道）'
    """
    rows = [(u, v, float(d.get("hours") or 0)) for u, v, d in graph.edges(data=True) if d.get("layer") == "dispatch"]
    pairs = (
        pd.DataFrame(rows, columns=["source", "target", "hours"])
        .groupby(["source", "target"], as_index=False)
        .agg(tasks=("hours", "size"), hours=("hours", "sum"))
    )
    ax, title = canvas.start(ax, 4.6), "转嫁任务流向：部门→乡镇（街道）"
    timed = bool(pairs["hours"].any())
    pairs = pairs.assign(size=pairs["hours"] if timed else pairs["tasks"].astype(float))
    pairs = pairs.sort_values(["size", "tasks"], ascending=False, kind="stable", ignore_index=True)
    shown = pairs[pairs["size"] > 0].head(most)
    if shown.empty:
        return canvas.nothing(ax, title, note)
    totals = pd.concat([pairs.groupby(side)["size"].sum() for side in ("source", "target")])
    canvas.ribbons(ax, shown, {name: f"{n:.0f}{'小时' if timed else '件'}" for name, n in totals.items()})
    ax.set(xlim=(-0.42, 1.42), xticks=[], yticks=[])
    ax.spines[["left", "bottom"]].set_visible(False)
    rest = pairs.iloc[len(shown) :]
    hours = f"、{rest['hours'].sum():.0f}小时" if timed else ""
    more = f"，另有{len(rest)}对共{rest['tasks'].sum()}件{hours}未画出" if len(rest) else ""
    width = "工时" if timed else "件数"
    return canvas.finish(ax, title, note, label=f"带宽为转嫁{width}，画出最大的{len(shown)}对{more}；数字为各单位合计")


def lists(frame: pd.DataFrame, ax: Axes | None = None, *, note: str = "") -> Axes:
    """The Axes with each township's items, stacked by list.

    frame : ``survey.lists``: township, list_kind, items.

    >>> frame = pd.DataFrame({"township": ["甲镇"] * 2, "list_kind": ["basic", "assisting"], "items": [115, 76]})
    >>> [t.get_text() for t in lists(frame).texts[:2]]
    ['115', '76']
    """
    require(frame, ["township", "list_kind", "items"], "清单汇总")
    wide = frame.pivot_table(index="township", columns="list_kind", values="items", aggfunc="sum", fill_value=0)
    wide = wide.reindex(columns=list(LISTS), fill_value=0)
    wide = wide.loc[wide.sum(axis=1).sort_values(ascending=False, kind="stable").index]
    ax, title = canvas.start(ax, 1.1 + 0.27 * max(len(wide), 2)), "各乡镇（街道）三张清单事项数"
    if wide.empty:
        return canvas.nothing(ax, title, note)
    at, base = canvas.rows(ax, canvas.names(wide.index)), np.zeros(len(wide))
    for kind, colour in LISTS.items():
        size = wide[kind].to_numpy(float)
        ax.barh(at, size, left=base, color=colour, height=0.7, label=tables.label("items", "list_kind", kind))
        for y, left, n in zip(at, base, size, strict=True):
            if n:
                ax.text(
                    left + n / 2,
                    y,
                    f"{n:.0f}",
                    ha="center",
                    va="center",
                    fontsize=8,
                    color=INK if kind == "assisting" else "white",
                )
        base = base + size
    ax.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=3, frameon=False, fontsize=8, handlelength=1)
    return canvas.finish(ax, title, note, label="事项数（项）")


def load(frame: pd.DataFrame, ax: Axes | None = None, *, note: str = "") -> Axes:
    """The Axes with each township's load ratio now and if the shifted tasks went back, most loaded on top.

    frame : ``balance.load``: township (and office, where there is one), load_ratio, returned_ratio. The line is
    ``balance.overload``. Units without staff have no ratio and are counted below.

    >>> frame = pd.DataFrame({"township": ["甲镇"], "load_ratio": [1.2], "returned_ratio": [0.9]})
    >>> load(frame).get_title(loc="left")
    '各乡镇（街道）负荷比：超载1个，转嫁任务退回后0个'
    """
    require(frame, ["township", "load_ratio", "returned_ratio"], "负荷表")
    known = frame.dropna(subset=["load_ratio"]).sort_values("load_ratio", ascending=False, kind="stable")
    ax, title = canvas.start(ax, 1.1 + 0.27 * max(len(known), 2)), "各乡镇（街道）负荷比"
    if known.empty:
        return canvas.nothing(ax, title, note)
    office = known["office"].map("·{}".format) if "office" in known else ""
    at, limit = canvas.rows(ax, canvas.names(known["township"] + office)), rules.value("balance.overload")
    canvas.pairs(ax, at, known["load_ratio"], known["returned_ratio"], names=("现状", "转嫁任务退回后"))
    ax.axvline(limit, color=RED, linewidth=1)
    top = max(float(known[["load_ratio", "returned_ratio"]].max().max()), limit) * 1.1
    ax.set_xlim(0, top)
    ax.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2, frameon=False, fontsize=8, handletextpad=0.2)
    over = [int((known[c] > limit).sum()) for c in ("load_ratio", "returned_ratio")]
    left = f"；另有{len(frame) - len(known)}个无人员资料" if len(known) < len(frame) else ""
    return canvas.finish(
        ax,
        f"{title}：超载{over[0]}个，转嫁任务退回后{over[1]}个",
        note,
        label=f"负荷比=交办任务工时/可用工时；红线{limit:g}以上为超载{left}",
    )
