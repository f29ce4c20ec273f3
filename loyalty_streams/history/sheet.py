"""A sheet is a piece of one table under examination: each column is read whole, and each row remembers its first fault."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from loyalty_streams.core.facts import Array
from loyalty_streams.history import numbers, times
from loyalty_streams.history.letters import DeadLetter, HistoryError, plain_phone, row_json
from loyalty_streams.history.options import ReadOptions
from loyalty_streams.history.phones import Phones
from loyalty_streams.history.strings import LONGEST, Known, checked, coded, texts
from loyalty_streams.history.tables import TABLES

INT32 = 2**31 - 1
LONGEST_CELL = 65_536


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows of a file: columns by name (Arrow arrays of equal length), and the number of each row (see `DeadLetter.row`)."""

    table: str
    file: int
    file_name: str
    columns: Mapping[str, Any]
    rows: Array
    faults: tuple[tuple[Array, str, str], ...] = ()
    """(rows, code, expected) that reading the file already found."""


class Sheet:
    """One chunk being read. The readers return values for all rows; what a refused row has in them means nothing.

    `phones` makes accounts of phones; `contested` are the codes of accounts that the file gives to two members.
    """

    def __init__(
        self, chunk: Chunk, options: ReadOptions, memory: dict[str, Known] | None = None, phones: Phones | None = None,
        contested: Array | None = None,
    ) -> None:  # fmt: skip
        self.chunk = chunk
        self.phones = Phones(options.phone_key, options.phone_region) if phones is None else phones
        self.contested: Array = np.zeros(0, np.int64) if contested is None else contested
        self._memory = {} if memory is None else memory
        self.options = options
        self.n = len(chunk.rows)
        self.book: dict[int, str] = {}
        self._fault = np.zeros(self.n, np.int16)
        self._faults: list[tuple[str, str]] = [("", "")]
        for bad, code, expected in chunk.faults:
            self.fail(bad, code, expected)
        self._bound_cells()

    def _bound_cells(self) -> None:
        for name, array in self.chunk.columns.items():
            values = array.dictionary if pa.types.is_dictionary(array.type) else array
            if not (pa.types.is_string(values.type) or pa.types.is_large_string(values.type)):
                continue
            if len(values) and (pc.max(pc.binary_length(values)).as_py() or 0) > LONGEST_CELL:
                sizes = pc.fill_null(pc.binary_length(texts(self._plain(array))), 0)
                self.fail(sizes.to_numpy(zero_copy_only=False) > LONGEST_CELL, "TOO_LARGE", f"{name}: at most {LONGEST_CELL} bytes")

    # Faults

    def fail(self, bad: Array, code: str, expected: str) -> None:
        """The rows where `bad` are refused, unless they have been already."""
        fresh = bad & (self._fault == 0)
        if fresh.any():
            self._faults.append((code, expected))
            self._fault[fresh] = len(self._faults) - 1

    @property
    def refused(self) -> Array:
        return self._fault > 0

    def letters(self) -> list[DeadLetter]:
        """One dead letter a refused row."""
        out = []
        for i in np.flatnonzero(self.refused).tolist():
            code, expected = self._faults[self._fault[i]]
            row = self.row(i)
            member = row.get("member_id") or row.get("from") or ""
            member = member if isinstance(member, str) and len(member) <= LONGEST and not plain_phone(member) else ""
            place = int(self.chunk.rows[i])
            out.append(DeadLetter(self.chunk.file_name, place, code, expected, row_json(row), member, self.chunk.table))
        return out

    def row(self, i: int) -> dict[str, Any]:
        """Row i as it stood in the file, empty cells left out."""
        out: dict[str, Any] = {}
        for name, array in self.chunk.columns.items():
            value = _shown(array[i])
            if value is not None and value != "":
                out[name] = value.isoformat() if hasattr(value, "isoformat") else str(value) if isinstance(value, float) else value
        return out

    # Readers

    def has(self, name: str) -> bool:
        return name in self.chunk.columns

    @staticmethod
    def _plain(array: Any) -> Any:
        return array.dictionary_decode() if pa.types.is_dictionary(array.type) else array

    def _missing(self, name: str, missing: Array) -> None:
        self.fail(missing, "MISSING", f"{name}: a value")

    def raw(self, name: str, code: str = "BAD_ID") -> Any:
        """A column as texts. Whole numbers read as their digits; dates, floats, lists and truth values are no texts."""
        if name not in self.chunk.columns:
            return texts([""] * self.n) if self.n < 64 else pa.repeat(pa.scalar("", pa.large_string()), self.n)
        array = self._plain(self.chunk.columns[name])
        kind = array.type
        if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_integer(kind) or pa.types.is_null(kind):
            return texts(array)
        if array.null_count < self.n:
            self.fail(~pc.is_null(array).to_numpy(zero_copy_only=False), code, f"{name}: a text, not {kind}")
        return texts([""] * self.n)

    def ident(self, name: str, required: bool = True) -> Any:
        """A column of identifiers, in NFC."""
        array, bad = checked(self.raw(name))
        self.fail(bad, "BAD_ID", f"{name}: 1 to {LONGEST} bytes, no blanks at the ends, no control or invisible characters")
        if required:
            self._missing(name, pc.equal(array, "").to_numpy(zero_copy_only=False))
        return array

    def code(self, name: str, required: bool = False) -> Array:
        """A column of coded texts; their texts go into the book."""
        if name not in self.chunk.columns:
            return np.zeros(self.n, np.int64)
        array = self.chunk.columns[name]
        if not (pa.types.is_dictionary(array.type) and pa.types.is_string(array.type.value_type)):
            array = self.raw(name, "BAD_TEXT")
        found = coded(array, self._memory, name)
        self.fail(found.bad, "BAD_TEXT", f"{name}: at most {LONGEST} bytes, no control characters")
        if required:
            self._missing(name, found.codes == 0)
        self.book.update(found.texts)
        return found.codes

    def _whole(self, name: str, places: int, largest: int, expected: str) -> tuple[Array, Array]:
        values, missing, bad, far = numbers.whole(self.chunk.columns[name], places)
        self.fail(bad, "BAD_NUMBER", f"{name}: {expected}")
        self.fail(far | (values > largest) | (values < -largest), "AMOUNT_RANGE", f"{name}: at most {largest}")
        return values, missing

    def integer(self, name: str, default: int | None = None, largest: int = numbers.LARGEST) -> Array:
        """A column of integers; without a `default` a value is required."""
        if name not in self.chunk.columns:
            return np.full(self.n, default or 0, np.int64)
        values, missing = self._whole(name, 0, largest, "a whole number in ASCII digits")
        if default is None:
            self._missing(name, missing)
        return np.where(missing, default or 0, values)

    def money(self, minor: str, major: str, default: int | None = None) -> tuple[Array, Array]:
        """(minor units, missing) of a column of minor units, or of one of major units as exact decimals."""
        if minor in self.chunk.columns:
            values, missing = self._whole(minor, 0, numbers.LARGEST, "a whole number of minor units in ASCII digits")
            name = minor
        elif major in self.chunk.columns:
            places = self.options.minor_digits
            example = f"12.{'9' * places}" if places else "12"
            expected = f"a plain decimal such as {example} with at most {places} decimal places, and not a float"
            values, missing = self._whole(major, places, numbers.LARGEST, expected)
            name = major
        else:
            return np.full(self.n, default or 0, np.int64), np.ones(self.n, bool)
        if default is None:
            self._missing(name, missing)
        return np.where(missing, default or 0, values), missing

    def percent(self, name: str) -> tuple[Array, Array]:
        """(hundredths of a percent, missing) of a column of percentages."""
        if name not in self.chunk.columns:
            return np.zeros(self.n, np.int64), np.ones(self.n, bool)
        values, missing, bad, far = numbers.whole(self.chunk.columns[name], 2)
        self.fail(bad, "BAD_NUMBER", f"{name}: a percentage such as 30 or 12.5 with at most 2 decimal places, and not a float")
        self.fail(far, "AMOUNT_RANGE", f"{name}: at most 100")
        return values, missing

    def instant(self, name: str, required: bool = True) -> tuple[Array, Array]:
        """(microseconds UTC, missing)."""
        if name not in self.chunk.columns:
            return np.zeros(self.n, np.int64), np.ones(self.n, bool)
        values, missing, bad = times.instants(self.chunk.columns[name], self.options.assume_zone)
        offset = "" if self.options.assume_zone else " with an offset"
        self.fail(bad, "BAD_TIME", f"{name}: an ISO 8601 time{offset} between 1970 and 2169, such as 2026-06-01T12:00:00+08:00")
        if required:
            self._missing(name, missing)
        return values, missing

    def choice(self, name: str, words: Mapping[str, int], default: int | None = None) -> Array:
        """A column of words of a closed list, as their numbers."""
        if name not in self.chunk.columns:
            return np.full(self.n, default or 0, np.int64)
        found = self.raw(name, "BAD_CHOICE").dictionary_encode()
        known = [default if w == "" else words.get(w) for w in found.dictionary.to_pylist()]
        at = found.indices.to_numpy(zero_copy_only=False)
        bad = np.array([k is None for k in known], bool)[at] if self.n else np.zeros(0, bool)
        self.fail(bad, "BAD_CHOICE", f"{name}: one of {', '.join(words)}")
        out: Array = np.array([k or 0 for k in known], np.int64)[at]
        return out

    def currency(self) -> None:
        """Every row is in the programme's currency."""
        found = self.raw("currency", "CURRENCY").dictionary_encode()
        mine = self.options.currency
        bad = np.array([w != mine for w in found.dictionary.to_pylist()], bool)
        if bad.any():
            self.fail(bad[found.indices.to_numpy(zero_copy_only=False)], "CURRENCY", f"currency: {mine}, the programme's")

    def arrived(self, at: Array) -> Array:
        """When each row arrives, by `ReadOptions.arrival`."""
        how = self.options.arrival
        if how == "now":
            return np.full(self.n, self.options.now, np.int64)
        stamped = np.maximum(at, self.options.newest_arrived)
        if how == "occurred" or not self.has("arrived_at"):
            return stamped
        values, missing = self.instant("arrived_at", required=how == "column")
        return np.where(missing, stamped, values)


