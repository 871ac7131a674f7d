"""Suggestions out to a person in Excel, and the decisions back."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from .. import review as sheets
from ..errors import TableError, require
from ..tables.checks import PROBLEMS
from .aliases import apart, meanings, table, tidy

COLUMNS = {"name": "str", "times": "int64", "suggestion": "str", "score": "float64", "reason": "str", "decision": "str"}
YES, NO, OTHER = "确认", "不是", "另填"
RIGHT = "应为"
HEADS = {
    "name": "单位写法",
    "times": "出现次数",
    "suggestion": "建议单位",
    "score": "把握",
    "reason": "理由",
    "decision": "决定",
}
TITLE = "部门名称对照"
NOTES = (
    f"“{YES}”:这一写法就是建议单位;“{NO}”:不是,它自成一个单位;“{OTHER}”:是别的单位,请把全称写在“{RIGHT}”列。",
    "拿不准的留空,不会改动;只有填了决定的才会统一名称。",
)
_ASK = {HEADS["decision"]: (YES, NO, OTHER), RIGHT: ()}


@dataclass(frozen=True, eq=False)
class Confirmed:
    """What a person decided.

    aliases : alias, unit: the table as it was with the new decisions (a name that is a unit of its own means itself).
    frame : the suggestions with decision and ``right`` (what was filled in as 应为), NaN where nothing was.
    undecided : those of ``frame`` from which nothing was taken. strangers : rows never sent. missing : suggestions
    that did not come back. problems : file, sheet, row, column, found, fault, remedy, code; row is missing where the
    fault is in the decision itself. counts : rows by sheet, as ``review.back`` counts them.
    """

    aliases: pd.DataFrame
    frame: pd.DataFrame
    undecided: pd.DataFrame
    strangers: pd.DataFrame
    missing: pd.DataFrame
    problems: pd.DataFrame
    counts: pd.DataFrame


def review(suggestions: pd.DataFrame, path: str | Path) -> Path:
    """The workbook written for a person to decide in: 决定 (确认, 不是, 另填) and 应为 per name.

    suggestions : what ``suggest`` returns. Raises TableError for an ending other than .xlsx.

    >>> import tempfile
    >>> from governance.departments import suggest
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     review(suggest(["县住建局", "县住房和城乡建设局"]), Path(folder) / "部门名称对照.xlsx").name
    '部门名称对照.xlsx'
    """
    return sheets.out(_sent(suggestions), path, title=TITLE, key=HEADS["name"], ask=_ASK, notes=NOTES)


def _sent(suggestions: pd.DataFrame) -> pd.DataFrame:
    require(suggestions, list(COLUMNS), "部门名称建议")
    return suggestions[list(COLUMNS)].rename(columns=HEADS)


def confirm(path: str | Path, suggestions: pd.DataFrame, *, aliases: pd.DataFrame | None = None) -> Confirmed:
    """What a person decided, as a ``Confirmed``: the aliases with the decisions taken in, and all that did not fit.

    path : the workbook that ``review`` wrote, filled in (or a folder of them). suggestions : those sent out. aliases :
    the table so far. Not taken, but listed under ``problems`` and ``undecided``: a decision outside the three, 确认
    without a suggestion, 另填 without 应为, 应为 beside another decision or with several units, what contradicts
    ``aliases``, decisions that lead in a circle. Raises TableError where the workbook cannot be used at all.

    What it does not show: who decided; a wrong decision is taken as it stands.

    >>> import tempfile
    >>> from governance.departments import suggest
    >>> sent = suggest(["县住建局", "县住房和城乡建设局"])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "回.csv"
    ...     _ = file.write_text("单位写法,决定,应为\\n县住建局,确认,\\n", "utf-8")
    ...     confirm(file, sent).aliases.values.tolist()
    [['县住建局', '县住房和城乡建设局']]
    """
    found = sheets.back(path, _sent(suggestions), key=HEADS["name"], ask=_ASK)
    answers = found.frame.rename(columns={said: c for c, said in HEADS.items()} | {RIGHT: "right"})
    old = table() if aliases is None else table([*zip(aliases["alias"], aliases["unit"], strict=True)])
    meanings(old)
    taken, faults = _decided(answers, {tidy(a): u for a, u in zip(old["alias"], old["unit"], strict=True)})
    taken, circles = _straight(old, taken)
    faults += circles
    said = pd.DataFrame([(Path(path).name, "", None, HEADS["decision"], *f) for f in faults], columns=list(PROBLEMS))
    problems = pd.concat([found.problems, said.astype(PROBLEMS)], ignore_index=True).astype(PROBLEMS)
    new = table([(n, u) for n, u in taken.items() if tidy(n) not in {tidy(a) for a in old["alias"]}])
    return Confirmed(
        pd.concat([old, new], ignore_index=True),
        answers,
        answers[~answers["name"].isin(list(taken))],
        found.strangers,
        found.missing.rename(columns={said: c for c, said in HEADS.items()}),
        problems,
        found.counts,
    )


def _decided(answers: pd.DataFrame, old: dict[str, str]) -> tuple[dict[str, str], list[tuple[str, str, str, str]]]:
    """The unit decided for each name, and what could not be taken: found, fault, remedy, code."""
    taken: dict[str, str] = {}
    faults = []
    for row in answers.astype(object).where(answers.notna(), "").to_dict("records"):
        name, decision, right = row["name"], row["decision"], str(row["right"]).strip()
        meant = {YES: row["suggestion"], NO: name, OTHER: right, "": ""}[decision]
        fault = _fault(decision, meant, right, row["suggestion"])
        if not fault and meant and tidy(old.get(tidy(name), meant)) != tidy(meant):
            fault = (f"与已有的别名表不一致(已定为“{old[tidy(name)]}”)", "先改别名表,或重新决定")
        if fault:
            faults.append((f"{name}:{decision}{'→' + right if right else ''}", *fault, "decision"))
        elif meant:
            taken[name] = meant
    return taken, faults


def _fault(decision: str, meant: str, right: str, suggestion: str) -> tuple[str, str] | None:
    if decision == YES and not meant:
        return f"没有建议单位,不能“{YES}”", f"选“{OTHER}”并填写“{RIGHT}”,或选“{NO}”"
    if decision == OTHER and not meant:
        return f"选了“{OTHER}”而没有填“{RIGHT}”", f"在“{RIGHT}”列写单位全称"
    if decision == OTHER and len(apart(right)) > 1:
        return f"“{RIGHT}”里有几个单位", "只写一个单位"
    if right and decision != OTHER and not (decision == YES and tidy(right) == tidy(suggestion)):
        return f"填了“{RIGHT}”,决定却{'是“' + decision + '”' if decision else '没有选'}", f"要用“{RIGHT}”请选“{OTHER}”"
    return None


def _straight(old: pd.DataFrame, taken: dict[str, str]) -> tuple[dict[str, str], list[tuple[str, str, str, str]]]:
    """The decisions that lead nowhere in a circle, and faults for the others."""
    step = {
        **{tidy(a): u for a, u in zip(old["alias"], old["unit"], strict=True)},
        **{tidy(n): u for n, u in taken.items()},
    }
    good: dict[str, str] = {}
    faults = []
    for name, unit in taken.items():
        path, at = [tidy(name)], tidy(unit)
        while at in step and at not in path and tidy(step[at]) != at:
            path.append(at)
            at = tidy(step[at])
        if at in path and len(path) > 1:
            words = (f"几项决定绕成了圈:{'→'.join([*path, at])},都未采用", "改正其中一项", "circle")
            faults.append((f"{name}→{unit}", *words))
        else:
            good[name] = unit
    try:
        meanings(table([*zip(old["alias"], old["unit"], strict=True), *good.items()]))
    except TableError as fault:
        return {}, [*faults, ("", str(fault), "改正后再取回;这次的决定都未采用", "aliases")]
    return good, faults
