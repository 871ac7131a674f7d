"""The redline: what is marked, both files, and the pictures of what changed."""

from __future__ import annotations

import re
import time
from html.parser import HTMLParser
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")

import itertools

import matplotlib.pyplot as plt
import openpyxl
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.cell.rich_text import CellRichText
from openpyxl.worksheet.worksheet import Worksheet

from governance import redline
from governance.errors import TableError
from governance.plot import differences
from governance.redline import marks
from governance.redline.book import parts
from governance.redline.entries import flows, sums
from governance.tables.forms import CREATED

DUTY = "1.制定普查方案，组建普查机构；2.组织单位清查、入户登记、质量抽查；3.发布普查公报，依法查处普查违法行为。"
TEXTS = ("category", "name", "department", "department_duty", "township_duty", "support", "method", "basis")
COLUMNS = ["township", "item", "change", "columns", "list_kind_old", "list_kind"]
COLUMNS += [c for text in TEXTS for c in (f"{text}_old", text)]


def frame(*rows: dict[str, object]) -> pd.DataFrame:
    """Changes as ``lifecycle.diff`` lays them out; a text given once is the same on both sides where there are two."""
    full = []
    for row in rows:
        sides = {"added": ("",), "removed": ("_old",)}.get(str(row["change"]), ("_old", ""))
        base = {"township": "望禾街道", "columns": "", "category": "经济发展", "name": "开展全国经济普查", **row}
        kind = base.setdefault("list_kind", "assisting")
        full.append(
            {
                **{c: base[c] for c in ("township", "item", "change", "columns")},
                **{f"list_kind{side}": base.get(f"list_kind{side}", kind) for side in sides},
                **{f"{t}{side}": base.get(f"{t}{side}", base.get(t)) for t in TEXTS for side in sides},
            }
        )
    return pd.DataFrame(full, columns=COLUMNS).astype("str")


CHANGES = frame(
    {
        "item": "P001",
        "change": "edited",
        "columns": "township_duty|support",
        "township_duty_old": DUTY,
        "township_duty": DUTY.replace("质量抽查", "质量抽查和数据审核，不少于60户"),
        "support_old": "training",
        "support": "training|funds",
    },
    {
        "item": "P002",
        "change": "moved",
        "columns": "list_kind|department",
        "list_kind_old": "assisting",
        "list_kind": "reclaimed",
        "name": "燃气管网巡查<b>&安全检查",
        "department_old": "县住建局、县应急管理局",
        "department": "县综合行政执法局、县应急管理局",
        "category": "民生服务",
    },
    {
        "item": "J003",
        "township": "栎桥镇",
        "change": "added",
        "list_kind": "basic",
        "name": "做好兵役登记",
        "township_duty": "=抓好民兵整组；\n开展兵役登记。",
    },
    {
        "item": "S004",
        "township": "栎桥镇",
        "change": "removed",
        "list_kind": "reclaimed",
        "name": "养老机构星级评定",
        "method": "由县民政局组织评定。",
    },
)
SAID = {"title": "望禾街道清单", "old": "2025年版", "new": "2026年版"}


def shown(pieces: list[tuple[str, str]]) -> str:
    looks = {"equal": "{}", "delete": "[-{}-]", "insert": "[+{}+]"}
    return "".join(looks[op].format(text) for op, text in pieces)


