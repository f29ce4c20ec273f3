"""Statements whose modes make a table: limits by period, pending modes, windows of tiers, metrics that are counted together."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from tests.statements.story import Story, parse_story
from tests.statements.telling import Telling

MICROSECOND = timedelta(microseconds=1)


def tell(story: Story) -> None:
    for row, outcome in Telling(story).outcomes():
        assert [problem for e in row.then if (problem := outcome.check(e))] == [], f"{row.when} | {row.does}"


@pytest.mark.parametrize(
    ("period", "first", "again"),
    [
        ("day", "2026-05-06 00:00", "2026-05-07 00:00"),
        ("week", "2026-05-04 00:00", "2026-05-11 00:00"),
        ("month", "2026-05-01 00:00", "2026-06-01 00:00"),
        ("quarter", "2026-04-01 00:00", "2026-07-01 00:00"),
        ("half_year", "2026-01-01 00:00", "2026-07-01 00:00"),
        ("year", "2026-01-01 00:00", "2027-01-01 00:00"),
    ],
)
def test_T017_a_limit_by_times_begins_anew_with_each_period(period: str, first: str, again: str) -> None:
    last = datetime.fromisoformat(again) - MICROSECOND
    tell(
        parse_story(f"""
        Three times a {period}
          earn: {{review: {{on: {{interaction: review}}, points: {{fixed: 20}}, limits: {{times: 3, per: {period}}}}}}}
          {first} | did review I1 | EARNED 20 review
          {first} | did review I2 | EARNED 20 review
          {last} | did review I3 | EARNED 20 review
          {last} | did review I4 | REFUSED 0 review LIMIT_REACHED
          {again} | did review I5 | EARNED 20 review; available 80
    """)
    )


def test_T017_a_limit_for_ever_never_begins_anew() -> None:
    tell(
        parse_story("""
        Once
          earn: {survey: {on: {interaction: survey}, points: {fixed: 20}, limits: {times: 1, per: ever}}}
          2026-01-01 10:00 | did survey I1 | EARNED 20 survey
          2046-01-01 10:00 | did survey I2 | REFUSED 0 survey LIMIT_REACHED
    """)
    )


@pytest.mark.parametrize(
    ("pending", "active"),
    [
        ("for: 30 s", "2026-01-01 10:00:30"),
        ("for: 15 minutes", "2026-01-01 10:15"),
        ("for: 2 hours", "2026-01-01 12:00"),
        ("for: 5 days", "2026-01-06 10:00"),
        ("for: 1 week", "2026-01-08 10:00"),
        ("for: 1 month", "2026-02-01 10:00"),
        ("for: 1 year", "2027-01-01 10:00"),
        ("for: 5 days, round_up_to: day", "2026-01-07 00:00"),
        ("for: 5 days, round_up_to: week", "2026-01-12 00:00"),
        ("for: 5 days, round_up_to: month", "2026-02-01 00:00"),
        ("for: 5 days, round_up_to: year", "2027-01-01 00:00"),
        ("for: 5 days, round_down_to: day", "2026-01-06 00:00"),
    ],
)
def test_T026_points_wait_a_duration_or_to_the_edge_of_a_period(pending: str, active: str) -> None:
    last = datetime.fromisoformat(active) - MICROSECOND
    tell(
        parse_story(f"""
        Pending {pending}
          wallets: {{points: {{pending: {{{pending}}}}}}}
          2026-01-01 10:00 | order O1 100.00 | available 0; pending 100
          {last} | - | quiet; pending 100
          {active} | - | ACTIVATED 100 at={active.replace(" ", "T")}; available 100; pending 0
    """)
    )


def test_T026_points_are_available_at_once_without_a_pending_section() -> None:
    tell(
        parse_story("""
        At once
          wallets: {points: {pending: none}}
          2026-01-01 10:00 | order O1 100.00 | available 100; pending 0; no ACTIVATED
    """)
    )


@pytest.mark.parametrize(
    ("window", "last", "first", "end"),
    [
        ("calendar_month", "2026-03-31 23:59", "2026-04-01 00:00", "2026-05-01 00:00"),
        ("calendar_quarter", "2026-03-31 23:59", "2026-04-01 00:00", "2026-07-01 00:00"),
        ("calendar_half_year", "2026-06-30 23:59", "2026-07-01 00:00", "2027-01-01 00:00"),
        ("calendar_year", "2026-12-31 23:59", "2027-01-01 00:00", "2028-01-01 00:00"),
    ],
)
def test_T096_a_qualification_period_ends_at_midnight(window: str, last: str, first: str, end: str) -> None:
    at = datetime.fromisoformat(end) - MICROSECOND
    tell(
        parse_story(f"""
        A tier by {window}
          tiers: {{metric: {{points: {{window: {window}}}}}, ladder: {{basic: 0, silver: 100, gold: 1000}}}}
          {last} | order O1 60.00 | tier basic
          {first} | order O2 60.00 | tier basic
          {at} | order O3 40.00 | tier silver
          {end} | - | TIER_CHANGED silver>basic at={end.replace(" ", "T")}; tier basic
    """)
    )


@pytest.mark.parametrize(
    ("at_least", "long_ago", "orders_needed", "tier"),
    [
        (2, "2900.00", 12, "gold"),  # 5,200 and 8,100
        (2, "1800.00", 12, "member"),  # 5,200 alone: 10 orders, 7,000
        (1, "1800.00", 12, "gold"),  # any: 5,200
        (3, "2900.00", 12, "member"),  # all: 10 orders are too few
        (3, "2900.00", 10, "gold"),
    ],
)
def test_T104_a_tier_needs_any_two_of_three_metrics_or_one_or_all(at_least: int, long_ago: str, orders_needed: int, tier: str) -> None:
    months = "\n".join(f"          2026-{month:02}-10 10:00 | order O{month} 520.00 | reserved 0" for month in range(1, 10))
    tell(
        parse_story(f"""
        Tiers by several metrics
          tiers:
            any_of: {{at_least: {at_least}, metrics: {{spend: {{window: 12 months}}, orders: {{window: 12 months}}, lifetime_spend: {{}}}}}}
            ladder: {{member: 0, gold: {{spend: 5000.00, orders: {orders_needed}, lifetime_spend: 8000.00}}}}
          2024-06-01 10:00 | order O0 {long_ago} | reserved 0
{months}
          2026-10-10 10:00 | order O10 520.00 | tier {tier}
    """)
    )


def test_T078_buying_and_giving_back_ten_times_leaves_nothing() -> None:
    rounds = "\n".join(
        f"          2026-02-{day:02} 10:00 | order O{day} 100.00 | available 150\n"
        f"          2026-02-{day:02} 18:00 | return T{day} of O{day} | available 0; debt 0; tier member"
        for day in range(1, 11)
    )
    tell(
        parse_story(f"""
        Ten times bought and given back
          earn:
            base: {{on: order, points: {{rate: 1, per: 1.00, mode: proportional}}}}
            first: {{on: order, when: {{orders_before: 0}}, points: {{fixed: 50}}, once: member}}
          tiers: {{metric: {{spend: {{window: 12 months}}}}, ladder: {{member: 0, silver: 100.00, gold: 1000.00}}}}
{rounds}
          2026-03-01 10:00 | order O99 99.99 | EARNED 99 base; EARNED 50 first; tier member
          2026-03-02 10:00 | order O100 0.01 | TIER_CHANGED member>silver basis=10000; tier silver
    """)
    )


@pytest.mark.parametrize("turn", [(1, 2, 3), (1, 3, 2), (2, 1, 3), (2, 3, 1), (3, 1, 2), (3, 2, 1)])
def test_T072_any_order_of_three_returns_takes_back_all_hundred_points(turn: tuple[int, int, int]) -> None:
    rows = "\n".join(f"          2026-01-0{day} 10:00 | return T{day} of O1: {line} x1 | debt 0" for day, line in enumerate(turn, 2))
    tell(
        parse_story(f"""
        Three returns
          2026-01-01 10:00 | order O1: tea 33.33, milk 33.33, rice 33.34 | EARNED 100 base
{rows}
          2026-01-09 10:00 | - | available 0; clawed_back 100; debt 0
    """)
    )
