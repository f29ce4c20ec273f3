"""The yardstick: a fold hard-coded for the smallest programme, as somebody would write it who has that one programme and orders alone.

One point a whole currency unit, lots of twelve months, tiers by the spend of twelve months at 200, 500 and 1,000, in UTC. It keeps what the
next order needs and writes the very entries that the engine writes, which is checked before anything is timed. It knows no returns,
redemptions, limits, pending points, versions or time zones, and packs no state.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from loyalty_streams.core.codes import DAY, NEVER, Bucket, EntryKind, Reason
from loyalty_streams.core.entries import Entry
from loyalty_streams.core.facts import Array
from loyalty_streams.core.kernel.records import Programme
from loyalty_streams.programme.zone import month_starts

EARNED, EXPIRED, TIER_CHANGED = int(EntryKind.EARNED), int(EntryKind.EXPIRED), int(EntryKind.TIER_CHANGED)
AVAILABLE, METRIC = int(Bucket.AVAILABLE), int(Reason.METRIC)
# As the kernel is compiled: nothing here owns memory, so no references are counted.
SETTINGS: dict[str, Any] = {"nogil": True, "error_model": "numpy", "_nrt": False}
CENTS = 100
NEEDS = np.array([0, 20_000, 50_000, 100_000], np.int64)
QUEUE = 1 << 15
ENTRIES = 1 << 19
ROOM = 1 << 16
Lot = np.dtype([("expires", "i8"), ("earned", "i8"), ("source", "i8"), ("points", "i8")], align=True)
Mark = np.dtype([("leaves", "i8"), ("spend", "i8")], align=True)
MONTHS = np.array(month_starts(Programme["month_start"].shape[0]), np.int64)


@njit(inline="always", **SETTINGS)  # type: ignore[untyped-decorator]
def a_year_on(months: Any, at: Any) -> Any:
    """(the same wall instant twelve months later, the first instant at which a purchase is outside a window of twelve months)"""
    day = at // DAY
    k = day * 4_800 // 146_097
    if months[k] > day:
        k -= 1
    elif months[k + 1] <= day:
        k += 1
    on = months[k + 12] + day - months[k]
    if on >= months[k + 13]:  # 29 February
        return (months[k + 13] - 1) * DAY + at - day * DAY, months[k + 13] * DAY
    later = on * DAY + at - day * DAY
    return later, later + 1


@njit(inline="always", **SETTINGS)  # type: ignore[untyped-decorator]
def rung_of(needs: Any, spend: Any, rung: Any) -> Any:
    while rung + 1 < needs.size and spend >= needs[rung + 1]:
        rung += 1
    while rung > 0 and spend < needs[rung]:
        rung -= 1
    return rung


@njit(inline="always", **SETTINGS)  # type: ignore[untyped-decorator]
def write(e: Any, kind: Any, at: Any, booked: Any, member: Any, seq: Any, cause: Any, tier: Any) -> None:
    e.kind, e.at, e.booked, e.member, e.seq, e.cause, e.tier = kind, at, booked, member, seq, cause, tier
    e.wallet, e.bucket, e.version, e.rule, e.reason = 0, AVAILABLE, 0, -1, 0
    e.points, e.lot, e.lot_n, e.ref, e.basis, e.desired, e.num, e.den = 0, 0, 0, 0, 0, 0, 0, 0


@njit(inline="always", **SETTINGS)  # type: ignore[untyped-decorator]
def after(lot: Any, expires: Any, earned: Any, source: Any) -> Any:
    """Whether a lot is consumed after one of these terms."""
    if lot.expires != expires:
        return lot.expires > expires
    return lot.earned > earned if lot.earned != earned else lot.source > source


@njit(**SETTINGS)  # type: ignore[untyped-decorator]
def fold(at: Any, amount: Any, ref: Any, groups: Any, start: Any, months: Any, needs: Any, lots: Any, marks: Any, out: Any) -> Any:
    """Folds members from group `start` on until the entries fill their table to the mark. -> (the group to go on with, entries)"""
    n = 0
    for g in range(start, groups.size - 1):
        first_lot = last_lot = first_mark = last_mark = spend = rung = seq = 0
        for i in range(groups[g], groups[g + 1]):
            now = at[i]
            while True:  # what happens by itself up to now, in order of its instant; the tier before the lots
                leaves = marks[first_mark].leaves if first_mark < last_mark else NEVER
                expires = lots[first_lot].expires if first_lot < last_lot else NEVER
                if leaves <= now and leaves <= expires:
                    while first_mark < last_mark and marks[first_mark].leaves == leaves:
                        spend -= marks[first_mark].spend
                        first_mark += 1
                    found = rung_of(needs, spend, rung)
                    if found != rung:
                        e = out[n]
                        n, seq = n + 1, seq + 1
                        write(e, TIER_CHANGED, leaves, now, g, seq, -1, rung)
                        e.basis, e.desired, e.num, e.den, e.reason = spend, needs[found], rung, found, METRIC
                        rung = found
                elif expires <= now:
                    lot = lots[first_lot]
                    e = out[n]
                    n, seq, first_lot = n + 1, seq + 1, first_lot + 1
                    write(e, EXPIRED, expires, now, g, seq, -1, rung)
                    e.points, e.lot, e.ref = -lot.points, lot.source, lot.source
                else:
                    break
            points = amount[i] // CENTS
            later, leaves = a_year_on(months, now)
            if points > 0:
                e = out[n]
                n, seq = n + 1, seq + 1
                write(e, EARNED, now, now, g, seq, i, rung)
                e.points, e.lot, e.ref, e.rule, e.basis, e.desired, e.num, e.den = points, ref[i], ref[i], 0, amount[i], points, 1, CENTS
                if last_lot == lots.size:
                    for k in range(first_lot, last_lot):
                        lots[k - first_lot] = lots[k]
                    first_lot, last_lot = 0, last_lot - first_lot
                k = last_lot  # the end, but for orders of one instant and those of the last days of February
                while k > first_lot and after(lots[k - 1], later, now, ref[i]):
                    lots[k] = lots[k - 1]
                    k -= 1
                lot = lots[k]
                last_lot += 1
                lot.expires, lot.earned, lot.source, lot.points = later, now, ref[i], points
            if last_mark == marks.size:
                for k in range(first_mark, last_mark):
                    marks[k - first_mark] = marks[k]
                first_mark, last_mark = 0, last_mark - first_mark
            mark = marks[last_mark]
            last_mark += 1
            mark.leaves, mark.spend = leaves, amount[i]
            spend += amount[i]
            found = rung_of(needs, spend, rung)
            if found != rung:
                e = out[n]
                n, seq = n + 1, seq + 1
                write(e, TIER_CHANGED, now, now, g, seq, i, rung)
                e.basis, e.desired, e.num, e.den, e.reason = spend, needs[found], rung, found, METRIC
                rung = found
        if n > ENTRIES - ROOM:
            return g + 1, n
    return groups.size - 1, n


class Yardstick:
    """The hard-coded fold with its queues, ready to be timed."""

    def __init__(self) -> None:
        self._lots, self._marks = np.zeros(QUEUE, Lot).view(np.recarray), np.zeros(QUEUE, Mark).view(np.recarray)
        self._out = np.zeros(ENTRIES, Entry)

    def run(self, at: Array, amount: Array, ref: Array, groups: Array, keep: list[Any] | None = None) -> int:
        """Folds everything, draining the entries as it goes (into `keep` where given). -> entries written"""
        done = total = 0
        while done < groups.size - 1:
            done, count = fold(at, amount, ref, groups, done, MONTHS, NEEDS, self._lots, self._marks, self._out)
            total += count
            if keep is not None:
                keep.append(self._out[:count].copy())
        return total
