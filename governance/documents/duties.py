"""Who does what in a cell: its departments, its duties one by one, its promised support."""

from __future__ import annotations

import functools
import itertools
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from .letters import BULLET, BULLETS, NUMBERING, SUFFIX, UNIT_END, UNIT_START, clean, joined, lines, number, numeral

# --- departments

_ROLES = (
    "牵头|配合|协同|协助|承接|收回|主要责任|主体责任|责任|业务指导|指导|主管|参与|共同|对应上级|主办|协办|主责|接收"
)
_LABEL = re.compile(
    rf"[【\[\uff3b(（]?(?P<role>{_ROLES})"
    r"(?:(?:责任)?(?:单位|部门|主体)[】\]\uff3d)）]?[:：]?|[】\]\uff3d)）]?[:：])"
)
_LABEL_WITHIN = re.compile(rf"(?<=[一-鿿)）])(?=(?:{_ROLES})(?:责任)?(?:单位|部门)[:：])")
_ROLE_AFTER = re.compile(
    rf"[(（](?P<role>(?:{_ROLES})(?:单位|部门)?)[)）]$|(?<=[局委办部队心])(?P<act>负责|牵头|主责|配合)$"
)
_BRACKET = re.compile(r"[(（][^()（）]*[)）]")
_HARD = "、，,；;/／|\uff5c。"
_PLAIN = _HARD + "和及与:：\n"
_HIDDEN = "".join(map(chr, range(0xE000, 0xE000 + len(_PLAIN))))
_MASK, _UNMASK = str.maketrans(_PLAIN, _HIDDEN), str.maketrans(_HIDDEN, _PLAIN)
_JOIN = re.compile(r"并?会同|以及|并?联合(?![会社])|[和及与]")
_ETC = re.compile(r"(?<=.)等(?:\d+个|[多各几]个)?(?:[县市区][级直]?)?(?:有关|相关|职能|责任|成员)*(?:部门|单位)?$")
_GLUED = re.compile(r"(?<=局)(?=([县市区])(?![城域级内直区场政容民])[一-鿿]{2,}(?<!分局)$)")
_LONE = re.compile(r"(?:^|[^一-鿿]|[和及与])[一-鿿]{0,6}[县市区](?:委|政府|人民政府)$")
_PARTY = re.compile(
    "组织部|宣传部|统战部|政法委|社会工作部|社工部|编办|机构编制|办公室|网信办|老干部|党校|党史|巡察|改革办|农办"
)
_NONE = ("", "无", "/")
_COUNTED = re.compile(
    rf"(?:^|(?<=[局委办部队心司会、，,；;。）)]))(?:{re.sub('[?]P<[a-z]+>', '?:', NUMBERING.pattern)})"
)
_RANK = {"牵头": 0, "主办": 0, "配合": 2, "协同": 2, "协助": 2, "协办": 2, "参与": 2}
_HALF = str.maketrans("（）", "()")


def departments(text: str) -> list[str]:
    """The units named in a cell, each once, 牵头 ones first; a shape not known comes back whole as one name.

    Line breaks in mid-word are joined, brackets stay part of a name (half-width); nothing is renamed.

    >>> departments("县发展和改革局、县自然资源和规\\n划局及县公安局等部门")
    ['县发展和改革局', '县自然资源和规划局', '县公安局']
    >>> departments("配合单位：县水利局 牵头单位：县应急管理局（县防汛办）")
    ['县应急管理局(县防汛办)', '县水利局']
    """
    return list(_departments(text))


@functools.lru_cache(maxsize=1 << 16)
def _departments(text: str) -> tuple[str, ...]:
    found: list[tuple[int, str]] = []
    role = ""
    for part in _parts(text):
        if label := _LABEL.match(part):
            role = label["role"]
            part = part[label.end() :] or ("" if label[0][-1] in ":：" else part)
        for unit in _apart(part):
            own = _ROLE_AFTER.search(unit)
            said = (own["role"] or own["act"])[:2] if own else role[:2]
            unit = (unit[: own.start()] if own else unit).strip(":：、,.\uff0e ")
            if unit not in _NONE and clean(unit):
                found.append((_RANK.get(said, 1), unit.translate(_HALF)))
    found.sort(key=lambda pair: pair[0])
    return tuple(dict.fromkeys(unit for _, unit in found))


def _parts(text: str) -> list[str]:
    """The pieces between line breaks, commas and numbers, brackets kept whole."""
    pieces: list[str] = []
    for line in lines(re.sub(r"[^\S\n]+", "\n", text)):
        if pieces and not _is_new(pieces[-1], line):
            pieces[-1] += line
        else:
            pieces.append(line)
    whole = (
        _BRACKET.sub(lambda b: b[0].translate(_MASK), "\n".join(pieces))
        if not _LABEL.match(text)
        else "\n".join(pieces)
    )
    whole = _LABEL_WITHIN.sub("\n", whole)
    whole = "\n".join(_COUNTED.sub("\n", line) for line in whole.split("\n"))
    return [part for part in re.split(rf"[{_HARD}\n]+", whole) if part]


