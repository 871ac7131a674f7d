"""三上三下: the draft out to every unit for opinions, and what came back."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ..errors import TableError, require
from ..review import back, out
from ..tables.cells import lexicon
from ..tables.fields import field
from .steps import duties, enter, number_of, typed

OPINION_KEY = ["township", "item", "unit"]
OPINION: Mapping[str, tuple[str, ...]] = {
    "stance": ("同意", "修改", "反对", "移入其他清单"),
    "opinion": (),
    "to": ("基本履职事项", "配合履职事项", "上级部门收回事项"),
    "new_name": (),
    "amend": ("事项名称", "对应上级部门", "上级部门职责", "乡镇(街道)配合职责", "工作方式", "设定依据"),
    "new_text": (),
}
HANDLING: Mapping[str, tuple[str, ...]] = {"handling": ("采纳", "部分采纳", "不予采纳"), "handling_reason": ()}
OPINIONS = {
    "round": "int64",
    **dict.fromkeys([*OPINION_KEY, "side", *OPINION, *HANDLING], "str"),
}
SENT = {"round": "int64", "unit": "str", "side": "str", "sent": "int64", "file": "str"}
_SHOWN = ("list_kind", "category", "department", "department_duty", "township_duty", "method", "basis")
_NOTES = (
    "“意见”请从下拉列表中选择;没有意见的选“同意”,留空视为未答复。",
    "选“修改”的,请在“修改后名称”中写出新的名称,或选“修改栏目”并在“修改后内容”中写出该栏新的文字;"
    "只在“意见内容”中写明怎样改的,采纳后仍列为“修改待落实”。",
    "选“移入其他清单”的,请选“拟移入清单”。",
    "请按原文件退回;增加的行不会读取,需要新增的事项请另行书面提出。",
)


@dataclass(frozen=True, eq=False)
class Returned:
    """What came back in a round.

    opinions : a row per answered item and unit (round, township, item, unit, side, stance, opinion, to, new_name,
    amend, new_text, handling, handling_reason; the last two empty, for the office). strangers, twice, problems, counts : as in
    ``review.Back``. missing : items that a unit which answered did not send back.
    """

    opinions: pd.DataFrame
    strangers: pd.DataFrame
    missing: pd.DataFrame
    twice: pd.DataFrame
    problems: pd.DataFrame
    counts: pd.DataFrame


def send(
    draft: pd.DataFrame,
    folder: str | Path,
    *,
    round: int,
    units: Iterable[str] | None = None,
    progress: Callable[[int, int, str], object] | None = None,
) -> pd.DataFrame:
    """What was sent, a row per unit: round, unit, side (township or department), sent (items), file.

    One workbook for each unit, with only its own items: a township's own, a department's those that name it;
    file is the workbook's name, missing where no item is theirs.
    units : names; all townships and departments of the draft when None. progress : called with (done, all, unit).
    Raises LifecycleError for a round out of order, TableError for a unit named twice.

    >>> import tempfile
    >>> from governance.drafting import condense, merge, stock
    >>> raw = pd.DataFrame({"text": ["河道巡查", "受理低保申请"], "department": ["县水利局", "县民政局"]})
    >>> draft = stock(raw, "栎桥镇")
    >>> draft = merge(draft, condense(draft).assign(decision=None))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     send(draft, folder, round=1)[["unit", "sent", "file"]].values.tolist()
    [['栎桥镇', 2, '第1轮征求意见表_栎桥镇.xlsx'], ['县水利局', 1, '第1轮征求意见表_县水利局.xlsx'],
     ['县民政局', 1, '第1轮征求意见表_县民政局.xlsx']]
    """
    enter(draft, "consulted", number=number_of(round))
    everyone, sheet = _units(draft), _sheet(draft)
    names = list(everyone) if units is None else list(units)
    if len(set(names)) < len(names):
        raise TableError(f"征求意见单位重复:{'、'.join(sorted({n for n in names if names.count(n) > 1}))}")
    rows: list[dict[str, object]] = []
    files: set[str] = set()
    for done, unit in enumerate(names, 1):
        own = sheet[sheet["unit"] == unit]
        file = None
        if len(own):
            file = _file(round, unit, files)
            title = f"履职事项清单(草案)第{round}轮征求意见表——{unit}"
            out(own, Path(folder) / file, title=title, key=OPINION_KEY, ask=OPINION, notes=_NOTES)
        rows.append({"round": round, "unit": unit, "side": everyone.get(unit), "sent": len(own), "file": file})
        if progress:
            progress(done, len(names), unit)
    return typed(pd.DataFrame(rows), SENT)


def _file(number: int, unit: str, taken: set[str]) -> str:
    """A file name of the unit's own; two units whose names differ only in what no file may bear get a number."""
    safe = re.sub(r"[^0-9A-Za-z一-鿿()\uff08\uff09]", "_", unit)[:60]
    base = f"第{number}轮征求意见表_{safe}"
    name, times = base, 1
    while name in taken:
        times += 1
        name = f"{base}_{times}"
    taken.add(name)
    return f"{name}.xlsx"


