"""Street files: every format, the same town in all of them, real networks, every fault by name."""

from __future__ import annotations

import importlib.util
import itertools
import json
import os
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import governance as gov
from governance import rules, streets
from governance.errors import MissingExtraError, TableError
from governance.tables import Streets

osmium = pytest.importorskip("osmium")
gpd = pytest.importorskip("geopandas")
pyproj = pytest.importorskip("pyproj")
shapely = pytest.importorskip("shapely")

NETWORKS = Path(os.environ.get("GOVERNANCE_NETWORKS", Path(__file__).resolve().parents[2] / "shared" / "networks"))
GEOPARQUET = importlib.util.find_spec("pyarrow") is not None
UTM = "EPSG:32651"
CORNER = (300000.0, 3260000.0, 0.0)

#   a --- b ==== c        the river: b ==== c is a bridge, d ~~~ e steps
#   |     |      |
#   f --- d ~~~~ e        g --- h: an island
PLACES = {
    "a": (120.900, 29.500), "b": (120.901, 29.500), "c": (120.903, 29.500), "f": (120.900, 29.499),
    "d": (120.901, 29.499), "e": (120.903, 29.499), "g": (120.910, 29.500), "h": (120.911, 29.500),
}  # fmt: skip
TOWN = [
    ("a", "b", "人民路", {"highway": "residential"}),
    ("b", "c", "人民路", {"highway": "residential", "bridge": "yes"}),
    ("a", "f", None, {"highway": "footway"}),
    ("b", "d", "环城路", {"highway": "primary"}),
    ("f", "d", None, {"highway": "service"}),
    ("d", "e", None, {"highway": "steps"}),
    ("c", "e", None, {"highway": "path"}),
    ("g", "h", "岛路", {"highway": "tertiary"}),
]
MOTORWAY = ("c", "h", "高速", {"highway": "motorway"})
KINDS = {"residential": "road", "footway": "path", "primary": "road", "service": "road", "steps": "steps"}
KINDS |= {"path": "path", "tertiary": "road"}
Town = list[tuple[str, str, str | None, dict[str, str]]]


def metres(places: Iterable[tuple[float, float]], crs: str = UTM) -> np.ndarray:
    over = pyproj.Transformer.from_crs("EPSG:4326", crs, always_xy=True)
    return np.array([over.transform(*p) for p in places])


def length(a: str, b: str) -> float:
    return float(np.hypot(*np.subtract(*metres([PLACES[a], PLACES[b]]))))


def seen(net: Streets) -> set[tuple[Any, ...]]:
    """The streets by where they are, so that ids do not matter."""
    at = {n: (round(x, 2), round(y, 2)) for n, x, y in net.nodes[["node", "x", "y"]].itertuples(index=False)}
    rows = net.edges[["source", "target", "length_m", "kind", "name"]].astype(object).where(net.edges.notna(), None)
    return {
        (*sorted([at[s], at[t]]), round(metre, 2), kind, name)
        for s, t, metre, kind, name in rows.itertuples(index=False)
    }


def wanted() -> set[tuple[Any, ...]]:
    found = set()
    for a, b, name, tags in TOWN:
        ends = sorted(tuple(np.round(p, 2).tolist()) for p in metres([PLACES[a], PLACES[b]]))
        kind = "bridge" if "bridge" in tags else KINDS[tags["highway"]]
        found.add((*ends, round(length(a, b), 2), kind, name))
    return found


# --- writers of one town in every format


def as_osm(file: Path, town: Town) -> Path:
    number = {n: i for i, n in enumerate(PLACES, start=1)}
    writer = osmium.SimpleWriter(str(file))
    for node, place in PLACES.items():
        writer.add_node(osmium.osm.mutable.Node(id=number[node], location=place))
    for at, (a, b, name, tags) in enumerate(town, start=1):
        told = {**tags, **({"name": name} if name else {})}
        writer.add_way(osmium.osm.mutable.Way(id=at, nodes=[number[a], number[b]], tags=told))
    writer.close()
    return file


def as_graphml(file: Path, town: Town) -> Path:
    graph = nx.MultiDiGraph(crs="epsg:4326", created_with="OSMnx 2.1.1")
    for node, (x, y) in PLACES.items():
        graph.add_node(node, x=x, y=y)
    for a, b, name, tags in town:
        for ends in ((a, b), (b, a)):
            graph.add_edge(*ends, length=length(a, b), **tags, **({"name": name} if name else {}))
    nx.write_graphml(graph, file)
    return file


def lines(town: Town, crs: str = "EPSG:4326") -> Any:
    frame = gpd.GeoDataFrame(
        {
            "name": [n for *_, n, _ in town],
            "highway": [t["highway"] for *_, t in town],
            "bridge": [t.get("bridge") for *_, t in town],
        },
        geometry=[shapely.LineString([PLACES[a], PLACES[b]]) for a, b, *_ in town],
        crs="EPSG:4326",
    )
    return frame.to_crs(crs)


def as_lines(file: Path, town: Town) -> Path:
    if file.suffix == ".parquet":
        lines(town).to_parquet(file)
    else:
        lines(town).to_file(file, encoding="utf-8")
    return file


def as_zip(file: Path, town: Town) -> Path:
    as_lines(file.with_suffix(".shp"), town)
    with zipfile.ZipFile(file, "w") as pack:
        for part in (".shp", ".shx", ".dbf", ".prj", ".cpg"):
            pack.write(file.with_suffix(part), f"数据/新昌路网{part}")
    return file


def as_table(file: Path, town: Town) -> Path:
    rows = pd.DataFrame({"起点": [a for a, *_ in town], "终点": [b for _, b, *_ in town]})
    rows["长度(米)"] = [length(a, b) for a, b, *_ in town]
    rows = rows.assign(路名=[n for *_, n, _ in town], highway=[t["highway"] for *_, t in town])
    rows["bridge"] = [t.get("bridge") for *_, t in town]
    nodes = pd.DataFrame([(n, *p) for n, p in PLACES.items()], columns=["节点", "经度", "纬度"])
    if file.suffix == ".xlsx":
        with pd.ExcelWriter(file) as book:
            rows.to_excel(book, sheet_name="路段", index=False, startrow=2)
            nodes.to_excel(book, sheet_name="节点", index=False)
        return file
    if file.suffix == ".csv":
        for end in ("起点", "终点"):
            rows[f"{end}经度"], rows[f"{end}纬度"] = zip(*rows[end].map(PLACES), strict=True)
        rows.to_csv(file, index=False)
        return file
    file.mkdir()
    rows.to_csv(file / "路段.csv", index=False)
    nodes.to_csv(file / "节点.csv", index=False)
    return file


