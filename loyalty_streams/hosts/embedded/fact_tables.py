"""The facts of a store as the tables of a history, with the decisions given on them: what `ingest` reads, it finds to be the same facts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from loyalty_streams.agents.effective import as_booked, take_facts
from loyalty_streams.agents.families import own_facts
from loyalty_streams.agents.rows import Segments, Text, join_segments
from loyalty_streams.core.codes import AttrKind, FactKind, LineKind, Outcome, Reason, code_of
from loyalty_streams.core.facts import RECEIPT, Array, Attribute, Columns, attribute_code, take_rows
from loyalty_streams.history.batch import NAMES
from loyalty_streams.history.write import value_text
from loyalty_streams.hosts.embedded.ledger_table import all_segments
from loyalty_streams.hosts.embedded.quarantine import with_waiting
from loyalty_streams.hosts.embedded.store import Store
from loyalty_streams.hosts.embedded.words import STRING, instants, integers, of_distinct, of_texts, strings

ORDERS = (FactKind.ORDER, FactKind.RETURN, FactKind.EXCHANGE_RETURN, FactKind.CANCELLATION)
REDEMPTIONS = (FactKind.RESERVE, FactKind.REDEEM, FactKind.REDEEMED, FactKind.CONFIRM, FactKind.RELEASE, FactKind.CANCEL)
LINKS, MERGES, CLAIM = (code_of("link"), code_of("unlink")), (code_of("merge"), code_of("unmerge")), code_of("claim")
POOLS, SHARE = (code_of("pool"), code_of("unpool")), attribute_code("@share")
ORDER_WORDS = {FactKind.ORDER: "purchase", FactKind.CANCELLATION: "cancellation"}
SEPARATE = r"^[a-z]+/(?:(?P<source>[^/]*)/)?(?P<id>[^/]*)$"
"""A business key of one or two parts."""
Table = dict[str, Any]


def fact_tables(store: Store, member_id: str | None = None) -> dict[str, Any]:
    """All facts, or one member's, by table, in order of member and of the fold; those that wait are among them."""
    found: dict[str, list[Any]] = {}
    for ids, segments in with_waiting(store, all_segments(store, member_id), member_id):
        rows = of_outside(join_segments(segments), store)
        for name, table in tables_of(store, ids, rows).items():
            found.setdefault(name, []).append(table)
    return {name: pa.concat_tables(parts, promote_options="default") for name, parts in found.items()}


def of_outside(log: Segments, store: Store) -> Segments:
    """The facts that came from outside, in order, with the decisions given on them; not what other accounts sent."""
    own = own_facts(log)
    if len(own) == len(log.member):
        return as_booked(log, store.lateness)
    nothing = replace(log, entries=log.entries[:0], mends=log.mends[:0])
    return as_booked(take_facts(nothing, own), store.lateness)


def tables_of(store: Store, ids: Sequence[str], rows: Segments) -> dict[str, Any]:
    """The facts of some members; tables without a row are left out."""
    view = _View(store, ids, rows)
    kinds = rows.columns.kind
    found = {
        "orders": view.orders(np.isin(kinds, ORDERS)), "items": view.items(np.isin(kinds, ORDERS)),
        "interactions": view.interactions(kinds == FactKind.INTERACTION), "members": view.members(kinds == FactKind.PROFILE),
        "adjustments": view.adjustments(kinds == FactKind.ADJUSTMENT), "redemptions": view.redemptions(np.isin(kinds, REDEMPTIONS)),
        "identities": view.identities(kinds == FactKind.IDENTITY), "transfers": view.transfers(kinds == FactKind.TRANSFER),
        "openings": view.openings(kinds == FactKind.OPENING),
    }  # fmt: skip
    return {name: pa.table(columns) for name, columns in found.items() if columns and len(next(iter(columns.values())))}