def _units(draft: pd.DataFrame) -> dict[str, str]:
    """Every unit of the draft and its side: the townships, then the departments that items name."""
    rows = duties(draft)
    found = dict.fromkeys(rows["township"], "township")
    named = dict.fromkeys(d for names in rows["department"].dropna() for d in names.split("、") if d)
    return found | {d: "department" for d in named if d not in found}


def _sheet(draft: pd.DataFrame) -> pd.DataFrame:
    """A row for every item and every unit it concerns, with what the unit is shown."""
    rows = duties(draft)
    shown = [c for c in _SHOWN if rows[c].notna().any()]
    named = [
        list(dict.fromkeys([town, *(str(names).split("、") if isinstance(names, str) else [])]))
        for town, names in zip(rows["township"], rows["department"], strict=True)
    ]
    whole = rows.assign(unit=pd.Series(named, rows.index, dtype=object)).explode("unit")
    whole = whole[whole["unit"].astype(str) != ""]
    return whole[[*OPINION_KEY, "name", *shown]].astype({"unit": "str"}).reset_index(drop=True)


def collect(folder: str | Path, draft: pd.DataFrame, *, round: int) -> Returned:
    """What the units answered, as ``Returned``; rows are matched by township, item and unit, whatever the file's name.

    folder : of the workbooks that came back (xlsx, xls, et, ods, csv), or one of them. draft : the one that was sent.
    An answer that two files give differently is under ``twice`` and not taken. An opinion without a stance is a problem.
    Raises LifecycleError for a round out of order, TableError where nothing in the folder can be used.

    Does not show: whether the unit's head approved what was sent back.

    >>> import tempfile
    >>> from governance.drafting import condense, merge, stock
    >>> draft = stock(pd.DataFrame({"text": ["河道巡查", "受理低保申请"]}), "栎桥镇")
    >>> draft = merge(draft, condense(draft).assign(decision=None))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = send(draft, folder, round=1)
    ...     collect(folder, draft, round=1).counts[["read", "kept"]].values.tolist()
    [[2, 2]]
    """
    enter(draft, "consulted", number=number_of(round))
    sent = _sheet(draft)
    came = back(folder, sent, key=OPINION_KEY, ask=OPINION)
    frame, problems = came.frame, came.problems
    said = frame[list(OPINION)].notna().any(axis=1)
    mute = frame[said & frame["stance"].isna()]
    lines = [
        [
            "",
            "",
            None,
            "意见",
            "·".join(map(str, row)),
            "写了内容,却没有选“意见”,未采用",
            "请该单位补选意见",
            "no_stance",
        ]
        for row in mute[OPINION_KEY].itertuples(index=False, name=None)
        if not came.twice[OPINION_KEY].astype(object).eq(list(row)).all(axis=1).any()
    ]
    more = pd.DataFrame(lines, columns=problems.columns).astype(problems.dtypes.to_dict())
    answered = frame[frame["stance"].notna()]
    sides = _units(draft)
    opinions = answered.assign(round=round, side=[sides[u] for u in answered["unit"]])
    units = set(sent["unit"].drop(came.missing.index))
    missing = came.missing[came.missing["unit"].isin(units)]
    problems = pd.concat([problems, more], ignore_index=True) if lines else problems
    return Returned(typed(english(opinions), OPINIONS), came.strangers, missing, came.twice, problems, came.counts)


def english(opinions: pd.DataFrame) -> pd.DataFrame:
    """``opinions`` with the Chinese words for side, stance, list and handling as English; other words stay as they are.

    >>> english(pd.DataFrame({"stance": ["反对", "agree", "随便"]}))["stance"].tolist()
    ['oppose', 'agree', '随便']
    """
    coded = {}
    for column in ("side", "stance", "to", "amend", "handling"):
        if column in opinions:
            words = lexicon(field("items", "list_kind") if column == "to" else field("results", column))
            texts = [None if v is None or v != v else str(v).strip() for v in opinions[column].astype(object)]
            coded[column] = pd.Series([t and words.get(t.casefold(), t) for t in texts], opinions.index, dtype="str")
    return opinions.assign(**coded)


