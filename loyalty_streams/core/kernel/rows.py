"""The small tools of every step: a new row, a new entry, and the walk through condition rows."""

from __future__ import annotations

from loyalty_streams.core.codes import ABSENT, EntryKind
from loyalty_streams.core.kernel.jit import kernel, leaf
from loyalty_streams.core.kernel.records import IN, NOT_IN, NOT_RANGE, NOT_TAGGED, RANGE, TAGGED, TAGS

REFUSED = int(EntryKind.REFUSED)
ENTRIES_FULL = 1 << 16


@leaf
def post(w, kind, at, wallet, bucket, points, lot, lot_n, ref, rule, reason):
    """Appends an entry and gives it back, so that the caller can add its explanation."""
    c, h = w.ctl, w.head
    if c.entries == w.entries.size:
        c.full |= ENTRIES_FULL
        c.entries -= 1
    e = w.entries[c.entries]
    c.entries += 1
    h.seq += 1
    e.kind, e.at, e.booked, e.wallet, e.bucket, e.points = kind, at, c.booked, wallet, bucket, points
    e.lot, e.lot_n, e.ref, e.rule, e.reason = lot, lot_n, ref, rule, reason
    e.basis, e.desired, e.num, e.den = 0, 0, 0, 0
    e.member, e.cause, e.seq, e.version, e.tier = c.member, w.fact.row, h.seq, h.version, h.tier
    return e


@kernel
def refuse(w, reason, wallet, basis, desired):
    """The refusal of the fact in hand, stored: something refused what was asked."""
    f = w.fact
    e = post(w, REFUSED, f.at, wallet, 0, 0, 0, 0, f.about if f.about else f.ref, -1, reason)
    e.basis, e.desired = basis, desired


@leaf
def slot(w, section, size):
    """The index of a new last row. A full section overwrites its last row and says so; the host decides (S26)."""
    s = w.span[section]
    if s.hi == size:
        w.ctl.full |= 1 << section
        return size - 1
    s.hi += 1
    return s.hi - 1


@kernel
def tagged(w, p, c):
    s = w.span[TAGS]
    for i in range(s.lo, s.hi):
        for k in range(c.lo, c.hi):
            if w.tags[i].tag == p.sets[k]:
                return True
    return False


@kernel
def in_set(p, lo, hi, x):
    for k in range(lo, hi):
        if p.sets[k] == x:
            return True
    return False


@leaf
def holds(w, p, c, x):
    """One condition row on one word."""
    if c.op == RANGE:
        return c.lo <= x <= c.hi
    if c.op == NOT_RANGE:
        return x < c.lo or x > c.hi
    if c.op == IN:
        return in_set(p, c.lo, c.hi, x)
    if c.op == NOT_IN:
        return not in_set(p, c.lo, c.hi, x)
    return tagged(w, p, c) == (c.op == TAGGED)


@kernel
def actual(w, c):
    """What a condition row found, for the explanation: of tags the first one, of lines the first line's."""
    if c.op == TAGGED or c.op == NOT_TAGGED:
        s = w.span[TAGS]
        return w.tags[s.lo].tag if s.lo < s.hi else 0
    if c.stride and w.fact.lines == 0:
        return ABSENT
    return w.words[c.at]


@kernel
def on_any_line(w, p, c):
    for k in range(w.fact.lines):
        if holds(w, p, c, w.words[c.at + k * c.stride]):
            return True
    return False


@leaf
def judge_here(w, p, row, line):
    """`judge` in place of its call, for the hottest places: most conditions are ranges."""
    while row >= 0:
        c = p.conditions[row]
        if c.op != RANGE or (c.stride != 0 and line < 0):
            return judge(w, p, row, line)
        x = w.words[c.at + max(line, 0) * c.stride]
        row = c.then if c.lo <= x <= c.hi else c.orelse
    return row


@kernel
def judge(w, p, row, line):
    """Walks condition rows: each names where to go when it holds and when not. PASS, or -2 - the row that failed.

    `line` >= 0 judges that line of the basket; with -1 a line field holds when it holds on any line (S10).
    """
    while row >= 0:
        c = p.conditions[row]
        if c.stride and line < 0:
            row = c.then if on_any_line(w, p, c) else c.orelse
        else:
            row = c.then if holds(w, p, c, w.words[c.at + max(line, 0) * c.stride]) else c.orelse
    return row