class _View:
    """The rows of a block, and what their columns are made of."""

    def __init__(self, store: Store, ids: Sequence[str], rows: Segments) -> None:
        self.store, self.rows, self.all = store, rows, rows.columns
        self.ids = pa.array(ids, STRING)

    def _common(self, at: Array) -> Table:
        return {
            "member_id": self.ids.take(pa.array(self.rows.member[at])),
            "occurred_at": instants(self.all.at[at]),
            "arrived_at": instants(self.all.arrived[at]),
        }

    def _text(self, codes: Array) -> Any:
        return of_texts(self.store, codes)

    def orders(self, which: Array) -> Table:
        at = np.flatnonzero(which)
        c = take_rows(self.all, at)
        bought = c.kind == FactKind.ORDER
        own, about = _parts(self.rows.keys, at), _parts(self.rows.abouts, at)
        kinds = of_distinct(c.kind, lambda k: ORDER_WORDS.get(FactKind(k), "refund"))
        table = {
            "order_id": own[1], "source": own[0], **_without_receipts(self._common(at)),
            "amount_minor": integers(np.where(bought, c.amount, -c.amount)),
            "currency": pa.repeat(self.store.compiled.currency, len(at)), "channel": self._text(c.channel), "store": self._text(c.store),
            "kind": kinds, "original_order_id": pc.if_else(pa.array(bought), None, about[1]),
            "redemption_id": pc.if_else(pa.array(bought), about[1], None), "points_used": integers(c.points, c.points != 0),
            "revision": integers(self.rows.revisions[at]),
        }  # fmt: skip
        return {**table, **self._attributes(c, ("@tax_minor", "@exchange_id", "receipt"))}

    def items(self, which: Array) -> Table:
        at = np.flatnonzero(which)
        c = take_rows(self.all, at)
        owner = np.repeat(np.arange(len(at)), np.diff(c.line_at))
        source, order_id = _parts(self.rows.keys, at)
        sign = np.where(c.kind == FactKind.ORDER, 1, -1)[owner]
        revision = self.rows.revisions[at]
        revised = {"revision": integers(revision[owner])} if revision.any() else {}
        return {
            "order_id": order_id.take(pa.array(owner)), **revised, "source": source.take(pa.array(owner)), "line_no": integers(c.line_no),
            "line_amount_minor": integers(sign * c.line_amount), "sku": self._text(c.line_sku), "category": self._text(c.line_category),
            "qty": integers(c.line_qty), "kind": of_distinct(c.line_kind, lambda k: LineKind(k).name.lower()),
            "tax_minor": integers(c.line_tax),
        }  # fmt: skip

    def interactions(self, which: Array) -> Table:
        at = np.flatnonzero(which)
        c = take_rows(self.all, at)
        table = {"interaction_id": _parts(self.rows.keys, at)[1], **self._common(at), "type": self._text(c.type),
                 "channel": self._text(c.channel), "store": self._text(c.store)}  # fmt: skip
        table.update(self._attributes(c))
        if "order_id" in table:
            table["order_id"] = _parts(self.rows.abouts, at)[1]  # as it was written: the attribute may be a number
        return table

    def members(self, which: Array) -> Table:
        """A row that came without an instant goes without one again, where it would be put in the same place."""
        at = np.flatnonzero(which)
        c = take_rows(self.all, at)
        common = self._common(at)
        placed = self._placed(at)
        for name in ("occurred_at", "arrived_at"):
            common[name] = pc.if_else(pa.array(placed), None, common[name])
        return {**common, **self._attributes(c)}

    def _placed(self, at: Array) -> Array:
        """Which of these profiles were put just before their member's first fact, or are their member's only fact."""
        member, instant = self.rows.member, self.all.at
        undated = pc.ends_with(strings(self.rows.keys).take(pa.array(at)), "/new").to_numpy(zero_copy_only=False)
        following = np.minimum(at + 1, len(member) - 1)
        alone = (at + 1 == len(member)) | (member[following] != member[at])
        first = (at == 0) | (member[np.maximum(at - 1, 0)] != member[at])
        out: Array = undated & first & (alone | (instant[following] == instant[at]))
        return out

    def adjustments(self, which: Array) -> Table:
        at = np.flatnonzero(which)
        c = take_rows(self.all, at)
        return {"adjustment_id": _parts(self.rows.keys, at)[1], **self._common(at), "points": integers(c.points), **self._attributes(c)}

    def redemptions(self, which: Array) -> Table:
        at = np.flatnonzero(which)
        c = take_rows(self.all, at)
        table = {
            "redemption_id": _parts(self.rows.abouts, at)[1], **self._common(at), "points": integers(c.points),
            "order_amount_minor": integers(c.amount, c.amount != 0), "action": of_distinct(c.kind, lambda k: FactKind(k).name.lower()),
            **_decided(c), "channel": self._text(c.channel), "store": self._text(c.store),
        }  # fmt: skip
        return {**table, **self._attributes(c)}

    def transfers(self, which: Array) -> Table:
        at = np.flatnonzero(which)
        c = take_rows(self.all, at)
        common = self._common(at)
        members = {"from": common.pop("member_id"), "to": strings(self.rows.abouts).take(pa.array(at))}
        return {
            "transfer_id": _parts(self.rows.keys, at)[1], **members, **common, "points": integers(c.points), **_decided(c), **self._attributes(c),
        }  # fmt: skip

    def openings(self, which: Array) -> Table:
        """A row that had no id of its own has none again: its key comes from what it says."""
        at = np.flatnonzero(which)
        c = take_rows(self.all, at)
        common = self._common(at)
        earned = {"earned_at": common.pop("occurred_at")}
        return {
            "row_id": _parts(self.rows.keys, at)[1], **common, **earned, "points": integers(c.points), **self._attributes(c, ("@expires_at",)),
        }  # fmt: skip

    def identities(self, which: Array) -> Table:
        """A link stands in the account of what is linked, a merge in that of the member merged into another, a claim in that of the receipt,
        a pool in that of the member who gives.
        """
        at = np.flatnonzero(which)
        c = take_rows(self.all, at)
        common, about = self._common(at), strings(self.rows.abouts).take(pa.array(at))
        links, others, claims = pa.array(np.isin(c.type, LINKS)), pa.array(np.isin(c.type, MERGES + POOLS)), pa.array(c.type == CLAIM)
        share = np.zeros(len(at), np.int64)
        share[np.repeat(np.arange(len(at)), np.diff(c.attr_at))[c.attr_name == SHARE]] = c.attr_value[c.attr_name == SHARE]
        own = common.pop("member_id")
        return {
            "member_id": pc.if_else(pc.or_(links, claims), about, own), **common, "action": self._text(c.type),
            "identifier": pc.if_else(links, own, None), "into": pc.if_else(others, about, None),
            "receipt": pc.if_else(claims, pc.utf8_slice_codeunits(own, len(RECEIPT)), None),
            "share": of_distinct(share, lambda value: value_text(Attribute("@share", AttrKind.FLAG, value)) if value else None),
        }  # fmt: skip

    def _attributes(self, c: Columns, always: Sequence[str] = ()) -> Table:
        """A column for each attribute that a row has, in order of name; tags in one."""
        owner = np.repeat(np.arange(len(c.kind)), np.diff(c.attr_at))
        codes = np.unique(c.attr_name)
        names = dict(zip(codes.tolist(), self._names(codes), strict=True))
        out: Table = {name.removeprefix("@"): pa.nulls(len(c.kind), STRING) for name in always}
        for code, name in sorted(names.items(), key=lambda pair: pair[1]):
            here = np.flatnonzero(c.attr_name == code)
            words = self._values(name, c.attr_kind[here], c.attr_value[here])
            if name == "@tag":
                out["tags"] = _joined(owner[here], words, len(c.kind))
                continue
            place = np.full(len(c.kind), -1, np.int64)
            place[owner[here]] = np.arange(len(here))
            out[name.removeprefix("@")] = words.take(pa.array(place, mask=place < 0))
        return out

    def _names(self, codes: Array) -> list[str]:
        own = [NAMES.get(code) for code in codes.tolist()]
        texts = of_texts(self.store, codes).to_pylist()
        return [name or text for name, text in zip(own, texts, strict=True)]

    def _values(self, name: str, kinds: Array, values: Array) -> Any:
        """The cells of one attribute; each distinct value is written once."""
        parts = []
        place = np.empty(len(values), np.int64)
        done = 0
        for kind in np.unique(kinds).tolist():
            rows = np.flatnonzero(kinds == kind)
            place[rows] = np.arange(done, done + len(rows))
            done += len(rows)
            if kind == AttrKind.TEXT:
                parts.append(of_texts(self.store, values[rows], ""))
            else:
                parts.append(of_distinct(values[rows], _shown(name, AttrKind(kind))))
        return pa.concat_arrays(parts).take(pa.array(place))


