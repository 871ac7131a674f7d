"""Web pages: encodings as they really are, layout tables taken apart, spans as a browser lays them out."""

from __future__ import annotations

from email.message import EmailMessage
from pathlib import Path

import pytest

from governance.documents import opening, web
from governance.documents.blocks import Document, Table, Text
from governance.errors import DocumentError

LIST = (
    "<table border=1><tr><td>序号</td><td>事项名称</td><td>责任部门</td></tr>"
    "<tr><td>1</td><td>党员教育管理</td><td>县委组织部</td></tr></table>"
)


def read(tmp_path: Path, page: str | bytes, encoding: str = "utf-8") -> Document:
    path = tmp_path / "清单.html"
    path.write_bytes(page if isinstance(page, bytes) else page.encode(encoding))
    return opening.opened(path, "清单.html")


def texts(document: Document) -> list[str]:
    return [b.text for b in document.blocks if isinstance(b, Text)]


def only(document: Document) -> Table:
    (found,) = [b for b in document.blocks if isinstance(b, Table)]
    return found


@pytest.mark.parametrize(
    ("declared", "real", "noted"),
    [
        *[("utf-8", "utf-8", ""), ("gb2312", "gb18030", ""), ("", "gb18030", ""), ("", "utf-8", "")],
        *[("utf-8", "gb18030", "GB18030"), ("gb2312", "utf-8", "UTF-8"), ("iso-8859-1", "gb18030", "GB18030")],
        *[("big5", "cp950", ""), ("utf-8", "utf-16", ""), ("gb2312", "utf-8-sig", "")],
    ],
)
def test_encodings(tmp_path: Path, declared: str, real: str, noted: str) -> None:
    said = "教育" if real == "cp950" else "党员㛃堃镕教育管理"  # beyond GB 2312
    row = f"<tr><td>1</td><td>{said}</td></tr>"
    document = read(tmp_path, f'<html><head><meta charset="{declared}"></head><table>{row * 2}</table></html>', real)
    assert only(document).grid == (("1", said),) * 2
    assert [noted in note for note in document.notes] == [True] * bool(noted)


@pytest.mark.parametrize(("written", "as_if"), [("utf-8", "gb18030"), ("utf-8", "latin-1"), ("gb18030", "latin-1")])
def test_text_decoded_wrongly_before_it_was_saved_is_refused(tmp_path: Path, written: str, as_if: str) -> None:
    with pytest.raises(DocumentError, match="乱码"):
        read(tmp_path, LIST.encode(written).decode(as_if, "replace"))


def test_a_few_bad_bytes_are_noted_and_many_refused(tmp_path: Path) -> None:
    page = (LIST + "<p>" + "镇政府依法履行职责。" * 300 + "</p>").encode()
    document = read(tmp_path, page.replace("党".encode(), b"\xff\xfe\xff", 1))
    assert any("处字节损坏" in note for note in document.notes)
    with pytest.raises(DocumentError, match="乱码"):
        read(tmp_path, page.replace("政".encode(), b"\xff\xfe\xff"))
    assert web.decoded("甲".encode("gb18030"), "gbk") == ("甲", [])


def test_layout_tables_are_taken_apart(tmp_path: Path) -> None:
    page = f"<table><tr><td>首页</td><td><h1>城关镇<br>清单</h1><table><tr><td>{LIST}</td></tr></table>附注</td></tr></table>"
    document = read(tmp_path, page)
    assert texts(document) == ["首页", "城关镇\n清单", "附注"]
    assert len(only(document).grid) == 2


def test_a_small_table_in_a_cell_is_text_of_the_cell(tmp_path: Path) -> None:
    page = LIST.replace("县委组织部", "分工:<table><tr><td>县委</td><td>指导</td></tr></table>")
    assert only(read(tmp_path, page)).grid[1][2] == "分工:\n县委\n指导"


