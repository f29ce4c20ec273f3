"""What comes later than the lateness: the oracle against the pencil (T158, S51)."""

from __future__ import annotations

from loyalty_streams.core.codes import Action, EntryKind, FactKind, Reason
from tests.oracle.pencil import (
    HEAD,
    PLAIN,
    RATE,
    adjust,
    at,
    back,
    did,
    earned,
    late,
    opened,
    order,
    person,
    points,
    refusals,
    run,
    said,
    spend,
    tiers,
)

MONTHS = "wallets: {points: {expires: {after: 3 months}}}\nearn:\n" + RATE


def test_t158_six_days_late_stands_at_its_own_time_and_twenty_at_its_arrival() -> None:
    doubled = HEAD.replace("version: 1", "version: 2\neffective_from: 2026-01-05") + PLAIN.replace("rate: 1", "rate: 2")
    for days, stands in (("2026-01-07", "2026-01-01"), ("2026-01-21", "2026-01-21")):
        fact = late(order("1", "2026-01-01", 100), days)
        result = run(PLAIN, fact, order("2", "2026-01-06", 1), until="2026-02-01", versions=(doubled,))
        first = next(e for e in result.entries if e.cause == "order/1")
        assert (first.points, first.at, first.booked, first.version) == (100, at("2026-01-01"), at(days), 0)
        assert result.member.opened_at == (at("2026-01-01") if stands == "2026-01-01" else at("2026-01-06"))


def test_t158_exactly_the_lateness_is_not_too_late() -> None:
    fact = late(order("1", "2026-01-01", 100), "2026-01-08")
    assert run(PLAIN, fact).member.through == at("2026-01-01")
    assert run(PLAIN, late(fact, "2026-01-08 00:00:00.000001")).member.through == at("2026-01-08 00:00:00.000001")


def test_s51_lots_date_from_the_purchase_and_dead_ones_expire_at_once() -> None:
    alive, dead = late(order("1", "2026-01-01", 10), "2026-03-01"), late(order("2", "2025-06-01", 20), "2026-03-02")
    result = run(MONTHS, alive, dead, until="2026-05-01")
    lapsed = [(e.at, e.booked, e.points, e.cause) for e in result.entries if e.kind == EntryKind.EXPIRED]
    assert lapsed == [
        (at("2025-09-01"), at("2026-03-02"), -20, "order/2"),
        (at("2026-04-01"), at("2026-04-01"), -10, f"timer/{at('2026-04-01')}"),
    ]


def test_s51_dead_points_pay_no_debt_and_living_ones_do() -> None:
    owes = spend(FactKind.REDEEMED, "1", "2026-01-01", 30)
    assert points(run(MONTHS, owes, late(order("1", "2025-06-01", 20), "2026-03-01")), "debt") == 30
    assert points(run(MONTHS, owes, late(order("1", "2026-01-05", 20), "2026-03-01")), "debt") == 10


def test_s51_points_that_would_have_waited_are_there_at_once() -> None:
    body = MONTHS.replace("points: {expires", "points: {pending: {for: 14 days}, expires")
    result = run(body, late(order("1", "2026-01-01", 10), "2026-02-01"), until="2026-06-01")
    assert said(result, EntryKind.EARNED, EntryKind.ACTIVATED, EntryKind.EXPIRED) == [("earned", 10), ("expired", -10)]
    assert result.entries[-1].at == at("2026-04-15")
    waits = run(body, late(order("1", "2026-01-20", 10), "2026-02-01"), until="2026-02-02")
    assert points(waits, "pending") == 10


