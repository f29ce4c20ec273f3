"""A real year, split over several identifiers, out of order and twice, in batches and partitions, ends as the plain one (T157, T142)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random

import numpy as np
import pytest

from loyalty_streams.core.codes import DAY, FactKind
from loyalty_streams.core.entries import Entry
from loyalty_streams.core.facts import Fact
from loyalty_streams.history import FactBatch, ReadOptions, read_history
from loyalty_streams.history.batch import joined, of_facts
from loyalty_streams.hosts.embedded import Store
from loyalty_streams.hosts.embedded.identifiers import home
from loyalty_streams.hosts.embedded.past import Block, member
from loyalty_streams.hosts.embedded.verify import verify
from tests.reports.journey import RULES, households_ending_in_7

LATE = 6 * DAY
TOLD = [name for name in Entry.names or () if name not in ("seq", "booked", "member", "cause")]


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> list[Fact]:
    """The orders of the 247 households whose id ends in 7."""
    path = households_ending_in_7(tmp_path_factory.mktemp("journey") / "history")
    batches = [item for item in read_history([path], ReadOptions("USD", 2)) if isinstance(item, FactBatch)]
    whole = joined(batches)
    return [whole.fact(i) for i in range(len(whole))]


@pytest.fixture(scope="module")
def plain(facts: list[Fact], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """They under one identifier each, in order, at once."""
    with opened(tmp_path_factory.mktemp("plain")) as store:
        store.take(of_facts(facts))
        store.advance(end_of(facts))
        yield store


def opened(folder: Path) -> Store:
    rules = folder / "rules.yaml"
    rules.write_text(RULES, "utf-8")
    return Store.open(folder / "store", programme=rules, create=True)


def end_of(facts: list[Fact]) -> int:
    return max(f.at for f in facts) + LATE


def scattered(facts: list[Fact], seed: int) -> list[Fact]:
    """Each household's facts under one to four identifiers, which become one before the first; in order of a bad arrival, a tenth of them twice."""
    random = Random(seed)
    first: dict[str, int] = {}
    for f in facts:
        first[f.member] = min(first.get(f.member, f.at), f.at)
    names = {m: [m, f"card:{m}", f"phone:{m}", f"open_id:{m}"][: random.randint(1, 4)] for m in first}
    out = [replaced(f, random.choice(names[f.member]), f.at + random.randrange(LATE) * (random.random() < 0.3)) for f in facts]
    for m, own in names.items():
        moves = [(a, b) for a, b in zip(own[1:], own, strict=False)]
        out += [
            Fact(FactKind.IDENTITY, a, f"identity/{a}", first[m] - 1, first[m] - 1 + random.randrange(LATE), about=b, type="merge") for a, b in moves
        ]
    out += [replaced(f, f.member, f.arrived + random.randrange(LATE)) for f in random.sample(out, len(out) // 10)]
    return sorted(out, key=lambda f: f.arrived)


def replaced(fact: Fact, name: str, arrived: int) -> Fact:
    from dataclasses import replace

    return replace(fact, member=name, arrived=arrived)


@pytest.mark.parametrize(("seed", "size", "partitions"), [(1, 1_000, 1), (2, 1_000, 4), (3, 50_000, 2)])
def test_any_arrival_of_a_split_year_ends_as_the_plain_year(
    facts: list[Fact], plain: Store, tmp_path: Path, seed: int, size: int, partitions: int
) -> None:  # fmt: skip
    arriving = scattered(facts, seed)
    with opened(tmp_path) as store:
        store.partitions = partitions
        whole = of_facts(arriving)
        for first in range(0, len(whole), size):
            store.take(whole.slice(first, min(first + size, len(whole))))
        store.advance(end_of(facts))
        households = sorted({f.member for f in facts})
        assert [home(store, f"card:{m}") for m in households if store.heads([f"card:{m}".encode()])[0] is not None]
        for m in households:
            assert told(store, m) == told(plain, m), m
        assert {name: c.faults for name, c in verify(store).items() if c.violations} == {}


def told(store: Store, name: str) -> tuple[bytes, bytes]:
    """The packed state, and the entries that hold without their bookings."""
    block = member(store, name)
    assert isinstance(block, Block)
    return block.states.packed(0), np.stack([block.entries[field].astype(np.int64) for field in TOLD]).tobytes()
