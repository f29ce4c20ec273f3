"""What is known of a member, and what staff do by hand: profiles and adjustments."""

from __future__ import annotations

from loyalty_streams.core.codes import ATTR, NEVER, Action, AttrKind, Bucket, EntryKind, Reason
from loyalty_streams.core.kernel.calendar import next_birthday, reckon_date
from loyalty_streams.core.kernel.jit import kernel
from loyalty_streams.core.kernel.late import go_on, version_at
from loyalty_streams.core.kernel.lots import GIVEN, dead, deliver, drop_empty, expiry_of, pay_debt, prepare, put_back, put_lot, take, waits
from loyalty_streams.core.kernel.paying import after_change, earn, settle_tier
from loyalty_streams.core.kernel.records import CHECK_ATTRIBUTE, CHECK_JOIN, DEAD, LOTS, ON_ENROLMENT, TAGS
from loyalty_streams.core.kernel.reminders import find_reminder, note_reminder
from loyalty_streams.core.kernel.rows import post, refuse, slot
from loyalty_streams.core.kernel.tiers import change_tier, find_check, is_checked, ladder_of, rung_of, set_check, watch

BIRTHDAY, TAG, REGION, CUSTOMER_TYPE, STATUS = ATTR["birthday"], ATTR["tag"], ATTR["region"], ATTR["customer_type"], ATTR["status"]
TIER, TIER_SINCE, TIER_UNTIL, ENROLLED_AT = ATTR["tier"], ATTR["tier_since"], ATTR["tier_until"], ATTR["enrolled_at"]
ACTION, WALLET, EXPIRES_AT, AVAILABLE_AT = ATTR["action"], ATTR["wallet"], ATTR["expires_at"], ATTR["available_at"]
UNTIL, ALLOW_NEGATIVE = ATTR["until"], ATTR["allow_negative"]
ADD, DEDUCT, REINSTATE, SET_TIER, EXTEND = (int(a) for a in Action)
DATE = int(AttrKind.DATE)
AVAILABLE, PENDING, DEBT = int(Bucket.AVAILABLE), int(Bucket.PENDING), int(Bucket.DEBT)
ADJUSTED, REINSTATED, EXTENDED = int(EntryKind.ADJUSTED), int(EntryKind.REINSTATED), int(EntryKind.EXTENDED)
OPENED = int(EntryKind.OPENED)
STATUS_CHANGED = int(EntryKind.STATUS_CHANGED)
INSUFFICIENT, NOT_ALLOWED, MANUAL, IMPORTED = int(Reason.INSUFFICIENT), int(Reason.NOT_ALLOWED), int(Reason.MANUAL), int(Reason.IMPORTED)
METRIC = int(Reason.METRIC)


@kernel
def attribute(w, facts, name, missing):
    """The value of the first attribute row of the fact in hand with that name."""
    f = w.fact
    for i in range(f.attr_lo, f.attr_hi):
        if facts.attr_name[i] == name:
            return facts.attr_value[i]
    return missing


@kernel
def profile(w, p, now, programmes, facts):
    """Takes over what a profile says; the first with an enrolment instant fires the enrolment rules (S3)."""
    f, h, g = w.fact, w.head, now.settings
    tags_cleared, enrolled_at, attribute_date = False, h.enrolled_at, h.attribute_date
    h.rise = -1  # the ladder, and when it is checked, may change
    for i in range(f.attr_lo, f.attr_hi):
        name, value = facts.attr_name[i], facts.attr_value[i]
        if name == BIRTHDAY:
            h.birthday, w.ctl.born_from, w.ctl.born_to = value, 0, 0
            h.birthday_due = next_birthday(p, h.clock, value) if g.has_birthday_rule else NEVER
        elif name == REGION:
            h.region = value
        elif name == CUSTOMER_TYPE:
            h.customer_type = value
        elif name == TAG:
            if not tags_cleared:
                w.span[TAGS].lo, w.span[TAGS].hi, tags_cleared = 0, 0, True
            w.tags[slot(w, TAGS, w.tags.size)].tag = value
        elif name == STATUS and value != h.status:
            e = post(w, STATUS_CHANGED, f.at, g.main_wallet, 0, 0, 0, 0, 0, -1, 0)
            e.num, e.den = h.status, value
            h.status = value
        elif name == g.check_attribute and facts.attr_kind[i] == DATE:
            h.attribute_date = value
    judging, h.version = h.version, version_at(programmes, h.clock) if f.at != h.clock else h.version
    import_tier(w, now, facts)
    h.version = judging
    if h.enrolled == 0 and attribute(w, facts, ENROLLED_AT, NEVER) != NEVER:
        h.enrolled, h.enrolled_at = 1, f.at
        reckon_date(w, p)
        earn(w, p, ON_ENROLMENT, 0, f.source, f.ref)
    go_on(w, programmes)
    if g.has_tiers:
        if (g.check == CHECK_JOIN and h.enrolled_at != enrolled_at) or (g.check == CHECK_ATTRIBUTE and h.attribute_date != attribute_date):
            find_check(w, now, h.clock)
        settle_tier(w, now, h.clock, False, METRIC)


