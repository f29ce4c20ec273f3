"""What the rules that pay post: entries, lots, limits used, and the parts that a return will need."""

from __future__ import annotations

from loyalty_streams.core.codes import NEVER, Bucket, EntryKind, Reason
from loyalty_streams.core.kernel.basket import read_basket
from loyalty_streams.core.kernel.caps import cap
from loyalty_streams.core.kernel.earning import choose_in_groups, judge_rules
from loyalty_streams.core.kernel.calendar import know_date
from loyalty_streams.core.kernel.jit import kernel, leaf
from loyalty_streams.core.kernel.lots import COUNTED, FOLLOWS, deliver, expiry_of, name_given, prepare, waits
from loyalty_streams.core.kernel.once import remember_once, wait_in_line
from loyalty_streams.core.kernel.records import ON_INTERACTION, ON_ORDER, ON_TIER, PARTS
from loyalty_streams.core.kernel.rows import post, slot
from loyalty_streams.core.kernel.tiers import assess, calm, falls_at_once, ladder_of, rung_of

EARNED, REFUSED = int(EntryKind.EARNED), int(EntryKind.REFUSED)
AVAILABLE, PENDING = int(Bucket.AVAILABLE), int(Bucket.PENDING)
OK, CONDITION = 0, int(Reason.CONDITION)
STATUS_BLOCKED, LIMIT_REACHED = int(Reason.STATUS_BLOCKED), int(Reason.LIMIT_REACHED)
METRIC = int(Reason.METRIC)
FIRST_COMPUTED, LAST_COMPUTED = int(Reason.CONDITION), int(Reason.ONCE)


@kernel
def note_basket(w, p, trigger):
    """Lines of an order that earns nothing are remembered for its returns as those of any other."""
    if trigger == ON_ORDER and w.ctl.cards:
        read_basket(w, p)


@kernel
def earn(w, p, trigger, match, source, about):
    """Every rule of one trigger on the fact in hand: it pays, it is cut, or it is refused with its reason."""
    lo, hi = p.first_rule[trigger], p.first_rule[trigger + 1]
    if trigger >= ON_TIER:
        while lo < hi and p.rules[lo].match != match:
            lo += 1
        end = lo
        while end < hi and p.rules[end].match == match:
            end += 1
        hi = end
    if lo == hi:
        note_basket(w, p, trigger)
        return
    know_date(w, p)
    h = w.head
    if (p.settings.earn_statuses >> h.status) & 1 == 0:
        post(w, REFUSED, w.fact.at, p.settings.main_wallet, 0, 0, 0, 0, about, -1, STATUS_BLOCKED)
        note_basket(w, p, trigger)
        return
    amount = read_basket(w, p) if trigger == ON_ORDER else 0
    judge_rules(w, p, lo, hi, amount)
    if p.n.groups:
        choose_in_groups(w, p, lo, hi)
    if p.settings.has_limits:
        cap(w, p)
    for i in range(w.ctl.called):
        rule, c = p.rules[w.called[i]], w.candidates[w.called[i]]
        if c.reason == OK and c.points > 0:
            pay(w, p, rule, c, source, about)
        elif c.reason == OK:
            explain(w, p, rule, c, c.capped, about)
        elif w.ctl.explain or not FIRST_COMPUTED <= c.reason <= LAST_COMPUTED:
            explain(w, p, rule, c, c.reason, about)
        if rule.once == 1 and rule.reads_orders and trigger == ON_ORDER and c.points == 0:
            wait_in_line(w, p, rule, c, about)


@leaf
def pay(w, p, rule, c, source, about):
    """One rule's points: an entry, the lot, the second wallet, and what a return needs to know."""
    at, wallet = w.fact.at, rule.wallet
    prepare(w, p, wallet, at, source)
    g = w.given[wallet]
    e = post(w, EARNED, at, wallet, PENDING if waits(w, p, wallet, at) else AVAILABLE, c.points, source, g.n, about, rule.id, c.capped)
    e.basis, e.desired, e.num, e.den = c.basis, c.desired, c.num, c.den
    w.wallets[wallet].issued += c.points
    deliver(w, p, wallet, at, c.points, source, about, COUNTED)
    also_n = pay_also(w, p, rule, c, source, about) if rule.also >= 0 else 0
    if rule.once:
        o = w.once[remember_once(w, rule, about if rule.trigger == ON_ORDER else 0, source, 1)]
        o.points, o.n, o.wallet, o.also, o.also_n, o.at = c.points, g.n, wallet, rule.also, also_n, max(at, g.activates)
    if rule.trigger == ON_ORDER and w.ctl.cards:
        x = w.parts[slot(w, PARTS, w.parts.size)]
        x.rule, x.form, x.wallet, x.n, x.points, x.back, x.mask = rule.id, rule.form, wallet, g.n, c.points, 0, rule.lines_mask | c.won
        x.active_at, x.also, x.also_wallet, x.also_back = g.activates, c.points if rule.also >= 0 else 0, rule.also, 0
        x.also_n = also_n


