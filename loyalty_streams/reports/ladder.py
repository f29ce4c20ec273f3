"""Where a member stands on the ladder: metric, next threshold, and the tier that will be held if nothing more happens (T109)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from typing import Any

from loyalty_streams.core.codes import NEVER
from loyalty_streams.core.kernel.records import (
    IN,
    M_BALANCE,
    M_LIFETIME,
    M_ORDERS,
    M_SPEND,
    NOT_IN,
    NOT_RANGE,
    NOT_TAGGED,
    PASS,
    RANGE,
    TAGGED,
    W_CALENDAR,
    W_ROLLING,
    Head,
    word_of,
)
from loyalty_streams.core.programme import Compiled
from loyalty_streams.core.state import MemberState

NO_NEED = 1 << 62
KINDS = {M_SPEND: "spend", M_ORDERS: "orders", M_LIFETIME: "lifetime_spend", M_BALANCE: "balance"}
HEAD_FIELDS = {word_of("head", name): name for name in Head.names or ()}


@dataclass(frozen=True, slots=True)
class Rung:
    """A tier and what it needs of each judged metric; NO_NEED where it asks for nothing that can be met."""

    tier: int
    needs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Measure:
    """One metric that judges: `kind` is spend, orders, lifetime_spend, balance, or the name of a wallet; spend is in minor units."""

    kind: str
    value: int
    is_money: bool


@dataclass(frozen=True, slots=True)
class Projection:
    """The tier at a later instant if nothing more happens; `missing` of the first metric would keep the present one."""

    at: int
    tier: int
    missing: int


@dataclass(frozen=True, slots=True)
class Standing:
    """`position` is the rung of the present tier, -1 for none; `missing` what the first metric lacks for the next rung."""

    rungs: tuple[Rung, ...]
    position: int
    measures: tuple[Measure, ...]
    next_rung: Rung | None
    missing: int
    projection: Projection | None


def standing(state: MemberState, compiled: Compiled, version: int, now: int) -> Standing | None:
    """Where a member stands under a version; None where it has no tiers."""
    terms = _terms(_Same(compiled), version)
    if terms is None:
        return None
    rungs = _rungs(state, terms)
    tracks = tuple(_Track.of(state, gauge, now) for gauge in terms.gauges)
    position = next((k for k, r in enumerate(rungs) if r.tier == state.tier), -1)
    values = [track.at(now) for track in tracks]
    measures = tuple(Measure(g.name, value, g.is_money) for g, value in zip(terms.gauges, values, strict=True))
    following = rungs[position + 1] if 0 <= position < len(rungs) - 1 else None
    missing = max(0, following.needs[0] - values[0]) if following else 0
    return Standing(rungs, position, measures, following, missing, _projection(state, tracks, rungs, position, terms.at_least, now))


class _Same:
    """A programme as a key: the same object, not an equal one."""

    def __init__(self, compiled: Compiled) -> None:
        self.compiled = compiled

    def __hash__(self) -> int:
        return id(self.compiled)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.compiled is self.compiled


@dataclass(frozen=True, slots=True)
class _Gauge:
    """A metric that judges: its slot, what it counts, and how it leaves."""

    slot: int
    kind: int
    wallet: int
    window: int
    name: str

    @property
    def is_money(self) -> bool:
        return self.kind in (M_SPEND, M_LIFETIME)


@dataclass(frozen=True, slots=True)
class _Terms:
    """What the tables of a version say of tiers, read once: of each ladder its first condition row and its rungs."""

    table: Any
    at_least: int
    gauges: tuple[_Gauge, ...]
    ladders: tuple[tuple[int, tuple[Rung, ...]], ...]


@lru_cache(maxsize=64)
def _terms(same: _Same, version: int) -> _Terms | None:
    compiled = same.compiled
    table = compiled.tables[version]
    if not int(table.settings.has_tiers) or not int(table.n.ladders):
        return None
    slots = [k for k in range(int(table.n.metrics)) if int(table.metrics[k].judged)]
    gauges = tuple(_gauge(compiled, table, k) for k in slots)
    ladders = []
    for k in range(int(table.n.ladders)):
        row = table.ladders[k]
        rungs = [table.rungs[j] for j in range(int(row.lo), int(row.hi))]
        needs = tuple(Rung(int(r.tier), tuple(int((r.need0, r.need1, r.need2, r.need3)[j]) for j in slots)) for r in rungs)
        ladders.append((int(row.condition), needs))
    return _Terms(table, int(table.settings.at_least), gauges, tuple(ladders))


def _gauge(compiled: Compiled, table: Any, slot: int) -> _Gauge:
    metric = table.metrics[slot]
    name = KINDS.get(int(metric.kind)) or compiled.names.wallets[int(metric.wallet)]
    return _Gauge(slot, int(metric.kind), int(metric.wallet), int(metric.window), name)


def _rungs(state: MemberState, terms: _Terms) -> tuple[Rung, ...]:
    """The first ladder whose condition the member meets; the last one has none (T114)."""
    for condition, rungs in terms.ladders[:-1]:
        if _holds(state, terms.table, condition):
            return rungs
    return terms.ladders[-1][1]


def _holds(state: MemberState, table: Any, row: int) -> bool:
    """Walks the condition rows of a ladder on the member's head and tags."""
    while row >= 0:
        c = table.conditions[row]
        row = int(c.then) if _row_holds(state, table, c) else int(c.orelse)
    return row == PASS


