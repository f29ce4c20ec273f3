"""Judging one fact by the rules of one trigger: conditions, base, multipliers, groups; every rule explains itself."""

from __future__ import annotations

from loyalty_streams.core.codes import FactKind, LineKind, Reason
from loyalty_streams.core.kernel.basket import amount_of, cut_lines, matches, part_of, units_of
from loyalty_streams.core.kernel.jit import kernel, leaf
from loyalty_streams.core.kernel.marks import counts, leave_marks, measure, tier_spend
from loyalty_streams.core.kernel.once import paid_once
from loyalty_streams.core.kernel.records import (
    ABOVE, AMOUNT, BELOW, BY_PRIORITY, FIXED, HIGHEST, LINE_BITS, MAX, MULTIPLICATIVE, MULTIPLY, OVERRIDE, PASS, PER_UNIT, STACKABLE, STEP,
    WHOLE,
)
from loyalty_streams.core.kernel.rows import actual, judge, judge_here
from loyalty_streams.core.kernel.tiers import NOW, earned_rung, judged_metric, ladder_of, need, rung_of

OK, CONDITION, NOT_VALID_NOW, NOTHING = 0, int(Reason.CONDITION), int(Reason.NOT_VALID_NOW), int(Reason.NOTHING)
ORDER, REWARD = int(FactKind.ORDER), int(LineKind.REWARD)
ONCE_PAID, EXCLUSIVE_GROUP, OVERRIDDEN = int(Reason.ONCE), int(Reason.EXCLUSIVE_GROUP), int(Reason.OVERRIDDEN)


