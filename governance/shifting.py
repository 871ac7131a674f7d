"""Shifting of responsibility: what each dispatched task is, judged by the list of its own day."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from . import evidence, rules
from .errors import TableError, require

VERDICTS = ("own", "assist", "inverted", "unsupported", "reclaimed", "off_list", "unsure")
SHIFTED = ("inverted", "unsupported", "reclaimed", "off_list")
KEYS = ("department", "township", "category", "channel", "month")
COUNTS = (
    "tasks",
    "decided",
    "unsure",
    "unsure_share",
    "shifted",
    "share",
    "low",
    "high",
    "hours",
    "shifted_hours",
    "hours_share",
)
ADDED = ("list_kind", "category", "verdict", "shifted", "retrospective", "missing_support", "needs_review", "reason")
NEVER = np.iinfo(np.int64).max


class _Norm(NamedTuple):
    """The lists as sorted integer arrays: a version in force is found by one binary search."""

    pairs: pd.Index
    keys: np.ndarray  # pair code * span + first day in force and known, ascending
    end: np.ndarray  # first day no longer in force
    rows: np.ndarray  # row of `items`
    first_day: int
    span: int


def _days(dates: pd.Series) -> np.ndarray:
    """Days since 1970 as int64; missing dates are NEVER."""
    stamps = pd.to_datetime(dates).to_numpy("datetime64[D]")
    return np.where(np.isnat(stamps), NEVER, stamps.astype(np.int64))


def _held(items: pd.DataFrame) -> pd.DataFrame:
    """township, item, start, end (days) of every version that ever counted, with its row in ``items``.

    A version counts from the day it both holds and is known: nobody is judged by a list published later.
    """
    never = pd.Series(pd.NaT, items.index)
    since, until, known = _days(items["since"]), _days(items.get("until", never)), _days(items.get("known_from", never))
    if (since == NEVER).any():
        raise TableError(f"履职事项清单有 {int((since == NEVER).sum())} 行没有施行日期,无法按任务当日有效的清单判定")
    start = np.where(known == NEVER, since, np.maximum(since, known))
    held = items[["township", "item"]].astype(object).assign(start=start, end=until, row=np.arange(len(items)))
    return held[held["start"] < held["end"]]


def _norm(held: pd.DataFrame) -> _Norm:
    codes, pairs = pd.factorize(pd.MultiIndex.from_frame(held[["township", "item"]]))
    first, last = (int(held["start"].min()), int(held["start"].max())) if len(held) else (0, 0)
    span = last - first + 2
    keys = codes * span + (held["start"].to_numpy() - first)
    order = np.argsort(keys, kind="stable")
    return _Norm(pairs, keys[order], held["end"].to_numpy()[order], held["row"].to_numpy()[order], first, span)


def _version(norm: _Norm, townships: pd.Series, found: pd.Series, day: np.ndarray) -> np.ndarray:
    """Row of ``items`` in force for each (township, item) on its day; -1 where none is."""
    if not len(norm.rows):
        return np.full(len(day), -1)
    wanted = pd.MultiIndex.from_arrays([townships.astype(object), found.astype(object)])
    codes = norm.pairs.get_indexer(wanted)
    offset = np.clip(day - norm.first_day, -1, norm.span - 1)
    place = np.searchsorted(norm.keys, codes * norm.span + offset, side="right") - 1
    safe = np.maximum(place, 0)
    held = (codes >= 0) & (offset >= 0) & (place >= 0)
    held &= (norm.keys[safe] // norm.span == codes) & (day < norm.end[safe])
    return np.where(held, norm.rows[safe], -1)


def _list_days(held: pd.DataFrame, townships: pd.Series, day: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each task: does its township have any list in force that day, and the first day it ever had one."""
    live, first = np.zeros(len(day), bool), np.full(len(day), NEVER)
    periods: dict[Any, pd.DataFrame] = dict(list(held.groupby("township", sort=False)))
    for township, rows in townships.groupby(townships.to_numpy(object)).indices.items():
        if township in periods:
            opened, closed = (np.sort(periods[township][edge].to_numpy()) for edge in ("start", "end"))
            live[rows] = np.searchsorted(opened, day[rows], "right") > np.searchsorted(closed, day[rows], "right")
            first[rows] = opened[0]
    return live, first


