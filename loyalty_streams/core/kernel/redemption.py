"""Points spent: asked for, reserved, confirmed, released, cancelled. A decision that a fact already carries stands."""

from __future__ import annotations

from loyalty_streams.core.codes import NEVER, Bucket, EntryKind, FactKind, Outcome, Reason
from loyalty_streams.core.kernel.calendar import shift
from loyalty_streams.core.kernel.exact import share
from loyalty_streams.core.kernel.jit import kernel
from loyalty_streams.core.kernel.lifetimes import remember_dead, roll, suspended
from loyalty_streams.core.kernel.lots import expiry_of, lot_number, pay_debt, put_back, put_lot, remember_taken, take
from loyalty_streams.core.kernel.records import HOLDS, REDEMPTIONS, TAKEN
from loyalty_streams.core.kernel.reminders import note_reminder
from loyalty_streams.core.kernel.rows import post, refuse, slot

RESERVE, REDEEM, REDEEMED_FACT = int(FactKind.RESERVE), int(FactKind.REDEEM), int(FactKind.REDEEMED)
CONFIRM, RELEASE, CANCEL = int(FactKind.CONFIRM), int(FactKind.RELEASE), int(FactKind.CANCEL)
GRANTED, REFUSED_OUTCOME = int(Outcome.GRANTED), int(Outcome.REFUSED)
AVAILABLE, DEBT = int(Bucket.AVAILABLE), int(Bucket.DEBT)
REDEEMED, RESERVED, CONFIRMED = int(EntryKind.REDEEMED), int(EntryKind.RESERVED), int(EntryKind.CONFIRMED)
RELEASED, RESTORED, EXPIRED = int(EntryKind.RELEASED), int(EntryKind.RESTORED), int(EntryKind.EXPIRED)
STATUS_BLOCKED, IN_DEBT, BELOW_MINIMUM = int(Reason.STATUS_BLOCKED), int(Reason.IN_DEBT), int(Reason.BELOW_MINIMUM)
NOT_A_MULTIPLE, ABOVE_MAXIMUM, INSUFFICIENT = int(Reason.NOT_A_MULTIPLE), int(Reason.ABOVE_MAXIMUM), int(Reason.INSUFFICIENT)
INSUFFICIENT_LIFETIME, NOT_ALLOWED, TIMED_OUT = int(Reason.INSUFFICIENT_LIFETIME), int(Reason.NOT_ALLOWED), int(Reason.TIMED_OUT)
ALREADY_REVERSED, ALREADY_CONFIRMED = int(Reason.ALREADY_REVERSED), int(Reason.ALREADY_CONFIRMED)
RESERVATION_EXPIRED, UNKNOWN_REDEMPTION = int(Reason.RESERVATION_EXPIRED), int(Reason.UNKNOWN_REDEMPTION)
OPEN, SPENT, GIVEN_UP, LAPSED, REVERSED = range(5)  # `done` of a redemption's card


@kernel
def redemption(w, p):
    """One redemption fact: ask, or end what was asked for."""
    f = w.fact
    if f.kind == RESERVE or f.kind == REDEEM or f.kind == REDEEMED_FACT:
        ask(w, p)
        return
    if f.kind == CONFIRM:
        confirm(w, p)
    elif f.refuse:
        refuse(w, f.refuse, p.settings.redeem_wallet, 0, 0)
    elif holds_of(w, f.about):
        end_holds(w, p, f.at, f.about, 0)
        new_card(w, f.about, f.at, 0, GIVEN_UP, p.settings.redeem_wallet)
    else:
        k = find_redemption(w, f.about)
        if f.kind == CANCEL and k >= 0 and w.redemptions[k].done == SPENT:
            cancel(w, p, k)
        else:
            refuse(w, ending_refusal(w, k), p.settings.redeem_wallet, 0, 0)


@kernel
def ask(w, p):
    """Guards in their declared order (S27), then the points leave their lots."""
    f, g, held = w.fact, p.settings, w.fact.kind == RESERVE
    wallet, why = g.redeem_wallet, 0
    x = w.wallets[wallet]
    if f.outcome == REFUSED_OUTCOME:
        why = f.refuse if f.refuse else NOT_ALLOWED
    elif f.refuse:
        why = f.refuse
    elif f.outcome != GRANTED and f.kind != REDEEMED_FACT:
        why = why_not(w, p, f.points)
    if why:
        refuse(w, why, wallet, x.available, f.points)
        return
    if not held:
        new_card(w, f.about, f.at, f.points, SPENT, wallet)
    rest = take(w, p, wallet, f.at, f.points, RESERVED if held else REDEEMED, f.about, -1, 0)
    if rest > 0:
        x.redeemed += rest
        x.debt += rest
        post(w, REDEEMED, f.at, wallet, DEBT, rest, 0, 0, f.about, -1, 0)
    if held:
        x.reserved += f.points - rest
        if rest > 0:
            hold_debt(w, f.about, wallet, rest, f.at)
        s, until = w.span[HOLDS], f.at + g.reserve_for
        for i in range(s.lo, s.hi):
            if w.holds[i].ref == f.about:
                w.holds[i].until = until
        w.head.hold_due = min(w.head.hold_due, until)
        return
    x.redeemed += f.points - rest
    if rest > 0:
        remember_taken(w, f.about, 0, 0, wallet, rest, f.at, NEVER, 0)


