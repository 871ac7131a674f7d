"""Duties across townships: what may be one, what must stay apart, and what the views count."""

from __future__ import annotations

import functools
import itertools
from pathlib import Path

import pandas as pd
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

import governance as gov
from governance.crosswalk import alike, common, matrix, roles, similarity, unique
from governance.crosswalk.grouping import described, doubts, groups, nearest
from governance.crosswalk.wording import core, folded, is_apart, lexicon, likeness, plain, reordered, spans
from governance.errors import TableError

CASES = yaml.safe_load((Path(__file__).parent / "cases" / "crosswalk.yml").read_text("utf-8"))
SAME = [tuple(p) for kind in ("相同", "后写相同") for p in CASES[kind]]
DIFFERENT = [tuple(p) for kind in ("不同", "后写不同") for p in CASES[kind]]


def _items(*rows: tuple[str, ...]) -> pd.DataFrame:
    """township, list kind, name[, department]; ids run on by township."""
    out = pd.DataFrame([(*r, None)[:4] for r in rows], columns=["township", "list_kind", "name", "department"])
    return out.assign(item=[f"#{n}" for n in range(len(out))], category="民生服务")


@functools.cache
def _pair(a: str, b: str, *departments: str) -> pd.DataFrame:
    some = departments or ("", "")
    return alike(_items(("甲镇", "basic", a, some[0]), ("乙乡", "basic", b, some[1])))


def _one(found: pd.DataFrame) -> bool:
    return len(set(found["duty"])) == 1


# --- the cases officials can read


def test_there_are_cases_enough_and_none_is_said_twice() -> None:
    assert len(SAME) >= 80
    assert len(DIFFERENT) >= 80
    assert len({frozenset(p) for p in SAME + DIFFERENT}) == len(SAME + DIFFERENT)


def test_of_the_merged_pairs_at_least_98_in_100_are_one_duty() -> None:
    right = sum(_one(_pair(*p)) for p in SAME)
    wrong = [p for p in DIFFERENT if _one(_pair(*p))]
    assert right / (right + len(wrong)) >= 0.98, wrong
    assert right / len(SAME) >= 0.85, "merged of those that are one duty"


def test_most_of_the_same_duties_that_are_not_merged_are_put_to_a_person() -> None:
    apart = [f for p in SAME if not _one(f := _pair(*p))]
    assert sum(f["needs_review"].any() for f in apart) / len(apart) > 0.7


@pytest.mark.parametrize(("a", "b"), DIFFERENT)
def test_different_duties_stay_apart(a: str, b: str) -> None:
    assert not _one(_pair(a, b))


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("农村饮用水安全巡查", "城市饮用水安全巡查"),
        ("燃气安全检查", "电梯安全检查"),
        ("学前教育管理", "义务教育管理"),
        ("餐饮单位检查", "餐饮单位处罚"),
        ("经营性自建房排查", "非经营性自建房排查"),
        ("取得许可的经营行为监管", "未取得许可的经营行为监管"),
        ("乡镇企业管理", "企业管理"),
        ("社会组织管理", "社会管理"),
        ("村民委员会监督", "居民委员会监督"),
    ],
)
def test_another_object_act_or_a_denial_is_another_duty(a: str, b: str) -> None:
    assert not _one(_pair(a, b))


@pytest.mark.parametrize(
    ("a", "b"),
    [("农村饮用水巡查", "城市饮用水巡查"), ("燃气安全检查", "电梯安全检查"), ("自建房排查整治", "非自建房排查整治")],
)
def test_opposites_do_not_even_trouble_a_person(a: str, b: str) -> None:
    assert not _pair(a, b)["needs_review"].any()


# --- bands


def test_punctuation_alone_is_the_same_name() -> None:
    found = _pair("做好村(社区)“两委”换届", "做好村（社区）两委换届。")
    assert _one(found)
    assert found["band"].tolist() == ["same", "same"]
    assert found["score"].tolist() == [1.0, 1.0]


def test_another_wording_says_what_is_different() -> None:
    found = alike(
        _items(*((t, "basic", "河道日常巡查") for t in ("甲镇", "乙乡")), ("丙镇", "basic", "做好河道巡查工作"))
    )
    row = found[found["township"] == "丙镇"].iloc[0]
    assert _one(found)
    assert row["band"] == "reworded"
    assert row["duty_name"] == "河道日常巡查"
    assert 0 < row["score"] < 1
    assert "做好" in row["reason"]
    assert "日常" in row["reason"]


