"""Maps: how far every street is from a service and who is left out, where services lie, what a plan changes where."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from .. import rules, tables
from ..errors import TableError, require
from . import canvas, ground
from .canvas import FAINT, GREEN, INK, RED, SERVICES
from .ground import SCHEMATIC, Pace
from .people import order

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..tables import County

BORDER = "#6b4c9a"
NAMED = 8  # gaps with a name on the map
LISTED = 12  # conversions named beside the map


def circle(
    county: County, near: pd.DataFrame, *, service: str, minutes: float = 15, ax: Axes | None = None, note: str = ""
) -> Axes:
    """The Axes with a map of one service: streets by minutes to its nearest place, places, idle rooms, who is left out.

    county : streets (with x, y), sites, rooms and communities. near : ``circle.reach`` or ``circle.nearest``: service,
    node, metres. service : one of the rules' services. minutes : the longest ring and the time that counts as covered;
    the shorter ones of ``circle.minutes`` are drawn within it.

    A street has the colour of its farther end, at the speed of the slowest group the service is for (the legend says
    which). Circles are people not reached in time, each group at its own speed as in ``circle.gaps``; the largest are
    named. Homes without a street node and streets without coordinates are counted below the map.
    Raises TableError for a service that no rule knows, missing columns, or a shorter search than ``minutes``.

    What it does not show: whether a place has room left; the middle of a street that is farther than both its ends.

    >>> import governance as gov
    >>> county = gov.examples.county()
    >>> near = gov.circle.reach(county.streets, gov.circle.places(county.sites, county.rooms))
    >>> circle(county, near, service="meals").get_title(loc="left")
    '助餐：15分钟内走得到的占...'
    """
    word, pace = ground.known(service), ground.pace(service, minutes)
    homes = ground.left_out(county, near, service, minutes)
    at = ground.positions(county.streets)
    ax = canvas.start(ax, canvas.tall(at))
    total, lost = int(homes["people"].sum()), int(homes["missing"].sum())
    if total:
        title = f"{word}：{minutes:g}分钟内走得到的占{1 - lost / total:.1%}，{lost:,}人走不到"
    else:
        title = f"{word}：{minutes:g}分钟步行范围"
    if at.empty:
        return canvas.nothing(ax, title, note)
    skipped = _streets(ax, at, county.streets.edges, (ground.steps(near, service, minutes), pace))
    gaps = homes[homes["missing"] > 0].assign(text=ground.called(homes)).join(at, on="node")
    drawn = gaps.dropna(subset=["x", "y"]).sort_values("missing", ascending=False, kind="stable")
    sums = drawn.groupby("node", as_index=False, sort=False).agg(
        x=("x", "first"), y=("y", "first"), text=("text", "first"), homes=("text", "size"), people=("missing", "sum")
    )
    sums = sums.sort_values("people", ascending=False, kind="stable", ignore_index=True)
    canvas.circles(ax, at, sums, unit="人")
    taken = _places(ax, at, county, service)
    canvas.scale(ax, at)
    canvas.north(ax)
    _legend(ax, f"距最近一处步行时间\n（{pace.group}，{pace.speed:g}米/分钟）")
    below = ["路段按较远一端着色；圆为各居民点走不到的人数", *_uncounted(county, gaps, drawn, skipped)]
    out = canvas.finish(ax, title, note, label="\n".join(below))
    more = sums["homes"].map(lambda n: f"等{n}处" if n > 1 else "").astype("str")  # of no rows, whole numbers
    text = sums["text"] + more + sums["people"].map(" {:,}人".format).astype("str")
    canvas.tags(out, sums.assign(text=text).head(NAMED), taken=taken)
    return out


def _streets(ax: Axes, at: pd.DataFrame, edges: pd.DataFrame, reached: tuple[pd.Series, Pace]) -> int:
    """How many streets could not be drawn; the axes hold the others, farther rings beneath nearer ones."""
    far, pace = reached
    kept, found = ground.lines(at, edges)
    ring = ground.rings(edges, far, pace)[kept]
    words = [*(f"{m:g}分钟内" for m in pace.rings), f"超过{pace.rings[-1]:g}分钟"]
    wide = 0.7 if len(found) < 50_000 else 0.35
    for k, (colour, word) in enumerate(zip(canvas.shades(len(pace.rings)), words, strict=True)):
        mine = [found[i] for i in np.flatnonzero(ring == k)]
        canvas.strokes(ax, mine, colour, wide * (0.8 if k == len(pace.rings) else 1.4), label=word)
    canvas.bare(ax)
    return len(edges) - len(found)


def _places(ax: Axes, at: pd.DataFrame, county: County, service: str) -> np.ndarray:
    """x, y of the places of the service, once the axes hold them and the idle rooms."""
    sites, rooms = (frame.loc[frame["service"] == service, "node"] for frame in (county.sites, county.rooms))
    idle = county.rooms.loc[county.rooms["service"] == "idle", "node"]
    word = tables.label("sites", "service", service)
    canvas.spots(ax, at, idle, "闲置用房", marker="s")
    canvas.spots(ax, at, rooms, f"{word}用房", marker="s", color=INK)
    canvas.spots(ax, at, sites, f"{word}设施", marker="^", color=INK)
    return at.reindex(pd.concat([sites, rooms, idle])).dropna().to_numpy()


def _legend(ax: Axes, title: str = "") -> None:
    """Nothing; the legend stands to the right of the map, lines thick enough to see their colour."""
    handles, _ = ax.get_legend_handles_labels()
    if handles:
        drawn = ax.legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False, fontsize=8, handletextpad=0.5,
                          title=title, title_fontsize=8, alignment="left", handlelength=1.3)  # fmt: skip
        for line in drawn.get_lines():
            line.set_linewidth(max(float(line.get_linewidth()), 2.5))
        drawn.get_title().set_color(INK)


def _uncounted(county: County, gaps: pd.DataFrame, drawn: pd.DataFrame, skipped: int) -> list[str]:
    """What the map leaves out, a line each: homes without a node, gaps and streets without coordinates."""
    missing = int(county.communities["node"].isna().sum())
    said = [
        f"{missing}处居民点没有路网节点，未计入" if missing else "",
        f"{len(gaps) - len(drawn)}处缺口的节点没有坐标，未画出" if len(gaps) > len(drawn) else "",
        f"{skipped}条路段没有坐标，未画出" if skipped else "",
    ]
    return [part for part in said if part]


def borders(county: County, ax: Axes | None = None, *, note: str = "") -> Axes:
    """The Axes with dashed lines between communities, made up from their homes, and the words that say so.

    county : communities (with nodes) and streets. ax : a map drawn before (``circle``, ``town``); without it the
    streets are drawn as well. A community's ground is what lies nearer to its homes than to any other's (Voronoi).
    The words 示意图,非行政界线 stand on the figure always, whatever was drawn.

    What it does not show: any administrative border.

    >>> import governance as gov
    >>> borders(gov.examples.county()).texts[-1].get_text()
    '示意图,非行政界线'
    """
    at = ground.positions(county.streets)
    if ax is None:
        ax = canvas.start(None, canvas.tall(at))
        canvas.streets(ax, at, county.streets.edges)
        canvas.scale(ax, at)
        canvas.finish(ax, "村（社区）居民点分布示意", note)
    import shapely

    whole = ground.territories(county)["territory"]
    if len(whole):
        for line in shapely.get_parts(shapely.line_merge(shapely.union_all(shapely.boundary(whole.to_numpy())))):
            ax.plot(*np.asarray(line.coords).T, color=BORDER, linewidth=0.7, linestyle=(0, (4, 3)), zorder=1.5)
    ax.annotate(SCHEMATIC, (1.02, 0.2), xycoords="axes fraction", ha="left", va="bottom",
                fontsize=8, color=BORDER, fontfamily=[*canvas.families()], annotation_clip=False)  # fmt: skip
    return ax


def town(
    county: County,
    gaps: pd.DataFrame | None = None,
    ax: Axes | None = None,
    *,
    service: str | None = None,
    note: str = "",
) -> Axes:
    """The Axes with a map: streets, sites by service, idle rooms, and circles as large as the people left out.

    county : streets, sites, rooms and communities are drawn. gaps : ``circle.gaps`` (None: no circles).
    service : only this one's sites and gaps; None: all, and circles count persons x services.
    Raises TableError for a service that no rule knows.

    What it does not show: compounds without a street node.

    >>> import governance as gov
    >>> town(gov.examples.county(), service="meals").get_title(loc="left")
    '助餐设施分布'
    """
    if service is not None and service not in rules.value("circle.groups"):
        raise TableError(f"没有名为 {service} 的服务;可用:{'、'.join(rules.value('circle.groups'))}")
    word = tables.label("sites", "service", service) if service else "服务"
    ax, title = canvas.start(ax, 5.2), f"{word}设施分布" + ("与十五分钟缺口" if gaps is not None else "")
    at = county.streets.nodes.set_index("node")[["x", "y"]].astype(float)
    if at.empty:
        return canvas.nothing(ax, title, note)
    canvas.streets(ax, at, county.streets.edges)
    canvas.circles(ax, at, _left_out(county, gaps, service), unit="人" if service else "人次")
    mine = pd.concat([county.sites[["service", "node"]], county.rooms[["service", "node"]]])
    for kind, (colour, mark) in SERVICES.items():
        nodes = mine.loc[(mine["service"] == kind) & (service in (None, kind)), "node"]
        canvas.spots(ax, at, nodes, tables.label("sites", "service", kind), marker=mark, color=colour)
    canvas.spots(ax, at, mine.loc[mine["service"] == "idle", "node"], "闲置用房", marker="s")
    canvas.scale(ax, at)
    if ax.get_legend_handles_labels()[0]:
        ax.legend(
            loc="upper left", bbox_to_anchor=(1, 1), frameon=False, fontsize=8, handletextpad=0.2, markerscale=0.9
        )
    return canvas.finish(ax, title, note)


def _left_out(county: County, gaps: pd.DataFrame | None, service: str | None) -> pd.DataFrame:
    """node, people of the gaps, largest first so that small circles lie on top."""
    if gaps is None:
        return pd.DataFrame(columns=["node", "people"])
    require(gaps, ["township", "community", "compound", "service", "people"], "缺口表")
    mine = gaps if service is None else gaps[gaps["service"] == service]
    keys = ["township", "community", "compound"]
    where = county.communities[[*keys, "node"]].assign(compound=county.communities["compound"].fillna(""))
    found = mine.assign(compound=mine["compound"].fillna("")).merge(where, on=keys).dropna(subset=["node"])
    return found.groupby("node", as_index=False).agg(people=("people", "sum")).sort_values("people", ascending=False)


def plan(frame: pd.DataFrame, ax: Axes | None = None, *, note: str = "") -> Axes:
    """The Axes with what each conversion adds: persons x services gained, and lost where any are.

    frame : ``siting.convert``: name, from_service, service, gain, lost, net, cumulative, bound.

    >>> frame = pd.DataFrame({"name": ["甲苑用房"], "from_service": ["idle"], "service": ["culture"], "gain": [90],
    ...                       "lost": [0], "net": [90], "cumulative": [90], "bound": [90]})
    >>> plan(frame).get_yticklabels()[0].get_text()
    '1 甲苑用房：闲置→文化'
    """
    require(frame, ["name", "from_service", "service", "gain", "lost", "net", "cumulative", "bound"], "改造方案")
    ax, title = canvas.start(ax, 1.2 + 0.34 * max(len(frame), 2)), "用房改造的新增受益"
    if frame.empty:
        return canvas.nothing(ax, title, note)
    words = [[tables.label("rooms", "service", s) for s in frame[c]] for c in ("from_service", "service")]
    labels = [f"{i + 1} {n}：{a}→{b}" for i, (n, a, b) in enumerate(zip(frame["name"], *words, strict=True))]
    at = canvas.rows(ax, canvas.names(labels))
    ax.barh(at, frame["gain"], color=GREEN, height=0.55)
    ax.barh(at, -frame["lost"], color=RED, height=0.55)
    for y, gain, lost, total in zip(at, frame["gain"], frame["lost"], frame["cumulative"], strict=True):
        minus = f"，失去{lost}" if lost else ""
        ax.text(
            gain + frame["gain"].max() * canvas.GAP,
            y,
            f"新增{gain}{minus}，累计净增{total}",
            va="center",
            fontsize=8,
            color=INK,
        )
    ax.axvline(0, color=FAINT, linewidth=0.8)
    ax.set_xlim(-float(frame["lost"].max()) * 1.1, float(frame["gain"].max()) * 1.6)
    total, bound = int(frame["cumulative"].iloc[-1]), int(frame["bound"].iloc[0])
    proven = "已证明为最优方案" if total == bound else f"任何方案不超过{bound}人次"
    return canvas.finish(ax, f"{title}：{len(frame)}处共净增{total}人次", note, label=f"人次=人×服务；{proven}")


def before_after(
    county: County,
    plan: pd.DataFrame,
    before: pd.DataFrame,
    after: pd.DataFrame,
    *,
    ax: Axes | None = None,
    note: str = "",
) -> Axes:
    """The Axes with people covered per service before and after a plan; below it a map of the converted rooms, numbered.

    county : streets, rooms. plan : ``siting.convert``: room, name, from_service, service, net. before, after :
    ``circle.coverage`` as things stand and with the plan carried out: service, minutes, people, covered; the longest
    minutes count. ax : its place is shared by the bars, which come back, and the map (``ax.figure.axes[-1]``).
    Raises TableError for missing columns, for a room of the plan that the county does not have, and where ``after``
    was not counted over the people of ``before``.

    What it does not show: what the plan costs; who loses a service when another gains (bars are sums).

    >>> import governance as gov
    >>> now = pd.DataFrame({"service": ["meals"], "minutes": 15, "people": 100, "covered": 40})
    >>> plan = pd.DataFrame({"room": ["F04"], "name": "春晓里配套用房", "from_service": "idle", "service": "meals", "net": 20})
    >>> before_after(gov.examples.county(), plan, now, now.assign(covered=60)).get_title(loc="left")
    '1处用房改造前后：覆盖40→60人次，净增20'
    """
    rooms = ground.converted(county, plan)
    sums = _both(before, after)
    bars, ground_ = _panels(ax, 0.5 + 0.3 * max(len(sums), 2), canvas.tall(ground.positions(county.streets)))
    _bars(bars, sums)
    now, then = int(sums["before"].sum()), int(sums["after"].sum())
    word = "净增" if then >= now else "净减"
    title = f"{len(plan)}处用房改造前后：覆盖{now:,}→{then:,}人次，{word}{abs(then - now):,}"
    canvas.finish(bars, title, "", label="")
    lost = _converted(ground_, county, rooms)
    canvas.finish(ground_, "改造用房位置（序号同改造次序）", note, label=lost)
    _numbers(ground_, county, rooms)
    return bars


def _both(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """people, before, after of each service that has people, at the longest minutes."""
    parts = []
    for frame, name in ((before, "改造前的覆盖表"), (after, "改造后的覆盖表")):
        require(frame, ["service", "minutes", "people", "covered"], name)
        longest = frame[frame["minutes"] == frame["minutes"].max()]
        parts.append(longest.groupby("service")[["people", "covered"]].sum())
    if not parts[0]["people"].sort_index().equals(parts[1]["people"].sort_index()):
        raise TableError("改造前后两张覆盖表的服务或对象人数不同,不能相比;请用同一份村社人口表、同样的时限计算")
    out = parts[0]["people"].to_frame().assign(before=parts[0]["covered"], after=parts[1]["covered"])
    return out.reindex(order(pd.Series(out.index))).query("people > 0")


def _panels(ax: Axes | None, above: float, below: float) -> tuple[Axes, Axes]:
    """Two axes one upon the other, in a figure of their own or in the place of ``ax``."""
    ax = canvas.start(ax, above + below)
    spec, fig = ax.get_subplotspec(), ax.figure
    if spec is not None:
        grid = spec.subgridspec(2, 1, height_ratios=[above, below])
        ax.set_subplotspec(grid[0])
        return ax, fig.add_subplot(grid[1])
    box = ax.get_position()
    cut = box.height * above / (above + below)
    ax.set_position((box.x0, box.y1 - cut, box.width, cut))
    return ax, fig.add_axes((box.x0, box.y0, box.width, (box.height - cut) * 0.85))


def _bars(ax: Axes, sums: pd.DataFrame) -> None:
    """Nothing; the axes hold two bars a service, before above after, with numbers."""
    at = canvas.rows(ax, canvas.names(tables.label("sites", "service", s) for s in sums.index))
    ax.barh(at + 0.19, sums["before"], color=FAINT, height=0.36)
    colours = [GREEN if b >= a else RED for a, b in zip(sums["before"], sums["after"], strict=True)]
    ax.barh(at - 0.19, sums["after"], color=colours, height=0.36)
    most = max(float(sums[["before", "after"]].max().max()), 1) if len(sums) else 1
    for y, now, then, whole in zip(at, sums["before"], sums["after"], sums["people"], strict=True):
        change = (
            f"（{then - now:+,}，{now / whole:.1%}→{then / whole:.1%}）"
            if then != now
            else f"（不变，{now / whole:.1%}）"
        )
        text = f"{now:,}→{then:,}{change}"
        ax.text(max(now, then) + most * canvas.GAP, y, text, va="center", fontsize=8, color=INK)
    ax.set_xlim(0, most * 1.62)
    ax.set_xticks([])
    ax.spines["bottom"].set_visible(False)
    words = {FAINT: "改造前", GREEN: "改造后", RED: "改造后（减少）"}
    keys = [ax.bar(0, 0, color=c) for c in words if c in {FAINT, *colours}]
    if keys:
        ax.legend(
            keys,
            [words[c] for c in words if c in {FAINT, *colours}],
            loc="upper center",
            bbox_to_anchor=(0.5, 0),
            ncols=3,
            frameon=False,
            fontsize=8,
            handlelength=1,
        )


def _converted(ax: Axes, county: County, rooms: pd.DataFrame) -> str:
    """What the map cannot show, as a sentence; the axes hold streets, rooms by their new service, and their names."""
    at = ground.positions(county.streets)
    canvas.streets(ax, at, county.streets.edges)
    for kind in order(rooms["service"]):
        colour, mark = SERVICES.get(kind, (INK, "o"))
        nodes = rooms.loc[rooms["service"] == kind, "node"]
        canvas.spots(ax, at, nodes, f"改为{tables.label('rooms', 'service', kind)}", marker=mark, color=colour)
    words = [[tables.label("rooms", "service", s) for s in rooms[c]] for c in ("from_service", "service")]
    listed = [
        f"{k} {canvas.clean(n)}\n    {a}→{b} {net:+,}人次"
        for k, (n, a, b, net) in enumerate(zip(rooms["name"], *words, rooms["net"], strict=True), 1)
    ][:LISTED]
    if len(rooms) > LISTED:
        listed.append(f"另有{len(rooms) - LISTED}处，见方案表")
    if len(at):
        canvas.scale(ax, at)
        canvas.north(ax)
        _legend(ax)
    ax.annotate("\n".join(listed), (1.03, 0.78 - 0.05 * rooms["service"].nunique() + 0.12), xycoords="axes fraction",
                va="top", fontsize=7, color=INK, annotation_clip=False)  # fmt: skip
    unseen = int((~rooms["node"].isin(at.index)).sum())
    return f"{unseen}处用房没有路网节点或坐标，未画出" if unseen else ""


def _numbers(ax: Axes, county: County, rooms: pd.DataFrame) -> None:
    """Nothing; the axes hold the number of each converted room beside it."""
    spots = rooms.assign(text=rooms["number"]).join(ground.positions(county.streets), on="node")
    canvas.tags(ax, spots.dropna(subset=["x", "y"]), size=9)
