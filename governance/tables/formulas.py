"""What a workbook's bytes say that its cell values do not: formula errors, formulas never calculated, locks.

Readers hand ``#REF!`` and a formula without a stored result over as an empty cell; an office must hear of
them as faults. Source: ECMA-376 part 1 §18.3.1 (xlsx), [MS-XLS] §2.4 and [MS-CFB] (xls), OASIS ODF 1.3 (ods).
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
from collections.abc import Iterator

from lxml import etree

Spots = dict[tuple[int, int], str]
Range = tuple[tuple[int, int], tuple[int, int]]
UNCALCULATED = "="
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ERRORS = {0: "#NULL!", 7: "#DIV/0!", 15: "#VALUE!", 23: "#REF!", 29: "#NAME?", 36: "#NUM!", 42: "#N/A"}
_CELL = re.compile(rb"<(?:\w+:)?c\b([^>/]*)>(.*?)</(?:\w+:)?c>", re.S)
_FORMULA = re.compile(rb"<(?:\w+:)?f\b[^>]*?(?:/>|>(.*?)</(?:\w+:)?f>)", re.S)
_VALUE = re.compile(rb"<(?:\w+:)?v\b[^>]*>(.*?)</(?:\w+:)?v>", re.S)
_REL = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"


def spots(data: bytes) -> dict[str, Spots]:
    """Per sheet, the cells (row, column, both from 0) whose formula failed, with the error or "=" + formula.

    "=…" marks a formula that was saved without a result. Sheets without such cells are left out, and so is
    everything in a file of another kind. Does not evaluate formulas: a stale but stored result passes.

    >>> spots(b"not a workbook")
    {}
    """
    if data.startswith(OLE):
        return _xls(data)
    if not data.startswith(b"PK"):
        return {}
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        names = set(book.namelist())
        if "xl/workbook.xml" in names:
            return {s: found for s, part in _parts(book) if part in names and (found := _xlsx(book.read(part)))}
        if "content.xml" in names:
            return _ods(book.read("content.xml"))[0]
    return {}


def merges(data: bytes) -> dict[str, list[Range]]:
    """Per sheet of an ods file, its merged ranges as ((top, left), (bottom, right)), all from 0; {} for others.

    >>> merges(b"not a workbook")
    {}
    """
    if data.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(data)) as book:
            if "content.xml" in book.namelist():
                return _ods(book.read("content.xml"))[1]
    return {}


def is_locked(data: bytes) -> bool:
    """Whether the workbook needs a password to be read.

    >>> is_locked(b"PK")
    False
    """
    if not data.startswith(OLE):
        return False
    try:
        streams = _streams(data)
        if "EncryptedPackage" in streams:
            return True
        return any(kind == 0x2F for kind, _, _ in _records(_workbook(data, streams), 0))
    except (struct.error, LookupError, ValueError):
        return False


def is_damaged(data: bytes) -> bool:
    """Whether an xls says what no xls can (sector size, sheet beyond 65,536 x 256), so that readers would choke.

    >>> is_damaged(OLE + bytes(600))
    True
    """
    if not data.startswith(OLE):
        return False
    try:
        if struct.unpack_from("<HH", data, 30) not in ((9, 6), (12, 6)):
            return True
        book = _workbook(data, _streams(data))
        for kind, _, body in _records(book, 0):
            if kind == 0x85:
                for inner, _, size in _records(book, struct.unpack_from("<I", body)[0]):
                    if inner == 0x200:
                        top, bottom, left, right = struct.unpack_from("<IIHH", size)
                        if not (top <= bottom <= 65536 and left <= right <= 256):
                            return True
    except (struct.error, LookupError, ValueError):
        return True
    return False


def subject(data: bytes) -> str:
    """The subject in an xlsx file's properties; "" where there is none.

    >>> subject(b"not a workbook")
    ''
    """
    if data.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(data)) as book:
            if "docProps/core.xml" in book.namelist():
                return "".join(etree.fromstring(book.read("docProps/core.xml")).itertext("{*}subject"))
    return ""


def place(reference: str) -> tuple[int, int]:
    """(row, column) from 0 of a cell reference.

    >>> place("AB12")
    (11, 27)
    """
    letters = reference.rstrip("0123456789")
    column = 0
    for one in letters:
        column = column * 26 + ord(one) - 64
    return int(reference[len(letters) :]) - 1, column - 1


def _parts(book: zipfile.ZipFile) -> Iterator[tuple[str, str]]:
    """(sheet name, path of its XML inside the package)."""
    targets = {r.get("Id"): r.get("Target", "") for r in etree.fromstring(book.read("xl/_rels/workbook.xml.rels"))}
    for sheet in etree.fromstring(book.read("xl/workbook.xml")).iter("{*}sheet"):
        target = targets.get(sheet.get(_REL), "") or ""
        yield sheet.get("name", ""), target.lstrip("/") if target.startswith("/") else f"xl/{target}"


def _xlsx(xml: bytes) -> Spots:
    found: Spots = {}
    if b't="e"' not in xml and not _FORMULA.search(xml):
        return found
    for cell in _CELL.finditer(xml):
        attributes, body = cell.groups()
        if b't="e"' not in attributes and b"f" not in body:
            continue
        at = re.search(rb'\br="([A-Z]+\d+)"', attributes)
        if at is None:
            continue
        value = _VALUE.search(body)
        text = value.group(1).decode("utf-8", "replace") if value else ""
        if b't="e"' in attributes:
            found[place(at.group(1).decode())] = text or "#VALUE!"
        elif not text and b't="str"' not in attributes and (formula := _FORMULA.search(body)):
            found[place(at.group(1).decode())] = UNCALCULATED + (formula.group(1) or b"").decode("utf-8", "replace")
    return found


def _ods(xml: bytes) -> tuple[dict[str, Spots], dict[str, list[Range]]]:
    faults: dict[str, Spots] = {}
    ranges: dict[str, list[Range]] = {}
    for table in etree.fromstring(xml, etree.XMLParser(huge_tree=True)).iter(f"{_TABLE}table"):
        name, row = table.get(f"{_TABLE}name", ""), 0
        for line in table.iter(f"{_TABLE}table-row"):
            column = 0
            for cell in line:
                attributes = {k.rpartition("}")[2]: v for k, v in cell.attrib.items()}
                text = "".join(cell.itertext())
                if (
                    cell.get("{urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0}value-type")
                    == "error"
                ):
                    faults.setdefault(name, {})[row, column] = text or "#VALUE!"
                elif "formula" in attributes and "value-type" not in attributes:
                    faults.setdefault(name, {})[row, column] = UNCALCULATED + attributes["formula"].lstrip("of:=")
                down, right = (int(attributes.get(f"number-{k}-spanned", 1)) for k in ("rows", "columns"))
                if down > 1 or right > 1:
                    ranges.setdefault(name, []).append(((row, column), (row + down - 1, column + right - 1)))
                column += int(attributes.get("number-columns-repeated", 1))
            row += int(line.get(f"{_TABLE}number-rows-repeated", 1))
    return faults, ranges


def _streams(data: bytes) -> dict[str, tuple[int, int]]:
    """Name -> (first sector, size) of the streams in a compound file; "" holds the root (mini stream)."""
    entries = _chain(data, struct.unpack_from("<I", data, 48)[0])
    found = {}
    for at in range(0, len(entries) - 127, 128):
        length, kind = struct.unpack_from("<HB", entries, at + 64)
        if kind in (2, 5):
            name = entries[at : at + max(length - 2, 0)].decode("utf-16-le", "replace")
            found["" if kind == 5 else name] = struct.unpack_from("<II", entries, at + 116)
    return found


def _table(data: bytes) -> tuple[int, ...]:
    """The sector allocation table of a compound file."""
    size = 1 << struct.unpack_from("<H", data, 30)[0]
    sectors = list(struct.unpack_from("<109I", data, 76))
    following, left = struct.unpack_from("<II", data, 68)
    while left and following < 0xFFFFFFFA:
        block = struct.unpack_from(f"<{size // 4}I", data, (following + 1) * size)
        sectors, following, left = sectors + list(block[:-1]), block[-1], left - 1
    used = [s for s in sectors if s < 0xFFFFFFFA]
    return tuple(v for s in used for v in struct.unpack_from(f"<{size // 4}I", data, (s + 1) * size))


def _chain(data: bytes, first: int) -> bytes:
    size, table = 1 << struct.unpack_from("<H", data, 30)[0], _table(data)
    blocks: list[bytes] = []
    while first < 0xFFFFFFFA and len(blocks) <= len(table):
        blocks.append(data[(first + 1) * size : (first + 2) * size])
        first = table[first]
    return b"".join(blocks)


def _workbook(data: bytes, streams: dict[str, tuple[int, int]]) -> bytes:
    """The bytes of the Workbook (or Book) stream; small ones live in the mini stream."""
    first, size = streams.get("Workbook") or streams.get("Book") or (0xFFFFFFFE, 0)
    if size >= struct.unpack_from("<I", data, 56)[0]:
        return _chain(data, first)[:size]
    mini, links = _chain(data, streams[""][0]), _chain(data, struct.unpack_from("<I", data, 60)[0])
    blocks: list[bytes] = []
    while first < 0xFFFFFFFA and len(blocks) <= len(links):
        blocks.append(mini[first * 64 : first * 64 + 64])
        first = struct.unpack_from("<I", links, first * 4)[0]
    return b"".join(blocks)[:size]


def _records(book: bytes, at: int) -> Iterator[tuple[int, int, bytes]]:
    """(kind, offset, body) of the records of one substream, nested ones (charts) left out."""
    depth = 0
    while at + 4 <= len(book):
        kind, length = struct.unpack_from("<HH", book, at)
        depth += kind == 0x809
        if depth == 1:
            yield kind, at, book[at + 4 : at + 4 + length]
        depth -= kind == 0x0A
        if depth == 0:
            return
        at += 4 + length


def _xls(data: bytes) -> dict[str, Spots]:
    try:
        book = _workbook(data, _streams(data))
        sheets = {}
        for kind, _, body in _records(book, 0):
            if kind == 0x85:
                length, wide = body[6], body[7] & 1
                name = body[8 : 8 + length * (1 + wide)].decode("utf-16-le" if wide else "latin-1")
                sheets[name] = _biff(book, struct.unpack_from("<I", body)[0])
    except (struct.error, LookupError, ValueError):
        return {}
    return {name: found for name, found in sheets.items() if found}


def _biff(book: bytes, at: int) -> Spots:
    found: Spots = {}
    for kind, _, body in _records(book, at):
        if kind == 0x06 and body[12:14] == b"\xff\xff" and body[6] == 2:
            found[struct.unpack_from("<HH", body)] = _ERRORS.get(body[8], "#VALUE!")
        elif kind == 0x205 and body[7] == 1:
            found[struct.unpack_from("<HH", body)] = _ERRORS.get(body[6], "#VALUE!")
    return found
