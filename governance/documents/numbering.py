"""Automatic numbers of Word paragraphs as the text a reader sees: 1. 一、 (一) ①, counted on and restarted."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
STRICT = "{http://purl.oclc.org/ooxml/wordprocessingml/main}"
_DIGITS = "〇一二三四五六七八九"
_LEGAL = "零壹贰叁肆伍陆柒捌玖"
_STEMS, _BRANCHES = "甲乙丙丁戊己庚辛壬癸", "子丑寅卯辰巳午未申酉戌亥"
_ROMAN = ((1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"), (40, "XL"))
_ROMAN_LOW = ((10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"))
_OPEN_END = re.compile(
    r"[0-9A-Za-z０-９\u4e00-\u9fff〇]$"
)  # a number such as 第一条 that needs a space before its text


@dataclass(frozen=True)
class Level:
    """One level of a list: first number, format, pattern, and which shallower level restarts it (None: any)."""

    start: int = 1
    kind: str = "decimal"
    pattern: str = ""
    legal: bool = False
    restart: int | None = None
    style: str = ""


@dataclass(frozen=True)
class Scheme:
    """A list: the definition it counts with, its levels, and the numbers it starts anew from."""

    counts_with: str
    levels: Mapping[int, Level]
    anew: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Style:
    """What a paragraph or character style says of lists and of hidden text."""

    based_on: str = ""
    scheme: str = ""
    level: int | None = None
    hidden: bool | None = None


def styles(root: Any) -> tuple[dict[str, Style], str]:
    """The styles of a styles part by id, and the id of the default paragraph style."""
    found, usual = {}, ""
    for style in root.iter(f"{W}style", f"{STRICT}style") if root is not None else ():
        name = value(style, "", "styleId")
        held = style.find("{*}pPr/{*}numPr")
        found[name] = Style(
            value(style, "basedOn"),
            value(held, "numId"),
            _whole(value(held, "ilvl")),
            is_on(style.find("{*}rPr/{*}vanish")),
        )
        if value(style, "", "type") == "paragraph" and value(style, "", "default") in ("1", "true", "on"):
            usual = name
    return found, usual


def counter(root: Any, known: Mapping[str, Style], usual: str) -> Callable[[Any], str]:
    """A function from a paragraph's pPr to its number as text, to be called once a paragraph, in order."""
    schemes = _schemes(root, known)
    counts: dict[str, dict[int, int]] = {}
    begun: set[tuple[str, int]] = set()

    def number(properties: Any) -> str:
        name, level = _place(properties, known, usual, schemes)
        scheme = schemes.get(name)
        if scheme is None or level not in scheme.levels:
            return ""
        count, here = counts.setdefault(scheme.counts_with, {}), scheme.levels[level]
        if (name, level) not in begun and level in scheme.anew:
            count[level] = scheme.anew[level]
        else:
            count[level] = count.get(level, here.start - 1) + 1
        begun.add((name, level))
        for deeper in [d for d in count if d > level]:
            until = scheme.levels[deeper].restart if deeper in scheme.levels else None
            if until is None or level < until:
                del count[deeper]
        return _shown(scheme, level, count)

    return number


def written(number: int, kind: str) -> str:
    """``number`` in one of Word's number formats; unknown ones as digits."""
    if number < 0 or number > 99999:
        return str(number)
    if kind in _FORMATS:
        return _FORMATS[kind](number)
    return str(number)


def circled(number: int) -> str:
    """``number`` in a circle up to 50, in brackets beyond."""
    for first, last, base in ((1, 20, 0x2460), (21, 35, 0x3251), (36, 50, 0x32B1)):
        if first <= number <= last:
            return chr(base + number - first)
    return f"({number})"


def value(node: Any, child: str = "", name: str = "val") -> str:
    """An attribute of ``node`` or of its first child so named, in whichever namespace; "" where there is none."""
    if node is not None and child:
        node = node.find("{*}" + child)
    if node is None:
        return ""
    return node.get(W + name) or node.get(STRICT + name) or node.get(name) or ""


def is_on(node: Any) -> bool | None:
    """Whether a switch such as vanish is on; None where it is not set."""
    return None if node is None else value(node) not in ("0", "false", "off")


def _whole(text: str) -> int | None:
    return int(text) if re.fullmatch(r"-?\d{1,9}", text) else None


def _place(properties: Any, known: Mapping[str, Style], usual: str, schemes: Mapping[str, Scheme]) -> tuple[str, int]:
    """The list and level a paragraph is in, by itself or by its style; "" for none."""
    held = properties.find("{*}numPr") if properties is not None else None
    name, level = value(held, "numId"), _whole(value(held, "ilvl"))
    style = value(properties, "pStyle") or usual
    if name:
        return ("" if name == "0" else name), level or 0
    seen: set[str] = set()
    while style in known and style not in seen:
        seen.add(style)
        if known[style].scheme:
            name = known[style].scheme
            if level is None:
                named = [n for n, one in schemes[name].levels.items() if one.style == style] if name in schemes else []
                level = named[0] if named else known[style].level
            return ("" if name == "0" else name), level or 0
        style = known[style].based_on
    return "", 0


