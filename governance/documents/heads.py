"""What the columns of a published list mean: headings matched by meaning, asked about when unsure."""

from __future__ import annotations

import csv
import functools
import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources

from .. import rules
from ..tables.headers import squeeze
from . import wording
from .blocks import Table

DEPTH = 20  # rows of a table searched for its header
LEVELS = 3
LONGEST = 60  # characters of a heading
_TOWN = re.compile(
    r"(?:各)?(?:乡\(镇\)|乡镇|镇街|镇乡|乡街|镇)[(、/和及]*(?:街道)?\)*(?:办事处)?|街道[(、/]乡镇\)|街道(?:办事处)?"
)
_COUNTY = re.compile(r"(?:县|市|区)\(市?、?区?\)?(?:级|直)|(?:县|市|区|县区|县市区)(?:级|直)")
_ASIDE = re.compile(r"\([^()]*\)")
_DUTY_ABOVE = re.compile(r"职责|边界|分工|履职|责任划分|划分|事权")
_MARK = re.compile(r"(?:主体|配合|主|配)(?:责任)?|[√✓✔●○◎▲△■□☑是否/\\—-]*")
_UNIT = re.compile(
    r"[\u4e00-\u9fff()]{2,20}(?:局|委|办|室|部|队|中心|所|公司|站|院|会|社|机关|校|厅|处|乡镇|镇|乡|街道)(?:\([^)]*\))?"
)
_PLAIN_DUTY = ("职责", "主要职责", "工作职责", "具体职责", "职责任务", "配合职责", "责任")
_PLAIN_NAME = ("名称", "部门", "单位", "部门名称", "单位名称")
_EVERY = re.compile(r"(?:各|全部|所有|全县)?(?:乡镇|镇街|镇|街道|乡)(?:\(街道\)|、街道|街道)?|全[县市区]|各地")
_MEANT = set("县乡镇街上下级市区主配合收回基本一二三四五大小不总分")  # letters that make another heading, no slip
_SIDES = ("department", "township")


@dataclass(frozen=True)
class Unsure:
    """A heading that could not be understood: its column from 0, its text, the nearest three meanings (Chinese).

    close : the nearest is like enough to be proposed as the answer. twice : another column has this meaning already.
    """

    column: int
    text: str
    nearest: tuple[str, ...]
    close: bool = False
    twice: bool = False


@dataclass(frozen=True, eq=False)
class Header:
    """The header of a table: its first row from 0, how many rows deep, and what each column means.

    columns : meaning -> column; units : column -> the unit whose share of each item it marks.
    unsure : headings to ask about; read_as : (heading, label) of headings read in spite of a typo.
    """

    row: int
    depth: int
    columns: Mapping[str, int]
    texts: tuple[str, ...]
    units: Mapping[int, str]
    unsure: tuple[Unsure, ...] = ()
    read_as: tuple[tuple[str, str], ...] = ()


@functools.cache
def vocabulary() -> dict[str, tuple[str, str]]:
    """normal heading -> (meaning, its Chinese label).

    >>> vocabulary()["乡镇配合职责"]
    ('township_duty', '乡镇配合职责')
    """
    text = (resources.files("governance.documents") / "headings.csv").read_text("utf-8")
    found: dict[str, tuple[str, str]] = {}
    for line in csv.DictReader(text.splitlines()):
        for word in (line["label"], *line["words"].split("|")):
            found.setdefault(normal(word), (line["meaning"], line["label"]))
    return found


def normal(text: str) -> str:
    """A heading without blanks, marks and the many ways to write townships and the county level.

    >>> normal("镇街 配合职责*"), normal("乡镇（街道）职责"), normal("县直部门职责")
    ('乡镇配合职责', '乡镇职责', '县级部门职责')
    """
    bare = squeeze(text).strip("*:：。.、;；-—").casefold()
    return _COUNTY.sub("县级", _TOWN.sub("乡镇", bare))


def meaning(text: str, said: Mapping[str, str] = {}) -> tuple[str, str] | None:
    """(meaning, Chinese label) of a heading that is known word for word, or None.

    said : headings explained by the user, normal heading -> meaning.

    >>> meaning("具体事项（名称）"), meaning("办理结果")
    (('name', '事项名称'), None)
    """
    if len(text) > LONGEST:
        return None
    word, known = normal(text), vocabulary()
    if word in said:
        return said[word], labels()[said[word]]
    for form in (word, _ASIDE.sub("", word)):
        if form in known:
            return known[form]
    return None


@functools.cache
def labels() -> dict[str, str]:
    """meaning -> Chinese label.

    >>> labels()["method"]
    '工作方式'
    """
    return dict(vocabulary().values())


def _close(text: str, label: str) -> bool:
    """Whether a heading resembles some heading of the meaning ``label`` by two thirds."""
    from rapidfuzz import fuzz

    words = [w for w, (_, said) in vocabulary().items() if said == label]
    return max(fuzz.ratio(normal(text), w) for w in words) >= rules.value("documents.close")


