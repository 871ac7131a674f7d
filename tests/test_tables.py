"""Files as offices make them: what reads without complaint, what is a fault and where, and back out again."""

from __future__ import annotations

import datetime as dt
import os
import random
import re
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

import governance as gov
from governance import tables
from governance.documents.letters import clean
from governance.errors import TableError
from governance.tables import sheets
from governance.tables.cells import parse
from governance.tables.fields import field, fields

CASES = yaml.safe_load((Path(__file__).parent / "cases" / "tables.yaml").read_text("utf-8"))
UNITS = [
    ["单位名称", "单位类型", "上级单位"],
    ["青禾县", "县", ""],
    ["县教育局", "部门", "青禾县"],
    ["县公安局", "部门", "青禾县"],
    ["县民政局", "部门", "青禾县"],
    ["栎桥镇", "乡镇", "青禾县"],
    ["雾岭乡", "乡镇", "青禾县"],
    ["东桥村", "村", "栎桥镇"],
    ["岭脚村", "村", "雾岭乡"],
    ["党政综合办公室", "内设机构", "栎桥镇"],
    ["党政综合办公室", "内设机构", "雾岭乡"],
]
TASKS = [
    [
        "任务编号",
        "下发日期",
        "下发部门",
        "承接乡镇(街道)",
        "任务内容",
        "下发渠道",
        "是否纳入考核",
        "已提供保障",
        "耗时(小时)",
    ],
    ["R1", "2026-03-01", "县教育局", "栎桥镇", "报送校车底数", "通知", "是", "培训、资金", "8"],
    ["R2", "2026-03-02", "县公安局", "雾岭乡", "排查出租房屋", "交办单", "否", "无", "12.5"],
    ["R3", "2026-03-03", "县民政局", "栎桥镇", "核对低保名单", "12345转办", "", "", ""],
]
ITEMS = [
    ["事项编号", "乡镇(街道)", "清单类别", "事项名称", "对应上级部门", "施行日期", "失效日期"],
    ["I1", "栎桥镇", "配合履职事项", "校车安全管理", "县教育局、县公安局", "2025-07-01", ""],
    ["I1", "雾岭乡", "配合履职事项", "校车安全管理", "县教育局", "2025-07-01", "2026-01-01"],
    ["I1", "雾岭乡", "收回事项", "校车安全管理", "县教育局", "2026-01-01", ""],
    ["I2", "栎桥镇", "基本履职事项", "低保对象服务", "", "2025-07-01", ""],
]
STAFF = [
    ["乡镇(街道)", "内设机构", "岗位", "在岗人数", "人均月可用工时(小时)"],
    ["栎桥镇", "党政综合办公室", "文秘岗", "3", "120"],
    ["雾岭乡", "党政综合办公室", "文秘岗", "2", "120"],
]

Grid = list[list[object]]


def csv(folder: Path, name: str, grid: Grid, *, encoding: str = "utf-8") -> Path:
    lines = [
        ",".join('"' + str(c).replace('"', '""') + '"' if re.search('[,"\n]', str(c)) else str(c) for c in row)
        for row in grid
    ]
    path = folder / f"{name}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes("\r\n".join(lines).encode(encoding))
    return path


def book(path: Path, pages: dict[str, Grid], merged: dict[str, list[str]] | None = None) -> Path:
    out = openpyxl.Workbook()
    out.remove(out.worksheets[0])
    for name, grid in pages.items():
        page = out.create_sheet(name)
        for r, row in enumerate(grid, 1):
            for c, value in enumerate(row, 1):
                if value != "":
                    page.cell(r, c).value = value
        for area in (merged or {}).get(name, []):
            page.merge_cells(area)
    path.parent.mkdir(parents=True, exist_ok=True)
    out.save(path)
    return path


def county(folder: Path, **changed: Grid) -> Path:
    """A small sound county as CSV, some tables replaced."""
    grids = {"单位表": UNITS, "任务台账": TASKS, "履职事项清单": ITEMS, "人员表": STAFF} | changed
    for name, grid in grids.items():
        csv(folder, name, grid)
    return folder


def changed(grid: Grid, row: int, column: str, value: object) -> Grid:
    """``grid`` with one cell changed; ``row`` as Excel counts."""
    copy = [list(r) for r in grid]
    copy[row - 1][grid[0].index(column)] = value
    return copy


def found(path: Path) -> list[tuple[str, int, str, str, str]]:
    """(file, row, column, found, code) of every problem, the rows accounted for."""
    checked = tables.check(path)
    assert (checked.counts["read"] == checked.counts["kept"] + checked.counts["rejected"]).all()
    assert len(checked.problems) or checked.counts["rejected"].sum() == 0
    return [tuple(p) for p in checked.problems[["file", "row", "column", "found", "code"]].to_numpy()]


def same(a: tables.County, b: tables.County) -> None:
    for table, frame in tables.frames(a).items():
        assert_frame_equal(frame, tables.frames(b)[table], obj=table)
    assert (a.name, a.example) == (b.name, b.example)


# --- what reads without complaint


def test_a_folder_of_chinese_csv_becomes_a_county_and_one_line_accounts_for_it(tmp_path, capsys):
    read = tables.read(county(tmp_path))
    assert capsys.readouterr().out == "读入 4 个文件:共 19 行 = 保留 19 行 + 退回 0 行\n"
    assert read.name == "青禾县"
    assert not read.example
    assert read.tasks["channel"].tolist() == ["notice", "assignment", "hotline"]
    assert read.tasks["hours"].tolist()[:2] == [8.0, 12.5]
    assert read.tasks["support"].tolist()[:2] == ["training|funds", ""]
    assert read.tasks["scored"].tolist()[:2] == [True, False]
    assert read.tasks[["support", "scored", "hours"]].isna().iloc[2].all()
    assert read.tasks["source"].tolist()[0] == "任务台账.csv›第2行"
    assert read.items["department"].tolist()[0] == "县教育局、县公安局"


def test_every_frame_has_all_its_columns_and_dtypes_even_when_no_file_gives_it(tmp_path):
    read = tables.check(county(tmp_path)).county
    for table, frame in tables.frames(read).items():
        assert frame.dtypes.to_dict() == tables.frame(table).dtypes.to_dict()
        assert list(frame.columns) == tables.schema(table)["name"].tolist()
    assert len(read.rooms) == len(read.streets.nodes) == 0


@pytest.mark.parametrize("case", CASES["读得懂"], ids=lambda c: c["说明"])
def test_cells_that_read_without_complaint(case):
    table, column = case["列"].split(".")
    values, faults = parse([str(v) for v in case["写法"]], field(table, column))
    assert faults == {}
    means = case["意为"]
    assert [None if pd.isna(v) else str(v)[:10] if field(table, column).type == "date" else v for v in values] == (
        means if isinstance(means, list) else [str(means) if column == "date" else means] * len(case["写法"])
    )


@pytest.mark.parametrize("case", CASES["读不懂"], ids=lambda c: c["说明"])
def test_cells_that_are_faults(case):
    table, column = case["列"].split(".")
    values, faults = parse([str(v) for v in case["写法"]], field(table, column))
    assert [faults[i][0] for i in range(len(values))] == [case["问题"]] * len(values)
    assert values.isna().all()


