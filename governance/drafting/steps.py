"""What a draft is made of, how far it has come, and the order of the steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from .. import rules
from ..errors import LifecycleError, TableError, require
from ..tables.cells import options, parse
from ..tables.fields import field

STEPS = {
    "stock": "全量梳理",
    "merged": "归并凝练",
    "consulted": "三上三下",
    "examined": "研究论证",
    "published": "审定发布",
}
KEY = ["township", "item"]
LISTED = ("list_kind", "category", "department", "department_duty", "township_duty", "support", "method", "basis")
DRAFT = {
    "step": "str",
    "round": "int64",
    "township": "str",
    "item": "str",
    "name": "str",
    "wording": "str",
    "lines": "str",
    "count": "int64",
    "times": "int64",
    "office": "str",
    "post": "str",
    "channel": "str",
    "is_duty": "bool",
    "aside": "str",
    "undecided": "str",
    **dict.fromkeys(LISTED, "str"),
    "disputing": "str",
    "unapplied": "str",
    "rulings": "str",
    "examined": "bool",
    "grounds": "str",
    "doubt": "str",
    "remark": "str",
}


def typed(rows: pd.DataFrame, kinds: Mapping[str, str]) -> pd.DataFrame:
    """``rows`` with just the columns of ``kinds`` in their dtypes; text that is "" becomes missing.

    >>> typed(pd.DataFrame({"name": ["", "甲"]}), {"name": "str", "count": "int64"})["name"].tolist()
    [nan, '甲']
    """
    filled = {"int64": 0, "float64": np.nan, "bool": False}
    out = {}
    for name, kind in kinds.items():
        values = list(rows[name].astype(object)) if name in rows else [filled.get(kind)] * len(rows)
        if kind == "str":
            values = [None if v is None or v != v or (v == "" and name != "support") else str(v) for v in values]
        out[name] = values
    return pd.DataFrame(out, columns=list(kinds)).astype(dict(kinds))


def enter(draft: pd.DataFrame, step: str, *, number: int = 0) -> None:
    """Nothing; LifecycleError naming the first step that ``draft`` still lacks before ``step``, or that it is past it.

    number : which round, for the step ``consulted``. Doing a step again before the next has begun is allowed.

    >>> enter(pd.DataFrame({"step": ["stock"], "round": [0]}), "examined")
    Traceback (most recent call last):
    governance.errors.LifecycleError: 草案还没有经过“归并凝练”,不能进入“研究论证”
    """
    path = _path()
    target = path.index(("consulted", number) if step == "consulted" else (step, 0))
    done = _done(draft, path)
    if done < target - 1:
        raise LifecycleError(f"草案还没有经过{_named(path[done + 1])},不能进入{_named(path[target])}")
    if done > target:
        raise LifecycleError(f"草案已经过了{_named(path[done])},不能退回{_named(path[target])}")
    require(draft, list(DRAFT), "草案")


def _path() -> list[tuple[str, int]]:
    rounds = [("consulted", n) for n in range(1, rules.value("drafting.rounds") + 1)]
    return [("stock", 0), ("merged", 0), *rounds, ("examined", 0), ("published", 0)]


def _done(draft: pd.DataFrame, path: Sequence[tuple[str, int]]) -> int:
    """Position in ``path`` of the last step that all rows have behind them; -1 for none."""
    if "step" not in draft or "round" not in draft or draft.empty:
        return -1
    pairs = draft[["step", "round"]].drop_duplicates().itertuples(index=False, name=None)
    places = [(s, int(n) if s == "consulted" else 0) for s, n in pairs]
    return min(path.index(p) if p in path else -1 for p in places)


def _named(place: tuple[str, int]) -> str:
    step, number = place
    return f"“{STEPS[step]}”" + (f"第{number}轮" if step == "consulted" else "")


def number_of(value: object) -> int:
    """``value`` as the number of a round; LifecycleError outside those that there are.

    >>> number_of(4)
    Traceback (most recent call last):
    governance.errors.LifecycleError: 没有第4轮;“三上三下”共 3 轮
    """
    rounds = int(rules.value("drafting.rounds"))
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or not 1 <= value <= rounds:
        raise LifecycleError(f"没有第{value}轮;“三上三下”共 {rounds} 轮")
    return int(value)


def duties(draft: pd.DataFrame) -> pd.DataFrame:
    """The rows of ``draft`` that are duties, not titles or blanks.

    >>> duties(pd.DataFrame({"item": ["1", "2"], "is_duty": [True, False]}))["item"].tolist()
    ['1']
    """
    return draft[draft["is_duty"].to_numpy(bool)]


def faulty(faults: Sequence[tuple[object, str, object, str, str]], what: str) -> None:
    """Nothing; TableError with every fault (row, Chinese column, found, fault, remedy), where there is any.

    >>> faulty([(3, "处理理由", "", "缺少理由", "写明理由")], "意见表")
    Traceback (most recent call last):
    governance.errors.TableError: 意见表有 1 处问题:
    第3行 处理理由:缺少理由;写明理由
    """
    if not faults:
        return
    problems = pd.DataFrame(faults, columns=["row", "column", "found", "fault", "remedy"])
    problems = problems.astype({"row": "Int64", **dict.fromkeys(["column", "found", "fault", "remedy"], "str")})
    problems.insert(0, "sheet", "")
    problems.insert(0, "file", "")
    lines = [
        f"{f'第{row}行 ' if row is not None else ''}{column}{f'“{found}”' if found else ''}:{fault};{remedy}"
        for row, column, found, fault, remedy in faults[:20]
    ]
    more = f"\n…… 其余 {len(faults) - 20} 处见 .problems" if len(faults) > 20 else ""
    raise TableError(f"{what}有 {len(faults)} 处问题:\n" + "\n".join(lines) + more, problems)


def known(draft: pd.DataFrame, rows: pd.DataFrame, what: str) -> pd.Series:
    """Position in ``draft`` of the item each of ``rows`` is about, as a Series on the index of ``rows``; -1 for none.

    ``township`` may be left out where the ids are unique without it.

    >>> draft = pd.DataFrame({"township": ["甲镇", "乙镇"], "item": ["1", "2"]})
    >>> known(draft, pd.DataFrame({"item": ["2", "9"]}), "意见").tolist()
    [1, -1]
    """
    require(rows, ["item"], what)
    if draft.duplicated(KEY).any():
        some = draft.loc[draft.duplicated(KEY), KEY].agg("".join, axis=1).tolist()
        raise TableError(f"草案中同一乡镇(街道)的事项编号重复:{'、'.join(some[:5])}")
    by = KEY if "township" in rows else ["item"]
    if by == ["item"] and draft["item"].duplicated().any():
        raise TableError(f"草案含多个乡镇(街道),{what}须有 township 列才能对应")
    wanted = pd.MultiIndex.from_frame(rows[by].astype(object)) if len(by) > 1 else pd.Index(rows["item"].astype(object))
    have = pd.MultiIndex.from_frame(draft[by].astype(object)) if len(by) > 1 else pd.Index(draft["item"].astype(object))
    return pd.Series(have.get_indexer(wanted), rows.index)


def joined(values: Sequence[object], mark: str) -> str | None:
    """The different ones of ``values``, each itself perhaps joined by ``mark``, in order; None for nothing.

    >>> joined(["甲、乙", None, "乙"], "、")
    '甲、乙'
    """
    parts = [p for v in values if isinstance(v, str) for p in v.split(mark) if p]
    return mark.join(dict.fromkeys(parts)) or None


def since(draft: pd.DataFrame, step: str, act: str) -> None:
    """Nothing; LifecycleError where ``draft`` has not come through ``step`` yet, without which ``act`` has no sense.

    >>> since(pd.DataFrame({"step": ["stock"], "round": [0]}), "merged", "归入三张清单")
    Traceback (most recent call last):
    governance.errors.LifecycleError: 草案还没有经过“归并凝练”,不能归入三张清单
    """
    path = _path()
    done = _done(draft, path)
    if done < path.index(("consulted", 1) if step == "consulted" else (step, 0)):
        raise LifecycleError(f"草案还没有经过{_named(path[done + 1])},不能{act}")
    require(draft, list(DRAFT), "草案")


def next_of(draft: pd.DataFrame) -> str:
    """The step that comes next for ``draft``, in Chinese.

    >>> next_of(pd.DataFrame({"step": ["merged"], "round": [0]}))
    '“三上三下”第1轮'
    """
    path = _path()
    return _named(path[min(_done(draft, path) + 1, len(path) - 1)])


def listed_values(
    rows: pd.DataFrame, columns: Sequence[str]
) -> tuple[dict[str, pd.Series], list[tuple[object, str, object, str, str]]]:
    """Column -> its values as the table of items has them (Chinese words as English, lists joined), and the faults.

    >>> rows = pd.DataFrame({"list_kind": ["基本", None], "department": ["县水利局\uff0c县民政局", ""]})
    >>> listed_values(rows, LISTED)[0]["department"].tolist()
    ['县水利局、县民政局', nan]
    """
    values: dict[str, pd.Series] = {}
    found: list[tuple[object, str, object, str, str]] = []
    for column in (c for c in columns if c in rows):
        one = field("items", column)
        texts = ["" if v is None or v != v else str(v) for v in rows[column].astype(object)]
        if one.type == "names":
            texts = [t.replace("\uff0c", "、").replace("\uff1b", "、") for t in texts]
        values[column], faults = parse(texts, one)
        words = ("不是允许的取值", f"应为:{'、'.join(options(one)) or '文字'}")
        found += [(n + 1, one.label, texts[n], *words) for n in sorted(faults)]
    return values, found
