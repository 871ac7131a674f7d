import pandas as pd
import pytest

from governance.errors import TableError
from governance.norm import current, days, in_force, listed, versions


def _items(*rows: tuple[str, str, str | None, str | None]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["item", "since", "until", "known_from"]).assign(township="甲镇")
    return frame.assign(**{c: pd.to_datetime(frame[c]) for c in ("since", "until", "known_from")})


def _on(items: pd.DataFrame, item: str, *dates: str) -> list[int]:
    day = days(pd.Series(pd.to_datetime(list(dates))))
    return in_force(versions(items), pd.Series(["甲镇"] * len(day)), pd.Series([item] * len(day)), day).tolist()


def test_from_the_first_day_to_the_day_before_the_last():
    items = _items(("a", "2025-07-01", "2026-01-01", None))
    assert _on(items, "a", "2025-06-30", "2025-07-01", "2025-12-31", "2026-01-01") == [-1, 0, 0, -1]


def test_a_version_holds_until_its_successor_is_known():
    items = _items(("a", "2025-01-01", "2025-07-01", None), ("a", "2025-07-01", None, "2025-09-01"))
    assert _on(items, "a", "2025-06-30", "2025-08-31", "2025-09-01") == [0, 0, 1]


def test_a_version_known_only_after_it_ended_never_counted():
    items = _items(("a", "2025-01-01", "2025-03-01", "2025-06-01"), ("a", "2025-05-01", None, None))
    assert _on(items, "a", "2025-02-01", "2025-04-01", "2025-06-02") == [-1, -1, 1]


def test_versions_that_overlap_are_refused_by_name():
    with pytest.raises(TableError, match="有效期相互重叠:甲镇a"):
        versions(_items(("a", "2025-01-01", None, None), ("a", "2025-03-01", "2025-06-01", None)))


def test_a_township_is_listed_while_any_of_its_items_holds():
    items = _items(("a", "2025-01-01", "2025-02-01", None), ("b", "2025-01-15", "2025-03-01", None))
    day = days(pd.Series(pd.to_datetime(["2024-12-31", "2025-01-01", "2025-02-15", "2025-03-01"])))
    live, first = listed(versions(items), pd.Series(["甲镇"] * 4), day)
    assert live.tolist() == [False, True, True, False]
    assert (first == days(pd.Series([pd.Timestamp("2025-01-01")]))[0]).all()


def test_a_time_zone_does_not_move_the_day():
    assert days(pd.Series(pd.to_datetime(["2025-07-01 00:30+08:00"]))) == days(
        pd.Series(pd.to_datetime(["2025-07-01"]))
    )


def test_what_is_no_date_is_refused():
    with pytest.raises(TableError, match="不是日期"):
        days(pd.Series(["去年"], name="date"))


def test_current_without_dates_is_what_has_no_end():
    items = pd.DataFrame({"item": ["a", "b"], "until": pd.to_datetime(["2025-01-01", None])})
    assert current(items, None)["item"].tolist() == ["b"]
    assert current(items.drop(columns="until"), pd.Timestamp("2025-01-01"))["item"].tolist() == ["a", "b"]
