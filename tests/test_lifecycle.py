from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

import governance as gov
from governance import norm
from governance.errors import LifecycleError, RuleError, TableError
from governance.lifecycle import append, at, empty, entering, evaluate, history, overdue, replay, standing
from governance.lifecycle.log import VALUE_COLUMNS, units
from governance.lifecycle.states import schema, tracks, words
from governance.tables.fields import field

CASES = yaml.safe_load((Path(__file__).parent / "cases" / "lifecycle.yml").read_text("utf-8"))
BASE = gov.tables.frame("items", [
    {"item": "P1", "township": town, "list_kind": "assisting", "name": "燃气安全检查", "department": "县住建局", "support": "funds",
     "since": "2025-07-01", "known_from": "2025-06-30"}
    for town in ("甲镇", "乙乡")
])  # fmt: skip


def _english(column: str, said: str) -> str:
    pairs = [p.partition("=") for p in schema()[column]["allowed"].split("|")]
    return {chinese: english for chinese, _, english in pairs}[said]


def _entries(case: dict) -> pd.DataFrame:
    """The steps of a written case as entries of the log."""
    asked, rows = case["申请"], []
    subject = {
        "track": _english("track", asked["通道"]),
        "change": _english("change", asked["方式"]),
        "township": asked["乡镇"],
        "item": asked["事项"],
        "list_kind": _english("list_kind", asked["清单"]) if "清单" in asked else None,
        "name": asked.get("名称"),
        "matter": "调整履职事项",
        "content": "见附件",
        "grounds": asked.get("依据", "《城镇燃气管理条例》"),
        "reason": asked.get("理由", "职责已经变化"),
    }
    for step in case["步骤"]:
        day, state, actor, role, *more = step.split(" ")
        row = {"application": "2026-01", "day": day, "state": _english("state", state), "actor": actor}
        row |= {"role": _english("role", role)} | (subject if state == "申请" else {})
        for word in more:
            name, _, value = word.partition("=")
            column = {"意见": "opinion", "理由": "reason", "施行": "since"}[name]
            row[column] = _english("opinion", value) if column == "opinion" else value
        rows.append(row)
    return pd.DataFrame(rows)


@pytest.mark.parametrize("case", CASES, ids=[c["例"] for c in CASES])
def test_each_written_case_goes_as_written(case):
    entries = _entries(case)
    if "错" in case:
        with pytest.raises(LifecycleError) as fault:
            append(empty(), entries, items=BASE)
        assert case["错"] in str(fault.value)
        return
    log = append(empty(), entries, items=BASE)
    assert len(log) == len(entries)
    for known, told in ((False, case["清单"]), (True, case.get("当时所知", {}))):
        for day, lists in told.items():
            held = at(BASE, log, str(day), known=str(day) if known else None)
            held = held[held["item"] == case["申请"]["事项"]].set_index("township")["list_kind"].to_dict()
            wanted = {t: _english("list_kind", kind) for t, kind in lists.items() if kind != "无"}
            assert {t: held[t] for t in lists if t in held} == wanted


# --- what is written down


def _whole(application: str = "2026-01", **more: object) -> pd.DataFrame:
    case = next(c for c in CASES if c["例"].startswith("动态调整走完全程"))
    entries = _entries(case).assign(application=application)
    first = entries.index == 0
    return entries.assign(
        **{c: entries.get(c, pd.Series(None, entries.index, dtype=object)).mask(first, v) for c, v in more.items()}
    )


def test_all_faults_are_told_at_once_and_nothing_is_appended():
    log = append(empty(), _whole().head(2))
    before = log.copy(deep=True)
    entries = pd.DataFrame([
        {"application": "2026-01", "day": "2026-03-01", "state": "vetted", "actor": "县委编办", "role": "staffing_office"},
        {"application": "2026-02", "day": "2026-03-01", "state": "published", "actor": "县委", "role": "county"},
        {"application": "2026-03", "day": "2026-03-01", "state": "同意了", "actor": "县委", "role": "county"},
        {"application": None, "day": None, "state": "accepted", "actor": "县委编办", "role": "staffing_office"},
        {"application": "2026-04", "day": "2026-03-01", "state": "applied", "actor": "甲镇", "role": "township",
         "track": "adjustment", "change": "edit", "township": "甲镇、甲镇", "item": "P1"},
    ])  # fmt: skip
    with pytest.raises(LifecycleError) as fault:
        append(log, entries)
    lines = str(fault.value).splitlines()
    assert lines[0] == f"变更记录有 {len(lines) - 1} 处不妥,一条也没有追加:"
    for said in (
        "第3条:申请“2026-01”的办理日期2026-03-01早于上一步的2026-03-05",
        "第3条:申请“2026-01”还没有“部门会商”,不能进入“编办审核”(现处“受理”,下一步应为“部门会商”)",
        "第4条:申请“2026-02”还没有“申请”,不能进入“公布”",
        "第5条:申请“2026-03”的“办理环节”写作“同意了”,应为:申请、退回补正、受理",
        "第6条:申请“(未编号)”没有填写申请编号、办理日期",
        "第7条:申请“2026-04”的适用乡镇(街道)有重复",
        "第7条:申请“2026-04”是修改事项,没有写明任何变更后的内容",
        "第7条:申请“2026-04”的“申请”没有填写事项、内容、依据、理由",
    ):
        assert any(line.startswith(said) for line in lines), (said, lines)
    pd.testing.assert_frame_equal(log, before)


