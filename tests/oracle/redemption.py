"""Redemption: asked for, granted, reserved, confirmed, released, cancelled (T057 to T066, S27 to S31)."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import floor

from loyalty_streams.core.codes import Bucket, EntryKind, FactKind, Outcome, Reason
from loyalty_streams.core.facts import Fact
from tests.oracle.calendar import Span, span
from tests.oracle.lots import expiry_of, lapse_overdue, new_points, put_back, take_available
from tests.oracle.model import HoldPart, Member, Redemption
from tests.oracle.programme import Version


def refuse(m: Member, wallet: str, reason: Reason, fact: Fact) -> None:
    m.post(EntryKind.REFUSED, wallet, reason=reason, ref=fact.about)


def guard(m: Member, v: Version, fact: Fact) -> Reason:
    """Why a redemption that is asked for is refused, in order of precedence (T059, S27)."""
    rules, wallet, points = v.section("redeem"), v.redeem_wallet, fact.points
    purse = m.purse(wallet)
    most = v.section("redeem", "maximum")
    if m.status not in v.statuses("redeem"):
        return Reason.STATUS_BLOCKED
    if purse.debt > 0:
        return Reason.IN_DEBT
    if points <= 0 or points < int(rules.get("minimum", 1)):
        return Reason.BELOW_MINIMUM
    if points % int(rules.get("unit", 1)):
        return Reason.NOT_A_MULTIPLE
    if "points" in most and points > int(most["points"]):
        return Reason.ABOVE_MAXIMUM
    if "share_of_order" in most and fact.amount and v.unit_value():
        share = Fraction(most["share_of_order"].removesuffix("%").strip()) / 100
        if points > floor(share * fact.amount / v.unit_value()):
            return Reason.ABOVE_MAXIMUM
    if m.totals().get(wallet, {}).get("issued", 0) < int(rules.get("lifetime_at_least", 0)):
        return Reason.INSUFFICIENT_LIFETIME
    return Reason.INSUFFICIENT if points > purse.available() else Reason.NONE


def redeem(m: Member, v: Version, fact: Fact) -> bool:
    """`redeem`, `redeemed` and `reserve`; true where it was granted."""
    wallet = v.redeem_wallet
    granted = fact.kind == FactKind.REDEEMED or fact.outcome == Outcome.GRANTED
    reason = Reason.NOT_ALLOWED if fact.outcome == Outcome.REFUSED else Reason.NONE if granted else guard(m, v, fact)
    if fact.refuse or reason:
        refuse(m, wallet, fact.refuse or reason, fact)
        return False
    reserve = fact.kind == FactKind.RESERVE
    kind = EntryKind.RESERVED if reserve else EntryKind.REDEEMED
    taken = take_available(m, v, wallet, fact.points)
    parts = [HoldPart(replace(lot), points, points) for lot, points in taken]  # copies: they keep their dates whatever becomes of the lot
    for lot, points in taken:
        m.post(kind, wallet, -points, lot=lot.id, ref=fact.about)
    short = fact.points - sum(points for _, points in taken)
    if short > 0:
        m.purse(wallet).debt += short
        m.post(EntryKind.REDEEMED, wallet, short, Bucket.DEBT, ref=fact.about)
        parts.append(HoldPart(None, short, short))
    until = m.when + span(v.section("redeem").get("reserve_for", "15 minutes")).exact
    m.redemptions[fact.about] = Redemption(fact.about, wallet, fact.points, "open" if reserve else "confirmed", until, parts)
    return True


def confirm(m: Member, v: Version, fact: Fact) -> bool:
    """A confirmation that was refused stays refused, whatever has come since."""
    if fact.refuse:
        refuse(m, v.redeem_wallet, fact.refuse, fact)
        return False
    held = m.redemptions.get(fact.about)
    wrong = {"timed_out": Reason.RESERVATION_EXPIRED, "confirmed": Reason.ALREADY_CONFIRMED}
    if held is None or held.state != "open":
        refuse(
            m,
            v.redeem_wallet,
            wrong.get(held.state, Reason.ALREADY_REVERSED) if held else Reason.UNKNOWN_REDEMPTION,
            fact,
        )
        return False
    held.state = "confirmed"
    for part in held.parts:
        if part.lot:
            m.post(EntryKind.CONFIRMED, held.wallet, -part.left, Bucket.RESERVED, lot=part.lot.id, ref=fact.about)
    return True


def release(m: Member, v: Version, fact: Fact) -> bool:
    held = m.redemptions.get(fact.about)
    wrong = {"timed_out": Reason.RESERVATION_EXPIRED, "confirmed": Reason.ALREADY_CONFIRMED}
    if held is None or held.state != "open":
        refuse(
            m,
            v.redeem_wallet,
            wrong.get(held.state, Reason.ALREADY_REVERSED) if held else Reason.UNKNOWN_REDEMPTION,
            fact,
        )
        return False
    let_go(m, v, held, "released", Reason.NONE)
    return True


def let_go(m: Member, v: Version, held: Redemption, state: str, reason: Reason) -> None:
    """An open reservation ends: its points go back to their lots, or lapse with them (T061, T062)."""
    held.state = state
    for part in held.parts:
        points, part.left = part.left, 0
        if part.lot:
            put_back(m, v, EntryKind.RELEASED, part.lot, points, reason, ref=held.key)
        else:
            lower_debt(m, v, held, points)


def cancel(m: Member, v: Version, fact: Fact) -> bool:
    held = m.redemptions.get(fact.about)
    if held is None:
        refuse(m, v.redeem_wallet, Reason.UNKNOWN_REDEMPTION, fact)
        return False
    if held.state not in ("open", "confirmed"):
        refuse(m, v.redeem_wallet, Reason.RESERVATION_EXPIRED if held.state == "timed_out" else Reason.ALREADY_REVERSED, fact)
        return False
    if held.state == "open":
        let_go(m, v, held, "released", Reason.NONE)
        return True
    held.state = "cancelled"
    give_back(
        m,
        v,
        held,
        sum(p.left for p in held.parts),
        [p for p in held.parts if p.lot is None] + [p for p in held.parts if p.lot],
    )
    return True


def give_back(m: Member, v: Version, held: Redemption, points: int, order: list[HoldPart]) -> None:
    """Give points of a redemption back to where they came from, part after part (T065, T076, S30)."""
    for part in order:
        back = min(points, part.left)
        if back <= 0:
            continue
        part.left -= back
        points -= back
        if part.lot is None:
            lower_debt(m, v, held, back)
        else:
            put_back(m, v, EntryKind.RESTORED, part.lot, back, grace=grace_of(v), ref=held.key)


def grace_of(v: Version) -> Span | None:
    given = v.section("redeem").get("restore")
    return span(given["grace"]) if isinstance(given, dict) else None


def lower_debt(m: Member, v: Version, held: Redemption, points: int, kind: EntryKind = EntryKind.RESTORED, reason: Reason = Reason.NONE) -> None:
    """The part that was debt: the debt falls first, the rest becomes a lot of its own."""
    purse = m.purse(held.wallet)
    less = min(purse.debt, points)
    if less:
        purse.debt -= less
        m.post(kind, held.wallet, -less, Bucket.DEBT, reason=reason, ref=held.key)
    if points > less:
        expires = expiry_of(m, v, held.wallet, m.when, m.when, m.arrived)
        new_points(m, v, kind, held.wallet, points - less, m.cause, activates=m.when, expires=expires, reason=reason, ref=held.key)
        lapse_overdue(m, v)
