"""PDF files: made by typst and LibreOffice; what cannot be told from the page is refused, naming the page."""

from __future__ import annotations

import functools
import shutil
import struct
import subprocess
import time
import zlib
from pathlib import Path

import pytest

from governance.documents import opening, paper, ruling
from governance.documents.blocks import Document, Table, Text
from governance.errors import DocumentError

typst = pytest.importorskip("typst")

GRID = (
    ("序号", "事项名称", "责任部门", "配合职责"),
    ("一、党的建设(2项)",) * 4,
    ("1", "党员教育管理", "县委组织部", "1.协助;\n2.报告。"),
    ("2", "党费收缴", "县委组织部", "1.协助。"),
)


def listing(options: str = "", head: str = "[序号],[事项名称],[责任部门],[配合职责],") -> str:
    return (
        f"#table(columns: (1.5cm, 4cm, 3cm, 5cm), {options} {head} table.cell(colspan: 4)[一、党的建设(2项)],"
        "[1],[党员教育管理],table.cell(rowspan: 2)[县委组织部],[1.协助; \\ 2.报告。],[2],[党费收缴],[1.协助。])"
    )


@functools.cache
def compiled(source: str) -> bytes:
    import pylopdf_fonts_zh_cn

    fonts = [str(Path(pylopdf_fonts_zh_cn.__file__).parent)]
    return typst.compile(f'#set text(font: "Noto Sans SC", size: 10pt)\n{source}'.encode(), font_paths=fonts)


def read(tmp_path: Path, source: str | bytes) -> Document:
    path = tmp_path / "清单.pdf"
    path.write_bytes(source if isinstance(source, bytes) else compiled(source))
    return opening.opened(path, "清单.pdf")


def texts(document: Document) -> list[str]:
    return [b.text for b in document.blocks if isinstance(b, Text)]


def tables(document: Document) -> list[Table]:
    return [b for b in document.blocks if isinstance(b, Table)]


def test_a_ruled_table_with_merged_cells(tmp_path: Path) -> None:
    document = read(tmp_path, f"= 城关镇履职清单\n{listing()}\n附注")
    (found,) = tables(document)
    assert found.grid == GRID
    assert found.merged == (((1, 0), (1, 3)), ((2, 2), (3, 2)))
    assert found.columns_at == pytest.approx((70.9, 113.4, 226.8, 311.8), abs=0.2)
    assert (found.page, found.number) == (1, 1)
    assert [type(b) for b in document.blocks] == [Text, Table, Text]
    assert texts(document) == ["城关镇履职清单", "附注"]


@pytest.mark.parametrize(
    "options",
    [
        "stroke: (x, y) => (left: if x > 0 {1pt} else {none}, right: if x < 3 {1pt} else {none}, top: 1pt, bottom: 1pt),",
        "stroke: (x, y) => (left: 1pt, right: 1pt, top: 1pt, bottom: none),",
        "fill: (x, y) => if y == 0 {luma(200)} else {none},",
        "stroke: 3pt,",
    ],
    ids=["no outer sides", "no last line", "shaded head", "thick"],
)
def test_tables_ruled_in_other_ways(tmp_path: Path, options: str) -> None:
    assert tables(read(tmp_path, listing(options)))[0].grid == GRID


@pytest.mark.parametrize(
    "source",
    [
        f"#rect(width: 100%, height: 100%)[{listing()}]",
        f"#rotate(90deg, reflow: true)[{listing()}]",
        f"#rotate(-90deg, reflow: true)[{listing()}]",
        f"#set page(flipped: true)\n{listing()}",
        listing(head="[序号],[事项#box(rect(width: 9pt, height: 9pt))名称],[责任部门],[配合职责],"),
    ],
    ids=["frame", "clockwise", "anticlockwise", "landscape", "a box in a cell"],
)
def test_pages_framed_turned_and_drawn_upon(tmp_path: Path, source: str) -> None:
    (found,) = tables(read(tmp_path, source))
    assert found.grid[1:] == GRID[1:]


