"""What is kept of every member under one programme: points by account, tier and stage, and a digest of what happened and when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from loyalty_streams.core.codes import Bucket, EntryKind
from loyalty_streams.core.entries import Entries, postings
from loyalty_streams.core.facts import Array
from loyalty_streams.core.kernel.sums import NO_THEME, POINTS, REFUSALS, REMINDERS, STAGES, TIERS, add_up
from loyalty_streams.reports.points import ACCOUNTS, BUCKETS, KINDS, WALLETS

HELD = {"available": 1, "pending": 1, "reserved": 1, "debt": -1}
"""What a member has: points that can be spent now or later, less those owed."""
THEMES = ("points", "tiers", "stages", "reminders", "refusals")
"""What of a member's history may differ. Each is a digest of what happened at which instants, which two histories share where the same did. Points
that move alike at one instant add up, so that a rule which is cut in two changes nothing by that alone; which rule it was is not told."""


def _coefficients() -> Array:
    """By kind and bucket: how a point of an entry moves each account."""
    out = np.zeros((KINDS, BUCKETS, len(ACCOUNTS)), np.int64)
    for kind in EntryKind:
        for bucket in Bucket:
            for account, change in postings(kind, bucket, 1).items():
                out[kind, bucket, ACCOUNTS.index(account)] = change
    return out


COEFFICIENTS = _coefficients()


def _moves() -> Array:
    """The same as the kernel reads it: of each kind and bucket two pairs of an account and how a point moves it."""
    out = np.zeros((KINDS, BUCKETS, 2, 2), np.int64)
    for kind, bucket in np.ndindex(KINDS, BUCKETS):
        for pair, account in enumerate(np.flatnonzero(COEFFICIENTS[kind, bucket]).tolist()):
            out[kind, bucket, pair] = account, COEFFICIENTS[kind, bucket, account]
    return out


def _themes() -> Array:
    out = np.full(KINDS, NO_THEME, np.int64)
    out[COEFFICIENTS.any(axis=(1, 2))] = POINTS
    out[[EntryKind.TIER_CHANGED, EntryKind.TIER_NOTICED]] = TIERS
    out[[EntryKind.STAGE_CHANGED, EntryKind.REACTIVATED]] = STAGES
    out[[EntryKind.REMINDED, EntryKind.REFUSED]] = REMINDERS, REFUSALS
    return out


MOVES, THEME_OF = _moves(), _themes()


@dataclass(frozen=True, slots=True)
class Figures:
    """Members under one programme, a row each, in the order of `ids`. `alive`: whether the account is a person's own, and has a fact.

    `points[i, a]`: the points of account a of `ACCOUNTS`, spendable wallets together; `digests[i, t]`: what happened of theme t of `THEMES`.
    `course[m, w, a]`: how the points of all moved in month m, by wallet.
    `reached`: member, tier and instant of every first arrival in a tier; `short`: member, redemption (its code) and points that no lot covered.
    """

    ids: Sequence[str]
    alive: npt.NDArray[np.bool_]
    points: Array
    tier: Array
    stage: Array
    digests: Array
    reached: Array
    short: Array
    course: Array

    @property
    def by_wallet(self) -> Array:
        """The points of all by wallet and account."""
        found: Array = self.course.sum(axis=0)
        return found

    @property
    def held(self) -> Array:
        found: Array = sum((sign * self.account(name) for name, sign in HELD.items()), np.zeros(len(self.ids), np.int64))
        return found

    def account(self, name: str) -> Array:
        column: Array = self.points[:, ACCOUNTS.index(name)]
        return column


@dataclass(slots=True)
class Adding:
    """Adds the entries of some members up as they come, for one programme. `spendable`: the wallets that count; `months`: where each month but the
    first begins, microseconds UTC; `home[k]`: the row that account k counts in, its own where none has become another, -1 where it does not count.
    """

    home: Array
    spendable: Sequence[int]
    months: Array
    points: Array = field(init=False)
    digests: Array = field(init=False)
    course: Array = field(init=False)
    seen: Array = field(init=False)
    reached: list[Array] = field(default_factory=list)
    short: list[Array] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """From nothing: also where a fold has to be begun again."""
        n = len(self.home)
        self.points, self.digests = np.zeros((n, len(ACCOUNTS)), np.int64), np.zeros((n, len(THEMES)), np.uint64)
        self.course = np.zeros((len(self.months) + 1, WALLETS, len(ACCOUNTS)), np.int64)
        alone = bool(((self.home == np.arange(n)) | (self.home < 0)).all())  # so that the entries of a row come in order of time
        self.seen = np.zeros(n if alone else 0, np.uint64)
        self.reached, self.short = [], []

    def add(self, entries: Entries, first: int = 0) -> None:
        """`entries.member` are places in `home`, less `first`."""
        counted = np.zeros(WALLETS, np.int64)
        counted[list(self.spendable)] = 1
        reached, short = np.empty((len(entries), 3), np.int64), np.empty((len(entries), 3), np.int64)
        found = np.zeros(2, np.int64)
        with np.errstate(over="ignore"):
            add_up(
                entries, THEME_OF, MOVES, self.home[first:], counted, self.months, self.points, self.digests, self.course, self.seen, reached, short,
                found,
            )
        self.reached.append(reached[: found[0]].copy())
        self.short.append(short[: found[1]].copy())

    def figures(self, ids: Sequence[str], alive: Array, tier: Array, stage: Array) -> Figures:
        """What they come to. Arrays have a row an account."""
        none = np.zeros((0, 3), np.int64)
        reached = np.concatenate([none, *self.reached])
        return Figures(
            ids, alive, self.points, tier, stage, self.digests, reached if len(self.seen) else _first(reached),
            _together(np.concatenate([none, *self.short])), self.course,
        )  # fmt: skip


def _first(reached: Array) -> Array:
    """First arrivals among all."""
    found = reached[np.lexsort((reached[:, 2], reached[:, 1], reached[:, 0]))]
    first = np.ones(len(found), bool)
    first[1:] = (found[1:, :2] != found[:-1, :2]).any(axis=1)
    return found[first]


def _together(short: Array) -> Array:
    """The points that one redemption lacks, in one row, sorted by member and redemption."""
    if not len(short):
        return short
    pairs, place = np.unique(short[:, :2], axis=0, return_inverse=True)
    total = np.zeros(len(pairs), np.int64)
    np.add.at(total, place.reshape(-1), short[:, 2])
    return np.column_stack([pairs, total])


BY_MEMBER = ("alive", "points", "tier", "stage", "digests", "reached", "short")
"""The figures that have rows of members."""
NAMING = ("reached", "short")
"""Those whose rows say which member they are of."""


class Rows:
    """Rows that come some at a time, in one array that grows by an eighth: parts joined in the end would be in memory twice."""

    def __init__(self, like: Array) -> None:
        self._rows, self._count = np.zeros((0, *like.shape[1:]), like.dtype), 0

    def add(self, more: Array, offset: int = 0) -> None:
        """Some more. `offset`: is added to their first column."""
        first, self._count = self._count, self._count + len(more)
        if self._count > len(self._rows):
            self._grow(self._count + self._count // 8)
        self._rows[first : self._count] = more
        if offset:
            self._rows[first : self._count, 0] += offset

    def taken(self) -> Array:
        """All of them, given away."""
        self._grow(self._count)
        found, self._rows = self._rows, self._rows[:0]
        return found

    def _grow(self, count: int) -> None:
        self._rows.resize((count, *self._rows.shape[1:]), refcheck=False)


@dataclass(slots=True)
class Gathering:
    """Figures of one programme, block by block."""

    parts: dict[str, Rows] = field(default_factory=lambda: {name: Rows(getattr(nobody(), name)) for name in BY_MEMBER})
    course: Array | None = None
    members: int = 0

    def add(self, one: Figures) -> None:
        """The figures of some more members, who are numbered on from those before."""
        for name, rows in self.parts.items():
            rows.add(getattr(one, name), self.members if name in NAMING else 0)
        self.course = one.course if self.course is None else self.course + one.course
        self.members += len(one.alive)

    def figures(self, ids: Sequence[str]) -> Figures:
        """All members so far, whose names are `ids`. What was gathered is given away: the memory for it is needed once."""
        found = {name: rows.taken() for name, rows in self.parts.items()}
        return Figures(ids, **found, course=nobody().course if self.course is None else self.course)


def nobody(months: int = 0) -> Figures:
    """The figures of no member."""
    none = np.zeros(0, np.int64)
    return Figures(
        [], none.astype(bool), np.zeros((0, len(ACCOUNTS)), np.int64), none, none, np.zeros((0, len(THEMES)), np.uint64),
        np.zeros((0, 3), np.int64), np.zeros((0, 3), np.int64), np.zeros((months + 1, WALLETS, len(ACCOUNTS)), np.int64),
    )  # fmt: skip
