"""``governance lists`` and ``governance compare``: every file and row accounted for, in words an office reads."""

from __future__ import annotations

import os
import re
from pathlib import Path
from types import SimpleNamespace

import openpyxl
import pandas as pd
import published as papers
import pytest
import yaml

import governance as gov
from governance.cli import compare, county, faults, main, published
from governance.documents import check
from governance.errors import DocumentError
from governance.tables import frame

HALF = str.maketrans("\uff0c\uff08\uff09\uff1a\uff1b", ",():;")
SHEETS = ["履职事项清单", "读取情况", "数量核对", "问题清单", "原文对照", "逐条职责", "逐行去向"]
KNOWN = {"governance", "lists", "compare", "check", "since", "meanings", "YAML", "yaml", "Word", "WPS", "PDF", "Excel"}
KNOWN |= {"output", "txt", "htm", "docx", "doc", "xlsx", "xls", "html", "pdf", "wps", "help", "XX", "OCR"}
HEAD = "<tr><th>序号<th>事项名称"
CATEGORY = "<tr><td colspan={}>一、党的建设（{}项）"
NAMES = ("抓好党员教育管理", "开展农村人居环境整治", "做好退役军人服务保障", "开展河道日常巡查", "排查道路交通安全隐患")


def read(capsys: pytest.CaptureFixture[str], *, files: tuple[str, ...] = ()) -> SimpleNamespace:
    """What was printed, punctuation halved; first held to be Chinese: no half-width marks, no English, no traceback.

    files : names that stand as they are, whatever marks they have.
    """
    told = capsys.readouterr()
    out = re.sub(r"^[\w-]*:\n(?:  .*\n)+|^  .*: \S+$", "", told.out, flags=re.M)  # the YAML stands by itself
    plain = re.sub(r"“[^”\uff1a]*: [^”]*”", "", out + re.sub(r"读[^\r\n]*\d\d:\d\d *", "", told.err))
    for name in files:
        plain = plain.replace(name, "")
    assert re.findall(r".{0,9}[\u4e00-\u9fff”][,:;(][^/].{0,9}", plain) == []
    assert set(re.findall(r"[A-Za-z]{2,}", plain)) - KNOWN == set()
    assert re.search(r"\bnan\b|None|<NA>|NaT", plain) is None
    return SimpleNamespace(out=told.out.translate(HALF), err=told.err.translate(HALF), raw=told.out)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def page(file: str, names: tuple[str, ...] = NAMES, *, said: int | None = None, column: str = "") -> Path:
    """A basic list as a page: the names under one category that declares ``said`` of them, and maybe a column more."""
    rows = "".join(f"<tr><td>{n}<td>{name}" + "<td>巡查上报" * bool(column) for n, name in enumerate(names, 1))
    head = HEAD + f"<th>{column}" * bool(column)
    count = CATEGORY.format(2 + bool(column), len(names) if said is None else said)
    Path(file).parent.mkdir(parents=True, exist_ok=True)
    Path(file).write_text(f'<meta charset="utf-8"><table>{head}{count}{rows}</table>', "utf-8")
    return Path(file)


def paper(file: str, *, layout: str = "tasks", township: str = "望禾街道") -> Path:
    """A small published document of any kind with eight items of each list."""
    items = papers.some(8, township)
    Path(file).write_bytes(papers.small(Path(file).suffix[1:], layout=layout, items=items))
    return Path(file)


# --- lists


