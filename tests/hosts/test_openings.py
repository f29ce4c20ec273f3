"""Balances of an old system as they come in: `openings` of a history folder (T145, T147)."""

from __future__ import annotations

from pathlib import Path

from loyalty_streams.core.codes import EntryKind, Reason, Status
from loyalty_streams.hosts.embedded.past import member
from tests.hosts.shop import at, bring, open_store, order, read_in

OPENINGS = """member_id,points,earned_at,expires_at,source_system,row_id,reason
M1,300,2026-01-02T00:00:00Z,2026-06-30T00:00:00Z,old-till,1,carried over
M1,200,2026-01-02T00:00:00Z,2026-12-31T00:00:00Z,old-till,2,carried over
"""


def folder(path: Path) -> Path:
    path.mkdir()
    (path / "openings.csv").write_text(OPENINGS, "utf-8")
    return path


def test_t145_an_opening_of_500_in_two_lots_counts_in_the_balance_and_not_as_issued(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        first = read_in(store, folder(tmp_path / "in"))
        assert first.dispositions["applied"] == 2
        block = member(store, "M1", at("2026-01-03 00:00"))
        assert block is not None
        state = block.states[0]
        wallet = state.wallets[0]
        assert (wallet.available, wallet.opening, wallet.issued) == (500, 500, 0)
        assert [(lot.expires_at, lot.remaining) for lot in state.lots] == [(at("2026-06-30 00:00"), 300), (at("2026-12-31 00:00"), 200)]
        assert set(block.entries["kind"].tolist()) >= {EntryKind.OPENED}
        assert set(block.entries["reason"][block.entries["kind"] == EntryKind.OPENED].tolist()) == {Reason.IMPORTED}
        assert state.orders == state.lifetime_spend == 0


def test_t145_the_same_file_twice_changes_nothing(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        read_in(store, folder(tmp_path / "in"))
        before = list(store.rocks.scan("heads"))
        again = read_in(store, tmp_path / "in")
        assert (again.dispositions["duplicate"], again.dispositions["applied"], again.entries) == (2, 0, 0)
        assert list(store.rocks.scan("heads")) == before


def test_t147_an_unknown_member_is_imported_until_a_first_order(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        read_in(store, folder(tmp_path / "in"))
        block = member(store, "M1")
        assert block is not None
        assert block.states[0].status == Status.IMPORTED
        bring(store, order("O1", "M1", "2026-01-05 10:00", 1_000))
        block = member(store, "M1")
        assert block is not None
        assert block.states[0].status == Status.ACTIVE