def test_a_doubt_names_the_other_duty_and_what_differs_and_is_asked_of_the_few() -> None:
    many = [(t, "basic", "秸秆禁烧巡查") for t in ("甲镇", "乙乡")]
    found = alike(_items(*many, ("丙镇", "basic", "秸秆露天禁烧巡查"))).set_index("township")
    assert found["needs_review"].to_dict() == {"甲镇": False, "乙乡": False, "丙镇": True}
    assert found.loc["丙镇", "band"] == "unsure"
    for said in ("秸秆禁烧巡查", "露天", "乙乡、甲镇", "未合并"):
        assert said in found.loc["丙镇", "reason"]


def test_departments_help_and_hinder() -> None:
    assert _one(_pair("校车安全管理", "校车安全", "县教育局", "县教育局"))
    assert _one(_pair("校车安全管理", "校车安全"))
    apart = _pair("校车安全管理", "校车安全", "县教育局", "县公安局")
    assert not _one(apart)
    assert apart["needs_review"].all()
    assert apart["reason"].str.contains("责任部门").all()


def test_one_light_word_or_another_is_not_both() -> None:
    found = alike(
        _items(
            ("甲镇", "basic", "流动人口管理"), ("乙乡", "basic", "流动人口服务"), ("丙镇", "basic", "流动人口服务管理")
        )
    )
    duty = found.set_index("township")["duty"]
    assert duty["甲镇"] != duty["乙乡"]
    assert found["needs_review"].any()


def test_the_same_name_with_another_department_is_one_duty_to_look_at() -> None:
    rows = [(t, "assisting", "燃气安全巡查", "县住房和城乡建设局") for t in ("甲镇", "乙乡", "丙镇")]
    found = alike(_items(*rows, ("丁镇", "assisting", "燃气安全巡查", "县综合行政执法局"))).set_index("township")
    assert _one(found)
    assert found["needs_review"].to_dict() == {"甲镇": False, "乙乡": False, "丙镇": False, "丁镇": True}


# --- what must never be one


def test_two_items_of_one_list_are_not_one_duty_unless_identical() -> None:
    found = alike(
        _items(("甲镇", "basic", "河道巡查"), ("甲镇", "basic", "做好河道巡查工作"), ("甲镇", "basic", "河道巡查。"))
    )
    by = found.groupby("duty")["name"].agg(set)
    assert sorted(map(len, by)) == [1, 2]
    assert found["needs_review"].all()
    assert found["reason"].str.contains("两项并列|重复列出").all()


def test_on_two_lists_of_one_township_a_duty_is_one_and_looked_at() -> None:
    found = alike(_items(("甲镇", "basic", "燃气安全巡查"), ("甲镇", "assisting", "协助做好燃气安全巡查")))
    assert _one(found)
    assert found["needs_review"].all()


def test_a_chain_of_small_steps_does_not_tie_its_ends() -> None:
    steps = ["河道巡查", "河道巡查保洁", "河道保洁", "河道保洁清淤", "河道清淤"]
    found = alike(_items(*((f"{n}镇", "basic", name) for n, name in enumerate(steps))))
    assert found["duty"].nunique() == len(steps)


def test_light_words_chain_no_further_than_every_pair_allows() -> None:
    rows = [("甲镇", "河道管理", "县水利局"), ("乙乡", "河道", ""), ("丙镇", "河道日常管理", "县交通运输局")]
    found = alike(_items(*((t, "basic", n, d) for t, n, d in rows))).set_index("township")["duty"]
    assert found["甲镇"] != found["丙镇"]


NAMES = [n for pair in CASES["相同"][::3] + CASES["不同"][::3] for n in pair]