WRITERS: dict[str, Callable[[Path, Town], Path]] = {
    "t.osm.pbf": as_osm,
    "t.osm": as_osm,
    "t.graphml": as_graphml,
    "t.gpkg": as_lines,
    "t.shp": as_lines,
    "t.geojson": as_lines,
    "t.parquet": as_lines,
    "t.zip": as_zip,
    "t.csv": as_table,
    "t.xlsx": as_table,
    "tables": as_table,
}


def written(folder: Path, name: str, town: Town) -> Path:
    if name.endswith("parquet") and not GEOPARQUET:
        pytest.skip("pyarrow is not installed")
    return WRITERS[name](folder / name, town)


@pytest.mark.parametrize("name", WRITERS)
def test_every_format_gives_the_same_town(tmp_path: Path, name: str) -> None:
    found = streets.check(written(tmp_path, name, [*TOWN, MOTORWAY]))
    assert found.problems.empty, found.problems.to_dict("records")
    assert found.streets.crs == UTM
    assert seen(found.streets) == wanted()
    counts = found.counts[found.counts["table"] == "edges"]
    assert (counts["read"] == counts["kept"] + counts["rejected"]).all()
    assert counts["read"].sum() == (2 if "graphml" in name else 1) * 9
    out = counts[counts["note"].str.startswith("不可步行")]
    assert out["rejected"].sum() == (2 if "graphml" in name else 1)
    assert "highway=motorway" in out["note"].iloc[0]
    everything = streets.read(tmp_path / name, ways="all")
    assert len(everything.edges) == 9


@pytest.mark.parametrize("name", WRITERS)
def test_the_order_of_a_file_does_not_tell(tmp_path: Path, name: str) -> None:
    one = streets.read(written(tmp_path, name, TOWN))
    (tmp_path / "again").mkdir()
    other = streets.read(written(tmp_path / "again", name, TOWN[::-1]))
    columns = ["source", "target", "length_m", "kind", "name"]
    pd.testing.assert_frame_equal(one.nodes, other.nodes)
    pd.testing.assert_frame_equal(one.edges[columns], other.edges[columns])


@pytest.mark.parametrize("name", WRITERS)
def test_columns_and_dtypes_do_not_depend_on_the_file(tmp_path: Path, name: str) -> None:
    net = streets.read(written(tmp_path, name, TOWN))
    empty = streets.check(tmp_path / "missing").streets
    for frame, none in ((net.nodes, empty.nodes), (net.edges, empty.edges)):
        assert frame.dtypes.astype(str).to_dict() == none.dtypes.astype(str).to_dict()
        assert isinstance(frame.index, pd.RangeIndex)
    assert net.nodes["node"].is_unique
    assert net.edges["edge"].is_unique


# --- real networks


def real(name: str) -> Path:
    if not (NETWORKS / name).exists():
        pytest.skip(f"{NETWORKS / name} is not here")
    return NETWORKS / name


def counted(file: Path, ways: str) -> tuple[int, int]:
    """Nodes and edges of an extract by pyosmium's plainest handler and OSMnx's filter written out again."""
    closed = (
        "abandoned|bus_guideway|construction|cycleway|motor|motorway|motorway_link|no|planned|platform|proposed|raceway"
    )
    out = {*closed.split("|"), "razed", "rest_area", "services"}
    nodes: set[int] = set()
    edges: set[frozenset[int]] = set()
    for way in osmium.FileProcessor(str(file), osmium.osm.WAY):
        tags = dict(way.tags)
        if "highway" not in tags and not (ways == "all" and tags.get("route") == "ferry"):
            continue
        shut = tags.get("foot") == "no" or tags.get("access") == "private" or tags.get("area") == "yes"
        shut |= tags.get("highway") in out or tags.get("service") == "private"
        shut |= any(tags.get(f"sidewalk{s}") == "separate" for s in ("", ":both", ":left", ":right"))
        if ways == "walk" and shut:
            continue
        refs = [n.ref for n in way.nodes]
        nodes |= set(refs) if len(refs) > 1 else set()
        edges |= {frozenset(pair) for pair in itertools.pairwise(refs) if pair[0] != pair[1]}
    return len(nodes), len(edges)


@pytest.mark.parametrize(
    ("name", "ways", "nodes", "edges"),
    [
        ("graphhopper_andorra.osm.pbf", "walk", 37524, 37854),  # as in SOURCES.md
        ("graphhopper_andorra.osm.pbf", "all", 38556, 38991),
        ("r5r_poa.osm.pbf", "walk", 38246, 45719),
        ("r5r_poa.osm.pbf", "all", 41109, 49621),
    ],
)
def test_an_extract_has_the_nodes_and_edges_counted_apart(name: str, ways: str, nodes: int, edges: int) -> None:
    file = real(name)
    found = streets.check(file, ways=ways)
    assert found.problems.empty
    assert (len(found.streets.nodes), len(found.streets.edges)) == (nodes, edges) == counted(file, ways)
    assert found.counts["read"].sum() == found.counts["kept"].sum() + found.counts["rejected"].sum()


def test_lengths_of_an_extract_are_those_on_the_globe() -> None:
    net = streets.read(real("graphhopper_andorra.osm.pbf"))
    ends = net.nodes.set_index("node")[["x", "y"]]
    back = pyproj.Transformer.from_crs(net.crs, "EPSG:4326", always_xy=True)
    some = net.edges.iloc[::97]
    lonlat = [np.stack(back.transform(*ends.loc[some[c]].to_numpy().T)) for c in ("source", "target")]
    *_, globe = pyproj.Geod(ellps="WGS84").inv(*lonlat[0], *lonlat[1])
    assert np.allclose(some["length_m"], globe, rtol=1e-3, atol=1e-3)


def test_monaco_has_the_arcs_networkx_reads() -> None:
    file = real("osmnx_monaco.graphml")
    graph = nx.read_graphml(file)
    assert (len(graph), graph.number_of_edges()) == (2332, 6016)
    assert sum(int(s) < int(t) for s, t, _ in graph.edges) == 3003  # how SOURCES.md counts streets
    shortest: dict[frozenset[str], float] = {}
    for s, t, value in graph.edges(data="length"):
        if s != t:
            shortest[frozenset((s, t))] = min(float(value), shortest.get(frozenset((s, t)), np.inf))
    found = streets.check(file, ways="all")
    edges = found.streets.edges
    assert len(found.streets.nodes) == 2332
    assert len(edges) == len(shortest) == 2477
    mine = {frozenset((s, t)): v for s, t, v in edges[["source", "target", "length_m"]].itertuples(index=False)}
    assert mine == shortest
    assert found.counts["read"].sum() == 6016


