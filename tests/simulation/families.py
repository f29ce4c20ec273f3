"""Random histories of one to four identifiers that merge, part, end and send each other points."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, replace
from random import Random

from loyalty_streams.core.codes import DAY, FactKind
from loyalty_streams.core.facts import Fact
from tests.oracle.family import End, Event, Merge, Transfer, Unmerge
from tests.simulation.histories import MINUTE, Teller
from tests.simulation.latecomers import Latecomers, with_lateness
from tests.simulation.programmes import versions
from tests.simulation.vocabulary import Tree

IDENTIFIERS = ("card:1", "phone:2", "openid:3", "member:4")


@dataclass(frozen=True)
class Told:
    """What a seed tells: the versions of a programme, the events, the instant up to which."""

    trees: list[Tree]
    events: tuple[Event, ...]
    until: int


def family(seed: int, a_programme: int) -> Told:
    """The family of a seed; `a_programme` seeds in a row share a programme."""
    trees = with_bonuses(seed // a_programme, with_lateness(seed // a_programme, versions(seed // a_programme)))
    random = Random(f"family {seed}")
    facts = Teller(random, trees).tell(random.choice((6, 12, 20, 30, 40)))
    late = Latecomers(seed, trees)
    facts = [late.later(f) if late.chance(0.03) else f for f in facts]
    events = Kin(random, facts, late).events()
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
                out.append(Unmerge(undone.at + self.r.choice((0, 1, 20, 89, 90, 91)) * DAY, "identity/undo", undone.key))
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
