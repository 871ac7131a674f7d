"""Pictures: Chinese on any machine, numbers that agree with the frame, nothing set behind the caller's back."""

from __future__ import annotations

import logging
import warnings

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import networkx as nx
import pandas as pd
import pytest
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.text import Text

import governance as gov
from governance import plot
from governance.errors import TableError
from governance.plot import canvas

NOTE = "示例数据,县乡均为虚构"


def _shares(by: str, names: list[str]) -> pd.DataFrame:
    n = len(names)
    return pd.DataFrame(
        {
            by: names,
            "tasks": [12] * n,
            "decided": [10] * n,
            "shifted": range(n),
            "share": [k / 10 for k in range(n)],
            "low": [max(0, k / 10 - 0.1) for k in range(n)],
            "high": [k / 10 + 0.1 for k in range(n)],
        }
    )


def _graph(weights: list[tuple[str, str, float]]) -> nx.MultiDiGraph:
    graph: nx.MultiDiGraph = nx.MultiDiGraph()
    for n, (source, target, hours) in enumerate(weights):
        graph.add_edge(source, target, f"t{n}", layer="dispatch", hours=hours)
        graph.add_edge(target, f"{target}·甲村", f"t{n}", layer="delegation", hours=hours)
    return graph


VERDICTS = pd.DataFrame(
    {
        "verdict": ["own", "assist", "inverted", "unsupported", "reclaimed", "off_list", "unsure"],
        "tasks": [5, 4, 3, 2, 1, 0, 5],
        "share": [0.25, 0.2, 0.15, 0.1, 0.05, 0.0, 0.25],
    }
)
MONTHS = pd.DataFrame(
    {
        "month": ["2025-05", "2025-06", "2025-07", "2025-08"],
        "decided": [4, 4, 5, 0],
        "shifted": [3, 2, 1, 0],
        "share": [0.75, 0.5, 0.2, None],
        "low": [0.3, 0.1, 0.0, None],
        "high": [1.0, 0.9, 0.6, None],
    }
)
LISTS = pd.DataFrame(
    {
        "township": ["甲镇"] * 3 + ["乙乡"],
        "list_kind": ["basic", "assisting", "reclaimed", "basic"],
        "items": [115, 76, 57, 109],
    }
)
LOADS = pd.DataFrame(
    {"township": ["甲镇", "乙乡", "丙镇"], "load_ratio": [1.2, 0.8, None], "returned_ratio": [1.1, 0.6, None]}
)
COVER = pd.DataFrame(
    {
        "township": "甲镇",
        "community": ["乙村", "乙村", "丙村", "丙村"],
        "service": "meals",
        "group": ["age_60_79", "age_80_up"] * 2,
        "minutes": 15,
        "people": [6, 2, 0, 0],
        "covered": [3, 1, 0, 0],
    }
)
PLAN = pd.DataFrame(
    {
        "name": ["甲苑用房", "乙苑用房"],
        "from_service": ["elder_care", "idle"],
        "service": ["meals", "culture"],
        "gain": [90, 40],
        "lost": [30, 0],
        "net": [60, 40],
        "cumulative": [60, 100],
        "bound": [110, 110],
    }
)


def _county() -> gov.County:
    """A tiny town: a --600-- b --bridge 600-- c, meals at a, an idle room at c."""
    frame = gov.tables.frame
    people = dict.fromkeys(gov.rules.value("circle.speed"), 10)
    empty = {t: frame(t) for t in ("units", "items", "tasks", "staff", "activities")}
    return gov.County(
        name="甲县",
        example=True,
        **empty,
        counts=pd.DataFrame(),
        communities=frame(
            "communities",
            [
                {"township": "甲镇", "community": "乙村", "compound": c, "node": n, **people}
                for c, n in (("甲苑", "a"), (None, "c"), ("无路苑", None))
            ],
        ),
        rooms=frame("rooms", [{"room": "F1", "name": "用房", "service": "idle", "node": "c"}]),
        sites=frame("sites", [{"site": "S1", "name": "食堂", "service": "meals", "node": "a"}]),
        streets=gov.Streets(
            frame("nodes", [{"node": n, "x": x, "y": 0.0} for n, x in (("a", 0), ("b", 600), ("c", 1200))]),
            frame(
                "edges",
                [
                    {"edge": "1", "source": "a", "target": "b", "length_m": 600, "kind": "road"},
                    {"edge": "2", "source": "b", "target": "c", "length_m": 600, "kind": "bridge"},
                ],
            ),
        ),
    )


