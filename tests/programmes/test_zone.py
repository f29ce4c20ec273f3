"""Time zones as tables: every transition, to the second, from 1970 to 2170."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from loyalty_streams.core.codes import MICROS, NEVER
from loyalty_streams.core.kernel.records import Programme
from loyalty_streams.programme.zone import month_starts, transitions

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def told(name: str, moment: datetime) -> int:
    """The offset that the table gives at an instant, in seconds."""
    at = (moment - EPOCH) // timedelta(microseconds=1)
    return [offset for start, offset in transitions(name) if start <= at][-1] // MICROS


@pytest.mark.parametrize(
    ("name", "year"),
    [
        ("Asia/Gaza", 2011), ("Asia/Gaza", 2040), ("America/Recife", 2000), ("Pacific/Apia", 2011), ("Australia/Lord_Howe", 2026),
        ("Africa/Casablanca", 2030), ("America/New_York", 2017), ("America/New_York", 2150), ("Europe/Berlin", 1980),
        ("America/Havana", 2099), ("Asia/Shanghai", 1988),
    ],
)  # fmt: skip
def test_the_table_of_a_zone_agrees_with_the_zone_at_every_half_hour_of_a_year(name: str, year: int) -> None:
    zone, moment = ZoneInfo(name), datetime(year, 1, 1, tzinfo=UTC)
    table = transitions(name)
    row = max(k for k, (start, _) in enumerate(table) if start <= (moment - EPOCH) // timedelta(microseconds=1))
    while moment.year == year:
        at = (moment - EPOCH) // timedelta(microseconds=1)
        while row + 1 < len(table) and table[row + 1][0] <= at:
            row += 1
        assert timedelta(microseconds=table[row][1]) == moment.astimezone(zone).utcoffset(), moment
        moment += timedelta(minutes=30)


def test_summer_time_of_new_york_began_at_two_in_the_morning_of_12_march_2017() -> None:
    change = datetime(2017, 3, 12, 7, tzinfo=UTC)  # 02:00 at -05:00
    assert told("America/New_York", change - timedelta(microseconds=1)) == -5 * 3600
    assert told("America/New_York", change) == -4 * 3600


@pytest.mark.parametrize("name", ["UTC", "Asia/Shanghai", "America/New_York", "Africa/Casablanca", "Africa/El_Aaiun", "Antarctica/Troll"])
def test_the_table_begins_before_all_time_rises_and_has_room(name: str) -> None:
    instants = [at for at, _ in transitions(name)]
    assert instants[0] == -NEVER
    assert instants == sorted(set(instants))
    assert len(instants) <= Programme["zone_at"].shape[0]


def test_months_begin_on_their_first_day() -> None:
    starts = month_starts(2400)
    assert [int(starts[k]) for k in (0, 1, 2)] == [0, 31, 59]
    for year, month in ((1972, 3), (2000, 3), (2026, 1), (2100, 3), (2169, 12)):
        assert EPOCH + timedelta(days=int(starts[(year - 1970) * 12 + month - 1])) == datetime(year, month, 1, tzinfo=UTC)
