"""Points sent from one member to another: they leave the one, come to the other, or come back (T150, S55)."""

from __future__ import annotations

from dataclasses import replace

from loyalty_streams.core.codes import Bucket, EntryKind, Outcome, Reason
from loyalty_streams.core.facts import Fact
from tests.oracle.lots import expire, expiry_of, pay_debt, put_back, suspended, take_available, tidy
from tests.oracle.model import HoldPart, Lot, Member, Redemption
from tests.oracle.programme import Version
from tests.oracle.redemption import grace_of, lower_debt


def refuse(m: Member, v: Version, reason: Reason, fact: Fact) -> None:
    m.post(EntryKind.REFUSED, v.redeem_wallet, reason=reason, ref=fact.about)


def guard(m: Member, v: Version, fact: Fact) -> Reason:
    """Why points cannot be sent, in order of precedence. Pending points are not there to send."""
    purse = m.purse(v.redeem_wallet)
    if m.status not in v.statuses("redeem"):
        return Reason.STATUS_BLOCKED
    if purse.debt > 0:
        return Reason.IN_DEBT
    if fact.points <= 0:
        return Reason.NOT_ALLOWED
    return Reason.INSUFFICIENT if fact.points > purse.available() else Reason.NONE


def send(m: Member, v: Version, fact: Fact) -> None:
    """Lots leave in consumption order; what was taken is kept under the key of the transfer.

    What the sender was told stands: points that a transfer was granted and the lots do not cover are debt (S55).
    """
    told = {Outcome.GRANTED: Reason.NONE, Outcome.REFUSED: Reason.NOT_ALLOWED}
    reason = fact.refuse or (told[fact.outcome] if fact.outcome else guard(m, v, fact))
    if reason:
        refuse(m, v, reason, fact)
        return
    wallet = v.redeem_wallet
    taken = take_available(m, v, wallet, fact.points)
    parts = [HoldPart(replace(lot), points, points) for lot, points in taken]
    for lot, points in taken:
        m.post(EntryKind.TRANSFERRED_OUT, wallet, -points, lot=lot.id, reason=Reason.MANUAL, ref=fact.about)
    short = fact.points - sum(points for _, points in taken)
    if short > 0:
        m.purse(wallet).debt += short
        m.post(EntryKind.TRANSFERRED_OUT, wallet, short, Bucket.DEBT, reason=Reason.MANUAL, ref=fact.about)
        parts.append(HoldPart(None, short, short))
    m.transfers[fact.about] = Redemption(fact.about, wallet, fact.points, "confirmed", 0, parts)


def receive(m: Member, v: Version, fact: Fact, sent: Redemption, pooled: bool = False) -> None:
    """Each parcel becomes a lot of this fact; debt is paid, what is past its date lapses. `pooled`: what pools are given, whatever their status."""
    if fact.refuse or (not pooled and m.status not in v.statuses("redeem")):
        refuse(m, v, fact.refuse or Reason.STATUS_BLOCKED, fact)
        return
    for n, part in enumerate(sent.parts):
        lot = parcel(m, v, fact, n, part)
        m.purse(lot.wallet).lots.append(lot)
        reason = Reason.POOLED if pooled else Reason.MANUAL
        m.post(EntryKind.TRANSFERRED_IN, lot.wallet, part.points, lot=lot.id, reason=reason, ref=fact.about)
        if lot.expires_at <= m.now and not suspended(m, m.stands, lot.wallet):
            with m.happening_at(max(m.when, lot.expires_at)):
                expire(m, v, lot, ref=fact.about)
        else:
            pay_debt(m, lot, part.points)
    m.lot_numbers[fact.key] = len(sent.parts)
    tidy(m, v.redeem_wallet)


def parcel(m: Member, v: Version, fact: Fact, n: int, part: HoldPart) -> Lot:
    """A lot with the dates of earning and expiry of the one it was taken from; what was debt is earned now, under the wallet's own terms."""
    wallet = v.redeem_wallet
    earned = part.lot.earned_at if part.lot else m.when
    expires = part.lot.expires_at if part.lot else expiry_of(m, v, wallet, m.when, m.when, m.arrived)
    return Lot(
        wallet, fact.key, n, earned, m.when, expires, part.points, part.points, False, m.arrived, v.number, fact.about, counts=False
    )  # fmt: skip


def come_back(m: Member, v: Version, fact: Fact) -> None:
    """The receiver would not have them: parts return as those of a cancelled redemption do (S30)."""
    sent = m.transfers.get(fact.about)
    if sent is None or sent.state != "confirmed":
        refuse(m, v, Reason.ALREADY_REVERSED if sent else Reason.UNKNOWN_REDEMPTION, fact)
        return
    sent.state = "cancelled"
    for part in sorted(sent.parts, key=lambda p: p.lot is not None):
        points, part.left = part.left, 0
        if part.lot is None:
            lower_debt(m, v, sent, points, EntryKind.TRANSFERRED_IN, Reason.NOT_ALLOWED)
        else:
            put_back(m, v, EntryKind.TRANSFERRED_IN, part.lot, points, Reason.NOT_ALLOWED, grace_of(v), ref=fact.about)