def test_the_log_keeps_what_was_entered_and_counts_on():
    entries = _whole()
    copy = entries.copy(deep=True)
    log = append(append(empty(), entries.head(3)), entries.tail(5))
    pd.testing.assert_frame_equal(entries, copy)
    assert log["entry"].tolist() == list(range(1, 9))
    assert {c: str(t) for c, t in log.dtypes.items()} == {c: str(t) for c, t in empty().dtypes.items()}
    pd.testing.assert_frame_equal(log, append(empty(), entries))
    pd.testing.assert_frame_equal(log, append(empty(), log))
    with pytest.raises(LifecycleError, match="记录号为9,应接着编为4"):
        append(log.head(3), log.iloc[3:4].assign(entry=9))
    with pytest.raises(LifecycleError, match="没有这些列:心情"):
        append(log, entries.assign(心情="好"))
    with pytest.raises(LifecycleError, match="“办理日期”列有认不出的内容"):
        append(empty(), entries.assign(day="开春"))


def test_what_is_asked_cannot_change_on_the_way():
    entries = _whole()
    with pytest.raises(LifecycleError, match="的“事项编号”与申请时不同"):
        append(empty(), entries.assign(item=["P1", "P2", *["P1"] * 6]))
    with pytest.raises(LifecycleError, match="在“受理”一步填写了变更后事项名称;新内容只能写在申请或审定时"):
        append(empty(), entries.assign(name=[None, "别的", *[None] * 6]))
    log = append(empty(), entries.assign(name=[*[None] * 5, "燃气安全执法检查", None, None]), items=BASE)
    now = at(BASE, log, "2026-05-01").set_index("township")
    assert now.loc["甲镇", ["name", "list_kind", "support"]].tolist() == ["燃气安全执法检查", "reclaimed", "funds"]


def test_no_empties_a_text_and_an_empty_set_withdraws_support():
    entries = _whole(change="edit", list_kind=None, department="无", support="", method="由县级部门办理")
    now = at(BASE, append(empty(), entries, items=BASE), "2026-05-01").set_index("township")
    assert now.loc["甲镇", ["department", "support", "method"]].fillna("缺").tolist() == ["缺", "", "由县级部门办理"]


def test_a_change_published_late_keeps_both_its_days_and_no_one_is_judged_by_it_before():
    case = next(c for c in CASES if c["例"].startswith("晚于施行日公布"))
    versions = replay(BASE, append(empty(), _entries(case), items=BASE))
    assert versions.loc[0, "until"] == versions.loc[2, "since"] == pd.Timestamp("2026-04-01")
    assert versions.loc[2, "known_from"] == pd.Timestamp("2026-04-25")
    held = norm.versions(versions)
    day = norm.days(pd.Series(pd.to_datetime(["2026-04-24", "2026-04-25"])))
    town, item = pd.Series(["甲镇", "甲镇"]), pd.Series(["P1", "P1"])
    assert norm.in_force(held, town, item, day).tolist() == [0, 2]
    then = at(versions, empty(), "2026-04-10", known="2026-04-10")
    assert then["list_kind"].tolist() == ["assisting", "assisting"]
    assert then["until"].isna().all()


def test_changes_that_cannot_both_hold_are_refused():
    log = append(empty(), _whole(), items=BASE)
    with pytest.raises(LifecycleError, match="都改甲镇的事项P1:同日公布、同日施行而变更后清单类别不一致"):
        append(log, _whole("2026-02", list_kind="basic"))
    early = _whole("2026-02", list_kind="basic").assign(day=lambda d: pd.to_datetime(d["day"]) + pd.Timedelta(days=3))
    with pytest.raises(LifecycleError, match="后公布的施行日期2026-04-30早于先公布的2026-05-01"):
        append(log, early.assign(since=[*[None] * 6, "2026-04-30", None]))
    late = early.assign(day=lambda d: d["day"] + pd.Timedelta(days=30))
    with pytest.raises(LifecycleError, match="前者自2026-05-01已施行,后公布的不能自同日起追溯"):
        append(log, late)
    both = append(log, _whole("2026-02", change="edit", list_kind=None, method="由县住建局直接办理"), items=BASE)
    now = at(BASE, both, "2026-05-01").set_index("township")
    assert now.loc["甲镇", ["list_kind", "method"]].tolist() == ["reclaimed", "由县住建局直接办理"]
    assert not replay(BASE, both).duplicated(["item", "township", "since"]).any()


def test_two_late_changes_published_on_one_day_become_one_version():
    case = next(c for c in CASES if c["例"].startswith("晚于施行日公布"))
    one, two = _entries(case), _entries(case).assign(application="2026-02")
    first = two.index == 0
    two = two.assign(
        change=two["change"].mask(first, "edit"), list_kind=None, method=two["name"].mask(first, "由县住建局办理")
    )
    versions = replay(BASE, append(empty(), pd.concat([one, two]), items=BASE))
    assert versions.loc[2, ["list_kind", "method"]].tolist() == ["reclaimed", "由县住建局办理"]
    assert len(versions) == 3


# --- any valid history


