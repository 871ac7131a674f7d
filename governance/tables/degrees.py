"""Longitudes and latitudes as offices write them: with degree signs and minutes, two in one cell, under X and Y."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

import numpy as np
import pandas as pd

from .sheets import Sheet

_WORD = r"(?:东经|西经|北纬|南纬|经度|纬度|[EWNS])?:?"
_PART = rf"{_WORD}([+-]?\d{{1,3}}(?:\.\d+)?)(?:[°度o](?:(\d{{1,2}}(?:\.\d+)?)[′'’分](?:(\d{{1,2}}(?:\.\d+)?)(?:[″\"”秒]|[′'’]{{2}})?)?)?)?[EWNS]?"
_DEGREES = re.compile(_PART)


def decimal(text: str) -> float | None:
    """The decimal degrees of one cell that says unmistakably how many, None for any other.

    >>> decimal("东经120°53′30″"), decimal("29.5°"), decimal("120度90分"), decimal("约120")
    (120.89166666666668, 29.5, None, None)
    """
    clean = re.sub(r"\s", "", unicodedata.normalize("NFKC", text))
    found = _DEGREES.fullmatch(clean)
    if not found:
        return None
    degrees, minutes, seconds = (float(p or 0) for p in found.groups())
    if minutes >= 60 or seconds >= 60:
        return None
    size = abs(degrees) + minutes / 60 + seconds / 3600
    return -size if found[1].startswith("-") or re.search("[西南WS]", clean) else size


def pair(text: str, *, turned: bool = False) -> tuple[float, float] | None:
    """Longitude and latitude written in one cell, None where it does not hold just these two, each with its decimals.

    turned : the latitude comes first; within China the numbers themselves say which is which.

    >>> pair("120.9,29.5"), pair("29.5 120.9"), pair("(120.9,29.5)"), pair("120,900")
    ((120.9, 29.5), (120.9, 29.5), (120.9, 29.5), None)
    """
    bare = text.strip().strip("()（）[]【】")
    for mark in (r"[,，、;；/|]", r"\s+"):
        parts = [p for p in re.split(mark, bare) if p.strip()]
        values = [decimal(p) for p in parts if re.search(r"[.°度]", p)]
        if len(parts) == len(values) == 2 and None not in values:
            one, two = (float(v or 0) for v in values)
            if _chinese(two, one) or (turned and not _chinese(one, two)):
                one, two = two, one
            return (one, two) if abs(one) <= 180 and abs(two) <= 90 else None
    return None


def _chinese(lon: float, lat: float) -> bool:
    """Whether these are a longitude and a latitude within China."""
    return 73 <= lon <= 136 and 3 <= lat <= 54


_PLANE = tuple((f"{a}坐标", a, f"坐标{a}", f"point_{a}", f"{word}坐标") for a, word in (("x", "横"), ("y", "纵")))


def plane(heads: Sequence[str], sheet: Sheet, body: np.ndarray) -> tuple[dict[str, int], list[str]]:
    """Where lon and lat are under the names X and Y, and what to note: by their numbers within China, else they are none.

    >>> from pathlib import Path
    >>> from governance.tables.sheets import Column
    >>> grid = [["x坐标", "29.52"], ["y坐标", "120.9"]]
    >>> one = Sheet(Path("a.csv"), "a.csv", "", 2, tuple(Column(np.arange(2), c) for c in grid))
    >>> plane(["x坐标", "y坐标"], one, np.array([1]))[0]
    {'lon': 1, 'lat': 0}
    """
    found = [next((heads.index(w) for w in words if w in heads), None) for words in _PLANE]
    if found[0] is None or found[1] is None:
        return {}, []
    x, y = found[0], found[1]
    numbers = [
        pd.to_numeric(pd.Series(sheet.columns[at].texts, dtype=object), errors="coerce").to_numpy(float)[
            sheet.columns[at].codes[body]
        ]
        for at in (x, y)
    ]
    known = np.isfinite(numbers).all(0)
    whole = not known.any() or bool((np.mod(numbers, 1)[:, known] == 0).all())
    named = f"“{heads[x]}”“{heads[y]}”"
    for lon, lat in () if whole else ((0, 1), (1, 0)):
        if all(_chinese(*at) for at in zip(numbers[lon][known].tolist(), numbers[lat][known].tolist(), strict=True)):
            return {"lon": (x, y)[lon], "lat": (x, y)[lat]}, [f"{named}是度数,按经度、纬度读"]
    return {}, [f"{named}不是经纬度(度),没有用:换算成“经度”“纬度”两列(如在 QGIS 里),或填写路网节点"]
