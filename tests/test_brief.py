"""The briefing: what it says is in the workbook, what the workbook holds stays what it was, nothing is lost or faked."""

from __future__ import annotations

import datetime as dt
import io
import re
import shutil
import subprocess
import zipfile
from dataclasses import replace
from pathlib import Path

import docx
import openpyxl
import pandas as pd
import pytest
from docx.shared import Mm, Pt

import governance as gov
from governance import brief
from governance.brief import contents, findings, workbook
from governance.errors import DocumentError

FRAME = gov.tables.frame
NASTY = (
    "=cmd|' /C calc'!A0",
    "+1 加一",
    "-2 减二",
    "@三 甲 & 乙 <丙> {{ 丁 }} {% 戊 %}",
    "断\x07行\x0b字\x00符\x1f\x0c完",
)
EXAMPLE = "示例数据"


def _tiny(texts: tuple[str, ...] = NASTY, **changes: object) -> gov.County:
    """Two townships, three items each, ten tasks, a street of three nodes with a room and two sites."""
    towns = ("甲镇", "乙乡")
    kinds = (
        ("J1", "basic", "河道巡查保洁", ""),
        ("P1", "assisting", "违法占地查处", "funds|training"),
        ("S1", "reclaimed", "资质审查认定", ""),
    )
    items = [
        {
            "item": i,
            "township": t,
            "list_kind": k,
            "category": "自然资源",
            "name": n,
            "department": "县甲局",
            "support": s,
            "since": "2025-07-01",
            "known_from": "2025-06-30",
        }
        for t in towns
        for i, k, n, s in kinds
    ]
    said = [
        "河道巡查保洁任务",
        "违法占地查处配合",
        "资质审查认定上报",
        *texts,
        "量子卫星轨道测控值守",
        "河道巡查保洁再报",
        "违法占地查处回头看",
    ]
    tasks = [
        {
            "task": f"R{n}",
            "date": f"2025-{6 + n % 5:02d}-1{n % 9}",
            "department": "县甲局" if n % 3 else "县乙局",
            "township": towns[n % 2],
            "text": text,
            "channel": "hotline",
            "role": "lead",
            "scored": bool(n % 2),
            "support": "",
            "hours": 10.0 + n,
            "source": f"台账›第{n}行",
        }
        for n, text in enumerate(said)
    ]
    people = dict.fromkeys(gov.rules.value("circle.speed"), 10)
    tables = {
        "units": FRAME("units"),
        "items": FRAME("items", items),
        "tasks": FRAME("tasks", tasks),
        "activities": FRAME("activities"),
        "staff": FRAME(
            "staff",
            [
                {"township": t, "office": "党政办", "post": "干事", "headcount": 2, "hours_per_month": 5.0}
                for t in towns
            ],
        ),
        "communities": FRAME(
            "communities",
            [
                {"township": "甲镇", "community": "丙村", "compound": c, "node": n, **people}
                for c, n in (("东苑", "a"), ("西苑", "c"), ("远苑", None))
            ],
        ),
        "rooms": FRAME(
            "rooms",
            [
                {
                    "room": "F1",
                    "name": "东苑用房",
                    "township": "甲镇",
                    "community": "丙村",
                    "node": "a",
                    "area_m2": 90.5,
                    "service": "idle",
                    "circuits": True,
                }
            ],
        ),
        "sites": FRAME(
            "sites",
            [
                {
                    "site": f"S{n}",
                    "name": "食堂",
                    "service": "meals",
                    "township": "甲镇",
                    "community": "丙村",
                    "node": n,
                }
                for n in ("a", "b")
            ],
        ),
        "streets": gov.Streets(
            FRAME("nodes", [{"node": n, "x": 100.0 * k, "y": 0.0} for k, n in enumerate("abc")]),
            FRAME(
                "edges",
                [
                    {"edge": "1", "source": "a", "target": "b", "length_m": 100, "kind": "road"},
                    {"edge": "2", "source": "b", "target": "c", "length_m": 1500, "kind": "road"},
                ],
            ),
        ),
    }
    return gov.County(name="某县", example=True, counts=pd.DataFrame(), **{**tables, **changes})  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def county() -> gov.County:
    return gov.examples.county()


