"""What stands between a stranger's file and the parsers: sizes, zip and XML bombs, endless spans, garbled text."""

from __future__ import annotations

import io
import re
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from lxml import etree

from .. import rules
from ..errors import DocumentError
from .blocks import Range

MB, CHUNK = 1 << 20, 1 << 16
AGAIN = "请核对来源,用 WPS/Word 打开后另存一份再试"
BOMB = f"解压后的大小或压缩比异常(疑似压缩炸弹),出于安全没有读取:{AGAIN}"
ENTITIES = f"内部含有实体声明(正常的办公文件不会有),出于安全没有读取:{AGAIN}"
WIDE = f"表格的格数过多(合并单元格的跨度异常):{AGAIN}"
DAMAGED = "内部结构损坏或下载不完整:请重新下载,或用 WPS/Word 打开后另存一份再试"
LOCKED = "设有打开密码:请用密码打开后另存一份不加密的文件再试"
GARBLED = "文字是乱码:请用原软件打开后另存为 docx,或向发文单位索取 Word 版"
_DECLARED = re.compile(rb"<\0?!\0?(?:D\0?O\0?C\0?T\0?Y\0?P\0?E|E\0?N\0?T\0?I\0?T\0?Y)")
_ENCODING = re.compile(rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([\w.:-]+)")
_LATIN = re.compile(r"[\x80-\x9fÀ-ÖØ-öø-ÿ]")
_ODD = re.compile(r"[\u2e80-\u2fdf\uf020-\uf0ff\uf900-\ufaff]")
# Pairs radical, ideograph: the radicals supplement has no compatibility mapping of its own in Unicode.
_PAIRS = (
    "⺁厂⺂乛⺃乚⺄乙⺅亻⺆冂⺇几⺈刀⺉刂⺊卜⺋㔾⺌小⺎兀⺏尣⺐尢⺒巳⺓幺⺔彑⺕彐⺖忄⺘扌⺙攵⺛旡⺜日⺝月⺞歺⺟母⺠民⺡氵⺢氺⺣灬"
    "⺤爫⺥爫⺦丬⺧牛⺨犭⺩王⺪疋⺫目⺬示⺭礻⺮竹⺯糹⺰纟⺱罓⺲罒⺳网⺵网⺶羊⺷羊⺸羊⺹耂⺺肀⺻聿⺼月⺽臼⺾艹⺿艹⻀艹⻁虎⻂衤⻃覀"
    "⻄西⻅见⻆角⻇角⻈讠⻉贝⻊足⻋车⻌辶⻍辶⻎辶⻏阝⻐钅⻑長⻒镸⻓长⻔门⻕阜⻖阝⻗雨⻘青⻙韦⻚页⻛风⻜飞⻝食⻞食⻟飠⻠饣⻡首"
    "⻢马⻣骨⻤鬼⻥鱼⻦鸟⻧卤⻨麦⻩黄⻪黾⻫斉⻬齐⻭歯⻮齿⻯竜⻰龙⻱龟⻲亀⻳龟"
)
_RADICALS = dict(zip(_PAIRS[::2], _PAIRS[1::2], strict=True))

# Marks of the Wingdings fonts, which come as private characters U+F0xx.
_WINGDINGS = {
    **{0x6C: "●", 0x6E: "■", 0x6F: "□", 0x71: "□", 0x72: "□", 0x75: "◆", 0xA8: "□", 0xFB: "×", 0xFC: "√", 0xFD: "☒"},
    **{0xFE: "☑", 0x9F: "●", 0xD8: "➢", 0xA7: "■", 0x52: "☑", 0xA3: "□", 0x50: "√", 0xB7: "●", 0x80: "⓪", 0x8B: "⓪"},
    **{0x81 + n: chr(0x2460 + n) for n in range(10)},
    **{0x8C + n: chr(0x2460 + n) for n in range(10)},
}


def content(path: str | Path) -> bytes:
    """The bytes of a file that is neither missing, empty nor too large; raises DocumentError."""
    limit = rules.value("documents.file_mb")
    try:
        if Path(path).stat().st_size > limit * MB:
            raise DocumentError(f"文件超过 {limit} MB:请删去图片等附件,或拆成几个文件再试")
        data = Path(path).read_bytes()
    except PermissionError:
        raise DocumentError("没有读取的权限:请关闭正在使用它的程序,或换一个有权限的位置") from None
    except OSError:
        raise DocumentError("文件不存在或读取时出错:请核对路径后再试") from None
    if not data.strip(b"\0\t\r\n "):
        raise DocumentError("文件是空的:请重新下载或向发文单位索取")
    return data


def names(data: bytes) -> list[str]:
    """The names of the entries of a zip package; raises DocumentError where it is damaged or has too many."""
    if data.count(b"PK\x01\x02") > rules.value("documents.entries"):
        raise DocumentError(BOMB)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            return [name.replace("\\", "/") for name in package.namelist()]
    except (zipfile.BadZipFile, struct.error, ValueError, EOFError, LookupError, NotImplementedError):
        raise DocumentError(DAMAGED) from None


def parts(data: bytes) -> dict[str, bytes]:
    """The XML parts of a zip package by name, each unpacked by true size and free of entity declarations.

    Every entry, pictures too, counts towards the limits (rules documents.unzipped_mb, ratio, entries) by the
    bytes that really come out, whatever the directory declares. Packages inside the package are not opened.
    Raises DocumentError.
    """
    names(data)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            return dict(_unpacked(data, package.infolist()))
    except (zipfile.BadZipFile, struct.error, zlib.error, ValueError, LookupError, NotImplementedError):
        raise DocumentError(DAMAGED) from None


def tree(xml: bytes) -> Any:
    """The root element of an XML part, parsed without entities, network or DTD; raises DocumentError."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        return etree.fromstring(xml, parser)
    except (etree.XMLSyntaxError, ValueError) as fault:
        deep = "depth" in str(fault) or "too long" in str(fault) or "huge" in str(fault).lower()
        raise DocumentError(f"内部嵌套过深或单段文字过长:{AGAIN}" if deep else DAMAGED) from None


def laid(cells: Iterable[Sequence[Any]], height: int) -> tuple[list[list[str]], list[Range]]:
    """Full grid and merged ranges of cells given as (top, left, rows, columns, text), later ones on top.

    Columns in which no cell begins are left out: they come of spans wider than the table (colspan=100) and
    hold nothing of their own. Raises DocumentError beyond the rule documents.cells.
    """
    held = list(cells)
    starts = sorted({left for _, left, _, _, _ in held})
    at = {left: n for n, left in enumerate(starts)}
    area, limit = height * len(starts), rules.value("documents.cells")
    if area > limit:
        raise DocumentError(WIDE)
    grid = [[""] * len(starts) for _ in range(height)]
    merged: list[Range] = []
    for top, left, down, right, text in held:
        first, bottom = at[left], min(top + down, height)
        last = first + 1
        while last < len(starts) and starts[last] < left + right:
            last += 1
        for row in range(top, bottom):
            grid[row][first:last] = [text] * (last - first)
        if bottom - top > 1 or last - first > 1:
            merged.append(((top, first), (bottom - 1, last - 1)))
        area += (bottom - top) * (last - first)
        if area > 4 * limit:
            raise DocumentError(WIDE)
    return grid, merged


def plain(text: str) -> str:
    """``text`` with Kangxi and other radicals, compatibility ideographs and Wingdings marks as ordinary characters."""
    if not _ODD.search(text):
        return text
    return _ODD.sub(_ordinary, text)


def _ordinary(found: re.Match[str]) -> str:
    char = found[0]
    if "\uf020" <= char <= "\uf0ff":
        return _WINGDINGS.get(ord(char) & 0xFF, char)
    return _RADICALS.get(char) or unicodedata.normalize("NFKC", char)


def is_garbled(texts: Sequence[str]) -> bool:
    """Whether much of ``texts`` is what wrong decoding leaves (鐨勪竴, ä¸€, 锟斤拷, replacement characters).

    Measured per text, weighted by length; the share is the rule documents.garbled. Does not see characters
    wrongly mapped one by one.
    """
    bad = total = 0
    for text in texts:
        wide = sum(1 for c in text if c > "\x7f")
        total += wide
        marks = text.count("\ufffd") + 3 * text.count("锟斤拷") + len(_LATIN.findall(text))
        bad += wide if wide >= 4 and (marks > wide / 3 or _twice(text)) else marks
    return bad > rules.value("documents.garbled") * max(total, 1)


def _twice(text: str) -> bool:
    """Whether ``text`` is UTF-8 that was once read as GBK."""
    try:
        again = text.encode("gb18030").decode("utf-8")
    except UnicodeError:
        return False
    return any("\u4e00" <= c <= "\u9fff" for c in again)


def _unpacked(data: bytes, entries: Sequence[zipfile.ZipInfo]) -> Iterator[tuple[str, bytes]]:
    left = int(rules.value("documents.unzipped_mb") * MB)
    if sum(e.file_size for e in entries) > left:
        raise DocumentError(BOMB)
    for entry in entries:
        if entry.flag_bits & 1:
            raise DocumentError(LOCKED)
        name = entry.filename.replace("\\", "/")
        keep = name.lower().endswith((".xml", ".rels", ".vml", "mimetype"))
        pieces, check = [], 0
        for piece in _inflated(data, entry, keep):
            left -= len(piece)
            if left < 0:
                raise DocumentError(BOMB)
            if keep:
                pieces.append(piece)
                check = zlib.crc32(piece, check)
        if keep:
            xml = b"".join(pieces)
            if check != entry.CRC or len(xml) != entry.file_size:
                raise zipfile.BadZipFile
            if not name.endswith("mimetype"):
                _declares_nothing(xml)
            yield name, xml


def _inflated(data: bytes, entry: zipfile.ZipInfo, strict: bool) -> Iterator[bytes]:
    """The true content of an entry, piece by piece; a damaged picture ends early, damaged text raises."""
    at = entry.header_offset
    if data[at : at + 4] != b"PK\x03\x04":
        raise zipfile.BadZipFile
    name, extra = struct.unpack_from("<HH", data, at + 26)
    packed = memoryview(data)[at + 30 + name + extra :][: entry.compress_size]
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise zipfile.BadZipFile
    ratio, floor = rules.value("documents.ratio"), rules.value("documents.ratio_from_mb") * MB
    inflate, out = zlib.decompressobj(-15), 0
    for start in range(0, len(packed), CHUNK):
        piece = bytes(packed[start : start + CHUNK])
        if entry.compress_type == zipfile.ZIP_STORED:
            yield piece
            continue
        while piece:
            try:
                got = inflate.decompress(piece, MB)
            except zlib.error:
                if strict:
                    raise
                return
            out += len(got)
            if out > floor and out > ratio * (start + CHUNK):
                raise DocumentError(BOMB)
            yield got
            piece = inflate.unconsumed_tail
    if entry.compress_type == zipfile.ZIP_DEFLATED and strict and not inflate.eof:
        raise zipfile.BadZipFile


def _declares_nothing(xml: bytes) -> None:
    """Nothing; raises DocumentError for a DTD, an entity, or an encoding in which one could hide."""
    head = xml[:200].removeprefix(b"\xef\xbb\xbf").lstrip()
    wide = head.startswith((b"\xff\xfe<\0", b"\xfe\xff\0<", b"<\0", b"\0<"))
    if not head:
        return
    if b"\0\0" in head or (not wide and (not head.startswith(b"<") or b"\0" in head)):
        raise DocumentError(DAMAGED)
    named = _ENCODING.match(head)
    if named and named[1].lower() not in (b"utf-8", b"utf8", b"us-ascii", b"ascii"):
        raise DocumentError(ENTITIES if _DECLARED.search(xml) else DAMAGED)
    if _DECLARED.search(xml):
        raise DocumentError(ENTITIES)
