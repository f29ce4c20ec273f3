"""Some accounts folded under one programme: their facts in order, the entries that it gives, and whose they are in the end."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from loyalty_streams.agents.courses import course
from loyalty_streams.agents.effective import effective, standing, take_facts
from loyalty_streams.agents.families import given
from loyalty_streams.agents.lateness import Lateness
from loyalty_streams.agents.long_fold import fold_from_the_first
from loyalty_streams.agents.rows import Came, Segments, split
from loyalty_streams.backtest.contenders import Contender
from loyalty_streams.backtest.errors import BacktestError
from loyalty_streams.backtest.families import bare, logs_anew
from loyalty_streams.backtest.source import Logs
from loyalty_streams.core.engine import BoundError, Engine, Folded
from loyalty_streams.core.entries import Entries
from loyalty_streams.core.facts import Array, Columns


@dataclass(frozen=True, slots=True)
class Span:
    """Facts that stand before `before`, and timers due at or before `until`; microseconds UTC."""

    before: int
    until: int


@dataclass(frozen=True, slots=True)
class Decided:
    """Accounts under a programme. `rows.member` are places in `names`, `entries.member` likewise; `entries.cause` are rows.

    `home[k]`: the place of the account that account k has become, k itself where it has become none. `present[k]`: whether a fact of it is there.
    `tier`, `stage`: registry numbers, -1 for none.
    """

    names: list[bytes]
    rows: Segments
    entries: Entries
    home: Array
    present: Array
    tier: Array
    stage: Array

    @property
    def columns(self) -> Columns:
        return self.rows.columns


class Bench:
    """Folds under one programme, in a workspace of its own, or in that of an engine `beside` which does nothing meanwhile."""

    def __init__(self, contender: Contender, beside: Engine | None = None) -> None:
        self.contender = contender
        self.engine = Engine(contender.compiled) if beside is None else beside.under(contender.compiled)
        self.lateness = Lateness(contender.compiled)

    def decide(self, logs: Logs, span: Span) -> Decided:
        """Folds all facts of the logs that stand in the span, with the decisions given on them. Raises BacktestError SECTION_FULL."""
        log = logs.log
        if logs.kin:
            try:
                log = bare(logs_anew(self.engine, self.lateness, logs.names, log, span.until))
            except BoundError as error:
                raise self._full(error, b"") from None
        rows = effective(log, self.lateness) if logs.kin else logs.ordered(self.contender.compiled)
        kept = np.flatnonzero(standing(self.lateness, rows.columns, rows.member) < span.before)
        rows = rows if len(kept) == len(rows.member) else take_facts(rows, kept)
        groups = np.searchsorted(rows.member, np.arange(len(logs.names) + 1)).astype(np.int64)
        folded = self._fold(rows, groups, span.until, logs.names)
        home = self._homes(logs.names, log, span) if logs.kin else np.arange(len(logs.names))
        return Decided(logs.names, rows, folded.entries, home, np.diff(groups) > 0, folded.tier, folded.stage)

    def _fold(self, rows: Segments, groups: Array, until: int, names: list[bytes]) -> Folded:
        columns, beside = rows.columns, given(rows, np.arange(len(rows.member)), groups)
        ends = np.where(np.diff(groups) > 0, until, 0)
        try:
            return self.engine.fold(
                columns, groups, until_of=ends, keep_states=False, keep_cards=False, cards=[(group, card.data) for group, card in beside]
            )
        except BoundError as error:
            if error.code != "SECTION_FULL":
                raise
        try:
            return fold_from_the_first(self.engine, columns, groups, ends, given=beside)
        except BoundError as error:
            raise self._full(error, names[error.group] if len(names) == 1 else b"") from None

    def _full(self, error: BoundError, name: bytes) -> BacktestError:
        return BacktestError("SECTION_FULL", f"under {self.contender.name} a member has no room for {error}", name.decode())

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
