"""三上三下: opinions and their handling taken into the draft, and what stays in dispute."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from ..errors import require
from ..tables.fields import label
from .merging import changed_rows
from .opinions import standing, wordings
from .steps import DRAFT, KEY, duties, enter, faulty, known, listed_values, number_of, since, typed

DISPUTES = {**dict.fromkeys([*KEY, "name", "unit", "side"], "str"), "round": "int64"}
DISPUTES |= dict.fromkeys(["standing", "stance", "opinion", "handling", "handling_reason"], "str")
_STANCES = ("agree", "modify", "oppose", "move")
AMENDED = ("name", "department", "department_duty", "township_duty", "method", "basis")
_HANDLINGS = ("accepted", "partly", "rejected")


def consult(draft: pd.DataFrame, opinions: pd.DataFrame, *, round: int) -> pd.DataFrame:
    """The draft after a round: accepted changes made, and ``disputing`` naming the units whose opinion still stands.

    opinions : item, unit, stance (同意, 修改, 反对, 移入其他清单), and township, side, opinion, to (list to move to),
    new_name, amend and new_text (a column and its new text), handling (采纳, 部分采纳, 不予采纳), handling_reason (or ``reason``); Chinese or English words; in any row
    order. An accepted 移入其他清单 with ``to`` changes the item's list, an accepted 修改 with ``new_name`` its name,
    with ``amend`` and ``new_text`` that column. An accepted 修改 with neither changes nothing and stays open as
    修改待落实 (``unapplied``), until a later round or ``classify`` gives the new name or text.
    What a unit says in this round replaces what it said about the item before; what it does not mention stands.
    Rounds are taken 1, 2, 3 (``drafting.rounds``), none skipped; late opinions may be added to the same round.
    Raises LifecycleError for a round out of order, TableError listing every fault: unknown item, unknown word, no unit,
    a partial acceptance or rejection without reason, one unit of two minds, accepted changes that contradict, a new text
    without its column.

    >>> from governance.drafting import condense, merge, stock
    >>> draft = stock(pd.DataFrame({"text": ["河道巡查", "受理低保申请"]}), "栎桥镇")
    >>> draft = merge(draft, condense(draft).assign(decision=None))
    >>> said = pd.DataFrame({"item": ["L0001"], "unit": ["县水利局"], "stance": ["反对"], "handling": ["不予采纳"],
    ...                      "handling_reason": ["河长制文件已明确"]})
    >>> consult(draft, said, round=1)[["item", "disputing"]].fillna("").values.tolist()
    [['L0001', '县水利局'], ['L0002', '']]
    """
    number = number_of(round)
    enter(draft, "consulted", number=number)
    rows = standing(opinions.assign(round=number)).reset_index(drop=True)
    rows["at"] = known(draft, rows if "township" in opinions else rows.drop(columns="township"), "意见表")
    rows["side"] = rows["side"].where(
        rows["side"].notna(), ["township" if u in set(draft["township"]) else "department" for u in rows["unit"]]
    )
    faulty([*_faults(rows), *_contradictions(rows)], "意见表")
    changed: dict[int, dict[str, object]] = {}
    for at, own in rows[rows["stance"].notna()].groupby("at", sort=False):
        place = int(str(at))
        open_ = {"disputing": own["open"], "unapplied": own["standing"] == "unapplied"}
        units = {
            c: [*(u for u in _units(draft[c].iloc[place]) if u not in set(own["unit"])), *own.loc[which, "unit"]]
            for c, which in open_.items()
        }
        changed[place] = {**{c: "|".join(dict.fromkeys(u)) or None for c, u in units.items()}, **_accepted(own)}
    return typed(changed_rows(draft, changed).assign(step="consulted", round=number), DRAFT)


def _accepted(own: pd.DataFrame) -> dict[str, object]:
    """What the accepted opinions on one item change in it."""
    yes = own[own["handling"] == "accepted"]
    moved = yes.loc[yes["stance"] == "move", "to"].dropna()
    texts = {c: values.iloc[0] for c, values in _texts(wordings(own)).items()}
    return {**({"list_kind": moved.iloc[0]} if len(moved) else {}), **texts}


def _texts(said: pd.DataFrame) -> dict[str, pd.Series]:
    """Column -> its new texts, as the table of items has them."""
    given = {str(c): own["new_text"].reset_index(drop=True) for c, own in said.groupby("amend", sort=False)}
    return {c: listed_values(pd.DataFrame({c: texts}), [c])[0][c].dropna() for c, texts in given.items()}


def _units(value: object) -> list[str]:
    return value.split("|") if isinstance(value, str) else []


def _faults(rows: pd.DataFrame) -> Iterator[tuple[object, str, object, str, str]]:
    allowed = (
        ("stance", _STANCES),
        ("handling", _HANDLINGS),
        ("side", ("township", "department")),
        ("to", ("basic", "assisting", "reclaimed")),
        ("amend", AMENDED),
    )
    for line, row in enumerate(rows.to_dict("records"), 1):
        if row["at"] < 0:
            yield line, "事项编号", row["item"], "草案里没有这个编号", "核对编号;新增事项请另行提出"
        if not isinstance(row["unit"], str) or "|" in row["unit"]:
            yield (
                line,
                "单位名称",
                row["unit"] if isinstance(row["unit"], str) else "",
                "没有写明单位,或含有“|”",
                "写明一个单位",
            )
        for column, words in allowed:
            if isinstance(row[column], str) and row[column] not in words:
                said = "、".join(label("results", column, w) for w in words)
                yield line, label("results", column), row[column], "不是允许的填法", f"应为:{said}"
        needs = row["handling"] in ("partly", "rejected") and row["stance"] != "agree"
        if needs and not (isinstance(row["handling_reason"], str) and row["handling_reason"].strip()):
            found = f"{row['item']}·{row['unit']}·{label('results', 'handling', row['handling'])}"
            yield line, "处理理由", found, "部分采纳或不予采纳而没有写明理由", "写明理由"
    said_ = wordings(rows)
    for at, text in said_.loc[said_["amend"].isna(), ["row", "new_text"]].itertuples(index=False, name=None):
        yield at + 1, "修改栏目", text, "采纳了修改后内容,却没有写明改的是哪一栏", "选“修改栏目”"


def _contradictions(rows: pd.DataFrame) -> Iterator[tuple[object, str, object, str, str]]:
    told = rows[rows["stance"].notna() & (rows["at"] >= 0)]
    for (_, unit), own in told.groupby(["at", "unit"], sort=False):
        if len(own[["stance", "opinion", "to", "new_name", "amend", "new_text", "handling"]].drop_duplicates()) > 1:
            words = ("同一单位对同一事项有两种意见或处理", "只保留一种")
            yield int(own.index[-1]) + 1, "意见", f"{own['item'].iloc[0]}·{unit}", *words
    yes = told[told["handling"] == "accepted"]
    for _, own in yes.groupby("at", sort=False):
        moved = own.loc[own["stance"] == "move", "to"].dropna().map(lambda v: label("results", "to", v))
        for head, values in ((label("results", "to"), moved), *_renewed(own)):
            if len(said := values.unique()) > 1:
                found = f"{own['item'].iloc[0]}:{'、'.join(said)}"
                yield int(own.index[-1]) + 1, head, found, "采纳的意见相互矛盾", "只采纳其中一种"


def _renewed(own: pd.DataFrame) -> Iterator[tuple[str, pd.Series]]:
    """Chinese head of a column and its accepted new texts, for each that has any."""
    said = wordings(own)
    for column, values in _texts(said[said["amend"].isin(AMENDED)]).items():
        yield label("results", "new_name") if column == "name" else label("items", column), values


def disputes(frame: pd.DataFrame) -> pd.DataFrame:
    """What is still in dispute, a row per item and unit, of a draft or of the opinions of all rounds.

    Columns: township, item, name, unit, side, round, standing (disputed 意见未统一, or unapplied 修改待落实), stance, opinion,
    handling, handling_reason. Of a draft only the item, the unit and standing are known (round is the draft's, the
    others missing); of opinions, name is missing.

    >>> disputes(pd.DataFrame({"round": [1], "item": ["L1"], "unit": ["县水利局"], "stance": ["反对"]}))[["item", "unit"]]
      item  unit
    0   L1  县水利局
    """
    if "disputing" in frame:
        rows = duties(frame)
        rows = rows[rows["disputing"].notna()]
        held = [*KEY, "name", "round", "unapplied"]
        single = rows[held].assign(unit=rows["disputing"].str.split("|")).explode("unit")
        late = [u in _units(v) for u, v in zip(single["unit"], single["unapplied"], strict=True)]
        words = pd.Series("disputed", single.index, dtype="str").mask(
            pd.Series(late, single.index, dtype=bool), "unapplied"
        )
        return typed(single.assign(standing=words), DISPUTES)
    rows = standing(frame)
    return typed(rows[rows["open"]], DISPUTES)


def settle(draft: pd.DataFrame, rulings: pd.DataFrame) -> pd.DataFrame:
    """The draft with disputes closed by a ruling of those who may decide (县委编委会议、专题会议 …), kept in ``rulings``.

    rulings : item, ruling (text, required), unit (whose dispute; all of the item's where missing), township where ids
    need it. What the ruling changes in the item itself goes through ``classify``. Raises LifecycleError before the first
    round, TableError listing every unknown item, ruling without text, and unit that has no dispute there.

    >>> from governance.drafting import condense, merge, stock
    >>> draft = stock(pd.DataFrame({"text": ["河道巡查", "受理低保申请"]}), "栎桥镇")
    >>> draft = merge(draft, condense(draft).assign(decision=None))
    >>> said = pd.DataFrame({"item": ["L0001"], "unit": ["县水利局"], "stance": ["反对"]})
    >>> draft = settle(consult(draft, said, round=1), pd.DataFrame({"item": ["L0001"], "ruling": ["维持原清单"]}))
    >>> draft["rulings"].dropna().tolist(), len(disputes(draft))
    (['县水利局:维持原清单'], 0)
    """
    since(draft, "consulted", "裁定分歧")
    require(rulings, ["item", "ruling"], "裁定表")
    rows = rulings.reset_index(drop=True)
    rows["at"] = known(draft, rows, "裁定表")
    found: list[tuple[object, str, object, str, str]] = []
    changed: dict[int, dict[str, object]] = {}
    units = rows["unit"] if "unit" in rows else pd.Series([None] * len(rows), dtype=object)
    for line, (at, item, ruling, unit) in enumerate(
        zip(rows["at"], rows["item"], rows["ruling"], units, strict=True), 1
    ):
        if at < 0:
            found.append((line, "事项编号", item, "草案里没有这个编号", "核对编号"))
            continue
        now = changed.get(at, {c: draft[c].iloc[at] for c in ("disputing", "unapplied", "rulings")})
        open_ = _units(now["disputing"])
        closed = open_ if not isinstance(unit, str) else [unit]
        if not isinstance(ruling, str) or not ruling.strip():
            found.append((line, "裁定意见", item, "没有写明裁定意见", "写明裁定意见"))
        elif not closed or not set(closed) <= set(open_):
            found.append(
                (
                    line,
                    "单位名称",
                    unit if isinstance(unit, str) else item,
                    "对该事项没有未统一的意见",
                    "核对单位和编号",
                )
            )
        else:
            told = [now["rulings"]] if isinstance(now["rulings"], str) else []
            text = "\n".join([*told, f"{'、'.join(closed)}:{ruling.strip()}"])
            left = {
                c: "|".join(u for u in _units(now[c]) if u not in closed) or None for c in ("disputing", "unapplied")
            }
            changed[at] = {**left, "rulings": text}
    faulty(found, "裁定表")
    return typed(changed_rows(draft, changed), DRAFT)
