"""The end does not depend on the order in which facts arrive, nor on how often, nor on the batches they come in (T157 to T160)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from loyalty_streams.agents import members
from loyalty_streams.agents.rows import Head, split
from loyalty_streams.core.codes import EntryKind, FactKind, Outcome, Reason
from loyalty_streams.core.facts import Fact
from loyalty_streams.hosts.embedded import Store
from loyalty_streams.hosts.embedded.past import Block, blocks, member
from loyalty_streams.hosts.embedded.verify import verify
from tests.hosts.shop import DAY, HOUR, a_year, ask, at, batch_of, bring, check_in, codes, come_back, open_store, order


def late(fact: Fact, arrives: str | int) -> Fact:
    return replace(fact, arrived=arrives if isinstance(arrives, int) else at(arrives))


def the(store: Store, name: str) -> Block:
    block = member(store, name)
    assert block is not None
    return block


def available(store: Store, name: str) -> int:
    return the(store, name).states[0].wallets[0].available


def debt(store: Store, name: str) -> int:
    return the(store, name).states[0].wallets[0].debt


def holds(store: Store) -> None:
    """Every invariant of `verify`."""
    assert {name: check.faults for name, check in verify(store).items() if check.violations} == {}


# ---- one late fact -------------------------------------------------------------------------------------------------------


def test_t158_an_order_six_days_late_is_applied_at_its_purchase_time_and_what_followed_is_derived_again(tmp_path: Path) -> None:
    """Silver from 200.00: with the order of the 4th the member is silver from then on, and the check of the window falls two months after it."""
    with open_store(tmp_path) as store:
        bring(store, order("O2", "M1", "2026-01-08 10:00", 15_000))
        bring(store, late(order("O1", "M1", "2026-01-04 10:00", 10_000), "2026-01-10 10:00"))
        block = the(store, "M1")
        changes = block.entries[block.entries["kind"] == EntryKind.TIER_CHANGED]
        assert [(int(e["at"]), int(e["booked"])) for e in changes] == [(at("2026-01-08 10:00"), at("2026-01-10 10:00"))]
        assert [k.decode() for k in split(block.segments.keys)] == ["order/O1", "order/O2"]
        holds(store)


def test_t052_a_redemption_stamped_before_the_expiry_succeeds_though_it_arrives_after_the_tick(tmp_path: Path) -> None:
    """100 points earned on 5 January are pending for three days and expire on 8 March, two months after they were activated."""
    with open_store(tmp_path) as store:
        bring(store, order("O1", "M1", "2026-01-05 00:00", 10_000))
        store.advance(at("2026-03-08 00:05"))
        assert the(store, "M1").states[0].wallets[0].expired == 100
        spent = late(ask(FactKind.REDEEM, "A", "M1", "2026-03-07 23:59", 100), "2026-03-08 00:05")
        too_late = late(ask(FactKind.REDEEM, "B", "M1", "2026-03-08 00:01", 100), "2026-03-08 00:06")
        assert bring(store, spent, too_late) == {"applied": 2}
        wallet = the(store, "M1").states[0].wallets[0]
        assert (wallet.redeemed, wallet.expired, wallet.available, wallet.debt) == (100, 0, 0, 0)
        assert the(store, "M1").columns.outcome.tolist() == [Outcome.NONE, Outcome.GRANTED, Outcome.REFUSED]
        holds(store)


def test_t060_a_redemption_stamped_earlier_is_not_granted_at_the_cost_of_one_already_given(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        bring(store, order("O1", "M1", "2026-01-05 10:00", 100_000))
        bring(store, ask(FactKind.REDEEM, "A", "M1", "2026-01-10 10:00", 600))
        bring(store, late(ask(FactKind.REDEEM, "B", "M1", "2026-01-10 09:00", 600), "2026-01-10 11:00"))
        bring(store, late(ask(FactKind.REDEEM, "C", "M1", "2026-01-10 09:30", 400), "2026-01-10 12:00"))
        block = the(store, "M1")
        redeems = np.flatnonzero(block.columns.kind == FactKind.REDEEM)
        assert [(k.decode(), o, r) for k, o, r in zip(
            [split(block.segments.keys)[i] for i in redeems], block.columns.outcome[redeems], block.columns.refuse[redeems], strict=True
        )] == [
            ("redemption/B/redeem", Outcome.REFUSED, Reason.INSUFFICIENT), ("redemption/C/redeem", Outcome.GRANTED, 0),
            ("redemption/A/redeem", Outcome.GRANTED, 0),
        ]  # fmt: skip
        assert available(store, "M1") == 0
        holds(store)


def test_t159_a_late_return_leaves_a_redemption_standing_and_what_it_lacks_is_debt(tmp_path: Path) -> None:
    """1,000 points, 900 redeemed on the 10th; then a return of 9 January arrives that had taken 400 of them back."""
    with open_store(tmp_path) as store:
        bring(store, order("O1", "M1", "2026-01-04 10:00", 60_000), order("O2", "M1", "2026-01-05 10:00", 40_000))
        bring(store, ask(FactKind.REDEEM, "A", "M1", "2026-01-10 10:00", 900))
        assert bring(store, late(come_back("R1", "O2", "M1", "2026-01-09 10:00", 40_000), "2026-01-11 10:00")) == {"applied": 1}
        assert (available(store, "M1"), debt(store, "M1")) == (0, 300)
        holds(store)


def order_of(store: Store, name: str) -> list[str]:
    return [key.decode() for key in split(the(store, name).segments.keys)]


def test_t158_an_order_late_by_exactly_the_lateness_stands_at_its_own_instant_and_one_later_at_its_arrival(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        bring(store, order("O2", "M1", "2026-01-04 10:00", 1_000), order("O3", "M1", "2026-01-05 10:00", 1_000))
        bring(store, late(order("L1", "M1", "2026-01-02 10:00", 1_000), "2026-01-09 10:00"))
        bring(store, late(order("L2", "M1", at("2026-01-02 10:00") - 1, 1_000), "2026-01-09 10:00"))
        assert order_of(store, "M1") == ["order/L1", "order/O2", "order/O3", "order/L2"]
        holds(store)


def test_what_a_tick_has_let_expire_stays_expired_when_something_else_comes_late(tmp_path: Path) -> None:
    """100 points expire on 8 March; a check-in of the 7th arrives on the 9th, after the tick."""
    with open_store(tmp_path) as store:
        bring(store, order("O1", "M1", "2026-01-05 00:00", 10_000))
        store.advance(at("2026-03-08 00:05"))
        bring(store, late(check_in("C1", "M1", at("2026-03-07 10:00")), "2026-03-09 10:00"))
        wallet = the(store, "M1").states[0].wallets[0]
        assert (wallet.expired, wallet.available, wallet.pending) == (100, 0, 5)
        holds(store)


def test_t159_a_late_return_of_an_order_that_came_beyond_the_lateness_takes_its_points_back(tmp_path: Path) -> None:
    """The order of the 1st arrives on the 11th and stands there; its return of the 9th, arriving on the 12th, stands after it."""
    with open_store(tmp_path) as store:
        bring(store, late(order("O1", "M1", "2026-01-01 10:00", 50_000), "2026-01-11 10:00"))
        bring(store, late(come_back("R1", "O1", "M1", "2026-01-09 10:00", 50_000), "2026-01-12 10:00"))
        state = the(store, "M1").states[0]
        assert (state.wallets[0].available, state.wallets[0].debt, state.orders, state.lifetime_spend) == (0, 0, 0, 0)
        holds(store)


@pytest.mark.parametrize("together", [True, False])
def test_t157_late_orders_are_folded_over_no_kept_state_that_lacks_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, together: bool) -> None:
    """A state is kept every four facts. Of ten orders, a day apart, two come late: one after the fifth, which makes silver, one after the ninth."""
    monkeypatch.setattr(members, "BASE_EVERY", 4)
    with open_store(tmp_path) as store:
        for n in range(10):
            bring(store, order(f"O{n}", "M1", at("2026-01-01 10:00") + n * DAY, 1_000))
        assert len(list(store.rocks.scan("bases"))) == 2
        first = late(order("L1", "M1", "2026-01-05 22:00", 20_000), "2026-01-10 23:00")
        second = late(order("L2", "M1", "2026-01-09 22:00", 1_000), "2026-01-10 23:00")
        bring(store, first, second, size=2 if together else 1)
        block = the(store, "M1")
        assert block.states[0].lifetime_spend == 31_000
        assert block.entries["at"][block.entries["kind"] == EntryKind.TIER_CHANGED].tolist() == [at("2026-01-05 22:00")]
        holds(store)


# ---- copies and amendments -------------------------------------------------------------------------------------------------


def test_t152_a_higher_revision_amends_the_order_by_the_net_difference(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        bring(store, order("O1", "M1", "2026-01-05 10:00", 50_000))
        amended = late(order("O1", "M1", "2026-01-05 10:00", 60_000), "2026-01-06 10:00")
        assert bring(store, amended, revisions=[1]) == {"applied": 1}
        assert bring(store, order("O1", "M1", "2026-01-05 10:00", 40_000), revisions=[0]) == {"superseded": 1}
        assert bring(store, amended, revisions=[1]) == {"duplicate": 1}
        state = the(store, "M1").states[0]
        assert (state.wallets[0].pending, state.orders, state.lifetime_spend) == (600, 1, 60_000)
        holds(store)


def test_t152_an_order_brought_back_and_amended_afterwards_keeps_its_return(tmp_path: Path) -> None:
    """Of 500.00 a line of 100.00 came back; the order is amended to 600.00 with the same line: 500 points are left."""
    with open_store(tmp_path) as store:
        bring(store, order("O1", "M1", "2026-01-05 10:00", 50_000), come_back("R1", "O1", "M1", "2026-01-06 10:00", 10_000))
        bring(store, late(order("O1", "M1", "2026-01-05 10:00", 60_000), "2026-01-07 10:00"), revisions=[1])
        assert the(store, "M1").states[0].orders in (0, 1)
        holds(store)


def test_an_amendment_that_names_another_member_is_a_conflict(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        bring(store, order("O1", "M1", "2026-01-05 10:00", 50_000))
        assert bring(store, order("O1", "M2", "2026-01-05 10:00", 50_000), revisions=[1]) == {"conflict": 1}
        assert codes(store) == ["CONFLICT"]


# ---- returns that wait -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 2])
def test_t079_a_return_waits_for_its_sale_and_both_apply(tmp_path: Path, size: int) -> None:
    """In one batch or in two: the return is counted as waiting, and again when it is applied; then it is as if it had come in order."""
    sale, back = order("O1", "M1", "2026-01-05 10:00", 50_000), come_back("R1", "O1", "M1", "2026-01-06 10:00", 50_000)
    with open_store(tmp_path) as store:
        assert bring(store, back, late(sale, "2026-01-06 12:00"), size=size) == {"waiting": 1, "applied": 2}
        assert (the(store, "M1").states[0].wallets[0].pending, the(store, "M1").states[0].orders) == (0, 0)
        assert bring(store, back) == {"duplicate": 1}
        assert store.clocks.waiting == 0
        holds(store)


def test_a_return_that_waits_is_known_and_a_second_one_of_it_is_a_duplicate(tmp_path: Path) -> None:
    back = come_back("R1", "O1", "M1", "2026-01-06 10:00", 50_000)
    with open_store(tmp_path) as store:
        assert bring(store, back) == {"waiting": 1}
        assert bring(store, back) == {"duplicate": 1}
        assert store.clocks.waiting == 1
        assert list(blocks(store)) == []


# ---- any order -------------------------------------------------------------------------------------------------------------


def scrambled(facts: Sequence[Fact], random: Random, within: int) -> list[Fact]:
    """The facts in another order of arrival, each late by less than a span, some of them twice."""
    arrived = [replace(f, arrived=f.at + random.randrange(within) * (random.random() < 0.3)) for f in facts]
    arrived += [replace(f, arrived=f.arrived + random.randrange(within)) for f in random.sample(arrived, len(arrived) // 10)]
    return sorted(arrived, key=lambda f: (f.arrived, f.key))


def decided(store: Store, facts: Sequence[Fact]) -> list[Fact]:
    """The facts in order, with the decisions that a store has given on them."""
    given = {}
    for block in blocks(store):
        rows = zip(split(block.segments.keys), block.columns.outcome.tolist(), block.columns.refuse.tolist(), strict=True)
        given.update({key.decode(): (Outcome(outcome), Reason(refuse)) for key, outcome, refuse in rows})
    out = [replace(f, outcome=given[f.key][0], refuse=given[f.key][1]) for f in facts]
    return sorted(out, key=lambda f: (f.at, f.key))


def ends(store: Store) -> dict[str, list[Any]]:
    """What may not depend on arrival: states, cards, facts in order and the entries that hold."""
    out: dict[str, list[Any]] = {"states": [], "entries": [], "facts": []}
    for name, head in store.rocks.scan("heads"):
        h = Head.read(head)
        out["states"].append((name, h.due, h.last_at, h.tier, h.stage, h.last_key, h.state))
    for block in blocks(store):
        kept = block.entries.copy()
        for field in ("seq", "booked"):
            kept[field] = 0
        out["entries"].append([e.tobytes() for e in kept])
        out["facts"].append(split(block.segments.keys))
    out["keys"] = list(store.rocks.scan("keys"))
    return out


@pytest.mark.parametrize("seed", range(6))
def test_t157_any_order_of_arrival_any_copies_and_any_batches_end_the_same(tmp_path: Path, seed: int) -> None:
    random = Random(seed)
    facts = a_year(seed, members=4, facts=120)
    worst = scrambled(facts, random, 7 * DAY)
    end = max(f.arrived for f in worst) + HOUR
    found = []
    for size in (1, 7, 1_000):
        with open_store(tmp_path / f"worst-{size}") as store:
            ticks = iter(range(facts[0].at, end, 5 * DAY))
            tick = next(ticks)
            for first in range(0, len(worst), size):
                while size == 7 and worst[first].arrived > tick:
                    store.advance(tick)
                    tick = next(ticks, end)
                store.take(batch_of(*worst[first : first + size]))
            store.advance(end)
            holds(store)
            found.append(ends(store))
            answered = decided(store, facts)
    assert found[0] == found[2]
    with open_store(tmp_path / "best") as store:
        bring(store, *answered)
        store.advance(end)
        assert ends(store) == found[2]
