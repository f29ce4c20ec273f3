"""Merges and endings: the oracle against the pencil (T137 to T143, S53, S54)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from loyalty_streams.core.codes import Action, Bucket, EntryKind, FactKind, Reason
from loyalty_streams.core.facts import Fact
from tests.oracle.family import End, Family
from tests.oracle.model import OracleEntry
from tests.oracle.oracle import Result
from tests.oracle.pencil import (
    PLAIN,
    RATE,
    adjust,
    at,
    back,
    by,
    did,
    earned,
    line,
    merged,
    order,
    person,
    points,
    refusals,
    run,
    said,
    spend,
    tiers,
    together,
)

DATED = "wallets: {points: {expires: {after: 12 months}}}\nearn:\n" + RATE
LADDER = PLAIN + "tiers: {metric: {spend: {window: 12 months}}, ladder: {basic: 0, silver: 500.00, gold: 1000.00}}\n"
WELCOME = PLAIN + "  welcome: {on: enrolment, points: {fixed: 100}, once: member}\n"
FIRST = PLAIN + "  first: {on: order, when: {orders_before: 0}, points: {fixed: 100}, once: member}\n"


def of(family: Family, identifier: str) -> Result:
    return family.results[family.homes[identifier]]


def check_in(key: str, when: str) -> Fact:
    return did(key, when, "check-in")


def entries(result: Result, kind: EntryKind) -> list[OracleEntry]:
    return [e for e in result.entries if e.kind == kind]


# ---- T137: balances, lots, debt ----


def test_t137_all_points_of_the_one_go_to_the_other_and_the_one_is_closed() -> None:
    family = together(PLAIN, by("A", order("1", "2026-01-01", 100)), by("B", order("2", "2026-01-02", 200)), merged("B", "A", "2026-02-01"))
    a, b = family.results["A#1"], family.results["B#1"]
    assert (points(a), points(b), b.member.status, family.homes) == (300, 0, "closed", {"A": "A#1", "B": "A#1"})
    assert [(e.points, e.reason, e.at) for e in entries(b, EntryKind.TRANSFERRED_OUT)] == [(-200, Reason.MERGED, at("2026-02-01"))]
    assert [(e.points, e.reason, e.at) for e in entries(a, EntryKind.TRANSFERRED_IN)] == [(200, Reason.MERGED, at("2026-02-01"))]
    assert (earned(a), points(a, "transferred_in"), points(b, "transferred_out")) == (100, 200, 200)


def test_t137_lots_keep_their_dates_and_are_spent_in_one_order() -> None:
    family = together(
        DATED,
        by("A", order("1", "2026-01-05", 100)),
        by("B", order("2", "2026-01-01", 200)),
        merged("B", "A", "2026-02-01"),
        by("A", spend(FactKind.REDEEM, "1", "2026-03-01", 250)),
    )
    assert [(e.points, e.lot) for e in entries(of(family, "A"), EntryKind.REDEEMED)] == [(-200, ("order/2/B", 0)), (-50, ("order/1/A", 0))]
    assert [(x.points, x.expires_at) for x in of(family, "A").standing.lots] == [(50, at("2027-01-05"))]


def test_t137_debt_of_one_side_is_paid_at_once_from_the_lots_of_the_other() -> None:
    owes = [by("A", order("1", "2026-01-01", 70)), by("A", adjust("2026-01-02", 100, Action.DEDUCT, allow_negative=1))]
    has = [by("B", order("2", "2026-01-03", 20)), by("B", order("3", "2026-01-02", 50))]
    a = of(together(DATED, *owes, *has, merged("B", "A", "2026-02-01")), "A")
    assert (points(a), points(a, "debt")) == (40, 0)
    assert [(e.points, e.lot) for e in entries(a, EntryKind.DEBT_PAID)] == [(-30, ("order/3/B", 0))]
    a = of(together(DATED, *owes, *has, merged("A", "B", "2026-02-01")), "A")
    assert [(e.points, e.bucket) for e in entries(a, EntryKind.TRANSFERRED_IN)] == [(30, Bucket.DEBT)]
    assert (points(a), points(a, "debt"), points(a, "transferred_in")) == (40, 0, -30)


def test_an_open_reservation_moves_and_is_confirmed_or_times_out_in_the_survivor() -> None:
    hold = [by("B", order("2", "2026-01-01", 200)), by("B", spend(FactKind.RESERVE, "1", "2026-01-31 23:50", 150)), merged("B", "A", "2026-02-01")]
    confirmed = of(together(PLAIN, *hold, by("B", spend(FactKind.CONFIRM, "1", "2026-02-01 00:04", 150))), "B")
    assert (points(confirmed), points(confirmed, "reserved"), points(confirmed, "redeemed")) == (50, 0, 150)
    timed_out = of(together(PLAIN, *hold), "B")
    assert (points(timed_out), points(timed_out, "reserved")) == (200, 0)
    assert said(timed_out, EntryKind.TRANSFERRED_IN, EntryKind.RELEASED) == [("transferred_in", 50), ("transferred_in", 150), ("released", 150)]


def test_an_order_of_the_other_side_comes_back_in_the_survivor() -> None:
    back_again = by("B", back("1", "2026-03-01", "2", 200))
    a = of(
        together(PLAIN, by("A", order("1", "2026-01-01", 100)), by("B", order("2", "2026-01-02", 200)), merged("B", "A", "2026-02-01"), back_again),
        "A",
    )
    assert (points(a), points(a, "clawed_back"), a.standing.orders, a.standing.lifetime_spend) == (100, 200, 1, 10_000)


def test_a_return_under_an_identifier_of_somebody_else_is_refused() -> None:
    wrong = replace(back("1", "2026-01-03", "1", 100), member="B")
    family = together(PLAIN, order("1", "2026-01-01", 100), by("B", order("2", "2026-01-02", 200)), wrong)
    assert refusals(of(family, "B")) == {Reason.MEMBER_MISMATCH: 1}
    assert points(of(family, "M")) == 100


# ---- T138: tiers ----


def test_t138_the_metrics_of_both_give_a_tier_that_neither_had() -> None:
    family = together(LADDER, by("A", order("1", "2026-01-01", 600)), by("B", order("2", "2026-01-02", 500)), merged("B", "A", "2026-02-01"))
    assert tiers(of(family, "A")) == [("2026-01-01 00:00:00", "basic", "silver"), ("2026-02-01 00:00:00", "silver", "gold")]
    assert [e.reason for e in entries(of(family, "A"), EntryKind.TIER_CHANGED)] == [Reason.METRIC, Reason.METRIC]


def test_t138_what_has_left_the_window_of_the_one_does_not_count_for_both() -> None:
    family = together(LADDER, by("A", order("1", "2025-01-01", 600)), by("B", order("2", "2026-01-02", 500)), merged("B", "A", "2026-02-01"))
    assert of(family, "A").standing.tier == "silver"


def test_t138_the_higher_tier_wins_without_a_gift_and_with_its_dates() -> None:
    body = PLAIN + "  gift: {on: {tier: gold}, points: {fixed: 77}}\n" + LADDER.removeprefix(PLAIN)
    family = together(
        body, by("A", order("1", "2026-01-01", 10)), by("B", order("2", "2026-01-02", 1000)), merged("B", "A", "2026-02-01"), until="2026-02-02"
    )
    a = of(family, "A")
    assert [(e.at, e.left, e.entered, e.reason) for e in entries(a, EntryKind.TIER_CHANGED)] == [(at("2026-02-01"), "basic", "gold", Reason.MERGED)]
    assert (a.standing.tier, a.standing.tier_since, points(a)) == ("gold", at("2026-01-02"), 10 + 1000 + 77)
    assert earned(a) == 10


@pytest.mark.parametrize(("survivor", "given_up"), [("A", "B"), ("B", "A")])
def test_t138_of_two_guarantees_the_longer_holds(survivor: str, given_up: str) -> None:
    body = PLAIN + (
        "tiers: {metric: {spend: {window: 3 months}}, ladder: {basic: 0, silver: 100.00}, downgrade: {check: tier_anniversary, keep_for: 1 year}}\n"
    )
    a, b = by("A", order("1", "2026-01-10", 100)), by("B", order("2", "2026-03-20", 100))
    result = of(together(body, a, b, merged(given_up, survivor, "2026-05-01"), until="2028-01-01"), "A")
    assert tiers(result)[-1] == ("2027-03-20 00:00:00", "silver", "basic")
    assert len(tiers(result)) == 2


# ---- T139, T142: who is whom ----


def test_t139_what_comes_under_the_old_card_goes_to_the_survivor() -> None:
    a, b = by("A", order("1", "2026-01-01", 100)), by("B", order("2", "2026-01-02", 200))
    family = together(PLAIN, a, b, merged("B", "A", "2026-02-01"), by("B", order("3", "2028-06-01", 40)), until="2028-07-01")
    assert (points(of(family, "A")), points(family.results["B#1"])) == (340, 0)


def test_t142_of_two_merges_against_each_other_the_first_wins() -> None:
    a, b = by("A", order("1", "2026-01-01", 100)), by("B", order("2", "2026-01-02", 200))
    family = together(PLAIN, a, b, merged("B", "A", "2026-02-02"), merged("A", "B", "2026-02-01"))
    assert family.homes == {"A": "B#1", "B": "B#1"}
    assert (points(family.results["B#1"]), family.refused) == (300, {"identity/B>A/2026-02-02": "SAME_MEMBER"})


def test_t142_chains_lead_to_the_last() -> None:
    orders = [by(who, order(who, f"2026-01-0{i + 1}", 100 * (i + 1))) for i, who in enumerate("ABC")]
    for turn in (("2026-02-01", "2026-02-02"), ("2026-02-02", "2026-02-01")):
        family = together(PLAIN, *orders, merged("A", "B", turn[0]), merged("B", "C", turn[1]), by("A", order("4", "2026-03-01", 5)))
        assert set(family.homes.values()) == {"C#1"}
        assert points(of(family, "A")) == 605


def test_t142_a_merge_before_the_first_fact_is_one_history() -> None:
    facts = [
        order("1", "2026-01-01", 600),
        back("1", "2026-01-20", "1", 100),
        order("2", "2026-02-02", 700),
        spend(FactKind.REDEEM, "1", "2026-03-01", 50),
    ]
    split = [replace(f, member=who) for f, who in zip(facts, "ABCB", strict=True)]
    family = together(LADDER, merged("A", "B", "2025-12-01"), merged("C", "B", "2025-12-02"), *split)
    assert of(family, "A").entries == run(LADDER, *facts, until="2026-12-01").entries
    assert len(family.results) == 1


# ---- T141: bonuses met twice ----


@pytest.mark.parametrize(
    ("mode", "expected"), [("", 200), ("identity: {duplicate_bonus: keep}\n", 200), ("identity: {duplicate_bonus: dedupe}\n", 100)]
)
def test_t141_two_welcomes_are_reported_and_one_may_be_taken_back(mode: str, expected: int) -> None:
    a, b = by("A", person("2026-01-01", enrolled_at=1)), by("B", person("2026-01-05", enrolled_at=1))
    result = of(together(WELCOME + mode, a, b, merged("B", "A", "2026-02-01")), "A")
    found = [(e.rule, e.reason, e.ref, e.desired, e.points) for e in entries(result, EntryKind.SIGNALLED)]
    assert found == [("welcome", Reason.DUPLICATE_BONUS, b.key, 100, 0)]
    taken = [(e.points, e.lot, e.reason) for e in entries(result, EntryKind.CLAWED_BACK)]
    assert taken == ([(-100, (b.key, 0), Reason.MERGE_DUPLICATE)] if "dedupe" in mode else [])
    assert points(result) == expected


def test_t141_what_is_taken_back_and_spent_already_is_taken_from_other_lots_then_owed() -> None:
    a, b = by("A", person("2026-01-01", enrolled_at=1)), by("B", person("2026-01-05", enrolled_at=1))
    gone = [by("A", spend(FactKind.REDEEM, "1", "2026-01-06", 70)), by("B", spend(FactKind.REDEEM, "1", "2026-01-07", 90))]
    result = of(together(WELCOME + "identity: {duplicate_bonus: dedupe}\n", a, b, *gone, merged("B", "A", "2026-02-01")), "A")
    taken = [(e.points, e.bucket, e.lot and e.lot[0]) for e in entries(result, EntryKind.CLAWED_BACK)]
    assert taken == [(-10, Bucket.AVAILABLE, b.key), (-30, Bucket.AVAILABLE, a.key), (60, Bucket.DEBT, None)]


def test_t141_one_welcome_only_is_none_twice() -> None:
    result = of(
        together(WELCOME, by("A", order("1", "2026-01-01", 1)), by("B", person("2026-01-05", enrolled_at=1)), merged("B", "A", "2026-02-01")), "A"
    )
    assert entries(result, EntryKind.SIGNALLED) == []
    assert points(result) == 101


def test_t141_a_bonus_of_a_year_is_met_twice_only_in_the_same_year() -> None:
    body = PLAIN + "  yearly: {on: {interaction: check-in}, points: {fixed: 10}, once: year}\n"
    for year, times in ((2026, 1), (2025, 0)):
        visits = [by("A", check_in("1", "2026-01-10")), by("B", check_in("2", f"{year}-01-11"))]
        result = of(together(body, *visits, merged("B", "A", "2026-02-01"), by("A", check_in("3", "2026-03-01"))), "A")
        assert len(entries(result, EntryKind.SIGNALLED)) == times
        assert points(result) == 20


def test_t020_t141_a_first_purchase_returned_after_the_merge_passes_to_the_next_of_either() -> None:
    facts = [by("A", order("1", "2026-01-01", 10)), by("B", order("2", "2026-01-02", 20)), by("B", order("3", "2026-01-03", 30))]
    facts += [by("A", order("4", "2026-01-04", 40)), by("A", back("1", "2026-02-02", "1", 10))]
    result = of(together(FIRST, *facts, merged("B", "A", "2026-02-01")), "A")
    moved = [(e.points, e.ref) for e in entries(result, EntryKind.EARNED) if e.reason == Reason.RETURNED]
    assert moved == [(100, "order/3/B")]
    assert points(result) == 20 + 30 + 40 + 100 + 100


# ---- T143: limits ----


def test_t143_counters_add_up_and_nothing_paid_is_taken_back() -> None:
    body = PLAIN + "  visit: {on: {interaction: check-in}, points: {fixed: 30}, limits: {points: 100, per: month}}\n"
    visits = [by("A", check_in(f"a{i}", f"2026-02-0{i}")) for i in (1, 2)] + [by("B", check_in(f"b{i}", f"2026-02-0{i}")) for i in (1, 2, 3)]
    after = [by("B", check_in("c", "2026-02-20")), by("A", check_in("d", "2026-03-01"))]
    result = of(together(body, *visits, merged("B", "A", "2026-02-10"), *after), "A")
    assert points(result) == 60 + 90 + 0 + 30
    assert refusals(result) == {Reason.LIMIT_REACHED: 1}
    assert of(together(body, *visits[1:3], merged("B", "A", "2026-02-10"), after[0]), "A").standing.totals["points"]["available"] == 90


# ---- S53: who the member is ----


def test_s53_the_survivors_word_counts_else_the_others_and_the_stricter_status() -> None:
    a = by("A", person("2026-01-05", region="north", birthday=19900315, tag="vip"))
    b = by("B", person("2026-01-01", region="south", customer_type="company", birthday=19910401, tag="staff", status=1, enrolled_at=1))
    m = of(together(PLAIN, a, b, merged("B", "A", "2026-02-01")), "A").member
    assert (m.region, m.customer_type, m.birthday, m.tags, m.status) == ("north", "company", (3, 15), {"vip", "staff"}, "suspended")
    assert (m.enrolled_at, m.enrolment_seen) == (at("2026-01-01"), True)


def test_s53_one_birthday_gift_a_year() -> None:
    body = PLAIN + "  gift: {on: birthday, points: {fixed: 50}}\n"
    people = [by("A", person("2026-01-01", birthday=19900601)), by("B", person("2026-01-01", birthday=19900301))]
    assert points(of(together(body, *people, merged("B", "A", "2026-04-01"), until="2027-07-01"), "A")) == 50 + 50
    assert points(of(together(body, *people, merged("A", "B", "2026-04-01"), until="2027-07-01"), "A")) == 50 + 50


def test_s53_the_stage_is_judged_by_the_orders_of_both() -> None:
    body = PLAIN + "lifecycle: {regular: {orders_at_least: 2}, new: {orders_at_least: 1}}\n"
    result = of(together(body, by("A", order("1", "2026-01-01", 1)), by("B", order("2", "2026-01-02", 1)), merged("B", "A", "2026-02-01")), "A")
    assert [(e.at, e.left, e.entered) for e in entries(result, EntryKind.STAGE_CHANGED)][-1] == (at("2026-02-01"), "new", "regular")


# ---- S54: an account ends ----


def test_s54_an_ending_leaves_nothing_and_the_identifier_may_come_again() -> None:
    held = "wallets: {points: {}, slow: {pending: {for: 90 days}}}\nearn:\n"
    body = held + "  now: {on: order, points: {fixed: 60}}\n  later: {on: order, points: {fixed: 40}, into: slow}\n"
    facts = [by("A", order("1", "2026-01-01", 100, line(1, 100))), by("A", spend(FactKind.RESERVE, "1", "2026-01-31 23:50", 10))]
    family = together(body, *facts, End(at("2026-02-01"), "identity/end", "A"), by("A", order("2", "2026-03-01", 5)))
    gone, new = family.results["A#1"], family.results["A#2"]
    assert said(gone, EntryKind.RELEASED, EntryKind.FORFEITED) == [("released", 10), ("forfeited", -60), ("forfeited", -40)]
    assert (points(gone), points(gone, "forfeited"), points(gone, "pending", "slow"), gone.member.status) == (0, 60, 0, "closed")
    assert (points(new), family.homes["A"]) == (60, "A#2")


def test_s54_debt_is_written_off() -> None:
    owes = by("A", adjust("2026-01-02", 100, Action.DEDUCT, allow_negative=1))
    gone = together(PLAIN, owes, End(at("2026-02-01"), "identity/end", "A")).results["A#1"]
    assert [(e.points, e.bucket, e.reason, e.basis) for e in entries(gone, EntryKind.WRITTEN_OFF)] == [(-100, Bucket.DEBT, Reason.ERASED, 100)]
    assert points(gone, "debt") == 0
