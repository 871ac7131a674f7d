"""Files that appear whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path


def replaced(path: str | os.PathLike[str], make: Callable[[Path], object]) -> Path:
    """``path``, after ``make`` wrote a file beside it that then took its place.

    make : called with the path of an empty file of the same ending, in the same folder, which it fills.
    Folders are made; when ``make`` fails, what was at ``path`` is still there and nothing else is left behind.

    >>> with tempfile.TemporaryDirectory() as folder:
    ...     replaced(Path(folder, "甲", "乙.txt"), lambda part: part.write_text("丙", "utf-8")).read_text("utf-8")
    '丙'
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=".", suffix=target.suffix, dir=target.parent)
    os.close(handle)
    try:
        make(Path(name))
        os.chmod(name, 0o644)
        os.replace(name, target)
    finally:
        Path(name).unlink(missing_ok=True)
    return target
