"""What the cells of published duty lists say: pure functions on strings, gathered from their chapters."""

from __future__ import annotations

from .duties import Duty, departments, duties, written
from .letters import clean, name, number
from .places import day, township
from .promises import support, taking_over
from .titles import Category, Declared, category, kind, total

__all__ = [
    "Category",
    "Declared",
    "Duty",
    "category",
    "clean",
    "day",
    "departments",
    "duties",
    "kind",
    "name",
    "number",
    "support",
    "taking_over",
    "total",
    "township",
    "written",
]
