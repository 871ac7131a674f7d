"""What every picture stands on: the packaged Chinese font, the axes, quiet lines and the note."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from .ground import lines

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.transforms import Bbox

WIDTH = 6.2  # inches: the text of an A4 page
INK, FAINT, GRID = "#333333", "#7f8893", "#e3e6ea"
BLUE, SKY, GREEN, ORANGE, RED, PINK, VIOLET = (
    "#0072B2",
    "#56B4E9",
    "#009E73",
    "#E69F00",
    "#D55E00",
    "#CC79A7",
    "#7B3294",
)
BROWN = "#8c6d31"
SERVICES = {
    "elder_care": (BLUE, "o"),
    "meals": (ORANGE, "s"),
    "childcare": (PINK, "^"),
    "child_custody": (VIOLET, "v"),
    "culture": (GREEN, "D"),
    "health": (RED, "P"),
    "startup": (BROWN, "X"),
    "disability": (SKY, "h"),
}
FAMILY = "Governance Sans SC"  # a name of our own: no other file on the machine can answer to it
SYSTEM = ("Noto Sans CJK SC", "Source Han Sans SC", "Microsoft YaHei", "PingFang SC", "SimSun-ExtB", "DejaVu Sans")
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]+")
RINGS = ("#08306b", "#2171b5", "#6baed6", "#9ecae1", "#c6dbef")  # near to far
BEYOND = "#c4c8cc"
MANY = 20_000  # lines; more are drawn as pixels also in svg and pdf
GAP = 0.02  # between a bar and its number, as a share of the longest bar


@functools.cache
def families() -> tuple[str, ...]:
    """Font families for every text: the packaged Noto Sans SC first, then what the system has for rare characters."""
    from dataclasses import replace
    from pathlib import Path

    import pylopdf_fonts_zh_cn
    from matplotlib import font_manager

    path = str(Path(pylopdf_fonts_zh_cn.__file__).with_name("NotoSansSC-Regular.otf"))
    entry = font_manager.ttfFontProperty(font_manager.get_font(path))
    font_manager.fontManager.ttflist.insert(0, replace(entry, name=FAMILY))
    known = {f.name for f in font_manager.fontManager.ttflist}
    return (FAMILY, *(name for name in SYSTEM if name in known))


def shades(count: int) -> list[str]:
    """A colour for each of ``count`` rings, dark to light, and last the one of what lies beyond them all."""
    if count <= 3:
        return [*(RINGS[0], RINGS[1], RINGS[3])[3 - count :], BEYOND]
    return [RINGS[round(k * (len(RINGS) - 1) / (count - 1))] for k in range(count)] + [BEYOND]


def plain(text: object) -> str:
    """Text without control characters and halves of characters."""
    return CONTROL.sub(" ", str(text))


def clean(text: object) -> str:
    """Text that a figure can show: no control characters, no mathematics between dollar signs."""
    return plain(text).replace("$", r"\$")


def names(values: Iterable[object]) -> list[str]:
    """Every value as text that a figure can show."""
    return [clean(v) for v in values]


def start(ax: Axes | None, height: float) -> Axes:
    """The given axes, or those of a new figure ``height`` inches high."""
    if ax is None:
        import matplotlib.pyplot as plt

        _, ax = plt.subplots(figsize=(WIDTH, height), layout="constrained")
    return ax


def _below(ax: Axes, renderer: Any) -> Bbox:
    """What the bottom axis takes up, labels included; the note goes under it."""
    return ax.xaxis.get_tightbbox(renderer) or ax.bbox


def finish(ax: Axes, title: str, note: str, *, label: str = "", axis: str = "x") -> Axes:
    """The axes with title, axis label, note, quiet spines, and the font on every text there is or will be."""
    from matplotlib.text import Text

    ax.set_title(title, loc="left", fontsize=10.5, color=INK, pad=8)
    (ax.set_xlabel if axis == "x" else ax.set_ylabel)(label, fontsize=8.5, color=INK)
    if note:
        ax.annotate(
            clean(note),
            (1, 0),
            xycoords=("axes fraction", functools.partial(_below, ax)),
            xytext=(0, -3),
            textcoords="offset points",
            ha="right",
            va="top",
            fontsize=7,
            color=FAINT,
            annotation_clip=False,
        )
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color(FAINT)
    ax.tick_params(labelsize=8.5, labelcolor=INK, color=FAINT, labelfontfamily=[*families()])
    for text in ax.findobj(Text):
        text.set_fontfamily([*families()])
    return ax


def nothing(ax: Axes, title: str, note: str) -> Axes:
    """The picture of an empty frame: it says so."""
    ax.text(0.5, 0.5, "没有可画的数据", ha="center", va="center", transform=ax.transAxes, color=FAINT)
    ax.set(xticks=[], yticks=[])
    return finish(ax, title, note)


def percent(ax: Axes, axis: str = "x") -> None:
    """Nothing; the axis counts in per cent."""
    from matplotlib.ticker import PercentFormatter

    (ax.xaxis if axis == "x" else ax.yaxis).set_major_formatter(PercentFormatter(1, decimals=0))


def rows(ax: Axes, labels: list[str]) -> np.ndarray:
    """Positions of horizontal rows, first on top, with their labels."""
    at = np.arange(len(labels))[::-1]
    ax.set_yticks(at, labels)
    ax.set_ylim(-0.7, len(labels) - 0.3)
    ax.tick_params(axis="y", length=0)
    ax.grid(axis="x", color=GRID, linewidth=0.7)
    ax.set_axisbelow(True)
    return at


def table(ax: Axes, share: np.ndarray, down: list[str], across: list[str]) -> None:
    """Nothing; the axes hold a heat table of shares with a per cent in each cell, column names on top."""
    ax.imshow(np.ma.masked_invalid(share), cmap="Blues", vmin=0, vmax=1.25, aspect="auto")
    for (y, x), value in np.ndenumerate(share):
        if np.isfinite(value):
            ax.text(x, y, f"{value:.0%}", ha="center", va="center", fontsize=8, color="white" if value > 0.7 else INK)
    ax.set_xticks(range(len(across)), across)
    ax.set_yticks(range(len(down)), down)
    ax.xaxis.tick_top()
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)


def band(ax: Axes, x: np.ndarray, frame: pd.DataFrame, colour: str) -> None:
    """Nothing; the axes hold a line of ``share`` with its interval shaded from ``low`` to ``high``."""
    ax.fill_between(x, frame["low"], frame["high"], color=colour, alpha=0.2, linewidth=0)
    ax.plot(x, frame["share"], "o-", color=colour, markersize=3.5, linewidth=1.4)


def pairs(ax: Axes, at: np.ndarray, now: pd.Series, then: pd.Series, *, names: tuple[str, str]) -> None:
    """Nothing; the axes hold two dots a row, joined, each with its value beside it."""
    ax.hlines(at, then, now, color=GRID, linewidth=3)
    ax.plot(then, at, "o", color="white", markeredgecolor=BLUE, markersize=5.5, label=names[1])
    ax.plot(now, at, "o", color=BLUE, markersize=5.5, label=names[0])
    beside: Any = {"textcoords": "offset points", "va": "center", "fontsize": 8}
    for y, a, b in zip(at, now, then, strict=True):
        ax.annotate(f"{a:.2f}", (max(a, b), y), (7, 0), color=INK, **beside)
        ax.annotate(f"{b:.2f}", (min(a, b), y), (-7, 0), ha="right", color=FAINT, **beside)


def ribbons(ax: Axes, shown: pd.DataFrame, totals: Mapping[str, str]) -> None:
    """Nothing; the axes hold a band from each ``source`` (left) to its ``target`` (right), as wide as its ``size``.

    totals : what stands behind each name.
    """
    left, right = (_stack(shown, side) for side in ("source", "target"))
    colours = dict(zip(left, [RED, BLUE, ORANGE, GREEN, PINK, VIOLET, SKY, BROWN] * len(left), strict=False))
    for source, target, wide in zip(shown["source"], shown["target"], shown["size"], strict=True):
        _band(ax, left[source], right[target], wide, colours[source])
    for stack, x, side in ((left, 0.0, "right"), (right, 1.0, "left")):
        for name, (_, base, size) in stack.items():
            ax.plot([x, x], [base, base + size], color=colours.get(name, INK), linewidth=4, solid_capstyle="butt")
            ax.text(
                x + (0.02 if x else -0.02),
                base + size / 2,
                f"{clean(name)} {totals[name]}",
                ha=side,
                va="center",
                fontsize=8,
                color=INK,
            )


def _stack(shown: pd.DataFrame, side: str) -> dict[str, list[float]]:
    """name -> [where its next band starts, base, height], largest on top, the whole as high as the other side."""
    sizes = shown.groupby(side)["size"].sum().sort_values(kind="stable")
    room = shown["size"].sum() * 1.5
    gap = (room - sizes.sum()) / max(len(sizes), 1)
    out, base = {}, 0.0
    for name, size in sizes.items():
        out[str(name)] = [base + gap / 2, base + gap / 2, float(size)]
        base += size + gap
    return out


def _band(ax: Axes, start: list[float], end: list[float], size: float, colour: str) -> None:
    """One ribbon from a department's bar to a township's; both bars' next free place moves on."""
    t = np.linspace(0, 1, 40)
    ease = t * t * (3 - 2 * t)
    low = start[0] + (end[0] - start[0]) * ease
    ax.fill_between(t, low, low + size, color=colour, alpha=0.45, linewidth=0)
    start[0] += size
    end[0] += size


