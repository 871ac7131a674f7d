import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.errors import TableError
from governance.lifecycle import compare, diff
from governance.tables import frame

COLUMNS = ["list_kind", *compare.TEXTS]
WORDS = st.sampled_from([None, "", "县住建局", "县应急管理局", "1.开展日常巡查;2.发现问题及时上报。"])
ROW = st.fixed_dictionaries(
    {"list_kind": st.sampled_from(["basic", "assisting", "reclaimed"])} | dict.fromkeys(compare.TEXTS, WORDS)
)
LIST = st.dictionaries(st.tuples(st.sampled_from(["甲镇", "乙乡", "丙街道"]), st.sampled_from(["P1", "P2", "P3"])), ROW)
SHAPES = st.sampled_from(["str", "object", "category"])


def _framed(rows: dict, shape: str = "str") -> pd.DataFrame:
    told = [{"township": t, "item": i, **row} for (t, i), row in rows.items()]
    columns = ["township", "item", *COLUMNS]
    return pd.DataFrame(told, columns=columns, dtype=object).astype(shape)


def _oracle(old: dict, new: dict) -> dict:
    """What changed, read key by key."""
    found = {}
    for key in old.keys() | new.keys():
        one, two = old.get(key), new.get(key)
        if one is None or two is None:
            found[key] = ("added" if one is None else "removed", "")
        elif differing := [c for c in COLUMNS if one[c] != two[c]]:
            found[key] = ("moved" if one["list_kind"] != two["list_kind"] else "edited", "|".join(differing))
    return found


def _plain(found: pd.DataFrame) -> list[dict]:
    return found.astype(object).where(found.notna(), None).to_dict("records")


@given(LIST, LIST, SHAPES, SHAPES, st.randoms(use_true_random=False))
def test_it_finds_what_reading_key_by_key_finds_and_says_it_whole(old, new, one, two, random):
    keys = list(new)
    random.shuffle(keys)
    found = _plain(diff(_framed(old, one), _framed({k: new[k] for k in keys}, two)))
    assert {(r["township"], r["item"]): (r["change"], r["columns"]) for r in found} == _oracle(old, new)
    assert [(r["township"], r["item"]) for r in found] == sorted((r["township"], r["item"]) for r in found)
    changed = dict(old)
    for row in found:  # the changes taken into the old list give the new one
        key = row["township"], row["item"]
        assert {c: row[f"{c}_old"] for c in COLUMNS} == old.get(key, dict.fromkeys(COLUMNS))
        changed[key] = {c: row[c] for c in COLUMNS}
        if row["change"] == "removed":
            assert set(changed.pop(key).values()) == {None}
    assert changed == new


@given(LIST, SHAPES)
def test_a_list_does_not_differ_from_itself(rows, shape):
    listed = _framed(rows, shape)
    found = diff(listed, listed.iloc[::-1])
    assert found.empty
    assert list(found.columns) == list(diff(_framed({}), _framed({})).columns)
    assert set(map(str, found.dtypes)) == {"str"}


@given(LIST, LIST)
def test_there_and_back_mirror_each_other(old, new):
    there, back = diff(_framed(old), _framed(new)), diff(_framed(new), _framed(old))
    turned = back.rename(columns={c: f"{c}_old" for c in COLUMNS} | {f"{c}_old": c for c in COLUMNS})[there.columns]
    turned["change"] = turned["change"].replace({"added": "removed", "removed": "added"})
    pd.testing.assert_frame_equal(there, turned)


@given(LIST, LIST)
def test_small_pieces_and_few_keys_give_the_same(old, new):
    whole = diff(_framed(old), _framed(new))
    before = compare.CHUNK, compare.DENSE
    compare.CHUNK, compare.DENSE = 1, 0
    try:
        pd.testing.assert_frame_equal(diff(_framed(old), _framed(new)), whole)
    finally:
        compare.CHUNK, compare.DENSE = before


def test_a_number_of_its_own_for_every_item_of_every_township():
    n = 3000
    old = pd.DataFrame(
        {"township": [f"镇{i}" for i in range(n)], "item": [f"X{i}" for i in range(n)], "list_kind": "basic"}
    )
    new = old.iloc[1:].assign(list_kind=np.where(old.index[1:] == 7, "assisting", "basic"))
    assert diff(old, new)[["township", "change"]].to_numpy().tolist() == [["镇0", "removed"], ["镇7", "moved"]]


def test_two_townships_side_by_side_and_the_frames_as_they_were():
    items = frame("items", [
        {"item": "P1", "township": "甲镇", "list_kind": "basic", "name": "河道巡查", "since": "2025-07-01"},
        {"item": "P1", "township": "乙乡", "list_kind": "assisting", "name": "河道巡查", "since": "2025-07-01"},
        {"item": "P2", "township": "乙乡", "list_kind": "basic", "name": "禁渔宣传", "since": "2025-07-01"},
    ])  # fmt: skip
    copy = items.copy(deep=True)
    one, two = items[items.township == "甲镇"], items[items.township == "乙乡"]
    found = diff(one, two, key=("name",))
    assert found[["name", "change", "list_kind_old", "list_kind"]].to_numpy().tolist() == [
        ["河道巡查", "moved", "basic", "assisting"],
        ["禁渔宣传", "added", np.nan, "basic"],
    ]
    assert "name_old" not in found
    assert diff(one, two, key=("item",))["change"].tolist() == ["moved", "added"]
    pd.testing.assert_frame_equal(items, copy)


def test_a_column_neither_or_only_one_has():
    old = pd.DataFrame({"township": "甲镇", "item": ["P1"], "list_kind": "basic"})
    assert diff(old, old).empty
    found = diff(old, old.assign(method="由县级部门直接办理"))
    assert found[["columns", "method_old", "method"]].to_numpy().tolist() == [["method", np.nan, "由县级部门直接办理"]]


def test_an_item_in_force_twice_or_without_number_is_refused_by_name():
    old = pd.DataFrame({"township": "甲镇", "item": ["P1", "P1"], "list_kind": "basic"})
    with pytest.raises(TableError, match=r"旧清单中同一事项不止一行.*甲镇、P1.*lifecycle.at"):
        diff(old, old.head(1))
    with pytest.raises(TableError, match="新清单中同一事项不止一行"):
        diff(old.head(1), old)
    with pytest.raises(TableError, match="item 列有 1 行没有填写"):
        diff(old.head(1), old.assign(item=["P1", None]))
    with pytest.raises(TableError, match="新清单缺少列:list_kind"):
        diff(old.head(1), old.head(1).drop(columns="list_kind"))
