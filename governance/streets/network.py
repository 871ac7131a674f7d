"""Ways to the streets everybody walks on: no loops, the shortest of parallels, one order; and in how many pieces."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from ..errors import require
from ..tables import Streets
from .account import BARRIER, LOOP, PARALLEL, TWIN
from .projecting import degrees as in_degrees
from .projecting import spoken

WHY = ("", PARALLEL, LOOP, TWIN, BARRIER)
NODES = {"node": "str", "x": "float64", "y": "float64", "height": "float64"}
EDGES = {"edge": "str", "source": "str", "target": "str", "length_m": "float64", "kind": "str", "name": "str"}
COMPONENTS = {
    "component": "int64",
    "name": "str",
    "nodes": "int64",
    "edges": "int64",
    "length_km": "float64",
    "share": "float64",
    "x": "float64",
    "y": "float64",
    "x_min": "float64",
    "y_min": "float64",
    "x_max": "float64",
    "y_max": "float64",
}


Texts = np.ndarray | pd.api.extensions.ExtensionArray  # objects, None where blank, or pandas' own ``text``


class Ways(NamedTuple):
    """Streets as a file gives them: nodes in their final order, ``ends`` their places among these.

    nodes : ids. xy : metres (NaN where unknown). length : metres, None to measure all, NaN to measure one. edge : ids,
    None to number them. lines : the course in metres from the first end to the second, None where straight.
    item : which row of the file each came from. height : metres of the nodes. slope : of the edges, without a sign.
    """

    nodes: np.ndarray
    xy: np.ndarray
    ends: np.ndarray
    length: np.ndarray | None
    kind: Texts
    name: Texts
    edge: np.ndarray | None
    lines: np.ndarray | None
    item: np.ndarray
    height: np.ndarray | None = None
    slope: np.ndarray | None = None


def objects(values: list[Any]) -> np.ndarray:
    """A list as an array of objects, whatever they are.

    >>> objects([None, "甲"]).tolist()
    [None, '甲']
    """
    out = np.empty(len(values), object)
    out[:] = values
    return out


def empty() -> Streets:
    """Streets without a single node.

    >>> empty().edges.columns.tolist()
    ['edge', 'source', 'target', 'length_m', 'kind', 'name']
    """
    nodes, edges = (
        pd.DataFrame({c: text([]) if t == "str" else np.zeros(0) for c, t in d.items()}) for d in (NODES, EDGES)
    )
    return Streets(nodes, edges)


def measured(ways: Ways) -> np.ndarray:
    """Lengths in metres: as given, else along the course, else straight from end to end.

    >>> ways = Ways(np.array(["a", "b"]), np.array([[0.0, 0], [3, 4]]), np.array([[0, 1]]), None, *[np.array([None])] * 2,
    ...             None, None, np.array([0]))
    >>> measured(ways).tolist()
    [5.0]
    """
    (x, y), (a, b) = ways.xy.T, ways.ends.T
    length = np.hypot(x[a] - x[b], y[a] - y[b])
    if ways.lines is not None:
        import shapely

        bent = np.array([g is not None for g in ways.lines], bool)
        length[bent] = shapely.length(ways.lines[bent])
    return length if ways.length is None else np.where(np.isnan(ways.length), length, ways.length)


class Choice(NamedTuple):
    """Rows of ``Ways`` that stay, in order of their ends; of every row why it goes (a place in WHY), and its length in metres."""

    stay: np.ndarray
    reasons: np.ndarray
    length: np.ndarray


def chosen(ways: Ways, barred: np.ndarray | None = None) -> Choice:
    """Which streets stay: none ``barred``, no loops, and of streets between the same two nodes the shortest.

    Among equals name, kind, course and id decide, so that the order of the file does not tell.
    """
    low, high = np.minimum(*ways.ends.T), np.maximum(*ways.ends.T)
    length = measured(ways)
    pair = low * (len(ways.nodes) + 1) + high
    order = np.argsort(pair, kind="stable")
    reasons = np.zeros(len(pair), np.int64)
    if barred is not None:
        reasons[barred] = WHY.index(BARRIER)
        order = order[~barred[order]]
    same = pair[order][1:] == pair[order][:-1]
    if same.any():
        some = order[np.r_[same, False] | np.r_[False, same]]
        ranks = [_ranked(ways, some, key) for key in ("edge", "lines", "kind", "name")]
        some = some[np.lexsort((length[some], *ranks, np.round(length[some], 6), pair[some]))]
        later = np.r_[False, pair[some][1:] == pair[some][:-1]]
        stays = some[np.maximum.accumulate(np.where(later, 0, np.arange(len(some))))]
        back = (ways.ends[some] == ways.ends[stays][:, ::-1]).all(1) & (length[some] - length[stays] < 1e-3)
        reasons[some[later]] = np.where(back, WHY.index(TWIN), WHY.index(PARALLEL))[later]
        order = order[reasons[order] == 0]
    loop = low == high
    reasons[loop & (reasons == 0)] = WHY.index(LOOP)
    return Choice(order[~loop[order]], reasons, length)


def _ranked(ways: Ways, some: np.ndarray, key: str) -> np.ndarray:
    """Ranks of the rows ``some`` by one column's content."""
    values = getattr(ways, key)
    if values is None:
        return np.zeros(len(some), np.int64)
    if key == "lines":
        texts = ["" if g is None else min(g.wkb_hex, g.reverse().wkb_hex) for g in values[some]]
    else:
        texts = ["" if v is None or v != v else str(v) for v in values[some]]
    return np.unique(np.array(texts, dtype=object), return_inverse=True)[1]