HEADS = {
    "任务编号": " 任 务\n编号 ",
    "下发日期": "交办日期",
    "下发部门": "department",
    "承接乡镇(街道)": "承接乡镇(街道)",
    "耗时(小时)": "工时",
    "下发渠道": "*下发渠道",
}
QUIRKS = {
    "aliases, English, full-width brackets, spaces and line breaks in headers": lambda g: [
        [HEADS.get(h, h) for h in g[0]],
        *g[1:],
    ],
    "columns in another order": lambda g: [r[::-1] for r in g],
    "title rows above the header": lambda g: [["任务台账"], ["填报单位:县委编办", "", "2026年3月"], *g],
    "blank rows": lambda g: [[], g[0], [], [""] * 9, *g[1:3], ["  ", "\u3000"], g[3]],
    "the header printed again": lambda g: [g[0], g[1], g[0], *g[2:]],
    "unknown columns": lambda g: [[*g[0], "备注"], *([*r, "阅"] for r in g[1:])],
    "a serial number beside the key": lambda g: [["序号", *g[0]], *([i, *r] for i, r in enumerate(g[1:], 1))],
    "inner spaces in names": lambda g: [
        g[0],
        *([r[0], r[1], " ".join(r[2]), "\u3000".join(r[3]), *r[4:]] for r in g[1:]),
    ],
    "leading blank columns": lambda g: [["", "", *r] for r in g],
}


@pytest.mark.parametrize("quirk", QUIRKS)
@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_quirks_give_the_same_frame(tmp_path, quirk, form):
    plain = tables.check(county(tmp_path / "plain")).county.tasks
    odd = county(tmp_path / "odd")
    if form == "csv":
        csv(odd, "任务台账", QUIRKS[quirk](TASKS))
    else:
        (odd / "任务台账.csv").unlink()
        book(odd / "任务台账.xlsx", {"Sheet1": QUIRKS[quirk](TASKS)})
    checked = tables.check(odd)
    assert checked.problems.to_dict("records") == []
    assert_frame_equal(checked.county.tasks.drop(columns="source"), plain.drop(columns="source"))


def test_what_is_passed_over_is_noted(tmp_path):
    county(tmp_path)
    csv(tmp_path, "任务台账", [[], [*TASKS[0], "备注"], *([*r, ""] for r in TASKS[1:2]), [], TASKS[0], *TASKS[2:]])
    for name in ("~$任务台账.xlsx", ".隐藏.csv", "任务台账_标注.xlsx", "说明.docx", "truth.csv"):
        (tmp_path / name).write_bytes(b"x")
    csv(tmp_path, "值班", [["甲", "乙"], [1, 2], [3, 4]])
    csv(tmp_path, "空", [])
    notes = tables.check(tmp_path).counts.set_index("file")["note"]
    assert "跳过空行 1 行" in notes["任务台账.csv"]
    assert "跳过重复表头 1 行" in notes["任务台账.csv"]
    assert "未用列:备注(J列)" in notes["任务台账.csv"]
    assert notes["~$任务台账.xlsx"] == "跳过:Office 临时文件"
    assert notes[".隐藏.csv"] == "跳过:隐藏文件"
    assert notes["任务台账_标注.xlsx"] == "跳过:标注副本"
    assert notes["说明.docx"].startswith("跳过:不是")
    assert notes["truth.csv"].startswith("跳过:检验用")
    assert notes["值班.csv"] == "未识别:没有认得的表头,3 行未读"
    assert notes["空.csv"] == "空表"
    assert tables.check(tmp_path).problems.empty


def test_a_two_row_header_and_merged_body_cells(tmp_path):
    grid = [
        ["青禾县任务台账(示例数据)"],
        ["基本信息", "", "来文", "", "办理", ""],
        ["任务编号", "下发日期", "下发部门", "承接乡镇", "任务内容", "工时"],
        ["R1", dt.date(2026, 3, 1), "县教育局", "栎桥镇", "报送校车底数", 8],
        ["R2", 46083, "", "雾岭乡", "排查出租房屋", ""],
        ["R3", "20260303", "县民政局", "", "核对低保名单", 2],
    ]
    county(tmp_path)
    (tmp_path / "任务台账.csv").unlink()
    book(tmp_path / "台账.xlsx", {"表一": grid}, {"表一": ["A1:F1", "A2:B2", "C2:D2", "E2:F2", "C4:C5", "D5:D6"]})
    read = tables.check(tmp_path)
    assert read.problems.empty
    assert read.county.example
    assert read.county.tasks["department"].tolist() == ["县教育局", "县教育局", "县民政局"]
    assert read.county.tasks["township"].tolist() == ["栎桥镇", "雾岭乡", "雾岭乡"]
    assert read.county.tasks["date"].dt.day.tolist() == [1, 2, 3]
    assert read.county.tasks["source"].tolist()[0] == "台账.xlsx›表一›第4行"


def test_a_header_merged_over_two_rows_beside_a_group_title(tmp_path):
    grid = [["乡镇(街道)", "内设机构", "岗位", "人员", ""], ["", "", "", "在岗人数", "月工时"], *STAFF[1:]]
    county(tmp_path)
    (tmp_path / "人员表.csv").unlink()
    book(tmp_path / "人员.xlsx", {"人员": grid}, {"人员": ["A1:A2", "B1:B2", "C1:C2", "D1:E1"]})
    read = tables.check(tmp_path)
    assert read.problems.empty
    assert read.county.staff["hours_per_month"].tolist() == [120.0, 120.0]


def test_a_two_row_header_in_a_csv_and_both_its_rows_printed_again(tmp_path):
    heads = [["乡镇(街道)", "内设机构", "岗位", "人员", ""], ["", "", "", "在岗人数", "月工时"]]
    read = tables.check(county(tmp_path, 人员表=[*heads, STAFF[1], *heads, STAFF[2]]))
    assert read.problems.empty
    assert read.county.staff["hours_per_month"].tolist() == [120.0, 120.0]
    assert read.counts.set_index("file").loc["人员表.csv", "note"] == "跳过重复表头 2 行"


@pytest.mark.parametrize(("name", "table"), [("社区用房", "rooms"), ("青禾县服务设施点位", "sites")])
def test_a_header_that_fits_two_tables_is_told_apart_by_the_file_name(tmp_path, name, table):
    csv(
        tmp_path,
        name,
        [
            ["编 号", "名称", "乡镇", "社区", "节点", "面积", "功能"],
            ["1", "甲", "栎桥镇", "东桥村", "N1", "80", "养老"],
        ],
    )
    read = tables.check(tmp_path)
    assert read.counts["table"].tolist()[0] == table
    assert len(tables.frames(read.county)[table]) == 1


def test_full_width_letters_in_headers(tmp_path):
    csv(tmp_path, "甲", [["节点编号", "X", "Y"], ["1", "2", "3"]])
    assert tables.check(tmp_path).county.streets.nodes["x"].tolist() == [2.0]


def test_several_workbooks_with_three_sheets_feed_one_table(tmp_path):
    county(tmp_path)
    (tmp_path / "履职事项清单.csv").unlink()
    heads = ["事项编号", "事项名称", "对应上级部门", "施行日期"]
    for town in ("栎桥镇", "雾岭乡"):
        book(
            tmp_path / "清单" / f"{town}履职事项清单(示例数据).xlsx",
            {
                kind: [[f"{town}{kind}清单"], heads, [f"{n}-{kind[:2]}", f"事项{n}", "县教育局", "2025.7.1"]]
                for n, kind in enumerate(("基本履职事项", "配合履职事项", "上级部门收回事项"), 1)
            },
        )
    read = tables.check(tmp_path)
    assert read.problems.empty
    assert read.county.items.groupby(["township", "list_kind"]).size().tolist() == [1] * 6
    assert set(read.county.items["list_kind"]) == {"basic", "assisting", "reclaimed"}
    assert (read.counts["table"] == "items").sum() == 6
    assert "清单类别取自名称“基本履职事项”" in read.counts.loc[read.counts["table"] == "items", "note"].iloc[0]


