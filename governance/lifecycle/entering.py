"""What may be appended to the log: every entry held against the log so far and the rules of its day."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import pandas as pd

from ..errors import LifecycleError, require
from .dated import replay
from .log import (
    PROPOSED,
    TYPES,
    VALUE_COLUMNS,
    Row,
    cases,
    current_round,
    dicts,
    given_values,
    numbered,
    pairs,
    proposal,
    units,
)
from .log import published as published_ones
from .states import APPLICANT, START, Move, Track, named, said, schema, tracks, words

CHOICES = ("track", "state", "role", "change", "list_kind", "support", "opinion")


def append(
    log: pd.DataFrame, entries: pd.DataFrame, *, items: pd.DataFrame | None = None, path: str | None = None
) -> pd.DataFrame:
    """The log with ``entries`` at its end, each checked against the log so far; neither frame is changed.

    log : checked too, by the same rules: numbers from 1 without a gap, each step one that could be taken, so that an entry
        taken out or altered is noticed (not one cut off at the end, and not who wrote it).
    entries : columns of ``lifecycle.empty()``, those not needed left out; ``entry`` may be left out, else it must go on
        counting. In the order in which they were done: several steps of one application may come in one call. Words
        may be English (applied) or Chinese (申请); names set apart by 、 or a comma, semicolon, slash, line break.
    items : the lists before the log began; with them it is also checked that the lists can take every published change
        (an item to be edited is there, one to be added is not), and that each township has a list. Give them: what is appended is never taken out again.
    path : a rules file of one's own with ``lifecycle.moves``; each entry is held to the rule in force on its day.

    Raises LifecycleError with one line for every fault: the application, what is missing or wrong, which step must come
    first; or for the log. Then nothing is appended. RuleError for unsound rules; TableError for ``items`` as ``replay``.

    What it does not show: whether what an entry says is true, or lawful.

    >>> entries = pd.DataFrame({"application": "2026-07", "day": ["2026-03-02", "2026-03-05"], "state": ["applied", "vetted"],
    ...     "track": "adjustment", "actor": ["甲镇", "县委编办"], "role": ["township", "staffing_office"], "change": "remove",
    ...     "township": "甲镇", "item": "P012", "matter": "删除事项", "content": "燃气安全检查", "grounds": "条例已修订",
    ...     "reason": "职责已划归县级", "opinion": "agree"})
    >>> from governance.lifecycle import empty
    >>> log = append(empty(), entries.head(1))
    >>> log[["entry", "application", "state"]].values.tolist()
    [[1, '2026-07', 'applied']]
    >>> append(log, entries.tail(1))
    Traceback (most recent call last):
    governance.errors.LifecycleError: 变更记录有 1 处不妥,一条也没有追加:
    第2条:申请“2026-07”还没有“部门会商”,不能进入“编办审核”(现处“申请”,下一步应为“受理”)
    """
    told, towns = numbered(log, 1), _towns(items)
    new = numbered(entries, len(told) + 1)
    found = cases(told)
    _kept(found, path)
    faults, touched = [], set()
    for number, row in enumerate(dicts(new), len(told) + 1):
        rows = found.setdefault(row["application"] or "", [])
        wrong = _faults(row, rows, number, path) + _unlisted(row, towns)
        faults += [f"第{number}条:申请“{row['application'] or '(未编号)'}”{fault}" for fault in wrong]
        if _counts(row, rows):
            rows.append(row)
            touched |= {row["application"]} if row["state"] == "published" and row["application"] else set()
    if not faults:
        faults = _clashes(published_ones(found), touched)
    if faults:
        raise LifecycleError(f"变更记录有 {len(faults)} 处不妥,一条也没有追加:\n" + "\n".join(faults))
    out = pd.concat([told, new], ignore_index=True)
    if items is not None and touched:
        replay(items, out)
    return out


def _counts(row: Row, rows: list[Row]) -> bool:
    """Whether later entries are held against this one, be it faulty or not."""
    return row["state"] in words("state") and row["day"] is not None and (bool(rows) or row["state"] == "applied")


def _kept(found: dict[str, list[Row]], path: str | None) -> None:
    """Raise LifecycleError where the log so far is not what ``append`` would have let in."""
    faults = _gaps(sorted(row["entry"] for rows in found.values() for row in rows))
    wrong = [
        (number, f"第{number}条:申请“{application or '(未编号)'}”{fault}")
        for application, rows in found.items()
        for number, fault in _sound(tuple(tuple(row.values()) for row in rows), path)
    ]
    faults += [fault for _, fault in sorted(wrong)]
    if not faults:
        changes = published_ones(found)
        faults = _clashes(changes, {change["application"] for change in changes})
    if faults:
        raise LifecycleError(f"已有的变更记录有 {len(faults)} 处不妥,先改正才能追加:\n" + "\n".join(faults))


def _gaps(numbers: list[int]) -> list[str]:
    """What is wrong with the running numbers, given in ascending order."""
    lost, twice, last = [], [], 0
    for number in numbers:
        if number > last + 1:
            lost.append(f"{last + 1}" if number == last + 2 else f"{last + 1}至{number - 1}")
        elif number <= last:
            twice.append(f"{number}")
        last = number
    faults = [f"记录号不连续,缺{'、'.join(lost)};记录只增不改,请找回缺的行"] if lost else []
    return faults + ([f"记录号重复或不是正整数:{'、'.join(dict.fromkeys(twice))}"] if twice else [])


@functools.lru_cache(maxsize=1 << 14)
def _sound(rows: tuple[tuple[Any, ...], ...], path: str | None) -> tuple[tuple[int, str], ...]:
    """The faults of one application's entries with their numbers; remembered, for a log grows at its end."""
    told: list[Row] = []
    wrong: list[tuple[int, str]] = []
    for values in rows:
        row = dict(zip(TYPES, values, strict=True))
        wrong += [(row["entry"], fault) for fault in _faults(row, told, row["entry"], path)]
        if _counts(row, told):
            told.append(row)
    return tuple(wrong)