@settings(max_examples=25)
@given(st.data())
def test_row_order_and_township_order_change_nothing(data: st.DataObject) -> None:
    rows = [
        (f"{n % 7}镇", ("basic", "assisting")[n % 2], name, "县水利局" if n % 3 else "") for n, name in enumerate(NAMES)
    ]
    items = _items(*rows)
    straight = alike(items)
    order = data.draw(st.permutations(range(len(items))))
    pd.testing.assert_frame_equal(alike(items.iloc[order]), straight)
    titles = {f"{n}镇": f"{m}镇" for n, m in enumerate(data.draw(st.permutations(range(7))))}
    moved = alike(items.assign(township=items["township"].map(titles)))
    assert sorted(moved["duty"]) == sorted(straight["duty"])


@settings(max_examples=25)
@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from(NAMES)), max_size=25))
def test_every_two_wordings_of_a_duty_are_one_by_themselves(rows: list[tuple[int, str]]) -> None:
    items = _items(*((f"{t}镇", "basic", n) for t, n in dict.fromkeys(rows)))
    found = alike(items)
    assert len(found) == len(items)
    for _, group in found.groupby("duty"):
        for a, b in itertools.combinations(group["name"].unique(), 2):
            assert _one(_pair(a, b))
        assert not group.assign(text=group["name"].map(plain)).groupby("township")["text"].nunique().gt(1).any()


def test_identical_names_are_one_duty_in_the_example_county() -> None:
    items = gov.examples.county().items
    found = alike(items)
    assert found.groupby("name")["duty"].nunique().max() == 1
    assert found.groupby("duty")["name"].nunique().max() == 1
    assert not found["needs_review"].any()


# --- the rows


def test_all_rows_are_accounted_for_and_the_caller_keeps_his_frame() -> None:
    items = _items(("乙乡", "basic", "河道巡查"), ("甲镇", "basic", "河道巡查"))
    before = items.copy()
    found = alike(items)
    pd.testing.assert_frame_equal(items, before)
    assert found["township"].tolist() == ["乙乡", "甲镇"]


def test_the_latest_version_speaks_and_two_equally_late_are_refused() -> None:
    one = _items(("甲镇", "basic", "河道巡查"), ("甲镇", "basic", "山塘巡查")).assign(item="J1")
    dated = one.assign(since=["2025-01-01", "2026-01-01"])
    assert alike(dated)["name"].tolist() == ["山塘巡查"]
    with pytest.raises(TableError, match="甲镇 J1"):
        alike(one)
    with pytest.raises(TableError, match="1 行没有乡镇"):
        alike(_items(("甲镇", "basic", "河道巡查")).assign(item=None))


def test_a_townships_own_name_is_no_part_of_the_duty() -> None:
    assert _one(alike(_items(("甲山镇", "basic", "甲山镇河道巡查"), ("乙水乡", "basic", "乙水乡河道巡查"))))


def test_items_without_a_name_are_never_one_and_always_looked_at() -> None:
    found = alike(_items(("甲镇", "basic", None), ("乙乡", "basic", "……")))
    assert found["duty"].nunique() == 2
    assert found["needs_review"].all()
    assert found["reason"].str.contains("没有事项名称").all()


def test_columns_and_dtypes_are_the_same_when_nothing_is_there() -> None:
    full = _pair("河道巡查", "道路巡查")
    empty = alike(_items(("甲镇", "basic", "河道巡查")).iloc[:0])
    assert empty.dtypes.to_dict() == full.dtypes.to_dict()
    for view in (common, unique, roles, similarity):
        assert view(empty).dtypes.to_dict() == view(full).dtypes.to_dict(), view.__name__
    assert matrix(empty).columns.tolist() == ["duty", "duty_name"]
    with pytest.raises(TableError, match="缺少列:list_kind、name"):
        alike(pd.DataFrame({"item": [], "township": []}))


# --- the views


COUNTY = _items(
    ("甲镇", "basic", "河道巡查", "县水利局"),
    ("乙乡", "basic", "做好河道巡查工作", "县水利局"),
    ("丙镇", "assisting", "协助河道巡查", "县水利局"),
    ("甲镇", "basic", "茶叶产业发展"),
    ("乙乡", "reclaimed", "河道采砂许可"),
)


def test_common_counts_townships_not_rows() -> None:
    found = common(alike(COUNTY)).set_index("duty_name")
    row = found.loc["协助河道巡查"] if "协助河道巡查" in found.index else found.iloc[0]
    assert (row["townships"], row["share"], row["basic"], row["assisting"], row["reclaimed"]) == (3, 1.0, 2, 1, 0)
    assert row["core"]
    assert found.loc["茶叶产业发展", "share"] == pytest.approx(1 / 3)
    assert not found.loc["茶叶产业发展", "core"]
    assert found["townships"].sum() == 5


