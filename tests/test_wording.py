"""What cells of published lists say: cases in Chinese (cases/wording.yml), and what holds for every text."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path

import pandas as pd
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

import governance as gov
from governance.documents import wording
from governance.documents.letters import joined, lines, numeral
from governance.documents.wording import Duty
from governance.tables.cells import parse
from governance.tables.fields import field

CASES = yaml.safe_load((Path(__file__).parent / "cases" / "wording.yml").read_text("utf-8"))
NUMBERED = yaml.safe_load((Path(__file__).parent / "cases" / "numbering.yml").read_text("utf-8"))
UNITS = sorted({u for cell in gov.examples.county().items["department"].dropna() for u in cell.split("、")} - {""})
HAN = "一二三十乡镇县局部委办和及与由共项类的清单基本履职事项配合收回部门上级工作方式制定组织负责培训经费无牵头水利公安应急管理"
SIGNS = "、，。；：:;,.．（）()【】《》-—/…①⑫１２３．0123456789 \n\t　\u200b⼀⺠⻓aBX●◆✓·"
texts = st.text(st.sampled_from(HAN + SIGNS), max_size=40) | st.text(max_size=20)
phrases = st.text(st.sampled_from("制定组织开展巡查上报整改预案演练宣传引导"), min_size=2, max_size=8)


def cases(of: str) -> list:
    return [pytest.param(case, id=f"{of}:{case['原文']!r}"[:60]) for case in CASES[of]]


def plain(found: object) -> object:
    """A record, or a list of records, as the lists a YAML file has."""
    if isinstance(found, (list, tuple)):
        return [plain(one) for one in found]
    return list(dataclasses.astuple(found)) if dataclasses.is_dataclass(found) else found  # type: ignore[arg-type]


def test_every_function_has_a_dozen_cases() -> None:
    assert {of: len(many) for of, many in CASES.items() if len(many) < 12} == {}
    assert len(CASES) == 12


@pytest.mark.parametrize("case", cases("清洗"))
def test_clean(case: dict) -> None:
    assert wording.clean(case["原文"]) == case["应为"]


@pytest.mark.parametrize("case", cases("名称"))
def test_name(case: dict) -> None:
    assert wording.name(case["原文"]) == str(case["应为"])


@pytest.mark.parametrize("case", NUMBERED, ids=lambda case: case["原文"])
def test_a_printed_line_gets_the_name_a_raw_one_would_give_it(case: dict) -> None:
    """The same cases as tests/test_drafting.py reads with drafting's own reading."""
    assert wording.name(case["原文"]) == case["应为"]


def test_full_width_marks_are_read_as_half_width_ones() -> None:
    both = ["县水利局", "县公安局"]
    assert wording.departments("\uff3b牵头单位\uff3d县水利局\uff5c县公安局") == both
    assert wording.departments("县水利局\uff0e、县公安局\uff0e") == both
    one = wording.duties("1.负责企业分级管理(A级1\uff5e2、B级3家)")
    assert [duty.text for duty in one] == ["负责企业分级管理(A级1\uff5e2、B级3家)"]
    assert [duty.number for duty in wording.duties("一\uff0e制定预案;二\uff0e组织演练。")] == [1, 2]


@pytest.mark.parametrize("case", cases("序号"))
def test_number(case: dict) -> None:
    assert wording.number(case["原文"]) == case["应为"]


@pytest.mark.parametrize("case", cases("类别"))
def test_category(case: dict) -> None:
    assert plain(wording.category(case["原文"])) == case["应为"]


@pytest.mark.parametrize("case", cases("总数"))
def test_total(case: dict) -> None:
    assert plain(wording.total(case["原文"])) == [[*rest, mean == "是"] for *rest, mean in case["应为"]]


@pytest.mark.parametrize("case", cases("部门"))
def test_departments(case: dict) -> None:
    assert wording.departments(case["原文"]) == case["应为"]


@pytest.mark.parametrize("case", cases("职责"))
def test_duties(case: dict) -> None:
    found = wording.duties(case["原文"], case.get("部门", ()))
    assert plain(found) == case["应为"]
    assert wording.duties(wording.written(found), case.get("部门", ())) == found


