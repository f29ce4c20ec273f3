"""What random histories have beside: facts late beyond measure, openings, points sent away, endings; drawn apart, so that the rest stays as it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random

from loyalty_streams.core.codes import DAY, AttrKind, Direction, FactKind, Move
from loyalty_streams.core.facts import Attribute, Fact
from tests.simulation.vocabulary import Tree

LATENESS = ("0 days", "2 hours", "1 day", "3 days", "30 days")


def with_lateness(seed: int, trees: list[Tree]) -> list[Tree]:
    """Some versions say how late a fact may come; others keep to the seven days of the default."""
    random = Random(f"lateness {seed}")
    return [{**tree, "facts": {"lateness": random.choice(LATENESS)}} if random.random() < 0.3 else tree for tree in trees]


class Latecomers:
    """Adds to one history that has been told."""

    def __init__(self, seed: int, trees: list[Tree]) -> None:
        self.r, self.trees = Random(f"latecomers {seed}"), trees

    def chance(self, p: float) -> bool:
        return self.r.random() < p

    def added_to(self, facts: Sequence[Fact]) -> list[Fact]:
        out = [self.later(f) if self.chance(0.05) else f for f in facts]
        if self.chance(0.25):
            out += [self.opening(n, self.moment(facts, early=True)) for n in range(self.r.randint(1, 3))]
        if self.chance(0.2):
            for n in range(self.r.randint(1, 3)):
                out += self.sending(n, self.moment(facts))
        if self.chance(0.04):
            out.append(self.ending(self.moment(facts)))
        return out

    def moment(self, facts: Sequence[Fact], early: bool = False) -> int:
        """An instant in the history, often that of a fact or just beside one."""
        if early and self.chance(0.5):
            return facts[0].at - self.r.choice((0, 1, self.r.randint(1, 300) * DAY))
        origin = self.r.choice(facts).at
        return origin + self.r.choice((0, 1, -1, self.r.randint(0, 40) * DAY))

    def later(self, fact: Fact) -> Fact:
        """The fact long after it happened."""
        return replace(fact, arrived=fact.at + self.r.choice((8, 20, 45, 100, 200, 400)) * DAY + self.r.randint(-1, 1))

    def opening(self, n: int, at: int) -> Fact:
        values = []
        if self.chance(0.5):
            values.append(Attribute("@expires_at", AttrKind.INSTANT, at + self.r.choice((-1, 0, 1, 30, 200, 500)) * DAY))
        if self.chance(0.3):
            values.append(Attribute("@available_at", AttrKind.INSTANT, at + self.r.choice((0, 3, 40)) * DAY))
        if self.chance(0.3):
            values.append(Attribute("@wallet", AttrKind.TEXT, self.r.choice(list(self.trees[0]["wallets"]))))
        fact = Fact(FactKind.OPENING, "M", f"opening/{n}", at, points=self.r.choice((0, 1, 40, 500)), attributes=tuple(values))
        return replace(fact, arrived=at + self.r.choice((30, 300)) * DAY) if self.chance(0.4) else fact

    def sending(self, n: int, at: int) -> list[Fact]:
        """Points that leave, and sometimes come back."""
        key = f"transfer/{n}"
        out = self.transfer(f"{key}/out", key, at, Direction.OUT, self.r.choice((0, 1, 10, 30, 80)))
        back = self.transfer(f"{key}/to/back", key, at + self.r.choice((0, 1, self.r.randint(0, 100) * DAY)), Direction.BACK, 0)
        return [out, back] if self.chance(0.4) else [out]

    def transfer(self, key: str, about: str, at: int, direction: Direction, points: int) -> Fact:
        flag = Attribute("@direction", AttrKind.FLAG, int(direction))
        return Fact(FactKind.TRANSFER, "M", key, at, about=about, points=points, attributes=(flag,))

    def ending(self, at: int) -> Fact:
        return Fact(FactKind.IDENTITY, "M", "identity/end", at, attributes=(Attribute("@move", AttrKind.FLAG, int(Move.ENDS)),))
