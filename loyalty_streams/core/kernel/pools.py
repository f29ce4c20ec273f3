"""Pools: accounts to which a member gives a share of what it earns (T148, S60)."""

from __future__ import annotations

from loyalty_streams.core.codes import Bucket, EntryKind, Reason
from loyalty_streams.core.kernel.exact import share as exact_share
from loyalty_streams.core.kernel.jit import kernel
from loyalty_streams.core.kernel.records import POOLS
from loyalty_streams.core.kernel.rows import post, refuse

AVAILABLE, TRANSFERRED_OUT = int(Bucket.AVAILABLE), int(EntryKind.TRANSFERRED_OUT)
POOLED, NOT_ALLOWED = int(Reason.POOLED), int(Reason.NOT_ALLOWED)
WHOLE = 10_000  # all that is earned, in hundredths of a percent


@kernel
def join(w, p, share):
    """From now on a share of what is earned is the pool's; where the member is in it already, the share changes."""
    f, s = w.fact, w.span[POOLS]
    i, together = s.hi, share
    for k in range(s.lo, s.hi):
        if w.pools[k].about == f.about:
            i = k
        else:
            together += w.pools[k].share
    if i == w.pools.size or share < 1 or share > WHOLE or together > WHOLE:
        refuse(w, NOT_ALLOWED, p.settings.main_wallet, 0, 0)
        return
    w.pools[i].about, w.pools[i].share = f.about, share
    s.hi = max(s.hi, i + 1)


@kernel
def leave(w):
    s, kept = w.span[POOLS], w.span[POOLS].lo
    for k in range(s.lo, s.hi):
        if w.pools[k].about != w.fact.about:
            w.pools[kept].about, w.pools[kept].share = w.pools[k].about, w.pools[k].share
            kept += 1
    s.hi = kept


@kernel
def contribute(w, p, at, points, i):
    """Of points just earned into a lot each pool gets its share, as far as the lot goes. The entry says when the lot was earned and expires."""
    s, lot = w.span[POOLS], w.lots[i]
    if lot.wallet != p.settings.redeem_wallet:
        return
    x = w.wallets[lot.wallet]
    for k in range(s.lo, s.hi):
        part = min(exact_share(points, w.pools[k].share, WHOLE), lot.remaining)
        if part > 0:
            lot.remaining -= part
            x.available -= part
            x.transferred_out += part
            e = post(w, TRANSFERRED_OUT, at, lot.wallet, AVAILABLE, -part, lot.source, lot.n, w.pools[k].about, -1, POOLED)
            e.basis, e.desired = lot.earned_at, lot.expires_at
