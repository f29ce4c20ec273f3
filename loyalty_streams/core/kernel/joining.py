"""A merge in the history of the account that stays: it takes over the state of the other one (T137 to T143, S53).

`w` is the workspace of the survivor, `o` that of the account which was absorbed, as it was right before.
"""

from __future__ import annotations

from loyalty_streams.core.codes import ABSENT, NEVER, Bucket, EntryKind, Reason, Status
from loyalty_streams.core.kernel.calendar import next_birthday
from loyalty_streams.core.kernel.jit import kernel
from loyalty_streams.core.kernel.joining_rows import unite_counters, unite_dead, unite_holds, unite_lots, unite_metrics, unite_tags
from loyalty_streams.core.kernel.late import go_on
from loyalty_streams.core.kernel.lifetimes import expire, find_pending
from loyalty_streams.core.kernel.lots import take
from loyalty_streams.core.kernel.marks import leave_marks
from loyalty_streams.core.kernel.joining_once import unite_once
from loyalty_streams.core.kernel.pack import get_raw, read_state
from loyalty_streams.core.kernel.paying import settle_tier
from loyalty_streams.core.kernel.records import CARD_STATE, CHECK_ATTRIBUTE
from loyalty_streams.core.kernel.rows import post, refuse
from loyalty_streams.core.kernel.stages import set_stage
from loyalty_streams.core.kernel.tiers import falls_at_once, find_check, first_metric, first_need, ladder_of, rung_of, watch

AVAILABLE, PENDING, RESERVED, DEBT = (int(b) for b in Bucket)
TRANSFERRED_IN, DEBT_PAID, TIER_CHANGED = int(EntryKind.TRANSFERRED_IN), int(EntryKind.DEBT_PAID), int(EntryKind.TIER_CHANGED)
MERGED, METRIC, NOT_ALLOWED = int(Reason.MERGED), int(Reason.METRIC), int(Reason.NOT_ALLOWED)
IMPORTED = int(Status.IMPORTED)
STATE_AT = 9  # bytes of the card before the state: its kind, the code of the merge


@kernel
def find_state(w, o, cards, card_at, lo, hi):
    """Reads the state beside the merge in hand into the second workspace. -> whether there is one"""
    for k in range(lo, hi):
        at, end = card_at[k], card_at[k + 1]
        if end - at >= STATE_AT and cards[at] == CARD_STATE and get_raw(cards, at + 1) == w.fact.ref:
            o.ctl.full = 0
            read_state(o, cards, at + STATE_AT, end)
            w.ctl.full |= o.ctl.full
            return True
    return False


@kernel
def take_over(w, o, programmes, cards, card_at, lo, hi):
    """The other account becomes part of this one: balances, lots and metrics, then once rules, debt, tier and stage."""
    p, now = programmes[w.head.version], programmes[w.head.version]
    if not find_state(w, o, cards, card_at, lo, hi):
        refuse(w, NOT_ALLOWED, p.settings.main_wallet, 0, 0)
        return
    if o.head.version < 0:
        return
    leave_marks(w, p, w.head.clock)
    leave_marks(o, p, w.head.clock)
    bring_balances(w, o)
    unite_lots(w, o)
    find_pending(w)
    unite_holds(w, o)
    unite_dead(w, o)
    unite_tags(w, o)
    unite_metrics(w, o)
    unite_counters(w, o)
    unite_clocks(w, o)
    unite_once(w, o, p, programmes)
    pay_debts(w, p)
    go_on(w, programmes)
    now = programmes[w.head.version]
    unite_heads(w, o, now)
    if now.settings.has_tiers:
        unite_tiers(w, o, now)
        settle_tier(w, now, w.head.clock, falls_at_once(now), METRIC)
    if now.settings.has_stages:
        set_stage(w, now, w.head.clock, False)


@kernel
def bring_balances(w, o):
    """The mirror of what left the other account; its counters stay there."""
    for i in range(w.wallets.size):
        x, y = w.wallets[i], o.wallets[i]
        move_in(w, i, AVAILABLE, y.available)
        move_in(w, i, PENDING, y.pending)
        move_in(w, i, RESERVED, y.reserved)
        move_in(w, i, DEBT, y.debt)
        x.available += y.available
        x.pending += y.pending
        x.reserved += y.reserved
        x.debt += y.debt
        x.transferred_in += y.available + y.pending + y.reserved - y.debt


