"""The quirks of published lists, each a small function: on the items (texts), on the table, or known to the writer."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pandas as pd

from .model import WIDE, Cell, Grid, reworded

DUTIES = ["department_duty", "township_duty"]
ALIASES = {
    "县住房和城乡建设局": "县住建局",
    "县人力资源和社会保障局": "县人社局",
    "县发展和改革局": "县发改局",
    "县市场监督管理局": "县市场监管局",
    "县自然资源和规划局": "县资规局",
    "县经济和信息化局": "县经信局",
}
SECOND = {  # a second department for some duties, where two really share them
    "县应急管理局": "县消防救援大队",
    "县农业农村局": "县市场监督管理局",
    "县公安局": "县司法局",
    "县住房和城乡建设局": "县综合行政执法局",
    "县自然资源和规划局": "县林业局",
    "县卫生健康局": "县医疗保障局",
}
TYPOS = {
    "事项名称": "事项名秤",
    "对应上级部门": "对应上级部們",
    "上级部门职责": "上级部门职则",
    "承接部门": "承结部门",
    "工作方式": "工做方式",
    "权力类型": "权利类型",
    "工作任务": "工做任务",
}
RADICALS = str.maketrans("一行方人文生工力立水土门民长车见", "⼀⾏⽅⼈⽂⽣⼯⼒⽴⽔⼟⻔⺠⻓⻋⻅")
CIRCLED = "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳"
NUMBER = re.compile(r"(?<!\d)(\d{1,2})\.")


def numbered(style: Callable[[int], str]) -> Callable[[str, int], str]:
    """A text quirk that writes every duty's number in another style.

    >>> numbered(lambda n: f"（{n}）")("1.巡查；2.上报。", 0)
    '（1）巡查；（2）上报。'
    """
    return lambda text, at: NUMBER.sub(lambda m: style(int(m[1])), text)


def lines(text: str, at: int) -> str:
    """Each duty on a line of its own.

    >>> lines("1.巡查；2.上报。", 0)
    '1.巡查；\\n2.上报。'
    """
    return re.sub(r"(?<=[；。])(?=.)", "\n", text)


def broken(text: str, at: int) -> str:
    """In every third cell a hard line break in the middle of a word.

    >>> broken("1.组织巡查和隐患排查；2.上报。", 0)
    '1.组织巡查\\n和隐患排查；2.上报。'
    """
    found = [m.start() for m in re.finditer(r"(?<=[\u4e00-\u9fff])(?=[\u4e00-\u9fff])", text)]
    if at % 3 or len(found) < 8:
        return text
    cut = found[len(found) // 3]
    return text[:cut] + "\n" + text[cut:]


def wide_brackets(text: str, at: int) -> str:
    return text.replace("(", "（").replace(")", "）")


def indented(text: str, at: int) -> str:
    """Two full-width spaces before the text, as pasted from a document."""
    return "　　" + text.replace("\n", "\n　　") if text else text


# --- on the items: what is printed instead of what is meant; ``aliases`` and ``several`` change the key as well


def aliases(items: pd.DataFrame) -> pd.DataFrame:
    """Departments by the short names people use."""
    return items.assign(department=items["department"].replace(ALIASES, regex=True))


def several(items: pd.DataFrame) -> pd.DataFrame:
    """In every second assisting item of a department in SECOND, another department shares the duty."""
    shared = items["list_kind"].eq("assisting") & items["department"].isin(SECOND)
    shared &= shared.cumsum() % 2 == 1
    both = items["department"] + "、" + items["department"].map(SECOND).fillna("")
    return items.assign(department=items["department"].mask(shared, both))


def grouped(items: pd.DataFrame) -> pd.DataFrame:
    """The department's duties under its name and a colon; of several, the first has all but the last duty."""

    def group(duty: str, department: str) -> str:
        each = re.findall(r"\d+\.([^；。]+)[；。]", duty)
        names = department.split("、")
        shares = [each] if len(names) == 1 else [each[:-1], each[-1:]]
        return "".join(f"{name}：{told(share)}" for name, share in zip(names, shares, strict=True))

    duty = items["department_duty"]
    words = [d if pd.isna(d) else group(d, n) for d, n in zip(duty, items["department"], strict=True)]
    return items.assign(department_duty=pd.Series(words, items.index, dtype=duty.dtype))


def told(duties: list[str]) -> str:
    """
    >>> told(["巡查", "上报"])
    '1.巡查；2.上报。'
    """
    return "；".join(f"{n}.{d}" for n, d in enumerate(duties, 1)) + "。"


def slashes(items: pd.DataFrame) -> pd.DataFrame:
    """A stroke where there is no basis."""
    return items.assign(basis=items["basis"].fillna("/"))


# --- on the table


def typos(grid: Grid) -> Grid:
    """Slips of the pen in the header."""
    return reworded(grid, lambda c: TYPOS.get(c.text, c.text) if c.role == "head" else c.text)


def spaced(grid: Grid) -> Grid:
    """``序 号``: spaces inside the headings."""
    return reworded(grid, lambda c: " ".join(c.text) if c.role == "head" and len(c.text) <= 4 else c.text)


