"""The smallest programme as a loop in plain Python over a member's facts in their order.

One point a whole currency unit, lots of twelve months that are spent and expire oldest first, returns by line within ninety days, tiers by the spend
of twelve months at 200, 500 and 1,000, judged after every order and return and whenever a purchase leaves the window. Instants are microseconds UTC.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from loyalty_streams.core.codes import DAY, FactKind
from loyalty_streams.core.facts import Array

ORDER, RETURN, REDEEM = int(FactKind.ORDER), int(FactKind.RETURN), int(FactKind.REDEEM)
CENTS, WITHIN = 100, 90 * DAY
LADDER = (20_000, 50_000, 100_000)
"""Spend in minor units from which each tier above the lowest is held."""
FACTS = ("member_id", "kind", "at", "ref", "about", "amount", "points", "lines")
LINES = ("line_no", "line_qty", "line_amount")


@dataclass(slots=True)
class Line:
    number: int
    quantity: int
    amount: int
    quantity_back: int = 0
    amount_back: int = 0


@dataclass(slots=True)
class Order:
    """One order: its points as a lot, of which `left` can be spent, and its money in the window."""

    ref: int
    at: int
    expires: int
    leaves: int
    amount: int
    points: int
    left: int
    lines: list[Line]
    points_back: int = 0
    amount_back: int = 0


expiry = attrgetter("expires")


@dataclass(slots=True)
class Account:
    """What is known of a member so far."""

    available: int = 0
    debt: int = 0
    issued: int = 0
    redeemed: int = 0
    expired: int = 0
    clawed_back: int = 0
    refused: int = 0
    orders: int = 0
    spend: int = 0
    tier: int = 0
    tier_changes: int = 0
    bought: dict[int, Order] = field(default_factory=dict)
    lots: deque[Order] = field(default_factory=deque)
    window: deque[Order] = field(default_factory=deque)

    def advance(self, now: int) -> None:
        """What happens by itself up to an instant: purchases leave the window, points expire."""
        while self.window and self.window[0].leaves <= now:
            leaves = self.window[0].leaves
            while self.window and self.window[0].leaves == leaves:
                order = self.window.popleft()
                self.spend -= order.amount - order.amount_back
            self.judge()
        while self.lots and self.lots[0].expires <= now:
            lot = self.lots.popleft()
            self.available -= lot.left
            self.expired += lot.left
            lot.left = 0

    def judge(self) -> None:
        tier = bisect_right(LADDER, self.spend)
        if tier != self.tier:
            self.tier = tier
            self.tier_changes += 1

    def order(self, order: Order) -> None:
        self.bought[order.ref] = order
        self.orders += 1
        if order.points:
            self.issued += order.points
            paid = min(self.debt, order.points)
            self.debt -= paid
            order.left = order.points - paid
            self.available += order.left
            insort(self.lots, order, key=expiry)
        self.window.append(order)
        self.spend += order.amount
        self.judge()

    def redeem(self, points: int) -> None:
        if self.debt or points <= 0 or points > self.available:
            self.refused += 1
            return
        self.available -= points
        self.redeemed += points
        self.spent(points)

    def spent(self, points: int) -> None:
        """Takes points from the oldest lots."""
        while points:
            lot = self.lots[0]
            taken = min(lot.left, points)
            lot.left -= taken
            points -= taken
            if not lot.left:
                self.lots.popleft()

    def bring_back(self, at: int, about: int, lines: list[Line]) -> None:
        order = self.bought.get(about)
        if order is None or at > order.at + WITHIN:
            self.refused += 1
            return
        money = self.money_back(order, lines)
        whole = order.amount_back >= order.amount or all(line.quantity_back == line.quantity for line in order.lines)
        if whole:
            self.orders -= 1
        self.claw_back(order, (order.points if whole else points_back(order)) - order.points_back)
        if order.leaves > at:
            self.spend -= money
        self.judge()

    def money_back(self, order: Order, lines: list[Line]) -> int:
        """Marks the lines that come back. -> the money"""
        money = 0
        for back in lines:
            line = next((line for line in order.lines if line.number == back.number), None)
            quantity = min(back.quantity, line.quantity - line.quantity_back) if line else 0
            if quantity < back.quantity:
                self.refused += 1
            if line and quantity:
                amount = min(back.amount, line.amount - line.amount_back)
                line.quantity_back += quantity
                line.amount_back += amount
                money += amount
        order.amount_back += money
        return money

    def claw_back(self, order: Order, points: int) -> None:
        """Takes points from the order's own lot, then from the oldest, then on credit."""
        order.points_back += points
        self.clawed_back += points
        own = min(order.left, points)
        order.left -= own
        others = min(self.available - own, points - own)
        self.spent(others)
        self.available -= own + others
        self.debt += points - own - others


