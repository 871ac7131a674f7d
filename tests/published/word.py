"""Published lists as docx, written as Word itself writes them: merged cells, automatic numbers, tracked changes."""

from __future__ import annotations

import re
from html import escape
from itertools import count

from .model import Cell, Grid, Line, Paper, placed
from .zipped import STAMP, packed

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
REL = "http://schemas.openxmlformats.org/package/2006/relationships"
HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
SONG, FANG, HEI = "方正小标宋简体", "仿宋_GB2312", "黑体"
FALLBACK = {SONG: "Noto Serif CJK SC", FANG: "Noto Serif CJK SC", HEI: "Noto Sans CJK SC"}
SIZES = {"title": 44, "cover": 52, "heading": 32, "under": 28, "office": 32, "contents": 28, "body": 32, "note": 24}
FONTS = {"title": SONG, "cover": SONG, "heading": HEI}
CENTRED = {"title", "cover", "under", "office", "heading"}
NUMBER = re.compile(r"^\d+\.")


def rpr(font: str, size: int, bold: bool = False) -> str:
    weight = "<w:b/>" if bold else ""
    return f'<w:rPr><w:rFonts w:ascii="{font}" w:eastAsia="{font}" w:hAnsi="{font}" w:cs="{font}"/>{weight}<w:sz w:val="{size}"/></w:rPr>'


def run(text: str, font: str, size: int, bold: bool = False) -> str:
    """A run; a line break that the writer typed by hand is w:br."""
    inner = "<w:br/>".join(f'<w:t xml:space="preserve">{escape(t)}</w:t>' for t in text.split("\n"))
    return f"<w:r>{rpr(font, size, bold)}{inner}</w:r>"


def paragraph(inner: str, *, align: str = "left", more: str = "") -> str:
    return f'<w:p><w:pPr>{more}<w:jc w:val="{align}"/></w:pPr>{inner}</w:p>'


def line(block: Line, width: int) -> str:
    """A paragraph outside the tables."""
    if block.role == "break":
        return '<w:p><w:r><w:br w:type="page"/></w:r></w:p>'
    font, size = FONTS.get(block.role, FANG), SIZES.get(block.role, 32)
    if block.role == "contents":
        tab = f'<w:tabs><w:tab w:val="right" w:leader="dot" w:pos="{width}"/></w:tabs>'
        end = f"<w:r>{rpr(font, size)}<w:tab/><w:t>{block.page}</w:t></w:r>"
        return paragraph(run(block.text, font, size) + end, more=tab)
    space = {"cover": (4200, 200), "office": (5600, 100), "heading": (240, 120)}.get(block.role, (0, 60))
    more = f'<w:spacing w:before="{space[0]}" w:after="{space[1]}"/>'
    if block.role == "body":
        more += f'<w:ind w:firstLine="{size * 20}"/>'
    if block.role == "heading":
        before, after = f"<w:keepNext/>{more}", '<w:outlineLvl w:val="0"/>'
        return f'<w:p><w:pPr>{before}<w:jc w:val="center"/>{after}</w:pPr>{run(block.text, font, size)}</w:p>'
    align = "center" if block.role in CENTRED else "right" if block.role == "signature" else "left"
    return paragraph(run(block.text, font, size), align=align, more=more)


