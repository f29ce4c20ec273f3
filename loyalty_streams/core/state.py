"""A packed state read by name: what reports, specs and tests look at. Numba is not imported, so one account is read at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from loyalty_streams.core.codes import ABSENT, NEVER
from loyalty_streams.core.kernel.layout import GAUGE_ROW, HEAD_ROW, NEVER_AT_FIRST, SKIP, WALLET_ROW
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
)
from loyalty_streams.core.packed import KINDS, Reader, StateError

__all__ = ["NOBODY", "MemberState", "OrderCard", "RedemptionCard", "StateError", "unpack", "unpack_card"]


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
    idle_since: int = 0
    lapse_at: int = 0


class Lot(NamedTuple):
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


class Mark(NamedTuple):
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
    wallet: int
    also: int
    also_n: int
    moved: int
    back: int


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
class Pool:
    """A pool that the member is in: code of its name, share in hundredths of a percent."""

    about: int
    share: int


@dataclass(frozen=True, slots=True)
class MemberState:
    """All that is kept of a member. Instants are microseconds UTC (NEVER: none), codes are `code_of` values, -1 is no tier, stage or version.

    `ended` is the `Move` by which the account was given up or ended, 0 while it lives. `wallets` and `gauges` by number; `marks` a tuple for each
    metric; `birthday` yyyymmdd, 0 for unknown; `pools` in order of joining.
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
    ended: int
    customer_type: int
    region: int
    attribute_date: int
    orders: int
    first_at: int
    last_at: int
    lifetime_spend: int
    tier: int
    tier_since: int
    tier_at: int
    tier_seq: int
    tier_kept: int
    tier_until: int
    tier_dated: int
    tier_grace: int
    tier_locked: int
    tier_noticed: int
    lazy: int
    reassess_at: int
    stage: int
    stage_since: int
    stage_due: int
    refunded: int
    wallets: Mapping[int, WalletState]
    gauges: Mapping[int, Gauge]
    lots: tuple[Lot, ...]
    marks: tuple[tuple[Mark, ...], ...]
    holds: tuple[Hold, ...]
    counters: tuple[Counter, ...]
    once: tuple[Once, ...]
    tags: tuple[int, ...]
    dead: tuple[DeadLot, ...]
    pools: tuple[Pool, ...]


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
    by_money: int


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
    """An order as remembered for its returns. `seq`: the member's running number when it was counted, -1 where it came too late.

    `stands`: where it stands among facts: its own instant, or its arrival where it came too late (S51).
    """

    ref: int
    at: int
    seq: int
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
    stands: int
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
    """A redemption as remembered for its end. `done`: 0 open, 1 spent, 2 given up, 3 lapsed, 4 reversed; 5 of a transfer."""

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
    r = Reader(data)
    head = r.named(HEAD_ROW, "head")
    wallets = {number: WalletState(*row) for number, row in r.numbered(WALLET_ROW)}
    gauges = {number: Gauge(*row) for number, row in r.numbered(GAUGE_ROW)}
    sections = [r.rows(section) for section in range(STATE_SECTIONS)]
    r.end()
    return _state(head, wallets, gauges, sections)


def unpack_card(data: bytes) -> OrderCard | RedemptionCard:
    """An order or a redemption from the bytes of its card. Raises StateError."""
    r = Reader(data)
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
        lots=tuple(map(Lot._make, by_name["lots"])),
        marks=tuple(tuple(map(Mark._make, sections[MARKS0 + slot])) for slot in range(MAX_METRICS)),
        holds=tuple(Hold(*row) for row in by_name["holds"]), counters=tuple(Counter(*row) for row in by_name["counters"]),
        once=tuple(Once(*row) for row in by_name["once"]), tags=tuple(row[0] for row in by_name["tags"]),
        dead=tuple(DeadLot(*row) for row in by_name["dead"]), pools=tuple(Pool(*row) for row in by_name["pools"]),
    )  # fmt: skip


def _nobody() -> MemberState:
    head = {name: NEVER if name in NEVER_AT_FIRST else 0 for name, kind in zip(Head.names or (), KINDS[HEAD_ROW], strict=True) if kind != SKIP}
    head |= {"tier": -1, "stage": -1, "version": -1, "attribute_date": ABSENT}
    return _state(head, {}, {}, [[] for _ in range(STATE_SECTIONS)])


NOBODY = _nobody()
"""The state of a member before the first fact."""
