"""The head and the last two parts of a briefing: what it rests on, what the numbers suggest, what to mind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from .. import rules
from ..tables.fields import label
from .accounts import Page, day, mark, percent, quote, ratio, say
from .workbook import Number, clean

if TYPE_CHECKING:
    from ..survey import Survey


EXAMPLE = "示例数据,县乡均为虚构,不得引用"
SOURCES = (  # table, how the opening names it
    ("items", "履职事项清单"),
    ("tasks", "任务台账"),
    ("staff", "人员"),
    ("communities", "村社人口"),
    ("sites", "服务设施"),
    ("rooms", "社区用房"),
)
NARROW = 4  # characters of a county's name that leave room for the title on one line
USED = {  # the first word of a rule's name, and the part of the briefing that rests on it
    "matching": "责任转嫁",
    "shares": "责任转嫁",
    "balance": "履职负荷",
    "circle": "十五分钟服务圈",
    "siting": "用房改造",
}


def masthead(survey: Survey, page: Page) -> dict[str, Any]:
    """The head of the briefing: whose it is, its number, office, date, and the mark of made-up data."""
    name = clean(survey.county.name)
    known = name.endswith(("县", "区", "市", "旗"))  # else it is but the folder's name
    office = f"{name}委编办" if known else "县委编办"
    name = name if known else "本县"
    last = pd.to_datetime(survey.ledger["date"]).max()
    dated = day(last) if pd.notna(last) else "日期待填"
    for what, text in (("期号", "第1期"), ("编发日期", dated)):
        page.said.append(Number("报头", what, text, text, "", "", "", "默认值,可在文中改写"))
    return {
        "县名": name,
        "简报名": f"{name}履职减负工作简报",
        "报头": f"{name}\n履职减负工作简报" if len(name) > NARROW else f"{name}履职减负工作简报",
        "期号": "第1期",
        "编发单位": office,
        "日期": dated,
        "示例": survey.county.example,
        "页眉": EXAMPLE if survey.county.example else "",
    }


def opening(survey: Survey, lacking: dict[str, str]) -> dict[str, str]:
    """The title and the first sentence: only the tables that were there, only what was done with them."""
    there = [name for table, name in SOURCES if not getattr(survey.county, table).empty]
    roads = ["路网"] if len(survey.county.streets.edges) else []
    titles = {"责任转嫁": "清单执行", "履职负荷": "履职负荷", "十五分钟服务圈": "社区公共服务"}
    done = [words for part, words in titles.items() if not lacking[part]]
    listed = [] if lacking["清单"] else ["清单编制"]
    about = "履职事项清单执行" if not lacking["责任转嫁"] else "履职事项清单编制" if listed else "履职"
    more = "和十五分钟服务圈" if not lacking["十五分钟服务圈"] else ""
    return {
        "标题": f"乡镇(街道){about}\n{more}情况" if more else f"乡镇(街道){about}情况",
        "资料": "、".join(there + roads) or "现有",
        "范围": _joined(done or listed) or "有关情况",
    }


def _joined(words: list[str]) -> str:
    return "和".join(["、".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def advice(survey: Survey, page: Page) -> list[dict[str, str]]:
    """What the numbers suggest, one paragraph each with the sheets it rests on."""
    ways = [
        _talk(survey, page),
        _returning(page),
        _roles(survey, page),
        _support(page),
        _admission(survey, page),
        _heavy(survey, page),
        _convert(survey, page),
        _confirm(survey, page),
    ]
    found = [w for w in ways if w]
    return [{"序": f"{i}.", **w} for i, w in enumerate(found, 1)]


def _talk(survey: Survey, page: Page) -> dict[str, str]:
    """Departments with decided tasks enough (``shares.least``) and an interval wholly above the county's share."""
    if survey.total.empty or not survey.total["shifted"].iloc[0]:
        return {}
    frame = survey.by_department
    enough = frame["decided"] >= rules.value("shares.least")
    high = frame.index[(frame["low"] > survey.total["share"].iloc[0]) & enough]
    if not len(high):
        return {
            "题": "逐部门会商。",
            "文": "各部门占比区间均未明显高于全县,以件数较多的部门为重点会商,不作排名通报",
            "表": mark(page.sheets, "by_department"),
        }
    words = []
    for i in high[:4]:
        n, k = (say(page, "by_department", c, int(i)) for c in ("decided", "shifted"))
        share = say(page, "by_department", "share", int(i), form=percent)
        words.append(f"{clean(frame['department'].loc[i])}({n}件中{k}件,占{share})")
    more = f"等{say(page, 'by_department', 'department', list(high), how='计数')}个部门" if len(high) > 4 else ""
    return {
        "题": "约请重点部门会商。",
        "文": f"{'、'.join(words)}{more}占比区间整体高于全县水平,逐件核对,属实的由部门认领收回",
        "表": mark(page.sheets, "by_department", "shifted"),
    }


