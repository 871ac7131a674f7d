"""Which community rooms to turn into which service, so that most people who lack one gain it: proven, not guessed.

The chapters: ``rooms`` (rooms turned into services), ``plots`` (what to build on idle land), ``limits`` (what a plan
must keep to), ``explain`` (the next-best plans, what each limit costs); behind them ``covering`` (who would be reached
by what), ``crowding`` (places counted), ``choosing`` (the best plan, and why there is none), ``model`` and ``solve``
(the engine).
"""

from __future__ import annotations

from .explain import ALTERNATIVES, PRICES, alternatives, prices
from .limits import FLAGS, Limits
from .plots import BUILT, build
from .rooms import PLAN, convert

__all__ = ["ALTERNATIVES", "BUILT", "FLAGS", "PLAN", "PRICES", "Limits", "alternatives", "build", "convert", "prices"]
