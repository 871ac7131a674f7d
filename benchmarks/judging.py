"""Judging tasks against dated lists: this package beside named peers, medians of one run, as ratios.

    python benchmarks/judging.py [--tasks 1000000] [--runs 5]

Every peer answers the same question on the same frames: the verdict of each task by the version of its item
in force that day. Answers must agree before any time is printed. ``judge`` also words the reason in Chinese and tells the
retrospective and doubtful rows apart, which the peers do not.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
import pandas as pd
from measure import timed

from governance import shifting

START = np.datetime64("2025-07-01")


def made(tasks: int, *, townships: int = 12, listed: int = 250) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Matched tasks and lists with two versions an item, all random."""
    rng = np.random.default_rng(7)
    pairs = pd.MultiIndex.from_product([[f"镇{t}" for t in range(townships)], [f"X{i}" for i in range(listed)]])
    first = pairs.to_frame(index=False, name=["township", "item"])
    cut = START + rng.integers(100, 300, len(first)).astype("timedelta64[D]")
    kinds = rng.choice(["basic", "assisting", "reclaimed"], (2, len(first)))
    support = rng.choice(["", "funds", "training|funds"], len(first))
    old = first.assign(list_kind=kinds[0], since=START, until=cut, support=support)
    new = first.assign(list_kind=kinds[1], since=cut, until=pd.NaT, support=support)
    items = pd.concat([old, new], ignore_index=True).assign(name="某项具体履职事项")
    matched = pd.DataFrame({
        "task": np.arange(tasks).astype(str),
        "date": START + rng.integers(0, 500, tasks).astype("timedelta64[D]"),
        "township": first.township.to_numpy()[where := rng.integers(0, len(first), tasks)],
        "item": first["item"].to_numpy()[where],
        "band": rng.choice(["matched", "doubtful", "absent"], tasks, p=[0.8, 0.1, 0.1]),
        "role": rng.choice(["lead", "assist"], tasks),
        "scored": rng.random(tasks) < 0.3,
        "support": rng.choice(["", "funds", "training|funds"], tasks),
    })  # fmt: skip
    return matched, items


def verdict(frame: pd.DataFrame) -> np.ndarray:
    """The shared rule, on columns band, list_kind, promised, role, scored, support (list_kind missing: not in force)."""
    kind = frame["list_kind"]
    lacking = pd.Series(False, frame.index)
    for promise in ("training", "funds"):
        lacking |= frame["promised"].str.contains(promise, na=False) & ~frame["support"].str.contains(promise)
    tests = [
        frame["band"] == "doubtful",
        (frame["band"] == "absent") | kind.isna(),
        kind == "basic",
        kind == "reclaimed",
        (frame["role"] == "lead") | frame["scored"],
        lacking,
    ]
    return np.select(tests, ["unsure", "off_list", "own", "reclaimed", "inverted", "unsupported"], "assist")


def by_pandas(matched: pd.DataFrame, items: pd.DataFrame) -> np.ndarray:
    right = items.rename(columns={"support": "promised"}).sort_values("since")
    left = matched.sort_values("date")
    joined = pd.merge_asof(left, right, left_on="date", right_on="since", by=["township", "item"])
    joined.loc[joined["until"] <= joined["date"], "list_kind"] = np.nan
    return pd.Series(verdict(joined), left.index).sort_index().to_numpy()


def as_polars(frame: pd.DataFrame) -> Any:
    """The frame as polars holds it, made before the clock starts."""
    import polars as pl

    native = {"str": object, "datetime64[s]": "datetime64[us]"}
    return pl.DataFrame({c: v.to_numpy(native.get(str(v.dtype), v.dtype)) for c, v in frame.items()})


def by_polars(matched: Any, items: Any) -> np.ndarray:
    import polars as pl

    left = matched.with_row_index("row").sort("date")
    right = items.rename({"support": "promised"}).sort("since")
    joined = left.join_asof(right, left_on="date", right_on="since", by=["township", "item"], check_sortedness=False)
    kind = pl.when(pl.col("until").is_null() | (pl.col("until") > pl.col("date"))).then(pl.col("list_kind"))
    lacking = pl.any_horizontal(
        pl.col("promised").str.contains(p) & ~pl.col("support").str.contains(p) for p in ("training", "funds")
    )
    rule = (
        pl.when(pl.col("band") == "doubtful").then(pl.lit("unsure"))
        .when((pl.col("band") == "absent") | pl.col("kind").is_null()).then(pl.lit("off_list"))
        .when(pl.col("kind") == "basic").then(pl.lit("own"))
        .when(pl.col("kind") == "reclaimed").then(pl.lit("reclaimed"))
        .when((pl.col("role") == "lead") | pl.col("scored")).then(pl.lit("inverted"))
        .when(lacking).then(pl.lit("unsupported"))
        .otherwise(pl.lit("assist"))
    )  # fmt: skip
    return joined.with_columns(kind=kind).with_columns(v=rule).sort("row")["v"].to_numpy()


def by_networkx(matched: pd.DataFrame, items: pd.DataFrame) -> np.ndarray:
    import networkx as nx

    graph = nx.MultiDiGraph()
    for row in items.itertuples(index=False):
        graph.add_edge(
            row.township, row.item, since=row.since, until=row.until, kind=row.list_kind, promised=row.support
        )
    kinds, promised = [], []
    for township, item, date in zip(matched["township"], matched["item"], matched["date"], strict=True):
        held = [d for d in graph[township][item].values() if d["since"] <= date and not d["until"] <= date]
        kinds.append(held[-1]["kind"] if held else None)
        promised.append(held[-1]["promised"] if held else "")
    return verdict(matched.assign(list_kind=kinds, promised=promised))


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--tasks", type=int, default=1_000_000)
    options.add_argument("--runs", type=int, default=5)
    chosen = options.parse_args()
    matched, items = made(chosen.tasks)
    polars = as_polars(matched), as_polars(items)
    peers = {
        "governance.shifting.judge": lambda: shifting.judge(matched, items)["verdict"].to_numpy(object),
        "pandas merge_asof": lambda: by_pandas(matched, items),
        "polars join_asof": lambda: by_polars(*polars),
        "networkx look-ups": lambda: by_networkx(matched, items),
    }
    results = {name: timed(run, chosen.runs if "networkx" not in name else 1) for name, run in peers.items()}
    base, wanted = results["governance.shifting.judge"]
    for name, (_, answer) in results.items():
        if not (answer == wanted).all():
            raise SystemExit(f"{name} disagrees on {(answer != wanted).sum()} of {len(wanted)} tasks")
    print(f"{chosen.tasks:,} tasks, {len(items):,} dated list rows; median CPU seconds of {chosen.runs}; all agree")
    for name, (spent, _) in results.items():
        print(f"{name:28}{spent:8.2f} s{spent / base:8.1f} x")


if __name__ == "__main__":
    main()
