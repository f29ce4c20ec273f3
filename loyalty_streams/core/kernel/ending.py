"""An account that stops: given up to another one (S53), or ended (S54). It keeps its counters; nothing is due any more."""

from __future__ import annotations

from loyalty_streams.core.codes import Bucket, EntryKind, Move, Reason, Status
from loyalty_streams.core.kernel.jit import kernel
from loyalty_streams.core.kernel.pack import fresh_head
from loyalty_streams.core.kernel.records import HOLDS, STATE_SECTIONS
from loyalty_streams.core.kernel.redemption import GIVEN_UP, end_holds, new_card
from loyalty_streams.core.kernel.rows import post

AVAILABLE, PENDING, RESERVED, DEBT = (int(b) for b in Bucket)
TRANSFERRED_OUT, FORFEITED, WRITTEN_OFF = int(EntryKind.TRANSFERRED_OUT), int(EntryKind.FORFEITED), int(EntryKind.WRITTEN_OFF)
ABSORBED, ENDS, CLOSED = int(Move.ABSORBED), int(Move.ENDS), int(Status.CLOSED)
MERGED, ERASED = int(Reason.MERGED), int(Reason.ERASED)


@kernel
def give_up(w):
    """Everything goes to the account that absorbs this one."""
    f = w.fact
    for i in range(w.wallets.size):
        x = w.wallets[i]
        move_out(w, f.at, i, AVAILABLE, x.available)
        move_out(w, f.at, i, PENDING, x.pending)
        move_out(w, f.at, i, RESERVED, x.reserved)
        move_out(w, f.at, i, DEBT, x.debt)
        x.transferred_out += x.available + x.pending + x.reserved - x.debt
        x.available, x.pending, x.reserved, x.debt = 0, 0, 0, 0
    close(w, ABSORBED)


@kernel
def move_out(w, at, wallet, bucket, points):
    if points:
        post(w, TRANSFERRED_OUT, at, wallet, bucket, -points, 0, 0, w.fact.ref, -1, MERGED)


@kernel
def end(w, p):
    """Open reservations are released, points are forfeited, debt is let go (T193)."""
    f, s = w.fact, w.span[HOLDS]
    while s.lo < s.hi:
        ref, wallet = w.holds[s.lo].ref, w.holds[s.lo].wallet
        end_holds(w, p, f.at, ref, 0)
        new_card(w, ref, f.at, 0, GIVEN_UP, wallet)
    for i in range(w.wallets.size):
        x = w.wallets[i]
        if x.available:
            post(w, FORFEITED, f.at, i, AVAILABLE, -x.available, 0, 0, f.ref, -1, ERASED)
        if x.pending:
            post(w, FORFEITED, f.at, i, PENDING, -x.pending, 0, 0, f.ref, -1, ERASED)
        x.forfeited += x.available + x.pending
        if x.debt:
            e = post(w, WRITTEN_OFF, f.at, i, DEBT, -x.debt, 0, 0, f.ref, -1, ERASED)
            e.basis = x.debt
            x.written_off += x.debt
            x.clawed_back -= x.debt
        x.available, x.pending, x.debt = 0, 0, 0
    close(w, ENDS)


@kernel
def close(w, move):
    """Nothing is left but counters and where the member stood: no lots, metrics, timers, and nothing that was known of the person."""
    h = w.head
    clock, seq, version, orders, spend, first_at, last_at = h.clock, h.seq, h.version, h.orders, h.lifetime_spend, h.first_at, h.last_at
    tier, tier_since, stage, stage_since = h.tier, h.tier_since, h.stage, h.stage_since
    fresh_head(w)
    h.clock, h.seq, h.version, h.status, h.ended = clock, seq, version, CLOSED, move
    h.orders, h.lifetime_spend, h.first_at, h.last_at = orders, spend, first_at, last_at
    h.tier, h.tier_since, h.stage, h.stage_since = tier, tier_since, stage, stage_since
    for k in range(STATE_SECTIONS):
        w.span[k].lo, w.span[k].hi = 0, 0
    for m in range(w.gauges.size):
        w.gauges[m].total, w.gauges[m].since = 0, 0
    for i in range(w.wallets.size):
        w.wallets[i].idle_since, w.wallets[i].lapse_at = 0, 0