ITEMS, TOWNS = ("P1", "P2", "N1", "N2"), ("甲镇", "乙乡", "丙街道")
KINDS = ("basic", "assisting", "reclaimed")
START = pd.Timestamp("2026-01-05")
PLAIN = gov.tables.frame("items", [
    {"item": item, "township": town, "list_kind": "assisting", "name": item, "method": "原", "since": "2025-07-01"}
    for item in ITEMS[:2] for town in TOWNS
])  # fmt: skip
STEPS = [
    ("accepted", "staffing_office", "县委编办"),
    ("consulted", "department", "县住建局"),
    ("vetted", "staffing_office", "县委编办"),
    ("law_checked", "justice", "县司法局"),
    ("decided", "county", "县委、县政府"),
    ("published", "county", "县委、县政府"),
]


def _story(draw, number: int, change: dict, days: list[pd.Timestamp], stop: int, since: pd.Timestamp) -> list[dict]:
    """The entries of one application, as far as it gets."""
    towns = change["towns"]
    start = {"state": "applied", "role": "township", "actor": towns[0], "track": "adjustment", "change": change["kind"]}
    start |= {"township": "、".join(towns), "item": change["item"], **change["values"]}
    start |= dict.fromkeys(("matter", "content", "grounds", "reason"), "如附件")
    rows = [start]
    steps = [*STEPS]
    if draw(st.booleans()):
        steps[2], steps[3] = steps[3], steps[2]
    for state, role, actor in steps[:stop]:
        rows.append({"state": state, "role": role, "actor": actor, "opinion": "agree"})
    if stop == len(STEPS):
        rows[-1]["since"] = since
    elif stop:
        rows.append({"state": "rejected", "role": "county", "actor": "县委、县政府", "reason": "依据不足"})
    return [{"application": f"2026-{number:02d}", "day": day, **row} for day, row in zip(days, rows, strict=False)]


@st.composite
def histories(draw) -> tuple[pd.DataFrame, list[dict]]:
    """The entries of a valid history, and what was published: (published, since, towns, item, kind, values)."""
    last = {(t, i): START if i in ITEMS[:2] else None for t in TOWNS for i in ITEMS}
    present = {(t, i): "assisting" if i in ITEMS[:2] else None for t in TOWNS for i in ITEMS}
    day, rows, changes = START, [], []
    for number in range(draw(st.integers(0, 9))):
        item = draw(st.sampled_from(ITEMS))
        towns = draw(st.lists(st.sampled_from(TOWNS), min_size=1, max_size=3, unique=True))
        kind = draw(st.sampled_from(["edit", "move", "remove", "add"] if present[towns[0], item] else ["add"]))
        listed = present[towns[0], item]
        towns = (
            [t for t in towns if present[t, item] == listed]
            if kind != "add"
            else [t for t in towns if not present[t, item]]
        )
        if not towns:
            continue
        to = draw(st.sampled_from([k for k in KINDS if k != listed]))
        values = {"add": {"list_kind": to, "name": item}, "move": {"list_kind": to}, "remove": {}}.get(kind, {})
        values |= {"method": draw(st.sampled_from(["新", "无", "再新"]))} if kind != "remove" else {}
        day += pd.Timedelta(days=draw(st.integers(0, 9)))
        floor = max((last[t, item] for t in towns if last[t, item] is not None), default=START)
        same = floor > day and kind != "add"  # replaced before it ever came into force, and so by everybody
        same = same and all(last[t, item] in (floor, None) for t in towns)
        since = floor + pd.Timedelta(days=draw(st.integers(0 if same else 1, 30)))
        since = max(since, day) if kind == "remove" else since
        stop = draw(st.sampled_from([0, 1, 3, 6, 6, 6, 6]))
        taken = sorted(day - pd.Timedelta(days=d) for d in draw(st.lists(st.integers(0, 60), min_size=6, max_size=6)))
        change = {"kind": kind, "towns": towns, "item": item, "values": values}
        told = _story(draw, number, change, [*taken, day, day], stop, since)
        rows += told
        if stop == len(STEPS):
            changes.append(change | {"published": day, "since": since, "application": told[0]["application"]})
            for town in towns:
                last[town, item] = since
                present[town, item] = None if kind == "remove" else values.get("list_kind", listed)
            day += pd.Timedelta(days=1)
    order = sorted(range(len(rows)), key=lambda n: (rows[n]["day"], rows[n]["application"]))
    entries = pd.DataFrame([rows[n] for n in order]) if rows else empty().drop(columns="entry")
    return entries, changes


def _model(changes: list[dict], day: pd.Timestamp, known: pd.Timestamp | None = None) -> dict:
    """The list in force, kept as a dict and changed entry by entry."""
    held = {(t, i): ("assisting", "原") for i in ITEMS[:2] for t in TOWNS} if day >= pd.Timestamp("2025-07-01") else {}
    for change in changes:
        if change["since"] <= day and (known is None or change["published"] <= known):
            for town in change["towns"]:
                kind, method = held.get((town, change["item"]), (None, None))
                method = {None: method, "无": None}.get(change["values"].get("method"), change["values"].get("method"))
                held[town, change["item"]] = (change["values"].get("list_kind", kind), method)
                if change["kind"] == "remove":
                    del held[town, change["item"]]
    return held


