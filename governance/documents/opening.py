"""One published file, whatever its suffix claims, as a Document; or the reason why not and what to do instead."""

from __future__ import annotations

import importlib
import re
from dataclasses import replace
from pathlib import Path

from ..errors import DocumentError
from . import guard
from .blocks import Document, Table, Text

SUFFIXES = (
    ".docx", ".docm", ".doc", ".wps", ".rtf", ".odt", ".xlsx", ".xlsm", ".xlsb", ".xls", ".et", ".ods",
    ".html", ".htm", ".mht", ".mhtml", ".pdf", ".ofd",
)  # fmt: skip
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
READERS = {"docx": "word", "xlsx": "book", "ods": "book", "xls": "book", "html": "web", "mht": "web", "pdf": "paper"}
SAVE_DOCX = "请用 Word/WPS 打开后另存为 docx"
REFUSED = {
    "doc": f"旧版 Word(.doc)或 WPS 文字(.wps)文件,不能直接读取:{SAVE_DOCX}",
    "rtf": f"RTF 文件,不能直接读取:{SAVE_DOCX}",
    "odt": f"OpenDocument 文字文件,不能直接读取:{SAVE_DOCX}",
    "wordml": f"单一 XML 格式的 Word 文件,不能直接读取:{SAVE_DOCX}",
    "sheetml": "单一 XML 格式的 Excel 文件,不能直接读取:请用 Excel/WPS 打开后另存为 xlsx",
    "xlsb": "二进制工作簿(.xlsb),不能直接读取:请用 Excel/WPS 打开后另存为 xlsx",
    "ppt": "演示文稿,不是清单:请把清单表格另存为 docx 或 xlsx",
    "ofd": "OFD 版式文件,不能直接读取:请用 WPS 或 OFD 阅读器转换为 docx,或向发文单位索取 Word 版",
    "image": "图片,没有文字:请做文字识别(OCR)并核对后另存为 docx,或向发文单位索取 Word 版",
    "archive": "压缩包:请先解压,再读取其中的文件",
    "lfs": "只是 Git LFS 的占位指针,不是文件本身:请执行 git lfs pull 取回后再试",
    "secured": "经单位加密软件加密:请在装有该软件的电脑上解密(另存为明文)后再试",
    "locked": guard.LOCKED,
    "damaged": guard.DAMAGED,
    "text": "纯文本,不是清单文件:请提供 docx、xlsx、xls、html 或带文字层的 pdf",
    "unknown": "格式无法识别:请用 WPS/Word 打开后另存为 docx 或 xlsx,打不开则请重新下载",
}
NOTHING = "没有读到任何文字:若内容是图片,请做文字识别(OCR)后另存为 docx,或向发文单位索取 Word 版"
_MARKS = (
    (rb"version https://git-lfs", "lfs"),
    (rb"\{\\rtf", "rtf"),
    (rb"\xff\xd8\xff|\x89PNG|GIF8|II\*\0|MM\0\*|BM.{4}\0\0\0\0|RIFF.{4}WEBP", "image"),
    (rb"Rar!|7z\xbc\xaf|\x1f\x8b|BZh|\xfd7zXZ", "archive"),
    (rb"%TSD-Header|\x62\x14\x23\x65|.{0,64}E-SafeNet|TSSX", "secured"),
)
_HTML = re.compile(
    r"<(?:!doctype\s+html|html|head|body|table|div|meta|title|p|span|style|script|h\d|ul|ol|center|font|b|br)\b", re.I
)


