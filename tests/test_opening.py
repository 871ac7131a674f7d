"""The door of the openers: files are known by their bytes, bombs never go off, damage never passes for a list."""

from __future__ import annotations

import io
import random
import re
import struct
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
import xlsxwriter
from test_opening_paper import compiled, listing
from test_opening_web import LIST
from test_opening_word import cell, docx, packed, par, row, table

from governance.documents import guard, opening
from governance.documents.blocks import Document, Table
from governance.errors import DocumentError

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)


def stream(name: str) -> bytes:
    return name.encode("utf-16-le") + b"\0\0"


def read(tmp_path: Path, data: bytes, name: str = "清单.docx") -> Document:
    path = tmp_path / name
    path.write_bytes(data)
    return opening.opened(path, name)


WORD = docx(table(row(cell("1"), cell("党员教育")), row(cell("2"), cell("党费收缴"))))


@pytest.mark.parametrize(
    ("data", "name", "kind"),
    [
        *[(WORD, "清单.doc", "docx"), (WORD, "清单.pdf", "docx"), (LIST.encode(), "清单.xls", "html")],
        *[(LIST.encode("gb18030"), "清单.doc", "html"), (b"\xef\xbb\xbf\r\n " + LIST.encode(), "清单.docx", "html")],
        ("镇政府。".encode() * 2000 + b"<table><tr><td>1</table>", "清单.html", "html"),
        (b"\n" + compiled(listing()), "清单.docx", "pdf"),
    ],
    ids=lambda value: "" if isinstance(value, bytes) else value,
)
def test_files_are_known_by_their_bytes(tmp_path: Path, data: bytes, name: str, kind: str) -> None:
    document = read(tmp_path, data, name)
    assert (document.kind, document.file) == (kind, name)


