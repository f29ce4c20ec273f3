"""A member's packed state is bounded by what is live in it, not by how long it has lived (I24)."""

from __future__ import annotations

import pytest
from hypothesis import given

from loyalty_streams.core.codes import DAY, FactKind
from loyalty_streams.core.facts import Fact, Line
from loyalty_streams.core.kernel.records import BOUNDS
from tests.laws.folding import fold, snapshot
from tests.laws.programmes import PROGRAMMES, named
from tests.laws.strategies import START, History, histories

YEAR = 365 * DAY
A_LOT = 64
"""Bytes that one more lot may take."""


def years(n: int) -> History:
    """The same every year: an order a week, every fifth one brought back, points spent once a month."""
    facts = []
    for week in range(n * 52):
        at = START + week * 7 * DAY
        lines = (Line(1, 3000, "A", "fruit", 2), Line(2, 1250, "B", "dairy"))
        facts.append(Fact(FactKind.ORDER, "M", f"order/{week}", at, amount=4250, lines=lines))
        if week % 5 == 0:
            facts.append(Fact(FactKind.RETURN, "M", f"return/{week}", at + DAY, about=f"order/{week}", amount=3000, lines=lines[:1]))
        if week % 4 == 0:
            facts.append(Fact(FactKind.REDEEM, "M", f"redeem/{week}", at + 2 * DAY, about=f"redemption/{week}", points=50))
    return History(tuple(facts), START + n * YEAR)


@pytest.mark.parametrize("name", PROGRAMMES)
def test_i24_ten_years_at_constant_activity_do_not_grow_a_state(name: str) -> None:
    """I24: after ten years a member keeps what it kept after three, but for longer numbers (5 %) and for lots that are still alive."""
    after_three, after_ten = (size_and_lots(name, n) for n in (3, 10))
    more_lots = max(after_ten[1] - after_three[1], 0)
    assert after_ten[0] <= 1.05 * after_three[0] + A_LOT * more_lots


def size_and_lots(name: str, n: int) -> tuple[int, int]:
    """Bytes of the state after some years, and how many lots are alive in it."""
    engine = named(name)
    return len(fold(engine, years(n)).state), len(snapshot(engine).lots)


@pytest.mark.parametrize("name", PROGRAMMES)
@given(history=histories())
def test_i24_no_section_holds_more_than_its_bound(name: str, history: History) -> None:
    """I24: lots are at most as many as the declared bound, and a state is no larger than a few words for each thing it holds."""
    engine = named(name)
    state = fold(engine, history).state
    lots = len(snapshot(engine).lots)
    assert lots <= BOUNDS["lots"]
    assert len(state) <= 4096 + 256 * (lots + len(history.facts))
