"""Maps and pictures of people: what is drawn is what the frames say, and nothing is left out without a word."""

from __future__ import annotations

import dataclasses
import itertools
import os
import warnings
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import shapely
from matplotlib.collections import LineCollection
from matplotlib.text import Text

import governance as gov
from governance import plot
from governance.errors import TableError
from governance.plot import canvas, ground, people

NOTE = "示例数据,县乡均为虚构"
NETWORKS = Path(os.environ.get("GOVERNANCE_NETWORKS", Path(__file__).resolve().parents[2] / "shared" / "networks"))
BLANK = pd.DataFrame({"service": ["meals"], "minutes": [15], "people": [100], "covered": [40]})
CHANGE = {"room": ["F1"], "name": ["用房"], "from_service": ["idle"], "service": ["meals"], "net": [20]}


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


def _line(homes: list[dict] | None = None, bend: bool = False) -> gov.County:
    """a --200-- b --200-- c --300-- d --9000-- e on one line; meals at a, an idle room at e."""
    frame = gov.tables.frame
    spots = {"a": 0, "b": 200, "c": 400, "d": 700, "e": 9700}
    edges = frame(
        "edges",
        [
            {"edge": f"{u}{v}", "source": u, "target": v, "length_m": spots[v] - spots[u], "kind": "road"}
            for u, v in itertools.pairwise(spots)
        ],
    )
    if bend:
        edges["geometry"] = np.array([shapely.LineString([(0, 0), (100, 50), (200, 0)]), None, None, None], object)
    ages = dict.fromkeys(gov.rules.value("circle.speed"), 10)
    homes = homes or [
        {"compound": "甲苑", "node": "a"},
        {"compound": "丁苑", "node": "d"},
        {"compound": None, "node": "e"},
    ]
    return gov.County(
        name="甲县",
        example=True,
        **{t: frame(t) for t in ("units", "items", "tasks", "staff", "activities")},
        counts=pd.DataFrame(),
        communities=frame("communities", [{"township": "甲镇", "community": "乙村", **ages, **h} for h in homes]),
        rooms=frame("rooms", [{"room": "F1", "name": "用房", "service": "idle", "node": "e"}]),
        sites=frame("sites", [{"site": "S1", "name": "食堂", "service": "meals", "node": "a"}]),
        streets=gov.Streets(frame("nodes", [{"node": n, "x": x, "y": 0.0} for n, x in spots.items()]), edges),
    )


def _near(county: gov.County) -> pd.DataFrame:
    return gov.circle.reach(county.streets, gov.circle.places(county.sites, county.rooms))


@pytest.fixture(scope="module")
def town() -> tuple[gov.County, pd.DataFrame]:
    county = gov.examples.county()
    return county, _near(county)


def _texts(ax) -> str:
    return "\n".join(t.get_text() for t in ax.figure.findobj(Text) if t.get_visible())


def _segments(ax) -> dict[str, int]:
    return {c.get_label(): len(c.get_segments()) for c in ax.collections if isinstance(c, LineCollection)}


# --- the circle


def test_a_street_has_the_ring_of_its_farther_end_at_the_slowest_pace():
    county = _line()
    ax = plot.circle(county, _near(county), service="meals")  # 45 m a minute: 225, 450, 675
    assert _segments(ax) == {"5分钟内": 1, "10分钟内": 1, "15分钟内": 0, "超过15分钟": 2}
    assert "80岁及以上，45米/分钟" in ax.get_legend().get_title().get_text()


def test_a_street_that_ends_exactly_at_the_limit_is_inside_it():
    edges = pd.DataFrame({"source": ["a"] * 3, "target": ["b", "c", "d"]})
    far = pd.Series({"a": 0.0, "b": 2250.0, "c": 2251.0, "d": np.inf})
    assert ground.rings(edges, far, ground.pace("meals", 15)).tolist() == [0, 1, 3]


def test_circle_says_who_is_left_out_and_agrees_with_the_room_circle(town):
    county, near = town
    for service in ("meals", "health", "childcare"):
        gaps = gov.circle.gaps(near, county.communities).query("service == @service")
        cover = gov.circle.coverage(near, county.communities).query("service == @service and minutes == 15")
        ax = plot.circle(county, near, service=service)
        title = ax.get_title(loc="left")
        assert f"{int(gaps['people'].sum()):,}人走不到" in title
        assert f"{cover['covered'].sum() / cover['people'].sum():.1%}" in title
        largest = gaps.groupby(["community", "compound"])["people"].sum().max()
        assert f"{largest:,}人" in _texts(ax)


