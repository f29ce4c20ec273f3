"""Receipts of anonymous orders and who claims them: the oracle against the pencil (T144, S58)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from loyalty_streams.core.codes import EntryKind, FactKind, Reason
from loyalty_streams.core.facts import Fact
from tests.oracle.calendar import wall
from tests.oracle.family import Claim
from tests.oracle.oracle import Result
from tests.oracle.pencil import HEAD, PLAIN, RATE, SHANGHAI, at, back, by, late, merged, order, points, tiers, together, unlinked, unmerged

M1 = by("M", order("1", "2026-01-01", 10))
LADDER = PLAIN + "tiers: {metric: {spend: {window: 3 months}}, ladder: {basic: 0, silver: 100.00}}\n"


def anonymous(fact: Fact) -> Fact:
    return replace(fact, member="receipt:R")


SALE = anonymous(order("S", "2026-02-01", 100))


def claim(when: str, member: str = "M", receipt: str = "R") -> Claim:
    return Claim(at(when), f"identity/{member}/{when}/claim/{receipt}", receipt, member)


def refused(result: Result) -> list[tuple[str, Reason, str, str, int]]:
    found = [e for e in result.entries if e.kind == EntryKind.REFUSED]
    return [(wall(e.at, SHANGHAI).isoformat(sep=" "), e.reason, e.wallet, e.ref, e.points) for e in found]


def test_t144_a_receipt_without_a_member_is_nobodys() -> None:
    family = together(PLAIN, M1, SALE, anonymous(back("1", "2026-02-02", "S", 40)))
    assert (set(family.results), family.homes, points(family.results["M#1"])) == ({"M#1"}, {"M": "M#1"}, 10)


def test_t144_what_is_claimed_is_as_if_the_member_had_brought_it() -> None:
    things = [SALE, anonymous(back("1", "2026-02-02", "S", 40)), anonymous(order("T", "2026-02-03", 7))]
    family, plain = together(LADDER, M1, *things, claim("2026-02-10")), together(LADDER, M1, *(replace(f, member="M") for f in things))
    assert family.results["M#1"].entries == plain.results["M#1"].entries
    assert (points(family.results["M#1"]), tiers(family.results["M#1"])[0][0]) == (77, "2026-02-01 00:00:00")


def test_t144_points_are_by_the_rules_at_the_purchase() -> None:
    two = HEAD.replace("version: 1", "version: 2") + "effective_from: 2026-02-05\nwallets: {points: {}}\nearn:\n" + RATE.replace("rate: 1", "rate: 2")
    m = together(PLAIN, M1, SALE, claim("2026-02-10"), versions=(two,)).results["M#1"]
    assert [(e.points, e.at) for e in m.entries if e.kind == EntryKind.EARNED] == [(10, M1.at), (100, SALE.at)]


def test_t144_a_claim_opens_no_account_but_what_it_brings_does() -> None:
    family = together(PLAIN, SALE, claim("2026-02-10", "N"))
    assert (points(family.results["N#1"]), family.results["N#1"].member.opened_at) == (100, SALE.at)
    assert together(PLAIN, claim("2026-02-10", "N")).results == {}


@pytest.mark.parametrize(
    ("within", "when", "good"), [("", "2026-03-03", True), ("", "2026-03-03 00:00:00.000001", False), ("5 days", "2026-02-07", False)]
)
def test_s58_an_order_can_be_claimed_for_thirty_days_or_as_the_programme_says(within: str, when: str, good: bool) -> None:
    body = PLAIN + (f"facts: {{claim_within: {within}}}\n" if within else "")
    m = together(body, M1, SALE, claim(when)).results["M#1"]
    assert points(m) == (110 if good else 10)
    assert [x[1:] for x in refused(m)] == ([] if good else [(Reason.TOO_LATE, "points", "M", 0)])


def test_t144_a_second_claim_of_a_receipt_is_refused() -> None:
    family = together(PLAIN, M1, SALE, claim("2026-02-10"), claim("2026-02-09", "N"), claim("2026-02-11", "N"), claim("2026-03-10", "N"))
    assert (points(family.results["N#1"]), points(family.results["M#1"])) == (100, 10)
    assert refused(family.results["M#1"]) == [("2026-02-10 00:00:00", Reason.ALREADY_CLAIMED, "points", "M", 0)]
    assert refused(family.results["N#1"]) == [
        ("2026-02-11 00:00:00", Reason.ALREADY_CLAIMED, "points", "N", 0),
        ("2026-03-10 00:00:00", Reason.TOO_LATE, "points", "N", 0),
    ]


def test_s58_a_claim_before_its_order_waits_and_says_nothing() -> None:
    family = together(PLAIN, M1, SALE, claim("2026-01-31 23:59"))
    assert (points(family.results["M#1"]), refused(family.results["M#1"])) == (10, [])
    family = together(PLAIN, M1, SALE, claim("2026-01-31 23:59"), claim("2026-02-02", "N"))
    assert (points(family.results["N#1"]), refused(family.results["M#1"])) == (100, [])


def test_s58_a_claim_at_the_instant_of_the_order_is_good() -> None:
    assert points(together(PLAIN, M1, SALE, claim("2026-02-01")).results["M#1"]) == 110


def test_s58_an_order_that_comes_beyond_the_lateness_is_claimed_by_who_asked_since_its_instant() -> None:
    """It stands at its arrival, as any order that the member brought would, and the claim has waited for it."""
    m = together(PLAIN, M1, late(SALE, "2026-02-20"), claim("2026-02-02")).results["M#1"]
    assert [(e.points, e.at, e.booked) for e in m.entries if e.kind == EntryKind.EARNED][1:] == [(100, SALE.at, at("2026-02-20"))]


def test_s58_a_claim_that_comes_late_brings_what_is_not_late() -> None:
    m = together(PLAIN, M1, SALE, replace(claim("2026-02-10"), arrived=at("2026-04-01"))).results["M#1"]
    assert [(e.points, e.at, e.booked) for e in m.entries if e.kind == EntryKind.EARNED][1:] == [(100, SALE.at, SALE.at)]


def test_s58_an_order_too_old_stays_nobodys_with_its_returns_where_another_of_the_receipt_is_claimed() -> None:
    old = [anonymous(order("O", "2026-01-02", 50)), anonymous(back("1", "2026-02-03", "O", 50))]
    m = together(PLAIN, M1, SALE, *old, claim("2026-02-10"), claim("2026-02-12")).results["M#1"]
    assert (points(m), m.standing.orders) == (110, 2)
    assert [x[1] for x in refused(m)] == [Reason.ALREADY_CLAIMED]


def test_s58_receipts_do_not_meet() -> None:
    other = replace(anonymous(order("O", "2026-02-01", 50)), member="receipt:Q")
    family = together(PLAIN, M1, SALE, other, claim("2026-02-10"), claim("2026-02-11", "N", "Q"))
    assert (points(family.results["M#1"]), points(family.results["N#1"])) == (110, 50)


def test_s58_what_was_paid_under_the_receipt_comes_back_and_the_return_of_another_does_not_touch_it() -> None:
    stranger = by("N", back("2", "2026-02-15", "S", 30))
    family = together(PLAIN, M1, SALE, replace(stranger, about=SALE.key), claim("2026-02-10"))
    assert refused(family.results["N#1"])[0][1] == Reason.MEMBER_MISMATCH
    cancelled = Fact(FactKind.CANCELLATION, "receipt:R", "cancellation/S", at("2026-02-20"), about=SALE.key)
    m = together(PLAIN, M1, SALE, cancelled, claim("2026-02-10")).results["M#1"]
    assert (points(m), points(m, "clawed_back")) == (10, 100)


def test_s58_what_is_claimed_goes_where_the_identifier_leads_at_its_own_instant() -> None:
    """A is B's only from the 5th on: the order of the 1st is A's and goes along; the return of the 10th is B's, and finds it there."""
    b1, given_back = by("B", order("1", "2026-01-01", 5)), anonymous(back("1", "2026-02-10", "S", 40))
    family = together(PLAIN, b1, SALE, given_back, merged("A", "B", "2026-02-05"), claim("2026-02-20", "A"))
    assert (points(family.results["A#1"], "issued"), points(family.results["B#1"]), points(family.results["B#1"], "clawed_back")) == (100, 65, 40)
    parted = together(PLAIN, b1, SALE, merged("A", "B", "2026-02-05"), unlinked("A", "B", "2026-02-10"), claim("2026-02-20", "A"))
    assert (points(parted.results["A#1"]), points(parted.results["B#1"])) == (0, 105)
    undone = together(PLAIN, b1, SALE, merged("A", "B", "2026-02-05"), unmerged("A", "B", "2026-02-10"), claim("2026-02-20", "A"))
    assert (points(undone.results["A#1"]), points(undone.results["B#1"])) == (100, 5)


