"""A real year, split over several identifiers, out of order and twice, in batches and partitions, ends as the plain one (T157, T142)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from loyalty_streams.api import Loyalty
from loyalty_streams.core.codes import DAY, FactKind
from loyalty_streams.core.entries import Entry
from loyalty_streams.core.facts import Fact
from loyalty_streams.history import FactBatch, ReadOptions, read_history
from loyalty_streams.history.batch import joined, of_facts
from loyalty_streams.hosts.embedded import Store
from loyalty_streams.hosts.embedded.identifiers import home
from loyalty_streams.hosts.embedded.past import Block, member
from loyalty_streams.hosts.embedded.verify import verify
from tests.oracle.family import Merge, fold_family
from tests.oracle.programme import Timeline
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
    folder.mkdir(exist_ok=True)
    rules = folder / "rules.yaml"
    rules.write_text(RULES, "utf-8")
    return Store.open(folder / "store", programme=rules, create=True)


def end_of(facts: list[Fact]) -> int:
    return max(f.at for f in facts) + LATE


def split(facts: list[Fact], seed: int, early: bool) -> tuple[list[Fact], list[Fact]]:
    """Each household's facts under one to four identifiers, and the merges of these: before its first fact, or anywhere in its year."""
    random = Random(seed)
    own: dict[str, list[int]] = {}
    for f in facts:
        own.setdefault(f.member, []).append(f.at)
    names = {m: [m, f"card:{m}", f"phone:{m}", f"open_id:{m}"][: random.randint(1, 4)] for m in own}
    out = [replace(f, member=random.choice(names[f.member]), arrived=f.at) for f in facts]
    merges = []
    for m, some in names.items():
        for gives_up, into in zip(some[1:], some, strict=False):
            when = min(own[m]) - 1 if early else random.randint(min(own[m]) - DAY, max(own[m]) + DAY)
            merges.append(Fact(FactKind.IDENTITY, gives_up, f"identity/{gives_up}", when, when, about=into, type="merge"))
    return out, merges


def badly(facts: list[Fact], seed: int) -> list[Fact]:
    """In order of a bad arrival: a third late by up to six days, every merge so, a tenth twice."""
    random = Random(f"bad {seed}")
    out = [
        replace(f, arrived=f.at + random.randrange(LATE) * (f.kind == FactKind.IDENTITY or random.random() < 0.3)) for f in facts
    ]  # fmt: skip
    out += [replace(f, arrived=f.arrived + random.randrange(LATE)) for f in random.sample(out, len(out) // 10)]
    return sorted(out, key=lambda f: f.arrived)


def brought(store: Store, arriving: list[Fact], size: int, end: int) -> None:
    whole = of_facts(arriving)
    for first in range(0, len(whole), size):
        store.take(whole.slice(first, min(first + size, len(whole))))
    store.advance(end)
    assert {name: c.faults for name, c in verify(store).items() if c.violations} == {}


def reports(store: Store) -> dict[str, Any]:
    shop = Loyalty(store)
    return {name: shop.report(name) for name in ("summary", "kpis", "tiers", "liability", "rfm")}


@pytest.mark.parametrize(("seed", "size", "partitions"), [(1, 1_000, 8), (3, 50_000, 2)])
def test_any_arrival_of_a_split_year_ends_as_the_plain_year(
    facts: list[Fact], plain: Store, tmp_path: Path, seed: int, size: int, partitions: int
) -> None:  # fmt: skip
    some, merges = split(facts, seed, early=True)
    with opened(tmp_path) as store:
        store.partitions = partitions
        brought(store, badly([*some, *merges], seed), size, end_of(facts))
        households = sorted({f.member for f in facts})
        assert [home(store, f"card:{m}") for m in households if store.heads([f"card:{m}".encode()])[0] is not None]
        for m in households:
            assert told(store, m) == told(plain, m), m
        assert reports(store) == {**reports(plain), "summary": {**reports(plain)["summary"], "points": reports(store)["summary"]["points"]}}


@pytest.mark.parametrize(("seed", "size", "partitions"), [(11, 7, 8), (12, 1_000, 2)])
def test_wherever_in_a_year_identifiers_become_one_any_arrival_ends_as_perfect_order(
    facts: list[Fact], tmp_path: Path, seed: int, size: int, partitions: int
) -> None:  # fmt: skip
    """And both as the oracle says of some of the households."""
    few = sorted({f.member for f in facts})[:: 10 if size == 7 else 2]
    some, merges = split([f for f in facts if f.member in few], seed, early=False)
    end = end_of(facts)
    with opened(tmp_path / "perfect") as perfect, opened(tmp_path / "bad") as bad:
        bad.partitions = partitions
        brought(perfect, sorted([*some, *merges], key=lambda f: f.at), 50_000, end)
        brought(bad, badly([*some, *merges], seed), size, end)
        assert [told(bad, m) for m in few] == [told(perfect, m) for m in few]
        assert reports(bad) == reports(perfect)
        timeline = Timeline([RULES])
        for m in few[:: 3 if size == 7 else 12]:
            own = [f for f in some if f.member.removeprefix("card:").removeprefix("phone:").removeprefix("open_id:") == m]
            kin = [Merge(f.at, f.key, f.member, f.about, f.arrived) for f in merges if f.member.partition(":")[2] == m]
            expected = fold_family(timeline, [*own, *kin], end).results[f"{m}#1"].standing
            state = member(bad, m).states[0]  # type: ignore[union-attr]
            assert (state.orders, state.lifetime_spend, bad.compiled.names.tiers[state.tier], state.tier_since) == (
                expected.orders, expected.lifetime_spend, expected.tier, expected.tier_since,
            )  # fmt: skip
            assert [(x.remaining, x.expires_at) for x in state.lots] == [(x.points, x.expires_at) for x in expected.lots]


def told(store: Store, name: str) -> tuple[bytes, bytes]:
    """The packed state, and the entries that hold without their bookings."""
    block = member(store, name)
    assert isinstance(block, Block)
    return block.states.packed(0), np.stack([block.entries[field].astype(np.int64) for field in TOLD]).tobytes()
