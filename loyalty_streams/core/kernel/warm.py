"""Compiles the kernel into its cache: at set-up, and before a worker serves."""

from __future__ import annotations

import numpy as np

from loyalty_streams.core.engine import Engine
from loyalty_streams.core.entries import Entry
from loyalty_streams.core.kernel.records import Programme
from loyalty_streams.core.kernel.sums import add_up
from loyalty_streams.core.programme import Compiled, Names


def warm() -> None:
    """The first engine of a process folds nobody, which compiles the fold; nobody's entries are added up."""
    compiled = Compiled(np.zeros(1, Programme), Names(), (), "USD", 2, "UTC", {}, 0)
    Engine(compiled)
    row, table, cube, moves = (np.zeros((0,) * n, np.int64) for n in (1, 2, 3, 4))
    bits, digests = (np.zeros((0,) * n, np.uint64) for n in (1, 2))
    add_up(np.zeros(0, Entry), row, moves, row, row, row, table, digests, cube, bits, table, table, row)


if __name__ == "__main__":
    warm()
