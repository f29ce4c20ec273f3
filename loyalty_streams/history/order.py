"""The order of facts: (arrived_at, occurred_at, rank of kind, business key as bytes), rows without an instant first (S1)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from loyalty_streams.core.facts import RANK, Array
from loyalty_streams.history.batch import FactBatch
from loyalty_streams.history.strings import TEXT, hashes


def ties(*columns: Array) -> Array:
    """Rows of a sorted table that are equal, in the columns, to the row before or after."""
    n = len(columns[0])
    same = np.ones(max(n - 1, 0), bool)
    for column in columns:
        same &= column[1:] == column[:-1]
    out = np.zeros(n, bool)
    out[1:] |= same
    out[:-1] |= same
    return out


def ordered(arrived: Array, at: Array, kind: Array, keys: Any) -> Array | None:
    """The rows in order, or None where they are so already. Keys are looked at only where the rest ties."""
    columns: tuple[Array, ...] = (np.where(at < 0, -1, arrived), at, RANK[kind])
    order: Array | None = None
    if not _ascending(columns[0], columns[1], columns[2]):
        order = np.lexsort(columns[::-1])
        columns = tuple(c[order] for c in columns)
    tied = np.flatnonzero(ties(*columns))
    if len(tied):
        rows = tied if order is None else order[tied]
        names = keys.take(pa.array(rows)).cast(pa.large_binary()).to_numpy(zero_copy_only=False)
        place = np.empty(len(tied), np.int64)
        place[np.argsort(names, kind="stable")] = np.arange(len(tied))
        inner = np.lexsort((place, *(c[tied] for c in columns[::-1])))
        if order is None:
            order = np.arange(len(at))
        order[tied] = rows[inner]
    return order


def _ascending(first: Array, second: Array, third: Array) -> bool:
    a, b, c = (column[1:] - column[:-1] for column in (first, second, third))
    return bool(((a > 0) | ((a == 0) & ((b > 0) | ((b == 0) & (c >= 0))))).all())


def sort_batch(batch: FactBatch) -> FactBatch:
    c = batch.columns
    order = ordered(c.arrived, c.at, c.kind, batch.keys)
    return batch if order is None else batch.take(order)


def number(batch: FactBatch) -> FactBatch:
    """Keys that end in `/` (rows without an id, in order) get the number of the row among its equals: from 0, in order of its text.

    Equal rows of one file are facts of their own; the same rows of a file read again are the same facts.
    """
    open_ended = pc.ends_with(batch.keys, "/").to_numpy(zero_copy_only=False)
    rows = np.flatnonzero(open_ended)
    if not len(rows):
        return batch
    stems = batch.keys.take(pa.array(rows))
    group = stems.dictionary_encode().indices.to_numpy(zero_copy_only=False).astype(np.int64)
    order = np.argsort(group, kind="stable")
    sizes = np.bincount(group)
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    nth = np.empty(len(rows), np.int64)
    nth[order] = np.arange(len(rows)) - starts[group[order]]
    for g in np.flatnonzero(sizes > 10).tolist():
        inner = np.flatnonzero(group == g)
        nth[inner] = sorted(range(len(inner)), key=str)
    whole = pc.binary_join_element_wise(stems, pa.array(nth).cast(TEXT), pa.scalar("", TEXT))
    keys = pc.replace_with_mask(batch.keys, pa.array(open_ended), whole)
    ref = batch.columns.ref.copy()
    ref[rows] = hashes(whole)
    return replace(batch, keys=keys, columns=batch.columns._replace(ref=ref))
