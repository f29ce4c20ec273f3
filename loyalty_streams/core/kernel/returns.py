"""Goods brought back: each rule's points for the returned lines, by the version and multiplier of the original order (T069-T086)."""

from __future__ import annotations

from loyalty_streams.core.codes import NEVER, Bucket, EntryKind, FactKind, LineKind, Reason
from loyalty_streams.core.kernel.basket import amount_of, one_line, read_basket, units_of
from loyalty_streams.core.kernel.calendar import period_end, shift
from loyalty_streams.core.kernel.caps import release, rule_position
from loyalty_streams.core.kernel.earning import worth
from loyalty_streams.core.kernel.exact import share
from loyalty_streams.core.kernel.jit import kernel, leaf
from loyalty_streams.core.kernel.lots import ANY, COUNTED, deliver, prepare, take, take_own, waits
from loyalty_streams.core.kernel.marks import add_mark, lower_mark, lower_wallet, mark_wallet, tier_spend
from loyalty_streams.core.kernel.once import drop_once, matured_at, note_back, taken_back
from loyalty_streams.core.kernel.records import (
    EFFECT_END_OF_DAY, EFFECT_IMMEDIATE, EFFECT_PERIOD_END, FIXED, LINE_EXACT, LINES, M_ORDERS, M_SPEND, ON_ORDER, ONCE, ORDERS, PARTS, PASS,
    PERIOD_DAY, PERIOD_MONTH, POLICY_DEBT, POLICY_PENDING, REWARD_BIT, STEP, W_CALENDAR, WHOLE,
)
from loyalty_streams.core.kernel.redemption import SPENT, find_redemption, restore_last
from loyalty_streams.core.kernel.rows import judge, post, refuse, slot
from loyalty_streams.core.kernel.paying import pay_also, settle_tier
from loyalty_streams.core.kernel.spreading import spread
from loyalty_streams.core.kernel.tiers import watch

CANCELLATION, REWARD = int(FactKind.CANCELLATION), int(LineKind.REWARD)
AVAILABLE, DEBT, PENDING = int(Bucket.AVAILABLE), int(Bucket.DEBT), int(Bucket.PENDING)
CLAWED_BACK, WRITTEN_OFF, EARNED = int(EntryKind.CLAWED_BACK), int(EntryKind.WRITTEN_OFF), int(EntryKind.EARNED)
METRIC = int(Reason.METRIC)
REFUSED_RETURN, TAKEN, ALL_BACK = range(3)  # what became of a return
UNKNOWN_ORDER, TOO_LATE, OVER_RETURN, RETURNED = int(Reason.UNKNOWN_ORDER), int(Reason.TOO_LATE), int(Reason.OVER_RETURN), int(Reason.RETURNED)


@leaf
def remember_order(w, p, first_part, counted):
    """What its returns will need: the lines, and what each rule gave."""
    f = w.fact
    o = w.orders[slot(w, ORDERS, w.orders.size)]
    o.ref, o.at, o.version, o.store, o.amount, o.counted, o.about = f.ref, f.at, w.head.version, f.store, f.amount, counted, f.about
    o.points_used, o.points_back, o.money_back, o.counted_back, o.by_money, o.done, o.dirty = f.points, 0, 0, 0, 0, 0, 1
    o.seq, o.stands = w.head.seq if f.at == w.head.clock else -1, w.head.clock
    o.lines, o.parts, o.lines_lo, o.parts_lo = f.lines, w.span[PARTS].hi - first_part, w.span[LINES].hi, first_part
    for k in range(f.lines):
        x, line = w.lines[slot(w, LINES, w.lines.size)], w.basket[k]
        x.no, x.qty, x.amount, x.net, x.mask, x.qty_back, x.amount_back, x.by_money = line.no, line.qty, line.amount, line.net, line.mask, 0, 0, 0
        x.mask |= (1 << REWARD_BIT) if line.kind == REWARD else 0
        x.outside = 1 if p.settings.tier_exclude >= 0 and judge(w, p, p.settings.tier_exclude, k) == PASS else 0


@kernel
def find_order(w, ref):
    s = w.span[ORDERS]
    for i in range(s.hi - 1, s.lo - 1, -1):
        if w.orders[i].ref == ref:
            return i
    return -1