def _towns(items: pd.DataFrame | None) -> list[str]:
    if items is None:
        return []
    require(items, ["township"], "履职事项清单")
    return [str(t) for t in items["township"].dropna().unique()]


def _unlisted(row: Row, towns: list[str]) -> list[str]:
    """Faults for townships asked for that none of ``towns`` is; without ``towns`` there is nothing to hold them against."""
    if not towns or row["state"] != "applied":
        return []
    from rapidfuzz import fuzz, process

    wrong = []
    for name in dict.fromkeys(units(row["township"])):
        if name not in towns:
            near, score, _ = process.extractOne(name, towns, scorer=fuzz.ratio)
            hint = f"最相近的是“{near}”" if score else f"清单里有:{'、'.join(towns[:5])}"
            wrong.append(f"的适用乡镇(街道)“{name}”不在任何清单里,{hint}")
    return wrong


def _faults(row: Row, rows: list[Row], number: int, path: str | None) -> list[str]:
    """Everything wrong with one entry, given the application's entries before it."""
    lacking = [schema()[c]["label"] for c in ("application", "day", "state", "actor", "role") if row[c] is None]
    wrong = [f"没有填写{'、'.join(lacking)}"] if lacking else []
    if row["entry"] != number:
        wrong.append(f"的记录号为{row['entry']},应接着编为{number}")
    wrong += [
        f"的“{schema()[c]['label']}”写作“{row[c]}”,应为:{'、'.join(v for v in words(c).values())}"
        for c in CHOICES
        if row[c] is not None and not set(row[c].split("|") if c == "support" else [row[c]]) <= words(c).keys()
    ]
    if wrong:
        return wrong
    if rows and row["day"] < rows[-1]["day"]:
        wrong.append(f"的办理日期{row['day']:%Y-%m-%d}早于上一步的{rows[-1]['day']:%Y-%m-%d}")
    wrong += _subject(row, rows)
    track = row["track"] or (rows[0]["track"] if rows else None)
    ways = tracks(row["day"].date(), path)
    if track is None:
        return wrong if row["state"] == "applied" else [*wrong, f"还没有“申请”,不能进入{named([row['state']])}"]
    row["track"] = track
    if track not in ways:
        return [*wrong, f"走“{said('track', track)}”通道,现行规则没有这一通道"]
    return wrong + _step(row, rows, ways[track])


