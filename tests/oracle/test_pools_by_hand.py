"""A share of what members earn goes to a pool: the oracle against the pencil (T148, T149, S60)."""

from __future__ import annotations

import pytest

from loyalty_streams.core.codes import Action, EntryKind, FactKind, Reason
from tests.oracle.family import Family
from tests.oracle.oracle import Result
from tests.oracle.pencil import (
    PLAIN,
    RATE,
    adjust,
    at,
    back,
    by,
    late,
    merged,
    opened,
    order,
    person,
    points,
    pooled,
    refusals,
    said,
    spend,
    together,
    unpooled,
)

DATED = "wallets: {points: {expires: {after: 12 months}}}\nearn:\n" + RATE
WAITING = "wallets: {points: {pending: {for: 14 days}}}\nearn:\n" + RATE
IN = pooled("A", "P", 3000, "2026-01-01")
A1 = by("A", order("1", "2026-01-05", 105))


def of(family: Family, identifier: str) -> Result:
    return family.results[family.homes[identifier]]


def given(result: Result) -> list[tuple[int, str]]:
    """What an account gave to pools: points and pool."""
    return [(-e.points, e.ref) for e in result.entries if (e.kind, e.reason) == (EntryKind.TRANSFERRED_OUT, Reason.POOLED)]


def test_t148_of_105_at_30_percent_31_go_to_the_pool_and_74_stay() -> None:
    family = together(DATED, IN, A1)
    a, p = of(family, "A"), of(family, "P")
    assert (points(a), points(a, "issued"), points(a, "transferred_out")) == (74, 105, 31)
    assert (points(p), points(p, "issued"), points(p, "transferred_in")) == (31, 0, 31)
    left, came = a.entries[-1], p.entries[0]
    assert (left.at, left.cause, left.lot, left.ref, left.reason) == (at("2026-01-05"), "order/1/A", ("order/1/A", 0), "P", Reason.POOLED)
    assert (left.basis, left.desired) == (at("2026-01-05"), at("2027-01-05"))
    assert (came.at, came.kind, came.reason) == (at("2026-01-05"), EntryKind.TRANSFERRED_IN, Reason.POOLED)
    assert [(x.points, x.expires_at) for x in p.standing.lots] == [(31, at("2027-01-05"))]


def test_t148_every_pool_has_its_share_in_order_of_joining_and_nothing_leaves_where_it_is_nothing() -> None:
    family = together(PLAIN, pooled("A", "Q", 5000, "2026-01-01"), pooled("A", "P", 100, "2026-01-02"), A1, by("A", order("2", "2026-01-06", 99)))
    assert given(of(family, "A")) == [(52, "Q"), (1, "P"), (49, "Q")]
    assert points(of(family, "A")) == 52 + 50


@pytest.mark.parametrize("share", [-1, 0, 10_001])
def test_t148_a_share_is_more_than_nothing_and_at_most_all(share: int) -> None:
    family = together(PLAIN, pooled("A", "P", share, "2026-01-01"), A1)
    entry = of(family, "A").entries[0]
    assert (entry.reason, entry.wallet, entry.points, entry.ref) == (Reason.NOT_ALLOWED, "points", 0, "P")
    assert (points(of(family, "A")), set(family.results)) == (105, {"A#1"})


def test_t148_all_shares_together_are_at_most_all() -> None:
    family = together(PLAIN, pooled("A", "P", 7000, "2026-01-01"), pooled("A", "Q", 3001, "2026-01-02"), pooled("A", "R", 3000, "2026-01-03"), A1)
    a = of(family, "A")
    assert (refusals(a), given(a), points(a)) == ({Reason.NOT_ALLOWED: 1}, [(73, "P"), (31, "R")], 1)


def test_t148_a_fifth_pool_is_refused_until_another_is_left() -> None:
    pools = [pooled("A", name, 1000, f"2026-01-0{n}") for n, name in enumerate("PQRST", 1)]
    family = together(PLAIN, *pools, unpooled("A", "Q", "2026-01-06"), pooled("A", "U", 2000, "2026-01-07"), by("A", order("1", "2026-01-08", 50)))
    a = of(family, "A")
    assert (refusals(a), given(a)) == ({Reason.NOT_ALLOWED: 1}, [(5, "P"), (5, "R"), (5, "S"), (10, "U")])


def test_s60_joining_again_changes_the_share_in_its_old_place() -> None:
    family = together(PLAIN, IN, pooled("A", "Q", 1000, "2026-01-02"), pooled("A", "P", 9000, "2026-01-03"), A1)
    assert given(of(family, "A")) == [(94, "P"), (10, "Q")]


def test_s60_who_has_left_gives_nothing_and_leaving_without_being_in_does_nothing() -> None:
    family = together(PLAIN, unpooled("A", "P", "2025-12-31"), IN, A1, unpooled("A", "P", "2026-01-06"), by("A", order("2", "2026-01-07", 100)))
    a = of(family, "A")
    assert (given(a), refusals(a), points(a)) == ([(31, "P")], {}, 174)


def test_s60_pending_points_are_given_when_they_become_available_though_nothing_else_happens() -> None:
    family = together(WAITING, IN, A1, until="2026-03-01")
    came = of(family, "P").entries
    assert [(e.at, e.points) for e in came] == [(at("2026-01-19"), 31)]
    assert of(family, "A").entries[-1].cause == f"timer/{at('2026-01-19')}"
    assert "P" not in together(WAITING, IN, A1, until="2026-01-18").homes


