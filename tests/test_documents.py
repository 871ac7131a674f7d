"""Published lists are read as a clerk would read them, whatever the layout; what is unclear is asked, never guessed."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

import governance as gov
from governance.documents import (
    Reading,
    answers,
    check,
    heads,
    items,
    read,
    rows,
    sections,
    wording,
    write,
)
from governance.documents.blocks import Document, Table, Text, rectangle
from governance.errors import DocumentError

LISTS = Path(__file__).parents[1] / "data" / "lists"
HEAD = "<tr><th>序号<th>事项名称"
ASSIST = "<tr><th>序号<th>事项名称<th>对应上级部门<th>上级部门职责<th>乡镇（街道）配合职责"
BACK = "<tr><th>序号<th>事项名称<th>承接部门及工作方式"


def html(tmp_path: Path, body: str, name: str = "甲镇基本履职事项清单.html", **options: object) -> Reading:
    """A page with ``body`` in it (rows of one table unless it has tables of its own), read."""
    whole = body if "<table" in body else f"<table>{body}</table>"
    (tmp_path / name).write_text(f'<meta charset="utf-8"><body>{whole}', "utf-8")
    return check(tmp_path / name, **options)  # type: ignore[arg-type]


def got(reading: Reading, *columns: str) -> list[object]:
    rows = reading.items[list(columns)].astype(object).where(reading.items[list(columns)].notna(), None)
    return rows.iloc[:, 0].tolist() if len(columns) == 1 else rows.to_numpy().tolist()


def codes(reading: Reading, *levels: str) -> list[str]:
    some = reading.problems[reading.problems["level"].isin(levels or ("refused", "ask", "look"))]
    return sorted(c for c in some["code"] if c != "doc_since")


def accounted(reading: Reading) -> bool:
    """Every non-blank row has a role; read = kept + rejected, file by file."""
    f = reading.files
    lines = reading.rows[reading.rows["role"] != "blank"].groupby("file").size()
    return bool((f["read"] == f["kept"] + f["rejected"]).all()) and lines.sum() == f["read"].sum()


# --- headers


@pytest.mark.parametrize(
    ("heading", "meaning"),
    [
        ("事项名称", "name"),
        ("事 项 名 称", "name"),
        ("具体事项", "name"),
        ("事项名秤", "name"),
        ("对应上级部们", "department"),
        ("上级部门职则", "department_duty"),
        ("镇街配合职责", "township_duty"),
        ("街道配合职责", "township_duty"),
        ("乡镇（街道）配合职责", "township_duty"),
        ("承接部门\n及工作方式", "department_method"),
        ("设定依剧", "basis"),
        ("权利类型", "category"),
        ("县（市、区）直部门职责", "department_duty"),
    ],
)
def test_headings_are_matched_by_meaning(heading: str, meaning: str) -> None:
    known = heads.meaning(heading)
    assert (known[0] if known else heads.likely(heading)[0]) == meaning


@pytest.mark.parametrize("heading", ["主办处室", "事项来源", "划换分标准"])
def test_a_heading_that_could_be_several_things_is_not_decided(heading: str) -> None:
    assert heads.meaning(heading) is None
    assert heads.likely(heading)[0] is None


def test_an_unclear_column_is_asked_about_by_name_with_the_nearest_meanings(tmp_path: Path) -> None:
    body = "<tr><th>序号<th>事项名称<th>配合方职能说明<tr><td>1<td>做好防汛<td>巡查"
    found = html(tmp_path, body)
    one = found.problems[found.problems["code"].str.startswith("doc_column")].iloc[0]
    assert one["column"] == "配合方职能说明"
    assert one["level"] == "ask"
    assert "不读" in one["remedy"]
    assert html(tmp_path, body, meanings={"列名": {"配合方职能说明": "乡镇配合职责"}}).items[
        "township_duty"
    ].tolist() == ["巡查。"]
    assert codes(html(tmp_path, body, meanings={"列名": {"配合方职能说明": "不读"}})) == []


def test_a_two_level_header_is_read_from_both_levels(tmp_path: Path) -> None:
    body = (
        "<tr><th rowspan=2>序号<th rowspan=2>权利类型<th rowspan=2>权力名称<th colspan=2>职责边界<th rowspan=2>依据"
        "<tr><th>县级部门<th>乡镇（街道）"
        "<tr><td>1<td>行政检查<td>消防检查<td>县应急管理局负责督查<td>开展日常检查<td>《消防法》"
    )
    found = html(tmp_path, body, "甲镇权责清单.html")
    assert got(found, "category", "name", "department_duty", "township_duty", "basis") == [
        ["行政检查", "消防检查", "县应急管理局负责督查。", "开展日常检查。", "《消防法》"]
    ]
    assert found.items["list_kind"].isna().all()  # a list of powers does not sort into the three lists
    assert codes(found) == ["doc_read"]  # 权利类型 is a slip for 权力类型, and told


def test_headers_printed_again_are_no_items(tmp_path: Path) -> None:
    found = html(tmp_path, f"{HEAD}<tr><td>1<td>甲事{HEAD.replace('序号', '序 号')}<tr><td>2<td>乙事")
    assert got(found, "name") == ["甲事", "乙事"]
    assert found.rows["role"].tolist() == ["header", "item", "header", "item"]


def test_title_and_unit_rows_inside_the_table_are_read_as_titles(tmp_path: Path) -> None:
    body = "<tr><td colspan=5>乙县丙乡配合履职事项清单（共1项）<tr><td colspan=5>填报单位：丙乡人民政府" + ASSIST
    found = html(tmp_path, body + "<tr><td>1<td>防汛<td>县水利局<td>统筹<td>巡查", "清单.html")
    assert got(found, "township", "list_kind", "name") == [["丙乡", "assisting", "防汛"]]
    assert found.counts.loc[0, ["declared", "parsed", "difference"]].tolist() == [1, 1, 0]


# --- rows


def test_category_rows_are_merged_cells_or_plain_text_or_an_ordinal_apart(tmp_path: Path) -> None:
    body = (
        f"{HEAD}<th>备注<tr><td colspan=3>一、党的建设（2项）<tr><td>1<td>甲事<td><tr><td>2<td>乙事<td>"
        "<tr><td>二、经济发展（1项）<td><td><tr><td>3<td>丙事<td><tr><td>三<td>民生服务（1项）<td><tr><td>4<td>丁事<td>"
    )
    found = html(tmp_path, body)
    assert got(found, "category") == ["党的建设", "党的建设", "经济发展", "民生服务"]
    parts = found.counts[found.counts["category"] != ""]
    assert parts["declared"].tolist() == parts["parsed"].tolist() == [2, 1, 1]
    assert codes(found) == []


def test_numbers_may_run_on_or_restart_and_a_gap_is_told(tmp_path: Path) -> None:
    lines = "<tr><td colspan=2>一、党的建设<tr><td>{}<td>甲事<tr><td>{}<td>乙事<tr><td colspan=2>二、经济发展<tr><td>{}<td>丙事"
    assert codes(html(tmp_path, HEAD + lines.format(1, 2, 3))) == []
    assert codes(html(tmp_path, HEAD + lines.format(1, 2, 1))) == []
    assert codes(html(tmp_path, HEAD + lines.format(1, 2, 5))) == ["doc_jump"]


@pytest.mark.parametrize("number", ["１", "1.", "（1）", "①", "一", "1、", "1.0"])
def test_numbers_in_every_style_are_numbers(tmp_path: Path, number: str) -> None:
    found = html(tmp_path, f"{HEAD}<tr><td>{number}<td>抓好防汛")
    assert found.originals["number"].tolist() == [1]


def test_a_row_split_over_two_is_one_item(tmp_path: Path) -> None:
    body = f"{ASSIST}<tr><td>1<td>防汛<td>县水利局<td>1.统筹全县防<td>1.巡查；<tr><td><td><td><td>汛；2.发布预警。<td>2.转移。<tr><td>2<td>抗旱<td>县水利局<td>调水<td>送水"
    found = html(tmp_path, body, "甲镇配合履职事项清单.html")
    assert got(found, "name", "department_duty", "township_duty") == [
        ["防汛", "1.统筹全县防汛；2.发布预警。", "1.巡查；2.转移。"],
        ["抗旱", "调水。", "送水。"],
    ]
    assert found.originals["last_row"].tolist() == [3, 4]
    assert accounted(found)


def test_a_name_split_over_a_page_is_joined_because_no_number_is_missing(tmp_path: Path) -> None:
    found = html(tmp_path, f"{HEAD}<tr><td>1<td>开展农村饮用水<tr><td><td>安全巡查<tr><td>2<td>乙事")
    assert got(found, "name") == ["开展农村饮用水安全巡查", "乙事"]


def test_an_item_whose_number_was_forgotten_is_kept_because_a_number_is_missing(tmp_path: Path) -> None:
    found = html(tmp_path, f"{HEAD}<tr><td>1<td>甲事<tr><td><td>乙事<tr><td>3<td>丙事")
    assert got(found, "name") == ["甲事", "乙事", "丙事"]
    assert codes(found) == ["doc_number"]


def test_a_merged_department_belongs_to_every_row_it_covers(tmp_path: Path) -> None:
    body = f"{ASSIST}<tr><td>1<td>防汛<td rowspan=2>县水利局<td>a<td>b<tr><td>2<td>抗旱<td>c<td>d"
    assert got(html(tmp_path, body, "甲镇配合履职事项清单.html"), "department") == ["县水利局", "县水利局"]


def test_an_item_with_a_row_for_each_department_is_one_item(tmp_path: Path) -> None:
    body = (
        f"{ASSIST}<tr><td rowspan=2>1<td rowspan=2>防汛<td>县水利局<td>统筹<td rowspan=2>巡查"
        "<tr><td>县应急管理局<td>救援<tr><td>2<td>抗旱<td>县水利局<td>调水<td>送水"
    )
    found = html(tmp_path, body, "甲镇配合履职事项清单.html")
    assert got(found, "name", "department", "department_duty", "township_duty")[0] == [
        "防汛", "县水利局、县应急管理局", "县水利局：统筹。县应急管理局：救援。", "巡查。",
    ]  # fmt: skip
    side = found.duties[found.duties["side"] == "department"]
    assert side[["unit", "duty"]].to_numpy().tolist()[:2] == [["县水利局", "统筹"], ["县应急管理局", "救援"]]


def test_the_same_item_written_out_in_two_rows_is_one_item(tmp_path: Path) -> None:
    body = f"{ASSIST}<tr><td>1<td>防汛<td>县水利局<td>统筹<td>巡查<tr><td>1<td>防汛<td>县应急管理局<td>救援<td>"
    assert got(html(tmp_path, body, "甲镇配合履职事项清单.html"), "department") == ["县水利局、县应急管理局"]


def test_totals_and_remarks_are_no_items(tmp_path: Path) -> None:
    found = html(
        tmp_path, f"{HEAD}<tr><td>1<td>甲事<tr><td colspan=2>合计：1项<tr><td colspan=2>注：本清单自公布之日起施行"
    )
    assert got(found, "name") == ["甲事"]
    assert found.rows["role"].tolist() == ["header", "item", "total", "note"]


def test_a_number_without_a_name_is_rejected_and_told(tmp_path: Path) -> None:
    found = html(tmp_path, f"{HEAD}<tr><td>1<td>甲事<tr><td>2<td><tr><td>3<td>丙事")
    assert got(found, "name") == ["甲事", "丙事"]
    assert codes(found, "ask") == ["doc_name"]
    assert found.files["rejected"].tolist() == [1]
    assert accounted(found)


def test_formula_errors_are_told(tmp_path: Path) -> None:
    assert "doc_error" in codes(html(tmp_path, f"{HEAD}<tr><td>1<td>甲事<tr><td>2<td>#REF!"))


# --- lists in a document


def test_three_lists_in_one_document_each_keep_their_own_columns(tmp_path: Path) -> None:
    body = (
        f"<h1>乙县甲镇履行职责事项清单</h1><p>一、基本履职事项清单（1项）<table>{HEAD}<tr><td>1<td>党建</table>"
        f"<p>二、配合履职事项清单<table>{ASSIST}<tr><td>1<td>防汛<td>县水利局<td>统筹<td>巡查</table>"
        f"<p>三、上级部门收回事项清单<table>{BACK}<tr><td>1<td>评星<td>承接部门：县民政局<br>工作方式：组织专家评定</table>"
    )
    found = html(tmp_path, body, "x.html")
    assert got(found, "township", "list_kind", "name", "department", "method") == [
        ["甲镇", "basic", "党建", None, None],
        ["甲镇", "assisting", "防汛", "县水利局", None],
        ["甲镇", "reclaimed", "评星", "县民政局", "组织专家评定"],
    ]


def test_three_lists_in_one_table_are_told_apart_by_their_title_rows(tmp_path: Path) -> None:
    body = (
        f"<tr><td colspan=5>甲镇基本履职事项清单{HEAD}<th><th><th><tr><td>1<td>党建<td><td><td>"
        f"<tr><td colspan=5>甲镇配合履职事项清单{ASSIST}<tr><td>1<td>防汛<td>县水利局<td>统筹<td>巡查"
    )
    assert got(html(tmp_path, body, "x.html"), "list_kind", "name") == [["basic", "党建"], ["assisting", "防汛"]]


def test_rows_above_the_header_that_look_like_items_are_not_lost_in_silence(tmp_path: Path) -> None:
    found = html(tmp_path, f"<tr><td>1<td>党建{HEAD}<tr><td>2<td>防汛")
    assert codes(found, "ask") == ["doc_row"]
    assert found.files["rejected"].tolist() == [1]


def test_categories_may_stand_between_tables(tmp_path: Path) -> None:
    body = (
        f"<p>一、党的建设（1项）<table>{HEAD}<tr><td>1<td>甲事</table>"
        f"<p>二、经济发展（2项）<table>{HEAD}<tr><td>2<td>乙事</table>"
    )
    found = html(tmp_path, body)
    assert got(found, "category") == ["党的建设", "经济发展"]
    assert found.counts.loc[found.counts["category"] != "", "difference"].tolist() == [0, -1]


def test_a_table_of_contents_declares_counts_but_holds_no_items(tmp_path: Path) -> None:
    body = (
        "<p>目录<p>基本履职事项清单…………1<p>一、党的建设（2项）…………1<p>甲镇基本履职事项清单"
        f"<table>{HEAD}<tr><td colspan=2>一、党的建设<tr><td>1<td>甲事</table>"
    )
    found = html(tmp_path, body)
    said = found.counts[found.counts["where"] == "目录"]
    assert said[["category", "declared", "parsed"]].to_numpy().tolist() == [["党的建设", 2, 1]]
    assert codes(found) == ["doc_count"]


def test_averages_are_shown_with_their_unit_but_not_compared(tmp_path: Path) -> None:
    body = f"<p>各乡镇平均梳理基本履职事项115项。<table>{HEAD}<tr><td>1<td>甲事</table>"
    one = html(tmp_path, body).counts.iloc[0]
    assert (one["declared"], one["average"], pd.isna(one["difference"])) == (115, True, True)


def test_the_list_is_settled_by_columns_when_no_title_says_it(tmp_path: Path) -> None:
    body = f"{BACK}<tr><td>1<td>评星<td>承接部门：县民政局。工作方式：评定。"
    assert got(html(tmp_path, body, "甲镇.html"), "list_kind") == ["reclaimed"]


def test_a_list_without_a_name_is_asked_about(tmp_path: Path) -> None:
    found = html(tmp_path, f"{HEAD}<tr><td>1<td>甲事", "甲镇.html")
    assert codes(found, "ask") == ["doc_kind"]
    assert got(found, "list_kind") == [None]
    named = html(tmp_path, f"{HEAD}<tr><td>1<td>甲事", "甲镇.html", meanings={"清单": {"甲镇.html": "基本"}})
    assert got(named, "list_kind") == ["basic"]


def test_a_township_that_is_nowhere_named_is_asked_about(tmp_path: Path) -> None:
    found = html(tmp_path, f"{HEAD}<tr><td>1<td>甲事", "基本履职事项清单.html")
    assert codes(found, "ask") == ["doc_township"]
    answer = {"乡镇": {"基本履职事项清单.html": "丁镇"}}
    assert got(html(tmp_path, f"{HEAD}<tr><td>1<td>甲事", "基本履职事项清单.html", meanings=answer), "township") == [
        "丁镇"
    ]


def test_a_title_that_contradicts_its_columns_is_told(tmp_path: Path) -> None:
    found = html(
        tmp_path, f"{BACK}<tr><td>1<td>评星<td>承接部门：县民政局。工作方式：评定。", "甲镇基本履职事项清单.html"
    )
    assert codes(found) == ["doc_clash"]


def test_a_table_that_cannot_be_named_is_refused_not_guessed(tmp_path: Path) -> None:
    strange = "<table><tr><th>姓名<th>电话<th>住址" + "<tr><td>张<td>1<td>东" * 4 + "</table>"
    found = html(tmp_path, f"<table>{HEAD}<tr><td>1<td>甲事</table>{strange}")
    assert codes(found, "ask") == ["doc_unnamed"]
    assert found.files["rejected"].tolist() == [5]
    with pytest.raises(DocumentError, match="认不出是哪种清单"):
        read(tmp_path)


def test_territorial_lists_say_who_is_responsible_and_who_assists(tmp_path: Path) -> None:
    body = (
        "<tr><th>序号<th>类别<th>具体事项<th>主体责任<th>配合责任<th>法律依据"
        "<tr><td>1<td>城建<td>违建查处<td>县综合行政执法局<td>乡镇（街道）<td>《城乡规划法》"
        "<tr><td>2<td>民政<td>低保初审<td>乡镇（街道）<td>县民政局<td>"
    )
    found = html(tmp_path, body, "甲镇属地管理事项责任清单.html")
    assert got(found, "list_kind", "name", "department") == [
        ["assisting", "违建查处", "县综合行政执法局"],
        ["basic", "低保初审", "县民政局"],
    ]


def test_a_list_printed_in_two_columns_side_by_side_is_read_whole(tmp_path: Path) -> None:
    found = html(tmp_path, f"{HEAD}<th>序号<th>事项名称<tr><td>1<td>甲事<td>3<td>丙事<tr><td>2<td>乙事<td><td>")
    assert got(found, "name") == ["甲事", "乙事", "丙事"]
    assert found.originals["row"].tolist() == [2, 3, 2]
    assert codes(found) == []


def test_a_list_side_by_side_goes_on_overleaf_in_each_of_its_columns() -> None:
    top = ["序号", "事项名称"] * 2
    out = paged(
        [top, ["1", "甲事", "3", "开展防"], ["2", "做好安", "", ""]], [["", "全", "", "汛"], ["", "", "4", "丁事"]]
    )
    assert [i.text("name").replace("\n", "") for i in out.items] == ["甲事", "做好安全", "开展防汛", "丁事"]


def test_one_meaning_for_two_columns_is_asked_about(tmp_path: Path) -> None:
    found = html(tmp_path, "<tr><th>序号<th>事项名称<th>具体事项<tr><td>1<td>党建<td>发展党员")
    assert codes(found, "ask") == ["doc_again"]


def test_a_narrow_list_above_a_wider_one_keeps_its_category_rows(tmp_path: Path) -> None:
    body = (
        "<tr><td colspan=5>甲镇基本履职事项清单<tr><th>序号<th>事项名称<td><td><td>"
        "<tr><td colspan=2>一、党的建设（1项）<td><td><td><tr><td>1<td>党建<td><td><td>"
        "<tr><td colspan=2>二、经济发展（1项）<td><td><td><tr><td>2<td>招商<td><td><td>"
        f"<tr><td colspan=5>甲镇配合履职事项清单{ASSIST}<tr><td>1<td>防汛<td>县水利局<td>统筹<td>巡查"
    )
    found = html(tmp_path, body, "x.html")
    assert got(found, "category", "name") == [["党的建设", "党建"], ["经济发展", "招商"], [None, "防汛"]]


def test_a_heading_merged_over_several_columns_is_one_column(tmp_path: Path) -> None:
    found = html(tmp_path, "<tr><th>序号<th colspan=3>事项名称<tr><td>1<td colspan=3>党建")
    assert got(found, "category", "name") == [[None, "党建"]]
    assert codes(found) == []


def test_a_table_of_counts_declares_and_holds_no_items(tmp_path: Path) -> None:
    body = (
        "<table><tr><th>类别<th>基本履职事项<th>配合履职事项<tr><td>党的建设<td>1<td>0<tr><td>合计<td>2<td>0</table>"
        f"<p>甲镇基本履职事项清单<table>{HEAD}<tr><td colspan=2>一、党的建设<tr><td>1<td>甲事</table>"
    )
    found = html(tmp_path, body, "甲镇.html")
    assert got(found, "name") == ["甲事"]
    said = found.counts[found.counts["where"] == "汇总表"]
    basic = said[said["list_kind"] == "basic"]
    assert basic[["category", "declared", "parsed"]].to_numpy().tolist() == [["", 2, 1], ["党的建设", 1, 1]]


def test_a_category_written_once_holds_for_the_rows_below(tmp_path: Path) -> None:
    body = "<tr><th>类别<th>序号<th>事项名称<tr><td>党的建设<td>1<td>甲事<tr><td><td>2<td>乙事<tr><td>经济发展<td>3<td>丙事"
    assert got(html(tmp_path, body), "category") == ["党的建设", "党的建设", "经济发展"]


def test_rows_of_single_duties_keep_the_department_merged_beside_them(tmp_path: Path) -> None:
    body = (
        f"{ASSIST}<tr><td rowspan=3>1<td rowspan=3>防汛<td rowspan=2>县水利局<td>1.统筹；<td rowspan=3>巡查"
        "<tr><td>2.预警。<tr><td>县应急管理局<td>1.救援。"
    )
    found = html(tmp_path, body, "甲镇配合履职事项清单.html")
    side = found.duties[found.duties["side"] == "department"]
    assert side[["unit", "duty"]].to_numpy().tolist() == [
        ["县水利局", "统筹"],
        ["县水利局", "预警"],
        ["县应急管理局", "救援"],
    ]


def test_departments_named_only_in_the_duties_or_the_category_are_taken(tmp_path: Path) -> None:
    duties = "<tr><th>序号<th>具体事项<th>县级部门职责<th>乡镇职责<tr><td>1<td>防汛<td>县水利局：统筹。<td>巡查"
    assert got(html(tmp_path, duties, "甲镇属地管理事项责任清单.html"), "department") == ["县水利局"]
    sorted_by = "<tr><th>序号<th>事项名称<th>工作方式<tr><td colspan=3>县民政局（1项）<tr><td>1<td>评星<td>组织评定"
    assert got(html(tmp_path, sorted_by, "甲镇上级部门收回事项清单.html"), "department") == ["县民政局"]


def test_bullets_for_numbers_and_no_numbers_at_all_make_items(tmp_path: Path) -> None:
    bullets = f"{HEAD}<tr><td colspan=2>一、党的建设（2项）<tr><td>●<td>甲事<tr><td>●<td>乙事"
    assert got(html(tmp_path, bullets), "category", "name") == [["党的建设", "甲事"], ["党的建设", "乙事"]]
    assert got(html(tmp_path, "<tr><th>类别<th>事项名称<tr><td>党的建设<td>甲事<tr><td>党的建设<td>乙事"), "name") == [
        "甲事",
        "乙事",
    ]


def test_signatures_and_running_titles_are_no_items_and_change_nothing(tmp_path: Path) -> None:
    body = (
        f"{HEAD}<tr><td colspan=2>一、党的建设（3项）<tr><td>1<td>甲事<tr><td colspan=2>甲镇基本履职事项清单（续表）{HEAD}"
        "<tr><td>2<td>乙事<tr><td colspan=2>一、党的建设（续）<tr><td>3<td>丙事<tr><td colspan=2>负责人签字：  填表人：张三"
    )
    found = html(tmp_path, body)
    assert got(found, "category", "name") == [["党的建设", n] for n in ("甲事", "乙事", "丙事")]
    assert codes(found) == []


def test_the_second_of_two_columns_is_the_item_whatever_its_heading(tmp_path: Path) -> None:
    assert got(html(tmp_path, "<tr><th>序号<th>主要职责<tr><td>1<td>抓好党建"), "name") == ["抓好党建"]


def test_a_list_that_is_announced_but_is_no_table_is_told(tmp_path: Path) -> None:
    body = f"<h2>一、基本履职事项</h2><p>1.抓好党建工作。<p>2.发展党员工作。<h2>二、配合履职事项</h2><table>{ASSIST}<tr><td>1<td>防汛<td>县水利局<td>统筹<td>巡查</table>"
    found = html(tmp_path, body, "甲镇.html")
    assert got(found, "name") == ["防汛"]
    assert codes(found, "ask") == ["doc_absent"]


def test_a_list_of_another_kind_ends_the_list_before_it(tmp_path: Path) -> None:
    body = f"<p>甲镇基本履职事项清单<table>{HEAD}<tr><td>1<td>党建</table><p>赋予乡镇行政执法事项目录<table>{HEAD}<tr><td>1<td>对违建的处罚</table>"
    found = html(tmp_path, body, "甲镇.html")
    assert got(found, "list_kind", "name") == [["basic", "党建"], [None, "对违建的处罚"]]
    assert codes(found, "ask") == ["doc_kind"]


def test_a_table_of_another_kind_is_not_the_rest_of_the_list_before_it(tmp_path: Path) -> None:
    other = "<table><tr><th>版本<th>修订内容<th>日期" + "<tr><td>一<td>新增两项<td>五月" * 3 + "</table>"
    found = html(tmp_path, f"<table>{HEAD}<th>备注<tr><td>1<td>党建<td></table>{other}")
    assert got(found, "name") == ["党建"]
    assert codes(found, "ask") == ["doc_unnamed"]


def test_sub_numbers_are_items_of_their_own(tmp_path: Path) -> None:
    found = html(tmp_path, f"{HEAD}<tr><td>5-1<td>甲事<tr><td>5-2<td>乙事<tr><td>4（1）<td>丙事")
    assert got(found, "name") == ["甲事", "乙事", "丙事"]


def test_all_items_of_a_category_in_one_cell_are_parted(tmp_path: Path) -> None:
    body = "<tr><th>类别<th>事项名称<tr><td>党的建设<td>1.抓好党建。<br>2.发展党员。<tr><td>经济发展<td>3.招商引资。"
    assert got(html(tmp_path, body), "category", "name") == [
        ["党的建设", "抓好党建"],
        ["党的建设", "发展党员"],
        ["经济发展", "招商引资"],
    ]
    several = html(tmp_path, f"{HEAD}<tr><td>1<td>1.抓好党建。<br>2.发展党员。")
    assert codes(several, "ask") == ["doc_several"]


def test_two_levels_of_who_and_what_are_read_together(tmp_path: Path) -> None:
    body = (
        "<tr><th rowspan=2>序号<th rowspan=2>事项名称<th colspan=2>对应上级部门<th>乡镇（街道）<tr><th>名称<th>职责<th>配合职责"
        "<tr><td>1<td>防汛<td>县水利局<td>统筹<td>巡查"
    )
    found = html(tmp_path, body, "甲镇配合履职事项清单.html")
    assert got(found, "name", "department", "department_duty", "township_duty") == [
        ["防汛", "县水利局", "统筹。", "巡查。"]
    ]
    assert codes(found) == []


def test_an_assisting_list_without_any_duty_is_asked_about(tmp_path: Path) -> None:
    found = html(
        tmp_path, "<tr><th>序号<th>事项名称<th>对应上级部门<tr><td>1<td>防汛<td>县水利局", "甲镇配合履职事项清单.html"
    )
    assert codes(found, "ask") == ["doc_duties"]


# --- across pages (a PDF gives one table a page)


def paged(*tables: list[list[str]], merged: tuple[tuple, ...] = ()) -> rows.Found:
    """What is found in a list whose tables stand on one page each; ``merged`` belongs to the first."""
    blocks = [
        Table(rectangle(t), n, merged if n == 1 else (), page=n, columns_at=tuple(range(len(t[0]))))
        for n, t in enumerate(tables, 1)
    ]
    walk = sections.walk(Document("甲镇配合履职事项清单.pdf", "pdf", (Text("甲镇配合履职事项清单", 1), *blocks)), {})
    assert len(walk.sections) == 1
    return rows.found(walk.sections[0])


TOP = ["序号", "事项名称", "对应上级部门", "上级部门职责", "乡镇配合职责"]


def test_a_table_that_goes_on_overleaf_is_one_list() -> None:
    out = paged(
        [TOP, ["1", "防汛", "县水利局", "a", "b"]],
        [["2", "抗旱", "县水利局", "c", "d"]],
        [TOP, ["3", "禁渔", "县农业农村局", "e", "f"]],
    )
    assert [i.number for i in out.items] == [1, 2, 3]


def test_a_row_cut_by_the_page_is_joined_to_the_number_above() -> None:
    out = paged(
        [TOP, ["1", "防汛", "县水利局", "统筹防", "巡查"]],
        [TOP, ["", "", "", "汛工作", ""], ["2", "抗旱", "县水利局", "c", "d"]],
    )
    assert [i.text("department_duty") for i in out.items] == ["统筹防\n汛工作", "c"]


def test_a_row_whose_number_is_printed_overleaf_is_joined_to_the_number_below() -> None:
    out = paged(
        [TOP, ["1", "防汛", "县水利局", "统筹。", "巡查。"], ["", "开展农村", "县水", "调", "送"]],
        [["2", "抗旱", "利局", "水。", "水。"], ["3", "禁渔", "县农业农村局", "e", "f"]],
    )
    assert [i.text("name").replace("\n", "") for i in out.items] == ["防汛", "开展农村抗旱", "禁渔"]


def test_a_new_department_overleaf_is_a_row_of_its_own_a_cut_one_is_not() -> None:
    first = [TOP, ["1", "防汛", "县水利局", "1.统筹。", "巡查。"]]
    own = paged(first, [["", "", "县卫生健康局", "1.救治。", ""]])
    assert own.items[0].owners == ["县水利局", "县卫生健康局"]
    cut = paged([TOP, ["1", "防汛", "县水利局、", "1.统筹防", "巡查。"]], [["", "", "县卫生健康局", "汛。", ""]])
    assert cut.items[0].owners == ["县水利局、"]
    assert cut.items[0].text("department_duty") == "1.统筹防\n汛。"


@pytest.mark.parametrize("upper", [True, False])
def test_a_merged_department_cut_by_the_page_fills_both_sides(upper: bool) -> None:
    first, second = ("县水利局", "") if upper else ("", "县水利局")
    out = paged(
        [TOP, ["1", "防汛", first, "a", "b"], ["2", "抗旱", first, "c", "d"]],
        [["3", "禁渔", second, "e", "f"]],
        merged=(((1, 2), (2, 2)),),
    )
    assert [i.text("department") for i in out.items] == ["县水利局"] * 3


# --- what comes back


def test_an_item_has_the_same_id_wherever_it_is_printed_and_twins_are_told(tmp_path: Path) -> None:
    found = html(tmp_path, f"{HEAD}<tr><td>1<td>甲事<tr><td>2<td>甲 事")
    assert got(found, "item") == [items.identity("basic", "甲事"), items.identity("basic", "甲事") + "-2"]
    assert codes(found) == ["doc_twice"]


def test_every_item_keeps_its_place_and_its_printed_text(tmp_path: Path) -> None:
    found = html(tmp_path, f"{HEAD}<tr><td>１<td>（1）抓好<br>防汛；")
    assert got(found, "name") == ["抓好防汛"]
    assert found.originals.loc[0, ["file", "table", "row", "name"]].tolist() == [
        "甲镇基本履职事项清单.html",
        1,
        2,
        "（1）抓好\n防汛；",
    ]
    assert got(found, "source") == ["甲镇基本履职事项清单.html›表1›第2行"]


def test_the_day_in_force_comes_from_the_document_else_from_the_user(tmp_path: Path) -> None:
    body = f"<table>{HEAD}<tr><td>1<td>甲事</table>"
    assert html(tmp_path, body).items["since"].isna().all()
    assert html(tmp_path, body, since="2025-07-01").items["since"].tolist() == [pd.Timestamp("2025-07-01")]
    said = html(tmp_path, body + "<p>本清单自2025年8月1日起施行。", since="2025-07-01")
    assert said.items["since"].tolist() == [pd.Timestamp("2025-08-01")]


def test_support_in_one_column_or_one_column_each(tmp_path: Path) -> None:
    one = f"{ASSIST}<th>履职保障<tr><td>1<td>防汛<td>县水利局<td>a<td>b<td>知识培训、资金支持<tr><td>2<td>抗旱<td>县水利局<td>a<td>b<td>无"
    each = (
        "<tr><th rowspan=2>序号<th rowspan=2>事项名称<th rowspan=2>对应上级部门<th colspan=3>履职保障"
        "<tr><th>知识培训<th>业务指导<th>资金支持<tr><td>1<td>防汛<td>县水利局<td>√<td><td>安排专项经费"
    )
    assert got(html(tmp_path, one, "甲镇配合履职事项清单.html"), "support") == ["training|funds", ""]
    assert got(html(tmp_path, each, "甲镇配合履职事项清单.html"), "support") == ["training|funds"]


def test_the_frames_are_typed_alike_when_nothing_was_read(tmp_path: Path) -> None:
    full, empty = html(tmp_path, f"{HEAD}<tr><td>1<td>甲事"), html(tmp_path, "<table><tr><td>甲<td>乙</table>")
    for name in ("items", "originals", "duties", "rows", "counts", "problems", "files"):
        assert getattr(full, name).dtypes.equals(getattr(empty, name).dtypes), name
    assert codes(empty) == ["doc_empty"]


def test_answers_are_checked_all_at_once() -> None:
    with pytest.raises(DocumentError) as caught:
        answers.answers({"列名": {"甲": "乙"}, "清单": {"a": "b"}, "施行日期": "某日", "别的": 1})
    assert all(word in str(caught.value) for word in ("“甲: 乙”", "“a: b”", "某日", "别的"))


def test_answers_saved_by_notepad_and_towns_that_are_none(tmp_path: Path) -> None:
    (tmp_path / "说明.yaml").write_text("列名:\n  主办处室: 不读\n", "gb18030")
    assert answers.answers(tmp_path / "说明.yaml").columns == {"主办处室": "note"}
    with pytest.raises(DocumentError, match=r"03\.docx: 待填写"):
        answers.answers({"乡镇": {"03.docx": "待填写", "04.docx": None}})


def test_answers_come_from_a_small_yaml(tmp_path: Path) -> None:
    (tmp_path / "说明.yaml").write_text(
        "列名:\n  主办科室: 不读\n乡镇:\n  a.docx: 甲镇\n施行日期: 2025-07-01\n", "utf-8"
    )
    given = answers.answers(tmp_path / "说明.yaml")
    assert (given.columns, given.townships, str(given.since)[:10]) == (
        {"主办科室": "note"},
        {"a.docx": "甲镇"},
        "2025-07-01",
    )


def test_the_workbook_is_read_back_as_items_by_the_tables(tmp_path: Path) -> None:
    found = html(
        tmp_path,
        f"{ASSIST}<tr><td>1<td>防汛<td>县水利局<td>统筹<td>巡查",
        "甲镇配合履职事项清单.html",
        since="2025-07-01",
    )
    first = write(found, tmp_path / "out" / "清单.xlsx").read_bytes()
    assert write(found, tmp_path / "out" / "清单.xlsx").read_bytes() == first
    back = gov.tables.check(tmp_path / "out")
    assert back.problems.empty, back.problems
    columns = ["item", "township", "list_kind", "name", "department", "department_duty", "township_duty", "since"]
    pd.testing.assert_frame_equal(back.county.items[columns], found.items[columns])
    with pytest.raises(DocumentError, match="xlsx"):
        write(found, tmp_path / "清单.csv")


def test_a_path_that_is_not_there_and_a_folder_with_other_files(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="没有这个文件"):
        check(tmp_path / "没有")
    (tmp_path / "说明.txt").write_text("不是清单", "utf-8")
    assert check(tmp_path).files[["file", "note"]].to_numpy().tolist() == [["说明.txt", "不是清单文档,未读"]]


# --- the twelve documents of the example county

DUTIES = ["category", "department", "department_duty", "township_duty", "support", "method", "basis"]


@pytest.fixture(scope="module")
def twelve() -> Reading:
    return check(LISTS, since="2025-07-01")


def test_the_twelve_documents_give_back_exactly_what_they_were_made_from(twelve: Reading) -> None:
    truth = pd.read_csv(LISTS.parent / "lists_truth.csv.gz", dtype=str, keep_default_na=False)
    key = ["township", "list_kind", "name"]
    ours = twelve.items.astype("str").fillna("").set_index(key).sort_index()
    theirs = truth.assign(**{c: truth[c].str.translate(items.BRACKETS) for c in DUTIES}).set_index(key).sort_index()
    assert ours.index.tolist() == theirs.index.tolist()
    for column in DUTIES:
        wrong = ours[column] != theirs[column]
        assert not wrong.any(), (column, ours[wrong][column].iloc[0], theirs[wrong][column].iloc[0])
    numbered = twelve.originals.assign(name=twelve.items["name"]).astype({"number": "str"})
    numbers = numbered.set_index(key)["number"].sort_index()
    printed = theirs["number"].map(lambda text: str(wording.number(text)))
    assert numbers.tolist() == printed.where(theirs["number"] != "", "<NA>").tolist()


def test_every_row_of_the_twelve_documents_is_accounted_for(twelve: Reading) -> None:
    assert accounted(twelve)
    assert twelve.files["rejected"].sum() == 0
    assert codes(twelve, "refused", "ask") == []


def test_the_wrong_counts_planted_in_the_twelve_documents_are_found_and_no_others(twelve: Reading) -> None:
    said = pd.read_csv(LISTS.parent / "lists_counts.csv", dtype=str, keep_default_na=False)
    planted = said[said["declared"] != said["actual"]]
    found = twelve.counts[twelve.counts["difference"].fillna(0) != 0]
    key = ["township", "list_kind", "category", "declared"]
    assert sorted(found[key].astype("str").itertuples(index=False, name=None)) == sorted(
        planted[key].itertuples(index=False, name=None)
    )


# --- what an examiner and a reviewer found


@pytest.mark.parametrize("title", ["甲镇行政检查事项目录（试行）", "甲镇负面清单", "公共服务事项目录"])
@pytest.mark.parametrize("inside", [True, False])
def test_titles_of_other_lists_end_a_list_in_full_width_too(tmp_path: Path, title: str, inside: bool) -> None:
    other = f"<tr><td colspan=2>{title}<tr><td>1<td>对违建的处罚"
    body = f"<table>{HEAD}<tr><td>1<td>党建{other if inside else ''}</table>"
    body += "" if inside else f"<p>{title}<table>{HEAD}<tr><td>1<td>对违建的处罚</table>"
    found = html(tmp_path, body)
    assert got(found, "list_kind", "name") == [["basic", "党建"], [None, "对违建的处罚"]]
    assert codes(found, "ask") == ["doc_kind"]


@pytest.mark.parametrize("form", ["{}.", "（{}）", "{}、", "{}）"])
def test_items_that_go_on_in_paragraphs_behind_the_table_are_told(tmp_path: Path, form: str) -> None:
    lines = "".join(f"<p>{form.format(n)}负责森林防火巡查" for n in (3, 4, 5))
    found = html(tmp_path, f"<table>{HEAD}<tr><td>1<td>甲事<tr><td>2<td>乙事</table>{lines}")
    assert codes(found, "ask") == ["doc_loose"]
    assert codes(html(tmp_path, f"<p>甲镇基本履职事项清单{lines}<table><tr><td>甲<td>乙</table>")) == ["doc_text"]


def test_complete_names_joined_for_want_of_numbers_are_told(tmp_path: Path) -> None:
    found = html(tmp_path, f"{HEAD}<tr><td>1<td>抓好党建<tr><td><td>河道巡查<tr><td>2<td>禁渔")
    assert codes(found) == ["doc_joined"]


def test_a_merged_row_that_reads_like_a_duty_is_an_item_not_a_category(tmp_path: Path) -> None:
    found = html(tmp_path, f"{HEAD}<tr><td>1<td>党建<tr><td colspan=2>完成上级交办的其他工作")
    assert got(found, "name") == ["党建", "完成上级交办的其他工作"]
    assert codes(found) == ["doc_number"]


def test_names_that_begin_like_totals_and_remarks_are_items(tmp_path: Path) -> None:
    names = ["合计口径的产值统计和上报", "审核人员资质管理", "备注登记事项的核实", "填报单位信息的核对"]
    body = "<tr><th>类别<th>事项名称" + "".join(f"<tr><td>党的建设<td>{n}" for n in names)
    assert got(html(tmp_path, body), "name") == names


@pytest.mark.parametrize("total", ["<td colspan=2>合计：3项", "<td>合计<td>3项", "<td>合计 3项<td>", "<td>总计<td>3"])
def test_a_total_row_declares_the_number_of_items(tmp_path: Path, total: str) -> None:
    found = html(tmp_path, f"{HEAD}<tr><td>1<td>甲事<tr><td>2<td>乙事<tr>{total}")
    assert found.counts[["declared", "parsed", "where"]].to_numpy().tolist() == [[3, 2, "合计行"]]
    assert codes(found) == ["doc_count"]


def test_marks_under_a_township_heading_say_who_answers(tmp_path: Path) -> None:
    body = (
        "<tr><th>序号<th>具体事项<th>县水利局<th>县公安局<th>乡镇（街道）"
        "<tr><td>1<td>河道采砂<td>主体责任<td>配合责任<td>配合责任<tr><td>2<td>河道保洁<td>配合责任<td><td>主体责任"
    )
    found = html(tmp_path, body, "甲镇属地管理事项责任清单.html")
    assert got(found, "township", "list_kind", "department") == [
        ["甲镇", "assisting", "县水利局"],
        ["甲镇", "basic", "县水利局"],
    ]


def test_units_and_their_duties_side_by_side_in_a_territorial_list(tmp_path: Path) -> None:
    body = (
        "<tr><th>序号<th>具体事项<th>主体责任单位<th>主体责任<th>配合责任单位<th>配合责任"
        "<tr><td>1<td>河道采砂<td>县水利局<td>审批发证<td>各镇街<td>日常巡查"
    )
    found = html(tmp_path, body, "甲镇属地管理事项责任清单.html")
    assert got(found, "list_kind", "department", "department_duty", "township_duty") == [
        ["assisting", "县水利局", "审批发证。", "日常巡查。"]
    ]


def test_the_table_of_a_government_page_and_links_to_other_lists_are_no_faults(tmp_path: Path) -> None:
    page = "<table><tr><td>索引号<td>001<td>发布日期<td>2025-06-30<tr><td>发文机关<td>乙县<td>文号<td>无<tr><td>主题分类<td>a<td>有效性<td>是</table>"
    links = "<p>丙乡基本履职事项清单（110项）"
    found = html(tmp_path, f"{page}<p>乙县甲镇基本履职事项清单（1项）<table>{HEAD}<tr><td>1<td>甲事</table>{links}")
    assert codes(found) == []


def test_pictures_and_archives_beside_the_lists_are_told(tmp_path: Path) -> None:
    (tmp_path / "扫描.jpg").write_bytes(b"\xff\xd8")
    html(tmp_path, f"{HEAD}<tr><td>1<td>甲事")
    assert codes(check(tmp_path)) == ["doc_passed"]


def test_a_sheet_is_answered_for_by_file_and_name(tmp_path: Path) -> None:
    for name in ("甲镇.xlsx", "乙乡.xlsx"):
        pd.DataFrame({"序号": [1], "事项名称": [name]}).to_excel(tmp_path / name, index=False)
    asked = check(tmp_path).problems.query("code == 'doc_kind'")["remedy"].tolist()
    assert [re.search("写一行“(.*?):", text)[1] for text in asked] == ["乙乡.xlsx/Sheet1", "甲镇.xlsx/Sheet1"]
    answered = check(tmp_path, meanings={"清单": {"甲镇.xlsx/Sheet1": "基本", "乙乡.xlsx/Sheet1": "收回"}})
    assert answered.items.set_index("township")["list_kind"].to_dict() == {"甲镇": "basic", "乙乡": "reclaimed"}


@pytest.mark.parametrize(
    "heading", ["职责分工", "业务指导单位", "收回方式及承接部门", "县乡职责", "责任事项", "一级事项"]
)
def test_a_heading_with_another_meaning_is_no_slip_of_the_pen(heading: str) -> None:
    assert heads.likely(heading)[0] is None


def test_a_township_column_holds_townships_else_it_is_what_they_do(tmp_path: Path) -> None:
    body = "<tr><th>序号<th>事项名称<th>县级部门<th>乡镇（街道）<tr><td>1<td>防汛<td>{}<td>{}"
    name = "甲镇配合履职事项清单.html"
    duties = html(tmp_path, body.format("审查材料。", "报送。"), name)
    assert got(duties, "township", "department_duty", "township_duty") == [["甲镇", "审查材料。", "报送。"]]
    units = html(tmp_path, body.format("县水利局", "乙镇"), name)
    assert got(units, "township", "department") == [["乙镇", "县水利局"]]


def test_a_count_in_a_category_column_and_a_restart_without_a_title_are_told(tmp_path: Path) -> None:
    column = "<tr><th>类别<th>序号<th>事项名称<tr><td rowspan=2>党的建设（5项）<td>1<td>甲事<tr><td>2<td>乙事"
    found = html(tmp_path, column)
    assert found.counts.query("category != ''")[["declared", "parsed"]].to_numpy().tolist() == [[5, 2]]
    again = f"<table>{HEAD}<tr><td>1<td>甲事<tr><td>2<td>乙事</table><p>三、不再承担事项<table>{HEAD}<tr><td>1<td>评星</table>"
    assert codes(html(tmp_path, again), "ask") == ["doc_kind"]
    plain = f"<table>{HEAD}<tr><td>1<td>甲事<tr><td>2<td>乙事</table><p>另有<table>{HEAD}<tr><td>1<td>评星</table>"
    assert codes(html(tmp_path, plain), "ask") == ["doc_restart"]


def test_ditto_is_what_stands_above_and_struck_text_is_gone(tmp_path: Path) -> None:
    body = (
        f"{ASSIST}<tr><td>1<td>防汛<td>县水利局<td>统筹<td>巡查<tr><td>2<td><s>做好抗旱</s>抗旱<td>同上<td>调水<td>〃"
    )
    found = html(tmp_path, body, "甲镇配合履职事项清单.html")
    assert got(found, "name", "department", "township_duty")[1] == ["抗旱", "县水利局", "巡查。"]


def test_items_of_two_counties_without_a_township_are_no_twins(tmp_path: Path) -> None:
    body = "<tr><th>序号<th>具体事项<th>县级部门职责<th>乡镇职责<tr><td>1<td>防汛<td>县水利局：统筹。<td>巡查。"
    for county in ("甲县", "乙县"):
        html(tmp_path, body, f"{county}属地管理事项责任清单.html")
    assert "doc_twice" not in codes(check(tmp_path))
