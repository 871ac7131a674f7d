"""The next-best plans and the price of each limit, against every plan tried and every limit lifted by hand."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_siting import (
    COSTS,
    GROUPS,
    NEEDS,
    counter,
    every_plan,
    limited,
    line,
    may,
    offers,
    people,
    poor,
    price,
    reached,
    rooms,
    sites,
    worlds,
)

from governance import rules, siting
from governance.errors import InfeasibleError
from governance.examples.town import urban
from governance.tables import Streets


def listed(found: pd.DataFrame) -> list[tuple[frozenset, int]]:
    """Each plan as its conversions and total."""
    return [
        (frozenset(zip(rows["room"], rows["service"], strict=True)), int(rows["total"].iloc[0]))
        for _, rows in found.groupby("plan", sort=True)
    ]


def ranked(plans: dict[frozenset, tuple[int, float]]) -> list[int]:
    """Totals, best first, of the plans that help and hold no other plan as good or better, by trying all."""
    nets = {moves: net for moves, (net, _) in plans.items()}
    alone = [m for m, net in nets.items() if net > 0 and not any(o < m and nets[o] >= net for o in nets)]
    return sorted((nets[m] for m in alone), reverse=True)


@settings(max_examples=15, deadline=None)
@given(limited())
def test_alternatives_are_the_best_of_all_plans_in_order(given: tuple) -> None:
    world, limits = given
    town, site, room, crowd, budget = world
    near, plans = reached(town, site, room), every_plan(world, limits)
    if poor(room, limits) or not plans:
        with pytest.raises(InfeasibleError):
            siting.alternatives(room, crowd, near, budget=budget, limits=limits)
        return
    found = siting.alternatives(room, crowd, near, budget=budget, limits=limits)
    mine = listed(found)
    assert [total for _, total in mine] == ranked(plans)[:10]
    assert all(plans[moves][0] == total for moves, total in mine)
    assert len({moves for moves, _ in mine}) == len(mine)
    assert (found.groupby("plan")["net"].sum() == found.groupby("plan")["total"].first()).all()
    assert (found["short_of_best"] == found["total"].max() - found["total"]).all()
    if mine:
        convert = siting.convert(room, crowd, near, budget=budget, limits=limits)
        assert mine[0] == (frozenset(zip(convert["room"], convert["service"], strict=True)), convert["net"].sum())


def test_alternatives_stop_where_no_plan_helps_and_keep_their_columns() -> None:
    crowd, room = people(a=[0, 0, 0, 0, 7, 0]), rooms(("F1", "idle", "a", 60, "exhaust plumbing circuits"))
    near = reached(line(1), sites(), room)
    found = siting.alternatives(room, crowd, near, count=10)
    assert listed(found) == [(frozenset({("F1", "culture")}), 7), (frozenset({("F1", "meals")}), 7)] or sorted(
        total for _, total in listed(found)
    ) == [7, 7]
    assert siting.alternatives(room, crowd, near, count=1)["plan"].tolist() == [1]
    none = siting.alternatives(room, crowd, near, budget=0)
    assert none.empty
    assert none.dtypes.to_dict() == found.dtypes.to_dict()
    assert list(none) == list(siting.ALTERNATIVES)


def test_alternatives_count_places_too() -> None:
    # 16 children of 7 to 14, 10 at each end; 60 m2 hold 15 in child custody, 10 in elder care
    crowd = people(a=[0, 0, 16, 0, 12, 0])
    room = rooms(("F1", "idle", "a", 60, "step_free"))
    found = siting.alternatives(room, crowd, reached(line(1), sites(), room), limits=siting.Limits(capacity=True))
    assert found[["plan", "service", "total"]].to_numpy().tolist() == [[1, "child_custody", 15], [2, "elder_care", 10]]


def lifted(world: tuple, limits: siting.Limits) -> dict[tuple[str, str, str], int]:
    """What the best of all plans gains once one limit is lifted, by constraint, room and flags or service."""
    room, budget = world[2], world[-1]
    now, count, out = offers(room, limits), counter(*world[:4]), {}

    def top(more: dict[tuple[str, str], float], budget: int = budget, limits: siting.Limits = limits) -> int:
        return max(net for net, _ in every_plan((*world[:-1], budget), limits, now | more, count).values())

    def with_row(row: dict, services: list[str], limits: siting.Limits = limits) -> dict[tuple[str, str], float]:
        return {(row["room"], s): price(row, s) for s in services if may(row, s, limits)}

    base = top({})
    for row in room.to_dict("records"):
        r, keep = row["room"], tuple(k for k in limits.keep if k != row["room"])
        if r in limits.keep:
            out["keep", r, ""] = top(with_row(row, list(GROUPS), dataclasses.replace(limits, keep=keep))) - base
            continue
        lacking = {tuple(f for f in NEEDS[s]["hardware"] if not row[f]) for s in GROUPS} - {()}
        gain = {
            flags: top(with_row({**row, **dict.fromkeys(flags, True)}, list(GROUPS))) - base
            for flags in ([] if limits.retrofit else lacking)
        }
        for flags in gain:  # listed where no part of it brings as much
            if not any(set(part) < set(flags) and gain[part] >= gain[flags] for part in gain):
                out["hardware", r, "|".join(sorted(flags, key=siting.FLAGS.index))] = gain[flags]
        for s in GROUPS:
            if row["area_m2"] < NEEDS[s]["area_m2"]:
                out["area", r, s] = top(with_row({**row, "area_m2": NEEDS[s]["area_m2"]}, [s])) - base
    out["budget", "", ""] = top({}, budget + 1) - base
    if limits.floor:
        out["floor", "", ""] = top({}, limits=dataclasses.replace(limits, floor=0.0)) - base
    if limits.funds is not None:
        more = dataclasses.replace(limits, funds=limits.funds + rules.value("siting.more_funds"))
        out["funds", "", ""] = top({}, limits=more) - base
    return {key: gain for key, gain in out.items() if gain > 0}


FLAG = {"排烟管道": "exhaust", "电路荷载达标": "circuits", "给排水良好": "plumbing", "无障碍": "step_free"} | {
    "保温隔热良好": "insulation"
}


@settings(max_examples=20, deadline=None)
@given(limited(), st.booleans())
def test_prices_are_what_every_plan_without_the_limit_gains(given: tuple, funds: bool) -> None:
    world, limits = given
    limits = limits if funds else dataclasses.replace(limits, funds=None)
    town, site, room, crowd, budget = world
    near, plans = reached(town, site, room), every_plan(world, limits)
    if poor(room, limits) or not plans:
        with pytest.raises(InfeasibleError):
            siting.prices(room, crowd, near, budget=budget, limits=limits)
        return
    found = siting.prices(room, crowd, near, budget=budget, limits=limits)
    mine = {}
    for row in found.fillna({"room": "", "service": ""}).to_dict("records"):
        flags = sorted((FLAG.get(w, "") for w in row["what"].split("、")), key=[*siting.FLAGS, ""].index)
        third = {"hardware": "|".join(flags), "area": row["service"]}.get(row["constraint"], "")
        mine[row["constraint"], row["room"], third] = row["gain"]
        assert row["bound"] == row["gain"]
    assert mine == lifted(world, limits)
    gains = found["gain"].to_numpy(int)
    assert (np.diff(gains) <= 0).all()


def test_a_missing_duct_is_named_with_its_price_and_its_gain() -> None:
    # 7 old people lack meals; the room only lacks the duct (5 万元)
    crowd, room = people(a=[0, 0, 0, 0, 7, 0]), rooms(("F1", "idle", "a", 60, "plumbing"))
    site = sites(*[(f"S{i}", s, "a") for i, s in enumerate(["elder_care", "culture", "health", "child_custody"])])
    calls: list[tuple[int, int]] = []
    near = reached(line(1), site, room)
    found = siting.prices(room, crowd, near, progress=lambda done, of: calls.append((done, of)))
    price = COSTS["hardware"]["exhaust"]["fixed"]
    assert found.drop(columns="bound").to_numpy().tolist() == [
        ["hardware", "F1", "F1房", "meals", "排烟管道", price, 7, 7 / price]
    ]
    assert calls == [(1, 1)]
    small = room.assign(area_m2=12.5, exhaust=True)
    short = siting.prices(small, crowd, near)
    assert short[["constraint", "service", "what", "gain"]].to_numpy().tolist() == [
        ["area", "meals", "差 47.5 平方米", 7]
    ]
    unknown = siting.prices(small.assign(area_m2=np.nan), crowd, near)
    assert unknown["what"].tolist() == ["面积未登记,需 60 平方米"]
    kept = siting.prices(room.assign(exhaust=True), crowd, near, limits=siting.Limits(keep=("F1",)))
    assert kept[["constraint", "room", "service", "gain"]].to_numpy().tolist() == [["keep", "F1", "meals", 7]]


def test_searches_beyond_the_limit_leave_a_bound_and_no_gain(monkeypatch: pytest.MonkeyPatch) -> None:
    crowd, room = people(a=[9] * 6), rooms(*[(f"F{i}", "idle", "a", 60 + i, "plumbing") for i in range(3)])
    near = reached(line(1), sites(), room)
    full = siting.prices(room, crowd, near, budget=1)
    value = rules.value
    monkeypatch.setattr(rules, "value", lambda name, **at: 2 if name == "siting.resolves" else value(name, **at))
    cut = siting.prices(room, crowd, near, budget=1)
    assert cut["gain"].notna().sum() == 2
    key = ["constraint", "room", "what"]
    both = cut.merge(full, on=key, suffixes=("", "_full"), how="right")
    assert (both["bound"] >= both["gain_full"]).all()
    assert not full["gain"].isna().any()


def test_no_limit_that_costs_anybody_gives_no_rows_but_all_columns() -> None:
    room = rooms(("F1", "idle", "a", 60, "exhaust"))
    found = siting.prices(room, people(a=[0] * 6), reached(line(1), sites(), room))
    assert found.empty
    assert list(found) == list(siting.PRICES)
    some = siting.prices(room, people(a=[9] * 6), reached(line(1), sites(), room))
    assert some.dtypes.to_dict() == found.dtypes.to_dict()


@settings(max_examples=6, deadline=None)
@given(worlds(), st.integers(0, 1000))
def test_order_of_rows_changes_no_alternative_and_no_price(world: tuple, seed: int) -> None:
    town, site, room, crowd, budget = world
    near = reached(town, site, room)
    mixed = [frame.sample(frac=1, random_state=seed) for frame in (room, crowd, near)]
    for question in (siting.alternatives, siting.prices):
        pd.testing.assert_frame_equal(question(room, crowd, near, budget=budget), question(*mixed, budget=budget))


def test_the_town_has_ten_plans_and_prices_that_a_new_plan_confirms() -> None:
    made = urban()
    town, room, crowd = Streets(nodes=made["nodes"], edges=made["edges"]), made["rooms"], made["communities"]
    near = reached(town, made["sites"], room)
    found = siting.alternatives(room, crowd, near)
    assert found["plan"].unique().tolist() == list(range(1, 11))
    totals = [total for _, total in listed(found)]
    assert totals == sorted(totals, reverse=True)
    prices = siting.prices(room, crowd, near, budget=10)
    best = prices[prices["constraint"] == "hardware"].iloc[0]
    bought = room.copy()
    bought.loc[bought["room"] == best["room"], [FLAG[w] for w in best["what"].split("、")]] = True
    plans = [siting.convert(r, crowd, near, budget=10)["net"].sum() for r in (room, bought)]
    assert plans[1] - plans[0] == best["gain"]
    assert best["per_cost"] == pytest.approx(best["gain"] / best["cost"])
    assert not math.isnan(best["cost"])
