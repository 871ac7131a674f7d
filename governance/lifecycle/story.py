"""What became of an item, and where every application stands."""

from __future__ import annotations

import pandas as pd

from ..errors import LifecycleError, require
from ..tables.fields import label
from .log import Row, cases, current_round, framed, given_values, proposal, units
from .states import APPLICANT, Move, Track, said, schema, tracks

EVENTS = {
    "day": "datetime64[us]",
    "application": "str",
    "entry": "int64",
    "township": "str",
    "state": "str",
    "actor": "str",
    "story": "str",
}
STANDING = {
    "application": "str",
    "track": "str",
    "item": "str",
    "township": "str",
    "state": "str",
    "waiting_for": "str",
    "since": "datetime64[us]",
    "days": "int64",
}


def history(items: pd.DataFrame, log: pd.DataFrame, item: str) -> pd.DataFrame:
    """The story of one item, a row an event, by day: day, application, entry, township, state, actor, story.

    story : the event in Chinese words. Events are the versions of ``items`` (no application, entry 0; townships with the
    same version in one row) and every entry of every application that concerned the item, those turned down too.
    Raises LifecycleError where neither knows the item.

    What it does not show: what nobody entered.

    >>> import governance as gov
    >>> from governance.lifecycle import empty
    >>> told = history(gov.examples.county().items, empty(), "J001")
    >>> told.story.iloc[0]
    '列入基本履职事项清单,名称“落实全面从严治党主体责任，加强乡镇(街道)党(工)委自身建设”,2025-06-30公布,2025-07-01施行'
    """
    require(items, ["item", "township", "list_kind", "name", "since"], "履职事项清单")
    found = {a: rows for a, rows in cases(log).items() if any(r["item"] == item for r in rows)}
    rows = _listed(items[items["item"] == item])
    for application, told in found.items():
        for n, row in enumerate(told):
            asked = current_round(told[: n + 1])[0]
            event = {k: row[k] for k in ("day", "entry", "state", "actor")}
            rows.append(
                event | {"application": application, "township": asked["township"], "story": _words(row, told[: n + 1])}
            )
    if not rows:
        raise LifecycleError(f"清单和变更记录里都没有编号为“{item}”的事项")
    out = pd.DataFrame(rows, columns=list(EVENTS)).astype(EVENTS)
    return out.sort_values(["day", "entry"], kind="stable", ignore_index=True)


def _listed(rows: pd.DataFrame) -> list[Row]:
    """The versions of the list in words, townships with the same one together."""
    dates = [c for c in ("since", "until", "known_from") if c in rows]
    out = []
    for key, some in rows.groupby([*dates, "list_kind", "name"], dropna=False, sort=True):
        told: Row = dict(zip([*dates, "list_kind", "name"], key, strict=True))
        words = f"列入{label('items', 'list_kind', told['list_kind'])}清单,名称“{told['name']}”"
        words += f",{told['known_from']:%Y-%m-%d}公布" if pd.notna(told.get("known_from")) else ""
        words += f",{told['since']:%Y-%m-%d}施行"
        words += f",{told['until']:%Y-%m-%d}失效" if pd.notna(told.get("until")) else ""
        towns = "、".join(dict.fromkeys(some["township"]))
        out.append({"day": told["since"], "entry": 0, "township": towns, "story": words})
    return out


def _words(row: Row, told: list[Row]) -> str:
    """One entry as a sentence."""
    asked, state = proposal(told), row["state"]
    who = f"{row['actor']}({said('role', row['role'])})"
    words = f"{who}{said('state', state)}"
    if state == "applied":
        again = "重新" if len(told) > 1 else ""
        words = f"{who}{again}提出{said('track', asked['track'])}申请:{_change(asked)}"
        words += "".join(f";{schema()[c]['label']}:{row[c]}" for c in ("content", "grounds") if row[c])
    elif state == "decided" and (given := given_values(row)):
        words += f",并改为:{_values(given)}"
    elif state == "published":
        late = ",追溯" if asked["since"] is not None and asked["since"] < row["day"] else ""
        words += f"{late},自{asked['since']:%Y-%m-%d}起施行" if asked["since"] is not None else ""
    words += f",意见:{said('opinion', row['opinion'])}" if row["opinion"] else ""
    return words + (f";理由:{row['reason']}" if row["reason"] else "")


def _change(asked: Row) -> str:
    towns = "、".join(units(asked["township"]))
    given = given_values(asked)
    return f"{said('change', asked['change'])}事项{asked['item']}({towns})" + (f",{_values(given)}" if given else "")


def _values(given: Row) -> str:
    return "、".join(
        f"{label('items', c)}“{label('items', c, v) if c in ('list_kind', 'support') else v}”" for c, v in given.items()
    )


def standing(log: pd.DataFrame, at: str | pd.Timestamp | None = None, *, path: str | None = None) -> pd.DataFrame:
    """Where each application stands on day ``at``: application, track, item, township, state, waiting_for, since, days.

    at : None for the day of the last entry. since : the day it came into that state; days : how many calendar days ago.
    waiting_for : the roles that can take the next step towards publication, joined by "|"; the applicant's own role where
    it must hand in again; "" where the application is finished. One row an application, in the order of first entry.

    What it does not show: why it takes so long.

    >>> from governance.lifecycle import empty
    >>> len(standing(empty()))
    0
    """
    told = framed(log)
    when = pd.Timestamp(at) if at is not None else told["day"].max()
    ways = tracks(when.date() if pd.notna(when) else None, path)
    rows = []
    for application, entries in cases(told[told["day"] <= when]).items():
        asked, last = proposal(entries), entries[-1]
        start = next(r["day"] for n, r in enumerate(entries) if all(e["state"] == last["state"] for e in entries[n:]))
        waits = waiting(entries, ways[asked["track"]]) if asked["track"] in ways else ()
        rows.append(
            {c: asked[c] for c in ("track", "item", "township")}
            | {"application": application, "state": last["state"], "waiting_for": "|".join(waits)}
            | {"since": start, "days": (when - start).days}
        )
    return pd.DataFrame(rows, columns=list(STANDING)).astype(STANDING)


def waiting(entries: list[Row], track: Track) -> list[str]:
    """Roles that can take the next step on the way to publication, from where the application stands."""
    state, told = entries[-1]["state"], current_round(entries)
    if state in track.ends:
        return []
    passed = {r["state"] for r in told}
    harsh = {r["opinion"] for r in told if r["role"] == "township"}
    decided = [m for m in track.moves if m.hear]
    silent = bool(decided) and _silent(told)

    def open_(move: Move) -> bool:
        lacks = {*move.after, *(move.strict_after if harsh & {*move.strict} else ())} - passed
        return state in move.start and not move.side and not lacks and not (move.hear and silent)

    moves = [m for m in track.moves if open_(m)]
    fresh = [m for m in moves if m.to not in passed or state == "suspended"]
    roles = {entries[0]["role"] if r == APPLICANT else r for m in fresh for r in m.by}
    if silent and any(m.to == "consulted" for m in moves) and not {m.to for m in fresh} & {"consulted"}:
        roles.add("township")
    return sorted(roles)


def _silent(told: list[Row]) -> bool:
    heard = {u for r in told if r["role"] == "township" and r["opinion"] for u in units(r["actor"])}
    return not set(units(told[0]["township"])) <= heard
