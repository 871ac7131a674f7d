"""Raw cells out of files, as text and where Excel shows them; nothing is interpreted here."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from . import formulas

WORKBOOKS = (".xlsx", ".xlsm", ".xls", ".et", ".ods")
TEXTS = (".csv", ".tsv")
MARKED, TRUTH = "_标注", ("truth", "真值")
RESULTS = "数字来源"  # a sheet that only our own workbooks of results have
OUTPUT = "governance-output"  # subject of a workbook of results, which is never read as data
_BLANK = re.compile(r"[\s\u200b\u200c\u200d\u2060\ufeff\u00ad]+")
_NEWLINE = re.compile(r"\r\n?")
LONE = re.compile("[\ud800-\udfff]")  # half of a character: pandas backed by pyarrow cannot hold it


@dataclass(frozen=True, eq=False)
class Column:
    """One column of cells: ``texts`` holds each different text once, ``codes`` which of them each row has."""

    codes: np.ndarray
    texts: list[str]


@dataclass(frozen=True, eq=False)
class Sheet:
    """One sheet as it stands: all rows from row 1, merged ranges and formula faults, counted from 0."""

    path: Path
    file: str
    sheet: str
    height: int
    columns: tuple[Column, ...]
    merged: tuple[formulas.Range, ...] = ()
    faults: formulas.Spots = field(default_factory=dict)


@dataclass(frozen=True)
class Refused:
    """A file that cannot be read, with the code of its fault and the words for the message."""

    file: str
    code: str
    detail: str


@dataclass(frozen=True)
class Skipped:
    """A file that is not read on purpose, and why."""

    file: str
    why: str


def load(path: str | Path) -> Iterator[Sheet | Refused | Skipped]:
    """Every sheet under ``path`` (a file, or a folder searched through), in order of file name.

    Files that cannot be read come back as Refused, those passed over on purpose as Skipped; nothing is
    dropped without a word. File names are relative to the folder.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = (Path(folder) / "任务.csv").write_text("任务编号\\n1", "utf-8")
    ...     [(s.file, s.height) for s in load(folder)]
    [('任务.csv', 2)]
    """
    root = Path(path)
    files = [root] if root.is_file() else sorted(p for p in root.rglob("*") if p.is_file())
    for one in files:
        name = spelt(one.name if one == root else one.relative_to(root).as_posix())
        why = None if one == root else _why_not(name)
        if why:
            yield Skipped(name, why)
        else:
            yield from _open(one, name)


def spelt(name: str) -> str:
    """A file's name in characters that text can hold: names in the Chinese code page are read, the rest is U+FFFD.

    >>> import os
    >>> spelt("甲.csv"), spelt(os.fsdecode("甲.csv".encode("gb18030")))
    ('甲.csv', '甲.csv')
    """
    try:
        raw = name.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return LONE.sub("\ufffd", name)
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("gb18030", "replace")


def cells(sheet: Sheet, row: int) -> list[str]:
    """The texts of one row (from 0), one per column.

    >>> cells(Sheet(Path("a.csv"), "a.csv", "", 1, (Column(np.array([0]), ["甲"]),)), 0)
    ['甲']
    """
    return [c.texts[c.codes[row]] for c in sheet.columns]


def is_blank(texts: Sequence[str]) -> np.ndarray:
    """Which of ``texts`` hold nothing but spaces.

    >>> is_blank(["", "\\u3000 ", "甲"]).tolist()
    [True, True, False]
    """
    return np.fromiter((not t or (not t[0].isalnum() and not _BLANK.sub("", t)) for t in texts), bool, len(texts))


def letter(column: int) -> str:
    """Excel's letters for a column counted from 0.

    >>> letter(0), letter(27)
    ('A', 'AB')
    """
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _why_not(name: str) -> str | None:
    path = Path(name)
    if any(part.startswith((".", "__")) for part in path.parts):
        return "隐藏文件"
    if path.name.startswith("~$"):
        return "Office 临时文件"
    if path.stem.endswith(MARKED):
        return "标注副本"
    if path.suffix.lower() not in WORKBOOKS + TEXTS:
        return "不是 csv、xlsx、xls 或 ods 表格"
    if path.stem.lower() in TRUTH:
        return "检验用的真值表,分析不读"
    return None


def _open(path: Path, name: str) -> Iterator[Sheet | Refused | Skipped]:
    try:
        data = path.read_bytes()
    except OSError as fault:
        why = "没有读取的权限" if isinstance(fault, PermissionError) else "读取时出错"
        yield Refused(name, "file_broken", why)
        return
    if data.startswith((b"PK\x03\x04", formulas.OLE)):
        yield from _workbook(path, name, data)
    elif path.suffix.lower() in TEXTS:
        yield _csv(path, name, data)
    elif re.match(rb"\s*(?:\xef\xbb\xbf)?\s*<(?:!doctype|html|\?xml|table|meta)", data[:200], re.I):
        yield Refused(name, "file_html", "")
    else:
        yield Refused(name, "file_broken", "文件为空" if not data else "内容不是工作簿")


def _workbook(path: Path, name: str, data: bytes) -> Iterator[Sheet | Refused | Skipped]:
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetTypeEnum

    if formulas.is_locked(data):
        yield Refused(name, "file_locked", "")
        return
    if formulas.is_damaged(data):
        yield Refused(name, "file_broken", "内部结构损坏")
        return
    try:
        if OUTPUT in formulas.subject(data):
            yield Skipped(name, "本程序写出的结果")
            return
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        if RESULTS in book.sheet_names:
            yield Skipped(name, "本程序写出的结果")
            return
        faults, ranges = formulas.spots(data), formulas.merges(data)
        for meta in book.sheets_metadata:
            if meta.typ == SheetTypeEnum.WorkSheet:
                sheet = book.get_sheet_by_name(meta.name)
                merged = sheet.merged_cell_ranges or ranges.get(meta.name, [])
                rows: list[list[object]] = [[*r] for r in sheet.to_python(skip_empty_area=False)]
                yield _sheet(path, name, meta.name, rows, tuple(merged), faults.get(meta.name, {}))
    except PasswordError:
        yield Refused(name, "file_locked", "")
    except (
        CalamineError,
        OSError,
        ValueError,
        LookupError,
        SyntaxError,
        EOFError,
        RuntimeError,
        struct.error,
        zipfile.BadZipFile,
        zlib.error,
    ):
        yield Refused(name, "file_broken", "内部结构损坏")
    except BaseException as fault:
        if type(fault).__name__ != "PanicException":  # what the Rust reader raises on some damaged files
            raise
        yield Refused(name, "file_broken", "内部结构损坏")


def _sheet(
    path: Path,
    name: str,
    title: str,
    rows: list[list[object]],
    merged: tuple[formulas.Range, ...],
    faults: formulas.Spots,
) -> Sheet:
    height = max([len(rows), *(r + 1 for r, _ in faults)])
    columns = [_column(list(values) + [""] * (height - len(rows))) for values in zip(*rows, strict=True)]
    while len(columns) <= max((c for _, c in faults), default=-1):
        columns.append(_column([""] * height))
    return Sheet(path, name, title, height, _filled(columns, merged), merged, faults)


def _column(values: Sequence[object]) -> Column:
    if bool in set(map(type, values)):  # True and 1 are one value to a hash table
        values = [str(v).upper() if isinstance(v, bool) else v for v in values]
    cells = np.empty(len(values), dtype=object)
    cells[:] = values
    codes, found = pd.factorize(cells, use_na_sentinel=False)
    return Column(codes, [_shown(v) for v in found])


def _shown(value: object) -> str:
    """A cell's value as the office sees it."""
    if isinstance(value, str):
        return LONE.sub("\ufffd", _NEWLINE.sub("\n", value))
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e16 else repr(value)
    if isinstance(value, dt.datetime):
        return value.strftime("%Y-%m-%d") if value.time() == dt.time() else value.strftime("%Y-%m-%d %H:%M:%S")
    return "" if value is None else str(value)