def _held(items: pd.DataFrame) -> dict:
    plain = items[["list_kind", "method"]].astype(object).where(items[["list_kind", "method"]].notna(), None)
    keys = list(zip(items["township"], items["item"], strict=True))
    assert len(set(keys)) == len(keys)
    return dict(zip(keys, plain.itertuples(index=False, name=None), strict=True))


@settings(max_examples=30)
@given(histories(), st.integers(1, 40))
def test_replaying_any_valid_history_gives_what_a_dict_would_hold(told, cut):
    entries, changes = told
    log = append(append(empty(), entries.head(cut)), entries.tail(max(len(entries) - cut, 0)), items=PLAIN)
    one = pd.Timedelta(days=1)
    for change in changes:
        for when, then in product(*((change[c] - one, change[c]) for c in ("since", "published"))):
            assert _held(at(PLAIN, log, when)) == _model(changes, when)
            assert _held(at(PLAIN, log, when, known=then)) == _model(changes, when, then)
    versions = replay(PLAIN, log)
    assert _held(versions[versions["until"].isna()]) == _model(changes, pd.Timestamp.max)
    pd.testing.assert_frame_equal(at(PLAIN, log, START), PLAIN.assign(until=at(PLAIN, log, START)["until"]))
    norm.versions(versions)
    assert (versions["until"].isna() | (versions["until"] > versions["since"])).all()
    assert not versions.duplicated(["township", "item", "since"]).any()
    original = versions.head(len(PLAIN)).drop(columns="until")
    pd.testing.assert_frame_equal(original, PLAIN.drop(columns="until"))
    asked = [entries.loc[entries["application"].isin(entries.loc[entries["item"] == i, "application"])] for i in ITEMS]
    for item, rows in zip(ITEMS, asked, strict=True):
        if len(rows) or item in ITEMS[:2]:
            assert (history(PLAIN, log, item)["entry"] > 0).sum() == len(rows)
    assert len(standing(log)) == entries["application"].nunique()


@settings(max_examples=25)
@given(histories(), st.randoms(use_true_random=False))
def test_the_order_of_applications_within_a_day_changes_nothing(told, random):
    entries, _ = told
    if entries.empty:
        return
    names = sorted(entries["application"].unique())
    random.shuffle(names)
    order = entries.assign(rank=entries["application"].map(names.index)).sort_values(["day", "rank"], kind="stable")
    one = append(empty(), entries, items=PLAIN)
    two = append(empty(), order.drop(columns="rank"), items=PLAIN)
    pd.testing.assert_frame_equal(replay(PLAIN, one), replay(PLAIN, two))


@settings(max_examples=25)
@given(histories(), st.integers(0, 60))
def test_a_version_once_published_keeps_its_words(told, cut):
    entries, _ = told
    earlier, later = (replay(PLAIN, append(empty(), some)) for some in (entries.head(cut), entries))
    words_of = ["township", "item", "since", "known_from"]
    both = earlier.merge(later, on=words_of, suffixes=("", "_later"))
    for column in VALUE_COLUMNS:
        assert both[column].fillna("缺").tolist() == both[f"{column}_later"].fillna("缺").tolist()
    begun = earlier["since"] <= START + pd.Timedelta(days=0)
    assert len(both) >= int(begun.sum())


def test_replay_keeps_columns_of_ones_own_and_the_frames_given():
    items = BASE.assign(page=[3, 4])
    copy, log = items.copy(deep=True), append(empty(), _whole(), items=BASE)
    out = replay(items, log)
    pd.testing.assert_frame_equal(items, copy)
    assert out["page"].tolist() == [3, 4, 3]
    assert list(out.columns) == [*BASE.columns, "page"]
    assert out["source"].iloc[2] == "变更日志›申请2026-01"


# --- where it stands


def test_history_tells_it_in_words():
    told = history(BASE, append(empty(), _whole(), items=BASE), "P1")
    assert told["story"].tolist()[:2] == [
        "列入配合履职事项清单,名称“燃气安全检查”,2025-06-30公布,2025-07-01施行",
        "甲镇(乡镇(街道))提出动态调整申请:移入其他清单事项P1(甲镇),清单类别“上级部门收回事项”;内容:见附件;"
        "依据:《城镇燃气管理条例》;理由:职责已经变化",
    ]
    assert told["story"].tolist()[-2:] == [
        "县委、县政府(县委、县政府)公布,自2026-05-01起施行",
        "县委编办(编办)施行",
    ]
    assert told["township"].iloc[0] == "甲镇、乙乡"
    with pytest.raises(LifecycleError, match="都没有编号为“P404”的事项"):
        history(BASE, empty(), "P404")


def test_standing_names_who_must_act():
    log, waits = empty(), []
    for n in range(8):
        log = append(log, _whole().iloc[[n]])
        waits.append(standing(log)[["state", "waiting_for"]].to_numpy().tolist()[0])
    assert waits == [
        ["applied", "staffing_office"],
        ["accepted", "department|township"],
        ["consulted", "justice|staffing_office"],
        ["vetted", "justice"],
        ["law_checked", "county"],
        ["decided", "county"],
        ["published", "county|staffing_office"],
        ["in_force", ""],
    ]
    then = standing(log, "2026-03-30").iloc[0]
    assert (then.state, then.since, then.days) == ("consulted", pd.Timestamp("2026-03-20"), 10)
    assert standing(log, "2026-01-01").empty
    assert standing(empty()).dtypes.astype(str).to_dict() == standing(log).dtypes.astype(str).to_dict()


