"""The layouts of published lists: which columns, where the category stands, how numbers run; items become tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import reduce
from itertools import groupby

import pandas as pd

from .model import COLUMNS, LISTS, WIDE, Cell, Grid, Line, Paper, Part, blank, numeral
from .quirks import GRIDS, ITEMS, QUIRKS, RADICALS, meant, printed

COUNTY = "青禾县"
MARK = "示例数据，内容虚构"
LIST_NAMES = {"basic": "基本履职事项清单", "assisting": "配合履职事项清单", "reclaimed": "上级部门收回事项清单"}
SUPPORT = {
    "training": "知识培训",
    "guidance": "业务指导",
    "funds": "资金支持",
    "staff": "人员支持",
    "equipment": "设备支持",
}
LABELS = {
    "serial": "序号",
    "category": "类别",
    "name": "事项名称",
    "department": "对应上级部门",
    "department_duty": "上级部门职责",
    "township_duty": "乡镇（街道）配合职责",
    "support": "履职保障",
    "method": "工作方式",
    "basis": "设定依据",
    "both": "承接部门及工作方式",
}
OWN_LABELS = {
    ("basic", "department"): "业务指导部门",
    ("basic", "township_duty"): "工作任务",
    ("reclaimed", "department"): "承接部门",
}
WIDTHS = {
    "serial": 1,
    "category": 1.6,
    "name": 4,
    "department": 2.2,
    "department_duty": 6,
    "township_duty": 6,
    "support": 1.7,
    "method": 6,
    "basis": 3,
    "both": 7,
}
ROWS_A_PAGE = {"basic": 36, "assisting": 8.5, "reclaimed": 16}
PLAIN = {
    "basic": ("serial", "name"),
    "assisting": ("serial", "name", "department", "department_duty", "township_duty"),
    "reclaimed": ("serial", "name", "department", "method"),
}
FULL = {
    "basic": ("serial", "name", "township_duty", "basis"),
    "assisting": ("serial", "name", "department", "department_duty", "township_duty", "support", "basis"),
    "reclaimed": ("serial", "name", "department", "method", "basis"),
}


@dataclass(frozen=True)
class Layout:
    """One way counties print the lists.

    category : row (merged over the whole width), plain (a row with text in its first cell), left (a merged first
        column), column (a column that names it in each row). serial : running, or restart in each category.
    headline, title : how category rows and list titles read. upper : headings of the upper level, by column.
    """

    columns: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: PLAIN)
    category: str = "row"
    serial: str = "running"
    headline: str = "{number}、{category}（{count}项）"
    title: str = "{list}（共{categories}类{total}项）"
    numbering: str = "{n}"
    merged: bool = False  # department cells over the rows that share them
    table_title: bool = False  # title and unit as rows of the table
    upper: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)


LAYOUTS = {
    "classic": Layout(title="{number}、{list}"),
    "tasks": Layout(
        {**PLAIN, "basic": ("serial", "name", "township_duty")}, headline="（{number}）{category}（{count}项）"
    ),
    "one_cell": Layout({**PLAIN, "reclaimed": ("serial", "name", "both")}, title="{list}"),
    "left": Layout(
        {k: ("category", *(c for c in FULL[k] if c not in {"support", "basis"})) for k in LISTS},
        category="left",
        serial="restart",
        headline="{category}（{count}项）",
        merged=True,
    ),
    "inside": Layout(
        {**PLAIN, "basic": ("serial", "name", "township_duty")},
        headline="{number}、{category}（共{count}项）",
        table_title=True,
    ),
    "two_level": Layout(
        FULL,
        upper={
            **dict.fromkeys(("department", "department_duty", "township_duty"), "职责分工"),
            **dict.fromkeys(("support", "basis"), "有关情况"),
        },
    ),
    "workbook": Layout(
        {
            "basic": ("serial", "name", "department", "township_duty", "basis"),
            "assisting": (*PLAIN["assisting"], "support"),
            "reclaimed": PLAIN["reclaimed"],
        },
        category="plain",
        table_title=True,
    ),
    "column": Layout(
        {k: ("serial", "category", *FULL[k][1:]) for k in LISTS},
        category="column",
        title="{list}（{total}项）",
    ),
    "page": Layout(
        {**PLAIN, "basic": ("serial", "name", "township_duty")},
        numbering="{n}.",
        merged=True,
        labels={"township_duty": "镇街配合职责", "department": "县级部门", "department_duty": "县级部门职责"},
    ),
    "book": Layout(FULL, title="{number}、{list}（{total}项）"),
}


def counted(items: pd.DataFrame, wrong: Mapping[tuple[str, str, str], int] | None = None) -> dict:
    """Counts as declared: (list, category, where) -> number; ``wrong`` says what is added to some of them."""
    counts: dict[tuple[str, str, str], int] = {}
    for kind, own in items.groupby("list_kind", sort=False):
        per = own.groupby("category", sort=False).size()
        for where in ("row", "contents"):
            counts |= {(kind, c, where): int(n) for c, n in per.items()}
        counts |= {(kind, "", where): len(own) for where in ("title", "contents", "text")}
    return {k: n + (wrong or {}).get(k, 0) for k, n in counts.items()}


def numbers(items: pd.DataFrame, layout: Layout) -> pd.Series:
    """序号 of each item as the layout prints it."""
    keys = ["township", "list_kind", *(["category"] if layout.serial == "restart" else [])]
    return (items.groupby(keys, sort=False).cumcount() + 1).map(lambda n: layout.numbering.format(n=n))


def label(layout: Layout, kind: str, column: str) -> str:
    """The heading of a column."""
    own = OWN_LABELS.get((kind, column))
    if own and kind != "assisting":
        return own
    return layout.labels.get(column, LABELS[column])


def heads(layout: Layout, kind: str) -> list[tuple[Cell, ...]]:
    """The header: one row, or two where the layout has an upper level."""
    top, low = [], []
    for upper, run in groupby(layout.columns[kind], key=lambda c: layout.upper.get(c, "")):
        own = [Cell(label(layout, kind, c), role="head") for c in run]
        if upper and len(own) > 1:
            top.append(Cell(upper, across=len(own), role="head"))
            low += own
        else:
            top += own
    if not low:
        return [tuple(top)]
    return [tuple(c if c.across > 1 else replace(c, down=2) for c in top), tuple(low)]


def cell(row: dict, column: str) -> Cell:
    """What an item's row says in a column."""
    if column == "both":
        return Cell(f"承接部门：{row['department']}。\n工作方式：{row['method']}", role="duty")
    if column == "support":
        return Cell("、".join(SUPPORT[w] for w in blank(row["support"]).split("|") if w))
    role = {
        "serial": "serial",
        "category": "text",
        "department_duty": "duty",
        "township_duty": "duty",
        "method": "duty",
    }
    return Cell(blank(row["number" if column == "serial" else column]), role=role.get(column, "text"))