def _filled(columns: list[Column], merged: tuple[formulas.Range, ...]) -> tuple[Column, ...]:
    """The columns with the rows of vertically merged cells repeating the first one."""
    for (top, left), (bottom, _) in merged:
        if bottom > top and left < len(columns):
            columns[left].codes[top + 1 : bottom + 1] = columns[left].codes[top]
    return tuple(columns)


def _csv(path: Path, name: str, data: bytes) -> Sheet | Refused:
    text = _decoded(data)
    if isinstance(text, int):
        return Refused(name, "file_undecodable", str(text))
    if "\0" in text:
        return Refused(name, "file_broken", "内容不是文字")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not text.strip():
        return Sheet(path, name, "", 0, ())
    head = text[:20000]
    mark = (
        "\t"
        if path.suffix.lower() == ".tsv"
        else ","
        if "," in head.partition("\n")[0]
        else max((",", "\t", ";"), key=head.count)
    )
    try:
        grid = _grid(text, mark)
    except (pd.errors.ParserError, csv.Error):
        return Refused(name, "file_quotes", "")
    columns = []
    for values in grid:
        codes, found = pd.factorize(values, use_na_sentinel=False)
        columns.append(Column(codes, [_unescaped(t) if t[:1] == "'" else t for t in found]))
    return Sheet(path, name, "", len(columns[0].codes), tuple(columns))


def _unescaped(text: str) -> str:
    """``text`` without the apostrophe that keeps Excel from taking a CSV cell for a formula."""
    return text[1:] if re.match(r"'+[=+\-@]", text) else text


def _grid(text: str, mark: str) -> list[np.ndarray]:
    """The columns of a delimited text, ragged rows filled with ""."""
    width = max(
        (len(r) for r, _ in zip(csv.reader(io.StringIO(text), delimiter=mark), range(200), strict=False)), default=1
    )
    for _ in range(2):
        try:
            frame = pd.read_csv(
                io.BytesIO(text.encode("utf-8")),
                header=None,
                names=range(width),
                sep=mark,
                dtype=object,
                na_filter=False,
                skip_blank_lines=False,
                index_col=False,
            )
            return [frame[c].to_numpy(object) for c in frame]
        except pd.errors.ParserError as fault:
            if "Expected" not in str(fault):
                raise
            width = max(len(r) for r in csv.reader(io.StringIO(text), delimiter=mark))
    raise csv.Error("ragged")


def _decoded(data: bytes) -> str | int:
    """The text, or the number of the first line that no encoding fits."""
    codec = "utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        return data.decode(codec)
    except UnicodeDecodeError as fault:
        line = data.count(b"\n", 0, fault.start) + 1
    loose = data.decode("utf-8", "replace")
    wide = sum(1 for c in loose[:200000] if c > "\x7f")
    if codec == "utf-16" or loose[:200000].count("\ufffd") * 20 < wide:  # nearly all of it is UTF-8: damaged
        return line
    try:
        return data.decode("gb18030")
    except UnicodeDecodeError as fault:
        return data.count(b"\n", 0, fault.start) + 1
