"""A packed state read by name: what reports, specs and tests look at. Numba is not imported, so one account is read at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from loyalty_streams.core.codes import ABSENT, MICROS, NEVER
from loyalty_streams.core.kernel.layout import (
    AFTER_PREVIOUS,
    GAUGE_ROW,
    HEAD_ROW,
    INT,
    LAYOUT,
    NEVER_AT_FIRST,
    RAW,
    SKIP,
    TABLE,
    TIME,
    WALLET_ROW,
)
from loyalty_streams.core.kernel.records import (
    CARD_ORDER,
    CARD_REDEMPTION,
    LINES,
    MARKS0,
    MAX_METRICS,
    ORDERS,
    PARTS,
    REDEMPTIONS,
    SECTIONS,
    STATE_SECTIONS,
    TAKEN,
    Head,
    Work,
)


class StateError(ValueError):
    """Bytes that are no state of ours. `code`: STORE_NEWER for a later layout, STORE_BROKEN for anything else."""

    def __init__(self, code: str, what: str) -> None:
        super().__init__(f"{code}: {what}")
        self.code = code


@dataclass(frozen=True, slots=True)
class WalletState:
    """Balances and counters of one wallet, in points; T035 says how they add up."""

    available: int = 0
    pending: int = 0
    reserved: int = 0
    debt: int = 0
    issued: int = 0
    opening: int = 0
    adjusted: int = 0
    transferred_in: int = 0
    transferred_out: int = 0
    redeemed: int = 0
    expired: int = 0
    clawed_back: int = 0
    forfeited: int = 0
    written_off: int = 0


@dataclass(frozen=True, slots=True)
class Lot:
    """Points of one fact. `source`: code of the fact; `n`: which of its lots; `about`: code of the order.

    `pending`: 0 for available points, 1 for earned ones, 2 for those given by hand.
    """

    source: int
    n: int
    wallet: int
    earned_at: int
    activates_at: int
    expires_at: int
    granted: int
    remaining: int
    pending: int
    about: int


@dataclass(frozen=True, slots=True)
class Mark:
    """What one instant added to a metric, and when it leaves the window."""

    at: int
    leaves_at: int
    amount: int


@dataclass(frozen=True, slots=True)
class Gauge:
    """The sum of a metric inside its window, and since the last change of tier."""

    total: int = 0
    since: int = 0


@dataclass(frozen=True, slots=True)
class Hold:
    """What an open reservation took from one lot, until when."""

    ref: int
    source: int
    n: int
    wallet: int
    points: int
    earned_at: int
    expires_at: int
    until: int
    granted: int


@dataclass(frozen=True, slots=True)
class Counter:
    """What a limit has used in the period that it last counted; `store` is 0 unless it counts by store."""

    limit: int
    store: int
    period: int
    used: int


@dataclass(frozen=True, slots=True)
class Once:
    """For what a once rule was paid (`granted`), or for what it would be paid next."""

    rule: int
    ref: int
    at: int
    source: int
    points: int
    granted: int
    year: int
    n: int


@dataclass(frozen=True, slots=True)
class DeadLot:
    """An expired lot that may still be reinstated."""

    source: int
    n: int
    wallet: int
    earned_at: int
    expired_at: int
    points: int
    granted: int


@dataclass(frozen=True, slots=True)
class MemberState:
    """All that is kept of a member. Instants are microseconds UTC (NEVER: none), codes are `code_of` values, -1 is no tier, stage or version.

    `wallets` and `gauges` by number; `marks` a tuple for each metric; `birthday` yyyymmdd, 0 for unknown.
    """

    clock: int
    seq: int
    version: int
    enrolled: int
    enrolled_at: int
    birthday: int
    birthday_due: int
    birthday_year: int
    status: int
    customer_type: int
    region: int
    attribute_date: int
    orders: int
    first_at: int
    last_at: int
    lifetime_spend: int
    tier: int
    tier_since: int
    tier_until: int
    tier_grace: int
    tier_locked: int
    tier_noticed: int
    lazy: int
    reassess_at: int
    stage: int
    stage_since: int
    stage_due: int
    last_activity: int
    lapse_due: int
    wallets: Mapping[int, WalletState]
    gauges: Mapping[int, Gauge]
    lots: tuple[Lot, ...]
    marks: tuple[tuple[Mark, ...], ...]
    holds: tuple[Hold, ...]
    counters: tuple[Counter, ...]
    once: tuple[Once, ...]
    tags: tuple[int, ...]
    dead: tuple[DeadLot, ...]


@dataclass(frozen=True, slots=True)
class OrderLine:
    """A line as its returns need it; `mask`: the filters it met, `outside`: does not count for tiers."""

    no: int
    qty: int
    amount: int
    net: int
    mask: int
    outside: int
    qty_back: int
    amount_back: int


@dataclass(frozen=True, slots=True)
class Part:
    """What one rule gave to an order, and what was taken back of it."""

    rule: int
    form: int
    wallet: int
    n: int
    points: int
    back: int
    mask: int
    active_at: int
    also: int
    also_wallet: int
    also_n: int
    also_back: int


@dataclass(frozen=True, slots=True)
class OrderCard:
    """An order as remembered for its returns."""

    ref: int
    at: int
    version: int
    store: int
    amount: int
    counted: int
    about: int
    points_used: int
    points_back: int
    money_back: int
    counted_back: int
    by_money: int
    done: int
    lines: tuple[OrderLine, ...]
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Taken:
    """What a redemption took from one lot, and what was given back; source 0: what no lot covered."""

    ref: int
    source: int
    n: int
    wallet: int
    points: int
    earned_at: int
    expires_at: int
    back: int
    granted: int


@dataclass(frozen=True, slots=True)
class RedemptionCard:
    """A redemption as remembered for its end. `done`: 0 open, 1 spent, 2 given up, 3 lapsed, 4 reversed."""

    ref: int
    at: int
    points: int
    restored: int
    done: int
    wallet: int
    taken: tuple[Taken, ...]


def unpack(data: bytes) -> MemberState:
    """A member's state from its bytes; no bytes are a member of whom nothing is known. Raises StateError."""
    if not data:
        return NOBODY
    r = _Reader(data)
    head = r.named(HEAD_ROW, "head")
    wallets = {number: WalletState(*row) for number, row in r.numbered(WALLET_ROW)}
    gauges = {number: Gauge(*row) for number, row in r.numbered(GAUGE_ROW)}
    sections = [r.rows(section) for section in range(STATE_SECTIONS)]
    r.end()
    return _state(head, wallets, gauges, sections)


