"""Published lists as PDF with a text layer: by typst (the same bytes each time), or by LibreOffice from a docx."""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path

from .model import Cell, Grid, Line, Paper
from .word import FALLBACK, docx
from .zipped import packed, unpacked

FONT = "Noto Sans SC"
SIZES = {"title": 22, "cover": 26, "heading": 16, "under": 12, "contents": 12, "body": 14, "note": 11}
MIDDLE = {"head", "serial", "title"}


def quoted(text: str) -> str:
    """Text as typst content, line breaks and all."""
    return " + linebreak() + ".join(json.dumps(t, ensure_ascii=False) for t in text.split("\n"))


def cell(cell: Cell) -> str:
    align = "center" if cell.role in MIDDLE else "left"
    weight = "text(weight: 500, {})" if cell.role in {"head", "category", "title"} else "text({})"
    across = f"colspan: {cell.across}, " if cell.across > 1 else ""
    down = f"rowspan: {cell.down}, " if cell.down > 1 else ""
    return f"table.cell({across}{down}align: {align} + horizon, {weight.format(quoted(cell.text))})"


def table(grid: Grid) -> str:
    """A table whose header repeats on each page."""
    heads, body = grid.rows[: grid.heads], grid.rows[grid.heads :]
    first = f"table.header(repeat: true, {', '.join(cell(c) for row in heads for c in row)}),\n" if heads else ""
    rows = "".join(",\n".join(cell(c) for c in row) + ",\n" for row in body)
    widths = ", ".join(f"{w}fr" for w in grid.widths)
    return f"#table(columns: ({widths}), stroke: 0.5pt, inset: 3pt,\n{first}{rows})\n"


def line(block: Line) -> str:
    if block.role == "break":
        return "#pagebreak()\n"
    if block.role == "contents":
        return f"#block(width: 100%, {quoted(block.text)} + box(width: 1fr, repeat[.]) + [{block.page}])\n"
    align = "left" if block.role in {"body", "note"} else "right" if block.role == "signature" else "center"
    above = "#v(6cm)\n" if block.role == "cover" else ""
    indent = "　　" if block.role == "body" else ""
    return f"{above}#align({align}, text(size: {SIZES.get(block.role, 14)}pt, {quoted(indent + block.text)}))\n"


def source(paper: Paper) -> str:
    """The document in typst's language."""
    flipped = ", flipped: true" if paper.wide() else ""
    top = f"""#set document(title: {json.dumps(paper.title + "（示例数据）", ensure_ascii=False)}, date: none)
#set page("a4"{flipped}, margin: (top: 30mm, bottom: 25mm, x: 20mm), numbering: "— 1 —")
#set text(font: "{FONT}", size: 9.5pt, lang: "zh", region: "cn", costs: (widow: 0%, orphan: 0%))
"""
    return top + "".join(line(b) if isinstance(b, Line) else table(b) for b in paper.blocks())


def typst(paper: Paper) -> bytes:
    """The PDF by typst; fonts only from pylopdf-fonts-zh-cn."""
    import pylopdf_fonts_zh_cn
    import typst as compiler

    fonts = str(Path(pylopdf_fonts_zh_cn.__file__).parent)
    return compiler.compile(
        source(paper).encode(), font_paths=[fonts], ignore_system_fonts=True, format="pdf", pdf_tags=False
    )


def office(paper: Paper) -> bytes:
    """The PDF by LibreOffice from the docx, whose unfree fonts are replaced by free ones first."""
    members = unpacked(docx(paper))
    for name in ("word/document.xml", "word/styles.xml", "word/footer1.xml"):
        text = members[name].decode()
        for unfree, free in {**FALLBACK, "宋体": "Noto Serif CJK SC"}.items():
            text = text.replace(f'"{unfree}"', f'"{free}"')
        members[name] = text.encode()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "list.docx"
        path.write_bytes(packed(members))
        profile = f"-env:UserInstallation=file://{folder}/profile"
        ask = ["soffice", profile, "--headless", "--convert-to", "pdf", "--outdir", folder, str(path)]
        subprocess.run(ask, check=True, capture_output=True, timeout=120)
        return path.with_suffix(".pdf").read_bytes()


def pdf(paper: Paper) -> bytes:
    """The PDF's bytes."""
    return office(paper) if "office" in paper.quirks else typst(paper)
