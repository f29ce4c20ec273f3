"""Anonymous orders under their receipts, and who claims them (T144, S58)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from loyalty_streams.core.codes import FactKind, Reason
from loyalty_streams.core.facts import Fact
from tests.oracle.events import Claim, Event, place_of, refused
from tests.oracle.programme import Timeline

RECEIPT = "receipt:"


def claimed(timeline: Timeline, events: Iterable[Event]) -> list[Event]:
    """The events with what was claimed as facts that the member brought, without what nobody claimed; claims that were refused say so."""
    listed = list(events)
    out: list[Event] = [e for e in listed if not isinstance(e, Claim) and not kept_under_receipt(e)]
    receipts = dict.fromkeys(f"{RECEIPT}{e.receipt}" for e in listed if isinstance(e, Claim))
    for receipt in receipts:
        claims = [e for e in listed if isinstance(e, Claim) and f"{RECEIPT}{e.receipt}" == receipt]
        kept = [e for e in listed if isinstance(e, Fact) and e.member == receipt]
        out += of_receipt(timeline, sorted(claims, key=lambda c: place_of(timeline, c)), kept)
    return out


def kept_under_receipt(event: Event) -> bool:
    return isinstance(event, Fact) and event.member.startswith(RECEIPT)


def of_receipt(timeline: Timeline, claims: Sequence[Claim], kept: Sequence[Fact]) -> list[Fact]:
    """The facts of one receipt where a claim is good, and the refusals of others. A claim that waits for its order says nothing."""
    orders = [f for f in kept if f.kind == FactKind.ORDER]
    good: Claim | None = None
    given: list[Fact] = []
    out: list[Fact] = []
    for claim in claims:
        in_time = [o for o in orders if claim.at - o.at <= timeline.at(claim.at).spans("claim_within")]
        reached = [o for o in in_time if o.at <= timeline.stand(claim.at, claim.arrived)]
        if orders and not in_time:
            out.append(refused(claim, claim.member, claim.member, Reason.TOO_LATE))
        elif good:
            out.append(refused(claim, claim.member, claim.member, Reason.ALREADY_CLAIMED))
        elif reached:
            good, given = claim, reached
    if good:
        left = {o.key for o in orders} - {o.key for o in given}
        out += [replace(f, member=good.member) for f in kept if f.key not in left and f.about not in left]
    return out
