"""What time does to lots: pending ones mature, dated ones expire, those of an idle member lapse, and escrow rolls into another wallet."""

from __future__ import annotations

from loyalty_streams.core.codes import NEVER, Bucket, EntryKind, Reason
from loyalty_streams.core.kernel.jit import kernel, leaf
from loyalty_streams.core.kernel.lots import COUNTED, FOLLOWS, GIVEN, dead, drop_empty, expiry_of, pay_debt, put_lot, share_out
from loyalty_streams.core.kernel.marks import mark_wallet
from loyalty_streams.core.kernel.once import remember_matured
from loyalty_streams.core.kernel.records import DEAD, LOTS, POOLS
from loyalty_streams.core.kernel.reminders import note_reminder
from loyalty_streams.core.kernel.rows import post

AVAILABLE, PENDING = int(Bucket.AVAILABLE), int(Bucket.PENDING)
ACTIVATED, EXPIRED = int(EntryKind.ACTIVATED), int(EntryKind.EXPIRED)
TRANSFERRED_IN, TRANSFERRED_OUT = int(EntryKind.TRANSFERRED_IN), int(EntryKind.TRANSFERRED_OUT)
MATURED, RESET = int(Reason.MATURED), int(Reason.RESET)


@kernel
def find_pending(w):
    """Where the pending lots begin and when the first of them matures."""
    find_pending_from(w, w.span[LOTS].lo)


@kernel
def find_pending_from(w, first):
    """`find_pending` where no lot before `first` is pending."""
    h, s = w.head, w.span[LOTS]
    h.activation_due, h.pending_lo = NEVER, s.hi
    for i in range(first, s.hi):
        lot = w.lots[i]
        if lot.pending and lot.remaining > 0:
            h.activation_due = min(h.activation_due, lot.activates_at)
            h.pending_lo = min(h.pending_lo, i)


@kernel
def activate(w, p, due):
    """Pending lots whose time has come become available."""
    s = w.span[LOTS]
    first = max(w.head.pending_lo, s.lo)
    i = first
    while i < s.hi:
        lot = w.lots[i]
        if lot.pending and lot.activates_at <= due:
            mature(w, p, i, due)
        i += 1
    drop_empty(w)
    find_pending_from(w, max(first, s.lo))


@kernel
def mature(w, p, i, at):
    """One pending lot becomes available: it pays debt first, counts in metrics, is shared with pools, or goes on into another wallet (T056)."""
    lot = w.lots[i]
    x, t, points = w.wallets[lot.wallet], p.terms[lot.wallet], lot.remaining
    wallet, source, n, earned, counts = lot.wallet, lot.source, lot.n, lot.earned_at, lot.pending != GIVEN
    by_action = lot.activates_at == NEVER
    lot.pending, lot.activates_at = 0, at
    if points == 0:
        return
    x.pending -= points
    if t.matures_into >= 0:
        lot.remaining = 0
        roll(w, p, wallet, t.matures_into, at, points, source, n, PENDING, MATURED)
        return
    post(w, ACTIVATED, at, wallet, AVAILABLE, points, source, n, lot.about, -1, 0)
    if counts:
        mark_wallet(w, p, wallet, at, points)
    if by_action and counts:
        remember_matured(w, source, n, wallet, at)
    if t.lots == 0:
        x.available += points
        lot.remaining = 0
        return
    dated = by_action and lot.expires_at == NEVER
    expires = expiry_of(w, p, wallet, earned, at, 1) if dated else lot.expires_at
    rest = pay_debt(w, wallet, at, points, source, n) if x.debt and not dead(w, p, wallet, expires) else points
    lot.remaining = rest
    x.available += rest
    if dated:
        granted, about = lot.granted, lot.about
        lot.remaining = 0
        i = put_lot(w, source, n, wallet, earned, at, expires, granted, rest, 0, about)
        note_reminder(w, p, wallet, expires)
    if w.span[POOLS].hi and counts:
        share_out(w, p, at, points, i)


@kernel
def roll(w, p, wallet, into, at, points, source, n, bucket, reason):
    """Points leave one wallet and enter another in one pair of entries; the new lot keeps source and number."""
    x, y = w.wallets[wallet], w.wallets[into]
    x.transferred_out += points
    post(w, TRANSFERRED_OUT, at, wallet, bucket, -points, source, n, source, -1, reason)
    y.transferred_in += points
    post(w, TRANSFERRED_IN, at, into, AVAILABLE, points, source, n, source, -1, reason)
    t = p.terms[into]
    expires = expiry_of(w, p, into, at, at, 0)
    rest = pay_debt(w, into, at, points, source, n) if y.debt and not dead(w, p, into, expires) else points
    y.available += rest
    if t.lots:
        put_lot(w, source, n, into, at, at, expires, points, rest, 0, source)
        note_reminder(w, p, into, expires)


