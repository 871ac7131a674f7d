"""Where one list ends and the next begins: which table is whose, and under which heading."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from ..tables.headers import squeeze
from . import heads, wording
from .blocks import Document, Table, Text
from .heads import Header
from .parts import TITLE, Row, folds, is_other, is_title, parts, rows, unfold, wide
from .summary import Said, summary

LAYOUTS = {
    "territorial": re.compile("属地"),
    "powers": re.compile("权[责力].{0,6}清单"),
    "tasks": re.compile("职责任务"),
}
_ELSEWHERE = re.compile(r"上一[篇条页]|下一[篇条页]|相关(?:链接|文章|阅读)|当前位置|您(?:的|所在|现在)")
_PAGE = re.compile(
    r"索引号|发文(?:机关|字号)|成文日期|主题分类|发布(?:日期|机构|时间)|公开(?:方式|类别|时效)|信息(?:来源|分类)|有效性|文号|浏览次数"
)
_ITEM = re.compile(r"\(?(\d{1,3})[)、.][\u4e00-\u9fff]{4}")
_CONTENTS = re.compile(r"(?:[.…·．‥⋯_-]{3,}|\t|\s{4,})\s*\d{1,4}\s*$|^目\s*录$")


@dataclass(eq=False)
class Section:
    """The rows under one header and one heading: of one township's one list."""

    township: str
    kind: str
    layout: str
    header: Header
    category: str = ""
    rows: list[Row] = field(default_factory=list)
    clash: str = ""
    folds: int = 1


@dataclass(eq=False)
class Walk:
    """What was found in one document: sections, declared counts, rows outside every list, and the date in force."""

    document: Document
    sections: list[Section] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)
    outside: list[tuple[Row, str]] = field(default_factory=list)  # row and its role: title, note, outside, unnamed
    unnamed: list[tuple[Table, tuple[str, ...]]] = field(default_factory=list)  # table, headings understood in it
    since: pd.Timestamp | None = None
    announced: dict[tuple[str, str], str] = field(default_factory=dict)  # (township, list) -> the heading that says so
    numbered: list[tuple[int, str, bool]] = field(default_factory=list)  # lines like items: number, text, after a table


@dataclass(eq=False)
class _Here:
    """The headings that hold at a place of the document."""

    township: str = ""
    kind: str = ""
    layout: str = ""
    category: str = ""
    used: bool = False  # a section has already been opened under ``kind``
    contents: str = ""  # the list that a table of contents is at


def walk(document: Document, answers: Mapping[str, Mapping[str, str]]) -> Walk:
    """The sections of ``document``.

    answers : what the user explained: ``columns`` (normal heading -> meaning), ``kinds`` and ``townships``
    (file or sheet name -> list kind, township).
    """
    found, here = Walk(document), _Here()
    _names(document.file, here, answers)
    sheet = ""
    for block in document.blocks:
        if block.sheet != sheet:
            sheet, here = block.sheet, _Here()
            _names(document.file, here, answers)
            _names(sheet, here, answers)
            both = f"{document.file.rsplit('/', 1)[-1]}/{sheet}"
            here.kind = answers.get("kinds", {}).get(both, here.kind)
            here.township = answers.get("townships", {}).get(both, here.township)
            here.used = False
        if isinstance(block, Text):
            for line in block.text.split("\n"):
                _line(found, here, line, "正文")
        else:
            for part in parts(block, answers.get("columns", {})):
                _table(found, here, part, answers.get("columns", {}))
    return found


def _names(name: str, here: _Here, answers: Mapping[str, Mapping[str, str]]) -> None:
    """What the name of a file (with its folders) or of a sheet says."""
    for piece in name.split("/"):
        stem = re.sub(r"\.[A-Za-z]\w{1,4}$", "", piece)
        here.township = wording.township(stem) or here.township
        here.kind = wording.kind(stem) or here.kind
        here.layout = _layout(stem) or here.layout
        if not here.kind and (short := re.search(r"(基本|配合|收回)(?:事项|清单|表)?$", stem)):
            here.kind = wording.kind(short[1])
        here.kind = answers.get("kinds", {}).get(piece, here.kind)
        here.township = answers.get("townships", {}).get(piece, here.township)


def _layout(text: str) -> str:
    return next((name for name, sign in LAYOUTS.items() if sign.search(text)), "")


