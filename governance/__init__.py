"""Who carries which duty: county and township responsibility as tables and one graph.

The door. Rooms load when first used; importing the package runs nothing else.

>>> import governance as gov
>>> county = gov.examples.county()
>>> len(county.tasks) > 2900
True
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import (  # noqa: F401
        balance, brief, circle, errors, examples, graph, matching, plot, rules, shifting, siting, survey, tables,
    )
    from .tables import County, Streets, read, write  # noqa: F401

__version__ = "0.1.0"
ROOMS = ("balance", "brief", "circle", "errors", "examples", "graph", "matching", "plot", "rules",
         "shifting", "siting", "survey", "tables")
DOOR = ("County", "Streets", "read", "write")
__all__ = [*ROOMS, *DOOR]


def __getattr__(name: str) -> Any:
    if name in ROOMS:
        return importlib.import_module(f"{__name__}.{name}")
    if name in DOOR:
        return getattr(importlib.import_module(f"{__name__}.tables"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
