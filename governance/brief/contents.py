"""What stands in the workbook: every frame of a survey as a numbered sheet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pandas as pd

from .. import rules
from .workbook import HEADS, Sheet

if TYPE_CHECKING:
    from ..survey import Survey

USED = ("matching.", "shares.", "balance.", "circle.", "siting.")  # the rules a briefing rests on
ASIDE = ("circle.wheelchair", "circle.decay", "circle.buffer")  # of these, what no briefing asks
LEDGER = (
    "task",
    "date",
    "department",
    "township",
    "text",
    "verdict",
    "item",
    "item_name",
    "list_kind",
    "category",
    "reason",
    "missing_support",
    "needs_review",
    "hours",
    "channel",
    "in_name_of",
    "role",
    "scored",
    "support",
    "handed_to",
    "score",
    "band",
    "item_2",
    "score_2",
    "item_3",
    "score_3",
    "source",
)
LEDGERS = ("shifted", "unsure", "rest", "back")
HOURS = ("hours", "shifted_hours", "hours_share")
SHEETS = (  # key, name, what its rows are, the table whose words it speaks first
    ("lists", "三张清单", "各乡镇(街道)现行清单的事项数", "items"),
    ("total", "总体占比", "清单施行后下派任务的总体判定", "results"),
    ("change", "前后对比", "清单施行前后转嫁占比;施行前为回溯衡量", "results"),
    ("verdicts", "判定汇总", "七类判定的任务数,占比以全部任务为分母", "results"),
    ("by_department", "部门占比", "按下发部门,占比以已判定任务为分母", "tasks"),
    ("by_township", "乡镇占比", "按承接乡镇(街道),占比以已判定任务为分母", "tasks"),
    ("by_category", "类别占比", "按事项类别,占比以已判定任务为分母", "results"),
    ("by_channel", "渠道占比", "按下发渠道,占比以已判定任务为分母", "tasks"),
    ("by_month", "月度占比", "按下发月份;清单施行前各月为回溯衡量", "results"),
    ("flows", "转嫁流向", "转嫁任务由哪个部门到哪个乡镇(街道)", "tasks"),
    ("shifted", "转嫁任务", "判定为转嫁的每一件任务及依据", "results"),
    ("unsure", "待确认任务", "须经人工确认的每一件任务,不在占比分母中", "results"),
    ("rest", "其余任务", "判定为属基本职责、配合且保障到位的任务", "results"),
    ("back", "回溯任务", "清单施行前的任务,以首版清单回溯衡量,不作追责依据", "results"),
    ("loads", "负荷", "各乡镇(街道)交办任务工时与可用工时之比", "results"),
    ("relief", "退回前后", "转嫁任务退回前后的负荷", "results"),
    ("spread", "不均衡度", "各乡镇(街道)负荷比的不均衡度", "results"),
    ("cover", "覆盖汇总", "各类服务分时间的覆盖人数", "sites"),
    ("coverage", "覆盖明细", "各村(社区)、年龄组分时间的覆盖人数", "sites"),
    ("places", "缺口汇总", "各居民点十五分钟内没有的服务,按人次由多到少", "communities"),
    ("gaps", "缺口明细", "各居民点每类服务的缺口人数", "sites"),
    ("overlap", "重复设施", "十五分钟内同类设施不止一处的居民点", "sites"),
    ("left_out", "缺口人群", "十五分钟内没有该类服务的人,按年龄组", "sites"),
    ("areas", "缺口片区", "相邻且所缺服务相同的居民点并为一片,按人数由多到少", "results"),
    ("doors", "用房开放", "所有用房都开放,与只对本小区开放的现状,覆盖相差多少人", "sites"),
    ("islands", "孤岛用房", "只对本小区开放的用房把多少走得到的人挡在门外", "rooms"),
    ("twins", "相邻同类", "步行很近的两处同类设施,及两处周边都没有的服务", "sites"),
    ("doubles", "设施数分布", "十五分钟内有 0、1、2、3 处及以上同类设施的人数", "sites"),
    ("completed", "服务齐全度", "各村(社区)应有的服务是否都在十五分钟内", "results"),
    ("served", "服务供需", "有位可用、走得到而没有位、走不到的人数;村(社区)空缺的行为全域合计", "sites"),
    ("crowding", "设施负荷", "各设施的服务能力与走得到它的人数之比", "sites"),
    ("fairness", "覆盖均衡", "各类服务在村(社区)之间的均衡程度", "sites"),
    ("criticality", "关停影响", "某处设施关停会使多少人没有服务", "sites"),
    ("standards", "标准对照", "现有设施与公开标准逐条对照;来源较弱和可调整的标准引用前须核实", "results"),
    ("plan", "改造方案", "用房改造的次序与新增受益", "results"),
    ("land", "闲置地块", "改造之后,在闲置地块上建什么、新增受益多少", "results"),
    ("off", "没有落点", "有经纬度而没有落到路网上的行,各表都未计入", "results"),
    ("rooms", "社区用房", "社区配套用房的面积、用途与硬件", "rooms"),
    ("sites", "服务设施", "现有服务设施", "sites"),
    ("rules", "规则", "所用参数及其出处;来源较弱的引用前须核实", "results"),
    ("notes", "未做部分", "因缺少资料没有分析的部分", "results"),
)
TOWN = ("left_out", "areas", "doors", "islands", "twins", "doubles", "completed", "served", "crowding", "fairness",
        "criticality", "standards", "land", "off")  # fmt: skip
CIRCLE = (
    "cover",
    "coverage",
    "places",
    "gaps",
    "overlap",
    *TOWN[:-2],
    "plan",
    "land",
    "off",
)  # what the circle is about
OWN_HEADS: dict[str, Mapping[str, str]] = {
    "plan": {"service": "拟改用途", "name": "用房名称"},
    "land": {"service": "拟建服务", "name": "地块名称", "plot": "地块编号"},
    "doors": {"covered": "都开放时覆盖(人)", "admitted": "现状覆盖(人)", "kept_out": "因不开放而未覆盖(人)"},
    "left_out": {"share": "未覆盖占比"},
    "doubles": {"share": "占比"},
    "completed": {"share": "服务齐全占比", "missing": "所缺服务"},
    "areas": {"area": "片区", "name": "片区位置", "missing": "所缺服务"},
    "twins": {"name": "点位名称", "community": "村(社区)", "missing": "两处周边都没有的服务"},
    "islands": {"people": "走得到的人数(人)", "gain": "开放后新增覆盖(人)"},
    "fairness": {"share": "覆盖占比"},
    "standards": {"required": "要求", "standard": "标准"},
    "verdicts": {"share": "占全部任务"},
    "cover": {"share": "覆盖占比"},
    "coverage": {"share": "覆盖占比"},
    "places": {"people": "缺口(人次)"},
    "notes": {"part": "部分", "reason": "原因"},
    "rules": HEADS,
    "sites": {"service": "服务类别"},
}


def sheets(survey: Survey) -> dict[str, Sheet]:
    """Every sheet of the workbook by an English key, in order and numbered, the empty ones too."""
    made = _made(survey)
    timeless = not survey.loads["hours"].any()
    return {
        key: Sheet(
            f"表{n} {name}",
            about,
            _timed(
                key, made[key] if key in made else getattr(survey.town if key in TOWN else survey, key), timeless
            ).reset_index(drop=True),
            owner,
            OWN_HEADS.get(key),
        )
        for n, (key, name, about, owner) in enumerate(SHEETS, 1)
    }


def _timed(key: str, frame: pd.DataFrame, timeless: bool) -> pd.DataFrame:
    """The frame without hours that nobody recorded: no columns of zeros, no loads reckoned from them."""
    if key in ("loads", "relief", "spread"):
        return frame.head(0) if timeless else frame
    if key in LEDGERS or "hours" not in frame or frame["hours"].any():
        return frame
    return frame.drop(columns=[c for c in HOURS if c in frame])


def _made(survey: Survey) -> dict[str, pd.DataFrame]:
    """The frames that are not a field of the survey as it stands."""
    held = survey.ledger[~survey.ledger["retrospective"]]
    ledger = [c for c in LEDGER if c in survey.ledger]
    return {
        "total": survey.total.assign(first=held["date"].min(), last=held["date"].max()),
        "change": survey.change,
        "shifted": held.loc[held["shifted"], ledger],
        "unsure": held.loc[held["verdict"] == "unsure", ledger],
        "rest": held.loc[~held["shifted"] & (held["verdict"] != "unsure"), ledger],
        "back": survey.ledger.loc[survey.ledger["retrospective"], ledger],
        "spread": survey.spread.rename_axis("measure").rename("value").reset_index(),
        "cover": _cover(survey.coverage),
        "places": _places(survey.gaps),
        "gaps": survey.gaps[[c for c in survey.gaps if not str(c).startswith("age_")]],
        "rooms": survey.county.rooms,
        "sites": survey.county.sites,
        "rules": rules.table()
        .loc[lambda t: t["rule"].str.startswith(USED) & ~t["rule"].str.startswith(ASIDE)]
        .reset_index(drop=True),
    }


def _cover(coverage: pd.DataFrame) -> pd.DataFrame:
    """service, minutes, people, covered, share: everyone together, services as the rules list them."""
    sums = coverage.groupby(["service", "minutes"], as_index=False, sort=False)[["people", "covered"]].sum()
    return sums.assign(share=sums["covered"] / sums["people"].where(sums["people"] > 0))


def _places(gaps: pd.DataFrame) -> pd.DataFrame:
    """township, community, compound, people (persons x services), missing (services), most first."""
    keys = ["township", "community", "compound"]
    out = (
        gaps.assign(compound=gaps["compound"].fillna(""))
        .groupby(keys, as_index=False, sort=False)
        .agg(people=("people", "sum"), missing=("service", "|".join))
    )
    return out.sort_values("people", ascending=False, kind="stable", ignore_index=True)