@kernel
def return_order(w, p, ps):
    """A return, an exchange's return, a cancellation or an unlinked refund. -> REFUSED_RETURN, TAKEN, or ALL_BACK when an order is now fully back"""
    f, g = w.fact, p.settings
    if f.refuse:
        refuse(w, f.refuse, g.main_wallet, 0, 0)
        return REFUSED_RETURN
    if f.about == 0:
        refund_unlinked(w, p)
        return TAKEN
    i = find_order(w, f.about)
    if i < 0:
        refuse(w, UNKNOWN_ORDER, g.main_wallet, 0, 0)
        return REFUSED_RETURN
    o = w.orders[i]
    if f.at > shift(p, o.at, g.within_months, g.within_days, g.within_micros):
        if g.later_unlinked:
            refund_unlinked(w, p)
            return TAKEN
        refuse(w, TOO_LATE, g.main_wallet, o.at, 0)
        return REFUSED_RETURN
    was_done, spend_back = o.done, o.counted_back
    money = take_back(w, p, o)
    full = o.done == 1
    o.dirty = 1
    claw_parts(w, p, ps, o, full)
    restore_points(w, p, o, full)
    w.head.lifetime_spend -= money
    for m in range(p.n.metrics):
        if p.metrics[m].kind == M_SPEND:
            lower_mark(w, p, m, o.at, o.counted_back - spend_back, o.seq)
        elif p.metrics[m].kind == M_ORDERS and full and was_done == 0:
            lower_mark(w, p, m, o.at, 1, o.seq)
    if full and was_done == 0:
        w.head.orders -= 1
        return_once(w, p, o)
    return ALL_BACK if full and was_done == 0 else TAKEN


@kernel
def take_back(w, p, o):
    """Notes what came back: everything, money, or lines; the excess is refused (T080). -> the money"""
    f, before = w.fact, o.money_back
    if f.kind == CANCELLATION:
        o.money_back, o.done = o.amount, 1
        for j in range(o.lines_lo, o.lines_lo + o.lines):
            w.lines[j].qty_back, w.lines[j].amount_back = w.lines[j].qty, w.lines[j].amount
    elif f.lines == 0:
        take_money(w, p, o)
    else:
        take_lines(w, p, o)
    if o.amount > 0 and o.money_back >= o.amount:
        o.counted_back, o.done = o.counted, 1
    elif all_units_back(w, o):
        o.done = 1
    return o.money_back - before


@kernel
def take_money(w, p, o):
    """Money without lines: the part that counts for tiers goes in proportion (S33)."""
    money = min(w.fact.amount, o.amount - o.money_back)
    if w.fact.amount > money:
        refuse(w, OVER_RETURN, p.settings.main_wallet, 0, w.fact.amount - money)
    o.by_money = 1
    o.money_back += money
    if o.amount > 0:
        o.counted_back = max(o.counted_back, share(o.counted, o.money_back, o.amount))


@kernel
def take_lines(w, p, o):
    """Line by line: quantity and money, cut to what is left of the line and of the order (S32)."""
    for k in range(w.fact.lines):
        back, j = w.basket[k], find_line(w, o, w.basket[k].no)
        if j < 0:
            refuse(w, OVER_RETURN, p.settings.main_wallet, back.no, back.qty)
            continue
        x = w.lines[j]
        qty = min(back.qty, x.qty - x.qty_back)
        if back.qty > qty:
            refuse(w, OVER_RETURN, p.settings.main_wallet, x.no, back.qty - qty)
        if qty == 0 and back.qty > 0:
            continue
        money = min(back.amount, x.amount - x.amount_back, o.amount - o.money_back)
        x.qty_back += qty
        x.amount_back += money
        x.by_money = 1 if back.qty == 0 else x.by_money
        o.money_back += money
        if x.outside == 0:
            o.counted_back = min(o.counted, o.counted_back + money)


@kernel
def all_units_back(w, o):
    """Whether the quantities of all lines are back (S33)."""
    units, missing = 0, 0
    for j in range(o.lines_lo, o.lines_lo + o.lines):
        units += w.lines[j].qty
        missing += w.lines[j].qty - w.lines[j].qty_back
    return units > 0 and missing == 0


@kernel
def find_line(w, o, no):
    for j in range(o.lines_lo, o.lines_lo + o.lines):
        if w.lines[j].no == no:
            return j
    return -1


