"""What titles, headings and introductions of published lists say: category, kind of list, declared totals."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

from .letters import NUMERALS, clean, numeral, squeezed


@dataclass(frozen=True)
class Category:
    """A category row: its running number, its name, and how many items it says it holds (None: not said)."""

    ordinal: int | None
    name: str
    declared: int | None


@dataclass(frozen=True)
class Declared:
    """What a title or introduction says a list holds; ``kind`` "" is all lists together.

    average : the figure is a mean per township (平均), not a count of this list.
    """

    kind: str
    categories: int | None
    items: int | None
    average: bool


# --- category rows

_NUM = rf"(?:\d{{1,3}}|[{NUMERALS}]{{1,4}})"
_ORDINAL = re.compile(
    rf"第(?P<class>{_NUM})[类部][、.,:—-]*|类别(?P<kind>{_NUM})[、.,:]|[(](?P<in>{_NUM})[)]"
    rf"|[(]?(?P<roman>[IVX]{{1,5}})[)、.,:]+|(?P<han>[{NUMERALS}]{{1,4}})[、.,:](?!\d)|(?P<arabic>\d{{1,2}})[、.](?!\d)"
)
_HOW_MANY = rf"(?:\d{{1,4}}|[{NUMERALS}]{{1,7}})"
_COUNT = re.compile(
    rf"(?:[:—-]*[(\[【](?:共计?|合计|总计|计|小计)?:?(?:第?(?P<low>\d{{1,4}})[-—–~至])?(?P<items>{_HOW_MANY})"
    r"(?:[个件条]?事项|[项件条个])?(?:[,、;:][^()]*)?[)\]】]"
    rf"|[:,—-]*[(\[【]?(?:共计?|合计)?(?P<bare>{_HOW_MANY})(?:[个件条]?事项|[项件条])[)\]】]?)$"
)
_LABEL = re.compile("^(?:事项)?类别:")
_DRESS = re.compile(r"[【\[〔「]((?!共|合计|小计)[^\d【】\[\]〔〕「」][^【】\[\]〔〕「」]*)[】\]〕」]")
_LEADER = re.compile(r"(?:[.…·⋯_]{2,}|-{3,})\d*$|(?<=\))\d{1,3}$")
NO_CATEGORY = re.compile(
    r"清单|目录|附件|[合总小共]计|履职事项|履行职责|收回事项|基本事项|配合事项|^(?:备?注|说明|序号|附注|单位|注释)"
    r"|[,。;:?!“”《》]|(?:说明|依据|总则|附则|原则|序言|前言|范围|要求)$|^(?:基本|配合|收回)$"
)
VERB = re.compile(
    "落实|开展|做好|组织|推进|加强|负责|协助|配合|执行|指导|建立|健全|完善|承担|贯彻|宣传|推动|抓好|统筹|制定|对|按|办理|受理|实施"
    "|参与|发现|排查|提供|支持|引导|编制|审核|管理|维护|收集|摸排|摸底|强化|深化|履行|坚持|严格|查处|打击|出具|监督|检查|评定"
)
HEADINGS = frozenset(
    [
        "党的建设",
        "经济发展",
        "民生服务",
        "平安法治",
        "乡村振兴",
        "自然资源",
        "精神文明建设",
        "社会管理",
        "安全稳定",
        "社会保障",
        "生态环保",
        "城乡建设",
        "交通运输",
        "商贸流通",
        "文化和旅游",
        "卫生健康",
        "应急管理及消防",
        "市场监管",
        "投资促进",
        "教育培训监管",
        "民族宗教",
        "人民武装",
        "综合政务",
        "社会治理",
        "公共服务",
        "公共安全",
        "应急管理",
        "生态环境",
        "生态文明",
        "文化旅游",
        "基层党建",
        "基层治理",
        "精神文明",
        "综合保障",
        "综合治理",
        "综合执法",
        "城市管理",
        "农业农村",
        "教育科技",
        "科技创新",
        "法治建设",
        "平安建设",
        "统一战线",
        "群团工作",
        "安全生产",
        "双拥工作",
        "退役军人事务",
        "人大政协",
        "政务服务",
        "规划建设",
        "村镇建设",
        "就业社保",
        "行政执法",
        "城镇建设",
        "城镇管理",
        "民政服务",
        "医疗保障",
        "教育体育",
        "党建统领",
        "自身建设",
        "经济建设",
        "文化建设",
        "生态建设",
        "社会建设",
        "防灾减灾",
        "消防安全",
    ]
)


_BARE = re.compile(rf"(?P<lost>[{NUMERALS}]{{1,3}}|\d{{1,2}}|[IVX]{{1,5}})(?={'|'.join(sorted(HEADINGS))})")


@functools.lru_cache(maxsize=1 << 16)
def category(text: str) -> Category | None:
    """The category a row or heading names, None where it is an item, a title, a total or a note.

    >>> category("一、党的建设（共 19 项）")
    Category(ordinal=1, name='党的建设', declared=19)
    >>> category("合计（115项）"), category("1.落实河长制")
    (None, None)
    """
    if len(text) > 80:
        return None
    whole = _LABEL.sub("", _DRESS.sub(r"\1", _LEADER.sub("", squeezed(text))))
    first = _ORDINAL.match(whole) or _BARE.match(whole)
    rest = whole[first.end() :] if first else whole
    counted = _COUNT.search(rest)
    name = (rest[: counted.start()] if counted else rest).strip("、:—-_")
    name = re.sub(r"(?<=..)(?<![种分品门])类(?:事项)?$", "", name)
    name = bare if (bare := re.sub(r"(?:方面|领域)(?:事项)?$", "", name)) in HEADINGS else name
    if not re.fullmatch(r"(?:[一-鿿、]|\([一-鿿、]{1,12}\)){2,24}", name) or NO_CATEGORY.search(name):
        return None
    if not (name in HEADINGS or _plausible(name, first, counted)):
        return None
    ordinal = next(filter(None, first.groups()), None) if first else None
    return Category(_value(ordinal), name, _held(counted) if counted else None)


def _plausible(name: str, first: re.Match[str] | None, counted: re.Match[str] | None) -> bool:
    """Whether a name that is no usual heading may be one, by what stands before and after it."""
    if first and counted:
        return True
    if counted:
        return counted["items"] is not None and len(name) <= 10 and not VERB.match(name)
    if first:
        return first["arabic"] is None and len(name) <= 12 and not VERB.match(name)
    return False


def _held(counted: re.Match[str]) -> int:
    last = _value(counted["items"] or counted["bare"]) or 0
    return last - int(counted["low"]) + 1 if counted["low"] and int(counted["low"]) <= last else last


def _value(text: str | None) -> int | None:
    if not text:
        return None
    if text[0] in _ROMAN:
        values = [_ROMAN[letter] for letter in text]
        return sum(-v if v < max(values[at:]) else v for at, v in enumerate(values))
    return int(text) if text.isdigit() else numeral(text)


_ROMAN = {"I": 1, "V": 5, "X": 10}


# --- kinds of list

_KINDS = {
    "basic": r"基本(?:履职|履责|履行|事项|职责事项|职责清单|清单|(?:平均|共)?(?=\d+项))",
    "assisting": r"(?:配合|协助)(?:履职|履责|履行职责|事项|职责事项|职责清单|清单|[县市区]级部门(?!收回)|上级(?:部门)?(?!收回)|(?:平均|共)?(?=\d+项))",
    "reclaimed": r"(?:上级)?(?:职能)?部门收回|上级收回|[县市区省]级(?:部门)?收回|收回上级部门|收回(?:的?事项|清单|履职|类|了?(?:平均|共)?(?=\d+项))|上收事项",
}
_KIND = re.compile("|".join(f"(?P<{kind}>{words})" for kind, words in _KINDS.items()))
_SHEETS = {"基本": "basic", "配合": "assisting", "收回": "reclaimed"}


@functools.lru_cache(maxsize=1 << 14)
def kind(text: str) -> str:
    """The kind of list a title, heading or sheet name says: basic, assisting, reclaimed, or "" (none, or several).

    >>> kind("栎桥镇基本履职事项清单"), kind("收回"), kind("基本履职事项和配合履职事项")
    ('basic', 'reclaimed', '')
    """
    whole = squeezed(text)
    found = {match.lastgroup or "" for match in _KIND.finditer(whole)}
    if not found:
        bare = re.sub(r"^[一二三四五六七八九十]{1,2}(?=、)|[\d\W_]+|[项表类]|附[件表]|[①-⑳]", "", whole)
        return _SHEETS.get(bare, "")
    return found.pop() if len(found) == 1 else ""


# --- declared totals

_LONGEST = 2000  # letters of one sentence that are looked at
_FIGURE = r"\d{1,3}(?:,\d{3})+|\d+|[一二三四五六七八九]?[百十][一二三四五六七八九十百零]*"
_CLASSES = re.compile(rf"(?<![\d,])({_FIGURE})(?:个|大)?(?:事项)?(?:类别|类|方面|领域|板块)")
_TOKEN = re.compile(
    rf"{_KIND.pattern}|(?P<all>履职事项(?:清单)?|履行职责事项(?:清单)?|本清单)|(?P<mean>平均|[镇乡]均)|(?P<sum>[县市区省]级|全[县市区省]|合计|总计|累计|总共)"
    rf"|(?<![\d,.])(?P<number>{_FIGURE})(?:个)?[项件条](?!清单|制度|措施|规定)"
)
_ALONE = re.compile(  # a line that is nothing but the count
    rf"(?P<all>[(\[【]?(?:共计?|合计|总计)|[(\[【])(?:(?P<classes>{_FIGURE})(?:个|大)?(?:类别|类|方面|领域|板块)[、,]?(?:共计?)?)?"
    rf"(?P<items>{_FIGURE})(?:个)?[项件条](?:事项)?[)\]】]?"
)
_LEADS = re.compile(r"(?:平均\D{0,6}|共|共有|共计|合计|总计|将|为|是|有|[:(]|类别?[,、(]?(?:共|计)?(?:事项)?)$")


def total(text: str) -> list[Declared]:
    """What titles, contents and introductions declare: one record per list named with a figure, in their order.

    A line that is only a count (（共22项）) is of all lists, or of the one the caller is at. Where 平均 is said of a figure it is kept as such: it is no count of this township's list. What it does
    not show: figures of a single category, which :func:`category` reads.

    >>> total("共有基本履职事项115项、县级收回347项")
    [Declared(kind='basic', categories=None, items=115, average=False),
     Declared(kind='reclaimed', categories=None, items=347, average=False)]
    >>> total("一、基本履职事项（15类115项）")
    [Declared(kind='basic', categories=15, items=115, average=False)]
    """
    found: list[Declared] = []
    for raw in re.split(r"[。!！?？\n]", clean(text)):
        sentence = squeezed(raw)[:_LONGEST]
        if alone := _ALONE.fullmatch(sentence):
            found.append(Declared("", _figure(alone["classes"]), _figure(alone["items"]), average=False))
        else:
            found += _sentence(sentence)
    return list(dict.fromkeys(found))


def _sentence(sentence: str) -> list[Declared]:
    tokens = list(_TOKEN.finditer(sentence))
    kinds = [t for t in tokens if t.lastgroup in (*_KINDS, "all")]
    counts = [t for t in tokens if t.lastgroup == "number"]
    owner = _each_in_turn(sentence, kinds, counts) or _owners(sentence, kinds, counts)
    found = []
    for at, named in enumerate(kinds):
        end = kinds[at + 1].start() if at + 1 < len(kinds) else len(sentence)
        count = owner.get(at)
        classes = _CLASSES.search(sentence, named.end(), end)
        if count is None and (classes is None or (len(kinds) > 1 and named.lastgroup == "all")):
            continue
        given = (count or named).end()
        mean = _mean(sentence, tokens, given) if count else False
        what = "" if named.lastgroup == "all" else named.lastgroup or ""
        found.append(
            Declared(what, _figure(classes[1]) if classes else None, _figure(count["number"]) if count else None, mean)
        )
    return found


def _figure(text: str | None) -> int | None:
    if text is None:
        return None
    text = text.replace(",", "")
    return int(text) if text.isdigit() else numeral(text)


def _mean(sentence: str, tokens: list[re.Match[str]], upto: int) -> bool:
    """Whether the figure that ends at ``upto`` is said to be an average."""
    if re.match(r"[(](?:[镇乡各]?\D{0,6})平均", sentence[upto:]):
        return True
    said = [t for t in tokens if t.start() < upto and (t.lastgroup in ("mean", "sum") or t[0][1:2] == "级")]
    return bool(said) and said[-1].lastgroup == "mean"


def _each_in_turn(sentence: str, kinds: list[re.Match[str]], counts: list[re.Match[str]]) -> dict[int, re.Match[str]]:
    """基本、配合、收回事项分别为115项、76项、57项: the figures in the order of the lists."""
    word = re.search("分别|依次", sentence)
    if not word:
        return {}
    before = [at for at, k in enumerate(kinds) if k.end() <= word.start() and k.lastgroup != "all"]
    after = [c for c in counts if c.start() >= word.end()]
    return dict(zip(before, after, strict=False)) if len(before) == len(after) > 1 else {}


def _owners(sentence: str, kinds: list[re.Match[str]], counts: list[re.Match[str]]) -> dict[int, re.Match[str]]:
    """Which list each figure belongs to: the one named just after it, or the last one before it."""
    owner: dict[int, re.Match[str]] = {}
    for count in counts:
        before = max((at for at, k in enumerate(kinds) if k.end() <= count.start()), default=None)
        after = next((at for at, k in enumerate(kinds) if k.start() >= count.end()), None)
        near = after is not None and re.fullmatch(r"[的为是属于“\"个]*", sentence[count.end() : kinds[after].start()])
        gap = sentence[kinds[before].end() : count.start()] if before is not None else ""
        if near and after is not None and (before is None or before in owner or re.search(r"[,、;和及与]", gap)):
            owner.setdefault(after, count)
        elif before is not None and before not in owner and _belongs(gap):
            owner[before] = count
    return owner


def _belongs(gap: str) -> bool:
    """Whether words between a list's name and a figure leave the figure with the list."""
    if "其中" in gap:
        return False
    return (len(gap) <= 10 and "、" not in gap) or bool(_LEADS.search(gap))
