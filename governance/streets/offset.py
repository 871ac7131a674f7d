"""Points put on streets: the nearest point on an edge, the edge cut there, and a path from there to the door."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from ..errors import TableError, require
from ..tables import Streets
from ..walking import decimetres

if TYPE_CHECKING:
    from shapely import STRtree

SPUR = "支·"  # edges that only lead to one door: never snapped to
_END = 1  # decimetres from an end of the edge within which that end is the foot


class Ground(NamedTuple):
    """What can be snapped to: a line for each edge, and search trees over streets, bridges and ferries."""

    lines: np.ndarray
    ids: np.ndarray
    trees: dict[str, tuple[STRtree, np.ndarray]]


def ground(streets: Streets) -> Ground:
    """The lines of ``streets`` and a search tree for each kind of way; edges with no coordinates are left out."""
    import shapely

    edges, nodes = streets.edges, streets.nodes
    require(nodes, ["node", "x", "y"], "路网节点表")
    require(edges, ["edge", "source", "target", "length_m"], "路网路段表")
    for frame, key, what in ((nodes, "node", "节点"), (edges, "edge", "路段")):
        twice = frame.loc[frame[key].duplicated(), key].unique()
        if len(twice):
            raise TableError(f"路网{what}编号重复:{'、'.join(map(str, twice[:8]))};每个{what}须有自己的编号")
    index = pd.Index(nodes["node"].astype("str"))
    ends = np.stack([index.get_indexer(pd.Index(edges[c].astype("str"))) for c in ("source", "target")], axis=1)
    lost = edges["edge"].astype(str)[ends.min(axis=1) < 0].tolist() if len(edges) else []
    if lost:
        raise TableError(f"这些路段的起点或终点不在节点表中:{'、'.join(lost[:8])}(共 {len(lost)} 条)")
    at = nodes[["x", "y"]].to_numpy(float)[ends]
    lines = shapely.linestrings(np.nan_to_num(at).reshape(-1, 2, 2))
    if "geometry" in edges:
        bent = edges["geometry"].notna().to_numpy()
        lines[bent] = edges["geometry"].to_numpy(object)[bent]
    ids = edges["edge"].astype("str").to_numpy(object)
    kind = edges["kind"].fillna("road").to_numpy(object) if "kind" in edges else np.full(len(edges), "road", object)
    usable = np.isfinite(at).all(axis=(1, 2)) & ~np.array([i.startswith(SPUR) for i in ids], bool)
    layers = {
        "street": usable & ~np.isin(kind, ["bridge", "ferry"]),
        "bridge": usable & (kind == "bridge"),
        "ferry": usable & (kind == "ferry"),
    }
    trees = {name: (shapely.STRtree(lines[mask]), np.flatnonzero(mask)) for name, mask in layers.items()}
    return Ground(lines, ids, trees)


def near(land: Ground, xy: np.ndarray, layer: str, within: float | None = None) -> tuple[np.ndarray, np.ndarray]:
    """The nearest edge of ``layer`` (its position, -1 where none) and the metres to it (inf where none).

    xy : metres, one row a point. within : metres beyond which nothing counts, compared in whole decimetres. Of edges
    equally near the smaller id counts, so that no order of rows or edges decides.
    """
    import shapely

    tree, back = land.trees[layer]
    edge, metres = np.full(len(xy), -1), np.full(len(xy), np.inf)
    if not len(back) or not len(xy):
        return edge, metres
    far = None if within is None else within + 1.0
    (point, hit), gap = tree.query_nearest(shapely.points(xy), max_distance=far, return_distance=True)
    if within is not None:
        inside = decimetres(pd.Series(gap)) <= decimetres(pd.Series([within]))[0]
        point, hit, gap = point[inside], hit[inside], gap[inside]
    found = pd.DataFrame({"point": point, "id": land.ids[back[hit]], "edge": back[hit], "gap": gap})
    found = found.sort_values(["point", "id"]).drop_duplicates("point")
    edge[found["point"]], metres[found["point"]] = found["edge"], found["gap"]
    return edge, metres


def nearest(land: Ground, xy: np.ndarray, within: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The edge each point is put on (-1 where none within), metres to the nearest of all, and to the nearest ferry.

    Streets go before bridges: the door of a house is on a bank, so a bridge counts only where nothing else is near.
    Nobody lives on a ferry: those are never snapped to.
    """
    edge, metres = near(land, xy, "street", within)
    rest = np.flatnonzero(edge < 0)
    edge[rest], metres[rest] = near(land, xy[rest], "bridge", within)
    lost, ferry = np.flatnonzero(edge < 0), np.full(len(xy), np.inf)
    metres[lost] = np.minimum(near(land, xy[lost], "street")[1], near(land, xy[lost], "bridge")[1])
    ferry[lost] = near(land, xy[lost], "ferry", within)[1]
    return edge, metres, ferry


