"""The way of an office with coordinates and a street file: the committed example, the README's lines, the commands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import networkx as nx
import openpyxl
import pandas as pd
import pytest

import governance as gov
from governance.cli import main
from tests import street_files

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "data" / "streets"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").symlink_to(ROOT / "data")
    return tmp_path


@pytest.fixture(scope="module")
def placed() -> gov.streets.Placed:
    streets = gov.streets.read(next(FOLDER.glob("*.osm")))
    return gov.streets.place(gov.read(FOLDER), streets, coords="gcj02")


def test_the_committed_files_are_what_the_generator_writes(tmp_path: Path) -> None:
    written = street_files.write(tmp_path)
    assert sorted(p.name for p in written) == sorted(p.name for p in FOLDER.iterdir())
    for path in written:
        assert path.read_bytes() == (FOLDER / path.name).read_bytes(), path.name


def test_every_row_lands_beside_the_node_it_was_made_from(placed: gov.streets.Placed) -> None:
    assert placed.lost.empty
    assert len(placed.placed) == 59
    assert placed.placed["offset_m"].max() < 10  # the generator laid them 7 to 9 metres off
    assert not any("GCJ" in note or "WGS" in note for note in placed.notes)


def test_distances_are_those_of_the_town_the_file_was_made_from(placed: gov.streets.Placed) -> None:
    # the made-up town gives each street a length of its own; the file gives straight lines on the ground
    town = street_files.piece()
    at = town["nodes"].set_index("node")[["x", "y"]]
    graph = nx.Graph()
    for a, b in town["edges"][["source", "target"]].itertuples(index=False):
        graph.add_edge(a, b, weight=float(((at.loc[a] - at.loc[b]) ** 2).sum() ** 0.5))
    county = placed.county
    near = gov.circle.nearest(county.streets, county.sites)
    homes = county.communities.merge(near[near["service"] == "meals"], on="node")
    sources = set(town["sites"].loc[town["sites"]["service"] == "meals", "node"])
    true = nx.multi_source_dijkstra_path_length(graph, sources, weight="weight")
    expected = town["communities"].set_index("compound")["node"].map(true)
    apart = (homes.set_index("compound")["metres"] - expected.reindex(homes["compound"])).abs()
    assert len(apart) == 29
    assert apart.max() < 40  # two doors, each up to 9 m from where its node was


def test_the_readme_lines_run_as_printed(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    code = next(block for block in re.findall(r"```python\n(.*?)```", text, flags=re.S) if "streets.place" in block)
    assert len(code.strip().splitlines()) <= 12
    exec(compile(code, "README.md", "exec"), {})
    assert (here / "map.html").stat().st_size > 100_000
    assert "Empty DataFrame" in capsys.readouterr().out


def test_the_readme_commands_write_what_they_say(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    block = next(b for b in re.findall(r"```bash\n(.*?)```", text, flags=re.S) if "governance site" in b)
    for line in block.strip().splitlines():
        assert main(line.split()[1:]) == 0
    said = capsys.readouterr().out
    assert "落到路网上 59 行，没有落上 0 行" in said
    assert "示例数据" in said
    assert "已证明没有更优方案" in said
    names = {p.name for p in Path("circle").iterdir()}
    assert {"服务圈.xlsx", "地图.html", "未覆盖人口.png", "覆盖图-养老.png"} <= names
    assert {p.name for p in Path("plan").iterdir()} == {"改造方案.xlsx", "改造前后.png", "地图.html"}
    book = openpyxl.load_workbook("plan/改造方案.xlsx")
    plan = next(s for s in book.worksheets if s.title.endswith("改造方案"))
    rows = list(plan.iter_rows(min_row=2, values_only=True))
    cost = next(c for c in rows[0] if str(c).startswith("费用"))
    spent = sum(row[rows[0].index(cost)] for row in rows[1:])
    assert 0 < spent <= 60
    assert 1 <= len(rows) - 1 <= 3


def test_coordinates_read_wrongly_are_noticed_and_rows_are_told(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["circle", "data/streets"]) == 0
    said = capsys.readouterr().out
    assert "--coords gcj02" in said
    read, lost = map(int, re.search(r"落到路网上 (\d+) 行，没有落上 (\d+) 行", said).groups())  # type: ignore[union-attr]
    assert read + lost == 59
    assert said.count("离最近的街道") == lost


def test_no_streets_or_two_of_them_are_said(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mine = here / "mine"
    mine.mkdir()
    for path in FOLDER.glob("*.csv"):
        (mine / path.name).write_bytes(path.read_bytes())
    assert main(["circle", "mine"]) == 1
    assert "59 行只有经度、纬度而没有路网" in capsys.readouterr().out
    for name in ("a.osm", "b.osm"):
        (mine / name).write_bytes(next(FOLDER.glob("*.osm")).read_bytes())
    assert main(["circle", "mine"]) == 1
    assert "2 个路网文件" in capsys.readouterr().err
    assert main(["circle", "mine", "--streets", "mine/a.osm", "--coords", "gcj02"]) == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--coords", "火星"], "不认识坐标系"),
        (["--budget", "-1"], "应为不小于 0 的整数"),
        (["--funds", "很多"], "应为不小于 0 的万元数"),
        (["--floor", "120%"], "应在 0 至 1 之间"),
        (["--streets", "没有.osm"], "找不到"),
    ],
)
def test_wrong_words_are_explained(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["site", str(FOLDER), *words]) == 2
    assert said in capsys.readouterr().err


def test_a_plan_that_cannot_be_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["site", "--floor", "90%"]) == 1
    assert "保底 90% 达不到" in capsys.readouterr().err
    assert main(["site", "--funds", "1"]) == 1
    assert "资金 1 万元不够最便宜的一处" in capsys.readouterr().err


def test_rooms_named_stay_and_more_money_buys_no_less(capsys: pytest.CaptureFixture[str]) -> None:
    county = gov.examples.county()
    poor, rich = (
        gov.survey.sites(county, budget=3, limits=gov.siting.Limits(funds=f, keep=["F01"]), count=1) for f in (20, 80)
    )
    assert "F01" not in set(rich.plan["room"])
    assert poor.plan["cost"].sum() <= 20
    assert rich.plan["net"].sum() >= poor.plan["net"].sum()
    totals = [f.loc[f["minutes"] == 15, "covered"].sum() for f in (rich.before, rich.after, rich.built)]
    assert totals[1] - totals[0] == rich.plan["net"].sum()
    assert totals[2] - totals[1] == rich.land["net"].sum()


def test_rows_off_the_streets_are_left_out_and_said() -> None:
    county = gov.examples.county()
    sites = county.sites.assign(node=county.sites["node"].where(county.sites["site"] != "S01"))
    found = gov.survey.run(gov.County(**{**vars(county), "sites": sites}))
    assert "S01" not in set(found.reach["origin"])
    assert found.notes[["part", "reason"]].to_numpy().tolist() == [["部分点位", "服务设施1处没有落在路网上，未计入"]]


def test_the_survey_of_a_county_without_streets_is_empty_but_whole() -> None:
    county = gov.examples.county()
    bare = gov.tables.Streets(county.streets.nodes.head(0), county.streets.edges.head(0))
    found = gov.survey.run(gov.County(**{**vars(county), "streets": bare}))
    for name in gov.survey.Town.__dataclass_fields__:
        frame = getattr(found.town, name)
        assert isinstance(frame, pd.DataFrame), name
        assert len(frame.columns), name
    assert found.town.land.empty
    assert found.town.islands.empty


@pytest.mark.filterwarnings("ignore:'crs' was not provided")
def test_streets_without_a_crs_say_what_to_write_and_are_read_with_it(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import geopandas
    import shapely

    mine = here / "mine"
    mine.mkdir()
    for path in FOLDER.glob("*.csv"):
        (mine / path.name).write_bytes(path.read_bytes())
    town = street_files.piece()
    lon, lat = street_files.degrees(town["nodes"]["x"].to_numpy(float), town["nodes"]["y"].to_numpy(float))
    at = dict(zip(town["nodes"]["node"], zip(lon, lat, strict=True), strict=True))
    lines = [shapely.LineString([at[a], at[b]]) for a, b in town["edges"][["source", "target"]].itertuples(index=False)]
    roads = geopandas.GeoDataFrame(geometry=lines, crs="EPSG:4326").to_crs("EPSG:32644")
    roads.set_crs(None, allow_override=True).to_file(mine / "roads.shp")
    (mine / "roads.prj").unlink(missing_ok=True)
    assert main(["circle", "mine", "--coords", "gcj02"]) == 1
    assert "--crs EPSG:4549" in capsys.readouterr().err
    assert main(["circle", "mine", "--coords", "gcj02", "--crs", "EPSG:32644"]) == 0
    assert "落到路网上 59 行，没有落上 0 行" in capsys.readouterr().out


def test_a_folder_none_of_whose_rows_lies_on_its_streets_stops(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    far = next(FOLDER.glob("*.osm")).read_text("utf-8").replace('lat="39.', 'lat="38.')
    (here / "far.osm").write_text(far, "utf-8")
    assert main(["site", "data/streets", "--streets", "far.osm", "-o", "out"]) == 1
    assert "没有一行落到路网上" in capsys.readouterr().err
    assert not (here / "out").exists()


def test_homes_off_the_streets_are_counted_with_their_people_and_stand_in_the_workbook(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = here / "mine"
    mine.mkdir()
    for path in FOLDER.iterdir():
        (mine / path.name).write_bytes(path.read_bytes())
    homes = next(mine.glob("*村社人口*"))
    table = pd.read_csv(homes, encoding="utf-8-sig")
    table.loc[4, "经度"] += 0.05  # some kilometres east of the quarter
    table.to_csv(homes, index=False, encoding="utf-8-sig")
    people = int(table.loc[4, [c for c in table if c.endswith("岁人数") or c.endswith("以上人数")]].sum())
    assert main(["site", "mine", "--coords", "gcj02", "--floor", "1%", "-o", "out.xlsx"]) == 0
    said = capsys.readouterr().out
    assert f"居民点1处、{people:,}人没有落在路网上" in said
    assert "另有 1 处居民点没有路网节点，没有核对" in said
    rows = list(openpyxl.load_workbook("out.xlsx")["表6 没有落点"].iter_rows(min_row=3, values_only=True))
    assert [(row[2], row[-1]) for row in rows] == [(table.loc[4, "小区"], people)]