@pytest.mark.parametrize(
    ("source", "why"),
    [
        (listing("stroke: none,"), "第 1 页的表格没有框线"),
        (listing("stroke: (x, y) => (top: 1pt, bottom: 1pt),"), "第 1 页的表格没有框线"),
        ("#set page(columns: 2)\n" + "镇政府依法履行职责,做好各项工作,不得推诿。" * 60, "第 1 页的文字分成几栏"),
        (
            "正文\n#pagebreak()\n#grid(columns: (3cm, 4cm, 1fr), row-gutter: 8pt, column-gutter: 1cm, "
            + ",".join(f"[{n} 党员],[县委组织部牵头检查],[乡镇协助开展]" for n in range(9))
            + ")",
            "第 2 页的文字分成几栏",
        ),
        ("#for n in range(90) {place(dx: n * 4pt, line(length: 20pt, angle: 90deg)); }", "没有读到任何文字"),
    ],
    ids=["no lines", "only across", "two columns", "unruled list", "a drawing"],
)
def test_what_cannot_be_told_apart_is_refused(tmp_path: Path, source: str, why: str) -> None:
    with pytest.raises(DocumentError, match=why):
        read(tmp_path, source)


def test_contents_and_numbered_paragraphs_are_not_taken_for_columns(tmp_path: Path) -> None:
    contents = "".join(f"{n}、党的建设 (1{k}项) #h(1fr) {k}\\ \n" for k, n in enumerate("一二三四五六七八九"))
    document = read(tmp_path, contents + "\n" + "".join(f"\n{n}. #h(1cm) 制定方案。\n" for n in range(9)))
    assert texts(document)[:2] == ["一、党的建设 (10项) 0", "二、党的建设 (11项) 1"]
    assert len(texts(document)) == 18


@pytest.mark.parametrize(
    ("pattern", "whole"),
    [
        ("NUMBER", "第1页\uff0c共9页"),
        ("NUMBER", "1\uff0f9"),
        ("LABEL", "\uff08一\uff09"),
        ("LABEL", "1\uff0c2"),
        ("LABEL", "第一条\uff1a"),
        ("LABEL", "1\uff0e"),
        ("COUNT", "……\uff0819项\uff09"),
        ("COUNT", "…… \uff08共 19 项\uff09 ……3"),
        ("COUNT", "\uff08第1\uff0d19项\uff09"),
        ("NEW", "\uff08一\uff09"),
        ("NEW", "\uff0812\uff09"),
        ("NEW", "一\uff0e"),
    ],
)
def test_numbers_and_counts_are_known_in_full_width(pattern: str, whole: str) -> None:
    assert getattr(paper, pattern).fullmatch(whole)


def test_full_width_contents_and_labels_are_not_taken_for_columns(tmp_path: Path) -> None:
    numerals = "一二三四五六七八"
    contents = "".join(f"党的建设工作 #h(3cm) …… \uff081{n}项\uff09\\ \n" for n, _ in enumerate(numerals))
    assert len(texts(read(tmp_path, contents))) == 8
    for label in ("\uff08{}\uff09", "{}\uff0e", "{}\uff1a"):
        lines = "".join(f"{label.format(n)} #h(1cm) 负责制定方案并组织实施。\n\n" for n in numerals)
        assert len(texts(read(tmp_path, lines))) == 8
    commas = "".join(f"{n}\uff0c{n + 1} #h(1cm) 负责制定方案并组织实施。\n\n" for n in range(8))
    assert len(texts(read(tmp_path, commas))) == 8


def test_full_width_headings_are_not_glued_to_the_line_before(tmp_path: Path) -> None:
    said = "镇政府依法履行公共服务职责并按规定公开" * 2
    lines = [f"\uff08{n}\uff09{said}" for n in "一二三"]
    document = read(tmp_path, "#set par(spacing: 0.65em)\n" + "\n\n".join(lines))
    assert texts(document) == lines


def test_paragraphs_keep_their_lines_together(tmp_path: Path) -> None:
    said = "镇政府依法履行公共服务职责" * 9
    (text, last) = texts(read(tmp_path, f"{said}。\n\n另起一段。"))
    assert text.replace("\n", "") == said + "。"
    assert text.count("\n") == 2
    assert last == "另起一段。"


def test_radicals_become_ordinary_characters(tmp_path: Path) -> None:
    assert texts(read(tmp_path, "⼀、⾏政⻓⻅⻋ (全角),1234")) == ["一、行政长见车 (全角),1234"]


def test_overprinted_glyphs_are_read_once(tmp_path: Path) -> None:
    bold = "#box[#place(dx: 0.3pt)[序号]#place[序号]#hide[序号]]"
    assert tables(read(tmp_path, listing(head=f"[{bold}],[事项名称],[责任部门],[配合职责],")))[0].grid == GRID


def test_watermarks_are_left_out_and_noted(tmp_path: Path) -> None:
    mark = "#set page(background: rotate(45deg, text(60pt, luma(230))[内部资料]))\n"
    document = read(tmp_path, mark + listing())
    assert tables(document)[0].grid == GRID
    assert document.notes == ("斜排的文字(水印)没有读取",)


