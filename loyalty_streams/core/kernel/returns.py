"""Goods brought back: each rule's points for the returned lines, by the version and multiplier of the original order (T069-T086)."""

from __future__ import annotations

from loyalty_streams.core.codes import Bucket, EntryKind, FactKind, Reason
from loyalty_streams.core.kernel.basket import amount_of, read_basket
from loyalty_streams.core.kernel.calendar import period_end, shift
from loyalty_streams.core.kernel.caps import release
from loyalty_streams.core.kernel.jit import kernel, leaf
from loyalty_streams.core.kernel.lots import deliver, prepare, take, take_own
from loyalty_streams.core.kernel.marks import add_mark, lower_mark, lower_wallet
from loyalty_streams.core.kernel.records import (
    AMOUNT, EFFECT_END_OF_DAY, EFFECT_IMMEDIATE, EFFECT_PERIOD_END, FIXED, LINE_EXACT, LINES, M_ORDERS, M_SPEND, ON_ORDER, ONCE, ORDERS, PARTS, PASS,
    PERIOD_DAY, PERIOD_MONTH, POLICY_DEBT, POLICY_PENDING, STEP, W_CALENDAR,
)
from loyalty_streams.core.kernel.redemption import find_redemption, restore_last
from loyalty_streams.core.kernel.rows import judge, post, refuse, slot
from loyalty_streams.core.kernel.paying import settle_tier
from loyalty_streams.core.kernel.spreading import spread

CANCELLATION = int(FactKind.CANCELLATION)
AVAILABLE, DEBT, PENDING = int(Bucket.AVAILABLE), int(Bucket.DEBT), int(Bucket.PENDING)
CLAWED_BACK, WRITTEN_OFF, EARNED = int(EntryKind.CLAWED_BACK), int(EntryKind.WRITTEN_OFF), int(EntryKind.EARNED)
METRIC = int(Reason.METRIC)
UNKNOWN_ORDER, TOO_LATE, OVER_RETURN, RETURNED = int(Reason.UNKNOWN_ORDER), int(Reason.TOO_LATE), int(Reason.OVER_RETURN), int(Reason.RETURNED)


@leaf
def remember_order(w, p, first_part, counted):
    """What its returns will need: the lines, and what each rule gave."""
    f = w.fact
    o = w.orders[slot(w, ORDERS, w.orders.size)]
    o.ref, o.at, o.version, o.store, o.amount, o.counted, o.about = f.ref, f.at, w.head.version, f.store, f.amount, counted, f.about
    o.points_used, o.points_back, o.money_back, o.counted_back, o.by_money, o.done, o.dirty = f.points, 0, 0, 0, 0, 0, 1
    o.lines, o.parts, o.lines_lo, o.parts_lo = f.lines, w.span[PARTS].hi - first_part, w.span[LINES].hi, first_part
    for k in range(f.lines):
        x, line = w.lines[slot(w, LINES, w.lines.size)], w.basket[k]
        x.no, x.qty, x.amount, x.net, x.mask, x.qty_back, x.amount_back = line.no, line.qty, line.amount, line.net, line.mask, 0, 0
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
    """A return, an exchange's return, a cancellation or an unlinked refund. -> whether an order is now fully back"""
    f, g = w.fact, p.settings
    if f.refuse:
        refuse(w, f.refuse, g.main_wallet, 0, 0)
        return False
    if f.about == 0:
        refund_unlinked(w, p)
        return False
    i = find_order(w, f.about)
    if i < 0:
        refuse(w, UNKNOWN_ORDER, g.main_wallet, 0, 0)
        return False
    o = w.orders[i]
    if f.at > shift(p, o.at, g.within_months, g.within_days, g.within_micros):
        if g.later_unlinked:
            refund_unlinked(w, p)
        else:
            refuse(w, TOO_LATE, g.main_wallet, o.at, 0)
        return False
    money, counted = take_lines(w, p, o)
    was_done = o.done
    full = fully_back(w, o)
    o.dirty = 1
    if full:
        counted, o.done = o.counted - o.counted_back, 1
    o.money_back += money
    o.counted_back += counted
    claw_parts(w, p, ps, o, full)
    restore_points(w, p, o, full)
    w.head.lifetime_spend -= money
    for m in range(p.n.metrics):
        if p.metrics[m].kind == M_SPEND:
            lower_mark(w, p, m, o.at, counted)
        elif p.metrics[m].kind == M_ORDERS and full and was_done == 0:
            lower_mark(w, p, m, o.at, 1)
    if full and was_done == 0:
        w.head.orders -= 1
        return_once(w, p, o)
    judge_after(w, p)
    return full and was_done == 0


