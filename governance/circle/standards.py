"""Standards: what planning codes ask of the circle, checked with how far each number can be trusted.

The standards are data: the rule ``circle.standards``. Each says what it is measured on (``applies``): the people near
a service (``distance``) or a place (``population``), the room area of a community (``rooms``, ``elder_rooms``), its
best complex (``complex_area``, ``complex_functions``, ``complex_core``), all places' capacity (``capacity``) or each
place's area (``size``); ``unmeasured`` is listed without an answer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from .. import rules
from ..errors import RuleError, TableError, require
from .people import COMPOUND, IDLE, homes, searched, some, units
from .supply import links

STANDARDS = ("township", "community", "place", "service", "standard", "measured", "required", "most", "unit", "met",
             "outcome", "short", "over", "status", "source", "note", "needs_review")  # fmt: skip
FIELDS = ("standard", "applies", "unit", "status", "source", "note")
MORE = ("metres", "least", "most", "services", "elsewhere", "per_households", "per_people", "per_floor_m2")
UNIT = ["township", "community"]


class Ground(NamedTuple):
    """What the standards are measured on."""

    units: pd.DataFrame  # township, community, households, people, floor_m2 (NaN unknown), grown (times today)
    places: pd.DataFrame  # place, service, township, community, node, area_m2, capacity, kind, tier
    homes: pd.DataFrame  # the placed compounds
    ways: pd.DataFrame  # of ``links``
    unplaced: pd.DataFrame  # the compounds without a node, with the age columns
    searched: float  # decimetres


def standards(
    communities: pd.DataFrame,
    rooms: pd.DataFrame,
    sites: pd.DataFrame,
    near: pd.DataFrame,
    *,
    future: float | pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Every standard of ``circle.standards`` beside what is there: one row a standard and community, place or county.

    communities : township, community, compound, node, households, the age columns and, where known, floor_area_m2.
    rooms : room, service, township, community, node, area_m2. sites : site, service, township, community, node and,
    where known, capacity, area_m2, tier. near : what ``reach`` found for both. future : population-linked adjustment
    (人口联动): how many times today's people and households are to be provided for (1.1), or a frame shaped like
    ``communities`` of the population to come, every community in it. It changes what is required for households,
    people and floor area, never who lives near what today.

    Returns township, community ("" for the whole county), place (of ``population``, ``size`` and the complexes: ids
    joined by 、; else NaN), service (NaN where it does not matter), standard, measured, required, most (upper bound,
    NaN where none), unit (of these), met (NA where what is unknown could decide, and where nothing is asked), outcome
    (met, missed, unknown, not_applicable: nobody to serve, so that nothing is asked), short (what is missing up to
    required), over (what is beyond most), status (已核实, 来源较弱, 可调整默认值), source, note, needs_review (status
    not 已核实, or a standard of other provinces). A standard with nothing to measure has one row, measured NaN. In the
    order of the rule, then of the communities, services, places.
    Raises TableError for missing columns or communities that ``future`` lacks; RuleError for a faulty rule.

    What it does not show: quality, opening hours, equipment; places outside the county; whether a standard binds here.

    >>> people = pd.DataFrame({"township": "甲镇", "community": "乙村", "compound": "", "node": ["a"],
    ...                        "households": 200, **{age: 50 for age in rules.value("circle.speed")}})
    >>> rooms = pd.DataFrame({"room": ["F1"], "service": "culture", "township": "甲镇", "community": "乙村",
    ...                       "node": "a", "area_m2": 50.0})
    >>> sites = rooms.rename(columns={"room": "site"}).iloc[:0]
    >>> near = pd.DataFrame({"origin": ["F1"], "service": "culture", "node": "a", "metres": 0.0})
    >>> found = standards(people, rooms, sites, near, future=1.5).query("standard == '社区综合服务设施面积'")
    >>> found[["measured", "required", "short", "met", "status"]].values.tolist()
    [[50.0, 90.0, 40.0, False, '已核实']]
    """
    ground = _ground(communities, rooms, sites, near, future)
    parts = []
    for rule in _rules():
        rows = MEASURES[rule["applies"]](ground, rule)
        rows = (rows if len(rows) else _unmeasured(ground, rule)).reindex(
            columns=[*STANDARDS[:4], "measured", "required", "hidden"]
        )
        rows["most"] = rule.get("most", np.nan)
        status = rules.STATUSES[rule["status"]]
        parts.append(rows.assign(
            **{name: rule[name] for name in ("standard", "unit", "source", "note")},
            status=status, needs_review=rule["status"] != "verified" or bool(rule.get("elsewhere")),
        ))  # fmt: skip
    return _judged(pd.concat(parts, ignore_index=True))


