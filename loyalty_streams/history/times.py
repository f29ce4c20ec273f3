"""Columns of instants: ISO 8601 with an offset, to microseconds UTC; and wall times of a named zone where the user says which.

A wall time that the clocks skip, or that they show twice, counts by the offset in force before the change: a skipped one is the
instant after the gap by the same offset, a doubled one is the first of the two.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from loyalty_streams.core.codes import DAY, MICROS
from loyalty_streams.core.facts import Array
from loyalty_streams.history.strings import Bytes, texts

FIRST = 0
LAST = int(datetime(2170, 1, 1, tzinfo=UTC).timestamp()) * MICROS - 1
_EPOCH = date(1970, 1, 1).toordinal()
_ISO = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?)? ?(Z|[+-]\d\d(?::?\d\d)?)?\Z", re.ASCII | re.IGNORECASE
)


def instant(text: str, zone: str | None = None) -> int | None:
    """Microseconds UTC of one text, or None where it is no time, or has no offset and no zone is assumed."""
    found = _ISO.match(text)
    if not found:
        return None
    year, month, day, hour, minute, second = (int(g or 0) for g in found.groups()[:6])
    fraction, offset = found.group(7), found.group(8)
    dated_only = found.group(4) is None
    if dated_only and offset is not None:
        return None
    try:
        wall = datetime(year, month, day, hour, minute, second)
    except ValueError:
        return None
    micros = wall_micros(wall) + int((fraction or "0")[:6].ljust(6, "0"))
    if offset is None:
        return None if zone is None else micros - offset_at(zone, wall)
    return _less_offset(micros, offset)


def wall_micros(wall: datetime) -> int:
    return (wall.toordinal() - _EPOCH) * DAY + (wall.hour * 3600 + wall.minute * 60 + wall.second) * MICROS + wall.microsecond


def _less_offset(micros: int, offset: str) -> int | None:
    if offset in "Zz":
        return micros
    hours, minutes = int(offset[1:3]), int(offset[3:].lstrip(":") or 0)
    if hours > 18 or minutes > 59:
        return None
    shift = (hours * 60 + minutes) * 60 * MICROS
    return micros + shift if offset[0] == "-" else micros - shift


def iso(at: int) -> str:
    """`2026-06-01T12:00:00Z` of microseconds UTC, with six decimal places where they are not zero."""
    wall = datetime(1970, 1, 1) + timedelta(microseconds=at)
    return wall.isoformat() + "Z"


def offset_at(zone: str, wall: datetime) -> int:
    """The offset of a wall time in microseconds, by the rule at the head of this file."""
    gap = wall.replace(tzinfo=ZoneInfo(zone), fold=0).utcoffset() or timedelta(0)
    return round(gap.total_seconds()) * MICROS


def day_number(text: str) -> int | None:
    """Days since 1970-01-01 of `YYYY-MM-DD`, or None."""
    if len(text) != 10 or not text.isascii():
        return None
    try:
        return date.fromisoformat(text).toordinal() - _EPOCH if text[4] == "-" else None
    except ValueError:
        return None


@lru_cache(maxsize=100_000)
def _day_offset(zone: str, day: int) -> int | None:
    """The offset of a whole local day, or None where it changes within the day."""
    start = datetime.fromordinal(day + _EPOCH)
    offsets = {offset_at(zone, start + timedelta(hours=h)) for h in range(25)}
    return offsets.pop() if len(offsets) == 1 else None


def from_wall(micros: Array, zone: str) -> Array:
    """Instants of wall times (microseconds as if they were UTC) of a zone."""
    days = micros // DAY
    distinct, at = np.unique(days, return_inverse=True)
    by_day = [_day_offset(zone, d) for d in distinct.tolist()]
    out: Array = micros - np.array([o or 0 for o in by_day], np.int64)[at]
    mixed = np.array([o is None for o in by_day], bool)[at]
    for i in np.flatnonzero(mixed).tolist():
        wall = datetime(1970, 1, 1) + timedelta(microseconds=int(micros[i]))
        out[i] = int(micros[i]) - offset_at(zone, wall)
    return out


def instants(array: Any, zone: str | None) -> tuple[Array, Array, Array]:
    """A column of any type as instants: (microseconds UTC, missing, not a time)."""
    kind = array.type
    if pa.types.is_dictionary(kind):
        array = array.dictionary_decode()
        kind = array.type
    n = len(array)
    missing = pc.is_null(array).to_numpy(zero_copy_only=False) if array.null_count else np.zeros(n, bool)
    if pa.types.is_timestamp(kind):
        values, bad = _from_timestamps(array, kind, zone)
    elif pa.types.is_date(kind) and zone is not None:
        days = array.cast(pa.date32()).cast(pa.int32()).fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)
        values, bad = days * DAY, (days < -(1 << 20)) | (days > 1 << 20)
        values = from_wall(np.where(bad, 0, values), zone)
    elif pa.types.is_string(kind) or pa.types.is_large_string(kind):
        strings = texts(array)
        missing = pc.equal(strings, "").to_numpy(zero_copy_only=False)
        values, bad = parse(strings, zone)
    else:
        values, bad = np.zeros(n, np.int64), np.ones(n, bool)
    bad = (bad | (values < FIRST) | (values > LAST)) & ~missing
    return np.where(bad | missing, 0, values), missing, bad


def _from_timestamps(array: Any, kind: Any, zone: str | None) -> tuple[Array, Array]:
    """Timestamps with a zone are instants; those without are wall times. Finer than microseconds is cut off."""
    raw = array.view(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
    per = {"s": MICROS, "ms": 1_000, "us": 1, "ns": 1}[kind.unit]
    far = np.abs(raw) > (1 << 62) // per
    values = np.where(far, 0, raw) * per
    if kind.unit == "ns":
        values = values // 1_000
    if kind.tz is not None:
        return values, far
    if zone is None:
        return values, np.ones(len(values), bool)
    far |= (values < -DAY) | (values > LAST + DAY)
    return from_wall(np.where(far, 0, values), zone), far


def parse(strings: Any, zone: str | None) -> tuple[Array, Array]:
    """(microseconds UTC, not a time) of strings without nulls: whole columns of one shape at once, the odd ones one by one."""
    raw = Bytes.of(strings)
    n = len(strings)
    values, bad = np.zeros(n, np.int64), np.zeros(n, bool)
    odd = np.ones(n, bool)
    every = np.arange(n)
    for length, rows in raw.groups():
        if not 19 <= length <= 35:
            continue
        where = every[rows]
        matrix = raw.matrix(length, rows)
        for tail, chosen in _shapes(matrix, length):
            if tail == 0 and zone is None:
                continue
            micros, fits = _of_shape(matrix[chosen], length, tail)
            if tail == 0 and zone is not None:
                micros = from_wall(np.where(fits, micros, 0), zone)
            values[where[chosen][fits]] = micros[fits]
            odd[where[chosen][fits]] = False
    for i in np.flatnonzero(odd).tolist():
        value = instant(strings[i].as_py(), zone)
        bad[i] = value is None
        values[i] = value or 0
    return values, bad


def _shapes(matrix: Array, length: int) -> Iterator[tuple[int, Array]]:
    """(length of the offset's text, rows) for `…Z`, `…+HH:MM` and `…` without an offset."""
    last = matrix[:, -1]
    zulu = last == ord("Z")
    numeric = np.zeros(len(matrix), bool)
    if length >= 25:
        sign = matrix[:, -6]
        numeric = ((sign == ord("+")) | (sign == ord("-"))) & (matrix[:, -3] == ord(":")) & ~zulu
    bare = ~zulu & ~numeric
    for tail, rows in ((1, zulu), (6, numeric), (0, bare)):
        if rows.any():
            yield tail, np.flatnonzero(rows)


def _number(digits: Array, first: int, last: int) -> Array:
    out = np.zeros(len(digits), np.int64)
    for k in range(first, last):
        out = out * 10 + digits[:, k]
    return out


_MONTH_DAYS = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] + [0] * 87)


