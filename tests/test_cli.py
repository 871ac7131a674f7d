"""The command line: wholly Chinese, three exit codes, never a traceback."""

from __future__ import annotations

import functools
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import openpyxl
import pandas as pd
import pytest

import governance as gov
from governance.cli import arguments, main
from governance.tables import County, Streets, frame

COMMANDS = ("check", "lists", "compare", "brief", "shifting", "balance", "circle", "site", "example")
RUN = "import sys; from governance.cli import main; sys.exit(main())"
OPTIONS = (
    "help",
    "version",
    "output",
    "by",
    "blank",
    "force",
    "since",
    "title",
    "meanings",
    "streets",
    "coords",
    "crs",
    "layer",
)
SITE = ("budget", "funds", "keep", "retrofit", "floor", "plans", "siting", "costs")  # options of site, and its rules
GROUND = ("osm", "pbf", "graphml", "gpkg", "shp", "geojson", "wgs", "cgcs", "gcj", "bd", "EPSG")
KNOWN = {
    "governance",
    *COMMANDS,
    *OPTIONS,
    *SITE,
    *GROUND,
    "Word",
    "Excel",
    "PDF",
    "docx",
    "xlsx",
    "csv",
    "html",
    "pdf",
    "yaml",
}


HALF = str.maketrans("\uff0c\uff08\uff09\uff1a\uff1b", ",():;")


def read(capsys: pytest.CaptureFixture[str]) -> SimpleNamespace:
    """What was printed since last time, Chinese punctuation halved so that tests can be typed."""
    told = capsys.readouterr()
    return SimpleNamespace(out=told.out.translate(HALF), err=told.err.translate(HALF))


def english(text: str) -> set[str]:
    """Words in Latin letters that are neither a command, nor an option, nor a file ending."""
    return set(re.findall(r"[A-Za-z]{2,}", text)) - KNOWN


