"""Kernel and oracle agree on families of accounts that merge, part, end and send each other points; and what merges must not change."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import lru_cache
from random import Random

import pytest

from loyalty_streams.core.codes import DAY, FactKind
from loyalty_streams.core.facts import Fact
from tests.oracle.family import Event, Merge, fold_family
from tests.oracle.oracle import Result, Standing, fold
from tests.oracle.pencil import HEAD, RATE
from tests.oracle.programme import Timeline
from tests.simulation.families import IDENTIFIERS
from tests.simulation.family_coverage import OF_MERGES, seen_of_merges
from tests.simulation.family_trial import family_of
from tests.simulation.programmes import texts
from tests.simulation.shrink import outcome, shrink, told
from tests.simulation.trial import A_PROGRAMME, case_of, timeline_of

BLOCKS, A_BLOCK = 10, 13 * A_PROGRAMME
BLIND = (
    HEAD
    + "wallets: {points: {expires: {after: 6 months}}}\nearn:\n"
    + RATE
    + ("tiers: {metric: {spend: {window: 3 months}}, ladder: {basic: 0, silver: 100.00, gold: 300.00}}\n")
)
"""A programme without anything that reads state across identities."""


@lru_cache(maxsize=BLOCKS)
def block(k: int) -> tuple[tuple[int, ...], Counter[str]]:
    """The seeds of a block that differ, and how often each form was exercised."""
    differ, covered = [], Counter[str]()
    for seed in range(k * A_BLOCK, (k + 1) * A_BLOCK):
        found = outcome(family_of(seed))
        covered.update(seen_of_merges(found))
        if found.problems:
            differ.append(seed)
    return tuple(differ), covered


@pytest.mark.parametrize("k", range(BLOCKS))
def test_kernel_and_oracle_say_the_same_of_every_family(k: int) -> None:
    """Entries and end of every account, the ones given up too (T137 to T143, T150)."""
    differ, _ = block(k)
    if differ:
        pytest.fail(f"seeds {', '.join(map(str, differ))}; the first, shrunk:\n{told(*shrink(family_of(differ[0])))}")


def test_the_families_exercise_every_form_of_merges_and_transfers() -> None:
    covered: Counter[str] = sum((block(k)[1] for k in range(BLOCKS)), Counter[str]())
    assert [name for name in OF_MERGES if not covered[name]] == []


# ---- what must not depend on identities: the oracle alone ----


def split(facts: tuple[Fact, ...], random: Random) -> list[Fact]:
    return [replace(f, member=random.choice(IDENTIFIERS)) for f in facts]


def merges(random: Random, when: list[int]) -> list[Event]:
    """All identifiers merge into the last, one after the other."""
    return [Merge(t, f"identity/{n}", gives_up, IDENTIFIERS[-1]) for n, (t, gives_up) in enumerate(zip(when, IDENTIFIERS, strict=False))]


@pytest.mark.parametrize("k", range(4))
def test_merges_before_the_first_fact_make_one_history(k: int) -> None:
    """T142: entry for entry what the facts give under one identifier, whatever the programme."""
    for seed in range(30 * k, 30 * (k + 1)):
        case = case_of(seed)
        timeline, random = timeline_of(tuple(texts(case.trees))), Random(seed)
        facts = [f for f in case.facts if f.kind != FactKind.IDENTITY]
        first = min(f.at for f in facts)
        events = [*merges(random, [first - 1] * 3), *split(tuple(facts), random)]
        family, whole = fold_family(timeline, events, case.until), fold(timeline, facts, case.until)
        assert len(family.results) == 1
        assert next(iter(family.results.values())).entries == whole.entries


def holding(result: Result) -> object:
    """Balances, lots and tier: what a member has."""
    s: Standing = result.standing
    return {w: (a["available"], a["debt"]) for w, a in s.totals.items()}, [(x.lot, x.points, x.expires_at) for x in s.lots], s.tier


@pytest.mark.parametrize("k", range(4))
def test_where_nothing_reads_across_identities_the_instant_of_a_merge_changes_nothing(k: int) -> None:
    """Orders and returns in full or in part, merges anywhere between: balances, lots and the tier in the end are those of one history."""
    timeline = Timeline([BLIND])
    for seed in range(50 * k, 50 * (k + 1)):
        random = Random(f"blind {seed}")
        facts = shopping(random)
        instants = sorted(random.randint(0, facts[-1].at) for _ in range(3))
        until = facts[-1].at + random.choice((0, 40, 100)) * DAY
        family = fold_family(timeline, [*merges(random, instants), *split_by_order(facts, random)], until)
        survivor = family.results[family.homes[IDENTIFIERS[-1]]]
        assert holding(survivor) == holding(fold(timeline, facts, until))


def shopping(random: Random) -> list[Fact]:
    start = 1_700_000_000_000_000
    orders: list[Fact] = []
    out: list[Fact] = []
    for n in range(random.randint(5, 25)):
        start += random.randint(1, 20) * DAY
        if orders and random.random() < 0.3:
            of = random.choice(orders)
            out.append(Fact(FactKind.RETURN, "M", f"return/{n}", start, about=of.key, amount=of.amount // random.choice((1, 2))))
        else:
            orders.append(Fact(FactKind.ORDER, "M", f"order/{n}", start, amount=random.randint(1, 200) * 100))
            out.append(orders[-1])
    return out


def split_by_order(facts: list[Fact], random: Random) -> list[Fact]:
    """A return comes under the identifier of its order."""
    carried: dict[str, str] = {}
    out = []
    for f in facts:
        carried[f.key] = carried.get(f.about) or random.choice(IDENTIFIERS)
        out.append(replace(f, member=carried[f.key]))
    return out