def test_without_a_unit_table_units_are_derived_and_said_to_be(tmp_path):
    county(tmp_path)
    (tmp_path / "单位表.csv").unlink()
    read = tables.check(tmp_path)
    assert read.problems.empty
    assert dict(zip(read.county.units["unit"], read.county.units["kind"], strict=True)) == {
        "县教育局": "department",
        "县公安局": "department",
        "县民政局": "department",
        "栎桥镇": "township",
        "雾岭乡": "township",
    }
    assert read.counts["note"].str.contains("没有单位表").any()


def test_references_in_other_brackets_are_spelt_as_the_unit_table_spells_them(tmp_path):
    wide, narrow = "望禾\uff08城关\uff09街道", "望禾(城关)街道"
    read = tables.check(
        county(
            tmp_path, 单位表=[*UNITS, [wide, "街道", "青禾县"]], 任务台账=changed(TASKS, 2, "承接乡镇(街道)", narrow)
        )
    )
    assert read.problems.empty
    assert read.county.tasks["township"].tolist()[0] == wide


def test_names_of_a_kind_the_unit_table_does_not_list_are_not_checked_and_that_is_noted(tmp_path):
    read = tables.check(county(tmp_path, 单位表=[r for r in UNITS if r[1] != "内设机构"]))
    assert read.problems.empty
    assert "未核对内设机构" in read.counts.set_index("file").loc["人员表.csv", "note"]


def test_made_up_data_is_recognised_by_file_title_or_sheet(tmp_path):
    for n, name in enumerate(("任务台账(示例数据)", "任务台账")):
        folder = tmp_path / str(n)
        csv(folder, name, TASKS)
        assert tables.check(folder).county.example is (n == 0)
    book(tmp_path / "2" / "任务.xlsx", {"示例数据": TASKS})
    assert tables.check(tmp_path / "2").county.example


def test_streets_land_in_streets_and_edges_know_their_nodes(tmp_path):
    csv(tmp_path, "nodes", [["node", "x", "y"], [1, 0, 0], ["002", 3.5, 4]])
    csv(
        tmp_path,
        "edges",
        [["edge", "source", "target", "length_m", "kind"], ["e1", "1.0", "002", 5, "桥"], ["e2", 1, 2, 5, ""]],
    )
    read = tables.check(tmp_path)
    assert read.county.streets.nodes["node"].tolist() == ["1", "002"]
    assert read.county.streets.edges["kind"].tolist() == ["bridge"]
    assert read.problems[["row", "column", "found", "code"]].to_numpy().tolist() == [
        [3, "终点节点", "2", "ref_unknown"]
    ]


# --- faults

ROOMS = [
    ["用房编号", "用房名称", "乡镇(街道)", "村(社区)", "面积(平方米)", "现用途", "排烟管道"],
    ["F1", "东桥邻里中心", "栎桥镇", "东桥村", "120", "闲置", "有"],
    ["F2", "岭脚会堂", "雾岭乡", "岭脚村", "80", "文化", "无"],
]
NODE = [["路网节点", *["N1"] * 2]]
FAULTS = {  # name: (table, row, column, value, column told, code)
    "empty department": ("任务台账", 2, "下发部门", "", "required"),
    "empty text": ("任务台账", 3, "任务内容", "\u3000", "required"),
    "impossible date": ("任务台账", 2, "下发日期", "2026年2月30日", "date_impossible"),
    "no date": ("任务台账", 2, "下发日期", "三月初", "date_bad"),
    "negative hours": ("任务台账", 2, "耗时(小时)", "-8", "below_min"),
    "too many hours": ("任务台账", 2, "耗时(小时)", "20001", "above_max"),
    "about three hours": ("任务台账", 2, "耗时(小时)", "约3", "number_text"),
    "unit in a number": ("任务台账", 3, "耗时(小时)", "8小时", "number_text"),
    "wrong channel": ("任务台账", 2, "下发渠道", "微信", "choice_wrong"),
    "wrong bool": ("任务台账", 2, "是否纳入考核", "大概", "bool_wrong"),
    "wrong support": ("任务台账", 2, "已提供保障", "培训、表扬", "set_wrong"),
    "duplicate task": ("任务台账", 3, "任务编号", "R1", "key_duplicate"),
    "unknown department": ("任务台账", 2, "下发部门", "县教肓局", "ref_unknown"),
    "township as department": ("任务台账", 2, "下发部门", "雾岭乡", "ref_kind"),
    "unknown township": ("任务台账", 2, "承接乡镇(街道)", "栎乔镇", "ref_unknown"),
    "wrong list kind": ("履职事项清单", 2, "清单类别", "兜底事项", "choice_wrong"),
    "empty item name": ("履职事项清单", 5, "事项名称", "", "required"),
    "one of two departments unknown": ("履职事项清单", 2, "对应上级部门", "县教育局、县体肓局", "ref_unknown"),
    "ends before it starts": ("履职事项清单", 3, "失效日期", "2025-07-01", "period_order"),
    "broken headcount": ("人员表", 2, "在岗人数", "2.5", "not_integer"),
    "more hours than a month has": ("人员表", 2, "人均月可用工时(小时)", "800", "above_max"),
    "office of nobody": ("人员表", 2, "内设机构", "水利站", "ref_unknown"),
    "unknown parent": ("单位表", 8, "上级单位", "东桥镇", "ref_unknown"),
    "wrong kind of unit": ("单位表", 4, "单位类型", "事业", "choice_wrong"),
}
GRIDS = {"任务台账": TASKS, "履职事项清单": ITEMS, "人员表": STAFF, "单位表": UNITS}


@pytest.mark.parametrize("name", FAULTS)
def test_one_defect_is_one_located_problem(tmp_path, name):
    table, row, column, value, code = FAULTS[name]
    path = county(tmp_path, **{table: changed(GRIDS[table], row, column, value)})
    assert found(path) == [(f"{table}.csv", row, column, value, code)]
    with pytest.raises(TableError) as caught:
        tables.read(path)
    assert caught.value.counts["rejected"].sum() == 1


def test_a_missing_column_is_one_fault_and_names_the_nearest_header(tmp_path):
    path = county(tmp_path, 任务台账=[["下发部们" if h == "下发部门" else h for h in TASKS[0]], *TASKS[1:]])
    assert found(path) == [("任务台账.csv", 1, "下发部门", "下发部们", "column_missing")]
    checked = tables.check(path)
    assert "最接近的是“下发部们”(C列)" in checked.problems["remedy"].tolist()[0]
    assert checked.counts.set_index("file").loc["任务台账.csv", ["read", "kept", "rejected"]].tolist() == [3, 0, 3]


def test_rows_of_a_sheet_with_a_header_fault_still_count_as_known(tmp_path):
    units = [[*r[:1], *r[2:]] for r in UNITS]
    assert found(county(tmp_path, 单位表=units)) == [("单位表.csv", 1, "单位类型", "", "column_missing")]


