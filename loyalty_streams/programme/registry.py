"""The registry of ids: rules, tiers, wallets, stages, limits and metrics, numbered once.

Packed states and entries hold these numbers, so the registry only grows and lives beside them, in the log and the store.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from loyalty_streams.core.programme import Names

KINDS = ("rules", "tiers", "wallets", "stages", "limits", "metrics")
MOST = {"rules": 32_000, "tiers": 62, "wallets": 8, "stages": 4_096, "limits": 32_000, "metrics": 4}
"""The largest number of names of a kind that packed states and entries have room for."""


class RegistryFull(ValueError):
    """A kind of names has no room left. `kind` is one of KINDS."""

    def __init__(self, kind: str, name: str) -> None:
        super().__init__(f"no room for `{name}`: there are {MOST[kind]} {kind} already")
        self.kind, self.name = kind, name


def _nothing() -> dict[str, dict[str, int]]:
    return {kind: {} for kind in KINDS}


@dataclass(slots=True)
class Registry:
    """Numbers by name, a table a kind. A candidate programme extends a `copy`, so that it leaves no trace."""

    numbers: dict[str, dict[str, int]] = field(default_factory=_nothing)

    def number(self, kind: str, name: str) -> int:
        """The number of a name, given now where it had none. Raises RegistryFull."""
        known = self.numbers[kind]
        if name not in known:
            if len(known) >= MOST[kind]:
                raise RegistryFull(kind, name)
            known[name] = len(known)
        return known[name]

    def find(self, kind: str, name: str) -> int:
        """The number of a name, -1 where it has none."""
        return self.numbers[kind].get(name, -1)

    def count(self, kind: str) -> int:
        return len(self.numbers[kind])

    def names(self) -> Names:
        """The names by number, as entries are read with."""
        return Names(*(tuple(self.numbers[kind]) for kind in ("rules", "tiers", "wallets", "stages", "limits")))

    def copy(self) -> Registry:
        return Registry({kind: dict(known) for kind, known in self.numbers.items()})

    def adopt(self, grown: Registry) -> None:
        """Takes over what a copy has learnt. Raises ValueError where the copy gave a number to another name."""
        for kind, known in self.numbers.items():
            if list(grown.numbers[kind])[: len(known)] != list(known):
                raise ValueError(f"a registry only grows: {kind} were numbered otherwise")
        self.numbers = {kind: dict(known) for kind, known in grown.numbers.items()}

    def to_text(self) -> str:
        """JSON with the names of each kind in order of their numbers."""
        return json.dumps({kind: list(known) for kind, known in self.numbers.items()}, ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_text(cls, text: str) -> Registry:
        """Reads `to_text`. Raises ValueError for anything else."""
        given = json.loads(text)
        if not isinstance(given, dict) or set(given) - set(KINDS):
            raise ValueError("not a registry of ids")
        out = _nothing()
        for kind, names in given.items():
            out[kind] = {str(name): number for number, name in enumerate(names)}
            if len(out[kind]) != len(names) or len(names) > MOST[kind]:
                raise ValueError(f"not a registry of ids: {kind}")
        return cls(out)
