"""Which version of a list held on which day, and was known: the norm a task is judged by."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from .errors import TableError, require

NEVER = np.iinfo(np.int64).max


class _Index(NamedTuple):
    """The versions as sorted integers: the one in force is found by one binary search."""

    pairs: pd.Index
    keys: np.ndarray  # pair code * span + first day, ascending
    end: np.ndarray  # first day no longer in force
    rows: np.ndarray  # row of `items`
    first_day: int
    span: int


def days(dates: pd.Series) -> np.ndarray:
    """Days since 1970-01-01 as int64; a missing date is NEVER. A time zone is dropped, the wall clock kept.

    >>> days(pd.Series(["1970-01-03", None])).tolist() == [2, NEVER]
    True
    """
    try:
        stamps = pd.to_datetime(dates)
    except (ValueError, TypeError) as fault:
        raise TableError(f"{dates.name or '日期'}列有不是日期的内容:{fault}") from None
    if getattr(stamps.dt, "tz", None) is not None:
        stamps = stamps.dt.tz_localize(None)
    whole = stamps.to_numpy("datetime64[D]")
    return np.where(np.isnat(whole), NEVER, whole.astype(np.int64))


def versions(items: pd.DataFrame) -> pd.DataFrame:
    """township, item, start, end (days) and row (position in ``items``) of every version that ever counted.

    A version counts from the day it both holds (``since``) and is known (``known_from``), and until its successor
    is known too, however early its own ``until``: nobody is judged by a change published later.
    Raises TableError for a missing ``since`` or versions of one item that overlap.

    >>> items = pd.DataFrame({"township": "甲镇", "item": "P1", "since": ["2025-01-01", "2025-07-01"],
    ...                       "until": ["2025-07-01", None], "known_from": [None, "2025-09-01"]})
    >>> held = versions(items)
    >>> (held.end.iloc[0] == held.start.iloc[1]).item()
    True
    """
    require(items, ["township", "item", "since"], "履职事项清单")
    never = pd.Series(pd.NaT, items.index)
    since, until, known = days(items["since"]), days(items.get("until", never)), days(items.get("known_from", never))
    if (since == NEVER).any():
        raise TableError(f"履职事项清单有 {int((since == NEVER).sum())} 行没有施行日期,无法按任务当日有效的清单判定")
    start = np.where(known == NEVER, since, np.maximum(since, known))
    out = items[["township", "item"]].astype(object).assign(start=start, end=until, row=np.arange(len(items)))
    codes, _ = pd.factorize(pd.MultiIndex.from_frame(out[["township", "item"]]))
    order = np.lexsort((since, codes))
    before, after = order[:-1], order[1:]
    same = codes[before] == codes[after]
    cross = same & (until[before] > since[after])
    if cross.any():
        names = out.iloc[before[cross]][["township", "item"]].agg("".join, axis=1)
        raise TableError(f"同一事项的有效期相互重叠:{'、'.join(names[:5])};请写明旧版本的失效日期")
    follows = same & (until[before] == since[after])
    end = until.copy()
    end[before[follows]] = np.maximum(until[before[follows]], start[after[follows]])
    return out.assign(end=end)[start < end]


def in_force(held: pd.DataFrame, townships: pd.Series, found: pd.Series, day: np.ndarray) -> np.ndarray:
    """Row of ``items`` in force for each (township, item) on its day; -1 where none is.

    held : what ``versions`` returns. day : as ``days`` gives it.

    >>> items = pd.DataFrame({"township": "甲镇", "item": "P1", "since": ["2025-07-01"]})
    >>> in_force(versions(items), pd.Series(["甲镇"] * 2), pd.Series(["P1"] * 2), days(pd.Series(["2025-06-30", "2025-07-01"])))
    array([-1,  0])
    """
    if held.empty:
        return np.full(len(day), -1)
    index = _index(held)
    wanted = pd.MultiIndex.from_arrays([townships.astype(object), found.astype(object)])
    codes = index.pairs.get_indexer(wanted)
    offset = np.clip(day - index.first_day, -1, index.span - 1)
    place = np.searchsorted(index.keys, codes * index.span + offset, side="right") - 1
    safe = np.maximum(place, 0)
    known = (codes >= 0) & (offset >= 0) & (place >= 0)
    known &= (index.keys[safe] // index.span == codes) & (day < index.end[safe])
    return np.where(known, index.rows[safe], -1)


def _index(held: pd.DataFrame) -> _Index:
    codes, pairs = pd.factorize(pd.MultiIndex.from_frame(held[["township", "item"]]))
    first, span = int(held["start"].min()), int(held["start"].max() - held["start"].min()) + 2
    keys = codes * span + (held["start"].to_numpy() - first)
    order = np.argsort(keys, kind="stable")
    return _Index(pairs, keys[order], held["end"].to_numpy()[order], held["row"].to_numpy()[order], first, span)


def listed(held: pd.DataFrame, townships: pd.Series, day: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Whether each row's township had any list in force that day, and the first day it ever had one (or NEVER).

    >>> items = pd.DataFrame({"township": "甲镇", "item": "P1", "since": ["1970-01-11"]})
    >>> live, first = listed(versions(items), pd.Series(["甲镇", "甲镇", "乙乡"]), np.array([9, 10, 10]))
    >>> live.tolist(), first[:2].tolist()
    ([False, True, False], [10, 10])
    """
    live, first = np.zeros(len(day), bool), np.full(len(day), NEVER)
    periods: dict[Any, pd.DataFrame] = dict(list(held.groupby("township", sort=False)))
    for township, rows in townships.groupby(townships.to_numpy(object)).indices.items():
        if township in periods:
            opened, closed = (np.sort(periods[township][edge].to_numpy()) for edge in ("start", "end"))
            live[rows] = np.searchsorted(opened, day[rows], "right") > np.searchsorted(closed, day[rows], "right")
            first[rows] = opened[0]
    return live, first


def current(items: pd.DataFrame, at: pd.Timestamp | None) -> pd.DataFrame:
    """The rows of ``items`` that hold on day ``at`` (where it is None or there are no dates: those without ``until``).

    >>> items = pd.DataFrame({"item": ["a", "b", "c"], "since": pd.to_datetime(["2025-01-01", "2025-01-01", "2030-01-01"]),
    ...                       "until": pd.to_datetime(["2027-12-31", "2025-07-01", None])})
    >>> current(items, pd.Timestamp("2026-06-30"))["item"].tolist()
    ['a']
    """
    if at is None or pd.isna(at) or "since" not in items:
        return items[items["until"].isna()] if "until" in items else items
    open_end = items["until"].isna() | (items["until"] > at) if "until" in items else True
    return items[(items["since"] <= at) & open_end]
