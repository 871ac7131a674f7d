"""Making a list: no line is lost, no step is skipped, no opinion lands on another item."""

from __future__ import annotations

import itertools
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

import governance as gov
from governance import drafting, review
from governance.drafting.gathering import clean
from governance.errors import LifecycleError, TableError

NUMBERED = yaml.safe_load((Path(__file__).parent / "cases" / "numbering.yml").read_text("utf-8"))
RAW = pd.DataFrame(
    {
        "text": [
            "一、生态环保(3项)",
            "1.开展河道日常巡查、保洁;",
            "2、负责本辖区河道巡查和日\n常保洁工作。",
            "(3)开展河道日常巡查、保洁",
            "4. 受理低保申请并初审",
            "5. 受理特困人员救助供养申请",
            "6. 电梯安全监督检验",
            None,
            "合计6项",
            "填表人:张三",
        ],
        "office": [None, "农办", "城建办", "农办", "社会事务办", "社会事务办", "城建办", None, None, None],
        "department": [None, "县水利局", None, "县水利局", "县民政局", "县民政局", "县市场监管局", None, None, None],
        "list_kind": [None, "assisting", None, "assisting", "basic", "basic", "reclaimed", None, None, None],
    }
)
NOBODY = pd.DataFrame(columns=["item", "unit", "stance"])


def stocked() -> pd.DataFrame:
    return drafting.stock(RAW, "栎桥镇")


def merged(decision: str | None = "合并") -> pd.DataFrame:
    draft = stocked()
    return drafting.merge(draft, drafting.condense(draft).assign(decision=decision))


def through(rounds: int = 3) -> pd.DataFrame:
    draft = merged()
    for n in range(1, rounds + 1):
        draft = drafting.consult(draft, NOBODY, round=n)
    return draft


def filled(draft: pd.DataFrame) -> pd.DataFrame:
    """A checklist with an honest answer for every item."""
    form = drafting.checklist(draft).astype(object)
    tests = drafting.criteria()
    for at, kind in form["list_kind"].items():
        own = tests.loc[tests["list_kind"] == ("assisting" if kind == "assisting" else "reclaimed"), "label"]
        form.loc[at, own] = "否"
        if kind != "basic":
            form.loc[at, own.iloc[0]] = "是"
    return form


def examined() -> pd.DataFrame:
    draft = through()
    return drafting.examine(draft, filled(draft))


def out_of(draft: pd.DataFrame) -> drafting.Release:
    return drafting.publish(
        draft, version="第1版", date="2025-06-30", approval="示例县委发〔2025〕12号", since="2025-07-01"
    )


def lines(draft: pd.DataFrame) -> list[str]:
    return sorted(line for held in draft["lines"] for line in held.split("|"))


def opinion(item: str, unit: str, stance: str, **more: object) -> pd.DataFrame:
    return pd.DataFrame([{"item": item, "unit": unit, "stance": stance, **more}])


# --- 全量梳理


def test_every_line_is_kept_numbered_and_cleaned() -> None:
    draft = stocked()
    assert draft["item"].tolist() == [f"L{n:04d}" for n in range(1, 11)]
    assert draft["name"].tolist()[1:7] == [
        "开展河道日常巡查、保洁",
        "负责本辖区河道巡查和日常保洁工作",
        "开展河道日常巡查、保洁",
        "受理低保申请并初审",
        "受理特困人员救助供养申请",
        "电梯安全监督检验",
    ]
    assert draft["wording"].fillna("").tolist() == RAW["text"].fillna("").tolist()
    assert draft["is_duty"].tolist() == [False, *[True] * 6, False, False, False]
    assert draft["aside"].dropna().tolist() == ["类别标题", "空行或只有编号、符号", "合计行", "填表信息"]
    assert draft["times"].tolist()[1:4] == [2, 1, 2]
    assert draft["count"].sum() == len(RAW)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("12345热线诉求办理", "12345热线诉求办理"),
        ("1.5万亩公益林管护", "1.5万亩公益林管护"),
        ("3、1.5万亩公益林管护", "1.5万亩公益林管护"),
        ("①(1)河道保洁;", "河道保洁"),
        ("\uff08三\uff09河道保洁\uff1b", "河道保洁"),
        ("12\uff09受理申请\uff08初审\uff09\uff0c上报", "受理申请(初审)\uff0c上报"),
        ("1．森林防火。", "森林防火"),
        ("一村一警建设", "一村一警建设"),
        ("第三批主题教育", "第三批主题教育"),
        ("“四好农村路”养护(含 桥梁)", "“四好农村路”养护(含桥梁)"),
        ("⼈⼝普查", "人口普查"),
    ],
)
def test_a_number_before_the_duty_goes_and_a_number_in_it_stays(text: str, name: str) -> None:
    assert drafting.stock(pd.DataFrame({"text": [text]}), "甲镇")["name"].tolist() == [name]


@pytest.mark.parametrize("case", NUMBERED, ids=lambda case: case["原文"])
def test_a_raw_line_gets_the_name_a_printed_list_would_give_it(case: dict[str, str]) -> None:
    """The same cases as tests/test_wording.py reads with documents' own reading."""
    assert clean(case["原文"]) == case["应为"]


@pytest.mark.parametrize(
    "text",
    [
        "编制镇权责清单",
        "建立隐患排查台账",
        "总计划编制和分解落实",
        "更新2025年镇应急物资目录",
        "党的建设工作责任制落实",
    ],
)
def test_a_duty_is_not_taken_for_a_title(text: str) -> None:
    assert drafting.stock(pd.DataFrame({"text": [text]}), "甲镇")["is_duty"].tolist() == [True]


