"""The single values of the language as pydantic types: each reads text exactly, and knows its JSON Schema."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, Any, TypeVar, get_args

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, PlainValidator, ValidationInfo, WithJsonSchema
from pydantic_core import CoreSchema
from pydantic_core.core_schema import no_info_before_validator_function, no_info_plain_validator_function

from loyalty_streams.core.codes import DAY
from loyalty_streams.programme.nodes import Mapping, Text
from loyalty_streams.programme.reading import Fault, describe, nearest, reading_of, text_of, words
from loyalty_streams.programme.values import (
    DURATION_PATTERN,
    END_PATTERN,
    MAX_COUNT,
    NAME_SCHEMA,
    Duration,
    parse_currency,
    parse_duration,
    parse_fraction,
    parse_instant,
    parse_label,
    parse_money,
    parse_multiplier,
    parse_name,
    parse_number,
    parse_percent,
    parse_rate,
    parse_zone,
)  # fmt: skip


def _reader(parse: Callable[[str], Any], expected: str) -> Callable[[Any], Any]:
    def validate(value: Any) -> Any:
        text = text_of(value, expected)
        try:
            return parse(text)
        except Fault as fault:
            raise fault.at(text) from None

    return validate


def _read(parse: Callable[[str], Any], expected: str) -> PlainValidator:
    return PlainValidator(_reader(parse, expected))


def _read_with(parse: Callable[[str, ValidationInfo], Any], expected: str) -> PlainValidator:
    def validate(value: Any, info: ValidationInfo) -> Any:
        text = text_of(value, expected)
        try:
            return parse(text, info)
        except Fault as fault:
            raise fault.at(text) from None

    return PlainValidator(validate)


def _span(text: str) -> Duration:
    value = parse_duration(text)
    if value.round_up_to:
        raise Fault("E-DURATION", "a length of time is needed here", f"`{text}`", "a duration such as `14 days` or `12 months`")
    return value


def _exact(text: str) -> Duration:
    value = _span(text)
    if not value.exact:
        raise Fault(
            "E-DURATION",
            "a length that is the same every time is needed here",
            f"`{text}`",
            "seconds, minutes, hours, days or weeks",
            f"write days, such as `{30 * max(value.months, 1)} days`" if value.months else "",
        )
    return value


def _days(text: str) -> int:
    value = _span(text)
    if value.months or value.micros % DAY:
        raise Fault("E-DURATION", "whole days are needed here", f"`{text}`", "days or weeks, such as `30 days`")
    return value.calendar_days + value.micros // DAY


def _truth(value: Any) -> bool:
    if value not in ("true", "false"):
        raise Fault("E-CHOICE", "not true or false", describe(value), "`true` or `false`").at(value)
    return bool(value == "true")


def _duration_schema(pattern: str, example: str, title: str = "duration") -> WithJsonSchema:
    return WithJsonSchema({"title": title, "type": "string", "pattern": pattern, "examples": [example]})


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number from `low` to `high`."""

    low: int
    high: int = MAX_COUNT

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return no_info_plain_validator_function(
            _reader(lambda t: parse_number(t, self.low, self.high), f"a whole number from {self.low} to {self.high}")
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "integer", "minimum": self.low, "maximum": self.high}


