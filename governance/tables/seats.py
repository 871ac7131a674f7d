"""Where rows say they lie: a street node, or a longitude and a latitude that can be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from .checks import Problem

SEATED = ("communities", "rooms", "plots", "sites")
_MAY_LACK = ("communities",)  # without streets nobody asks where people live


def seated(tables: Mapping[str, pd.DataFrame]) -> list[Problem]:
    """The rows of SEATED tables that lie nowhere or where nothing can lie: no place, half a one, swapped, out of range.

    >>> rows = pd.DataFrame({"node": [None], "lon": [29.5], "lat": [120.9], "_part": 0, "_row": 2})
    >>> seated({"sites": rows})[0].code
    'seat_swapped'
    """
    return [
        Problem(int(row["_part"]), int(row["_row"]), column, None, code, {"lon": row["lon"], "lat": row["lat"]})
        for table in SEATED
        for row in tables.get(table, pd.DataFrame()).to_dict("records")
        if row.get("_ok", True)  # one fault does not bring on others
        for column, code in [_fault(table, row)]
        if code
    ]


def _fault(table: str, row: Mapping[Any, Any]) -> tuple[str, str]:
    """The column and code of what is wrong with where one row lies; no code where nothing is."""
    lon, lat = (float(str(row[c])) for c in ("lon", "lat"))
    if lon != lon and lat != lat:
        return ("lon" if "lon" in row else "node"), "seat_missing" if _nowhere(table, row) else ""
    if lon != lon or lat != lat:
        return ("lon", "seat_half") if lon != lon else ("lat", "seat_half")
    if abs(lon) <= 180 and abs(lat) <= 90:
        return "", ""
    return ("lon", "seat_swapped") if abs(lon) <= 90 and abs(lat) <= 180 else ("lon", "seat_range")


def _nowhere(table: str, row: Mapping[Any, Any]) -> bool:
    return table not in _MAY_LACK and bool(pd.isna(row["node"]))
