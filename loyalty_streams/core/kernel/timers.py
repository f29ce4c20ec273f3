"""What happens by itself, in the order of S2: lazy, pure, the same whenever it is looked at."""

from __future__ import annotations

from loyalty_streams.core.codes import NEVER, FactKind, Reason
from loyalty_streams.core.kernel.calendar import know_date, next_birthday, shift
from loyalty_streams.core.kernel.jit import kernel, leaf
from loyalty_streams.core.kernel.lifetimes import activate, expire, find_pending, first_expiry, lapse_wallet
from loyalty_streams.core.kernel.marks import first_leaving, leave_marks, note_ended
from loyalty_streams.core.kernel.paying import after_change, earn, settle_tier
from loyalty_streams.core.kernel.records import CHECK_WINDOW, FROM_ACTIVITY, FULL, LAZY, LOTS, ON_BIRTHDAY, UPGRADE_ONLY
from loyalty_streams.core.kernel.redemption import end_holds, find_hold
from loyalty_streams.core.kernel.reminders import find_reminder, remind
from loyalty_streams.core.kernel.stages import set_stage
from loyalty_streams.core.kernel.tiers import check_due, falls_at_once, find_check, ladder_of, notice, open_tier, review_tier, rung_of, watch

TICK = int(FactKind.TICK)
TIMED_OUT, INACTIVE, METRIC, RULE_CHANGE = int(Reason.TIMED_OUT), int(Reason.INACTIVE), int(Reason.METRIC), int(Reason.RULE_CHANGE)


@leaf
def next_due(w, p):
    """The next instant at which anything changes without a fact."""
    h = w.head
    due = min(h.activation_due, h.window_due, h.hold_due, h.stage_due, h.birthday_due, check_due(h), h.reassess_at)
    due = min(due, h.notice_due, h.remind_due, h.lapse_due)
    if w.span[LOTS].lo < w.span[LOTS].hi:
        due = min(due, first_expiry(w, p))
    return due


@kernel
def recompute(w, p, after):
    """What is not stored because it can be reckoned: after a state has been read, and after a version's start. Reminders due by `after` are out."""
    find_pending(w)
    find_hold(w)
    watch(w, p)
    watch_idle(w, p)
    find_reminder(w, p, after)
    w.head.due = next_due(w, p)


@kernel
def begin_timer(w, due):
    """A timer is a fact without a row; what it gives is named after its instant."""
    f = w.fact
    if f.row >= 0 or f.kind != TICK:  # else a timer has fired before it, and nothing else since
        f.kind, f.ref, f.about, f.amount, f.points, f.lines, f.attr_lo, f.attr_hi = TICK, 0, 0, 0, 0, 0, 0, 0
        f.row, f.store, f.channel, f.type, f.refuse, f.outcome, f.tender, f.eligible = -1, 0, 0, 0, 0, 0, 0, 0
    f.at, f.arrived, f.source, f.lots_made, w.head.clock = due, due, -due, 0, due
    f.month = -1  # the date is reckoned where something asks for it (`know_date`)


@kernel
def advance(w, p, t):
    """Fires everything due up to and including t, instant by instant, under one version."""
    h, g = w.head, p.settings
    while h.due <= t:
        due = max(h.due, h.clock)
        begin_timer(w, due)
        if check_due(h) <= due and g.has_tiers:
            note_ended(w, p, due)
        window = h.window_due <= due and g.has_tiers
        if h.hold_due <= due:
            end_holds(w, p, due, 0, TIMED_OUT)
            if g.balance_metric:
                settle_tier(w, p, due, falls_at_once(p), METRIC)
        if h.activation_due <= due:
            activate(w, p, due)
            if g.has_tiers:
                settle_tier(w, p, due, falls_at_once(p), METRIC)
        if window:
            unlocked = 0 < h.tier_locked <= due
            h.tier_locked = 0 if unlocked else h.tier_locked
            settle_tier(w, p, due, g.check == CHECK_WINDOW or unlocked, METRIC)
        if h.reassess_at <= due:
            h.reassess_at = NEVER
            if g.has_tiers:
                settle_tier(w, p, due, True, METRIC)
        if check_due(h) <= due:
            before = h.tier
            if not g.has_tiers:
                h.tier_until = NEVER
            elif review_tier(w, p, due):
                after_change(w, p, due, before)
        if h.notice_due <= due:
            notice(w, p, due)
        before_expiry = w.ctl.entries
        expire(w, p, due)
        lapses = h.lapse_due <= due
        if lapses:
            lapse_idle(w, p, due)
        if g.balance_metric and w.ctl.entries > before_expiry:
            settle_tier(w, p, due, falls_at_once(p), METRIC)
        if h.birthday_due <= due:
            birthday(w, p, due)
        if h.stage_due <= due:
            h.stage_due = NEVER
            set_stage(w, p, due, False)
        if h.remind_due <= due:
            remind(w, p, due)
        if g.has_idle:
            watch_idle(w, p)
        if lapses:
            find_reminder(w, p, due)
        h.due = next_due(w, p)