def standing(opinions: pd.DataFrame) -> pd.DataFrame:
    """``opinions`` in their typed form; ``open``: whether the opinion still stands against the draft; ``standing``.

    Open is what a unit said last about an item, where that is not 同意 and was not accepted, or where a move was
    accepted without saying to which list, or a change without a new name or text. standing : of what is open,
    unapplied for such a change (修改待落实), disputed for the rest; missing for what is not open.

    >>> standing(pd.DataFrame({"round": [1, 2], "item": "1", "unit": "县水利局", "stance": ["反对", "同意"]}))["open"].tolist()
    [False, False]
    """
    require(opinions, ["item", "unit", "stance"], "意见表")
    given = opinions.rename(columns={"reason": "handling_reason"}) if "handling_reason" not in opinions else opinions
    rows = typed(english(given), OPINIONS)
    for column in ("new_name", "amend", "new_text"):
        rows[column] = rows[column].str.strip().replace("", None)
    order = rows.sort_values("round", kind="stable")
    last = ~order.duplicated(OPINION_KEY, keep="last").reindex(rows.index)
    yes = rows["handling"] == "accepted"
    unsaid = yes & (rows["stance"] == "modify") & rows["new_name"].isna() & rows["new_text"].isna()
    settled = yes & ~((rows["stance"] == "move") & rows["to"].isna()) & ~unsaid
    open_ = last & rows["stance"].notna() & (rows["stance"] != "agree") & ~settled
    words = pd.Series("disputed", rows.index, dtype="str").mask(unsaid, "unapplied").where(open_)
    return rows.assign(open=open_, standing=words)


def wordings(opinions: pd.DataFrame) -> pd.DataFrame:
    """The new wordings of accepted changes, a row each: row (position in ``opinions``), amend (the column), new_text.

    opinions : as ``standing`` gives them. A new text without a column has amend missing.

    >>> said = pd.DataFrame({"item": "1", "unit": "县水利局", "stance": ["修改"], "handling": "采纳", "new_name": "巡河"})
    >>> wordings(standing(said)).values.tolist()
    [[0, 'name', '巡河']]
    """
    rows = opinions.assign(row=range(len(opinions)))
    rows = rows[(rows["handling"] == "accepted") & (rows["stance"] == "modify")]
    named = rows.assign(amend="name", new_text=rows["new_name"])
    both = pd.concat([named, rows])[["row", "amend", "new_text"]]
    both = both[both["new_text"].notna()].sort_values("row", kind="stable", ignore_index=True)
    return typed(both, {"row": "int64", "amend": "str", "new_text": "str"})


def rounds(opinions: pd.DataFrame, sent: pd.DataFrame | None = None) -> pd.DataFrame:
    """How each round went, a row per round and unit.

    Columns: round, unit, side, sent, returned, agreed, modified, opposed, moved, accepted, partly, rejected, unresolved.
    opinions : of one or more rounds, one under another, with the office's handling. sent : what ``send`` gave, of the
    same rounds; without it ``sent`` is 0 and units that never answered are not listed. returned : items answered;
    accepted, partly, rejected : of the opinions other than 同意. unresolved : those not accepted that the unit has not
    taken back with 同意 in a later round (counted where the unit raised them last).

    >>> rounds(pd.DataFrame({"round": 1, "township": "栎桥镇", "item": ["1", "2"], "unit": "县水利局",
    ...     "stance": ["同意", "反对"], "handling": [None, "不予采纳"]}))[["returned", "opposed", "rejected", "unresolved"]]
       returned  opposed  rejected  unresolved
    0         2        1         1           1
    """
    counted = {"agreed": "agree", "modified": "modify", "opposed": "oppose", "moved": "move"}
    handled = ["accepted", "partly", "rejected"]
    rows = standing(opinions)
    flags = {
        "returned": rows["stance"].notna(),
        **{c: rows["stance"] == v for c, v in counted.items()},
        **{c: (rows["handling"] == c) & (rows["stance"] != "agree") for c in handled},
        "unresolved": rows["open"],
    }
    keys = ["round", "unit"]
    sums = (
        rows[keys]
        .assign(**{c: v.astype("int64") for c, v in flags.items()})
        .groupby(keys, sort=False)
        .sum()
        .reset_index()
    )
    sides = rows[[*keys, "side"]].drop_duplicates(keys)
    if sent is None:
        whole = sides.merge(sums, on=keys, how="left")
    else:
        whole = sent[["round", "unit", "side", "sent"]].merge(sums, on=keys, how="outer")
        own = sides.set_index(keys)["side"]
        pairs = pd.MultiIndex.from_frame(whole[keys])
        whole["side"] = whole["side"].where(whole["side"].notna(), pd.Series(own.reindex(pairs).to_numpy(object)))
    kinds = {"round": "int64", "unit": "str", "side": "str", **dict.fromkeys(["sent", *flags], "int64")}
    whole = whole.reindex(columns=list(kinds))
    whole = whole.fillna(dict.fromkeys(["sent", *flags], 0)).sort_values("round", kind="stable")
    return typed(whole, kinds)
