"""What the members agent asks of a store, and what a batch leaves behind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from loyalty_streams.agents.erased import Grave
from loyalty_streams.agents.judging import Position
from loyalty_streams.agents.waiting import Waiting
from loyalty_streams.core.codes import Disposition
from loyalty_streams.history.letters import DeadLetter


class TooMuch(Exception):
    """The facts of a member in one batch need more room than the kernel has: they are to be brought in smaller batches. Nothing was decided."""


class Reader(Protocol):
    """What the agent asks of a store. Missing rows are None."""

    def heads(self, members: Sequence[bytes]) -> list[bytes | None]: ...

    def keys(self, keys: Sequence[bytes]) -> list[bytes | None]: ...

    def text(self, code: int) -> bytes | None: ...

    def history(self, member: bytes, before: Position | None) -> tuple[bytes | None, list[bytes]]:
        """The newest kept state of a member all of whose facts stand before a position (None: none is wanted), and the segments after it."""
        ...

    def count_waiting(self) -> int:
        """How many returns wait for their orders."""
        ...

    def waiting(self, order: bytes) -> list[tuple[bytes, bytes]]:
        """Returns that wait for an order: their business keys, and the rows as `waiting.pack` made them."""
        ...


class Erase(NamedTuple):
    """A fact that asks to erase an account: where it stands, and when it arrived."""

    account: bytes
    at: int
    arrived: int


@dataclass(slots=True)
class Rows:
    """Rows to be written to one place, in two lists of the same length. Where a name comes twice, the later row stands."""

    names: list[bytes] = field(default_factory=list)
    values: list[bytes] = field(default_factory=list)

    def add(self, name: bytes, value: bytes) -> None:
        self.names.append(name)
        self.values.append(value)


@dataclass(slots=True)
class Writes:
    """What one batch leaves behind. `segments` and `bases` are named by member: the host adds the number of the batch.

    `unmade`: kept states of a member that hold a fact at or after a position are void. `waiting`: returns whose order has not come; `released`:
    those that waited and have been taken, by order and key. `messages`: for other accounts, to be given to `receive`. `erased`: who is to be
    erased when all messages have been taken. `graves`: what is known of erased names from then on.
    """

    heads: Rows = field(default_factory=Rows)
    segments: Rows = field(default_factory=Rows)
    bases: Rows = field(default_factory=Rows)
    keys: Rows = field(default_factory=Rows)
    unmade: list[tuple[bytes, Position]] = field(default_factory=list)
    waiting: list[Waiting] = field(default_factory=list)
    released: list[tuple[bytes, bytes]] = field(default_factory=list)
    texts: Mapping[int, str] = field(default_factory=dict)
    letters: list[DeadLetter] = field(default_factory=list)
    dispositions: dict[Disposition, int] = field(default_factory=dict)
    messages: list[bytes] = field(default_factory=list)
    erased: list[Erase] = field(default_factory=list)
    graves: dict[bytes, Grave] = field(default_factory=dict)
    newest_arrived: int = -1
    newest_fact: int = -1
    entries: int = 0

    def add_told(self, other: Writes) -> None:
        """Adds what is told of another part of the same batch: letters, ends and counts."""
        self.letters = [*other.letters, *self.letters]
        self.dispositions = {k: self.dispositions.get(k, 0) + other.dispositions.get(k, 0) for k in self.dispositions | other.dispositions}
        self.entries += other.entries

    def leave_out(self, facts: int) -> None:
        """So many facts were left out on purpose."""
        if facts:
            self.dispositions = {**self.dispositions, Disposition.FILTERED: self.dispositions.get(Disposition.FILTERED, 0) + facts}

    def let_go(self) -> None:
        """Forgets the rows that the host has taken over: what is to be written need not be in memory twice."""
        self.heads, self.segments, self.bases, self.keys = Rows(), Rows(), Rows(), Rows()
