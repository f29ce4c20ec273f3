"""Limits, budgets and maximum balances: room is given to the rules of one fact in order, so that cuts fall on the last (T117-T124)."""

from __future__ import annotations

from loyalty_streams.core.codes import Reason
from loyalty_streams.core.kernel.calendar import civil, local_day, period_number
from loyalty_streams.core.kernel.jit import kernel, leaf
from loyalty_streams.core.kernel.records import COUNTERS, SCOPE_ORDER, SCOPE_STORE
from loyalty_streams.core.kernel.rows import in_set

LIMIT_REACHED, BUDGET, MAX_BALANCE = int(Reason.LIMIT_REACHED), int(Reason.BUDGET), int(Reason.MAX_BALANCE)
OK = 0


@leaf
def counter_of(w, limit, store, period):
    """The row that counts a limit in the present period; an older period's row starts afresh."""
    s = w.span[COUNTERS]
    key = store if limit.scope == SCOPE_STORE else 0
    for i in range(s.lo, s.hi):
        c = w.counters[i]
        if c.limit == limit.id and c.store == key:
            if c.period != period:
                c.period, c.used = period, 0
            return i
    if s.hi == w.counters.size:
        for k in range(s.lo, s.hi - 1):
            w.counters[k] = w.counters[k + 1]
        s.hi -= 1
    c = w.counters[s.hi]
    c.limit, c.store, c.period, c.used = limit.id, key, period, 0
    s.hi += 1
    return s.hi - 1


@kernel
def behind(w, k):
    """A row that has counted nothing yet goes behind the others: a state put away meanwhile has not kept it. -> its place"""
    s = w.span[COUNTERS]
    if w.counters[k].used:
        return k
    limit, store, period = w.counters[k].limit, w.counters[k].store, w.counters[k].period
    for i in range(k, s.hi - 1):
        w.counters[i] = w.counters[i + 1]
    c = w.counters[s.hi - 1]
    c.limit, c.store, c.period, c.used = limit, store, period, 0
    return s.hi - 1


@leaf
def applies(p, limit, store):
    """Whether a limit speaks of a store: one that names none speaks of all."""
    return limit.stores_lo == limit.stores_hi or in_set(p, limit.stores_lo, limit.stores_hi, store)


@leaf
def present_period(w, p, limit):
    """The period in which a limit counts the fact in hand: that of the instant where it stands; periods that are over stay closed (S51)."""
    f = w.fact
    if f.at == w.head.clock:
        return period_number(f.day, f.month, limit.period)
    day = local_day(p, w.head.clock)
    return period_number(day, civil(p, day)[0], limit.period)


@leaf
def used_of(w, p, limit):
    f = w.fact
    if limit.scope == SCOPE_ORDER:
        return 0
    return w.counters[counter_of(w, limit, f.store, present_period(w, p, limit))].used


@kernel
def offer(w, p, r, k):
    """Gives rule r what limit k has left after the rules before it."""
    limit, c = p.limits[k], w.candidates[r]
    w.offered[k] = 1
    if c.points <= 0 or not applies(p, limit, w.fact.store):
        return
    wanted = c.points
    if limit.times >= 0:
        if used_of(w, p, limit) >= limit.times:
            c.points = 0
    else:
        room = max(0, limit.points - used_of(w, p, limit) - w.tentative[k])
        if wanted > room:
            c.points = room if limit.partial else 0
        w.tentative[k] += c.points
    if c.points < wanted:
        c.capped = BUDGET if limit.budget else LIMIT_REACHED


@leaf
def find_payers(w):
    """Notes which of the rules called would pay, in order. -> how many"""
    n = 0
    for i in range(w.ctl.called):
        if w.candidates[w.called[i]].points > 0:
            w.payers[n] = w.called[i]
            n += 1
    return n


