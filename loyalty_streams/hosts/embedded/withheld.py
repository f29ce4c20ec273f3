"""A database whose writes are held back in memory until somebody lets them go, all at once, or forgets them.

So a host can decide a batch with what is written on the way in sight, make it known elsewhere, and only then keep it.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator, Mapping, Sequence

from loyalty_streams.hosts.embedded.rocks import FAMILIES, Batch, Rocks


class Recorded(Batch):
    """Rows to be written together, which are not a batch of the database yet; None takes a row away."""

    def __init__(self) -> None:
        self.changes: list[tuple[str, bytes, bytes | None]] = []

    def put(self, family: str, key: bytes, value: bytes) -> None:
        self.changes.append((family, key, value))

    def put_all(self, family: str, keys: Sequence[bytes], values: Sequence[bytes]) -> None:
        self.changes += [(family, key, value) for key, value in zip(keys, values, strict=True)]

    def delete(self, family: str, key: bytes) -> None:
        self.changes.append((family, key, None))


class Withheld(Rocks):
    """Reads see what is held back; the disk does not."""

    def _open(self) -> None:
        super()._open()
        self._held: dict[str, dict[bytes, bytes | None]] = {family: {} for family in FAMILIES}
        self._order: dict[str, list[bytes]] = {family: [] for family in FAMILIES}
        self._rewrites = False

    def get(self, family: str, key: bytes) -> bytes | None:
        held = self._held[family]
        return held[key] if key in held else super().get(family, key)

    def get_many(self, family: str, keys: Sequence[bytes]) -> list[bytes | None]:
        found, held = super().get_many(family, keys), self._held[family]
        return [held.get(key, value) for key, value in zip(keys, found, strict=True)] if held else found

    def scan(self, family: str, first: bytes = b"", end: bytes | None = None) -> Iterator[tuple[bytes, bytes]]:
        order, held = self._order[family], self._held[family]
        keys = order[bisect_left(order, first) : len(order) if end is None else bisect_left(order, end)]
        mine = iter([(key, held[key]) for key in keys])  # as it is now, whatever is written while somebody reads
        theirs = super().scan(family, first, end)
        return _merged(mine, theirs) if keys else theirs

    def batch(self) -> Batch:
        return Recorded()

    def write(self, batch: Batch) -> None:
        if not isinstance(batch, Recorded):
            raise TypeError("a batch of this database")
        for family, key, value in batch.changes:
            if key not in self._held[family]:
                insort(self._order[family], key)
            self._held[family][key] = value

    def rewrite(self) -> None:
        """Is done when what is held back is let go."""
        self._rewrites = True

    def changed(self, family: str) -> Mapping[bytes, bytes | None]:
        """The rows that are held back, by key; None for those that are to go."""
        return self._held[family]

    def let_go(self) -> None:
        """Writes everything that is held back, or nothing of it."""
        batch = super().batch()
        for family, rows in self._held.items():
            for key, value in rows.items():
                if value is None:
                    batch.delete(family, key)
                else:
                    batch.put(family, key, value)
        super().write(batch)
        rewrites = self._rewrites
        self.forget()
        if rewrites:
            super().rewrite()

    def forget(self) -> None:
        """As if nothing had been written."""
        for family in FAMILIES:
            self._held[family].clear()
            self._order[family].clear()
        self._rewrites = False


def _merged(mine: Iterator[tuple[bytes, bytes | None]], theirs: Iterator[tuple[bytes, bytes]]) -> Iterator[tuple[bytes, bytes]]:
    """Rows in order of key, those held back in place of those on the disk."""
    held, row = next(mine, None), next(theirs, None)
    while held is not None or row is not None:
        if held is not None and (row is None or held[0] <= row[0]):
            if row is not None and held[0] == row[0]:
                row = next(theirs, None)
            if held[1] is not None:
                yield held[0], held[1]
            held = next(mine, None)
        elif row is not None:
            yield row
            row = next(theirs, None)
