"""Word documents (docx) as blocks: what a reader sees after accepting every revision, merged cells filled."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import DocumentError
from . import guard, numbering
from .blocks import Document, Table, Text
from .numbering import STRICT, W, is_on, value

REVISED = "含修订标记,按接受全部修订读取"
HIDDEN = "含隐藏文字,没有读取"
PICTURES = "含图片,图片中的文字没有读取"
EMBEDDED = "含嵌入的对象或图表(如 Excel 表),其中的内容没有读取"
NOTES = "含脚注或尾注,注文没有读取"
COVERED = "竖向合并的单元格下另有被遮住的文字,Word 中看不见,没有读取"
STRANGE = "含有无法辨认的符号"
_THROUGH = frozenset(
    [
        "sdt",
        "sdtContent",
        "customXml",
        "smartTag",
        "ins",
        "moveTo",
        "hyperlink",
        "fldSimple",
        "dir",
        "bdo",
        "ruby",
        "rubyBase",
        "oMath",
        "oMathPara",
        "body",
    ]
)
UNREAD = (PICTURES, EMBEDDED, COVERED)  # notes of what may hide a part of the list
_GONE = frozenset(["del", "moveFrom"])
_EQUATION = re.compile(r"\beq\s*\\o\s*\\ac\s*\(\s*[○〇□△◇]\s*[,，;；]\s*([^)]+?)\s*\)", re.I)


@dataclass(frozen=True)
class _Reading:
    """What must be remembered while one document is read in order."""

    number: Callable[[Any], str]
    styles: Mapping[str, numbering.Style]
    notes: dict[str, int] = field(default_factory=dict)
    fields: list[list[str]] = field(default_factory=list)  # open fields: [code or result, instruction, text withheld]
    page: list[int] = field(default_factory=lambda: [0])
    tables: list[int] = field(default_factory=lambda: [0])


@dataclass(frozen=True)
class _Paragraph:
    """A paragraph's text and, apart, the text boxes anchored in it; ``joined``: its mark was deleted."""

    text: str
    boxes: tuple[Any, ...]
    joined: bool


def document(data: bytes, name: str) -> Document:
    """The document in the bytes of a docx file; raises DocumentError."""
    parts = guard.parts(data)
    main, others = _main(parts)
    roots = {kind: guard.tree(parts[path]) if path in parts else None for kind, path in others.items()}
    known, usual = numbering.styles(roots["styles"])
    reading = _Reading(numbering.counter(roots["numbering"], known, usual), known)
    reading.page[0] = int(b"lastRenderedPageBreak" in parts[main])
    body = guard.tree(parts[main]).find("{*}body")
    if body is None:
        raise DocumentError(guard.DAMAGED)
    blocks = tuple(_blocks(body, reading))
    if any(part == "code" and withheld for part, _, withheld in reading.fields):
        raise DocumentError("域代码不完整,部分文字无法读取:请用 Word/WPS 打开,全选后按 Ctrl+Shift+F9 再另存一份")
    return Document(name, "docx", blocks, tuple(reading.notes), tuple(n for n in reading.notes if n in UNREAD))


def _main(parts: Mapping[str, bytes]) -> tuple[str, dict[str, str]]:
    """The path of the main part, and of the styles and numbering parts it names."""
    main = next(iter(_targets(parts, "", "officeDocument")), "word/document.xml")
    if main not in parts:
        raise DocumentError(guard.DAMAGED)
    folder = posixpath.dirname(main)
    return main, {
        kind: next(iter(_targets(parts, main, kind)), f"{folder}/{kind}.xml") for kind in ("styles", "numbering")
    }


def _targets(parts: Mapping[str, bytes], source: str, kind: str) -> list[str]:
    folder, name = posixpath.split(source)
    listing = parts.get(posixpath.join(folder, "_rels", f"{name}.rels"))
    found = guard.tree(listing) if listing else ()
    return [
        posixpath.normpath(posixpath.join("/", folder, one.get("Target", ""))).lstrip("/")
        for one in found
        if one.get("Type", "").endswith(f"/{kind}") and one.get("TargetMode") != "External"
    ]