def test_s60_what_comes_to_the_pool_by_time_is_there_for_its_next_redemption() -> None:
    family = together(WAITING, IN, A1, by("P", spend(FactKind.REDEEM, "1", "2026-01-19", 31)), by("P", spend(FactKind.REDEEM, "2", "2026-01-20", 31)))
    p = of(family, "P")
    assert (refusals(p), said(p, EntryKind.REDEEMED)) == ({Reason.INSUFFICIENT: 1}, [("redeemed", -31)])


def test_s60_only_what_is_earned_is_shared() -> None:
    family = together(PLAIN, IN, by("A", adjust("2026-01-05", 100)), by("A", opened("2026-01-06", 100)))
    assert (given(of(family, "A")), points(of(family, "A"))) == ([], 200)


def test_s60_what_pools_are_given_they_do_not_give_on() -> None:
    family = together(PLAIN, IN, pooled("P", "A", 5000, "2026-01-01"), A1)
    assert (points(of(family, "A")), points(of(family, "P"))) == (74, 31)


def test_s60_debt_is_paid_before_and_the_pool_has_what_the_lot_still_holds() -> None:
    family = together(PLAIN, IN, by("A", adjust("2026-01-02", 90, Action.DEDUCT, allow_negative=1)), A1)
    a = of(family, "A")
    assert said(a, EntryKind.DEBT_PAID, EntryKind.TRANSFERRED_OUT) == [("debt_paid", -90), ("transferred_out", -15)]
    assert (points(a), points(of(family, "P"))) == (0, 15)


def test_s60_the_debt_of_a_pool_is_paid_by_what_it_is_given() -> None:
    family = together(PLAIN, IN, by("P", adjust("2026-01-02", 20, Action.DEDUCT, allow_negative=1)), A1)
    p = of(family, "P")
    assert (said(p, EntryKind.DEBT_PAID), points(p)) == ([("debt_paid", -20)], 11)


def test_s60_no_status_keeps_points_from_a_pool() -> None:
    assert points(of(together(PLAIN, IN, by("P", person("2026-01-02", status=1)), A1), "P")) == 31


def test_s60_a_limit_on_the_balance_is_judged_before_the_share_leaves() -> None:
    body = "wallets: {points: {max_balance: 100}}\nearn:\n" + RATE
    family = together(body, IN, A1, by("A", order("2", "2026-01-06", 100)))
    assert given(of(family, "A")) == [(30, "P"), (9, "P")]
    assert points(of(family, "A")) == 70 + 21


def test_s35_a_return_takes_from_the_member_not_from_the_pool() -> None:
    family = together(PLAIN, IN, A1, by("A", back("1", "2026-02-01", "1", 105)))
    a = of(family, "A")
    assert (points(a), points(a, "debt"), points(of(family, "P"))) == (0, 31, 31)


def test_s60_an_account_that_is_given_up_takes_its_memberships_with_it() -> None:
    family = together(PLAIN, IN, by("B", order("0", "2026-01-02", 1)), merged("A", "B", "2026-01-04"), A1)
    assert (given(of(family, "A")), points(of(family, "A"))) == ([], 106)


def test_s60_the_survivor_keeps_its_own_and_what_waited_in_the_other_is_shared_by_them() -> None:
    family = together(WAITING, IN, pooled("B", "Q", 1000, "2026-01-02"), A1, merged("A", "B", "2026-01-10"))
    assert given(of(family, "B")) == [(10, "Q")]


def test_s60_what_is_for_a_pool_that_became_part_of_another_account_goes_there() -> None:
    family = together(PLAIN, IN, by("P", order("0", "2026-01-02", 1)), merged("P", "B", "2026-01-04"), A1)
    assert points(of(family, "B")) == 32


def test_s51_s60_what_comes_too_late_is_shared_but_not_what_has_lapsed_by_then() -> None:
    body = "wallets: {points: {expires: {after: 2 months}}}\nearn:\n" + RATE
    old, alive = late(by("A", order("1", "2026-01-05", 105)), "2026-03-20"), late(by("A", order("2", "2026-01-25", 105)), "2026-03-20")
    family = together(body, IN, old, alive, until="2026-03-21")
    a, p = of(family, "A"), of(family, "P")
    assert [(e.points, e.at, e.booked) for e in a.entries if e.reason == Reason.POOLED] == [(-31, at("2026-01-25"), at("2026-03-20"))]
    assert [(e.points, e.at, e.booked) for e in p.entries] == [(31, at("2026-01-25"), at("2026-03-20"))]


# ---- T149 ----


def test_t149_a_redemption_takes_the_lots_of_all_members_and_its_reversal_gives_each_back() -> None:
    """31 of A die on 5 January, 20 of B on 10 January; 40 take all of A's and 9 of B's. The cancellation comes when A's have died."""
    spent, undone = by("P", spend(FactKind.REDEEM, "1", "2026-12-01", 40)), by("P", spend(FactKind.CANCEL, "1", "2027-01-07"))
    family = together(DATED, IN, A1, pooled("B", "P", 2000, "2026-01-01"), by("B", order("2", "2026-01-10", 100)), spent, undone, until="2027-01-08")
    p = of(family, "P")
    first, second = (e.lot for e in p.entries if e.kind == EntryKind.TRANSFERRED_IN)
    assert [(e.kind, e.points, e.lot) for e in p.entries[2:]] == [
        (EntryKind.REDEEMED, -31, first),
        (EntryKind.REDEEMED, -9, second),
        (EntryKind.RESTORED, 31, first),
        (EntryKind.EXPIRED, -31, first),
        (EntryKind.RESTORED, 9, second),
    ]
    assert [(x.points, x.expires_at) for x in p.standing.lots] == [(20, at("2027-01-10"))]