def test_monaco_on_foot_leaves_out_what_is_no_highway() -> None:
    file = real("osmnx_monaco.graphml")
    rule = {k: set(v) for k, v in rules.value("streets.walk").items()}
    graph = nx.Graph()
    for s, t, tags in nx.read_graphml(file).edges(data=True):
        if tags.get("highway") and tags.get("access") != "private" and tags.get("area") != "yes":
            assert not rule["highway"] & {tags["highway"]}
            graph.add_edge(s, t)
    found = streets.check(file)
    assert set(found.streets.nodes["node"]) == set(graph)
    assert len(found.streets.edges) == sum(s != t for s, t in graph.edges) == 1362
    assert found.counts["note"].str.contains("没有 highway 值").any()


def test_courses_of_a_graph_run_from_source_to_target() -> None:
    net = streets.read(real("osmnx_monaco.graphml"))
    at = net.nodes.set_index("node")[["x", "y"]]
    bent = net.edges[net.edges["geometry"].notna()]
    assert len(bent) > 500
    for end, place in (("source", 0), ("target", -1)):
        tips = np.array([g.coords[place] for g in bent["geometry"]])
        assert np.abs(tips - at.loc[bent[end]].to_numpy()).max() < 0.01
    measured = np.array([g.length for g in bent["geometry"]])
    assert np.allclose(measured, bent["length_m"], rtol=4e-3, atol=0.05)  # OSMnx measures on a sphere


def test_a_shapefile_in_feet_is_measured_in_metres() -> None:
    file = real("libpysal_geodanet_streets.shp")
    found = streets.check(file)
    assert found.counts["kept"].sum() == 293
    frame = gpd.read_file(file)
    feet = frame.geometry.length.sum() * 0.3048006096
    assert found.streets.edges["length_m"].sum() == pytest.approx(feet, rel=1e-3)
    ends = {p for g in frame.geometry for p in (g.coords[0], g.coords[-1])}
    assert len(found.streets.nodes) == len({tuple(np.round(p, 1)) for p in ends})
    assert any("不以米为单位" in n for n in found.notes)


def test_wuhan_has_the_lines_and_ends_of_the_file() -> None:
    file = real("neatnet_wuhan_8989_simplified.parquet")
    if not GEOPARQUET:
        pytest.skip("pyarrow is not installed")
    frame = gpd.read_parquet(file)
    ends = np.array([p for g in frame.geometry for p in (g.coords[0], g.coords[-1])])
    assert len(np.unique(ends.round(2), axis=0)) == 12117  # how SOURCES.md counts nodes
    found = streets.check(file, ways="all")
    assert found.counts["read"].sum() == 16408
    assert found.streets.crs == "EPSG:32650"
    assert 12117 - 80 < len(found.streets.nodes) < 12117  # rule streets.snap closes gaps of up to 0.1 m
    sizes = [(len(n.nodes), len(n.edges)) for n in (found.streets, streets.read(file))]
    assert sizes == [(12061, 16289), (11918, 16120)]
    assert 0.98 * frame.geometry.length.sum() < found.streets.edges["length_m"].sum() < frame.geometry.length.sum()


def test_components_are_those_of_networkx() -> None:
    net = streets.read(real("r5r_poa.osm.pbf"))
    graph = nx.Graph()
    graph.add_nodes_from(net.nodes["node"])
    graph.add_edges_from(net.edges[["source", "target"]].itertuples(index=False))
    sizes = sorted(map(len, nx.connected_components(graph)), reverse=True)
    found = streets.components(net)
    assert found["nodes"].tolist() == sizes
    assert found["component"].tolist() == list(range(1, len(sizes) + 1))
    assert found["edges"].sum() == len(net.edges)
    assert found["length_km"].sum() == pytest.approx(net.edges["length_m"].sum() / 1000)
    assert found["share"].sum() == pytest.approx(1)
    assert found["name"].is_unique
    assert found.loc[0, "name"] == "Avenida Ipiranga、Avenida Bento Gonçalves一带"


# --- what lines make


def network(tmp_path: Path, *shapes: Any, crs: str = UTM, **columns: list[Any]) -> streets.Reading:
    """Shapes near Xinchang, given in metres from a corner, read from a GeoPackage."""
    moved = [
        None if s is None else shapely.transform(s, lambda c: np.add(c, CORNER[: c.shape[1]]), include_z=s.has_z)
        for s in shapes
    ]
    file = tmp_path / f"{len(list(tmp_path.iterdir()))}.gpkg"
    gpd.GeoDataFrame(columns, geometry=list(moved), crs=crs).to_file(file)
    return streets.check(file)


def line(*points: tuple[float, ...]) -> Any:
    return shapely.LineString(points)


def test_lines_that_only_cross_do_not_join(tmp_path: Path) -> None:
    found = network(tmp_path, line((0, 0), (100, 0)), line((50, -50), (50, 50)))
    assert len(streets.components(found.streets)) == 2
    through = network(tmp_path, line((0, 0), (50, 0), (100, 0)), line((50, -50), (50, 0), (50, 50)))
    assert len(streets.components(through.streets)) == 2, "a vertex of both may still be a bridge"


def test_lines_drawn_from_openstreetmap_join_at_shared_points(tmp_path: Path) -> None:
    shapes = line((0, 0), (50, 0), (100, 0)), line((50, -50), (50, 0), (50, 50))
    found = network(tmp_path, *shapes, osm_id=[1, 2])
    assert (len(found.streets.nodes), len(found.streets.edges)) == (5, 4)


def test_an_end_on_a_vertex_of_another_line_cuts_it(tmp_path: Path) -> None:
    found = network(tmp_path, line((0, 0), (50, 0), (100, 0)), line((50, 0.05), (50, 50)))
    assert sorted(found.streets.edges["length_m"].round(1)) == [50, 50, 50]
    assert len(streets.components(found.streets)) == 1
    assert any("断开" in n for n in found.notes)


def test_an_end_on_the_course_of_a_line_cuts_it_and_an_end_beside_it_does_not(tmp_path: Path) -> None:
    #  (0,0) ----x----x---- (90,0), two side streets from above, and a loop that ends on its own course
    main, near = line((0, 0), (90, 0)), rules.value("streets.snap")
    sides = line((60, 40), (60, 0)), line((30, 0.5 * near), (30, 50))
    found = network(tmp_path, main, *sides)
    assert sorted(found.streets.edges["length_m"].round(1)) == [30, 30, 30, 40, 50]
    assert any("在 2 处把线断开" in n for n in found.notes)
    assert len(network(tmp_path, main, line((30, 1.5 * near), (30, 50))).streets.edges) == 2
    lasso = network(tmp_path, line((50, 0), (0, 0), (0, 20), (30, 20), (30, 0)))
    assert lasso.streets.edges["length_m"].round(1).tolist() == [20], "the loop itself leads nowhere"
    osm = network(tmp_path, main, *sides, osm_id=[1, 2, 3])
    assert len(osm.streets.edges) == 3, "lines of OpenStreetMap join at common vertices only"


