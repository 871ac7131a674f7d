"""Isochrones edge by edge with networkx, and gap areas with pencil and paper."""

from __future__ import annotations

import math
import os
from pathlib import Path

import networkx as nx
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from test_circle import AGES, GROUPS, by_networkx, people, sites, streets, worlds

from governance import circle, examples, rules
from governance.errors import TableError
from governance.tables import Streets

NETWORKS = Path(os.environ.get("GOVERNANCE_NETWORKS", Path(__file__).resolve().parents[2] / "shared" / "networks"))
BUFFER = rules.value("circle.buffer")


def plane(town: Streets, **at: tuple[float, float]) -> Streets:
    """The streets with coordinates: nodes not named lie at (0, 0)."""
    xy = pd.DataFrame([at.get(n, (0.0, 0.0)) for n in town.nodes["node"]], columns=["x", "y"], dtype=float)
    return Streets(nodes=town.nodes.assign(x=xy["x"], y=xy["y"]), edges=town.edges, crs="EPSG:32651")


#   a ---400--- b ---400--- c        d (no street)      60 m a minute: 300, 600, 900 m
#   0          400         800   x, y 0; d at (0, 5000)
LINE = plane(streets("a-400-b, b-400-c", "d"), a=(0, 0), b=(400, 0), c=(800, 0), d=(0, 5000))


def strip(metres: float, ends: float = 1.0) -> float:
    """km² of a straight strip widened by the buffer, with round ends (of 32-gons, as shapely draws them)."""
    disc = shapely.Point(0, 0).buffer(BUFFER, quad_segs=8).area
    return (2 * BUFFER * metres + ends * disc) / 1e6


def test_a_straight_street_is_cut_exactly_where_the_time_ends() -> None:
    found = circle.isochrones(LINE, sites(S1="meals a"), pace=60)
    assert found["minutes"].tolist() == [5, 10, 15]
    assert found["pace"].tolist() == [60.0] * 3
    assert found["length_km"].tolist() == [0.3, 0.6, 0.8]
    assert found["area_km2"].to_numpy() == pytest.approx([strip(m) for m in (300, 600, 800)])
    assert [round(g.bounds[2], 6) for g in found["geometry"]] == [325, 625, 825]
    assert found["place"].isna().all()
    assert found.attrs["crs"] == "EPSG:32651"


def test_a_street_walked_from_both_ends_counts_once() -> None:
    # S1 a and S2 c: 5 minutes reach 300 m from each side, 10 minutes all
    found = circle.isochrones(LINE, sites(S1="meals a", S2="meals c"), pace=60, minutes=[10, 5])
    assert found["length_km"].tolist() == [0.6, 0.8]
    assert found["area_km2"].to_numpy() == pytest.approx([2 * strip(300), strip(800)])
    alone = circle.isochrones(LINE, sites(S2="meals c", S1="meals a"), pace=60, minutes=[5], by="place")
    assert alone[["place", "service", "length_km"]].to_numpy().tolist() == [["S2", "meals", 0.3], ["S1", "meals", 0.3]]


def test_a_place_without_a_street_is_a_disc() -> None:
    found = circle.isochrones(LINE, sites(S1="health d"))
    assert found["length_km"].tolist() == [0.0] * 3
    assert found["area_km2"].to_numpy() == pytest.approx([strip(0)] * 3)
    assert found["geometry"].iloc[0].contains(shapely.Point(0, 5000))


def test_the_pace_is_that_of_the_slowest_the_service_is_for() -> None:
    place = sites(S1="childcare a", S2="meals a", S3="startup a", S4="idle a")
    found = circle.isochrones(LINE, place, minutes=[5])
    assert found[["service", "pace"]].to_numpy().tolist() == [["meals", 45.0], ["childcare", 60.0], ["startup", 45.0]]
    each = circle.isochrones(LINE, place, minutes=[5], by="place")
    assert each["service"].tolist() == ["childcare", "meals", "startup", "idle"]
    assert circle.isochrones(LINE, place, minutes=[5], pace="wheelchair")["length_km"].tolist() == [0.2] * 3
    fast = circle.isochrones(LINE, place, minutes=[5], pace=160, by="place")  # farther than the fastest of the rules
    assert fast["length_km"].tolist() == [0.8] * 4


