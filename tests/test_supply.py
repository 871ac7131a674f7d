"""Supply against demand: by pencil, by dense formulas, by brute force, and what must hold of every town."""

from __future__ import annotations

import itertools

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from governance import circle, rules
from governance.circle.supply import floating, links, weights
from governance.errors import RuleError, TableError

SPEED = rules.value("circle.speed")
GROUPS = rules.value("circle.groups")
AGES = list(SPEED)


def ways(**metres: dict[str, float]) -> pd.DataFrame:
    """near from S1={'a': 300, 'b': 900}: a place of the elderly and its metres to each node."""
    rows = [(s, "elder_care", n, float(m)) for s, to in metres.items() for n, m in to.items()]
    return pd.DataFrame(rows, columns=["origin", "service", "node", "metres"])


def sites(**capacity: int | None) -> pd.DataFrame:
    pairs = [(s, "elder_care", c) for s, c in capacity.items()]
    return pd.DataFrame(pairs, columns=["site", "service", "capacity"]).astype({"capacity": "Int64"})


def people(**old: tuple[int, int]) -> pd.DataFrame:
    """A compound a node with persons of 60-79 and of 80 and over; the community is the node's first letter."""
    rows = [
        {"township": "甲镇", "community": f"{n[0]}村", "compound": n, "node": n}
        | dict.fromkeys(AGES, 0)
        | {"age_60_79": young, "age_80_up": old}
        for n, (young, old) in old.items()
    ]
    return pd.DataFrame(rows, columns=["township", "community", "compound", "node", *AGES])


