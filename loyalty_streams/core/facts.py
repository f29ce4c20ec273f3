"""Facts: values at the edges (`Fact`, `Line`, `Attribute`), columns inside (`Columns`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from loyalty_streams.core.codes import ATTR, AttrKind, FactKind, LineKind, Outcome, Reason, code_of

Array = npt.NDArray[Any]
RANK = np.arange(len(FactKind) + 1, dtype=np.int64)
RANK[[FactKind.REDEEM, FactKind.REDEEMED]] = FactKind.RESERVE
"""Of the facts of an instant, which kind comes first: reserve, redeem and redeemed share a rank; otherwise the number of the kind is its rank."""
RECEIPT, ERASED = "receipt:", "erased:"
"""How accounts begin that nobody outside names: that of a receipt keeps what was bought without a member, and the claims of it; the other is what
an erased member is called."""
WHOLE = 100_00
"""All of something, in hundredths of a percent."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an order, or of a return: what was bought or brought back.

    `amount` and `tax` are minor units of the programme's currency, both positive in a return as well; `qty` is in units.
    """

    no: int
    amount: int
    sku: str = ""
    category: str = ""
    qty: int = 1
    kind: LineKind = LineKind.GOODS
    tax: int = 0


@dataclass(frozen=True, slots=True)
class Attribute:
    """A named value that a fact carries: `value` is text for TEXT, otherwise an integer as `AttrKind` says.

    Names that begin with `@` are the engine's own (`codes.ATTRIBUTES`): `@birthday` (FLAG: yyyymmdd as a plain integer), `@tag`
    (TEXT, one row a tag), `@status` (FLAG: a `Status`), `@action` (FLAG: an `Action`), `@wallet`, `@tier`, `@region`, `@customer_type`,
    `@exchange_id` (TEXT), `@tier_since`, `@tier_until`, `@expires_at`, `@available_at`, `@until`, `@enrolled_at` (INSTANT),
    `@allow_negative` (FLAG), `@tax_minor` (FLAG: the plain integer), `@share` (FLAG: hundredths of a percent).
    """

    name: str
    kind: AttrKind
    value: int | str


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that happened to one member. Times are microseconds UTC, money minor units, points integers.

    `key` is the whole business key, for example `order/O1`; `about` is the key of what the fact speaks of: the order of a return
    (empty: an unlinked refund), `redemption/R1` of every redemption fact and of an order paid with it, the order an interaction names; of a
    link, merge, claim or transfer it is the other member, of who joins or leaves a pool the pool. A fact of a receipt's account has the number
    of the receipt as its attribute `receipt`.
    `amount` is the order's amount, the (positive) amount of a return, the order amount a redemption was asked for with.
    `points` are the points asked for, adjusted, or of an order the points that paid part of it (`points_used`).
    `refuse` is a reason the agent has already found (for example MEMBER_MISMATCH): the fold writes the refusal.
    """

    kind: FactKind
    member: str
    key: str
    at: int
    arrived: int = -1
    about: str = ""
    amount: int = 0
    points: int = 0
    channel: str = ""
    store: str = ""
    type: str = ""
    outcome: Outcome = Outcome.NONE
    lines: tuple[Line, ...] = ()
    attributes: tuple[Attribute, ...] = ()
    refuse: Reason = Reason.NONE


class Columns(NamedTuple):
    """Facts as columns, the only form the kernel reads. Row i has lines `line_at[i]:line_at[i+1]`, attributes `attr_at[i]:attr_at[i+1]`.

    Codes (`ref`, `about`, `channel`, `store`, `type`, `line_sku`, `line_category`, `attr_name`, TEXT values) are `code_of` values, 0 for none.
    """

    kind: Array
    at: Array
    arrived: Array
    ref: Array
    about: Array
    amount: Array
    points: Array
    channel: Array
    store: Array
    type: Array
    outcome: Array
    refuse: Array
    line_at: Array
    line_no: Array
    line_sku: Array
    line_category: Array
    line_qty: Array
    line_amount: Array
    line_tax: Array
    line_kind: Array
    attr_at: Array
    attr_name: Array
    attr_kind: Array
    attr_value: Array


