"""The example county's ledger: what is planted in it, and the voice of its notices."""

from __future__ import annotations

from importlib import resources
from typing import Any

import numpy as np
import pandas as pd

MARK = "示例数据"
IN_FORCE = pd.Timestamp("2025-07-01")
FIRST_MONTH, MONTHS, TASKS = pd.Timestamp("2024-07-01"), 24, 3000
LISTS = ("basic", "assisting", "reclaimed")
# What is planted: share of each verdict among tasks sent before and after the lists came into force.
PLANTED = {
    "own": (0.33, 0.43),
    "assist": (0.20, 0.27),
    "inverted": (0.16, 0.11),
    "unsupported": (0.11, 0.08),
    "reclaimed": (0.12, 0.06),
    "off_list": (0.08, 0.05),
}
HEAVY = {
    "县住房和城乡建设局": 3.0,
    "县市场监督管理局": 2.4,
    "县应急管理局": 2.2,
    "县综合行政执法局": 2.0,
    "县生态环境局": 1.6,
}
CHANNELS = {
    "notice": ("task_a", 0.34),
    "assignment": ("task_b", 0.24),
    "chat": ("task_b", 0.12),
    "hotline": ("task_c", 0.14),
    "supervision": ("task_c", 0.07),
    "meeting": ("task_a", 0.09),
}
HEADS = {
    "notice": ("", "各乡镇(街道):", "根据工作安排,", "按照县里统一部署,"),
    "assignment": ("交办:", "交办单:", "任务交办,", "请承办:"),
    "chat": ("@各乡镇 ", "群通知:", "各位同志,", ""),
    "hotline": ("市民来电:", "12345转办:", "群众反映,", "来电人称,"),
    "supervision": ("督办:", "督查发现,", "挂牌督办:", ""),
    "meeting": ("会议要求,", "调度会明确,", "推进会部署:", ""),
}
TAILS = {
    "notice": ("", "请认真组织落实。", "请按时报送情况。", "请于月底前完成。"),
    "assignment": ("", "限5个工作日办结。", "逾期将通报。", "办结后回填系统。"),
    "chat": ("", "收到请回复。", "今天下班前报。", "抓紧。"),
    "hotline": ("", "请核实处理并回复来电人。", "请3日内办结反馈。", "要求回访满意。"),
    "supervision": ("", "限期整改并书面反馈。", "整改不到位将通报。", "请主要负责同志过问。"),
    "meeting": ("", "下次会议报进展。", "请抓好落实。", "纳入月度调度。"),
}


def bank(kind: str) -> pd.DataFrame:
    """The item bank of one list, or the matters on none (``off_list``): all text but hours, in its own order.

    >>> [len(bank(kind)) for kind in (*LISTS, "off_list")]
    [148, 108, 81, 60]
    """
    with (resources.files("governance.examples") / "bank" / f"{kind}.csv").open(encoding="utf-8") as file:
        return pd.read_csv(file, dtype=str, keep_default_na=False).assign(hours=lambda t: t["hours"].astype(int))


def _pools(items: pd.DataFrame) -> dict[tuple[str, str], tuple[list[dict[Any, Any]], np.ndarray]]:
    """(township, verdict) -> the items such a task can be about, and the odds of each."""
    kinds = {"own": "basic", "assist": "assisting", "inverted": "assisting", "unsupported": "assisting",
             "reclaimed": "reclaimed"}  # fmt: skip
    off = bank("off_list")
    pools: dict[tuple[str, str], tuple[list[dict[Any, Any]], np.ndarray]] = {}
    for township in items["township"].unique():
        for verdict in PLANTED:
            pool = items[(items["township"] == township) & (items["list_kind"] == kinds.get(verdict))]
            pool = off if verdict == "off_list" else pool
            pool = pool[pool["support"] != ""] if verdict == "unsupported" else pool
            heavy = HEAVY if verdict in ("inverted", "reclaimed") else {}
            weight = np.array([heavy.get(d, 1.0) for d in pool["department"]])
            pools[township, verdict] = pool.to_dict("records"), weight / weight.sum()
    return pools


