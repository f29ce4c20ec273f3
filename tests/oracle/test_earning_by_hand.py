"""Earning and its limits: the oracle against the pencil (T001 to T022, T117 to T125)."""

from __future__ import annotations

import pytest

from loyalty_streams.core.codes import LineKind, Reason
from tests.oracle.calendar import wall
from tests.oracle.pencil import (
    PLAIN,
    RATE,
    SHANGHAI,
    back,
    did,
    earned,
    line,
    order,
    person,
    points,
    refusals,
    run,
    tiers,
)


@pytest.mark.parametrize(("yuan", "expected"), [(128.60, 128), (0.99, 0)])
def test_t001_a_yuan_is_a_point_floored_once_an_order(yuan: float, expected: int) -> None:
    assert earned(run(PLAIN, order("1", "2026-01-01", yuan))) == expected if expected else not run(PLAIN, order("1", "2026-01-01", yuan)).entries


@pytest.mark.parametrize(("mode", "expected"), [("step", 20), ("proportional", 25)])
def test_t002_ten_points_a_hundred_by_steps_or_in_proportion(mode: str, expected: int) -> None:
    body = f"wallets: {{points: {{}}}}\nearn: {{base: {{on: order, points: {{rate: 10, per: 100.00, mode: {mode}}}}}}}\n"
    assert earned(run(body, order("1", "2026-01-01", 250))) == expected


def test_t003_general_spending_then_multipliers_then_fixed_points_of_products() -> None:
    body = PLAIN + ("  a: {on: order, lines: {sku: A}, multiply: 2}\n  b: {on: order, lines: {sku: B}, points: {fixed: 5, per: unit}}\n")
    assert earned(run(body, order("1", "2026-01-01", 40, line(1, 10, "A"), line(2, 10, "B"), line(3, 20, "C")))) == 55


def test_t004_the_same_sku_on_two_lines_is_multiplied_once() -> None:
    body = PLAIN + "  a: {on: order, lines: {sku: A}, multiply: 2}\n"
    assert earned(run(body, order("1", "2026-01-01", 20, line(1, 10, "A"), line(2, 10, "A")))) == 40


def test_t005_delivery_and_gift_cards_earn_nothing_where_excluded() -> None:
    body = PLAIN + "order_amount: {exclude: [{category: gift-card}, {kind: delivery}]}\n"
    lines = [line(1, 70), line(2, 30, category="gift-card"), line(3, 20, kind=LineKind.DELIVERY)]
    assert earned(run(body, order("1", "2026-01-01", 120, *lines))) == 70


@pytest.mark.parametrize(("yuan", "tax", "expected"), [(49.99, "included", 0), (50.00, "included", 50), (50.00, "excluded", 0)])
def test_t006_below_the_minimum_nothing_is_earned(yuan: float, tax: str, expected: int) -> None:
    body = PLAIN + f"order_amount: {{minimum: 50.00, tax: {tax}}}\n"
    result = run(body, order("1", "2026-01-01", yuan, line(1, yuan, tax=5.75)))
    assert sum(e.points for e in result.entries) == expected


def test_t007_too_few_items_give_nothing_even_with_a_free_one() -> None:
    body = "wallets: {points: {}}\nearn: {five: {on: order, when: {qty: {gte: 5}}, points: {fixed: 10}}}\n"
    few = [line(1, 10, qty=4), line(2, 0, kind=LineKind.REWARD)]
    assert not run(body, order("1", "2026-01-01", 10, *few)).entries
    assert earned(run(body, order("1", "2026-01-01", 10, line(1, 10, qty=5)))) == 10


@pytest.mark.parametrize(("choose", "expected"), [("highest", 80), ("stackable", 130), ("by_priority", 50), ("lowest", 50)])
def test_t009_of_several_rules_on_one_event_the_group_says_which_pay(choose: str, expected: int) -> None:
    body = (
        "wallets: {points: {}}\nearn:\n  a: {on: {interaction: visit}, points: {fixed: 50}, priority: 1}\n"
        f"  b: {{on: {{interaction: visit}}, points: {{fixed: 80}}, "
        f"priority: 2}}\ncombine: {{groups: {{g: {{members: [a, b], choose: {choose}}}}}}}\n"
    )
    assert earned(run(body, did("1", "2026-01-01", "visit"))) == expected


@pytest.mark.parametrize(("how", "expected"), [("override", 100), ("stack", 150)])
def test_t010_a_rate_for_the_tier_drops_the_base_or_stacks(how: str, expected: int) -> None:
    body = (
        PLAIN + "  gold: {on: order, when: {tier: gold}, points: {rate: 2, per: 1.00, mode: proportional}}\n"
        f"combine: {{tier_and_base: {how}}}\ntiers: {{metric: {{lifetime_spend: {{}}}}, ladder: {{base: 0, "
        f"gold: 100.00}}}}\n"
    )
    assert earned(run(body, order("1", "2026-01-01", 100), order("2", "2026-01-02", 50))) == 100 + expected