# --- what is marked


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        ("不少于45户、60人", "不少于60户、80人", "不少于[-45-][+60+]户、[-60-][+80+]人"),
        ("占比达到45.5%", "占比达到60%", "占比达到[-45.5%-][+60%+]"),
        ("由县民政局组织评定", "由县财政局组织评定", "由[-县民政局-][+县财政局+]组织评定"),
        ("依照《安全生产法》组织检查", "依照《消防法》组织检查", "依照[-《安全生产法》-][+《消防法》+]组织检查"),
        ("自2025年7月1日起施行本清单", "自2026年1月1日起施行本清单", "自[-2025年7月1日-][+2026年1月1日+]起施行本清单"),
        ("使用App上报问题线索", "使用Web上报问题线索", "使用[-App-][+Web+]上报问题线索"),
        ("协助做好普查", "协助做好普查，引导企业如实申报数据", "协助做好普查[+，引导企业如实申报数据+]"),
        (
            "1.推荐普查员；2.引导企业如实申报，查找核对；3.及时报告。",
            "1.推荐普查员；2.对生猪屠宰场点开展巡查；3.及时报告。",
            "1.推荐普查员；2.[-引导企业如实申报，查找核对-][+对生猪屠宰场点开展巡查+]；3.及时报告。",
        ),
        (
            "1.推荐普查员；2.发现拒报线索及时报告。",
            "1.推荐普查员；2.入户登记；3.发现拒报线索及时报告。",
            "1.推荐普查员；[-2-][+2.入户登记；3+].发现拒报线索及时报告。",
        ),
        ("", "开展巡查", "[+开展巡查+]"),
        ("开展巡查", "", "[-开展巡查-]"),
        ("开展巡查", "开展巡查", "开展巡查"),
        ("", "", ""),
    ],
)
def test_marked_as_a_person_would(old: str, new: str, wanted: str) -> None:
    assert shown(redline.marked(old, new)) == wanted


def test_names_are_marked_whole() -> None:
    assert shown(marks.names("县民政局、县教育局", "县财政局、县教育局、县残联")) == (
        "[-县民政局-][+县财政局+]、县教育局[+、县残联+]"
    )


def test_short_islands_are_part_of_the_edit() -> None:
    pieces = redline.marked("县住建部门负责老旧小区的改造", "县资规部门组织城镇危旧住房的改造")
    assert all(len(text) > 2 for op, text in pieces[1:-1] if op == "equal"), shown(pieces)


WORDS = st.lists(
    st.sampled_from(
        [
            *"县乡镇做好协助的、，；。\n ",
            "1.",
            "2.",
            "（1）",
            "45",
            "60%",
            "《消防法》",
            "App",
            "县民政局",
            "\U00020bb7",
        ]
    ),
    max_size=40,
).map("".join)


@given(WORDS, WORDS)
@settings(max_examples=150, deadline=None)
def test_pieces_give_back_both_texts(old: str, new: str) -> None:
    for how in (redline.marked, marks.names):
        pieces = how(old, new)
        assert "".join(text for op, text in pieces if op != "insert") == old
        assert "".join(text for op, text in pieces if op != "delete") == new
        assert all(text for _, text in pieces)
        assert all(a[0] != b[0] for a, b in itertools.pairwise(pieces))


@given(WORDS, WORDS, st.integers(60, 400))
@settings(max_examples=80, deadline=None)
def test_portions_fit_and_lose_nothing(old: str, new: str, room: int) -> None:
    pieces = redline.marked(old * 3, new * 3)
    portions = list(parts(pieces, room))
    assert marks.joined(p for one in portions for p in one) == pieces
    for one in portions:
        for other in ("insert", "delete"):
            assert sum(len(text) for op, text in one if op != other) <= room


# --- the workbook


def sheet(path: Path, name: str = "对照表") -> Worksheet:
    return openpyxl.load_workbook(path, rich_text=True)[name]


def cells(path: Path) -> list[list[object]]:
    return [list(row) for row in sheet(path).iter_rows(values_only=True)]


