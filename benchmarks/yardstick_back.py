"""What the second yardstick keeps of orders and redemptions, and what becomes of points that are taken: by returns, and by redemptions."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from benchmarks.yardstick import SETTINGS, after, write
from loyalty_streams.core.codes import DAY, Bucket, EntryKind, Reason

REFUSED, CLAWED_BACK, REDEEMED = int(EntryKind.REFUSED), int(EntryKind.CLAWED_BACK), int(EntryKind.REDEEMED)
DEBT = int(Bucket.DEBT)
UNKNOWN_ORDER, TOO_LATE, OVER_RETURN = int(Reason.UNKNOWN_ORDER), int(Reason.TOO_LATE), int(Reason.OVER_RETURN)
IN_DEBT, BELOW_MINIMUM, INSUFFICIENT = int(Reason.IN_DEBT), int(Reason.BELOW_MINIMUM), int(Reason.INSUFFICIENT)
WITHIN = 90 * DAY
BOUND, LINES_BOUND, LINES_AN_ORDER = 1 << 14, 1 << 17, 1 << 10


def rows(names: str) -> Any:
    return np.dtype((np.record, np.dtype([(name, np.int64) for name in names.split()], align=True)))


Desk = np.dtype(
    (np.record, np.dtype([
        ("orders", "i8"), ("lines", "i8"), ("redemptions", "i8"), ("taken", "i8"),
        ("lot", rows("expires earned source points"), (BOUND,)), ("mark", rows("leaves at spend"), (BOUND,)),
        ("order", rows("ref at amount points points_back money_back lo hi"), (BOUND,)),
        ("line", rows("no qty amount qty_back amount_back"), (LINES_BOUND,)),
        ("redemption", rows("ref at points lo hi"), (BOUND,)), ("part", rows("source points earned expires"), (BOUND,)),
        ("share", "i8", (LINES_AN_ORDER,)), ("rest", "i8", (LINES_AN_ORDER,)),
    ], align=True))
)  # fmt: skip
"""Tables of one member, each with the number of its rows in use."""


@njit(inline="always", **SETTINGS)  # type: ignore[untyped-decorator]
def insert_lot(d: Any, first: Any, last: Any, expires: Any, earned: Any, source: Any, points: Any) -> Any:
    """A new lot at its place in the order of consumption, which mostly is the end. -> the queue's ends"""
    if last == BOUND:
        for k in range(first, last):
            d.lot[k - first] = d.lot[k]
        first, last = 0, last - first
    i = last
    while i > first and after(d.lot[i - 1], expires, earned, source):
        d.lot[i] = d.lot[i - 1]
        i -= 1
    lot = d.lot[i]
    lot.expires, lot.earned, lot.source, lot.points = expires, earned, source, points
    return first, last + 1


@njit(inline="always", **SETTINGS)  # type: ignore[untyped-decorator]
def keep_order(d: Any, c: Any, i: Any, points: Any) -> Any:
    """An order with its lines and points, for its returns. -> whether there was room"""
    lo, hi = c.line_at[i], c.line_at[i + 1]
    if d.orders == BOUND or d.lines + hi - lo > LINES_BOUND or hi - lo > LINES_AN_ORDER:
        return False
    o = d.order[d.orders]
    d.orders += 1
    o.ref, o.at, o.amount, o.points, o.points_back, o.money_back = c.ref[i], c.at[i], c.amount[i], points, 0, 0
    o.lo, o.hi = d.lines, d.lines + hi - lo
    for k in range(lo, hi):
        x = d.line[d.lines]
        d.lines += 1
        x.no, x.qty, x.amount, x.qty_back, x.amount_back = c.line_no[k], c.line_qty[k], c.line_amount[k], 0, 0
    return True


@njit(**SETTINGS)  # type: ignore[untyped-decorator]
def refuse(e: Any, at: Any, booked: Any, member: Any, seq: Any, cause: Any, tier: Any, about: Any, why: Any, basis: Any, desired: Any) -> None:
    write(e, REFUSED, at, booked, member, seq, cause, tier)
    e.ref, e.reason, e.basis, e.desired = about, why, basis, desired


@njit(**SETTINGS)  # type: ignore[untyped-decorator]
def find_order(d: Any, ref: Any) -> Any:
    for i in range(d.orders - 1, -1, -1):
        if d.order[i].ref == ref:
            return i
    return -1


@njit(**SETTINGS)  # type: ignore[untyped-decorator]
def bring_back(d: Any, c: Any, i: Any, out: Any, n: Any, g: Any, seq: Any, tier: Any, first: Any, last: Any, first_mark: Any, last_mark: Any) -> Any:
    """A return by line. -> (entries, money that leaves the window, points gone from the balance, new debt, 1 where the order is now all back)"""
    at, booked, about, begun = c.at[i], c.arrived[i], c.about[i], n
    k = find_order(d, about)
    if k < 0 or at > d.order[k].at + WITHIN:
        why, basis = (UNKNOWN_ORDER, 0) if k < 0 else (TOO_LATE, d.order[k].at)
        refuse(out[n], at, booked, g, seq + 1, i, tier, about, why, basis, 0)
        return n + 1, 0, 0, 0, 0
    o = d.order[k]
    before = o.money_back
    was_whole = is_whole(d, o)
    for j in range(c.line_at[i], c.line_at[i + 1]):
        no, wanted = c.line_no[j], c.line_qty[j]
        found = o.lo
        while found < o.hi and d.line[found].no != no:
            found += 1
        qty = min(wanted, d.line[found].qty - d.line[found].qty_back) if found < o.hi else 0
        if wanted > qty or found == o.hi:
            refuse(out[n], at, booked, g, seq + 1 + n - begun, i, tier, about, OVER_RETURN, no, wanted - qty)
            n += 1
        if found < o.hi and (qty > 0 or wanted == 0):
            x = d.line[found]
            money = min(c.line_amount[j], x.amount - x.amount_back, o.amount - o.money_back)
            x.qty_back += qty
            x.amount_back += money
            o.money_back += money
    whole = is_whole(d, o)
    back = (o.points if whole else points_of_lines(d, o)) - o.points_back
    gone = owed = 0
    if back > 0:
        o.points_back += back
        n, left = take_back(d, c, i, out, n, g, seq + n - begun, tier, first, last, back, o.ref)
        gone = back - left
        if left > 0:
            e = out[n]
            n += 1
            write(e, CLAWED_BACK, at, booked, g, seq + n - begun, i, tier)
            e.bucket, e.points, e.ref, e.rule = DEBT, left, o.ref, 0
            owed = left
    money = lower(d, first_mark, last_mark, o.at, o.money_back - before)
    return n, money, gone, owed, 1 if whole and not was_whole else 0