@pytest.mark.parametrize(("mode", "expected"), [("net", 80), ("gross", 100)])
def test_t011_what_was_paid_with_points_earns_or_not(mode: str, expected: int) -> None:
    body = f"wallets: {{points: {{unit_value: 0.01}}}}\nearn:\n{RATE}order_amount: {{points_tender: {mode}}}\n"
    assert earned(run(body, order("1", "2026-01-01", 100, points=2000))) == expected


def test_t012_a_rule_is_valid_by_the_instant_of_purchase() -> None:
    body = PLAIN + "  week: {on: order, multiply: 2, valid: {until: 2026-06-19T00:00:00+08:00}}\n"
    assert earned(run(body, order("1", "2026-06-18 23:59:30", 10), order("2", "2026-06-19", 10))) == 30


@pytest.mark.parametrize(("mode", "expected"), [("before", 100), ("split", 150)])
def test_t013_the_tier_held_before_the_order_judges_it_unless_it_is_split(mode: str, expected: int) -> None:
    body = (
        PLAIN + "  gold: {on: order, when: {tier: gold}, multiply: 2}\n"
        f"order_amount: {{tier_split: {mode}}}\ntiers: {{metric: {{spend: {{window: 12 months}}}}, "
        f"ladder: {{silver: 0, gold: 1000.00}}}}\n"
    )
    result = run(body, order("1", "2026-01-01", 950), order("2", "2026-01-02", 100))
    assert earned(result) == 950 + expected
    assert tiers(result) == [("2026-01-02 00:00:00", "silver", "gold")]


def test_t014_a_birthday_window_counts_calendar_days_with_both_ends() -> None:
    body = PLAIN + ("  cake: {on: order, when: {birthday_window: [-3 days, 3 days]}, multiply: 2}\n  gift: {on: birthday, points: {fixed: 200}}\n")
    facts = [person("2026-01-01", birthday=19900520)]
    facts += [order(str(i), t, 10) for i, t in enumerate(["2026-05-16 23:59", "2026-05-17", "2026-05-23 23:59", "2026-05-24"])]
    result = run(body, *facts)
    assert earned(result) == 10 + 20 + 20 + 10 + 200
    leap = run(body, person("2026-01-01", birthday=19920229), until="2026-12-31")
    assert [(wall(e.at, SHANGHAI).date().isoformat(), e.points) for e in leap.entries] == [("2026-02-28", 200)]


def test_t014_one_gift_a_calendar_year_even_if_the_date_is_edited() -> None:
    body = "wallets: {points: {}}\nearn: {gift: {on: birthday, points: {fixed: 200}}}\n"
    result = run(body, person("2026-01-01", birthday=19900520), person("2026-06-01", birthday=19900820), until="2027-12-31")
    assert [wall(e.at, SHANGHAI).date().isoformat() for e in result.entries] == ["2026-05-20", "2027-08-20"]


def test_t015_a_day_is_a_day_of_the_programme() -> None:
    body = "wallets: {points: {}}\nearn: {in: {on: {interaction: check-in}, points: {fixed: 5}, limits: {times: 1, per: day}}}\n"
    late = run(body, did("1", "2026-01-01 23:59:59", "check-in"), did("2", "2026-01-02 00:00:01", "check-in"))
    same = run(body, did("1", "2026-01-01 08:00", "check-in"), did("2", "2026-01-01 20:00", "check-in"))
    assert (earned(late), earned(same), refusals(same)) == (10, 5, {Reason.LIMIT_REACHED: 1})


def test_t016_t017_limits_of_times_by_their_period() -> None:
    body = (
        "wallets: {points: {}}\nearn:\n  survey: {on: {interaction: survey}, points: {fixed: 50}}\n"
        "  share: {on: {interaction: share}, points: {fixed: 20}, limits: {times: 1, per: day}}\n"
        "  tip: {on: {interaction: tip}, points: {fixed: 1}, limits: {times: 3, per: month}}\n"
    )
    facts = [did(str(i), f"2026-01-01 1{i}:00", "share") for i in range(3)] + [did("s", "2026-01-01 09:00", "survey")]
    result = run(body, *facts)
    assert (earned(result), refusals(result)[Reason.LIMIT_REACHED]) == (70, 2)
    tips = [did(str(i), t, "tip") for i, t in enumerate(["2026-01-01", "2026-01-02", "2026-01-03", "2026-01-31", "2026-02-01"])]
    assert earned(run(body, *tips)) == 4


