"""What a briefing says: the value of every field of its template, each number entered with where it comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..words import proper
from . import advice, depth
from .accounts import (
    NONE,
    Page,
    day,
    extreme,
    fine,
    mark,
    percent,
    plain,
    points,
    quote,
    ratio,
    rule,
    say,
    tally,
)
from .workbook import FIRST, Number, Sheet, clean, word

if TYPE_CHECKING:
    from ..survey import Survey

PARTS = ("一、总体情况", "二、责任转嫁", "三、履职负荷", "四、十五分钟服务圈", "五、意见建议", "六、数据说明")
SHIFTED = ("inverted", "unsupported", "reclaimed", "off_list")
EARLY = "任务台账中没有清单施行之后下发的任务"
TOP, COLUMNS = 5, 3  # rows of a table in the briefing, columns of minutes


def tell(survey: Survey, sheets: dict[str, Sheet]) -> tuple[dict[str, Any], list[Number]]:
    """The fields of the template and the numbers they hold, each with its sheet, column, rows and reckoning."""
    said: list[Number] = []
    pages = [Page(sheets, said, place) for place in PARTS]
    lacking = _lacking(survey, _reasons(survey))
    out: dict[str, Any] = {"表": {key: mark(sheets, key) for key in sheets}, "缺": lacking}
    out["可补"] = {part: bool(why) and not why.startswith(EARLY) for part, why in lacking.items()}
    out |= advice.masthead(survey, pages[0]) | advice.opening(survey, lacking) | _overall(survey, pages[0])
    out |= _shifting(survey, pages[1]) | _load(survey, pages[2], lacking) | _circle(survey, pages[3])
    out |= {"建议": advice.advice(survey, pages[4])} | advice.caveats(survey, pages[5], lacking)
    return {k: _spoken(v) for k, v in out.items()}, said


def _spoken(value: Any) -> Any:
    """The same with Chinese punctuation throughout, except what a task says word for word."""
    if isinstance(value, dict):
        return {k: v if k == "text" else _spoken(v) for k, v in value.items()}
    return (
        [_spoken(v) for v in value] if isinstance(value, list) else proper(value) if isinstance(value, str) else value
    )


def _reasons(survey: Survey) -> dict[str, str]:
    return {str(part): str(why) for part, why in zip(survey.notes["part"], survey.notes["reason"], strict=True)}


def _lacking(survey: Survey, reasons: dict[str, str]) -> dict[str, str]:
    """part -> why it could not be done, empty where it was done."""
    counts = tally(survey.ledger)
    if "责任转嫁" not in reasons and not counts.held:
        reasons = {"责任转嫁": f"{EARLY},{counts.early}件全部早于清单施行,只作回溯衡量", **reasons}
    if "履职负荷" not in reasons and counts.held and counts.untimed == counts.held:
        reasons = {**reasons, "履职负荷": "任务台账没有记录耗时"}
    ratios = survey.loads["load_ratio"]
    if "履职负荷" not in reasons and (ratios.isna().all() or not counts.held):
        reasons = {**reasons, "履职负荷": reasons.get("责任转嫁", "各乡镇(街道)没有可用工时")}
    if "十五分钟服务圈" not in reasons and survey.coverage.empty:
        reasons = {**reasons, "十五分钟服务圈": "村社人口表没有填写路网节点"}
    return {part: reasons.get(part, "") for part in ("清单", "责任转嫁", "履职负荷", "十五分钟服务圈", "用房改造")} | {
        "清单": ""
        if len(survey.lists)
        else "缺少履职事项清单"
        if survey.county.items.empty
        else "履职事项清单没有现行有效的版本"
    }


def _overall(survey: Survey, page: Page) -> dict[str, Any]:
    counts = tally(survey.ledger)
    out: dict[str, Any] = dict.fromkeys(("基本最多", "基本最少", "转嫁工时", "未记工时", "早于数", "复核数"), "")
    kinds = survey.lists["list_kind"]
    if not survey.lists.empty:
        out["乡镇数"] = say(page, "lists", "township", how="不重复计数")
        for kind, tag in (("basic", "基本"), ("assisting", "配合"), ("reclaimed", "收回")):
            out[f"{tag}均数"] = say(page, "lists", "items", (kinds == kind).to_numpy(), how="平均")
        basic = (kinds == "basic").to_numpy()
        sizes = survey.lists.loc[basic, "items"]
        if len(sizes) and sizes.min() < sizes.max():
            out["基本最多"], out["基本最少"] = (
                extreme(page, "lists", "items", "township", most=most, rows=basic) for most in (True, False)
            )
    total = {
        "tasks": "任务数",
        "decided": "已判定数",
        "unsure": "待确认数",
        "shifted": "转嫁数",
    }
    if len(survey.total) and survey.total["tasks"].iloc[0]:
        out |= {tag: say(page, "total", column, 0) for column, tag in total.items()}
        for column, tag in (
            ("unsure_share", "待确认占比"),
            ("share", "转嫁占比"),
            ("low", "区间低"),
            ("high", "区间高"),
        ):
            out[tag] = say(page, "total", column, 0, form=percent)
        if "hours" in page.sheets["total"].frame:
            out["转嫁工时"] = say(page, "total", "shifted_hours", 0)
            out["工时占比"] = say(page, "total", "hours_share", 0, form=percent)
            out["未记工时"] = _untimed(page, counts.untimed)
        if counts.early:
            out["早于数"] = say(page, "back", "task", how="计数")
        if counts.review:
            review = page.sheets["shifted"].frame["needs_review"].to_numpy(bool)
            out["复核数"] = say(page, "shifted", "needs_review", review, how="计数")
        out["任务起日"], out["任务止日"] = (say(page, "total", c, 0, form=day) for c in ("first", "last"))
        out["部门数"] = say(page, "by_department", "department", how="不重复计数")
        out["置信"] = say(page, "rules", "value", rule(page, "shares.confidence"), form=lambda v: f"{v:.0%}")
    out["对比"] = _change(survey, page, out.get("置信", ""))
    return out


def _untimed(page: Page, tasks: int) -> str:
    """How many tasks have no hours, empty for none."""
    if tasks:
        how = "转嫁任务、待确认任务和其余任务三表中工时为空的行数"
        page.said.append(Number(page.place, "没有记录耗时的任务", tasks, str(tasks), "", "", "", how))
    return str(tasks) if tasks else ""


def _change(survey: Survey, page: Page, sure: str) -> str:
    """One sentence on before and after, empty where either has no decided task."""
    if survey.change.empty or survey.change["difference"].isna().any():
        return ""
    one = survey.change.iloc[0]
    before = say(page, "change", "before_share", 0, form=percent)
    n = say(page, "change", "before_decided", 0)
    shift = say(page, "change", "difference", 0, form=points)
    ends = [
        say(page, "change", c, 0, form=points) for c in (("high", "low") if one["difference"] < 0 else ("low", "high"))
    ]
    turn = "下降" if one["difference"] < 0 else "上升"
    if one["low"] <= 0 <= one["high"]:
        return (
            f"以首版清单回溯衡量,清单施行前该占比为{before}(已判定{n}件),施行后{turn}{shift}个百分点,尚不能排除偶然波动"
        )
    return (
        f"以首版清单回溯衡量,清单施行前该占比为{before}(已判定{n}件),施行后{turn}{shift}个百分点"
        f"({sure}区间为{turn}{ends[0]}至{ends[1]}个百分点)"
    )


def _shifting(survey: Survey, page: Page) -> dict[str, Any]:
    if survey.total.empty or not survey.total["tasks"].iloc[0]:
        early = tally(survey.ledger).early
        if early:
            say(page, "back", "task", how="计数")
        return {}
    departments = survey.by_department[survey.by_department["shifted"] > 0].head(TOP)
    rows = [
        {"名": clean(name), **_share_row(page, "by_department", i)} for i, name in enumerate(departments["department"])
    ]
    more = int((survey.by_department["shifted"] > 0).sum()) > TOP
    top = {"数": str(len(rows)), "件": "0", "词": "转嫁任务较多的" if more else "有转嫁任务的"}
    if rows:
        top["件"] = say(page, "by_department", "shifted", list(range(len(rows))), how="合计")
    return {
        "例": _examples(survey, page),
        "部门表": rows,
        "部门前列": top,
        "末列": "工时(小时)" if "hours" in page.sheets["by_department"].frame else "待确认(件)",
        "乡镇高": _ranked(survey.by_township, page, "by_township", "township"),
        "类别高": _ranked(
            survey.by_category[survey.by_category["category"].isin(survey.county.items["category"])],
            page,
            "by_category",
            "category",
        ),
    }


def _share_row(page: Page, key: str, row: int) -> dict[str, str]:
    frame = page.sheets[key].frame
    last = "shifted_hours" if "shifted_hours" in frame else "unsure"
    blank = last == "shifted_hours" and not frame["hours"].iloc[row]  # hours of none of its tasks are recorded
    return {
        "任务": say(page, key, "tasks", row),
        "判定": say(page, key, "decided", row),
        "转嫁": say(page, key, "shifted", row),
        "占比": say(page, key, "share", row, form=percent),
        "低": say(page, key, "low", row, form=percent),
        "高": say(page, key, "high", row, form=percent),
        "末": NONE if blank else say(page, key, last, row),
    }


def _ranked(frame: pd.DataFrame, page: Page, key: str, by: str) -> str:
    """The three groups with most shifted tasks, with their counts, as words; empty where no group has more."""
    words = []
    for i in frame.index[frame["shifted"] > frame["shifted"].min()][:3]:
        share, k, n = (
            say(page, key, c, int(i), form=f) for c, f in (("share", percent), ("shifted", plain), ("decided", plain))
        )
        words.append(f"{word(page.sheets[key], by, frame[by].loc[i])}({n}件中{k}件,占{share})")
    return "、".join(words)


def _examples(survey: Survey, page: Page) -> list[dict[str, Any]]:
    """Each shifted verdict with its count and one task as evidence: the surest match, or the least like any item."""
    frame, out = page.sheets["shifted"].frame, []
    counts = [
        (int(n), i, v)
        for i, (v, n) in enumerate(zip(survey.verdicts["verdict"], survey.verdicts["tasks"], strict=True))
    ]
    for _, i, verdict in sorted((c for c in counts if c[2] in SHIFTED and c[0]), key=lambda c: (-c[0], c[1])):
        score = frame["score"].fillna(0).where(frame["verdict"] == verdict).to_numpy(float)
        row = int(np.nanargmin(score) if verdict == "off_list" else np.nanargmax(score))
        cited = quote(page, "shifted", row, ("task", "date", "department", "township", "text", "reason"))
        out.append(
            {
                "判定": word(page.sheets["verdicts"], "verdict", verdict),
                "件": say(page, "verdicts", "tasks", i),
                **cited,
                "处": f"{page.sheets['shifted'].name.split()[0]}第{row + FIRST}行",
            }
        )
    return out


def _load(survey: Survey, page: Page, lacking: dict[str, str]) -> dict[str, Any]:
    if lacking["履职负荷"]:
        return {}
    out: dict[str, Any] = {"总工时": say(page, "loads", "hours", how="合计"), "月数": say(page, "loads", "months", 0)}
    for i, measure in enumerate(survey.relief["measure"]):
        form = {"hours": plain, "load_ratio": ratio, "overloaded": plain}.get(measure, fine)
        for column, tag in (("before", "现"), ("after", "退")):
            out.setdefault(tag, {})[measure] = say(page, "relief", column, i, form=form)
    known = survey.loads.dropna(subset=["load_ratio"])
    least = known["load_ratio"] == known["load_ratio"].min()
    for tag, rows in (("负荷高", known.index[~least]), ("负荷低", known.index[least] if not least.all() else [])):
        out[tag] = "、".join(
            f"{clean(known['township'].loc[i])}({say(page, 'loads', 'load_ratio', int(i), form=ratio)})"
            for i in rows[:3]
        )
    out["超载线"] = say(page, "rules", "value", rule(page, "balance.overload"))
    measures = page.sheets["spread"].frame["measure"].tolist()
    most = survey.spread["max_min"]
    out["最大最小比"] = say(page, "spread", "value", measures.index("max_min"), form=ratio) if np.isfinite(most) else ""
    out["超载"] = bool(survey.loads["overloaded"].fillna(False).any())
    return out


def _circle(survey: Survey, page: Page) -> dict[str, Any]:
    county, cover = survey.county, page.sheets["cover"].frame
    out: dict[str, Any] = {"设施数": "0", "用房数": "0", "方案表": []}
    if not county.sites.empty:
        out["设施数"] = say(page, "sites", "site", how="计数")
    if not county.rooms.empty:
        rooms = county.rooms
        out |= {
            "用房数": say(page, "rooms", "room", how="计数"),
            "用房面积": say(page, "rooms", "area_m2", how="合计", form=lambda v: f"{v:.2f}"),
            "闲置数": say(page, "rooms", "room", (rooms["service"] == "idle").to_numpy(bool), how="计数"),
            "养老用房": say(
                page, "rooms", "room", (rooms["service"] == "elder_care").fillna(False).to_numpy(bool), how="计数"
            ),
            "本小区数": say(page, "rooms", "room", rooms["own_compound_only"].fillna(False).to_numpy(bool), how="计数"),
            "财政数": say(
                page, "rooms", "room", (rooms["funding"] == "government").fillna(False).to_numpy(bool), how="计数"
            ),
            "无排烟数": say(page, "rooms", "room", (~rooms["exhaust"]).fillna(False).to_numpy(bool), how="计数"),
        }
    if cover.empty:
        return out
    out["村社数"] = say(page, "coverage", "community", how="不重复计数")
    out["圈内乡镇"] = "、".join(clean(t) for t in survey.coverage["township"].unique()[:3])
    minutes = [f"{m}分钟" for m in sorted(cover["minutes"].unique())][:COLUMNS]
    at = rule(page, "circle.minutes")
    for text in minutes:
        page.said.append(
            Number(page.place, "步行时间", text, text, page.sheets["rules"].name, "取值", str(at + FIRST), "原文")
        )
    out["分钟"] = minutes + [NONE] * (COLUMNS - len(minutes))
    out["覆盖表"] = [_service_row(page, cover, service) for service in cover["service"].unique()]
    longest = cover[cover["minutes"] == cover["minutes"].max()].sort_values("share", kind="stable")
    fewer = longest.index[longest["share"] < longest["share"].max()]
    out["覆盖低"] = "、".join(_covered(page, i) for i in fewer[:3])
    out["缺口"] = _gaps(page)
    out["重复"] = _doubled(survey, page)
    return out | _plan(survey, page) | depth.tell(survey, page)


def _covered(page: Page, row: int) -> str:
    service = word(page.sheets["cover"], "service", page.sheets["cover"].frame["service"].loc[row])
    return f"{service}({say(page, 'cover', 'share', int(row), form=percent)})"


def _service_row(page: Page, cover: pd.DataFrame, service: str) -> dict[str, Any]:
    rows = cover.index[cover["service"] == service]
    return {
        "名": word(page.sheets["cover"], "service", service),
        "人": say(page, "cover", "people", int(rows[0])),
        "占": ([say(page, "cover", "share", int(i), form=percent) for i in rows] + [NONE] * COLUMNS)[:COLUMNS],
    }


def _gaps(page: Page) -> str:
    """The places with most people x services left out, as words."""
    frame = page.sheets["places"].frame.head(TOP)
    return "、".join(
        f"{clean(r.community)}{clean(r.compound)}({say(page, 'places', 'people', i)}人次)"
        for i, r in enumerate(frame.itertuples(index=False))
    )


def _doubled(survey: Survey, page: Page) -> str:
    """Where one service has most places within reach, empty where none is doubled."""
    if survey.overlap.empty:
        return ""
    one, n = survey.overlap.iloc[0], say(page, "overlap", "sites", how="计数")
    place = clean(one["community"]) + clean(one["compound"] if isinstance(one["compound"], str) else "")
    service = word(page.sheets["overlap"], "service", one["service"])
    return f"同类设施十五分钟内不止一处的有{n}处次,最多的是{place},有{service}设施{say(page, 'overlap', 'sites', 0)}处"


def _plan(survey: Survey, page: Page) -> dict[str, Any]:
    sheet, rows = page.sheets["plan"], []
    for i, r in enumerate(survey.plan.itertuples(index=False)):
        numbers = {
            tag: say(page, "plan", c, i) for c, tag in (("order", "序"), ("gain", "增"), ("lost", "失"), ("net", "净"))
        }
        rows.append(
            {
                "名": clean(r.name),
                "现": word(sheet, "from_service", r.from_service),
                "改": word(sheet, "service", r.service),
                **numbers,
            }
        )
    out: dict[str, Any] = {"方案表": rows}
    if rows:
        last = survey.plan.iloc[-1]
        out |= {
            "方案净增": say(page, "plan", "cumulative", len(rows) - 1),
            "方案数": say(page, "plan", "order", how="计数"),
        }
        bound = say(page, "plan", "bound", len(rows) - 1)
        out["方案界"] = (
            "经整数规划证明,同等处数下没有更优方案"
            if last["cumulative"] == last["bound"]
            else f"理论上限为{bound}人次,与上限相差{say(page, 'plan', 'gap', len(rows) - 1, form=percent)}"
        )
    return out
