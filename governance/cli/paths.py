"""Where a command reads and may write; wrong use leaves with words that ``main`` puts on the screen."""

from __future__ import annotations

import difflib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from ..words import proper


def stop(text: str) -> NoReturn:
    """Leave for wrong use, saying why."""
    raise SystemExit(proper(text))


def there(text: str) -> Path:
    """The file or folder that the user names; leaves, naming what is near, where there is none.

    >>> there("no such folder")
    Traceback (most recent call last):
    SystemExit: 找不到“no such folder”
    """
    path = Path(text)
    if not path.exists():
        near = difflib.get_close_matches(
            path.name, [p.name for p in path.parent.glob("*")] if path.parent.is_dir() else []
        )
        hint = f";相近的有:{'、'.join(near)}" if near else ""
        stop(f"找不到“{text}”{hint}")
    return path


def room_for(out: Path) -> Path:
    """``out`` if a folder is there or can be made there, else leave."""
    for above in (out, *out.parents):
        if above.exists():
            if not above.is_dir():
                stop(f"“{above}”是文件,不能当文件夹用")
            if not os.access(above, os.W_OK):
                stop(f"没有权限写入“{above}”")
            return out
    return out


def apart(out: Path, sources: Sequence[Path]) -> None:
    """Leave if what is written would stand among the originals, to be read as one of them next time."""
    for source in sources:
        if out.resolve().is_relative_to(source.resolve()):
            stop(f"“{out}”在所读的“{source}”里;为免与原件混在一起,请用 -o 写到别处")
