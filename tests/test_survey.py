from dataclasses import replace

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
