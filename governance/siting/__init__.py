"""Which community rooms to turn into which service, so that most people who lack one gain it: proven, not guessed.

The chapters: ``rooms`` (rooms turned into services).
"""

from __future__ import annotations

from .rooms import FLAGS, PLAN, convert

__all__ = ["FLAGS", "PLAN", "convert"]