def points_back(order: Order) -> int:
    """The points of the lines that are back: spread over all lines by largest remainder, ties to the lowest number."""
    total = sum(line.amount for line in order.lines)
    if not total:
        return 0
    shares = [divmod(line.amount * order.points, total) for line in order.lines]
    left = order.points - sum(share for share, _ in shares)
    first = sorted(range(len(shares)), key=lambda k: -shares[k][1])[:left]
    return sum((shares[k][0] + (k in first)) * line.quantity_back // line.quantity for k, line in enumerate(order.lines) if line.quantity)


def fold(folder: Path, until: int) -> Iterator[tuple[str, Account]]:
    """Every member of packed facts, with what became of him up to an instant."""
    for path in sorted(folder.glob("facts-*.parquet")):
        facts, lines = pq.ParquetFile(path), pq.ParquetFile(path.with_name(path.name.replace("facts", "lines")))
        for group in range(facts.num_row_groups):
            yield from _members(facts.read_row_group(group, columns=FACTS), lines.read_row_group(group, columns=LINES), until)


def _members(facts: Any, lines: Any, until: int) -> Iterator[tuple[str, Account]]:
    """Those of a row group, of which every member is whole."""
    expiries, leavings = (column.tolist() for column in a_year_on(facts["at"].to_numpy()))
    rows = zip(*(facts[name].to_pylist() for name in FACTS), expiries, leavings, strict=True)
    every = map(Line, *(lines[name].to_pylist() for name in LINES))
    name, account = "", Account()
    for member, kind, at, ref, about, amount, points, count, expires, leaves in rows:
        if member != name:
            if name:
                account.advance(until)
                yield name, account
            name, account = member, Account()
        account.advance(at)
        own = [next(every) for _ in range(count)]
        if kind == ORDER:
            earned = amount // CENTS
            account.order(Order(ref, at, expires, leaves, amount, earned, earned, own))
        elif kind == RETURN:
            account.bring_back(at, about, own)
        elif kind == REDEEM:
            account.redeem(points)
    account.advance(until)
    yield name, account


def a_year_on(at: Array) -> tuple[Array, Array]:
    """The same time of day twelve months later, on the last of the month where there is no such day; and the first instant that is outside a window
    of twelve months.
    """
    day = at.astype("M8[us]").astype("M8[D]")
    month = day.astype("M8[M]")
    wanted, next_month = (month + 12).astype("M8[D]") + (day - month.astype("M8[D]")), (month + 13).astype("M8[D]")
    time = at - day.astype("M8[us]").astype(np.int64)
    same = wanted < next_month
    expires = np.minimum(wanted, next_month - 1).astype("M8[us]").astype(np.int64) + time
    leaves: Array = np.where(same, expires + 1, next_month.astype("M8[us]").astype(np.int64))
    return expires, leaves


@dataclass(slots=True)
class Totals:
    """What the programme comes to: members by tier (the lowest is 0), points that can be spent, and what is counted."""

    tiers: Counter[int] = field(default_factory=Counter)
    available: int = 0
    orders: int = 0
    tier_changes: int = 0
    refused: int = 0

    def add(self, account: Account) -> None:
        self.tiers[account.tier] += 1
        self.available += account.available
        self.orders += account.orders
        self.tier_changes += account.tier_changes
        self.refused += account.refused


def totals(folder: Path, until: int) -> Totals:
    """All members of packed facts at an instant."""
    found = Totals()
    for _, account in fold(folder, until):
        found.add(account)
    return found
