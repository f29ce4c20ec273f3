"""What tiers are measured by: sums of spend, orders or points inside a window, one slot a metric."""

from __future__ import annotations

from loyalty_streams.core.codes import NEVER
from loyalty_streams.core.kernel.calendar import leaves_window, period_end
from loyalty_streams.core.kernel.jit import kernel, leaf
from loyalty_streams.core.kernel.records import (
    M_BALANCE, M_LIFETIME, M_ORDERS, M_SPEND, M_WALLET, MARKS0, W_CALENDAR, W_ROLLING,
)


@kernel
def add_mark(w, p, m, at, amount):
    """Counts an amount at the present instant. Rows of one instant are one row."""
    metric, gauge = p.metrics[m], w.gauges[m]
    if metric.kind >= M_LIFETIME or amount == 0:
        return
    gauge.since += amount
    gauge.total += amount
    if metric.window != W_ROLLING and metric.window != W_CALENDAR:
        return
    s = w.span[MARKS0 + m]
    if s.hi > s.lo and (w.marks[m, s.hi - 1].at == at or s.hi == w.marks.shape[1]):
        w.marks[m, s.hi - 1].amount += amount
        return
    row = w.marks[m, s.hi]
    s.hi += 1
    row.at, row.amount = at, amount
    row.leaves_at = leaves_window(p, at, metric.months) if metric.window == W_ROLLING else period_end(p, at, metric.period)


@leaf
def mark_wallet(w, p, wallet, at, points):
    """Points that become available in a wallet by a rule count in the metrics of that wallet (T024)."""
    for m in range(p.n.metrics):
        if p.metrics[m].kind == M_WALLET and p.metrics[m].wallet == wallet:
            add_mark(w, p, m, at, points)


@leaf
def mark_order(w, p, at, spend):
    for m in range(p.n.metrics):
        if p.metrics[m].kind == M_SPEND:
            add_mark(w, p, m, at, spend)
        elif p.metrics[m].kind == M_ORDERS:
            add_mark(w, p, m, at, 1)


@kernel
def lower_mark(w, p, m, at, amount):
    """Takes an amount out of the row of an earlier instant, when it is still inside the window (a linked return)."""
    metric, gauge, s = p.metrics[m], w.gauges[m], w.span[MARKS0 + m]
    if metric.kind >= M_LIFETIME:
        return
    if metric.window != W_ROLLING and metric.window != W_CALENDAR:
        gauge.total -= amount
        gauge.since -= amount if at >= w.head.tier_since else 0
        return
    if at >= w.head.tier_since:
        gauge.since -= amount
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
def lower_wallet(w, p, wallet, at, points):
    for m in range(p.n.metrics):
        if p.metrics[m].kind == M_WALLET and p.metrics[m].wallet == wallet:
            lower_mark(w, p, m, at, points)


@leaf
def leave_marks(w, p, at):
    """Rows whose time in the window is over."""
    for m in range(p.n.metrics):
        s = w.span[MARKS0 + m]
        while s.lo < s.hi and w.marks[m, s.lo].leaves_at <= at:
            w.gauges[m].total -= w.marks[m, s.lo].amount
            s.lo += 1


@leaf
def first_leaving(w, p):
    """The next instant at which a row leaves a window that the tier is judged by."""
    due = NEVER
    for m in range(p.n.metrics):
        s = w.span[MARKS0 + m]
        if p.metrics[m].judged and s.lo < s.hi:
            due = min(due, w.marks[m, s.lo].leaves_at)
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
    """The value that a metric would have at a later instant if nothing happened until then (T108, T109)."""
    value, s = measure(w, p, m), w.span[MARKS0 + m]
    i = s.lo
    while i < s.hi and w.marks[m, i].leaves_at <= at:
        value -= w.marks[m, i].amount
        i += 1
    return value