@kernel
def target(w, p, o, part, full):
    """The points of one part that should be back by now (S34)."""
    if full:
        return part.points
    by_money = share(part.points, o.money_back, o.amount) if o.amount > 0 else 0
    if p.settings.clawback != LINE_EXACT:
        return by_money
    upto = 0
    if part.form != FIXED:
        spread(w, o, part)
        for k in range(o.lines):
            line = w.lines[o.lines_lo + k]
            back = share(w.weight[k], line.qty_back, line.qty) if line.qty_back > 0 else 0
            if line.by_money and line.amount > 0:
                back = max(back, share(w.weight[k], line.amount_back, line.amount))
            upto += back
        if o.by_money:
            upto = max(upto, by_money)
    return upto


@kernel
def claw_parts(w, p, ps, o, full):
    """Each rule's points in order of the table; the main wallet before the second (S35)."""
    for j in range(o.parts_lo, o.parts_lo + o.parts):
        part = w.parts[j]
        back = max(0, target(w, p, o, part, full) - part.back)
        if back > 0:
            part.back += back
            seq = o.seq if part.active_at == o.at else -1
            merged = taken_back(w, o.ref, part.rule)
            if not merged:
                claw(w, p, part.wallet, back, o.ref, part.n, o.ref, part.rule, part.active_at, seq, p.settings.policy)
            if part.also > 0 and not merged:
                claw(w, p, part.also_wallet, back, o.ref, part.also_n, o.ref, part.rule, part.active_at, seq, p.settings.policy)
            note_back(w, o.ref, part.rule, back)
            old = ps[o.version]
            r = rule_position(old, part.rule)
            if r >= 0:
                release(w, old, old.rules[r], back, o)


@kernel
def claw(w, p, wallet, points, source, n, ref, rule, active_at, seq, policy):
    """Takes points back that a source gave: its own lots, then others in consumption order, then debt, as the policy says (T073, T075).

    Those of a wallet without lots go below zero where they must. What counted in metrics leaves them (S41).
    """
    f, x = w.fact, w.wallets[wallet]
    if p.terms[wallet].lots:
        taken = claw_lots(w, p, wallet, points, source, ref, rule, policy)
    else:
        taken = points
        rest = take_own(w, wallet, f.at, points, source, n, ref, rule, True)
        if rest > 0:
            x.available -= rest
            x.clawed_back += rest
            post(w, CLAWED_BACK, f.at, wallet, AVAILABLE, -rest, source, n, ref, rule, 0)
    counted_at = matured_at(w, source, n, wallet, active_at) if active_at == NEVER else active_at
    if counted_at <= w.head.clock:
        lower_wallet(w, p, wallet, counted_at, taken, seq)


@kernel
def claw_lots(w, p, wallet, points, source, ref, rule, policy):
    """-> points clawed back, those that became debt included"""
    f, x = w.fact, w.wallets[wallet]
    rest = take_own(w, wallet, f.at, points, source, ANY, ref, rule, policy == POLICY_PENDING)
    if rest > 0 and policy != POLICY_PENDING:
        uncovered = take(w, p, wallet, f.at, rest, CLAWED_BACK, ref, rule, 0)
        x.clawed_back += rest - uncovered
        rest = uncovered
        if rest > 0 and policy == POLICY_DEBT:
            x.debt += rest
            x.clawed_back += rest
            post(w, CLAWED_BACK, f.at, wallet, DEBT, rest, 0, 0, ref, rule, 0)
            return points
    if rest > 0:
        x.written_off += rest
        e = post(w, WRITTEN_OFF, f.at, wallet, AVAILABLE, 0, 0, 0, ref, rule, 0)
        e.basis = rest
    return points - rest


@kernel
def restore_points(w, p, o, full):
    """Points that paid for the order go back to the lots they came from, with the money (T076)."""
    k = find_redemption(w, o.about) if o.about else -1
    if k < 0 or w.redemptions[k].done != SPENT:
        return
    used = o.points_used if o.points_used > 0 else w.redemptions[k].points
    upto = used if full else share(used, o.money_back, o.amount) if o.amount > 0 else 0
    if upto > o.points_back:
        restore_last(w, p, w.fact.at, k, upto - o.points_back)
        o.points_back = upto


@kernel
def return_once(w, p, o):
    """A once rule paid for a fully returned order is taken back, and paid to the next order that waits (T020, S17)."""
    s = w.span[ONCE]
    i = s.lo
    while i < s.hi:
        x = w.once[i]
        if x.ref == o.ref and x.granted:
            rule, points, source, n, wallet, also, also_n, moved, at = x.rule, x.points, x.source, x.n, x.wallet, x.also, x.also_n, x.moved, x.at
            drop_once(w, i)
            if moved:
                claw(w, p, wallet, points, source, n, o.ref, rule, at, -1, p.settings.policy)
                if also >= 0:
                    claw(w, p, also, points, source, also_n, o.ref, rule, at, -1, p.settings.policy)
            next_in_line(w, p, rule)
            i = s.lo
        elif x.ref == o.ref:
            drop_once(w, i)
        else:
            i += 1


