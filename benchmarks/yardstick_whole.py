"""The second yardstick: the whole of the smallest programme, hard-coded, with all that its facts may need later.

Beside orders it takes returns by line, with the points clawed back by largest remainder, redemptions, enrolments and interactions. For a member
who returns anything it keeps the orders with their lines and points, for a redemption the lots it took from, and of each member the account:
balance, debt, counters, tier, dates. It writes the very entries that the engine writes, which is checked before anything is timed.

What it cannot do, and the engine can: any other programme. It packs no state, like the engine as it is timed beside it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from benchmarks.yardstick import CENTS, ENTRIES, MONTHS, NEEDS, ROOM, SETTINGS, TIER_CHANGED, a_year_on, rung_of, write
from benchmarks.yardstick_back import BOUND, Desk, bring_back, insert_lot, keep_order, spend_points
from loyalty_streams.core.codes import ATTR, NEVER, Bucket, EntryKind, FactKind, Reason
from loyalty_streams.core.engine import Int64s
from loyalty_streams.core.entries import Entry
from loyalty_streams.core.facts import Columns

PROFILE, ORDER, RETURN, REDEEM = int(FactKind.PROFILE), int(FactKind.ORDER), int(FactKind.RETURN), int(FactKind.REDEEM)
EARNED, EXPIRED, DEBT_PAID = int(EntryKind.EARNED), int(EntryKind.EXPIRED), int(EntryKind.DEBT_PAID)
AVAILABLE, METRIC = int(Bucket.AVAILABLE), int(Reason.METRIC)
BIRTHDAY, ENROLLED_AT = ATTR["birthday"], ATTR["enrolled_at"]
Account = np.dtype(
    (np.record, [(name, "i8") for name in (
        "available", "debt", "issued", "redeemed", "expired", "clawed_back", "orders", "first_at", "last_at", "lifetime_spend", "spend", "tier",
        "tier_since", "enrolled_at", "birthday", "clock",
    )])
)  # fmt: skip


@njit(inline="always", **SETTINGS)  # type: ignore[untyped-decorator]
def change_tier(e: Any, at: Any, booked: Any, member: Any, seq: Any, cause: Any, rung: Any, found: Any, spend: Any, needs: Any) -> None:
    write(e, TIER_CHANGED, at, booked, member, seq, cause, rung)
    e.basis, e.desired, e.num, e.den, e.reason = spend, needs[found], rung, found, METRIC


@njit(inline="always", **SETTINGS)  # type: ignore[untyped-decorator]
def brings_back(kind: Any, lo: Any, hi: Any) -> Any:
    """Whether a member returns anything: of another no order need be kept, as all facts are at hand."""
    for i in range(lo, hi):
        if kind[i] == RETURN:
            return True
    return False


@njit(inline="always", **SETTINGS)  # type: ignore[untyped-decorator]
def know(a: Any, c: Any, i: Any) -> None:
    """What a profile says of its member."""
    for k in range(c.attr_at[i], c.attr_at[i + 1]):
        if c.attr_name[k] == BIRTHDAY:
            a.birthday = c.attr_value[k]
        elif c.attr_name[k] == ENROLLED_AT and a.enrolled_at == 0:
            a.enrolled_at = c.at[i]


@njit(**SETTINGS)  # type: ignore[untyped-decorator]
def fold(c: Any, groups: Any, start: Any, months: Any, needs: Any, desk: Any, accounts: Any, out: Any) -> Any:
    """Folds members from group `start` on until the entries fill their table to the mark. -> (the group to go on with, entries)"""
    n = 0
    d = desk[0]
    for g in range(start, groups.size - 1):
        first_lot = last_lot = first_mark = last_mark = spend = rung = seq = 0
        available = debt = issued = redeemed = expired = clawed = orders = first_at = lifetime = since = 0
        lo, hi = groups[g], groups[g + 1]
        keeps = brings_back(c.kind, lo, hi)
        d.orders, d.lines, d.redemptions, d.taken = 0, 0, 0, 0
        a = accounts[g]
        a.enrolled_at, a.birthday, a.last_at = 0, 0, 0
        for i in range(lo, hi):
            now, booked, kind = c.at[i], c.arrived[i], c.kind[i]
            while True:  # what happens by itself up to now, in order of its instant; the tier before the lots
                leaves = d.mark[first_mark].leaves if first_mark < last_mark else NEVER
                expires = d.lot[first_lot].expires if first_lot < last_lot else NEVER
                if leaves <= now and leaves <= expires:
                    while first_mark < last_mark and d.mark[first_mark].leaves == leaves:
                        spend -= d.mark[first_mark].spend
                        first_mark += 1
                    found = rung_of(needs, spend, rung)
                    if found != rung:
                        n, seq = n + 1, seq + 1
                        change_tier(out[n - 1], leaves, booked, g, seq, -1, rung, found, spend, needs)
                        rung, since = found, leaves
                elif expires <= now:
                    lot = d.lot[first_lot]
                    first_lot += 1
                    if lot.points > 0:
                        e = out[n]
                        n, seq = n + 1, seq + 1
                        write(e, EXPIRED, expires, booked, g, seq, -1, rung)
                        e.points, e.lot, e.ref = -lot.points, lot.source, lot.source
                        available -= lot.points
                        expired += lot.points
                else:
                    break
            if kind == ORDER:
                amount, ref = c.amount[i], c.ref[i]
                points = amount // CENTS
                later, leaves = a_year_on(months, now)
                if points > 0:
                    e = out[n]
                    n, seq = n + 1, seq + 1
                    write(e, EARNED, now, booked, g, seq, i, rung)
                    e.points, e.lot, e.ref, e.rule, e.basis, e.desired, e.num, e.den = points, ref, ref, 0, amount, points, 1, CENTS
                    issued += points
                    rest = points
                    if debt > 0:
                        paid = min(debt, points)
                        debt, rest = debt - paid, points - paid
                        e = out[n]
                        n, seq = n + 1, seq + 1
                        write(e, DEBT_PAID, now, booked, g, seq, i, rung)
                        e.points, e.lot, e.ref = -paid, ref, ref
                    available += rest
                    first_lot, last_lot = insert_lot(d, first_lot, last_lot, later, now, ref, rest)
                if keeps and not keep_order(d, c, i, points):
                    return -1 - g, n
                if last_mark == BOUND:
                    for k in range(first_mark, last_mark):
                        d.mark[k - first_mark] = d.mark[k]
                    first_mark, last_mark = 0, last_mark - first_mark
                mark = d.mark[last_mark]
                last_mark += 1
                mark.leaves, mark.at, mark.spend = leaves, now, amount
                spend += amount
                orders += 1
                lifetime += amount
                first_at = first_at if first_at else now
                a.last_at = now
                found = rung_of(needs, spend, rung)
                if found != rung:
                    n, seq = n + 1, seq + 1
                    change_tier(out[n - 1], now, booked, g, seq, i, rung, found, spend, needs)
                    rung, since = found, now
            elif kind == RETURN:
                before = n
                n, money, gone, owed, whole = bring_back(d, c, i, out, n, g, seq, rung, first_lot, last_lot, first_mark, last_mark)
                seq += n - before
                spend, lifetime, orders = spend - money, lifetime - money, orders - whole
                available, debt, clawed = available - gone, debt + owed, clawed + gone + owed
                found = rung_of(needs, spend, rung)
                if found != rung:
                    n, seq = n + 1, seq + 1
                    change_tier(out[n - 1], now, booked, g, seq, i, rung, found, spend, needs)
                    rung, since = found, now
            elif kind == REDEEM:
                before = n
                n, spent = spend_points(d, c, i, out, n, g, seq, rung, first_lot, last_lot, available, debt)
                seq += n - before
                available, redeemed = available - spent, redeemed + spent
            elif kind == PROFILE:
                know(a, c, i)
            a.clock = now
        a.available, a.debt, a.issued, a.redeemed, a.expired, a.clawed_back = available, debt, issued, redeemed, expired, clawed
        a.orders, a.first_at, a.lifetime_spend, a.spend, a.tier, a.tier_since = orders, first_at, lifetime, spend, rung, since
        if n > ENTRIES - ROOM:
            return g + 1, n
    return groups.size - 1, n


class WholeYardstick:
    """The hard-coded fold with its tables, ready to be timed."""

    def __init__(self) -> None:
        self._desk = np.zeros(1, Desk)
        self._out = np.zeros(ENTRIES, Entry)

    def run(self, columns: Columns, groups: Int64s, keep: list[Any] | None = None) -> np.ndarray[Any, Any]:
        """Folds everything, draining the entries as it goes (into `keep` where given). -> the accounts"""
        done, accounts = 0, np.empty(groups.size - 1, Account)
        while done < groups.size - 1:
            done, count = fold(columns, groups, done, MONTHS, NEEDS, self._desk, accounts, self._out)
            if done < 0:
                raise ValueError(f"member {-1 - done} has more orders than the yardstick keeps")
            if keep is not None:
                keep.append(self._out[:count].copy())
        return accounts
