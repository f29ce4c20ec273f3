"""A store opens for one writer, is refused where it cannot be read right, and is never half changed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import loyalty_streams as ls
from loyalty_streams.hosts.embedded.rocks import CLOCKS, LAYOUT
from loyalty_streams.programme import ProgrammeError
from tests.api.corner import PROGRAMME, history, order, programme, shop

ROWS = [order("O1", "M1", "2026-03-01T10:00:00Z", "80.00"), order("O2", "M2", "2026-03-01T11:00:00Z", "50.00")]


def snapshot(folder: Path) -> dict[str, int]:
    return {p.name: p.stat().st_size for p in folder.iterdir()} if folder.exists() else {}


def test_a_store_of_a_newer_layout_is_refused(tmp_path: Path) -> None:
    with shop(tmp_path, orders=ROWS) as opened:
        batch = opened.store.rocks.batch()
        batch.put("rest", CLOCKS, json.dumps({**json.loads(opened.store.clocks.pack()), "layout": LAYOUT + 1}).encode())
        opened.store.rocks.write(batch)
    with pytest.raises(ls.StoreError) as told:
        ls.open_store(tmp_path / "store")
    assert told.value.code == "STORE_NEWER"


def test_a_second_writer_is_told_that_the_store_is_busy_and_readers_are_let_in(tmp_path: Path) -> None:
    code = "import sys, loyalty_streams as ls\ntry: ls.open_store(sys.argv[1])\nexcept ls.StoreError as e: print(e.code, e)"
    with shop(tmp_path, orders=ROWS) as opened:
        other = subprocess.run([sys.executable, "-c", code, str(opened.store.folder)], capture_output=True, text=True, check=True)
        assert other.stdout == "STORE_BUSY another process has the store open; one at a time may write\n"
        with ls.open_store(tmp_path / "store", read_only=True) as reader:
            assert reader.report("summary")["orders"] == 2
            with pytest.raises(ls.StoreError) as told:
                reader.advance("2027-01-01")
            assert told.value.code == "READ_ONLY"


def test_there_is_no_store_where_none_was_made(tmp_path: Path) -> None:
    for folder in (tmp_path / "nothing", tmp_path):
        with pytest.raises(ls.StoreError) as told:
            ls.open_store(folder)
        assert told.value.code == "NO_STORE"
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(ls.StoreError) as told:
        ls.open_store(tmp_path, programme=programme(tmp_path / "rules"))
    assert told.value.code == "NOT_A_STORE"


def test_a_broken_programme_makes_no_store_and_changes_none(tmp_path: Path) -> None:
    broken = programme(tmp_path / "broken", PROGRAMME.replace("mode: proportional", "mode: generous"))
    with pytest.raises(ProgrammeError):
        ls.open_store(tmp_path / "store", programme=broken)
    assert not (tmp_path / "store").exists()
    with shop(tmp_path, orders=ROWS) as opened:
        before = opened.report("summary")
        with pytest.raises(ProgrammeError):
            opened.publish(broken)
        assert opened.report("summary") == before
        assert [v.version for v in opened.versions()] == [1]


def test_a_store_keeps_to_its_programme(tmp_path: Path) -> None:
    shop(tmp_path, orders=ROWS).close()
    other = programme(tmp_path / "other", PROGRAMME.replace("rate: 1", "rate: 3"))
    with pytest.raises(ls.StoreError) as told:
        ls.open_store(tmp_path / "store", programme=other)
    assert told.value.code == "OTHER_PROGRAMME"
    ls.open_store(tmp_path / "store", programme=tmp_path / "rules").close()


def test_a_dry_run_judges_everything_and_leaves_nothing(tmp_path: Path) -> None:
    rows = [order("O3", "M1", "2026-03-02T10:00:00Z", "10.00"), order("O4", "M1", "2026-03-02T10:00:00", "10.00")]
    folder = history(tmp_path / "more", orders=rows)
    with shop(tmp_path, orders=ROWS) as opened:
        found = opened.ingest(folder, dry_run=True)
        assert (found.dispositions["applied"], found.dispositions["dead_lettered"], found.dead_letters[0].code) == (1, 1, "BAD_TIME")
        assert opened.report("summary")["orders"] == 2
        assert list(opened.dead_letters()) == []
    assert sorted(p.name for p in tmp_path.iterdir()) == ["history", "more", "rules", "store"]


def test_a_trial_of_a_store_that_does_not_exist_leaves_none(tmp_path: Path) -> None:
    with ls.Loyalty.trial(tmp_path / "store", programme=programme(tmp_path / "rules")) as trial:
        assert trial.ingest(history(tmp_path / "history", orders=ROWS)).dispositions["applied"] == 2
    assert sorted(p.name for p in tmp_path.iterdir()) == ["history", "rules"]


def test_a_backup_of_a_running_store_is_a_store(tmp_path: Path) -> None:
    with shop(tmp_path, orders=ROWS) as opened:
        with ls.open_store(tmp_path / "store", read_only=True) as reader:
            reader.backup(tmp_path / "copies" / "monday")
        opened.adjust("M1", 5, reason="x", operator="ann", at="2026-03-02T10:00:00Z")
        with pytest.raises(ls.StoreError) as told:
            opened.backup(tmp_path / "copies" / "monday")
        assert told.value.code == "EXISTS"
        opened.backup(tmp_path / "copies" / "tuesday")
    for name, points in (("monday", 80), ("tuesday", 85)):
        with ls.open_store(tmp_path / "copies" / name) as copy:
            account = copy.member("M1")
            assert account is not None
            assert account.points.available == points
            assert not any(c.violations for c in copy.verify().values())


def test_the_same_history_twice_is_applied_once(tmp_path: Path) -> None:
    """T151, T152: the same order under another file name; T153."""
    with shop(tmp_path, orders=ROWS) as opened:
        for n in range(5):
            again = history(tmp_path / f"again-{n}", orders=ROWS)
            assert opened.ingest(again).dispositions["duplicate"] == 2
        changed = history(tmp_path / "changed", orders=[order("O1", "M1", "2026-03-01T10:00:00Z", "90.00")])
        found = opened.ingest(changed)
        assert (found.dispositions["conflict"], found.dead_letters[0].code) == (1, "CONFLICT")
        account = opened.member("M1")
        assert account is not None
        assert account.points.available == 80


def test_a_dead_letter_is_mended_and_replayed_and_leaves_the_list(tmp_path: Path) -> None:
    with shop(tmp_path) as opened:
        rows = [order("O1", "M1", "2026-03-01T10:00:00Z", "80.00", currency="EUR"), order("O2", "M1", "2026-03-01T11:00:00Z", "1.00")]
        opened.ingest(history(tmp_path / "history", orders=rows))
        (letter,) = opened.dead_letters()
        assert (letter.code, letter.file, letter.row, letter.member) == ("CURRENCY", "orders.jsonl", 1, "M1")
        assert opened.replay_dead_letter(letter.id)["disposition"] == "dead_lettered"
        old = opened.replay_dead_letter(letter.id, {"currency": "USD", "occurred_at": "2025-01-01T12:00:00Z"})
        assert old == {"disposition": "dead_lettered", "reason": "TOO_OLD"}
        mended = opened.replay_dead_letter(letter.id, {"currency": "USD"})
        assert mended == {"disposition": "applied", "reason": None}
        assert list(opened.dead_letters()) == []
        account = opened.member("M1")
        assert account is not None
        assert account.points.available == 81
        with pytest.raises(ls.AskError) as told:
            opened.replay_dead_letter(letter.id)
        assert told.value.code == "NO_DEAD_LETTER"
