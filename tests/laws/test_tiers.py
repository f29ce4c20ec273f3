"""Tiers: I16."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_streams.core.codes import DAY, EntryKind, FactKind
from loyalty_streams.core.facts import Fact
from tests.laws.folding import fold, of_kind, snapshot
from tests.laws.programmes import engine, named, numbers
from tests.laws.strategies import START, ZONE, History
from tests.oracle.calendar import Span, instant, shift

YEAR = Span(months=12)
RUNGS = ((50_000, "gold"), (20_000, "silver"), (0, "base"))
Purchases = st.lists(st.tuples(st.integers(0, 200), st.integers(1, 40_000)), min_size=1, max_size=12)


def bought(purchases: list[tuple[int, int]]) -> tuple[Fact, ...]:
    """Orders some days apart; amounts are minor units."""
    now, out = START, []
    for n, (days, amount) in enumerate(purchases):
        now += days * DAY
        out.append(Fact(FactKind.ORDER, "M", f"order/{n:03}", now, amount=amount))
    return tuple(out)


def tier_by_definition(orders: tuple[Fact, ...], t: int) -> str:
    """The sum of what was bought in the twelve months before an instant, and the rung that it reaches: a pure function of both."""
    spent = sum(f.amount for f in orders if shift(t, YEAR, ZONE, -1) <= f.at <= t)
    return next(tier for need, tier in RUNGS if spent >= need)


@given(purchases=Purchases, later=st.integers(0, 800))
def test_i16_the_tier_is_a_function_of_the_ledger_the_programme_and_the_instant(purchases: list[tuple[int, int]], later: int) -> None:
    """I16, T092, T110: under a rolling year the tier at any instant is what the purchases inside the window reach, with no fact in between."""
    orders = bought(purchases)
    t = orders[-1].at + later * DAY
    of = named("small")
    fold(of, History(orders, t))
    assert numbers(of).tier(snapshot(of).head["tier"]) == tier_by_definition(orders, t)


@pytest.mark.parametrize(("amount", "tier"), [(19_999, "base"), (20_000, "silver"), (49_999, "silver"), (50_000, "gold")])
def test_i16_a_threshold_is_reached_at_equality(amount: int, tier: str) -> None:
    """I16, T092: one cent less is not enough."""
    of = named("small")
    fold(of, History(bought([(0, amount)]), START))
    assert numbers(of).tier(snapshot(of).head["tier"]) == tier


@pytest.mark.parametrize(("beside", "tier"), [(-1, "silver"), (0, "silver"), (1, "base")])
def test_i16_a_purchase_leaves_the_window_a_microsecond_after_its_year(beside: int, tier: str) -> None:
    """I16, T110: bought 10:00 on 31 January 2025, it counts up to 10:00 on 31 January 2026 and not a microsecond longer."""
    of = named("small")
    fold(of, History(bought([(0, 20_000)]), instant(datetime(2026, 1, 31, 10), ZONE) + beside))
    assert numbers(of).tier(snapshot(of).head["tier"]) == tier


CHECKED = """
wallets: {points: {}}
earn: {base: {on: order, points: {rate: 1, per: 1.00, mode: proportional}}}
tiers:
  metric: {spend: {window: 1 month}}
  ladder: {base: 0, silver: 200.00, gold: 500.00}
  downgrade: {check: tier_anniversary, keep_for: 100 days}
"""


@given(purchases=Purchases)
def test_i16_nobody_falls_while_a_tier_is_kept_for_him(purchases: list[tuple[int, int]]) -> None:
    """I16, T101: under `keep_for: 100 days` no tier is lost sooner than that after it was reached or kept."""
    of = engine(CHECKED)
    places = {"base": 0, "silver": 1, "gold": 2}
    since = START
    for e in of_kind(fold(of, History(bought(purchases), START + 3000 * DAY)).all_entries(), EntryKind.TIER_CHANGED):
        left, entered = (places[numbers(of).tier(int(e[name]))] for name in ("num", "den"))
        assert entered > left or (int(e["at"]) - since) >= 100 * DAY
        since = int(e["at"])


@pytest.mark.parametrize(("effect", "tier"), [("immediate", "base"), ("never", "silver")])
def test_i16_t082_a_return_undoes_an_upgrade_only_where_the_programme_says_so(effect: str, tier: str) -> None:
    """I16, T082: 200.00 bought and 0.01 brought back."""
    (order,) = bought([(0, 20_000)])
    back = Fact(FactKind.RETURN, "M", "return/1", START + DAY, about=order.key, amount=1)
    of = engine(CHECKED + f"returns: {{tier_effect: {effect}}}\n")
    fold(of, History((order, back), START + DAY))
    assert numbers(of).tier(snapshot(of).head["tier"]) == tier
