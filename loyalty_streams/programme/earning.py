"""Earning: the base amount, rules, how they combine, and what limits them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field, PlainValidator, ValidationInfo, WithJsonSchema

from loyalty_streams.programme.conditions import LineCondition, WhenCondition
from loyalty_streams.programme.nodes import Mapping, Sequence, Text
from loyalty_streams.programme.reading import Fault, Reading, describe, nearest, reading_of, text_of
from loyalty_streams.programme.scalars import Instant, Label, Money, Multiplier, Name, OneOf, OneOrMore, Rate, Whole, Words
from loyalty_streams.programme.section import Section, exactly_one, excludes, word_at
from loyalty_streams.programme.values import parse_money, parse_name

Count = Annotated[int, Whole(1)]
LimitPeriod = Literal["day", "week", "month", "quarter", "half_year", "year", "ever"]
WhenShort = OneOf[Literal["partial", "all_or_nothing"]]
SHARED = "limits and budgets shared between members come with a later release; count a member with `scope: member`"
LATER_SCOPES = ("store", "shared", "programme", "session", "code", "referral", "identifier")


class OrderAmount(Section):
    """The amount of an order that rules start from (T005, T006, T011)."""

    tax: OneOf[Literal["included", "excluded"]] = Field("included", description="Whether tax counts.")
    points_tender: OneOf[Literal["net", "gross"]] = Field("net", description="`net`: what was paid with points does not count.")
    exclude: Annotated[tuple[LineCondition, ...], OneOrMore] = Field((), description="Lines that do not count.")
    minimum: Money = Field(0, description="Below this eligible amount, amount rules give nothing.")
    tier_split: OneOf[Literal["before", "split"]] = Field("before", description="The tier that judges an order which crosses a threshold (T013).")


@dataclass(frozen=True, slots=True)
class Trigger:
    """What a rule waits for. `name`: the interaction's type, or the tier reached."""

    kind: Literal["order", "birthday", "enrolment", "interaction", "tier"]
    name: str = ""

    def __str__(self) -> str:
        return f"{self.kind}: {self.name}" if self.name else self.kind


_PLAIN: tuple[Literal["order", "birthday", "enrolment"], ...] = ("order", "birthday", "enrolment")
_NAMED: tuple[Literal["interaction", "tier"], ...] = ("interaction", "tier")
_LATER = ("referral", "challenge", "journey", "segment")


def _trigger(value: Any) -> Trigger:
    expected = "`order`, `birthday`, `enrolment`, `{interaction: TYPE}` or `{tier: NAME}`"
    if isinstance(value, Text):
        for plain in _PLAIN:
            if value == plain:
                return Trigger(plain)
    elif isinstance(value, Mapping) and len(value) == 1:
        key, child = next(value.pairs())
        for named in _NAMED:
            if key == named:
                return Trigger(named, str(text_of(child)))
    word = next(iter(value), "") if isinstance(value, Mapping) else value
    if word in _LATER:
        raise Fault("NOT_YET", f"`on: {word}` is not built yet", f"`{word}`", expected, f"rules that wait for a {word} come with a later release").at(
            value
        )
    hint = nearest(value, [*_PLAIN, *_NAMED]) if isinstance(value, Text) else ""
    raise Fault("E-CHOICE", "not something a rule can wait for", describe(value), expected, hint).at(value)


_TRIGGER_SCHEMA = {
    "anyOf": [
        {"type": "string", "enum": list(_PLAIN)},
        *({"type": "object", "required": [n], "additionalProperties": False, "properties": {n: {"type": "string"}}} for n in _NAMED),
    ]
}


def _per(value: Any, info: ValidationInfo) -> int | str:
    text = text_of(value, "money such as `1.00`, or `unit`")
    if text == "unit":
        return "unit"
    try:
        amount = parse_money(text, reading_of(info).digits)
        if amount == 0:
            raise Fault("E-MONEY", "points per nothing", f"`{text}`", "an amount above 0")
        return amount
    except Fault as fault:
        raise fault.at(text) from None


