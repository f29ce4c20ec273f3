"""Pending points, lots, expiry, redemption: the oracle against the pencil (T023 to T066)."""

from __future__ import annotations

import pytest

from loyalty_streams.core.codes import Action, EntryKind, FactKind, Reason
from tests.oracle.calendar import wall
from tests.oracle.pencil import (
    HEAD,
    PLAIN,
    RATE,
    SHANGHAI,
    adjust,
    at,
    back,
    did,
    expiries,
    order,
    points,
    refusals,
    run,
    spend,
    tiers,
)


def test_t023_t024_pending_points_become_available_by_time_and_count_for_the_tier_then() -> None:
    body = (
        "wallets: {points: {pending: {for: 14 days}}, growth: {spendable: false}}\n"
        "earn: {base: {on: order, points: {rate: 1, per: 1.00, mode: proportional}, also: {growth: same}}}\n"
        "tiers: {metric: {growth: {window: 12 months}}, ladder: {base: 0, gold: 100}}\n"
    )
    before = run(body, order("1", "2026-01-01 10:00", 100), until="2026-01-10")
    after = run(body, order("1", "2026-01-01 10:00", 100), until="2026-01-16")
    assert (points(before), points(before, "pending"), tiers(before)) == (0, 100, [])
    assert (points(after), points(after, "pending"), points(after, wallet="growth")) == (100, 0, 100)
    assert tiers(after) == [("2026-01-15 10:00:00", "base", "gold")]


@pytest.mark.parametrize(
    ("pending", "expected"),
    [
        ("{for: 5 days, round_up_to: day}", "2026-01-07 00:00:00"),
        ("{for: 5 days, round_down_to: day}", "2026-01-06 00:00:00"),
        ("{for: 5 days}", "2026-01-06 10:00:00"),
    ],
)
def test_t026_pending_may_be_rounded(pending: str, expected: str) -> None:
    result = run(
        f"wallets: {{points: {{pending: {pending}}}}}\nearn:\n{RATE}",
        order("1", "2026-01-01 10:00", 100),
        until="2026-02-01",
    )
    assert [wall(e.at, SHANGHAI).isoformat(sep=" ") for e in result.entries if e.kind == EntryKind.ACTIVATED] == [expected]


def test_t027_t028_life_counts_from_activation_or_from_earning() -> None:
    action = f"wallets: {{points: {{pending: {{until: action, interaction: delivered}}, expires: {{after: 30 days}}}}}}\nearn:\n{RATE}"
    result = run(
        action,
        order("1", "2026-01-01 10:00", 100),
        did("1", "2026-01-20 09:00", "delivered", "order/1"),
        until="2027-01-01",
    )
    assert expiries(result) == [("2026-02-19 09:00:00", 100)]
    for origin, expected in (("earning", "2026-01-31 10:00:00"), ("activation", "2026-02-14 10:00:00")):
        body = f"wallets: {{points: {{pending: {{for: 14 days}}, expires: {{after: 30 days, from: {origin}}}}}}}\nearn:\n{RATE}"
        assert expiries(run(body, order("1", "2026-01-01 10:00", 100), until="2027-01-01")) == [(expected, 100)]


def test_t029_a_return_inside_the_lock_cancels_pending_points_only() -> None:
    body = f"wallets: {{points: {{pending: {{for: 14 days}}}}}}\nearn:\n{RATE}"
    result = run(
        body,
        order("0", "2025-12-01", 70),
        order("1", "2026-01-01", 100),
        back("1", "2026-01-05", "1", 100),
        until="2026-03-01",
    )
    assert (points(result), points(result, "pending")) == (70, 0)


THREE = [("2025-01-01", 100, "2026-03-31"), ("2025-01-02", 50, "2026-01-31"), ("2025-01-03", 30, "")]


