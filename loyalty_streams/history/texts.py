"""The texts of codes: those that come first are kept in memory, up to a bound, the others on disk."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import tempfile
from collections import ChainMap
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from loyalty_streams.core.codes import AttrKind
from loyalty_streams.core.facts import Columns

MOST = 200_000
MOST_BYTES = 32 << 20
"""Texts in memory, and bytes of them: some 70 MB in all."""
_ASKED_AT_ONCE = 500


class Texts(Mapping[int, str]):
    """What the codes of one reading stand for. `brought` gives each batch the texts that a store must keep with it."""

    def __init__(self, folder: Path | None = None, most: int | None = None, most_bytes: int = MOST_BYTES) -> None:
        self._folder, self._most, self._room = folder, MOST if most is None else most, most_bytes
        self._near: dict[int, str] = {}
        self._fresh: dict[int, str] = {}
        self._far: sqlite3.Connection | None = None

    def learn(self, texts: Mapping[int, str]) -> None:
        new = {c: t for c, t in texts.items() if c not in self._near}
        if not new:
            return
        size = sum(map(len, new.values()))
        if self._far is None and len(self._near) + len(new) <= self._most and size <= self._room:
            self._room -= size
            self._near.update(new)
            self._fresh.update(new)
            return
        if self._far is None:
            self._far = _table(self._folder)
        self._far.executemany("INSERT OR IGNORE INTO texts VALUES (?, ?)", new.items())

    def brought(self, columns: Columns) -> tuple[Mapping[int, str], Mapping[int, str]]:
        """(texts to be kept with a batch, texts of all its codes). What is in memory is brought once; what is on disk with each batch it is in."""
        fresh, self._fresh = self._fresh, {}
        if self._far is None:
            return fresh, self._near
        far = self._asked(columns)
        return {**fresh, **far}, ChainMap(far, self._near)

    def _asked(self, c: Columns) -> dict[int, str]:
        words = c.attr_value[c.attr_kind == AttrKind.TEXT]
        codes = np.unique(np.concatenate([c.channel, c.store, c.type, c.line_sku, c.line_category, c.attr_name, words])).tolist()
        return self._far_texts([code for code in codes if code not in self._near])

    def _far_texts(self, codes: list[int]) -> dict[int, str]:
        found: dict[int, str] = {}
        for first in range(0, len(codes) if self._far is not None else 0, _ASKED_AT_ONCE):
            some = codes[first : first + _ASKED_AT_ONCE]
            assert self._far is not None
            found.update(self._far.execute(f"SELECT code, text FROM texts WHERE code IN ({','.join('?' * len(some))})", some))
        return found

    def __getitem__(self, code: int) -> str:
        found = self._near.get(code)
        if found is None:
            found = self._far_texts([code])[code]
        return found

    def __iter__(self) -> Iterator[int]:
        yield from self._near
        if self._far is not None:
            yield from (code for (code,) in self._far.execute("SELECT code FROM texts"))

    def __len__(self) -> int:
        return len(self._near) + (self._far.execute("SELECT count(*) FROM texts").fetchone()[0] if self._far is not None else 0)

    def close(self) -> None:
        if self._far is not None:
            self._far.close()


def _table(folder: Path | None) -> sqlite3.Connection:
    """An empty table in a file of its own, which has no name from then on: a killed process leaves nothing behind."""
    handle, name = tempfile.mkstemp(prefix="loyalty-texts-", dir=folder)
    os.close(handle)
    table = sqlite3.connect(name, isolation_level=None, check_same_thread=False)
    for word in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -16384"):
        table.execute(f"PRAGMA {word}")
    table.execute("CREATE TABLE texts (code INTEGER PRIMARY KEY, text TEXT NOT NULL)")
    table.execute("BEGIN")
    with contextlib.suppress(OSError):
        os.unlink(name)
    return table
