"""What every benchmark here measures with: median CPU seconds of several runs, and the memory of this process."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

Answer = TypeVar("Answer")


def timed(run: Callable[[], Answer], runs: int) -> tuple[float, Answer]:
    """Median CPU seconds of ``runs`` runs, and the last answer."""
    spent = []
    for _ in range(runs):
        begun = time.process_time()
        answer = run()
        spent.append(time.process_time() - begun)
    return statistics.median(spent), answer


def memory(what: str) -> float:
    """VmRSS or VmHWM in MB. Not ru_maxrss: a process that is spawned inherits its parent's peak there."""
    with open("/proc/self/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(what)) / 1024


def forget() -> None:
    """Count the peak, VmHWM, anew from here."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
