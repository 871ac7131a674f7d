"""Floating catchments (2SFCA and enhanced 2SFCA): this package beside pysal ``access``, CPU medians of one run.

    python -m venv /tmp/peer && /tmp/peer/bin/pip install access .
    /tmp/peer/bin/python benchmarks/access.py [--homes 20000] [--places 1000] [--runs 5]

Both get the same long frame of home, place and minutes (with whole numbers, then with text for ids), the same people
and the same capacities, and must agree to 1e-12 before any time is printed. The peer is ``access.fca.two_stage_fca``
with its own ``weights.gaussian`` and ``weights.step_fn``. Its homes without any place in time have no row: 0 here.
Last, the whole public function on a town of that size, six services and every age group at its own speed, for which
the peer has no match.
"""

from __future__ import annotations

import argparse
import functools
import importlib
import sys
from types import ModuleType

import numpy as np
import pandas as pd
from measure import timed

from governance import circle, rules
from governance.circle.supply import floating

MINUTES = 15.0


def made(homes: int, places: int, each: int = 50) -> tuple[pd.DataFrame, pd.Series, pd.Series]:
    """Ways of up to 20 minutes from every home to ``each`` places at random, people, capacity."""
    rng = np.random.default_rng(11)
    ways = pd.DataFrame({
        "home": np.repeat(np.arange(homes), each),
        "place": ((rng.integers(0, places, homes)[:, None] + np.arange(each) * 7) % places).ravel(),
        "minutes": rng.integers(0, 2000, homes * each) / 100,
    })  # fmt: skip
    people = pd.Series(rng.integers(1, 200, homes), np.arange(homes), name="people")
    return ways, people, pd.Series(rng.integers(5, 80, places), np.arange(places), name="capacity")


def counted(minutes: np.ndarray, decay: str | None) -> np.ndarray:
    """The weight of each way, 0 beyond the time, as ``governance.circle.supply.weights`` has it for decimetres."""
    if decay == "gaussian":
        weight = np.exp(-minutes * minutes / (2 * rules.value("circle.decay.sigma") ** 2))
        return np.where(minutes <= MINUTES, weight, 0.0)
    if decay == "steps":
        rings = np.append(rules.value("circle.decay.steps"), 0.0)
        return rings[np.searchsorted(rules.value("circle.minutes"), minutes)]
    return minutes <= MINUTES


def ours(ways: pd.DataFrame, people: pd.Series, capacity: pd.Series, decay: str | None) -> pd.Series:
    return floating(ways.assign(weight=counted(ways["minutes"].to_numpy(), decay)), people, capacity)


@functools.cache
def named_alike() -> tuple[ModuleType, ModuleType]:
    """The peer's two modules: its name is this file's own, whose folder therefore steps aside."""
    here = sys.path.pop(0)
    try:
        return importlib.import_module("access.fca"), importlib.import_module("access.weights")
    finally:
        sys.path.insert(0, here)


def peer(ways: pd.DataFrame, people: pd.Series, capacity: pd.Series, decay: str | None) -> pd.Series:
    fca, weights = named_alike()
    rings = dict(zip(rules.value("circle.minutes"), rules.value("circle.decay.steps"), strict=True))
    weigh = {
        None: None,
        "gaussian": weights.gaussian(rules.value("circle.decay.sigma")),
        "steps": weights.step_fn(rings),
    }[decay]
    return fca.two_stage_fca(
        people.to_frame(), capacity.to_frame(), ways, max_cost=MINUTES, demand_index=True, demand_name="people",
        supply_index=True, supply_name="capacity", cost_origin="home", cost_dest="place", cost_name="minutes",
        weight_fn=weigh,
    )  # fmt: skip


def town(ways: pd.DataFrame, people: pd.Series, capacity: pd.Series) -> tuple[pd.DataFrame, ...]:
    """near, places and communities with the six services shared out over the places."""
    services = np.array(list(rules.value("circle.groups")))
    speed = max(rules.value("circle.speed").values())
    place = ways["place"].to_numpy()
    near = pd.DataFrame({
        "origin": "P" + ways["place"].astype("str"), "service": services[place % len(services)],
        "node": "h" + ways["home"].astype("str"), "metres": (ways["minutes"] * speed).round(1), "within": MINUTES,
    })[ways["minutes"].to_numpy() <= MINUTES]  # fmt: skip
    at = capacity.index.to_numpy()
    places = pd.DataFrame({
        "place": "P" + pd.Series(at).astype("str"), "service": services[at % len(services)], "capacity": capacity,
    })  # fmt: skip
    node = "h" + pd.Series(people.index).astype("str")
    names = {
        "township": "示例镇",
        "community": "C" + (people.index // 20).astype("str"),
        "compound": node,
        "node": node,
    }
    ages = {age: np.maximum(people.to_numpy() // 6, 1) for age in rules.value("circle.speed")}
    return near, places, pd.DataFrame(names | ages)


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--homes", type=int, default=20_000)
    ask.add_argument("--places", type=int, default=1_000)
    ask.add_argument("--runs", type=int, default=5)
    args = ask.parse_args()
    ways, people, capacity = made(args.homes, args.places)
    texts = (
        ways.assign(home="h" + ways["home"].astype("str"), place="p" + ways["place"].astype("str")),
        people.rename("h{}".format).rename("people"),
        capacity.rename("p{}".format).rename("capacity"),
    )
    print(f"{len(ways):,} ways, {args.homes:,} homes, {args.places:,} places, CPU medians of {args.runs} runs")
    print(f"{'ids':8}{'decay':10}{'ours s':>9}{'access s':>10}{'ratio':>8}   greatest difference")
    for ids, given in (("numbers", (ways, people, capacity)), ("text", texts)):
        for decay in (None, "steps", "gaussian"):
            mine, found = timed(lambda g=given, d=decay: ours(*g, d), args.runs)
            theirs, other = timed(lambda g=given, d=decay: peer(*g, d), args.runs)
            apart = float((found - other.reindex(found.index).fillna(0)).abs().max())
            assert apart <= 1e-12, (ids, decay, apart)
            print(f"{ids:8}{decay or 'binary':10}{mine:9.3f}{theirs:10.3f}{mine / theirs:8.3f}   {apart:.1e}")
    whole = town(ways, people, capacity)
    for decay in (None, "steps", "gaussian"):
        mine, _ = timed(lambda d=decay: circle.catchment(*whole, decay=d), 1)
        print(f"{'public':8}{decay or 'binary':10}{mine:9.3f}   six services, every age group, {len(whole[0]):,} rows")


if __name__ == "__main__":
    main()
