"""An entry explains itself: its parts multiply and add up (T185), what did not pay says why (T186), a quote is what will be (T068)."""

from __future__ import annotations

import pytest

from loyalty_streams.core.codes import EntryKind, Reason
from tests.statements.expectations import Outcome
from tests.statements.story import parse_story
from tests.statements.telling import Telling

RULES = """
  tiers: {metric: {spend: {window: 12 months}}, ladder: {member: 0, silver: 100.00, gold: 1000.00}}
  earn:
    base: {on: order, points: {rate: 1, per: 1.00, mode: proportional}}
    steps: {on: order, points: {rate: 10, per: 100.00, mode: step}}
    half-more: {on: order, lines: {category: fruit}, multiply: 3/2, limits: {points: 20, per: day}}
    silver-double: {on: order, when: {tier: silver}, multiply: 2}
    welcome: {on: order, points: {fixed: 7}}
    pieces: {on: order, lines: {category: fruit}, points: {fixed: 3, per: unit}}
  combine: {multipliers: additive}
"""
BASKET = "order O1: fruit 42.50 x3, dairy 90.70 x1"


def outcomes(*rows: str) -> list[Outcome]:
    return [outcome for _, outcome in Telling(parse_story("A story" + RULES + "\n".join("  " + row for row in rows))).outcomes()]


def test_T185_every_entry_names_its_rule_version_inputs_caps_and_fact_and_its_parts_make_its_points() -> None:
    _, outcome = outcomes("2026-01-01 10:00 | order O0 150.00 |", f"2026-01-02 10:00 | {BASKET} |")
    names, parts = outcome.compiled.names, {}
    for entry in outcome.entries:
        if entry["kind"] == EntryKind.EARNED:
            assert entry["cause"] == 0 and outcome.compiled.versions[int(entry["version"])].version == 1
            assert names.tiers[int(entry["tier"])] == "silver"
            parts[names.rules[int(entry["rule"])]] = {n: int(entry[n]) for n in ("points", "basis", "num", "den", "desired", "reason")}
    # 133.20: 133 by the rate, one full hundred. Fruit 42.50 once more by half: 21.25, and of its 0 full hundreds nothing: 21, cut to 20.
    # Silver doubles both rates: 133.20 and 10.
    assert {rule: part["points"] for rule, part in parts.items()} == {
        "base": 133, "steps": 10, "half-more": 20, "silver-double": 143, "welcome": 7, "pieces": 9,
    }  # fmt: skip
    assert parts["base"]["basis"] == 13_320 and parts["steps"]["basis"] == 13_320
    assert parts["half-more"] | {"basis": 0} == {"points": 20, "basis": 0, "num": 3, "den": 2, "desired": 21, "reason": Reason.LIMIT_REACHED}
    assert (parts["silver-double"]["num"], parts["silver-double"]["den"]) == (2, 1)
    assert parts["pieces"]["basis"] == 3
    assert all(part["points"] == part["desired"] for rule, part in parts.items() if rule != "half-more")
    assert sum(part["points"] for part in parts.values()) == outcome.earned() == 322


@pytest.mark.parametrize("cents", [1, 99, 100, 4_250, 4_399, 99_999])
def test_T185_a_rate_times_its_base_floored_is_the_entry(cents: int) -> None:
    (outcome,) = outcomes(f"2026-01-01 10:00 | order O1 {cents // 100}.{cents % 100:02} |")
    earned = {outcome.compiled.names.rules[int(e["rule"])]: e for e in outcome.entries if e["kind"] == EntryKind.EARNED}
    assert {"base": int(earned["base"]["points"])} == {"base": cents // 100} if cents >= 100 else "base" not in earned


def test_T186_a_rule_that_did_not_pay_says_which_condition_failed_with_expected_and_actual_value() -> None:
    story = parse_story("""
        Why not
          tiers: {metric: {spend: {window: 12 months}}, ladder: {member: 0, silver: 100.00, gold: 1000.00}}
          earn:
            base: {on: order, points: {rate: 1, per: 1.00, mode: proportional}}
            large: {on: order, when: {amount: {gte: 50.00}}, points: {fixed: 5}}
            app: {on: order, when: {all: [{amount: {gte: 10.00}}, {channel: mini-programme}]}, points: {fixed: 5}}
            gold: {on: order, when: {tier: gold}, points: {fixed: 5}}
            stars: {on: {interaction: review}, when: {attributes.stars: {gte: 4}}, points: {fixed: 20}}
            many: {on: order, when: {qty: {gte: 5}}, points: {fixed: 5}}
          2026-01-01 10:00 | order O1 45.00 channel=app | why large: amount 45.00, needs gte 50.00; why app: channel app, needs eq mini-programme
                           |                            | why gold: tier member, needs eq gold; why many: qty 1, needs gte 5
                           |                            | EARNED 45 base; entries 1
          2026-01-02 10:00 | did review I1 stars=3      | why stars: attributes.stars 3, needs gte 4; quiet
    """)
    for row, outcome in Telling(story).outcomes():
        assert [problem for e in row.then if (problem := outcome.check(e))] == []


def test_T068_a_quote_equals_the_later_accrual_for_the_same_order() -> None:
    told = Telling(parse_story("A story" + RULES + "  2026-01-01 10:00 | order O0 150.00 |"))
    list(told.outcomes())
    quoted = told.act("2026-01-02 10:00", f"quote {BASKET}")
    later = told.act("2026-01-02 10:00", BASKET)
    assert len(quoted.entries) == 6
    assert quoted.entries.tobytes() == later.entries.tobytes()
    assert quoted.standing == later.standing


def test_T068_quotes_of_other_baskets_do_not_count() -> None:
    told = Telling(parse_story("A story" + RULES + "  2026-01-01 10:00 | order O0 150.00 |"))
    list(told.outcomes())
    told.act("2026-01-02 10:00", "quote order O8 10.00")
    quoted = told.act("2026-01-02 10:00", "quote order O9 20.00")
    again = told.act("2026-01-02 10:00", "quote order O9 20.00")
    assert quoted.entries.tobytes() == again.entries.tobytes()
    assert quoted.standing == again.standing