def test_a_bent_street_is_cut_along_its_bend_in_its_own_direction() -> None:
    # a (0,0) up to (0,100), right to (300,100) = b; told 800 m long (it climbs): after 300 m lie 3/8 of the line
    bend = shapely.LineString([(0, 0), (0, 100), (300, 100)])
    town = plane(streets("a-800-b, b-100-c"), a=(0, 0), b=(300, 100), c=(300, 0))
    town = Streets(nodes=town.nodes, edges=town.edges.assign(geometry=[bend, None]))
    (area,) = circle.isochrones(town, sites(S1="meals a"), pace=60, minutes=[5])["geometry"]
    assert area.contains(shapely.Point(0, 100))
    assert area.bounds[2] == pytest.approx(400 * 3 / 8 - 100 + BUFFER)
    (back,) = circle.isochrones(town, sites(S1="meals c"), pace=60, minutes=[5])["geometry"]
    assert back.bounds[0] == pytest.approx(300 - 400 * 2 / 8 - BUFFER)  # 200 m of 800 along the bend from b
    assert not back.contains(shapely.Point(0, 100))


def test_areas_need_coordinates_and_a_time() -> None:
    with pytest.raises(TableError, match="x、y"):
        circle.isochrones(streets("a-10-b"), sites(S1="meals a"))
    lost = Streets(nodes=LINE.nodes.assign(x=[0.0, np.nan, 800.0, 0.0]), edges=LINE.edges)
    with pytest.raises(TableError, match="没有坐标,无法画等时圈:b"):
        circle.isochrones(lost, sites(S1="meals a"))
    for wrong in ({"minutes": [0]}, {"minutes": []}, {"by": "room"}, {"minutes": [math.inf]}):
        with pytest.raises(TableError, match="by 应为"):
            circle.isochrones(LINE, sites(S1="meals a"), **wrong)


def test_no_places_make_a_frame_of_the_same_columns() -> None:
    full = circle.isochrones(LINE, sites(S1="meals a"))
    for by in ("service", "place"):
        empty = circle.isochrones(LINE, sites(S1="meals a").head(0), by=by)
        assert empty.empty
        pd.testing.assert_series_equal(empty.dtypes, full.dtypes)


def by_edge(town: Streets, sources: set[str], metres: float) -> float:
    """Kilometres walked, counted on a copy of the network cut into pieces of a decimetre's multiple, edge by edge."""
    far = nx.multi_source_dijkstra_path_length(by_networkx(town), sources, weight="w")
    total = 0.0
    for a, b, length in town.edges[["source", "target", "length_m"]].itertuples(index=False):
        whole = round(length * 10)
        spots = np.arange(whole) + 0.5  # the middle of every decimetre: is it walked to from one end or the other?
        near = np.minimum(far.get(a, math.inf) + spots, far.get(b, math.inf) + whole - spots)
        total += np.count_nonzero(near < metres * 10)
    return total / 10_000


@settings(max_examples=15, deadline=None)
@given(worlds(), st.data())
def test_lengths_equal_an_edge_by_edge_count_and_areas_nest(world: tuple, data: st.DataObject) -> None:
    town, where, _ = world
    spot = st.tuples(st.integers(0, 900), st.integers(0, 900))
    at = {n: data.draw(spot) for n in town.nodes["node"]}
    drawn = plane(town, **at)
    pace = data.draw(st.sampled_from([40, 60.5, 80]))
    for by in ("service", "place"):
        found = circle.isochrones(drawn, where, pace=pace, by=by)
        for row in found.to_dict("records"):
            mine = where[where["service" if by == "service" else "site"] == row[by]]
            assert row["length_km"] == pytest.approx(by_edge(town, set(mine["node"]), row["minutes"] * pace), abs=1e-9)
            assert row["geometry"].area / 1e6 == row["area_km2"]
            assert all(row["geometry"].buffer(1e-6).contains(shapely.Point(at[n])) for n in mine["node"])
        for _, rows in found.groupby(by):
            five, ten, fifteen = rows["geometry"]
            assert five.difference(ten).area < 1e-6
            assert ten.difference(fifteen).area < 1e-6
            assert rows["area_km2"].diff().fillna(0).ge(-1e-12).all()
            assert rows["length_km"].diff().fillna(0).ge(0).all()


@settings(max_examples=8, deadline=None)
@given(worlds())
def test_order_of_nodes_and_edges_changes_no_area(world: tuple) -> None:
    town, where, _ = world
    at = {n: (100.0 * i, 70.0 * (i % 3)) for i, n in enumerate(town.nodes["node"])}
    drawn = plane(town, **at)
    mixed = Streets(nodes=drawn.nodes.iloc[::-1], edges=drawn.edges.iloc[::-1])
    one, two = circle.isochrones(drawn, where, minutes=[7.5]), circle.isochrones(mixed, where.iloc[::-1], minutes=[7.5])
    pd.testing.assert_frame_equal(one.drop(columns="geometry"), two.drop(columns="geometry"))


