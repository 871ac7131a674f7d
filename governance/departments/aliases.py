"""The table of aliases: read and written as people keep it, and followed to the unit each name means."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from ..errors import TableError, require
from ..files import replaced
from ..tables.forms import CREATED
from ..tables.headers import squeeze
from ..tables.sheets import Refused, Sheet, cells, load

TITLE = "部门别名表"
HEADS = {
    "alias": ("写法", "别名", "简称", "单位写法", "部门写法", "名称写法"),
    "unit": ("单位全称", "全称", "规范名称", "单位名称", "应为"),
}
_DEPTH = 20  # rows searched for the header
_BETWEEN = re.compile(
    r"[、,;，；/／\r\n]+|(?:(?<=[镇乡场局部办院队会心])|(?<=街道)|(?<=公司)|(?<=委)(?=\s+[县市区省]))\s+(?=\S\S)"
)


def table(rows: Sequence[tuple[object, object]] = ()) -> pd.DataFrame:
    """A frame of aliases: alias, unit.

    >>> table([("县住建局", "县住房和城乡建设局")]).values.tolist()
    [['县住建局', '县住房和城乡建设局']]
    """
    return pd.DataFrame([*rows], columns=["alias", "unit"]).astype("str")


def tidy(text: object) -> str:
    """A name as it is matched: half-width, without spaces; "" where there is none.

    >>> tidy(" 县住建局（本级） ")
    '县住建局(本级)'
    """
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text)) if isinstance(text, str) else ""


def apart(cell: object) -> list[str]:
    """The names in a cell, in order, set apart by 、 or a comma, semicolon, slash, line break, or a blank after a unit.

    >>> apart("县住建局，县水利局；县 公安局/县民政局 县教育局"), apart(None)
    (['县住建局', '县水利局', '县 公安局', '县民政局', '县教育局'], [])
    """
    parts = _BETWEEN.split(cell.strip()) if isinstance(cell, str) else []
    return [name for part in parts if (name := part.strip())]


def meanings(aliases: pd.DataFrame | None) -> dict[str, str]:
    """Each alias (tidied) and the unit it finally means; units and names confirmed as they stand mean themselves.

    Chains (a is b, b is c) are followed. Raises TableError, naming all of them, for an alias of two units, a circle,
    a blank, or a cell with several names.

    >>> meanings(table([("建设局", "县建设局"), ("县建设局", "县住房和城乡建设局")]))["建设局"]
    '县住房和城乡建设局'
    >>> meanings(table([("甲局", "乙局"), ("乙局", "甲局")]))
    Traceback (most recent call last):
    governance.errors.TableError: 部门别名表有 1 处问题:别名绕成了圈:甲局→乙局→甲局
    """
    if aliases is None:
        return {}
    require(aliases, ["alias", "unit"], TITLE)
    pairs = [
        (tidy(a), str(u).strip() if tidy(u) else "") for a, u in zip(aliases["alias"], aliases["unit"], strict=True)
    ]
    faults = [f"第 {n} 行“{a or u}”缺写法或单位全称" for n, (a, u) in enumerate(pairs, 1) if not (a and u)]
    faults += [
        f"“{tidy(a)}→{str(u).strip()}”一格里有几个单位,请分行写"
        for a, u in zip(aliases["alias"], aliases["unit"], strict=True)
        if len(apart(a)) > 1 or len(apart(u)) > 1
    ]
    step: dict[str, str] = {}
    clashes: dict[str, list[str]] = {}
    for alias, unit in pairs:
        if tidy(step.setdefault(alias, unit)) != tidy(unit):
            clashes.setdefault(alias, [step[alias]]).append(unit)
    faults += [f"“{a}”对应了不同的单位:{'、'.join(dict.fromkeys(units))}" for a, units in clashes.items()]
    ends, circles = _followed(step)
    faults += [f"别名绕成了圈:{'→'.join(circle)}" for circle in circles]
    if faults:
        raise TableError(f"{TITLE}有 {len(faults)} 处问题:{';'.join(faults)}")
    return ends


def _followed(step: dict[str, str]) -> tuple[dict[str, str], list[list[str]]]:
    """Where each alias ends, and every circle once."""
    ends: dict[str, str] = {}
    circles: dict[frozenset[str], list[str]] = {}
    for alias in step:
        path, at = [alias], step[alias]
        while tidy(at) in step and tidy(step[tidy(at)]) != tidy(at) and tidy(at) not in path:
            path.append(tidy(at))
            at = step[tidy(at)]
        if tidy(at) in path and (len(path) > 1 or tidy(at) != alias):
            circle = path[path.index(tidy(at)) :]
            circles.setdefault(frozenset(circle), [*circle, tidy(at)])
        ends[alias] = at
        ends.setdefault(tidy(at), at)
    return ends, list(circles.values())


def read(path: str | Path) -> pd.DataFrame:
    """The aliases in a csv or workbook with the columns 写法 and 单位全称: alias, unit.

    Every sheet with both headers counts, other sheets are passed over; rows without either are left out. Raises
    TableError where no sheet has them, the file cannot be read, a row has one of the two only, or the table
    contradicts itself (see ``meanings``).

    What it does not show: who confirmed an alias, and when.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     read(write(table([("县住建局", "县住房和城乡建设局")]), Path(folder) / "部门别名表.csv")).values.tolist()
    [['县住建局', '县住房和城乡建设局']]
    """
    if not Path(path).is_file():
        raise TableError(f"没有这个文件:{path}")
    rows: list[tuple[object, object]] = []
    seen, named = [], False
    for one in load(path):
        if isinstance(one, Refused):
            raise TableError(f"{one.file}读不了({one.detail or one.code});请另存为 .xlsx 或 .csv 再试")
        if isinstance(one, Sheet) and one.height:
            top, places = _header(one)
            seen.append("、".join(t for t in cells(one, 0) if t.strip())[:40])
            named |= top >= 0
            body = range(top + 1, one.height) if top >= 0 else ()
            rows += [
                (line[places["alias"]].strip(), line[places["unit"]].strip()) for r in body if (line := cells(one, r))
            ]
    if not named:
        raise TableError(f"{Path(path).name}里没有“写法”和“单位全称”两列;首行是:{';'.join(seen) or '(空)'}")
    out = table([r for r in rows if any(r)])
    meanings(out)
    return out


def _header(sheet: Sheet) -> tuple[int, dict[str, int]]:
    for row in range(min(sheet.height, _DEPTH)):
        line = [squeeze(t) for t in cells(sheet, row)]
        places = {c: next((at for at, t in enumerate(line) if t in words), -1) for c, words in HEADS.items()}
        if min(places.values()) >= 0:
            return row, places
    return -1, {}


def write(aliases: pd.DataFrame, path: str | Path) -> Path:
    """The file written: a table of aliases to keep and edit, with the columns 写法 and 单位全称.

    path : ends in .csv or .xlsx. Raises TableError for another ending or a table that contradicts itself (see
    ``meanings``).

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write(table([("县住建局", "县住房和城乡建设局")]), Path(folder) / "部门别名表.xlsx").name
    '部门别名表.xlsx'
    """
    meanings(aliases)
    rows = aliases[["alias", "unit"]].astype("str")
    if Path(path).suffix.lower() == ".csv":
        heads = rows.set_axis([words[0] for words in HEADS.values()], axis=1)
        return replaced(path, lambda part: heads.to_csv(part, index=False, encoding="utf-8-sig", lineterminator="\n"))
    if Path(path).suffix.lower() != ".xlsx":
        raise TableError(f"{TITLE}只能写成 .csv 或 .xlsx,不能写成 {Path(path).name}")
    return replaced(path, lambda part: _book(part, rows))


def _book(part: Path, rows: pd.DataFrame) -> None:
    from xlsxwriter import Workbook

    book = Workbook(str(part), {"strings_to_formulas": False, "strings_to_urls": False, "in_memory": True})
    book.set_properties({"created": CREATED})
    sheet, bold = book.add_worksheet(TITLE), book.add_format({"bold": True, "bg_color": "#D9E1F2"})
    text = book.add_format({"num_format": "@", "text_wrap": True})
    for at, column in enumerate(HEADS):
        wide = max([len(v) for v in rows[column]] + [8])
        sheet.set_column(at, at, min(2 * wide + 3, 60), text)
        sheet.write_string(0, at, HEADS[column][0], bold)
        for row, value in enumerate(rows[column], 1):
            sheet.write_string(row, at, value, text)
    sheet.freeze_panes(1, 0)
    book.close()
