"""Who may take an application from which state to which: read from the rules, and checked before it is used."""

from __future__ import annotations

import csv
import datetime as dt
import functools
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

from .. import rules
from ..errors import RuleError

RULE = "lifecycle.moves"
START, APPLICANT = "start", "applicant"
KEYS = {"from", "to", "by", "needs", "after", "agree", "hear", "strict", "side"}
Node = tuple[str, frozenset[str]]


@dataclass(frozen=True)
class Move:
    """One step somebody may take: from any state of ``start`` to ``to``, by one of the roles ``by``.

    needs : columns to be filled. after : states this round must have passed. agree : states whose latest opinion must
    not be disagree. hear : every township concerned must have spoken. strict, strict_after, strict_needs : what is asked
    besides once a township gave one of the opinions ``strict``. side : not on the way to publication.
    """

    start: tuple[str, ...]
    to: str
    by: tuple[str, ...]
    needs: tuple[str, ...]
    after: tuple[str, ...]
    agree: tuple[str, ...]
    hear: bool
    strict: tuple[str, ...]
    strict_after: tuple[str, ...]
    strict_needs: tuple[str, ...]
    side: bool


@dataclass(frozen=True)
class Track:
    """One way of changing the lists: its moves, and the states in which an application is finished."""

    moves: tuple[Move, ...]
    ends: tuple[str, ...]

    @property
    def states(self) -> set[str]:
        """Every state that the track speaks of."""
        named = {s for m in self.moves for s in (*m.start, m.to, *m.after, *m.agree, *m.strict_after)}
        return (named | set(self.ends)) - {START}


@functools.cache
def schema() -> dict[str, dict[str, str]]:
    """The columns of the log in order, each with label, type and allowed as ``schemas/log.csv`` gives them."""
    text = (resources.files("governance") / "schemas" / "log.csv").read_text("utf-8-sig")
    return {line["name"]: line for line in csv.DictReader(text.splitlines())}


@functools.cache
def words(column: str) -> dict[str, str]:
    """Every value a choice or set column may have -> its Chinese, the first of the words that mean it."""
    found: dict[str, str] = {}
    for pair in schema()[column]["allowed"].split("|"):
        chinese, _, english = pair.partition("=")
        found.setdefault(english, chinese)
    return found


def said(column: str, value: object) -> str:
    """The Chinese of ``value``; a value not known is said as it stands, a missing one not at all."""
    if not isinstance(value, str):
        return ""
    known = words(column)
    return "、".join(known.get(token, token) for token in value.split("|"))


def named(states: Iterable[str]) -> str:
    """States in Chinese, each in quotation marks."""
    return "、".join(f"“{said('state', s) if s != START else '尚未申请'}”" for s in states)


def tracks(day: dt.date | None = None, path: str | None = None) -> dict[str, Track]:
    """The tracks of rule ``lifecycle.moves`` in force on ``day``, by name.

    Raises RuleError listing everything unsound: words not known, states that cannot be reached, states without a way out.
    """
    value = rules.value(RULE, at=day, path=path)
    return _sound(json.dumps(value, ensure_ascii=False, default=str))


@functools.lru_cache(maxsize=32)
def _sound(text: str) -> dict[str, Track]:
    value = json.loads(text)
    if not isinstance(value, dict) or not value:
        raise RuleError(f"规则 {RULE} 应按通道(admission、adjustment)写明 moves 和 ends")
    faults: list[str] = []
    found = {}
    for name, given in value.items():
        label = said("track", name)
        if name not in words("track"):
            faults.append(f"没有名为 {name} 的通道;应为 {'、'.join(words('track'))}")
        elif not isinstance(given, dict) or not isinstance(given.get("moves"), list) or "ends" not in given:
            faults.append(f"{label}应写明 moves(一串步骤)和 ends(办结的环节)")
        else:
            bad = [f"{label}第{n}步:{f}" for n, m in enumerate(given["moves"], 1) for f in _misspelt(m)]
            found[name] = Track((), ()) if bad else Track(tuple(map(_move, given["moves"])), _several(given["ends"]))
            faults += bad or [f"{label}:{fault}" for fault in _unsound(found[name])]
    if faults:
        raise RuleError(f"规则 {RULE} 有 {len(faults)} 处不妥:" + ";".join(faults))
    return found


