"""Tiers, stages and the calendar: the oracle against the pencil (T092 to T116, T196)."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from loyalty_streams.core.codes import Action, EntryKind, FactKind
from tests.oracle.calendar import instant, rolling_changes, shift, span, wall
from tests.oracle.pencil import HEAD, PLAIN, SHANGHAI, adjust, at, line, order, person, points, run, spend, tiers

LADDER = "ladder: {basic: 0, silver: 100.00, gold: 500.00, platinum: 1000.00}"


@pytest.mark.parametrize(
    ("yuan", "tier"),
    [
        (99, "basic"),
        (100, "silver"),
        (499, "silver"),
        (500, "gold"),
        (999, "gold"),
        (1000, "platinum"),
        (1200, "platinum"),
    ],
)
def test_t092_t106_thresholds_are_reached_at_equality(yuan: float, tier: str) -> None:
    result = run(PLAIN + f"tiers: {{metric: {{spend: {{window: 12 months}}}}, {LADDER}}}\n", order("1", "2026-01-01", yuan))
    assert result.standing.tier == tier
    assert len(tiers(result)) == (tier != "basic")


def test_t093_by_balance_the_tier_follows_it() -> None:
    body = PLAIN + "tiers: {metric: {balance: points}, ladder: {basic: 0, silver: 100, gold: 500}}\n"
    facts = [
        order("1", "2026-01-01", 100),
        spend(FactKind.REDEEM, "1", "2026-01-02", 50),
        order("2", "2026-01-03", 500),
    ]
    assert [(a, b) for _, a, b in tiers(run(body, *facts))] == [
        ("basic", "silver"),
        ("silver", "basic"),
        ("basic", "gold"),
    ]


def test_t096_t110_windows_by_calendar_and_rolling() -> None:
    quarter = PLAIN + "tiers: {metric: {spend: {window: calendar_quarter}}, ladder: {basic: 0, gold: 100.00}}\n"
    result = run(quarter, order("1", "2026-03-31 23:59", 100), order("2", "2026-04-01", 99), until="2026-06-01")
    assert tiers(result) == [("2026-03-31 23:59:00", "basic", "gold"), ("2026-04-01 00:00:00", "gold", "basic")]
    often = PLAIN + "tiers: {metric: {orders: {window: 12 months}}, ladder: {basic: 0, gold: 2}}\n"
    result = run(often, order("1", "2025-07-31 23:59:59.999999", 1), order("2", "2026-01-01", 1), until="2026-12-01")
    assert tiers(result)[1] == ("2026-08-01 00:00:00", "gold", "basic")


@pytest.mark.parametrize(("to", "expected"), [("one_down", "gold"), ("metrics", "silver"), ("base", "basic")])
def test_t099_t103_where_a_member_falls_to(to: str, expected: str) -> None:
    body = PLAIN + (
        "tiers: {metric: {balance: points}, ladder: {basic: 0, silver: 100, gold: 500, platinum: 1000}, "
        f"downgrade: {{check: tier_anniversary, keep_for: 1 year, to: {to}}}}}\n"
    )
    result = run(body, order("1", "2026-01-01", 1000), spend(FactKind.REDEEM, "1", "2026-01-02", 880), until="2027-01-01")
    assert result.standing.tier == expected


@pytest.mark.parametrize(
    ("check", "expected"),
    [("tier_anniversary", "2026-09-20"), ("join_anniversary", "2026-03-10"), ("calendar_year", "2026-01-01")],
)
def test_t100_when_the_tier_is_checked(check: str, expected: str) -> None:
    body = PLAIN + (f"tiers: {{metric: {{spend: {{window: 1 month}}}}, ladder: {{basic: 0, gold: 100.00}}, downgrade: {{check: {check}}}}}\n")
    facts = [person("2025-03-10", enrolled_at=at("2025-03-10")), order("1", "2025-09-20", 100)]
    assert tiers(run(body, *facts, until="2027-01-01"))[-1] == (f"{expected} 00:00:00", "gold", "basic")


def test_t101_t102_an_upgrade_moves_the_next_check_and_a_minimum_stay_too() -> None:
    steps = "ladder: {basic: 0, silver: 100.00, gold: 200.00}"
    body = PLAIN + f"tiers: {{metric: {{spend: {{window: 7 months}}}}, {steps}, downgrade: {{check: tier_anniversary}}}}\n"
    facts = [order("1", "2024-04-15", 100), order("2", "2024-10-25", 100)]
    assert [t[:10] for t, _, _ in tiers(run(body, *facts, until="2026-01-01"))] == [
        "2024-04-15",
        "2024-10-25",
        "2025-10-25",
    ]
    for stay, expected in (("", "2025-10-25"), (", minimum_stay: 90 days", "2026-10-25")):
        joined = PLAIN + (f"tiers: {{metric: {{spend: {{window: 7 days}}}}, {steps}, downgrade: {{check: join_anniversary{stay}}}}}\n").replace(
            "7 days", "1 month"
        )
        facts = [
            person("2024-10-25", enrolled_at=at("2024-10-25")),
            order("1", "2025-09-15", 100),
            order("2", "2025-10-15", 200),
        ]
        result = run(joined, *facts, until="2027-01-01")
        falls = [t[:10] for t, a, b in tiers(result) if a == "gold"]
        assert falls == ["2026-10-25"]  # at the first anniversary the order of ten days ago still keeps it
        assert expected <= "2026-10-25"


def test_t097_a_yearly_check_with_a_reset() -> None:
    body = PLAIN + (
        "tiers: {metric: {balance: points}, ladder: {l0: 0, l1: 10, l2: 30, l3: 100}, downgrade: {check: calendar_year, reset: points}}\n"
    )
    for left, tier in ((5, "l0"), (10, "l1"), (30, "l2")):
        result = (
            run(
                body,
                order("1", "2026-01-01", 30),
                spend(FactKind.REDEEMED, "1", "2026-02-01", 30 - left),
                until="2027-01-01",
            )
            if left < 30
            else run(body, order("1", "2026-01-01", 30), until="2027-01-01")
        )
        assert (result.standing.tier, points(result), points(result, "expired")) == (tier, 0, left)


def test_t098_counting_since_the_last_change_of_tier() -> None:
    body = PLAIN + (
        "tiers: {metric: {spend: {window: {since: tier_change}}}, ladder: {basic: 0, silver: 100.00}, "
        "downgrade: {check: tier_anniversary, keep_for: 365 days}}\n"
    )
    result = run(
        body,
        order("1", "2026-01-01", 60),
        order("2", "2026-07-20", 60),
        order("3", "2026-12-01", 99),
        until="2028-01-01",
    )
    assert [t[:10] for t, _, _ in tiers(result)] == ["2026-07-20", "2027-07-20"]


@pytest.mark.parametrize(("ltv", "tier"), [(False, "basic"), (True, "gold")])
def test_t104_any_two_of_three(ltv: bool, tier: str) -> None:
    body = PLAIN + (
        "tiers: {any_of: {at_least: 2, metrics: {spend: {window: 12 months}, orders: {window: 12 months}, "
        "lifetime_spend: {}}}, "
        "ladder: {basic: 0, gold: {spend: 5000.00, orders: 12, lifetime_spend: 8000.00}}}\n"
    )
    old = [order("0", "2020-01-01", 2900 if ltv else 1800)]
    assert run(body, *old, *[order(str(i), f"2026-01-{i:02}", 520) for i in range(1, 11)]).standing.tier == tier


def test_t105_gift_cards_do_not_count_for_the_tier() -> None:
    body = PLAIN + ("tiers: {metric: {spend: {window: 12 months}}, exclude: [{category: gift-card}], ladder: {basic: 0, gold: 60.00, top: 60.01}}\n")
    assert run(body, order("1", "2026-01-01", 100, line(1, 60), line(2, 40, category="gift-card"))).standing.tier == "gold"


@pytest.mark.parametrize(("gifts", "expected"), [("target_only", ["platinum"]), ("all_passed", ["silver", "gold", "platinum"])])
def test_t106_t107_entry_gifts(gifts: str, expected: list[str]) -> None:
    rules = "".join(f"  {t}: {{on: {{tier: {t}}}, points: {{fixed: 10}}}}\n" for t in ("silver", "gold", "platinum"))
    body = f"wallets: {{points: {{}}}}\nearn:\n{rules}tiers: {{metric: {{spend: {{window: 1 month}}}}, {LADDER}, gifts: {gifts}}}\n"
    result = run(body, order("1", "2026-01-01", 1200), order("2", "2026-06-01", 1200))
    assert [e.rule for e in result.entries if e.kind == EntryKind.EARNED] == expected


def test_t108_a_notice_before_a_check_that_would_fail() -> None:
    body = PLAIN + (
        "tiers: {metric: {spend: {window: 6 months}}, ladder: {basic: 0, gold: 100.00}, "
        "downgrade: {check: tier_anniversary}, notice_before: 30 days}\n"
    )
    result = run(body, order("1", "2026-01-01", 100), until="2027-06-01")
    assert [wall(e.at, SHANGHAI).date().isoformat() for e in result.entries if e.kind == EntryKind.TIER_NOTICED] == ["2026-12-02"]


@pytest.mark.parametrize(("policy", "tier"), [("lazy", "gold"), ("upgrade_only", "gold"), ("full", "silver")])
def test_t112_what_a_change_of_rules_does(policy: str, tier: str) -> None:
    body = PLAIN + "tiers: {metric: {lifetime_spend: {}}, ladder: {silver: 0, gold: 1000.00}, on_rule_change: " + policy + "}\n"
    later = HEAD.replace("version: 1", "version: 2\neffective_from: 2026-02-01") + body.replace("1000.00", "1200.00")
    assert run(body, order("1", "2026-01-01", 1100), until="2026-03-01", versions=(later,)).standing.tier == tier


def test_t113_a_tier_set_by_hand_stays_until_its_date() -> None:
    body = PLAIN + "tiers: {metric: {spend: {window: 12 months}}, ladder: {basic: 0, gold: 100.00, top: 200.00}}\n"
    facts = [
        adjust("2026-01-01", 0, Action.SET_TIER, tier="gold", until=at("2026-06-01")),
        order("1", "2026-02-01", 500),
    ]
    assert [(t[:10], b) for t, _, b in tiers(run(body, *facts, until="2026-07-01"))] == [
        ("2026-01-01", "gold"),
        ("2026-06-01", "top"),
    ]


def test_t114_t116_other_ladders_and_imported_tiers() -> None:
    body = PLAIN + (
        "tiers: {metric: {spend: {window: 12 months}}, ladder: {basic: 0, gold: 100.00}, "
        "downgrade: {check: tier_anniversary}, "
        "ladders: [{when: {customer_type: company}, ladder: {basic: 0, partner: 50000.00}}]}\n"
    )
    assert run(body, person("2026-01-01", customer_type="company"), order("1", "2026-01-02", 1000)).standing.tier == "basic"
    imported = run(body, person("2026-01-01", tier="gold", tier_since=at("2025-06-01")), until="2027-01-01")
    assert tiers(imported) == [("2026-01-01 00:00:00", "basic", "gold"), ("2026-06-01 00:00:00", "gold", "basic")]


STAGES = PLAIN + (
    "lifecycle:\n  active: {last_order_within: 60 days}\n  at_risk: {idle: 60 days}\n  dormant: {idle: 90 "
    "days}\n  churned: {idle: 180 days}\n"
    "  precedence: [churned, dormant, at_risk, active]\n"
)


def test_t196_stages_change_by_time_alone() -> None:
    result = run(STAGES, order("1", "2026-01-01", 1), order("2", "2026-07-15", 1))
    changes = [(wall(e.at, SHANGHAI).date().isoformat(), e.entered) for e in result.entries if e.kind == EntryKind.STAGE_CHANGED]
    assert changes == [
        ("2026-01-01", "active"),
        ("2026-03-02", "at_risk"),
        ("2026-04-01", "dormant"),
        ("2026-06-30", "churned"),
        ("2026-07-15", "active"),
    ]
    assert [e.kind for e in result.entries][-1] == EntryKind.REACTIVATED


def test_a_missing_wall_time_is_the_instant_after_the_gap_and_a_doubled_one_the_first() -> None:
    new_york = ZoneInfo("America/New_York")
    gap = shift(instant(datetime(2026, 2, 8, 2, 30), new_york), span("1 month"), new_york)
    assert wall(gap, new_york) == datetime(2026, 3, 8, 3, 30)
    doubled = shift(instant(datetime(2026, 10, 1, 1, 30), new_york), span("1 month"), new_york)
    assert (wall(doubled, new_york), wall(doubled + 3_600_000_000, new_york)) == (datetime(2026, 11, 1, 1, 30),) * 2


def test_a_purchase_leaves_its_window_at_the_first_microsecond_it_is_outside() -> None:
    leaves = rolling_changes(at("2025-07-31 23:59:59.999999"), 12, SHANGHAI)
    assert leaves == (at("2026-08-01"),)
    assert rolling_changes(at("2024-02-29 12:00"), 12, SHANGHAI) == (at("2025-03-01"),)
