"""Two lists side by side for the command line: each side read, the same duties paired, the redline written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from .. import crosswalk, documents, lifecycle, norm, redline, tables
from ..errors import DocumentError, TableError
from ..words import proper

WORDS = {"added": "新增", "removed": "删除", "moved": "移动", "edited": "修改"}
SHOWN = 6  # townships named of those that only one side has


@dataclass(frozen=True)
class Side:
    """One of the two lists: its rows in force, what it is called, and how many places were not understood."""

    items: pd.DataFrame
    name: str
    faults: int


def side(path: Path, *, since: str | None = None, meanings: Path | None = None) -> Side:
    """A list read from a table of this package (a workbook, a csv, a folder of them) or from published documents.

    Where no township is named, ``township`` is "". Raises DocumentError where neither finds an item, and for a table
    whose items have no date in force.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     side(Path(folder, "空").parent)
    Traceback (most recent call last):
    governance.errors.DocumentError: ...没有读到清单事项...
    """
    items, faults, why = _table(path), 0, ""
    if items.empty:
        found = documents.check(path, meanings=meanings, since=since)
        grave = found.problems.loc[found.problems["level"] != "look", "fault"]
        items, faults, why = found.items, len(grave), f"({grave.iloc[0]})" if len(grave) else ""
    if items.empty:
        raise DocumentError(f"“{path}”里没有读到清单事项{why};可先运行 governance lists 看看读到了什么")
    dated = items["since"].notna()
    now = norm.current(items[dated], items["since"].max()) if dated.any() else items.head(0)
    held = pd.concat([now, items[~dated & items["until"].isna()]]).sort_index()
    return Side(held.assign(township=held["township"].fillna("")), path.stem, faults)


def _table(path: Path) -> pd.DataFrame:
    """The items of a table of this package; empty unless every file there is one, without a fault."""
    try:
        found = tables.check(path)
    except TableError:
        return tables.frame("items")
    if len(found.problems) and set(found.problems["column"].fillna("")) == {tables.label("items", "since")}:
        raise DocumentError(
            f"“{path}”里的事项没有施行日期,不能对照;请在表里填上,或用 governance lists 加 --since 重新读原文档,"
            "也可以直接拿原文档来对照"
        )
    read = found.counts[~found.counts["note"].fillna("").str.startswith("跳过")]
    whole = found.problems.empty and len(read) > 0 and bool((read["kept"] == read["read"]).all())
    return found.county.items if whole else tables.frame("items")


def written(old: Side, new: Side, out: Path, *, title: str = "") -> tuple[list[Path], list[str]]:
    """The files, and the sentences for the terminal: how much changed and what could not be compared."""
    before, after = crosswalk.paired(old.items, new.items)
    before, after, left = crosswalk.comparable(before, after)
    towns = [list(dict.fromkeys(one.items["township"])) for one in (old, new)]
    alone = bool((before["township"] == "").all() and (after["township"] == "").all())
    names = [t[0] if alone and t[0] else one.name for one, t in zip((old, new), towns, strict=True)]
    if names[0] == names[1]:
        names = [f"{names[0]}(旧)", f"{names[1]}(新)"]
    changes = lifecycle.diff(before, after, key=("item",) if alone else ("township", "item"))
    own = dict(zip(after["item"], new.items["item"], strict=True)) | dict(
        zip(before["item"], old.items["item"], strict=True)
    )
    changes = changes.assign(item=changes["item"].map(own))  # the ids of the lists, not those they were paired under
    unchanged = len(before) - int((changes["change"] != "added").sum())
    single = (
        f"{towns[0][0]}履职事项清单新旧对照表" if towns[0] == towns[1] and len(towns[0]) == 1 and towns[0][0] else ""
    )
    heading = title or single or f"{names[0]}与{names[1]}对照表"
    names = [proper(name) for name in names]
    files = redline.write(changes, out, title=heading, old=names[0], new=names[1], unchanged=unchanged)
    sizes = [f"{name} {len(side):,} 项" for name, side in zip(names, (before, after), strict=True)]
    lines = [f"{','.join(sizes)}:{_changed(changes, unchanged)}。", *([] if alone else _apart(*towns)), _left(left)]
    return files, [proper(line) for line in lines if line]


def _changed(changes: pd.DataFrame, unchanged: int) -> str:
    if changes.empty:
        return "没有变化"
    number = changes["change"].value_counts()
    told = [f"{word} {int(number[change]):,} 项" for change, word in WORDS.items() if change in number.index]
    return ",".join([*told, f"未变 {unchanged:,} 项"])


def _apart(old: list[str], new: list[str]) -> list[str]:
    """A sentence for each side on the townships that only it has."""
    lines = []
    for mine, other, word, change in ((old, new, "旧", "删除"), (new, old, "新", "新增")):
        only = [town or "(没有写明乡镇)" for town in mine if town not in other]
        if only:
            named = "、".join(only[:SHOWN]) + ("等" if len(only) > SHOWN else "")
            lines.append(f"只有{word}清单有 {len(only)} 个乡镇(街道):{named};其事项都计为{change}。")
    return lines


def _left(left: pd.DataFrame) -> str:
    """One sentence on the columns that only one side printed."""
    if left.empty:
        return ""
    names = []
    for kind, rows in left.groupby("list_kind", sort=False):
        columns = "、".join(dict.fromkeys(tables.label("items", c) for c in rows["column"]))
        names.append(f"{tables.label('items', 'list_kind', kind)}的{columns}")
    return f"只有一方写明、未作对照:{';'.join(names)}。"
