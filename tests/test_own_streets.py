"""The way of an office with coordinates and a street file: the committed example, the README's lines, the commands."""

from __future__ import annotations

import bz2
import io
import json
import re
import zipfile
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
    assert "8 处在用的用房只对本小区开放，这里按都开放计" in said
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


# --- an office with five files of its own

AGES = "0-2岁人数,3-6岁人数,7-14岁人数,15-59岁人数,60-79岁人数,80岁及以上人数"
HEADS = {
    "服务设施表": "设施编号,设施名称,服务类别,乡镇(街道),村(社区),经度,纬度,路网节点",
    "社区用房表": "用房编号,用房名称,现用途,乡镇(街道),村(社区),经度,纬度,路网节点,面积(平方米),排烟管道,电路荷载达标,给排水良好,无障碍",
    "村社人口表": f"乡镇(街道),村(社区),小区,经度,纬度,路网节点,户数,{AGES}",
}
#  a street west-east along latitude 29.5, 100 m steps, and 2 km east of it a piece of its own
WEST, STEP = 121.0, 0.00103
STREETS = [[[WEST + STEP * i, 29.5], [WEST + STEP * (i + 1), 29.5]] for i in range(5)] + [
    [[121.02, 29.5], [121.021, 29.5]]
]
SEATS = {"S1": "121.001,29.5", "F1": "121.002,29.5", "A": "121.003,29.5"}


def geojson(lines: list[list[list[float]]]) -> str:
    features = [
        {"type": "Feature", "properties": {"name": "人民路"}, "geometry": {"type": "LineString", "coordinates": line}}
        for line in lines
    ]
    return json.dumps({"type": "FeatureCollection", "features": features})


def office(folder: Path, *, node: str = "", **seats: str) -> Path:
    """Tables with S… sites (meals), F… rooms (idle) and other homes, each at "lon,lat" of SEATS or as given."""
    rows: dict[str, list[str]] = {name: [head] for name, head in HEADS.items()}
    for key, seat in {**SEATS, **seats}.items():
        where = f"{seat},{node}" if "," in seat else f",,{seat}"
        if key[0] == "S":
            rows["服务设施表"].append(f"{key},食堂,助餐,甲镇,乙村,{where}")
        elif key[0] == "F":
            rows["社区用房表"].append(f"{key},用房{key},闲置,甲镇,乙村,{where},200,是,是,是,是")
        else:
            rows["村社人口表"].append(f"甲镇,乙村,{key},{where},10,1,2,3,4,5,6")
    folder.mkdir(exist_ok=True)
    for name, lines in rows.items():
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n", "utf-8")
    return folder


def test_check_opens_the_street_file_and_names_every_row_that_cannot_be_on_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine, out = office(tmp_path / "mine"), str(tmp_path / "out")
    (mine / "roads.geojson").write_text(geojson(STREETS), "utf-8")
    assert main(["check", str(mine), "-o", out]) == 0
    said = capsys.readouterr().out
    assert re.search(r"roads.geojson +roads +路网路段表 +6=6\+0", said)
    assert "落到路网上 3 行，没有落上 0 行" in said
    office(mine, S2="123.5,29.9", S3="29.5,121.002", F2="121.002,29.504", B="121.0205,29.5", C="")
    assert main(["check", str(mine), "-o", out]) == 1
    said = capsys.readouterr().out
    for place in ("第3行 +经度 +123.5, 29.9 +不在路网范围内", "第4行 .*写反", "第3行 +经度 +121.002, 29.504 +离最近的街道 4..",
                  "第3行 +经度 +121.0205, 29.5 +落在一片与其他街道不相连", "第4行 +路网节点 +没有坐标"):  # fmt: skip
        assert re.search(place, said), place
    assert (tmp_path / "out" / "村社人口表_标注.xlsx").exists()
    (mine / "roads.geojson").write_text('{"type": "Fea', "utf-8")
    assert main(["check", str(mine), "-o", out]) == 1
    assert re.search(r"roads.geojson（1 处问题）(.|\n)*已损坏", capsys.readouterr().out)
    (mine / "roads.geojson").unlink()
    (tmp_path / "elsewhere.geojson").write_text(geojson(STREETS).replace("29.5", "3263000.0"), "utf-8")
    assert main(["check", str(mine), "-o", out, "--streets", str(tmp_path / "elsewhere.geojson")]) == 1
    assert "elsewhere.geojson（" in capsys.readouterr().out


