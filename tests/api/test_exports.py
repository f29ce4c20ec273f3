"""Exports: the same facts give the same bytes, and a history that was exported is the history that was ingested."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

import loyalty_streams as ls
from loyalty_streams.hosts.embedded import export
from loyalty_streams.hosts.embedded.ingest import ingest
from tests.api.corner import history, order, programme

LINES = [{"order_id": "O1", "line_no": 1, "line_amount": "30.00", "sku": "A-1", "category": "fruit", "qty": 2},
         {"order_id": "O1", "line_no": 2, "line_amount": "50.00", "sku": "B-2", "category": "dairy", "kind": "delivery"},
         {"order_id": "T1", "line_no": 1, "line_amount": "-15.00", "qty": -1}]  # fmt: skip
TABLES: dict[str, list[dict[str, Any]]] = {
    "orders": [
        order("O1", "M1", "2026-03-01T10:00:00Z", "80.00", channel="app", store="S1", tax="4.00"),
        order("O2", "M2", "2026-03-01T11:00:00Z", "500.00", source="till/7"),
        order("T1", "M1", "2026-03-03T10:00:00Z", "-15.00", kind="refund", original_order_id="O1"),
        order("C1", "M2", "2026-03-09T10:00:00Z", "0", kind="cancellation", original_order_id="O2", source="till/7"),
        order("O3", "M3", "2026-03-04T10:00:00Z", "150.00", redemption_id="R1", points_used=100, receipt="X-1"),
    ],
    "items": LINES,
    "members": [
        {"member_id": "M1", "enrolled_at": "2026-02-01T00:00:00Z", "birthday": "1990-05-20", "tags": "vip,new", "region": "south"},
        {"member_id": "M2", "nickname": "Zoë"},
    ],
    "interactions": [
        {"member_id": "M1", "occurred_at": "2026-03-02T08:00:00Z", "type": "check-in", "stars": 4.5, "comment": "fine"},
        {"member_id": "M1", "occurred_at": "2026-03-02T08:00:00Z", "type": "check-in", "stars": 4.5, "comment": "fine"},
        {"member_id": "M2", "occurred_at": "2026-03-02T09:00:00Z", "type": "visit", "interaction_id": "V/1", "first": True},
    ],
    "redemptions": [
        {"redemption_id": "R1", "member_id": "M2", "occurred_at": "2026-03-02T10:00:00Z", "points": 100, "order_amount_minor": 9900},
        {"redemption_id": "R2", "member_id": "M2", "occurred_at": "2026-03-02T10:01:00Z", "points": 900},
        {"redemption_id": "R3", "member_id": "M2", "occurred_at": "2026-03-02T10:02:00Z", "points": 100, "action": "reserve"},
        {"redemption_id": "R3", "member_id": "M2", "occurred_at": "2026-03-02T10:03:00Z", "points": 0, "action": "confirm"},
        {"redemption_id": "R1", "member_id": "M2", "occurred_at": "2026-03-02T11:03:00Z", "points": 0, "action": "cancel"},
    ],
    "adjustments": [
        {"adjustment_id": "A1", "member_id": "M1", "occurred_at": "2026-03-05T10:00:00Z", "points": 20, "reason": "milk", "operator": "ann",
         "expires_at": "2026-12-31T00:00:00Z"},
        {"adjustment_id": "A2", "member_id": "M1", "occurred_at": "2026-03-05T11:00:00Z", "points": -500, "reason": "twice", "operator": "bob",
         "allow_negative": "true"},
        {"adjustment_id": "A3", "member_id": "M3", "occurred_at": "2026-03-05T11:00:00Z", "points": 0, "reason": "vip", "operator": "bob",
         "action": "set_tier", "tier": "gold", "until": "2026-06-01T00:00:00Z"},
    ],
}  # fmt: skip


def contents(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in sorted(folder.glob("*.parquet"))}


def exported(store: ls.Loyalty, to: Path) -> tuple[dict[str, bytes], dict[str, bytes], list[bytes]]:
    """Facts, ledger, and every packed state."""
    store.export_facts(to / "facts")
    store.export_ledger(to / "ledger")
    return contents(to / "facts"), contents(to / "ledger"), [head for _, head in store.store.rocks.scan("heads")]


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    return programme(tmp_path / "rules")


@pytest.fixture
def original(tmp_path: Path, rules: Path) -> tuple[dict[str, bytes], dict[str, bytes], list[bytes]]:
    with ls.open_store(tmp_path / "store", programme=rules) as store:
        found = store.ingest(history(tmp_path / "history", **TABLES))
        assert not found.dead_letters, found.dead_letters
        assert sum(found.dispositions.values()) == 18
        assert not any(c.violations for c in store.verify().values()), store.verify()
        return exported(store, tmp_path / "original")


def test_an_export_ingested_gives_the_same_bytes_again(tmp_path: Path, rules: Path, original: Any) -> None:
    with ls.open_store(tmp_path / "other", programme=rules) as store:
        found = store.ingest(tmp_path / "original" / "facts")
        assert not found.dead_letters, found.dead_letters
        assert exported(store, tmp_path / "second") == original


def test_an_export_is_known_to_the_store_it_came_from(tmp_path: Path, original: Any) -> None:
    with ls.open_store(tmp_path / "store") as store:
        found = store.ingest(tmp_path / "original" / "facts")
        assert {name: n for name, n in found.dispositions.items() if n} == {"duplicate": 18}


@pytest.mark.parametrize("size", [1, 3, 7])
def test_how_facts_were_batched_does_not_show(tmp_path: Path, rules: Path, original: Any, size: int) -> None:
    with ls.open_store(tmp_path / "batched", programme=rules) as store:
        ingest(store.store, [tmp_path / "history"], replace(store._options({}, None, "auto"), batch_rows=size))
        assert exported(store, tmp_path / "second") == original


def test_decisions_stand_beside_the_facts(tmp_path: Path, original: Any) -> None:
    rows = pq.read_table(tmp_path / "original" / "facts" / "redemptions-0000.parquet").to_pylist()
    told = {(r["redemption_id"], r["action"]): (r["decision"], r["refused"]) for r in rows}
    assert told == {
        ("R1", "redeem"): ("granted", None), ("R2", "redeem"): ("refused", "INSUFFICIENT"), ("R3", "reserve"): ("granted", None),
        ("R3", "confirm"): ("granted", None), ("R1", "cancel"): (None, None),
    }  # fmt: skip


def test_large_stores_are_bucketed_by_member_and_sorted_by_time(tmp_path: Path, rules: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight orders of eight members, two facts a bucket: four files, each member's facts in one, members and instants rising."""
    monkeypatch.setattr(export, "FACTS_A_BUCKET", 4)
    rows = [order(f"O{n}", f"M{n % 8}", f"2026-03-{n + 1:02}T10:00:00Z", "10.00") for n in range(16)]
    with ls.open_store(tmp_path / "store", programme=rules) as store:
        store.ingest(history(tmp_path / "history", orders=rows))
        files = store.export_facts(tmp_path / "facts")
    assert 1 < len(files) <= 4
    found: list[Sequence[Any]] = []
    for path in files:
        rows = pq.read_table(path).to_pylist()
        places = [(r["member_id"], r["occurred_at"]) for r in rows]
        assert places == sorted(places)
        found.append({r["member_id"] for r in rows})  # type: ignore[arg-type]
    assert sum(len(members) for members in found) == 8
    with ls.open_store(tmp_path / "again", programme=rules) as store:
        assert store.ingest(tmp_path / "facts").dispositions["applied"] == 16


def test_an_export_does_not_write_over_anything(tmp_path: Path, original: Any) -> None:
    with ls.open_store(tmp_path / "store") as store, pytest.raises(ls.StoreError) as told:
        store.export_facts(tmp_path / "original" / "facts")
    assert told.value.code == "EXISTS"
