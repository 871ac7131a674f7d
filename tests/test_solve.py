"""The optimisation engine against every plan tried by hand, on its own and on models large enough to be narrowed."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog
from scipy.sparse import csr_array, eye_array, hstack, vstack

from governance.errors import InfeasibleError
from governance.siting import branch, solve
from governance.siting import relax as relaxing
from governance.siting.model import covered, fits, merged, value
from governance.siting.search import climb, ground
from governance.siting.settle import Part, fixed
from governance.siting.solve import Answer, Model, best


def model(covers: list[list[int]], weight: list[int] | None = None, *, most: int = 1, **more: object) -> Model:
    """A model in which every option counts, costs nothing and belongs to no group, but for ``more``."""
    matrix = np.array(covers)
    demands, options = matrix.shape
    plain = Model(
        np.ones(demands, np.int64) if weight is None else np.array(weight, np.int64),
        csr_array(matrix),
        np.ones(options, np.int64),
        np.zeros(options),
        np.full(options, -1),
        most,
    )
    return plain._replace(**more)


def plans(given: Model) -> dict[tuple[int, ...], int]:
    """Every plan that keeps to the limits, counted plainly, and the people it covers."""
    table, out = given.covers.toarray() > 0, {}
    options = range(table.shape[1])
    for size in range(table.shape[1] + 1):
        for taken in itertools.combinations(options, size):
            groups = [given.group[j] for j in taken if given.group[j] >= 0]
            if sum(given.count[j] for j in taken) > given.most or len(set(groups)) < len(groups):
                continue
            if sum(given.cost[j] for j in taken) > given.funds:
                continue
            inside = table[:, list(taken)].any(axis=1)
            if given.unit is not None and given.floor is not None:
                have = [given.weight[inside & (given.unit == u)].sum() for u in range(len(given.floor))]
                if any(h < f for h, f in zip(have, given.floor, strict=True)):
                    continue
            out[taken] = int(given.weight[inside].sum())
    return out


@st.composite
def models(draw: st.DrawFn, floors: bool = True) -> Model:
    """Small models with measures, stays, groups, money and floors."""
    demands, options = draw(st.integers(1, 7)), draw(st.integers(1, 6))
    bits = draw(st.lists(st.booleans(), min_size=demands * options, max_size=demands * options))

    def of(low: int, high: int, size: int) -> np.ndarray:
        return np.array(draw(st.lists(st.integers(low, high), min_size=size, max_size=size)), np.int64)

    units = draw(st.booleans()) and floors
    return Model(
        of(0, 9, demands),
        csr_array(np.array(bits, int).reshape(demands, options)),
        of(0, 1, options),
        of(0, 5, options).astype(float),
        of(-1, 2, options),
        draw(st.integers(0, 4)),
        float(draw(st.sampled_from([3, 7, 100]))) if draw(st.booleans()) else np.inf,
        of(0, 1, demands) if units else None,
        of(0, 6, 2) if units else None,
    )


def told(given: Model, taken: tuple[int, ...] | np.ndarray) -> frozenset[int]:
    return frozenset(int(j) for j in taken if given.count[j])


def check_best(given: Model, banned: list[np.ndarray]) -> Answer | None:
    """``best`` against all plans: value, bound, limits, fewest measures; None where no plan is left."""
    done = {told(given, b) for b in banned}
    left = {plan: v for plan, v in plans(given).items() if told(given, plan) not in done}
    if not left:
        with pytest.raises(InfeasibleError):
            best(given, banned=banned)
        return None
    found, top = best(given, banned=banned), max(left.values())
    assert (found.value, found.bound, found.proven) == (top, top, True)
    assert tuple(found.taken) in left, "the plan keeps to all limits"
    assert left[tuple(found.taken)] == top
    fewest = min(len(told(given, plan)) for plan, v in left.items() if v == top)
    assert len(told(given, found.taken)) == fewest
    return found


@settings(max_examples=60, deadline=None)
@given(models())
def test_best_is_the_best_of_all_plans_with_the_fewest_measures(given: Model) -> None:
    check_best(given, [])


@settings(max_examples=30, deadline=None)
@given(models())
def test_the_next_best_plans_come_in_order_and_never_twice(given: Model) -> None:
    banned: list[np.ndarray] = []
    values = []
    for _ in range(4):
        found = check_best(given, banned)
        if found is None:
            break
        banned.append(found.taken)
        values.append(found.value)
    assert values == sorted(values, reverse=True)


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Send even the smallest model the long way: bound, climbs, fixing, then HiGHS on what is left."""
    monkeypatch.setattr(solve, "SMALL", -1)
    monkeypatch.setattr(branch, "LEAF", -1)


