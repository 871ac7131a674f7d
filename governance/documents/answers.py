"""What a user explains in a small YAML: columns that could not be understood, lists and townships not named."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from ..errors import DocumentError
from . import heads, wording

SECTIONS = ("列名", "清单", "乡镇", "施行日期")
SKIP = "不读"


@dataclass(frozen=True)
class Answers:
    """Explained headings (normal heading -> meaning), lists and townships (file or sheet -> value), date in force."""

    columns: Mapping[str, str] = field(default_factory=dict)
    kinds: Mapping[str, str] = field(default_factory=dict)
    townships: Mapping[str, str] = field(default_factory=dict)
    since: pd.Timestamp | None = None


def answers(given: str | Path | Mapping[str, Any] | None) -> Answers:
    """The explanations of a YAML file, or of a mapping of the same shape; none for None.

    列名: heading -> Chinese meaning (事项名称, 上级部门职责 …, 不读). 清单: file or sheet -> 基本履职事项 ….
    乡镇: file or sheet -> township. 施行日期: a date.
    Raises DocumentError naming every entry that is not understood, with the meanings there are.

    >>> answers({"列名": {"牵头科室": "不读"}, "施行日期": "2025-07-01"}).columns
    {'牵头科室': 'note'}
    """
    if given is None:
        return Answers()
    tree = given if isinstance(given, Mapping) else _loaded(Path(given))
    faults = [f"没有“{k}”这一部分,可用:{'、'.join(SECTIONS)}" for k in tree if k not in SECTIONS]
    meanings = {label: name for name, label in heads.labels().items()} | {SKIP: "note"}
    columns, kinds, townships = ({} if tree.get(k) is None else tree[k] for k in SECTIONS[:3])
    for name, part in zip(SECTIONS, (columns, kinds, townships), strict=False):
        if not isinstance(part, Mapping):
            raise DocumentError(f"列名说明的“{name}”下应逐行写“名称: 含义”")
    faults += [
        f"“{h}: {m}”的含义不认识,可用:{'、'.join(meanings)}" for h, m in columns.items() if str(m) not in meanings
    ]
    faults += [
        f"“{f}: {k}”应写基本履职事项、配合履职事项或上级部门收回事项"
        for f, k in kinds.items()
        if not wording.kind(str(k))
    ]
    faults += [
        f"“{f}: {t or ''}”应写乡镇(街道)的名称" for f, t in townships.items() if not wording.township(str(t or ""))
    ]
    since = pd.to_datetime(str(tree.get("施行日期") or ""), errors="coerce")
    if tree.get("施行日期") is not None and pd.isna(since):
        faults.append(f"施行日期“{tree['施行日期']}”不是日期,写成 2025-07-01")
    if faults:
        raise DocumentError("列名说明有误:" + ";".join(faults))
    return Answers(
        {heads.normal(str(h)): meanings[str(m)] for h, m in columns.items()},
        {str(f): wording.kind(str(k)) for f, k in kinds.items()},
        {str(f): str(t) for f, t in townships.items()},
        None if pd.isna(since) else since,
    )


def _named(town: object) -> bool:
    """Whether an answer names a township, or the county or all townships that a list is for."""
    text = str(town or "").strip()
    return bool(wording.township(text)) or text.endswith(("县", "市", "区", "乡镇", "(街道)", "\uff08街道\uff09"))


def _text(data: bytes) -> str:
    """The text in UTF-8, or as Notepad saves Chinese by default."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("gb18030")


def _loaded(path: Path) -> Mapping[str, Any]:
    try:
        tree = yaml.safe_load(_text(path.read_bytes()))
    except OSError:
        raise DocumentError(f"列名说明“{path.name}”打不开:没有这个文件或没有读取的权限") from None
    except UnicodeDecodeError:
        raise DocumentError(f"列名说明“{path.name}”的文字编码认不出,另存为 UTF-8 后再读") from None
    except yaml.YAMLError as fault:
        mark = getattr(fault, "problem_mark", None)
        raise DocumentError(f"列名说明“{path.name}”不是有效的 YAML{f'(第{mark.line + 1}行)' if mark else ''}") from None
    if not isinstance(tree or {}, Mapping):
        raise DocumentError(f"列名说明“{path.name}”应写成“列名:”“清单:”等几部分")
    return tree or {}
