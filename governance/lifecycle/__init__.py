"""A list's whole life: who asked for which change, where it stands, and what was in force on any day."""

from __future__ import annotations

from .compare import diff
from .dated import at, replay
from .deadlines import overdue
from .entering import append
from .evaluation import evaluate
from .log import empty, read, write
from .story import history, standing

__all__ = ["append", "at", "diff", "empty", "evaluate", "history", "overdue", "read", "replay", "standing", "write"]
