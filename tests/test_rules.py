import pytest

from governance import rules
from governance.errors import RuleError

TEXT = """
a.b:
  - {since: 2020-01-01, value: 1, unit: 项, status: verified, source: 甲, note: 乙}
  - {since: 2024-06-01, value: 2, unit: 项, status: weak, source: 甲, note: 乙}
"""


def _file(tmp_path, text):
    path = tmp_path / "rules.yaml"
    path.write_text(text, "utf-8")
    return str(path)


def test_a_rule_is_the_one_in_force_that_day(tmp_path):
    path = _file(tmp_path, TEXT)
    days = {"2020-01-01": 1, "2024-05-31": 1, "2024-06-01": 2}
    assert {day: rules.value("a.b", at=day, path=path) for day in days} == days
    assert rules.value("a.b", path=path) == 2
    with pytest.raises(RuleError, match="尚未施行"):
        rules.value("a.b", at="2019-12-31", path=path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [", "不是有效的 YAML"),
        ("a.b:\n  - {value: 1}", "缺少 since、unit、status、source、note"),
        (TEXT.replace("weak", "sure"), "status 应为"),
        (TEXT.replace("2024-06-01", "去年"), "since 应为日期"),
    ],
)
def test_a_faulty_rules_file_is_refused_in_words(tmp_path, text, said):
    with pytest.raises(RuleError, match=said):
        rules.value("a.b", path=_file(tmp_path, text))


def test_every_rule_of_ours_has_a_source_and_none_weak_is_called_verified():
    table = rules.table()
    assert (table[["unit", "status", "source", "note"]] != "").all().all()
    speeds = table[table.rule.isin(["circle.speed", "circle.minutes"])]
    assert (speeds.status == "来源较弱").all()


def test_an_unknown_rule_names_the_known_ones():
    with pytest.raises(RuleError, match=r"已有:.*matching\.accept"):
        rules.value("天气")
