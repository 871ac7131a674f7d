"""Word documents: what a reader sees is what is read, made of raw XML so that each quirk stands alone."""

from __future__ import annotations

import io
import time
import zipfile
from pathlib import Path

import pytest

from governance.documents import numbering, opening
from governance.documents.blocks import Document, Table, Text
from governance.errors import DocumentError

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
SPACES = (
    f'xmlns:w="{W}" xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape" xmlns:v="urn:schemas-microsoft-com:vml"'
)


def packed(parts: dict[str, str | bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        for name, xml in parts.items():
            package.writestr(name, xml)
    return out.getvalue()


def docx(body: str, **others: str) -> bytes:
    parts = {"word/document.xml": f"<w:document {SPACES}><w:body>{body}</w:body></w:document>"}
    for name, inner in others.items():
        parts[f"word/{name}.xml"] = f"<w:{name} {SPACES}>{inner}</w:{name}>"
    return packed(parts)


def read(tmp_path: Path, data: bytes, name: str = "清单.docx") -> Document:
    path = tmp_path / name
    path.write_bytes(data)
    return opening.opened(path, name)


def run(text: str, properties: str = "") -> str:
    return f"<w:r><w:rPr>{properties}</w:rPr><w:t>{text}</w:t></w:r>"


def par(text: str = "", properties: str = "", inner: str = "") -> str:
    return f"<w:p><w:pPr>{properties}</w:pPr>{run(text) if text else ''}{inner}</w:p>"


def cell(text: str = "", properties: str = "", inner: str = "") -> str:
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{inner or par(text)}</w:tc>"


def row(*cells: str, properties: str = "") -> str:
    return f"<w:tr><w:trPr>{properties}</w:trPr>{''.join(cells)}</w:tr>"


def table(*rows: str) -> str:
    return f"<w:tbl>{''.join(rows)}</w:tbl>"


def texts(document: Document) -> list[str]:
    return [b.text for b in document.blocks if isinstance(b, Text)]


def only(document: Document) -> Table:
    (found,) = [b for b in document.blocks if isinstance(b, Table)]
    return found


def span(n: int) -> str:
    return f'<w:gridSpan w:val="{n}"/>'


MORE, FIRST = "<w:vMerge/>", '<w:vMerge w:val="restart"/>'


def test_merged_cells_carry_their_text_everywhere(tmp_path: Path) -> None:
    body = par("城关镇履职事项清单") + table(
        row(cell("序号"), cell("事项名称"), cell("责任部门"), properties="<w:tblHeader/>"),
        row(cell("一、党的建设(2项)", span(3))),
        row(cell("1"), cell("党员教育"), cell("县委组织部", FIRST)),
        row(cell("2"), cell("党费收缴"), cell("", MORE)),
    )
    document = read(tmp_path, docx(body + par("附注")))
    found = only(document)
    assert texts(document) == ["城关镇履职事项清单", "附注"]
    assert found.grid[1] == ("一、党的建设(2项)",) * 3
    assert [r[2] for r in found.grid[2:]] == ["县委组织部"] * 2
    assert found.merged == (((1, 0), (1, 2)), ((2, 2), (3, 2)))
    assert (found.heads, found.first, found.number) == (1, 1, 1)


def test_a_covered_cell_with_text_of_its_own_is_noted(tmp_path: Path) -> None:
    body = table(row(cell("甲", FIRST), cell("1")), row(cell("乙", MORE), cell("2")), row(cell("丙", MORE), cell("3")))
    document = read(tmp_path, docx(body))
    assert [r[0] for r in only(document).grid] == ["甲"] * 3
    assert any("被遮住的文字" in note for note in document.notes)


def test_a_continued_cell_under_nothing_keeps_its_text(tmp_path: Path) -> None:
    assert only(read(tmp_path, docx(table(row(cell("甲", MORE), cell("1")))))).grid == (("甲", "1"),)


def test_rows_that_begin_late_or_end_early_keep_their_columns(tmp_path: Path) -> None:
    body = table(
        row(cell("甲"), cell("乙"), cell("丙")),
        row(cell("丁"), properties='<w:gridBefore w:val="1"/><w:gridAfter w:val="1"/>'),
    )
    assert only(read(tmp_path, docx(body))).grid == (("甲", "乙", "丙"), ("", "丁", ""))


def test_old_horizontal_merge(tmp_path: Path) -> None:
    body = table(
        row(cell("甲"), cell("乙")), row(cell("一、合并", '<w:hMerge w:val="restart"/>'), cell("", "<w:hMerge/>"))
    )
    assert only(read(tmp_path, docx(body))).grid[1] == ("一、合并", "一、合并")


def test_a_layout_table_gives_way_to_the_tables_in_it(tmp_path: Path) -> None:
    inner = table(*[row(cell(str(n)), cell("事项"), cell("部门")) for n in range(3)])
    document = read(tmp_path, docx(table(row(cell(inner=par("标题") + inner + par())), row(cell("落款")))))
    assert texts(document) == ["标题", "落款"]
    assert len(only(document).grid) == 3


def test_a_small_table_in_a_cell_is_text_of_the_cell(tmp_path: Path) -> None:
    inner = table(row(cell("县公安局"), cell("查处")))
    rows = [row(cell(str(n)), cell("事项"), cell("职责")) for n in range(5)]
    body = table(*rows, row(cell("6"), cell("事项"), cell(inner=par("分工:") + inner + par()))) + table(*rows)
    found = [b for b in read(tmp_path, docx(body)).blocks if isinstance(b, Table)]
    assert found[0].grid[5][2] == "分工:\n县公安局\n查处"
    assert [t.number for t in found] == [1, 2]


def test_wrappers_hide_nothing(tmp_path: Path) -> None:
    body = (
        f"<w:sdt><w:sdtContent>{par('甲')}</w:sdtContent></w:sdt>"
        + par(inner=f"<w:hyperlink>{run('乙')}</w:hyperlink><w:smartTag>{run('丙')}</w:smartTag>")
        + table(
            f"<w:sdt><w:sdtContent>{row(cell('1'), f'<w:sdt><w:sdtContent>{cell(chr(19969))}</w:sdtContent></w:sdt>')}"
            "</w:sdtContent></w:sdt>"
        )
    )
    document = read(tmp_path, docx(body))
    assert texts(document) == ["甲", "乙丙"]
    assert only(document).grid == (("1", "丁"),)


def test_revisions_are_read_as_accepted_and_noted(tmp_path: Path) -> None:
    gone = "<w:del><w:r><w:delText>旧</w:delText></w:r></w:del><w:moveFrom><w:r><w:t>移走</w:t></w:r></w:moveFrom>"
    body = (
        par("县", inner=f"{gone}<w:ins>{run('公安')}</w:ins>{run('局')}")
        + par("前半", "<w:rPr><w:del/></w:rPr>")
        + par("后半")
        + table(
            row(cell("1"), cell("甲")),
            row(cell("2"), cell("乙"), properties="<w:del/>"),
            row(cell("3"), cell("丙"), properties="<w:ins/>"),
        )
    )
    document = read(tmp_path, docx(body))
    assert texts(document) == ["县公安局", "前半后半"]
    assert [r[0] for r in only(document).grid] == ["1", "3"]
    assert document.notes == ("含修订标记,按接受全部修订读取",)


def test_hidden_text_is_left_out_and_noted(tmp_path: Path) -> None:
    styles = (
        '<w:style w:type="character" w:styleId="h"><w:rPr><w:vanish/></w:rPr></w:style>'
        '<w:style w:type="character" w:styleId="s"><w:rPr><w:vanish w:val="0"/></w:rPr></w:style>'
    )
    inner = run("隐", "<w:vanish/>") + run("藏", '<w:rStyle w:val="h"/>') + run("见", '<w:vanish w:val="false"/>')
    document = read(tmp_path, docx(par("可", inner=inner + run("。", '<w:rStyle w:val="s"/>')), styles=styles))
    assert texts(document) == ["可见。"]
    assert document.notes == ("含隐藏文字,没有读取",)


def test_breaks_tabs_marks_and_symbols(tmp_path: Path) -> None:
    inner = (
        "<w:r><w:t>甲</w:t><w:br/><w:t>乙</w:t><w:tab/><w:t>丙</w:t><w:noBreakHyphen/><w:softHyphen/>"
        '<w:footnoteReference w:id="1"/><w:sym w:font="Wingdings" w:char="F0FE"/><w:sym w:font="宋体" w:char="2460"/></w:r>'
    )
    document = read(tmp_path, docx(par(inner=inner)))
    assert texts(document) == ["甲\n乙\n丙-☑①"]
    assert document.notes == ("含脚注或尾注,注文没有读取",)


def test_several_paragraphs_of_a_cell_are_lines(tmp_path: Path) -> None:
    body = table(row(cell("1"), cell(inner=par("1.检查;") + par() + par("2.培训。"))))
    assert only(read(tmp_path, docx(body))).grid[0][1] == "1.检查;\n2.培训。"


def test_a_text_box_is_read_once(tmp_path: Path) -> None:
    box = f"<w:txbxContent>{par('框中')}</w:txbxContent>"
    both = (
        f"<w:r><mc:AlternateContent><mc:Choice><w:drawing><wps:txbx>{box}</wps:txbx></w:drawing></mc:Choice>"
        f"<mc:Fallback><w:pict><v:textbox>{box}</v:textbox></w:pict></mc:Fallback></mc:AlternateContent></w:r>"
    )
    old = f"<w:r><w:pict><v:textbox>{box.replace('框中', '旧框')}</v:textbox></w:pict></w:r>"
    document = read(
        tmp_path, docx(par("外", inner=both + old) + table(row(cell("1"), cell(inner=par("格", inner=both)))))
    )
    assert texts(document) == ["外", "框中", "旧框"]
    assert only(document).grid[0][1] == "格\n框中"


def test_fields_show_results_and_circled_numbers(tmp_path: Path) -> None:
    def char(kind: str) -> str:
        return f'<w:r><w:fldChar w:fldCharType="{kind}"/></w:r>'

    code = "<w:r><w:instrText>{}</w:instrText></w:r>"
    inner = char("begin") + code.format("PAGEREF x") + char("separate") + run("12") + char("end")
    circle = char("begin") + code.format("eq \\o\\ac(○,11)") + char("end")
    assert texts(read(tmp_path, docx(par("第", inner=inner + circle + run("页"))))) == ["第12⑪页"]
    with pytest.raises(DocumentError, match="域代码不完整"):
        read(tmp_path, docx(par("甲", inner=char("begin") + run("丢失的文字"))))


def numbers(levels: str, body: str, nums: str = '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>') -> bytes:
    return docx(body, numbering=f'<w:abstractNum w:abstractNumId="0">{levels}</w:abstractNum>{nums}')


def level(at: int, kind: str, pattern: str, more: str = "") -> str:
    return f'<w:lvl w:ilvl="{at}"><w:start w:val="1"/><w:numFmt w:val="{kind}"/>{more}<w:lvlText w:val="{pattern}"/></w:lvl>'


def listed(text: str, at: int = 0, num: int = 1) -> str:
    return par(text, f'<w:numPr><w:ilvl w:val="{at}"/><w:numId w:val="{num}"/></w:numPr>')


def test_automatic_numbers_read_as_typed(tmp_path: Path) -> None:
    levels = (
        level(0, "chineseCountingThousand", "%1、")
        + level(1, "chineseCounting", "(%2)")
        + level(2, "decimal", "%3.")
        + level(3, "decimalEnclosedCircle", "%4")
        + level(4, "decimal", "%1.%3", "<w:isLgl/>")
    )
    placed = zip("甲乙丙丁戊己庚辛壬癸子", [0, 1, 2, 3, 3, 2, 1, 2, 0, 2, 4], strict=True)
    body = "".join(listed(text, at) for text, at in placed) + par("丑") + listed("寅")
    assert texts(read(tmp_path, numbers(levels, body))) == [
        *[
            "一、甲",
            "(一)乙",
            "1.丙",
            "①丁",
            "②戊",
            "2.己",
            "(二)庚",
            "1.辛",
            "二、壬",
            "1.癸",
            "2.1 子",
            "丑",
            "三、寅",
        ]
    ]


def test_a_list_goes_on_in_table_cells_and_restarts_where_told(tmp_path: Path) -> None:
    nums = (
        '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num><w:num w:numId="2"><w:abstractNumId w:val="0"/>'
        '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="1"/></w:lvlOverride></w:num>'
    )
    body = table(
        row(cell(inner=listed("")), cell("甲")),
        row(cell(inner=listed("")), cell(inner=listed("检查", num=2) + listed("培训", num=2))),
    )
    found = only(read(tmp_path, numbers(level(0, "decimal", "%1."), body, nums))).grid
    assert found == (("1.", "甲"), ("2.", "1.检查\n2.培训"))


def test_numbers_come_from_styles_too_and_can_be_switched_off(tmp_path: Path) -> None:
    styles = (
        '<w:style w:type="paragraph" w:styleId="a"><w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr></w:style>'
        '<w:style w:type="paragraph" w:styleId="b"><w:basedOn w:val="a"/></w:style>'
    )
    off = '<w:pStyle w:val="b"/><w:numPr><w:numId w:val="0"/></w:numPr>'
    body = par("甲", '<w:pStyle w:val="b"/>') + par("乙", off) + par("丙", '<w:pStyle w:val="b"/>')
    numbering = (
        f'<w:abstractNum w:abstractNumId="0">{level(0, "decimal", "%1.")}</w:abstractNum>'
        '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>'
    )
    assert texts(read(tmp_path, docx(body, styles=styles, numbering=numbering))) == ["1.甲", "乙", "2.丙"]


@pytest.mark.parametrize(
    ("number", "kind", "shown"),
    [
        *[(10, "chineseCounting", "十"), (12, "chineseCountingThousand", "十二"), (20, "chineseCounting", "二十")],
        *[(105, "chineseCountingThousand", "一百零五"), (110, "chineseCountingThousand", "一百一十")],
        *[(12, "ideographDigital", "一二"), (21, "decimalEnclosedCircle", "㉑"), (7, "decimalEnclosedParen", "⑺")],
        *[(3, "decimalFullWidth", "３"), (4, "upperRoman", "IV"), (27, "lowerLetter", "aa"), (5, "decimalZero", "05")],
        *[
            (2, "ideographTraditional", "乙"),
            (12, "chineseLegalSimplified", "壹拾贰"),
            (10020, "chineseCounting", "一万零二十"),
        ],
    ],
)
def test_number_formats(number: int, kind: str, shown: str) -> None:
    assert numbering.written(number, kind) == shown


def test_pages_where_word_left_them(tmp_path: Path) -> None:
    mark = "<w:r><w:lastRenderedPageBreak/><w:t>3</w:t></w:r>"
    body = par("题") + table(
        row(cell("1"), cell("甲")), row(cell("2"), cell("乙")), row(cell(inner=par(inner=mark)), cell("丙"))
    )
    found = only(read(tmp_path, docx(body + par("末"))))
    assert (found.page, found.pages) == (1, (1, 1, 2))
    assert only(read(tmp_path, docx(body.replace("<w:lastRenderedPageBreak/>", "")))).pages == ()


def test_what_is_not_text_is_said_so(tmp_path: Path) -> None:
    picture = '<w:r><w:drawing><a:blip xmlns:a="urn:a"/></w:drawing></w:r>'
    embedded = '<w:r><w:object><o:OLEObject xmlns:o="urn:o"/></w:object></w:r>'
    notes = read(tmp_path, docx(par("甲", inner=picture + embedded))).notes
    assert [n[:4] for n in notes] == ["含图片,", "含嵌入的"]
    with pytest.raises(DocumentError, match="没有读到任何文字"):
        read(tmp_path, docx(par(inner=picture)))
    with pytest.raises(DocumentError, match="外部内容块"):
        read(tmp_path, docx(par("甲") + "<w:altChunk/>"))


def test_twelve_documents_of_250_rows_take_a_few_seconds(tmp_path: Path) -> None:
    rows = [row(cell("一、党的建设", span(5)))] + [
        row(
            cell(str(n)),
            cell("党员教育管理"),
            cell("县委组织部", MORE if n % 5 else FIRST),
            cell("1.指导;"),
            cell("1.实施。"),
        )
        for n in range(250)
    ]
    data = docx(table(*rows))
    start = time.process_time()
    for _ in range(12):
        assert len(only(read(tmp_path, data)).grid) == 251
    assert time.process_time() - start < 5