def test_ends_meet_within_the_tolerance_only(tmp_path: Path) -> None:
    near = rules.value("streets.snap")
    meets = network(tmp_path, line((0, 0), (50, 0)), line((50 + 0.9 * near, 0), (90, 0)))
    apart = network(tmp_path, line((0, 0), (50, 0)), line((50 + 1.1 * near, 0), (90, 0)))
    assert [len(x.streets.nodes) for x in (meets, apart)] == [3, 4]
    assert any("并为一个路口" in n for n in meets.notes)


def test_a_bent_street_keeps_its_course_and_length(tmp_path: Path) -> None:
    found = network(tmp_path, line((30, 0), (30, 40), (0, 40)), line((0, 40), (-10, 40)))
    (course,) = found.streets.edges["geometry"].dropna()
    at = found.streets.nodes.set_index("node")
    row = found.streets.edges[found.streets.edges["geometry"].notna()].iloc[0]
    assert course.coords[0] == tuple(at.loc[row["source"], ["x", "y"]])
    assert row["length_m"] == pytest.approx(70)


def test_of_parallels_the_shortest_stays_and_loops_go(tmp_path: Path) -> None:
    straight, bow = line((0, 0), (100, 0)), line((0, 0), (50, 50), (100, 0))
    ring = line((100, 0), (120, 0), (120, 20), (100, 0))
    found = network(tmp_path, bow, straight, ring)
    assert found.streets.edges["length_m"].tolist() == [100]
    assert found.counts[["read", "kept", "rejected"]].sum().tolist() == [3, 1, 2]
    assert found.counts["note"].str.contains("平行").sum() == found.counts["note"].str.contains("回环").sum() == 1


def test_mixed_shapes_are_taken_apart_and_counted(tmp_path: Path) -> None:
    many = shapely.MultiLineString([[(0, 0), (10, 0)], [(10, 0), (20, 0)]])
    both = shapely.GeometryCollection([shapely.Point(5, 5), line((20, 0), (30, 0))])
    polygon = shapely.box(0, 0, 9, 9)
    found = network(tmp_path, many, both, shapely.Point(1, 1), polygon, None)
    assert found.problems.empty
    assert sorted(found.streets.edges["length_m"].round(6)) == [10, 10, 10]
    notes = dict(found.counts.loc[found.counts["rejected"] > 0, ["note", "rejected"]].itertuples(index=False))
    assert notes == {"是点,不是线": 1, "是面,不是线": 1, "没有图形": 1}
    assert found.notes[:2] == ("1 个要素既有线也有点或面,只读其中的线", "1 个多段要素拆开,多出 1 条线")
    high = network(tmp_path, line((0, 0, 5), (30, 0, 6)))
    assert "线上的高程(Z)没有读入" in high.notes
    assert high.streets.edges["length_m"].tolist() == [30]


def test_lines_that_are_not_noded_are_told(tmp_path: Path) -> None:
    grid = [line((0, 10 * i), (90, 10 * i)) for i in range(10)] + [line((10 * i, -5), (10 * i, 95)) for i in range(10)]
    assert any("80 处线路交叉" in n and "按线分割" in n for n in network(tmp_path, *grid).notes)
    short = [line((100 * i, 0), (100 * i + 60, 0)) for i in range(5)]
    assert any("没有在路口断开" in n for n in network(tmp_path, *short).notes)


points = st.tuples(st.integers(0, 6), st.integers(0, 6))


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.lists(points, min_size=2, max_size=4), min_size=1, max_size=9),
    st.booleans(),
    st.randoms(use_true_random=False),
)
def test_reading_does_not_depend_on_the_order_of_features(
    courses: list[list[tuple[int, int]]], osm: bool, random: Any
) -> None:
    def built(rows: list[list[tuple[int, int]]]) -> streets.Reading:
        from governance.streets import lines as chapter
        from governance.streets.account import Log

        shapes = np.array(
            [shapely.LineString([(300000 + 10 * x, 3260000 + 10 * y) for x, y in r]) for r in rows], object
        )
        log = Log("x")
        columns = {"osm_id": np.arange(len(rows))} if osm else {}
        way = chapter.ways(chapter.Features(shapes, columns, UTM, ""), None, log, {})
        assert way is not None
        return streets.walked(way[0], streets.chosen(way[0]), way[1])

    one = built(courses)
    mixed = [c if random.random() < 0.5 else c[::-1] for c in courses]
    random.shuffle(mixed)
    other = built(mixed)
    pd.testing.assert_frame_equal(one.nodes, other.nodes)
    pd.testing.assert_frame_equal(
        one.edges.drop(columns="geometry", errors="ignore"), other.edges.drop(columns="geometry", errors="ignore")
    )
    for a, b in zip(one.edges.get("geometry", []), other.edges.get("geometry", []), strict=True):
        assert (a is None) == (b is None)
        assert a is None or a.equals(b)


# --- tables and graphs


def table(tmp_path: Path, text: str, **options: Any) -> streets.Reading:
    (tmp_path / "路段.csv").write_text(text, "utf-8")
    return streets.check(tmp_path / "路段.csv", **options)


def test_a_bare_table_needs_no_coordinates(tmp_path: Path) -> None:
    found = table(tmp_path, "source,target,length\n1,2,100\n2,10,0\n10,1,30.5\n")
    assert found.problems.empty
    assert found.streets.crs == ""
    assert found.streets.nodes["node"].tolist() == ["1", "2", "10"]
    assert found.streets.nodes[["x", "y"]].isna().all(axis=None)
    assert found.streets.edges["length_m"].tolist() == [100, 30.5, 0], "a length of zero stays"


def test_kilometres_kinds_heights_and_slopes_are_understood(tmp_path: Path) -> None:
    found = table(tmp_path, "起点,终点,长度(公里),路段类型,坡度\na,b,1.2,台阶,-0.08\nb,c,0.1,渡口,\n")
    assert found.streets.edges["length_m"].tolist() == [1200, 100]
    assert found.streets.edges["kind"].tolist() == ["steps", "ferry"]
    assert found.streets.edges["slope"].tolist()[0] == 0.08
    (tmp_path / "节点.csv").write_text("节点,x,y,高程\na,0,0,5\nb,300,0,\nc,400,0,9\n", "utf-8")
    high = streets.read(tmp_path, crs="")
    assert high.nodes["height"].tolist()[::2] == [5, 9]