def _judged(out: pd.DataFrame) -> pd.DataFrame:
    """met, short and over of every row; ``hidden`` is how much more there may be than was measured (NaN: any)."""
    numbers = ("measured", "required", "most", "hidden")
    out = out.astype(dict.fromkeys(numbers, "float64"))
    measured, required, most, hidden = (out[c] for c in numbers)
    enough, much = measured >= required, measured > most
    low = (measured + hidden.fillna(np.inf)) < required  # even all that is hidden would not do
    high = most.notna() & (measured + hidden.fillna(np.inf) > most) & ~much  # what is hidden may be too much
    unknown = measured.isna() | required.isna() | ~(enough | low) | (enough & high)
    nobody = (required == 0) & ~much
    met = pd.Series(enough & ~much, dtype="boolean").mask(unknown & ~much | nobody)
    outcome = met.map({True: "met", False: "missed"}).fillna("unknown").mask(nobody, "not_applicable")
    short, over = (required - measured).clip(lower=0), (measured - most).clip(lower=0)
    texts = ("township", "community", "place", "service", "standard", "unit", "status", "source", "note", "outcome")
    out = out.assign(met=met, outcome=outcome, short=short, over=over).astype(dict.fromkeys(texts, "str"))
    return out.astype({"met": "boolean", "needs_review": "bool"})[list(STANDARDS)]


def _rules() -> list[dict[str, Any]]:
    """The standards as the rules give them, every fault named."""
    faults = []
    given = rules.value("circle.standards")
    for i, rule in enumerate(given, 1):
        name = rule.get("standard", f"第 {i} 条")
        faults += [f"{name} 缺少 {field}" for field in FIELDS if not rule.get(field)]
        faults += [f"{name} 的 {field} 无人认识" for field in rule if field not in (*FIELDS, *MORE)]
        if rule.get("applies") not in MEASURES:
            faults.append(f"{name} 的 applies 应为 {'、'.join(MEASURES)}")
        if rule.get("status") not in rules.STATUSES:
            faults.append(f"{name} 的 status 应为 {'、'.join(rules.STATUSES)}")
        need = {"distance": ["metres"], "population": ["metres", "least"], "size": ["least", "services"]}
        need |= {"capacity": ["least", "services"], "complex_core": ["least", "services"], "unmeasured": []}
        faults += [f"{name} 缺少 {field}" for field in need.get(rule.get("applies"), ["least"]) if field not in rule]
    if faults:
        raise RuleError(f"规则 circle.standards 有误:{';'.join(faults)}")
    return given


def _ground(
    communities: pd.DataFrame, rooms: pd.DataFrame, sites: pd.DataFrame, near: pd.DataFrame, future: Any
) -> Ground:
    ages = list(rules.value("circle.speed"))
    require(communities, [*COMPOUND, "node", "households", *ages], "村社人口表")
    require(rooms, ["room", "service", *UNIT, "node", "area_m2"], "社区用房表")
    require(sites, ["site", "service", *UNIT, "node"], "服务设施表")
    columns = ["place", "service", *UNIT, "node", "area_m2", "capacity", "kind", "tier"]
    parts = [
        frame.rename(columns={kind: "place"}).assign(kind=kind).reindex(columns=columns)
        for kind, frame in (("room", rooms), ("site", sites))
    ]
    text = {c: "str" for c in columns if c not in ("area_m2", "capacity")}
    places = pd.concat(
        [p.astype({**text, "area_m2": "Float64", "capacity": "Float64"}) for p in parts], ignore_index=True
    )
    places = places.astype({"area_m2": "float64", "capacity": "float64"})
    people = homes(communities)
    lost = communities.loc[communities["node"].isna(), [*UNIT, *ages]].fillna(dict.fromkeys(ages, 0))
    return Ground(_grown(communities, future), places, people, links(near, people), lost, searched(near))


