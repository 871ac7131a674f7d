"""A sheet out and back: what officials do to it must not move an answer to another row."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
import xlwt
from hypothesis import given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

import governance as gov
from governance import review
from governance.errors import TableError
from governance.tables.fields import label

ASK = {"意见": ("同意", "修改", "反对"), "修改内容": ()}
SENT = pd.DataFrame(
    {
        "item": ["001", "002", "010", "J-4"],
        "township": ["栎桥镇", "栎桥镇", "梅渡镇", "梅渡镇"],
        "name": ["河道保洁", "=SUM(A1:A9)", "森林防火(含\n巡查)", "+86 热线办理"],
        "list_kind": ["basic", "assisting", "reclaimed", "basic"],
        "since": pd.to_datetime(["2025-07-01", None, "2025-07-01", "2025-07-01"]),
        "score": [0.5, 1.0, None, 0.123456789012345],
    }
)


def write(path: Path, **more: object) -> Path:
    return review.out(SENT, path, title="征求意见表(第1轮)", key="item", ask=ASK, **more)  # type: ignore[arg-type]


def rows(path: Path) -> list[list[object]]:
    return CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python(skip_empty_area=False)


def edit(path: Path, change: object) -> Path:
    """The workbook after ``change`` had its way with the first sheet, saved as another program would."""
    book = openpyxl.load_workbook(path)
    change(book.worksheets[0])  # type: ignore[operator]
    book.save(path)
    return path


def fill(sheet: object, **answers: tuple[str, str]) -> None:
    """Answers by id, found by looking for the id, as a person does."""
    heads = [c.value for c in sheet[3]]  # type: ignore[index]
    for row in range(4, sheet.max_row + 1):  # type: ignore[attr-defined]
        given_ = answers.get(f"i{sheet.cell(row, 1).value}")  # type: ignore[attr-defined]
        for text, head in zip(given_ or (), ASK, strict=False):
            sheet.cell(row, heads.index(head) + 1).value = text  # type: ignore[attr-defined]


def got(path: Path) -> review.Back:
    found = review.back(path, SENT, key="item", ask=ASK)
    counts = found.counts
    assert (counts["read"] == counts[["kept", "again", "strangers", "unnumbered", "heads"]].sum(axis=1)).all()
    assert len(found.frame) == len(SENT)
    assert found.frame["item"].tolist() == SENT["item"].tolist()
    assert {found.frame[c].dtype.name for c in ASK} == {"str"}
    return found


# --- out


def test_a_sheet_has_chinese_heads_and_text_stays_text(tmp_path: Path) -> None:
    grid = rows(write(tmp_path / "a.xlsx"))
    assert grid[0][0] == "征求意见表(第1轮)"
    assert grid[2] == ["事项编号", "乡镇(街道)", "事项名称", "清单类别", "施行日期", "匹配得分", "意见", "修改内容"]
    assert [r[0] for r in grid[3:]] == ["001", "002", "010", "J-4"]
    assert grid[4][2] == "=SUM(A1:A9)"
    assert [r[3] for r in grid[3:]] == ["基本履职事项", "配合履职事项", "上级部门收回事项", "基本履职事项"]
    assert grid[3][4] == "2025-07-01"
    assert [r[6] for r in grid[3:]] == [""] * 4
    book = openpyxl.load_workbook(tmp_path / "a.xlsx")
    assert book.worksheets[0]["C5"].data_type == "s"


def test_the_page_is_ready_to_print_and_to_fill_in(tmp_path: Path) -> None:
    book = openpyxl.load_workbook(write(tmp_path / "a.xlsx", notes=["请于 7 月 1 日前退回。"]))
    sheet = book.worksheets[0]
    assert (
        sheet.page_setup.orientation,
        sheet.sheet_properties.pageSetUpPr.fitToPage,
        sheet.page_setup.fitToHeight,
    ) == ("landscape", True, 0)
    assert sheet.print_title_rows == "$3:$3"
    assert sheet.freeze_panes == "B4"
    assert sheet["G4"].fill.fgColor.rgb.endswith("FFF2CC")
    assert sheet["A4"].fill.fgColor.rgb.endswith("E7E6E6")
    assert sheet["B4"].fill.fill_type is None
    assert sheet["C4"].alignment.wrap_text
    (rule,) = sheet.data_validations.dataValidation
    assert str(rule.sqref) == "G4:G7"
    assert rule.formula1 == '"同意,修改,反对"'
    told = [c.value for row in book["填写说明"].iter_rows() for c in row]
    assert "请于 7 月 1 日前退回。" in told


def test_a_long_choice_goes_to_a_hidden_sheet(tmp_path: Path) -> None:
    many = tuple(f"县第{n}号工作专班办公室" for n in range(40))
    file = review.out(SENT, tmp_path / "a.xlsx", title="表", key="item", ask={"单位名": many, "对否": ("对,是", "错")})
    book = openpyxl.load_workbook(file)
    assert book["选项"].sheet_state == "hidden"
    assert [c.value for c in book["选项"]["A"]] == list(many)
    first, second = book.worksheets[0].data_validations.dataValidation
    assert first.formula1 == "选项!$A$1:$A$40"
    assert second.formula1 == "选项!$B$1:$B$2"


def test_the_same_frame_gives_the_same_bytes_and_is_left_alone(tmp_path: Path) -> None:
    before = SENT.copy()
    assert write(tmp_path / "a.xlsx").read_bytes() == write(tmp_path / "b.xlsx").read_bytes()
    pd.testing.assert_frame_equal(SENT, before)


def test_a_column_asked_for_is_filled_where_the_frame_has_it(tmp_path: Path) -> None:
    frame = SENT.assign(意见=["同意", None, None, "反对"])
    file = review.out(frame, tmp_path / "a.xlsx", title="表", key="item", ask=ASK)
    assert [r[6] for r in rows(file)[3:]] == ["同意", "", "", "反对"]
    assert review.back(file, frame, key="item", ask=ASK).frame["意见"].isna().tolist() == [False, True, True, False]


@pytest.mark.parametrize(
    ("frame", "path", "said"),
    [
        (SENT.assign(item=["1", "1", "2", "3"]), "a.xlsx", "重复:1"),
        (SENT.assign(item=["1", None, "2", "3"]), "a.xlsx", "没有事项编号"),
        (SENT.assign(item=["1", "-", "2", "3"]), "a.xlsx", "1 行没有事项编号"),
        (SENT.drop(columns="item"), "a.xlsx", "缺少列:item"),
        (SENT.assign(foo="x"), "a.xlsx", "foo 没有中文名"),
        (SENT.assign(事项名称="x"), "a.xlsx", "不止一列的中文名是:事项名称"),
        (SENT.assign(name="长" * 40000), "a.xlsx", "上限 32767 字"),
        (SENT.assign(score=[0.5, 1.0, float("inf"), 0.1]), "a.xlsx", "第 3 行“[^”]+”是无穷大"),
        (SENT, "a.xls", "只能写成 .xlsx"),
    ],
)
def test_what_cannot_go_out_is_refused(frame: pd.DataFrame, path: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(TableError, match=said.replace("(", r"\(")):
        review.out(frame, tmp_path / path, title="表", key="item", ask=ASK)
    assert list(tmp_path.iterdir()) == []


def test_an_empty_frame_goes_out_and_comes_back(tmp_path: Path) -> None:
    file = review.out(SENT[:0], tmp_path / "a.xlsx", title="表", key="item", ask=ASK)
    found = review.back(file, SENT[:0], key="item", ask=ASK)
    assert len(found.frame) == len(found.missing) == len(found.problems) == 0
    assert [*found.frame.columns] == [*SENT.columns, *ASK]


# --- back


def test_an_untouched_sheet_comes_back_empty_and_without_complaint(tmp_path: Path) -> None:
    found = got(write(tmp_path / "a.xlsx"))
    assert found.problems.to_dict("records") == []
    assert found.frame[list(ASK)].isna().all(axis=None)
    assert found.counts.loc[0, ["read", "kept"]].tolist() == [4, 4]
    pd.testing.assert_frame_equal(found.frame[list(SENT.columns)], SENT)


def test_sorted_inserted_renamed_and_with_a_title_above(tmp_path: Path) -> None:
    def change(sheet: openpyxl.worksheet.worksheet.Worksheet) -> None:
        fill(sheet, i002=("同意", ""), i010=("修改", "改为“协助”"))
        body = [[c.value for c in r] for r in sheet.iter_rows(4, sheet.max_row)]
        for at, line in enumerate(sorted(body, key=lambda r: str(r[2])), 4):
            for column, value in enumerate(line, 1):
                sheet.cell(at, column).value = value
                sheet.cell(at, column).data_type = "s" if isinstance(value, str) else "n"
        sheet.insert_rows(6)
        sheet.insert_cols(1)
        sheet.insert_rows(1, 2)
        sheet["A1"] = "栎桥镇意见汇总"
        sheet.title = "汇总(定)"

    found = got(edit(write(tmp_path / "a.xlsx"), change))
    assert found.frame["意见"].fillna("").tolist() == ["", "同意", "修改", ""]
    assert found.frame.loc[2, "修改内容"] == "改为“协助”"
    assert len(found.problems) == len(found.missing) == 0


def test_saved_as_xls_with_ids_as_numbers(tmp_path: Path) -> None:
    book = xlwt.Workbook()
    sheet = book.add_sheet("Sheet1")
    for row, line in enumerate(
        [["意 见", "事项编号"], ["同意 ", 1.0], ["反对。", 2], ["修改", "０１０"], ["同意", "j-4"]]
    ):
        for column, value in enumerate(line):
            sheet.write(row, column, value)
    book.save(str(tmp_path / "a.xls"))
    found = got(tmp_path / "a.xls")
    assert found.frame["意见"].tolist() == ["同意", "反对", "修改", "同意"]
    assert found.problems["code"].tolist() == ["column_missing"]


def test_a_lost_zero_is_not_guessed_where_two_ids_would_fit(tmp_path: Path) -> None:
    sent = pd.DataFrame({"item": ["01", "001", "2"]})
    (tmp_path / "a.csv").write_text("事项编号,意见\n1,同意\n2.0,反对\n", "utf-8")
    found = review.back(tmp_path / "a.csv", sent, key="item", ask={"意见": ()})
    assert found.strangers["item"].tolist() == ["1"]
    assert found.frame["意见"].fillna("").tolist() == ["", "", "反对"]


def test_strangers_missing_and_double_answers_are_reported(tmp_path: Path) -> None:
    def change(sheet: openpyxl.worksheet.worksheet.Worksheet) -> None:
        fill(sheet, i001=("同意", ""), i002=("反对", "不属镇职责"))
        sheet.delete_rows(6)  # 010
        for line in (["099", "", "新增事项", "", "", "", "同意"], ["002", "", "", "", "", "", "同意"]):
            sheet.append(line)
        sheet.append(["001", "栎桥镇", "河道保洁", "基本履职事项", "2025-07-01", 0.5, "同意"])
        sheet.append(["", "", "", "", "", "", "反对"])
        sheet.append(["", "填表人:张三"])

    found = got(edit(write(tmp_path / "a.xlsx"), change))
    assert found.strangers[["row", "item", "意见"]].to_numpy().tolist() == [[7, "099", "同意"]]
    assert found.missing["item"].tolist() == ["010"]
    assert found.missing.index.tolist() == [2]
    assert found.twice[["item", "column"]].to_numpy().tolist() == [["002", "意见"]]
    assert "反对" in found.twice.loc[0, "answers"]
    assert found.frame["意见"].fillna("").tolist() == ["同意", "", "", ""]
    assert found.frame["修改内容"].fillna("").tolist() == ["", "不属镇职责", "", ""]
    codes = found.problems[found.problems["code"] != "changed"]
    assert codes[["row", "code"]].to_numpy().tolist() == [[7, "stranger"], [8, "twice"], [10, "no_key"]]
    assert found.counts.loc[0, ["read", "kept", "again", "strangers", "unnumbered"]].tolist() == [8, 3, 2, 1, 2]


def test_a_changed_original_is_reported_and_not_taken_over(tmp_path: Path) -> None:
    def change(sheet: openpyxl.worksheet.worksheet.Worksheet) -> None:
        sheet["C4"] = "河道保洁及日常巡查"
        sheet["F4"] = 0.50000000000001
        sheet["I3"], sheet["I5"] = "备注", "请予明确"

    found = got(edit(write(tmp_path / "a.xlsx"), change))
    assert found.problems[["row", "column", "found", "code"]].to_numpy().tolist() == [
        [3, "备注", "1 格有内容", "column_extra"],
        [4, "事项名称", "河道保洁及日常巡查", "changed"],
    ]
    assert "原文被改动" in found.problems.loc[1, "fault"]
    assert found.frame.loc[0, "name"] == "河道保洁"


def test_an_answer_that_is_not_allowed_is_a_problem_not_a_guess(tmp_path: Path) -> None:
    found = got(edit(write(tmp_path / "a.xlsx"), lambda s: fill(s, i001=("基本同意", ""), i002=("/", "-"))))
    assert found.problems[["row", "column", "found", "remedy"]].to_numpy().tolist() == [
        [4, "意见", "基本同意", "应为:同意、修改、反对"]
    ]
    assert found.frame[list(ASK)].isna().all(axis=None)


def test_a_formula_that_failed_is_no_answer(tmp_path: Path) -> None:
    def change(sheet: openpyxl.worksheet.worksheet.Worksheet) -> None:
        sheet["G4"] = "#REF!"
        sheet["G4"].data_type = "e"

    found = got(edit(write(tmp_path / "a.xlsx"), change))
    assert found.problems[["row", "code"]].to_numpy().tolist() == [[4, "formula_error"]]


def test_a_key_of_two_columns(tmp_path: Path) -> None:
    sent = SENT.assign(item=["1", "2", "1", "2"])
    file = review.out(sent, tmp_path / "a.xlsx", title="表", key=["township", "item"], ask=ASK)
    edit(file, lambda s: s.__setitem__("G6", "反对"))
    found = review.back(file, sent, key=["township", "item"], ask=ASK)
    assert found.frame["意见"].fillna("").tolist() == ["", "", "反对", ""]


def test_a_folder_is_read_together_and_a_broken_file_is_named(tmp_path: Path) -> None:
    edit(write(tmp_path / "甲.xlsx"), lambda s: fill(s, i001=("同意", "")))
    edit(write(tmp_path / "乙.xlsx"), lambda s: fill(s, i001=("反对", ""), i002=("同意", "")))
    (tmp_path / "坏.xlsx").write_bytes(b"PK\x03\x04 nothing")
    found = got(tmp_path)
    assert found.frame["意见"].fillna("").tolist() == ["", "同意", "", ""]
    assert found.twice["item"].tolist() == ["001"]
    assert "坏.xlsx" in found.problems["file"].tolist()


def test_what_cannot_be_used_says_why(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("编码,意见\n1,同意\n", "utf-8")
    with pytest.raises(TableError, match=r"没有找到带编号列 “事项编号”.*首行:编码、意见"):
        got(tmp_path / "a.csv")
    (tmp_path / "b.csv").write_text("事项编号,看法\n1,同意\n", "utf-8")
    with pytest.raises(TableError, match="没有一个要填写的列"):
        got(tmp_path / "b.csv")
    with pytest.raises(TableError, match="没有这个文件"):
        got(tmp_path / "c.xlsx")
    (tmp_path / "d.xlsx").write_bytes(b"PK\x03\x04 nothing")
    with pytest.raises(TableError, match="文件打不开") as caught:
        got(tmp_path / "d.xlsx")
    assert len(caught.value.problems) == 1


@settings(max_examples=40)
@given(
    ids=st.lists(st.text("0123456789ABab-.", min_size=1, max_size=5), min_size=1, max_size=8),
    data=st.data(),
)
def test_no_answer_ever_lands_on_another_row(
    tmp_path_factory: pytest.TempPathFactory, ids: list[str], data: st.DataObject
) -> None:
    sent = pd.DataFrame({"item": pd.array(ids, dtype="str"), "name": [f"事项{n}" for n in range(len(ids))]})
    folder = tmp_path_factory.mktemp("r")
    try:
        file = review.out(sent, folder / "a.xlsx", title="表", key="item", ask={"意见": ()})
    except TableError:
        return  # ids that are one and the same once normalised, or nothing but a dash
    grid = rows(file)
    order = data.draw(st.permutations(range(len(ids))))
    kept = order[: data.draw(st.integers(0, len(order)))]
    lines = [[*grid[3 + n][:2], f"答{grid[3 + n][1]}"] for n in kept]
    out = [",".join(map(str, line)) for line in [["事项编号", "事项名称", "意见"], *lines]]
    (folder / "b.csv").write_text("\n".join(out) + "\n", "utf-8")
    found = review.back(folder / "b.csv", sent, key="item", ask={"意见": ()})
    assert found.frame["意见"].fillna("").tolist() == [f"答事项{n}" if n in kept else "" for n in range(len(ids))]
    assert found.missing.index.tolist() == sorted(set(range(len(ids))) - set(kept))
    assert len(found.strangers) == len(found.problems) == 0


def test_the_example_county_goes_out_and_comes_back_whole(tmp_path: Path) -> None:
    items = gov.examples.county().items
    file = review.out(items, tmp_path / "a.xlsx", title="示例", key=["township", "item"], ask=ASK)
    found = review.back(file, items, key=["township", "item"], ask=ASK)
    assert found.problems.to_dict("records") == []
    assert found.counts.loc[0, "kept"] == len(items) == 2976
    assert label("items", "item") == "事项编号"
    assert dt.date.today().year >= 2025
