"""Lifecycle: the one stage of a member, by its orders and by the passing of time (T196, T197)."""

from __future__ import annotations

from loyalty_streams.core.codes import NEVER, EntryKind
from loyalty_streams.core.kernel.jit import kernel
from loyalty_streams.core.kernel.rows import post

STAGE_CHANGED, REACTIVATED = int(EntryKind.STAGE_CHANGED), int(EntryKind.REACTIVATED)


@kernel
def set_stage(w, p, at, by_order):
    """The first stage of the precedence that holds, and the next instant at which that may differ (S49)."""
    h = w.head
    if h.first_at == 0:
        return
    first_at, last_at, orders = h.first_at, h.last_at, h.orders
    idle, age, found, due = at - last_at, at - first_at, -1, NEVER
    for k in range(p.n.stages):
        s = p.stages[k]
        if age < s.first_within:
            due = min(due, first_at + s.first_within)
        if idle < s.idle_from:
            due = min(due, last_at + s.idle_from)
        elif idle < s.idle_until:
            due = min(due, last_at + s.idle_until)
            if found < 0 and age < s.first_within and orders >= s.orders_at_least:
                found = k
    h.stage_due = due
    if found < 0 or p.stages[found].id == h.stage:
        return
    old = h.stage
    e = post(w, STAGE_CHANGED, at, p.settings.main_wallet, 0, 0, 0, 0, 0, -1, 0)
    e.num, e.den = old, p.stages[found].id
    h.stage, h.stage_since = p.stages[found].id, at
    if by_order and idle_stage(p, old):
        e = post(w, REACTIVATED, at, p.settings.main_wallet, 0, 0, 0, 0, 0, -1, 0)
        e.num, e.den = old, h.stage


@kernel
def idle_stage(p, stage):
    for k in range(p.n.stages):
        if p.stages[k].id == stage and p.stages[k].idle_from > 0:
            return True
    return False