def elder(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[frame["service"] == "elder_care"].reset_index(drop=True)


# 15 minutes: 900 m at 60-79, 675 m at 80 and over
#   S1 (20 places) --300-- a (10 | 10)     S1 --700-- b (20 | 5)     S2 (9) --900-- b     c (7 | 0) reaches nothing
NEAR = ways(S1={"a": 300, "b": 700}, S2={"b": 900})
TOWN = people(a=(10, 10), b=(20, 5), c=(7, 0))


def test_catchment_equals_the_pencil_calculation() -> None:
    # S1 is reached by a: 10 + 10, b: 20 of 60-79 (700 m is too far for the oldest): 20 / 40 = 0.5; S2: 9 / 20 = 0.45
    found = elder(circle.catchment(NEAR, sites(S1=20, S2=9), TOWN))
    assert found["score"].tolist() == pytest.approx([0.5, 20 * 0.95 / 25, 0.0], abs=1e-15)
    assert found["people"].tolist() == [20, 25, 7]
    assert found["per_1000"].tolist() == pytest.approx([500, 760, 0])
    assert found["without_capacity"].isna().all()


def test_catchment_weighs_by_rings_and_by_the_bell() -> None:
    # one place, 300 m: ring 1 at 60 m a minute (5 minutes exactly), ring 2 at 45
    near, town = ways(S1={"a": 300}), people(a=(10, 10))
    ring = elder(circle.catchment(near, sites(S1=20), town, decay="steps"))["score"][0]
    assert ring == pytest.approx((10 * 1 + 10 * 0.68) * (20 / (10 * 1 + 10 * 0.68)) / 20)
    two = ways(S1={"a": 300, "b": 750})
    found = elder(circle.catchment(two, sites(S1=20), people(a=(10, 0), b=(30, 0)), decay="steps"))["score"]
    share = 20 / (10 * 1 + 30 * 0.22)
    assert found.tolist() == pytest.approx([share, share * 0.22])
    bell = [np.exp(-(t**2) / 2 / rules.value("circle.decay.sigma") ** 2) for t in (5, 12.5)]
    found = elder(circle.catchment(two, sites(S1=20), people(a=(10, 0), b=(30, 0)), decay="gaussian"))["score"]
    share = 20 / (10 * bell[0] + 30 * bell[1])
    assert found.tolist() == pytest.approx([share * bell[0], share * bell[1]])


def test_the_weights_of_the_rings_hold_at_their_edges() -> None:
    steps = np.array([0, 2250, 2251, 4500, 4501, 6750, 6751])
    assert weights(steps, 45, "steps").tolist() == [1, 1, 0.68, 0.68, 0.22, 0.22, 0]
    assert weights(steps, 45, None).tolist() == [1, 1, 1, 1, 1, 1, 0]
    assert weights(steps, 45, "gaussian")[-1] == 0


def test_a_place_of_unknown_capacity_is_named_and_not_counted_as_none() -> None:
    found = elder(circle.catchment(NEAR, sites(S1=None, S2=9), TOWN))
    assert found["score"].isna().tolist() == [True, False, False]  # a reaches nothing but the unknown
    assert found["score"][1] == pytest.approx(20 * 0.45 / 25)
    assert found["without_capacity"].fillna("").tolist() == ["S1", "S1", ""]
    both = elder(circle.catchment(NEAR, sites(S1=None, S2=None), TOWN))
    assert both["without_capacity"].fillna("").tolist() == ["S1", "S1、S2", ""]


def test_homes_without_such_people_have_no_score() -> None:
    found = circle.catchment(NEAR, sites(S1=20, S2=9), TOWN)
    assert found.query("service == 'childcare'")["score"].isna().all()
    assert len(found) == 3 * len(GROUPS)


def test_faults_of_the_places_are_named_all_at_once() -> None:
    places = pd.DataFrame({"site": ["S1", "S1", "S3"], "service": "elder_care", "capacity": [-3, 4.5, 2]})
    for function in (circle.catchment, circle.served, circle.crowding):
        with pytest.raises(TableError, match=r"编号重复:S1.*S1\(-3.*S1\(4\.5.*不在点位表中:S2"):
            function(NEAR, places, TOWN)
    with pytest.raises(TableError, match=r"服务类别不同.*S1"):
        circle.served(NEAR, sites(S1=1, S2=2).assign(service="meals"), TOWN)
    with pytest.raises(RuleError, match="decay"):
        circle.catchment(NEAR, sites(S1=1, S2=2), TOWN, decay="linear")
    with pytest.raises(TableError, match="重算"):
        circle.catchment(NEAR.assign(within=5.0), sites(S1=1, S2=2), TOWN)


def test_served_equals_the_pencil_calculation() -> None:
    # in reach: a 20, b's 20 younger; b's 5 oldest and c's 7 reach nothing. 20 + 9 places; S2 only helps b
    found = elder(circle.served(NEAR, sites(S1=20, S2=9), TOWN))
    assert found["community"].tolist() == ["a村", "b村", "c村", ""]
    assert found.iloc[3, 3:].tolist() == [52, 29, 11, 0, 12]
    assert found["served"].tolist() == [20, 9, 0, 29]  # a is nearer to S1 than b
    assert (found[["served", "no_place", "unknown", "out_of_reach"]].sum(axis=1) == found["people"]).all()


def test_a_greedy_nearest_assignment_would_not_serve_as_many() -> None:
    # b is nearer to S1, yet must go to S2 so that a, who reaches S1 alone, has a place
    near = ways(S1={"a": 600, "b": 100}, S2={"b": 800})
    found = elder(circle.served(near, sites(S1=10, S2=10), people(a=(10, 0), b=(10, 0))))
    assert found["served"].tolist() == [10, 10, 20]


def test_a_service_without_any_known_capacity_is_unknown_and_not_nobody() -> None:
    found = elder(circle.served(NEAR, sites(S1=None, S2=None), TOWN))
    assert found[["served", "no_place"]].isna().all().all()
    assert found["unknown"].tolist() == [20, 20, 0, 40]
    none = circle.served(NEAR, sites(S1=1, S2=1), TOWN).query("service == 'meals' and community == ''").iloc[0]
    assert none.iloc[3:].tolist() == [52, 0, 0, 0, 52]  # no place at all: that is known


def test_the_unserved_near_a_place_of_unknown_capacity_are_unknown() -> None:
    found = elder(circle.served(NEAR, sites(S1=None, S2=9), TOWN))
    assert found.iloc[3, 3:].tolist() == [52, 9, 0, 31, 12]


def test_crowding_equals_the_pencil_calculation() -> None:
    found = circle.crowding(NEAR, sites(S1=20, S2=9, S3=None, S4=0), TOWN)
    assert found["place"].tolist() == ["S2", "S1", "S3", "S4"]
    assert found.loc[:1, ["capacity", "assigned", "in_reach", "ratio", "full"]].to_numpy().tolist() == [
        [9, 9, 20, 20 / 9, True],
        [20, 20, 40, 2.0, True],
    ]
    assert found["assigned"].isna().tolist() == [False, False, True, False]
    assert found["full"].tolist() == [True, True, False, False]


def test_rows_in_any_order_give_the_same_answer() -> None:
    rng = np.random.default_rng(3)
    nodes = [f"{c}{i}" for c in "abc" for i in range(6)]
    near = ways(**{f"S{i}": {n: int(rng.integers(0, 9)) * 100 for n in rng.permutation(nodes)[:9]} for i in range(5)})
    town = people(**{n: (int(rng.integers(0, 9)), int(rng.integers(0, 5))) for n in nodes})
    places = sites(**{f"S{i}": int(rng.integers(0, 12)) for i in range(5)})
    mixed = (near.sample(frac=1, random_state=1), places.sample(frac=1, random_state=2))
    turned = town.sample(frac=1, random_state=3)
    pd.testing.assert_frame_equal(circle.served(*mixed, turned), circle.served(near, places, town))
    pd.testing.assert_frame_equal(circle.crowding(*mixed, turned), circle.crowding(near, places, town))
    one = circle.catchment(*mixed, turned).sort_values(["compound", "service"], ignore_index=True)
    other = circle.catchment(near, places, town).sort_values(["compound", "service"], ignore_index=True)
    pd.testing.assert_frame_equal(one, other, rtol=1e-12)


def test_the_callers_frames_stay_as_they_are_and_empty_ones_have_the_same_columns() -> None:
    given = NEAR.copy(), sites(S1=20, S2=9), TOWN.copy()
    kept = [frame.copy(deep=True) for frame in given]
    for function in (circle.catchment, circle.served, circle.crowding):
        full = function(*given)
        for frame, before in zip(given, kept, strict=True):
            pd.testing.assert_frame_equal(frame, before)
        bare = function(NEAR.iloc[:0], sites(S1=20).iloc[:0], TOWN.iloc[:0])
        assert bare.dtypes.to_dict() == full.dtypes.to_dict()
        nobody = function(NEAR.iloc[:0], sites(S1=20), TOWN)
        assert nobody.dtypes.to_dict() == full.dtypes.to_dict()


def test_links_hold_the_nearest_first_and_each_pair_once() -> None:
    near = pd.concat([NEAR, ways(S1={"a": 250}), ways(S9={"a": 10}).assign(service="idle")])
    found = links(near, TOWN)
    assert found.loc[found["home"] == 0, ["origin", "steps"]].to_numpy().tolist() == [["S1", 2500]]
    assert found.loc[found["home"] == 1, "origin"].tolist() == ["S1", "S2"]


# --- what holds of every town


@st.composite
def towns(draw: st.DrawFn) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    nodes = ["a1", "a2", "b1", "c1", "c2"]
    metres = st.sampled_from([0, 200, 300, 450, 675, 675.1, 900, 900.1, 1200])
    near = {f"S{i}": draw(st.dictionaries(st.sampled_from(nodes), metres, max_size=5)) for i in range(3)}
    size = st.integers(0, 4)
    town = people(**{n: (draw(size), draw(size)) for n in nodes})
    return ways(**near), sites(**{s: draw(st.integers(0, 9) | st.none()) for s in near}), town


def demands(near: pd.DataFrame, town: pd.DataFrame) -> list[tuple[str, str, int, dict[str, float]]]:
    """(compound, age, persons, {place: metres}) of everybody, by loops."""
    out = []
    for home in town.to_dict("records"):
        for age in GROUPS["elder_care"]:
            mine = near[(near["node"] == home["node"]) & (near["metres"] <= SPEED[age] * 15 + 1e-9)]
            out.append((home["compound"], age, home[age], dict(zip(mine["origin"], mine["metres"], strict=True))))
    return out


@settings(max_examples=12, deadline=None)
@given(towns())
def test_served_is_the_maximum_flow_of_networkx(town: tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]) -> None:
    near, places, homes = town
    known = places.dropna().set_index("site")["capacity"].astype(int)
    graph = nx.DiGraph()
    graph.add_nodes_from(["from", "to"])
    for home, age, size, reached in demands(near, homes):
        graph.add_edge("from", (home, age), capacity=size)
        graph.add_edges_from([((home, age), s) for s in reached if s in known.index])
    graph.add_edges_from([(s, "to", {"capacity": int(c)}) for s, c in known.items()])
    most = nx.maximum_flow_value(graph, "from", "to")
    found = elder(circle.served(near, places, homes))
    last = found.iloc[-1]
    if len(known):
        assert last["served"] == most
        assert (found[["served", "no_place", "unknown", "out_of_reach"]].sum(axis=1) == found["people"]).all()
        assert (found.iloc[:-1, 3:].sum() == last.iloc[3:]).all()
    assert last["people"] == homes[["age_60_79", "age_80_up"]].to_numpy().sum()
    assert last["out_of_reach"] == sum(size for _, _, size, reached in demands(near, homes) if not reached)
    full = circle.crowding(near, places, homes).set_index("place")
    assert full["assigned"].sum() == most
    assert (full["assigned"].fillna(0) <= full["capacity"].fillna(0)).all()
    for place in full.index:
        assert full["in_reach"][place] == sum(size for _, _, size, reached in demands(near, homes) if place in reached)