@kernel
def tier_named(p, code):
    for i in range(p.n.tiers):
        if p.tier_codes[i] == code:
            return i
    return -1


@kernel
def import_tier(w, p, facts):
    """A tier brought from another system, with its own start and end; nobody reaches it now, so it pays nothing (T116, S45)."""
    h = w.head
    code = attribute(w, facts, TIER, 0)
    if code == 0 or not p.settings.has_tiers:
        return
    rung = rung_of(p, ladder_of(w, p), tier_named(p, code))
    if rung < 0:
        refuse(w, NOT_ALLOWED, p.settings.main_wallet, 0, 0)
        return
    since = attribute(w, facts, TIER_SINCE, h.clock)
    change_tier(w, p, h.clock, rung, IMPORTED)
    h.tier_since = since
    set_check(w, p, since, h.clock)
    until = attribute(w, facts, TIER_UNTIL, NEVER)
    if until < NEVER and is_checked(w, p):
        h.tier_until, h.tier_dated = until, 1
    watch(w, p)


@kernel
def wallet_named(p, code):
    if code == 0:
        return p.settings.main_wallet
    for i in range(p.n.wallets):
        if p.terms[i].code == code and p.terms[i].used:
            return i
    return -1


@kernel
def adjust(w, p, now, programmes, facts):
    """What staff decided: points added or deducted, lots reinstated or extended, a tier set."""
    f = w.fact
    action, wallet = attribute(w, facts, ACTION, ADD), wallet_named(p, attribute(w, facts, WALLET, 0))
    if f.refuse or wallet < 0:
        refuse(w, f.refuse if f.refuse else NOT_ALLOWED, p.settings.main_wallet, 0, f.points)
    elif action == ADD:
        add_points(w, p, facts, wallet)
    elif action == DEDUCT:
        deduct(w, p, wallet, attribute(w, facts, ALLOW_NEGATIVE, 0) != 0)
    elif action == REINSTATE:
        reinstate(w, p, wallet, attribute(w, facts, EXPIRES_AT, NEVER))
    elif action == EXTEND:
        extend(w, p, wallet, attribute(w, facts, EXPIRES_AT, attribute(w, facts, UNTIL, 0)))
    else:
        set_tier(w, now, programmes, tier_named(now, attribute(w, facts, TIER, 0)), attribute(w, facts, UNTIL, 0))


@kernel
def add_points(w, p, facts, wallet):
    f, x = w.fact, w.wallets[wallet]
    if f.points <= 0:
        refuse(w, NOT_ALLOWED, wallet, 0, f.points)
        return
    x.adjusted += f.points
    put_in(w, p, facts, wallet, ADJUSTED, MANUAL)


@kernel
def opening(w, p, facts):
    """What a member had in another system: it counts in `opening` and in nothing else (T145, S52)."""
    f, wallet = w.fact, wallet_named(p, attribute(w, facts, WALLET, 0))
    if f.refuse or wallet < 0 or f.points <= 0 or attribute(w, facts, EXPIRES_AT, NEVER) <= f.at:
        refuse(w, f.refuse if f.refuse else NOT_ALLOWED, max(wallet, p.settings.main_wallet), 0, f.points)
        return
    w.wallets[wallet].opening += f.points
    put_in(w, p, facts, wallet, OPENED, IMPORTED)


