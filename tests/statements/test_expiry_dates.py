"""When points lapse: the tables of dates of T036 to T044. Each row is an order and the instant at which its points are gone."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from tests.statements.story import parse_story
from tests.statements.telling import Telling

MICROSECOND = timedelta(microseconds=1)


def check_life(expires: str, earned: str, gone: str) -> None:
    """The lot carries the instant; a microsecond before it the points are there, at it they are not."""
    last = datetime.fromisoformat(gone) - MICROSECOND
    story = parse_story(f"""
        A lot lives until its instant
          wallets: {{points: {{expires: {{{expires}}}}}}}
          {earned} | order O1 100.00 | lots 100@{gone.replace(" ", "T")}
          {last} | - | available 100; quiet
          {gone} | - | EXPIRED -100 at={gone.replace(" ", "T")} cause=timer; available 0; expired 100
    """)
    for row, outcome in Telling(story).outcomes():
        assert [problem for e in row.then if (problem := outcome.check(e))] == [], row


@pytest.mark.parametrize(
    ("expires", "earned", "gone"),
    [
        ("after: 1 month, round_up_to: day", "2026-01-25 10:00", "2026-02-26"),
        ("after: 0 months, round_up_to: day", "2026-01-25 10:00", "2026-01-26"),
        ("after: 1 month, round_up_to: day", "2026-01-31 10:00", "2026-03-01"),
        ("after: 1 month, round_up_to: day", "2028-01-31 10:00", "2028-03-01"),
        ("after: 1 month", "2026-01-25 10:00", "2026-02-25 10:00"),
        ("after: 1 month", "2026-01-31 10:00", "2026-02-28 10:00"),
        ("after: 1 month", "2028-01-31 10:00", "2028-02-29 10:00"),
    ],
)
def test_T036_a_month_ends_on_the_same_day_or_the_last_one(expires: str, earned: str, gone: str) -> None:
    check_life(expires, earned, gone)


@pytest.mark.parametrize(
    ("period", "gone"),
    [
        ("week", "2026-03-02"), ("month", "2026-03-01"), ("quarter", "2026-04-01"), ("half_year", "2026-07-01"), ("year", "2027-01-01"),
    ],
)  # fmt: skip
def test_T037_a_life_is_rounded_up_to_the_end_of_its_period(period: str, gone: str) -> None:
    check_life(f"after: 1 month, round_up_to: {period}", "2026-01-25 10:00", gone)


def test_T038_twelve_months_to_the_end_of_the_month() -> None:
    check_life("after: 12 months, round_up_to: month", "2020-07-06 12:00", "2021-08-01")


@pytest.mark.parametrize(
    ("expires", "gone"),
    [("after: end of month", "2026-02-01"), ("after: end of year", "2027-01-01"), ("after: 1 year, round_up_to: year", "2028-01-01")],
)
def test_T039_to_the_end_of_the_month_of_this_year_or_of_the_next(expires: str, gone: str) -> None:
    check_life(expires, "2026-01-22 09:00", gone)


@pytest.mark.parametrize("earned", ["2025-01-01 00:00", "2025-06-15 18:30", "2025-12-31 21:00"])
def test_T040_points_of_a_year_are_cleared_together_at_the_end_of_the_next(earned: str) -> None:
    check_life("after: 1 year, round_up_to: year", earned, "2027-01-01")


@pytest.mark.parametrize(("after", "gone"), [("1 year", "2027-01-25 10:00"), ("6 months", "2026-07-25 10:00"), ("2 years", "2028-01-25 10:00")])
def test_T041_a_year_half_a_year_or_two_years_from_each_order(after: str, gone: str) -> None:
    check_life(f"after: {after}", "2026-01-25 10:00", gone)


@pytest.mark.parametrize(
    ("expires", "gone"),
    [
        ("after: 3 days", "2024-03-04 16:30"),
        ("after: 3 calendar days", "2024-03-04 16:30"),
        ("after: 3 days, round_up_to: day", "2024-03-05"),
    ],
)
def test_T042_days_keep_the_time_of_day(expires: str, gone: str) -> None:
    check_life(expires, "2024-03-01 16:30", gone)


@pytest.mark.parametrize(
    ("after", "earned", "gone"),
    [
        ("365 days", "2020-01-05 08:00", "2021-01-04 08:00"),
        ("1 year", "2020-01-05 08:00", "2021-01-05 08:00"),
        ("365 days", "2020-08-10 08:00", "2021-08-10 08:00"),
        ("1 year", "2020-08-10 08:00", "2021-08-10 08:00"),
    ],
)
def test_T044_a_year_is_not_365_days(after: str, earned: str, gone: str) -> None:
    check_life(f"after: {after}", earned, gone)