@pytest.mark.usefixtures("narrow")
def test_the_long_way_round_finds_the_same() -> None:
    @settings(max_examples=30, deadline=None, database=None)
    @given(models())
    def same(given: Model) -> None:
        found = check_best(given, [])
        if found is not None:
            check_best(given, [found.taken])

    same()


@settings(max_examples=20, deadline=None)
@given(models(), st.randoms(use_true_random=False))
def test_the_order_of_the_demands_changes_nothing(given: Model, chance: object) -> None:
    order = list(range(len(given.weight)))
    chance.shuffle(order)  # type: ignore[attr-defined]
    other = given._replace(weight=given.weight[order], covers=given.covers[order])
    if given.unit is not None:
        other = other._replace(unit=given.unit[order])
    try:
        first = best(given)
    except InfeasibleError:
        with pytest.raises(InfeasibleError):
            best(other)
        return
    second = best(other)
    assert first.taken.tolist() == second.taken.tolist()
    assert first[1:] == second[1:]


@settings(max_examples=30, deadline=None)
@given(models(floors=False), st.integers(1, 60))
def test_any_number_of_iterations_gives_a_true_bound_and_true_margins(given: Model, turns: int) -> None:
    small = merged(given)
    if not len(small.weight):
        return
    found = relaxing.relax(small, turns)
    for plan, people in plans(given).items():
        assert people <= found.bound + 1e-6
        for j in range(len(given.count)):
            if (j in plan) != found.inside[j]:
                assert people <= found.bound - found.margin[j] + 1e-6


def town(demands: int, options: int, seed: int) -> Model:
    """A clustered town in which every point is in reach of several options."""
    chance = np.random.default_rng(seed)
    centres = chance.uniform(0, 100, (8, 2))
    at = centres[chance.integers(0, 8, demands)] + chance.normal(0, 8, (demands, 2))
    sites = at[chance.choice(demands, options, replace=False)]
    near = np.hypot(at[:, None, 0] - sites[None, :, 0], at[:, None, 1] - sites[None, :, 1]) <= 9
    return model(near.astype(int).tolist(), chance.integers(1, 50, demands).tolist(), most=6)


def relaxation(given: Model) -> float:
    """The linear relaxation by HiGHS: what every bound of a first-order method ends at."""
    demands, options = given.covers.shape
    rows = [
        hstack([-given.covers, eye_array(demands)]),
        csr_array(np.concatenate([np.ones(options), np.zeros(demands)])[None]),
    ]
    goal = -np.concatenate([np.zeros(options), given.weight])
    limits = np.append(np.zeros(demands), given.most)
    return -linprog(goal, A_ub=vstack(rows).tocsr(), b_ub=limits, bounds=(0, 1)).fun


