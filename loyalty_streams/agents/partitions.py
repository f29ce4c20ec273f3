"""Which partition of the log an account's facts are in, and a batch as the partitions see it.

Each partition has a members agent of its own, which knows of other partitions' accounts only what is sent to it. Embedded, all run in one process,
one after another; the end is the same for any number of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import xxhash

from loyalty_streams.agents.messages import addressee
from loyalty_streams.core.facts import Array
from loyalty_streams.history.batch import FactBatch
from loyalty_streams.history.strings import hashes

MOST = 1_024
"""Partitions that a log may have."""


def partition_of(account: bytes, partitions: int) -> int:
    """The partition of an account: its code (XXH64, seed 0, of the name, signed) modulo their number."""
    code = xxhash.xxh64_intdigest(account)
    return (code - (1 << 64) if code >> 63 else code) % partitions


def by_partition(batch: FactBatch, partitions: int) -> list[FactBatch]:
    """A batch in parts of one partition each, in the order in which they are to be taken.

    A key that comes twice, under accounts of two partitions, comes in two parts in order of arrival: the first delivery stands.
    """
    if partitions == 1 or not len(batch):
        return [batch]
    where = batch.member_codes % partitions
    parts = [batch.take(rows) for a, b in pairwise(_cuts(batch, where)) for rows in _rows(where, a, b, partitions)]
    return parts


def messages_by_partition(messages: Sequence[bytes], which: Sequence[int], partitions: int) -> list[list[int]]:
    """The places of some of the messages, by the partition that they are for."""
    out: dict[int, list[int]] = {}
    for k in which:
        out.setdefault(partition_of(addressee(messages[k]), partitions), []).append(k)
    return [out[p] for p in sorted(out)]


def _rows(where: Array, first: int, last: int, partitions: int) -> list[Array]:
    found = [first + np.flatnonzero(where[first:last] == p) for p in range(partitions)]
    return [rows for rows in found if len(rows)]


def _cuts(batch: FactBatch, where: Array) -> list[int]:
    names = hashes(batch.keys)
    cuts = [0]
    if len(np.unique(names)) < len(names):
        seen: dict[int, int] = {}
        for row, (name, partition) in enumerate(zip(names.tolist(), where.tolist(), strict=True)):
            if seen.setdefault(name, partition) != partition:
                cuts.append(row)
                seen = {name: partition}
    return [*dict.fromkeys(cuts), len(batch)]