def _most(page: Page, verdict: str, columns: list[str], most: int) -> list[tuple[tuple[Any, ...], str]]:
    """The commonest values among shifted tasks of one verdict, with how many tasks."""
    frame = page.sheets["shifted"].frame
    mine = frame[frame["verdict"] == verdict]
    found: dict[tuple[Any, ...], list[int]] = {}
    for row, key in zip(mine.index, mine[columns].astype(object).itertuples(index=False, name=None), strict=True):
        found.setdefault(key, []).append(int(row))
    ranked = sorted(found.items(), key=lambda kv: (-len(kv[1]), str(kv[0])))[:most]
    return [(key, say(page, "shifted", "task", rows, how="计数")) for key, rows in ranked]


def _returning(page: Page) -> dict[str, str]:
    found = _most(page, "reclaimed", ["item", "item_name", "department"], 3)
    if not found:
        return {}
    words = []
    for (item, name, department), n in found:
        page.said.append(
            Number(page.place, "事项编号", item, item, page.sheets["shifted"].name, "对应事项编号", "", "筛选")
        )
        words.append(f"“{clean(name)}”({clean(item)},{clean(department)}下达{n}件)")
    return {
        "题": "收回事项不再下派。",
        "文": f"已收回而仍下派较多的是{'、'.join(words)},由承接部门按清单载明方式自行履行",
        "表": mark(page.sheets, "shifted"),
    }


def _roles(survey: Survey, page: Page) -> dict[str, str]:
    found = _most(page, "inverted", ["department"], 3)
    if not found:
        return {}
    words = "、".join(f"{clean(d[0])}{n}件" for d, n in found)
    return {
        "题": "厘清主次责任。",
        "文": f"配合事项交乡镇(街道)负主责或纳入考核较多的是{words},下发时应写明部门主责,配合事项不单独考核",
        "表": mark(page.sheets, "shifted"),
    }


def _support(page: Page) -> dict[str, str]:
    frame = page.sheets["shifted"].frame
    kinds = (
        frame["missing_support"].fillna("").str.split("|") if "missing_support" in frame else pd.Series(dtype=object)
    )
    words = []
    for token in ("funds", "training", "guidance", "staff", "equipment"):
        rows = [i for i, have in enumerate(kinds) if token in have]
        if rows:
            words.append(
                (
                    len(rows),
                    f"{label('items', 'support', token)}{say(page, 'shifted', 'task', rows, how='计数')}件",
                )
            )
    if not words:
        return {}
    shown = "、".join(w for _, w in sorted(words, key=lambda w: -w[0]))
    return {
        "题": "兑现履职保障。",
        "文": f"承诺而未提供的保障中缺{shown},由牵头部门随任务落实,不能落实的暂缓下派",
        "表": mark(page.sheets, "shifted"),
    }


