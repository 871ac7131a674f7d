"""The responsibility graph: what the lists say, what came down, and who hands it on below."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import networkx as nx
import pandas as pd

from .errors import GovernanceError, TableError, require
from .files import replaced

Edge = tuple[str, str, str, dict[str, Any]]
RELATIONS = {"basic": "leads", "assisting": "assists"}  # township -> item
DEPARTMENTS = {"basic": "guides", "assisting": "leads", "reclaimed": "reclaims"}  # department -> item


def _plain(value: Any) -> Any:
    """A value that GraphML and JSON can hold; None where there is none."""
    if value is None or value is pd.NaT or value is pd.NA or value != value:
        return None
    if isinstance(value, pd.Timestamp):
        return value.date().isoformat()
    return value.item() if hasattr(value, "item") else value


def _records(frame: pd.DataFrame, columns: list[str]) -> Iterator[dict[str, Any]]:
    present = [c for c in columns if c in frame.columns]
    for row in zip(*(frame[c].astype(object) for c in present), strict=True):
        yield {c: plain for c, value in zip(present, row, strict=True) if (plain := _plain(value)) is not None}


def _nodes(items: pd.DataFrame) -> pd.Series:
    """The node of each list row: one an item, but one a township where townships use a number for different items."""
    own = items["item"].map(items.groupby("item")["name"].nunique()) > 1
    return "item:" + items["item"] + ("@" + items["township"]).where(own, "")


def _duties(items: pd.DataFrame) -> Iterator[Edge]:
    """Who leads, assists, guides, takes back and supports, one edge a list row and party."""
    for row in _records(items, ["node", "item", "township", "list_kind", "department", "support", "since", "until"]):
        record = f"{row['item']}@{row['township']}#{row.get('since', '')}"
        node, kind = row["node"], row["list_kind"]
        dated: dict[str, Any] = {"layer": "duty", "item": row["item"]}
        dated |= {k: row[k] for k in ("since", "until") if k in row}
        if kind in RELATIONS:
            yield row["township"], node, record, {**dated, "relation": RELATIONS[kind]}
        for department in str(row.get("department", "")).split("、"):
            if department:
                yield (
                    department,
                    node,
                    f"{record}:{DEPARTMENTS[kind]}",
                    {**dated, "relation": DEPARTMENTS[kind], "township": row["township"]},
                )
        if row.get("support") and row.get("department"):
            lead = str(row["department"]).split("、")[0]
            yield (
                lead,
                row["township"],
                f"{record}:supports",
                {**dated, "relation": "supports", "support": row["support"]},
            )


def _dispatches(ledger: pd.DataFrame) -> Iterator[Edge]:
    """What came down, and what the township handed on, one edge a task."""
    columns = [
        "task",
        "department",
        "township",
        "handed_to",
        "date",
        "hours",
        "item",
        "verdict",
        "shifted",
        "retrospective",
        "role",
        "channel",
        "in_name_of",
    ]
    for row in _records(ledger, columns):
        task, above, here = row.pop("task"), row.pop("department"), row.pop("township")
        below = row.pop("handed_to", None)
        yield above, here, task, {"layer": "dispatch", **row}
        if below is not None:
            yield here, f"{here}·{below}", task, {"layer": "delegation", **row}


def build(items: pd.DataFrame, ledger: pd.DataFrame) -> nx.MultiDiGraph:
    """The county's responsibility graph, made on demand from the lists and the judged ledger.

    Nodes: departments and townships by name (attribute kind ``department``, ``township``), items as
    ``item:<id>`` (``item:<id>@<township>`` where townships give one number to different items; kind ``item``, name,
    category), offices and villages handed a task as ``<township>·<name>``
    (kind ``below``). Every edge is keyed by its record, so that none overwrites another, and has a ``layer``:

    - ``duty``: relation leads | assists | guides | reclaims | supports, since, until (what the lists say);
    - ``dispatch``: department to township, key = task id, with date, hours, item, verdict, shifted (what came down);
    - ``delegation``: township to office or village, key = task id (who was handed it below).

    items : item, township, list_kind, name; department, support, since, until, category where present.
    ledger : what ``shifting.judge`` returns. Raises TableError naming the columns missing.
    What it does not show: how a department got the task itself, and hours spent below the township.

    >>> items = pd.DataFrame({"item": ["S1"], "township": "甲镇", "list_kind": "reclaimed", "name": "资质审查",
    ...                       "department": "县教育局", "since": pd.Timestamp("2025-07-01")})
    >>> ledger = pd.DataFrame({"task": ["t1"], "department": "县教育局", "township": "甲镇", "shifted": True,
    ...                        "verdict": "reclaimed", "hours": 8.0, "handed_to": "甲村"})
    >>> sorted((u, v, d["layer"]) for u, v, d in build(items, ledger).edges(data=True))
    [('县教育局', 'item:S1', 'duty'), ('县教育局', '甲镇', 'dispatch'), ('甲镇', '甲镇·甲村', 'delegation')]
    """
    require(items, ["item", "township", "list_kind", "name"], "履职事项清单")
    require(ledger, ["task", "department", "township", "verdict", "shifted"], "判定结果")
    if items["list_kind"].isna().any():
        raise TableError(f"履职事项清单有 {int(items['list_kind'].isna().sum())} 行没有清单类别")
    graph: nx.MultiDiGraph = nx.MultiDiGraph()
    items = items.assign(node=_nodes(items))
    for row in _records(items.drop_duplicates("node"), ["node", "name", "category"]):
        graph.add_node(row.pop("node"), kind="item", **row)
    graph.add_edges_from(_duties(items))
    graph.add_edges_from(_dispatches(ledger))
    townships = set(items["township"]) | set(ledger["township"])
    for node, data in graph.nodes(data=True):
        if "kind" not in data:
            data["kind"] = "township" if node in townships else "below" if "·" in node else "department"
    return graph


def shifted(graph: nx.MultiDiGraph) -> nx.MultiDiGraph:
    """The dispatch layer minus what the duty layer justifies: again a graph.

    Keeps the dispatch edges whose verdict is a shift and the delegation edges of those same tasks
    (层层转嫁), with their keys and attributes, and only the nodes they touch. A new graph;
    the given one is not changed.

    >>> G = nx.MultiDiGraph()
    >>> _ = G.add_edge("县教育局", "甲镇", "t1", layer="dispatch", shifted=True)
    >>> _ = G.add_edge("县教育局", "甲镇", "t2", layer="dispatch", shifted=False)
    >>> list(shifted(G).edges(keys=True))
    [('县教育局', '甲镇', 't1')]
    """
    kept = [
        (u, v, k)
        for u, v, k, d in graph.edges(keys=True, data=True)
        if d.get("layer") in ("dispatch", "delegation") and d.get("shifted")
    ]
    return graph.edge_subgraph(kept).copy()


def write(graph: nx.MultiDiGraph, path: str | os.PathLike[str]) -> Path:
    """The path written: GraphML for ``.graphml``, node-link JSON for ``.json``; whole or not at all.

    Keys, attributes and their types come back unchanged through ``read``.
    Raises GovernanceError for another ending.

    >>> import tempfile, pathlib
    >>> G = nx.MultiDiGraph()
    >>> _ = G.add_edge("县教育局", "甲镇", "t1", hours=8.0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     list(read(write(G, pathlib.Path(folder, "图.json"))).edges(keys=True, data=True))
    [('县教育局', '甲镇', 't1', {'hours': 8.0})]
    """
    target = Path(path)
    if target.suffix == ".graphml":
        data = "\n".join(nx.generate_graphml(graph, named_key_ids=True)) + "\n"
    elif target.suffix == ".json":
        data = json.dumps(nx.node_link_data(graph, edges="edges"), ensure_ascii=False, indent=1) + "\n"
    else:
        raise GovernanceError(f"不能把责任关系图写成 {target.name}:请用 .graphml 或 .json 结尾")
    return replaced(target, lambda part: part.write_text(data, "utf-8"))


def read(path: str | os.PathLike[str]) -> nx.MultiDiGraph:
    """The graph in a ``.graphml`` or ``.json`` file written by ``write``, as an ``nx.MultiDiGraph``.

    Raises GovernanceError when the file is missing or is neither.

    >>> read("没有.json")
    Traceback (most recent call last):
    governance.errors.GovernanceError: 读不出责任关系图 没有.json:文件不存在
    """
    source = Path(path)
    if not source.is_file():
        raise GovernanceError(f"读不出责任关系图 {source.name}:文件不存在")
    try:
        if source.suffix == ".graphml":
            graph = nx.MultiDiGraph(nx.read_graphml(source, edge_key_type=str, force_multigraph=True))
            for added in ("node_default", "edge_default"):
                graph.graph.pop(added, None)
            return graph
        return nx.MultiDiGraph(nx.node_link_graph(json.loads(source.read_text("utf-8")), edges="edges"))
    except (ValueError, KeyError, TypeError, AttributeError, SyntaxError, nx.NetworkXError) as fault:
        raise GovernanceError(f"读不出责任关系图 {source.name}:不是有效的 GraphML 或 node-link JSON({fault})") from None
