"""全量梳理: the raw stock of a township, cleaned and numbered, every line kept."""

from __future__ import annotations

import re
import unicodedata

import pandas as pd

from .. import rules
from ..errors import TableError, require
from .steps import DRAFT, LISTED, faulty, listed_values, typed

_OPEN, _CLOSE, _COLON = r"[(\uff08]", r"[)\uff09]", r"[:\uff1a]"
_HAN = "一二三四五六七八九十"
# Figures that a duty may begin with, right after its number: 12345热线, 15分钟生活圈, 5G, 1—3岁, 3·15.
_FIGURE = r"\d{4,5}(?!\d)|1[12]\d(?!\d)|\d+分钟|[45]G|(?:\d{1,2}[-\uff0d—~\uff5e至])?\d{1,3}周?岁|\d{1,2}·\d"
_FIGURE += r"|\d+\.\d+[万亿千亩公米吨元]"
# As documents.letters reads the numbers of a printed list (tests/cases/numbering.yml), and the bullets of raw lines.
_NUMBERED = re.compile(
    rf"第(?:\d{{1,3}}|[{_HAN}百]{{1,5}})(?:项(?!目)[、.\uff0e:\uff1a,\uff0c]?|[、.\uff0e](?![第{_HAN}\d]))"
    rf"|{_OPEN}(?:\d{{1,4}}|[{_HAN}百]{{1,5}}){_CLOSE}(?![项款条+\uff0b])"
    rf"|\d{{1,5}}[.、](?:\s+|(?!\d)|(?={_FIGURE}))|\d{{1,5}}{_CLOSE}(?!\d)"
    r"|[\u2460-\u249b\u3220-\u3229\u3251-\u325f\u3280-\u3289\u32b1-\u32bf]"
    rf"|(?:[{_HAN[:9]}]百零?)?[{_HAN}]{{1,3}}[、.\uff0e](?![{_HAN}]{{1,3}}(?:[级类期次产线孩、]|[年月]))"
    r"|[●○■◆▪•►➢◇✓✔√*·—–\-]+"
)
_WIDE = re.compile(r"[\u2e80-\u2fdf\uf900-\ufaff\uff10-\uff19\uff21-\uff3a\uff41-\uff5a]")
_UNSEEN = re.compile(r"[\u00ad\u200b-\u200f\u2060-\u2064\ufeff\x00-\x08\x0e-\x1f\x7f]|_x000[dD]_")
_BETWEEN = re.compile(r"(?<![A-Za-z0-9,;:.!?%)\"']) | (?![A-Za-z0-9(\"'])")
_STOP = re.compile(r"(?<=[\u4e00-\u9fff)])[.\uff0e]$")
_HALF = str.maketrans("\uff08\uff09", "()")
_CATEGORY = re.compile(rf"{_OPEN}(?:共|合计)?\s*\d+\s*[项条个件类]{_CLOSE}\s*{_COLON}?$")
_TOTAL = re.compile(r"^(?:本页|全[县市区镇乡])?(?:合|总|小|共)计(?!划).{0,12}$")
_SIGNED = re.compile(
    r"^(?:填报|填表|制表|审核|联系|负责|报送|统计|单位|部门|科室|岗位)(?:人|单位|部门|时间|日期|电话|名称)?\s*" + _COLON
)
_TITLE = re.compile(rf"^.{{0,24}}(?:清单|台账|一览表|汇总表|统计表|登记表|目录)(?:{_OPEN}[^)\uff09]*{_CLOSE})?$")
_PLACE = re.compile(r"^[\u4e00-\u9fff]{1,10}(?:县|市|区|镇|乡|街道|办公室|中心|站|所|队)|^\d{4}年|^附件")
_VERB = re.compile(
    r"编制|制定|公布|更新|建立|完善|梳理|填报|报送|上报|执行|落实|管理|核对|登记|公开|审核|汇总|整理|编写|修订"
)


def clean(text: str) -> str:
    """The line as the name of a duty: without its number, blanks and line breaks, without the last stop.

    Brackets are half-width, as the table of items has them.

    >>> clean("12、开展河道\\n日常巡查;"), clean("(三)12345热线办理。"), clean("1.5万亩林地管护")
    ('开展河道日常巡查', '12345热线办理', '1.5万亩林地管护')
    """
    whole = _WIDE.sub(lambda c: unicodedata.normalize("NFKC", c[0]), text)
    whole = re.sub(r"\s*\n\s*", "", _UNSEEN.sub("", whole).strip())
    whole = re.sub(r"(?<=\d)\s*\uff0e", ".", _BETWEEN.sub("", re.sub(r"\s+", " ", whole)))
    before = None
    while before != whole:
        before = whole
        found = _NUMBERED.match(whole)
        whole = re.sub(r"\s+", "", whole[found.end() if found else 0 :]).translate(_HALF)
        whole = _STOP.sub("", whole.rstrip(";\uff1b。,\uff0c、"))
    return whole