@kernel
def move_in(w, wallet, bucket, points):
    if points:
        post(w, TRANSFERRED_IN, w.fact.at, wallet, bucket, points, 0, 0, w.fact.ref, -1, MERGED)


@kernel
def unite_clocks(w, o):
    """Of two clocks of inactivity the one of the later activity runs."""
    for i in range(w.wallets.size):
        x, y = w.wallets[i], o.wallets[i]
        if y.lapse_at > 0 and (x.lapse_at == 0 or y.idle_since > x.idle_since):
            x.idle_since, x.lapse_at = y.idle_since, y.lapse_at


@kernel
def unite_heads(w, o, p):
    """What is known of the member: the survivor's, else the other's; sums add up, of two instants the one that counts longer."""
    h, q, g = w.head, o.head, p.settings
    h.orders += q.orders
    h.lifetime_spend += q.lifetime_spend
    h.first_at = q.first_at if h.first_at == 0 else h.first_at if q.first_at == 0 else min(h.first_at, q.first_at)
    h.last_at = max(h.last_at, q.last_at)
    h.enrolled_at = min(h.enrolled_at, q.enrolled_at)
    h.enrolled |= q.enrolled
    h.birthday_year = max(h.birthday_year, q.birthday_year)
    if h.birthday == 0 and q.birthday:
        h.birthday, w.ctl.born_from, w.ctl.born_to = q.birthday, 0, 0
        h.birthday_due = next_birthday(p, h.clock, h.birthday) if g.has_birthday_rule else NEVER
    h.region = h.region if h.region else q.region
    h.customer_type = h.customer_type if h.customer_type else q.customer_type
    h.reassess_at = min(h.reassess_at, q.reassess_at)
    if restriction(q.status) > restriction(h.status):
        h.status = q.status
    if h.attribute_date == ABSENT and q.attribute_date != ABSENT:
        h.attribute_date = q.attribute_date
        if g.has_tiers and g.check == CHECK_ATTRIBUTE:
            find_check(w, p, h.clock)


@kernel
def restriction(status):
    """How much a status forbids: an imported member acts as an active one, and is one once the other side was."""
    return 0 if status == IMPORTED else 1 + status


@kernel
def pay_debts(w, p):
    """What one side owed is paid at once from available lots of both, in consumption order (T137)."""
    for i in range(w.wallets.size):
        x = w.wallets[i]
        due = min(x.debt, x.available)
        if due > 0 and p.terms[i].lots:
            x.debt -= due - take(w, p, i, w.fact.at, due, DEBT_PAID, w.fact.ref, -1, 0)


@kernel
def unite_tiers(w, o, p):
    """The higher tier wins with its clocks; at the same tier the earlier start and the later ends (T138). Taking a tier over pays no gift."""
    h, q, ladder = w.head, o.head, ladder_of(w, p)
    mine, theirs = max(rung_of(p, ladder, h.tier), ladder.lo), max(rung_of(p, ladder, q.tier), ladder.lo)
    h.rise, h.spared_rung = -1, 0
    if theirs > mine:
        e = post(w, TIER_CHANGED, h.clock, p.settings.main_wallet, 0, 0, 0, 0, 0, -1, MERGED)
        e.basis, e.desired, e.num, e.den = first_metric(w, p), first_need(p, p.rungs[theirs]), h.tier, p.rungs[theirs].tier
        h.tier, h.tier_since, h.tier_at, h.tier_seq, h.tier_locked = q.tier, q.tier_since, q.tier_at, q.tier_seq, q.tier_locked
        take_term(h, q)
        if p.settings.check == CHECK_ATTRIBUTE and q.attribute_date == ABSENT:
            find_check(w, p, h.clock)
    elif h.tier == q.tier:
        h.tier_since, h.tier_locked = min(h.tier_since, q.tier_since), max(h.tier_locked, q.tier_locked)
        if q.tier_at < h.tier_at:
            h.tier_at, h.tier_seq = q.tier_at, q.tier_seq
        if h.tier_until < q.tier_until < NEVER or h.tier_until == NEVER:  # NEVER: not checked, or not known when
            take_term(h, q)
    expire(w, p, h.clock)
    watch(w, p)


@kernel
def take_term(h, q):
    """The term of a tier that goes on: since when it was kept, its end, grace, and whether its end was told."""
    h.tier_kept, h.tier_until, h.tier_dated, h.tier_grace, h.tier_noticed = q.tier_kept, q.tier_until, q.tier_dated, q.tier_grace, q.tier_noticed
