"""One pass over a history under several programmes, and what it was a pass over."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import TypeVar

from loyalty_streams.backtest.asked import Asked
from loyalty_streams.backtest.contenders import Contender
from loyalty_streams.backtest.engines import check_engine, folded
from loyalty_streams.backtest.errors import BacktestError
from loyalty_streams.backtest.figures import Figures, Gathering
from loyalty_streams.backtest.folding import Bench, Decided, Judge, Span
from loyalty_streams.backtest.preview import unopened
from loyalty_streams.backtest.resuming import Journal
from loyalty_streams.backtest.segments import Traits
from loyalty_streams.backtest.source import Block, Logs, Source
from loyalty_streams.backtest.totals import code_version
from loyalty_streams.backtest.work import EveryMember, Found, History, Part, Work, told
from loyalty_streams.core.codes import DAY
from loyalty_streams.core.facts import Array
from loyalty_streams.core.programme import Names
from loyalty_streams.reports.instants import month_bounds

YEARS = 20
"""How far back the months of a course go; what moved before is in the first one."""
T = TypeVar("T", bound=Part)


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
class Run:
    """A history under some programmes, ready to be folded, whole or of some members alone, by some threads (0: one for each processor)
    or by an engine (`engines.folded`). `resume`: where a pass was stopped, it is gone on with (`resuming`)."""

    source: Source
    contenders: Sequence[Contender]
    as_of: int | None = None
    members: Sequence[str] | None = None
    threads: int = 0
    engine: str = ""
    resume: bool = False
    benches: list[Bench] = field(init=False)

    @classmethod
    def of(cls, source: Source, contenders: Sequence[Contender], asked: Asked, members: Sequence[str] | None) -> Run:
        """`members`: those that are left of what is asked."""
        return cls(source, contenders, asked.as_of, members, asked.threads, asked.engine, asked.resume)

    def __post_init__(self) -> None:
        check_engine(self.engine)
        first = Bench(self.judges[0])
        self.benches = [first, *(Bench(judge, first.engine) for judge in self.judges[1:])]
        known = [m.encode() for m in self.members or ()]
        missing = self.source.unknown(known)
        if missing:
            told = f"the history has no fact of {len(missing)} of the {len(known)} members asked for"
            raise BacktestError("UNKNOWN_MEMBER", told, missing[0].decode())

    @property
    def judges(self) -> list[Judge]:
        """The programmes, as much of them as folds."""
        return [c.judge for c in self.contenders]

    @property
    def span(self) -> Span:
        """Facts before the instant asked for and timers up to it; by default all that there is."""
        now = self.source.now
        return Span(now + 1, now) if self.as_of is None else Span(self.as_of, self.as_of)

    @property
    def wanted(self) -> frozenset[bytes] | None:
        """Those asked for, of all that have to be folded with them; None: everybody is."""
        return None if self.members is None else frozenset(name.encode() for name in self.members)

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
        """The logs of all accounts, or of those asked for, in whatever order these are named; the blocks before `first` are passed over. `keys`: as
        of `Source.blocks`.
        """
        if self.members is None:
            return self.source.blocks(first, keys)
        return islice(self.source.blocks_of(sorted({m.encode() for m in self.members})), first, None)

    def logs(self) -> Iterator[Logs]:
        """The same, read, with business keys."""
        return (block() for block in self.blocks(keys=True))

    @contextmanager
    def passing(self, work: Work[T], kind: type[T], progress: Callable[[Progress], None] | None = None) -> Iterator[Iterator[T]]:
        """What comes of each block, in order; a pass that was stopped is gone on with where that is asked for.

        Raises BacktestError EMPTY_RANGE in the end where no fact stands in the span, and Stopped.
        """
        question = "\n".join([self.source.fingerprint, code_version(), told(work)]) if self.source.fingerprint else ""
        journal = Journal(question, kind, self.resume)
        try:
            yield self._parts(journal, work, progress)
        except KeyboardInterrupt:
            raise journal.stopped() from None
        else:
            journal.ended()
        finally:
            journal.close()

    def _parts(self, journal: Journal[T], work: Work[T], progress: Callable[[Progress], None] | None) -> Iterator[T]:
        begun, facts = time.monotonic(), 0
        for part in journal.over(lambda first: folded(work, self.source, self.blocks, first, self.threads, self.engine)):
            facts += part.history.facts
            yield part
            if progress is not None:
                progress(Progress(facts, self.source.facts, time.monotonic() - begun))
        if not facts:
            raise BacktestError("EMPTY_RANGE", "no fact of the history stands before that instant", usage=True)

    def work(self, traits: bool = False) -> EveryMember:
        """What is done with each block for `figures`."""
        return EveryMember(self.judges, self.span, self.months, self.wanted, traits)

    def figures(self, progress: Callable[[Progress], None] | None = None, traits: Traits | None = None) -> tuple[History, list[Figures]]:
        """Folds everything, and keeps of each member what is compared; `traits` learns what is known of members beside that. Raises as `passing`."""
        history, ids = History(self.span.until), list[str]()
        gathered = [Gathering() for _ in self.contenders]
        with self.passing(self.work(traits is not None), Found, progress) as parts:
            for part in parts:
                history.join(part.history)
                ids += part.ids
                for into, figures in zip(gathered, part.figures, strict=True):
                    into.add(figures)
                if traits is not None and part.traits is not None:
                    traits.join(part.traits)
        self.await_orders(history)
        return history, [g.figures(ids) for g in gathered]

    def await_orders(self, history: History) -> None:
        """Whose returns wait in vain for an order: longer than facts may be late, or until they were given up."""
        span, wanted = self.span, self.wanted
        names = [member for member, at, late in self.source.waiting() if at < span.before and late < span.until]
        names = [name for name in names if wanted is None or name.encode() in wanted]
        blocks = self.source.blocks_of(sorted({name.encode() for name in names})) if names else ()
        history.preview.orders.update(unopened(names, (self.benches[0].ready(block(), span) for block in blocks)))

    def decided(self, members: Sequence[str]) -> list[list[Decided]]:
        """Some members whole: block by block, what each programme decides."""
        return [[bench.decide(block(), self.span) for bench in self.benches] for block in self.source.blocks_of([m.encode() for m in members])]

    @property
    def names(self) -> Names:
        """The names of all programmes by number: those of the last one know the others'."""
        return max((c.compiled.names for c in self.contenders), key=_count)


def _count(names: Names) -> int:
    return sum(len(getattr(names, kind)) for kind in names.__slots__)
