"""The words behind a verdict: one Chinese sentence with the item, the fact and the rule that it meets."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ..errors import require
from ..tables import label

ASPECTS = (
    "verdict",
    "item",
    "name",
    "missing",
    "absent",
    "lead",
    "scored",
    "unrecorded",
    "no_role",
    "mute",
    "live",
    "back",
)


def reasons(aspects: pd.DataFrame) -> pd.Series:
    """One sentence a row, in the rows' order; rows alike in every aspect share one, so each is worded once.

    aspects : verdict; item, name (of the matched item, NaN for none); missing (promised kinds of support that
    did not come, ``a|b``); and as bool: absent (no item resembles it), lead, scored (what the township was
    asked), unrecorded (support), no_role, mute (assisting, neither role nor
    scoring recorded), live (a list was in force), back (measured retrospectively).
    Raises TableError naming the columns missing.

    >>> row = dict.fromkeys(ASPECTS, False) | {"verdict": "reclaimed", "item": "S1", "name": "资质审查", "missing": ""}
    >>> reasons(pd.DataFrame([row])).item()
    '“资质审查”(S1)已列入上级部门收回事项,仍下派乡镇(街道)'
    """
    require(aspects, ASPECTS, "判定要素")
    key = np.zeros(len(aspects), np.int64)
    for column in ASPECTS:
        yes_no = aspects[column].dtype == bool
        codes, values = (aspects[column].to_numpy(), (0, 1)) if yes_no else pd.factorize(aspects[column])
        key = key * (len(values) + 1) + codes + 1
    which, keys = pd.factorize(key)
    first = np.full(len(keys), -1)
    first[which[::-1]] = np.arange(len(key))[::-1]
    worded = [_sentence(row) for row in aspects.iloc[first].itertuples(index=False)]
    return pd.Series(np.array([*worded, ""], object)[which], aspects.index, dtype="str")


def _sentence(row: Any) -> str:
    """The evidence in words: the item, the fact and the rule that it meets."""
    item = "" if pd.isna(row.item) else f"“{row.name}”({row.item})"
    end = "(以首版清单回溯衡量,不作追责依据)" if row.back else ""
    if row.verdict == "unsure":
        known = f"与清单事项相似度不足以自动认定,最接近{item}" if item else "任务内容过短,无法认定"
        known = f"{item}属配合履职事项,台账未记录要求的角色和是否考核,无法判定主次" if row.mute else known
        return (known if row.live else "任务下发当日该乡镇(街道)没有已施行的清单") + end
    if row.verdict == "off_list":
        return ("三张清单中没有相近事项" if row.absent else f"{item}在任务下发当日不在有效清单内") + end
    if row.verdict == "own":
        return f"{item}属基本履职事项,由乡镇(街道)负全责{end}"
    if row.verdict == "reclaimed":
        return f"{item}已列入上级部门收回事项,仍下派乡镇(街道){end}"
    if row.verdict == "inverted":
        asked = "要求乡镇(街道)负主责" if row.lead else "纳入对乡镇(街道)的考核"
        also = "并纳入考核" if row.lead and row.scored else ""
        return f"{item}属配合履职事项,由上级部门负主责,任务却{asked}{also}{end}"
    if row.verdict == "unsupported":
        lacking = "、".join(label("items", "support", kind) for kind in row.missing.split("|"))
        return f"{item}属配合履职事项,承诺的{lacking}未提供{end}"
    doubt = ";台账未记录保障是否到位" if row.unrecorded else ";台账未记录要求的角色" if row.no_role else ""
    return f"{item}属配合履职事项,任务要求配合{doubt}{end}"
