"""Cell texts into values: one function a column type, each different text looked at once."""

from __future__ import annotations

import datetime as dt
import functools
import re
import unicodedata
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from .fields import BOOLS, TEXTUAL, Field, typed
from .headers import squeeze

Fault = tuple[str, dict[str, str]]
Parsed = tuple[list[object], dict[int, Fault]]
_SPACE = re.compile(r"[^\S\0]+|[\u200b\u200c\u200d\u2060\ufeff\u00ad]+")
_CLOCK = re.compile(r"[T\s]+\d{1,2}[:\uff1a]\d{2}([:\uff1a]\d{2}(\.\d+)?)?\s*$")
_YEAR = "([0-9〇零○O一二三四五六七八九]{4})"
_DAY = re.compile(
    rf"{_YEAR}(?:年|[-/.])([0-9一二三四五六七八九十]{{1,3}})(?:月|[-/.])([0-9一二三四五六七八九十]{{1,3}})[日号]?"
)
_NUMBER = re.compile(r"[+-]?(?:\d+|\d{1,3}(?:,\d{3})+)?(?:\.\d*)?(?:[eE][+-]?\d+)?")
_DIGITS = str.maketrans("〇零○O一二三四五六七八九", "0000123456789")
_EMPTY = ("-", "--", "—", "——", "–", "/", "\\")
_TRUE = ("是", "√", "✓", "✔", "☑", "y", "yes", "1", "1.0", "true", "t", "有", "对")
_FALSE = ("否", "×", "✗", "✘", "☐", "□", "x", "n", "no", "0", "0.0", "false", "f", "无", "没有", "错")
_EDGES = " \t\n\v\f\u00a0\u3000\ufeff\u200b"
_EPOCH = dt.date(1899, 12, 30)


def parse(texts: Sequence[str], field: Field) -> tuple[pd.Series, dict[int, Fault]]:
    """What each of ``texts`` means in column ``field``: typed values, and the faults by position.

    A value is missing where the text is blank or faulty; a fault is its code and the words for its message.
    A dash or slash alone counts as blank. Nothing is guessed: 约3, 8小时 and 三天 are no numbers.

    >>> from governance.tables.fields import field
    >>> values, faults = parse(["8", "1,200", "约3", ""], field("tasks", "hours"))
    >>> values.tolist(), faults
    ([8.0, 1200.0, nan, nan], {2: ('number_text', {'unit': ',单位为小时'})})
    """
    read = {
        "date": _dates,
        "int": _numbers,
        "number": _numbers,
        "bool": _bools,
        "choice": _choices,
        "set": _sets,
        "names": _names,
        "text": _texts,
        "name": _plain,
        "id": _ids,
        "ref": _ids,
    }[field.type]
    values, faults = read(texts, field)
    if field.type in TEXTUAL:
        return pd.Series(values, dtype="str"), faults
    return typed(pd.Series(values, dtype=object), field.type), faults


def _each(texts: Sequence[str], strip: re.Pattern[str] | None, *, nfkc: bool) -> list[str]:
    """All texts normalised by one call each to C, joined by NUL."""
    whole = "\0".join(texts)
    if nfkc and not whole.isascii():
        whole = unicodedata.normalize("NFKC", whole)
    if strip:
        whole = strip.sub("", whole)
    return whole.split("\0") if texts else []


def _ids(texts: Sequence[str], field: Field) -> Parsed:
    whole = re.sub(r"(?<![^\0])(\d+)\.0+(?![^\0])", r"\1", "\0".join(_each(texts, _SPACE, nfkc=True)))
    return [None if not t or t in _EMPTY else t for t in (whole.split("\0") if texts else [])], {}


def _plain(texts: Sequence[str], field: Field) -> Parsed:
    empty = (*_EMPTY, "无") if field.target else _EMPTY
    return [None if not t or t in empty else t for t in _each(texts, _SPACE, nfkc=False)], {}


def _texts(texts: Sequence[str], field: Field) -> Parsed:
    return [t.strip(_EDGES) or None for t in texts], {}


def _names(texts: Sequence[str], field: Field) -> Parsed:
    values: list[object] = []
    for text in texts:
        parts = [_SPACE.sub("", p) for p in re.split(r"[、,;\uff0c\uff1b\r\n]+", text)]
        parts = [p for p in parts if p and p not in (*_EMPTY, "无")]
        values.append("、".join(dict.fromkeys(parts)) or None)
    return values, {}


def _judged(texts: Sequence[str], judge: Callable[[str, str], tuple[object, str, dict[str, str]]]) -> Parsed:
    """``judge`` on every text that is not blank."""
    values: list[object] = [None] * len(texts)
    faults: dict[int, Fault] = {}
    for at, (text, clean) in enumerate(zip(texts, _each(texts, _SPACE, nfkc=True), strict=True)):
        if clean and clean not in _EMPTY:
            values[at], code, words = judge(text, clean)
            if code:
                faults[at] = code, words
    return values, faults


def _dates(texts: Sequence[str], field: Field) -> Parsed:
    return _judged(texts, _date)


