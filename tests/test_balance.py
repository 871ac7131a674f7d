import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.balance import load, relief, spread
from governance.errors import TableError

ITEMS = pd.DataFrame(
    {"township": ["甲镇", "甲镇", "乙乡"], "list_kind": ["basic", "assisting", "basic"], "item": ["J1", "P1", "J1"]}
)
STAFF = pd.DataFrame(
    {
        "township": ["甲镇", "甲镇", "乙乡"],
        "office": ["党政办", "执法队", "党政办"],
        "headcount": [2, 3, 4],
        "hours_per_month": [10.0, 20.0, 5.0],
    }
)
LEDGER = pd.DataFrame(
    {
        "date": pd.to_datetime(["2025-12-31", "2026-01-01", "2026-02-10"]),
        "township": ["甲镇", "甲镇", "丙镇"],
        "hours": [100.0, 140.0, 7.0],
        "shifted": [False, True, True],
        "handed_to": ["党政办", "执法队", None],
    }
)


def test_hours_capacity_and_ratio_by_hand():
    row = load(LEDGER, ITEMS, STAFF).set_index("township").loc["甲镇"]
    # December, January, February: 3 months; (2 x 10 + 3 x 20) x 3 = 240 hours
    assert (row.months, row.headcount, row.capacity_hours, row.hours) == (3, 5, 240.0, 240.0)
    assert (row.load_ratio, row.hours_per_head, row.returned_ratio) == (1.0, 48.0, pytest.approx(100 / 240))
    assert not row.overloaded  # exactly at the limit is not over it
    assert (row.basic, row.assisting) == (1, 1)


def test_every_township_of_any_table_is_there():
    loads = load(LEDGER, ITEMS, STAFF).set_index("township")
    assert set(loads.index) == {"甲镇", "乙乡", "丙镇"}
    assert loads.load_ratio["乙乡"] == 0
    assert np.isnan(loads.load_ratio["丙镇"])
    assert loads.hours.sum() == LEDGER.hours.sum()


def test_offices_carry_what_was_handed_to_them():
    loads = load(LEDGER, ITEMS, STAFF, by="office").set_index(["township", "office"])
    assert loads.hours.to_dict() == {("甲镇", "党政办"): 100.0, ("甲镇", "执法队"): 140.0, ("乙乡", "党政办"): 0.0}
    assert loads.load_ratio[("甲镇", "执法队")] == pytest.approx(140 / 180)


def test_no_task_at_all_is_no_load():
    loads = load(LEDGER.iloc[:0], ITEMS, STAFF)
    assert list(loads.columns) == list(load(LEDGER, ITEMS, STAFF).columns)
    assert loads.hours.sum() == 0
    assert loads.load_ratio.isna().all()


VALUES = st.lists(st.floats(0, 1e6, allow_subnormal=False), min_size=1, max_size=30).filter(lambda v: sum(v) > 1e-3)


@given(VALUES)
def test_gini_equals_the_mean_difference_of_all_pairs(values):
    x = np.array(values)
    pairs = np.abs(x[:, None] - x[None, :]).mean() / (2 * x.mean())
    assert spread(pd.Series(values)).gini == pytest.approx(pairs, abs=1e-9)


@given(VALUES, st.floats(0.1, 50))
def test_spread_ignores_scale_order_and_copies_of_the_whole(values, factor):
    plain = spread(pd.Series(values))
    for other in (pd.Series(values) * factor, pd.Series(values[::-1]), pd.Series(values * 2)):
        again = spread(other)
        assert (again.gini, again.theil, again.cv) == pytest.approx((plain.gini, plain.theil, plain.cv), abs=1e-7)


@given(st.lists(st.floats(1, 1e5), min_size=2, max_size=20))
def test_giving_from_the_most_to_the_least_loaded_lowers_gini_and_theil(values):
    x = np.sort(np.array(values))
    gap = x[-1] - x[0]
    moved = x.copy()
    moved[0], moved[-1] = x[0] + gap / 4, x[-1] - gap / 4
    before, after = spread(pd.Series(x)), spread(pd.Series(moved))
    assert after.gini <= before.gini + 1e-12
    assert after.theil <= before.theil + 1e-12


def test_theil_by_its_two_known_ends():
    assert spread(pd.Series([3.0, 3.0, 3.0])).theil == 0
    assert spread(pd.Series([0.0, 0.0, 0.0, 9.0])).theil == pytest.approx(np.log(4))
    assert spread(pd.Series([0.0, 0.0, 0.0, 9.0])).gini == pytest.approx(3 / 4)


def test_missing_values_are_left_out_and_counted():
    assert spread(pd.Series([1.0, np.nan, 3.0])).n == 2
    assert spread(pd.Series([], dtype=float)).isna().sum() == 4
    with pytest.raises(TableError, match="非负数"):
        spread(pd.Series([1.0, -2.0]))


def test_relief_takes_exactly_the_shifted_hours_away():
    loads = load(LEDGER, ITEMS, STAFF)
    table = relief(loads).set_index("measure")
    assert table.before["hours"] - table.after["hours"] == LEDGER.hours[LEDGER.shifted].sum()
    assert (table.after <= table.before + 1e-12).loc[["hours", "load_ratio", "overloaded"]].all()


def test_unknown_grouping_is_refused():
    with pytest.raises(TableError, match="可用:township、office"):
        load(LEDGER, ITEMS, STAFF, by="county")
