"""Pictures of two lists side by side: how much changed where, and what moved from list to list."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from .. import tables
from ..errors import TableError, require
from . import canvas
from .canvas import BLUE, FAINT, GREEN, INK, ORANGE, RED, SKY, VIOLET

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CHANGES = {"added": ("新增", GREEN), "removed": ("删除", RED), "moved": ("移动", ORANGE), "edited": ("修改", SKY)}
LISTS = ("basic", "assisting", "reclaimed")
LEAST = 0.06  # between the numbers of two bands, as a share of all items drawn
NEEDS = ("change", "list_kind_old", "list_kind")


def _checked(frame: pd.DataFrame) -> pd.DataFrame:
    """township, change, old, new of each row: lists as Chinese words, "" where the item was or is in none."""
    require(frame, NEEDS, "变化表")
    if strange := sorted({str(c) for c in frame["change"]} - {*CHANGES}):
        raise TableError(f"变化表的 change 列有不认识的取值:{'、'.join(strange)};可用:{'、'.join(CHANGES)}")
    words = {
        side: frame[column].astype(object).map(lambda v: tables.label("items", "list_kind", v))
        for side, column in (("old", "list_kind_old"), ("new", "list_kind"))
    }
    town = frame["township"] if "township" in frame else pd.Series("全部", frame.index)
    known = pd.DataFrame({"township": town.fillna("未注明"), "change": frame["change"], **words})
    for side, without in (("old", "added"), ("new", "removed")):
        known[side] = known[side].replace("", "未注明").mask(known["change"] == without, "")
    return known


def _lists(*columns: pd.Series) -> list[str]:
    """The lists that occur, the three in their order first."""
    three = [tables.label("items", "list_kind", kind) for kind in LISTS]
    met = pd.concat(columns)
    return three + sorted(set(met[met != ""]) - set(three))


def changes(frame: pd.DataFrame, ax: Axes | None = None, *, most: int = 24, note: str = "") -> Axes:
    """The Axes with each township's added, removed, moved and edited items, stacked, a panel for each list.

    frame : ``lifecycle.diff``: change, list_kind_old, list_kind, and township where there is one. A moved item counts
    in its new list, a removed one in its old. most : so many townships are shown, those with most changes first; what
    is left out is said below.

    >>> frame = pd.DataFrame({"township": ["甲镇"] * 2, "change": ["added", "moved"],
    ...                       "list_kind_old": [None, "assisting"], "list_kind": ["basic", "reclaimed"]})
    >>> changes(frame).get_title(loc="left")
    '各乡镇（街道）清单变化：新增1项，删除0项，移动1项，修改0项'
    """
    known = _checked(frame)
    known = known.assign(list=known["new"].where(known["new"] != "", known["old"]))
    order = known["township"].value_counts(sort=False).sort_values(ascending=False, kind="stable")
    towns = list(order.index[:most])
    ax, title = canvas.start(ax, 1.3 + 0.27 * max(len(towns), 2)), "各乡镇（街道）清单变化"
    if known.empty:
        return canvas.nothing(ax, title, note)
    size = known.groupby(["list", "change", "township"]).size()
    lists = _lists(known["list"])
    wide = {(x, c): size.reindex([(x, c, t) for t in towns], fill_value=0).to_numpy() for x in lists for c in CHANGES}
    whole = [np.sum([wide[x, c] for c in CHANGES], axis=0).max() for x in lists]
    step, at = max(max(whole), 1) * 1.12, canvas.rows(ax, canvas.names(towns))
    for n, name in enumerate(lists):
        _panel(ax, at, n * step, {c: wide[name, c] for c in CHANGES}, step)
        ax.text((n + 0.015) * step, len(towns) - 0.4, canvas.clean(name), fontsize=8.5, color=INK, va="bottom")
    marks = [ax.bar(0, 0, color=colour, label=word) for word, colour in CHANGES.values()]
    ax.legend(marks, [word for word, _ in CHANGES.values()], loc="upper center", bbox_to_anchor=(0.5, -0.01), ncols=4,
              frameon=False, fontsize=8, handlelength=1)  # fmt: skip
    ax.set(xlim=(-step * 0.01, len(lists) * step), xticks=[], ylim=(-0.7, len(towns) + 0.25))
    ax.spines[["bottom", "left"]].set_visible(False)
    told = "，".join(f"{word}{int((known['change'] == c).sum())}项" for c, (word, _) in CHANGES.items())
    rest = order.iloc[most:]
    left = f"另有{len(rest)}个共{int(rest.sum())}项未画出" if len(rest) else ""
    return canvas.finish(ax, f"{title}：{told}", "；".join(filter(None, (left, note))))


def _panel(ax: Axes, at: np.ndarray, start: float, sizes: dict[str, np.ndarray], step: float) -> None:
    """Nothing; the axes hold one list's bars from ``start`` on, each part with its number where there is room."""
    ax.axvline(start, color=FAINT, linewidth=0.8)
    base = np.full(len(at), float(start))
    for change, size in sizes.items():
        ax.barh(at, size, left=base, color=CHANGES[change][1], height=0.7, edgecolor="white", linewidth=0.4)
        for y, left, n in zip(at, base, size, strict=True):
            if n and n > step * 0.045 * len(str(n)):
                ax.text(left + n / 2, y, f"{n}", ha="center", va="center", fontsize=7.5, color=INK)
        base = base + size