def test_every_cell_that_is_wrong_is_named(tmp_path: Path) -> None:
    text = "起点,终点,长度\n1,2,100\n2,3,三百\n3,4,-1\n4,,5\n5,6,\n6,7,inf\n"
    found = table(tmp_path, text)
    assert found.problems[["row", "column", "found"]].to_numpy(object).tolist() == [
        [3, "长度", "三百"], [4, "长度", "-1"], [5, "终点", ""], [6, "长度", ""], [7, "长度", "inf"],
    ]  # fmt: skip
    assert found.problems[["fault", "remedy"]].ne("").all(axis=None)
    assert found.counts[["read", "kept", "rejected"]].sum().tolist() == [6, 1, 5]
    with pytest.raises(TableError, match="第 4 行 长度:-1") as raised:
        streets.read(tmp_path / "路段.csv")
    pd.testing.assert_frame_equal(raised.value.problems, found.problems)
    pd.testing.assert_frame_equal(raised.value.counts, found.counts)


def test_nodes_that_move_or_are_missing_are_named(tmp_path: Path) -> None:
    rows = "source,target,x1,y1,x2,y2\n1,2,0,0,1000,0\n2,3,1001,0,2000.5,0\n"
    assert table(tmp_path, rows, crs="").problems[["row", "code"]].to_numpy(object).tolist() == [[3, "node_moved"]]
    (tmp_path / "节点.csv").write_text("节点,x,y\n1,0,0\n1,0,0\n2,5,5\n", "utf-8")
    (tmp_path / "路段.csv").write_text("起点,终点,长度\n1,2,9\n2,7,9\n", "utf-8")
    found = streets.check(tmp_path, crs="")
    assert found.problems[["sheet", "row", "code", "found"]].to_numpy(object).tolist() == [
        ["节点.csv", 3, "duplicate", "1"],
        ["路段.csv", 3, "node_missing", "7"],
    ]


def graphml(
    tmp_path: Path, *edges: tuple[Any, ...], nodes: dict[Any, dict[str, Any]] | None = None, **about: Any
) -> Path:
    graph = nx.MultiDiGraph(**about)
    for n, (x, y) in PLACES.items():
        graph.add_node(n, x=x, y=y)
    for n, values in (nodes or {}).items():
        graph.add_node(n, **values)
    for s, t, values in edges:
        graph.add_edge(s, t, **values)
    nx.write_graphml(graph, tmp_path / "g.graphml")
    return tmp_path / "g.graphml"


def test_a_negative_length_is_named_by_its_edge(tmp_path: Path) -> None:
    file = graphml(
        tmp_path,
        ("a", "b", {"length": -3.0}),
        ("b", "c", {"length": float("nan")}),
        ("c", "e", {"length": 5.0, "geometry": "LINESTRING (1"}),
        ("d", "e", {"length": 120.0}),
        ("d", "b", {}),
        crs="epsg:4326",
    )
    found = streets.check(file)
    assert found.problems["column"].tolist() == ["geometry(边 c→e)", "length(边 a→b)", "length(边 b→c)"]
    assert found.problems["found"].tolist() == ["LINESTRING (1", "-3.0", "nan"]
    assert len(found.streets.edges) == 2
    empty = found.streets.edges.set_index(["source", "target"]).loc[("b", "d"), "length_m"]
    assert empty == pytest.approx(length("b", "d")), "an empty length is measured"
    assert any("1 条边没有长度" in n for n in found.notes)


def test_nodes_without_a_place_are_named(tmp_path: Path) -> None:
    nodes = {"n": {"x": 120.9}, "m": {"x": "东", "y": 1.0}, "o": {"x": 500.0, "y": 29.0}}
    edges = [("a", n, {"length": 9.0}) for n in "nmob"]
    found = streets.check(graphml(tmp_path, *edges, nodes=nodes, crs="epsg:4326"))
    assert found.problems["column"].tolist() == ["坐标(节点 m)", "坐标(节点 n)", "坐标(节点 o)"]
    assert "o" not in found.streets.nodes["node"].tolist()
    assert found.counts["note"].eq("端点坐标不对").sum() == 1


def test_a_node_that_stands_twice_with_other_values_is_named(tmp_path: Path) -> None:
    file = graphml(tmp_path, ("a", "b", {"length": 9.0}), crs="epsg:4326")
    text = file.read_text("utf-8")
    node = text[text.index("<node") : text.index("</node>") + 7]
    file.write_text(text.replace(node, node + node), "utf-8")
    assert streets.check(file).problems.empty, "twice the same is no fault"
    file.write_text(text.replace(node, node + node.replace("120.", "121.")), "utf-8")
    found = streets.check(file).problems
    assert found[["column", "fault"]].to_numpy().tolist() == [["节点 a", "节点不止一处,坐标或其他内容不同"]]


def test_two_arcs_become_one_street_and_names_in_lists_are_read(tmp_path: Path) -> None:
    values = {"length": 97.0, "highway": "['steps', 'path']", "name": "['甲路', '乙路']"}
    file = graphml(tmp_path, ("a", "b", values), ("b", "a", values), ("a", "b", {"length": 300.0}), crs="epsg:4326")
    found = streets.check(file)
    assert found.streets.edges[["length_m", "kind", "name"]].to_numpy(object).tolist() == [
        [97.0, "steps", "乙路、甲路"]
    ]
    assert found.counts[["read", "kept"]].sum().tolist() == [3, 1]
    assert found.counts["note"].str.contains("两条弧").sum() == 1


def test_a_ramp_beside_shorter_steps_stays_for_wheelchairs(tmp_path: Path) -> None:
    steps, ramp = {"length": 20.0, "highway": "steps"}, {"length": 60.0, "highway": "footway"}
    file = graphml(tmp_path, ("a", "b", steps), ("b", "a", ramp), ("b", "c", {**ramp, "slope": 0.09}), crs="epsg:4326")
    walk, free = (streets.check(file, ways=w) for w in ("walk", "step_free"))
    assert walk.streets.edges["length_m"].tolist() == [20, 60]
    assert len(streets.step_free(walk.streets).edges) == 0, "the ramp went when the file was read"
    assert free.streets.edges["length_m"].tolist() == [60]
    assert free.counts.query("note.str.contains('轮椅')")["rejected"].tolist() == [2]
    assert free.streets.nodes["node"].tolist() == walk.streets.nodes["node"].tolist()


def test_a_private_part_of_a_joined_street_closes_it(tmp_path: Path) -> None:
    values = {"length": 97.0, "highway": "service", "access": "['private', 'yes']"}
    found = streets.check(graphml(tmp_path, ("a", "b", values), ("b", "c", {"length": 9.0}), crs="epsg:4326"))
    assert found.streets.edges["source"].tolist() == ["b"]


# --- coordinates


