"""Facts in bulk: columns of codes for the fold, and beside them what must stay whole: members, keys, places in files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from loyalty_streams.core.codes import ATTRIBUTES, AttrKind, FactKind, LineKind, Outcome, Reason, code_of
from loyalty_streams.core.facts import (
    RECEIPT,
    Array,
    Attribute,
    Columns,
    Fact,
    Line,
    attribute_code,
    concatenate,
    take_rows,
    to_columns,
)
from loyalty_streams.history.content import content_hashes
from loyalty_streams.history.letters import PERSONAL, DeadLetter, row_json
from loyalty_streams.history.strings import TEXT, hashes, texts

NAMES = {attribute_code("@" + name): "@" + name for name in ATTRIBUTES}
"""Reserved attribute names by code."""
NO_INSTANT = -1
"""`at` of a members row without an instant: the host places it (see `FactBatch`)."""
FACT_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class FactBatch:
    """Facts in the order (arrived_at, S1), as columns.

    `members`, `keys`, `abouts` are `large_string` arrays without nulls, a whole id or business key a row (`abouts`: the key that
    `columns.about` is the code of, or ""). `member_codes` are the codes of `members`. `content` is the content hash. `files` is the
    position of the row's file in `file_names`, `rows` the row in it. `strings` gives the text of every code that this batch brings and
    no earlier batch of the reading brought: store them all. Where a reading has more texts than memory may hold, those on disk come with
    each batch they are in. `book` knows the texts of all codes of this batch.

    A members row without any instant has `columns.at` = `arrived` = -1 (its `arrived` is kept where the table gives one). Such rows come
    before all others. The host places it: just before the member's first fact if the member is new, else at its arrival.
    """

    columns: Columns
    members: Any
    keys: Any
    abouts: Any
    member_codes: Array
    revisions: Array
    content: Array
    files: Array
    rows: Array
    file_names: Sequence[str] = ()
    strings: Mapping[int, str] = field(default_factory=dict)
    book: Mapping[int, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.columns.kind)

    def take(self, rows: Array) -> FactBatch:
        """The given rows in the given order."""
        index = pa.array(rows)
        return replace(
            self, columns=take_rows(self.columns, rows), members=self.members.take(index), keys=self.keys.take(index),
            abouts=self.abouts.take(index), **{name: getattr(self, name)[rows] for name in _PLAIN},
        )  # fmt: skip

    def slice(self, first: int, last: int) -> FactBatch:
        """Rows first to last, without copying texts."""
        count = last - first
        return replace(
            self, columns=slice_columns(self.columns, first, last), members=self.members.slice(first, count),
            keys=self.keys.slice(first, count), abouts=self.abouts.slice(first, count),
            **{name: getattr(self, name)[first:last] for name in _PLAIN},
        )  # fmt: skip

    def of_others(self, members: Mapping[int, bytes]) -> FactBatch:
        """The batch with some rows under other members."""
        if not members:
            return self
        names = self.members.to_pylist()
        for row, member in members.items():
            names[row] = member.decode()
        found = pa.array(names, self.members.type)
        return replace(self, members=found, member_codes=hashes(found))

    @property
    def homes(self) -> Any:
        """The member that each row of a members table is about: of a link that it made, the one that the identifier leads to."""
        return pc.if_else(pa.array(self.columns.kind == FactKind.IDENTITY), self.abouts, self.members)

    def fact(self, row: int) -> Fact:
        """One row as a value; the texts of codes come from `book`, and a code without a text reads `#code`."""
        c = self.columns
        lo, hi = int(c.line_at[row]), int(c.line_at[row + 1])
        first, last = int(c.attr_at[row]), int(c.attr_at[row + 1])
        return Fact(
            FactKind(int(c.kind[row])), self.members[row].as_py(), self.keys[row].as_py(), int(c.at[row]), int(c.arrived[row]),
            self.abouts[row].as_py(), int(c.amount[row]), int(c.points[row]), self.text(c.channel[row]), self.text(c.store[row]),
            self.text(c.type[row]), Outcome(int(c.outcome[row])), tuple(self._line(i) for i in range(lo, hi)),
            tuple(self._attribute(i) for i in range(first, last)), Reason(int(c.refuse[row])),
        )  # fmt: skip

    def text(self, code: int) -> str:
        return self.book.get(int(code), f"#{int(code)}") if code else ""

    def _line(self, i: int) -> Line:
        c = self.columns
        return Line(
            int(c.line_no[i]), int(c.line_amount[i]), self.text(c.line_sku[i]), self.text(c.line_category[i]), int(c.line_qty[i]),
            LineKind(int(c.line_kind[i])), int(c.line_tax[i]),
        )  # fmt: skip

    def _attribute(self, i: int) -> Attribute:
        c = self.columns
        kind, value = AttrKind(int(c.attr_kind[i])), int(c.attr_value[i])
        name = NAMES.get(int(c.attr_name[i])) or self.text(c.attr_name[i])
        return Attribute(name, kind, self.text(value) if kind == AttrKind.TEXT else value)

    def letter(self, row: int, code: str, expected: str) -> DeadLetter:
        """A dead letter for one row of the batch, its fact as a row of the table that it came from. An identifier is an account's name by now."""
        from loyalty_streams.history.write import row_of, table_of

        fact = self.fact(row)
        place = int(self.files[row])
        name = self.file_names[place] if 0 <= place < len(self.file_names) else ""
        cells = row_of(fact, int(self.revisions[row]))
        member = cells.get("member_id", "") if fact.member.startswith(RECEIPT) else fact.member
        raw = row_json(cells, FACT_BYTES, PERSONAL - {"identifier"})
        return DeadLetter(name, int(self.rows[row]), code, expected, raw, member, table_of(fact.kind))


