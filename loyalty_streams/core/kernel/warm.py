"""Compiles the kernel into its cache: at set-up, and before a worker serves."""

from __future__ import annotations

import numpy as np

from loyalty_streams.core.engine import Engine
from loyalty_streams.core.kernel.records import Programme
from loyalty_streams.core.programme import Compiled, Names


def warm() -> None:
    """The first engine of a process folds nobody, which compiles everything."""
    compiled = Compiled(np.zeros(1, Programme), Names(), (), "USD", 2, "UTC", {}, 0)
    Engine(compiled)


if __name__ == "__main__":
    warm()
