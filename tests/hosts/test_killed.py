"""kill -9 of an ingest at random instants: a second ingest ends as an undisturbed one, to the byte (T154 at the embedded host's scale, I4)."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from random import Random

import pytest

from tests.hosts.shop import a_year, at, contents, history, open_store, read_in

KILLS = 30
SEED = 20_260_105


def ingest_all(place: Path, folder: Path) -> None:
    with open_store(place) as store:
        read_in(store, folder, batch_rows=25)
        store.advance(at("2027-01-01 00:00"))


def in_a_child(place: Path, folder: Path, kill_after: float | None) -> bool:
    """Runs the ingest in a process of its own and kills it after some seconds. -> whether it ended by itself"""
    child = os.fork()
    if child == 0:
        try:
            ingest_all(place, folder)
        finally:
            os._exit(0)
    if kill_after is not None:
        time.sleep(kill_after)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return os.WIFEXITED(status)


@pytest.mark.slow
def test_after_30_kills_at_random_instants_the_second_ingest_ends_in_the_same_bytes(tmp_path: Path) -> None:
    random = Random(SEED)
    folder = history(tmp_path / "in", a_year(17, facts=1_500))
    with open_store(tmp_path / "whole") as store:  # compiles what the children will use
        begun = time.monotonic()
        read_in(store, folder, batch_rows=25)
        store.advance(at("2027-01-01 00:00"))
        takes = time.monotonic() - begun
        whole = contents(store)
    cut_short = 0
    for n in range(KILLS):
        place = tmp_path / str(n)
        after = random.random() * takes
        cut_short += not in_a_child(place, folder, after)
        ingest_all(place, folder)
        with open_store(place) as store:
            assert contents(store) == whole, f"seed {SEED}, kill {n} after {after:.3f} s"
    assert cut_short >= KILLS // 2, "most kills must come before the end"