@kernel
def take_lines(w, p, o):
    """Notes what came back, line by line or by money; the excess is refused (T080). -> (money, money that counted for tiers)"""
    f = w.fact
    if f.kind == CANCELLATION:
        return take_all(w, o)
    if f.lines == 0:
        money = min(f.amount, o.amount - o.money_back)
        if f.amount > money:
            refuse(w, OVER_RETURN, p.settings.main_wallet, 0, f.amount - money)
        o.by_money = 1
        upto = o.counted * (o.money_back + money) // o.amount if o.amount > 0 else 0
        return money, max(0, upto - o.counted_back)
    money, counted = 0, 0
    for k in range(f.lines):
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
        part = min(back.amount, x.amount - x.amount_back)
        x.qty_back += qty
        x.amount_back += part
        money += part
        counted += 0 if x.outside else part
    return money, counted


@kernel
def take_all(w, o):
    money = o.amount - o.money_back
    for j in range(o.lines_lo, o.lines_lo + o.lines):
        w.lines[j].qty_back, w.lines[j].amount_back = w.lines[j].qty, w.lines[j].amount
    return money, o.counted - o.counted_back


@kernel
def find_line(w, o, no):
    for j in range(o.lines_lo, o.lines_lo + o.lines):
        if w.lines[j].no == no:
            return j
    return -1


@kernel
def fully_back(w, o):
    """All quantities are back, or all the money is (S33)."""
    units, missing, money = 0, 0, o.money_back
    for j in range(o.lines_lo, o.lines_lo + o.lines):
        units += w.lines[j].qty
        missing += w.lines[j].qty - w.lines[j].qty_back
    if w.fact.lines == 0 and w.fact.kind != CANCELLATION:
        money += min(w.fact.amount, o.amount - o.money_back)
    else:
        back = 0
        for j in range(o.lines_lo, o.lines_lo + o.lines):
            back += w.lines[j].amount_back
        money = max(money, back)
    return (units > 0 and missing == 0) or (o.amount > 0 and money >= o.amount) or w.fact.kind == CANCELLATION


@kernel
def target(w, p, o, part, full):
    """The points of one part that should be back by now (S34)."""
    if full:
        return part.points
    by_money = part.points * o.money_back // o.amount if o.amount > 0 else 0
    if p.settings.clawback != LINE_EXACT:
        return by_money
    upto = 0
    if part.form != FIXED:
        spread(w, o, part)
        for k in range(o.lines):
            line = w.lines[o.lines_lo + k]
            if line.qty_back > 0:
                upto += w.weight[k] * line.qty_back // line.qty
            elif line.amount_back > 0:
                upto += w.weight[k] * line.amount_back // line.amount
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
            claw(w, p, part.wallet, back, o.ref, part.n, part.rule, part.active_at)
            if part.also > 0:
                claw(w, p, part.also_wallet, back, o.ref, part.also_n, part.rule, part.active_at)
            old = ps[o.version]
            for r in range(old.n.rules):
                if old.rules[r].id == part.rule:
                    release(w, old, old.rules[r], back, o.at, o.store, part.back == part.points)


@kernel
def claw(w, p, wallet, points, ref, n, rule, active_at):
    """Takes points back: the order's own lot, then others in consumption order, then debt, as the policy says (T073, T075)."""
    f, x, policy = w.fact, w.wallets[wallet], p.settings.policy
    if p.terms[wallet].lots == 0:
        rest = take_own(w, wallet, f.at, points, ref, n, ref, rule, True)
        if rest > 0:
            x.available -= rest
            x.clawed_back += rest
            post(w, CLAWED_BACK, f.at, wallet, AVAILABLE, -rest, ref, n, ref, rule, 0)
            lower_wallet(w, p, wallet, active_at, rest)
        return
    taken = claw_lots(w, p, wallet, points, ref, n, rule, policy == POLICY_PENDING)
    if active_at <= f.at:
        lower_wallet(w, p, wallet, active_at, taken)


@kernel
def claw_lots(w, p, wallet, points, ref, n, rule, pending_only):
    """-> points clawed back, those that became debt included"""
    f, x = w.fact, w.wallets[wallet]
    rest = take_own(w, wallet, f.at, points, ref, n, ref, rule, pending_only)
    if rest > 0 and not pending_only:
        uncovered = take(w, p, wallet, f.at, rest, CLAWED_BACK, ref, 0)
        x.clawed_back += rest - uncovered
        rest = uncovered
        if rest > 0 and p.settings.policy == POLICY_DEBT:
            x.debt += rest
            x.clawed_back += rest
            post(w, CLAWED_BACK, f.at, wallet, DEBT, rest, ref, n, ref, rule, 0)
            return points
    if rest > 0:
        x.written_off += rest
        e = post(w, WRITTEN_OFF, f.at, wallet, AVAILABLE, 0, ref, n, ref, rule, 0)
        e.basis = rest
    return points - rest


