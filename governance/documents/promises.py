"""What departments take over and what they promise: a reclaimed item's way of working, an assisting item's support."""

from __future__ import annotations

import functools
import re

from .duties import departments
from .letters import UNIT_END, UNIT_START, clean, lines

_ENDS = " \n；;。，,、:："
_DONE = re.compile("负责|按照|开展|组织实施|收回|取消|依法|查处|评估")
_LABELS = re.compile("|".join("\n?".join(w) for w in ("承接部门", "承接单位", "工作方式", "工作方法")))
_LONGEST = 200  # letters that units alone may take

# --- reclaimed items: who takes over, and how

_TAKER = re.compile(
    r"(?:^|(?<=[。；;，,、\s:：】)）]))[【\[(（〔]?(?:承接|收回|责任|接收|牵头|主管)(?:部门|单位|主体)[】\])）〕]?(?:为|是)?[:：]?(?!负责|牵头|依法)"
)
_WAY = re.compile(
    r"[【\[(（〔]?(?:具体)?(?:工作|履职|履行|收回|承接|办理)(?:方式|方法|措施|举措)[】\])）〕]?(?:为|是)?[:：]?"
)
_WRAPPED = re.compile(r"^[(（]([^()（）]*)[)）]$")
_BY = re.compile(
    r"由(?P<units>[^由，。；;,：:]{2,40}?(?:局|委|办|部|署|队|中心|公司|院|站|所|会|社|部门)(?:[(（][^()（）]{1,30}[)）])?)(?:统一|依法|具体|全面|直接|按照?(?:各自)?的?(?:法定)?职责(?:分工)?)*(?:负责|承担|开展|牵头|承接)"
)


def taking_over(text: str) -> tuple[list[str], str]:
    """The departments and the working method of a cell that holds both (承接部门及工作方式).

    Where the cell has no labels the departments are those of 由…负责 (承担, 开展), else none.

    >>> taking_over("承接部门：县市场监督管理局。\\n工作方式：由县市场监督管理局开展抽查。")
    (['县市场监督管理局'], '由县市场监督管理局开展抽查。')
    """
    whole = "\n".join(lines(text)) if clean(text) else ""
    whole = _LABELS.sub(lambda label: label[0].replace("\n", ""), whole)
    taker, way = _TAKER.search(whole), _WAY.search(whole)
    if taker and way and way.start() < taker.start():
        named, how = whole[taker.end() :], whole[way.end() : taker.start()]
    elif way:
        named, how = whole[taker.end() if taker else 0 : way.start()], whole[way.end() :]
    elif taker:
        named, _, how = re.sub(r"[。；;]", "\0", whole[taker.end() :], count=1).partition("\0")
    else:
        named, how = _unlabelled(whole)
    units = departments(_WRAPPED.sub(r"\1", named.strip(_ENDS)))
    how = clean(_WRAPPED.sub(r"\1", how.strip(" \n；;，,、:：")))
    return units or _by(how), how


def _unlabelled(whole: str) -> tuple[str, str]:
    """A cell without labels: units alone up to the first stop, line or 由, then the rest; or all a method."""
    for stop in [*re.finditer(r"[。；;:：\n]|(?=由)|$", whole[:_LONGEST])][:4]:
        first = whole[: stop.start()]
        units = departments(first) if first else []
        if units and all(
            UNIT_START.match(u) and UNIT_END.search(u) and len(u) < 25 and not _DONE.search(u) for u in units
        ):
            return first, whole[stop.end() :]
    return "", whole


def _by(how: str) -> list[str]:
    found = _BY.search(how.replace("\n", ""))
    units = departments(found["units"]) if found else []
    return units if all(UNIT_END.search(u) for u in units) else []


# --- promised support

_GIVE = "派驻|选派|增派|下派|委派|派出|配备|配齐|充实|抽调|调配|安排|增加|补充|保障|落实|支持|下沉|选聘|聘用|提供|给予|拨付|下拨|列支|开放|开通|购置|配置|补助|匹配|统筹|建设|共享|发放|下达"
_TEACH = r"(?:的?(?:操作|使用|应用|管理|维护|安全|监管|检修|业务|专业|知识|技术|技能|能力|和|与|及))*(?:培训|指导|学习|教育|讲座)"
_FUND, _STAFF, _KIT = "资金|经费|补助|补贴|奖补", "人员|力量|人手|编制", "设备|装备|系统"
_AFTER = r"(?:支持|保障|支撑|补助|补充|配备|保证|下沉|到位|投入|安排|倾斜|给付|力量|共享|权限)*"
_WORDS = {
    "training": rf"培训(?!{_FUND}|{_STAFF}|费|机构)",
    "guidance": rf"指导(?!{_FUND}|{_STAFF}|员|思想|意见)",
    "funds": rf"(?:{_FUND}|财政(?:予以|给予|全额)?(?=保障|支持))(?!{_TEACH})",
    "staff": rf"(?:{_STAFF})(?!{_TEACH}|密集)",
    "equipment": rf"(?:设备|装备|系统(?![性地化]))(?!{_TEACH})",
}
_SAID = {token: re.compile(words) for token, words in _WORDS.items()}
_HEADED = re.compile(rf"^{_AFTER}(?:等|工作)?[)）]?(?:[:：]?[有是√✓])?[:：]?$|^{_AFTER}[和及与以并用(（]")
_NOT = re.compile(
    r"无(?![偿人线障害论缝])|不(?![定断少低足超同得仅只])|未(?![成来婚])|没有|缺乏|缺少|[□☐]|免于|取消|停止"
)
_NOT_AFTER = re.compile(
    rf"^{_AFTER}[:：]?(?:无|否|未|不(?!低于|少于|定期)|没有|自理|自筹|自行)|^[^，。；]{{0,4}}(?:自行解决|自理|自筹)"
)
_OWN_PURSE = re.compile(
    r"由(?:各?乡镇|各?镇|街道|属地)[^，。]{0,8}(?:承担|解决|负担|自筹)|自行(?:解决|承担|筹集)|自筹|自理"
)


def support(text: str) -> tuple[str, ...]:
    """The support a cell promises: training, guidance, funds, staff, equipment, in this order; () for none.

    What is denied (无专项经费) or left to the township (经费自理) is no promise.

    >>> support("知识培训、业务指导"), support("由县局每年组织业务培训，无专项经费"), support("无")
    (('training', 'guidance'), ('training',), ())
    """
    return _support(text)


@functools.lru_cache(maxsize=1 << 16)
def _support(text: str) -> tuple[str, ...]:
    found = set()
    for clause in re.split(r"[，,。；;\n]|(?=[□☐☑√■])", clean(text)):
        no = _NOT.search(clause)
        upto = len(clause) if not no or _ticked(clause) else no.start()
        if _OWN_PURSE.search(clause):
            continue
        start = 0
        for part in re.split(r"(?<=[、/|+ ])", clause):
            found |= {t for t in _WORDS if _promised(t, part, upto - start)}
            start += len(part)
    return tuple(t for t in _WORDS if t in found)


def _ticked(clause: str) -> bool:
    return clause[:1] in "☑√■"


def _promised(token: str, part: str, upto: int) -> bool:
    """Whether ``part`` of a clause promises the support ``token`` before position ``upto``."""
    for said in _SAID[token].finditer(part):
        rest = part[said.end() :].strip("、/|+ ")
        if said.start() >= upto or _NOT_AFTER.search(rest):
            continue
        if token in ("training", "guidance") or _HEADED.search(rest) or re.search(_GIVE, part[: said.start()]):
            return True
    return False
