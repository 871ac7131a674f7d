"""Lists side by side across townships: one duty in different words, what is common, unique, or on different lists."""

from __future__ import annotations

from .pairs import comparable, paired
from .same import alike
from .views import common, matrix, roles, similarity, unique

__all__ = ["alike", "common", "comparable", "matrix", "paired", "roles", "similarity", "unique"]