def test_a_serial_number_beside_a_code_is_no_second_column_but_two_aliases_are(tmp_path):
    heads = ["编号", *TASKS[0][1:], "序号"]
    path = county(tmp_path, 任务台账=[heads, *([*r, i] for i, r in enumerate(TASKS[1:], 1))])
    assert found(path) == []
    assert tables.check(path).county.tasks["task"].tolist() == ["R1", "R2", "R3"]
    heads = ["编号", *TASKS[0][1:], "工单编号"]
    path = county(tmp_path, 任务台账=[heads, *([i, *r[1:], r[0]] for i, r in enumerate(TASKS[1:], 1))])
    assert tables.check(path).county.tasks["task"].tolist() == ["R1", "R2", "R3"]
    heads = ["任务编号", "下发日期", "来文单位", *TASKS[0][3:], "发文单位"]
    path = county(tmp_path, 任务台账=[heads, *([*r, "甲局"] for r in TASKS[1:])])
    assert found(path) == [("任务台账.csv", 1, "下发部门(J列)", "发文单位", "column_duplicate")]


def test_results_of_our_own_are_never_read_as_data(tmp_path):
    path = book(county(tmp_path) / "明细.xlsx", {"任务台账": TASKS})
    assert len(found(tmp_path)) == 3
    out = openpyxl.load_workbook(path)
    out.properties.subject = sheets.OUTPUT
    out.save(path)
    assert found(tmp_path) == []
    assert "跳过:本程序写出的结果" in tables.check(tmp_path).counts["note"].tolist()


def test_a_workbook_with_the_sheet_of_sources_is_a_result_and_not_data(tmp_path):
    book(county(tmp_path) / "简报" / "明细.xlsx", {"任务台账": TASKS, "数字来源": [["数字", "取自"], ["3", "甲"]]})
    assert found(tmp_path) == []
    notes = tables.check(tmp_path).counts.set_index("file")["note"]
    assert notes["简报/明细.xlsx"] == "跳过:本程序写出的结果"


ASIDES: dict[str, list[object]] = {
    "合计在编号列": ["合计", "", "", "", "", "", "", "", "20.5"],
    "中间有空格": ["合 计", "", "", "", "", "", "", "", "20.5"],
    "总计在别的列": ["", "", "", "总计:", "3件"],
    "小计带数": ["", "", "", "", "小计3件"],
    "合计是公式错误": ["共计", "", "", "", "", "", "", "", "#REF!"],
    "签名": ["填表人:张三", "", "", "审核人:李四", "", "", "", "日期:2025.9.1"],
    "签名分格": ["", "", "制表", "张三", "", "审核", "李四"],
    "签名以空格隔开": ["填表人  张三", "", "", "审核人 李四"],
    "单位与电话": ["填报单位(盖章):栎桥镇", "", "", "", "联系电话0575-1234567"],
    "注": ["注:1.本表按月填报。"],
    "备注": ["", "备注:耗时为估计数"],
}


@pytest.mark.parametrize("kind", ASIDES)
@pytest.mark.parametrize("at", [2, 4], ids=["中间", "表尾"])
def test_totals_and_signatures_are_passed_over_wherever_they_stand(tmp_path, kind, at):
    path = county(tmp_path, 任务台账=[*TASKS[:at], ASIDES[kind], *TASKS[at:]])
    assert found(path) == []
    read = tables.check(path)
    assert read.county.tasks["task"].tolist() == ["R1", "R2", "R3"]
    account = read.counts.set_index("file").loc["任务台账.csv"]
    assert (account["read"], account["kept"]) == (3, 3)
    assert account["note"] == f"跳过合计行、签名备注行 第{at + 1}行"


RECORDS: dict[str, tuple[list[object], set[str]]] = {
    "有编号": (["R4", "", "", "", "合计报送三件"], {"required"}),
    "有半数以上必填项": (["", "2026-03-01", "县教育局", "栎桥镇", "合计报送三件"], {"required"}),
    "以合计开头的编号": (["合计表4", "", "", "", "报送"], {"required"}),
    "总计划": (["", "", "", "", "总计划编制", "通知"], {"required"}),
    "没有合计二字": (["", "", "", "", "报送校车底数", "", "", "", "20"], {"required"}),
    "句中有合计": (["", "", "", "", "报送合计", "", "", "", "20"], {"required"}),
}


@pytest.mark.parametrize("kind", RECORDS)
def test_a_row_that_may_be_a_record_is_never_passed_over(tmp_path, kind):
    row, codes = RECORDS[kind]
    path = county(tmp_path, 任务台账=[*TASKS, row])
    assert {(line, code) for _, line, _, _, code in found(path)} == {(5, c) for c in codes}
    assert tables.check(path).counts.set_index("file").loc["任务台账.csv", "read"] == 4


def test_a_cell_merged_over_a_total_does_not_make_it_a_record(tmp_path):
    grid = [*STAFF[:2], ["", "小计", "", "3", "", ""], STAFF[1], *STAFF[2:]]
    grid[3] = ["", *STAFF[1][1:2], "另一岗位", *STAFF[1][3:]]
    path = county(tmp_path)
    (path / "人员表.csv").unlink()
    book(path / "人员.xlsx", {"人员表": grid}, {"人员表": ["A2:A4"]})
    assert found(path) == []
    staff = tables.check(path).county.staff
    assert len(staff) == len(STAFF)
    assert staff["township"].tolist()[:2] == [STAFF[1][0]] * 2


def test_without_units_a_township_that_no_list_names_is_a_fault(tmp_path):
    path = county(tmp_path, 任务台账=changed(TASKS, 3, "承接乡镇(街道)", "雾岭镇"))
    (path / "单位表.csv").unlink()
    assert found(path) == [("任务台账.csv", 3, "承接乡镇(街道)", "雾岭镇", "ref_unknown")]
    assert "最接近的是雾岭乡" in tables.check(path).problems["remedy"].tolist()[0]
    (path / "履职事项清单.csv").unlink()
    assert found(path) == []


def test_without_units_a_department_spelt_nearly_as_the_lists_spell_it_is_noted(tmp_path):
    tasks = changed(changed(TASKS, 2, "下发部门", "县教育局局"), 3, "下发部门", "县气象局")
    path = county(tmp_path, 任务台账=tasks)
    (path / "单位表.csv").unlink()
    assert found(path) == []
    note = tables.check(path).counts.set_index("file").loc["任务台账.csv", "note"]
    assert "下发部门“县教育局局”与清单所列“县教育局”相近,请核对" in note
    assert "县气象局" not in note


@pytest.mark.parametrize("lists", [True, False], ids=["有清单", "无清单"])
@pytest.mark.parametrize("target", ["folder", "book.xlsx"])
def test_what_was_read_without_units_is_written_and_reads_the_same_again(tmp_path, target, lists):
    path = county(tmp_path / "in", 任务台账=changed(TASKS, 3, "下发部门", "雾岭乡"))
    (path / "单位表.csv").unlink()
    if not lists:
        (path / "履职事项清单.csv").unlink()
    read = tables.check(path)
    assert read.problems.empty
    tables.write(read.county, tmp_path / target)
    again = tables.read(tmp_path / target)
    for table, frame in tables.frames(read.county).items():
        assert_frame_equal(frame, tables.frames(again)[table], obj=table)