@pytest.mark.parametrize(
    "text",
    [
        "栎桥镇工作事项清单",
        "农业农村办公室2024年任务台账",
        "序号",
        "事项名称",
        "平安法治",
        "——",
        "12",
        "小计",
        "二、民生服务(共 27 项)",
        "二、民生服务\uff0827项\uff09",
        "填表人\uff1a张三",
    ],
)
def test_a_title_a_heading_or_nothing_is_no_duty(text: str) -> None:
    draft = drafting.stock(pd.DataFrame({"text": [text]}), "甲镇")
    assert draft["is_duty"].tolist() == [False]
    assert draft["aside"].notna().all()


def test_a_person_may_say_what_is_a_duty_and_how_often() -> None:
    raw = pd.DataFrame(
        {"text": ["平安法治", "河道保洁", "河道保洁"], "is_duty": [True, False, None], "times": ["", "3", 2]}
    )
    draft = drafting.stock(raw, "甲镇")
    assert draft["is_duty"].tolist() == [True, False, True]
    assert draft["count"].tolist() == [1, 3, 2]
    assert draft["times"].tolist() == [1, 5, 5]
    with pytest.raises(TableError, match="第2行 次数“很多”:不是正整数"):
        drafting.stock(raw.assign(times=[1, "很多", 2]), "甲镇")


def test_no_lines_are_refused_and_the_frame_is_left_alone() -> None:
    before = RAW.copy()
    stocked()
    pd.testing.assert_frame_equal(RAW, before)
    with pytest.raises(TableError, match="没有任何行"):
        drafting.stock(RAW[:0], "甲镇")
    with pytest.raises(TableError, match="哪个乡镇"):
        drafting.stock(RAW, " ")


# --- 归并凝练


def test_near_duplicates_are_grouped_with_the_reason() -> None:
    groups = drafting.condense(stocked())
    assert groups["item"].tolist() == ["L0002", "L0004", "L0003"]
    assert groups["cluster"].unique().tolist() == ["G0001"]
    assert groups["representative"].unique().tolist() == ["L0002"]
    assert groups["reason"].tolist()[:2] == ["本组代表表述", "文字完全相同;同属县水利局"]
    assert "共有“" in groups["reason"].iloc[2]
    assert groups["score"].between(0.7, 1).all()


def test_a_chain_does_not_glue_different_duties() -> None:
    from governance.drafting.alike import clusters

    a, b, c, d = range(4)
    edges = ([a, b, c], [b, c, d], [0.9, 0.95, 0.8])
    found = clusters(4, tuple(pd.Series(e).to_numpy() for e in edges))
    assert found == [[b, c]]


@given(st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11), st.floats(0.7, 1)), max_size=40))
def test_every_two_members_of_a_group_are_joined(edges: list[tuple[int, int, float]]) -> None:
    from governance.drafting.alike import clusters

    pairs = {(min(i, j), max(i, j)): s for i, j, s in edges if i != j}
    frame = pd.DataFrame([(i, j, s) for (i, j), s in pairs.items()], columns=["i", "j", "s"])
    found = clusters(12, (frame["i"].to_numpy(int), frame["j"].to_numpy(int), frame["s"].to_numpy(float)))
    assert all(p in pairs for group in found for p in itertools.combinations(group, 2))
    assert len({n for g in found for n in g}) == sum(map(len, found))
    if pairs:
        assert found


def test_groups_do_not_depend_on_the_order_of_lines_nor_cross_townships() -> None:
    one = stocked()
    two = drafting.stock(RAW.iloc[::-1], "梅渡镇")
    both = drafting.condense(pd.concat([one, two], ignore_index=True))
    assert both.groupby("cluster")["township"].nunique().tolist() == [1, 1]
    names = both.groupby("township")["wording" if "wording" in both else "name"].agg(lambda s: sorted(s))
    assert names.iloc[0] == names.iloc[1]


def test_different_departments_need_a_closer_wording() -> None:
    raw = pd.DataFrame(
        {"text": ["开展河道日常巡查、保洁", "负责本辖区河道巡查和日常保洁工作"], "department": ["县水利局", "县水利局"]}
    )
    assert len(drafting.condense(drafting.stock(raw, "甲镇"))) == 2
    apart = raw.assign(department=["县水利局", "县民政局"], text=["开展河道日常巡查、保洁", "河道日常的清理和保洁"])
    same = apart.assign(department="县水利局")
    assert len(drafting.condense(drafting.stock(apart, "甲镇"))) <= len(drafting.condense(drafting.stock(same, "甲镇")))


def test_different_objects_of_one_phrase_are_not_grouped() -> None:
    things = ["燃气", "消防", "校园", "水库", "山塘", "自建房", "建筑工地", "地质灾害", "烟花爆竹", "特种设备"]
    raw = pd.DataFrame({"text": [f"开展{t}安全隐患排查整治" for t in things]})
    assert len(drafting.condense(drafting.stock(raw, "甲镇"))) == 0