def test_the_core_is_what_the_rule_says() -> None:
    rows = [(f"{n}镇", "basic", "征兵工作") for n in range(9)]
    wide = common(alike(_items(*rows, ("9镇", "basic", "防汛值守"))))
    assert wide.set_index("duty_name")["core"].to_dict() == {"征兵工作": True, "防汛值守": False}
    assert gov.rules.value("crosswalk.core") == 0.9


def test_unique_names_the_nearest_elsewhere_as_evidence() -> None:
    found = unique(alike(COUNTY)).set_index("name")
    assert set(found.index) == {"茶叶产业发展", "河道采砂许可"}
    assert found.loc["河道采砂许可", "nearest_score"] == likeness("河道采砂许可", "河道巡查")
    assert pd.isna(found.loc["茶叶产业发展", "nearest_name"])


def test_the_nearest_is_looked_for_elsewhere_not_on_the_same_list() -> None:
    found = unique(
        alike(_items(("甲镇", "basic", "河道保洁"), ("甲镇", "basic", "道路保洁"), ("乙乡", "basic", "招商引资")))
    )
    assert found["nearest"].isna().all()
    assert (found["nearest_score"] == 0).all()


def test_roles_write_out_who_has_it_on_which_list() -> None:
    row = roles(alike(COUNTY)).iloc[0]
    assert (row["basic"], row["assisting"], row["reclaimed"]) == (2, 1, 0)
    assert row["basic_townships"] == "乙乡、甲镇"
    assert "在丙镇为配合履职" in row["reason"]
    assert row["needs_review"]
    assert roles(alike(COUNTY.iloc[3:])).empty


def test_matrix_holds_each_list_once() -> None:
    wide = matrix(alike(COUNTY)).set_index("duty_name")
    assert wide.iloc[0][["甲镇", "乙乡", "丙镇"]].tolist() == ["basic", "basic", "assisting"]
    assert wide.drop(columns="duty").notna().sum().sum() == 5


def test_similarity_is_the_jaccard_of_sets() -> None:
    groups_ = alike(gov.examples.county().items)
    found = similarity(groups_).set_index(["township", "other"])["jaccard"]
    sets = groups_.groupby("township")["duty"].agg(set)
    for a, b in itertools.combinations_with_replacement(sets.index[:5], 2):
        assert found[a, b] == pytest.approx(len(sets[a] & sets[b]) / len(sets[a] | sets[b]))
        assert found[a, b] == found[b, a]


# --- the chapters


def test_words_are_set_aside_only_where_they_are_form() -> None:
    words = lexicon()
    assert core("加强社会组织管理", words).strong == "社会组织"
    assert core("负责人培训", words).strong == "负责人培训"
    assert core("2025年度征兵工作", words).strong == "征兵"
    assert core("工作", words).strong == "工作"
    assert core("参与普及合并", words).parts == ("普及合并",)
    assert folded(" 2025年度 “A” ") == "a"


def test_neighbours_may_change_places_but_not_subject_and_object() -> None:
    words = lexicon()
    assert reordered(core("创业就业服务", words), core("就业创业服务", words))
    assert not reordered(core("村级组织监督企业", words), core("企业监督村级组织", words))
    cross = "农村饮用水检查和城市污水处理", "城市饮用水检查和农村污水处理"
    assert not reordered(core(cross[0], words), core(cross[1], words))


def test_helpers_say_what_they_promise() -> None:
    words = lexicon()
    assert likeness("甲乙", "甲乙") == 1
    assert is_apart("城镇供水许可", "城镇燃气许可", words)
    assert not is_apart("非遗保护传承", "遗产保护传承", words)
    assert spans("甲乙", "甲乙") == ([], [])
    assert [n.tolist() for n in nearest([])] == []
    at = described("河道", "河道", [("甲镇", "basic", "县水利局、县林业局")], words)
    assert at.departments == {"县水利局", "县林业局"}
    assert doubts(groups([at]), words) == {}
