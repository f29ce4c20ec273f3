"""A new store, whole or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from loyalty_streams.hosts.embedded.programmes import Programmes
from loyalty_streams.hosts.embedded.rocks import CLOCKS, Clocks, Rocks, StoreError, check_free, is_database


def make(folder: Path, programmes: Programmes | None) -> None:
    """Makes an empty store beside its place and moves it there whole, so that a kill leaves none or a whole one."""
    check_free(folder)
    if programmes is None:
        raise StoreError("NO_PROGRAMME", "a new store needs a programme", folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    making = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        rocks = Rocks(making, create=True)
        batch = rocks.batch()
        programmes.put(batch)
        batch.put("rest", CLOCKS, Clocks().pack())
        rocks.write(batch)
        rocks.close()
        try:
            os.rename(making, folder)
        except OSError:
            if not is_database(folder):  # else another process was quicker
                raise
    finally:
        shutil.rmtree(making, ignore_errors=True)
