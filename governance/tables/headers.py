"""Which table a sheet is, where its header stands, and what each column means."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

import numpy as np

from .columns import Faults, columns_of, have, head, scales
from .columns import squeeze as squeeze
from .degrees import plane
from .fields import TABLES, Field, fields, label, titles
from .measures import Measure
from .sheets import Sheet, cells, is_blank, letter

OWN_SHEETS = ("填表说明", "问题清单", "选项", "读取情况", "数量核对", "原文对照", "逐条职责", "逐行去向")
EXAMPLE = "示例数据"
UNUSED, CONVERTED, AGELESS, SHARED = "未用列:", "已换算为", "没有这些年龄的人数", "编号与别的表相同"
TOLD = (UNUSED, "没有列名", AGELESS, SHARED, "“", "带度号")  # notes to tell whoever runs an analysis begin so
_DEPTH = 30  # rows searched for the header
_TOTAL = r"(?:本[页月季年]|全[县市区乡镇])?[合总小共]计"
_SIGNED = (
    r"(?:填表|制表|审核|复核|审批|填报|经办|报送|统计|联系|负责|分管|单位负责|主要负责|盖章|日期|时间|备注|说明|附注)"
    r"(?:人|单位|部门|领导|电话|方式|日期|时间)?(?:\([^)]{1,8}\))?(?:$|:|\s|(?<=话)\d)|注\d*[:、.]"
)
_ASIDE = re.compile(rf"{_TOTAL}(?!划)|{_SIGNED}")  # in any cell
_ASIDE_KEY = re.compile(rf"{_TOTAL}(?![一-鿿])|{_SIGNED}")  # in a key's cell: the word itself
_FIRSTS = frozenset("本全合总小共填制审复经报统联负分单主盖日时备说附注")
_TOWNSHIP = re.compile(r"[一-鿿]{2,6}?(?:街道|镇|乡)")


@dataclass(frozen=True, eq=False)
class Layout:
    """How a sheet is to be read: rows counted from 0, ``columns`` english name -> position.

    ``fixed`` holds what a title or name says for the whole sheet; ``faults`` are (code, column label or
    letter, found, words) about the header; ``body`` the rows with data; ``scales`` the columns in another unit.
    """

    table: str
    header: int
    columns: dict[str, int]
    body: np.ndarray
    titles: tuple[str, ...] = ()
    fixed: dict[str, str] = field(default_factory=dict)
    faults: tuple[tuple[str, str, str, dict[str, str]], ...] = ()
    notes: tuple[str, ...] = ()
    scales: dict[str, Measure] = field(default_factory=dict)


def layout(sheet: Sheet) -> Layout:
    """How to read ``sheet``; ``table`` is "" when it is no table of ours (``notes`` says why).

    A sheet that looks like a table but cannot be named, lacks a required column, has a column twice or a
    merged header over a required column carries those faults. Nothing is guessed beyond what names say.

    >>> import numpy as np
    >>> from pathlib import Path
    >>> from governance.tables.sheets import Column
    >>> grid = [["节 点", "1"], ["X", "3.5"], ["Y", "4"]]
    >>> found = layout(Sheet(Path("a.csv"), "a.csv", "", 2, tuple(Column(np.arange(2), c) for c in grid)))
    >>> found.table, found.columns, found.body.tolist()
    ('nodes', {'node': 0, 'x': 1, 'y': 2}, [1])
    """
    rows = _filled_rows(sheet)
    if squeeze(sheet.sheet) in OWN_SHEETS:
        return Layout("", -1, {}, rows, notes=("说明页,不读",))
    if not len(rows):
        return Layout("", -1, {}, rows, notes=("空表",))
    best = {t: _best(sheet, rows[:_DEPTH], t) for t in TABLES}
    table, known = _named(sheet, best)
    if table:
        return _laid(sheet, rows, table, *best[table][1:])
    if len(known) < 2:
        return Layout("", -1, {}, rows, notes=(f"未识别:没有认得的表头,{len(rows)} 行未读",))
    header = max(best.values(), key=lambda b: b[0])[1]
    fault = ("sheet_unknown", "", "、".join(known), {"known": "、".join(known), "names": _names()})
    return Layout("", header, {}, rows[rows > header], faults=(fault,))


def layout_as(sheet: Sheet, table: str) -> Layout:
    """How to read ``sheet`` as ``table``, whatever it is called; ``faults`` say which columns are lacking.

    >>> import numpy as np
    >>> from pathlib import Path
    >>> from governance.tables.sheets import Column
    >>> grid = [["节点", "1"], ["X", "3.5"], ["Y", "4"]]
    >>> layout_as(Sheet(Path("a.csv"), "a.csv", "", 2, tuple(Column(np.arange(2), c) for c in grid)), "nodes").columns
    {'node': 0, 'x': 1, 'y': 2}
    """
    rows = _filled_rows(sheet)
    _, header, double = _best(sheet, rows[:_DEPTH], table)
    return _laid(sheet, rows, table, max(header, 0), double)


def texts(sheet: Sheet, header: int, double: bool) -> list[str]:
    """The header's texts, squeezed; of a double header the lower text, where there is one.

    >>> import numpy as np
    >>> from pathlib import Path
    >>> from governance.tables.sheets import Column
    >>> one = Column(np.array([0, 1]), ["基本 信息", ""])
    >>> texts(Sheet(Path("a"), "a", "", 2, (one,)), 1, True)
    ['基本信息']
    """
    lower = [head(t) for t in cells(sheet, header)]
    if not double:
        return lower
    return [a or head(b) for a, b in zip(lower, cells(sheet, header - 1), strict=True)]


def _names() -> str:
    return "、".join(label(t) for t in TABLES)


def _filled_rows(sheet: Sheet) -> np.ndarray:
    """The rows that are not blank."""
    filled = np.zeros(sheet.height, bool)
    for column in sheet.columns:
        filled |= ~is_blank(column.texts)[column.codes]
    filled[[r for r, _ in sheet.faults]] = True
    return np.flatnonzero(filled)


def _best(sheet: Sheet, rows: np.ndarray, table: str) -> tuple[int, int, bool]:
    """(columns recognised, header row, whether the header has two rows) where ``table`` fits best."""
    best = (0, -1, False)
    for row in map(int, rows):
        for double in (False, True) if row else (False,):
            count = len(have(table, texts(sheet, row, double)))
            if count > best[0]:
                best = (count, row, double)
    return best


def hints(sheet: Sheet) -> dict[str, float]:
    """Tables that the sheet's, file's or folder's name speaks of, with a weight.

    >>> from pathlib import Path
    >>> hints(Sheet(Path("x"), "青禾县任务台账(示例数据).xlsx", "Sheet1", 0, ()))
    {'tasks': 1.0}
    """
    path = PurePosixPath(sheet.file)
    found: dict[str, float] = {}
    for text, weight in ((sheet.sheet, 2.0), (path.stem, 1.0), ("".join(path.parts[:-1]), 0.5)):
        name = squeeze(text).casefold()
        fits = [(len(w), t) for t in TABLES for w in (*titles(t), t) if squeeze(w).casefold() in name]
        if fits:
            longest = max(fits)[0]
            for _, table in {f for f in fits if f[0] == longest}:
                found[table] = max(found.get(table, 0.0), weight)
    return found


def _named(sheet: Sheet, best: dict[str, tuple[int, int, bool]]) -> tuple[str, list[str]]:
    """The table the sheet is ("" when none or unclear) and the recognised headers of the best fit."""
    hinted, scores = hints(sheet), {}
    for table, (count, row, double) in best.items():
        required = {f.name for f in fields(table) if f.required}
        known = have(table, texts(sheet, row, double)) if count else set()
        scores[table] = (count + 2 * len(known & required) / len(required) + 1.5 * hinted.get(table, 0), known)
    order = sorted(scores, key=lambda t: -scores[t][0])
    first, second = order[0], order[1]
    words = [label(first, c) for c in sorted(scores[first][1])]
    count = best[first][0]
    strong = hinted.get(first, 0) >= (1.0 if not sheet.sheet else 2.0)
    complete = {f.name for f in fields(first) if f.required} <= scores[first][1]
    clear = scores[first][0] > scores[second][0] and (complete or count >= best[second][0] + 2)
    named = (count >= 2 and (first in hinted or clear)) or (count == 1 and strong)
    return first if named else "", words


def _laid(sheet: Sheet, rows: np.ndarray, table: str, header: int, double: bool) -> Layout:
    heads = texts(sheet, header, double)
    columns, faults, spare = columns_of(table, heads)
    above = rows[rows < header - double]
    said = tuple(t for r in above for t in dict.fromkeys(cells(sheet, int(r))) if t.strip())
    fixed = _implied(sheet, said, columns) if table == "items" else {}
    body = rows[rows > header]
    turned: list[str] = []
    if any(f.name == "lon" for f in fields(table)) and not {"lon", "lat"} & columns.keys():
        found, turned = plane(heads, sheet, body)
        columns |= found
    spare = [at for at in spare if at not in columns.values()]
    notes = [f"{UNUSED}{'、'.join(f'{heads[at]}({letter(at)}列)' for at in spare)}"] * bool(spare) + turned
    upper = [head(t) for t in cells(sheet, header - 1)] if double else heads
    again = _repeats(sheet, body, list(zip(heads, upper, strict=True)), columns)
    aside = asides(sheet, body, table, columns) & ~again
    lacking = [f for f in fields(table) if f.required and f.name not in {*columns, *fixed}]
    faults += _hidden(sheet, table, header, lacking, body) or _missing(lacking, heads, set(columns.values()))
    blanks = sheet.height - header - 1 - len(body)
    bare = [f"{letter(at)}列" for at, text in enumerate(heads) if not text and _has_data(sheet, at, body)]
    notes += [f"没有列名、未读的列:{'、'.join(bare)}"] * bool(bare)
    notes += [f"{label(table, c)}取自名称“{v}”" for c, v in fixed.items()]
    other = scales(table, heads, columns)
    units = {f.name: f.unit for f in fields(table)}
    notes += [f"“{heads[columns[c]]}”{CONVERTED}{units[c]}(1 {m.unit}为 {m.factor:.6g})" for c, m in other.items()]
    notes += [f"跳过空行 {blanks} 行"] * bool(blanks) + [f"跳过重复表头 {again.sum()} 行"] * bool(again.any())
    notes += [f"跳过合计行、签名备注行 {listed(body[aside] + 1)}"] * bool(aside.any())
    return Layout(table, header, columns, body[~again & ~aside], said, fixed, tuple(faults), tuple(notes), other)


def _missing(lacking: Sequence[Field], heads: Sequence[str], used: set[int]) -> Faults:
    """One fault for each required column that is nowhere, with the nearest of the headers not understood."""
    from rapidfuzz import fuzz, process

    spare = {at: text for at, text in enumerate(heads) if text and at not in used}
    faults: Faults = []
    for one in lacking:
        near = max(
            (
                hit
                for word in (one.label, *one.aliases)
                if (hit := process.extractOne(head(word), spare, scorer=fuzz.ratio, score_cutoff=50))
            ),
            key=lambda hit: hit[1],
            default=None,
        )
        other = f"把数换算成{one.unit}并" if near and one.unit and near[0].endswith((")", "]")) else ""
        words = (
            f"表头中最接近的是“{near[0]}”({letter(near[2])}列),若即此列请{other}改名为“{one.label}”"
            if near
            else f"补上“{one.label}”列"
        )
        faults.append(("column_missing", one.label, near[0] if near else "", {"label": one.label, "near": words}))
    return faults


def _has_data(sheet: Sheet, at: int, body: np.ndarray) -> bool:
    return at < len(sheet.columns) and not is_blank(sheet.columns[at].texts)[sheet.columns[at].codes[body]].all()


def _hidden(sheet: Sheet, table: str, header: int, lacking: Sequence[Field], body: np.ndarray) -> Faults:
    """The merged header cells over columns with data, when they hide all that is lacking."""
    found, hidden = [], 0
    for (top, left), (bottom, right) in sheet.merged:
        if top <= header <= bottom and right > left:
            over = [c for c in range(left + 1, right + 1) if _has_data(sheet, c, body)]
            hidden += len(over)
            if over:
                found.append((left, right, sheet.columns[left].texts[sheet.columns[left].codes[header]]))
    if not lacking or hidden < len(lacking):
        return []
    labels = "、".join(f.label for f in lacking)
    return [
        ("header_merged", f"{letter(a)}至{letter(b)}列", text, {"labels": labels})
        for a, b, text in found[: len(lacking)]
    ]


def _repeats(sheet: Sheet, body: np.ndarray, heads: Sequence[tuple[str, str]], columns: dict[str, int]) -> np.ndarray:
    """Which body rows are the header (or either row of it) printed again: every filled cell is its column's header."""
    rows, count = np.arange(len(body)), np.zeros(len(body), int)
    for at in sorted(columns.values(), key=lambda at: len(sheet.columns[at].texts)):
        column = sheet.columns[at]
        codes = column.codes[body[rows]]
        distinct, places = np.unique(codes, return_inverse=True)
        texts_ = [column.texts[c] for c in distinct.tolist()]
        hits = np.fromiter((head(t) in heads[at] for t in texts_), bool, len(texts_))[places]
        count[rows] += hits
        rows = rows[hits | is_blank(texts_)[places]]  # few are left after the first column
    again = np.zeros(len(body), bool)
    again[rows] = True
    return again & (count >= min(2, len(columns)))


