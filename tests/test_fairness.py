"""Fairness by expanding everybody, and what a closed place costs by closing it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from governance import circle, rules
from governance.errors import TableError

SPEED = rules.value("circle.speed")
GROUPS = rules.value("circle.groups")
AGES = list(SPEED)


def cover(*rows: tuple[str, int, int]) -> pd.DataFrame:
    """Coverage of one service: community, people, covered."""
    frame = pd.DataFrame(rows, columns=["community", "people", "covered"])
    return frame.assign(township="甲镇", service="meals", minutes=15)


def people(**at: list[int]) -> pd.DataFrame:
    rows = [
        {"township": "甲镇", "community": "乙村", "compound": n, "node": n, **dict(zip(AGES, v, strict=True))}
        for n, v in at.items()
    ]
    return pd.DataFrame(rows, columns=["township", "community", "compound", "node", *AGES])


def test_fairness_equals_the_pencil_calculation() -> None:
    # shares 0, 1/2, 1 of 10, 20, 10 people; mean 1/2. |differences| over pairs of people: (10*20 + 20*10)/2 + 10*10 = 300
    row = circle.fairness(cover(("乙村", 10, 0), ("丙村", 20, 10), ("丁村", 10, 10))).iloc[0]
    assert row["gini"] == pytest.approx(300 / (40 * 40) / 0.5)
    assert row[["communities", "people", "covered", "share", "worst_decile"]].tolist() == [3, 40, 20, 0.5, 0.0]
    assert row[["lowest_community", "lowest_share", "best_community", "best_share"]].tolist() == ["乙村", 0, "丁村", 1]


def test_the_worst_tenth_splits_a_community_where_it_ends() -> None:
    # the tenth are 10 people: 4 with nothing, then 6 of the half covered
    row = circle.fairness(cover(("乙村", 4, 0), ("丙村", 20, 10), ("丁村", 76, 76))).iloc[0]
    assert row["worst_decile"] == pytest.approx(6 * 0.5 / 10)


def test_of_communities_alike_the_larger_then_the_smaller_name_is_told() -> None:
    row = circle.fairness(cover(("c", 5, 0), ("b", 9, 0), ("a", 9, 0), ("z", 3, 3), ("y", 8, 8))).iloc[0]
    assert (row["lowest_community"], row["best_community"]) == ("a", "y")


def test_all_alike_is_zero_nobody_covered_is_unknown_and_no_people_have_no_row_numbers() -> None:
    assert circle.fairness(cover(("a", 5, 5), ("b", 9, 9)))["gini"].tolist() == [pytest.approx(0, abs=1e-15)]
    nobody = circle.fairness(cover(("a", 5, 0), ("b", 9, 0))).iloc[0]
    assert np.isnan(nobody["gini"])
    assert nobody["worst_decile"] == 0
    empty = circle.fairness(cover(("a", 0, 0))).iloc[0]
    assert empty[["communities", "people", "covered"]].tolist() == [0, 0, 0]
    assert empty[["share", "gini", "worst_decile", "lowest_community"]].isna().all()
    bare = circle.fairness(cover(("a", 5, 5)).iloc[:0])
    assert bare.dtypes.to_dict() == circle.fairness(cover(("a", 5, 5))).dtypes.to_dict()


def test_age_groups_are_added_up_and_faults_named() -> None:
    near = pd.DataFrame({"node": ["a"], "service": "elder_care", "metres": 700.0})
    found = circle.fairness(circle.coverage(near, people(a=[0, 0, 0, 0, 6, 2], b=[0, 0, 0, 0, 1, 1])))
    row = found.query("service == 'elder_care' and minutes == 15").iloc[0]
    assert row[["people", "covered"]].tolist() == [10, 6]
    assert len(found) == 3 * len(GROUPS)
    with pytest.raises(TableError, match="乙村"):
        circle.fairness(cover(("乙村", 4, 5)))


COMMUNITIES = st.lists(st.tuples(st.integers(0, 12), st.floats(0, 1)), min_size=1, max_size=6)


@settings(max_examples=30, deadline=None)
@given(COMMUNITIES)
def test_fairness_equals_everybody_written_out(given_: list[tuple[int, float]]) -> None:
    table = [(f"C{i}", n * 10, round(n * 10 * part)) for i, (n, part) in enumerate(given_)]
    row = circle.fairness(cover(*table)).iloc[0]
    each = np.sort(np.concatenate([np.full(n, done / n if n else 0) for _, n, done in table]))
    if not len(each):
        assert np.isnan(row["share"])
        return
    assert row["share"] == pytest.approx(each.mean())
    assert row["worst_decile"] == pytest.approx(each[: len(each) // 10].mean())
    if each.sum():
        gini = np.abs(each[:, None] - each[None]).mean() / (2 * each.mean())
        assert row["gini"] == pytest.approx(gini, abs=1e-12)


# --- what a closed place costs


def near(rows: list[tuple[str, str, str, float]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["origin", "service", "node", "metres"]).astype({"metres": float})


def test_criticality_equals_the_pencil_calculation() -> None:
    # 60-79 walk 900 m, 80+ 675 m.  a: S1 at 100, S2 at 700;  b: S1 at 900;  c: S2 at 50
    way = near([("S1", "elder_care", "a", 100), ("S2", "elder_care", "a", 700), ("S1", "elder_care", "b", 900),
                ("S2", "elder_care", "c", 50), ("F9", "idle", "a", 0)])  # fmt: skip
    found = circle.criticality(way, people(a=[0, 0, 0, 0, 10, 4], b=[0, 0, 0, 0, 3, 2], c=[0, 0, 0, 0, 1, 0]))
    assert found["origin"].tolist() == ["S1", "S2"]  # the idle room serves nobody
    # S1: a's 4 oldest and b's 3 have nothing else; a's 10 younger walk 600 m more. S2: c's 1
    assert found.iloc[0].tolist() == [1, "S1", "elder_care", 7, 17, 17, 600.0]
    assert found.iloc[1, :6].tolist() == [2, "S2", "elder_care", 1, 11, 1]
    assert np.isnan(found["extra_metres"][1])


def test_of_places_equally_near_the_smaller_id_is_the_nearest_and_closing_it_costs_no_way() -> None:
    way = near([("S2", "childcare", "a", 300), ("S1", "childcare", "a", 300)])
    found = circle.criticality(way, people(a=[5, 0, 0, 0, 0, 0])).set_index("origin")
    assert found["nearest_people"].to_dict() == {"S1": 5, "S2": 0}
    assert found["extra_metres"]["S1"] == 0
    assert found["alone"].tolist() == [0, 0]


def test_criticality_refuses_a_short_search_and_keeps_its_columns_when_empty() -> None:
    way = near([("S1", "childcare", "a", 300)])
    town = people(a=[5, 0, 0, 0, 0, 0])
    with pytest.raises(TableError, match="重算"):
        circle.criticality(way.assign(within=5.0), town)
    full = circle.criticality(way, town)
    for bare in (circle.criticality(way.iloc[:0], town), circle.criticality(way, town.iloc[:0])):
        assert bare.dtypes.to_dict() == full.dtypes.to_dict()
    assert circle.criticality(way, town.assign(node="far"))[["alone", "people"]].to_numpy().tolist() == [[0, 0]]


@st.composite
def towns(draw: st.DrawFn) -> tuple[pd.DataFrame, pd.DataFrame]:
    metres = st.sampled_from([0, 300, 450, 600, 675, 675.1, 900, 900.1, 1200])
    rows = [
        (f"{service}{i}", service, node, draw(metres))
        for service in ("elder_care", "childcare")
        for i in range(3)
        for node in "abc"
        if draw(st.booleans())
    ]
    size = st.integers(0, 5)
    return near(rows), people(**{n: [draw(size) for _ in AGES] for n in "abcd"})


@settings(max_examples=12, deadline=None)
@given(towns())
def test_criticality_equals_closing_each_place(town: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    way, homes = town

    def lost(rows: pd.DataFrame, service: str) -> int:
        gaps = circle.gaps(rows, homes)
        return int(gaps.loc[gaps["service"] == service, "people"].sum())

    def best(rows: pd.DataFrame, node: str) -> tuple[float, str] | None:
        mine = sorted(
            zip(rows.loc[rows["node"] == node, "metres"], rows.loc[rows["node"] == node, "origin"], strict=True)
        )
        return mine[0] if mine else None

    found = circle.criticality(way, homes)
    assert sorted(found["origin"]) == sorted(set(way["origin"]))
    assert found["rank"].tolist() == list(range(1, len(found) + 1))
    assert found["alone"].is_monotonic_decreasing
    for row in found.to_dict("records"):
        rest = way[way["origin"] != row["origin"]]
        assert row["alone"] == lost(rest, row["service"]) - lost(way, row["service"])
        keep = extra = mine = inside = 0
        for home in homes.to_dict("records"):
            before = best(way[way["service"] == row["service"]], home["node"])
            after = best(rest[rest["service"] == row["service"]], home["node"])
            own = way[(way["origin"] == row["origin"]) & (way["node"] == home["node"])]["metres"]
            for age in GROUPS[row["service"]]:
                limit = SPEED[age] * 15
                inside += home[age] * int((own <= limit).any())
                if before and before[0] <= limit and before[1] == row["origin"]:
                    mine += home[age]
                    if after and after[0] <= limit:
                        keep += home[age]
                        extra += home[age] * (after[0] - before[0])
        assert (row["people"], row["nearest_people"]) == (inside, mine)
        assert row["extra_metres"] == pytest.approx(extra / keep, abs=1e-9) if keep else np.isnan(row["extra_metres"])
