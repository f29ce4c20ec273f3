"""What is paid once: for whom it was paid, who would be next, and when points that waited for an action became available."""

from __future__ import annotations

from loyalty_streams.core.codes import Reason
from loyalty_streams.core.kernel.jit import kernel
from loyalty_streams.core.kernel.records import MATURED_LOT, ONCE, PASS
from loyalty_streams.core.kernel.rows import judge, slot

CONDITION, ONCE_PAID = int(Reason.CONDITION), int(Reason.ONCE)
WAITING, MATURED_KEPT = 8, 64
TAKEN_BACK = -3  # a row that says: at a merge the payment of rule `year` for order `ref` was taken back (T141), so its return takes nothing


@kernel
def paid_once(w, rule, at_year):
    """Whether a once rule has been paid: ever, or in this calendar year."""
    s = w.span[ONCE]
    for i in range(s.lo, s.hi):
        x = w.once[i]
        if x.rule == rule.id and x.granted and (rule.once == 1 or x.year == at_year):
            return True
    return False


@kernel
def remember_once(w, rule, ref, source, granted):
    """A row for a once rule: the order that it was paid for (0: no order), or one that would be next. A yearly rule has a row a year.
    -> its place"""
    s = w.span[ONCE]
    k = -1
    if rule.once == 2:
        for i in range(s.lo, s.hi):
            if w.once[i].rule == rule.id and w.once[i].year == 1970 + w.fact.month // 12:
                k = i
    if k < 0:
        k = slot(w, ONCE, w.once.size)
    x = w.once[k]
    x.rule, x.ref, x.at, x.source, x.granted, x.year = rule.id, ref, w.fact.at, source, granted, 1970 + w.fact.month // 12
    x.points, x.n, x.wallet, x.also, x.also_n, x.moved, x.back = 0, 0, 0, -1, 0, 0, 0
    return k


@kernel
def note_back(w, ref, rule, points):
    """A return has taken back some of what a rule gave to an order."""
    s = w.span[ONCE]
    for i in range(s.lo, s.hi):
        if w.once[i].rule == rule and w.once[i].ref == ref and w.once[i].granted:
            w.once[i].back += points


@kernel
def taken_back(w, ref, rule):
    """Whether what a rule gave to an order has been taken back by a merge."""
    s = w.span[ONCE]
    for i in range(s.lo, s.hi):
        if w.once[i].rule == TAKEN_BACK and w.once[i].ref == ref and w.once[i].year == rule:
            return True
    return False


@kernel
def wait_in_line(w, p, rule, c, ref):
    """An order that only missed a once rule because it was not the first waits, in case the first is returned (T020, S17)."""
    h, s = w.head, w.span[ONCE]
    if c.reason == CONDITION:
        orders = h.orders
        h.orders = 0
        holds = judge(w, p, rule.condition, -1) == PASS
        h.orders = orders
        if not holds:
            return
    elif c.reason != ONCE_PAID:
        return
    waiting = 0
    for i in range(s.lo, s.hi):
        waiting += 1 if w.once[i].rule == rule.id and w.once[i].granted == 0 else 0
    if waiting < WAITING:
        remember_once(w, rule, ref, 0, 0)


@kernel
def drop_once(w, i):
    s = w.span[ONCE]
    for k in range(i, s.hi - 1):
        w.once[k] = w.once[k + 1]
    s.hi -= 1


@kernel
def remember_matured(w, source, n, wallet, at):
    """When an action made a lot available: no card knows it, and a return takes the points out of the metrics of that instant (S41)."""
    s, kept, oldest = w.span[ONCE], 0, -1
    for i in range(s.lo, s.hi):
        if w.once[i].rule == MATURED_LOT:
            kept += 1
            oldest = i if oldest < 0 else oldest
    if kept >= MATURED_KEPT:
        drop_once(w, oldest)
    x = w.once[slot(w, ONCE, w.once.size)]
    x.rule, x.ref, x.at, x.source, x.granted, x.year, x.points, x.n, x.wallet = MATURED_LOT, 0, at, source, 1, 0, 0, n, wallet
    x.also, x.also_n, x.moved, x.back = -1, 0, 0, 0


@kernel
def matured_at(w, source, n, wallet, otherwise):
    """When an action made that lot available, or the other instant where none did."""
    s = w.span[ONCE]
    for i in range(s.lo, s.hi):
        x = w.once[i]
        if x.rule == MATURED_LOT and x.source == source and x.n == n and x.wallet == wallet:
            return x.at
    return otherwise
