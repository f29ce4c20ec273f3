"""A plan over packed facts in a process of its own, for its memory: `python -m benchmarks.long_plan FOLDER CANDIDATE`."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from benchmarks.memory import peak_megabytes
from loyalty_streams.backtest.asked import Asked
from loyalty_streams.backtest.packed import opened
from loyalty_streams.backtest.plan import plan
from loyalty_streams.backtest.running import Run

THREADS = 2


def main(folder: Path, candidate: Path) -> None:
    """Plans, and prints the megabytes held at most and before anything was read, and the seconds."""
    ground = opened(folder)
    Run(ground.source, [ground.field().standing(ground.source.now)])
    resting, begun, used = peak_megabytes(), time.perf_counter(), time.process_time()
    said = plan(ground, candidate, Asked(threads=THREADS)).to_json()
    wall, cpu = time.perf_counter() - begun, time.process_time() - used
    found = {"peak": peak_megabytes(), "resting": resting, "wall": wall, "cpu": cpu, "threads": THREADS, "changed": said["members"]["changed"]}
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main(*(Path(word) for word in sys.argv[1:]))
