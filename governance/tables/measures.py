"""Units that headers end in: another spelling is the same column, another size of the same kind is converted."""

from __future__ import annotations

import functools
import re
from typing import NamedTuple

_AREA = {
    1.0: ("平方米", "m2", "平米", "平"),
    2000 / 3: ("亩",),
    1e4: ("公顷", "ha", "hm2", "万平方米", "万平米", "万m2"),
    1e6: ("平方公里", "平方千米", "km2"),
}
_KNOWN: dict[str, dict[float, tuple[str, ...]]] = {  # a column's own unit -> how many of it -> spellings
    "平方米": _AREA,
    "km²": {factor / 1e6: words for factor, words in _AREA.items()},
    "米": {1.0: ("米", "m"), 1e3: ("公里", "千米", "km")},
    "人": {1.0: ("人", "张", "个", "位", "名", "床"), 1e2: ("百人",), 1e3: ("千人",), 1e4: ("万人",)},
    "户": {1.0: ("户",), 1e4: ("万户",)},
    "度": {1.0: ("度", "°")},
    "小时": {1.0: ("小时", "h")},
    "坡度": {1.0: ("小数", "比值", "m/m"), 1e-2: ("%", "百分比", "百分数"), 1e-3: ("‰", "千分比")},
}


class Measure(NamedTuple):
    """A header without the unit it ends in, that unit as written, and how many of the column's own unit it is."""

    base: str
    unit: str
    factor: float


@functools.cache
def measure(head: str, unit: str) -> Measure:
    """What header ``head`` (squeezed, small letters) says of its unit; no base where it ends in none of the kind of ``unit``.

    >>> measure("用地面积(亩)", "平方米").factor, measure("长度km", "米"), measure("面积㎡", "平方米").base
    (666.6666666666666, Measure(base='长度', unit='km', factor=1000.0), '')
    """
    known = {word: factor for factor, words in _KNOWN.get(unit, {}).items() for word in words}
    words = "|".join(re.escape(w) for w in sorted(known, key=len, reverse=True))
    for form in (rf"(.+)[(\[【](?:单位:?)?({words})[)\]】]", rf"(.+?)[/_,:]?({words})"):
        if known and (found := re.fullmatch(form, head)):
            return Measure(found[1], found[2], known[found[2]])
    return Measure("", "", 1.0)