@pytest.mark.parametrize("seed", range(3))
def test_a_town_is_proven_the_long_way_and_by_highs_alike(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    given = town(900, 60, seed)
    small = merged(given)
    limit = relaxation(small)
    bound = relaxing.relax(small, 800).bound
    assert limit - 1e-6 * limit <= bound <= limit * 1.002
    monkeypatch.setattr(solve, "SMALL", 10**9)
    direct = best(given)
    monkeypatch.setattr(solve, "SMALL", 0)
    found = best(given)
    assert found.proven
    assert direct.proven
    assert found.value == direct.value == value(given, found.taken)
    assert found.taken.tolist() == direct.taken.tolist()
    rough = best(given, gap=0.05)
    assert rough.value <= direct.value <= rough.bound
    assert rough.bound - rough.value <= 0.05 * rough.bound


def ten_best(given: Model) -> list[Answer]:
    """The ten best plans by HiGHS alone, each banned in turn."""
    found: list[Answer] = []
    for _ in range(10):
        found.append(best(given, banned=[f.taken for f in found]))
    return found


@pytest.mark.parametrize("seed", range(3))
def test_margins_are_true_and_tight_and_fixing_keeps_every_plan_good_enough(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = town(300, 24, seed)._replace(most=4)
    monkeypatch.setattr(solve, "SMALL", 10**9)
    small = merged(given)
    found = relaxing.relax(small, 2000)
    sharp = 0
    for j in range(24):
        if found.inside[j]:  # left out: its column covers nobody
            off = given.covers.toarray()
            off[:, j] = 0
            top = best(given._replace(covers=csr_array(off))).value
        else:
            top = best(given, required=np.array([j])).value
        assert top <= found.bound - found.margin[j] + 1e-6
        sharp += found.bound - found.margin[j] < top * 1.15
    assert sharp >= 12, "most margins say nearly all that can be said"
    good = ten_best(given)
    left = fixed(Part(small, np.arange(24), np.empty(0, np.int64), 0), found, good[-1].value)
    assert len(left.at) < 24
    for answer in good:
        assert set(left.ones) <= set(answer.taken) <= set(left.ones) | set(left.at)


def test_climbing_never_loses_and_keeps_to_the_limits() -> None:
    given = merged(town(300, 30, 5)._replace(cost=np.arange(30.0), funds=60.0, group=np.arange(30) // 3))
    plan, people = climb(ground(given), np.array([0, 29]))
    assert people == value(given, plan) >= value(given, [0, 29])
    assert fits(given, plan)


def test_merging_keeps_every_plan_s_people() -> None:
    given = town(200, 10, 1)
    small = merged(given)
    assert len(small.weight) < len(given.weight)
    for taken in itertools.combinations(range(10), 2):
        assert value(given, taken) == value(small, taken) == int(given.weight[covered(given, taken)].sum())


def test_equal_plans_come_down_to_the_smaller_positions() -> None:
    alike = model([[1, 1, 1, 1], [1, 1, 0, 0], [0, 0, 1, 1]], [1, 5, 5], most=2)
    assert best(alike).taken.tolist() == [0, 2]
    assert best(model([[1, 0, 1], [0, 1, 1]], most=2)).taken.tolist() == [2], "fewer measures come first"


def test_required_options_are_taken_and_quarrels_among_them_named() -> None:
    given = model([[1, 0, 0], [0, 1, 0], [0, 0, 1]], [5, 3, 1], most=2)
    assert best(given, required=np.array([2])).taken.tolist() == [0, 2]
    with pytest.raises(InfeasibleError, match="必选"):
        best(given, required=np.array([0, 1, 2]))
    both = np.array([0, 1])
    with pytest.raises(InfeasibleError, match="没有"):
        best(given, required=both, banned=[both])
    with pytest.raises(InfeasibleError, match="必选"):
        best(given._replace(group=np.array([4, 4, -1])), required=np.array([0, 1]))


def test_a_floor_out_of_reach_is_named_and_one_within_reach_is_kept() -> None:
    given = model([[1, 0], [0, 1]], [5, 3], most=1, unit=np.array([0, 1]), floor=np.array([0, 2]))
    assert best(given).taken.tolist() == [1]
    with pytest.raises(InfeasibleError, match="保底"):
        best(given._replace(floor=np.array([0, 4])))
    with pytest.raises(InfeasibleError, match="没有"):
        best(given._replace(floor=np.array([1, 1])))


def test_a_model_without_anything_gives_the_empty_plan() -> None:
    found = best(model([[0]], [5]))
    assert found.taken.tolist() == []
    assert found[1:] == (0, 0, True)
    assert best(model([[1]], [5], most=0)).value == 0