def test_spaces_between_words_stay(tmp_path: Path) -> None:
    assert texts(read(tmp_path, "推广 APP 使用 第 3 号")) == ["推广 APP 使用 第 3 号"]


def test_page_numbers_and_running_heads(tmp_path: Path) -> None:
    page = '#set page(header: [城关镇履职清单], numbering: "— 1 —")\n'
    document = read(tmp_path, page + "#pagebreak()".join(f"\n正文{n}\n" for n in "甲乙丙丁"))
    assert texts(document) == ["城关镇履职清单", "正文甲", "正文乙", "正文丙", "正文丁"]
    assert document.notes == ("各页重复的页眉页脚“城关镇履职清单”只读取一次",)


def test_a_row_cut_by_the_page_stays_cut(tmp_path: Path) -> None:
    long = listing().replace("2.报告。", " \\ ".join(["2.报告。"] * 12))
    found = tables(read(tmp_path, f"#set page(height: 6cm, margin: 1cm)\n{long}"))
    assert [t.page for t in found] == [1, 2, 3][: len(found)]
    assert len({t.columns_at for t in found}) == 1
    assert found[1].grid[0][:2] == ("", "")
    assert sum(row[3].count("2.报告") for t in found for row in t.grid) == 12


def picture() -> bytes:
    """A grey PNG of 300 x 400 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + bytes([n % 256] * 300) for n in range(400))
    head = struct.pack(">IIBBBBB", 300, 400, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


SCAN = "#image(bytes(({})), width: 100%, height: 100%)"


def scan() -> str:
    return SCAN.format(",".join(map(str, picture())))


def test_scans_are_refused_naming_their_pages(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match=r"^扫描件,没有可用的文字层:请用 WPS/Acrobat 做文字识别.*Word 版$"):
        read(tmp_path, scan())
    with pytest.raises(DocumentError, match="第 2、3 页是扫描图片"):
        read(tmp_path, f"{listing()}\n#pagebreak()\n{scan()}\n#pagebreak()\n{scan()}")
    with pytest.raises(DocumentError, match="第 2 页是扫描图片"):  # text that a machine laid over the picture
        read(tmp_path, f"{listing()}\n#pagebreak()\n#place[序号 事项名称 责任部门]{scan()}")


def test_a_picture_beside_text_is_noted(tmp_path: Path) -> None:
    document = read(tmp_path, f"{listing()}\n#block(height: 60%)[{scan()}]")
    assert tables(document)[0].grid == GRID
    assert document.notes == ("第 1 页有大幅图片,图片中的文字没有读取",)


def test_an_empty_page_is_noted(tmp_path: Path) -> None:
    assert read(tmp_path, f"{listing()}\n#pagebreak()\n#v(1cm)").notes == ("第 2 页没有内容",)


def test_fonts_without_a_map_to_characters_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="对照表"):
        read(tmp_path, compiled(listing()).replace(b"/ToUnicode", b"/ToUnicodX"))


def test_private_characters_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="对照表"):
        read(tmp_path, "\ue123\ue124\ue125" * 20)


def test_half_a_file_and_damaged_streams_are_refused(tmp_path: Path) -> None:
    data = compiled(listing())
    for broken in (data[: len(data) // 2], data[:1500], data.replace(b"stream\n\x78", b"stream\n\x79", 1)):
        with pytest.raises(DocumentError):
            read(tmp_path, broken)
    at = data.index(b"stream\n") + 200
    with pytest.raises(DocumentError, match="损坏"):
        read(tmp_path, data[:at] + bytes([data[at] ^ 255]) + data[at + 1 :])


def test_pages_that_are_missing_are_noticed(tmp_path: Path) -> None:
    data = compiled(listing())
    assert b"/Count 1" in data
    with pytest.raises(DocumentError, match="损坏"):
        read(tmp_path, data.replace(b"/Count 1", b"/Count 2"))


def test_shading_alone_makes_no_table(tmp_path: Path) -> None:
    shaded = "".join(f"#box(fill: luma(200), inset: 5pt)[{text}]" for text in "甲乙")
    document = read(tmp_path, shaded)
    assert (tables(document), texts(document)) == ([], ["甲 乙"])


def test_numbered_lines_that_fill_the_page_stay_apart(tmp_path: Path) -> None:
    said = "镇政府依法履行公共服务职责并按规定公开" * 2
    document = read(tmp_path, f"#set par(spacing: 0.65em)\n(一){said}\n\n(二){said}\n")
    assert texts(document) == [f"(一){said}", f"(二){said}"]


def test_a_stream_that_unpacks_without_end_is_refused(tmp_path: Path) -> None:
    bomb = zlib.compress(bytes(60_000_000), 9)
    data = b"%PDF-1.7\n1 0 obj\n<</Length 1/Filter/FlateDecode>>\nstream\n" + bomb + b"\nendstream endobj\n"
    with pytest.raises(DocumentError, match="炸弹"):
        read(tmp_path, data)


def test_lines_cross_to_cells() -> None:
    lines = [
        {"object_type": "line", "x0": x0, "x1": x1, "top": y0, "bottom": y1, "width": x1 - x0, "height": y1 - y0}
        for x0, y0, x1, y1 in [
            (0, 0, 100, 0),
            (0, 20, 100, 20),
            (0, 40, 100, 40),
            (0, 0, 0, 40),
            (100, 0, 100, 40),
            (50, 20, 50, 40),
        ]
    ]
    page = ruling.tables(lines)
    assert page is not None
    assert [cell[:4] for cell in page.tables[0].cells] == [(0, 0, 1, 2), (1, 0, 1, 1), (1, 1, 1, 1)]
    assert ruling.cell_at(page, 75, 30) != ruling.cell_at(page, 25, 30)
    assert ruling.cell_at(page, 75, 10) == ruling.cell_at(page, 25, 10)
    assert ruling.cell_at(page, 200, 10) == -1
    assert paper.NUMBER.fullmatch("— 3 —")


# --- as LibreOffice prints a Word list


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    office = shutil.which("soffice")
    if office is None:
        pytest.skip("LibreOffice is not installed: it prints the Word file")
    import docx
    from docx.oxml import OxmlElement

    folder = tmp_path_factory.mktemp("printed")
    document = docx.Document()
    table = document.add_table(rows=1, cols=4)
    table.style = "Table Grid"
    table.rows[0]._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))
    for cell, text in zip(table.rows[0].cells, GRID[0], strict=True):
        cell.text = text
    above = None
    for category in "一二三四":
        cells = table.add_row().cells
        cells[0].merge(cells[3]).text = f"{category}、党的建设(25项)"
        for n in range(25):
            cells = table.add_row().cells
            for cell, text in zip(
                cells, [str(n + 1), f"党员教育管理{n}", "", "1.协助开展;\n" + "2.报告线索。" * (n % 9)], strict=True
            ):
                cell.text = text
            if n % 5 and above is not None:
                cells[2].merge(above)
            above = cells[2]
            if n % 5 == 4:
                above.text = "县委组织部"
    document.save(str(folder / "清单.docx"))
    for more, name in (("", "清单"), (LOCK, "锁")):
        shutil.copy(folder / "清单.docx", folder / f"{name}.docx") if name != "清单" else None
        command = [
            office,
            "--headless",
            f"-env:UserInstallation={(folder / 'o').as_uri()}",
            "--convert-to",
            f"pdf{more}",
        ]
        command += ["--outdir", str(folder), str(folder / f"{name}.docx")]
        subprocess.run(command, check=True, capture_output=True, timeout=180)
    return folder


LOCK = (
    ':writer_pdf_Export:{"EncryptFile":{"type":"boolean","value":"true"},'
    '"DocumentOpenPassword":{"type":"string","value":"1"}}'
)


def test_a_word_list_printed_to_pdf(printed: Path) -> None:
    start = time.process_time()
    document = opening.opened(printed / "清单.pdf", "")
    assert time.process_time() - start < 10
    found = tables(document)
    assert len(found) > 3
    assert all(t.grid[0] == GRID[0] for t in found), "the header repeats on each page"
    rows = [row for t in found for row in t.grid[1:]]
    assert [r[0] for r in rows if r[0] == r[3]] == [f"{c}、党的建设(25项)" for c in "一二三四"]
    assert [int(r[0]) for r in rows if r[0].isdecimal()] == [*range(1, 26)] * 4
    assert sum(r[3].count("索") for r in rows) == 4 * sum(n % 9 for n in range(25))
    assert {r[2] for r in rows if r[0].isdecimal()} <= {"县委组织部", ""}


def test_a_pdf_with_a_password_is_named(printed: Path) -> None:
    with pytest.raises(DocumentError, match="密码"):
        opening.opened(printed / "锁.pdf", "")
