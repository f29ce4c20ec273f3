"""What happens by itself, in the order of S2: lazy, pure, the same whenever it is looked at."""

from __future__ import annotations

from loyalty_streams.core.codes import DAY, NEVER, FactKind, Reason
from loyalty_streams.core.kernel.calendar import birthday_distance, next_birthday, read_date, shift
from loyalty_streams.core.kernel.jit import kernel, leaf
from loyalty_streams.core.kernel.lots import activate, expire, find_pending, first_expiry, lapse_wallet
from loyalty_streams.core.kernel.paying import earn, settle_tier, tier_gifts
from loyalty_streams.core.kernel.records import FROM_ACTIVITY, FULL, LAZY, LOTS, ON_BIRTHDAY, UPGRADE_ONLY
from loyalty_streams.core.kernel.redemption import end_holds, find_hold
from loyalty_streams.core.kernel.reminders import find_reminder, remind
from loyalty_streams.core.kernel.stages import set_stage
from loyalty_streams.core.kernel.tiers import ladder_of, notice, open_tier, review_tier, rung_of, watch

TICK = int(FactKind.TICK)
TIMED_OUT, INACTIVE, METRIC, RULE_CHANGE = int(Reason.TIMED_OUT), int(Reason.INACTIVE), int(Reason.METRIC), int(Reason.RULE_CHANGE)


@leaf
def next_due(w, p):
    """The next instant at which anything changes without a fact."""
    h = w.head
    due = min(h.activation_due, h.window_due, h.hold_due, h.stage_due, h.birthday_due, h.tier_until, h.reassess_at)
    due = min(due, h.notice_due, h.remind_due, h.lapse_due)
    if w.span[LOTS].lo < w.span[LOTS].hi:
        due = min(due, first_expiry(w, p))
    return due


@kernel
def recompute(w, p):
    """What is not stored because it can be reckoned: after a state has been read, and after a version's start."""
    find_pending(w)
    find_hold(w)
    watch(w, p)
    find_reminder(w, p, w.head.clock)
    w.head.due = next_due(w, p)


@leaf
def read_member(w, p):
    """What conditions ask of the member that depends on the day: kept with the fact in hand."""
    f, h = w.fact, w.head
    if p.settings.uses_birthday:
        f.birthday_distance = birthday_distance(p, f.at, h.birthday)
    f.enrolled_days = (f.at - h.enrolled_at) // DAY


@kernel
def begin_timer(w, p, due):
    """A timer is a fact without a row; what it gives is named after its instant."""
    f = w.fact
    f.kind, f.at, f.arrived, f.ref, f.about, f.amount, f.points, f.lines, f.attr_lo, f.attr_hi = TICK, due, due, 0, 0, 0, 0, 0, 0, 0
    f.row, f.source, f.lots_made, f.store, f.channel, f.type, f.refuse, f.outcome, f.tender, f.eligible = -1, -due, 0, 0, 0, 0, 0, 0, 0, 0
    w.head.clock = due
    read_date(p, f)
    read_member(w, p)


@kernel
def advance(w, p, t):
    """Fires everything due up to and including t, instant by instant, under one version."""
    h, g = w.head, p.settings
    while h.due <= t:
        due = max(h.due, h.clock)
        begin_timer(w, p, due)
        if h.hold_due <= due:
            end_holds(w, p, due, 0, TIMED_OUT)
        if h.activation_due <= due:
            activate(w, p, due)
            if g.has_tiers:
                settle_tier(w, p, due, g.check == 0, METRIC)
        if h.window_due <= due and g.has_tiers:
            settle_tier(w, p, due, True, METRIC)
        if h.reassess_at <= due:
            h.reassess_at = NEVER
            if g.has_tiers:
                settle_tier(w, p, due, True, METRIC)
        if h.tier_until <= due:
            before = h.tier
            if not g.has_tiers:
                h.tier_until = NEVER
            elif review_tier(w, p, due):
                tier_gifts(w, p, before)
        if h.notice_due <= due:
            notice(w, p, due)
        before_expiry = w.ctl.entries
        expire(w, p, due)
        if h.lapse_due <= due:
            lapse_idle(w, p, due)
        if g.balance_metric and w.ctl.entries > before_expiry:
            settle_tier(w, p, due, g.check == 0, METRIC)
        if h.birthday_due <= due:
            birthday(w, p, due)
        if h.stage_due <= due:
            h.stage_due = NEVER
            set_stage(w, p, due, False)
        if h.remind_due <= due:
            remind(w, p, due)
        h.due = next_due(w, p)


@kernel
def birthday(w, p, due):
    """The gift of the day, once a calendar year even if the date is edited (T014, S19)."""
    h, f = w.head, w.fact
    h.birthday_due = next_birthday(p, due, h.birthday) if p.settings.has_birthday_rule else NEVER
    year = 1970 + f.month // 12
    if h.birthday_year != year and p.settings.has_birthday_rule:
        h.birthday_year = year
        earn(w, p, ON_BIRTHDAY, 0, f.source, f.source)


@kernel
def idle_wallet(p):
    """The wallet whose points live as long as the member is active; -1 when there is none."""
    for i in range(p.n.wallets):
        if p.terms[i].used and p.terms[i].expires == FROM_ACTIVITY:
            return i
    return -1


@kernel
def watch_idle(w, p):
    """When inactivity lets the wallet lapse (T045)."""
    h, i = w.head, idle_wallet(p)
    h.lapse_due = NEVER
    if i >= 0 and h.last_activity > 0:
        t = p.terms[i]
        h.lapse_due = shift(p, h.last_activity, t.months, t.days, t.micros)


@kernel
def active(w, p):
    """The fact in hand counts as activity where its kind is configured (T046)."""
    i = idle_wallet(p)
    if i >= 0 and (p.terms[i].activities >> w.fact.kind) & 1:
        w.head.last_activity = w.fact.at
        watch_idle(w, p)


@kernel
def lapse_idle(w, p, due):
    w.head.lapse_due = NEVER
    i = idle_wallet(p)
    if i >= 0:
        lapse_wallet(w, p, i, due, INACTIVE)


@kernel
def start_version(w, p, at, fresh):
    """A version comes into force: inactivity counts from here at the earliest (T047), the tier is judged as the version says (T112)."""
    h, g = w.head, p.settings
    h.birthday_due = next_birthday(p, at, h.birthday) if g.has_birthday_rule else NEVER
    if idle_wallet(p) >= 0:
        if h.lapse_due == NEVER and not fresh:
            h.last_activity = max(h.last_activity, at)
        watch_idle(w, p)
    else:
        h.lapse_due = NEVER
    if not g.has_tiers:
        h.tier_until, h.reassess_at = NEVER, NEVER
    elif h.tier < 0:
        open_tier(w, p, at)
    elif not fresh:
        lost = rung_of(p, ladder_of(w, p), h.tier) < 0
        if lost or g.on_rule_change == FULL:
            settle_tier(w, p, at, True, RULE_CHANGE)
        elif g.on_rule_change == UPGRADE_ONLY:
            settle_tier(w, p, at, False, RULE_CHANGE)
        else:
            h.lazy = 1 if g.on_rule_change == LAZY else 0
    if g.has_stages and not fresh:
        set_stage(w, p, at, False)
    recompute(w, p)
