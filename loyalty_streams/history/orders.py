"""Orders, refunds and cancellations, and their lines: two tables that become one fact each order row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntFlag
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from loyalty_streams.core.codes import FactKind, LineKind
from loyalty_streams.core.facts import DTYPES, LINE_FIELDS, Array
from loyalty_streams.history.attributes import Attributes
from loyalty_streams.history.batch import FactBatch, empty_batch
from loyalty_streams.history.batch import joined as joined_batches
from loyalty_streams.history.identifiers import accounts, empty, members_of
from loyalty_streams.history.keys import joined, order_keys, parts
from loyalty_streams.history.rows import build
from loyalty_streams.history.sheet import INT32, Sheet
from loyalty_streams.history.strings import TEXT, ascending, heads

MOST_LINES = 100_000
SEPARATOR, REVISED = "\x1f", "\x1e"
_KINDS = {"purchase": int(FactKind.ORDER), "refund": int(FactKind.RETURN), "cancellation": int(FactKind.CANCELLATION)}
_LINE_KINDS = {k.name.lower(): int(k) for k in LineKind}


@dataclass(frozen=True, slots=True)
class Orders:
    """Order rows before their lines: `ids` joins them to lines: the order id, and before it and `SEPARATOR` the source where there is one, and the
    revision after `REVISED` where it is not 0.

    `refused` are the ids of rows that were set aside: their lines go with them.
    """

    batch: FactBatch
    ids: Any
    refused: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, rows: Array) -> Orders:
        return replace(self, batch=self.batch.take(rows), ids=self.ids.take(pa.array(rows)))


class Named(IntFlag):
    """What lines say of their order, beside its id."""

    ID = 0
    SOURCE = 1
    REVISION = 2


@dataclass(frozen=True, slots=True)
class Items:
    """Lines as columns. `refused` are the ids of orders with a line that was set aside; `named`: what some line says of its order."""

    ids: Any
    line_no: Array
    line_sku: Array
    line_category: Array
    line_qty: Array
    line_amount: Array
    line_tax: Array
    line_kind: Array
    files: Array
    rows: Array
    refused: tuple[str, ...] = ()
    named: Named = Named.ID

    def __len__(self) -> int:
        return len(self.line_no)

    def take(self, rows: Array) -> Items:
        return replace(self, ids=self.ids.take(pa.array(rows)), **{n: getattr(self, n)[rows] for n in ITEM_COLUMNS})


ITEM_COLUMNS = (*LINE_FIELDS, "files", "rows")


def _join_ids(sheet: Sheet) -> tuple[Any, Any, Array, Any]:
    """(order id, source or None, revision, text to join by)."""
    ids, revision = sheet.ident("order_id"), sheet.integer("revision", 0, INT32)
    source = sheet.ident("source", required=False) if sheet.has("source") else None
    if source is None and not revision.any():
        return ids, None, revision, ids
    nothing = pa.scalar("", TEXT)
    digits = pa.array(revision).cast(pa.string()).cast(TEXT)
    which = pc.if_else(pa.array(revision == 0), nothing, pc.binary_join_element_wise(nothing, digits, pa.scalar(REVISED, TEXT)))
    before = which if source is None else pc.binary_join_element_wise(source, which, nothing)
    return ids, source, revision, pc.if_else(pc.equal(before, ""), ids, pc.binary_join_element_wise(before, ids, pa.scalar(SEPARATOR, TEXT)))


def orders(sheet: Sheet) -> Orders:
    ids, source, revision, join_ids = _join_ids(sheet)
    member = members_of(sheet, required=False)
    at, _ = sheet.instant("occurred_at")
    sheet.currency()
    kind = sheet.choice("kind", _KINDS, default=int(FactKind.ORDER)) if sheet.has("kind") else np.full(sheet.n, int(FactKind.ORDER))
    amount = _signed_amount(sheet, kind)
    attributes = Attributes(sheet)
    tax, untaxed = sheet.money("tax_minor", "tax", default=0)
    sheet.fail((tax < 0) & (kind == FactKind.ORDER), "BAD_SIGN", "tax_minor: not negative in a purchase")
    attributes.flag("@tax_minor", np.abs(tax), ~untaxed)
    attributes.text("@exchange_id", "exchange_id")
    attributes.text("receipt", "receipt")
    if (nameless := empty(member)).any():
        kept = accounts(sheet, "receipt", nameless)
        sheet.fail(nameless & empty(kept), "MISSING", "member_id: a value, or a receipt where nobody is known yet")
        member = pc.if_else(pa.array(nameless), kept, member)
    kind, about = _about(sheet, kind, source)
    points = sheet.integer("points_used", default=0)
    sheet.fail(points < 0, "BAD_SIGN", "points_used: not negative")
    batch = build(
        sheet, kind, at, sheet.arrived(at), member, order_keys(ids, source), abouts=about, attributes=attributes, amount=amount,
        points=points, channel=sheet.code("channel"), store=sheet.code("store"), revisions=revision,
    )  # fmt: skip
    kept, refused = _divide(sheet, join_ids)
    return Orders(batch, kept, refused)


def _divide(sheet: Sheet, ids: Any) -> tuple[Any, tuple[str, ...]]:
    """The ids of the good rows as a column, and those of the refused."""
    if not sheet.refused.any():
        return ids, ()
    good = pa.array(~sheet.refused)
    return ids.filter(good), tuple(t for t in ids.filter(pc.invert(good)).to_pylist() if t)


def _signed_amount(sheet: Sheet, kind: Array) -> Array:
    """The amount without its sign, which must say what the kind says."""
    amount, missing = sheet.money("amount_minor", "amount", default=0)
    sheet.fail(missing & (kind != FactKind.CANCELLATION), "MISSING", "amount: a value")
    sheet.fail((amount < 0) & (kind == FactKind.ORDER), "BAD_SIGN", "amount: not negative in a purchase; a refund says `kind: refund`")
    sheet.fail((amount > 0) & (kind == FactKind.RETURN), "BAD_SIGN", "amount: not positive in a refund")
    return np.abs(amount)


def _about(sheet: Sheet, kind: Array, source: Any) -> tuple[Array, Any]:
    """What an order row speaks of: the original order of a refund or cancellation, else the redemption that paid."""
    about: Any = None
    bought = kind == FactKind.ORDER
    if sheet.has("redemption_id"):
        ids = sheet.ident("redemption_id", required=False)
        about = pc.if_else(pa.array(~bought), "", pc.if_else(pc.equal(ids, ""), "", joined("redemption", parts(ids))))
    if bought.all():
        return kind, about
    original = sheet.ident("original_order_id", required=False)
    named = ~pc.equal(original, "").to_numpy(zero_copy_only=False)
    sheet.fail((kind == FactKind.CANCELLATION) & ~named, "MISSING", "original_order_id: the order that is cancelled")
    exchanged = sheet.code("exchange_id") != 0
    kind = np.where((kind == FactKind.RETURN) & named & exchanged, int(FactKind.EXCHANGE_RETURN), kind)
    back = order_keys(original, source)
    back = pc.if_else(pa.array(bought | ~named), "", back)
    return kind, back if about is None else pc.if_else(pa.array(bought), about, back)


def items(sheet: Sheet) -> Items:
    _, source, revision, ids = _join_ids(sheet)
    amount, _ = sheet.money("line_amount_minor", "line_amount")
    tax, _ = sheet.money("tax_minor", "tax", default=0)
    number = sheet.integer("line_no", largest=INT32)
    sheet.fail(number < 0, "BAD_SIGN", "line_no: not negative")
    found = Items(
        ids, number.astype(np.int32), sheet.code("sku"), sheet.code("category"), sheet.integer("qty", 1, INT32).astype(np.int32), amount,
        tax, sheet.choice("kind", _LINE_KINDS, default=0).astype(np.uint8), np.full(sheet.n, sheet.chunk.file, np.int32), sheet.chunk.rows,
        named=_said(source is not None and pc.any(pc.not_equal(source, "")).as_py() is True, bool(revision.any())),
    )  # fmt: skip
    if not sheet.refused.any():
        return found
    kept, refused = _divide(sheet, ids)
    good = np.flatnonzero(~sheet.refused)
    return replace(found, ids=kept, refused=refused, **{n: getattr(found, n)[good] for n in ITEM_COLUMNS})


def _said(source: bool, revision: bool) -> Named:
    return (Named.SOURCE if source else Named.ID) | (Named.REVISION if revision else Named.ID)


def joined_orders(parts_of: Sequence[Orders]) -> Orders:
    if len(parts_of) == 1:
        return parts_of[0]
    ids = pa.concat_arrays([p.ids for p in parts_of])
    return Orders(joined_batches([p.batch for p in parts_of]), ids, tuple(t for p in parts_of for t in p.refused))


def joined_items(parts_of: Sequence[Items]) -> Items:
    if len(parts_of) == 1:
        return parts_of[0]
    plain = {n: np.concatenate([getattr(p, n) for p in parts_of]) for n in ITEM_COLUMNS}
    refused, named = tuple(t for p in parts_of for t in p.refused), Named.ID
    for p in parts_of:
        named |= p.named
    return Items(pa.concat_arrays([p.ids for p in parts_of]), refused=refused, named=named, **plain)


def no_orders(refused: tuple[str, ...]) -> Orders:
    return Orders(empty_batch(), pa.array([], TEXT), refused)


def no_items(refused: tuple[str, ...]) -> Items:
    none: dict[str, Any] = {name: np.zeros(0, DTYPES[name]) for name in LINE_FIELDS}
    return Items(pa.array([], TEXT), files=np.zeros(0, np.int32), rows=np.zeros(0, np.int64), refused=refused, **none)


@dataclass(frozen=True, slots=True)
class Fault:
    """Rows of orders, or of lines, that cannot stand once both tables are seen: positions, code, what was expected."""

    rows: Array
    code: str
    expected: str
    of_lines: bool = False


def put_together(found: Orders, lines: Items, named: Named) -> tuple[FactBatch, list[Fault]]:
    """Orders with their lines, all rows; and the faults, the first of which counts for each row. `named`: what lines say of their orders."""
    if not len(lines) and not lines.refused:
        return found.batch, []
    ids = _as_named(found.ids, named)
    names, group = _groups(ids)
    owner = _owners(lines.ids, names)
    faults = [*_unknown(owner, lines, found), *_refused_lines(names, group, lines)]
    if (owner < 0).any():
        lines, owner = lines.take(np.flatnonzero(owner >= 0)), owner[owner >= 0]
    step = owner[1:] - owner[:-1]
    if not bool(((step > 0) | ((step == 0) & (lines.line_no[1:] > lines.line_no[:-1]))).all()):
        order = np.lexsort((lines.line_no, owner))
        lines, owner = lines.take(order), owner[order]
    counts = np.bincount(owner, minlength=len(names))
    twice = np.zeros(len(counts), bool)
    twice[owner[1:][(owner[1:] == owner[:-1]) & (lines.line_no[1:] == lines.line_no[:-1])]] = True
    _say(faults, twice[group], "DUPLICATE_LINE", "line numbers that differ within an order")
    _say(faults, (counts > MOST_LINES)[group], "TOO_LARGE", f"at most {MOST_LINES} lines an order")
    batch = _with_lines(found.batch, lines, counts, group)
    return _judged(batch, faults), faults


def _as_named(ids: Any, named: Named) -> Any:
    """The texts that join orders to lines, with no more in them than lines say."""
    if named == Named.SOURCE | Named.REVISION or not pc.any(pc.match_substring(ids, SEPARATOR)).as_py():
        return ids
    if Named.SOURCE not in named:
        ids = pc.replace_substring_regex(ids, f"^[^{REVISED}{SEPARATOR}]*([{REVISED}{SEPARATOR}])", r"\1")
    if Named.REVISION not in named:
        ids = pc.replace_substring_regex(ids, f"{REVISED}[0-9]*", "")
    return pc.replace_substring_regex(ids, f"^{SEPARATOR}", "")


def _groups(ids: Any) -> tuple[Any, Array]:
    """(distinct ids, the number of each row's id among them)."""
    if ascending(ids, strict=True):
        return ids, np.arange(len(ids))
    encoded = ids.dictionary_encode()
    return encoded.dictionary, encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)


