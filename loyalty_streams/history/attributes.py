"""Attributes of facts as columns: reserved ones by kind, and the user's own columns read as numbers, dates, instants, truth or text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from loyalty_streams.core.codes import AttrKind, code_of
from loyalty_streams.core.facts import Array, attribute_code
from loyalty_streams.history import times
from loyalty_streams.history.numbers import SCALE, exact
from loyalty_streams.history.sheet import Sheet
from loyalty_streams.history.strings import LONGEST, checked, hashes, texts

LONGEST_VALUE = 4096
MOST = 64
"""Attributes a fact."""
_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,11})(\.[0-9]{1,6})?\Z", re.ASCII)
_NAME = re.compile(r"[^\W_][\w.-]{0,63}\Z")


def read_value(text: str) -> tuple[AttrKind, int | str]:
    """What an attribute's text says: a plain number (times 10^6), `true` or `false`, a date (day number), an instant, else text.

    Numbers with leading zeros, signs other than `-`, exponents or more digits are text: nothing is lost of them.
    """
    if _NUMBER.match(text):
        value = exact(text, SCALE)
        if value is not None:
            return AttrKind.NUMBER, value
    elif text in ("true", "false"):
        return AttrKind.FLAG, int(text == "true")
    elif len(text) == 10 and (day := times.day_number(text)) is not None:
        return AttrKind.DATE, day
    elif len(text) >= 17 and text[4:5] == "-" and (at := times.instant(text)) is not None:
        return AttrKind.INSTANT, at
    return AttrKind.TEXT, text


class Attributes:
    """Collects attributes of the rows of one sheet, column by column, and gives them as columns sorted by row and name."""

    def __init__(self, sheet: Sheet) -> None:
        self.sheet = sheet
        self._rows: list[Array] = []
        self._names: list[Array] = []
        self._kinds: list[Array] = []
        self._values: list[Array] = []

    def put(self, name: str, kind: AttrKind | Array, values: Array, rows: Array) -> None:
        """Values of the rows at positions `rows`."""
        if not len(rows):
            return
        self._rows.append(rows.astype(np.int64))
        self._names.append(np.full(len(rows), attribute_code(name), np.int64))
        self._kinds.append(np.broadcast_to(np.asarray(kind, np.uint8), (len(rows),)))
        self._values.append(values.astype(np.int64))
        if not name.startswith("@"):
            self.sheet.book[code_of(name)] = name

    def text(self, name: str, column: str, leave: Array | None = None) -> None:
        """A TEXT attribute from a column, where it is not empty; not of the rows to `leave`."""
        codes = self.sheet.code(column)
        rows = np.flatnonzero(codes if leave is None else (codes != 0) & ~leave)
        self.put(name, AttrKind.TEXT, codes[rows], rows)

    def instant(self, name: str, column: str) -> None:
        values, missing = self.sheet.instant(column, required=False)
        rows = np.flatnonzero(~missing)
        self.put(name, AttrKind.INSTANT, values[rows], rows)

    def flag(self, name: str, values: Array, there: Array) -> None:
        rows = np.flatnonzero(there)
        self.put(name, AttrKind.FLAG, values[rows], rows)

    def open(self, column: str) -> None:
        """A column of the user's: each distinct value is read once."""
        array = as_text(self.sheet, column)
        found = array.dictionary_encode() if not pa.types.is_dictionary(array.type) else array
        distinct, bad = checked(texts(found.dictionary), LONGEST_VALUE, blanks=True)
        words = distinct.to_pylist()
        read = [read_value(w) for w in words]
        codes = hashes(distinct).tolist()
        values = np.array([c if isinstance(v, str) else v for (_, v), c in zip(read, codes, strict=True)] + [0], np.int64)
        kinds = np.array([k for k, _ in read] + [0], np.uint8)
        empty = np.array([w == "" for w in words] + [True], bool)
        at = found.indices.fill_null(len(words)).to_numpy(zero_copy_only=False)
        self.sheet.fail(np.append(bad, False)[at], "BAD_TEXT", f"{column}: at most {LONGEST_VALUE} bytes, no control characters")
        self.sheet.book.update({c: w for (k, _), c, w in zip(read, codes, words, strict=True) if k == AttrKind.TEXT and w})
        rows = np.flatnonzero(~empty[at])
        self.put(column, kinds[at[rows]], values[at[rows]], rows)

    def tags(self, column: str) -> None:
        """One `@tag` row a tag, of a list column or of text with commas, semicolons or blanks between."""
        if not self.sheet.has(column):
            return
        array = self.sheet.chunk.columns[column]
        values = _lists(array) if _of_texts(array.type) else self.sheet.raw(column, "BAD_TEXT").to_pylist()
        rows: list[int] = []
        codes: list[int] = []
        bad = np.zeros(self.sheet.n, bool)
        for i, value in enumerate(values):
            words = [w for w in re.split(r"[,;\s]+", value) if w] if isinstance(value, str) else value or []
            if not all(isinstance(w, str) and w for w in words) or len(set(words)) > MOST:
                bad[i] = True
                continue
            for word in sorted(set(words)):
                code = code_of(word)
                bad[i] |= len(word.encode()) > LONGEST
                self.sheet.book[code] = word
                rows.append(i)
                codes.append(code)
        self.sheet.fail(bad, "BAD_TEXT", f"{column}: at most {MOST} tags of at most {LONGEST} bytes")
        self.put("@tag", AttrKind.TEXT, np.array(codes, np.int64), np.array(rows, np.int64))

    def columns(self) -> Mapping[str, Array]:
        """`attr_at`, `attr_name`, `attr_kind`, `attr_value`."""
        n = self.sheet.n
        if not self._rows:
            none = np.zeros(0, np.int64)
            return {"attr_at": np.zeros(n + 1, np.int64), "attr_name": none, "attr_kind": none.astype(np.uint8), "attr_value": none}
        rows, names, kinds, values = (np.concatenate(x) for x in (self._rows, self._names, self._kinds, self._values))
        order = np.lexsort((values, kinds, names, rows))
        counts = np.bincount(rows, minlength=n)
        self.sheet.fail(counts > MOST, "TOO_LARGE", f"at most {MOST} attributes")
        at = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        return {"attr_at": at, "attr_name": names[order], "attr_kind": kinds[order], "attr_value": values[order]}