def test_every_street_of_the_example_is_drawn_once_and_in_the_ring_that_networks_say(town):
    county, near = town
    ax = plot.circle(county, near, service="meals")
    best = near[near["service"] == "meals"].groupby("node")["metres"].min()
    ends = [county.streets.edges[c].map(best).fillna(np.inf) for c in ("source", "target")]
    far = np.maximum(*ends)
    want = pd.cut(far, [-1, 225, 450, 675, np.inf], labels=["5分钟内", "10分钟内", "15分钟内", "超过15分钟"])
    assert _segments(ax) == want.value_counts().to_dict()


def test_shorter_minutes_have_fewer_rings_and_cover_no_more():
    county = _line()
    ax = plot.circle(county, _near(county), service="meals", minutes=10)
    assert list(_segments(ax)) == ["5分钟内", "10分钟内", "超过10分钟"]
    with pytest.raises(TableError, match="可达范围只算到 15 分钟"):
        plot.circle(county, _near(county), service="meals", minutes=20)


def test_nearest_serves_as_well_as_reach():
    county = _line()
    places = gov.circle.places(county.sites, county.rooms)
    far, near = gov.circle.nearest(county.streets, places), _near(county)
    drawn = [plot.circle(county, frame, service="meals") for frame in (far, near)]
    assert _segments(drawn[0]) == _segments(drawn[1])
    assert drawn[0].get_title(loc="left") == drawn[1].get_title(loc="left")


def test_homes_and_streets_that_lie_nowhere_are_counted_below():
    county = _line(
        [{"compound": "甲苑", "node": "a"}, {"compound": "无路苑", "node": None}, {"compound": "远苑", "node": "e"}]
    )
    near = _near(county)
    nodes = county.streets.nodes.assign(x=county.streets.nodes["x"].where(county.streets.nodes["node"] != "e"))
    lost = dataclasses.replace(county, streets=gov.Streets(nodes, county.streets.edges))
    said = _texts(plot.circle(lost, near, service="meals"))
    assert "1处居民点没有路网节点，未计入" in said
    assert "1处缺口的节点没有坐标，未画出" in said
    assert "1条路段没有坐标，未画出" in said
    assert "未画出" not in _texts(plot.circle(_line(), near, service="meals"))


def test_bent_streets_are_drawn_bent():
    county = _line(bend=True)
    ax = plot.circle(county, _near(county), service="meals")
    lines = [s for c in ax.collections if isinstance(c, LineCollection) for s in c.get_segments()]
    assert sorted(len(s) for s in lines) == [2, 2, 2, 3]
    assert any((s == [100, 50]).all(axis=1).any() for s in lines)


def test_a_service_that_ages_do_not_tell_is_drawn_without_people():
    county = _line()
    title = plot.circle(county, _near(county), service="disability").get_title(loc="left")
    assert title == "助残：15分钟步行范围"
    with pytest.raises(TableError, match="没有名为 天气 的服务"):
        plot.circle(county, _near(county), service="天气")


def test_circle_draws_nothing_where_there_are_no_streets():
    county = _line()
    bare = dataclasses.replace(
        county, streets=gov.Streets(county.streets.nodes.iloc[:0], county.streets.edges.iloc[:0])
    )
    assert "没有可画的数据" in _texts(plot.circle(bare, _near(county), service="meals"))


def test_many_streets_become_pixels(monkeypatch):
    county = _line()
    assert not any(c.get_rasterized() for c in plot.circle(county, _near(county), service="meals").collections)
    monkeypatch.setattr(canvas, "MANY", 1)
    drawn = plot.circle(county, _near(county), service="meals").collections
    assert [bool(c.get_rasterized()) for c in drawn if isinstance(c, LineCollection)] == [False, False, False, True]


def test_names_do_not_lie_on_one_another(town):
    county, near = town
    ax = plot.circle(county, near, service="health")
    ax.figure.draw_without_rendering()
    shown = [t for t in ax.texts if t.get_text().endswith("人")]
    assert len(shown) == 8
    boxes = [t.get_window_extent() for t in shown]
    assert not [1 for a, b in itertools.combinations(boxes, 2) if a.overlaps(b)]


def test_north_and_scale_and_legend_stand_outside_the_streets(town):
    county, near = town
    ax = plot.circle(county, near, service="meals", note=NOTE)
    ax.figure.draw_without_rendering()
    north = next(t for t in ax.texts if t.get_text() == "北")
    assert north.get_window_extent().x0 > ax.bbox.x1
    assert ax.get_legend().get_window_extent().x0 >= ax.bbox.x1 - 1
    assert ax.get_legend().get_window_extent().x1 <= ax.figure.bbox.x1 + 1
    assert "1000米" in _texts(ax)
    assert NOTE in _texts(ax)


# --- borders


