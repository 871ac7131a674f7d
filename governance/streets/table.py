"""Edge tables (csv, xlsx, xls, ods; with or without coordinates, with or without a table of nodes) to ways."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ..tables.cells import lexicon
from ..tables.checks import parsed, sentence
from ..tables.edges import kilometres, unnamed
from ..tables.fields import Field, field
from ..tables.headers import listed, squeeze
from ..tables.sheets import Column, Refused, Skipped, cells, load
from .account import Fault, Log, tally
from .columns import EDGE, EDGES, NODE, NODES, Found, found_in, records, spare
from .given import Given
from .given import ways as formed
from .lines import TAGS
from .network import Ways, objects
from .walkable import Rule, why

SLOPE = replace(field("nodes", "height"), unit="")
DEGREES = "EPSG:4326"
DEGREE = 100_000.0  # metres, near enough to tell metres from kilometres
BAD = "格子有错"


def ways(path: Path, crs: str | None, log: Log, rule: Rule, layer: str | None) -> tuple[Ways, str] | None:
    """The rows of the table of edges as ways, and the system of their coordinates ("" without).

    layer : the sheet, or in a folder the file, with the edges where several could be it.
    """
    edges, nodes = _sheets(path, layer, log)
    if edges is None:
        return None
    edges, nodes = records(edges, "edges", log), nodes and records(nodes, "nodes", log)
    reasons = np.full(len(edges.rows), "", object)
    if "source" not in edges.columns:
        nodes = None  # the ends are known by their coordinates alone
    places, degrees = _node_places(nodes, log) if nodes else (None, False)
    both, in_degrees = _both(edges, log) if places is None else (None, False)
    ends = _ends(edges, both, reasons, log)
    if both is not None:
        places, degrees = _edge_places(edges, ends, both, reasons, log), in_degrees
    elif places is not None:
        _strangers(edges, ends, places, reasons, log)
    unused = spare(edges, log)
    if places is None and "length" not in edges.columns:
        remedy = "给出长度(列名如 长度(米)、长度(公里)),或两端的坐标,或另附节点表"
        log.faults.append(
            Fault("length_missing", "表头", unused, "没有长度列,两端也没有坐标", remedy, None, edges.title)
        )
        return None
    tags = _tags(edges)
    reasons[:] = [said or why(t, rule) for said, t in zip(reasons, tags, strict=True)]
    given = Given(
        source=ends["source"],
        target=ends["target"],
        places=places,
        length=_lengths(edges, reasons, log),
        tags=tags,
        labels=[f"{s}→{t}" for s, t in zip(ends["source"], ends["target"], strict=True)],
        rows=(edges.rows + 1).tolist(),
        edge=_edge_ids(edges, reasons, log),
        heights=_heights(nodes, log) if nodes else None,
        slope=_slopes(edges, log) if "slope" in edges.columns else None,
        sheet=edges.title,
    )
    if places is not None:
        _kilometres(edges, given, log, DEGREE if degrees else 1.0)
    if places is not None and degrees and crs is None:
        crs = DEGREES
        log.notes.append(f"经度、纬度按 {DEGREES}(WGS84)读入")
    found = formed(given, reasons, crs, log)
    if nodes and places is not None:
        used = {n for names in ends.values() for n in names if n in places}
        rows = ["" if n in used else "不在任何路段上,或格子有错" for n in _texts(nodes, "node")]
        tally(log, "nodes", objects(rows), sheet=nodes.title)
    if found is None and not log.faults:
        size = f"{len(reasons)} 行"
        log.faults.append(Fault("no_ways", "", size, "没有一条可用的路段", "核对表中内容", None, edges.title))
    return found


def _sheets(path: Path, layer: str | None, log: Log) -> tuple[Found | None, Found | None]:
    """The table of edges and the table of nodes among all sheets; None, and a fault, where it is not clear."""
    edges: list[Found] = []
    nodes: list[Found] = []
    for one in load(path):
        if isinstance(one, Refused):
            text, remedy = sentence(one.code, {"detail": one.detail})
            log.faults.append(Fault(one.code, "", one.file, text, remedy))
        elif not isinstance(one, Skipped):
            if found := found_in(one, EDGE, EDGES, folder=path.is_dir()):
                edges.append(found)
            elif found := found_in(one, NODE, NODES, folder=path.is_dir()):
                nodes.append(found)
    if layer is not None:
        edges = [e for e in edges if layer in (e.sheet.sheet, e.sheet.file, Path(e.sheet.file).stem)]
    if len(edges) == 1:
        return edges[0], nodes[0] if nodes else None
    if log.faults:
        return None, None
    names = "、".join(e.title or e.sheet.file for e in edges)
    if edges:
        remedy = f'写明是哪一张,如 layer="{edges[0].sheet.sheet or edges[0].sheet.file}"'
        log.faults.append(Fault("table_many", "", names, "有不止一张路段表", remedy))
    else:
        remedy = "表头要有:起点、终点、长度(米)(或 source、target、length);坐标另列 x1、y1、x2、y2,或另附节点表"
        log.faults.append(Fault("table_missing", "表头", layer or "(无)", "找不到路段表", remedy))
    return None, None


def _texts(found: Found, meaning: str) -> list[str]:
    """The cells of one column as ids: no blanks, 1.0 as 1."""
    return [
        v or ""
        for v in _parsed(found, meaning, field("nodes", "node"))[0].astype(object).where(lambda s: s.notna(), "")
    ]


def _parsed(found: Found, meaning: str, kind: Field) -> tuple[Any, dict[int, tuple[str, dict[str, str]]]]:
    """A column's values row by row, and the faults by row of the body."""
    column = found.sheet.columns[found.columns[meaning]]
    values, faults = parsed(column.texts, kind, found.scales.get(meaning))
    codes = column.codes[found.rows]
    wrong = {i: faults[c] for i, c in enumerate(codes.tolist()) if c in faults} if faults else {}
    spots = {r for r, c in found.sheet.faults if c == found.columns[meaning]}
    wrong |= {i: ("formula_error", {}) for i, r in enumerate(found.rows.tolist()) if r in spots}
    return values.take(codes).reset_index(drop=True), wrong