def run(*argv: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-c", RUN, *argv], capture_output=True, check=False, env={**os.environ, **environment}
    )


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def small_county() -> County:
    """Two townships, ten tasks, a street of five nodes: small enough to run in a second."""
    units = [
        {"unit": "试县", "kind": "county"},
        {"unit": "县水利局", "kind": "department", "parent": "试县"},
        {"unit": "县应急管理局", "kind": "department", "parent": "试县"},
        {"unit": "甲镇", "kind": "township", "parent": "试县"},
        {"unit": "乙乡", "kind": "township", "parent": "试县"},
        {"unit": "河东村", "kind": "village", "parent": "甲镇"},
        {"unit": "河西社区", "kind": "community", "parent": "甲镇"},
        {"unit": "党政办公室", "kind": "office", "parent": "甲镇"},
        {"unit": "党政办公室", "kind": "office", "parent": "乙乡"},
    ]
    item = {"since": "2025-07-01", "known_from": "2025-06-30"}
    items = [
        {"item": i, "township": t, "list_kind": k, "category": c, "name": n, "department": d, "support": s, **item}
        for t in ("甲镇", "乙乡")
        for i, k, c, n, d, s in (
            ("J1", "basic", "党的建设", "开展河道日常巡查和保洁", "县水利局", None),
            ("P1", "assisting", "平安法治", "森林防火宣传和火情报告", "县应急管理局", "training|funds"),
            ("S1", "reclaimed", "自然资源", "水库大坝安全鉴定", "县水利局", None),
        )
    ]
    texts = [
        ("县水利局", "开展河道日常巡查和保洁工作", "lead", None),
        ("县水利局", "牵头完成水库大坝安全鉴定", "lead", ""),
        ("县应急管理局", "做好森林防火宣传和火情报告", "assist", "training|funds"),
        ("县应急管理局", "负责森林防火宣传和火情报告并接受考核", "lead", ""),
        ("县应急管理局", "填报干部家属就业统计表", "lead", ""),
    ]
    tasks = [
        {
            "task": f"T{n}",
            "date": f"2026-0{1 + n % 4}-15",
            "department": d,
            "township": t,
            "text": x,
            "channel": "notice" if n % 2 else "hotline",
            "role": r,
            "support": s,
            "scored": r == "lead",
            "hours": 10 + n,
        }
        for n, (t, (d, x, r, s)) in enumerate((t, one) for t in ("甲镇", "乙乡") for one in texts)
    ]
    staff = [
        {"township": t, "office": "党政办公室", "post": "综合岗", "headcount": n, "hours_per_month": 40}
        for t, n in (("甲镇", 3), ("乙乡", 1))
    ]
    nodes = [{"node": str(n), "x": 300.0 * n, "y": 0.0} for n in range(5)]
    edges = [{"edge": f"e{n}", "source": str(n), "target": str(n + 1), "length_m": 300.0} for n in range(4)]
    ages = dict.fromkeys(("age_0_2", "age_3_6", "age_7_14", "age_15_59", "age_60_79", "age_80_up"), 20)
    communities = [
        {"township": "甲镇", "community": c, "node": n, "households": 40, **ages}
        for c, n in (("河东村", "0"), ("河西社区", "4"))
    ]
    rooms = [
        {
            "room": "F1",
            "name": "河西用房",
            "township": "甲镇",
            "community": "河西社区",
            "node": "4",
            "area_m2": 120.5,
            "service": "idle",
            "circuits": True,
            "plumbing": True,
            "step_free": True,
            "exhaust": True,
            "insulation": True,
        }
    ]
    sites = [
        {"site": "Z1", "name": "河东助餐点", "service": "meals", "tier": "meal_point", "township": "甲镇", "node": "1"}
    ]
    return County(
        name="试县",
        example=False,
        units=frame("units", units),
        items=frame("items", items),
        tasks=frame("tasks", tasks),
        staff=frame("staff", staff),
        communities=frame("communities", communities),
        rooms=frame("rooms", rooms),
        sites=frame("sites", sites),
        streets=Streets(frame("nodes", nodes), frame("edges", edges)),
        activities=frame("activities"),
        counts=pd.DataFrame(columns=["file", "sheet", "table", "read", "kept", "rejected", "note"]),
    )


@functools.cache
def found() -> gov.survey.Survey:
    return gov.survey.run(small_county())


def shifted() -> int:
    return int(found().total["shifted"].iloc[0])


@pytest.fixture
def mine(here: Path) -> Path:
    """The small county, written to the folder 本县 under the working folder."""
    gov.write(small_county(), here / "本县")
    return here / "本县"


# --- words


