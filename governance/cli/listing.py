"""Sheets of a survey as Chinese text for the terminal, aligned although a Han character is two cells wide."""

from __future__ import annotations

import datetime as dt
import numbers
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from .. import rules, tables
from ..brief import workbook
from ..brief.accounts import Tally
from ..brief.workbook import Sheet
from ..words import proper

FORMULA = ("=", "+", "-", "@", "\t", "\r")
FAULTS = {"sheet": "工作表", "row": "行", "column": "列", "found": "写的是", "fault": "问题", "remedy": "改法"}


def width(text: str) -> int:
    """The number of terminal cells that ``text`` takes.

    >>> width("12345热线")
    9
    """
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def cell(sheet: Sheet, column: str, value: Any) -> str:
    """A value as the terminal shows it: the schema's word, a per cent, a number with separators, — for missing.

    >>> sheet = Sheet("", "", pd.DataFrame())
    >>> cell(sheet, "verdict", "off_list"), cell(sheet, "share", 0.1234), cell(sheet, "hours", 12345.0)
    ('清单外事项', '12.3%', '12,345')
    """
    said = workbook.word(sheet, column, value)
    if said is None:
        return "—"
    if not isinstance(said, numbers.Real):
        return f"{said:%Y-%m-%d}" if isinstance(said, dt.date) else " ".join(str(said).split())
    number = float(said)
    if column in workbook.PERCENT:
        return f"{number:.1%}"
    if number.is_integer() or abs(number) >= 100:
        return f"{number:,.0f}"
    return f"{number:,.2f}" if abs(number) >= 0.1 else f"{number:.3f}"


def text(sheet: Sheet, *, columns: Sequence[str] | None = None, limit: int | None = None) -> str:
    """The rows of a sheet under what it is about: names and values in Chinese, numbers to the right.

    columns : only these, in this order. limit : only the first rows; the title then says how many there are.

    >>> frame = pd.DataFrame({"verdict": ["own", "off_list"], "tasks": [12, 3]})
    >>> print(text(Sheet("表4 判定汇总", "七类判定的任务数", frame)).strip())
    ■ 七类判定的任务数
      判定        任务数（件）
      属基本职责            12
      清单外事项             3
    """
    frame = sheet.frame[list(columns)] if columns else sheet.frame
    if frame.empty:
        return f"\n■ {proper(sheet.about)}\n  {proper('(没有内容)')}"
    shown = frame if limit is None else frame.head(limit)
    names = [str(c) for c in frame.columns]
    rows = [[cell(sheet, c, v) for c, v in zip(names, row, strict=True)] for row in shown.itertuples(index=False)]
    heads = [workbook.heading(sheet, c) for c in names]
    return (
        f"\n■ {proper(sheet.about + _more(frame, limit))}\n{grid(heads, rows, [_is_number(t) for t in frame.dtypes])}"
    )


def _more(frame: pd.DataFrame, limit: int | None) -> str:
    return f"(共 {len(frame)} 行,列出前 {limit} 行)" if limit is not None and len(frame) > limit else ""


def _is_number(dtype: Any) -> bool:
    return pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_bool_dtype(dtype)


def grid(heads: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[bool]) -> str:
    """Rows under their heads in columns of equal width; ``right`` says which are numbers.

    >>> print(grid(["清单", "项"], [["基本", "115"]], [False, True]))
      清单   项
      基本  115
    """
    heads = [proper(head) for head in heads]
    wide = [max(map(width, column)) for column in zip(heads, *rows, strict=True)]
    lines = []
    for row in (heads, *rows):
        blank = [" " * (w - width(cell)) for cell, w in zip(row, wide, strict=True)]
        cells = [b + cell if r else cell + b for cell, b, r in zip(row, blank, right, strict=True)]
        lines.append(("  " + "  ".join(cells)).rstrip())
    return "\n".join(lines)