def test_units_are_written_where_the_lists_left_do_not_name_every_township(tmp_path):
    path = county(tmp_path / "in", 履职事项清单=[ITEMS[0], *([*r[:5], "某日", ""] for r in ITEMS[2:4]), ITEMS[4]])
    (path / "单位表.csv").unlink()
    read = tables.check(path)
    assert set(read.problems["code"]) == {"date_bad"}
    tables.write(read.county, tmp_path / "out")
    assert_frame_equal(tables.read(tmp_path / "out").tasks, read.county.tasks)


def test_a_column_with_data_and_no_name_is_noted(tmp_path):
    path = county(tmp_path, 任务台账=[TASKS[0], *([*r, "阅"] for r in TASKS[1:])])
    notes = tables.check(path).counts.set_index("file")["note"]
    assert notes["任务台账.csv"] == "没有列名、未读的列:J列"


def test_a_column_twice_is_a_fault(tmp_path):
    path = county(tmp_path, 任务台账=[[*r, r[2]] for r in TASKS])
    assert found(path) == [("任务台账.csv", 1, "下发部门(J列)", "下发部门", "column_duplicate")]


def test_a_merged_header_over_a_needed_column_is_one_fault(tmp_path):
    grid = [["" if h == "承接乡镇(街道)" else h for h in TASKS[0]], *TASKS[1:]]
    county(tmp_path)
    (tmp_path / "任务台账.csv").unlink()
    path = book(tmp_path / "任务台账.xlsx", {"台账": grid}, {"台账": ["C1:D1"]})
    assert found(tmp_path) == [(path.name, 1, "C至D列", "下发部门", "header_merged")]
    assert "承接乡镇(街道)" in tables.check(tmp_path).problems["fault"].tolist()[0]


def test_a_key_repeated_in_another_file_names_where_it_was_first(tmp_path):
    county(tmp_path)
    csv(tmp_path, "二月/任务台账", [TASKS[0], ["R3", *TASKS[2][1:]]])
    problem = tables.check(tmp_path).problems.iloc[0]
    assert (problem["file"], problem["row"], problem["code"]) == ("任务台账.csv", 4, "key_duplicate")
    assert "二月/任务台账.csv›第2行" in problem["fault"]


def test_a_name_may_repeat_under_another_parent_but_not_under_the_same(tmp_path):
    units = [*UNITS, ["党政综合办公室", "内设机构", "雾岭乡"]]
    path = county(tmp_path, 单位表=units)
    assert [(p[1], p[4]) for p in found(path)] == [(12, "key_duplicate")]
    assert "第11行" in tables.check(path).problems["fault"].tolist()[0]


def test_a_circle_of_parents_is_one_fault(tmp_path):
    units = changed(changed(UNITS, 2, "上级单位", "栎桥镇"), 12 - 1, "上级单位", "雾岭乡")
    path = county(tmp_path, 单位表=units)
    assert [(p[1], p[4]) for p in found(path)] == [(2, "parent_cycle")]
    assert "青禾县→栎桥镇→青禾县" in tables.check(path).problems["fault"].tolist()[0]
    self_parent = changed(UNITS, 2, "上级单位", "青禾县")
    assert [p[4] for p in found(county(tmp_path, 单位表=self_parent))] == ["parent_cycle"]


def test_a_village_of_another_township_is_a_fault(tmp_path):
    heads = [*TASKS[0], "转交对象"]
    tasks = [heads, [*TASKS[1], "岭脚村"], [*TASKS[2], "岭脚村"], [*TASKS[3], "党政综合办公室"]]
    path = county(tmp_path, 任务台账=tasks)
    assert found(path) == [("任务台账.csv", 2, "转交对象", "岭脚村", "ref_place")]
    assert "它属于雾岭乡" in tables.check(path).problems["remedy"].tolist()[0]


def test_a_village_whose_parent_is_unknown_is_one_fault_however_often_it_is_named(tmp_path):
    tasks = [[*TASKS[0], "转交对象"], [*TASKS[1], "东桥村"], *([*r, ""] for r in TASKS[2:])]
    path = county(tmp_path, 任务台账=tasks, 单位表=changed(UNITS, 8, "上级单位", "东桥镇"))
    assert found(path) == [("单位表.csv", 8, "上级单位", "东桥镇", "ref_unknown")]


def test_validity_that_overlaps_is_found_across_lists_and_reported_once(tmp_path):
    items = changed(ITEMS, 3, "失效日期", "2026-02-01")
    path = county(tmp_path, 履职事项清单=items)
    assert found(path) == [("履职事项清单.csv", 4, "施行日期", "2026-01-01", "period_overlap")]
    assert "第3行" in tables.check(path).problems["fault"].tolist()[0]


def test_a_long_validity_overlaps_every_later_one_and_an_upside_down_one_is_only_that(tmp_path):
    spans = [
        ("2025-01-01", "2027-01-01"),
        ("2025-02-01", "2025-03-01"),
        ("2025-06-01", ""),
        ("2025-04-01", "2025-03-15"),
    ]
    items = [ITEMS[0], *(["I7", "栎桥镇", "基本履职事项", "甲", "", a, b] for a, b in spans)]
    path = county(tmp_path, 履职事项清单=items)
    assert [(p[1], p[4]) for p in found(path)] == [(3, "period_overlap"), (4, "period_overlap"), (5, "period_order")]
    assert tables.check(path).problems["fault"].str.contains("与第2行").tolist() == [True, True, False]


def test_suggestions_keep_to_the_kind_that_fits(tmp_path):
    path = county(tmp_path, 任务台账=changed(TASKS, 2, "下发部门", "栎乔镇"))
    assert "栎桥镇" not in tables.check(path).problems["remedy"].tolist()[0]


def test_an_unknown_name_says_which_known_names_are_near(tmp_path):
    path = county(tmp_path, 任务台账=changed(TASKS, 2, "下发部门", "县教肓局"))
    remedy = tables.check(path).problems["remedy"].tolist()[0]
    assert tables.check(path).problems["fault"].tolist() == ["没有这个部门"]
    assert remedy.startswith("最接近的是县教育局")
    assert "栎桥镇" not in remedy


def test_a_footnote_under_the_table_is_one_fault_not_one_a_column(tmp_path):
    path = county(tmp_path, 任务台账=[*TASKS, ["以上数据截至月底"]])
    assert found(path) == [("任务台账.csv", 5, "任务编号", "以上数据截至月底", "stray_row")]


def test_a_stray_row_that_stands_twice_is_not_a_repeated_key_as_well(tmp_path):
    path = county(tmp_path, 任务台账=[*TASKS, ["以上数据截至月底"], ["以上数据截至月底"]])
    assert [(row, code) for _, row, _, _, code in found(path)] == [(5, "stray_row"), (6, "stray_row")]


def test_a_table_that_cannot_be_named_is_a_fault_with_its_rows_rejected(tmp_path):
    csv(tmp_path, "甲", [["编号", "名称", "社区"], [1, "a", "b"], [2, "c", "d"]])
    checked = tables.check(tmp_path)
    assert checked.problems["code"].tolist() == ["sheet_unknown"]
    assert checked.counts[["read", "kept", "rejected"]].to_numpy().tolist() == [[2, 0, 2]]


def test_nothing_to_read_is_said_in_chinese(tmp_path):
    assert [p[4] for p in found(tmp_path)] == ["no_tables"]
    assert [p[4] for p in found(tmp_path / "没有")] == ["path_missing"]
    with pytest.raises(TableError, match="没有找到任何可读的表"):
        tables.read(tmp_path)