@pytest.mark.parametrize("argv", [["--help"], *([c, "--help"] for c in COMMANDS)], ids=lambda a: a[0])
def test_help_is_chinese_and_ends_with_0(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(argv) == 0
    told = read(capsys)
    assert told.err == ""
    assert told.out.startswith("用法:governance")
    assert english(told.out) == set()


def test_help_lists_every_command_with_what_it_does(capsys: pytest.CaptureFixture[str]) -> None:
    main(["-h"])
    told = read(capsys).out
    for command in COMMANDS:
        assert re.search(rf"^ +{command}\n +\S*[\u4e00-\u9fff]", told, flags=re.M), command


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        ([], "还缺:命令"),
        (["judge"], "没有“judge”这个命令"),
        (["check"], "还缺:资料"),
        (["shifting", "--by"], "--by 后面还要写内容"),
        (["shifting", "--by", "天气"], "不能按“天气”汇总;可用:部门、乡镇、类别、渠道、月份"),
        (["shifting", "--bY", "部门"], "不认识的内容:--bY"),
        (["shifting", "-o", "a.pdf"], "“a.pdf”应以 .xlsx 或 .csv 结尾"),
        (["example", "--force=1"], "--force 后面不应再写 '1'"),
        (["balance", "nowhere"], "找不到“nowhere”"),
        (["brief", "a", "b"], "不认识的内容:b"),
        (["check", "nowhere", "--output"], "-o/--output 后面还要写内容"),
    ],
    ids=lambda x: " ".join(x) if isinstance(x, list) else "",
)
def test_wrong_use_is_explained_in_chinese_and_ends_with_2(
    argv: list[str], says: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(argv) == 2
    told = read(capsys)
    assert says in told.err
    assert told.out == ""
    assert english(told.err) <= {"judge", "bY", "pdf", "nowhere"}
    if "查看写法" in told.err:
        whole = not argv or argv[0] not in COMMANDS or "不认识" in says
        assert told.err.endswith(f"。查看写法:governance{'' if whole else f' {argv[0]}'} --help\n")
    assert list(here.iterdir()) == []


def test_a_mistyped_folder_names_the_nearest(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "青禾县资料").mkdir()
    assert main(["balance", "青禾县资抖"]) == 2
    assert "相近的有:青禾县资料" in read(capsys).err


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert read(capsys).out.strip() == f"governance {gov.__version__}"


# --- places


def test_an_output_below_a_file_is_wrong_use(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "简报").write_text("一份文件")
    assert main(["brief"]) == 2
    assert "“简报”是文件,不能当文件夹用" in read(capsys).err
    assert main(["circle", "-o", "简报/a.xlsx"]) == 2
    assert (here / "简报").read_text() == "一份文件"


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere; Windows has other rights")
def test_an_output_without_permission_is_wrong_use(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "锁").mkdir(mode=0o500)
    assert main(["example", "锁/县"]) == 2
    assert "没有权限写入“锁”" in read(capsys).err


def test_check_never_writes_among_the_originals(mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "本县", "-o", "本县/../本县"]) == 2
    assert "就是资料所在的文件夹" in read(capsys).err
    assert main(["check", str(next(mine.glob("*.csv"))), "-o", "本县"]) == 2


def test_an_empty_folder_is_a_fault_of_the_data(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "空").mkdir()
    for command in ("check", "shifting", "brief"):
        assert main([command, "空"]) == 1, command
        told = read(capsys)
        assert re.search(r"[\u4e00-\u9fff]", told.out + told.err)
        assert english(told.out + told.err) - {"xls"} == set()


def test_what_nobody_foresaw_is_one_chinese_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["example", "\0"]) == 1
    told = read(capsys)
    assert told.out == ""
    assert len(told.err.strip().split("\n")) == 1
    assert "程序遇到意外问题" in told.err
    assert "Traceback" not in told.err


# --- terminals


@pytest.mark.parametrize(("encoding", "seen"), [("ascii", "utf-8"), ("gbk", "gbk"), ("latin-1", "utf-8")])
def test_any_terminal_takes_chinese(encoding: str, seen: str) -> None:
    done = run("circle", "--help", PYTHONIOENCODING=encoding)
    assert done.returncode == 0
    assert "用法\uff1agovernance circle" in done.stdout.decode(seen)
    assert run("无", PYTHONIOENCODING=encoding).stderr.decode(seen).startswith("没有“无”这个命令")