@pytest.mark.parametrize(("consume", "expected"), [("soonest_expiry", [30, 30]), ("oldest_earned", [30, 30])])
def test_t032_t033_which_points_go_first(consume: str, expected: list[int]) -> None:
    lots = [adjust(t, p, **({"expires_at": at(x)} if x else {})) for t, p, x in THREE]
    body = f"wallets: {{points: {{consume: {consume}}}}}\n"
    result = run(body, *lots, spend(FactKind.REDEEM, "1", "2026-01-10", 120))
    assert sorted(x.points for x in result.standing.lots) == expected
    later = run(body, *lots, spend(FactKind.REDEEM, "1", "2026-01-10", 120), until="2026-02-01")
    assert points(later, "expired") == (30 if consume == "oldest_earned" else 0)


def test_t034_the_balance_never_collapses() -> None:
    facts = [
        adjust("2025-01-01", 100, expires_at=at("2026-02-01")),
        adjust("2025-01-02", 50, expires_at=at("2027-01-01")),
    ]
    result = run("wallets: {points: {}}\n", *facts, spend(FactKind.REDEEM, "1", "2026-01-10", 80), until="2026-02-01")
    assert (points(result, "expired"), points(result)) == (20, 50)


@pytest.mark.parametrize(
    ("earned_at", "after", "expected"),
    [
        ("2026-01-25 10:00", "{after: 1 month, round_up_to: day}", "2026-02-26 00:00"),  # T036
        ("2026-01-31 10:00", "{after: 1 month, round_up_to: day}", "2026-03-01 00:00"),
        ("2028-01-31 10:00", "{after: 1 month, round_up_to: day}", "2028-03-01 00:00"),
        ("2026-01-25 10:00", "{after: 1 month}", "2026-02-25 10:00"),
        ("2026-01-25 10:00", "{after: 1 month, round_up_to: quarter}", "2026-04-01 00:00"),  # T037
        ("2026-01-25 10:00", "{after: 1 month, round_up_to: half_year}", "2026-07-01 00:00"),
        ("2026-01-25 10:00", "{after: 1 month, round_up_to: year}", "2027-01-01 00:00"),
        ("2020-07-06 10:00", "{after: 12 months, round_up_to: month}", "2021-08-01 00:00"),  # T038
        ("2026-01-22 10:00", "{after: end of month}", "2026-02-01 00:00"),  # T039
        ("2026-01-22 10:00", "{after: 1 year, round_up_to: year}", "2028-01-01 00:00"),
        ("2025-01-01 00:00", "{after: 1 year, round_up_to: year}", "2027-01-01 00:00"),  # T040
        ("2025-12-31 10:00", "{after: 1 year, round_up_to: year}", "2027-01-01 00:00"),
        ("2024-03-01 16:30", "{after: 3 days}", "2024-03-04 16:30"),  # T042
        ("2024-03-01 16:30", "{after: 3 days, round_up_to: day}", "2024-03-05 00:00"),
        ("2020-01-05 00:00", "{after: 365 days}", "2021-01-04 00:00"),  # T044
        ("2020-01-05 00:00", "{after: 1 year}", "2021-01-05 00:00"),
        ("2020-08-10 00:00", "{after: 365 days}", "2021-08-10 00:00"),
    ],
)
def test_t036_to_t044_when_points_lapse(earned_at: str, after: str, expected: str) -> None:
    result = run(f"wallets: {{points: {{expires: {after}}}}}\nearn:\n{RATE}", order("1", earned_at, 100), until="2030-01-01")
    assert expiries(result) == [(f"{expected}:00", 100)]


IDLE = f"wallets: {{points: {{expires: {{after: 12 months, from: last_activity, activities: [order, redemption]}}}}}}\nearn:\n{RATE}"


def test_t045_t046_the_whole_balance_lapses_by_inactivity() -> None:
    early = [order("1", "2026-01-10", 100), order("2", "2026-05-10", 50)]
    assert expiries(run(IDLE, *early, until="2028-01-01")) == [
        ("2027-05-10 00:00:00", 100),
        ("2027-05-10 00:00:00", 50),
    ]
    in_time = run(IDLE, *early, order("3", "2027-05-09 23:59", 1), until="2027-06-01")
    too_late = run(IDLE, *early, order("3", "2027-05-10", 1), until="2027-06-01")
    by_hand = run(IDLE, *early, adjust("2027-05-01", 5), until="2027-06-01")
    assert (points(in_time), points(too_late), points(by_hand)) == (151, 1, 0)


