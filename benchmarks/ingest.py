"""How fast a history becomes a durable store, end to end from Parquet, and what memory it takes.

The smallest programme, orders of two lines in order of time. Every batch is synced to the disk. Rates are by the wall and, in the notes, by CPU
time of the process with all its threads (RocksDB compresses and compacts on its own). Folders are made beside the checkout's own files.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

from benchmarks.figures import Figure
from benchmarks.generate import LotsPlan, Plan, generate, generate_lots
from benchmarks.memory import peak_megabytes
from benchmarks.scratch import scratch
from benchmarks.stores import Bare, Take, TimedStore, Times, record, timed_ingest, write_again

ROOT = Path(__file__).parent.parent
SMALLEST = ROOT / "tests" / "programme" / "smallest.yaml"
CURRENCY = "USD"
ORDERS, MEMBERS = 300_000, 100_000
MILLION = 1_000_000
ORDERS_A_SECOND = 50_000.0
MEMORY_MB = 1_000.0
FACTS_A_BATCH = 5
"""Facts that a batch of 50,000 brings to each of 10,000 members: smaller shops are given smaller batches, so that a batch brings as many."""


def run(quick: bool, long: bool) -> list[Figure]:
    """All figures of `ingest`."""
    with scratch("stores") as place:
        warm(place)
        return [
            *of_orders(place, 50_000 if quick else ORDERS, 1 if quick else 3),
            *of_complete_journey(place, 1 if quick else 3),
            *of_many_lots(place, LotsPlan(50, 200, currency=CURRENCY) if quick else LotsPlan(200, 1_000, currency=CURRENCY)),
            *(of_many_lots(place, LotsPlan(10_000, 1_000, currency=CURRENCY)) if long else []),
            *(memory(place, n) for n in ((100_000,) if quick else (MILLION, 10 * MILLION) if long else (MILLION,))),
        ]


def warm(place: Path) -> None:
    """Everything once, small: the kernel is compiled, and what is imported late is imported."""
    history = made(place / "warm", lambda f: generate(f, Plan(2_000, 500, currency=CURRENCY)))
    once(place, SMALLEST, history)


def made(folder: Path, build: Callable[[Path], None]) -> Path:
    build(folder)
    return folder


def once(place: Path, programme: Path, history: Path, batch_rows: int = 0) -> Times:
    """One ingest into a fresh store, which is removed."""
    folder = place / "store"
    with TimedStore.open(folder, programme=programme, create=True) as store:
        times = timed_ingest(store, history, batch_rows)
    shutil.rmtree(folder)
    return times


def size_of(folder: Path) -> int:
    return sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())


# ---- orders of two lines -------------------------------------------------------------------------------------------------


def of_orders(place: Path, orders: int, rounds: int) -> list[Figure]:
    """The rate, beside that of a bare WriteBatch of the same rows; and of the same orders once more."""
    history = made(place / "orders", lambda f: generate(f, Plan(orders, MEMBERS, currency=CURRENCY)))
    every = sorted((once(place, SMALLEST, history) for _ in range(rounds)), key=lambda t: t.wall)
    middle = every[len(every) // 2]
    kept = place / "kept"
    with TimedStore.open(kept, programme=SMALLEST, create=True) as store:
        timed_ingest(store, history)
        again = timed_ingest(store, history)
    on_disk = size_of(kept)
    shutil.rmtree(kept)
    tape = place / "tape"
    record(SMALLEST, history, place / "recorded", tape)
    bare = sorted((write_and_forget(tape, place / "bare") for _ in range(rounds)), key=lambda b: b.wall)[rounds // 2]
    for leftover in (history, place / "recorded"):
        shutil.rmtree(leftover)
    tape.unlink()
    rate, bare_rate = orders / middle.wall, orders / bare.wall
    of = f"{orders:,} orders of two lines, {MEMBERS:,} members; median of {rounds}; {middle.shares()}"
    size = f"keys and values; {on_disk / orders:,.0f} on the disk at the end"
    return [
        Figure("ingest, durable, from Parquet", rate, "orders/s", ORDERS_A_SECOND, True, of),
        Figure("the same by CPU time", orders / middle.cpu, "orders/s", None, True, "of the process, all threads: what one core would do alone"),
        Figure("bare WriteBatch of the same rows", bare_rate, "orders/s", None, True, bare_words(bare, orders)),
        Figure("ingest against the bare WriteBatch", rate / bare_rate, "x", None, True, f"by CPU {bare.cpu / middle.cpu:.2f}"),
        Figure("bytes written an order", bare.size / orders, "bytes", None, False, size),
        Figure("the same orders again, all duplicates", orders / again.wall, "orders/s", None, True, again.shares()),
    ]


def write_and_forget(tape: Path, folder: Path) -> Bare:
    bare = write_again(tape, folder)
    shutil.rmtree(folder)
    return bare


def bare_words(bare: Bare, orders: int) -> str:
    size = f"{bare.size / 1e6:,.0f} MB in {bare.rows:,} rows, {bare.rows / orders:.1f} an order, {bare.commits} synced commits"
    return f"{size}; by CPU {orders / bare.cpu:,.0f}"


# ---- a real grocer -------------------------------------------------------------------------------------------------------


def of_complete_journey(place: Path, rounds: int) -> list[Figure]:
    from loyalty_streams.cli.demo import cache_folder, demo_programme
    from loyalty_streams.history.complete_journey import folder

    history, programme = folder(cache_folder()), demo_programme()
    every = sorted((once(place, programme, history) for _ in range(rounds)), key=lambda t: t.wall)
    middle = every[len(every) // 2]
    baskets = sum(t.facts for t in middle.takes)
    note = f"{baskets:,} baskets of 9.4 lines, {programme.name}; by CPU {baskets / middle.cpu:,.0f}; {middle.shares()}"
    return [Figure("ingest, Complete Journey", baskets / middle.wall, "baskets/s", None, True, note)]


# ---- members with many open lots -----------------------------------------------------------------------------------------


def of_many_lots(place: Path, plan: LotsPlan) -> list[Figure]:
    """Facts in order of time over members none of whose lots ever closes: what a fact costs at the end against the beginning."""
    history = made(place / "lots", lambda f: generate_lots(f, plan))
    times = once(place, SMALLEST, history, batch_rows=plan.members * FACTS_A_BATCH)
    shutil.rmtree(history)
    takes = [t for t in times.takes if t.facts]
    tenth = max(1, len(takes) // 10)
    (first, first_cpu), (last, last_cpu) = (a_fact(takes[:tenth]), a_fact(takes[-tenth:]))
    facts = plan.members * plan.lots
    shop = f"{plan.members:,} members with {plan.lots:,} open lots"
    cost = f"first tenth {first:.1f} us a fact, last tenth {last:.1f} us; by CPU {first_cpu:.1f} and {last_cpu:.1f} us, {last_cpu / first_cpu:.2f} x"
    cost += f"; a batch brings {FACTS_A_BATCH} facts to each member"
    return [
        Figure(f"ingest, {shop}", facts / times.wall, "orders/s", None, True, f"{facts:,} orders in order of time; {times.shares()}"),
        Figure(f"cost of a fact in the end against the first, {shop}", last / first, "x", 2.0, False, cost),
    ]


def a_fact(takes: Sequence[Take]) -> tuple[float, float]:
    """Microseconds a fact in the median batch: on the wall, of CPU."""
    return median(t.seconds / t.facts for t in takes) * 1e6, median(t.cpu / t.facts for t in takes) * 1e6


# ---- memory --------------------------------------------------------------------------------------------------------------


def memory(place: Path, orders: int) -> Figure:
    """The most that an ingest holds, in a process of its own."""
    history = made(place / "large", lambda f: generate(f, Plan(orders, orders // 10, currency=CURRENCY)))
    said = subprocess.run(
        [sys.executable, "-m", "benchmarks.ingest", str(history), str(place / "in-child")], cwd=ROOT, check=True, capture_output=True, text=True
    )
    told = json.loads(said.stdout)
    shutil.rmtree(history)
    shutil.rmtree(place / "in-child")
    note = f"of {told['resting']:,.0f} MB before the first row; {orders / told['seconds']:,.0f} orders/s"
    return Figure(f"peak memory, ingest of {orders // 1_000:,} k orders", told["peak"], "MB", MEMORY_MB, False, note)


def in_child(history: Path, folder: Path) -> None:
    """Ingests, and prints the megabytes held at most and before anything was read, and the seconds."""
    with TimedStore.open(folder, programme=SMALLEST, create=True) as store:
        _ = store.agent
        resting, begun = peak_megabytes(), time.perf_counter()
        timed_ingest(store, history)
        json.dump({"peak": peak_megabytes(), "resting": resting, "seconds": time.perf_counter() - begun}, sys.stdout)


if __name__ == "__main__":
    in_child(Path(sys.argv[1]), Path(sys.argv[2]))
