"""A time zone and the calendar as tables of integers: transitions of the zone, starts of months."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from loyalty_streams.core.codes import MICROS, NEVER

EPOCH, MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
LAST_YEAR = 2170
"""Transitions are known up to the start of this year; from there on the last offset holds."""
SPAN_DAYS = (date(LAST_YEAR, 1, 1) - date(1970, 1, 1)).days
STEP_DAYS = 5
"""No zone has changed its clocks twice within so many days since 1970; the shortest summer times (Gaza, Brazil's north-east) lasted seven."""
Int64s = npt.NDArray[Any]


@lru_cache(maxsize=32)
def transitions(name: str) -> tuple[tuple[int, int], ...]:
    """Instants at which the zone's offset changes, and the offset from then on, both in microseconds; the first one at -NEVER.

    Equal offsets at both ends of a step mean that no change lies between, see STEP_DAYS.
    """
    zone, step = ZoneInfo(name), timedelta(days=STEP_DAYS)
    moment, before = EPOCH, _offset(zone, EPOCH)
    out = [(-NEVER, before // MICROSECOND)]
    for _ in range(SPAN_DAYS // STEP_DAYS):
        offset = _offset(zone, moment + step)
        if offset != before:
            out.append((_first_change(zone, moment, before), offset // MICROSECOND))
            before = offset
        moment += step
    return tuple(out)


def _offset(zone: ZoneInfo, moment: datetime) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta()


def _first_change(zone: ZoneInfo, moment: datetime, before: timedelta) -> int:
    """The second within the step after `moment` at which the offset changes, in microseconds."""
    low, high = 0, STEP_DAYS * 86_400
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(zone, moment + timedelta(seconds=middle)) == before:
            low = middle
        else:
            high = middle
    return (moment - EPOCH) // MICROSECOND + high * MICROS


@lru_cache(maxsize=1)
def month_starts(months: int) -> Int64s:
    """The day number (since 1970-01-01) on which each month since January 1970 begins."""
    firsts = np.arange(months).astype("datetime64[M]").astype("datetime64[D]")
    return firsts.astype(np.int64)

