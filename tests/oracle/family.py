"""Facts of several identifiers in perfect order: whose each is at its instant, who takes whom over, who gives what to whom (T137 to T150)."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace

from loyalty_streams.core.codes import AttrKind, Direction, EntryKind, FactKind, Move, Outcome, Reason
from loyalty_streams.core.facts import Attribute, Fact
from tests.oracle.adjustments import number_of
from tests.oracle.events import GIVEN_BACK, Claim, End, Event, Merge, Pool, Transfer, Unlink, Unmerge, Unpool, in_order, place_of, refused
from tests.oracle.model import Lot, Member
from tests.oracle.oracle import Beside, Result, finish, take
from tests.oracle.pools import Contribution, contributions
from tests.oracle.programme import Timeline
from tests.oracle.receipts import claimed

ANSWERED = (FactKind.RESERVE, FactKind.REDEEM, FactKind.CONFIRM)
"""What is answered when it is asked, beside transfers."""
Answers = dict[str, tuple[Outcome, Reason]]
ROUNDS = 8
"""How often the events are gone through at most until pools are given no more and no less."""


@dataclass(frozen=True)
class Step:
    """One fact of one account, as its history has it. `beside`: the account whose state (ABSORBS) or parcels (a transfer that comes) go with it.

    `parcel`: the lot from which a pool is given its part.
    """

    account: str
    fact: Fact
    beside: str = ""
    parcel: Lot | None = None


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

    def take(self, account: str, fact: Fact, beside: Beside = None, other: str = "", parcel: Lot | None = None) -> None:
        self.steps.append(Step(account, fact, other, parcel))
        take(self.member(account), self.timeline, fact, beside)


def fold_family(timeline: Timeline, events: Iterable[Event], until: int, homes: Mapping[str, str] | None = None) -> Family:
    """All accounts of some identifiers, up to an instant. `homes`: the account that identifiers have from the start, by default each its own."""
    kept = without_unmerged(timeline, in_order(timeline, claimed(timeline, events)), homes or {})
    accounts = run(timeline, kept, homes or {}, until)
    results = {name: finish(m, timeline, until) for name, m in accounts.members.items() if m.opened_at >= 0}
    said = {e.key: e.refuse.name for e in kept if isinstance(e, Fact) and e.kind == FactKind.IDENTITY and e.refuse}
    return Family(results, {i: accounts.of(i) for i in accounts.homes}, accounts.steps, {**accounts.refused, **said})


def run(timeline: Timeline, events: Sequence[Event], homes: Mapping[str, str], until: int) -> Accounts:
    """All accounts up to an instant. What is earned by time alone is known only then: so what pools are given is put among the events of another
    round, until no round finds it otherwise."""
    given: list[Contribution] = []
    for _ in range(ROUNDS):
        accounts = once(timeline, in_order(timeline, [*events, *given]), homes)
        for m in accounts.members.values():
            if m.opened_at >= 0:
                finish(m, timeline, until)
        found = sorted((c for name, m in accounts.members.items() for c in contributions(name.partition("#")[0], m)), key=lambda c: c.fact.key)
        if found == given:
            return accounts
        given = found
    raise ArithmeticError("what pools are given does not come to an end")


def once(timeline: Timeline, events: Sequence[Event], homes: Mapping[str, str]) -> Accounts:
    accounts, queue = Accounts(timeline, homes=dict(homes)), list(events)
    while queue:
        event = queue.pop(0)
        if isinstance(event, Fact):
            plain(accounts, event)
        elif isinstance(event, Merge):
            merge(accounts, event)
        elif isinstance(event, Unlink):
            unlink(accounts, event)
        elif isinstance(event, End):
            end(accounts, event)
        elif isinstance(event, Pool | Unpool):
            accounts.take(accounts.of(event.member), pooling(event))
        elif isinstance(event, Contribution):
            accounts.take(accounts.of(event.fact.member), event.fact, event.parcel, parcel=event.lot)
        elif isinstance(event, Transfer):
            for following in transfer(accounts, event):
                insort(queue, following, key=lambda e: place_of(timeline, e))
        else:
            raise TypeError(f"{event!r} is not undone or claimed")
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


def pooling(event: Pool | Unpool) -> Fact:
    if isinstance(event, Unpool):
        return replace(moved(Move.LEAVES, event, event.member), about=event.pool)
    fact = moved(Move.JOINS, event, event.member)
    return replace(fact, about=event.pool, attributes=(*fact.attributes, Attribute("@share", AttrKind.FLAG, event.share)))


def moved(kind: Move, event: Merge | Unlink | End | Pool | Unpool, member: str) -> Fact:
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


def unlink(accounts: Accounts, event: Unlink) -> None:
    """An account that was given up, to whomever, begins anew in its ledger; one without a history is opened by its next fact (S57).

    Whoever was merged into it stays with the account that it was given up to.
    """
    own = accounts.homes.get(event.identifier, "")
    led = accounts.forwards.pop(own, "")
    if not led:
        return
    accounts.forwards.update({account: led for account, to in accounts.forwards.items() if to == own})
    if accounts.member(own).opened_at >= 0:
        accounts.take(own, moved(Move.BEGINS, event, event.identifier))


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


def without_unmerged(timeline: Timeline, events: list[Event], homes: Mapping[str, str]) -> list[Event]:
    """The events without the merges that were undone in time, with the decisions that had been given by then (T140, S56)."""
    while True:
        undone = next((e for e in events if isinstance(e, Unmerge)), None)
        if undone is None:
            return events
        before = events[: events.index(undone)]
        of = next((e for e in reversed(before) if isinstance(e, Merge) and (e.gives_up, e.into) == (undone.gives_up, undone.into)), None)
        if of is None:
            events = [said_no(e, undone, Reason.NO_SUCH_MERGE) for e in events]
        elif undone.at - of.at > timeline.at(undone.at).spans("unmerge_within"):
            events = [said_no(e, undone, Reason.UNMERGE_TOO_LATE) for e in events]
        else:
            given = answers(run(timeline, before, homes, timeline.stand(undone.at, undone.arrived)))
            events = [answered(e, given) for e in events if e is not of and e is not undone]


def said_no(event: Event, undone: Unmerge, reason: Reason) -> Event:
    return refused(undone, undone.gives_up, undone.into, reason) if event is undone else event


def answers(accounts: Accounts) -> Answers:
    """What was answered to each redemption, confirmation and transfer that was asked for."""
    denied = {e.cause: e.reason for m in accounts.members.values() for e in m.entries if e.kind == EntryKind.REFUSED}
    out: Answers = {}
    for fact in (s.fact for s in accounts.steps):
        leaves = fact.kind == FactKind.TRANSFER and number_of(fact, "direction", 0) == Direction.OUT
        if leaves or fact.kind in ANSWERED:
            reason = denied.get(fact.key, Reason.NONE)
            out[fact.about if leaves else fact.key] = Outcome.REFUSED if reason else Outcome.GRANTED, reason
    return out


def answered(event: Event, given: Answers) -> Event:
    """An event with its answer, where it does not carry one already."""
    if isinstance(event, Fact | Transfer) and event.key in given and not event.outcome:
        outcome, reason = given[event.key]
        return replace(event, outcome=outcome, refuse=event.refuse or reason)
    return event


# ---- transfers ----


def sent(event: Transfer | Fact, key: str, name: str, direction: Direction, member: str) -> Fact:
    flag = Attribute("@direction", AttrKind.FLAG, int(direction))
    about = event.key if isinstance(event, Transfer) else event.about
    return Fact(FactKind.TRANSFER, member, f"{key}/{name}", event.at, event.arrived, about=about, points=event.points, attributes=(flag,))


def transfer(accounts: Accounts, event: Transfer) -> list[Fact]:
    """The points leave, where they may; they come, and where they are refused they come back, as facts of the same instant.

    What was answered stands, but between one and the same member (S55).
    """
    sender, receiver = accounts.of(event.sender), accounts.of(event.receiver)
    out = sent(event, event.key, "out", Direction.OUT, event.sender)
    accounts.take(sender, replace(out, outcome=event.outcome, refuse=Reason.SAME_MEMBER if sender == receiver else event.refuse))
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


__all__ = ["Claim", "End", "Event", "Family", "Merge", "Pool", "Step", "Transfer", "Unlink", "Unmerge", "Unpool", "fold_family", "in_order"]