def _is_new(before: str, line: str) -> bool:
    """Whether a unit begins with ``line``, rather than going on from the line before."""
    if (
        max(before.rfind("("), before.rfind("（")) > max(before.rfind(")"), before.rfind("）"))
        or line[0] in "(（、，,；;/和及与"
    ):
        return False
    if _LABEL.match(line) or NUMBERING.match(line):
        return True
    if re.match(r"[一-鿿]{1,5}分局", line) and before.endswith("局"):
        return False
    if _LONE.search(before) and _PARTY.match(line):
        return False
    return bool(UNIT_END.search(before) and UNIT_START.match(line))


def _apart(part: str) -> list[str]:
    """The units of a piece without commas: 县公安局和县水利局, 县公安局县水利局."""
    if part.startswith("由") and UNIT_START.match(part[1:]):
        part = part[1:]
    part = _ETC.sub("", part)
    units, start = [], 0
    for word in _JOIN.finditer(part):
        left, right = part[start : word.start()], part[word.end() :]
        if len(left) > 1 and UNIT_END.search(left) and UNIT_START.match(right):
            units.append(left)
            start = word.end()
    units.append(part[start:])
    return [u.translate(_UNMASK) for unit in units for u in _GLUED.sub("\n", unit).split("\n")]


# --- duties


@dataclass(frozen=True)
class Duty:
    """One duty of a cell: the unit it is under ("" where the cell names none), its number, its text."""

    unit: str
    number: int | None
    text: str


_PLACE = (
    r"(?!负责|配合|会同|协助|指导|组织|联合|督促|制定|完成|根据|按|由|对|向|报|将|全[县市区])(?:[一-鿿X×]{1,7}?)?(?:县|市|区|旗|州|省)(?![域场长]|城(?![管投市建乡]))"
    r"|市场监|国网|中国(?=移动|联通|电信|邮政|铁塔)|(?:属地|辖区)(?=派出|公安|市场)|各|相关|有关|共青团"
)
_NAMED = (
    rf"(?:(?>{_PLACE})[一-鿿]{{0,24}}?{SUFFIX}|(?:组织|宣传|统战|社会工作|人民?武装)部|政法委|编办|(?:公安|教育|民政|司法|财政|人社|水利|应急|住建"
    r"|交通|农业|商务|文旅|卫健|审计|统计|市场|税务|气象|消防|林业|发改|经信|环保|生态环境|自然资源|城管|综合行政执法|综合执法|行政审批)[一-鿿]{0,10}?(?:局|委|大队|支队)|[县市区]委)"
)
_ROLE = rf"[(（](?:{_ROLES})(?:责任)?(?:单位|部门)?[)）]"
_ACT = "负责|牵头|承担|配合|协助|会同|组织"
_ORAL = re.compile(r"(?:^|(?<=[：:。；;，,！!\n]))(?P<oral>[一二三四五六七八九十]{1,2})是")
_LINE = re.compile(rf"(?:^|(?<=\n))(?:{BULLET.pattern})|(?<=[。；;！？!?:：])[{BULLETS}]+")
_PLAIN_NUMBER = re.sub("[?]P<[a-z]+>", "?:", NUMBERING.pattern)
_MARK = re.compile(rf"(?<![\d.A-Za-z第/\uff0f~\uff5e\-\uff0d])(?:{NUMBERING.pattern})")
_STRONG = "。；;！？!?\n"
_ENDS = " \n；;。，,、:："


@functools.lru_cache(maxsize=1 << 12)
def _head(units: tuple[str, ...]) -> re.Pattern[str]:
    """Where a group of duties begins: 县应急管理局: or 【县应急管理局】, with ``units`` known by name."""
    own = "".join(f"{re.escape(u)}|" for u in sorted(units, key=len, reverse=True) if u)
    one = f"(?:{own}{_NAMED})(?:{_ROLE})?"
    return re.compile(
        rf"(?:^|(?<=[{_STRONG}]))[{BULLETS}]*(?:{_PLAIN_NUMBER})?(?:【(?P<inside>[^【】\n]{{1,60}})】[:：]?"
        rf"|(?:(?:{_ROLES})(?:责任)?(?:单位|部门|主体)[:：])?(?P<unit>{one}(?:[、,，]{one}){{0,9}})"
        r"(?:(?:主要|牵头|的)?(?:负责|职责|牵头|配合)?[:：]|(?=\n)|(?=1[.、]|①|[(（][1一][)）])))"
    )


