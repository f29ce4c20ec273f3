"""What is kept of every member under one programme: points by account, tier and stage, and a digest of what happened and when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from loyalty_streams.backtest.folding import Decided
from loyalty_streams.core.codes import Bucket, EntryKind
from loyalty_streams.core.entries import Entries, postings
from loyalty_streams.core.facts import Array
from loyalty_streams.history.strings import xxh64_words
from loyalty_streams.reports.points import ACCOUNTS, BUCKETS, KINDS, WALLETS

HELD = {"available": 1, "pending": 1, "reserved": 1, "debt": -1}
"""What a member has: points that can be spent now or later, less those owed."""
THEMES = ("points", "tiers", "stages", "reminders", "refusals")
"""What of a member's history may differ."""
MOVES_POINTS = np.zeros(KINDS, bool)
MOVES_POINTS[[k for k in EntryKind if postings(k, Bucket.AVAILABLE, 1)]] = True


def _coefficients() -> Array:
    """By kind and bucket: how a point of an entry moves each account."""
    out = np.zeros((KINDS, BUCKETS, len(ACCOUNTS)), np.int64)
    for kind in EntryKind:
        for bucket in Bucket:
            for account, change in postings(kind, bucket, 1).items():
                out[kind, bucket, ACCOUNTS.index(account)] = change
    return out


COEFFICIENTS = _coefficients()


@dataclass(frozen=True, slots=True)
class Figures:
    """Members under one programme, a row each, in the order of `ids`. `alive`: whether the account is a person's own, and has a fact.

    `points[i, a]`: the points of account a of `ACCOUNTS`, spendable wallets together; `digests[i, t]`: what happened of theme t of `THEMES`.
    `by_wallet[w, a]`: the points of all by wallet.
    `reached`: member, tier and instant of every first arrival in a tier; `short`: member, redemption (its code) and points that no lot covered.
    """

    ids: list[str]
    alive: npt.NDArray[np.bool_]
    points: Array
    tier: Array
    stage: Array
    digests: Array
    reached: Array
    short: Array
    by_wallet: Array

    @property
    def held(self) -> Array:
        found: Array = sum((sign * self.account(name) for name, sign in HELD.items()), np.zeros(len(self.ids), np.int64))
        return found

    def account(self, name: str) -> Array:
        column: Array = self.points[:, ACCOUNTS.index(name)]
        return column


@dataclass(slots=True)
class Gathering:
    """Figures of one programme, block by block. `spendable`: the wallets that count."""

    spendable: Sequence[int]
    parts: list[Figures] = field(default_factory=list)
    members: int = 0

    def add(self, found: Decided) -> None:
        self.parts.append(figures_of(found, self.spendable, self.members))
        self.members += len(found.names)

    def figures(self) -> Figures:
        """All members so far."""
        parts = self.parts or [nobody()]
        arrays = {name: np.concatenate([getattr(p, name) for p in parts]) for name in Figures.__slots__ if name not in ("ids", "by_wallet")}
        return Figures([name for p in parts for name in p.ids], **arrays, by_wallet=sum((p.by_wallet for p in parts[1:]), parts[0].by_wallet))


def figures_of(found: Decided, spendable: Sequence[int], first: int = 0) -> Figures:
    """The figures of some members, who are numbered from `first` on."""
    n, e = len(found.names), found.entries
    owner = found.home[e["member"]]
    counts = np.zeros(WALLETS, bool)
    counts[list(spendable)] = True
    some = counts[e["wallet"]]
    points = _points(n, owner, e) if some.all() else _points(n, owner[some], e[some])
    return Figures(
        [name.decode() for name in found.names], found.present & (found.home == np.arange(n)), points, found.tier, found.stage,
        digests(n, owner, e), _reached(owner + first, e), _short(owner + first, e), _by_wallet(e),
    )  # fmt: skip


