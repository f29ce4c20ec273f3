"""Judging one fact by the rules of one trigger: conditions, base, multipliers, groups; every rule explains itself."""

from __future__ import annotations

from loyalty_streams.core.codes import Reason
from loyalty_streams.core.kernel.basket import amount_of, units_of
from loyalty_streams.core.kernel.jit import kernel, leaf
from loyalty_streams.core.kernel.marks import measure
from loyalty_streams.core.kernel.records import (
    AMOUNT, BY_PRIORITY, FIXED, HIGHEST, MAX, MULTIPLICATIVE, MULTIPLY, ONCE, OVERRIDE, PASS, PER_UNIT, STACKABLE, STEP,
)
from loyalty_streams.core.kernel.rows import actual, judge
from loyalty_streams.core.kernel.tiers import earned_rung, ladder_of, need, rung_of

OK, CONDITION, NOT_VALID_NOW, NOTHING = 0, int(Reason.CONDITION), int(Reason.NOT_VALID_NOW), int(Reason.NOTHING)
ONCE_PAID, EXCLUSIVE_GROUP, OVERRIDDEN = int(Reason.ONCE), int(Reason.EXCLUSIVE_GROUP), int(Reason.OVERRIDDEN)


@kernel
def paid_once(w, rule, at_year):
    """Whether a once rule has been paid: ever, or in this calendar year."""
    s = w.span[ONCE]
    for i in range(s.lo, s.hi):
        x = w.once[i]
        if x.rule == rule.id and x.granted and (rule.once == 1 or x.year == at_year):
            return True
    return False