@kernel
def pay_also(w, p, rule, c, source, about):
    """The same number into another wallet, maturing with the first (S14). -> the number of its lot"""
    at, wallet, first = w.fact.at, rule.also, w.given[rule.wallet]
    g, activates = w.given[wallet], first.activates
    expires = expiry_of(w, p, wallet, at, activates, p.terms[rule.wallet].pending) if p.terms[wallet].lots else NEVER
    # At -1: what the fact gives into this wallet by itself has terms of its own.
    name_given(w, p, wallet, -1, source, activates, expires, FOLLOWS + rule.wallet)
    g.n = g.n if p.terms[wallet].lots else first.n
    e = post(w, EARNED, at, wallet, PENDING if waits(w, p, wallet, at) else AVAILABLE, c.points, source, g.n, about, rule.id, c.capped)
    e.basis, e.desired, e.num, e.den = c.basis, c.desired, c.num, c.den
    w.wallets[wallet].issued += c.points
    deliver(w, p, wallet, at, c.points, source, about, FOLLOWS + rule.wallet)
    return g.n


@kernel
def explain(w, p, rule, c, reason, about):
    """Why a rule did not pay: reason, the actual value, and the condition row that failed (T186)."""
    e = post(w, REFUSED, w.fact.at, rule.wallet, 0, 0, 0, 0, about, rule.id, reason)
    e.basis, e.desired, e.num, e.den = c.basis, c.desired, c.num, c.den
    if reason == CONDITION:
        e.basis, e.desired = c.actual, c.failed


@leaf
def settle_tier(w, p, at, may_fall, reason):
    """Judges the tier where that may change anything."""
    if may_fall or not calm(w, p, at):
        judge_tier(w, p, at, may_fall, reason)


@kernel
def judge_tier(w, p, at, may_fall, reason):
    """Judges the tier and pays what its rules give for a rung reached (T106, T107)."""
    before = w.head.tier
    if assess(w, p, at, may_fall, reason):
        after_change(w, p, at, before)


@kernel
def after_change(w, p, at, before):
    """The gifts of a tier reached, and the tier that these, or what has lapsed with the change, lead to in turn (S20, S25, S42)."""
    again = True
    while again:
        ladder = ladder_of(w, p)
        given = p.settings.has_tier_rule and rung_of(p, ladder, w.head.tier) > rung_of(p, ladder, before)
        if given:
            tier_gifts(w, p, before)
        before = w.head.tier
        again = (given or falls_at_once(p)) and assess(w, p, at, falls_at_once(p), METRIC)


@kernel
def tier_gifts(w, p, before):
    """What rules give for the rungs reached. It depends on no fact in hand: a tier is reached by time as well."""
    f = w.fact
    store, channel, kind, amount, lines = f.store, f.channel, f.type, f.amount, f.lines
    f.store, f.channel, f.type, f.amount, f.lines = 0, 0, 0, 0, 0
    ladder = ladder_of(w, p)
    old, new = rung_of(p, ladder, before), rung_of(p, ladder, w.head.tier)
    source = w.fact.source
    for rung in range(old + 1 if old >= 0 else new, new + 1):
        if rung == new or p.settings.all_passed:
            for wallet in range(w.given.size):
                w.given[wallet].at = -1
            earn(w, p, ON_TIER, p.rungs[rung].tier, source, source)
    f.store, f.channel, f.type, f.amount, f.lines = store, channel, kind, amount, lines


@leaf
def has_interaction_rule(p, code):
    for r in range(p.first_rule[ON_INTERACTION], p.first_rule[ON_INTERACTION + 1]):
        if p.rules[r].match == code:
            return True
    return False
