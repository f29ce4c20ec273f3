"""Merges that are undone and identifiers that are somebody else's from then on, in a store (T140; S56, S57)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations
from pathlib import Path
from random import Random

import pytest

from loyalty_streams.api import Loyalty
from loyalty_streams.core.codes import FactKind, Reason
from loyalty_streams.core.facts import Fact
from loyalty_streams.hosts.embedded.identifiers import home
from tests.hosts.shop import ask, at, bring, come_back, open_store, order
from tests.hosts.test_any_order import available, debt, holds, late, the
from tests.hosts.test_merges import merge
from tests.hosts.test_transfers import points, reasons

NOON = "2026-01-29 09:00"


def unmerge(key: str, gives_up: str, into: str, when: str) -> Fact:
    return merge(key, gives_up, into, when, "unmerge")


def unlink(key: str, identifier: str, member: str, when: str) -> Fact:
    return merge(key, identifier, member, when, "unlink")


def some_orders(facts: Sequence[Fact]) -> list[tuple[Fact, ...]]:
    """The order of time, and 20 others."""
    return [tuple(facts), *Random("orders of arrival").sample(list(permutations(facts)), 20)]


# ---- a merge that was undone ---------------------------------------------------------------------------------------------


def a_mistake() -> tuple[Fact, ...]:
    """M1 has 100 and M2 has 250; as one they are gold-bound silver; M1 brings 20 more, under its own number; then it was a mistake."""
    return (
        order("O1", "M1", "2026-01-22 10:00", 10_000), order("O2", "M2", "2026-01-22 11:00", 25_000),
        merge("1", "M1", "M2", "2026-01-25 10:00"), order("O3", "M1", "2026-01-26 10:00", 2_000),
        unmerge("2", "M1", "M2", "2026-01-27 10:00"), order("O4", "M1", "2026-01-28 10:00", 1_000),
    )  # fmt: skip


def test_t140_each_side_has_what_it_had_and_what_came_under_its_own_identifier_since(tmp_path: Path) -> None:
    for n, some in enumerate(some_orders(a_mistake())):
        with open_store(tmp_path / str(n)) as store:
            bring(store, *(late(f, NOON) for f in some), size=1)
            store.advance(at("2026-02-02 00:00"))
            first, second = (the(store, m).states[0] for m in ("M1", "M2"))
            assert (points(store, "M1", "M2"), first.orders, second.orders) == ([130, 250], 3, 1), some
            assert (first.tier, second.tier) == (0, 1)
            assert home(store, "M1") == "M1"
            if n % 10 == 0:
                holds(store)


def test_t140_what_was_spent_beyond_a_sides_share_under_its_identifier_is_its_debt(tmp_path: Path) -> None:
    """100 and 50 are 150; M1 spends 130; alone it had 100, so it owes 30, and M2 has its 50."""
    with open_store(tmp_path) as store:
        bring(store, order("O1", "M1", "2026-01-05 10:00", 10_000), order("O2", "M2", "2026-01-05 11:00", 5_000))
        bring(store, merge("1", "M1", "M2", "2026-01-10 10:00"))
        bring(store, ask(FactKind.REDEEM, "A", "M1", "2026-01-11 10:00", 130))
        assert points(store, "M2") == [20]
        bring(store, unmerge("2", "M1", "M2", "2026-01-12 10:00"))
        assert (available(store, "M1"), debt(store, "M1"), points(store, "M2")) == (0, 30, [50])
        holds(store)


def test_t140_after_ninety_days_a_merge_stands(tmp_path: Path) -> None:
    """To the 10th of April it may be undone."""
    for n, (when, stands) in enumerate((("2026-04-10 10:00", False), ("2026-04-10 10:01", True))):
        with open_store(tmp_path / str(n)) as store:
            bring(store, order("O1", "M1", "2026-01-05 10:00", 10_000), order("O2", "M2", "2026-01-06 10:00", 10_000))
            bring(store, merge("1", "M1", "M2", "2026-01-10 10:00"), unmerge("2", "M1", "M2", when))
            assert home(store, "M1") == ("M2" if stands else "M1")
            assert reasons(store, "M2") == ([Reason.UNMERGE_TOO_LATE] if stands else [])
            holds(store)


def test_what_was_never_merged_cannot_be_undone(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        bring(store, order("O1", "M1", "2026-01-05 10:00", 10_000), merge("1", "M1", "M2", "2026-01-10 10:00"))
        bring(store, unmerge("2", "M1", "M3", "2026-01-12 10:00"), unmerge("3", "M2", "M1", "2026-01-12 10:00"))
        assert (points(store, "M2"), reasons(store, "M2")) == ([100], [Reason.NO_SUCH_MERGE] * 2)
        holds(store)


def test_a_merge_undone_may_be_made_again(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        bring(store, order("O1", "M1", "2026-01-05 10:00", 10_000), merge("1", "M1", "M2", "2026-01-10 10:00"))
        bring(store, unmerge("2", "M1", "M2", "2026-01-11 10:00"), merge("3", "M1", "M2", "2026-01-12 10:00"))
        assert (points(store, "M2"), home(store, "M1")) == ([100], "M2")
        holds(store)


# ---- an identifier that is somebody else's -------------------------------------------------------------------------------


def a_number_given_up() -> tuple[Fact, ...]:
    """The phone is M1's until the 26th. Its next owner buys for 30 and brings 10 back; M1 brings back what it bought with it before."""
    return (
        order("O1", "phone:a", "2026-01-22 10:00", 10_000), merge("1", "phone:a", "M1", "2026-01-23 10:00", "link"),
        order("O2", "phone:a", "2026-01-24 10:00", 5_000), unlink("2", "phone:a", "M1", "2026-01-26 10:00"),
        order("O3", "phone:a", "2026-01-27 10:00", 3_000), come_back("R1", "O2", "M1", "2026-01-28 10:00", 5_000),
    )  # fmt: skip


