"""The lines of the order in hand: what counts, net of tax and of what points paid, and which rules' filters each line meets."""

from __future__ import annotations

from loyalty_streams.core.codes import LineKind
from loyalty_streams.core.kernel.exact import share
from loyalty_streams.core.kernel.jit import kernel, leaf
from loyalty_streams.core.kernel.records import BELOW, NO_FILTER, PASS, WHOLE
from loyalty_streams.core.kernel.rows import judge_here

REWARD = int(LineKind.REWARD)


@leaf
def read_basket(w, p):
    """Marks each line with the line filters it meets (bit 0: it counts in the order amount) and nets it (S5, S7)."""
    f, g = w.fact, p.settings
    for k in range(f.lines):
        w.basket[k].net = w.basket[k].amount
    if g.tax_excluded:
        spread_tax(w)
    eligible = 0
    for k in range(f.lines):
        line = w.basket[k]
        line.mask, line.below = 1, 0
        if g.exclude != NO_FILTER and judge_here(w, p, g.exclude, k) == PASS:
            line.mask, line.net = 0, 0
            continue
        eligible += line.net
        for i in range(1, p.n.filters):
            if judge_here(w, p, p.filters[i], k) == PASS:
                line.mask |= 1 << i
    f.eligible = eligible
    paid = min(f.tender, eligible) if g.net_tender and f.tender > 0 else 0
    if paid > 0:
        take_tender(w, paid, eligible)
    return eligible - paid


@kernel
def one_line(w):
    """The fact in hand as one goods line of the whole amount (S5)."""
    f, line = w.fact, w.basket[0]
    line.no, line.sku, line.category, line.qty, line.kind, line.amount, w.weight[0], f.lines = 1, 0, 0, 1, 0, f.amount, 0, 1


@kernel
def spread_tax(w):
    """Takes its tax off each line under `tax: excluded`; the tax of a whole order is spread by cumulative floors."""
    f = w.fact
    lines_tax = 0
    for k in range(f.lines):
        lines_tax += w.weight[k]
    so_far = 0
    for k in range(f.lines):
        line = w.basket[k]
        if lines_tax:
            line.net -= w.weight[k]
        elif f.tax and f.amount:
            line.net -= share(so_far + line.amount, f.tax, f.amount) - share(so_far, f.tax, f.amount)
            so_far += line.amount


@kernel
def take_tender(w, paid, eligible):
    """What points paid is no base (T011): it is taken off the lines in proportion, by cumulative floors (S7)."""
    so_far = 0
    for k in range(w.fact.lines):
        line = w.basket[k]
        if line.mask:
            upto = share(so_far + line.net, paid, eligible)
            before = share(so_far, paid, eligible)
            so_far += line.net
            line.net -= upto - before


@kernel
def cut_lines(w, below, amount):
    """An order cut at a threshold: `below` of its amount lies under it, over the lines by cumulative floors (S18)."""
    so_far = 0
    for k in range(w.fact.lines):
        line = w.basket[k]
        if line.mask and amount:
            line.below = share(so_far + line.net, below, amount) - share(so_far, below, amount)
            so_far += line.net


@leaf
def part_of(line, part, other):
    """Of a line's net amount what two parts of the order have in common."""
    if part == WHOLE or part == other:
        part = other
    elif other != WHOLE:
        return 0
    return line.net if part == WHOLE else line.below if part == BELOW else line.net - line.below


@kernel
def amount_of(w, mask, part, other):
    """The net amount of the lines that meet all filters of a mask, as far as it lies in both parts of the order."""
    total = 0
    for k in range(w.fact.lines):
        line = w.basket[k]
        if line.mask & mask == mask:
            total += part_of(line, part, other)
    return total


@kernel
def matches(w, mask):
    """Whether any line meets all filters of a mask."""
    for k in range(w.fact.lines):
        if w.basket[k].mask & mask == mask:
            return True
    return False


@kernel
def units_of(w, mask):
    """The quantity on those lines; free reward lines do not count (T007)."""
    total = 0
    for k in range(w.fact.lines):
        line = w.basket[k]
        if line.mask & mask == mask and line.kind != REWARD:
            total += line.qty
    return total
