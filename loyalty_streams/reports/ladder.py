"""Where a member stands on the ladder: metric, next threshold, and the tier that will be held if nothing more happens (T109)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
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
    table = compiled.tables[version]
    if not int(table.settings.has_tiers) or not int(table.n.ladders):
        return None
    slots = [k for k in range(int(table.n.metrics)) if int(table.metrics[k].judged)]
    rungs = _rungs(state, table, slots)
    at_least = int(table.settings.at_least)
    position = next((k for k, r in enumerate(rungs) if r.tier == state.tier), -1)
    measures = tuple(_measure(state, compiled, table, k, now) for k in slots)
    following = rungs[position + 1] if 0 <= position < len(rungs) - 1 else None
    missing = max(0, following.needs[0] - measures[0].value) if following else 0
    return Standing(
        rungs, position, measures, following, missing, _projection(state, table, slots, rungs, position, at_least, now)
    )


def _rungs(state: MemberState, table: Any, slots: Sequence[int]) -> tuple[Rung, ...]:
    """The first ladder whose condition the member meets; the last one has none (T114)."""
    last = int(table.n.ladders) - 1
    chosen = next((k for k in range(last) if _holds(state, table, int(table.ladders[k].condition))), last)
    ladder = table.ladders[chosen]
    rows = [table.rungs[k] for k in range(int(ladder.lo), int(ladder.hi))]
    return tuple(Rung(int(r.tier), tuple(int((r.need0, r.need1, r.need2, r.need3)[k]) for k in slots)) for r in rows)


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


def _measure(state: MemberState, compiled: Compiled, table: Any, slot: int, at: int) -> Measure:
    metric = table.metrics[slot]
    kind = int(metric.kind)
    name = KINDS.get(kind) or compiled.names.wallets[int(metric.wallet)]
    return Measure(name, value_at(state, table, slot, at), kind in (M_SPEND, M_LIFETIME))


def value_at(state: MemberState, table: Any, slot: int, at: int) -> int:
    """A metric at an instant, now or later, if nothing happens until then: rows leave their window, lots of a balance expire."""
    metric = table.metrics[slot]
    if int(metric.kind) == M_LIFETIME:
        return int(state.lifetime_spend)
    if int(metric.kind) == M_BALANCE:
        return _balance_at(state, int(metric.wallet), at)
    if int(metric.window) in (W_ROLLING, W_CALENDAR):
        return sum(mark.amount for mark in state.marks[slot] if mark.leaves_at > at)
    return int(state.gauges[slot].since)


def _balance_at(state: MemberState, wallet: int, at: int) -> int:
    held = state.wallets[wallet].available if wallet in state.wallets else 0
    lost = sum(x.remaining for x in state.lots if x.wallet == wallet and not x.pending and x.expires_at <= at)
    gained = sum(
        x.remaining for x in state.lots if x.wallet == wallet and x.pending and x.activates_at <= at < x.expires_at
    )
    return int(held - lost + gained)


def _position_at(
    state: MemberState, table: Any, slots: Sequence[int], rungs: Sequence[Rung], at_least: int, at: int
) -> int:
    values = [value_at(state, table, slot, at) for slot in slots]
    reached = [k for k, r in enumerate(rungs) if sum(v >= n for v, n in zip(values, r.needs, strict=True)) >= at_least]
    return max(reached, default=0)


def _projection(
    state: MemberState, table: Any, slots: Sequence[int], rungs: Sequence[Rung], position: int, at_least: int, now: int
) -> Projection | None:
    """At the next check; of tiers judged all the time, at the first instant that would cost the present one."""
    if position <= 0:
        return None
    if state.tier_until < NEVER:
        at = int(state.tier_until)
    else:
        changes = {m.leaves_at for slot in slots for m in state.marks[slot]} | {x.expires_at for x in state.lots}
        later = sorted(t for t in changes if now < t < NEVER)
        falls = (t for t in later if _position_at(state, table, slots, rungs, at_least, t) < position)
        at = next(falls, NEVER)
    if at >= NEVER:
        return None
    there = _position_at(state, table, slots, rungs, at_least, at)
    missing = max(0, rungs[position].needs[0] - value_at(state, table, slots[0], at))
    return Projection(
        at,
        rungs[min(there, position)].tier if there < position else rungs[there].tier,
        missing if there < position else 0,
    )