def test_s51_metrics_count_it_where_it_stood_and_not_what_has_left() -> None:
    body = PLAIN + "tiers: {metric: {spend: {window: 3 months}}, ladder: {basic: 0, gold: 100.00}}\n"
    inside = run(body, order("1", "2026-03-01", 50), late(order("2", "2026-02-01", 60), "2026-03-10"), until="2026-12-01")
    assert tiers(inside) == [("2026-03-10 00:00:00", "basic", "gold"), ("2026-05-01 00:00:00.000001", "gold", "basic")]
    outside = run(body, order("1", "2026-03-01", 50), late(order("2", "2025-12-09", 60), "2026-03-10"), until="2026-12-01")
    assert tiers(outside) == []
    assert (outside.standing.orders, outside.standing.lifetime_spend) == (2, 11_000)
    assert (outside.member.first_at, outside.member.last_at) == (at("2025-12-09"), at("2026-03-01"))


def test_t111_a_calendar_period_that_has_ended_is_not_opened_again() -> None:
    body = PLAIN + "tiers: {metric: {spend: {window: calendar_year}}, ladder: {basic: 0, silver: 600.00}, downgrade: {check: calendar_year}}\n"
    result = run(body, order("1", "2025-06-01", 550), order("2", "2026-01-05", 550), late(order("3", "2025-12-20", 100), "2026-01-20"))
    assert tiers(result) == []


def test_s51_limits_count_it_in_the_period_of_the_arrival() -> None:
    body = PLAIN + "  visit: {on: {interaction: check-in}, points: {fixed: 30}, limits: {times: 1, per: month}}\n"
    visits = [did("1", "2026-01-01", "check-in"), late(did("2", "2026-01-02", "check-in"), "2026-02-10"), did("3", "2026-02-20", "check-in")]
    result = run(body, *visits)
    assert (points(result), refusals(result)) == (60, {Reason.LIMIT_REACHED: 1})
    assert next(e for e in result.entries if e.kind == EntryKind.REFUSED).cause == "interaction/3"


def test_s51_a_bonus_of_a_year_counts_the_year_of_the_purchase() -> None:
    body = PLAIN + "  yearly: {on: {interaction: check-in}, points: {fixed: 10}, once: year}\n"
    visits = [did("1", "2025-12-01", "check-in"), did("2", "2026-01-05", "check-in"), late(did("3", "2025-12-20", "check-in"), "2026-01-10")]
    assert points(run(body, *visits)) == 20


def test_s51_validity_goes_by_the_purchase_and_the_tier_by_the_arrival() -> None:
    body = PLAIN.replace("mode: proportional}", "mode: proportional}, when: {tier: basic}") + (
        "  promo: {on: order, points: {fixed: 5}, valid: {until: 2026-01-15}}\n"
        "  fine: {on: order, points: {fixed: 7}, when: {tier: gold}}\n"
        "tiers: {metric: {spend: {window: 12 months}}, ladder: {basic: 0, gold: 100.00}}\n"
    )
    result = run(body, order("1", "2026-01-20", 100), late(order("2", "2026-01-10", 40), "2026-02-01"))
    assert {e.rule for e in result.entries if e.cause == "order/2"} == {"promo", "fine"}


def test_s51_gifts_of_a_tier_reached_are_of_the_arrival() -> None:
    body = PLAIN + "  gift: {on: {tier: gold}, points: {fixed: 7}}\ntiers: {metric: {spend: {window: 12 months}}, ladder: {basic: 0, gold: 100.00}}\n"
    result = run(body, order("1", "2026-01-20", 60), late(order("2", "2026-01-10", 40), "2026-02-01"))
    found = [(e.kind, e.at, e.booked) for e in result.entries if e.cause == "order/2"]
    assert found == [
        (EntryKind.EARNED, at("2026-01-10"), at("2026-02-01")),
        (EntryKind.TIER_CHANGED, at("2026-02-01"), at("2026-02-01")),
        (EntryKind.EARNED, at("2026-02-01"), at("2026-02-01")),
    ]


def test_s51_a_return_in_time_that_comes_late_is_in_time() -> None:
    body = PLAIN + "returns: {within: 30 days}\n"
    result = run(body, order("1", "2026-01-01", 100), late(back("1", "2026-01-31", "1", 100), "2026-03-01"))
    assert (points(result), refusals(result)) == (0, {})


