"""What was read from published lists, for the terminal: files, declared against read counts, and what needs a person."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd
import yaml

from ..documents import Reading
from ..tables import label
from ..words import proper
from .listing import grid, width

LISTS = {"basic": "基本", "assisting": "配合", "reclaimed": "收回", "": "全部"}
LEVELS = {"refused": "没有读", "ask": "需要明确", "look": "请核对"}
ANSWERED = {
    "doc_column": "列名",
    "doc_column_far": "列名",
    "doc_kind": "清单",
    "doc_township": "乡镇",
}  # problems that a meanings file settles
TO_FILL = "待填写"
MOST = 40  # problems of a file shown on the screen; the workbook has them all
WIDEST, LINE = 48, 92  # terminal cells of a file's name in a table, and of a line
HANGING = " " * 12


def files(reading: Reading) -> str:
    """One line a file: which lists, whose, how many items, and that every row is accounted for.

    Why a file was refused stands with its problems.

    >>> from governance.documents import check
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     print(files(check(folder)).strip())
    ■ 读到的文件
      （没有清单文档：要读的是 Word、Excel、网页或带文字的 PDF）
    """
    table = reading.files
    if table.empty:
        return f"\n■ 读到的文件\n  {proper('(没有清单文档:要读的是 Word、Excel、网页或带文字的 PDF)')}"
    rows = [
        [
            _middle(f["file"]),
            "拒读" if f["refused"] else _kinds(f["layout"]) if f["kind"] else "未读",
            _towns(f["townships"]),
            f"{f['items']:,}",
            f"{f['read']:,}={f['kept']:,}+{f['rejected']:,}",
            "见下文" if f["refused"] else proper(f["note"] or "") if f["kind"] else "不是清单文档",
        ]
        for f in table.to_dict("records")
    ]
    if len(rows) > 1:
        total = table[["items", "read", "kept", "rejected"]].sum()
        sums = f"{total['read']:,}={total['kept']:,}+{total['rejected']:,}"
        rows.append(["合计", "", "", f"{total['items']:,}", sums, ""])
    heads = ["文件", "清单", "乡镇(街道)", "事项", "读到的行=采用+未采用", "说明"]
    return f"\n■ 读到的文件\n{grid(heads, rows, [False, False, False, True, True, False])}"


def _middle(name: str) -> str:
    """A file's name, its middle left out where it is too long for a table."""
    if width(name) <= WIDEST:
        return name
    half = WIDEST // 2 - 1
    start = next(n for n in range(len(name), 0, -1) if width(name[:n]) <= half)
    end = next(n for n in range(len(name)) if width(name[n:]) <= half)
    return f"{name[:start]}…{name[end:]}"


def _kinds(layout: str) -> str:
    known = {label("items", "list_kind", kind): name for kind, name in LISTS.items() if kind}
    return "、".join(known.get(name, name) for name in layout.split("、")) if layout else "—"


def _towns(names: str) -> str:
    several = names.split("、")
    return names if len(several) < 3 else f"{several[0]}等{len(several)}个"


def counts(reading: Reading) -> str:
    """One line a township with what each list declares and what was read; then every category that disagrees.

    "" where nothing was read and nothing is declared.
    """
    table = reading.counts
    if table.empty:
        return ""
    whole = table[table["category"] == ""]
    kinds = [kind for kind in LISTS if (whole["list_kind"] == kind).any()]
    rows = []
    for town, said in whole.groupby("township", sort=False):
        own = {str(kind): some for kind, some in said.groupby("list_kind", sort=False)}
        verdict = _verdict(said, str(town))
        rows.append([str(town) or "—", *(_told(own[k]) if k in own else "" for k in kinds), verdict])
    heads = ["乡镇(街道)", *(LISTS[k] for k in kinds), "核对"]
    title = proper("\n■ 数量核对:文件写明的项数/读到的项数")
    return f"{title}\n{grid(heads, rows, [False, *[True] * len(kinds), False])}{_categories(table)}"