def _subject(row: Row, rows: list[Row]) -> list[str]:
    """Faults in what is asked for: complete when handed in, the same ever after."""
    if row["state"] == "applied":
        wrong = _asked(row)
        if rows and row["track"] not in (None, rows[0]["track"]):
            wrong.append(f"原走“{said('track', rows[0]['track'])}”通道,重新申请不能改走“{said('track', row['track'])}”")
        return wrong if row["track"] or rows else [*wrong, "没有填写办理通道"]
    if not rows:
        return []
    first = current_round(rows)[0]
    first = first | {"track": rows[0]["track"]}
    changed = [c for c in ("track", *PROPOSED) if row[c] is not None and row[c] != first[c]]
    wrong = [f"的“{schema()[c]['label']}”与申请时不同;要改请退回补正后重新申请" for c in changed]
    if (given := given_values(row)) and row["state"] != "decided":
        names = "、".join(schema()[c]["label"] for c in given)
        wrong.append(f"在“{said('state', row['state'])}”一步填写了{names};新内容只能写在申请或审定时")
    elif given and first["change"] in words("change"):
        wrong += _fitting(first["change"], given | {c: first[c] for c in ("list_kind", "name") if c not in given})
    return wrong


def _asked(row: Row) -> list[str]:
    lacking = [schema()[c]["label"] for c in PROPOSED if row[c] is None]
    wrong = [f"没有填写{'、'.join(lacking)}"] if lacking else []
    named_twice = len(set(units(row["township"]))) < len(units(row["township"]))
    wrong += ["的适用乡镇(街道)有重复"] if named_twice else []
    if row["role"] == "township" and row["township"] and not set(units(row["actor"])) <= set(units(row["township"])):
        wrong.append(f"由{row['actor']}提出,却不适用于{row['actor']}")
    return wrong + (_fitting(row["change"], {c: row[c] for c in VALUE_COLUMNS}) if row["change"] else [])


def _fitting(change: str, values: Row) -> list[str]:
    """Faults in the new values, by the kind of change."""
    given = {c for c, v in values.items() if v is not None}
    needed = {"add": ["list_kind", "name"], "move": ["list_kind"]}.get(change, [])
    lacking = [schema()[c]["label"] for c in needed if c not in given]
    wrong = [f"是{said('change', change)}事项,没有填写{'、'.join(lacking)}"] if lacking else []
    if change == "edit" and not given:
        wrong.append("是修改事项,没有写明任何变更后的内容")
    if change == "edit" and "list_kind" in given:
        wrong.append("改变了清单类别,变更方式应写“移入其他清单”")
    if change == "remove" and given:
        wrong.append("是删除事项,不应再写变更后的内容")
    return wrong + (["把事项名称写作“无”"] if values.get("name") == "无" else [])


def _step(row: Row, rows: list[Row], track: Track) -> list[str]:
    """Faults in the step: no such move, not this unit's to take, something before it missing."""
    state = rows[-1]["state"] if rows else START
    to = [m for m in track.moves if m.to == row["state"]]
    here = [m for m in to if state in m.start]
    told = current_round(rows) if rows else []
    passed = {s for r in told for s in (r["state"], *r.get("assumed", ()))}
    if not here:
        return [_no_way(row, state, to, track, passed)]
    able = [m for m in here if _may(row, rows, m)]
    if not able:
        return [_not_yours(row, rows, here)]
    answers = [_unmet(row, told, passed, move) for move in able]
    return min(answers, key=len)


def _no_way(row: Row, state: str, to: list[Move], track: Track, passed: set[str]) -> str:
    goal = f"不能进入{named([row['state']])}"
    lacking = [s for s in (to[0].after if to else ()) if s not in passed]
    row["assumed"] = tuple(lacking)
    if state in track.ends:
        return f"已办结于{named([state])},{goal};如需再改请另行申请"
    nexts = [m.to for m in track.moves if state in m.start and not m.side]
    nexts = [s for s in dict.fromkeys(nexts) if s != state or state == "consulted"]
    if lacking:
        here = "" if state == START else f"(现处{named([state])},下一步应为{named(nexts)})"
        return f"还没有{named(lacking)},{goal}{here}"
    if state == START:
        return f"还没有“申请”,{goal}"
    before = list(dict.fromkeys(s for m in to for s in m.start))
    return f"现处{named([state])},{goal};" + (
        f"此前应处{named(before)}" if before else f"本通道没有{named([row['state']])}一步"
    )


def _may(row: Row, rows: list[Row], move: Move) -> bool:
    first = rows[0] if rows else row
    own = (row["role"], set(units(row["actor"]))) == (first["role"], set(units(first["actor"])))
    return row["role"] in move.by or (APPLICANT in move.by and own)


def _not_yours(row: Row, rows: list[Row], here: list[Move]) -> str:
    who = [
        f"原申请单位{rows[0]['actor']}" if role == APPLICANT and rows else said("role", role)
        for role in dict.fromkeys(r for m in here for r in m.by)
    ]
    done_by = f"{row['actor']}({said('role', row['role'])})"
    return f"的{named([row['state']])}应由{'或'.join(who)}办理,现记为{done_by}"


