"""A history into the store: batches in order of arrival, rows without an instant put in their place, and a tick at the end."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from loyalty_streams.agents.members import in_bites
from loyalty_streams.agents.writes import TooMuch
from loyalty_streams.core.codes import Disposition
from loyalty_streams.core.facts import Array
from loyalty_streams.history import (
    DeadLetter,
    DeadLetters,
    FactBatch,
    Notice,
    ReadOptions,
    TableRead,
    empty_batch,
    joined,
    read_history,
    read_rows,
)
from loyalty_streams.history.assemble import Letters
from loyalty_streams.history.strings import hashes
from loyalty_streams.history.write import undated_rows
from loyalty_streams.hosts.embedded.rocks import HELD
from loyalty_streams.hosts.embedded.store import Store

LETTERS_TOLD = 1_000
"""Dead letters that an answer holds; all are in the store."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an ingest has come."""

    rows: int
    facts: int
    letters: int

    def __str__(self) -> str:
        return f"{self.rows:,} rows read, {self.facts:,} facts decided, {self.letters:,} dead letters"


@dataclass(frozen=True, slots=True)
class IngestResult:
    """What an ingest read and how each fact ended: rows by table, facts by disposition, and the first thousand dead letters. `waiting`: returns
    that wait in the store for their orders now.
    """

    read: Mapping[str, int]
    dispositions: Mapping[str, int]
    dead_letters: tuple[DeadLetter, ...]
    dead_letter_count: int
    warnings: tuple[str, ...]
    entries: int
    waiting: int = 0


def ingest(store: Store, paths: Sequence[Path], options: ReadOptions, progress: Callable[[Progress], None] | None = None) -> IngestResult:
    """Reads files and folders of a history and decides every fact in them; the same facts again change nothing.

    Raises HistoryError where the history cannot be read as asked for; nothing of it is applied then.
    """
    return _Ingest(store, options, progress).run(read_history(paths, options))


def replay(store: Store, number: str, row: Mapping[str, Any], letter: DeadLetter, options: ReadOptions) -> tuple[Disposition, str]:
    """Offers the row of a dead letter again, mended. -> how it ended, and the code where it was set aside once more.

    Where it is applied, waits, or turns out to be known, the letter leaves the list in the same commit.
    """
    batch, letters = read_rows(letter.table, [row], options)
    if letters:
        return Disposition.DEAD_LETTERED, letters[0].code
    if not len(batch):
        return Disposition.FILTERED, ""
    settled = store.letter_rows(number, letter)
    placed, _ = Undated([batch]).place_at(store, store.clocks.now)
    batch = joined([b for b in (placed, _dated(batch)) if len(b)])
    trial = store.judge(batch)
    (end, *_) = trial.dispositions or {Disposition.FILTERED: 0}
    if end not in (Disposition.APPLIED, Disposition.DUPLICATE, Disposition.SUPERSEDED, Disposition.WAITING):
        return end, trial.letters[0].code if trial.letters else ""
    store.take(batch, dropping=settled)
    return end, ""


