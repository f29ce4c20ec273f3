"""Returns and debt: the oracle against the pencil (T069 to T091)."""

from __future__ import annotations

import pytest

from loyalty_streams.core.codes import Action, EntryKind, FactKind, Reason
from loyalty_streams.core.facts import Fact
from tests.oracle.pencil import (
    HEAD,
    PLAIN,
    RATE,
    adjust,
    at,
    back,
    did,
    earned,
    line,
    order,
    points,
    refusals,
    run,
    spend,
    tiers,
)

ABC = [line(1, 10, "A"), line(2, 10, "B"), line(3, 20, "C")]
LINES = PLAIN + ("  a: {on: order, lines: {sku: A}, multiply: 2}\n  b: {on: order, lines: {sku: B}, multiply: 3}\ncombine: {multipliers: additive}\n")


@pytest.mark.parametrize(
    ("mode", "no", "expected"),
    [("proportional", 3, 35), ("line_exact", 3, 20), ("line_exact", 2, 30), ("line_exact", 1, 20)],
)
def test_t069_t070_what_a_returned_line_takes_with_it(mode: str, no: int, expected: int) -> None:
    given = ABC[no - 1]
    result = run(
        LINES + f"returns: {{clawback: {mode}}}\n",
        order("1", "2026-01-01", 40, *ABC),
        back("1", "2026-01-02", "1", given.amount / 100, given),
    )
    assert (earned(result), points(result, "clawed_back")) == (70, expected)


def test_t071_a_return_takes_what_the_order_earned_whatever_the_rule_is_now() -> None:
    later = HEAD.replace("version: 1", "version: 2\neffective_from: 2026-01-02") + "wallets: {points: {}}\n"
    result = run(PLAIN, order("1", "2026-01-01", 50), back("1", "2026-01-03", "1", 50), versions=(later,))
    assert points(result, "clawed_back") == 50


def test_t072_partial_returns_add_up_to_what_was_earned() -> None:
    lines = [line(1, 33.33), line(2, 33.33), line(3, 33.34)]
    for turn in ([1, 2, 3], [3, 2, 1], [2, 3, 1]):
        facts = [back(str(n), f"2026-01-0{i + 2}", "1", lines[n - 1].amount / 100, lines[n - 1]) for i, n in enumerate(turn)]
        result = run(PLAIN, order("1", "2026-01-01", 100, *lines), *facts)
        taken = {e.cause: -e.points for e in result.entries if e.kind == EntryKind.CLAWED_BACK}
        assert taken == {"return/1": 33, "return/2": 33, "return/3": 34}


@pytest.mark.parametrize(("policy", "expected"), [("debt", (100, 30, 0)), ("within_balance", (70, 0, 30)), ("only_pending", (40, 0, 60))])
def test_t073_what_happens_to_points_that_are_spent(policy: str, expected: tuple[int, int, int]) -> None:
    body = (
        "wallets: {points: {}, held: {pending: {for: 90 days}, matures: {into: points}}}\n"
        "earn:\n  now: {on: order, points: {fixed: 60}}\n  later: {on: order, points: {fixed: 40}, into: held}\n"
        f"returns: {{policy: {policy}}}\n"
    )
    result = run(
        body,
        order("1", "2026-01-01", 100),
        spend(FactKind.REDEEM, "1", "2026-01-02", 30),
        back("1", "2026-01-03", "1", 100),
    )
    accounts = [result.standing.totals[w] for w in ("points", "held")]
    assert tuple(sum(a[name] for a in accounts) for name in ("clawed_back", "debt", "written_off")) == expected


def test_t075_own_lots_then_other_lots_then_debt() -> None:
    facts = [
        order("1", "2026-01-01", 100),
        spend(FactKind.REDEEM, "1", "2026-01-02", 60),
        adjust("2026-01-03", 25),
        back("1", "2026-01-04", "1", 100),
    ]
    result = run(PLAIN, *facts)
    assert [(e.points, e.bucket.name) for e in result.entries if e.kind == EntryKind.CLAWED_BACK] == [
        (-40, "AVAILABLE"),
        (-25, "AVAILABLE"),
        (35, "DEBT"),
    ]


