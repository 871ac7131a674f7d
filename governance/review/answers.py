"""Back: what a person answered, whatever became of the sheet meanwhile."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from ..errors import TableError
from ..tables.checks import PROBLEMS, Part, Problem, worded
from ..tables.headers import squeeze
from ..tables.sheets import Refused, Sheet, Skipped, cells, is_blank, letter, load
from .forms import GUIDE, OPTIONS
from .words import Ask, heads, is_nothing, keys, numbered, plain, texts

COUNTS = ("read", "kept", "again", "strangers", "unnumbered", "heads")
_DEPTH = 30  # rows searched for the header
Place = tuple[str, str, int]


@dataclass(frozen=True, eq=False)
class Back:
    """What came back.

    frame : the rows of ``sent`` in its order and index, the asked columns filled with what was answered (text, NaN
    where nothing was, or where the answers contradict one another). strangers : rows whose key was never sent: file,
    sheet, row, key, asked columns. missing : rows of ``sent`` that did not come back. twice : key, column, answers of
    what was answered differently in two rows. problems : file, sheet, row (Excel's), column, found, fault, remedy,
    code. counts : file, sheet, read, kept, again (a key's further rows), strangers, unnumbered, heads (repeated
    headers), note; read is the sum of the five after it.
    """

    frame: pd.DataFrame
    strangers: pd.DataFrame
    missing: pd.DataFrame
    twice: pd.DataFrame
    problems: pd.DataFrame
    counts: pd.DataFrame


@dataclass(frozen=True, eq=False)
class _Sent:
    """What was sent out, made ready for comparing."""

    keys: list[str]
    ask: Ask
    heads: dict[str, str]  # column -> Chinese head
    names: dict[str, str]  # head as compared -> column
    rows: dict[tuple[str, ...], int]
    loose: dict[tuple[str, ...], int]
    texts: dict[str, list[str]]  # columns not asked for, to see whether they were changed


@dataclass(frozen=True, eq=False)
class _Found:
    """What the files held, as it is gathered."""

    answers: dict[tuple[int, str], list[tuple[str, Place]]] = field(default_factory=lambda: defaultdict(list))
    seen: set[int] = field(default_factory=set)
    strangers: list[list[object]] = field(default_factory=list)
    problems: list[tuple[object, ...]] = field(default_factory=list)
    counts: list[list[object]] = field(default_factory=list)
    asked: set[str] = field(default_factory=set)


def back(path: str | Path, sent: pd.DataFrame, *, key: str | Sequence[str], ask: Ask) -> Back:
    """What a person answered, as a ``Back``: ``sent`` with the asked columns filled, and all that did not fit.

    path : the workbook that came back (xlsx, xls, ods, et, csv), or a folder of them, read together. ``sent``, ``key``
    and ``ask`` are those given to ``out``. Rows may have been sorted, filtered, inserted or deleted, sheets renamed,
    titles and columns added, ids turned into numbers or lost their leading zeros. An answer outside the allowed ones
    is a problem and not taken; a changed cell outside the asked columns is a problem (原文被改动) and not taken over.
    Raises TableError, listing every fault, where nothing can be used: no such file, unreadable, no sheet with the key
    columns, none of the asked columns.

    Does not show: whether a deleted row was meant as an answer; it is under ``missing``.

    >>> import tempfile
    >>> sent = pd.DataFrame({"item": ["01", "02"], "name": ["河道保洁", "森林防火"]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "回.csv"
    ...     _ = file.write_text("意见,事项编号\\n同意,2\\n不知道,１\\n同意,9\\n", "utf-8")
    ...     found = back(file, sent, key="item", ask={"意见": ("同意", "反对")})
    >>> found.frame["意见"].fillna("").tolist(), found.strangers["item"].tolist(), found.problems["fault"].tolist()
    (['', '同意'], ['9'], ['不是允许的填法', '发出的表里没有这个编号'])
    """
    known, found = _sent(sent, keys(key), ask), _Found()
    if not Path(path).exists():
        raise TableError(f"没有这个文件或文件夹:{path}")
    notes: list[str] = []
    for one in load(path):
        if isinstance(one, Sheet):
            _sheet(one, known, found, notes)
        elif isinstance(one, Refused):
            shown = worded(
                [Problem(0, None, "", "", one.code, {"detail": one.detail})], [Part(one.file, "", None, None)]
            )
            found.problems.extend(shown.astype(object).where(shown.notna(), None).itertuples(index=False, name=None))
            found.counts.append([one.file, "", *[0] * len(COUNTS), "读不了"])
        elif isinstance(one, Skipped):
            found.counts.append([one.file, "", *[0] * len(COUNTS), f"跳过:{one.why}"])
    _usable(known, found, notes)
    return _back(sent, known, found)


def _sent(sent: pd.DataFrame, columns: list[str], ask: Ask) -> _Sent:
    found = numbered(sent, columns)
    loose = [tuple(map(_loosely, one)) for one in found]
    often = Counter(loose)
    named = heads([*(str(c) for c in sent.columns if c not in ask), *ask])
    return _Sent(
        columns,
        ask,
        named,
        {_as_head(word): c for c, said in named.items() for word in (c, said)},
        {one: at for at, one in enumerate(found)},
        {one: at for at, one in enumerate(loose) if often[one] == 1},
        {c: texts(sent[c], c) for c in named if c not in ask and c not in columns},
    )


def _as_head(text: str) -> str:
    return squeeze(text).strip("*:").casefold()


def _loosely(text: str) -> str:
    """A key without what Excel takes from it: leading zeros, and capitals."""
    return (text.lstrip("0") or "0" if text.isdigit() else text).casefold()


def _sheet(sheet: Sheet, known: _Sent, found: _Found, notes: list[str]) -> None:
    if sheet.sheet in (GUIDE, OPTIONS):
        return
    top, columns, doubled = _header(sheet, known)
    if top < 0:
        if sheet.height:
            heads_ = "、".join(t for t in cells(sheet, 0) if not is_nothing(t))
            notes.append(f"{_where(sheet)}(首行:{heads_[:40]})" if heads_ else _where(sheet))
            found.counts.append([sheet.file, sheet.sheet, *[0] * len(COUNTS), "没有编号列,未读"])
        return
    found.asked.update(c for c in columns if c in known.ask)
    for column, at in doubled:
        said = f"{known.heads[column]}({letter(at)}列)"
        _fault(found, sheet, top, said, "", ("同名的列不止一个,只读了第一个", "只保留一列", "column_duplicate"))
    for column in known.ask:
        if column not in columns:
            words = ("缺少这一列,没有取到填写内容", "补上这一列再取回", "column_missing")
            _fault(found, sheet, top, known.heads[column], "", words)
    _others(sheet, top, columns, {at for _, at in doubled}, found)
    tally: Counter[str] = Counter()
    for row in _rows(sheet, top):
        tally[_row(sheet, row, columns, known, found)] += 1
    found.counts.append([sheet.file, sheet.sheet, tally.total(), *(tally[c] for c in COUNTS[1:]), ""])


def _where(sheet: Sheet) -> str:
    return f"{sheet.file}›{sheet.sheet}" if sheet.sheet else sheet.file


def _header(sheet: Sheet, known: _Sent) -> tuple[int, dict[str, int], list[tuple[str, int]]]:
    """The header's row, column -> position, and columns that stand there a second time; row -1 for none."""
    for row in range(min(sheet.height, _DEPTH)):
        columns: dict[str, int] = {}
        doubled = []
        for at, text in enumerate(cells(sheet, row)):
            column = known.names.get(_as_head(text))
            if column in columns:
                doubled.append((column, at))
            elif column:
                columns[column] = at
        if all(k in columns for k in known.keys):
            return row, columns, doubled
    return -1, {}, []


def _rows(sheet: Sheet, top: int) -> Iterator[int]:
    """Rows below the header with anything in them."""
    filled = np.zeros(sheet.height, bool)
    for column in sheet.columns:
        filled |= ~is_blank(column.texts)[column.codes]
    yield from (int(r) for r in np.flatnonzero(filled) if r > top)


def _others(sheet: Sheet, top: int, columns: Mapping[str, int], doubled: set[int], found: _Found) -> None:
    """Columns that were added: what they hold is not taken, and that is said."""
    used = {*columns.values(), *doubled}
    for at, column in enumerate(sheet.columns):
        filled = int((~is_blank(column.texts)[column.codes])[top + 1 :].sum())
        if at not in used and filled:
            name = squeeze(column.texts[column.codes[top]]) or f"{letter(at)}列"
            words = ("发出的表里没有这一列,没有取回", "需要采用的内容请填入黄色列", "column_extra")
            _fault(found, sheet, top, name, f"{filled} 格有内容", words)


def _fault(found: _Found, sheet: Sheet, row: int, column: str, text: str, words: tuple[str, str, str]) -> None:
    found.problems.append((sheet.file, sheet.sheet, row + 1, column, text, *words))


def _row(sheet: Sheet, row: int, columns: Mapping[str, int], known: _Sent, found: _Found) -> str:
    """Which of COUNTS the row is; what it answers goes into ``found``."""
    line = cells(sheet, row)
    said = {c: "" if (row, at) in sheet.faults else line[at] for c, at in columns.items()}
    if all(_as_head(said[k]) in (_as_head(known.heads[k]), k) for k in known.keys):
        return "heads"
    key = tuple(plain(said[k]) for k in known.keys)
    label = "、".join(known.heads[k] for k in known.keys)
    if any(is_nothing(k) for k in key):
        if any(not is_nothing(said[c]) for c in known.ask if c in said):
            words = (f"这一行没有{label},填写的内容没有取回", "补上编号,或把内容写到有编号的行", "no_key")
            _fault(found, sheet, row, label, "·".join(key).strip("·"), words)
        return "unnumbered"
    at = known.rows.get(key, known.loose.get(tuple(map(_loosely, key))))
    if at is None:
        given = [said.get(c, "").strip() or None for c in known.ask]
        found.strangers.append([sheet.file, sheet.sheet, row + 1, *key, *given])
        words = ("发出的表里没有这个编号", "核对编号;新增事项请另行提出", "stranger")
        _fault(found, sheet, row, label, "·".join(key), words)
        return "strangers"
    again = at in found.seen
    found.seen.add(at)
    for c, place in columns.items():
        broken = sheet.faults.get((row, place))
        if broken and c in known.ask:
            words = ("公式出错", "直接填写内容", "formula_error")
            _fault(found, sheet, row, known.heads[c], broken, words)
        elif c in known.ask:
            _answer(sheet, row, (at, c), said[c], known, found)
        elif c in known.texts and not again and not _same(known.texts[c][at], line[place]):
            words = ("原文被改动,未采用", f"原文为:{known.texts[c][at] or '(空)'};修改意见请填入黄色列", "changed")
            _fault(found, sheet, row, known.heads[c], line[place], words)
    return "again" if again else "kept"


def _answer(sheet: Sheet, row: int, spot: tuple[int, str], text: str, known: _Sent, found: _Found) -> None:
    at, column = spot
    if is_nothing(text):
        return
    allowed = known.ask[column]
    if not allowed:
        found.answers[at, column].append((text.strip(), (sheet.file, sheet.sheet, row + 1)))
        return
    meant = {_choice(word): word for word in allowed}.get(_choice(text))
    if meant is None:
        words = ("不是允许的填法", f"应为:{'、'.join(allowed)}", "choice_wrong")
        _fault(found, sheet, row, known.heads[column], text, words)
    else:
        found.answers[at, column].append((meant, (sheet.file, sheet.sheet, row + 1)))


def _choice(text: str) -> str:
    return squeeze(text).rstrip("。.,;、!").casefold()


def _same(sent: str, given: str) -> bool:
    if squeeze(sent) == squeeze(given) or (is_nothing(sent) and is_nothing(given)):
        return True
    try:
        return math.isclose(float(sent), float(given), rel_tol=1e-9)
    except ValueError:
        return False


def _usable(known: _Sent, found: _Found, notes: Sequence[str]) -> None:
    """TableError where nothing can be used."""
    if found.asked:
        return
    frame = pd.DataFrame(found.problems, columns=list(PROBLEMS)).astype(PROBLEMS)
    counts = _counts(found)
    said = [f"{p[0]}:{p[5]},{p[6]}" for p in found.problems if str(p[7]).startswith("file")]
    named = "、".join(f"“{known.heads[k]}”" for k in known.keys)
    if not any(c[-1] == "" for c in found.counts):
        listed = f";看过的表:{';'.join(notes[:5])}" if notes else ""
        said.append(f"没有找到带编号列 {named} 的工作表,无法按编号取回{listed};请恢复表头")
    else:
        wanted = "、".join(f"“{known.heads[c]}”" for c in known.ask)
        said.append(f"找到了编号列,却没有一个要填写的列({wanted});请恢复表头")
    raise TableError("\n".join(said), frame, counts)


def _counts(found: _Found) -> pd.DataFrame:
    kinds = {"file": "str", "sheet": "str", **dict.fromkeys(COUNTS, "int64"), "note": "str"}
    return pd.DataFrame(found.counts, columns=list(kinds)).astype(kinds)


def _back(sent: pd.DataFrame, known: _Sent, found: _Found) -> Back:
    filled = {c: np.full(len(sent), None, dtype=object) for c in known.ask}
    twice: list[list[object]] = []
    ids = list(known.rows)
    for (at, column), answers in found.answers.items():
        if len({squeeze(text) for text, _ in answers}) == 1:
            filled[column][at] = answers[0][0]
            continue
        shown = ";".join(f"{text}({'›'.join(filter(None, place[:2]))}第{place[2]}行)" for text, place in answers)
        twice.append([*(texts(sent[k].iloc[[at]], k)[0] for k in known.keys), known.heads[column], shown])
        file, sheet, row = answers[-1][1]
        words = (f"同一编号({'·'.join(ids[at])})填写不一致:{shown},都未采用", "只保留一行,或改成一致", "twice")
        found.problems.append((file, sheet, row, known.heads[column], answers[-1][0], *words))
    columns = {c: pd.array(v, dtype="str") for c, v in filled.items()}
    kinds = {"file": "str", "sheet": "str", "row": "int64", **dict.fromkeys([*known.keys, *known.ask], "str")}
    names = [*known.keys, "column", "answers"]
    problems = pd.DataFrame(found.problems, columns=list(PROBLEMS)).astype(PROBLEMS)
    return Back(
        sent.assign(**columns),
        pd.DataFrame(found.strangers, columns=list(kinds)).astype(kinds),
        sent.iloc[[at for at in range(len(sent)) if at not in found.seen]],
        pd.DataFrame(twice, columns=names).astype("str"),
        problems.sort_values(["file", "sheet", "row"], kind="stable", ignore_index=True),
        _counts(found),
    )
