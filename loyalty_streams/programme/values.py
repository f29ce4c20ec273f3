"""Exact values read from text: durations, money, rates, multipliers, percentages, instants, labels, names.

Each `parse_…` takes text and raises `Fault`; each type beside it is the same as an annotated pydantic type with its JSON Schema.
"""

from __future__ import annotations

import re
import zoneinfo
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from typing import Any, Literal, TypeAlias, get_args

from loyalty_streams.core.codes import DAY, MICROS
from loyalty_streams.programme.currencies import MINOR_DIGITS
from loyalty_streams.programme.nodes import Text
from loyalty_streams.programme.reading import Fault, describe, mapping_of, nearest, text_of

Period: TypeAlias = Literal["day", "week", "month", "quarter", "half_year", "year"]
PERIODS: tuple[str, ...] = get_args(Period)
HOUR, MINUTE = DAY // 24, 60 * MICROS
UNITS: dict[str, tuple[int, int, int]] = {  # months, calendar days, microseconds
    "month": (1, 0, 0),
    "year": (12, 0, 0),
    "calendar day": (0, 1, 0),
    "day": (0, 0, DAY),
    "week": (0, 0, 7 * DAY),
    "hour": (0, 0, HOUR),
    "h": (0, 0, HOUR),
    "minute": (0, 0, MINUTE),
    "min": (0, 0, MINUTE),
    "second": (0, 0, MICROS),
    "s": (0, 0, MICROS),
}
UNIT_WORDS = r"(calendar days?|days?|weeks?|months?|years?|hours?|h|minutes?|min|seconds?|s)"
DURATION_PATTERN = rf"^[0-9]{{1,9}} ?{UNIT_WORDS}$"
END_PATTERN = rf"^end of ({'|'.join(PERIODS)})$"
MAX_YEARS = 200
MAX_COUNT = 10**12