@kernel
def hold_debt(w, ref, wallet, points, at):
    """What no lot covered of a reservation that was granted: debt at once, given back when the reservation ends (S28)."""
    x = w.holds[slot(w, HOLDS, w.holds.size)]
    x.ref, x.source, x.n, x.wallet, x.points, x.earned_at, x.expires_at, x.until, x.granted = ref, 0, 0, wallet, points, at, NEVER, NEVER, 0


@kernel
def why_not(w, p, points):
    """The first guard that refuses, or 0."""
    f, g = w.fact, p.settings
    x = w.wallets[g.redeem_wallet]
    if (g.redeem_statuses >> w.head.status) & 1 == 0:
        return STATUS_BLOCKED
    if x.debt > 0:
        return IN_DEBT
    if points <= 0 or points < g.redeem_minimum:
        return BELOW_MINIMUM
    if points % g.redeem_unit:
        return NOT_A_MULTIPLE
    if g.redeem_maximum > 0 and points > g.redeem_maximum:
        return ABOVE_MAXIMUM
    if g.redeem_share_den > 0 and f.amount > 0 and points > share_of_order(p, f.amount):
        return ABOVE_MAXIMUM
    if x.issued < g.redeem_lifetime:
        return INSUFFICIENT_LIFETIME
    return INSUFFICIENT if points > x.available else 0


@kernel
def share_of_order(p, amount):
    """The points that may pay for their share of an order of this amount (T058)."""
    g = p.settings
    t = p.terms[g.redeem_wallet]
    return share(amount, g.redeem_share_num * t.unit_value_den, g.redeem_share_den * t.unit_value_num)


@kernel
def new_card(w, ref, at, points, done, wallet):
    """The card of a redemption, in place of any older one of the same name."""
    k = find_redemption(w, ref)
    if k >= 0:
        w.redemptions[k].dirty, w.redemptions[k].ref = 0, 0
    x = w.redemptions[slot(w, REDEMPTIONS, w.redemptions.size)]
    x.ref, x.at, x.points, x.restored, x.done, x.dirty, x.rows, x.rows_lo, x.wallet = ref, at, points, 0, done, 1, 0, w.span[TAKEN].hi, wallet


@kernel
def find_redemption(w, ref):
    s = w.span[REDEMPTIONS]
    for i in range(s.hi - 1, s.lo - 1, -1):
        if w.redemptions[i].ref == ref:
            return i
    return -1


@kernel
def holds_of(w, ref):
    s = w.span[HOLDS]
    for i in range(s.lo, s.hi):
        if w.holds[i].ref == ref:
            return True
    return False


@kernel
def ending_refusal(w, k):
    """Why a redemption cannot be ended (again)."""
    if k < 0:
        return UNKNOWN_REDEMPTION
    done = w.redemptions[k].done
    return ALREADY_CONFIRMED if done == SPENT else RESERVATION_EXPIRED if done == LAPSED else ALREADY_REVERSED


@kernel
def confirm(w, p):
    """The points of a reservation are spent: they were valid when they were reserved (T062)."""
    f, s = w.fact, w.span[HOLDS]
    if f.refuse or not holds_of(w, f.about):
        refuse(w, f.refuse if f.refuse else ending_refusal(w, find_redemption(w, f.about)), p.settings.redeem_wallet, 0, 0)
        return
    total, keep = 0, s.lo
    new_card(w, f.about, f.at, 0, SPENT, 0)
    k = w.span[REDEMPTIONS].hi - 1
    for i in range(s.lo, s.hi):
        x = w.holds[i]
        if x.ref == f.about:
            total += x.points
            w.redemptions[k].wallet = x.wallet
            if x.source != 0:
                w.wallets[x.wallet].reserved -= x.points
                w.wallets[x.wallet].redeemed += x.points
                post(w, CONFIRMED, f.at, x.wallet, 2, -x.points, x.source, x.n, x.ref, -1, 0)
            remember_taken(w, x.ref, x.source, x.n, x.wallet, x.points, x.earned_at, x.expires_at, x.granted)
        else:
            w.holds[keep] = x
            keep += 1
    w.redemptions[k].points = total
    s.hi = keep
    find_hold(w)


@kernel
def find_hold(w):
    h, s = w.head, w.span[HOLDS]
    h.hold_due = NEVER
    for i in range(s.lo, s.hi):
        h.hold_due = min(h.hold_due, w.holds[i].until)