def _name(node: Any) -> str:
    return node.tag.rpartition("}")[2]


def _blocks(node: Any, reading: _Reading) -> Iterator[Text | Table]:
    """The paragraphs and tables below ``node`` in reading order."""
    carried = ""
    for child in _children(node, reading):
        kind = _name(child)
        if kind == "p":
            page = _page(child, reading)
            one = _paragraph(child, reading)
            text, carried = carried + one.text, ""
            if one.joined:
                carried = text
            elif text.strip():
                yield Text(text.strip("\n"), page)
            for box in one.boxes:
                yield from _blocks(box, reading)
        elif kind == "tbl":
            yield from _table(child, reading)
    if carried.strip():
        yield Text(carried.strip("\n"), reading.page[0])


def _children(node: Any, reading: _Reading) -> Iterator[Any]:
    """Paragraphs, tables, rows or cells below ``node``, whatever wrappers stand between."""
    for child in node:
        kind = _name(child)
        if kind in ("p", "tbl", "tr", "tc"):
            yield child
        elif kind in _THROUGH:
            yield from _children(child, reading)
        elif kind == "AlternateContent":
            for chosen in _chosen(child):
                yield from _children(chosen, reading)
        elif kind in _GONE:
            reading.notes[REVISED] = 1
        elif kind in ("altChunk", "subDoc"):
            raise DocumentError("由几个文件拼成(含外部内容块),不能完整读取:请用 Word/WPS 打开后另存为 docx 再试")


def _chosen(node: Any) -> list[Any]:
    """The one branch of an AlternateContent that is read."""
    found = [c for c in node if _name(c) == "Choice"] or [c for c in node if _name(c) == "Fallback"]
    return found[:1]


# --- paragraphs


def _paragraph(node: Any, reading: _Reading) -> _Paragraph:
    properties = node.find("{*}pPr")
    mark = properties.find("{*}rPr") if properties is not None else None
    joined = mark is not None and mark.find("{*}del") is not None
    pieces: list[str] = []
    boxes: list[Any] = []
    style = reading.styles.get(value(properties, "pStyle"))
    _inline(node, reading, pieces, boxes, bool(style and style.hidden))
    text = "".join(pieces)
    if not joined and not (mark is not None and is_on(mark.find("{*}vanish")) and not text):
        text = reading.number(properties) + text
    return _Paragraph(text, tuple(boxes), joined)


def _inline(node: Any, reading: _Reading, pieces: list[str], boxes: list[Any], hidden: bool) -> None:
    """Everything visible below a paragraph, in order, appended to ``pieces`` and ``boxes``."""
    for child in node:
        kind = _name(child)
        if kind == "r":
            _run(child, reading, pieces, boxes, hidden)
        elif kind in _GONE:
            reading.notes[REVISED] = 1
        elif kind == "AlternateContent":
            for chosen in _chosen(child):
                _inline(chosen, reading, pieces, boxes, hidden)
        elif kind == "t":  # of a formula, whose runs hold further levels
            _show(child.text or "", reading, pieces)
        elif kind not in ("pPr", "rt", "rPr"):
            if kind in ("ins", "moveTo"):
                reading.notes[REVISED] = 1
            _inline(child, reading, pieces, boxes, hidden)