@dataclass(frozen=True, slots=True)
class Duration:
    """Calendar months, then calendar days (same time of day), then exact microseconds; `round_up_to` of `end of month` is `month`."""

    months: int = 0
    calendar_days: int = 0
    micros: int = 0
    round_up_to: str | None = None

    def __bool__(self) -> bool:
        return bool(self.months or self.calendar_days or self.micros)

    @property
    def exact(self) -> bool:
        """Whether it is the same length at every instant."""
        return not (self.months or self.calendar_days or self.round_up_to)

    def __str__(self) -> str:
        if self.round_up_to:
            return f"end of {self.round_up_to}"
        if self.months:
            return _count(self.months // 12, "year") if self.months % 12 == 0 else _count(self.months, "month")
        if self.calendar_days:
            return _count(self.calendar_days, "calendar day")
        for unit, size in (("day", DAY), ("hour", HOUR), ("minute", MINUTE)):
            if self.micros % size == 0:
                return _count(self.micros // size, unit)
        return _count(self.micros // MICROS, "second")


def _count(n: int, unit: str) -> str:
    return f"{n} {unit}{'' if n == 1 else 's'}"


def parse_duration(text: str) -> Duration:
    """`14 days`, `5 calendar days`, `12 months`, `1 year`, `2 weeks`, `15 minutes`, `30 s`, `end of month`."""
    if end := re.fullmatch(END_PATTERN, text):
        return Duration(round_up_to=end[1])
    match = re.fullmatch(rf"([0-9]{{1,9}}) ?{UNIT_WORDS}", text, re.ASCII)
    if not match:
        raise Fault(
            "E-DURATION",
            "not a duration",
            f"`{text}`",
            "a whole number and a unit, such as `14 days`, `12 months`, `end of month`",
            _duration_hint(text),
        )
    n, unit = int(match[1]), match[2] if match[2] == "s" else match[2].rstrip("s")
    months, days, micros = (n * part for part in UNITS[unit])
    if months > 12 * MAX_YEARS or days > 366 * MAX_YEARS or micros > 366 * MAX_YEARS * DAY:
        raise Fault("E-DURATION", "the duration is too long", f"`{text}`", f"at most {MAX_YEARS} years")
    return Duration(months, days, micros)


def _duration_hint(text: str) -> str:
    if text.startswith("-"):
        return "a duration is never negative"
    if re.match(r"[0-9]+[.,][0-9]", text):
        return "use a whole number of a smaller unit, such as `36 hours`"
    if re.fullmatch(r"[0-9]+", text):
        return f"name the unit: `{text} days`"
    if re.match(r"P[0-9T]", text):
        return "durations are written in words: `12 months`, not `P12M`"
    return nearest(text.rsplit(maxsplit=1)[-1], [*UNITS, *PERIODS]) if text.split() else ""


def parse_decimal(text: str) -> Fraction:
    """Digits with at most one point, nothing else: `50`, `1.5`. ValueError otherwise."""
    if not re.fullmatch(r"[0-9]{1,15}(\.[0-9]{1,12})?", text, re.ASCII):
        raise ValueError(text)
    return Fraction(text)


def parse_money(text: str, digits: int) -> int:
    """Major units as text to minor units: `50.00` is 5000 in USD, 50 in JPY, 50000 in KWD."""
    try:
        minor = parse_decimal(text) * 10**digits
    except ValueError:
        hint = "write money without signs, commas or currency: `1000.00`"
        raise Fault("E-MONEY", "not an amount of money", f"`{text}`", "digits with an optional point, such as `50.00`", hint) from None
    if minor.denominator != 1:
        raise Fault("E-MONEY", "finer than the currency", f"`{text}`", f"at most {digits} digits after the point")
    if minor > MAX_COUNT * 100:
        raise Fault("E-MONEY", "the amount is too large", f"`{text}`", "at most 1000000000000")
    return int(minor)


def parse_number(text: str, low: int = 0, high: int = MAX_COUNT) -> int:
    if not re.fullmatch(r"[0-9]{1,19}", text, re.ASCII) or not low <= int(text) <= high:
        raise Fault("E-NUMBER", "not a whole number in the allowed range", f"`{text}`", f"a whole number from {low} to {high}")
    return int(text)


def parse_fraction(text: str) -> Fraction:
    """`2`, `1.5` or `3/2`, exact; ValueError otherwise."""
    if re.fullmatch(r"[0-9]{1,9}/[0-9]{1,9}", text, re.ASCII) and int(text.split("/")[1]):
        return Fraction(text)
    return parse_decimal(text)


def parse_multiplier(text: str) -> Fraction:
    try:
        value = parse_fraction(text)
    except ValueError:
        raise Fault("E-MULTIPLIER", "not a multiplier", f"`{text}`", "`2`, `1.5` or `3/2`") from None
    if value < 1:
        raise Fault("E-MULTIPLIER", "a multiplier is never below 1", f"`{text}`", "at least 1", "to pay less, lower the rate instead")
    if value.numerator > 1_000_000:
        raise Fault("E-MULTIPLIER", "the multiplier is too large or too fine", f"`{text}`", "a numerator of at most 1000000")
    return value


def parse_rate(text: str) -> Fraction:
    try:
        value = parse_fraction(text)
    except ValueError:
        raise Fault("E-RATE", "not a rate", f"`{text}`", "points, such as `1`, `1.2` or `1/3`") from None
    if not 0 < value <= 1_000_000:
        raise Fault(
            "E-RATE",
            "the rate is out of range",
            f"`{text}`",
            "above 0 and up to 1000000",
            "a rule that pays nothing is left out" if not value else "",
        )
    return value


def parse_percent(text: str) -> Fraction:
    match = re.fullmatch(r"([0-9.]+) ?%", text, re.ASCII)
    try:
        value = parse_decimal(match[1]) / 100 if match else Fraction(0)
    except ValueError:
        value = Fraction(0)
    if not 0 < value <= 1:
        raise Fault(
            "E-PERCENT",
            "not a percentage",
            f"`{text}`",
            "above `0 %` and up to `100 %`",
            f"did you mean `{text} %`?" if re.fullmatch(r"[0-9]+", text) else "",
        )
    return value


def parse_instant(text: str, zone: zoneinfo.ZoneInfo) -> int:
    """An instant with an offset, or a date (its start in `zone`), in microseconds UTC.

    A start of day that clocks skip is the instant after the gap; one that happens twice is the first.
    """
    expected = "`2026-06-19T00:00:00+08:00`, or a date such as `2026-06-19`"
    try:
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text, re.ASCII):
            moment = datetime.combine(date.fromisoformat(text), time(), zone)
        elif re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})?", text, re.ASCII):
            moment = datetime.fromisoformat(text)
        else:
            raise ValueError(text)
    except ValueError:
        raise Fault("E-INSTANT", "not an instant", f"`{text}`", expected) from None
    if moment.tzinfo is None:
        raise Fault("E-INSTANT", "the instant has no offset", f"`{text}`", expected, f"write the offset: `{text}{_offset_of(moment, zone)}`")
    if not 1970 <= moment.year <= 2100:
        raise Fault("E-INSTANT", "the instant is out of range", f"`{text}`", "a year from 1970 to 2100")
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def _offset_of(moment: datetime, zone: zoneinfo.ZoneInfo) -> str:
    return moment.replace(tzinfo=zone).isoformat()[-6:]


