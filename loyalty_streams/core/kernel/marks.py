"""What tiers are measured by: sums of spend, orders or points inside a window, one slot a metric."""

from __future__ import annotations

from loyalty_streams.core.codes import NEVER
from loyalty_streams.core.kernel.calendar import leaves_window, period_end, period_start
from loyalty_streams.core.kernel.jit import kernel, leaf
from loyalty_streams.core.kernel.records import (
    M_BALANCE, M_LIFETIME, M_ORDERS, M_SPEND, M_WALLET, MARKS0, NO_FILTER, PASS, W_CALENDAR, W_ROLLING, W_SINCE_TIER,
)
from loyalty_streams.core.kernel.rows import judge


@kernel
def add_mark(w, p, m, at, amount):
    count(w, p, m, at, amount)


@leaf
def count(w, p, m, at, amount):
    """Counts an amount at the present instant. Rows of one instant are one row."""
    metric, gauge = p.metrics[m], w.gauges[m]
    if metric.kind >= M_LIFETIME or amount == 0:
        return
    if at != w.head.clock:
        add_late_mark(w, p, m, at, amount)
        return
    gauge.since += amount
    gauge.total += amount
    if amount < 0:
        w.head.refunded, w.head.rise = 1, -1
    if metric.window != W_ROLLING and metric.window != W_CALENDAR:
        return
    s = w.span[MARKS0 + m]
    if s.hi > s.lo and (w.marks[m, s.hi - 1].at == at or s.hi == w.marks.shape[1]):
        w.marks[m, s.hi - 1].amount += amount
        w.head.spared_rung = 0
        return
    if m == p.settings.shown_metric:
        w.head.spare += amount
    row = w.marks[m, s.hi]
    s.hi += 1
    row.at, row.amount = at, amount
    row.leaves_at = leaves_window(p, w.fact, at, metric.months) if metric.window == W_ROLLING else period_end(p, at, metric.period)


@kernel
def leaving(w, p, m, at):
    """When what counts at an instant leaves the window of a metric: NEVER where it has no such window."""
    metric = p.metrics[m]
    if metric.window == W_ROLLING:
        return leaves_window(p, w.fact, at, metric.months)
    return period_end(p, at, metric.period) if metric.window == W_CALENDAR else NEVER


@kernel
def counts(w, p, m, at):
    """Whether what counts at an instant is inside the window of a metric now."""
    if p.metrics[m].window == W_SINCE_TIER:
        return at == w.head.clock or at > w.head.tier_at
    return at == w.head.clock or leaving(w, p, m, at) > w.head.clock


@kernel
def add_late_mark(w, p, m, at, amount):
    """Counts an amount that came too late (S51) in its place among the rows, where that instant is still inside the window."""
    if not counts(w, p, m, at):
        return
    gauge = w.gauges[m]
    gauge.since += amount
    gauge.total += amount
    w.head.spared_rung = 0
    if amount < 0:
        w.head.refunded, w.head.rise = 1, -1
    if p.metrics[m].window == W_ROLLING or p.metrics[m].window == W_CALENDAR:
        put_mark(w, m, at, leaving(w, p, m, at), amount)


@kernel
def put_mark(w, m, at, leaves_at, amount):
    """Puts an amount in its place in the queue of a window: in order of instant, and so of leaving; equal instants are one row."""
    s = w.span[MARKS0 + m]
    i = s.hi
    while i > s.lo and w.marks[m, i - 1].at > at:
        i -= 1
    if s.hi == w.marks.shape[1] or (i > s.lo and w.marks[m, i - 1].at == at):
        w.marks[m, max(i - 1, s.lo)].amount += amount
        return
    s.hi += 1
    for k in range(s.hi - 1, i, -1):
        w.marks[m, k] = w.marks[m, k - 1]
    row = w.marks[m, i]
    row.at, row.leaves_at, row.amount = at, leaves_at, amount


@leaf
def mark_wallet(w, p, wallet, at, points):
    """Points that become available in a wallet by a rule count in the metrics of that wallet (T024)."""
    for m in range(p.n.metrics):
        if p.metrics[m].kind == M_WALLET and p.metrics[m].wallet == wallet:
            add_mark(w, p, m, at, points)


@leaf
def mark_order(w, p, at, spend):
    for m in range(p.n.metrics):
        kind = p.metrics[m].kind
        if kind == M_SPEND or kind == M_ORDERS:
            count(w, p, m, at, spend if kind == M_SPEND else 1)


