"""Where measurements put their stores and histories: beside their results, and gone when they end."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SCRATCH = Path(__file__).parent / "out"


@contextmanager
def scratch(name: str) -> Iterator[Path]:
    """A folder of a measurement's own."""
    SCRATCH.mkdir(parents=True, exist_ok=True)
    place = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=SCRATCH))
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)
