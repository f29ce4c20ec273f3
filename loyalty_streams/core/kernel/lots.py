"""Points: lots in consumption order, what is given, taken and owed. What time does to lots is in `lifetimes`."""

from __future__ import annotations

from loyalty_streams.core.codes import DAY, NEVER, Bucket, EntryKind
from loyalty_streams.core.kernel.calendar import know_date, period_end, period_start, shift, shift_date
from loyalty_streams.core.kernel.jit import kernel, leaf
from loyalty_streams.core.kernel.marks import mark_wallet
from loyalty_streams.core.kernel.pools import contribute
from loyalty_streams.core.kernel.records import (
    FROM_ACTIVATION, FROM_ACTIVITY, FROM_EARNING, HOLDS, LOTS, NO_EXPIRY, PASS, POOLS, REDEMPTIONS, ROUND_DOWN, ROUND_UP, TAKEN,
)
from loyalty_streams.core.kernel.reminders import note_reminder
from loyalty_streams.core.kernel.rows import judge, post, slot

AVAILABLE, PENDING = int(Bucket.AVAILABLE), int(Bucket.PENDING)
DEBT_PAID, TRANSFERRED_OUT = int(EntryKind.DEBT_PAID), int(EntryKind.TRANSFERRED_OUT)
REDEEMED, RESERVED, CLAWED_BACK = int(EntryKind.REDEEMED), int(EntryKind.RESERVED), int(EntryKind.CLAWED_BACK)
COUNTED, GIVEN, FOLLOWS = 1, 2, 3  # states of a pending lot
ANY = -2  # number of a lot: whichever


@kernel
def open_given(w, p, wallet, at, source):
    """Reckons the activation and expiry of what a fact gives into a wallet, once a fact (S15, S22)."""
    t, activates = p.terms[wallet], at
    if t.pending == 2:
        activates = NEVER
    elif t.pending:
        activates = shift_date(p, w.fact, w.fact.arrived if t.arrival_base else at, t.pending_months, t.pending_days, t.pending_micros)
        if t.pending_round == ROUND_UP:
            activates = period_end(p, activates, t.pending_period)
        elif t.pending_round == ROUND_DOWN:
            activates = period_start(p, activates, t.pending_period)
    name_given(w, p, wallet, at, source, activates, expiry_of(w, p, wallet, at, activates, t.pending), COUNTED)


@leaf
def name_given(w, p, wallet, at, source, activates, expires, state):
    """The lot of these terms is what the fact gives into now; of the same terms as the one before it is the same lot (S15).

    What waits for an action and what waits beside another wallet's lot are two lots: nobody knows yet that they come together.
    """
    g = w.given[wallet]
    if g.source != source or g.activates != activates or g.expires != expires or (activates == NEVER and g.state != state):
        g.n, g.earned = lot_number(w, p, wallet, source, activates, expires, state), at
    g.at, g.source, g.activates, g.expires, g.state = at, source, activates, expires, state


@leaf
def lot_number(w, p, wallet, source, activates, expires, state):
    """The number of a fact's lot under one wallet, activation and expiry: that of the lot it has opened already, else the next (S15)."""
    if p.terms[wallet].lots == 0:
        return -1
    if w.fact.lots_made:
        return next_number(w, wallet, source, activates, expires, state)
    w.fact.lots_made = 1
    return 0


@kernel
def next_number(w, wallet, source, activates, expires, state):
    f, s = w.fact, w.span[LOTS]
    i = s.hi
    while i > s.lo and w.lots[i - 1].expires_at >= expires:
        i -= 1
        lot = w.lots[i]
        same = lot.source == source and lot.expires_at == expires and lot.wallet == wallet and lot.activates_at == activates
        if same and (activates < NEVER or lot.pending == state):
            return lot.n
    f.lots_made += 1
    return f.lots_made - 1


@kernel
def expiry_of(w, p, wallet, earned, activates, locked):
    """When points of a wallet die that were earned and become available at these instants; NEVER where no date says so (S22, S24).

    `locked`: they were, or are, pending; else activation counts from the arrival too where the wallet's dates do.
    """
    t = p.terms[wallet]
    if t.lots == 0 or t.expires == NO_EXPIRY or t.expires == FROM_ACTIVITY or activates >= NEVER:
        return NEVER
    by_arrival = t.arrival_base and (t.expires == FROM_EARNING or not locked)
    return expiry_from(w, p, wallet, w.fact.arrived if by_arrival else activates if t.expires == FROM_ACTIVATION else earned)


@kernel
def expiry_from(w, p, wallet, base):
    """The instant at which a lot counted from `base` dies: after, the largest extension, rounding, the floor after arrival."""
    t = p.terms[wallet]
    ends = shift_date(p, w.fact, base, t.months, t.days, t.micros)
    plain = ends
    for k in range(t.extend_lo, t.extend_hi):
        x = p.extensions[k]
        know_date(w, p)
        if judge(w, p, x.condition, -1) == PASS:
            ends = max(ends, shift(p, plain, x.months, x.days, x.micros))
    if t.round_period >= 0:
        ends = period_end(p, ends, t.round_period)
    if t.floor_days:
        ends = max(ends, w.fact.arrived + t.floor_days * DAY)
    return ends


