"""The embedded store: log, states, entries and indexes in one folder, and the members agent over them.

Every batch is one commit: facts, entries, states, key rows, dead letters and clocks become visible together or not at all, so that a
process may be killed at any instant and the same facts brought again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from loyalty_streams.core.codes import Disposition
from loyalty_streams.core.programme import Compiled
from loyalty_streams.hosts.embedded.clock import Clock, machine_clock
from loyalty_streams.hosts.embedded.letter_rows import LetterRows
from loyalty_streams.hosts.embedded.making import make
from loyalty_streams.hosts.embedded.programmes import Programmes
from loyalty_streams.hosts.embedded.rocks import (
    AFTER_NUL,
    CLOCKS,
    NUL,
    TEXTS,
    UNDER_WAY,
    WAITING,
    Batch,
    Clocks,
    Rocks,
    StoreError,
    after_member,
    is_database,
    of_batch,
    position_of,
)

if TYPE_CHECKING:
    from loyalty_streams.agents.judging import Position
    from loyalty_streams.agents.lateness import Lateness
    from loyalty_streams.agents.members import MembersAgent
    from loyalty_streams.agents.rows import Segments
    from loyalty_streams.agents.writes import Writes
    from loyalty_streams.core.engine import Engine
    from loyalty_streams.history.batch import FactBatch
    from loyalty_streams.history.letters import DeadLetter
    from loyalty_streams.programme import Loaded

MEMBERS_A_TICK = 20_000


class Store(LetterRows):
    """An open store; close it, or use it in `with`. It is the agent's `Reader`.

    Nothing heavy is imported until something is to be folded: a member's head is read without the kernel. `clock` is the machine's, asked
    when facts come in and when a command has no instant of its own. `partitions`: how many agents share the accounts; the end is the same.
    `elsewhere`: whose messages are for another store to take; they gather in `outbox`.
    """

    def __init__(self, rocks: Rocks, clocks: Clocks, programmes: Programmes, clock: Clock) -> None:
        self.rocks, self.clocks, self.programmes, self.clock = rocks, clocks, programmes, clock
        self.partitions = 1
        self.elsewhere: Callable[[bytes], bool] = nowhere
        self.outbox: list[bytes] = []
        self._engine: Engine | None = None
        self._agent: MembersAgent | None = None
        self._lateness: Lateness | None = None

    @classmethod
    def open(
        cls, folder: Path, *, programme: Path | None = None, create: bool = False, read_only: bool = False, clock: Clock | None = None,
        kind: type[Rocks] = Rocks,
    ) -> Self:  # fmt: skip
        """Opens a store; with `create`, makes one where there is none, under a programme (a file, or a folder of versions).

        A programme given for a store that has one already must be the same by content. `clock` stands for the machine's; `kind`: the database.
        Raises StoreError and ProgrammeError; where the programme cannot be loaded, nothing is made.
        """
        given = Programmes.load(programme) if programme is not None else None
        if create and not read_only and not is_database(folder):
            make(folder, given)
        rocks = kind(folder, read_only=read_only)
        try:
            found = rocks.get("rest", CLOCKS)
            if found is None:
                raise StoreError("NOT_A_STORE", "the folder holds a database of something else", folder)
            store = cls(rocks, Clocks.read(found, folder), Programmes.of_store(rocks), clock or machine_clock)
            if given is not None:
                store.programmes.check_same(given, folder)
            if not read_only and store.clocks.ticking > store.clocks.tick:
                store.advance(store.clocks.ticking)
            if not read_only and store.clocks.under_way:
                store.settle()
            if not read_only and store.clocks.refold:
                store.refold()
            if not read_only:
                store.end_erasing()
        except BaseException:
            rocks.close()
            raise
        return store

    def close(self) -> None:
        self.rocks.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    @property
    def folder(self) -> Path:
        return self.rocks.folder

    @property
    def compiled(self) -> Compiled:
        return self.programmes.compiled

    @property
    def engine(self) -> Engine:
        """The kernel over this store's programme."""
        if self._engine is None:
            from loyalty_streams.core.engine import Engine

            self._engine = Engine(self.compiled)
        return self._engine

    @property
    def agent(self) -> MembersAgent:
        if self._agent is None:
            from loyalty_streams.agents.members import MembersAgent

            self._agent = MembersAgent(self.engine)
        return self._agent

    @property
    def lateness(self) -> Lateness:
        """What the programme says of late facts."""
        if self._lateness is None:
            from loyalty_streams.agents.lateness import Lateness

            self._lateness = Lateness(self.compiled)
        return self._lateness

    def log(self, members: Iterable[Sequence[bytes]]) -> Segments:
        """The segments of some members as what they come to: facts in order, entries that hold."""
        from loyalty_streams.agents.effective import effective
        from loyalty_streams.agents.rows import join_segments

        return effective(join_segments(members), self.lateness)

    # ---- what the agent reads ----------------------------------------------------------------------------------------

    def heads(self, members: Sequence[bytes]) -> list[bytes | None]:
        return self.rocks.get_many("heads", members)

    def keys(self, keys: Sequence[bytes]) -> list[bytes | None]:
        return self.rocks.get_many("keys", keys)

    def text(self, code: int) -> bytes | None:
        return self.rocks.get("rest", TEXTS + code.to_bytes(8, "big", signed=True))

    def segments(self, member: bytes, after: int = 0) -> Iterator[bytes]:
        """A member's segments of batches after a number, in order of time."""
        yield from (value for _, value in self.rocks.scan("segments", of_batch(member, after + 1), after_member(member)))

    def history(self, member: bytes, before: Position | None) -> tuple[bytes | None, list[bytes]]:
        """The newest kept state of a member all of whose facts stand before a position (None: none is wanted), and the segments after it."""
        number, kept = 0, None
        if before is not None:
            for key, value in self.rocks.scan("bases", of_batch(member, 0), after_member(member)):
                if position_of(value) >= before:
                    break
                number, kept = int.from_bytes(key[-8:], "big"), value
        return kept, list(self.segments(member, number))

    def count_waiting(self) -> int:
        """How many returns wait for their orders."""
        return self.clocks.waiting

    def waiting(self, order: bytes) -> list[tuple[bytes, bytes]]:
        """The returns that wait for an order: their keys and rows, in order of key."""
        first = WAITING + order + NUL
        return [(key[len(first) :], value) for key, value in self.rocks.scan("rest", first, WAITING + order + AFTER_NUL)]

    # ---- what changes it ---------------------------------------------------------------------------------------------

    def take(
        self, facts: FactBatch, letters: Sequence[DeadLetter] = (), dropping: Sequence[bytes] = (), holding: Sequence[tuple[bytes, bytes]] = ()
    ) -> Writes:
        """Judges, folds and commits one batch, whose rows are in order of arrival, and what accounts send each other by it.

        With it go dead letters that the reading found, rows of `rest` that are settled by it (`dropping`), and rows that wait (`holding`).
        """
        from loyalty_streams.agents.messages import settled_apart

        *before, last = settled_apart(facts, self)
        told = [writes for some in before for writes in self._take(some, self.rocks.batch(), ())]
        batch = self.rocks.batch()
        for name in dropping:
            batch.delete("rest", name)
        for name, row in holding:
            batch.put("rest", name, row)
        *more, whole = self._take(last, batch, letters)
        for part in (*told, *more):
            whole.add_told(part)
        if self.clocks.rewriting:
            self.end_erasing()
        return whole

    def _take(self, facts: FactBatch, last: Batch, letters: Sequence[DeadLetter]) -> list[Writes]:
        """Takes a part of a batch, partition by partition, and erases who is to be erased then. `last` is committed with the last partition."""
        from loyalty_streams.agents.partitions import by_partition
        from loyalty_streams.hosts.embedded import erasing

        living = erasing.of_the_living(self, facts)
        parts, told = by_partition(living.batch, self.partitions), []
        for k, part in enumerate(parts):
            ends = k == len(parts) - 1
            batch, writes = last if ends else self.rocks.batch(), self._judge(part)
            if k == 0:
                writes.graves.update(living.enrolled)
                writes.leave_out(living.filtered)
            self.commit(batch, writes, letters if ends else ())
            writes.entries += self.settle()
            told.append(writes)
        if self.clocks.erasing:
            erasing.erase_marked(self)
        return told

    def end_erasing(self) -> None:
        """Ends what an erasure has left: who is marked still, and files that hold still what was erased."""
        if not self.clocks.erasing and not self.clocks.rewriting:
            return
        from loyalty_streams.hosts.embedded import erasing

        erasing.erase_marked(self)
        if self.clocks.rewriting:
            erasing.rewrite(self)

    def note(self, batch: Batch | None = None, writes: Writes | None = None, **clocks: Any) -> None:
        """Commits rows with clocks that say what they are of."""
        from loyalty_streams.agents.writes import Writes

        before, self.clocks = self.clocks, replace(self.clocks, **clocks)
        try:
            self.commit(batch or self.rocks.batch(), writes or Writes(), ())
        except BaseException:
            self.clocks = before
            raise

    def settle(self) -> int:
        """Takes what accounts have sent each other. -> entries written"""
        if not self.clocks.under_way:
            return 0
        from loyalty_streams.hosts.embedded.settling import settle

        return settle(self)

    def judge(self, facts: FactBatch) -> Writes:
        """What a batch would write: facts of who was erased are left out, those from the future set aside, the others folded. Nothing is kept."""
        from loyalty_streams.hosts.embedded.erasing import of_the_living

        living = of_the_living(self, facts)
        writes = self._judge(living.batch)
        writes.leave_out(living.filtered)
        return writes

    def _judge(self, facts: FactBatch) -> Writes:
        from loyalty_streams.agents.intake import admit

        admitted, early = admit(facts, self.lateness, max(self.clock(), self.clocks.newest_arrived))
        writes = self.agent.take(admitted, self, self.clocks.tick)
        if early:
            writes.letters = [*early, *writes.letters]
            ends = writes.dispositions
            writes.dispositions = {**ends, Disposition.DEAD_LETTERED: ends.get(Disposition.DEAD_LETTERED, 0) + len(early)}
        return writes

    def ask(self, facts: FactBatch) -> Writes:
        """Judges and folds what a shop asks. It is committed where it is applied; who asks in vain is told, and nothing is kept."""
        writes = self.judge(facts)
        if set(writes.dispositions) == {Disposition.APPLIED}:
            self.commit(self.rocks.batch(), writes, ())
            self.settle()
        return writes

    def publish(self, version: Loaded) -> None:
        """Adds a version. Raises what `Programmes.with_version` does; nothing is changed then.

        Its start becomes a timer of every member: heads are written first, since one that is due too early does no harm.
        """
        programmes = self.programmes.with_version(version, self.clocks.now)
        if programmes is self.programmes:
            return
        from loyalty_streams.agents.rows import due_at, due_of

        start = version.programme.effective_from
        batch = self.rocks.batch()
        for member, head in self.rocks.scan("heads"):
            if start is not None and due_of(head) > start:
                batch.put("heads", member, due_at(head, start))
        self.rocks.write(batch)
        measures_more = programmes.metrics > self.programmes.metrics
        batch = self.rocks.batch()
        programmes.put(batch)
        self.clocks.refold = measures_more
        self._put_clocks(batch)
        self.rocks.write(batch)
        self.programmes, self._engine, self._agent, self._lateness = programmes, None, None, None
        if measures_more:
            self.refold()

    def refold(self) -> None:
        """Makes every state again: a metric is counted from the first fact, whichever version brings it (S41).

        What a kill cuts short, the next opening ends.
        """
        from loyalty_streams.hosts.embedded.rebuild import rebuild

        batch = self.rocks.batch()
        for name, _ in self.rocks.scan("bases"):
            batch.delete("bases", name)
        self.rocks.write(batch)
        rebuild(self)
        self.note(writes=self.agent.send_again(self._kin(), self, self.clocks.tick), refold=False)
        self.settle()

    def _kin(self) -> list[bytes]:
        """The accounts that have become others, and those that they became."""
        from loyalty_streams.agents.rows import Head

        return [name for name, head in self.rocks.scan("heads") if Head.read(head).family]

    def advance(self, until: int) -> int:
        """Writes the tick: every timer due at or before it fires, for all members. -> entries written.

        It may be killed in the middle: the tick is noted first, and the next opening ends it.
        """
        if until <= self.clocks.tick:
            return 0
        from loyalty_streams.agents.rows import due_of

        self.clocks.ticking = until
        written = 0
        due: list[tuple[bytes, bytes]] = []
        for member, head in self.rocks.scan("heads"):
            if due_of(head) <= until:
                due.append((member, head))
            if len(due) == MEMBERS_A_TICK:
                written += self._tick(due, until)
                due = []
        written += self._tick(due, until)
        self._end_waits(until)
        self.clocks.tick = until
        batch = self.rocks.batch()
        self._put_clocks(batch)
        self.rocks.write(batch)
        return written + self.settle()

    def _tick(self, due: Sequence[tuple[bytes, bytes]], until: int) -> int:
        if not due:
            return 0
        members, heads = zip(*due, strict=True)
        writes = self.agent.advance(members, heads, self, until)
        self.commit(self.rocks.batch(), writes, ())
        return writes.entries

    def _end_waits(self, until: int) -> None:
        """Returns that have waited too long for their orders become dead letters, which may be replayed."""
        if until <= self.clocks.ages_at:
            return
        from loyalty_streams.agents.writes import Writes
        from loyalty_streams.hosts.embedded.quarantine import ended

        over = ended(self, until)
        batch = self.rocks.batch()
        for name in (*(x.key for x in over.rows), *over.orders):
            batch.delete("keys", name)
        self.commit(batch, Writes(released=[(x.order, x.key) for x in over.rows]), over.letters)
        self.clocks.ages_at = over.ages_at

    def commit(self, batch: Batch, writes: Writes, letters: Sequence[DeadLetter], taken: int = 0) -> None:
        """The one place that writes what was decided. Clocks move only when the batch is on the disk. `taken`: messages that it takes."""
        before = self.clocks
        self.clocks = replace(before, batch=before.batch + 1, dispositions=dict(before.dispositions), under_way=before.under_way - taken)
        try:
            self._put(batch, writes, letters)
            self.rocks.write(batch)
        except BaseException:
            self.clocks = before
            raise

    def _put(self, batch: Batch, writes: Writes, letters: Sequence[DeadLetter]) -> None:
        from loyalty_streams.agents.erased import NOBODY
        from loyalty_streams.agents.messages import addressee
        from loyalty_streams.hosts.embedded.erasing import mark, put_graves

        clocks, number = self.clocks, self.clocks.batch
        batch.put_all("heads", writes.heads.names, writes.heads.values)
        own = of_batch(b"", number)
        batch.put_all("segments", [member + own for member in writes.segments.names], writes.segments.values)
        batch.put_all("bases", [member + own for member in writes.bases.names], writes.bases.values)
        batch.put_all("keys", writes.keys.names, writes.keys.values)
        for member, position in writes.unmade:
            for key, value in self.rocks.scan("bases", of_batch(member, 0), after_member(member)):
                if position_of(value) >= position:
                    batch.delete("bases", key)
        for order, key in writes.released:
            batch.delete("rest", WAITING + order + NUL + key)
        for row in writes.waiting:
            batch.put("rest", WAITING + row.order + NUL + row.key, row.row)
            clocks.ages_at = min(clocks.ages_at, self.lateness.waits_until(row.arrived))
        clocks.waiting += len(writes.waiting) - len(writes.released)
        put_graves(batch, writes.graves)
        messages = [m for m in writes.messages if addressee(m) != NOBODY]
        self.outbox += [m for m in messages if self.elsewhere(addressee(m))]
        messages = [m for m in messages if not self.elsewhere(addressee(m))]
        for k, message in enumerate(messages):
            batch.put("rest", UNDER_WAY + number.to_bytes(8, "big") + k.to_bytes(4, "big"), message)
        clocks.under_way += len(messages)
        for asked in writes.erased:
            mark(batch, asked)
        clocks.erasing += len(writes.erased)
        writes.let_go()
        for code, text in writes.texts.items():
            batch.put("rest", TEXTS + code.to_bytes(8, "big", signed=True), text.encode())
        fresh = self._put_letters(batch, [*letters, *writes.letters])
        clocks.newest_arrived = max(clocks.newest_arrived, writes.newest_arrived)
        clocks.newest_fact = max(clocks.newest_fact, writes.newest_fact)
        clocks.entries += writes.entries
        ends = {k.name.lower(): n for k, n in writes.dispositions.items()}
        outside = len(letters)
        if outside:
            ends["dead_lettered"] = ends.get("dead_lettered", 0) + outside
        for name, n in ends.items():
            clocks.dispositions[name] = clocks.dispositions.get(name, 0) + n
        clocks.facts += writes.dispositions.get(Disposition.APPLIED, 0)
        clocks.letters += fresh
        self._put_clocks(batch)

    def _put_clocks(self, batch: Batch) -> None:
        batch.put("rest", CLOCKS, self.clocks.pack())


def nowhere(account: bytes) -> bool:
    """Whether an account is kept by another store: none is, where one keeps all."""
    return False
