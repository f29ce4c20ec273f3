"""Sorting outside memory: rows are dealt out to files by what belongs together, each part is put in order, and the parts are merged.

What comes out is the same as if everything had been in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from loyalty_streams.history.assemble import Gathered, Placed
from loyalty_streams.history.batch import FactBatch, joined
from loyalty_streams.history.merge import Run, chained, merged, write_run
from loyalty_streams.history.orders import joined_items, joined_orders
from loyalty_streams.history.parts import DEEPEST, ByCode, ByRange, Part, pieces
from loyalty_streams.history.spill import Spill

Assemble = Callable[[Gathered], tuple[FactBatch, list[Placed]]]
_AT_ONCE = 1 << 17
"""Rows that are dealt out together."""
_MOST_RUNS = 128
_MERGED_AT_ONCE = 64


class Outside:
    """`bound`: facts and lines at once in memory. `assemble` puts a part in order: its facts, and the letters of what cannot stand.

    Orders whose ids ascend from row to row, and lines that follow them, are cut into ranges of ids; everything else is dealt out by codes.
    What is dealt out goes to one file, the runs to another.
    """

    def __init__(self, dealt: Spill, runs: Spill, bound: int, assemble: Assemble) -> None:
        self._dealt, self._runs, self._bound, self._assemble = dealt, runs, bound, assemble
        self._by_code = ByCode(dealt)
        self._by_range: ByRange | None = ByRange(dealt, bound)

    def put(self, some: Gathered) -> None:
        """Takes what was gathered away and deals it out."""
        while some.facts:
            self._by_code.facts(joined(_first(some.facts)))
        while some.orders:
            found = joined_orders(_first(some.orders))
            if self._by_range is None or not self._by_range.orders(found):
                self._without_ranges().orders(found)
        while some.items:
            lines = joined_items(_first(some.items))
            if self._by_range is None or not self._by_range.items(lines):
                self._without_ranges().items(lines)
        some.rows = 0

    def _without_ranges(self) -> ByCode:
        """Ids do not ascend: what was cut into ranges so far is dealt out again."""
        ranges, self._by_range = self._by_range, None
        for part in ranges.parts if ranges is not None else ():
            _deal_again(part, self._dealt, self._by_code)
        return self._by_code

    def given_out(self, letters: Callable[[Sequence[Placed]], None]) -> Iterator[FactBatch]:
        """All facts in order. `letters` takes those of what could not stand, in any order, before the first fact is given."""
        parts = [*(self._by_range.parts if self._by_range is not None else ()), *self._by_code.parts]
        return merged(self._sorted(parts, letters, depth=0), self._runs, self._bound)

    def _sorted(self, parts: list[Part], letters: Callable[[Sequence[Placed]], None], depth: int) -> list[Run]:
        """Each part as a run; few enough of them to be merged at once."""
        parts = [part for part in parts if part.rows]
        parts.reverse()
        runs: list[Run] = []
        while parts:
            runs.append(self._run(parts.pop(), letters, depth))
        runs = chained(runs)
        while len(runs) > _MOST_RUNS:
            groups = [runs[i : i + _MERGED_AT_ONCE] for i in range(0, len(runs), _MERGED_AT_ONCE)]
            runs = [write_run(merged(group, self._runs, self._bound), self._runs, self._bound) for group in groups]
        return runs

    def _run(self, part: Part, letters: Callable[[Sequence[Placed]], None], depth: int) -> Run:
        if part.rows > self._bound and depth < DEEPEST:
            again = ByCode(self._dealt, depth)
            _deal_again(part, self._dealt, again)
            runs = self._sorted(again.parts, letters, depth + 1)
            return write_run(merged(runs, self._runs, self._bound), self._runs, self._bound)
        whole = Gathered()
        for piece in pieces(part, self._dealt):
            whole.facts += piece.facts
            whole.orders += piece.orders
            whole.items += piece.items
        facts, refused = self._assemble(whole)
        letters(refused)
        return write_run(iter([facts]), self._runs, self._bound)


def _deal_again(part: Part, dealt: Spill, to: ByCode) -> None:
    some = Gathered()
    for piece in pieces(part, dealt):
        some.facts += piece.facts
        some.orders += piece.orders
        some.items += piece.items
        some.rows += piece.rows
        if some.rows >= _AT_ONCE:
            _deal(some, to)
    _deal(some, to)


def _deal(some: Gathered, to: ByCode) -> None:
    while some.facts:
        to.facts(joined(_first(some.facts)))
    while some.orders:
        to.orders(joined_orders(_first(some.orders)))
    while some.items:
        to.items(joined_items(_first(some.items)))
    some.rows = 0


def _first(found: list[Any]) -> list[Any]:
    """Takes the first few pieces off the list."""
    count = rows = 0
    while count < len(found) and rows < _AT_ONCE:
        rows += len(found[count])
        count += 1
    some = found[:count]
    del found[:count]
    return some