def headline(total: pd.DataFrame, counts: Tally | None = None) -> str:
    """One sentence on the whole ledger, from ``shifting.shares`` without ``by``; hours only where any are recorded.

    counts : ``accounts.tally`` of the ledger: how many tasks to review, without hours, and before the lists.

    >>> headline(pd.DataFrame({"tasks": [10], "decided": [8], "unsure": [2], "unsure_share": [0.2], "shifted": [2],
    ...                        "share": [0.25], "low": [0.0], "high": [0.5], "hours": [90.0], "shifted_hours": [20.0],
    ...                        "hours_share": [0.25]}))
    '共 10 条任务，已判定 8 条，其中疑似转嫁 2 条，占 25.0%（95%区间 0.0%—50.0%），涉及 20 小时；另有 2 条（20.0%）待人工确认。'
    """
    more = counts or Tally(0, 0, 0, 0)
    if total.empty or not int(total["tasks"].iloc[0]):
        if more.early:
            return proper(f"没有可对照清单判定的任务:台账中的 {more.early:,} 条全部早于清单施行,只作回溯衡量。")
        return "没有可对照清单判定的任务。"
    early = f"另有 {more.early:,} 条早于清单施行,只作回溯衡量,未计入。" if more.early else ""
    if not int(total["decided"].iloc[0]):
        return proper(f"共 {total['tasks'].iloc[0]:,} 条任务,没有一条能够判定,全部待人工确认。{early}")
    sheet = Sheet("", "", total)
    one = {str(c): cell(sheet, str(c), total[c].iloc[0]) for c in total.columns}
    sure = f"{rules.value('shares.confidence'):.0%}"
    between = "" if one["low"] == "—" else f"({sure}区间 {one['low']}—{one['high']})"
    hours = f",涉及 {one['shifted_hours']} 小时" if total["hours"].iloc[0] else ""
    hours += f"(另有 {more.untimed:,} 条没有记录耗时,未计入工时)" if hours and more.untimed else ""
    review = f",其中 {more.review:,} 条须人工复核后方可引用" if more.review else ""
    return proper(
        f"共 {one['tasks']} 条任务,已判定 {one['decided']} 条,其中疑似转嫁 {one['shifted']} 条,占 {one['share']}{between}"
        f"{hours}{review};另有 {one['unsure']} 条({one['unsure_share']})待人工确认。{early}"
    )


def change(frame: pd.DataFrame) -> str:
    """One sentence on the share before and after the lists came into force, from ``shifting.change``; "" if unknown.

    >>> change(pd.DataFrame({"before_share": [0.5], "before_decided": [8], "after_share": [0.3], "after_decided": [10],
    ...                      "difference": [-0.2], "low": [-0.6], "high": [0.2]}))
    '清单施行前转嫁占比 50.0%（已判定 8 条，回溯衡量），施行后 30.0%（已判定 10 条），变化 -20.0 个百分点（95%区间 -60.0 至 20.0）。'
    """
    if frame.empty or frame[["before_share", "after_share"]].iloc[0].isna().any():
        return ""
    one, sure = frame.iloc[0], f"{rules.value('shares.confidence'):.0%}"
    points = [f"{100 * one[c]:.1f}" for c in ("difference", "low", "high")]
    return proper(
        f"清单施行前转嫁占比 {one['before_share']:.1%}(已判定 {one['before_decided']:,.0f} 条,回溯衡量),"
        f"施行后 {one['after_share']:.1%}(已判定 {one['after_decided']:,.0f} 条),"
        f"变化 {points[0]} 个百分点({sure}区间 {points[1]} 至 {points[2]})。"
    )


def shares(sheet: Sheet, *, limit: int | None = None) -> str:
    """A sheet of ``shifting.shares`` by something, each share with its denominator, interval and unsure tasks.

    >>> frame = pd.DataFrame({"channel": ["chat"], "tasks": [5], "decided": [4], "unsure": [1], "unsure_share": [0.2],
    ...     "shifted": [1], "share": [0.25], "low": [0.0], "high": [0.75], "shifted_hours": [9.0]})
    >>> print(shares(Sheet("表8 渠道占比", "按下发渠道", frame)).strip())
    ■ 按下发渠道
      下发渠道  任务数  待确认    已判定  转嫁  转嫁占比  95%区间     转嫁工时（小时）
      工作群         5  1(20.0%)       4     1     25.0%  0.0%—75.0%                 9
    """
    if sheet.frame.empty:
        return text(sheet)
    by, sure = str(sheet.frame.columns[0]), f"{rules.value('shares.confidence'):.0%}区间"
    first, last = workbook.heading(sheet, by), workbook.heading(sheet, "shifted_hours")
    timed = "shifted_hours" in sheet.frame
    rows = []
    for row in (sheet.frame if limit is None else sheet.frame.head(limit)).to_dict("records"):
        one = {str(c): cell(sheet, str(c), v) for c, v in row.items()}
        unsure, between = (
            f"{one['unsure']}({one['unsure_share']})",
            "—" if one["low"] == "—" else f"{one['low']}—{one['high']}",
        )
        spent = one["shifted_hours"] if timed and row.get("hours", 1) else "—"
        decided = (one["decided"], one["shifted"], one["share"], between)
        rows.append([one[by], one["tasks"], unsure, *decided, *([spent] if timed else [])])
    heads = [first, "任务数", "待确认", "已判定", "转嫁", "转嫁占比", sure, *([last] if timed else [])]
    right = [False, True, False, True, True, True, False, *([True] if timed else [])]
    return f"\n■ {proper(sheet.about + _more(sheet.frame, limit))}\n{grid(heads, rows, right)}"