def _grown(communities: pd.DataFrame, future: Any) -> pd.DataFrame:
    """township, community, households, people, floor_m2 to provide for, in the order of ``communities``."""
    today = _sums(communities)
    if future is None:
        return today
    if isinstance(future, pd.DataFrame):
        require(future, [*UNIT, "households", *rules.value("circle.speed")], "未来人口表")
        coming = today[UNIT].merge(_sums(future), on=UNIT, how="left", indicator=True)
        missing = coming.loc[coming["_merge"] == "left_only", "community"]
        if len(missing):
            raise TableError(f"未来人口表缺少这些村(社区):{some(missing)}")
        coming["floor_m2"] = coming["floor_m2"].fillna(today["floor_m2"])
        return coming.drop(columns="_merge")
    if isinstance(future, bool) or not isinstance(future, (int, float)) or not 0 < future < np.inf:
        raise RuleError(f"future={future} 无法使用;应为大于 0 的倍数,或与村社人口表同样的未来人口表")
    return today.assign(**{c: today[c] * float(future) for c in ("households", "people", "floor_m2")})


def _sums(communities: pd.DataFrame) -> pd.DataFrame:
    """township, community, households, people, floor_m2; unknown where a part is (ages: a part counts 0)."""
    names, code = units(communities)
    ages = list(rules.value("circle.speed"))
    floor = communities["floor_area_m2"] if "floor_area_m2" in communities else pd.Series(np.nan, communities.index)
    columns = {
        "households": communities["households"],
        "people": communities[ages].fillna(0).sum(axis=1),
        "floor_m2": floor,
    }
    for name, values in columns.items():
        size = values.astype("Float64").to_numpy(float, na_value=np.nan)
        names[name] = np.bincount(code, size, minlength=len(names))
    return names


# --- what each kind of standard is measured on: township, community, place, service, measured, required, hidden


def _distance(ground: Ground, rule: dict[str, Any]) -> pd.DataFrame:
    """Per community and service: the people it is for who have a place within ``metres``, of all of them."""
    people, limit = ground.homes, 10 * rule["metres"]
    reached = ground.ways[ground.ways["steps"] <= limit]
    parts = []
    for service, ages in rules.value("circle.groups").items():
        size = people[ages].sum(axis=1)
        inside = np.isin(np.arange(len(people)), reached.loc[reached["service"] == service, "home"])
        lived = people[UNIT].assign(
            measured=size.where(inside, 0), hidden=0 if limit <= ground.searched else size.mask(inside, 0)
        )
        lost = ground.unplaced[UNIT].assign(measured=0, hidden=ground.unplaced[ages].sum(axis=1))
        both = lived.assign(required=size), lost.assign(required=lost["hidden"])
        sums = pd.concat(both).groupby(UNIT)[["measured", "required", "hidden"]].sum().reset_index()
        parts.append(ground.units[UNIT].merge(sums, on=UNIT, how="left").fillna(0).assign(service=service))
    return pd.concat(parts).sort_index(kind="stable")


def _population(ground: Ground, rule: dict[str, Any]) -> pd.DataFrame:
    """Per place in use: the people of all ages within ``metres`` of it; unplaced people may be among them."""
    people, limit = ground.homes, 10 * rule["metres"]
    size = people[list(rules.value("circle.speed"))].sum(axis=1).to_numpy()
    ways = ground.ways[ground.ways["steps"] <= limit]
    reached = pd.Series(size[ways["home"]], ways["origin"].astype("str")).groupby(level=0).sum()
    known = set(rules.value("circle.groups"))
    rows = ground.places[ground.places["service"].isin(known)].copy()
    rows["measured"] = rows["place"].map(reached).fillna(0)
    lost = ground.unplaced[list(rules.value("circle.speed"))].to_numpy().sum()
    return rows.assign(required=rule["least"], hidden=lost if limit <= ground.searched else np.nan)