def feet(streets: Streets, land: Ground, edge: np.ndarray, xy: np.ndarray) -> pd.DataFrame:
    """The foot of each point on its edge: edge (position), at (whole decimetres from the source), end, x, y, metres.

    end : ``source`` or ``target`` where the foot is at that end or within a decimetre of it, else "". metres : from
    the point to the foot.
    """
    import shapely

    lines, whole = land.lines[edge], decimetres(streets.edges["length_m"].iloc[edge])
    points = shapely.points(xy)
    size = shapely.length(lines)
    along = shapely.line_locate_point(lines, points)
    part = np.clip(np.divide(along, size, out=np.zeros(len(size)), where=size > 0), 0, 1)
    at = np.floor(part * whole + 0.5).astype(np.int64)
    end = np.where((at > _END) & (at < whole - _END), "", np.where(part <= 0.5, "source", "target")).astype(object)
    inner = np.divide(at, whole, out=np.zeros(len(at)), where=whole > 0)
    place = shapely.get_coordinates(shapely.line_interpolate_point(lines, inner, normalized=True)).reshape(-1, 2)
    nodes = streets.nodes.set_index(streets.nodes["node"].astype("str"))[["x", "y"]]
    for which in ("source", "target"):
        mine = end == which
        place[mine] = nodes.loc[streets.edges[which].iloc[edge[mine]].astype("str")].to_numpy(float)
    straight = shapely.distance(lines, points)
    metres = np.where(end == "", straight, np.hypot(*(xy - place).T))
    return pd.DataFrame({"edge": edge, "at": at, "end": end, "x": place[:, 0], "y": place[:, 1], "metres": metres})


def unused(wanted: list[str], taken: Any) -> list[str]:
    """``wanted`` names, each lengthened by ·2, ·3 … where it is taken or comes again."""
    held = set(np.asarray(taken, object).tolist())
    out = []
    for name in wanted:
        own, k = name, 1
        while own in held:
            own, k = f"{name}·{k + 1}", k + 1
        held.add(own)
        out.append(own)
    return out


def filled(frame: pd.DataFrame, known: dict[str, Any]) -> pd.DataFrame:
    """New rows with the columns and dtypes of ``frame``: ``known`` values, else False, 0 or missing."""
    size = len(next(iter(known.values())))
    columns: dict[str, Any] = {}
    for column, dtype in zip(map(str, frame.columns), frame.dtypes, strict=True):
        if column in known:
            columns[column] = pd.Series(known[column]).astype(dtype if column != "geometry" else object)
        elif isinstance(dtype, np.dtype) and dtype.kind in "biu":
            columns[column] = pd.Series(np.zeros(size, dtype))
        else:
            columns[column] = pd.Series([None] * size, dtype=dtype)
    return pd.DataFrame(columns, columns=frame.columns)


def cut(streets: Streets, land: Ground, found: pd.DataFrame) -> tuple[Streets, pd.Series]:
    """Streets with every edge cut at its feet, and the node each foot has become.

    found : what ``feet`` gives. A cut edge ``E`` becomes ``E·1``, ``E·2`` … in its place, from its source on; the feet
    on it are the nodes ``足·E·1`` …; all other columns go to the pieces as they are. The pieces' lengths add up to the
    edge's in whole decimetres.
    """
    node = pd.Series("", index=found.index, dtype="str")
    for which in ("source", "target"):
        mine = found["end"] == which
        node[mine] = streets.edges[which].astype("str").iloc[found.loc[mine, "edge"]].to_numpy()
    inner = found[found["end"] == ""]
    cuts = inner.drop_duplicates(["edge", "at"]).sort_values(["edge", "at"], ignore_index=True)
    if cuts.empty:
        return streets, node
    cuts["place"] = cuts.groupby("edge").cumcount() + 1
    names = [f"足·{land.ids[e]}·{k}" for e, k in zip(cuts["edge"], cuts["place"], strict=True)]
    cuts["node"] = unused(names, streets.nodes["node"])
    named = cuts.set_index(["edge", "at"])["node"]
    node[inner.index] = named.loc[pd.MultiIndex.from_frame(inner[["edge", "at"]])].to_numpy()
    nodes = pd.concat([streets.nodes, _new_nodes(streets, cuts)], ignore_index=True)
    return Streets(nodes, _pieces(streets.edges, land, cuts), streets.crs), node


