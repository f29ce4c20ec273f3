"""A programme as values: the whole language in frozen models. `load` reads them; building them by hand is not meant."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, PlainValidator, WithJsonSchema

from loyalty_streams.core.codes import DAY, Status
from loyalty_streams.programme.earning import Combine, Limit, OrderAmount, Rule
from loyalty_streams.programme.lifecycle import LifecycleField
from loyalty_streams.programme.nodes import Mapping, Text
from loyalty_streams.programme.reading import Fault, Reading, describe, text_of
from loyalty_streams.programme.scalars import Currency, ExactSpan, Instant, Label, Name, OneOf, OneOrMore, Percent, Span, Whole, Words, Zone
from loyalty_streams.programme.section import Section
from loyalty_streams.programme.tiers import Tiers
from loyalty_streams.programme.values import MINUTE, Duration, parse_duration
from loyalty_streams.programme.wallets import Wallet

STATUSES = Literal["active", "suspended", "blocked", "closed", "imported"]
LATER = {
    name: f"the section `{name}` comes with a later release; leave it out until then"
    for name in (
        "benefits",
        "journeys",
        "messages",
        "caps",
        "segments",
        "experiments",
        "challenges",
        "referral",
        "referrals",
        "liability",
        "fraud",
        "pooling",
        "lottery",
    )
}


class Maximum(Section):
    """The most that one redemption may take; the lower of both wins (T058)."""

    points: Annotated[int, Whole(1)] | None = Field(None, description="Points a redemption.")
    share_of_order: Percent | None = Field(None, description="Part of the order that points may pay.")

    @classmethod
    def check_shape(cls, node: Mapping, reading: Reading) -> None:
        if not node:
            reading.report("E-MISSING", "the maximum is empty", node, expected="`points`, `share_of_order` or both")


def _restore(value: Any) -> Duration | None:
    expected = "`original_expiry` or `{grace: 30 days}`"
    if isinstance(value, Text) and value == "original_expiry":
        return None
    if isinstance(value, Mapping) and set(value) == {"grace"}:
        text = text_of(value["grace"], "a duration")
        try:
            duration = parse_duration(text)
        except Fault as fault:
            raise fault.at(text) from None
        if duration.round_up_to:
            raise Fault("E-DURATION", "a length of time is needed here", f"`{text}`", "a duration such as `30 days`").at(text)
        return duration
    raise Fault("E-CHOICE", "not a way to restore points", describe(value), expected).at(value)


_RESTORE_SCHEMA = {
    "anyOf": [
        {"const": "original_expiry"},
        {"type": "object", "required": ["grace"], "additionalProperties": False, "properties": {"grace": {"type": "string"}}},
    ]
}


class Redeem(Section):
    """How points are spent (T057 to T066)."""

    unit: Annotated[int, Whole(1)] = Field(1, description="Points are redeemed in multiples of this.")
    minimum: Annotated[int, Whole(1)] = Field(1, description="The fewest points of a redemption.")
    maximum: Maximum | None = Field(None, description="The most points of a redemption.")
    reserve_for: ExactSpan = Field(Duration(micros=15 * MINUTE), description="How long a reservation holds.")
    restore: Annotated[Duration | None, PlainValidator(_restore), WithJsonSchema(_RESTORE_SCHEMA)] = Field(
        None, description="What a cancelled redemption gives back: the same lots with their expiry, or at least some grace (T065)."
    )
    wallet: Name | None = Field(None, description="The wallet that is spent from; absent: the main wallet.")
    lifetime_at_least: Annotated[int, Whole(0)] = Field(0, description="Points a member must have been issued before the first redemption.")


class Returns(Section):
    """What a return takes back (T069 to T082)."""

    clawback: OneOf[Literal["line_exact", "proportional"]] = Field(
        "line_exact", description="By what the returned lines earned, or by their share of the money."
    )
    policy: OneOf[Literal["debt", "within_balance", "only_pending"]] = Field(
        "debt", description="What happens to points that are spent already (T073)."
    )
    tier_effect: OneOf[Literal["never", "immediate", "end_of_day", "period_end"]] = Field(
        "immediate", description="When a return lowers the tier (T082)."
    )
    within: Span = Field(Duration(micros=90 * DAY), description="How long after the order a return names it.")
    later: OneOf[Literal["refuse", "unlinked"]] = Field(
        "refuse", description="A later return is refused TOO_LATE, or taken back as an unlinked refund."
    )


class Facts(Section):
    """How facts that come late, twice or too early are treated."""

    lateness: ExactSpan = Field(Duration(micros=7 * DAY), description="Facts up to this late are folded at their own instant.")
    remember: ExactSpan = Field(Duration(micros=400 * DAY), description="How long business keys are remembered.")
    unmerge_within: ExactSpan = Field(Duration(micros=90 * DAY), description="How long a merge can be undone.")
    claim_within: ExactSpan = Field(Duration(micros=30 * DAY), description="How long an order without a member can be claimed by its receipt.")
    future_tolerance: ExactSpan = Field(Duration(micros=10 * MINUTE), description="How far a till's clock may be ahead.")
    beyond_lateness: OneOf[Literal["adjust", "refuse"]] = Field("adjust", description="Later facts are booked as adjustments, or dead-lettered.")


class Identity(Section):
    """What happens when two accounts of one person become one (T141)."""

    duplicate_bonus: OneOf[Literal["keep", "dedupe"]] = Field(
        "keep", description="A bonus that is paid once and that both accounts were paid stays and is reported, or the second one is taken back."
    )


class Statuses(Section):
    """Which members earn and redeem (T022)."""

    earn: Annotated[tuple[OneOf[STATUSES], ...], OneOrMore] = Field(("active", "imported"), description="Statuses that earn.")
    redeem: Annotated[tuple[OneOf[STATUSES], ...], OneOrMore] = Field(("active", "imported"), description="Statuses that redeem.")


def status_bits(names: tuple[str, ...]) -> int:
    """A bit set over `codes.Status`."""
    return sum(1 << Status[n.upper()] for n in set(names))


class Programme(Section):
    """One version of one programme."""

    not_yet: ClassVar[dict[str, str]] = LATER

    programme: Name = Field(description="The id of the programme.")
    version: Annotated[int, Whole(1, 30_000)] = Field(description="The number of this version.")
    label: Label | None = Field(None, description="The name shown to members, by language.")
    description: Words | None = Field(None, description="A note for people.")
    effective_from: Instant | None = Field(None, description="From when facts are judged by this version; absent: from the first fact.")
    change: OneOf[Literal["retroactive", "forward_only", "cosmetic"]] = Field(
        "forward_only", description="What the author declares of the change from the version before."
    )
    time_zone: Zone = Field(description="The zone of days, months and local dates.")
    currency: Currency = Field(description="The currency of all amounts, ISO 4217.")
    wallets: dict[Name, Wallet] = Field(description="Wallets by id.")
    order_amount: OrderAmount = Field(default_factory=OrderAmount.model_construct, description="The amount that rules start from.")
    earn: dict[Name, Rule] = Field(default_factory=dict, description="Rules by id. Their order in the file means nothing.")
    combine: Combine = Field(default_factory=Combine.model_construct, description="What happens when rules meet.")
    limits: Annotated[tuple[Limit, ...], OneOrMore] = Field((), description="Limits of the whole programme.")
    redeem: Redeem = Field(default_factory=Redeem.model_construct, description="How points are spent.")
    returns: Returns = Field(default_factory=Returns.model_construct, description="What a return takes back.")
    tiers: Tiers | None = Field(None, description="The tiers that members climb.")
    lifecycle: LifecycleField | None = Field(None, description="Stages of life.")
    facts: Facts = Field(default_factory=Facts.model_construct, description="Late, repeated and early facts.")
    identity: Identity = Field(default_factory=Identity.model_construct, description="Accounts that become one.")
    statuses: Statuses = Field(default_factory=Statuses.model_construct, description="Who earns and who redeems.")

    @property
    def main_wallet(self) -> str:
        """The wallet that rules pay into: `points`, else the only spendable one, else `redeem.wallet`; empty where none is clear."""
        spendable = [name for name, wallet in self.wallets.items() if wallet.spendable]
        if "points" in spendable:
            return "points"
        if len(spendable) == 1:
            return spendable[0]
        return self.redeem.wallet or ""

    @property
    def redeem_wallet(self) -> str:
        return self.redeem.wallet or self.main_wallet
