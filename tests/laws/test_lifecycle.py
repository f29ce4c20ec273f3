"""Stages of life: I17."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from loyalty_streams.core.codes import DAY, EntryKind
from loyalty_streams.core.facts import Fact
from tests.laws.folding import fold, of_kind, snapshot
from tests.laws.programmes import named, numbers
from tests.laws.strategies import START, History, histories
from tests.laws.test_tiers import Purchases, bought

IDLE = {"at_risk", "churned"}


def stage_by_definition(orders: tuple[Fact, ...], t: int) -> str:
    """The first of churned (180 days idle), at risk (60), new (first order less than 30 days ago), active (60 days) that holds."""
    idle, age = t - orders[-1].at, t - orders[0].at
    if idle >= 180 * DAY:
        return "churned"
    if idle >= 60 * DAY:
        return "at_risk"
    return "new" if age < 30 * DAY else "active"


@given(purchases=Purchases, later=st.integers(0, 400), beside=st.sampled_from((-1, 0, 1)))
def test_i17_the_stage_follows_from_the_instants_of_orders_alone(purchases: list[tuple[int, int]], later: int, beside: int) -> None:
    """I17, T196, T197: at any instant, on either side of every bound."""
    orders = bought(purchases)
    t = max(orders[-1].at + later * DAY + beside, orders[-1].at)
    of = named("small")
    fold(of, History(orders, t))
    assert numbers(of).stage(snapshot(of).head["stage"]) == stage_by_definition(orders, t)


@given(history=histories())
def test_i17_each_change_begins_where_the_last_one_ended(history: History) -> None:
    """I17: stages form a chain from `none`; no change leads to the stage that it leaves; nobody comes back to `none`."""
    of, now = named("small"), "none"
    for e in of_kind(fold(of, history).all_entries(), EntryKind.STAGE_CHANGED):
        left, entered = numbers(of).stage(int(e["num"])), numbers(of).stage(int(e["den"]))
        assert left == now
        assert entered not in (left, "none")
        now = entered


@given(history=histories())
def test_i17_only_an_order_after_idleness_reactivates(history: History) -> None:
    """I17, T196: REACTIVATED follows the change of an order out of an idle stage, and each such change has one."""
    of = named("small")
    changes = of_kind(fold(of, history).all_entries(), EntryKind.STAGE_CHANGED, EntryKind.REACTIVATED)
    expected, found = [], []
    for e in changes:
        left, fact = numbers(of).stage(int(e["num"])), int(e["cause"])
        if int(e["kind"]) == EntryKind.REACTIVATED:
            found.append(int(e["at"]))
        elif left in IDLE and fact >= 0 and history.facts[fact].kind.name == "ORDER":
            expected.append(int(e["at"]))
    assert found == expected


def test_the_stages_of_one_order_are_those_of_a_calendar() -> None:
    """T196 by a pencil: one order on 31 January: new, after 30 days active, after 60 at risk, after 180 churned."""
    of = named("small")
    entries = of_kind(fold(of, History(bought([(0, 1000)]), START + 400 * DAY)).all_entries(), EntryKind.STAGE_CHANGED)
    told = [((int(e["at"]) - START) // DAY, numbers(of).stage(int(e["den"]))) for e in entries]
    assert told == [(0, "new"), (30, "active"), (60, "at_risk"), (180, "churned")]