def _owners(ids: Any, names: Any) -> Array:
    """The number of each line's order among the distinct ids, -1 for none. Lines of an order mostly stand together, and in order."""
    first = heads(ids)
    distinct = ids if len(first) == len(ids) else ids.take(pa.array(first))
    if distinct.equals(names):
        number = np.arange(len(names))
    else:
        number = pc.index_in(distinct, value_set=names).fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    return number if distinct is ids else np.repeat(number, np.diff(np.append(first, len(ids))))


def _say(faults: list[Fault], bad: Array, code: str, expected: str) -> None:
    if bad.any():
        faults.append(Fault(np.flatnonzero(bad), code, expected))


def _unknown(owner: Array, lines: Items, found: Orders) -> list[Fault]:
    """Lines of no order; those of a refused order are set aside with it and not counted again."""
    rows = np.flatnonzero(owner < 0)
    if not len(rows):
        return []
    refused = {t.rpartition(SEPARATOR)[2] for t in found.refused} | set(found.refused)
    named = lines.ids.take(pa.array(rows)).to_pylist()
    alone = np.array([t not in refused for t in named], bool)
    text = "order_id: an order of this folder"
    return [Fault(rows[alone], "UNKNOWN_ORDER_OF_LINE", text, of_lines=True)] if alone.any() else []


