"""Two lists side by side as a redline (修订对照表): a workbook and a page that mark what a person would mark."""

from __future__ import annotations

import functools
import hashlib
import os
import re
from pathlib import Path

import pandas as pd

from ..files import replaced
from . import book, page
from .entries import Told, checked, entries
from .marks import marked

__all__ = ["marked", "write"]
UNFIT = re.compile(r'[\\/:*?"<>|\x00-\x1f\x7f\ud800-\udfff]+')
NAME = "对照表"
LONGEST = 60  # characters of a file's name


def write(
    changes: pd.DataFrame,
    out: str | os.PathLike[str],
    *,
    title: str,
    old: str,
    new: str,
    unchanged: int | None = None,
) -> list[Path]:
    """The paths written into the folder ``out``: the redline as a workbook and as a page for the browser.

    changes : ``lifecycle.diff``: key columns, change (added | removed | moved | edited), columns, list_kind_old,
    list_kind, and c_old, c for each text column; the columns before ``change`` are the key. title : heading and name
    of both files, with 对照表 added where it does not say so (a title too long for a file's name is cut and ends
    in eight letters of its own, as does one of nothing but signs); with 示例数据 in it every page is marked. old, new : what
    the two sides are called, such as 2025年版 and 2026年版. unchanged : items without change, where known (项).
    Grouped by township, list and category (a removed item by its old ones); only changed fields are shown. Long texts
    run on in rows marked （续）. Same changes, same bytes; each file appears whole or not at all.
    Raises TableError for a frame without these columns, another kind of change, or more rows than a sheet holds.

    What it does not show: whether a change is lawful or right; items that did not change.

    >>> import tempfile
    >>> changes = pd.DataFrame({"item": ["P001"], "change": "edited", "columns": "name", "list_kind_old": "assisting",
    ...                         "list_kind": "assisting", "name_old": ["不少于45户"], "name": ["不少于60户"]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     [path.name for path in write(changes, folder, title="甲镇清单", old="2025年版", new="2026年版")]
    ['甲镇清单对照表.xlsx', '甲镇清单对照表.html']
    """
    checked(changes)
    name = _named(title)
    heading = title.strip() or NAME
    told = Told(heading if NAME in heading else heading + NAME, old, new, unchanged)
    found = entries(changes)
    made = {f"{name}.xlsx": book.made(changes, found, told), f"{name}.html": page.made(changes, found, told)}
    folder = Path(out)
    return [replaced(folder / file, functools.partial(Path.write_bytes, data=data)) for file, data in made.items()]


def _named(title: str) -> str:
    """What the files are called: ``title`` as far as a file may bear it, told apart from others that begin alike."""
    fit = UNFIT.sub("", title).strip(" .")
    bare = fit[:LONGEST] if re.search(r"\w", fit) else ""
    name = bare if NAME in bare else bare + NAME
    if bare == fit and (bare or not title.strip()):
        return name
    return f"{name}_{hashlib.sha256(title.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"