def test_spans_as_browsers_lay_them_out(tmp_path: Path) -> None:
    page = (
        "<table><thead><tr><th>序号<th>名称<th>部门</thead><tbody><tr><td colspan=100>一、党的建设(2项)</td></tr>"
        "<tr><td>1<td>甲<td rowspan=0>组织部</tr><tr><td>2<td>乙</tr></tbody>"
        "<tbody><tr><td>3<td rowspan=9>丙<td>丁</tr></tbody><tfoot><tr><td colspan=3>注</tfoot><tbody><tr><td>4<td>戊<td>己</table>"
    )
    found = only(read(tmp_path, page))
    assert found.grid == (
        ("序号", "名称", "部门"),
        ("一、党的建设(2项)",) * 3,
        ("1", "甲", "组织部"),
        ("2", "乙", "组织部"),
        ("3", "丙", "丁"),
        ("4", "戊", "己"),
        ("注",) * 3,
    )
    assert found.heads == 1
    assert ((2, 2), (3, 2)) in found.merged


def test_lines_spaces_and_words_wrapped_in_the_source(tmp_path: Path) -> None:
    page = LIST.replace(
        "党员教育管理", "<p>1.党员教\n   育;</p><p>2.发展&nbsp;党员。<br>3.其他 &nbsp; </p><ul><li>甲<li>乙</ul>"
    )
    assert only(read(tmp_path, page)).grid[1][1] == "1.党员教育;\n2.发展 党员。\n3.其他\n甲\n乙"


def test_numbers_of_lists_are_shown_as_browsers_do(tmp_path: Path) -> None:
    page = (
        "<ol><li>甲<li>乙</ol><ol start=3 type=a><li>丙</ol><ol style='list-style:none'><li>丁</ol>"
        "<ol style='list-style-type:cjk-ideographic'><li value=12>戊</ol><ol reversed><li>己<li>庚</ol>"
    )
    assert texts(read(tmp_path, page)) == ["1.甲", "2.乙", "c.丙", "丁", "十二、戊", "2.己", "1.庚"]


def test_what_nobody_sees_is_left_out(tmp_path: Path) -> None:
    page = f"<style>p{{}}</style><script>var 甲;</script><div style='display: none'>藏</div>{LIST}<del>旧</del><!--注-->末<p hidden>隐</p>"
    document = read(tmp_path, page)
    assert texts(document) == ["末"]
    assert document.notes == ("含隐藏的内容,没有读取", "含删除标记,按删除后读取")


def test_pages_saved_as_one_file_and_by_word(tmp_path: Path) -> None:
    message = EmailMessage()
    message["Subject"] = "清单"
    message.set_content("纯文本")
    message.add_alternative(LIST, subtype="html", charset="gb18030", cte="base64")
    assert only(read(tmp_path, message.as_bytes())).grid[1][1] == "党员教育管理"
    word = f"<?xml version='1.0' encoding='gb2312'?><html xmlns:o='urn:o'><body><p class=MsoNormal><o:p>&nbsp;</o:p></p>{LIST}</body></html>"
    assert only(read(tmp_path, word, "gb18030")).grid[1][2] == "县委组织部"


@pytest.mark.parametrize("cut", [0.5, 0.9, 0.99])
def test_a_page_that_stops_short_is_refused(tmp_path: Path, cut: float) -> None:
    page = f"<html><body>{LIST * 20}</body></html>"
    with pytest.raises(DocumentError, match="不完整"):
        read(tmp_path, page[: int(len(page) * cut)])


def test_frames_are_noted_and_pictures_too(tmp_path: Path) -> None:
    notes = read(tmp_path, f"{LIST}<img src=a.png><iframe src=b.html></iframe>").notes
    assert len(notes) == 2


@pytest.mark.parametrize(
    "page",
    [
        "<table>" + "<tr><td colspan=1000 rowspan=65534>x</td></tr>" * 3000 + "</table>",
        "<table><tr>" + "<td colspan=1000>x</td>" * 3000 + "</tr></table>",
        "<div>" * 50_000 + "深",
        "<!DOCTYPE x [<!ENTITY a 'aa'>]><html><body>&a;</body></html>",
    ],
    ids=["spans", "wide", "deep", "entities"],
)
def test_pages_made_to_hang_a_reader_are_refused(tmp_path: Path, page: str) -> None:
    with pytest.raises(DocumentError):
        read(tmp_path, page)