def _told(said: pd.DataFrame) -> str:
    """The numbers declared for a list and the number read: 81/80, or —/80 where none is declared."""
    held = said[said["difference"].notna()]
    return f"{'、'.join(dict.fromkeys(str(d) for d in held['declared'])) or '—'}/{said['parsed'].iloc[0]}"


def _verdict(said: pd.DataFrame, town: str) -> str:
    """What the comparison of a township's lists comes to."""
    told = []
    for one in said.to_dict("records"):
        name = LISTS.get(one["list_kind"], "")
        if one["average"]:
            told.append(f"{name}另写平均 {one['declared']} 项,不作核对")
        elif pd.isna(one["difference"]) and not pd.isna(one["declared"]):
            told.append(f"{name}另写 {one['declared']} 项,{'' if town else '认不出是哪个乡镇(街道),'}不作核对")
        elif not pd.isna(one["difference"]) and one["difference"]:
            told.append(f"{name}{_gap(one['difference'])}({one['where']}写明 {one['declared']})")
    compared = said["difference"].notna().any()
    return proper(";".join(told)) or ("相符" if compared else "未写明总数")


def _gap(difference: int) -> str:
    return f"{'多' if difference > 0 else '少'} {abs(difference)} 项"


def _categories(table: pd.DataFrame) -> str:
    """How many counts of categories agree, and those that do not, one a line."""
    parts = table[(table["category"] != "") & table["difference"].notna()]
    if parts.empty:
        return ""
    wrong = parts[parts["difference"] != 0]
    told = f"各类别写明的项数 {len(parts)} 处,{f'其中不符 {len(wrong)} 处:' if len(wrong) else '全部相符。'}"
    lines = []
    for c in wrong.to_dict("records"):
        kind = label("items", "list_kind", c["list_kind"]) if c["list_kind"] else ""
        said = f"{c['where']}写明 {c['declared']} 项,读到 {c['parsed']} 项,{_gap(c['difference'])}"
        quoted = f"“{c['category']}”:{said}"
        lines.append(f"\n    {c['township'] or c['file']}{kind}{proper(quoted)}")
    return f"\n  {proper(told)}{''.join(lines)}"


def problems(reading: Reading) -> str:
    """What was not read, what needs an answer and what should be looked at, file by file; "" for nothing.

    Two lines a problem: where and what, then what would do; said once for several places that need the same, and once
    for files that share a problem of no place. Counts that disagree are told by ``counts``.
    """
    found = reading.problems[reading.problems["code"] != "doc_count"]
    if found.empty:
        return ""
    found = found.assign(place=[_place(p) for p in found.to_dict("records")])
    same = ["level", "code", "column", "found", "fault", "remedy"]
    general = (found["place"] == "") & (found["level"] == "look")
    shared = general & (found.assign(general=general).groupby(same, dropna=False)["file"].transform("nunique") > 1)
    parts = [
        f"\n■ {file}{proper(f'({len(some)} 处{_more(some)})')}\n{_listed(_first(some))}"
        for file, some in found[~shared].groupby("file", sort=False)
    ]
    lines = []
    for _, some in found[shared].groupby(same, sort=False, dropna=False):
        lines.append(_listed(some.head(1).assign(place=f"{some['file'].nunique()} 个文件")))
    return "\n".join([*parts, *([f"\n■ 几个文件都有的\n{chr(10).join(lines)}"] if lines else [])])


def _more(some: pd.DataFrame) -> str:
    return f";列出前 {MOST} 处,全部见输出的“问题清单”" if len(some) > MOST else ""


def _first(some: pd.DataFrame) -> pd.DataFrame:
    """The problems shown, the gravest first."""
    return some.sort_values("level", key=lambda level: level.map(list(LEVELS).index), kind="stable").head(MOST)