def test_t076_half_of_an_order_paid_with_points_gives_half_of_them_back() -> None:
    body = f"wallets: {{points: {{unit_value: 0.01}}}}\nearn:\n{RATE}"
    facts = [
        adjust("2026-01-01", 2000),
        spend(FactKind.REDEEM, "1", "2026-01-02 09:59", 2000, 100),
        order("1", "2026-01-02 10:00", 100, about="redemption/1", points=2000),
        back("1", "2026-01-03", "1", 50),
    ]
    result = run(body, *facts)
    assert (points(result, "issued"), points(result, "clawed_back"), points(result, "redeemed"), points(result)) == (
        80,
        40,
        1000,
        1040,
    )


def test_t078_buying_and_refunding_ten_times_leaves_nothing() -> None:
    facts = [
        f
        for i in range(10)
        for f in (
            order(str(i), f"2026-01-{i + 1:02} 10:00", 100),
            back(str(i), f"2026-01-{i + 1:02} 11:00", str(i), 100),
        )
    ]
    result = run(PLAIN + "tiers: {metric: {spend: {window: 1 month}}, ladder: {base: 0, gold: 101.00}}\n", *facts)
    assert (
        points(result),
        points(result, "debt"),
        result.standing.lifetime_spend,
        result.standing.orders,
        tiers(result),
    ) == (0, 0, 0, 0, [])


def test_t080_t081_over_returns_and_partial_refunds() -> None:
    two = line(1, 20, qty=2)
    over = run(PLAIN, order("1", "2026-01-01", 20, two), back("1", "2026-01-02", "1", 20, line(1, 20, qty=3)))
    assert (points(over), refusals(over)) == (0, {Reason.OVER_RETURN: 1})
    assert points(run(PLAIN, order("1", "2026-01-01", 100), back("1", "2026-01-02", "1", 75))) == 25


@pytest.mark.parametrize(
    ("effect", "expected"),
    [
        ("immediate", "2026-01-02 10:00:00"),
        ("end_of_day", "2026-01-03 00:00:00"),
        ("period_end", "2026-02-01 00:00:00"),
        ("never", ""),
    ],
)
def test_t082_when_a_return_lowers_the_tier(effect: str, expected: str) -> None:
    body = PLAIN + (
        f"returns: {{tier_effect: {effect}}}\n"
        "tiers: {metric: {spend: {window: 12 months}}, ladder: {silver: 0, gold: 2000.00}, "
        "downgrade: {check: tier_anniversary}}\n"
    )
    result = run(body, order("1", "2026-01-01", 2010), back("1", "2026-01-02 10:00", "1", 50), until="2026-06-01")
    assert [t for t, _, to in tiers(result) if to == "silver"] == ([expected] if expected else [])


def test_t086_an_exchange_at_the_same_price_changes_nothing() -> None:
    swap = Fact(FactKind.EXCHANGE_RETURN, "M", "return/2", at("2026-01-05"), about="order/1", amount=10000)
    assert points(run(PLAIN, order("1", "2026-01-01", 100), swap, order("2", "2026-01-05", 100))) == 100


def test_t088_to_t091_new_points_pay_debt_first() -> None:
    body = "wallets: {points: {}}\nearn: {visit: {on: {interaction: visit}, points: {fixed: 50}}}\n"
    owing = adjust("2026-01-01", 20, Action.DEDUCT, allow_negative=1)
    result = run(body, owing, did("1", "2026-01-02", "visit"))
    assert (points(result), [x.points for x in result.standing.lots], points(result, "debt")) == (30, [30], 0)
    refused = run(body, owing, spend(FactKind.REDEEM, "1", "2026-01-03", 1))
    assert refusals(refused) == {Reason.IN_DEBT: 1}
    assert refusals(run(body, adjust("2026-01-01", 20, Action.DEDUCT))) == {Reason.INSUFFICIENT: 1}
