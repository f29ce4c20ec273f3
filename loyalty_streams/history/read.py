"""A history folder as facts in order: read, judged, put together, sorted, given out in batches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from loyalty_streams.core.facts import Array
from loyalty_streams.history import files as sources
from loyalty_streams.history import jsonfile
from loyalty_streams.history import orders as order_tables
from loyalty_streams.history.batch import FactBatch, empty_batch, joined
from loyalty_streams.history.content import content_hashes
from loyalty_streams.history.letters import DeadLetter, DeadLetters, Notice, TableRead, row_json
from loyalty_streams.history.options import ReadOptions
from loyalty_streams.history.order import number, sort_batch
from loyalty_streams.history.rows import READERS
from loyalty_streams.history.sheet import Chunk, Sheet, check_columns
from loyalty_streams.history.strings import Known
from loyalty_streams.history.tables import TABLES

Item = FactBatch | DeadLetters | Notice | TableRead
NOT_STORED = ("phone", "card", "open_id", "email")
MOST_TEXTS = 1_000_000


@dataclass(slots=True)
class Reading:
    """What one reading has gathered. `fresh` are texts not yet given out; `book` keeps the first million of all."""

    options: ReadOptions
    names: list[str] = field(default_factory=list)
    facts: list[FactBatch] = field(default_factory=list)
    orders: list[order_tables.Orders] = field(default_factory=list)
    items: list[order_tables.Items] = field(default_factory=list)
    fresh: dict[int, str] = field(default_factory=dict)
    book: dict[int, str] = field(default_factory=dict)
    noticed: set[str] = field(default_factory=set)
    rows: int = 0

    def learn(self, texts: dict[int, str]) -> None:
        new = {c: t for c, t in texts.items() if c not in self.book}
        self.fresh.update(new)
        if len(self.book) < MOST_TEXTS:
            self.book.update(new)


def read_history(paths: Sequence[Path], options: ReadOptions) -> Iterator[Item]:
    """The facts of files and folders, in order of (arrived_at, S1), and beside them what was set aside, warned of, and counted.

    Warnings, counts and dead letters of single rows come while files are read, facts after all have been read. Raises `HistoryError`
    where the history cannot be read as asked for (a missing column, no files).
    """
    found, notices = sources.find([Path(p) for p in paths])
    yield from notices
    reading = Reading(options, [file.name for file in found])
    for position, file in enumerate(found):
        memory: dict[str, Known] = {}
        for chunk in sources.chunks(file, position, options):
            if isinstance(chunk, DeadLetters):
                yield TableRead(file.table, sum(1 for letter in chunk.letters if letter.row))
                yield chunk
            else:
                yield TableRead(file.table, len(chunk.rows))
                yield from _notices(chunk, reading)
                yield from _take_in(Sheet(chunk, options, memory), reading)
    yield from _give_out(reading)


def read_rows(table: str, rows: Sequence[Mapping[str, Any]], options: ReadOptions) -> tuple[FactBatch, tuple[DeadLetter, ...]]:
    """Rows given as values, read as those of a file would be: commands of a shop, dead letters that were mended.

    An order may carry its lines as a list `items`, and is in the programme's currency unless it says otherwise.
    """
    reading = Reading(options, [""])
    tables: dict[str, list[dict[str, Any]]] = {table: []}
    for row in rows:
        plain = {"currency": options.currency, **row} if table == "orders" else dict(row)
        for line in plain.pop("items", None) or ():
            tables.setdefault("items", []).append({"order_id": plain.get("order_id"), "source": plain.get("source"), **line})
        tables[table].append(plain)
    found: list[Item] = []
    for name, some in tables.items():
        names = sorted({n for row in some for n in row})
        columns = dict(zip(check_columns(name, name, names, options), jsonfile.columns_of(some, names), strict=True))
        found += _take_in(Sheet(Chunk(name, 0, "", columns, np.arange(1, len(some) + 1)), options), reading)
    found += _give_out(reading)
    batches = [item for item in found if isinstance(item, FactBatch)]
    letters = tuple(x for item in found if isinstance(item, DeadLetters) for x in item.letters)
    return joined(batches) if batches else empty_batch(), letters


def _notices(chunk: Chunk, reading: Reading) -> Iterator[Notice]:
    """Each column that is not stored, once a table."""
    table = TABLES[chunk.table]
    for name in chunk.columns:
        if chunk.table == "members" and name in NOT_STORED:
            text = f"members: column `{name}` is not stored yet"
        elif name not in table.known and not table.keeps:
            text = f"{chunk.table}: column `{name}` is not known and was not kept"
        else:
            continue
        if text not in reading.noticed:
            reading.noticed.add(text)
            yield Notice(text)


def _take_in(sheet: Sheet, reading: Reading) -> Iterator[DeadLetters]:
    table = sheet.chunk.table
    if table == "orders":
        found = order_tables.orders(sheet)
        reading.orders.append(found)
        reading.rows += len(found.batch)
    elif table == "items":
        lines = order_tables.items(sheet)
        reading.items.append(lines)
        reading.rows += len(lines)
    else:
        batch = READERS[table](sheet)
        reading.facts.append(batch)
        reading.rows += len(batch)
    reading.learn(sheet.book)
    if sheet.refused.any():
        yield DeadLetters(tuple(sheet.letters()))


def _give_out(reading: Reading) -> Iterator[FactBatch | DeadLetters]:
    whole, letters = assembled(reading, reading.orders, reading.items)
    if letters:
        yield DeadLetters(letters)
    parts = [b for b in (*reading.facts, whole) if len(b)]
    if parts:
        yield from in_pieces(number(sort_batch(joined(parts))), reading)


def in_pieces(batch: FactBatch, reading: Reading) -> Iterator[FactBatch]:
    """Batches of the asked size, with their content hashes and the texts not given out before."""
    step = reading.options.batch_rows
    for first in range(0, len(batch), step):
        piece = batch.slice(first, min(first + step, len(batch)))
        strings, reading.fresh = reading.fresh, {}
        yield finished(piece, reading, strings)


def finished(batch: FactBatch, reading: Reading, strings: dict[int, str]) -> FactBatch:
    content = content_hashes(batch.columns, batch.member_codes)
    return replace(batch, content=content, file_names=reading.names, strings=strings, book=reading.book)


def assembled(
    reading: Reading, orders: Sequence[order_tables.Orders], items: Sequence[order_tables.Items]
) -> tuple[FactBatch, tuple[DeadLetter, ...]]:
    """Orders with their lines, without those that cannot stand; and a dead letter for each of these, and for each line of no order."""
    found = order_tables.joined_orders(orders) if orders else order_tables.Orders(empty_batch(), pa.array([], pa.large_string()))
    if not items:
        return found.batch, ()
    lines = order_tables.joined_items(items)
    batch, faults = order_tables.put_together(found, lines)
    if not faults:
        return batch, ()
    batch = replace(batch, file_names=reading.names, book=reading.book)
    letters: list[DeadLetter] = []
    first: dict[int, order_tables.Fault] = {}
    for fault in faults:
        if fault.of_lines:
            letters += [_line_letter(lines, i, fault, reading) for i in fault.rows.tolist()]
        else:
            for i in fault.rows.tolist():
                first.setdefault(i, fault)
    letters += [batch.letter(i, f.code, f.expected) for i, f in sorted(first.items())]
    good: Array = np.setdiff1d(np.arange(len(batch)), np.array(sorted(first), np.int64))
    return batch.take(good), tuple(letters)


def _line_letter(lines: order_tables.Items, i: int, fault: order_tables.Fault, reading: Reading) -> DeadLetter:
    source, _, order_id = lines.ids[i].as_py().rpartition(order_tables.SEPARATOR)
    row = {
        "order_id": order_id, "source": source, "line_no": int(lines.line_no[i]), "line_amount_minor": int(lines.line_amount[i]),
        "sku": reading.book.get(int(lines.line_sku[i]), ""), "category": reading.book.get(int(lines.line_category[i]), ""),
        "qty": int(lines.line_qty[i]),
    }  # fmt: skip
    name = reading.names[int(lines.files[i])]
    return DeadLetter(name, int(lines.rows[i]), fault.code, fault.expected, row_json(row), table="items")
