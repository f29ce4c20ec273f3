"""Facts of several identifiers in perfect order: whose each is at its instant, who takes whom over, who sends what to whom (T137 to T150)."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace

from loyalty_streams.core.codes import AttrKind, Direction, EntryKind, FactKind, Move, Outcome, Reason
from loyalty_streams.core.facts import Attribute, Fact
from tests.oracle.model import Member
from tests.oracle.oracle import Beside, Result, fact_order, finish, take
from tests.oracle.programme import Timeline

ASKED = (FactKind.RESERVE, FactKind.REDEEM)
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
    """The merge `of` has never been (T140)."""

    at: int
    key: str
    of: str
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
    """Points of one identifier's account for another's."""

    at: int
    key: str
    sender: str
    receiver: str
    points: int
    arrived: int = -1


Event = Fact | Merge | Unmerge | End | Transfer


@dataclass(frozen=True)
class Step:
    """One fact of one account, as its history has it. `beside`: the account whose state (ABSORBS) or parcels (a transfer that comes) go with it."""

    account: str
    fact: Fact
    beside: str = ""


@dataclass
class Family:
    """What all accounts come to. `homes`: the account of each identifier in the end; `refused`: identity events without effect, and why."""

    results: dict[str, Result]
    homes: dict[str, str]
    steps: list[Step]
    refused: dict[str, str]


@dataclass
class Accounts:
    """The accounts as the events go by."""

    timeline: Timeline
    members: dict[str, Member] = field(default_factory=dict)
    homes: dict[str, str] = field(default_factory=dict)
    forwards: dict[str, str] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)

    def of(self, identifier: str) -> str:
        """The account that an identifier leads to now; an unseen one opens its own."""
        name = self.homes.setdefault(identifier, f"{identifier}#1")
        while name in self.forwards:
            name = self.forwards[name]
        return name

    def member(self, account: str) -> Member:
        return self.members.setdefault(account, Member())

    def take(self, account: str, fact: Fact, beside: Beside = None, other: str = "") -> None:
        self.steps.append(Step(account, fact, other))
        take(self.member(account), self.timeline, fact, beside)


def fold_family(timeline: Timeline, events: Iterable[Event], until: int, homes: Mapping[str, str] | None = None) -> Family:
    """All accounts of some identifiers, up to an instant. `homes`: the account that identifiers have from the start, by default each its own."""
    kept, refused = without_unmerged(timeline, in_order(timeline, events), homes or {})
    accounts = run(timeline, kept, homes or {})
    results = {name: finish(m, timeline, until) for name, m in accounts.members.items() if m.opened_at >= 0}
    return Family(results, {i: accounts.of(i) for i in accounts.homes}, accounts.steps, {**accounts.refused, **refused})


def in_order(timeline: Timeline, events: Iterable[Event]) -> list[Event]:
    """Events in the order that decides; a return does not stand before the order that it names."""
    listed = list(events)
    orders = {e.key: place_of(timeline, e)[0] for e in listed if isinstance(e, Fact) and e.kind == FactKind.ORDER}

    def place(e: Event) -> tuple[int, int, bytes]:
        stand, rank, key = place_of(timeline, e)
        if isinstance(e, Fact) and e.kind in GIVEN_BACK:
            stand = max(stand, orders.get(e.about, stand))
        return stand, rank, key

    return sorted(listed, key=place)


def place_of(timeline: Timeline, event: Event) -> tuple[int, int, bytes]:
    """An identity or transfer stands as its fact does."""
    if isinstance(event, Fact):
        fact = event
    else:
        kind = FactKind.TRANSFER if isinstance(event, Transfer) else FactKind.IDENTITY
        fact = Fact(kind, "", event.key, event.at, event.arrived)
    return fact_order(fact, timeline.stand(fact.at, fact.arrived))


def run(timeline: Timeline, events: Sequence[Event], homes: Mapping[str, str]) -> Accounts:
    accounts, queue = Accounts(timeline, homes=dict(homes)), list(events)
    while queue:
        event = queue.pop(0)
        if isinstance(event, Fact):
            plain(accounts, event)
        elif isinstance(event, Merge):
            merge(accounts, event)
        elif isinstance(event, End):
            end(accounts, event)
        elif isinstance(event, Transfer):
            for following in transfer(accounts, event):
                insort(queue, following, key=lambda e: place_of(timeline, e))
        else:
            accounts.refused[event.key] = "NO_SUCH_MERGE"
    return accounts


def plain(accounts: Accounts, fact: Fact) -> None:
    """A fact goes to the account of the identifier it carries; a return of another account's order is refused (S32)."""
    account = accounts.of(fact.member)
    if fact.kind == FactKind.TRANSFER:
        delivered(accounts, account, fact)
        return
    elsewhere = any(fact.about in m.orders for name, m in accounts.members.items() if name != account and not m.ended)
    if fact.kind in GIVEN_BACK and elsewhere and not fact.refuse:
        fact = replace(fact, refuse=Reason.MEMBER_MISMATCH)
    accounts.take(account, fact)


# ---- identities ----