def _admission(survey: Survey, page: Page) -> dict[str, str]:
    off = ((survey.verdicts["verdict"] == "off_list") & (survey.verdicts["tasks"] > 0)).to_numpy(bool)
    if not off.any():
        return {}
    return {
        "题": "严格职责准入。",
        "文": f"清单外事项{say(page, 'verdicts', 'tasks', off)}件核对属实后,确需承担的由部门申请准入并配置保障,其余停止下派",
        "表": mark(page.sheets, "verdicts", "shifted"),
    }


def _heavy(survey: Survey, page: Page) -> dict[str, str]:
    known = survey.loads.dropna(subset=["load_ratio"])
    over = known[known["overloaded"].fillna(False).astype(bool)]
    if over.empty:
        return {}
    gain = (known["load_ratio"] - known["returned_ratio"]).sort_values(ascending=False, kind="stable")
    gain = gain[gain.map(ratio) != ratio(0.0)]
    most = "、".join(
        f"{clean(known['township'].loc[i])}(负荷比由{say(page, 'loads', 'load_ratio', int(i), form=ratio)}降至"
        f"{say(page, 'loads', 'returned_ratio', int(i), form=ratio)})"
        for i in gain.index[:2]
    )
    first = f"力量优先向{'、'.join(clean(t) for t in over['township'].head(3))}等超载乡镇(街道)倾斜"
    return {
        "题": "按负荷配置力量。",
        "文": f"{first};退回转嫁任务减负最多的是{most},可先行试点" if most else first,
        "表": mark(page.sheets, "loads"),
    }


def _convert(survey: Survey, page: Page) -> dict[str, str]:
    if survey.plan.empty:
        return {}
    return {
        "题": "盘活社区用房。",
        "文": f"按前述方案改造{say(page, 'plan', 'order', how='计数')}处用房,改造前核实居民意愿、费用和运营主体",
        "表": mark(page.sheets, "plan", "rooms"),
    }


def _confirm(survey: Survey, page: Page) -> dict[str, str]:
    if survey.total.empty or not survey.total["unsure"].iloc[0]:
        return {}
    return {
        "题": "组织人工确认。",
        "文": f"待确认任务{say(page, 'total', 'unsure', 0)}件由县委编办会同有关部门逐件确认后再作结论",
        "表": mark(page.sheets, "unsure"),
    }


def caveats(survey: Survey, page: Page, lacking: dict[str, str]) -> dict[str, Any]:
    """What the last part says of sources: weak and adjustable parameters of what was done, and compounds left out."""
    frame = page.sheets["rules"].frame
    done = [room for room, part in USED.items() if not lacking[part]]
    frame = frame[frame["rule"].str.partition(".")[0].isin(done)]
    out: dict[str, Any] = {"弱参数": ""}
    for status, tag in (("来源较弱", "弱参数"), ("可调整默认值", "默认参数")):
        rows = [int(i) for i in frame.index[frame["status"] == status]]
        out[f"{tag}数"] = say(page, "rules", "status", rows, how="计数") if rows else "0"
        if status == "来源较弱":
            out[tag] = ";".join(
                chr(0x2460 + n) + quote(page, "rules", i, ("note",))["note"] for n, i in enumerate(rows)
            )
    out["未落图"] = "" if lacking["十五分钟服务圈"] else _unplaced(survey, page)
    return out


def _unplaced(survey: Survey, page: Page) -> str:
    """How many compounds no street node is known for."""
    homes = survey.county.communities
    homes = homes[homes["node"].isna()]
    lost, people = len(homes), int(homes[[c for c in homes if str(c).startswith("age_")]].sum().sum())
    if not lost:
        return ""
    text = f"{lost}处居民点(共{people}人)没有路网节点,未纳入服务圈测算"
    page.said.append(
        Number(
            page.place,
            "未纳入人数",
            people,
            str(people),
            "",
            "",
            "",
            "村社人口表中“路网节点”为空的各行各年龄组人数合计",
        )
    )
    page.said.append(
        Number(page.place, "未纳入居民点", lost, str(lost), "", "", "", "村社人口表中“路网节点”为空的行数")
    )
    return text