def aside(text: str, name: str) -> str | None:
    """Why the line is no duty (blank, a title, a heading, a total, a signature), or None where it may be one.

    >>> aside("一、党的建设(19项)", clean("一、党的建设(19项)")), aside("合计 128 项", "合计 128 项")
    ('类别标题', '合计行')
    >>> aside("编制权责清单", "编制权责清单") is None
    True
    """
    bare = re.sub(r"\s+|^[:\uff1a*]+|[:\uff1a*]+$", "", name)
    if not re.search(r"[^\W\d_]", bare):
        return "空行或只有编号、符号"
    if _CATEGORY.search(text.strip()) and len(bare) <= 20:
        return "类别标题"
    if _CATEGORY.sub("", bare) in rules.value("drafting.headings"):
        return "类别标题或表头"
    if _TOTAL.match(bare):
        return "合计行"
    if _SIGNED.match(bare) and len(bare) <= 30:
        return "填表信息"
    if _TITLE.match(bare) and _PLACE.search(bare) and not _VERB.search(bare):
        return "表名"
    return None


def stock(raw: pd.DataFrame, township: str) -> pd.DataFrame:
    """The draft of a township, one row for every line of ``raw``, none dropped.

    raw : text; office, post, department, channel, basis, times (how often the line stands for the duty; 1 where
    blank), is_duty (a person's word against the guess below), and list_kind, category, department_duty,
    township_duty, support, method where they are known already.

    Returns the draft: step (stock), round (0), township, item (L0001 on, in the order of ``raw``), name (the cleaned
    text), wording (the text as it was), lines (set of line ids; here the line itself), count (the line's own times),
    times (the sum over all lines of the township that say exactly this), office, post, channel, is_duty, aside (why a
    line is no duty: blank, heading, total, signature, title; such lines stay in the draft and take no part), and the
    columns that later steps fill. Source of the step: 全量梳理, the article on the lists.
    Raises TableError for no column text, no row, no township, or times that are no positive whole number.

    Does not show: whether a line is a duty of the township at all; a heading worded like a duty passes for one.

    >>> raw = pd.DataFrame({"text": ["一、生态环保(2项)", "1.河道巡查;", "2.河道 巡查", None], "office": "农办"})
    >>> stock(raw, "栎桥镇")[["item", "name", "times", "aside"]].fillna("").values.tolist()
    [['L0001', '生态环保(2项)', 1, '类别标题'], ['L0002', '河道巡查', 2, ''], ['L0003', '河道巡查', 2, ''],
     ['L0004', '', 1, '空行或只有编号、符号']]
    """
    require(raw, ["text"], "原始事项", rows=True)
    if not isinstance(township, str) or not township.strip():
        raise TableError("没有写明是哪个乡镇(街道)的原始事项")
    rows = raw.reset_index(drop=True)
    texts = ["" if v is None or v != v else str(v) for v in rows["text"].astype(object)]
    names = [clean(t) for t in texts]
    why = pd.Series([aside(t, n) for t, n in zip(texts, names, strict=True)], dtype=object)
    if "is_duty" in rows:
        said = rows["is_duty"].astype("boolean")
        why = why.mask(said.fillna(False).to_numpy(bool) & pd.Series(names).ne("").to_numpy(), None)
        why = why.mask(~said.fillna(True).to_numpy(bool) & why.isna(), "人工标注为非事项")
    wide = max(4, len(str(len(rows))))
    ids = [f"L{n:0{wide}d}" for n in range(1, len(rows) + 1)]
    told, faults = listed_values(rows, LISTED)
    faulty(faults, "原始事项")
    told |= {c: _plain(rows[c]) for c in ("office", "post", "channel") if c in rows}
    count = _times(rows)
    own = pd.DataFrame({"step": "stock", "township": township.strip(), "item": ids, "lines": ids, "name": names})
    own = own.assign(wording=texts, count=count, times=count.groupby(pd.Series(names)).transform("sum"))
    return typed(own.assign(**told, is_duty=why.isna(), aside=why), DRAFT)


def _plain(values: pd.Series) -> pd.Series:
    """Texts without the spaces around them; what is blank is missing."""
    texts = [None if v is None or v != v else str(v).strip() for v in values.astype(object)]
    return pd.Series(texts, values.index, dtype="str")


def _times(rows: pd.DataFrame) -> pd.Series:
    if "times" not in rows:
        return pd.Series(1, rows.index, dtype="int64")
    blank = rows["times"].isna() | rows["times"].astype(str).str.strip().eq("")
    times = pd.to_numeric(rows["times"].where(~blank, 1), errors="coerce")
    wrong = times.isna() | (times < 1) | (times % 1 != 0)
    words = ("不是正整数", "填写 1 以上的整数,或留空")
    faulty([(at + 1, "次数", rows["times"].iloc[at], *words) for at in wrong.index[wrong]], "原始事项")
    return times.astype("int64")
