"""What both files show: each changed item with its marked fields, in groups, and the counts on top."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import pandas as pd

from ..errors import TableError, require
from ..tables.fields import field, fields, label
from ..words import proper
from .marks import Piece, marked, names

CHANGES = {"added": "新增", "removed": "删除", "moved": "移动", "edited": "修改"}
COUNTS = {"added": "新增", "removed": "删除", "moved_in": "移入", "moved_out": "移出", "edited": "修改"}
GROUPS = ("township", "list_kind", "category")
CALLED = {  # what a list calls a column otherwise than the schema does
    ("basic", "township_duty"): "工作任务",
    ("basic", "department"): "业务指导部门",
    ("reclaimed", "department"): "承接部门",
}
UNFIT = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
NONE = "（未填）"
LEGEND = "新增文字为蓝色加下划线，删除文字为红色加删除线，未变文字为黑色。"
LIMITS = (
    "对照只列所属清单和文字的变化；移动指事项换了清单，不等于责任加重或减轻；位置调换的语句按一处删除、一处新增标示。"
)


@dataclass(frozen=True)
class Told:
    """What the files are told: their heading, the names of both sides, how many items did not change."""

    title: str
    old: str
    new: str
    unchanged: int | None = None

    @property
    def mark(self) -> str:
        """What every page bears when the title says that the data are made up."""
        return "示例数据，均系编造，不得引用" if "示例数据" in self.title else ""


@dataclass(frozen=True)
class Line:
    """One changed field of an item: its Chinese name and its pieces."""

    label: str
    pieces: tuple[Piece, ...]


@dataclass(frozen=True)
class Entry:
    """One changed item. ``moved``: the sentence that says from which list to which, else ""."""

    township: str
    list_kind: str
    category: str
    change: str
    key: str
    name: tuple[Piece, ...]
    moved: str
    lines: tuple[Line, ...]


def fit(text: str) -> str:
    """The text without characters that neither Excel nor a browser can hold, line breaks as "\\n"."""
    return UNFIT.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def checked(changes: pd.DataFrame) -> None:
    """Nothing; raises TableError where ``changes`` is not what ``lifecycle.diff`` gives."""
    require(changes, ["change", "columns", "list_kind_old", "list_kind"], "变化表")
    strange = sorted({str(c) for c in changes["change"]} - {*CHANGES})
    if strange:
        raise TableError(f"变化表的 change 列有不认识的取值:{'、'.join(strange)};可用:{'、'.join(CHANGES)}")


def keys(changes: pd.DataFrame) -> list[str]:
    """The key columns: those before ``change``."""
    return [str(c) for c in changes.columns[: list(changes.columns).index("change")]]


def titled(column: str, kind: str = "") -> str:
    """The Chinese name of a column, as the list of that kind calls it, or the name as it is."""
    if known := CALLED.get((kind, column)):
        return known
    return proper(label("items", column)) if column in {f.name for f in fields("items")} else column


def entries(changes: pd.DataFrame) -> list[Entry]:
    """Every row of ``changes`` as an Entry, grouped by township and category as they come, lists as the schema has."""
    own = [k for k in keys(changes) if k not in (*GROUPS, "name")]
    pairs = [str(c) for c in changes.columns if f"{c}_old" in changes.columns and c != "list_kind"]
    found = [_entry(row, own, pairs) for row in changes.to_dict("records")]
    place: dict[Any, int] = {}
    for one in found:
        place.setdefault(one.township, len(place))
        place.setdefault((one.township, one.list_kind, one.category), len(place))
    return sorted(
        found, key=lambda e: (place[e.township], _rank(e.list_kind), place[e.township, e.list_kind, e.category])
    )


def _rank(kind: str) -> tuple[int, str]:
    """Where a list stands: the three of the schema first."""
    lists = [*dict.fromkeys(field("items", "list_kind").allowed.values())]
    return (lists.index(kind) if kind in lists else len(lists), kind)


def _list(kind: str) -> str:
    return label("items", "list_kind", kind)


def _cell(value: Any) -> str:
    return "" if value is None or pd.isna(value) else str(value)


def townships(found: Sequence[Entry]) -> Iterator[tuple[str, list[Entry]]]:
    """Each township with its entries."""
    return ((key, list(group)) for key, group in groupby(found, key=lambda e: e.township))


def categories(found: Sequence[Entry]) -> Iterator[tuple[str, list[Entry]]]:
    """Each heading, list and category, with its entries."""
    for (kind, category), group in groupby(found, key=lambda e: (e.list_kind, e.category)):
        yield " · ".join(filter(None, (label("items", "list_kind", kind), category))), list(group)


def _said(row: Mapping[Any, Any], column: str) -> str:
    """The text of a cell in Chinese, "" where there is none."""
    value = row.get(column)
    if value is None or pd.isna(value):
        return ""
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d}"
    name = column.removesuffix("_old")
    return label("items", name, value) if name in ("support", "list_kind") else str(value)


def _new(row: Mapping[Any, Any], column: str) -> str:
    """What a group or a name is called: as it is now, for a removed item as it was."""
    order = (column, f"{column}_old")
    texts = [str(row[c]) for c in order if c in row and not pd.isna(row[c]) and row[c] != ""]
    return texts[-1] if row["change"] == "removed" and texts else next(iter(texts), "")


def _pieces(column: str, old: str, new: str) -> tuple[Piece, ...]:
    whole = column in ("department", "support")
    return tuple((names if whole else marked)(old, new))


def _entry(row: Mapping[Any, Any], own: Sequence[str], pairs: Sequence[str]) -> Entry:
    change, name = str(row["change"]), _new(row, "name")
    op = {"added": "insert", "removed": "delete"}.get(change, "equal")
    moved = ""
    if change == "moved":
        moved = f"清单由{_said(row, 'list_kind_old')}移至{_said(row, 'list_kind')}"
    township, kind, category = (_new(row, group) for group in GROUPS)
    return Entry(
        township,
        kind,
        category,
        change,
        " · ".join(filter(None, (_said(row, k) for k in own))),
        ((op, name),) if name else (),
        moved,
        tuple(_lines(row, pairs)),
    )


def _lines(row: Mapping[Any, Any], pairs: Sequence[str]) -> Iterator[Line]:
    """The fields to show: all that an added or removed item has, else those that differ."""
    change = row["change"]
    kind = "" if change == "moved" else _new(row, "list_kind")
    if change in ("added", "removed"):
        op, tail = ("insert", "") if change == "added" else ("delete", "_old")
        for column in pairs:
            text = _said(row, column + tail)
            if text and column not in ("name", "category") and row[column + tail] != "":
                yield Line(titled(column, kind), ((op, text),))
        return
    if change == "moved":
        old, new = _said(row, "list_kind_old"), _said(row, "list_kind")
        yield Line("所属清单", tuple([("delete", old)] * bool(old) + [("insert", new)] * bool(new)))
    given = row["columns"]
    named = [] if given is None or pd.isna(given) else [c for c in str(given).split("|") if c and c != "list_kind"]
    shown = [c for c in pairs if c in named] or [c for c in pairs if _said(row, f"{c}_old") != _said(row, c)]
    for column in shown:
        pieces = _pieces(column, _said(row, f"{column}_old"), _said(row, column))
        yield Line(titled(column, kind), pieces or (("equal", NONE),))  # missing and "" differ to diff, not to a reader
    if rest := [titled(c, kind) for c in named if c not in pairs]:
        yield Line("其他变化", (("equal", f"{'、'.join(rest)}有变化，未列出内容"),))


def sums(changes: pd.DataFrame) -> list[tuple[str, str, list[int]]]:
    """(township, list, items for each of COUNTS): all together, each list, then each township by list.

    A moved item counts as moved out of its old list and into its new one. One township alone has no lines of its own.
    """
    count: dict[tuple[str, str, str], int] = {}
    towns: dict[str, None] = {}
    for row in changes.reindex(columns=["township", "change", "list_kind_old", "list_kind"]).to_dict("records"):
        town, old, new = (_cell(row[c]) for c in ("township", "list_kind_old", "list_kind"))
        change = str(row["change"])
        places = {"removed": [("removed", old)], "moved": [("moved_out", old), ("moved_in", new)]}
        for name, kind in places.get(change, [(change, new or old)]):
            count[town, kind, name] = count.get((town, kind, name), 0) + 1
        towns.setdefault(town)
    kinds = sorted({kind for _, kind, _ in count}, key=_rank)
    every = [(kind, [sum(count.get((t, kind, name), 0) for t in towns) for name in COUNTS]) for kind in kinds]
    both = [(t, kind, [count.get((t, kind, name), 0) for name in COUNTS]) for t in towns for kind in kinds]
    whole = [sum(column) for column in zip(*(numbers for _, numbers in every), strict=True)]
    lines = [("全部", "合计", whole), *(("全部", _list(kind), numbers) for kind, numbers in every)]
    return lines + [(t, _list(k), n) for t, k, n in both if any(n)] * (len(towns) > 1)


def flows(changes: pd.DataFrame) -> list[tuple[str, str, int]]:
    """(old list, new list, items moved), in Chinese, most first."""
    moved = changes[changes["change"] == "moved"]
    size = Counter(zip(moved["list_kind_old"].map(_cell), moved["list_kind"].map(_cell), strict=True))
    pairs = sorted(size, key=lambda pair: (-size[pair], *map(_rank, pair)))
    return [(_list(old), _list(new), size[old, new]) for old, new in pairs]


def sentence(changes: pd.DataFrame, unchanged: int | None = None) -> str:
    """How many items were added, removed, moved, edited, and left as they were where that is known."""
    same = [f"未变{unchanged:,}项"] if unchanged is not None else []
    if changes.empty:
        return "，".join(["没有变化", *same]) + "。"
    number = changes["change"].value_counts()
    return "，".join([*(f"{word}{int(number.get(name, 0)):,}项" for name, word in CHANGES.items()), *same]) + "。"
