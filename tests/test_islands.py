"""Closed doors and twin rooms: pencil and paper, a plain count by networkx, and doors that must not be walked through."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_circle import AGES, GROUPS, by_networkx, people, sites, streets, worlds

from governance import circle, examples, rules
from governance.errors import TableError
from governance.tables import Streets

#   a ---300--- b ---300--- c ---700--- d          meals for 60-79 (900 m) and 80+ (675 m)
#   东苑        西苑        南苑        北苑        F1 (东苑 only) at a, F2 (open) at d
TOWN = "a-300-b, b-300-c, c-700-d"
NAMES = {"a": "东苑", "b": "西苑", "c": "南苑", "d": "北苑"}
OLD = {n: [0, 0, 0, 0, 10 + i, 1] for i, n in enumerate("abcd")}


def rooms(**what: str) -> pd.DataFrame:
    """Rooms from F1='meals a 东苑 closed' (or open)."""
    parts = [(room, *text.split()) for room, text in what.items()]
    rows = [
        (
            room,
            f"{compound}用房",
            "甲镇",
            "乙村",
            compound if compound != "-" else np.nan,
            node,
            service,
            door == "closed",
        )
        for room, service, node, compound, door in parts
    ]
    columns = ["room", "name", "township", "community", "compound", "node", "service", "own_compound_only"]
    return pd.DataFrame(rows, columns=columns)


def crowd() -> pd.DataFrame:
    frame = people(**OLD)
    return frame.assign(compound=frame["node"].map(NAMES))


def meals(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[frame["service"] == "meals"]


def test_a_closed_door_lets_in_its_own_compound_only() -> None:
    have = rooms(F1="meals a 东苑 closed", F2="meals d 北苑 open")
    near = circle.reach(streets(TOWN), have)
    held = circle.admitted(near, have, crowd())
    assert held.loc[held["origin"] == "F1", ["node", "admits"]].to_numpy().tolist() == [["a", "甲镇|乙村|东苑"]]
    assert held.loc[held["origin"] == "F2", "admits"].isna().all()
    pd.testing.assert_frame_equal(
        held.loc[held["origin"] == "F2", list(near)].reset_index(drop=True),
        near[near["origin"] == "F2"].reset_index(drop=True),
    )
    # open: a b c by F1 (c for 60-79 and 80+: 600 m), d by F2, c (700 m) by F2 for 60-79; closed: a, d, c for 60-79
    opened, closed = (meals(circle.coverage(n, crowd())).query("minutes == 15") for n in (near, held))
    assert opened["covered"].tolist() == [10 + 11 + 12 + 13, 4]
    assert closed["covered"].tolist() == [10 + 12 + 13, 2]
    gaps = meals(circle.gaps(held, crowd()))
    assert gaps[["compound", "people", "metres", "site"]].fillna(-1).to_numpy().tolist() == [
        ["西苑", 12, 1000.0, "F2"],
        ["南苑", 1, 700.0, "F2"],
    ]
    assert circle.islands(have, near, crowd()).drop(columns="name").to_numpy().tolist() == [
        # all of a b c could walk there (49 - 13 old, 3 of 80+); own 11; b gains 12, c one of 80+
        ["F1", "甲镇", "乙村", "东苑", "meals", 36, 11, 25, 13]
    ]


def test_homes_at_one_node_but_of_another_compound_are_kept_out() -> None:
    have = rooms(F1="meals a 东苑 closed")
    both = pd.concat([crowd().iloc[:1], crowd().iloc[:1].assign(compound="西苑", age_60_79=20)], ignore_index=True)
    near = circle.reach(streets(TOWN), have)
    held = circle.admitted(near, have, both)
    gaps = meals(circle.gaps(held, both))
    assert gaps[["compound", "people"]].to_numpy().tolist() == [["西苑", 21]]
    assert np.isnan(gaps["metres"].iloc[0])
    assert meals(circle.doubles(held, both))["people"].tolist() == [21, 11, 0, 0]
    found = circle.completeness(held, both, required=["meals"]).set_index("compound")
    assert found["reached"].to_dict() == {"西苑": 0, "东苑": 1}
    assert circle.islands(have, near, both)[["people", "own", "kept_out", "gain"]].to_numpy().tolist() == [
        [32, 11, 21, 21]
    ]


def test_a_compound_of_the_same_name_in_another_community_is_another() -> None:
    have = rooms(F1="meals a 东苑 closed")
    other = crowd().iloc[:1].assign(community="丙村")
    held = circle.admitted(circle.reach(streets(TOWN), have), have, other)
    assert held.empty
    assert list(held) == [*circle.REACH, "admits"]


def test_a_room_without_compound_serves_the_homes_of_its_community_that_have_none() -> None:
    have = rooms(F1="meals a - closed")
    near = circle.reach(streets(TOWN), have)
    for blank in ("", np.nan):
        undivided = crowd().assign(compound=[blank, blank, "南苑", "北苑"])
        held = circle.admitted(near, have, undivided)
        assert held["node"].tolist() == ["a", "b"]
        assert circle.islands(have, near, undivided)[["people", "own", "gain"]].to_numpy().tolist() == [[36, 23, 13]]


def test_idle_and_uncounted_rooms_are_islands_with_zeros_and_missing_doors_are_open() -> None:
    have = rooms(F1="idle a 东苑 closed", F2="startup b 西苑 closed", F3="meals c 南苑 closed", F4="meals b 西苑 open")
    have["own_compound_only"] = pd.array([True, True, pd.NA, False], dtype="boolean")
    found = circle.islands(have, circle.reach(streets(TOWN), have), crowd())
    assert found[["room", "service", "people", "own", "kept_out", "gain"]].to_numpy().tolist() == [
        ["F1", "idle", 0, 0, 0, 0],
        ["F2", "startup", 0, 0, 0, 0],
    ]
    empty = circle.islands(have.iloc[2:], circle.reach(streets(TOWN), have), crowd())
    assert empty.empty
    pd.testing.assert_series_equal(empty.dtypes, found.dtypes)


def test_doors_told_twice_and_reaches_through_doors_are_refused() -> None:
    have = rooms(F1="meals a 东苑 closed")
    near = circle.reach(streets(TOWN), have)
    with pytest.raises(TableError, match="用房编号重复:F1"):
        circle.admitted(near, pd.concat([have, have]), crowd())
    held = circle.admitted(near, have, crowd())
    for ask in (
        lambda: circle.islands(have, held, crowd()),
        lambda: circle.twins(have.rename(columns={"room": "place"}), held),
    ):
        with pytest.raises(TableError, match="admitted"):
            ask()


#   a --100-- b --200-- c --0.1-- d       meals at a, b, c, d;  culture at b and 700 m beyond d
def test_twins_equal_the_pencil_calculation() -> None:
    place = sites(S4="meals a", S2="meals b", S3="meals c", S1="meals d", S5="culture b", S6="idle a", S7="health e")
    place = place.rename(columns={"site": "place"}).assign(name=lambda f: "点" + f["place"], community="乙村")
    near = circle.reach(streets("a-100-b, b-200-c, c-0.1-d, d-600-e"), place)
    found = circle.twins(place, near)
    # a-c are exactly 300 m; a-d 300.1 m; health (45 m a minute: 675 m) reaches d and c, not b (800.1) nor a
    assert found[["place", "place_2", "metres"]].to_numpy().tolist() == [
        ["S1", "S3", 0.1],
        ["S2", "S4", 100.0],
        ["S2", "S3", 200.0],
        ["S1", "S2", 200.1],
        ["S3", "S4", 300.0],
    ]
    two = dict(zip(found["place"] + found["place_2"], found["missing"], strict=True))
    lacking = "elder_care|childcare|child_custody"
    assert two == {
        "S1S3": lacking,
        "S2S4": lacking + "|health",
        "S2S3": lacking,
        "S1S2": lacking,
        "S3S4": lacking,
    }
    assert found["name_2"].tolist() == ["点" + p for p in found["place_2"]]
    empty = circle.twins(place.iloc[:1], near)
    assert empty.empty
    pd.testing.assert_series_equal(empty.dtypes, found.dtypes)
    with pytest.raises(TableError, match="没有这些点位:S4"):
        circle.twins(place, near[near["origin"] != "S4"])
    with pytest.raises(TableError, match="编号重复:S4"):
        circle.twins(pd.concat([place, place.iloc[:1]]), near)


def test_two_places_at_one_node_are_twins_of_no_distance() -> None:
    place = sites(S1="meals a", S2="meals a", S3="health a").rename(columns={"site": "place"})
    place = place.assign(name="点", community="乙村")
    found = circle.twins(place, circle.reach(streets("a-100-b"), place))
    assert found[["place", "place_2", "metres"]].to_numpy().tolist() == [["S1", "S2", 0.0]]


@settings(max_examples=12, deadline=None)
@given(worlds())
def test_twins_equal_networkx(world: tuple) -> None:
    town, where, _ = world
    place = where.rename(columns={"site": "place"}).assign(name="点", community="乙村")
    near, graph = circle.reach(town, place), by_networkx(town)
    steps = dict(nx.all_pairs_dijkstra_path_length(graph, weight="w"))
    speed = rules.value("circle.speed")
    rows = place.to_dict("records")

    def has(node: str, service: str) -> bool:
        limit = min(speed[a] for a in GROUPS[service]) * 150
        return any(r["service"] == service and steps[node].get(r["node"], 10**9) <= limit for r in rows)

    wanted = {
        (a["place"], b["place"]): (
            steps[a["node"]][b["node"]] / 10,
            "|".join(s for s in rules.value("circle.required") if not has(a["node"], s) and not has(b["node"], s)),
        )
        for a in rows
        for b in rows
        if a["service"] == b["service"]
        and a["service"] in GROUPS
        and a["place"] < b["place"]
        and steps[a["node"]].get(b["node"], 10**9) <= 3000
    }
    found = circle.twins(place, near)
    keys = zip(found["place"], found["place_2"], strict=True)
    assert dict(zip(keys, zip(found["metres"], found["missing"], strict=True), strict=True)) == wanted


@settings(max_examples=15, deadline=None)
@given(worlds(), st.data())
def test_doors_equal_a_plain_count(world: tuple, data: st.DataObject) -> None:
    town, where, crowd = world
    homes = crowd.assign(
        compound=[data.draw(st.sampled_from(["东苑", "西苑", ""])) + str(i % 2) for i in range(len(crowd))]
    )
    own = data.draw(st.lists(st.sampled_from(range(len(crowd))), min_size=len(where), max_size=len(where)))
    door = data.draw(st.lists(st.booleans(), min_size=len(where), max_size=len(where)))
    names = homes[["township", "community", "compound"]].iloc[own].reset_index(drop=True)
    have = where.rename(columns={"site": "room"}).assign(name="房", own_compound_only=door).join(names)
    near, graph, speed = circle.reach(town, have), by_networkx(town), rules.value("circle.speed")
    far = {
        r: nx.single_source_dijkstra_path_length(graph, n, weight="w")
        for r, n in zip(have.room, have.node, strict=True)
    }

    def served(home: dict, service: str, age: str, opened: str = "") -> bool:
        return any(
            room["service"] == service
            and far[room["room"]].get(home["node"], 10**9) <= speed[age] * 150
            and (
                not room["own_compound_only"]
                or room["room"] == opened
                or all(room[c] == home[c] for c in ("township", "community", "compound"))
            )
            for room in have.to_dict("records")
        )

    def total(opened: str = "") -> dict[tuple[str, str], int]:
        rows = homes.to_dict("records")
        return {(s, a): sum(h[a] for h in rows if served(h, s, a, opened)) for s, ages in GROUPS.items() for a in ages}

    held = circle.admitted(near, have, homes)
    cover = circle.coverage(held, homes).query("minutes == 15").groupby(["service", "group"])["covered"].sum()
    assert cover.to_dict() == total()
    open_all = circle.coverage(near, homes).query("minutes == 15").groupby(["service", "group"])["covered"].sum()
    assert (open_all >= cover).all()
    found = circle.islands(have, near, homes)
    assert set(found["room"]) == set(have.loc[have["own_compound_only"], "room"])
    assert (found["people"] == found["own"] + found["kept_out"]).all()
    assert (found["gain"] <= found["kept_out"]).all()
    for room, service, gain in found[["room", "service", "gain"]].itertuples(index=False):
        more, now = total(room), total()
        assert gain == sum(more[k] - now[k] for k in more if k[0] == service)


def test_the_example_town_as_its_doors_stand() -> None:
    county = examples.county()
    near = circle.reach(county.streets, circle.places(county.sites, county.rooms))
    held = circle.admitted(near, county.rooms, county.communities)
    opened, stands = (circle.coverage(n, county.communities)["covered"].sum() for n in (near, held))
    assert opened > stands
    found = circle.islands(county.rooms, near, county.communities)
    assert len(found) == int(county.rooms["own_compound_only"].sum())
    assert (found["kept_out"] >= 0).all()
    assert circle.COMPOUND == ("township", "community", "compound")


def test_callers_frames_are_not_changed() -> None:
    have, homes = rooms(F1="meals a 东苑 closed", F2="meals b 西苑 open"), crowd()
    town: Streets = streets(TOWN)
    near = circle.reach(town, have)
    place = have.rename(columns={"room": "place"})
    kept = [f.copy() for f in (have, homes, near, place)]
    circle.admitted(near, have, homes)
    circle.islands(have, near, homes)
    circle.twins(place, near)
    for old, new in zip(kept, [have, homes, near, place], strict=True):
        pd.testing.assert_frame_equal(old, new)
    assert list(rules.value("circle.speed")) == AGES