def described(file: Path, **options: Any) -> str:
    """All faults of a file as one text; reading it must raise the same."""
    found = streets.check(file, **options)
    with pytest.raises(TableError):
        streets.read(file, **options)
    assert found.problems["remedy"].ne("").all()
    assert (found.counts["read"] == found.counts["kept"] + found.counts["rejected"]).all()
    return "\n".join(found.problems[["column", "found", "fault", "remedy"]].agg(" ".join, axis=1))


def geojson(tmp_path: Path, *courses: list[tuple[float, float]]) -> Path:
    rows = [
        {"type": "Feature", "properties": {}, "geometry": {"type": "LineString", "coordinates": c}} for c in courses
    ]
    (tmp_path / "a.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": rows}), "utf-8")
    return tmp_path / "a.geojson"


def test_a_shapefile_without_prj_is_refused_until_the_user_says_its_crs(tmp_path: Path) -> None:
    file = as_lines(tmp_path / "a.shp", TOWN)
    lines(TOWN, "EPSG:4549").to_file(file)
    (tmp_path / "a.prj").unlink()
    text = described(file)
    assert "没有说明坐标系" in text
    assert 'crs="EPSG:4549"' in text
    net = streets.read(file, crs="EPSG:4549")
    assert net.crs == "EPSG:4549"
    assert net.edges["length_m"].sum() == pytest.approx(sum(length(a, b) for a, b, *_ in TOWN), rel=1e-3)
    assert streets.read(file, crs="").crs == ""


def test_a_zone_number_in_front_of_the_easting_is_recognised(tmp_path: Path) -> None:
    lines(TOWN, "EPSG:4528").to_file(tmp_path / "a.shp")
    (tmp_path / "a.prj").unlink()
    assert 'crs="EPSG:4528"' in described(tmp_path / "a.shp")


def test_metres_called_degrees_are_refused(tmp_path: Path) -> None:
    assert "超出经纬度范围" in described(geojson(tmp_path, [(490000, 3260000), (490100, 3260000)]))


def test_degrees_called_metres_are_refused(tmp_path: Path) -> None:
    lines(TOWN).set_crs("EPSG:4549", allow_override=True).to_file(tmp_path / "a.gpkg")
    text = described(tmp_path / "a.gpkg")
    assert "像经纬度" in text
    assert 'crs="EPSG:4326"' in text
    assert seen(streets.read(tmp_path / "a.gpkg", crs="EPSG:4326")) == wanted()


def test_swapped_degrees_are_named(tmp_path: Path) -> None:
    assert "对调经度和纬度" in described(geojson(tmp_path, [(29.5, 120.9), (29.5, 120.91)]))
    good = [[(120.9 + i / 1000, 29.5), (120.901 + i / 1000, 29.5)] for i in range(5)]
    found = streets.check(geojson(tmp_path, *good, [(29.5, 120.9), (29.5, 120.91)]))
    assert found.problems[["row", "code"]].to_numpy(object).tolist() == [[6, "not_degrees"]]
    assert len(found.streets.edges) == 5
    west = streets.check(geojson(tmp_path, [(43.8, 87.6), (43.801, 87.601)]))
    assert west.problems.empty
    assert any("是否写反" in n for n in west.notes)


def test_coordinates_far_from_where_the_crs_holds_are_refused(tmp_path: Path) -> None:
    frame = lines(TOWN, "EPSG:4549")
    frame.geometry = shapely.transform(frame.geometry.to_numpy(), lambda c: c[:, ::-1])
    frame.to_file(tmp_path / "a.gpkg")
    text = described(tmp_path / "a.gpkg")
    assert "适用范围之外" in text
    assert "对调横坐标和纵坐标" in text


def test_one_vertex_at_nought_is_named(tmp_path: Path) -> None:
    good = [[(120.9 + i / 1000, 29.5), (120.901 + i / 1000, 29.5)] for i in range(3)]
    found = streets.check(geojson(tmp_path, *good, [(120.9, 29.5), (0, 0)]))
    assert found.problems["row"].tolist() == [4]


def test_a_plane_that_stretches_is_left_for_utm(tmp_path: Path) -> None:
    lines(TOWN, "EPSG:3857").to_file(tmp_path / "a.gpkg")
    found = streets.check(tmp_path / "a.gpkg")
    assert any("放大" in n for n in found.notes)
    assert seen(found.streets) == wanted()


@pytest.mark.parametrize("crs", ["EPSG:99999", "北京", "EPSG:4978"])
def test_a_crs_that_is_none_is_named(tmp_path: Path, crs: str) -> None:
    assert crs in described(as_lines(tmp_path / "a.gpkg", TOWN), crs=crs) or "WGS 84" in crs or crs == "EPSG:4978"


def test_ways_is_walk_or_all(tmp_path: Path) -> None:
    with pytest.raises(TableError, match='ways="bike"'):
        streets.check(tmp_path, ways="bike")


# --- files that are not what they seem


def damaged(tmp_path: Path, name: str, data: bytes | str) -> Path:
    (tmp_path / name).write_bytes(data if isinstance(data, bytes) else data.encode())
    return tmp_path / name