@settings(max_examples=20, deadline=None)
@given(towns())
def test_of_the_largest_plans_the_least_walking_is_taken(
    town: tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame],
) -> None:
    near, places, homes = town
    places["capacity"] = places["capacity"].fillna(0)
    room = places.set_index("site")["capacity"].astype(int)
    graph = nx.DiGraph()
    graph.add_nodes_from(["from", "to"])
    for home, age, size, reached in demands(near, homes):
        graph.add_edge("from", (home, age), capacity=size, weight=0)
        graph.add_edges_from([((home, age), s, {"weight": round(m * 10)}) for s, m in reached.items()])
    graph.add_edges_from([(s, "to", {"capacity": int(c), "weight": 0}) for s, c in room.items()])
    flow = nx.max_flow_min_cost(graph, "from", "to")
    # which plan of several equally good ones is left open: compare their walking through the served alone
    served = {n: sum(flow[n, age][s] for age in GROUPS["elder_care"] for s in flow[n, age]) for n in homes["compound"]}
    assert sum(served.values()) == elder(circle.served(near, places, homes))["served"].iloc[-1]
    from governance.circle.supply import _flows, _open, _sorted

    people, known = _sorted(homes), places.rename(columns={"site": "place"}).sort_values("place", ignore_index=True)
    open_, size = _open(people, "elder_care", links(near, people), known)
    given_ = _flows(open_, size, known["capacity"].to_numpy(float))
    assert (given_ * open_["steps"]).sum() == nx.cost_of_flow(graph, flow)


