"""All of it against the log folded again, and the log against what the store counts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from loyalty_streams.agents.effective import corrected, standing
from loyalty_streams.agents.families import given, own_facts
from loyalty_streams.agents.long_fold import fold_from_the_first
from loyalty_streams.agents.rows import Head, KeyRow, split, stacked
from loyalty_streams.core.codes import Bucket, EntryKind, FactKind, Outcome, Reason
from loyalty_streams.core.entries import ENTRY_FIELDS, Entries
from loyalty_streams.core.facts import RANK, Array, take_rows
from loyalty_streams.core.state import Hold, Lot, unpack
from loyalty_streams.hosts.embedded.checks.account import Found, Ground
from loyalty_streams.hosts.embedded.checks.entries import holds_ended, taken_back
from loyalty_streams.hosts.embedded.checks.states import forfeited, lots_left, unaccounted
from loyalty_streams.hosts.embedded.rebuild import heads_of
from loyalty_streams.hosts.embedded.refold import Log, cut, refold, states_before
from loyalty_streams.hosts.embedded.rocks import Clocks, after_member, of_batch
from loyalty_streams.hosts.embedded.store import Store

ASKS = (FactKind.RESERVE, FactKind.REDEEM, FactKind.REDEEMED)
COMPARED = tuple(name for name in ENTRY_FIELDS if name not in ("member", "cause", "booked", "seq"))
"""`booked` of a timer is the tick that fired it, which the log of facts does not have; running numbers count corrections too."""
TAKEN_WHOLE = tuple(name for name in COMPARED if name != "points")


def taken_in_order(store: Store, log: Log) -> Found:
    """Each redemption took from the lots that the order of consumption names, as they stood before it (I3, S21)."""
    c = log.rows.columns
    asks = np.isin(c.kind, ASKS) & (c.outcome != Outcome.REFUSED)
    refused = log.rows.entries[(log.rows.entries["kind"] == EntryKind.REFUSED) & (log.rows.entries["cause"] >= 0)]["cause"]
    asks[refused] = False
    rows = np.flatnonzero(asks).tolist()
    faults = []
    for row, packed in zip(rows, states_before(store, log, rows), strict=True):
        e = log.rows.entries[log.rows.entries["cause"] == row]
        taken = e[np.isin(e["kind"], (EntryKind.REDEEMED, EntryKind.RESERVED)) & (e["lot"] != 0)]
        if not len(taken):
            continue
        version, wallet = int(taken["version"][0]), int(taken["wallet"][0])
        oldest_first = bool(int(store.compiled.tables[version].terms[wallet].oldest_first))
        lots = [x for x in unpack(packed).lots if x.wallet == wallet and not x.pending and x.remaining]
        expected = consumption(lots, -int(taken["points"].sum()), oldest_first)
        if expected != [(int(x["lot"]), int(x["lot_n"]), -int(x["points"])) for x in taken]:
            faults.append(f"{log.ids[log.rows.member[row]]}: entry {int(taken['seq'][0])} took points out of turn")
    return len(rows), faults


def consumption(lots: Sequence[Lot], points: int, oldest_first: bool) -> list[tuple[int, int, int]]:
    """What a redemption takes from each lot."""
    out = []
    for lot in sorted(lots, key=lambda x: (x.earned_at, x.expires_at, x.source, x.n) if oldest_first else (x.expires_at, x.earned_at, x.source, x.n)):
        part = min(points, lot.remaining)
        if part:
            out.append((lot.source, lot.n, part))
        points -= part
    return out


def keys_stand_once(store: Store, log: Log) -> Found:
    """Every fact's key is in the store with its content and owner, and no other fact has it (I4)."""
    keys = split(log.rows.keys)
    faults = []
    seen: set[bytes] = set()
    rows = store.keys(keys)
    for k, (key, found) in enumerate(zip(keys, rows, strict=True)):
        if log.rows.came[k]:
            continue  # another account's
        owner = log.ids[log.rows.member[k]]
        if key in seen:
            faults.append(f"{owner}: {key.decode()} stands twice")
        seen.add(key)
        known = KeyRow.read(found) if found is not None else None
        if known is None or known.content != int(log.rows.content[k]) or known.member != owner.encode():
            faults.append(f"{owner}: {key.decode()} is not known as it stands")
    return len(keys), faults


def folds_to_the_same(store: Store, log: Log) -> Found:
    """Entries and heads of the log folded from the first fact are those stored (I5)."""
    folded = refold(store, log)
    stored = log.rows.entries
    faults = []
    stored_at, folded_at = (np.searchsorted(e["member"], np.arange(len(log.ids) + 1)).tolist() for e in (stored, folded.entries))
    for k, (name, old, new) in enumerate(zip(log.ids, log.heads, heads_of(store, log, folded), strict=True)):
        mine, theirs = stored[stored_at[k] : stored_at[k + 1]], folded.entries[folded_at[k] : folded_at[k + 1]]
        same = len(mine) == len(theirs)
        for field in COMPARED if same else ():
            same = same and bool((mine[field] == theirs[field]).all())
        if not same or not _booked_alike(mine, theirs, log.rows.revisions):
            faults.append(f"{name}: the facts give other entries")
        if old != new:
            faults.append(f"{name}: the facts give another state")
    return len(stored) + len(log.ids), faults