def _line(found: Walk, here: _Here, text: str, where: str) -> bool:
    """Take note of what a line says outside the items; whether it was a heading of a list or category."""
    line = wording.clean(text).replace("\n", "")
    if not line or _ELSEWHERE.match(line):
        return False
    if where == "正文" and (like := _ITEM.match(squeeze(line))) and not _CONTENTS.search(text.strip()):
        found.numbered.append((int(like[1]), line[:30], here.used))
    found.since = wording.day(line) or found.since
    contents = bool(_CONTENTS.search(text.strip()))
    kind = wording.kind(line) if len(line) <= TITLE else ""
    if where == "正文" and contents:
        here.contents = kind or here.contents
    _totals(found, here, line, "目录" if contents else where)
    category = None if kind or len(line) > TITLE else wording.category(_bare(line))
    if contents:
        if category and category.declared is not None:
            found.said.append(
                Said(here.township, here.contents or here.kind, category.name, category.declared, "目录", text=line)
            )
        return False
    return _heading(found, here, line, kind, category, where)


def _totals(found: Walk, here: _Here, line: str, where: str) -> None:
    """Take note of the numbers of items that a line declares for whole lists."""
    named = wording.township(line) if len(line) <= TITLE and "清单" in line else ""
    for one in wording.total(line):
        if one.items is not None:
            kind = one.kind or wording.kind(line) or here.kind
            found.said.append(Said(named or here.township, kind, "", one.items, where, one.average, line))


def _heading(found: Walk, here: _Here, line: str, kind: str, category: wording.Category | None, where: str) -> bool:
    """Move ``here`` on when ``line`` is the title of a list or the name of a category."""
    title = len(line) <= TITLE and not line.endswith("。")
    if title and "清单" in line and (town := wording.township(line)) and town != here.township:
        here.township, here.kind, here.category, here.used = town, "", "", False
    if title and "清单" in line:
        here.layout = _layout(line) or here.layout
    if title and kind:
        if where == "正文":
            found.announced.setdefault((here.township, kind), line)
        if kind != here.kind:
            here.kind, here.category, here.used = kind, "", False
        return True
    apart = (
        category is not None and category.name.endswith("事项") and not re.match("其他|综合|有关|相关", category.name)
    )
    if title and (apart or (is_other(line) and not category)):
        here.kind, here.category, here.used = "", "", False
        return True
    if category:
        here.category = category.name
        if category.declared is not None:
            found.said.append(Said(here.township, here.kind, category.name, category.declared, where, text=line))
        return True
    return False


def _bare(line: str) -> str:
    """A line of a table of contents without its leaders and page number."""
    return re.sub(r"(?:[.…·．‥⋯_-]{3,}|\t|\s{2,})\s*\d{1,4}\s*$", "", line).strip()


def _table(found: Walk, here: _Here, table: Table, columns: Mapping[str, str]) -> None:
    if summary(found.said, here.township, table):
        found.outside += [(r, "outside" if any(t.strip() for t in r.cells) else "blank") for r in rows(table, 0)]
        return
    top = heads.header(table, columns)
    last = found.sections[-1] if found.sections else None
    times = folds(top, len(table.grid[0])) if top else last.folds if last else 1
    if times > 1 and (top or (last and len(table.grid[0]) == times * len(last.header.texts))):
        table = unfold(table, times, top.row + top.depth if top else 0)
        top = heads.header(table, columns)
    if top is None and last and _continues(last, table):
        head = next(iter(filter(None, map(squeeze, table.grid[0]))), "")
        start = int((is_title(head) or is_other(head)) and wide(table, 0))
        if start or here.used:
            _above(found, here, table, start)
            anew = bool(start) and here.kind != last.kind
            _go_on(found, here, last, rows(table, start, _reach(last.header)), anew=anew)
            return
    if top is None:
        _unnamed(found, here, table)
        return
    _above(found, here, table, top.row)
    found.outside += [(r, "header") for r in rows(table, 0)[top.row : top.row + top.depth]]
    for text in dict.fromkeys(t for row in table.grid[top.row : top.row + top.depth] for t in row if t.strip()):
        _totals(found, here, text, "表头")
    body = rows(table, top.row + top.depth, _reach(top))
    if last and here.used and top.columns == last.header.columns and here.township == last.township:
        _go_on(found, here, last, body)
        return
    found.sections.append(_opened(here, top, body, last))
    found.sections[-1].folds = times
    here.used, here.category = True, ""


