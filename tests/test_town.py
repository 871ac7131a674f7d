"""The made-up town is what the two articles say of their own, and the same on every machine."""

from __future__ import annotations

import csv
import hashlib
from importlib import resources
from pathlib import Path

import networkx as nx
import numpy as np
import pandas as pd
import pytest

from governance.examples.town import AGES, COMMUNITIES, NAME, VILLAGES, urban

MADE = urban()
UNITS = Path(__file__).parents[2] / "shared" / "xinchang_units_2023.csv"


def schema(table: str) -> list[str]:
    with (resources.files("governance") / "schemas" / f"{table}.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("table", list(MADE))
def test_columns_values_and_references_are_those_of_the_schema(table: str) -> None:
    frame, columns = MADE[table], schema(table)
    unused = {c["name"] for c in columns} - set(frame)
    assert unused <= {"lon", "lat", "name", "must_stay"}  # the made-up town lies nowhere on earth
    columns = [c for c in columns if c["name"] not in unused]
    assert list(frame) == [c["name"] for c in columns]
    for column in columns:
        values = frame[column["name"]]
        if column["required"]:
            assert values.notna().all(), column["name"]
        if column["type"] == "choice":
            assert set(values.dropna()) <= {a.split("=")[1] for a in column["allowed"].split("|")}
        if column["refers_to"] in ("nodes.node", "rooms.room"):
            other, key = column["refers_to"].split(".")
            assert set(values.dropna()) <= set(MADE[other][key])
    keys = [c["name"] for c in columns if c["key"]]
    assert not frame.duplicated(keys).any()


def test_every_call_gives_the_same_bytes() -> None:
    for table, frame in urban().items():
        pd.testing.assert_frame_equal(frame, MADE[table])
    whole = "".join(MADE[t].to_csv(index=False, lineterminator="\n") for t in sorted(MADE) if t != "plots")
    assert hashlib.sha256(whole.encode()).hexdigest()[:16] == "9752c13b14a998d3"


@pytest.mark.parametrize("seed", range(6))
def test_every_seed_gives_a_town_of_the_kind(seed: int) -> None:
    made = urban(seed)
    assert 7_700 <= len(made["nodes"]) <= 8_300
    assert 4 <= (made["edges"]["kind"] == "bridge").sum() <= 6
    assert made["communities"][list(AGES)].to_numpy().sum() == 146_700
    assert made["rooms"]["area_m2"].mul(100).round().sum() == 181_041
    assert made["communities"].groupby("community").size().between(2, 6).all()


def test_eleven_communities_and_eighteen_villages_hold_146700_people() -> None:
    people = MADE["communities"]
    assert set(people["community"]) == {*COMMUNITIES, *VILLAGES}
    assert (len(set(COMMUNITIES)), len(set(VILLAGES))) == (11, 18)
    assert people[list(AGES)].to_numpy().sum() == 146_700
    assert (people[[*AGES, "households"]] >= 0).all().all()
    urban = people["community"].isin(COMMUNITIES)
    old = [
        part[["age_60_79", "age_80_up"]].to_numpy().sum() / part[list(AGES)].to_numpy().sum()
        for part in (people[urban], people[~urban])
    ]
    assert old[0] == pytest.approx(0.22, abs=0.01)
    assert old[1] > 0.30


def test_fifteen_rooms_of_1810_41_square_metres_mostly_for_elder_care() -> None:
    rooms = MADE["rooms"]
    assert (len(rooms), rooms["area_m2"].mul(100).round().sum()) == (15, 181_041)
    assert rooms["service"].isin(["elder_care", "idle"]).sum() == 14
    assert (rooms["funding"] == "government").sum() > 7
    assert rooms["own_compound_only"].sum() > 10
    twins = rooms[rooms["service"] == "elder_care"].groupby("community").size()
    assert (twins > 1).sum() >= 2
    assert rooms[["exhaust", "circuits", "plumbing", "step_free", "insulation"]].isna().to_numpy().any()


def test_one_centre_24_care_points_and_10_meal_points_and_too_little_else() -> None:
    sites = MADE["sites"]
    assert sites["tier"].value_counts().to_dict() == {"care_point": 24, "meal_point": 10, "other": 7, "centre": 1}
    assert set(sites.loc[sites["tier"].isin(["centre", "care_point"]), "service"]) == {"elder_care"}
    assert set(sites.loc[sites["tier"] == "meal_point", "service"]) == {"meals"}
    assert set(sites.loc[sites["tier"] == "other", "service"]) == {"health", "culture", "childcare", "child_custody"}


def test_two_hundred_activities_draw_a_little_over_ten_thousand() -> None:
    activities = MADE["activities"]
    assert 200 <= len(activities) <= 210
    assert 10_000 < activities["attendance"].sum() < 10_500
    assert activities["date"].between("2024-07-01", "2026-06-30").all()
    rooms = MADE["rooms"].set_index("room")
    held = activities.dropna(subset=["room"])
    assert (held["room"].map(rooms["community"]) == held["community"]).all()


def test_no_length_is_below_the_straight_distance() -> None:
    at = MADE["nodes"].set_index("node")[["x", "y"]]
    edges = MADE["edges"]
    a, b = at.loc[edges["source"]].to_numpy(), at.loc[edges["target"]].to_numpy()
    straight = np.array([np.hypot(*d) for d in a - b])
    assert (edges["length_m"].to_numpy() >= straight).all()
    assert (edges["length_m"].to_numpy() <= 1.6 * straight + 1).all()
    assert (straight > 0).all()


def test_nearly_all_nodes_hang_together_and_every_compound_site_and_room_among_them() -> None:
    graph = nx.Graph(MADE["edges"][["source", "target"]].itertuples(index=False, name=None))
    parts = sorted(nx.connected_components(graph), key=len, reverse=True)
    assert set(MADE["nodes"]["node"]) == set(graph)
    assert 0.99 * len(graph) < len(parts[0]) < len(graph)
    assert min(map(len, parts)) >= 4
    for table in ("communities", "sites", "rooms", "plots"):
        assert set(MADE[table]["node"]) <= parts[0]


def test_only_bridges_join_the_two_banks() -> None:
    edges = MADE["edges"]
    town_graph = nx.Graph(edges.loc[edges["kind"] != "bridge", ["source", "target"]].itertuples(index=False, name=None))
    banks = sorted((len(p) for p in nx.connected_components(town_graph)), reverse=True)
    assert banks[1] > 1000


def test_steps_lie_in_the_hills_and_ground_is_flat_in_town() -> None:
    nodes, edges = MADE["nodes"].set_index("node"), MADE["edges"]
    steps = nodes.loc[edges.loc[edges["kind"] == "steps", "source"]]
    assert len(steps) > 10
    assert (steps["x"] < 3500).all()
    assert (steps["y"] > 4500).all()
    assert nodes["height"].max() > 300
    centre = nodes[(nodes["x"] - 4000).abs().lt(800) & (nodes["y"] - 3500).abs().lt(800)]
    assert centre["height"].between(30, 50).all()


@pytest.mark.skipif(not UNITS.exists(), reason="../shared is not here: the real unit names cannot be compared")
def test_no_name_is_that_of_a_real_unit_of_the_county_the_articles_are_about() -> None:
    real = pd.read_csv(UNITS, dtype=str)["name"].str.cat(sep=" ")
    assert not [n for n in (*COMMUNITIES, *VILLAGES, NAME) if n[:2] in real]
