"""The whole log of a store, some accounts at a time: those that stand alone as they come, those that became one in groups that are closed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TypeAlias

import numpy as np

from loyalty_streams.agents.effective import effective
from loyalty_streams.agents.lateness import Lateness
from loyalty_streams.agents.rows import Head, Heads, Segments, join_segments
from loyalty_streams.backtest.families import bare, becomes, closed_groups
from loyalty_streams.core.programme import Compiled
from loyalty_streams.hosts.embedded.past import clusters
from loyalty_streams.hosts.embedded.store import Store

FACTS_A_BLOCK = 100_000
HEADS_AT_ONCE, KIN_AT_ONCE = 10_000, 1_000
Patience: TypeAlias = tuple[tuple[int, int], ...]
"""Of each version the start, and how late a fact may be under it: all that the order of facts hangs on."""


@dataclass(frozen=True, slots=True)
class Logs:
    """Some accounts, whole, and the facts of their logs, `log.member` being places in `names`. `kin`: they became one with others among them."""

    names: list[bytes]
    log: Segments
    kin: bool
    _ordered: dict[Patience, Segments] = field(default_factory=dict, compare=False, repr=False)

    def ordered(self, compiled: Compiled) -> Segments:
        """The facts in the order in which a programme folds them: worked out once for all that wait as long for what comes late."""
        patience = tuple((v.effective_from, v.facts.lateness) for v in compiled.versions)
        if patience not in self._ordered:
            self._ordered[patience] = effective(self.log, Lateness(compiled))
        return self._ordered[patience]


class Source:
    """Reads a store, which may be open for reading alone. `facts_a_block`: about so many facts are in memory at a time."""

    def __init__(self, store: Store, facts_a_block: int = FACTS_A_BLOCK) -> None:
        self.store, self._most = store, facts_a_block
        self._groups = self._closed()
        self._group_of = {name: k for k, group in enumerate(self._groups) for name in group}

    def logs(self) -> Iterator[Logs]:
        """All accounts: those that stand alone in order of id, then the others, group by group."""
        for ids, heads, segments in clusters(self.store, self._most):
            alone = [k for k, head in enumerate(heads) if not head.family]
            if alone:
                yield self._alone([ids[k].encode() for k in alone], [segments[k] for k in alone])
        yield from self._in_groups(range(len(self._groups)))

    def logs_of(self, names: Sequence[bytes]) -> Iterator[Logs]:
        """Some accounts, and those that became one with them; names that the store does not know are left out."""
        alone = [name for name in dict.fromkeys(names) if name not in self._group_of]
        known = [name for name, head in zip(alone, self.store.heads(alone), strict=True) if head is not None]
        waiting: list[bytes] = []
        segments: list[list[bytes]] = []
        facts = 0
        for name, head in zip(known, self.store.heads(known), strict=True):
            waiting.append(name)
            segments.append(list(self.store.segments(name)))
            facts += Head.read(head).facts if head is not None else 0
            if facts >= self._most:
                yield self._alone(waiting, segments)
                waiting, segments, facts = [], [], 0
        if waiting:
            yield self._alone(waiting, segments)
        yield from self._in_groups(sorted({self._group_of[name] for name in names if name in self._group_of}))

    def _alone(self, names: list[bytes], segments: Sequence[list[bytes]]) -> Logs:
        return Logs(names, bare(join_segments(segments)), False)

    def _in_groups(self, numbers: Sequence[int]) -> Iterator[Logs]:
        names: list[bytes] = []
        segments: list[list[bytes]] = []
        facts = 0
        for number in numbers:
            for name, head in zip(self._groups[number], self.store.heads(self._groups[number]), strict=True):
                names.append(name)
                segments.append(list(self.store.segments(name)))
                facts += Head.read(head).facts if head is not None else 0
            if facts >= self._most:
                yield Logs(names, bare(join_segments(segments)), True)
                names, segments, facts = [], [], 0
        if names:
            yield Logs(names, bare(join_segments(segments)), True)

    def _closed(self) -> list[list[bytes]]:
        """The groups of accounts that met, with those that are named and have had nothing yet: under other rules they may."""
        kin, heads = list[bytes](), self.store.rocks.scan("heads")
        while some := list(islice(heads, HEADS_AT_ONCE)):
            family = Heads.of([head for _, head in some]).fixed["family"]
            kin += [some[k][0] for k in np.flatnonzero(family).tolist()]
        edges: list[tuple[bytes, bytes]] = []
        for first in range(0, len(kin), KIN_AT_ONCE):
            names = kin[first : first + KIN_AT_ONCE]
            log = join_segments([list(self.store.segments(name)) for name in names])
            edges += [(names[number], other) for number, other in becomes(log)]
        return closed_groups([*{*kin, *(other for _, other in edges if other)}], edges)
