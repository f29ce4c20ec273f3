"""In which order lots go, and when they die: I3, I15."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_streams.core.codes import NEVER, EntryKind, FactKind
from loyalty_streams.core.entries import Entries
from tests.laws.folding import Lot, Snapshot, fold, of_kind, steps
from tests.laws.programmes import RICH, SMALL, engine, named
from tests.laws.strategies import START, History, Teller, histories

SPENDING = (FactKind.REDEEM, FactKind.RESERVE, FactKind.REDEEMED)


def taken_out_of_turn(before: Snapshot, taken: Entries, oldest: bool) -> list[tuple[Lot, Lot]]:
    """Pairs of lots of which the later was taken from while the earlier kept points, in the declared order of consumption."""
    left = {(x.source, x.n): x.remaining for x in before.lots if not x.pending}
    for e in taken:
        left[int(e["lot"]), int(e["lot_n"])] -= -int(e["points"])
    touched = {(int(e["lot"]), int(e["lot_n"])) for e in taken}
    order = sorted((x for x in before.lots if not x.pending), key=lambda x: consumption(x, oldest))
    pairs = [(a, b) for i, a in enumerate(order) for b in order[i + 1 :] if a.wallet == b.wallet]
    return [(a, b) for a, b in pairs if left[a.source, a.n] and (b.source, b.n) in touched]


def consumption(lot: Lot, oldest: bool) -> tuple[int, int, int, int]:
    dates = (lot.earned_at, lot.expires_at) if oldest else (lot.expires_at, lot.earned_at)
    return (*dates, lot.source, lot.n)


@pytest.mark.parametrize("name", ["small", "rich", "idle", "oldest"])
@given(history=histories())
def test_i3_no_point_is_taken_while_an_earlier_lot_has_any(name: str, history: History) -> None:
    """I3, T032, T033: redemptions and deductions go through the lots in order, to the end of each."""
    for step in steps(named(name), history):
        if step.fact is not None and step.fact.kind in (*SPENDING, FactKind.ADJUSTMENT):
            taken = of_kind(step.own, EntryKind.REDEEMED, EntryKind.RESERVED, EntryKind.ADJUSTED)
            taken = taken[(taken["bucket"] == 0) & (taken["points"] < 0)]
            assert not taken_out_of_turn(step.before, taken, name == "oldest")


@pytest.mark.parametrize("name", ["small", "rich", "idle", "oldest"])
@given(history=histories())
def test_lots_lie_in_the_order_of_their_dates(name: str, history: History) -> None:
    """S21: the queue is sorted by (expiry, earned, source, number) after every fact, which expiry and search rely on."""
    for step in steps(named(name), history):
        places = [consumption(x, False) for x in step.after.lots]
        assert places == sorted(places)


@pytest.mark.parametrize("name", ["small", "rich", "oldest"])
@given(history=histories())
def test_i15_no_lot_outlives_its_date(name: str, history: History) -> None:
    """I15, T052: after every fact no available lot is dated at or before the instant reached."""
    for step in steps(named(name), history):
        now = step.fact.at if step.fact else history.until
        assert all(x.expires_at > now for x in step.after.lots)


@given(history=histories())
def test_i15_what_expires_was_left_of_a_lot_at_its_date_and_expires_once(history: History) -> None:
    """I15: by time alone a lot expires at its own date, with what was left of it; never twice."""
    died: Counter[tuple[int, int]] = Counter()
    known: dict[tuple[int, int], Lot] = {}
    for step in steps(named("small"), history):
        for e in of_kind(step.timers, EntryKind.EXPIRED):
            lot = known[int(e["lot"]), int(e["lot_n"])]
            assert (int(e["at"]), -int(e["points"])) == (lot.expires_at, lot.remaining)
            died[lot.source, lot.n] += 1
        known = {(x.source, x.n): x for x in step.after.lots}
    assert all(n == 1 for n in died.values())


@given(history=histories(), months=st.integers(1, 11))
def test_i15_a_later_rule_never_moves_the_date_of_a_lot(history: History, months: int) -> None:
    """I15, T048: lots that were earned before a version with another validity die when they would have died without it."""
    change = START + 200 * 86_400_000_000
    shorter = SMALL.replace("after: 12 months", f"after: {months} months")
    later = f"version: 2\neffective_from: {as_date(change)}\n{shorter}"
    dated = last_dates(engine(SMALL), history)
    for lot, (earned, expires) in last_dates(engine(SMALL, later), history).items():
        if earned < change and lot in dated:
            assert expires == dated[lot][1]


def last_dates(of, history: History) -> dict[tuple[int, int], tuple[int, int]]:  # type: ignore[no-untyped-def]
    """Every lot that was open after some fact: when it was earned and when it was last dated to die."""
    out: dict[tuple[int, int], tuple[int, int]] = {}
    for step in steps(of, history):
        out |= {(x.source, x.n): (x.earned_at, x.expires_at) for x in step.after.lots if x.expires_at < NEVER}
    return out


def as_date(t: int) -> str:
    from tests.laws.strategies import ZONE
    from tests.oracle.calendar import wall

    return wall(t, ZONE).date().isoformat()


def test_a_lot_of_the_rich_programme_waits_and_dies_at_its_dates() -> None:
    """The laws look at something: earned 31 January 10:00, spendable 14 days later, dead at the end of the third month from then."""
    teller = Teller()
    teller.buy([], 1000)
    store = fold(engine(RICH), History(tuple(teller.facts), START + 200 * 86_400_000_000))
    entries = store.all_entries()
    (active,) = of_kind(entries, EntryKind.ACTIVATED)[:1]["at"]
    (dead,) = of_kind(entries, EntryKind.EXPIRED)[:1]["at"]
    assert (active - START, as_date(int(dead))) == (14 * 86_400_000_000, "2025-05-15")
