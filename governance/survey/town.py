"""The circle in depth: what lies behind coverage and gaps, and what rooms and idle land could become."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pandas as pd

from .. import circle, rules, siting
from ..siting import Limits
from ..tables import County
from ..tables.seats import unseated

OFF = ("table", "id", "name", "township", "community", "lon", "lat", "people")
SEATED = {"sites": "服务设施", "rooms": "社区用房", "plots": "闲置地块"}


@dataclass(frozen=True, eq=False)
class Town:
    """What lies behind coverage and gaps, a frame a question; all empty where there are no streets.

    left_out (by age group), areas (gaps joined to named areas), doors (coverage as the doors stand against all open),
    islands, twins, doubles, completed, served, crowding, fairness, criticality, standards, land (what to build), off
    (what lies on no street).
    """

    left_out: pd.DataFrame
    areas: pd.DataFrame
    doors: pd.DataFrame
    islands: pd.DataFrame
    twins: pd.DataFrame
    doubles: pd.DataFrame
    completed: pd.DataFrame
    served: pd.DataFrame
    crowding: pd.DataFrame
    fairness: pd.DataFrame
    criticality: pd.DataFrame
    standards: pd.DataFrame
    land: pd.DataFrame
    off: pd.DataFrame


@dataclass(frozen=True, eq=False)
class Sites:
    """What rooms and idle land could become: the plan and the next-best ones, what each limit costs, land.

    before, after, built : ``circle.coverage`` now, with the plan, and with the buildings on idle land as well. off :
    what lies on no street.
    """

    county: County
    near: pd.DataFrame
    plan: pd.DataFrame
    alternatives: pd.DataFrame
    prices: pd.DataFrame
    land: pd.DataFrame
    before: pd.DataFrame
    after: pd.DataFrame
    built: pd.DataFrame
    off: pd.DataFrame


def seated(county: County) -> dict[str, pd.DataFrame]:
    """The sites, rooms and plots that lie on the streets; none where there are no streets.

    >>> import governance as gov
    >>> {table: len(frame) for table, frame in seated(gov.examples.county()).items()}
    {'sites': 42, 'rooms': 15, 'plots': 9}
    """
    frames = {table: getattr(county, table) for table in SEATED}
    if county.streets.nodes.empty:
        return {table: frame.head(0) for table, frame in frames.items()}
    return {table: frame[frame["node"].notna()].reset_index(drop=True) for table, frame in frames.items()}


def off(county: County) -> pd.DataFrame:
    """The rows that lie on no street and are counted nowhere: places, and homes where homes have longitudes.

    Returns table, id, name, township, community, lon, lat, people (persons of homes, NA for the rest). Where no home
    has a longitude, homes whose place nobody wrote down are not among them: see ``circle.unplaced``.

    >>> import governance as gov
    >>> len(off(gov.examples.county()))
    0
    """
    keys = {"sites": ["site"], "rooms": ["room"], "plots": ["plot"], "communities": list(circle.COMPOUND)}
    parts = []
    for table, key in keys.items():
        frame = getattr(county, table)
        lost = frame["node"].isna() & frame["lon"].notna() | unseated(frame, table)
        rows = frame[lost] if len(county.streets.nodes) else frame.head(0)
        name = rows["name"] if "name" in rows else rows["compound"].fillna(rows["community"])
        people = (
            rows[list(rules.value("circle.speed"))].sum(axis=1)
            if table == "communities"
            else pd.Series(pd.NA, rows.index)
        )
        words = rows[key].astype("str").fillna("").agg("·".join, axis=1) if len(rows) else pd.Series(dtype="str")
        parts.append(rows.assign(table=table, id=words, name=name, people=people.astype("Int64"))[list(OFF)])
    whole = pd.concat(parts, ignore_index=True)
    return whole.astype(dict.fromkeys(("table", "id", "name", "township", "community"), "str"))


def apart(county: County) -> list[tuple[str, str]]:
    """(part, reason) of the rows that lie on no street and are not counted.

    >>> import governance as gov
    >>> apart(gov.examples.county())
    []
    """
    lost = off(county)
    words = [f"{label}{n}处" for table, label in SEATED.items() if (n := int((lost["table"] == table).sum()))]
    if n := int((lost["table"] == "communities").sum()):
        words.append(f"居民点{n}处、{int(lost['people'].sum()):,}人")
    return [("部分点位", f"{'、'.join(words)}没有落在路网上，未计入")] if words else []


def town(county: County, near: pd.DataFrame, gaps: pd.DataFrame, cover: pd.DataFrame, plan: pd.DataFrame) -> Town:
    """The circle of a county in depth, from what ``circle.reach``, ``gaps``, ``coverage``, ``siting.convert`` found.

    >>> import governance as gov
    >>> found = gov.survey.run(gov.examples.county())
    >>> int(found.town.doubles.query("service == 'meals'").people.sum())
    37779
    """
    people, seats = county.communities, seated(county)
    places = circle.places(seats["sites"], seats["rooms"])
    return Town(
        left_out=circle.left_out(near, people),
        areas=circle.clusters(gaps, people, county.streets),
        doors=_doors(near, cover, seats["rooms"], people),
        islands=circle.islands(seats["rooms"], near, people),
        twins=circle.twins(places, near),
        doubles=circle.doubles(near, people),
        completed=circle.completed(circle.completeness(near, people)),
        served=circle.served(near, places, people),
        crowding=circle.crowding(near, places, people),
        fairness=circle.fairness(cover),
        criticality=circle.criticality(near, people),
        standards=circle.standards(people[people["node"].notna()], seats["rooms"], seats["sites"], near),
        land=_land(county, near, plan, None, Limits()),
        off=off(county),
    )


def _doors(near: pd.DataFrame, cover: pd.DataFrame, rooms: pd.DataFrame, people: pd.DataFrame) -> pd.DataFrame:
    """service, people, covered (all doors open), admitted (as the doors stand), kept_out, at the longest minutes."""
    parts = [cover, circle.coverage(circle.admitted(near, rooms, people), people)]
    sums = [
        c[c["minutes"] == c["minutes"].max()].groupby("service", sort=False)[["people", "covered"]].sum() for c in parts
    ]
    out = sums[0].assign(admitted=sums[1]["covered"].reindex(sums[0].index).fillna(0).astype("int64"))
    return out.assign(kept_out=out["covered"] - out["admitted"]).reset_index()


def _become(near: pd.DataFrame, ids: pd.Series, services: pd.Series) -> pd.DataFrame:
    """``near`` with the places ``ids`` serving ``services``."""
    new = dict(zip(ids.astype(str), services.astype(str), strict=True))
    origin, service = near["origin"].astype("str"), near["service"].astype("str")
    return near.assign(service=service.where(~origin.isin(new), origin.map(new).astype("str")))


def _land(county: County, near: pd.DataFrame, plan: pd.DataFrame, budget: int | None, limits: Limits) -> pd.DataFrame:
    """What to build on idle land once the plan of the rooms is carried out."""
    plots = seated(county)["plots"]
    after = pd.concat([_become(near, plan["room"], plan["service"]), _ground(county)], ignore_index=True)
    return siting.build(plots, county.communities, after, budget=budget, limits=limits)


def _ground(county: County) -> pd.DataFrame:
    """``circle.reach`` of the idle plots."""
    plots = seated(county)["plots"]
    idle = plots.rename(columns={"plot": "place"})[["place", "node"]].assign(service=circle.IDLE)
    return circle.reach(county.streets, idle)


def sites(county: County, *, budget: int | None = None, limits: Limits | None = None, count: int = 10) -> Sites:
    """What rooms and idle land could become, with the next-best plans and what each limit costs.

    budget : at most so many conversions, and so many buildings (``siting.budget`` when None). limits : of
    ``siting.Limits``; for idle land its money and kept rooms do not count. No money is no conversion, as ``budget=0``
    is. Rooms to keep that lie on no street are kept anyway. count : so many plans at most.
    Raises InfeasibleError where no plan keeps to the limits.

    >>> import governance as gov
    >>> found = sites(gov.examples.county(), budget=1, count=2)
    >>> len(found.plan), int(found.alternatives["plan"].max()), len(found.land)
    (1, 2, 1)
    """
    limits, seats, people = limits or Limits(), seated(county), county.communities
    near = circle.reach(county.streets, circle.places(seats["sites"], seats["rooms"]))
    asked, rooms = (seats["rooms"], people, near), county.rooms
    off_streets = set(rooms.loc[rooms["node"].isna(), "room"])
    keep = [limits.keep] if isinstance(limits.keep, str) else limits.keep
    limits = replace(limits, keep=tuple(room for room in keep if str(room) not in off_streets))
    changes = budget
    if limits.funds == 0:
        limits, changes = replace(limits, funds=None), 0
    plan = siting.convert(*asked, budget=changes, limits=limits)
    land = _land(county, near, plan, budget, Limits())
    after = _become(near, plan["room"], plan["service"])
    built = pd.concat([after, _become(_ground(county), land["plot"], land["service"])], ignore_index=True)
    return Sites(
        county=county,
        near=near,
        plan=plan,
        alternatives=siting.alternatives(*asked, budget=changes, limits=limits, count=count),
        prices=siting.prices(*asked, budget=changes, limits=limits),
        land=land,
        before=circle.coverage(near, people),
        after=circle.coverage(after, people),
        built=circle.coverage(built, people),
        off=off(county),
    )
