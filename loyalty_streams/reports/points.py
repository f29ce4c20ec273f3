"""Points by account of the ledger: what was issued, what is held, where the rest went (T035)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from loyalty_streams.core.codes import Bucket, EntryKind
from loyalty_streams.core.entries import Entries, postings

ACCOUNTS = (
    "issued", "available", "pending", "reserved", "redeemed", "expired", "clawed_back", "debt", "written_off", "opening",
    "adjusted", "forfeited", "transferred_in", "transferred_out",
)  # fmt: skip
KINDS, WALLETS, BUCKETS = max(EntryKind) + 1, 8, len(Bucket)
Table = npt.NDArray[np.int64]


def no_sums() -> Table:
    return np.zeros((KINDS, WALLETS, BUCKETS), np.int64)


@dataclass(slots=True)
class Sums:
    """Sums of points by kind of entry, wallet and bucket: of all entries added so far, and of those since an instant.

    Of WRITTEN_OFF, which moves nothing, it is the points let go.
    """

    since: int
    ever: Table = field(default_factory=no_sums)
    recent: Table = field(default_factory=no_sums)

    def add(self, entries: Entries) -> None:
        self._count(self.ever, entries)
        self._count(self.recent, entries[entries["at"] >= self.since])

    @staticmethod
    def _count(into: Table, entries: Entries) -> None:
        let_go = entries["kind"] == EntryKind.WRITTEN_OFF
        amounts = np.where(let_go, entries["basis"], entries["points"])  # what is let go moves no balance
        np.add.at(into, (entries["kind"], entries["wallet"], entries["bucket"]), amounts)


def accounts(sums: Table, wallets: Iterable[int]) -> dict[str, int]:
    """The accounts of these wallets together. Points let go by a policy (`written_off`) move no balance."""
    out = dict.fromkeys(ACCOUNTS, 0)
    for wallet in wallets:
        for kind, bucket in zip(*(axis.tolist() for axis in np.nonzero(sums[:, wallet, :])), strict=True):
            points = int(sums[kind, wallet, bucket])
            if kind == EntryKind.WRITTEN_OFF:
                out["written_off"] += points
            for account, change in postings(kind, bucket, points).items():
                out[account] += change
    return out


def imbalance(figures: dict[str, int]) -> int:
    """What T035's identity leaves over; 0 in every true ledger."""
    given = sum(figures[name] for name in ("issued", "opening", "adjusted", "transferred_in"))
    held = figures["available"] + figures["pending"] + figures["reserved"] - figures["debt"]
    gone = sum(figures[name] for name in ("redeemed", "expired", "clawed_back", "forfeited", "transferred_out"))
    return given - held - gone