def parse_zone(text: str) -> zoneinfo.ZoneInfo:
    try:
        return zoneinfo.ZoneInfo(text)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        hint = nearest_zone(text)
        raise Fault("E-ZONE", "not a time zone", f"`{text}`", "a name of the IANA database, such as `Asia/Shanghai` or `UTC`", hint) from None


def nearest_zone(text: str) -> str:
    known = {z.lower().replace("-", "_"): z for z in zoneinfo.available_timezones()}
    hint = nearest(text, known)
    return f"did you mean `{known[hint.split('`')[1]]}`?" if hint else ""


def parse_currency(text: str) -> str:
    if text not in MINOR_DIGITS:
        hint = f"did you mean `{text.upper()}`?" if text.upper() in MINOR_DIGITS else ""
        raise Fault("E-CURRENCY", "not a currency", f"`{text}`", "a code of ISO 4217, such as `CNY`", hint)
    return text


NAME_PATTERN = r"[^\W_][\w.-]{0,63}"
NAME_SCHEMA = r"^[^\s!-/:-@\[-`{-~][^\s!-,/:-@\[-^`{-~]{0,63}$"
"""The same as far as a JSON Schema can say it, whose `\\w` is ASCII alone: no blanks, no ASCII punctuation but `-`, `_` and `.`."""


def parse_name(text: str) -> str:
    if not re.fullmatch(NAME_PATTERN, text):
        raise Fault("E-NAME", "not a usable id", describe(text), "letters, digits, `-`, `_` and `.`, beginning with a letter or digit, at most 64")
    return str(text)


def parse_label(value: Any) -> dict[str, str]:
    """`{zh: 积分, en: points}`; a single text counts as English."""
    if isinstance(value, Text):
        return {"en": str(text_of(value))}
    out = {}
    for language, text in mapping_of(value, "a text, or a mapping such as `{zh: 积分, en: points}`").pairs():
        if not re.fullmatch(r"[a-z]{2,3}(-[A-Za-z]{2,4})?", language):
            raise Fault("E-LABEL", "not a language", f"`{language}`", "a code such as `zh` or `en`").at(language)
        out[str(language)] = str(text_of(text))
    return out


def with_rounding(duration: Duration, round_up_to: str | None) -> Duration:
    """`after` and `round_up_to` of one section joined."""
    return replace(duration, round_up_to=round_up_to or duration.round_up_to)
