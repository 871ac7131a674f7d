"""Which distinct names are one duty, and which are so near that a person should look."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from .. import rules
from .wording import Core, Lexicon, core, is_apart, likeness, reordered

TOP = 12  # nearest contents looked at for each
CHUNK = 1000  # contents compared at once: bounds the block of scores
COMMON = 4000  # character pairs in more contents than this say nothing when there are so many


@dataclass(frozen=True)
class Name:
    """One distinct name: where it stands (township and list), with which departments, and its content."""

    text: str
    places: frozenset[tuple[str, str]]
    departments: frozenset[str]
    core: Core


@dataclass(frozen=True)
class Group:
    """Names that are one duty; ``title`` the name in most townships."""

    names: tuple[Name, ...]
    title: Name
    places: frozenset[tuple[str, str]]
    departments: frozenset[str]

    @property
    def townships(self) -> set[str]:
        return {township for township, _ in self.places}


@dataclass(frozen=True)
class Near:
    """Another group that may be the same duty, how alike the contents are, and why they were left apart."""

    other: int
    score: float
    why: str


def described(text: str, name: str, rows: Sequence[tuple[str, str, str]], words: Lexicon) -> Name:
    """A distinct name from its rows of (township, list kind, departments).

    >>> from .wording import lexicon
    >>> described("河道保洁", "河道保洁", [("甲镇", "basic", "县水利局")], lexicon()).departments
    frozenset({'县水利局'})
    """
    units = frozenset(u for _, _, cell in rows for u in cell.split("、") if u)
    return Name(text, frozenset((t, k) for t, k, _ in rows), units, core(name, words))


def _strangers(one: Name | Group, other: Name | Group) -> bool:
    """Whether both name departments and none is shared."""
    return bool(one.departments and other.departments and not one.departments & other.departments)


def _one_duty(one: Name, other: Name) -> bool:
    if one.places & other.places or not reordered(one.core, other.core):
        return False
    light = one.core.weak ^ other.core.weak
    nested = one.core.weak <= other.core.weak or one.core.weak >= other.core.weak
    return not light or (nested and not _strangers(one, other))


def groups(names: Sequence[Name]) -> list[Group]:
    """Groups of names that are one duty, every two members fit by themselves: no chain reaches from one to another.

    Two names are one duty when nothing but form differs: stock words, word order, words the rule ``crosswalk.words``
    holds for the same; light words (管理, 服务) may be there or not unless departments contradict. Never two
    names that stand on one list of one township. The order of ``names`` changes nothing.

    >>> from .wording import lexicon
    >>> at = lambda text, town: described(text, text, [(town, "basic", "")], lexicon())
    >>> [len(g.names) for g in groups([at("做好河道保洁工作", "甲镇"), at("河道保洁", "乙乡"), at("道路保洁", "丙镇")])]
    [2, 1]
    """
    classes: dict[str, list[Name]] = defaultdict(list)
    for one in sorted(names, key=lambda n: (-len(n.places), n.text)):
        classes["".join(sorted(one.core.strong))].append(one)
    found: list[list[Name]] = []
    for key in sorted(classes):
        mine: list[list[Name]] = []
        for one in classes[key]:
            fits = next((g for g in mine if all(_one_duty(one, other) for other in g)), None)
            if fits is None:
                mine.append([one])
            else:
                fits.append(one)
        found += mine
    return [_group(members) for members in found]


def _group(members: list[Name]) -> Group:
    return Group(
        tuple(members),
        members[0],
        frozenset().union(*(n.places for n in members)),
        frozenset().union(*(n.departments for n in members)),
    )


def nearest(contents: Sequence[str]) -> list[np.ndarray]:
    """For each content the places of up to TOP others nearest to it by TF-IDF of character pairs, nearest first.

    >>> [near.tolist() for near in nearest(["河道保洁", "道路保洁", "招商引资"])]
    [[1], [0], []]
    """
    if len(contents) < 2:
        return [np.zeros(0, int) for _ in contents]
    rows = _vectors(contents)
    columns, out = sparse.csr_array(rows.T), []
    for start in range(0, rows.shape[0], CHUNK):
        block = sparse.csr_array(rows[start : start + CHUNK] @ columns)
        for at in range(block.shape[0]):
            where = slice(block.indptr[at], block.indptr[at + 1])
            found, score = block.indices[where], block.data[where]
            if len(found) > 4 * TOP:
                best = score >= np.partition(score, -TOP - 1)[-TOP - 1]
                found, score = found[best], score[best]
            order = found[np.lexsort((found, -score.round(9)))]
            out.append(order[order != start + at][:TOP])
    return out


def _vectors(contents: Sequence[str]) -> sparse.csr_array:
    from sklearn.feature_extraction.text import TfidfVectorizer

    few = len(contents) <= COMMON
    model = TfidfVectorizer(
        analyzer="char", ngram_range=(1, 2) if few else (2, 2), lowercase=False, max_df=1.0 if few else COMMON
    )
    try:
        return sparse.csr_array(model.fit_transform(contents))
    except ValueError:  # nothing but empty contents, or pairs too common to count
        return sparse.csr_array((len(contents), 1))


def doubts(found: Sequence[Group], words: Lexicon) -> dict[int, Near]:
    """For the groups that a person should look at: the group each may be one with.

    Left in doubt: contents at least ``crosswalk.unsure`` alike (less ``crosswalk.department`` where the departments
    agree, more where none does), not on one list of one township, naming no opposites. The group in fewer townships
    is the one asked about; both when they are in equally many. Names one in content that stand side by side on one
    list of one township are always asked about.

    >>> from .wording import lexicon
    >>> at = lambda text, town: described(text, text, [(town, "basic", "")], lexicon())
    >>> pair = groups([at("秸秆禁烧巡查", "甲镇"), at("秸秆露天禁烧巡查", "乙乡")])
    >>> doubts(pair, lexicon())[0].score
    0.8571
    """
    contents = [g.title.core.strong for g in found]
    near = nearest(contents)
    limit, shift = rules.value("crosswalk.unsure"), rules.value("crosswalk.department")
    out: dict[int, Near] = {}
    for at, one in enumerate(found):
        best: tuple[float, str, int, str] | None = None
        for other_at in near[at]:
            other = found[other_at]
            score = likeness(contents[at], contents[other_at])
            same = reordered(one.title.core, other.title.core)
            if len(one.townships) > len(other.townships) or not (
                same or _doubtful(one, other, score, limit, shift, words)
            ):
                continue
            mark = (-score, other.title.text, int(other_at), _why(one, other, same))
            best = min(best, mark) if best else mark
        if best:
            out[at] = Near(best[2], -best[0], best[3])
    return out


def _doubtful(one: Group, other: Group, score: float, limit: float, shift: float, words: Lexicon) -> bool:
    shared = bool(one.departments & other.departments)
    wanted = limit - shift * shared + shift * _strangers(one, other)
    return (
        score >= wanted
        and not one.places & other.places
        and not is_apart(one.title.core.strong, other.title.core.strong, words)
    )


def _why(one: Group, other: Group, same: bool) -> str:
    if one.places & other.places:
        return "同一乡镇(街道)的同一张清单上两项并列"
    if same and _strangers(one, other):
        return "责任部门没有相同的"
    return ""