def test_borders_always_say_that_they_are_a_sketch(town):
    county, near = town
    for ax in (plot.borders(county), plot.borders(county, plot.circle(county, near, service="meals"))):
        assert "示意图,非行政界线" in _texts(ax)
    assert "示意图,非行政界线" in _texts(plot.borders(_line([{"compound": "甲苑", "node": "a"}])))
    assert "示意图,非行政界线" in _texts(plot.borders(_line())), "homes on one line"


def test_a_territory_holds_its_own_homes_and_no_others(town):
    county, _ = town
    ground_ = ground.territories(county)
    whole = shapely.union_all(ground_["territory"].to_numpy())
    assert shapely.area(ground_["territory"].to_numpy()).sum() == pytest.approx(shapely.area(whole))
    homes = county.communities.join(ground.positions(county.streets), on="node").dropna(subset=["x", "y"])
    of = dict(zip(ground_["community"], ground_["territory"], strict=True))
    first = homes.drop_duplicates(["x", "y"])
    assert all(of[c].buffer(1e-6).covers(shapely.Point(x, y)) for c, x, y in first[["community", "x", "y"]].to_numpy())


# --- before and after


def test_before_after_says_what_the_coverage_frames_say(town):
    county, near = town
    made = gov.siting.convert(county.rooms, county.communities, near)
    rooms = county.rooms.copy()
    rooms["service"] = rooms["room"].map(made.set_index("room")["service"]).fillna(rooms["service"])
    after = gov.circle.reach(county.streets, gov.circle.places(county.sites, rooms))
    frames = [gov.circle.coverage(n, county.communities) for n in (near, after)]
    sums = [int(f.loc[f["minutes"] == 15, "covered"].sum()) for f in frames]
    ax = plot.before_after(county, made, *frames, note=NOTE)
    assert sums[1] - sums[0] == made["cumulative"].iloc[-1]
    assert (
        ax.get_title(loc="left")
        == f"{len(made)}处用房改造前后：覆盖{sums[0]:,}→{sums[1]:,}人次，净增{sums[1] - sums[0]:,}"
    )
    said = _texts(ax)
    now, then = (f[f["minutes"] == 15].groupby("service")["covered"].sum() for f in frames)
    for service in now.index:
        assert f"{now[service]:,}→{then[service]:,}" in said
    assert {str(k) for k in range(1, len(made) + 1)} <= set(said.split("\n"))
    assert made["name"].iloc[0] in said
    assert NOTE in said


def test_before_after_draws_into_a_given_place_and_counts_rooms_that_lie_nowhere():
    county = _line()
    _, (left, right) = plt.subplots(1, 2, figsize=(12, 5), layout="constrained")
    lost = dataclasses.replace(county, rooms=county.rooms.assign(node=None))
    ax = plot.before_after(lost, pd.DataFrame(CHANGE), BLANK, BLANK.assign(covered=60), ax=right)
    assert ax is right
    assert left.get_title(loc="left") == ""
    assert ax.get_title(loc="left") == "1处用房改造前后：覆盖40→60人次，净增20"
    assert "1处用房没有路网节点或坐标，未画出" in _texts(ax)
    free = plt.figure().add_axes((0.1, 0.1, 0.8, 0.8))
    assert plot.before_after(county, pd.DataFrame(CHANGE), BLANK, BLANK, ax=free) is free


def test_before_after_refuses_frames_that_cannot_be_compared():
    county = _line()
    with pytest.raises(TableError, match="对象人数不同"):
        plot.before_after(county, pd.DataFrame(CHANGE), BLANK, BLANK.assign(people=99))
    with pytest.raises(TableError, match=r"没有的用房.F9"):
        plot.before_after(county, pd.DataFrame(CHANGE | {"room": ["F9"]}), BLANK, BLANK)
    assert "0处用房改造前后" in plot.before_after(county, pd.DataFrame(CHANGE).iloc[:0], BLANK, BLANK).get_title(
        loc="left"
    )


# --- people


COVER = pd.DataFrame(
    {
        "community": ["乙村", "乙村", "丙村", "丙村"] * 2,
        "service": "meals",
        "group": ["age_60_79", "age_80_up"] * 4,
        "minutes": [5] * 4 + [15] * 4,
        "people": [60, 20, 10, 10] * 2,
        "covered": [1] * 4 + [50, 5, 10, 0],
    }
)


def test_pyramid_puts_those_left_out_to_the_left_oldest_on_top():
    ax = plot.pyramid(COVER, note=NOTE)
    assert [t.get_text() for t in ax.get_yticklabels()] == ["80岁及以上", "60-79岁"]
    assert [p.get_width() for p in ax.patches] == [-25, -10, 5, 60]
    assert ax.get_title(loc="left") == "助餐15分钟内够不着35人，占35.0%：80岁及以上最多，25人"
    assert NOTE in _texts(ax)


