"""Raw cells out of files: encodings, row numbers, merged cells, formula errors, files that cannot be read."""

from __future__ import annotations

import datetime as dt
import re
import shutil
import struct
import subprocess
import zipfile
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter
import xlwt
from hypothesis import given, settings
from hypothesis import strategies as st

from governance import tables
from governance.tables import formulas, sheets

STAFF = [
    ["乡镇(街道)", "内设机构", "岗位", "在岗人数", "人均月可用工时(小时)"],
    ["栎桥镇", "党政办", "文秘岗", 3, 120.5],
    ["雾岭乡", "党政办", "文秘岗", 2, 120],
]


def grid(sheet: sheets.Sheet) -> list[list[str]]:
    return [sheets.cells(sheet, row) for row in range(sheet.height)]


def one(path: Path):
    [sheet] = sheets.load(path)
    return sheet


def codes(path: Path) -> list[list[object]]:
    return tables.check(path).problems[["row", "column", "found", "code"]].to_numpy().tolist()


# --- text files


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16"])
def test_a_csv_reads_in_every_encoding_offices_use(tmp_path, encoding):
    path = tmp_path / "a.csv"
    path.write_bytes("单位名称,单位类型\n县教育局,部门\n".encode(encoding))
    assert grid(one(path)) == [["单位名称", "单位类型"], ["县教育局", "部门"]]