def streets(ax: Axes, at: pd.DataFrame, edges: pd.DataFrame) -> None:
    """Nothing; the axes hold the streets, bridges darker, on equal scales without frame."""
    drawn, found = lines(at, edges)
    bridge = (edges["kind"] == "bridge").to_numpy(bool)[drawn]
    for rows_, colour, wide in ((~bridge, "#bfc6ce", 0.4), (bridge, FAINT, 1.2)):
        strokes(ax, [found[k] for k in np.flatnonzero(rows_)], colour, wide)
    bare(ax)


def strokes(ax: Axes, found: list[np.ndarray], colour: str, wide: float, *, label: str = "") -> None:
    """Nothing; the axes hold the lines of points in one colour, as pixels where a page could not carry so many."""
    from matplotlib.collections import LineCollection

    drawn = LineCollection(found, colors=colour, linewidths=wide, zorder=1, label=label, rasterized=len(found) > MANY)
    drawn.set_capstyle("round")
    ax.add_collection(drawn)


def bare(ax: Axes) -> None:
    """Nothing; the axes are a map: equal scales, no ticks, no frame."""
    ax.autoscale_view()
    ax.set_aspect("equal")
    ax.set(xticks=[], yticks=[])
    for side in ("left", "bottom"):
        ax.spines[side].set_visible(False)