def test_s58_a_claim_is_refused_where_its_member_is_then() -> None:
    family = together(PLAIN, M1, SALE, claim("2026-02-03"), merged("A", "M", "2026-02-05"), claim("2026-02-06", "A"))
    assert refused(family.results["M#1"]) == [("2026-02-06 00:00:00", Reason.ALREADY_CLAIMED, "points", "A", 0)]


def test_s46_s58_a_claim_that_is_refused_is_a_fact_of_its_member() -> None:
    """From the 5th of February 150 are silver, which is judged lazily: before the next fact, which is a claim too late."""
    rungs = "tiers: {{metric: {{spend: {{window: 12 months}}}}, ladder: {{basic: 0, silver: {}}}, on_rule_change: lazy}}\n"
    two = HEAD.replace("version: 1", "version: 2") + "effective_from: 2026-02-05\n" + PLAIN + rungs.format("100.00")
    m = together(PLAIN + rungs.format("300.00"), by("M", order("1", "2026-01-01", 150)), SALE, claim("2026-03-10"), versions=(two,)).results["M#1"]
    assert tiers(m) == [("2026-03-10 00:00:00", "basic", "silver")]
    assert [(e.kind, e.tier) for e in m.entries[-2:]] == [(EntryKind.TIER_CHANGED, "basic"), (EntryKind.REFUSED, "silver")]