def judge(matched: pd.DataFrame, items: pd.DataFrame, *, retrospective: bool = False) -> pd.DataFrame:
    """The ledger: each matched task with its verdict by the list in force on the task's own date.

    | verdict | when |
    |---|---|
    | own | a basic item: the township's own duty |
    | assist | an assisting item, asked to assist, promised support given |
    | inverted | an assisting item, but the township must lead, decide or is scored for it |
    | unsupported | an assisting item whose promised training, guidance, money ... did not come |
    | reclaimed | an item the department has taken back |
    | off_list | no item of the township's lists resembles it, or the item no longer holds |
    | unsure | the match is doubtful, or the township had no list in force that day |

    The last four but ``unsure`` are ``shifted``. A list counts from the later of ``since`` and
    ``known_from``, up to but not including ``until``.

    matched : what ``matching.match`` returns; date, role, scored, support are read where present.
    items : item, township, list_kind, since; until, known_from, support, category where present.
    retrospective : measure tasks sent before the township's first list by that first list
        (``retrospective`` True in those rows): for comparison over time, never for blame.

    Returns the rows of ``matched`` in order with list_kind, category, verdict, shifted, retrospective,
    missing_support, needs_review and reason (a Chinese sentence with the evidence).
    Raises TableError where columns or dates are missing.

    What it does not show: intent. Support that the ledger does not record is not counted as missing
    (``assist`` with ``needs_review``), and ``off_list`` always needs a person's eye.
    Source: the two articles' three lists (必须为、尽力为、无力为) and 放事不放权、放责不放资源.

    >>> items = pd.DataFrame({"item": ["J1", "P1"], "township": "甲镇", "list_kind": ["basic", "assisting"],
    ...     "name": ["河道巡查", "非法采砂查处"], "since": pd.Timestamp("2025-07-01"), "support": ["", "training"]})
    >>> matched = pd.DataFrame({"task": list("abc"), "date": pd.to_datetime(["2025-08-01", "2025-08-01", "2025-01-01"]),
    ...     "township": "甲镇", "item": ["J1", "P1", "P1"], "band": "matched", "role": ["lead", "lead", "assist"]})
    >>> judge(matched, items).verdict.tolist()
    ['own', 'inverted', 'unsure']
    """
    require(matched, ["township", "date", "item", "band"], "匹配结果")
    require(items, ["item", "township", "list_kind", "since"], "履职事项清单")
    items = items.reset_index(drop=True)
    day = _days(matched["date"])
    if (day == NEVER).any():
        raise TableError(f"任务台账有 {int((day == NEVER).sum())} 行没有下发日期,无法确定当日有效的清单")
    held = _held(items)
    live, first = _list_days(held, matched["township"], day)
    back = retrospective & ~live & (first != NEVER) & (first > day)
    row = _version(_norm(held), matched["township"], matched["item"], np.where(back, first, day))
    facts = _facts(matched, items, row)
    verdict = _verdicts(facts, row, live | back)
    out = matched.drop(columns=[c for c in ADDED if c in matched.columns])
    listed = row >= 0
    for column in ("list_kind", "category"):
        values = np.append(items.get(column, pd.Series(np.nan, items.index)).to_numpy(object), np.nan)
        out[column] = pd.array(np.where(listed & (facts.band != "absent"), values[row], np.nan), dtype="str")
    out["verdict"] = pd.array(verdict, dtype="str")
    out["shifted"] = np.isin(verdict, SHIFTED)
    out["retrospective"] = back
    out["missing_support"] = pd.array(np.where(verdict == "unsupported", facts.missing, ""), dtype="str")
    unclear = (verdict == "assist") & (facts.unrecorded | facts.no_role)
    out["needs_review"] = np.isin(verdict, ["unsure", "off_list"]) | unclear
    out["reason"] = _reasons(out, facts, live | back)
    return out


class _Facts(NamedTuple):
    """What the task asks and gives, one array an aspect."""

    band: np.ndarray
    kind: np.ndarray
    lead: np.ndarray  # asked to lead or decide
    scored: np.ndarray
    missing: np.ndarray  # promised kinds of support that did not come, "a|b"
    unrecorded: np.ndarray  # support promised, but the ledger does not say what came
    no_role: np.ndarray