def coverage(sheet: Sheet) -> str:
    """The sheet of people covered by service and time, a line a service, its times side by side.

    >>> frame = pd.DataFrame({"service": ["meals"] * 2, "minutes": [5, 15], "people": 200, "covered": [50, 150]})
    >>> print(coverage(Sheet("表18 覆盖汇总", "各类服务分时间的覆盖人数", frame)).strip())
    ■ 各类服务分时间的覆盖人数
      服务类别  服务对象（人）  5分钟内    15分钟内
      助餐                 200  50(25.0%)  150(75.0%)
    """
    if sheet.frame.empty:
        return text(sheet)
    times = sorted(sheet.frame["minutes"].unique())
    rows = []
    for service, some in sheet.frame.groupby("service", sort=False):
        people, covered = some["people"].max(), some.set_index("minutes")["covered"]
        share = [
            f"{covered.get(t, 0):,.0f}({covered.get(t, 0) / people:.1%})" if people else "无人口数据" for t in times
        ]
        rows.append([cell(sheet, "service", service), f"{people:,.0f}", *share])
    heads = ["服务类别", "服务对象(人)", *(f"{t:g}分钟内" for t in times)]
    return f"\n■ {proper(sheet.about)}\n{grid(heads, rows, [False, True, *[False] * len(times)])}"


def wide(sheet: Sheet, across: str, column: str) -> str:
    """A sheet with a line a service, its ``column`` side by side for each value of ``across``.

    >>> frame = pd.DataFrame({"service": ["meals"] * 2, "sites": ["0", "1"], "people": [50, 150]})
    >>> print(wide(Sheet("表1 设施数", "设施数", frame, "sites"), "sites", "people").strip())
    ■ 设施数
      服务类别   0    1
      助餐      50  150
    """
    frame = sheet.frame
    if frame.empty:
        return text(sheet)
    heads = list(dict.fromkeys(frame[across]))
    table = frame.pivot_table(index="service", columns=across, values=column, aggfunc="sum", sort=False)
    rows = [
        [cell(sheet, "service", service), *(cell(sheet, column, line.get(h)) for h in heads)]
        for service, line in table.to_dict("index").items()
    ]
    words = ["服务类别", *(cell(sheet, across, h) for h in heads)]
    return f"\n■ {proper(sheet.about)}\n{grid(words, rows, [False, *[True] * len(heads)])}"


def spread(values: pd.Series) -> str:
    """How unevenly the load lies, as one Chinese line, from ``balance.spread``.

    >>> spread(pd.Series({"gini": 0.1, "theil": 0.02, "cv": 0.2, "max_min": 2.0, "n": 12.0}))
    '负荷比的不均衡程度：基尼系数 0.100，泰尔指数 0.020，变异系数 0.200，最高是最低的 2.0 倍（12 个单位）'
    """
    if not values.get("n", 0):
        return "负荷比的不均衡程度:没有可比的单位"
    return proper(
        f"负荷比的不均衡程度:基尼系数 {values['gini']:.3f},泰尔指数 {values['theil']:.3f},"
        f"变异系数 {values['cv']:.3f},最高是最低的 {values['max_min']:.1f} 倍({values['n']:.0f} 个单位)"
    )