@functools.lru_cache(maxsize=4096)
def likely(text: str) -> tuple[str | None, tuple[str, ...]]:
    """The meaning of a heading with a slip of the pen (None when unsure), and up to three of the nearest labels.

    >>> likely("事项名秤")[0], likely("划换分标准")[0]
    ('name', None)
    """
    from rapidfuzz import fuzz, process
    from rapidfuzz.distance import Levenshtein

    typed = normal(text)
    near = [w for w in vocabulary() if len(w) == len(typed) >= 4 and Levenshtein.distance(w, typed) == 1]
    slips = {vocabulary()[w][0] for w in near if not _MEANT & set(w).symmetric_difference(typed)}
    best: dict[str, float] = {}
    for word, score, _ in process.extract(typed, list(vocabulary()), scorer=fuzz.ratio, limit=40):
        name = vocabulary()[word][0]
        best[name] = max(best.get(name, 0.0), score)
    order = sorted(best, key=lambda n: -best[n])
    clear = (
        len(order) > 0
        and best[order[0]] >= rules.value("documents.likely")
        and (len(order) < 2 or best[order[0]] - best[order[1]] >= rules.value("documents.lead"))
    )
    first = slips.pop() if len(slips) == 1 else order[0] if clear else None
    return first, tuple(labels()[n] for n in order[:3] if best[n] >= rules.value("documents.near"))


def header(table: Table, said: Mapping[str, str]) -> Header | None:
    """The header of ``table``, or None when no rows name at least an item's name and one column more.

    A header may stand below title rows and be up to three rows deep.

    >>> header(Table((("序 号", "事项名秤"), ("1", "甲"))), {}).columns
    {'number': 0, 'name': 1}
    """
    best, most = None, 0.0
    for row in range(min(DEPTH, len(table.grid))):
        if best and row > best[0] + 1:
            break  # the first header counts; a later one opens another list
        if len(set(filter(None, map(squeeze, table.grid[row])))) < 2:
            continue
        least = max((b - row + 1 for (t, _), (b, _) in table.merged if t == row and b < row + LEVELS), default=1)
        for depth in range(1, min(LEVELS, len(table.grid) - row) + 1):
            if depth > 1 and not _deeper(table, row, depth):
                break
            if depth < least:
                continue
            texts = _stacked(table, row, depth)
            known = [
                (_paired(t, ()), "") if _paired(t, ()) else meaning(_last(t), said) or _by_parent(t) for t in texts
            ]
            names = {m[0] for m in known if m}
            if not names:
                continue
            guessed = {likely(_last(t))[0] for t, m in zip(texts, known, strict=True) if not m and _last(t)} - {None}
            score = len(names) + 0.9 * len(guessed - names)
            if "name" in names | guessed and score > most + 0.05 and score >= 1.9:
                best, most = (row, depth, texts), score
    best = best or _two_columns(table)
    return None if best is None else _read(table, *best, said)


def _two_columns(table: Table) -> tuple[int, int, list[tuple[str, ...]]] | None:
    """The header of a list of two columns, numbers and one thing more: that must be the items, whatever its heading."""
    for row in range(min(DEPTH, len(table.grid))):
        words = [squeeze(t) for t in table.grid[row]]
        first = meaning(words[0]) if len(words) == 2 else None
        if first and first[0] == "number" and words[1] and words[1] != words[0]:
            return row, 1, [(words[0],), (words[1],)]
    return None


def _deeper(table: Table, row: int, depth: int) -> bool:
    """Whether row ``row + depth - 1`` still belongs to a header that begins in ``row``."""
    upper, lower = table.grid[row + depth - 2], table.grid[row + depth - 1]
    across = any((top <= row + depth - 2 <= bottom) and right > left for (top, left), (bottom, right) in table.merged)
    twins = any(a and a == b for a, b in itertools.pairwise(upper))
    blank_under = any(a and not b for a, b in zip(upper, lower, strict=True))
    numbered = bool(re.fullmatch(r"[\d(]+[)、..]?", squeeze(lower[0]))) if lower else False
    same = sum(a == b and bool(a) for a, b in zip(upper, lower, strict=True))
    return (across or twins or same > 0 or blank_under) and not numbered and upper != lower


def _stacked(table: Table, row: int, depth: int) -> list[tuple[str, ...]]:
    """For each column its different header texts from the top down."""
    rows = table.grid[row : row + depth]
    return [tuple(dict.fromkeys(t for r in rows if (t := squeeze(r[c])))) for c in range(len(rows[0]))]


def _last(texts: Sequence[str]) -> str:
    return texts[-1] if texts else ""


