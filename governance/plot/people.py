"""Pictures of people: who is covered, who is left out, who has several places of a kind at hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from .. import rules, tables
from ..errors import TableError, require
from . import canvas
from .canvas import BLUE, INK, ORANGE, SERVICES, SKY

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SITES = {
    "0": (ORANGE, "没有", INK),
    "1": ("#c6dbef", "1处", INK),
    "2": (SKY, "2处", INK),
    "3+": (BLUE, "3处及以上", "white"),
}
ROWS = {"group": "年龄组", "service": "服务", "community": "村（社区）"}


def order(services: pd.Series) -> list[str]:
    """The services that occur, those the house knows in its own order first."""
    met = set(services.dropna())
    return [s for s in SERVICES if s in met] + sorted(met - set(SERVICES))


def coverage(frame: pd.DataFrame, ax: Axes | None = None, *, by: str = "community", note: str = "") -> Axes:
    """The Axes with a heat table of the share of people covered; each cell says its per cent.

    frame : ``circle.coverage``. by : ``community`` (village or community x service within the longest time) or
    ``service`` (service x minutes, everyone together). White cells have nobody to serve.

    >>> frame = pd.DataFrame({"township": "甲镇", "community": "乙村", "service": "meals", "group": "age_80_up",
    ...                       "minutes": [5, 15], "people": 4, "covered": [1, 3]})
    >>> [t.get_text() for t in coverage(frame, by="service").texts]
    ['25%', '75%']
    """
    require(frame, ["township", "community", "service", "minutes", "people", "covered"], "覆盖表")
    if by not in ("community", "service"):
        raise TableError(f"不能按 {by} 画覆盖率;可用:community、service")
    kinds = order(frame["service"])
    words = canvas.names(tables.label("sites", "service", s) for s in kinds)
    longest = int(frame["minutes"].max()) if len(frame) else 0
    title = f"{longest}分钟内各类服务覆盖率" if by == "community" else "各类服务覆盖率"
    sums = frame[frame["minutes"] == longest] if by == "community" else frame
    keys = [by, "service" if by == "community" else "minutes"]
    wide = sums.pivot_table(index=keys[0], columns=keys[1], values=["covered", "people"], aggfunc="sum", sort=False)
    share = pd.DataFrame(wide["covered"] / wide["people"].where(wide["people"] > 0)) if len(sums) else pd.DataFrame()
    share = share.reindex(columns=kinds) if by == "community" else share.reindex(kinds)
    ax = canvas.start(ax, 1.0 + 0.24 * max(len(share), 3))
    if share.empty:
        return canvas.nothing(ax, title, note)
    down, across = (
        (canvas.names(share.index), words) if by == "community" else (words, [f"{m}分钟" for m in share.columns])
    )
    canvas.table(ax, share.to_numpy(float), down, across)
    return canvas.finish(ax, title, note, label="格内为覆盖人数占服务对象人数之比")


def pyramid(
    left_out: pd.DataFrame,
    ax: Axes | None = None,
    *,
    by: str = "group",
    service: str | None = None,
    note: str = "",
) -> Axes:
    """The Axes with who is left out (to the left) and who is covered (to the right), a row for each age group.

    left_out : ``circle.coverage``: service, group, people, covered; of several ``minutes`` the longest are drawn.
    by : ``group`` (oldest on top), ``service``, or ``community`` (most left out on top, 24 of them, the others counted
    below). service : only this one, in persons; None: all that the frame holds, in persons x services.
    Raises TableError for missing columns, another ``by``, or a service that the frame does not hold.

    What it does not show: homes without a street node; whether those left out want the service.

    >>> frame = pd.DataFrame({"service": "meals", "group": ["age_60_79", "age_80_up"], "people": [6, 4],
    ...                       "covered": [6, 1]})
    >>> pyramid(frame).get_title(loc="left")
    '助餐够不着3人，占30.0%：80岁及以上最多，3人'
    """
    require(left_out, ["service", "group", "people", "covered", *([by] if by in ROWS else [])], "覆盖表")
    if by not in ROWS:
        raise TableError(f"不能按 {by} 画够不着的人;可用:{'、'.join(ROWS)}")
    frame, longest = _longest(left_out)
    services = order(frame["service"])
    if service is not None and len(services) and service not in services:
        raise TableError(f"覆盖表里没有服务 {service};可用:{'、'.join(services)}")
    frame = frame if service is None else frame[frame["service"] == service]
    one = service or (services[0] if len(services) == 1 else "")
    unit = "人" if one else "人次"
    head = f"{tables.label('sites', 'service', one) if one else '各类服务'}{longest}够不着"
    sums = _rows(frame, by)
    shown = sums.head(24)
    ax = canvas.start(ax, 1.1 + 0.3 * max(len(shown), 2))
    if not sums["people"].sum():
        return canvas.nothing(ax, f"{head}的人", note)
    _sides(ax, shown, unit)
    lost, worst = int(sums["missing"].sum()), sums["missing"].idxmax()
    told = f"{head}{lost:,}{unit}，占{lost / sums['people'].sum():.1%}"
    if lost and len(sums) > 1:
        told += f"：{canvas.clean(worst)}最多，{sums['missing'].max():,}{unit}"
    rest = sums.iloc[len(shown) :]
    more = f"；另有{len(rest)}个共够不着{int(rest['missing'].sum()):,}{unit}未列" if len(rest) else ""
    return canvas.finish(ax, told, note, label=f"{ROWS[by]}：左为够不着、右为已覆盖（{unit}）{more}")


def _longest(frame: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """The rows of the longest minutes, and that time in Chinese."""
    if "minutes" not in frame or frame.empty:
        return frame, ""
    most = frame["minutes"].max()
    return frame[frame["minutes"] == most], f"{most:g}分钟内"


def _rows(frame: pd.DataFrame, by: str) -> pd.DataFrame:
    """people, covered, missing of each row by its Chinese name, in the order drawn."""
    sums = frame.groupby(by)[["people", "covered"]].sum()
    if by == "community":
        sums["left"] = sums["covered"] - sums["people"]
        sums = sums.sort_values("left", kind="stable")
        words = list(sums.index)
    else:
        ages = list(rules.value("circle.speed"))[::-1]
        keys = order(frame["service"]) if by == "service" else [*ages, *sorted(set(sums.index) - set(ages))]
        sums = sums.reindex([k for k in keys if k in sums.index])
        words = [tables.label("sites" if by == "service" else "results", by, k) for k in sums.index]
    out = sums[["people", "covered"]].assign(missing=sums["people"] - sums["covered"])
    return out.set_axis(pd.Index(words, dtype=object))


def _sides(ax: Axes, shown: pd.DataFrame, unit: str) -> None:
    """Nothing; the axes hold a bar to the left and one to the right for each row, with numbers."""
    at, most = canvas.rows(ax, canvas.names(shown.index)), max(float(shown[["missing", "covered"]].max().max()), 1)
    for side, column, colour in ((-1, "missing", ORANGE), (1, "covered", BLUE)):
        ax.barh(at, side * shown[column], color=colour, height=0.66)
        for y, n, whole in zip(at, shown[column], shown["people"], strict=True):
            share = f" {n / whole:.0%}" if whole and side < 0 else ""
            text = f"{n:,}{share}" if whole else ("" if side < 0 else "无对象")
            ax.text(side * (n + most * canvas.GAP), y, text, ha="right" if side < 0 else "left", va="center",
                    fontsize=8, color=INK)  # fmt: skip
    for side, word, colour in ((-1, "够不着", ORANGE), (1, "已覆盖", BLUE)):
        where = "right" if side < 0 else "left"
        ax.text(side * most * canvas.GAP, len(shown) - 0.5, word, ha=where, va="bottom", fontsize=8.5, color=colour)
    ax.set_ylim(-0.7, len(shown))
    ax.axvline(0, color="white", linewidth=1)
    left = float(shown["missing"].max())
    ax.set_xlim(-left - most * 0.34, float(shown["covered"].max()) + most * 0.24)
    ax.set_xticks([])
    ax.grid(visible=False)
    ax.spines[["bottom", "left"]].set_visible(False)


def doubles(frame: pd.DataFrame, ax: Axes | None = None, *, note: str = "") -> Axes:
    """The Axes with how many people have no, one, two, three or more places of each service at hand, in shares.

    frame : service, sites ("0", "1", "2", "3+"), people; rows of one service and number are added up.
    Raises TableError for missing columns or another number of sites.

    What it does not show: whether the second place is a waste: two full ones are not.

    >>> frame = pd.DataFrame({"service": "meals", "sites": ["0", "3+"], "people": [30, 10]})
    >>> doubles(frame).get_title(loc="left")
    '重复与空白：助餐有25%的人身边有2处以上，助餐有75%的人一处也没有'
    """
    require(frame, ["service", "sites", "people"], "重复布点表")
    if strange := sorted({str(s) for s in frame["sites"]} - {*SITES}):
        raise TableError(f"重复布点表的 sites 列有不认识的取值:{'、'.join(strange)};可用:{'、'.join(SITES)}")
    wide = frame.astype({"sites": str}).pivot_table(
        index="service", columns="sites", values="people", aggfunc="sum", fill_value=0, observed=True
    )
    wide = wide.reindex(index=order(frame["service"]), columns=list(SITES), fill_value=0)
    wide = wide[wide.sum(axis=1) > 0]
    ax, title = canvas.start(ax, 1.3 + 0.34 * max(len(wide), 2)), "重复与空白"
    if wide.empty:
        return canvas.nothing(ax, title, note)
    total = wide.sum(axis=1)
    share = wide.div(total, axis=0)
    words = [tables.label("sites", "service", s) for s in wide.index]
    at, base = (
        canvas.rows(ax, [f"{w} {n:,}人" for w, n in zip(canvas.names(words), total, strict=True)]),
        np.zeros(len(wide)),
    )
    for sites, (colour, word, ink) in SITES.items():
        ax.barh(at, share[sites], left=base, color=colour, height=0.68, label=word, edgecolor="white", linewidth=0.5)
        for y, left, part in zip(at, base, share[sites], strict=True):
            if part >= 0.05:
                ax.text(left + part / 2, y, f"{part:.0%}", ha="center", va="center", fontsize=8, color=ink)
        base = base + share[sites].to_numpy()
    ax.set(xlim=(0, 1))
    canvas.percent(ax)
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2 if len(wide) > 4 else -0.3), ncols=4, frameon=False,
              fontsize=8, handlelength=1)  # fmt: skip
    twice = share["2"] + share["3+"]
    told = "，".join(
        f"{tables.label('sites', 'service', s.idxmax())}有{s.max():.0%}的人{said}"
        for s, said in ((twice, "身边有2处以上"), (share["0"], "一处也没有"))
    )
    return canvas.finish(ax, f"{title}：{told}", note, label="各类服务对象中，步行时限内有几处可去的人所占比例")
