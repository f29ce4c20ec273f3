"""Calendar arithmetic by the standard library: instants are microseconds UTC, wall times are naive datetimes of one
zone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from loyalty_streams.core.codes import DAY, NEVER

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EXACT = {
    "day": DAY,
    "week": 7 * DAY,
    "hour": DAY // 24,
    "h": DAY // 24,
    "minute": 60_000_000,
    "min": 60_000_000,
    "second": 1_000_000,
    "s": 1_000_000,
}


@dataclass(frozen=True)
class Span:
    """A length of time: calendar months, then calendar days, then exact microseconds; `end` rounds up to the end of
    a period."""

    months: int = 0
    days: int = 0
    exact: int = 0
    end: str = ""

    def __add__(self, other: Span) -> Span:
        return Span(self.months + other.months, self.days + other.days, self.exact + other.exact, self.end or other.end)

    def times(self, k: int) -> Span:
        return Span(self.months * k, self.days * k, self.exact * k, self.end)


def span(text: str) -> Span:
    """`14 days`, `5 calendar days`, `12 months`, `1 year`, `2 weeks`, `15 minutes`, `end of month`."""
    if text.startswith("end of "):
        return Span(end=text.removeprefix("end of "))
    match = re.fullmatch(r"(\d+) ?(calendar day|[a-z]+?)s?", text)
    if match is None:
        raise ValueError(text)
    count, unit = int(match[1]), match[2] or "s"
    if unit in ("month", "year"):
        return Span(months=count * (12 if unit == "year" else 1))
    if unit == "calendar day":
        return Span(days=count)
    return Span(exact=count * EXACT[unit])


@lru_cache(maxsize=200_000)
def wall(t: int, zone: ZoneInfo) -> datetime:
    """What a clock on the wall shows at an instant."""
    return (EPOCH + timedelta(microseconds=t)).astimezone(zone).replace(tzinfo=None)


@lru_cache(maxsize=200_000)
def instant(w: datetime, zone: ZoneInfo) -> int:
    """The instant of a wall time: the first of a doubled one; of a missing one, the instant after the gap by the
    same offset."""
    return (w.replace(tzinfo=zone, fold=0) - EPOCH) // timedelta(microseconds=1)


def midnight(d: date, zone: ZoneInfo) -> int:
    return instant(datetime.combine(d, time()), zone)


def local_date(t: int, zone: ZoneInfo) -> date:
    return wall(t, zone).date()


def add_months(d: date, months: int) -> date:
    """The same day `months` later, clipped to the month's end."""
    index = d.year * 12 + d.month - 1 + months
    year, month = divmod(index, 12)
    for day in range(d.day, 27, -1):
        try:
            return date(year, month + 1, day)
        except ValueError:
            continue
    return date(year, month + 1, d.day)


def shift(t: int, by: Span, zone: ZoneInfo, sign: int = 1) -> int:
    """The instant `by` later (earlier with sign -1); then to the end of the period where the span says so."""
    if t >= NEVER:
        return t
    if by.months:
        w = wall(t, zone)
        t = instant(datetime.combine(add_months(w.date(), sign * by.months), w.time()), zone)
    if by.days:
        t = instant(wall(t, zone) + timedelta(days=sign * by.days), zone)
    t += sign * by.exact
    return end_of(by.end, t, zone) if by.end else t


def first_day(period: str, d: date) -> date:
    """The first day of the period that contains a day."""
    months = {"month": 1, "quarter": 3, "half_year": 6, "year": 12}
    if period == "day":
        return d
    if period == "week":
        return d - timedelta(days=d.weekday())
    return date(d.year, (d.month - 1) // months[period] * months[period] + 1, 1)


def next_first_day(period: str, d: date) -> date:
    step = {"day": 1, "week": 7, "month": 31, "quarter": 92, "half_year": 184, "year": 366}[period]
    return first_day(period, first_day(period, d) + timedelta(days=step))


def start_of(period: str, t: int, zone: ZoneInfo) -> int:
    return midnight(first_day(period, local_date(t, zone)), zone)


def end_of(period: str, t: int, zone: ZoneInfo) -> int:
    """The end of the period that contains an instant: the first instant of the next one."""
    return midnight(next_first_day(period, local_date(t, zone)), zone)


def birthday_in(year: int, month: int, day: int) -> date:
    """29 February falls on 28 February in other years (T014)."""
    return add_months(date(2000, month, day), (year - 2000) * 12)


@lru_cache(maxsize=200_000)
def rolling_changes(p: int, months: int, zone: ZoneInfo) -> tuple[int, ...]:
    """The instants after p at which a purchase at p leaves (or, at a clipped month's end, enters again) the rolling
    window.

    p is inside at t when shift(t, -months) <= p. That can change only at a midnight, or at the wall time of p.
    """
    w = wall(p, zone)
    around = add_months(w.date(), months)
    candidates: set[int] = set()
    for k in range(-4, 6):
        day = around + timedelta(days=k)
        same = instant(datetime.combine(day, w.time()), zone)
        candidates |= {midnight(day, zone)} | {same + d for d in (0, 1)}
        for hours in (-1, 1):  # where clocks change, the same wall time comes an hour off
            candidates |= {same + hours * (DAY // 24) + d for d in (0, 1)}
        tonight = midnight(day, zone)
        if midnight(day + timedelta(days=1), zone) - tonight != DAY:  # clocks change on this day: at a half hour
            candidates |= {tonight + k * DAY // 48 for k in range(52)}
    out, inside = [], True
    for t in sorted(c for c in candidates if c > p):
        now = shift(t, Span(months=months), zone, -1) <= p
        if now != inside:
            out.append(t)
            inside = now
    return tuple(out)