def _row_holds(state: MemberState, table: Any, c: Any) -> bool:
    op, lo, hi = int(c.op), int(c.lo), int(c.hi)
    values = {int(table.sets[k]) for k in range(lo, hi)} if op in (IN, NOT_IN, TAGGED, NOT_TAGGED) else set()
    if op in (TAGGED, NOT_TAGGED):
        return bool(values & set(state.tags)) == (op == TAGGED)
    actual = int(getattr(state, HEAD_FIELDS[int(c.at)])) if int(c.at) in HEAD_FIELDS else 0
    if op in (RANGE, NOT_RANGE):
        return (lo <= actual <= hi) == (op == RANGE)
    return (actual in values) == (op == IN)


@dataclass(frozen=True, slots=True)
class _Track:
    """A metric from now on if nothing more happens: `values[k]` from before `instants[k]`, the last one for ever."""

    instants: tuple[int, ...]
    values: tuple[int, ...]

    def at(self, instant: int) -> int:
        return self.values[bisect_right(self.instants, instant)]

    @classmethod
    def of(cls, state: MemberState, gauge: _Gauge, now: int) -> _Track:
        """Rows leave their window, pending lots of a balance mature, lots expire."""
        if gauge.kind == M_LIFETIME:
            return cls((), (state.lifetime_spend,))
        if gauge.kind == M_BALANCE:
            return cls.stepping(_balance(state, gauge.wallet), _balance_steps(state, gauge.wallet))
        if gauge.window in (W_ROLLING, W_CALENDAR):
            marks = state.marks[gauge.slot]
            return cls.stepping(sum(m.amount for m in marks), [(m.leaves_at, -m.amount) for m in marks])
        return cls((), (state.gauges[gauge.slot].since,))

    @classmethod
    def stepping(cls, start: int, steps: list[tuple[int, int]]) -> _Track:
        steps.sort()
        return cls(tuple(at for at, _ in steps), tuple(accumulate((change for _, change in steps), initial=start)))


def _balance(state: MemberState, wallet: int) -> int:
    return state.wallets[wallet].available if wallet in state.wallets else 0


def _balance_steps(state: MemberState, wallet: int) -> list[tuple[int, int]]:
    steps = []
    for lot in state.lots:
        if lot.wallet == wallet and lot.pending and lot.activates_at < lot.expires_at:
            steps.append((lot.activates_at, lot.remaining))
        if lot.wallet == wallet and (not lot.pending or lot.activates_at < lot.expires_at):
            steps.append((lot.expires_at, -lot.remaining))
    return steps


def _position(values: Sequence[int], rungs: Sequence[Rung], at_least: int) -> int:
    reached = [k for k, r in enumerate(rungs) if sum(v >= n for v, n in zip(values, r.needs, strict=True)) >= at_least]
    return max(reached, default=0)


def _projection(state: MemberState, tracks: Sequence[_Track], rungs: Sequence[Rung], position: int, at_least: int, now: int) -> Projection | None:
    """At the next check; of tiers judged all the time, at the first instant that would cost the present one."""
    if position <= 0:
        return None
    at = state.tier_until
    if at >= NEVER and len(tracks) == 1:
        need, track = rungs[position].needs[0], tracks[0]
        at = next((t for t, value in zip(track.instants, track.values[1:], strict=True) if now < t < NEVER and value < need), NEVER)
    elif at >= NEVER:
        later = sorted({t for track in tracks for t in track.instants if now < t < NEVER})
        at = next((t for t in later if _position([track.at(t) for track in tracks], rungs, at_least) < position), NEVER)
    if at >= NEVER:
        return None
    there = _position([track.at(at) for track in tracks], rungs, at_least)
    missing = max(0, rungs[position].needs[0] - tracks[0].at(at)) if there < position else 0
    return Projection(at, rungs[there].tier, missing)