@pytest.fixture(scope="module")
def whole(county, tmp_path_factory) -> tuple[gov.survey.Survey, Path]:
    """The example county's survey and the folder of its briefing."""
    survey, out = gov.survey.run(county), tmp_path_factory.mktemp("简报")
    brief.write(survey, out)
    return survey, out


@pytest.fixture(scope="module")
def small(tmp_path_factory) -> tuple[gov.survey.Survey, Path]:
    survey, out = gov.survey.run(_tiny()), tmp_path_factory.mktemp("小县")
    brief.write(survey, out)
    return survey, out


def _letter(out: Path) -> str:
    """Every paragraph and cell of the letter, in order."""
    lines = []
    for block in docx.Document(str(out / "简报.docx")).iter_inner_content():
        lines += [block.text] if hasattr(block, "runs") else [cell.text for row in block.rows for cell in row.cells]
    return "\n".join(lines)


def _book(out: Path) -> dict[str, list[list[object]]]:
    """Sheet name -> rows of cells, the title row first."""
    return {
        s.title: [list(r) for r in s.iter_rows(values_only=True)]
        for s in openpyxl.load_workbook(out / "明细.xlsx").worksheets
    }


NUMBER = re.compile(r"\d+(?:\.\d+)?%?")


@pytest.mark.parametrize("which", ["whole", "small"])
def test_every_number_of_the_letter_is_in_the_sheet_of_sources(which, request):
    _, out = request.getfixturevalue(which)
    text = re.sub(r"〔[\d、]+〕|（表\d+第\d+行）|(?m:^图\d)|(?m:^\d\.(?=\D))", " ", _letter(out))
    known = {n for row in _book(out)["数字来源"][2:] for n in NUMBER.findall(str(row[3]))}
    assert len(NUMBER.findall(text)) > 60
    assert set(NUMBER.findall(text)) - known == set()


def _positions(words: str) -> list[int]:
    if words == "无":
        return []
    runs = [r.split("-") for r in words.removesuffix("(全部)").split("、")]
    return [n for r in runs for n in range(int(r[0]), int(r[-1]) + 1)]


@pytest.mark.parametrize("which", ["whole", "small"])
def test_every_source_leads_to_the_number_it_claims(which, request):
    _, out = request.getfixturevalue(which)
    book, checked = _book(out), 0
    for place, what, value, text, sheet, column, rows, how in (r[:8] for r in book["数字来源"][2:]):
        if how not in ("原值", "合计", "平均", "计数", "不重复计数"):
            continue
        cells = [book[sheet][n - 1][book[sheet][1].index(column)] for n in _positions(rows)]
        have = [c for c in cells if c is not None]
        found = {
            "原值": lambda h: h[0],
            "合计": sum,
            "平均": lambda h: sum(h) / len(h),
            "计数": lambda _: len(cells),  # noqa: B023
            "不重复计数": lambda h: len(set(h)),
        }[how](have)
        assert (found == pytest.approx(value)) if isinstance(found, (int, float)) else found == value, (place, what)
        checked += 1
        shown = NUMBER.fullmatch(str(text))
        if shown and isinstance(value, (int, float)):
            number = float(text.rstrip("%"))
            assert min(abs(number - abs(value) * k) for k in (1, 100)) <= 0.051, (what, text, value)
    assert checked > 50


def test_the_numbers_are_the_surveys(whole):
    survey, out = whole
    text, total = _letter(out), survey.total.iloc[0]
    assert f"下派任务{int(total.tasks)}件" in text
    assert f"占{total.share:.1%}（95%区间{total.low:.1%}至{total.high:.1%}）" in text
    assert "基本履职事项115项、配合履职事项76项，上级部门收回事项57项" in text
    assert "1810.41平方米" in text
    five = survey.by_department.nlargest(5, "shifted")
    assert [c in text for c in five.department] == [True] * 5


def test_examples_are_real_tasks_word_for_word(whole):
    survey, out = whole
    text, held = _letter(out), survey.ledger[~survey.ledger.retrospective]
    tasks = held[held.task.isin(re.findall(r"R\d{8}", text))]
    assert set(tasks.verdict) == {"inverted", "unsupported", "reclaimed", "off_list"}
    for row in tasks.itertuples():
        assert " ".join(row.text.split()) in text
        assert row.department in text
        assert row.item in text or row.verdict == "off_list"