@dataclass(frozen=True, slots=True)
class Choice:
    """A closed choice of words: those of the Literal that it annotates."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        known = get_args(source)

        def validate(value: Any) -> str:
            text = text_of(value, words(known))
            if text not in known:
                raise Fault("E-CHOICE", "a word that is not known here", f"`{text}`", words(known), nearest(text, known)).at(text)
            return str(text)

        return no_info_plain_validator_function(validate, metadata={"pydantic_js_functions": [lambda *_: {"type": "string", "enum": list(known)}]})


Word = TypeVar("Word")
OneOf = Annotated[Word, Choice()]


def _listed(value: Any) -> Any:
    """One value counts as a list of one."""
    return [value] if isinstance(value, Text | Mapping) else value


END_OR_SPAN = f"{DURATION_PATTERN[:-1]}$|{END_PATTERN}"
_MONEY: dict[str, Any] = {"title": "money", "anyOf": [{"type": "number", "minimum": 0}, {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?$"}]}
_FRACTION: dict[str, Any] = {"anyOf": [{"type": "number", "minimum": 0}, {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+|/[0-9]+)?$"}]}
Span = Annotated[Duration, _read(_span, "a duration such as `14 days`"), _duration_schema(DURATION_PATTERN, "14 days")]
SpanOrEnd = Annotated[Duration, _read(parse_duration, "a duration such as `12 months`"), _duration_schema(END_OR_SPAN, "12 months")]
ExactSpan = Annotated[Duration, _read(_exact, "a duration such as `15 minutes`"), _duration_schema(DURATION_PATTERN, "15 minutes")]
Days = Annotated[int, _read(_days, "days, such as `30 days`"), _duration_schema(r"^[0-9]{1,5} ?(calendar days?|days?|weeks?)$", "30 days", "days")]
Money = Annotated[int, _read_with(lambda t, i: parse_money(t, reading_of(i).digits), "an amount such as `50.00`"), WithJsonSchema(_MONEY)]
Rate = Annotated[Fraction, _read(parse_rate, "points, such as `1`"), WithJsonSchema({"title": "rate", **_FRACTION})]
Multiplier = Annotated[Fraction, _read(parse_multiplier, "`2`, `1.5` or `3/2`"), WithJsonSchema({"title": "multiplier", **_FRACTION})]
Percent = Annotated[
    Fraction,
    _read(parse_percent, "a percentage such as `50 %`"),
    WithJsonSchema({"title": "percentage", "type": "string", "pattern": r"^[0-9]+(\.[0-9]+)? ?%$"}),
]
Instant = Annotated[
    int,
    _read_with(lambda t, i: parse_instant(t, reading_of(i).zone), "an instant with an offset, or a date"),
    WithJsonSchema(
        {
            "title": "instant",
            "type": "string",
            "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(T.+)?$",
            "examples": ["2026-06-19", "2026-06-19T00:00:00+08:00"],
        }
    ),
]
Zone = Annotated[
    str,
    _read(lambda t: str(parse_zone(t)), "a time zone such as `Asia/Shanghai`"),
    WithJsonSchema({"title": "time zone", "type": "string", "examples": ["Asia/Shanghai"]}),
]
Currency = Annotated[
    str, _read(parse_currency, "a currency such as `CNY`"), WithJsonSchema({"title": "currency", "type": "string", "pattern": "^[A-Z]{3}$"})
]
Name = Annotated[str, _read(parse_name, "an id"), WithJsonSchema({"title": "id", "type": "string", "pattern": NAME_SCHEMA})]
Words = Annotated[str, _read(str, "a text"), WithJsonSchema({"type": ["string", "number", "boolean"]})]
Truth = Annotated[bool, PlainValidator(_truth), WithJsonSchema({"type": "boolean"})]
Label = Annotated[
    dict[str, str],
    PlainValidator(parse_label),
    WithJsonSchema({"title": "label", "anyOf": [{"type": "string"}, {"type": "object", "additionalProperties": {"type": "string"}}]}),
]


class _OneOrMore:
    """A list, or a single item that counts as a list of one."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return no_info_before_validator_function(_listed, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        many = handler(schema)
        return {"anyOf": [many["items"], many]}


OneOrMore = _OneOrMore()


def _unit_value(text: str, info: ValidationInfo) -> Fraction:
    try:
        value = parse_fraction(text) * int(10 ** reading_of(info).digits)
    except ValueError:
        value = Fraction(0)
    if not value or max(value.numerator, value.denominator) > 10**9:
        raise Fault("E-MONEY", "not the worth of a point", f"`{text}`", "money above 0, such as `0.01`")
    return value


UnitValue = Annotated[Fraction, _read_with(_unit_value, "money, such as `0.01`"), WithJsonSchema({"title": "money", **_FRACTION})]
"""Minor units a point redeems for; may be finer than the currency, as in 0.01 JPY."""
