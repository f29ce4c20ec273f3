"""A host that keeps everything in dictionaries: what an agent writes, and no disk. For laws that need thousands of stores."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from loyalty_streams.agents.effective import effective
from loyalty_streams.agents.judging import Position
from loyalty_streams.agents.members import MembersAgent
from loyalty_streams.agents.messages import next_ones, settled_apart
from loyalty_streams.agents.rows import Head, Segments, due_of, join_segments
from loyalty_streams.agents.writes import Writes
from loyalty_streams.core.facts import Fact
from loyalty_streams.history.batch import of_facts


@dataclass
class MemoryHost:
    """Members by id; the log of each is a list of (number of the batch, segment)."""

    agent: MembersAgent
    tick: int = -1
    batch: int = 0
    of_heads: dict[bytes, bytes] = field(default_factory=dict)
    of_keys: dict[bytes, bytes] = field(default_factory=dict)
    of_segments: dict[bytes, list[tuple[int, bytes]]] = field(default_factory=dict)
    of_bases: dict[bytes, list[tuple[int, bytes]]] = field(default_factory=dict)
    texts: dict[int, bytes] = field(default_factory=dict)
    waits: dict[tuple[bytes, bytes], bytes] = field(default_factory=dict)
    ended: dict[str, int] = field(default_factory=dict)
    under_way: list[bytes] = field(default_factory=list)

    # ---- what the agent reads ----

    def heads(self, members: Sequence[bytes]) -> list[bytes | None]:
        return [self.of_heads.get(m) for m in members]

    def keys(self, keys: Sequence[bytes]) -> list[bytes | None]:
        return [self.of_keys.get(k) for k in keys]

    def text(self, code: int) -> bytes | None:
        return self.texts.get(code)

    def history(self, member: bytes, before: Position | None) -> tuple[bytes | None, list[bytes]]:
        found: tuple[int, bytes | None] = 0, None
        for number, packed in self.of_bases.get(member, []) if before is not None else []:
            if place_of(packed) < before:
                found = number, packed
        return found[1], [s for n, s in self.of_segments.get(member, []) if n > found[0]]

    def count_waiting(self) -> int:
        return len(self.waits)

    def waiting(self, order: bytes) -> list[tuple[bytes, bytes]]:
        return sorted((key, row) for (name, key), row in self.waits.items() if name == order)

    # ---- what changes it ----

    def take(self, facts: Iterable[Fact]) -> None:
        """Facts in order of arrival, as one batch; what accounts send each other is taken before anything else is."""
        for part in settled_apart(of_facts(list(facts)), self):
            self.write(self.agent.take(part, self, self.tick))
            self.settle()

    def settle(self) -> None:
        while self.under_way:
            messages = self.under_way
            ready, over = next_ones(messages, self.agent.lateness)
            self.under_way = [m for k, m in enumerate(messages) if k not in {*ready, *over}]
            self.write(self.agent.receive([messages[k] for k in ready], self, self.tick))

    def advance(self, until: int) -> None:
        """A tick."""
        due = [(m, h) for m, h in sorted(self.of_heads.items()) if due_of(h) <= until]
        if due and until > self.tick:
            members, heads = zip(*due, strict=True)
            self.write(self.agent.advance(members, heads, self, until))
        self.tick = max(self.tick, until)
        self.settle()

    def write(self, writes: Writes) -> None:
        self.batch += 1
        self.of_heads.update(zip(writes.heads.names, writes.heads.values, strict=True))
        self.of_keys.update(zip(writes.keys.names, writes.keys.values, strict=True))
        self.texts.update({code: text.encode() for code, text in writes.texts.items()})
        for member, position in writes.unmade:
            self.of_bases[member] = [(n, h) for n, h in self.of_bases.get(member, []) if place_of(h) < position]
        for rows, kept in ((writes.segments, self.of_segments), (writes.bases, self.of_bases)):
            for member, value in zip(rows.names, rows.values, strict=True):
                kept.setdefault(member, []).append((self.batch, value))
        for name in writes.released:
            del self.waits[name]
        self.under_way += writes.messages
        self.waits.update({(row.order, row.key): row.row for row in writes.waiting})
        for end, n in writes.dispositions.items():
            self.ended[end.name] = self.ended.get(end.name, 0) + n

    # ---- what is looked at ----

    def log(self, member: bytes) -> Segments:
        return effective(join_segments([[s for _, s in self.of_segments[member]]]), self.agent.lateness)

    def head(self, member: bytes) -> Head:
        return Head.read(self.of_heads[member])


def place_of(packed: bytes) -> Position:
    head = Head.read(packed)
    return head.last_at, head.last_rank, head.last_key
