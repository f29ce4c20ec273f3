"""One pass over a history under several programmes, and what it was a pass over."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from loyalty_streams.agents.effective import effective, standing, take_facts
from loyalty_streams.agents.families import own_facts
from loyalty_streams.backtest.contenders import Contender
from loyalty_streams.backtest.errors import BacktestError
from loyalty_streams.backtest.families import bare
from loyalty_streams.backtest.figures import Figures, Gathering
from loyalty_streams.backtest.folding import Bench, Decided, Span
from loyalty_streams.backtest.segments import Traits
from loyalty_streams.backtest.source import Logs, Source
from loyalty_streams.core.codes import NEVER
from loyalty_streams.core.programme import Names
from loyalty_streams.hosts.embedded.store import Store
from loyalty_streams.reports.instants import iso
from loyalty_streams.reports.member import spendable_wallets


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a pass has come."""

    facts: int
    of: int
    seconds: float

    def __str__(self) -> str:
        left = self.seconds * (self.of - self.facts) / self.facts if self.facts else 0.0
        return f"{self.facts:,} of {self.of:,} facts folded, about {max(left, 0):.0f} s left"


@dataclass(slots=True)
class History:
    """What was folded: `facts` from outside, and where the first of them stands; `as_of`: the instant folded to, microseconds UTC."""

    as_of: int
    facts: int = 0
    first: int = NEVER

    def to_json(self, members: int) -> dict[str, str | int | None]:
        return {"facts": self.facts, "members": members, "from": iso(self.first), "until": iso(self.as_of)}

    def add(self, logs: Logs, found: Decided, bench: Bench, span: Span) -> None:
        if not logs.kin:
            self.facts += len(found.rows.member)
            self.first = min(self.first, int(found.columns.at.min(initial=NEVER)))
            return
        own = effective(take_facts(bare(logs.log), own_facts(logs.log)), bench.lateness, given_up=True)
        kept = standing(bench.lateness, own.columns, own.member) < span.before
        self.facts += int(kept.sum())
        self.first = min(self.first, int(own.columns.at[kept].min(initial=NEVER)))


@dataclass(slots=True)
class Run:
    """A history under some programmes, ready to be folded, whole or of some members alone."""

    store: Store
    contenders: Sequence[Contender]
    as_of: int | None = None
    members: Sequence[str] | None = None
    benches: list[Bench] = field(init=False)
    source: Source = field(init=False)

    def __post_init__(self) -> None:
        first = Bench(self.contenders[0])
        self.benches = [first, *(Bench(c, first.engine) for c in self.contenders[1:])]
        self.source = Source(self.store)
        known = [m.encode() for m in self.members or ()]
        missing = [m for m, head in zip(self.members or (), self.store.heads(known), strict=True) if head is None]
        if missing:
            raise BacktestError("UNKNOWN_MEMBER", f"the history has no fact of {len(missing)} of the {len(known)} members asked for", missing[0])

    @property
    def span(self) -> Span:
        """Facts before the instant asked for and timers up to it; by default all that the store has."""
        now = self.store.clocks.now
        return Span(now + 1, now) if self.as_of is None else Span(self.as_of, self.as_of)

    def logs(self) -> Iterator[Logs]:
        """The logs of all accounts, or of those asked for."""
        return self.source.logs() if self.members is None else self.source.logs_of([m.encode() for m in self.members])

    def figures(self, progress: Callable[[Progress], None] | None = None, traits: Traits | None = None) -> tuple[History, list[Figures]]:
        """Folds everything, and keeps of each member what is compared; `traits` learns what is known of members beside that.

        Raises BacktestError EMPTY_RANGE where no fact stands in the span.
        """
        span, start = self.span, time.monotonic()
        history = History(span.until)
        gathered = [Gathering(spendable_wallets(c.compiled)) for c in self.contenders]
        for some in self.logs():
            for k, (bench, into) in enumerate(zip(self.benches, gathered, strict=True)):
                found = bench.decide(some, span)
                into.add(found)
                if k == 0:
                    history.add(some, found, bench, span)
                    if traits is not None:
                        traits.add(found)
            if progress is not None:
                progress(Progress(history.facts, self.store.clocks.facts, time.monotonic() - start))
        if not history.facts:
            raise BacktestError("EMPTY_RANGE", "no fact of the history stands before that instant", usage=True)
        return history, [g.figures() for g in gathered]

    def decided(self, members: Sequence[str]) -> list[list[Decided]]:
        """Some members whole: block by block, what each programme decides."""
        return [[bench.decide(some, self.span) for bench in self.benches] for some in self.source.logs_of([m.encode() for m in members])]

    @property
    def names(self) -> Names:
        """The names of all programmes by number: those of the last one know the others'."""
        return max((c.compiled.names for c in self.contenders), key=_count)


def _count(names: Names) -> int:
    return sum(len(getattr(names, kind)) for kind in names.__slots__)