@dataclass(slots=True)
class _Ingest:
    store: Store
    options: ReadOptions
    progress: Callable[[Progress], None] | None
    read: dict[str, int] = field(default_factory=dict)
    ends: dict[str, int] = field(default_factory=lambda: {d.name.lower(): 0 for d in Disposition})
    told: list[DeadLetter] = field(default_factory=list)
    letters: int = 0
    warnings: list[str] = field(default_factory=list)
    entries: int = 0
    pending: Letters = field(init=False)

    def __post_init__(self) -> None:
        self.pending = Letters(self.options.scratch)

    def run(self, items: Iterator[FactBatch | DeadLetters | Notice | TableRead]) -> IngestResult:
        """Dead letters of the reading wait for its end, outside memory where they are many: until then nothing is applied."""
        try:
            return self._run(items)
        finally:
            self.pending.close()

    def _run(self, items: Iterator[FactBatch | DeadLetters | Notice | TableRead]) -> IngestResult:
        waiting = Undated.waiting(self.store, self.options)
        undated: list[FactBatch] = []
        started = False
        for item in items:
            if isinstance(item, TableRead):
                self.read[item.table] = self.read.get(item.table, 0) + item.rows
            elif isinstance(item, Notice):
                self.warnings.append(item.text)
            elif isinstance(item, DeadLetters):
                self.pending.add([(0, self.letters + k, letter) for k, letter in enumerate(item.letters)])
                self._note(item.letters)
                self.ends["dead_lettered"] += len(item.letters)
            else:
                rows = item.columns.at < 0
                undated += [item.take(np.flatnonzero(rows))] if rows.any() else []
                dated = _dated(item) if rows.any() else item
                if len(dated) and not started:
                    waiting.add(undated)
                    self._take(*waiting.place_known(self.store))
                    started = True
                if len(dated):
                    self._take(*waiting.before_first(dated, self.store))
        if not started:
            waiting.add(undated)
            self._take(*waiting.place_known(self.store))
        self._end(waiting)
        return IngestResult(
            self.read, self.ends, tuple(self.told), self.letters, tuple(self.warnings), self.entries,
            self.store.clocks.waiting,
        )  # fmt: skip

    def _take(self, batch: FactBatch, dropping: Sequence[bytes] = ()) -> None:
        self._put_letters()
        if not len(batch):
            return
        for bite in in_bites(batch):
            self._bite(bite, dropping)

    def _put_letters(self) -> None:
        """Dead letters of the reading, in commits of their own."""
        for some in self.pending.given_out():
            self.store.take(empty_batch(), some.letters)
        self.pending.close()
        self.pending = Letters(self.options.scratch)

    def _bite(self, batch: FactBatch, dropping: Sequence[bytes]) -> None:
        """One commit; in halves where a member's part of it needs more room than a fold has."""
        try:
            writes = self.store.take(batch, (), dropping)
        except TooMuch:
            middle = len(batch) // 2
            self._bite(batch.slice(0, middle), dropping)
            self._bite(batch.slice(middle, len(batch)), dropping)
            return
        self._note(writes.letters)
        for end, n in writes.dispositions.items():
            self.ends[end.name.lower()] += n
        self.entries += writes.entries
        if self.progress is not None:
            self.progress(Progress(sum(self.read.values()), sum(self.ends.values()), self.letters))

    def _end(self, waiting: Undated) -> None:
        """Rows of members who have no other fact stand at the end; where nothing says when that is, they wait for the first fact."""
        clocks = self.store.clocks
        end = max(clocks.newest_arrived, clocks.tick)
        if end >= 0:
            self._take(*waiting.place_at(self.store, end))
        else:
            held = waiting.held()
            self.ends["waiting"] += len(held)
            self._put_letters()
            if held:
                self.store.take(waiting.nothing(), holding=held)
        if self.store.clocks.newest_arrived > self.store.clocks.tick:
            self._advance(self.store.clocks.newest_arrived)

    def _advance(self, until: int) -> None:
        """The tick at the end, and the letters of returns that have waited too long at it."""
        before = self.store.clocks.letters
        self.entries += self.store.advance(until)
        numbers = range(before + 1, self.store.clocks.letters + 1)
        self.ends["dead_lettered"] += len(numbers)
        self._note([letter for n in numbers if (letter := self.store.letter(str(n))) is not None])

    def _note(self, letters: Sequence[DeadLetter]) -> None:
        self.letters += len(letters)
        self.told += letters[: max(0, LETTERS_TOLD - len(self.told))]


def _dated(batch: FactBatch) -> FactBatch:
    return batch.take(np.flatnonzero(batch.columns.at >= 0))


