"""Two lists meet under common ids, and a column only one of them prints is no change."""

from __future__ import annotations

import pandas as pd

import governance as gov
from governance.crosswalk import comparable, paired

ONE = gov.tables.frame(
    "items",
    [
        {"item": "a", "township": "甲镇", "list_kind": "basic", "name": "开展河道日常巡查", "basis": "《水法》"},
        {"item": "b", "township": "甲镇", "list_kind": "basic", "name": "抓好基层党组织建设", "basis": "党章"},
    ],
)


def test_lists_that_share_their_ids_keep_them() -> None:
    old, new = paired(ONE, ONE.assign(name=["开展河道日常巡查", "抓好党建引领"]))
    assert old["item"].tolist() == new["item"].tolist() == ["a", "b"]


def test_an_id_that_names_another_item_on_each_side_is_not_trusted() -> None:
    old, new = paired(ONE, ONE.assign(item=["b", "a"]))  # running numbers: the same ids, other items
    assert old.set_index("name")["item"].to_dict() == new.set_index("name")["item"].to_dict()


def test_a_reworded_item_meets_itself_although_its_id_is_made_of_the_wording() -> None:
    names = ["做好河道日常巡查工作", "抓好基层党组织建设", "受理城乡低保申请"]
    more = pd.concat([ONE, ONE.head(1).assign(item="c", name="受理城乡低保申请")], ignore_index=True)
    old, new = paired(more, more.assign(item=["z", "b", "c"], name=names))
    assert old["item"].tolist() == new["item"].tolist()
    assert old["item"].tolist()[1:] == ["b", "c"]


def test_without_shared_ids_the_same_duty_is_found_by_its_wording() -> None:
    other = ONE.assign(item=["x", "y"], name=["受理城乡低保申请", "做好河道日常巡查工作"])
    old, new = paired(ONE, other)
    assert old["item"].iloc[0] == new["item"].iloc[1]
    assert len({*old["item"], *new["item"]}) == 3
    changes = gov.lifecycle.diff(old, new)
    assert sorted(changes["change"]) == ["added", "edited", "removed"]


def test_two_townships_are_compared_with_each_other_and_one_with_itself() -> None:
    old, new = paired(ONE, ONE.assign(township="乙乡", item=["x", "y"]))
    assert set(old["township"]) == set(new["township"]) == {""}
    assert set(paired(ONE, ONE)[0]["township"]) == {"甲镇"}


def test_twins_in_one_list_get_ids_of_their_own() -> None:
    twins = pd.concat([ONE.head(1), ONE.head(1).assign(item="c")], ignore_index=True)
    old, new = paired(twins, ONE.assign(item=["x", "y"]))
    assert old["item"].is_unique
    assert new["item"].is_unique


def test_the_callers_frames_stay_as_they_were() -> None:
    before = ONE.copy()
    paired(ONE, ONE.assign(item=["x", "y"]))
    comparable(ONE, ONE.assign(basis=None))
    pd.testing.assert_frame_equal(ONE, before)


def test_a_column_printed_by_one_side_only_is_left_out_and_named() -> None:
    old, new, left = comparable(ONE, ONE.assign(basis=None))
    assert left.to_numpy().tolist() == [["甲镇", "basic", "basis"]]
    assert gov.lifecycle.diff(old, new).empty


def test_a_column_that_both_print_counts_as_a_change_also_when_one_cell_is_empty() -> None:
    old, new, left = comparable(ONE, ONE.assign(basis=["《水法》", None]))
    assert left.empty
    assert gov.lifecycle.diff(old, new)["columns"].tolist() == ["basis"]
