"""CSV files, block by block: Arrow reads a block that is as it should be; Python's reader the odd one, row by row.

Every row knows its line, quoted line ends included, and one broken row does not take its neighbours with it.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from loyalty_streams.core.facts import Array
from loyalty_streams.history.letters import LONGEST_ROW, WITHHELD, DeadLetter, HistoryError, row_json

BLOCK = 1 << 20
LONGEST_RECORD = 1 << 20
MOST_COLUMNS = 1_000
LONGEST_TEXT = 200
"""Characters that are kept of a row that could not be taken apart."""
_PHONE_LIKE = re.compile(r"\+?(?:\d[ ().-]{0,2}){7,}")
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Piece:
    """Some rows of a file: names and columns (`large_string`), line numbers, rows that are not UTF-8, and rows that are no rows."""

    names: list[str]
    columns: list[Any]
    rows: Array
    broken: Array | None = None
    letters: tuple[DeadLetter, ...] = ()


def decoded(array: Any) -> tuple[Any, Array]:
    """A `large_binary` column as text, and the rows that are not UTF-8 (with their bytes as escapes)."""
    bad = np.zeros(len(array), bool)
    try:
        return array.cast(pa.large_string()), bad
    except pa.ArrowInvalid:
        words = []
        for i, value in enumerate(array.to_pylist()):
            try:
                words.append(None if value is None else value.decode())
            except UnicodeDecodeError:
                bad[i] = True
                words.append(value.decode("utf-8", "backslashreplace"))
        return pa.array(words, pa.large_string()), bad


def pieces(path: Path, packed: bool) -> Iterator[Piece]:
    """The rows of a CSV file with a header. Raises OSError, EOFError, zlib.error where a packed file breaks off, ValueError without a header."""
    with gzip.open(path, "rb") if packed else path.open("rb") as stream:
        names, line = _cells(_header(stream)), 2
        if len(names) > MOST_COLUMNS:
            raise HistoryError("MISSING_COLUMN", f"{path.name}: more than {MOST_COLUMNS} columns")
        yield Piece(names, [], np.zeros(0, np.int64))
        reader, rest = _Reader(names), b""
        while True:
            read = stream.read(BLOCK)
            rest += read
            while rest:
                cut, lines = _cut(rest, not read)
                if cut:
                    yield reader.piece(rest[:cut], line)
                    line, rest = line + lines, rest[cut:]
                    continue
                if read and len(rest) <= LONGEST_RECORD:
                    break
                # A record that does not end: its first line is set aside, and reading goes on with the next.
                end = rest.find(b"\n") + 1
                yield reader.refused(rest[: end or len(rest)], line)
                line, rest = line + 1, rest[end:] if end else _after_line(stream)
            if not read:
                return


def _after_line(stream: Any) -> bytes:
    """Passes over what is left of a line that is too long."""
    while (more := stream.readline(BLOCK)) and not more.endswith(b"\n"):
        pass
    return b""


def _header(stream: Any) -> bytes:
    first: bytes = stream.readline(LONGEST_RECORD).removeprefix(_BOM)
    if not first.strip():
        raise ValueError("the first line names no columns")
    return first


def _cells(header: bytes) -> list[str]:
    row = next(csv.reader([header.decode("utf-8", "replace").rstrip("\r\n")]), [])
    return [name.strip() for name in row]


def _cut(block: bytes, whole: bool) -> tuple[int, int]:
    """(bytes up to the end of the last whole record, line ends in them): a line end inside quotes ends no record."""
    ends = np.flatnonzero(np.frombuffer(block, np.uint8) == 10)
    quotes = np.flatnonzero(np.frombuffer(block, np.uint8) == 34) if b'"' in block else ends[:0]
    if whole and block and block[-1] != 10 and len(quotes) % 2 == 0:
        return len(block), len(ends) + 1
    real = ends[np.searchsorted(quotes, ends) % 2 == 0] if len(quotes) else ends
    if not len(real):
        return 0, 0
    cut = int(real[-1]) + 1
    return cut, int(np.searchsorted(ends, cut))


class _Reader:
    def __init__(self, names: list[str]) -> None:
        self.names = names
        slots = [f"c{i}" for i in range(len(names))]
        self._read = pacsv.ReadOptions(use_threads=False, column_names=slots, block_size=1 << 26)
        self._parse = pacsv.ParseOptions(newlines_in_values=True, ignore_empty_lines=True)
        self._convert = pacsv.ConvertOptions(
            column_types={s: pa.large_binary() for s in slots}, null_values=[], strings_can_be_null=False, quoted_strings_can_be_null=False
        )

    def piece(self, block: bytes, line: int) -> Piece:
        """The rows of a block of whole records that begins at a line."""
        lines = _record_lines(block, line)
        try:
            table = pacsv.read_csv(pa.BufferReader(block), self._read, self._parse, self._convert) if len(lines) else None
        except pa.ArrowInvalid:
            return self._slow(block, line)
        if table is None:
            return Piece(self.names, [], lines)
        if len(table) != len(lines):
            return self._slow(block, line)
        columns, broken = [], np.zeros(len(lines), bool)
        for column in table.columns:
            array, bad = decoded(column.combine_chunks())
            columns.append(array)
            broken |= bad
        return Piece(self.names, columns, lines, broken)

    def _slow(self, block: bytes, line: int) -> Piece:
        """Record by record; a record of several lines that does not fit is read again line by line."""
        kept: list[list[str]] = []
        lines: list[int] = []
        broken: list[bool] = []
        letters: list[DeadLetter] = []
        for text, at in _records(block, line):
            rows = self._rows(text, at)
            for row, where, raw in rows:
                if row is None:
                    letters.append(self._letter(raw, where))
                elif row:
                    kept.append([c.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace") for c in row])
                    lines.append(where)
                    broken.append(any("\udc80" <= ch <= "\udcff" for c in row for ch in c))
        columns = [pa.array([row[i] for row in kept], pa.large_string()) for i in range(len(self.names))]
        return Piece(self.names, columns, np.array(lines, np.int64), np.array(broken, bool), tuple(letters))

    def _rows(self, record: bytes, at: int) -> list[tuple[list[str] | None, int, bytes]]:
        row = self._row(record)
        if row is not None or record.count(b"\n") <= 1:
            return [(row, at, record)]
        return [(self._row(part), at + i, part) for i, part in enumerate(record.splitlines(keepends=True))]

    def _row(self, record: bytes) -> list[str] | None:
        """The cells of one record; [] of an empty line; None where it is no row of this file."""
        text = record.decode("utf-8", "surrogateescape")
        if not text.strip("\r\n"):
            return []
        try:
            rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
        except csv.Error:
            return None
        return rows[0] if len(rows) == 1 and len(rows[0]) == len(self.names) else None

    def refused(self, record: bytes, line: int) -> Piece:
        """A record that is too long or whose quotes are not closed."""
        code, expected = ("UNREADABLE", "quotes that are closed") if len(record) <= LONGEST_RECORD else _TOO_LONG
        letter = self._letter(record, line, code, expected)
        return Piece(self.names, [], np.zeros(0, np.int64), None, (letter,))

    def _letter(self, record: bytes, line: int, code: str = "UNREADABLE", expected: str = "") -> DeadLetter:
        expected = expected or f"{len(self.names)} cells, as the header has"
        text = record[:LONGEST_ROW].decode("utf-8", "backslashreplace").rstrip("\r\n")
        return DeadLetter("", line, code, expected, raw_text(text))


_TOO_LONG = ("TOO_LARGE", f"a row of at most {LONGEST_RECORD} bytes")


def raw_text(text: str) -> str:
    """A row that could not be taken apart, as JSON; what may be personal cannot be told, so only its beginning is kept, and nothing like a phone."""
    text = _PHONE_LIKE.sub(WITHHELD, text)[:LONGEST_TEXT]
    return row_json({"(row)": text}) if text.isprintable() else json.dumps({"(row)": text})


def _record_lines(block: bytes, line: int) -> Array:
    """The line at which each record of the block begins; empty lines are no records."""
    data = np.frombuffer(block, np.uint8)
    ends = np.flatnonzero(data == 10)
    if not len(block):
        return np.zeros(0, np.int64)
    if block[-1] != 10:
        ends = np.append(ends, len(block))
    real = np.ones(len(ends), bool)
    if b'"' in block:
        real = np.searchsorted(np.flatnonzero(data == 34), ends) % 2 == 0
    starts = np.concatenate([[0], ends[real][:-1] + 1])
    size = ends[real] - starts
    empty = (size == 0) | ((size == 1) & (data[np.minimum(starts, len(data) - 1)] == 13))
    first = np.concatenate([[0], np.flatnonzero(real)[:-1] + 1])
    lines: Array = (first + line)[~empty].astype(np.int64)
    return lines


def _records(block: bytes, line: int) -> Iterator[tuple[bytes, int]]:
    """The records of a block, and the line at which each begins."""
    pending, quotes, first = b"", 0, line
    for i, part in enumerate(block.split(b"\n")):
        pending += part + b"\n"
        quotes += part.count(b'"')
        if quotes % 2 == 0:
            yield pending, first
            pending, quotes, first = b"", 0, line + i + 1
    if pending.strip():
        yield pending, first