def test_an_admission_waits_for_the_townships_not_yet_heard():
    case = next(c for c in CASES if c["例"].startswith("职责准入,没有乡镇意见"))
    log = append(empty(), _entries(case).head(4))
    assert standing(log).iloc[0].waiting_for == "justice|township"
    case = next(c for c in CASES if c["例"].startswith("乡镇无力承接"))
    assert standing(append(empty(), _entries(case).head(4))).iloc[0].waiting_for == "justice"


RULES = """
lifecycle.deadlines:
  - since: 2020-01-01
    unit: 天
    status: editable default
    source: 某县办法
    note: 办理期限
    value: %s
"""
OURS = (Path(gov.__file__).parent / "rules.yaml").read_text("utf-8")


def _rules(tmp_path: Path, deadlines: str) -> str:
    ours = yaml.safe_load(OURS)
    ours |= yaml.safe_load(RULES % deadlines)
    path = tmp_path / f"{abs(hash(deadlines))}.yaml"
    path.write_text(yaml.safe_dump(ours, allow_unicode=True), "utf-8")
    return str(path)


def test_overdue_counts_as_the_county_says_and_says_what_it_cannot_count(tmp_path):
    log = append(empty(), _whole().head(3))  # consulted on Friday 2026-03-20
    columns = ["application", "overdue", "days_over", "due"]
    path = _rules(tmp_path, "{consulted: {days: 5, count: working}}")
    assert overdue(log, "2026-03-27", path=path).empty
    late = overdue(log, "2026-03-30", path=path)
    assert late[columns].to_numpy().tolist() == [["2026-01", True, 1, pd.Timestamp("2026-03-27")]]
    assert late.note[0] == "在“部门会商”已超期1个工作日(只除去周六周日,未计节假日和调休)"
    assert late.waiting_for[0] == "justice|staffing_office"
    path = _rules(tmp_path, "{consulted: {days: 5, count: working}, adjustment.consulted: {days: 7, count: calendar}}")
    late = overdue(log, "2026-03-29", path=path)
    assert late[columns].to_numpy().tolist() == [["2026-01", True, 2, pd.Timestamp("2026-03-27")]]
    unset = overdue(log, "2026-03-30")
    assert unset["overdue"].tolist() == [False]
    assert unset["days_over"].isna().all()
    assert "没有设任何办理期限,无法判断是否超期" in unset.note[0]
    other = overdue(log, "2026-03-30", path=_rules(tmp_path, "{vetted: {days: 5, count: working}}"))
    assert "没有为“部门会商”设期限" in other.note[0]
    assert overdue(append(empty(), _whole()), "2027-01-01").empty
    assert late.dtypes.astype(str).to_dict() == overdue(empty(), "2026-01-01").dtypes.astype(str).to_dict()


@given(st.integers(0, 40), st.integers(0, 60), st.integers(0, 30))
def test_working_days_over_are_the_weekdays_gone_beyond_the_limit(start, gone, days):
    from governance.lifecycle.deadlines import _due, _over

    since = pd.Timestamp("2026-03-01") + pd.Timedelta(days=start)
    later = pd.date_range(since + pd.Timedelta(days=1), periods=gone)
    over = _over(since, since + pd.Timedelta(days=gone), days, "working")
    assert over == sum(d.weekday() < 5 for d in later) - days
    if over > 0:
        assert [d for d in later if d.weekday() < 5 and d > _due(since, days, "working")].__len__() == over


@pytest.mark.parametrize(
    "value", ["{审核: {days: 5, count: working}}", "{vetted: 5}", "{vetted: {days: -1, count: working}}", "[]"]
)
def test_a_deadline_that_cannot_be_understood_is_refused(tmp_path, value):
    with pytest.raises(RuleError, match=r"规则 lifecycle.deadlines 有 1 处不妥"):
        overdue(empty(), "2026-01-01", path=_rules(tmp_path, value))


# --- the rules as data


def _moves(tmp_path: Path, change) -> str:
    ours = yaml.safe_load(OURS)
    change(ours["lifecycle.moves"][0]["value"])
    path = tmp_path / "moves.yaml"
    path.write_text(yaml.safe_dump(ours, allow_unicode=True), "utf-8")
    return str(path)


def _without(state: str):
    return lambda value: value["adjustment"].update(moves=[m for m in value["adjustment"]["moves"] if m["to"] != state])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda v: v["adjustment"]["moves"][2].update(to="stamped"), "不认识的环节 stamped"),
        (lambda v: v["adjustment"]["moves"][2].update(by="mayor"), "不认识的身份 mayor"),
        (lambda v: v["adjustment"]["moves"][2].update(needs="mood"), "没有名为 mood 的列"),
        (lambda v: v["adjustment"]["moves"][2].update({"if": 1}), "不认识的写法 if"),
        (lambda v: v["adjustment"]["moves"][2].pop("to"), "动态调整第3步:应写明 from、to、by"),
        (lambda v: v["adjustment"].pop("ends"), "动态调整应写明 moves"),
        (lambda v: v["adjustment"].update(ends=["done"]), "ends 里有不认识的环节 done"),
        (lambda v: v.update(reform=v["adjustment"]), "没有名为 reform 的通道"),
        (_without("consulted"), "环节“部门会商”无法到达"),
        (_without("law_checked"), "环节“审定”无法到达"),
        (_without("in_force"), "环节“公布”没有出路"),
        (lambda v: v["admission"]["moves"][0].update(by="emperor"), "职责准入第1步:不认识的身份 emperor"),
    ],
)
def test_rules_that_do_not_hold_together_are_refused_by_name(tmp_path, change, said):
    with pytest.raises(RuleError) as fault:
        append(empty(), _whole(), path=_moves(tmp_path, change))
    assert said in str(fault.value)


