"""Web pages (html, htm, mht, pages saved by Word) as blocks, in whatever encoding they really are."""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from .. import rules
from ..errors import DocumentError
from . import guard
from .blocks import Document, Table, Text
from .numbering import written

PICTURES = "含图片,图片中的文字没有读取"
REVISED = "含删除标记,按删除后读取"
HIDDEN = "含隐藏的内容,没有读取"
ADDED = "另有 frame/iframe 嵌入的页面,其中的内容没有读取"
_GB = ("gb2312", "gbk", "gb18030", "x-gbk", "gb_2312-80", "cp936", "ms936", "hz-gb-2312", "csgb2312", "iso-ir-58")
_META = re.compile(rb"<(?:meta|\?xml)\b[^>]{0,300}?(?:charset|encoding)\s*=\s*[\"']?\s*([\w.:-]+)", re.I)
_PROLOGUE = re.compile(r"^\s*<\?xml[^>]*\?>")
_SPACE = re.compile(r"[ \t\r\n\f]+")
_WRAP = re.compile(
    r"(?<=[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef])[ \t]*[\r\n][ \t\r\n]*(?=[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef])"
)
_SILENT = re.compile(r"<!--.*?-->|<script\b.*?</script", re.S | re.I)
_STRUCK = re.compile(r"text-decoration[\w-]*\s*:[^;]*line-through", re.I)
_UNSEEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden|mso-hide\s*:\s*all", re.I)
_DROPPED = frozenset(
    [
        "script",
        "style",
        "head",
        "template",
        "noscript",
        "select",
        "option",
        "datalist",
        "object",
        "svg",
        "map",
        "button",
    ]
)
_BLOCK = frozenset(
    [
        "p",
        "div",
        "li",
        "ul",
        "ol",
        "dl",
        "dt",
        "dd",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "section",
        "article",
        "header",
        "footer",
        "main",
        "nav",
        "aside",
        "center",
        "blockquote",
        "pre",
        "figure",
        "figcaption",
        "form",
        "fieldset",
        "address",
        "caption",
        "tr",
        "td",
        "th",
        "table",
        "body",
        "html",
        "hr",
    ]
)
_LISTS = {"a": "lowerLetter", "A": "upperLetter", "i": "lowerRoman", "I": "upperRoman"}
_CSS_LISTS = {
    "cjk-ideographic": "chineseCounting",
    "simp-chinese-informal": "chineseCounting",
    "lower-alpha": "lowerLetter",
    "upper-alpha": "upperLetter",
    "lower-roman": "lowerRoman",
    "upper-roman": "upperRoman",
    "decimal-leading-zero": "decimalZero",
}


@dataclass(frozen=True)
class _Reading:
    """What is remembered while one page is read: notes, how many tables there were, the sentence being gathered."""

    notes: dict[str, int] = field(default_factory=dict)
    tables: list[int] = field(default_factory=lambda: [0])
    pieces: list[str] = field(default_factory=list)


def document(data: bytes, name: str) -> Document:
    """The document in the bytes of a web page; raises DocumentError."""
    from lxml import etree, html

    said = ""
    if re.match(rb"\s*(?:From |(?:MIME-Version|Content-Type|Subject|Date|X-[\w-]+):)", data, re.I):
        data, said = _page(data)
    text, notes = decoded(data, said)
    if re.search(r"<!ENTITY", text):
        raise DocumentError(guard.ENTITIES)
    _complete(text)
    text = _PROLOGUE.sub("", text).replace("\0", "\ufffd")
    parser = html.HTMLParser(encoding="utf-8", no_network=True, huge_tree=True, remove_comments=True, remove_pis=True)
    try:
        root = html.document_fromstring(text.encode("utf-8", "replace"), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError):
        raise DocumentError(guard.DAMAGED) from None
    if any("depth" in entry.message for entry in parser.error_log):
        raise RecursionError
    reading = _Reading()
    body = root.find("body")
    heading = " ".join((root.findtext(".//head/title") or "").split())
    blocks = (*[Text(heading)] * bool(heading), *_blocks(root if body is None else body, reading))
    return Document(name, "html", blocks, (*notes, *reading.notes), tuple(n for n in reading.notes if n == ADDED))


def _complete(text: str) -> None:
    """Nothing; raises DocumentError for a page that ends before its last table or its own end."""
    bare = _SILENT.sub("", text).lower()
    opened, closed = (len(re.findall(rf"<{mark}table[\s>]", bare)) for mark in ("", "/"))
    if opened > closed or ("<html" in bare and "</html" not in bare):
        raise DocumentError("网页不完整(没有结束标记,可能没有下载完):请用浏览器打开核对后重新另存为 html")


