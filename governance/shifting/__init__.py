"""Shifting of responsibility: what each dispatched task is, judged by the list of its own day."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from .. import norm, rules
from ..errors import TableError, require
from ..tables.fields import field
from . import evidence

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
ADDED = (
    "list_kind",
    "category",
    "verdict",
    "shifted",
    "retrospective",
    "in_force",
    "missing_support",
    "needs_review",
    "reason",
)


def _speaks_english(matched: pd.DataFrame) -> None:
    """Refuse values the schema does not know: a Chinese word taken for an English one would change the verdict."""
    for column in ("role", "support", "scored"):
        given = matched[column].dropna().unique() if column in matched else ()
        known = {True, False} if column == "scored" else {"", *field("tasks", column).allowed.values()}
        strange = [str(v) for v in given if not set(v.split("|") if column == "support" else [v]) <= known]
        if strange:
            raise TableError(
                f"任务台账的 {column} 列有不认识的值:{'、'.join(strange[:5])};请先用 tables.read 读入,或改用 "
                f"{'、'.join(sorted(map(str, known - {''})))}"
            )


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
    | unsure | the match is doubtful, the township had no list in force that day, or the ledger records neither the
    role asked nor whether it is scored for an assisting item |

    The last four but ``unsure`` are ``shifted``. Which version holds: ``norm.versions``. Where the best match is not
    in force that day, the next candidate that is and scores ``matching.accept`` takes its place.

    matched : what ``matching.match`` returns; date, role, scored, support are read where present.
    items : item, township, list_kind, since; until, known_from, support, category where present.
    retrospective : measure tasks sent before the township's first list by that first list
        (``retrospective`` True in those rows): for comparison over time, never for blame.

    Returns the rows of ``matched`` in order with list_kind, category, verdict, shifted, retrospective, in_force (the
    township had a list that day), missing_support, needs_review and reason (a Chinese sentence with the evidence).
    Raises TableError where columns or dates are missing.

    What it does not show: intent. Support that the ledger does not record is not counted as missing
    (``assist`` with ``needs_review``); ``off_list``, and a shift whose match scores below ``matching.firm``, always
    need a person's eye (``needs_review``).
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
    _speaks_english(matched)
    items = items.reset_index(drop=True)
    day = norm.days(matched["date"])
    if (day == norm.NEVER).any():
        raise TableError(f"任务台账有 {int((day == norm.NEVER).sum())} 行没有下发日期,无法确定当日有效的清单")
    held = norm.versions(items)
    live, first = norm.listed(held, matched["township"], day)
    back = retrospective & ~live & (first != norm.NEVER) & (first > day)
    matched, row = _held_item(matched, items, held, np.where(back, first, day))
    facts = _facts(matched, items, row)
    verdict = _verdicts(facts, row, live | back)
    out = matched.drop(columns=[c for c in ADDED if c in matched.columns])
    listed = row >= 0
    for column in ("list_kind", "category"):
        values = np.append(items.get(column, pd.Series(np.nan, items.index)).to_numpy(object), np.nan)
        out[column] = pd.array(np.where(listed & (facts.band != "absent"), values[row], np.nan), dtype="str")
    out["verdict"] = pd.array(verdict, dtype="str")
    out["shifted"] = np.isin(verdict, SHIFTED)
    out["retrospective"], out["in_force"] = back, live
    out["missing_support"] = pd.array(np.where(verdict == "unsupported", facts.missing, ""), dtype="str")
    unclear = (verdict == "assist") & (facts.unrecorded | facts.no_role)
    loose = (
        out["shifted"].to_numpy() & (out["score"] < rules.value("matching.firm")).to_numpy()
        if "score" in out
        else False
    )
    out["needs_review"] = np.isin(verdict, ["unsure", "off_list"]) | unclear | loose
    out["reason"] = _reasons(out, facts, live | back)
    return out


def _held_item(
    matched: pd.DataFrame, items: pd.DataFrame, held: pd.DataFrame, day: np.ndarray
) -> tuple[pd.DataFrame, np.ndarray]:
    """``matched``, and the row of ``items`` in force; where the best item no longer or not yet holds, the next
    candidate that does and is near enough takes its place."""
    out, row = matched, norm.in_force(held, matched["township"], matched["item"], day)
    for k in (2, 3):
        if f"item_{k}" not in matched or (row >= 0).all():
            break
        other = norm.in_force(held, matched["township"], matched[f"item_{k}"], day)
        swap = (row < 0) & (other >= 0) & (matched[f"score_{k}"] >= rules.value("matching.accept")).to_numpy()
        if swap.any():
            row = np.where(swap, other, row)
            out = out.copy()
            for column in ("item", "score"):
                best, next_ = matched[column], matched[f"{column}_{k}"]
                out[column] = out[column].where(~swap, next_)
                out[f"{column}_{k}"] = next_.where(~swap, best)
            names = items["name"].to_numpy(object)[other] if "name" in items else out["item"].to_numpy(object)
            out["item_name"] = pd.array(np.where(swap, names, out["item_name"].to_numpy(object)), dtype="str")
    return out, row


class _Facts(NamedTuple):
    """What the task asks and gives, one array an aspect."""

    band: np.ndarray
    kind: np.ndarray
    lead: np.ndarray  # asked to lead or decide
    scored: np.ndarray
    missing: np.ndarray  # promised kinds of support that did not come, "a|b"
    unrecorded: np.ndarray  # support promised, but the ledger does not say what came
    no_role: np.ndarray
    no_score: np.ndarray


def _facts(matched: pd.DataFrame, items: pd.DataFrame, row: np.ndarray) -> _Facts:
    blank = pd.Series(np.nan, matched.index, dtype=object)
    kind = np.append(items["list_kind"].to_numpy(object), "")[row]
    promised = np.append(items.get("support", pd.Series("", items.index)).fillna("").to_numpy(object), "")[row]
    given = matched.get("support", blank).astype(object)
    known = given.notna().to_numpy()
    role = matched.get("role", blank).astype(object)
    scored = matched.get("scored", blank).astype("boolean")
    want, wants = pd.factorize(promised)
    have, haves = pd.factorize(given.fillna("").to_numpy(object))
    both, pairs = pd.factorize(want * len(haves) + have)
    short = [_lacking(wants[pair // len(haves)], haves[pair % len(haves)]) for pair in pairs]
    missing = np.array([*short, ""], dtype=object)[both]
    return _Facts(
        matched["band"].to_numpy(object),
        kind,
        role.isin(["lead", "decide"]).to_numpy(),
        scored.fillna(False).to_numpy(bool),
        np.where(known, missing, ""),
        ~known & (promised != ""),
        role.isna().to_numpy(),
        scored.isna().to_numpy(),
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
        (assisting & facts.no_role & facts.no_score, "unsure"),
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
                "mute": (facts.kind == "assisting") & facts.no_role & facts.no_score & (facts.band == "matched"),
                "live": live,
                "back": ledger["retrospective"],
            }
        )
    )


def _interval(shifted: np.ndarray, decided: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The percentile bootstrap of a share, exactly: resampling n rows of 0/1 is binomial(n, share).

    Where all rows are alike the bootstrap has no width; there the exact (Clopper-Pearson) bound stands in.
    """
    from scipy.stats import binom

    tail = (1 - rules.value("shares.confidence")) / 2
    n = np.where(decided > 0, decided, 1)
    p = shifted / n
    edge = [np.where(decided > 0, binom.ppf(q, n, p) / n, np.nan) for q in (tail, 1 - tail)]
    far = tail ** (1 / n)
    return np.where((p == 1) & (decided > 0), far, edge[0]), np.where((p == 0) & (decided > 0), 1 - far, edge[1])


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
    independent; at share 0 or 1, where a bootstrap has no width, its open end is the exact (Clopper-Pearson) bound.
    An index of our own, not a standard one.

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
    named = {c: moved[c].astype("str").fillna("未填") for c in ("department", "township")}
    out = (
        moved.assign(**named)
        .groupby(["department", "township", "verdict"], as_index=False)
        .agg(tasks=("hours", "size"), hours=("hours", "sum"))
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
