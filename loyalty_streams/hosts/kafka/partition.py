"""One partition of the topic `facts`: its store, what its records come to, and where it stands. Nothing here speaks to a broker.

A store is a fold of its partition from the first record to its position, nothing else: lost, it is made again from the log. What a batch decides is
held back until the transaction that tells of it is committed (`Withheld`); then it is kept in one write, with the position.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from loyalty_streams.agents.effective import as_booked
from loyalty_streams.agents.messages import addressee
from loyalty_streams.agents.partitions import partition_of
from loyalty_streams.agents.rows import Segments, entries_of, join_segments
from loyalty_streams.core.codes import NEVER
from loyalty_streams.history.batch import FactBatch
from loyalty_streams.history.letters import DeadLetter
from loyalty_streams.hosts.embedded.ledger_table import entries_table
from loyalty_streams.hosts.embedded.rocks import CLOCKS, LETTERS, NUL, UNDER_WAY, Clocks
from loyalty_streams.hosts.embedded.store import Store
from loyalty_streams.hosts.embedded.withheld import Withheld

POSITION = b"k/position"
"""Where in `rest` a partition's store keeps how far in which log it has come."""


@dataclass(frozen=True, slots=True)
class Position:
    """The offset of the next record, in the log that `source` names: a topic that was made anew is another log."""

    source: str
    offset: int = 0

    def pack(self) -> bytes:
        return json.dumps({"source": self.source, "offset": self.offset}).encode()

    @classmethod
    def read(cls, data: bytes) -> Position:
        return cls(**json.loads(data))


@dataclass(frozen=True, slots=True)
class Facts:
    """Records of a log that are facts, in order, of whoever."""

    batch: FactBatch


@dataclass(frozen=True, slots=True)
class Messages:
    """Records of a log that accounts of other partitions have sent."""

    rows: Sequence[bytes]


@dataclass(frozen=True, slots=True)
class Tick:
    """A record of a log that says what time it is, microseconds UTC."""

    at: int


@dataclass(slots=True)
class Outcome:
    """What some records came to. `entries`: the ledger's rows, by the fields of `schemas/LedgerEntry.avsc`; `forwards`: what accounts send to those
    of other partitions; `heads`: the states that changed, by member, None for one that is gone; `letters`: what was set aside.
    """

    entries: list[dict[str, Any]] = field(default_factory=list)
    forwards: list[bytes] = field(default_factory=list)
    heads: dict[bytes, bytes | None] = field(default_factory=dict)
    letters: list[DeadLetter] = field(default_factory=list)


class Partition:
    """The store of one partition. `decide` some records, make known what they came to, then `keep` it; or `forget` it."""

    def __init__(self, folder: Path, programme: Path, number: int, partitions: int) -> None:
        self.folder, self.programme, self.number, self.partitions = folder, programme, number, partitions
        self.store = self._opened()

    def _opened(self) -> Store:
        store = Store.open(self.folder, programme=self.programme, create=True, kind=Withheld, clock=_never)
        store.elsewhere = lambda account: partition_of(account, self.partitions) != self.number
        return store

    @property
    def rocks(self) -> Withheld:
        assert isinstance(self.store.rocks, Withheld)
        return self.store.rocks

    @property
    def position(self) -> Position | None:
        """How far the store has come; None where it is new."""
        found = self.rocks.get("rest", POSITION)
        return Position.read(found) if found is not None else None

    def wipe(self) -> None:
        """Makes the store anew: what it says is not of the log that there is."""
        self.close()
        shutil.rmtree(self.folder)
        self.store = self._opened()

    def close(self) -> None:
        self.store.close()

    def decide(self, records: Iterable[Facts | Messages | Tick]) -> Outcome:
        """Takes records in the order of the log. What they come to is held back. Raises what the agent raises; then `forget`."""
        for record in records:
            if isinstance(record, Facts):
                self.store.take(record.batch)
            elif isinstance(record, Tick):
                self.store.advance(record.at)
            else:
                self._receive(record.rows)
        segments, changed = self.rocks.changed("segments"), self.rocks.changed("heads")
        fresh: dict[bytes, list[bytes]] = {}
        for key in sorted(segments):
            value = segments[key]
            if value is not None:
                fresh.setdefault(key[: -NUMBER - len(NUL)], []).append(value)
        letters = [DeadLetter(**json.loads(v.decode("utf-8", "surrogatepass"))) for k, v in sorted(self.rocks.changed("rest").items())
                   if v is not None and k.startswith(LETTERS)]  # fmt: skip
        return Outcome(self._told(fresh), [*self.store.outbox], dict(changed), letters)

    def keep(self, position: Position) -> None:
        """Keeps what was decided, in one write, with how far the store has come by it."""
        batch = self.rocks.batch()
        batch.put("rest", POSITION, position.pack())
        self.rocks.write(batch)
        self.rocks.let_go()
        self.store.outbox.clear()

    def forget(self) -> None:
        """As if the last records had not been decided."""
        self.rocks.forget()
        self.store.outbox.clear()
        clocks = self.rocks.get("rest", CLOCKS)
        assert clocks is not None
        self.store.clocks = Clocks.read(clocks, self.folder)

    def _receive(self, messages: Sequence[bytes]) -> None:
        """Puts messages under way, as if an account of this store had sent them, and settles."""
        batch, clocks = self.rocks.batch(), self.store.clocks
        number = clocks.batch + 1
        for k, message in enumerate(messages):
            batch.put("rest", UNDER_WAY + number.to_bytes(8, "big") + k.to_bytes(4, "big"), message)
        self.store.clocks = replace(clocks, batch=number, under_way=clocks.under_way + len(messages))
        batch.put("rest", CLOCKS, self.store.clocks.pack())
        self.rocks.write(batch)
        self.store.settle()

    def _told(self, fresh: dict[bytes, list[bytes]]) -> list[dict[str, Any]]:
        """The entries that new segments hold, as the ledger tells them, by member and running number."""
        names = sorted(fresh)
        if not names:
            return []
        rows = join_segments([fresh[name] for name in names])
        if len(rows.mends) or self._names_others(rows):
            rows = join_segments([list(self.store.segments(name)) for name in names])
        table = entries_table(self.store.compiled, [name.decode() for name in names], as_booked(rows, self.store.lateness))
        first = {name.decode(): _least(fresh[name]) for name in names}
        return [row for row in entry_rows(table) if row["seq"] >= first[row["member_id"]]]

    def _names_others(self, rows: Segments) -> bool:
        """Whether entries name facts that are in older segments."""
        known = {0, *rows.key_of()}
        return any(code not in known for name in ("lot", "ref") for code in set(rows.entries[name].tolist()))


def entry_rows(table: Any) -> list[dict[str, Any]]:
    """The rows of a ledger's table by the fields of `schemas/LedgerEntry.avsc`: instants in microseconds UTC."""
    for name in ("effective_at", "booked_at", "due_at"):
        table = table.set_column(table.schema.get_field_index(name), name, table[name].cast("int64"))
    found: list[dict[str, Any]] = table.to_pylist()
    return found


def forwarded_to(message: bytes, partitions: int) -> int:
    """The partition that a message is for."""
    return partition_of(addressee(message), partitions)


NUMBER = 8
"""Bytes of a batch's number at the end of a key."""


def _least(segments: Sequence[bytes]) -> int:
    """The running number of the first entry of some segments of one member; beyond all where there is none."""
    return min((int(entries["seq"].min()) for entries in map(entries_of, segments) if len(entries)), default=1 << 62)


def _never() -> int:
    """No clock of this machine: who stamped the arrival of a fact has judged whether it comes from the future."""
    return NEVER
