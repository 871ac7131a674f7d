"""PDF files with a text layer as blocks: ruled tables page by page, the text between them in reading order."""

from __future__ import annotations

import contextlib
import io
import logging
import re
import time
import zlib
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from .. import rules
from ..errors import DocumentError
from . import guard, ruling
from .blocks import Document, Table, Text

WORD = "请向发文单位索取 Word 版"
OCR = f"请用 WPS/Acrobat 做文字识别后核对并另存为 docx,或{WORD[1:]}"
HEADING = re.compile(
    r"序号|编号|编码|类别|(?:具体|履职|主要)?事项(?:名称|内容|类别)?|.{0,8}部门|.{0,12}职责|工作(?:任务|方式|内容)|.{0,6}依据|履职保障|备注"
)
NUMBER = re.compile(
    r"[-—–─－·•\s]*(?:第\s*)?\d{1,4}(?:\s*页)?(?:\s*[,\uff0c/\uff0f]?\s*共?\s*\d{1,4}\s*页?)?[-—–─－·•\s]*"
)
LABEL = re.compile(r"[\d一二三四五六七八九十百第条(\uff08)\uff09.\uff0e、,\uff0c:\uff1a①-⑳\s]+")
COUNT = re.compile(
    r"[.\uff0e…·\s]*[(\uff08]?(?:共|第)?\s*[\d\uff0d-]*\s*(?:大?[项件页条类个])?[)\uff09]?[.\uff0e…·\s]*\d*"
)
NEW = re.compile(
    r"第?[一二三四五六七八九十百]+[、.\uff0e章条节]|[(\uff08][一二三四五六七八九十百\d]+[)\uff09]|\d+\s*[.、\uff0e]|[①-⑳]"
)
MARGIN = 0.12  # share of the page above and below in which running heads and page numbers stand
COVERED = 0.5  # share of the page a picture must cover to be a scan
GUTTER = 0.8  # gap between two pieces of a line, in characters, that divides columns
FEWEST = 6  # lines so divided at one place that make columns


@dataclass(frozen=True)
class _Line:
    """Characters of one line: where it stands, its text, the size of its type, and its pieces between wide gaps."""

    x0: float
    x1: float
    top: float
    size: float
    text: str
    pieces: tuple[tuple[float, float, str], ...]


@dataclass(frozen=True)
class _Sheet:
    """One page: its ruled tables with the texts of their cells, and the lines outside them."""

    page: int
    width: float
    height: float
    ruled: ruling.Page
    texts: dict[int, str]
    lines: tuple[_Line, ...]


