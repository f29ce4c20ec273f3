"""The texts behind the codes of a store, looked up one at a time: a store may know millions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from loyalty_streams.hosts.embedded import Store
from loyalty_streams.hosts.embedded.rocks import TEXTS


class Texts(Mapping[int, str]):
    """Code -> text, of the programme's own words and of all that facts brought; `more` are texts that are not stored."""

    def __init__(self, store: Store, more: Mapping[int, str] | None = None) -> None:
        self._store = store
        self._known: dict[int, str] = {**store.compiled.literals, **(more or {})}

    def __getitem__(self, code: int) -> str:
        found = self._known.get(code)
        if found is None:
            text = self._store.text(code)
            if text is None:
                raise KeyError(code)
            found = self._known[code] = text.decode()
        return found

    def __iter__(self) -> Iterator[int]:
        stored = self._store.rocks.scan("rest", TEXTS, TEXTS[:-1] + b"0")
        seen = set(self._known)
        yield from seen
        yield from (code for key, _ in stored if (code := int.from_bytes(key[len(TEXTS) :], "big", signed=True)) not in seen)

    def __len__(self) -> int:
        return sum(1 for _ in self)
