"""Covering, p-median, set cover and capacities against every choice of sites tried by hand."""

from __future__ import annotations

import itertools

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import Bounds, LinearConstraint, milp

from governance.errors import InfeasibleError, TableError
from governance.siting.locate import CAPACITATED, COVER, FEWEST, MEDIAN, capacitated, cover, cover_all, median


def near(**reach: dict[str, float]) -> pd.DataFrame:
    """Pairs from origin={node: metres}."""
    rows = [(o, n, float(m)) for o, nodes in reach.items() for n, m in nodes.items()]
    return pd.DataFrame(rows, columns=["origin", "node", "metres"])


def people(**at: int) -> pd.DataFrame:
    return pd.DataFrame({"node": list(at), "people": list(at.values())})


@st.composite
def worlds(draw: st.DrawFn) -> tuple[pd.DataFrame, pd.DataFrame, int]:
    """Up to five candidates and six nodes with people of two communities; a number of sites."""
    origins, nodes = list("ABCDE")[: draw(st.integers(1, 5))], list("uvwxyz")[: draw(st.integers(1, 6))]
    metres = st.sampled_from([0.0, 40.0, 99.9, 100.0, 100.1, 250.0])
    pair = st.tuples(st.sampled_from(origins), st.sampled_from(nodes), metres)
    rows = draw(st.lists(pair, min_size=1, max_size=20))
    crowd = [(n, draw(st.integers(0, 20)), draw(st.sampled_from(["甲村", "乙村"]))) for n in nodes]
    crowd.append((nodes[0], draw(st.integers(0, 5)), "乙村"))  # a node may have two rows
    return (
        pd.DataFrame(rows, columns=["origin", "node", "metres"]),
        pd.DataFrame(crowd, columns=["node", "people", "community"]),
        draw(st.integers(0, 3)),
    )


def reached(table: pd.DataFrame, metres: float, chosen: tuple[str, ...]) -> set[str]:
    return set(table.loc[table["origin"].isin(chosen) & (table["metres"] <= metres), "node"])


def served(crowd: pd.DataFrame, nodes: set[str]) -> int:
    return int(crowd.loc[crowd["node"].isin(nodes), "people"].sum())


