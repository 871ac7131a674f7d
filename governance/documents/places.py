"""Whose list it is, and from when: the township of a title or file name, the day a list comes into force."""

from __future__ import annotations

import functools
import re
import unicodedata

import pandas as pd

from .letters import clean, numeral, squeezed

_CHARS = "一-鿿X×○〇"
_END = re.compile(
    r"街道|(?<!街道)办事处(?=基本|配合|上级|履|权责|职责|属地|清单|$)|镇(?![市县区江])(?!镇(?!政府|党委|人大|长|域|区|村|级|属))|乡(?![村镇市县区风愁亲贤土情音野规])|苏木(?!山)"
)
_RUN = re.compile(rf"[{_CHARS}]+")
_ABOVE = re.compile(
    rf"[{_CHARS}]{{1,12}}?(?:(?P<last>县|自治旗|(?<=..)(?<!自治)(?<!.地)[区旗]|(?<=[郊城矿])区)|(?<=..)[省市州盟区])(?=[{_CHARS}])"
)
_TALK = re.compile(
    r"^.*(?:关于|印发|公布|发布|公开|编制|清单|目录|附件|中共|中国共产党|职责|事项|委员会|人民政府|政府|县委|党工?委)(?:附件)?(?:[一二三四五六七八九十](?!.?$))*|^[年度月日号版份]+|^[我全本该]?[县市区](?=..)"
)
_LATER = re.compile(
    rf"(?:(?!人民|委员|[和与及])[{_CHARS}]){{1,6}}?(?:街道|镇|乡|苏木)(?![镇乡市县区])"
)  # 镇平县[镇前镇]
_NO_OFFICE = re.compile("[镇乡]$|街道|地区|派驻|^驻|[委局政部会]|协调|机构|单位")
_NO_NAME = re.compile(
    r"^[和与及由的以在为将对于从小重强两某]$|^[各全本我该每]|^(?:.*中心|建制|特色|.{2}城乡|城乡|.?乡|小|.{2,}小)$"
    r"|推进|加强|做好|开展|统筹|履职|部门|下辖|所辖|所有|部分|有关|相关|其他|所在|所属|辖区|基层|全面|上级|属地|服务|管理|工作|美丽|振兴"
)
_PROSE = re.compile("[和与及由的以在为将对]|建设|社区")
_WORDS = re.compile("^(?:村|集|城|新型城|小城|市)$|^.{2,}(?:城|村|集)$")


@functools.lru_cache(maxsize=1 << 14)
def township(text: str) -> str:
    """The one township (镇, 乡, 街道) that a title or file name speaks of, without county and above; "" for none.

    "" also where two are named, or none in particular (乡镇(街道), 统筹城乡).

    >>> township("青禾县栎桥镇履行职责事项清单"), township("附件3：望禾街道履职清单(定稿).docx"), township("统筹城乡发展")
    ('栎桥镇', '望禾街道', '')
    """
    whole = unicodedata.normalize("NFKC", clean(text)).replace("〇〇", "XX")
    found: dict[str, None] = {}
    for run in _RUN.finditer(whole):
        found |= dict.fromkeys(_townships(run[0], digit=whole[run.start() - 1 : run.start()].isdigit()))
    return next(iter(found)) if len(found) == 1 else ""


def _townships(run: str, *, digit: bool) -> list[str]:
    found, start = [], 0
    for end in _END.finditer(run):
        before = run[start : end.start()]
        if before.endswith(("乡", "镇")) and before[-1] + end[0] in ("乡镇", "镇街道", "乡街道"):
            continue
        if re.search("..[省市县州盟旗区]$", before) and end[0] in "镇乡" and _LATER.match(run, end.end()):
            continue
        name, placed = _below(before)
        if end[0] == "苏木":
            name = re.sub("^.旗(?=..)", "", name)
        if end[0] == "办事处" and (_NO_OFFICE.search(name) or not 1 < len(name) < 5):
            continue
        if digit and start == 0:
            name = re.sub(r"^[年度月日号版份个批]+", "", name)
        odd = _NO_NAME.search(name) or (not placed and (_WORDS.search(name) or (len(name) > 3 and _PROSE.search(name))))
        if 0 < len(name) <= 10 and not odd:
            found.append(name + end[0])
            start = end.end()
    return found


def _below(text: str) -> tuple[str, bool]:
    """What is left of ``text`` after province, city and county, and whether there was one."""
    text, placed, last = _TALK.sub("", text), False, False
    while not last and (above := _ABOVE.match(text)):
        text, placed, last = _TALK.sub("", text[above.end() :]), True, bool(above["last"])
    return text, placed


# --- the day

_DATE = r"(\d{4}|[一二三四五六七八九〇零○]{4})[年./-](\d{1,2}|[一二三四五六七八九十]{1,3})[月./-](\d{1,2}|[一二三四五六七八九十]{1,3})[日号]?"
_FROM = re.compile(
    rf"(?P<of>》(?:[(][^()]*[)])?[(]?)?(?:自|从|于)?{_DATE}(?:零时|0时|0:00)?(?:之日)?(?:起|开始)(?:正式|开始|全面|统一|在全[县市区])?(?:施行|执行|实施|生效|试行|运行)"
    rf"|(?P<law>》(?:[(][^()]*[)])?[(]?)?自{_DATE}(?:正式|开始)?(?:施行|执行|实施|生效|试行)"
)
_OWN = re.compile(r"清单[^《》]*》(?:[(][^()]*[)])?[(]?$")


def day(text: str) -> pd.Timestamp | None:
    """The day from which a paragraph says the list is in force (自…起施行), None where it says none or several.

    A bare date, and the day a law came into force, are not taken.

    >>> day("本清单自2025年7月1日起施行。"), day("2025年6月30日印发")
    (Timestamp('2025-07-01 00:00:00'), None)
    """
    whole, found = squeezed(text), set()
    for said in _FROM.finditer(whole):
        law = said["of"] or said["law"]
        if law and not _OWN.search(whole[: said.start() + len(law)]):
            continue
        parts = [p for p in said.groups() if p and "》" not in p]
        values = [int(p) if p.isdigit() else numeral(p) for p in (parts[0].translate(_YEAR), *parts[1:])]
        try:
            found.add(pd.Timestamp(*values))  # type: ignore[arg-type]
        except (TypeError, ValueError):
            continue
    return found.pop() if len(found) == 1 else None


_YEAR = str.maketrans("〇零○一二三四五六七八九", "000123456789")