def _date(text: str, clean: str) -> tuple[object, str, dict[str, str]]:
    if ":" in clean:
        clean = squeeze(_CLOCK.sub("", unicodedata.normalize("NFKC", text)))
    if re.fullmatch(r"\d{8}", clean):
        parts: tuple[str, ...] = (clean[:4], clean[4:6], clean[6:])
    elif re.fullmatch(r"\d{5}(\.\d+)?", clean) and 20000 <= float(clean) < 80000:
        return dt.datetime.combine(_EPOCH + dt.timedelta(int(float(clean))), dt.time()), "", {}
    elif match := _DAY.fullmatch(clean):
        parts = match.groups()
    else:
        return None, "date_bad", {}
    year, month, day = (_whole(p) for p in parts)
    if year is None or month is None or day is None:
        return None, "date_bad", {}
    if not 1900 <= year < 2200:
        return None, "date_range", {}
    try:
        return dt.datetime(year, month, day), "", {}
    except ValueError:
        return None, "date_impossible", {}


def _whole(text: str) -> int | None:
    """12, 十二, 二十, 三十一 or 二〇二六 as an integer; None for a broken numeral."""
    if "十" in text:
        tens, _, ones = text.partition("十")
        if len(tens) > 1 or len(ones) > 1:
            return None
        text = f"{tens or '一'}{ones or '〇'}"
    text = text.translate(_DIGITS)
    return int(text) if text.isdigit() else None


def _numbers(texts: Sequence[str], field: Field) -> Parsed:
    whole = "\0".join(texts)
    if field.type == "number" and re.fullmatch(r"[\d.\0-]*", whole, re.ASCII):  # nothing odd: all at once
        numbers = pd.to_numeric(pd.Series(texts, dtype=object), errors="coerce").to_numpy("float64")
        low, high = (-1e15 if field.low is None else field.low), (1e15 if field.high is None else field.high)
        rest = np.flatnonzero(~((numbers >= low) & (numbers <= high))).tolist()
        values = numbers.astype(object)
        some, wrong = _judged([texts[i] for i in rest], functools.partial(_number, field))
        values[rest] = some
        return list(values), {rest[at]: fault for at, fault in wrong.items()}
    return _judged(texts, functools.partial(_number, field))


def _number(field: Field, text: str, clean: str) -> tuple[object, str, dict[str, str]]:
    clean = clean.replace("−", "-")
    unit = {"unit": f",单位为{field.unit}" if field.unit else ""}
    try:
        if not _NUMBER.fullmatch(clean):
            raise ValueError
        value = float(clean.replace(",", ""))
    except ValueError:
        return None, "number_text", unit
    if field.type == "int" and not value.is_integer():
        return None, "not_integer", unit
    if field.low is not None and value < field.low:
        return None, "below_min", {**unit, "low": f"{field.low:g}"}
    if (field.high is not None and value > field.high) or abs(value) > 1e15:
        return None, "above_max", {**unit, "high": f"{field.high or 1e15:.12g}"}
    return int(value) if field.type == "int" else value, "", {}


def _bools(texts: Sequence[str], field: Field) -> Parsed:
    return _judged(texts, _bool)


def _bool(text: str, clean: str) -> tuple[object, str, dict[str, str]]:
    word = clean.casefold()
    if word in _TRUE or word in _FALSE:
        return word in _TRUE, "", {}
    return None, "bool_wrong", {}


def lexicon(field: Field) -> dict[str, str]:
    """Every spelling of a choice or set column's values -> the English value.

    >>> from governance.tables.fields import field
    >>> lexicon(field("items", "list_kind"))["基本"]
    'basic'
    """
    words = {squeeze(k).casefold(): v for k, v in field.allowed.items()}
    return words | {v.casefold(): v for v in field.allowed.values() if v}


def options(field: Field) -> list[str]:
    """The Chinese values a cell of ``field`` may hold, one for each meaning.

    >>> from governance.tables.fields import field
    >>> options(field("edges", "kind"))
    ['道路', '小路', '桥', '台阶', '渡口']
    """
    if field.type == "bool":
        return list(BOOLS.values())
    first: dict[str, str] = {}
    for chinese, english in field.allowed.items():
        first.setdefault(english, chinese)
    return list(first.values())


def _choices(texts: Sequence[str], field: Field) -> Parsed:
    return _judged(texts, functools.partial(_choice, lexicon(field), "、".join(options(field))))


def _choice(words: dict[str, str], allowed: str, text: str, clean: str) -> tuple[object, str, dict[str, str]]:
    value = words.get(clean.casefold())
    return (value, "", {}) if value is not None else (None, "choice_wrong", {"allowed": allowed})


def _sets(texts: Sequence[str], field: Field) -> Parsed:
    return _judged(texts, functools.partial(_set, lexicon(field), "、".join(options(field))))


def _set(words: dict[str, str], allowed: str, text: str, clean: str) -> tuple[object, str, dict[str, str]]:
    parts = re.split(r"[、,;/|+\n]+", unicodedata.normalize("NFKC", text))
    tokens = [t for p in parts if p.strip() for t in ([p] if squeeze(p).casefold() in words else p.split())]
    wrong = [t for t in tokens if squeeze(t).casefold() not in words]
    if wrong:
        return None, "set_wrong", {"tokens": "、".join(wrong), "allowed": allowed}
    found = dict.fromkeys(words[squeeze(t).casefold()] for t in tokens)
    return "|".join(v for v in found if v), "", {}
