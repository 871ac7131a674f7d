"""Which ways one walks on, of what kind they are and what they are called, by their OpenStreetMap tags."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from .. import rules
from .account import NOT_WALKABLE

NAMES = ("name:zh", "name:zh-Hans", "name_zh", "name")
KINDS = ("road", "path", "bridge", "steps", "ferry")
PATHS = frozenset({"footway", "path", "track", "bridleway", "cycleway", "corridor"})
_FALSE = frozenset({"", "no", "f", "false", "0", "none", "nan", "n"})

Rule = Mapping[str, frozenset[str]]


def rule(ways: str) -> Rule:
    """Tag -> values that leave a way out: rule ``streets.walk``, nothing for "all".

    >>> sorted(rule("walk")["access"]), dict(rule("all"))
    (['private'], {})
    """
    if ways == "all":
        return {}
    return {key: frozenset(map(str, values)) for key, values in rules.value("streets.walk").items()}


def listed(text: str) -> Sequence[str]:
    """The values of a tag; OSMnx writes those of streets it joined as "['steps', 'footway']", OSM with semicolons.

    >>> listed("['steps', 'footway']"), listed("left;right"), listed("path")
    (('steps', 'footway'), ('left', 'right'), ('path',))
    """
    if text[:1] in "[{(" and text[-1:] in "]})":
        try:
            return tuple(str(v).strip() for v in ast.literal_eval(text))
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            return (text,)
    return tuple(v.strip() for v in text.split(";")) if ";" in text else (text,)


def left_out(tags: Mapping[str, str], rule: Rule) -> str:
    """Why a way is left out, as tag=value; "" where one may walk on it.

    A way joined of several is left out as soon as one of its parts is: on foot it is closed there.

    >>> left_out({"highway": "primary", "foot": "no"}, {"foot": frozenset({"no"})})
    'foot=no'
    """
    for key, values in rule.items():
        text = tags.get(key)
        if text is None:
            continue
        if text in values:
            return f"{key}={text}"
        if text[-1:] in "]})" or ";" in text:
            for one in listed(text):
                if one in values:
                    return f"{key}={one}"
    return ""


def why(tags: Mapping[str, str], rule: Rule) -> str:
    """The reason for ``account.tally``, "" where one may walk.

    >>> why({"highway": "proposed"}, {"highway": frozenset({"proposed"})})
    '不可步行|highway=proposed'
    """
    found = left_out(tags, rule)
    return f"{NOT_WALKABLE}|{found}" if found else ""


def kind(tags: Mapping[str, str]) -> str:
    """road, path, bridge, steps or ferry; of a joined way steps count before bridges, and paths only where all are.

    >>> kind({"highway": "footway"}), kind({"highway": "footway", "bridge": "yes"}), kind({"route": "ferry"})
    ('path', 'bridge', 'ferry')
    """
    given = tags.get("kind", "")
    if given in KINDS:
        return given
    way = tags.get("highway", "")
    parts = listed(way)
    if "steps" in parts:
        return "steps"
    if tags.get("route") == "ferry" or way == "ferry":
        return "ferry"
    bridge = tags.get("bridge")
    if bridge is not None and any(v.lower() not in _FALSE for v in listed(bridge)):
        return "bridge"
    return "path" if PATHS.issuperset(parts) else "road"


def barred(kind: Any, slope: Any = None) -> np.ndarray:
    """Which streets a wheelchair cannot use: steps, ferries, slopes above 1 in rule ``streets.ramp`` (NaN: none known).

    >>> barred(["road", "steps", "path"], [0.02, np.nan, 0.12]).tolist()
    [False, True, True]
    """
    gone = pd.Series(kind, dtype="str").isin(["steps", "ferry"]).to_numpy()
    return gone if slope is None else gone | (np.abs(np.asarray(slope, float)) * rules.value("streets.ramp") > 1 + 1e-9)


def name(tags: Mapping[str, str]) -> str | None:
    """What a way is called, Chinese first; the names of a joined way with 、 between them.

    >>> name({"name": "Renmin Lu", "name:zh": "人民路"}), name({"name": "['甲路', '乙路']"}), name({})
    ('人民路', '乙路、甲路', None)
    """
    for key in NAMES:
        text = tags.get(key)
        if text and (text := text.strip()) and text.lower() not in ("nan", "none"):
            if text[:1] != "[":
                return text
            return "、".join(sorted({v for v in listed(text) if v})) or None
    return None
