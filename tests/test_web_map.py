"""The web map: one file, no network, the same bytes, and the layers that the frames say."""

from __future__ import annotations

import builtins
import dataclasses
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shapely

import governance as gov
from governance import plot
from governance.errors import GovernanceError, TableError
from governance.plot import layers
from governance.plot.canvas import shades

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def town() -> tuple[gov.County, pd.DataFrame]:
    county = gov.examples.county()
    return county, gov.circle.reach(county.streets, gov.circle.places(county.sites, county.rooms))


@pytest.fixture(scope="module")
def made(town, tmp_path_factory) -> tuple[Path, pd.DataFrame, pd.DataFrame]:
    county, near = town
    gaps, plan = gov.circle.gaps(near, county.communities), gov.siting.convert(county.rooms, county.communities, near)
    out = tmp_path_factory.mktemp("web") / "地图.html"
    return plot.web_map(county, near, out, gaps=gaps, plan=plan, note="甲局制"), gaps, plan


def _little(**edges: object) -> tuple[gov.County, pd.DataFrame]:
    """a --200-- b --600-- c, far from the origin; meals at a, an idle room at b, homes at a and c."""
    frame = gov.tables.frame
    far = 400_000.0
    given = [
        {"edge": "1", "source": "a", "target": "b", "length_m": 200, "kind": "road"},
        {"edge": "2", "source": "b", "target": "c", "length_m": 600, "kind": "road"},
    ]
    ages = dict.fromkeys(gov.rules.value("circle.speed"), 10)
    homes = [{"township": "甲镇", "community": "乙村", "compound": n, "node": n, **ages} for n in ("a", "c")]
    county = gov.County(
        name="甲县",
        example=False,
        **{t: frame(t) for t in ("units", "items", "tasks", "staff", "activities")},
        counts=pd.DataFrame(),
        communities=frame("communities", homes),
        rooms=frame("rooms", [{"room": "F1", "name": "用房", "service": "idle", "node": "b", "area_m2": 80}]),
        sites=frame("sites", [{"site": "S1", "name": "食堂", "service": "meals", "node": "a", "capacity": 30}]),
        streets=gov.Streets(
            frame("nodes", [{"node": n, "x": far + x, "y": 3 * far} for n, x in (("a", 0), ("b", 200), ("c", 800))]),
            frame("edges", given).assign(**edges),
        ),
    )
    return county, gov.circle.reach(county.streets, gov.circle.places(county.sites, county.rooms))


def _item(page: Path) -> dict:
    text = page.read_text("utf-8")
    return json.loads(text[text.rindex("embed_item(") + 11 : text.rindex(', "map")')])


def _models(part: object) -> list[dict]:
    if isinstance(part, dict):
        inner = [m for value in part.values() for m in _models(value)]
        return ([part] if part.get("type") == "object" else []) + inner
    return [m for value in part for m in _models(value)] if isinstance(part, list) else []


# --- the file


def test_the_page_asks_nothing_of_any_network(made):
    text = made[0].read_text("utf-8")
    scripts = re.findall(r"<script[^>]*>", text)
    assert set(scripts) == {"<script>"}, "no script from elsewhere"
    page = re.sub(r"<script>.*?</script>", "", text, flags=re.S)
    assert not re.search(r"<link|<img|<iframe|@import|url\(|https?://", page)
    assert "default-src 'none'" in page, "and the browser is told to refuse any"
    assert "http" not in json.dumps(_item(made[0]), ensure_ascii=False)


def test_the_page_is_small_and_in_chinese(made):
    assert made[0].stat().st_size < 3_000_000
    text = made[0].read_text("utf-8")
    assert '<html lang="zh-CN">' in text
    assert "Microsoft YaHei" in text


def test_example_and_sketch_are_said(made):
    head = made[0].read_text("utf-8").split("<header>")[1].split("</header>")[0]
    assert "示例数据" in head
    assert "示意图,非行政界线" in head
    assert "甲局制" in head


def test_a_real_county_is_no_example(tmp_path):
    county, near = _little()
    text = plot.web_map(county, near, tmp_path / "图.html").read_text("utf-8")
    head = text.split("<header>")[1].split("</header>")[0]
    assert "示例数据" not in text
    assert "示意图,非行政界线" in head


