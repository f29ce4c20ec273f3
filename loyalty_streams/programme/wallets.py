"""Wallets: when points can be spent, when they lapse, in which order they go, and where they roll to."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from loyalty_streams.core.codes import FactKind
from loyalty_streams.programme.conditions import ProfileCondition
from loyalty_streams.programme.nodes import Mapping, Sequence
from loyalty_streams.programme.reading import Reading
from loyalty_streams.programme.scalars import Days, Label, Name, OneOf, Span, SpanOrEnd, Truth, UnitValue, Whole, Words
from loyalty_streams.programme.section import Section, exactly_one, excludes, needs, word_at
from loyalty_streams.programme.values import Duration, Period, with_rounding

ACTIVITIES: dict[str, tuple[FactKind, ...]] = {
    "order": (FactKind.ORDER,),
    "redemption": (FactKind.RESERVE, FactKind.REDEEM, FactKind.REDEEMED, FactKind.CONFIRM),
    "interaction": (FactKind.INTERACTION,),
    "return": (FactKind.EXCHANGE_RETURN, FactKind.RETURN),
}
"""The facts behind each kind of activity that can prolong the life of points (T046)."""


class Pending(Section):
    """When earned points become available: after a time, or at an action (T023, T026, T027)."""

    for_: Span | None = Field(None, alias="for", description="How long points stay pending.")
    until: OneOf[Literal["action"]] | None = Field(None, description="Pending until an interaction activates them.")
    interaction: Words | None = Field(None, description="The type of the interaction that activates.")
    round_up_to: OneOf[Period] | None = Field(None, description="Activation moves to the end of the period that contains it.")
    round_down_to: OneOf[Literal["day"]] | None = Field(None, description="Activation moves to the start of its day.")

    @classmethod
    def check_shape(cls, node: Mapping, reading: Reading) -> None:
        exactly_one(node, reading, "for", "until")
        if "until" in node and "interaction" not in node:
            reading.report(
                "E-NEEDS", "`until: action` needs the interaction that activates", node.key("until"), expected="`interaction: TYPE` beside it"
            )
        needs(node, reading, "interaction", "until")
        excludes(node, reading, "until", "round_up_to", "round_down_to", why="activation is the instant of the action")
        excludes(node, reading, "round_up_to", "round_down_to", why="`round_up_to` already says where activation moves")


class Extension(Section):
    """A longer life for some members; of several that apply the largest wins (T049)."""

    by: Span = Field(description="How much longer the points live.")
    when: ProfileCondition | None = Field(None, description="For whom: a condition on tier, customer_type or region.")


class Expiry(Section):
    """When points lapse (T036 to T049)."""

    not_yet: ClassVar[dict[str, str]] = {"decay": "points that melt away week by week come with a later release; use `after`"}

    after: SpanOrEnd = Field(description="The length of life.")
    from_: OneOf[Literal["earning", "activation", "last_activity"]] = Field("activation", alias="from", description="Where life begins.")
    activities: tuple[OneOf[Literal["order", "redemption", "interaction", "return"]], ...] = Field(
        ("order", "redemption"), description="What counts as activity."
    )
    round_up_to: OneOf[Period] | None = Field(None, description="Expiry moves to the end of the period that contains it.")
    base: OneOf[Literal["purchased_at", "processed_at"]] = Field("purchased_at", description="The instant of the purchase, or of its arrival.")
    not_before_arrival: Days = Field(0, description="Expiry is never earlier than the arrival and this many days.")
    extend: tuple[Extension, ...] = Field((), description="Longer lives for some members.")
    suspend_in: tuple[Name, ...] = Field((), description="Tiers in which points do not lapse.")
    into: Name | None = Field(None, description="The wallet that lapsed points roll into; without it they are gone.")

    @classmethod
    def check_shape(cls, node: Mapping, reading: Reading) -> None:
        if word_at(node, "from") == "last_activity":
            why = "with `from: last_activity` the whole balance lapses at one instant after the last activity"
            for name in ("round_up_to", "base", "not_before_arrival", "extend", "suspend_in"):
                if name in node:
                    reading.report("E-CONFLICT", f"`{name}` has no meaning here: {why}", node.key(name), hint="leave it out")
            if word_at(node, "after").startswith("end of"):
                reading.report("E-CONFLICT", f"`after` must be a length here: {why}", node.key("after"), expected="a duration such as `12 months`")
        elif "activities" in node:
            reading.report("E-NEEDS", "`activities` works only with `from: last_activity`", node.key("activities"))
        if word_at(node, "after").startswith("end of") and "round_up_to" in node:
            reading.report("E-CONFLICT", "`after` already names a period to round up to", node.key("round_up_to"), hint="leave one of them out")


class Matures(Section):
    """Where points go that were pending and became available (T056)."""

    into: Name = Field(description="The wallet that matured points go to.")


class Reinstate(Section):
    """Expired points that staff may bring back (T050)."""

    within: Days = Field(description="How long after expiry points may come back.")


def _none_is_absent(value: Any) -> Any:
    return None if value == "none" else value


SPENDABLE_ONLY = ("pending", "expires", "matures", "consume", "max_balance", "unit_value", "remind", "reinstate")


class Wallet(Section):
    """A balance of points. A wallet that is not spendable has no lots: it follows the points that feed it."""

    label: Label | None = Field(None, description="The name shown to members, by language.")
    spendable: Truth = Field(True, description="Whether points can be redeemed.")
    pending: Annotated[Pending | None, BeforeValidator(_none_is_absent), WithJsonSchema({"anyOf": [{"x-ref": "Pending"}, {"const": "none"}]})] = (
        Field(None, description="When points become available; `none`: at once.")
    )
    expires: Expiry | None = Field(None, description="When points lapse; absent: never.")
    matures: Matures | None = Field(None, description="Pending points that mature roll into another wallet.")
    consume: OneOf[Literal["soonest_expiry", "oldest_earned"]] = Field("soonest_expiry", description="Which lots go first.")
    max_balance: Annotated[int, Whole(1)] | None = Field(None, description="Available and pending points never exceed this by earning.")
    unit_value: UnitValue | None = Field(None, description="Money a point redeems for.")
    remind: tuple[Days, ...] = Field((), max_length=4, description="Reminders this many days before expiry; at most four.")
    reinstate: Reinstate | None = Field(None, description="Expired points may be brought back.")

    @classmethod
    def check_shape(cls, node: Mapping, reading: Reading) -> None:
        if word_at(node, "spendable") == "false":
            for name in (n for n in SPENDABLE_ONLY if n in node):
                reading.report(
                    "E-CONFLICT",
                    f"`{name}` has no meaning in a wallet that is not spendable",
                    node.key(name),
                    hint="leave it out, or make the wallet spendable",
                )
        for name in ("remind", "reinstate"):
            needs(node, reading, name, "expires")
        needs(node, reading, "matures", "pending")
        remind = node.get("remind")
        if isinstance(remind, Sequence) and len({str(v) for v in remind}) < len(remind):
            reading.report("E-CONFLICT", "a reminder stands twice", node.key("remind"))


def life_of(expiry: Expiry) -> Duration:
    """`after` joined with `round_up_to`."""
    return with_rounding(expiry.after, expiry.round_up_to)