@kernel
def end_holds(w, p, at, ref, reason):
    """Gives back what one reservation holds, or with ref 0 what every reservation holds whose time is up."""
    s = w.span[HOLDS]
    first, last = s.lo, s.hi
    for i in range(first, last):
        x = w.holds[i]
        if x.ref == ref if ref else x.until <= at:
            y = w.wallets[x.wallet]
            if x.source == 0:
                y.redeemed -= x.points
                restore_debt(w, p, at, x.wallet, x.points, x.ref)
            else:
                y.reserved -= x.points
                post(w, RELEASED, at, x.wallet, AVAILABLE, x.points, x.source, x.n, x.ref, -1, reason)
                back_to_lot(w, p, at, x.wallet, x.source, x.n, x.earned_at, x.expires_at, x.granted, x.points, x.ref)
            if ref == 0 and (i + 1 == last or w.holds[i + 1].ref != x.ref):
                new_card(w, x.ref, at, 0, LAPSED, x.wallet)
    keep = s.lo
    for i in range(first, last):
        x = w.holds[i]
        if not (x.ref == ref if ref else x.until <= at):
            w.holds[keep] = x
            keep += 1
    s.hi = keep
    find_hold(w)


@kernel
def back_to_lot(w, p, at, wallet, source, n, earned, expires, granted, points, ref):
    """Points return to their lot at their original age; where it has died meanwhile they expire at once (T062, T065)."""
    y = w.wallets[wallet]
    if expires <= w.head.clock and not suspended(w, p, wallet):
        at = max(at, expires)  # of a fact that came too late, the lot may have died after it (S51)
        if p.terms[wallet].expires_into >= 0:
            roll(w, p, wallet, p.terms[wallet].expires_into, at, points, source, n, AVAILABLE, 0)
            return
        y.expired += points
        post(w, EXPIRED, at, wallet, AVAILABLE, -points, source, n, ref, -1, 0)
        if p.terms[wallet].reinstate_within > 0:
            remember_dead(w, p, wallet, source, n, earned, at, points, granted)
        return
    rest = pay_debt(w, wallet, at, points, source, n)
    y.available += rest
    if rest > 0:
        put_back(w, source, n, wallet, earned, expires, granted, rest)
        note_reminder(w, p, wallet, expires)


@kernel
def cancel(w, p, k):
    """A redemption undone: what was debt first, then each part to its lot, in the order in which they were taken (T065, S30)."""
    r, at = w.redemptions[k], w.fact.at
    for lots in range(2):
        for i in range(r.rows_lo, r.rows_lo + r.rows):
            x = w.taken[i]
            points = x.points - x.back
            if points > 0 and (x.source != 0) == (lots == 1):
                restore(w, p, at, i, points, r.ref)
    r.done, r.dirty, r.restored = REVERSED, 1, r.points


@kernel
def restore(w, p, at, i, points, ref):
    """Gives back some points of one part of a redemption."""
    x, g = w.taken[i], p.settings
    y = w.wallets[x.wallet]
    wallet, source, n, earned, expires = x.wallet, x.source, x.n, x.earned_at, x.expires_at
    x.back += points
    y.redeemed -= points
    if source == 0:
        restore_debt(w, p, at, wallet, points, ref)
        return
    post(w, RESTORED, at, wallet, AVAILABLE, points, source, n, ref, -1, 0)
    if g.restore_grace_months or g.restore_grace_days or g.restore_grace_micros:
        expires = max(expires, shift(p, at, g.restore_grace_months, g.restore_grace_days, g.restore_grace_micros))
    back_to_lot(w, p, at, wallet, source, n, earned, expires, x.granted, points, ref)


@kernel
def restore_debt(w, p, at, wallet, points, ref):
    """The part that no lot had covered: the debt falls first, the rest becomes a lot of the present fact (S30)."""
    y = w.wallets[wallet]
    falls = min(y.debt, points)
    if falls > 0:
        y.debt -= falls
        post(w, RESTORED, at, wallet, DEBT, -falls, 0, 0, ref, -1, 0)
    rest = points - falls
    if rest > 0:
        source, expires = w.fact.source, expiry_of(w, p, wallet, at, at, p.terms[wallet].pending)
        n = lot_number(w, p, wallet, source, at, expires, 0)
        post(w, RESTORED, at, wallet, AVAILABLE, rest, source, n, ref, -1, 0)
        y.available += rest
        put_lot(w, source, n, wallet, at, at, expires, rest, rest, 0, ref)
        note_reminder(w, p, wallet, expires)


@kernel
def restore_last(w, p, at, k, points):
    """Gives back points of a redemption, what was taken last first (S38). -> what could be given back"""
    r, left = w.redemptions[k], points
    for i in range(r.rows_lo + r.rows - 1, r.rows_lo - 1, -1):
        part = min(left, w.taken[i].points - w.taken[i].back)
        if part > 0:
            restore(w, p, at, i, part, r.ref)
            left -= part
    r.restored += points - left
    r.dirty = 1
    return points - left