CODE = """
import sys
from tests.test_web_map import _little
from governance import plot
import bokeh.plotting
[bokeh.plotting.figure() for _ in range(int(sys.argv[2]))]  # a session that drew before
plot.web_map(*_little(), sys.argv[1])
"""


def test_same_input_same_bytes_in_any_session(tmp_path):
    for seed in (1, 2):
        run = [sys.executable, "-c", CODE, str(tmp_path / f"{seed}.html"), str(seed)]
        subprocess.run(run, check=True, cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": str(seed)})
    assert (tmp_path / "1.html").read_bytes() == (tmp_path / "2.html").read_bytes()
    county, near = _little()
    again = plot.web_map(county, near, tmp_path / "3.html")
    assert again.read_bytes() == (tmp_path / "1.html").read_bytes()


def test_every_model_has_one_number_and_every_reference_a_model(made):
    item = _item(made[0])
    numbers = [m["id"] for m in _models(item)]
    assert len(set(numbers)) == len(numbers)
    used = set(re.findall(r'"id": "(\w+)"', json.dumps(item)))
    assert {*used, item["root_id"]} <= set(numbers)
    assert all(re.fullmatch(r"m\d+", n) for n in used)


def test_hostile_names_stay_text(tmp_path):
    county, near = _little()
    bad = '</script><script>alert("甲")</script>\u2028\x07'
    county = dataclasses.replace(county, name=bad, sites=county.sites.assign(name=bad))
    text = plot.web_map(county, near, tmp_path / "图.html", note=bad).read_text("utf-8")
    assert "<script>alert" not in text
    assert text.count("</script>") == text.count("<script>")
    assert "alert" in json.dumps(_item(tmp_path / "图.html"))


def test_only_html_is_written_and_a_missing_library_is_named(tmp_path, monkeypatch):
    county, near = _little()
    with pytest.raises(TableError, match=r"\.html 文件,不能写成 \.pdf"):
        plot.web_map(county, near, tmp_path / "图.pdf")
    real = builtins.__import__

    def without(name, *rest):
        if name.startswith("bokeh"):
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(GovernanceError, match="pip install bokeh"):
        plot.web_map(county, near, tmp_path / "图.html")
    assert list(tmp_path.iterdir()) == []


# --- the layers


def test_streets_keep_their_length_in_every_ring(town):
    county, near = town
    shown = layers.layers(county, near, None, None)
    lines = [shapely.LineString(np.stack(xy, axis=1)) for xy in zip(*shown["streets"].values(), strict=True)]
    length = shapely.length(lines)
    at = county.streets.nodes.set_index("node")[["x", "y"]]
    ends = [at.loc[county.streets.edges[c]].to_numpy() for c in ("source", "target")]
    straight = np.hypot(*(ends[0] - ends[1]).T)
    for service in ("meals", "childcare"):
        speed = min(gov.rules.value("circle.speed")[g] for g in gov.rules.value("circle.groups")[service])
        best = near[near["service"] == service].groupby("node")["metres"].min()
        far = np.maximum(*(county.streets.edges[c].map(best).fillna(np.inf) for c in ("source", "target")))
        ring = np.searchsorted([speed * m for m in (5, 10, 15)], far.round(1))
        drawn = np.array(list(shown["rings"][service]), int)
        for k in range(4):
            assert length[drawn == k].sum() == pytest.approx(straight[ring == k].sum(), rel=0.01, abs=30)


def test_places_and_gaps_of_a_service_are_those_of_the_frames(town, made):
    county, near = town
    _, gaps, plan = made
    shown = layers.layers(county, near, gaps, plan)
    for service in gov.rules.value("circle.groups"):
        rows = {name: shown[name].iloc[shown["shown"][name][service]] for name in ("sites", "rooms", "gaps")}
        assert sorted(rows["sites"]["name"]) == sorted(county.sites.query("service == @service")["name"])
        assert sorted(rows["rooms"]["name"]) == sorted(county.rooms.query("service in (@service, 'idle')")["name"])
        assert rows["gaps"]["people"].sum() == gaps.query("service == @service")["people"].sum()
        assert f"{gaps.query('service == @service')['people'].sum():,}人走不到" in shown["words"][service]
    whole = shown["gaps"].iloc[shown["shown"]["gaps"]["all"]]
    assert whole["people"].sum() == gaps["people"].sum()
    assert len(whole) == len(gaps[["township", "community", "compound"]].drop_duplicates())
    assert shown["plan"]["name"].tolist() == plan["name"].tolist()
    assert shown["plan"]["number"].tolist() == [str(k + 1) for k in range(len(plan))]
    assert shown["left"] == ""


def test_gaps_say_what_is_missing_and_where_the_nearest_is():
    county, near = _little()
    shown = layers.layers(county, near, gov.circle.gaps(near, county.communities), None)
    row = shown["gaps"].query("name == '甲镇乙村c' and service == 'meals'").iloc[0]
    assert (row["x"], row["y"], row["people"]) == (800, 0, 10), "the eldest: 675 m in time, 800 m to go"
    assert (row["missing"], row["nearest"]) == ("助餐10人", "助餐：800米")
    whole = shown["gaps"].query("name == '甲镇乙村c' and service == 'all'").iloc[0]
    assert "助餐10人" in whole["missing"]
    assert "文化：搜索范围内没有" in whole["nearest"]


def test_bent_streets_bend_and_lie_where_the_others_lie():
    far = 400_000.0
    line = shapely.LineString([(far, 3 * far), (far + 100, 3 * far + 70), (far + 200, 3 * far)])
    county, near = _little(geometry=np.array([line, None], object))
    shown = layers.layers(county, near, None, None)
    points = {tuple(p) for xy in zip(*shown["streets"].values(), strict=True) for p in zip(*xy, strict=True)}
    assert points == {(0, 0), (100, 70), (200, 0), (800, 0)}


def test_what_lies_nowhere_is_counted():
    county, near = _little()
    gaps = gov.circle.gaps(near, county.communities)
    nodes = county.streets.nodes.assign(x=county.streets.nodes["x"].where(county.streets.nodes["node"] != "c"))
    county = dataclasses.replace(
        county,
        streets=gov.Streets(nodes, county.streets.edges),
        sites=pd.concat([county.sites, county.sites.assign(site="S2", node=None)], ignore_index=True),
    )
    assert layers.layers(county, near, gaps, None)["left"] == "没有路网节点或坐标、未画出：路段1处、设施1处、缺口1处"


def test_a_plan_is_that_of_the_county():
    county, near = _little()
    plan = pd.DataFrame({"room": ["F1"], "name": ["用房"], "from_service": ["idle"], "service": ["meals"], "net": [20]})
    shown = layers.layers(county, near, None, plan)["plan"]
    assert shown.to_dict("records") == [
        {"x": 200, "y": 0, "number": "1", "name": "用房", "change": "闲置→助餐", "net": "+20人次"}
    ]
    with pytest.raises(TableError, match=r"没有的用房.F9"):
        layers.layers(county, near, None, plan.assign(room="F9"))


def test_a_shorter_search_is_refused_and_an_empty_county_drawn(tmp_path):
    county, _ = _little()
    short = gov.circle.reach(county.streets, gov.circle.places(county.sites, county.rooms), minutes=5)
    with pytest.raises(TableError, match="可达范围只算到 5 分钟"):
        plot.web_map(county, short, tmp_path / "图.html")
    bare = gov.tables.check(tmp_path / "nowhere").county
    near = pd.DataFrame(
        {"service": pd.Series(dtype="str"), "node": pd.Series(dtype="str"), "metres": pd.Series(dtype=float)}
    )
    assert plot.web_map(bare, near, tmp_path / "空.html").stat().st_size > 1_000_000


# --- in a browser


def test_a_browser_draws_it_with_the_network_off(made, tmp_path):
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not chromium:
        pytest.skip("no chromium here")
    run = [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=5000", "--window-size=900,700",
           f"--user-data-dir={tmp_path / 'home'}", "--host-resolver-rules=MAP * 0.0.0.0",
           f"--screenshot={tmp_path / 'shot.png'}", made[0].as_uri()]  # fmt: skip
    subprocess.run(run, check=True, capture_output=True, timeout=90)
    import matplotlib.image

    seen = (matplotlib.image.imread(tmp_path / "shot.png")[..., :3] * 255).round().astype(int)
    colours = {tuple(int(shade[i : i + 2], 16) for i in (1, 3, 5)) for shade in shades(3)}
    assert all((seen == colour).all(axis=-1).sum() > 50 for colour in colours), "streets of all rings"