GAPS = pd.DataFrame(
    {
        "township": "甲镇",
        "community": "乙村",
        "compound": ["甲苑", ""],
        "service": ["culture", "meals"],
        "people": [50, 20],
        "metres": [None, 1200.0],
    }
)
PICTURES = {
    "verdicts": lambda ax: plot.verdicts(VERDICTS, ax, note=NOTE),
    "shares": lambda ax: plot.shares(_shares("department", ["县甲局", "县乙局"]), ax, note=NOTE),
    "trend": lambda ax: plot.trend(MONTHS, ax, since="2025-07-01", note=NOTE),
    "flows": lambda ax: plot.flows(_graph([("县甲局", "甲镇", 8.0), ("县乙局", "乙乡", 5.0)]), ax, note=NOTE),
    "lists": lambda ax: plot.lists(LISTS, ax, note=NOTE),
    "load": lambda ax: plot.load(LOADS, ax, note=NOTE),
    "coverage": lambda ax: plot.coverage(COVER, ax, note=NOTE),
    "town": lambda ax: plot.town(_county(), GAPS, ax, note=NOTE),
    "plan": lambda ax: plot.plan(PLAN, ax, note=NOTE),
}
EMPTY = {
    "verdicts": lambda: plot.verdicts(VERDICTS.iloc[:0]),
    "shares": lambda: plot.shares(_shares("township", [])),
    "trend": lambda: plot.trend(MONTHS.iloc[:0]),
    "flows": lambda: plot.flows(nx.MultiDiGraph()),
    "lists": lambda: plot.lists(LISTS.iloc[:0]),
    "load": lambda: plot.load(LOADS.iloc[:0]),
    "coverage": lambda: plot.coverage(COVER.iloc[:0]),
    "plan": lambda: plot.plan(PLAN.iloc[:0]),
}


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


@pytest.fixture
def bare(monkeypatch):
    """A machine whose only fonts are matplotlib's own."""
    monkeypatch.setattr(
        font_manager.fontManager,
        "ttflist",
        [f for f in font_manager.fontManager.ttflist if f.name.startswith("DejaVu")],
    )
    canvas.families.cache_clear()
    yield
    canvas.families.cache_clear()


def _texts(ax: Axes) -> str:
    return "\n".join(t.get_text() for t in ax.findobj(Text) if t.get_visible())


@pytest.mark.parametrize("name", PICTURES)
def test_chinese_shows_on_a_machine_without_a_chinese_font(name, bare, tmp_path, caplog):
    before = dict(mpl.rcParams)
    ax = PICTURES[name](None)
    assert dict(mpl.rcParams) == before, "the caller's settings"
    with warnings.catch_warnings(), caplog.at_level(logging.WARNING):
        warnings.simplefilter("error")
        ax.figure.savefig(tmp_path / "图.png")
        ax.figure.savefig(tmp_path / "图.svg")
    assert caplog.text == "", "findfont found no font"
    assert {t.get_fontfamily()[0] for t in ax.findobj(Text)} == {canvas.FAMILY}


def test_a_missing_glyph_would_be_noticed(bare, tmp_path):
    fig, ax = plt.subplots()
    ax.set_title("乡镇")
    with pytest.warns(UserWarning, match="Glyph"):
        fig.savefig(tmp_path / "图.png")


