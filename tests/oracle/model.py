"""What the oracle keeps of one member, in the plainest form, and what it says of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

from loyalty_streams.core.codes import NEVER, AttrKind, Bucket, EntryKind, Reason
from loyalty_streams.core.entries import COUNTERS, SOURCES, USES, postings
from loyalty_streams.core.facts import Fact, Line
from tests.oracle.programme import Version

LotId = tuple[str, int]


@dataclass(frozen=True)
class OracleEntry:
    """One decision. `basis`, `desired` and `factor` are None where the statements do not say what they hold.

    `at` is when it takes effect, `booked` when it was written: the arrival of its fact. `tier` is the one held before the decision, `version` the
    position of the version in force.
    """

    kind: EntryKind
    at: int
    wallet: str = ""
    bucket: Bucket = Bucket.AVAILABLE
    points: int = 0
    rule: str = ""
    lot: LotId | None = None
    reason: Reason = Reason.NONE
    ref: str = ""
    basis: int | None = None
    desired: int | None = None
    left: str = ""
    entered: str = ""
    cause: str = ""
    factor: Fraction | None = None
    tier: str = ""
    version: int = 0
    booked: int = 0


@dataclass
class Lot:
    """Points of one fact under one wallet, activation and expiry.

    `beside`: the wallet whose lot it follows, empty for none; `counts`: whether metrics count its points once they are available.
    """

    wallet: str
    source: str
    n: int
    earned_at: int
    activates_at: int
    expires_at: int
    granted: int
    remaining: int
    pending: bool
    arrived: int
    version: int
    about: str
    beside: str = ""
    counts: bool = True

    @property
    def id(self) -> LotId:
        return self.source, self.n


@dataclass
class Follow:
    """Pending points of a wallet without lots: beside the lot of another wallet, or by hand with a date of their own.

    `beside`: the wallet whose lot they follow; `number`: that lot's number, -1 for none; `counts`: whether metrics will count them.
    """

    wallet: str
    source: str
    number: int
    beside: str
    points: int
    earned_at: int
    activates_at: int
    about: str
    counts: bool


@dataclass
class DeadPart:
    """What expired of a lot, and when: what a reinstatement may bring back."""

    lot: Lot
    points: int
    expired_at: int


@dataclass
class Purse:
    """One wallet of the member. `flat` and `flat_pending` are the balances of a wallet without lots.

    `idle_since`: from when inactivity counts, None where no clock runs; `idle_known`: the newest instant from which it has ever counted.
    """

    lots: list[Lot] = field(default_factory=list)
    dead: list[DeadPart] = field(default_factory=list)
    flat: int = 0
    flat_pending: int = 0
    debt: int = 0
    idle_since: int | None = None
    idle_known: int = -NEVER

    def available(self) -> int:
        return self.flat + sum(x.remaining for x in self.lots if not x.pending)

    def pending(self) -> int:
        return self.flat_pending + sum(x.remaining for x in self.lots if x.pending)


@dataclass
class Mark:
    """What one purchase adds to one metric, at its instant. `epoch`: how many changes of tier came before it."""

    at: int
    value: int
    source: str
    epoch: int
    number: int = 0


@dataclass
class Part:
    """What one rule gave to one order into one wallet, and how much of it has been taken back."""

    rule: str
    order: tuple[int, int, str, int]
    form: str
    wallet: str
    points: int
    lot: LotId
    weights: dict[int, int]
    used: list[tuple[object, ...]]
    used_times: list[tuple[object, ...]]
    also: bool = False
    moved: bool = False
    taken: int = 0

    @property
    def left(self) -> int:
        return self.points - self.taken


@dataclass
class OrderLine:
    line: Line
    counts_in_spend: bool
    qty_back: int = 0
    money_back: int = 0
    by_money: bool = False


@dataclass
class Order:
    fact: Fact
    lines: dict[int, OrderLine]
    spend: int
    parts: list[Part] = field(default_factory=list)
    money_back: int = 0
    spend_back: int = 0
    restored: int = 0
    full: bool = False
    by_money: bool = False


@dataclass
class HoldPart:
    """Points of one lot (None: debt) that a redemption took; `left` of them have not been given back."""

    lot: Lot | None
    points: int
    left: int


@dataclass
class Redemption:
    """`state`: open, timed_out, released, confirmed, cancelled. A transfer is kept in the same form, `confirmed` until it comes back."""

    key: str
    wallet: str
    points: int
    state: str
    until: int
    parts: list[HoldPart]


@dataclass
class Paid:
    """What a once rule paid: for which order (`about`, empty where for none), by which fact or timer, as which parts."""

    about: str
    source: str
    parts: list[Part]

    @property
    def points(self) -> int:
        return next(p.points for p in self.parts if not p.also)


@dataclass
class Member:
    """Everything of one member.

    `now` is where the member stands, `when` the instant at which what is being judged happened: earlier than `now` for an adjustment (S51).
    `here` is the version in force where it stands, `version` and `here_position` the positions of the versions in force at `when` and `now`.
    """

    opened_at: int = -1
    ended: bool = False
    enrolled_at: int = 0
    enrolment_seen: bool = False
    through: int = -NEVER
    now: int = -NEVER
    when: int = -NEVER
    here: Version | None = None
    here_position: int = 0
    cause: str = ""
    arrived: int = 0
    version: int = 0
    entries: list[OracleEntry] = field(default_factory=list)
    purses: dict[str, Purse] = field(default_factory=dict)
    lot_numbers: dict[str, int] = field(default_factory=dict)
    follows: list[Follow] = field(default_factory=list)
    overdue: list[Lot] = field(default_factory=list)
    # profile
    birthday: tuple[int, int] | None = None
    birthday_years: set[int] = field(default_factory=set)
    birthday_seen: int = -NEVER
    tags: set[str] = field(default_factory=set)
    region: str = ""
    customer_type: str = ""
    status: str = "active"
    attributes: dict[str, tuple[AttrKind, int | str]] = field(default_factory=dict)
    # orders
    orders: dict[str, Order] = field(default_factory=dict)
    order_count: int = 0
    first_at: int = -NEVER
    last_at: int = -NEVER
    lifetime_spend: int = 0
    redemptions: dict[str, Redemption] = field(default_factory=dict)
    transfers: dict[str, Redemption] = field(default_factory=dict)
    pools: dict[str, int] = field(default_factory=dict)
    # rules
    counters: dict[tuple[object, ...], int] = field(default_factory=dict)
    once: dict[tuple[str, int], Paid] = field(default_factory=dict)
    waiting: dict[str, list[str]] = field(default_factory=dict)
    # metrics
    spend_marks: list[Mark] = field(default_factory=list)
    order_marks: list[Mark] = field(default_factory=list)
    wallet_marks: dict[str, list[Mark]] = field(default_factory=dict)
    windows_seen: int = -NEVER
    # tier
    tier: str = ""
    tier_since: int = 0
    kept_at: int = 0
    check_known_at: int = 0
    epoch: int = 0
    changed_at: int = -NEVER
    graced_until: int = 0
    tier_until: int = 0
    locked_until: int = 0
    reassess_at: int = 0
    lazy: bool = False
    noticed: set[int] = field(default_factory=set)
    # stage
    stage: str = "none"
    stage_since: int = 0
    stage_seen: int = -NEVER
    stage_at: int = 0
    reminded: set[tuple[str, date, int]] = field(default_factory=set)

    def mark(self, at: int, value: int, source: str, number: int = 0) -> Mark:
        """What happened at an instant, as metrics count it: before the last change of tier where it is late for that (S48, S51)."""
        return Mark(at, value, source, -1 if at <= self.changed_at and at < self.now else self.epoch, number)

    def purse(self, wallet: str) -> Purse:
        return self.purses.setdefault(wallet, Purse())

    def reserved(self, wallet: str) -> int:
        return sum(p.left for r in self.redemptions.values() if r.state == "open" and r.wallet == wallet for p in r.parts if p.lot)

    def post(
        self,
        kind: EntryKind,
        wallet: str = "",
        points: int = 0,
        bucket: Bucket = Bucket.AVAILABLE,
        *,
        rule: str = "",
        lot: LotId | None = None,
        reason: Reason = Reason.NONE,
        ref: str = "",
        basis: int | None = None,
        desired: int | None = None,
        left: str = "",
        entered: str = "",
        factor: Fraction | None = None,
    ) -> None:
        self.entries.append(
            OracleEntry(
                kind,
                self.when,
                wallet,
                bucket,
                points,
                rule,
                lot,
                reason,
                ref,
                basis,
                desired,
                left,
                entered,
                self.cause,
                factor,
                self.tier,
                self.version,
                self.arrived,
            )
        )

    @property
    def stands(self) -> Version:
        """The version in force where the member stands: tiers, stages and clocks go by it."""
        assert self.here is not None
        return self.here

    @contextmanager
    def where_it_stands(self) -> Iterator[None]:
        """What is decided meanwhile happens where the member stands, however long ago its cause happened (S51)."""
        saved = self.when, self.version
        self.when, self.version = self.now, self.here_position
        yield
        self.when, self.version = saved

    @contextmanager
    def happening_at(self, t: int) -> Iterator[None]:
        """What is decided meanwhile takes effect at an instant of its own."""
        saved, self.when = self.when, t
        yield
        self.when = saved

    def totals(self) -> dict[str, dict[str, int]]:
        """The accounts of T035 for each wallet, summed from the entries."""
        names = ("available", "pending", "reserved", "debt", *SOURCES, *USES, "written_off")
        out = {w: dict.fromkeys(names, 0) for w in self.purses}
        for e in self.entries:
            if e.wallet:
                account = out.setdefault(e.wallet, dict.fromkeys(names, 0))
                for name, points in postings(e.kind, e.bucket, e.points).items():
                    account[name] += points
                if e.kind == EntryKind.WRITTEN_OFF:
                    account["written_off"] += e.basis or 0
        return out

    def check(self) -> None:
        """The oracle's own books: the sums of its entries are its balances. Raises where they are not."""
        for wallet, account in self.totals().items():
            purse = self.purse(wallet)
            held = {
                "available": purse.available(),
                "pending": purse.pending(),
                "reserved": self.reserved(wallet),
                "debt": purse.debt,
            }
            found = {name: account[name] for name in held}
            if held != found:
                raise ArithmeticError(f"wallet {wallet}: balances {held}, entries say {found}")


__all__ = [
    "COUNTERS",
    "DeadPart",
    "Follow",
    "HoldPart",
    "Lot",
    "Mark",
    "Member",
    "OracleEntry",
    "Order",
    "OrderLine",
    "Paid",
    "Part",
    "Purse",
    "Redemption",
]
