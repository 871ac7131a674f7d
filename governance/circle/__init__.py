"""The fifteen-minute circle: who walks how far to which service, who is left out, where service is doubled.

The chapters: ``search`` (how far from which place), ``people`` (who is asked about), ``cover`` (who is covered and who
is left out), ``complete`` (how many of the required services each home has), ``doubles`` (where service is doubled),
``islands`` (closed doors, twin rooms), ``areas`` (isochrones, gap areas), ``supply`` (places against people), ``standards``
and ``fairness``; behind the search ``network`` (streets as numbers), ``labels`` (scipy), ``kernel`` (numba) and
``engine`` (which of the two).
"""

from __future__ import annotations

from .areas import clusters, isochrones
from .complete import completed, completeness
from .cover import COVERAGE, coverage, gaps, left_out, nothing, unplaced
from .doubles import doubles, overlap
from .fairness import CRITICALITY, FAIRNESS, criticality, fairness
from .islands import admitted, islands, twins
from .people import COMPOUND, IDLE
from .search import NEAREST, PLACES, REACH, STEPS, nearest, places, reach, steps
from .standards import STANDARDS, standards
from .supply import CATCHMENT, CROWDING, SERVED, catchment, crowding, served

__all__ = [
    "CATCHMENT",
    "COMPOUND",
    "COVERAGE",
    "CRITICALITY",
    "CROWDING",
    "FAIRNESS",
    "IDLE",
    "NEAREST",
    "PLACES",
    "REACH",
    "SERVED",
    "STANDARDS",
    "STEPS",
    "admitted",
    "catchment",
    "clusters",
    "completed",
    "completeness",
    "coverage",
    "criticality",
    "crowding",
    "doubles",
    "fairness",
    "gaps",
    "islands",
    "isochrones",
    "left_out",
    "nearest",
    "nothing",
    "overlap",
    "places",
    "reach",
    "served",
    "standards",
    "steps",
    "twins",
    "unplaced",
]
