"""The circle against pencil and paper, against networkx, and against what must never happen."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from governance import circle, rules
from governance.errors import RuleError, TableError
from governance.examples.town import urban
from governance.tables import Streets

AGES = ["age_0_2", "age_3_6", "age_7_14", "age_15_59", "age_60_79", "age_80_up"]
GROUPS = rules.value("circle.groups")
UNCOUNTED = sorted(set(rules.value("siting.needs")) - set(GROUPS))  # services whose users age does not tell


def streets(text: str, nodes: str = "") -> Streets:
    """Streets from 'a-300-b, b-375.5-c': an edge each; ``nodes`` adds lonely ones."""
    edges = [part.strip().split("-") for part in text.split(",") if part.strip()]
    names = sorted({n for a, _, b in edges for n in (a, b)} | set(nodes))
    frame = pd.DataFrame(edges, columns=["source", "length_m", "target"]).astype({"length_m": float})
    frame.insert(0, "edge", [f"E{i}" for i in range(len(edges))])
    return Streets(nodes=pd.DataFrame({"node": pd.Series(names, dtype="str")}), edges=frame)


def sites(**where: str) -> pd.DataFrame:
    """Sites from S1='meals a'."""
    pairs = [(k, *v.split()) for k, v in where.items()]
    return pd.DataFrame(pairs, columns=["site", "service", "node"])


def people(**at: list[int]) -> pd.DataFrame:
    """One compound a node, with its six age groups; all in 甲镇 乙村."""
    rows = [
        {"township": "甲镇", "community": "乙村", "compound": f"{n}苑", "node": n, **dict(zip(AGES, v, strict=True))}
        for n, v in at.items()
    ]
    return pd.DataFrame(rows, columns=["township", "community", "compound", "node", *AGES])


#   a ---300--- b ---375--- c ---225--- d ---0.1--- e        f (no street)
#               |           |
#             (120)       (480)
#               g           h                  elder care (S1) at a
#   60-79 walk 60 m a minute: 300, 600, 900 m;  80+ walk 45: 225, 450, 675 m
DRAWN = "a-300-b, b-375-c, c-225-d, d-0.1-e, b-120-g, c-480-h"
# 60-79: a10 b11 c12 d13 e14 f15 g16 h17; one 80+ each
OLD = {n: [0, 0, 0, 0, 10 + i, 1] for i, n in enumerate("abcdefgh")}


def drawn() -> pd.DataFrame:
    return circle.reach(streets(DRAWN, "f"), sites(S1="elder_care a"))


def covered(cover: pd.DataFrame, group: str) -> list[int]:
    return cover.query("service == 'elder_care' and group == @group")["covered"].tolist()


def test_coverage_equals_the_pencil_calculation() -> None:
    # metres from a: b 300, g 420, c 675, d 900 (exactly the limit), e 900.1, h 1155, f none
    cover = circle.coverage(drawn(), people(**OLD)).query("service == 'elder_care'")
    assert covered(cover, "age_60_79") == [10 + 11, 10 + 11 + 16, 10 + 11 + 16 + 12 + 13]
    assert covered(cover, "age_80_up") == [1, 3, 4]  # a; a b g; a b g c
    assert cover.query("group == 'age_60_79'")["people"].tolist() == [108] * 3
    assert cover.query("group == 'age_60_79'")["share"].tolist() == [n / 108 for n in (21, 37, 62)]


def test_gaps_equal_the_pencil_calculation() -> None:
    gaps = circle.gaps(drawn(), people(**OLD)).query("service == 'elder_care'")
    assert gaps[["compound", "people"]].to_numpy().tolist() == [["h苑", 18], ["f苑", 16], ["e苑", 15], ["d苑", 1]]
    assert gaps["metres"].fillna(-1).tolist() == [1155.0, -1, 900.1, 900.0]
    # the slowest left out are the 80+ at 45 m a minute; nobody has walked to f
    assert gaps["minutes"].round(3).fillna(-1).tolist() == [round(m / 45, 3) for m in (1155, -45, 900.1, 900)]
    assert gaps["site"].fillna("").tolist() == ["S1", "", "S1", "S1"]
    assert gaps[["age_60_79", "age_80_up"]].to_numpy().tolist() == [[17, 1], [15, 1], [14, 1], [0, 1]]
    assert (gaps[["age_0_2", "age_3_6", "age_7_14", "age_15_59"]] == 0).all().all()


def test_gaps_name_places_farther_than_the_reach_where_nearest_is_given() -> None:
    town, place = streets("a-5000-b, b-100-c", "f"), sites(S1="meals a", S2="culture c")
    near, crowd = circle.reach(town, place), people(b=[0, 0, 0, 0, 3, 2], f=[0, 0, 0, 0, 1, 0])
    blind = circle.gaps(near, crowd).query("service == 'meals'")
    assert blind[["metres", "minutes", "site"]].isna().all().all()
    seen = circle.gaps(near, crowd, nearest=circle.nearest(town, place)).query("service == 'meals'")
    assert seen[["compound", "metres", "site"]].astype(object).fillna("-").to_numpy().tolist() == [
        ["b苑", 5000, "S1"],
        ["f苑", "-", "-"],
    ]
    assert seen["minutes"].iloc[0] == 5000 / 45
    assert list(blind) == list(seen)
    pd.testing.assert_series_equal(blind.dtypes, seen.dtypes)


def test_gaps_refuse_a_nearest_of_other_places() -> None:
    town, crowd = streets("a-10-b"), people(b=[1] * 6)
    near = circle.reach(town, sites(S1="culture a"))
    with pytest.raises(TableError, match="b苑 的 meals"):
        circle.gaps(near, crowd, nearest=circle.nearest(town, sites(S1="culture a", S2="meals a")))


def test_left_out_and_nothing_equal_the_pencil_calculation() -> None:
    # elder care at a: 60-79 beyond 900 m e f h, 80+ beyond 675 m d e f h; culture at h (480 m from c): reached from
    # c d b(855) and h by 60-79 (900 m), from c h (and not d: 705) by 80+
    near = circle.reach(streets(DRAWN, "f"), sites(S1="elder_care a", S2="culture h"))
    out = circle.left_out(near, people(**OLD)).set_index(["service", "group"])
    assert out.loc[("elder_care", "age_60_79"), ["people", "left_out"]].tolist() == [108, 14 + 15 + 17]
    assert out.loc[("elder_care", "age_80_up"), "share"] == 4 / 8
    assert out.loc[("meals", "age_80_up"), "left_out"] == 8
    assert np.isnan(out.loc[("childcare", "age_0_2"), "share"])
    assert list(out.index) == [(s, a) for s in GROUPS for a in GROUPS[s]]
    none = circle.nothing(near, people(**OLD)).set_index("group")
    assert none.loc["age_60_79"].tolist() == [108, 14 + 15 - 14, 15 / 108]  # f; e is 705.1 m from h
    assert none.loc["age_80_up", "left_out"] == 3  # d e f


def test_doubles_equal_the_pencil_calculation() -> None:
    # S1 a, S2 c, S3 c. 60-79 (900 m): a 0/675, b 300/375, g 420/495, c, d 900/225, e 900.1/225.1, h 1155/480
    near = circle.reach(streets(DRAWN, "f"), sites(S1="elder_care a", S2="elder_care c", S3="elder_care c"))
    found = circle.doubles(near, people(**OLD)).query("service == 'elder_care'").set_index("sites")
    three, two, none = [10, 11, 16, 12, 13], [14, 17], [15]
    old = {"3+": 4, "2": 3, "1": 0, "0": 1}  # 80+ (675 m): a b g c all three; d e h the two at c
    assert found["people"].to_dict() == {
        "0": sum(none) + old["0"],
        "1": 0,
        "2": sum(two) + old["2"],
        "3+": sum(three) + old["3+"],
    }
    assert found["share"].sum() == pytest.approx(1)
    nobody = circle.doubles(near, people()).query("service == 'elder_care'")
    assert nobody["people"].tolist() == [0, 0, 0, 0]
    assert nobody["share"].isna().all()


def test_a_place_listed_twice_counts_once() -> None:
    near = circle.reach(streets("a-10-b"), sites(S1="meals a"))
    twice = pd.concat([near, near], ignore_index=True)
    crowd = people(a=[1] * 6)
    for judge in (circle.coverage, circle.gaps, circle.overlap, circle.doubles, circle.completeness):
        pd.testing.assert_frame_equal(judge(twice, crowd), judge(near, crowd))


def test_doubles_need_each_place_not_only_the_nearest() -> None:
    for judge in (circle.doubles, circle.overlap):
        with pytest.raises(TableError, match="origin"):
            judge(circle.nearest(streets("a-10-b"), sites(S1="meals a")), people(a=[1] * 6))


def test_a_wheelchair_and_other_paces_equal_the_pencil_calculation() -> None:
    # 40 m a minute: 200, 400, 600 m from a lie a; a b; a b g. 30 m a minute: 150, 300, 450 m: a; a b; a b g
    near, crowd = drawn(), people(**OLD)
    for pace in ("wheelchair", 40):
        cover = circle.coverage(near, crowd, pace=pace)
        assert covered(cover, "age_60_79") == [10, 10 + 11, 10 + 11 + 16]
        assert covered(cover, "age_80_up") == [1, 2, 3]
        assert list(cover) == list(circle.COVERAGE)
    assert covered(circle.coverage(near, crowd, pace=30), "age_80_up") == [1, 2, 3]
    gaps = circle.gaps(near, crowd, pace="wheelchair").query("service == 'elder_care'")
    assert set(gaps["compound"]) == {"c苑", "d苑", "e苑", "f苑", "h苑"}
    assert gaps.query("compound == 'd苑'")["minutes"].tolist() == [900 / 40]
    assert circle.left_out(near, crowd, pace="wheelchair")["left_out"].head(2).tolist() == [71, 5]
    assert circle.nothing(near, crowd, pace=40)["left_out"].tolist()[-2:] == [71, 5]
    assert circle.doubles(near, crowd, pace=40)["people"].head(2).tolist() == [76, 37 + 3]
    pd.testing.assert_frame_equal(circle.overlap(near, crowd, pace=40), circle.overlap(near, crowd, pace="wheelchair"))


def test_a_pace_beyond_the_search_is_refused_and_one_within_is_not() -> None:
    # 15 minutes at 80 m are 1200 m: at 100 m a minute that is 12 minutes, and 19 minutes of search would do
    near, crowd = drawn(), people(**OLD)
    assert circle.coverage(near, crowd, pace=100)["minutes"].unique().tolist() == [5, 10]
    for judge in (circle.gaps, circle.overlap, circle.doubles, circle.completeness, circle.left_out, circle.nothing):
        with pytest.raises(TableError, match="minutes=19"):
            judge(near, crowd, pace=100)
    wide = circle.reach(streets(DRAWN, "f"), sites(S1="elder_care a"), minutes=19)
    assert covered(circle.coverage(wide, crowd, pace=100), "age_80_up") == [3, 6, 7]
    short = circle.reach(streets(DRAWN, "f"), sites(S1="elder_care a"), minutes=7.5)
    assert covered(circle.coverage(short, crowd, pace="wheelchair"), "age_80_up") == [1, 2, 3]


@pytest.mark.parametrize("pace", ["running", 0, -3.0, np.nan, np.inf])
def test_a_pace_that_is_none_is_refused(pace: str | float) -> None:
    with pytest.raises(RuleError, match="pace="):
        circle.coverage(drawn(), people(**OLD), pace=pace)


def test_completeness_equals_the_pencil_calculation() -> None:
    # meals at a (80+: 675 m): a b g c; culture at c (80+ again): a b g c d e h; health asked for, nowhere
    near = circle.reach(streets(DRAWN, "f"), sites(S1="meals a", S2="culture c"))
    asked = ["health", "culture", "meals"]
    found = circle.completeness(near, people(**OLD), required=asked).set_index("compound")
    assert found["reached"].to_dict() == dict(
        zip([f"{n}苑" for n in "fhedgcba"], [0, 1, 1, 1, 2, 2, 2, 2], strict=True)
    )
    assert list(found.index) == [f"{n}苑" for n in "fhedgcba"]
    assert found.loc["d苑", ["people", "required", "missing", "share"]].tolist() == [14, 3, "health|meals", 1 / 3]
    assert found.loc["f苑", "missing"] == "health|culture|meals"
    whole = circle.completeness(near, people(**OLD), required=["meals"])
    assert set(whole.loc[whole["reached"] == 1, "missing"]) == {""}
    assert circle.completed(whole)[["people", "completed", "fewest"]].to_numpy().tolist() == [
        [116, 11 + 12 + 13 + 17, 0]
    ]


def test_completed_puts_the_community_with_the_smallest_share_first() -> None:
    near = circle.reach(streets("a-10-b", "c"), sites(S1="meals a"))
    crowd = people(a=[1] * 6, b=[1] * 6, c=[1] * 6).assign(community=["东村", "西村", "西村"])
    found = circle.completed(circle.completeness(near, crowd, required=["meals"]))
    assert found[["community", "people", "completed", "share", "missing"]].to_numpy().tolist() == [
        ["西村", 12, 6, 0.5, "meals"],
        ["东村", 6, 6, 1.0, ""],
    ]
    empty = circle.completed(circle.completeness(near, people()))
    assert empty.empty
    pd.testing.assert_series_equal(empty.dtypes, found.dtypes)


def test_completeness_asks_only_for_services_that_ages_tell() -> None:
    for asked, word in ((["startup"], "startup"), ([], "没有列出")):
        with pytest.raises(RuleError, match=word):
            circle.completeness(drawn(), people(**OLD), required=asked)
    assert circle.completeness(drawn(), people(**OLD))["required"].unique().tolist() == [len(GROUPS)]


def test_overlap_equals_the_pencil_calculation() -> None:
    # second site at c: within 675 m (15 minutes of the slowest) of a and c lie a, b, g and c, but not d, e, h
    near = circle.reach(streets(DRAWN, "f"), sites(S1="elder_care a", S2="elder_care c"))
    doubled = circle.overlap(near, people(**OLD)).query("service == 'elder_care'")
    assert sorted(doubled["compound"]) == ["a苑", "b苑", "c苑", "g苑"]
    assert set(doubled["sites"]) == {2}
    assert doubled["people"].sum() == 11 + 12 + 13 + 17


def test_reach_holds_each_place_with_metres_and_minutes_of_the_fastest() -> None:
    near = circle.reach(streets("a-300-b, b-375-c"), sites(S2="meals b", S1="culture a"), minutes=5)
    assert near.to_numpy().tolist() == [
        ["S2", "meals", "b", 0.0, 0.0, 5.0],
        ["S2", "meals", "a", 300.0, 3.75, 5.0],
        ["S2", "meals", "c", 375.0, 4.6875, 5.0],
        ["S1", "culture", "a", 0.0, 0.0, 5.0],
        ["S1", "culture", "b", 300.0, 3.75, 5.0],
    ]


def test_a_tenth_of_a_metre_sums_to_exactly_the_limit() -> None:
    chain = ", ".join(f"n{i:05d}-0.1-n{i + 1:05d}" for i in range(12_001))  # as floats the sum misses 1200
    near = circle.reach(streets(chain), sites(S1="meals n00000"))
    assert near["metres"].max() == 1200.0
    assert len(near) == 12_001


def test_parallel_edges_keep_the_shortest_and_loops_do_nothing() -> None:
    near = circle.reach(streets("a-50-b, b-30-a, a-40-b, a-5-a"), sites(S1="meals a"))
    assert near["metres"].tolist() == [0.0, 30.0]


def test_zero_length_edges_are_walked() -> None:
    town = streets("a-0-b, b-0-c, c-10-d")
    assert circle.reach(town, sites(S1="meals a"))["metres"].tolist() == [0.0, 0.0, 0.0, 10.0]
    found = circle.nearest(town, sites(S1="meals a")).query("service == 'meals'")
    assert found["metres"].tolist() == [0.0, 0.0, 0.0, 10.0]


def test_half_decimetres_round_up() -> None:
    near = circle.reach(streets("a-64.35-b, b-0.05-c, c-0.04-d"), sites(S1="meals a"))
    assert near["metres"].tolist() == [0.0, 64.4, 64.5, 64.5]


def test_places_at_one_node_each_have_their_rows() -> None:
    near = circle.reach(streets("a-10-b"), sites(S1="meals a", S2="culture a", S3="meals a"))
    assert near["origin"].tolist() == ["S1", "S1", "S2", "S2", "S3", "S3"]


def test_more_origins_than_one_batch_holds_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    town, place = streets(DRAWN), sites(S1="meals a", S2="culture c", S3="meals h")
    whole = circle.reach(town, place)
    monkeypatch.setattr("governance.circle.search.BATCH", 1)
    pd.testing.assert_frame_equal(circle.reach(town, place), whole)


def test_of_places_equally_near_the_smaller_id_counts() -> None:
    near = circle.nearest(streets("a-10-b, b-10-c"), sites(S2="meals a", S1="meals c", S0="culture a"))
    assert near.query("service == 'meals'")["site"].tolist() == ["S2", "S1", "S1"]


def test_nearest_holds_every_node_and_service_even_without_a_site() -> None:
    near = circle.nearest(streets("a-10-b", "c"), sites(S1="meals a"))
    assert len(near) == 3 * len(GROUPS)
    assert near.query("service != 'meals'")["metres"].map(np.isinf).all()
    assert near.query("service == 'meals' and node == 'c'")["site"].isna().all()


def test_idle_rooms_are_reached_but_cover_nobody() -> None:
    rooms = sites(F1="idle a", F2="meals b").rename(columns={"site": "room"})
    rooms = rooms.assign(name="房", township="甲镇", community="乙村")
    empty = pd.DataFrame(columns=["site", "name", "service", "node", "township", "community", "capacity"])
    place = circle.places(empty, rooms)
    assert place["kind"].tolist() == ["room", "room"]
    near = circle.reach(streets("a-10-b"), place)
    assert near.query("origin == 'F1'")["service"].unique().tolist() == ["idle"]
    cover = circle.coverage(near, people(a=[1] * 6))
    assert cover[cover["covered"] > 0]["service"].unique().tolist() == ["meals"]
    assert "idle" not in set(circle.nearest(streets("a-10-b"), place)["service"])


def test_coverage_names_every_required_service_even_without_any_site() -> None:
    near = circle.reach(streets("a-10-b"), sites(S1="meals a").iloc[:0])
    cover = circle.coverage(near, people(a=[1] * 6))
    assert len(cover) == sum(map(len, GROUPS.values())) * 3
    assert set(cover["service"]) == set(GROUPS)
    assert (cover["covered"] == 0).all()
    assert set(circle.gaps(near, people(a=[1] * 6))["service"]) == set(GROUPS)


def test_missing_ages_count_as_nobody_and_nobody_has_no_share() -> None:
    crowd = people(a=[1] * 6)
    crowd["age_0_2"] = pd.array([pd.NA], dtype="Int64")
    cover = circle.coverage(circle.reach(streets("a-10-b"), sites(S1="childcare a")), crowd)
    child = cover.query("service == 'childcare'")
    assert child["people"].tolist() == [0, 0, 0]
    assert child["share"].isna().all()


def test_compounds_without_a_node_are_left_out_and_reported() -> None:
    crowd = pd.concat([people(a=[1] * 6), people(b=[2] * 6).assign(node=np.nan), people(z=[3] * 6)], ignore_index=True)
    near = circle.reach(streets("a-10-b"), sites(S1="meals a"))
    cover = circle.coverage(near, crowd.iloc[:2])
    assert cover.query("service == 'meals' and minutes == 5")["people"].tolist() == [1, 1]
    left = circle.unplaced(crowd, streets("a-10-b"))
    assert left[["compound", "people"]].to_numpy().tolist() == [["b苑", 12], ["z苑", 18]]


def test_a_shorter_search_is_not_passed_off_as_fifteen_minutes() -> None:
    near = circle.reach(streets(DRAWN), sites(S1="meals a"), minutes=5)
    assert circle.coverage(near, people(**OLD))["minutes"].unique().tolist() == [5]
    for judge in (circle.gaps, circle.overlap):
        with pytest.raises(TableError, match="只算到 5 分钟"):
            judge(near, people(**OLD))
    assert circle.coverage(circle.reach(streets(DRAWN), sites(S1="meals a"), minutes=3), people(**OLD)).empty


@pytest.mark.parametrize(
    ("place", "named"),
    [
        (sites(S1="meals a", S9="meals z"), "S9(节点 z)"),
        (sites(S1="meals a").assign(node=np.nan), "S1(节点 空)"),
        (sites(S1="meals a").assign(service=np.nan), "S1"),
    ],
)
def test_places_off_the_streets_are_named(place: pd.DataFrame, named: str) -> None:
    for find in (circle.reach, circle.nearest):
        with pytest.raises(TableError) as fault:
            find(streets("a-10-b"), place)
        assert named in str(fault.value)


def test_edges_off_the_nodes_or_without_length_are_named() -> None:
    town = streets("a-10-b, b-20-c")
    lost = Streets(nodes=town.nodes.iloc[:2], edges=town.edges)
    with pytest.raises(TableError, match="不在路网节点中:E1"):
        circle.reach(lost, sites(S1="meals a"))
    for bad in (np.nan, -1.0):
        wrong = Streets(nodes=town.nodes, edges=town.edges.assign(length_m=[bad, 1.0]))
        with pytest.raises(TableError, match="长度缺失或为负:E0"):
            circle.reach(wrong, sites(S1="meals a"))
    twice = Streets(nodes=pd.concat([town.nodes, town.nodes]), edges=town.edges)
    with pytest.raises(TableError, match="节点编号重复"):
        circle.reach(twice, sites(S1="meals a"))


def test_an_id_shared_by_site_and_room_and_an_unknown_service_are_refused() -> None:
    site = sites(X1="meals a").assign(name="点", township="甲镇", community="乙村", capacity=3)
    room = site.rename(columns={"site": "room"})
    with pytest.raises(TableError, match="X1"):
        circle.places(site, room)
    near = circle.reach(streets("a-10-b"), sites(S1="zoo a"))
    with pytest.raises(RuleError, match="zoo"):
        circle.coverage(near, people(a=[1] * 6))


def test_services_without_groups_are_left_out_but_stay_places() -> None:
    # startup and disability at a and b add nothing to coverage, gaps and overlap; reach and nearest still hold them
    assert UNCOUNTED == ["disability", "startup"]
    town, counted = streets(DRAWN, "f"), sites(S1="meals a", S2="meals b")
    both = sites(S1="meals a", S2="meals b", S3="startup a", S4="startup b", S5="disability a", S6="disability b")
    near, crowd = circle.reach(town, both), people(**OLD)
    for judge in (circle.coverage, circle.gaps, circle.overlap):
        pd.testing.assert_frame_equal(judge(near, crowd), judge(circle.reach(town, counted), crowd))
    pd.testing.assert_frame_equal(circle.coverage(circle.nearest(town, both), crowd), circle.coverage(near, crowd))
    assert circle.overlap(near, crowd)["service"].unique().tolist() == ["meals"]
    assert set(near["origin"]) == set(both["site"])
    assert {*UNCOUNTED, "meals"} <= set(circle.nearest(town, both)["service"])


def test_empty_frames_keep_their_columns() -> None:
    nobody = people()
    near = circle.reach(streets("a-10-b"), sites(S1="meals a").iloc[:0])
    assert list(near) == list(circle.REACH)
    assert list(circle.coverage(near, nobody)) == list(circle.COVERAGE)
    named = ["township", "community", "compound", "service"]
    columns = [*named, "people", "metres", "minutes", "site", *AGES]
    full = circle.gaps(near, people(a=[1] * 6))
    for gaps in (full, circle.gaps(near, nobody), circle.gaps(near, nobody, nearest=near.head(0))):
        assert list(gaps) == columns
        pd.testing.assert_series_equal(gaps.dtypes, full.dtypes)
    assert list(circle.overlap(near, nobody)) == [*named, "sites", "people"]
    for judge in (circle.completeness, circle.doubles, circle.left_out, circle.nothing):
        pd.testing.assert_series_equal(judge(near, nobody).dtypes, judge(near, people(a=[1] * 6)).dtypes)
    assert circle.coverage(near, nobody).empty


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Streets, pd.DataFrame, pd.DataFrame]:
    """A small network with islands, parallel edges and loops; places; compounds."""
    n = draw(st.integers(2, 9))
    names = [f"n{i}" for i in range(n)]
    some = st.sampled_from(names)
    length = st.one_of(st.integers(0, 7000).map(lambda v: v / 10), st.sampled_from([0.0, 225.0, 300.0, 900.0]))
    edges = draw(st.lists(st.tuples(some, some, length), max_size=22))
    place = draw(st.lists(st.tuples(st.sampled_from([*GROUPS, *UNCOUNTED, "idle"]), some), min_size=1, max_size=6))
    size = st.lists(st.integers(0, 40), min_size=6, max_size=6)
    crowd = draw(st.lists(st.tuples(some, size), min_size=1, max_size=6))
    town = Streets(
        nodes=pd.DataFrame({"node": names}), edges=pd.DataFrame(edges, columns=["source", "target", "length_m"])
    )
    where = pd.DataFrame([(f"S{i}", *p) for i, p in enumerate(place)], columns=["site", "service", "node"])
    rows = [("甲镇", f"村{(i + 1) % 2}", f"苑{i}", node, *ages) for i, (node, ages) in enumerate(crowd)]
    return town, where, pd.DataFrame(rows, columns=["township", "community", "compound", "node", *AGES])


def by_networkx(town: Streets) -> nx.Graph:
    graph = nx.Graph()
    graph.add_nodes_from(town.nodes["node"])
    for a, b, metres in town.edges[["source", "target", "length_m"]].itertuples(index=False):
        w = round(metres * 10)
        if not graph.has_edge(a, b) or w < graph[a][b]["w"]:
            graph.add_edge(a, b, w=w)
    return graph


def oracle(town: Streets, where: pd.DataFrame, crowd: pd.DataFrame) -> dict[tuple[str, str, str, int], int]:
    """People covered by (community, service, group, minutes), counted person group by person group."""
    graph, rows, speed = by_networkx(town), crowd.to_dict("records"), rules.value("circle.speed")
    out: dict[tuple[str, str, str, int], int] = {}
    for service, ages in GROUPS.items():
        sources = set(where.loc[where["service"] == service, "node"])
        far = nx.multi_source_dijkstra_path_length(graph, sources, weight="w") if sources else {}
        for age in ages:
            for minutes in (5, 10, 15):
                for row in rows:
                    key = (row["community"], service, age, minutes)
                    inside = far.get(row["node"], 10**9) <= speed[age] * 10 * minutes
                    out[key] = out.get(key, 0) + row[age] * inside
    return out


@settings(max_examples=25, deadline=None)
@given(worlds())
def test_coverage_equals_networkx_and_a_plain_count(world: tuple) -> None:
    town, where, crowd = world
    wanted = oracle(town, where, crowd)
    for near in (circle.reach(town, where), circle.nearest(town, where)):
        cover = circle.coverage(near, crowd)
        keys = zip(*(cover[c] for c in ("community", "service", "group", "minutes")), strict=True)
        assert dict(zip(keys, cover["covered"], strict=True)) == wanted


@settings(max_examples=25, deadline=None)
@given(worlds())
def test_nearest_equals_networkx_exactly(world: tuple) -> None:
    town, where, _ = world
    graph, near = by_networkx(town), circle.nearest(town, where)
    for service, part in near.groupby("service"):
        mine = where[where["service"] == service]
        at = dict(zip(mine["site"], mine["node"], strict=True))
        each = {s: nx.single_source_dijkstra_path_length(graph, n, weight="w") for s, n in at.items()}
        for node, metres, site in part[["node", "metres", "site"]].itertuples(index=False):
            best = min(((far[node], s) for s, far in each.items() if node in far), default=None)
            wanted = (best[0] / 10, best[1]) if best else (np.inf, None)
            assert (metres, site if isinstance(site, str) else None) == wanted


@settings(max_examples=8, deadline=None)
@given(worlds(), st.randoms(use_true_random=False))
def test_order_of_nodes_edges_and_places_changes_nothing(world: tuple, random: object) -> None:
    town, where, crowd = world
    seed = random.randrange(2**32)  # type: ignore[attr-defined]
    mixed = Streets(
        nodes=town.nodes.sample(frac=1, random_state=seed), edges=town.edges.sample(frac=1, random_state=seed)
    )
    shuffled = where.sample(frac=1, random_state=seed)
    keys = ["node", "service"]
    pd.testing.assert_frame_equal(
        circle.nearest(mixed, shuffled).sort_values(keys, ignore_index=True),
        circle.nearest(town, where).sort_values(keys, ignore_index=True),
    )
    mixed_near, near = circle.reach(mixed, shuffled), circle.reach(town, where)
    for judge in (circle.coverage, circle.gaps, circle.overlap, circle.doubles, circle.completeness, circle.nothing):
        pd.testing.assert_frame_equal(judge(mixed_near, crowd), judge(near, crowd))


@settings(max_examples=20, deadline=None)
@given(worlds())
def test_more_minutes_and_more_sites_never_lose_cover(world: tuple) -> None:
    town, where, crowd = world
    cover = circle.coverage(circle.reach(town, where), crowd)
    by_minute = cover.pivot_table(index=["community", "service", "group"], columns="minutes", values="covered")
    assert (by_minute.diff(axis=1).iloc[:, 1:] >= 0).all().all()
    fewer = circle.coverage(circle.reach(town, where.iloc[:-1]), crowd)
    assert (cover["covered"] >= fewer["covered"]).all()
    assert (cover["covered"] <= cover["people"]).all()


@settings(max_examples=20, deadline=None)
@given(worlds())
def test_covered_and_gap_make_all_people(world: tuple) -> None:
    town, where, crowd = world
    near = circle.reach(town, where)
    cover = circle.coverage(near, crowd).query("minutes == 15").groupby("service")[["people", "covered"]].sum()
    assert set(cover.index) == set(GROUPS)
    gaps = circle.gaps(near, crowd).groupby("service")["people"].sum().reindex(cover.index).fillna(0)
    assert (cover["covered"] + gaps == cover["people"]).all()


def counted(town: Streets, where: pd.DataFrame, crowd: pd.DataFrame, speed: dict[str, float]) -> pd.DataFrame:
    """Places in fifteen minutes of each (compound, service, age), counted place by place with networkx."""
    graph, rows = by_networkx(town), []
    far = {
        s: nx.single_source_dijkstra_path_length(graph, n, weight="w")
        for s, n in zip(where.site, where.node, strict=True)
    }
    kind = dict(zip(where["site"], where["service"], strict=True))
    for home in crowd.to_dict("records"):
        for service, ages in GROUPS.items():
            steps = [far[s].get(home["node"], 10**9) for s in far if kind[s] == service]
            rows += [(home["compound"], service, a, home[a], sum(d <= speed[a] * 150 for d in steps)) for a in ages]
    return pd.DataFrame(rows, columns=["compound", "service", "age", "people", "sites"])


PACES = st.sampled_from([None, "wheelchair", 25, 60.5, 80])


def paced(pace: str | float | None) -> dict[str, float]:
    own = rules.value("circle.speed")
    return own if pace is None else dict.fromkeys(own, 40 if pace == "wheelchair" else pace)


@settings(max_examples=12, deadline=None)
@given(worlds(), PACES)
def test_doubles_completeness_and_nothing_equal_a_plain_count(world: tuple, pace: str | float | None) -> None:
    town, where, crowd = world
    near, each = circle.reach(town, where), counted(town, where, crowd, paced(pace))
    wanted = each.assign(sites=each["sites"].clip(upper=3).map({0: "0", 1: "1", 2: "2", 3: "3+"}))
    wanted = wanted.groupby(["service", "sites"])["people"].sum()
    found = circle.doubles(near, crowd, pace=pace).set_index(["service", "sites"])["people"]
    assert found.to_dict() == wanted.reindex(found.index, fill_value=0).to_dict()
    sums = found.groupby("service").sum().to_dict()
    assert sums == {s: int(crowd[a].to_numpy().sum()) for s, a in GROUPS.items()}
    whole = each.groupby(["compound", "service"])["sites"].min().gt(0).groupby("compound").sum()
    home = circle.completeness(near, crowd, pace=pace).set_index("compound")
    assert home["reached"].to_dict() == whole.to_dict()
    assert home["reached"].is_monotonic_increasing
    lacking = home["missing"].map(lambda text: len(text.split("|")) if text else 0)
    assert (lacking + home["reached"] == home["required"]).all()
    none = each[each.groupby(["compound", "age"])["sites"].transform("max") == 0].drop_duplicates(["compound", "age"])
    lost = circle.nothing(near, crowd, pace=pace).set_index("group")["left_out"]
    assert lost.to_dict() == none.groupby("age")["people"].sum().reindex(lost.index, fill_value=0).to_dict()


@settings(max_examples=12, deadline=None)
@given(worlds(), st.sampled_from([5, 30, 45, 60.5]), st.sampled_from([0, 0.5, 19.5]))
def test_faster_walking_never_loses_cover(world: tuple, pace: float, faster: float) -> None:
    town, where, crowd = world
    near = circle.reach(town, where)
    slow, fast = (circle.coverage(near, crowd, pace=p)["covered"] for p in (pace, pace + faster))
    assert (fast >= slow).all()
    slow, fast = (
        circle.completeness(near, crowd, pace=p).set_index("compound")["reached"] for p in (pace, pace + faster)
    )
    assert (fast >= slow.reindex(fast.index)).all()


@settings(max_examples=12, deadline=None)
@given(worlds(), PACES)
def test_gaps_name_the_nearest_place_and_its_people_sum(world: tuple, pace: str | float | None) -> None:
    town, where, crowd = world
    near, all_of_it = circle.reach(town, where), circle.nearest(town, where)
    gaps = circle.gaps(near, crowd, nearest=all_of_it, pace=pace)
    assert (gaps[AGES].sum(axis=1) == gaps["people"]).all()
    at = dict(zip(crowd["compound"], crowd["node"], strict=True))
    best = all_of_it.set_index(["node", "service"])
    for row in gaps.to_dict("records"):
        metres, site = best.loc[(at[row["compound"]], row["service"]), ["metres", "site"]]
        assert (row["metres"], row["site"]) == (metres, site) or (np.isinf(metres) and np.isnan(row["metres"]))
        slowest = min(paced(pace)[a] for a in AGES if row[a])
        assert np.isnan(row["metres"]) or row["minutes"] == pytest.approx(metres / slowest)
        assert not row["minutes"] <= 15
    left = circle.left_out(near, crowd, pace=pace).groupby("service")["left_out"].sum()
    assert gaps.groupby("service")["people"].sum().reindex(left.index, fill_value=0).to_dict() == left.to_dict()
    cover = (
        circle.coverage(near, crowd, pace=pace).query("minutes == 15").groupby("service")[["people", "covered"]].sum()
    )
    assert ((cover["people"] - cover["covered"]).reindex(left.index) == left).all()


def test_the_town_equals_networkx_at_every_node() -> None:
    made = urban()
    town = Streets(nodes=made["nodes"], edges=made["edges"])
    graph, near = by_networkx(town), circle.nearest(town, made["sites"])
    for service, part in near.groupby("service"):
        sources = set(made["sites"].loc[made["sites"]["service"] == service, "node"])
        far = nx.multi_source_dijkstra_path_length(graph, sources, weight="w") if sources else {}
        assert part["metres"].tolist() == [far.get(n, np.inf) / 10 for n in part["node"]]


def test_callers_frames_are_not_changed() -> None:
    town, where, crowd = streets(DRAWN), sites(S1="meals a"), people(**OLD)
    before = [f.copy() for f in (town.nodes, town.edges, where, crowd)]
    near = circle.reach(town, where)
    kept = near.copy()
    circle.nearest(town, where)
    for judge in (circle.coverage, circle.gaps, circle.overlap, circle.doubles, circle.completeness, circle.left_out):
        judge(near, crowd)
    for old, new in zip([*before, kept], [town.nodes, town.edges, where, crowd, near], strict=True):
        pd.testing.assert_frame_equal(old, new)


def test_overlap_refuses_a_short_search_even_where_it_met_nobody() -> None:
    near = pd.DataFrame({"origin": ["S"], "service": "meals", "node": "far", "metres": [0.0], "within": [1.0]})
    people = pd.DataFrame({"township": "甲镇", "community": "乙村", "compound": "", "node": ["home"]})
    people = people.assign(**dict.fromkeys(rules.value("circle.speed"), 5))
    with pytest.raises(TableError, match="只算到 1 分钟"):
        circle.overlap(near, people)