@njit(**SETTINGS)  # type: ignore[untyped-decorator]
def is_whole(d: Any, o: Any) -> Any:
    """Whether all of an order's money, or all of its units, are back."""
    if o.amount > 0 and o.money_back >= o.amount:
        return True
    units, missing = 0, 0
    for k in range(o.lo, o.hi):
        units += d.line[k].qty
        missing += d.line[k].qty - d.line[k].qty_back
    return units > 0 and missing == 0


@njit(**SETTINGS)  # type: ignore[untyped-decorator]
def points_of_lines(d: Any, o: Any) -> Any:
    """The points of what is back by now: spread over the lines by largest remainder, ties to the lowest; of a line by the units back."""
    total = left = 0
    for k in range(o.lo, o.hi):
        total += d.line[k].amount
    if total <= 0:
        return 0
    left = o.points
    for k in range(o.hi - o.lo):
        product = d.line[o.lo + k].amount * o.points
        d.share[k] = product // total
        d.rest[k] = product - d.share[k] * total
        left -= d.share[k]
    for _ in range(left):
        best = 0
        for k in range(1, o.hi - o.lo):
            if d.rest[k] > d.rest[best]:
                best = k
        d.share[best] += 1
        d.rest[best] = -1
    back = 0
    for k in range(o.hi - o.lo):
        x = d.line[o.lo + k]
        if x.qty_back > 0:
            back += d.share[k] * x.qty_back // x.qty
    return back


@njit(**SETTINGS)  # type: ignore[untyped-decorator]
def take_back(d: Any, c: Any, i: Any, out: Any, n: Any, g: Any, seq: Any, tier: Any, first: Any, last: Any, points: Any, ref: Any) -> Any:
    """Takes from the order's own lot, then from the others in order of consumption, an entry a lot. -> (entries, points that no lot covered)"""
    at, booked = c.at[i], c.arrived[i]
    for own in range(1, -1, -1):
        k = first
        while points > 0 and k < last:
            lot = d.lot[k]
            if lot.points > 0 and (own == 0 or lot.source == ref):
                part = min(lot.points, points)
                points -= part
                lot.points -= part
                e = out[n]
                n, seq = n + 1, seq + 1
                write(e, CLAWED_BACK, at, booked, g, seq, i, tier)
                e.points, e.lot, e.ref, e.rule = -part, lot.source, ref, 0
            k += 1
    return n, points


@njit(**SETTINGS)  # type: ignore[untyped-decorator]
def lower(d: Any, lo: Any, hi: Any, at: Any, money: Any) -> Any:
    """Takes money out of the purchase of an instant, found by halving. -> the money, 0 where the purchase has left the window"""
    end = hi
    while lo < hi:
        mid = (lo + hi) // 2
        if d.mark[mid].at < at:
            lo = mid + 1
        else:
            hi = mid
    if lo == end or d.mark[lo].at != at:
        return 0
    d.mark[lo].spend -= money
    return money


@njit(**SETTINGS)  # type: ignore[untyped-decorator]
def spend_points(d: Any, c: Any, i: Any, out: Any, n: Any, g: Any, seq: Any, tier: Any, first: Any, last: Any, available: Any, debt: Any) -> Any:
    """A redemption, with what its cancellation would give back. -> (entries, points spent)"""
    at, booked, about, points = c.at[i], c.arrived[i], c.about[i], c.points[i]
    why = IN_DEBT if debt > 0 else BELOW_MINIMUM if points <= 0 else INSUFFICIENT if points > available else 0
    if why:
        refuse(out[n], at, booked, g, seq + 1, i, tier, about, why, available, points)
        return n + 1, 0
    for k in range(d.redemptions):  # a newer one of the same name stands
        if d.redemption[k].ref == about:
            d.redemption[k].ref = 0
    r = d.redemption[d.redemptions]
    d.redemptions += 1
    r.ref, r.at, r.points, r.lo = about, at, points, d.taken
    left, k = points, first
    while left > 0:
        lot = d.lot[k]
        if lot.points > 0:
            part = min(lot.points, left)
            left -= part
            lot.points -= part
            e = out[n]
            n, seq = n + 1, seq + 1
            write(e, REDEEMED, at, booked, g, seq, i, tier)
            e.points, e.lot, e.ref = -part, lot.source, about
            x = d.part[d.taken]
            d.taken += 1
            x.source, x.points, x.earned, x.expires = lot.source, part, lot.earned, lot.expires
        k += 1
    r.hi = d.taken
    return n, points
