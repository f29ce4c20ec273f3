"""What facts that come late or twice cost: the same orders in order, with 5 % late by up to three days, and with 5 % of them twice as well.

Orders of two lines under the smallest programme, durable, from Parquet, CPU time of the process. The arrival stands in a column.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.figures import Figure
from benchmarks.generate import Plan, generate
from benchmarks.ingest import CURRENCY, SMALLEST
from benchmarks.scratch import scratch
from benchmarks.stores import TimedStore, Times, timed_ingest

LATE, TWICE = 0.05, 0.05
THREE_DAYS = 3 * 86_400 * 1_000_000
TARGET, CLEAN_TARGET = 1.3, 1.1


def run(quick: bool, long: bool) -> list[Figure]:
    with scratch("late") as place:
        return list(_of(place, 50_000 if quick else 300_000, 1 if quick else 3))


def _of(place: Path, orders: int, rounds: int) -> Iterator[Figure]:
    generate(place / "clean", Plan(orders, orders // 3, currency=CURRENCY))
    _arriving(place / "clean", place / "worse", np.random.default_rng(5))
    strict = place / "strict.yaml"
    strict.write_text(SMALLEST.read_text("utf-8") + "facts: {lateness: 0 days}\n", "utf-8")
    kinds = {"clean": (SMALLEST, "clean"), "worse": (SMALLEST, "worse"), "strict": (strict, "clean")}
    taken: dict[str, list[float]] = {name: [] for name in kinds}
    _once(place, SMALLEST, place / "clean")  # warm
    for _ in range(rounds):
        for name, (programme, history) in kinds.items():
            taken[name].append(_once(place, programme, place / history).cpu)
    clean, worse, none = (median(taken[name]) for name in ("clean", "worse", "strict"))
    what = f"{orders:,} orders of two lines, {orders // 3:,} members; median of {rounds}; by CPU {orders / worse:,.0f} orders/s"
    yield Figure("ingest with 5 % late by up to three days and 5 % twice, against the clean one", worse / clean, "x", TARGET, False, what)
    plain = f"by CPU {orders / clean:,.0f} orders/s"
    yield Figure("clean ingest against the same with `facts.lateness: 0`", clean / none, "x", CLEAN_TARGET, False, plain)


def _once(place: Path, programme: Path, history: Path) -> Times:
    folder = place / "store"
    with TimedStore.open(folder, programme=programme, create=True) as store:
        times = timed_ingest(store, history)
    shutil.rmtree(folder)
    return times


def _arriving(clean: Path, to: Path, rng: np.random.Generator) -> None:
    """The same orders with an arrival: some late; some come a second time, in a file of their own with their lines."""
    to.mkdir()
    orders = pq.read_table(clean / "orders.parquet")
    at = orders["occurred_at"].cast(pa.int64()).to_numpy()
    late = rng.random(len(at)) < LATE
    arrived = at + np.where(late, rng.integers(0, THREE_DAYS, len(at)), 0)
    again = np.flatnonzero(rng.random(len(at)) < TWICE)
    _write(to / "orders.parquet", orders, arrived)
    _write(to / "orders-again.parquet", orders.take(pa.array(again)), arrived[again] + rng.integers(0, THREE_DAYS, len(again)))
    shutil.copy(clean / "items.parquet", to / "items.parquet")


def _write(path: Path, orders: Any, arrived: Any) -> None:
    pq.write_table(orders.append_column("arrived_at", pa.array(arrived, pa.timestamp("us", "UTC"))), path, row_group_size=131_072)
