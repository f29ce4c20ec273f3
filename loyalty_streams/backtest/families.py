"""Accounts that became one, under another programme: their facts are sent through the members agent anew, in memory.

What such accounts have sent each other holds states that the programme in force made, so that their logs serve no other programme. Their own facts
do: in perfect order, with the decisions given on them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from loyalty_streams.agents.courses import FOREIGN
from loyalty_streams.agents.crooked import fold_crooked
from loyalty_streams.agents.effective import effective, standing, take_facts
from loyalty_streams.agents.families import own_facts
from loyalty_streams.agents.judging import Candidates, Known, Position, Verdict
from loyalty_streams.agents.kinds import IDENTITY, TRANSFER
from loyalty_streams.agents.lateness import Lateness
from loyalty_streams.agents.members import MembersAgent
from loyalty_streams.agents.messages import addressee, next_ones
from loyalty_streams.agents.rows import Came, Heads, MendRow, Segments, due_of, join_segments, split
from loyalty_streams.agents.writes import Writes
from loyalty_streams.core.codes import Disposition
from loyalty_streams.core.engine import Engine
from loyalty_streams.core.entries import Entry

NO_TICK = -1
ROUNDS = 8
"""Rounds in which what accounts send each other settles; where it takes more, the result is a PREVIEW."""
MOST_ROUNDS = 64
"""Rounds for each account in memory, after which what is under way is left."""


@dataclass(slots=True)
class Memory:
    """What the agent asks of a store, and keeps in one, of some accounts: heads and segments, no more."""

    of_heads: dict[bytes, bytes] = field(default_factory=dict)
    of_segments: dict[bytes, list[bytes]] = field(default_factory=dict)
    under_way: list[bytes] = field(default_factory=list)
    texts: dict[int, bytes] = field(default_factory=dict)
    rounds: list[list[set[bytes]]] = field(default_factory=list)

    def heads(self, members: Sequence[bytes]) -> list[bytes | None]:
        return [self.of_heads.get(m) for m in members]

    def keys(self, keys: Sequence[bytes]) -> list[bytes | None]:
        return [None] * len(keys)

    def text(self, code: int) -> bytes | None:
        return self.texts.get(code)

    def history(self, member: bytes, before: Position | None) -> tuple[bytes | None, list[bytes]]:
        return None, self.of_segments.get(member, [])

    def count_waiting(self) -> int:
        return 0

    def waiting(self, order: bytes) -> list[tuple[bytes, bytes]]:
        return []

    def settle(self, agent: MembersAgent, tick: int) -> None:
        """Takes what accounts have sent each other until nothing is under way, in bounded many rounds; remembers who was sent what in which."""
        rounds: list[set[bytes]] = []
        self.rounds.append(rounds)
        while self.under_way and len(rounds) < MOST_ROUNDS * (1 + len(self.of_heads)):
            messages = self.under_way
            ready, over = next_ones(messages, agent.lateness)
            gone = {*ready, *over}
            self.under_way = [m for k, m in enumerate(messages) if k not in gone]
            rounds.append({addressee(messages[k]) for k in ready})
            self.write(agent.receive([messages[k] for k in ready], self, tick))

    def unsettled(self, log: Segments, names: Sequence[bytes]) -> int:
        """Groups of accounts whose messages took more than `ROUNDS` to settle: the same whoever else was in memory with them."""
        if all(len(rounds) <= ROUNDS for rounds in self.rounds):
            return 0
        groups = closed_groups(names, [(names[number], other) for number, other in becomes(log)])
        return sum(any(sum(not one.isdisjoint(group) for one in rounds) > ROUNDS for rounds in self.rounds) for group in groups)

    def write(self, writes: Writes) -> None:
        heads, segments = (zip(rows.names, rows.values, strict=True) for rows in (writes.heads, writes.segments))
        self.keep(heads, segments, writes.messages, writes.texts)

    def keep(
        self, heads: Iterable[tuple[bytes, bytes]], segments: Iterable[tuple[bytes, bytes]], messages: Sequence[bytes], texts: Mapping[int, str]
    ) -> None:
        self.texts.update((code, text.encode()) for code, text in texts.items())
        self.of_heads.update(heads)
        for member, segment in segments:
            self.of_segments.setdefault(member, []).append(segment)
        self.under_way += messages


def logs_anew(engine: Engine, lateness: Lateness, names: Sequence[bytes], log: Segments, until: int) -> tuple[Segments, int]:
    """The logs of accounts that are closed among each other (what one became is one of them), as a programme makes them, up to an instant: what
    timers give to pools by then is sent too. -> the logs, and how many groups took too long to settle
    """
    memory = Memory()
    c = _candidates(names, log, lateness)
    rows = np.arange(len(c.keys))
    everything = np.full(len(rows), Disposition.APPLIED, np.int64)
    verdict = Verdict(everything, c.columns.refuse.astype(np.int64), crooked=set(np.unique(c.member).tolist()), sequence=rows)
    known = Known(Heads.of([None] * len(names)), {}, NO_TICK, lateness, 0)
    for out in fold_crooked(engine, lateness, c, verdict, known, memory):
        memory.keep([(out.member, out.head.pack())], [(out.member, out.segment)], out.messages, out.texts)
    agent = MembersAgent(engine)
    memory.settle(agent, NO_TICK)
    due = [(name, head) for name, head in sorted(memory.of_heads.items()) if due_of(head) <= until]
    if due:
        memory.write(agent.advance([name for name, _ in due], [head for _, head in due], memory, until))
        memory.settle(agent, until)
    return join_segments([memory.of_segments.get(name, []) for name in names]), memory.unsettled(log, names)


def _candidates(names: Sequence[bytes], log: Segments, lateness: Lateness) -> Candidates:
    """The facts that came for each account itself, the newest revision of each, in their order."""
    own = effective(take_facts(bare(log), own_facts(log)), lateness, given_up=True)
    stand = standing(lateness, own.columns, own.member)
    return Candidates(
        own.columns, own.said, stand, own.member.astype(np.int64), list(names), split(own.keys), split(own.abouts), own.content, own.revisions,
        len(own.member), own.came & np.uint8(Came.HELD),
    )  # fmt: skip


def bare(log: Segments) -> Segments:
    """The facts of a log alone."""
    return replace(log, entries=np.zeros(0, Entry).view(Entry), mends=np.zeros(0, MendRow), after=log.after[:0])


def becomes(log: Segments) -> list[tuple[int, bytes]]:
    """The accounts that the identity facts and transfers of a log speak of: number in the log, and name. What is sent goes there and nowhere else."""
    rows = np.flatnonzero((log.came & FOREIGN == 0) & np.isin(log.columns.kind, (IDENTITY, TRANSFER)))
    abouts = split(log.abouts) if len(rows) else []
    return [(int(log.member[row]), abouts[row]) for row in rows.tolist()]


def closed_groups(accounts: Sequence[bytes], edges: Iterable[tuple[bytes, bytes]]) -> list[list[bytes]]:
    """Accounts in groups within which every merge stays, in order of their first names."""
    parent = {name: name for name in accounts}

    def root(name: bytes) -> bytes:
        while parent[name] != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    for one, other in edges:
        if one in parent and other in parent:
            a, b = sorted((root(one), root(other)))
            parent[b] = a
    groups: dict[bytes, list[bytes]] = {}
    for name in sorted(accounts):
        groups.setdefault(root(name), []).append(name)
    return [groups[name] for name in sorted(groups)]