def test_groups_of_the_example_county_are_mostly_right() -> None:
    """Each item's name beside a rewording of it: how many proposed pairs are of one item (precision), and how many
    rewordings are found at all."""
    items = gov.examples.county().items.drop_duplicates("name")
    swaps = {
        "排查": "摸排",
        "整治": "整改",
        "受理": "接收办理",
        "宣传": "宣讲",
        "监督": "督促",
        "审核": "核查",
        "清理": "清除",
    }
    rows = []
    for item, name in zip(items["item"], items["name"], strict=True):
        other = "负责本镇" + name.removeprefix("做好").removeprefix("开展") + "等工作"
        for old, new in swaps.items():
            other = other.replace(old, new, 1)
        rows += [(item, name), (item, other)]
    truth = pd.DataFrame(rows, columns=["truth", "text"])
    draft = drafting.stock(truth[["text"]], "栎桥镇")
    groups = drafting.condense(draft).merge(draft[["item"]].assign(truth=truth["truth"]), on="item")
    pairs = [p for _, g in groups.groupby("cluster") for p in itertools.combinations(g["truth"], 2)]
    right = sum(a == b for a, b in pairs)
    assert right / len(pairs) > 0.97
    assert right / len(items) > 0.9


def test_merged_items_keep_all_their_lines_and_undecided_groups_stay_apart() -> None:
    draft = stocked()
    groups = drafting.condense(draft)
    done = drafting.merge(
        draft, groups.assign(decision=["合并", "合并", "单列"], new_name=[None, "河道巡查保洁", None])
    )
    item = done.set_index("item").loc["L0002"]
    assert (item["lines"], item["count"], item["name"], item["times"]) == ("L0002|L0004", 2, "河道巡查保洁", 2)
    assert item["wording"] == "1.开展河道日常巡查、保洁;\n(3)开展河道日常巡查、保洁"
    assert "L0003" in set(done["item"])
    assert lines(done) == lines(draft)
    left = drafting.merge(draft, groups.assign(decision=None))
    assert len(left) == len(draft)
    assert left["undecided"].dropna().unique().tolist() == ["G0001"]
    assert drafting.progress(left)["undecided_groups"].tolist() == [1]
    later = drafting.merge(left, groups.assign(decision="合并"))
    assert later["undecided"].isna().all()
    assert later.set_index("item").loc["L0002", "office"] == "农办、城建办"


def test_the_representative_alone_speaks_for_its_group() -> None:
    draft = stocked()
    groups = drafting.condense(draft)
    done = drafting.merge(draft, groups.assign(decision=["合并", None, None]))
    assert done.set_index("item").loc["L0002", "lines"] == "L0002|L0003|L0004"
    with pytest.raises(TableError, match="只有这一行写了合并"):
        drafting.merge(draft, groups.assign(decision=[None, "合并", None]))


def test_decisions_that_cannot_be_carried_out_are_listed_together() -> None:
    draft = stocked()
    wrong = pd.DataFrame(
        {
            "item": ["L0002", "L0005", "L0099", "L0003", "L0003", "L0004"],
            "cluster": ["甲", "甲", "乙", "丙", "丁", "丁"],
            "decision": ["合并", "合并", "也许", "单列", "合并", "合并"],
            "new_name": ["河道", "低保", None, None, None, None],
        }
    )
    with pytest.raises(TableError, match="有 5 处问题") as caught:
        drafting.merge(draft, wrong)
    assert sorted(caught.value.problems["fault"]) == [
        "不是允许的填法",
        "同一行在两处作了归并决定",
        "同组写了不止一个名称",
        "同组各行不一致,不能合并",
        "草案里没有这个编号",
    ]


def test_decisions_go_out_and_come_back_by_the_review_sheet(tmp_path: Path) -> None:
    draft = stocked()
    groups = drafting.condense(draft)
    file = review.out(groups, tmp_path / "归并.xlsx", title="归并意见表", key=drafting.KEY, ask=drafting.MERGE)
    book = openpyxl.load_workbook(file)
    sheet = book.worksheets[0]
    heads = [c.value for c in sheet[3]]
    assert heads[-2:] == ["归并意见", "修改后名称"]
    sheet.cell(4, len(heads) - 1).value = "合并"
    book.save(file)
    came = review.back(file, groups, key=drafting.KEY, ask=drafting.MERGE)
    assert len(came.problems) == 0
    assert len(drafting.merge(draft, came.frame)) == len(draft) - 2


def test_reduction_by_office_and_in_a_sentence() -> None:
    whole = drafting.reduction(stocked(), merged())
    assert whole.iloc[0].tolist() == [10, 4, 4, pytest.approx(0.6)]
    offices = drafting.reduction(stocked(), merged(), by="office").set_index("office")
    assert offices.loc["农办"].tolist() == [2, 0, 1, 0.5]
    assert offices.loc["城建办", "items_left"] == 2
    assert offices.loc["未注明", ["line_count", "asides"]].tolist() == [4, 4]
    assert offices["line_count"].sum() == 10
    assert drafting.sentence(merged()) == "原始 10 条 → 归并后 4 项(压减 60.0%);其中标题、空行等非事项 4 条"
    with pytest.raises(TableError, match="在草案中找不到"):
        drafting.reduction(stocked(), merged()[1:])


def test_items_are_put_on_a_list_by_a_person() -> None:
    draft = drafting.classify(merged(), pd.DataFrame({"item": ["L0005"], "list_kind": ["收回"], "support": ["资金"]}))
    assert draft.set_index("item").loc["L0005", ["list_kind", "support"]].tolist() == ["reclaimed", "funds"]
    with pytest.raises(TableError, match="有 2 处问题"):
        drafting.classify(merged(), pd.DataFrame({"item": ["L0005", "L0077"], "list_kind": ["兜底", "基本"]}))
    with pytest.raises(LifecycleError, match="“归并凝练”,不能归入三张清单"):
        drafting.classify(stocked(), pd.DataFrame({"item": ["L0005"], "list_kind": ["基本"]}))
    again = drafting.classify(examined(), pd.DataFrame({"item": ["L0005"], "list_kind": ["配合"]}))
    assert again.set_index("item")["examined"].drop(["L0001", "L0008", "L0009", "L0010"]).to_dict() == {
        "L0002": True,
        "L0005": False,
        "L0006": True,
        "L0007": True,
    }