def test_texts_stay_texts_and_nothing_is_executed_or_lost(small):
    survey, out = small
    sheets = [
        s
        for s in openpyxl.load_workbook(out / "明细.xlsx").worksheets
        if s.title.split()[-1] in ("转嫁任务", "待确认任务", "其余任务", "回溯任务")
    ]
    cells = [c for s in sheets for row in s.iter_rows() for c in row]
    assert {c.data_type for c in cells} <= {"s", "n", "d"}, "no formula"
    held = {str(c.value) for c in cells}
    for text in NASTY[:4]:
        assert text in held
    assert any("断 行 字 符" in t and t.endswith("完") for t in held)
    assert sum(len(list(s.iter_rows())) - 2 for s in sheets) == len(survey.ledger)


def test_ampersands_brackets_and_braces_survive_in_letter_and_page(tmp_path):
    text = "@三 甲 & 乙 <丙> {{ 丁 }} {% 戊 %}"
    survey = gov.survey.run(_tiny((text, text, text)))
    ledger = survey.ledger.assign(text=f"资质审查认定 {text}", department="县<甲>&乙局")
    flat = replace(survey, ledger=ledger, by_department=survey.by_department.assign(department="县<甲>&乙局"))
    brief.write(flat, tmp_path)
    assert text in _letter(tmp_path)
    assert "县<甲>&乙局" in _letter(tmp_path)
    page = (tmp_path / "简报.html").read_text("utf-8")
    assert "甲 &amp; 乙 &lt;丙&gt; {{ 丁 }} {% 戊 %}" in page
    assert "<丙>" not in page


def _template(change, tmp_path: Path) -> Path:
    letter = docx.Document(str(Path(brief.__file__).parent / "templates" / "简报.docx"))
    change(letter)
    letter.save(tmp_path / "模板.docx")
    return tmp_path / "模板.docx"


def test_an_unknown_field_in_the_template_is_named_and_nothing_is_written(small, tmp_path):
    template = _template(lambda d: d.add_paragraph("{{ 转嫁战比 }}"), tmp_path)
    with pytest.raises(DocumentError, match=r"不认识的字段.*转嫁战比"):
        brief.write(small[0], tmp_path / "out", template=template)
    assert list((tmp_path / "out").iterdir()) == []


def test_a_broken_template_is_said_to_be_broken(small, tmp_path):
    with pytest.raises(DocumentError, match="写法有误"):
        brief.write(small[0], tmp_path, template=_template(lambda d: d.add_paragraph("{% if 县名 %}"), tmp_path))
    with pytest.raises(DocumentError, match="找不到简报模板"):
        brief.write(small[0], tmp_path, template=tmp_path / "没有.docx")


def test_an_edited_template_is_used(small, tmp_path):
    brief.write(small[0], tmp_path, template=_template(lambda d: d.add_paragraph("联系人：{{ 编发单位 }}"), tmp_path))
    assert "联系人：某县委编办" in _letter(tmp_path)
    assert "联系人：某县委编办" in (tmp_path / "简报.html").read_text("utf-8")


def test_two_runs_give_the_same_bytes(small, tmp_path):
    survey, out = small
    for path in brief.write(survey, tmp_path):
        assert path.read_bytes() == (out / path.name).read_bytes(), path.name
    for name in ("简报.docx", "明细.xlsx"):
        with zipfile.ZipFile(tmp_path / name) as file:
            assert {i.date_time[:3] for i in file.infolist()} == {(1980, 1, 1)}
            assert str(dt.date.today()) not in "".join(
                file.read(n).decode("utf-8") for n in file.namelist() if n.endswith("core.xml")
            )


def test_progress_is_told_and_only_the_three_files_are_left(small, tmp_path):
    told: list[tuple[str, int, int]] = []
    paths = brief.write(small[0], tmp_path / "新" / "夹", progress=lambda *step: told.append(step))
    assert told == [("简报.docx", 1, 3), ("明细.xlsx", 2, 3), ("简报.html", 3, 3)]
    assert sorted(p.name for p in (tmp_path / "新" / "夹").iterdir()) == sorted(p.name for p in paths)


def test_a_file_that_cannot_be_replaced_leaves_no_part_behind(small, tmp_path):
    (tmp_path / "明细.xlsx").mkdir()
    with pytest.raises(OSError, match="明细"):
        brief.write(small[0], tmp_path)
    assert {p.name for p in tmp_path.iterdir()} <= set(brief.NAMES)