class Writer:
    """Counts what a document numbers: automatic lists, revisions, content controls."""

    def __init__(self, paper: Paper) -> None:
        self.quirks = paper.quirks
        self.lists = count(1)
        self.ids = count(1)
        self.duties = count(1)
        self.used = 0

    def change(self, kind: str, inner: str) -> str:
        return f'<w:{kind} w:id="{next(self.ids)}" w:author="县委编办" w:date="{STAMP}">{inner}</w:{kind}>'

    def control(self, inner: str) -> str:
        """A content control around runs, a cell or a row."""
        return f'<w:sdt><w:sdtPr><w:id w:val="{next(self.ids) + 900000}"/></w:sdtPr><w:sdtContent>{inner}</w:sdtContent></w:sdt>'

    def words(self, text: str, at: int) -> str:
        """The runs of a body paragraph, some of them under revision or inside a content control."""
        plain = run(text, FANG, 21)
        if "tracked" in self.quirks and at % 7 == 0 and len(text) > 16:
            half = len(text) - 8
            gone = f"<w:r>{rpr(FANG, 21)}<w:delText>做好相关工作</w:delText></w:r>"
            return (
                run(text[:half], FANG, 21) + self.change("del", gone) + self.change("ins", run(text[half:], FANG, 21))
            )
        if "content_controls" in self.quirks and at % 4 == 1:
            return self.control(plain)
        return plain

    def paragraphs(self, cell: Cell) -> list[str]:
        """A cell's paragraphs; a break after a full stop or semicolon begins a new one."""
        texts = re.split(r"(?<=[；。：])\n", cell.text)
        if cell.role == "head":
            return [paragraph(run(t, HEI, 21), align="center") for t in texts]
        if cell.role in {"title", "unit"}:
            font, size = (SONG, 36) if cell.role == "title" else (FANG, 21)
            return [paragraph(run(t, font, size), align="center" if cell.role == "title" else "left") for t in texts]
        if cell.role == "category":
            return [paragraph(run(t, HEI, 21), align="center" if cell.down > 1 else "left") for t in texts]
        align = "center" if cell.role == "serial" else "left"
        if cell.role == "duty" and "auto_numbers" in self.quirks:
            return self.automatic(texts)
        at = next(self.duties) if cell.role == "duty" else -1
        return [paragraph(self.words(t, at), align=align) for t in texts]

    def automatic(self, texts: list[str]) -> list[str]:
        """Paragraphs whose numbers Word counts; each cell is a list of its own."""
        own, found = next(self.lists), []
        self.used = own
        for text in texts:
            mark = ""
            if NUMBER.match(text):
                text = NUMBER.sub("", text)
                mark = f'<w:numPr><w:ilvl w:val="0"/><w:numId w:val="{own}"/></w:numPr>'
            found.append(paragraph(run(text, FANG, 21), more=mark))
        return found

    def cell(self, cell: Cell | None, width: int, merge: str, at: tuple[int, int]) -> str:
        span = f'<w:gridSpan w:val="{cell.across}"/>' if cell and cell.across > 1 else ""
        inner = "".join(self.paragraphs(cell)) if cell else "<w:p/>"
        made = f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/>{span}{merge}<w:vAlign w:val="center"/></w:tcPr>{inner}</w:tc>'
        if "content_controls" in self.quirks and cell and cell.role == "text" and at[0] % 7 == 3:
            return self.control(made)
        return made

    def table(self, grid: Grid, width: int) -> str:
        widths = [round(width * w / sum(grid.widths)) for w in grid.widths]
        edges = "".join(
            f'<w:{e} w:val="single" w:sz="4" w:space="0" w:color="000000"/>'
            for e in ("top", "left", "bottom", "right", "insideH", "insideV")
        )
        made = f'<w:tbl><w:tblPr><w:tblW w:w="{width}" w:type="dxa"/><w:jc w:val="center"/><w:tblBorders>{edges}</w:tblBorders><w:tblLayout w:type="fixed"/><w:tblCellMar><w:left w:w="60" w:type="dxa"/><w:right w:w="60" w:type="dxa"/></w:tblCellMar></w:tblPr>'
        made += "<w:tblGrid>" + "".join(f'<w:gridCol w:w="{w}"/>' for w in widths) + "</w:tblGrid>"
        for r, row in enumerate(self.merged(grid)):
            mark = "<w:tblHeader/>" if "marked_heads" in self.quirks and r < grid.heads else ""
            cells = "".join(
                self.cell(c, sum(widths[at : at + (c.across if c else across)]), merge, (r, at))
                for at, c, across, merge in row
            )
            whole = f"<w:tr><w:trPr>{mark}</w:trPr>{cells}</w:tr>"
            body = r >= grid.heads and not any(merge for *_, merge in row)
            made += self.control(whole) if "content_controls" in self.quirks and body and r % 11 == 5 else whole
        return made + "</w:tbl>"

    @staticmethod
    def merged(grid: Grid) -> list[list[tuple[int, Cell | None, int, str]]]:
        """Rows as Word holds them: (column, cell or None where one continues from above, columns, w:vMerge)."""
        hanging: dict[int, tuple[int, int]] = {}  # column -> rows still to cover, columns
        found = []
        for row in placed(grid):
            line, c = [], 0
            while c < len(row):
                if c in hanging:
                    left, across = hanging.pop(c)
                    line.append((c, None, across, "<w:vMerge/>"))
                    if left > 1:
                        hanging[c] = (left - 1, across)
                    c += across
                    continue
                cell = row[c]
                assert cell is not None
                if cell.down > 1:
                    hanging[c] = (cell.down - 1, cell.across)
                line.append((c, cell, cell.across, '<w:vMerge w:val="restart"/>' if cell.down > 1 else ""))
                c += cell.across
            found.append(line)
        return found

    def numbering(self) -> str:
        level = '<w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="decimal"/><w:suff w:val="nothing"/><w:lvlText w:val="%1."/><w:lvlJc w:val="left"/></w:lvl>'
        made = f'{HEAD}<w:numbering xmlns:w="{W}"><w:abstractNum w:abstractNumId="0"><w:multiLevelType w:val="singleLevel"/>{level}</w:abstractNum>'
        for n in range(1, self.used + 1):
            made += f'<w:num w:numId="{n}"><w:abstractNumId w:val="0"/><w:lvlOverride w:ilvl="0"><w:startOverride w:val="1"/></w:lvlOverride></w:num>'
        return made + "</w:numbering>"


