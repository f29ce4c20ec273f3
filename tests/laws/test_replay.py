"""The same facts give the same bytes, however they come in: I4, I5, I6, I9, I10, and time that is looked at often."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_streams.core.engine import Engine
from loyalty_streams.core.entries import Entries
from loyalty_streams.core.facts import to_columns
from tests.laws.digest import SEEDS, digest
from tests.laws.folding import advance, fold
from tests.laws.programmes import PROGRAMMES, named
from tests.laws.strategies import History, histories
from tests.simulation import engine_side
from tests.simulation.engine_side import Store
from tests.simulation.programmes import texts
from tests.simulation.trial import case_of, engine_of

ALL = pytest.mark.parametrize("name", PROGRAMMES)
UNSAID = ("booked",)
"""When time is looked at oftener, the same things are decided; only the tick that caused them to be booked is another."""


def same(a: Entries, b: Entries, without: tuple[str, ...] = ()) -> bool:
    return a.size == b.size and all(np.array_equal(a[n], b[n]) for n in a.dtype.names if n not in without)


@ALL
@given(history=histories())
def test_i4_folding_nothing_over_a_state_leaves_its_bytes_and_writes_no_entry(name: str, history: History) -> None:
    """I4: a state read and written again is the same bytes; time that has passed already brings nothing."""
    engine = named(name)
    store = fold(engine, history)
    before = store.state
    assert not advance(engine, store, history.until).size
    assert store.state == before


@ALL
@given(history=histories(), cuts=st.sets(st.integers(1, 13)))
def test_i5_batches_do_not_show(name: str, history: History, cuts: set[int]) -> None:
    """I5: in one batch, one by one, by sevens or cut anywhere: the same entries, the same state, the same cards, bit for bit."""
    engine = named(name)
    whole = fold(engine, history)
    n = len(history.facts)
    for ends in (tuple(range(1, n)), tuple(range(7, n, 7)), tuple(range(1000, n, 1000)), tuple(cuts)):
        split = fold(engine, history, ends)
        assert same(whole.all_entries(), split.all_entries())
        assert (split.state, split.cards) == (whole.state, whole.cards)


@given(history=histories(), other=histories())
def test_i6_members_do_not_show_to_each_other(history: History, other: History) -> None:
    """I6: in whichever order the members of a batch come, each gets what it gets alone."""
    engine = named("rich")
    pairs = [(history.facts, history.until), (other.facts, other.until)]
    first, second = engine_side.fold_whole(engine, pairs)
    again_second, again_first = engine_side.fold_whole(engine, pairs[::-1])
    alone = engine_side.fold_whole(engine, pairs[:1])[0]
    assert same(first, again_first)
    assert same(second, again_second)
    assert same(first, alone)


@pytest.mark.parametrize("seed", [3, 12, 21, 40])
def test_i9_a_snapshot_and_the_rest_are_the_full_replay_at_100_cuts(seed: int) -> None:
    """I9: from the state after any prefix, the rest of a long history ends in the same bytes as from nothing."""
    case = case_of(seed)
    engine = engine_of(tuple(texts(case.trees)))
    facts = case.facts
    while len(facts) < 101:
        facts = (*facts, *later(facts, len(facts)))
    facts = facts[:101]
    until = facts[-1].at
    whole = engine_side.fold_split(engine, facts, until, ())
    for cut in range(1, 101):
        split = engine_side.fold_split(engine, facts, until, (cut,))
        assert (split.state, split.cards) == (whole.state, whole.cards), cut
        assert same(split.all_entries(), whole.all_entries())


def later(facts, n: int):  # type: ignore[no-untyped-def]
    """The same story told again after its end, under keys of its own."""
    span = facts[-1].at - facts[0].at + 86_400_000_000
    return tuple(replace(f, key=f"{f.key}+{n}", about=f"{f.about}+{n}" if f.about else "", at=f.at + span, arrived=-1) for f in facts)


@ALL
@given(history=histories(), looks=st.lists(st.floats(0, 1), max_size=6))
def test_time_gives_the_same_whenever_it_is_looked_at(name: str, history: History, looks: list[float]) -> None:
    """`advance(state, t)` (architecture, section 2): ticks between the facts, any number of them, change nothing that is decided."""
    engine = named(name)
    whole = fold(engine, history)
    store = ticked(engine, history, sorted(looks))
    assert same(whole.all_entries(), store.all_entries(), (*UNSAID, "cause"))
    assert store.state == whole.state


def ticked(engine: Engine, history: History, looks: list[float]) -> Store:
    """The history fact by fact, with ticks at shares of the time between each fact and the next."""
    store, columns = Store(), to_columns(history.facts)
    ends = [*(f.at for f in history.facts[1:]), history.until]
    for i, fact in enumerate(history.facts):
        engine_side.step(engine, store, columns, history.facts, i, i + 1, 0)
        for look in looks:
            t = fact.at + int((ends[i] - fact.at) * look)
            if t < ends[i]:
                advance(engine, store, t)
    advance(engine, store, history.until)
    return store


@ALL
@given(history=histories())
def test_i10_the_entries_of_a_member_are_numbered_without_gaps(name: str, history: History) -> None:
    """I10: from 1, whatever the batches."""
    entries = fold(named(name), history, tuple(range(1, len(history.facts)))).all_entries()
    assert entries["seq"].tolist() == list(range(1, entries.size + 1))


MACHINES = (
    {"PYTHONHASHSEED": "0", "TZ": "UTC"},
    {"PYTHONHASHSEED": "1", "TZ": "Asia/Shanghai"},
    {"PYTHONHASHSEED": "random", "TZ": "America/New_York", "LC_ALL": "C"},
)


@pytest.mark.parametrize("environment", MACHINES)
def test_i5_hash_seed_zone_and_locale_of_the_machine_do_not_show(environment: dict[str, str]) -> None:
    """I5: another process with another hash seed, time zone and locale ends in the same sum over entries, states and cards."""
    command = [sys.executable, "-m", "tests.laws.digest"]
    done = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == digest(SEEDS)


def test_the_sum_sees_a_single_difference() -> None:
    """The law above looks at something: one history less is another sum."""
    assert digest(SEEDS) != digest(SEEDS[1:])
    assert len(digest(SEEDS)) == len(hashlib.sha256().hexdigest())


def test_i9_cuts_are_drawn_over_all_kinds_of_histories() -> None:
    """The four histories of the law above together hold returns, redemptions and adjustments."""
    kinds = {f.kind.name for seed in (3, 12, 21, 40) for f in case_of(seed).facts}
    assert {"ORDER", "RETURN", "REDEEM", "RESERVE", "ADJUSTMENT"} <= kinds
