"""The search against networkx and scipy, on real and random streets, by compiled code and by scipy, to the last unit."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from governance import circle, rules
from governance.circle import engine, labels, search
from governance.circle.network import FAR, Network, csr, network, numbered
from governance.circle.search import STEPS, steps
from governance.errors import TableError
from governance.tables import Streets
from governance.walking import decimetres, stretch

ROOT = Path(__file__).resolve().parents[1]
NETWORKS = Path(os.environ.get("GOVERNANCE_NETWORKS", ROOT.parent / "shared" / "networks"))
REAL = ("osmnx_monaco.graphml", "graphhopper_andorra.osm.pbf", "r5r_poa.osm.pbf")
FASTEST = max(rules.value("circle.speed").values())
MINUTES = rules.value("circle.minutes")
ENGINES = ["scipy", pytest.param("numba", marks=pytest.mark.skipif(not find_spec("numba"), reason="numba is absent"))]
both = pytest.mark.skipif(not find_spec("numba"), reason="numba is absent: nothing to compare with")


@pytest.fixture(params=ENGINES)
def forced(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(engine, "FORCED", request.param)
    return request.param


def by(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "FORCED", name)


def town(nodes: list[str], edges: list[tuple[str, str, float]]) -> Streets:
    frame = pd.DataFrame(edges, columns=["source", "target", "length_m"]).astype({"length_m": float})
    frame.insert(0, "edge", [f"E{i}" for i in range(len(edges))])
    return Streets(nodes=pd.DataFrame({"node": nodes}), edges=frame)


def made(seed: int) -> Streets:
    """A network with islands, parallel edges, loops, zero lengths, and lengths that make ties."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(30, 400))
    many = int(n * rng.uniform(0.8, 1.6))
    a = rng.integers(0, n, many)
    b = np.where(rng.random(many) < 0.8, (a + rng.integers(0, 4, many)) % n, rng.integers(0, n, many))
    b = np.where(a // (n // 3) == b // (n // 3), b, a)  # three parts that no edge joins
    metres = rng.choice([0.0, 50.0, 100.0, 300.0, 64.35, 0.1], many) * rng.integers(0, 3, many)
    twice = rng.integers(0, many, many // 5)
    metres = np.concatenate([metres, metres[twice] + rng.choice([-0.1, 0.0, 10.0], len(twice))]).clip(0)
    a, b = np.concatenate([a, b[twice]]), np.concatenate([b, a[twice]])
    names = [f"n{i}" for i in rng.permutation(n)]
    return town(names, [(names[i], names[j], m) for i, j, m in zip(a, b, metres, strict=True)])


def strewn(streets: Streets, seed: int, many: int = 12) -> pd.DataFrame:
    """Sites of three services, several at one node now and then."""
    rng = np.random.default_rng(seed)
    nodes = streets.nodes["node"].to_numpy(object)[rng.integers(0, len(streets.nodes), 3 * many)]
    service = np.repeat(["meals", "health", "zz_other"], many)
    ids = [f"S{i:03d}" for i in rng.permutation(3 * many)]
    return pd.DataFrame({"site": ids, "service": service, "node": nodes})


def graph(streets: Streets) -> nx.Graph:
    out = nx.Graph()
    out.add_nodes_from(streets.nodes["node"])
    length = decimetres(streets.edges["length_m"]).astype(int).tolist()
    for a, b, w in zip(streets.edges["source"], streets.edges["target"], length, strict=True):
        if not out.has_edge(a, b) or w < out[a][b]["w"]:
            out.add_edge(a, b, w=w)
    return out


def plain(streets: Streets, sources: list[str]) -> np.ndarray:
    """Decimetres to the nearest of ``sources`` by scipy alone, built without this house."""
    index = pd.Index(streets.nodes["node"].astype("str"))
    a, b = (index.get_indexer(pd.Index(streets.edges[c])) for c in ("source", "target"))
    flat = pd.DataFrame({"a": np.minimum(a, b), "b": np.maximum(a, b), "w": decimetres(streets.edges["length_m"])})
    flat = flat[flat["a"] != flat["b"]].groupby(["a", "b"], as_index=False)["w"].min()
    matrix = csr_array((flat["w"], (flat["a"], flat["b"])), shape=(len(index), len(index)))
    if not sources:
        return np.full(len(index), np.inf)
    return dijkstra(matrix, directed=False, indices=index.get_indexer(sources), min_only=True)


def equals_networkx(streets: Streets, sites: pd.DataFrame) -> None:
    """nearest, steps and reach against networkx and scipy at every node, whole and at 5, 10 and 15 minutes."""
    drawn, near = graph(streets), circle.nearest(streets, sites)
    first = steps(near, speed=FASTEST)["minutes"]
    reached = {m: circle.reach(streets, sites, minutes=m) for m in MINUTES}
    for service, part in near.groupby("service"):
        sources = sites.loc[sites["service"] == service, "node"].tolist()
        far = nx.multi_source_dijkstra_path_length(drawn, sources, weight="w") if sources else {}
        assert part["metres"].tolist() == [far.get(n, np.inf) / 10 for n in part["node"]]
        assert part["metres"].tolist() == (plain(streets, sources) / 10).tolist()
        for minutes in MINUTES:
            limit = stretch(FASTEST, minutes)
            wanted = {n: d / 10 for n, d in far.items() if d <= limit}
            assert set(part["node"][(first[part.index] <= minutes).fillna(False)]) == wanted.keys()
            mine = reached[minutes].query("service == @service")
            assert mine.groupby("node")["metres"].min().to_dict() == wanted
            if sources:
                assert wanted == {
                    n: d / 10
                    for n, d in nx.multi_source_dijkstra_path_length(drawn, sources, cutoff=limit, weight="w").items()
                }


@pytest.mark.parametrize("seed", range(20))
def test_random_networks_equal_networkx_and_scipy_at_every_node(seed: int, forced: str) -> None:
    streets = made(seed)
    assert nx.number_connected_components(graph(streets)) > 1
    assert (streets.edges["length_m"] == 0).any()
    equals_networkx(streets, strewn(streets, seed))


@pytest.mark.parametrize("file", REAL)
def test_real_networks_equal_networkx_and_scipy_at_every_node(file: str, forced: str) -> None:
    if not (NETWORKS / file).is_file():
        pytest.skip(f"{file} is not in {NETWORKS}")
    if file.endswith(".pbf"):
        pytest.importorskip("osmium")
    from governance.streets import read

    streets = read(NETWORKS / file)
    assert len(streets.nodes) > 200  # a town, not an empty reading
    equals_networkx(streets, strewn(streets, 7, 25))


# --- one answer, whatever counts it


@both
@pytest.mark.parametrize("seed", range(40, 50))
def test_compiled_code_and_scipy_give_the_same_frames(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    streets = made(seed)
    sites = strewn(streets, seed, 30)
    found = []
    for name in ("scipy", "numba"):
        by(name, monkeypatch)
        found.append((circle.nearest(streets, sites), circle.reach(streets, sites, minutes=7)))
    for one, two in zip(*found, strict=True):
        pd.testing.assert_frame_equal(one, two)


@both
@settings(max_examples=30, deadline=None)
@given(st.data())
def test_compiled_code_and_scipy_give_the_same_numbers(data: st.DataObject) -> None:
    n = data.draw(st.integers(1, 12))
    node, length = st.integers(0, n - 1), st.integers(0, 4) | st.integers(0, 20_000) | st.just(10**8)
    edges = np.array(data.draw(st.lists(st.tuples(node, node, length), max_size=40)), np.int64).reshape(-1, 3)
    at = [np.array(a, np.int64) for a in data.draw(st.lists(st.lists(node, max_size=9), max_size=4))]
    where, limit = np.array(data.draw(st.lists(node, max_size=5)), np.int64), data.draw(st.integers(0, 30_000))
    nets, swept, found = [], [], []
    for name in ("scipy", "numba"):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(engine, "FORCED", name)
            nets.append(csr(n, *edges.T))
            swept.append(labels.nearest(nets[-1], at))
            found.append(list(labels.balls(nets[-1], where, limit, room=3)))
    for one, two in (*zip(*nets, strict=True), *zip(*swept, strict=True)):
        np.testing.assert_array_equal(one, two, strict=True)
    assert [[a.tolist() for a in ball] for ball in found[0]] == [[a.tolist() for a in ball] for ball in found[1]]
    for far, away, rank in zip(_far(nets[0], at), *swept[0], strict=True):
        tied = [min(((d, k) for k, d in enumerate(each) if d < np.inf), default=(FAR, -1)) for each in far]
        assert list(zip(away, rank, strict=True)) == tied


def _far(net: Network, at: list[np.ndarray]) -> list[np.ndarray]:
    """For each service: decimetres from each node to each of its places, one plain search a place."""
    matrix = csr_array((net.length.astype(float), net.to, net.start), shape=(len(net.start) - 1,) * 2)
    return [np.array([dijkstra(matrix, indices=int(v)) for v in a]).reshape(len(a), matrix.shape[0]).T for a in at]


@both
@pytest.mark.parametrize("hub", [5, 200])
def test_a_hub_with_many_parallel_edges_is_built_alike(hub: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(hub)
    ends, length = rng.integers(1, hub, 3 * hub), rng.integers(0, 99, 3 * hub)
    built = []
    for name in ("scipy", "numba"):
        by(name, monkeypatch)
        built.append(csr(hub, np.zeros(3 * hub, int), ends, length))
    for one, two in zip(*built, strict=True):
        np.testing.assert_array_equal(one, two, strict=True)
    wanted = {int(v): int(length[ends == v].min()) for v in np.unique(ends)}
    mine = slice(built[0].start[0], built[0].start[1])
    assert dict(zip(built[0].to[mine].tolist(), built[0].length[mine].tolist(), strict=True)) == wanted


def test_far_apart_lengths_in_one_network_are_searched_right(forced: str) -> None:
    # a chain of tenths, a ferry of 20,000 km across it, and a tail beyond: the belts of the search are far from even
    chain = [(f"n{i}", f"n{i + 1}", 0.1) for i in range(500)]
    streets = town([f"n{i}" for i in range(502)], [*chain, ("n0", "n500", 2e7), ("n500", "n501", 2e7)])
    near = circle.nearest(streets, pd.DataFrame({"site": ["S1"], "service": "meals", "node": "n0"}))
    assert near.query("service == 'meals'")["metres"].tolist() == [*(i / 10 for i in range(501)), 2e7 + 50]


def test_swapping_node_edge_and_place_order_changes_nothing(forced: str) -> None:
    for seed in range(5):
        streets = made(seed)
        sites = strewn(streets, seed, 30)
        mixed = Streets(*(f.sample(frac=1, random_state=seed) for f in (streets.nodes, streets.edges)))
        swapped = mixed.edges.rename(columns={"source": "target", "target": "source"})
        moved = circle.nearest(Streets(mixed.nodes, swapped), sites.sample(frac=1, random_state=seed))
        keys = ["service", "node"]
        pd.testing.assert_frame_equal(
            moved.sort_values(keys, ignore_index=True)[list(moved)],
            circle.nearest(streets, sites).sort_values(keys, ignore_index=True),
        )
        keys = ["origin", "node"]
        pd.testing.assert_frame_equal(
            circle.reach(mixed, sites).sort_values(keys, ignore_index=True),
            circle.reach(streets, sites).sort_values(keys, ignore_index=True),
        )


def test_a_place_at_exactly_the_limit_is_inside(forced: str) -> None:
    streets = town(list("abcd"), [("a", "b", 1199.9), ("b", "c", 0.1), ("c", "d", 0.1)])
    sites = pd.DataFrame({"site": ["S1"], "service": "meals", "node": "a"})
    assert circle.reach(streets, sites, minutes=15)["node"].tolist() == ["a", "b", "c"]
    found = steps(circle.nearest(streets, sites).query("service == 'meals'"), speed=80)
    assert found["minutes"].fillna(0).tolist() == [5, 15, 15, 0]


def test_the_nearest_come_first_and_equals_in_the_order_of_nodes(forced: str) -> None:
    streets = town(list("dcba"), [("a", "b", 10.0), ("a", "c", 10.0), ("a", "d", 5.0)])
    near = circle.reach(streets, pd.DataFrame({"site": ["S1"], "service": "meals", "node": "a"}))
    assert near["node"].tolist() == ["a", "d", "c", "b"]


def test_small_rooms_of_memory_give_the_same_reach(forced: str, monkeypatch: pytest.MonkeyPatch) -> None:
    streets = made(3)
    sites = strewn(streets, 3)
    whole = circle.reach(streets, sites)
    monkeypatch.setattr(search, "BATCH", 1)
    pd.testing.assert_frame_equal(circle.reach(streets, sites), whole)


def test_empty_streets_and_no_places_are_answered(forced: str) -> None:
    none = Streets(
        nodes=pd.DataFrame({"node": pd.Series([], dtype="str")}),
        edges=pd.DataFrame({"source": [], "target": [], "length_m": []}),
    )
    nobody = pd.DataFrame({"site": [], "service": [], "node": []}, dtype="str")
    full = town(["a"], [])
    for streets in (none, full):
        near, reached = circle.nearest(streets, nobody), circle.reach(streets, nobody)
        assert len(near) == len(streets.nodes) * len(rules.value("circle.groups"))
        assert near.dtypes.astype(str).tolist() == ["str", "str", "float64", "str"]
        assert reached.dtypes.astype(str).tolist() == ["str", "str", "str", "float64", "float64", "float64"]
        assert steps(near, speed=60).dtypes.astype(str).tolist() == ["str", "str", "Int64"]


# --- steps


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 20_000), max_size=20), st.integers(1, 120))
def test_steps_say_the_first_minutes_that_reach(tenths: list[int], speed: int) -> None:
    near = pd.DataFrame({"node": [f"n{i}" for i in range(len(tenths))], "metres": [t / 10 for t in tenths]})
    near = near.assign(service="meals", site="S1")
    found = steps(near, speed=speed)
    assert tuple(found) == STEPS
    wanted = [next((m for m in MINUTES if t <= speed * m * 10), None) for t in tenths]
    assert [None if pd.isna(m) else m for m in found["minutes"]] == wanted


def test_steps_refuse_a_speed_that_is_none_and_what_reach_found() -> None:
    streets, sites = town(["a"], []), pd.DataFrame({"site": ["S1"], "service": "meals", "node": "a"})
    near = circle.nearest(streets, sites)
    for speed in (0, -1, np.nan, np.inf):
        with pytest.raises(TableError, match="speed"):
            steps(near, speed=speed)
    with pytest.raises(TableError, match="site"):
        steps(circle.reach(streets, sites), speed=60)


# --- faults


def test_all_faults_of_edges_are_named_at_once() -> None:
    streets = town(list("ab"), [("a", "b", v) for v in (np.nan, -1.0, np.inf, 3e8, 1e300)] + [("a", "z", 5.0)])
    with pytest.raises(TableError) as fault:
        circle.nearest(streets, pd.DataFrame({"site": ["S1"], "service": "meals", "node": "a"}))
    text = str(fault.value)
    assert "不在路网节点中:E5(a—z,5.0 米)" in text
    assert "长度缺失或为负:E0(a—b,空 米)、E1(a—b,-1.0 米)" in text
    assert "无限或过大(应小于 214,748 公里):E2(a—b,inf 米)、E3" in text
    assert "E4" in text


def test_lengths_as_text_are_read_or_named_and_edges_without_id_are_named_by_row() -> None:
    streets = town(list("ab"), [("a", "b", 1.0), ("a", "b", 2.0)])
    words = Streets(streets.nodes, streets.edges.drop(columns="edge").assign(length_m=["12.5", "远"]))
    with pytest.raises(TableError, match=r"长度缺失或为负:第 2 行\(a—b,远 米\)"):
        network(words, numbered(words))
    missing = Streets(streets.nodes, streets.edges.assign(length_m=pd.array([3, pd.NA], "Int64")))
    with pytest.raises(TableError, match="缺失或为负:E1"):
        network(missing, numbered(missing))


def test_nodes_and_places_without_ids_are_named() -> None:
    sites = pd.DataFrame({"site": ["S1", np.nan], "service": ["meals", np.nan], "node": ["a", "z"]})
    with pytest.raises(TableError, match=r"节点缺少编号:第 2 行"):
        circle.nearest(town(["a", np.nan], []), sites)  # type: ignore[list-item]
    with pytest.raises(TableError) as fault:
        circle.nearest(town(["a"], []), sites)
    assert str(fault.value) == ("点位缺少编号:第 2 行;点位所在节点不在路网中:第 2 行(节点 z);点位没有服务类别:第 2 行")


@pytest.mark.parametrize("minutes", [-1, np.nan, np.inf])
def test_minutes_that_are_no_time_are_refused(minutes: float) -> None:
    with pytest.raises(TableError, match="minutes"):
        circle.reach(town(["a"], []), pd.DataFrame({"site": ["S1"], "service": "meals", "node": "a"}), minutes=minutes)


def test_distances_beyond_whole_numbers_are_refused_and_not_wrapped(forced: str) -> None:
    long = (FAR - 1) / 10
    streets = town(list("abc"), [("a", "b", long), ("b", "c", long)])
    one = pd.DataFrame({"site": ["S1"], "service": "meals", "node": "a"})
    with pytest.raises(TableError, match="超过 214,748 公里"):
        circle.nearest(streets, one)
    near = circle.nearest(streets, one.assign(node="b")).query("service == 'meals'")
    assert near["metres"].tolist() == [long, 0.0, long]
    assert circle.reach(streets, one, minutes=1e9)["node"].tolist() == ["a", "b"]
    bent = town(list("abcd"), [("a", "b", 1.2e8), ("b", "c", 1.2e8), ("c", "d", 1.2e8)])  # longer than 32 bits hold
    near = circle.nearest(bent, pd.DataFrame({"site": ["S1", "S2"], "service": "meals", "node": ["a", "d"]}))
    assert near.query("service == 'meals'")["metres"].tolist() == [0.0, 1.2e8, 1.2e8, 0.0]
    whole = csr(3, np.array([0, 1]), np.array([1, 2]), np.full(2, FAR - 1))
    with pytest.raises(TableError, match="超出可精确计算的范围"):
        labels.nearest(whole, [np.zeros(2**22, np.int64)])


# --- what is loaded, and what happens without it


def alone(code: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        encoding="utf-8",
        check=False,
        cwd=ROOT,
        env={**os.environ, **environment},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


SMALL = """
import sys, numpy as np, pandas as pd
from governance import circle
from governance.circle import engine
from governance.tables import Streets
streets = Streets(nodes=pd.DataFrame({"node": list("abc")}),
                  edges=pd.DataFrame({"source": ["a"], "target": ["b"], "length_m": [70.0]}))
sites = pd.DataFrame({"site": ["S2", "S1"], "service": "meals", "node": ["a", "a"]})
"""
ASKED = """
near = circle.nearest(streets, sites).query("service == 'meals'")
print(near["metres"].tolist(), near["site"].fillna("-").tolist(), len(circle.reach(streets, sites)))
"""
ANSWER = "[0.0, 70.0, inf] ['S1', 'S1', '-'] 4"


def test_importing_the_circle_and_a_small_search_load_no_numba() -> None:
    assert alone(SMALL + ASKED + "print('numba' in sys.modules)") == ANSWER + "\nFalse"


def test_without_numba_or_with_one_that_does_not_load_everything_is_answered(tmp_path: Path) -> None:
    asked = SMALL + "engine.LOADED_FROM = engine.COMPILED_FROM = 0\n" + ASKED
    assert alone("import sys; sys.modules['numba'] = None\n" + asked) == ANSWER
    (tmp_path / "numba.py").write_text("raise ImportError('numba needs an older numpy')", "utf-8")
    paths = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    for engines in ("", "engine.FORCED = 'numba'\n"):
        assert alone(asked.replace("near =", engines + "near =", 1), PYTHONPATH=paths) == ANSWER


NO_FOLDER = """
import numba.core.caching as c
for kind in vars(c).values():
    if hasattr(kind, "_locator_classes"): kind._locator_classes = []
"""
FULL_DISK = """
import numba.core.caching as c
def save(*_): raise OSError(28, "No space left on device")
c.IndexDataCacheFile.save = save
"""


@both
@pytest.mark.parametrize("trouble", [NO_FOLDER, FULL_DISK])
def test_compiled_code_works_where_no_cache_can_be_written(trouble: str, tmp_path: Path) -> None:
    code = trouble + (
        "import numpy as np; from governance.circle import engine, network\n"
        "engine.FORCED = 'numba'; ends = np.array([0, 1])\n"
        "print(network.csr(2, ends, ends[::-1], ends).length.tolist())\n"
        "kernel = engine.compiled('csr', 1); print(len(kernel.csr.signatures), len(kernel.csr.stats.cache_hits))"
    )
    assert alone(code, NUMBA_CACHE_DIR=str(tmp_path)) == "[0, 0]\n1 0"
    assert not list(tmp_path.rglob("*.nbi"))


@both
def test_the_size_decides_what_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    by("", monkeypatch)
    kernel = engine.compiled("sweep", engine.COMPILED_FROM)
    assert kernel is not None
    monkeypatch.setattr(kernel, "ready", lambda part: False)
    assert engine.compiled("sweep", engine.COMPILED_FROM - 1) is None
    monkeypatch.setattr(kernel, "ready", lambda part: True)
    assert engine.compiled("sweep", engine.LOADED_FROM) is kernel
    monkeypatch.delitem(sys.modules, kernel.__name__)
    assert engine.compiled("sweep", engine.LOADED_FROM - 1) is None
    by("scipy", monkeypatch)
    assert engine.compiled("sweep", 10**12) is None