@kernel
def lower_mark(w, p, m, at, amount, seq):
    """Takes an amount out of the row of an earlier instant, when it is still inside the window (a linked return).

    `seq`: the member's running number just after it was counted, which says whether the tier changed since at that very instant; -1 where only
    the instant is known.
    """
    metric, gauge, s = p.metrics[m], w.gauges[m], w.span[MARKS0 + m]
    w.head.spared_rung = 0
    if metric.kind >= M_LIFETIME:
        return
    if at > w.head.tier_at or (at == w.head.tier_at and seq >= w.head.tier_seq):
        gauge.since -= amount
    if metric.window != W_ROLLING and metric.window != W_CALENDAR:
        gauge.total -= amount
        return
    lo, hi = s.lo, s.hi
    while lo < hi:
        mid = (lo + hi) // 2
        if w.marks[m, mid].at < at:
            lo = mid + 1
        else:
            hi = mid
    if lo < s.hi and w.marks[m, lo].at == at:
        w.marks[m, lo].amount -= amount
        gauge.total -= amount


@kernel
def lower_wallet(w, p, wallet, at, points, seq):
    """Points taken back leave the metrics of their wallet at the instant at which they counted (S41)."""
    for m in range(p.n.metrics):
        if p.metrics[m].kind == M_WALLET and p.metrics[m].wallet == wallet:
            lower_mark(w, p, m, at, points, seq)


@leaf
def leave_marks(w, p, at):
    """Rows whose time in the window is over."""
    for m in range(p.n.metrics):
        s = w.span[MARKS0 + m]
        while s.lo < s.hi and w.marks[m, s.lo].leaves_at <= at:
            w.gauges[m].total -= w.marks[m, s.lo].amount
            s.lo += 1


@kernel
def note_ended(w, p, at):
    """Before a check at the end of a calendar period: what its metrics came to in the period that ends (T097, T111)."""
    for m in range(p.n.metrics):
        e, s = w.ended[m], w.span[MARKS0 + m]
        e.judged = 0
        if p.metrics[m].judged and p.metrics[m].window == W_CALENDAR and period_start(p, at, p.metrics[m].period) == at:
            e.value, e.judged, i = w.gauges[m].total, 1, s.lo
            while i < s.hi and w.marks[m, i].leaves_at < at:
                e.value -= w.marks[m, i].amount
                i += 1


@leaf
def first_leaving(w, p):
    """The next instant at which a row leaves a window that the tier is judged by."""
    due = NEVER
    for m in range(p.n.metrics):
        s = w.span[MARKS0 + m]
        i = s.lo if p.metrics[m].judged else s.hi
        while i < s.hi and w.marks[m, i].amount == 0:
            i += 1
        if i < s.hi:
            due = min(due, w.marks[m, i].leaves_at)
    return due


@kernel
def first_refund(w, p):
    """The next instant at which money or points given back without an order leave a window that the tier is judged by."""
    due = NEVER
    w.head.refunded = 0
    for m in range(p.n.metrics):
        s = w.span[MARKS0 + m]
        i = s.lo
        while i < s.hi and w.marks[m, i].amount >= 0:
            i += 1
        if i < s.hi:
            w.head.refunded = 1
            due = min(due, w.marks[m, i].leaves_at if p.metrics[m].judged else NEVER)
    return due


@leaf
def measure(w, p, m):
    """The present value of a metric: minor units, orders or points."""
    metric = p.metrics[m]
    if metric.kind == M_LIFETIME:
        return w.head.lifetime_spend
    if metric.kind == M_BALANCE:
        return w.wallets[metric.wallet].available
    if metric.window == W_ROLLING or metric.window == W_CALENDAR:
        return w.gauges[m].total
    return w.gauges[m].since


@leaf
def measure_at(w, p, m, at):
    """The value that a check at a later instant would find if nothing happened until then (T108, T109): a calendar period counts to its end."""
    value, s = measure(w, p, m), w.span[MARKS0 + m]
    i, last = s.lo, at - 1 if p.metrics[m].window == W_CALENDAR else at
    while i < s.hi and w.marks[m, i].leaves_at <= last:
        value -= w.marks[m, i].amount
        i += 1
    return value


@leaf
def tier_spend(w, p):
    """The part of the order that counts for tiers: without the lines that the tiers exclude (T105)."""
    return w.fact.amount if p.settings.tier_exclude == NO_FILTER else spend_inside(w, p)


@kernel
def spend_inside(w, p):
    out = 0
    for k in range(w.fact.lines):
        if judge(w, p, p.settings.tier_exclude, k) == PASS:
            out += w.basket[k].amount
    return w.fact.amount - out