def test_files_that_cannot_be_read_say_why(tmp_path: Path) -> None:
    pbf = as_osm(tmp_path / "t.osm.pbf", TOWN).read_bytes()
    gpkg = as_lines(tmp_path / "t.gpkg", TOWN).read_bytes()
    graph = as_graphml(tmp_path / "t.graphml", TOWN).read_text("utf-8")
    cases = {
        "none.osm.pbf": (None, "文件不存在"),
        "empty.osm.pbf": (b"", "文件是空的"),
        "cut.osm.pbf": (pbf[:-40], "中途断开"),
        "page.osm.pbf": (b"<html>404</html>", "内容却不是"),
        "noise.osm.pbf": (bytes(range(256)) * 9, "内容却不是"),
        "pbf.geojson": (pbf, "内容却是 OSM PBF"),
        "gpkg.osm.pbf": (gpkg, "内容却是 SQLite/GeoPackage"),
        "cut.gpkg": (gpkg[: len(gpkg) // 2], "已损坏"),
        "cut.graphml": (graph[:-90], "中途断开"),
        "entities.graphml": ('<!DOCTYPE a [<!ENTITY b "c">]>' + graph[graph.index("<graphml") :], "不是 GraphML"),
        "cut.geojson": ('{"type":"FeatureCollection","features":[{"type":"Fea', "已损坏"),
        "other.json": ('{"a": 1}', "已损坏"),
        "cut.zip": (b"PK\x03\x04abc", "压缩包已损坏"),
        "plan.dwg": (b"AC1018", "不读 .dwg"),
        "osm.osm.gz": (b"\x1f\x8b", "不读 .gz"),
        "plain": (b"abc", "没有后缀"),
        "junk.csv": ("a,b\n1,2\n", "找不到路段表"),
        "empty.csv": ("起点,终点,长度\n", "没有一条可用的路段"),
        "badly.osm": ('<osm version="0.6"><node id="1" lat="x" lon="1"/></osm>', "已损坏"),
        "none.osm": ('<osm version="0.6"></osm>', "没有任何道路"),
    }
    for name, (data, words) in cases.items():
        file = tmp_path / name if data is None else damaged(tmp_path, name, data)
        assert words in described(file), name


def test_a_cut_shapefile_is_noticed(tmp_path: Path) -> None:
    file = as_lines(tmp_path / "a.shp", TOWN)
    file.write_bytes(file.read_bytes()[:-100])
    assert "比它自己记载的短" in described(file)
    as_lines(file, TOWN)
    (tmp_path / "a.dbf").rename(tmp_path / "a.DBF")
    assert len(streets.read(file).edges)
    for part in ("a.shx", "a.DBF"):
        (tmp_path / part).unlink()
    assert "缺少同名的 .shx、.dbf 文件" in described(file)


def test_a_zip_bomb_is_not_unpacked(tmp_path: Path) -> None:
    size = rules.value("streets.unzipped_mb") // 16 + 1
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as pack:
        block = bytes(1 << 20)
        for part in range(16):
            with pack.open(f"{part}.geojson", "w") as out:
                for _ in range(size):
                    out.write(block)
    assert "压缩炸弹" in described(tmp_path / "a.zip")


def test_layers_are_asked_for_and_named(tmp_path: Path) -> None:
    file = tmp_path / "a.gpkg"
    lines(TOWN).to_file(file, layer="edges")
    gpd.GeoDataFrame(geometry=[shapely.Point(120, 29)], crs="EPSG:4326").to_file(file, layer="nodes")
    assert seen(streets.read(file)) == wanted(), "the only layer of lines"
    lines(TOWN[:3]).to_file(file, layer="few")
    assert 'layer="edges"' in described(file)
    assert "现有图层:edges、nodes、few" in described(file, layer="x")
    assert len(streets.read(file, layer="few").edges) == 3
    assert "没有一条可用的线" in described(file, layer="nodes")


def test_names_in_the_chinese_code_page_are_read(tmp_path: Path) -> None:
    lines(TOWN).to_file(tmp_path / "a.shp", encoding="GB18030")
    (tmp_path / "a.cpg").unlink(missing_ok=True)
    assert seen(streets.read(tmp_path / "a.shp")) == wanted()


def test_geoparquet_says_what_to_install(tmp_path: Path) -> None:
    if GEOPARQUET:
        pytest.skip("pyarrow is installed")
    with pytest.raises(MissingExtraError, match="GeoParquet"):
        streets.check(damaged(tmp_path, "a.parquet", b"PAR1"))


# --- OpenStreetMap as it comes


def xml(tmp_path: Path, ways: str, lat: float = 29.5) -> streets.Reading:
    nodes = "".join(f'<node id="{i}" lat="{lat + i / 1000}" lon="120.9"/>' for i in range(1, 6))
    return streets.check(damaged(tmp_path, "a.osm", f'<osm version="0.6">{ways.replace("NODES", nodes)}</osm>'))


def way(number: int, *refs: int, **tags: str) -> str:
    inner = "".join(f'<nd ref="{r}"/>' for r in refs) + "".join(f'<tag k="{k}" v="{v}"/>' for k, v in tags.items())
    return f'<way id="{number}">{inner}</way>'


def test_overpass_writes_ways_before_nodes(tmp_path: Path) -> None:
    street = way(7, 1, 2, 3, highway="residential", name="人民 路,1=2%")
    for text in ("NODES" + street, street + "NODES"):
        found = xml(tmp_path, text)
        assert found.streets.edges["edge"].tolist() == ["7-0", "7-1"]
        assert found.streets.edges["name"].tolist() == ["人民 路,1=2%"] * 2


def test_what_an_extract_cut_off_is_counted(tmp_path: Path) -> None:
    text = way(7, 1, 2, 99, 3, 4, highway="path") + way(8, 98, 97, highway="path") + way(9, 1, highway="path")
    found = xml(tmp_path, "NODES" + text + way(10, 1, 5, route="ferry") + way(11, 1, 5, building="yes"))
    assert found.streets.edges["edge"].tolist() == ["7-0", "7-3"]
    notes = dict(found.counts[["note", "rejected"]].itertuples(index=False))
    assert notes == {
        "": 0, "不到两个点": 1, "路上的点不在文件里(截取范围以外)": 1, "不可步行:route=ferry 1 条": 1,
    }  # fmt: skip
    assert any("3 段路的端点不在文件里" in n for n in found.notes)
    both = streets.read(tmp_path / "a.osm", ways="all")
    assert "ferry" in both.edges["kind"].tolist()


def test_nodes_off_the_globe_are_named(tmp_path: Path) -> None:
    found = xml(tmp_path, "NODES" + way(7, 1, 2, highway="path"), lat=120.0)
    assert found.problems["column"].tolist()[:2] == ["坐标(节点 1)", "坐标(节点 2)"]


def test_nodes_an_editor_has_not_uploaded_are_read(tmp_path: Path) -> None:
    nodes = '<node id="-1" lat="29.5" lon="120.9"/><node id="-2" lat="29.501" lon="120.9"/>'
    found = xml(tmp_path, nodes + way(-7, -2, -1, highway="path"))
    assert found.streets.edges[["source", "target"]].to_numpy(object).tolist() == [["-2", "-1"]]


def test_the_walk_filter_is_the_rule(tmp_path: Path) -> None:
    shut = [(key, value) for key, values in rules.value("streets.walk").items() for value in values if key != "highway"]
    text = "".join(
        f'<way id="{i}"><nd ref="1"/><nd ref="2"/><tag k="highway" v="service"/><tag k="{k}" v="{v}"/></way>'
        for i, (k, v) in enumerate(shut, start=20)
    )
    text += "".join(way(50 + i, 1, 2, highway=v) for i, v in enumerate(rules.value("streets.walk")["highway"]))
    found = xml(tmp_path, "NODES" + text + way(7, 3, 4, highway="service"))
    assert found.counts[["read", "kept"]].sum().tolist() == [len(shut) + 15 + 1, 1]
    assert "foot=no 1 条" in found.counts["note"].iloc[1]


def test_progress_is_told_and_ends(tmp_path: Path) -> None:
    for name in ("t.osm.pbf", "t.graphml", "t.gpkg", "t.csv"):
        told: list[Any] = []
        add = told.append
        streets.read(written(tmp_path, name, TOWN), progress=lambda *step, add=add: add(step))
        assert told[0][0] == 0
        assert told[-1] == (100, 100, "读完")
        assert [d for d, *_ in told] == sorted(d for d, *_ in told)


def test_the_file_is_left_as_it_was(tmp_path: Path) -> None:
    for name in ("t.osm.pbf", "t.gpkg", "t.shp", "t.zip"):
        file = written(tmp_path, name, TOWN)
        before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
        streets.read(file)
        assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before


# --- components


def test_islands_are_kept_and_named(tmp_path: Path) -> None:
    found = streets.check(written(tmp_path, "t.osm.pbf", TOWN))
    parts = streets.components(found.streets)
    assert parts[["component", "name", "nodes", "edges"]].to_numpy(object).tolist() == [
        [1, "人民路、环城路一带", 6, 7],
        [2, "岛路一带", 2, 1],
    ]
    assert any("分 2 片" in n and "75.0%" in n for n in found.notes)


def test_components_need_neither_names_nor_places() -> None:
    nodes = pd.DataFrame({"node": ["a", "b", "c"]})
    edges = pd.DataFrame({"edge": ["1"], "source": ["a"], "target": ["c"], "length_m": [4.0]})
    found = gov.streets.components(Streets(nodes, edges))
    assert found["nodes"].tolist() == [2, 1]
    assert found["name"].is_unique
    none = gov.streets.components(Streets(nodes[:0], edges[:0]))
    assert none.dtypes.astype(str).to_dict() == found.dtypes.astype(str).to_dict()
    with pytest.raises(TableError, match="length_m"):
        gov.streets.components(Streets(nodes, edges.drop(columns="length_m")))


def test_a_file_of_nothing_but_loops_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("起点,终点,长度\n1,1,9\n2,2,9\n", "utf-8")
    assert "回环" in described(tmp_path / "a.csv")


def test_the_users_word_holds_against_the_file(tmp_path: Path) -> None:
    file = geojson(tmp_path, [(490000, 3260000), (490100, 3260000)])
    found = streets.check(file, crs="EPSG:4549")
    assert found.problems.empty
    assert found.streets.edges["length_m"].tolist() == [100]
    assert any("按所给的 EPSG:4549" in n for n in found.notes)


def test_a_folder_with_one_street_file_is_that_file(tmp_path: Path) -> None:
    (tmp_path / "shp").mkdir()
    as_lines(tmp_path / "shp" / "a.shp", TOWN)
    assert seen(streets.read(tmp_path / "shp")) == wanted()
    as_lines(tmp_path / "shp" / "b.gpkg", TOWN)
    assert "a.shp、b.gpkg" in described(tmp_path / "shp")


@pytest.mark.parametrize(
    "columns", [{"other_tags": ['"foot"=>"no"', None, None]}, {"u": 1, "v": 2, "key": 0, "osmid": 7}]
)
def test_lines_of_openstreetmap_without_a_highway_are_no_streets(tmp_path: Path, columns: dict[str, Any]) -> None:
    frame = lines(TOWN[:3]).assign(**columns)
    frame.loc[1, "highway"] = None
    frame.to_file(tmp_path / "a.gpkg")
    found = streets.check(tmp_path / "a.gpkg")
    assert len(found.streets.edges) == (1 if "other_tags" in columns else 2)
    assert found.counts["note"].str.contains("没有 highway 值").any()
    assert len(streets.read(tmp_path / "a.gpkg", ways="all").edges) == 3
    lines(TOWN[:3]).assign(highway=["path", None, None]).to_file(tmp_path / "b.gpkg")
    assert len(streets.read(tmp_path / "b.gpkg").edges) == 3, "others may leave it blank"


def test_nodes_in_any_order_are_found(tmp_path: Path) -> None:
    nodes = "".join(f'<node id="{i}" lat="{29.5 + i / 1000}" lon="120.9"/>' for i in (5, 3, 9, 1, 7))
    found = xml(tmp_path, nodes + way(7, 1, 3, 9, highway="path"))
    assert found.streets.edges["length_m"].round().tolist() == [222, 665]


def test_an_extract_may_hold_more_nodes_than_its_size_tells(tmp_path: Path) -> None:
    file = tmp_path / "a.osm.pbf"
    writer = osmium.SimpleWriter(str(file))
    for i in range(1, 20_001):
        writer.add_node(osmium.osm.mutable.Node(id=i, location=(120.0, 29 + i / 1e5)))
    writer.add_way(osmium.osm.mutable.Way(id=7, nodes=[1, 10_000, 20_000], tags={"highway": "path"}))
    writer.close()
    assert file.stat().st_size < 20_000
    assert streets.read(file).edges["length_m"].tolist() == pytest.approx([9_999 * 1.1085, 10_000 * 1.1085], rel=1e-3)


def test_a_course_written_backwards_is_turned(tmp_path: Path) -> None:
    (x, y), (u, v) = PLACES["a"], PLACES["f"]
    bow = f"LINESTRING ({u} {v}, {u + 0.0005} {v + 0.0002}, {x} {y})"
    net = streets.read(graphml(tmp_path, ("a", "f", {"length": 140.0, "geometry": bow}), crs="epsg:4326"))
    (row,) = net.edges.to_dict("records")
    at = net.nodes.set_index("node")
    for end, tip in ((row["source"], 0), (row["target"], -1)):
        assert row["geometry"].coords[tip] == pytest.approx(tuple(at.loc[end, ["x", "y"]]), abs=1e-6)
    elsewhere = "LINESTRING (120.95 29.6, 120.951 29.61, 120.96 29.6)"
    found = streets.check(graphml(tmp_path, ("a", "f", {"length": 140.0, "geometry": elsewhere}), crs="epsg:4326"))
    assert "geometry" not in found.streets.edges
    assert any("不在它的节点上" in n for n in found.notes)


def test_a_vertex_near_a_shared_one_is_not_joined(tmp_path: Path) -> None:
    shapes = line((0, 0), (50, 0), (100, 0)), line((50, -50), (50, 0), (50, 50)), line((0, 9), (50, 0.05), (100, 9))
    found = network(tmp_path, *shapes, osm_id=[1, 2, 3])
    assert sorted(streets.components(found.streets)["edges"]) == [1, 4]


def test_courses_end_at_the_node_their_end_was_moved_to(tmp_path: Path) -> None:
    found = network(tmp_path, line((-40, 0), (0, 0)), line((0.05, 0), (30, 40), (60, 40)))
    (row,) = found.streets.edges.dropna(subset="geometry").to_dict("records")
    at = found.streets.nodes.set_index("node")
    assert row["geometry"].coords[0] == tuple(at.loc[row["source"], ["x", "y"]])
    assert row["length_m"] == pytest.approx(row["geometry"].length)