@kernel
def activate_named(w, p, at, about, action):
    """The interaction that activates: the pending lots of the order it names, or all of its wallets (S24)."""
    s = w.span[LOTS]
    i = s.lo
    while i < s.hi:
        lot = w.lots[i]
        terms = p.terms[lot.pending - FOLLOWS if lot.pending >= FOLLOWS else lot.wallet]
        dated = lot.pending == COUNTED and lot.activates_at < NEVER  # follows the lot of another wallet (S14)
        waits = lot.pending and lot.remaining > 0 and terms.pending == 2 and not dated
        if waits and terms.until_action == action and (about == 0 or lot.about == about):
            mature(w, p, i, at)
        i += 1
    drop_empty(w)
    find_pending(w)


@leaf
def suspended(w, p, wallet):
    """Whether the tier held keeps the wallet's lots from lapsing (T055)."""
    bits = p.terms[wallet].suspended
    return bits != 0 and w.head.tier >= 0 and (bits >> w.head.tier) & 1 != 0


@kernel
def first_expiry(w, p):
    """The next instant at which a lot lapses."""
    s = w.span[LOTS]
    for i in range(s.lo, s.hi):
        lot = w.lots[i]
        if lot.remaining > 0 and not suspended(w, p, lot.wallet):
            return lot.expires_at
    return NEVER


@leaf
def expire(w, p, at):
    """Lots whose date is reached lapse with what remains of them."""
    s = w.span[LOTS]
    if s.lo < s.hi and w.lots[s.lo].expires_at <= at:
        expire_lots(w, p, at)


@kernel
def expire_lots(w, p, at):
    s = w.span[LOTS]
    i = s.lo
    while i < s.hi and w.lots[i].expires_at <= at:
        lot = w.lots[i]
        if lot.remaining > 0 and not suspended(w, p, lot.wallet):
            lapse(w, p, i, at, 0)
        i += 1
    drop_empty(w)


@kernel
def lapse(w, p, i, at, reason):
    """What remains of one lot expires, or rolls into another wallet (T056); it may be reinstated for a while (T050)."""
    lot = w.lots[i]
    x, t, points = w.wallets[lot.wallet], p.terms[lot.wallet], lot.remaining
    wallet, source, n, earned, granted = lot.wallet, lot.source, lot.n, lot.earned_at, lot.granted
    bucket = PENDING if lot.pending else AVAILABLE
    lot.remaining = 0
    if lot.pending:
        x.pending -= points
    else:
        x.available -= points
    if t.expires_into >= 0 and reason != RESET:
        roll(w, p, wallet, t.expires_into, at, points, source, n, bucket, reason)
        return
    x.expired += points
    post(w, EXPIRED, at, wallet, bucket, -points, source, n, source, -1, reason)
    if t.reinstate_within > 0:
        remember_dead(w, p, wallet, source, n, earned, at, points, granted)


@kernel
def remember_dead(w, p, wallet, source, n, earned, at, points, granted):
    s = w.span[DEAD]
    while s.lo < s.hi and w.dead[s.lo].expired_at + p.terms[w.dead[s.lo].wallet].reinstate_within < at:
        s.lo += 1
    if s.hi == w.dead.size:
        for k in range(s.lo, s.hi - 1):
            w.dead[k] = w.dead[k + 1]
        s.hi -= 1
    i = s.hi
    while i > s.lo and w.dead[i - 1].expired_at > at:  # of a fact that came too late (S51)
        w.dead[i] = w.dead[i - 1]
        i -= 1
    d = w.dead[i]
    s.hi += 1
    d.source, d.n, d.wallet, d.earned_at, d.expired_at, d.points, d.granted = source, n, wallet, earned, at, points, granted


@kernel
def lapse_wallet(w, p, wallet, at, reason):
    """Everything a wallet holds expires: inactivity (T045), or a reset after the yearly check (T097)."""
    s, x = w.span[LOTS], w.wallets[wallet]
    if p.terms[wallet].lots == 0 and x.available > 0:
        x.expired += x.available
        post(w, EXPIRED, at, wallet, AVAILABLE, -x.available, 0, 0, 0, -1, reason)
        x.available = 0
    i = s.lo
    while i < s.hi:  # what rolls into another wallet may move the lots behind it
        if w.lots[i].wallet == wallet and w.lots[i].remaining > 0:
            lapse(w, p, i, at, reason)
        i += 1
    drop_empty(w)
    find_pending(w)