WANTING = {
    "staff": ("本期未分析履职负荷：缺少人员表", {"staff": FRAME("staff")}),
    "tasks": ("本期未分析责任转嫁：缺少任务台账", {"tasks": FRAME("tasks")}),
    "items": ("本期未分析清单编制情况：缺少履职事项清单", {"items": FRAME("items")}),
    "rooms": ("本期未作用房改造测算：缺少社区用房表", {"rooms": FRAME("rooms")}),
    "early": ("任务台账中没有清单施行之后下发的任务", {"tasks": _tiny().tasks.assign(date=pd.Timestamp("2025-01-05"))}),
}


@pytest.mark.parametrize("part", WANTING)
def test_a_part_without_data_says_what_is_needed(part, tmp_path):
    sentence, changes = WANTING[part]
    brief.write(gov.survey.run(_tiny(**changes)), tmp_path)
    text = _letter(tmp_path)
    assert sentence in text
    assert not re.search(r"\b(nan|NaN|None|NaT|inf)\b|\{\{", text)
    assert "六、数据说明" in text


def test_a_county_without_streets_still_gets_its_letter(tmp_path):
    bare = _tiny(
        streets=gov.Streets(FRAME("nodes"), FRAME("edges")),
        sites=FRAME("sites"),
        rooms=FRAME("rooms"),
        communities=_tiny().communities.assign(node=pd.array([None] * 3, dtype="str")),
    )
    brief.write(gov.survey.run(bare), tmp_path)
    assert "本期未分析十五分钟服务圈：缺少服务设施表、路网节点表和路网路段表" in _letter(tmp_path)


def test_figures_are_numbered_as_they_come(whole, tmp_path):
    assert re.findall(r"图(\d)\u3000", _letter(whole[1])) == ["1", "2", "3", "4"]
    tiny = _tiny()
    brief.write(gov.survey.run(replace(tiny, items=tiny.items.head(0), tasks=tiny.tasks.head(0))), tmp_path)
    assert re.findall(r"图(\d)\u3000", _letter(tmp_path)) == ["1"], "the town alone"


def test_made_up_data_is_marked_on_every_page_sheet_and_figure_and_real_data_is_not(small, tmp_path):
    survey, out = small
    letter = docx.Document(str(out / "简报.docx"))
    section = letter.sections[0]
    assert all(EXAMPLE in h.paragraphs[0].text for h in (section.header, section.even_page_header))
    assert all(EXAMPLE in str(rows[0][0]) for rows in _book(out).values())
    assert all(EXAMPLE in str(s.oddHeader.center.text) for s in openpyxl.load_workbook(out / "明细.xlsx").worksheets)
    assert EXAMPLE in (out / "简报.html").read_text("utf-8")
    brief.write(replace(survey, county=replace(survey.county, example=False)), tmp_path)
    assert not any(EXAMPLE in str(rows[0][0]) for rows in _book(tmp_path).values())
    assert EXAMPLE not in (tmp_path / "简报.html").read_text("utf-8")
    assert not docx.Document(str(tmp_path / "简报.docx")).sections[0].header.paragraphs[0].text


def test_the_page_is_self_contained_and_says_what_the_letter_says(whole):
    _, out = whole
    page = (out / "简报.html").read_text("utf-8")
    assert not re.search(r"""(?:src|href)=(?!["']?data:)|url\(|@import|https?:|<script""", page)
    assert page.count("<img") == 4
    assert "<h2>一、总体情况</h2>" in page
    bare = re.sub(r"<[^>]+>", "", page[page.index("<main>") :])
    for line in _letter(out).split("\n"):
        assert re.sub(r"\s", "", line) in re.sub(r"\s", "", bare.replace("&quot;", '"').replace("&#x27;", "'")), line


def test_the_letter_is_laid_out_as_the_standard_asks(whole):
    letter = docx.Document(str(whole[1] / "简报.docx"))
    page, body = letter.sections[0], letter.styles["公文正文"]
    sizes = (
        page.page_width,
        page.page_height,
        page.top_margin,
        page.bottom_margin,
        page.left_margin,
        page.right_margin,
    )
    assert all(abs(a - Mm(b)) < Mm(0.1) for a, b in zip(sizes, (210, 297, 37, 35, 28, 26), strict=True))
    assert letter.styles["Normal"].paragraph_format.line_spacing == Pt(28.95)
    assert body.font.size == Pt(16)
    assert "仿宋_GB2312" in body.element.xml
    assert 'w:linePitch="579"' in letter.sections[0]._sectPr.xml
    assert letter.settings.odd_and_even_pages_header_footer
    for footer, side in ((page.footer, 2), (page.even_page_footer, 0)):
        assert footer.paragraphs[0].alignment == side, "odd pages right, even pages left"
        assert "PAGE" in footer.paragraphs[0]._p.xml
        assert re.fullmatch(r"— \d+ —", footer.paragraphs[0].text)


