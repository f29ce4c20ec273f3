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
    row, table, cube = (np.zeros((0,) * n, np.int64) for n in (1, 2, 3))
    none = np.zeros(0, Entry)
    add_up(none, row, np.zeros((0,) * 4, np.int64), row, row, row, table, np.zeros((0, 0), np.uint64), cube, table, table, row)


if __name__ == "__main__":
    warm()