def corrections_cancel(store: Store, log: Log) -> Found:
    """What takes an entry back is that entry with the points negated, and none is taken back twice: so the ledger comes to what holds (I10)."""
    raw, takes = log.raw.entries, corrected(log.raw)
    rows = np.flatnonzero(takes)
    first = np.searchsorted(raw["member"], np.arange(len(log.ids)))
    taken = np.minimum(first[raw["member"][rows]] + takes[rows] - 1, len(raw) - 1)  # numbers have no gaps
    whole = raw["points"][rows] == -raw["points"][taken]
    for field in TAKEN_WHOLE:
        whole &= raw[field][rows] == raw[field][taken]
    once = np.ones(len(rows), bool)
    once[np.unique(taken, return_index=True)[1]] = False
    wrong = rows[~whole | once]
    names = [log.ids[m] for m in raw["member"][wrong].tolist()]
    numbers = zip(names, raw["seq"][wrong].tolist(), takes[wrong].tolist(), strict=True)
    return len(rows), [f"{name}: entry {seq} does not take back entry {of}, whole and once" for name, seq, of in numbers]


def _booked_alike(mine: Entries, theirs: Entries, revisions: Array) -> bool:
    """What a fact caused is booked at its arrival, or later where another fact came late; what an amendment left alone stays as it was booked."""
    by_fact = (mine["cause"] >= 0) & (revisions[mine["cause"]] == 0)
    return bool((mine["booked"][by_fact] >= theirs["booked"][by_fact]).all())


def bases_are_prefixes(store: Store, log: Log) -> Found:
    """Each kept state is what the facts up to it give (I9)."""
    picked, kept, names, counts = [], [], [], [0]
    stand = standing(store.lateness, log.rows.columns, log.rows.member)
    for k, name in enumerate(log.ids):
        for _, value in store.rocks.scan("bases", of_batch(name.encode(), 0), after_member(name.encode())):
            head = Head.read(value)
            rows = _up_to(log, stand, k, head)
            picked.append(rows)
            kept.append(head)
            names.append(name)
            counts.append(counts[-1] + len(rows))
    if not kept:
        return 0, []
    rows, groups = np.concatenate(picked).astype(np.int64), np.array(counts, np.int64)
    beside = given(log.rows, rows, groups)
    folded = fold_from_the_first(store.engine, take_rows(log.rows.columns, rows), groups, np.zeros(len(kept), np.int64), given=beside)
    faults = [f"{n}: a state kept after {h.facts} facts is another one" for n, h, s in zip(names, kept, cut(folded), strict=True) if h.state != s]
    return len(kept), faults


def _up_to(log: Log, stand: Array, member: int, head: Head) -> Array:
    """The rows of a member up to the newest fact of a kept state."""
    c, keys = log.rows.columns, split(log.rows.keys)
    last = (head.last_at, head.last_rank, head.last_key)
    rows = range(int(log.groups[member]), int(log.groups[member + 1]))
    return np.array([row for row in rows if (int(stand[row]), int(RANK[c.kind[row]]), keys[row]) <= last], np.int64)


class Counted:
    """What the log has, to be held against what the store counts (I11)."""

    def __init__(self) -> None:
        self.facts = self.entries = self.in_heads = 0

    def add(self, log: Log) -> None:
        self.facts += len(own_facts(log.raw))
        self.entries += len(log.raw.entries)
        self.in_heads += sum(h.facts for h in log.heads)

    def against(self, clocks: Clocks) -> Found:
        counts = {
            "applied facts": clocks.dispositions.get("applied", 0), "facts of the heads": self.in_heads, "facts counted": clocks.facts,
        }  # fmt: skip
        faults = [f"{n} {name}, {self.facts} in the log" for name, n in counts.items() if n != self.facts]
        if clocks.entries != self.entries:
            faults.append(f"{clocks.entries} entries counted, {self.entries} in the log")
        return sum(clocks.dispositions.values()), faults



SENT = (Reason.MANUAL, Reason.NOT_ALLOWED, Reason.POOLED)
"""Why points of a transfer go, come and come back, and those of a pool."""


class Moved:
    """What accounts give up and take over, by wallet and bucket; and what became of the lots, holds and orders of all that did (I7)."""

    def __init__(self) -> None:
        self.looked_at = 0
        self.sums: dict[tuple[int, int], int] = {}
        self.sent: dict[int, int] = {}
        self.left: dict[tuple[int, int, int], int] = {}
        self.entries: list[Entries] = []
        self.holds: list[Hold] = []

    def add(self, log: Log) -> None:
        for head, own in zip(log.heads, log.entries(), strict=True):
            if head.family:
                state = unpack(head.state)
                lots_left(own, state, self.left)
                self.entries.append(own)
                self.holds += state.holds
        e = log.rows.entries
        e = e[np.isin(e["kind"], (EntryKind.TRANSFERRED_IN, EntryKind.TRANSFERRED_OUT))]
        self.looked_at += len(e)
        for wallet, bucket, points, reason in zip(*(e[name].tolist() for name in ("wallet", "bucket", "points", "reason")), strict=True):
            if reason == Reason.MERGED:
                self.sums[wallet, bucket] = self.sums.get((wallet, bucket), 0) + points
            elif reason in SENT:  # what no lot covered is debt here and points there
                self.sent[wallet] = self.sent.get(wallet, 0) + (-points if bucket == Bucket.DEBT else points)

    def against(self, clocks: Clocks, ground: Ground) -> Found:
        lost = [(*place, points) for place, points in self.sums.items() if points]
        faults = [f"{points} points of wallet {wallet}, bucket {bucket} are neither here nor there" for wallet, bucket, points in lost]
        faults += [f"{points} points of wallet {wallet} have been sent and have not come" for wallet, points in self.sent.items() if points]
        whole = stacked(self.entries)
        lots = unaccounted({place: points for place, points in self.left.items() if ground.keeps_lots(place[0])}, forfeited(whole, ground))
        faults += [f"a lot's entries give {points} points more than remain of it in all accounts" for points in lots]
        faults += [*holds_ended(whole, self.holds)[1], *taken_back(whole)[1]]
        if clocks.under_way:
            faults.append(f"{clocks.under_way} messages are under way")
        return self.looked_at, faults