def test_sheets_have_a_frozen_header_a_filter_dates_and_room_for_han(small):
    _, out = small
    file = openpyxl.load_workbook(out / "明细.xlsx")
    for sheet in file.worksheets:
        assert sheet.freeze_panes == "B3", sheet.title
        assert sheet.auto_filter.ref
        assert all(isinstance(c.value, str) for c in sheet[2])
    back = file["表14 回溯任务"]
    heads = [c.value for c in back[2]]
    assert isinstance(back.cell(3, heads.index("下发日期") + 1).value, dt.datetime)
    assert back.cell(3, heads.index("下发渠道") + 1).value == "12345转办"
    assert back.cell(3, heads.index("是否纳入考核") + 1).value in ("是", "否")
    wide = back.column_dimensions["C"].width
    assert wide >= 2 * len("下发部门")


def test_the_rows_of_the_task_sheets_are_the_ledger(whole):
    survey, out = whole
    book = _book(out)
    tasks = [
        r[0]
        for name, rows in book.items()
        if name.split()[-1] in ("转嫁任务", "待确认任务", "其余任务", "回溯任务")
        for r in rows[2:]
    ]
    assert sorted(tasks) == sorted(survey.ledger.task)
    shifted = {r[0] for r in book["表11 转嫁任务"][2:]}
    assert shifted == set(survey.ledger.task[survey.ledger.shifted & ~survey.ledger.retrospective])
    assert "转嫁任务数(件)" in book["表5 部门占比"][1]
    named = [rows[1] for rows in book.values()]
    assert not [h for heads in named for h in heads if re.fullmatch(r"[a-z_0-9]+", str(h))], "every header in Chinese"


def test_too_many_rows_for_a_sheet_are_refused_not_cut(monkeypatch):
    monkeypatch.setattr(workbook, "MOST", 2)
    sheet = workbook.Sheet("表1 甲", "", pd.DataFrame({"tasks": [1, 2, 3]}))
    with pytest.raises(gov.errors.GovernanceError, match="表1 甲有 3 行"):
        workbook.book([sheet], [], title="甲", mark="", made=dt.datetime(2026, 1, 1))


def test_infinite_and_missing_numbers_reach_the_sheet_as_words_and_blanks():
    sheet = workbook.Sheet(
        "表1 甲", "", pd.DataFrame({"tasks": [float("inf"), None, 2.5], "verdict": ["own", None, "="]})
    )
    data = workbook.book([sheet], [], title="甲", mark="", made=dt.datetime(2026, 1, 1))
    rows = [[c.value for c in r] for r in openpyxl.load_workbook(io.BytesIO(data))["表1 甲"].iter_rows(min_row=3)]
    assert rows == [["无穷大", "属基本职责"], [None, None], [2.5, "="]]


def test_a_difference_that_may_be_chance_is_not_called_a_fall(county, tmp_path):
    survey = gov.survey.run(_tiny())
    assert survey.change.low.iloc[0] < 0 < survey.change.high.iloc[0]
    context, _ = findings.tell(survey, contents.sheets(survey))
    assert "尚不能排除偶然波动" in context["对比"]
    turned = replace(survey, change=survey.change.assign(difference=0.2, low=0.1, high=0.3))
    assert (
        "上升20.0个百分点（95%区间为上升10.0至30.0个百分点）"
        in findings.tell(turned, contents.sheets(turned))[0]["对比"]
    )


def _told(survey: gov.survey.Survey) -> dict:
    return findings.tell(survey, contents.sheets(survey))[0]


