"""Ledger entries on the wire say in words what the fold wrote in numbers, and lose nothing of it."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from loyalty_streams.codec import LedgerEntry, from_row, open_entry, seal_entry
from loyalty_streams.core.codes import NEVER, Bucket, EntryKind, Reason, Status, code_of
from loyalty_streams.core.entries import ENTRY_FIELDS, Entry
from loyalty_streams.core.programme import Compiled, Names, Version

NAMES = Names(rules=("base", "bonus"), tiers=("silver", "gold"), wallets=("points", "growth"), stages=("new", "active"))
VERSIONS = tuple(Version("corner-shop", n, -NEVER, NEVER, "", "") for n in (1, 2))
COMPILED = Compiled(np.zeros(2), NAMES, VERSIONS, "EUR", 2, "UTC", {}, 0)
KEYS = {code_of(key): key for key in ("order/1", "order/2", "redemption/1")}


def row(kind: int = EntryKind.EARNED, **given: int) -> Any:
    """An entry as the fold writes it; what is not given is 0, rule and tier none."""
    out = np.zeros(1, Entry)
    for name, value in {"kind": kind, "rule": -1, "tier": -1, **given}.items():
        out[0][name] = value
    return out[0]


def said(written: Any, member: str = "M", cause: str = "order/1") -> LedgerEntry:
    return from_row(written, member, cause, COMPILED, KEYS)


EARNED = {
    "at": 100, "booked": 200, "points": 42, "lot": code_of("order/1"), "lot_n": 1, "ref": code_of("order/2"), "basis": 4250, "desired": 50,
    "seq": 3, "num": 1, "den": 100, "rule": 1, "version": 1, "reason": int(Reason.LIMIT_REACHED), "wallet": 1,
    "bucket": int(Bucket.PENDING), "tier": 0,
}  # fmt: skip


def test_an_entry_is_told_in_words() -> None:
    assert said(row(**EARNED)) == LedgerEntry(
        member_id="M", seq=3, kind="EARNED", effective_at=100, booked_at=200, points=42, wallet="growth", bucket="PENDING",
        lot_key="order/1", lot_n=1, about="order/2", cause="order/1", rule="bonus", programme="corner-shop", programme_version=2,
        basis=4250, desired=50, rate_numerator=1, rate_denominator=100, reason="LIMIT_REACHED", tier="silver", state_left="",
        state_entered="", due_at=None,
    )  # fmt: skip


def test_what_is_none_is_empty() -> None:
    entry = said(row(EntryKind.EXPIRED), cause="")
    assert (entry.rule, entry.tier, entry.reason, entry.lot_key, entry.about, entry.cause, entry.due_at) == ("", "", "", "", "", "", None)


NAMED = (EntryKind.TIER_CHANGED, EntryKind.TIER_NOTICED, EntryKind.STAGE_CHANGED, EntryKind.REACTIVATED, EntryKind.STATUS_CHANGED)
COLUMNS = [c for c in ENTRY_FIELDS if c not in ("member", "cause", "kind")]
PAIRS = [(k, c) for k in EntryKind for c in COLUMNS if (k, c) != (EntryKind.TIER_NOTICED, "den")]
"""`member` and `cause` are rows of a batch and stand as member_id and key; a notice enters nothing, its `den` is always 0."""


@pytest.mark.parametrize(("kind", "column"), PAIRS, ids=lambda x: x if isinstance(x, str) else x.name)
def test_two_entries_that_differ_in_one_column_are_told_apart(kind: EntryKind, column: str) -> None:
    first = {**EARNED, "kind": int(kind)}
    if kind in NAMED:
        first["den"] = 0
    other = {**first, column: first[column] - 1 if first[column] > 0 else first[column] + 1}
    assert seal_entry(said(row(**first))) != seal_entry(said(row(**other)))


def test_every_kind_of_entry_is_told_apart() -> None:
    assert len({seal_entry(said(row(kind))) for kind in EntryKind}) == len(EntryKind)


def test_a_change_of_tier_names_both_tiers_and_has_no_rate() -> None:
    entry = said(row(EntryKind.TIER_CHANGED, basis=1000, desired=900, num=0, den=1, tier=0, reason=int(Reason.METRIC)))
    assert (entry.state_left, entry.state_entered, entry.basis, entry.desired) == ("silver", "gold", 1000, 900)
    assert (entry.rate_numerator, entry.rate_denominator) == (0, 0)


def test_the_first_stage_is_entered_from_none() -> None:
    entry = said(row(EntryKind.STAGE_CHANGED, num=-1, den=0))
    assert (entry.state_left, entry.state_entered) == ("", "new")


def test_a_change_of_status_names_both() -> None:
    entry = said(row(EntryKind.STATUS_CHANGED, num=int(Status.ACTIVE), den=int(Status.CLOSED)))
    assert (entry.state_left, entry.state_entered) == ("ACTIVE", "CLOSED")


@pytest.mark.parametrize(
    ("kind", "column"),
    [(EntryKind.EXTENDED, "desired"), (EntryKind.REINSTATED, "basis"), (EntryKind.REMINDED, "ref"), (EntryKind.TIER_NOTICED, "ref")],
)
def test_an_instant_that_an_entry_speaks_of_is_an_instant(kind: EntryKind, column: str) -> None:
    entry = said(row(kind, **{column: 7_000_000}))
    assert (entry.due_at, entry.basis, entry.desired, entry.about) == (7_000_000, 0, 0, "")
    assert said(row(kind, **{column: NEVER})).due_at is None


def test_a_lot_that_a_timer_gave_is_named_by_its_instant() -> None:
    assert said(row(lot=-1_767_225_600_000_000)).lot_key == "timer/1767225600000000"


def test_a_key_that_is_not_known_is_told_by_its_code() -> None:
    """-1 as 64 bits is sixteen f."""
    assert said(row(ref=-1)).about == "#ffffffffffffffff"


def test_an_entry_travels() -> None:
    entry = replace(said(row(**EARNED)), due_at=5, corrects=2)
    assert open_entry(seal_entry(entry)) == entry


def test_an_entry_that_takes_another_back_names_it() -> None:
    assert from_row(row(**EARNED), "M", "order/1", COMPILED, KEYS, corrects=2).corrects == 2
    assert said(row(**EARNED)).corrects == 0


def test_every_column_of_an_entry_has_a_place() -> None:
    """Where each column of the fold's entries stands in the record."""
    places = {
        "at": "effective_at", "booked": "booked_at", "points": "points", "lot": "lot_key", "ref": "about", "basis": "basis",
        "desired": "desired", "member": "member_id", "cause": "cause", "seq": "seq", "num": "rate_numerator", "den": "rate_denominator",
        "rule": "rule", "lot_n": "lot_n", "version": "programme_version", "reason": "reason", "kind": "kind", "wallet": "wallet",
        "bucket": "bucket", "tier": "tier",
    }  # fmt: skip
    assert places.keys() == ENTRY_FIELDS.keys()
    besides = {"programme", "state_left", "state_entered", "due_at", "corrects"}
    assert {f.name for f in fields(LedgerEntry)} == set(places.values()) | besides
