"""Stores that tell how long their parts take, and the rows that they write: what the benchmark of `ingest` looks through."""

from __future__ import annotations

import pickle
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from pathlib import Path
from typing import Any, BinaryIO

from loyalty_streams.agents.writes import Writes
from loyalty_streams.history import DeadLetter, FactBatch, ReadOptions
from loyalty_streams.hosts.embedded.ingest import ingest
from loyalty_streams.hosts.embedded.rocks import Batch, Rocks
from loyalty_streams.hosts.embedded.store import Store


@dataclass(frozen=True, slots=True)
class Take:
    """One batch: its facts, and the seconds that it took on the wall and of CPU."""

    facts: int
    seconds: float
    cpu: float


@dataclass(slots=True)
class Times:
    """Seconds of one ingest. `wall` and `cpu` (of the process, all threads) are of the whole; `deciding` and `writing` on the wall."""

    wall: float = 0.0
    cpu: float = 0.0
    deciding: float = 0.0
    writing: float = 0.0
    takes: list[Take] = field(default_factory=list)

    @property
    def reading(self) -> float:
        """Parsing, joining lines to orders, sorting: what is neither deciding nor writing."""
        return self.wall - self.deciding - self.writing

    def shares(self) -> str:
        parts = (("reading", self.reading), ("judging and folding", self.deciding), ("writing", self.writing))
        return ", ".join(f"{name} {seconds / self.wall:.0%}" for name, seconds in parts)


class TimedStore(Store):
    """A store that notes when it decides and when it writes; two clock readings a batch."""

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self.times = Times()

    def take(
        self, facts: FactBatch, letters: Sequence[DeadLetter] = (), dropping: Sequence[bytes] = (), holding: Sequence[tuple[bytes, bytes]] = ()
    ) -> Writes:
        begun, cpu, written = time.perf_counter(), time.process_time(), self.times.writing
        writes = super().take(facts, letters, dropping, holding)
        took = time.perf_counter() - begun
        self.times.deciding += took - (self.times.writing - written)
        self.times.takes.append(Take(len(facts), took, time.process_time() - cpu))
        return writes

    def advance(self, until: int) -> int:
        begun, written = time.perf_counter(), self.times.writing
        entries = super().advance(until)
        self.times.deciding += time.perf_counter() - begun - (self.times.writing - written)
        return entries

    def commit(self, batch: Batch, writes: Writes, letters: Sequence[DeadLetter], taken: int = 0) -> None:
        begun = time.perf_counter()
        super().commit(batch, writes, letters, taken)
        self.times.writing += time.perf_counter() - begun


Row = tuple[str, bytes, bytes]


class Tee(Batch):
    """A batch that remembers what is put into it."""

    def __init__(self, batch: Batch) -> None:
        self._batch = batch
        self.put_rows: list[Row] = []

    def put(self, family: str, key: bytes, value: bytes) -> None:
        self.put_rows.append((family, key, value))
        self._batch.put(family, key, value)

    def put_all(self, family: str, keys: Sequence[bytes], values: Sequence[bytes]) -> None:
        self.put_rows += zip(repeat(family), keys, values)
        self._batch.put_all(family, keys, values)

    def delete(self, family: str, key: bytes) -> None:
        self._batch.delete(family, key)


class RecordedStore(Store):
    """A store that keeps the rows of every commit in a file, to be written again without an engine."""

    tape: BinaryIO

    def _put(self, batch: Batch, writes: Writes, letters: Sequence[DeadLetter]) -> None:
        tee = Tee(batch)
        super()._put(tee, writes, letters)
        pickle.dump(tee.put_rows, self.tape)


@dataclass(frozen=True, slots=True)
class Bare:
    """The same rows, commit by commit, put into a WriteBatch and synced, with nothing else done."""

    wall: float
    cpu: float
    size: int
    rows: int
    commits: int


def options(store: Store, batch_rows: int = 0) -> ReadOptions:
    chosen = ReadOptions(store.compiled.currency, store.compiled.minor_digits)
    return chosen if not batch_rows else ReadOptions(chosen.currency, chosen.minor_digits, batch_rows=batch_rows)


def timed_ingest(store: TimedStore, history: Path, batch_rows: int = 0) -> Times:
    """Ingests a history into an open store. -> its times"""
    store.times = Times()
    wall, cpu = time.perf_counter(), time.process_time()
    result = ingest(store, [history], options(store, batch_rows))
    store.times.wall, store.times.cpu = time.perf_counter() - wall, time.process_time() - cpu
    if result.dead_letter_count:
        raise AssertionError(f"a history of the benchmark has dead letters: {result.dead_letters[0]}")
    return store.times


def record(programme: Path, history: Path, folder: Path, tape: Path) -> None:
    """Ingests a history once more, untimed, keeping the rows of every commit."""
    with RecordedStore.open(folder, programme=programme, create=True) as store, tape.open("wb") as file:
        store.tape = file
        ingest(store, [history], options(store))


def write_again(tape: Path, folder: Path) -> Bare:
    """Writes the rows of a tape into a database of the same settings. Reading the tape is not counted."""
    rocks = Rocks(folder, create=True)
    wall, aside, size, rows, commits = 0.0, 0.0, 0, 0, 0
    begun = time.process_time()
    for groups in _played(tape):
        loading = time.thread_time()
        runs = _by_family(groups)
        size += sum(len(k) + len(v) for _, k, v in groups)
        aside += time.thread_time() - loading
        wall_begun = time.perf_counter()
        batch = rocks.batch()
        for family, keys, values in runs:
            batch.put_all(family, keys, values)
        rocks.write(batch)
        wall += time.perf_counter() - wall_begun
        rows, commits = rows + len(groups), commits + 1
    cpu = time.process_time() - begun - aside - _played_seconds(tape)
    rocks.close()
    return Bare(wall, cpu, size, rows, commits)


def _played(tape: Path) -> Iterator[list[Row]]:
    with tape.open("rb") as file:
        while file.peek(1):
            yield pickle.load(file)


def _played_seconds(tape: Path) -> float:
    """CPU seconds that reading the tape takes by itself."""
    begun = time.thread_time()
    for _ in _played(tape):
        pass
    return time.thread_time() - begun


def _by_family(rows: Sequence[Row]) -> list[tuple[str, list[bytes], list[bytes]]]:
    """Keys and values in runs of one column family, as the store puts them."""
    runs: list[tuple[str, list[bytes], list[bytes]]] = []
    for family, key, value in rows:
        if not runs or runs[-1][0] != family:
            runs.append((family, [], []))
        runs[-1][1].append(key)
        runs[-1][2].append(value)
    return runs
