"""Policy numbers, dated and sourced: the only place a default may come from."""

from __future__ import annotations

import datetime as dt
import functools
from importlib import resources
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from .errors import RuleError

FIELDS = ("value", "unit", "status", "source", "note")
STATUSES = {"verified": "已核实", "seed": "原文所述", "weak": "来源较弱", "editable default": "可调整默认值"}


@functools.lru_cache(maxsize=8)
def _load(path: str | None) -> dict[str, list[dict[str, Any]]]:
    text = (Path(path) if path else resources.files("governance") / "rules.yaml").read_text("utf-8")
    try:
        rules = yaml.safe_load(text) or {}
    except yaml.YAMLError as fault:
        raise RuleError(f"规则文件{path or ''}不是有效的 YAML:{fault}") from None
    for name, entries in rules.items():
        for given in entries if isinstance(entries, list) else [entries]:
            entry = given if isinstance(given, dict) else {}
            lacking = [f for f in ("since", *FIELDS) if f not in entry]
            if lacking:
                raise RuleError(f"规则 {name} 缺少 {'、'.join(lacking)}")
            if entry["status"] not in STATUSES or not isinstance(entry["since"], dt.date):
                raise RuleError(f"规则 {name} 的 status 应为 {'、'.join(STATUSES)},since 应为日期")
    return rules


def value(name: str, *, at: str | dt.date | None = None, path: str | None = None) -> Any:
    """The value of rule ``name`` in force on ``at`` (today's latest entry when None).

    path : another rules file to read instead of the package's own.
    Raises RuleError for an unknown name or a date before the rule's first entry.

    >>> value("circle.minutes")
    [5, 10, 15]
    >>> value("circle.minutes", at="2010-01-01")
    Traceback (most recent call last):
    governance.errors.RuleError: 规则 circle.minutes 在 2010-01-01 尚未施行,最早为 2020-01-01
    """
    rules = _load(path)
    if name not in rules:
        raise RuleError(f"没有名为 {name} 的规则;已有:{'、'.join(sorted(rules))}")
    entries = sorted(rules[name], key=lambda e: e["since"])
    if at is None:
        return entries[-1]["value"]
    day = pd.Timestamp(at).date()
    held = [e for e in entries if e["since"] <= day]
    if not held:
        raise RuleError(f"规则 {name} 在 {day} 尚未施行,最早为 {entries[0]['since']}")
    return held[-1]["value"]


def table(*, path: str | None = None) -> pd.DataFrame:
    """Every rule and its source, one row an entry: rule, since, value, unit, status, source, note.

    ``status`` is Chinese (已核实, 原文所述, 来源较弱, 可调整默认值); nothing marked 来源较弱
    may be cited as verified.

    >>> table().loc[lambda t: t.rule == "siting.budget", ["value", "status"]].values.tolist()
    [[3, '可调整默认值']]
    """
    rows = [
        {"rule": name, **{k: e[k] for k in ("since", *FIELDS)}, "status": STATUSES[e["status"]]}
        for name, entries in sorted(_load(path).items())
        for e in entries
    ]
    return pd.DataFrame(rows)