def decoded(data: bytes, said: str = "") -> tuple[str, list[str]]:
    """The text of a page, and notes where it is not in the encoding it declares.

    said : the encoding named by whoever sent the page ("" unknown). A declaration is believed only if every
    byte fits and no better one does: pages declared gb2312 hold characters of gb18030, pages declared UTF-8
    are GBK. Raises DocumentError where nothing fits.
    """
    for mark, codec in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(mark):
            return data.decode(codec, "replace"), []
    if data[1:20:2] == b"\0" * 10 or data[:20:2] == b"\0" * 10:
        return data.decode("utf-16-le" if data[1:2] == b"\0" else "utf-16-be", "replace"), []
    named = _META.search(data[:8192])
    told = (named[1].decode("ascii", "replace") if named else said).lower()
    codec = "gb18030" if told in _GB else told
    order = ["utf-8", *([codec] if codec in ("big5", "gb18030", "big5-hkscs") else []), "gb18030"]
    for one in dict.fromkeys(order):
        try:
            text = data.decode("cp950" if one == "big5" else one)
        except UnicodeDecodeError:
            continue
        right = not told or one == codec or data.isascii() or told in ("utf8", "unicode-1-1-utf-8")
        return text, [] if right else [f"网页声明的编码是 {told},实际是 {one.upper()},按实际编码读取"]
    text = max((data.decode(one, "replace") for one in ("utf-8", "gb18030")), key=lambda t: -t.count("\ufffd"))
    lost, wide = text.count("\ufffd"), sum(c > "\x7f" for c in text)
    if lost * 1000 > wide:
        raise DocumentError(guard.GARBLED)
    return text, [f"网页有 {lost} 处字节损坏,该处文字显示为“\ufffd”"]


def _page(data: bytes) -> tuple[bytes, str]:
    """The first HTML part of a page saved as one file (mht), and the encoding its header names."""
    message = email.message_from_bytes(data.lstrip(), policy=email.policy.default)
    for part in message.walk():
        if part.get_content_type() in ("text/html", "application/xhtml+xml"):
            content = part.get_payload(decode=True)
            if isinstance(content, bytes) and content:
                return content, str(part.get_content_charset() or "")
    raise DocumentError("网页归档文件里没有网页正文:请用浏览器打开后另存为 html 再试")


def _blocks(node: Any, reading: _Reading) -> Iterator[Text | Table]:
    """Text and tables below ``node`` in reading order."""
    yield from _walk(node, reading)
    yield from _flushed(reading)


def _flushed(reading: _Reading) -> Iterator[Text]:
    text = _lines("".join(reading.pieces))
    reading.pieces.clear()
    if text:
        yield Text(text)


def _walk(node: Any, reading: _Reading) -> Iterator[Text | Table]:
    _say(node.text, reading, node)
    for child in node:
        if isinstance(child.tag, str) and _is_seen(child, reading):
            kind = child.tag.lower()
            if kind == "br":
                reading.pieces.append("\n")
            elif kind == "table":
                yield from _flushed(reading)
                yield from _table(child, reading)
                yield from _flushed(reading)
            elif kind in _BLOCK:
                yield from _flushed(reading)
                reading.pieces.append(_mark(child) if kind == "li" else "")
                yield from _walk(child, reading)
                yield from _flushed(reading)
            else:
                yield from _walk(child, reading)
        _say(child.tail, reading, node)


def _say(text: str | None, reading: _Reading, node: Any) -> None:
    if text:
        text = text.replace("\u200b", "").replace("\ufeff", "").replace("\xad", "")
        if node.tag != "pre":
            text = _SPACE.sub(" ", _WRAP.sub("", text))
        reading.pieces.append(text)


def _is_seen(node: Any, reading: _Reading) -> bool:
    """Whether a reader of the page sees ``node``; what is left out with text in it is noted."""
    kind = node.tag.lower()
    if kind in _DROPPED:
        return False
    if kind == "img":
        reading.notes[PICTURES] = 1
    if kind in ("iframe", "frame"):
        reading.notes[ADDED] = 1
        return False
    struck = kind in ("del", "s", "strike") or bool(_STRUCK.search(node.get("style", "")))
    gone = REVISED if struck else HIDDEN
    if struck or node.get("hidden") is not None or _UNSEEN.search(node.get("style", "")):
        if "".join(node.itertext()).strip():
            reading.notes[gone] = 1
        return False
    return True


