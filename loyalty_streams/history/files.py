"""The files of a history: which there are, and their rows as chunks of Arrow columns."""

from __future__ import annotations

import csv
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from loyalty_streams.core.facts import Array
from loyalty_streams.history import csvfile, jsonfile
from loyalty_streams.history.letters import DeadLetter, DeadLetters, HistoryError, Notice
from loyalty_streams.history.options import ReadOptions
from loyalty_streams.history.sheet import Chunk, check_columns
from loyalty_streams.history.tables import FEW, TABLES

FORMATS = (".parquet", ".csv.gz", ".csv", ".jsonl")
CHUNK_ROWS = 65_536
_AHEAD = 1 << 20
"""Bytes of a Parquet column that are read at once: a row group may be larger than memory."""
_BATCH_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class File:
    table: str
    path: Path
    format: str

    @property
    def name(self) -> str:
        return self.path.name


def table_and_format(path: Path) -> tuple[str, str] | None:
    """`orders.parquet`, `orders-2024.csv`, `orders.part1.jsonl` are files of orders; others are none of ours."""
    for ending in FORMATS:
        if path.name.lower().endswith(ending):
            stem = path.name[: -len(ending)].lower()
            for table in TABLES:
                rest = stem.removeprefix(table)
                if rest != stem and (rest == "" or rest[0] in "-_."):
                    return table, ending
            return "", ending
    return None


def find(paths: Sequence[Path]) -> tuple[list[File], list[Notice]]:
    """The files to read, by table and name; names that say no table are noticed in a folder, and refused where named themselves."""
    files: list[File] = []
    notices: list[Notice] = []
    for path in paths:
        if not path.exists():
            raise HistoryError("NO_HISTORY", f"{path}: there is no such file or folder")
        for inner in sorted(path.iterdir()) if path.is_dir() else [path]:
            found = table_and_format(inner)
            if found and found[0]:
                files.append(File(found[0], inner, found[1]))
            elif path.is_dir() and found and inner.is_file():
                notices.append(Notice(f"{inner.name}: not read, its name begins with none of {', '.join(TABLES)}"))
            elif not path.is_dir():
                raise HistoryError("NO_TABLE", f"{path}: a name such as orders.csv says what is in a file: {', '.join(TABLES)}")
    if not files:
        raise HistoryError("NO_HISTORY", f"{', '.join(map(str, paths))}: no file such as orders.parquet, orders.csv or orders.jsonl")
    order = {name: i for i, name in enumerate(TABLES)}
    return sorted(files, key=lambda f: (order[f.table], f.name, str(f.path))), notices


def chunks(file: File, number: int, options: ReadOptions) -> Iterator[Chunk | DeadLetters]:
    """The rows of one file; what cannot be read at all comes as dead letters. Raises `HistoryError` for a missing column."""
    if not file.path.is_file():
        yield _unreadable(file, OSError("there is none at this name"))
        return
    if file.format == ".parquet":
        yield from _parquet(file, number, options)
        return
    reader = jsonfile.pieces if file.format == ".jsonl" else csvfile.pieces
    names: list[str] | None = None
    try:
        for piece in reader(file.path, file.format == ".csv.gz"):
            if piece.letters:
                yield DeadLetters(tuple(_named(letter, file) for letter in piece.letters))
            if piece.names and piece.names != names:
                names = piece.names
                renamed = check_columns(file.table, file.name, names, options)
            if len(piece.rows):
                yield _chunk(file, number, dict(zip(renamed, piece.columns, strict=True)), piece.rows, piece.broken)
    except (OSError, EOFError, ValueError, pa.ArrowException, csv.Error, zlib.error) as fault:
        yield _unreadable(file, fault)


def _named(letter: DeadLetter, file: File) -> DeadLetter:
    return DeadLetter(file.name, letter.row, letter.code, letter.expected, letter.raw, letter.member, file.table)


def _unreadable(file: File, fault: Exception, reached: int = 0) -> DeadLetters:
    """One letter for the file; `reached` rows of it have been read."""
    after = f" after row {reached}" if reached else ""
    expected = f"a file that can be read: {type(fault).__name__}: {str(fault)[:200]}{after}"
    return DeadLetters((DeadLetter(file.name, 0, "UNREADABLE", expected, table=file.table),))


def _chunk(file: File, number: int, columns: dict[str, Any], rows: Array, broken: Array | None = None) -> Chunk:
    faults = ((broken, "UNREADABLE", "text in UTF-8"),) if broken is not None and broken.any() else ()
    return Chunk(file.table, number, file.name, columns, rows, faults)


def _parquet(file: File, number: int, options: ReadOptions) -> Iterator[Chunk | DeadLetters]:
    row = 0
    try:
        schema = pq.read_schema(file.path)
        names = check_columns(file.table, file.name, schema.names, options)
        few = [f.name for f, name in zip(schema, names, strict=True) if name in FEW and pa.types.is_string(f.type)]
        with pq.ParquetFile(file.path, read_dictionary=few, pre_buffer=False, buffer_size=_AHEAD) as source:
            for batch in source.iter_batches(batch_size=_rows_at_once(source.metadata)):
                columns, broken = {}, np.zeros(len(batch), bool)
                for name, array in zip(names, batch.columns, strict=True):
                    columns[name], bad = readable(array)
                    broken |= bad
                rows = np.arange(row + 1, row + 1 + len(batch), dtype=np.int64)
                row += len(batch)
                if len(batch):
                    yield _chunk(file, number, columns, rows, broken)
    except (pa.ArrowException, OSError, ValueError) as fault:
        yield _unreadable(file, fault, row)


def _rows_at_once(metadata: Any) -> int:
    """Fewer where rows are long: a batch is to stay within some bytes."""
    size: int = sum(metadata.row_group(i).total_byte_size for i in range(metadata.num_row_groups))
    rows: int = _BATCH_BYTES * metadata.num_rows // max(size, 1)
    return max(1, min(CHUNK_ROWS, rows))


def readable(array: Any) -> tuple[Any, Array]:
    """A column whose texts are UTF-8, and the rows where they were not."""
    none = np.zeros(len(array), bool)
    kind = array.type
    if pa.types.is_dictionary(kind):
        values, bad = readable(array.dictionary)
        if not bad.any():
            return array, none
        at = array.indices.fill_null(0).to_numpy(zero_copy_only=False)
        return pa.DictionaryArray.from_arrays(array.indices, values), bad[at]
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind) or pa.types.is_binary_view(kind):
        return csvfile.decoded(array.cast(pa.large_binary()))
    if pa.types.is_string_view(kind):
        array, kind = array.cast(pa.string()), pa.string()
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        return array, none
    try:
        array.validate(full=True)
        return array, none
    except pa.ArrowInvalid:
        return csvfile.decoded(array.cast(pa.large_binary()))