@pytest.mark.parametrize("case", cases("承接"))
def test_taking_over(case: dict) -> None:
    assert plain(wording.taking_over(case["原文"])) == case["应为"]


@pytest.mark.parametrize("case", cases("保障"))
def test_support(case: dict) -> None:
    assert list(wording.support(case["原文"])) == case["应为"]


@pytest.mark.parametrize("case", cases("乡镇"))
def test_township(case: dict) -> None:
    assert wording.township(case["原文"]) == case["应为"]


@pytest.mark.parametrize("case", cases("清单"))
def test_kind(case: dict) -> None:
    assert wording.kind(case["原文"]) == case["应为"]


@pytest.mark.parametrize("case", cases("日期"))
def test_day(case: dict) -> None:
    assert wording.day(case["原文"]) == (pd.Timestamp(case["应为"]) if case["应为"] else None)


# --- what holds for every text


@given(texts)
def test_cleaning_twice_changes_nothing(text: str) -> None:
    assert wording.clean(wording.clean(text)) == wording.clean(text)
    assert wording.name(wording.name(text)) == wording.name(text)


@given(texts)
def test_no_text_is_too_odd(text: str) -> None:
    for read in (wording.number, wording.category, wording.total, wording.support, wording.kind, wording.day):
        read(text)
    wording.taking_over(text)
    assert wording.township(text) == "" or wording.township(text)[-1] in "镇乡道木处"
    units = wording.departments(text)
    assert all(units)
    assert len(set(units)) == len(units)


@given(texts)
def test_a_name_is_what_a_table_would_hold(text: str) -> None:
    values, faults = parse([wording.name(text)], field("items", "name"))
    assert not faults
    assert values.fillna("").tolist() == [wording.name(text)]


def hanzi(n: int) -> str:
    digits = "零一二三四五六七八九"
    hundreds, tens, ones = n // 100, n // 10 % 10, n % 10
    text = f"{digits[hundreds]}百" if hundreds else ""
    if tens:
        text += f"{'' if tens == 1 and not hundreds else digits[tens]}十"
    elif hundreds and ones:
        text += "零"
    return text + (digits[ones] if ones else "")


@given(st.integers(1, 999))
def test_a_number_in_any_writing(n: int) -> None:
    wide = str(n).translate({ord("0") + d: 0xFF10 + d for d in range(10)})
    many = [
        f"{n}",
        f"{n}.",
        f"{n}、",
        f"({n})",
        f"（{wide}）",
        wide,
        f" {n}\n",
        f"{n}.0",
        f"第{n}项",
        hanzi(n),
        f"({hanzi(n)})",
    ]
    assert {wording.number(one) for one in many} == {n}
    assert numeral(hanzi(n)) == n


@given(st.lists(st.sampled_from(UNITS), unique=True, min_size=1, max_size=6), st.data())
def test_units_joined_by_any_sign_come_back(units: list[str], data: st.DataObject) -> None:
    signs = ["、", "，", ",", "；", ";", "/", "／", "\n", " ", "　", "、\n", "和", "及", "会同", "以及", "\n和"]
    text = units[0]
    for unit in units[1:]:
        text += data.draw(st.sampled_from(signs)) + unit
    assert wording.departments(text) == units
    assert wording.departments(text + "等部门") == units


usual = """
    县纪委监委机关 县纪委监委 县委办 县委办公室 县府办 县政府办公室 县委组织部 县委宣传部 县委统战部 县委政法委 县委社会工作部 县委编办
    县委网信办 县委巡察办 县委党校 县人大办 县政协办 县信访局 县档案馆 县发改局 县教育局 县科技局 县经信局 县公安局 县民政局 县司法局
    县财政局 县人社局 县自然资源和规划局 县住建局 县交通运输局 县水利局 县农业农村局 县商务局 县文旅局 县卫健局 县退役军人局
    县应急管理局 县审计局 县市场监管局 县统计局 县医保局 综合行政执法局 县城管局 县数据局 县机关事务中心 县税务局 县气象局
    县消防救援大队 县烟草局 县供电公司 县人武部 县人民法院 县检察院 团县委 县总工会 县妇联 县科协 县残联 县工商联 县红十字会
    县融媒体中心 县国资公司 县城投集团 县供销社 县公积金中心 属地派出所 市生态环境局青禾分局 中国移动青禾分公司
"""
USUAL = usual.split()


