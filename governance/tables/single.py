"""A table that stands alone, such as the log of changes: one file in, one typed frame out, and back."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from ..errors import TableError
from ..files import replaced
from .checks import Part, Problem, body, worded
from .fields import fields, frame, label, typed
from .forms import workbook
from .headers import OWN_SHEETS, layout_as, squeeze
from .sheets import Refused, Sheet, load


def single(path: str | Path, table: str) -> pd.DataFrame:
    """The rows of ``table`` in a csv or workbook, typed as its schema says, in the order of the file.

    Chinese or English headers in any order, title rows above them. Raises TableError for a file that is not there or not
    to be opened, for a column lacking and for every cell that is not what it should be; ``.problems`` lists all.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "a.csv"
    ...     _ = file.write_text("节点编号,X,Y\\n2,1.5,0\\n", "utf-8")
    ...     single(file, "nodes")[["node", "x"]].values.tolist()
    [['2', 1.5]]
    """
    if not Path(path).is_file():
        raise TableError(f"没有这个文件:{path}")
    parts: list[Part] = []
    found: list[Problem] = []
    frames = []
    for one in load(path):
        if isinstance(one, Refused):
            parts.append(Part(one.file, "", None, None))
            found.append(Problem(0, None, "", "", one.code, {"detail": one.detail}))
        elif isinstance(one, Sheet) and one.height and squeeze(one.sheet) not in OWN_SHEETS:
            shape = layout_as(one, table)
            parts.append(Part(one.file, one.sheet, one, shape))
            rows, problems = body(one, shape, len(parts) - 1)
            frames.append(rows)
            found += problems
    if found:
        problems_ = worded(found, parts)
        lines = "\n".join(
            f"{p['sheet']}{'' if pd.isna(p['row']) else ' 第' + str(p['row']) + '行'} {p['column']}:{p['fault']};{p['remedy']}"
            for p in problems_.to_dict("records")
        )
        raise TableError(f"{label(table)}“{Path(path).name}”有 {len(found)} 处问题:\n{lines}", problems_)
    names = [f.name for f in fields(table)]
    whole = pd.concat([f[names] for f in frames], ignore_index=True) if frames else frame(table)
    return pd.DataFrame({f.name: typed(whole[f.name], f.type) for f in fields(table)})


def store(rows: pd.DataFrame, table: str, path: str | Path) -> Path:
    """The workbook written: ``rows`` under Chinese headers with drop-downs; ``single`` reads it back the same.

    Raises TableError when ``path`` does not end in .xlsx.

    >>> store(frame("nodes"), "nodes", "a.csv")
    Traceback (most recent call last):
    governance.errors.TableError: 路网节点表只能写成 .xlsx 工作簿,不能写成 a.csv
    """
    out = Path(path)
    if out.suffix.lower() != ".xlsx":
        raise TableError(f"{label(table)}只能写成 .xlsx 工作簿,不能写成 {out.name}")
    return replaced(out, lambda part: workbook({table: frame(table, rows)}, part))
