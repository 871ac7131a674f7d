from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

import governance as gov
from governance.errors import TableError
from governance.shifting import SHIFTED, VERDICTS, change, flows, judge, shares, verdicts
from governance.shifting.evidence import ASPECTS, reasons
from governance.tables.fields import field

CASES = yaml.safe_load((Path(__file__).parent / "cases" / "shifting.yaml").read_text("utf-8"))


def _word(table: str, column: str, said: str | None) -> str | bool | None:
    """The English of what the case says in Chinese, by the schema; "无" is an empty set, silence is missing."""
    if said is None:
        return None
    if field(table, column).type == "bool":
        return {"是": True, "否": False}[said]
    return "|".join(field(table, column).allowed[word] for word in said.split("、"))


def _item(said: dict, item: str = "X1") -> dict:
    return {
        "item": item,
        "township": "甲镇",
        "name": "某事项",
        "list_kind": _word("items", "list_kind", said["类别"]),
        "support": _word("items", "support", said.get("保障")),
        "since": said.get("施行", "2025-07-01"),
        "until": said.get("失效"),
        "known_from": said.get("公布", "2025-06-30"),
    }


@pytest.mark.parametrize("case", CASES, ids=[c["例"] for c in CASES])
def test_each_written_case_is_judged_as_written(case):
    rows = [_item(case["事项"])]
    if "改为" in case:
        rows.append(_item(case["改为"]))
    if "另有" in case:
        rows.append(_item(case["另有"], "X2"))
    task = case["任务"]
    matched = gov.tables.frame(
        "tasks",
        [
            {
                "task": "1",
                "date": task["日期"],
                "department": "县某局",
                "township": "甲镇",
                "text": "某任务",
                "role": _word("tasks", "role", task.get("角色")),
                "scored": _word("tasks", "scored", task.get("考核")),
                "support": _word("tasks", "support", task.get("保障")),
            }
        ],
    )
    matched = matched.assign(item="X1", item_name="某事项", band=task.get("档次", "matched"))
    ledger = judge(matched, gov.tables.frame("items", rows), retrospective=case.get("回溯") == "是")
    row = ledger.iloc[0]
    assert row.verdict == case["判定"]
    assert row.shifted == (case["判定"] in SHIFTED)
    assert row.missing_support == case.get("未到位", "")
    assert row.retrospective == (case.get("回溯标记") == "是")
    if "复核" in case:
        assert row.needs_review
    assert len(row.reason) > 5


def _oracle(task: dict, items: pd.DataFrame) -> str:
    """The same rule read row by row, as a person would with the list in hand."""
    mine = items[items.township == task["township"]]
    start = np.maximum(mine.since, mine.known_from)
    held = mine[(start <= task["date"]) & (mine.until.isna() | (task["date"] < mine.until))]
    if held.empty or task["band"] == "doubtful":
        return "unsure"
    hit = held[held["item"] == task["item"]]
    if task["band"] == "absent" or hit.empty:
        return "off_list"
    kind, promised = hit.iloc[0].list_kind, {p for p in hit.iloc[0].support.split("|") if p}
    if kind != "assisting":
        return {"basic": "own", "reclaimed": "reclaimed"}[kind]
    if task["role"] in ("lead", "decide") or task["scored"]:
        return "inverted"
    given_ = task["support"]
    return "unsupported" if given_ is not None and promised - set(given_.split("|")) else "assist"


DATES = pd.date_range("2025-06-25", "2026-01-10", freq="3D")


@given(st.integers(0, 2**32 - 1))
def test_judging_agrees_with_reading_the_list_row_by_row(seed):
    rng = np.random.default_rng(seed)
    rows = []
    for township in ("甲镇", "乙乡"):
        for n in range(rng.integers(1, 5)):
            cut = pd.Timestamp("2025-07-01") + pd.Timedelta(days=int(rng.integers(0, 90)))
            kinds = rng.choice(["basic", "assisting", "reclaimed"], 2)
            base = {
                "item": f"X{n}",
                "township": township,
                "name": "事",
                "support": rng.choice(["", "funds", "funds|training"]),
            }
            rows.append(
                base
                | {
                    "list_kind": kinds[0],
                    "since": pd.Timestamp("2025-07-01"),
                    "until": cut,
                    "known_from": pd.Timestamp("2025-07-01") + pd.Timedelta(days=int(rng.integers(-5, 20))),
                }
            )
            if rng.random() < 0.6:
                rows.append(base | {"list_kind": kinds[1], "since": cut, "until": pd.NaT, "known_from": cut})
    items = pd.DataFrame(rows)
    tasks = [
        {
            "task": str(n),
            "date": DATES[rng.integers(len(DATES))],
            "township": rng.choice(["甲镇", "乙乡", "丙镇"]),
            "item": f"X{rng.integers(5)}",
            "band": rng.choice(["matched", "matched", "matched", "doubtful", "absent"]),
            "role": rng.choice(["lead", "assist", "decide"]),
            "scored": bool(rng.random() < 0.3),
            "support": rng.choice(np.array(["", "funds", "training|funds", None], object)),
        }
        for n in range(20)
    ]
    ledger = judge(pd.DataFrame(tasks), items)
    assert ledger.verdict.tolist() == [_oracle(t, items) for t in tasks]