@settings(max_examples=12, deadline=None)
@given(towns(), st.sampled_from([None, "steps", "gaussian"]))
def test_catchment_equals_the_dense_formula(
    town: tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame], decay: str | None
) -> None:
    near, places, homes = town
    known = places.dropna().set_index("site")["capacity"].astype(float)

    def counts(age: str, metres: float) -> float:
        t = metres / SPEED[age]
        ring = 1 if t <= 5 else 0.68 if t <= 10 else 0.22
        return {None: 1, "steps": ring, "gaussian": np.exp(-t * t / 2 / 5.7**2)}[decay]

    everyone = demands(near, homes)
    ratio = {
        s: c / total if (total := sum(p * counts(age, r[s]) for _, age, p, r in everyone if s in r)) else 0
        for s, c in known.items()
    }
    found = elder(circle.catchment(near, places, homes, decay=decay)).set_index("compound")
    for home in homes["compound"]:
        mine = [(age, p, r) for name, age, p, r in everyone if name == home and p]
        total = sum(p for _, p, _ in mine)
        reached = {s for _, _, r in mine for s in r}
        if not total or (reached and not reached & set(known.index)):
            assert np.isnan(found["score"][home])
            continue
        want = sum(p * sum(ratio[s] * counts(age, m) for s, m in r.items() if s in ratio) for age, p, r in mine) / total
        assert found["score"][home] == pytest.approx(want, abs=1e-12)


@settings(max_examples=12, deadline=None)
@given(towns())
def test_people_times_places_per_person_are_the_places_that_anybody_reaches(
    town: tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame],
) -> None:
    near, places, homes = town
    found = elder(circle.catchment(near, places, homes))
    asked = {s for _, _, size, reached in demands(near, homes) if size for s in reached}
    capacity = places.set_index("site")["capacity"]
    assert (found["score"] * found["people"]).sum() == pytest.approx(float(capacity[capacity.index.isin(asked)].sum()))


def test_floating_equals_the_matrix_product_on_any_index() -> None:
    rng = np.random.default_rng(5)
    pairs = list(itertools.product(range(30), range(8)))
    frame = pd.DataFrame(pairs, columns=["home", "place"]).sample(frac=0.4, random_state=0)
    frame["weight"] = rng.random(len(frame))
    size, room = rng.integers(1, 50, 30).astype(float), rng.integers(0, 20, 8).astype(float)
    dense = np.zeros((30, 8))
    dense[frame["home"], frame["place"]] = frame["weight"]
    want = dense @ (room / (size @ dense))
    assert floating(frame, pd.Series(size), pd.Series(room)).to_numpy() == pytest.approx(want, abs=1e-13)
    named = frame.assign(home=frame["home"].map("h{}".format), place=frame["place"].map("p{}".format))
    named = pd.concat([named, pd.DataFrame({"home": ["h1", "x"], "place": ["x", "p1"], "weight": 1.0})])
    people, capacity = pd.Series(size).rename("h{}".format), pd.Series(room).rename("p{}".format)
    for order in ([], ["home"], ["place"]):  # the last two in runs
        rows = named.sort_values(order) if order else named
        assert floating(rows, people, capacity).to_numpy() == pytest.approx(want, abs=1e-13)
