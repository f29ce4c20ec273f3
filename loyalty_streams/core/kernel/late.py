"""A fact that came too late: it stands at its arrival, and is judged as of the instant at which it happened (T158, S51).

In such a fact `fact.at` is when it happened and `head.clock` where it stands; in every other fact the two are one instant.
"""

from __future__ import annotations

from loyalty_streams.core.codes import ABSENT, Reason
from loyalty_streams.core.kernel.calendar import know_date
from loyalty_streams.core.kernel.jit import kernel, leaf
from loyalty_streams.core.kernel.lifetimes import find_pending, lapse, mature, suspended
from loyalty_streams.core.kernel.lots import drop_empty
from loyalty_streams.core.kernel.paying import settle_tier
from loyalty_streams.core.kernel.records import LOTS
from loyalty_streams.core.kernel.reminders import find_reminder

RULE_CHANGE = int(Reason.RULE_CHANGE)


@kernel
def version_at(programmes, t):
    """The version in force at an instant."""
    v = 0
    while programmes[v].settings.effective_until <= t:
        v += 1
    return v


@kernel
def too_late(programmes, at, arrived):
    """Whether a fact came later than the version in force at its arrival waits for."""
    return arrived - at > programmes[version_at(programmes, arrived)].settings.lateness


@kernel
def judge_lazily(w, now):
    """The judgement of the tier that a version's start has left to the next fact (T112): at the instant where that stands."""
    h, f, at = w.head, w.fact, w.fact.at
    h.lazy = 0
    if at != h.clock:
        f.at, f.month = h.clock, -1
        know_date(w, now)
    settle_tier(w, now, h.clock, True, RULE_CHANGE)
    if at != f.at:
        f.at, f.month = at, -1


@leaf
def go_on(w, programmes):
    """What follows from the fact in hand: tiers, stages and clocks go on at the instant where it stands."""
    if w.fact.at != w.head.clock:
        stand(w, programmes)


@kernel
def stand(w, programmes):
    """From the instant at which a fact happened to its arrival: the version, the date, and what time has done to the points meanwhile."""
    h, f = w.head, w.fact
    overtake(w, programmes[h.version])
    h.version = version_at(programmes, h.clock)
    f.at, f.month, h.rise, h.spared_rung = h.clock, -1, -1, 0
    for k in range(w.attr.size):
        w.attr[k].value = ABSENT
    know_date(w, programmes[h.version])
    find_reminder(w, programmes[h.version], h.clock)


@kernel
def overtake(w, p):
    """What a fact gave too late: escrow matures and what is dated expires, each at its own instant, which is over."""
    h, s = w.head, w.span[LOTS]
    i = s.lo
    while i < s.hi:
        lot = w.lots[i]
        if lot.pending and lot.remaining > 0 and lot.activates_at <= h.clock:
            mature(w, p, i, lot.activates_at)
        i += 1
    i = s.lo
    while i < s.hi and w.lots[i].expires_at <= h.clock:
        lot = w.lots[i]
        if lot.remaining > 0 and not suspended(w, p, lot.wallet):
            lapse(w, p, i, max(w.fact.at, lot.expires_at), 0)
        i += 1
    drop_empty(w)
    find_pending(w)