@leaf
def prepare(w, p, wallet, at, source):
    """The lot into which the fact in hand gives: opened at the first use."""
    g, t = w.given[wallet], p.terms[wallet]
    if g.at != at or g.source != source:
        if t.plain and t.pending == 0:
            name_given(w, p, wallet, at, source, at, shift_date(p, w.fact, at, t.months, t.days, t.micros), COUNTED)
        else:
            open_given(w, p, wallet, at, source)


@leaf
def waits(w, p, wallet, at):
    """Whether the prepared lot of a wallet is still pending. Escrow that came too late (S51) matures, though at once."""
    activates = w.given[wallet].activates
    return activates > at and (activates > w.head.clock or p.terms[wallet].matures_into >= 0)


@leaf
def dead(w, p, wallet, expires):
    """Whether points of the fact in hand, which came too late, had died before they came (S51): they pay no debt."""
    if w.fact.at == w.head.clock or expires > w.head.clock:
        return False
    bits = p.terms[wallet].suspended
    return bits == 0 or w.head.tier < 0 or (bits >> w.head.tier) & 1 == 0


@leaf
def deliver(w, p, wallet, at, points, source, about, state):
    """New points into the prepared lot: pending, or available at once and then paying debt first (S16), and shared with pools.

    `state`: what a pending lot remembers. COUNTED: metrics of the wallet count the points once they are available, as only earned points
    are (T094); GIVEN: they do not; FOLLOWS + w: they are counted, and become available with the lot of wallet w (S14).
    """
    g, x, pending = w.given[wallet], w.wallets[wallet], 0
    if waits(w, p, wallet, at):
        rest, pending = points, COUNTED if state >= FOLLOWS and g.activates < NEVER else state  # a date is followed by itself
        x.pending += points
        w.head.activation_due = min(w.head.activation_due, g.activates)
    else:
        if state != GIVEN:
            mark_wallet(w, p, wallet, max(at, g.activates), points)
        if p.terms[wallet].lots == 0:
            x.available += points
            return
        rest = pay_debt(w, wallet, at, points, source, g.n) if x.debt and not dead(w, p, wallet, g.expires) else points
        x.available += rest
    g.earned = g.earned if g.earned >= 0 else at
    i = add_lot(w, source, g.n, wallet, g.earned, g.activates, g.expires, points, rest, pending, about)
    note_reminder(w, p, wallet, g.expires)
    if w.span[POOLS].hi and pending == 0 and state != GIVEN:
        share_out(w, p, at, points, i)


@kernel
def share_out(w, p, at, points, i):
    """Points just earned into a lot are shared with pools, where they had not died before they came (S60)."""
    if not dead(w, p, w.lots[i].wallet, w.lots[i].expires_at):
        contribute(w, p, at, points, i)


@leaf
def add_lot(w, source, n, wallet, earned, activates, expires, granted, points, pending, about):
    """`put_lot` where the lot mostly is the last. -> its place"""
    s = w.span[LOTS]
    if s.hi < w.lots.size and (s.hi == s.lo or precedes(w.lots[s.hi - 1], expires, earned, source, n)):
        s.hi += 1
        fill_lot(w, s.hi - 1, source, n, wallet, earned, activates, expires, granted, points, pending, about)
        return s.hi - 1
    return put_lot(w, source, n, wallet, earned, activates, expires, granted, points, pending, about)


@kernel
def put_lot(w, source, n, wallet, earned, activates, expires, granted, points, pending, about):
    """Adds to the lot of this source and number, or opens it in its place: (expires, earned, source, number), S21. -> its place"""
    s = w.span[LOTS]
    i, place = s.hi, -1
    while i > s.lo:
        b = w.lots[i - 1]
        same = b.expires_at == expires and b.earned_at == earned and b.source == source and b.n == n
        if same and b.wallet == wallet and b.pending == pending:
            b.granted += granted
            b.remaining += points
            return i - 1
        if not same and precedes(b, expires, earned, source, n):
            break
        place = i if same and place < 0 else place
        i -= 1
    i = i if place < 0 else place
    if s.hi == w.lots.size:
        return join_lot(w, wallet, expires, granted, points, pending)
    s.hi += 1
    for k in range(s.hi - 1, i, -1):
        w.lots[k] = w.lots[k - 1]
    fill_lot(w, i, source, n, wallet, earned, activates, expires, granted, points, pending, about)
    return i


@leaf
def fill_lot(w, i, source, n, wallet, earned, activates, expires, granted, points, pending, about):
    h, lot = w.head, w.lots[i]
    lot.source, lot.n, lot.wallet, lot.earned_at, lot.activates_at, lot.expires_at = source, n, wallet, earned, activates, expires
    lot.granted, lot.remaining, lot.pending, lot.about = granted, points, pending, about
    if pending:
        h.pending_lo = min(h.pending_lo, i)
    elif i <= h.pending_lo:
        h.pending_lo += 1


