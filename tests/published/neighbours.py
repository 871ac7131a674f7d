"""Lists of the neighbouring kinds that offices still bring, each with its key.

document(name, kind, items) -> bytes; key(name, items) -> what a reader should find. Names: NAMES.
"""

from __future__ import annotations

import functools
import re

import pandas as pd

import governance as gov

from .county import written
from .model import Cell, Grid, Line, Paper, Part, blank

TITLES = {
    "territorial": "青禾县乡镇（街道）属地管理事项责任清单",
    "territorial_units": "青禾县属地管理事项主体责任和配合责任清单",
    "powers": "青禾县乡镇（街道）权责清单",
    "tasks": "青禾县望禾街道职责任务清单",
}
NAMES = tuple(TITLES)
HEADS = {
    "territorial": ("序号", "类别", "具体事项", "县级部门职责", "乡镇职责", "法律依据"),
    "territorial_units": ("序号", "具体事项", "责任单位", "主体责任", "配合责任"),
    "tasks": ("类别", "职责任务", "责任主体"),
}
WIDTHS = {
    "territorial": (1, 1.6, 4, 6, 6, 3),
    "territorial_units": (1, 4, 2.4, 6, 6),
    "powers": (1, 1.8, 4, 6, 6, 3),
    "tasks": (1.6, 6, 2.4),
}
TYPES = ("行政检查", "行政处罚", "其他行政权力")
KEY = ["number", "category", "name", "department", "department_duty", "township_duty", "basis"]


@functools.cache
def _some() -> pd.DataFrame:
    own = gov.examples.county().items.query("township == '望禾街道' and list_kind == 'assisting'")
    return own.groupby("category", sort=False).head(4).reset_index(drop=True)


def some() -> pd.DataFrame:
    """Forty assisting items, the stuff of these lists."""
    return _some().copy()


def head(*texts: str) -> tuple[Cell, ...]:
    return tuple(Cell(t, role="head") for t in texts)


def territorial(items: pd.DataFrame) -> list[tuple[Cell, ...]]:
    """序号, 类别, 具体事项, 县级部门职责 (under the department's name), 乡镇职责, 法律依据; 类别 merged."""
    rows, left = [head(*HEADS["territorial"])], items.groupby("category", sort=False).size().to_dict()
    for n, x in enumerate(items.to_dict("records"), 1):
        first = left.pop(x["category"], 0)
        mine = [Cell(x["category"], down=first)] if first else []
        duty = f"{x['department']}：{x['department_duty']}"
        rest = [
            Cell(x["name"]),
            Cell(duty, role="duty"),
            Cell(x["township_duty"], role="duty"),
            Cell(blank(x["basis"])),
        ]
        rows.append((Cell(str(n), role="serial"), *mine, *rest))
    return rows


def territorial_units(items: pd.DataFrame) -> list[tuple[Cell, ...]]:
    """One row a unit: the department with 主体责任, the township with 配合责任; 序号 and 具体事项 over both."""
    rows = [head(*HEADS["territorial_units"])]
    for n, x in enumerate(items.to_dict("records"), 1):
        first = (Cell(str(n), down=2, role="serial"), Cell(x["name"], down=2))
        rows.append((*first, Cell(x["department"]), Cell(x["department_duty"], role="duty"), Cell("")))
        rows.append((Cell("各乡镇（街道）"), Cell(""), Cell(x["township_duty"], role="duty")))
    return rows


def powers(items: pd.DataFrame) -> list[tuple[Cell, ...]]:
    """序号, 权利类型 (a slip for 权力类型), 事项名称, 职责边界 -> 县级部门 | 乡镇(街道), 设定依据."""
    top = [Cell(t, down=2, role="head") for t in ("序号", "权利类型", "事项名称")]
    rows = [(*top, Cell("职责边界", across=2, role="head"), Cell("设定依据", down=2, role="head"))]
    rows.append(head("县级部门", "乡镇（街道）"))
    for n, x in enumerate(items.to_dict("records"), 1):
        duty = f"{x['department']}：{x['department_duty']}"
        rest = [Cell(duty, role="duty"), Cell(x["township_duty"], role="duty"), Cell(blank(x["basis"]))]
        rows.append((Cell(str(n), role="serial"), Cell(TYPES[n % 3]), Cell(x["name"]), *rest))
    return rows


def tasks(items: pd.DataFrame) -> list[tuple[Cell, ...]]:
    """类别 (merged), 职责任务, 责任主体; no 序号."""
    rows, left = [head(*HEADS["tasks"])], items.groupby("category", sort=False).size().to_dict()
    for x in items.to_dict("records"):
        first = left.pop(x["category"], 0)
        mine = [Cell(x["category"], down=first)] if first else []
        rows.append((*mine, Cell(x["name"]), Cell(x["department"])))
    return rows


MAKERS = {"territorial": territorial, "territorial_units": territorial_units, "powers": powers, "tasks": tasks}


def document(name: str, kind: str, items: pd.DataFrame | None = None) -> bytes:
    """The document's bytes; without ``items`` of forty assisting ones."""
    rows = MAKERS[name](some() if items is None else items)
    grid = Grid(tuple(rows), 2 if name == "powers" else 1, WIDTHS[name])
    lines = (Line(TITLES[name], "title"), Line("（示例数据，内容虚构）", "under"))
    sheet = re.sub(r"^青禾县", "", TITLES[name])
    return written(Paper(TITLES[name], (Part(sheet, (*lines, grid)),), frozenset({"marked_heads"})), kind)


def key(name: str, items: pd.DataFrame | None = None) -> pd.DataFrame:
    """What a reader should find, one row per item, "" where the list does not show it.

    In 权责清单 ``category`` is the type of power; in 职责任务清单 ``department`` is the 责任主体.
    """
    found = some() if items is None else items.reset_index(drop=True)
    numbers = [str(n) for n in range(1, len(found) + 1)]
    found = found.assign(number="" if name == "tasks" else numbers, basis=found["basis"].map(blank))
    if name == "powers":
        found["category"] = [TYPES[n % 3] for n in range(1, len(found) + 1)]
    hidden = {"territorial_units": ["category", "basis"], "tasks": ["department_duty", "township_duty", "basis"]}
    for column in hidden.get(name, []):
        found[column] = ""
    return found[KEY]
