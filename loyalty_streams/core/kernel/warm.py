"""Compiles the kernel into its cache: at set-up, and before a worker serves."""

from __future__ import annotations

import numpy as np

from loyalty_streams.core.engine import Engine
from loyalty_streams.core.facts import empty_columns
from loyalty_streams.core.kernel.records import Programme
from loyalty_streams.core.programme import Compiled, Names


def warm() -> None:
    """One fold of nobody, which compiles everything."""
    compiled = Compiled(np.zeros(1, Programme), Names(), (), "USD", 2, "UTC", {}, 0)
    Engine(compiled).fold(empty_columns(), np.zeros(1, np.int64))
    nobody = np.zeros(2, np.int64)
    Engine(compiled).fold(empty_columns(), nobody)


if __name__ == "__main__":
    warm()