# --- 三上三下


def test_a_unit_gets_only_its_own_items_and_answers_come_back(tmp_path: Path) -> None:
    draft, seen = merged(), []
    sent = drafting.send(draft, tmp_path, round=1, progress=lambda *told: seen.append(told))
    assert sent.set_index("unit")["sent"].to_dict() == {"栎桥镇": 4, "县水利局": 1, "县民政局": 2, "县市场监管局": 1}
    assert sent["side"].tolist() == ["township", *["department"] * 3]
    assert seen[-1] == (4, 4, "县市场监管局")
    answer(tmp_path / sent["file"][2], {"L0005": ("修改", "改为协助受理"), "L0006": ("同意", None)})
    (tmp_path / sent["file"][2]).rename(tmp_path / "民政局回函(盖章).xlsx")
    answer(tmp_path / sent["file"][0], {"L0007": (None, "没有能力")}, extra=["栎桥镇", "L0999", "栎桥镇"])
    came = drafting.collect(tmp_path, draft, round=1)
    assert came.opinions[["item", "unit", "stance", "opinion"]].fillna("").to_numpy().tolist() == [
        ["L0005", "县民政局", "modify", "改为协助受理"],
        ["L0006", "县民政局", "agree", ""],
    ]
    assert came.opinions["side"].unique().tolist() == ["department"]
    assert came.strangers["item"].tolist() == ["L0999"]
    assert came.problems["code"].tolist() == ["stranger", "no_stance"]
    assert "L0007" in came.problems["found"].iloc[1]
    table = drafting.rounds(came.opinions, sent).set_index("unit")
    assert table.loc["县民政局", ["sent", "returned", "agreed", "modified", "unresolved"]].tolist() == [2, 2, 1, 1, 1]
    assert table.loc["县水利局", ["sent", "returned"]].tolist() == [1, 0]
    done = drafting.consult(draft, came.opinions, round=1)
    assert drafting.disputes(done)[["item", "unit"]].to_numpy().tolist() == [["L0005", "县民政局"]]


def answer(file: Path, said: dict[str, tuple[str | None, str | None]], extra: list[str] | None = None) -> None:
    book = openpyxl.load_workbook(file)
    sheet = book.worksheets[0]
    heads = [c.value for c in sheet[3]]
    for row in range(4, sheet.max_row + 1):
        stance, text = said.get(str(sheet.cell(row, heads.index("事项编号") + 1).value), (None, None))
        sheet.cell(row, heads.index("意见") + 1).value = stance
        sheet.cell(row, heads.index("意见内容") + 1).value = text
    if extra:
        sheet.append(extra)
    book.save(file)


def test_two_files_of_one_unit_that_differ_are_not_taken(tmp_path: Path) -> None:
    draft = merged()
    for folder, stance in (("一", "同意"), ("二", "反对")):
        sent = drafting.send(draft, tmp_path / folder, round=1, units=["县水利局"])
        answer(tmp_path / folder / sent["file"][0], {"L0002": (stance, None)})
    came = drafting.collect(tmp_path, draft, round=1)
    assert len(came.opinions) == 0
    assert came.twice["item"].tolist() == ["L0002"]


def test_a_unit_sent_twice_and_a_unit_without_items(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="征求意见单位重复:县水利局"):
        drafting.send(merged(), tmp_path, round=1, units=["县水利局", "县水利局"])
    sent = drafting.send(merged(), tmp_path, round=1, units=["县教育局"])
    assert sent[["unit", "sent"]].to_numpy().tolist() == [["县教育局", 0]]
    assert sent["file"].isna().all()
    assert list(tmp_path.iterdir()) == []


def test_accepted_opinions_change_the_draft_and_others_stay_in_dispute() -> None:
    said = pd.concat(
        [
            opinion("L0005", "县民政局", "移入其他清单", to="配合履职事项", handling="采纳"),
            opinion("L0006", "县民政局", "修改", new_name="协助受理特困申请", handling="采纳"),
            opinion("L0002", "栎桥镇", "反对", handling="不予采纳", reason="文件已明确"),
            opinion("L0007", "栎桥镇", "移入其他清单", handling="采纳"),
        ]
    )
    done = drafting.consult(merged(), said, round=1).set_index("item")
    assert done.loc["L0005", ["list_kind", "disputing"]].fillna("").tolist() == ["assisting", ""]
    assert done.loc["L0006", "name"] == "协助受理特困申请"
    assert done.loc["L0002", "disputing"] == "栎桥镇"
    assert done.loc["L0007", "disputing"] == "栎桥镇", "a move without its list is not settled"


ADVICE = opinion("L0002", "县水利局", "修改", opinion="建议写明巡查频次", handling="采纳")


def test_an_accepted_change_without_new_wording_stays_open() -> None:
    first = drafting.consult(merged(), ADVICE, round=1)
    assert first.set_index("item").loc["L0002", ["disputing", "unapplied"]].tolist() == ["县水利局", "县水利局"]
    for left in (drafting.disputes(first), drafting.disputes(ADVICE.assign(round=1))):
        assert left[["item", "unit", "standing"]].to_numpy().tolist() == [["L0002", "县水利局", "unapplied"]]
    assert drafting.progress(first)[["disputes", "unapplied_items"]].iloc[0].tolist() == [1, 1]
    assert drafting.rounds(ADVICE.assign(round=1))["unresolved"].tolist() == [1]
    other = drafting.consult(first, opinion("L0002", "栎桥镇", "反对"), round=1)
    left = drafting.disputes(other).set_index("unit")["standing"]
    assert left.to_dict() == {"县水利局": "unapplied", "栎桥镇": "disputed"}