_PLAIN = ("member_codes", "revisions", "content", "files", "rows")


def slice_columns(columns: Columns, first: int, last: int) -> Columns:
    """Rows first to last as views; only the offsets are new."""
    out: dict[str, Array] = {}
    bounds = {"line": (columns.line_at[first], columns.line_at[last]), "attr": (columns.attr_at[first], columns.attr_at[last])}
    for name, values in zip(Columns._fields, columns, strict=True):
        part = name[:4]
        if name in ("line_at", "attr_at"):
            out[name] = values[first : last + 1] - values[first]
        elif part in bounds:
            out[name] = values[bounds[part][0] : bounds[part][1]]
        else:
            out[name] = values[first:last]
    return Columns(**out)


def joined(batches: Sequence[FactBatch]) -> FactBatch:
    """All rows of some batches of one reading, one after the other."""
    if len(batches) == 1:
        return batches[0]
    arrays = {name: pa.concat_arrays([getattr(b, name) for b in batches]) for name in ("members", "keys", "abouts")}
    plain: dict[str, Any] = {name: np.concatenate([getattr(b, name) for b in batches]) for name in _PLAIN}
    return replace(batches[0], columns=concatenate([b.columns for b in batches]), **arrays, **plain)


def empty_batch() -> FactBatch:
    return of_facts(())


def of_facts(facts: Sequence[Fact], revisions: Sequence[int] = (), file: str = "") -> FactBatch:
    """Facts given as values, in the order given: what a shop's own commands become."""
    columns = to_columns(facts)
    members = texts([f.member for f in facts])
    codes = hashes(members)
    strings = {code_of(t): t for f in facts for t in _coded_texts(f)}
    n = len(facts)
    return FactBatch(
        columns, members, texts([f.key for f in facts]), texts([f.about for f in facts]), codes,
        np.array(revisions or [0] * n, np.int32), content_hashes(columns, codes), np.zeros(n, np.int32), np.arange(1, n + 1, dtype=np.int64),
        (file,), strings, strings,
    )  # fmt: skip


def _coded_texts(fact: Fact) -> list[str]:
    found = [fact.channel, fact.store, fact.type]
    found += [t for line in fact.lines for t in (line.sku, line.category)]
    for a in fact.attributes:
        found += [a.name] if not a.name.startswith("@") else []
        found += [a.value] if isinstance(a.value, str) else []
    return [t for t in found if t]


def no_texts(n: int) -> Any:
    """A column of empty strings."""
    return pa.repeat(pa.scalar("", TEXT), n)
