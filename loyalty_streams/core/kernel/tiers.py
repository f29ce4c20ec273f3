"""Tiers: the rung that the metrics give, when it may change, and what a change brings."""

from __future__ import annotations

from loyalty_streams.core.codes import ABSENT, NEVER, EntryKind, Reason
from loyalty_streams.core.kernel.calendar import midnight, period_end, shift, year_of
from loyalty_streams.core.kernel.jit import kernel, leaf
from loyalty_streams.core.kernel.lots import expire, lapse_wallet
from loyalty_streams.core.kernel.marks import first_leaving, leave_marks, measure, measure_at
from loyalty_streams.core.kernel.records import (
    CHECK_ATTRIBUTE, CHECK_TIER, CHECK_WINDOW, CHECK_YEAR, PASS, PERIOD_YEAR, TO_BASE, TO_METRICS, W_SINCE_TIER,
)
from loyalty_streams.core.kernel.rows import judge, post

TIER_CHANGED, TIER_NOTICED = int(EntryKind.TIER_CHANGED), int(EntryKind.TIER_NOTICED)
METRIC, CHECK, RESET = int(Reason.METRIC), int(Reason.CHECK), int(Reason.RESET)


@leaf
def ladder_of(w, p):
    """The first ladder whose condition the member meets (T114)."""
    k = 0
    while k < p.n.ladders - 1 and judge(w, p, p.ladders[k].condition, -1) != PASS:
        k += 1
    return p.ladders[k]


@leaf
def rung_of(p, ladder, tier):
    """The position of a tier on a ladder; -1 when the ladder lacks it."""
    for i in range(ladder.lo, ladder.hi):
        if p.rungs[i].tier == tier:
            return i
    return -1


@leaf
def need(rung, m):
    return rung.need0 if m == 0 else rung.need1 if m == 1 else rung.need2 if m == 2 else rung.need3


@leaf
def met(w, p, rung, at):
    """Whether a rung is reached: at least so many of the metrics are at or above its needs (T104). `at` = 0: now."""
    reached = 0
    for m in range(p.n.metrics):
        if p.metrics[m].judged:
            value = measure(w, p, m) if at == 0 else measure_at(w, p, m, at)
            if value >= need(rung, m):
                reached += 1
    return reached >= p.settings.at_least


@leaf
def earned_rung(w, p, ladder, start, at):
    """The highest rung reached, looked for from `start`: rungs rise."""
    i = max(start, ladder.lo)
    while i + 1 < ladder.hi and met(w, p, p.rungs[i + 1], at):
        i += 1
    while i > ladder.lo and not met(w, p, p.rungs[i], at):
        i -= 1
    return i


@leaf
def first_metric(w, p):
    """The value that entries about tiers show: of the first metric that is judged."""
    for m in range(p.n.metrics):
        if p.metrics[m].judged:
            return measure(w, p, m)
    return 0


@kernel
def first_need(p, rung):
    for m in range(p.n.metrics):
        if p.metrics[m].judged:
            return need(rung, m)
    return 0


@kernel
def change_tier(w, p, at, rung, reason):
    """Enters a rung: entry, clocks, what the tier left had suspended. Gifts follow from the caller (`tier_gifts`)."""
    h = w.head
    e = post(w, TIER_CHANGED, at, p.settings.main_wallet, 0, 0, 0, 0, 0, -1, reason)
    e.basis, e.desired, e.num, e.den = first_metric(w, p), first_need(p, p.rungs[rung]), h.tier, p.rungs[rung].tier
    h.tier, h.tier_since, h.tier_grace, h.tier_noticed, h.tier_locked = p.rungs[rung].tier, at, 0, 0, 0
    for m in range(p.n.metrics):
        w.gauges[m].since = 0 if p.metrics[m].window == W_SINCE_TIER else w.gauges[m].since
    set_check(w, p, at)
    expire(w, p, at)
    watch(w, p)


@kernel
def set_check(w, p, at):
    """When the tier is checked next (S43)."""
    h, g = w.head, p.settings
    ladder = ladder_of(w, p)
    h.tier_until = NEVER
    if g.check == CHECK_WINDOW or (h.tier == p.rungs[ladder.lo].tier and g.reset_wallet < 0):
        return
    if g.check == CHECK_TIER:
        h.tier_until = shift(p, at, g.keep_months, g.keep_days, g.keep_micros)
    else:
        h.tier_until = next_check(w, p, at)
        earliest = shift(p, h.tier_since, g.stay_months, g.stay_days, g.stay_micros)
        while h.tier_until < earliest:
            h.tier_until = next_check(w, p, h.tier_until)