@pytest.mark.parametrize(
    ("said", "column", "text"),
    [
        ({"new_name": "河道每周巡查、保洁"}, "name", "河道每周巡查、保洁"),
        (
            {"amend": "乡镇(街道)配合职责", "new_text": "1.每周巡查;\n2.上报问题。 "},
            "township_duty",
            "1.每周巡查;\n2.上报问题。",
        ),
        ({"amend": "对应上级部门", "new_text": "县水利局\uff0c县农业农村局"}, "department", "县水利局、县农业农村局"),
        ({"amend": "basis", "new_text": "《浙江省河长制规定》"}, "basis", "《浙江省河长制规定》"),
    ],
)
def test_an_accepted_change_with_new_wording_is_made(said: dict[str, str], column: str, text: str) -> None:
    first = drafting.consult(merged(), ADVICE, round=1)
    for done in (
        drafting.consult(merged(), ADVICE.assign(**said), round=1),
        drafting.consult(first, ADVICE.assign(**said), round=1),
        drafting.consult(first, ADVICE.assign(**said), round=2),
    ):
        item = done.set_index("item").loc["L0002"]
        assert item[column] == text
        assert item[["disputing", "unapplied"]].isna().all()


def test_the_office_may_carry_out_an_accepted_change_later() -> None:
    draft = drafting.consult(merged(), pd.concat([ADVICE, opinion("L0002", "栎桥镇", "反对")]), round=1)
    same = drafting.classify(draft, pd.DataFrame({"item": ["L0002"], "name": ["开展河道日常巡查、保洁"]}))
    assert drafting.progress(same)["unapplied_items"].tolist() == [1], "the same name is no change"
    done = drafting.classify(draft, pd.DataFrame({"item": ["L0002"], "name": ["河道每周巡查、保洁"]}))
    assert drafting.disputes(done)[["unit", "standing"]].to_numpy().tolist() == [["栎桥镇", "disputed"]]
    ruled = drafting.settle(draft, pd.DataFrame({"item": ["L0002"], "ruling": ["维持"]}))
    assert ruled[["disputing", "unapplied"]].isna().all(axis=None)


def test_nothing_is_published_while_an_accepted_change_waits() -> None:
    draft = drafting.consult(through(), ADVICE, round=3)
    draft = drafting.examine(draft, filled(draft))
    with pytest.raises(LifecycleError, match=r"L0002 .*\(县水利局\)修改待落实"):
        out_of(draft)
    done = drafting.classify(draft, pd.DataFrame({"item": ["L0002"], "township_duty": ["每周巡查"]}))
    assert out_of(done).items["township_duty"].dropna().tolist() == ["每周巡查"]


def test_new_wordings_that_cannot_be_applied_are_refused() -> None:
    said = pd.concat(
        [
            ADVICE.assign(new_text="每周巡查"),
            opinion("L0005", "县民政局", "修改", new_text="协助受理", amend="配合职责", handling="采纳"),
            opinion("L0006", "县民政局", "修改", new_text="甲", amend="设定依据", handling="采纳"),
            opinion("L0006", "栎桥镇", "修改", new_text="乙", amend="设定依据", handling="采纳"),
            opinion("L0007", "栎桥镇", "修改", new_name="电梯检验", handling="采纳"),
            opinion("L0007", "县市场监管局", "修改", new_text="电梯安全", amend="事项名称", handling="采纳"),
        ]
    )
    with pytest.raises(TableError) as caught:
        drafting.consult(merged(), said, round=1)
    assert sorted(caught.value.problems[["column", "fault"]].agg(":".join, axis=1)) == [
        "修改后名称:采纳的意见相互矛盾",
        "修改栏目:不是允许的填法",
        "修改栏目:采纳了修改后内容,却没有写明改的是哪一栏",
        "设定依据:采纳的意见相互矛盾",
    ]


def test_the_form_asks_for_the_new_wording_and_brings_it_back(tmp_path: Path) -> None:
    draft = merged()
    sent = drafting.send(draft, tmp_path, round=1, units=["县水利局"])
    file = tmp_path / sent["file"][0]
    book = openpyxl.load_workbook(file)
    sheet = book.worksheets[0]
    heads = [c.value for c in sheet[3]]
    for head, text in {"意见": "修改", "修改栏目": "工作方式", "修改后内容": "每周巡查一次"}.items():
        sheet.cell(4, heads.index(head) + 1).value = text
    book.save(file)
    came = drafting.collect(tmp_path, draft, round=1)
    assert came.opinions[["stance", "amend", "new_text"]].to_numpy().tolist() == [["modify", "method", "每周巡查一次"]]
    done = drafting.consult(draft, came.opinions.assign(handling="采纳"), round=1)
    assert done.set_index("item").loc["L0002", "method"] == "每周巡查一次"


def test_the_numbers_that_steer_the_comparison_are_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    from governance import rules
    from governance.drafting.alike import pairs

    texts, held = ["河道巡查保洁", "保洁河道巡查", "受理低保申请", "低保对象入户"], rules.value
    usual = pairs(texts, 0.1)[2]
    assert len(usual)
    for name, other in (("drafting.looked", 0.99), ("drafting.reordered", 0.5)):
        monkeypatch.setattr(
            rules, "value", lambda n, name=name, other=other, **at: other if n == name else held(n, **at)
        )
        assert pairs(texts, 0.1)[2].tolist() != usual.tolist()


