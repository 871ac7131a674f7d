"""Which applications have stood still too long, by the deadlines a county has set itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from .. import rules
from ..errors import RuleError
from .log import framed
from .states import said, words
from .story import standing

RULE = "lifecycle.deadlines"
COUNTING = {"working": "工作日", "calendar": "自然日"}
OVERDUE = {
    "application": "str",
    "track": "str",
    "state": "str",
    "waiting_for": "str",
    "since": "datetime64[us]",
    "limit": "Int64",
    "counting": "str",
    "due": "datetime64[us]",
    "overdue": "bool",
    "days_over": "Int64",
    "note": "str",
}


def overdue(log: pd.DataFrame, at: str | pd.Timestamp, *, path: str | None = None) -> pd.DataFrame:
    """The applications past their deadline on day ``at``, longest first, then those that have no deadline to be held to.

    Columns: application, track, state, waiting_for (roles that must act), since (the day it came into that state), limit
    (days), counting (working or calendar), due (last day), overdue, days_over (counted as the limit is), note (Chinese).
    No deadline is built in: a county writes rule ``lifecycle.deadlines`` in a rules file of its own (``path``), for a state
    or for one track's state: ``{accepted: {days: 10, count: working}, adjustment.consulted: {days: 30, count: calendar}}``.
    An open application whose state has none comes with ``overdue`` False, ``days_over`` missing, and a note that says so.

    Raises RuleError for a deadline that cannot be understood.

    What it does not show: working days leave out Saturdays and Sundays only; public holidays and the working weekends
    that make up for them are not known. The day it came into the state does not count.

    >>> from governance.lifecycle import empty
    >>> overdue(empty(), "2026-03-31").empty
    True
    """
    when = pd.Timestamp(at)
    limits = _limits(rules.value(RULE, at=when.date(), path=path))
    now = standing(framed(log), when, path=path)
    now = now[now["waiting_for"] != ""]
    rows = []
    for row in now[list(OVERDUE)[:5]].to_dict("records"):
        limit = limits.get(f"{row['track']}.{row['state']}", limits.get(row["state"]))
        if limit is None:
            rows.append(row | {"overdue": False, "note": _unset(row["state"], bool(limits))})
        elif (over := _over(row["since"], when, *limit)) > 0:
            note = f"在“{said('state', row['state'])}”已超期{over}个{COUNTING[limit[1]]}" + _caution(limit[1])
            due = _due(row["since"], *limit)
            rows.append(
                row
                | {
                    "limit": limit[0],
                    "counting": limit[1],
                    "due": due,
                    "overdue": True,
                    "days_over": over,
                    "note": note,
                }
            )
    out = pd.DataFrame(rows, columns=list(OVERDUE)).astype(OVERDUE)
    return out.sort_values(["overdue", "days_over", "application"], ascending=[False, False, True], ignore_index=True)


def _unset(state: str, some: bool) -> str:
    which = f"规则 {RULE} 没有为“{said('state', state)}”设期限" if some else f"规则 {RULE} 没有设任何办理期限"
    return f"{which},无法判断是否超期;请在自己的规则文件中写明"


def _caution(counting: str) -> str:
    return "(只除去周六周日,未计节假日和调休)" if counting == "working" else ""


def _limits(given: Any) -> dict[str, tuple[int, str]]:
    """state or track.state -> days and how they are counted."""
    faults = [] if isinstance(given, Mapping) else ["应按环节写明 days 和 count"]
    found = {}
    for name, limit in given.items() if isinstance(given, Mapping) else ():
        track, _, state = str(name).rpartition(".")
        days = limit.get("days") if isinstance(limit, Mapping) else None
        if state not in words("state") or (track and track not in words("track")):
            faults.append(f"不认识的环节 {name}")
        elif type(days) is not int or days < 0 or set(limit) != {"days", "count"} or limit["count"] not in COUNTING:
            faults.append(f"{name} 应写作 {{days: 天数, count: working 或 calendar}}")
        else:
            found[str(name)] = (days, str(limit["count"]))
    if faults:
        raise RuleError(f"规则 {RULE} 有 {len(faults)} 处不妥:" + ";".join(faults))
    return found


def _over(since: pd.Timestamp, when: pd.Timestamp, days: int, counting: str) -> int:
    """Days beyond the limit; not positive while there is time."""
    start, end = np.datetime64(since, "D") + 1, np.datetime64(when, "D") + 1
    gone = np.busday_count(start, end) if counting == "working" else (end - start).astype(int)
    return int(gone) - days


def _due(since: pd.Timestamp, days: int, counting: str) -> pd.Timestamp:
    start = np.datetime64(since, "D")
    if counting == "calendar":
        return pd.Timestamp(start + days)
    return pd.Timestamp(np.busday_offset(start, days, roll="backward"))
