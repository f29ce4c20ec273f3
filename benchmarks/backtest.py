"""Packed facts folded again: one programme against the raw scan of its columns, two threads, a plan, sweeps of fifty, and peers.

The facts are those of the fold's workload (`workload`, `packs`), in a folder that `loyalty history pack` could have written. Times are CPU times of
the process but where two threads are measured, and each ratio is of numbers that were taken in turns.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import pyarrow.parquet as pq

from benchmarks.figures import Figure
from benchmarks.fold import MILLION, PROGRAMMES, timed
from benchmarks.generate import Plan, generate
from benchmarks.ingest import CURRENCY, ROOT
from benchmarks.packs import FACTS_A_MEMBER, Made, pack
from benchmarks.peers.against import with_returns, without_returns
from benchmarks.scratch import scratch
from benchmarks.stores import TimedStore, timed_ingest
from benchmarks.turns import in_turns
from loyalty_streams.backtest.asked import Asked
from loyalty_streams.backtest.contenders import Contender, load_programme
from loyalty_streams.backtest.ground import Ground
from loyalty_streams.backtest.packed import opened
from loyalty_streams.backtest.packing import KERNEL, Manifest
from loyalty_streams.backtest.plan import plan
from loyalty_streams.backtest.running import Run
from loyalty_streams.backtest.source import StoreSource
from loyalty_streams.backtest.sweep import sweep
from loyalty_streams.backtest.varying import Axis, combinations, varied
from loyalty_streams.core.facts import ATTR_FIELDS, LINE_FIELDS
from loyalty_streams.hosts.embedded import Store

ROUNDS = 5
CANDIDATES = 50
OF_SCAN = {"smallest": 0.25, "full-example": 0.1}
OF_SWEEP = {"smallest": 25, "full-example": 40}
TWO_CORES, OF_PLAN = 1.8, 0.4
LONG_FACTS, LONG_MB = 100 * MILLION, 2_000
RATES = f"earn.base.points.rate=0.51..{0.51 + (CANDIDATES - 1) / 100:.2f} step 0.01"
GOLD = {"smallest": f"tiers.ladder.gold=301..{300 + CANDIDATES} step 1", "full-example": f"tiers.ladder.gold=1501..{1500 + CANDIDATES} step 1"}
READ = {"facts": (*KERNEL, "late", "lines", "attributes"), "lines": LINE_FIELDS, "attributes": ATTR_FIELDS, "members": ("member_id", "facts")}


@dataclass(frozen=True, slots=True)
class Subject:
    """Packed facts under one programme of the tests."""

    name: str
    folder: Path
    manifest: Manifest
    ground: Ground

    @classmethod
    def made(cls, place: Path, name: str, made: Made) -> Subject:
        folder = place / f"{name}-{made.facts}-{made.returns}"
        return cls(name, folder, pack(folder, PROGRAMMES / f"{name}.yaml", made), opened(folder))

    @property
    def facts(self) -> int:
        return self.ground.source.facts

    @property
    def told(self) -> str:
        return self.name.replace("-", " ") + (" programme" if self.name == "smallest" else "")

    def standing(self) -> Contender:
        return self.ground.field().standing(self.ground.source.now)

    def fold(self, threads: int = 1) -> Callable[[], object]:
        """A backtest of one programme."""
        return Run(self.ground.source, [self.standing()], threads=threads).figures

    def scan(self) -> Callable[[], None]:
        """Reads the columns that the fold is given, and does nothing with them."""
        files = [(pq.ParquetFile(path, memory_map=True), list(READ[name])) for name in READ for path in sorted(self.folder.glob(f"{name}-*"))]

        def read() -> None:
            for file, columns in files:
                for group in range(file.num_row_groups):
                    file.read_row_group(group, columns=columns, use_threads=False)

        return read


def candidate_of(name: str, place: Path) -> Path:
    """A programme that gives a fifth more."""
    text = (PROGRAMMES / f"{name}.yaml").read_text("utf-8")
    path = place / f"{name}-candidate.yaml"
    path.write_text(text.replace("rate: 1,", "rate: 1.2,"), "utf-8")
    return path


def run(quick: bool, long: bool) -> list[Figure]:
    facts, rounds = (200_000, 1) if quick else (2 * MILLION, ROUNDS)
    with scratch("backtest") as place:
        return [*figures(place, facts, rounds), *(memory(place, LONG_FACTS) if long else ())]


def figures(place: Path, facts: int, rounds: int) -> Iterator[Figure]:
    """Of so many facts; sweeps are of a quarter."""
    subjects = [Subject.made(place, name, Made.of(facts)) for name in OF_SCAN]
    for subject in subjects:
        yield from against_the_scan(subject, rounds)
    for subject in subjects:
        yield two_threads(subject, rounds)
    for subject in subjects:
        yield of_plan(subject, rounds)
    for name in OF_SWEEP:
        subject = Subject.made(place, name, Made.of(facts // 4))
        yield of_sweep(subject, "rates", RATES, rounds)
        yield of_sweep(subject, "ladder", GOLD[name], rounds)
    whole, kept = subjects[0], Subject.made(place, "smallest", Made.of(facts, returns=False))
    yield from with_returns(whole.ground, whole.folder, whole.fold(), rounds)
    yield from without_returns(kept.ground, kept.folder, kept.fold(), rounds)
    yield from_a_log(place, facts // 7, rounds)


def size(subject: Subject) -> str:
    return f"{subject.facts:,} facts of {subject.manifest.members:,} members"


def against_the_scan(subject: Subject, rounds: int) -> list[Figure]:
    raw, own = in_turns(rounds, subject.scan(), subject.fold())
    on_disk = sum(path.stat().st_size for path in subject.folder.iterdir()) / subject.facts
    what = f"one thread, every member's points, tier and digests; {size(subject)}; median of {rounds}"
    note = "row group by row group, one thread, mapped into memory; where all rows of a block say the same the backtest need not read a column"
    return [
        Figure(f"backtest from packed facts, {subject.told}", subject.facts / own / MILLION, "M facts/s", None, True, what),
        Figure(f"raw Parquet scan of the same columns, {subject.told}", subject.facts / raw / MILLION, "M facts/s", None, True,
               f"{note}; {on_disk:.0f} bytes a fact on the disk"),
        Figure(f"backtest against that scan, {subject.told}", raw / own, "x", OF_SCAN[subject.name], True, "in turns"),
    ]  # fmt: skip


def two_threads(subject: Subject, rounds: int) -> Figure:
    """By the wall, which what else the machine does moves."""
    one, two = in_turns(rounds, subject.fold(1), subject.fold(2), clock=time.perf_counter)
    of_one, of_two = in_turns(1, subject.fold(1), subject.fold(2))
    note = f"by the wall, in turns, median of {rounds}: another process on either core shows; {subject.facts / two / MILLION:.2f} M facts/s by two, "
    note += f"with {of_two / of_one:.2f} x the CPU time"
    return Figure(f"two threads against one, {subject.told}", one / two, "x", TWO_CORES, True, note)


def of_plan(subject: Subject, rounds: int) -> Figure:
    candidate = candidate_of(subject.name, subject.folder.parent)
    one, two = in_turns(rounds, subject.fold(), lambda: plan(subject.ground, candidate, Asked(threads=1)).to_json())
    note = f"speed, with where it concentrates and why the twelve who change most do; {subject.facts / two / MILLION:.2f} M facts/s"
    return Figure(f"plan, full diff of every member, against one backtest, {subject.told}", one / two, "x", OF_PLAN, True, note)


def of_sweep(subject: Subject, what: str, axis: str, rounds: int) -> Figure:
    values = combinations([Axis.read(axis)])
    base, field = load_programme(PROGRAMMES / f"{subject.name}.yaml")[-1], subject.ground.field()
    contenders = [field.standing(subject.ground.source.now), *(field.placed(varied(base, value)) for value in values)]
    many = Run(subject.ground.source, contenders, threads=1)
    one = median(timed(subject.fold(), rounds))
    (all_of_them,) = timed(lambda: sweep(many, values).rows(), 1)
    one = median([one, median(timed(subject.fold(), rounds))])
    name = f"sweep of {len(values)} candidates against one backtest, {subject.told}, {what} varied"
    return Figure(name, all_of_them / one, "x", OF_SWEEP[subject.name], False, f"cost, members and frontier; {size(subject)}; {axis}")


def from_a_log(place: Path, orders: int, rounds: int) -> Figure:
    """What packing is worth."""
    generate(place / "history", Plan(orders, orders // FACTS_A_MEMBER, currency=CURRENCY))
    with TimedStore.open(place / "store", programme=PROGRAMMES / "smallest.yaml", create=True) as store:
        timed_ingest(store, place / "history")
    with Store.open(place / "store", read_only=True) as store:
        contenders = [Ground.of(store).field().standing(store.clocks.now)]
        (seconds,) = in_turns(rounds, lambda: Run(StoreSource(store), contenders, threads=1).figures())
    note = f"one thread, {orders:,} orders of two lines, {orders // FACTS_A_MEMBER:,} members"
    return Figure("backtest from the log of a store, smallest programme", orders / seconds / MILLION, "M facts/s", None, True, note)


# ---- a hundred million facts ---------------------------------------------------------------------------------------------


def memory(place: Path, facts: int) -> list[Figure]:
    """The most that a plan holds, in a process of its own, and how long it takes."""
    folder, made = place / "long", Made.of(facts)
    pack(folder, PROGRAMMES / "smallest.yaml", made)
    words = [sys.executable, "-m", "benchmarks.long_plan", str(folder), str(candidate_of("smallest", place))]
    told = json.loads(subprocess.run(words, cwd=ROOT, check=True, capture_output=True, text=True).stdout)
    name = f"plan of {facts / MILLION:,.0f} M facts of {made.members / MILLION:,.1f} M members"
    note = f"{told['threads']} threads, of {told['resting']:,.0f} MB before the first fact; {told['changed']:,} members change"
    how = f"by the wall; {told['cpu']:,.0f} s of CPU, {facts / told['cpu'] / MILLION:.2f} M facts/s a core"
    return [Figure(f"peak memory, {name}", told["peak"], "MB", LONG_MB, False, note), Figure(name, told["wall"], "s", None, False, how)]