def planned(items: pd.DataFrame, people: dict[str, int], rng: np.random.Generator) -> pd.DataFrame:
    """Date, township, planted verdict and item of every task: the truth the analyses are tested against.

    items : the townships' lists with the bank's columns. people : residents of each township; larger ones get
    more tasks. Returns date, township, verdict, item, row (the bank's row as a dict), by date.

    >>> import governance as gov
    >>> gov.examples.truth().verdict.isin(list(PLANTED)).all().item()
    True
    """
    pools, names, words = _pools(items), list(people), list(PLANTED)
    pull = np.array([n**0.5 for n in people.values()])
    odds = [np.array([p[after] for p in PLANTED.values()]) for after in (0, 1)]
    days = pd.date_range(FIRST_MONTH, periods=MONTHS, freq="MS")
    rows = []
    for month in np.sort(rng.integers(0, MONTHS, TASKS)):
        date = days[month] + pd.Timedelta(days=int(rng.integers(0, 28)))
        township = names[rng.choice(len(names), p=pull / pull.sum())]
        verdict = words[rng.choice(len(words), p=odds[int(date >= IN_FORCE)])]
        pool, luck = pools[township, verdict]
        item = pool[rng.choice(len(pool), p=luck)]
        rows.append({"date": date, "township": township, "verdict": verdict, "item": item["item"], "row": item})
    return pd.DataFrame(rows).sort_values("date", kind="stable", ignore_index=True)


def told(
    plan: pd.DataFrame,
    below: dict[str, list[str]],
    offices: list[str],
    departments: list[str],
    rng: np.random.Generator,
) -> pd.DataFrame:
    """The planned tasks as the ledger tells them: text, channel, role, support, hours and the rest of the table.

    below : names of each township's villages and communities, to whom some tasks are handed on, others to
    ``offices``. departments : one task in ten comes from one of these and not from the item's own.

    >>> import governance as gov
    >>> gov.examples.county().tasks.text.str.len().between(10, 110).all().item()
    True
    """
    channels, odds = list(CHANNELS), [p for _, p in CHANNELS.values()]
    rows = []
    for n, (date, township, verdict, item) in enumerate(
        plan[["date", "township", "verdict", "row"]].itertuples(index=False)
    ):
        channel = channels[rng.choice(len(channels), p=odds)]
        head, tail = HEADS[channel][rng.integers(4)], TAILS[channel][rng.integers(4)]
        stray = verdict != "off_list" and rng.random() < 0.10
        role, scored, support = _terms(verdict, item["support"], rng)
        handed = rng.random()
        office = offices[rng.integers(len(offices))]
        village = below[township][rng.integers(len(below[township]))]
        rows.append(
            {
                "task": f"R{date:%y%m}{n + 1:04d}",
                "date": date,
                "township": township,
                "channel": channel,
                "role": role,
                "department": departments[rng.integers(len(departments))] if stray else item["department"],
                "text": head + item[CHANNELS[channel][0]].rstrip("。") + "。" + tail,
                "scored": scored,
                "support": support,
                "in_name_of": _name_of(verdict, rng),
                "hours": float(max(4, round(item["hours"] * rng.lognormal(0, 0.35)))),
                "handed_to": office if handed < 0.45 else village if handed < 0.70 else None,
                "source": f"{MARK}›任务台账›第{n + 3}行",
            }
        )
    return pd.DataFrame(rows)


def _name_of(verdict: str, rng: np.random.Generator) -> str:
    honest = verdict in ("own", "assist")
    odds = [0.92, 0.04, 0.02, 0.02] if honest else [0.58, 0.22, 0.12, 0.08]
    return ["department", "task_force", "temporary_body", "mechanism"][rng.choice(4, p=odds)]


def _terms(verdict: str, promised: str, rng: np.random.Generator) -> tuple[str, bool, str | None]:
    """Role asked, scored, support given: what makes a task of an assisting item honest or not."""
    want = [p for p in promised.split("|") if p]
    if verdict == "inverted":
        lead, scored = [(True, False), (False, True), (True, True)][rng.choice(3, p=[0.4, 0.25, 0.35])]
        return ("decide" if rng.random() < 0.2 else "lead") if lead else "assist", scored, promised
    if verdict == "assist":
        return "assist", False, promised if rng.random() < 0.97 or not want else None
    if verdict == "unsupported":
        kept = [p for p in want if rng.random() < 0.3]
        return "assist", False, "|".join(kept if len(kept) < len(want) else kept[:-1])
    lead = rng.random() < (0.85 if verdict == "own" else 0.6)
    return "lead" if lead else "assist", bool(rng.random() < 0.4), None if rng.random() < 0.4 else ""
