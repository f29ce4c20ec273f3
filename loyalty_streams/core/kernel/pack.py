"""A member's state as bytes: the words of the head and of each section, each as `layout` says."""

from __future__ import annotations

import numpy as np

from loyalty_streams.core.codes import ABSENT, MICROS, NEVER
from loyalty_streams.core.kernel.jit import kernel
from loyalty_streams.core.kernel.layout import (
    AFTER_PREVIOUS, GAUGE_ROW, HEAD_ROW, INT, LAYOUT, NEVER_AT_FIRST, RAW, SKIP, TABLE, TIME, WALLET_ROW,
)
from loyalty_streams.core.kernel.records import (
    BOUNDS, CARD_ORDER, CARD_REDEMPTION, CARD_STATE, LINES, LOTS, MARKS0, MAX_METRICS, MAX_WALLETS, ORDERS, PARTS, REDEMPTIONS, SECTIONS,
    STATE_SECTIONS, TAKEN, width_of, word_of,
)

TOO_SMALL, CARDS_TOO_SMALL, NEWER = 1 << 20, 1 << 21, 1 << 22
HEAD_WORD, HEAD_WIDTH = word_of("head"), width_of("head")
HEAD_NEVER = np.array([word_of("head", n) for n in NEVER_AT_FIRST])
SECTION_BOUNDS = np.array([BOUNDS["marks" if n.startswith("marks") else n] for n in SECTIONS])


@kernel
def put(b, at, v):
    x = np.uint64(v)
    while x >= np.uint64(128):
        b[at] = np.uint8(x & np.uint64(127)) | np.uint8(128)
        x >>= np.uint64(7)
        at += 1
    b[at] = np.uint8(x)
    return at + 1


@kernel
def get(b, at):
    x, s = np.uint64(0), np.uint64(0)
    while True:
        c = b[at]
        at += 1
        x |= np.uint64(c & 127) << s
        if c < 128:
            return np.int64(x), at
        s += np.uint64(7)


@kernel
def zigzag(v):
    return (v << 1) ^ (v >> 63)


@kernel
def unzigzag(x):
    return np.int64((np.uint64(x) >> np.uint64(1)) ^ np.uint64(-(x & 1)))


