"""Tables of a printed page from their ruling lines: which rectangles are cells, and which cell a point is in."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from typing import Any

NEAR = 3.0  # points: lines closer than this are one line, ends closer than this meet
SHORT = 8.0  # points: shorter strokes are parts of drawings or ticks, not of a table
MOST = 250_000  # lines across times lines down: beyond this the page is a drawing

Segment = tuple[float, float, float]  # position across, from, to
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Ruled:
    """A ruled table: its box on the page, cells as (top, left, rows, columns, label), left edges of its columns."""

    box: Box
    cells: tuple[tuple[int, int, int, int, int], ...]
    height: int
    columns_at: tuple[float, ...]


@dataclass(frozen=True)
class Page:
    """The tables of a page, the label of every field between its lines (-1 none), and whether a cell does not close."""

    tables: tuple[Ruled, ...]
    xs: tuple[float, ...]
    ys: tuple[float, ...]
    labels: tuple[tuple[int, ...], ...]
    broken: bool = False


def cell_at(page: Page, x: float, y: float) -> int:
    """The label of the cell that holds a point, -1 outside every table."""
    column, row = bisect_right(page.xs, x) - 1, bisect_right(page.ys, y) - 1
    if 0 <= row < len(page.labels) and 0 <= column < len(page.labels[row]):
        return page.labels[row][column]
    return -1


def tables(shapes: Iterable[dict[str, Any]]) -> Page | None:
    """The ruled tables among the lines, rectangles and curves of a page; None where it is all drawing.

    A side left open (no outer border, or a row cut by the page break) is closed where the lines that run
    up to it end together. Boxes of a single cell are frames, not tables.
    """
    across, down = _segments(shapes)
    if len(across) * len(down) > MOST:
        return None
    down += _closing(across, down, 3)
    across += _closing(down, across, 2)
    xs, ys = sorted({x for x, _, _ in down}), sorted({y for y, _, _ in across})
    if len(xs) < 2 or len(ys) < 2:
        return Page((), (), (), ())
    labels, broken = _regions(_borders(down, xs, ys), _borders(across, ys, xs))
    found = [_ruled(group, xs, ys) for group in _groups(labels)]
    kept = {cell[4] for table in found if table for cell in table.cells}
    shown = tuple(tuple(label if label in kept else -1 for label in row) for row in labels)
    return Page(tuple(t for t in found if t), tuple(xs), tuple(ys), shown, broken)


def _segments(shapes: Iterable[dict[str, Any]]) -> tuple[list[Segment], list[Segment]]:
    """Horizontal and vertical lines, overlapping and nearly equal ones joined. Mere fillings have no border."""
    across: list[Segment] = []
    down: list[Segment] = []
    for shape in shapes:
        thin = min(shape["width"], shape["height"]) < NEAR
        if shape["object_type"] != "line" and not thin and not shape.get("stroke"):
            continue
        x0, x1, top, bottom = (float(shape[k]) for k in ("x0", "x1", "top", "bottom"))
        corners = [(x0, top), (x1, top), (x1, bottom), (x0, bottom), (x0, top)]
        if shape["object_type"] == "line":
            corners = corners[:2] if x1 - x0 >= bottom - top else corners[1:3]
            if not thin:
                continue
        elif shape["object_type"] == "curve":
            corners = [(float(x), float(y)) for x, y in shape["pts"]]
        for (ax, ay), (bx, by) in pairwise(corners):
            if abs(ay - by) < 0.5:
                across.append(((ay + by) / 2, min(ax, bx), max(ax, bx)))
            elif abs(ax - bx) < 0.5:
                down.append(((ax + bx) / 2, min(ay, by), max(ay, by)))
    return _joined(across), _joined(down)


def _joined(segments: list[Segment]) -> list[Segment]:
    joined: list[Segment] = []
    for group in _clusters(segments, 0):
        at = sum(s[0] for s in group) / len(group)
        low, high = 0.0, -1e9
        for _, start, end in sorted(group, key=lambda s: s[1]):
            if start > high + NEAR:
                joined.append((at, low, high))
                low = start
            high = max(high, end)
        joined.append((at, low, high))
    return [s for s in joined if s[2] - s[1] >= SHORT]


def _clusters(segments: Sequence[Segment], key: int) -> list[list[Segment]]:
    """``segments`` in groups whose value at ``key`` is nearly the same."""
    groups: list[list[Segment]] = []
    for one in sorted(segments, key=lambda s: s[key]):
        if groups and one[key] - groups[-1][0][key] <= NEAR:
            groups[-1].append(one)
        else:
            groups.append([one])
    return groups


def _closing(lines: Sequence[Segment], crossing: Sequence[Segment], least: int) -> list[Segment]:
    """Lines missing where at least so many ``lines`` end together, though others cross them elsewhere."""
    added: list[Segment] = []
    for key in (1, 2):
        for group in _clusters(lines, key):
            low, high = min(s[0] for s in group), max(s[0] for s in group)
            if len(group) < least or high - low < SHORT:
                continue
            end = sum(s[key] for s in group) / len(group)
            there = [s for s in crossing if abs(s[0] - end) <= NEAR and _overlap(s, low, high) > 0]
            inner = any(sum(g[1] + NEAR < s[0] < g[2] - NEAR for g in group) >= least for s in crossing)
            if inner and sum(_overlap(s, low, high) for s in there) < (high - low) / 2:
                added.append((there[0][0] if there else end, low, high))
    return added


def _overlap(segment: Segment, low: float, high: float) -> float:
    return min(segment[2], high) - max(segment[1], low)


def _borders(lines: Sequence[Segment], at: Sequence[float], steps: Sequence[float]) -> list[list[bool]]:
    """For each line position, whether it is drawn along each step between the crossing positions."""
    place = {value: n for n, value in enumerate(at)}
    drawn = [[False] * (len(steps) - 1) for _ in at]
    for value, low, high in lines:
        for n in range(len(steps) - 1):
            if low <= steps[n] + NEAR and high >= steps[n + 1] - NEAR:
                drawn[place[value]][n] = True
    return drawn


def _regions(down: list[list[bool]], across: list[list[bool]]) -> tuple[list[list[int]], bool]:
    """A label for every field between neighbouring lines (-1 outside), and whether some region is no rectangle."""
    wide, high = len(down) - 1, len(across) - 1
    labels = [[-2] * wide for _ in range(high)]
    edge = [(r, c) for r in range(high) for c in range(wide) if _is_open(r, c, down, across)]
    for start in edge:
        _flood(start, -1, labels, down, across)
    count, broken = 0, False
    for row in range(high):
        for column in range(wide):
            if labels[row][column] == -2:
                held = _flood((row, column), count, labels, down, across)
                broken |= not _settled(held, count, labels)
                count += 1
    return labels, broken


def _settled(held: list[tuple[int, int]], label: int, labels: list[list[int]]) -> bool:
    """Whether a region is a rectangle; a small box drawn inside becomes part of it, a frame around tables no cell."""
    rows, columns = [r for r, _ in held], [c for _, c in held]
    top, bottom, left, right = min(rows), max(rows), min(columns), max(columns)
    area = (bottom - top + 1) * (right - left + 1)
    if len(held) == area:
        return True
    corners = {labels[r][c] for r in (top, bottom) for c in (left, right)}
    inside = label if corners == {label} and len(held) * 4 > area * 3 else -1
    for r, c in product(range(top, bottom + 1), range(left, right + 1)) if inside == label else held:
        labels[r][c] = inside
    return corners == {label}


def _is_open(row: int, column: int, down: list[list[bool]], across: list[list[bool]]) -> bool:
    """Whether a field on the rim has no line between it and the margin."""
    return (
        (column == 0 and not down[0][row])
        or (column == len(down) - 2 and not down[-1][row])
        or (row == 0 and not across[0][column])
        or (row == len(across) - 2 and not across[-1][column])
    )


def _flood(
    start: tuple[int, int], label: int, labels: list[list[int]], down: list[list[bool]], across: list[list[bool]]
) -> list[tuple[int, int]]:
    """All fields reached from ``start`` without crossing a line, now labelled."""
    if labels[start[0]][start[1]] != -2:
        return []
    labels[start[0]][start[1]] = label
    held, waiting = [start], deque([start])
    while waiting:
        row, column = waiting.popleft()
        for r, c, wall in (
            (row, column - 1, down[column][row]),
            (row, column + 1, down[column + 1][row]),
            (row - 1, column, across[row][column]),
            (row + 1, column, across[row + 1][column]),
        ):
            if not wall and 0 <= r < len(labels) and 0 <= c < len(labels[0]) and labels[r][c] == -2:
                labels[r][c] = label
                held.append((r, c))
                waiting.append((r, c))
    return held


def _groups(labels: list[list[int]]) -> list[dict[int, list[tuple[int, int]]]]:
    """Cells that touch one another, as label -> fields, a dictionary a table, from the top of the page down."""
    seen: set[tuple[int, int]] = set()
    groups = []
    for row in range(len(labels)):
        for column in range(len(labels[0])):
            if labels[row][column] < 0 or (row, column) in seen:
                continue
            group: dict[int, list[tuple[int, int]]] = {}
            waiting = deque([(row, column)])
            seen.add((row, column))
            while waiting:
                r, c = waiting.popleft()
                group.setdefault(labels[r][c], []).append((r, c))
                for near in ((r + 1, c), (r - 1, c), (r, c + 1), (r, c - 1)):
                    inside = 0 <= near[0] < len(labels) and 0 <= near[1] < len(labels[0])
                    if inside and near not in seen and labels[near[0]][near[1]] >= 0:
                        seen.add(near)
                        waiting.append(near)
            groups.append(group)
    return groups


def _ruled(group: dict[int, list[tuple[int, int]]], xs: Sequence[float], ys: Sequence[float]) -> Ruled | None:
    if len(group) < 2:
        return None
    boxes = {
        label: (min(r for r, _ in held), min(c for _, c in held), max(r for r, _ in held), max(c for _, c in held))
        for label, held in group.items()
    }
    tops, lefts = (sorted({box[n] for box in boxes.values()}) for n in (0, 1))
    cells = tuple(
        (
            tops.index(top),
            lefts.index(left),
            bisect_right(tops, bottom) - tops.index(top),
            bisect_right(lefts, right) - lefts.index(left),
            label,
        )
        for label, (top, left, bottom, right) in sorted(boxes.items(), key=lambda item: item[1][:2])
    )
    bottom, right = max(b[2] for b in boxes.values()), max(b[3] for b in boxes.values())
    box = (xs[lefts[0]], ys[tops[0]], xs[right + 1], ys[bottom + 1])
    return Ruled(box, cells, len(tops), tuple(round(xs[left], 1) for left in lefts))