@pytest.mark.parametrize("kind", ["docx", "xlsx", "html"])
def test_a_good_list_becomes_a_workbook_that_the_tables_take(
    kind: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paper(f"望禾街道履职事项清单.{kind}")
    assert main(["lists", f"望禾街道履职事项清单.{kind}", "--since", "2025-07-01", "-o", "出/清单.xlsx"]) == 0
    told = read(capsys)
    assert "已写出:出/清单.xlsx" in told.out
    assert "共读到 1 个乡镇(街道)、24 项(基本 8、配合 8、收回 8);没有发现问题。" in told.out
    assert re.search(rf"清单.{kind} +基本、配合、收回 +望禾街道 +24 +(\d+)=\1\+0", told.out)
    assert "合计" not in told.out, "of one file there is no sum"
    assert openpyxl.load_workbook("出/清单.xlsx").sheetnames == SHEETS
    back = gov.tables.check("出/清单.xlsx")
    assert back.problems.empty
    held = back.county.items
    assert held["list_kind"].value_counts().to_dict() == dict.fromkeys(("basic", "assisting", "reclaimed"), 8)
    assert set(held["name"]) == set(papers.some(8)["name"])
    assert set(held["since"]) == {pd.Timestamp("2025-07-01")}


def test_the_same_list_gives_the_same_bytes(here: Path) -> None:
    page("甲镇基本履职事项清单.html")
    for out in ("一.xlsx", "二.xlsx"):
        assert main(["lists", "甲镇基本履职事项清单.html", "-o", out]) == 0
    assert Path("一.xlsx").read_bytes() == Path("二.xlsx").read_bytes()


def test_without_an_output_the_workbook_has_its_usual_name(here: Path) -> None:
    page("原件/甲镇基本履职事项清单.html")
    assert main(["lists", "原件"]) == 0
    assert sorted(p.name for p in here.iterdir()) == ["原件", "履职事项清单.xlsx"]


def test_a_list_without_a_date_is_read_and_the_date_asked_for_once(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page("原件/甲镇基本履职事项清单.html")
    page("原件/乙乡基本履职事项清单.html")
    assert main(["lists", "原件"]) == 0
    told = read(capsys)
    assert told.out.count("没有写明施行日期") == 1
    assert re.search(r"几个文件都有的\n +请核对 +2 个文件没有写明施行日期\n +→ 用 --since", told.out)
    assert re.search(r"合计 +10 +14=14\+0", told.out)


def test_counts_that_disagree_are_told_by_category_and_end_with_1(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page("甲镇基本履职事项清单.html", said=7)
    assert main(["lists", "甲镇基本履职事项清单.html", "--since", "2025-07-01"]) == 1
    told = read(capsys)
    assert "各类别写明的项数 1 处,其中不符 1 处:" in told.out
    assert "甲镇基本履职事项“党的建设”:类别行写明 7 项,读到 5 项,少 2 项" in told.out
    assert "数量不符 1 处" in told.out
    assert Path("履职事项清单.xlsx").exists()


def test_the_whole_list_disagreeing_is_told_in_its_line(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = page("甲镇.html")
    text = file.read_text("utf-8").replace("<table>", "<p>甲镇基本履职事项清单（共4项）</p><table>")
    file.write_text(text, "utf-8")
    assert main(["lists", "甲镇.html", "--since", "2025-07-01"]) == 1
    assert re.search(r"甲镇 +4/5 +基本多 1 项\(\S+写明 4\)", read(capsys).out)


def test_a_refused_file_keeps_no_other_from_being_read(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page("原件/甲镇基本履职事项清单.html")
    old = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "WordDocument".encode("utf-16-le") + b"\0\0"
    Path("原件/乙乡履职事项清单.doc").write_bytes(old)
    Path("原件/说明.txt").write_text("说明", "utf-8")
    assert main(["lists", "原件", "--since", "2025-07-01"]) == 1
    told = read(capsys)
    assert re.search(r"乙乡履职事项清单.doc +拒读 .*见下文", told.out)
    assert re.search(r"■ 乙乡履职事项清单.doc\(1 处\)\n +没有读 +旧版 Word", told.out)
    assert told.out.count("旧版 Word") == 1
    assert re.search(r"说明.txt +未读 .*不是清单文档", told.out)
    assert "没有读的文件 1 个。" in told.out
    held = pd.read_excel("履职事项清单.xlsx", sheet_name=None, engine="calamine")
    assert held["履职事项清单"]["事项名称"].tolist() == list(NAMES)
    assert held["读取情况"]["是否拒读"].eq("拒读").sum() == 1


@pytest.mark.parametrize("heading", ["配合方职能说明", "划换分标准"])
def test_an_unclear_column_is_settled_by_the_line_proposed(
    heading: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page("甲镇基本履职事项清单.html", column=heading)
    argv = ["lists", "甲镇基本履职事项清单.html", "--since", "2025-07-01"]
    assert main(argv) == 1
    told = read(capsys)
    assert f"表头“{heading}”的含义拿不准" in told.out
    assert re.search(r"把下面几行存入“说明.yaml”,再加上 --meanings 说明.yaml 运行", told.out)
    lines = re.search(r"^列名:\n(  .+\n)+", told.raw, flags=re.M)
    assert lines
    assert f"  {heading}: " in lines[0], "the colon of YAML is a half one with a blank"
    sentence = re.search(rf"一行“({heading}: \w+)”", told.raw)
    assert sentence
    assert sentence[1] in lines[0]
    for text in (lines[0], f"列名:\n  {sentence[1]}\n"):
        Path("说明.yaml").write_text(text, "utf-8")
        assert main([*argv, "--meanings", "说明.yaml"]) == 0
        told = read(capsys)
        assert heading not in told.out
        assert "没有发现问题" in told.out


def test_a_list_and_township_not_named_are_left_to_fill_in(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page("a.html")
    argv = ["lists", "a.html", "--since", "2025-07-01", "--meanings", "说明.yaml"]
    Path("说明.yaml").write_text("", "utf-8")
    assert main(argv) == 1
    told = read(capsys, files=("a.html",))
    assert "清单:\n  a.html: 待填写\n" in told.raw
    assert re.search(r"— +—/5", told.out)
    Path("说明.yaml").write_text("清单:\n  a.html: 待填写\n", "utf-8")
    assert main(argv) == 1
    assert "“a.html: 待填写”应写基本履职事项" in read(capsys, files=("a.html", "a.html： 待填写")).err.replace(
        ":待", ": 待"
    ).replace(":  ", ": ")
    Path("说明.yaml").write_text("清单:\n  a.html: 基本履职事项\n乡镇:\n  a.html: 甲镇\n", "utf-8")
    assert main(argv) == 0
    assert "共读到 1 个乡镇(街道)、5 项(基本 5);没有发现问题" in read(capsys, files=("a.html",)).out


def test_nothing_read_writes_nothing(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("空").mkdir()
    Path("通知.html").write_text('<meta charset="utf-8"><p>各科室：请按时报送。', "utf-8")
    for path, says in (("空", "没有清单文档"), ("通知.html", "没有读到任何事项")):
        assert main(["lists", path]) == 1
        told = read(capsys)
        assert says in told.out
        assert "没有读到事项" in told.out
        assert "没有发现问题" not in told.out
        assert "数量核对" not in told.out
    assert sorted(p.name for p in here.iterdir()) == ["空", "通知.html"]


def test_many_problems_of_one_kind_say_once_what_to_do(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = page("甲镇基本履职事项清单.html")
    text = file.read_text("utf-8")
    file.write_text(text.replace("<td>2<td>", "<td>3<td>").replace("<td>4<td>", "<td>8<td>"), "utf-8")
    assert main(["lists", "甲镇基本履职事项清单.html", "--since", "2025-07-01"]) == 0
    told = read(capsys)
    assert told.out.count("序号不连续") >= 2
    assert told.out.count("→ 核对有无缺行、重行") == 1


def test_more_problems_than_a_screen_are_in_the_workbook(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page("甲镇基本履职事项清单.html", tuple(f"做好第{n % 45}类矛盾纠纷排查" for n in range(90)))
    assert main(["lists", "甲镇基本履职事项清单.html", "--since", "2025-07-01"]) == 0
    told = read(capsys)
    assert "(45 处;列出前 40 处,全部见输出的“问题清单”)" in told.out
    assert told.out.count("同名") == published.MOST
    assert len(pd.read_excel("履职事项清单.xlsx", sheet_name="问题清单", engine="calamine")) == 45


def test_the_county_reads_in_lines_that_fit_a_screen(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lists", str(papers.county.LISTS_AT), "-o", "县.xlsx"]) == 1
    told = read(capsys)
    assert "共读到 12 个乡镇(街道)、2,976 项(基本 1,380、配合 912、收回 684);数量不符 3 处、请核对 16 处。" in told.out
    assert re.search(r"澄湖街道 +119/119 +81/80 +60/60 +配合少 1 项\(表内标题写明 81\)", told.out)
    assert "其中不符 2 处" in told.out
    assert max(map(published.width, told.raw.splitlines())) < 150
    assert len(told.raw.splitlines()) < 60


# --- wrong use


@pytest.mark.parametrize("command", ["lists", "compare"])
def test_help_is_chinese(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "--help"]) == 0
    told = capsys.readouterr().out
    assert told.startswith(f"用法\uff1agovernance {command}")
    assert set(re.findall(r"[A-Za-z]{2,}", told)) - KNOWN - {"title"} == set()


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["lists"], "还缺:清单"),
        (["lists", "甲镇履职事项清单"], "找不到“甲镇履职事项清单”"),
        (["lists", "清单.html", "-o", "表.docx"], "“表.docx”应以 .xlsx 结尾"),
        (["lists", "清单.html", "--since", "七月一日"], "“七月一日”不是日期,应写成 2025-07-01"),
        (["lists", "清单.html", "--since", "2025-02-30"], "“2025-02-30”不是日期"),
        (["lists", "清单.html", "--meanings", "没有.yaml"], "找不到“没有.yaml”"),
        (["lists", "清单.html", "-o", "夹.xlsx"], "“夹.xlsx”是文件夹"),
        (["lists", "清单.html", "-o", "清单.html/a.xlsx"], "“清单.html”"),
        (["lists", ".", "-o", "清单.xlsx"], "为免与原件混在一起,请用 -o 写到别处"),
        (["compare", "清单.html"], "还缺:新清单"),
        (["compare", "清单.html", "没有.html"], "找不到“没有.html”"),
        (["compare", "清单.html", "清单.html", "-o", "清单.html/a"], "“清单.html”"),
        (["compare", "清单.html", "夹.xlsx", "-o", "夹.xlsx"], "为免与原件混在一起"),
        (["compare", "清单.html", "清单.html", "--since", "x"], "“x”不是日期"),
        (["compare", "清单.html", "清单.html", "--meanings", "没有.yaml"], "找不到“没有.yaml”"),
    ],
    ids=lambda x: " ".join(x) if isinstance(x, list) else "",
)
def test_wrong_use_ends_with_2_and_writes_nothing(
    argv: list[str], says: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page("清单.html")
    Path("夹.xlsx").mkdir()
    assert main(argv) == 2
    told = read(capsys)
    assert says in told.err
    assert told.out == ""
    assert sorted(p.name for p in here.iterdir()) == ["夹.xlsx", "清单.html"]


@pytest.mark.parametrize(
    "argv", [["lists", "清单.html", "-o", "甲镇.txt/表.xlsx"], ["compare", "清单.html", "清单.html"]]
)
def test_an_output_below_a_file_is_wrong_use(argv: list[str], here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page("清单.html")
    Path("甲镇.txt").write_text("一份文件", "utf-8")
    Path("对照结果").write_text("一份文件", "utf-8")
    assert main(argv) == 2
    assert "是文件,不能当文件夹用" in read(capsys, files=("甲镇.txt",)).err
    assert Path("甲镇.txt").read_text("utf-8") == Path("对照结果").read_text("utf-8") == "一份文件"


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere; Windows has other rights")
def test_an_output_without_permission_is_wrong_use(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page("清单.html")
    Path("锁").mkdir(mode=0o500)
    for argv in (["lists", "清单.html", "-o", "锁/表.xlsx"], ["compare", "清单.html", "清单.html", "-o", "锁"]):
        assert main(argv) == 2
        assert "没有权限写入“锁”" in read(capsys).err


def test_an_output_that_the_system_refuses_is_wrong_use(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root may write anywhere, so the refusal is staged at the last step, where a file open in Excel would make it."""
    page("甲镇基本履职事项清单.html")

    def refuse(_: object, to: object) -> None:
        raise PermissionError(13, "", str(to))

    monkeypatch.setattr(os, "replace", refuse)
    assert main(["lists", "甲镇基本履职事项清单.html"]) == 2
    assert "没有权限,或文件正被 Excel、WPS 等程序打开" in read(capsys).err
    assert [p.name for p in here.iterdir()] == ["甲镇基本履职事项清单.html"]


# --- compare


def redlined(folder: str = "对照结果") -> str:
    """The text of the redline page in a folder that holds it and its workbook."""
    made = sorted(Path(folder).iterdir())
    assert [p.suffix for p in made] == [".html", ".xlsx"]
    assert openpyxl.load_workbook(made[1]).sheetnames
    return made[0].read_text("utf-8")


def test_two_dates_of_one_township(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page("2025/甲镇基本履职事项清单.html")
    page("2026/甲镇基本履职事项清单.html", (*NAMES[:4], "组织开展防汛演练"))
    argv = ["compare", *(str(next(Path(year).iterdir())) for year in ("2025", "2026"))]
    assert main(argv) == 0
    told = read(capsys, files=("（旧） 5", "（新） 5"))
    assert "清单(旧) 5 项,甲镇基本履职事项清单(新) 5 项:新增 1 项,删除 1 项,未变 4 项。" in told.out
    text = redlined()
    assert "甲镇履职事项清单新旧对照表" in text
    assert NAMES[4] in text
    assert "组织开展防汛演练" in text
    assert NAMES[0] not in text


def test_a_title_names_the_redline(here: Path) -> None:
    file = str(page("甲镇基本履职事项清单.html"))
    assert main(["compare", file, file, "--title", "甲镇2026年调整", "-o", "出"]) == 0
    assert sorted(p.stem for p in Path("出").iterdir()) == ["甲镇2026年调整对照表"] * 2


def test_two_townships_of_different_names_meet_by_wording(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page("甲镇基本履职事项清单.html")
    page("乙乡基本履职事项清单.html", (*NAMES[:3], "做好河道日常巡查"))
    assert main(["compare", "甲镇基本履职事项清单.html", "乙乡基本履职事项清单.html"]) == 0
    told = read(capsys)
    assert "甲镇 5 项,乙乡 4 项:删除 1 项,修改 1 项,未变 3 项。" in told.out
    assert "甲镇与乙乡对照表" in redlined()


def test_a_document_is_held_against_its_own_table(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paper("望禾街道履职事项清单.docx", layout="inside")
    assert main(["lists", "望禾街道履职事项清单.docx", "--since", "2025-07-01", "-o", "表.xlsx"]) == 0
    assert main(["compare", "表.xlsx", "望禾街道履职事项清单.docx"]) == 0
    assert "表 24 项,望禾街道履职事项清单 24 项:没有变化。" in read(capsys).out


def test_a_table_without_dates_is_told_not_mistaken_for_a_document(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page("甲镇基本履职事项清单.html")
    assert main(["lists", "甲镇基本履职事项清单.html", "-o", "表.xlsx"]) == 0
    assert main(["compare", "表.xlsx", "甲镇基本履职事项清单.html"]) == 1
    assert "“表.xlsx”里的事项没有施行日期,不能对照" in read(capsys).err
    assert not Path("对照结果").exists()


def test_the_same_file_twice_has_no_changes(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paper("望禾街道履职事项清单.xlsx")
    assert main(["compare", *["望禾街道履职事项清单.xlsx"] * 2]) == 0
    assert "24 项:没有变化。" in read(capsys, files=("（旧） 24", "（新） 24")).out
    assert "没有变化" in redlined()


def test_columns_that_one_side_prints_are_told_and_left_out(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page("甲镇基本履职事项清单.html")
    page("乙乡基本履职事项清单.html", column="设定依据")
    assert main(["compare", "甲镇基本履职事项清单.html", "乙乡基本履职事项清单.html"]) == 0
    told = read(capsys).out
    assert "只有一方写明、未作对照:基本履职事项的设定依据。" in told
    assert "没有变化" in told


def test_a_side_that_was_not_understood_is_told_and_ends_with_1(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page("甲镇基本履职事项清单(1).html", column="划换分标准")
    page("乙乡基本履职事项清单.html")
    assert main(["compare", "甲镇基本履职事项清单(1).html", "乙乡基本履职事项清单.html"]) == 1
    told = read(capsys, files=("甲镇基本履职事项清单(1).html",))
    assert "“甲镇基本履职事项清单(1).html”有 1 处没有读或需要明确,对照不全" in told.raw.translate(HALF)
    redlined()
    Path("说明.yaml").write_text("列名:\n  划换分标准: 不读\n", "utf-8")
    given = ["compare", "甲镇基本履职事项清单(1).html", "乙乡基本履职事项清单.html", "--meanings", "说明.yaml"]
    assert main(given) == 0


def test_a_side_without_items_is_told_with_the_reason(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page("甲镇基本履职事项清单.html")
    Path("空").mkdir()
    Path("乙乡.docx").write_bytes(b"")
    assert main(["compare", "甲镇基本履职事项清单.html", "空"]) == 1
    assert "“空”里没有读到清单事项;" in read(capsys).err
    assert main(["compare", "乙乡.docx", "甲镇基本履职事项清单.html"]) == 1
    assert re.search(r"“乙乡.docx”里没有读到清单事项\(.*空的.*\)", read(capsys).err)
    assert not Path("对照结果").exists()


def test_lists_without_a_township_are_compared_too(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page("甲镇基本履职事项清单.html")
    page("a.html", NAMES[:3])
    assert main(["compare", "甲镇基本履职事项清单.html", "a.html"]) == 1
    told = read(capsys, files=("a.html", "a 3"))
    assert "程序遇到意外问题" not in told.err
    assert "甲镇 5 项,a 3 项:" in told.out


def test_townships_of_one_side_only_are_named(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for town in ("甲镇", "乙乡", "丙镇"):
        page(f"新/{town}基本履职事项清单.html")
    page("旧/甲镇基本履职事项清单.html")
    assert main(["compare", "旧", "新"]) == 0
    told = read(capsys).out
    assert "只有新清单有 2 个乡镇(街道):丙镇、乙乡;其事项都计为新增。" in told
    assert "旧 5 项,新 15 项:新增 10 项,未变 5 项。" in told


# --- the parts


def test_no_problem_prints_nothing(here: Path) -> None:
    found = check(page("甲镇基本履职事项清单.html"), since="2025-07-01")
    assert published.problems(found) == ""
    assert published.meanings(found) == ""
    assert published.verdict(found).endswith("没有发现问题。")
    told = published.counts(found)
    assert "—/5" in told
    assert "全部相符。" in told
    assert "合计" not in published.files(found)


def test_a_long_name_loses_its_middle(here: Path) -> None:
    name = "关于印发青禾县" + "各乡镇和街道" * 3 + "履职事项清单.html"
    told = published.files(check(page(name)))
    assert re.search(r"^  关于印发青禾县.*….*履职事项清单.html ", told, flags=re.M)
    assert name not in told


def test_averages_and_unknown_townships_are_not_held_against_what_was_read(here: Path) -> None:
    file = page("甲镇.html")
    text = file.read_text("utf-8").replace("<table>", "<p>基本履职事项清单（平均102项）</p><table>")
    file.write_text(text, "utf-8")
    told = published.counts(check(file)).translate(HALF)
    assert "另写平均 102 项,不作核对" in told
    assert "其中不符" not in told


@pytest.mark.parametrize("heading", ["配合方#职能说明", "- 配合方职能说明", "配合方职能'说明"])
def test_the_proposed_yaml_is_yaml_whatever_the_heading(heading: str, here: Path) -> None:
    found = check(page("甲镇基本履职事项清单.html", column=heading), since="2025-07-01")
    assert found.problems["code"].tolist() == ["doc_column_far"]
    tree = yaml.safe_load(published.meanings(found))
    assert len(tree["列名"]) == 1
    assert check("甲镇基本履职事项清单.html", since="2025-07-01", meanings=tree).problems.empty


def test_a_side_is_what_is_in_force_last(here: Path) -> None:
    row = {"township": "甲镇", "list_kind": "basic", "category": "党的建设", "known_from": "2025-01-01"}
    items = [
        {"item": "1", "name": NAMES[0], "since": "2025-01-01", "until": "2026-01-01"} | row,
        {"item": "1", "name": NAMES[1], "since": "2026-01-01"} | row,
        {"item": "2", "name": NAMES[2], "since": "2025-01-01"} | row,
    ]
    table = gov.tables.label
    held = pd.DataFrame(items).rename(columns=lambda c: table("items", c)).assign(清单类别="基本履职事项")
    held.to_excel("表.xlsx", sheet_name="履职事项清单", index=False)
    one = compare.side(Path("表.xlsx"))
    assert sorted(one.items["name"]) == sorted(NAMES[1:3])
    assert (one.name, one.faults) == ("表", 0)
    (here / "空").mkdir()
    with pytest.raises(DocumentError, match="没有读到清单事项"):
        compare.side(here / "空")


def test_written_returns_the_files_and_what_to_say(here: Path) -> None:
    rows = [{"item": str(n), "township": "甲镇", "list_kind": "basic", "name": name} for n, name in enumerate(NAMES)]
    old, new = (compare.Side(frame("items", some), name, 0) for some, name in ((rows, "一"), (rows[1:], "二")))
    files, said = compare.written(old, new, here / "出")
    assert [f.suffix for f in files] == [".xlsx", ".html"]
    assert [line.translate(HALF) for line in said] == ["一 5 项,二 4 项:删除 1 项,未变 4 项。"]


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (PermissionError(13, "", "甲.xlsx"), "不能读写“甲.xlsx”:没有权限"),
        (FileNotFoundError(2, "", "甲.xlsx"), "找不到“甲.xlsx”"),
        (IsADirectoryError(21, "", "甲"), "“甲”不是所要的文件或文件夹"),
        (OSError(28, ""), "磁盘已满"),
    ],
)
def test_what_the_system_refuses_is_said_in_chinese(fault: OSError, says: str) -> None:
    assert says in faults.blocked(fault)


def test_what_nobody_foresaw_names_its_place() -> None:
    with pytest.raises(KeyError) as raised:
        {}["甲"]
    assert re.search(r"KeyError: '甲' \(test_cli_lists.py 第\d+行\)$", faults.unexpected(raised.value))


# --- lists in documents beside a ledger


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A Word list of 临禾街道 beside the ledger and staff of the whole example county."""
    data = Path(__file__).parents[1] / "data"
    for file in (*(data / "lists").glob("临禾街道*.docx"), *(data / "demo").glob("青禾县任务台账*.xlsx")):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    return tmp_path


def test_a_word_list_and_a_ledger_make_a_county_of_the_townships_that_have_a_list(folder: Path) -> None:
    made, told, _ = county.read(folder, since="2025-07-01")
    whole = gov.examples.county().tasks
    assert set(made.items["township"]) == set(made.tasks["township"]) == set(made.staff["township"]) == {"临禾街道"}
    assert len(made.tasks) == (whole["township"] == "临禾街道").sum()
    assert f"{len(whole) - len(made.tasks):,} 条任务" in told[-1]
    assert "11 个乡镇" in told[-1]


def test_a_list_without_a_date_or_of_a_strange_township_stops(folder: Path) -> None:
    with pytest.raises(gov.errors.DocumentError, match="--since"):
        county.read(folder)
    units = gov.tables.frame("units", [{"unit": "丙乡", "kind": "township"}])
    units.rename(columns={"unit": "单位名称", "kind": "单位类型"}).assign(单位类型="乡镇")[
        ["单位名称", "单位类型"]
    ].to_csv(folder / "单位表.csv", index=False)
    with pytest.raises(gov.errors.GovernanceError):
        county.read(folder, since="2025-07-01")


def test_two_ways_to_write_a_department_are_told_and_tables_alone_stay_whole() -> None:
    names = ["县住建局", "县住房和城乡建设局"]
    items = gov.tables.frame(
        "items", [{"item": str(i), "township": "甲镇", "name": "事", "department": n} for i, n in enumerate(names)]
    )
    assert "县住建局与县住房和城乡建设局" in county.alike(items)[0]
    assert county.alike(items.tail(1)) == []
    whole = gov.examples.county()
    same, told = county.covered(whole, [])
    assert same is whole
    assert told == []
