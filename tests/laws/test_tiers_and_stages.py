"""Tiers and stages are functions of what happened and of the instant (I16, I17)."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_streams.core.codes import DAY, EntryKind, FactKind
from loyalty_streams.core.engine import Engine
from loyalty_streams.core.entries import Entries
from loyalty_streams.core.facts import Fact
from tests.laws.folding import fold, of_kind, snapshot, steps
from tests.laws.programmes import PROGRAMMES, named
from tests.laws.strategies import GAPS, START, ZONE, History, histories
from tests.oracle.calendar import shift, span

YEAR = span("12 months")
CENTS = st.one_of(st.integers(1, 60_000), st.sampled_from((19_999, 20_000, 20_001, 30_000, 49_999, 50_000)))
"""Amounts, on and beside the thresholds of the small programme: 200.00 and 500.00."""


@st.composite
def purchases(draw: st.DrawFn) -> History:
    """Orders alone: the tier and the stage of the small programme can be told from them without any fold."""
    at, facts = START, []
    for k, (gap, amount) in enumerate(draw(st.lists(st.tuples(st.sampled_from((*GAPS, 365 * DAY)), CENTS), min_size=1, max_size=10))):
        at += gap
        facts.append(Fact(FactKind.ORDER, "M", f"order/{k}", at, amount=amount))
    return History(tuple(facts), at + draw(st.sampled_from((0, 1, 30 * DAY - 1, 30 * DAY, 60 * DAY - 1, 60 * DAY, 180 * DAY, 365 * DAY, 366 * DAY))))


def tier_of(orders: list[Fact], now: int) -> str:
    """The rung that the last twelve months' spend reaches, thresholds included."""
    first = shift(now, YEAR, ZONE, -1)
    spend = sum(f.amount for f in orders if first <= f.at <= now)
    return "gold" if spend >= 50_000 else "silver" if spend >= 20_000 else "base"


def stage_of(orders: list[Fact], now: int) -> str:
    """The first of churned, at_risk, new, active that holds."""
    first, last = orders[0].at, orders[-1].at
    if now >= last + 180 * DAY:
        return "churned"
    if now >= last + 60 * DAY:
        return "at_risk"
    return "new" if now < first + 30 * DAY else "active"


def held(engine: Engine) -> tuple[str, str]:
    names, head = engine.compiled.names, snapshot(engine).head
    return names.tiers[head["tier"]], names.stages[head["stage"]]


@given(history=purchases())
def test_i16_i17_tier_and_stage_are_what_the_orders_and_the_instant_give(history: History) -> None:
    """I16, I17: after every order and at the end, reckoned from amounts and instants alone; thresholds and bounds to the cent and microsecond."""
    engine = named("small")
    orders: list[Fact] = []
    for step in steps(engine, history):
        now = step.fact.at if step.fact else history.until
        orders += [step.fact] if step.fact else []
        assert held(engine) == (tier_of(orders, now), stage_of(orders, now))


@given(history=purchases())
def test_i16_i17_they_change_at_the_instants_and_not_before(history: History) -> None:
    """I16, I17: at the instant of every change, and a microsecond before it, they are what orders and instant give: timers are not late."""
    engine = named("small")
    entries = fold(engine, history).all_entries()
    for at in sorted({int(t) for t in of_kind(entries, EntryKind.TIER_CHANGED, EntryKind.STAGE_CHANGED)["at"]}):
        for now in (at - 1, at):
            orders = [f for f in history.facts if f.at <= now]
            if orders:
                fold(engine, History(tuple(orders), now))
                assert held(engine) == (tier_of(orders, now), stage_of(orders, now))


def chain(entries: Entries, kind: EntryKind) -> list[tuple[int, int]]:
    return [(int(e["num"]), int(e["den"])) for e in of_kind(entries, kind)]


@pytest.mark.parametrize("name", PROGRAMMES)
@given(history=histories())
def test_i16_each_change_of_tier_leaves_the_tier_that_was_held(name: str, history: History) -> None:
    """I16: changes follow one another to the tier held at the end; each names another tier, and entries between carry the one held."""
    engine = named(name)
    entries = fold(engine, history).all_entries()
    changes = chain(entries, EntryKind.TIER_CHANGED)
    assert all(left != entered for left, entered in changes)
    assert all(before[1] == after[0] for before, after in pairwise(changes))
    if changes:
        assert snapshot(engine).head["tier"] == changes[-1][1]


@given(history=histories())
def test_i16_no_tier_is_lost_while_its_guarantee_runs(history: History) -> None:
    """I16: the rich programme keeps a tier three months; only a return may take it sooner."""
    engine = named("rich")
    since, keep = None, span("3 months")
    entries = fold(engine, history).all_entries()
    kinds = [f.kind for f in history.facts]
    for e in of_kind(entries, EntryKind.TIER_CHANGED):
        fell = int(e["den"]) < int(e["num"])
        by_return = int(e["cause"]) >= 0 and kinds[int(e["cause"])] in (FactKind.RETURN, FactKind.CANCELLATION)
        assert not fell or by_return or since is None or int(e["at"]) >= shift(since, keep, ZONE)
        since = int(e["at"])


@pytest.mark.parametrize("name", ["small", "rich"])
@given(history=histories())
def test_i17_each_change_of_stage_leaves_the_stage_that_was_held(name: str, history: History) -> None:
    """I17: stages follow one another to the one held at the end; only idleness comes by time into an idle stage, only an order ends it."""
    engine = named(name)
    entries = fold(engine, history).all_entries()
    changes = chain(entries, EntryKind.STAGE_CHANGED)
    assert all(left != entered for left, entered in changes)
    assert all(before[1] == after[0] for before, after in pairwise(changes))
    if changes:
        assert snapshot(engine).head["stage"] == changes[-1][1]
    names, idle = engine.compiled.names.stages, {"idle", "at_risk", "churned"}
    for e in of_kind(entries, EntryKind.STAGE_CHANGED):
        left, entered = names[int(e["num"])] if int(e["num"]) >= 0 else "none", names[int(e["den"])]
        if left in idle and entered not in idle:
            assert int(e["cause"]) >= 0
        if entered in idle and int(e["cause"]) >= 0:
            assert history.facts[int(e["cause"])].kind in (FactKind.RETURN, FactKind.CANCELLATION)