def test_both_files_are_named_from_the_title(tmp_path: Path) -> None:
    files = redline.write(CHANGES, tmp_path, **SAID)
    assert [path.name for path in files] == ["望禾街道清单对照表.xlsx", "望禾街道清单对照表.html"]
    files = redline.write(CHANGES, tmp_path / "新", title="甲/乙:修订对照表", old="甲", new="乙")
    assert [path.name for path in files] == ["甲乙修订对照表.xlsx", "甲乙修订对照表.html"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["新", "望禾街道清单对照表.html", "望禾街道清单对照表.xlsx"]


def test_titles_that_begin_alike_do_not_share_files(tmp_path: Path) -> None:
    long = "某县" + "乡镇街道履职事项清单" * 6
    titles = [long + "甲镇", long + "乙镇", "???", "……", "某县对照表", ""]
    files = [redline.write(CHANGES, tmp_path, title=title, old="甲", new="乙")[0] for title in titles]
    names = [file.name for file in files]
    assert len(set(names)) == len(titles)
    assert [bool(re.fullmatch(r".*对照表_[0-9a-f]{8}\.xlsx", name)) for name in names] == [True] * 4 + [False] * 2
    assert names[0].startswith(long[:60])
    again = redline.write(CHANGES, tmp_path, title=titles[0], old="甲", new="乙")[0]
    assert again == files[0]


def test_full_width_figures_and_words_stay_whole() -> None:
    assert redline.marked("补助１\uff0c０００元", "补助１\uff0c２００元") == [
        ("equal", "补助"),
        ("delete", "１\uff0c０００"),
        ("insert", "１\uff0c２００"),
        ("equal", "元"),
    ]
    assert ("delete", "ＡＰＰ") in redline.marked("推广ＡＰＰ使用工作", "推广ＡＰＱ使用工作")
    old, new = (f"依据某政发\uff3b2024\uff3d{n}号文件办理" for n in (12, 13))
    assert ("delete", "\uff3b2024\uff3d12号") in redline.marked(old, new)


def test_how_much_of_a_duty_must_be_contained_is_a_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    from governance import rules

    held = rules.value
    short, long = "开展巡查检查", "开展全县范围内各类企业安全生产隐患排查治理和重点单位消防安全检查"
    assert marks._alike(short, long) == 0
    monkeypatch.setattr(rules, "value", lambda name, **at: 0.3 if name == "redline.contained" else held(name, **at))
    assert marks._alike(short, long) > 0


def test_rows_are_grouped_by_township_list_and_category(tmp_path: Path) -> None:
    rows = cells(redline.write(CHANGES, tmp_path, **SAID)[0])
    first = [str(row[0]) for row in rows]
    bands = [text for text in first if "项变化）" in text]
    assert bands == [
        "望禾街道（2项变化）",
        "配合履职事项 · 经济发展（1项变化）",
        "上级部门收回事项 · 民生服务（1项变化）",
        "栎桥镇（2项变化）",
        "基本履职事项 · 经济发展（1项变化）",
        "上级部门收回事项 · 经济发展（1项变化）",
    ]
    assert rows[2] == ["变化", "事项编号", "事项名称", "变化内容", "原（2025年版）", "现（2026年版）"]
    said = [tuple(map(str, row[:4])) for row in rows[3:] if "项变化" not in str(row[0])]
    assert [(a, b, d) for a, b, _, d in said] == [
        ("修改", "P001", "乡镇（街道）配合职责"),
        ("修改", "P001", "履职保障"),
        ("移动", "P002", "所属清单"),
        ("移动", "P002", "对应上级部门"),
        ("新增", "J003", "工作任务"),
        ("删除", "S004", "工作方式"),
    ]
    assert said[2][2] == "燃气管网巡查<b>&安全检查\n（清单由配合履职事项移至上级部门收回事项）"


def test_deletions_are_struck_and_insertions_underlined(tmp_path: Path) -> None:
    ws = sheet(redline.write(CHANGES, tmp_path, **SAID)[0])
    looks: dict[str, set[str]] = {"struck": set(), "underlined": set(), "plain": set()}
    for row in ws.iter_rows(min_row=4, min_col=5):
        for cell in row:
            runs = cell.value if isinstance(cell.value, CellRichText) else [cell.value] if cell.value else []
            for run in runs:
                font = run.font if hasattr(run, "font") else cell.font
                text = run.text if hasattr(run, "text") else str(run)
                struck = font.strike
                under = getattr(font, "u", None)
                looks["struck" if struck else "underlined" if under else "plain"].add(text)
    assert {"县住建局", "由县民政局组织评定。", "配合履职事项"} <= looks["struck"]
    assert {"县综合行政执法局", "和数据审核，不少于60户", "=抓好民兵整组；\n开展兵役登记。", "、资金支持"} <= looks[
        "underlined"
    ]
    assert "、县应急管理局" in looks["plain"]


def test_the_overview_counts_by_list_and_township(tmp_path: Path) -> None:
    ws = sheet(redline.write(CHANGES, tmp_path, unchanged=244, **SAID)[0], "概览")
    rows = [[v for v in row if v is not None] for row in ws.iter_rows(values_only=True)]
    assert ["新增1项，删除1项，移动1项，修改1项，未变244项。"] in rows
    assert ["全部", "合计", 1, 1, 1, 1, 1] in rows
    assert ["全部", "上级部门收回事项", 0, 1, 1, 0, 0] in rows
    assert ["望禾街道", "配合履职事项", 0, 0, 0, 1, 1] in rows
    assert ["配合履职事项", "上级部门收回事项", 1] in rows
    assert any("图例" in str(row) for row in rows)


def test_sums_agree_with_the_rows() -> None:
    lines = sums(CHANGES)
    number = CHANGES["change"].value_counts()
    assert lines[0][2] == [number[c] for c in ("added", "removed", "moved", "moved", "edited")]
    for scope in ([n for t, _, n in lines[1:] if t == "全部"], [n for t, _, n in lines if t != "全部"]):
        assert [sum(column) for column in zip(*scope, strict=True)] == lines[0][2]
    assert flows(CHANGES) == [("配合履职事项", "上级部门收回事项", 1)]


def test_sheets_print_across_with_the_head_on_each_page(tmp_path: Path) -> None:
    path = redline.write(CHANGES, tmp_path, **{**SAID, "title": "示例数据·望禾街道"})[0]
    for name in ("概览", "对照表"):
        ws = sheet(path, name)
        assert ws.page_setup.orientation == "landscape"
        assert (ws.page_setup.fitToWidth or 1, ws.page_setup.fitToHeight) == (1, 0)
        assert "示例数据" in ws.oddHeader.center.text
        assert ws.print_title_rows
    assert sheet(path).freeze_panes == "D5"


def test_long_texts_run_on_and_lose_nothing(tmp_path: Path) -> None:
    old = "".join(f"{n}.负责第{n}类场所的日常巡查和隐患登记；" for n in range(1, 1800))
    new = old.replace("日常巡查", "专项检查")
    assert len(old) > 32_767
    changes = frame(
        {"item": "P1", "change": "edited", "columns": "township_duty", "township_duty_old": old, "township_duty": new}
    )
    rows = [row for row in cells(redline.write(changes, tmp_path, **SAID)[0]) if row[0] == "修改"]
    assert len(rows) > 2
    assert rows[1][3] == "乡镇（街道）配合职责（续）"
    assert "".join(str(row[4]) for row in rows) == old
    assert "".join(str(row[5]) for row in rows) == new
    assert all(
        height is None or height <= 409
        for height in (d.height for d in sheet(next(tmp_path.glob("*.xlsx"))).row_dimensions.values())
    )


def test_text_never_becomes_a_formula_mark_up_or_a_broken_file(tmp_path: Path) -> None:
    rude = ["=1+1", "<r><t>甲</t></r>", "甲\x00\x0b乙", "\ud800丙", " 丁 ", "@戊", "\r\n己", "{=庚}", "_x0041_"]
    rows = [{"item": f"P{n}", "change": "added", "name": text, "township_duty": text} for n, text in enumerate(rude)]
    files = redline.write(frame(*rows), tmp_path, **SAID)
    found = [str(row[5]) for row in cells(files[0]) if row[0] == "新增"]
    assert found == ["=1+1", "<r><t>甲</t></r>", "甲乙", "丙", " 丁 ", "@戊", "\n己", "{=庚}", "_x0041_"]
    assert "<r><t>甲" not in files[1].read_text("utf-8")


# --- the page


class _Reader(HTMLParser):
    """Texts by tag, and what the page would load."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.loads: list[str] = []
        self.ins: list[str] = []
        self.gone: list[str] = []
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "input", "br"):
            self.open.append(tag)
        self.loads += [str(v) for k, v in attrs if k in ("src", "href") and not str(v).startswith("#")]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)
        if self.open and self.open[-1] in ("ins", "del"):
            (self.ins if self.open[-1] == "ins" else self.gone).append(data)


def test_the_page_stands_alone_and_escapes_what_it_shows(tmp_path: Path) -> None:
    text = redline.write(CHANGES, tmp_path, **SAID)[1].read_text("utf-8")
    page = _Reader(text)
    assert page.open == []
    assert page.loads == []
    assert "<script" not in text
    assert "http" not in text
    assert any("燃气管网巡查<b>&安全检查" in t for t in page.texts)
    assert "<b>" not in text
    assert {"县综合行政执法局", "和数据审核，不少于60户"} <= set(page.ins)
    assert {"县住建局", "由县民政局组织评定。"} <= set(page.gone)
    assert "清单由配合履职事项移至上级部门收回事项" in page.texts
    assert re.findall(r'<tbody class="item (\w+)">', text) == ["edited", "moved", "added", "removed"]
    assert "#only-moved:checked" in text


def test_made_up_data_are_marked_only_when_the_title_says_so(tmp_path: Path) -> None:
    plain, marked = (
        redline.write(CHANGES, tmp_path / n, title=t, old="甲", new="乙")[1].read_text("utf-8")
        for n, t in (("a", "清单"), ("b", "示例数据·清单"))
    )
    assert "不得引用" not in plain
    assert "不得引用" in marked


# --- both


def test_no_change_says_so(tmp_path: Path) -> None:
    files = redline.write(frame(), tmp_path, unchanged=248, **SAID)
    assert any("没有变化" in str(v) for row in cells(files[0]) for v in row)
    text = files[1].read_text("utf-8")
    assert '<p class="empty">没有变化</p>' in text
    assert "未变248项" in text


def test_the_same_changes_give_the_same_bytes(tmp_path: Path) -> None:
    before = CHANGES.copy(deep=True)
    one, two = (redline.write(CHANGES, tmp_path / n, **SAID) for n in "ab")
    assert [p.read_bytes() for p in one] == [p.read_bytes() for p in two]
    assert openpyxl.load_workbook(one[0]).properties.created == CREATED
    pd.testing.assert_frame_equal(CHANGES, before)


def test_departments_are_marked_whole(tmp_path: Path) -> None:
    row = {"item": "P1", "change": "edited", "columns": "department"}
    changes = frame({**row, "department_old": "县医保中心、县妇联", "department": "县疾控中心、县妇联"})
    text = redline.write(changes, tmp_path, **SAID)[1].read_text("utf-8")
    assert "<del>县医保中心</del>、县妇联" in text
    assert "<ins>县疾控中心</ins>、县妇联" in text


def test_two_townships_are_compared_by_another_key(tmp_path: Path) -> None:
    by_name = CHANGES.drop(columns=["township", "item", "name_old"])
    by_name = by_name[["name", *[c for c in by_name if c != "name"]]]
    files = redline.write(by_name, tmp_path, title="两地", old="望禾街道", new="栎桥镇")
    rows = cells(files[0])
    assert [str(v) for v in rows[2][:3]] == ["变化", "编号", "事项名称"]
    assert "燃气管网巡查<b>&安全检查" in "".join(str(row[2]) for row in rows)
    assert "逐项对照" in files[1].read_text("utf-8")


def test_unlisted_changes_are_told_not_dropped(tmp_path: Path) -> None:
    changes = frame({"item": "P1", "change": "edited", "columns": "since"})
    rows = [row for row in cells(redline.write(changes, tmp_path, **SAID)[0]) if row[0] == "修改"]
    assert rows[0][3:5] == ["其他变化", "施行日期有变化，未列出内容"]


def test_what_diff_gives_is_taken(tmp_path: Path) -> None:
    lifecycle = pytest.importorskip("governance.lifecycle")
    old = pd.DataFrame(
        {"township": "甲镇", "item": ["P1", "P2"], "list_kind": "assisting", "name": ["燃气检查", "禁渔巡查"]}
    )
    changes = lifecycle.diff(old, old.assign(list_kind=["reclaimed", "assisting"], name=["燃气检查", "禁渔期巡查"]))
    rows = cells(redline.write(changes, tmp_path, **SAID)[0])
    assert [(row[0], row[3], str(row[5])) for row in rows if row[0] in ("移动", "修改")] == [
        ("修改", "事项名称", "禁渔期巡查"),
        ("移动", "所属清单", "上级部门收回事项"),
    ]


def test_faulty_frames_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="list_kind_old"):
        redline.write(CHANGES.drop(columns="list_kind_old"), tmp_path, **SAID)
    with pytest.raises(TableError, match="renamed"):
        redline.write(CHANGES.assign(change="renamed"), tmp_path, **SAID)
    assert list(tmp_path.iterdir()) == []


def test_five_thousand_changes_take_seconds(tmp_path: Path) -> None:
    many = pd.concat([CHANGES] * 1250, ignore_index=True)
    begun = time.process_time()
    redline.write(many, tmp_path, **SAID)
    assert time.process_time() - begun < 30  # about 3 seconds; a square algorithm takes minutes


# --- the pictures


@pytest.fixture(autouse=True)
def _close() -> object:
    yield
    plt.close("all")


def test_changes_draws_every_item_once() -> None:
    ax = differences.changes(CHANGES, note="示例数据")
    assert ax.get_title(loc="left") == "各乡镇（街道）清单变化：新增1项，删除1项，移动1项，修改1项"
    assert [t.get_text() for t in ax.get_yticklabels()] == ["望禾街道", "栎桥镇"]
    drawn = sum(
        bar.get_width()
        for box in ax.containers
        for bar in box
        if box.get_label() not in ("新增", "删除", "移动", "修改")
    )
    assert drawn == pytest.approx(len(CHANGES))
    assert "示例数据" in [t.get_text() for t in ax.texts]
    left = differences.changes(CHANGES, most=1, note="示例数据")
    assert "另有1个共2项未画出；示例数据" in [t.get_text() for t in left.texts]


def test_redline_draws_flows_between_lists() -> None:
    texts = [t.get_text() for t in differences.redline(CHANGES).texts]
    assert texts[:3] == ["配合履职事项 2项", "上级部门收回事项 1项", "新增 1项"]
    assert texts[-4:] == ["基本履职事项 1项", "配合履职事项 1项", "上级部门收回事项 1项", "删除 1项"]
    assert sum(int(t) for t in texts if t.isdigit()) == len(CHANGES)


def test_pictures_without_township_without_rows_and_with_strange_lists() -> None:
    strange = CHANGES.drop(columns="township").assign(list_kind="主体责任", list_kind_old="配合责任")
    assert [t.get_text() for t in differences.changes(strange).get_yticklabels()] == ["全部"]
    assert any("主体责任" in t.get_text() for t in differences.redline(strange).texts)
    for draw in (differences.changes, differences.redline):
        assert "没有可画的数据" in [t.get_text() for t in draw(frame()).texts]
        with pytest.raises(TableError, match="renamed"):
            draw(CHANGES.assign(change="renamed"))


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=12), st.floats(0.1, 2))
def test_numbers_of_bands_stand_apart(spots: list[float], least: float) -> None:
    placed = differences._apart(sorted(spots, reverse=True), least)
    assert all(a - b >= least - 1e-9 for a, b in itertools.pairwise(placed))
