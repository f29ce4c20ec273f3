"""What two accounts were paid once each: a signal, and where the programme says so the second payment is taken back (T141, S53)."""

from __future__ import annotations

from loyalty_streams.core.codes import EntryKind, Reason
from loyalty_streams.core.kernel.caps import rule_position
from loyalty_streams.core.kernel.jit import kernel
from loyalty_streams.core.kernel.once import MATURED_KEPT, TAKEN_BACK, WAITING, drop_once
from loyalty_streams.core.kernel.records import MATURED_LOT, ONCE, POLICY_DEBT, width_of, word_of
from loyalty_streams.core.kernel.returns import claw
from loyalty_streams.core.kernel.rows import post, slot

SIGNALLED = int(EntryKind.SIGNALLED)
DUPLICATE_BONUS, MERGE_DUPLICATE = int(Reason.DUPLICATE_BONUS), int(Reason.MERGE_DUPLICATE)
ONCE_AT, ONCE_WIDTH = word_of("once"), width_of("once")


@kernel
def unite_once(w, o, p, programmes):
    """The rows of both in order of instant; of a payment that both had the survivor's is remembered."""
    s, b = w.span[ONCE], o.span[ONCE]
    mine = s.hi
    for j in range(b.lo, b.hi):
        if twin_of(w, o.once[j], programmes, mine) < 0:
            w.once[slot(w, ONCE, w.once.size)] = o.once[j]
    j = next_twin(w, o, programmes, mine, -1)
    while j >= 0:
        signal(w, p, o.once[j])
        j = next_twin(w, o, programmes, mine, j)
    sort_once(w)
    bound_once(w)


@kernel
def twin_of(w, y, programmes, mine):
    """The survivor's payment by the same once rule, ever or in the same year: its row; -1 where there is none."""
    s = w.span[ONCE]
    if y.rule >= 0 and y.granted:
        yearly = is_yearly(programmes, w.head.version, y.rule)
        for i in range(s.lo, mine):
            x = w.once[i]
            if x.rule == y.rule and x.granted and (x.year == y.year or not yearly):
                return i
    return -1


@kernel
def is_yearly(programmes, version, rule):
    """Whether a rule pays once a year, as the newest version that knows it says."""
    for v in range(version, -1, -1):
        r = rule_position(programmes[v], rule)
        if r >= 0:
            return programmes[v].rules[r].once == 2
    return False


@kernel
def next_twin(w, o, programmes, mine, before):
    """The next payment of the other side that the survivor had as well, in order of rule and year; -1 after the last."""
    b, best = o.span[ONCE], -1
    for j in range(b.lo, b.hi):
        y = o.once[j]
        later = before < 0 or comes_after(y, o.once[before])
        if later and (best < 0 or comes_after(o.once[best], y)) and twin_of(w, y, programmes, mine) >= 0:
            best = j
    return best


@kernel
def comes_after(y, x):
    return y.rule > x.rule or (y.rule == x.rule and y.year > x.year)


@kernel
def signal(w, p, y):
    """A bonus that both sides of a merge were paid: reported, and taken back under `dedupe`."""
    f = w.fact
    e = post(w, SIGNALLED, f.at, y.wallet, 0, 0, 0, 0, y.source, y.rule, DUPLICATE_BONUS)
    e.desired = y.points
    points = y.points - y.back
    if p.settings.dedupe == 0 or points <= 0:
        return
    first = w.ctl.entries
    claw(w, p, y.wallet, points, y.source, y.n, f.ref, y.rule, y.at, -1, POLICY_DEBT)
    if y.also >= 0:
        claw(w, p, y.also, points, y.source, y.also_n, f.ref, y.rule, y.at, -1, POLICY_DEBT)
    for i in range(first, w.ctl.entries):
        w.entries[i].reason = MERGE_DUPLICATE
    if y.ref:
        x = w.once[slot(w, ONCE, w.once.size)]
        x.rule, x.ref, x.at, x.source, x.points, x.granted, x.year = TAKEN_BACK, y.ref, f.at, y.source, y.points, 1, y.rule
        x.n, x.wallet, x.also, x.also_n, x.moved, x.back = 0, y.wallet, -1, 0, 0, 0


@kernel
def sort_once(w):
    """Rows in order of instant, each after those that were before it."""
    s = w.span[ONCE]
    for i in range(s.lo + 1, s.hi):
        k = i
        while k > s.lo and w.once[k - 1].at > w.once[k].at:
            for c in range(ONCE_WIDTH):
                a, b = ONCE_AT + (k - 1) * ONCE_WIDTH + c, ONCE_AT + k * ONCE_WIDTH + c
                w.words[a], w.words[b] = w.words[b], w.words[a]
            k -= 1


@kernel
def bound_once(w):
    """Of the orders that wait for a rule the first eight stay, of the lots that an action made available the last ones."""
    s = w.span[ONCE]
    matured, i = 0, s.hi - 1
    while i >= s.lo:
        if w.once[i].rule == MATURED_LOT:
            matured += 1
            if matured > MATURED_KEPT:
                drop_once(w, i)
        elif w.once[i].granted == 0 and waiting_before(w, i) >= WAITING:
            drop_once(w, i)
        i -= 1


@kernel
def waiting_before(w, i):
    n = 0
    for k in range(w.span[ONCE].lo, i):
        n += 1 if w.once[k].granted == 0 and w.once[k].rule == w.once[i].rule else 0
    return n