def _reach(top: Header) -> int:
    """How many columns a list has, where its table is wider because another list below it is."""
    return max(at for at, text in enumerate(top.texts) if text) + 1


def _go_on(found: Walk, here: _Here, last: Section, body: list[Row], *, anew: bool = False) -> None:
    """More rows under the columns of ``last``: of the same list, or of the list or category just named."""
    if anew or here.category:
        kind = here.kind if anew else last.kind
        last = Section(here.township, kind, last.layout if kind == last.kind else "", last.header, here.category)
        found.sections.append(last)
    last.rows += body
    here.used, here.category = True, ""


def _opened(here: _Here, top: Header, body: list[Row], last: Section | None) -> Section:
    """A new section, its list named by the heading, else by what the columns can only mean."""
    shown = _shown(top)
    named = wording.kind(top.texts[top.columns["name"]]) if "name" in top.columns else ""
    stale = here.used and last is not None and last.kind == here.kind and top.columns != last.header.columns
    kind = named or (shown or here.kind if stale else here.kind or ("" if here.layout else shown))
    clash = shown if kind and shown and shown != kind else ""
    layout = here.layout or (
        "territorial" if {"primary", "primary_department"} & top.columns.keys() or top.units else ""
    )
    return Section(here.township, kind, "" if kind else layout, top, here.category, body, clash)


def _shown(top: Header) -> str:
    """The list that a set of columns can only belong to."""
    have = top.columns.keys()
    if {"department_method", "method"} & have:
        return "reclaimed"
    return "assisting" if {"department_duty", "township_duty"} <= have else ""


def _continues(last: Section, table: Table) -> bool:
    """Whether a table without a header goes on where ``last`` stopped: as wide, or its columns stand alike."""
    before = last.rows[-1].table if last.rows else None
    if before is not None and before.columns_at and table.columns_at:
        return len(before.columns_at) == len(table.columns_at) and all(
            abs(a - b) <= 3 for a, b in zip(before.columns_at, table.columns_at, strict=True)
        )
    at = last.header.columns.get("number")
    first = next((r for r in table.grid if any(t.strip() for t in r)), None)
    if first is None or at is None or at >= len(first):
        first, at = ("",), 0
    if (
        len({*map(squeeze, first)}) > 2
        and first[at].strip()
        and not re.search(r"\d|[一二三四五六七八九十①-⑳●◆■-]", first[at])
    ):
        return False  # a heading of its own stands where a number should
    return len(table.grid[0]) == len(last.header.texts) and (before is None or before.sheet == table.sheet)


def _above(found: Walk, here: _Here, table: Table, until: int) -> None:
    """Read the title rows over a header as the lines they are."""
    for row in rows(table, 0)[:until]:
        texts = list(dict.fromkeys(t for t in row.cells if t.strip()))
        for text in texts:
            _line(found, here, text, "表内标题")
        odd = len(texts) > 1 and wording.number(texts[0]) is not None
        found.outside.append((row, "rejected" if odd else "title" if texts else "blank"))


def _unnamed(found: Walk, here: _Here, table: Table) -> None:
    """A table that is no list: lines in a frame and contents are read as lines, anything else is reported."""
    lines, known = rows(table, 0), []
    wide = all(r.wide or not any(t.strip() for t in r.cells) for r in lines)
    contents = sum(bool(re.fullmatch(r"\d{1,4}", squeeze(r.cells[-1]))) for r in lines) * 2 > len(lines)
    small = len(lines) < 3 or len(table.grid[0]) < 2
    like = any(
        wording.number(r.cells[0]) is not None and len({*filter(None, map(squeeze, r.cells))}) > 1 for r in lines
    )
    said = [m[1] for r in lines[: heads.DEPTH] for t in r.cells if (m := heads.meaning(t))]
    known = list(dict.fromkeys(said))
    page = sum(bool(_PAGE.search(squeeze(t))) for r in lines for t in r.cells) > 2
    frame = wide or page or (small and not like) or (contents and len(known) < 2)
    if not frame or (len(known) >= 2 and len(lines) > 1):
        found.unnamed.append((table, tuple(known)))
        found.outside += [(r, "unnamed" if any(t.strip() for t in r.cells) else "blank") for r in lines]
        return
    for row in lines:
        for text in dict.fromkeys(t for t in row.cells if t.strip()):
            for line in text.split("\n"):
                _line(found, here, line, "正文")
        found.outside.append((row, "outside" if any(t.strip() for t in row.cells) else "blank"))