def test_a_row_without_a_place_is_told_by_its_row_and_the_rest_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = office(tmp_path / "mine", S2="", F2="", B="")
    (mine / "roads.geojson").write_text(geojson(STREETS), "utf-8")
    assert main(["circle", str(mine)]) == 0
    said = capsys.readouterr().out
    assert len(re.findall(r"\.csv +第3行 .*没有坐标，也没有路网节点", said)) == 3
    assert "服务设施1处、社区用房1处、居民点1处、21人没有落在路网上，未计入" in said
    office(mine, S1="", F1="", A="")
    assert main(["circle", str(mine)]) == 1
    assert "没有一行落到路网上" in capsys.readouterr().err


def test_a_room_to_keep_that_lies_on_no_street_is_said_to_and_how_far(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = office(tmp_path / "mine", F2="121.002,29.504")
    (mine / "roads.geojson").write_text(geojson(STREETS), "utf-8")
    assert main(["site", str(mine), "--keep", "F2"]) == 0
    said = capsys.readouterr().out
    assert re.search(r"用房 F2（用房F2）在社区用房表中，但没有落在路网上：离最近的街道 4\d\d\.\d 米", said)
    assert "要让它参与：核对坐标" in said
    assert main(["site", str(mine), "--keep", "F9"]) == 1
    assert "不在表中：F9" in capsys.readouterr().err


def test_no_money_is_no_plan_as_no_conversions_are(capsys: pytest.CaptureFixture[str]) -> None:
    county = gov.examples.county()
    found = gov.survey.sites(county, limits=gov.siting.Limits(funds=0, keep="F01"), count=1)
    assert found.plan.empty
    assert len(found.land), "idle land is built on with other money"
    assert main(["site", "--funds", "0", "--plans", "1"]) == 0
    assert "改造资金为 0，没有安排改造" in capsys.readouterr().out


EDGES = "起点,终点,长度\n甲,乙,120\n乙,丙,80\n丙,丁,500\n甲,乙,300\n"


def test_a_bare_edge_table_in_the_folder_works_as_one_that_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    inside, outside = (office(tmp_path / name, S1="甲", F1="丙", A="乙") for name in ("inside", "outside"))
    (inside / "路段.csv").write_text(EDGES, "utf-8")
    (tmp_path / "路段.csv").write_text(EDGES, "utf-8")
    told = []
    for words in ([str(inside)], [str(outside), "--streets", str(tmp_path / "路段.csv")]):
        assert main(["circle", *words]) == 0
        told.append(capsys.readouterr().out.partition("\n")[2])
    assert told[0] == told[1]
    assert "4 个节点、3 段路" in told[0]
    assert main(["check", str(inside), "-o", str(tmp_path / "out")]) == 0
    county = gov.read(inside)
    assert county.streets.edges["edge"].tolist() == ["甲→乙", "乙→丙", "丙→丁", "甲→乙·2"]
    assert county.streets.nodes["node"].tolist() == ["甲", "乙", "丙", "丁"]
    gov.tables.write(county, tmp_path / "again")
    assert gov.read(tmp_path / "again").streets.nodes.equals(county.streets.nodes)


def test_kilometres_are_turned_to_metres_and_noticed_where_nobody_says_so(tmp_path: Path) -> None:
    edges, nodes = tmp_path / "路段.csv", tmp_path / "节点.csv"
    for head in ("长度km", "长度(公里)", "length_km", "里程(KM)"):
        edges.write_text(f"起点,终点,{head}\n甲,乙,0.12\n乙,丙,0.08\n", "utf-8")
        assert sorted(gov.streets.read(edges).edges["length_m"]) == [80, 120]
        assert gov.read(tmp_path).streets.edges["length_m"].tolist() == [120, 80]
    edges.write_text("起点,终点,长度\n甲,乙,0.12\n乙,丙,0.08\n", "utf-8")
    assert gov.streets.check(edges).problems.empty, "no coordinates to say otherwise"
    nodes.write_text("节点编号,X,Y\n甲,0,0\n乙,110,0\n丙,110,75\n", "utf-8")
    for found in (gov.tables.check(tmp_path), gov.streets.check(tmp_path, crs="")):
        assert found.problems["code"].tolist() == ["length_km"]
        assert "一般只有 0.1，而按节点坐标两端一般相距 92 米" in found.problems["fault"][0]
    edges.write_text("起点,终点,长度\n甲,乙,120\n乙,丙,80\n", "utf-8")
    assert gov.tables.check(tmp_path).problems.empty


def test_two_sites_alike_are_named_and_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mine = office(tmp_path / "mine", S2="121.004,29.5", S3="121.0010000,29.50")
    (mine / "roads.geojson").write_text(geojson(STREETS), "utf-8")
    for command in (["check", str(mine), "-o", str(tmp_path / "out")], ["circle", str(mine)]):
        assert main(command) == 0
        assert "第2、4行服务、名称、地点都相同，像是同一处写了两次，按 2 处计" in capsys.readouterr().out
    assert len(gov.read(mine).sites) == 3


def test_street_files_of_other_kinds_are_read_or_refused_by_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = office(tmp_path / "mine")
    xml = "".join(
        "<Placemark><name>人民路</name><LineString><coordinates>"
        + " ".join(f"{x},{y}" for x, y in line) + "</coordinates></LineString></Placemark>" for line in STREETS
    )  # fmt: skip
    kml = f'<?xml version="1.0"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document>{xml}</Document></kml>'
    track = "".join(
        "<trk><trkseg>" + "".join(f'<trkpt lat="{y}" lon="{x}"/>' for x, y in line) + "</trkseg></trk>"
        for line in STREETS
    )
    gpx = f'<gpx version="1.1" creator="x" xmlns="http://www.topografix.com/GPX/1/1"><wpt lat="29" lon="121"/>{track}</gpx>'
    node = [p for line in STREETS for p in line]
    osm = "".join(f'<node id="{i + 1}" lat="{y}" lon="{x}"/>' for i, (x, y) in enumerate(node))
    osm += "".join(
        f'<way id="{i}"><nd ref="{2 * i + 1}"/><nd ref="{2 * i + 2}"/><tag k="highway" v="residential"/></way>'
        for i in range(len(STREETS))
    )
    kmz = io.BytesIO()
    with zipfile.ZipFile(kmz, "w") as pack:
        pack.writestr("doc.kml", kml)
    files = {"a.kml": kml.encode(), "a.kmz": kmz.getvalue(), "a.gpx": gpx.encode(),
             "a.osm.bz2": bz2.compress(f'<osm version="0.6">{osm}</osm>'.encode())}  # fmt: skip
    for name, data in files.items():
        (mine / name).write_bytes(data)
        found = gov.streets.read(mine / name)
        assert len(found.edges) == len(STREETS), name
        assert found.crs == "EPSG:32651", name
        (mine / name).unlink()
    for name, remedy in (("a.dwg", "另存为 DXF"), ("a.osm.gz", "先解压再读"), ("a.rar", "先解压再读")):
        (mine / name).write_bytes(b"AC1018")
        assert main(["circle", str(mine)]) == 1
        assert remedy in capsys.readouterr().err
        (mine / name).unlink()