def body(rows: list[dict], layout: Layout, columns: tuple[str, ...], headline: str) -> list[tuple[Cell, ...]]:
    """The rows of one category."""
    spans = {}
    if layout.merged and "department" in columns:
        at = 0
        for _, run in groupby(rows, key=lambda r: r["department"]):
            length = len(list(run))
            spans[at] = length
            at += length
    found = []
    for at, row in enumerate(rows):
        cells = []
        for column in columns:
            if column == "category" and layout.category == "left":
                if at == 0:
                    cells.append(Cell(headline, down=len(rows), role="category"))
            elif column == "department" and spans:
                if at in spans:
                    cells.append(replace(cell(row, column), down=spans[at]))
            else:
                cells.append(cell(row, column))
        found.append(tuple(cells))
    return found


def table(items: pd.DataFrame, layout: Layout, counts: Mapping, top: tuple[str, ...], quirks: Iterable[str]) -> Grid:
    """The table of one list; ``top`` are the texts of its title and unit rows."""
    kind = items["list_kind"].iloc[0]
    columns = layout.columns[kind]
    width = len(columns)
    roles = ("title", "unit")
    rows = [(Cell(text, across=width, role=role),) for text, role in zip(top, roles, strict=False)]
    rows += heads(layout, kind)
    first = len(rows)
    for n, (category, own) in enumerate(items.groupby("category", sort=False), 1):
        headline = layout.headline.format(number=numeral(n), category=category, count=counts[kind, category, "row"])
        if layout.category == "row":
            rows.append((Cell(headline, across=width, role="category"),))
        elif layout.category == "plain":
            rows.append((Cell(headline, role="category"), *[Cell("")] * (width - 1)))
        rows += body(own.to_dict("records"), layout, columns, headline)
    grid = Grid(tuple(rows), first, tuple(WIDTHS[c] for c in columns))
    return reduce(lambda g, name: GRIDS[name](g) if name in quirks else g, GRIDS, grid)


def title(layout: Layout, counts: Mapping, kind: str, number: int, items: pd.DataFrame) -> str:
    """A list's title with the counts it declares."""
    return layout.title.format(
        number=numeral(number),
        list=LIST_NAMES[kind],
        total=counts[kind, "", "title"],
        categories=items["category"].nunique(),
    )


def contents(items: pd.DataFrame, layout: Layout, counts: Mapping) -> list[Line]:
    """A table of contents: lists and categories with their counts and pages."""
    found, at = [Line("目　录", "title")], 1.0
    for number, (kind, own) in enumerate(items.groupby("list_kind", sort=False), 1):
        total = counts[kind, "", "contents"]
        found.append(Line(f"{numeral(number)}、{LIST_NAMES[kind]}（{total}项）", "contents", int(at)))
        for n, (category, per) in enumerate(own.groupby("category", sort=False), 1):
            text = f"　　（{numeral(n)}）{category}（{counts[kind, category, 'contents']}项）"
            found.append(Line(text, "contents", int(at)))
            at += len(per) / ROWS_A_PAGE[kind]
    return [*found, Line("", "break")]


def office(township: str) -> str:
    """What a township's government is called."""
    return "办事处" if township.endswith("街道") else "人民政府"


