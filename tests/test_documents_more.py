"""Quirks of published lists that no other test holds (found by breaking the readers one line at a time)."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from test_documents import ASSIST, BACK, HEAD, TOP, codes, got, html, paged

from governance.documents import Reading, answers, check
from governance.errors import DocumentError


def book(path: Path, sheets: dict[str, list[list[object]]], hidden: str = "") -> Reading:
    with pd.ExcelWriter(path, engine="openpyxl") as out:
        for name, lines in sheets.items():
            pd.DataFrame(lines).to_excel(out, sheet_name=name, header=False, index=False)
        if hidden:
            out.book[hidden].sheet_state = "hidden"
    return check(path)


def one(name: str) -> list[list[object]]:
    return [["序号", "事项名称"], [1, name]]


def test_a_sheet_without_a_name_does_not_belong_to_the_township_before(tmp_path: Path) -> None:
    found = book(tmp_path / "基本履职事项清单.xlsx", {"甲镇": one("a事"), "乙镇": one("b事"), "附表": one("c事")})
    assert got(found, "township", "list_kind") == [["甲镇", "basic"], ["乙镇", "basic"], [None, "basic"]]


def test_sheets_may_name_the_lists_in_short(tmp_path: Path) -> None:
    found = book(tmp_path / "甲镇.xlsx", {"甲镇基本表": one("a事"), "2.配合": one("b事"), "甲镇收回": one("c事")})
    assert got(found, "list_kind") == ["basic", "assisting", "reclaimed"]


def test_blank_and_hidden_sheets_are_told(tmp_path: Path) -> None:
    sheets = {"甲镇": one("a事"), "空表": [], "乙镇": one("b事")}
    found = book(tmp_path / "基本履职事项清单.xlsx", sheets, "乙镇")
    assert got(found, "township") == ["甲镇"]
    assert codes(found).count("doc_blank") == 2


def test_a_number_merged_over_two_items_is_no_jump(tmp_path: Path) -> None:
    found = html(tmp_path, f"{HEAD}<tr><td>1<td>甲事<tr><td rowspan=2>2<td>乙事<tr><td>丙事<tr><td>3<td>丁事")
    assert got(found, "name") == ["甲事", "乙事", "丙事", "丁事"]
    assert codes(found) == []


def test_a_row_of_dashes_is_no_item(tmp_path: Path) -> None:
    found = html(tmp_path, f"{HEAD}<tr><td>1<td>甲事<tr><td>—<td>——<tr><td>2<td>乙事")
    assert found.rows["role"].tolist() == ["header", "item", "note", "item"]
    assert codes(found) == []


def test_three_columns_of_items_side_by_side(tmp_path: Path) -> None:
    top = "<tr>" + "<th>序号<th>事项名称" * 3
    found = html(tmp_path, f"{top}<tr><td>1<td>甲事<td>2<td>乙事<td>3<td>丙事")
    assert got(found, "name") == ["甲事", "乙事", "丙事"]


@pytest.mark.parametrize("error", ["#REF!", "#N/A", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!"])
def test_every_formula_error_is_told(tmp_path: Path, error: str) -> None:
    assert "doc_error" in codes(html(tmp_path, f"{HEAD}<th>备注<tr><td>1<td>甲事<td>{error}"))


def test_a_merged_category_cut_by_the_page_fills_both_sides() -> None:
    out = paged(
        [["事项类别", "序号", "事项名称"], ["", "1", "甲事"], ["", "2", "乙事"]],
        [["党的建设", "3", "丙事"]],
        merged=(((1, 0), (2, 0)),),
    )
    assert [i.category for i in out.items] == ["党的建设"] * 3


def test_an_empty_department_at_the_foot_of_a_page_is_not_filled() -> None:
    out = paged([TOP, ["1", "防汛", "", "a", "b"]], [["2", "抗旱", "县水利局", "c", "d"]])
    assert [i.text("department") for i in out.items] == ["", "县水利局"]


def test_a_table_of_counts_by_township(tmp_path: Path) -> None:
    body = (
        "<table><tr><th>序号<th>乡镇<th>基本履职事项<th>配合履职事项<tr><td>1<td>甲镇<td>2项<td>0<tr><td>2<td>乙镇<td>3项<td>0</table>"
        f"<p>甲镇基本履职事项清单<table>{HEAD}<tr><td>1<td>甲事</table>"
    )
    said = html(tmp_path, body, "甲镇.html").counts.query("list_kind == 'basic'")
    assert said[["township", "category", "declared"]].fillna("").to_numpy().tolist() == [
        ["甲镇", "", 2],
        ["乙镇", "", 3],
    ]


def test_a_subtotal_counts_its_category(tmp_path: Path) -> None:
    found = html(tmp_path, f"{HEAD}<tr><td colspan=2>一、党的建设<tr><td>1<td>甲事<tr><td>小计<td>2项")
    said = found.counts.dropna(subset="declared")
    assert said[["category", "declared", "parsed"]].to_numpy().tolist() == [["党的建设", 2, 1]]


def test_empty_parts_of_the_answers_are_none() -> None:
    assert answers.answers({"列名": None, "清单": None, "乡镇": None}) == answers.Answers()


def test_the_answers_may_be_empty_marked_or_wrong(tmp_path: Path) -> None:
    file = tmp_path / "说明.yaml"
    file.write_text("", "utf-8")
    assert answers.answers(file) == answers.Answers()
    file.write_text("列名:\n  镇街 事情*: 事项名称\n", "utf-8-sig")
    assert answers.answers(file).columns == {"乡镇事情": "name"}
    for text, told in (("- a", "应写成"), ("a: [", "不是有效的 YAML"), ("列名: 甲", "逐行写")):
        file.write_text(text, "utf-8")
        with pytest.raises(DocumentError, match=told):
            answers.answers(file)
    with pytest.raises(DocumentError, match="打不开"):
        answers.answers(tmp_path / "没有.yaml")


def test_a_column_may_say_the_list_of_each_item(tmp_path: Path) -> None:
    body = "<tr><th>序号<th>清单类别<th>事项名称<tr><td>1<td>基本履职事项<td>甲事<tr><td>2<td>配合履职事项<td>乙事"
    assert got(html(tmp_path, body, "甲镇.html"), "list_kind") == ["basic", "assisting"]


def test_a_duty_of_none_is_empty(tmp_path: Path) -> None:
    found = html(tmp_path, f"{ASSIST}<tr><td>1<td>防汛<td>县水利局<td>无<td>巡查", "甲镇配合履职事项清单.html")
    assert got(found, "department_duty", "township_duty") == [[None, "巡查。"]]


def test_both_duties_make_an_assisting_list(tmp_path: Path) -> None:
    found = html(tmp_path, f"{ASSIST}<tr><td>1<td>防汛<td>县水利局<td>统筹<td>巡查", "甲镇.html")
    assert got(found, "list_kind") == ["assisting"]


def test_the_title_of_another_township_does_not_keep_the_list(tmp_path: Path) -> None:
    body = f"<p>甲镇基本履职事项清单<table>{HEAD}<tr><td>1<td>甲事</table><p>乙镇履职事项清单<table>{HEAD}<tr><td>1<td>乙事</table>"
    assert got(html(tmp_path, body, "x.html"), "township", "list_kind") == [["甲镇", "basic"], ["乙镇", None]]


def test_folders_name_townships_and_a_twin_in_another_file_is_told_by_it(tmp_path: Path) -> None:
    (tmp_path / "甲镇").mkdir()
    for name in ("基本履职事项清单1.html", "基本履职事项清单2.html"):
        html(tmp_path / "甲镇", f"{HEAD}<tr><td>1<td>甲事", name)
    found = check(tmp_path)
    assert got(found, "township") == ["甲镇", "甲镇"]
    twin = found.problems.query("code == 'doc_twice'").iloc[0]
    assert "基本履职事项清单1.html" in twin["fault"] + twin["remedy"]


def test_many_numbered_lines_behind_a_table_are_shown(tmp_path: Path) -> None:
    lines = "".join(f"<p>{n}.负责森林防火巡查" for n in (1, 2, 1))
    found = html(tmp_path, f"<table>{HEAD}<tr><td>1<td>甲事<tr><td>2<td>乙事</table>{lines}")
    assert codes(found, "look") == ["doc_loose"]


def test_columns_that_are_empty_or_never_read_are_not_asked_about(tmp_path: Path) -> None:
    assert codes(html(tmp_path, f"{HEAD}<th>主办处室<tr><td>1<td>甲事<td>")) == []
    assert codes(html(tmp_path, f"{HEAD}<th>备注<th>责任领导<tr><td>1<td>甲事<td>a<td>b")) == []


def test_a_running_title_alone_is_a_note(tmp_path: Path) -> None:
    found = html(tmp_path, f"{HEAD}<tr><td>1<td>甲事<tr><td colspan=2>续表<tr><td>2<td>乙事")
    assert found.rows["role"].tolist() == ["header", "item", "note", "item"]


def test_a_list_of_contents_counts_for_each_list(tmp_path: Path) -> None:
    body = (
        "<p>目录<p>基本履职事项清单…………1<p>一、党的建设（2项）…………1<p>配合履职事项清单…………3<p>一、党的建设（4项）…………3"
        f"<p>基本履职事项清单<table>{HEAD}<tr><td colspan=2>一、党的建设<tr><td>1<td>甲事</table>"
    )
    said = html(tmp_path, body, "甲镇.html").counts.query("where == '目录'")
    assert sorted(said[["list_kind", "declared"]].to_numpy().tolist()) == [["assisting", 4], ["basic", 2]]


def test_items_of_a_total_that_is_a_formula_are_not_counted_by_it(tmp_path: Path) -> None:
    found = html(tmp_path, f"{HEAD}<tr><td>1<td>甲事<tr><td>合计<td>=COUNTA(B2:B99)")
    assert found.counts["declared"].isna().all()


def test_a_department_cell_over_several_rows_is_not_written_twice(tmp_path: Path) -> None:
    body = f"{ASSIST}<tr><td rowspan=2>1<td rowspan=2>防汛<td>县水利局<td>统筹<td rowspan=2>巡查<tr><td>县应急管理局<td>救援"
    found = html(tmp_path, body, "甲镇配合履职事项清单.html")
    assert found.originals["township_duty"].tolist() == ["巡查"]


def test_a_header_in_other_words_is_the_header_again(tmp_path: Path) -> None:
    found = html(tmp_path, f"{HEAD}<tr><td>1<td>甲事<tr><th>编号<th>具体事项<tr><td>2<td>乙事")
    assert got(found, "name") == ["甲事", "乙事"]
    assert codes(found) == []


def test_an_ordinal_in_a_category_column_is_no_part_of_the_name(tmp_path: Path) -> None:
    body = "<tr><th>类别<th>序号<th>事项名称<tr><td>一、党的建设（1项）<td>1<td>甲事"
    assert got(html(tmp_path, body), "category") == ["党的建设"]


def test_a_column_says_since_when_an_item_holds(tmp_path: Path) -> None:
    found = html(tmp_path, f"{HEAD}<th>施行日期<tr><td>1<td>甲事<td>2025年7月1日", since="2024-01-01")
    assert found.items["since"].tolist() == [pd.Timestamp("2025-07-01")]


def test_more_items_than_declared_are_told_as_more(tmp_path: Path) -> None:
    found = html(tmp_path, f"<p>甲镇基本履职事项清单（共1项）<table>{HEAD}<tr><td>1<td>甲事<tr><td>2<td>乙事</table>")
    one = found.problems.query("code == 'doc_count'").iloc[0]
    assert "多 1 项" in one["fault"] + one["remedy"]


def test_marks_of_the_township_and_the_departments_say_who_answers(tmp_path: Path) -> None:
    body = (
        "<tr><th rowspan=2>序号<th rowspan=2>具体事项<th colspan=2>主体责任<th colspan=2>配合责任"
        "<tr><th>县级部门<th>乡镇<th>县级部门<th>乡镇"
        "<tr><td>1<td>河道采砂<td>√<td><td><td>√<tr><td>2<td>河道保洁<td><td>√<td>√<td>"
    )
    found = html(tmp_path, body, "甲镇属地管理事项责任清单.html")
    assert got(found, "list_kind") == ["assisting", "basic"]


def test_a_sum_without_a_township_is_not_compared(tmp_path: Path) -> None:
    found = html(
        tmp_path, f"<p>基本履职事项清单（共5项）<table>{HEAD}<tr><td>1<td>甲事</table>", "基本履职事项清单.html"
    )
    said = found.counts.dropna(subset="declared")
    assert said["declared"].tolist() == [5]
    assert said["difference"].isna().all()


def test_a_count_said_before_the_township_is_of_the_only_township(tmp_path: Path) -> None:
    body = f"<p>基本履职事项清单（共2项）<p>甲镇基本履职事项清单<table>{HEAD}<tr><td>1<td>甲事</table>"
    said = html(tmp_path, body, "x.html").counts.dropna(subset="declared")
    assert said[["township", "difference"]].to_numpy().tolist() == [["甲镇", -1]]


def test_a_count_of_all_lists_is_held_against_all_items(tmp_path: Path) -> None:
    body = (
        f"<p>甲镇履职事项清单（共2项）<p>基本履职事项清单<table>{HEAD}<tr><td>1<td>甲事</table>"
        f"<p>上级部门收回事项清单<table>{BACK}<tr><td>1<td>评星<td>承接部门：县民政局。工作方式：评定。</table>"
    )
    said = html(tmp_path, body, "甲镇.html").counts.dropna(subset="declared")
    assert said[["list_kind", "declared", "parsed"]].to_numpy().tolist() == [["", 2, 2]]