def _area(ground: Ground, rule: dict[str, Any], mine: pd.DataFrame) -> pd.DataFrame:
    """Per community: the area of ``mine``, and what its households or floor area ask for."""
    sums = mine.assign(hidden=np.where(mine["area_m2"].isna(), np.inf, 0)).groupby(UNIT)[["area_m2", "hidden"]].sum()
    rows = ground.units.merge(sums.reset_index(), on=UNIT, how="left").fillna({"area_m2": 0, "hidden": 0})
    base = next((c for c in ("households", "floor_m2", "people") if f"per_{c}" in rule), None)
    required = rule["least"] * rows[base] / rule[f"per_{base}"] if base else float(rule["least"])
    return rows.assign(measured=rows["area_m2"], required=required)


def _rooms(ground: Ground, rule: dict[str, Any]) -> pd.DataFrame:
    """Community rooms, idle ones too: the space is there."""
    return _area(ground, rule, ground.places[ground.places["kind"] == "room"])


def _elder_rooms(ground: Ground, rule: dict[str, Any]) -> pd.DataFrame:
    """Rooms and sites of elder care, but no centre of the whole township."""
    return _area(
        ground, rule, ground.places[(ground.places["service"] == "elder_care") & (ground.places["tier"] != "centre")]
    )


def _complex(ground: Ground, rule: dict[str, Any], what: str) -> pd.DataFrame:
    """Per community: its best complex, the places in use at one street node, judged by the same complex throughout."""
    needs = {r["applies"]: r for r in reversed(_rules()) if r["applies"].startswith("complex_")}
    core = needs.get("complex_core", {}).get("services", [])
    rows = ground.places[ground.places["service"] != IDLE].dropna(subset="node").sort_values("place")
    rows = rows.assign(core=rows["service"].where(rows["service"].isin(core)))
    rows["hidden"] = np.where(rows["area_m2"].isna(), np.inf, 0)
    found = rows.groupby([*UNIT, "node"]).agg(
        place=("place", "、".join), complex_area=("area_m2", "sum"), hidden=("hidden", "sum"),
        complex_functions=("service", "nunique"), complex_core=("core", "nunique"),
    ).reset_index()  # fmt: skip
    found["fits"] = sum((found[name] >= need["least"]).astype(int) for name, need in needs.items())
    order = ["fits", "complex_area", "complex_functions", "node"]
    best = found.sort_values(order, ascending=[False, False, False, True]).drop_duplicates(UNIT)
    out = ground.units[UNIT].merge(best, on=UNIT, how="left")
    hidden = out["hidden"].fillna(0) if what == "complex_area" else 0
    return out.assign(measured=out[what].fillna(0), required=rule["least"], hidden=hidden)


def _capacity(ground: Ground, rule: dict[str, Any]) -> pd.DataFrame:
    """The whole county: places of the services, and as many whole places as its people ask for."""
    mine = ground.places[ground.places["service"].isin(rule["services"])]
    need = rule["least"] * ground.units["people"].sum() / rule["per_people"] if "per_people" in rule else rule["least"]
    hidden = np.inf if mine["capacity"].isna().any() else 0
    row = {"township": "", "community": "", "service": "、".join(rule["services"]), "measured": mine["capacity"].sum()}
    return pd.DataFrame([row | {"required": np.ceil(round(need, 6)), "hidden": hidden}])


def _size(ground: Ground, rule: dict[str, Any]) -> pd.DataFrame:
    """Each place of the services: its area."""
    mine = ground.places[ground.places["service"].isin(rule["services"])]
    return mine.assign(measured=mine["area_m2"], required=rule["least"], hidden=0)


def _unmeasured(ground: Ground, rule: dict[str, Any]) -> pd.DataFrame:
    """A standard for which the tables hold nothing to measure."""
    return pd.DataFrame([{"township": "", "community": "", "required": rule.get("least", np.nan)}])


MEASURES: dict[str, Callable[[Ground, dict[str, Any]], pd.DataFrame]] = {
    "distance": _distance,
    "population": _population,
    "rooms": _rooms,
    "elder_rooms": _elder_rooms,
    "complex_area": lambda ground, rule: _complex(ground, rule, "complex_area"),
    "complex_functions": lambda ground, rule: _complex(ground, rule, "complex_functions"),
    "complex_core": lambda ground, rule: _complex(ground, rule, "complex_core"),
    "capacity": _capacity,
    "size": _size,
    "unmeasured": _unmeasured,
}