def _of_shape(matrix: Array, length: int, tail: int) -> tuple[Array, Array]:
    """Microseconds of rows `YYYY-MM-DDTHH:MM:SS[.f…]` and an offset of `tail` characters, and which rows are just that."""
    body = length - tail
    digits = matrix - np.uint8(48)
    places = [0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18, *range(20, body)]
    if body == 20 or body > 29:
        return np.zeros(len(matrix), np.int64), np.zeros(len(matrix), bool)
    fits = (digits[:, places] < 10).all(1)
    for at, signs in ((4, "-"), (7, "-"), (10, "T "), (13, ":"), (16, ":")) + (((19, "."),) if body > 19 else ()):
        fits &= np.isin(matrix[:, at], [ord(c) for c in signs])
    year, month, day = _number(digits, 0, 4), _number(digits, 5, 7), _number(digits, 8, 10)
    hour, minute, second = _number(digits, 11, 13), _number(digits, 14, 16), _number(digits, 17, 19)
    leap = (month == 2) & (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    fits &= (day >= 1) & (day <= _MONTH_DAYS[np.minimum(month, 99)] + leap) & (hour < 24) & (minute < 60) & (second < 60)
    micros = _days(year, month, day) * DAY + (hour * 3600 + minute * 60 + second) * MICROS
    if body > 19:
        kept = min(body, 26)
        micros += _number(digits, 20, kept) * 10 ** (26 - kept)
    if tail == 6:
        hours, minutes = _number(digits, length - 5, length - 3), _number(digits, length - 2, length)
        fits &= (digits[:, [length - 5, length - 4, length - 2, length - 1]] < 10).all(1) & (hours <= 18) & (minutes < 60)
        micros -= np.where(matrix[:, length - 6] == ord("-"), -1, 1) * (hours * 60 + minutes) * 60 * MICROS
    return micros, fits


def _days(year: Array, month: Array, day: Array) -> Array:
    """Days since 1970-01-01 in the Gregorian calendar (years count from March, so that 29 February is the last day)."""
    y = year - (month <= 2)
    in_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    days: Array = y * 365 + y // 4 - y // 100 + y // 400 + in_year - 719_468
    return days
