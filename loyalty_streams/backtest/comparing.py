"""Two programmes side by side, member by member: who gains, who loses, who moves, what it costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from loyalty_streams.backtest.figures import THEMES, Figures
from loyalty_streams.core.codes import DAY
from loyalty_streams.core.facts import Array
from loyalty_streams.core.programme import Names

TIERS = 64
"""More than there are tiers."""
AT_ONCE = 1 << 18
"""Members whose arrivals in tiers are compared at a time."""
NO_SHIFT = -(1 << 31)
"""In a column of shifts: the member did not reach that tier under both."""


@dataclass(frozen=True)
class Comparison:
    """What two programmes make of one history. Rows are persons, in order of id; `before[i]` and `after[i]` of an array are the same person.

    `names`: registry numbers of tiers and stages in words, the same under both.
    """

    before: Figures
    after: Figures
    persons: Array
    names: Names

    @classmethod
    def of(cls, before: Figures, after: Figures, names: Names) -> Comparison:
        persons = np.flatnonzero(before.alive | after.alive)
        return cls(before, after, np.array(sorted(persons.tolist(), key=before.ids.__getitem__), np.int64), names)

    @cached_property
    def ids(self) -> list[str]:
        return [self.before.ids[k] for k in self.persons.tolist()]

    def account(self, name: str) -> tuple[Array, Array]:
        """The points of an account before and after."""
        return self.before.account(name)[self.persons], self.after.account(name)[self.persons]

    @cached_property
    def held(self) -> tuple[Array, Array]:
        return self.before.held[self.persons], self.after.held[self.persons]

    @cached_property
    def delta(self) -> Array:
        before, after = self.held
        found: Array = after - before
        return found

    @cached_property
    def tiers(self) -> tuple[Array, Array]:
        return self.before.tier[self.persons], self.after.tier[self.persons]

    @cached_property
    def differs(self) -> npt.NDArray[np.bool_]:
        """By person and theme: whether anything of it happened otherwise."""
        return differing(self.before, self.after)[self.persons]

    @cached_property
    def changed(self) -> npt.NDArray[np.bool_]:
        found: npt.NDArray[np.bool_] = self.differs.any(axis=1) | (self.delta != 0)
        return found

    def affected(self) -> Mapping[str, int]:
        """Persons by what differs of them."""
        return {theme: int(n) for theme, n in zip(THEMES, self.differs.sum(axis=0).tolist(), strict=True)}

    # ---- tiers -------------------------------------------------------------------------------------------------------

    def tier_name(self, number: int) -> str:
        tiers = self.names.tiers
        return tiers[number] if 0 <= number < len(tiers) else "none"

    def tier_counts(self) -> tuple[dict[str, int], dict[str, int]]:
        """Persons by tier before and after, in the order in which the programmes name them."""
        numbers = sorted({*np.unique(self.tiers[0]).tolist(), *np.unique(self.tiers[1]).tolist()})
        before, after = ({self.tier_name(k): int((held == k).sum()) for k in numbers} for held in self.tiers)
        return before, after

    def tier_pairs(self) -> list[tuple[str, str, int]]:
        """Tier held before, tier held after, and how many persons."""
        before, after = self.tiers
        counts = np.bincount((before + 1) * TIERS + after + 1)
        places = np.flatnonzero(counts).tolist()
        return [(self.tier_name(k // TIERS - 1), self.tier_name(k % TIERS - 1), int(counts[k])) for k in places]

    def tier_moves(self) -> list[tuple[str, str, int]]:
        """From, to and persons, where they differ: the largest first."""
        return sorted((row for row in self.tier_pairs() if row[0] != row[1]), key=lambda row: (-row[2], row[0], row[1]))

    @cached_property
    def shifts(self) -> Array:
        """Member, tier and days by which it is first reached later (negative: earlier), of tiers that are reached under both at other instants.

        Days are whole: an hour later is a day later. In order of member and tier.
        """
        cuts = np.arange(0, len(self.before.ids), AT_ONCE)[1:]
        sides = [np.split(rows, np.searchsorted(rows[:, 0], cuts)) for rows in (self.before.reached, self.after.reached)]
        return np.concatenate([_shifts(*some) for some in zip(*sides, strict=True)])

    def shift_of_tier_held(self) -> Array:
        """For each person the shift of the tier held in the end, NO_SHIFT where it was not reached under both, or at the same instant."""
        keys, wanted = self.shifts[:, 0] * TIERS + self.shifts[:, 1], self.persons * TIERS + self.tiers[1]
        if not len(keys):
            return np.full(len(wanted), NO_SHIFT, np.int64)
        place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        found: Array = np.where((keys[place] == wanted) & (self.tiers[1] >= 0), self.shifts[place, 2], NO_SHIFT)
        return found

    def tier_shifts(self) -> list[tuple[str, int, int, int]]:
        """Of each tier: persons who reach it earlier, later, and the median of the days (the lower of two)."""
        out = []
        for tier in np.unique(self.shifts[:, 1]).tolist():
            days = np.sort(self.shifts[self.shifts[:, 1] == tier, 2])
            out.append((self.tier_name(tier), int((days < 0).sum()), int((days > 0).sum()), int(days[(len(days) - 1) // 2])))
        return out

    # ---- what could not have been covered ------------------------------------------------------------------------------

    @cached_property
    def infeasible(self) -> list[tuple[int, int, int]]:
        """Member, redemption and points of redemptions that lack more under the candidate than before: they stand, as its debt (T175)."""
        had = {(m, ref): points for m, ref, points in self.before.short.tolist()}
        rows = [(m, ref, points - had.get((m, ref), 0)) for m, ref, points in self.after.short.tolist()]
        return [row for row in rows if row[2] > 0]

    def infeasible_counts(self) -> dict[str, int]:
        short = self.infeasible
        return {
            "redemptions": len({(m, ref) for m, ref, _ in short}), "members": len({m for m, *_ in short}),
            "points_short": sum(points for *_, points in short),
        }  # fmt: skip

    def counts(self) -> dict[str, int]:
        """Persons of whom anything changes, who have more points in the end, and fewer."""
        return {"changed": int(self.changed.sum()), "gain": int((self.delta > 0).sum()), "lose": int((self.delta < 0).sum())}


def _shifts(before: Array, after: Array) -> Array:
    had, has = (rows[:, 0] * TIERS + rows[:, 1] for rows in (before, after))
    _, one, other = np.intersect1d(had, has, assume_unique=True, return_indices=True)
    later = after[other, 2] - before[one, 2]
    moved = later != 0
    days = np.where(later > 0, -(-later // DAY), later // DAY)
    found: Array = np.column_stack([before[one[moved], :2], days[moved]])
    return found


def differing(before: Figures, after: Figures) -> npt.NDArray[np.bool_]:
    """By row and theme: whether anything of it happened otherwise."""
    found: npt.NDArray[np.bool_] = before.digests != after.digests
    for theme, other in (("tiers", before.tier != after.tier), ("stages", before.stage != after.stage)):
        found[:, THEMES.index(theme)] |= other
    return found


def changed(before: Figures, after: Figures) -> npt.NDArray[np.bool_]:
    """By row: whether anything happened otherwise, or the member has other points."""
    found: npt.NDArray[np.bool_] = differing(before, after).any(axis=1) | (before.held != after.held)
    return found
