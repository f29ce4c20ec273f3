"""What happens to several identifiers beside their facts, and the order of it all."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from loyalty_streams.core.codes import FactKind, Outcome, Reason
from loyalty_streams.core.facts import Fact
from tests.oracle.oracle import fact_order
from tests.oracle.pools import Contribution
from tests.oracle.programme import Timeline

GIVEN_BACK = (FactKind.RETURN, FactKind.EXCHANGE_RETURN, FactKind.CANCELLATION)


@dataclass(frozen=True)
class Merge:
    """From `at` on, the account of one identifier is the account of another."""

    at: int
    key: str
    gives_up: str
    into: str
    arrived: int = -1


@dataclass(frozen=True)
class Unmerge:
    """The newest merge of one identifier into another has never been (T140)."""

    at: int
    key: str
    gives_up: str
    into: str
    arrived: int = -1


@dataclass(frozen=True)
class Unlink:
    """From `at` on, an identifier that was given up is an account of its own again, a new one. `member`: whose it is said to have been (S57)."""

    at: int
    key: str
    identifier: str
    member: str
    arrived: int = -1


@dataclass(frozen=True)
class Claim:
    """A member shows a receipt: its anonymous order, under the identifier `receipt:` and the receipt, is the member's (T144)."""

    at: int
    key: str
    receipt: str
    member: str
    arrived: int = -1


@dataclass(frozen=True)
class End:
    """The account of an identifier ends; its identifiers are free to enrol as somebody new."""

    at: int
    key: str
    member: str
    arrived: int = -1


@dataclass(frozen=True)
class Transfer:
    """Points of one identifier's account for another's. `outcome`, `refuse`: what was answered already, and why where it was a refusal."""

    at: int
    key: str
    sender: str
    receiver: str
    points: int
    arrived: int = -1
    outcome: Outcome = Outcome.NONE
    refuse: Reason = Reason.NONE


@dataclass(frozen=True)
class Pool:
    """From `at` on a member gives a share of what it earns to a pool, in hundredths of a percent (T148)."""

    at: int
    key: str
    member: str
    pool: str
    share: int
    arrived: int = -1


@dataclass(frozen=True)
class Unpool:
    """From `at` on a member gives nothing to a pool any more."""

    at: int
    key: str
    member: str
    pool: str
    arrived: int = -1


Event = Fact | Merge | Unmerge | Unlink | Claim | End | Transfer | Pool | Unpool | Contribution
Place = tuple[int, int, bytes]


def place_of(timeline: Timeline, event: Event) -> Place:
    """An identity, transfer or contribution stands as its fact does."""
    if isinstance(event, Fact):
        fact = event
    elif isinstance(event, Contribution):
        fact = event.fact
    else:
        kind = FactKind.TRANSFER if isinstance(event, Transfer) else FactKind.IDENTITY
        fact = Fact(kind, "", event.key, event.at, event.arrived)
    return fact_order(fact, timeline.stand(fact.at, fact.arrived))


def in_order(timeline: Timeline, events: Iterable[Event]) -> list[Event]:
    """Events in the order that decides; a return does not stand before the order that it names."""
    listed = list(events)
    orders = {e.key: place_of(timeline, e)[0] for e in listed if isinstance(e, Fact) and e.kind == FactKind.ORDER}

    def place(e: Event) -> Place:
        stand, rank, key = place_of(timeline, e)
        if isinstance(e, Fact) and e.kind in GIVEN_BACK:
            stand = max(stand, orders.get(e.about, stand))
        return stand, rank, key

    return sorted(listed, key=place)


def refused(event: Unmerge | Claim, member: str, about: str, reason: Reason) -> Fact:
    """An identity without effect, as the fact that posts why (S56, S58)."""
    return Fact(FactKind.IDENTITY, member, event.key, event.at, event.arrived, about=about, refuse=reason)
