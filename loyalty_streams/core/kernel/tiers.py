"""Tiers: the rung that the metrics give, when it may change, and what a change brings."""

from __future__ import annotations

from loyalty_streams.core.codes import ABSENT, NEVER, EntryKind, Reason
from loyalty_streams.core.kernel.calendar import know_date, midnight, period_end, shift, year_of
from loyalty_streams.core.kernel.jit import kernel, leaf
from loyalty_streams.core.kernel.lifetimes import expire, lapse_wallet
from loyalty_streams.core.kernel.marks import first_leaving, first_refund, leave_marks, measure, measure_at
from loyalty_streams.core.kernel.records import (
    CHECK_ATTRIBUTE, CHECK_TIER, CHECK_WINDOW, CHECK_YEAR, MARKS0, PASS, PERIOD_YEAR, TO_BASE, TO_METRICS, W_SINCE_TIER,
    word_of,
)
from loyalty_streams.core.kernel.rows import judge, post

CUSTOMER_TYPE, REGION = word_of("head", "customer_type"), word_of("head", "region")
TIER_CHANGED, TIER_NOTICED = int(EntryKind.TIER_CHANGED), int(EntryKind.TIER_NOTICED)
NOW, CHECKED = 0, -1  # at which instant metrics are asked for, when it is none to come
METRIC, CHECK, RESET = int(Reason.METRIC), int(Reason.CHECK), int(Reason.RESET)


@leaf
def ladder_of(w, p):
    """The first ladder whose condition the member meets (T114)."""
    k = 0
    if p.n.ladders > 1:
        know_date(w, p)
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
def valued(w, p, m, at):
    """A metric at NOW, as the periodic check of this instant finds it (CHECKED), or at a later instant."""
    if at == CHECKED and w.ended[m].judged:
        return w.ended[m].value
    return measure_at(w, p, m, at) if at > 0 else measure(w, p, m)


@leaf
def met(w, p, rung, at):
    """Whether a rung is reached: at least so many of the metrics are at or above its needs (T104)."""
    reached = 0
    for m in range(p.n.metrics):
        if p.metrics[m].judged:
            value = valued(w, p, m, at)
            if value >= need(rung, m):
                reached += 1
    return reached >= p.settings.at_least


@leaf
def earned_rung(w, p, ladder, start, at):
    """The highest rung reached, looked for from `start`: rungs rise. Of several metrics each rung may name others: then from the top."""
    i = max(start, ladder.lo) if p.settings.metrics == 1 else ladder.hi - 1
    while i + 1 < ladder.hi and met(w, p, p.rungs[i + 1], at):
        i += 1
    while i > ladder.lo and not met(w, p, p.rungs[i], at):
        i -= 1
    return i


@leaf
def judged_metric(p):
    """The metric that entries about tiers show: the first that the version names; -1 when there is none."""
    return p.settings.shown_metric if p.settings.has_tiers else -1


@leaf
def falls_at_once(p):
    """Whether facts and activations may cost a tier: where it is a balance. A window says so when something leaves it (S42)."""
    return p.settings.balance_metric and p.settings.check == CHECK_WINDOW


@leaf
def first_metric(w, p):
    m = judged_metric(p)
    return measure(w, p, m) if m >= 0 else 0


@kernel
def first_need(p, rung):
    """The need that entries about tiers show; 0 where the rung names none of that metric."""
    m = judged_metric(p)
    needed = need(rung, m) if m >= 0 else 0
    return needed if needed < NEVER else 0


@kernel
def change_tier(w, p, at, rung, reason):
    """Enters a rung: entry, clocks, what the tier left had suspended. Gifts follow from the caller (`tier_gifts`)."""
    h = w.head
    leave_marks(w, p, at)
    e = post(w, TIER_CHANGED, at, p.settings.main_wallet, 0, 0, 0, 0, 0, -1, reason)
    e.basis, e.desired, e.num, e.den = first_metric(w, p), first_need(p, p.rungs[rung]), h.tier, p.rungs[rung].tier
    h.tier, h.tier_since, h.tier_at, h.tier_seq, h.tier_locked = p.rungs[rung].tier, at, at, h.seq, 0
    for m in range(p.n.metrics):
        w.gauges[m].since = 0 if p.metrics[m].window == W_SINCE_TIER else w.gauges[m].since
    set_check(w, p, at, at)
    expire(w, p, at)
    watch(w, p)