class Points(Section):
    """How many points: a rate of the amount, or a fixed number (T001, T002, T003)."""

    rate: Rate | None = Field(None, description="Points for each `per` of the amount.")
    per: Annotated[int | str | None, PlainValidator(_per), WithJsonSchema({"title": "money or `unit`", "type": ["number", "string"]})] = Field(
        None, description="The amount one `rate` is for; with `fixed`, `unit` pays each unit of the matching lines."
    )
    mode: OneOf[Literal["proportional", "step"]] | None = Field(
        None, description="`proportional`: floor(rate × amount / per); `step`: rate for each full `per`."
    )
    fixed: Count | None = Field(None, description="A fixed number of points.")

    @classmethod
    def check_shape(cls, node: Mapping, reading: Reading) -> None:
        exactly_one(node, reading, "rate", "fixed")
        if "rate" in node and "fixed" not in node:
            if "per" not in node or word_at(node, "per") == "unit":
                reading.report("E-MISSING", "a rate needs the amount it is for", node, expected="`per: 1.00`")
            if "mode" not in node:
                hint = "10 per full 100.00 pays 20 for 250.00 with `mode: step`, 25 with `mode: proportional`"
                reading.report("E-NO-MODE", "the rate has no mode", node, expected="`mode: proportional` or `mode: step`", hint=hint)
            rate = node.get("rate")
            if word_at(node, "mode") == "step" and isinstance(rate, Text) and not rate.isdigit():
                reading.report("E-RATE", "a step pays whole points", rate, describe(rate), "a whole number")
        elif "fixed" in node:
            excludes(node, reading, "fixed", "mode", why="a fixed number has no mode")
            if "per" in node and word_at(node, "per") != "unit":
                reading.report(
                    "E-CONFLICT", "fixed points are paid once, or per unit", node["per"], describe(node["per"]), "`per: unit`, or no `per`"
                )

    @property
    def per_amount(self) -> int:
        """Minor units that one rate is for; 0 for fixed points."""
        return self.per if isinstance(self.per, int) else 0


class Validity(Section):
    """Half-open: an order at `until` is outside (T012)."""

    from_: Instant | None = Field(None, alias="from", description="The first instant inside.")
    until: Instant | None = Field(None, description="The first instant no longer inside.")

    @classmethod
    def check_shape(cls, node: Mapping, reading: Reading) -> None:
        if "from" not in node and "until" not in node:
            reading.report("E-MISSING", "a validity needs a side", node, expected="`from`, `until` or both")


class RuleLimit(Section):
    """At most so many points, or payments, in a period (T016, T017, T119)."""

    times: Count | None = Field(None, description="How many times the rule pays in a period.")
    points: Count | None = Field(None, description="How many points it pays in a period.")
    per: OneOf[LimitPeriod] = Field(description="The period, in the programme's time zone; `ever`: overall.")
    when_short: WhenShort = Field("partial", description="Pay what is left, or nothing.")

    @classmethod
    def check_shape(cls, node: Mapping, reading: Reading) -> None:
        exactly_one(node, reading, "times", "points")


class Limit(Section):
    """A limit of the whole programme (T118, T125)."""

    times: Count | None = Field(None, description="How many facts are paid in a period.")
    points: Count | None = Field(None, description="How many points are paid in a period.")
    per: OneOf[LimitPeriod] | None = Field(None, description="The period; not needed with `scope: order`.")
    scope: OneOf[Literal["member", "order", "member_and_store"]] = Field("member", description="What is counted together.")
    stores: Annotated[tuple[Words, ...], OneOrMore] = Field((), description="Only orders of these stores count; absent: all.")
    rules: Annotated[tuple[Name, ...], OneOrMore] = Field((), description="Only these rules count; absent: all.")
    when_short: WhenShort = Field("partial", description="Pay what is left, or nothing.")

    @classmethod
    def check_shape(cls, node: Mapping, reading: Reading) -> None:
        scope = word_at(node, "scope", "member")
        if scope in LATER_SCOPES:
            expected = "`member`, `order` or `member_and_store`"
            reading.refuse_whole(node, f"`scope: {scope}` is not built yet", node["scope"], f"`{scope}`", expected, SHARED)
            return
        exactly_one(node, reading, "times", "points")
        if scope == "order":
            excludes(node, reading, "scope", "per", why="an order is one instant")
        elif "per" not in node:
            reading.report("E-MISSING", "the limit has no period", node, expected="`per: day`, …, `per: ever`")


class Budget(Section):
    """Points that a rule may spend altogether; per member until shared budgets are built (T117)."""

    points: Count = Field(description="How many points.")
    scope: OneOf[Literal["member"]] = Field(description="Whose budget it is.")
    when_short: WhenShort = Field("partial", description="Pay what is left, or nothing.")

    @classmethod
    def check_shape(cls, node: Mapping, reading: Reading) -> None:
        if word_at(node, "scope", "shared") in ("shared", *LATER_SCOPES):
            at = node.get("scope", node)
            reading.refuse_whole(node, "a budget shared between members is not built yet", at, describe(at), "`scope: member`", SHARED)


def _also(value: Any) -> str | None:
    expected = "one wallet, such as `{growth: same}`"
    if not isinstance(value, Mapping) or len(value) != 1:
        raise Fault("E-TYPE", "points go into one more wallet at most", describe(value), expected).at(value)
    key, child = next(value.pairs())
    if child != "same":
        raise Fault("E-CHOICE", "only the same number can go into another wallet", describe(child), "`same`").at(child)
    return parse_name(key)


