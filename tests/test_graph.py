import networkx as nx
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import governance as gov
from governance import graph
from governance.errors import GovernanceError, TableError

ITEMS = pd.DataFrame(
    {
        "item": ["J1", "P1", "S1"],
        "township": "甲镇",
        "list_kind": ["basic", "assisting", "reclaimed"],
        "name": ["河道巡查", "非法采砂查处", "资质审查"],
        "department": ["县水利局", "县水利局、县公安局", "县教育局"],
        "support": ["", "funds", ""],
        "since": pd.Timestamp("2025-07-01"),
    }
)


def _ledger(**columns: object) -> pd.DataFrame:
    base = {
        "task": ["t1", "t2"],
        "department": "县水利局",
        "township": "甲镇",
        "verdict": ["own", "inverted"],
        "shifted": [False, True],
        "hours": [3.0, 5.0],
        "date": pd.Timestamp("2025-08-01"),
        "handed_to": [None, "甲村"],
    }
    return pd.DataFrame(base | columns)


def _edges(G: nx.MultiDiGraph, layer: str) -> set[tuple[str, str, str]]:
    return {(u, v, d.get("relation", k)) for u, v, k, d in G.edges(keys=True, data=True) if d["layer"] == layer}


def test_duty_layer_says_what_the_lists_say():
    assert _edges(graph.build(ITEMS, _ledger()), "duty") == {
        ("甲镇", "item:J1", "leads"),
        ("县水利局", "item:J1", "guides"),
        ("甲镇", "item:P1", "assists"),
        ("县水利局", "item:P1", "leads"),
        ("县公安局", "item:P1", "leads"),
        ("县水利局", "甲镇", "supports"),
        ("县教育局", "item:S1", "reclaims"),
    }


def test_one_number_for_different_items_is_not_one_node():
    other = ITEMS.iloc[[2]].assign(item="J1", township="乙乡", name="不动产登记")
    G = graph.build(pd.concat([ITEMS, other]), _ledger())
    assert ("县教育局", "item:J1@乙乡", "reclaims") in _edges(G, "duty")
    assert ("甲镇", "item:J1@甲镇", "leads") in _edges(G, "duty")
    assert G.nodes["item:J1@乙乡"]["name"] == "不动产登记"


def test_delegation_stays_apart_for_offices_of_the_same_name():
    ledger = _ledger(township=["甲镇", "乙乡"], handed_to="党政办公室")
    assert _edges(graph.build(ITEMS, ledger), "delegation") == {
        ("甲镇", "甲镇·党政办公室", "t1"),
        ("乙乡", "乙乡·党政办公室", "t2"),
    }


def test_no_edge_overwrites_another():
    county = gov.examples.county()
    ledger = gov.shifting.judge(gov.matching.match(county.tasks, county.items), county.items, retrospective=True)
    G = graph.build(county.items, ledger)
    layers = pd.Series([d["layer"] for *_, d in G.edges(data=True)]).value_counts()
    assert layers["dispatch"] == len(county.tasks)
    assert layers["delegation"] == county.tasks.handed_to.notna().sum()
    listed, promised = county.items, county.items.support.fillna("") != ""
    assert layers["duty"] == (listed.list_kind != "reclaimed").sum() + len(listed) + promised.sum()


def test_shifted_is_the_dispatch_layer_less_what_the_lists_justify():
    G = graph.build(ITEMS, _ledger())
    part = graph.shifted(G)
    assert {(u, v, k) for u, v, k in part.edges(keys=True)} == {("县水利局", "甲镇", "t2"), ("甲镇", "甲镇·甲村", "t2")}
    assert isinstance(part, nx.MultiDiGraph)
    part.remove_node("甲镇")
    assert "甲镇" in G


def test_shifted_hours_equal_the_ledgers():
    county = gov.examples.county()
    ledger = gov.shifting.judge(gov.matching.match(county.tasks, county.items), county.items)
    part = graph.shifted(graph.build(county.items, ledger))
    hours = sum(d["hours"] for *_, d in part.edges(data=True) if d["layer"] == "dispatch")
    assert hours == pytest.approx(ledger.hours[ledger.shifted].sum())
    flows = gov.shifting.flows(ledger).groupby(["department", "township"]).tasks.sum()
    counted = pd.Series([(u, v) for u, v, d in part.edges(data=True) if d["layer"] == "dispatch"]).value_counts()
    assert flows.to_dict() == counted.to_dict()


NAMES = st.text(st.characters(codec="utf-8", categories=["L", "N", "P"]), min_size=1, max_size=6)


@pytest.mark.parametrize("ending", ["graphml", "json"])
@given(names=st.lists(NAMES, min_size=2, max_size=2, unique=True), hours=st.floats(0, 1e6), shifted=st.booleans())
def test_a_graph_comes_back_as_it_was_written(tmp_path_factory, ending, names, hours, shifted):
    G = nx.MultiDiGraph()
    G.add_node(names[0], kind="department")
    for key in ("t1", "t2"):
        G.add_edge(*names, key, layer="dispatch", hours=hours, shifted=shifted, count=3)
    back = graph.read(graph.write(G, tmp_path_factory.mktemp("图") / f"图.{ending}"))
    assert isinstance(back, nx.MultiDiGraph)
    assert dict(back.nodes(data=True)) == dict(G.nodes(data=True))
    assert sorted(back.edges(keys=True, data=True), key=str) == sorted(G.edges(keys=True, data=True), key=str)


def test_the_example_graph_comes_back_whole(tmp_path):
    county = gov.examples.county()
    G = graph.build(county.items, gov.shifting.judge(gov.matching.match(county.tasks, county.items), county.items))
    for name in ("图.graphml", "图.json"):
        back = graph.read(graph.write(G, tmp_path / name))
        assert nx.utils.graphs_equal(back, G)
    assert graph.write(G, tmp_path / "再.json").read_bytes() == (tmp_path / "图.json").read_bytes()


def test_what_cannot_be_read_or_written_is_said_in_one_line(tmp_path):
    with pytest.raises(GovernanceError, match=r"请用 .graphml 或 .json"):
        graph.write(nx.MultiDiGraph(), tmp_path / "图.png")
    for name in ("坏.json", "坏.graphml"):
        (tmp_path / name).write_text("{", "utf-8")
        with pytest.raises(GovernanceError, match="不是有效的"):
            graph.read(tmp_path / name)
    with pytest.raises(TableError, match="判定结果缺少列:verdict"):
        graph.build(ITEMS, _ledger().drop(columns="verdict"))
