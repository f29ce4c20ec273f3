"""Points that one member sends another, whatever arrives when (T150, S55)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import permutations
from pathlib import Path

import pytest

from loyalty_streams.core.codes import AttrKind, EntryKind, FactKind, Reason, Status
from loyalty_streams.core.facts import Attribute, Fact
from loyalty_streams.hosts.embedded import Store
from tests.hosts.shop import ask, at, bring, come_back, open_store, order
from tests.hosts.test_any_order import holds, late, the
from tests.hosts.test_merges import merge

NOON = "2026-01-31 12:00"


def transfer(key: str, sender: str, receiver: str, when: str, points: int) -> Fact:
    return Fact(FactKind.TRANSFER, sender, f"transfer/{key}", at(when), about=receiver, points=points)


def status(member: str, when: str, word: Status) -> Fact:
    flag = Attribute("@status", AttrKind.FLAG, int(word))
    return Fact(FactKind.PROFILE, member, f"profile/{member}/{when}", at(when), attributes=(flag,))


def reasons(store: Store, member: str) -> list[Reason]:
    e = the(store, member).segments.entries
    return [Reason(r) for r in e[e["kind"] == EntryKind.REFUSED]["reason"].tolist()]


def points(store: Store, *members: str) -> list[int]:
    """What each has, less what it owes."""
    found = (the(store, m).states[0].wallets.get(0) for m in members)
    return [x.available - x.debt if x is not None else 0 for x in found]


def test_t150_what_is_sent_keeps_its_expiry(tmp_path: Path) -> None:
    """100 points of the 5th of January, available on the 8th, expire on the 8th of March, wherever they are."""
    with open_store(tmp_path) as store:
        bring(store, order("O1", "M1", "2026-01-05 10:00", 10_000), transfer("T1", "M1", "M2", "2026-01-20 10:00", 40))
        assert points(store, "M1", "M2") == [60, 40]
        (lot,) = the(store, "M2").states[0].lots
        assert (lot.remaining, lot.earned_at, lot.expires_at) == (40, at("2026-01-05 10:00"), at("2026-03-08 10:00"))
        holds(store)
        store.advance(at("2026-03-09 00:00"))
        assert points(store, "M1", "M2") == [0, 0]
        holds(store)


def test_t150_nothing_is_sent_to_oneself_from_what_is_pending_or_beyond_what_there_is(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        bring(store, order("O1", "M1", "2026-01-05 10:00", 10_000))
        bring(
            store, transfer("T1", "M1", "M2", "2026-01-06 10:00", 40), transfer("T2", "M1", "M1", "2026-01-20 10:00", 40),
            transfer("T3", "M1", "M2", "2026-01-20 11:00", 101),
        )  # fmt: skip
        assert points(store, "M1") == [100]
        assert reasons(store, "M1") == [Reason.INSUFFICIENT, Reason.SAME_MEMBER, Reason.INSUFFICIENT]
        holds(store)


@pytest.mark.parametrize("blocked", ["M1", "M2"])
def test_t150_who_is_suspended_neither_sends_nor_receives(tmp_path: Path, blocked: str) -> None:
    with open_store(tmp_path) as store:
        bring(store, order("O1", "M1", "2026-01-05 10:00", 10_000), order("O2", "M2", "2026-01-05 10:00", 1_000))
        bring(store, status(blocked, "2026-01-19 10:00", Status.SUSPENDED))
        bring(store, transfer("T1", "M1", "M2", "2026-01-20 10:00", 40))
        assert points(store, "M1", "M2") == [100, 10]
        assert Reason.STATUS_BLOCKED in reasons(store, blocked)
        holds(store)


def test_t150_points_that_a_suspended_receiver_had_got_come_back_when_the_suspension_is_known(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        bring(store, order("O1", "M1", "2026-01-05 10:00", 10_000), order("O2", "M2", "2026-01-05 10:00", 1_000))
        bring(store, transfer("T1", "M1", "M2", "2026-01-20 10:00", 40))
        assert points(store, "M1", "M2") == [60, 50]
        bring(store, late(status("M2", "2026-01-19 10:00", Status.SUSPENDED), "2026-01-21 10:00"))
        assert points(store, "M1", "M2") == [100, 10]
        holds(store)


def sent_and_spent() -> tuple[Fact, ...]:
    return (
        order("O1", "M1", "2026-01-22 10:00", 10_000), order("O2", "M1", "2026-01-22 11:00", 2_000),
        transfer("T1", "M1", "M2", "2026-01-26 10:00", 110), come_back("R1", "O1", "M1", "2026-01-27 10:00", 10_000),
        replace(ask(FactKind.REDEEMED, "A", "M2", "2026-01-28 10:00", 30), outcome=1),
    )  # fmt: skip


def test_t157_in_whatever_order_they_arrive_the_same_points_are_with_the_same_members(tmp_path: Path) -> None:
    """120 points, of which 110 go to M2, who spends 30; 100 are taken back from M1, of which 10 are there and 90 become debt.

    The transfer is granted before it is asked, so that it is the same decision whatever is known when it arrives.
    """
    for n, some in enumerate(list(permutations(sent_and_spent()))[::2]):
        facts: Sequence[Fact] = [late(replace(f, outcome=1) if f.kind == FactKind.TRANSFER else f, NOON) for f in some]
        with open_store(tmp_path / str(n)) as store:
            bring(store, *facts, size=1)
            store.advance(at("2026-02-01 00:00"))
            assert points(store, "M1", "M2") == [-90, 80], some
            if n % 20 == 0:
                holds(store)


def test_a_transfer_between_two_identifiers_of_one_person_moves_nothing(tmp_path: Path) -> None:
    """Known before the link is, and taken back by it: whichever of the two was given up."""
    for n, (sender, receiver) in enumerate((("card:7", "M1"), ("M1", "card:7"))):
        with open_store(tmp_path / str(n)) as store:
            bring(store, order("O1", sender, "2026-01-10 10:00", 10_000), transfer("T1", sender, receiver, "2026-01-20 10:00", 40))
            assert points(store, sender, receiver) == [60, 40]
            bring(store, late(merge("1", "card:7", "M1", "2026-01-15 10:00", "link"), "2026-01-21 10:00"))
            assert points(store, "M1") == [100]
            assert Reason.SAME_MEMBER in reasons(store, "M1")
            holds(store)


def test_a_transfer_under_an_old_card_is_of_the_member_and_to_an_old_card_for_the_member(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        bring(store, order("O1", "card:7", "2026-01-05 10:00", 10_000), order("O2", "card:8", "2026-01-05 10:00", 1_000))
        bring(store, merge("1", "card:7", "M1", "2026-01-07 10:00", "link"), merge("2", "card:8", "M2", "2026-01-07 10:00", "link"))
        bring(store, transfer("T1", "card:7", "card:8", "2026-01-20 10:00", 40))
        assert points(store, "M1", "M2") == [60, 50]
        holds(store)


def test_a_transfer_sent_twice_moves_once(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        for _ in range(2):
            bring(store, order("O1", "M1", "2026-01-05 10:00", 10_000), transfer("T1", "M1", "M2", "2026-01-20 10:00", 40))
        assert points(store, "M1", "M2") == [60, 40]
        holds(store)


def test_what_a_transfer_brings_in_a_batch_may_be_spent_in_the_same(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        bring(
            store, order("O1", "M1", "2026-01-05 10:00", 10_000), transfer("T1", "M1", "M2", "2026-01-20 10:00", 40),
            ask(FactKind.REDEEM, "A", "M2", "2026-01-20 10:01", 40),
        )  # fmt: skip
        assert (points(store, "M1", "M2"), reasons(store, "M2")) == ([60, 0], [])
        holds(store)


def test_what_leaves_other_lots_when_an_older_order_comes_late_is_what_the_receiver_has(tmp_path: Path) -> None:
    """The order of the 4th, known on the 21st, would have been sent first: its points are gone on the 7th of March, not on the 8th."""
    with open_store(tmp_path, "facts: {lateness: 30 days}\n") as store:
        bring(store, order("O1", "M1", "2026-01-05 10:00", 10_000), transfer("T1", "M1", "M2", "2026-01-20 10:00", 40))
        bring(store, late(order("O0", "M1", "2026-01-04 10:00", 10_000), "2026-01-21 10:00"))
        (lot,) = the(store, "M2").states[0].lots
        assert (lot.remaining, lot.expires_at) == (40, at("2026-03-07 10:00"))
        holds(store)
