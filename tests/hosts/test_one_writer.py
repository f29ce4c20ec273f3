"""One process writes; others are told so. A store of a newer layout is refused, a broken programme makes nothing."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from loyalty_streams.hosts.embedded import Store, StoreError
from loyalty_streams.hosts.embedded.rocks import CLOCKS, LAYOUT
from loyalty_streams.programme import ProgrammeError
from tests.hosts.shop import bring, codes, contents, open_store, order, programme


def test_a_second_process_on_the_folder_is_refused_and_a_reader_sees_what_is_committed(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        bring(store, order("O1", "M1", "2026-01-05 10:00", 1_000))
        there, back = os.pipe()
        child = os.fork()
        if child == 0:
            code = b"OPENED"
            try:
                open_store(tmp_path)
            except StoreError as error:
                code = error.code.encode()
            os.write(back, code)
            os._exit(0)
        os.waitpid(child, 0)
        assert os.read(there, 100) == b"STORE_BUSY"
        with Store.open(tmp_path / "store", read_only=True) as reader:
            assert [m for m, _ in reader.rocks.scan("heads")] == [b"M1"]
            with pytest.raises(StoreError) as refused:
                bring(reader, order("O2", "M1", "2026-01-06 10:00", 1_000))
            assert refused.value.code == "READ_ONLY"


def test_a_store_of_a_newer_layout_is_refused(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        batch = store.rocks.batch()
        batch.put("rest", CLOCKS, json.dumps({**json.loads(store.clocks.pack()), "layout": LAYOUT + 1, "of_the_future": 1}).encode())
        store.rocks.write(batch)
    with pytest.raises(StoreError) as refused:
        open_store(tmp_path)
    assert refused.value.code == "STORE_NEWER"


def test_a_broken_programme_makes_no_store_and_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    broken = programme(tmp_path)
    broken.write_text("programme: [", "utf-8")
    with pytest.raises(ProgrammeError):
        Store.open(tmp_path / "store", programme=broken, create=True)
    assert not (tmp_path / "store").exists()
    (tmp_path / "holiday").mkdir()
    (tmp_path / "holiday" / "photo.jpg").write_bytes(b"x")
    with pytest.raises(StoreError) as refused:
        Store.open(tmp_path / "holiday", programme=programme(tmp_path), create=True)
    assert refused.value.code == "NOT_A_STORE"
    assert [p.name for p in (tmp_path / "holiday").iterdir()] == ["photo.jpg"]


def test_without_a_programme_no_store_is_made_and_without_a_store_none_is_opened(tmp_path: Path) -> None:
    for how, code in (({"create": True}, "NO_PROGRAMME"), ({}, "NO_STORE"), ({"read_only": True}, "NO_STORE")):
        with pytest.raises(StoreError) as refused:
            Store.open(tmp_path / "store", **how)
        assert refused.value.code == code
    assert not (tmp_path / "store").exists()


def test_another_programme_for_a_store_is_refused_and_the_same_is_welcome(tmp_path: Path) -> None:
    open_store(tmp_path).close()
    open_store(tmp_path).close()
    other = tmp_path / "other.yaml"
    other.write_text(programme(tmp_path).read_text().replace("rate: 1", "rate: 2"), "utf-8")
    with pytest.raises(StoreError) as refused:
        Store.open(tmp_path / "store", programme=other)
    assert refused.value.code == "OTHER_PROGRAMME"


def test_a_commit_that_fails_leaves_the_store_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_store(tmp_path) as store:
        bring(store, order("O1", "M1", "2026-01-05 10:00", 1_000))
        before, clocks = contents(store), store.clocks.pack()

        def disk_full(batch: object) -> None:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patched:
            patched.setattr(store.rocks, "write", disk_full)
            with pytest.raises(OSError, match="space"):
                bring(store, order("O2", "M1", "2026-01-06 10:00", 1_000))
        assert (contents(store), store.clocks.pack()) == (before, clocks)
        assert bring(store, order("O2", "M1", "2026-01-06 10:00", 1_000)) == {"applied": 1}


def test_the_same_dead_letter_is_kept_once(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        bring(store, order("O1", "M1", "2026-01-05 10:00", 1_000))
        changed = order("O1", "M1", "2026-01-05 10:00", 2_000)
        assert bring(store, changed) == bring(store, changed) == {"conflict": 1}
        assert codes(store) == ["CONFLICT"]


def test_a_store_of_an_older_layout_is_refused(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        batch = store.rocks.batch()
        batch.put("rest", CLOCKS, json.dumps({**json.loads(store.clocks.pack()), "layout": LAYOUT - 1}).encode())
        store.rocks.write(batch)
    with pytest.raises(StoreError) as refused:
        open_store(tmp_path)
    assert refused.value.code == "STORE_OLDER"