@pytest.mark.skipif(os.name == "nt", reason="needs a POSIX timer")
def test_an_interrupt_ends_quietly() -> None:
    code = (
        "import signal, sys; from governance import cli, survey, examples; signal.signal(signal.SIGALRM, signal.default_int_handler);"
        "signal.setitimer(signal.ITIMER_REAL, 0.05); sys.exit(cli.main(['shifting']))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, encoding="utf-8")
    assert done.returncode == 130
    assert done.stderr.strip() == "已中断\uff0c没有完成。"


@pytest.mark.skipif(os.name == "nt", reason="needs a POSIX pipe")
@pytest.mark.parametrize("argv", ["--help", "check 本县"])
@pytest.mark.parametrize("buffered", [True, False])
def test_a_closed_pipe_ends_quietly(argv: str, buffered: bool, faulty: Path) -> None:
    line = f"'{sys.executable}' -c '{RUN}' {argv} | true; exit ${{PIPESTATUS[0]}}"
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONUNBUFFERED"}
    done = subprocess.run(
        ["bash", "-c", line],
        capture_output=True,
        check=False,
        env=environment if buffered else {**environment, "PYTHONUNBUFFERED": "1"},
    )
    assert done.stderr == b""
    assert done.returncode == 0


# --- a county of one's own


def test_check_of_a_clean_county_accounts_for_every_row(mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "本县"]) == 0
    told = read(capsys).out
    assert "核对通过" in told
    assert re.search(r"任务台账.csv +任务台账 +10=10\+0", told)
    total = re.search(r"合计 +(\d+)=(\d+)\+(\d+)", told)
    assert total
    assert int(total[1]) == int(total[2]) == sum(len(table) for table in gov.tables.frames(small_county()).values())
    assert not (mine.parent / "核对结果").exists()


@pytest.fixture
def faulty(mine: Path) -> Path:
    """The small county with an impossible date and a department nobody knows in the ledger's first two rows."""
    file = mine / "任务台账.csv"
    text = file.read_text("utf-8-sig").replace("县水利局", "县水力局", 1).replace("2026-02-15", "2026年13月1日", 1)
    file.write_text(text, encoding="utf-8-sig")
    return file


def test_check_prints_every_fault_and_marks_copies(faulty: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = faulty.read_bytes()
    assert main(["check", "本县", "-o", "结果/一"]) == 1
    told = read(capsys).out
    assert "■ 任务台账.csv(2 处问题)" in told
    assert re.search(r"第2行 +下发部门 +县水力局 .*县水利局", told)
    assert re.search(r"第3行 +下发日期 +2026年13月1日", told)
    assert re.search(r"任务台账 +10=8\+2", told)
    copies = list(Path("结果/一").iterdir())
    assert [f"已写出标注副本:{copy}" in told for copy in copies] == [True]
    assert "2026年13月1日" in {c.value for row in openpyxl.load_workbook(copies[0]).worksheets[0] for c in row}
    assert faulty.read_bytes() == before


@pytest.mark.parametrize("command", ["brief", "shifting", "balance", "circle"])
def test_no_question_is_answered_on_faulty_data(command: str, faulty: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "本县"]) == 1
    told = read(capsys)
    assert "第2行" in told.out
    assert "资料有 2 处问题,没有分析" in told.err
    assert sorted(p.name for p in Path().iterdir()) == ["本县"]


def test_shifting_shows_denominators_verdicts_and_unsure_tasks(mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["shifting", "本县", "-o", "结果.xlsx"]) == 0
    told = read(capsys).out
    assert "示例数据" not in told
    assert re.search(r"共 10 条任务,已判定 (\d+) 条,其中疑似转嫁 (\d+) 条", told)
    assert "待人工确认" in told
    for row in found().verdicts.itertuples():
        assert re.search(rf"{gov.tables.label('results', 'verdict', row.verdict)} +{row.tasks} ", told)
    assert 0 < shifted() < 10
    assert told.count("\n■") == 3
    names = openpyxl.load_workbook("结果.xlsx").sheetnames
    assert [
        w
        for w in ("部门占比", "乡镇占比", "类别占比", "渠道占比", "月度占比", "转嫁流向", "转嫁任务")
        if not any(n.endswith(w) for n in names)
    ] == []


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("部门", "department"),
        ("乡镇", "township"),
        ("街道", "township"),
        ("类别", "category"),
        ("渠道", "channel"),
        ("月份", "month"),
    ],
)
def test_by_takes_chinese_and_english_alike(word: str, value: str) -> None:
    parser = arguments.parser("0")
    for typed in (word, value, f" {value.upper()} "):
        assert parser.parse_args(["shifting", "--by", typed]).by == value


