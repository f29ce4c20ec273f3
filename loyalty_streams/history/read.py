"""A history folder as facts in order: read, judged, put together, sorted, given out in batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from loyalty_streams.core.facts import Array
from loyalty_streams.history import files as sources
from loyalty_streams.history import jsonfile
from loyalty_streams.history import orders as order_tables
from loyalty_streams.history.assemble import Gathered, Letters, Placed, assembled
from loyalty_streams.history.batch import FactBatch, empty_batch, joined
from loyalty_streams.history.content import content_hashes
from loyalty_streams.history.identifiers import COLUMNS, Claimed
from loyalty_streams.history.letters import DeadLetter, DeadLetters, Notice, TableRead
from loyalty_streams.history.options import ReadOptions
from loyalty_streams.history.outside import Outside
from loyalty_streams.history.phones import Phones
from loyalty_streams.history.rows import READERS
from loyalty_streams.history.sheet import Chunk, Sheet, check_columns
from loyalty_streams.history.spill import Spill
from loyalty_streams.history.strings import Known
from loyalty_streams.history.tables import TABLES
from loyalty_streams.history.texts import Texts

Item = FactBatch | DeadLetters | Notice | TableRead
NOT_STORED = ("email",)
_DEALT = 4
"""Once there is more than memory may hold, rows are dealt out whenever a fourth of the bound has come together."""


class Reading:
    """What one reading has gathered, in memory or outside. Close it."""

    def __init__(self, options: ReadOptions, names: Sequence[str]) -> None:
        self.options, self.names = options, names
        self.phones = Phones(options.phone_key, options.phone_region)
        self.texts, self.letters = Texts(options.scratch), Letters(options.scratch)
        self.gathered = Gathered()
        self.noticed: set[str] = set()
        self._named = order_tables.Named.ID
        self._scratch: list[Spill] = []
        self._outside: Outside | None = None

    def add(self, found: FactBatch | order_tables.Orders | order_tables.Items) -> None:
        some = self.gathered
        if isinstance(found, FactBatch):
            some.facts.append(found)
            some.rows += len(found)
        elif isinstance(found, order_tables.Orders):
            some.orders.append(found)
            some.rows += len(found.batch)
        else:
            some.items.append(found)
            some.rows += len(found)
            self._named |= found.named
        bound = self.options.rows_in_memory
        if some.rows > (bound if self._outside is None else bound // _DEALT):
            if self._outside is None:
                self._outside = Outside(self._spill(), self._spill(), bound, self._assemble)
            self._outside.put(some)

    def _spill(self) -> Spill:
        self._scratch.append(Spill(self.options.scratch))
        return self._scratch[-1]

    def _assemble(self, whole: Gathered) -> tuple[FactBatch, list[Placed]]:
        return assembled(whole, self.names, self.texts, self._named)

    def given_out(self) -> Iterator[FactBatch | DeadLetters]:
        """All facts in order, after the letters that came of putting them together."""
        if self._outside is None:
            whole, letters = self._assemble(self.gathered)
            self.letters.add(letters)
            batches = iter([whole])
        else:
            self._outside.put(self.gathered)
            batches = self._outside.given_out(self.letters.add)
        yield from self.letters.given_out()
        yield from self._pieces(batches)

    def _pieces(self, batches: Iterator[FactBatch]) -> Iterator[FactBatch]:
        """Batches of the asked size, with their content hashes and texts."""
        step, rest, rows = self.options.batch_rows, list[FactBatch](), 0
        for batch in batches:
            rest.append(batch)
            rows += len(batch)
            if rows < step:
                continue
            whole, done = joined(rest), 0
            while rows - done >= step:
                yield self._finished(whole.slice(done, done + step))
                done += step
            rest, rows = [whole.slice(done, rows)], rows - done
        if rows:
            yield self._finished(joined(rest))

    def _finished(self, batch: FactBatch) -> FactBatch:
        strings, book = self.texts.brought(batch.columns)
        content = content_hashes(batch.columns, batch.member_codes)
        return replace(batch, content=content, file_names=self.names, strings=strings, book=book)

    def close(self) -> None:
        self.texts.close()
        self.letters.close()
        for spill in self._scratch:
            spill.close()


def read_history(paths: Sequence[Path], options: ReadOptions) -> Iterator[Item]:
    """The facts of files and folders, in order of (arrived_at, S1), and beside them what was set aside, warned of, and counted.

    Warnings, counts and dead letters of single rows come while files are read, facts after all have been read. Raises `HistoryError`
    where the history cannot be read as asked for (a missing column, no files).
    """
    found, notices = sources.find([Path(p) for p in paths])
    yield from notices
    with closing(Reading(options, [file.name for file in found])) as reading:
        for position, file in enumerate(found):
            memory: dict[str, Known] = {}
            contested = _contested(file, position, reading) if file.table == "members" else None
            for chunk in sources.chunks(file, position, options):
                if isinstance(chunk, DeadLetters):
                    yield TableRead(file.table, sum(1 for letter in chunk.letters if letter.row))
                    yield chunk
                else:
                    yield TableRead(file.table, len(chunk.rows))
                    yield from _notices(chunk, reading)
                    yield from _take_in(Sheet(chunk, options, memory, reading.phones, contested), reading)
        yield from reading.given_out()


def read_rows(table: str, rows: Sequence[Mapping[str, Any]], options: ReadOptions) -> tuple[FactBatch, tuple[DeadLetter, ...]]:
    """Rows given as values, read as those of a file would be: commands of a shop, dead letters that were mended.

    An order may carry its lines as a list `items`, and is in the programme's currency unless it says otherwise. Rows of members are of no one
    file here: what two of them say of an identifier is for whoever applies it to judge.
    """
    tables: dict[str, list[dict[str, Any]]] = {table: []}
    for row in rows:
        plain = {"currency": options.currency, **row} if table == "orders" else dict(row)
        for line in plain.pop("items", None) or ():
            tables.setdefault("items", []).append({"order_id": plain.get("order_id"), "source": plain.get("source"), **line})
        tables[table].append(plain)
    found: list[Item] = []
    with closing(Reading(options, [""])) as reading:
        for name, some in tables.items():
            names = sorted({n for row in some for n in row})
            columns = dict(zip(check_columns(name, name, names, options), jsonfile.columns_of(some, names), strict=True))
            chunk = Chunk(name, 0, "", columns, np.arange(1, len(some) + 1))
            found += _take_in(Sheet(chunk, options, None, reading.phones), reading)
        found += reading.given_out()
    batches = [item for item in found if isinstance(item, FactBatch)]
    letters = tuple(x for item in found if isinstance(item, DeadLetters) for x in item.letters)
    return joined(batches) if batches else empty_batch(), letters


def _contested(file: sources.File, position: int, reading: Reading) -> Array:
    """The accounts that a file of members gives to two of them: known once all of it is read, and asked about while it is read again."""
    claimed = Claimed()
    for chunk in sources.chunks(file, position, reading.options):
        if isinstance(chunk, DeadLetters):
            continue
        if file.format != ".jsonl" and not any(name in chunk.columns for name in COLUMNS):
            break  # of such a file all pieces have the same columns
        few = {name: array for name, array in chunk.columns.items() if name in ("member_id", *COLUMNS)}
        claimed.add(Sheet(replace(chunk, columns=few), reading.options, None, reading.phones))
    return claimed.contested()


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
    reading.add(_READERS[sheet.chunk.table](sheet))
    reading.texts.learn(sheet.book)
    if sheet.refused.any():
        yield DeadLetters(tuple(sheet.letters()))


_READERS: Mapping[str, Callable[[Sheet], FactBatch | order_tables.Orders | order_tables.Items]] = {
    **READERS, "orders": order_tables.orders, "items": order_tables.items,
}  # fmt: skip