def test_every_rejection_without_reason_is_refused_at_once() -> None:
    said = pd.concat(
        [
            opinion("L0002", "栎桥镇", "反对", handling="rejected", handling_reason=None),
            opinion("L0005", "县民政局", "修改", handling="部分采纳", handling_reason=" "),
            opinion("L0006", "县民政局", "同意", handling="部分采纳", handling_reason=None),
            opinion("L0077", "县民政局", "看看再说", handling="采纳", handling_reason=None),
            opinion("L0007", "县市场监管局", "同意"),
            opinion("L0007", "县市场监管局", "反对"),
        ]
    )
    with pytest.raises(TableError, match="有 5 处问题") as caught:
        drafting.consult(merged(), said, round=1)
    assert caught.value.problems["fault"].value_counts().to_dict() == {
        "部分采纳或不予采纳而没有写明理由": 2,
        "草案里没有这个编号": 1,
        "不是允许的填法": 1,
        "同一单位对同一事项有两种意见或处理": 1,
    }


def test_accepting_two_opposite_moves_is_refused() -> None:
    said = pd.concat(
        [
            opinion("L0005", "县民政局", "move", to="assisting", handling="accepted"),
            opinion("L0005", "栎桥镇", "move", to="reclaimed", handling="accepted"),
        ]
    )
    with pytest.raises(TableError, match="采纳的意见相互矛盾"):
        drafting.consult(merged(), said, round=1)


def test_a_dispute_ends_by_agreement_by_acceptance_or_by_a_ruling() -> None:
    said = pd.concat([opinion(i, u, "反对") for i in ("L0002", "L0005") for u in ("栎桥镇", "县民政局")])
    first = drafting.consult(merged(), said, round=1)
    assert len(drafting.disputes(first)) == 4
    later = pd.concat([opinion("L0002", "栎桥镇", "同意"), opinion("L0005", "县民政局", "反对", handling="采纳")])
    second = drafting.consult(first, later, round=2)
    left = drafting.disputes(second)[["item", "unit"]].to_numpy().tolist()
    assert left == [["L0002", "县民政局"], ["L0005", "栎桥镇"]]
    both = pd.concat([said.assign(round=1), later.assign(round=2)], ignore_index=True)
    assert sorted(drafting.disputes(both)[["item", "unit"]].to_numpy().tolist()) == sorted(left)
    assert drafting.rounds(both)["unresolved"].sum() == 2
    ruled = drafting.settle(second, pd.DataFrame({"item": ["L0002", "L0005"], "ruling": ["维持", "移出"]}))
    assert len(drafting.disputes(ruled)) == 0
    assert ruled["rulings"].dropna().tolist() == ["县民政局:维持", "栎桥镇:移出"]
    with pytest.raises(TableError, match="有 3 处问题"):
        drafting.settle(
            second,
            pd.DataFrame(
                {"item": ["L0009", "L0002", "L0005"], "unit": [None, "栎桥镇", None], "ruling": ["甲", "乙", " "]}
            ),
        )


@settings(max_examples=15)
@given(data=st.data())
def test_opinions_may_come_back_in_any_order(data: st.DataObject) -> None:
    draft = merged()
    ids, stances = ["L0002", "L0005", "L0006", "L0007"], ["同意", "修改", "反对", "移入其他清单"]
    handlings = st.sampled_from(["采纳", "部分采纳", "不予采纳", None])
    rows = [
        {
            "item": i,
            "unit": u,
            "stance": data.draw(st.sampled_from(stances)),
            "handling": data.draw(handlings),
            "reason": "已说明",
            "amend": "设定依据",
            "new_text": data.draw(st.sampled_from(["《条例》第三条", " ", None])),
        }
        for i in ids
        for u in ("栎桥镇", "县民政局", "县水利局")
        if data.draw(st.booleans())
    ]
    said = pd.DataFrame(rows, columns=["item", "unit", "stance", "handling", "reason", "amend", "new_text"])
    mixed = said.sample(frac=1, random_state=data.draw(st.integers(0, 99)))
    a, b = (drafting.consult(draft, s, round=1) for s in (said, mixed))
    wanted = {
        (r["item"], r["unit"])
        for r in rows
        if r["stance"] != "同意"
        and (
            r["handling"] != "采纳"
            or r["stance"] == "移入其他清单"
            or (r["stance"] == "修改" and not (r["new_text"] or "").strip())
        )
    }
    late = {(r["item"], r["unit"]) for r in rows if (r["stance"], r["handling"]) == ("修改", "采纳")} & wanted
    for done in (a, b):
        left = drafting.disputes(done)
        assert set(map(tuple, left.loc[left["standing"] == "unapplied", ["item", "unit"]].to_numpy())) == late
        assert set(map(tuple, drafting.disputes(done)[["item", "unit"]].to_numpy())) == wanted
    pd.testing.assert_frame_equal(*(d.drop(columns=["disputing", "unapplied"]) for d in (a, b)))


# --- 研究论证


