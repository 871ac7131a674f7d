"""A sheet out to a person and back: rows are matched by their key, never by where they stand.

The chapters: ``forms`` (out), ``answers`` (back), ``words`` (heads and cells in Chinese).
"""

from __future__ import annotations

from .answers import Back, back
from .forms import out

__all__ = ["Back", "back", "out"]