def counts(frame: pd.DataFrame) -> str:
    """How many rows each sheet gave: 读入 = 保留 + 退回, from ``tables.check(...).counts``.

    >>> print(counts(pd.DataFrame({"file": ["台账.xlsx"], "sheet": ["Sheet1"], "table": ["tasks"], "read": [9],
    ...                            "kept": [7], "rejected": [2], "note": [""]})).strip())
    ■ 读入的行
      文件       工作表  表        读入=保留+退回  说明
      台账.xlsx  Sheet1  任务台账           9=7+2
      合计                                   9=7+2
    """
    rows = [
        [
            *(_plain(row.get(c)) for c in ("file", "sheet")),
            _table(row.get("table")),
            f"{row['read']}={row['kept']}+{row['rejected']}",
            proper(_plain(row.get("note"))),
        ]
        for row in frame.to_dict("records")
    ]
    total = {c: int(frame[c].sum()) for c in ("read", "kept", "rejected")}
    rows.append(["合计", "", "", f"{total['read']}={total['kept']}+{total['rejected']}", ""])
    return f"\n■ 读入的行\n{grid(['文件', '工作表', '表', '读入=保留+退回', '说明'], rows, [False, False, False, True, False])}"


def _plain(value: object) -> str:
    """``value`` as one line of text, nothing for missing."""
    return "" if value is None or value != value else " ".join(str(value).split())


def _table(name: object) -> str:
    return tables.label(name) if name in tables.TABLES else _plain(name)


def problems(frame: pd.DataFrame) -> str:
    """Every fault of ``tables.check(...).problems``, grouped by file, each with its place and what would do.

    >>> print(problems(pd.DataFrame({"file": ["台账.xlsx"], "sheet": ["Sheet1"], "row": [7], "column": ["耗时(小时)"],
    ...     "found": ["-3"], "fault": ["不能为负"], "remedy": ["改为不小于 0 的数"]})).strip())
    ■ 台账.xlsx（1 处问题）
      工作表  行     列          写的是  问题      改法
      Sheet1  第7行  耗时(小时)  -3      不能为负  改为不小于 0 的数
    """
    parts = []
    for file, found in frame.groupby("file", sort=False, dropna=False):
        rows = []
        for row in found.to_dict("records"):
            place = (
                f"第{row['row']:.0f}行" if isinstance(row["row"], numbers.Real) and row["row"] == row["row"] else "整表"
            )
            said = [_short(_plain(row["found"])), *(proper(_plain(row[c])) for c in ("fault", "remedy"))]
            rows.append([_plain(row["sheet"]), place, _plain(row["column"]), *said])
        parts.append(
            f"\n■ {_plain(file)}{proper(f'({len(found)} 处问题)')}\n{grid(list(FAULTS.values()), rows, [False] * 6)}"
        )
    return "\n".join(parts)


def _short(value: str) -> str:
    return value if len(value) <= 20 else f"{value[:19]}…"


def save(sheets: Sequence[Sheet], out: Path, *, mark: str = "") -> Path:
    """The file written: a workbook of all the sheets, or the first as CSV, headings and values in Chinese.

    mark : words every sheet must bear (示例数据 …): in its title, or in a column of the CSV. Text that a spreadsheet
    would take for a formula stays text (in CSV behind an apostrophe).

    >>> import tempfile
    >>> sheet = Sheet("表4 判定汇总", "七类判定", pd.DataFrame({"verdict": ["own"], "tasks": [3]}))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     print(save([sheet], Path(folder) / "a.csv").read_text("utf-8-sig").strip())
    判定,任务数(件)
    属基本职责,3
    """
    if out.suffix.lower() != ".csv":
        made = dt.datetime.combine(dt.date.today(), dt.time())
        parts = [replace(sheet, frame=sheet.frame.reset_index(drop=True)) for sheet in sheets]
        out.write_bytes(workbook.book(parts, [], title=out.stem, mark=mark, made=made))
        return out
    sheet = sheets[0]
    columns = {
        workbook.heading(sheet, str(c)): [_safe(workbook.word(sheet, str(c), v)) for v in sheet.frame[c]]
        for c in sheet.frame.columns
    }
    frame = pd.DataFrame(columns, dtype=object)
    (frame.assign(数据性质=mark) if mark else frame).to_csv(out, index=False, encoding="utf-8-sig")
    return out


def _safe(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