def test_what_meets_no_principle_is_named_and_stops_the_publishing() -> None:
    draft = through()
    form = filled(draft).set_index("item", drop=False)
    tests = drafting.criteria().groupby("list_kind")["label"].agg(list)
    form.loc["L0002", tests["assisting"]] = "否"
    form.loc["L0007", tests["reclaimed"]] = "否"
    form.loc["L0005", "行权频率低"] = "是"
    done = drafting.examine(draft, form)
    assert done.set_index("item")["doubt"].dropna().to_dict() == {
        "L0002": "配合事项不符合任何一条原则",
        "L0005": "基本事项却符合收回情形:行权频率低",
        "L0007": "收回事项不符合任何一种情形",
    }
    assert drafting.progress(done)["doubts"].tolist() == [3]
    with pytest.raises(LifecycleError, match=r"L0002 开展河道日常巡查、保洁\(配合事项不符合任何一条原则\).*没有说明"):
        out_of(done)
    told = drafting.examine(done, form.assign(论证说明="经县委编委会研究保留"))
    assert "L0005 受理低保申请并初审:基本事项却符合收回情形" in out_of(told).record["remark"].iloc[0]


def test_the_checklist_goes_out_and_comes_back(tmp_path: Path) -> None:
    draft = through()
    form = drafting.checklist(draft)
    assert form["法定"].fillna("").tolist() == ["", "—", "—", "—"]
    ask = drafting.questions()
    file = review.out(filled(draft), tmp_path / "论证.xlsx", title="论证表", key=drafting.KEY, ask=ask)
    came = review.back(file, form, key=drafting.KEY, ask=ask)
    assert len(came.problems) == 0
    assert drafting.examine(draft, came.frame)["examined"].sum() == 4


def test_findings_may_be_long_and_may_come_in_parts() -> None:
    draft = through()
    part = pd.DataFrame({"item": ["L0002"], "criterion": ["法定"], "met": [True]})
    done = drafting.examine(draft, part)
    assert done.set_index("item").loc["L0002", ["examined", "grounds"]].tolist() == [True, "statutory"]
    with pytest.raises(LifecycleError, match=r"“研究论证”没有完成,不能进入“审定发布”:L0005.*没有论证"):
        out_of(done)
    half = drafting.examine(done, pd.DataFrame({"item": ["L0005"], "rare": ["否"]}))
    assert not half.set_index("item").loc["L0005", "examined"], "one 否 of eight does not clear a basic item"
    with pytest.raises(TableError, match="有 3 处问题"):
        drafting.examine(draft, pd.DataFrame({"item": ["L0002", "L0002", "L0088"], "法定": ["是", "也许", "否"]}))
    with pytest.raises(TableError, match="没有这一条标准"):
        drafting.examine(draft, part.assign(criterion="方便"))


def test_criteria_are_data_with_their_source() -> None:
    tests = drafting.criteria()
    assert tests.loc[tests["list_kind"] == "assisting", "label"].tolist() == ["法定", "主导", "派驻", "责任"]
    assert tests.loc[tests["list_kind"] == "reclaimed", "label"].tolist()[:5] == [
        "技术承接难",
        "无监管对象",
        "行权频率低",
        "考核不科学",
        "实施难度大",
    ]
    assert (tests["status"] == "seed").sum() == 3
    assert tests["source"].str.len().gt(5).all()
    own = tests.iloc[:1].assign(label="县级主责")
    draft = through()
    assert "县级主责" in drafting.checklist(draft, own)
    assert list(drafting.questions(own)) == ["县级主责", "论证说明"]


# --- 审定发布


def test_the_published_list_is_the_packages_own_table() -> None:
    done = out_of(examined())
    assert list(done.items.columns) == gov.tables.schema("items")["name"].tolist()
    assert done.items["item"].tolist() == ["L0002", "L0005", "L0006", "L0007"]
    assert done.items["source"].unique().tolist() == ["示例县委发〔2025〕12号 第1版"]
    assert done.items["since"].unique().tolist() == [pd.Timestamp("2025-07-01")]
    assert done.items["known_from"].unique().tolist() == [pd.Timestamp("2025-06-30")]
    assert done.items["until"].isna().all()
    assert done.record[["line_count", "asides", "items_left", "basic", "assisting", "reclaimed"]].iloc[0].tolist() == [
        10,
        4,
        4,
        2,
        1,
        1,
    ]
    assert done.record["approval"].tolist() == ["示例县委发〔2025〕12号"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"version": " "}, "没有写明版本"),
        ({"approval": ""}, "批准文号"),
        ({"date": "七月"}, "不是日期"),
        ({"since": None}, "没有写明发布日期或施行日期"),
    ],
)
def test_a_list_needs_version_date_and_approval(change: dict[str, object], said: str) -> None:
    told = {"version": "第1版", "date": "2025-06-30", "approval": "某委发〔2025〕1号", "since": "2025-07-01", **change}
    with pytest.raises(TableError, match=said):
        drafting.publish(examined(), **told)  # type: ignore[arg-type]


def test_nothing_is_published_while_disputed_or_on_no_list() -> None:
    draft = drafting.consult(through(), opinion("L0005", "县民政局", "反对"), round=3)
    draft = drafting.examine(draft, filled(draft))
    with pytest.raises(
        LifecycleError, match=r"“三上三下”没有完成,不能进入“审定发布”:L0005 受理低保申请并初审\(县民政局\)"
    ):
        out_of(draft)
    lost = through()
    lost.loc[lost["item"] == "L0005", "list_kind"] = None
    with pytest.raises(TableError, match="1 项还没有归入三张清单:L0005"):
        drafting.checklist(lost)


# --- the order of the steps, and nothing lost