@kernel
def restore_points(w, p, o, full):
    """Points that paid for the order go back to the lots they came from, with the money (T076)."""
    if o.about == 0 or o.points_used <= 0:
        return
    k = find_redemption(w, o.about)
    if k < 0 or w.redemptions[k].done != 1:
        return
    upto = o.points_used if full else o.points_used * o.money_back // o.amount if o.amount > 0 else 0
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
            rule, points, source, n = x.rule, x.points, x.source, x.n
            r = rule_position(p, rule)
            wallet = p.rules[r].wallet if r >= 0 else p.settings.main_wallet
            drop_once(w, i)
            claw_lots(w, p, wallet, points, source, n, rule, p.settings.policy == POLICY_PENDING)
            next_in_line(w, p, rule, r)
            i = s.lo
        elif x.ref == o.ref:
            drop_once(w, i)
        else:
            i += 1


@kernel
def rule_position(p, rule):
    for r in range(p.n.rules):
        if p.rules[r].id == rule:
            return r
    return -1


@kernel
def drop_once(w, i):
    s = w.span[ONCE]
    for k in range(i, s.hi - 1):
        w.once[k] = w.once[k + 1]
    s.hi -= 1


@kernel
def next_in_line(w, p, rule, r):
    """Pays a once rule to the first order that waited for it, at the instant of the return."""
    s, f = w.span[ONCE], w.fact
    for i in range(s.lo, s.hi):
        x = w.once[i]
        if x.rule == rule and x.granted == 0 and r >= 0:
            wallet, points = p.rules[r].wallet, p.rules[r].fixed
            prepare(w, p, wallet, f.at, f.source)
            g = w.given[wallet]
            x.granted, x.source, x.points, x.n, x.at = 1, f.source, points, g.n, f.at
            e = post(w, EARNED, f.at, wallet, PENDING if g.activates > f.at else AVAILABLE, points, f.source, g.n, x.ref, rule, RETURNED)
            e.basis, e.desired, e.num, e.den = 1, points, points, 1
            w.wallets[wallet].issued += points
            deliver(w, p, wallet, f.at, points, f.source, x.ref, True)
            return


@kernel
def refund_unlinked(w, p):
    """Takes back what the rates in force give on the refund; the money is a row of its own instant (S36, S39)."""
    f = w.fact
    amount = f.amount
    if f.lines > 0:
        amount = read_basket(w, p)
    for r in range(p.first_rule[ON_ORDER], p.first_rule[ON_ORDER + 1]):
        rule = p.rules[r]
        if rule.form > STEP:
            break
        if rule.valid_from <= f.at < rule.valid_until and judge(w, p, rule.condition, -1) == PASS:
            part = amount if rule.lines_mask == 1 else amount_of(w, rule.lines_mask) if f.lines > 0 else 0
            points = part * rule.rate // p.settings.rate_den if rule.form == AMOUNT else part // rule.step * rule.rate // p.settings.rate_den
            if points > 0:
                if p.terms[rule.wallet].lots:
                    claw_lots(w, p, rule.wallet, points, f.ref, -1, rule.id, p.settings.policy == POLICY_PENDING)
                else:
                    claw(w, p, rule.wallet, points, f.ref, -1, rule.id, f.at)
    w.head.lifetime_spend -= f.amount
    for m in range(p.n.metrics):
        if p.metrics[m].kind == M_SPEND:
            add_mark(w, p, m, f.at, -f.amount)
    judge_after(w, p)


@kernel
def judge_after(w, p):
    """When a return may change the tier (T082, S44)."""
    f, g, h = w.fact, p.settings, w.head
    if not g.has_tiers:
        return
    if g.tier_effect == EFFECT_IMMEDIATE:
        settle_tier(w, p, f.at, True, METRIC)
    elif g.tier_effect == EFFECT_END_OF_DAY:
        h.reassess_at = min(h.reassess_at, period_end(p, f.at, PERIOD_DAY))
    elif g.tier_effect == EFFECT_PERIOD_END:
        period = PERIOD_MONTH
        for m in range(p.n.metrics):
            if p.metrics[m].judged and p.metrics[m].window == W_CALENDAR:
                period = p.metrics[m].period
        h.reassess_at = min(h.reassess_at, period_end(p, f.at, period))
