"""The errors an analyst can meet, each saying what is wrong and what would do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


class GovernanceError(Exception):
    """Base of every error the package raises on purpose; its text is Chinese and final.

    >>> raise GovernanceError("没有可读的文件")
    Traceback (most recent call last):
    governance.errors.GovernanceError: 没有可读的文件
    """


class TableError(GovernanceError):
    """Tables with faults: ``.problems`` lists every one, ``.counts`` accounts for every row.

    ``problems`` has the columns file, sheet, row (as Excel numbers it), column (Chinese),
    found, fault, remedy; ``counts`` has file, sheet, table, read, kept, rejected.
    Either is None where an analysis, not the reader, found the frame unfit.
    """

    def __init__(self, message: str, problems: pd.DataFrame | None = None, counts: pd.DataFrame | None = None) -> None:
        super().__init__(message)
        self.problems = problems
        self.counts = counts


class DocumentError(GovernanceError):
    """A published document that cannot be read without guessing."""


class RuleError(GovernanceError):
    """A policy number that is unknown, undated or of the wrong kind in ``rules.yaml``."""


class LifecycleError(GovernanceError):
    """A step in a list's life taken out of order."""


class InfeasibleError(GovernanceError):
    """No plan satisfies the limits given; the text says which limit stands in the way."""


class MissingExtraError(GovernanceError, ImportError):
    """A part that only some users need is not installed; the text names the extra.

    >>> raise MissingExtraError("写出 PDF", "pdf")
    Traceback (most recent call last):
    governance.errors.MissingExtraError: 写出 PDF需要另装组件:pip install 'governance[pdf]'
    """

    def __init__(self, purpose: str, extra: str) -> None:
        super().__init__(f"{purpose}需要另装组件:pip install 'governance[{extra}]'")


def require(frame: pd.DataFrame, columns: Sequence[str], what: str, *, rows: bool = False) -> None:
    """Return nothing; raise TableError naming every column that ``frame`` lacks.

    what : the frame's Chinese name, for the message.
    rows : also refuse a frame without a single row.

    >>> import pandas as pd
    >>> require(pd.DataFrame({"task": []}), ["task", "date", "hours"], "任务台账")
    Traceback (most recent call last):
    governance.errors.TableError: 任务台账缺少列:date、hours;现有列:task
    """
    missing = [c for c in columns if c not in frame.columns]
    if missing:
        have = "、".join(map(str, frame.columns)) or "(无)"
        raise TableError(f"{what}缺少列:{'、'.join(missing)};现有列:{have}")
    if rows and frame.empty:
        raise TableError(f"{what}没有任何行,无法分析")
