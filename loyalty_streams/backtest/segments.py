"""Where a change concentrates: the channels, stores, tiers, stages, regions, kinds, cohorts and spenders whose members change more than others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from zoneinfo import ZoneInfo

import numpy as np

from loyalty_streams.backtest.comparing import Comparison
from loyalty_streams.backtest.folding import Ready
from loyalty_streams.core.codes import NEVER, FactKind
from loyalty_streams.core.facts import Array, attribute_code
from loyalty_streams.reports.arithmetic import DIGITS, ntile, rate
from loyalty_streams.reports.instants import local

LEAST = 20
"""Changed members below which nothing is said of a segment."""
OF_ORDERS = ("channel", "store")
OF_PROFILES = {"region": attribute_code("@region"), "customer_type": attribute_code("@customer_type")}
DECILES = 10
FIELDS = (*OF_ORDERS, *OF_PROFILES, "tier", "stage", "first_order", "spend_decile")
"""What is known of members."""


@dataclass(frozen=True, slots=True)
class Segment:
    """Members who have something in common, and how many of them change: `share` of all who do, `lift` times as often as the average member."""

    field: str
    value: str
    members: int
    changed: int
    share: float
    lift: float

    def to_json(self) -> dict[str, str | int | float]:
        return {name: getattr(self, name) for name in ("field", "value", "changed", "lift", "members", "share")}


@dataclass(slots=True)
class Traits:
    """What is known of members beside their points, block by block: pairs of member and code by field, first order and spend by member."""

    pairs: dict[str, list[Array]] = field(default_factory=lambda: {name: [] for name in (*OF_ORDERS, *OF_PROFILES)})
    first: list[Array] = field(default_factory=list)
    spend: list[Array] = field(default_factory=list)
    members: int = 0

    def add(self, found: Ready) -> None:
        c, n = found.columns, len(found.names)
        owner = found.home[found.rows.member]
        orders = np.flatnonzero(c.kind == FactKind.ORDER)
        for name in OF_ORDERS:
            self._put(name, owner[orders], getattr(c, name)[orders])
        self._profiles(found, owner)
        first, spend = np.full(n, NEVER, np.int64), np.zeros(n, np.int64)
        np.minimum.at(first, owner[orders], c.at[orders])
        np.add.at(spend, owner[orders], c.amount[orders])
        self.first.append(first)
        self.spend.append(spend)
        self.members += n

    def join(self, more: Traits) -> None:
        """Takes in what is known of further members."""
        for name, parts in more.pairs.items():
            self.pairs[name] += [pairs + np.array([self.members, 0]) for pairs in parts]
        self.first += more.first
        self.spend += more.spend
        self.members += more.members

    def arrays(self) -> list[Array]:
        """All of it, to be written down."""
        nothing = np.zeros((0, 2), np.int64)
        found = [np.concatenate([nothing, *parts]) for parts in self.pairs.values()]
        none = np.zeros(0, np.int64)
        return [*found, np.concatenate([none, *self.first]), np.concatenate([none, *self.spend])]

    @classmethod
    def of_arrays(cls, arrays: Sequence[Array]) -> Traits:
        *pairs, first, spend = arrays
        names = (*OF_ORDERS, *OF_PROFILES)
        return cls({name: [rows] for name, rows in zip(names, pairs, strict=True)}, [first], [spend], len(first))

    def _profiles(self, found: Ready, owner: Array) -> None:
        """The newest value that a profile gave a member."""
        c = found.columns
        if not len(c.attr_name):
            return
        fact = np.repeat(np.arange(len(c.kind)), np.diff(c.attr_at))
        for name, code in OF_PROFILES.items():
            rows = np.flatnonzero((c.attr_name == code) & (c.kind[fact] == FactKind.PROFILE))
            rows = rows[np.lexsort((rows, c.at[fact[rows]], owner[fact[rows]]))]
            who = owner[fact[rows]]
            last = np.ones(len(rows), bool)
            last[:-1] = who[1:] != who[:-1]
            self._put(name, who[last], c.attr_value[rows[last]])

    def _put(self, name: str, owner: Array, codes: Array) -> None:
        pairs = np.stack([owner, codes.astype(np.int64)], axis=1)[codes != 0]
        pairs = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
        fresh = np.ones(len(pairs), bool)
        fresh[1:] = (pairs[1:] != pairs[:-1]).any(axis=1)
        self.pairs[name].append(pairs[fresh] + np.array([self.members, 0]))

    def segments(self, c: Comparison, texts: Mapping[int, str], zone: ZoneInfo) -> list[Segment]:
        """Those with enough changed members, the highest lift first."""
        changed, everybody = int(c.changed.sum()), len(c.persons)
        if not changed:
            return []
        found = []
        for name, value, who in self.groups(c, texts, zone):
            members, n = len(who), int(c.changed[who].sum())
            if n >= LEAST:
                lift = float(round(Fraction(n * everybody, members * changed), DIGITS))
                found.append(Segment(name, value, members, n, rate(n, changed) or 0.0, lift))
        return sorted(found, key=lambda s: (-s.lift, -s.changed, s.field, s.value))

    def groups(self, c: Comparison, texts: Mapping[int, str], zone: ZoneInfo) -> Iterator[tuple[str, str, Array]]:
        """Field, value, and the places of the persons of whom it holds, one after another."""
        place = np.full(self.members, -1, np.int64)
        place[c.persons] = np.arange(len(c.persons))
        for name, parts in self.pairs.items():
            pairs = np.concatenate([np.zeros((0, 2), np.int64), *parts])
            for code, who in _by_value(place[pairs[:, 0]], pairs[:, 1]):
                yield name, texts.get(code) or f"#{code & (1 << 64) - 1:016x}", who
        for name, held, names in (
            ("tier", c.tiers[0], c.names.tiers), ("stage", c.before.stage[c.persons], c.names.stages),
        ):  # fmt: skip
            for number, who in _by_value(np.arange(len(held)), held):
                if 0 <= number < len(names):
                    yield name, names[number], who
        first, spend = (np.concatenate(parts)[c.persons] for parts in (self.first, self.spend))
        bought = np.flatnonzero(first < NEVER)
        months = np.array([_month(at, zone) for at in first[bought].tolist()], np.int64)
        for month, who in _by_value(bought, months):
            yield "first_order", f"{month // 12:04}-{month % 12 + 1:02}", who
        if len(bought) >= DECILES:
            tenth = ntile(np.lexsort((bought, spend[bought])).astype(np.int64), DECILES)
            for decile, who in _by_value(bought, tenth):
                yield "spend_decile", str(decile), who


def _by_value(who: Array, values: Array) -> Iterator[tuple[int, Array]]:
    """Persons by value, in order of value; those that are nobody's (-1) are left out."""
    known = who >= 0
    who, values = who[known], values[known]
    order = np.argsort(values, kind="stable")
    cuts = np.flatnonzero(np.diff(values[order])) + 1
    for rows in np.split(order, cuts):
        if len(rows):
            yield int(values[rows[0]]), who[rows]


def _month(at: int, zone: ZoneInfo) -> int:
    day = local(at, zone)
    return day.year * 12 + day.month - 1


def most(segments: Sequence[Segment]) -> Segment | None:
    """The segment to be named first: of those with at least a quarter of the changed members the one with the highest lift, if that is above 1."""
    return next((s for s in segments if s.lift > 1 and s.share >= 0.25), None)