def asides(sheet: Sheet, body: np.ndarray, table: str, columns: dict[str, int]) -> np.ndarray:
    """Which body rows are totals, signatures or remarks: no key, at least half of what is required empty.

    A key's cell may hold the word itself (合计 under 序号). What a merged cell spreads downwards counts as empty.

    >>> import numpy as np
    >>> from pathlib import Path
    >>> from governance.tables.sheets import Column
    >>> grid = [["节点", "1", "合计"], ["X", "3", ""], ["Y", "4", ""]]
    >>> sheet = Sheet(Path("a.csv"), "a.csv", "", 3, tuple(Column(np.arange(3), c) for c in grid))
    >>> asides(sheet, np.array([1, 2]), "nodes", {"node": 0, "x": 1, "y": 2}).tolist()
    [False, True]
    """
    keys = {columns[f.name] for f in fields(table) if f.key and f.name in columns}
    required = {columns[f.name] for f in fields(table) if f.required and f.name in columns}
    rows = np.arange(len(body))
    for at in sorted(keys, key=lambda at: len(sheet.columns[at].texts)):
        empty, word = _stated(sheet, at, body[rows], _ASIDE_KEY)
        rows = rows[empty | word]  # few are left after the first column
    said, lacks = np.zeros(len(rows), bool), np.zeros(len(rows), int)
    for at in range(len(sheet.columns)):
        empty, word = _stated(sheet, at, body[rows], _ASIDE_KEY if at in keys else _ASIDE)
        said |= word
        lacks += (empty | word) if at in required else 0
    aside = np.zeros(len(body), bool)
    aside[rows] = said & (2 * lacks >= len(required))
    return aside


