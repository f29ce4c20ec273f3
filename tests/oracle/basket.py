"""The lines of an order and the amounts that rules start from (S5, S6, S7)."""

from __future__ import annotations

from dataclasses import dataclass

from loyalty_streams.core.codes import LineKind
from loyalty_streams.core.facts import Fact, Line
from tests.oracle.conditions import holds_for_line
from tests.oracle.programme import Version, listed


@dataclass
class BasketLine:
    """One line; `net` is what earns, `below` the part of it below the threshold of a tier that the order reaches
    (S18)."""

    line: Line
    net: int
    eligible: bool
    below: int = 0

    def amount(self, part: str) -> int:
        """`whole`, `below` or `above`."""
        return {"whole": self.net, "below": self.below, "above": self.net - self.below}[part]


@dataclass
class Basket:
    lines: list[BasketLine]
    eligible_amount: int

    @property
    def eligible(self) -> list[BasketLine]:
        return [x for x in self.lines if x.eligible]


def lines_of(fact: Fact) -> list[Line]:
    """The lines by number; an order without lines is one goods line of the whole amount."""
    return sorted(fact.lines, key=lambda x: x.no) or [Line(1, fact.amount)]


def spread(total: int, weights: list[int], whole: int) -> list[int]:
    """Shares of a total so that after each line the sum so far is floor(total × weights so far / whole)."""
    out, done, so_far = [], 0, 0
    for weight in weights:
        so_far += weight
        share = total * so_far // whole - done if whole else 0
        out.append(share)
        done += share
    return out


def without_tax(v: Version, fact: Fact, lines: list[Line]) -> list[int]:
    """What each line starts from (T006)."""
    amounts = [x.amount for x in lines]
    if v.section("order_amount").get("tax", "included") == "included":
        return amounts
    if any(x.tax for x in lines):
        return [x.amount - x.tax for x in lines]
    tax = next((int(a.value) for a in fact.attributes if a.name == "@tax_minor"), 0)
    return [a - t for a, t in zip(amounts, spread(tax, amounts, fact.amount), strict=True)]


def basket_of(v: Version, fact: Fact, points_used: int) -> Basket:
    """The basket of an order; `points_used` paid a part of it."""
    lines = lines_of(fact)
    exclude = listed(v.section("order_amount").get("exclude"))
    out = [
        BasketLine(line, net, not any(holds_for_line(x, line, v) for x in exclude))
        for line, net in zip(lines, without_tax(v, fact, lines), strict=True)
    ]
    amount = sum(x.net for x in out if x.eligible)
    if v.section("order_amount").get("points_tender", "net") == "net" and points_used:
        paid = min(points_used * v.unit_value() // 1, amount)
        eligible = [x for x in out if x.eligible]
        for x, share in zip(eligible, spread(int(paid), [x.net for x in eligible], amount), strict=True):
            x.net -= share
    return Basket(out, amount)


def cut_at(basket: Basket, below: int) -> None:
    """Cut an order at a threshold: `below` of its eligible amount lies under it (S18)."""
    lines = basket.eligible
    for x, share in zip(lines, spread(below, [x.net for x in lines], sum(x.net for x in lines)), strict=True):
        x.below = share


def quantity(lines: list[BasketLine]) -> int:
    """Units, reward lines left out (T007)."""
    return sum(x.line.qty for x in lines if x.line.kind != LineKind.REWARD)
