"""The rows of two accounts as those of one: each section in its own order, the survivor's rows first where two are equal (S53)."""

from __future__ import annotations

from loyalty_streams.core.kernel.jit import kernel
from loyalty_streams.core.kernel.lots import precedes, put_lot
from loyalty_streams.core.kernel.marks import put_mark
from loyalty_streams.core.kernel.records import COUNTERS, DEAD, HOLDS, LOTS, MARKS0, MAX_METRICS, TAGS
from loyalty_streams.core.kernel.rows import slot


@kernel
def living_lots(w):
    """Moves the lots that are not used up to the start of the section. -> how many they are"""
    s, n = w.span[LOTS], 0
    for i in range(s.lo, s.hi):
        if w.lots[i].remaining > 0:
            if n != i:
                w.lots[n] = w.lots[i]
            n += 1
    s.lo, s.hi = 0, n
    return n


@kernel
def unite_lots(w, o):
    """Two queues in consumption order become one, from the tail on; beyond the bound lots join others (S26)."""
    i, j = living_lots(w) - 1, living_lots(o) - 1
    k = i + j + 1
    if k >= w.lots.size:
        for n in range(j + 1):
            x = o.lots[n]
            put_lot(w, x.source, x.n, x.wallet, x.earned_at, x.activates_at, x.expires_at, x.granted, x.remaining, x.pending, x.about)
        return
    w.span[LOTS].hi = k + 1
    while j >= 0:
        x = o.lots[j]
        if i >= 0 and precedes(x, w.lots[i].expires_at, w.lots[i].earned_at, w.lots[i].source, w.lots[i].n):
            w.lots[k] = w.lots[i]
            i -= 1
        else:
            w.lots[k] = x
            j -= 1
        k -= 1


@kernel
def unite_holds(w, o):
    for i in range(o.span[HOLDS].lo, o.span[HOLDS].hi):
        w.holds[slot(w, HOLDS, w.holds.size)] = o.holds[i]


@kernel
def unite_dead(w, o):
    """Expired lots in order of their expiry; beyond the bound the oldest is dropped."""
    s = w.span[DEAD]
    for j in range(o.span[DEAD].lo, o.span[DEAD].hi):
        if s.hi == w.dead.size:
            for k in range(s.lo, s.hi - 1):
                w.dead[k] = w.dead[k + 1]
            s.hi -= 1
        i = s.hi
        while i > s.lo and w.dead[i - 1].expired_at > o.dead[j].expired_at:
            w.dead[i] = w.dead[i - 1]
            i -= 1
        w.dead[i] = o.dead[j]
        s.hi += 1


@kernel
def unite_tags(w, o):
    s = w.span[TAGS]
    for j in range(o.span[TAGS].lo, o.span[TAGS].hi):
        found = s.hi == w.tags.size
        for i in range(s.lo, s.hi):
            found = found or w.tags[i].tag == o.tags[j].tag
        if not found:
            w.tags[s.hi].tag = o.tags[j].tag
            s.hi += 1


@kernel
def unite_metrics(w, o):
    """Sums add up, and so do rows of one instant (T138)."""
    w.head.refunded |= o.head.refunded
    for m in range(MAX_METRICS):
        w.gauges[m].total += o.gauges[m].total
        w.gauges[m].since += o.gauges[m].since
        unite_marks(w, o, m)


@kernel
def unite_marks(w, o, m):
    """Two queues in order of instant become one, from the tail on. Rows that add up leave room in front of it."""
    a, b = w.span[MARKS0 + m], o.span[MARKS0 + m]
    n = b.hi - b.lo
    if a.hi + n > w.marks.shape[1]:
        for r in range(b.lo, b.hi):
            put_mark(w, m, o.marks[m, r].at, o.marks[m, r].leaves_at, o.marks[m, r].amount)
        return
    i, j, k = a.hi - 1, b.hi - 1, a.hi + n - 1
    a.hi += n
    while j >= b.lo or (i >= a.lo and k > i):
        if j < b.lo or (i >= a.lo and w.marks[m, i].at > o.marks[m, j].at):
            w.marks[m, k] = w.marks[m, i]
            i -= 1
        elif i >= a.lo and w.marks[m, i].at == o.marks[m, j].at:
            amount = w.marks[m, i].amount
            w.marks[m, k] = o.marks[m, j]
            w.marks[m, k].amount += amount
            i, j = i - 1, j - 1
        else:
            w.marks[m, k] = o.marks[m, j]
            j -= 1
        k -= 1
    if i < a.lo:
        a.lo = k + 1


@kernel
def unite_counters(w, o):
    """What limits have used adds up in one period; of two periods the later stays (T143)."""
    s = w.span[COUNTERS]
    for j in range(o.span[COUNTERS].lo, o.span[COUNTERS].hi):
        y, found = o.counters[j], -1
        for i in range(s.lo, s.hi):
            if w.counters[i].limit == y.limit and w.counters[i].store == y.store:
                found = i
        if found < 0 and s.hi < w.counters.size:
            w.counters[s.hi] = y
            s.hi += 1
        elif found >= 0:
            x = w.counters[found]
            if x.period == y.period:
                x.used += y.used
            elif x.period < y.period:
                x.period, x.used = y.period, y.used
