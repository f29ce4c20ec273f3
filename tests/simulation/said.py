"""What either side said of one member, in one form: decisions one by one, and where the member stands."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from fractions import Fraction
from typing import Any

from loyalty_streams.core.codes import EntryKind, Reason
from loyalty_streams.core.programme import Names

Lot = tuple[str, int]
SILENT = (
    EntryKind.TIER_CHANGED, EntryKind.TIER_NOTICED, EntryKind.STAGE_CHANGED, EntryKind.REACTIVATED, EntryKind.STATUS_CHANGED, EntryKind.SIGNALLED,
)  # fmt: skip
"""Entries that are about no wallet."""


@dataclass(frozen=True)
class Decision:
    """One entry in names and keys. None: this side does not say; `cause` is a key, or `timer/INSTANT`."""

    at: int
    booked: int | None
    cause: str
    kind: EntryKind
    wallet: str | None
    bucket: int
    points: int
    rule: str
    reason: Reason
    lot: Lot | None
    ref: str | None
    basis: int | None
    desired: int | None
    factor: Fraction | None
    left: str
    entered: str
    tier: str
    version: int

    def agrees(self, other: Decision) -> bool:
        """Equal in everything that both sides say."""
        return not self.differences(other)

    def differences(self, other: Decision) -> list[str]:
        """The names of the fields in which two decisions differ."""
        pairs = [(f.name, getattr(self, f.name), getattr(other, f.name)) for f in fields(self)]
        return [name for name, a, b in pairs if a is not None and b is not None and a != b]

    def words(self) -> str:
        """The decision on one line, without what is absent."""
        said = [(f.name, getattr(self, f.name)) for f in fields(self) if f.name not in ("at", "cause", "kind", "points")]
        shown = " ".join(f"{name}={_word(value)}" for name, value in said if value not in (None, "", 0, Reason.NONE))
        return f"{self.at} {self.cause}: {self.kind.name} {self.points:+d} {shown}"


def _word(value: Any) -> str:
    if isinstance(value, tuple):
        return f"{value[0]}#{value[1]}"
    return value.name if isinstance(value, Reason) else str(value)


@dataclass(frozen=True)
class OpenLot:
    """A lot with something left, or a part of a wallet without lots that still waits."""

    wallet: str
    lot: Lot
    remaining: int
    earned_at: int
    expires_at: int
    pending: bool


@dataclass(frozen=True)
class End:
    """Where a member stands. `accounts`: those of T035 for each wallet; `lots`: a wallet's in order of consumption."""

    accounts: dict[str, dict[str, int]]
    lots: tuple[OpenLot, ...]
    facts: dict[str, Any]

    def differences(self, other: End) -> list[str]:
        out = [
            f"{wallet}.{name}: {self.accounts.get(wallet, {}).get(name, 0)} / {other.accounts.get(wallet, {}).get(name, 0)}"
            for wallet in sorted({*self.accounts, *other.accounts})
            for name in sorted({*self.accounts.get(wallet, {}), *other.accounts.get(wallet, {})})
            if self.accounts.get(wallet, {}).get(name, 0) != other.accounts.get(wallet, {}).get(name, 0)
        ]
        if self.lots != other.lots:
            mine, theirs = ([x for x in a if x not in b] or list(a) for a, b in ((self.lots, other.lots), (other.lots, self.lots)))
            out.append(f"lots: {mine} / {theirs}")
        return out + [f"{name}: {value} / {other.facts[name]}" for name, value in self.facts.items() if value != other.facts[name]]


class KeyBook:
    """Codes back to the keys of one history; a timer's code is its instant, negative."""

    def __init__(self, keys: Iterable[str], codes: Iterable[int]) -> None:
        self.keys = dict(zip(codes, keys, strict=True))

    def key(self, code: int) -> str:
        if code == 0:
            return ""
        return self.keys.get(code) or f"timer/{-code}"


class Numbers:
    """Numbers of the registry back to names."""

    def __init__(self, names: Names) -> None:
        self.names = names

    def rule(self, n: int) -> str:
        return self.names.rules[n] if n >= 0 else ""

    def wallet(self, n: int) -> str:
        return self.names.wallets[n]

    def tier(self, n: int) -> str:
        return self.names.tiers[n] if n >= 0 else ""

    def stage(self, n: int) -> str:
        return self.names.stages[n] if n >= 0 else "none"
