"""Duty lists as governments publish them (docx, xlsx, xls, html, pdf with text) into checked items.

The door. ``opening`` turns a file into paragraphs and tables, ``sections`` finds the lists in them, ``rows`` tells
what each row is, ``items`` cleans, ``counts`` holds what was read against what the document declares.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from ..errors import DocumentError
from ..tables import frame
from . import answers as explained
from . import gather, sheets
from .sheets import shown as shown

__all__ = ["Reading", "check", "read", "shown", "write"]
Meanings = str | Path | Mapping[str, Any] | None
Progress = Callable[[int, int, str], object]


@dataclass(frozen=True, eq=False)
class Reading:
    """What was read from published lists, and what was not.

    items : the ``items`` table of the package, one row per printed item; ``item`` is made of list and wording, so
        that the same words have the same id in every township. ``list_kind`` is missing where a document of another
        kind (属地管理责任清单, 权责清单, 职责任务清单) does not sort its items into the three lists.
    originals : beside each item its text as printed: item, township, list_kind, file, page, sheet, table, row,
        last_row, number, category, name, department, department_duty, township_duty, support, method, basis.
    duties : one row per duty: item, township, list_kind, side (department, township), unit, order, duty.
    rows : what became of every row of every table: file, page, sheet, table, row, role (item, more, category, header,
        title, total, note, outside, blank, rejected, unnamed), item, text. read = kept + rejected.
    counts : declared and parsed numbers (``documents.counts``), problems : file, place, row, column, found, fault,
        remedy, level (refused: not read; ask: needs an answer; look: read, to be looked at), code.
    files : one row a file: file, kind, layout, townships, tables, read, kept, rejected, items, refused, note.
    """

    items: pd.DataFrame
    originals: pd.DataFrame
    duties: pd.DataFrame
    rows: pd.DataFrame
    counts: pd.DataFrame
    problems: pd.DataFrame
    files: pd.DataFrame


def check(
    path: str | Path,
    *,
    meanings: Meanings = None,
    since: Any = None,
    progress: Progress | None = None,
    endings: Sequence[str] = (),
) -> Reading:
    """Everything that can be read from a file or folder of published lists, with all that could not be.

    path : a docx, xlsx, xls, html or pdf file, or a folder searched through. meanings : a YAML file (or mapping)
    that explains headings, lists and townships (``documents.answers``). since : date in force of items whose
    document names none. progress : called with (files done, files in all, name). endings : in a folder read only files
    that end so (".docx", ".pdf"); all kinds when empty.

    Nothing is guessed: a scanned PDF, a table that cannot be named, a heading that is unclear are told in
    ``problems``. No fault of a file raises; DocumentError is raised for a path that is not there and for faults in
    ``meanings``.
    What it does not show: whether what is printed is right; a text cut off in the file itself.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "甲镇基本履职事项清单.html"
    ...     _ = file.write_text("<table><tr><th>序号<th>事项名称<tr><td>1<td>抓好党的建设</table>", "utf-8")
    ...     check(file, since="2025-07-01").items[["township", "list_kind", "name"]].values.tolist()
    [['甲镇', 'basic', '抓好党的建设']]
    """
    root = Path(path)
    if not root.exists():
        raise DocumentError(f"没有这个文件或文件夹:{path}")
    answers = explained.answers(meanings)
    day = None if since is None else pd.Timestamp(since)
    got = gather.gather(root, answers, day if day is not None else answers.since, progress, endings)
    return Reading(items=frame("items", got.pop("items")), **got)


def read(
    path: str | Path, *, meanings: Meanings = None, since: Any = None, progress: Progress | None = None
) -> Reading:
    """What ``check`` returns, when every file was read and every row understood.

    Parameters as in ``check``. Raises DocumentError naming every file refused, every table, heading, list and
    township that needs an answer, and every row rejected, with what would do. Declared counts that
    disagree do not raise: look at ``counts`` and ``problems``.

    >>> read("没有的文件夹")
    Traceback (most recent call last):
    governance.errors.DocumentError: 没有这个文件或文件夹:没有的文件夹
    """
    found = check(path, meanings=meanings, since=since, progress=progress)
    grave = found.problems[found.problems["level"] != "look"]
    if len(grave):
        lines = [
            f"{p['file']}{' ' * bool(p['place'])}{p['place']}{'' if pd.isna(p['row']) else ' 第' + str(p['row']) + '行'}:"
            f"{';'.join(filter(None, (p['fault'], p['remedy'])))}"
            for p in grave.to_dict("records")
        ]
        raise DocumentError("\n".join(lines))
    return found


def write(reading: Reading, out: str | Path) -> Path:
    """The workbook written: a sheet 履职事项清单 that ``governance.read`` takes, and sheets that account for it.

    Beside the items: 读取情况 (files), 数量核对 (counts), 问题清单, 原文对照, 逐条职责, 逐行去向. Same bytes every time.
    Raises DocumentError when ``out`` does not end in .xlsx.

    >>> write(check("没有"), "a.xlsx")
    Traceback (most recent call last):
    governance.errors.DocumentError: 没有这个文件或文件夹:没有
    """
    return sheets.write(vars(reading), Path(out))