def _schemes(root: Any, known: Mapping[str, Style]) -> dict[str, Scheme]:
    if root is None:
        return {}
    definitions = {value(one, "", "abstractNumId"): one for one in root.findall("{*}abstractNum")}
    targets = {value(num, "", "numId"): value(num, "abstractNumId") for num in root.findall("{*}num")}
    found = {}
    for num in root.findall("{*}num"):
        definition = definitions.get(value(num, "abstractNumId"))
        link = known.get(value(definition, "numStyleLink"))
        if link and link.scheme in targets:
            definition = definitions.get(targets[link.scheme], definition)
        if definition is None:
            continue
        levels = dict(map(_level, definition.findall("{*}lvl")))
        anew = {}
        for override in num.findall("{*}lvlOverride"):
            at, start = _whole(value(override, "", "ilvl")) or 0, _whole(value(override, "startOverride"))
            if (own := override.find("{*}lvl")) is not None:
                levels[at] = _level(own)[1]
            if start is not None:
                anew[at] = start
        found[value(num, "", "numId")] = Scheme(value(definition, "", "abstractNumId"), levels, anew)
    return found


def _level(node: Any) -> tuple[int, Level]:
    formats = [*node.findall("{*}numFmt"), *node.iterfind("{*}AlternateContent/{*}Fallback/{*}numFmt")]
    start, legal = _whole(value(node, "start")), is_on(node.find("{*}isLgl"))
    return _whole(value(node, "", "ilvl")) or 0, Level(
        1 if start is None else start,
        value(formats[0]) if formats else "decimal",
        value(node, "lvlText"),
        bool(legal),
        _whole(value(node, "lvlRestart")),
        value(node, "pStyle"),
    )


def _shown(scheme: Scheme, level: int, count: Mapping[int, int]) -> str:
    here = scheme.levels[level]
    if here.kind == "none":
        return ""
    if here.kind == "bullet":
        mark = here.pattern.strip()
        return "●" if mark and "\ue000" <= mark[0] <= "\uf8ff" else mark

    def one(found: re.Match[str]) -> str:
        at = int(found[1]) - 1
        its = scheme.levels.get(at, Level())
        kind = "decimal" if here.legal and its.kind != "decimalZero" else its.kind
        return written(count.get(at, its.start), kind)

    text = re.sub(r"%([1-9])", one, here.pattern).strip()
    return text + " " if _OPEN_END.search(text) else text


def _counted(number: int, digits: str = _DIGITS, units: tuple[str, str, str, str] = ("十", "百", "千", "万")) -> str:
    """``number`` as Chinese counts it: 十二, 一百零五."""
    zero = "零"
    if number == 0:
        return digits[0] if digits == _LEGAL else "〇"
    if number >= 10000:
        rest = number % 10000
        gap = zero if rest and rest < 1000 else ""
        return (
            _counted(number // 10000, digits, units) + units[3] + (gap + _counted(rest, digits, units) if rest else "")
        )
    text, pending = "", False
    for size, unit in ((1000, units[2]), (100, units[1]), (10, units[0]), (1, "")):
        digit, number = divmod(number, size)
        if digit:
            text += (zero if pending else "") + digits[digit] + unit
            pending = False
        else:
            pending = bool(text)
    return text.removeprefix("一") if text.startswith("一十") and digits != _LEGAL else text


def _digits(number: int) -> str:
    return "".join(_DIGITS[int(d)] for d in str(number))


def _roman(number: int) -> str:
    text = ""
    for size, mark in _ROMAN + _ROMAN_LOW:
        text += mark * (number // size)
        number %= size
    return text


def _letters(number: int) -> str:
    return chr(64 + (number - 1) % 26 + 1) * ((number - 1) // 26 + 1) if number else ""


def _range(base: int, last: int) -> Callable[[int], str]:
    return lambda n: chr(base + n - 1) if 1 <= n <= last else str(n)


_CHINESE = ("chineseCounting", "chineseCountingThousand", "taiwaneseCounting", "taiwaneseCountingThousand")
_FORMATS: dict[str, Callable[[int], str]] = {
    **dict.fromkeys((*_CHINESE, "japaneseCounting", "koreanCounting"), _counted),
    **dict.fromkeys(("ideographDigital", "japaneseDigitalTenThousand", "taiwaneseDigital"), _digits),
    **dict.fromkeys(("decimalEnclosedCircle", "decimalEnclosedCircleChinese"), circled),
    **dict.fromkeys(("decimalFullWidth", "decimalFullWidth2"), lambda n: "".join(chr(0xFF10 + int(d)) for d in str(n))),
    **dict.fromkeys(
        ("chineseLegalSimplified", "ideographLegalTraditional"), lambda n: _counted(n, _LEGAL, ("拾", "佰", "仟", "万"))
    ),
    "decimalZero": lambda n: f"{n:02d}",
    "decimalEnclosedParen": _range(0x2474, 20),
    "decimalEnclosedFullstop": _range(0x2488, 20),
    "ideographEnclosedCircle": _range(0x3280, 10),
    "ideographTraditional": lambda n: _STEMS[(n - 1) % 10],
    "ideographZodiac": lambda n: _BRANCHES[(n - 1) % 12],
    "numberInDash": lambda n: f"- {n} -",
    "upperRoman": _roman,
    "lowerRoman": lambda n: _roman(n).lower(),
    "upperLetter": _letters,
    "lowerLetter": lambda n: _letters(n).lower(),
    "ordinal": str,
}