def test_the_grown_area_equals_the_area_of_all_pieces_at_once() -> None:
    county = examples.county()
    whole = circle.isochrones(county.streets, county.sites.query("service == 'health'"))
    for minutes, area in whole[["minutes", "geometry"]].itertuples(index=False):
        (alone,) = circle.isochrones(county.streets, county.sites.query("service == 'health'"), minutes=[minutes])[
            "geometry"
        ]
        assert alone.symmetric_difference(area).area < 1e-3


@pytest.mark.skipif(not NETWORKS.is_dir(), reason=f"no street networks at {NETWORKS}")
def test_isochrones_of_real_streets_equal_an_independent_sum() -> None:
    lines = pytest.importorskip("geopandas").read_file(NETWORKS / "libpysal_geodanet_streets.shp").geometry
    ends = [[tuple(np.round(line.coords[i], 3)) for line in lines] for i in (0, -1)]
    names = {xy: f"n{i:05d}" for i, xy in enumerate(sorted({*ends[0], *ends[1]}))}
    nodes = pd.DataFrame({"node": list(names.values()), "x": [xy[0] for xy in names], "y": [xy[1] for xy in names]})
    edges = pd.DataFrame({"source": [names[p] for p in ends[0]], "target": [names[p] for p in ends[1]]})
    edges = edges.assign(length_m=lines.length.round(1).to_numpy(), geometry=lines.to_numpy(object))
    town = Streets(nodes=nodes, edges=edges)
    place = pd.DataFrame({"site": ["S1", "S2"], "service": "health", "node": nodes["node"].iloc[[30, 200]].tolist()})
    found = circle.isochrones(town, place, pace=80)
    for row in found.to_dict("records"):
        assert row["length_km"] == pytest.approx(by_edge(town, set(place["node"]), row["minutes"] * 80), abs=1e-9)
        shape = row["geometry"]
        assert shape.is_valid
        pieces = lines[lines.intersects(shape)].intersection(shape.buffer(-BUFFER * 0.9)).length.sum() / 1000
        assert pieces == pytest.approx(row["length_km"], rel=0.25)  # the shape lies where the streets lie
    assert found["area_km2"].is_monotonic_increasing


# --- gap areas


#   a --200-- b --300-- c --300.1-- d --100-- e     places: meals at e (so d and e lack other things than a b c)
#   elders only; the limit of neighbours is 300 m
TOWN = "a-200-b, b-300-c, c-300.1-d, d-100-e"


def gap_areas(crowd: pd.DataFrame, town: Streets, **where: str) -> pd.DataFrame:
    near = circle.reach(town, sites(**where).head(len(where)) if where else sites(S1="meals a").head(0))
    return circle.clusters(circle.gaps(near, crowd), crowd, town)


def named(town: Streets, *names: str | float) -> Streets:
    return Streets(nodes=town.nodes, edges=town.edges.assign(name=list(names)))


def test_gap_areas_equal_the_pencil_calculation() -> None:
    town = named(streets(TOWN), "东街", "西街", "西街", np.nan)
    crowd = people(**{n: [0, 0, 0, 0, 10 + i, 0] for i, n in enumerate("abcde")})
    found = gap_areas(crowd, town)  # nothing anywhere: all lack the same; c and d are 300.1 m apart
    assert list(found) == ["area", "name", "township", "compounds", "missing", "people", "node", *AGES]
    lacks = "elder_care|meals|culture|health"
    assert found.drop(columns=AGES).to_numpy().tolist() == [
        [1, "乙村(a苑、b苑、c苑)东街一带", "甲镇", 3, lacks, 10 + 11 + 12, "c"],  # both streets meet two of its nodes
        [2, "乙村(d苑、e苑)西街一带", "甲镇", 2, lacks, 13 + 14, "e"],
    ]
    assert found["age_60_79"].tolist() == [33, 27]
    part = gap_areas(crowd, town, S1="meals e")  # meals for all but a (900.1 m)
    assert part[["compounds", "missing", "people"]].to_numpy().tolist() == [
        [2, "elder_care|culture|health", 27],
        [2, "elder_care|culture|health", 11 + 12],
        [1, lacks, 10],
    ]


def test_people_who_lack_several_services_count_once() -> None:
    crowd = people(a=[0, 0, 0, 0, 10, 3])
    found = gap_areas(crowd, streets("a-1000-b"), S1="culture b", S2="health a")
    # 80+ and 60-79 lack elder care, meals and culture: 13 persons, 39 persons x services
    assert found[["people", "age_60_79", "age_80_up", "missing"]].to_numpy().tolist() == [
        [13, 10, 3, "elder_care|meals|culture"]
    ]
    only = gap_areas(crowd, streets("a-800-b"), S1="elder_care b", S2="meals b", S3="culture b", S4="health b")
    assert only[["people", "age_60_79", "age_80_up"]].to_numpy().tolist() == [[3, 0, 3]]  # 800 m: too far for 80+


