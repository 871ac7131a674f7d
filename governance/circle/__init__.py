"""The fifteen-minute circle: who walks how far to which service, who is left out, where service is doubled.

The chapters: ``search`` (how far from which place), ``people`` (who is asked about), ``cover`` (who is covered and who
is left out), ``doubles`` (where service is doubled).
"""

from __future__ import annotations

from .cover import COVERAGE, coverage, gaps, unplaced
from .doubles import overlap
from .people import COMPOUND, IDLE
from .search import NEAREST, PLACES, REACH, nearest, places, reach

__all__ = [
    "COMPOUND",
    "COVERAGE",
    "IDLE",
    "NEAREST",
    "PLACES",
    "REACH",
    "coverage",
    "gaps",
    "nearest",
    "overlap",
    "places",
    "reach",
    "unplaced",
]
