"""Which community rooms to turn into which service, so that most people who lack one gain it: proven, not guessed.

The chapters: ``rooms`` (rooms turned into services), ``plots`` (what to build on idle land), ``limits`` (what a plan
must keep to), ``explain`` (the next-best plans, what each limit costs), ``locate`` (the models of location research);
behind them ``covering`` (who would be reached by what), ``crowding`` (places counted), ``choosing`` (the best plan, and
why there is none), ``pairs``, ``flow`` and ``span`` (what ``locate`` rests on), and the engine: ``model``, ``relax``,
``search``, ``settle`` and ``solve``.
"""

from __future__ import annotations

from .explain import ALTERNATIVES, PRICES, alternatives, prices
from .limits import FLAGS, Limits
from .locate import CAPACITATED, COVER, FEWEST, MEDIAN, capacitated, cover, cover_all, median
from .plots import BUILT, build
from .rooms import PLAN, convert

__all__ = [
    "ALTERNATIVES",
    "BUILT",
    "CAPACITATED",
    "COVER",
    "FEWEST",
    "FLAGS",
    "MEDIAN",
    "PLAN",
    "PRICES",
    "Limits",
    "alternatives",
    "build",
    "capacitated",
    "convert",
    "cover",
    "cover_all",
    "median",
    "prices",
]
