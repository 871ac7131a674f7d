"""What an item's name says once stock phrases are set aside, and how two names differ."""

from __future__ import annotations

import difflib
import functools
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from .. import rules

QUOTES = re.compile(r"[\s\"'“”‘’《》〈〉「」『』【】\[\]·.]+")
YEARS = re.compile(r"(?:19|20)\d\d年度?")
CUTS = re.compile(  # where a name falls into parts; 和谐, 及时, 参与, 合并 are words of their own
    r"[^\w]+|以及|(?<![共饱中温缓平])和(?![谐平解睦])|(?<![普涉波危顾以])及(?!时|其)|(?<![参给赋授])与|(?<![合兼归一])并(?![网购])"
)
SLACK = 3  # characters two neighbours may share at their ends: 就业创业, 创业就业


@dataclass(frozen=True)
class Core:
    """A name's content: ``parts`` in their order, ``strong`` the parts in one, ``weak`` the light words set aside."""

    parts: tuple[str, ...]
    strong: str
    weak: frozenset[str]


@dataclass(frozen=True)
class Lexicon:
    """The rule ``crosswalk.words``, made ready for use."""

    same: dict[str, str]
    variants: re.Pattern[str]
    drop: re.Pattern[str]
    lead: re.Pattern[str]
    tail: re.Pattern[str]
    weak: re.Pattern[str]
    keep: tuple[str, ...]
    apart: tuple[re.Pattern[str], ...]
    negation: re.Pattern[str]
    neutral: re.Pattern[str]


def _any(words: Iterable[str]) -> str:
    """A pattern for any of the words, the longest first; one that matches nothing when there are none."""
    return "|".join(map(re.escape, sorted(map(folded, words), key=lambda w: (-len(w), w)))) or "(?!)"


@functools.lru_cache(maxsize=1)
def lexicon() -> Lexicon:
    """The words in force, from ``rules.yaml``."""
    words = rules.value("crosswalk.words")
    same = {folded(one): folded(group[0]) for group in words["same"] for one in group}
    return Lexicon(
        same=same,
        variants=re.compile(_any(same)),
        drop=re.compile(_any(words["drop"])),
        lead=re.compile(_any(words["lead"])),
        tail=re.compile(f"(?:{_any(words['tail'])})$"),
        weak=re.compile(_any(words["weak"])),
        keep=tuple(map(folded, words["keep"])),
        apart=tuple(re.compile(_any(group)) for group in words["apart"]),
        negation=re.compile(_any(words["negation"])),
        neutral=re.compile(_any(words["neutral"])),
    )


def folded(text: str) -> str:
    """The text in NFKC and small letters, without spaces, quotation marks and years.

    >>> folded("开展 2025年度“扫黄打非”(含网络)")
    '开展扫黄打非(含网络)'
    """
    return YEARS.sub("", QUOTES.sub("", unicodedata.normalize("NFKC", str(text)).lower()))


def plain(text: str) -> str:
    """Letters, figures and Han characters of the text only: what two names must share to be called the same.

    >>> plain("村(社区)“两委”换届;")
    '村社区两委换届'
    """
    return "".join(c for c in folded(text) if c.isalnum())


def _trimmed(part: str, words: Lexicon) -> str:
    """One part of a name without what stands at its head and tail for form's sake."""
    before = None
    while before != part:
        before = part
        if not part.startswith(words.keep) and (found := words.lead.match(part)):
            part = part[found.end() :]
    before = None
    while before != part:
        before = part
        if not part.endswith(words.keep):
            part = words.tail.sub("", part)
    return part


def core(name: str, words: Lexicon) -> Core:
    """The content of a name.

    >>> core("做好辖区内村(居)党员发展、党员教育管理等工作", lexicon())
    Core(parts=('村社党员发展', '党员教育'), strong='村社党员发展党员教育', weak=frozenset({'管理'}))
    """
    text = words.variants.sub(lambda found: words.same[found[0]], folded(name))
    whole = words.drop.sub("", text) or text
    parts = [t for p in CUTS.split(whole) if p and (t := _trimmed(p, words))] or [plain(name)]
    strong = [s for p in parts if (s := words.weak.sub("", p))]
    if len("".join(strong)) < 2:
        return Core(tuple(parts), "".join(parts), frozenset())
    return Core(tuple(strong), "".join(strong), frozenset(f for p in parts for f in words.weak.findall(p)))


def reordered(one: Core, other: Core) -> bool:
    """Whether two contents are the same words: in one order, in parts changed about, or with two neighbours swapped.

    Who does what to whom stays: 村监督企业 is not 企业监督村.

    >>> words = lexicon()
    >>> reordered(core("排查整治燃气隐患", words), core("燃气隐患排查整治", words))
    True
    >>> reordered(core("村级组织监督企业", words), core("企业监督村级组织", words))
    False
    """
    a, b = one.strong, other.strong
    if a == b:
        return True
    if len(a) != len(b) or sorted(a) != sorted(b):
        return False
    if sorted(one.parts) == sorted(other.parts):
        return True
    first = next(i for i in range(len(a)) if a[i] != b[i])
    last = len(a) - next(i for i in range(len(a)) if a[-1 - i] != b[-1 - i])
    for start in range(first, max(first - SLACK, 0) - 1, -1):
        for end in range(last, min(last + SLACK, len(a)) + 1):
            x, y = a[start:end], b[start:end]
            if any(x[n:] + x[:n] == y for n in range(2, len(x) - 1)):
                return True
    return False


def likeness(a: str, b: str) -> float:
    """How alike two texts are, 0 to 1: the greater of the edit ratio and the share of character pairs in common.

    >>> likeness("森林防火巡查", "巡查森林防火"), likeness("甲", "乙")
    (0.8, 0.0)
    """
    from rapidfuzz import fuzz

    if a == b:
        return 1.0
    pairs, others = _pairs(a), _pairs(b)
    both = 2 * len(pairs & others) / (len(pairs) + len(others)) if pairs or others else 0.0
    return round(max(fuzz.ratio(a, b) / 100, both), 4)


@functools.lru_cache(maxsize=200_000)
def _pairs(text: str) -> frozenset[str]:
    return frozenset(text[i : i + 2] for i in range(len(text) - 1))


def is_apart(a: str, b: str, words: Lexicon) -> bool:
    """Whether two contents name different things of one kind (农村 and 城市, 检查 and 处罚), or one denies the other.

    >>> is_apart("农村饮用水巡查", "城市饮用水巡查", lexicon()), is_apart("经营性自建房", "非经营性自建房", lexicon())
    (True, True)
    """
    for group in words.apart:
        mine, theirs = set(group.findall(a)), set(group.findall(b))
        if mine and theirs and not mine & theirs:
            return True
    denied, too = (sorted(words.negation.findall(words.neutral.sub("", text))) for text in (a, b))
    return denied != too


def spans(a: str, b: str) -> tuple[list[str], list[str]]:
    """What only ``a`` says, and what only ``b`` says.

    >>> spans("开展河道巡查", "河道巡查保洁工作")
    (['开展'], ['保洁工作'])
    """
    moves = difflib.SequenceMatcher(None, a, b, autojunk=False).get_opcodes()
    return [a[i:j] for _, i, j, k, m in moves if i < j and a[i:j] != b[k:m]], [
        b[k:m] for _, i, j, k, m in moves if k < m and a[i:j] != b[k:m]
    ]