def _several(given: Any) -> tuple[str, ...]:
    return () if given is None else (given,) if isinstance(given, str) else tuple(map(str, given))


def _misspelt(given: Any) -> list[str]:
    """What is wrong with the words of one move."""
    if not isinstance(given, Mapping) or not {"from", "to", "by"} <= given.keys():
        return ["应写明 from、to、by"]
    strict = given.get("strict") or {}
    if not isinstance(strict, Mapping):
        return ["strict 应写明 opinions、after、needs"]
    states = {*_several(given["from"])} - {START} | {str(given["to"]), *_several(strict.get("after"))}
    used = {
        "state": states | {s for k in ("after", "agree") for s in _several(given.get(k))},
        "role": {*_several(given["by"])} - {APPLICANT},
        "opinion": {*_several(strict.get("opinions"))},
    }
    labels = {"state": "环节", "role": "身份", "opinion": "意见"}
    faults = [
        f"不认识的{labels[column]} {w};应为 {'、'.join(words(column))}"
        for column, given_words in used.items()
        for w in sorted(given_words - words(column).keys())
    ]
    columns = {*_several(given.get("needs")), *_several(strict.get("needs"))} - schema().keys()
    strange = {*given} - KEYS | {*strict} - {"opinions", "after", "needs"}
    return faults + [f"没有名为 {c} 的列" for c in sorted(columns)] + [f"不认识的写法 {k}" for k in sorted(strange)]


def _move(given: Mapping[str, Any]) -> Move:
    strict = given.get("strict") or {}
    return Move(
        _several(given["from"]),
        str(given["to"]),
        _several(given["by"]),
        _several(given.get("needs")),
        _several(given.get("after")),
        _several(given.get("agree")),
        bool(given.get("hear", False)),
        _several(strict.get("opinions")),
        _several(strict.get("after")),
        _several(strict.get("needs")),
        bool(given.get("side", False)),
    )


def _unsound(track: Track) -> list[str]:
    """States no application can reach, and states it can reach but never leave for an end.

    Walks over (state, states passed since the last application), so that a condition which can never be met is found too.
    The strictest case is walked: conditions asked only in the strict case count.
    """
    unknown = [e for e in track.ends if e not in words("state")]
    if unknown or not track.ends:
        return [f"ends 里有不认识的环节 {'、'.join(unknown) or '(无)'}"]
    reached = _walk(track)
    states = {state for state, _ in reached}
    faults = [f"环节{named([s])}无法到达" for s in words("state") if s in track.states - states]
    if "published" not in states and "published" not in track.states:
        faults.append("没有通向“公布”的步骤,清单永远不会改变")
    ways: dict[Node, set[Node]] = {node: set() for node in reached}
    for node, nexts in reached.items():
        for after in nexts:
            ways[after].add(node)
    out = {node for node in reached if node[0] in track.ends}
    waiting = list(out)
    while waiting:
        new = ways[waiting.pop()] - out
        out |= new
        waiting += new
    stuck = {state for state, _ in reached.keys() - out}
    return faults + [f"环节{named([s])}没有出路,到不了办结" for s in words("state") if s in stuck]


def _walk(track: Track) -> dict[Node, set[Node]]:
    """Every (state, states passed) an application can be in, and what follows it."""
    asked = {s for m in track.moves for s in (*m.after, *m.strict_after)}
    reached: dict[Node, set[Node]] = {}
    waiting: list[Node] = [(START, frozenset())]
    while waiting:
        node = waiting.pop()
        if node not in reached:
            state, passed = node
            reached[node] = {
                (m.to, frozenset({m.to} & asked) if m.to == "applied" else passed | ({m.to} & asked))
                for m in track.moves
                if state in m.start and {*m.after, *m.strict_after} <= passed
            }
            waiting += reached[node]
    del reached[(START, frozenset())]
    return reached
