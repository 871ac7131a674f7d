"""Chinese text lines up, says what the schemas say, and sheets keep text as text."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.brief.accounts import Tally, tally
from governance.brief.workbook import Sheet
from governance.cli import listing

TOTAL = {
    "tasks": 10,
    "decided": 8,
    "unsure": 2,
    "unsure_share": 0.2,
    "shifted": 2,
    "share": 0.25,
    "low": 0.0,
    "high": 0.5,
    "hours": 90.0,
    "shifted_hours": 20.0,
    "hours_share": 0.25,
}


@given(st.text(alphabet="县甲镇abc1,。—é²\uff08\uff0c\uff12", max_size=12))
def test_width_counts_two_cells_for_wide_characters(text: str) -> None:
    wide = sum(unicodedata.east_asian_width(c) in {"W", "F"} for c in text)
    assert listing.width(text) == len(text) + wide


HALF = str.maketrans("\uff0c\uff08\uff09\uff1a\uff1b", ",():;")


def say(function: str, *given: object, **options: object) -> str:
    """What a function of the room says, Chinese punctuation halved so that tests can be typed."""
    return getattr(listing, function)(*given, **options).translate(HALF)


def bare(frame: pd.DataFrame, owner: str = "results") -> Sheet:
    return Sheet("表1 甲", "甲事", frame, owner)


def test_columns_end_at_the_same_cell_in_every_row() -> None:
    frame = pd.DataFrame(
        {"department": ["县水利局", "县住房和城乡建设局"], "tasks": [5, 12345], "hours": [1.5, 2000.0]}
    )
    lines = listing.text(bare(frame)).split("\n")[2:]
    assert len({listing.width(line) for line in lines}) == 1
    assert lines[0].translate(HALF).split() == ["下发部门", "任务数(件)", "工时(小时)"]
    assert lines[2].endswith("12,345         2,000")


@pytest.mark.parametrize(
    ("column", "value", "shown"),
    [
        ("verdict", "inverted", "配合事项被要求负主责或单独考核"),
        ("channel", "hotline", "12345转办"),
        ("service", "elder_care", "养老"),
        ("from_service", "idle", "闲置"),
        ("list_kind", "basic", "基本履职事项"),
        ("group", "age_80_up", "80岁及以上"),
        ("overloaded", np.bool_(False), "否"),
        ("tasks", np.int64(1234), "1,234"),
        ("share", 1.0, "100.0%"),
        ("share", float("nan"), "—"),
        ("hours", pd.NA, "—"),
        ("load_ratio", 0.931, "0.93"),
        ("before", 0.0051, "0.005"),
        ("hours", 123.45, "123"),
        ("township", "甲镇", "甲镇"),
        ("text", "两\n行", "两 行"),
        ("date", pd.Timestamp("2026-03-01"), "2026-03-01"),
    ],
)
def test_cell_speaks_chinese_and_leaves_names_alone(column: str, value: object, shown: str) -> None:
    assert listing.cell(bare(pd.DataFrame()), column, value) == shown


def test_text_says_how_many_rows_it_leaves_out() -> None:
    sheet = bare(pd.DataFrame({"tasks": range(30), "hours": 1.0}))
    assert "甲事(共 30 行,列出前 10 行)" in say("text", sheet, limit=10)
    assert say("text", sheet, limit=10).count("\n") == 12
    assert "共" not in say("text", sheet, limit=30)
    assert "工时" not in say("text", sheet, columns=["tasks"])


def test_empty_sheets_say_that_nothing_is_there() -> None:
    empty = bare(pd.DataFrame({"department": [], "tasks": []}))
    assert "没有内容" in say("text", empty)
    assert "没有内容" in say("shares", empty)
    assert "没有内容" in say("coverage", bare(pd.DataFrame(columns=["service", "minutes", "people", "covered"])))
    assert "没有可对照" in say("headline", pd.DataFrame([{**TOTAL, "tasks": 0}]))
    assert "没有可比" in say("spread", pd.Series({"gini": np.nan, "n": 0.0}))
    assert say("change", pd.DataFrame({"before_share": [np.nan], "after_share": [0.2]})) == ""


def test_headline_and_shares_carry_denominator_interval_and_unsure() -> None:
    said = say("headline", pd.DataFrame([TOTAL]))
    table = say("shares", bare(pd.DataFrame([{"month": "2025-07", **TOTAL}])))
    for number in ("10", "8", "25.0%", "0.0%—50.0%", "20.0%"):
        assert number in said
        assert number in table
    assert "2025-07" in table


def test_shares_say_how_many_groups_they_leave_out() -> None:
    sheet = bare(pd.DataFrame([{"month": f"2025-{m:02d}", **TOTAL} for m in range(1, 13)]))
    assert "共 12 行,列出前 3 行" in say("shares", sheet, limit=3)
    assert "2025-04" not in say("shares", sheet, limit=3)
    assert "2025-12" in say("shares", sheet)


def test_a_change_is_told_in_percentage_points() -> None:
    said = say(
        "change",
        pd.DataFrame(
            [
                {
                    "before_share": 0.4,
                    "before_decided": 1000,
                    "after_share": 0.5,
                    "after_decided": 20,
                    "difference": 0.1,
                    "low": -0.05,
                    "high": 0.25,
                }
            ]
        ),
    )
    assert "变化 10.0 个百分点" in said
    assert "-5.0 至 25.0" in said
    assert "1,000" in said


def test_a_share_without_denominator_is_a_dash() -> None:
    row = {**TOTAL, "decided": 0, "share": np.nan, "low": np.nan, "high": np.nan}
    assert say("shares", bare(pd.DataFrame([{"month": "2025-07", **row}]))).split("\n")[-1].split()[5:7] == ["—", "—"]
    assert "没有一条能够判定" in say("headline", pd.DataFrame([row]))


def test_coverage_sets_the_times_side_by_side() -> None:
    frame = pd.DataFrame(
        {
            "service": ["meals", "meals", "startup"],
            "minutes": [15, 5, 5],
            "people": [400, 400, 0],
            "covered": [350, 100, 0],
        }
    )
    lines = say("coverage", bare(frame)).split("\n")
    assert lines[-2].split() == ["助餐", "400", "100(25.0%)", "350(87.5%)"]
    assert lines[-1].split() == ["创业孵化", "0", "无人口数据", "无人口数据"]


def test_problems_are_grouped_by_file_and_every_one_is_shown() -> None:
    frame = pd.DataFrame(
        {
            "file": ["甲.xlsx", "乙.csv", "甲.xlsx"],
            "sheet": ["任务", "", "任务"],
            "row": [7, 3, np.nan],
            "column": ["耗时", "户数", "下发日期"],
            "found": ["-3", "一\n百" * 20, ""],
            "fault": ["不能为负", "不是整数", "缺少列"],
            "remedy": ["改", "改", "补"],
        }
    )
    said = say("problems", frame)
    assert said.index("甲.xlsx(2 处问题)") < said.index("乙.csv(1 处问题)")
    assert "第7行" in said
    assert "整表" in said
    assert "…" in said
    assert all(fault in said for fault in frame["fault"])


def test_counts_add_up_in_the_last_line() -> None:
    frame = pd.DataFrame(
        {
            "file": ["a.csv", "b.csv"],
            "sheet": ["", ""],
            "table": ["tasks", "unknown"],
            "read": [9, 4],
            "kept": [7, 4],
            "rejected": [2, 0],
            "note": [None, "未识别"],
        }
    )
    said = say("counts", frame)
    assert said.split("\n")[-1].split() == ["合计", "13=11+2"]
    assert "任务台账" in said
    assert "未识别" in said


HOSTILE = pd.DataFrame({"department": ["=1+1", "+x", "-y", "@z", "县水利局"], "share": [0.5, np.nan, 0.25, 1.0, 0.0]})


def test_a_workbook_holds_every_sheet_with_its_mark_and_keeps_text_as_text(tmp_path: Path) -> None:
    sheets = [bare(HOSTILE, "tasks"), Sheet("表2 乙", "乙事", HOSTILE.head(0), "tasks")]
    book = openpyxl.load_workbook(listing.save(sheets, tmp_path / "a.xlsx", mark="示例数据"))
    assert {"表1 甲", "表2 乙"} <= set(book.sheetnames)
    sheet = book["表1 甲"]
    assert "示例数据" in sheet["A1"].value
    assert [c.value for c in sheet[2]] == ["下发部门", "转嫁占比"]
    assert [(r[0].value, r[0].data_type) for r in sheet.iter_rows(min_row=3)] == [
        (d, "s") for d in HOSTILE["department"]
    ]
    assert [r[1].value for r in sheet.iter_rows(min_row=3)] == [0.5, None, 0.25, 1, 0]


def test_a_csv_disarms_formulas_and_marks_made_up_rows(tmp_path: Path) -> None:
    out = listing.save([bare(HOSTILE, "tasks")], tmp_path / "a.csv", mark="示例数据")
    back = pd.read_csv(out, encoding="utf-8-sig")
    assert back["下发部门"].tolist() == ["'=1+1", "'+x", "'-y", "'@z", "县水利局"]
    assert back["转嫁占比"].tolist()[2:] == [0.25, 1.0, 0.0]
    assert set(back["数据性质"]) == {"示例数据"}
    assert out.read_bytes().startswith(b"\xef\xbb\xbf")
    assert "数据性质" not in listing.save([bare(HOSTILE)], tmp_path / "b.csv").read_text("utf-8-sig")


def test_spread_names_its_measures() -> None:
    said = say("spread", pd.Series({"gini": 0.1, "theil": 0.02, "cv": 0.2, "max_min": np.inf, "n": 3.0}))
    assert "基尼系数 0.100" in said
    assert "3 个单位" in said


def test_sentences_bear_chinese_punctuation() -> None:
    assert "\uff0c" in listing.headline(pd.DataFrame([TOTAL]))
    assert "\uff08" in listing.text(bare(pd.DataFrame({"hours": [1.0]})))


def test_the_headline_counts_what_to_review_what_has_no_hours_and_what_came_before_the_lists() -> None:
    said = say("headline", pd.DataFrame([TOTAL]), Tally(held=10, early=8, untimed=3, review=1))
    assert "涉及 20 小时(另有 3 条没有记录耗时,未计入工时),其中 1 条须人工复核后方可引用;" in said
    assert said.endswith("另有 8 条早于清单施行,只作回溯衡量,未计入。")
    nothing = say("headline", pd.DataFrame([{**TOTAL, "tasks": 0}]), Tally(held=0, early=8, untimed=0, review=0))
    assert "台账中的 8 条全部早于清单施行" in nothing
    plain = say("headline", pd.DataFrame([TOTAL]), Tally(held=10, early=0, untimed=0, review=0))
    assert not [w for w in ("早于", "没有记录", "复核") if w in plain]


def test_hours_that_nobody_recorded_are_not_told_as_zero() -> None:
    none = {**TOTAL, "hours": 0.0, "shifted_hours": 0.0, "hours_share": np.nan}
    assert "小时" not in say("headline", pd.DataFrame([none]), Tally(held=10, early=0, untimed=10, review=0))
    one = pd.DataFrame([{"month": "2025-07", **none}]).drop(columns=["hours", "shifted_hours", "hours_share"])
    assert "小时" not in say("shares", bare(one))
    some = pd.DataFrame([{"month": "2025-07", **none}, {"month": "2025-08", **TOTAL}])
    assert [line.split()[-1] for line in say("shares", bare(some)).split("\n")[-2:]] == ["—", "20"]


def test_a_share_without_interval_shows_none() -> None:
    one = {**TOTAL, "low": np.nan, "high": np.nan}
    assert "区间" not in say("headline", pd.DataFrame([one]))
    row = say("shares", bare(pd.DataFrame([{"month": "2025-07", **one}]))).split("\n")[-1].split()
    assert row[5:7] == ["25.0%", "—"]


def test_the_tally_counts_hours_and_review_of_judged_tasks_only() -> None:
    ledger = pd.DataFrame(
        {
            "retrospective": [True, True, False, False, False],
            "shifted": [True, True, True, True, False],
            "needs_review": [True, True, True, False, True],
            "hours": [np.nan, 1.0, np.nan, 2.0, 3.0],
        }
    )
    assert tally(ledger) == Tally(held=3, early=2, untimed=1, review=1)