def choices(table: pd.DataFrame, p: int, *, without: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    names = sorted(set(table["origin"]) - set(without))
    return [c for size in range(p + 1) for c in itertools.combinations(names, size)]


def check_steps(found: pd.DataFrame, table: pd.DataFrame, crowd: pd.DataFrame, metres: float, had: tuple) -> None:
    """Each step is the best next one of the plan, and the gains add up."""
    at = (*had,)
    for k, row in enumerate(found.to_dict("records")):
        rest = found["origin"].tolist()[k:]
        adds = {o: served(crowd, reached(table, metres, (*at, o)) - reached(table, metres, at)) for o in rest}
        assert row["gain"] == adds[row["origin"]] == max(adds.values()) > 0
        at = (*at, row["origin"])
    assert found["order"].tolist() == list(range(1, len(found) + 1))
    assert found["cumulative"].tolist() == found["gain"].cumsum().tolist()


@settings(max_examples=12, deadline=None)
@given(worlds(), st.sampled_from([99.95, 100.0, 250.0]), st.booleans())
def test_cover_is_the_best_of_all_choices(world: tuple, metres: float, built: bool) -> None:
    table, crowd, p = world
    had = (min(table["origin"]),) if built else ()
    limit = round(metres + 1e-9, 1)  # whole decimetres, halves up: 99.95 m reaches what lies at 100.0
    found = cover(table, crowd, p=p, metres=metres, existing=had)
    before = served(crowd, reached(table, limit, had))
    totals = {c: served(crowd, reached(table, limit, (*had, *c))) - before for c in choices(table, p, without=had)}
    assert found["gain"].sum() == max(totals.values())
    assert len(found) == min(len(c) for c, v in totals.items() if v == max(totals.values()))
    assert (found["bound"] == max(totals.values())).all()
    assert (found["gap"] == 0).all()
    assert not set(found["origin"]) & set(had)
    check_steps(found, table, crowd, limit, had)


@settings(max_examples=12, deadline=None)
@given(worlds(), st.sampled_from([0.3, 0.5, 0.8, 1.0]))
def test_a_floor_is_kept_or_said_to_be_out_of_reach(world: tuple, floor: float) -> None:
    table, crowd, p = world
    total = crowd.groupby("community")["people"].sum()

    def keeps(chosen: tuple[str, ...]) -> bool:
        mine = crowd[crowd["node"].isin(reached(table, 1e9, chosen))]
        have = mine.groupby("community")["people"].sum().reindex(total.index).fillna(0)
        return bool((have >= floor * total - 1e-9).all())

    everything = choices(table, table["origin"].nunique())
    fair = {c: served(crowd, reached(table, 1e9, c)) for c in everything if keeps(c)}
    within = [v for c, v in fair.items() if len(c) <= p]
    if within:
        found = cover(table, crowd, p=p, floor=floor)
        assert found["gain"].sum() == max(within)
        assert keeps(tuple(found["origin"]))
    elif fair:
        with pytest.raises(InfeasibleError, match=f"至少需要 {min(map(len, fair))} 处"):
            cover(table, crowd, p=p, floor=floor)
    else:
        with pytest.raises(InfeasibleError, match=r"甲村|乙村"):
            cover(table, crowd, p=p, floor=floor)


@settings(max_examples=12, deadline=None)
@given(worlds())
def test_cover_all_takes_the_fewest_sites(world: tuple) -> None:
    table, crowd, _ = world
    wanted = set(crowd.loc[crowd["people"] > 0, "node"])
    lost = wanted - reached(table, 1e9, tuple(table["origin"]))
    if lost:
        with pytest.raises(InfeasibleError, match=min(lost)):
            cover_all(table, crowd)
        return
    found = cover_all(table, crowd)
    whole = [c for c in choices(table, 5) if wanted <= reached(table, 1e9, c)]
    assert len(found) == min(map(len, whole))
    assert (found["least_sites"] == len(found)).all()
    assert wanted <= reached(table, 1e9, tuple(found["origin"]))
    check_steps(found, table, crowd, 1e9, ())


def mean(table: pd.DataFrame, crowd: pd.DataFrame, chosen: tuple[str, ...]) -> float:
    """Mean metres to the nearest of the chosen, inf where somebody has none."""
    far = table[table["origin"].isin(chosen)].groupby("node")["metres"].min()
    lived = crowd[crowd["people"] > 0]
    walks = lived["node"].map(far).fillna(np.inf)
    return float((walks * lived["people"]).sum() / lived["people"].sum())


@settings(max_examples=15, deadline=None)
@given(worlds())
def test_median_has_the_smallest_mean_of_all_choices(world: tuple) -> None:
    table, crowd, p = world
    if not crowd["people"].sum():
        assert median(table, crowd, p=p).empty
        return
    means = {c: mean(table, crowd, c) for c in choices(table, 5)}
    within = min(v for c, v in means.items() if len(c) <= p)
    if np.isfinite(within):
        found = median(table, crowd, p=p)
        assert found["mean_metres"].iloc[0] == pytest.approx(within, abs=1e-9)
        assert found["least_metres"].iloc[0] == pytest.approx(within, abs=1e-9)
        assert means[tuple(sorted(found["origin"]))] == pytest.approx(within, abs=1e-9)
        assert found["people"].sum() == crowd["people"].sum()
        assert (found["people"] * found["metres"]).sum() == pytest.approx(within * crowd["people"].sum(), abs=1e-6)
        return
    able = [len(c) for c, v in means.items() if np.isfinite(v)]
    with pytest.raises(InfeasibleError, match=f"至少需要 {min(able)} 处" if able else "没有任何备选点位可达"):
        median(table, crowd, p=p)


def most(table: pd.DataFrame, crowd: pd.DataFrame, room: dict[str, int], chosen: tuple[str, ...]) -> int:
    """The most people that the chosen can take: maximum flow on networkx."""
    net = nx.DiGraph()
    net.add_nodes_from("st")
    for node, persons in crowd.groupby("node")["people"].sum().items():
        net.add_edge("s", ("n", node), capacity=int(persons))
    for o, n in set(table[["origin", "node"]].itertuples(index=False, name=None)):
        if o in chosen:
            net.add_edge(("n", n), ("o", o))
            net.add_edge(("o", o), "t", capacity=room[o])
    return int(nx.maximum_flow_value(net, "s", "t")) if chosen else 0


@settings(max_examples=20, deadline=None)
@given(worlds(), st.lists(st.integers(0, 25), min_size=5, max_size=5))
def test_capacitated_places_most_people_and_overfills_nobody(world: tuple, sizes: list[int]) -> None:
    table, crowd, p = world
    room = dict(zip("ABCDE", sizes, strict=True))
    found = capacitated(table, crowd, pd.DataFrame({"origin": list(room), "capacity": list(room.values())}), p=p)
    top = max(most(table, crowd, room, c) for c in choices(table, p))
    assert found["gain"].sum() == found["assigned"].sum() == top
    assert (found["bound"] == top).all()
    assert (found["gap"] == 0).all()
    assert len(found) <= p
    assert all(row["assigned"] <= room[row["origin"]] for row in found.to_dict("records"))
    for k, row in enumerate(found.to_dict("records")):
        assert row["cumulative"] == most(table, crowd, room, tuple(found["origin"][: k + 1]))


@settings(max_examples=10, deadline=None)
@given(worlds(), st.integers(0, 999))
def test_the_order_of_the_rows_changes_nothing_and_the_callers_frames_stay(world: tuple, seed: int) -> None:
    table, crowd, p = world
    kept = table.copy(), crowd.copy()
    mixed = table.sample(frac=1, random_state=seed), crowd.sample(frac=1, random_state=seed)
    pd.testing.assert_frame_equal(cover(*mixed, p=p), cover(table, crowd, p=p))
    pd.testing.assert_frame_equal(table, kept[0])
    pd.testing.assert_frame_equal(crowd, kept[1])


@settings(max_examples=10, deadline=None)
@given(worlds())
def test_more_sites_and_longer_walks_never_lose_people(world: tuple) -> None:
    table, crowd, p = world
    assert cover(table, crowd, p=p)["gain"].sum() <= cover(table, crowd, p=p + 1)["gain"].sum()
    assert cover(table, crowd, p=p, metres=99)["gain"].sum() <= cover(table, crowd, p=p, metres=100)["gain"].sum()


def test_the_same_columns_and_types_with_and_without_rows() -> None:
    table, crowd = near(A={"x": 0}, B={"x": 5}), people(x=5)
    rooms = pd.DataFrame({"origin": ["A"], "capacity": [3]})
    empty = table.iloc[:0]
    pairs = [
        (cover(table, crowd, p=1), cover(empty, crowd, p=1), COVER),
        (cover_all(table, crowd), cover_all(empty, people(x=0)), FEWEST),
        (median(table, crowd, p=1), median(empty, people(x=0), p=1), MEDIAN),
        (capacitated(table, crowd, rooms, p=1), capacitated(empty, crowd, rooms, p=1), CAPACITATED),
    ]
    for full, none, columns in pairs:
        assert len(full) == 1
        assert none.empty
        assert tuple(full) == tuple(none) == columns
        assert full.dtypes.to_dict() == none.dtypes.to_dict()


def test_a_site_exactly_at_the_limit_is_within_reach() -> None:
    table = near(A={"x": 300.0}, B={"y": 300.06})
    assert cover(table, people(x=4, y=9), p=2, metres=300.0)["origin"].tolist() == ["A"]


def test_faulty_rows_are_named_together() -> None:
    table, crowd = near(A={"x": 0, "y": -5}), people(x=5, y=4)
    with pytest.raises(TableError, match=r"1 行不能用.*第 2 行\(A:-5.0\)"):
        cover(table, crowd, p=1)
    with pytest.raises(TableError, match=r"2 行不能用.*第 1 行.*第 2 行"):
        cover(table.iloc[:1], crowd.assign(people=[np.nan, -1]), p=1)
    with pytest.raises(TableError, match="metres"):
        cover(table.drop(columns="metres"), crowd, p=1)
    with pytest.raises(TableError, match="community"):
        cover(table.iloc[:1], crowd, p=1, floor=0.5)
    with pytest.raises(TableError, match="没有这些已有点位:Q"):
        cover(table.iloc[:1], crowd, p=1, existing=["Q"])
    for run in (cover, median):
        with pytest.raises(InfeasibleError, match="-1"):
            run(table.iloc[:1], crowd, p=-1)


def test_a_town_too_large_to_try_all_against_a_plain_program() -> None:
    chance = np.random.default_rng(3)
    at, sites = chance.uniform(0, 100, (800, 2)), chance.uniform(0, 100, (60, 2))
    far = np.hypot(at[:, None, 0] - sites[None, :, 0], at[:, None, 1] - sites[None, :, 1])
    node, origin = np.nonzero(far <= 14)
    persons = chance.integers(1, 40, 800)
    table = pd.DataFrame({"origin": origin.astype(str), "node": node.astype(str), "metres": far[node, origin]})
    found = cover(table, pd.DataFrame({"node": np.arange(800).astype(str), "people": persons}), p=8)
    # plain: y_d <= sum of the x that reach d, sum x <= 8
    rows = np.vstack([np.hstack([-(far <= 14).astype(float), np.eye(800)]), np.repeat([1.0, 0.0], [60, 800])])
    limit = LinearConstraint(rows, -np.inf, np.append(np.zeros(800), 8))
    goal = -np.append(np.zeros(60), persons)
    plain = milp(goal, constraints=limit, bounds=Bounds(0, 1), integrality=np.repeat([1, 0], [60, 800]))
    assert found["gain"].sum() == found["bound"].iloc[0] == round(-plain.fun)