def thirty(folder: Path) -> Path:
    """A ledger workbook, lists, and the tables beside them, with thirty different faults planted."""
    heads = [*TASKS[0], "要求乡镇(街道)角色", "转交对象"]
    good = ["2026-03-01", "县教育局", "栎桥镇", "报送校车底数", "通知", "是", "无", "8", "配合", ""]
    wrong = [
        (1, "2026年2月30日"),
        (1, "三月初"),
        (1, ""),
        (2, ""),
        (2, "县教肓局"),
        (2, "雾岭乡"),
        (3, "栎乔镇"),
        (3, "县公安局"),
        (4, ""),
        (5, "微信"),
        (6, "大概"),
        (7, "表扬"),
        (8, "-8"),
        (8, "20001"),
        (8, "约3"),
        (9, "兜底"),
        (10, "岭脚村"),
        (0, "G1"),
        (0, ""),
    ]
    rows = [["G1", *good], ["G2", *good]]
    for n, (at, value) in enumerate(wrong):
        row = [f"W{n}", *good]
        row[at] = value
        rows.append(row)
    ledger = [["青禾县任务台账"], [], heads, *rows, ["=1/0", *good], ["以上数据截至月底"]]
    lists = [
        *ITEMS,
        ["I3", "栎桥镇", "兜底事项", "甲事项", "", "2025-07-01", ""],
        ["I4", "栎桥镇", "基本履职事项", "乙事项", "", "2025-07-01", "2025-06-01"],
        ["I5", "栎桥镇", "基本履职事项", "丙事项", "", "2025-07-01", ""],
        ["I5", "栎桥镇", "配合履职事项", "丙事项", "县民政局", "2025-09-01", ""],
        ["I2", "栎桥镇", "基本履职事项", "低保对象服务", "", "2025-07-01", ""],
    ]
    others = [
        ["事项编号", "乡镇(街道)", "清单类别", "事项名称", "对应上级部门", ""],
        ["I9", "雾岭乡", "基本", "丁事项", "县民政局", "2025-07-01"],
    ]
    book(folder / "任务台账.xlsx", {"台账": ledger, "配合履职事项": lists, "收回事项": others}, {"收回事项": ["E1:F1"]})
    csv(folder, "单位表", [*UNITS, ["西坞村", "村", "东桥镇"]])
    csv(folder, "人员表", [[h for h in STAFF[0] if h != "岗位"], *([*r[:2], *r[3:]] for r in STAFF[1:])])
    (folder / "设施.csv").write_bytes("设施编号,设施名称\n1,\n".encode() + b"\xff\xfe\xfa\n")
    csv(
        folder,
        "用房",
        [[*ROOMS[0], "路网节点"], [*ROOMS[1], "N1"], ["F2", "会堂", "雾岭乡", "岭脚村", "-5", "文化", "无", "N1"]],
    )
    return folder


def test_thirty_different_faults_are_thirty_located_problems_and_no_row_is_lost(tmp_path):
    checked = tables.check(thirty(tmp_path))
    problems = checked.problems
    assert len(problems) == 30, problems[["file", "sheet", "row", "column", "found", "code"]].to_string()
    assert problems["code"].nunique() >= 20
    places = problems[["file", "sheet", "row", "column"]]
    assert not places.duplicated().any()
    ledger = problems[problems["sheet"] == "台账"]
    assert ledger["row"].tolist() == [*range(6, 27)]
    assert "I2、栎桥镇、基本履职事项、2025-07-01" in problems["found"].tolist()
    assert ledger["found"].tolist()[:2] == ["2026年2月30日", "三月初"]
    counts = checked.counts
    assert (counts["read"] == counts["kept"] + counts["rejected"]).all()
    assert counts.set_index("sheet").loc["台账", ["read", "kept", "rejected"]].tolist() == [23, 2, 21]
    assert counts.set_index("sheet").loc["配合履职事项", ["read", "kept", "rejected"]].tolist() == [9, 5, 4]
    assert len(checked.county.tasks) == 2
    with pytest.raises(TableError) as caught:
        tables.read(tmp_path)
    text = str(caught.value).split("\n")
    assert text[0].startswith("数据中有 30 处问题;读入 4 个文件:共 ")
    assert len(text) == 22
    assert text[-1].startswith("  ……另有 10 处")
    assert "  任务台账.xlsx › 台账 › 第6行 › 下发日期:“2026年2月30日”日历上没有这一天;核对年月日" in text
    assert_frame_equal(caught.value.problems, problems)


def test_the_same_thirty_faults_are_written_beside_the_rows(tmp_path):
    source, out = thirty(tmp_path / "in"), tmp_path / "out"
    before = {p: p.read_bytes() for p in source.iterdir()}
    problems = tables.check(source).problems
    files = tables.mark(source, problems, out)
    assert sorted(p.name for p in files) == [
        "人员表_标注.xlsx",
        "任务台账_标注.xlsx",
        "单位表_标注.xlsx",
        "用房_标注.xlsx",
        "设施_标注.xlsx",
    ]
    assert {p: p.read_bytes() for p in source.iterdir()} == before
    marked = openpyxl.load_workbook(out / "任务台账_标注.xlsx")
    page = marked["台账"]
    assert page["B6"].fill.fgColor.rgb == "FFFF9999"
    assert "日历上没有这一天" in page["B6"].comment.text
    assert page["L3"].value == "问题与建议"
    assert "日历上没有这一天" in page["L6"].value
    assert page["L4"].value is None
    assert page["A25"].value == "=1/0"
    listed = marked["问题清单"]
    assert listed.max_row - 1 == (problems["file"] == "任务台账.xlsx").sum()
    assert sum(openpyxl.load_workbook(p)["问题清单"].max_row - 1 for p in files) == 30
    (tmp_path / "again").mkdir()
    for p in files:
        p.rename(source / p.name)
    assert len(tables.check(source).problems) == 30


def test_marked_copies_of_csv_keep_text_that_looks_like_a_formula_as_text(tmp_path):
    path = csv(tmp_path, "任务台账", changed(changed(TASKS, 2, "任务内容", "=SUM(A1)"), 2, "下发日期", "昨天"))
    [copy] = tables.mark(path, tables.check(path).problems, tmp_path / "out")
    cell = openpyxl.load_workbook(copy).worksheets[0]["E2"]
    assert (cell.value, cell.data_type) == ("=SUM(A1)", "s")


# --- out and in again