def test_a_county_can_go_its_own_way(tmp_path):
    def ask_less(value: dict) -> None:
        for move in value["adjustment"]["moves"]:
            if move["to"] == "decided":
                move.update(after=["consulted", "vetted"])
            if move["to"] == "applied":
                move.update(by=["township", "department"])

    entries = _whole().drop(index=4)
    with pytest.raises(LifecycleError, match="还没有“司法审查”,不能进入“审定”"):
        append(empty(), entries)
    assert len(append(empty(), entries, path=_moves(tmp_path, ask_less))) == 7


def test_our_own_rules_are_sound_and_speak_of_every_state():
    assert set(tracks()) == set(words("track"))
    for track in tracks().values():
        assert track.states == set(words("state"))


def test_the_log_and_the_items_speak_of_the_same_columns():
    assert set(VALUE_COLUMNS) < set(BASE.columns)
    for column in ("list_kind", "support"):
        assert set(words(column)) == set(field("items", column).allowed.values())


# --- tracking evaluation


def _ledger(*rows: tuple) -> pd.DataFrame:
    columns = ["task", "date", "item", "verdict", "role", "missing_support", "department", "in_force", "retrospective"]
    full = [(*row, *(None, "", "县住建局", True, False)[len(row) - 4 :]) for row in rows]
    return pd.DataFrame(full, columns=columns).assign(township="甲镇", date=lambda f: pd.to_datetime(f["date"]))


def _items(*rows: tuple) -> pd.DataFrame:
    return gov.tables.frame("items", [
        {"item": item, "list_kind": kind, "township": "甲镇", "name": item, "since": since, "until": until}
        for item, kind, since, until in rows
    ])  # fmt: skip


def test_unused_needs_months_enough_and_no_doubtful_task_either():
    items = _items(
        ("A", "basic", "2025-07-01", None), ("B", "assisting", "2025-07-01", None), ("C", "basic", "2026-01-15", None),
        ("D", "reclaimed", "2025-07-01", None), ("E", "basic", "2025-07-01", "2025-12-01"), ("F", "basic", "2025-07-01", None),
    )  # fmt: skip
    ledger = _ledger(("1", "2025-07-01", "A", "own", "lead"), ("2", "2026-01-31", "F", "unsure", None))
    found = evaluate(ledger, items)
    assert found[["finding", "item"]].to_numpy().tolist() == [["unused", "B"]]
    assert found.evidence[0] == (
        "2025-07-01至2026-01-31在1个乡镇(街道)有效7.1个月,这些乡镇(街道)同期收到任务2件,没有一件(含待确认的)与配合履职事项“B”对应"
    )
    assert evaluate(ledger, items, until="2025-12-20")["item"].tolist() == []
    assert found.needs_review.all()
    assert "不等于没有履行" in found.limits[0]


def test_a_basic_item_that_is_always_assisting_counts_recorded_roles_only():
    items = _items(("A", "basic", "2025-07-01", None))
    rows = [(str(n), f"2025-08-{n + 1:02d}", "A", "own", "assist") for n in range(5)]
    found = evaluate(_ledger(*rows, ("8", "2025-08-09", "A", "own", None)), items)
    assert found[["finding", "tasks", "hits", "task_ids"]].to_numpy().tolist() == [
        ["always_assisting", 5, 5, "0、1、2、3、4"]
    ]
    assert found.evidence[0].endswith("由部门牵头:县住建局5件;另有1件未记录角色")
    assert evaluate(_ledger(*rows[:4]), items).empty
    assert evaluate(_ledger(*rows, ("8", "2025-08-09", "A", "own", "lead")), items).empty


def test_a_reclaimed_item_that_keeps_coming_counts_only_since_it_was_reclaimed():
    items = _items(("A", "assisting", "2025-07-01", "2025-10-01"), ("A", "reclaimed", "2025-10-01", None))
    rows = [
        ("1", "2025-09-01", "A", "assist", "assist"),
        ("2", "2025-10-02", "A", "reclaimed", "assist"),
        ("3", "2025-11-02", "A", "reclaimed", "lead", "", "县教育局"),
        ("4", "2025-12-02", "A", "reclaimed", "lead", "", "县教育局", True, True),
        ("5", "2025-12-02", "A", "reclaimed", "lead", "", "县教育局", False),
    ]
    found = evaluate(_ledger(*rows), items)
    assert found[["finding", "hits", "task_ids"]].to_numpy().tolist() == [["keeps_coming", 2, "2、3"]]
    assert found["last"][0] == pd.Timestamp("2025-11-02")
    assert set(found.department[0].split("、")) == {"县住建局", "县教育局"}
    assert evaluate(_ledger(*rows[:2]), items).empty
    once = _items(("A", "reclaimed", "2025-07-01", "2025-09-01"), ("A", "assisting", "2025-09-01", "2025-10-01"))
    again = pd.concat([once, items.tail(1)], ignore_index=True)
    assert evaluate(_ledger(("0", "2025-08-01", "A", "reclaimed", "lead"), rows[1]), again).empty


