"""Orders without a member, kept by receipt and claimed later, in a store (T144, S58)."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from pathlib import Path

from loyalty_streams.core.codes import FactKind, Reason
from loyalty_streams.core.facts import Fact
from loyalty_streams.hosts.embedded.past import blocks
from tests.hosts.shop import at, bring, come_back, open_store, order
from tests.hosts.test_any_order import holds, late, the
from tests.hosts.test_merges import merge
from tests.hosts.test_transfers import points, reasons
from tests.hosts.test_undoing import some_orders

NOON = "2026-01-29 09:00"


def claim(receipt: str, member: str, when: str) -> Fact:
    return Fact(FactKind.IDENTITY, f"receipt:{receipt}", f"identity/{member}/{when}/claim/{receipt}", at(when), about=member, type="claim")


def kept(key: str, receipt: str, when: str, cents: int) -> Fact:
    return order(key, f"receipt:{receipt}", when, cents)


def test_t144_a_claimed_order_is_the_members_as_if_he_had_given_his_number_at_the_till(tmp_path: Path) -> None:
    """200 euros of the 25th of December make silver that very day, though they are claimed on the 20th of January."""
    facts = (kept("O1", "77", "2025-12-25 10:00", 20_000), order("O2", "M1", "2026-01-10 10:00", 1_000), claim("77", "M1", "2026-01-20 10:00"))
    for n, some in enumerate(permutations(facts)):
        with open_store(tmp_path / str(n)) as store:
            for f in some:  # the sale was known on its day, or is late by a month
                bring(store, f)
            store.advance(at("2026-01-21 00:00"))
            state = the(store, "M1").states[0]
            assert (points(store, "M1"), state.orders, state.lifetime_spend) == ([210], 2, 21_000), some
            assert (state.tier, state.tier_since) == (1, at("2025-12-25 10:00"))
            holds(store)


def test_t144_nobody_has_an_order_that_is_not_claimed(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        bring(store, kept("O1", "77", "2026-01-10 10:00", 20_000), order("O2", "M1", "2026-01-10 10:00", 1_000))
        store.advance(at("2026-01-21 00:00"))
        assert (points(store, "M1"), [b.states[k].orders for b in blocks(store) for k, name in enumerate(b.ids) if name == "M1"]) == ([10], [1])
        holds(store)


def test_t144_a_second_claim_of_a_receipt_is_refused_whichever_arrives_first(tmp_path: Path) -> None:
    facts = (kept("O1", "77", "2026-01-25 10:00", 20_000), claim("77", "M1", "2026-01-26 10:00"), claim("77", "M2", "2026-01-27 10:00"))
    for n, some in enumerate(permutations(facts)):
        with open_store(tmp_path / str(n)) as store:
            bring(store, *(late(f, NOON) for f in some), size=1)
            store.advance(at("2026-02-01 00:00"))
            assert (points(store, "M1", "M2"), reasons(store, "M1"), reasons(store, "M2")) == ([200, 0], [], [Reason.ALREADY_CLAIMED]), some
            holds(store)


def test_t144_after_thirty_days_a_receipt_is_too_old(tmp_path: Path) -> None:
    for n, (when, refused) in enumerate((("2026-01-31 10:00", []), ("2026-01-31 10:01", [Reason.TOO_LATE]))):
        with open_store(tmp_path / str(n)) as store:
            bring(store, kept("O1", "77", "2026-01-01 10:00", 20_000), claim("77", "M1", when))
            assert (points(store, "M1"), reasons(store, "M1")) == ([0 if refused else 200], refused)
            holds(store)


def test_the_days_in_which_a_receipt_is_claimed_are_the_programmes(tmp_path: Path) -> None:
    with open_store(tmp_path, "facts: {claim_within: 2 days}\n") as store:
        bring(store, kept("O1", "77", "2026-01-01 10:00", 20_000), claim("77", "M1", "2026-01-03 10:00"), claim("77", "M2", "2026-01-04 10:00"))
        store.advance(at("2026-01-05 00:00"))
        assert (points(store, "M1"), reasons(store, "M1"), reasons(store, "M2")) == ([200], [], [Reason.TOO_LATE])
        bring(store, claim("77", "M3", "2026-01-03 10:00"))
        assert (points(store, "M1"), reasons(store, "M3")) == ([200], [Reason.ALREADY_CLAIMED])


def test_what_is_brought_back_of_an_anonymous_order_lowers_what_is_claimed_and_the_claimer_brings_back_as_himself(tmp_path: Path) -> None:
    parts = replace(order("O1", "receipt:77", "2026-01-22 10:00", 20_000), lines=())
    facts = (
        parts, come_back("R1", "O1", "receipt:77", "2026-01-23 10:00", 5_000), claim("77", "card:7", "2026-01-24 10:00"),
        merge("1", "card:7", "M1", "2026-01-25 10:00", "link"), come_back("R2", "O1", "M1", "2026-01-28 10:00", 5_000),
    )  # fmt: skip
    for n, some in enumerate(some_orders(facts)):
        with open_store(tmp_path / str(n)) as store:
            bring(store, *(late(replace(f, lines=()), NOON) for f in some), size=1)
            store.advance(at("2026-02-01 00:00"))
            assert points(store, "M1") == [100], some
            if n % 10 == 0:
                holds(store)


def test_what_is_brought_back_by_the_receipt_alone_is_taken_from_the_member_who_bought_it(tmp_path: Path) -> None:
    """Before, with or after the sale."""
    sale, back = order("O1", "M1", "2026-01-22 10:00", 10_000), come_back("R1", "O1", "receipt:77", "2026-01-26 10:00", 10_000)
    for n, (facts, size) in enumerate((((sale, back), 1), ((sale, back), 2), ((back, sale), 1))):
        with open_store(tmp_path / str(n)) as store:
            bring(store, *(late(f, NOON) for f in facts), size=size)
            bring(store, late(back, NOON), late(order("O2", "M1", "2026-01-22 11:00", 5_000), NOON))
            store.advance(at("2026-02-01 00:00"))
            assert points(store, "M1") == [50]
            holds(store)