def _run(node: Any, reading: _Reading, pieces: list[str], boxes: list[Any], hidden: bool) -> None:
    properties = node.find("{*}rPr")
    if properties is not None:
        style = reading.styles.get(value(properties, "rStyle"))
        struck = is_on(properties.find("{*}strike")) or is_on(properties.find("{*}dstrike"))
        own = True if struck else is_on(properties.find("{*}vanish"))
        hidden = own if own is not None else style.hidden if style and style.hidden is not None else hidden
    for child in node:
        kind = _name(child)
        if kind == "AlternateContent":
            for chosen in _chosen(child):
                _run(chosen, reading, pieces, boxes, hidden)
        elif kind == "t":
            if hidden and (child.text or "").strip():
                reading.notes[HIDDEN] = 1
            elif not hidden:
                _show((child.text or "").replace("\n", " "), reading, pieces)
        elif kind in _MARKS:
            _show("" if hidden else _MARKS[kind], reading, pieces)
        elif kind == "sym":
            _show("" if hidden else _symbol(child, reading), reading, pieces)
        elif kind in ("fldChar", "instrText"):
            _field(child, kind, reading, pieces)
        elif kind == "lastRenderedPageBreak":
            reading.page[0] += 1
        elif kind in ("drawing", "pict", "object"):
            _drawn(child, reading, boxes)
        elif kind == "ruby":
            _inline(child, reading, pieces, boxes, hidden)
        elif kind in ("footnoteReference", "endnoteReference"):
            reading.notes[NOTES] = 1


_CONTENT = [space + kind for space in (W, STRICT) for kind in ("t", "lastRenderedPageBreak")]
_MARKS = {"tab": "\n", "ptab": "\n", "br": "\n", "cr": "\n", "noBreakHyphen": "-"}


def _show(text: str, reading: _Reading, pieces: list[str]) -> None:
    """Nothing; ``text`` goes to ``pieces`` unless an instruction of a field is being read."""
    for one in reading.fields:
        if one[0] == "code":
            one[2] += text.strip()
            return
    pieces.append(text)


def _field(node: Any, kind: str, reading: _Reading, pieces: list[str]) -> None:
    """Nothing; keeps count of open fields. Circled numbers (EQ fields) have no result and are made here."""
    opened = reading.fields
    if kind == "instrText":
        if opened:
            opened[-1][1] += node.text or ""
        return
    step = value(node, "", "fldCharType")
    if step == "begin":
        opened.append(["code", "", ""])
    elif step == "separate" and opened:
        opened[-1][0] = "result"
    elif step == "end" and opened:
        _, instruction, _ = opened.pop()
        if found := _EQUATION.search(instruction):
            inner = found[1]
            _show(numbering.circled(int(inner)) if inner.isdecimal() else inner, reading, pieces)


def _symbol(node: Any, reading: _Reading) -> str:
    """A symbol by its font and code; those of Wingdings stay private characters, which guard.plain translates."""
    font, code = value(node, "", "font"), value(node, "", "char")
    point = int(code, 16) if re.fullmatch(r"[0-9A-Fa-f]{1,5}", code) else 0xFFFD
    if font.startswith(("Wingdings", "Symbol", "Webdings")) or 0xF000 <= point <= 0xF0FF:
        point = 0xF000 + (point & 0xFF)
        if guard.plain(chr(point)) == chr(point):
            reading.notes[STRANGE] = 1
    return chr(point)


def _drawn(node: Any, reading: _Reading, boxes: list[Any]) -> None:
    """Nothing; text boxes in a drawing go to ``boxes``, what is not text is noted."""
    inner = node
    for found in node.iter(f"{W}txbxContent", f"{STRICT}txbxContent"):
        if not any(up in boxes for up in found.iterancestors(found.tag)) and not _fallen_back(found, node):
            boxes.append(found)
    for mark in inner.iter("{*}blip", "{*}imagedata", "{*}OLEObject", "{*}chart", "{*}relIds"):
        reading.notes[PICTURES if _name(mark) in ("blip", "imagedata") else EMBEDDED] = 1


def _fallen_back(node: Any, top: Any) -> bool:
    """Whether ``node`` is in the branch of an AlternateContent that is not read."""
    for up in node.iterancestors():
        if up is top:
            return False
        if _name(up) == "Fallback" and any(_name(c) == "Choice" for c in up.getparent()):
            return True
    return False


# --- tables


