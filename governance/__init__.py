"""Who carries which duty: county and township responsibility as tables and one graph.

The door. Rooms load when first used; importing the package runs nothing else.

>>> import governance as gov
>>> county = gov.examples.county()
>>> len(county.tasks)
3000
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import balance as balance
    from . import brief as brief
    from . import circle as circle
    from . import crosswalk as crosswalk
    from . import departments as departments
    from . import documents as documents
    from . import drafting as drafting
    from . import errors as errors
    from . import examples as examples
    from . import graph as graph
    from . import lifecycle as lifecycle
    from . import matching as matching
    from . import plot as plot
    from . import redline as redline
    from . import review as review
    from . import rules as rules
    from . import shifting as shifting
    from . import siting as siting
    from . import streets as streets
    from . import survey as survey
    from . import tables as tables
    from .tables import County as County
    from .tables import Streets as Streets
    from .tables import read as read
    from .tables import write as write

__version__ = "0.1.0"
ROOMS = ("balance", "brief", "circle", "crosswalk", "departments", "documents", "drafting", "errors", "examples",
         "graph", "lifecycle", "matching", "plot", "redline", "review", "rules", "shifting", "siting", "streets", "survey",
         "tables")  # fmt: skip
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
