import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer

import governance as gov
from governance.errors import TableError
from governance.matching import match

ITEMS = pd.DataFrame(
    {
        "item": ["J1", "J2", "P1", "S1"],
        "township": "甲镇",
        "department": ["县水利局", "县农业农村局", "县应急管理局", "县教育局"],
        "name": [
            "开展河道日常巡查和保洁",
            "做好农村厕所日常管护",
            "协助开展烟花爆竹非法经营查处",
            "校外培训机构办学资质审查",
        ],
    }
)


def _tasks(*texts: str, department: str = "县财政局") -> pd.DataFrame:
    return pd.DataFrame(
        {"task": [str(n) for n in range(len(texts))], "department": department, "township": "甲镇", "text": texts}
    )


def test_the_nearest_item_comes_first_and_two_more_follow():
    row = match(_tasks("请组织力量巡查河道并打捞保洁"), ITEMS).iloc[0]
    assert row["item"] == "J1"
    assert row.score >= row.score_2 >= row.score_3


def test_score_is_the_cosine_of_character_tfidf():
    names = ITEMS["name"]
    model = TfidfVectorizer(analyzer="char", ngram_range=(1, 2), sublinear_tf=True).fit(names)
    text = "河道保洁要常巡查"
    want = (model.transform([text]) @ model.transform(names).T).toarray().ravel()
    got = match(_tasks(text), ITEMS).iloc[0]
    assert got.score == pytest.approx(np.sort(want)[-1], abs=2e-6)
    assert got["item"] == ITEMS["item"][int(want.argmax())]


def test_the_items_own_department_raises_the_score():
    text = "做好厕所管护和河道保洁"
    plain, sent = match(_tasks(text), ITEMS).iloc[0], match(_tasks(text, department="县农业农村局"), ITEMS).iloc[0]
    bonus = gov.rules.value("matching.sender_bonus")
    score = {plain["item"]: plain.score, plain.item_2: plain.score_2, plain.item_3: plain.score_3}
    assert sent["item"] == "J2"
    assert sent.score == pytest.approx(min(1, score["J2"] * (1 + bonus)), abs=2e-6)


def test_one_of_several_departments_counts_as_the_sender():
    items = ITEMS.assign(department="县财政局、县审计局")
    alone = match(_tasks("厕所管护", department="县水利局"), items).score.item()
    assert match(_tasks("厕所管护", department="县审计局"), items).score.item() > alone


def test_three_bands_and_a_text_too_short_to_tell():
    got = match(_tasks("开展河道日常巡查和保洁工作", "下载应用程序并点赞", "巡河", ""), ITEMS)
    assert got.band.tolist() == ["matched", "absent", "doubtful", "doubtful"]


def test_only_the_townships_own_lists_are_looked_at():
    tasks = _tasks("河道巡查保洁").assign(township="乙乡")
    row = match(tasks, ITEMS).iloc[0]
    assert pd.isna(row["item"])
    assert row.band == "absent"


@given(st.permutations(range(6)))
def test_order_of_rows_and_of_items_changes_nothing(order):
    tasks = _tasks("巡河保洁打捞", "厕所管护", "烟花爆竹摸排", "培训机构资质", "招商引资", "河长巡查")
    straight = match(tasks, ITEMS).set_index("task")
    mixed = match(tasks.iloc[list(order)], ITEMS.iloc[[i for i in order if i < 4]]).set_index("task")
    pd.testing.assert_frame_equal(straight, mixed.loc[straight.index])


def test_a_score_does_not_depend_on_the_other_tasks():
    one = match(_tasks("巡河保洁打捞"), ITEMS).score.item()
    assert match(_tasks("巡河保洁打捞", "请各乡镇做好厕所管护"), ITEMS).score.iloc[0] == one


def test_no_tasks_or_no_items_keep_the_columns():
    full = match(_tasks("巡河"), ITEMS)
    assert list(match(_tasks(), ITEMS).columns) == list(full.columns)
    assert match(_tasks("巡河保洁打捞"), ITEMS.iloc[:0]).band.tolist() == ["absent"]


def test_missing_columns_are_named():
    with pytest.raises(TableError, match="任务台账缺少列:township、text"):
        match(pd.DataFrame({"task": [], "department": []}), ITEMS)


def test_most_matched_tasks_of_the_example_are_about_the_planted_item():
    county, truth = gov.examples.county(), gov.examples.truth()
    got = match(county.tasks, county.items).merge(truth, on="task", suffixes=("", "_true"))
    sure = got[got.band == "matched"]
    assert (sure["item"] == sure.item_true).mean() > 0.9
    assert (got[got.verdict == "off_list"].band != "matched").mean() > 0.85
