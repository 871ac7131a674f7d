"""Sites, rooms, homes and plots put on the streets: each at the nearest point on an edge, its way to there counted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pandas as pd

from ..errors import require
from ..tables import Streets
from .points import asked, plane, reading
from .seat import GIVEN, LOST, PLACED, PLANE, SNAPPED, islands, put, totals

if TYPE_CHECKING:
    from ..tables import County

__all__ = ["GIVEN", "LOST", "PLACED", "SNAPPED", "Placed", "Snapped", "place", "snap"]
TABLES = {"sites": "设施", "rooms": "用房", "communities": "居民点", "plots": "地块"}
KEYS = {
    "sites": ["site"],
    "rooms": ["room"],
    "communities": ["township", "community", "compound"],
    "plots": ["plot"],
}
_IDS = ("place", "site", "room", "plot", "id")


@dataclass(frozen=True, eq=False)
class Placed:
    """A county on its streets: ``county``, ``placed`` and ``lost`` rows, ``notes`` (Chinese sentences).

    See ``place``.
    """

    county: County
    placed: pd.DataFrame
    lost: pd.DataFrame
    notes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Snapped:
    """Points on streets: ``streets`` with their nodes, ``points`` with ``node`` filled, and the rest as ``Placed``."""

    streets: Streets
    points: pd.DataFrame
    placed: pd.DataFrame
    lost: pd.DataFrame
    notes: tuple[str, ...]


def place(
    county: County, streets: Streets | None = None, *, coords: str | None = None, within: float | None = None
) -> Placed:
    """The county with its sites, rooms, homes and plots on the streets, and what became of every row.

    county : its sites, rooms, communities and plots have node, or lon and lat (degrees), or both. A node of the
    streets is kept as given; otherwise the row is put where its coordinates are. streets : the walking network with
    its crs (the county's own when None). coords : what lon and lat are: ``wgs84``, ``cgcs2000``, ``gcj02`` (Gaode,
    Tencent), ``bd09`` (Baidu), what people call them (火星坐标, 高德, 百度) or ``EPSG:…`` (lon and lat then hold that
    system's x and y); None is ``wgs84``. within : metres from a
    street beyond which a row is reported and not moved (rule ``streets.offset`` when None).

    Returns county (``node`` filled, NaN where lost; its streets cut where points are put), placed (table, id, name,
    township, community, node, offset_m: metres from the street to the door, edge and street: what it was put on, how:
    ``given node`` or ``snapped``), lost (table, row counted from 1, id, name, lon, lat as given, metres to the nearest
    street, fault, remedy), notes. Rows read = placed + lost.

    Each point becomes a node of its own, joined by a path as long as its offset to its foot on the nearest edge that
    is no ferry (a bridge only where nothing else is near); the edge is cut at the foot, so every later search stays
    exact. All lengths are whole decimetres; a foot within a decimetre of an edge's end is that end.

    Raises TableError for streets without edges, coordinates or crs where these are needed.

    What it does not show: walls, gates and rivers between a door and its nearest street; which of
    two readings of the coordinates is true (a note says when another fits better, nothing is switched).

    >>> from governance.tables import check, frame
    >>> nodes = pd.DataFrame({"node": ["a", "b"], "x": [400000.0, 400100.0], "y": 3300000.0})
    >>> edges = pd.DataFrame({"edge": ["E1"], "source": "a", "target": "b", "length_m": [100.0], "name": "人民路"})
    >>> rows = pd.DataFrame({"site": ["S1", "S2"], "name": ["食堂", "书房"], "lon": [121.9653, 29.8265],
    ...                      "lat": [29.826523, 121.9653]})
    >>> county = replace(check("no such folder").county, sites=rows)
    >>> done = place(county, Streets(nodes, edges, "EPSG:32651"))
    >>> done.placed[["id", "node", "offset_m", "street"]]
       id     node  offset_m street
    0  S1  点·设施·S1      11.9    人民路
    >>> done.lost[["id", "fault", "remedy"]].values.tolist()
    [['S2', '经度、纬度像是写反了(经度 29.8265,纬度 121.965)', '对调经度和纬度']]
    """
    own = county.streets if streets is None else streets
    frames = {t: getattr(county, t) for t in TABLES if getattr(county, t, None) is not None}
    for table, frame in frames.items():
        require(frame, KEYS[table][:1], f"{TABLES[table]}表")
    parts = [asked(f, t, [k for k in KEYS[t] if k in f]) for t, f in frames.items()]
    rows = pd.concat(parts, ignore_index=True) if parts else asked(pd.DataFrame(), "sites", [])
    done = put(rows, own, reading(coords), within)
    new = {}
    for table, frame in frames.items():
        node = done.node[(rows["table"] == table).to_numpy()]
        new[table] = frame.assign(node=pd.Series(node.to_numpy(object), frame.index, dtype="str"))
    notes = [*done.notes, *islands(done.streets, done.placed, _people(frames))]
    return Placed(replace(county, streets=done.streets, **new), done.placed, done.lost, tuple(notes))


def _people(frames: dict[str, pd.DataFrame]) -> pd.Series:
    """Persons of every home, by the id it has in ``placed``."""
    homes = frames.get("communities", pd.DataFrame())
    rows = asked(homes, "communities", [k for k in KEYS["communities"] if k in homes])
    return totals(homes, rows["id"])


def snap(streets: Streets, points: pd.DataFrame, *, coords: str | None = None, within: float | None = None) -> Snapped:
    """Streets with a node for every point, the points with their node, and what became of every row.

    points : lon and lat in ``coords``, or x and y (metres) on the plane of the streets; a column place, site, room,
    plot or id names them; node, name, township and community are read where they are. coords, within, the account and
    the errors : as for ``place``.

    >>> nodes = pd.DataFrame({"node": ["a", "b"], "x": [0.0, 100.0], "y": [0.0, 0.0]})
    >>> edges = pd.DataFrame({"edge": ["E1"], "source": "a", "target": "b", "length_m": [100.0]})
    >>> shop = pd.DataFrame({"id": ["S1"], "x": [30.0], "y": [12.0]})  # a --30-- foot --70-- b, the shop 12 m north
    >>> done = snap(Streets(nodes, edges), shop)
    >>> done.streets.edges[["edge", "source", "target", "length_m"]]
         edge    source    target  length_m
    0    E1·1         a  足·E1·1      30.0
    1    E1·2  足·E1·1         b      70.0
    2  支·S1  足·E1·1     点·S1      12.0
    """
    key = next((k for k in _IDS if k in points), None)
    if not plane(points) and "node" not in points:
        require(points, ["lon", "lat"], "点位表")
    rows = asked(points, "points", [key] if key else [])
    done = put(rows, streets, PLANE if plane(points) else reading(coords), within)
    node = pd.Series(done.node.to_numpy(object), points.index, dtype="str")
    return Snapped(done.streets, points.assign(node=node), done.placed, done.lost, tuple(done.notes))