def moved(kind: Move, event: Merge | End, member: str) -> Fact:
    return Fact(FactKind.IDENTITY, member, event.key, event.at, event.arrived, attributes=(Attribute("@move", AttrKind.FLAG, int(kind)),))


def merge(accounts: Accounts, event: Merge) -> None:
    """One account is absorbed by another; one and the same is not (T142). An account that no fact has opened only forwards."""
    lost, survivor = accounts.of(event.gives_up), accounts.of(event.into)
    if lost == survivor:
        accounts.refused[event.key] = "SAME_MEMBER"
        return
    accounts.forwards[lost] = survivor
    m = accounts.member(lost)
    if m.opened_at < 0:
        return
    before = state_before(accounts.timeline, m, event)
    accounts.take(lost, moved(Move.ABSORBED, event, event.gives_up))
    accounts.take(survivor, moved(Move.ABSORBS, event, event.into), before, lost)


def state_before(timeline: Timeline, m: Member, event: Merge) -> Member:
    """The state that goes with a merge: that of the account right before it, with everything due by then done."""
    before = deepcopy(m)
    finish(before, timeline, timeline.stand(event.at, event.arrived))
    return before


def end(accounts: Accounts, event: End) -> None:
    """The account ends; each of its identifiers opens a new one when it comes again."""
    account = accounts.of(event.member)
    if accounts.member(account).opened_at < 0:
        return
    accounts.take(account, moved(Move.ENDS, event, event.member))
    for identifier in [i for i in accounts.homes if accounts.of(i) == account]:
        name, _, generation = accounts.homes[identifier].rpartition("#")
        accounts.homes[identifier] = f"{identifier}#{int(generation) + 1}" if name == identifier else f"{identifier}#2"


# ---- a merge that has never been ----


def without_unmerged(timeline: Timeline, events: list[Event], homes: Mapping[str, str]) -> tuple[list[Event], dict[str, str]]:
    """The events without the merges that were undone in time, with the decisions that had been given by then (T140)."""
    refused: dict[str, str] = {}
    while True:
        undone = next((e for e in events if isinstance(e, Unmerge)), None)
        if undone is None:
            return events, refused
        before = [e for e in events if place_of(timeline, e) < place_of(timeline, undone)]
        events = [e for e in events if e is not undone]
        of = next((e for e in before if isinstance(e, Merge) and e.key == undone.of), None)
        if of is None:
            refused[undone.key] = "NO_SUCH_MERGE"
        elif undone.at - of.at > timeline.at(undone.at).spans("unmerge_within"):
            refused[undone.key] = "UNMERGE_TOO_LATE"
        else:
            given = decisions(run(timeline, before, homes))
            events = [decided(e, given) for e in events if e is not of]


def decisions(accounts: Accounts) -> dict[str, Outcome]:
    """What was answered to each redemption that was asked for."""
    asked = {s.fact.key for s in accounts.steps if s.fact.kind in ASKED}
    denied = {e.cause for m in accounts.members.values() for e in m.entries if e.kind == EntryKind.REFUSED}
    return {key: Outcome.REFUSED if key in denied else Outcome.GRANTED for key in asked}


def decided(event: Event, given: Mapping[str, Outcome]) -> Event:
    if isinstance(event, Fact) and event.key in given:
        return replace(event, outcome=event.outcome or given[event.key])
    return event


# ---- transfers ----


def sent(event: Transfer | Fact, key: str, name: str, direction: Direction, member: str, refuse: Reason = Reason.NONE) -> Fact:
    flag = Attribute("@direction", AttrKind.FLAG, int(direction))
    about = event.key if isinstance(event, Transfer) else event.about
    return Fact(
        FactKind.TRANSFER, member, f"{key}/{name}", event.at, event.arrived, about=about, points=event.points, attributes=(flag,), refuse=refuse
    )


def transfer(accounts: Accounts, event: Transfer) -> list[Fact]:
    """The points leave, where they may; they come, and where they are refused they come back, as facts of the same instant."""
    sender, receiver = accounts.of(event.sender), accounts.of(event.receiver)
    out = sent(event, event.key, "out", Direction.OUT, event.sender, Reason.SAME_MEMBER if sender == receiver else Reason.NONE)
    accounts.take(sender, out)
    gone = event.key in accounts.member(sender).transfers
    return [sent(event, event.key, "to", Direction.IN, event.receiver)] if gone else []


def delivered(accounts: Accounts, account: str, fact: Fact) -> None:
    """Parcels come to an account; what it refuses goes back."""
    sender = next((name for name, m in accounts.members.items() if fact.about in m.transfers), "")
    if fact.key.endswith("/to") and sender:
        accounts.take(account, fact, accounts.members[sender].transfers[fact.about], sender)
        if any(e.kind == EntryKind.REFUSED and e.cause == fact.key for e in accounts.members[account].entries):
            accounts.take(sender, sent(fact, fact.about, "to/back", Direction.BACK, fact.member))
    else:
        accounts.take(account, fact)


__all__ = ["End", "Family", "Merge", "Step", "Transfer", "Unmerge", "fold_family"]