def opened(path: str | Path, name: str = "") -> Document:
    """The Document in a file, which is recognised by its bytes, never by its suffix.

    name : what the file is called in messages (its own name when ""). Every cell and paragraph a reader of
    the printed file would see is there; what was passed over on purpose stands in ``notes``. Kangxi radicals
    and compatibility ideographs become ordinary characters. Raises DocumentError with one Chinese sentence
    and nothing else. Does not tell whether the text is a list.

    >>> opened("没有这个文件.docx")
    Traceback (most recent call last):
    governance.errors.DocumentError: 文件不存在或读取时出错:请核对路径后再试
    """
    try:
        data = guard.content(path)
        kind = _kind(data, Path(path).suffix.lower())
        if kind in REFUSED:
            raise DocumentError(REFUSED[kind])
        reader = importlib.import_module(f"{__package__}.{READERS[kind]}")
        return _checked(reader.document(data, name or Path(path).name))
    except DocumentError:
        raise
    except RecursionError:
        raise DocumentError(f"内部嵌套过深:{guard.AGAIN}") from None
    except MemoryError:
        raise DocumentError("内容过大,内存不足:请拆成几个文件再试") from None
    except Exception:
        raise DocumentError(guard.DAMAGED) from None
    except BaseException as fault:
        if type(fault).__name__ != "PanicException":  # what the Rust reader raises on some damaged files
            raise
        raise DocumentError(guard.DAMAGED) from None


def _checked(document: Document) -> Document:
    """``document`` in ordinary characters; raises DocumentError where there is no text or it is garbled."""
    texts = [t for b in document.blocks for t in ([b.text] if isinstance(b, Text) else {c for r in b.grid for c in r})]
    if not any(map(str.strip, texts)):
        raise DocumentError(NOTHING)
    if guard.is_garbled(texts):
        raise DocumentError(guard.GARBLED)
    return replace(document, blocks=tuple(map(_ordinary, document.blocks)))


def _ordinary(block: Text | Table) -> Text | Table:
    if isinstance(block, Text):
        return replace(block, text=guard.plain(block.text))
    return replace(block, grid=tuple(tuple(map(guard.plain, row)) for row in block.grid))


def _kind(data: bytes, suffix: str) -> str:
    """What the bytes are: a key of READERS or of REFUSED; the suffix decides only where both could be."""
    if data.startswith(OLE):
        return _compound(data, suffix)
    if data.startswith(b"PK"):
        return _package(data)
    for mark, kind in _MARKS:
        if re.match(mark, data, re.S):
            return kind
    if b"%PDF-" in data[:1024]:
        return "pdf"
    if re.match(rb"\s*(?:From |(?:MIME-Version|Content-Type|Subject|Date|X-[\w-]+):)", data, re.I):
        return "mht"
    return _text(data)


def _compound(data: bytes, suffix: str) -> str:
    def holds(name: str) -> bool:
        return name.encode("utf-16-le") + b"\0\0" in data

    if holds("EncryptedPackage"):
        return "locked"
    book, text = holds("Workbook") or holds("Book"), holds("WordDocument")
    if book and not (text and suffix in (".doc", ".wps", ".docx")):  # one may be embedded in the other
        return "xls"
    return "doc" if text else "ppt" if holds("PowerPoint Document") else "damaged"


def _package(data: bytes) -> str:
    names = guard.names(data)
    if any(n.startswith("word/") for n in names):
        return "docx"
    if "xl/workbook.bin" in names:
        return "xlsb"
    if any(n.startswith("xl/") for n in names):
        return "xlsx"
    if "ofd.xml" in {n.lower() for n in names}:
        return "ofd"
    if "content.xml" in names:
        return "ods" if b"opendocument.spreadsheet" in guard.parts(data).get("mimetype", b"") else "odt"
    return "ppt" if any(n.startswith("ppt/") for n in names) else "archive"


def _text(data: bytes) -> str:
    head = data[:4096]
    wide = head.startswith((b"\xff\xfe", b"\xfe\xff")) or head[1:20:2] == b"\0" * 10 or head[:20:2] == b"\0" * 10
    start = head.replace(b"\0", b"").decode("latin-1") if wide else head.decode("latin-1")
    if "urn:schemas-microsoft-com:office:spreadsheet" in start and "<Workbook" in start:
        return "sheetml"
    if re.search(r"<(?:w:wordDocument|pkg:package)\b", start):
        return "wordml"
    if _HTML.search(start) or _HTML.search(data[:200_000].replace(b"\0", b"").decode("latin-1")):
        return "html"
    control = sum(b < 9 or 13 < b < 27 for b in head)
    return "unknown" if control * 50 > len(head) and not wide else "text"