def opening(items: pd.DataFrame, layout: Layout, counts: Mapping, township: str, quirks: frozenset[str]) -> list[Line]:
    """What stands before the first list."""
    name = f"{COUNTY}{township}履行职责事项清单"
    found = [Line(name, "cover" if "cover" in quirks else "title"), Line(f"（{MARK}）", "under")]
    if "cover" in quirks:
        found += [
            Line(f"{COUNTY}{township}{office(township)}", "office"),
            Line("2025年6月30日", "under"),
            Line("", "break"),
        ]
    if "contents" in quirks:
        found += contents(items, layout, counts)
    if "preamble" in quirks:
        per = {k: counts[k, "", "text"] for k in items["list_kind"].unique()}
        told = "、".join(f"{LIST_NAMES[k].removesuffix('清单')}{n}项" for k, n in per.items())
        text = (
            f"根据县委、县政府统一部署，编制本清单。清单共列{sum(per.values())}项，其中{told}，自2025年7月1日起施行。"
        )
        found.append(Line(text))
    return found


def closing(township: str, quirks: frozenset[str]) -> list[Line]:
    """What stands under the last list."""
    found = []
    if "notes" in quirks:
        found += [Line("注：1.本表由青禾县履职事项清单编制工作专班汇总；2.“履职保障”由牵头部门承诺提供。", "note")]
    if "signature" in quirks:
        found += [Line(f"{COUNTY}{township}{office(township)}", "signature"), Line("2025年6月30日", "signature")]
    return found


def parts(items: pd.DataFrame, layout: Layout, counts: Mapping, quirks: frozenset[str]) -> list[Part]:
    """The lists of one township, one part each; workbooks that stack them put all into one part."""
    township = items["township"].iloc[0]
    found: list[Part] = []
    lists = list(items.assign(number=numbers(items, layout)).groupby("list_kind", sort=False))
    for number, (kind, own) in enumerate(lists, 1):
        named = title(layout, counts, kind, number, own)
        top: tuple[str, ...] = ()
        blocks: list[Line | Grid] = []
        if layout.table_title:
            top = (f"{COUNTY}{township}{named}", f"单位：{COUNTY}{township}　　　　（{MARK}）")
        else:
            blocks.append(Line(named, "heading"))
        blocks.append(table(printed(own, quirks), layout, counts, top, quirks))
        found.append(Part(LIST_NAMES[kind].removesuffix("清单"), tuple(blocks)))
    if found and "notes" in quirks and len(lists) > 1:
        found = [replace(p, blocks=(*p.blocks, *closing(township, frozenset({"notes"})))) for p in found]
    first = tuple(opening(items, layout, counts, township, quirks))
    last = tuple(closing(township, quirks - ({"notes"} if len(lists) > 1 else set())))
    found[0] = replace(found[0], blocks=(*first, *found[0].blocks))
    found[-1] = replace(found[-1], blocks=(*found[-1].blocks, *last))
    if "stacked" in quirks:
        return [Part(township, tuple(b for p in found for b in p.blocks))]
    return found


def in_radicals(block: Line | Grid) -> Line | Grid:
    """A line in the radicals that a PDF gives; the tables have theirs already."""
    return replace(block, text=block.text.translate(RADICALS)) if isinstance(block, Line) else block


def paper(
    items: pd.DataFrame,
    layout: Layout | str,
    quirks: Iterable[str] = (),
    *,
    wrong: Mapping[str, Mapping[tuple[str, str, str], int]] | None = None,
) -> Paper:
    """The whole document for the items of one township or more; ``wrong`` plants counts, per township."""
    layout = LAYOUTS[layout] if isinstance(layout, str) else layout
    chosen = frozenset(quirks)
    if strange := chosen - {*QUIRKS}:
        raise ValueError(f"no such quirk: {sorted(strange)}")
    found: list[Part] = []
    names = list(items["township"].unique())
    for township, own in items.groupby("township", sort=False):
        counts = counted(own, (wrong or {}).get(township))
        found += parts(meant(own, chosen), layout, counts, chosen)
    if "radicals" in chosen:
        found = [replace(p, blocks=tuple(map(in_radicals, p.blocks))) for p in found]
    return Paper(f"{COUNTY}{'、'.join(names)}履行职责事项清单", tuple(found), chosen)


def key(items: pd.DataFrame, layout: Layout | str, quirks: Iterable[str] = ()) -> pd.DataFrame:
    """The answer: what a reader should find, text as it is meant, empty where the layout does not show it."""
    layout = LAYOUTS[layout] if isinstance(layout, str) else layout
    chosen = frozenset(quirks)
    known = meant(items, chosen)
    if "grouped" in chosen:
        known = ITEMS["grouped"](known)
    shown = known.assign(number=numbers(known, layout) if len(known) else "", official=items["department"])
    if "wide_digits" in chosen:
        shown["number"] = shown["number"].str.translate(WIDE)
    for column in COLUMNS:
        kinds = [
            k
            for k in LISTS
            if column in layout.columns[k] or ("both" in layout.columns[k] and column in {"department", "method"})
        ]
        shown[column] = shown[column].map(blank).where(shown["list_kind"].isin(kinds), "")
    return shown[["township", "list_kind", "category", "number", "item", "name", *COLUMNS, "official"]]