def unpack_card(data: bytes) -> OrderCard | RedemptionCard:
    """An order or a redemption from the bytes of its card. Raises StateError."""
    r = _Reader(data)
    kind = r.byte()
    if kind == CARD_ORDER:
        head = r.named(ORDERS, "orders", leave_out=("lines", "parts"))
        lines = tuple(OrderLine(*row) for row in r.rows(LINES))
        order = OrderCard(**head, lines=lines, parts=tuple(Part(*row) for row in r.rows(PARTS)))
        r.end()
        return order
    if kind != CARD_REDEMPTION:
        raise StateError("STORE_BROKEN", f"a card of kind {kind}")
    head = r.named(REDEMPTIONS, "redemptions", leave_out=("rows",))
    redemption = RedemptionCard(**head, taken=tuple(Taken(*row) for row in r.rows(TAKEN)))
    r.end()
    return redemption


def _state(head: dict[str, int], wallets: Mapping[int, WalletState], gauges: Mapping[int, Gauge], sections: Sequence[list[list[int]]]) -> MemberState:
    by_name = dict(zip(SECTIONS, sections, strict=False))
    return MemberState(
        **head, wallets=wallets, gauges={slot: gauges.get(slot, Gauge()) for slot in range(MAX_METRICS)},
        lots=tuple(Lot(*row) for row in by_name["lots"]),
        marks=tuple(tuple(Mark(*row) for row in sections[MARKS0 + slot]) for slot in range(MAX_METRICS)),
        holds=tuple(Hold(*row) for row in by_name["holds"]), counters=tuple(Counter(*row) for row in by_name["counters"]),
        once=tuple(Once(*row) for row in by_name["once"]), tags=tuple(row[0] for row in by_name["tags"]),
        dead=tuple(DeadLot(*row) for row in by_name["dead"]),
    )  # fmt: skip


