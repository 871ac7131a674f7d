"""Two dates of the lists side by side: this package beside named peers, medians of one run, as ratios; then ours alone, large.

    python benchmarks/lists_diff.py [--townships 4000] [--runs 3] [--large 40000] [--text]

Every peer answers the same question on the same frames (250 items a township, 0.1 % of the rows changed, added or
removed, rows in another order): which keys were added or removed, and which columns differ. Answers must agree before
any time is printed. ``diff`` also lays old and new texts side by side. ``--large`` times ``diff`` alone on 40,000
townships, 10 million rows a side, as categoricals and, with ``--text``, as pandas str: each in a process of its own, whose
peak memory (VmHWM, frames included) is told. Making the frames is never timed.
"""

from __future__ import annotations

import argparse
import multiprocessing
import time
from typing import Any

import numpy as np
import pandas as pd
from measure import forget, memory, timed

from governance import lifecycle

LISTED, WORDINGS, CHANGED = 250, 40, 0.001
KEY = ["township", "item"]
TEXTS = ["category", "name", "department", "department_duty", "township_duty", "support", "method", "basis"]
Answer = pd.DataFrame  # township, item, what: "added", "removed" or the columns that differ, joined by "|"


def made(townships: int, *, text: bool = False) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Two dates of the lists; texts of the length offices write, a wording of each item shared by some townships."""
    rng = np.random.default_rng(7)
    rows = townships * LISTED
    item = np.tile(np.arange(LISTED, dtype=np.int32), townships)
    wording = np.repeat(rng.integers(0, WORDINGS, townships, dtype=np.int32), LISTED)
    codes = {"township": np.repeat(np.arange(townships, dtype=np.int32), LISTED), "item": item}
    words: dict[str, list[str]] = {
        "township": [f"{t // 12:04d}县{t % 12:02d}镇" for t in range(townships + 10)],
        "item": [f"X{i:03d}" for i in range(LISTED)],
        "list_kind": ["basic", "assisting", "reclaimed"],
    }
    codes["list_kind"] = (item % 3).astype(np.int8)
    for column in TEXTS:
        length = {"category": 1, "name": 2, "support": 1, "department": 1}.get(column, 12)
        words[column] = [f"{column}第{i}项" + "应当依法履行职责;" * length for i in range(LISTED * WORDINGS)]
        codes[column] = item * WORDINGS + wording
        codes[column][item % 3 == 0] = -1 if column == "method" else codes[column][item % 3 == 0]
    old = framed(codes, words, text)
    after = {c: v.copy() for c, v in codes.items()}
    hit = rng.choice(rows, max(int(rows * CHANGED), 3), replace=False)
    for column, where in zip(["list_kind", *TEXTS], np.array_split(hit[: len(hit) // 2], 9), strict=True):
        after[column][where] = (after[column][where] + 1) % len(words[column])
    kept = np.ones(rows, bool)
    kept[hit[len(hit) // 2 : len(hit) * 3 // 4]] = False
    after["township"][hit[len(hit) * 3 // 4 :]] = townships + rng.integers(0, 10, len(hit) - len(hit) * 3 // 4)
    order = rng.permutation(np.flatnonzero(kept))
    after = {c: v[order] for c, v in after.items()}
    unique = ~pd.Series(after["township"].astype(np.int64) * LISTED + after["item"]).duplicated().to_numpy()
    return old, framed({c: v[unique] for c, v in after.items()}, words, text)


def framed(codes: dict[str, np.ndarray], words: dict[str, list[str]], text: bool) -> pd.DataFrame:
    columns: dict[str, Any] = {}
    for column, values in codes.items():
        known = pd.Index(words[column], dtype="str")
        if text:
            columns[column] = pd.array(np.append(known.to_numpy(object), np.nan)[values], dtype="str")
        else:
            columns[column] = pd.Categorical.from_codes(values, known)
    return pd.DataFrame(columns, copy=False)


def ours(old: pd.DataFrame, new: pd.DataFrame) -> Answer:
    found = lifecycle.diff(old, new)
    what = found["columns"].where(found["columns"] != "", found["change"])
    return found[KEY].assign(what=what)


def by_pandas(old: pd.DataFrame, new: pd.DataFrame) -> Answer:
    both = old.merge(new, on=KEY, how="outer", suffixes=("_old", ""), indicator=True)
    parts = []
    for column in ["list_kind", *TEXTS]:
        one, two = both[f"{column}_old"], both[column]
        unlike = (one != two) & ~(one.isna() & two.isna())
        parts.append(pd.Series(np.where(unlike, f"{column}|", ""), both.index))
    what = parts[0].str.cat(parts[1:]).str.rstrip("|")
    what = what.mask(both["_merge"] == "left_only", "removed").mask(both["_merge"] == "right_only", "added")
    return both.loc[what != "", KEY].assign(what=what[what != ""])


def by_pandas_hash(old: pd.DataFrame, new: pd.DataFrame) -> Answer:
    """Whole rows hashed, then only unlike ones merged: what is not exact until the hash is trusted."""
    columns = [*KEY, "list_kind", *TEXTS]
    one = pd.util.hash_pandas_object(old[columns], index=False)
    two = pd.util.hash_pandas_object(new[columns], index=False)
    return by_pandas(old[~one.isin(two).to_numpy()], new[~two.isin(one).to_numpy()])


def as_polars(frame: pd.DataFrame) -> Any:
    """The frame as polars holds it, made before the clock starts."""
    import polars as pl

    plain = {c: v.astype(object).where(v.notna(), None).tolist() for c, v in frame.items()}
    return pl.DataFrame([pl.Series(c, values, dtype=pl.String) for c, values in plain.items()])


def by_polars(old: Any, new: Any) -> Answer:
    import polars as pl

    columns = ["list_kind", *TEXTS]
    gone = old.join(new, on=[*KEY, *columns], how="anti", nulls_equal=True)
    come = new.join(old, on=[*KEY, *columns], how="anti", nulls_equal=True)
    both = gone.join(come, on=KEY, how="inner", suffix="_new")
    differ = [pl.when(pl.col(c).ne_missing(pl.col(f"{c}_new"))).then(pl.lit(c)) for c in columns]
    edited = both.select(*KEY, what=pl.concat_str(differ, separator="|", ignore_nulls=True))
    removed = gone.join(come, on=KEY, how="anti").select(*KEY, what=pl.lit("removed"))
    added = come.join(gone, on=KEY, how="anti").select(*KEY, what=pl.lit("added"))
    return pd.DataFrame(pl.concat([edited, removed, added]).to_dict(as_series=False))


def settled(answer: Answer) -> list[tuple[str, str, str]]:
    return sorted(answer[[*KEY, "what"]].astype(str).itertuples(index=False, name=None))


def large(townships: int, text: bool) -> None:
    old, new = made(townships, text=text)
    held, made_with = memory("VmRSS") / 1024, memory("VmHWM") / 1024
    forget()
    begun, clock = time.process_time(), time.perf_counter()
    found = lifecycle.diff(old, new)
    spent, passed = time.process_time() - begun, time.perf_counter() - clock
    print(
        f"{'pandas str' if text else 'categoricals':14}{len(old):>12,} x {len(new):,} rows, {len(found):,} changed: "
        f"{spent:.1f} CPU s ({passed:.1f} s by the clock), peak {memory('VmHWM') / 1024:.2f} GB, frames included "
        f"({held:.2f} GB; making them took {made_with:.2f})"
    )


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--townships", type=int, default=4_000)
    options.add_argument("--runs", type=int, default=3)
    options.add_argument("--large", type=int, default=0)
    options.add_argument("--text", action="store_true")
    chosen = options.parse_args()
    if chosen.townships:
        old, new = made(chosen.townships, text=True)
        small = made(chosen.townships)
        polars = as_polars(old), as_polars(new)
        peers = {
            "lifecycle.diff (categoricals)": lambda: ours(*small),
            "lifecycle.diff (str)": lambda: ours(old, new),
            "pandas merge + compare (str)": lambda: by_pandas(old, new),
            "pandas row hash + merge (str)": lambda: by_pandas_hash(old, new),
            "polars anti-joins": lambda: by_polars(*polars),
        }
        results = {name: timed(run, chosen.runs) for name, run in peers.items()}
        base, wanted = results["lifecycle.diff (str)"]
        for name, (_, answer) in results.items():
            if settled(answer) != settled(wanted):
                raise SystemExit(f"{name} disagrees: {len(answer)} keys, {len(wanted)} by diff")
        print(f"{len(old):,} rows a side, {len(wanted):,} keys changed; median CPU seconds of {chosen.runs}; all agree")
        for name, (spent, _) in results.items():
            print(f"{name:32}{spent:8.2f} s{spent / base:8.1f} x")
    for text in (False, True) if chosen.text else (False,):
        if chosen.large:
            process = multiprocessing.get_context("spawn").Process(target=large, args=(chosen.large, text))
            process.start()
            process.join()


if __name__ == "__main__":
    main()
