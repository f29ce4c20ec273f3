"""A compiled programme: the integer tables of all versions in force, and the words that explain them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Names:
    """The registry's names by number: what entries and packed states call by an integer."""

    rules: tuple[str, ...] = ()
    tiers: tuple[str, ...] = ()
    wallets: tuple[str, ...] = ()
    stages: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ConditionText:
    """A condition row in words, for `FIELD ACTUAL, needs OP EXPECTED` (T186). `unit` says how the integer reads.

    unit: `code` (a string's code), `money` (minor units), `number`, `scaled` (times 10^6), `tier`, `stage`, `status`, `line_kind`, `flag`.
    """

    field: str
    op: str
    expected: str
    unit: str


@dataclass(frozen=True, slots=True)
class FactPolicy:
    """What the agents do with facts that come late, twice or too early; durations in microseconds.

    `refuse_beyond`: a fact later than `lateness` is dead-lettered instead of booked as an adjustment.
    """

    lateness: int = 0
    remember: int = 0
    unmerge_within: int = 0
    claim_within: int = 0
    future_tolerance: int = 0
    refuse_beyond: bool = False


@dataclass(frozen=True, slots=True)
class Version:
    """One version as published: `effective_from` and `effective_until` are instants in microseconds (-NEVER, NEVER when open)."""

    programme: str
    version: int
    effective_from: int
    effective_until: int
    content_hash: str
    text: str
    conditions: tuple[ConditionText, ...] = ()
    labels: dict[str, dict[str, str]] = field(default_factory=dict)
    facts: FactPolicy = FactPolicy()


@dataclass(frozen=True, slots=True)
class Compiled:
    """All versions of one programme as the kernel reads them: `tables` is an array of `records.Programme`, one row a version.

    When the first version has an `effective_from`, row 0 is an empty programme: facts before it are kept and earn nothing.
    """

    tables: npt.NDArray[Any]
    names: Names
    versions: tuple[Version, ...]
    currency: str
    minor_digits: int
    time_zone: str
    literals: dict[int, str]
    main_wallet: int