def _facts(matched: pd.DataFrame, items: pd.DataFrame, row: np.ndarray) -> _Facts:
    blank = pd.Series(np.nan, matched.index, dtype=object)
    kind = np.append(items["list_kind"].to_numpy(object), "")[row]
    promised = np.append(items.get("support", pd.Series("", items.index)).fillna("").to_numpy(object), "")[row]
    given = matched.get("support", blank).astype(object)
    known = given.notna().to_numpy()
    role = matched.get("role", blank).astype(object)
    scored = matched.get("scored", blank).astype("boolean").fillna(False).to_numpy(bool)
    want, wants = pd.factorize(promised)
    have, haves = pd.factorize(given.fillna("").to_numpy(object))
    both, pairs = pd.factorize(want * len(haves) + have)
    short = [_lacking(wants[pair // len(haves)], haves[pair % len(haves)]) for pair in pairs]
    missing = np.array([*short, ""], dtype=object)[both]
    return _Facts(
        matched["band"].to_numpy(object),
        kind,
        role.isin(["lead", "decide"]).to_numpy(),
        scored,
        np.where(known, missing, ""),
        ~known & (promised != ""),
        role.isna().to_numpy(),
    )


def _lacking(promised: str, given: str) -> str:
    return "|".join(kind for kind in promised.split("|") if kind and kind not in given.split("|"))


def _verdicts(facts: _Facts, row: np.ndarray, live: np.ndarray) -> np.ndarray:
    """Verdict words, first rule that holds."""
    assisting = facts.kind == "assisting"
    rules_in_order = [
        (~live | (facts.band == "doubtful"), "unsure"),
        ((facts.band == "absent") | (row < 0), "off_list"),
        (facts.kind == "basic", "own"),
        (facts.kind == "reclaimed", "reclaimed"),
        (assisting & (facts.lead | facts.scored), "inverted"),
        (assisting & (facts.missing != ""), "unsupported"),
        (assisting, "assist"),
    ]
    return np.select([c for c, _ in rules_in_order], [v for _, v in rules_in_order], "unsure").astype(object)


def _reasons(ledger: pd.DataFrame, facts: _Facts, live: np.ndarray) -> pd.Series:
    return evidence.reasons(
        pd.DataFrame(
            {
                "verdict": ledger["verdict"],
                "item": ledger["item"],
                "name": ledger.get("item_name", ledger["item"]),
                "missing": facts.missing,
                "absent": facts.band == "absent",
                "lead": facts.lead,
                "scored": facts.scored,
                "unrecorded": facts.unrecorded,
                "no_role": facts.no_role,
                "live": live,
                "back": ledger["retrospective"],
            }
        )
    )


def _interval(shifted: np.ndarray, decided: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The percentile bootstrap of a share, exactly: resampling n rows of 0/1 is binomial(n, share)."""
    from scipy.stats import binom

    tail = (1 - rules.value("shares.confidence")) / 2
    n = np.where(decided > 0, decided, 1)
    p = shifted / n
    edge = [np.where(decided > 0, binom.ppf(q, n, p) / n, np.nan) for q in (tail, 1 - tail)]
    return edge[0], edge[1]


def shares(ledger: pd.DataFrame, *, by: str | None = None) -> pd.DataFrame:
    """The share of decided tasks that shift responsibility, per group, with everything it rests on.

    by : None (one row for all), ``department``, ``township``, ``category`` (of the matched item),
        ``channel`` or ``month`` (``2025-07``). Rows without a value stand under ``未填``
        (category: ``清单外或待确认``).

    Returns [by], tasks, decided (the denominator), unsure, unsure_share (of all tasks), shifted,
    share (shifted / decided; NaN when nothing is decided), low, high (exact percentile bootstrap at
    ``shares.confidence``), hours, shifted_hours (person-hours, unsure rows included in hours only),
    hours_share (of decided hours). Months ascend; other groups by shifted tasks, most first.
    Raises TableError for another ``by`` or missing columns.

    What it does not show: the interval holds sampling noise only, not wrong matches, and takes tasks as
    independent; with share 0 or 1 the bootstrap interval has no width. An index of our own, not a standard one.

    >>> ledger = pd.DataFrame({"department": ["甲", "甲", "乙"], "verdict": ["own", "off_list", "unsure"],
    ...                        "hours": [10.0, 30.0, 5.0]})
    >>> shares(ledger, by="department")[["department", "decided", "shifted", "share", "unsure_share"]].values.tolist()
    [['甲', 2, 1, 0.5, 0.0], ['乙', 0, 0, nan, 1.0]]
    """
    if by is not None and by not in KEYS:
        raise TableError(f"不能按 {by} 汇总;可用:{'、'.join(KEYS)}")
    needed = ["verdict"] if by is None else ["verdict", "date" if by == "month" else by]
    require(ledger, needed, "判定结果")
    hours = ledger["hours"].astype(float).fillna(0) if "hours" in ledger else pd.Series(0.0, ledger.index)
    moved, unsure = ledger["verdict"].isin(SHIFTED), ledger["verdict"] == "unsure"
    facts = pd.DataFrame(
        {
            "tasks": 1,
            "unsure": unsure.astype(int),
            "shifted": moved.astype(int),
            "hours": hours,
            "shifted_hours": hours.where(moved, 0.0),
            "decided_hours": hours.where(~unsure, 0.0),
        }
    )
    if by is None:
        out = facts.sum().to_frame().T.astype({"tasks": int, "unsure": int, "shifted": int})
    else:
        out = facts.groupby(_key(ledger, by), sort=True).sum().rename_axis(by).reset_index()
        if by != "month":
            out = out.sort_values(["shifted", "tasks", by], ascending=[False, False, True], ignore_index=True)
    out["decided"] = out["tasks"] - out["unsure"]
    out["unsure_share"] = out["unsure"] / out["tasks"].where(out["tasks"] > 0)
    out["share"] = out["shifted"] / out["decided"].where(out["decided"] > 0)
    out["low"], out["high"] = _interval(out["shifted"].to_numpy(), out["decided"].to_numpy())
    out["hours_share"] = out["shifted_hours"] / out["decided_hours"].where(out["decided_hours"] > 0)
    return out[[*([by] if by else []), *COUNTS]]


def _key(ledger: pd.DataFrame, by: str) -> pd.Series:
    if by == "month":
        return pd.Series(pd.to_datetime(ledger["date"]).dt.strftime("%Y-%m"), ledger.index)
    return ledger[by].astype("str").fillna("清单外或待确认" if by == "category" else "未填")


def verdicts(ledger: pd.DataFrame) -> pd.DataFrame:
    """How many tasks and person-hours fell under each verdict: verdict, tasks, share, hours.

    All seven verdicts in their fixed order, zeros included; ``share`` is of all tasks, unsure too.

    >>> verdicts(pd.DataFrame({"verdict": ["own", "own", "unsure"], "hours": [1.0, 2.0, 3.0]})).tasks.tolist()
    [2, 0, 0, 0, 0, 0, 1]
    """
    require(ledger, ["verdict"], "判定结果")
    hours = ledger["hours"].astype(float) if "hours" in ledger else pd.Series(0.0, ledger.index)
    grouped = (
        hours.fillna(0).groupby(ledger["verdict"].to_numpy(object)).agg(["size", "sum"]).reindex(VERDICTS).fillna(0)
    )
    out = pd.DataFrame({"verdict": pd.array(VERDICTS, dtype="str"), "tasks": grouped["size"].astype(int).to_numpy()})
    out["share"] = out["tasks"] / max(len(ledger), 1)
    out["hours"] = grouped["sum"].to_numpy()
    return out


def flows(ledger: pd.DataFrame) -> pd.DataFrame:
    """Who shifted what onto whom: department, township, verdict, tasks, hours of the shifted tasks.

    Most hours first. What it does not show: unsure tasks, and what a township passed on below
    (see ``graph.build``).

    >>> ledger = pd.DataFrame({"department": ["县水利局"] * 3, "township": "甲镇", "hours": [1.0, 2.0, 4.0],
    ...                        "verdict": ["own", "reclaimed", "reclaimed"]})
    >>> flows(ledger).values.tolist()
    [['县水利局', '甲镇', 'reclaimed', 2, 6.0]]
    """
    require(ledger, ["department", "township", "verdict", "hours"], "判定结果")
    moved = ledger[ledger["verdict"].isin(SHIFTED)]
    out = moved.groupby(["department", "township", "verdict"], as_index=False).agg(
        tasks=("hours", "size"), hours=("hours", "sum")
    )
    return out.sort_values(
        ["hours", "department", "township", "verdict"], ascending=[False, True, True, True], ignore_index=True
    )


def change(ledger: pd.DataFrame) -> pd.DataFrame:
    """The shifting share before and after the lists came into force, one row, and their difference.

    ledger : judged with ``retrospective=True``, so that earlier tasks are measured by the same yardstick.

    Returns before_share, before_decided, after_share, after_decided, difference (after less before), low, high:
    Newcombe's hybrid score interval at ``shares.confidence`` (Statistics in Medicine 17, 1998).
    NaN where a period has no decided task.

    What it does not show: cause. All townships got their lists on one day, so anything else
    that changed that day is in the difference too.

    >>> ledger = pd.DataFrame({"verdict": ["off_list", "own", "own", "own"], "retrospective": [True, True, False, False]})
    >>> change(ledger)[["before_share", "after_share", "difference"]].values.tolist()
    [[0.5, 0.0, -0.5]]
    """
    require(ledger, ["verdict", "retrospective"], "判定结果")
    from scipy.stats import norm

    z = norm.ppf((1 + rules.value("shares.confidence")) / 2)
    edges: list[tuple[float, float, float]] = []
    out: dict[str, float] = {}
    for word, rows in (("before", ledger[ledger["retrospective"]]), ("after", ledger[~ledger["retrospective"]])):
        n, k = int((rows["verdict"] != "unsure").sum()), int(rows["verdict"].isin(SHIFTED).sum())
        p = k / n if n else np.nan
        middle, half = (
            (p + z * z / (2 * n), z * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n))) if n else (np.nan, np.nan)
        )
        edges.append(
            (p, (middle - half) / (1 + z * z / n) if n else np.nan, (middle + half) / (1 + z * z / n) if n else np.nan)
        )
        out |= {f"{word}_share": p, f"{word}_decided": n}
    (b, b_low, b_high), (a, a_low, a_high) = edges
    out |= {
        "difference": a - b,
        "low": a - b - np.hypot(a - a_low, b_high - b),
        "high": a - b + np.hypot(a_high - a, b - b_low),
    }
    return pd.DataFrame([out])
