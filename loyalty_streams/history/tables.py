"""The tables of a history folder and their columns."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Table:
    """`required` columns must be in the file (a tuple: any one of them); `keeps` says that unknown columns become attributes; `beside` are for
    people who read the file, and part of no fact.
    """

    name: str
    required: tuple[str | tuple[str, ...], ...]
    optional: tuple[str, ...] = ()
    keeps: bool = False
    beside: tuple[str, ...] = ()

    @property
    def known(self) -> frozenset[str]:
        names = {n for r in self.required for n in ((r,) if isinstance(r, str) else r)}
        return frozenset(names | set(self.optional) | set(self.beside) | {"arrived_at"})


_MEMBER = ("member_id", "card", "phone", "open_id", "identifier")
"""Whose a row is: the first of these that it gives (T136)."""
_ALL = (
    Table(
        "orders", ("order_id", (*_MEMBER, "receipt"), "occurred_at", ("amount_minor", "amount"), "currency"),
        ("channel", "store", "kind", "original_order_id", "revision", "source", "tax_minor", "tax", "redemption_id", "points_used",
         "exchange_id"),
    ),
    Table(
        "items", ("order_id", "line_no", ("line_amount_minor", "line_amount")),
        ("sku", "category", "qty", "kind", "tax_minor", "tax", "source", "revision"),
    ),
    Table("interactions", (_MEMBER, "occurred_at", "type"), ("interaction_id", "channel", "store"), keeps=True),
    Table(
        "members", ("member_id",),
        ("occurred_at", "enrolled_at", "birthday", "phone", "card", "open_id", "identifier", "email", "tags", "region", "customer_type", "status",
         "tier", "tier_since", "tier_until", "stored_value_minor", "stored_value", "source_system"),
        keeps=True,
    ),
    Table(
        "openings", (_MEMBER, "points", "earned_at", "expires_at"), ("wallet", "available_at", "reason", "source_system", "row_id"),
    ),
    Table(
        "adjustments", ("adjustment_id", _MEMBER, "occurred_at", "points", "reason", "operator"),
        ("wallet", "allow_negative", "expires_at", "available_at", "action", "tier", "until"),
        beside=("before", "after", "left", "why_en", "why_zh"),
    ),
    Table("identities", ("member_id", "occurred_at", "action"), ("identifier", "into", "receipt", "share")),
    Table(
        "redemptions", ("redemption_id", _MEMBER, "occurred_at", "points"),
        ("order_id", "order_amount_minor", "order_amount", "action", "decision", "reason", "refused", "channel", "store", "wallet"),
    ),
    Table("transfers", ("transfer_id", "occurred_at", "from", "to", "points"), ("wallet", "decision", "reason", "refused")),
)  # fmt: skip
TABLES = {table.name: table for table in _ALL}

FEW = ("channel", "store", "currency", "kind", "category", "sku", "type", "action", "region", "customer_type", "status", "tier")
"""Columns of few distinct texts, which Parquet gives as dictionaries."""
