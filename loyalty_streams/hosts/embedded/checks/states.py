"""The log against the state: sums, lots, bounds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

import numpy as np

from loyalty_streams.core.codes import Bucket, EntryKind, Reason
from loyalty_streams.core.entries import SOURCES, USES, Entries, postings
from loyalty_streams.core.kernel.records import BOUNDS
from loyalty_streams.core.state import MemberState, WalletState
from loyalty_streams.hosts.embedded.checks.account import Account, Found, Ground

BALANCES = ("available", "pending", "reserved")
EMPTY = WalletState()
NOTHING = {name: 0 for name in asdict(EMPTY) if name not in ("idle_since", "lapse_at")}
ROW_BYTES, HEAD_BYTES = 120, 1_200
"""No row of a section is wider, packed; no head with its wallets and gauges is."""


def books(account: Account) -> dict[int, dict[str, int]]:
    """Every account of every wallet, added up from the entries."""
    found: dict[int, dict[str, int]] = {}
    e = account.entries
    places = np.stack([e["wallet"].astype(np.int64), e["kind"], e["bucket"]], axis=1)
    distinct, at = np.unique(places, axis=0, return_inverse=True)
    sums, bases = np.zeros(len(distinct), np.int64), np.zeros(len(distinct), np.int64)
    np.add.at(sums, at.reshape(-1), e["points"])
    np.add.at(bases, at.reshape(-1), e["basis"])
    for (wallet, kind, bucket), points, basis in zip(distinct.tolist(), sums.tolist(), bases.tolist(), strict=True):
        own = found.setdefault(wallet, dict(NOTHING))
        if kind == EntryKind.WRITTEN_OFF:
            own["written_off"] += basis
        for name, change in postings(kind, bucket, points).items():
            own[name] += change
    return found


def conserved(account: Account, ground: Ground) -> Found:
    """T035 from the entries, and the entries against the counters of the state (I1)."""
    added, faults = books(account), []
    for wallet in sorted(added.keys() | account.state.wallets.keys()):
        name = ground.compiled.names.wallets[wallet]
        own = added.get(wallet, dict(NOTHING))
        held = sum(own[b] for b in BALANCES) - own["debt"]
        if sum(own[s] for s in SOURCES) != held + sum(own[u] for u in USES):
            faults.append(f"{name}: the entries do not add up to nothing")
        kept = {name: getattr(account.state.wallets.get(wallet, EMPTY), name) for name in NOTHING}
        faults += [f"{name}: {field} is {kept[field]}, its entries give {own[field]}" for field in kept if kept[field] != own[field]]
    return len(added.keys() | account.state.wallets.keys()), faults


def lots_are_sane(account: Account, ground: Ground) -> Found:
    """0 <= remaining <= granted; lots add up to the balances, and the entries of a lot to what remains of it (I2)."""
    state, faults = account.state, []
    sums: dict[tuple[int, str], int] = {}
    for lot in state.lots:
        if not 0 <= lot.remaining <= lot.granted:
            faults.append(f"a lot has {lot.remaining} of {lot.granted} points")
        key = lot.wallet, "pending" if lot.pending else "available"
        sums[key] = sums.get(key, 0) + lot.remaining
    for hold in state.holds:
        sums[hold.wallet, "reserved"] = sums.get((hold.wallet, "reserved"), 0) + hold.points
    for wallet, kept in state.wallets.items():
        for name in BALANCES if ground.keeps_lots(wallet) else ():
            if getattr(kept, name) != sums.get((wallet, name), 0):
                faults.append(f"{name} is {getattr(kept, name)}, its lots hold {sums.get((wallet, name), 0)}")
    return len(state.lots) + len(state.holds), faults + _remains(account, ground)


def lots_left(entries: Entries, state: MemberState, left: dict[tuple[int, int, int], int]) -> None:
    """Adds to `left` what the entries give each lot (wallet, source, number) less what remains of it."""
    e = entries
    rows = e[(e["lot"] != 0) & (e["bucket"] != Bucket.DEBT) & (e["kind"] != EntryKind.ACTIVATED) & (e["kind"] != EntryKind.CONFIRMED)]
    for wallet, source, n, points in zip(*(rows[f].tolist() for f in ("wallet", "lot", "lot_n", "points")), strict=True):
        left[wallet, source, n] = left.get((wallet, source, n), 0) + points
    for lot in state.lots:
        key = lot.wallet, lot.source, lot.n
        left[key] = left.get(key, 0) - lot.remaining


def _remains(account: Account, ground: Ground) -> list[str]:
    """Each lot against its entries, where no lot came with a merge or went with one. A member who was ever given as many lots as the bound may
    have some that were joined (S26).
    """
    left: dict[tuple[int, int, int], int] = {}
    lots_left(account.entries, account.state, left)
    if len(left) >= BOUNDS["lots"] or account.kin:
        return []
    kept = {place: points for place, points in left.items() if ground.keeps_lots(place[0])}
    return [f"a lot's entries give {points} points more than remain of it" for points in unaccounted(kept, forfeited(account.entries, ground))]


def forfeited(entries: Entries, ground: Ground) -> dict[int, int]:
    """By wallet that keeps lots, what was open of accounts that were erased: no entry says of which lots."""
    found: dict[int, int] = {}
    e = entries[(entries["kind"] == EntryKind.FORFEITED) & (entries["reason"] == Reason.ERASED)]
    for wallet, points in zip(e["wallet"].tolist(), e["points"].tolist(), strict=True):
        found[wallet] = found.get(wallet, 0) - points
    return {wallet: points for wallet, points in found.items() if ground.keeps_lots(wallet)}


def unaccounted(left: Mapping[tuple[int, int, int], int], gone: Mapping[int, int]) -> list[int]:
    """What `lots_left` leaves of lots beyond what was forfeited in their wallet; of a wallet where something was, the sum alone tells."""
    over: dict[int, int] = {wallet: -points for wallet, points in gone.items()}
    for (wallet, _, _), points in left.items():
        if wallet in gone:
            over[wallet] += points
    return [points for points in (*over.values(), *(p for (w, _, _), p in left.items() if w not in gone or p < 0)) if points]


def outstanding_is_held(account: Account, ground: Ground) -> Found:
    """What lots and holds have by date of expiry is what the wallets hold (I20, as far as points)."""
    by_date: dict[tuple[int, int], int] = {}
    for wallet, expires, points in [(x.wallet, x.expires_at, x.remaining) for x in account.state.lots] + [
        (x.wallet, x.expires_at, x.points) for x in account.state.holds
    ]:
        by_date[wallet, expires] = by_date.get((wallet, expires), 0) + points
    faults = []
    for wallet, own in books(account).items():
        held = sum(own[b] for b in BALANCES)
        owed = sum(points for (w, _), points in by_date.items() if w == wallet)
        if ground.keeps_lots(wallet) and held != owed:
            faults.append(f"{owed} points outstanding by expiry, {held} by the ledger")
    return len(by_date), faults


def bounded(account: Account, ground: Ground) -> Found:
    """Bytes are bounded by the rows that are held (I24)."""
    s = account.state
    rows = len(s.lots) + sum(map(len, s.marks)) + len(s.holds) + len(s.counters) + len(s.once) + len(s.tags) + len(s.dead)
    most = HEAD_BYTES + ROW_BYTES * rows
    return 1, [f"{account.size} bytes for {rows} rows"] if account.size > most else []