FIRST = "wallets: {points: {}}\nearn: {first: {on: order, when: {orders_before: 0}, points: {fixed: 100}, once: member}}\n"


def test_t020_the_first_purchase_bonus_moves_to_the_next_order() -> None:
    between = run(FIRST, order("1", "2026-01-01", 10), back("1", "2026-01-02", "1", 10), order("2", "2026-01-03", 10))
    after = run(FIRST, order("1", "2026-01-01", 10), order("2", "2026-01-02", 10), back("1", "2026-01-03", "1", 10))
    assert points(between) == points(after) == 100
    assert [(e.kind.name, e.points, e.ref) for e in after.entries[1:]] == [
        ("CLAWED_BACK", -100, "order/1"),
        ("EARNED", 100, "order/2"),
    ]


def test_t021_t022_channels_and_statuses() -> None:
    body = PLAIN + "  mini: {on: order, when: {channel: mini-programme}, multiply: 2}\n"
    assert (
        earned(
            run(
                body,
                order("1", "2026-01-01", 100, channel="mini-programme"),
                order("2", "2026-01-02", 100, channel="pos"),
            )
        )
        == 300
    )
    blocked = run(body, person("2026-01-01", status=2), order("1", "2026-01-02", 100))
    assert refusals(blocked) == {Reason.STATUS_BLOCKED: 1}
    assert blocked.standing.orders == 1


@pytest.mark.parametrize(("when_short", "expected", "reason"), [("partial", 30, Reason.BUDGET), ("all_or_nothing", 0, Reason.BUDGET)])
def test_t117_what_is_left_of_a_budget(when_short: str, expected: int, reason: Reason) -> None:
    body = (
        f"wallets: {{points: {{}}}}\nearn: {{v: {{on: {{interaction: visit}}, points: {{fixed: 50}}, "
        f"budget: {{points: 80, scope: member, when_short: {when_short}}}}}}}\n"
    )
    last = run(body, did("1", "2026-01-01", "visit"), did("2", "2026-01-02", "visit")).entries[-1]
    assert (last.points, last.desired, last.reason) == (expected, 50, reason)


def test_t119_a_daily_cap_is_not_made_up_for_and_comes_back_with_a_return() -> None:
    body = PLAIN + "limits: [{points: 200, per: day, scope: member}]\n"
    facts = [order("1", "2026-01-01 09:00", 180), order("2", "2026-01-01 10:00", 50)]
    assert earned(run(body, *facts, order("3", "2026-01-02", 1))) == 201
    returned = run(body, *facts, back("2", "2026-01-01 11:00", "2", 50), order("3", "2026-01-01 12:00", 50))
    assert (points(returned, "clawed_back"), points(returned)) == (20, 200)


@pytest.mark.parametrize(("choose", "expected"), [("stackable", 260), ("highest", 200), ("lowest", 160), ("by_priority", 200)])
def test_t121_t123_groups(choose: str, expected: int) -> None:
    body = PLAIN + (
        "  a: {on: order, multiply: 2, priority: 1}\n  b: {on: order, points: {fixed: 60}, priority: 2}\n"
        f"combine: {{groups: {{g: {{members: [a, b], choose: {choose}}}}}}}\n"
    )
    result = run(body, order("1", "2026-01-01", 100))
    assert earned(result) == expected
    assert refusals(result) == ({} if choose == "stackable" else {Reason.EXCLUSIVE_GROUP: 1})


@pytest.mark.parametrize(("mode", "expected"), [("additive", 400), ("multiplicative", 600), ("max", 300)])
def test_t122_how_multipliers_combine(mode: str, expected: int) -> None:
    body = PLAIN + f"  two: {{on: order, multiply: 2}}\n  three: {{on: order, multiply: 3}}\ncombine: {{multipliers: {mode}}}\n"
    assert earned(run(body, order("1", "2026-01-01", 100))) == expected


def test_t124_t125_a_maximum_balance_and_a_limit_of_one_store() -> None:
    full = f"wallets: {{points: {{max_balance: 10000}}}}\nearn:\n{RATE}"
    result = run(full, order("1", "2026-01-01", 9990), order("2", "2026-01-02", 50))
    assert (points(result), result.entries[-1].reason) == (10000, Reason.MAX_BALANCE)
    stores = PLAIN + "limits: [{points: 100, per: day, scope: member_and_store, stores: [S1]}]\n"
    assert earned(run(stores, order("1", "2026-01-01", 90, store="S2"), order("2", "2026-01-01 10:00", 150, store="S1"))) == 190
