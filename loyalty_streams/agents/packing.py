"""What a batch leaves behind, as bytes in bulk: segments, heads and key rows are woven of columns, many rows at a time.

The forms are those of `agents.rows`, which reads them one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from loyalty_streams.agents.rows import COUNTS, LONG_KEY, PLAIN, AttrRow, FactRow, LineRow, MendRow, Text, stored_key
from loyalty_streams.core.entries import Entries
from loyalty_streams.core.facts import Array, Columns

BYTES = pa.large_binary()
NOTHING = pa.scalar(b"", BYTES)


# ---- columns of bytes --------------------------------------------------------------------------------------------------


def run(data: Any, at: Array) -> Any:
    """A run of bytes cut at offsets as a column: row i is `data[at[i]:at[i + 1]]`. Nothing is copied."""
    offsets = np.ascontiguousarray(at, np.int64)
    return pa.Array.from_buffers(BYTES, len(at) - 1, [None, pa.py_buffer(offsets), pa.py_buffer(data)])


def fixed(rows: npt.NDArray[Any], at: Array | None = None) -> Any:
    """Rows of fixed width as a column: one each, or those between the offsets `at`."""
    places = np.arange(len(rows) + 1) if at is None else at
    return run(np.ascontiguousarray(rows).view(np.uint8), places * rows.itemsize)


def column(values: Sequence[bytes]) -> Any:
    return pa.array(values, BYTES)


def strings(texts: Any) -> list[bytes]:
    """The strings of a `large_string` array without nulls, in UTF-8."""
    found: list[bytes] = texts.cast(BYTES).to_pylist()
    return found


def taken(values: Any, numbers: Array) -> Any:
    """The rows of these numbers; no bytes where a number is -1."""
    return pc.fill_null(values.take(pa.array(numbers, mask=numbers < 0)), b"")


def woven(columns: Sequence[Any]) -> list[bytes]:
    """Row i of all columns, one after the other, as the bytes of row i."""
    found: list[bytes] = pc.binary_join_element_wise(*columns, NOTHING).to_pylist()
    return found


# ---- what is woven -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Packed:
    """The facts of a batch, clustered by member, as rows ready to be cut at member boundaries."""

    facts: npt.NDArray[Any]
    lines: npt.NDArray[Any]
    attributes: npt.NDArray[Any]
    line_at: Array
    attr_at: Array
    keys: Text
    abouts: Text


def pack_facts(columns: Columns, keys: Text, abouts: Text, content: Array, revisions: Array, came: Array | int = 0) -> Packed:
    n = len(columns.kind)
    facts = np.zeros(n, FactRow)
    for name in PLAIN:
        facts[name] = getattr(columns, name)
    facts["content"], facts["revision"], facts["came"] = content, revisions, came
    facts["lines"], facts["attributes"] = np.diff(columns.line_at), np.diff(columns.attr_at)
    facts["key_size"], facts["about_size"] = keys.sizes, abouts.sizes
    lines = np.zeros(len(columns.line_no), LineRow)
    for name in LineRow.names or ():
        lines[name] = getattr(columns, f"line_{name}")
    attributes = np.zeros(len(columns.attr_name), AttrRow)
    for name in AttrRow.names or ():
        attributes[name] = getattr(columns, f"attr_{name}")
    return Packed(facts, lines, attributes, columns.line_at, columns.attr_at, keys, abouts)


def cut_segments(packed: Packed, groups: Array, entries: Entries, entry_at: Array, mends: npt.NDArray[Any] | None = None) -> list[bytes]:
    """The segment of each group of facts `groups[g]:groups[g + 1]` with entries `entry_at[g]:entry_at[g + 1]`.

    An entry's `cause` becomes the row of its fact in the segment, its `member` 0. With `mends`, a row of `MendRow` an entry, the facts that caused
    them are named there, and may be facts of other segments.
    """
    kept = entries.copy()
    within = entries["cause"] - np.repeat(groups[:-1], np.diff(entry_at)) if mends is None else 0
    kept["cause"] = np.where(entries["cause"] >= 0, within, -1)
    kept["member"] = 0
    mended, mends = (np.zeros_like(entry_at), np.zeros(0, MendRow)) if mends is None else (entry_at, mends)
    keys, abouts = _ends(packed.keys)[groups], _ends(packed.abouts)[groups]
    lines, attributes = packed.line_at[groups], packed.attr_at[groups]
    sizes = np.stack([np.diff(at) for at in (groups, lines, attributes, entry_at, keys, abouts, mended)], axis=1).astype("<u4")
    return woven([
        run(sizes.ravel().view(np.uint8), np.arange(len(groups)) * COUNTS.size), fixed(packed.facts, groups), fixed(packed.lines, lines),
        fixed(packed.attributes, attributes), fixed(kept, entry_at), run(packed.keys.data, keys), run(packed.abouts.data, abouts),
        fixed(mends, mended),
    ])  # fmt: skip


def pack_heads(rows: npt.NDArray[Any], last_keys: Sequence[bytes], states: Array, state_at: Array) -> list[bytes]:
    """Heads of their fields (`HeadRow`, whose `key_size` is set here), the business keys of the newest facts, and the packed states."""
    sizes = np.fromiter(map(len, last_keys), np.int64, len(last_keys))
    rows["key_size"] = np.minimum(sizes, LONG_KEY)
    keys = [stored_key(key) for key in last_keys] if (sizes >= LONG_KEY).any() else last_keys
    return woven([fixed(rows), column(keys), run(states, state_at)])


def pack_key_rows(rows: npt.NDArray[Any], members: Any, abouts: Any, cards: Any) -> list[bytes]:
    """Key rows of their fields (`KeyFixed`, whose sizes are set here) and columns of bytes."""
    parts = {"member": members, "about": abouts, "card": cards}
    for name, values in parts.items():
        rows[name] = pc.binary_length(values)
    return woven([fixed(rows), *parts.values()])


def _ends(text: Text) -> Array:
    return np.concatenate([[0], np.cumsum(text.sizes)])
