"""Codes and registry numbers of many rows as Arrow columns of texts: each distinct one is looked up once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import IntEnum
from typing import Any

import numpy as np
import pyarrow as pa

from loyalty_streams.agents.rows import Text
from loyalty_streams.core.codes import NEVER
from loyalty_streams.core.facts import Array
from loyalty_streams.hosts.embedded.rocks import TEXTS
from loyalty_streams.hosts.embedded.store import Store

STRING = pa.string()
INSTANT = pa.timestamp("us", "UTC")


def strings(text: Text) -> Any:
    """A run of strings as an Arrow column."""
    ends = np.zeros(len(text.sizes) + 1, np.int64)
    np.cumsum(text.sizes, out=ends[1:])
    return pa.Array.from_buffers(pa.large_string(), len(text.sizes), [None, pa.py_buffer(ends), pa.py_buffer(text.data)]).cast(STRING)


def of_distinct(values: Array, text: Callable[[int], str | None]) -> Any:
    """Each value's text; None is a missing value."""
    distinct, at = np.unique(values, return_inverse=True)
    words = pa.array([text(v) for v in distinct.tolist()], STRING)
    return words.take(pa.array(at.reshape(-1)))


def of_numbers(numbers: Array, names: Sequence[str]) -> Any:
    """The names of registry numbers, as a dictionary of all names; -1 is the empty name."""
    known = pa.array(["", *names], STRING)
    return pa.DictionaryArray.from_arrays(pa.array(numbers.astype(np.int32) + 1), known)


def of_enum(numbers: Array, words: type[IntEnum], none: str | None = None) -> Any:
    """The names of a closed vocabulary, as a dictionary of all of them. `none`: what 0 reads, where it is no word."""
    names = [""] * (max(words) + 1)
    for word in words:
        names[word] = word.name
    if none is not None:
        names[0] = none
    return pa.DictionaryArray.from_arrays(pa.array(numbers.astype(np.int32)), pa.array(names, STRING))


def of_texts(store: Store, codes: Array, missing: str | None = None) -> Any:
    """The texts of coded strings; 0 is `missing`. A code whose text nobody brought reads `#` and 16 hexadecimal digits."""
    distinct = [c for c in np.unique(codes).tolist() if c]
    rows = store.rocks.get_many("rest", [TEXTS + c.to_bytes(8, "big", signed=True) for c in distinct])
    known = {c: row.decode() if row is not None else hexadecimal(c) for c, row in zip(distinct, rows, strict=True)}
    return of_distinct(codes, lambda c: known[c] if c else missing)


def of_keys(codes: Array, keys: Mapping[int, str]) -> Any:
    """Business keys of codes; the empty string of 0."""
    return of_distinct(codes, lambda c: keys.get(c, hexadecimal(c)) if c else "")


def of_lots(codes: Array, keys: Mapping[int, str]) -> Any:
    """As `of_keys`; a lot that a timer gave is named by the negative of the timer's instant."""
    return of_distinct(codes, lambda c: f"timer/{-c}" if -NEVER < c < 0 and c not in keys else keys.get(c, hexadecimal(c)) if c else "")


def hexadecimal(code: int) -> str:
    return f"#{code & (1 << 64) - 1:016x}"


def instants(values: Array, there: Array | None = None) -> Any:
    """Instants as timestamps, missing where they are not there."""
    return pa.array(values, mask=None if there is None else ~there).cast(INSTANT)


def integers(values: Array, there: Array | None = None) -> Any:
    return pa.array(values.astype(np.int64), mask=None if there is None else ~there)
