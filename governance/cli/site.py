"""What ``site`` and ``circle`` show and write beyond tables: the plan and its alternatives, maps, before and after."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from ..brief.workbook import Sheet
from ..files import replaced
from ..tables import label
from ..tables.seats import WORDS
from ..words import proper
from . import ground, listing

if TYPE_CHECKING:
    from ..survey import Sites, Survey
    from ..tables import County

PLAN = ("order", "room", "name", "from_service", "service", "gain", "lost", "net", "cumulative", "bound", "cost")
USE = {"service": "拟改用途", "name": "用房名称"}
BUILD = {"service": "拟建服务", "name": "地块名称", "plot": "地块编号"}
CHANGE = {"before": "现状(人)", "after": "改造后(人)", "built": "再加建设后(人)"}


def sheets(found: Sites) -> dict[str, Sheet]:
    """The sheets of a siting, by an English key, in order."""
    parts = [
        ("plan", "改造方案", "用房改造的次序与新增受益", found.plan, "results", USE),
        ("alternatives", "备选方案", "由优到次的各个方案", found.alternatives, "results", USE),
        ("prices", "约束代价", "放开某一条约束后最优方案可多受益的人次", _prices(found.prices), "results", USE),
        ("land", "闲置地块建设", "改造之后,在闲置地块上建什么", found.land, "results", BUILD),
        ("change", "前后对比", "现状、改造后、再加建设后的覆盖人数(最长时间内)", change(found), "sites", CHANGE),
        ("off", "没有落点", "有经纬度而没有落到路网上的行,未计入", found.off, "results", {}),
    ]
    return {
        key: Sheet(f"表{n} {name}", about, frame, owner, heads)
        for n, (key, name, about, frame, owner, heads) in enumerate(parts, 1)
    }


def _prices(frame: pd.DataFrame) -> pd.DataFrame:
    """The prices with each service of a limit that bars several in Chinese."""
    words = frame["service"].map(
        lambda text: "、".join(label("rooms", "service", one) for one in text.split("|")), na_action="ignore"
    )
    return frame.assign(service=words.astype("str"))


def meant(county: County, keep: Sequence[str]) -> tuple[str, ...]:
    """The ids of rooms to keep as the county has them: also where reading put a word before an id that tables share."""
    rooms = set(county.rooms["room"])
    return tuple(f"{WORDS['rooms']}{k}" if k not in rooms and f"{WORDS['rooms']}{k}" in rooms else k for k in keep)


def change(found: Sites) -> pd.DataFrame:
    """service, people, before, after, built: persons covered within the longest minutes, now and with the plans."""
    sums = {}
    for name in ("before", "after", "built"):
        cover = getattr(found, name)
        longest = cover[cover["minutes"] == cover["minutes"].max()]
        sums[name] = longest.groupby("service", sort=False)[["people", "covered"]].sum()
    out = pd.DataFrame({name: part["covered"] for name, part in sums.items()})
    out.insert(0, "people", sums["before"]["people"])
    return out.rename_axis("service").reset_index()


def told(found: Sites) -> list[str]:
    """The lines for the screen: the plan, the alternatives' totals, the dearest limits, idle land, before and after."""
    parts = sheets(found)
    plan, prices, land = parts["plan"], parts["prices"], parts["land"]
    lines = [listing.text(plan, columns=[c for c in PLAN if c in plan.frame])]
    lines.append(
        listing.text(
            Sheet("", parts["alternatives"].about, _totals(found.alternatives), "results", {"conversions": "改造内容"})
        )
    )
    shown = [str(c) for c in prices.frame if c not in ("constraint", "bound")]
    lines.append(listing.text(prices, columns=shown, limit=10))
    if len(found.county.plots):
        columns = [("plot" if c == "room" else c) for c in PLAN if c not in ("from_service", "lost")]
        lines.append(listing.text(land, columns=[c for c in columns if c in land.frame]))
    return [*lines, listing.text(parts["change"])]


def _totals(frame: pd.DataFrame) -> pd.DataFrame:
    """plan, conversions (in words), total, short_of_best: one row a plan."""
    sheet = Sheet("", "", frame)
    words = frame["name"] + "→" + frame["service"].map(lambda s: listing.cell(sheet, "service", s))
    lines = frame.assign(conversions=words).groupby("plan", as_index=False)
    return lines.agg(
        conversions=("conversions", "、".join), total=("total", "first"), short_of_best=("short_of_best", "first")
    )


