"""Departments by their names: suggestions only, a person's word, and then exactly the names confirmed."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import governance as gov
from governance.departments import apply, confirm, read, review, suggest, write
from governance.departments.aliases import apart, meanings, table, tidy
from governance.departments.names import compare, full_forms, may_be_one, spelt_out, split, unit
from governance.errors import TableError

UNITS = sorted({n for c in gov.examples.county().items["department"].dropna() for n in c.split("、")})


def _suggested(*names: str, **known: object) -> dict[str, str]:
    found = suggest(list(names), **known)  # type: ignore[arg-type]
    return dict(zip(found["name"], found["suggestion"].fillna(""), strict=True))


# --- suggestions


@pytest.mark.parametrize(
    ("short", "full"),
    [
        ("县住建局", "县住房和城乡建设局"),
        ("县建设局", "县住房和城乡建设局"),
        ("县住房城乡建设局", "县住房和城乡建设局"),
        ("新昌县住建局", "县住房和城乡建设局"),
        ("住建局", "县住房和城乡建设局"),
        ("县人社局", "县人力资源和社会保障局"),
        ("县发改局", "县发展和改革局"),
        ("县发改委", "县发展和改革局"),
        ("县市监局", "县市场监督管理局"),
        ("市场监管局", "县市场监督管理局"),
        ("县资规局", "县自然资源和规划局"),
        ("县国土局", "县自然资源和规划局"),
        ("县卫健委", "县卫生健康局"),
        ("县退役军人局", "县退役军人事务局"),
        ("县应急局", "县应急管理局"),
        ("县安监局", "县应急管理局"),
        ("县综合执法局", "县综合行政执法局"),
        ("县城管局", "县综合行政执法局"),
        ("县农业局", "县农业农村局"),
        ("县医保局", "县医疗保障局"),
        ("县经信局", "县经济和信息化局"),
        ("县残联", "县残疾人联合会"),
        ("县工会", "县总工会"),
        ("县编办", "县委编办"),
        ("组织部", "县委组织部"),
        ("县文旅局", "县文化和旅游局"),
        ("县自然资源与规划局", "县自然资源和规划局"),
        ("县退役军人事物局", "县退役军人事务局"),
        ("县水力局", "县水利局"),
        ("县教育", "县教育局"),
    ],
)
def test_the_fields_short_and_old_forms_find_their_unit(short: str, full: str) -> None:
    assert _suggested(short, units=UNITS) == {short: full}


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("市住建局", "县住房和城乡建设局"),
        ("市生态环境局新昌分局", "县生态环境局"),
        ("绍兴市生态环境局新昌分局", "县生态环境局"),
        ("嵊州市住建局", "新昌县住建局"),
        ("天台县住建局", "新昌县住建局"),
        ("县农业综合服务中心", "县农业综合服务局"),
        ("县公安局交警大队", "县公安局"),
        ("县民政局", "县财政局"),
        ("县税务局", "县水务局"),
        ("县林业局", "县农业农村局"),
        ("县教育局", "县体育局"),
    ],
)
def test_two_units_are_never_suggested_to_be_one(name: str, other: str) -> None:
    assert _suggested(name, units=[other]) == {name: ""}
    assert _suggested(other, units=[name]) == {other: ""}


def test_the_branch_of_the_city_is_a_unit_of_its_own_under_either_of_its_names() -> None:
    found = _suggested("市生态环境局新昌分局", units=["绍兴市生态环境局新昌分局", "县生态环境局"])
    assert found == {"市生态环境局新昌分局": "绍兴市生态环境局新昌分局"}


def test_without_a_list_of_units_the_full_form_is_looked_for_among_the_names_or_spelt_out() -> None:
    names = ["县住建局"] * 5 + ["县建设局", "县住房和城乡建设局"]
    found = _suggested(*names)
    assert found == {"县住建局": "县住房和城乡建设局", "县建设局": "县住房和城乡建设局", "县住房和城乡建设局": ""}
    alone = suggest(["县人社局"]).iloc[0]
    assert alone["suggestion"] == "县人力资源和社会保障局"
    assert "名单中没有" in alone["reason"]


def test_each_unknown_name_once_with_its_count_and_an_empty_decision() -> None:
    cells = pd.Series(["县住建局、县水利局", "县住建局", None, "县住建局、县住建局"])
    found = suggest(cells, units=["县水利局", "县住房和城乡建设局"])
    assert found[["name", "times"]].to_numpy().tolist() == [["县住建局", 3]]
    assert found["decision"].isna().all()
    assert "简称" in found["reason"].item()
    assert suggest([]).dtypes.to_dict() == found.dtypes.to_dict()


def test_what_the_alias_table_holds_is_known() -> None:
    aliases = table([("县住建局", "县住房和城乡建设局"), ("县某办", "县某办")])
    found = _suggested("县住建局", "县某办", "县建设局", "县住房和城乡建设局", aliases=aliases)
    assert found == {"县建设局": "县住房和城乡建设局"}


def test_standing_in_one_cell_speaks_against_and_like_items_speak_for() -> None:
    plain = suggest(["县住建局"], units=["县住房和城乡建设局"])["score"].item()
    beside = suggest(["县住建局、县住房和城乡建设局"], units=["县住房和城乡建设局"]).iloc[0]
    assert beside["score"] < plain
    assert "同一格" in beside["reason"]
    items = pd.DataFrame({"name": ["燃气安全"] * 2, "department": ["县住建局", "县住房和城乡建设局"]})
    both = suggest(items, units=["县住房和城乡建设局"]).iloc[0]
    assert both["score"] > plain
    assert "同一事项中出现" in both["reason"]


def test_a_name_quite_unlike_is_suggested_only_where_many_items_speak_for_it() -> None:
    def rows(n: int) -> pd.DataFrame:
        return pd.DataFrame(
            {"name": [f"事项{i}" for i in range(n)] * 2, "department": ["县美丽办"] * n + ["县农业农村局"] * n}
        )

    assert suggest(rows(3), units=["县农业农村局"])["suggestion"].item() == "县农业农村局"
    assert suggest(rows(2), units=["县农业农村局"])["suggestion"].isna().all()
    city = rows(5).replace({"县美丽办": "市美丽办"})
    assert suggest(city, units=["县农业农村局"])["suggestion"].isna().all(), "another level is another unit"


def test_no_two_names_point_at_each_other() -> None:
    names = [
        "县住建局",
        "县建设局",
        "住建局",
        "新昌县住建局",
        "县卫健局",
        "县卫健委",
        "县卫计局",
        "县文旅局",
        "县文广旅局",
    ]
    found = suggest(names)
    pairs = found.dropna(subset=["suggestion"])
    known = meanings(table([*zip(pairs["name"], pairs["suggestion"], strict=True)]))  # raises for a circle
    assert len(pairs) > 4
    assert {known[name] for name in pairs["name"]}.isdisjoint(pairs["name"])


def test_the_example_county_is_already_in_order() -> None:
    items = gov.examples.county().items
    assert suggest(items, units=UNITS).empty
    spelt = suggest(items)["suggestion"].dropna()
    assert not set(spelt) & set(UNITS), "no two of its departments are taken for one"
    assert len(spelt) < 5


# --- applying


ALIASES = table([("县住建局", "县住房和城乡建设局"), ("住建局", "县住建局")])


def test_only_whole_names_of_the_table_change() -> None:
    cells = ["县住建局、县水利局", "县水利局、住建局、县住建局", "县住建局分局", "县 建设局、县 建设局", None]
    items = pd.DataFrame({"department": pd.Series(cells, dtype="str"), "x": range(5)})
    before = items.copy()
    got = apply(items, ALIASES)["department"]
    assert got.fillna("-").tolist() == [
        "县住房和城乡建设局、县水利局",
        "县水利局、县住房和城乡建设局",
        "县住建局分局",
        "县 建设局、县 建设局",
        "-",
    ]
    pd.testing.assert_frame_equal(items, before)
    assert got.dtype == items["department"].dtype


def test_nothing_is_applied_that_nobody_confirmed() -> None:
    items = gov.examples.county().items
    pd.testing.assert_frame_equal(apply(items, table()), items)
    tasks = gov.examples.county().tasks
    renamed = apply(tasks, table([("县水利局", "县水务局")]))
    assert (renamed["department"] == "县水务局").sum() == (tasks["department"] == "县水利局").sum() > 0


@settings(max_examples=60)
@given(
    st.lists(st.lists(st.sampled_from("甲乙丙丁戊"), min_size=1, max_size=4), max_size=6),
    st.dictionaries(st.sampled_from("甲乙"), st.sampled_from("丙己"), max_size=2),
)
def test_applying_is_a_replacement_name_by_name_and_twice_is_once(cells: list[list[str]], map_: dict[str, str]) -> None:
    items = pd.DataFrame({"department": pd.Series(["、".join(c) for c in cells], dtype="str")})
    aliases = table([*map_.items()])
    got = apply(items, aliases)
    for cell, new in zip(cells, got["department"], strict=True):
        meant = [map_.get(n, n) for n in cell]
        assert new.split("、") == (cell if meant == cell else list(dict.fromkeys(meant)))
    pd.testing.assert_frame_equal(apply(got, aliases), got)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([("甲", "乙"), ("乙", "丙"), ("丙", "甲")], "甲→乙→丙→甲"),
        ([("甲", "乙"), ("乙", "甲")], "甲→乙→甲"),
        ([("甲", "乙"), ("甲", "丙")], "“甲”对应了不同的单位:乙、丙"),
        ([("甲", "")], "缺写法或单位全称"),
        ([("甲", "乙、丙")], "一格里有几个单位"),
        ([("丁", "甲"), ("甲", "乙"), ("乙", "甲")], "甲→乙→甲"),
    ],
)
def test_a_table_that_contradicts_itself_is_refused_by_name(rows: list[tuple[str, str]], said: str) -> None:
    with pytest.raises(TableError, match=said):
        apply(pd.DataFrame({"department": ["甲"]}), table(rows))


def test_chains_lead_to_their_end_and_doubles_do_no_harm() -> None:
    ends = meanings(table([("甲", "乙"), ("乙", "丙"), ("丙", "丙"), ("甲", "乙")]))
    assert ends == {"甲": "丙", "乙": "丙", "丙": "丙"}
    assert tidy(" 县 住建局（本级）") == "县住建局(本级)"
    with pytest.raises(TableError, match="缺少列:unit"):
        meanings(pd.DataFrame({"alias": ["甲"]}))


# --- files


@pytest.mark.parametrize("name", ["部门别名表.csv", "部门别名表.xlsx"])
def test_the_table_comes_back_as_it_was_written(tmp_path: Path, name: str) -> None:
    pd.testing.assert_frame_equal(read(write(ALIASES, tmp_path / name)), ALIASES)
    first = (tmp_path / name).read_bytes()
    assert write(ALIASES, tmp_path / name).read_bytes() == first


def test_a_table_as_an_office_keeps_it(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["部门别名表"])
    book.active.append(["序号", "单位全称", " 写 法 "])
    book.active.append([1, "县住房和城乡建设局", "县住建局"])
    book.active.append([None, None, None])
    book.save(tmp_path / "表.xlsx")
    assert read(tmp_path / "表.xlsx").to_numpy().tolist() == [["县住建局", "县住房和城乡建设局"]]
    (tmp_path / "国标.csv").write_bytes("写法,单位全称\n县住建局,县住房和城乡建设局\n".encode("gb18030"))
    assert len(read(tmp_path / "国标.csv")) == 1


def test_a_file_that_is_no_table_says_what_was_found(tmp_path: Path) -> None:
    (tmp_path / "别的.csv").write_text("甲,乙\n1,2\n", "utf-8")
    with pytest.raises(TableError, match="没有“写法”和“单位全称”两列;首行是:甲、乙"):
        read(tmp_path / "别的.csv")
    with pytest.raises(TableError, match="没有这个文件"):
        read(tmp_path / "无.csv")
    (tmp_path / "坏.xlsx").write_bytes(b"PK\x03\x04")
    with pytest.raises(TableError, match="读不了"):
        read(tmp_path / "坏.xlsx")
    with pytest.raises(TableError, match=r"\.csv 或 \.xlsx"):
        write(ALIASES, tmp_path / "表.docx")
    (tmp_path / "半.csv").write_text("写法,单位全称\n县住建局,\n", "utf-8")
    with pytest.raises(TableError, match="县住建局”缺"):
        read(tmp_path / "半.csv")


# --- out to a person and back

SENT = suggest(["县住建局", "县建设局", "县水力局", "县神秘办", "县甲办"], units=["县住房和城乡建设局", "县水利局"])


def _filled(path: Path, answers: dict[str, tuple[str, str]]) -> Path:
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[0]
    top = next(r for r in range(1, 9) if "单位写法" in [c.value for c in sheet[r]])
    heads = {c.value: c.column for c in sheet[top]}
    for row in range(top + 1, sheet.max_row + 1):
        decision, right = answers.get(sheet.cell(row, heads["单位写法"]).value, ("", ""))
        sheet.cell(row, heads["决定"]).value = decision or None
        sheet.cell(row, heads["应为"]).value = right or None
    book.save(path)
    return path


def test_the_sheet_has_a_drop_down_and_the_same_bytes(tmp_path: Path) -> None:
    path = review(SENT, tmp_path / "对照.xlsx")
    book = openpyxl.load_workbook(path)
    rules = [v.formula1 for v in book.worksheets[0].data_validations.dataValidation]
    assert rules == ['"确认,不是,另填"']
    first = path.read_bytes()
    assert review(SENT, tmp_path / "对照.xlsx").read_bytes() == first


def test_decisions_become_aliases(tmp_path: Path) -> None:
    answers = {"县住建局": ("确认", ""), "县水力局": ("不是", ""), "县神秘办": ("另填", "县委办公室")}
    old = table([("县旧办", "县委办公室")])
    found = confirm(_filled(review(SENT, tmp_path / "对照.xlsx"), answers), SENT, aliases=old)
    assert dict(found.aliases.to_numpy().tolist()) == {
        "县旧办": "县委办公室",
        "县住建局": "县住房和城乡建设局",
        "县水力局": "县水力局",
        "县神秘办": "县委办公室",
    }
    assert sorted(found.undecided["name"]) == ["县建设局", "县甲办"]
    assert found.problems.empty
    again = suggest(["县住建局", "县水力局", "县建设局"], units=["县住房和城乡建设局"], aliases=found.aliases)
    assert again["name"].tolist() == ["县建设局"], "what was decided is not asked again"
    items = pd.DataFrame({"department": ["县住建局、县建设局、县水力局"]})
    assert apply(items, found.aliases)["department"].item() == "县住房和城乡建设局、县建设局、县水力局"


@pytest.mark.parametrize(
    ("name", "answer", "said"),
    [
        ("县住建局", ("大概是", ""), "不是允许的填法"),
        ("县神秘办", ("确认", ""), "没有建议单位"),
        ("县住建局", ("另填", ""), "没有填“应为”"),
        ("县住建局", ("另填", "县甲局、县乙局"), "几个单位"),
        ("县住建局", ("不是", "县建设局"), "填了“应为”,决定却是“不是”"),
        ("县住建局", ("", "县建设局"), "填了“应为”,决定却没有选"),
        ("县住建局", ("确认", "县水利局"), "填了“应为”,决定却是“确认”"),
    ],
)
def test_what_cannot_be_taken_is_said_and_stays_undecided(
    tmp_path: Path, name: str, answer: tuple[str, str], said: str
) -> None:
    found = confirm(_filled(review(SENT, tmp_path / "对照.xlsx"), {name: answer, "县水力局": ("确认", "")}), SENT)
    assert said in "".join(found.problems["fault"])
    assert name in found.undecided["name"].tolist()
    assert found.aliases.to_numpy().tolist() == [["县水力局", "县水利局"]], "the others are taken all the same"
    assert len(found.frame) == len(SENT)


def test_decisions_in_a_circle_or_against_the_old_table_are_not_taken(tmp_path: Path) -> None:
    answers = {"县神秘办": ("另填", "县甲办"), "县甲办": ("另填", "县神秘办"), "县住建局": ("确认", "")}
    path = _filled(review(SENT, tmp_path / "对照.xlsx"), answers)
    found = confirm(path, SENT)
    assert found.aliases["alias"].tolist() == ["县住建局"]
    assert found.problems["fault"].str.contains("绕成了圈").sum() == 2
    against = confirm(path, SENT, aliases=table([("县住建局", "县建设局")]))
    assert "已有的别名表不一致" in "".join(against.problems["fault"])
    assert against.aliases.to_numpy().tolist()[0] == ["县住建局", "县建设局"]


def test_strangers_and_rows_that_did_not_come_back_are_listed(tmp_path: Path) -> None:
    file = tmp_path / "回.csv"
    file.write_text("单位写法,决定,应为\n县住建局,确认,\n县没发过,确认,\n", "utf-8")
    found = confirm(file, SENT)
    assert found.strangers["单位写法"].tolist() == ["县没发过"]
    assert sorted(found.missing["name"]) == sorted(set(SENT["name"]) - {"县住建局"})
    with pytest.raises(TableError):
        confirm(tmp_path / "无.xlsx", SENT)


# --- the chapters


def test_a_name_is_taken_apart_only_where_it_says_a_place() -> None:
    parts = {
        n: (u.level, u.place, u.body)
        for n in (
            "杭州市教育局",
            "市场监管局",
            "县城管局",
            "社区矫正局",
            "开发区管委会",
            "国家税务总局新昌县税务局",
            "市市场监管局",
        )
        if (u := unit(n))
    }
    assert parts == {
        "杭州市教育局": ("市", "杭州", "教育局"),
        "市场监管局": ("", "", "市场监管局"),
        "县城管局": ("县", "", "城管局"),
        "社区矫正局": ("", "", "社区矫正局"),
        "开发区管委会": ("", "", "开发区管委会"),
        "国家税务总局新昌县税务局": ("县", "新昌", "税务局"),
        "市市场监管局": ("市", "", "市场监管局"),
    }
    assert split("县委编办") == ("县委编", "办")


def test_helpers_say_what_they_promise() -> None:
    assert full_forms("卫健委") == {"卫生健康委员会": "简称"}
    assert spelt_out(unit("住建局")) == ""
    assert not may_be_one(unit("市住建局"), unit("县住建局"))
    assert compare(unit("县住建局"), unit("县住建局"), near=0.75) is None
    assert compare(unit("县水力局"), unit("县水利局"), near=0.75) is None


# --- names as offices type them


@pytest.mark.parametrize("between", ["、", "，", ",", "；", ";", "/", "／", "\n", "\r\n", " ", "　"])
def test_names_are_set_apart_by_whatever_an_office_types(between: str) -> None:
    cell = between.join(["县住建局", "县水利局", "县委编办", "市生态环境局新昌分局"])
    assert suggest([cell])["name"].tolist() == ["县住建局", "县委编办", "县水利局", "市生态环境局新昌分局"]
    items = pd.DataFrame({"department": [cell, "县水利局" + between + "县民政局"]})
    assert apply(items, ALIASES)["department"].tolist() == [
        "县住房和城乡建设局、县水利局、县委编办、市生态环境局新昌分局",
        items["department"].iloc[1],
    ], "a cell in which nothing changes stays as typed"
    with pytest.raises(TableError, match="一格里有几个单位"):
        meanings(table([("县住建局", "县住房和城乡建设局" + between + "县水利局")]))


@pytest.mark.parametrize("cell", ["县 住建局", "县　住　建　局", "县住建局 ", "县委 编办"])
def test_a_blank_within_a_name_does_not_cut_it(cell: str) -> None:
    assert apart(cell) == [cell.strip()]


def test_a_second_unit_after_a_full_width_comma_is_not_taken_for_one(tmp_path: Path) -> None:
    path = _filled(review(SENT, tmp_path / "对照.xlsx"), {"县神秘办": ("另填", "县甲局，县乙局")})
    assert "几个单位" in "".join(confirm(path, SENT).problems["fault"])


@pytest.mark.parametrize("kind", ["category", "object", "string", "str"])
def test_whatever_the_column_was_text_comes_back(kind: str) -> None:
    items = pd.DataFrame({"department": pd.Series(["县住建局", "县水利局", None], dtype=kind)})
    got = apply(items, ALIASES)["department"]
    assert got.dtype == pd.Series(["a"], dtype="str").dtype
    assert got.fillna("-").tolist() == ["县住房和城乡建设局", "县水利局", "-"]
    assert apply(items.head(0), ALIASES)["department"].dtype == got.dtype


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("县住建局：1.制定方案；2.督促整改。", "县住房和城乡建设局：1.制定方案；2.督促整改。"),
        (
            "县水利局：1.巡查。县住建局：1.验收。\n住建局:负责协调",
            "县水利局：1.巡查。县住房和城乡建设局：1.验收。\n县住房和城乡建设局:负责协调",
        ),
        ("县住建局、县水利局：联合检查。", "县住房和城乡建设局、县水利局：联合检查。"),
        ("县水利局：会同县住建局：现场核查。", "县水利局：会同县住建局：现场核查。"),
        ("配合县住建局开展检查；县住建局：另行通知。", "配合县住建局开展检查；县住建局：另行通知。"),
        ("县住建局负责验收。", "县住建局负责验收。"),
        ("县住建局分局：负责验收。", "县住建局分局：负责验收。"),
    ],
)
def test_headings_in_the_duties_follow_and_nothing_else_of_their_words(text: str, wanted: str) -> None:
    items = pd.DataFrame(
        {"department": ["县住建局"] * 2, "department_duty": [text, None], "township_duty": [None, text]}
    )
    got = apply(items, ALIASES)
    assert got["department"].unique().tolist() == ["县住房和城乡建设局"]
    assert got[["department_duty", "township_duty"]].fillna("-").to_numpy().tolist() == [[wanted, "-"], ["-", wanted]]


def test_the_units_of_the_duties_are_renamed_too() -> None:
    duties = pd.DataFrame({"item": ["P1", "P1"], "unit": ["县住建局", ""], "duty": ["县住建局：检查", "上报"]})
    got = apply(duties, ALIASES, column="unit")
    assert got.to_numpy().tolist() == [["P1", "县住房和城乡建设局", "县住建局：检查"], ["P1", "", "上报"]]