def _cell(found: Found, meaning: str, i: int) -> str:
    column = found.sheet.columns[found.columns[meaning]]
    return column.texts[column.codes[found.rows[i]]]


def _heading(found: Found, meaning: str) -> str:
    return cells(found.sheet, found.header)[found.columns[meaning]]


def _wrong(found: Found, meaning: str, i: int, said: tuple[str, str], log: Log, code: str = "cell") -> None:
    where = _heading(found, meaning)
    log.faults.append(Fault(code, where, _cell(found, meaning, i), *said, int(found.rows[i]) + 1, found.title))


def _ids(edges: Found, meaning: str, reasons: np.ndarray, log: Log) -> list[str]:
    texts = _texts(edges, meaning)
    for i, text in enumerate(texts):
        if not text:
            _wrong(
                edges,
                meaning,
                i,
                sentence("required", {"label": _heading(edges, meaning), "hint": ""}),
                log,
                "required",
            )
            reasons[i] = BAD
    return texts


def _numbers(found: Found, meaning: str, kind: Field, log: Log, *, needed: bool) -> np.ndarray:
    """One column's numbers, NaN where the cell is faulty (then named) or blank (named where ``needed``)."""
    values, wrong = _parsed(found, meaning, kind)
    out = values.to_numpy(float, copy=True)
    for i, (code, words) in sorted(wrong.items()):
        out[i] = np.nan
        _wrong(found, meaning, i, sentence(code, words), log, code)
    if needed:
        words = {"label": _heading(found, meaning), "hint": ""}
        for i in np.flatnonzero(np.isnan(out)).tolist():
            if i not in wrong:
                _wrong(found, meaning, i, sentence("required", words), log, "required")
    return out