def _by_parent(texts: Sequence[str]) -> tuple[str, str] | None:
    """A two-level heading understood only together, as 职责边界 over 县级部门; then an upper one alone."""
    for word in ("".join(texts), *reversed(texts[:-1])):
        if texts and (found := meaning(word)):
            return found
    return None


def _side(word: str) -> str:
    return "township" if "乡镇" in word or "属地" in word else "department" if re.search("县级|上级|部门", word) else ""


def _paired(texts: Sequence[str], taken: Sequence[str]) -> str:
    """Meaning of a two-level heading that crosses who with what, or ""; ``taken``: meanings plainly said elsewhere."""
    if len(texts) < 2:
        return ""
    words = [normal(t) for t in texts]
    side = next((s for w in reversed(words) if (s := _side(w))), "")
    role = next((r for w in words for r, sign in (("primary", "主体"), ("secondary", "配合责任")) if sign in w), "")
    if side and role:
        return f"{role}_{side}"
    if (above := _side("".join(words[:-1]))) and words[-1] in _PLAIN_DUTY:
        return f"{above}_duty"
    if above == "department" and words[-1] in _PLAIN_NAME:
        return above
    last = meaning(texts[-1])
    bare = last is None or last[0] in ("township", "department")
    duty = f"{_side(words[-1])}_duty"
    if bare and _side(words[-1]) and duty not in taken and any(_DUTY_ABOVE.search(w) for w in words[:-1]):
        return duty
    return ""


def _read(table: Table, row: int, depth: int, texts: list[tuple[str, ...]], said: Mapping[str, str]) -> Header:
    columns: dict[str, int] = {}
    units: dict[int, str] = {}
    unsure: list[Unsure] = []
    read_as: list[tuple[str, str]] = []
    body = table.grid[row + depth :]
    if len(texts) == 2 and not {"name"} & {m[0] for t in texts if (m := meaning(_last(t), said))}:
        said = {**said, normal(_last(texts[1])): "name"}
        read_as.append((_last(texts[1]), labels()["name"]))
    plain = [m[0] for t in texts if t and (m := meaning(t[-1]))]
    for at, stack in enumerate(texts):
        text = "›".join(stack)
        filled = [squeeze(r[at]) for r in body if r[at].strip()]
        if at and stack == texts[at - 1] and _one_cell(table, row + depth - 1, at, body):
            continue
        explained = said.get(normal(text)) or said.get(normal(_last(stack)))
        crossed = explained or _paired(stack, plain)
        known = (crossed, "") if crossed else meaning(_last(stack)) or _by_parent(stack)
        bare = known is None or known[0] in (*_SIDES, "department_duty", "township_duty")
        marks = filled and all(map(_MARK.fullmatch, filled)) and any(re.search("主|配|√|●|○", t) for t in filled)
        if bare and text and marks and (known or _UNIT.fullmatch(_last(stack))):
            units[at] = _last(stack)
            continue
        if known is None and text:
            name, nearest = likely(_last(stack))
            if name and name not in columns:
                known = (name, labels()[name])
                read_as.append((text, labels()[name]))
            elif filled:
                unsure.append(Unsure(at, text, nearest, bool(nearest) and _close(_last(stack), nearest[0])))
        if known:
            _place(columns, unsure, _told_apart(known[0], filled), at, text)
    return Header(row, depth, columns, tuple("›".join(t) for t in texts), units, tuple(unsure), tuple(read_as))


def _one_cell(table: Table, row: int, at: int, body: Sequence[Sequence[str]]) -> bool:
    """Whether column ``at`` only continues the header cell on its left, with nothing of its own below it."""
    over = any(top <= row <= bottom and left < at <= right for (top, left), (bottom, right) in table.merged)
    return over and all(not r[at].strip() or r[at] == r[at - 1] for r in body)


def _place(columns: dict[str, int], unsure: list[Unsure], name: str, at: int, text: str) -> None:
    """Enter a column; the second of one meaning is asked about."""
    own = {"primary": "department_duty", "secondary": "township_duty"}.get(name, "")
    if name in columns and own and own not in columns:  # 主体责任单位 | 主体责任: the unit, then what it does
        columns[own] = at
    elif name in columns and name not in ("note", "code"):
        unsure.append(Unsure(at, text, (labels().get(name, name),), twice=True))
    else:
        columns.setdefault(name, at)


def _told_apart(name: str, filled: Sequence[str]) -> str:
    """A heading that only names a side holds its units, or its duties when the cells are long."""
    if name not in _SIDES or not filled:
        return name
    named = sum(_names_towns(t) if name == "township" else _names_units(t) for t in filled)
    return name if 2 * named >= len(filled) else f"{name}_duty"


def _names_towns(text: str) -> bool:
    return len(text) < 60 and (bool(wording.township(re.split("[、,/;]", text)[0])) or bool(_EVERY.fullmatch(text)))


def _names_units(text: str) -> bool:
    return len(text) < 80 and all(_UNIT.fullmatch(u) for u in wording.departments(text))
