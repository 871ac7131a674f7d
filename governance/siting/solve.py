"""The best plan of a covering model with a proven bound: maximal covering with groups, money and floors.

The way there: demands merged (``model``), a bound by a first-order method (``relax``), good plans by climbing
(``search``), options the bound rules out left aside (``settle``), branch and bound on the rest (``branch``), HiGHS
where little is left. All limits of work are counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array, eye_array, hstack

from ..errors import InfeasibleError
from .branch import TURNS, Task, branched
from .model import Answer, Model, fits, floors, merged, preference, value
from .relax import MONEY, relax
from .search import good
from .settle import Part, settle, settling, sure, whole

__all__ = ["Answer", "Model", "best"]
BRANCHES = 50_000  # a limit on the search in nodes, not seconds: the same plan on a slow machine
SMALL = 4_000  # entries up to which HiGHS has the model whole
TIES = 20_000  # entries up to which ties are settled
NONE = "没有(更多)方案能同时满足全部限制"
LARGE = 250_000  # entries from which HiGHS has no hope
ROUNDS = (0, 2 * TURNS, 2 * TURNS)  # iterations between two looks at what the bound settles
DRAWS = 12  # starts of climbs drawn by chance at the beginning


def best(
    model: Model, *, gap: float = 0.0, banned: Sequence[np.ndarray] = (), required: np.ndarray | None = None
) -> Answer:
    """The plan that covers most people, with a bound that no plan exceeds.

    model : demands, options and limits. gap : stop once (bound - value) / bound is proven to be no more (0: search
    for proof). banned : plans not to be returned again, told apart by their counted options alone. required :
    positions of options that must be taken.

    Of plans that cover equally many, the one with fewer counted options comes back, then the one whose counted
    options come earlier (by the sum of their ranks); where the merged model has more than ``TIES`` entries, one of
    them. Options that neither count nor cost are taken wherever their group lets them. What is not proven within
    BRANCHES nodes, or the work of ``branch``, comes back with the bound reached. Raises InfeasibleError where no plan
    keeps to all limits.

    What it does not show: plans that are nearly as good (ask again with ``banned``).
    Source: maximal covering location (Church and ReVelle 1974); branch and bound, by HiGHS where money is short.

    >>> model = Model(np.array([5, 9, 7]), csr_array(np.array([[1, 0], [0, 1], [1, 1]])), np.ones(2, np.int64),
    ...               np.zeros(2), np.full(2, -1), most=1)
    >>> best(model)
    Answer(taken=array([1]), value=16, bound=16, proven=True)
    >>> best(model, banned=[np.array([1])]).taken
    array([0])
    """
    small = merged(model)
    need = np.empty(0, np.int64) if required is None else np.unique(np.asarray(required, np.int64))
    sets = [_counted(model, np.asarray(plan, np.int64)) for plan in banned]
    part = _begin(small, need)
    plan, reached, bound = np.empty(0, np.int64), -1, int(small.weight.sum())
    if part.model.covers.nnz > SMALL:
        part, plan, reached, bound = _narrowed(small, part, sets, gap)
    if reached < 0:
        plan, reached, bound = _ended(small, part, sets, (bound, gap))
    if reached == bound and _tied(small, gap):
        plan = _preferred(small, part, sets, (plan, reached))
    plan = _rested(small, _lean(small, plan, need, sets))
    return Answer(plan, reached, bound, reached == bound)


def _counted(model: Model, plan: np.ndarray) -> frozenset[int]:
    """What tells a plan from others: its counted options."""
    return frozenset(plan[model.count[plan] > 0].tolist())


def _begin(small: Model, need: np.ndarray) -> Part:
    """The model with the required options settled as taken."""
    options = len(small.count)
    part = Part(small, np.arange(options), np.empty(0, np.int64), 0)
    held = small.group[need][small.group[need] >= 0]
    over = small.count[need].sum() > small.most or small.cost[need].sum() > small.funds * (1 + 1e-12)
    if over or len(np.unique(held)) < len(held) or small.most < 0:
        raise InfeasibleError("必选的方案彼此冲突,或超出处数、经费上限")
    ones = np.zeros(options, bool)
    ones[need] = True
    return settle(part, ones, np.zeros(options, bool))


def _narrowed(small: Model, part: Part, sets: list[frozenset[int]], gap: float) -> tuple[Part, np.ndarray, int, int]:
    """What the bound leaves of a large model; the best plan of it, its people (-1: none met), the bound."""
    known = relax(part.model, TURNS)
    bound = min(whole(known.bound) + part.base, int(small.weight.sum()))
    plan, reached = _climbed(small, part, sets, known.x, enough=(1 - gap) * bound)

    def climbs(rest: Part, x: np.ndarray) -> tuple[np.ndarray, int]:
        return _climbed(small, rest, sets, x, draws=0)

    def ends(rest: Part) -> tuple[np.ndarray, int, int]:
        try:
            return _ended(small, rest, sets, (rest.base + int(rest.model.weight.sum()), gap))
        except InfeasibleError:
            return np.empty(0, np.int64), -1, -1

    task = Task(gap, BRANCHES, climbs, ends)
    cuts = MONEY in known.further and part.model.covers.nnz <= LARGE  # those of HiGHS beat branching on short money
    if not cuts:
        plan, reached, bound = branched(part, known, (plan, reached, bound), task)
        if bound < 0:
            raise InfeasibleError(NONE)
    for turns in ROUNDS if reached >= 0 and (cuts or _tied(small, gap)) else ():
        known = relax(part.model, turns, start=known) if turns else known
        bound = max(min(bound, whole(known.bound) + part.base), reached)
        part, known = settling(part, *sure(part, known, reached), known)
        if not len(part.at):
            break
    if cuts and reached >= 0 and bound - reached > gap * bound and BRANCHES:
        again, people, limit = ends(part)
        plan, reached = (again, people) if people > reached else (plan, reached)
        bound = max(min(bound, limit), reached)
    return part, plan, reached, bound


def _tied(small: Model, gap: float) -> bool:
    """Whether ties are to be settled."""
    return gap == 0 and small.covers.nnz <= TIES


def _climbed(
    small: Model,
    part: Part,
    sets: list[frozenset[int]],
    x: np.ndarray,
    *,
    enough: float = np.inf,
    draws: int = DRAWS,
) -> tuple[np.ndarray, int]:
    """The best plan met by climbing from the relaxed plan ``x``, and its people (-1: none met)."""

    def allowed(plan: np.ndarray) -> bool:
        return _counted(small, plan) not in sets and fits(small, plan)

    seeds = [np.array(sorted(s), np.int64) for s in sets] if draws else []
    return good(part, x, allowed, seeds, enough=enough, draws=draws)


def _ended(small: Model, part: Part, sets: list[frozenset[int]], aim: tuple[int, float]) -> tuple[np.ndarray, int, int]:
    """The best plan by HiGHS on what is left, its people and the bound; InfeasibleError where there is none."""
    bound, gap = aim
    if not len(part.at) or (not len(part.model.weight) and not sets):
        only = np.sort(part.ones)
        if _counted(small, only) in sets or not fits(small, only):
            raise InfeasibleError(NONE)
        return only, part.base, part.base
    program = _program(part, sets, small)
    found = _milp(program, -program["value"], gap)
    if found.x is not None:
        plan = np.sort(np.concatenate([part.ones, part.at[_taken(found.x, len(part.at))]]))
        reached = value(small, plan)
    elif found.status != 2:  # cut short before any plan was met
        plan, reached = _climbed(small, part, sets, relax(part.model, TURNS).x)
    else:
        raise InfeasibleError(NONE)
    if reached < 0:
        raise InfeasibleError(NONE)
    if found.mip_dual_bound is not None and np.isfinite(found.mip_dual_bound):
        bound = min(bound, int(np.floor(-found.mip_dual_bound + 1e-4)) + part.base)
    return plan, reached, max(bound, reached)


def _preferred(small: Model, part: Part, sets: list[frozenset[int]], best: tuple[np.ndarray, int]) -> np.ndarray:
    """Of the plans of the part that cover as many as the best one, that with the smallest ``preference``."""
    plan, reached = best
    if not len(part.at) or (not len(part.model.weight) and not sets):
        only = np.sort(part.ones)
        return only if part.base >= reached and _counted(small, only) not in sets and fits(small, only) else plan
    program = _program(part, sets, small)
    tie = _milp(program, program["preference"], 0.0, at_least=reached - part.base - 0.5)
    if tie.x is not None and tie.status == 0:
        again = np.sort(np.concatenate([part.ones, part.at[_taken(tie.x, len(part.at))]]))
        if value(small, again) >= reached and fits(small, again):
            return again
    return plan


def _lean(model: Model, plan: np.ndarray, need: np.ndarray, sets: list[frozenset[int]]) -> np.ndarray:
    """The plan without counted options that add nobody, late positions first."""
    reached = value(model, plan)
    for option in plan[::-1]:
        less = plan[plan != option]
        if model.count[option] and option not in need and value(model, less) == reached:
            plan = less if _counted(model, less) not in sets else plan
    return np.asarray(plan, np.int64)


def _rested(model: Model, plan: np.ndarray) -> np.ndarray:
    """The plan with every option that neither counts nor costs and that its group lets in."""
    held = set(model.group[plan].tolist()) - {-1}
    taken = set(plan.tolist())
    for option in np.flatnonzero((model.count == 0) & (model.cost == 0)):
        group = int(model.group[option])
        if option not in taken and group not in held:
            taken.add(int(option))
            held |= {group} - {-1}
    return np.array(sorted(taken), np.int64)


def _program(part: Part, sets: list[frozenset[int]], small: Model) -> dict[str, Any]:
    """What is left of the model as a mixed-integer program: options, then demands."""
    model = part.model
    demands, options = model.covers.shape
    none = csr_array((1, demands))
    cover = hstack([-model.covers, eye_array(demands)], format="csr")
    limits = [LinearConstraint(cover, -np.inf, 0)]

    def on_options(row: np.ndarray, low: float, high: float) -> None:
        limits.append(LinearConstraint(hstack([csr_array(row[None, :].astype(float)), none]), low, high))

    on_options(model.count, -np.inf, model.most)
    if np.isfinite(model.funds):
        on_options(model.cost, -np.inf, model.funds)
    grouped = np.flatnonzero(model.group >= 0)
    if len(grouped):
        names, which = np.unique(model.group[grouped], return_inverse=True)
        once = csr_array((np.ones(len(grouped)), (which, grouped)), (len(names), options))
        limits.append(LinearConstraint(hstack([once, csr_array((len(names), demands))]), -np.inf, 1))
    done = _counted(small, part.ones)
    for plan in sets:
        inside = np.isin(part.at, sorted(plan - done)) & (model.count > 0)
        if done <= plan and inside.sum() == len(plan - done):  # else an option settled earlier tells the plans apart
            on_options(np.where(inside, -1, 1) * (model.count > 0), 1 - inside.sum(), np.inf)
    unit, floor = floors(model)
    if (floor > 0).any():
        rows = csr_array((model.weight.astype(float), (unit, np.arange(demands))), (len(floor), demands))
        limits.append(LinearConstraint(hstack([csr_array((len(floor), options)), rows]), floor, np.inf))
    return {
        "limits": limits,
        "whole": np.repeat([1, 0], [options, demands]),
        "value": np.concatenate([np.zeros(options), model.weight]),
        "preference": np.concatenate([preference(model.count > 0, model.most), np.zeros(demands)]),
    }


def _milp(program: dict[str, Any], goal: np.ndarray, gap: float, *, at_least: float | None = None) -> Any:
    """HiGHS until proven or BRANCHES are searched."""
    limits = program["limits"]
    if at_least is not None:
        limits = [*limits, LinearConstraint(csr_array(program["value"][None, :]), at_least, np.inf)]
    return milp(
        goal,
        constraints=limits,
        bounds=Bounds(0, 1),
        integrality=program["whole"],
        options={"mip_rel_gap": gap, "node_limit": BRANCHES},
    )


def _taken(x: np.ndarray, options: int) -> np.ndarray:
    """Positions of the options a solution takes."""
    return np.flatnonzero(x[:options] > 0.5)
