"""Packed facts made up from a seed, of any number with little memory: what backtests are measured on.

The facts are those of `workload`, a part at a time with members and a seed of its own, written by the packer that packs a store.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.workload import CATEGORIES, CHANNELS, SKUS, TYPES, Workload, make
from loyalty_streams.agents.lateness import Lateness
from loyalty_streams.agents.rows import MendRow, Segments, Text
from loyalty_streams.backtest.packing import PLAIN, Manifest, Packer, Piece
from loyalty_streams.core.codes import FactKind, code_of
from loyalty_streams.core.engine import group_offsets
from loyalty_streams.core.entries import Entry
from loyalty_streams.core.facts import Array, take_rows
from loyalty_streams.hosts.embedded.programmes import Programmes

FACTS_A_MEMBER = 50
FACTS_A_PART = 1_000_000
FACTS_A_PIECE = 16_384
KEY, DIGITS = np.frombuffer(b"order/", np.uint8), 11


@dataclass(frozen=True, slots=True)
class Made:
    """How many facts are made, of how many members; `returns`: whether some of them bring something back."""

    facts: int
    members: int
    returns: bool = True

    @classmethod
    def of(cls, facts: int, returns: bool = True) -> Made:
        return cls(facts, max(1, facts // FACTS_A_MEMBER), returns)

    def parts(self) -> Iterator[Workload]:
        """The facts of some members after the other, the same ones each time."""
        n = -(-self.facts // FACTS_A_PART)
        for k in range(n):
            facts, members = (whole * (k + 1) // n - whole * k // n for whole in (self.facts, self.members))
            part = make(facts, members, seed=7 + k)
            yield part if self.returns else _without_returns(part)


def _without_returns(load: Workload) -> Workload:
    keep = np.flatnonzero(load.columns.kind != FactKind.RETURN)
    member = np.repeat(np.arange(load.members), np.diff(load.groups))[keep]
    return Workload(take_rows(load.columns, keep), group_offsets(member))


def pack(to: Path, programme: Path, made: Made) -> Manifest:
    """Writes the facts packed into a new folder, in force over them one programme."""
    given = Programmes.load(programme)
    to.mkdir(parents=True)
    packer = Packer(to, made.facts, Lateness(given.compiled))
    members = facts = newest = 0
    try:
        for load in made.parts():
            for bucket, piece in _pieces(packer, load, members, facts):
                packer.put(bucket, PLAIN, piece)
            members, facts, newest = members + load.members, facts + load.facts, max(newest, int(load.columns.at.max()))
        return packer.end(given, {code_of(word): word for word in (*CHANNELS, *CATEGORIES, *SKUS, *TYPES)}, newest + 1, {})
    finally:
        packer.close()


def _pieces(packer: Packer, load: Workload, members: int, facts: int) -> Iterator[tuple[int, Piece]]:
    """The members of a part by bucket, some at a time. `members`, `facts`: how many were before."""
    names = [b"m%08d" % (members + k) for k in range(load.members)]
    bucket_of = np.array([packer.bucket_of(name) for name in names], np.int64)
    counts = np.diff(load.groups)
    for bucket in np.unique(bucket_of).tolist():
        own = np.flatnonzero(bucket_of == bucket)
        cuts = np.flatnonzero(np.diff(np.cumsum(counts[own]) // FACTS_A_PIECE)) + 1
        for some in np.split(own, cuts):
            rows = np.concatenate([np.arange(load.groups[g], load.groups[g + 1]) for g in some.tolist()])
            yield bucket, Piece([names[g] for g in some.tolist()], counts[some], np.full(len(some), -1), _segments(load, rows, counts[some], facts))


def _segments(load: Workload, rows: Array, counts: Array, facts: int) -> Segments:
    """Rows of a part as a log holds them: none was late, and all are the first of their key."""
    columns, n = take_rows(load.columns, rows), len(rows)
    zero = np.zeros(n, np.int64)
    return Segments(
        columns, np.repeat(np.arange(len(counts)), counts), np.zeros(0, Entry).view(Entry), _keys(rows + facts), Text(b"", zero),
        zero.astype(np.uint64), zero.astype(np.int32), np.zeros(0, MendRow), zero[:0], zero.astype(np.uint8), {}, columns.at,
    )  # fmt: skip


def _keys(numbers: Array) -> Text:
    """A business key a fact: `order/` and its number, as wide for all."""
    digits = numbers[:, None] // 10 ** np.arange(DIGITS - 1, -1, -1) % 10 + ord("0")
    keys = np.concatenate([np.broadcast_to(KEY, (len(numbers), len(KEY))), digits.astype(np.uint8)], axis=1)
    return Text(keys.tobytes(), np.full(len(numbers), keys.shape[1], np.int64))
