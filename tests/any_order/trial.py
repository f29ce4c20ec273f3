"""One trial: a random history under a random programme arrives in a bad order, in copies and odd batches, between ticks.

The oracle sees the same facts in perfect order, with the decisions that were given on them; both must end alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from random import Random

import numpy as np

from loyalty_streams.agents import members
from loyalty_streams.agents.members import MembersAgent
from loyalty_streams.agents.rows import WAITS, KeyRow, Segments, split
from loyalty_streams.core.codes import DAY, FactKind, Outcome, Reason
from loyalty_streams.core.engine import Engine
from loyalty_streams.core.facts import Fact
from loyalty_streams.programme.diagnostics import ProgrammeError
from tests.any_order.memory import MemoryHost
from tests.oracle.oracle import by_place
from tests.simulation import engine_side, oracle_side
from tests.simulation.programmes import texts
from tests.simulation.trial import Case, Ready, case_of, engine_of, first_difference, ready

LATER = (FactKind.TRANSFER, FactKind.IDENTITY)
RETURNS = (FactKind.RETURN, FactKind.EXCHANGE_RETURN, FactKind.CANCELLATION)
MEMBER = b"M"


def problems_of(seed: int) -> list[str]:
    """What goes wrong with the history of a seed: nothing."""
    case = case_of(seed)
    found = programme_of(case)
    if found is None:
        return []
    programme, engine = found
    random = Random(f"any order {seed}")
    lateness = {v.facts.lateness for v in programme.compiled.versions}
    facts = [replace(f, member="M") for f in case.facts if f.kind not in LATER]
    facts = [f for f in facts if f.kind not in RETURNS or not f.about or any(o.key == f.about and o.kind == FactKind.ORDER for o in facts)]
    if not facts:
        return []
    worst = scrambled(facts, random, min(lateness))
    with bases_every(random.choice((3, 8, 256))):
        host = delivered(engine, worst, random, case.until)
    out = host_differs(engine, case, programme, host, worst)
    return [*out, *straight_differs(engine, host, worst, case.until)]


def programme_of(case: Case) -> tuple[Ready, Engine] | None:
    """The programme of a case, ready to be asked; None where its random numbers are too fine to be reckoned with."""
    written = tuple(texts(case.trees))
    try:
        return ready(written), engine_of(written)
    except ProgrammeError:
        return None


@contextmanager
def bases_every(facts: int) -> Iterator[None]:
    """Kept states closer together than a store has them, so that short histories have some."""
    before = members.BASE_EVERY
    members.BASE_EVERY = facts
    try:
        yield
    finally:
        members.BASE_EVERY = before


def scrambled(facts: Sequence[Fact], random: Random, within: int) -> list[Fact]:
    """The facts in order of another arrival: a third of them late by up to the lateness, a tenth of them twice."""
    out = []
    for f in facts:
        late = random.randrange(within + 1) if within and random.random() < 0.35 else 0
        out.append(f if f.arrived > f.at else replace(f, arrived=f.at + late))
    copies = [replace(f, arrived=f.arrived + random.randrange(3 * DAY)) for f in random.sample(out, len(out) // 10)]
    rows = [(f.arrived, n < len(out), random.random(), f) for n, f in enumerate([*out, *copies])]
    return [f for *_, f in sorted(rows, key=lambda row: (row[0], not row[1], row[2]))]


def delivered(engine: Engine, worst: Sequence[Fact], random: Random, until: int) -> MemoryHost:
    """A host that has taken the facts as they come."""
    host = MemoryHost(MembersAgent(engine))
    for batch in batches(worst, random):
        if random.random() < 0.2:
            host.advance(batch[0].arrived - random.randrange(2))
        host.take(batch)
    host.advance(max(until, worst[-1].arrived))
    return host


def batches(facts: Sequence[Fact], random: Random) -> Iterator[Sequence[Fact]]:
    size = random.choice((1, 2, 7, 1_000))
    for first in range(0, len(facts), size):
        yield facts[first : first + size]


def with_decisions(log: Segments, worst: Sequence[Fact]) -> list[Fact]:
    """Each fact once, with what was decided on it and the arrival that counts."""
    rows = zip(split(log.keys), log.columns.outcome.tolist(), log.columns.refuse.tolist(), log.columns.arrived.tolist(), strict=True)
    given = {key.decode(): row for key, *row in rows}
    once = {f.key: f for f in reversed(worst)}
    return [
        replace(f, outcome=Outcome(given[k][0]), refuse=Reason(given[k][1]), arrived=given[k][2]) for k, f in once.items() if k in given
    ]


def host_differs(engine: Engine, case: Case, programme: object, host: MemoryHost, worst: Sequence[Fact]) -> list[str]:
    """The entries that hold, against the oracle's."""
    log = host.log(MEMBER)
    facts = by_place(programme.timeline, with_decisions(log, worst))
    until = max(case.until, worst[-1].arrived)
    if [k.decode() for k in split(log.keys)] != [f.key for f in facts]:
        return ["the facts stand in another order"]
    got = [replace(d, booked=None) for d in engine_side.decisions(log.entries, facts, programme.numbers)]
    expected, _ = oracle_side.ask(programme.timeline, facts, until)
    return first_difference(got, [replace(d, booked=None) for d in expected])


def straight_differs(engine: Engine, host: MemoryHost, worst: Sequence[Fact], until: int) -> list[str]:
    """The same facts in order, one by one: the head and every card must have the same bytes."""
    straight = MemoryHost(MembersAgent(engine))
    lateness = host.agent.lateness
    facts = with_decisions(host.log(MEMBER), worst)
    places = lateness.stand(np.array([f.at for f in facts]), np.array([f.arrived for f in facts]))
    for _, f in sorted(zip(places.tolist(), facts, strict=True), key=lambda row: (row[0], _rank(row[1]), row[1].key.encode())):
        straight.take([f])
    straight.advance(max(until, worst[-1].arrived))
    mine, theirs = host.head(MEMBER), straight.head(MEMBER)
    out = [] if replace(mine, entries=0) == replace(theirs, entries=0) else ["the heads differ"]
    known = {key: row for key, row in host.of_keys.items() if not KeyRow.read(row).kind & WAITS}  # a return may wait for an order that was refused
    return out if known == straight.of_keys else [*out, "the key rows differ"]


def _rank(fact: Fact) -> int:
    return int(FactKind.RESERVE if fact.kind in (FactKind.REDEEM, FactKind.REDEEMED) else fact.kind)