def test_an_assisting_item_always_inverted_or_unsupported_names_what_is_lacking():
    items = _items(("A", "assisting", "2025-07-01", None))
    rows = [(str(n), f"2025-08-{n + 1:02d}", "A", "inverted", "lead") for n in range(3)]
    rows += [(str(n), f"2025-08-{n + 1:02d}", "A", "unsupported", "assist", "funds|training") for n in range(3, 6)]
    found = evaluate(_ledger(*rows), items)
    assert found[["finding", "tasks", "hits"]].to_numpy().tolist() == [["always_shifted", 6, 6]]
    assert "提请补充保障(资金支持、知识培训)" in found.direction[0]
    assert "督促部门负主责" in found.direction[0]
    assert evaluate(_ledger(*rows, ("9", "2025-08-20", "A", "assist", "assist")), items).empty


def test_the_demo_county_is_evaluated_and_the_columns_never_change():
    county = gov.examples.county()
    ledger = gov.shifting.judge(gov.matching.match(county.tasks, county.items), county.items)
    found = evaluate(ledger, county.items)
    assert set(found.finding) >= {"unused", "keeps_coming"}
    for row in found[found.finding != "unused"].itertuples():
        assert len(row.task_ids.split("、")) == row.hits <= row.tasks
        assert set(ledger.loc[ledger.task.isin(row.task_ids.split("、")), "item"]) == {row.item}
    used = set(ledger.loc[ledger.in_force, "item"].dropna())
    assert not used & set(found.loc[found.finding == "unused", "item"])
    none = evaluate(ledger.head(0), county.items)
    assert none.dtypes.astype(str).to_dict() == found.dtypes.astype(str).to_dict()
    assert np.isfinite(found.months).all()


# --- the log as an office keeps it

LOG = Path(__file__).parents[1] / "data" / "lists_log.csv"


def test_the_log_is_kept_in_a_workbook_and_comes_back_the_same(tmp_path):
    log = gov.lifecycle.read(LOG)
    assert len(log) == 24
    gov.lifecycle.write(log, tmp_path / "变更记录.xlsx")
    pd.testing.assert_frame_equal(gov.lifecycle.read(tmp_path / "变更记录.xlsx"), log)
    pd.testing.assert_frame_equal(append(empty(), log), log)


def test_a_log_with_faults_names_every_row_and_what_would_do(tmp_path):
    lines = LOG.read_text("utf-8-sig").replace("2026-01-15", "某日").replace("受理", "收下", 1).splitlines()
    (tmp_path / "变更记录.csv").write_text("\n".join(lines), "utf-8")
    with pytest.raises(gov.errors.TableError) as fault:
        gov.lifecycle.read(tmp_path / "变更记录.csv")
    assert sorted(fault.value.problems["code"]) == ["choice_wrong", "date_bad"]
    assert "第3行" in str(fault.value)
    with pytest.raises(gov.errors.TableError, match="没有这个文件"):
        gov.lifecycle.read(tmp_path / "没有.csv")


# --- logs and lists as offices hand them over


def test_rows_without_a_date_are_refused_by_township_not_dropped():
    items = pd.concat([BASE.assign(since=pd.NaT), BASE.head(1)], ignore_index=True)
    for ask in (lambda: at(items, empty(), "2026-01-01"), lambda: replay(items, empty())):
        with pytest.raises(TableError, match=r'有 2 行没有施行日期.*甲镇 1 行、乙乡 1 行.*since="2025-07-01"'):
            ask()
    nowhere = BASE.assign(since=[None, "2025-07-01"], township=[None, "乙乡"])
    with pytest.raises(TableError, match=r"有 1 行没有施行日期.*\(未写乡镇\) 1 行"):
        at(nowhere, empty(), "2026-01-01")
    assert at(BASE.head(0), empty(), "2026-01-01").empty


def test_a_version_that_never_held_is_passed_over():
    items = gov.tables.frame("items", [
        {"item": "P1", "township": "甲镇", "list_kind": "basic", "name": name, "since": since, "until": until, "known_from": known}
        for name, since, until, known in [("原", "2025-01-01", "2025-07-01", "2025-01-01"),
                                          ("空", "2025-07-01", "2025-07-01", "2026-01-01"),
                                          ("新", "2025-07-01", None, "2026-02-01")]
    ])  # fmt: skip
    assert at(items.head(2), empty(), "2025-06-30", known="2025-08-01")["name"].tolist() == ["原"]
    assert at(items.head(2), empty(), "2025-08-01", known="2025-08-01").empty
    assert at(items, empty(), "2025-08-01", known="2025-08-01")["name"].tolist() == ["原"]
    assert at(items, empty(), "2025-08-01", known="2026-02-01")["name"].tolist() == ["新"]