def _unmet(row: Row, told: list[Row], passed: set[str], move: Move) -> list[str]:
    """Conditions of a move that the round so far does not meet."""
    goal = f"不能进入{named([move.to])}"
    spoken = [r for r in told if r["role"] == "township" and r["opinion"] is not None]
    harsh = [r for r in spoken if r["opinion"] in move.strict]
    after = [*move.after, *(move.strict_after if harsh else ())]
    needs = [*move.needs, *(c for c in (move.strict_needs if harsh else ()) if c not in move.needs)]
    lacking = [s for s in after if s not in passed]
    row["assumed"] = tuple(lacking)
    why = f"({harsh[0]['actor']}表示“{said('opinion', harsh[0]['opinion'])}”,从严审查)" if harsh else ""
    wrong = [f"还没有{named(lacking)},{goal}{why}"] if lacking else []
    blank = [schema()[c]["label"] for c in needs if row[c] is None or not str(row[c]).strip()]
    wrong += [f"的{named([move.to])}没有填写{'、'.join(blank)}{why if harsh and not lacking else ''}"] if blank else []
    for state in move.agree:
        last = next((r["opinion"] for r in reversed(told) if r["state"] == state), None)
        wrong += [f"的{named([state])}意见为“不同意”,{goal}"] if last == "disagree" else []
    if move.hear and told:
        heard = {u for r in spoken for u in units(r["actor"])}
        silent = [u for u in units(told[0]["township"]) if u not in heard]
        wrong += [f"还没有记录{'、'.join(silent)}的承接意见,{goal}"] if silent else []
    return wrong + _days(row, told)


def _days(row: Row, told: list[Row]) -> list[str]:
    if row["state"] not in ("published", "in_force") or not told:
        return []
    asked = proposal([*told, row])
    since = asked["since"]
    if since is None:
        return ["没有写明施行日期,不能公布"]
    if row["state"] == "in_force" and row["day"] < since:
        return [f"自{since:%Y-%m-%d}起施行,此前不能记为“施行”"]
    if row["state"] == "published" and asked["change"] == "remove" and since < row["day"]:
        return [
            f"删除事项的施行日期{since:%Y-%m-%d}早于公布日期{row['day']:%Y-%m-%d};未公布的删除不约束任何人,请改为公布当日或以后"
        ]
    return []


def _clashes(changes: list[Row], touched: set[str]) -> list[str]:
    """Published changes to one item of one township that cannot both hold, where one of ``touched`` is part of it."""
    by_pair: dict[tuple[str, str], list[Row]] = {}
    keys = {pair for c in changes if c["application"] in touched for pair in pairs(c)}
    for change in changes:
        for pair in pairs(change):
            if pair in keys:
                by_pair.setdefault(pair, []).append(change)
    faults: dict[str, None] = {}
    for (township, item), some in by_pair.items():
        for first, then in _near(some):
            if {first["application"], then["application"]} & touched and (why := _clash(first, then)):
                faults[f"申请“{then['application']}”与申请“{first['application']}”都改{township}的事项{item}:{why}"] = (
                    None
                )
    return list(faults)


def _near(some: list[Row]) -> Iterator[tuple[Row, Row]]:
    """Every two of the changes of which the later published does not also take effect later."""
    latest = some[0]["since"]
    for at, then in enumerate(some):
        if then["since"] <= latest:
            yield from ((first, then) for first in some[:at] if first["since"] >= then["since"])
        latest = max(latest, then["since"])


def _clash(first: Row, then: Row) -> str:
    """Why ``then`` cannot follow ``first``, or nothing."""
    if then["since"] < first["since"]:
        return f"后公布的施行日期{then['since']:%Y-%m-%d}早于先公布的{first['since']:%Y-%m-%d},请改为其后的日期"
    if then["since"] > first["since"]:
        return ""
    if first["published"] != then["published"]:
        late = then["published"] > then["since"]
        return f"前者自{then['since']:%Y-%m-%d}已施行,后公布的不能自同日起追溯,请改为其后的日期" if late else ""
    one, two = given_values(first), given_values(then)
    whole = {first["change"], then["change"]} - {"edit", "move"}
    crossed = [schema()[c]["label"] for c in one if c in two and one[c] != two[c]]
    if whole or crossed:
        return f"同日公布、同日施行而{'、'.join(crossed) or '一改一删或重复新增'}不一致,请并为一项申请或分日施行"
    return ""
