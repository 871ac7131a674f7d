"""Choosing sites: this package beside spopt (HiGHS and CBC), the same towns in one run, CPU seconds build and solve.

    python benchmarks/siting.py [--demands 10000] [--options 500] [--p 20] [--seeds 1 2 3] [--runs 3] [--peers highs cbc]
    python benchmarks/siting.py --demands 50000 --options 1000 --p 40 --gap 0.01 --peers
    python benchmarks/siting.py --rooms

Towns are made up: forty Gaussian clusters on 20 x 20 km, candidates beside homes, 1 to 99 people a point, --radius
metres as the crow flies. Both sides start from the same table of distances (made before the clock starts) and build
their model from it; the children of a peer (CBC) count as its own CPU seconds. Values must agree before a time is printed.
--rooms: 500 rooms, 8 services, hardware, area, number of measures and money, to a gap of 1e-4.
"""

from __future__ import annotations

import argparse
import resource
import statistics
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from governance.siting.solve import Answer, Model, best


def spent() -> float:
    """CPU seconds of this process and of the children that ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)


def timed(run: Callable[[], Any], runs: int) -> tuple[float, Any]:
    """Median CPU seconds of ``runs`` runs, children included, and the last answer."""
    took = []
    for _ in range(runs):
        begun = spent()
        answer = run()
        took.append(spent() - begun)
    return statistics.median(took), answer


def town(demands: int, options: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Metres from each home to each candidate, and the people of each home."""
    chance = np.random.default_rng(seed)
    centres, spread = chance.uniform(0, 20_000, (40, 2)), chance.uniform(300, 2000, 40)
    which = chance.choice(40, demands, p=chance.dirichlet(np.ones(40)))
    home = centres[which] + chance.normal(0, 1, (demands, 2)) * spread[which, None]
    site = home[chance.choice(demands, options, replace=False)] + chance.normal(0, 50, (options, 2))
    people = chance.integers(1, 100, demands)
    return np.hypot(home[:, None, 0] - site[None, :, 0], home[:, None, 1] - site[None, :, 1]), people


def ours(metres: np.ndarray, people: np.ndarray, radius: float, p: int, gap: float) -> Answer:
    """Build and solve."""
    options = metres.shape[1]
    free = np.full(options, -1)
    inside = metres <= radius
    size, at = inside.sum(axis=1), np.flatnonzero(inside) % options
    covers = csr_array((np.ones(len(at)), at, np.append(0, np.cumsum(size))), metres.shape)
    return best(Model(people, covers, np.ones(options, np.int64), np.zeros(options), free, p), gap=gap)


def theirs(metres: np.ndarray, people: np.ndarray, radius: float, p: int, solver: str) -> tuple[int, float]:
    """Build and solve with spopt: people covered, and the CPU seconds of the solver alone."""
    import pulp
    from spopt.locate import MCLP

    problem = MCLP.from_cost_matrix(metres, people, radius, p)
    begun = spent()
    tool = pulp.HiGHS(msg=False) if solver == "highs" else pulp.PULP_CBC_CMD(msg=False)
    problem = problem.solve(tool, results=False)
    chosen = np.array([v.value() > 0.5 for v in problem.fac_vars])
    return int(people[(metres[:, chosen] <= radius).any(axis=1)].sum()), spent() - begun


def rooms(seed: int, *, count: int = 500, services: int = 8, homes: int = 600) -> Model:
    """Rooms that may turn into services their hardware and area allow, or stay as they are; six ages a home."""
    chance = np.random.default_rng(seed)
    home, at = chance.uniform(0, 8000, (homes, 2)), chance.uniform(0, 8000, (count, 2))
    metres = np.hypot(home[:, None, 0] - at[None, :, 0], home[:, None, 1] - at[None, :, 1])
    use = chance.integers(-1, services, count)  # -1: idle
    area, flags = chance.uniform(20, 200, count), chance.random((count, 4)) < 0.6
    needs, asked = chance.uniform(30, 100, services), chance.random((services, 4)) < 0.3
    able = (area[:, None] >= needs) & (flags[:, None, :] | ~asked[None]).all(axis=2)
    able[np.arange(count), np.maximum(use, 0)] &= use < 0
    changed = np.argwhere(able)
    room = np.concatenate([changed[:, 0], np.flatnonzero(use >= 0)])
    service = np.concatenate([changed[:, 1], use[use >= 0]])
    new = np.arange(len(room)) < len(changed)
    covers, weight = [], []
    for k in range(services):
        for reach in chance.choice([600, 750, 900], 2, replace=False):
            covers.append(csr_array((metres[:, room] <= reach) & (service == k)))
            weight.append(chance.integers(0, 200, homes))
    from scipy.sparse import vstack

    cost = np.where(new, np.round(area[room] * chance.uniform(0.05, 0.3, len(room)), 1), 0.0)
    table = csr_array(vstack(covers, format="csr").astype(float))
    return Model(np.concatenate(weight), table, new.astype(np.int64), cost, room.astype(np.int64), 60, 600.0)


def told(answer: Answer) -> str:
    """The answer in short."""
    return f"{answer.value:,} bound {answer.bound:,} gap {(answer.bound - answer.value) / max(answer.bound, 1):.2e}"


def compare(chosen: argparse.Namespace, seed: int) -> None:
    """One town, all sides; the peers are run once, as they are slow."""
    metres, people = town(chosen.demands, chosen.options, seed)
    mine, answer = timed(lambda: ours(metres, people, chosen.radius, chosen.p, chosen.gap), chosen.runs)
    share = answer.value / people.sum()
    print(f"seed {seed}: governance {mine:8.2f} s  {told(answer)}  {share:.0%} of all", flush=True)
    for solver in chosen.peers:
        took, (value, alone) = timed(lambda s=solver: theirs(metres, people, chosen.radius, chosen.p, s), 1)
        if not answer.value * (1 - 1e-12) <= value <= answer.bound and answer.proven:
            raise SystemExit(f"spopt {solver} covers {value}, this package {told(answer)}")
        ratios = f"{took / mine:7.1f} x (solver alone {alone:.1f} s, {alone / mine:.1f} x)"
        print(f"        spopt {solver:5} {took:8.2f} s {ratios}  {value:,}", flush=True)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--demands", type=int, default=10_000)
    options.add_argument("--options", type=int, default=500)
    options.add_argument("--p", type=int, default=20)
    options.add_argument("--radius", type=float, default=1000.0)
    options.add_argument("--gap", type=float, default=0.0)
    options.add_argument("--seeds", type=int, nargs="*", default=[1, 2, 3])
    options.add_argument("--runs", type=int, default=3)
    options.add_argument("--peers", nargs="*", default=["highs", "cbc"])
    options.add_argument("--rooms", action="store_true")
    chosen = options.parse_args()
    if not chosen.rooms:
        print(
            f"{chosen.demands:,} x {chosen.options:,}, p = {chosen.p}, radius {chosen.radius:g} m, gap {chosen.gap:g}"
        )
        for seed in chosen.seeds:
            compare(chosen, seed)
        return
    for seed in chosen.seeds:
        model = rooms(seed)
        took, answer = timed(lambda m=model: best(m, gap=1e-4), chosen.runs)
        print(f"seed {seed}: {len(model.count):,} options, {took:6.2f} s  {told(answer)}", flush=True)


if __name__ == "__main__":
    main()