def test_s51_a_reservation_confirmed_late_beyond_measure_has_timed_out() -> None:
    facts = [order("1", "2026-01-01", 100), spend(FactKind.RESERVE, "1", "2026-01-02", 40)]
    confirm = late(spend(FactKind.CONFIRM, "1", "2026-01-02 00:05", 40), "2026-02-01")
    assert refusals(run(PLAIN, *facts, confirm)) == {Reason.RESERVATION_EXPIRED: 1}


def test_s51_a_redemption_takes_the_lots_of_the_arrival() -> None:
    facts = [order("1", "2026-02-01", 100), late(spend(FactKind.REDEEM, "1", "2026-01-02", 40), "2026-02-10")]
    result = run(PLAIN, *facts)
    assert (points(result), result.entries[-1].at) == (60, at("2026-01-02"))


def test_s51_inactivity_counts_the_activity_when_it_was() -> None:
    body = "wallets: {points: {expires: {after: 3 months, from: last_activity}}}\nearn:\n" + RATE
    result = run(body, order("1", "2026-01-01", 100), late(order("2", "2026-01-20", 1), "2026-02-20"), until="2026-12-01")
    assert {e.at for e in result.entries if e.kind == EntryKind.EXPIRED} == {at("2026-04-20")}
    older = run(body, order("1", "2026-01-20", 100), late(order("2", "2026-01-01", 1), "2026-02-20"), until="2026-12-01")
    assert {e.at for e in older.entries if e.kind == EntryKind.EXPIRED} == {at("2026-04-20")}


def test_s51_points_by_hand_openings_and_profiles_so_late() -> None:
    result = run(MONTHS, late(adjust("2025-01-01", 5), "2026-02-01"), late(opened("2026-01-15", 9), "2026-02-01"))
    assert (points(result), earned(result)) == (9, 0)
    joined = late(person("2025-01-01", enrolled_at=1), "2026-02-01")
    aged = PLAIN + "  old: {on: order, points: {fixed: 3}, when: {enrolled_days: {gte: 365}}}\n"
    assert points(run(aged, joined, order("1", "2026-02-02", 1))) == 4


def test_s51_points_that_had_matured_are_in_the_wallet_that_they_mature_into() -> None:
    body = "wallets: {points: {}, escrow: {pending: {for: 14 days}, matures: {into: points}}}\nearn:\n" + RATE.replace("}}", "}, into: escrow}")
    result = run(body, late(order("1", "2026-01-01", 10), "2026-02-01"))
    assert (points(result), points(result, "pending", "escrow")) == (10, 0)
    assert [e.at for e in result.entries] == [at("2026-01-01"), at("2026-01-15"), at("2026-01-15")]


def test_s51_what_counts_since_the_last_change_of_tier_is_not_older_than_it() -> None:
    body = PLAIN + "tiers: {metric: {spend: {window: {since: tier_change}}}, ladder: {basic: 0, silver: 100.00, gold: 150.00}}\n"
    for happened, tier in (("2026-01-19", "silver"), ("2026-01-20", "silver"), ("2026-01-20 00:01", "gold")):
        assert run(body, order("1", "2026-01-20", 100), late(order("2", happened, 150), "2026-02-01")).standing.tier == tier


def test_s51_a_lock_that_had_ended_is_judged_at_the_arrival() -> None:
    body = PLAIN + "tiers: {metric: {spend: {window: 12 months}}, ladder: {basic: 0, gold: 100.00}}\n"
    by_hand = adjust("2026-01-01", 0, Action.SET_TIER, tier="gold", until=at("2026-01-15"))
    assert [(when, b) for when, _, b in tiers(run(body, late(by_hand, "2026-02-01"), until="2026-02-01"))] == [
        ("2026-02-01 00:00:00", "gold"),
        ("2026-02-01 00:00:00", "basic"),
    ]