def north(ax: Axes) -> None:
    """Nothing; beside the map, at the lower right, an arrow says where north is (y grows to the north)."""
    beside: Any = {"xycoords": "axes fraction", "ha": "center", "annotation_clip": False}
    ax.annotate("北", (1.05, 0.11), va="bottom", fontsize=8.5, color=INK, **beside)
    shaft = {"arrowstyle": "-|>", "color": INK, "linewidth": 1, "shrinkA": 0, "shrinkB": 0}
    ax.annotate("", (1.05, 0.11), (1.05, 0.0), arrowprops=shaft, **beside)


def tall(at: pd.DataFrame) -> float:
    """Inches that a figure with this map, its legend beside it and its title is high."""
    wide, high = (float(at[c].max() - at[c].min()) for c in ("x", "y")) if len(at) else (1.0, 1.0)
    return float(np.clip(WIDTH * 0.64 * high / max(wide, 1e-9), 2.4, 6.5)) + 1.2


def tags(ax: Axes, spots_: pd.DataFrame, *, size: float = 7.5, taken: np.ndarray | None = None) -> None:
    """Nothing; the axes hold the ``text`` beside each x, y, none upon another, with a thin line where it moved away.

    spots_ : x, y, text, the most important first. taken : further points (x, y) that no text may cover.
    """
    from matplotlib.patheffects import withStroke

    fig: Any = ax.figure
    for _ in range(2):  # constrained layout settles in two passes
        fig.draw_without_rendering()
    at = ax.transData.transform(spots_[["x", "y"]].to_numpy(float))
    dots = np.concatenate([at, ax.transData.transform(taken) if taken is not None and len(taken) else at[:0]])
    point, area = fig.dpi / 72, ax.bbox
    boxes = np.concatenate([dots - 3.5 * point, dots + 3.5 * point], axis=1)
    for (x, y), text, where in zip(spots_[["x", "y"]].to_numpy(float), names(spots_["text"]), at, strict=True):
        drawn = ax.annotate(text, (x, y), (0, 0), textcoords="offset points", ha="center", va="center", fontsize=size,
                            color=INK, zorder=6, fontfamily=[*families()])  # fmt: skip
        drawn.set_in_layout(False)
        drawn.set_path_effects([withStroke(linewidth=2.2, foreground="white")])
        drawn.update_bbox_position_size(fig.canvas.get_renderer())
        extent = drawn.get_window_extent()
        half = np.array([extent.width, extent.height]) / 2 + point
        move = min(
            _moves(half, point),
            key=lambda m: _clash(boxes, where + m, half, np.array(area.extents)) + np.hypot(*(m / half)) * 1e-3,
        )
        drawn.set_position((move / point).tolist())
        boxes = np.vstack([boxes, [*(where + move - half), *(where + move + half)]])
        if np.hypot(*np.maximum(np.abs(move) - half, 0)) > 7 * point:
            ax.annotate("", (x, y), (move / point).tolist(), textcoords="offset points", zorder=5,
                        arrowprops={"arrowstyle": "-", "color": INK, "linewidth": 0.5, "shrinkA": 5, "shrinkB": 0}
                        ).set_in_layout(False)  # fmt: skip


