"""Counts that a document declares, and the tables that hold nothing else."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..tables.headers import squeeze
from . import wording
from .blocks import Table

DEPTH = 10  # rows searched for the header of a table of counts
_COUNT = re.compile(r"(\d{1,6})(?:项|个|件|条)?|[-—/0无]?")
_SUM = re.compile(r"(?:合|总|小|共)计|总数")


@dataclass(frozen=True)
class Said:
    """A count the document declares: for a list (category "") or one of its categories."""

    township: str
    kind: str
    category: str
    count: int
    where: str
    average: bool = False
    text: str = ""


def summary(said: list[Said], township: str, table: Table) -> bool:
    """Whether ``table`` only counts items (类别 | 基本 | 配合 | 收回); what it declares is added to ``said``.

    >>> found: list[Said] = []
    >>> summary(found, "甲镇", Table((("类别", "基本履职事项", "配合履职事项"), ("党的建设", "5", "2"), ("合计", "5", "2"))))
    True
    >>> [(s.kind, s.category, s.count) for s in found]
    [('basic', '党的建设', 5), ('assisting', '党的建设', 2), ('basic', '', 5), ('assisting', '', 2)]
    """
    for row in range(min(DEPTH, len(table.grid))):
        kinds = {at: kind for at, text in enumerate(table.grid[row]) if (kind := wording.kind(text))}
        if len(set(kinds.values())) > 1:
            break
    else:
        return False
    body = [r for r in table.grid[row + 1 :] if any(t.strip() for t in r)]
    filled = [squeeze(r[at]) for r in body for at in kinds]
    if not any(t.isdigit() for t in filled) or not all(map(_COUNT.fullmatch, filled)):
        return False
    for cells in body:
        names = [t for at, t in enumerate(cells[: min(kinds)]) if t.strip() and not squeeze(t).isdigit()]
        name = names[0] if names else ""
        category = wording.category(name)
        town = wording.township(name)
        for at, kind in kinds.items():
            count = re.match(r"\d+", squeeze(cells[at]))
            if count and (town or category or _SUM.match(squeeze(name))):
                part = category.name if category and not town else ""
                said.append(Said(town or township, kind, part, int(count[0]), "汇总表", text=squeeze(name)))
    return True
