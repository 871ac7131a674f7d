"""Edge tables (csv, xlsx, xls, ods; with or without coordinates, with or without a table of nodes) to ways."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..tables.cells import lexicon, parse
from ..tables.checks import sentence
from ..tables.fields import Field, field
from ..tables.headers import squeeze
from ..tables.sheets import Refused, Sheet, Skipped, cells, load
from .account import Fault, Log, tally
from .given import Given
from .given import ways as formed
from .lines import TAGS
from .network import Ways, objects
from .walkable import Rule, why

EDGE = {
    "edge": ("edge", "edge_id", "路段编号", "路段", "路段号", "编号", "id", "fid", "osmid"),
    "source": ("source", "from", "u", "start", "from_node", "from_id", "起点", "起点节点", "起始节点", "起点编号", "起点id"),
    "target": ("target", "to", "v", "end", "to_node", "to_id", "终点", "终点节点", "终止节点", "终点编号", "终点id"),
    "length": ("length_m", "length", "长度(米)", "长度(m)", "长度", "路段长度", "路段长度(米)", "距离", "距离(米)", "distance", "dist"),
    "length_km": ("length_km", "长度(公里)", "长度(千米)", "长度(km)", "距离(公里)", "距离(千米)"),
    "slope": ("slope", "坡度", "grade", "grade_abs"),
    "x1": ("x1", "from_x", "x_from", "起点x", "起点横坐标", "起点x坐标"),
    "y1": ("y1", "from_y", "y_from", "起点y", "起点纵坐标", "起点y坐标"),
    "x2": ("x2", "to_x", "x_to", "终点x", "终点横坐标", "终点x坐标"),
    "y2": ("y2", "to_y", "y_to", "终点y", "终点纵坐标", "终点y坐标"),
    "lon1": ("lon1", "lng1", "from_lon", "起点经度"),
    "lat1": ("lat1", "from_lat", "起点纬度"),
    "lon2": ("lon2", "lng2", "to_lon", "终点经度"),
    "lat2": ("lat2", "to_lat", "终点纬度"),
}  # fmt: skip
NODE = {
    "node": ("node", "node_id", "节点编号", "节点", "节点号", "编号", "id", "osmid"),
    "x": ("x", "横坐标(米)", "横坐标", "x坐标", "x(米)"),
    "y": ("y", "纵坐标(米)", "纵坐标", "y坐标", "y(米)"),
    "lon": ("lon", "lng", "longitude", "经度"),
    "lat": ("lat", "latitude", "纬度"),
    "height": ("height", "高程", "高程(米)", "海拔", "海拔(米)", "elevation"),
}
SLOPE = replace(field("nodes", "height"), unit="")
DEPTH = 30  # rows searched for the header
DEGREES = "EPSG:4326"
BAD = "格子有错"


class Found(NamedTuple):
    """One sheet that is a table of edges or of nodes: the column of each meaning, its rows, from 0."""

    sheet: Sheet
    columns: dict[str, int]
    rows: np.ndarray
    header: int
    title: str


def ways(path: Path, crs: str | None, log: Log, rule: Rule, layer: str | None) -> tuple[Ways, str] | None:
    """The rows of the table of edges as ways, and the system of their coordinates ("" without).

    layer : the sheet, or in a folder the file, with the edges where several could be it.
    """
    edges, nodes = _sheets(path, layer, log)
    if edges is None:
        return None
    reasons = np.full(len(edges.rows), "", object)
    places, degrees = _node_places(nodes, log) if nodes else (None, False)
    ends = {k: _ids(edges, k, reasons, log) for k in ("source", "target")}
    if places is None:
        places, degrees = _edge_places(edges, ends, reasons, log)
    else:
        _strangers(edges, ends, places, reasons, log)
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
        slope=_numbers(edges, "slope", SLOPE, log, needed=False) if "slope" in edges.columns else None,
        sheet=edges.title,
    )
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
            if found := _found(one, EDGE, ("source", "target"), folder=path.is_dir()):
                edges.append(found)
            elif (found := _found(one, NODE, ("node",), folder=path.is_dir())) and ({"x", "y"} <= found.columns.keys() or {"lon", "lat"} <= found.columns.keys()):  # fmt: skip
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


def _found(sheet: Sheet, names: dict[str, tuple[str, ...]], needed: tuple[str, ...], *, folder: bool) -> Found | None:
    """The sheet as a table of that meaning, named by its file where it is one of a folder; None where it is none."""
    for row in range(min(DEPTH, sheet.height)):
        texts = [squeeze(t).casefold() for t in cells(sheet, row)]
        columns: dict[str, int] = {}
        for meaning, words in {**names, **(TAGS if names is EDGE else {})}.items():
            at = next((texts.index(w) for w in words if w in texts and texts.index(w) not in columns.values()), None)
            if at is not None:
                columns[meaning] = at
        if set(needed) <= columns.keys():
            body = np.arange(row + 1, sheet.height)
            filled = np.zeros(len(body), bool)
            for at in columns.values():
                blank = np.array([not t.strip() for t in sheet.columns[at].texts], bool)
                filled |= ~blank[sheet.columns[at].codes[body]]
            title = "›".join(t for t in (sheet.file if folder else "", sheet.sheet) if t)
            return Found(sheet, columns, body[filled], row, title)
    return None


def _texts(found: Found, meaning: str) -> list[str]:
    """The cells of one column as ids: no blanks, 1.0 as 1."""
    return [
        v or ""
        for v in _parsed(found, meaning, field("nodes", "node"))[0].astype(object).where(lambda s: s.notna(), "")
    ]


def _parsed(found: Found, meaning: str, kind: Field) -> tuple[Any, dict[int, tuple[str, dict[str, str]]]]:
    """A column's values row by row, and the faults by row of the body."""
    column = found.sheet.columns[found.columns[meaning]]
    values, faults = parse(column.texts, kind)
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
    for meaning, scale in (("length", 1), ("length_km", 1000)):
        if meaning in edges.columns:
            length = _numbers(edges, meaning, field("edges", "length_m"), log, needed=True) * scale
            reasons[np.isnan(length) & (reasons == "")] = BAD
            return length
    return np.full(len(edges.rows), np.nan)


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
    edges: Found, ends: dict[str, list[str]], reasons: np.ndarray, log: Log
) -> tuple[dict[str, tuple[float, float]] | None, bool]:
    """Where the ends of the edges are by columns of the same table; None where it has none."""
    degrees = {"lon1", "lat1", "lon2", "lat2"} <= edges.columns.keys()
    if not degrees and not {"x1", "y1", "x2", "y2"} <= edges.columns.keys():
        return None, False
    columns = [(f"lon{n}", f"lat{n}") if degrees else (f"x{n}", f"y{n}") for n in (1, 2)]
    both = [_pairs(edges, pair, log).tolist() for pair in columns]
    places: dict[str, tuple[float, float]] = {}
    for i in range(len(edges.rows)):
        for (x, _), xy, nodes in zip(columns, both, ends.values(), strict=True):
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
    return places, degrees


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
