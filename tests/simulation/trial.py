"""One trial: a programme, histories of it, and all that must agree about them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from random import Random
from typing import Any

import numpy as np

from loyalty_streams.core.engine import Engine
from loyalty_streams.core.facts import Fact
from loyalty_streams.core.programme import Compiled
from loyalty_streams.programme import Registry, compile_versions
from loyalty_streams.programme.load import load
from tests.oracle.oracle import by_place
from tests.oracle.programme import Timeline
from tests.simulation import engine_side, oracle_side
from tests.simulation.histories import history
from tests.simulation.latecomers import Latecomers, with_lateness
from tests.simulation.programmes import texts, versions
from tests.simulation.said import Decision, Numbers

A_PROGRAMME = 8
"""Histories that share one programme: compiling takes longer than folding."""


@dataclass(frozen=True)
class Ready:
    """One programme as both sides read it."""

    texts: tuple[str, ...]
    compiled: Compiled
    timeline: Timeline

    @property
    def numbers(self) -> Numbers:
        return Numbers(self.compiled.names)


@dataclass(frozen=True)
class Case:
    """One history under one programme: `facts` in order, the instant to which the member is advanced."""

    seed: int
    trees: list[dict[str, Any]]
    facts: tuple[Fact, ...]
    until: int


@dataclass(frozen=True)
class Outcome:
    """What a trial found: the problems (none: all sides agree), what was decided, and which forms were seen that no decision shows."""

    problems: tuple[str, ...]
    decisions: tuple[Decision, ...]
    seen: tuple[str, ...] = ()


def case_of(seed: int) -> Case:
    """The history of a seed; eight seeds in a row share a programme."""
    trees = with_lateness(seed // A_PROGRAMME, versions(seed // A_PROGRAMME))
    facts, until = history(seed, trees)
    told = by_place(timeline_of(tuple(texts(trees))), Latecomers(seed, trees).added_to(facts))
    return Case(seed, trees, tuple(told), max(until, *(max(f.at, f.arrived) for f in told)))


@lru_cache(maxsize=4)
def timeline_of(written: tuple[str, ...]) -> Timeline:
    return Timeline(list(written))


@lru_cache(maxsize=4)
def ready(written: tuple[str, ...]) -> Ready:
    return Ready(written, compile_versions(tuple(load(text) for text in written), Registry()), timeline_of(written))


@lru_cache(maxsize=2)
def engine_of(written: tuple[str, ...]) -> Engine:
    return Engine(ready(written).compiled)


def run_case(case: Case) -> Outcome:
    """Kernel against oracle: the kernel in batches cut at random, through packed states and cards."""
    written = tuple(texts(case.trees))
    programme, engine = ready(written), engine_of(written)
    case = replace(case, facts=tuple(by_place(programme.timeline, case.facts)))
    cuts = random_cuts(case)
    store = engine_side.fold_split(engine, case.facts, case.until, cuts)
    entries, numbers = store.all_entries(), programme.numbers
    got = engine_side.decisions(entries, case.facts, numbers)
    end = engine_side.end_of_member(engine, case.facts, numbers)
    expected, expected_end = oracle_side.ask(programme.timeline, case.facts, case.until)
    problems = [*first_difference(got, expected)]
    problems += [f"end: {x}" for x in end.differences(expected_end)]
    problems += [f"books: {x}" for x in engine_side.misbooked(entries, end, numbers)]
    if entries["seq"].tolist() != list(range(1, entries.size + 1)):
        problems.append("seq: gaps (I10)")
    problems += whole_differs(engine, case, entries)
    return Outcome(tuple(problems), tuple(got))


def random_cuts(case: Case) -> list[int]:
    random = Random(f"cuts {case.seed}")
    n = len(case.facts)
    return random.choice(([], list(range(n)), random.sample(range(n), random.randint(0, n - 1)), random.sample(range(n), min(n, 2))))


def whole_differs(engine: Engine, case: Case, entries: Any) -> list[str]:
    """One batch without states and cards, explained, must decide the same beside the refusals that only `explain` writes."""
    told = engine_side.fold_whole(engine, [(case.facts, case.until)], explain=True)[0]
    told = told[~np.isin(told["reason"], [int(r) for r in engine_side.COMPUTED]) | (told["kind"] != 25)]
    names = [n for n in entries.dtype.names if n not in ("member", "seq", "cause", "booked")]
    same = told.size == entries.size and all(np.array_equal(told[n], entries[n]) for n in names)
    return [] if same else ["batches: one batch, explained, decides otherwise"]


def first_difference(got: Sequence[Decision], expected: Sequence[Decision]) -> list[str]:
    """The first decision in which the sides differ, in words."""
    for i, (a, b) in enumerate(zip(got, expected, strict=False)):
        if not a.agrees(b):
            return [f"decision {i} differs in {', '.join(a.differences(b))}\n  kernel {a.words()}\n  oracle {b.words()}"]
    if len(got) != len(expected):
        longer, who = (got, "kernel") if len(got) > len(expected) else (expected, "oracle")
        return [f"only the {who} decides\n  {who} {longer[min(len(got), len(expected))].words()}"]
    return []
