"""`verify` finds what is wrong with a store: each invariant is broken on purpose, and its check, named, must say so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import loyalty_streams as ls
from loyalty_streams.agents import members
from loyalty_streams.agents.rows import COUNTS, WIDTHS, Head, KeyRow, entries_of
from loyalty_streams.core.codes import EntryKind
from tests.api.corner import history, programme
from tests.api.test_exports import TABLES

GIFTS = [
    {"adjustment_id": f"G{n}", "member_id": "M3", "occurred_at": f"2026-03-06T1{n}:00:00Z", "points": 30, "reason": "gift", "operator": "ann",
     "expires_at": f"2026-{month}-01T00:00:00Z"}
    for n, month in enumerate(("10", "11", "12"))
]  # fmt: skip
"""Three gifts of 30 points to M3, two of which are gone in November."""


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ls.Loyalty]:
    """The shop of the export tests, with a state kept after every second fact, and the clock in December."""
    monkeypatch.setattr(members, "BASE_EVERY", 2)
    with ls.open_store(tmp_path / "store", programme=programme(tmp_path / "rules")) as opened:
        opened.ingest(history(tmp_path / "history", **{**TABLES, "adjustments": [*TABLES["adjustments"], *GIFTS]}))
        opened.advance("2026-12-01")
        yield opened


def broken(store: ls.Loyalty) -> dict[str, int]:
    return {name: c.violations for name, c in store.verify().items() if c.violations}


def write(store: ls.Loyalty, family: str, key: bytes, value: bytes) -> None:
    batch = store.store.rocks.batch()
    batch.put(family, key, value)
    store.store.rocks.write(batch)


def change_head(store: ls.Loyalty, member: bytes, **fields: Any) -> None:
    (found,) = store.store.heads([member])
    assert found is not None
    write(store, "heads", member, replace(Head.read(found), **fields).pack())


def change_entries(store: ls.Loyalty, kind: EntryKind, field: str, by: int) -> None:
    """Adds to a field of the first entry of a kind, wherever it is in the log."""
    for key, segment in store.store.rocks.scan("segments"):
        counts = COUNTS.unpack_from(segment)
        entries = entries_of(segment).copy()
        places = np.flatnonzero(entries["kind"] == kind)
        if len(places):
            entries[field][places[0]] += by
            at = COUNTS.size + sum(n * w for n, w in zip(counts[:3], WIDTHS[:3], strict=True))
            raw = entries.tobytes()
            write(store, "segments", key, segment[:at] + raw + segment[at + len(raw) :])
            return
    raise AssertionError(f"no entry of kind {kind.name}")


def of_entry(kind: EntryKind, field: str, by: int) -> Callable[[ls.Loyalty], None]:
    return lambda store: change_entries(store, kind, field, by)


def swap_lots(store: ls.Loyalty) -> None:
    change_entries(store, EntryKind.REDEEMED, "lot", 1)


def forget_content(store: ls.Loyalty) -> None:
    (found,) = store.store.keys([b"order/O1"])
    assert found is not None
    write(store, "keys", b"order/O1", replace(KeyRow.read(found), content=1).pack())


def another_state(store: ls.Loyalty) -> None:
    one, other = store.store.heads([b"M1", b"M3"])
    assert one is not None and other is not None
    change_head(store, b"M1", state=Head.read(other).state)


def another_base(store: ls.Loyalty) -> None:
    key, value = next(iter(store.store.rocks.scan("bases")))
    (head,) = store.store.heads([b"M3"])
    assert head is not None
    write(store, "bases", key, replace(Head.read(value), state=Head.read(head).state).pack())


def miscounted(store: ls.Loyalty) -> None:
    store.store.clocks.dispositions["applied"] += 1


def padded_state(store: ls.Loyalty, monkeypatch: pytest.MonkeyPatch) -> None:
    from loyalty_streams.hosts.embedded.checks import states

    monkeypatch.setattr(states, "HEAD_BYTES", 0)
    monkeypatch.setattr(states, "ROW_BYTES", 0)


CASES: dict[str, list[Callable[[ls.Loyalty], None]]] = {
    "I1": [of_entry(EntryKind.EARNED, "points", 1), another_state],
    "I2": [of_entry(EntryKind.EARNED, "lot_n", 7), another_state],
    "I3": [swap_lots],
    "I4": [forget_content],
    "I5": [of_entry(EntryKind.EARNED, "basis", 1), of_entry(EntryKind.EXPIRED, "at", 1), lambda s: change_head(s, b"M1", due=1)],
    "I9": [another_base],
    "I10": [of_entry(EntryKind.EXPIRED, "seq", 1), lambda s: change_head(s, b"M1", entries=3)],
    "I11": [miscounted],
    "I12": [of_entry(EntryKind.CONFIRMED, "points", 1), of_entry(EntryKind.REDEEMED, "points", -10_000)],
    "I13": [of_entry(EntryKind.CLAWED_BACK, "points", -10_000)],
    "I14": [of_entry(EntryKind.EARNED, "desired", 1), of_entry(EntryKind.EARNED, "num", 1)],
    "I15": [of_entry(EntryKind.EXPIRED, "at", -(1 << 50))],
    "I16": [of_entry(EntryKind.TIER_CHANGED, "den", 1), lambda s: change_head(s, b"M1", tier=1)],
    "I17": [of_entry(EntryKind.STAGE_CHANGED, "num", 1), lambda s: change_head(s, b"M2", stage=2)],
    "I20": [of_entry(EntryKind.EXPIRED, "points", 1)],
}


def test_a_sound_store_breaks_nothing_and_everything_was_looked_at(store: ls.Loyalty) -> None:
    checks = store.verify()
    assert {name: c.faults for name, c in checks.items() if c.violations} == {}
    assert list(checks) == ["I1", "I2", "I3", "I4", "I5", "I7", "I9", "I10", "I11", "I12", "I13", "I14", "I15", "I16", "I17", "I20", "I24"]
    unseen = [name for name, c in checks.items() if not c.checked]
    assert unseen == ["I7"]  # nobody has become another here


@pytest.mark.parametrize(("name", "n"), [(name, n) for name, cases in CASES.items() for n in range(len(cases))])
def test_a_tampered_store_breaks_the_invariant(store: ls.Loyalty, name: str, n: int) -> None:
    CASES[name][n](store)
    assert name in broken(store)


def test_points_that_are_given_up_and_not_taken_over_are_seen(tmp_path: Path) -> None:
    """I7: a card with an order becomes a member's; one point of it is lost on the way."""
    rows = {
        "orders": [{"order_id": "O1", "card": "7", "occurred_at": "2026-03-01T10:00:00Z", "amount": "50.00", "currency": "USD"}],
        "identities": [{"member_id": "M1", "occurred_at": "2026-03-02T10:00:00Z", "action": "link", "identifier": "card:7"}],
    }
    with ls.open_store(tmp_path / "store", programme=programme(tmp_path / "rules")) as opened:
        opened.ingest(history(tmp_path / "history", **rows))
        assert broken(opened) == {}
        assert opened.verify()["I7"].checked == 2
        change_entries(opened, EntryKind.TRANSFERRED_IN, "points", -1)
        assert "I7" in broken(opened)


