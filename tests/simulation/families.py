"""Random histories of one to four identifiers that merge, part, end, claim receipts, send each other points and give to pools."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, replace
from random import Random

from loyalty_streams.core.codes import DAY, Action, AttrKind, FactKind, Outcome, Reason, Status
from loyalty_streams.core.facts import Attribute, Fact
from tests.oracle.events import GIVEN_BACK, Claim, End, Event, Merge, Pool, Transfer, Unlink, Unmerge, Unpool
from tests.oracle.receipts import RECEIPT
from tests.simulation.histories import MINUTE, Teller
from tests.simulation.latecomers import Latecomers, with_lateness
from tests.simulation.programmes import versions
from tests.simulation.vocabulary import Tree

SPANS = ("0 days", "1 day", "20 days", "45 days")
IDENTIFIERS = ("card:1", "phone:2", "openid:3", "member:4")
POOL = "pool:1"
SHARES = (3000, 3000, 3333, 500, 1, 5000, 7000, 10_000, 0, 10_001)
SPENT = (FactKind.RESERVE, FactKind.REDEEM, FactKind.REDEEMED, FactKind.CONFIRM, FactKind.RELEASE, FactKind.CANCEL)


@dataclass(frozen=True)
class Told:
    """What a seed tells: the versions of a programme, the events, the instant up to which."""

    trees: list[Tree]
    events: tuple[Event, ...]
    until: int


def family(seed: int, a_programme: int) -> Told:
    """The family of a seed; `a_programme` seeds in a row share a programme."""
    block = seed // a_programme
    trees = with_second_thoughts(block, with_bonuses(block, with_lateness(block, versions(block))))
    random = Random(f"family {seed}")
    facts = Teller(random, trees).tell(random.choice((6, 12, 20, 30, 40)))
    late = Latecomers(seed, trees)
    facts = [late.later(f) if late.chance(0.03) else f for f in facts]
    events = Pooling(seed).added_to(Parting(seed).added_to(Kin(random, facts, late).events()))
    last = max(max(e.at, e.arrived) for e in events)
    return Told(trees, tuple(events), last + random.choice((0, 30, 200, 800)) * DAY)


def with_bonuses(seed: int, trees: list[Tree]) -> list[Tree]:
    """Bonuses that a person gets once, which two accounts of one person get twice."""
    random = Random(f"bonuses {seed}")
    rules: Tree = {}
    if random.random() < 0.5:
        rules["welcome"] = {"on": "enrolment", "points": {"fixed": "100"}, "once": "member"}
    if random.random() < 0.4:
        rules["first"] = {"on": "order", "when": {"orders_before": "0"}, "points": {"fixed": "60"}, "once": "member"}
    if random.random() < 0.3:
        rules["visit"] = {"on": {"interaction": "check-in"}, "points": {"fixed": "15"}, "once": "year"}
    mode = random.choice(({}, {"duplicate_bonus": "keep"}, {"duplicate_bonus": "dedupe"}))
    out = deepcopy(trees)
    for tree in out:
        if mode:
            tree["identity"] = mode
        for name, rule in rules.items():
            also = {"also": {"growth": "same"}} if "growth" in tree["wallets"] and random.random() < 0.3 else {}
            tree["earn"][name] = {**rule, **also}
    return out


def with_second_thoughts(seed: int, trees: list[Tree]) -> list[Tree]:
    """Some versions say how long a receipt can be claimed, and a merge undone."""
    random = Random(f"second thoughts {seed}")
    out = []
    for tree in trees:
        given = {name: random.choice(SPANS) for name in ("claim_within", "unmerge_within") if random.random() < 0.25}
        out.append({**tree, "facts": {**tree.get("facts", {}), **given}} if given else tree)
    return out


class Kin:
    """Gives the facts of a history to several identifiers, and makes them meet."""

    def __init__(self, random: Random, facts: list[Fact], late: Latecomers) -> None:
        self.r, self.facts, self.late = random, facts, late
        self.names = IDENTIFIERS[: random.randint(1, 4)]
        self.carried: dict[str, str] = {}

    def chance(self, p: float) -> bool:
        return self.r.random() < p

    def events(self) -> list[Event]:
        out: list[Event] = [self.carries(f) for f in self.facts]
        for n in range(self.r.randint(0, 2)):
            out.append(replace(self.late.opening(n, self.moment()), member=self.r.choice(self.names)))
        if len(self.names) > 1:
            merges = [self.merge(n) for n in range(self.r.randint(1, len(self.names)))]
            out += merges
            if self.chance(0.15):
                undone = self.r.choice(merges)
                out.append(Unmerge(undone.at + self.r.choice((0, 1, 20, 89, 90, 91)) * DAY, "identity/undo", undone.gives_up, undone.into))
            if self.chance(0.3):
                out += [self.transfer(n) for n in range(self.r.randint(1, 3))]
        if self.chance(0.15):
            out.append(End(self.moment(), "identity/end", self.r.choice(self.names)))
        return out

    def carries(self, fact: Fact) -> Fact:
        """The fact under an identifier: mostly that of what it speaks of."""
        known = self.carried.get(fact.about)
        name = known if known and self.chance(0.75) else self.r.choice(self.names)
        self.carried[fact.key] = name
        if fact.kind in (FactKind.RESERVE, FactKind.REDEEM, FactKind.REDEEMED):
            self.carried[fact.about] = name
        return replace(fact, member=name)

    def moment(self) -> int:
        origin = self.r.choice(self.facts).at
        return origin + self.r.choice((0, 0, 1, -1, self.r.randint(-20, 40) * DAY))

    def merge(self, n: int) -> Merge:
        gives_up, into = self.r.sample(self.names, 2)
        held = [f for f in self.facts if f.kind == FactKind.RESERVE and self.carried[f.key] == gives_up]
        at = self.r.choice(held).at + self.r.choice((0, 1, MINUTE)) if held and self.chance(0.5) else self.moment()
        return Merge(at, f"identity/{n}", gives_up, into)

    def transfer(self, n: int) -> Transfer:
        sender, receiver = self.r.choice(self.names), self.r.choice(self.names)
        return Transfer(self.moment(), f"transfer/{n}", sender, receiver, self.r.choice((0, 1, 10, 30, 80)))


class Parting:
    """What else befalls several identifiers: unlinks, receipts, answers given already; drawn apart, so that the rest stays as it is."""

    def __init__(self, seed: int) -> None:
        self.r = Random(f"parting {seed}")

    def chance(self, p: float) -> bool:
        return self.r.random() < p

    def added_to(self, events: list[Event]) -> list[Event]:
        merges = [e for e in events if isinstance(e, Merge)]
        names = sorted({n for m in merges for n in (m.gives_up, m.into)} or {e.member for e in events if isinstance(e, Fact)})
        out = [self.told(e) if isinstance(e, Transfer | Unmerge) else e for e in events]
        out += [self.suspended(e) for e in events if isinstance(e, Transfer) and self.chance(0.2)]
        if merges and self.chance(0.15):
            out += [self.unlink(n, self.r.choice(merges)) for n in range(self.r.randint(1, 2))]
        if self.chance(0.25):
            for n in range(self.r.randint(1, 2)):
                out = self.with_receipt(f"{n}", out, names)
        return out

    def told(self, event: Transfer | Unmerge) -> Event:
        """A transfer that comes late or has been answered; an unmerge of who was never merged so."""
        if isinstance(event, Unmerge):
            return replace(event, gives_up=event.into, into=event.gives_up) if self.chance(0.15) else event
        event = replace(event, arrived=self.arrival(event.at))
        if event.points and self.chance(0.3):
            return replace(event, outcome=Outcome.GRANTED)
        return replace(event, outcome=Outcome.REFUSED, refuse=Reason.INSUFFICIENT) if self.chance(0.1) else event

    def suspended(self, event: Transfer) -> Fact:
        """Who is to receive points may not."""
        status = Attribute("@status", AttrKind.FLAG, int(Status.SUSPENDED))
        return Fact(FactKind.PROFILE, event.receiver, f"profile/{event.key}", event.at - 1, attributes=(status,))

    def unlink(self, n: int, merge: Merge) -> Unlink:
        """Mostly of an identifier that was given up, some time after."""
        identifier = merge.gives_up if self.chance(0.9) else merge.into
        at = merge.at + self.r.choice((-1, 0, 1, 1, 10, 40)) * DAY + self.r.choice((0, 0, 1))
        return Unlink(at, f"identity/unlink/{n}", identifier, merge.into, self.arrival(at))

    def with_receipt(self, receipt: str, events: list[Event], names: list[str]) -> list[Event]:
        """An order or two without a member, with most of what comes back of them, and who shows the receipt, when."""
        loose = [e for e in events if isinstance(e, Fact) and e.kind == FactKind.ORDER and not e.about and not e.member.startswith(RECEIPT)]
        if not loose:
            return events
        orders = self.r.sample(loose, min(self.r.choice((1, 1, 1, 2)), len(loose)))
        keys = {o.key for o in orders}
        out = [self.under(receipt, e) if isinstance(e, Fact) and self.kept(e, keys) else e for e in events]
        first = orders[0].at + self.days()
        claims = [first, *([first + self.r.choice((0, 1, 5)) * DAY] if self.chance(0.3) else []), *([orders[0].at - 1] if self.chance(0.2) else [])]
        key = f"identity/claim/{receipt}"
        return out + [Claim(at, f"{key}/{n}", receipt, self.r.choice(names), self.arrival(at)) for n, at in enumerate(claims)]

    def kept(self, fact: Fact, orders: set[str]) -> bool:
        return fact.key in orders or (fact.kind in GIVEN_BACK and fact.about in orders and self.chance(0.85))

    def under(self, receipt: str, fact: Fact) -> Fact:
        return replace(fact, member=f"{RECEIPT}{receipt}")

    def days(self) -> int:
        """How long after the order a receipt is shown, often at the edge of what is allowed."""
        edge = self.r.choice((0, 1, 20, 30, 30)) * DAY + self.r.choice((0, 1))
        return self.r.choice((edge, self.r.randint(0, 40) * DAY))

    def arrival(self, at: int) -> int:
        """Now and then beyond every lateness."""
        return at + 35 * DAY if self.chance(0.1) else -1


class Pooling:
    """A pool to which some give of what they earn, and which spends it; drawn apart, so that the rest stays as it is."""

    def __init__(self, seed: int) -> None:
        self.r = Random(f"pools {seed}")

    def chance(self, p: float) -> bool:
        return self.r.random() < p

    def added_to(self, events: list[Event]) -> list[Event]:
        facts = [e for e in events if isinstance(e, Fact) and not e.member.startswith(RECEIPT)]
        if not facts or not self.chance(0.4):
            return events
        names = sorted({f.member for f in facts})
        spent = sorted({f.about for f in facts if f.kind in SPENT})
        of_pool = {about for about in spent if self.chance(0.4)}
        out = [replace(e, member=POOL) if isinstance(e, Fact) and e.kind in SPENT and e.about in of_pool else e for e in events]
        joins = [self.joins(n, facts, names) for n in range(self.r.choice((1, 1, 2, 2, 3, 6)))]
        return [*out, *joins, *self.later(joins, facts, names)]

    def moment(self, facts: list[Fact]) -> int:
        origin = self.r.choice(facts).at
        return self.r.choice((facts[0].at - 1, facts[0].at - 1, origin, origin + 1, origin - self.r.randint(0, 20) * DAY))

    def joins(self, n: int, facts: list[Fact], names: list[str]) -> Pool:
        """Mostly of the one pool; pools are accounts like others, so a member may be one."""
        pool = POOL if self.chance(0.6) else self.r.choice((*(f"pool:{k}" for k in range(2, 6)), *names))
        at = self.moment(facts)
        return Pool(at, f"identity/pool/{n}", self.r.choice(names), pool, self.r.choice(SHARES), self.arrival(at))

    def later(self, joins: list[Pool], facts: list[Fact], names: list[str]) -> list[Event]:
        """What befalls the pool, and who leaves it."""
        out: list[Event] = []
        for n, join in enumerate(joins):
            if self.chance(0.2):
                at = join.at + self.r.choice((-1, 0, 1, 20 * DAY))
                out.append(Unpool(at, f"identity/unpool/{n}", join.member, self.r.choice((join.pool, POOL)), self.arrival(at)))
        at = self.moment(facts)
        if self.chance(0.1):
            status = Attribute("@status", AttrKind.FLAG, int(Status.SUSPENDED))
            out.append(Fact(FactKind.PROFILE, POOL, "profile/pool", at, attributes=(status,)))
        if self.chance(0.1):
            flags = (Attribute("@action", AttrKind.FLAG, int(Action.DEDUCT)), Attribute("@allow_negative", AttrKind.FLAG, 1))
            out.append(Fact(FactKind.ADJUSTMENT, POOL, "adjustment/pool", at, points=self.r.choice((5, 50)), attributes=flags))
        if self.chance(0.15):
            gives_up, into = self.r.sample((POOL, self.r.choice(names)), 2)
            out.append(Merge(self.moment(facts), "identity/of-pool", gives_up, into))
        if self.chance(0.1):
            out.append(Transfer(self.moment(facts), "transfer/of-pool", POOL, self.r.choice(names), self.r.choice((1, 10))))
        if self.chance(0.6):
            out += self.spending(max(f.at for f in facts), self.moment(facts))
        if self.chance(0.05):
            out.append(End(self.moment(facts), "identity/end-of-pool", POOL))
        return out

    def spending(self, last: int, at: int) -> list[Event]:
        """The pool spends, mostly late in the history, and often gets back what it spent."""
        at = self.r.choice((at, last, last + DAY))
        kind, points = self.r.choice((FactKind.REDEEM, FactKind.REDEEMED)), self.r.choice((1, 5, 20, 100))
        spent = Fact(kind, POOL, "redeem/of-pool", at, about="redemption/of-pool", points=points)
        back = at + self.r.choice((1, 30 * DAY, 200 * DAY))
        return [spent, Fact(FactKind.CANCEL, POOL, "cancel/of-pool", back, about="redemption/of-pool")] if self.chance(0.6) else [spent]

    def arrival(self, at: int) -> int:
        """Now and then beyond every lateness."""
        return at + 35 * DAY if self.chance(0.05) else -1
