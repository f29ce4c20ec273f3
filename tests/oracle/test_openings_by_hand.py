"""Balances brought from another system: the oracle against the pencil (T116, T145, T147, S52)."""

from __future__ import annotations

import pytest

from loyalty_streams.core.codes import Action, EntryKind, FactKind, Reason
from tests.oracle.pencil import PLAIN, RATE, adjust, at, earned, expiries, late, opened, order, person, points, refusals, run, spend, tiers

LADDER = "tiers: {metric: {points: {window: 12 months}}, ladder: {basic: 0, gold: 100}}\n"
YEAR = "wallets: {points: {expires: {after: 12 months}, max_balance: 200}}\nearn:\n" + RATE


def test_t145_an_opening_balance_is_lots_with_their_dates_and_is_not_earned() -> None:
    a = opened("2026-01-01", 300, expires_at=at("2026-06-30"))
    b = opened("2026-01-01", 200, expires_at=at("2026-12-31"))
    result = run(PLAIN + LADDER, a, b, until="2026-03-01")
    assert (points(result), points(result, "opening"), earned(result)) == (500, 500, 0)
    assert [(x.points, x.expires_at) for x in result.standing.lots] == [(300, at("2026-06-30")), (200, at("2026-12-31"))]
    assert [(e.points, e.reason) for e in result.entries if e.kind == EntryKind.OPENED] == [(200, Reason.IMPORTED), (300, Reason.IMPORTED)]
    assert tiers(result) == []
    assert expiries(run(PLAIN, a, b, until="2027-01-01")) == [("2026-06-30 00:00:00", 300), ("2026-12-31 00:00:00", 200)]


def test_t147_without_a_date_the_wallet_says_how_long_and_no_maximum_counts_them() -> None:
    result = run(YEAR, opened("2026-01-01", 500), order("1", "2026-02-01", 10), until="2026-12-01")
    assert expiries(run(YEAR, opened("2026-01-01", 500), until="2027-02-01")) == [("2027-01-01 00:00:00", 500)]
    assert (points(result), refusals(result)) == (500, {Reason.MAX_BALANCE: 1})


def test_t147_points_that_wait() -> None:
    fact = opened("2026-01-01", 50, available_at=at("2026-02-01"))
    assert points(run(PLAIN, fact, until="2026-01-31"), "pending") == 50
    result = run(PLAIN, fact, until="2026-02-01")
    assert (points(result), points(result, "pending")) == (50, 0)


@pytest.mark.parametrize(("n", "expires"), [(0, "2027-01-01"), (-5, "2027-01-01"), (10, "2026-01-01"), (10, "2025-12-31")])
def test_t147_an_opening_of_nothing_or_of_what_is_over_is_refused(n: int, expires: str) -> None:
    result = run(PLAIN, opened("2026-01-01", n, expires_at=at(expires)))
    assert (points(result), refusals(result)) == (0, {Reason.NOT_ALLOWED: 1})


def test_s52_openings_pay_what_is_owed_and_go_into_any_wallet() -> None:
    owes = adjust("2026-01-01", 30, Action.DEDUCT, allow_negative=1)
    result = run(PLAIN, owes, opened("2026-01-02", 100))
    assert (points(result), points(result, "debt")) == (70, 0)
    body = "wallets: {points: {}, growth: {spendable: false}}\nearn:\n  base: {on: order, points: {fixed: 1}}\n"
    result = run(body, opened("2026-01-02", 100, wallet="growth"))
    assert (points(result, "available", "growth"), result.standing.lots) == (100, [])


def test_t147_an_unknown_member_is_imported_until_it_does_something() -> None:
    first = opened("2026-01-01", 100)
    assert run(PLAIN, first).member.status == "imported"
    for fact in (order("1", "2026-02-01", 1), spend(FactKind.REDEEM, "1", "2026-02-01", 10)):
        result = run(PLAIN, first, fact)
        assert (result.member.status, [e for e in result.entries if e.kind == EntryKind.STATUS_CHANGED]) == ("active", [])
    assert run(PLAIN, first, person("2026-02-01", status=1)).member.status == "suspended"
    assert run(PLAIN, order("1", "2025-12-01", 1), first).member.status == "active"


def test_t145_t158_an_opening_that_the_importer_brings_years_later_keeps_its_date() -> None:
    fact = late(opened("2025-01-01", 40), "2026-03-01")
    result = run(YEAR, fact, late(opened("2025-06-01", 60), "2026-03-01"), until="2026-07-01")
    assert expiries(result) == [("2026-01-01 00:00:00", 40), ("2026-06-01 00:00:00", 60)]
    assert [(e.at, e.booked) for e in result.entries if e.kind == EntryKind.OPENED] == [
        (at("2025-01-01"), at("2026-03-01")),
        (at("2025-06-01"), at("2026-03-01")),
    ]


def test_t116_an_imported_tier_ends_a_year_after_it_began() -> None:
    body = (
        PLAIN
        + "tiers: {metric: {spend: {window: 12 months}}, ladder: {basic: 0, gold: 100.00}, downgrade: {check: tier_anniversary, keep_for: 1 year}}\n"
    )
    result = run(body, person("2026-01-01", tier="gold", tier_since=at("2025-06-01")), opened("2026-01-01", 500), until="2026-12-01")
    assert tiers(result) == [("2026-01-01 00:00:00", "basic", "gold"), ("2026-06-01 00:00:00", "gold", "basic")]