@kernel
def next_check(w, p, at):
    """The first yearly check strictly after an instant: 1 January, or the anniversary of joining or of an attribute's date."""
    h, g = w.head, p.settings
    if g.check == CHECK_YEAR:
        return period_end(p, at, PERIOD_YEAR)
    start = h.enrolled_at
    if g.check == CHECK_ATTRIBUTE:
        if h.attribute_date == ABSENT:
            return NEVER
        start = midnight(p, h.attribute_date)
    years = max(0, year_of(p, at) - year_of(p, start) - 1)
    due = shift(p, start, 12 * years, 0, 0)
    while due <= at:
        years += 1
        due = shift(p, start, 12 * years, 0, 0)
    return due


@kernel
def assess(w, p, at, may_fall, reason):
    """Moves the tier to what the metrics give: up at once, down only where that is allowed now. -> whether it moved"""
    h = w.head
    leave_marks(w, p, at)
    if h.tier_locked > at:
        return False
    ladder = ladder_of(w, p)
    now = rung_of(p, ladder, h.tier)
    rung = earned_rung(w, p, ladder, now, 0)
    if now < 0 or rung > now or (rung < now and may_fall):
        change_tier(w, p, at, rung, reason)
        return True
    watch(w, p)
    return False


@leaf
def watch(w, p):
    """When the next exit from a window may cost the tier (only `check: window` falls by itself); an instant too early does no harm."""
    h = w.head
    h.window_due = NEVER
    if p.settings.check == CHECK_WINDOW and h.tier >= 0 and p.settings.has_tiers:
        h.window_due = first_leaving(w, p)
    if h.tier_locked > 0:
        h.window_due = min(h.window_due, h.tier_locked)
    watch_notice(w, p)


@leaf
def watch_notice(w, p):
    h, g = w.head, p.settings
    h.notice_due = NEVER
    if h.tier_until < NEVER and h.tier_noticed == 0 and (g.notice_months or g.notice_days or g.notice_micros):
        h.notice_due = max(shift(p, h.tier_until, -g.notice_months, -g.notice_days, -g.notice_micros), h.clock)


@kernel
def notice(w, p, at):
    """Warns that the check to come would cost the tier: the metric then, what it needs, the date (T108)."""
    h = w.head
    h.tier_noticed = 1
    ladder = ladder_of(w, p)
    now = rung_of(p, ladder, h.tier)
    leave_marks(w, p, at)
    if now > ladder.lo and not met(w, p, p.rungs[now], h.tier_until):
        e = post(w, TIER_NOTICED, at, p.settings.main_wallet, 0, 0, 0, 0, 0, -1, CHECK)
        e.basis, e.desired, e.num, e.den = first_metric_at(w, p, h.tier_until), first_need(p, p.rungs[now]), h.tier, 0
        e.ref = h.tier_until
    watch_notice(w, p)


@kernel
def first_metric_at(w, p, at):
    for m in range(p.n.metrics):
        if p.metrics[m].judged:
            return measure_at(w, p, m, at)
    return 0


@kernel
def review_tier(w, p, due):
    """The periodic check: kept for another term, postponed by the grace, or given up (S43). -> whether the tier moved"""
    h, g = w.head, p.settings
    leave_marks(w, p, due)
    ladder = ladder_of(w, p)
    now = rung_of(p, ladder, h.tier)
    rung = earned_rung(w, p, ladder, now, 0)
    moved = False
    if h.tier_locked > due:
        h.tier_until = h.tier_locked
    elif now >= 0 and rung >= now:
        h.tier_grace, h.tier_noticed = 0, 0
        if rung > now:
            change_tier(w, p, due, rung, METRIC)
            moved = True
        else:
            set_check(w, p, due)
    elif (g.grace_months or g.grace_days or g.grace_micros) and h.tier_grace == 0:
        h.tier_until, h.tier_grace = shift(p, due, g.grace_months, g.grace_days, g.grace_micros), 1
    else:
        lower = ladder.lo if g.to == TO_BASE else rung if g.to == TO_METRICS or now < 0 else now - 1
        change_tier(w, p, due, lower, CHECK)
        moved = True
    if g.reset_wallet >= 0 and h.tier_grace == 0:
        lapse_wallet(w, p, g.reset_wallet, due, RESET)
    watch(w, p)
    return moved


@kernel
def open_tier(w, p, at):
    """The first rung of a new account, without an entry (S3)."""
    h = w.head
    h.tier, h.tier_since = p.rungs[ladder_of(w, p).lo].tier, at
    set_check(w, p, at)
    watch(w, p)