def section(wide: bool) -> str:
    """Page size and margins of GB/T 9704, narrower on both sides for the tables; the footer numbers the pages."""
    size = '<w:pgSz w:w="16838" w:h="11906" w:orient="landscape"/>' if wide else '<w:pgSz w:w="11906" w:h="16838"/>'
    return f'<w:sectPr><w:footerReference w:type="default" r:id="rId4"/>{size}<w:pgMar w:top="1701" w:right="1134" w:bottom="1417" w:left="1134" w:header="851" w:footer="992" w:gutter="0"/></w:sectPr>'


def around(title: str, numbering: str) -> dict[str, str]:
    """Every member but the document itself."""
    office = "application/vnd.openxmlformats-officedocument.wordprocessingml."
    kinds = {
        "document": f"{office}document.main",
        "styles": f"{office}styles",
        "fontTable": f"{office}fontTable",
        "numbering": f"{office}numbering",
        "footer1": f"{office}footer",
    }
    over = "".join(f'<Override PartName="/word/{n}.xml" ContentType="{t}+xml"/>' for n, t in kinds.items())
    types = f'{HEAD}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>{over}<Override PartName="/docProps/core.xml" ContentType="application/vnd.openxmlformats-package.core-properties+xml"/></Types>'
    rels = f'{HEAD}<Relationships xmlns="{REL}"><Relationship Id="rId1" Type="{R}/officeDocument" Target="word/document.xml"/><Relationship Id="rId2" Type="http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties" Target="docProps/core.xml"/></Relationships>'
    inner = "".join(
        f'<Relationship Id="rId{n}" Type="{R}/{t}" Target="{f}.xml"/>'
        for n, (t, f) in enumerate(
            {"styles": "styles", "fontTable": "fontTable", "numbering": "numbering", "footer": "footer1"}.items(), 1
        )
    )
    core = f'{HEAD}<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><dc:title>{escape(title)}（示例数据）</dc:title><dc:creator>示例数据</dc:creator><dcterms:created xsi:type="dcterms:W3CDTF">{STAMP}</dcterms:created><dcterms:modified xsi:type="dcterms:W3CDTF">{STAMP}</dcterms:modified></cp:coreProperties>'
    fonts = "".join(
        f'<w:font w:name="{n}"><w:altName w:val="{a}"/><w:charset w:val="86"/><w:family w:val="auto"/></w:font>'
        for n, a in FALLBACK.items()
    )
    styles = f'<w:docDefaults><w:rPrDefault><w:rPr><w:rFonts w:ascii="{FANG}" w:eastAsia="{FANG}" w:hAnsi="{FANG}"/><w:sz w:val="21"/><w:lang w:eastAsia="zh-CN"/></w:rPr></w:rPrDefault></w:docDefaults><w:style w:type="paragraph" w:default="1" w:styleId="a"><w:name w:val="Normal"/></w:style>'
    page = f'<w:p><w:pPr><w:jc w:val="center"/></w:pPr><w:r>{rpr("宋体", 28)}<w:t xml:space="preserve">— </w:t></w:r><w:fldSimple w:instr=" PAGE "><w:r>{rpr("宋体", 28)}<w:t>1</w:t></w:r></w:fldSimple><w:r>{rpr("宋体", 28)}<w:t xml:space="preserve"> —</w:t></w:r></w:p>'
    return {
        "[Content_Types].xml": types,
        "_rels/.rels": rels,
        "docProps/core.xml": core,
        "word/_rels/document.xml.rels": f'{HEAD}<Relationships xmlns="{REL}">{inner}</Relationships>',
        "word/styles.xml": f'{HEAD}<w:styles xmlns:w="{W}">{styles}</w:styles>',
        "word/fontTable.xml": f'{HEAD}<w:fonts xmlns:w="{W}">{fonts}</w:fonts>',
        "word/numbering.xml": numbering,
        "word/footer1.xml": f'{HEAD}<w:ftr xmlns:w="{W}">{page}</w:ftr>',
    }


def docx(paper: Paper) -> bytes:
    """The document's bytes."""
    writer = Writer(paper)
    width = (16838 if paper.wide() else 11906) - 2 * 1134
    body = ""
    for block in paper.blocks():
        body += line(block, width) if isinstance(block, Line) else writer.table(block, width)
    document = f'{HEAD}<w:document xmlns:w="{W}" xmlns:r="{R}"><w:body>{body}<w:p/>{section(paper.wide())}</w:body></w:document>'
    return packed({**around(paper.title, writer.numbering()), "word/document.xml": document})