def _listed(some: pd.DataFrame) -> str:
    """Problems of a file, those that the same would mend together, with what would do on a line below them."""
    lines = []
    for (level, remedy), group in some.fillna({"remedy": ""}).groupby(["level", "remedy"], sort=False):
        start = f"  {LEVELS[str(level)]}"
        start += " " * (len(HANGING) - width(start))
        for one in group.to_dict("records"):
            lines += _hung(start, _what(one))
            start = HANGING
        lines += _hung(HANGING, f"→ {_answer(str(remedy))}") if remedy else []
    return "\n".join(lines)


def _hung(start: str, text: str) -> list[str]:
    """The text after ``start``, broken between clauses where a line would be too long."""
    lines = [start]
    for clause in re.findall("[^，；。]*[，；。]?", text):
        if width(lines[-1] + clause) > LINE and lines[-1] != start:
            lines.append(HANGING + "  ")
        lines[-1] += clause
    return lines


def _what(problem: dict[Any, Any]) -> str:
    """Where a problem is, in which column, what it is, and the text that has it, each once."""
    fault = re.sub("^没有读[:\uff1a]", "", problem["fault"])
    column, found = problem["column"] or "", _short(problem["found"] or "")
    where = problem["place"] + (f"“{column}”列" if column and column not in fault else "")
    told = f"(原文“{found}”)" if found and found not in fault else ""
    colon = ":" if where and not where.endswith("文件") else ""
    return f"{where}{proper(f'{colon}{fault}{told}')}"


def _place(problem: dict[Any, Any]) -> str:
    place, row = problem["place"] or "", problem["row"]
    return place if row is None or pd.isna(row) else f"{place}第{row}行"


def _answer(text: str) -> str:
    """A remedy in Chinese punctuation, but for the colon of a line of YAML that it quotes."""
    return re.sub("(“[^”\uff1a]*)\uff1a ", r"\1: ", proper(text))


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 24 else f"{line[:23]}…"


def meanings(reading: Reading) -> str:
    """The YAML that would answer what needs an answer, as a file for ``--meanings``; "" where none is asked for.

    A column gets the meaning proposed (不读 where none is near), a list and a township 待填写: to be filled in.
    """
    tree: dict[str, dict[str, str]] = {}
    for one in reading.problems.to_dict("records"):
        part = ANSWERED.get(one["code"])
        if part and (line := re.search("写一行“(.+?): ([^”]*)”", one["remedy"])):
            tree.setdefault(part, {})[line[1]] = line[2] if part == "列名" else TO_FILL
    if not tree:
        return ""
    return yaml.safe_dump(tree, allow_unicode=True, sort_keys=False, default_flow_style=False, width=1000).rstrip()


def verdict(reading: Reading) -> str:
    """One sentence on the whole: items, townships, and how much still needs a person."""
    items, found = reading.items, reading.problems
    kinds = items["list_kind"].value_counts()
    split = [f"{name} {kinds[kind]:,}" for kind, name in LISTS.items() if kind in kinds]
    lacking = int(items["list_kind"].isna().sum())
    split += [f"未归入三张清单 {lacking:,}"] if lacking else []
    towns = items["township"].nunique()
    told = _todo(found)
    if items.empty:
        return proper(f"没有读到事项{f';{told}' if told else ''}。")
    text = f"共读到 {f'{towns} 个乡镇(街道)、' if towns else ''}{len(items):,} 项({'、'.join(split)})"
    return proper(f"{text};{told or '没有发现问题'}。")


def _todo(found: pd.DataFrame) -> str:
    """How many problems of each sort there are; "" for none."""
    off = found["code"] == "doc_count"
    level = found.loc[~off, "level"].value_counts()
    sizes = (
        (int(level.get("refused", 0)), "没有读的文件 {} 个"),
        (int(off.sum()), "数量不符 {} 处"),
        (int(level.get("ask", 0)), "需要明确 {} 处"),
        (int(level.get("look", 0)), "请核对 {} 处"),
    )
    return "、".join(words.format(n) for n, words in sizes if n)