@functools.lru_cache(maxsize=1 << 12)
def _own(units: tuple[str, ...]) -> re.Pattern[str]:
    """How a numbered duty begins that names its unit itself: 县水利局负责…."""
    known = "".join(f"{re.escape(u)}|" for u in sorted(units, key=len, reverse=True) if u)
    one = rf"(?:{known}(?>{_PLACE})(?:(?!{_ACT}|[的后对由])[一-鿿]){{0,14}}?{SUFFIX})"
    return re.compile(rf"(?P<unit>{one}(?:[、,，和]{one}){{0,9}})(?:主要|具体|依法|统一)?(?:{_ACT})")


@functools.lru_cache(maxsize=1 << 14)
def _unit(head: str, units: tuple[str, ...]) -> str:
    """The unit of a heading without its role (牵头单位, （配合）), as :func:`departments` names it."""
    head = head.translate(_HALF)
    found = _departments(head)
    bare = "、".join(found)
    known = head in units or not bare or len(bare) > 60 or _departments(bare) != found
    return head if known else bare


def duties(text: str, units: Sequence[str] = ()) -> list[Duty]:
    """The duties of a cell one by one, in their order, without their numbers and last stops.

    A cell may group them by unit (县应急管理局：1.…；2.…。); ``units`` are names known to be units. Numbers
    inside a numbered duty stay in its text, figures (3.5万元, 第12条, 8:00) are none. 一是…；二是… count as
    numbers; of two bullets or more (●, -) each begins a duty without number. A cell without any is one duty.
    A heading's role (牵头单位, （配合）) is no part of the unit. Where every numbered duty begins with its unit
    (1.县水利局负责…；2.县公安局负责…) it is under that unit, its text as printed.

    >>> duties("县应急管理局：1.制定预案；2.投入3.5万元。\\n县消防救援大队：负责检查。")
    [Duty(unit='县应急管理局', number=1, text='制定预案'), Duty(unit='县应急管理局', number=2, text='投入3.5万元'),
     Duty(unit='县消防救援大队', number=None, text='负责检查')]
    """
    return list(_duties(text, (units,) if isinstance(units, str) else tuple(units)))


@functools.lru_cache(maxsize=1 << 16)
def _duties(text: str, units: tuple[str, ...]) -> tuple[Duty, ...]:
    whole = "\n".join(joined(text, units)).lstrip(_ENDS) if clean(text) else ""
    heads = list(_head(units).finditer(whole))
    found = _split("", whole[: heads[0].start()] if heads else whole)
    for at, head in enumerate(heads):
        end = heads[at + 1].start() if at + 1 < len(heads) else len(whole)
        found += _split(_unit(head["unit"] or head["inside"], units), whole[head.end() : end])
    return tuple(found if heads else _named(found, units))


def _named(found: list[Duty], units: tuple[str, ...]) -> list[Duty]:
    """The duties of a cell without headings, under the units they begin with where all numbered ones do."""
    own = {duty: _own(units).match(duty.text) for duty in found if duty.number is not None}
    if not own or not all(own.values()):
        return found
    return [Duty(_unit(at["unit"], units), duty.number, duty.text) if (at := own.get(duty)) else duty for duty in found]


def _split(unit: str, body: str) -> list[Duty]:
    """The duties of one unit."""
    body = body.strip(_ENDS)
    cuts = _cuts(body)
    if body[:1] in BULLETS and not (cuts and cuts[0].start() == 0):
        body = body.lstrip(_ENDS + BULLETS)
        cuts = _cuts(body)
    style = _style(cuts[0]) if cuts else ""
    more = BULLETS if style == "bullet" else ""
    found = [Duty(unit, None, _trimmed(body[: cuts[0].start()] if cuts else body, more))]
    for at, cut in enumerate(cuts):
        end = cuts[at + 1].start() if at + 1 < len(cuts) else len(body)
        inner = body[cut.end() : end]
        if style not in ("dot", "bullet"):
            inner = _inner(inner, _value(cut))
        found.append(Duty(unit, None if style == "bullet" else _value(cut), _trimmed(inner, more)))
    found = [duty for duty in found if duty.text]
    return _split(unit, found[0].text) if style == "bullet" and len(found) == 1 else found


def _trimmed(text: str, more: str) -> str:
    return text.replace("\n", "").strip(_ENDS).lstrip(_ENDS + more)


def _style(mark: re.Match[str]) -> str:
    """The family of a number: 1. and 1、 are one, (1) and (一) are two."""
    if mark.lastgroup in ("dot", "comma"):
        return "dot"
    if mark.lastgroup is None or mark.lastgroup == "oral":
        return mark.lastgroup or "bullet"
    plain = unicodedata.normalize("NFKC", mark[0])
    if mark.lastgroup == "circle" and plain.endswith("."):
        return "dot"
    inside = plain.strip("()、. ")
    return f"{'(' if plain[0] == '(' else mark.lastgroup}{'1' if inside.isdigit() else '一'}"


