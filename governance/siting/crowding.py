"""Plans in which people count only up to the places there are: everyone assigned to at most one place a service."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array, diags_array, hstack, vstack
from scipy.sparse.csgraph import maximum_flow

from ..errors import InfeasibleError
from .covering import Town
from .limits import Case
from .model import preference

BRANCHES = 20_000  # a limit on the search in nodes, not seconds: the same plan on a slow machine


def served(town: Town, chosen: Sequence[int]) -> np.ndarray:
    """People with a place, by service, once the ``chosen`` options are taken: a greatest flow, in whole people."""
    options, kept = list(chosen), np.ones(len(town.rooms), bool)
    kept[town.options["room"].to_numpy()[options]] = False
    rooms = np.flatnonzero(kept & (np.diff(town.stays.indptr) > 0))
    covers = hstack([town.comes[:, options], town.stays[:, rooms], town.fixed], format="coo")
    held = np.concatenate([town.options["places"].to_numpy()[options], town.held[rooms], town.held[len(kept) :]])
    demands, places = covers.shape
    sink = 1 + demands + places
    each = np.concatenate([town.weight, town.weight[covers.coords[0]], _held(held, covers, town.weight)])
    start = np.concatenate([np.zeros(demands), 1 + covers.coords[0], 1 + demands + np.arange(places)]).astype(int)
    end = np.concatenate([1 + np.arange(demands), 1 + demands + covers.coords[1], np.full(places, sink)]).astype(int)
    graph = csr_array((each.astype(np.int32), (start, end)), (sink + 1, sink + 1))
    if not demands or not places:
        return np.zeros(len(town.services), np.int64)
    flow = maximum_flow(graph, 0, sink).flow[[0], 1 : 1 + demands].toarray().ravel()
    return np.bincount(town.kind, flow, len(town.services)).astype(np.int64)


def best(town: Town, case: Case, required: Sequence[int]) -> tuple[list[int], int]:
    """The options that give most people a place, fewest first on a tie, and what no plan exceeds.

    Exact: a mixed-integer program of options and of the people each place takes in, by HiGHS; where the search is
    cut short at BRANCHES, the bound stays true. InfeasibleError where nothing keeps to all limits.
    """
    program = _program(town, case, required)
    if not len(program["whole"]):
        if _least(town, case).any():
            raise InfeasibleError("没有可选的改造")
        return [], 0
    found = _milp(program, -program["value"], case.gap)
    if found.x is None and (found.status != 1 or required or case.floor > 0):
        raise InfeasibleError("没有任何方案能同时满足全部限制")
    chosen = [] if found.x is None else _taken(program, found.x)
    reached = int(served(town, chosen).sum())
    least = LinearConstraint(csr_array(program["value"][None, :]), reached - 0.5, np.inf)
    tie = _milp({**program, "limits": [*program["limits"], least]}, program["preference"], 0.0)
    if tie.x is not None and served(town, again := _taken(program, tie.x)).sum() >= reached:
        chosen = again
    proven = int(town.weight.sum()) if found.mip_dual_bound is None else -found.mip_dual_bound
    return chosen, max(int(np.floor(min(proven, town.weight.sum()) + 1e-3)), reached)


def _held(held: np.ndarray, covers: Any, weight: np.ndarray) -> np.ndarray:
    """People each place takes in at most: its places, and never more than it reaches."""
    reached = np.bincount(covers.coords[1], weight[covers.coords[0]], covers.shape[1]).astype(np.int64)
    return np.where(held < 0, reached, np.minimum(held, reached))


def _program(town: Town, case: Case, required: Sequence[int]) -> dict[str, Any]:
    """Variables: an option each (0 or 1), then people of a demand taken in by a place that reaches it."""
    usable = case.usable & (np.diff(town.comes.indptr) > 0)
    usable[list(required)] = True
    picked = np.flatnonzero(usable)
    covers = hstack([town.comes[:, picked], town.stays, town.fixed], format="coo")
    n, flows, demands = len(picked), len(covers.data), len(town.weight)
    asks = csr_array((np.ones(flows), (covers.coords[0], np.arange(flows))), (demands, flows))
    of_room = _of_room(town, picked)
    cost = csr_array(town.options["cost"].to_numpy(float)[picked][None, :])
    unit = csr_array((np.ones(flows), (town.unit[covers.coords[0]], np.arange(flows))), (len(town.units), flows))
    limits = [
        *_taking(town, picked, covers, of_room),
        LinearConstraint(_wide(None, asks, n), -np.inf, town.weight),
        LinearConstraint(_wide(of_room, None, flows), -np.inf, 1),
        LinearConstraint(_wide(csr_array(np.ones((1, n))), None, flows), -np.inf, case.most),
        LinearConstraint(_wide(cost, None, flows), -np.inf, case.funds),
        LinearConstraint(_wide(None, unit, n), _least(town, case), np.inf),
    ]
    low = np.zeros(n + flows)
    low[np.searchsorted(picked, np.array(required, np.int64))] = 1
    return {
        "picked": picked,
        "limits": limits,
        "whole": np.repeat([1, 0], [n, flows]),
        "low": low,
        "high": np.append(np.ones(n), town.weight[covers.coords[0]]),
        "value": np.repeat([0.0, 1.0], [n, flows]),
        "preference": np.append(preference(np.ones(n, bool), case.most), np.zeros(flows)),
    }


def _of_room(town: Town, picked: np.ndarray) -> csr_array:
    """room x option: which options are of which room."""
    room, n = town.options["room"].to_numpy()[picked], len(picked)
    return csr_array((np.ones(n), (room, np.arange(n))), (len(town.rooms), n))


def _taking(town: Town, picked: np.ndarray, covers: Any, of_room: csr_array) -> list[LinearConstraint]:
    """Nobody is taken in beyond the places: of an option once taken, of a room as long as it stays, of what is fixed."""
    n, flows, rooms = len(picked), len(covers.data), len(town.rooms)
    held = np.append(town.options["places"].to_numpy()[picked], town.held)
    most = _held(held, covers, town.weight).astype(float)
    takes = csr_array((np.ones(flows), (covers.coords[1], np.arange(flows))), (covers.shape[1], flows))
    opens = vstack(
        [
            diags_array(-most[:n], shape=(n, n)),
            diags_array(most[n : n + rooms], shape=(rooms, rooms)) @ of_room,
            csr_array((len(most) - n - rooms, n)),
        ],
        format="csr",
    )
    return [LinearConstraint(hstack([opens, takes], format="csr"), -np.inf, np.append(np.zeros(n), most[n:]))]


def _wide(options: csr_array | None, flows: csr_array | None, rest: int) -> csr_array:
    """Rows on the options or on the flows alone, with ``rest`` empty columns for the others."""
    parts = [options, csr_array((options.shape[0], rest))] if options is not None else []
    parts += [csr_array((flows.shape[0], rest)), flows] if flows is not None else []
    return csr_array(hstack(parts, format="csr"))


def _least(town: Town, case: Case) -> np.ndarray:
    """People x services with a place at least in each community."""
    return np.ceil(np.round(town.units["people"].to_numpy() * case.floor, 6))


def _milp(program: dict[str, Any], goal: np.ndarray, gap: float) -> Any:
    """HiGHS until proven or BRANCHES are searched."""
    return milp(
        goal,
        constraints=program["limits"],
        bounds=Bounds(program["low"], program["high"]),
        integrality=program["whole"],
        options={"mip_rel_gap": gap, "node_limit": BRANCHES},
    )


def _taken(program: dict[str, Any], x: np.ndarray) -> list[int]:
    """Positions of the options a solution takes."""
    picked = program["picked"]
    return picked[x[: len(picked)] > 0.5].tolist()
