"""Which record carries which kind of fact, and which field which value: the tables that `facts` follows in both directions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from loyalty_streams.core.codes import AttrKind, FactKind

SPACE = "loyalty.facts"


class How(Enum):
    """How a value of a fact is written in its field."""

    PLAIN = "as it is"
    ARRIVAL = "null for -1"
    REASON = "the name of a reason, empty for NONE"
    OUTCOME = "the name of an outcome"
    ACTION = "a word in capitals"
    LINES = "records"
    TEXT = "empty where there is none"
    MAYBE = "null where there is none"
    TRUTH = "a boolean, null where there is none"
    DATE = "days since 1970-01-01 for yyyymmdd, null where there is none"
    STATUS = "the name of a status, null where there is none"
    ADJUSTMENT = "the name of an adjustment's action, null where there is none"


@dataclass(frozen=True, slots=True)
class Named:
    """An attribute that has a field of its own, in the kind that the engine reads it in."""

    name: str
    kind: AttrKind
    how: How


@dataclass(frozen=True, slots=True)
class Form:
    """A record and what it carries: `columns` of the fact by field, `attributes` by field; `tags` where it has a field for `@tag`.

    `kinds` are the kinds of fact by the value of the field `chosen_by`; a record of one kind has no such field.
    """

    name: str
    kinds: Mapping[str | bool, FactKind]
    columns: Mapping[str, tuple[str, How]]
    attributes: Mapping[str, Named] = field(default_factory=dict)
    chosen_by: str = ""
    tags: bool = False
    open: bool = True
    order: bool = False

    @property
    def full_name(self) -> str:
        return f"{SPACE}.{self.name}"


def _plain(**columns: str) -> dict[str, tuple[str, How]]:
    return {wire: (column, How.PLAIN) for wire, column in columns.items()}


def _texts(*names: str) -> dict[str, Named]:
    """Texts of the user's, under their own names."""
    return {name: Named(name, AttrKind.TEXT, How.TEXT) for name in names}


def _own(kind: AttrKind, how: How, *names: str) -> dict[str, Named]:
    """The engine's own attributes, under their names without the `@`."""
    return {name: Named(f"@{name}", kind, how) for name in names}


_ONE = ""
_TIMES = {**_plain(key="key", occurred_at="at"), "arrived_at": ("arrived", How.ARRIVAL)}
_COMMON = {**_TIMES, **_plain(member_id="member", channel="channel", store="store"), "refused": ("refuse", How.REASON)}
_ORDER = {**_COMMON, **_plain(amount_minor="amount", points_used="points"), "lines": ("lines", How.LINES)}
_ORDER_ATTRIBUTES = {
    **_own(AttrKind.FLAG, How.MAYBE, "tax_minor"),
    **_own(AttrKind.TEXT, How.TEXT, "exchange_id"),
    **_texts("receipt"),
}
_WALLET = _own(AttrKind.TEXT, How.TEXT, "wallet")
_LOT_TIMES = _own(AttrKind.INSTANT, How.MAYBE, "expires_at", "available_at")

IDENTITY_ACTIONS = ("link", "unlink", "merge", "unmerge", "claim", "erase", "pool", "unpool")
FORMS = (
    Form("OrderCompleted", {_ONE: FactKind.ORDER}, {**_ORDER, **_plain(redemption_key="about")}, _ORDER_ATTRIBUTES, order=True),
    Form(
        "OrderReturned", {False: FactKind.RETURN, True: FactKind.EXCHANGE_RETURN}, {**_ORDER, **_plain(order_key="about")},
        _ORDER_ATTRIBUTES, "exchange", order=True,
    ),
    Form("OrderCancelled", {_ONE: FactKind.CANCELLATION}, {**_ORDER, **_plain(order_key="about")}, _ORDER_ATTRIBUTES, order=True),
    Form("InteractionRecorded", {_ONE: FactKind.INTERACTION}, {**_COMMON, **_plain(type="type", order_key="about")}),
    Form(
        "ProfileChanged", {_ONE: FactKind.PROFILE}, _COMMON,
        {
            **_own(AttrKind.INSTANT, How.MAYBE, "enrolled_at", "tier_since", "tier_until"),
            **_own(AttrKind.FLAG, How.DATE, "birthday"),
            **_own(AttrKind.FLAG, How.STATUS, "status"),
            **_own(AttrKind.TEXT, How.TEXT, "region", "customer_type", "tier"),
            **_texts("source_system"),
        },
        tags=True,
    ),
    Form(
        "IdentityChanged", {_ONE: FactKind.IDENTITY}, {**_COMMON, **_plain(into="about"), "action": ("type", How.ACTION)},
        {**_texts("identifier", "receipt"), **_own(AttrKind.FLAG, How.MAYBE, "share")},
    ),
    Form(
        "RedemptionRequested",
        {k.name: k for k in (FactKind.RESERVE, FactKind.REDEEM, FactKind.REDEEMED, FactKind.CONFIRM, FactKind.RELEASE, FactKind.CANCEL)},
        {**_COMMON, **_plain(redemption_key="about", points="points", order_amount_minor="amount"), "decision": ("outcome", How.OUTCOME)},
        {**_WALLET, **_texts("order_id", "reason")}, "action",
    ),
    Form(
        "AdjustmentRequested", {_ONE: FactKind.ADJUSTMENT}, {**_COMMON, **_plain(points="points")},
        {
            **_own(AttrKind.FLAG, How.ADJUSTMENT, "action"),
            **_own(AttrKind.FLAG, How.TRUTH, "allow_negative"),
            **_own(AttrKind.INSTANT, How.MAYBE, "until"),
            **_own(AttrKind.TEXT, How.TEXT, "tier"),
            **_WALLET, **_LOT_TIMES, **_texts("reason", "operator"),
        },
    ),
    Form(
        "TransferRequested", {_ONE: FactKind.TRANSFER},
        {**_COMMON, **_plain(to_member_id="about", points="points"), "decision": ("outcome", How.OUTCOME)}, _WALLET,
    ),
    Form(
        "OpeningImported", {_ONE: FactKind.OPENING}, {**_COMMON, **_plain(points="points")},
        {**_WALLET, **_LOT_TIMES, **_texts("reason", "source_system")},
    ),
    Form("ClockTicked", {_ONE: FactKind.TICK}, _TIMES, open=False),
)  # fmt: skip
"""The records of facts, in the order of architecture's families: orders, interactions, identities, commands."""

BY_NAME = {form.full_name: form for form in FORMS}
BY_KIND = {kind: (form, value) for form in FORMS for value, kind in form.kinds.items()}
LINE_FIELDS = {
    "line_no": "no", "line_amount_minor": "amount", "sku": "sku", "category": "category", "qty": "qty", "kind": "kind", "tax_minor": "tax",
}  # fmt: skip
"""Columns of a line by field of `OrderLine`; `kind` is written by its name."""