def test_pyramid_by_community_puts_the_worst_on_top_and_counts_the_rest():
    ax = plot.pyramid(COVER, by="community")
    assert [t.get_text() for t in ax.get_yticklabels()] == ["乙村", "丙村"]
    many = pd.concat([COVER.assign(community=f"{k}村") for k in range(30)])
    ax = plot.pyramid(many, by="community")
    assert len(ax.get_yticklabels()) == 24
    assert "另有6个共够不着210人未列" in ax.get_xlabel()


def test_pyramid_counts_persons_times_services_only_where_there_are_several():
    both = pd.concat([COVER, COVER.assign(service="culture")])
    assert "70人次" in plot.pyramid(both).get_title(loc="left")
    assert "35人，" in plot.pyramid(both, service="culture").get_title(loc="left")
    assert [t.get_text() for t in plot.pyramid(both, by="service").get_yticklabels()] == ["助餐", "文化"]


def test_pyramid_refuses_what_it_cannot_draw():
    with pytest.raises(TableError, match=r"可用.group、service、community"):
        plot.pyramid(COVER, by="township")
    with pytest.raises(TableError, match="覆盖表里没有服务 health"):
        plot.pyramid(COVER, service="health")
    with pytest.raises(TableError, match=r"覆盖表缺少列.covered"):
        plot.pyramid(COVER.drop(columns="covered"))
    assert "没有可画的数据" in _texts(plot.pyramid(COVER.iloc[:0]))


def test_pyramid_agrees_with_the_coverage_of_the_example(town):
    county, near = town
    cover = gov.circle.coverage(near, county.communities)
    last = cover[cover["minutes"] == 15]
    ax = plot.pyramid(cover)
    missing = (last["people"] - last["covered"]).groupby(last["group"]).sum()
    assert sorted(-p.get_width() for p in ax.patches[: len(missing)]) == sorted(missing)


def test_doubles_stack_to_everyone_and_name_the_worst():
    frame = pd.DataFrame(
        {
            "service": ["meals"] * 4 + ["culture"] * 2,
            "sites": ["0", "1", "2", "3+", "0", "1"],
            "people": [10, 20, 30, 40, 90, 10],
        }
    )
    ax = plot.doubles(frame, note=NOTE)
    assert ax.get_title(loc="left") == "重复与空白：助餐有70%的人身边有2处以上，文化有90%的人一处也没有"
    bars = [p for p in ax.patches if p.get_width()]
    ends: dict[float, float] = {}
    for bar in bars:
        ends[bar.get_y()] = max(ends.get(bar.get_y(), 0), bar.get_x() + bar.get_width())
    assert list(ends.values()) == pytest.approx([1, 1])
    assert [t.get_text() for t in ax.get_yticklabels()] == ["助餐 100人", "文化 100人"]
    with pytest.raises(TableError, match=r"不认识的取值.4"):
        plot.doubles(frame.assign(sites="4"))
    assert "没有可画的数据" in _texts(plot.doubles(frame.iloc[:0]))


def test_services_the_house_does_not_know_come_last():
    assert people.order(pd.Series(["zoo", "health", None, "meals"])) == ["meals", "health", "zoo"]


# --- all


def test_all_can_be_saved_without_a_missing_glyph_and_leave_their_frames_alone(tmp_path, town):
    county, near = town
    before = near.copy(), county.communities.copy(), county.streets.edges.copy()
    drawn = [plot.borders(county, plot.circle(county, near, service="meals", note=NOTE)), plot.pyramid(COVER)]
    drawn.append(plot.before_after(_line(), pd.DataFrame(CHANGE), BLANK, BLANK))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for k, ax in enumerate(drawn):
            ax.figure.savefig(tmp_path / f"{k}.png")
    for frame, held in zip((near, county.communities, county.streets.edges), before, strict=True):
        pd.testing.assert_frame_equal(frame, held)
    assert {t.get_fontfamily()[0] for ax in drawn for t in ax.figure.findobj(Text)} == {canvas.FAMILY}


def test_a_real_network_is_drawn_whole_and_bent():
    path = NETWORKS / "osmnx_monaco.graphml"
    if not path.exists():
        pytest.skip(f"no {path}")
    streets = gov.streets.read(path)
    nodes = sorted(streets.nodes["node"])
    county = dataclasses.replace(_line(), streets=streets)
    county = dataclasses.replace(
        county,
        sites=county.sites.assign(node=nodes[0]),
        rooms=county.rooms.assign(node=nodes[1]),
        communities=county.communities.assign(node=nodes[2:5]),
    )
    ax = plot.circle(county, _near(county), service="meals")
    drawn = [s for c in ax.collections if isinstance(c, LineCollection) for s in c.get_segments()]
    assert len(drawn) == len(streets.edges)
    points = sum(len(g.coords) if g is not None else 2 for g in streets.edges["geometry"])
    assert sum(map(len, drawn)) == points