@kernel
def cap(w, p):
    """The five passes of S11 over the rules of one trigger, then what was finally paid is counted."""
    n = find_payers(w)
    if n == 0:
        return
    for k in range(p.n.limits):
        w.tentative[k], w.offered[k] = 0, 0
    for i in range(n):
        rule = p.rules[w.payers[i]]
        for k in range(rule.limits_lo, rule.limits_hi):
            if p.limit_refs[k] >= p.n.global_limits and not p.limits[p.limit_refs[k]].budget:
                offer(w, p, w.payers[i], p.limit_refs[k])
    for i in range(n):
        group = p.rules[w.payers[i]].group
        if group >= 0:
            for k in range(p.groups[group].limits_lo, p.groups[group].limits_hi):
                offer(w, p, w.payers[i], p.limit_refs[k])
    for k in range(p.n.global_limits):
        for i in range(n):
            if refers(p, p.rules[w.payers[i]], k):
                offer(w, p, w.payers[i], k)
    for i in range(n):
        rule = p.rules[w.payers[i]]
        for k in range(rule.limits_lo, rule.limits_hi):
            if p.limits[p.limit_refs[k]].budget:
                offer(w, p, w.payers[i], p.limit_refs[k])
    cap_balance(w, p, n)
    use_up(w, p, n)


@kernel
def cap_balance(w, p, n):
    """Maximum balance: available and pending points at earning (T124)."""
    for i in range(n):
        c, wallet = w.candidates[w.payers[i]], p.rules[w.payers[i]].wallet
        most = p.terms[wallet].max_balance
        if most > 0 and c.points > 0:
            x = w.wallets[wallet]
            room = most - x.available - x.pending
            for q in range(i):
                if p.rules[w.payers[q]].wallet == wallet:
                    room -= w.candidates[w.payers[q]].points
            if c.points > room:
                c.points, c.capped = max(0, room), MAX_BALANCE


@kernel
def use_up(w, p, n):
    """Counts what was finally paid."""
    f = w.fact
    for k in range(p.n.limits):
        if w.offered[k] == 0:
            continue
        limit, total, any_paid = p.limits[k], 0, 0
        for i in range(n):
            points = w.candidates[w.payers[i]].points
            if points > 0 and refers(p, p.rules[w.payers[i]], k):
                total += points
                any_paid = 1
        if any_paid and limit.scope != SCOPE_ORDER and applies(p, limit, f.store):
            counter = w.counters[behind(w, counter_of(w, limit, f.store, present_period(w, p, limit)))]
            counter.used += any_paid if limit.times >= 0 else total


@kernel
def refers(p, rule, k):
    """Whether a rule is under limit k: its own, its group's, or the whole programme's."""
    if p.limits[k].for_all:
        return True
    for i in range(rule.limits_lo, rule.limits_hi):
        if p.limit_refs[i] == k:
            return True
    if rule.group >= 0:
        group = p.groups[rule.group]
        for i in range(group.limits_lo, group.limits_hi):
            if p.limit_refs[i] == k:
                return True
    return False


@kernel
def release(w, p, rule, points, o):
    """A return gives limits back what its points used, while their period still runs; `times` once all of the order's points are back (S37)."""
    s = w.span[COUNTERS]
    day = local_day(p, o.stands)
    month = civil(p, day)[0]
    for k in range(p.n.limits):
        limit = p.limits[k]
        if limit.scope != SCOPE_ORDER and refers(p, rule, k) and applies(p, limit, o.store):
            given = points if limit.times < 0 else 1 if all_back(w, p, o, k) else 0
            period, key = period_number(day, month, limit.period), o.store if limit.scope == SCOPE_STORE else 0
            for i in range(s.lo, s.hi):
                c = w.counters[i]
                if c.limit == limit.id and c.store == key and c.period == period:
                    c.used = max(0, c.used - given)


@kernel
def all_back(w, p, o, k):
    """Whether everything that an order was given under limit k has been taken back."""
    for j in range(o.parts_lo, o.parts_lo + o.parts):
        part = w.parts[j]
        if part.back < part.points:
            r = rule_position(p, part.rule)
            if r >= 0 and refers(p, p.rules[r], k):
                return False
    return True


@kernel
def rule_position(p, rule):
    """Where a rule of the registry stands in the table of a version; -1 where the version lacks it."""
    for r in range(p.n.rules):
        if p.rules[r].id == rule:
            return r
    return -1
