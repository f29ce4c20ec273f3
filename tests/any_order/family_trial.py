"""One trial of a family: facts of several identifiers and the merges of these arrive in a bad order, in copies and odd batches, between ticks.

The oracle sees the same events in perfect order, with the decisions that were given on them; every account must end alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random

import numpy as np

from loyalty_streams.agents.courses import FOREIGN
from loyalty_streams.agents.effective import effective
from loyalty_streams.agents.rows import Segments, join_segments, split
from loyalty_streams.core.codes import AttrKind, Bucket, EntryKind, FactKind, Outcome, Reason
from loyalty_streams.core.facts import Attribute, Fact
from tests.any_order.memory import MemoryHost
from tests.any_order.trial import RETURNS, bases_every, delivered, programme_of, scrambled
from tests.oracle.events import Claim, End, Event, Merge, Pool, Transfer, Unlink, Unmerge, Unpool
from tests.oracle.family import fold_family
from tests.oracle.receipts import RECEIPT
from tests.simulation import engine_side, oracle_side
from tests.simulation.family_trial import FamilyCase, family_of
from tests.simulation.said import Decision
from tests.simulation.trial import Ready, first_difference

MOVES = (Reason.MERGED, Reason.MANUAL, Reason.NOT_ALLOWED, Reason.POOLED)
NOT_THEIRS = (Reason.UNKNOWN_ORDER, Reason.UNKNOWN_REDEMPTION)


def problems_of(seed: int) -> list[str]:
    """What goes wrong with the family of a seed: nothing."""
    case = family_of(seed)
    found = programme_of(case)
    if found is None:
        return []
    programme, engine = found
    random = Random(f"any order of a family {seed}")
    facts = facts_of(case)
    if not facts:
        return []
    worst = scrambled(facts, random, min(v.facts.lateness for v in programme.compiled.versions))
    with bases_every(random.choice((3, 8, 256))):
        host = delivered(engine, worst, random, case.until)
    return [*differs(programme, host, worst, max(case.until, worst[-1].arrived)), *points_in_flight(host)]


def facts_of(case: FamilyCase) -> list[Fact]:
    """The events of a case that the agents take, as facts."""
    facts = [fact_of(e) for e in case.facts if not isinstance(e, End)]
    orders = {f.key for f in facts if f.kind == FactKind.ORDER}
    return [f for f in facts if f.kind not in RETURNS or not f.about or f.about in orders]


def fact_of(event: Event) -> Fact:
    """What a shop says of an event."""
    if isinstance(event, Fact):
        return event
    if isinstance(event, Transfer):
        return Fact(
            FactKind.TRANSFER, event.sender, event.key, event.at, event.arrived, about=event.receiver, points=event.points,
            outcome=event.outcome, refuse=event.refuse,
        )  # fmt: skip
    member, about = {
        Merge: lambda e: (e.gives_up, e.into), Unmerge: lambda e: (e.gives_up, e.into), Unlink: lambda e: (e.identifier, e.member),
        Claim: lambda e: (RECEIPT + e.receipt, e.member), Pool: lambda e: (e.member, e.pool), Unpool: lambda e: (e.member, e.pool),
    }[type(event)](event)  # fmt: skip
    share = (Attribute("@share", AttrKind.FLAG, event.share),) if isinstance(event, Pool) else ()
    return Fact(
        FactKind.IDENTITY, member, event.key, event.at, event.arrived, about=about, type=type(event).__name__.lower(), attributes=share,
    )  # fmt: skip


def event_of(fact: Fact) -> Event:
    if fact.kind == FactKind.TRANSFER:
        return Transfer(fact.at, fact.key, fact.member, fact.about, fact.points, fact.arrived, fact.outcome, fact.refuse)
    if fact.kind != FactKind.IDENTITY:
        return fact
    if fact.type == "pool":
        return Pool(fact.at, fact.key, fact.member, fact.about, int(fact.attributes[0].value), fact.arrived)
    kind = {"unpool": Unpool, "merge": Merge, "unmerge": Unmerge, "unlink": Unlink, "claim": Claim}[fact.type]
    return kind(fact.at, fact.key, fact.member.removeprefix(RECEIPT), fact.about, fact.arrived)


def differs(programme: Ready, host: MemoryHost, worst: Sequence[Fact], until: int) -> list[str]:
    """The entries that hold of every account, against the oracle's."""
    facts = with_decisions(host, worst)
    expected = fold_family(programme.timeline, [event_of(f) for f in facts], until)
    accounts = {name.partition("#")[0]: result for name, result in expected.results.items()}
    out = [f"{name.decode()}: unknown to the oracle" for name in host.of_heads if name.decode() not in accounts and len(host.log(name).entries)]
    told = {key.decode() for name in host.of_heads for key in split(host.log(name).keys)}
    book = engine_side.book_of([*facts, *(replace(facts[0], key=key, about="") for key in told)])
    for name, result in accounts.items():
        log = host.log(name.encode())
        rows = [replace(facts[0], key=key.decode()) for key in split(log.keys)]
        got = [plain(engine_side.decision(e, rows, book, programme.numbers)) for e in log.entries]
        said = [plain(d) for d in oracle_side.said_of(result, programme.timeline)[0]]
        out += [f"{name}: {x}" for x in first_difference(got, said)]
    return out


def plain(decision: Decision) -> Decision:
    """A decision without its booking; of what is not there, whether because it is unknown or another's, one word; a transfer by its own key."""
    reason = Reason.MEMBER_MISMATCH if decision.reason in NOT_THEIRS else decision.reason
    return replace(decision, booked=None, reason=reason, cause=decision.cause.removesuffix("/out"))


def with_decisions(host: MemoryHost, worst: Sequence[Fact]) -> list[Fact]:
    """Each fact once, with what was decided on it and the arrival that counts."""
    given: dict[str, list[int]] = {}
    for member in host.of_heads:
        log = whole(host, member)
        told = (log.came, log.columns.outcome, log.columns.refuse, log.columns.arrived)
        rows = zip(split(log.keys), *(column.tolist() for column in told), strict=True)
        given.update((key.decode(), row) for key, came, *row in rows if not came & FOREIGN)
    once = {f.key: f for f in reversed(worst)}
    return [
        replace(f, outcome=Outcome(given[k][0]), refuse=Reason(given[k][1] if given[k][0] else 0), arrived=given[k][2])
        for k, f in once.items() if k in given
    ]  # fmt: skip


def whole(host: MemoryHost, member: bytes) -> Segments:
    """All that came for an account."""
    return effective(join_segments([[s for _, s in host.of_segments[member]]]), host.agent.lateness, given_up=True)


def points_in_flight(host: MemoryHost) -> list[str]:
    """What one account gave up, another has taken over (I7)."""
    moved = 0
    for member in host.of_heads:
        e = host.log(member).entries
        e = e[np.isin(e["kind"], (EntryKind.TRANSFERRED_IN, EntryKind.TRANSFERRED_OUT)) & np.isin(e["reason"], MOVES)]
        moved += int(e["points"].sum() - 2 * e["points"][(e["bucket"] == Bucket.DEBT) & (e["reason"] != Reason.MERGED)].sum())
    return [f"{moved} points are neither here nor there"] if moved else []
