"""Some accounts folded under one programme: their facts in order, the entries that it gives, and whose they are in the end."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from loyalty_streams.agents.courses import course
from loyalty_streams.agents.effective import effective, standing, take_facts
from loyalty_streams.agents.families import given
from loyalty_streams.agents.lateness import Lateness
from loyalty_streams.agents.long_fold import fold_from_the_first
from loyalty_streams.agents.rows import Came, Card, Segments, split
from loyalty_streams.backtest.errors import BacktestError
from loyalty_streams.backtest.families import bare, logs_anew
from loyalty_streams.backtest.figures import Adding, Figures
from loyalty_streams.backtest.grants import without
from loyalty_streams.backtest.source import Logs
from loyalty_streams.core.engine import BoundError, Engine, Folded, frozen
from loyalty_streams.core.entries import Entries
from loyalty_streams.core.facts import Array, Columns
from loyalty_streams.core.programme import Compiled
from loyalty_streams.reports.member import spendable_wallets

FACTS_AT_ONCE = 8_192
"""Facts that are folded under one programme after the other while the processor has them at hand."""


@dataclass(frozen=True, slots=True)
class Span:
    """Facts that stand before `before`, and timers due at or before `until`; microseconds UTC."""

    before: int
    until: int


@dataclass(frozen=True, slots=True)
class Judge:
    """A programme, as much of it as folds. `leaves_out`: for which rules adjustments made of plans are left out (`grants`)."""

    name: str
    compiled: Compiled
    rules_hash: str
    leaves_out: str


@dataclass(frozen=True, slots=True)
class Ready:
    """Accounts that are ready to be folded under a programme: the facts of account k are `rows[groups[k]:groups[k + 1]]`, in its order.

    `home[k]`: the place of the account that account k has become, k itself where it has become none. `given`: cards beside the facts. `unsettled`:
    groups of accounts whose messages took long to settle.
    """

    names: list[bytes]
    rows: Segments
    groups: Array
    given: list[tuple[int, Card]]
    home: Array
    until: int
    unsettled: int

    @property
    def columns(self) -> Columns:
        return self.rows.columns

    @property
    def present(self) -> Array:
        """Whether a fact of each account is there."""
        found: Array = np.diff(self.groups) > 0
        return found

    def ends(self, first: int = 0, last: int | None = None) -> Array:
        """The instant to which each is advanced, from `first` to before `last`."""
        return np.where(np.diff(self.groups[first : None if last is None else last + 1]) > 0, self.until, 0)


@dataclass(frozen=True, slots=True)
class Decided(Ready):
    """Accounts under a programme. `entries.member` are places in `names`, `entries.cause` rows; `tier`, `stage`: registry numbers, -1 for none."""

    entries: Entries
    tier: Array
    stage: Array


class Bench:
    """Folds under one programme, in a workspace of its own, or in that of an engine `beside` which does nothing meanwhile."""

    def __init__(self, judge: Judge, beside: Engine | None = None) -> None:
        self.judge = judge
        self.engine = Engine(judge.compiled) if beside is None else beside.under(judge.compiled)
        self.lateness = Lateness(judge.compiled)
        self.spendable = spendable_wallets(judge.compiled)

    def ready(self, logs: Logs, span: Span) -> Ready:
        """The facts of the logs that stand in the span, with the decisions given on them. Raises BacktestError SECTION_FULL."""
        log, names, left_out, unsettled = logs.log, logs.names, self.judge.leaves_out, 0
        if logs.kin:
            log = without(log, left_out)
            try:
                log, unsettled = logs_anew(self.engine, self.lateness, names, log, span.until)
                log = bare(log)
            except BoundError as error:
                raise self._full(error, b"") from None
        rows = effective(log, self.lateness) if logs.kin else logs.ordered(self.judge.compiled)
        rows = without(rows, left_out)
        if logs.last >= span.before:
            kept = np.flatnonzero(standing(self.lateness, rows.columns, rows.member) < span.before)
            rows = rows if len(kept) == len(rows.member) else take_facts(rows, kept)
        groups = np.searchsorted(rows.member, np.arange(len(names) + 1)).astype(np.int64)
        home = self._homes(names, log, span) if logs.kin else np.arange(len(names))
        beside = given(rows, np.arange(len(rows.member)), groups) if rows.sent else []
        rows = replace(rows, columns=Columns(*map(frozen, rows.columns)))  # once for all bites of it
        return Ready(names, rows, frozen(groups), beside, home, span.until, unsettled)

    def decide(self, logs: Logs, span: Span) -> Decided:
        """Folds them, and keeps the entries. Raises BacktestError SECTION_FULL."""
        r = self.ready(logs, span)
        try:
            folded = self.part(r, 0, len(r.names))
        except BoundError as error:
            if error.code != "SECTION_FULL":
                raise
            folded = self.long(r)
        return Decided(r.names, r.rows, r.groups, r.given, r.home, r.until, r.unsettled, folded.entries, folded.tier, folded.stage)

    def part(self, r: Ready, first: int, last: int, places: Array | None = None, adding: Adding | None = None) -> Folded:
        """Folds the accounts from `first` to before `last`; entries that are added up are not kept. `places`: the numbers of all rows, where they
        are at hand. Raises BoundError.
        """
        return self.engine.fold(
            r.columns, r.groups[first : last + 1], rows=places, until_of=r.ends(first, last),
            keep_states=False, keep_cards=False, keep_entries=adding is None,
            cards=[(group - first, card.data) for group, card in r.given if first <= group < last],
            each=None if adding is None else lambda entries: adding.add(entries, first),
        )  # fmt: skip

    def long(self, r: Ready) -> Folded:
        """Folds histories that are longer than one fold has room for. Raises BacktestError SECTION_FULL."""
        try:
            return fold_from_the_first(self.engine, r.columns, r.groups, r.ends(), given=r.given)
        except BoundError as error:
            raise self._full(error, r.names[error.group] if len(r.names) == 1 else b"") from None

    def _full(self, error: BoundError, name: bytes) -> BacktestError:
        return BacktestError("SECTION_FULL", f"under {self.judge.name} a member has no room for {error}", name.decode())

    def _homes(self, names: list[bytes], log: Segments, span: Span) -> Array:
        """The place of the account that each has become by what stands before the end, itself where there is none."""
        whole = effective(log, self.lateness, given_up=True)
        stand = standing(self.lateness, whole.columns, whole.member)
        bounds = np.searchsorted(whole.member, np.arange(len(names) + 1)).tolist()
        courses = []
        for a, b in pairwise(bounds):
            own = np.arange(a, b)
            held = bool((whole.came[own] & Came.HELD).any())  # what is kept under a receipt is the claimer's from the first
            courses.append(course(whole.columns, whole.came, own if held else own[stand[own] < span.before], whole.sent, self.lateness))
        place, abouts = {name: k for k, name in enumerate(names)}, split(whole.abouts)
        homes = np.arange(len(names))
        for k in range(len(names)):
            behind, here = b"", k
            for _ in names:
                row = courses[here].led.get(behind, courses[here].leads)
                if row < 0 or abouts[row] not in place:
                    break
                behind, here = names[here], place[abouts[row]]
            homes[k] = here
        return homes


def together(
    benches: Sequence[Bench], logs: Logs, span: Span, months: Array, wanted: Container[bytes] | None = None
) -> list[tuple[Ready, Figures]]:  # fmt: skip
    """Some accounts under several programmes: what was folded, and the figures of it, a programme each. Raises BacktestError SECTION_FULL.

    `wanted`: of accounts that had to be folded together the persons that are asked for (None: all).
    """
    ready = [bench.ready(logs, span) for bench in benches]
    homes = [_wanted(r, wanted) for r in ready]
    sums = [Adding(home, bench.spendable, months) for home, bench in zip(homes, benches, strict=True)]
    ends = [np.empty((2, len(logs.names)), np.int64) for _ in benches]
    long: set[int] = set()
    places = frozen(np.arange(max(len(r.rows.member) for r in ready)))
    for first, last in _bites(ready[0]):
        for k, (bench, r, adding) in enumerate(zip(benches, ready, sums, strict=True)):
            try:
                folded = bench.part(r, first, last, places[: len(r.rows.member)], adding)
            except BoundError as error:
                if error.code != "SECTION_FULL":
                    raise
                long.add(k)
            else:
                ends[k][:, first:last] = folded.tier, folded.stage
    for k in sorted(long):
        folded = benches[k].long(ready[k])
        sums[k].begin()
        sums[k].add(folded.entries)
        ends[k][:] = folded.tier, folded.stage
    return [
        (r, adding.figures(logs.ids, r.present & (home == np.arange(len(home))), *end))
        for r, home, adding, end in zip(ready, homes, sums, ends, strict=True)
    ]


def only(found: Decided, wanted: Container[bytes] | None) -> Decided:
    """Of accounts that had to be folded together the persons that are asked for, where not all are."""
    mine = _wanted(found, wanted) >= 0
    return found if mine.all() else replace(found, entries=found.entries[mine[found.entries["member"]]])


def _wanted(r: Ready, wanted: Container[bytes] | None) -> Array:
    """Where each account counts: -1 where it is not that of a person who is asked for."""
    if wanted is None:
        return r.home
    kept = np.zeros(len(r.names), bool)
    kept[r.home[[k for k, name in enumerate(r.names) if name in wanted]]] = True
    return np.where(kept[r.home], r.home, -1)


def _bites(r: Ready) -> Iterator[tuple[int, int]]:
    """Neighbouring accounts whose facts are folded under one programme after the other."""
    first, n = 0, len(r.names)
    while first < n:
        last = max(first + 1, int(np.searchsorted(r.groups, r.groups[first] + FACTS_AT_ONCE, side="right")) - 1)
        yield first, min(last, n)
        first = last