def _lengths(edges: Found, reasons: np.ndarray, log: Log) -> np.ndarray:
    """Metres of every row; NaN in all rows where no column has them, so that they are measured."""
    if "length" not in edges.columns:
        return np.full(len(edges.rows), np.nan)
    length = _numbers(edges, "length", field("edges", "length_m"), log, needed=True)
    log.notes.extend([f"“{_heading(edges, 'length')}”已换算为米"] * ("length" in edges.scales))
    reasons[np.isnan(length) & (reasons == "")] = BAD
    return length


def _slopes(edges: Found, log: Log) -> np.ndarray:
    """The slope of every row, 0.05 for 5 in 100: per cent where cell or header says so, else a fault above 1."""
    at, said = edges.columns["slope"], edges.scales.get("slope")
    column = edges.sheet.columns[at]
    texts = [_ratio(text, said.factor if said else 1.0) for text in column.texts]
    sheet = replace(
        edges.sheet, columns=(*edges.sheet.columns[:at], Column(column.codes, texts), *edges.sheet.columns[at + 1 :])
    )
    slope = _numbers(edges._replace(sheet=sheet), "slope", SLOPE, log, needed=False)
    plain = np.array([a == b for a, b in zip(texts, column.texts, strict=True)], bool)[column.codes[edges.rows]]
    steep = np.flatnonzero(plain & (said is None) & (np.abs(slope) > 1))
    if len(steep):
        slope[steep] = np.nan
        fault = f"坡度大于 1({listed(edges.rows[steep] + 1)})"
        remedy = "坡度应为升高与水平长度之比,如 0.05;若为百分数,表头写 坡度(%)"
        _wrong(edges, "slope", int(steep[0]), (fault, remedy), log, "slope_percent")
    return slope


def _ratio(text: str, factor: float) -> str:
    """A text like 5% as the number that, times ``factor``, is 0.05; any other as it is."""
    found = re.fullmatch(r"\s*([+-]?\d+(?:\.\d+)?)\s*[%％]\s*", text)
    return repr(float(found[1]) / 100 / factor) if found else text


def _kilometres(edges: Found, given: Given, log: Log, unit: float) -> None:
    """The fault of lengths that are plainly kilometres in a column of metres, by the coordinates (of ``unit`` metres)."""
    nowhere = (np.nan, np.nan)
    ends = [np.array([(given.places or {}).get(n, nowhere) for n in names]) for names in (given.source, given.target)]
    if (
        "length" in edges.columns
        and "length" not in edges.scales
        and (medians := kilometres(given.length, unit * np.hypot(*(ends[0] - ends[1]).T)))
    ):
        said = sentence("length_km", {"said": f"{medians[0]:g}", "there": f"{medians[1]:,.0f}"})
        log.faults.append(Fault("length_km", _heading(edges, "length"), f"{medians[0]:g}", *said, None, edges.title))


def _both(edges: Found, log: Log) -> tuple[list[list[list[float]]] | None, bool]:
    """The coordinates of both ends of every row by columns of the same table, and whether in degrees; None without."""
    degrees = EDGES[1] <= edges.columns.keys()
    if not degrees and not EDGES[2] <= edges.columns.keys():
        return None, False
    axes = ("lon", "lat") if degrees else ("x", "y")
    return [_pairs(edges, (f"{axes[0]}{n}", f"{axes[1]}{n}"), log).tolist() for n in (1, 2)], degrees


def _ends(edges: Found, both: list[list[list[float]]] | None, reasons: np.ndarray, log: Log) -> dict[str, list[str]]:
    """The nodes of every row by name, or by their coordinates where no column names them."""
    if "source" in edges.columns or both is None:
        return {k: _ids(edges, k, reasons, log) for k in ("source", "target")}
    degrees = "lon1" in edges.columns
    names = [[unnamed(x, y, degrees=degrees) for x, y in end] for end in both]
    return dict(zip(("source", "target"), names, strict=True))


