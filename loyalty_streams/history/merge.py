"""Runs, each in order, merged block by block into batches in order."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from loyalty_streams.core.facts import RANK, Array
from loyalty_streams.history import spill
from loyalty_streams.history.batch import FactBatch, joined
from loyalty_streams.history.order import sort_batch
from loyalty_streams.history.spill import Segment, Spill

_BLOCKS = 128
"""Blocks that make up the bound: of each of 64 runs between a half and one and a half are in memory."""
_SHARE = 4
"""Few runs are read further ahead: together they hold a fourth of the bound."""
Place = tuple[int, int, int, bytes]


@dataclass(slots=True)
class Run:
    """Blocks of facts in order, from the first to the last."""

    segments: list[Segment] = field(default_factory=list)
    first: Place = (-1, -1, 0, b"")
    last: Place = (-1, -1, 0, b"")


def chained(runs: Sequence[Run]) -> list[Run]:
    """The same facts in fewer runs: one that begins where another ends goes on with it."""
    out: list[Run] = []
    for run in sorted((r for r in runs if r.segments), key=lambda r: r.first):
        if out and out[-1].last <= run.first:
            out[-1] = Run(out[-1].segments + run.segments, out[-1].first, run.last)
        else:
            out.append(run)
    return out


def block_rows(bound: int) -> int:
    """Facts and lines of a block."""
    return max(1, bound // _BLOCKS)


def write_run(batches: Iterator[FactBatch], scratch: Spill, bound: int) -> Run:
    """A run of batches that follow each other in order."""
    run = Run()
    for batch in batches:
        if len(batch):
            run.first = run.first if run.segments else _place(batch, 0)
            run.last = _place(batch, len(batch) - 1)
        record = spill.of_facts(batch)
        weights = batch.columns.line_at[1:] + np.arange(1, len(batch) + 1)
        for first, last in _blocks(weights, block_rows(bound)):
            run.segments.append(scratch.append(record.slice(first, last - first)))
    return run


def _blocks(weights: Array, most: int) -> Iterator[tuple[int, int]]:
    """Bounds of blocks of at most `most` rows, or of one fact; `weights` are running sums of rows."""
    first, before = 0, 0
    while first < len(weights):
        last = max(int(np.searchsorted(weights, before + most, side="right")), first + 1)
        yield first, last
        first, before = last, int(weights[last - 1])


def merged(runs: Sequence[Run], scratch: Spill, bound: int) -> Iterator[FactBatch]:
    """The facts of all runs in order. Facts that are equal in it must stand in one run."""
    least = max(block_rows(bound) // 2, bound // (_SHARE * max(len(runs), 1)))
    readers = [_Reader(run, scratch, least) for run in runs]
    while readers:
        upto = min((r.last() for r in readers if not r.ended), default=None)
        taken = [block for reader in readers for block in reader.take(upto)]
        readers = [reader for reader in readers if reader.blocks]
        yield sort_batch(joined(taken))


class _Reader:
    """The blocks of a run that are in memory: more than `least` facts and lines, unless the run has ended."""

    def __init__(self, run: Run, scratch: Spill, least: int) -> None:
        self._rest, self._scratch, self._least = iter(run.segments), scratch, least
        self.blocks: list[FactBatch] = []
        self.ended = False
        self._fill()

    def _fill(self) -> None:
        rows = sum(len(b) + len(b.columns.line_no) for b in self.blocks)
        while rows <= self._least and not self.ended:
            segment = next(self._rest, None)
            if segment is None:
                self.ended = True
                return
            block = spill.to_facts(self._scratch.read(segment, spill.FACTS))
            self.blocks.append(block)
            rows += len(block) + len(block.columns.line_no)

    def last(self) -> Place:
        return _place(self.blocks[-1], len(self.blocks[-1]) - 1)

    def take(self, upto: Place | None) -> list[FactBatch]:
        """The facts at or before a place, or all; then reads on."""
        taken: list[FactBatch] = []
        while self.blocks:
            block = self.blocks[0]
            count = len(block) if upto is None else _count(block, upto)
            if count < len(block):
                self.blocks[0] = block.slice(count, len(block))
                taken += [block.slice(0, count)] if count else []
                break
            taken.append(self.blocks.pop(0))
        self._fill()
        return taken


def _count(block: FactBatch, upto: Place) -> int:
    """The facts of a block at or before a place."""
    return bisect_right(range(len(block)), upto, key=lambda i: _place(block, i))


def _place(block: FactBatch, i: int) -> Place:
    """Where a fact stands in the order of facts (see `order`)."""
    c = block.columns
    arrived, at = int(c.arrived[i]), int(c.at[i])
    return -1 if at < 0 else arrived, at, int(RANK[c.kind[i]]), block.keys[i].as_py().encode()