def broken_heads(grid: Grid) -> Grid:
    """Long headings broken over two lines."""

    def change(c: Cell) -> str:
        return c.text[: len(c.text) // 2] + "\n" + c.text[len(c.text) // 2 :]

    return reworded(grid, lambda c: change(c) if c.role == "head" and len(c.text) > 4 else c.text)


def wide_digits(grid: Grid) -> Grid:
    """Full-width digits in 序号 and in the declared counts."""
    return reworded(grid, lambda c: c.text.translate(WIDE) if c.role in {"serial", "category"} else c.text)


def lost_brackets(grid: Grid) -> Grid:
    """``一、党的建设 19项``: the brackets of every second category row are gone."""
    seen: list[Cell] = []

    def change(c: Cell) -> str:
        if c.role != "category":
            return c.text
        seen.append(c)
        return re.sub(r"[（(](\d+项)[）)]", r" \1", c.text) if len(seen) % 2 else c.text

    return reworded(grid, change)


def radicals(grid: Grid) -> Grid:
    """Kangxi radicals (and their simplified neighbours, which NFKC leaves alone) instead of characters, as PDFs give."""
    return reworded(grid, lambda c: c.text.translate(RADICALS))


def breaks(grid: Grid) -> list[int]:
    """Rows, after the header, at which no cell from above reaches further down."""
    free, reach = [], 0
    for r, row in enumerate(grid.rows):
        if r >= reach and r > grid.heads:
            free.append(r)
        reach = max([reach, *(r + c.down for c in row)])
    return free


def head_again(grid: Grid) -> Grid:
    """The header repeated by hand in the middle of the table, twice."""
    heads = [row for row in grid.rows[: grid.heads] if all(c.role == "head" for c in row)]
    free = breaks(grid)
    at = sorted({free[len(free) // 3], free[2 * len(free) // 3]}, reverse=True) if free else []
    rows = list(grid.rows)
    for r in at:
        rows[r:r] = heads
    return replace(grid, rows=tuple(rows))


def between(text: str, at: int) -> int:
    """The first place from ``at`` on that stands between two Chinese characters."""
    found = re.compile(r"(?<=[\u4e00-\u9fff])(?=[\u4e00-\u9fff])").search(text, at)
    return found.start() if found else len(text)


def split_rows(grid: Grid) -> Grid:
    """Every fifth long row continues in a second one that has no 序号, as converters leave a page break."""
    rows: list[tuple[Cell, ...]] = []
    long = 0
    for row in grid.rows:
        duty = [i for i, c in enumerate(row) if c.role == "duty" and len(c.text) > 24]
        if not duty or any(c.down > 1 for c in row) or len(row) < len(grid.widths):
            rows.append(row)
            continue
        long += 1
        if long % 5:
            rows.append(row)
            continue
        cuts = {i: between(row[i].text, len(row[i].text) * 3 // 5) for i in duty}
        rows.append(tuple(replace(c, text=c.text[: cuts[i]]) if i in cuts else c for i, c in enumerate(row)))
        rows.append(tuple(replace(c, text=c.text[cuts[i] :] if i in cuts else "") for i, c in enumerate(row)))
    return replace(grid, rows=tuple(rows))


TEXTS: dict[str, Callable[[str, int], str]] = {
    "numbers_comma": numbered(lambda n: f"{n}、"),
    "numbers_round": numbered(lambda n: f"（{n}）"),
    "numbers_half_round": numbered(lambda n: f"({n})"),
    "numbers_circled": numbered(lambda n: CIRCLED[n - 1]),
    "numbers_wide": numbered(lambda n: f"{str(n).translate(WIDE)}．"),
    "lines": lines,
    "broken_words": broken,
    "wide_brackets": wide_brackets,
    "indented": indented,
}
EVERYWHERE = {"wide_brackets"}
ITEMS: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "aliases": aliases,
    "several": several,
    "grouped": grouped,
    "slashes": slashes,
}
GRIDS: dict[str, Callable[[Grid], Grid]] = {
    "typos": typos,
    "spaced_heads": spaced,
    "broken_heads": broken_heads,
    "wide_digits": wide_digits,
    "lost_brackets": lost_brackets,
    "radicals": radicals,
    "head_again": head_again,
    "split_rows": split_rows,
}
FILES = {  # known to the writers of files
    "cover": "a cover page",
    "contents": "a table of contents with dot leaders and page numbers",
    "preamble": "a sentence that declares the counts",
    "notes": "notes and the date under the list",
    "signature": "office and date under the list",
    "auto_numbers": "docx: the duties' numbers are Word's automatic ones",
    "content_controls": "docx: cells, rows and words inside content controls",
    "tracked": "docx: tracked insertions and deletions",
    "marked_heads": "docx: header rows marked to repeat",
    "stacked": "workbook: all lists of a township on one sheet",
    "number_cells": "workbook: 序号 as a number, not as text",
    "nested": "html: the lists inside a layout table with navigation and footer",
    "gb18030": "html: bytes in GB18030, meta says gb2312",
    "word_html": "html as Word saves it",
    "office": "pdf: by LibreOffice from a docx",
}
CHANGES_THE_KEY = ("several", "aliases")
QUIRKS = (*ITEMS, *TEXTS, *GRIDS, *FILES)


def meant(items: pd.DataFrame, quirks: frozenset[str]) -> pd.DataFrame:
    """The items as the document means them: departments as it names them."""
    for name in CHANGES_THE_KEY:
        if name in quirks:
            items = ITEMS[name](items)
    return items


def printed(items: pd.DataFrame, quirks: frozenset[str]) -> pd.DataFrame:
    """The items as the document prints them, from those it means."""
    for name, change in ITEMS.items():
        if name in quirks and name not in CHANGES_THE_KEY:
            items = change(items)
    for name, word in TEXTS.items():
        if name in quirks:
            for column in [*DUTIES, "method", *(["name", "basis"] if name in EVERYWHERE else [])]:
                old = items[column]
                new = [t if pd.isna(t) else word(t, at) for at, t in enumerate(old)]
                items = items.assign(**{column: pd.Series(new, items.index, dtype=old.dtype)})
    return items