def _of_texts(kind: Any) -> bool:
    """Whether a type is that of lists of texts."""
    if not (pa.types.is_list(kind) or pa.types.is_large_list(kind)):
        return False
    return bool(pa.types.is_string(kind.value_type) or pa.types.is_large_string(kind.value_type))


def _lists(array: Any) -> list[Any]:
    """Lists of texts; in the place of one that is not UTF-8 a list of what is no text."""
    try:
        found: list[Any] = array.to_pylist()
        return found
    except UnicodeDecodeError:
        binary = array.cast(pa.list_(pa.binary()) if pa.types.is_list(array.type) else pa.large_list(pa.binary())).to_pylist()
        return [None if words is None else [_decoded(w) for w in words] for words in binary]


def _decoded(word: bytes | None) -> str | None:
    try:
        return None if word is None else word.decode()
    except UnicodeDecodeError:
        return None


def as_text(sheet: Sheet, column: str) -> Any:
    """A column of any type as the text that a CSV file would have. Floats that are not finite are refused."""
    array = sheet.chunk.columns[column]
    kind = array.type
    if pa.types.is_dictionary(kind):
        return array
    if pa.types.is_boolean(kind):
        return pc.if_else(array, "true", "false").cast(pa.large_string())
    if pa.types.is_floating(kind):
        bad = pc.invert(pc.is_finite(array)).fill_null(False).to_numpy(zero_copy_only=False)
        sheet.fail(bad, "BAD_NUMBER", f"{column}: a finite number")
        words = ["" if v is None or b else plain_float(v) for v, b in zip(array.to_pylist(), bad.tolist(), strict=True)]
        return pa.array(words, pa.large_string())
    if pa.types.is_timestamp(kind):
        at, missing, bad = times.instants(array, sheet.options.assume_zone)
        sheet.fail(bad, "BAD_TIME", f"{column}: a time with an offset between 1970 and 2169")
        words = ["" if m else times.iso(v) for v, m in zip(at.tolist(), (missing | bad).tolist(), strict=True)]
        return pa.array(words, pa.large_string())
    if pa.types.is_decimal(kind):
        words = ["" if v is None else format(v.normalize(), "f") for v in array.to_pylist()]
        return pa.array(words, pa.large_string())
    if pa.types.is_nested(kind) or pa.types.is_binary(kind):
        sheet.fail(~pc.is_null(array).to_numpy(zero_copy_only=False), "NESTED", f"{column}: a single value")
        return texts([""] * sheet.n)
    return texts(array)


def plain_float(value: float) -> str:
    """The shortest decimal that reads as this float."""
    text = format(Decimal(repr(value)), "f")
    return text.removesuffix(".0") if text != "-0.0" else "0"


def fit_name(name: str) -> bool:
    """A name that a programme can speak of as `attributes.NAME`."""
    return bool(_NAME.match(name))
