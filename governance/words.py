"""How Chinese is set: the punctuation of official documents."""

from __future__ import annotations

import re

HAN = re.compile(r"[\u2018-\u201d\u3000-\u9fff\uff00-\uffef]")
PAIR = re.compile(r"\(([^()]*)\)")
MARKS = re.compile(rf"(?<={HAN.pattern})[,:;?!]|[,:;?!](?={HAN.pattern})|[\ue000\ue001]")
WIDE = {ord(a): b for a, b in zip(",:;?!\ue000\ue001", "\uff0c\uff1a\uff1b\uff1f\uff01()", strict=True)}


def proper(text: str) -> str:
    """The text with full-width punctuation wherever it stands in Chinese, as official documents have it.

    >>> proper("占22.2%(95%区间),共1,046件;甲(S080)")
    '占22.2%（95%区间），共1,046件；甲（S080）'
    """
    before = ""
    while before != text:
        before, text = text, PAIR.sub(_widened, text)
    return MARKS.sub(lambda found: found[0].translate(WIDE), text)


def _widened(found: re.Match[str]) -> str:
    around = found.string[found.start() - 1 : found.start()] + found[1] + found.string[found.end() : found.end() + 1]
    return f"\uff08{found[1]}\uff09" if HAN.search(around) else f"\ue000{found[1]}\ue001"