@kernel
def set_check(w, p, kept, after):
    """A term begins at `kept`; its check, and those that would follow, come after `after` (S43)."""
    h = w.head
    h.tier_kept, h.tier_grace, h.tier_dated, h.tier_noticed = kept, 0, 0, 0
    find_check(w, p, after)


@leaf
def is_checked(w, p):
    """Whether the tier has a periodic check at all: the base rung has none, but for the reset of a wallet."""
    g = p.settings
    return g.check != CHECK_WINDOW and (w.head.tier != p.rungs[ladder_of(w, p).lo].tier or g.reset_wallet >= 0)


@kernel
def find_check(w, p, after):
    """When the tier is checked next, as the present version and what is known of the member say; a grace or an imported end stands."""
    h, g, before = w.head, p.settings, w.head.tier_until
    if not is_checked(w, p):
        h.tier_until, h.tier_grace, h.tier_dated = NEVER, 0, 0
    elif h.tier_grace == 0 and h.tier_dated == 0:
        earliest = max(after + 1, shift(p, h.tier_since, g.stay_months, g.stay_days, g.stay_micros))
        h.tier_until = end_of_term(w, p, earliest) if g.check == CHECK_TIER else next_check(w, p, max(h.tier_kept, earliest - 1))
    if h.tier_until != before:
        h.tier_noticed = 0


@leaf
def check_due(h):
    """The periodic check waits for the end of a lock (T113)."""
    return max(h.tier_until, h.tier_locked)


@kernel
def end_of_term(w, p, earliest):
    """The first end of a term of `keep_for`, one after the other from the last kept on, that is not before an instant."""
    h, g, k = w.head, p.settings, 1
    due = shift(p, h.tier_kept, g.keep_months, g.keep_days, g.keep_micros)
    while due < earliest:
        k += 1
        due = shift(p, h.tier_kept, g.keep_months * k, g.keep_days * k, g.keep_micros * k)
    return due


@kernel
def next_check(w, p, at):
    """The first yearly check strictly after an instant: 1 January, an anniversary of joining, or an attribute's date and its anniversaries."""
    h, g = w.head, p.settings
    if g.check == CHECK_YEAR:
        return period_end(p, at, PERIOD_YEAR)
    start, first = h.enrolled_at, 1
    if g.check == CHECK_ATTRIBUTE:
        if h.attribute_date == ABSENT:
            return NEVER
        start, first = midnight(p, h.attribute_date), 0
    years = max(first, year_of(p, at) - year_of(p, start) - 1)
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
        watch(w, p)
        return False
    ladder = ladder_of(w, p)
    now = rung_of(p, ladder, h.tier)
    rung = earned_rung(w, p, ladder, now, NOW)
    if now < 0 or rung > now or (rung < now and may_fall):
        change_tier(w, p, at, rung, reason)
        return True
    watch(w, p)
    return False


@leaf
def calm(w, p, at):
    """Whether an instant's judgement that may not lower the tier would leave all as it is: `watch` has found what it takes, or -1."""
    h = w.head
    if h.rise < 0 or h.spared_rung == 0 or at >= h.window_due or measure(w, p, p.settings.shown_metric) >= h.rise:
        return False
    if h.spared_rung > 0:
        pass_over(w, p)
    return True


@leaf
def pass_over(w, p):
    """Goes on over the purchases whose exit leaves what the rung needs, to the first that costs it.

    `spared_to` is its row, `spare` what the metric has beyond the need once the rows before it are out: so each row is looked at once.
    """
    h, m = w.head, p.settings.shown_metric
    s, i = w.span[MARKS0 + m], h.spared_to
    while i < s.hi and (w.marks[m, i].amount <= h.spare or w.marks[m, i].amount == 0):
        h.spare -= w.marks[m, i].amount
        i += 1
    h.spared_to = i
    h.window_due = w.marks[m, i].leaves_at if i < s.hi else NEVER