class Undated:
    """Profiles without an instant, and the links of their rows. A new member's stand just before the first fact of the member, which may come
    under an identifier that a link names; a known member's at their arrival.
    """

    def __init__(self, parts: Sequence[FactBatch] = ()) -> None:
        self._pool: FactBatch | None = None
        self._held: frozenset[bytes] = frozenset()
        self.add(parts)

    @classmethod
    def waiting(cls, store: Store, options: ReadOptions) -> Undated:
        """Those that an earlier ingest could not place."""
        found = [(key, json.loads(value)) for key, value in store.rocks.scan("rest", HELD, HELD[:-1] + b"0")]
        if not found:
            return cls()
        batch, _ = read_rows("members", [row for _, row in found], replace(options, map={}, arrival="auto"))
        out = cls([batch])
        out._held = frozenset(key for key, _ in found)
        return out

    def add(self, parts: Sequence[FactBatch]) -> None:
        some = [p.take(np.flatnonzero(p.columns.at < 0)) for p in parts]
        some = [p for p in ([self._pool] if self._pool is not None else []) + some if len(p)]
        if some:
            texts = {code: text for p in some for code, text in p.strings.items()}
            books = {code: text for p in some for code, text in p.book.items()}
            self._pool = replace(joined(some), strings=texts, book=books)

    def nothing(self) -> FactBatch:
        return empty_batch()

    def held(self) -> list[tuple[bytes, bytes]]:
        """Rows to be kept until their members' first facts come."""
        if self._pool is None:
            return []
        rows = undated_rows(self._pool)
        return [(HELD + str(row["member_id"]).encode(), json.dumps(row, ensure_ascii=False).encode()) for row in rows]

    def place_known(self, store: Store) -> tuple[FactBatch, list[bytes]]:
        """Those of members whom the store knows, at the newest arrival of the log."""
        if self._pool is None:
            return self.nothing(), []
        known = np.zeros(len(self._pool), bool)
        for names in (self._pool.members, self._pool.homes):
            known |= np.array([h is not None for h in store.heads([m.encode() for m in names.to_pylist()])], bool)
        group = _groups(self._pool)
        return self._leave(np.flatnonzero(np.isin(group, group[known])), store, None)

    def before_first(self, batch: FactBatch, store: Store) -> tuple[FactBatch, list[bytes]]:
        """The batch, with the profiles of members whose first fact is in it put before that fact."""
        if self._pool is None or not len(self._pool):
            return batch, []
        codes, first = np.unique(batch.member_codes, return_index=True)
        group = _groups(self._pool)
        first_of = np.full(int(group.max()) + 1, len(batch), np.int64)
        for names in (self._pool.member_codes, hashes(self._pool.homes)):
            place = np.minimum(np.searchsorted(codes, names), len(codes) - 1)
            found = codes[place] == names
            np.minimum.at(first_of, group[found], first[place[found]])
        rows = np.flatnonzero(first_of[group] < len(batch))
        if not len(rows):
            return batch, []
        where = first_of[group[rows]]
        order = np.argsort(where, kind="stable")
        placed, dropping = self._leave(rows[order], store, where[order], batch)
        return replace(joined([placed, batch]), strings={**placed.strings, **batch.strings}, book={**batch.book, **placed.book}), dropping

    def place_at(self, store: Store, at: int) -> tuple[FactBatch, list[bytes]]:
        """All that are left, at one instant."""
        if self._pool is None:
            return self.nothing(), []
        return self._leave(np.arange(len(self._pool)), store, None, at=at)

    def _leave(self, rows: Array, store: Store, where: Array | None, batch: FactBatch | None = None, at: int = -1) -> tuple[FactBatch, list[bytes]]:
        """Takes rows out of the pool and gives them their instant: that of row `where` of a batch, `at`, or the newest arrival."""
        pool = self._pool
        if pool is None or not len(rows):
            return self.nothing(), []
        taken = pool.take(rows)
        self._pool = pool.take(np.setdiff1d(np.arange(len(pool)), rows))
        if where is not None and batch is not None:
            instants, arrived = batch.columns.at[where], batch.columns.arrived[where]
        else:
            instants = _after_all(taken, store, max(at, store.clocks.newest_arrived, store.clocks.tick))
            arrived = np.maximum(taken.columns.arrived, instants)
        dropping = [name for name in (HELD + m.encode() for m in taken.homes.to_pylist()) if name in self._held]
        return replace(taken, columns=taken.columns._replace(at=instants, arrived=arrived)), dropping


def _groups(pool: FactBatch) -> Array:
    """A number for each row, the same for all rows of one member."""
    numbers: Array = pool.homes.dictionary_encode().indices.to_numpy(zero_copy_only=False)
    return numbers


def _after_all(taken: FactBatch, store: Store, at: int) -> Array:
    """The instant for each row; a microsecond later where the member's newest fact stands at it, since a profile comes first of an instant."""
    from loyalty_streams.agents.rows import Head

    heads = store.heads([m.encode() for m in taken.members.to_pylist()])
    newest = np.array([Head.read(h).last_at if h is not None else -1 for h in heads], np.int64)
    return np.maximum(at, np.where(newest >= at, newest + 1, at))