def settled(ways: Ways, choice: Choice, reasons: np.ndarray) -> np.ndarray:
    """``reasons`` of the file's rows, those none of whose streets stay now with the reason of the first that goes."""
    out = reasons.copy()
    kept = np.zeros(len(reasons), bool)
    kept[ways.item[choice.stay]] = True
    gone = np.flatnonzero(~kept[ways.item])[::-1]
    fresh = gone[reasons[ways.item[gone]] == ""]
    out[ways.item[fresh]] = np.array(WHY, object)[choice.reasons[fresh]]
    return out


def streets(ways: Ways, choice: Choice, crs: str) -> Streets:
    """The walking network: one edge a pair of nodes, from the node that comes first, both frames in order of the nodes.

    Nodes at which nothing but a loop hangs stay, as islands.
    """
    stay = choice.stay
    ends = ways.ends[stay]
    turned = ends[:, 0] > ends[:, 1]
    height = np.full(len(ways.nodes), np.nan) if ways.height is None else ways.height
    ids = text(ways.nodes)
    nodes = pd.DataFrame({"node": ids, "x": ways.xy[:, 0], "y": ways.xy[:, 1], "height": height})
    edge = np.arange(1, len(stay) + 1).astype(str).astype(object) if ways.edge is None else ways.edge[stay]
    frame = {
        "edge": text(edge),
        "source": ids[np.minimum(*ends.T)],
        "target": ids[np.maximum(*ends.T)],
        "length_m": choice.length[stay].astype(float),
        "kind": text(ways.kind[stay]),
        "name": text(ways.name[stay]),
    }
    edges = pd.DataFrame(frame, copy=False)  # every column is new
    if ways.lines is not None and any(g is not None for g in ways.lines[stay]):
        course = [g.reverse() if g is not None and t else g for g, t in zip(ways.lines[stay], turned, strict=True)]
        edges["geometry"] = pd.Series(objects(course), dtype=object)
    if ways.slope is not None and not np.isnan(ways.slope[stay]).all():
        edges["slope"] = ways.slope[stay]
    return Streets(nodes, edges, crs)


def text(values: Any) -> pd.api.extensions.ExtensionArray:
    """Values as pandas keeps text, NaN where blank; what is taken from it need not be looked at again.

    >>> text([None, "甲"])[[1, 1, 0]].tolist()
    ['甲', '甲', nan]
    """
    return pd.array(values, dtype="str", copy=False)


def pieces(streets: Streets) -> np.ndarray:
    """The component of every node, 1 the largest (by nodes, then length, then the first node).

    >>> nodes = pd.DataFrame({"node": list("abcd")})
    >>> edges = pd.DataFrame({"edge": ["1"], "source": ["b"], "target": ["d"], "length_m": [9.0]})
    >>> pieces(Streets(nodes, edges)).tolist()
    [2, 1, 3, 1]
    """
    require(streets.nodes, ["node"], "路网节点表")
    require(streets.edges, ["source", "target", "length_m"], "路段表")
    n = len(streets.nodes)
    if not n:
        return np.zeros(0, np.int64)
    at = pd.Index(streets.nodes["node"].to_numpy(object))
    ends = np.stack([at.get_indexer(streets.edges[c].to_numpy(object)) for c in ("source", "target")])
    known = (ends >= 0).all(0)
    return labelled(n, ends[:, known].T, streets.edges["length_m"].to_numpy(float)[known])


def labelled(n: int, ends: np.ndarray, length: np.ndarray) -> np.ndarray:
    """The component of each of ``n`` nodes by the places of the ends of edges, 1 the largest, as ``pieces``.

    >>> labelled(3, np.array([[1, 2]]), np.array([5.0])).tolist()
    [2, 1, 1]
    """
    graph = coo_array((np.ones(len(ends), np.int8), ends.T), shape=(n, n))
    count, label = connected_components(graph, directed=False)
    size = np.bincount(label, minlength=count)
    total = np.bincount(label[ends[:, 0]], length, minlength=count)
    first = np.empty(count, np.int64)
    first[label[::-1]] = np.arange(n)[::-1]
    rank = np.empty(count, np.int64)
    rank[np.lexsort((first, -np.round(total, 6), -size))] = np.arange(1, count + 1)
    return rank[label]