def test_labels_made_after_the_picture_are_chinese_too(bare, tmp_path):
    ax = plot.trend(MONTHS, since="2025-07-01")
    ax.xaxis.reset_ticks()
    ax.set_xticks(range(30), ["甲"] * 30)
    ax.set_title("后来的标题", loc="left")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ax.figure.savefig(tmp_path / "图.png")
    assert (tmp_path / "图.png").stat().st_size > 0


def test_style_serves_pictures_of_ones_own_and_networkx_labels(bare, tmp_path):
    with warnings.catch_warnings(), plt.rc_context(plot.style()):
        warnings.simplefilter("error")
        fig, ax = plt.subplots()
        nx.draw_networkx(nx.path_graph(["县水利局", "甲镇"], create_using=nx.DiGraph), ax=ax)
        ax.plot([-1, 1], [-1, 1])
        fig.savefig(tmp_path / "图.png")
    assert (tmp_path / "图.png").stat().st_size > 0


def test_minus_signs_and_rare_place_names_are_in_the_font():
    canvas.families()
    found = font_manager.get_font(font_manager.findfont(canvas.FAMILY, fallback_to_default=False)).get_charmap()
    assert {ord(c) for c in "\u2212—→、〔〕硚鄠浉埇垟岙㘰"} <= found.keys()


@pytest.mark.parametrize("name", PICTURES)
def test_it_draws_into_the_axes_given_and_returns_them_with_the_note_at_the_lower_right(name):
    fig, ax = plt.subplots(figsize=(6, 4), layout="constrained")
    assert PICTURES[name](ax) is ax
    note = next(t for t in ax.texts if t.get_text() == NOTE)
    fig.draw_without_rendering()
    fig.draw_without_rendering()
    where, whole = note.get_window_extent(), fig.bbox
    assert where.x1 == pytest.approx(ax.bbox.x1, abs=1)
    assert where.y1 < ax.bbox.y0
    assert whole.x0 <= where.x0 <= where.x1 <= whole.x1 + 1
    assert whole.y0 - 1 <= where.y0


@pytest.mark.parametrize("name", EMPTY)
def test_an_empty_frame_gives_a_picture_that_says_so(name):
    assert "没有可画的数据" in _texts(EMPTY[name]())


def test_frames_are_left_as_they_were():
    frames = {"v": VERDICTS, "m": MONTHS, "l": LISTS, "o": LOADS, "c": COVER, "p": PLAN, "g": GAPS}
    before = {k: f.copy() for k, f in frames.items()}
    for draw in PICTURES.values():
        draw(None)
    for key, frame in frames.items():
        pd.testing.assert_frame_equal(frame, before[key])


def test_verdicts_say_count_and_share():
    assert {"5件 25.0%", "3件 15.0%", "配合事项被要求负主责或单独考核"} <= set(
        _texts(plot.verdicts(VERDICTS)).split("\n")
    )


def test_shares_carry_their_denominator_and_say_how_many_are_left_out():
    ax = plot.shares(_shares("department", ["县甲局", "县乙局", "县丙局"]), most=2)
    assert [t.get_text() for t in ax.get_yticklabels()] == ["县丙局 2/10件", "县乙局 1/10件"]
    assert "另有1个未列" in ax.get_xlabel()
    assert "合计 10.0%" in _texts(ax), "all three groups together: 3 of 30"


def test_channels_speak_chinese():
    assert "12345转办 0/10件" in _texts(plot.shares(_shares("channel", ["hotline"])))


def test_trend_draws_earlier_months_lighter_and_names_them():
    ax = plot.trend(MONTHS, since="2025-07-01")
    assert "回溯衡量" in _texts(ax)
    assert ax.get_title(loc="left") == "各月转嫁占比：清单施行前62.5%，施行后20.0%"
    assert [line.get_color() for line in ax.lines[:2]] == [canvas.FAINT, canvas.BLUE]
    assert len(ax.lines[0].get_xdata()) == 2
    assert 1 < ax.lines[2].get_xdata()[0] < 2, "the line stands between June and July"
    assert "回溯衡量" not in _texts(plot.trend(MONTHS))


