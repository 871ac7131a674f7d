from dataclasses import replace

import pandas as pd
import pytest

import governance as gov
from governance.tables import frame

COUNTY = gov.examples.county()
FOUND = gov.survey.run(COUNTY)


def test_a_survey_is_the_rooms_called_one_after_another():
    matched = gov.matching.match(COUNTY.tasks, COUNTY.items)
    held = gov.shifting.judge(matched, COUNTY.items)
    held = held[held.date >= "2025-07-01"]
    assert len(held) == FOUND.total.tasks.item()
    assert FOUND.total.shifted.item() == held.shifted.sum()
    assert FOUND.by_month.tasks.sum() == len(COUNTY.tasks)
    assert FOUND.loads.hours.sum() == pytest.approx(held.hours.sum())
    assert FOUND.notes.empty


def test_earlier_tasks_are_in_the_trend_but_in_no_share_load_or_graph():
    early = set(FOUND.ledger.task[FOUND.ledger.retrospective])
    drawn = {key for *_, key, data in FOUND.graph.edges(keys=True, data=True) if data["layer"] == "dispatch"}
    assert early
    assert not early & drawn
    assert FOUND.total.tasks.item() + len(early) == len(COUNTY.tasks)


@pytest.mark.parametrize(
    ("gone", "parts"),
    [
        ("staff", {"履职负荷"}),
        ("tasks", {"责任转嫁", "履职负荷"}),
        ("items", {"责任转嫁", "履职负荷"}),
        ("sites", {"十五分钟服务圈"}),
        ("rooms", {"用房改造"}),
        ("streets", {"十五分钟服务圈", "用房改造"}),
        ("communities", {"十五分钟服务圈", "用房改造"}),
    ],
)
def test_what_is_missing_is_named_and_the_rest_is_still_done(gone, parts):
    if gone == "streets":
        less = replace(COUNTY, streets=gov.Streets(frame("nodes"), frame("edges")))
    else:
        less = replace(COUNTY, **{gone: frame(gone)})
    found = gov.survey.run(less)
    assert set(found.notes.part) == parts
    for name in ("ledger", "total", "by_township", "loads", "coverage", "gaps", "overlap", "plan"):
        assert list(getattr(found, name).columns) == list(getattr(FOUND, name).columns), name
    assert gov.survey.missing(less).equals(found.notes)


def test_lists_count_what_is_in_force():
    table = gov.survey.lists(COUNTY.items).pivot_table(index="township", columns="list_kind", values="items")
    assert table.mean().to_dict() == {"assisting": 76, "basic": 115, "reclaimed": 57}


def test_one_township_with_a_list_of_another_date_leaves_the_others_load_alone():
    items = COUNTY.items.copy()
    items.loc[items.township == "鹤坪乡", ["since", "known_from"]] = COUNTY.items.since.min() - pd.Timedelta(days=200)
    early = gov.survey.run(replace(COUNTY, items=items))
    none = gov.survey.run(replace(COUNTY, items=COUNTY.items[COUNTY.items.township != "鹤坪乡"]))
    for found in (early, none):
        ours, theirs = (f.loads.set_index("township").load_ratio["望禾街道"] for f in (FOUND, found))
        assert ours == theirs
    assert none.total.tasks.item() < FOUND.total.tasks.item()


def test_lists_not_yet_or_no_longer_in_force_are_not_counted():
    later = COUNTY.items.assign(since=pd.Timestamp("2030-01-01"))
    closed = COUNTY.items.assign(until=pd.Timestamp("2027-12-31"))
    both = gov.survey.lists(pd.concat([closed, later]), at=pd.Timestamp("2026-06-28"))
    assert both["items"].sum() == len(COUNTY.items)


def test_a_ledger_without_hours_is_said_to_have_none():
    tasks = COUNTY.tasks.assign(hours=float("nan"))
    assert gov.survey.missing(replace(COUNTY, tasks=tasks)).to_numpy().tolist() == [
        ["履职负荷", "任务台账没有记录耗时"]
    ]