@pytest.mark.parametrize("between", ["、", "，", ",", "；", ";", "/", "／", "\n", " ", "　", "、 "])
def test_townships_are_set_apart_by_whatever_an_office_types(between):
    entries = _whole(township=f"甲镇{between}{'乙乡' if between.isspace() else '乙 乡'}")
    log = append(empty(), entries, items=BASE)
    assert log["township"].iloc[0] == "甲镇、乙乡"
    assert at(BASE, log, "2026-05-01")["list_kind"].tolist() == ["reclaimed", "reclaimed"]
    case = next(c for c in CASES if c["例"].startswith("职责准入,没有乡镇意见"))
    heard = _entries(case).assign(township=lambda d: d["township"].where(d["township"].isna(), f"甲镇{between}乙乡"))
    speaks = heard.iloc[[2]].assign(actor=f"甲镇{between}乙乡", role="township", opinion="willing", reason=None)
    log = append(empty(), pd.concat([heard.head(3), speaks, heard.iloc[3:]]), items=BASE)
    assert log["actor"].iloc[3] == "甲镇、乙乡"
    assert units(f"甲镇{between}乙乡") == ["甲镇", "乙乡"]


def test_a_township_without_a_list_is_refused_with_the_nearest():
    near = BASE.assign(township=["栎桥镇", "枫垟镇"])
    with pytest.raises(LifecycleError, match="适用乡镇\\(街道\\)“栎乔镇”不在任何清单里,最相近的是“栎桥镇”"):
        append(empty(), _whole(township="栎乔镇", role="township", actor="栎乔镇").head(1), items=near)
    with pytest.raises(LifecycleError, match="“丙街道”不在任何清单里,清单里有:栎桥镇、枫垟镇"):
        append(empty(), _whole(township="丙街道", actor="丙街道").head(1), items=near)
    assert len(append(empty(), _whole(township="栎乔镇", actor="栎乔镇").head(1))) == 1, "nothing to hold it against"


def test_a_log_with_an_entry_taken_out_is_noticed():
    log, more = append(empty(), _whole()), _whole("2026-02").head(1)
    consulted = log.index[log["state"] == "consulted"][0]
    with pytest.raises(LifecycleError, match=f"已有的变更记录有 2 处不妥.*\n记录号不连续,缺{consulted + 1};"):
        append(log.drop(index=consulted), more)
    forged = log.drop(index=consulted).assign(entry=range(1, len(log)))
    with pytest.raises(LifecycleError, match=r"已有的变更记录有 1 处不妥.*\n第3条:申请“2026-01”还没有“部门会商”"):
        append(forged, more)
    with pytest.raises(LifecycleError, match="缺1至2、5"):
        append(log.drop(index=[0, 1, 4]), more)
    with pytest.raises(LifecycleError, match="记录号重复或不是正整数:3"):
        append(pd.concat([log, log.iloc[[2]]]), more)
    with pytest.raises(LifecycleError, match="记录号重复或不是正整数:-1"):
        append(log.assign(entry=[-1, *range(2, len(log) + 1)]), more)
    altered = log.assign(actor=log["actor"].mask(log["state"] == "accepted", "县水利局"))
    altered["role"] = altered["role"].mask(log["state"] == "accepted", "department")
    with pytest.raises(LifecycleError, match=r"第2条:申请“2026-01”的“受理”应由编办办理"):
        append(altered, more)
    twice = pd.concat([log, _whole("2026-02", list_kind="basic").assign(entry=range(9, 17))])
    with pytest.raises(
        LifecycleError, match=r"已有的变更记录有 1 处不妥.*\n申请“2026-02”与申请“2026-01”都改甲镇的事项P1"
    ):
        append(twice, _whole("2026-03").head(1))
    assert len(append(log.iloc[::-1], more)) == len(append(log.drop(columns="entry"), more)) == len(log) + 1


def test_an_entry_altered_after_the_log_was_once_found_sound_is_noticed():
    log = append(empty(), _whole())
    assert len(append(log, _whole("2026-02").head(1))) == 9
    log.loc[log["state"] == "law_checked", "opinion"] = "disagree"
    with pytest.raises(LifecycleError, match="的“司法审查”意见为“不同意”"):
        append(log, _whole("2026-02").head(1))


def test_chinese_words_are_taken_as_the_sheet_has_them():
    entries = _whole(support="funds|training")
    chinese = entries.assign(**{
        c: [" " + words(c)[v] if isinstance(v, str) and v else v for v in entries[c]]
        for c in ("track", "state", "role", "change", "list_kind", "opinion")
    })  # fmt: skip
    chinese["support"] = chinese["support"].replace("funds|training", "资金、知识培训")
    chinese["role"] = chinese["role"].str.replace("(", "（").str.replace(")", "）")
    copy = chinese.copy(deep=True)
    log = append(empty(), chinese, items=BASE)
    pd.testing.assert_frame_equal(log, append(empty(), entries, items=BASE))
    pd.testing.assert_frame_equal(chinese, copy)
    assert log["support"].iloc[0] == "funds|training"
    with pytest.raises(LifecycleError, match="“单位身份”写作“镇里”,应为:部门、乡镇\\(街道\\)、编办"):
        append(empty(), chinese.head(1).assign(role="镇里"))


def test_a_log_of_any_length_grows_at_about_the_same_pace():
    log = append(empty(), pd.concat([_whole(f"2026-{n:03d}").head(3) for n in range(300)]))
    append(log, _whole("2027-01").head(1))
    before = entering._sound.cache_info()
    append(log, _whole("2027-02").head(1))
    after = entering._sound.cache_info()
    assert (after.misses - before.misses, after.hits - before.hits) == (0, 300), (
        "what was found sound is not gone over again"
    )