_ALSO_SCHEMA = {"title": "one wallet and `same`", "type": "object", "minProperties": 1, "maxProperties": 1, "additionalProperties": {"const": "same"}}


class Rule(Section):
    """One rule of earning. Its id is what entries name for ever."""

    on: Annotated[Trigger, PlainValidator(_trigger), WithJsonSchema(_TRIGGER_SCHEMA)] = Field(description="What the rule waits for.")
    when: WhenCondition | None = Field(None, description="The condition under which it pays.")
    lines: LineCondition | None = Field(None, description="The lines it applies to; absent: all eligible lines.")
    points: Points | None = Field(None, description="What it pays.")
    multiply: Multiplier | None = Field(None, description="Pays floor(base × (multiply − 1)) more.")
    valid: Validity | None = Field(None, description="When orders must have occurred.")
    priority: Annotated[int, Whole(0, 1_000_000)] = Field(1000, description="Lower goes first.")
    limits: Annotated[tuple[RuleLimit, ...], OneOrMore] = Field((), description="One limit or a list of them.")
    budget: Budget | None = Field(None, description="Points the rule may spend altogether.")
    once: OneOf[Literal["member", "year"]] | None = Field(None, description="At most once a member, or once a calendar year.")
    also: Annotated[str | None, PlainValidator(_also), WithJsonSchema(_ALSO_SCHEMA)] = Field(None, description="The same number into another wallet.")
    into: Name | None = Field(None, description="The wallet it pays into; absent: the main wallet.")
    label: Label | None = Field(None, description="The name shown to members, by language.")
    description: Words | None = Field(None, description="A note for people; never changes what is paid.")

    @classmethod
    def check_shape(cls, node: Mapping, reading: Reading) -> None:
        exactly_one(node, reading, "points", "multiply")
        points = node.get("points")
        fixed = isinstance(points, Mapping) and "fixed" in points
        if isinstance(points, Mapping) and "once" in node and (not fixed or word_at(points, "per") == "unit"):
            reading.report("E-CONFLICT", "only fixed points can be paid once", node.key("once"), expected="`points: {fixed: N}`")
        excludes(node, reading, "multiply", "once", why="only fixed points can be paid once")
        on = node.get("on")
        if on is not None and on != "order" and _is_trigger(on):
            why = f"`on: {on if isinstance(on, Text) else next(iter(on), '')}` has no amount and no lines"
            if "multiply" in node:
                reading.report("E-CONFLICT", f"nothing to multiply: {why}", node.key("multiply"), expected="`points: {fixed: N}`")
            if "lines" in node:
                reading.report("E-CONFLICT", f"`lines` has no meaning here: {why}", node.key("lines"), hint="leave it out")
            if isinstance(points, Mapping) and (not fixed or "per" in points):
                reading.report("E-CONFLICT", why, points, expected="`points: {fixed: N}`")

    @property
    def form(self) -> Literal["proportional", "step", "multiply", "fixed", "per_unit"]:
        """How the rule reckons; the order of decision follows it."""
        if self.points is None:
            return "multiply"
        if self.points.rate is not None:
            return "step" if self.points.mode == "step" else "proportional"
        return "per_unit" if self.points.per == "unit" else "fixed"

    @property
    def is_rate(self) -> bool:
        return self.form in ("proportional", "step")


def _is_trigger(node: Any) -> bool:
    return (isinstance(node, Text) and node in _PLAIN) or (isinstance(node, Mapping) and len(node) == 1 and next(iter(node)) in _NAMED)


class Group(Section):
    """Rules of which only some pay (T009, T121, T123)."""

    members: tuple[Name, ...] = Field(description="The rules.")
    choose: OneOf[Literal["stackable", "highest", "lowest", "by_priority"]] = Field(description="Which of those that would pay do.")
    scope: OneOf[Literal["line", "order"]] = Field("order", description="Whether the choice is made for each line or for the order.")
    limits: Annotated[tuple[RuleLimit, ...], OneOrMore] = Field((), description="Limits that the group shares.")

    @classmethod
    def check_shape(cls, node: Mapping, reading: Reading) -> None:
        members = node.get("members")
        if isinstance(members, Sequence) and len(set(map(str, members))) < len(members):
            reading.report("E-CONFLICT", "a rule stands twice in the group", node.key("members"))


class Combine(Section):
    """What happens when several rules meet."""

    multipliers: OneOf[Literal["additive", "multiplicative", "max"]] | None = Field(None, description="2 × and 3 × make 4 ×, 6 × or 3 × (T122).")
    tier_and_base: OneOf[Literal["override", "stack"]] | None = Field(
        None, description="Whether a rate rule that reads the tier drops the base (T010); `override` by default."
    )
    groups: dict[Name, Group] = Field(default_factory=dict, description="Exclusive groups, by id.")