DTYPES: dict[str, str] = {
    "kind": "u1", "at": "i8", "arrived": "i8", "ref": "i8", "about": "i8", "amount": "i8", "points": "i8", "channel": "i8",
    "store": "i8", "type": "i8", "outcome": "u1", "refuse": "u1", "line_at": "i8", "line_no": "i4", "line_sku": "i8",
    "line_category": "i8", "line_qty": "i4", "line_amount": "i8", "line_tax": "i8", "line_kind": "u1", "attr_at": "i8",
    "attr_name": "i8", "attr_kind": "u1", "attr_value": "i8",
}
FACT_FIELDS = tuple(n for n in DTYPES if not n.startswith(("line_", "attr_")))
LINE_FIELDS = tuple(n for n in DTYPES if n.startswith("line_") and n != "line_at")
ATTR_FIELDS = tuple(n for n in DTYPES if n.startswith("attr_") and n != "attr_at")


def attribute_code(name: str) -> int:
    """The code of an attribute's name; reserved names begin with `@`."""
    return ATTR[name[1:]] if name.startswith("@") else code_of(name)


def attribute_value(attribute: Attribute) -> int:
    return code_of(attribute.value) if isinstance(attribute.value, str) else attribute.value


def to_columns(facts: Sequence[Fact]) -> Columns:
    """Facts as columns, in the order given. A fact without `arrived` arrives when it occurs."""
    lines = [line for fact in facts for line in fact.lines]
    attributes = [attribute for fact in facts for attribute in fact.attributes]
    rows: dict[str, list[int]] = {
        "kind": [f.kind for f in facts],
        "at": [f.at for f in facts],
        "arrived": [f.arrived if f.arrived >= 0 else f.at for f in facts],
        "ref": [code_of(f.key) for f in facts],
        "about": [code_of(f.about) for f in facts],
        "amount": [f.amount for f in facts],
        "points": [f.points for f in facts],
        "channel": [code_of(f.channel) for f in facts],
        "store": [code_of(f.store) for f in facts],
        "type": [code_of(f.type) for f in facts],
        "outcome": [f.outcome for f in facts],
        "refuse": [f.refuse for f in facts],
        "line_at": offsets([len(f.lines) for f in facts]),
        "line_no": [x.no for x in lines],
        "line_sku": [code_of(x.sku) for x in lines],
        "line_category": [code_of(x.category) for x in lines],
        "line_qty": [x.qty for x in lines],
        "line_amount": [x.amount for x in lines],
        "line_tax": [x.tax for x in lines],
        "line_kind": [x.kind for x in lines],
        "attr_at": offsets([len(f.attributes) for f in facts]),
        "attr_name": [attribute_code(x.name) for x in attributes],
        "attr_kind": [x.kind for x in attributes],
        "attr_value": [attribute_value(x) for x in attributes],
    }
    return Columns(**{name: np.array(rows[name], dtype) for name, dtype in DTYPES.items()})


def offsets(counts: Sequence[int]) -> list[int]:
    """Running sums with a leading zero."""
    out = [0]
    for n in counts:
        out.append(out[-1] + n)
    return out


def empty_columns() -> Columns:
    return to_columns(())


def take_rows(columns: Columns, rows: Array) -> Columns:
    """The given rows, in the given order, with their lines and attributes."""
    out: dict[str, Array] = {name: getattr(columns, name)[rows] for name in FACT_FIELDS}
    for at, fields in (("line_at", LINE_FIELDS), ("attr_at", ATTR_FIELDS)):
        start = getattr(columns, at)
        lo, counts = start[rows], start[rows + 1] - start[rows]
        ends = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        inner = np.repeat(lo - ends[:-1], counts) + np.arange(ends[-1])
        out[at] = ends
        out.update({name: getattr(columns, name)[inner] for name in fields})
    return Columns(**out)


def concatenate(parts: Sequence[Columns]) -> Columns:
    """The rows of all parts, one after the other."""
    if not parts:
        return empty_columns()
    out: dict[str, Array] = {n: np.concatenate([getattr(p, n) for p in parts]) for n in DTYPES if not n.endswith("_at")}
    for at in ("line_at", "attr_at"):
        counts = np.concatenate([np.diff(getattr(p, at)) for p in parts])
        out[at] = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    return Columns(**out)
