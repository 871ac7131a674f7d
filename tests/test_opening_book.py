"""Workbooks: true row numbers, merged cells filled, formula faults and hidden sheets told."""

from __future__ import annotations

import io
import shutil
import struct
import subprocess
from pathlib import Path

import pytest
import xlsxwriter
import xlwt

from governance.documents import opening
from governance.documents.blocks import Document, Table
from governance.errors import DocumentError
from governance.tables import formulas

FAULT = "工作表“城关镇”有 1 格公式出错,按单元格显示的错误值读取(E6)"


def tables(document: Document) -> list[Table]:
    return [b for b in document.blocks if isinstance(b, Table)]


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("book") / "清单.xlsx"
    with xlsxwriter.Workbook(path) as made:
        sheet = made.add_worksheet("城关镇")
        sheet.merge_range("B3:E3", "新昌县城关镇履职清单")
        sheet.write_row("B4", ["序号", "事项名称", "部门", "配合职责"])
        sheet.merge_range("B5:E5", "一、党的建设(2项)")
        sheet.write_row("B6", [1, "党员教育\n管理", "县委组织部"])
        sheet.write_row("B7", [2.5, "党费收缴"])
        sheet.merge_range("D6:D7", "县委组织部")
        sheet.write_formula("E6", "=1/0", None, "#DIV/0!")
        sheet.write_blank("H1048576", None, made.add_format({"bold": True}))  # whole columns styled, as offices do
        hidden = made.add_worksheet("七星街道")
        hidden.hide()
        hidden.write("A1", "甲")
        made.add_worksheet("空表")
    return path


def checked(document: Document) -> None:
    (first,) = tables(document)
    assert (first.sheet, first.first) == ("城关镇", 3)
    assert first.grid == (
        ("", *["新昌县城关镇履职清单"] * 4),
        ("", "序号", "事项名称", "部门", "配合职责"),
        ("", *["一、党的建设(2项)"] * 4),
        ("", "1", "党员教育\n管理", "县委组织部", "#DIV/0!"),
        ("", "2.5", "党费收缴", "县委组织部", ""),
    )
    assert set(first.merged) == {((0, 1), (0, 4)), ((2, 1), (2, 4)), ((3, 3), (4, 3))}
    assert document.notes == (
        FAULT,
        "工作表“七星街道”是隐藏的,没有读取;若是现行清单,请取消隐藏后再读",
        "工作表“空表”是空的",
    )


def test_xlsx(book: Path) -> None:
    document = opening.opened(book, "清单.xlsx")
    assert document.kind == "xlsx"
    checked(document)


@pytest.mark.parametrize("kind", ["xls", "ods"])
def test_xls_and_ods_give_the_same(book: Path, kind: str, tmp_path: Path) -> None:
    office = shutil.which("soffice")
    if office is None:
        pytest.skip("LibreOffice is not installed: it makes the xls and ods files")
    command = [
        office,
        "--headless",
        f"-env:UserInstallation={(tmp_path / 'o').as_uri()}",
        "--convert-to",
        kind,
        "--outdir",
    ]
    subprocess.run([*command, str(tmp_path), str(book)], check=True, capture_output=True, timeout=120)
    document = opening.opened(tmp_path / f"清单.{kind}", "")
    assert document.kind == kind
    checked(document)


def test_a_workbook_named_docx_is_still_a_workbook(book: Path, tmp_path: Path) -> None:
    other = tmp_path / "清单.docx"
    other.write_bytes(book.read_bytes())
    assert opening.opened(other, "清单.docx").kind == "xlsx"


def test_old_xls_with_merged_department(tmp_path: Path) -> None:
    made = xlwt.Workbook(encoding="utf-8")
    sheet = made.add_sheet("清单")
    sheet.write_merge(1, 2, 0, 0, "县公安局")
    sheet.write(1, 1, "甲")
    sheet.write(2, 1, "乙")
    made.save(str(tmp_path / "清单.xls"))
    (found,) = tables(opening.opened(tmp_path / "清单.xls", ""))
    assert (found.grid, found.first) == ((("县公安局", "甲"), ("县公安局", "乙")), 2)


def test_formulas_never_calculated_and_hidden_rows_are_told(tmp_path: Path) -> None:
    with xlsxwriter.Workbook(tmp_path / "a.xlsx") as made:
        sheet = made.add_worksheet("清单")
        sheet.write_column("A1", ["序号", "甲"])
        sheet.write_formula("B2", "=ROW()-1", None, "")
        sheet.set_row(1, None, None, {"hidden": True})
    document = opening.opened(tmp_path / "a.xlsx", "")
    assert tables(document)[0].grid[1][0] == "甲"
    assert any("隐藏的行或列" in note for note in document.notes)


@pytest.mark.parametrize("kind", ["xlsx", "xls"])
def test_a_sheet_that_would_fill_the_memory_with_blanks_is_refused(kind: str, tmp_path: Path) -> None:
    path = tmp_path / f"a.{kind}"
    if kind == "xlsx":
        with xlsxwriter.Workbook(path) as made:
            sheet = made.add_worksheet("大表")
            sheet.write("A1", "甲")
            sheet.write("XFD1048576", "乙")
    else:
        old = xlwt.Workbook()
        sheet = old.add_sheet("大表")
        sheet.write(0, 0, "甲")
        sheet.write(65535, 200, "乙")
        old.save(str(path))
    with pytest.raises(DocumentError, match="范围超过"):
        opening.opened(path, "")


def test_results_of_this_program_are_not_read_as_lists(tmp_path: Path) -> None:
    with xlsxwriter.Workbook(tmp_path / "a.xlsx") as made:
        made.set_properties({"subject": "governance-output"})
        made.add_worksheet("清单").write("A1", "甲")
    with pytest.raises(DocumentError, match="本程序写出"):
        opening.opened(tmp_path / "a.xlsx", "")


def old(rows: int) -> bytes:
    made, out = xlwt.Workbook(encoding="utf-8"), io.BytesIO()
    sheet = made.add_sheet("清单")
    for n in range(rows):
        sheet.write(n, 0, f"党员教育{n}")
    made.save(out)
    return out.getvalue()


@pytest.mark.parametrize("cut", [0.3, 0.9])
def test_an_old_workbook_cut_short_is_refused(tmp_path: Path, cut: float) -> None:
    data = old(900)
    (tmp_path / "a.xls").write_bytes(data[: int(len(data) * cut)])
    with pytest.raises(DocumentError, match="损坏"):
        opening.opened(tmp_path / "a.xls", "")


def test_an_old_workbook_that_stops_between_two_rows_is_refused(tmp_path: Path) -> None:
    data = bytearray(old(900))
    stream = formulas._workbook(bytes(data), formulas._streams(bytes(data)))
    (sheet,) = [struct.unpack_from("<I", body)[0] for kind, _, body in formulas._records(stream, 0) if kind == 0x85]
    ends = [at for _, at, _ in formulas._records(stream, sheet)]
    struct.pack_into("<I", data, data.index("Workbook".encode("utf-16-le")) + 120, ends[-300])  # the stream's length
    (tmp_path / "a.xls").write_bytes(data)
    with pytest.raises(DocumentError, match="损坏"):
        opening.opened(tmp_path / "a.xls", "")


def test_a_password_is_named(tmp_path: Path) -> None:
    data = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "EncryptedPackage".encode("utf-16-le") + bytes(600)
    (tmp_path / "a.xlsx").write_bytes(data)
    with pytest.raises(DocumentError, match="密码"):
        opening.opened(tmp_path / "a.xlsx", "")
