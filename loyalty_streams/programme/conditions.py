"""Conditions: `field: value`, `field: [a, b]`, `field: {op: value}`, joined by `all`, `any`, `not`; a tree of values, never code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from dataclasses import field as with_default
from datetime import date
from fractions import Fraction
from typing import Annotated, Any, TypeAlias

from pydantic import PlainValidator, ValidationInfo, WithJsonSchema

from loyalty_streams.core.codes import AttrKind, LineKind
from loyalty_streams.programme.nodes import Mapping, Mark, Node, Sequence, Text
from loyalty_streams.programme.reading import Fault, Reading, describe, nearest, reading_of, words
from loyalty_streams.programme.values import MAX_COUNT, NAME_SCHEMA, parse_duration, parse_instant, parse_money, parse_number

OPERATORS = ("eq", "ne", "in", "not_in", "lt", "lte", "gt", "gte", "between", "exists")
ORDERED = frozenset({"lt", "lte", "gt", "gte", "between"})
JOINS = ("all", "any", "not")
EQUALITY = frozenset({"eq", "ne", "in", "not_in"})

# What a field holds: `code` (text), `money`, `number`, `line_kind`, `tier`, `stage`, `tags`, `birthday`, `attribute`.
FACT_FIELDS = {"channel": "code", "store": "code", "type": "code", "tender": "attribute", "amount": "money"}
LINE_FIELDS = {"category": "code", "sku": "code", "qty": "number", "kind": "line_kind"}
MEMBER_FIELDS = {
    "tier": "tier",
    "stage": "stage",
    "tags": "tags",
    "customer_type": "code",
    "region": "code",
    "birthday_window": "birthday",
    "orders_before": "number",
    "enrolled_days": "number",
}
PROFILE_FIELDS = frozenset({"tier", "customer_type", "region"})
FIELDS = {**FACT_FIELDS, **LINE_FIELDS, **MEMBER_FIELDS}
OPERATORS_OF = {
    "code": EQUALITY | {"exists"},
    "money": frozenset(OPERATORS) - {"exists"},
    "number": frozenset(OPERATORS) - {"exists"},
    "line_kind": EQUALITY,
    "tier": EQUALITY | ORDERED,
    "stage": EQUALITY,
    "tags": EQUALITY,
    "birthday": frozenset({"between"}),
    "attribute": frozenset(OPERATORS),
}
LINE_KINDS = tuple(k.name.lower() for k in LineKind)
ATTRIBUTE_PATTERN = r"attributes\.[^\W_][\w.-]{0,63}"


@dataclass(frozen=True, slots=True)
class Literal:
    """One value of a condition: as written, and as read (`str` where it will be a code or a name). `kind`: of an attribute only."""

    text: str
    value: int | str
    kind: AttrKind | None = None
    mark: Mark = with_default(default=Mark(0, 0), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Leaf:
    """`field op values`. `in`, `not_in` have any number of values, `between` two (both ends included), the others one.

    `exists` has one whose value is 1 or 0. `negated` operators hold for a value that is absent.
    """

    field: str
    op: str
    values: tuple[Literal, ...]
    mark: Mark = with_default(default=Mark(0, 0), compare=False, repr=False)

    @property
    def kind(self) -> str:
        return FIELDS.get(self.field, "attribute")

    def __str__(self) -> str:
        return f"{self.field} {self.op} {', '.join(v.text for v in self.values)}"


@dataclass(frozen=True, slots=True)
class All:
    parts: tuple[Condition, ...]

    def __str__(self) -> str:
        return " and ".join(_bracket(p) for p in self.parts)


@dataclass(frozen=True, slots=True)
class AnyOf:
    parts: tuple[Condition, ...]

    def __str__(self) -> str:
        return " or ".join(_bracket(p) for p in self.parts)


@dataclass(frozen=True, slots=True)
class Not:
    part: Condition

    def __str__(self) -> str:
        return f"not {_bracket(self.part)}"


Condition: TypeAlias = Leaf | All | AnyOf | Not


def _bracket(condition: Condition) -> str:
    return f"({condition})" if isinstance(condition, All | AnyOf) else str(condition)


def leaves(condition: Condition | None) -> Iterator[Leaf]:
    """All leaves of a tree, left to right."""
    if isinstance(condition, Leaf):
        yield condition
    elif isinstance(condition, Not):
        yield from leaves(condition.part)
    elif condition is not None:
        for part in condition.parts:
            yield from leaves(part)


class _Parser:
    """Reads one condition; `fields` are those known at its place. Problems are reported and reading goes on."""

    def __init__(self, reading: Reading, fields: dict[str, str], attributes: bool, place: str) -> None:
        self.reading, self.fields, self.attributes, self.place = reading, fields, attributes, place

    def tree(self, node: Node) -> Condition:
        if not isinstance(node, Mapping):
            raise Fault("E-CONDITION", "a condition is a mapping", describe(node), "`field: value`, `all`, `any` or `not`").at(node)
        if not node:
            raise Fault("E-CONDITION", "the condition is empty", "nothing", "`field: value`", "leave it out to mean always").at(node)
        parts = [part for key, value in node.pairs() for part in self.member(key, value)]
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def member(self, key: Text, value: Node) -> list[Condition]:
        if key == "not":
            return [Not(self.tree(value))]
        if key in ("all", "any"):
            if not isinstance(value, Sequence) or not value:
                raise Fault("E-CONDITION", f"`{key}` needs a list of conditions", describe(value), "at least one condition").at(value)
            parts = tuple(self.tree(v) for v in value)
            return [All(parts) if key == "all" else AnyOf(parts)]
        if not self.known(key):
            return []
        return self.field(key, value)

    def known(self, key: Text) -> bool:
        if key in self.fields or (self.attributes and re.fullmatch(ATTRIBUTE_PATTERN, key)):
            return True
        if key in FIELDS or key.startswith("attributes."):
            self.reading.report("E-FIELD-NOT-HERE", f"`{key}` is not known {self.place}", key, f"`{key}`", words(self.fields))
        else:
            expected = words([*self.fields, *JOINS]) + (", or `attributes.NAME`" if self.attributes else "")
            hint = nearest(key, [*self.fields, *JOINS]) or (f"an attribute of the fact is written `attributes.{key}`" if self.attributes else "")
            self.reading.report("E-UNKNOWN-FIELD", f"unknown field `{key}`", key, f"`{key}`", expected, hint)
        return False

    def field(self, key: Text, value: Node) -> list[Condition]:
        if key == "birthday_window":
            return [self.birthday_window(key, value)]
        if isinstance(value, Sequence):
            return [self.leaf(key, "in", value, value)]
        if isinstance(value, Text):
            return [self.leaf(key, "eq", value, value)]
        if not value:
            raise Fault("E-OPERATOR", "no operator", "nothing", words(OPERATORS)).at(value)
        return [self.leaf(key, op, op, operand) for op, operand in value.pairs()]

    def leaf(self, key: Text, op: str, at: Node, operand: Node) -> Leaf:
        name, kind = str(key), self.fields.get(key, "attribute")
        allowed = [o for o in OPERATORS if o in OPERATORS_OF[kind]]
        if op not in allowed:
            message = f"`{op}` does not fit `{key}`" if op in OPERATORS else f"unknown operator `{op}`"
            raise Fault("E-OPERATOR", message, f"`{op}`", words(allowed), nearest(op, allowed)).at(at)
        if op == "exists":
            return Leaf(name, op, (self.truth(operand),), key.mark)
        if op in ("in", "not_in", "between"):
            if not isinstance(operand, Sequence):
                raise Fault("E-TYPE", f"`{op}` needs a list", describe(operand), "two values" if op == "between" else "a list of values").at(operand)
            values = tuple(self.literal(kind, name, v, op) for v in operand)
            self.check_list(op, values, operand)
            return Leaf(name, op, values, key.mark)
        return Leaf(name, op, (self.literal(kind, name, operand, op),), key.mark)

    def check_list(self, op: str, values: tuple[Literal, ...], node: Sequence) -> None:
        if op == "between" and len(values) != 2:
            raise Fault("E-CONDITION", "`between` needs two values", f"{len(values)}", "the lowest and the highest value that hold").at(node)
        if not values:
            raise Fault("E-EMPTY-WINDOW", "nothing is in an empty list", "[]", "at least one value").at(node)
        if op == "between":
            low, high = (v.value for v in values)
            if isinstance(low, int) and isinstance(high, int) and low > high:
                raise Fault("E-EMPTY-WINDOW", "nothing is between these", f"{values[0].text} to {values[1].text}", "the lower value first").at(node)

    def truth(self, node: Node) -> Literal:
        if node not in ("true", "false"):
            raise Fault("E-CHOICE", "`exists` is true or false", describe(node), "`true` or `false`").at(node)
        return Literal(str(node), int(node == "true"))

    def literal(self, kind: str, name: str, node: Node, op: str) -> Literal:
        if not isinstance(node, Text) or (node == "" and not node.quoted):
            raise Fault("E-TYPE", "a single value is needed here", describe(node), "one value").at(node)
        try:
            return replace(self.read(kind, node, op), mark=node.mark)
        except Fault as fault:
            raise fault.at(node) from None

    def read(self, kind: str, text: Text, op: str) -> Literal:
        plain = str(text)
        if plain == "":
            raise Fault("E-CONDITION", "nothing equals the empty text", '`""`', "a value", "`{exists: false}` holds where there is none")
        if kind == "money":
            return Literal(plain, parse_money(plain, self.reading.digits))
        if kind == "number":
            return Literal(plain, parse_number(plain, 0, MAX_COUNT))
        if kind == "line_kind":
            if plain not in LINE_KINDS:
                raise Fault("E-CHOICE", "not a kind of line", f"`{plain}`", words(LINE_KINDS), nearest(plain, LINE_KINDS))
            return Literal(plain, int(LineKind[plain.upper()]))
        if kind == "attribute":
            return self.attribute(text, op)
        return Literal(plain, plain)

    def attribute(self, text: Text, op: str) -> Literal:
        """A plain number, date, instant or truth value is one; everything else, and everything in quotes, is text."""
        plain = str(text)
        if not text.quoted:
            if re.fullmatch(r"-?[0-9]{1,12}(\.[0-9]{1,6})?", plain, re.ASCII):
                return Literal(plain, int(Fraction(plain) * 1_000_000), AttrKind.NUMBER)
            if plain in ("true", "false"):
                return Literal(plain, int(plain == "true"), AttrKind.FLAG)
            if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", plain, re.ASCII):
                parse_instant(plain, self.reading.zone)
                return Literal(plain, (date.fromisoformat(plain) - date(1970, 1, 1)).days, AttrKind.DATE)
            if re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T", plain, re.ASCII):
                return Literal(plain, parse_instant(plain, self.reading.zone), AttrKind.INSTANT)
        if op in ORDERED:
            raise Fault("E-OPERATOR", f"`{op}` needs a number, a date or an instant", describe(text), "a number such as `4`")
        return Literal(plain, plain, AttrKind.TEXT)

    def birthday_window(self, key: Text, node: Node) -> Leaf:
        """`[-3 days, 3 days]`: calendar days round the birthday, both ends included (T014)."""
        expected = "two distances in days, such as `[-3 days, 3 days]`"
        if not isinstance(node, Sequence) or len(node) != 2:
            raise Fault("E-CONDITION", "a birthday window has two ends", describe(node), expected).at(node)
        low, high = (self.distance(v, expected) for v in node)
        if low.value > high.value:  # type: ignore[operator]
            raise Fault("E-EMPTY-WINDOW", "the window is empty", f"{low.text} to {high.text}", "the earlier end first").at(node)
        return Leaf(str(key), "between", (low, high), key.mark)

    def distance(self, node: Node, expected: str) -> Literal:
        match = re.fullmatch(r"([+-]?)([0-9]{1,3} .*)", node) if isinstance(node, Text) else None
        days = -1
        if match:
            duration = _duration_or_none(match[2])
            days = duration if duration is not None else -1
        if not match or not 0 <= days <= 182:
            raise Fault("E-DURATION", "not a distance in days", describe(node), expected).at(node)
        return Literal(str(node), -days if match[1] == "-" else days)


def _duration_or_none(text: str) -> int | None:
    """Whole days of a duration of days or weeks, else None."""
    try:
        duration = parse_duration(text)
    except Fault:
        return None
    day = 86_400_000_000
    if duration.months or duration.round_up_to or duration.micros % day:
        return None
    return duration.calendar_days + duration.micros // day


def _reader(fields: dict[str, str], attributes: bool, place: str) -> PlainValidator:
    def validate(value: Any, info: ValidationInfo) -> Condition:
        return _Parser(reading_of(info), fields, attributes, place).tree(value)

    return PlainValidator(validate)


def _condition(fields: dict[str, str], attributes: bool, place: str, name: str) -> Any:
    return Annotated[Leaf | All | AnyOf | Not, _reader(fields, attributes, place), WithJsonSchema({"x-ref": name})]


LINE_WITH_AMOUNT = {**LINE_FIELDS, "amount": "money"}
PROFILE = {k: v for k, v in MEMBER_FIELDS.items() if k in PROFILE_FIELDS}
WhenCondition = _condition(FIELDS, True, "here", "Condition")
LineCondition = _condition(LINE_WITH_AMOUNT, False, "of a line", "LineCondition")
MemberCondition = _condition(MEMBER_FIELDS, False, "of a member", "MemberCondition")
ProfileCondition = _condition(PROFILE, False, "where expiry is extended", "ProfileCondition")


SCHEMA_NAMES = {
    "code": "TextTest", "money": "MoneyTest", "number": "NumberTest", "line_kind": "LineKindTest", "tier": "TierTest", "stage": "StageTest",
    "tags": "TagsTest", "birthday": "BirthdayWindow", "attribute": "AttributeTest",
}  # fmt: skip


def condition_schemas() -> dict[str, dict[str, Any]]:
    """The `$defs` of the JSON Schema for conditions, by the names that the models refer to."""
    kinds = (
        ("Condition", FIELDS, True),
        ("LineCondition", LINE_WITH_AMOUNT, False),
        ("MemberCondition", MEMBER_FIELDS, False),
        ("ProfileCondition", PROFILE, False),
    )
    tests = {name: _field_schema(kind) for kind, name in SCHEMA_NAMES.items()}
    return {**{name: _tree_schema(name, fields, attributes) for name, fields, attributes in kinds}, **tests}


def _tree_schema(name: str, fields: dict[str, str], attributes: bool) -> dict[str, Any]:
    own = {"x-ref": name}
    joined = {"type": "array", "minItems": 1, "items": own}
    properties: dict[str, Any] = {"all": joined, "any": joined, "not": own}
    properties.update({field: {"x-ref": SCHEMA_NAMES[kind]} for field, kind in fields.items()})
    out: dict[str, Any] = {"type": "object", "minProperties": 1, "additionalProperties": False, "properties": properties}
    if attributes:
        out["patternProperties"] = {rf"^attributes\.{NAME_SCHEMA[1:]}": {"x-ref": SCHEMA_NAMES["attribute"]}}
    return out


def _field_schema(kind: str) -> dict[str, Any]:
    if kind == "birthday":
        return {"type": "array", "minItems": 2, "maxItems": 2, "items": {"type": "string"}, "examples": [["-3 days", "3 days"]]}
    value: dict[str, Any] = {"type": ["string", "number", "boolean"]}
    if kind == "line_kind":
        value = {"type": "string", "enum": list(LINE_KINDS)}
    elif kind in ("number", "money"):
        value = {"type": ["string", "number"]}
    many = {"type": "array", "minItems": 1, "items": value}
    operators: dict[str, Any] = {}
    for op in OPERATORS:
        if op in OPERATORS_OF[kind]:
            operators[op] = {"type": "boolean"} if op == "exists" else many if op in ("in", "not_in") else value
            if op == "between":
                operators[op] = {**many, "minItems": 2, "maxItems": 2}
    return {"anyOf": [value, many, {"type": "object", "minProperties": 1, "additionalProperties": False, "properties": operators}]}