def test_t047_switching_inactivity_on_is_not_retroactive() -> None:
    second = HEAD.replace("version: 1", "version: 2\neffective_from: 2022-03-01") + IDLE
    result = run(PLAIN, order("1", "2020-01-01", 100), until="2024-01-01", versions=(second,))
    assert expiries(result) == [("2023-03-01 00:00:00", 100)]


def test_t048_a_lot_keeps_the_life_it_was_given() -> None:
    first = f"wallets: {{points: {{expires: {{after: 12 months}}}}}}\nearn:\n{RATE}"
    second = HEAD.replace("version: 1", "version: 2\neffective_from: 2026-03-01") + first.replace("12", "6")
    assert expiries(run(first, order("1", "2026-02-01", 100), until="2028-01-01", versions=(second,))) == [("2027-02-01 00:00:00", 100)]


def test_t049_of_several_extensions_the_largest_wins() -> None:
    body = (
        "wallets: {points: {expires: {after: 1 year, extend: [{by: 3 months}, {by: 6 months, when: {tier: gold}}]}}}\n"
        f"earn:\n{RATE}tiers: {{metric: {{lifetime_spend: {{}}}}, ladder: {{base: 0, gold: 100.00}}}}\n"
    )
    result = run(body, order("1", "2026-01-01", 100), order("2", "2026-01-02", 10), until="2028-01-01")
    assert expiries(result) == [("2027-04-01 00:00:00", 100), ("2027-07-02 00:00:00", 10)]


def test_t050_what_expired_lately_comes_back() -> None:
    body = "wallets: {points: {expires: {after: 1 year}, reinstate: {within: 10 days}}}\n"
    facts = [adjust("2025-01-01", 7, expires_at=at("2026-01-04")), adjust("2025-01-02", 9, expires_at=at("2026-01-05"))]
    result = run(body, *facts, adjust("2026-01-15", 0, Action.REINSTATE, expires_at=at("2026-03-01")), until="2026-02-01")
    assert (points(result), points(result, "expired")) == (9, 7)


@pytest.mark.parametrize(("when", "granted"), [("2026-01-31 23:59:59.999999", True), ("2026-02-01 00:00:00", False)])
def test_t052_points_are_dead_by_the_instant_of_the_fact(when: str, granted: bool) -> None:
    result = run(
        "wallets: {points: {}}\n",
        adjust("2025-01-01", 100, expires_at=at("2026-02-01")),
        spend(FactKind.REDEEM, "1", when, 100),
    )
    assert points(result, "redeemed") == (100 if granted else 0)


def test_t053_t054_one_reminder_a_date_and_threshold_with_the_sum() -> None:
    body = "wallets: {points: {expires: {after: 1 year}, remind: [10 days, 3 days]}}\n"
    lots = [
        adjust("2025-02-01", 30, expires_at=at("2026-02-11")),
        adjust("2025-02-02", 20, expires_at=at("2026-02-11 13:00")),
    ]
    told = [(wall(e.at, SHANGHAI).date().isoformat(), e.basis) for e in run(body, *lots, until="2026-03-01").entries if e.kind == EntryKind.REMINDED]
    assert told == [("2026-02-01", 50), ("2026-02-08", 50)]
    spent = run(body, *lots, spend(FactKind.REDEEM, "1", "2026-01-31", 50), until="2026-03-01")
    assert not [e for e in spent.entries if e.kind == EntryKind.REMINDED]


def test_t055_a_tier_suspends_expiry_until_it_is_left() -> None:
    body = (
        f"wallets: {{points: {{expires: {{after: 1 month, suspend_in: [platinum]}}}}}}\nearn:\n{RATE}"
        "tiers: {metric: {spend: {window: 8 months}}, ladder: {base: 0, platinum: 100.00}}\n"
    )
    result = run(body, order("1", "2026-01-01", 100), until="2026-12-01")
    assert expiries(result) == [("2026-09-01 00:00:00.000001", 100)]