def _value(mark: re.Match[str]) -> int:
    return (numeral(mark["oral"]) if mark.lastgroup == "oral" else number(mark[0])) or 0


def _cuts(body: str) -> list[re.Match[str]]:
    """Where the duties of one unit begin: at its numbers, its 一是…二是…, or its bullets, whichever come first."""
    found = [cuts for cuts in (_numbers(body), _oral(body), _bullets(body)) if cuts]
    return min(found, key=lambda cuts: cuts[0].start(), default=[])


def _oral(body: str) -> list[re.Match[str]]:
    cuts: list[re.Match[str]] = []
    for mark in _ORAL.finditer(body):
        if _value(mark) == len(cuts) + 1:
            cuts.append(mark)
    return cuts if len(cuts) > 1 else []


def _bullets(body: str) -> list[re.Match[str]]:
    """The bullets of one sign: the first that comes twice or more."""
    marks = list(_LINE.finditer(body))
    signs = [mark[0][0] for mark in marks]
    sign = next((s for s in signs if signs.count(s) > 1), "")
    return [mark for mark in marks if mark[0][0] == sign]


def _numbers(body: str) -> list[re.Match[str]]:
    """The numbers of the first level, by the style of the first one and by their order."""
    cuts: list[re.Match[str]] = []
    marks = list(_MARK.finditer(body))
    for at, mark in enumerate(marks):
        before = body[mark.start() - 1] if mark.start() else "\n"
        strong = before in _STRONG
        if not cuts:
            followed = any(_value(m) == 2 and body[m.start() - 1] in _STRONG for m in marks[at + 1 :])
            if mark.start() == 0 or (_value(mark) == 1 and (strong or before in ":：" or followed)):
                cuts.append(mark)
        elif _style(mark) == _style(cuts[0]):
            wordy = _style(mark) != "dot" or before not in "一二三四五六七八九十、至和"
            if strong or (_value(mark) == _value(cuts[-1]) + 1 and wordy and _style(mark) != "han一"):
                cuts.append(mark)
    return cuts


def _inner(text: str, outer: int) -> str:
    """``text`` of an outer duty with its own 1. 2. written (1) (2), so that they are not taken for outer ones."""
    last = [0]

    def renumbered(mark: re.Match[str]) -> str:
        value = _value(mark)
        strong = not mark.start() or text[mark.start() - 1] in _STRONG
        if _style(mark) != "dot" or not (strong or value in (1, last[0] + 1, outer + 1)):
            return mark[0]
        last[0] = value
        return f"({value})"

    return _MARK.sub(renumbered, text)


def written(duties: Sequence[Duty]) -> str:
    """The duties as one canonical cell text, from which :func:`duties` reads the same ones again.

    >>> written([Duty("县应急管理局", 1, "制定预案"), Duty("县应急管理局", 2, "组织演练"), Duty("县水利局", None, "负责调度")])
    '县应急管理局：1.制定预案；2.组织演练。县水利局：负责调度。'
    """
    duties = list(duties)
    if any(duty.unit and duty.text.startswith(duty.unit) for duty in duties):
        plain = written([Duty("", duty.number, duty.text) for duty in duties])
        if list(_duties(plain, ())) == duties:
            return plain
    groups = [list(group) for _, group in itertools.groupby(duties, key=lambda duty: duty.unit)]
    return "".join(_listed(group) or _counted(group) for group in groups)


def _listed(group: Sequence[Duty]) -> str:
    """Several duties of one unit without numbers, each behind a bullet; "" where there are numbers."""
    body = "；".join(f"●{duty.text}" for duty in group)
    if any(duty.number is not None for duty in group) or not 1 < len(group) == len(_bullets(body)):
        return ""
    return f"{_heading(group[0].unit)}{body}。"


def _counted(group: Sequence[Duty]) -> str:
    out = ""
    for at, duty in enumerate(group):
        fresh = not at or duty.number is None
        if at:
            out += "。" if fresh else "；" if group[at - 1].number is not None else "："
        out += _heading(duty.unit) if fresh else ""
        if duty.number is not None:
            out += f"{duty.number}." + (" " if duty.text[:1].isdigit() else "")
        out += duty.text
    return out + "。"


def _heading(unit: str) -> str:
    known = _head(()).fullmatch(f"{unit}：")
    plain = known and known["unit"] == unit and _unit(unit, ()) == unit
    return (f"{unit}：" if plain else f"【{unit}】") if unit else ""
