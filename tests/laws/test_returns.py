"""What a return takes back: I13, and the division of points over lines (I14)."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_streams.core.codes import EntryKind, FactKind, code_of
from loyalty_streams.core.facts import Fact, Line
from tests.laws.folding import fold, of_kind, snapshot, steps
from tests.laws.programmes import engine, named
from tests.laws.strategies import START, History, histories

BACK = (FactKind.RETURN, FactKind.CANCELLATION, FactKind.EXCHANGE_RETURN)
MINUTE = 60_000_000
EXACT = """
wallets: {points: {}}
earn:
  base: {on: order, points: {rate: 1, per: 1.00, mode: proportional}}
  fruit: {on: order, lines: {category: fruit}, multiply: 3/2}
  each: {on: order, lines: {sku: A}, points: {fixed: 7, per: unit}}
  plain: {on: order, points: {fixed: 11}}
combine: {multipliers: additive}
"""
PLAIN = "\nwallets: {points: {}}\nearn: {base: {on: order, points: {rate: 1, per: 1.00, mode: proportional}}}\n"
Baskets = st.lists(
    st.tuples(st.integers(1, 30_000), st.integers(1, 5), st.sampled_from(("fruit", "dairy")), st.sampled_from(("A", "B"))), min_size=1, max_size=6
)


def basket(rows: list[tuple[int, int, str, str]]) -> Fact:
    lines = tuple(Line(no, money, sku, category, qty) for no, (money, qty, category, sku) in enumerate(rows, start=1))
    return Fact(FactKind.ORDER, "M", "order/1", START, amount=sum(x.amount for x in lines), lines=lines)


def returned(order: Fact, lines: tuple[Line, ...], nth: int) -> Fact:
    amount = sum(x.amount for x in lines)
    return Fact(FactKind.RETURN, "M", f"return/{nth:03}", START + nth * MINUTE, about=order.key, amount=amount, lines=lines)


@pytest.mark.parametrize("name", ["small", "rich", "idle"])
@given(history=histories())
def test_i13_no_more_is_taken_back_than_was_earned(name: str, history: History) -> None:
    """I13: over all returns, what an order's rules gave is at least what is revoked, written off or owed, rule by rule."""
    given_to, revoked = Counter[tuple[int, int]](), Counter[tuple[int, int]]()
    for e in fold(named(name), history).all_entries():
        place = int(e["ref"]), int(e["rule"])
        if int(e["kind"]) == EntryKind.EARNED:
            given_to[place] += int(e["points"])
        elif int(e["kind"]) in (EntryKind.CLAWED_BACK, EntryKind.WRITTEN_OFF) and int(e["ref"]) in {code_of(f.key) for f in history.facts}:
            revoked[place] += abs(int(e["points"])) or int(e["basis"])
    orders = {code_of(f.key) for f in history.facts if f.kind == FactKind.ORDER}
    assert all(points <= given_to[place] for place, points in revoked.items() if place[0] in orders)


@given(rows=Baskets, order_of=st.randoms(use_true_random=False))
def test_i13_t072_line_by_line_in_any_order_takes_back_what_one_full_return_does(rows: list[tuple[int, int, str, str]], order_of) -> None:  # type: ignore[no-untyped-def]
    """I13, T072: k partial returns of whole lines end like one full return: nothing left, nothing owed."""
    order = basket(rows)
    lines = list(order.lines)
    order_of.shuffle(lines)
    parts = tuple(returned(order, (line,), nth) for nth, line in enumerate(lines, start=1))
    of = engine(EXACT)
    fold(of, History((order, *parts), START + 1000 * MINUTE))
    in_parts = snapshot(of).wallets[0]
    fold(of, History((order, returned(order, order.lines, 1)), START + 1000 * MINUTE))
    at_once = snapshot(of).wallets[0]
    assert in_parts == at_once
    assert (at_once["available"], at_once["debt"], at_once["clawed_back"]) == (0, 0, at_once["issued"])


@given(rows=Baskets)
def test_i13_unit_by_unit_takes_back_all_at_the_last(rows: list[tuple[int, int, str, str]]) -> None:
    """T072: part of a quantity takes floor(points x returned so far / bought), and everything is back with the last unit."""
    order = basket(rows)
    units = [replace(x, qty=1, amount=x.amount // x.qty + (x.amount % x.qty if u == 0 else 0)) for x in order.lines for u in range(x.qty)]
    parts = tuple(returned(order, (unit,), nth) for nth, unit in enumerate(units, start=1))
    of = engine(EXACT)
    fold(of, History((order, *parts), START + 1000 * MINUTE))
    wallet = snapshot(of).wallets[0]
    assert (wallet["available"], wallet["debt"], wallet["clawed_back"]) == (0, 0, wallet["issued"])


@given(rows=Baskets)
def test_i14_t072_the_points_of_the_lines_are_the_points_of_the_order(rows: list[tuple[int, int, str, str]]) -> None:
    """I14: by largest remainder the lines of a rule get its points, to the last one, and each at most one more than its exact share."""
    order = basket(rows)
    whole, exact = (
        sum(x.amount for x in order.lines),
        engine(PLAIN),
    )
    points = whole // 100
    taken = 0
    for line in order.lines:
        fold(exact, History((order, returned(order, (line,), 1)), START + 1000 * MINUTE))
        share = snapshot(exact).wallets[0]["clawed_back"]
        assert share - 1 < points * line.amount / whole < share + 1
        taken += share
    assert taken == points


@given(history=histories())
def test_i13_no_line_comes_back_more_often_than_it_was_bought(history: History) -> None:
    """I13, T080: a second full return of an order takes nothing, and says so."""
    whole = set[str]()
    for step in steps(named("small"), history):
        if step.fact is not None and step.fact.kind == FactKind.CANCELLATION:
            if step.fact.about in whole:
                assert not of_kind(step.own, EntryKind.CLAWED_BACK).size
            whole.add(step.fact.about)


@given(history=histories())
def test_i13_a_reversal_gives_points_back_at_their_original_age(history: History) -> None:
    """I13, S31: what a cancellation or release restores lies in a lot that was earned when the points were earned first."""
    earned: dict[tuple[int, int], int] = {}
    for step in steps(named("small"), history):
        for lot in step.after.lots:
            assert earned.setdefault((lot.source, lot.n), lot.earned_at) == lot.earned_at
