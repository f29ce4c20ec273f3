"""The oracle's side: the same facts, its entries and end in the common form."""

from __future__ import annotations

from collections.abc import Sequence

from loyalty_streams.core.codes import NEVER, EntryKind, Reason
from loyalty_streams.core.facts import Fact
from tests.oracle.lots import rank
from tests.oracle.model import Member, OracleEntry
from tests.oracle.oracle import Result, fold
from tests.oracle.programme import Timeline
from tests.simulation.said import SILENT, Decision, End, OpenLot

SAYS_REF = (
    EntryKind.EARNED, EntryKind.ACTIVATED, EntryKind.DEBT_PAID, EntryKind.EXPIRED, EntryKind.REDEEMED, EntryKind.RESERVED, EntryKind.CONFIRMED,
    EntryKind.RELEASED, EntryKind.RESTORED, EntryKind.CLAWED_BACK, EntryKind.WRITTEN_OFF, EntryKind.REMINDED, EntryKind.TIER_NOTICED,
    EntryKind.TRANSFERRED_OUT, EntryKind.TRANSFERRED_IN, EntryKind.SIGNALLED,
)  # fmt: skip


def ask(timeline: Timeline, facts: Sequence[Fact], until: int) -> tuple[list[Decision], End]:
    """All decisions of one member up to an instant, and where it then stands."""
    return said_of(fold(timeline, facts, until), timeline)


def said_of(result: Result, timeline: Timeline) -> tuple[list[Decision], End]:
    return [decision(e, timeline) for e in result.entries], end_of(result, timeline)


def decision(e: OracleEntry, timeline: Timeline) -> Decision:
    return Decision(
        at=e.at,
        booked=None if e.cause.startswith("timer/") else e.booked,
        cause=e.cause,
        kind=e.kind,
        wallet=None if e.kind in SILENT or not e.wallet else e.wallet,
        bucket=int(e.bucket),
        points=e.points,
        rule=e.rule,
        reason=e.reason,
        lot=e.lot if e.lot and e.lot[1] >= 0 else None,
        ref=e.ref if e.kind in SAYS_REF or e.ref else None,
        basis=e.basis,
        desired=e.desired,
        factor=e.factor,
        left=e.left,
        entered=e.entered,
        tier=e.tier,
        version=e.version,
    )


def end_of(result: Result, timeline: Timeline) -> End:
    m = result.member
    said = {
        "tier": m.tier,
        "tier_since": m.tier_since,
        "stage": m.stage,
        "orders": m.order_count,
        "lifetime_spend": m.lifetime_spend,
        "first_at": max(m.first_at, 0) if m.first_at != -NEVER else 0,
        "last_at": max(m.last_at, 0) if m.last_at != -NEVER else 0,
        "holds": sorted(r.key for r in m.redemptions.values() if r.state == "open" and any(p.left for p in r.parts)),
    }
    return End(result.standing.totals, open_lots(m, timeline), said)


def open_lots(m: Member, timeline: Timeline) -> tuple[OpenLot, ...]:
    v = timeline.at(m.through)
    lots = [x for purse in m.purses.values() for x in purse.lots if x.remaining]
    lots.sort(key=lambda x: (x.wallet, x.pending, rank(v, x)))
    return tuple(OpenLot(x.wallet, x.id, x.remaining, x.earned_at, x.expires_at, x.pending) for x in lots)


__all__ = ["Reason", "ask"]