def test_a_ledger_without_hours_is_told_without_hours(tmp_path):
    tasks = _tiny().tasks.assign(hours=float("nan"))
    brief.write(gov.survey.run(_tiny(tasks=tasks)), tmp_path)
    text = _letter(tmp_path)
    assert "本期未分析履职负荷：任务台账没有记录耗时" in text
    assert not re.search(r"小时|nan|无穷大", text)
    assert "待确认（件）" in text, "the last column of the departments"
    book = _book(tmp_path)
    assert not [h for name in ("表2 总体占比", "表5 部门占比", "表10 转嫁流向") for h in book[name][1] if "工时" in h]
    assert len(book["表15 负荷"]) == 2


def test_tasks_without_hours_are_counted_and_their_departments_show_none(tmp_path):
    tasks = _tiny().tasks
    some = tasks.assign(hours=tasks["hours"].where(tasks["department"] == "县甲局"))
    survey = gov.survey.run(_tiny(tasks=some))
    lost = int((survey.ledger["hours"].isna() & ~survey.ledger["retrospective"]).sum())
    context = _told(survey)
    assert context["未记工时"] == str(lost) != "0"
    assert {row["名"]: row["末"] == "—" for row in context["部门表"]} == {"县甲局": False, "县乙局": True}
    brief.write(survey, tmp_path)
    assert _letter(tmp_path).count(f"另有{lost}件没有记录耗时，未计入工时") == 2


def test_tasks_before_the_lists_and_tasks_to_review_are_counted(small):
    survey, out = small
    ledger, text = survey.ledger, _letter(out)
    early = int(ledger["retrospective"].sum())
    review = int((ledger["shifted"] & ledger["needs_review"] & ~ledger["retrospective"]).sum())
    assert early
    assert review
    assert f"（另有{early}件早于清单施行，只作回溯衡量，未计入）" in text
    assert f"其中{review}件须人工复核后方可引用" in text


def test_nothing_can_be_supplied_where_all_tasks_came_before_the_lists(tmp_path):
    brief.write(gov.survey.run(_tiny(tasks=_tiny().tasks.assign(date=pd.Timestamp("2025-01-05")))), tmp_path)
    text = _letter(tmp_path)
    assert f"没有清单施行之后下发的任务，{len(_tiny().tasks)}件全部早于清单施行，只作回溯衡量。\n" in text
    assert "补齐后可给出各部门" not in text
    assert "补齐后可给出各乡镇（街道）任务" not in text


@pytest.mark.parametrize(
    ("ratios", "high", "low"),
    [
        ([0.5], "", ""),
        ([0.9, 0.5], "0", "1"),
        ([0.5, 0.5], "", ""),
        ([0.9, 0.5, 0.5], "0", "12"),
        ([0.9, 0.8, 0.7, 0.6], "012", "3"),
    ],
)
def test_no_township_is_both_high_and_lowest(small, ratios, high, low):
    survey, _ = small
    loads = pd.DataFrame([survey.loads.iloc[0].to_dict()] * len(ratios)).assign(
        township=[f"镇{n}" for n in range(len(ratios))], load_ratio=ratios, overloaded=False
    )
    context = _told(replace(survey, loads=loads, spread=gov.balance.spread(loads["load_ratio"])))
    assert "".join(re.findall(r"镇(\d)", context["负荷高"])) == high
    assert "".join(re.findall(r"镇(\d)", context["负荷低"])) == low
    assert "按负荷配置力量。" not in [way["题"] for way in context["建议"]], "nobody is overloaded"


def test_no_ratio_of_loads_without_bottom_is_told(small):
    survey, _ = small
    for value in (float("nan"), float("inf")):
        spread = survey.spread.copy()
        spread["max_min"] = value
        assert _told(replace(survey, spread=spread))["最大最小比"] == ""


def test_equal_townships_have_neither_most_nor_least(small, tmp_path):
    assert small[0].lists.groupby("list_kind")["items"].nunique().eq(1).all()
    assert "最少的是" not in _letter(small[1])
    items = _tiny().items
    more = pd.concat([items, items.head(1).assign(item="J9", name="另一件事")], ignore_index=True)
    brief.write(gov.survey.run(_tiny(items=more)), tmp_path)
    assert "基本履职事项最多的是甲镇，2项；最少的是乙乡，1项" in _letter(tmp_path)


