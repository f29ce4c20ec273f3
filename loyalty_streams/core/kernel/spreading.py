"""An order's points by line, exactly: largest remainder, ties to the lowest line (T072)."""

from __future__ import annotations

from loyalty_streams.core.kernel.exact import divided
from loyalty_streams.core.kernel.jit import kernel
from loyalty_streams.core.kernel.records import FIXED, PER_UNIT, REWARD_BIT


@kernel
def spread(w, o, part):
    """Leaves in `w.weight[k]` the points of one part on line k of the order; plain fixed points lie on no line."""
    total = 0
    for k in range(o.lines):
        line = w.lines[o.lines_lo + k]
        w.weight[k] = 0
        if part.form != FIXED and line.mask & part.mask == part.mask and line.mask & 1:
            w.weight[k] = line.net if part.form != PER_UNIT else 0 if (line.mask >> REWARD_BIT) & 1 else line.qty
            total += w.weight[k]
    if total <= 0:
        return
    given = 0
    for k in range(o.lines):
        w.weight[k], w.factor[k] = divided(w.weight[k], part.points, total)
        given += w.weight[k]
    hand_out(w, o.lines, part.points - given, total)


@kernel
def hand_out(w, n, left, total):
    """One point each to the `left` largest remainders in `w.factor[:n]`, all below `total`.

    The bar is found by halving; ties go in order of lines.
    """
    if left <= 0:
        return
    lo, hi = 0, total
    while lo < hi:  # the largest bar that at least `left` remainders reach
        bar = lo + (hi - lo + 1) // 2
        if reaching(w, n, bar) >= left:
            lo = bar
        else:
            hi = bar - 1
    at_bar = left - reaching(w, n, lo + 1)
    for k in range(n):
        if w.factor[k] > lo:
            w.weight[k] += 1
        elif w.factor[k] == lo and at_bar > 0:
            w.weight[k] += 1
            at_bar -= 1


@kernel
def reaching(w, n, bar):
    count = 0
    for k in range(n):
        count += 1 if w.factor[k] >= bar else 0
    return count
