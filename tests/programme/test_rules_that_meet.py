"""Two multipliers need `combine.multipliers` when an order exists that both multiply, and only then (T122)."""

from __future__ import annotations

import pytest

from tests.programme.broken import over_head, problems

TIERS = "tiers: {metric: {spend: {window: 12 months}}, ladder: {basic: 0, silver: 100.00, gold: 500.00}}"
RATE = "points: {rate: 1, per: 1.00, mode: proportional}"


def codes(one: str, other: str, more: str = "") -> list[str]:
    """What is said of two multipliers with these fields beside a base rate."""
    rules = f"earn:\n  base: {{on: order, {RATE}}}\n  twice: {{on: order, multiply: 2, {one}}}\n  thrice: {{on: order, multiply: 3, {other}}}"
    return [problem.code for problem in problems(over_head(f"{TIERS}\n{rules}\n{more}"))]


APART = [
    ("when: {channel: app}", "when: {channel: pos}"),
    ("when: {channel: [app, mini]}", "when: {channel: {not_in: [app, mini, pos]}}"),
    ("when: {channel: app}", "when: {not: {channel: app}}"),
    ("when: {channel: app}", "when: {channel: {exists: false}}"),
    ("when: {store: S1, channel: app}", "when: {store: S2}"),
    ("when: {tier: gold}", "when: {tier: {lt: gold}}"),
    ("when: {tier: {between: [basic, silver]}}", "when: {tier: {gt: silver}}"),
    ("when: {amount: {gte: 100.00}}", "when: {amount: {lt: 100.00}}"),
    ("when: {orders_before: 0}", "when: {orders_before: {gte: 1}}"),
    ("when: {tags: vip}", "when: {tags: {ne: vip}}"),
    ("when: {birthday_window: [-3 days, 3 days]}", "when: {birthday_window: [4 days, 2 weeks]}"),
    ("when: {attributes.gift: true}", "when: {attributes.gift: false}"),
    ("when: {any: [{channel: app}, {store: S1}]}", "when: {all: [{channel: pos}, {store: S2}]}"),
    ("when: {category: fruit}", "when: {not: {category: fruit}}"),
    ("lines: {category: fruit}", "lines: {category: dairy}"),
    ("lines: {category: fruit, amount: {gte: 10.00}}", "lines: {any: [{category: dairy}, {amount: {lt: 10.00}}]}"),
    ("lines: {sku: [A, B]}", "lines: {sku: {not_in: [A, B]}}"),
    ("valid: {until: 2026-06-19}", "valid: {from: 2026-06-19}"),
    ("lines: {kind: goods}, when: {qty: {gte: 3}}", "lines: {kind: goods}, when: {qty: {lt: 3}}"),
]
TOGETHER = [
    ("when: {channel: app}", "when: {store: S1}"),
    ("when: {channel: [app, pos]}", "when: {channel: [pos, mini]}"),
    ("when: {channel: {ne: app}}", "when: {channel: {ne: pos}}"),
    ("when: {tier: {gte: silver}}", "when: {tier: {lte: silver}}"),
    ("when: {amount: {gte: 100.00}}", "when: {amount: {lte: 100.00}}"),
    ("when: {tags: vip}", "when: {tags: {ne: staff}}"),
    # An order has several lines and a member several tags, so both of these can hold at once.
    ("when: {category: fruit}", "when: {category: dairy}"),
    ("when: {category: fruit}", "when: {category: {ne: fruit}}"),
    ("when: {tags: vip}", "when: {tags: staff}"),
    ("lines: {category: fruit}", "lines: {sku: A}"),
    ("lines: {category: fruit}", "when: {category: dairy}"),
    ("valid: {until: 2026-06-20}", "valid: {from: 2026-06-19}"),
    # The quantity is counted over the lines of each rule, and these are other lines.
    ("lines: {kind: goods}, when: {qty: {gte: 3}}", "lines: {amount: {gte: 1.00}}, when: {qty: {lt: 3}}"),
    ("when: {not: {all: [{channel: app}, {store: S1}]}}", "when: {channel: app}"),
]


@pytest.mark.parametrize(("one", "other"), APART)
def test_T122_multipliers_of_which_no_order_has_both_need_no_setting(one: str, other: str) -> None:
    assert codes(one, other) == codes(other, one) == []


@pytest.mark.parametrize(("one", "other"), TOGETHER)
def test_T122_multipliers_that_some_order_meets_both_need_one(one: str, other: str) -> None:
    assert codes(one, other) == codes(other, one) == ["E-MULTIPLIERS-MEET"]
    for setting in ("additive", "multiplicative", "max"):
        assert codes(one, other, f"combine: {{multipliers: {setting}}}") == []


@pytest.mark.parametrize(("choose", "said"), [("highest", []), ("lowest", []), ("stackable", ["E-MULTIPLIERS-MEET"])])
def test_T123_a_group_that_lets_one_rule_pay_says_how_its_multipliers_combine(choose: str, said: list[str]) -> None:
    group = f"combine: {{groups: {{one: {{members: [twice, thrice], choose: {choose}}}}}}}"
    assert codes("priority: 1", "priority: 2", group) == said


def test_T122_a_condition_too_large_to_be_written_out_counts_as_one_that_can_meet() -> None:
    def wide(channel: str) -> str:
        choices = ", ".join(f"{{any: [{{attributes.a{n}: 1}}, {{attributes.b{n}: 1}}, {{attributes.c{n}: 1}}]}}" for n in range(12))
        return f"when: {{all: [{{channel: {channel}}}, {choices}]}}"

    assert codes(wide("app"), wide("pos")) == ["E-MULTIPLIERS-MEET"]


def tier_rates(one: str, other: str, more: str = "") -> list[str]:
    rules = f"earn:\n  base: {{on: order, {RATE}}}\n  high: {{on: order, {RATE}, {one}}}\n  top: {{on: order, {RATE}, {other}}}"
    return [problem.code for problem in problems(over_head(f"{TIERS}\n{rules}\n{more}"))]


def test_T010_a_rate_for_each_tier_needs_no_setting_and_two_for_one_tier_do() -> None:
    assert tier_rates("when: {tier: silver}", "when: {tier: gold}") == []
    assert tier_rates("when: {tier: {gte: silver}}", "when: {tier: gold}") == ["E-TIER-RATES-MEET"]
    assert tier_rates("when: {tier: {gte: silver}}", "when: {tier: gold}", "combine: {tier_and_base: stack}") == []
    assert tier_rates("when: {tier: {gte: silver}}", "when: {tier: gold}", "combine: {tier_and_base: override}") == ["E-TIER-RATES-MEET"]
    group = "combine: {groups: {one: {members: [high, top], choose: highest}}}"
    assert tier_rates("when: {tier: {gte: silver}}", "when: {tier: gold}", group) == []


def test_T009_rules_of_a_group_by_priority_need_different_priorities_only_where_they_can_meet() -> None:
    def said(one: str, other: str, choose: str = "by_priority") -> list[str]:
        rules = f"earn:\n  a: {{on: order, points: {{fixed: 5}}{one}}}\n  b: {{on: order, points: {{fixed: 9}}{other}}}"
        return [p.code for p in problems(over_head(f"{rules}\ncombine: {{groups: {{one: {{members: [a, b], choose: {choose}}}}}}}"))]

    assert said("", "") == ["E-NO-PRIORITY"]
    assert said(", priority: 1", "") == []
    assert said("", "", "highest") == []
    assert said(", when: {channel: app}", ", when: {channel: pos}") == ["W-GROUP"]