def _stated(sheet: Sheet, at: int, rows: np.ndarray, word: re.Pattern[str]) -> tuple[np.ndarray, np.ndarray]:
    """Which of ``rows`` have nothing of their own in column ``at``, and which begin with ``word``."""
    distinct, places = np.unique(sheet.columns[at].codes[rows], return_inverse=True)
    texts_ = [sheet.columns[at].texts[c] for c in distinct.tolist()]
    hits = np.array([t.lstrip()[:1] in _FIRSTS and any(map(word.match, (squeeze(t), t.strip()))) for t in texts_], bool)
    spread = np.zeros(sheet.height, bool)
    for (top, left), (bottom, _) in sheet.merged:
        if left == at:
            spread[top + 1 : bottom + 1] = True
    return is_blank(texts_)[places] | spread[rows], hits[places]


def listed(rows: np.ndarray) -> str:
    """ "第5、9行"; of more than ten the first ten and how many.

    >>> import numpy as np
    >>> listed(np.array([5, 9]))
    '第5、9行'
    """
    shown = "、".join(map(str, rows[:10].tolist()))
    return f"第{shown}行" if len(rows) <= 10 else f"第{shown}行等 {len(rows)} 行"


def _implied(sheet: Sheet, said: tuple[str, ...], columns: dict[str, int]) -> dict[str, str]:
    """List kind and township where the sheet's, file's or title's words give them and no column does."""
    path = PurePosixPath(sheet.file)
    names = [squeeze(t).replace(EXAMPLE, "") for t in (sheet.sheet, path.stem, *path.parts[:-1][::-1], *said)]
    fixed: dict[str, str] = {}
    if "list_kind" not in columns:
        words = [w for f in fields("items") if f.name == "list_kind" for w in f.allowed]
        hits = [max(fits, key=len) for n in names if (fits := [w for w in words if w in n])]
        fixed |= {"list_kind": hits[0]} if hits else {}
    if "township" not in columns:
        found = [m.group().rpartition("县")[2] for n in names if (m := _TOWNSHIP.search(n.replace("乡镇", "")))]
        fixed |= {"township": found[0]} if found else {}
    return fixed