def document(data: bytes, name: str) -> Document:
    """The document in the bytes of a PDF; raises DocumentError."""
    import pdfplumber
    from pdfminer.pdfdocument import PDFEncryptionError, PDFPasswordIncorrect
    from pdfplumber.utils.exceptions import PdfminerException

    data = data[data.index(b"%PDF-") :]
    _unpacks(data)
    with _quiet():
        try:
            with pdfplumber.open(io.BytesIO(data)) as book:
                return _read(book, name)
        except (PdfminerException, PDFEncryptionError) as fault:
            inner = fault.args[0] if fault.args else fault
            if isinstance(inner, (PDFPasswordIncorrect, PDFEncryptionError)):
                raise DocumentError(guard.LOCKED) from None
            raise DocumentError(guard.DAMAGED) from None


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Silences the parser, which comments on every small fault of a file."""
    log = logging.getLogger("pdfminer")
    held, log.disabled = log.level, log.disabled
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(held)


def _read(book: Any, name: str) -> Document:
    from pdfminer.pdftypes import resolve1

    pages = book.pages
    most = rules.value("documents.pages")
    if len(pages) > most:
        raise DocumentError(f"超过 {most} 页:请拆成几个文件再试")
    declared = resolve1(resolve1(book.doc.catalog.get("Pages")) or {}).get("Count")
    if not pages or (isinstance(declared, int) and declared != len(pages)):
        raise DocumentError(guard.DAMAGED)
    notes: dict[str, bool] = {}
    sheets, scanned = [], []
    deadline = time.monotonic() + 60 + rules.value("documents.page_seconds") * len(pages)
    for page in pages:
        sheet = _sheet(page, notes)
        if sheet is None:
            scanned.append(page.page_number)
        else:
            sheets.append(sheet)
        page.close()
        if time.monotonic() > deadline:
            raise DocumentError(f"页面过于复杂,读取超时:{WORD}")
    if scanned:
        which = "扫描件" if len(scanned) == len(pages) else f"第 {_numbers(scanned)} 页是扫描图片"
        raise DocumentError(f"{which},没有可用的文字层:{OCR}")
    kept = _without_running_heads(sheets, notes)
    _readable(kept)
    blocks: list[Text | Table] = []
    for sheet in kept:
        blocks += _blocks(sheet, sum(isinstance(b, Table) for b in blocks))
    return Document(name, "pdf", tuple(blocks), tuple(notes), tuple(n for n, unread in notes.items() if unread))


def _numbers(pages: Sequence[int]) -> str:
    return "、".join(map(str, pages[:10])) + ("等" if len(pages) > 10 else "")


def _unpacks(data: bytes) -> None:
    """Nothing; raises DocumentError for a compressed stream that is cut short, damaged, or unpacks without end."""
    if re.search(rb"/FlateDecode\s*/FlateDecode|/FlateDecode\s*/LZWDecode", data):
        raise DocumentError(guard.BOMB)
    sealed = b"/Encrypt" in data
    left = rules.value("documents.unzipped_mb") * guard.MB
    ratio, floor = rules.value("documents.ratio"), rules.value("documents.ratio_from_mb") * guard.MB
    view = memoryview(data)
    for found in re.finditer(rb">>\s*stream\r?\n", data):
        head = data[max(data.rfind(b" obj", 0, found.start()), found.start() - 4000) : found.start()]
        if b"/FlateDecode" not in head or b"/ASCII" in head or b"/Image" in head or sealed:
            continue
        inflate, at, out = zlib.decompressobj(), found.end(), 0
        while not inflate.eof:
            piece = bytes(view[at : at + guard.CHUNK])
            at += guard.CHUNK
            try:
                while piece:
                    got = len(inflate.decompress(piece, guard.MB))
                    out, left, piece = out + got, left - got, inflate.unconsumed_tail
                    if left < 0 or (out > floor and out > ratio * (at - found.end())):
                        raise DocumentError(guard.BOMB)
                    if inflate.eof:
                        break
            except zlib.error:
                raise DocumentError(guard.DAMAGED) from None
            if at >= len(data) and not inflate.eof:
                raise DocumentError(guard.DAMAGED)


# --- one page


def _sheet(page: Any, notes: dict[str, bool]) -> _Sheet | None:
    """What stands on a page; None where it is a picture of text."""
    page = _upright(page)
    chars = page.chars
    seen = max((_share(page, image) for image in page.images), default=0.0)
    if not any(c["text"].strip() for c in chars):
        if seen > 0.05 or len(page.curves) > 200:
            return None
        notes[f"第 {page.page_number} 页没有内容"] = True
    level = [c for c in chars if not _is_slanted(c["matrix"])]
    if len(level) < len(chars):
        notes["斜排的文字(水印)没有读取"] = False
    ruled = ruling.tables([*page.lines, *page.rects, *page.curves])
    if ruled is None:
        raise DocumentError(f"第 {page.page_number} 页线条过多,像是图纸而不是表格:{WORD}")
    if seen >= COVERED:
        if not ruled.tables and not (len(chars) > 3 and page.page_number == 1):
            return None  # text laid over a scan by a machine has no lines that could be trusted
        notes[f"第 {page.page_number} 页有大幅图片,图片中的文字没有读取"] = True
    held: dict[int, list[Any]] = {}
    for char in level:
        middle = (char["x0"] + char["x1"]) / 2, (char["top"] + char["bottom"]) / 2
        held.setdefault(ruling.cell_at(ruled, *middle), []).append(char)
    lines = tuple(_lines(held.pop(-1, [])))
    if ruled.broken or any(_inside(line, table) for line in lines for table in ruled.tables):
        raise DocumentError(f"第 {page.page_number} 页的表格线不完整,分不清单元格:{WORD}")
    texts = {label: "\n".join(line.text for line in _lines(inner)) for label, inner in held.items()}
    return _Sheet(page.page_number, float(page.width), float(page.height), ruled, texts, lines)


def _is_slanted(matrix: Sequence[float]) -> bool:
    """Whether text runs neither level nor straight up or down."""
    along, up = abs(matrix[0]), abs(matrix[1])
    return min(along, up) > 0.1 * max(along, up)


def _upright(page: Any) -> Any:
    """The page turned so that most of its text is level."""
    turned = [c["matrix"][1] > 0 for c in page.chars if abs(c["matrix"][0]) < 0.01 * abs(c["matrix"][1])]
    if 2 * len(turned) <= len(page.chars):
        return page
    from pdfplumber.page import Page

    turn = 90 if 2 * sum(turned) > len(turned) else 270
    held = page.page_obj
    held.rotate = (held.rotate + turn) % 360
    held.attrs = {**held.attrs, "Rotate": held.rotate}
    return Page(page.pdf, held, page.page_number)


def _share(page: Any, image: Any) -> float:
    wide = min(image["x1"], page.width) - max(image["x0"], 0)
    high = min(image["bottom"], page.height) - max(image["top"], 0)
    return max(wide, 0) * max(high, 0) / float(page.width * page.height)


def _inside(line: _Line, table: ruling.Ruled) -> bool:
    left, top, right, bottom = table.box
    middle = line.top + line.size / 2
    return top + 2 < middle < bottom - 2 and line.x1 > left + 2 and line.x0 < right - 2


def _lines(chars: list[Any]) -> Iterator[_Line]:
    """The lines of some characters from the top down; overprinted ones (false bold) once."""
    rows: list[list[Any]] = []
    middle = -1e9
    for char in sorted(chars, key=lambda c: (c["top"] + c["bottom"]) / 2):
        here = (char["top"] + char["bottom"]) / 2
        if rows and here - middle < 0.5 * max(char["size"], 1):
            rows[-1].append(char)
        else:
            rows.append([char])
            middle = here
    for row in rows:
        row.sort(key=lambda c: c["x0"])
        size = max(c["size"] for c in row)
        pieces: list[list[Any]] = []  # of [left, right, text]
        kept: list[Any] = []
        spaced = False
        for char in row:
            if not char["text"].strip():
                spaced = True
                continue
            if any(c["text"] == char["text"] and char["x0"] - c["x0"] < 0.35 * char["size"] for c in kept[-3:]):
                continue
            gap = char["x0"] - kept[-1]["x1"] if kept else size
            if gap < GUTTER * size:
                pieces[-1][1:] = char["x1"], pieces[-1][2] + " " * (spaced and gap > 0.15 * size) + _text(char)
            else:
                pieces.append([char["x0"], char["x1"], _text(char)])
            kept.append(char)
            spaced = False
        if kept:
            text = " ".join(p[2] for p in pieces)
            top = min(c["top"] for c in kept)
            yield _Line(kept[0]["x0"], kept[-1]["x1"], top, size, text, tuple(map(tuple, pieces)))


def _text(char: Any) -> str:
    return "\ufffd" if char["text"].startswith("(cid:") else char["text"]


# --- the whole


def _without_running_heads(sheets: Sequence[_Sheet], notes: dict[str, bool]) -> list[_Sheet]:
    """The pages without page numbers, and without what repeats at the rim of most pages after its first time."""
    rims = [[line for line in s.lines if _at_rim(line, s)] for s in sheets]
    often = Counter(text for rim in rims for text in {_bare(line) for line in rim})
    least = max(3, 0.6 * len(sheets))
    repeated = {text for text, count in often.items() if count >= least and re.search(r"\w", text)}
    met: set[str] = set()
    kept = []
    for sheet, rim in zip(sheets, rims, strict=True):
        dropped = {id(line) for line in rim if NUMBER.fullmatch(line.text) or _bare(line) in met & repeated}
        met |= {_bare(line) for line in rim}
        lines = tuple(line for line in sheet.lines if id(line) not in dropped)
        kept.append(_Sheet(sheet.page, sheet.width, sheet.height, sheet.ruled, sheet.texts, lines))
    for text in sorted(repeated):
        notes[f"各页重复的页眉页脚“{text[:30]}”只读取一次"] = False
    return kept


def _at_rim(line: _Line, sheet: _Sheet) -> bool:
    rim = max(MARGIN * sheet.height, 60)
    return not rim < line.top < sheet.height - rim


def _bare(line: _Line) -> str:
    return re.sub(r"[\d\s]+", "", line.text)


def _readable(sheets: Sequence[_Sheet]) -> None:
    """Nothing; raises DocumentError where text is garbled, columns run into each other or a table has no lines."""
    text = "".join(t for s in sheets for t in [*s.texts.values(), *(line.text for line in s.lines)])
    full = [c for c in guard.plain(text) if not c.isspace()]
    lost = sum(c == "\ufffd" or "\ue000" <= c <= "\uf8ff" for c in full)
    han = [c for c in full if "\u4e00" <= c <= "\u9fff"]
    rare = sum(not _is_common(c) for c in han)
    if lost > rules.value("documents.garbled") * max(len(full), 1) or (len(han) >= 50 and rare > 0.4 * len(han)):
        raise DocumentError(f"字体缺少文字对照表,取出的文字是乱码:{OCR}")
    if len(full) >= 200 and len(han) < 0.15 * len(full):
        raise DocumentError(f"取出的文字几乎没有汉字(乱码或不是中文文件):{OCR}")
    for sheet in sheets:
        if not sheet.ruled.tables and any(_is_heading(line) for line in sheet.lines):
            raise DocumentError(f"第 {sheet.page} 页的表格没有框线,分不清各栏:{WORD}")
        if _is_divided(sheet.lines):
            raise DocumentError(f"第 {sheet.page} 页的文字分成几栏且没有框线,各栏会混在一起:{WORD}")


def _is_common(char: str) -> bool:
    """Whether a character is in the first level of GB 2312, as nine in ten are in any Chinese text."""
    code = char.encode("gb2312", "ignore")
    return bool(code) and code[0] < 0xD8


def _is_heading(line: _Line) -> bool:
    named = [p for p in (re.sub(r"\s", "", text) for _, _, text in line.pieces) if HEADING.fullmatch(p)]
    return len(named) >= 3 or (len(named) == 2 and any(re.fullmatch(r"序号|.*事项名称", n) for n in named))


def _is_divided(lines: Sequence[_Line]) -> bool:
    """Whether many lines have a piece that begins at one and the same place after a gap, as columns do.

    What follows a number (1. 一、) and counts or page numbers at the end of a line, as in a table of contents,
    do not make a column.
    """
    starts = sorted(
        right[0]
        for line in lines
        for left, right in pairwise(line.pieces)
        if not LABEL.fullmatch(left[2]) and not COUNT.fullmatch(right[2])
    )
    most = max((bisect_right(starts, x + 3) - n for n, x in enumerate(starts)), default=0)
    return most >= FEWEST and most * 7 > len(lines)


def _blocks(sheet: _Sheet, before: int) -> list[Text | Table]:
    """Paragraphs and tables of a page from the top down; ``before``: how many tables came earlier."""
    placed: list[tuple[float, Text | Table]] = [(top, Text(text, sheet.page)) for top, text in _paragraphs(sheet)]
    for number, table in enumerate(sorted(sheet.ruled.tables, key=lambda t: (t.box[1], t.box[0])), before + 1):
        cells = [(top, left, down, wide, sheet.texts.get(label, "")) for top, left, down, wide, label in table.cells]
        grid, merged = guard.laid(cells, table.height)
        placed.append(
            (
                table.box[1],
                Table(
                    tuple(map(tuple, grid)),
                    number=number,
                    merged=tuple(merged),
                    page=sheet.page,
                    columns_at=table.columns_at,
                ),
            )
        )
    return [block for _, block in sorted(placed, key=lambda item: item[0])]


def _paragraphs(sheet: _Sheet) -> Iterator[tuple[float, str]]:
    """(top, text) of paragraphs: lines that run on to the right margin are continued by the next one."""
    right = max((line.x1 for line in sheet.lines), default=0.0)
    left = min((line.x0 for line in sheet.lines), default=0.0)
    top, text, last = 0.0, "", None
    for line in sheet.lines:
        runs_on = (
            last is not None
            and last.x1 > right - 2 * last.size
            and last.x1 - last.x0 > sheet.width / 2
            and line.x0 < left + line.size
            and abs(line.size - last.size) < 1
            and not NEW.match(line.text)
            and not (len(last.pieces) > 1 and COUNT.fullmatch(last.pieces[-1][2]))
            and not any(last.top < table.box[1] < line.top for table in sheet.ruled.tables)
        )
        if runs_on:
            text += "\n" + line.text
        else:
            if text:
                yield top, text
            top, text = line.top, line.text
        last = line
    if text:
        yield top, text