NEXT = ["归并凝练", "三上三下”第1轮", "三上三下”第2轮", "三上三下”第3轮", "研究论证"]
STAGES = [stocked, merged, lambda: through(1), lambda: through(2), through, examined]
ACTS = {
    "round 1": (1, lambda d: drafting.consult(d, NOBODY, round=1)),
    "round 2": (2, lambda d: drafting.consult(d, NOBODY, round=2)),
    "round 3": (3, lambda d: drafting.consult(d, NOBODY, round=3)),
    "checklist": (4, drafting.checklist),
    "examine": (4, lambda d: drafting.examine(d, pd.DataFrame({"item": []}))),
    "publish": (5, out_of),
}


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("at", range(6))
def test_the_wrong_order_names_the_first_missing_step(act: str, at: int) -> None:
    needed, do = ACTS[act]
    draft = STAGES[at]()
    if at < needed:
        with pytest.raises(LifecycleError, match=f"草案还没有经过“{NEXT[at]}.*,不能进入"):
            do(draft)
    elif at in (needed, needed + 1):
        do(draft)
    else:
        with pytest.raises(LifecycleError, match="不能退回"):
            do(draft)


def test_steps_before_the_first_and_beyond_the_last(tmp_path: Path) -> None:
    with pytest.raises(LifecycleError, match="草案还没有经过“全量梳理”,不能进入“归并凝练”"):
        drafting.condense(RAW)
    with pytest.raises(LifecycleError, match="草案还没有经过“全量梳理”"):
        drafting.progress(RAW)
    with pytest.raises(LifecycleError, match="没有第4轮;“三上三下”共 3 轮"):
        drafting.consult(through(), NOBODY, round=4)
    with pytest.raises(LifecycleError, match="“三上三下”第1轮,不能进入“三上三下”第2轮"):
        drafting.send(merged(), tmp_path, round=2)
    with pytest.raises(LifecycleError, match="“归并凝练”,不能进入“三上三下”第1轮"):
        drafting.collect(tmp_path, stocked(), round=1)
    mixed = pd.concat([through(), drafting.stock(RAW, "梅渡镇")], ignore_index=True)
    with pytest.raises(LifecycleError, match="“归并凝练”"):
        drafting.checklist(mixed)


def test_progress_says_where_the_draft_stands() -> None:
    told = [drafting.progress(stage()).iloc[0] for stage in STAGES]
    assert [t["step"] for t in told] == ["stock", "merged", "consulted", "consulted", "consulted", "examined"]
    assert [t["round"] for t in told] == [0, 0, 1, 2, 3, 3]
    assert [t["unexamined"] for t in told] == [6, 4, 4, 4, 4, 0]
    assert told[-1]["next_step"] == "“审定发布”"
    assert drafting.STEPS["merged"] == "归并凝练"


@settings(max_examples=15)
@given(
    texts=st.lists(
        st.sampled_from(
            ["开展河道巡查", "河道巡查工作", "受理低保申请", "受理低保申请。", "合计3项", "", "党的建设", "森林防火"]
        ),
        min_size=1,
        max_size=14,
    ),
    data=st.data(),
)
def test_no_line_is_lost_through_any_sequence(texts: list[str], data: st.DataObject) -> None:
    draft = drafting.stock(pd.DataFrame({"text": texts, "list_kind": "basic"}), "栎桥镇")
    every, weight = lines(draft), draft["count"].sum()
    groups = drafting.condense(draft)
    for _ in range(data.draw(st.integers(1, 2))):
        said = [data.draw(st.sampled_from(["合并", "单列", None])) for _ in range(len(groups))]
        try:
            draft = drafting.merge(draft, groups.assign(decision=pd.Series(said, dtype=object)))
        except TableError:
            continue  # one line alone says 合并, or is gone already
    if draft["step"].eq("stock").any():
        draft = drafting.merge(draft, groups.assign(decision=None))
    for n in range(1, data.draw(st.integers(1, 3)) + 1):
        who = data.draw(st.sampled_from(draft["item"].tolist()))
        draft = drafting.consult(draft, opinion(who, "栎桥镇", "修改", handling="采纳", new_name="新名称"), round=n)
    assert lines(draft) == every
    assert draft["count"].sum() == weight
    assert drafting.progress(draft)["line_count"].tolist() == [len(texts)]
    if draft["round"].eq(3).all() and draft["is_duty"].any():
        draft = drafting.examine(draft, filled(draft))
        assert out_of(draft).record["line_count"].tolist() == [len(texts)]


def test_the_callers_frames_are_never_changed() -> None:
    draft, groups = stocked(), drafting.condense(stocked())
    decided, said = groups.assign(decision="合并"), opinion("L0002", "栎桥镇", "反对")
    kept = [f.copy() for f in (draft, decided, said)]
    done = drafting.consult(drafting.merge(draft, decided), said, round=1)
    before = done.copy()
    drafting.settle(done, pd.DataFrame({"item": ["L0002"], "ruling": ["维持"]}))
    drafting.classify(done, pd.DataFrame({"item": ["L0002"], "list_kind": ["基本"]}))
    pd.testing.assert_frame_equal(done, before)
    for now, then in zip((draft, decided, said), kept, strict=True):
        pd.testing.assert_frame_equal(now, then)


def test_every_step_gives_the_same_columns() -> None:
    kinds = stocked().dtypes.to_dict()
    for stage in STAGES[1:]:
        assert stage().dtypes.to_dict() == kinds
    assert (
        drafting.condense(drafting.stock(pd.DataFrame({"text": [""]}), "甲镇")).dtypes.to_dict()
        == drafting.condense(stocked()).dtypes.to_dict()
    )
