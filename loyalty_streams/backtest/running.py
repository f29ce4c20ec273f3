"""One pass over a history under several programmes, and what it was a pass over."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from queue import SimpleQueue
from typing import Generic, TypeVar

from loyalty_streams.agents.effective import effective, standing, take_facts
from loyalty_streams.agents.families import own_facts
from loyalty_streams.backtest.contenders import Contender
from loyalty_streams.backtest.errors import BacktestError
from loyalty_streams.backtest.families import bare
from loyalty_streams.backtest.figures import Figures, Gathering
from loyalty_streams.backtest.folding import Bench, Decided, Ready, Span, together
from loyalty_streams.backtest.segments import Traits
from loyalty_streams.backtest.source import Block, Logs, Source
from loyalty_streams.core.codes import DAY, NEVER
from loyalty_streams.core.facts import Array
from loyalty_streams.core.programme import Names
from loyalty_streams.reports.instants import iso, month_bounds

YEARS = 20
"""How far back the months of a course go; what moved before is in the first one."""
T = TypeVar("T")


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

    def join(self, more: History) -> None:
        self.facts += more.facts
        self.first = min(self.first, more.first)

    def add(self, logs: Logs, found: Ready, bench: Bench, span: Span) -> None:
        if not logs.kin:
            self.facts += len(found.rows.member)
            self.first = min(self.first, int(found.columns.at.min(initial=NEVER)))
            return
        own = effective(take_facts(bare(logs.log), own_facts(logs.log)), bench.lateness, given_up=True)
        kept = standing(bench.lateness, own.columns, own.member) < span.before
        self.facts += int(kept.sum())
        self.first = min(self.first, int(own.columns.at[kept].min(initial=NEVER)))


@dataclass(frozen=True, slots=True)
class Part:
    """What came of one block: the figures under each programme, and what is known of its members beside them."""

    history: History
    ids: list[str]
    figures: list[Figures]
    traits: Traits | None


@dataclass(slots=True)
class Run:
    """A history under some programmes, ready to be folded, whole or of some members alone, by some threads (0: one for each processor)."""

    source: Source
    contenders: Sequence[Contender]
    as_of: int | None = None
    members: Sequence[str] | None = None
    threads: int = 0
    benches: list[Bench] = field(init=False)

    def __post_init__(self) -> None:
        self.benches = self.new_benches()
        known = [m.encode() for m in self.members or ()]
        missing = self.source.unknown(known)
        if missing:
            told = f"the history has no fact of {len(missing)} of the {len(known)} members asked for"
            raise BacktestError("UNKNOWN_MEMBER", told, missing[0].decode())

    def new_benches(self) -> list[Bench]:
        """A bench for each programme, for one thread."""
        first = Bench(self.contenders[0])
        return [first, *(Bench(c, first.engine) for c in self.contenders[1:])]

    @property
    def span(self) -> Span:
        """Facts before the instant asked for and timers up to it; by default all that there is."""
        now = self.source.now
        return Span(now + 1, now) if self.as_of is None else Span(self.as_of, self.as_of)

    @property
    def wanted(self) -> set[bytes] | None:
        """Those asked for, of all that have to be folded with them; None: everybody is."""
        return None if self.members is None else {name.encode() for name in self.members}

    @property
    def calendar(self) -> tuple[Array, list[str]]:
        """Where each month begins, up to the end, and its name."""
        end = self.span.until
        return month_bounds(max(0, end - YEARS * 365 * DAY), end, self.contenders[0].zone)

    @property
    def months(self) -> Array:
        """Where each month but the first begins, up to the end."""
        return self.calendar[0][1:]

    def blocks(self, first: int = 0, keys: bool = False) -> Iterator[Block]:
        """The logs of all accounts, or of those asked for; the blocks before `first` are passed over. `keys`: as of `Source.blocks`."""
        if self.members is None:
            return self.source.blocks(first, keys)
        return islice(self.source.blocks_of([m.encode() for m in self.members]), first, None)

    def logs(self) -> Iterator[Logs]:
        """The same, read, with business keys."""
        return (block() for block in self.blocks(keys=True))

    def part(self, block: Block, benches: Sequence[Bench], with_traits: bool) -> Part:
        """One block folded under all programmes."""
        logs, span = block(), self.span
        found = together(benches, logs, span, self.months, self.wanted)
        history, traits = History(span.until), Traits() if with_traits else None
        first = found[0][0]
        history.add(logs, first, benches[0], span)
        if traits is not None:
            traits.add(first)
        return Part(history, logs.ids, [figures for _, figures in found], traits)

    def figures(self, progress: Callable[[Progress], None] | None = None, traits: Traits | None = None) -> tuple[History, list[Figures]]:
        """Folds everything, and keeps of each member what is compared; `traits` learns what is known of members beside that.

        Raises BacktestError EMPTY_RANGE where no fact stands in the span.
        """
        begun = time.monotonic()
        history, ids = History(self.span.until), list[str]()
        gathered = [Gathering() for _ in self.contenders]
        work = partial(self.part, with_traits=traits is not None)
        for part in Threads(self, work).over(self.blocks()):
            history.join(part.history)
            ids += part.ids
            for into, figures in zip(gathered, part.figures, strict=True):
                into.add(figures)
            if traits is not None and part.traits is not None:
                traits.join(part.traits)
            if progress is not None:
                progress(Progress(history.facts, self.source.facts, time.monotonic() - begun))
        if not history.facts:
            raise BacktestError("EMPTY_RANGE", "no fact of the history stands before that instant", usage=True)
        return history, [g.figures(ids) for g in gathered]

    def decided(self, members: Sequence[str]) -> list[list[Decided]]:
        """Some members whole: block by block, what each programme decides."""
        return [[bench.decide(block(), self.span) for bench in self.benches] for block in self.source.blocks_of([m.encode() for m in members])]

    @property
    def names(self) -> Names:
        """The names of all programmes by number: those of the last one know the others'."""
        return max((c.compiled.names for c in self.contenders), key=_count)


@dataclass(slots=True)
class Threads(Generic[T]):
    """Does something with each block, several at once, each thread at benches of its own; what comes of them comes in their order."""

    run: Run
    work: Callable[[Block, Sequence[Bench]], T]

    def over(self, blocks: Iterator[Block]) -> Iterator[T]:
        n = self.run.threads or len(os.sched_getaffinity(0))
        if n == 1:
            yield from (self.work(block, self.run.benches) for block in blocks)
            return
        idle: SimpleQueue[list[Bench]] = SimpleQueue()
        for benches in (self.run.benches, *(self.run.new_benches() for _ in range(n - 1))):
            idle.put(benches)
        with ThreadPoolExecutor(n) as pool:
            under_way: deque[Future[T]] = deque()
            try:
                for block in blocks:
                    under_way.append(pool.submit(self._one, block, idle))
                    if len(under_way) > n:
                        yield under_way.popleft().result()
                while under_way:
                    yield under_way.popleft().result()
            finally:
                for one in under_way:
                    one.cancel()

    def _one(self, block: Block, idle: SimpleQueue[list[Bench]]) -> T:
        benches = idle.get()
        try:
            return self.work(block, benches)
        finally:
            idle.put(benches)


def _count(names: Names) -> int:
    return sum(len(getattr(names, kind)) for kind in names.__slots__)