def _mark(item: Any) -> str:
    """The number a browser puts before an item of an ordered list."""
    above = item.getparent()
    style = f"{above.get('style', '')};{item.get('style', '')}".lower()
    if above.tag != "ol" or re.search(r"list-style(?:-type)?\s*:[^;]*none", style):
        return ""
    count, step = _whole(above.get("start"), 1), 1
    items = [one for one in above if one.tag == "li"]
    if above.get("reversed") is not None:
        count, step = _whole(above.get("start"), len(items)), -1
    for one in items:
        count = _whole(one.get("value"), count)
        if one is item:
            break
        count += step
    named = re.search(r"list-style(?:-type)?\s*:\s*([\w-]+)", style)
    kind = _CSS_LISTS.get(named[1], "decimal") if named else _LISTS.get(above.get("type", ""), "decimal")
    return written(count, kind) + ("、" if kind == "chineseCounting" else ".")


def _lines(text: str) -> str:
    """``text`` with single spaces, no blank lines and no space at either end of a line."""
    kept = (_SPACE.sub(" ", line.replace("\xa0", " ")).strip() for line in text.split("\n"))
    return "\n".join(line for line in kept if line)


# --- tables


def _table(node: Any, reading: _Reading) -> Iterator[Text | Table]:
    """The table; or, where it only lays out others on the page, what its cells hold."""
    groups = [g for g in _groups(node, reading) if g]
    cells = [cell for group in groups for row in group for cell in row]
    inner = sum(1 for _ in node.iterdescendants("td", "th")) - len(cells)
    loose = [c for c in node if isinstance(c.tag, str) and c.tag == "caption" and _is_seen(c, reading)]
    for part in loose:
        yield from _blocks(part, reading)
    if inner > len(cells) or len(cells) == 1:
        for cell in cells:
            yield from _blocks(cell, reading)
        return
    reading.tables[0] += 1
    number = reading.tables[0]
    placed, height = _placed(groups, reading)
    reading.tables[0] = number
    grid, merged = guard.laid(placed, height)
    if grid and grid[0]:
        heads = sum(1 for _ in _rows(node.find("thead"), reading)) if node.find("thead") is not None else 0
        yield Table(tuple(map(tuple, grid)), number=number, merged=tuple(merged), heads=heads if heads < height else 0)


def _groups(table: Any, reading: _Reading) -> Iterator[list[list[Any]]]:
    """The row groups of a table as rows of cells: spans end with their group. A footer comes last."""
    loose: list[list[Any]] = []
    foot: list[list[list[Any]]] = []
    for child in table:
        kind = child.tag.lower() if isinstance(child.tag, str) else ""
        if kind in ("thead", "tbody", "tfoot") and _is_seen(child, reading):
            if loose:
                yield loose
                loose = []
            if kind == "tfoot":
                foot.append(list(_rows(child, reading)))
            else:
                yield list(_rows(child, reading))
        elif kind == "tr" and _is_seen(child, reading):
            loose.append(_cells(child, reading))
    yield loose
    yield from foot


def _rows(group: Any, reading: _Reading) -> Iterator[list[Any]]:
    for row in group:
        if row.tag == "tr" and _is_seen(row, reading):
            yield _cells(row, reading)


def _cells(row: Any, reading: _Reading) -> list[Any]:
    return [c for c in row if c.tag in ("td", "th") and _is_seen(c, reading)]


def _placed(groups: list[list[list[Any]]], reading: _Reading) -> tuple[list[tuple[int, int, int, int, str]], int]:
    """Cells as (top, left, rows, columns, text), each in the first free place of its row, and the height."""
    placed, base, steps, limit = [], 0, 0, rules.value("documents.cells")
    for group in groups:
        until: dict[int, int] = {}  # column -> first row (of the group) in which it is free again
        for at, row in enumerate(group):
            column = 0
            for cell in row:
                while until.get(column, 0) > at:
                    column, steps = column + 1, steps + 1
                wide = min(max(_whole(cell.get("colspan"), 1), 1), 1000)
                down = _whole(cell.get("rowspan"), 1)
                down = min(down or len(group), len(group) - at) if down >= 0 else 1
                steps += wide
                if steps > limit:
                    raise DocumentError(guard.WIDE)
                for covered in range(column, column + wide):
                    until[covered] = at + down
                placed.append((base + at, column, down, wide, _cell(cell, reading)))
                column += wide
        base += len(group)
    return placed, base


def _cell(cell: Any, reading: _Reading) -> str:
    """The text of a cell: paragraphs, items, and the rows of a small table in it, one a line."""
    lines: list[str] = []
    for block in _blocks(cell, reading):
        if isinstance(block, Text):
            lines.append(block.text)
        else:
            lines += ["\n".join(dict.fromkeys(filter(None, row))) for row in block.grid]
    return "\n".join(filter(None, lines))


def _whole(text: str | None, usual: int) -> int:
    found = re.match(r"\s*([+-]?\d{1,9})", text or "")
    return int(found[1]) if found else usual
