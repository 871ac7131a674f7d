from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import governance as gov
from governance.examples.ledger import LISTS, PLANTED, TASKS, bank

DATA = Path(__file__).parent.parent / "data"
FRAMES = ("units", "items", "tasks", "staff", "communities", "rooms", "sites", "activities")


def test_the_written_folder_gives_the_county_back(capsys):
    made, read = gov.examples.county(), gov.read(DATA / "demo")
    assert (read.name, read.example) == (made.name, True)
    assert "退回 0 行" in capsys.readouterr().out
    for name in FRAMES:
        key = ["township", "item", "list_kind"] if name == "items" else []
        one, other = (getattr(c, name) for c in (made, read))
        if key:
            one, other = (f.sort_values(key, ignore_index=True) for f in (one, other))
        pd.testing.assert_frame_equal(one, other)
    for part in ("nodes", "edges"):
        pd.testing.assert_frame_equal(getattr(made.streets, part), getattr(read.streets, part))


def test_the_committed_files_are_what_the_generator_writes(tmp_path):
    written = gov.examples.write(tmp_path)
    committed = sorted(p.relative_to(DATA / "demo") for p in (DATA / "demo").rglob("*") if p.is_file())
    assert sorted(p.relative_to(tmp_path) for p in written) == committed
    for path in committed:
        assert (tmp_path / path).read_bytes() == (DATA / "demo" / path).read_bytes(), path


def test_the_committed_truth_is_the_planted_one():
    kept = pd.read_csv(DATA / "demo_truth.csv", dtype="str")
    pd.testing.assert_frame_equal(kept, gov.examples.truth())


def test_every_file_says_it_is_made_up():
    assert all("示例数据" in p.name for p in (DATA / "demo").rglob("*") if p.is_file())


def test_every_township_has_its_own_mix_and_sub_districts_differ_from_mountain_ones():
    county = gov.examples.county()
    chosen = county.items.groupby("township")["item"].agg(frozenset)
    assert chosen.nunique() == 12
    urban, mountain = chosen["望禾街道"], chosen["鹤坪乡"]
    assert len(urban & mountain) < 0.85 * min(len(urban), len(mountain))


def test_the_bank_is_wide_enough_and_no_text_stands_twice():
    banks = {kind: bank(kind) for kind in (*LISTS, "off_list")}
    assert [len(banks[k]) >= n for k, n in zip(LISTS, (140, 95, 75), strict=True)] == [True] * 3
    whole = pd.concat(banks.values())
    texts = pd.concat([whole["name"], whole["task_a"], whole["task_b"], whole["task_c"]])
    assert not texts.duplicated().any()


def test_no_task_repeats_the_name_of_its_item():
    for kind in (*LISTS, "off_list"):
        for row in bank(kind).itertuples():
            runs = {row.name[i : i + 8] for i in range(len(row.name) - 7)}
            assert not any(run in text for run in runs for text in (row.task_a, row.task_b, row.task_c)), row.item


def test_what_is_planted_is_in_the_ledger():
    county, truth = gov.examples.county(), gov.examples.truth()
    assert len(truth) == len(county.tasks) == TASKS
    after = (county.tasks.date >= "2025-07-01").to_numpy()
    for verdict, odds in PLANTED.items():
        for rows, p in zip((~after, after), odds, strict=True):
            assert (truth.verdict[rows] == verdict).mean() == pytest.approx(
                p, abs=4 * np.sqrt(p * (1 - p) / rows.sum())
            )


def test_a_caller_may_change_his_copy():
    one = gov.examples.county()
    one.tasks.loc[:, "hours"] = 0.0
    assert gov.examples.county().tasks.hours.sum() > 0