def _ledger(rng: np.random.Generator, n: int) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "department": rng.choice(["甲局", "乙局", "丙局"], n),
            "township": rng.choice(["甲镇", "乙乡"], n),
            "verdict": rng.choice(VERDICTS, n),
            "hours": rng.integers(1, 50, n).astype(float),
            "date": pd.Timestamp("2025-07-01") + pd.to_timedelta(rng.integers(0, 200, n), unit="D"),
            "channel": rng.choice(["notice", "hotline"], n),
            "category": rng.choice(["党的建设", None], n),
        }
    )


@given(st.integers(0, 2**32 - 1), st.sampled_from(["department", "township", "category", "channel", "month"]))
def test_groups_add_up_to_the_whole_and_carry_their_denominator(seed, by):
    ledger = _ledger(np.random.default_rng(seed), 60)
    whole, parts = shares(ledger).iloc[0], shares(ledger, by=by)
    for column in ("tasks", "decided", "unsure", "shifted", "hours", "shifted_hours"):
        assert parts[column].sum() == pytest.approx(whole[column])
    assert (parts.decided + parts.unsure == parts.tasks).all()
    known = parts.dropna(subset=["share"])
    assert np.allclose(known.share, known.shifted / known.decided)
    assert ((known.low <= known.share) & (known.share <= known.high)).all()


@given(st.integers(0, 2**32 - 1))
def test_relabelling_departments_and_reordering_rows_changes_no_number(seed):
    ledger = _ledger(np.random.default_rng(seed), 40)
    renamed = ledger.assign(department=ledger.department.map({"甲局": "庚局", "乙局": "辛局", "丙局": "壬局"})).sample(
        frac=1, random_state=1
    )
    a, b = (shares(x, by="department").drop(columns="department") for x in (ledger, renamed))
    key = ["shifted", "tasks", "hours"]
    pd.testing.assert_frame_equal(a.sort_values(key, ignore_index=True), b.sort_values(key, ignore_index=True))


def test_interval_is_what_resampling_the_rows_gives():
    ledger = pd.DataFrame({"verdict": ["off_list"] * 30 + ["own"] * 70})
    row = shares(ledger).iloc[0]
    rng = np.random.default_rng(7)
    draws = rng.choice(np.repeat([1, 0], [30, 70]), (20000, 100)).mean(axis=1)
    assert row.low == pytest.approx(np.quantile(draws, 0.025), abs=0.011)
    assert row.high == pytest.approx(np.quantile(draws, 0.975), abs=0.011)
    assert row.low == binom.ppf(0.025, 100, 0.3) / 100


def test_unsure_rows_are_counted_but_never_in_the_denominator():
    row = shares(pd.DataFrame({"verdict": ["unsure", "unsure", "reclaimed", "own"]})).iloc[0]
    assert (row.tasks, row.decided, row.share, row.unsure_share) == (4, 2, 0.5, 0.5)


def test_an_empty_ledger_has_the_same_columns():
    empty = _ledger(np.random.default_rng(0), 3).iloc[:0]
    assert list(shares(empty).columns) == list(shares(_ledger(np.random.default_rng(0), 3)).columns)
    assert shares(empty, by="township").empty
    assert flows(empty).empty
    assert verdicts(empty).tasks.sum() == 0


def test_change_is_newcombes_interval():
    # Newcombe (1998), table II, example (a): 56/70 against 48/80 -> 0.20 (0.0524, 0.3339), method 10
    ledger = pd.DataFrame(
        {
            "verdict": ["off_list"] * 48 + ["own"] * 32 + ["off_list"] * 56 + ["own"] * 14,
            "retrospective": [True] * 80 + [False] * 70,
        }
    )
    row = change(ledger).iloc[0]
    assert (row.difference, row.low, row.high) == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)


