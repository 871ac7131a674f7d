"""Places put on streets: the nearest point of an edge, exact lengths, coordinates of Chinese maps, faults by name."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from governance.cli import arguments
from governance.errors import TableError
from governance.streets.offset import ground, near
from governance.streets.place import place, snap
from governance.streets.points import number, projected
from governance.streets.shift import from_wgs84, suspicions, to_wgs84
from governance.tables import County, Streets, check, frame
from governance.walking import decimetres

shapely = pytest.importorskip("shapely")
pyproj = pytest.importorskip("pyproj")

NETWORKS = Path(os.environ.get("GOVERNANCE_NETWORKS") or Path(__file__).resolve().parents[2] / "shared" / "networks")
CRS = "EPSG:32651"
EAST, NORTH = 400000.0, 3300000.0  # a corner of the made-up towns, in the mountains of Zhejiang
AGES = ["age_0_2", "age_3_6", "age_7_14", "age_15_59", "age_60_79", "age_80_up"]


def streets(nodes: dict[str, tuple[float, float]], edges: list[tuple], crs: str = "", **columns: list) -> Streets:
    """A small network: node -> (x, y); edges (id, source, target, length)."""
    n = pd.DataFrame({"node": list(nodes), "x": [p[0] for p in nodes.values()], "y": [p[1] for p in nodes.values()]})
    e = pd.DataFrame(edges, columns=["edge", "source", "target", "length_m"]).astype({"length_m": float})
    return Streets(n.astype({"x": float, "y": float}), e.assign(**columns), crs)


def graph(town: Streets) -> nx.MultiGraph:
    """The network in whole decimetres, read by networkx."""
    g = nx.MultiGraph()
    g.add_nodes_from(town.nodes["node"])
    steps = decimetres(town.edges["length_m"])
    for s, t, d in zip(town.edges["source"], town.edges["target"], steps, strict=True):
        g.add_edge(s, t, weight=int(d))
    return g


def walk(town: Streets, a: str, b: str) -> float:
    return nx.shortest_path_length(graph(town), a, b, weight="weight") / 10


def at(points: dict[str, tuple[float, float]]) -> pd.DataFrame:
    return pd.DataFrame(
        {"id": list(points), "x": [p[0] for p in points.values()], "y": [p[1] for p in points.values()]}
    )


def degrees(x: np.ndarray, y: np.ndarray, crs: str = CRS) -> tuple[np.ndarray, np.ndarray]:
    return pyproj.Transformer.from_crs(crs, 4326, always_xy=True).transform(np.asarray(x), np.asarray(y))


def cells(table: pd.DataFrame, *columns: str) -> list[list]:
    return table[list(columns)].to_numpy(object).tolist()


def parted(town: Streets) -> dict[str, list]:
    return {e: [s, t, m] for e, s, t, m in town.edges[["edge", "source", "target", "length_m"]].itertuples(index=False)}


# --- pencil


#              S1 (30, 12)
#               |12
#   a ---30---- foot ------70------ b
LINE = streets({"a": (0, 0), "b": (100, 0)}, [("E1", "a", "b", 100)])


def test_a_point_beside_a_street_is_put_at_its_foot_and_the_edge_is_cut_there() -> None:
    done = snap(LINE, at({"S1": (30, 12)}))
    assert parted(done.streets) == {
        "E1·1": ["a", "足·E1·1", 30.0],
        "E1·2": ["足·E1·1", "b", 70.0],
        "支·S1": ["足·E1·1", "点·S1", 12.0],
    }
    assert done.points["node"].tolist() == ["点·S1"]
    assert cells(done.placed, "id", "node", "offset_m", "edge", "how") == [["S1", "点·S1", 12.0, "E1", "snapped"]]
    assert walk(done.streets, "a", "点·S1") == 42.0
    assert done.lost.empty


def test_it_is_the_nearest_point_on_an_edge_not_the_nearest_node() -> None:
    #  c (50, 20)  a node of another street, 20 m from the shop; the edge a-b passes at 5 m, its ends 50 m away
    town = streets(
        {"a": (0, 0), "b": (100, 0), "c": (50, 25), "d": (50, 90)}, [("E1", "a", "b", 100), ("E2", "c", "d", 65)]
    )
    done = snap(town, at({"S1": (50, 5)}))
    assert done.placed["edge"].tolist() == ["E1"]
    assert walk(done.streets, "a", "点·S1") == 55.0


def test_several_feet_cut_an_edge_in_their_order_and_two_points_share_one_foot() -> None:
    #        N (60, 10)   Q (20, 4)
    #   a --20-- . --40-- . --40-- b
    #        S (60, -7)
    done = snap(LINE, at({"N": (60, 10), "Q": (20, 4), "S": (60, -7)}))
    assert parted(done.streets) == {
        "E1·1": ["a", "足·E1·1", 20.0],
        "E1·2": ["足·E1·1", "足·E1·2", 40.0],
        "E1·3": ["足·E1·2", "b", 40.0],
        "支·N": ["足·E1·2", "点·N", 10.0],
        "支·Q": ["足·E1·1", "点·Q", 4.0],
        "支·S": ["足·E1·2", "点·S", 7.0],
    }
    assert walk(done.streets, "点·N", "点·S") == 17.0
    assert walk(done.streets, "点·Q", "点·S") == 51.0


def test_the_step_to_an_end_that_is_taken_for_the_foot_is_counted() -> None:
    assert snap(LINE, at({"S1": (0.14, 0)})).placed["offset_m"].tolist() == [0.1]


@pytest.mark.parametrize("x", [-30.0, 0.0, 0.1, 0.14])
def test_a_foot_at_an_end_or_within_a_decimetre_is_that_end(x: float) -> None:
    done = snap(LINE, at({"S1": (x, 8)}))
    assert done.streets.edges["edge"].tolist() == ["E1", "支·S1"]
    assert done.streets.edges["source"].tolist() == ["a", "a"]
    assert done.placed["offset_m"].tolist() == [round(float(np.hypot(x, 8)), 1)]


def test_a_foot_two_decimetres_from_the_end_cuts() -> None:
    assert snap(LINE, at({"S1": (99.8, 8)})).streets.edges["length_m"].tolist() == [99.8, 0.2, 8.0]


def test_a_point_on_the_street_is_its_own_foot_and_a_point_on_a_node_is_that_node() -> None:
    done = snap(LINE, at({"S1": (30, 0.02), "S2": (0, 0)}))
    assert done.points["node"].tolist() == ["足·E1·1", "a"]
    assert done.placed["offset_m"].tolist() == [0.0, 0.0]
    assert done.streets.edges["edge"].tolist() == ["E1·1", "E1·2"]


def test_a_bent_edge_is_cut_along_its_bend_with_its_own_length() -> None:
    #   a (0,0) --100-- (100,0)      drawn 200 m, but 220 m are walked (a slope, say)
    #                      |100
    #                   b (100,-100)        S1 stands 10 m east of the middle of the second leg
    bend = shapely.LineString([(0, 0), (100, 0), (100, -100)])
    town = streets(
        {"a": (0, 0), "b": (100, -100), "c": (0, 50)},
        [("E1", "a", "b", 220), ("E2", "a", "c", 50)],
        geometry=[bend, None],
    )
    done = snap(town, at({"S1": (110, -50)}))
    edges = done.streets.edges.set_index("edge")
    assert edges.loc["E1·1", "length_m"] == 165.0
    assert edges.loc["E1·2", "length_m"] == 55.0
    assert edges.loc["E1·1", "geometry"].equals(shapely.LineString([(0, 0), (100, 0), (100, -50)]))
    assert edges.loc["E1·2", "geometry"] is None, "straight from foot to end"
    foot = done.streets.nodes.set_index("node").loc["足·E1·1", ["x", "y"]]
    assert foot.tolist() == [100.0, -50.0]


def test_columns_and_heights_go_to_the_pieces_and_dtypes_stay() -> None:
    town = streets(
        {"a": (0, 0), "b": (100, 0)}, [("E1", "a", "b", 100)], name=["人民路"], slope=[0.1], lit=[True], way=[7]
    )
    town = Streets(town.nodes.assign(height=[10.0, 20.0]), town.edges, "")
    done = snap(town, at({"S1": (30, 12)})).streets
    assert done.edges["name"].tolist()[:2] == ["人民路", "人民路"]
    assert done.edges["slope"].tolist()[:2] == [0.1, 0.1]
    assert done.edges["name"].isna().tolist() == [False, False, True]
    assert done.edges.dtypes.equals(town.edges.dtypes)
    assert done.nodes.dtypes.equals(town.nodes.dtypes)
    assert done.nodes.set_index("node")["height"].to_dict() == {"a": 10.0, "b": 20.0, "足·E1·1": 13.0, "点·S1": 13.0}


def test_the_plan_length_is_cut_as_the_walked_length_is() -> None:
    town = streets({"a": (0, 0), "b": (100, 0)}, [("E1", "a", "b", 150)], plan_m=[100.0])
    assert snap(town, at({"S1": (30, 12)})).streets.edges["plan_m"].tolist() == [30.0, 70.0, 12.0]


def test_loops_and_edges_without_length_are_cut_too() -> None:
    loop = shapely.LineString([(0, 0), (50, 0), (50, 50), (0, 50), (0, 0)])
    town = streets({"a": (0, 0), "b": (0, 0)}, [("L", "a", "a", 200), ("Z", "a", "b", 0)], geometry=[loop, None])
    done = snap(town, at({"S1": (55, 25), "S2": (-3, -4)}))
    assert walk(done.streets, "a", "点·S1") == 80.0
    assert walk(done.streets, "b", "点·S2") == 5.0


def test_ids_that_are_taken_are_lengthened() -> None:
    town = streets({"点·S1": (0, 0), "足·E1·1": (100, 0)}, [("E1", "点·S1", "足·E1·1", 100)])
    done = snap(town, pd.concat([at({"S1": (30, 12)}), at({"S1": (70, 12)})]))
    assert done.points["node"].tolist() == ["点·S1·2", "点·S1·3"]
    assert done.streets.nodes["node"].is_unique
    assert done.streets.edges["edge"].is_unique


def test_snapping_again_never_puts_a_house_on_the_path_to_another() -> None:
    once = snap(LINE, at({"S1": (30, 40)})).streets
    again = snap(once, at({"S2": (31, 30)}))
    assert again.placed["edge"].tolist() == ["E1·2"]
    assert walk(again.streets, "点·S1", "点·S2") == 71.0


# --- what one can walk to a door from


def test_no_door_opens_on_a_ferry_and_on_a_bridge_only_where_nothing_else_is_near() -> None:
    #   a ===ferry=== b --100-- c ==bridge== d
    town = streets(
        {"a": (0, 0), "b": (1000, 0), "c": (1100, 0), "d": (1700, 0)},
        [("F", "a", "b", 1000), ("E", "b", "c", 100), ("B", "c", "d", 600)],
        kind=["ferry", "road", "bridge"],
    )
    done = snap(town, at({"boat": (500, 5), "shore": (1150, 1), "span": (1400, 5)}))
    assert cells(done.placed, "id", "edge") == [["shore", "E"], ["span", "B"]]
    assert cells(done.lost, "id", "metres") == [["boat", pytest.approx(500.0, abs=0.1)]]
    assert "渡口" in done.lost["fault"].iloc[0]
    assert [n for n in done.notes if "只有桥" in n and "span" in n]


def test_exactly_the_limit_is_inside_and_beyond_it_the_row_is_reported_with_the_distance() -> None:
    done = snap(LINE, at({"S1": (50, 200), "S2": (50, 200.06), "S3": (50, 350), "S4": (50, 9000)}))
    assert done.placed["id"].tolist() == ["S1"]
    assert cells(done.lost, "id", "row") == [["S2", 2], ["S3", 3], ["S4", 4]]
    assert done.lost["metres"].tolist() == pytest.approx([200.06, 350, 9000])
    assert "350.0 米,超过 200 米的上限" in done.lost["fault"].iloc[1]
    assert "不在路网范围内" in done.lost["fault"].iloc[2]
    assert snap(LINE, at({"S3": (50, 350)}), within=350).lost.empty


# --- properties


@st.composite
def towns(draw: st.DrawFn) -> tuple[Streets, pd.DataFrame]:
    """A random network, bent edges and loops and parallel ones included, and points among its streets."""
    count = draw(st.integers(2, 7))
    place_ = st.tuples(st.integers(0, 60), st.integers(0, 60)).map(lambda p: (p[0] * 5.0, p[1] * 5.0))
    spots = draw(st.lists(place_, min_size=count, max_size=count, unique=True))
    names = [f"n{i}" for i in range(count)]
    end = st.integers(0, count - 1)
    ends = draw(st.lists(st.tuples(end, end, st.floats(1.0, 1.7), st.none() | place_), min_size=1, max_size=10))
    edges, shapes = [], []
    for k, (a, b, longer, via) in enumerate(ends):
        line = shapely.LineString([spots[a], *([via] if via else []), spots[b]])
        edges.append((f"e{k}", names[a], names[b], line.length * longer))
        shapes.append(line if via else None)
    town = streets(dict(zip(names, spots, strict=True)), edges, geometry=shapes)
    points = draw(st.lists(st.tuples(st.floats(-20, 320), st.floats(-20, 320)), min_size=1, max_size=8, unique=True))
    return town, at({f"p{i}": p for i, p in enumerate(points)})


@given(towns())
@settings(max_examples=20)
def test_snapping_never_changes_a_distance_between_old_nodes(case: tuple[Streets, pd.DataFrame]) -> None:
    town, points = case
    old, new = graph(town), graph(snap(town, points, within=1000).streets)
    before = dict(nx.all_pairs_dijkstra_path_length(old, weight="weight"))
    after = dict(nx.all_pairs_dijkstra_path_length(new, weight="weight"))
    assert {a: {b: d for b, d in after[a].items() if b in old} for a in old} == before


@given(towns())
@settings(max_examples=20)
def test_every_row_is_placed_or_lost_and_the_offset_is_the_distance_to_the_streets(
    case: tuple[Streets, pd.DataFrame],
) -> None:
    town, points = case
    done = snap(town, points, within=60)
    assert sorted([*done.placed["id"], *done.lost["id"]]) == sorted(points["id"])
    lines = ground(town).lines
    gap = pd.Series(
        [min(shapely.distance(lines, shapely.Point(p))) for p in points[["x", "y"]].to_numpy()], points["id"]
    )
    assert np.abs(done.placed["offset_m"].to_numpy() - gap[done.placed["id"]].to_numpy()).max(initial=0) <= 0.16
    assert np.allclose(done.lost["metres"], gap[done.lost["id"]])
    assert (gap[done.lost["id"]] > 60).all()


@given(towns())
@settings(max_examples=15)
def test_pieces_add_up_to_the_edge_in_whole_decimetres(case: tuple[Streets, pd.DataFrame]) -> None:
    town, points = case
    edges = snap(town, points, within=1000).streets.edges
    edges = edges[~edges["edge"].str.startswith("支·")]
    total = pd.Series(decimetres(edges["length_m"])).groupby(edges["edge"].str.split("·").str[0].to_numpy()).sum()
    assert total.to_dict() == dict(zip(town.edges["edge"], decimetres(town.edges["length_m"]), strict=True))


@given(towns(), st.randoms(use_true_random=False))
@settings(max_examples=15)
def test_no_order_of_rows_nodes_or_edges_changes_a_result(case: tuple[Streets, pd.DataFrame], chance: object) -> None:
    town, points = case
    n, e, p = (chance.sample(range(len(f)), len(f)) for f in (town.nodes, town.edges, points))  # type: ignore[attr-defined]
    mixed = Streets(town.nodes.iloc[n].reset_index(drop=True), town.edges.iloc[e].reset_index(drop=True), "")
    one, two = snap(town, points, within=80), snap(mixed, points.iloc[p], within=80)
    for a, b, key in (
        (one.placed, two.placed, "id"),
        (one.lost, two.lost.drop(columns="row"), "id"),
        (one.streets.nodes, two.streets.nodes, "node"),
        (one.streets.edges, two.streets.edges, "edge"),
    ):
        a = a[b.columns].sort_values(key, ignore_index=True)
        pd.testing.assert_frame_equal(a, b.sort_values(key, ignore_index=True))


@given(towns())
@settings(max_examples=15)
def test_two_points_on_one_edge_are_as_far_apart_as_the_pencil_says(case: tuple[Streets, pd.DataFrame]) -> None:
    _, points = case
    assume(len(points) > 1)
    town = streets({"a": (0, -30), "b": (320, -30)}, [("E", "a", "b", 320)])
    done = snap(town, points, within=1000)
    x = np.clip(points["x"].to_numpy(), 0, 320)
    off = np.hypot(points["x"].to_numpy() - x, points["y"].to_numpy() + 30)
    g = graph(done.streets)
    for i in range(1, len(points)):
        found = (
            nx.shortest_path_length(g, done.points["node"].iloc[0], done.points["node"].iloc[i], weight="weight") / 10
        )
        one, two = (np.round(points[["x", "y"]].iloc[k].to_numpy(), 3) for k in (0, i))
        same = bool((one == two).all())  # to the millimetre: one door
        assert found == pytest.approx(0 if same else off[0] + off[i] + abs(x[0] - x[i]), abs=0.45)


# --- frames


def test_nothing_given_is_changed_and_empty_frames_keep_their_columns_and_dtypes() -> None:
    points = at({"S1": (30, 12), "S2": (3000, 0)})
    copies = [f.copy(deep=True) for f in (LINE.nodes, LINE.edges, points)]
    full, empty = snap(LINE, points), snap(LINE, points.iloc[:0])
    for before, after in zip(copies, (LINE.nodes, LINE.edges, points), strict=True):
        pd.testing.assert_frame_equal(before, after)
    for a, b in ((full.placed, empty.placed), (full.lost, empty.lost)):
        assert a.dtypes.equals(b.dtypes)
    assert empty.placed.empty
    assert empty.streets is LINE


def test_points_without_any_id_are_numbered_by_where_they_are() -> None:
    done = snap(LINE, pd.DataFrame({"x": [70.0, 30.0], "y": [12.0, 12.0]}))
    assert done.points["node"].tolist() == ["点··2", "点·"]


# --- streets that cannot take a point


def test_streets_that_cannot_take_points_are_refused_by_what_they_lack() -> None:
    here = pd.DataFrame({"site": ["S1"], "lon": [120.9], "lat": [29.5]})
    with pytest.raises(TableError, match="没有写明坐标系"):
        snap(LINE, here)
    with pytest.raises(TableError, match="经纬度,量不出米"):
        snap(replace(LINE, crs="EPSG:4326"), here)
    with pytest.raises(TableError, match="EPSG:999999 不认识"):
        snap(replace(LINE, crs="EPSG:999999"), here)
    with pytest.raises(TableError, match="mars 不认识"):
        snap(replace(LINE, crs=CRS), here, coords="mars")
    with pytest.raises(TableError, match="没有任何路段"):
        snap(replace(LINE, edges=LINE.edges.iloc[:0]), here)
    with pytest.raises(TableError, match="不在节点表中:E1"):
        snap(replace(LINE, nodes=LINE.nodes.iloc[:1]), at({"S1": (0, 0)}))
    with pytest.raises(TableError, match="路段编号重复:E1"):
        snap(replace(LINE, edges=pd.concat([LINE.edges] * 2)), at({"S1": (0, 0)}))
    with pytest.raises(TableError, match="节点表缺少列:x、y"):
        snap(replace(LINE, nodes=LINE.nodes[["node"]]), at({"S1": (0, 0)}))
    with pytest.raises(TableError, match="点位表缺少列:lon、lat;现有列:id、经度"):
        snap(LINE, pd.DataFrame({"id": ["S1"], "经度": [120.9]}))
    with pytest.raises(TableError, match="within"):
        snap(LINE, at({"S1": (0, 0)}), within=-1)


# --- a county


#   h1            S1 market           R1
#   a ----200---- b ----200---- c ----200---- d        island:  i --80-- j
def town() -> Streets:
    spots = {"a": (0, 0), "b": (200, 0), "c": (400, 0), "d": (600, 0), "i": (400, 900), "j": (480, 900)}
    moved = {k: (EAST + x, NORTH + y) for k, (x, y) in spots.items()}
    edges = [("E1", "a", "b", 200), ("E2", "b", "c", 200), ("E3", "c", "d", 200), ("E4", "i", "j", 80)]
    return streets(moved, edges, CRS, name=["人民路", "人民路", "鼓山路", "江心洲路"], kind=["road"] * 4)


def rows(table: str, key: str, places: dict[str, tuple[float, float]], **columns: object) -> pd.DataFrame:
    """Rows of a county's table with lon and lat where x, y (metres from the town's corner) are given."""
    out = frame(table, pd.DataFrame({key: list(places)}))
    spots = np.array(list(places.values()), float) + np.array([EAST, NORTH])
    lon, lat = degrees(*spots.T)
    extra = {"township": "甲镇", "community": "乙村", **columns}
    return out.assign(name=list(places) if "name" in out else None, lon=lon, lat=lat, **extra)


def county(**tables: pd.DataFrame) -> County:
    return replace(check("no such folder").county, **tables)


def homes(places: dict[str, tuple[float, float]], people: int = 7) -> pd.DataFrame:
    made = rows("communities", "compound", places, **dict.fromkeys(AGES, people))
    return made.drop(columns="name")


def test_a_county_is_put_on_a_street_file_read_apart() -> None:
    before = county(
        sites=rows("sites", "site", {"S1": (230, 9)}, service="meals"),
        rooms=rows("rooms", "room", {"R1": (500, -14)}, service="idle"),
        communities=homes({"东苑": (40, 25)}),
        plots=rows("plots", "plot", {"P1": (630, 40)}),
    )
    done = place(before, town())
    assert cells(done.placed, "table", "id", "node", "offset_m", "edge", "street", "how") == [
        ["sites", "S1", "点·设施·S1", 9.0, "E2", "人民路", "snapped"],
        ["rooms", "R1", "点·用房·R1", 14.0, "E3", "鼓山路", "snapped"],
        ["communities", "甲镇·乙村·东苑", "点·居民点·甲镇·乙村·东苑", 25.0, "E1", "人民路", "snapped"],
        ["plots", "P1", "点·地块·P1", 50.0, "E3", "鼓山路", "snapped"],
    ]
    assert done.lost.empty
    after = done.county
    assert after.sites["node"].tolist() == ["点·设施·S1"]
    assert after.plots["node"].tolist() == ["点·地块·P1"]
    home, shop = after.communities["node"].iloc[0], after.sites["node"].iloc[0]
    assert walk(after.streets, home, shop) == pytest.approx(25 + 160 + 30 + 9)
    assert before.sites["node"].isna().all()


def test_what_stands_at_one_spot_shares_a_door() -> None:
    spot = {"S1": (230, 150)}
    here = county(
        sites=rows("sites", "site", {**spot, "S2": (230, 150), "S3": (230, 149)}, service="meals"),
        communities=homes({"东苑": (230, 150)}),
    )
    done = place(here, town())
    door = "点·居民点·甲镇·乙村·东苑"
    assert done.county.sites["node"].tolist() == [door, door, "点·设施·S3"]
    assert done.county.communities["node"].tolist() == [door]
    assert len(done.county.streets.nodes) == 6 + 1 + 2  # the foot of all, two doors
    assert done.placed["offset_m"].tolist() == [150, 150, 149, 150]
    assert walk(done.county.streets, door, "点·设施·S3") == 299


def test_a_given_node_is_kept_and_an_unknown_one_is_named_or_replaced_by_coordinates() -> None:
    sites = rows("sites", "site", {"S1": (230, 9), "S2": (230, 9), "S3": (1, 1)}, service="meals")
    sites = sites.assign(node=["b", "N99", "N98"])
    sites.loc[2, ["lon", "lat"]] = np.nan
    done = place(county(sites=sites), town())
    assert cells(done.placed, "id", "node", "offset_m", "how") == [
        ["S1", "b", 0.0, "given node"],
        ["S2", "点·设施·S2", 9.0, "snapped"],
    ]
    assert cells(done.lost, "table", "row", "id", "fault") == [["sites", 3, "S3", "节点 N98 不在路网中,也没有坐标"]]
    assert done.county.sites["node"].isna().tolist() == [False, False, True]
    assert [n for n in done.notes if "1 行所列的节点不在路网中" in n]


def test_a_county_whose_rows_all_have_nodes_needs_neither_crs_nor_coordinates() -> None:
    plain = Streets(pd.DataFrame({"node": ["b"]}), pd.DataFrame({"source": [], "target": [], "length_m": []}))
    sites = rows("sites", "site", {"S1": (0, 0)}, service="meals").drop(columns=["lon", "lat"]).assign(node="b")
    assert place(county(sites=sites), plain).placed["how"].tolist() == ["given node"]


def test_tables_do_not_stand_on_each_others_paths() -> None:
    sites = rows("sites", "site", {"S1": (230, 60)}, service="meals")
    rooms = rows("rooms", "room", {"S1": (233, 50)}, service="idle")
    done = place(county(sites=sites, rooms=rooms), town())
    assert done.placed["edge"].tolist() == ["E2", "E2"]
    assert done.placed["node"].tolist() == ["点·设施·S1", "点·用房·S1"]


def test_homes_on_an_island_are_named_with_their_street_and_people() -> None:
    done = place(
        county(sites=rows("sites", "site", {"S1": (230, 9)}, service="meals"), communities=homes({"沙洲": (420, 905)})),
        town(),
    )
    [note] = done.notes
    for words in ("甲镇·乙村·沙洲", "共 42 人", "江心洲路", "第 2 片", "步行到不了任何设施"):
        assert words in note
    both = rows("sites", "site", {"S1": (230, 9), "S2": (470, 905)}, service="meals")
    assert place(county(sites=both, communities=homes({"沙洲": (420, 905)})), town()).notes == ()


# --- faults by name


def lost_of(lon: object, lat: object, **options: object) -> pd.Series:
    frame_ = pd.DataFrame({"site": ["S1"], "name": ["食堂"], "lon": [lon], "lat": [lat]}).astype(object)
    done = snap(town(), frame_, **options)  # type: ignore[arg-type]
    assert done.placed.empty
    [(_, row)] = list(done.lost.iterrows())
    assert row["remedy"]
    return row


@pytest.mark.parametrize(
    ("lon", "lat", "fault", "remedy"),
    [
        (None, None, "没有坐标,也没有路网节点", "填写经度和纬度"),
        (121.9, None, "只填了一半:缺纬度", "补上纬度"),
        (None, "29.8", "只填了一半:缺经度", "补上经度"),
        (0, 0, "(0, 0)", "多为未填"),
        ("东经121°57′54″", 29.8265, "经度“东经121°57′54″”不是小数", "121.965000"),
        (121.9653, "29 49 35", "纬度“29 49 35”不是小数", "29.826389"),
        ("121.9653E", 29.8265, "“121.9653E”不是小数", "只写数字 121.9653"),
        ("路口", 29.8265, "经度“路口”不是小数", "小数度数"),
        (29.8265, 121.9653, "经度、纬度像是写反了", "对调"),
        (400030.0, 3300009.0, "超出 ±180 和 ±90", "EPSG"),
        (float("inf"), 29.8, "不是小数", "小数度数"),
        (123.5, 29.8265, "不在路网范围内", "核对坐标"),
    ],
)
def test_each_fault_is_named_with_what_would_do(lon: object, lat: object, fault: str, remedy: str) -> None:
    row = lost_of(lon, lat)
    assert fault in row["fault"]
    assert remedy in row["remedy"]
    assert (row["table"], row["row"], row["id"], row["name"]) == ("points", 1, "S1", "食堂")


def test_swapped_degrees_that_could_be_true_are_known_by_where_they_land() -> None:
    # Xinjiang: both 80 E 43 N and 43 E 80 N exist
    x, y = pyproj.Transformer.from_crs(4326, 32644, always_xy=True).transform(80.0, 43.0)
    yining = streets({"a": (x, y), "b": (x + 100, y)}, [("E1", "a", "b", 100)], "EPSG:32644")
    done = snap(yining, pd.DataFrame({"id": ["S1"], "lon": [43.0], "lat": [80.0]}))
    assert "写反" in done.lost["fault"].iloc[0]


def test_all_faults_are_reported_at_once_and_none_is_dropped() -> None:
    good = degrees(np.array([EAST + 30]), np.array([NORTH + 5]))
    sites = pd.DataFrame(
        {"site": list("abcde"), "lon": [good[0][0], 0, None, "x", 100], "lat": [good[1][0], 0, 3, 29.8, 30]}
    ).astype({"lon": object, "lat": object})
    done = snap(town(), sites)
    assert done.placed["id"].tolist() == ["a"]
    assert done.lost["id"].tolist() == list("bcde")
    assert done.points["node"].isna().tolist() == [False, True, True, True, True]


def test_many_places_at_one_pair_of_coordinates_are_noted() -> None:
    lon, lat = degrees(np.full(4, EAST + 30), np.full(4, NORTH + 5))
    done = snap(town(), pd.DataFrame({"site": list("abcd"), "lon": lon, "lat": lat}))
    assert [n for n in done.notes if "有 4 处与别处坐标完全相同" in n and "a、b、c、d" in n]
    assert done.streets.nodes["node"].is_unique


def test_text_numbers_full_width_and_blanks_are_read() -> None:
    assert number("120.9") == (120.9, "")
    assert number(" 120.9 ")[0] == 120.9
    assert np.isnan(number("")[0])
    assert number("-30°30'")[1].endswith("-30.500000")
    assert number("30°30'S")[1].endswith("-30.500000")


# --- coordinates


@pytest.mark.parametrize(  # published with several converters in common use
    ("lon", "lat", "east", "north"),
    [
        (121.5272106, 31.1774276, 121.531541859215, 31.17530398364597),
        (113.912316, 22.543847, 113.9171764808363, 22.540796131694766),
        (116.377817, 39.911954, 116.38404722455657, 39.91334545536069),
        (116.404, 39.915, 116.41024449916938, 39.91640428150164),
    ],
)
def test_gcj02_agrees_with_published_pairs_both_ways(lon: float, lat: float, east: float, north: float) -> None:
    x, y = from_wgs84([lon], [lat], "gcj02")
    assert (x[0], y[0]) == pytest.approx((east, north), abs=1e-10)
    x, y = to_wgs84([east], [north], "gcj02")
    assert (x[0], y[0]) == pytest.approx((lon, lat), abs=1e-9)


def test_bd09_agrees_with_published_pairs() -> None:
    x, y = from_wgs84([116.404], [39.915], "bd09")
    assert (x[0], y[0]) == pytest.approx((116.41662724378733, 39.922699552216216), abs=1e-9)
    x, y = to_wgs84([123.0], [45.0], "bd09")
    assert (x[0], y[0]) == pytest.approx((122.98762210, 44.99171540), abs=2e-6), "their inverse is one step only"


def test_the_map_makers_own_values_are_met_to_two_metres() -> None:
    x, y = to_wgs84([121.434204], [31.158247], "gcj02")  # a place in Shanghai as Gaode gives it
    assert np.hypot((x[0] - 121.42958967) * 95_000, (y[0] - 31.16014354) * 111_000) < 2


@given(st.floats(73, 135), st.floats(3, 54), st.sampled_from(["gcj02", "bd09"]))
def test_there_and_back_is_the_same_place_to_a_centimetre(lon: float, lat: float, coords: str) -> None:
    x, y = to_wgs84(*from_wgs84([lon], [lat], coords), coords)
    assert (x[0], y[0]) == pytest.approx((lon, lat), abs=1e-7)


def test_outside_china_nothing_moves_and_unknown_names_are_refused() -> None:
    x, y = to_wgs84([7.42, np.nan], [43.73, 1.0], "gcj02")
    assert x[0] == 7.42
    assert np.isnan(x[1])
    assert y[0] == 43.73
    with pytest.raises(TableError, match="不认识坐标系 utm"):
        to_wgs84([1], [1], "utm")


@pytest.mark.parametrize("coords", ["wgs84", "cgcs2000", "gcj02", "bd09", "EPSG:32651", "EPSG:4490"])
def test_a_place_given_in_any_system_ends_at_the_same_foot(coords: str) -> None:
    lon, lat = degrees(np.array([EAST + 30]), np.array([NORTH + 12]))
    if coords in ("gcj02", "bd09"):
        lon, lat = from_wgs84(lon, lat, coords)
    elif coords == CRS:
        lon, lat = np.array([EAST + 30]), np.array([NORTH + 12])
    done = snap(town(), pd.DataFrame({"site": ["S1"], "lon": lon, "lat": lat}), coords=coords)
    assert cells(done.placed, "edge", "offset_m") == [["E1", 12.0]]
    assert done.streets.edges["length_m"].tolist()[:2] == [30.0, 170.0]


# --- a list of places in another system than was said


def grid(size: int = 14) -> Streets:
    """A made-up Chinese town: streets about 180 m apart, none of them straight."""
    rng = np.random.default_rng(5)
    at_ = np.stack(np.meshgrid(np.arange(size) * 180.0, np.arange(size) * 180.0, indexing="ij"), -1)
    at_ = (at_ + rng.uniform(-50, 50, at_.shape)).reshape(-1, 2) + np.array([EAST, NORTH])
    i = np.arange(size * size).reshape(size, size)
    pairs = np.concatenate(
        [np.stack([i[1:].ravel(), i[:-1].ravel()], 1), np.stack([i[:, 1:].ravel(), i[:, :-1].ravel()], 1)]
    )
    length = np.hypot(*(at_[pairs[:, 0]] - at_[pairs[:, 1]]).T)
    spots = {f"n{k}": tuple(p) for k, p in enumerate(at_)}
    edges = [(f"e{k}", f"n{a}", f"n{b}", m) for k, ((a, b), m) in enumerate(zip(pairs, length, strict=True))]
    return streets(spots, edges, CRS)


def doors(network: Streets, count: int, seed: int, away: float = 8) -> tuple[np.ndarray, np.ndarray]:
    """lon, lat (WGS-84) of doors along random streets, about ``away`` metres from them (some 1, some 40)."""
    rng = np.random.default_rng(seed)
    lines = ground(network).lines
    size = shapely.length(lines)
    chosen = rng.choice(len(lines), count, p=size / size.sum())
    foot = shapely.get_coordinates(shapely.line_interpolate_point(lines[chosen], rng.random(count), normalized=True))
    turn, far = rng.random(count) * 2 * np.pi, np.exp(rng.normal(np.log(away), 0.7, count))
    return degrees(*(foot + far[:, None] * np.column_stack([np.cos(turn), np.sin(turn)])).T, network.crs)


def said(network: Streets, lon: np.ndarray, lat: np.ndarray, coords: str = "wgs84") -> list[str]:
    return suspicions(ground(network), lon, lat, coords, projected(network.crs, coords))


@pytest.mark.parametrize("seed", range(4))
def test_a_list_in_another_system_is_noticed_and_said_with_figures_but_not_switched(seed: int) -> None:
    town_ = grid()
    lon, lat = doors(town_, 14, seed)
    assert said(town_, lon, lat) == []
    for coords in ("gcj02", "bd09"):
        moved = from_wgs84(lon, lat, coords)
        assert said(town_, *moved, coords) == []
        [note] = said(town_, *moved)
        assert f'改用 coords="{coords}"' in note
        assert "没有自动改动" in note
    done = snap(town_, pd.DataFrame({"site": range(14), "lon": moved[0], "lat": moved[1]}), within=5000)
    assert [n for n in done.notes if "bd09" in n]
    assert done.placed["offset_m"].median() > 20, "as given, not as supposed"


def test_one_table_in_another_system_is_noticed_among_the_others() -> None:
    town_, marks = grid(), np.arange(14).astype(str)
    lon, lat = doors(town_, 100, 1)
    true = homes({f"{k}苑": (0, 0) for k in range(100)}).assign(lon=lon, lat=lat)
    x, y = from_wgs84(*doors(town_, 14, 2), "gcj02")
    moved = frame("sites", pd.DataFrame({"site": marks})).assign(name=marks, service="meals", lon=x, lat=y)
    [note] = [n for n in place(county(sites=moved, communities=true), town_, within=5000).notes if "GCJ" in n]
    assert note.startswith("设施表:")
    assert "与别的表不是同一种坐标" in note
    assert "改用" not in note
    assert not [n for n in place(county(communities=true), town_).notes if "像是" in n]


def test_streets_that_are_the_shifted_ones_are_noticed() -> None:
    town_ = grid()
    lon, lat = doors(town_, 14, 1)  # on the drawn streets; the true places lie where these are read as GCJ-02
    [note] = said(town_, *to_wgs84(lon, lat, "gcj02"))
    assert "路网像是 GCJ-02" in note
    [note] = said(town_, lon, lat, "gcj02")
    assert 'coords="wgs84"' in note
    assert "路网本身就是这种偏移坐标" in note


def test_what_any_shift_would_do_as_well_is_no_finding() -> None:
    town_, noted = grid(), []
    for seed in range(40):  # points that have nothing to do with the streets: one reading in five looks better by luck
        rng = np.random.default_rng(seed)
        lon, lat = degrees(EAST + rng.uniform(400, 1900, 10), NORTH + rng.uniform(400, 1900, 10))
        noted += said(town_, lon, lat)
    assert len(noted) <= 6
    assert all(note.startswith("只有 10 处不同点位,把握不大") for note in noted)


def test_too_few_or_foreign_places_and_projected_ones_are_not_judged() -> None:
    town_ = grid()
    moved = from_wgs84(*doors(town_, 9, 1), "gcj02")
    assert said(town_, *moved) == []
    assert said(town_, *(np.repeat(m, 5) for m in moved)) == [], "the same place again is no new evidence"
    assert said(town_, np.arange(20.0), np.arange(20.0), CRS) == []
    assert "不在中国范围内" in said(town_, np.array([7.42]), np.array([43.73]), "gcj02")[0]


REAL = {
    "osmnx_monaco.graphml": "EPSG:32632",
    "r5r_poa.osm.pbf": "EPSG:31982",
    "graphhopper_andorra.osm.pbf": "EPSG:32631",
}


def in_china(network: Streets) -> Streets:
    """A real network carried to Zhejiang, where map makers shift it."""
    x, y = pyproj.Transformer.from_crs(4326, CRS, always_xy=True).transform(120.9, 29.5)
    by = np.round(np.array([x, y]) - network.nodes[["x", "y"]].median().to_numpy())
    edges = network.edges.copy()
    if "geometry" in edges:
        shape = edges["geometry"].to_numpy(object).copy()
        bent = edges["geometry"].notna().to_numpy()
        shape[bent] = shapely.transform(shape[bent], lambda c: c + by)
        edges["geometry"] = pd.Series(shape, dtype=object)
    return Streets(network.nodes.assign(x=network.nodes["x"] + by[0], y=network.nodes["y"] + by[1]), edges, CRS)


@pytest.mark.parametrize("name", REAL)
def test_on_real_streets_shifts_are_noticed_and_nothing_else_is(name: str) -> None:
    if not (NETWORKS / name).exists():
        pytest.skip(f"no {NETWORKS / name}")
    from governance.streets import read

    network = in_china(read(NETWORKS / name))
    land, to_plane = ground(network), projected(CRS, "wgs84")
    false, found = 0, 0
    for seed in range(10):
        lon, lat = doors(network, 15, seed)
        false += bool(suspicions(land, lon, lat, "wgs84", to_plane))
        notes = suspicions(land, *from_wgs84(lon, lat, "gcj02"), "wgs84", to_plane)
        found += any('coords="gcj02"' in note for note in notes)
    assert false == 0
    assert found >= 9


@pytest.mark.parametrize("name", REAL)
def test_on_real_streets_old_distances_stay_and_offsets_are_those_of_brute_force(name: str) -> None:
    if not (NETWORKS / name).exists():
        pytest.skip(f"no {NETWORKS / name}")
    from governance.streets import read

    network = read(NETWORKS / name)
    lon, lat = doors(network, 40, 3, away=25)
    done = snap(network, pd.DataFrame({"site": [f"S{k}" for k in range(40)], "lon": lon, "lat": lat}))
    assert len(done.placed) + len(done.lost) == 40
    land = ground(network)
    xy = projected(network.crs, "wgs84")(lon, lat)
    walkable = land.lines[land.trees["street"][1]]
    gaps = pd.Series([shapely.distance(walkable, p).min() for p in shapely.points(xy)], [f"S{k}" for k in range(40)])
    bridges = set(network.edges["edge"].to_numpy()[land.trees["bridge"][1]])
    mine = done.placed[~done.placed["edge"].isin(bridges)]
    assert np.abs(mine["offset_m"].to_numpy() - gaps[mine["id"]].to_numpy()).max() <= 0.16
    old, new = graph(network), graph(done.streets)
    for source in network.nodes["node"].iloc[[0, len(network.nodes) // 2]]:
        before = nx.single_source_dijkstra_path_length(old, source, weight="weight")
        after = nx.single_source_dijkstra_path_length(new, source, weight="weight")
        assert {n: d for n, d in after.items() if n in old} == before


def test_near_prefers_the_smaller_id_of_equally_near_edges() -> None:
    twin = streets({"a": (0, 0), "b": (100, 0)}, [("E2", "a", "b", 100), ("E1", "a", "b", 100)])
    edge, metres = near(ground(twin), np.array([[50.0, 5.0]]), "street")
    assert (twin.edges["edge"].iloc[edge[0]], metres[0]) == ("E1", 5.0)


# --- what nobody said, or said in his own words


@pytest.mark.parametrize(("told", "true"), [("wgs84", "gcj02"), ("wgs84", "bd09"), ("高德", "wgs84")])
def test_where_nothing_lands_the_reading_that_would_is_proposed_and_nothing_moved(told: str, true: str) -> None:
    town = streets({"a": (EAST, NORTH), "b": (EAST + 1000, NORTH)}, [("E1", "a", "b", 1000)], CRS)
    lon, lat = from_wgs84(*degrees(EAST + np.linspace(100, 900, 5), np.full(5, NORTH + 10)), true)
    points = pd.DataFrame({"id": list("abcde"), "lon": lon, "lat": lat})
    done = snap(town, points, coords=told)
    assert done.placed.empty
    assert [n for n in done.notes if f'若按 coords="{true}" 读,5 处中 5 处落在路上' in n]
    assert not snap(town, points, coords=true).notes
    far = snap(town, points.assign(lat=points["lat"] + 1), coords=told)
    assert not any("若按" in note for note in far.notes)


def test_swapped_places_are_proposed_together() -> None:
    north = streets({"a": (500000, 4983000), "b": (501000, 4983000)}, [("E1", "a", "b", 1000)], "EPSG:32631")
    lon, lat = degrees(500000 + np.linspace(100, 900, 5), np.full(5, 4983010), "EPSG:32631")
    done = snap(north, pd.DataFrame({"id": list("abcde"), "lon": lat, "lat": lon}))
    assert "若把经度和纬度对调,5 处中 5 处落在路上" in done.notes[0]


def test_readings_are_called_as_people_call_them() -> None:
    town = streets({"a": (EAST, NORTH), "b": (EAST + 1000, NORTH)}, [("E1", "a", "b", 1000)], CRS)
    point = pd.DataFrame({"id": ["S1"], "lon": [121.97], "lat": [29.83]})
    for words, name in ((("火星坐标", "高德", "腾讯地图", "GCJ-02"), "gcj02"), (("百度", "百度坐标系"), "bd09"),
                        ((None, "GPS", "WGS-84", "天地图", "国家2000"), "wgs84")):  # fmt: skip
        same = snap(town, point, coords=name, within=9000).streets
        for word in words:
            mine = snap(town, point, coords=word, within=9000).streets
            pd.testing.assert_frame_equal(mine.edges, same.edges)
            assert arguments._coords(word or "wgs84") in (name, "cgcs2000")
    for wrong in ("西安80", "abc"):
        with pytest.raises(TableError, match=r"不认识;可用:wgs84.*gcj02.火星坐标、高德、腾讯.*bd09.百度"):
            snap(town, point, coords=wrong)