def test_what_came_under_an_identifier_before_it_was_unlinked_stays_and_what_comes_later_is_somebody_elses(tmp_path: Path) -> None:
    for n, some in enumerate(some_orders(a_number_given_up())):
        with open_store(tmp_path / str(n)) as store:
            bring(store, *(late(f, NOON) for f in some), size=1)
            store.advance(at("2026-02-02 00:00"))
            old, new = (the(store, m).states[0] for m in ("M1", "phone:a"))
            assert (points(store, "M1", "phone:a"), old.orders, new.orders) == ([100, 30], 1, 1), some
            assert home(store, "phone:a", before=at("2026-01-25 00:00")) == "M1"
            assert home(store, "phone:a") == "phone:a"
            if n % 10 == 0:
                holds(store)


def test_the_next_owner_of_an_identifier_may_link_it_too(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        bring(store, *a_number_given_up())
        bring(store, merge("3", "phone:a", "M2", "2026-01-29 10:00", "link"), order("O4", "phone:a", "2026-01-30 10:00", 1_000))
        store.advance(at("2026-02-03 00:00"))
        assert (points(store, "M1", "M2"), home(store, "phone:a")) == ([100, 40], "M2")
        assert [x.orders for x in the(store, "M2").states] == [2]
        holds(store)


def test_who_has_an_old_number_cannot_bring_back_what_another_bought_under_it(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        bring(store, *a_number_given_up()[:-1])
        bring(store, come_back("R2", "O1", "phone:a", "2026-01-28 10:00", 10_000))
        store.advance(at("2026-02-02 00:00"))
        assert points(store, "M1", "phone:a") == [150, 30]
        assert len(reasons(store, "phone:a")) == 1
        holds(store)


@pytest.mark.parametrize("who", ["M1", "M2"])
def test_unlinking_what_is_linked_to_nobody_changes_nothing(tmp_path: Path, who: str) -> None:
    with open_store(tmp_path) as store:
        bring(store, order("O1", "card:7", "2026-01-05 10:00", 10_000), unlink("1", "card:7", who, "2026-01-10 10:00"))
        bring(store, order("O2", "card:7", "2026-01-11 10:00", 10_000))
        store.advance(at("2026-01-20 00:00"))
        assert (points(store, "card:7"), the(store, "card:7").states[0].orders) == ([200], 2)
        holds(store)


def test_what_was_joined_to_a_number_stays_with_the_member_when_the_number_is_given_up(tmp_path: Path) -> None:
    """A card was the phone's before the phone was M1's: what comes under the card later is M1's."""
    with open_store(tmp_path) as store:
        bring(store, order("O0", "card:7", "2026-01-20 10:00", 2_000), merge("0", "card:7", "phone:a", "2026-01-21 10:00"))
        bring(store, *a_number_given_up(), order("O5", "card:7", "2026-01-30 10:00", 1_000))
        store.advance(at("2026-02-03 00:00"))
        assert points(store, "M1", "phone:a") == [130, 30]
        assert home(store, "card:7") == "M1"
        holds(store)
        assert Loyalty(store).report("summary")["members"] == 2