@pytest.mark.parametrize("unit", USUAL)
def test_usual_units_alone_in_pairs_and_above_their_duties(unit: str) -> None:
    assert wording.departments(unit) == [unit]
    for other in USUAL:
        for sign in ("\n", "、") if other != unit else ():
            assert wording.departments(f"{unit}{sign}{other}") == [unit, other]
    found = wording.duties(f"县委办：统筹\n{unit}（牵头）：1.制定预案；2.组织演练。")
    assert [duty.unit for duty in found] == ["县委办", unit, unit]


@given(st.lists(st.sampled_from(UNITS), unique=True, min_size=1, max_size=4), st.data())
def test_units_broken_inside_words_come_back(units: list[str], data: st.DataObject) -> None:
    """A narrow column breaks its text anywhere but before or after 县."""
    broken = []
    for unit in units:
        cut = data.draw(st.sampled_from([n for n in range(2, len(unit) + 1) if unit[n : n + 1] != "县"]))
        broken.append(f"{unit[:cut]}\n{unit[cut:]}")
    assert wording.departments("、".join(broken)) == units


groups = st.lists(
    st.tuples(st.sampled_from(UNITS), st.lists(phrases, min_size=1, max_size=4), st.booleans()),
    min_size=1,
    max_size=4,
    unique_by=lambda g: g[0],
)


@given(groups, st.booleans())
def test_duties_written_and_read_again_are_the_same(groups: list, grouped: bool) -> None:
    made = []
    for unit, many, numbered in groups if grouped else groups[:1]:
        of = unit if grouped else ""
        made += [Duty(of, n, t) for n, t in enumerate(many, 1)] if numbered else [Duty(of, None, many[0])]
    assert wording.duties(wording.written(made)) == made


MORE = [
    "团县委",
    "公安局",
    "市场监督管理局",
    "县级相关部门",
    "各责任部门",
    "青禾县公安局",
    "国网青禾县供电公司",
    "县烟草专卖局(公司)",
    "市生态环境局青禾分局",
    "县委",
]


@pytest.mark.parametrize("unit", [*UNITS, *MORE])
def test_a_unit_heads_its_duties_without_brackets(unit: str) -> None:
    made = [Duty(unit, 1, "制定预案"), Duty(unit, 2, "组织演练")]
    assert wording.written(made) == f"{unit}：1.制定预案；2.组织演练。"
    assert wording.duties(wording.written(made)) == made


@given(texts)
def test_whatever_was_read_as_duties_is_read_so_again(text: str) -> None:
    found = wording.duties(text)
    assert wording.duties(wording.written(found)) == found


@given(
    st.lists(phrases, min_size=1, max_size=5),
    st.sampled_from(["{}.", "{}、", "({})", "（{}）", "{}．", "{})", " {}. "]),
    st.sampled_from(["；", ";", "；\n", "。\n", "\n"]),
)
def test_every_style_of_numbers_gives_the_same_duties(many: list[str], style: str, stop: str) -> None:
    text = stop.join(style.format(n) + one for n, one in enumerate(many, 1))
    assert wording.duties(text) == [Duty("", n, one) for n, one in enumerate(many, 1)]


dresses = [
    "{}：",
    "{}（牵头）：",
    "{}（配合单位）：",
    "【{}】",
    "【{}（牵头）】",
    "牵头单位{}：",
    "配合部门：{}：",
    "{}负责：",
]
bodies = {
    "numbers": lambda many: "；".join(f"{n}.{one}" for n, one in enumerate(many, 1)),
    "words": lambda many: "；".join(f"{'一二三四'[n]}是{one}" for n, one in enumerate(many)),
    "bullets": lambda many: "\n".join(f"●{one}；" for one in many),
}