@pytest.mark.parametrize(
    ("data", "name", "why"),
    [
        *[(b"", "清单.docx", "空的"), (b"\0\0\n", "清单.docx", "空的")],
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "清单.docx", "Git LFS"),
        *[
            (OLE + stream("WordDocument"), "清单.doc", "另存为 docx"),
            (OLE + stream("WordDocument"), "清单.docx", "另存为 docx"),
        ],
        *[(OLE + stream("WordDocument"), "清单.wps", "WPS"), (OLE + stream("EncryptedPackage"), "清单.docx", "密码")],
        (OLE + stream("WordDocument") + stream("Workbook"), "清单.doc", "另存为 docx"),
        *[(OLE + stream("Workbook"), "清单.xls", "损坏"), (OLE, "清单.doc", "损坏")],
        *[
            (b"{\\rtf1", "清单.doc", "RTF"),
            (b"\x89PNG\r\n\x1a\n", "清单.pdf", "图片"),
            (b"Rar!\x1a", "清单.docx", "解压"),
        ],
        *[(packed({"a.docx": b"x"}), "清单.docx", "先解压"), (packed({"OFD.xml": "x"}), "清单.docx", "OFD")],
        (packed({"xl/workbook.bin": b"x"}), "清单.xlsx", "xlsb"),
        (
            packed({"content.xml": "<a/>", "mimetype": "application/vnd.oasis.opendocument.text"}),
            "清单.odt",
            "OpenDocument",
        ),
        *[(WORD[: len(WORD) // 2], "清单.docx", "损坏"), ("序号,事项\n".encode(), "清单.docx", "纯文本")],
        (b"<?xml version='1.0'?><w:wordDocument xmlns:w='a'/>", "清单.doc", "另存为 docx"),
        *[
            (b"\x62\x14\x23\x65" + bytes(range(1, 99)), "清单.docx", "加密软件"),
            (bytes(range(1, 99)), "清单.docx", "无法识别"),
        ],
    ],
    ids=lambda value: "" if isinstance(value, bytes) else value,
)
def test_what_cannot_be_read_says_what_to_do(tmp_path: Path, data: bytes, name: str, why: str) -> None:
    with pytest.raises(DocumentError, match=why) as fault:
        read(tmp_path, data, name)
    assert re.fullmatch(r"[^\n。]+:[^\n。]+", str(fault.value)), "one sentence: why, then what to do"


def test_a_missing_file_and_suffixes(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="不存在"):
        opening.opened(tmp_path / "没有.docx", "")
    assert {".docx", ".doc", ".wps", ".pdf", ".xls", ".et", ".ods", ".mht", ".html"} <= set(opening.SUFFIXES)


def test_radicals_pasted_into_word_become_ordinary(tmp_path: Path) -> None:
    found = read(tmp_path, docx(table(row(cell("⾏政⻋辆"), cell("\uf0fe")), row(cell("豈"), cell("；Ａ")))))
    assert [b.grid for b in found.blocks if isinstance(b, Table)] == [(("行政车辆", "☑"), ("豈", "；Ａ"))]
    assert guard.plain("⻅") == "见"
    assert guard.is_garbled(["锟斤拷锟斤拷"])
    assert not guard.is_garbled(["党的建设×2,℃ ① é", "普通文字" * 50])


# --- bombs


def lying(name: str, body: bytes, declared: int) -> bytes:
    """A package whose one entry claims to be ``declared`` bytes long."""
    data = bytearray(packed({name: body}))
    for mark, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        struct.pack_into("<I", data, data.index(mark) + at, declared)
    return bytes(data)


def zeros(name: str, size: int) -> bytes:
    """A package with one entry of ``size`` blanks, made without holding them."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as package,
        package.open(name, "w", force_zip64=True) as entry,
    ):
        for _ in range(size >> 20):
            entry.write(b" " * (1 << 20))
    return out.getvalue()


LAUGHS = (
    '<!DOCTYPE x [<!ENTITY a "哈哈哈哈哈哈哈哈">'
    + "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True))
    + "]>"
)
WIDE = LAUGHS.encode("utf-16")
BOOK = {"[Content_Types].xml": "<Types/>", "xl/workbook.xml": "<workbook/>"}

BOMBS: dict[str, Callable[[], bytes]] = {
    "zeros in docx": lambda: zeros("word/document.xml", 1 << 30),
    "zeros in a picture": lambda: zeros("word/media/a.png", 300 << 20),
    "zeros in xlsx": lambda: zeros("xl/worksheets/sheet1.xml", 300 << 20),
    "zeros that claim to be few": lambda: lying("word/document.xml", bytes(150 << 20), 1000),
    "many entries": lambda: packed({f"word/{n}.xml": "" for n in range(6000)}),
    "laughs in docx": lambda: packed({"word/document.xml": LAUGHS + "<w:document>&i;</w:document>"}),
    "laughs in another part": lambda: packed({"word/document.xml": "<a/>", "word/styles.xml": LAUGHS + "<a>&i;</a>"}),
    "laughs in utf-16": lambda: packed({"word/document.xml": WIDE}),
    "laughs in utf-7": lambda: packed({"word/document.xml": '<?xml version="1.0" encoding="utf-7"?>+ADwAIQ-DOCTYPE'}),
    "laughs in xlsx": lambda: packed({**BOOK, "xl/worksheets/sheet1.xml": LAUGHS + "<worksheet>&i;</worksheet>"}),
    "laughs in shared strings": lambda: packed({**BOOK, "xl/sharedStrings.xml": LAUGHS + "<sst>&i;</sst>"}),
    "laughs in ods": lambda: packed(
        {"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": LAUGHS + "<a/>"}
    ),
    "deep": lambda: docx("<w:sdt><w:sdtContent>" * 100_000 + "</w:sdtContent></w:sdt>" * 100_000),
    "spans": lambda: docx(table(*[row(*[cell("甲", f'<w:gridSpan w:val="{n}"/>') for n in range(1, 60)])] * 40_000)),
}


def why(bomb: str) -> str:
    if "laughs" in bomb:
        return "损坏" if "utf-7" in bomb else "实体声明"
    return "嵌套过深" if bomb == "deep" else "压缩炸弹"


def test_spans_without_end_are_refused_before_they_are_laid_out() -> None:
    with pytest.raises(DocumentError, match="格数过多"):
        guard.laid([(n, 0, 5000, 5000, "甲") for n in range(5000)] + [(0, n, 1, 1, "") for n in range(5000)], 5000)


@pytest.mark.parametrize("bomb", BOMBS)
def test_bombs_are_refused_in_little_memory(tmp_path: Path, bomb: str) -> None:
    path = tmp_path / "清单.docx"
    path.write_bytes(BOMBS[bomb]())
    tracemalloc.start()
    try:
        with pytest.raises(DocumentError, match=why(bomb)):
            opening.opened(path, "")
        held = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert held < 40 << 20, held >> 20


def test_a_package_inside_a_package_is_not_opened(tmp_path: Path) -> None:
    inner = packed({"word/document.xml": LAUGHS})
    with zipfile.ZipFile(tmp_path / "a.docx", "w") as package:
        package.writestr("word/document.xml", zipfile.ZipFile(io.BytesIO(WORD)).read("word/document.xml"))
        package.writestr("word/embeddings/a.docx", inner)
    assert opening.opened(tmp_path / "a.docx", "").kind == "docx"


def test_a_text_that_differs_from_its_checksum_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="损坏"):
        read(
            tmp_path,
            WORD.replace(
                struct.pack("<I", zlib.crc32(zipfile.ZipFile(io.BytesIO(WORD)).read("word/document.xml"))), b"\1\2\3\4"
            ),
        )


def test_names_with_backslashes_are_understood(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.docx", "w") as package:
        package.writestr("word\\document.xml", zipfile.ZipFile(io.BytesIO(WORD)).read("word/document.xml"))
    assert opening.opened(tmp_path / "a.docx", "").kind == "docx"


def test_a_file_too_large_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "a.docx").open("wb") as file:
        file.truncate(101 << 20)
    with pytest.raises(DocumentError, match="超过 100 MB"):
        opening.opened(tmp_path / "a.docx", "")


# --- damage


def workbook() -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as made:
        sheet = made.add_worksheet("清单")
        sheet.write_column("A1", ["序号", *range(40)])
        sheet.write_column("B1", ["事项名称", *[f"党员教育{n}" for n in range(40)]])
    return out.getvalue()


def old_workbook() -> bytes:
    import xlwt

    made, out = xlwt.Workbook(), io.BytesIO()
    sheet = made.add_sheet("清单")
    for n in range(40):
        sheet.write(n, 0, f"党员教育{n}")
    made.save(out)
    return out.getvalue()


WHOLE = {
    "docx": lambda: docx(par("清单") + table(*[row(cell(str(n)), cell("党员教育")) for n in range(40)])),
    "xlsx": workbook,
    "xls": old_workbook,
    "html": lambda: ("<html><meta charset=utf-8>" + LIST * 5 + "</html>").encode(),
    "pdf": lambda: compiled(listing()),
}


def damaged(data: bytes, chance: random.Random) -> bytes:
    kind = chance.randrange(5)
    at, length = chance.randrange(len(data)), chance.randrange(1, 200)
    if kind == 0:
        return data[:at]
    if kind == 1:
        return data[:at] + data[at + length :]
    if kind == 2:
        return data[:at] + chance.randbytes(length) + data[at + length :]
    if kind == 3:
        return data[:at] + data[at : at + length] + data[at:]
    found = bytearray(data)
    for _ in range(chance.randrange(1, 8)):
        found[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    return bytes(found)


@pytest.mark.parametrize("kind", WHOLE)
def test_damaged_files_end_in_a_document_or_a_document_error(tmp_path: Path, kind: str) -> None:
    data, chance, ends = WHOLE[kind](), random.Random(20260101), {"read": 0, "refused": 0}
    read(tmp_path, data)
    for n in range(40):
        try:
            found = read(tmp_path, damaged(data, chance), f"{n}.docx")
            ends["read"] += isinstance(found, Document)
        except DocumentError as fault:
            ends["refused"] += bool(str(fault))
    assert sum(ends.values()) == 40, ends