def test_the_opening_and_the_parameters_name_only_what_was_there(tmp_path):
    none = {t: FRAME(t) for t in ("tasks", "staff", "communities", "rooms", "sites")}
    bare = _tiny(**none, streets=gov.Streets(FRAME("nodes"), FRAME("edges")))
    brief.write(gov.survey.run(bare), tmp_path)
    text = _letter(tmp_path)
    assert "依据履职事项清单资料，对某县乡镇（街道）清单编制作了" in text
    assert "乡镇（街道）履职事项清单编制情况" in text
    assert not re.search(r"步行|来源较弱|可调整默认值|服务圈情况", text)
    brief.write(gov.survey.run(_tiny()), tmp_path)
    text = _letter(tmp_path)
    assert "依据履职事项清单、任务台账、人员、村社人口、服务设施、社区用房、路网资料" in text
    assert "来源较弱、引用前须核实的2项" in text


@pytest.mark.parametrize(
    ("name", "county", "title", "office"),
    [
        ("f1", "本县", "本县履职减负工作简报", "县委编办"),
        ("青禾县", "青禾县", "青禾县履职减负工作简报", "青禾县委编办"),
        ("某某旗", "某某旗", "某某旗履职减负工作简报", "某某旗委编办"),
        ("景宁畲族自治县", "景宁畲族自治县", "景宁畲族自治县\n履职减负工作简报", "景宁畲族自治县委编办"),
    ],
)
def test_a_folder_is_not_taken_for_a_county_and_a_long_title_breaks_before_its_words(
    small, name, county, title, office
):
    context = _told(replace(small[0], county=replace(small[0].county, name=name)))
    assert (context["县名"], context["报头"], context["编发单位"]) == (county, title, office)


def test_the_flow_picture_and_the_table_below_tell_the_same_hours(whole):
    survey, _ = whole
    drawn = {t.get_text() for t in gov.plot.flows(survey.shifted, most=brief.FLOWS).texts}
    hours = survey.by_department.set_index("department")["shifted_hours"]
    said = [t.rsplit(" ", 1) for t in drawn if t.rsplit(" ", 1)[0] in hours.index]
    assert len(said) > 3
    assert [(name, text) for name, text in said if text != f"{hours[name]:.0f}小时"] == []


@pytest.mark.skipif(
    not (shutil.which("soffice") and shutil.which("pdftotext")), reason="LibreOffice or poppler is not installed"
)
def test_the_letter_opens_in_libreoffice(whole, tmp_path):
    _, out = whole
    subprocess.run(
        [
            "soffice",
            f"-env:UserInstallation=file://{tmp_path}/profile",
            "--headless",
            "--convert-to",
            "pdf",
            "--outdir",
            str(tmp_path),
            str(out / "简报.docx"),
        ],
        check=True,
        capture_output=True,
        timeout=180,
    )
    text = subprocess.run(
        ["pdftotext", "-layout", str(tmp_path / "简报.pdf"), "-"], check=True, capture_output=True, encoding="utf-8"
    ).stdout
    pages = text.split("\f")[:-1]
    assert 4 <= len(pages) <= 9
    assert all(EXAMPLE in page for page in pages)
    for n, page in enumerate(pages, 1):
        assert re.search(rf"—\s*{n}\s*—", page)
    assert all(part in re.sub(r"\s", "", text) for part in findings.PARTS)


def test_what_no_file_can_hold_is_a_blank() -> None:
    assert workbook.clean("符\ud800号\x00") == "符 号 "


def test_the_caption_of_the_trend_says_what_the_text_says(tmp_path: Path) -> None:
    county = gov.examples.county()
    later = replace(county, items=county.items.assign(known_from=pd.Timestamp("2025-10-15")))
    found = gov.survey.run(later)
    letter = docx.Document(str(brief.write(found, tmp_path)[0]))
    said = "\n".join(p.text for p in letter.paragraphs)
    before, after = (f"{found.change[c].item():.1%}" for c in ("before_share", "after_share"))
    assert f"各月转嫁占比：清单施行前{before}，施行后{after}" in said


def test_hardware_not_recorded_is_not_told_as_missing(tmp_path: Path) -> None:
    county = gov.examples.county()
    rooms = county.rooms.assign(exhaust=pd.array([None] * 13 + [False, True], dtype="boolean"))
    found = gov.survey.run(replace(county, rooms=rooms))
    letter = docx.Document(str(brief.write(found, tmp_path)[0]))
    assert "不能引入餐饮1处" in re.sub(r"\s", "", "".join(p.text for p in letter.paragraphs))