@kernel
def next_in_line(w, p, rule):
    """Pays a once rule to the first order that waited for it, at the instant of the return."""
    s, f, r = w.span[ONCE], w.fact, rule_position(p, rule)
    if r < 0 or p.rules[r].once != 1 or p.rules[r].reads_orders == 0:
        return
    for i in range(s.lo, s.hi):
        x, c = w.once[i], w.candidates[r]
        if x.rule == rule and x.granted == 0:
            wallet = p.rules[r].wallet
            c.points, c.desired, c.basis, c.num, c.den, c.capped = p.rules[r].fixed, p.rules[r].fixed, 1, p.rules[r].fixed, 1, RETURNED
            prepare(w, p, wallet, f.at, f.source)
            g = w.given[wallet]
            x.granted, x.moved, x.source, x.points, x.n, x.wallet, x.also, x.at = 1, 1, f.source, c.points, g.n, wallet, p.rules[r].also, g.activates
            e = post(w, EARNED, f.at, wallet, PENDING if waits(w, p, wallet, f.at) else AVAILABLE, c.points, f.source, g.n, x.ref, rule, RETURNED)
            e.basis, e.desired, e.num, e.den = c.basis, c.desired, c.num, c.den
            w.wallets[wallet].issued += c.points
            deliver(w, p, wallet, f.at, c.points, f.source, x.ref, COUNTED)
            x.also_n = pay_also(w, p, p.rules[r], c, f.source, x.ref) if x.also >= 0 else 0
            return


@kernel
def refund_unlinked(w, p):
    """Takes back what the rates in force give on the refund; the money is a row of its own instant (S36, S39)."""
    f = w.fact
    if f.lines == 0:
        one_line(w)
    amount = read_basket(w, p)
    for r in range(p.first_rule[ON_ORDER], p.first_rule[ON_ORDER + 1]):
        rule = p.rules[r]
        if rule.form > STEP:
            break
        if rule.reads_units:
            f.units = units_of(w, rule.lines_mask)
        if rule.valid_from <= f.at < rule.valid_until and judge(w, p, rule.condition, -1) == PASS:
            money = amount if rule.lines_mask == 1 else amount_of(w, rule.lines_mask, WHOLE, WHOLE)
            points = worth(rule, money) // p.settings.rate_den
            if points > 0:
                claw_unlinked(w, p, rule.wallet, points, rule.id)
                if rule.also >= 0:
                    claw_unlinked(w, p, rule.also, points, rule.id)
    w.head.lifetime_spend -= f.amount
    spend = tier_spend(w, p)
    for m in range(p.n.metrics):
        if p.metrics[m].kind == M_SPEND:
            add_mark(w, p, m, f.at, -spend)


@kernel
def claw_unlinked(w, p, wallet, points, rule):
    """Points of a refund without an order: no lots are its own, and they leave the metrics now."""
    f, x = w.fact, w.wallets[wallet]
    if p.terms[wallet].lots:
        points = claw_lots(w, p, wallet, points, f.ref, f.ref, rule, p.settings.policy)
    else:
        x.available -= points
        x.clawed_back += points
        post(w, CLAWED_BACK, f.at, wallet, AVAILABLE, -points, 0, 0, f.ref, rule, 0)
    mark_wallet(w, p, wallet, f.at, -points)


@kernel
def judge_after(w, effect, p):
    """When a return may change the tier (T082, S44)."""
    f, g, h = w.fact, p.settings, w.head
    if not g.has_tiers:
        return
    if effect == EFFECT_IMMEDIATE:
        settle_tier(w, p, f.at, True, METRIC)
    elif effect == EFFECT_END_OF_DAY:
        h.reassess_at = min(h.reassess_at, period_end(p, f.at, PERIOD_DAY))
    elif effect == EFFECT_PERIOD_END:
        end = NEVER
        for m in range(p.n.metrics):
            if p.metrics[m].judged and p.metrics[m].window == W_CALENDAR:
                end = min(end, period_end(p, f.at, p.metrics[m].period))
        h.reassess_at = min(h.reassess_at, end if end < NEVER else period_end(p, f.at, PERIOD_MONTH))
    watch(w, p)
