"""A history, some accounts at a time: those that stand alone as they come, those that became one in groups that are closed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, islice
from typing import Protocol, TypeAlias

import numpy as np

from loyalty_streams.agents.effective import effective
from loyalty_streams.agents.lateness import Lateness
from loyalty_streams.agents.rows import Head, Heads, Segments, join_segments
from loyalty_streams.backtest.families import bare, becomes, closed_groups
from loyalty_streams.core.codes import NEVER
from loyalty_streams.core.programme import Compiled
from loyalty_streams.hosts.embedded.past import clusters
from loyalty_streams.hosts.embedded.quarantine import pieces
from loyalty_streams.hosts.embedded.store import Store

FACTS_A_BLOCK = 100_000
HEADS_AT_ONCE, KIN_AT_ONCE = 10_000, 1_000
Patience: TypeAlias = tuple[tuple[int, int], ...]
"""Of each version the start, and how late a fact may be under it: all that the order of facts hangs on."""


@dataclass(slots=True)
class Logs:
    """Some accounts, whole, and the facts of their logs, `log.member` being places in `names`. `kin`: they became one with others among them.

    `last`: no fact of them stands later (microseconds UTC).
    """

    names: list[bytes]
    log: Segments
    kin: bool
    last: int = NEVER
    _ordered: dict[Patience, Segments] = field(default_factory=dict, repr=False)
    _ids: list[str] = field(default_factory=list, repr=False)

    @property
    def ids(self) -> list[str]:
        """The names as text: one list for all programmes."""
        if len(self._ids) != len(self.names):
            self._ids = [name.decode() for name in self.names]
        return self._ids

    def ordered(self, compiled: Compiled) -> Segments:
        """The facts in the order in which a programme folds them: worked out once for all that wait as long for what comes late."""
        patience = patience_of(compiled)
        if patience not in self._ordered:
            self._ordered[patience] = effective(self.log, Lateness(compiled))
        return self._ordered[patience]


def patience_of(compiled: Compiled) -> Patience:
    return tuple((v.effective_from, v.facts.lateness) for v in compiled.versions)


Block: TypeAlias = Callable[[], Logs]
"""Some accounts that are still to be read: what another thread may do."""


Waiting: TypeAlias = tuple[str, int, int]
"""A return without its order: the member, when it happened, and until when its order may come and be no later than facts may be; microseconds
UTC. Of one that was given up both instants are -1."""


class Source(Protocol):
    """A history: `facts` from outside, the instant `now` that it has come to, and when the first fact may be (microseconds UTC)."""

    @property
    def facts(self) -> int: ...
    @property
    def now(self) -> int: ...
    @property
    def fingerprint(self) -> str:
        """A text that no other history has, and this one not when it has changed; empty where it does not last."""
        ...

    def unknown(self, names: Sequence[bytes]) -> list[bytes]:
        """Those of some accounts that the history has no fact of."""
        ...

    def waiting(self) -> list[Waiting]:
        """The returns that are no facts, since their orders have not come."""
        ...

    def blocks(self, first: int = 0, keys: bool = False) -> Iterator[Block]:
        """All accounts, the same ones together in the same order each time; the blocks before `first` are passed over. `keys`: the business keys
        of the facts are asked for.
        """
        ...

    def blocks_of(self, names: Sequence[bytes]) -> Iterator[Block]:
        """Some accounts, and those that became one with them; names that are not known are left out."""
        ...


class StoreSource:
    """Reads a store, which may be open for reading alone. `facts_a_block`: about so many facts are in memory at a time; `lasting`: it is there
    the next time too.
    """

    def __init__(self, store: Store, facts_a_block: int = FACTS_A_BLOCK, lasting: bool = True) -> None:
        self.store, self._most, self._lasting = store, facts_a_block, lasting
        self.groups = self._closed()
        self.group_of = {name: k for k, group in enumerate(self.groups) for name in group}

    @property
    def facts(self) -> int:
        return self.store.clocks.facts

    @property
    def now(self) -> int:
        return self.store.clocks.now

    @property
    def fingerprint(self) -> str:
        return f"store {self.store.folder.absolute()} {self.store.rocks.sequence} {self._most}" if self._lasting else ""

    def unknown(self, names: Sequence[bytes]) -> list[bytes]:
        return [name for name, head in zip(names, self.store.heads(names), strict=True) if head is None]

    def waiting(self) -> list[Waiting]:
        out: list[Waiting] = []
        for some, columns in pieces(self.store) if self.store.clocks.waiting else ():
            late = columns.arrived + self.store.lateness.of_arrivals("lateness", columns.arrived)
            out += zip([x.member.decode() for x in some], columns.at.tolist(), late.tolist(), strict=True)
        letters = self.store.letters() if self.store.clocks.letters else ()
        return sorted(out) + sorted((letter.member, -1, -1) for _, letter in letters if letter.code == "ORPHAN")

    def blocks(self, first: int = 0, keys: bool = False) -> Iterator[Block]:
        """Those that stand alone in order of id, then the others, group by group."""
        return islice(chain(self._all_alone(), self._in_groups(range(len(self.groups)))), first, None)

    def _all_alone(self) -> Iterator[Block]:
        for ids, _, segments in clusters(self.store, self._most):
            alone = [k for k, name in enumerate(ids) if name.encode() not in self.group_of]
            if alone:
                yield partial(_logs, [ids[k].encode() for k in alone], [segments[k] for k in alone], False)

    def blocks_of(self, names: Sequence[bytes]) -> Iterator[Block]:
        alone = [name for name in dict.fromkeys(names) if name not in self.group_of]
        known = [name for name, head in zip(alone, self.store.heads(alone), strict=True) if head is not None]
        yield from self._gathered(([name] for name in known), False)
        yield from self._in_groups(sorted({self.group_of[name] for name in names if name in self.group_of}))

    def _in_groups(self, numbers: Sequence[int]) -> Iterator[Block]:
        return self._gathered((self.groups[number] for number in numbers), True)

    def _gathered(self, groups: Iterable[list[bytes]], kin: bool) -> Iterator[Block]:
        """Whole groups of accounts, some at a time."""
        names: list[bytes] = []
        segments: list[list[bytes]] = []
        facts = 0
        for group in groups:
            for name, head in zip(group, self.store.heads(group), strict=True):
                names.append(name)
                segments.append(list(self.store.segments(name)))
                facts += Head.read(head).facts if head is not None else 0
            if facts >= self._most:
                yield partial(_logs, names, segments, kin)
                names, segments, facts = [], [], 0
        if names:
            yield partial(_logs, names, segments, kin)

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


def _logs(names: list[bytes], segments: Sequence[list[bytes]], kin: bool) -> Logs:
    return Logs(names, bare(join_segments(segments)), kin)