def full() -> tables.County:
    """A county with rows in every table and awkward values."""
    base = {"township": "栎桥镇", "community": "东桥村", "node": "001"}
    units = [
        {"unit": "青禾县", "kind": "county"},
        {"unit": "县教育局", "kind": "department", "parent": "青禾县"},
        {"unit": "栎桥镇", "kind": "township", "setting": "rural", "area_km2": 98.6, "code": "001"},
        {"unit": "东桥村", "kind": "village", "parent": "栎桥镇"},
        {"unit": "党政办", "kind": "office", "parent": "栎桥镇"},
    ]
    items = [
        {
            "item": "0001",
            "township": "栎桥镇",
            "list_kind": "basic",
            "name": "=低保(救助)",
            "since": "2025-07-01",
            "support": "funds|training",
            "department": "县教育局",
            "basis": "《法》第1条\n第2款",
            "source": "甲›乙›第3行",
        },
        {
            "item": "0001",
            "township": "栎桥镇",
            "list_kind": "assisting",
            "name": "-",
            "since": "2024-07-01",
            "until": "2025-07-01",
            "support": "",
            "source": "x",
        },
    ]
    items[1]["name"] = "+加号@"
    tasks = [
        {
            "task": "-1a",
            "date": "2026-03-01",
            "department": "县教育局",
            "township": "栎桥镇",
            "text": "@所有人,请“报送”",
            "channel": "hotline",
            "in_name_of": "task_force",
            "role": "lead",
            "scored": True,
            "support": "",
            "hours": 0.1 + 0.2,
            "handed_to": "东桥村",
            "source": "y",
        }
    ]
    frames = {
        "units": units,
        "items": items,
        "tasks": tasks,
        "staff": [
            {
                "township": "栎桥镇",
                "office": "党政办",
                "post": "文秘",
                "headcount": 3,
                "quota": None,
                "hours_per_month": 120.5,
                "skills": "文秘、=统计",
            }
        ],
        "communities": [{**base, "compound": "一号院", "households": 12, "age_0_2": 0, "age_80_up": 7}],
        "rooms": [{**base, "room": "F1", "name": "邻里中心", "area_m2": 120.68, "service": "idle", "exhaust": False}],
        "sites": [{**base, "site": "S1", "name": "食堂", "service": "meals", "tier": "meal_point", "capacity": 30}],
        "activities": [
            {
                "activity": "A1",
                "date": "2026-05-04",
                "township": "栎桥镇",
                "community": "东桥村",
                "room": "F1",
                "name": "读书会",
                "attendance": 20,
            }
        ],
    }
    made = {t: tables.frame(t, rows) for t, rows in frames.items()}
    nodes = tables.frame(
        "nodes", [{"node": "001", "x": 1 / 3, "y": -2e-7}, {"node": "-2", "x": 123456789.123456, "y": 1e9}]
    )
    edges = tables.frame("edges", [{"edge": "=e", "source": "001", "target": "-2", "length_m": 1e-5, "kind": "bridge"}])
    return tables.County(
        name="青禾县", example=True, streets=tables.Streets(nodes, edges), counts=pd.DataFrame(), **made
    )


@pytest.mark.parametrize("target", ["夹", "青禾县.xlsx"])
def test_what_is_written_reads_the_same_again(tmp_path, target):
    made = full()
    tables.write(made, tmp_path / target)
    checked = tables.check(tmp_path / target)
    assert checked.problems.to_dict("records") == []
    same(made, checked.county)
    tables.write(checked.county, tmp_path / "again" / target)
    same(made, tables.check(tmp_path / "again" / target).county)


@pytest.mark.parametrize("target", ["夹", "表.xlsx"])
def test_the_same_county_gives_the_same_bytes_and_leaves_nothing_else(tmp_path, target):
    one, two = (tables.write(full(), tmp_path / n / target) for n in "ab")
    assert [p.read_bytes() for p in one] == [p.read_bytes() for p in two]
    assert sorted(p for p in tmp_path.rglob("*") if p.is_file()) == sorted([*one, *two])


def test_a_failed_write_leaves_the_old_file_alone(tmp_path):
    made = full()
    [file] = tables.write(made, tmp_path / "表.xlsx")
    before = file.read_bytes()
    made.items.loc[0, "basis"] = "长" * 40000
    with pytest.raises(TableError, match="40000 字"):
        tables.write(made, file)
    assert file.read_bytes() == before
    assert list(tmp_path.iterdir()) == [file]
    with pytest.raises(TableError, match="只能写成"):
        tables.write(made, tmp_path / "表.doc")


def test_a_written_workbook_has_text_as_text_real_dates_drop_downs_and_the_mark(tmp_path):
    [file] = tables.write(full(), tmp_path / "青禾县.xlsx")
    page = openpyxl.load_workbook(file)["任务台账"]
    assert page["A1"].value == "青禾县任务台账(示例数据)"
    heads = [c.value for c in page[2]]
    row = dict(zip(heads, page[3], strict=True))
    assert row["任务编号"].data_type == row["任务内容"].data_type == "s"
    assert row["下发日期"].is_date
    assert openpyxl.load_workbook(file).properties.created == dt.datetime(2026, 1, 1)  # no clock in the bytes
    assert row["下发日期"].value == dt.datetime(2026, 3, 1)
    assert row["下发渠道"].value == "12345转办"
    assert row["已提供保障"].value == "无"
    assert page.freeze_panes == "A3"
    assert page.auto_filter.ref.startswith("A2:")
    assert {next(iter(v.sqref.ranges)).min_col for v in page.data_validations.dataValidation} == {
        heads.index(tables.label("tasks", c)) + 1 for c in ("channel", "in_name_of", "role", "scored")
    }


def test_csv_cells_that_a_spreadsheet_would_run_are_written_behind_an_apostrophe(tmp_path):
    tables.write(full(), tmp_path)
    text = (tmp_path / "任务台账(示例数据).csv").read_text("utf-8-sig")
    assert "'-1a," in text
    assert ",\"'@所有人" in text or ",'@所有人" in text
    nodes = (tmp_path / "路网节点表(示例数据).csv").read_text("utf-8-sig")
    assert "\n-2,123456789.123456,1000000000," in nodes


def test_blank_templates_are_read_as_ten_empty_tables(tmp_path):
    file = tables.blank(tmp_path / "空白模板.xlsx")
    checked = tables.check(file)
    assert checked.problems.empty
    assert checked.counts["table"].dropna().tolist() == list(tables.TABLES)
    assert checked.counts["read"].sum() == 0
    guide = openpyxl.load_workbook(file)["填表说明"]
    assert guide.max_row - 1 == sum(len(fields(t)) for t in tables.TABLES)
    with pytest.raises(TableError, match="空白模板只能写成"):
        tables.blank(tmp_path / "模板.csv")


def test_a_filled_in_template_reads(tmp_path):
    file = tables.blank(tmp_path / "空白模板.xlsx")
    out = openpyxl.load_workbook(file)
    out["单位表"].append(["县教育局", "部门"])
    out.save(file)
    assert tables.check(file).county.units["unit"].tolist() == ["县教育局"]