def pictures(found: Sites, out: Path, mark: str) -> list[Path]:
    """The files written into ``out``: before and after as a picture, the plan on a map to open by double-click."""
    from .. import plot

    def draw(ax: Any) -> None:
        plot.before_after(found.county, found.plan, found.before, found.after, ax=ax, note=mark)

    made = [_picture(out / "改造前后.png", draw)] if len(found.plan) else []
    return [*made, _map(found.county, found.near, out, plan=found.plan, note=mark)]


def maps(found: Survey, out: Path, mark: str) -> list[Path]:
    """The files written into ``out``: a map for each service, the pyramid of those left out, a map for the browser."""
    from .. import plot

    county, made = found.county, []
    for service in found.coverage["service"].unique():
        word = listing.cell(Sheet("", "", found.coverage, "sites"), "service", service)

        def draw(ax: Any, service: str = service) -> None:
            plot.circle(county, found.reach, service=service, ax=ax, note=mark)

        made.append(_picture(out / f"覆盖图-{word}.png", draw))
    longest = found.coverage[found.coverage["minutes"] == found.coverage["minutes"].max()]
    made.append(_picture(out / "未覆盖人口.png", lambda ax: plot.pyramid(longest, ax, note=mark)))
    return [*made, _map(county, found.reach, out, gaps=found.gaps, plan=found.plan, note=mark)]


def _map(county: County, near: pd.DataFrame, out: Path, **parts: Any) -> Path:
    from .. import plot

    return plot.web_map(county, near, out / "地图.html", **parts)


def _picture(file: Path, draw: Callable[[Any], object]) -> Path:
    """The .png drawn by ``draw``, whole or not at all."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 7), layout="constrained")
    FigureCanvasAgg(figure)
    draw(figure.add_subplot())
    return replaced(file, lambda part: figure.savefig(part, format="png", dpi=150))


def verdict(found: Sites, *, budget: int | None = None, funds: float | None = None) -> str:
    """One sentence: how many gain by what, at what price, and whether it is proven best.

    budget, funds : as the user gave them; none at all is no plan.
    """
    if budget == 0:
        return proper("按所给的处数 0,没有安排改造,也没有安排建设。")
    if funds == 0:
        return proper("改造资金为 0,没有安排改造;闲置地块的建设不受这笔资金限制。")
    if found.plan.empty:
        return "没有可以增加覆盖的改造:面积、硬件或保留要求不允许,或周边已有这些服务。"
    last, n = found.plan.iloc[-1], len(found.plan)
    best = "已证明没有更优方案" if last["cumulative"] == last["bound"] else f"任何方案不超过 {last['bound']:,} 人次"
    cost = f",估算 {found.plan['cost'].sum():,.1f} 万元(单价为可调整默认值)" if "cost" in found.plan else ""
    return proper(f"改造 {n} 处用房,净增 {last['cumulative']:,} 人次{cost};{best}。")


def unchecked(county: County, floor: float) -> list[str]:
    """The line on homes that a floor could not be held against, for they lie on no street."""
    homes = int(county.communities["node"].isna().sum())
    said = f"保底比例只核对有路网节点的居民点;另有 {homes} 处居民点没有路网节点,没有核对。"
    return [proper(said)] if floor and homes else []


def closed(county: County) -> list[str]:
    """A line on the rooms in use that let in their own compound only: they are counted as open to everybody."""
    shut = county.rooms["own_compound_only"].fillna(False).astype(bool) & (county.rooms["service"] != "idle")
    return [proper(f"{int(shut.sum())} 处在用的用房只对本小区开放,这里按都开放计。")] if shut.any() else []


def kept(county: County, keep: Sequence[str], lost: pd.DataFrame) -> list[str]:
    """A line on each room to keep that is in the table and on no street: why not, and what would do.

    lost : what ``streets.place`` could not place.
    """
    rooms = county.rooms[county.rooms["room"].isin(list(keep)) & county.rooms["node"].isna()]
    why = lost[lost["table"] == "rooms"].set_index("id")[["fault", "remedy"]]
    said = []
    for room, name in rooms[["room", "name"]].itertuples(index=False):
        fault, remedy = why.loc[room] if room in why.index else ("没有写明在哪里", "填写路网节点,或经度和纬度")
        off = f"用房 {room}({name})在社区用房表中,但没有落在路网上:{fault}。它不参与改造,不必用 --keep 保留"
        said.append(proper(ground.option(f"{off};要让它参与:{remedy}。")))
    return said