@leaf
def admit(w, p, rule, c):
    """Validity, then the conditions, then `once`: why a rule does not pay, or OK."""
    f = w.fact
    if f.at < rule.valid_from or f.at >= rule.valid_until:
        c.reason = NOT_VALID_NOW
        return
    if rule.reads_units:
        f.units = units_of(w, rule.lines_mask)
    end = judge(w, p, rule.condition, -1)
    if end != PASS:
        c.reason, c.failed = CONDITION, -2 - end
        c.actual = actual(w, p.conditions[c.failed])
    elif rule.once and paid_once(w, rule, 1970 + f.month // 12):
        c.reason = ONCE_PAID


@kernel
def judge_rules(w, p, lo, hi, amount):
    """What each rule would give, before groups and caps. Rates come first in the table, then multipliers, then fixed points."""
    f, g = w.fact, p.settings
    base_holds = f.eligible >= g.order_minimum
    for r in range(lo, hi):
        rule, c = p.rules[r], w.candidates[r]
        c.points, c.num, c.den, c.basis, c.failed, c.reason, c.actual, c.capped, c.part = 0, 1, 1, 0, 0, OK, 0, OK, -1
        admit(w, p, rule, c)
    if g.tier_split:
        split_by_tier(w, p, lo, hi, amount)
    if g.tier_and_base == OVERRIDE:
        override_base(w, p, lo, hi)
    scale, started = 1, False
    for r in range(lo, hi):
        rule, c = p.rules[r], w.candidates[r]
        if c.reason == OK:
            if rule.form == FIXED:
                c.basis, c.points, c.num = 1, rule.fixed, rule.fixed
            elif not base_holds:
                c.points = 0
            elif rule.form <= STEP:
                c.basis = amount if rule.lines_mask == 1 else amount_of(w, rule.lines_mask)
                c.basis = min(c.basis, c.part) if c.part >= 0 else c.basis
                c.num, c.den = rule.rate, g.rate_den
                c.points = c.basis * rule.rate // g.rate_den if rule.form == AMOUNT else c.basis // rule.step * rule.rate // g.rate_den
            elif rule.form == PER_UNIT:
                c.basis, c.num = units_of(w, rule.lines_mask), rule.fixed
                c.points = c.basis * rule.fixed
            elif g.multipliers == MULTIPLICATIVE:
                if not started:
                    started = True
                    for k in range(f.lines):
                        w.factor[k] = 1
                c.num, c.den = rule.num, rule.den
                c.basis, c.points, scale = multiply_lines(w, p, lo, hi, rule, scale)
            else:
                multiply(w, p, lo, hi, rule, c, amount)
            if c.points <= 0:
                c.reason = NOTHING
        c.desired = c.points
    if g.multipliers == MAX:
        keep_best(w, p, lo, hi, -2, MULTIPLY, HIGHEST)


@leaf
def multiply(w, p, lo, hi, rule, c, amount):
    """floor(B x (m - 1)), B the unrounded sum of what the rates that pay give on the matching lines (T010, S8)."""
    base = 0
    for r in range(lo, hi):
        b = p.rules[r]
        if b.form > STEP:
            break
        if w.candidates[r].reason == OK:
            both = rule.lines_mask | b.lines_mask
            part = amount if both == 1 else amount_of(w, both)
            base += part * b.rate if b.form == AMOUNT else part // b.step * b.rate
            c.basis += part
    c.num, c.den = rule.num, rule.den
    if c.part >= 0 and amount > 0:
        c.basis = c.basis * c.part // amount
        c.points = base * c.part * (rule.num - rule.den) // (p.settings.rate_den * rule.den * amount)
    else:
        c.points = base * (rule.num - rule.den) // (p.settings.rate_den * rule.den)


@kernel
def multiply_lines(w, p, lo, hi, rule, scale):
    """Multiplicative: each line carries the product of its multipliers; a rule gives the floor after less the floor before."""
    before, after, basis, g = 0, 0, 0, p.settings
    for k in range(w.fact.lines):
        line, value = w.basket[k], 0
        for r in range(lo, hi):
            b = p.rules[r]
            if b.form > STEP:
                break
            if w.candidates[r].reason == OK and line.mask & b.lines_mask == b.lines_mask:
                value += line.net * b.rate if b.form == AMOUNT else line.net // b.step * b.rate
        before += value * w.factor[k]
        if line.mask & rule.lines_mask == rule.lines_mask:
            w.factor[k] *= rule.num
            basis += line.net
        else:
            w.factor[k] *= rule.den
        after += value * w.factor[k]
    return basis, after // (g.rate_den * scale * rule.den) - before // (g.rate_den * scale), scale * rule.den


@kernel
def override_base(w, p, lo, hi):
    """A rate for a tier takes the place of the rates that do not ask for one (T010)."""
    for r in range(lo, hi):
        tier_rule = p.rules[r]
        if tier_rule.form > STEP:
            break
        if tier_rule.reads_tier and w.candidates[r].reason == OK:
            for k in range(lo, hi):
                b = p.rules[k]
                if b.form <= STEP and not b.reads_tier and b.wallet == tier_rule.wallet and w.candidates[k].reason == OK:
                    w.candidates[k].reason, w.candidates[k].failed = OVERRIDDEN, r


@kernel
def split_by_tier(w, p, lo, hi, amount):
    """An order that crosses a rung is cut there: the part below by the tier before, the part above by the tier after (T013)."""
    h = w.head
    if h.tier < 0 or p.n.metrics == 0:
        return
    ladder = ladder_of(w, p)
    now = rung_of(p, ladder, h.tier)
    value = measure(w, p, 0)
    w.gauges[0].total += w.fact.amount
    after = earned_rung(w, p, ladder, now, 0)
    w.gauges[0].total -= w.fact.amount
    if after <= now:
        return
    below = min(amount, max(0, need(p.rungs[after], 0) - value))
    before_tier = h.tier
    for r in range(lo, hi):
        rule, c = p.rules[r], w.candidates[r]
        if not rule.reads_tier or c.reason == NOT_VALID_NOW or c.reason == ONCE_PAID:
            continue
        h.tier = p.rungs[after].tier
        later = judge(w, p, rule.condition, -1) == PASS
        h.tier = before_tier
        if c.reason == OK and not later:
            c.part = below
        elif c.reason == CONDITION and later:
            c.reason, c.failed, c.part = OK, 0, amount - below


@kernel
def in_group(p, r, group, form):
    """Group -2 is all rules of one form."""
    return p.rules[r].form == form if group == -2 else p.rules[r].group == group


@kernel
def keep_best(w, p, lo, hi, group, form, choose):
    """Of an exclusive group one rule pays; ties go to the lower priority number, then to the id (S12)."""
    best = -1
    for r in range(lo, hi):
        c = w.candidates[r]
        if in_group(p, r, group, form) and c.reason == OK and (best < 0 or beats(w, p, r, best, choose)):
            best = r
    for r in range(lo, hi):
        if in_group(p, r, group, form) and r != best and w.candidates[r].reason == OK:
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
    for group in range(p.n.groups):
        how = p.groups[group]
        if how.pick != STACKABLE:
            if how.by_line:
                choose_by_line(w, p, lo, hi, group, how.pick)
            else:
                keep_best(w, p, lo, hi, group, 0, how.pick)


@kernel
def choose_by_line(w, p, lo, hi, group, choose):
    """The choice of a group made for each line: a member pays the sum over the lines that it won (T121, S12)."""
    for r in range(lo, hi):
        if in_group(p, r, group, 0) and w.candidates[r].reason == OK:
            w.candidates[r].points, w.candidates[r].basis = 0, 0
    for k in range(w.fact.lines):
        best, best_points = -1, 0
        for r in range(lo, hi):
            if in_group(p, r, group, 0) and w.candidates[r].reason == OK:
                points = points_on_line(w, p, lo, hi, r, k)
                if points > 0 and (best < 0 or line_beats(p, r, points, best, best_points, choose)):
                    best, best_points = r, points
        if best >= 0:
            w.candidates[best].points += best_points
            w.candidates[best].basis += w.basket[k].net
    for r in range(lo, hi):
        c = w.candidates[r]
        if in_group(p, r, group, 0) and c.reason == OK:
            c.desired = c.points
            if c.points == 0:
                c.reason, c.failed = EXCLUSIVE_GROUP, -1


@kernel
def line_beats(p, r, points, best, best_points, choose):
    if choose != BY_PRIORITY and points != best_points:
        return points > best_points if choose == HIGHEST else points < best_points
    return before(p, r, best)


@kernel
def points_on_line(w, p, lo, hi, r, k):
    """What one rule gives on one line alone."""
    rule, line, g = p.rules[r], w.basket[k], p.settings
    if line.mask & rule.lines_mask != rule.lines_mask:
        return 0
    if rule.form == PER_UNIT:
        return line.qty * rule.fixed
    if rule.form == FIXED:
        return rule.fixed
    if rule.form <= STEP:
        return (line.net * rule.rate if rule.form == AMOUNT else line.net // rule.step * rule.rate) // g.rate_den
    base = 0
    for q in range(lo, hi):
        b = p.rules[q]
        if b.form <= STEP and w.candidates[q].reason == OK and line.mask & b.lines_mask == b.lines_mask:
            base += line.net * b.rate if b.form == AMOUNT else line.net // b.step * b.rate
    return base * (rule.num - rule.den) // (g.rate_den * rule.den)