@kernel
def put_time(b, at, v, base):
    """One byte for NEVER; whole seconds take three bytes less than microseconds."""
    if v == NEVER:
        return put(b, at, 2)
    d = v - base
    if d % MICROS == 0:
        return put(b, at, zigzag(d // MICROS) << 2 | 1)
    return put(b, at, zigzag(d) << 2)


@kernel
def get_time(b, at, base):
    x, at = get(b, at)
    if x & 3 == 2:
        return NEVER, at
    d = unzigzag(np.int64(np.uint64(x) >> np.uint64(2)))
    return base + (d * MICROS if x & 3 == 1 else d), at


@kernel
def put_raw(b, at, v):
    for j in range(8):
        b[at + j] = np.uint8((v >> (8 * j)) & 255)
    return at + 8


@kernel
def get_raw(b, at):
    v = np.int64(0)
    for j in range(8):
        v |= np.int64(b[at + j]) << (8 * j)
    return v


@kernel
def write_row(w, s, i, previous, b, at):
    """One row; -> (where to go on, the time that the next row's follows)."""
    r, n = s[0] + i * s[1], s[1]
    for k in range(n):
        v, kind = w.words[r + k], s[3 + k]
        if kind == INT:
            at = put(b, at, zigzag(v))
        elif kind == AFTER_PREVIOUS:
            at = put_time(b, at, v, previous)
            previous = v
        elif kind == TIME:
            at = put_time(b, at, v, 0)
        elif kind == RAW:
            at = put_raw(b, at, v)
        elif kind >= 0:
            at = put_time(b, at, v, w.words[r + kind])
    return at, previous


@kernel
def read_row(w, s, i, previous, b, at):
    r, n = s[0] + i * s[1], s[1]
    for k in range(n):
        kind = s[3 + k]
        if kind == INT:
            x, at = get(b, at)
            w.words[r + k] = unzigzag(x)
        elif kind == AFTER_PREVIOUS:
            previous, at = get_time(b, at, previous)
            w.words[r + k] = previous
        elif kind == TIME:
            w.words[r + k], at = get_time(b, at, 0)
        elif kind == RAW:
            w.words[r + k] = get_raw(b, at)
            at += 8
        elif kind >= 0:
            w.words[r + k], at = get_time(b, at, w.words[r + kind])
        else:
            w.words[r + k] = 0
    return at, previous


@kernel
def write_rows(w, s, lo, hi, b, at):
    """A count, then the rows that are alive."""
    alive, live = s[2], hi - lo
    if alive >= 0:
        live = 0
        for i in range(lo, hi):
            live += 1 if w.words[s[0] + i * s[1] + alive] else 0
    if at + 10 + live * 10 * s[1] > b.size:
        w.ctl.full |= TOO_SMALL
        return at
    at, previous = put(b, at, live), 0
    for i in range(lo, hi):
        if alive < 0 or w.words[s[0] + i * s[1] + alive]:
            at, previous = write_row(w, s, i, previous, b, at)
    return at


@kernel
def write_numbered(w, s, n, b, at):
    """Rows that lie at their number: how many are not all zero, then each with its number."""
    if at + 20 + n * 10 * (s[1] + 1) > b.size:
        w.ctl.full |= TOO_SMALL
        return at
    count = 0
    for i in range(n):
        count += 1 if any_word(w, s, i) else 0
    at = put(b, at, count)
    for i in range(n):
        if any_word(w, s, i):
            at = put(b, at, i)
            at, _ = write_row(w, s, i, 0, b, at)
    return at


@kernel
def any_word(w, s, i):
    for k in range(s[1]):
        if w.words[s[0] + i * s[1] + k]:
            return True
    return False


@kernel
def read_numbered(w, s, n, b, at):
    for k in range(n * s[1]):
        w.words[s[0] + k] = 0
    count, at = get(b, at)
    for _ in range(count):
        i, at = get(b, at)
        at, _ = read_row(w, s, i, 0, b, at)
    return at


@kernel
def write_state(w, b, at):
    """-> where the next state begins; a buffer too small is said in `ctl.full`."""
    start = at
    if at + 1 + HEAD_WIDTH * 10 > b.size:
        w.ctl.full |= TOO_SMALL
        return start
    b[at] = LAYOUT
    at, _ = write_row(w, TABLE[HEAD_ROW], 0, 0, b, at + 1)
    at = write_numbered(w, TABLE[WALLET_ROW], MAX_WALLETS, b, at)
    at = write_numbered(w, TABLE[GAUGE_ROW], MAX_METRICS, b, at)
    for k in range(STATE_SECTIONS):
        at = write_rows(w, TABLE[k], w.span[k].lo, w.span[k].hi, b, at)
    return start if w.ctl.full & TOO_SMALL else at


@kernel
def fresh_head(w):
    """A head of which nothing is known."""
    for k in range(HEAD_WIDTH):
        w.words[HEAD_WORD + k] = 0
    for k in range(HEAD_NEVER.size):
        w.words[HEAD_NEVER[k]] = NEVER
    h = w.head
    h.tier, h.stage, h.version, h.attribute_date = -1, -1, -1, ABSENT


@kernel
def fresh(w):
    """A member of whom nothing is known."""
    fresh_head(w)
    for s in range(WALLET_ROW, GAUGE_ROW + 1):
        n = MAX_WALLETS if s == WALLET_ROW else MAX_METRICS
        for k in range(n * TABLE[s, 1]):
            w.words[TABLE[s, 0] + k] = 0


@kernel
def read_state(w, b, lo, hi):
    """Fills the workspace from bytes; an empty slice is a fresh member. Cards are cleared."""
    for k in range(TABLE.shape[0] - 3):
        w.span[k].lo, w.span[k].hi = 0, 0
    fresh(w)
    if lo == hi:
        return
    if b[lo] != LAYOUT:
        w.ctl.full |= NEWER
        return
    at, _ = read_row(w, TABLE[HEAD_ROW], 0, 0, b, lo + 1)
    for k in range(HEAD_NEVER.size):
        if TABLE[HEAD_ROW, 3 + HEAD_NEVER[k] - HEAD_WORD] == SKIP:
            w.words[HEAD_NEVER[k]] = NEVER
    at = read_numbered(w, TABLE[WALLET_ROW], MAX_WALLETS, b, at)
    at = read_numbered(w, TABLE[GAUGE_ROW], MAX_METRICS, b, at)
    for k in range(STATE_SECTIONS):
        at = read_rows(w, k, b, at)


@kernel
def read_rows(w, k, b, at):
    n, at = get(b, at)
    if n > SECTION_BOUNDS[k]:
        w.ctl.full |= 1 << k
        n = SECTION_BOUNDS[k]
    previous = 0
    for i in range(n):
        at, previous = read_row(w, TABLE[k], i, previous, b, at)
    w.span[k].hi = n
    return at


@kernel
def write_cards(w, b, rows, at):
    """The orders and redemptions that are new or changed, each a row of its own in `rows` with its place in `b`."""
    for section in range(ORDERS, REDEMPTIONS + 1, REDEMPTIONS - ORDERS):
        for i in range(w.span[section].lo, w.span[section].hi):
            dirty = w.orders[i].dirty if section == ORDERS else w.redemptions[i].dirty
            if dirty and not w.ctl.full:
                at = write_card(w, section, i, b, rows, at)
    return at


@kernel
def write_card(w, section, i, b, rows, at):
    o, x, c = w.orders[i], w.redemptions[i], w.ctl
    inner = o.lines * TABLE[LINES, 1] + o.parts * TABLE[PARTS, 1] if section == ORDERS else x.rows * TABLE[TAKEN, 1]
    if c.cards_out == rows.size or at + 64 + 10 * (inner + TABLE[section, 1]) > b.size:
        c.full |= CARDS_TOO_SMALL
        return at
    card = rows[c.cards_out]
    c.cards_out += 1
    card.member, card.lo = c.member, at
    b[at], b[at + 1] = LAYOUT, CARD_ORDER if section == ORDERS else CARD_REDEMPTION
    at, _ = write_row(w, TABLE[section], i, 0, b, at + 2)
    if section == ORDERS:
        card.kind, card.ref, card.at = CARD_ORDER, o.ref, o.at
        at = write_rows(w, TABLE[LINES], o.lines_lo, o.lines_lo + o.lines, b, at)
        at = write_rows(w, TABLE[PARTS], o.parts_lo, o.parts_lo + o.parts, b, at)
    else:
        card.kind, card.ref, card.at = CARD_REDEMPTION, x.ref, x.at
        at = write_rows(w, TABLE[TAKEN], x.rows_lo, x.rows_lo + x.rows, b, at)
    card.hi = at
    return at


@kernel
def read_card(w, b, lo, hi):
    """Appends a card to the workspace; the state beside a merge is read by the merge."""
    if lo == hi or b[lo] == CARD_STATE:
        return
    if b[lo] != LAYOUT:
        w.ctl.full |= NEWER
        return
    if b[lo + 1] == CARD_ORDER:
        i = w.span[ORDERS].hi
        if i == SECTION_BOUNDS[ORDERS]:
            w.ctl.full |= 1 << ORDERS
            return
        w.span[ORDERS].hi += 1
        at, _ = read_row(w, TABLE[ORDERS], i, 0, b, lo + 2)
        w.orders[i].lines_lo, w.orders[i].parts_lo = w.span[LINES].hi, w.span[PARTS].hi
        at = append_rows(w, LINES, b, at)
        append_rows(w, PARTS, b, at)
    else:
        i = w.span[REDEMPTIONS].hi
        if i == SECTION_BOUNDS[REDEMPTIONS]:
            w.ctl.full |= 1 << REDEMPTIONS
            return
        w.span[REDEMPTIONS].hi += 1
        at, _ = read_row(w, TABLE[REDEMPTIONS], i, 0, b, lo + 2)
        w.redemptions[i].rows_lo = w.span[TAKEN].hi
        append_rows(w, TAKEN, b, at)


@kernel
def append_rows(w, k, b, at):
    n, at = get(b, at)
    first, previous = w.span[k].hi, 0
    if first + n > SECTION_BOUNDS[k]:
        w.ctl.full |= 1 << k
        return at
    for i in range(n):
        at, previous = read_row(w, TABLE[k], first + i, previous, b, at)
    w.span[k].hi = first + n
    return at


@kernel
def compact(w):
    """Sections are queues: rows leave in front, and lots die in between. Once many have gone, what remains moves to the start."""
    for k in range(LOTS, MARKS0 + MAX_METRICS):
        lo, hi, s = w.span[k].lo, w.span[k].hi, TABLE[k]
        alive = 0
        for i in range(lo, hi):
            alive += 1 if s[2] < 0 or w.words[s[0] + i * s[1] + s[2]] else 0
        if hi > 2048 and 2 * alive < hi:
            keep = 0
            for i in range(lo, hi):
                if s[2] < 0 or w.words[s[0] + i * s[1] + s[2]]:
                    for j in range(s[1]):
                        w.words[s[0] + keep * s[1] + j] = w.words[s[0] + i * s[1] + j]
                    keep += 1
            w.span[k].lo, w.span[k].hi, w.head.spared_rung = 0, keep, 0
            if k == LOTS:
                w.head.pending_lo = 0