def test_gap_areas_name_several_communities_and_join_homes_at_one_node() -> None:
    crowd = people(a=[0, 0, 0, 0, 1, 0], b=[0, 0, 0, 0, 2, 0])
    crowd = crowd.assign(node="a", community=["乙村", "丙村"], township=["甲镇", "丁镇"], compound=["", "东苑"])
    (row,) = gap_areas(crowd, streets("a-10-b")).to_dict("records")
    assert (row["name"], row["township"], row["compounds"], row["people"]) == ("丙村(东苑)、乙村", "丁镇|甲镇", 2, 3)


def test_homes_off_the_streets_are_areas_of_their_own() -> None:
    crowd = people(a=[0, 0, 0, 0, 1, 0], y=[0, 0, 0, 0, 2, 0], z=[0, 0, 0, 0, 3, 0])
    found = gap_areas(crowd, streets("a-10-b"))
    assert found[["node", "compounds", "people"]].to_numpy().tolist() == [["z", 1, 3], ["y", 1, 2], ["a", 1, 1]]
    none = Streets(nodes=LINE.nodes.head(0), edges=LINE.edges.head(0))
    assert circle.clusters(circle.gaps(drawn_none(), crowd), crowd, none)["compounds"].tolist() == [1, 1, 1]


def drawn_none() -> pd.DataFrame:
    return circle.reach(LINE, sites(S1="meals a").head(0))


def test_gap_areas_need_compounds_that_are_told_once_and_placed() -> None:
    town, crowd = streets("a-10-b"), people(a=[1] * 6, b=[1] * 6)
    gaps = circle.gaps(circle.reach(town, sites(S1="meals a")), crowd)
    with pytest.raises(TableError, match=r"居民点重复:甲镇\|乙村\|a苑"):
        circle.clusters(gaps, pd.concat([crowd, crowd.iloc[:1]]), town)
    for less in (crowd.iloc[1:], crowd.assign(node=[np.nan, "b"])):
        with pytest.raises(TableError, match=r"没有这些居民点,或没有路网节点:甲镇\|乙村\|a苑"):
            circle.clusters(gaps, less, town)
    empty = circle.clusters(gaps.head(0), crowd, town)
    pd.testing.assert_series_equal(empty.dtypes, circle.clusters(gaps, crowd, town).dtypes)


@settings(max_examples=12, deadline=None)
@given(worlds(), st.randoms(use_true_random=False))
def test_gap_areas_equal_a_plain_join(world: tuple, random: object) -> None:
    town, where, crowd = world
    near = circle.reach(town, where)
    gaps = circle.gaps(near, crowd)
    found = circle.clusters(gaps, crowd, town)
    lacks = gaps.groupby("compound")["service"].agg(lambda s: "|".join(g for g in GROUPS if g in set(s))).to_dict()
    steps = dict(nx.all_pairs_dijkstra_path_length(by_networkx(town), weight="w"))
    at = dict(zip(crowd["compound"], crowd["node"], strict=True))
    graph = nx.Graph()
    graph.add_nodes_from(lacks)
    graph.add_edges_from(
        (a, b) for a in lacks for b in lacks if lacks[a] == lacks[b] and steps[at[a]].get(at[b], 10**9) <= 3000
    )
    size = gaps.groupby("compound")[AGES].max().sum(axis=1)
    wanted = sorted((len(c), lacks[min(c)], int(size[list(c)].sum())) for c in nx.connected_components(graph))
    assert sorted(found[["compounds", "missing", "people"]].itertuples(index=False, name=None)) == wanted
    assert found["people"].is_monotonic_decreasing
    seed = random.randrange(2**32)  # type: ignore[attr-defined]
    mixed = circle.clusters(gaps.sample(frac=1, random_state=seed), crowd.sample(frac=1, random_state=seed), town)
    pd.testing.assert_frame_equal(mixed, found)


def test_callers_frames_are_not_changed() -> None:
    crowd, place = people(a=[1] * 6, b=[1] * 6, c=[2] * 6), sites(S1="meals a")
    gaps = circle.gaps(circle.reach(LINE, place), crowd)
    kept = [f.copy() for f in (LINE.nodes, LINE.edges, crowd, place, gaps)]
    circle.isochrones(LINE, place)
    circle.clusters(gaps, crowd, LINE)
    for old, new in zip(kept, [LINE.nodes, LINE.edges, crowd, place, gaps], strict=True):
        pd.testing.assert_frame_equal(old, new)