@given(groups, st.data())
def test_a_units_role_is_no_part_of_its_name_whatever_follows(groups: list, data: st.DataObject) -> None:
    text, made = "", []
    for at, (unit, many, _) in enumerate(groups):
        how = data.draw(st.sampled_from(sorted(bodies))) if len(many) > 1 else "numbers"
        text += data.draw(st.sampled_from(["", f"{at + 1}.", f"{'一二三四'[at]}、", "\n", "●"]))
        text += data.draw(st.sampled_from(dresses)).format(unit) + bodies[how](many) + "。"
        made += [Duty(unit, None if how == "bullets" else n, one) for n, one in enumerate(many, 1)]
        assert wording.departments(unit) == [unit]
    assert wording.duties(text) == made
    assert wording.duties(wording.written(made)) == made


@given(
    st.lists(phrases, min_size=2, max_size=5),
    st.sampled_from([*"●◆■▪·-—✓", "- ", "● "]),
    st.sampled_from(["；", "。", ""]),
)
def test_bullets_of_any_sign_begin_duties(many: list[str], sign: str, stop: str) -> None:
    made = [Duty("", None, one) for one in many]
    assert wording.duties("\n".join(f"{sign}{one}{stop}" for one in many)) == made
    assert wording.duties(wording.written(made)) == made


def test_the_example_county_reads_as_it_was_written() -> None:
    items = gov.examples.county().items
    for column in ("department_duty", "township_duty"):
        for cell in items[column].dropna().unique():
            assert wording.written(wording.duties(cell)) == cell
    names = items["name"].dropna().unique()
    assert [wording.name(n) for n in names] == names.tolist()
    assert [wording.clean(m) for m in items["method"].dropna().unique()] == items["method"].dropna().unique().tolist()
    assert [wording.township(t) for t in items["township"].unique()] == items["township"].unique().tolist()
    kinds = [wording.category(c) for c in items["category"].dropna().unique()]
    assert [k and k.name for k in kinds] == items["category"].dropna().unique().tolist()
    for cell in items["department"].dropna().unique():
        assert "、".join(wording.departments(cell)) == cell


def test_lines_broken_in_words_are_joined() -> None:
    assert lines("县水利\r\n  局 ") == ["县水利", "局"]
    assert joined("负责巡\n查\n望禾站:整改", ["望禾站"]) == ["负责巡查", "望禾站:整改"]


def test_long_and_odd_cells_take_no_time() -> None:
    start = time.process_time()
    for odd in (
        "县局和",
        "县水利局及县公安局，",
        "市场监管局、",
        "县局、",
        "1.",
        "（",
        "由县",
        "①县局：",
        "基本履职1项",
        "承接部门",
        " \n",
        "县",
    ):
        for read in (
            wording.clean,
            wording.duties,
            wording.departments,
            wording.total,
            wording.taking_over,
            wording.support,
        ):
            read(odd * 700 + "。\n" + odd * 700)
    assert time.process_time() - start < 30


def test_a_hundred_thousand_cells_take_seconds() -> None:
    start = time.process_time()
    for n in range(20_000):
        wording.clean(f"{n}制定方 案，组织演\n练")
        wording.duties(f"县应急管理局：1.制定预案{n}；2.组织演练。\n县水利局：负责调度。")
        wording.departments(f"县应急管理局、县水利局{n}科")
        wording.name(f"{n % 300}.做好{n}工作")
    assert time.process_time() - start < 20


@pytest.mark.parametrize(
    ("text", "units"),
    [
        ("县农业局：1.制定方案；2.查处。县\n财政局：安排资金。", ["县农业局", "县农业局", "县财政局"]),
        ("1.统筹。国网新\n安县供电公司：保障供电。", ["", "国网新安县供电公司"]),
        ("县水利局：巡查全\n县河道。", ["县水利局"]),
    ],
)
def test_a_unit_heading_broken_by_the_page_is_whole(text, units):
    found = wording.duties(text)
    assert [duty.unit for duty in found] == units
    assert not [duty for duty in found if duty.text.endswith(("县", "国网新"))]