@pytest.mark.parametrize(
    ("word", "group"), [("部门", "县应急管理局"), ("类别", "平安法治"), ("渠道", "12345转办"), ("月份", "2026-02")]
)
def test_one_view_goes_to_the_screen_and_to_csv(
    word: str, group: str, mine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["shifting", "本县", "--by", word, "-o", "新/一种.csv"]) == 0
    told = read(capsys).out
    assert told.count("■") == 1
    assert f"  {group}  " in told
    saved = pd.read_csv("新/一种.csv", encoding="utf-8-sig", index_col=0)
    assert saved["任务数(件)"].sum() == 10
    assert group in saved.index
    assert "数据性质" not in saved
    share = saved["转嫁占比"] * saved["已判定任务数(件)"]
    assert share.fillna(0).sum() == pytest.approx(shifted())


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("balance", ("负荷比", "基尼系数", "甲镇", "乙乡", "退回")),
        ("circle", ("15分钟内", "助餐", "60(75.0%)", "没有该类服务的人", "同类设施", "用房改造", "河西用房")),
    ],
)
def test_the_other_questions_answer_in_chinese(
    command: str, words: tuple[str, ...], mine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([command, "本县", "-o", "结果.xlsx"]) == 0
    told = read(capsys).out
    assert [w for w in words if w not in told] == []
    assert english(re.sub(r"F\d+", "", told)) == set()
    for sheet in openpyxl.load_workbook("结果.xlsx").worksheets:
        heads = " ".join(str(c.value) for c in sheet[2])
        assert english(heads) == set(), sheet.title


def test_brief_writes_three_files_and_says_the_headline(mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["brief", "本县", "-o", "报"]) == 0
    told = read(capsys)
    assert {p.name for p in Path("报").iterdir()} == {"简报.docx", "明细.xlsx", "简报.html"}
    assert f"疑似转嫁 {shifted()} 条" in told.out
    for name in ("简报.docx", "明细.xlsx", "简报.html"):
        assert f"已写出:{Path('报') / name}" in told.out
    assert "100%" in told.err
    assert "示例数据" not in told.out


def test_a_missing_table_is_said_and_the_rest_is_done(mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (mine / "人员表.csv").unlink()
    assert main(["balance", "本县"]) == 1
    told = read(capsys).out
    assert "未做“履职负荷”:缺少人员表" in told
    assert "■" not in told
    assert main(["shifting", "本县"]) == 0
    assert f"疑似转嫁 {shifted()} 条" in read(capsys).out


def _rewrite(mine: Path, **columns: object) -> None:
    """The ledger of the small county with other values in its columns."""
    county = small_county()
    gov.write(replace(county, tasks=county.tasks.assign(**columns)), mine)


def test_a_ledger_without_hours_is_told_without_hours(mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _rewrite(mine, hours=float("nan"))
    assert main(["shifting", "本县", "-o", "结果.xlsx"]) == 0
    told = read(capsys).out
    assert f"疑似转嫁 {shifted()} 条" in told
    assert "小时" not in told
    assert main(["balance", "本县"]) == 1
    assert "未做“履职负荷”:任务台账没有记录耗时" in read(capsys).out
    book = openpyxl.load_workbook("结果.xlsx")
    heads = [str(c.value) for s in book.worksheets if "占比" in s.title or "流向" in s.title for c in s[2]]
    assert "转嫁占比" in heads
    assert not [h for h in heads if "工时" in h]


def test_tasks_without_hours_are_counted(mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hours = small_county().tasks["hours"].where(small_county().tasks.index > 0)
    _rewrite(mine, hours=hours)
    assert main(["shifting", "本县"]) == 0
    assert "(另有 1 条没有记录耗时,未计入工时)" in read(capsys).out


def test_tasks_before_the_lists_are_counted_and_named_as_the_reason(
    mine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dates = small_county().tasks["date"].where([False] * 3 + [True] * 7, pd.Timestamp("2025-03-01"))
    _rewrite(mine, date=dates)
    for command in ("shifting", "brief"):
        assert main([command, "本县"]) == 0
        told = read(capsys).out
        assert "共 7 条任务" in told
        assert "另有 3 条早于清单施行,只作回溯衡量,未计入" in told
    _rewrite(mine, date=pd.Timestamp("2025-03-01"))
    main(["shifting", "本县"])
    told = read(capsys).out
    assert "台账中的 10 条全部早于清单施行" in told
    assert "七类判定" not in told, "no table of zeros"
    assert re.search(r"2025-03 +10 ", told)


def test_shifted_tasks_to_review_are_counted(mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["shifting", "本县"]) == 0
    assert "复核后方可引用" not in read(capsys).out
    tasks = small_county().tasks
    _rewrite(mine, text=tasks["text"].where(tasks.index > 0, "推选羽毛球裁判"))
    ledger = gov.survey.run(gov.read(mine)).ledger
    assert int((ledger["shifted"] & ledger["needs_review"]).sum()) == 1, "an item outside the lists"
    capsys.readouterr()
    assert main(["shifting", "本县"]) == 0
    assert "其中 1 条须人工复核后方可引用" in read(capsys).out


def test_what_the_screen_shows_has_no_half_width_marks_after_chinese(
    mine: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    capfd.readouterr()
    for argv in (["shifting"], ["balance"], ["circle"], ["check"], ["brief"]):
        main([*argv, "本县"])
    told = capfd.readouterr()
    said = [line for line in (told.out + told.err).split("\n") if not line.startswith("读入")]
    assert [line for line in said if re.search(r"[\u4e00-\u9fff][,:;?!]", line)] == []


# --- the example county and the blank tables


def test_without_a_folder_the_example_county_answers_and_says_so(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["shifting", "--by", "渠道", "-o", "渠道.csv"]) == 0
    told = read(capsys).out
    assert told.startswith("【示例数据:青禾县为虚构")
    assert english(told) == set()
    assert pd.read_csv("渠道.csv", encoding="utf-8-sig")["数据性质"].str.startswith("示例数据").all()
    assert main(["circle", "-o", "圈.xlsx"]) == 0
    for sheet in openpyxl.load_workbook("圈.xlsx").worksheets:
        assert "示例数据" in sheet["A1"].value, sheet.title


def test_example_writes_a_county_that_checks_clean_and_stays_marked(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["example"]) == 0
    assert "示例数据" in read(capsys).out
    assert main(["check", "示例县"]) == 0
    assert main(["shifting", "示例县", "--by", "月份"]) == 0
    assert "【示例数据:青禾县为虚构" in read(capsys).out


def test_example_never_overwrites_unasked(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "县").mkdir()
    (here / "县" / "我的.txt").write_text("别动")
    for more in ([], ["--blank"]):
        assert main(["example", "县", *more]) == 2
        assert "--force" in read(capsys).err
        assert [p.name for p in (here / "县").iterdir()] == ["我的.txt"]
    assert main(["example", "县", "--blank", "--force"]) == 0
    assert (here / "县" / "我的.txt").read_text() == "别动"
    assert main(["example", "县/空白模板.xlsx", "--blank"]) == 2


def test_blank_tables_bear_every_chinese_heading_and_read_as_empty(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["example", "--blank"]) == 0
    assert "governance check 空白表" in read(capsys).out
    files = list(Path("空白表").iterdir())
    heads = {
        c.value
        for file in files
        for sheet in openpyxl.load_workbook(file).worksheets
        for row in sheet.iter_rows(max_row=4)
        for c in row
    }
    for table in gov.tables.TABLES:
        assert set(gov.tables.schema(table)["label"]) <= heads, table
    assert main(["check", "空白表"]) == 0
    assert re.search(r"合计 +0=0\+0", read(capsys).out)
