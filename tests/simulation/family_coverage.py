"""Which forms of late facts, merges, partings, transfers and pools a trial exercised."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from loyalty_streams.core.codes import Bucket, EntryKind, FactKind, Move, Reason
from loyalty_streams.core.facts import Fact
from tests.oracle.adjustments import number_of
from tests.oracle.family import Step
from tests.simulation.said import Decision
from tests.simulation.trial import Outcome

LATE = ("ORDER", "RETURN", "INTERACTION", "PROFILE", "OPENING", "REDEEM", "RESERVE", "REDEEMED", "CONFIRM", "CANCEL", "ADJUSTMENT")
OF_LATE = (*(f"late {name}" for name in LATE), "dead on arrival", "tier by a late fact", "stage by a late fact", "limit met by a late fact")
SHOWN = (
    (EntryKind.TRANSFERRED_OUT, Reason.MERGED), (EntryKind.TRANSFERRED_IN, Reason.MERGED), (EntryKind.TIER_CHANGED, Reason.MERGED),
    (EntryKind.SIGNALLED, Reason.DUPLICATE_BONUS), (EntryKind.CLAWED_BACK, Reason.MERGE_DUPLICATE), (EntryKind.TRANSFERRED_IN, Reason.MANUAL),
    (EntryKind.TRANSFERRED_IN, Reason.NOT_ALLOWED), (EntryKind.FORFEITED, Reason.ERASED), (EntryKind.WRITTEN_OFF, Reason.ERASED),
    (EntryKind.REFUSED, Reason.MEMBER_MISMATCH), (EntryKind.REFUSED, Reason.SAME_MEMBER), (EntryKind.EARNED, Reason.RETURNED),
    (EntryKind.TRANSFERRED_OUT, Reason.POOLED), (EntryKind.TRANSFERRED_IN, Reason.POOLED),
    (EntryKind.REFUSED, Reason.NO_SUCH_MERGE), (EntryKind.REFUSED, Reason.UNMERGE_TOO_LATE), (EntryKind.REFUSED, Reason.ALREADY_CLAIMED),
)  # fmt: skip
OF_MERGES = (
    *(f"entry {kind.name} {reason.name}" for kind, reason in SHOWN),
    *(f"bucket {bucket.name} moved" for bucket in Bucket),
    "debt paid by a merge",
    "tier by the metrics of both",
    "stage by a merge",
    "transfer beyond what there is",
    "claim too late",
    "an account begins anew",
    "a new account earns",
    "a pool is refused",
    "given to a pool by time alone",
    "given to a pool long after",
    "debt paid by what a pool was given",
    "what was given lapses at once",
    "a pool spends",
    "a pool gets back what it spent",
)


def seen_of_late(fact: Fact, decisions: list[Decision]) -> Iterator[str]:
    """What a fact shows that came beyond the lateness."""
    yield f"late {fact.kind.name}"
    for d in decisions:
        if d.kind == EntryKind.EXPIRED:
            yield "dead on arrival"
        elif d.kind == EntryKind.TIER_CHANGED:
            yield "tier by a late fact"
        elif d.kind == EntryKind.STAGE_CHANGED:
            yield "stage by a late fact"
        elif d.reason == Reason.LIMIT_REACHED:
            yield "limit met by a late fact"


def seen_of_merges(found: Outcome) -> set[str]:
    """Of the forms of families, those that a trial exercised."""
    merges = {d.cause for d in found.decisions if d.kind == EntryKind.TRANSFERRED_IN and d.reason == Reason.MERGED}
    return {*found.seen, *(name for d in found.decisions for name in of_merge(d, d.cause in merges))}


def of_merge(d: Decision, by_merge: bool) -> Iterator[str]:
    yield f"entry {d.kind.name} {d.reason.name}"
    if d.kind == EntryKind.TRANSFERRED_IN and by_merge:
        yield f"bucket {Bucket(d.bucket).name} moved"
    elif d.kind == EntryKind.DEBT_PAID and by_merge:
        yield "debt paid by a merge"
    elif d.kind == EntryKind.TIER_CHANGED and by_merge and d.reason == Reason.METRIC:
        yield "tier by the metrics of both"
    elif d.kind == EntryKind.STAGE_CHANGED and by_merge:
        yield "stage by a merge"
    elif d.kind == EntryKind.TRANSFERRED_OUT and d.reason == Reason.MANUAL and d.bucket == Bucket.DEBT:
        yield "transfer beyond what there is"
    elif d.reason == Reason.TOO_LATE and d.cause.startswith("identity/"):
        yield "claim too late"
    elif d.cause.startswith("identity/pool/") and d.reason == Reason.NOT_ALLOWED:
        yield "a pool is refused"
    else:
        yield from of_pool(d)


def of_pool(d: Decision) -> Iterator[str]:
    came = d.lot is not None and d.lot[0].startswith("pooled/")
    if d.kind == EntryKind.TRANSFERRED_OUT and d.reason == Reason.POOLED:
        if d.cause.startswith("timer/"):
            yield "given to a pool by time alone"
        elif d.booked is not None and d.booked > d.at:
            yield "given to a pool long after"
    elif came and d.cause.startswith("pooled/") and d.kind == EntryKind.DEBT_PAID:
        yield "debt paid by what a pool was given"
    elif came and d.cause.startswith("pooled/") and d.kind == EntryKind.EXPIRED:
        yield "what was given lapses at once"
    elif came and d.kind == EntryKind.REDEEMED:
        yield "a pool spends"
    elif came and d.kind == EntryKind.RESTORED:
        yield "a pool gets back what it spent"


def seen_of_steps(steps: Sequence[Step]) -> Iterator[str]:
    """What no decision shows: an account that begins anew in an old ledger, and lives."""
    anew: set[str] = set()
    for step in steps:
        if number_of(step.fact, "move", 0) == Move.BEGINS:
            anew.add(step.account)
            yield "an account begins anew"
        elif step.account in anew and step.fact.kind == FactKind.ORDER:
            yield "a new account earns"