def test_t056_matured_points_roll_into_another_wallet() -> None:
    body = (
        "wallets: {points: {}, escrow: {pending: {for: 5 days}, matures: {into: points}}}\n"
        "earn: {base: {on: order, points: {rate: 1, per: 1.00, mode: proportional}, into: escrow}}\n"
    )
    result = run(body, order("1", "2026-01-01", 100), until="2026-02-01")
    assert (points(result), points(result, "transferred_out", "escrow"), points(result, "transferred_in")) == (
        100,
        100,
        100,
    )


SPEND = "wallets: {points: {unit_value: 0.01}}\n"


@pytest.mark.parametrize(
    ("rules", "points_asked", "order_amount", "reason"),
    [
        ("unit: 100", 1200, 200, Reason.NONE),  # T057
        ("unit: 100", 1250, 200, Reason.NOT_A_MULTIPLE),
        ("unit: 100", 1300, 200, Reason.INSUFFICIENT),
        ("maximum: {share_of_order: 50 %}", 1000, 20, Reason.NONE),  # T058
        ("maximum: {share_of_order: 50 %}", 1001, 20, Reason.ABOVE_MAXIMUM),
        ("maximum: {points: 800, share_of_order: 50 %}", 801, 200, Reason.ABOVE_MAXIMUM),
        ("minimum: 200", 100, 200, Reason.BELOW_MINIMUM),
        ("lifetime_at_least: 1", 100, 200, Reason.INSUFFICIENT_LIFETIME),
    ],
)
def test_t057_to_t059_what_may_be_redeemed(rules: str, points_asked: int, order_amount: float, reason: Reason) -> None:
    result = run(
        f"{SPEND}redeem: {{{rules}}}\n",
        adjust("2026-01-01", 1250),
        spend(FactKind.REDEEM, "1", "2026-01-02", points_asked, order_amount),
    )
    assert (refusals(result) == {reason: 1}) if reason else points(result, "redeemed") == points_asked


def test_t061_t062_a_reservation_is_confirmed_released_or_times_out() -> None:
    start = [
        adjust("2026-01-01", 800, expires_at=at("2026-02-01")),
        spend(FactKind.RESERVE, "1", "2026-01-31 23:50", 500),
    ]
    held = run(SPEND, *start)
    assert (points(held), points(held, "reserved")) == (300, 500)
    late = run(SPEND, *start, spend(FactKind.CONFIRM, "1", "2026-02-01 00:05:00"))
    assert refusals(late) == {Reason.RESERVATION_EXPIRED: 1}
    assert points(late, "expired") == 800
    confirmed = run(SPEND, *start, spend(FactKind.CONFIRM, "1", "2026-02-01 00:04:59"))
    assert (points(confirmed, "redeemed"), points(confirmed, "expired")) == (500, 300)
    early = run(SPEND, *start, spend(FactKind.RELEASE, "1", "2026-01-31 23:55"))
    assert points(early) == 800


@pytest.mark.parametrize(("restore", "alive", "until"), [("original_expiry", 40, "2026-02-10"), ("{grace: 30 days}", 100, "2026-03-11")])
def test_t065_t066_a_cancelled_redemption_gives_back_to_the_same_lots(restore: str, alive: int, until: str) -> None:
    lots = [
        adjust("2025-01-01", 60, expires_at=at("2026-02-01")),
        adjust("2025-01-02", 40, expires_at=at("2026-12-31")),
    ]
    twice = [spend(FactKind.CANCEL, "1", "2026-02-10"), spend(FactKind.CANCEL, "1", "2026-02-10 01:00")]
    result = run(
        f"{SPEND}redeem: {{restore: {restore}}}\n",
        *lots,
        spend(FactKind.REDEEM, "1", "2026-01-10", 100),
        *twice,
        until=f"{until} 02:00",
    )
    assert (points(result), points(result, "expired"), refusals(result)) == (
        alive,
        100 - alive,
        {Reason.ALREADY_REVERSED: 1},
    )