def components(streets: Streets) -> pd.DataFrame:
    """The pieces of the network that hang together, the largest first: islands are kept and named, not dropped.

    Columns: component (1 = largest by nodes), name (the two street names with the most length, else where it lies),
    nodes, edges, length_km, share (of all nodes, 0 to 1), x and y (the middle of its nodes, metres), x_min, y_min,
    x_max, y_max. Places need columns x and y and are NaN without; names need a column name.
    Raises TableError where a column needed is missing. It does not show why a piece is cut off: a river, a gate, a
    clipped extract and a drawing error look alike.

    >>> nodes = pd.DataFrame({"node": list("abcd"), "x": [0.0, 1, 2, 9], "y": 0.0})
    >>> edges = pd.DataFrame({"edge": ["1", "2"], "source": ["a", "b"], "target": ["b", "c"], "length_m": 1000.0,
    ...                       "name": ["人民路", "人民路"]})
    >>> components(Streets(nodes, edges))[["component", "name", "nodes", "edges", "length_km", "share"]]
       component             name  nodes  edges  length_km  share
    0          1      人民路一带      3      2        2.0   0.75
    1          2  坐标(9, 0)附近      1      0        0.0   0.25
    """
    piece = pieces(streets)
    nodes, edges = streets.nodes, streets.edges
    of = pd.Series(piece, index=nodes["node"].to_numpy(object), dtype="int64")
    mine = of.reindex(edges["source"].to_numpy(object)).to_numpy(float)
    count = int(piece.max()) if len(piece) else 0
    size = np.bincount(piece, minlength=count + 1)[1:]
    known = ~np.isnan(mine)
    number = mine[known].astype(np.int64)
    out: dict[str, Any] = {"component": np.arange(1, count + 1), "name": None, "nodes": size}
    out["edges"] = np.bincount(number, minlength=count + 1)[1:]
    length = edges["length_m"].to_numpy(float)
    out["length_km"] = np.bincount(number, length[known], minlength=count + 1)[1:] / 1000
    out["share"] = size / max(len(piece), 1)
    plane = pd.DataFrame({c: nodes[c].to_numpy(float) if c in nodes else np.nan for c in "xy"}, index=nodes.index)
    held = plane.groupby(piece)
    places = {"x": held["x"].mean(), "y": held["y"].mean()}
    places |= {f"{c}_{m}": getattr(held[c], m)() for m in ("min", "max") for c in "xy"}
    frame = pd.DataFrame({**out, **{c: s.to_numpy(float) for c, s in places.items()}}, columns=list(COMPONENTS))
    frame["name"] = _names(streets, frame, mine)
    return frame.astype(COMPONENTS)


def _names(streets: Streets, frame: pd.DataFrame, mine: np.ndarray) -> list[str]:
    """A name for every component, each only once."""
    said: dict[int, list[str]] = {}
    if "name" in streets.edges:
        rows = pd.DataFrame({"piece": mine, "name": streets.edges["name"].to_numpy(object)})
        rows = rows.assign(length=streets.edges["length_m"].to_numpy(float)).dropna()
        sums = rows.groupby(["piece", "name"])["length"].sum().round(6).reset_index()
        for piece, name in sums.sort_values(["piece", "length", "name"], ascending=[True, False, True])[
            ["piece", "name"]
        ].itertuples(index=False, name=None):
            if len(said.setdefault(int(piece), [])) < 2:
                said[int(piece)].append(str(name))
    degrees = _degrees(streets.crs, frame[["x", "y"]].to_numpy(float))
    names: list[str] = []
    seen: dict[str, int] = {}
    middle = frame[["x", "y"]].to_numpy(float)
    for at, component in enumerate(frame["component"].tolist()):
        x, y = middle[at]
        place = f"坐标({x:.0f}, {y:.0f})附近" if np.isfinite(x) else "没有坐标的一片"
        if degrees is not None and np.isfinite(x):
            place = f"{spoken(degrees[at, 0], degrees[at, 1], 4)} 附近"
        text = "、".join(said.get(component, [])) + "一带" if component in said else place
        seen[text] = seen.get(text, 0) + 1
        names.append(text if seen[text] == 1 else f"{text}({seen[text]})")
    return names


def _degrees(crs: str, xy: np.ndarray) -> np.ndarray | None:
    """Longitude and latitude of points on the plane; None where nobody knows what the plane is."""
    if not crs or not len(xy) or np.isnan(xy).all():
        return None
    return in_degrees(xy, crs)
