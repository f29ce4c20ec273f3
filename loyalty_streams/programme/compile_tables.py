"""One version while it is compiled: its record of integer tables, and what all of its sections share."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from loyalty_streams.core import codes
from loyalty_streams.core.facts import attribute_code
from loyalty_streams.core.kernel.records import (
    PERIOD_DAY,
    PERIOD_EVER,
    PERIOD_HALF,
    PERIOD_MONTH,
    PERIOD_QUARTER,
    PERIOD_WEEK,
    PERIOD_YEAR,
)
from loyalty_streams.core.programme import ConditionText
from loyalty_streams.programme.conditions import Condition
from loyalty_streams.programme.diagnostics import ProgrammeError
from loyalty_streams.programme.load import Loaded
from loyalty_streams.programme.models import Programme
from loyalty_streams.programme.nodes import Mark, Path
from loyalty_streams.programme.registry import Registry, RegistryFull
from loyalty_streams.programme.values import Duration

PERIOD_NUMBERS = {
    "day": PERIOD_DAY, "week": PERIOD_WEEK, "month": PERIOD_MONTH, "quarter": PERIOD_QUARTER, "half_year": PERIOD_HALF, "year": PERIOD_YEAR,
    "ever": PERIOD_EVER,
}  # fmt: skip


class Literals:
    """Text by code, of all literals of all versions. Two texts of one code are refused E-COLLISION."""

    def __init__(self) -> None:
        self.texts: dict[int, str] = {}

    def add(self, text: str, code: int, loaded: Loaded, mark: Mark) -> int:
        """Remembers a text by its code and gives the code back."""
        plain = unicodedata.normalize("NFC", text)
        if not plain:
            return code
        known = self.texts.setdefault(code, plain)
        if known != plain or code in (0, codes.ABSENT):
            message = f"`{plain}` and `{known}` have the same code" if known != plain else f"the code of `{plain}` is reserved"
            hint = "spell one of them differently, here and in the facts"
            raise ProgrammeError([loaded.document.diagnostic("E-COLLISION", message, mark, f"`{plain}`", hint=hint)])
        return code


@dataclass(slots=True)
class Tables:
    """`record` is the row of `records.Programme` to fill; `sets`, `attributes` and `filters` are already in it, by what they hold."""

    record: Any
    loaded: Loaded
    registry: Registry
    literals: Literals
    metrics: Mapping[str, int]
    texts: list[ConditionText] = field(default_factory=list)
    sets: int = 0
    attributes: dict[str, int] = field(default_factory=dict)
    filters: dict[Condition, int] = field(default_factory=dict)
    limit_refs: int = 0

    @property
    def programme(self) -> Programme:
        return self.loaded.programme

    def row(self, name: str, index: int) -> Any:
        """A row of one of the record's arrays of records. Raises E-TOO-MANY where the array has no such row."""
        return self.record[name][self.room(name, index)]

    def room(self, name: str, index: int) -> int:
        """The index, where the array has it. Raises E-TOO-MANY otherwise."""
        most = len(self.record[name])
        if index >= most:
            raise self.too_many(f"the programme has more than {most} {name.replace('_', ' ')}", f"at most {most}")
        return index

    def too_many(self, message: str, expected: str, path: Path = ()) -> ProgrammeError:
        document = self.loaded.document
        return ProgrammeError([document.diagnostic("E-TOO-MANY", message, document.place(path), expected=expected)])

    def refuse(self, code: str, message: str, path: Path, hint: str = "") -> ProgrammeError:
        """A problem at the place of a path, to be raised."""
        document = self.loaded.document
        return ProgrammeError([document.diagnostic(code, message, document.place(path), hint=hint)])

    def put(self, name: str, **values: int) -> None:
        """Sets fields of one of the record's single records."""
        fill(self.record[name], **values)

    def number(self, kind: str, name: str) -> int:
        """A name's number in the registry. Raises E-TOO-MANY where there is no more room."""
        try:
            return self.registry.number(kind, name)
        except RegistryFull as full:
            raise self.too_many(str(full), "fewer names; ids of earlier versions count") from None

    def wallet(self, name: str | None) -> int:
        """A wallet's number, -1 for none."""
        return self.number("wallets", name) if name else -1

    def code(self, text: str, mark: Mark | None = None) -> int:
        return self.literals.add(text, codes.code_of(text), self.loaded, mark or self.loaded.document.root.mark)

    def attribute(self, name: str, mark: Mark | None = None) -> int:
        """The code of an attribute's name."""
        return self.literals.add(name, attribute_code(name), self.loaded, mark or self.loaded.document.root.mark)

    def add_set(self, values: Iterable[int]) -> tuple[int, int]:
        """Values into the array that all sets share; -> where they lie, half-open."""
        lo = self.sets
        for value in values:
            self.record["sets"][self.room("sets", self.sets)] = value
            self.sets += 1
        return lo, self.sets

    def add_refs(self, limits: Iterable[int]) -> tuple[int, int]:
        """Positions of limits into `limit_refs`; -> where they lie, half-open."""
        lo = self.limit_refs
        for limit in limits:
            self.record["limit_refs"][self.room("limit_refs", self.limit_refs)] = limit
            self.limit_refs += 1
        return lo, self.limit_refs


def fill(record: Any, **values: int) -> None:
    """Sets named fields of a record."""
    for name, value in values.items():
        record[name] = value


def span(prefix: str, duration: Duration | None) -> dict[str, int]:
    """A duration as the three fields that a table has for it: months, calendar days, exact microseconds."""
    d = duration or Duration()
    return {f"{prefix}months": d.months, f"{prefix}days": d.calendar_days, f"{prefix}micros": d.micros}