KINDS = [[int(kind) for kind in row[3 : 3 + row[1]]] for row in TABLE.tolist()]
"""The kind of each column, a list for each row of the layout table."""


class _Reader:
    """Walks through the bytes of one state or card."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0
        layout = self.byte()
        if layout > LAYOUT:
            raise StateError("STORE_NEWER", f"layout {layout}, this program knows layouts up to {LAYOUT}")
        if layout != LAYOUT:
            raise StateError("STORE_BROKEN", f"there is no layout {layout}")

    def byte(self) -> int:
        if self.at >= len(self.data):
            raise StateError("STORE_BROKEN", "the bytes end too early")
        self.at += 1
        return self.data[self.at - 1]

    def end(self) -> None:
        if self.at != len(self.data):
            raise StateError("STORE_BROKEN", f"{len(self.data) - self.at} bytes too many")

    def plain(self) -> int:
        """An unsigned varint."""
        value, shift = 0, 0
        while True:
            byte = self.byte()
            value |= (byte & 127) << shift
            if byte < 128:
                return value
            shift += 7
            if shift > 63:
                raise StateError("STORE_BROKEN", "a number of more than 64 bits")

    def time(self, base: int) -> int:
        value = self.plain()
        if value & 3 == 2:
            return NEVER
        difference = _signed(value >> 2)
        return base + (difference * MICROS if value & 1 else difference)

    def raw(self) -> int:
        self.at += 8
        if self.at > len(self.data):
            raise StateError("STORE_BROKEN", "the bytes end too early")
        return int.from_bytes(self.data[self.at - 8 : self.at], "little", signed=True)

    def row(self, kinds: Sequence[int], previous: int) -> tuple[list[int], int]:
        """The words of one row, 0 for those that are not stored; and the time that the next row's follows."""
        out: list[int] = []
        for kind in kinds:
            if kind == INT:
                out.append(_signed(self.plain()))
            elif kind == AFTER_PREVIOUS:
                previous = self.time(previous)
                out.append(previous)
            elif kind == TIME:
                out.append(self.time(0))
            elif kind == RAW:
                out.append(self.raw())
            else:
                out.append(0 if kind == SKIP else self.time(out[kind]))
        return out, previous

    def rows(self, section: int) -> list[list[int]]:
        """The rows of a section, or of the lines of a card, after their count."""
        out, previous = [], 0
        for _ in range(self.plain()):
            row, previous = self.row(KINDS[section], previous)
            out.append(row)
        return out

    def numbered(self, section: int) -> list[tuple[int, list[int]]]:
        return [(self.plain(), self.row(KINDS[section], 0)[0]) for _ in range(self.plain())]

    def named(self, section: int, field: str, leave_out: Sequence[str] = ()) -> dict[str, int]:
        """One row by the names of its columns, without those that are not stored."""
        dtype = Work.fields[field][0]
        names = (dtype.subdtype[0] if dtype.subdtype else dtype).names
        words, _ = self.row(KINDS[section], 0)
        return {n: v for n, v, kind in zip(names, words, KINDS[section], strict=True) if kind != SKIP and n not in leave_out}


def _signed(value: int) -> int:
    """A zigzag number of 64 bits."""
    return (value >> 1) ^ -(value & 1)


def _nobody() -> MemberState:
    head = {name: NEVER if name in NEVER_AT_FIRST else 0 for name, kind in zip(Head.names or (), KINDS[HEAD_ROW], strict=True) if kind != SKIP}
    head |= {"tier": -1, "stage": -1, "version": -1, "attribute_date": ABSENT}
    return _state(head, {}, {}, [[] for _ in range(STATE_SECTIONS)])


NOBODY = _nobody()
"""The state of a member before the first fact."""
