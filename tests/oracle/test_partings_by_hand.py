"""Merges undone and identifiers unlinked: the oracle against the pencil (T140, S56, S57)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from loyalty_streams.core.codes import Action, EntryKind, FactKind, Reason
from tests.oracle.family import Family, Merge, Transfer
from tests.oracle.oracle import Result
from tests.oracle.pencil import (
    PLAIN,
    adjust,
    at,
    back,
    by,
    earned,
    merged,
    order,
    person,
    points,
    refusals,
    said,
    spend,
    tiers,
    together,
    unlinked,
    unmerged,
)

A1, B1 = by("A", order("1", "2026-01-01", 100)), by("B", order("2", "2026-01-02", 200))
JOIN, PART = merged("B", "A", "2026-02-01"), unmerged("B", "A", "2026-03-01")
LADDER = PLAIN + "tiers: {metric: {spend: {window: 12 months}}, ladder: {basic: 0, silver: 300.00}}\n"
WELCOME = PLAIN + "  welcome: {on: enrolment, points: {fixed: 100}, once: member}\n"


def of(family: Family, identifier: str) -> Result:
    return family.results[family.homes[identifier]]


def refused(result: Result) -> list[tuple[int, Reason, str, str, int]]:
    return [(e.at, e.reason, e.wallet, e.ref, e.points) for e in result.entries if e.kind == EntryKind.REFUSED]


# ---- S56: a merge undone ----


def test_t140_each_side_has_again_what_is_its_own_and_owes_what_it_spent_beyond() -> None:
    spent, more = by("A", spend(FactKind.REDEEM, "1", "2026-02-10", 250)), by("B", order("3", "2026-02-20", 30))
    family = together(PLAIN, A1, B1, JOIN, spent, more, PART)
    assert family.homes == {"A": "A#1", "B": "B#1"}
    assert (points(of(family, "A")), points(of(family, "A"), "debt"), points(of(family, "B"))) == (0, 150, 230)
    assert said(of(family, "A"), EntryKind.REDEEMED) == [("redeemed", -100), ("redeemed", 150)]


def test_t140_a_merge_undone_and_what_undid_it_leave_no_trace() -> None:
    apart = together(LADDER, A1, B1)
    for family in (together(LADDER, A1, B1, JOIN, PART), together(LADDER, PART, JOIN, B1, A1)):
        assert [family.results[n].entries for n in ("A#1", "B#1")] == [apart.results[n].entries for n in ("A#1", "B#1")]
        assert (family.refused, tiers(family.results["A#1"])) == ({}, [])


def test_t140_a_redemption_refused_then_stays_refused_as_it_was_told_and_later_ones_are_judged_alone() -> None:
    owes = by("B", adjust("2026-01-02", 60, Action.DEDUCT, allow_negative=1))
    facts = [by("A", spend(FactKind.REDEEM, "1", "2026-02-10", 80)), by("A", spend(FactKind.REDEEM, "2", "2026-03-02", 80))]
    family = together(PLAIN, A1, owes, JOIN, *facts, PART)
    assert refusals(of(family, "A")) == {Reason.INSUFFICIENT: 1}
    assert (points(of(family, "A")), points(of(family, "B"), "debt")) == (20, 60)


def test_t140_a_confirmation_refused_then_stays_refused() -> None:
    """Reserved by B for fifteen minutes; the confirmation comes after them, while B is A."""
    held = [by("B", spend(FactKind.RESERVE, "1", "2026-02-02", 50)), by("B", spend(FactKind.CONFIRM, "1", "2026-02-02 00:15", 50))]
    family = together(PLAIN, A1, B1, JOIN, *held, PART)
    assert refusals(of(family, "B")) == {Reason.RESERVATION_EXPIRED: 1}
    assert (points(of(family, "B")), points(of(family, "B"), "redeemed")) == (200, 0)


def test_t140_a_transfer_granted_then_stands_and_what_the_sender_lacks_is_debt() -> None:
    gift = Transfer(at("2026-02-10"), "transfer/T", "A", "C", 250)
    family = together(PLAIN, A1, B1, JOIN, gift, PART)
    a = of(family, "A")
    assert (points(a), points(a, "debt"), points(of(family, "B")), points(of(family, "C"))) == (0, 150, 200, 250)
    assert said(a, EntryKind.TRANSFERRED_OUT) == [("transferred_out", -100), ("transferred_out", 150)]


def test_t140_a_transfer_to_oneself_stays_refused_when_one_becomes_two() -> None:
    gift = Transfer(at("2026-02-10"), "transfer/T", "A", "B", 40)
    family = together(PLAIN, A1, B1, JOIN, gift, PART)
    assert refusals(of(family, "A")) == {Reason.SAME_MEMBER: 1}
    assert (points(of(family, "A")), points(of(family, "B"))) == (100, 200)


@pytest.mark.parametrize(("within", "when", "good"), [("", "2026-05-02", True), ("", "2026-05-03", False), ("10 days", "2026-02-12", False)])
def test_s56_a_merge_can_be_undone_for_ninety_days_or_as_the_programme_says(within: str, when: str, good: bool) -> None:
    body = PLAIN + (f"facts: {{unmerge_within: {within}}}\n" if within else "")
    undo = unmerged("B", "A", when)
    family = together(body, A1, B1, JOIN, undo)
    assert (family.homes["B"] == "B#1") == good
    assert family.refused == ({} if good else {undo.key: "UNMERGE_TOO_LATE"})
    assert refused(of(family, "A")) == ([] if good else [(at(when), Reason.UNMERGE_TOO_LATE, "points", "A", 0)])


@pytest.mark.parametrize("undo", [unmerged("A", "B", "2026-03-01"), unmerged("B", "C", "2026-03-01"), unmerged("B", "A", "2026-01-20")])
def test_s56_what_was_never_merged_so_cannot_be_undone(undo: Merge) -> None:
    """The other way round, with somebody else, or before: refused in the account that the identifier is then."""
    family = together(PLAIN, A1, B1, JOIN, undo)
    account = "B#1" if undo.at < JOIN.at else "A#1"
    assert refused(family.results[account]) == [(undo.at, Reason.NO_SUCH_MERGE, "points", undo.into, 0)]
    assert family.homes == {"A": "A#1", "B": "A#1"}


def test_s56_a_merge_is_undone_once_and_the_newest_first() -> None:
    again = unmerged("B", "A", "2026-03-02")
    family = together(PLAIN, A1, B1, JOIN, PART, again)
    assert refused(of(family, "B")) == [(again.at, Reason.NO_SUCH_MERGE, "points", "A", 0)]
    twice = together(PLAIN, A1, B1, JOIN, PART, merged("B", "A", "2026-04-01"), unmerged("B", "A", "2026-05-05"))
    assert (twice.homes["B"], twice.refused) == ("B#1", {})
    late = together(PLAIN, A1, B1, JOIN, merged("B", "A", "2026-04-01"), unmerged("B", "A", "2026-05-05"))
    assert (late.homes["B"], points(of(late, "A")), late.refused) == ("A#1", 300, {})


def test_s56_a_chain_goes_on_without_the_link_undone() -> None:
    """C into B, B into A; B leaves A and takes C with it."""
    c = by("C", order("3", "2026-01-03", 50))
    family = together(PLAIN, A1, B1, c, merged("C", "B", "2026-01-20"), JOIN, PART, by("C", order("4", "2026-04-01", 5)))
    assert family.homes == {"A": "A#1", "B": "B#1", "C": "B#1"}
    assert (points(of(family, "A")), points(of(family, "C"))) == (100, 255)


# ---- S57: an identifier unlinked ----


def test_s57_an_unlinked_identifier_begins_anew_and_what_came_before_stays_where_it_went() -> None:
    more, new = by("B", order("3", "2026-02-20", 30)), by("B", order("4", "2026-03-02", 7))
    family = together(LADDER, A1, B1, JOIN, more, unlinked("B", "A", "2026-03-01"), new)
    a, b = family.results["A#1"], family.results["B#1"]
    assert (points(a), a.standing.orders, a.standing.tier) == (330, 3, "silver")
    assert (points(b), b.standing.orders, b.standing.lifetime_spend, b.standing.tier) == (7, 1, 700, "basic")
    assert (b.standing.tier_since, b.member.enrolled_at, b.member.status) == (at("2026-03-01"), at("2026-03-01"), "active")
    assert [x.lot for x in b.standing.lots] == [("order/4/B", 0)]


def test_s57_the_books_of_the_ledger_go_on() -> None:
    family = together(PLAIN, A1, B1, JOIN, unlinked("B", "A", "2026-03-01"), by("B", order("4", "2026-03-02", 7)))
    b = family.results["B#1"]
    assert said(b, EntryKind.EARNED, EntryKind.TRANSFERRED_OUT) == [("earned", 200), ("transferred_out", -200), ("earned", 7)]
    assert (earned(b), points(b, "transferred_out")) == (207, 200)


def test_s57_a_bonus_is_paid_again_to_the_new_account_and_who_enrols_is_welcome() -> None:
    enrolled = [by("B", person("2026-01-01", enrolled_at=1)), by("B", person("2026-03-05", enrolled_at=1))]
    parted = unlinked("B", "A", "2026-03-01")
    family = together(WELCOME, A1, enrolled[0], JOIN, parted, enrolled[1])
    assert (points(family.results["A#1"]), points(family.results["B#1"])) == (200, 100)
    assert points(together(WELCOME, A1, enrolled[0], JOIN, parted).results["B#1"]) == 0


def test_s57_who_the_member_was_is_forgotten() -> None:
    was = by("B", person("2026-01-01", region="north", birthday=19900601, tag="vip", status=1))
    m = together(PLAIN + "  gift: {on: birthday, points: {fixed: 50}}\n", was, A1, JOIN, unlinked("B", "A", "2026-03-01")).results["B#1"].member
    assert (m.region, m.birthday, m.tags, m.status, m.purse("points").available()) == ("", None, set(), "active", 0)


def test_s57_an_order_from_before_comes_back_where_it_went() -> None:
    away = unlinked("B", "A", "2026-03-01")
    wrong, right = by("B", back("1", "2026-03-02", "2", 200)), replace(by("B", back("2", "2026-03-03", "2", 200)), member="A")
    family = together(PLAIN, A1, B1, JOIN, away, wrong, right)
    assert refusals(family.results["B#1"]) == {Reason.MEMBER_MISMATCH: 1}
    assert (points(family.results["A#1"]), points(family.results["A#1"], "clawed_back")) == (100, 200)


def test_s57_without_a_history_the_next_fact_opens_the_account() -> None:
    away, new = unlinked("B", "A", "2026-03-01"), by("B", order("4", "2026-03-02", 7))
    family = together(PLAIN, A1, JOIN, by("B", order("3", "2026-02-20", 30)), away, new)
    b = family.results["B#1"]
    assert (points(family.results["A#1"]), points(b), b.member.opened_at, b.member.enrolled_at) == (130, 7, new.at, new.at)
    assert [s.fact.key for s in family.steps if s.account == "B#1"] == [new.key]


@pytest.mark.parametrize("identifier", ["A", "C"])
def test_s57_who_was_not_given_up_goes_on(identifier: str) -> None:
    plain, family = together(PLAIN, A1, B1, JOIN), together(PLAIN, A1, B1, JOIN, unlinked(identifier, "A", "2026-03-01"))
    assert {n: r.entries for n, r in family.results.items()} == {n: r.entries for n, r in plain.results.items()}
    assert family.homes == plain.homes


def test_s57_to_whomever_it_was_given_up_and_it_may_be_given_up_again() -> None:
    """B into A, A into C; B is unlinked of somebody else, buys, and is C's again."""
    c, new = by("C", order("3", "2026-01-03", 50)), by("B", order("4", "2026-03-02", 7))
    family = together(PLAIN, A1, B1, c, JOIN, merged("A", "C", "2026-02-02"), unlinked("B", "X", "2026-03-01"), new, merged("B", "C", "2026-04-01"))
    assert set(family.homes.values()) == {"C#1"}
    assert (points(of(family, "C")), points(family.results["B#1"]), points(family.results["B#1"], "transferred_out")) == (357, 0, 207)


def test_s56_s57_an_unlink_of_a_merge_that_has_never_been_is_without_effect() -> None:
    away = unlinked("B", "A", "2026-02-20")
    family = together(PLAIN, A1, B1, JOIN, away, by("B", order("4", "2026-02-21", 7)), PART)
    assert (points(of(family, "A")), points(of(family, "B")), of(family, "B").standing.orders) == (100, 207, 2)