def test_planted_share_lies_inside_the_reported_interval():
    county, truth = gov.examples.county(), gov.examples.truth()
    ledger = judge(gov.matching.match(county.tasks, county.items), county.items, retrospective=True)
    planted = truth.set_index("task").verdict.reindex(ledger.task).isin(SHIFTED).to_numpy()
    for rows in (ledger.retrospective, ~ledger.retrospective):
        found = shares(ledger[rows]).iloc[0]
        assert found.low <= planted[rows].mean() <= found.high
    row = change(ledger).iloc[0]
    assert row.low <= planted[~ledger.retrospective].mean() - planted[ledger.retrospective].mean() <= row.high


def test_the_callers_frames_are_left_as_they_were():
    county = gov.examples.county()
    matched = gov.matching.match(county.tasks, county.items)
    before, items = matched.copy(), county.items.copy()
    judge(matched, county.items)
    pd.testing.assert_frame_equal(matched, before)
    pd.testing.assert_frame_equal(county.items, items)


def test_wrong_use_names_what_would_do():
    with pytest.raises(TableError, match="可用:department"):
        shares(pd.DataFrame({"verdict": []}), by="天气")
    with pytest.raises(TableError, match="缺少列:date"):
        judge(pd.DataFrame({"township": [], "item": [], "band": []}), pd.DataFrame())


def test_reasons_are_worded_once_for_rows_alike_and_kept_in_order():
    base = dict.fromkeys(ASPECTS, False) | {"name": "资质审查", "item": "S1", "missing": ""}
    rows = [base | {"verdict": v, "live": True} for v in ("reclaimed", "own", "reclaimed", "unsure")]
    said = reasons(pd.DataFrame(rows, index=[5, 3, 9, 1]))
    assert said.index.tolist() == [5, 3, 9, 1]
    assert said.iloc[0] == said.iloc[2] != said.iloc[1]
    assert "负全责" in said[3]
    assert "不足以自动认定" in said[1]


def _matched(**columns: object) -> pd.DataFrame:
    base = {"task": ["1"], "date": pd.Timestamp("2026-02-01"), "township": "甲镇", "item": "X1", "item_name": "某事项",
            "score": 0.9, "band": "matched", "role": "lead", "scored": False, "support": ""}  # fmt: skip
    return pd.DataFrame(base | columns)


def test_a_renumbered_item_is_judged_by_the_number_in_force():
    old = {
        "item": "X1",
        "township": "甲镇",
        "name": "旧号",
        "list_kind": "basic",
        "since": "2025-07-01",
        "until": "2026-01-01",
    }
    items = pd.DataFrame([old, old | {"item": "X5", "name": "新号", "since": "2026-01-01", "until": None}])
    for column in ("since", "until"):
        items[column] = pd.to_datetime(items[column])
    row = judge(_matched(item_2="X5", score_2=0.8), items).iloc[0]
    assert (row.verdict, row["item"], row.item_name, row.score, row.item_2) == ("own", "X5", "新号", 0.8, "X1")
    far = judge(_matched(item_2="X5", score_2=0.1), items).iloc[0]
    assert (far.verdict, far["item"], far.needs_review) == ("off_list", "X1", True)


def test_a_shift_on_a_loose_match_is_for_a_person_to_review():
    items = pd.DataFrame(
        {"item": ["X1"], "township": "甲镇", "list_kind": "reclaimed", "since": pd.Timestamp("2025-07-01")}
    )
    firm = gov.rules.value("matching.firm")
    assert not judge(_matched(score=firm), items).needs_review.item()
    assert judge(_matched(score=firm - 0.01), items).needs_review.item()


@pytest.mark.parametrize(("column", "value"), [("role", "牵头"), ("support", "业务指导"), ("scored", "否")])
def test_chinese_words_in_a_frame_are_refused_and_not_misread(column, value):
    items = pd.DataFrame(
        {"item": ["X1"], "township": "甲镇", "list_kind": "basic", "since": pd.Timestamp("2025-07-01")}
    )
    with pytest.raises(TableError, match=f"{column} 列有不认识的值:{value}"):
        judge(_matched(**{column: value}), items)


def test_flows_lose_no_task_whose_department_is_not_filled_in():
    ledger = _ledger(np.random.default_rng(3), 50)
    ledger.loc[::3, "department"] = None
    assert flows(ledger).tasks.sum() == shares(ledger).shifted.item()


def test_an_interval_of_rows_all_alike_still_has_width():
    few, many = (shares(pd.DataFrame({"verdict": ["off_list"] * n})).iloc[0] for n in (1, 100))
    assert (few.share, few.high, many.high) == (1, 1, 1)
    assert few.low == pytest.approx(0.025)  # Clopper-Pearson: 0.025 ** (1 / 1)
    assert many.low == pytest.approx(0.025 ** (1 / 100))
    none = shares(pd.DataFrame({"verdict": ["own"] * 10})).iloc[0]
    assert (none.low, none.high) == (0, pytest.approx(1 - 0.025**0.1))