@leaf
def steady(w, p):
    """Whether the ladder of a member hangs on nothing that changes without a profile."""
    for k in range(p.n.ladders - 1):
        c = p.conditions[p.ladders[k].condition]
        if (c.at != CUSTOMER_TYPE and c.at != REGION) or c.then != PASS or c.orelse >= 0:
            return False
    return True


@kernel
def watch_one(w, p):
    """`watch` where the tier hangs on one metric: what it would take to rise, and the first exit that may cost the tier."""
    h, g, m = w.head, p.settings, p.settings.shown_metric
    ladder = ladder_of(w, p)
    rung = rung_of(p, ladder, h.tier)
    leave_marks(w, p, h.clock)
    rise = need(p.rungs[rung + 1], m) if rung + 1 < ladder.hi else NEVER
    if rung < 0 or measure(w, p, m) >= rise:
        h.window_due = first_leaving(w, p) if g.check == CHECK_WINDOW else NEVER
        return
    h.rise = rise
    if g.check != CHECK_WINDOW or rung == ladder.lo:
        h.spared_rung = -1
        return
    if h.spared_rung != rung + 1 or h.spared_to < w.span[MARKS0 + m].lo or h.spare < 0:
        h.spared_to, h.spared_rung, h.spare = w.span[MARKS0 + m].lo, rung + 1, measure(w, p, m) - need(p.rungs[rung], m)
    pass_over(w, p)


@leaf
def watch(w, p):
    """When the next exit from a window may change the tier: one that costs it where `check: window` lets it fall by itself, else one of money
    given back without its order, which lets it rise. An instant too early does no harm."""
    h, g = w.head, p.settings
    h.window_due, h.rise = NEVER, -1
    if h.tier >= 0 and g.has_tiers:
        if g.metrics == 1 and g.balance_metric == 0 and h.refunded == 0 and h.lazy == 0 and steady(w, p):
            watch_one(w, p)
        elif g.check == CHECK_WINDOW:
            h.window_due = first_leaving(w, p)
        elif h.refunded:
            h.window_due = first_refund(w, p)
    if h.tier_locked > 0:
        h.window_due, h.rise = min(h.window_due, h.tier_locked), -1
    watch_notice(w, p)


@leaf
def watch_notice(w, p):
    h, g = w.head, p.settings
    h.notice_due = NEVER
    if h.tier_until < NEVER and h.tier_noticed == 0 and h.tier_locked <= h.clock and (g.notice_months or g.notice_days or g.notice_micros):
        due = shift(p, h.tier_until, -g.notice_months, -g.notice_days, -g.notice_micros)
        # A check that became known later than that has no notice; at one instant timers come before facts.
        h.notice_due = due if due > h.clock or (due == h.clock and w.fact.row < 0) else NEVER


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
    m = judged_metric(p)
    return measure_at(w, p, m, at) if m >= 0 else 0


@kernel
def review_tier(w, p, due):
    """The periodic check: kept for another term, postponed by the grace, or given up (S43). -> whether the tier moved"""
    h, g = w.head, p.settings
    leave_marks(w, p, due)
    ladder = ladder_of(w, p)
    now = rung_of(p, ladder, h.tier)
    rung = earned_rung(w, p, ladder, now, CHECKED)
    moved = False
    if now >= 0 and rung > now:
        change_tier(w, p, due, rung, METRIC)
        moved = True
    elif now >= 0 and rung == now:
        set_check(w, p, due, due)
    elif (g.grace_months or g.grace_days or g.grace_micros) and h.tier_grace == 0:
        h.tier_until, h.tier_grace, h.tier_noticed = shift(p, due, g.grace_months, g.grace_days, g.grace_micros), 1, 0
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
    set_check(w, p, at, at)
    watch(w, p)