def _moves(half: np.ndarray, point: float) -> list[np.ndarray]:
    """Where a text may go from its spot: right, left, above, below and between, nearer ones first."""
    ways = np.array([(1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1)], float)
    return [way * (half + gap * point) for gap in (5, 9, 16, 26, 40, 60, 85) for way in ways]


def _clash(boxes: np.ndarray, middle: np.ndarray, half: np.ndarray, area: np.ndarray) -> float:
    """How much of the box lies on the boxes there are, or outside the area (which counts double)."""
    low, high = middle - half, middle + half
    inner = np.minimum(boxes[:, 2:], high) - np.maximum(boxes[:, :2], low)
    upon = np.prod(np.maximum(inner, 0), axis=1).sum()
    inside = np.prod(np.maximum(np.minimum(area[2:], high) - np.maximum(area[:2], low), 0))
    whole = np.prod(high - low)
    return float((upon + 2 * (whole - inside)) / whole)


def scale(ax: Axes, at: pd.DataFrame) -> None:
    """Nothing; the axes hold a scale bar of a round number of metres at the lower left."""
    wide = float(at["x"].max() - at["x"].min()) or 1.0
    length = next(m for m in (5000, 2000, 1000, 500, 200, 100, 50, 20, 10, 5, 0) if m <= wide / 5)
    if length:
        x, y = float(at["x"].min()), float(at["y"].min()) - wide * 0.02
        ax.plot([x, x + length], [y, y], color=INK, linewidth=1.5)
        ax.text(x + length / 2, y, f"{length}米", ha="center", va="top", fontsize=7.5, color=INK)


def circles(ax: Axes, at: pd.DataFrame, people: pd.DataFrame, *, unit: str) -> None:
    """Nothing; the axes hold a circle at each ``node``, its area in proportion to ``people``."""
    if len(people):
        spot, most = at.reindex(people["node"]), people["people"].max()
        ax.scatter(
            spot["x"],
            spot["y"],
            s=people["people"] / most * 260,
            color=ORANGE,
            alpha=0.35,
            linewidths=0,
            zorder=2,
            label=f"缺口（圆越大人越多，最大{most}{unit}）",
        )


def spots(ax: Axes, at: pd.DataFrame, nodes: pd.Series, label: str, *, marker: str, color: str = "") -> None:
    """Nothing; the axes hold a mark at each of ``nodes``, hollow without a colour, and the legend their number."""
    spot = at.reindex(nodes).dropna()
    if len(spot):
        ax.scatter(
            spot["x"],
            spot["y"],
            s=26,
            marker=marker,
            facecolors=color or "white",
            edgecolors="white" if color else INK,
            linewidths=0.6 if color else 1,
            zorder=3,
            label=f"{label}（{len(spot)}处）",
        )
