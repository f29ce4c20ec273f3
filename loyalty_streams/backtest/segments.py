"""Where a change concentrates: the channels, stores, tiers, stages, regions, kinds, cohorts and spenders whose members change more than others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from loyalty_streams.backtest.comparing import Comparison, changed
from loyalty_streams.backtest.figures import Figures
from loyalty_streams.backtest.folding import Ready
from loyalty_streams.core.codes import NEVER, FactKind
from loyalty_streams.core.facts import Array, attribute_code
from loyalty_streams.reports.arithmetic import DIGITS, ntile, rate
from loyalty_streams.reports.instants import month_bounds

LEAST = 20
"""Changed members below which nothing is said of a segment."""
OF_ORDERS = ("channel", "store")
OF_PROFILES = {"region": attribute_code("@region"), "customer_type": attribute_code("@customer_type")}
CODED = (*OF_ORDERS, *OF_PROFILES)
"""Fields whose values are codes."""
DECILES = 10
TABLE = 16
"""A number is found more quickly in order than in a table of more than so many times the numbers."""
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
    """What is known of members beside their points, block by block: first order and spend by member, and by field the codes that hold of them.

    Under one programme it is kept whom each holds of (`pairs` of member and code); beside another of how many, and how many of these change
    (`counts`: rows of code, members and changed), which takes no memory for members.
    """

    pairs: dict[str, list[Array]] = field(default_factory=lambda: {name: [] for name in CODED})
    counts: dict[str, list[Array]] = field(default_factory=lambda: {name: [] for name in CODED})
    first: list[Array] = field(default_factory=list)
    spend: list[Array] = field(default_factory=list)
    members: int = 0

    def add(self, found: Ready, sides: Sequence[Figures]) -> None:
        """Some members more. `sides`: their figures, which may be under two programmes."""
        c, n = found.columns, len(found.names)
        owner = found.home[found.rows.member]
        orders = np.flatnonzero(c.kind == FactKind.ORDER)
        known = [(name, owner[orders], getattr(c, name)[orders]) for name in OF_ORDERS] + list(_profiles(found, owner))
        alive = np.logical_or.reduce([side.alive for side in sides])
        moved = alive & changed(*sides) if len(sides) > 1 else None
        for name, who, codes in known:
            self._put(name, *_distinct(who, codes), alive, moved)
        first, spend = np.full(n, NEVER, np.int64), np.zeros(n, np.int64)
        np.minimum.at(first, owner[orders], c.at[orders])
        np.add.at(spend, owner[orders], c.amount[orders])
        self.first.append(first)
        self.spend.append(spend)
        self.members += n

    def _put(self, name: str, owner: Array, place: Array, codes: Array, alive: Array, moved: Array | None) -> None:
        if moved is None:
            self.pairs[name].append(np.stack([owner + self.members, codes[place]], axis=1))
            return
        members, changing = (np.bincount(place[some[owner]], minlength=len(codes)) for some in (alive, moved))
        self.counts[name].append(np.stack([codes, members, changing], axis=1)[members > 0])

    def join(self, more: Traits) -> None:
        """Takes in what is known of further members."""
        for name in CODED:
            self.pairs[name] += [pairs + np.array([self.members, 0]) for pairs in more.pairs[name]]
            self.counts[name] += more.counts[name]
        self.first += more.first
        self.spend += more.spend
        self.members += more.members

    def arrays(self) -> list[Array]:
        """All of it, to be written down."""
        none = np.zeros(0, np.int64)
        rows = [np.concatenate([np.zeros((0, width), np.int64), *of[name]]) for of, width in ((self.pairs, 2), (self.counts, 3)) for name in CODED]
        return [*rows, np.concatenate([none, *self.first]), np.concatenate([none, *self.spend])]

    @classmethod
    def of_arrays(cls, arrays: Sequence[Array]) -> Traits:
        *rows, first, spend = arrays
        pairs, counts = ({name: [part] for name, part in zip(CODED, some, strict=True)} for some in (rows[: len(CODED)], rows[len(CODED) :]))
        return cls(pairs, counts, [first], [spend], len(first))

    def segments(self, c: Comparison, texts: Mapping[int, str], zone: ZoneInfo) -> list[Segment]:
        """Those with enough changed members, the highest lift first."""
        moved, everybody = int(c.changed.sum()), len(c.persons)
        if not moved:
            return []
        held = ((name, value, len(who), int(c.changed[who].sum())) for name, value, who in self.groups(c, texts, zone))
        found = []
        for name, value, members, n in (*self._counted(texts), *held):
            if n >= LEAST:
                lift = float(round(Fraction(n * everybody, members * moved), DIGITS))
                found.append(Segment(name, value, members, n, rate(n, moved) or 0.0, lift))
        return sorted(found, key=lambda s: (-s.lift, -s.changed, s.field, s.value))

    def _counted(self, texts: Mapping[int, str]) -> Iterator[tuple[str, str, int, int]]:
        """Field, value, members of whom it holds, and how many of them change."""
        for name, parts in self.counts.items():
            rows = np.concatenate([np.zeros((0, 3), np.int64), *parts])
            codes, place = np.unique(rows[:, 0], return_inverse=True)
            sums = np.zeros((len(codes), 2), np.int64)
            np.add.at(sums, place.reshape(-1), rows[:, 1:])
            for code, (members, moved) in zip(codes.tolist(), sums.tolist(), strict=True):
                yield name, _word(texts, code), members, moved

    def groups(self, c: Comparison, texts: Mapping[int, str], zone: ZoneInfo) -> Iterator[tuple[str, str, Array]]:
        """Field, value, and the places of the persons of whom it holds, one after another."""
        place = np.full(self.members, -1, np.int64)
        place[c.persons] = np.arange(len(c.persons))
        for name, parts in self.pairs.items():
            pairs = np.concatenate([np.zeros((0, 2), np.int64), *parts])
            for code, who in _by_value(place[pairs[:, 0]], pairs[:, 1]):
                yield name, _word(texts, code), who
        for name, held, names in (
            ("tier", c.tiers[0], c.names.tiers), ("stage", c.before.stage[c.persons], c.names.stages),
        ):  # fmt: skip
            for number, who in _by_value(np.arange(len(held)), held):
                if 0 <= number < len(names):
                    yield name, names[number], who
        first, spend = (np.concatenate(parts)[c.persons] for parts in (self.first, self.spend))
        bought = np.flatnonzero(first < NEVER)
        if len(bought):
            starts, months = month_bounds(int(first[bought].min()), int(first[bought].max()), zone)
            for month, who in _by_value(bought, np.searchsorted(starts, first[bought], side="right") - 1):
                yield "first_order", months[month], who
        if len(bought) >= DECILES:
            tenth = ntile(np.lexsort((bought, spend[bought])).astype(np.int64), DECILES)
            for decile, who in _by_value(bought, tenth):
                yield "spend_decile", str(decile), who


def _profiles(found: Ready, owner: Array) -> Iterator[tuple[str, Array, Array]]:
    """By field the members whom a profile gave a value, and the newest that it gave."""
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
        yield name, who[last], c.attr_value[rows[last]]


def _distinct(owner: Array, codes: Array) -> tuple[Array, Array, Array]:
    """Each pair of an owner and a code other than 0 once, in order of the owner: owners, places among the codes that there are, and these."""
    coded = pa.array(codes[codes != 0].astype(np.int64)).dictionary_encode()
    found: Array = coded.dictionary.to_numpy()
    n = max(len(found), 1)
    keys = _each_once(owner[codes != 0] * n + coded.indices.to_numpy())
    return keys // n, keys % n, found


def _each_once(numbers: Array) -> Array:
    """Each of some numbers from 0 on once, in order: by a table of all that there could be where these are not many more."""
    size = int(numbers.max(initial=-1)) + 1
    if size <= TABLE * len(numbers):
        there = np.zeros(size, bool)
        there[numbers] = True
        return np.flatnonzero(there)
    ordered = np.sort(numbers, kind="stable")
    first = np.ones(len(ordered), bool)
    first[1:] = ordered[1:] != ordered[:-1]
    return ordered[first]


def _by_value(who: Array, values: Array) -> Iterator[tuple[int, Array]]:
    """Persons by value, in order of value; those that are nobody's (-1) are left out."""
    known = who >= 0
    who, values = who[known], values[known]
    order = np.argsort(values, kind="stable")
    cuts = np.flatnonzero(np.diff(values[order])) + 1
    for rows in np.split(order, cuts):
        if len(rows):
            yield int(values[rows[0]]), who[rows]


def _word(texts: Mapping[int, str], code: int) -> str:
    """The text of a code, in hexadecimal digits where it is not known."""
    return texts.get(code) or f"#{code & (1 << 64) - 1:016x}"


def most(segments: Sequence[Segment]) -> Segment | None:
    """The segment to be named first: of those with at least a quarter of the changed members the one with the highest lift, if that is above 1."""
    return next((s for s in segments if s.lift > 1 and s.share >= 0.25), None)