def _table(node: Any, reading: _Reading) -> Iterator[Text | Table]:
    """The table; or, where it only lays out others on the page, what its cells hold."""
    rows = [row for row in _children(node, reading) if _name(row) == "tr" and not _is_gone(row, reading)]
    cells = [[c for c in _children(row, reading) if _name(c) == "tc"] for row in rows]
    own = sum(map(len, cells))
    inner = sum(1 for c in node.iter(f"{W}tc", f"{STRICT}tc")) - own
    if inner > own or own == 1:
        for cell in (c for row in cells for c in row):
            yield from _blocks(cell, reading)
        return
    reading.tables[0] += 1
    number, placed, pages, heads = reading.tables[0], [], [], 0
    above: dict[int, list[Any]] = {}
    for at, (row, held) in enumerate(zip(rows, cells, strict=True)):
        properties = row.find("{*}trPr")
        if at == heads and properties is not None and is_on(properties.find("{*}tblHeader")):
            heads += 1
        pages.append(max(_page(c, reading) for c in held) if held else reading.page[0])
        found = _place(at, _whole(value(properties, "gridBefore")), held, above, reading)
        placed += [one for one in found if one[0] == at]
        above = {one[1]: one for one in found}
    grid, merged = guard.laid(placed, len(rows))
    if grid:
        yield Table(
            tuple(map(tuple, grid)),
            number=number,
            merged=tuple(merged),
            heads=heads if heads < len(rows) else 0,
            page=pages[0],
            pages=tuple(pages) if pages[-1] else (),
        )


def _is_gone(row: Any, reading: _Reading) -> bool:
    properties = row.find("{*}trPr")
    if properties is None:
        return False
    if properties.find("{*}del") is not None:
        reading.notes[REVISED] = 1
        return True
    if is_on(properties.find("{*}hidden")):
        reading.notes[HIDDEN] = 1
        return True
    return False


def _place(row: int, column: int, cells: list[Any], above: Mapping[int, list[Any]], reading: _Reading) -> list[Any]:
    """The cells of one row as [top, left, rows, columns, text], those merged with the row ``above`` lengthened."""
    found: list[Any] = []
    begins, ends = reading.page[0], reading.page[0]
    for cell in cells:
        properties = cell.find("{*}tcPr")
        wide = min(max(_whole(value(properties, "gridSpan")), 1), 1000)
        down, side, gone = (
            properties.find("{*}" + k) if properties is not None else None for k in ("vMerge", "hMerge", "cellDel")
        )
        if gone is not None:
            reading.notes[REVISED] = 1
            continue
        continues = down is not None and value(down) != "restart" and column in above
        reading.page[0] = begins
        text = "" if continues and not _has_text(cell) else _cell(cell, reading)
        ends = max(ends, reading.page[0])
        if continues:
            above[column][2] += 1
            found.append(above[column])
            if text and text != above[column][4]:
                reading.notes[COVERED] = 1
        elif side is not None and value(side) != "restart" and found:
            found[-1][3] += wide
        else:
            found.append([row, column, 1, wide, text])
        column += wide
    reading.page[0] = ends
    return found


def _page(node: Any, reading: _Reading) -> int:
    """The page on which ``node`` begins: the next one if a page break is the first thing in it."""
    first = next(node.iter(*_CONTENT), None) if reading.page[0] else None
    return reading.page[0] + int(first is not None and _name(first) == "lastRenderedPageBreak")


def _has_text(cell: Any) -> bool:
    return next(cell.iter(f"{W}t", f"{STRICT}t"), None) is not None


def _cell(cell: Any, reading: _Reading) -> str:
    """The text of a cell: its paragraphs, and those of a small table or a text box in it, one a line."""
    lines: list[str] = []
    before = reading.tables[0]
    for block in _blocks(cell, reading):
        if isinstance(block, Text):
            lines.append(block.text)
        else:
            lines += ["\n".join(dict.fromkeys(filter(None, map(str.strip, row)))) for row in block.grid]
    reading.tables[0] = before
    kept = (line.strip() for text in lines for line in text.split("\n"))
    return "\n".join(line for line in kept if line)


def _whole(text: str) -> int:
    return int(text) if re.fullmatch(r"\d{1,6}", text) else 0
