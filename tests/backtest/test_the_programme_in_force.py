"""The backtest of the programme in force is the live ledger, corrections netted: any history, any arrival, accounts that became one (T173)."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from fractions import Fraction
from random import Random

import numpy as np
import pytest

from loyalty_streams.agents.rows import join_segments, split
from loyalty_streams.backtest.contenders import Contender
from loyalty_streams.backtest.families import bare
from loyalty_streams.backtest.folding import Bench, Decided, Span
from loyalty_streams.backtest.source import Logs
from loyalty_streams.core.entries import Entries, Entry
from loyalty_streams.core.facts import Array
from loyalty_streams.core.programme import Compiled
from loyalty_streams.programme import ProgrammeError
from loyalty_streams.programme.load import load
from tests.any_order import family_trial, trial
from tests.any_order.memory import MemoryHost
from tests.oracle.family import fold_family
from tests.simulation import engine_side, oracle_side
from tests.simulation.family_trial import family_of
from tests.simulation.trial import case_of, first_difference, ready
from tests.simulation.vocabulary import Tree, write

TOLD = [name for name in Entry.names or () if name not in ("seq", "booked", "member", "cause")]


def told(entries: Entries, refs: Array) -> Array:
    """What entries say, and the fact that caused each; not when they were booked, nor as which."""
    cause = entries["cause"].astype(np.int64)
    by = np.where(cause >= 0, refs[cause] if len(refs) else 0, 0)
    return np.stack([*(entries[name].astype(np.int64) for name in TOLD), by], axis=1)


def contender(compiled: Compiled, text: str) -> Contender:
    return Contender(load(text), compiled, None)


def under(host: MemoryHost, bench: Bench, until: int) -> Decided:
    """The accounts of a host folded again from their logs."""
    names = sorted(host.of_heads)
    log = join_segments([[s for _, s in host.of_segments.get(name, [])] for name in names])
    kin = any(host.head(name).family for name in names)
    return bench.decide(Logs(names, bare(log), kin), Span(until + 1, until))


def differs(host: MemoryHost, found: Decided) -> list[str]:
    out = []
    for k, name in enumerate(found.names):
        log = host.log(name)
        live, here = told(log.entries, log.columns.ref), told(found.entries[found.entries["member"] == k], found.columns.ref)
        if not np.array_equal(live, here):
            out.append(f"{name.decode()}: {len(live)} entries live, {len(here)} in the backtest")
    return out


@pytest.mark.parametrize("seed", range(0, 160, 8))
def test_a_history_in_any_order_of_arrival_gives_the_entries_that_hold(seed: int) -> None:
    case = case_of(seed)
    found = trial.programme_of(case)
    if found is None:
        return
    programme, engine = found
    facts = [replace(f, member="M") for f in case.facts if f.kind not in trial.LATER]
    facts = [f for f in facts if f.kind not in trial.RETURNS or not f.about or any(o.key == f.about for o in facts)]
    random = Random(f"backtest {seed}")
    worst = trial.scrambled(facts, random, min(v.facts.lateness for v in programme.compiled.versions))
    host = trial.delivered(engine, worst, random, case.until)
    bench = Bench(contender(programme.compiled, programme.texts[-1]).judge)
    assert differs(host, under(host, bench, host.tick)) == []


@pytest.mark.parametrize("seed", range(0, 160, 8))
def test_accounts_that_became_one_are_run_anew_and_give_the_entries_that_hold(seed: int) -> None:
    case = family_of(seed)
    found = trial.programme_of(case)
    facts = family_trial.facts_of(case) if found is not None else []
    if found is None or not facts:
        return
    programme, engine = found
    random = Random(f"backtest of a family {seed}")
    worst = trial.scrambled(facts, random, min(v.facts.lateness for v in programme.compiled.versions))
    host = trial.delivered(engine, worst, random, case.until)
    bench = Bench(contender(programme.compiled, programme.texts[-1]).judge)
    assert differs(host, under(host, bench, host.tick)) == []


@pytest.mark.parametrize("seed", range(1, 240, 8))
def test_a_candidate_gives_what_the_oracle_gives_for_the_same_facts_and_decisions(seed: int) -> None:
    """The last version from the first fact on, rates doubled, other facts too late: by kernel and by pencil's friend (T175, T177)."""
    case = family_of(seed)
    found = trial.programme_of(case)
    facts = family_trial.facts_of(case) if found is not None else []
    text = write(doubled(case.trees[-1], seed))
    if found is None or not facts or not sound(text):
        return
    programme, engine = found
    random = Random(f"candidate {seed}")
    worst = trial.scrambled(facts, random, min(v.facts.lateness for v in programme.compiled.versions))
    host = trial.delivered(engine, worst, random, case.until)
    candidate = ready((text,))
    here = under(host, Bench(contender(candidate.compiled, text).judge), host.tick)
    known = family_trial.with_decisions(host, worst)
    told_by = fold_family(candidate.timeline, [family_trial.event_of(f) for f in known], host.tick)
    book = engine_side.book_of([*known, *(replace(known[0], key=key.decode(), about="") for key in set(split(here.rows.keys)))])
    rows = [replace(known[0], key=key.decode()) for key in split(here.rows.keys)]
    for name, result in told_by.results.items():
        place = here.names.index(name.partition("#")[0].encode())
        got = [engine_side.decision(e, rows, book, candidate.numbers) for e in here.entries[here.entries["member"] == place]]
        said = oracle_side.said_of(result, candidate.timeline)[0]
        assert first_difference([family_trial.plain(d) for d in got], [family_trial.plain(d) for d in said]) == [], name


def doubled(tree: Tree, seed: int) -> Tree:
    """A version from the first fact, its rates and fixed points twice as high, and another patience with what comes late."""
    out = {name: value for name, value in deepcopy(tree).items() if name != "effective_from"}
    for rule in out["earn"].values():
        points = rule.get("points", {})
        for name in ("rate", "fixed"):
            if name in points:
                points[name] = str(2 * Fraction(points[name]))
    return {**out, "facts": {"lateness": ("0 days", "3 days", "30 days")[seed % 3]}}


def sound(text: str) -> bool:
    try:
        ready((text,))
    except ProgrammeError:
        return False
    return True
