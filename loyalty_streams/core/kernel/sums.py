"""Entries added up, member by member: what a backtest keeps of them when it folds a history under many programmes.

A door of its own, for what the fold has just written and the processor still has at hand.
"""

from __future__ import annotations

import numpy as np

from loyalty_streams.core.codes import Bucket, EntryKind
from loyalty_streams.core.kernel.jit import door, leaf

POINTS, TIERS, STAGES, REMINDERS, REFUSALS = range(5)
NO_THEME = -1
TIER_CHANGED, REDEEMED, DEBT = int(EntryKind.TIER_CHANGED), int(EntryKind.REDEEMED), int(Bucket.DEBT)
_P1, _P2, _P3, _P4 = np.uint64(0x9E3779B185EBCA87), np.uint64(0xC2B2AE3D27D4EB4F), np.uint64(0x165667B19E3779F9), np.uint64(0x85EBCA77C2B2AE63)
_B27, _B29, _B31, _B32, _B33, _B37, _B64 = (np.uint64(n) for n in (27, 29, 31, 32, 33, 37, 64))


@leaf
def stirred(h, word):
    """One word more, as XXH64 takes in the last words of what it hashes."""
    x = np.uint64(word) * _P2
    x = ((x << _B31) | (x >> _B33)) * _P1
    h = h ^ x
    return ((h << _B27) | (h >> _B37)) * _P1 + _P4


@leaf
def settled(h):
    """The end of XXH64."""
    h = (h ^ (h >> _B33)) * _P2
    h = (h ^ (h >> _B29)) * _P3
    return h ^ (h >> _B32)


@door
def add_up(entries, themes, moves, home, counted, months, points, digests, course, seen, reached, short, found):
    """Adds entries to the sums of their members. Nothing is written but into the last seven.

    `themes[kind]`: which digest an entry of that kind is part of, -1 for none. `moves[kind, bucket]`: two pairs of an account and how a
    point moves it (0: not at all). `home[m]`: the row that member m counts in, -1 for none. `counted[w]`: whether the points of wallet w count
    for a member.
    `months`: where each month but the first begins, in order. `points[row, account]`; `digests[row, theme]`; `course[month, wallet, account]`: what
    moved in that month, what a timer moves at the first instant of a month in the one that ends. `reached`: row, tier and instant of each arrival
    in a tier, `short`: row, redemption and points of what no lot covered, and `found`: how many of both there are. `seen[row]`: a bit for each
    tier that a row has reached, which is written once then; where it is empty every arrival is.
    """
    month = 0
    for k in range(entries.size):
        e = entries[k]
        row, kind, n = home[e.member], e.kind, e.points
        if row < 0:
            continue
        theme = themes[kind]
        if theme == POINTS:
            if n == 0:
                continue
            moved = e.at - 1 if e.cause < 0 else e.at
            while month < months.size and moved >= months[month]:
                month += 1
            while month > 0 and moved < months[month - 1]:
                month -= 1
            for pair in range(2):
                sign = moves[kind, e.bucket, pair, 1]
                if sign != 0:
                    account = moves[kind, e.bucket, pair, 0]
                    course[month, e.wallet, account] += sign * n
                    if counted[e.wallet]:
                        points[row, account] += sign * n
            if kind == REDEEMED and e.bucket == DEBT and n > 0:
                at = found[1]
                short[at, 0], short[at, 1], short[at, 2] = row, e.ref, n
                found[1] = at + 1
        elif theme == NO_THEME or (theme == REFUSALS and e.rule >= 0):
            continue
        h = stirred(_P4, np.int64(kind) | np.int64(e.wallet) << 8 | np.int64(e.bucket) << 16)
        h = stirred(h, e.at)
        if theme == POINTS:
            digests[row, theme] += settled(h) * np.uint64(n)
            continue
        if theme == TIERS or theme == STAGES:
            h = stirred(h, np.int64(e.num) << 32 ^ np.int64(e.den))
        else:
            h = stirred(stirred(h, e.ref), e.basis if theme == REMINDERS else np.int64(e.reason))
        digests[row, theme] += settled(h)
        if kind == TIER_CHANGED and e.den >= 0:
            if seen.size > 0:
                bit = np.uint64(1) << np.uint64(e.den)
                if seen[row] & bit:
                    continue
                seen[row] |= bit
            at = found[0]
            reached[at, 0], reached[at, 1], reached[at, 2] = row, e.den, e.at
            found[0] = at + 1
