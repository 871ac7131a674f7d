"""研究论证: each item held against the principles and tests of its list."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from importlib import resources

import pandas as pd

from ..errors import TableError, require
from ..tables.cells import parse
from ..tables.fields import field
from .merging import changed_rows
from .steps import DRAFT, KEY, duties, enter, faulty, joined, known, typed

REMARK = "论证说明"
TESTED = {"basic": "reclaimed", "assisting": "assisting", "reclaimed": "reclaimed"}


def criteria() -> pd.DataFrame:
    """The criteria of 研究论证: name, label, list_kind (whose items must meet one), description, source, status.

    Four principles for assisting items, five tests and the article's three reasons for reclaimed ones. Data of
    ``schemas/criteria.csv``; a frame of the same columns may stand in for it in ``checklist`` and ``examine``.

    >>> criteria()["list_kind"].value_counts().to_dict()
    {'reclaimed': 8, 'assisting': 4}
    """
    text = (resources.files("governance") / "schemas" / "criteria.csv").read_text("utf-8")
    return pd.DataFrame(list(csv.DictReader(text.splitlines()))).astype("str")


def questions(tests: pd.DataFrame | None = None) -> Mapping[str, tuple[str, ...]]:
    """What ``review.out`` is to ask for in a checklist: 是 or 否 under each criterion, and a remark.

    >>> list(questions())[:2]
    ['法定', '主导']
    """
    asked: dict[str, tuple[str, ...]] = dict.fromkeys((criteria() if tests is None else tests)["label"], ("是", "否"))
    return {**asked, REMARK: ()}


def checklist(draft: pd.DataFrame, tests: pd.DataFrame | None = None) -> pd.DataFrame:
    """The form for 研究论证, a row per item.

    Columns: township, item, name, list_kind, category, department, a column for each criterion under its Chinese label
    (— where it does not apply to the item's list), 论证说明.
    Assisting items are held against the principles, reclaimed and basic items against the tests for reclaimed.
    Send it with ``review.out(form, ..., key=KEY, ask=questions())``; what ``review.back`` gives goes to ``examine``.
    Raises LifecycleError before the last round, TableError naming items on no list.

    >>> from governance.drafting import condense, consult, merge, stock
    >>> raw = pd.DataFrame({"text": ["河道巡查", "电梯安全检验"], "list_kind": ["assisting", "reclaimed"]})
    >>> draft = stock(raw, "栎桥镇")
    >>> draft = merge(draft, condense(draft).assign(decision=None))
    >>> for n in (1, 2, 3):
    ...     draft = consult(draft, pd.DataFrame(columns=["item", "unit", "stance"]), round=n)
    >>> checklist(draft)[["item", "法定", "技术承接难"]].fillna("").values.tolist()
    [['L0001', '', '—'], ['L0002', '—', '']]
    """
    enter(draft, "examined")
    rows = listed(draft)
    form = rows[[*KEY, "name", "list_kind", "category", "department"]].reset_index(drop=True)
    tested = form["list_kind"].map(TESTED)
    for one in (criteria() if tests is None else tests).to_dict("records"):
        form[one["label"]] = pd.array([None if t == one["list_kind"] else "—" for t in tested], dtype="str")
    return form.assign(**{REMARK: pd.array(list(rows["remark"]), dtype="str")})


def examine(draft: pd.DataFrame, findings: pd.DataFrame, tests: pd.DataFrame | None = None) -> pd.DataFrame:
    """The draft with what was found of each item.

    Filled: examined, grounds (names of the criteria met, joined by |), doubt, remark; step becomes ``examined``.
    findings : a filled ``checklist`` (a column per criterion, by Chinese label or name, 是 or 否; 论证说明), or long: item,
    criterion, met, remark. Part of the items may come at a time. An item is examined once a criterion is met, or all
    that apply are answered. Doubtful, and named in ``doubt``, is an assisting item that meets no principle, a reclaimed
    item that meets no test, a basic item that meets one; a remark lets it pass, and stays in the record.
    Raises LifecycleError before the last round, TableError listing unknown items, double rows, answers not 是 or 否.

    Does not show: whether 是 is true; the criteria's wording is ours where the source gives only names.

    >>> from governance.drafting import condense, consult, merge, stock
    >>> raw = pd.DataFrame({"text": ["河道巡查", "电梯安全检验"], "list_kind": ["assisting", "reclaimed"]})
    >>> draft = stock(raw, "栎桥镇")
    >>> draft = merge(draft, condense(draft).assign(decision=None))
    >>> for n in (1, 2, 3):
    ...     draft = consult(draft, pd.DataFrame(columns=["item", "unit", "stance"]), round=n)
    >>> form = checklist(draft).assign(主导=["是", None], 论证说明=[None, "拟下轮再议"])
    >>> examine(draft, form)[["examined", "grounds"]].values.tolist()
    [[True, 'leading'], [False, nan]]
    """
    enter(draft, "examined")
    listed(draft)
    tests = criteria() if tests is None else tests
    rows = _wide(findings, tests)
    rows["at"] = known(draft, rows, "论证表")
    said, found = _met(rows, tests)
    twice = rows["at"].duplicated() & (rows["at"] >= 0)
    found += [
        (n + 1, "事项编号", rows["item"].iloc[n], "草案里没有这个编号", "核对编号") for n in rows.index[rows["at"] < 0]
    ]
    found += [(n + 1, "事项编号", rows["item"].iloc[n], "同一事项填写了两次", "只保留一行") for n in rows.index[twice]]
    faulty(found, "论证表")
    changed = {
        int(at): one
        for n, at in enumerate(rows["at"])
        if (one := _finding(draft.iloc[at], said.iloc[n], rows.iloc[n], tests))
    }
    return typed(changed_rows(draft, changed).assign(step="examined"), DRAFT)


def _wide(findings: pd.DataFrame, tests: pd.DataFrame) -> pd.DataFrame:
    """``findings`` with a row per item and a column per criterion name, whatever form they came in."""
    require(findings, ["item"], "论证表")
    names = {**dict(zip(tests["label"], tests["name"], strict=True)), REMARK: "remark"}
    if "criterion" not in findings:
        return findings.rename(columns=names).reset_index(drop=True)
    require(findings, ["criterion", "met"], "论证表")
    rows = findings.assign(criterion=findings["criterion"].replace(names)).reset_index(drop=True)
    odd = rows.index[~rows["criterion"].isin(tests["name"])]
    words = ("没有这一条标准", f"应为:{'、'.join(tests['label'])}")
    faulty([(n + 1, "论证标准", rows["criterion"][n], *words) for n in odd], "论证表")
    keys = [k for k in KEY if k in rows]
    twice = rows.index[rows.duplicated([*keys, "criterion"])]
    faulty([(n + 1, "论证标准", rows["item"][n], "同一标准填写了两次", "只保留一行") for n in twice], "论证表")
    lines = [
        {
            **dict(zip(keys, key, strict=True)),
            **dict(zip(own["criterion"], own["met"], strict=True)),
            "remark": joined(list(own["remark"]), "\n") if "remark" in own else None,
        }
        for key, own in rows.groupby(keys, sort=False)
    ]
    return pd.DataFrame(lines, columns=None if lines else [*keys, "remark"])


def _met(rows: pd.DataFrame, tests: pd.DataFrame) -> tuple[pd.DataFrame, list[tuple[object, str, object, str, str]]]:
    """True, False or missing under each criterion, and the answers that are neither."""
    said: dict[str, pd.Series] = {}
    found: list[tuple[object, str, object, str, str]] = []
    for name, title in zip(tests["name"], tests["label"], strict=True):
        values = rows[name].astype(object) if name in rows else pd.Series([None] * len(rows), dtype=object)
        texts = ["" if v is None or v != v else {True: "是", False: "否"}.get(v, str(v)) for v in values]
        said[name], faults = parse(texts, field("tasks", "scored"))
        found += [(n + 1, title, texts[n], "应为是或否", "填“是”或“否”,不适用的留空") for n in sorted(faults)]
    return pd.DataFrame(said), found


def _finding(item: pd.Series, said: pd.Series, row: pd.Series, tests: pd.DataFrame) -> dict[str, object]:
    """What the answers say of one item; {} where they say nothing."""
    kind = item["list_kind"]
    apply = tests[tests["list_kind"] == TESTED.get(kind)]
    answers = said[apply["name"].tolist()]
    remark = row.get("remark")
    remark = remark.strip() if isinstance(remark, str) and remark.strip() else None
    if not item["is_duty"] or (answers.isna().all() and remark is None):
        return {}
    met = [n for n, v in answers.items() if v is not pd.NA and v is not None and v == True]  # noqa: E712
    labels = "、".join(apply.loc[apply["name"].isin(met), "label"])
    doubt = None
    if kind == "basic" and met:
        doubt = f"基本事项却符合收回情形:{labels}"
    elif kind != "basic" and not met:
        doubt = "配合事项不符合任何一条原则" if kind == "assisting" else "收回事项不符合任何一种情形"
    done = bool(met) or not answers.isna().any()
    return {
        "examined": done,
        "grounds": "|".join(map(str, met)) or None,
        "doubt": doubt if done else None,
        "remark": remark,
    }


def listed(draft: pd.DataFrame) -> pd.DataFrame:
    """The duties of the draft; TableError naming those on none of the three lists.

    >>> listed(pd.DataFrame({"item": ["1"], "name": "河道巡查", "is_duty": True, "list_kind": "basic"}))["item"].tolist()
    ['1']
    """
    rows = duties(draft)
    lost = rows[~rows["list_kind"].isin(list(TESTED))]
    if len(lost):
        some = "、".join(f"{i} {n}" for i, n in lost[["item", "name"]].head(10).itertuples(index=False))
        raise TableError(f"有 {len(lost)} 项还没有归入三张清单:{some};请先用 classify 归类")
    return rows