@leaf
def admit(w, p, rule, c):
    """Validity, then the conditions, then `once`: why a rule does not pay, or OK."""
    f = w.fact
    if f.at < rule.valid_from or f.at >= rule.valid_until:
        c.reason = NOT_VALID_NOW
        return
    c.reason = OK
    if rule.reads_units:
        f.units = units_of(w, rule.lines_mask)
    end = judge_here(w, p, rule.condition, -1)
    if end != PASS:
        c.reason, c.failed = CONDITION, -2 - end
        c.actual = actual(w, p.conditions[c.failed])
    elif rule.once and paid_once(w, rule, 1970 + f.month // 12):
        c.reason = ONCE_PAID


@leaf
def call(w, p, lo, hi):
    """Admits rules and lists those of which more will be asked (`w.called`); of the others nothing is known but the reason."""
    n, all_of_them = 0, w.ctl.explain or p.settings.tier_split
    for r in range(lo, hi):
        rule, c = p.rules[r], w.candidates[r]
        c.failed, c.actual = 0, 0
        admit(w, p, rule, c)
        if c.reason == OK or all_of_them or (rule.once == 1 and rule.reads_orders):
            c.points, c.num, c.den, c.basis, c.capped, c.part, c.won, c.desired = 0, 1, 1, 0, OK, WHOLE, 0, 0
            w.called[n] = r
            n += 1
    w.ctl.called = n


@kernel
def judge_rules(w, p, lo, hi, amount):
    """What each rule would give, before groups and caps. Rates come first in the table, then multipliers, then fixed points."""
    f, g = w.fact, p.settings
    base_holds = f.eligible >= g.order_minimum
    call(w, p, lo, hi)
    if g.tier_split:
        split_by_tier(w, p, lo, hi, amount)
    i, n, mid = 0, w.ctl.called, lo
    while mid < hi and p.rules[mid].form <= STEP:
        mid += 1
    while i < n and w.called[i] < mid:
        rule, c = p.rules[w.called[i]], w.candidates[w.called[i]]
        if c.reason == OK and base_holds:
            c.basis = amount if rule.lines_mask == 1 and c.part == WHOLE else amount_of(w, rule.lines_mask, c.part, WHOLE)
            c.num, c.den = rule.rate, g.rate_den
            c.points = worth(rule, c.basis) // g.rate_den
        conclude(c)
        i += 1
    if g.tier_and_base == OVERRIDE:
        override_base(w, p, lo, mid)
    if g.multipliers == MULTIPLICATIVE and base_holds:
        multiply_in_a_row(w, p, lo, mid, hi)
    for k in range(i, n):
        rule, c = p.rules[w.called[k]], w.candidates[w.called[k]]
        if c.reason == OK:
            if rule.form == FIXED:
                c.basis, c.num = 1, rule.fixed
                c.points = rule.fixed if rule.lines_mask == 1 or matches(w, rule.lines_mask) else 0
            elif base_holds and rule.form == PER_UNIT:
                c.basis, c.num = units_of(w, rule.lines_mask), rule.fixed
                c.points = c.basis * rule.fixed
            elif base_holds and g.multipliers != MULTIPLICATIVE:
                multiply(w, p, lo, mid, rule, c, amount)
        conclude(c)
    if g.multipliers == MAX:
        for wallet in range(p.n.wallets):
            keep_best(w, p, -2 - wallet, MULTIPLY, HIGHEST)


@leaf
def conclude(c):
    """A rule whose conditions hold and that gives nothing says so; `desired` is what it gives before groups and caps."""
    if c.reason == OK and c.points <= 0:
        c.reason, c.points = NOTHING, 0
    c.desired = c.points


@leaf
def multiply(w, p, lo, hi, rule, c, amount):
    """floor(B x (m - 1)), B the unrounded sum of what the rates lo..hi of the same wallet that pay give on the matching lines (T010, S8)."""
    base = 0
    for r in range(lo, hi):
        b, part = p.rules[r], w.candidates[r].part
        if w.candidates[r].reason == OK and b.wallet == rule.wallet:
            both = rule.lines_mask | b.lines_mask
            money = amount if both == 1 and part == WHOLE and c.part == WHOLE else amount_of(w, both, part, c.part)
            base += worth(b, money)
            c.basis += money
    c.num, c.den = rule.num, rule.den
    c.points = base * (rule.num - rule.den) // (p.settings.rate_den * rule.den)


@kernel
def multiply_in_a_row(w, p, lo, mid, hi):
    """Multiplicative: the multipliers of a wallet in order, each on the products that the former left on the lines (T122, S8)."""
    for wallet in range(p.n.wallets):
        scale = 1
        for k in range(w.fact.lines):
            w.factor[k], w.factor_above[k] = 1, 1
        for k in range(mid, hi):
            rule, c = p.rules[k], w.candidates[k]
            if rule.form == MULTIPLY and rule.wallet == wallet and c.reason == OK:
                multiply_lines(w, p, lo, mid, rule, c, scale)
                scale *= rule.den


@kernel
def multiply_lines(w, p, lo, hi, rule, c, scale):
    """Each line, and each part of one that a threshold cuts, carries the product of its multipliers over `scale`; a rule gives the floor
    after less the floor before."""
    f, g, before, after = w.fact, p.settings, 0, 0
    for k in range(f.lines):
        line, below, above = w.basket[k], 0, 0
        for r in range(lo, hi):
            b, part = p.rules[r], w.candidates[r].part
            if w.candidates[r].reason == OK and b.wallet == rule.wallet and line.mask & b.lines_mask == b.lines_mask:
                below += worth(b, part_of(line, part, BELOW))
                above += worth(b, part_of(line, part, ABOVE))
        before += below * w.factor[k] + above * w.factor_above[k]
        hit = line.mask & rule.lines_mask == rule.lines_mask
        c.basis += part_of(line, c.part, WHOLE) if hit else 0
        w.factor[k] *= rule.num if hit and c.part != ABOVE else rule.den
        w.factor_above[k] *= rule.num if hit and c.part != BELOW else rule.den
        after += below * w.factor[k] + above * w.factor_above[k]
    c.num, c.den = rule.num, rule.den
    c.points = after // (g.rate_den * scale * rule.den) - before // (g.rate_den * scale)


@leaf
def worth(rate, money):
    """What a rate gives on an amount, not yet rounded: over the common denominator of rates."""
    return money * rate.rate if rate.form == AMOUNT else money // rate.step * rate.rate


@kernel
def override_base(w, p, lo, hi):
    """A rate for a tier takes the place of the rates lo..hi that do not ask for one (T010)."""
    for r in range(lo, hi):
        tier_rule = p.rules[r]
        if tier_rule.reads_tier and w.candidates[r].reason == OK:
            for k in range(lo, hi):
                b = p.rules[k]
                if not b.reads_tier and b.wallet == tier_rule.wallet and w.candidates[k].reason == OK:
                    w.candidates[k].reason, w.candidates[k].points, w.candidates[k].failed = OVERRIDDEN, 0, r


@kernel
def split_by_tier(w, p, lo, hi, amount):
    """An order that crosses a rung is cut there: the part below by the tier before, the part above by the tier after (T013)."""
    h, m = w.head, judged_metric(p)
    if h.tier < 0 or m < 0 or w.fact.kind != ORDER or h.tier_locked > h.clock or not counts(w, p, m, w.fact.at):
        return
    leave_marks(w, p, h.clock)
    ladder = ladder_of(w, p)
    now = rung_of(p, ladder, h.tier)
    value, spend = measure(w, p, m), tier_spend(w, p)
    add_to(w.gauges[m], spend)
    after = earned_rung(w, p, ladder, now, NOW)
    add_to(w.gauges[m], -spend)
    if after <= now:
        return
    cut_lines(w, min(amount, max(0, need(p.rungs[after], m) - value)), amount)
    before_tier = h.tier
    for r in range(lo, hi):
        rule, c = p.rules[r], w.candidates[r]
        if not rule.reads_tier or c.reason == NOT_VALID_NOW:
            continue
        h.tier = p.rungs[after].tier
        later = judge(w, p, rule.condition, -1) == PASS
        h.tier = before_tier
        if c.reason == OK and not later:
            c.part = BELOW
        elif c.reason == CONDITION and later:
            c.reason, c.failed, c.part = OK, 0, ABOVE
            if rule.once and paid_once(w, rule, 1970 + w.fact.month // 12):
                c.reason = ONCE_PAID


@leaf
def add_to(gauge, amount):
    """An amount that may count soon, inside the window and since the last tier change."""
    gauge.total += amount
    gauge.since += amount


@kernel
def in_group(p, r, group, form):
    """Group -2 - w is all rules of one form that pay into wallet w."""
    if group <= -2:
        return p.rules[r].form == form and p.rules[r].wallet == -2 - group
    return p.rules[r].group == group


@kernel
def by_line(p, r, group):
    """A choice for each line is one between multipliers and points a unit; other rules of the group pay as they would (S12)."""
    return p.rules[r].group == group and (p.rules[r].form == MULTIPLY or p.rules[r].form == PER_UNIT)


@kernel
def keep_best(w, p, group, form, choose):
    """Of an exclusive group one rule pays; ties go to the lower priority number, then to the id (S12)."""
    best, rivals = -1, 0
    for i in range(w.ctl.called):
        r = w.called[i]
        if w.candidates[r].reason == OK and in_group(p, r, group, form):
            rivals += 1
            if best < 0 or beats(w, p, r, best, choose):
                best = r
    for i in range(w.ctl.called if rivals > 1 else 0):
        r = w.called[i]
        if r != best and w.candidates[r].reason == OK and in_group(p, r, group, form):
            w.candidates[r].reason, w.candidates[r].points, w.candidates[r].failed = EXCLUSIVE_GROUP, 0, best


@kernel
def beats(w, p, r, best, choose):
    a, b = w.candidates[r], w.candidates[best]
    if choose != BY_PRIORITY and a.points != b.points:
        return a.points > b.points if choose == HIGHEST else a.points < b.points
    return before(p, r, best)


@leaf
def before(p, r, s):
    """By (priority, id as text), across all forms."""
    a, b = p.rules[r], p.rules[s]
    return a.priority < b.priority or (a.priority == b.priority and a.rank < b.rank)


@kernel
def choose_in_groups(w, p, lo, hi):
    bit = p.n.filters
    for group in range(p.n.groups):
        how = p.groups[group]
        if how.pick != STACKABLE:
            if how.by_line:
                bit = choose_by_line(w, p, lo, hi, group, how.pick, bit)
            else:
                keep_best(w, p, group, 0, how.pick)


@kernel
def choose_by_line(w, p, lo, hi, group, choose, bit):
    """The choice of a group made for each line: a member pays the sum over the lines that it won (T121, S12).

    The lines won are marked for returns by a bit of their own, from `bit` on, as long as there are any. -> the next free bit
    """
    for r in range(lo, hi):
        c = w.candidates[r]
        if by_line(p, r, group) and c.reason == OK:
            c.points, c.won_basis = 0, 0
            if bit < LINE_BITS:
                c.won, bit = 1 << bit, bit + 1
    for k in range(w.fact.lines):
        best, best_points, line = -1, 0, w.basket[k]
        for r in range(lo, hi):
            if by_line(p, r, group) and w.candidates[r].reason == OK:
                points = points_on_line(w, p, lo, hi, r, k)
                if points > 0 and (best < 0 or line_beats(p, r, points, best, best_points, choose)):
                    best, best_points = r, points
        if best >= 0:
            c = w.candidates[best]
            c.points += best_points
            c.won_basis += line.qty if p.rules[best].form == PER_UNIT else line.net
            line.mask |= c.won
    for r in range(lo, hi):
        c = w.candidates[r]
        if by_line(p, r, group) and c.reason == OK:
            if c.points == 0:
                c.reason, c.failed = EXCLUSIVE_GROUP, -1
            else:
                c.desired, c.basis = c.points, c.won_basis
    return bit


@kernel
def line_beats(p, r, points, best, best_points, choose):
    if choose != BY_PRIORITY and points != best_points:
        return points > best_points if choose == HIGHEST else points < best_points
    return before(p, r, best)


@kernel
def points_on_line(w, p, lo, hi, r, k):
    """What a multiplier, or points a unit, gives on one line alone."""
    rule, line, c = p.rules[r], w.basket[k], w.candidates[r]
    if line.mask & rule.lines_mask != rule.lines_mask:
        return 0
    if rule.form == PER_UNIT:
        return 0 if line.kind == REWARD else line.qty * rule.fixed
    base = 0
    for q in range(lo, hi):
        b = p.rules[q]
        if b.form > STEP:
            break
        if w.candidates[q].reason == OK and b.wallet == rule.wallet and line.mask & b.lines_mask == b.lines_mask:
            base += worth(b, part_of(line, w.candidates[q].part, c.part))
    return base * (rule.num - rule.den) // (p.settings.rate_den * rule.den)
