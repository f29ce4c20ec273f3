"""Ledger entries as consumers see them: numbers of the registry and codes of strings written as the words they stand for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from loyalty_streams.core.codes import NEVER, Bucket, EntryKind, Reason, Status
from loyalty_streams.core.programme import Compiled

NAME = "loyalty.ledger.LedgerEntry"
DATED_BY = {EntryKind.EXTENDED: "desired", EntryKind.REINSTATED: "basis", EntryKind.REMINDED: "ref", EntryKind.TIER_NOTICED: "ref"}
"""Kinds of entries that speak of an instant, and the column of `core.entries` that holds it."""


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One entry, field for field the record of `schemas/LedgerEntry.avsc`, which says what each is. Instants are microseconds UTC."""

    member_id: str
    seq: int
    kind: str
    effective_at: int
    booked_at: int
    points: int
    wallet: str
    bucket: str
    lot_key: str
    lot_n: int
    about: str
    cause: str
    rule: str
    programme: str
    programme_version: int
    basis: int
    desired: int
    rate_numerator: int
    rate_denominator: int
    reason: str
    tier: str
    state_left: str
    state_entered: str
    due_at: int | None
    corrects: int = 0

    def to_record(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


def from_row(row: Any, member_id: str, cause: str, compiled: Compiled, keys: Mapping[int, str], corrects: int = 0) -> LedgerEntry:
    """The entry that a row of `core.entries` is. `cause` is the key of the fact of the row's cause (empty: a timer), `corrects` the number of the
    entry that it takes back (0: none).

    `keys` gives the business key of each code that the row names; a code without one is written `#` and 16 hexadecimal digits.
    """
    kind, version, names = EntryKind(int(row["kind"])), compiled.versions[int(row["version"])], compiled.names
    numbers = {name: int(row[name]) for name in ("basis", "desired", "num", "den", "ref")}
    due = numbers[DATED_BY[kind]] if kind in DATED_BY else None
    if kind in DATED_BY:
        numbers[DATED_BY[kind]] = 0
    left, entered = _states(kind, numbers, compiled)
    return LedgerEntry(
        member_id=member_id, seq=int(row["seq"]), kind=kind.name, effective_at=int(row["at"]), booked_at=int(row["booked"]),
        points=int(row["points"]), wallet=names.wallets[int(row["wallet"])], bucket=Bucket(int(row["bucket"])).name,
        lot_key=_lot_key(int(row["lot"]), keys), lot_n=int(row["lot_n"]), about=_key(numbers["ref"], keys), cause=cause,
        rule=_name(names.rules, int(row["rule"])), programme=version.programme, programme_version=version.version,
        basis=numbers["basis"], desired=numbers["desired"], rate_numerator=numbers["num"], rate_denominator=numbers["den"],
        reason=Reason(int(row["reason"])).name if row["reason"] else "", tier=_name(names.tiers, int(row["tier"])),
        state_left=left, state_entered=entered, due_at=due if due is not None and due < NEVER else None, corrects=corrects,
    )  # fmt: skip


def _states(kind: EntryKind, numbers: dict[str, int], compiled: Compiled) -> tuple[str, str]:
    """What was left and entered, as words; their numbers are taken out of where rates stand."""
    tiers, stages = compiled.names.tiers, compiled.names.stages
    words = {
        EntryKind.TIER_CHANGED: tiers, EntryKind.TIER_NOTICED: tiers, EntryKind.STAGE_CHANGED: stages, EntryKind.REACTIVATED: stages,
        EntryKind.STATUS_CHANGED: tuple(s.name for s in Status),
    }.get(kind)  # fmt: skip
    if words is None:
        return "", ""
    left, entered = numbers["num"], numbers["den"]
    numbers["num"], numbers["den"] = 0, 0
    return _name(words, left), "" if kind == EntryKind.TIER_NOTICED else _name(words, entered)


def _name(names: tuple[str, ...], number: int) -> str:
    return names[number] if number >= 0 else ""


def _key(code: int, keys: Mapping[int, str]) -> str:
    return keys.get(code, f"#{code & (1 << 64) - 1:016x}") if code else ""


def _lot_key(code: int, keys: Mapping[int, str]) -> str:
    """A lot that a timer gave is named by the negative of the timer's instant."""
    return f"timer/{-code}" if -NEVER < code < 0 and code not in keys else _key(code, keys)
