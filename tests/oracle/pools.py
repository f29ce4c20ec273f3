"""Pools: accounts to which members give a share of what they earn (T148, S60)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from loyalty_streams.core.codes import AttrKind, Direction, EntryKind, FactKind, Reason
from loyalty_streams.core.facts import Attribute, Fact
from tests.oracle.model import HoldPart, Lot, Member, OracleEntry, Redemption
from tests.oracle.programme import Version

MOST, WHOLE = 4, 10_000


def join(m: Member, v: Version, pool: str, share: int) -> None:
    """From now on a share of what is earned goes to the pool; a member of it already has another share in its old place."""
    shares = {**m.pools, pool: share}
    if len(shares) > MOST or not 1 <= share <= WHOLE or sum(shares.values()) > WHOLE:
        m.post(EntryKind.REFUSED, v.main_wallet, reason=Reason.NOT_ALLOWED, ref=pool)
    else:
        m.pools = shares


def leave(m: Member, pool: str) -> None:
    m.pools.pop(pool, None)


def contribute(m: Member, v: Version, lot: Lot, points: int) -> None:
    """Of points just earned each pool gets its share, as far as the lot goes; what lapses at once gives nothing.

    The entry says in `basis` and `desired` when the lot was earned and when it expires.
    """
    if lot.wallet != v.redeem_wallet or lot.pending or lot in m.overdue:
        return
    for pool, share in m.pools.items():
        part = min(points * share // WHOLE, lot.remaining)
        if part > 0:
            lot.remaining -= part
            terms = {"basis": lot.earned_at, "desired": lot.expires_at}
            m.post(EntryKind.TRANSFERRED_OUT, lot.wallet, -part, lot=lot.id, reason=Reason.POOLED, ref=pool, **terms)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Contribution:
    """What a pool is given: the fact by which points come to it, and the lot from which they were taken."""

    fact: Fact
    lot: Lot

    @property
    def parcel(self) -> Redemption:
        """What stands beside the fact."""
        points = self.fact.points
        return Redemption(self.fact.key, self.lot.wallet, points, "confirmed", 0, [HoldPart(self.lot, points, points)])


def contributions(account: str, m: Member) -> Iterator[Contribution]:
    """What an account has given to pools, each with a key of its own: the account, the cause, and a number under the cause."""
    numbers: dict[str, int] = {}
    for e in m.entries:
        if e.reason == Reason.POOLED and e.kind == EntryKind.TRANSFERRED_OUT:
            n = numbers[e.cause] = numbers.get(e.cause, -1) + 1
            yield contribution(e, f"pooled/{account}/{e.cause}/{n}")


def contribution(e: OracleEntry, key: str) -> Contribution:
    assert e.lot is not None and e.basis is not None and e.desired is not None
    flag = Attribute("@direction", AttrKind.FLAG, int(Direction.POOLS))
    fact = Fact(FactKind.TRANSFER, e.ref, key, e.at, e.booked, about=key, points=-e.points, attributes=(flag,))
    return Contribution(fact, Lot(e.wallet, *e.lot, e.basis, e.basis, e.desired, -e.points, -e.points, False, e.booked, e.version, key))
