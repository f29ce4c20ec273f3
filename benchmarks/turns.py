"""Works that are compared are done in turns, so that what else the machine does falls on all of them."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median


def in_turns(rounds: int, *works: Callable[[], object], clock: Callable[[], float] = time.process_time) -> list[float]:
    """The median seconds of each, after each was done once. By default of CPU, of all threads of the process."""
    found: list[list[float]] = [[] for _ in works]
    for work in works:
        work()
    for _ in range(rounds):
        for times, work in zip(found, works, strict=True):
            begun = clock()
            work()
            times.append(clock() - begun)
    return [median(times) for times in found]
