"""A real city: who reaches healthcare and a school on foot in Porto Alegre, against a count of our own on networkx."""

from __future__ import annotations

import os
from pathlib import Path

import networkx as nx
import numpy as np
import pandas as pd
import pytest
import shapely
from pyproj import Transformer

import governance as gov
from governance import rules

FOLDER = Path(os.environ.get("GOVERNANCE_NETWORKS", Path(__file__).resolve().parents[2] / "shared" / "networks"))
FILES = FOLDER / "r5r_poa.osm.pbf", FOLDER / "r5r_poa_hexgrid.csv"
pytestmark = pytest.mark.skipif(not all(f.exists() for f in FILES), reason=f"{FOLDER} 没有阿雷格里港的路网和六边形人口")
AGES = list(rules.value("circle.speed"))
USES = {"healthcare": ("health", "age_15_59"), "schools": ("child_custody", "age_7_14")}
WITHIN = 300.0  # hexagons are 350 m wide: their middles lie off the streets


@pytest.fixture(scope="module")
def city() -> tuple[gov.Streets, pd.DataFrame, gov.streets.Snapped]:
    streets, cells = gov.streets.read(FILES[0]), pd.read_csv(FILES[1])
    return streets, cells, gov.streets.snap(streets, cells, within=WITHIN)


def metres_by_hand(streets: gov.Streets, cells: pd.DataFrame, sites: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Metres from each cell to the nearest of ``sites`` over the uncut streets, and how far each cell is off them."""
    at = streets.nodes.set_index("node")[["x", "y"]].astype(float)
    walk = streets.edges[streets.edges["kind"] != "bridge"].reset_index(drop=True)
    ends = [at.loc[walk[c]].to_numpy() for c in ("source", "target")]
    lines = shapely.linestrings(np.stack(ends, axis=1))
    turn = Transformer.from_crs("EPSG:4326", streets.crs, always_xy=True)
    points = shapely.points(np.stack(turn.transform(cells["lon"], cells["lat"]), axis=1))
    edge = shapely.STRtree(lines).nearest(points)
    off = shapely.distance(points, lines[edge])
    share = shapely.line_locate_point(lines[edge], points, normalized=True)
    length = walk["length_m"].to_numpy()[edge]
    to_ends = np.stack([share * length, (1 - share) * length], axis=1) + off[:, None]
    graph = nx.Graph()
    for a, b, w in streets.edges[["source", "target", "length_m"]].itertuples(index=False):
        graph.add_edge(a, b, weight=min(w, graph.get_edge_data(a, b, {"weight": w})["weight"]))
    names = walk[["source", "target"]].to_numpy(object)[edge]
    for i in np.flatnonzero(sites & (off <= WITHIN)):
        for k in (0, 1):
            if to_ends[i, k] < graph.get_edge_data("middle", names[i, k], {"weight": np.inf})["weight"]:
                graph.add_edge("middle", names[i, k], weight=to_ends[i, k])
    found = nx.single_source_dijkstra_path_length(graph, "middle", weight="weight")
    out = np.array([[found.get(n, np.inf) for n in row] for row in names]) + to_ends
    best = out.min(axis=1)
    mine = pd.DataFrame({"edge": edge, "along": share * length, "off": off})
    for i in np.flatnonzero(sites & (off <= WITHIN)):  # a site on the cell's own street
        same = (mine["edge"] == edge[i]).to_numpy()
        direct = (mine["along"] - mine["along"].iloc[i]).abs() + mine["off"] + off[i]
        best[same] = np.minimum(best[same], np.where(np.arange(len(best)) == i, 0, direct)[same])
    return best, off


def test_every_cell_is_placed_or_told(city: tuple) -> None:
    _, cells, done = city
    assert len(done.placed) + len(done.lost) == len(cells) == 1227
    assert done.points["node"].notna().sum() == len(done.placed)
    assert cells.loc[done.points["node"].isna(), "population"].sum() < 0.02 * cells["population"].sum()


@pytest.mark.parametrize("kind", list(USES))
def test_population_covered_equals_the_count_by_hand(city: tuple, kind: str) -> None:
    streets, cells, done = city
    service, age = USES[kind]
    homes = done.points[done.points["node"].notna()].reset_index(drop=True)
    sites = homes[homes[kind] > 0].rename(columns={"id": "site"}).assign(service=service)
    people = pd.DataFrame({"township": "Porto Alegre", "community": homes["id"], "compound": "", "node": homes["node"]})
    people = people.assign(**dict.fromkeys(AGES, 0)).assign(**{age: homes["population"]})
    near = gov.circle.nearest(done.streets, sites)
    cover = gov.circle.coverage(near, people).query("service == @service and group == @age")

    by_hand, _ = metres_by_hand(streets, cells, (cells[kind] > 0).to_numpy())
    by_hand = by_hand[done.points["node"].notna().to_numpy()]
    ours = homes[["node"]].merge(near[near["service"] == service], on="node")["metres"].to_numpy()
    both = np.isfinite(ours) & np.isfinite(by_hand)
    assert (np.isfinite(ours) == np.isfinite(by_hand)).all()
    assert np.abs(ours[both] - by_hand[both]).max() < 1.0  # lengths of the uncut streets are not in whole decimetres
    for minutes, part in cover.groupby("minutes"):
        limit = rules.value("circle.speed")[age] * minutes
        sure = np.abs(by_hand - limit) > 1.0
        inside = homes["population"].to_numpy()[(by_hand <= limit) & sure].sum()
        doubtful = homes["population"].to_numpy()[~sure].sum()
        assert inside <= part["covered"].sum() <= inside + doubtful, minutes
        assert part["people"].sum() == homes["population"].sum()
    assert 0.2 < cover.loc[cover["minutes"] == 15, "covered"].sum() / homes["population"].sum() < 1
