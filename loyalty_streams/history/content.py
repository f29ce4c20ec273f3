"""The content hash of facts: two deliveries of one key with the same hash are one fact, with another they are in conflict.

It is XXH64 (seed 0) of a row of little-endian 64-bit words: the member's code, the columns of the fact but for arrival and decision, the sum of
the XXH64 of its lines and the sum of the XXH64 of its attributes, so that neither order of rows in a file nor arrival plays a part.
Nor does the decision on it: an export has decisions beside the facts, and must be known again by the store that decided.
"""

from __future__ import annotations

import numpy as np

from loyalty_streams.core.facts import ATTR_FIELDS, FACT_FIELDS, LINE_FIELDS, Array, Columns
from loyalty_streams.history.strings import xxh64_words

_WORDS = tuple(name for name in FACT_FIELDS if name not in ("arrived", "outcome", "refuse"))


def _sums(start: Array, values: Array) -> Array:
    """Sums of `values` (modulo 2^64) over `start[i]:start[i+1]`."""
    total = np.zeros(len(values) + 1, np.uint64)
    np.cumsum(values, out=total[1:])
    return total[start[1:]] - total[start[:-1]]


def _parts(columns: Columns, start: Array, fields: tuple[str, ...]) -> Array:
    """The digest of the lines or attributes of each row."""
    if start[-1] == start[0]:
        return np.zeros(len(start) - 1, np.uint64)
    rows = [getattr(columns, name).astype(np.int64) for name in fields]
    return _sums(start, xxh64_words(rows))


def attribute_digest(columns: Columns) -> Array:
    """The digest of each row's attributes, whatever their order; 0 without any."""
    return _parts(columns, columns.attr_at, ATTR_FIELDS)


def content_hashes(columns: Columns, members: Array) -> Array:
    """The content hash of each row (uint64); `members` are the codes of the rows' members."""
    words = [members.astype(np.int64)]
    words += [getattr(columns, name).astype(np.int64) for name in _WORDS]
    words.append(_parts(columns, columns.line_at, LINE_FIELDS).view(np.int64))
    words.append(attribute_digest(columns).view(np.int64))
    return xxh64_words(words)
