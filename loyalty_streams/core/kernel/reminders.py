"""Reminders of points that will expire: one a wallet, expiry date and threshold, with the sum of that date (T053, T054)."""

from __future__ import annotations

from loyalty_streams.core.codes import DAY, NEVER, EntryKind
from loyalty_streams.core.kernel.calendar import day_begun, local_day, midnight
from loyalty_streams.core.kernel.jit import kernel, leaf
from loyalty_streams.core.kernel.records import LOTS
from loyalty_streams.core.kernel.rows import post

REMINDED = int(EntryKind.REMINDED)


@leaf
def threshold(t, k):
    """Days before the expiry date at which the k-th reminder falls due."""
    return t.remind0 if k == 0 else t.remind1 if k == 1 else t.remind2 if k == 2 else t.remind3


@kernel
def reminder_at(p, expires, days):
    """00:00 program time of the expiry date less the threshold."""
    return midnight(p, day_begun(p, expires) - days)


@leaf
def note_reminder(w, p, wallet, expires):
    """A new lot may bring the next reminder forward; one far behind the present one cannot."""
    t, h = p.terms[wallet], w.head
    if t.reminders == 0 or expires >= NEVER:
        return
    for k in range(t.reminders):
        days = threshold(t, k)
        if expires - (days + 2) * DAY < h.remind_due:
            due = reminder_at(p, expires, days)
            if due > h.clock:
                h.remind_due = min(h.remind_due, due)


@leaf
def first_expiring(w, since):
    """The first lot that expires at or after an instant: lots are in order of expiry, so it is found by halving."""
    lo, hi = w.span[LOTS].lo, w.span[LOTS].hi
    while lo < hi:
        mid = (lo + hi) // 2
        if w.lots[mid].expires_at < since:
            lo = mid + 1
        else:
            hi = mid
    return lo


@kernel
def find_reminder(w, p, after):
    """The next instant after `after` at which a reminder falls due: for each threshold, that of the first lot whose date is further away."""
    h, s = w.head, w.span[LOTS]
    h.remind_due = NEVER
    today = -1
    for wallet in range(p.n.wallets):
        t = p.terms[wallet]
        for k in range(t.reminders):
            today = day_begun(p, after) if today < 0 else today
            days = threshold(t, k)
            i = first_expiring(w, midnight(p, today + days + 1))
            while i < s.hi and (w.lots[i].wallet != wallet or w.lots[i].remaining == 0):
                i += 1
            if i < s.hi and w.lots[i].expires_at < NEVER:
                h.remind_due = min(h.remind_due, reminder_at(p, w.lots[i].expires_at, days))


@kernel
def remind(w, p, due):
    """Every reminder due at this instant, then the search for the next."""
    h, s = w.head, w.span[LOTS]
    today = local_day(p, due)
    for wallet in range(p.n.wallets):
        t = p.terms[wallet]
        suspended = t.suspended != 0 and h.tier >= 0 and (t.suspended >> h.tier) & 1 != 0
        for k in range(t.reminders if not suspended else 0):
            days = threshold(t, k)
            start, end = midnight(p, today + days), midnight(p, today + days + 1)
            i, total = first_expiring(w, start), 0
            while i < s.hi and w.lots[i].expires_at < end:
                lot = w.lots[i]
                if lot.wallet == wallet and lot.pending == 0 and lot.activates_at < due:
                    total += lot.remaining
                i += 1
            if total > 0:
                e = post(w, REMINDED, due, wallet, 0, 0, 0, 0, 0, -1, 0)
                e.basis, e.desired, e.ref, e.num = total, days, start, k
    find_reminder(w, p, due)
