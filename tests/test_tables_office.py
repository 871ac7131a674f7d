"""Tables as offices really write them: other units in the headers, two degrees in a cell, running numbers, per cent."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import governance as gov
from governance import tables
from governance.cli import main, site
from governance.tables.degrees import decimal, pair
from governance.tables.measures import measure

AGES = "0-2岁人数,3-6岁人数,7-14岁人数,15-59岁人数,60-79岁人数,80岁及以上人数"
EDGES = "起点,终点,长度\n甲,乙,120\n乙,丙,80\n"


def table(folder: Path, name: str, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.csv").write_text(text, "utf-8")
    return folder


def land(folder: Path, head: str, value: str) -> tables.Check:
    row = f"地块编号,地块名称,街道,社区,{head}\nP1,甲地,七星街道,社区1,{value}\n"
    return tables.check(table(folder, "闲置地块表", row))


@pytest.mark.parametrize(
    ("head", "value", "metres"),
    [
        ("用地面积（亩）", "0.3", 200.0),
        ("面积（万平方米）", "0.12", 1200.0),
        ("面积（公顷）", "0.12", 1200.0),
        ("面积/平方公里", "0.001", 1000.0),
        ("用地面积（㎡）", "1333", 1333.0),
        ("占地面积（平米）", "1333", 1333.0),
        ("面积㎡", "1333", 1333.0),
    ],
)
def test_areas_are_square_metres_whatever_unit_the_header_says(
    tmp_path: Path, head: str, value: str, metres: float
) -> None:
    found = land(tmp_path, head, value)
    assert found.county.plots["area_m2"].tolist() == [metres]
    assert ("已换算为平方米" in found.counts["note"].iloc[0]) == (metres != float(value))


def test_bounds_hold_after_converting_and_no_advice_changes_a_unit(tmp_path: Path) -> None:
    assert land(tmp_path, "面积(平方公里)", "2").problems[["found", "fault"]].to_numpy().tolist() == [
        ["2", "大于上限 1"]
    ]
    (lacks,) = land(tmp_path, "面积(平方丈)", "2").problems["remedy"]
    assert "把数换算成平方米并改名为“用地面积(平方米)”" in lacks
    assert measure("面积", "平方米").base == measure("长度(里)", "米").base == ""


def test_beds_and_floors_are_capacity_and_area_and_hundreds_are_persons(tmp_path: Path) -> None:
    for n, (beds, area, said) in enumerate(
        [("床位（张）", "建筑面积（㎡）", 30), ("托位数(个)", "使用面积", 30), ("服务能力（百人）", "面积(m²)", 3000)]
    ):
        rows = f"序号,名称,服务类别,街道,{beds},{area}\n1,站,养老,七星街道,30,90\n"
        sites = gov.read(table(tmp_path / str(n), "服务设施表", rows)).sites
        assert sites[["capacity", "area_m2"]].to_numpy().tolist() == [[said, 90]]


@pytest.mark.parametrize(
    ("head", "cells"),
    [
        ("经纬度", '"120.9,29.5"'),
        ("坐标(经度、纬度)", "120.9，29.5"),
        ("位置坐标", "29.5 120.9"),
        ("经度,纬度", "120°54′00″,29°30′"),
        ("X坐标,Y坐标", "29.5,120.9"),
    ],
)
def test_a_longitude_and_a_latitude_are_read_as_they_stand(tmp_path: Path, head: str, cells: str) -> None:
    rows = f"设施编号,设施名称,服务类别,街道,{head}\n1,站,养老,七星街道,{cells}\n"
    found = tables.check(table(tmp_path, "服务设施表", rows))
    assert found.problems.empty
    assert found.county.sites[["lon", "lat"]].to_numpy().tolist() == [[120.9, 29.5]]


def test_what_is_no_place_is_not_guessed() -> None:
    assert [pair(t) for t in ("120,900", "120.9", "120.9,29.5,8.1", "1,200.5")] == [None] * 4
    assert pair("60.17,24.94", turned=True) == (24.94, 60.17), "outside China the header says the order"
    assert [decimal(t) for t in ("120°75′", "约120.9", "西经1°30′")] == [None, None, -1.5]


def test_metres_under_x_and_y_are_named_as_not_used(tmp_path: Path) -> None:
    rows = "设施编号,设施名称,服务类别,街道,X坐标,Y坐标\n1,站,养老,七星街道,587339.18,3263626.88\n"
    found = tables.check(table(tmp_path, "服务设施表", rows))
    assert found.county.sites["lon"].isna().all()
    assert "“x坐标”“y坐标”不是经纬度(度),没有用" in found.counts["note"].iloc[0]


def test_running_numbers_in_several_tables_are_told_apart_and_survive_writing(tmp_path: Path) -> None:
    table(tmp_path / "a", "服务设施表", "序号,名称,服务类别,街道\n1,站,养老,七星街道\n2,室,文化,七星街道\n")
    table(tmp_path / "a", "活动记录表", "编号,日期,街道,社区,用房,主题\n1,2026-03-01,七星街道,社区1,1,棋\n")
    head = "序号,用房名称,现状用途,街道,社区,面积"
    county = gov.read(table(tmp_path / "a", "社区用房表", f"{head}\n1,甲,闲置,七星街道,社区1,90\n"))
    assert county.sites["site"].tolist() == ["设施1", "2"]
    assert county.rooms["room"].tolist() == county.activities["room"].tolist() == ["用房1"]
    assert site.meant(county, ["1", "用房1", "9"]) == ("用房1", "用房1", "9")
    tables.write(county, tmp_path / "b")
    assert gov.read(tmp_path / "b").rooms["room"].tolist() == ["用房1"]


def slopes(folder: Path, head: str, *cells: str) -> gov.streets.Reading:
    rows = "".join(f"{k},{k + 1},100,{cell}\n" for k, cell in enumerate(cells))
    return gov.streets.check(table(folder, "路段", f"起点,终点,长度,{head}\n{rows}") / "路段.csv")


@pytest.mark.parametrize(("head", "five"), [("坡度(%)", "5"), ("坡度", "5%"), ("坡度（％）", "5%"), ("slope", "-0.05")])
def test_a_slope_in_per_cent_is_divided_by_a_hundred(tmp_path: Path, head: str, five: str) -> None:
    assert slopes(tmp_path, head, five).streets.edges["slope"].tolist() == pytest.approx([0.05])


def test_a_slope_above_one_without_a_unit_is_one_fault_by_name(tmp_path: Path) -> None:
    faults = slopes(tmp_path, "坡度", "5", "0.08", "-12").problems
    assert faults[["row", "fault"]].to_numpy().tolist() == [[2, "坡度大于 1(第2、4行)"]]
    assert "若为百分数,表头写 坡度(%)" in faults["remedy"].iloc[0]
    assert slopes(tmp_path, "坡度(度)", "5").notes[0] == "未用列:坡度(度)(D列)"


def test_edge_tables_by_coordinates_with_totals_and_with_lengths_nobody_names(tmp_path: Path) -> None:
    rows = "起点经度,起点纬度,终点经度,终点纬度,长度\n120.9,29.5,120.901,29.5,97\n120.901,29.5,120.901,29.501,111\n"
    net = gov.streets.read(table(tmp_path / "a", "路段", rows) / "路段.csv")
    assert set(gov.read(tmp_path / "a").streets.nodes["node"]) == set(net.nodes["node"])
    assert sorted(net.edges["length_m"]) == [97, 111]
    assert len(net.nodes) == 3
    found = gov.streets.check(table(tmp_path, "乙", f"{EDGES}合计,,200\n") / "乙.csv")
    assert len(found.streets.edges) == 2
    assert found.problems.empty
    assert "跳过合计行、签名备注行 第4行" in found.notes
    (lacks,) = gov.streets.check(table(tmp_path, "丙", "from,to,weight\na,b,12\n") / "丙.csv").problems["found"]
    assert lacks == "未用列:weight(C列)"


def town(folder: Path, ages: str, counts: str, node: str) -> Path:
    table(folder, "服务设施表", "序号,名称,服务类别,街道,路网节点\n1,站,养老,七星街道,甲\n")
    table(folder, "路段", EDGES)
    return table(folder, "村社人口表", f"街道,社区,路网节点,{ages}\n七星街道,社区1,{node},{counts}\n")


def test_ages_nobody_counts_are_said_and_their_services_show_no_zero(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = town(tmp_path / "a", "0-2岁,60岁及以上", "5,30", "丙")
    assert main(["circle", str(mine)]) == 0
    out = capsys.readouterr().out
    assert "未用列：60岁及以上（E列）；没有这些年龄的人数，没有计入：3-6岁人数" in out
    assert "养老、助餐、儿童托管、文化：无人口数据" in out
    cells = next(line.split() for line in out.splitlines() if line.startswith("  养老  "))
    assert cells[1:3] == ["0", "无人口数据"]


@pytest.mark.parametrize(
    ("ages", "counts", "node", "said"),
    [("总人口", "30", "丙", "1 处居民点都没有人数"), (AGES, "1,1,1,1,1,1", "", "1 处居民点没有一处落到路网上")],
)
def test_a_county_of_which_not_one_home_counts_says_so_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], ages: str, counts: str, node: str, said: str
) -> None:
    assert main(["circle", str(town(tmp_path / "a", ages, counts, node))]) == 0
    assert capsys.readouterr().out.splitlines()[1].startswith(f"注意：{said}")


def test_a_limit_that_bars_several_services_names_them_in_chinese() -> None:
    from governance import survey

    found = survey.sites(gov.examples.county(), count=1)
    words = site.sheets(replace(found, prices=found.prices.assign(service="elder_care|health")))["prices"].frame[
        "service"
    ]
    assert set(words) == {"养老、医疗"}