def test_flows_keep_the_strongest_and_count_the_rest():
    graph = _graph([("县甲局", "甲镇", 8.0), ("县甲局", "甲镇", 4.0), ("县乙局", "乙乡", 5.0), ("县丙局", "乙乡", 1.5)])
    ax = plot.flows(graph, most=1)
    assert "县甲局 12小时" in _texts(ax)
    assert "县乙局" not in _texts(ax)
    assert "画出最大的1对，另有2对共2件、6小时未画出" in ax.get_xlabel()
    assert "甲村" not in _texts(plot.flows(graph)), "delegation is not dispatch"


def test_flows_label_units_with_all_their_hours_drawn_or_not():
    graph = _graph([("县甲局", "甲镇", 8.0), ("县甲局", "乙乡", 1.0), ("县乙局", "甲镇", 2.0)])
    said = _texts(plot.flows(graph, most=1))
    assert "县甲局 9小时" in said
    assert "甲镇 10小时" in said
    assert "乙乡" not in said


def test_flows_without_hours_are_as_wide_as_their_tasks():
    ax = plot.flows(_graph([("县甲局", "甲镇", None), ("县甲局", "甲镇", float("nan")), ("县乙局", "乙乡", None)]))
    assert "县甲局 2件" in _texts(ax)
    assert "小时" not in _texts(ax) + ax.get_xlabel()


def test_lists_stack_to_the_township_total():
    ax = plot.lists(LISTS)
    ends = [p.get_x() + p.get_width() for p in ax.patches]
    assert max(ends) == 115 + 76 + 57
    assert [t.get_text() for t in ax.get_yticklabels()] == ["甲镇", "乙乡"]


def test_load_counts_the_overloaded_before_and_after_and_those_without_staff():
    ax = plot.load(LOADS.assign(returned_ratio=[0.9, 0.6, None]))
    assert "超载1个，转嫁任务退回后0个" in ax.get_title(loc="left")
    assert "另有1个无人员资料" in ax.get_xlabel()
    assert {"1.20", "0.90"} <= set(_texts(ax).split("\n"))


def test_coverage_adds_age_groups_and_leaves_empty_places_blank():
    assert [t.get_text() for t in plot.coverage(COVER).texts] == ["50%"]
    assert [t.get_text() for t in plot.coverage(COVER, by="service").texts] == ["50%"]
    with pytest.raises(TableError, match=r"可用.community、service"):
        plot.coverage(COVER, by="township")


def test_town_draws_gaps_of_one_service_or_of_all():
    whole, one = plot.town(_county(), GAPS), plot.town(_county(), GAPS, service="meals")
    assert "最大50人次" in _texts(whole)
    assert "最大20人）" in _texts(one)
    assert "闲置用房（1处）" in _texts(one)
    assert "缺口" not in _texts(plot.town(_county()).get_legend())
    with pytest.raises(TableError, match="没有名为 天气 的服务"):
        plot.town(_county(), service="天气")


def test_plan_says_gain_loss_and_bound():
    ax = plot.plan(PLAN)
    assert "新增90，失去30，累计净增60" in _texts(ax)
    assert "不超过110人次" in ax.get_xlabel()
    assert "已证明为最优" in plot.plan(PLAN.assign(bound=100)).get_xlabel()


def test_dollars_and_control_characters_in_names_are_only_text(bare, tmp_path):
    ax = plot.shares(_shares("department", ["县$x^2$局", "县\x07丙\ud800局"]))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ax.figure.savefig(tmp_path / "图.png")
    drawn = [t._preprocess_math(t.get_text()) for t in ax.get_yticklabels()]
    assert ("县$x^2$局 0/10件", False) in drawn


def test_a_frame_without_the_columns_is_named():
    with pytest.raises(TableError, match=r"判定汇总缺少列.share"):
        plot.verdicts(VERDICTS.drop(columns="share"))
