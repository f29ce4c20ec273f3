"""Points given to another account: they leave lots of the sender and become lots of the receiver at their age, or come back (T150, S55, S60)."""

from __future__ import annotations

from loyalty_streams.core.codes import ATTR, NEVER, Bucket, Direction, EntryKind, Outcome, Reason
from loyalty_streams.core.kernel.calendar import shift
from loyalty_streams.core.kernel.jit import kernel
from loyalty_streams.core.kernel.lots import expiry_of, lot_number, put_lot, remember_taken, take
from loyalty_streams.core.kernel.profile import attribute
from loyalty_streams.core.kernel.records import SENT
from loyalty_streams.core.kernel.redemption import REVERSED, back_to_lot, ending_refusal, find_redemption, new_card
from loyalty_streams.core.kernel.reminders import note_reminder
from loyalty_streams.core.kernel.rows import post, refuse

DIRECTION, OUT, IN, POOLS = ATTR["direction"], int(Direction.OUT), int(Direction.IN), int(Direction.POOLS)
GRANTED, REFUSED_OUTCOME = int(Outcome.GRANTED), int(Outcome.REFUSED)
AVAILABLE, DEBT = int(Bucket.AVAILABLE), int(Bucket.DEBT)
TRANSFERRED_IN, TRANSFERRED_OUT = int(EntryKind.TRANSFERRED_IN), int(EntryKind.TRANSFERRED_OUT)
STATUS_BLOCKED, IN_DEBT, INSUFFICIENT = int(Reason.STATUS_BLOCKED), int(Reason.IN_DEBT), int(Reason.INSUFFICIENT)
NOT_ALLOWED, MANUAL, POOLED = int(Reason.NOT_ALLOWED), int(Reason.MANUAL), int(Reason.POOLED)


@kernel
def transfer(w, p, facts):
    """One side of a transfer: points leave, points come, points that were refused come back, or points come to a pool."""
    direction = attribute(w, facts, DIRECTION, 0)
    if direction == OUT:
        send(w, p)
    elif direction == IN or direction == POOLS:
        receive(w, p, MANUAL if direction == IN else POOLED)
    else:
        take_back(w, p)


@kernel
def why_not_send(w, p):
    """The first guard that refuses, or 0. A decision that the fact already carries stands."""
    f, x = w.fact, w.wallets[p.settings.redeem_wallet]
    if f.outcome == REFUSED_OUTCOME:
        return f.refuse if f.refuse else NOT_ALLOWED
    if f.refuse or f.outcome == GRANTED:
        return f.refuse
    if (p.settings.redeem_statuses >> w.head.status) & 1 == 0:
        return STATUS_BLOCKED
    if x.debt > 0:
        return IN_DEBT
    if f.points <= 0:
        return NOT_ALLOWED
    return INSUFFICIENT if f.points > x.available else 0


@kernel
def send(w, p):
    """Takes from available lots in consumption order; the card under the transfer's key remembers what was taken."""
    f, wallet = w.fact, p.settings.redeem_wallet
    x, why = w.wallets[wallet], why_not_send(w, p)
    if why:
        refuse(w, why, wallet, x.available, f.points)
        return
    new_card(w, f.about, f.at, f.points, SENT, wallet)
    rest = take(w, p, wallet, f.at, f.points, TRANSFERRED_OUT, f.about, -1, MANUAL)
    x.transferred_out += f.points
    if rest > 0:
        x.debt += rest
        post(w, TRANSFERRED_OUT, f.at, wallet, DEBT, rest, 0, 0, f.about, -1, MANUAL)
        remember_taken(w, f.about, 0, 0, wallet, rest, f.at, NEVER, 0)


@kernel
def receive(w, p, reason):
    """Each part becomes a lot of this fact at its old age; one whose date has passed expires at once. A pool's status refuses nothing."""
    f, k = w.fact, find_redemption(w, w.fact.about)
    why = f.refuse
    if why == 0:
        why = STATUS_BLOCKED if reason == MANUAL and (p.settings.redeem_statuses >> w.head.status) & 1 == 0 else NOT_ALLOWED if k < 0 else 0
    if why:
        refuse(w, why, p.settings.redeem_wallet, 0, f.points)
        return
    r = w.redemptions[k]
    for i in range(r.rows):
        x = w.taken[r.rows_lo + i]
        expires = x.expires_at if x.source else expiry_of(w, p, x.wallet, f.at, f.at, p.terms[x.wallet].pending)
        w.wallets[x.wallet].transferred_in += x.points
        post(w, TRANSFERRED_IN, f.at, x.wallet, AVAILABLE, x.points, f.source, i, f.about, -1, reason)
        back_to_lot(w, p, f.at, x.wallet, f.source, i, x.earned_at, expires, x.points, x.points, f.about)
    f.lots_made = r.rows


@kernel
def take_back(w, p):
    """The receiver refused: what was taken comes back as a cancellation gives it back (S30)."""
    f, g, k = w.fact, p.settings, find_redemption(w, w.fact.about)
    if f.refuse or k < 0 or w.redemptions[k].done != SENT:
        refuse(w, f.refuse if f.refuse else ending_refusal(w, k), g.redeem_wallet, 0, 0)
        return
    r = w.redemptions[k]
    for uncovered in range(1, -1, -1):
        for i in range(r.rows_lo, r.rows_lo + r.rows):
            x = w.taken[i]
            if uncovered and x.source == 0:
                debt_back(w, p, x.wallet, x.points)
            elif x.source and not uncovered:
                expires = x.expires_at
                if g.restore_grace_months or g.restore_grace_days or g.restore_grace_micros:
                    expires = max(expires, shift(p, f.at, g.restore_grace_months, g.restore_grace_days, g.restore_grace_micros))
                w.wallets[x.wallet].transferred_in += x.points
                post(w, TRANSFERRED_IN, f.at, x.wallet, AVAILABLE, x.points, x.source, x.n, f.about, -1, NOT_ALLOWED)
                back_to_lot(w, p, f.at, x.wallet, x.source, x.n, x.earned_at, expires, x.granted, x.points, f.about)
            x.back = x.points if (x.source == 0) == (uncovered == 1) else x.back
    r.done, r.dirty, r.restored = REVERSED, 1, r.points


@kernel
def debt_back(w, p, wallet, points):
    """The part that no lot had covered: the debt falls first, the rest becomes a lot of the present fact."""
    f, y = w.fact, w.wallets[wallet]
    falls = min(y.debt, points)
    y.transferred_in += points
    if falls > 0:
        y.debt -= falls
        post(w, TRANSFERRED_IN, f.at, wallet, DEBT, -falls, 0, 0, f.about, -1, NOT_ALLOWED)
    rest = points - falls
    if rest > 0:
        expires = expiry_of(w, p, wallet, f.at, f.at, p.terms[wallet].pending)
        n = lot_number(w, p, wallet, f.source, f.at, expires, 0)
        post(w, TRANSFERRED_IN, f.at, wallet, AVAILABLE, rest, f.source, n, f.about, -1, NOT_ALLOWED)
        y.available += rest
        put_lot(w, f.source, n, wallet, f.at, f.at, expires, rest, rest, 0, f.about)
        note_reminder(w, p, wallet, expires)
