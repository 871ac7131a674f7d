"""OSM PBF to a walking graph: this package beside pyrosm, CPU medians and added memory of one run, as ratios.

    python benchmarks/streets.py FILE.osm.pbf ... [--runs 5] [--rounds 3] [--peer PYTHON]

``streets.read`` (filter, projection, lengths, components, frames) against pyrosm's ``get_network("walking", nodes=True)``
and ``to_graph`` (networkx, the default), each in processes of its own: a process reads the file ``--runs`` times after
once to warm up and tells the median of its CPU seconds (all threads); the two tools take turns ``--rounds`` times, and
the median of the rounds is printed. Memory is how far a first reading raises the peak (VmHWM) of a process that has the
libraries loaded. pyrosm needs a Python of its own where
it does not go with this one's libraries: ``--peer`` names that Python. Before a figure is printed the walking nodes and
edges of both are compared: the filters differ a little, and by how much is told.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from measure import forget, memory, timed  # noqa: F401 - forget and memory by the first reading

GOAL = 1 / 7
CLOSE = 0.03  # how far the numbers of nodes and edges may differ, as the filters do


def ours(file: str) -> tuple[int, int]:
    from governance import streets

    net = streets.read(file)
    return len(net.nodes), len(net.edges)


def pyrosm(file: str) -> tuple[int, int]:
    import pyrosm as peer

    osm = peer.OSM(file)
    nodes, edges = osm.get_network(network_type="walking", nodes=True)
    osm.to_graph(nodes, edges, graph_type="networkx")
    return len(nodes), len(edges)


TOOLS: dict[str, Callable[[str], tuple[int, int]]] = {"governance": ours, "pyrosm": pyrosm}


def worker(tool: str, file: str, runs: int) -> None:
    """Print what one tool takes, as JSON."""
    run = TOOLS[tool]
    run(file)
    seconds, size = timed(lambda: run(file), runs)
    print("\n" + json.dumps({"seconds": seconds, "size": size}))


def first(tool: str, file: str, python: str) -> float:
    """MB that the first reading adds to a process that has the libraries loaded."""
    loads = {
        "governance": "from governance.streets import osm, network; import osmium, pyproj",
        "pyrosm": "import pyrosm, networkx",
    }
    code = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n{loads[tool]}\nimport streets as bench\n"
        f"bench.forget(); held = bench.memory('VmRSS'); bench.TOOLS[{tool!r}]({file!r})\n"
        "print('\\n' + str(bench.memory('VmHWM') - held))"
    )
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1])


def asked(tool: str, file: str, runs: int, python: str) -> dict:
    command = [python, __file__, file, "--worker", tool, "--runs", str(runs)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.strip().splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("files", nargs="+")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peer", default=sys.executable)
    parser.add_argument("--worker", choices=TOOLS, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.worker:
        worker(args.worker, args.files[0], args.runs)
        return
    pythons = {"governance": sys.executable, "pyrosm": args.peer}
    for file in args.files:
        rounds = [{t: asked(t, file, args.runs, p) for t, p in pythons.items()} for _ in range(args.rounds)]
        seconds = {t: statistics.median(r[t]["seconds"] for r in rounds) for t in TOOLS}
        mine, peer = (rounds[0][t]["size"] for t in TOOLS)
        apart = [abs(a - b) / b for a, b in zip(mine, peer, strict=True)]
        assert max(apart) < CLOSE, f"{file}: {mine} here, {peer} there"
        ratio = seconds["governance"] / seconds["pyrosm"]
        print(f"{Path(file).name}: {mine[0]} nodes, {mine[1]} edges (pyrosm {peer[0]}, {peer[1]})")
        for tool in TOOLS:
            added = first(tool, file, pythons[tool])
            print(f"  {tool:<11}{seconds[tool]:7.3f} CPU s, first reading adds {added:6.1f} MB")
        print(f"  ratio 1/{1 / ratio:.1f} (goal 1/{1 / GOAL:.0f}): {'reached' if ratio <= GOAL else 'NOT reached'}")


if __name__ == "__main__":
    main()
