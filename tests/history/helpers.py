"""What the tests of the history room share."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from loyalty_streams.core.facts import Fact
from loyalty_streams.history import DeadLetter, DeadLetters, FactBatch, Notice, ReadOptions, TableRead, read_history

HOUR = 3_600_000_000
NOON = 1_767_268_800_000_000  # 2026-01-01T12:00:00Z


def options(**given: Any) -> ReadOptions:
    return replace(ReadOptions("USD", 2), **given)


@dataclass
class Found:
    batches: list[FactBatch] = field(default_factory=list)
    letters: list[DeadLetter] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    read: dict[str, int] = field(default_factory=dict)

    @property
    def facts(self) -> list[Fact]:
        return [b.fact(i) for b in self.batches for i in range(len(b))]

    @property
    def codes(self) -> list[str]:
        return [letter.code for letter in self.letters]


def read(path: Path | list[Path], how: ReadOptions | None = None) -> Found:
    """Everything that a reading gives out, by sort."""
    found = Found()
    for item in read_history(path if isinstance(path, list) else [path], how or options()):
        if isinstance(item, FactBatch):
            found.batches.append(item)
        elif isinstance(item, DeadLetters):
            found.letters += item.letters
        elif isinstance(item, Notice):
            found.notices.append(item.text)
        elif isinstance(item, TableRead):
            found.read[item.table] = found.read.get(item.table, 0) + item.rows
    return found