def test_a_state_larger_than_what_it_holds_is_seen(store: ls.Loyalty, monkeypatch: pytest.MonkeyPatch) -> None:
    """I24: with no room allowed at all, every member's state is too large."""
    padded_state(store, monkeypatch)
    assert broken(store) == {"I24": 3}


def test_a_lot_that_expires_twice_is_seen(store: ls.Loyalty) -> None:
    """I15: an activation written over by a second expiry of the same lot."""
    name, segment = next((k, s) for k, s in store.store.rocks.scan("segments") if (entries_of(s)["kind"] == EntryKind.EXPIRED).sum() > 1)
    counts = COUNTS.unpack_from(segment)
    entries = entries_of(segment).copy()
    first, second = np.flatnonzero(entries["kind"] == EntryKind.EXPIRED)[:2]
    entries["lot"][second], entries["lot_n"][second] = entries["lot"][first], entries["lot_n"][first]
    at = COUNTS.size + sum(n * w for n, w in zip(counts[:3], WIDTHS[:3], strict=True))
    raw = entries.tobytes()
    write(store, "segments", name, segment[:at] + raw + segment[at + len(raw) :])
    assert "I15" in broken(store)


def test_states_are_rebuilt_from_the_log_as_they_were(store: ls.Loyalty) -> None:
    """I9: nothing differs; after a state was lost, what is written is what had stood there."""
    rows = {family: list(store.store.rocks.scan(family)) for family in ("heads", "keys")}
    assert store.rebuild_state() == (3, 0)
    another_state(store)
    (redemption,) = store.store.keys([b"redemption/R1"])
    assert redemption is not None
    write(store, "keys", b"redemption/R1", replace(KeyRow.read(redemption), card=b"").pack())
    assert store.rebuild_state() == (3, 2)
    assert {family: list(store.store.rocks.scan(family)) for family in ("heads", "keys")} == rows
