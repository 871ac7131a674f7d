"""Tables cut into the lists they hold, and what each row is by itself."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ..tables.headers import squeeze
from . import heads, wording
from .blocks import Table
from .heads import Header

TITLE = 80  # characters of a line that may be a title
_NOTE = re.compile(
    r"[*※]?(?:注|备注|说明|附注|填表说明|填报说明)\d*[:、.]|(?:填报|填表|制表|审核|编制)(?:单位|人|日期|时间)(?::|$)"
    r"|(?:单位|部门)?(?:负责人|审批人|经办人|联系人|联系电话|分管领导|主要领导)(?:签字|签名|签章|意见)?(?:\(盖章\))?:"
)
_TOTAL = re.compile(r"(?:(?:合|总|小|共)计|总数)(?:$|[:共(]|\d)")
_OTHER = re.compile(
    r"(?:清单|目录|一览表|记录|附表)(?:\([^)]*\))?$(?<!^目录)(?<!履职事项清单)(?<!履行职责事项清单)(?<!职责清单)"
)


@dataclass(frozen=True, eq=False)
class Row:
    """A row of a table: its cells, the one thing it says (if it says but one), and how it hangs together.

    wide : the text of a row with a single text; spans : that text's cell covers the whole width.
    below : columns whose merged cell began in a row above. fresh : first row after a page, table or header.
    """

    table: Table
    at: int
    cells: tuple[str, ...]
    wide: str
    spans: bool
    below: frozenset[int]
    fresh: bool = False


def parts(table: Table, columns: Mapping[str, str]) -> Iterator[Table]:
    """The table cut where a row is the title of a list, or another header begins."""
    cuts, current = [0], heads.header(table, columns)
    deep = current.row + current.depth if current else 1
    for at in range(deep, len(table.grid)):
        cells = list(dict.fromkeys(filter(None, map(squeeze, table.grid[at]))))
        titled = len(cells) == 1 and (is_title(cells[0]) or is_other(cells[0])) and wide(table, at)
        again = current and len(cells) > 1 and at > cuts[-1] + 1 and _other_header(table, at, current, columns)
        if titled or again:
            cuts.append(at)
    for a, b in zip(cuts, [*cuts[1:], len(table.grid)], strict=True):
        if b > a:
            yield table if (a, b) == (0, len(table.grid)) else _slice(table, a, b)


def folds(top: Header, width: int) -> int:
    """How many times the columns of a list stand side by side (序号 事项名称 序号 事项名称); 1 for an ordinary list.

    >>> top = heads.header(Table((("序号", "事项名称", "序号", "事项名称"),)), {})
    >>> folds(top, 4)
    2
    """
    for times in (2, 3, 4):
        step = width // times
        blocks = [top.texts[k : k + step] for k in range(0, width, step)] if step * times == width and step > 1 else []
        if blocks and all(b == blocks[0] for b in blocks) and len(set(blocks[0])) > 1 and all(blocks[0]):
            return times
    return 1


def unfold(table: Table, times: int, body: int) -> Table:
    """A list printed ``times`` times side by side, as one below the other; its header is the first ``body`` rows.

    >>> unfold(Table((("1", "甲", "2", "乙"),)), 2, 0).grid
    (('1', '甲'), ('2', '乙'))
    """
    step = len(table.grid[0]) // times
    grid = [row[:step] for row in table.grid[:body]]
    lines = [table.first + at for at in range(body)]
    pages = list(table.pages[:body])
    fold = [0] * body
    for k in range(times):
        for at in range(body, len(table.grid)):
            cells = table.grid[at][k * step : (k + 1) * step]
            across = any(a < k * step <= c for (t, a), (b, c) in table.merged if t <= at <= b)
            if k == 0 or (any(t.strip() for t in cells) and not across):
                grid.append(cells)
                lines.append(table.first + at)
                fold.append(k)
                pages += table.pages[at : at + 1]
    place = {(k, at): new for new, (k, at) in enumerate(zip(fold, (n - table.first for n in lines), strict=True))}
    merged = []
    for (top, left), (bottom, right) in table.merged:
        k = left // step
        own = [place[k, at] for at in range(top, bottom + 1) if (k, at) in place]
        if own:
            merged.append(((own[0], left - k * step), (own[-1], min(right - k * step, step - 1))))
    edges = table.columns_at[:step]
    return replace(
        table,
        grid=tuple(grid),
        lines=tuple(lines),
        fold=tuple(fold),
        merged=tuple(merged),
        pages=tuple(pages),
        columns_at=edges,
    )


def is_other(text: str) -> bool:
    """Whether a line is the title of a list of another kind than the three.

    >>> is_other("栎桥镇行政权力清单（试行）"), is_other("栎桥镇基本履职事项清单"), is_other("目录")
    (True, False, False)
    """
    line = squeeze(text)
    return len(line) <= TITLE and bool(_OTHER.search(line)) and not wording.kind(line)


def is_title(text: str) -> bool:
    """Whether a row that says one thing is the title of a list.

    >>> is_title("配合履职事项清单（共76项）"), is_title("一、党的建设（19项）")
    (True, False)
    """
    named = bool(wording.kind(text)) and len(text) <= TITLE and not text.endswith("。")
    return named and bool(re.search("清单|履职事项|收回事项|^.{0,4}(?:基本|配合|收回)事项", text))


def _other_header(table: Table, at: int, current: Header, columns: Mapping[str, str]) -> bool:
    """Whether row ``at`` is a header, and not the one that holds printed again."""
    known = {c: m for c, t in enumerate(table.grid[at]) if (m := heads.meaning(t, columns))}
    filled = {c for c, t in enumerate(table.grid[at]) if t.strip()}
    names = {m[0] for m in known.values()}
    if "name" not in names or len(names) < 2 or 2 * len(known) < len(filled):
        return False
    return not repeats(tuple(table.grid[at]), current)


def line(row: Row) -> int:
    """The number of a row as a person would count it: in its table, or of the sheet.

    >>> line(rows(Table((("a", "b"),), first=7), 0)[0])
    7
    """
    return row.table.lines[row.at] if row.table.lines else row.table.first + row.at


def _slice(table: Table, a: int, b: int) -> Table:
    merged = tuple(
        ((max(top, a) - a, left), (min(bottom, b - 1) - a, right))
        for (top, left), (bottom, right) in table.merged
        if bottom >= a and top < b
    )
    return replace(
        table,
        grid=table.grid[a:b],
        merged=merged,
        first=table.first + a,
        heads=max(0, table.heads - a) if a < table.heads else 0,
        page=table.pages[a] if table.pages else table.page,
        pages=table.pages[a:b],
    )


def wide(table: Table, at: int) -> bool:
    """Whether one merged cell covers row ``at``, or only one of its cells is filled."""
    return spanned(table, at) or sum(bool(t.strip()) for t in table.grid[at]) == 1


def spanned(table: Table, at: int, width: int = 0) -> bool:
    """Whether one merged cell covers the row, but for one column at most.

    width : of the list, where the table is wider than it.

    >>> spanned(Table((("甲", "甲", "甲"),), merged=(((0, 0), (0, 2)),)), 0)
    True
    """
    width = width or len(table.grid[at])
    cover = max((right - left + 1 for (top, left), (bottom, right) in table.merged if top <= at <= bottom), default=1)
    return cover >= 2 and cover >= width - 1


def rows(table: Table, start: int, width: int = 0) -> list[Row]:
    """The rows of ``table`` from row ``start`` on.

    width : of the list, where the table is wider than it.

    >>> [(r.at, r.wide) for r in rows(Table((("a", "b"), ("1", "")), 1), 0)]
    [(0, ''), (1, '1')]
    """
    out = []
    inside: list[set[int]] = [set() for _ in table.grid]
    for (top, left), (bottom, right) in table.merged:
        for at in range(top + 1, bottom + 1):
            inside[at].update(range(left, right + 1))
    for at in range(start, len(table.grid)):
        cells = table.grid[at]
        texts = list(dict.fromkeys(filter(None, map(squeeze, cells))))
        spans = len(texts) == 1 and spanned(table, at, width)
        one = spans or sum(bool(t.strip()) for t in cells) == 1
        wide = next(t for t in cells if t.strip()) if len(texts) == 1 and one else ""
        broken = at > start and bool(table.pages) and table.pages[at] != table.pages[at - 1]
        beside = at > start and bool(table.fold) and table.fold[at] != table.fold[at - 1]
        out.append(Row(table, at, cells, wide, spans, frozenset(inside[at]), at == start or broken or beside))
    return out


def repeats(cells: Sequence[str], header: Header) -> bool:
    """Whether ``cells`` are the header printed again (or one of its rows).

    >>> from governance.documents.heads import header
    >>> top = header(Table((("序号", "事项名称"), ("1", "甲"))), {})
    >>> repeats(("序 号", "事项名称"), top), repeats(("2", "乙"), top)
    (True, False)
    """
    hits, meanings = 0, {at: name for name, at in header.columns.items()}
    for at, text in enumerate(cells):
        word = squeeze(text)
        if not word:
            continue
        pieces = header.texts[at].split("›") if at < len(header.texts) else []
        known = None if word in pieces else heads.meaning(word)
        if word not in pieces and not (known and known[0] == meanings.get(at)):
            return False
        hits += 1
    return hits >= min(2, len(header.columns))


def is_note(text: str) -> bool:
    """Whether a row is a remark or a signature, not an item.

    >>> is_note("注:本清单自公布之日起施行"), is_note("填报单位:栎桥镇")
    (True, True)
    """
    return bool(_NOTE.match(squeeze(text)))


def is_sum(text: str) -> bool:
    """Whether a row states a total.

    >>> is_sum("合计"), is_sum("合计19项"), is_sum("统计调查")
    (True, True, False)
    """
    return bool(_TOTAL.match(squeeze(text)))
