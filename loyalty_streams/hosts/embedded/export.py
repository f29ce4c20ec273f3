"""Facts and ledger of a store as Parquet, bucketed by member and sorted by time: the same facts give the same bytes.

A bucket is XXH64 of the member's id modulo the number of buckets. One pass over the store; of each bucket a bounded number of rows waits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from loyalty_streams.agents.effective import as_booked
from loyalty_streams.agents.rows import Segments, join_segments
from loyalty_streams.core.codes import code_of
from loyalty_streams.hosts.embedded.fact_tables import of_outside, tables_of
from loyalty_streams.hosts.embedded.ledger_table import all_segments, entries_table
from loyalty_streams.hosts.embedded.quarantine import with_waiting
from loyalty_streams.hosts.embedded.rocks import StoreError
from loyalty_streams.hosts.embedded.store import Store

Members = tuple[list[str], list[list[bytes]]]
"""Some members, and the segments of each."""
FACTS_A_BUCKET = 1_000_000
ROWS_A_GROUP = 131_072
"""Rows of a row group in a file; no more of a table wait in memory for each bucket."""


def export_facts(store: Store, to: Path) -> list[Path]:
    """All facts with their decisions, those that wait among them, as a history folder. -> the files, in order of name. Raises StoreError EXISTS."""

    def tables(ids: Sequence[str], log: Segments) -> dict[str, Any]:
        return tables_of(store, ids, of_outside(log, store))

    return _export(store, to, with_waiting(store, all_segments(store)), tables)


def export_ledger(store: Store, to: Path) -> list[Path]:
    """All entries. -> the files, in order of name. Raises StoreError EXISTS."""

    def tables(ids: Sequence[str], log: Segments) -> dict[str, Any]:
        return {"ledger": entries_table(store.compiled, ids, as_booked(log, store.lateness))}

    return _export(store, to, all_segments(store), tables)


def _export(store: Store, to: Path, members: Iterable[Members], tables: Callable[[Sequence[str], Segments], dict[str, Any]]) -> list[Path]:
    if to.exists() and (not to.is_dir() or any(to.iterdir())):
        raise StoreError("EXISTS", "an export goes into a folder that is empty or does not exist yet", to)
    to.mkdir(parents=True, exist_ok=True)
    buckets = -(-store.clocks.facts // FACTS_A_BUCKET) or 1
    files: dict[tuple[str, int], _File] = {}
    try:
        for ids, segments in members:
            for bucket, places in _by_bucket(ids, buckets):
                log = join_segments([segments[k] for k in places])
                for name, table in tables([ids[k] for k in places], log).items():
                    files.setdefault((name, bucket), _File(to, name, bucket)).add(table)
    finally:
        for file in files.values():
            file.close()
    return sorted(path for file in files.values() for path in file.paths)


def _by_bucket(ids: Sequence[str], buckets: int) -> list[tuple[int, list[int]]]:
    """The places of the members of each bucket."""
    found: dict[int, list[int]] = {}
    for place, member in enumerate(ids):
        found.setdefault((code_of(member) & (1 << 64) - 1) % buckets, []).append(place)
    return sorted(found.items())


@dataclass(slots=True)
class _File:
    """One table of one bucket. A part with columns that no earlier one had begins another file of it."""

    to: Path
    table: str
    bucket: int
    paths: list[Path] = field(default_factory=list)
    schema: Any = None
    waiting: list[Any] = field(default_factory=list)
    rows: int = 0
    writer: Any = None

    def add(self, part: Any) -> None:
        if self.schema is None or set(part.schema.names) - set(self.schema.names):
            self._end()
            self.schema = part.schema if self.schema is None else pa.unify_schemas([self.schema, part.schema])
        self.waiting.append(_with_all_columns(part, self.schema))
        self.rows += len(part)
        while self.rows >= ROWS_A_GROUP:
            self._write(ROWS_A_GROUP)

    def _write(self, count: int) -> None:
        if self.writer is None:
            suffix = f".{len(self.paths)}" if self.paths else ""
            self.paths.append(self.to / f"{self.table}-{self.bucket:04}{suffix}.parquet")
            self.writer = pq.ParquetWriter(self.paths[-1], self.schema, compression="zstd")
        whole = pa.concat_tables(self.waiting).unify_dictionaries()
        self.writer.write_table(whole.slice(0, count), row_group_size=ROWS_A_GROUP)
        self.waiting = [whole.slice(count)]
        self.rows = max(0, self.rows - count)

    def _end(self) -> None:
        if self.rows:
            self._write(self.rows)
        if self.writer is not None:
            self.writer.close()
        self.writer, self.waiting = None, []

    def close(self) -> None:
        self._end()


def _with_all_columns(part: Any, schema: Any) -> Any:
    columns = [part[f.name] if f.name in part.schema.names else pa.nulls(len(part), f.type) for f in schema]
    return pa.table(columns, schema=schema)