@leaf
def precedes(lot, expires, earned, source, n):
    """Whether a lot stands before one of these terms in the queue (S21)."""
    if lot.expires_at != expires:
        return lot.expires_at < expires
    if lot.earned_at != earned:
        return lot.earned_at < earned
    if lot.source != source:
        return lot.source < source
    return lot.n < n


@kernel
def put_back(w, source, n, wallet, earned, expires, granted, points):
    """Points return to their lot, which keeps what it was granted even where nothing was left of it."""
    lot = w.lots[put_lot(w, source, n, wallet, earned, earned, expires, 0, points, 0, source)]
    lot.granted = max(lot.granted, granted)


@kernel
def join_lot(w, wallet, expires, granted, points, pending):
    """At the bound of the section points join the last lot of their wallet and state (S26)."""
    s = w.span[LOTS]
    for k in range(s.hi - 1, s.lo - 1, -1):
        lot = w.lots[k]
        if lot.wallet == wallet and lot.pending == pending:
            lot.granted += granted
            lot.remaining += points
            if k == s.hi - 1:
                lot.expires_at = max(lot.expires_at, expires)
            return k
    w.ctl.full |= 1 << LOTS
    return s.hi - 1


@kernel
def pay_debt(w, wallet, at, points, source, n):
    """New available points pay what the wallet owes first. -> what is left of them"""
    x = w.wallets[wallet]
    paid = min(x.debt, points)
    if paid > 0:
        x.debt -= paid
        post(w, DEBT_PAID, at, wallet, AVAILABLE, -paid, source, n, source, -1, 0)
    return points - paid


@kernel
def take(w, p, wallet, at, points, kind, ref, rule, reason):
    """Takes from available lots in consumption order, an entry a lot. -> points that no lot covered"""
    s, oldest = w.span[LOTS], p.terms[wallet].oldest_first
    i = s.lo
    while points > 0:
        if oldest:
            i = oldest_lot(w, wallet)
        else:
            while i < s.hi and (w.lots[i].remaining == 0 or w.lots[i].pending or w.lots[i].wallet != wallet):
                i += 1
        if i >= s.hi or i < 0:
            break
        lot = w.lots[i]
        part = min(lot.remaining, points)
        points -= part
        lot.remaining -= part
        w.wallets[wallet].available -= part
        post(w, kind, at, wallet, AVAILABLE, -part, lot.source, lot.n, ref, rule, reason)
        if kind == RESERVED:
            k = slot(w, HOLDS, w.holds.size)
            x = w.holds[k]
            x.ref, x.source, x.n, x.wallet, x.points = ref, lot.source, lot.n, wallet, part
            x.earned_at, x.expires_at, x.until, x.granted = lot.earned_at, lot.expires_at, NEVER, lot.granted
        elif kind == REDEEMED or kind == TRANSFERRED_OUT:
            remember_taken(w, ref, lot.source, lot.n, wallet, part, lot.earned_at, lot.expires_at, lot.granted)
    drop_empty(w)
    return points


@kernel
def oldest_lot(w, wallet):
    """The first available lot by (earned, expires, source, number); -1 when there is none. Ties follow the order of the queue."""
    s, best = w.span[LOTS], -1
    for i in range(s.lo, s.hi):
        lot = w.lots[i]
        if lot.remaining > 0 and lot.pending == 0 and lot.wallet == wallet and (best < 0 or lot.earned_at < w.lots[best].earned_at):
            best = i
    return best


@kernel
def remember_taken(w, ref, source, n, wallet, points, earned, expires, granted):
    """A row of the redemption's card, whose header is the last one: what its cancellation gives back."""
    x = w.taken[slot(w, TAKEN, w.taken.size)]
    x.ref, x.source, x.n, x.wallet, x.points, x.earned_at, x.expires_at, x.back = ref, source, n, wallet, points, earned, expires, 0
    x.granted = granted
    w.redemptions[w.span[REDEMPTIONS].hi - 1].rows += 1


@kernel
def take_own(w, wallet, at, points, source, n, ref, rule, pending_only):
    """Takes what is left of the lots that a source gave, of number n or of ANY, what is pending first (S35). -> the rest"""
    s, x = w.span[LOTS], w.wallets[wallet]
    for pending in range(1, -1, -1):
        if pending_only and pending == 0:
            break
        i = s.lo
        while points > 0 and i < s.hi:
            lot = w.lots[i]
            own = lot.source == source and (lot.n == n or n == ANY) and lot.wallet == wallet
            if own and (lot.pending > 0) == (pending > 0) and lot.remaining > 0:
                part = min(lot.remaining, points)
                lot.remaining -= part
                points -= part
                x.clawed_back += part
                if pending:
                    x.pending -= part
                else:
                    x.available -= part
                post(w, CLAWED_BACK, at, wallet, PENDING if pending else AVAILABLE, -part, source, lot.n, ref, rule, 0)
            i += 1
    drop_empty(w)
    return points


@kernel
def drop_empty(w):
    s = w.span[LOTS]
    while s.lo < s.hi and w.lots[s.lo].remaining == 0:
        s.lo += 1
