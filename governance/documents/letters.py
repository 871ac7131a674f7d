"""The letters of a published cell: cleaned text, item names, and the numbers that count them."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Sequence

NUMERALS = "一二三四五六七八九十百"
SUFFIX = (  # how a unit's name ends
    r"(?:局|委|办|部|署|厅|院|所|站|队|处|科|室|馆|会|联|社|中心|公司|集团|银行|支行|分行|学校|党校|海关|科协|编办|政府"
    r"|团县委|团市委|团区委|小组|专班|机构|机关|部门)(?:[(（][^()（）]{1,30}[)）])?"
)
_FORWARD = r"(?:[一-鿿X×]{1,7}?)?(?:县|市|区|旗|州|省)(?![域场长]|城(?![管投市建乡]))|市场监|国网|国家|中国|中共|(?:属地|辖区)(?=派出|公安|市场)|各|相关|有关|共青团|团[县市区]委"
_STEMS = (
    "公安|教育|民政|司法局|财政|人力资源|人社|自然资源|资规|生态环境|环保|住房|住建|建设局|交通|水利|水务|农业|农水|商务"
    "|文化|文旅|文广|卫生|卫健|退役|应急|审计局|统计局|医保|医疗保障|税务|气象|消防|信访|林业|综合行政执法|综合执法|行政审批"
    "|发展和改革|发改|经信|经济和信息化|工业和信息化|科技局|科学技术|组织部|宣传部|统战部|政法委|社会工作部|社工部|编办|纪委"
    "|供电|烟草|数据局|大数据|城管|城市管理|残联|残疾人联合会|妇联|妇女联合会|总工会|供销|邮政|人武部|人民武装部|检察院|法院"
    "|档案|民族|民宗|政务服务|粮食|金融|投资促进|招商|体育局|红十字|科协|工商联|国资|机关事务"
)
UNIT_START = re.compile(rf"(?:{_FORWARD}|{_STEMS})")
UNIT_END = re.compile(rf"{SUFFIX}$")
_UNIT = rf"(?>{_FORWARD}|{_STEMS})[一-鿿]{{0,24}}?{SUFFIX}"
UNITS = re.compile(rf"(?:{_UNIT}|[县市区]委)(?:[、,，]{_UNIT})*")
HEADING = re.compile(rf"{UNITS.pattern}(?:主要|牵头|的)?(?:负责|职责|牵头|配合)?[:：]")
_FIRST = r"\d{4,5}(?!\d)|1[12]\d(?!\d)|\d+分钟|[45]G|(?:\d{1,2}[-\uff0d—~\uff5e至])?\d{1,3}周?岁|\d{1,2}·\d|\d+\.\d+[万亿千亩公米吨元]"  # figures a duty may begin with, after its number
NUMBERING = re.compile(
    r"(?P<bracket>[(（](?:\d{1,3}|[一二三四五六七八九十百]{1,5})[)）](?![项款条+\uff0b]))"
    r"|(?P<circle>[\u2460-\u249b\u3220-\u3229\u3251-\u325f\u3280-\u3289\u32b1-\u32bf])"
    rf"|(?P<dot>\d{{1,3}}\.)(?:\s+|(?!\d)|(?={_FIRST}))"
    rf"|(?P<comma>\d{{1,3}}、)(?:\s+|(?!\d)|(?={_FIRST}))"
    r"|(?P<close>\d{1,3}[)）])(?!\d)"
    r"|(?P<han>(?:[一二三四五六七八九]百零?)?[一二三四五六七八九十]{1,3}[、.\uff0e])(?![一二三四五六七八九十]{1,3}(?:[级类期次产线孩、]|[年月]))"
)
BULLETS = "●◆■▪•◇►➢"  # signs that nothing but a list begins with
BULLET = re.compile(rf"[{BULLETS}]+|([-–—·✓✔√])(?!\1)(?=.*[一-鿿])")

_NULL = re.compile(
    r"[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\ufff9-\ufffb\x00-\x08\x0e-\x1f\x7f]|_x000[dD]_"
)
_BREAK = re.compile(r"\r\n?|[\n\x0b\x0c\x85\u2028\u2029]")
_BLANK = re.compile(r"[^\S\n]+")
_LEFT, _RIGHT = re.compile(r"[A-Za-z0-9,;:.!?%)\"']"), re.compile(r"[A-Za-z0-9(\"']")
_POINT = re.compile(r"(?<=\d)[^\S\n]*．")
_SIMPLE = re.compile(r"[\u4e00-\u9fffA-Za-z0-9、，。；：（）()“”《》.;:,!?！？+%]+")
_NOTHING = re.compile(r"[-‐-―－—_/／\\~～]*")
_ENDED = "。；;！？!?"
_AFTER_UNIT = re.compile(rf"负责|承担|牵头|{UNITS.pattern}")
_BLANKS = re.compile(r"[\s\u00ad\u200b-\u200f\u2060\ufeff]+")
_SPACE = re.compile(r"[^\S\0]+")
_ORDINAL = re.compile(
    r"第(?:\d{1,3}|[一二三四五六七八九十百]{1,5})(?:项(?!目)[、.\uff0e:：,，]?|[、.\uff0e](?![第一二三四五六七八九十\d]))"
)
_STOP = re.compile(r"(?<=[一-鿿)])[.\uff0e]$")
_EDGE = "；;。，,、"
_RADICALS = (
    "⺁厂⺇几⺊卜⺌小⺎兀⺐尢⺒巳⺓幺⺕彐⺙攵⺛旡⺜日⺝月⺞歹⺟母⺠民⺩王⺪疋⺫罒⺬示⺮竹⺶羊⺻聿⻁虎⻃覀⻄西⻅见⻆角⻇角⻉贝⻋车"
    "⻑長⻓长⻔门⻗雨⻘青⻙韦⻚页⻛风⻜飞⻝食⻟食⻡首⻢马⻣骨⻤鬼⻥鱼⻦鸟⻧卤⻨麦⻩黄⻪黾⻫斉⻬齐⻭歯⻮齿⻯竜⻰龙⻱龜⻲亀⻳龟"
)


def _letters() -> dict[int, str]:
    """Odd code point -> the letter a person would have typed."""
    odd = [*range(0x2F00, 0x2FD6), *range(0xF900, 0xFADA), *range(0x2F800, 0x2FA1E)]
    odd += [*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B)]
    typed = {code: unicodedata.normalize("NFKC", chr(code)) for code in odd}
    halves = dict.fromkeys(range(0xD800, 0xE000), "\ufffd")  # of characters: text backed by pyarrow cannot hold them
    return typed | halves | {ord(a): b for a, b in zip(_RADICALS[::2], _RADICALS[1::2], strict=True)}


_LETTERS = _letters()


def _typed(text: str) -> str:
    """``text`` letter by letter: no odd code points, single blanks only where latin words need them."""
    text = _NULL.sub("", _BREAK.sub("\n", text)).translate(_LETTERS)
    text = _POINT.sub(".", text)
    return _BLANK.sub(_gap, text)


def _gap(found: re.Match[str]) -> str:
    text, start, end = found.string, found.start(), found.end()
    if start and end < len(text) and _LEFT.match(text[start - 1]) and _RIGHT.match(text[end]):
        return " "
    return ""


def lines(text: str) -> list[str]:
    """The lines of a cell as they stand, each cleaned by itself, none empty.

    >>> lines("县水利\\r\\n  局 ")
    ['县水利', '局']
    """
    return [line for raw in _typed(text).split("\n") if (line := raw.strip())]


@functools.lru_cache(maxsize=1 << 16)
def clean(text: str) -> str:
    """The text of a cell as a person would have typed it, "" where it holds only dashes or a slash.

    Odd code points of PDF text (Kangxi radicals, compatibility ideographs, full-width letters and digits)
    become ordinary ones; invisible characters and blanks between Chinese characters go; a line break in
    mid-sentence is joined, one before a number, before 县某局: or after 。 or ; stays. 无 stays.

    >>> clean("１．制定⽅案,  组织演\\n练；\\n２．开 展检查。")
    '1.制定方案,组织演练；\\n2.开展检查。'
    """
    if _SIMPLE.fullmatch(text):
        return text
    whole = "\n".join(joined(text))
    return "" if _NOTHING.fullmatch(whole) else whole


_CUT = re.compile(
    r"(?<=[。;；])(?:[县市区省]|国网[一-鿿]{0,6}|中国[一-鿿]{0,4}|中共[一-鿿]{0,4}|[一-鿿]{1,3}[县市区])$"
)
_TAIL = re.compile(
    r"[一-鿿()（）]{1,16}(?:局|委|办|室|部|队|中心|公司|院|会|社|机关)(?:[(（][^()（）]{1,8}[)）])?[:：]"
)


def joined(text: str, heads: Sequence[str] = ()) -> list[str]:
    """The lines of a cell with breaks in mid-sentence joined; a line that is one of ``heads`` stays one.

    >>> joined("负责巡\\n查\\n望禾站:整改", ["望禾站"])
    ['负责巡查', '望禾站:整改']
    """
    kept: list[str] = []
    whole = lines(text)
    signs = [line[0] for line in whole if BULLET.match(line)]
    for line in whole:
        if kept and (cut := _CUT.search(kept[-1])) and _TAIL.match(line):  # 。县 | 财政局：a heading broken by the page
            kept[-1], line = kept[-1][: cut.start()], cut[0] + line
            kept.append(line)
            continue
        listed = signs.count(line[0]) > 1 and BULLET.match(line)
        if kept and not listed and not _begins(kept[-1], line) and not _headed(line, heads):
            kept[-1] += (" " if _word(kept[-1][-1]) and _word(line[0]) else "") + line
        else:
            kept.append(line)
    return [_POINT.sub(".", line) for line in kept]


def _headed(line: str, heads: Sequence[str]) -> bool:
    return any(line.startswith(h) and line[len(h) : len(h) + 1] in ("", ":", "：") for h in heads)


def squeezed(text: str) -> str:
    """``text`` cleaned, in half-width letters and signs, without any blank or break.

    >>> squeezed("党的建设 （１９ 项）")
    '党的建设(19项)'
    """
    return _BLANKS.sub("", unicodedata.normalize("NFKC", clean(text)))


def _word(letter: str) -> bool:
    return letter.isascii() and letter.isalpha()


def _begins(before: str, line: str) -> bool:
    """Whether ``line`` begins something new after the line ``before``."""
    if before[-1] in _ENDED:
        return True
    if before[-1] in "(（《“【〔":
        return False
    if NUMBERING.match(line):
        return True
    if before[-1] in "、，,":
        return False
    return bool(HEADING.match(line) or (_AFTER_UNIT.match(line) and UNITS.fullmatch(before)))


@functools.lru_cache(maxsize=1 << 16)
def name(text: str) -> str:
    """An item's name without its numbering, blanks, line breaks and last stop; brackets half-width.

    What comes back is what ``governance.tables`` makes of such a cell, so that writing and reading it
    changes nothing. A number that belongs to the name (12345热线, 15分钟生活圈) stays.

    >>> name("12、做好12345热线（含\\n网络）工作；"), name("12345热线办理。"), name("(三)三农工作")
    ('做好12345热线(含网络)工作', '12345热线办理', '三农工作')
    """
    before, text = "", clean(text)
    while before != text:
        before = text
        found = _ORDINAL.match(text) or NUMBERING.match(text)
        if found and found.end() < len(text):
            text = text[found.end() :]
        text = _SPACE.sub("", text.translate(_HALF)).rstrip(_EDGE) or text
        text = _STOP.sub("", text)
        text = "" if _NOTHING.fullmatch(text) else text
    return text


_HALF = str.maketrans("（）", "()")
_COUNTED = re.compile(
    rf"[(\[【〔]?第?(?:(?P<digits>\d{{1,4}})(?:\.0+)?|(?P<han>[{NUMERALS}〇零两]{{1,7}}))[项号]?[)\]】〕]?[.、,，:：]?"
)


@functools.lru_cache(maxsize=1 << 14)
def number(text: str) -> int | None:
    """The running number a cell holds (12, １２., ⑫, 十二), None for anything else.

    >>> number("(12)"), number("⑫"), number("一百一十五"), number("12.0"), number("1.5")
    (12, 12, 115, 12, None)
    """
    found = _COUNTED.fullmatch(_NULL.sub("", _SPACE.sub("", unicodedata.normalize("NFKC", text))))
    if not found:
        return None
    return int(found["digits"]) if found["digits"] else numeral(found["han"])


_UNITS_OF = {"百": 100, "十": 10}
_DIGITS = {c: n for n, c in enumerate("〇一二三四五六七八九")} | {"零": 0, "两": 2}


def numeral(text: str) -> int | None:
    """A Chinese numeral below a thousand as an integer, None where it is none.

    >>> numeral("二十"), numeral("一百零五"), numeral("一〇五"), numeral("十十")
    (20, 105, 105, None)
    """
    if not set(text) & _UNITS_OF.keys():
        values = [_DIGITS[c] for c in text]
        return int("".join(map(str, values))) if len(text) < 4 and "零" not in text[:1] else None
    parts = re.fullmatch(
        r"(?:([一二两三四五六七八九])百零?)?(?:([一二三四五六七八九])?(十))?([一二三四五六七八九])?", text
    )
    if not parts:
        return None
    hundreds, tens, ten, ones = (parts[n] for n in (1, 2, 3, 4))
    return _DIGITS.get(hundreds, 0) * 100 + (_DIGITS.get(tens or "一", 0) * 10 if ten else 0) + _DIGITS.get(ones, 0)