def _refused_lines(names: Any, group: Array, lines: Items) -> list[Fault]:
    if not lines.refused:
        return []
    hit = pc.is_in(names, value_set=pa.array(lines.refused, pa.large_string())).to_numpy(zero_copy_only=False)
    out: list[Fault] = []
    _say(out, hit[group], "BAD_LINE", "every line of the order to be readable")
    return out


def _with_lines(batch: FactBatch, lines: Items, counts: Array, group: Array) -> FactBatch:
    """Each row gets the lines of its group; an id that stands on two rows gives its lines to both."""
    starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    sizes = counts[group]
    at = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    columns = {n: getattr(lines, n) for n in LINE_FIELDS}
    if len(group) != len(counts) or not bool((group == np.arange(len(counts))).all()):
        inner = np.repeat(starts[group] - at[:-1], sizes) + np.arange(at[-1])
        columns = {n: values[inner] for n, values in columns.items()}
    return replace(batch, columns=batch.columns._replace(line_at=at, **columns))


def _judged(batch: FactBatch, faults: list[Fault]) -> FactBatch:
    """Signs and sums of the lines against their order; the lines of refunds and cancellations without their signs."""
    c = batch.columns
    owner = np.repeat(np.arange(len(c.kind)), np.diff(c.line_at))
    bought = (c.kind == FactKind.ORDER)[owner]
    negative = (c.line_amount < 0) | (c.line_qty < 0) | (c.line_tax < 0)
    if negative.any():
        _say(faults, _has(owner, negative & bought, len(batch)), "BAD_SIGN", "lines of a purchase are not negative")
        mixed = _has(owner, c.line_amount < 0, len(batch)) & _has(owner, c.line_amount > 0, len(batch))
        _say(faults, mixed, "BAD_SIGN", "all lines of a refund with one sign")
        back = {n: np.where(bought, getattr(c, n), np.abs(getattr(c, n))) for n in ("line_amount", "line_qty", "line_tax")}
        c = c._replace(**back)
    running = np.concatenate([[0], np.cumsum(c.line_amount)])
    total = running[c.line_at[1:]] - running[c.line_at[:-1]]
    rough = np.concatenate([[0.0], np.cumsum(c.line_amount.astype(np.float64))])
    apart = np.abs((rough[c.line_at[1:]] - rough[c.line_at[:-1]]) - c.amount) > 1e17  # a sum that went round 2^64
    some = c.line_at[1:] > c.line_at[:-1]
    some &= (c.kind != FactKind.CANCELLATION) | (c.amount != 0)
    _say(faults, some & ((total != c.amount) | apart), "SUM_OF_LINES", "lines that add up to the amount of the order")
    return replace(batch, columns=c)


def _has(owner: Array, lines: Array, n: int) -> Array:
    out = np.zeros(n, bool)
    out[owner[lines]] = True
    return out
