"""What staff and profiles change: points added, deducted, brought back, extended; tiers set or imported; who the
member is."""

from __future__ import annotations

from loyalty_streams.core.codes import DAY, Action, Bucket, EntryKind, Reason, Status
from loyalty_streams.core.facts import Fact
from tests.oracle.earning import earn
from tests.oracle.lots import expiry_of, lapse_overdue, new_points, place_of, settle_lot, take_available, whole_days
from tests.oracle.model import DeadPart, Lot, Member
from tests.oracle.programme import Version
from tests.oracle.tiers import change, place


def value_of(fact: Fact, name: str) -> int | str | None:
    return next((a.value for a in fact.attributes if a.name == f"@{name}"), None)


def number_of(fact: Fact, name: str, otherwise: int) -> int:
    found = value_of(fact, name)
    return found if isinstance(found, int) else otherwise


# ---- profile ----


def profile(m: Member, v: Version, fact: Fact) -> None:
    """Who the member is; the first profile with an enrolment enrols (S3)."""
    for name in ("region", "customer_type"):
        found = value_of(fact, name)
        if found is not None:
            setattr(m, name, found)
    tags = [str(a.value) for a in fact.attributes if a.name == "@tag"]
    if tags:
        m.tags = {t for t in tags if t}
    born = value_of(fact, "birthday")
    if isinstance(born, int):
        m.birthday = (born // 100 % 100, born % 100) if born else None
    for a in fact.attributes:
        if m.stands.check() == "attribute" and a.name == m.stands.downgrade()["check"]["attribute"] and m.attributes.get(a.name) != (a.kind, a.value):
            m.check_known_at = m.now
        if not a.name.startswith("@"):
            m.attributes[a.name] = (a.kind, a.value)
    status = value_of(fact, "status")
    if isinstance(status, int) and Status(status).name.lower() != m.status:
        m.status = Status(status).name.lower()
        m.post(EntryKind.STATUS_CHANGED)
    import_tier(m, m.stands, fact)
    if value_of(fact, "enrolled_at") is not None and not m.enrolment_seen:
        if m.stands.check() == "join_anniversary" and m.enrolled_at != fact.at:
            m.check_known_at = m.now
        m.enrolment_seen, m.enrolled_at = True, fact.at
        earn(m, v, v.rules_on("enrolment"), fact)


def import_tier(m: Member, v: Version, fact: Fact) -> None:
    """A tier brought from another system: nobody reaches it now, so it pays nothing (T116, S45)."""
    tier = value_of(fact, "tier")
    if not isinstance(tier, str) or not v.tiers:
        return
    if place(m, v, tier) < 0:
        m.post(EntryKind.REFUSED, reason=Reason.NOT_ALLOWED)
        return
    with m.where_it_stands():
        change(m, v, tier, Reason.IMPORTED, gifts=False)
    m.tier_since = m.kept_at = number_of(fact, "tier_since", m.now)
    m.check_known_at = m.now
    if v.check() != "window" and (place(m, v, tier) > 0 or "reset" in v.downgrade()):
        m.tier_until = number_of(fact, "tier_until", 0)


# ---- adjustments ----


def adjust(m: Member, v: Version, fact: Fact) -> None:
    action = Action(number_of(fact, "action", 0))
    wallet = str(value_of(fact, "wallet") or v.main_wallet)
    if action == Action.ADD:
        add(m, v, fact, wallet)
    elif action == Action.DEDUCT:
        deduct(m, v, fact, wallet)
    elif action == Action.REINSTATE:
        reinstate(m, v, fact, wallet)
    elif action == Action.EXTEND:
        extend(m, v, fact, wallet)
    else:
        tier = str(value_of(fact, "tier") or "")
        if place(m, m.stands, tier) < 0:
            m.post(EntryKind.REFUSED, reason=Reason.NOT_ALLOWED)
            return
        with m.where_it_stands():
            change(m, m.stands, tier, Reason.MANUAL, locked=number_of(fact, "until", 0))


def add(m: Member, v: Version, fact: Fact, wallet: str) -> None:
    """Points by hand, at once or from an instant on (T031)."""
    if fact.points <= 0:
        m.post(EntryKind.REFUSED, wallet, reason=Reason.NOT_ALLOWED)
        return
    activates = max(number_of(fact, "available_at", m.when), m.when)
    expires = number_of(fact, "expires_at", expiry_of(m, v, wallet, m.when, activates, m.arrived))
    new_points(
        m,
        v,
        EntryKind.ADJUSTED,
        wallet,
        fact.points,
        fact.key,
        activates=activates,
        expires=expires,
        reason=Reason.MANUAL,
        ref=fact.key,
        desired=fact.points,
    )
    lapse_overdue(m, v)


def opening(m: Member, v: Version, fact: Fact) -> None:
    """Points that another system has left: no metric, limit or maximum counts them (T145, T147, S52)."""
    wallet = str(value_of(fact, "wallet") or v.main_wallet)
    activates = max(number_of(fact, "available_at", m.when), m.when)
    expires = number_of(fact, "expires_at", expiry_of(m, v, wallet, m.when, activates, m.arrived))
    if fact.points <= 0 or expires <= m.when:
        m.post(EntryKind.REFUSED, wallet, reason=Reason.NOT_ALLOWED)
        return
    new_points(
        m,
        v,
        EntryKind.OPENED,
        wallet,
        fact.points,
        fact.key,
        activates=activates,
        expires=expires,
        reason=Reason.IMPORTED,
        ref=fact.key,
        desired=fact.points,
    )
    lapse_overdue(m, v)


def deduct(m: Member, v: Version, fact: Fact, wallet: str) -> None:
    """Points taken by hand pass zero only where that is allowed (T091)."""
    if fact.points <= 0:
        m.post(EntryKind.REFUSED, wallet, reason=Reason.NOT_ALLOWED)
        return
    purse = m.purse(wallet)
    allowed = bool(number_of(fact, "allow_negative", 0))
    if fact.points > purse.available() and not allowed:
        m.post(EntryKind.REFUSED, wallet, reason=Reason.INSUFFICIENT)
        return
    if not v.spendable(wallet):
        purse.flat -= fact.points
        m.post(EntryKind.ADJUSTED, wallet, -fact.points, reason=Reason.MANUAL, ref=fact.key)
        return
    taken = take_available(m, v, wallet, fact.points)
    for lot, points in taken:
        m.post(EntryKind.ADJUSTED, wallet, -points, lot=lot.id, reason=Reason.MANUAL, ref=fact.key)
    short = fact.points - sum(points for _, points in taken)
    if short > 0:
        purse.debt += short
        m.post(EntryKind.ADJUSTED, wallet, short, Bucket.DEBT, reason=Reason.MANUAL, ref=fact.key)


def reinstate(m: Member, v: Version, fact: Fact, wallet: str) -> None:
    """What expired lately comes back, to live until the instant that the fact names (T050); one that comes too late looks back from its arrival."""
    given = v.wallets.get(wallet, {}).get("reinstate")
    if not given:
        m.post(EntryKind.REFUSED, wallet, reason=Reason.NOT_ALLOWED)
        return
    purse = m.purse(wallet)
    since = m.now - whole_days(given["within"]) * DAY
    back = [d for d in purse.dead if d.expired_at >= since]
    if not back:
        m.post(EntryKind.REFUSED, wallet, reason=Reason.NOT_ALLOWED)
    for dead in back:
        revive(m, v, fact, dead)
    lapse_overdue(m, v)


def revive(m: Member, v: Version, fact: Fact, dead: DeadPart) -> None:
    old = dead.lot
    purse = m.purse(old.wallet)
    purse.dead.remove(dead)
    expires = number_of(fact, "expires_at", expiry_of(m, v, old.wallet, m.when, m.when, m.arrived))
    lot = next((x for x in purse.lots if x.id == old.id and x.expires_at == expires and not x.pending), None)
    if lot is None:
        lot = Lot(
            old.wallet,
            old.source,
            old.n,
            old.earned_at,
            old.activates_at,
            expires,
            old.granted,
            0,
            False,
            old.arrived,
            old.version,
            old.about,
        )
        purse.lots.append(lot)
    lot.remaining += dead.points
    m.post(
        EntryKind.REINSTATED,
        old.wallet,
        dead.points,
        lot=lot.id,
        reason=Reason.MANUAL,
        ref=fact.key,
        basis=expires,
    )
    settle_lot(m, lot, dead.points)


def extend(m: Member, v: Version, fact: Fact, wallet: str) -> None:
    """All points of a wallet live at least until the instant that the fact names."""
    until = number_of(fact, "expires_at", number_of(fact, "until", 0))
    if until <= m.when:
        m.post(EntryKind.REFUSED, wallet, reason=Reason.NOT_ALLOWED)
        return
    for lot in sorted(m.purse(wallet).lots, key=place_of):
        if lot.expires_at < until:
            lot.expires_at = until
            bucket = Bucket.PENDING if lot.pending else Bucket.AVAILABLE
            m.post(
                EntryKind.EXTENDED,
                wallet,
                0,
                bucket,
                lot=lot.id,
                reason=Reason.MANUAL,
                ref=fact.key,
                basis=lot.remaining,
                desired=until,
            )