@kernel
def put_in(w, p, facts, wallet, kind, reason):
    """Points that no rule gives, with the dates that the fact says, else those of the wallet."""
    f = w.fact
    prepare(w, p, wallet, f.at, f.source)
    g = w.given[wallet]
    g.activates = max(f.at, attribute(w, facts, AVAILABLE_AT, f.at))
    g.expires = expiry_of(w, p, wallet, f.at, g.activates, p.terms[wallet].pending)
    if p.terms[wallet].lots:
        g.expires = attribute(w, facts, EXPIRES_AT, g.expires)
    e = post(w, kind, f.at, wallet, PENDING if waits(w, p, wallet, f.at) else AVAILABLE, f.points, f.source, g.n, f.ref, -1, reason)
    e.desired = f.points
    deliver(w, p, wallet, f.at, f.points, f.source, f.ref, GIVEN)


@kernel
def deduct(w, p, wallet, allow_negative):
    """A deduction passes zero only where it says so (T091)."""
    f, x = w.fact, w.wallets[wallet]
    if f.points <= 0:
        refuse(w, NOT_ALLOWED, wallet, 0, f.points)
        return
    if f.points > x.available and not allow_negative:
        refuse(w, INSUFFICIENT, wallet, x.available, f.points)
        return
    x.adjusted -= f.points
    if p.terms[wallet].lots == 0:
        x.available -= f.points
        post(w, ADJUSTED, f.at, wallet, AVAILABLE, -f.points, 0, 0, f.ref, -1, MANUAL)
        return
    rest = take(w, p, wallet, f.at, f.points, ADJUSTED, f.ref, -1, MANUAL)
    if rest > 0:
        x.debt += rest
        post(w, ADJUSTED, f.at, wallet, DEBT, rest, 0, 0, f.ref, -1, MANUAL)


@kernel
def reinstate(w, p, wallet, expires_at):
    """Lots that expired not longer ago than the window come back (T050), seen from where the fact stands: what came in vain is forgotten by then."""
    f, s, x, t = w.fact, w.span[DEAD], w.wallets[wallet], p.terms[wallet]
    found, keep = 0, s.lo
    for i in range(s.lo, s.hi):
        d = w.dead[i]
        if d.wallet == wallet and t.reinstate_within > 0 and d.expired_at >= w.head.clock - t.reinstate_within:
            found += 1
            expires = expires_at
            if expires == NEVER:
                expires = expiry_of(w, p, wallet, f.at, f.at, t.pending)
            x.expired -= d.points
            e = post(w, REINSTATED, f.at, wallet, AVAILABLE, d.points, d.source, d.n, f.ref, -1, MANUAL)
            e.basis = expires
            rest = pay_debt(w, wallet, f.at, d.points, d.source, d.n) if not dead(w, p, wallet, expires) else d.points
            x.available += rest
            put_back(w, d.source, d.n, wallet, d.earned_at, expires, d.granted, rest)
            note_reminder(w, p, wallet, expires)
        else:
            w.dead[keep] = d
            keep += 1
    s.hi = keep
    if found == 0:
        refuse(w, NOT_ALLOWED, wallet, 0, 0)


@kernel
def extend(w, p, wallet, until):
    """Every lot of a wallet that would die earlier lives until then."""
    f, s = w.fact, w.span[LOTS]
    i, last = s.lo, s.hi
    if until <= f.at:
        refuse(w, NOT_ALLOWED, wallet, 0, 0)
        return
    while i < last:
        lot = w.lots[i]
        if lot.wallet == wallet and lot.remaining > 0 and lot.expires_at < until:
            points, source, n, earned, activates, pending, about = (
                lot.remaining, lot.source, lot.n, lot.earned_at, lot.activates_at, lot.pending, lot.about
            )
            granted = lot.granted
            e = post(w, EXTENDED, f.at, wallet, PENDING if pending else AVAILABLE, 0, source, n, f.ref, -1, MANUAL)
            e.basis, e.desired = points, until
            lot.remaining = 0
            put_lot(w, source, n, wallet, earned, activates, until, granted, points, pending, about)
        i += 1
    drop_empty(w)
    find_reminder(w, p, w.head.clock)


@kernel
def set_tier(w, p, programmes, tier, until):
    """A tier by hand, locked until a date (T113, S45)."""
    f, h = w.fact, w.head
    rung = rung_of(p, ladder_of(w, p), tier) if p.settings.has_tiers and tier >= 0 else -1
    if rung < 0:
        refuse(w, NOT_ALLOWED, p.settings.main_wallet, 0, 0)
        return
    go_on(w, programmes)
    before = h.tier
    change_tier(w, p, f.at, rung, MANUAL)
    h.tier_locked = until
    watch(w, p)
    after_change(w, p, f.at, before)
