"""Points asked for: I12."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given

from loyalty_streams.core.codes import MICROS, EntryKind, FactKind, Reason, code_of
from tests.laws.folding import Step, of_kind, steps
from tests.laws.programmes import named
from tests.laws.strategies import History, histories

RESERVE_FOR = 15 * 60 * MICROS
ENDED = (EntryKind.CONFIRMED, EntryKind.RELEASED)


@pytest.mark.parametrize("name", ["rich", "oldest"])
@given(history=histories())
def test_i12_what_is_asked_for_is_covered_or_refused(name: str, history: History) -> None:
    """I12, T060, T087: a redemption takes what was asked, at most what was available, or it is refused and takes nothing."""
    for step in steps(named(name), history):
        if step.fact is not None and step.fact.kind in (FactKind.REDEEM, FactKind.RESERVE):
            taken = -int(of_kind(step.own, EntryKind.REDEEMED, EntryKind.RESERVED)["points"].sum())
            available = step.before.wallets[0]["available"]
            refused = of_kind(step.own, EntryKind.REFUSED).size
            assert (taken, refused) in ((step.fact.points, 0), (0, 1))
            assert taken <= available


@given(history=histories())
def test_i12_a_reservation_ends_exactly_once(history: History) -> None:
    """I12, T061: what was reserved is confirmed, released or timed out, once; until then it is held."""
    held: Counter[int] = Counter()
    for step in steps(named("rich"), history):
        for e in [*step.timers, *step.own]:
            if int(e["kind"]) == EntryKind.RESERVED:
                held[int(e["ref"])] -= int(e["points"])
            elif int(e["kind"]) in ENDED:
                held[int(e["ref"])] -= abs(int(e["points"]))
            assert held[int(e["ref"])] >= 0
        assert sum(held.values()) == step.after.held


@given(history=histories())
def test_i12_a_reservation_times_out_at_its_instant_and_is_not_confirmed_then(history: History) -> None:
    """I12, T061: 15 minutes after it was made it is over; a confirmation from then on is refused RESERVATION_EXPIRED."""
    made: dict[int, int] = {}
    for step in steps(named("rich"), history):
        for e in of_kind(step.own, EntryKind.RESERVED):
            made[int(e["ref"])] = int(e["at"])
        for e in of_kind(step.timers, EntryKind.RELEASED):
            assert int(e["at"]) == made[int(e["ref"])] + RESERVE_FOR
            assert Reason(int(e["reason"])) == Reason.TIMED_OUT
        if step.fact is not None and step.fact.kind == FactKind.CONFIRM:
            confirm(step, made)


def confirm(step: Step, made: dict[int, int]) -> None:
    assert step.fact is not None
    since = made.get(code_of(step.fact.about))
    if since is not None and step.fact.at >= since + RESERVE_FOR:
        assert not of_kind(step.own, EntryKind.CONFIRMED).size


@given(history=histories())
def test_i12_a_refused_redemption_changes_nothing(history: History) -> None:
    """S27: a refusal leaves every lot and account as it was."""
    for step in steps(named("rich"), history):
        if step.fact is not None and step.fact.kind in (FactKind.REDEEM, FactKind.RESERVE) and of_kind(step.own, EntryKind.REFUSED).size:
            assert (step.before.lots, step.before.wallets) == (step.after.lots, step.after.wallets)
