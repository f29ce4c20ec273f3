"""How facts come together does not show: batches, members beside each other, processes (I5, I6, I9, I10)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_streams.core.facts import Fact, to_columns
from tests.laws.folding import fold
from tests.laws.programmes import PROGRAMMES, named
from tests.laws.strategies import History, histories

ALL = pytest.mark.parametrize("name", PROGRAMMES)
ROOT = Path(__file__).resolve().parents[2]


@ALL
@given(history=histories(), cuts=st.lists(st.integers(1, 13), max_size=4))
def test_i9_a_state_and_the_facts_after_it_equal_the_whole_history(name: str, history: History, cuts: list[int]) -> None:
    """I5, I9: cut anywhere and folded on from packed bytes, a history ends in the same bytes and gives the same entries."""
    whole, parts = fold(named(name), history), fold(named(name), history, tuple(cuts))
    assert parts.state == whole.state
    assert parts.cards == whole.cards
    assert parts.all_entries().tobytes() == whole.all_entries().tobytes()


@ALL
@given(history=histories())
def test_i10_the_entries_of_a_member_are_numbered_without_a_gap(name: str, history: History) -> None:
    """1, 2, 3, ... over facts and timers alike, and on from the packed state."""
    numbers = fold(named(name), history, tuple(range(1, 14))).all_entries()["seq"]
    assert numbers.tolist() == list(range(1, len(numbers) + 1))


@ALL
@given(many=st.lists(histories(most=6), min_size=2, max_size=4), chance=st.randoms(use_true_random=False))
def test_i6_members_beside_each_other_do_not_meet(name: str, many: list[History], chance: object) -> None:
    """I6: whatever the interleaving of members in the log, and whatever their order in a batch, each ends as if alone."""
    engine = named(name)
    tags = [k for k, history in enumerate(many) for _ in history.facts]
    chance.shuffle(tags)  # type: ignore[attr-defined]
    log, places = interleaved(many, tags)
    order = list(range(len(many)))
    chance.shuffle(order)  # type: ignore[attr-defined]
    groups = np.cumsum([0, *(len(places[k]) for k in order)]).astype(np.int64)
    until = np.array([many[k].until for k in order], np.int64)
    together = engine.fold(to_columns(log), groups, rows=np.concatenate([places[k] for k in order]), until_of=until)
    for g, k in enumerate(order):
        alone = fold(engine, many[k])
        assert together.states[together.state_at[g] : together.state_at[g + 1]].tobytes() == alone.state
        entries = together.entries[together.entries["member"] == g].copy()
        own = {int(row): n for n, row in enumerate(places[k])}
        entries["cause"] = [own.get(row, -1) for row in entries["cause"].tolist()]
        entries["member"] = 0
        assert entries.tobytes() == alone.all_entries().tobytes()


def interleaved(many: list[History], tags: list[int]) -> tuple[list[Fact], list[np.ndarray]]:  # type: ignore[type-arg]
    """The facts in the order of `tags` (each names a member), and where each member's facts lie."""
    left = [list(history.facts) for history in many]
    places: list[list[int]] = [[] for _ in many]
    log = []
    for row, k in enumerate(tags):
        log.append(left[k].pop(0))
        places[k].append(row)
    return log, [np.array(p, np.int64) for p in places]


PLACES = ({"PYTHONHASHSEED": "0", "TZ": "UTC", "LC_ALL": "C"}, {"PYTHONHASHSEED": "1", "TZ": "Asia/Shanghai", "LC_ALL": "tr_TR.UTF-8"},
          {"PYTHONHASHSEED": "random", "TZ": "America/New_York", "LC_ALL": "C.UTF-8"})  # fmt: skip


@pytest.mark.skipif(os.environ.get("NUMBA_DISABLE_JIT") == "1", reason="sixty histories take minutes interpreted")
def test_i5_processes_in_other_places_decide_the_same() -> None:
    """I5: one log gives the same entries and states, to the byte, whatever the hash seed, the time zone and the locale."""
    said = {
        subprocess.run(
            [sys.executable, "-m", "tests.laws.digest"], env={**os.environ, **place}, cwd=ROOT, check=True, capture_output=True, text=True
        ).stdout
        for place in PLACES
    }
    assert len(said) == 1 and len(said.pop().strip()) == 64
