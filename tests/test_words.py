"""Chinese sentences are set in full-width punctuation."""

from __future__ import annotations

import pytest

from governance import words


@pytest.mark.parametrize(
    ("text", "proper"),
    [
        ("占22.2%(95%区间),共1,046件", "占22.2%（95%区间），共1,046件"),
        ("甲(乙(丙))丁", "甲（乙（丙））丁"),
        ("f(x)=1, y:2", "f(x)=1, y:2"),
        ("“资质审查”(S080)已列入", "“资质审查”（S080）已列入"),
        ("时间12:30,地点:甲", "时间12:30，地点：甲"),
    ],
)
def test_chinese_sentences_get_chinese_punctuation(text, proper):
    assert words.proper(text) == proper
    assert words.proper(proper) == proper