def redline(frame: pd.DataFrame, ax: Axes | None = None, *, note: str = "") -> Axes:
    """The Axes with where changed items went: lists before on the left, lists now on the right, bands between.

    frame : ``lifecycle.diff``: change, list_kind_old, list_kind. A band is as wide as its items: 新增 comes from
    nowhere, 删除 goes nowhere, edited items stay in their list (pale). Items that did not change are not drawn.

    >>> frame = pd.DataFrame({"change": ["moved"], "list_kind_old": ["assisting"], "list_kind": ["reclaimed"]})
    >>> [t.get_text() for t in redline(frame).texts][:2]
    ['配合履职事项 1项', '1']
    """
    known = _checked(frame)
    title = "清单变化流向"
    ax = canvas.start(ax, 4.2)
    if known.empty:
        return canvas.nothing(ax, title, note)
    lists = _lists(known["old"], known["new"])
    pairs = known.assign(old=known["old"].replace("", "新增"), new=known["new"].replace("", "删除"))
    size = pairs.groupby(["old", "new"]).size()
    bands = [(a, b, int(size[a, b])) for a in [*lists, "新增"] for b in [*lists, "删除"] if (a, b) in size.index]
    palette = [BLUE, ORANGE, FAINT, VIOLET, *[SKY] * len(lists)]
    colours = {**dict(zip(lists, palette, strict=False)), "新增": GREEN, "删除": RED}
    left, right = _stacks(bands, 0, [*lists, "新增"]), _stacks(bands, 1, [*lists, "删除"])
    _names(ax, left, colours, 0.0)
    spots = _apart([_band(ax, (left[a], right[b]), n, RED if b == "删除" else colours[a], pale=a == b)
                    for a, b, n in bands], len(known) * LEAST)  # fmt: skip
    for (_, _, n), y in zip(bands, spots, strict=True):
        ax.text(0.025, y, f"{n}", va="center", fontsize=7.5, color=INK)
    _names(ax, _stacks(bands, 1, [*lists, "删除"]), colours, 1.0)
    ax.set(xlim=(-0.42, 1.42), xticks=[], yticks=[])
    ax.spines[["left", "bottom"]].set_visible(False)
    told = "，".join(f"{word}{int((known['change'] == c).sum())}项" for c, (word, _) in CHANGES.items())
    return canvas.finish(
        ax, f"{title}：{told}", note, label="左为原清单，右为现清单；带宽为项数，浅色为修改后仍在原清单"
    )


def _stacks(bands: list[tuple[str, str, int]], side: int, order: list[str]) -> dict[str, list[float]]:
    """name -> [where its next band ends, top, size], the first on top, all stacks of one side centred."""
    sizes = {name: sum(band[2] for band in bands if band[side] == name) for name in order}
    sizes = {name: n for name, n in sizes.items() if n}
    whole = sum(sizes.values())
    gap = whole * 0.5 / len(sizes)
    out, top = {}, whole * 1.5 - gap / 2
    for name, n in sizes.items():
        out[name] = [top, top, float(n)]
        top -= n + gap
    return out


def _band(ax: Axes, ends: tuple[list[float], list[float]], size: int, colour: str, *, pale: bool) -> float:
    """Where the middle of the band begins, once the axes hold it; both stacks' next free place moves down."""
    t = np.linspace(0, 1, 40)
    ease = t * t * (3 - 2 * t)
    high = ends[0][0] + (ends[1][0] - ends[0][0]) * ease
    ax.fill_between(t, high - size, high, color=colour, alpha=0.15 if pale else 0.5, linewidth=0)
    middle = ends[0][0] - size / 2
    for end in ends:
        end[0] -= size
    return middle


def _apart(spots: list[float], least: float) -> list[float]:
    """``spots``, falling, moved as little as need be until none is nearer to the next than ``least``."""
    runs: list[list[float]] = []  # sum of the first places wished for, how many
    for n, spot in enumerate(spots):
        runs.append([spot + n * least, 1])
        while len(runs) > 1 and runs[-2][0] / runs[-2][1] < runs[-1][0] / runs[-1][1]:
            last = runs.pop()
            runs[-1] = [runs[-1][0] + last[0], runs[-1][1] + last[1]]
    places = [total / size for total, size in runs for _ in range(int(size))]
    return [place - n * least for n, place in enumerate(places)]


def _names(ax: Axes, stack: dict[str, list[float]], colours: dict[str, str], x: float) -> None:
    """Nothing; the axes hold a bar for each list with its name and number."""
    for name, (_, top, size) in stack.items():
        ax.plot([x, x], [top - size, top], color=colours[name], linewidth=4, solid_capstyle="butt")
        where, side = (x + 0.02, "left") if x else (x - 0.02, "right")
        text = f"{canvas.clean(name)} {size:.0f}项"
        ax.text(where, top - size / 2, text, ha=side, va="center", fontsize=8, color=INK)
