"""What a programme may not say, or is warned about: the statements that speak of loading."""

from __future__ import annotations

import pytest

from loyalty_streams.programme import ProgrammeError
from loyalty_streams.programme.load import load
from tests.statements.story import parse_story


def programme(body: str) -> str:
    """A whole programme: the sections given, the rest as in every story."""
    lines = "\n".join("  " + line for line in body.splitlines())
    return parse_story(f"A programme\n{lines}\n  2026-01-01 | - | quiet").programmes[0]


def refusal(body: str) -> list[tuple[str, int]]:
    """Codes and lines of what is wrong with a programme."""
    with pytest.raises(ProgrammeError) as caught:
        load(programme(body))
    return [(problem.code, problem.line) for problem in caught.value.diagnostics]


def line_of(body: str, text: str) -> int:
    return next(n for n, line in enumerate(programme(body).splitlines(), 1) if text in line)


def test_T002_a_rate_without_a_mode_is_refused_at_load() -> None:
    body = "earn: {base: {on: order, points: {rate: 10, per: 100.00}}}"
    assert refusal(body) == [("E-NO-MODE", line_of(body, "rate: 10"))]


def test_T019_a_rule_that_pays_neither_by_the_order_nor_by_the_amount_is_refused() -> None:
    body = "earn: {base: {on: order}}"
    ((_, line),) = refusal(body)
    assert line == line_of(body, "on: order")


@pytest.mark.parametrize("days", ["-1 days", "1.5 days", "-14 days", "14", "fourteen days"])
def test_T025_negative_or_broken_days_of_pending_are_refused(days: str) -> None:
    body = f"wallets:\n  points:\n    pending: {{for: {days}}}"
    ((code, line),) = refusal(body)
    assert (code, line) == ("E-DURATION", line_of(body, "pending"))


@pytest.mark.parametrize("days", [0, 1, 14, 90, 400])
def test_T025_any_number_of_whole_days_from_none_is_accepted(days: int) -> None:
    assert not load(programme(f"wallets: {{points: {{pending: {{for: {days} days}}}}}}")).warnings


def test_T043_a_programme_that_expires_by_arrival_says_so_at_load() -> None:
    by_arrival = [
        load(programme(f"wallets: {{points: {{expires: {{after: 15 days, {setting}}}}}}}")).warnings
        for setting in ("base: processed_at", "not_before_arrival: 10 days")
    ]
    assert all(len(warnings) == 1 and "arriv" in warnings[0].message for warnings in by_arrival)
    assert not load(programme("wallets: {points: {expires: {after: 15 days, base: purchased_at}}}")).warnings


@pytest.mark.parametrize(("tiers", "warned"), [(2, True), (3, False), (4, False), (5, False), (6, True)])
def test_T115_a_ladder_of_fewer_than_three_or_more_than_five_tiers_is_warned_about(tiers: int, warned: bool) -> None:
    ladder = ", ".join(f"t{n}: {n * 100}.00" for n in range(tiers))
    warnings = load(programme(f"tiers: {{metric: {{spend: {{window: 12 months}}}}, ladder: {{{ladder}}}}}")).warnings
    assert [w.code for w in warnings] == (["W-LADDER-SIZE"] if warned else [])


TWO_MULTIPLIERS = """\
earn:
  base: {on: order, points: {rate: 1, per: 1.00, mode: proportional}}
  twice: {on: order, multiply: 2}
  thrice: {on: order, multiply: 3}"""


def test_T122_two_multipliers_that_can_meet_need_a_setting() -> None:
    problems = refusal(TWO_MULTIPLIERS)
    assert len(problems) == 1 and problems[0][0].startswith("E-")
    for setting in ("additive", "multiplicative", "max"):
        load(programme(f"{TWO_MULTIPLIERS}\ncombine: {{multipliers: {setting}}}"))


def test_T122_two_multipliers_that_cannot_meet_need_none() -> None:
    in_the_app = TWO_MULTIPLIERS.replace("order, multiply: 3", "order, when: {channel: app}, multiply: 3")
    load(programme(in_the_app.replace("order, multiply: 2", "order, when: {channel: pos}, multiply: 2")))


def test_T008_a_priority_is_a_whole_number_and_nothing_else() -> None:
    body = "earn:\n  base: {on: order, points: {fixed: 1}, priority: high}"
    ((_, line),) = refusal(body)
    assert line == line_of(body, "priority")