@kernel
def birthday(w, p, due):
    """The gift of the day, once a calendar year even if the date is edited (T014, S19)."""
    h, f = w.head, w.fact
    h.birthday_due = next_birthday(p, due, h.birthday) if p.settings.has_birthday_rule else NEVER
    know_date(w, p)
    year = 1970 + f.month // 12
    if h.birthday_year != year and p.settings.has_birthday_rule:
        h.birthday_year = year
        earn(w, p, ON_BIRTHDAY, 0, f.source, f.source)
        if p.settings.has_tiers:
            settle_tier(w, p, due, falls_at_once(p), METRIC)


@kernel
def idles(p, wallet):
    """Whether the points of a wallet live as long as the member is active."""
    return p.terms[wallet].used and p.terms[wallet].expires == FROM_ACTIVITY


@kernel
def start_clock(w, p, wallet, at):
    """From this instant on idleness counts: after so long the whole wallet lapses (T045)."""
    t, x = p.terms[wallet], w.wallets[wallet]
    x.idle_since, x.lapse_at = at, shift(p, at, t.months, t.days, t.micros)


@kernel
def watch_idle(w, p):
    """Where no clock runs, as after a lapse, it starts with the points that come in (S23). Then the first lapse to come is found."""
    h = w.head
    h.lapse_due = NEVER
    for i in range(p.n.wallets):
        x = w.wallets[i]
        if idles(p, i):
            if x.lapse_at == 0 and x.available + x.pending > 0:
                start_clock(w, p, i, h.clock)
            if x.lapse_at > 0:
                h.lapse_due = min(h.lapse_due, x.lapse_at)


@kernel
def active(w, p):
    """The fact in hand counts as activity where its kind is configured (T046)."""
    for i in range(p.n.wallets):
        if idles(p, i) and (p.terms[i].activities >> w.fact.kind) & 1 and w.fact.at >= w.wallets[i].idle_since:
            start_clock(w, p, i, w.fact.at)


@kernel
def lapse_idle(w, p, due):
    for i in range(p.n.wallets):
        if 0 < w.wallets[i].lapse_at <= due:
            w.wallets[i].lapse_at = 0
            lapse_wallet(w, p, i, due, INACTIVE)


@kernel
def start_version(w, p, at, fresh):
    """A version comes into force: inactivity that it switches on counts from here (T047), the tier is judged as the version says (T112)."""
    h, g = w.head, p.settings
    h.rise, h.spared_rung = -1, 0  # thresholds, and the metric they speak of, are those of the version before
    h.birthday_due = next_birthday(p, at - 1, h.birthday) if g.has_birthday_rule else NEVER
    for i in range(p.n.wallets):
        if not idles(p, i):
            w.wallets[i].lapse_at = 0
        elif w.wallets[i].lapse_at > 0:
            start_clock(w, p, i, w.wallets[i].idle_since)
    exits = False
    if not g.has_tiers:
        h.tier_until, h.reassess_at = NEVER, NEVER
    else:
        exits = tier_rules(w, p, at, fresh)
    recompute(w, p, at if fresh else at - 1)
    if not fresh:  # what the version brings at this instant comes in its turn (S2): windows, then the stage
        h.window_due = at if exits else h.window_due
        h.stage_due = at if g.has_stages else NEVER
        h.due = next_due(w, p)


@kernel
def tier_rules(w, p, at, fresh):
    """What a version's start does to the tier: a first one, a new date for its check, a judgement as the version says (T112, S46).

    -> whether something leaves a window at this very instant
    """
    h, g = w.head, p.settings
    if h.tier < 0:
        open_tier(w, p, at)
    else:
        find_check(w, p, at)
    if fresh:
        return False
    leave_marks(w, p, at - 1)
    exits = g.check == CHECK_WINDOW and first_leaving(w, p) <= at
    lost = rung_of(p, ladder_of(w, p), h.tier) < 0
    if lost or g.on_rule_change == FULL:
        settle_tier(w, p, at, True, RULE_CHANGE)
    elif g.on_rule_change == UPGRADE_ONLY:
        settle_tier(w, p, at, False, RULE_CHANGE)
    h.lazy = 1 if g.on_rule_change == LAZY else 0
    return exits
