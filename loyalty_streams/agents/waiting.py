"""Returns whose order has not come yet: what is kept of them until it does (T079)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from loyalty_streams.agents.judging import Candidates
from loyalty_streams.agents.packing import cut_segments, pack_facts
from loyalty_streams.agents.rows import LENGTH, WAITS, KeyRow, Text, join_segments, split
from loyalty_streams.core.entries import Entry
from loyalty_streams.core.facts import concatenate, take_rows
from loyalty_streams.history.batch import FactBatch
from loyalty_streams.history.strings import hashes, texts

AWAITED = KeyRow(0, 0, WAITS, b"").pack()
"""Under the key of an order that has not come: somebody waits for it."""


class Waiting(NamedTuple):
    """A return that waits. `row`: its member and its segment, as stored; `arrived`: when it came."""

    order: bytes
    key: bytes
    row: bytes
    content: int
    revision: int
    kind: int
    member: bytes
    arrived: int

    def mark(self) -> bytes:
        """Its own key row: it is known, so that a second delivery of it is a duplicate."""
        return KeyRow(self.content, self.revision, self.kind | WAITS, self.member, self.order).pack()


def pack_waiting(c: Candidates, row: int) -> Waiting:
    rows = np.array([row])
    key, about = (Text(word, np.array([len(word)], np.int64)) for word in (c.keys[row], c.abouts[row]))
    packed = pack_facts(take_rows(c.columns, rows)._replace(at=c.said[rows]), key, about, c.content[rows], c.revisions[rows])
    nothing = np.zeros(2, np.int64)
    (segment,) = cut_segments(packed, np.array([0, 1], np.int64), np.zeros(0, Entry), nothing)
    member = c.members[int(c.member[row])]
    kind = int(c.columns.kind[row])
    return Waiting(
        c.abouts[row], c.keys[row], LENGTH.pack(len(member)) + member + segment, int(c.content[row]), int(c.revisions[row]), kind, member,
        int(c.columns.arrived[row]),
    )  # fmt: skip


def waiting_batch(rows: Sequence[bytes]) -> FactBatch:
    """Stored rows as facts of a batch. Their texts are in the store already."""
    members, segments = zip(*map(unpack, rows), strict=True)
    parts = [join_segments([[segment]]) for segment in segments]
    names = texts([m.decode() for m in members])
    n = len(rows)
    keys = [word.decode() for p in parts for word in split(p.keys)]
    abouts = [word.decode() for p in parts for word in split(p.abouts)]
    return FactBatch(
        concatenate([p.columns for p in parts]), names, texts(keys), texts(abouts), hashes(names),
        np.concatenate([p.revisions for p in parts]), np.concatenate([p.content for p in parts]), np.full(n, -1, np.int32),
        np.ones(n, np.int64),
    )  # fmt: skip


def unpack(row: bytes) -> tuple[bytes, bytes]:
    """Member and segment of a stored row."""
    (size,) = LENGTH.unpack_from(row)
    return row[LENGTH.size : LENGTH.size + size], row[LENGTH.size + size :]