def _without_receipts(common: Table) -> Table:
    """An order that is kept by its receipt is nobody's."""
    member = common["member_id"]
    return {**common, "member_id": pc.if_else(pc.starts_with(member, RECEIPT), None, member)}


def _decided(c: Columns) -> Table:
    """The decisions given on what was asked."""
    words = {Outcome.GRANTED: "granted", Outcome.REFUSED: "refused"}
    told = (c.outcome == Outcome.REFUSED) | (c.refuse != 0)
    refused = of_distinct(c.refuse, lambda r: Reason(r).name)
    return {"decision": of_distinct(c.outcome, lambda k: words.get(Outcome(k))), "refused": pc.if_else(pa.array(told), refused, None)}


def _shown(name: str, kind: AttrKind) -> Any:
    return lambda value: value_text(Attribute(name, kind, value))


def _joined(owner: Array, words: Any, n: int) -> Any:
    """The tags of each row, with commas between."""
    found: dict[int, list[str]] = {}
    for row, word in zip(owner.tolist(), words.to_pylist(), strict=True):
        found.setdefault(row, []).append(word)
    return pa.array([",".join(sorted(found[k])) if k in found else None for k in range(n)], STRING)


def _parts(keys: Text, at: Array) -> tuple[Any, Any]:
    """Source (missing where there is none) and id of business keys; both missing for keys that are none of this form."""
    found = pc.extract_regex(strings(keys).take(pa.array(at)), SEPARATE)
    source, own = (pc.struct_field(found, name) for name in ("source", "id"))
    return pc.if_else(pc.equal(source, ""), None, _plain(source)), _plain(own)


def _plain(words: Any) -> Any:
    """Parts of keys without their escapes."""
    return pc.replace_substring(pc.replace_substring(words, "%2F", "/"), "%25", "%")