def _reached(owner: Array, e: Entries) -> Array:
    """First arrivals, sorted by member and tier."""
    rows = np.flatnonzero((e["kind"] == EntryKind.TIER_CHANGED) & (e["den"] >= 0))
    found = np.stack([owner[rows], e["den"][rows].astype(np.int64), e["at"][rows]], axis=1)
    found = found[np.lexsort((found[:, 2], found[:, 1], found[:, 0]))]
    first = np.ones(len(found), bool)
    first[1:] = (found[1:, :2] != found[:-1, :2]).any(axis=1)
    return found[first]


def _short(owner: Array, e: Entries) -> Array:
    rows = np.flatnonzero((e["kind"] == EntryKind.REDEEMED) & (e["bucket"] == Bucket.DEBT) & (e["points"] > 0))
    pairs, place = np.unique(np.stack([owner[rows], e["ref"][rows]], axis=1), axis=0, return_inverse=True)
    total = np.zeros(len(pairs), np.int64)
    np.add.at(total, place.reshape(-1), e["points"][rows])
    return np.column_stack([pairs.reshape(-1, 2), total])


def nobody() -> Figures:
    """The figures of no member."""
    none = np.zeros(0, np.int64)
    return Figures(
        [], none.astype(bool), np.zeros((0, len(ACCOUNTS)), np.int64), none, none, np.zeros((0, len(THEMES)), np.uint64),
        np.zeros((0, 3), np.int64), np.zeros((0, 3), np.int64), np.zeros((WALLETS, len(ACCOUNTS)), np.int64),
    )  # fmt: skip


def _points(n: int, owner: Array, e: Entries) -> Array:
    """The points of each account by owner."""
    out = np.zeros((n, len(ACCOUNTS)), np.int64)
    moves = COEFFICIENTS[e["kind"], e["bucket"]]
    for a in np.flatnonzero(moves.any(axis=0)).tolist():
        rows = np.flatnonzero(moves[:, a])
        np.add.at(out[:, a], owner[rows], moves[rows, a] * e["points"][rows])
    return out


def _by_wallet(e: Entries) -> Array:
    """The points of each account by wallet."""
    sums = np.zeros((WALLETS, KINDS, BUCKETS), np.int64)
    np.add.at(sums.reshape(-1), (e["wallet"].astype(np.int64) * KINDS + e["kind"]) * BUCKETS + e["bucket"], e["points"])
    found: Array = np.tensordot(sums, COEFFICIENTS, 2)
    return found


def digests(n: int, owner: Array, e: Entries) -> Array:
    """For each member and theme a number that two histories share where the same happened at the same instants.

    Points that move alike at one instant add up, so that a rule which is cut in two changes nothing by that alone; which rule it was, and what
    it was reckoned from, is not told.
    """
    out = np.zeros((n, len(THEMES)), np.uint64)
    kind = e["kind"].astype(np.int64)
    themes: dict[str, tuple[Array, list[Any], Any]] = {
        "points": (MOVES_POINTS[kind] & (e["points"] != 0), [e["wallet"], e["bucket"]], e["points"]),
        "tiers": (np.isin(kind, (EntryKind.TIER_CHANGED, EntryKind.TIER_NOTICED)), [e["num"], e["den"]], None),
        "stages": (np.isin(kind, (EntryKind.STAGE_CHANGED, EntryKind.REACTIVATED)), [e["num"], e["den"]], None),
        "reminders": (kind == EntryKind.REMINDED, [e["ref"], e["wallet"], e["basis"]], None),
        "refusals": ((kind == EntryKind.REFUSED) & (e["rule"] < 0), [e["reason"], e["ref"], e["basis"] * 0], None),
    }
    for t, theme in enumerate(THEMES):
        which, words, weight = themes[theme]
        rows = np.flatnonzero(which)
        if not len(rows):
            continue
        named = xxh64_words([word[rows].astype(np.int64) for word in (kind, e["at"], *words)])
        if weight is not None:
            named = named * weight[rows].astype(np.int64).view(np.uint64)
        np.add.at(out[:, t], owner[rows], named)
    return out
