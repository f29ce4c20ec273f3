"""The Hypothesis vocabulary: histories of one member, told move by move, so that a failing one shrinks to few and plain moves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from loyalty_streams.core.codes import DAY, Action, AttrKind, FactKind
from loyalty_streams.core.facts import Attribute, Fact, Line
from tests.oracle.calendar import instant
from tests.oracle.oracle import fact_order

ZONE = ZoneInfo("America/New_York")
START = instant(datetime(2025, 1, 31, 10), ZONE)
MINUTE = 60_000_000
GAPS = (0, 1, MINUTE, 15 * MINUTE, DAY, 14 * DAY, 31 * DAY, 60 * DAY, 92 * DAY, 184 * DAY)
"""Time between two facts, on and beside the lengths that the programmes name."""

Bought = st.tuples(st.integers(0, 20_000), st.integers(1, 4), st.sampled_from(("fruit", "dairy")), st.sampled_from(("A", "B")))
Purchase = st.lists(Bought, max_size=3)
Moves = st.one_of(
    st.tuples(st.just("buy"), Purchase, st.integers(1, 30_000)),
    st.tuples(st.just("buy"), Purchase, st.integers(1, 30_000)),
    st.tuples(st.just("return"), st.integers(0, 5), st.sampled_from(("lines", "part", "money", "all"))),
    st.tuples(st.just("ask"), st.sampled_from((FactKind.REDEEM, FactKind.REDEEM, FactKind.RESERVE, FactKind.REDEEMED)), st.integers(0, 40)),
    st.tuples(st.just("end"), st.sampled_from((FactKind.CONFIRM, FactKind.RELEASE, FactKind.CANCEL)), st.integers(0, 3)),
    st.tuples(st.just("adjust"), st.sampled_from((Action.ADD, Action.DEDUCT, Action.REINSTATE)), st.integers(1, 200)),
    st.tuples(st.just("visit"), st.just(0), st.just(0)),
    st.tuples(st.just("profile"), st.integers(1, 12), st.integers(1, 28)),
)


@dataclass(frozen=True)
class History:
    """The facts of one member in their order, and an instant after them."""

    facts: tuple[Fact, ...]
    until: int


@st.composite
def histories(draw: st.DrawFn, most: int = 14, least: int = 1) -> History:
    moves = draw(st.lists(st.tuples(st.sampled_from(GAPS), Moves), min_size=least, max_size=most))
    teller = Teller()
    for gap, move in moves:
        teller.now += gap
        getattr(teller, move[0] if move[0] != "return" else "bring_back")(*move[1:])
    facts = sorted(teller.facts, key=fact_order)
    return History(tuple(facts), facts[-1].at + draw(st.sampled_from((0, DAY, 100 * DAY, 500 * DAY))))


class Teller:
    """Turns moves into facts; a move that speaks of something unknown speaks of an unknown order or redemption."""

    def __init__(self) -> None:
        self.now, self.facts = START, list[Fact]()
        self.orders: list[Fact] = []
        self.asked = 0

    def add(self, kind: FactKind, name: str, **what: object) -> Fact:
        fact = replace(Fact(kind, "M", f"{name}/{len(self.facts)}", self.now), **what)  # type: ignore[arg-type]
        self.facts.append(fact)
        return fact

    def buy(self, lines: list[tuple[int, int, str, str]], amount: int) -> None:
        kept = tuple(Line(no, money, sku, category, qty) for no, (money, qty, category, sku) in enumerate(lines, start=1))
        self.orders.append(self.add(FactKind.ORDER, "order", amount=sum(x.amount for x in kept) if kept else amount, lines=kept))

    def bring_back(self, which: int, how: str) -> None:
        if not self.orders:
            self.add(FactKind.RETURN, "return", about="order/unknown", amount=100)
            return
        order = self.orders[which % len(self.orders)]
        if how == "all":
            self.add(FactKind.CANCELLATION, "return", about=order.key, amount=order.amount)
            return
        lines = order.lines if how == "lines" else tuple(part_of(x) for x in order.lines[:1]) if how == "part" else ()
        amount = sum(x.amount for x in lines) if lines else max(order.amount // 3, 1)
        self.add(FactKind.RETURN, "return", about=order.key, amount=amount, lines=lines)

    def ask(self, kind: FactKind, fives: int) -> None:
        self.asked += 1
        self.add(kind, kind.name.lower(), about=f"redemption/{self.asked}", points=max(5 * fives, 1 if kind == FactKind.REDEEMED else 0))

    def end(self, kind: FactKind, back: int) -> None:
        self.add(kind, kind.name.lower(), about=f"redemption/{max(self.asked - back, 0)}")

    def adjust(self, action: Action, points: int) -> None:
        values = [Attribute("@action", AttrKind.FLAG, int(action))]
        if action == Action.DEDUCT:
            values.append(Attribute("@allow_negative", AttrKind.FLAG, points % 2))
        if action == Action.REINSTATE:
            values.append(Attribute("@expires_at", AttrKind.INSTANT, self.now + points * DAY))
        self.add(FactKind.ADJUSTMENT, "adjustment", points=points if action != Action.REINSTATE else 0, attributes=tuple(values))

    def visit(self, *_: int) -> None:
        self.add(FactKind.INTERACTION, "visit", type="check-in")

    def profile(self, month: int, day: int) -> None:
        values = (Attribute("@birthday", AttrKind.FLAG, 19900000 + month * 100 + day), Attribute("@enrolled_at", AttrKind.INSTANT, self.now))
        self.add(FactKind.PROFILE, "profile", attributes=values)


def part_of(line: Line) -> Line:
    """One unit of a line, with its share of the money."""
    return replace(line, qty=1, amount=line.amount // line.qty)
