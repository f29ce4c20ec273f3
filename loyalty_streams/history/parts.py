"""Parts of a reading on disk, dealt out so that what belongs together is in one part."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from loyalty_streams.core.facts import Array
from loyalty_streams.history import spill
from loyalty_streams.history.assemble import Gathered
from loyalty_streams.history.batch import FactBatch
from loyalty_streams.history.orders import SEPARATOR, Items, Orders, no_items, no_orders
from loyalty_streams.history.spill import Segment, Spill
from loyalty_streams.history.strings import TEXT, ascending, hashes, heads

_BITS = 6
_PARTS = 1 << _BITS
DEEPEST = 64 // _BITS - 1
"""How often a part can be dealt out again: then the rows that are left together have one code."""
_RANGES = 16
"""Ranges whose orders would make up the bound: room for fifteen lines an order."""


@dataclass(slots=True)
class Part:
    """Where the rows of one part stand: facts, orders, lines, and the ids of orders and of lines that were refused."""

    facts: list[Segment] = field(default_factory=list)
    orders: list[Segment] = field(default_factory=list)
    items: list[Segment] = field(default_factory=list)
    refused_orders: list[Segment] = field(default_factory=list)
    refused_items: list[Segment] = field(default_factory=list)
    rows: int = 0

    def add(self, name: str, dealt: Spill, record: Any) -> None:
        if len(record):
            getattr(self, name).append(dealt.append(record))
            self.rows += len(record)


def pieces(part: Part, dealt: Spill) -> Iterator[Gathered]:
    """The rows of a part as they were dealt out, a few at a time."""
    for segment in part.facts:
        batch = spill.to_facts(dealt.read(segment, spill.FACTS))
        yield Gathered(facts=[batch], rows=len(batch))
    for segment in part.orders:
        record = dealt.read(segment, spill.ORDERS)
        yield Gathered(orders=[Orders(spill.to_facts(record), record.column("ids"))], rows=len(record))
    for segment in part.items:
        lines = spill.to_items(dealt.read(segment, spill.ITEMS))
        yield Gathered(items=[lines], rows=len(lines))
    for segment in part.refused_orders:
        yield Gathered(orders=[no_orders(_texts(segment, dealt))])
    for segment in part.refused_items:
        yield Gathered(items=[no_items(_texts(segment, dealt))])


def _texts(segment: Segment, dealt: Spill) -> tuple[str, ...]:
    return tuple(dealt.read(segment, spill.IDS).column("ids").to_pylist())


class ByCode:
    """Sixty-four parts, by bits of a code: of the order id for orders and lines, of the key for other facts, so that equal rows meet."""

    def __init__(self, dealt: Spill, depth: int = 0) -> None:
        self._dealt, self._shift = dealt, np.uint64(_BITS * depth)
        self.parts = [Part() for _ in range(_PARTS)]

    def facts(self, batch: FactBatch) -> None:
        self._deal("facts", batch.columns.ref, batch, spill.of_facts)

    def orders(self, found: Orders) -> None:
        self._deal("orders", _codes(found.ids), found, lambda o: spill.of_facts(o.batch, o.ids))
        self._ids("refused_orders", found.refused)

    def items(self, lines: Items) -> None:
        self._deal("items", _codes(lines.ids), lines, spill.of_items)
        self._ids("refused_items", lines.refused)

    def _ids(self, name: str, ids: Sequence[str]) -> None:
        if ids:
            some = pa.array(ids, TEXT)
            self._deal(name, _codes(some), some, _record_of_ids)

    def _deal(self, name: str, codes: Array, rows: Any, record_of: Callable[[Any], Any]) -> None:
        """Appends rows to their parts, in the order they have."""
        number = ((codes.view(np.uint64) >> self._shift) & np.uint64(_PARTS - 1)).astype(np.uint8)
        record, first = record_of(rows.take(np.argsort(number, kind="stable"))), 0
        for part, count in zip(self.parts, np.bincount(number, minlength=_PARTS).tolist(), strict=True):
            part.add(name, self._dealt, record.slice(first, count))
            first += count


def _record_of_ids(ids: Any) -> Any:
    return pa.RecordBatch.from_arrays([ids], schema=spill.IDS)


def _codes(ids: Any) -> Array:
    """The codes of order ids without their source. Lines of an order mostly stand together: each id of a row of equal ones is coded once."""
    if pc.any(pc.match_substring(ids, SEPARATOR)).as_py():
        ids = pc.replace_substring_regex(ids, f"^.*{SEPARATOR}", "")
    first = heads(ids)
    if len(first) * 4 > len(ids) * 3:
        return hashes(ids)
    codes: Array = np.repeat(hashes(ids.take(pa.array(first))), np.diff(np.append(first, len(ids))))
    return codes


Id = tuple[int, bytes]
"""The length of an order id and its bytes: the order in which running numbers ascend, with leading zeros or without."""


class ByRange:
    """Parts of consecutive orders, as long as order ids ascend from row to row, and then those of lines do.

    Nothing is dealt out then: rows are cut where a range ends. The methods say whether they could take what they were given.
    """

    def __init__(self, dealt: Spill, bound: int) -> None:
        self._dealt, self._most = dealt, max(1, bound // _RANGES)
        self.parts: list[Part] = []
        self._starts: list[Id] = []
        self._room = 0
        self._last: dict[str, Id] = {}

    def orders(self, found: Orders) -> bool:
        if "items" in self._last or not self._follows("orders", found.ids, strict=True):
            return False
        record, first = spill.of_facts(found.batch, found.ids), 0
        while first < len(record):
            if not self._room:
                self.parts.append(Part())
                self._starts.append(_id(found.ids, first))
                self._room = self._most
            count = min(self._room, len(record) - first)
            self.parts[-1].add("orders", self._dealt, record.slice(first, count))
            self._room -= count
            first += count
        self._refused("refused_orders", found.refused)
        return True

    def items(self, lines: Items) -> bool:
        if not self.parts or not self._follows("items", lines.ids, strict=False):
            return False
        record, first, rows = spill.of_items(lines), 0, range(len(lines))
        while first < len(record):
            part = self._part_of(_id(lines.ids, first))
            last = len(record)
            if part + 1 < len(self.parts):
                last = bisect_left(rows, self._starts[part + 1], lo=first, key=lambda i: _id(lines.ids, i))
            self.parts[part].add("items", self._dealt, record.slice(first, last - first))
            first = last
        self._refused("refused_items", lines.refused)
        return True

    def _follows(self, name: str, ids: Any, strict: bool) -> bool:
        """Whether ids ascend, from those that came before."""
        if not len(ids):
            return True
        before, first = self._last.get(name, (0, b"")), _id(ids, 0)
        if first < before or (strict and first == before) or pc.any(pc.match_substring(ids, SEPARATOR)).as_py() or not ascending(ids, strict):
            return False
        self._last[name] = _id(ids, len(ids) - 1)
        return True

    def _part_of(self, place: Id) -> int:
        return max(0, bisect_right(self._starts, place) - 1)

    def _refused(self, name: str, ids: Sequence[str]) -> None:
        if not self.parts and ids:
            self.parts.append(Part())
            self._starts.append((0, b""))
        by_part: dict[int, list[str]] = {}
        for text in ids:
            place = text.rpartition(SEPARATOR)[2].encode()
            by_part.setdefault(self._part_of((len(place), place)), []).append(text)
        for part, texts in by_part.items():
            self.parts[part].add(name, self._dealt, _record_of_ids(pa.array(texts, TEXT)))


def _id(ids: Any, i: int) -> Id:
    text: bytes = ids[i].as_py().encode()
    return len(text), text
