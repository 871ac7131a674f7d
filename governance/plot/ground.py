"""What the maps stand on: where nodes and streets lie, how far a street is from a service, who is left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from .. import rules, tables
from ..errors import TableError, require
from ..walking import decimetres, stretch

if TYPE_CHECKING:
    from ..tables import County, Streets

COMPOUND = ["township", "community", "compound"]
SCHEMATIC = "示意图,非行政界线"


class Pace(NamedTuple):
    """Whose speed colours the streets: ``group`` in Chinese, ``speed`` in metres a minute, ``rings`` in minutes."""

    group: str
    speed: float
    rings: list[float]


def positions(streets: Streets) -> pd.DataFrame:
    """x, y (metres) of every node that has both, by node."""
    require(streets.nodes, ["node", "x", "y"], "路网节点表")
    at = streets.nodes.set_index("node")[["x", "y"]].astype(float)
    return at[np.isfinite(at.to_numpy()).all(axis=1)]


def known(service: str) -> str:
    """The service in Chinese. Raises TableError for one that no rule knows."""
    names = list(dict.fromkeys([*rules.value("circle.groups"), *rules.value("siting.needs")]))
    if service not in names:
        raise TableError(f"没有名为 {service} 的服务;可用:{'、'.join(names)}")
    return tables.label("sites", "service", service)


def pace(service: str, minutes: float) -> Pace:
    """The slowest group the service is for (of all, where ages do not tell), and the rings up to ``minutes``."""
    speed = rules.value("circle.speed")
    slow = min(rules.value("circle.groups").get(service) or list(speed), key=lambda age: speed[age])
    rings = [m for m in rules.value("circle.minutes") if m < minutes]
    return Pace(tables.label("results", "group", slow), speed[slow], [*rings, minutes])


def steps(near: pd.DataFrame, service: str, minutes: float) -> pd.Series:
    """Decimetres from each node to its nearest place of the service, by node; nodes not in it are farther.

    Raises TableError for missing columns, or where ``near`` was searched for less than ``minutes``.
    """
    require(near, ["service", "node", "metres"], "可达范围")
    if "within" in near and len(near) and near["within"].min() < minutes:
        least = near["within"].min()
        raise TableError(f"可达范围只算到 {least:g} 分钟,这里要画 {minutes:g} 分钟;请以 minutes={minutes:g} 重算")
    mine = near[near["service"] == service]
    return pd.Series(decimetres(mine["metres"]), mine["node"].astype(object), dtype=float).groupby(level=0).min()


def rings(edges: pd.DataFrame, far: pd.Series, pace: Pace) -> np.ndarray:
    """Which ring each street lies in by its farther end: 0, 1, … and ``len(pace.rings)`` beyond the last."""
    ends = [pd.Series(edges[c].map(far), dtype=float).fillna(np.inf).to_numpy() for c in ("source", "target")]
    return np.searchsorted([stretch(pace.speed, m) for m in pace.rings], np.maximum(*ends), side="left")


def lines(at: pd.DataFrame, edges: pd.DataFrame) -> tuple[np.ndarray, list[np.ndarray]]:
    """Which streets can be drawn (both ends lie somewhere), and the points of each that can, bent ones bent."""
    rows = np.stack([at.index.get_indexer(pd.Index(edges[c])) for c in ("source", "target")], axis=1)
    drawn = np.asarray((rows >= 0).all(axis=1))
    found = list(at.to_numpy(float)[rows[drawn]])
    if "geometry" in edges:
        import shapely

        bent = edges["geometry"].to_numpy(object)[drawn]
        which = np.flatnonzero([isinstance(g, shapely.LineString) and not g.is_empty for g in bent])
        points, line = shapely.get_coordinates(bent[which], return_index=True)
        for k, part in zip(which, np.split(points, np.flatnonzero(np.diff(line)) + 1), strict=bool(len(which))):
            found[k] = part
    return drawn, found


def left_out(county: County, near: pd.DataFrame, service: str, minutes: float) -> pd.DataFrame:
    """township, community, compound, node, people (the service is for), missing (of them, not reached in time).

    One row a compound that has a node, in the order of ``county.communities``; each group at its own speed, as in
    ``circle.gaps``. A service that ages do not tell who needs it has 0 people.
    """
    speed, ages = rules.value("circle.speed"), rules.value("circle.groups").get(service, [])
    homes = county.communities
    require(homes, [*COMPOUND, "node", *ages], "村社人口表")
    homes = homes[homes["node"].notna()]
    far = pd.Series(homes["node"].map(steps(near, service, minutes)), dtype=float).fillna(np.inf).to_numpy()
    size = homes[ages].fillna(0).astype(float).round().astype("int64").to_numpy()
    late = far[:, None] > np.array([stretch(speed[age], minutes) for age in ages], float)[None, :]
    out = homes[[*COMPOUND, "node"]].reset_index(drop=True)
    return out.assign(people=size.sum(axis=1), missing=np.where(late, size, 0).sum(axis=1))


def called(homes: pd.DataFrame) -> pd.Series:
    """What people call each home: its compound, or its community where that is not split."""
    whole = homes["compound"].isna() | (homes["compound"] == "")
    return homes["compound"].astype(object).mask(whole, homes["community"]).astype(str)


def territories(county: County) -> pd.DataFrame:
    """community and its territory (a shapely polygon): the ground nearer to its homes than to any other's.

    Cut off a little beyond the homes. Homes of several communities at one node count for the first. Fewer than
    three places have no territories.
    """
    import shapely

    homes = county.communities[[*COMPOUND, "node"]].copy()
    homes["name"] = homes["township"].astype(str) + homes["community"].astype(str)
    homes = homes.join(positions(county.streets), on="node").dropna(subset=["x", "y"]).drop_duplicates(["x", "y"])
    if len(homes) < 3:
        return pd.DataFrame({"community": pd.Series(dtype="str"), "territory": pd.Series(dtype=object)})
    points = shapely.points(homes[["x", "y"]].to_numpy())
    wide = np.ptp(homes[["x", "y"]].to_numpy(), axis=0).max()
    edge = shapely.MultiPoint(points).convex_hull.buffer(wide * 0.03)
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.MultiPoint(points), extend_to=edge))
    owner = shapely.STRtree(cells).query(points, predicate="intersects")
    first = dict(zip(*owner, strict=True))
    homes["cell"] = [shapely.intersection(cells[first[k]], edge) for k in range(len(homes))]
    parts = homes.groupby("name", sort=False).agg(community=("community", "first"), territory=("cell", list))
    return parts.assign(territory=parts["territory"].map(shapely.union_all)).reset_index(drop=True)


def converted(county: County, plan: pd.DataFrame) -> pd.DataFrame:
    """The plan's rows with node and number (1, 2, … as text), in the order given.

    Raises TableError for missing columns and for rooms that the county does not have.
    """
    require(plan, ["room", "name", "from_service", "service", "net"], "改造方案")
    strange = plan.loc[~plan["room"].isin(county.rooms["room"]), "room"]
    if len(strange):
        raise TableError(f"改造方案有社区用房表里没有的用房:{'、'.join(strange.astype(str))}")
    out = plan.drop(columns="node", errors="ignore").join(county.rooms.set_index("room")["node"], on="room")
    return out.assign(number=[str(k) for k in range(1, len(out) + 1)])