def _new_nodes(streets: Streets, cuts: pd.DataFrame) -> pd.DataFrame:
    """Rows of the node table for ``cuts``; a height lies between those of the two ends."""
    known = {"node": cuts["node"], "x": cuts["x"], "y": cuts["y"]}
    if "height" in streets.nodes:
        up = streets.nodes.set_index(streets.nodes["node"].astype("str"))["height"]
        a, b = (up.loc[streets.edges[c].astype("str").iloc[cuts["edge"]]].to_numpy(float) for c in ("source", "target"))
        whole = decimetres(streets.edges["length_m"].iloc[cuts["edge"]])
        known["height"] = a + (b - a) * cuts["at"].to_numpy() / whole
    return filled(streets.nodes, known)


def _pieces(edges: pd.DataFrame, land: Ground, cuts: pd.DataFrame) -> pd.DataFrame:
    """The edge table with each cut edge replaced by its pieces."""
    count = np.ones(len(edges), np.int64)
    np.add.at(count, cuts["edge"].to_numpy(), 1)
    of = np.repeat(np.arange(len(edges)), count)
    out = edges.iloc[of].reset_index(drop=True)
    split = np.flatnonzero(count[of] > 1)
    begin = np.cumsum(count) - count  # first piece of each edge
    step = split - begin[of[split]]
    last = step == count[of[split]] - 1
    first = step == 0
    node, at = cuts["node"].to_numpy(object), cuts["at"].to_numpy()
    source, target = (out[c].astype("str").to_numpy(object) for c in ("source", "target"))
    low, high = np.zeros(len(split), np.int64), decimetres(edges["length_m"].iloc[of[split]]).astype(np.int64)
    whole = high.copy()
    source[split[~first]], target[split[~last]] = node, node
    low[~first], high[~last] = at, at
    out["source"], out["target"] = pd.Series(source, dtype="str"), pd.Series(target, dtype="str")
    held = edges["edge"].to_numpy(object)[count == 1]
    names = unused([f"{land.ids[e]}·{k + 1}" for e, k in zip(of[split], step, strict=True)], held)
    return _measured(out, split, names, (low, high, whole), land.lines[of[split]])


def _measured(
    out: pd.DataFrame, split: np.ndarray, names: list[str], reach: tuple[np.ndarray, ...], lines: np.ndarray
) -> pd.DataFrame:
    """``out`` with the ids, lengths and lines of the pieces in the rows ``split``."""
    low, high, whole = reach
    ids = out["edge"].astype("str").to_numpy(object)
    ids[split] = names
    out["edge"] = pd.Series(ids, dtype="str")
    length = out["length_m"].to_numpy(float).copy()
    length[split] = (high - low) / 10
    out["length_m"] = length
    if "plan_m" in out:
        plan = out["plan_m"].to_numpy(float).copy()
        plan[split] *= (high - low) / whole
        out["plan_m"] = plan
    if "geometry" in out:
        shape = out["geometry"].to_numpy(object).copy()
        for row, line, a, b, all_ in zip(split, lines, low, high, whole, strict=True):
            if shape[row] is not None and not _is_missing(shape[row]):
                shape[row] = _bent(line, a / all_, b / all_)
        out["geometry"] = pd.Series(shape, dtype=object)
    return out


def _is_missing(value: Any) -> bool:
    return isinstance(value, float)


def _bent(line: Any, low: float, high: float) -> Any:
    """The part of ``line`` between two shares of its length; None where that is straight between its ends."""
    from shapely.ops import substring

    piece = substring(line, low, high, normalized=True)
    return piece if len(piece.coords) > 2 else None
