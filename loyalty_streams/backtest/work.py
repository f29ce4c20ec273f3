"""What is done with each block of a history, by a thread or on another machine, and what comes of it."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, Self, TypeVar

import numpy as np

from loyalty_streams.agents.effective import effective, standing, take_facts
from loyalty_streams.agents.families import own_facts
from loyalty_streams.backtest.comparing import Comparison
from loyalty_streams.backtest.families import bare
from loyalty_streams.backtest.figures import BY_MEMBER, Figures
from loyalty_streams.backtest.folding import Bench, Judge, Ready, Span, together
from loyalty_streams.backtest.preview import Preview
from loyalty_streams.backtest.segments import Traits
from loyalty_streams.backtest.source import Block, Logs
from loyalty_streams.core.codes import NEVER
from loyalty_streams.core.facts import Array
from loyalty_streams.core.programme import Names
from loyalty_streams.reports.instants import iso
from loyalty_streams.reports.points import ACCOUNTS, WALLETS

T = TypeVar("T", bound="Part")


@dataclass(slots=True)
class History:
    """What was folded: `facts` from outside, and where the first of them stands; `as_of`: the instant folded to, microseconds UTC. `preview`: what
    is missing of it.
    """

    as_of: int
    facts: int = 0
    first: int = NEVER
    preview: Preview = field(default_factory=Preview)

    def to_json(self, members: int) -> dict[str, str | int | None]:
        return {"facts": self.facts, "members": members, "from": iso(self.first), "until": iso(self.as_of)}

    def join(self, more: History) -> None:
        self.facts += more.facts
        self.first = min(self.first, more.first)
        self.preview.join(more.preview)

    def arrays(self) -> list[Array]:
        """What a block came to, in three arrays."""
        late, missing = self.preview.late, self.preview.redemptions
        names = np.frombuffer("\n".join(missing).encode(), np.uint8)
        return [np.array([self.as_of, self.facts, self.first, *late], np.int64), names, np.array([*missing.values()], np.int64)]

    @classmethod
    def of_arrays(cls, arrays: Sequence[Array]) -> Self:
        as_of, facts, first, *late = arrays[0].tolist()
        names = arrays[1].tobytes().decode().split("\n") if len(arrays[2]) else []
        return cls(as_of, facts, first, Preview(redemptions=Counter(dict(zip(names, arrays[2].tolist(), strict=True))), late=late))

    @classmethod
    def of(cls, logs: Logs, found: Ready, bench: Bench, span: Span) -> Self:
        if not logs.kin:
            return cls(span.until, len(found.rows.member), int(found.columns.at.min(initial=NEVER)))
        own = effective(take_facts(bare(logs.log), own_facts(logs.log)), bench.lateness, given_up=True)
        kept = standing(bench.lateness, own.columns, own.member) < span.before
        return cls(span.until, int(kept.sum()), int(own.columns.at[kept].min(initial=NEVER)))


class Part(Protocol):
    """What came of one block; it can be written down as arrays, and read again."""

    history: History

    def arrays(self) -> list[Array]: ...
    @classmethod
    def of_arrays(cls, arrays: Sequence[Array]) -> Self: ...


@dataclass(frozen=True, slots=True)
class Work(ABC, Generic[T]):
    """A piece of work that every block is given to, with the programmes that it is folded under. It says all that another process has to know.

    `months`: where each month but the first begins; `wanted`: of accounts that have to be folded together those asked for (None: all).
    """

    judges: Sequence[Judge]
    span: Span
    months: Array
    wanted: frozenset[bytes] | None

    def benches(self) -> list[Bench]:
        """A bench for each programme, for one thread."""
        first = Bench(self.judges[0])
        return [first, *(Bench(judge, first.engine) for judge in self.judges[1:])]

    def done(self, block: Block, benches: Sequence[Bench]) -> T:
        """One block folded under all programmes."""
        logs = block()
        wanted: Container[bytes] | None = self.wanted
        found = together(benches, logs, self.span, self.months, wanted)
        history = History.of(logs, found[0][0], benches[0], self.span)
        history.preview.look([ready for ready, _ in found], logs.kin, wanted)
        return self.part(history, logs, found)

    @abstractmethod
    def part(self, history: History, logs: Logs, found: Sequence[tuple[Ready, Figures]]) -> T:
        """What is kept of some accounts: what was folded, and the figures of it, under each programme."""


# ---- every member ------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Found:
    """The figures of some members under each programme, and what is known of them beside that."""

    history: History
    ids: list[str]
    figures: list[Figures]
    traits: Traits | None

    def arrays(self) -> list[Array]:
        head = [len(self.ids), len(self.figures), self.traits is not None]
        names = np.frombuffer("\n".join(self.ids).encode(), np.uint8)
        out: list[Array] = [*self.history.arrays(), np.array(head, np.int64), names]
        for one in self.figures:
            out += [*(getattr(one, name) for name in BY_MEMBER), one.course]
        return out + ([] if self.traits is None else self.traits.arrays())

    @classmethod
    def of_arrays(cls, arrays: Sequence[Array]) -> Found:
        n, programmes, with_traits = arrays[3].tolist()
        ids = arrays[4].tobytes().decode().split("\n") if n else []
        width, at, figures = len(BY_MEMBER) + 1, 5, []
        for _ in range(programmes):
            figures.append(Figures(ids, *arrays[at : at + width]))
            at += width
        return cls(History.of_arrays(arrays[:3]), ids, figures, Traits.of_arrays(arrays[at:]) if with_traits else None)


@dataclass(frozen=True, slots=True)
class EveryMember(Work[Found]):
    """The figures of every member. `traits`: also what is known of them beside that."""

    traits: bool = False

    def part(self, history: History, logs: Logs, found: Sequence[tuple[Ready, Figures]]) -> Found:
        traits, sides = Traits() if self.traits else None, [figures for _, figures in found]
        if traits is not None:
            traits.add(found[0][0], sides)
        return Found(history, logs.ids, sides, traits)


# ---- sums alone --------------------------------------------------------------------------------------------------------

COUNTS = ("changed", "gain", "lose", "up", "down", "redemptions", "members", "points_short")
"""Persons who change, have more, fewer, end in a higher tier, a lower one; redemptions that lack points, of how many persons, and how many points."""


@dataclass(slots=True)
class Tallied:
    """The sums of some members, and nothing of a single one: `by_wallet[k, w, a]` the points of each wallet and account under programme k, and
    `counts[k]` what `COUNTS` says, compared with the first programme.
    """

    history: History
    persons: int
    by_wallet: Array
    counts: Array

    @classmethod
    def nobody(cls, as_of: int, programmes: int) -> Tallied:
        return cls(History(as_of), 0, np.zeros((programmes, WALLETS, len(ACCOUNTS)), np.int64), np.zeros((programmes, len(COUNTS)), np.int64))

    def join(self, more: Tallied) -> None:
        self.history.join(more.history)
        self.persons += more.persons
        self.by_wallet += more.by_wallet
        self.counts += more.counts

    def arrays(self) -> list[Array]:
        return [*self.history.arrays(), np.array([self.persons], np.int64), self.by_wallet, self.counts]

    @classmethod
    def of_arrays(cls, arrays: Sequence[Array]) -> Tallied:
        return cls(History.of_arrays(arrays[:3]), int(arrays[3][0]), arrays[4], arrays[5])


@dataclass(frozen=True, slots=True)
class Tallying(Work[Tallied]):
    """The sums under every programme. `ranks[k][tier]`: the place of a tier on the ladder of programme k, -1 for none."""

    names: Names
    ranks: Sequence[Mapping[int, int]]

    def part(self, history: History, logs: Logs, found: Sequence[tuple[Ready, Figures]]) -> Tallied:
        first = found[0][1]
        counts = np.array([self._counts(first, own, rank) for (_, own), rank in zip(found, self.ranks, strict=True)], np.int64)
        return Tallied(history, int(first.alive.sum()), np.stack([own.by_wallet for _, own in found]), counts)

    def _counts(self, first: Figures, own: Figures, rank: Mapping[int, int]) -> list[int]:
        c = Comparison(first, own, np.flatnonzero(first.alive | own.alive), self.names)
        places = np.full(len(self.names.tiers) + 1, -1, np.int64)  # the last is that of no tier
        for tier, place in rank.items():
            places[tier] = place
        held = [places[np.where(tiers < 0, len(places) - 1, tiers)] for tiers in c.tiers]
        short: dict[str, Any] = {**c.counts(), "up": (held[1] > held[0]).sum(), "down": (held[1] < held[0]).sum(), **c.infeasible_counts()}
        return [int(short[name]) for name in COUNTS]


def told(work: Work[Any]) -> str:
    """What a piece of work is, as a text that is another one for any other work: the programmes by what they compile to."""
    judges = [[j.name, j.leaves_out, j.rules_hash] for j in work.judges]
    wanted = None if work.wanted is None else sorted(name.decode() for name in work.wanted)
    kind = [type(work).__name__, getattr(work, "traits", None)]
    return json.dumps([kind, judges, [work.span.before, work.span.until], wanted], ensure_ascii=False)