def _shown(scalar: Any) -> Any:
    """A cell as a value of Python; one that Python has no value for, such as an instant of the year 50,000, as its text."""
    try:
        return scalar.as_py()
    except (ValueError, OverflowError, LookupError, pa.ArrowException):
        return str(getattr(scalar, "value", scalar.type))


def check_columns(table: str, file_name: str, names: list[str], options: ReadOptions) -> list[str]:
    """The names of a file's columns after `map`; raises where a needed one is missing or one is there twice."""
    known = TABLES[table]
    renamed = [options.map.get(f"{table}.{n}", options.map.get(n, n)) for n in names]
    for name in renamed:
        if renamed.count(name) > 1:
            raise HistoryError("COLUMN_TWICE", f"{file_name}: column `{name}` is there twice")
    for need in known.required:
        options_of = (need,) if isinstance(need, str) else need
        if not any(n in renamed for n in options_of):
            wanted = " or ".join(f"`{n}`" for n in options_of)
            there = ", ".join(f"`{n}`" for n in renamed[:40])
            hint = "columns are separated by commas" if len(renamed) == 1 and re.search(r"[;\t|]", renamed[0]) else "see --map"
            raise HistoryError("MISSING_COLUMN", f"{file_name}: no column {wanted}; it has {there} ({hint})")
    for minor in ("amount_minor", "line_amount_minor", "tax_minor", "order_amount_minor", "stored_value_minor"):
        if minor in renamed and minor.removesuffix("_minor") in renamed and minor in known.known:
            raise HistoryError("COLUMN_TWICE", f"{file_name}: both `{minor}` and `{minor.removesuffix('_minor')}`: give one")
    if options.arrival == "column" and table != "items" and "arrived_at" not in renamed:
        raise HistoryError("MISSING_COLUMN", f"{file_name}: no column `arrived_at`, which `--arrival column` reads")
    return renamed
