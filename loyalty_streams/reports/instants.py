"""Instants of reports: what was asked for to microseconds UTC and back, months of the programme's zone."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import ClassVar, TypeAlias
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from loyalty_streams.core.codes import DAY, MICROS, NEVER

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
LAST = (datetime(9999, 12, 30, tzinfo=UTC) - EPOCH) // MICROSECOND
END = (datetime(2170, 1, 1, tzinfo=UTC) - EPOCH) // MICROSECOND
"""Facts and calendars lie in 1970 to 2169."""
Ints = npt.NDArray[np.int64]
When: TypeAlias = datetime | date | str
"""An instant: an aware datetime, ISO 8601 with an offset, or a date (the start of that day in the programme's zone)."""
_TEXT = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:Z|[+-]\d\d:?\d\d))?", re.ASCII)

__all__ = ["DAY", "MICROS", "InstantError", "When", "at_of", "day_text", "instant_text", "iso", "local", "micros", "month_bounds", "shift_months"]


class InstantError(ValueError):
    """What was given is no instant."""

    code: ClassVar[str] = "BAD_TIME"
    usage: ClassVar[bool] = True

    def __init__(self, given: object) -> None:
        super().__init__(f"`{given}` is no time here: ISO 8601 with an offset, such as 2026-06-13T10:00:00+08:00, or a date, in 1970 to 2169")


def at_of(when: When, zone: ZoneInfo) -> int:
    """Microseconds UTC of what was asked for. Raises InstantError; a wall time without an offset is never guessed."""
    if isinstance(when, str):
        if not _TEXT.fullmatch(when):
            raise InstantError(when)
        try:
            when = datetime.fromisoformat(when) if len(when) > 10 else date.fromisoformat(when)
        except ValueError:
            raise InstantError(when) from None
    moment = when if isinstance(when, datetime) else datetime.combine(when, time(), zone)
    if moment.tzinfo is None:
        raise InstantError(when)
    at = micros(moment.astimezone(UTC))
    if not 0 <= at < END:
        raise InstantError(when)
    return at


def micros(moment: datetime) -> int:
    """An aware datetime as microseconds UTC."""
    return (moment - EPOCH) // MICROSECOND


def local(at: int, zone: ZoneInfo) -> datetime:
    return (EPOCH + timedelta(microseconds=at)).astimezone(zone)


def iso(at: int | None) -> str | None:
    """ISO 8601 in UTC with a `Z`; None for an instant that does not come."""
    if at is None or not -LAST < at < LAST:
        return None
    text = (EPOCH + timedelta(microseconds=at)).isoformat().replace("+00:00", "Z")
    return text


def instant_text(at: int, zone: ZoneInfo) -> str:
    """An instant as people read it, in the programme's zone, to the minute; `never` for one that does not come."""
    return "never" if at >= min(NEVER, LAST) else local(at, zone).strftime("%Y-%m-%d %H:%M")


def day_text(at: int, zone: ZoneInfo) -> str:
    return "never" if at >= min(NEVER, LAST) else local(at, zone).strftime("%Y-%m-%d")


def shift_months(at: int, months: int, zone: ZoneInfo) -> int:
    """The same wall instant some months on or back, the day clipped to the month's end.

    A wall time that clocks skip is the instant after the gap by the same offset; one that comes twice is the first.
    """
    wall = local(at, zone).replace(tzinfo=None)
    month = wall.year * 12 + wall.month - 1 + months
    year, month = divmod(month, 12)
    first_of_next = datetime(year + month // 11, (month + 1) % 12 + 1, 1)
    day = min(wall.day, (first_of_next - timedelta(days=1)).day)
    return micros(wall.replace(year=year, month=month + 1, day=day, tzinfo=zone, fold=0).astimezone(UTC))


def month_bounds(first: int, last: int, zone: ZoneInfo) -> tuple[Ints, list[str]]:
    """Starts of the calendar months from the one of `first` to the one of `last`, and their names `YYYY-MM`."""
    start, end = local(first, zone), local(last, zone)
    months = range(start.year * 12 + start.month - 1, end.year * 12 + end.month)
    starts = [datetime(k // 12, k % 12 + 1, 1, tzinfo=zone) for k in months]
    return np.array([micros(s.astimezone(UTC)) for s in starts], np.int64), [f"{s:%Y-%m}" for s in starts]