def _edge_ids(edges: Found, reasons: np.ndarray, log: Log) -> list[str | None] | None:
    if "edge" not in edges.columns:
        return None
    ids: list[str | None] = [t or None for t in _texts(edges, "edge")]
    seen: dict[str, int] = {}
    for i, one in enumerate(ids):
        if one is not None and seen.setdefault(one, i) != i:
            said = f"路段编号与第 {edges.rows[seen[one]] + 1} 行重复", "改为各不相同的编号,或删去重复的一行"
            _wrong(edges, "edge", i, said, log, "duplicate")
            reasons[i] = BAD
    return ids


def _tags(edges: Found) -> list[dict[str, str]]:
    tags: list[dict[str, str]] = [{} for _ in edges.rows]
    kinds = lexicon(field("edges", "kind"))
    for tag in TAGS.keys() & edges.columns.keys():
        column = edges.sheet.columns[edges.columns[tag]]
        texts = [t.strip() for t in column.texts]
        texts = [kinds.get(squeeze(t).casefold(), t) for t in texts] if tag == "kind" else texts
        for i, code in enumerate(column.codes[edges.rows].tolist()):
            if texts[code]:
                tags[i][tag] = texts[code]
    return tags


def _pairs(found: Found, meanings: tuple[str, str], log: Log) -> np.ndarray:
    return np.stack([_numbers(found, m, field("nodes", "x"), log, needed=True) for m in meanings], -1)


def _node_places(nodes: Found, log: Log) -> tuple[dict[str, tuple[float, float]], bool]:
    """Where the nodes of a table of nodes are, and whether that is in degrees."""
    degrees = {"lon", "lat"} <= nodes.columns.keys()
    xy = _pairs(nodes, ("lon", "lat") if degrees else ("x", "y"), log)
    places: dict[str, tuple[float, float]] = {}
    for i, node in enumerate(_texts(nodes, "node")):
        if node in places:
            _wrong(nodes, "node", i, (f"节点 {node} 不止一行", "每个节点只留一行"), log, "duplicate")
        elif node and np.isfinite(xy[i]).all():
            places[node] = (float(xy[i, 0]), float(xy[i, 1]))
    return places, degrees


def _heights(nodes: Found, log: Log) -> dict[str, float]:
    if "height" not in nodes.columns:
        return {}
    height = _numbers(nodes, "height", field("nodes", "height"), log, needed=False).tolist()
    return dict(zip(_texts(nodes, "node"), height, strict=True))


def _edge_places(
    edges: Found, ends: dict[str, list[str]], both: list[list[list[float]]], reasons: np.ndarray, log: Log
) -> dict[str, tuple[float, float]]:
    """Where the ends of the edges are by their coordinates ``both``."""
    degrees = EDGES[1] <= edges.columns.keys()
    columns = ("lon1", "lon2") if degrees else ("x1", "x2")
    places: dict[str, tuple[float, float]] = {}
    for i in range(len(edges.rows)):
        for x, xy, nodes in zip(columns, both, ends.values(), strict=True):
            node, place = nodes[i], xy[i]
            if not np.isfinite(place).all():
                reasons[i] = reasons[i] or BAD
                continue
            known = places.setdefault(node, (place[0], place[1]))
            room = 1e-6 if degrees or max(map(abs, place)) <= 180 else 0.05
            if max(abs(known[0] - place[0]), abs(known[1] - place[1])) > room:
                said = f"节点 {node} 的坐标与前面的行({known[0]:.10g}, {known[1]:.10g})不同", "同一节点写同一坐标"
                _wrong(edges, x, i, said, log, "node_moved")
                reasons[i] = BAD
    return places


def _strangers(
    edges: Found, ends: dict[str, list[str]], places: dict[str, tuple[float, float]], reasons: np.ndarray, log: Log
) -> None:
    """Ends that the table of nodes does not hold are faults."""
    for end, nodes in ends.items():
        for i, node in enumerate(nodes):
            if node and node not in places:
                _wrong(
                    edges,
                    end,
                    i,
                    (f"节点表里没有 {node},或它的坐标有错", "在节点表补上这个节点,或改正编号"),
                    log,
                    "node_missing",
                )
                reasons[i] = BAD