def test_rare_characters_of_place_names_survive_gb18030(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes("硚口,鄠邑,浉河,埇桥,𠙶\n".encode("gb18030"))
    assert grid(one(path)) == [["硚口", "鄠邑", "浉河", "埇桥", "𠙶"]]


@pytest.mark.parametrize(
    ("data", "line"),
    [("甲,乙\n丙,丁\n戊".encode() * 9 + b"\xff\n", 19), (b"\xb1\xed\n\xff\xff\xff", 2)],
    ids=["damaged", "noise"],
)
def test_a_csv_in_no_encoding_is_one_fault_that_names_the_line(tmp_path, data, line):
    path = tmp_path / "任务台账.csv"
    path.write_bytes(data)
    problems = tables.check(path).problems
    assert problems[["file", "code"]].to_numpy().tolist() == [["任务台账.csv", "file_undecodable"]]
    assert f"从第{line}行起" in problems["fault"].tolist()[0]


def test_ragged_rows_quotes_commas_and_line_breaks_in_cells(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('标题\n\na,b\n1,"二,""三""\n四"\n5,6,7,8\n', "utf-8")
    assert grid(one(path)) == [
        ["标题", "", "", ""],
        [""] * 4,
        ["a", "b", "", ""],
        ["1", '二,"三"\n四', "", ""],
        ["5", "6", "7", "8"],
    ]


def test_a_long_row_far_below_widens_the_sheet(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("a,b\n" + "1,2\n" * 500 + "1,2,3\n", "utf-8")
    assert grid(one(path))[-1] == ["1", "2", "3"]
    assert one(path).height == 502


def test_quotes_that_do_not_close_are_a_fault_and_swallow_no_rows(tmp_path):
    path = tmp_path / "单位表.csv"
    path.write_text('单位名称,单位类型\n"县教育局,部门\n县公安局,部门\n', "utf-8")
    assert codes(path)[0][3] == "file_quotes"


def test_tabs_separate_too(tmp_path):
    path = tmp_path / "a.tsv"
    path.write_text("a\tb,c\n1\t2\n", "utf-8")
    assert grid(one(path)) == [["a", "b,c"], ["1", "2"]]


# --- workbooks


def xls(path: Path, rows: list[list[object]], top: int = 0) -> xlwt.Workbook:
    book = xlwt.Workbook(encoding="utf-8")
    page = book.add_sheet("人员表")
    date = xlwt.easyxf(num_format_str="yyyy-mm-dd")
    for r, row in enumerate(rows, top):
        for c, value in enumerate(row):
            if isinstance(value, dt.date):
                page.write(r, c, value, date)
            else:
                page.write(r, c, value)
    book.save(str(path))
    return book


def test_row_numbers_are_those_of_excel_whatever_is_empty_above_and_beside(tmp_path):
    out = openpyxl.Workbook()
    out.active.title = "人员表"
    for r, row in enumerate(STAFF, 5):
        for c, value in enumerate(row, 3):
            out.active.cell(r, c, value if r < 7 or c != 6 else "两人")
    out.save(tmp_path / "a.xlsx")
    xls(tmp_path / "b.xls", [*STAFF[:2], [*STAFF[2][:3], "两人", 120]], top=4)
    (tmp_path / "c.csv").write_text(
        "\n\n\n\n" + "\n".join(",".join(map(str, r)) for r in STAFF).replace(",2,", ",两人,"), "utf-8"
    )
    problems = tables.check(tmp_path).problems
    bad = problems[problems["code"] == "number_text"]
    assert bad[["row", "column", "found"]].to_numpy().tolist() == [[7, "在岗人数", "两人"]] * 3


def test_xls_gives_numbers_dates_and_merged_cells(tmp_path):
    book = xlwt.Workbook(encoding="utf-8")
    page = book.add_sheet("表")
    page.write_merge(1, 3, 0, 0, "栎桥镇")
    page.write(1, 1, 3.0)
    page.write(2, 1, dt.date(2026, 3, 1), xlwt.easyxf(num_format_str="yyyy-mm-dd"))
    page.write(3, 1, 0.5)
    book.save(str(tmp_path / "a.xls"))
    assert grid(one(tmp_path / "a.xls")) == [["", ""], ["栎桥镇", "3"], ["栎桥镇", "2026-03-01"], ["栎桥镇", "0.5"]]


def test_an_xls_staff_table_reads_as_its_csv_does(tmp_path):
    xls(tmp_path / "人员表.xls", STAFF)
    read = tables.check(tmp_path / "人员表.xls")
    assert read.problems.empty
    assert read.county.staff["hours_per_month"].tolist() == [120.5, 120.0]
    assert read.county.staff["headcount"].tolist() == [3, 2]


def test_cells_show_what_the_office_sees(tmp_path):
    out = openpyxl.Workbook()
    values = [
        1,
        1.5,
        True,
        False,
        dt.datetime(2026, 3, 1),
        dt.datetime(2026, 3, 1, 8, 30),
        "001",
        "甲\n乙",
        20260301001,
        0.1,
    ]
    out.active.append(values)
    out.save(tmp_path / "a.xlsx")
    assert grid(one(tmp_path / "a.xlsx")) == [
        ["1", "1.5", "TRUE", "FALSE", "2026-03-01", "2026-03-01 08:30:00", "001", "甲\n乙", "20260301001", "0.1"]
    ]


def test_true_and_one_in_a_column_stay_apart(tmp_path):
    out = openpyxl.Workbook()
    for value in (1, True, "TRUE", 0, False):
        out.active.append([value])
    out.save(tmp_path / "a.xlsx")
    assert [r[0] for r in grid(one(tmp_path / "a.xlsx"))] == ["1", "TRUE", "TRUE", "0", "FALSE"]


# --- formulas


def broken(path: Path) -> Path:
    """A staff workbook with a stored error, a stored result, a formula never calculated and one that gave ""."""
    book = xlsxwriter.Workbook(str(path))
    page = book.add_worksheet("人员表")
    for r, row in enumerate(STAFF[:1] + STAFF[1:2] * 5):
        page.write_row(r, 0, row)
        if r:
            page.write_string(r, 2, f"岗位{r}")
    page.write_formula("D3", "=1/0", None, "#DIV/0!")
    page.write_formula("D4", "=1+2", None, 3)
    page.write_formula("D5", "=VLOOKUP(9,A:B,2,0)", None, "#N/A")
    page.write_formula("D6", '=IF(1,"","")', None, "")
    book.close()
    with zipfile.ZipFile(path) as inside:
        parts = {n: inside.read(n) for n in inside.namelist()}
    with zipfile.ZipFile(path, "w") as out:
        for name, part in parts.items():
            out.writestr(name, part.replace(b'<c r="D6">', b'<c r="D6" t="str">'))
    return path


def test_formula_errors_are_faults_and_not_blanks(tmp_path):
    path = broken(tmp_path / "a.xlsx")
    assert codes(path) == [
        [3, "在岗人数", "#DIV/0!", "formula_error"],
        [5, "在岗人数", "#N/A", "formula_error"],
        [6, "在岗人数", "", "required"],
    ]
    assert tables.check(path).county.staff["headcount"].tolist() == [3, 3]


def test_a_formula_saved_without_its_result_is_a_fault(tmp_path):
    out = openpyxl.Workbook()
    out.active.title = "人员表"
    for row in [*STAFF, ["雾岭乡", "党政办", "调解岗", "=1+2", "=D4*2"]]:
        out.active.append(row)
    out.save(tmp_path / "a.xlsx")
    assert codes(tmp_path / "a.xlsx") == [
        [4, "在岗人数", "=1+2", "formula_empty"],
        [4, "人均月可用工时(小时)", "=D4*2", "formula_empty"],
    ]


def test_an_error_in_a_row_that_is_otherwise_empty_is_not_lost(tmp_path):
    book = xlsxwriter.Workbook(str(tmp_path / "a.xlsx"))
    page = book.add_worksheet("人员表")
    for r, row in enumerate(STAFF):
        page.write_row(r, 0, row)
    page.write_formula("D9", "=1/0", None, "#REF!")
    book.close()
    checked = tables.check(tmp_path / "a.xlsx")
    assert [9, "在岗人数", "#REF!", "formula_error"] in codes(tmp_path / "a.xlsx")
    assert checked.counts["rejected"].sum() == 1


def test_stored_errors_in_an_xls_are_faults(tmp_path):
    book = xlwt.Workbook(encoding="utf-8")
    for title in ("说明", "人员表"):
        page = book.add_sheet(title)
        for r, row in enumerate(STAFF if title == "人员表" else []):
            for c, value in enumerate(row):
                if (r, c) != (2, 3):
                    page.write(r, c, value)
    page.row(2).set_cell_error(3, "#REF!")
    book.save(str(tmp_path / "a.xls"))
    assert codes(tmp_path / "a.xls") == [[3, "在岗人数", "#REF!", "formula_error"]]


def test_a_formula_that_failed_in_an_xls_is_a_fault(tmp_path):
    xls(tmp_path / "a.xls", [*STAFF[:2], [*STAFF[2][:3], xlwt.Formula("1/0"), 120]])
    whole = bytearray((tmp_path / "a.xls").read_bytes())
    result = whole.index(struct.pack("<HH", 2, 3), whole.index(struct.pack("<H", 0x06), 1500)) + 6
    struct.pack_into("<BBBBHH", whole, result, 2, 0, 7, 0, 0, 0xFFFF)
    (tmp_path / "a.xls").write_bytes(whole)
    assert codes(tmp_path / "a.xls") == [[3, "在岗人数", "#DIV/0!", "formula_error"]]


@pytest.mark.skipif(not shutil.which("soffice"), reason="LibreOffice 未安装,无法另存为 xls 和 ods")
@pytest.mark.parametrize("kind", ["xls", "ods"])
def test_formula_errors_survive_saving_as_other_kinds(tmp_path, kind):
    broken(tmp_path / "a.xlsx")
    subprocess.run(
        [
            "soffice",
            f"-env:UserInstallation=file://{tmp_path}/profile",
            "--headless",
            "--convert-to",
            kind,
            "--outdir",
            str(tmp_path),
            str(tmp_path / "a.xlsx"),
        ],
        check=True,
        capture_output=True,
        timeout=120,
    )
    assert [c[:1] + c[2:] for c in codes(tmp_path / f"a.{kind}")][:2] == [
        [3, "#DIV/0!", "formula_error"],
        [5, "#N/A", "formula_error"],
    ]


def test_ods_merged_cells_fill_down(tmp_path):
    cell = '<table:table-cell office:value-type="string"{}><text:p>{}</text:p></table:table-cell>'
    rows = [
        cell.format(' table:number-rows-spanned="2"', "栎桥镇") + cell.format("", "甲"),
        "<table:covered-table-cell/>" + cell.format("", "乙"),
    ]
    body = "".join(f"<table:table-row>{r}</table:table-row>" for r in rows)
    names = "".join(f' xmlns:{k}="urn:oasis:names:tc:opendocument:xmlns:{k}:1.0"' for k in ("office", "table", "text"))
    with zipfile.ZipFile(tmp_path / "a.ods", "w") as out:
        out.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        out.writestr(
            "META-INF/manifest.xml",
            '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>',
        )
        out.writestr(
            "content.xml",
            f"<office:document-content{names}><office:body><office:spreadsheet><table:table "
            f'table:name="表">{body}</table:table></office:spreadsheet></office:body>'
            "</office:document-content>",
        )
    assert grid(one(tmp_path / "a.ods")) == [["栎桥镇", "甲"], ["栎桥镇", "乙"]]


# --- files that cannot be read


def locked() -> bytes:
    """The smallest compound file that holds an EncryptedPackage."""
    head = bytearray(512)
    head[:8] = formulas.OLE
    struct.pack_into("<HHHHH", head, 24, 0x3E, 3, 0xFFFE, 9, 6)
    struct.pack_into("<IIIIIIIII", head, 44, 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0, 0)
    struct.pack_into("<109I", head, 76, *[0xFFFFFFFF] * 109)
    struct.pack_into("<I", head, 76, 0)
    table = struct.pack("<128I", 0xFFFFFFFD, 0xFFFFFFFE, *[0xFFFFFFFF] * 126)

    def entry(name: str, kind: int) -> bytes:
        text = name.encode("utf-16-le")
        return struct.pack("<64sHB", text, len(text) + 2, kind) + bytes(49) + struct.pack("<III", 0xFFFFFFFE, 0, 0)

    return bytes(head) + table + entry("Root Entry", 5) + entry("EncryptedPackage", 2) + bytes(256)


BAD = {
    "locked.xlsx": (locked(), "file_locked"),
    "web.xls": (b"<html><table><tr><td>1</td></tr></table>", "file_html"),
    "torn.xlsx": (b"PK\x03\x04" + bytes(60), "file_broken"),
    "torn.xls": (formulas.OLE + bytes(600), "file_broken"),
    "empty.xlsx": (b"", "file_broken"),
    "text.xlsx": ("单位".encode(), "file_broken"),
    "zero.csv": (b"a\0b", "file_broken"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_file_that_cannot_be_read_is_one_clear_fault(tmp_path, name):
    (tmp_path / name).write_bytes(BAD[name][0])
    problems = tables.check(tmp_path).problems
    assert problems[["file", "code"]].to_numpy().tolist() == [[name, BAD[name][1]]]
    assert problems["row"].isna().all()
    [copy] = tables.mark(tmp_path, problems, tmp_path / "out")
    assert openpyxl.load_workbook(copy).sheetnames == ["问题清单"]


@pytest.mark.parametrize("name", [n for n, (_, code) in BAD.items() if code == "file_broken"])
def test_a_broken_file_is_explained_without_a_word_of_english(tmp_path, name):
    (tmp_path / name).write_bytes(BAD[name][0])
    [fault] = tables.check(tmp_path).problems["fault"]
    assert not re.search("[A-Za-z]", fault), fault


def test_a_truncated_workbook_is_a_fault_wherever_it_was_cut(tmp_path):
    whole = broken(tmp_path / "a.xlsx").read_bytes()
    for cut in range(0, len(whole), 611):
        (tmp_path / "a.xlsx").write_bytes(whole[:cut])
        assert [c[3] for c in codes(tmp_path / "a.xlsx")] == ["file_broken"], cut


@settings(max_examples=150, deadline=None)
@given(data=st.binary(max_size=2000), head=st.sampled_from([b"", formulas.OLE, b"PK\x03\x04"]))
def test_no_bytes_bring_a_traceback(tmp_path_factory, data, head):
    folder = tmp_path_factory.mktemp("noise")
    for name in ("a.xls", "b.csv"):
        (folder / name).write_bytes(head + data)
    checked = tables.check(folder)
    assert (checked.counts["read"] == checked.counts["kept"] + checked.counts["rejected"]).all()


def test_damaged_bytes_inside_an_xls_bring_no_traceback(tmp_path):
    xls(tmp_path / "a.xls", STAFF)
    whole = (tmp_path / "a.xls").read_bytes()
    for at in range(24, len(whole), 37):
        (tmp_path / "a.xls").write_bytes(whole[:at] + b"\xfe\xff\xff\xff" + whole[at + 4 :])
        counts = tables.check(tmp_path / "a.xls").counts
        assert (counts["read"] == counts["kept"] + counts["rejected"]).all()


@pytest.mark.parametrize(("at", "value"), [(0, 9), (4, 10**9), (10, 60000)])
def test_an_xls_of_impossible_size_is_a_fault_and_takes_no_memory(tmp_path, at, value):
    xls(tmp_path / "a.xls", STAFF)
    whole = bytearray((tmp_path / "a.xls").read_bytes())
    size = whole.index(struct.pack("<HH", 0x200, 14)) + 4
    assert struct.unpack_from("<IIHH", whole, size) == (0, 3, 0, 5)
    struct.pack_into("<I" if at < 8 else "<H", whole, size + at, value)
    (tmp_path / "a.xls").write_bytes(whole)
    assert [c[3] for c in codes(tmp_path / "a.xls")] == ["file_broken"]


def test_references_and_letters_agree():
    for column in (0, 1, 25, 26, 51, 52, 701, 702, 16383):
        assert formulas.place(f"{sheets.letter(column)}7") == (6, column)
