"""Entries: what the fold decided, and the accounts that each moves."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from loyalty_streams.core.codes import Bucket, EntryKind

ENTRY_FIELDS: dict[str, str] = {
    "at": "i8",  # effective instant
    "booked": "i8",  # arrived_at of the fact or tick that caused it
    "points": "i8",  # signed change of `bucket`; 0 for entries that move nothing
    "lot": "i8",  # code of the fact that gave the lot
    "ref": "i8",  # code of the order, redemption or fact the entry is about
    "basis": "i8",  # what the rule was applied to: minor units, units or points; of a tier change the metric
    "desired": "i8",  # points before caps; of a tier change the threshold; of an explained refusal the condition row
    "member": "i4",  # row of the member in the batch
    "cause": "i4",  # row of the fact that caused it; -1 for a timer
    "seq": "i4",  # the member's running number, without gaps (I10)
    "num": "i4",  # multiplier or rate; of tier and stage changes the number left
    "den": "i4",  # of tier and stage changes the number entered
    "rule": "i2",  # registry number, -1 for none
    "lot_n": "i2",  # which of the fact's lots
    "version": "i2",  # position of the programme version in force
    "reason": "i2",
    "kind": "u1",
    "wallet": "u1",
    "bucket": "u1",
    "tier": "i1",  # registry number of the tier held before the fact
}
Entry = np.dtype((np.record, np.dtype(list(ENTRY_FIELDS.items()), align=True)))
Entries = npt.NDArray[Any]

# The counter that an entry of a kind moves, and by which sign of the change of the bucket. T035's identity is a sum over these:
# issued + opening + adjusted + transferred_in = available + pending + reserved + redeemed + expired + clawed_back + forfeited
# + transferred_out - debt. A DEBT bucket counts negatively: `points` of such an entry is the growth of the debt.
COUNTERS: dict[EntryKind, str] = {
    EntryKind.EARNED: "issued",
    EntryKind.OPENED: "opening",
    EntryKind.ADJUSTED: "adjusted",
    EntryKind.TRANSFERRED_IN: "transferred_in",
    EntryKind.TRANSFERRED_OUT: "transferred_out",
    EntryKind.EXPIRED: "expired",
    EntryKind.REINSTATED: "expired",
    EntryKind.REDEEMED: "redeemed",
    EntryKind.CONFIRMED: "redeemed",
    EntryKind.RESTORED: "redeemed",
    EntryKind.CLAWED_BACK: "clawed_back",
    EntryKind.FORFEITED: "forfeited",
}
SOURCES = ("issued", "opening", "adjusted", "transferred_in")
USES = ("redeemed", "expired", "clawed_back", "forfeited", "transferred_out")
MOVES = frozenset({EntryKind.ACTIVATED, EntryKind.RESERVED, EntryKind.RELEASED, EntryKind.DEBT_PAID})


def postings(kind: int, bucket: int, points: int) -> dict[str, int]:
    """The accounts one entry moves, by how much; balances and uses less sources sum to zero (I1).

    A move between two balances names the bucket it lands in or leaves: ACTIVATED `points` > 0 pending to available; RESERVED
    `points` < 0 available to reserved; RELEASED > 0 reserved to available; DEBT_PAID < 0 leaves available and the debt alike;
    CONFIRMED < 0 leaves reserved. WRITTEN_OFF moves nothing, but where it lets a debt go (bucket DEBT, points < 0): that takes back what was
    clawed back without being there. EXTENDED, notices and refusals move nothing.
    """
    k = EntryKind(kind)
    if k == EntryKind.ACTIVATED:
        return {"pending": -points, "available": points}
    if k == EntryKind.RESERVED:
        return {"available": points, "reserved": -points}
    if k == EntryKind.RELEASED:
        return {"reserved": -points, "available": points}
    if k == EntryKind.DEBT_PAID:
        return {"available": points, "debt": points}
    if k == EntryKind.WRITTEN_OFF and bucket == Bucket.DEBT:
        return {"debt": points, "clawed_back": points}
    if k not in COUNTERS:
        return {}
    balance = Bucket(bucket).name.lower()
    change = -points if bucket == Bucket.DEBT else points
    counter = COUNTERS[k]
    return {balance: points, counter: change if counter in SOURCES else -change}