WORDS = st.text("甲乙丙丁桥(()Ab1=+-@'\"“,、 ", min_size=1, max_size=6)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_dressing_of_a_ledger_reads_as_the_same_frame(tmp_path_factory, data):
    seed = data.draw(st.integers(0, 10**6))
    rng, folder = random.Random(seed), tmp_path_factory.mktemp("dressed")
    texts = data.draw(st.lists(WORDS, min_size=3, max_size=3))
    plain = [TASKS[0], *([*r[:4], f"任务{t}", *r[5:]] for r, t in zip(TASKS[1:], texts, strict=True))]
    csv(folder / "plain", "任务台账", plain)
    names = {f.label: [f.label, f.name, *f.aliases[:2]] for f in fields("tasks")}
    order = rng.sample(range(len(TASKS[0])), len(TASKS[0]))
    spaced = [" ".join(rng.choice(names[TASKS[0][i]])) for i in order]
    if len({h for h in spaced if h.replace(" ", "") in ("任务", "内容")}) > 1:
        return
    dressed: Grid = [["任务台账", "", ""] for _ in range(rng.randrange(3))] + [spaced]
    for row in plain[1:]:
        dressed += [[""] * len(order) for _ in range(rng.randrange(2))]
        dressed.append([row[i] for i in order])
    writer = rng.choice(["csv", "gb18030", "xlsx"])
    if writer == "xlsx":
        book(folder / "dressed" / "台账.xlsx", {"任务": dressed})
    else:
        csv(folder / "dressed", "任务台账", dressed, encoding="gb18030" if writer == "gb18030" else "utf-8-sig")
    one, two = (tables.check(folder / n) for n in ("plain", "dressed"))
    assert one.problems.to_dict("records") == two.problems.to_dict("records") == []
    assert_frame_equal(one.county.tasks.drop(columns="source"), two.county.tasks.drop(columns="source"))


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    texts=st.lists(st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=8), min_size=1, max_size=5),
    numbers=st.floats(-1e14, 1e14),
    end=st.sampled_from(["夹", "表.xlsx"]),
)
def test_any_text_and_number_survive_writing_and_reading(tmp_path_factory, texts, numbers, end):
    root = tmp_path_factory.mktemp("trip")
    nodes = tables.frame("nodes", [{"node": f"n{i}", "x": numbers, "y": i} for i in range(len(texts))])
    units = tables.frame(
        "units",
        [{"unit": f"单位{i}{''.join(t.split())}", "kind": "department", "code": t} for i, t in enumerate(texts)],
    )
    empty = {t: tables.frame(t) for t in tables.TABLES if t not in ("units", "nodes", "edges")}
    made = tables.County(
        name="甲县",
        example=False,
        units=units,
        streets=tables.Streets(nodes, tables.frame("edges")),
        counts=pd.DataFrame(),
        **empty,
    )
    tables.write(made, root / "a" / end)
    first = tables.check(root / "a" / end).county
    assert first.streets.nodes["x"].tolist() == [numbers] * len(texts)
    tables.write(first, root / "b" / end)
    same(first, tables.check(root / "b" / end).county)


# --- words and frames


def test_labels_speak_chinese_for_tables_columns_values_sets_and_missing():
    assert gov.tables.label("tasks") == "任务台账"
    assert tables.label("tasks", "role") == "要求乡镇(街道)角色"
    assert tables.label("tasks", "scored", True) == "是"
    assert tables.label("tasks", "support", "training|funds") == "知识培训、资金支持"
    assert tables.label("tasks", "support", "") == "无"
    assert tables.label("tasks", "channel", float("nan")) == ""
    assert tables.label("results", "verdict", "off_list") == "清单外事项"
    with pytest.raises(TableError, match="没有名为 x 的列"):
        tables.label("tasks", "x")


def test_frame_types_values_fills_columns_and_refuses_unknown_ones():
    rows = [{"task": 7.0, "date": dt.date(2026, 3, 1), "support": ["training", "funds"], "hours": 3, "scored": None}]
    made = tables.frame("tasks", rows)
    assert made.loc[0, ["task", "support"]].tolist() == ["7", "training|funds"]
    assert made["date"].dtype == "datetime64[us]"
    assert str(made["scored"].dtype) == "boolean"
    assert made["text"].isna().all()
    blank_ = tables.frame("tasks", [{"text": "", "support": ""}])
    assert blank_["text"].isna().all()
    assert blank_["support"].tolist() == [""]
    with pytest.raises(TableError, match="没有这些列:txt"):
        tables.frame("tasks", [{"txt": "x"}])
    given_ = pd.DataFrame({"task": ["1"]})
    tables.frame("tasks", given_)
    assert list(given_.columns) == ["task"]


def test_a_file_that_holds_no_table_is_told_and_marked_without_a_row_number(tmp_path: Path) -> None:
    path = tmp_path / "乱.csv"
    path.write_text("甲,乙\n1,2\n", "utf-8")
    found = tables.check(path)
    assert found.problems["row"].isna().all()
    with pytest.raises(TableError) as caught:
        tables.read(path)
    assert "None" not in str(caught.value)
    assert len(tables.mark(path, found.problems, tmp_path / "出")) == 1


def test_full_width_punctuation_means_what_half_width_means():
    names, faults = parse(["县水利局\uff0c县民政局\uff1b县教育局"], field("items", "department"))
    assert names.tolist() == ["县水利局、县民政局、县教育局"]
    assert faults == {}
    days, faults = parse(["2026-03-01 10\uff1a30"], field("tasks", "date"))
    assert days.dt.strftime("%Y-%m-%d").tolist() == ["2026-03-01"]
    assert faults == {}


# --- where rows lie


SITES = ["设施编号", "设施名称", "服务类别", "乡镇(街道)", "路网节点", "经度", "纬度"]


@pytest.mark.parametrize(
    ("seat", "code"),
    [
        (["N1", "", ""], None),
        (["", "120.9", "29.5"], None),
        (["", "", ""], None),  # noted, and off the streets
        (["", "120.9", ""], "seat_half"),
        (["N1", "", "29.5"], "seat_half"),
        (["", "29.5", "120.9"], "seat_swapped"),
        (["", "500123", "3270456"], "seat_range"),
        (["", "120°54′", "29.5"], None),
        (["", "约120.9", "29.5"], "number_text"),
    ],
)
def test_a_site_says_where_it_lies_or_is_refused_by_row(tmp_path: Path, seat: list[str], code: str | None) -> None:
    csv(tmp_path, "单位表", UNITS)
    csv(
        tmp_path,
        "服务设施表",
        [SITES, ["S1", "食堂", "助餐", "栎桥镇", "", "120.8", "29.4"], ["S2", "托育园", "托育", "栎桥镇", *seat]],
    )
    found = tables.check(tmp_path)
    assert found.problems["code"].tolist() == ([code] if code else [])
    assert found.problems["row"].tolist() == ([3] if code else [])
    assert len(found.county.sites) == (1 if code else 2)
    sites = found.counts.set_index("table").loc["sites"]
    assert sites["read"] == sites["kept"] + sites["rejected"] == 2
    assert ("没有写明在哪里(没有路网节点,也没有经纬度)的 1 行不计入服务圈:第3行" in sites["note"]) == (not any(seat))


def test_people_may_lie_nowhere_but_not_half_somewhere(tmp_path: Path) -> None:
    csv(tmp_path, "单位表", UNITS)
    head = ["乡镇(街道)", "村(社区)", "经度", "纬度", "0-2岁人数"]
    csv(tmp_path, "村社人口表", [head, ["栎桥镇", "东桥村", "", "", "5"], ["雾岭乡", "岭脚村", "120.9", "", "6"]])
    assert tables.check(tmp_path).problems[["code", "row"]].to_numpy().tolist() == [["seat_half", 3]]


def test_idle_land_is_a_table_of_its_own(tmp_path: Path) -> None:
    csv(tmp_path, "单位表", UNITS)
    head = ["地块编号", "地块名称", "乡镇(街道)", "村(社区)", "用地面积(平方米)", "经度", "纬度"]
    csv(tmp_path, "闲置地块", [head, ["L1", "东桥预留地", "栎桥镇", "东桥村", "1333.4", "120.8", "29.4"]])
    plots = gov.read(tmp_path).plots
    assert plots[["plot", "area_m2", "lon"]].to_numpy().tolist() == [["L1", 1333.4, 120.8]]
    assert plots["floor_m2"].isna().all()


def test_half_a_character_never_gets_into_a_frame(tmp_path: Path) -> None:
    odd = os.fsencode(tmp_path) + b"/" + "节点".encode("gb18030") + b".csv"  # as Windows packs it, unpacked on Linux
    with open(odd, "wb") as file:
        file.write("节点编号,X,Y\n1,0,0\n".encode())
    found = tables.check(tmp_path)
    assert found.counts["file"].tolist() == ["节点.csv"]
    assert clean("\ud800甲") == "\ufffd甲"
