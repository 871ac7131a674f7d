"""The standards against pencil and paper, and what may never be claimed of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from governance import circle, rules
from governance.errors import RuleError, TableError

AGES = list(rules.value("circle.speed"))
GROUPS = rules.value("circle.groups")
RULES = {rule["standard"]: rule for rule in rules.value("circle.standards")}


def people(households: int | None = 250, size: int = 100, **nodes: str) -> pd.DataFrame:
    """Compounds from a='乙村': ``size`` of every age at each node."""
    rows = [("甲镇", community, n, n, households) for n, community in nodes.items()]
    frame = pd.DataFrame(rows, columns=["township", "community", "compound", "node", "households"])
    return frame.astype({"households": "Int64"}).assign(**dict.fromkeys(AGES, size))


def places(key: str, *rows: tuple) -> pd.DataFrame:
    """Rooms or sites from ('F1', 'culture', '乙村', 'a', 50.0), and a capacity."""
    whole = [(*row, None)[:6] if len(row) == 5 else row for row in rows]
    frame = pd.DataFrame(whole, columns=[key, "service", "community", "node", "area_m2", "capacity"])
    return frame.assign(township="甲镇")


def near(*rows: tuple) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["origin", "service", "node", "metres"]).astype({"metres": float})


def row(found: pd.DataFrame, standard: str, **where: str) -> pd.Series:
    mine = found[found["standard"] == standard]
    for column, value in where.items():
        mine = mine[mine[column] == value]
    assert len(mine) == 1
    return mine.iloc[0]


NONE = near()
TOWN = people(a="乙村", b="乙村", c="丙村")
ROOMS = places("room", ("F1", "elder_care", "乙村", "a", 60.0), ("F2", "idle", "乙村", "b", 95.5))
SITES = places("site", ("S1", "childcare", "丙村", "c", 300.0, 8), ("S2", "meals", "丙村", "c", 310.0))


def test_room_area_follows_the_households() -> None:
    found = circle.standards(TOWN, ROOMS, SITES, NONE)
    mine = row(found, "社区综合服务设施面积", community="乙村")
    # 500 households: 150 m² asked; 155.5 there, the idle room included
    assert mine[["measured", "required", "met", "short"]].tolist() == [155.5, 150.0, True, 0.0]
    able = row(found, "社区综合服务设施面积(有条件的)", community="乙村")
    assert able[["required", "met", "short"]].tolist() == [400.0, False, 244.5]
    assert row(found, "社区综合服务设施面积", community="丙村")[["measured", "short"]].tolist() == [0.0, 75.0]


def test_elder_rooms_are_checked_in_both_units_and_leave_out_the_centres() -> None:
    sites = pd.concat(
        [SITES, places("site", ("S3", "elder_care", "乙村", "b", 30.0), ("S4", "elder_care", "乙村", "b", 900.0))]
    )
    sites = sites.assign(tier=["other", "other", "care_point", "centre"])
    found = circle.standards(TOWN, ROOMS, sites, NONE)
    assert row(found, "养老服务用房(新建)", community="乙村")[["measured", "required", "met"]].tolist() == [
        90,
        150,
        False,
    ]
    assert row(found, "养老服务用房(既有)", community="乙村")[["required", "short"]].tolist() == [100, 10]
    floor = row(found, "养老服务用房(按建筑面积)", community="乙村")
    assert floor[["required", "met"]].isna().all()
    given_ = TOWN.assign(floor_area_m2=[30_000.0, 20_000.0, np.nan])
    found = circle.standards(given_, ROOMS, sites, NONE)
    assert row(found, "养老服务用房(按建筑面积)", community="乙村")[["required", "met"]].tolist() == [100, False]
    assert pd.isna(row(found, "养老服务用房(按建筑面积)", community="丙村")["met"])


def test_the_best_complex_of_a_community_answers_all_three_questions() -> None:
    found = circle.standards(TOWN, ROOMS, SITES, NONE)
    area = row(found, "嵌入式服务综合体面积", community="丙村")
    assert area[["place", "measured", "met", "short"]].tolist() == ["S1、S2", 610, True, 0]
    assert row(found, "嵌入式服务综合体面积(有条件的)", community="丙村")["short"] == 190
    assert row(found, "嵌入式服务综合体功能数", community="丙村")[["measured", "met", "short"]].tolist() == [
        2,
        False,
        1,
    ]
    assert row(found, "嵌入式服务综合体必备功能数", community="丙村")[["measured", "met"]].tolist() == [2, True]
    assert row(found, "嵌入式服务综合体功能数", community="乙村")["place"] == "F1"  # the larger idle room is no complex


def test_childcare_places_are_whole_and_for_everybody() -> None:
    # 1,800 people: 8.1 places, so 9; 8 are known
    assert row(circle.standards(TOWN, ROOMS, SITES, NONE), "托位数")[
        ["measured", "required", "met", "short"]
    ].tolist() == [8, 9, False, 1]
    more = pd.concat([ROOMS, places("room", ("F3", "childcare", "乙村", "a", 80.0))])
    assert pd.isna(row(circle.standards(TOWN, more, SITES, NONE), "托位数")["met"])  # F3 may have the one
    assert row(circle.standards(TOWN, more, SITES.assign(capacity=9), NONE), "托位数")["met"]


def test_the_people_near_a_service_are_counted_to_the_metre() -> None:
    way = near(("S1", "childcare", "a", 500.0), ("S1", "childcare", "b", 500.1), ("S1", "childcare", "c", 300.0))
    found = circle.standards(TOWN, ROOMS, SITES, way)
    ten = row(found, "十分钟生活圈步行距离", community="乙村", service="childcare")
    assert ten[["measured", "required", "met", "short"]].tolist() == [100, 200, False, 100]
    assert row(found, "十分钟生活圈步行距离", community="丙村", service="childcare")["met"]
    assert row(found, "五分钟生活圈步行距离", community="丙村", service="childcare")["met"]
    assert row(found, "十五分钟生活圈步行距离(下限)", community="乙村", service="childcare")["met"]


def test_unplaced_people_and_short_searches_leave_the_question_open() -> None:
    way = near(("S1", "childcare", "a", 100.0))
    lost = TOWN.assign(node=["a", None, "c"])
    found = circle.standards(lost, ROOMS, SITES, way)
    open_ = row(found, "十分钟生活圈步行距离", community="乙村", service="childcare")
    assert open_[["measured", "required"]].tolist() == [100, 200]
    assert pd.isna(open_["met"])
    assert not row(found, "十分钟生活圈步行距离", community="丙村", service="childcare")["met"]
    short = circle.standards(TOWN, ROOMS, SITES, way.assign(within=5.0))  # 400 m
    assert pd.isna(row(short, "十分钟生活圈步行距离", community="丙村", service="childcare")["met"])
    assert not row(short, "五分钟生活圈步行距离", community="丙村", service="childcare")["met"]


def test_the_population_of_a_circle_has_two_bounds() -> None:
    way = near(("S1", "childcare", "a", 500.0), ("S1", "childcare", "c", 0.0))
    for size, met, short, over in ((2000, True, 0, 0), (1000, False, 3000, 0), (3000, False, 0, 11_000)):
        town = people(size=size, a="乙村", b="乙村", c="丙村")
        mine = row(circle.standards(town, ROOMS, SITES, way), "十分钟生活圈服务人口", place="S1")
        assert mine[["measured", "required", "most"]].tolist() == [size * 12, 15_000, 25_000]
        assert mine[["met", "short", "over"]].tolist() == [met, short, over]


def test_station_sizes_are_remembered_numbers_and_said_to_be() -> None:
    found = circle.standards(TOWN, ROOMS, SITES, NONE)
    mine = row(found, "日间照料中心规模", place="F1")
    assert mine[["measured", "met", "short", "status"]].tolist() == [60, False, 290, "可调整默认值"]
    assert pd.isna(row(found, "社区服务站规模")["met"])
    unknown = ROOMS.assign(area_m2=[np.nan, 1.0])
    assert pd.isna(row(circle.standards(TOWN, unknown, SITES, NONE), "日间照料中心规模", place="F1")["met"])


def test_nothing_second_hand_is_called_verified() -> None:
    found = circle.standards(TOWN, ROOMS, SITES, NONE)
    assert list(dict.fromkeys(found["standard"])) == list(RULES)
    assert pd.isna(row(found, "文化活动站规模")["met"])  # there is none to measure
    weak = found["standard"].str.contains("五分钟|托位") & ~found["standard"].str.contains("十分钟生活圈")
    assert (found.loc[weak, "status"] == "来源较弱").all()
    recalled = found["standard"].str.contains("规模")
    assert (found.loc[recalled, "status"] == "可调整默认值").all()
    assert found.loc[recalled, "note"].str.contains("从未见过").all()
    assert found.loc[found["status"] != "已核实", "needs_review"].all()
    elsewhere = found["standard"].str.startswith("养老服务用房")
    assert found.loc[elsewhere, "needs_review"].all()
    assert found.loc[elsewhere, "note"].str.contains("不是浙江").all()
    assert not found.loc[~weak & ~recalled & ~elsewhere, "needs_review"].any()


def test_what_is_required_follows_the_population_to_come() -> None:
    found = circle.standards(TOWN, ROOMS, SITES, NONE, future=1.2)
    assert row(found, "社区综合服务设施面积", community="乙村")[["required", "met"]].tolist() == [180.0, False]
    assert row(found, "托位数")["required"] == 10  # 2,160 people: 9.72
    coming = people(households=100, size=50, a="乙村", c="丙村")
    found = circle.standards(TOWN, ROOMS, SITES, NONE, future=coming)
    assert row(found, "社区综合服务设施面积", community="乙村")["required"] == 30
    assert row(found, "托位数")["required"] == 3  # 600 people: 2.7
    today = circle.standards(TOWN, ROOMS, SITES, NONE)
    same = circle.standards(TOWN, ROOMS, SITES, NONE, future=TOWN)
    pd.testing.assert_frame_equal(same, today)
    with pytest.raises(TableError, match=r"未来人口表缺少.*丙村"):
        circle.standards(TOWN, ROOMS, SITES, NONE, future=coming.iloc[:1])
    for wrong in (0, -1, "1.1", True, np.inf):
        with pytest.raises(RuleError, match="future"):
            circle.standards(TOWN, ROOMS, SITES, NONE, future=wrong)


def test_unknown_households_leave_the_requirement_unknown() -> None:
    town = TOWN.assign(households=pd.array([250, None, 250], "Int64"))
    mine = row(circle.standards(town, ROOMS, SITES, NONE), "社区综合服务设施面积", community="乙村")
    assert mine[["required", "met", "short"]].isna().all()


def test_the_callers_frames_stay_and_empty_ones_have_the_same_columns() -> None:
    given_ = [TOWN.copy(), ROOMS.copy(), SITES.copy(), near(("S1", "childcare", "a", 1.0))]
    kept = [frame.copy(deep=True) for frame in given_]
    full = circle.standards(*given_)
    for frame, before in zip(given_, kept, strict=True):
        pd.testing.assert_frame_equal(frame, before)
    bare = circle.standards(*[frame.iloc[:0] for frame in given_])
    assert bare.dtypes.to_dict() == full.dtypes.to_dict()
    with pytest.raises(TableError, match="households"):
        circle.standards(TOWN.drop(columns="households"), ROOMS, SITES, NONE)


def test_a_faulty_rule_is_named_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = [{"standard": "甲", "applies": "weight", "unit": "吨", "status": "sure"}, {"applies": "rooms"}]
    real = rules.value
    monkeypatch.setattr(rules, "value", lambda name, **k: wrong if name == "circle.standards" else real(name, **k))
    with pytest.raises(
        RuleError, match=r"甲 缺少 source.*甲 的 applies.*甲 的 status.*第 2 条 缺少 standard.*缺少 least"
    ):
        circle.standards(TOWN, ROOMS, SITES, NONE)


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 40), st.integers(0, 300), st.floats(0, 400))
def test_more_room_never_breaks_a_lower_bound_and_more_people_never_mend_one(tens: int, more: int, area: float) -> None:
    rooms = places("room", ("F1", "culture", "乙村", "a", area))
    town = people(households=tens * 10, a="乙村")
    before = circle.standards(town, rooms, SITES, NONE).query("standard == '社区综合服务设施面积'").iloc[0]
    wider = (
        circle.standards(town, rooms.assign(area_m2=area + more), SITES, NONE)
        .query("standard == '社区综合服务设施面积'")
        .iloc[0]
    )
    grown = (
        circle.standards(town, rooms, SITES, NONE, future=1 + more).query("standard == '社区综合服务设施面积'").iloc[0]
    )
    assert wider["met"] >= before["met"] >= grown["met"]
    assert wider["short"] <= before["short"] <= grown["short"]
    assert before["short"] == pytest.approx(max(0, before["required"] - before["measured"]))


def test_a_standard_with_nobody_to_serve_is_not_applicable_and_not_met() -> None:
    empty = people(households=0, size=0, a="乙村").assign(age_60_79=5)
    found = circle.standards(empty, ROOMS.assign(area_m2=0.0), SITES, NONE)
    for mine in (
        row(found, "十分钟生活圈步行距离", community="乙村", service="childcare"),
        row(found, "社区综合服务设施面积", community="乙村"),
    ):
        assert mine[["required", "outcome"]].tolist() == [0.0, "not_applicable"]
        assert pd.isna(mine["met"])
    served = row(found, "十分钟生活圈步行距离", community="乙村", service="elder_care")
    assert served[["met", "outcome"]].tolist() == [False, "missed"]
    assert row(found, "社区服务站规模")["outcome"] == "unknown"
    assert row(circle.standards(TOWN, ROOMS, SITES, NONE), "托位数")["outcome"] == "missed"
    assert (found["met"].isna() == found["outcome"].isin(["unknown", "not_applicable"])).all()
