"""Lots: when points become available, when they lapse, in which order they go, how debt is paid (T023 to T056, S15,
S16, S21, S22)."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from loyalty_streams.core.codes import DAY, NEVER, Bucket, EntryKind, Reason, code_of
from tests.oracle.calendar import Span, end_of, span, start_of
from tests.oracle.conditions import holds_for_member
from tests.oracle.model import DeadPart, Follow, Lot, LotId, Member
from tests.oracle.pools import contribute
from tests.oracle.programme import Version, listed


def in_order(m: Member, v: Version, wallet: str) -> list[Lot]:
    """Available lots as they are consumed (S21)."""
    return sorted((x for x in m.purse(wallet).lots if not x.pending and x.remaining), key=lambda x: rank(v, x))


def rank(v: Version, lot: Lot) -> tuple[int, int, int, int]:
    source = source_code(lot.source)
    if v.wallets.get(lot.wallet, {}).get("consume") == "oldest_earned":
        return lot.earned_at, lot.expires_at, source, lot.n
    return lot.expires_at, lot.earned_at, source, lot.n


def source_code(source: str) -> int:
    """The code of a fact's key; a timer's is its instant, negative."""
    return -int(source.removeprefix("timer/")) if source.startswith("timer/") else code_of(source)


def activation_of(v: Version, wallet: str, earned: int, arrived: int) -> int:
    """When points earned now become available; NEVER where an action must come first (T023, T026)."""
    given = v.pending(wallet)
    if "until" in given:
        return NEVER
    if "for" not in given:
        return earned
    processed = v.expires(wallet).get("base") == "processed_at"
    t = v.shift(arrived if processed else earned, span(given["for"]))
    if "round_up_to" in given:
        return end_of(given["round_up_to"], t, v.zone)
    if "round_down_to" in given:
        return start_of(given["round_down_to"], t, v.zone)
    return t


def expiry_of(m: Member, v: Version, wallet: str, earned: int, activated: int, arrived: int, locked: bool | None = None) -> int:
    """When points lapse (T027, T028, T036 to T044, T049); NEVER where no date says so.

    `locked`: whether they were pending, by default whether those of the wallet are; else their activation is their arrival.
    """
    given = v.expires(wallet)
    if not given or given.get("from") == "last_activity" or activated >= NEVER:
        return NEVER
    processed = given.get("base") == "processed_at"
    start = earned if given.get("from") == "earning" else activated
    if processed and (given.get("from") == "earning" or not (v.pending(wallet) if locked is None else locked)):
        start = arrived
    life = span(given["after"])
    plain = v.shift(start, replace(life, end=""))
    extensions = [span(x["by"]) for x in listed(given.get("extend")) if holds_for_member(x.get("when"), m, v)]
    t = max(v.shift(plain, x) for x in [Span(), *extensions])
    end = life.end or given.get("round_up_to", "")
    t = end_of(end, t, v.zone) if end else t
    if "not_before_arrival" in given:
        t = max(t, arrived + whole_days(given["not_before_arrival"]) * DAY)
    return t


def whole_days(text: str) -> int:
    given = span(text)
    return given.days + given.exact // DAY


def new_points(
    m: Member,
    v: Version,
    kind: EntryKind,
    wallet: str,
    points: int,
    source: str,
    *,
    activates: int,
    expires: int,
    rule: str = "",
    reason: Reason = Reason.NONE,
    ref: str = "",
    basis: int | None = None,
    desired: int | None = None,
    factor: Fraction | None = None,
    follows: LotId | None = None,
    beside: str = "",
) -> LotId:
    """Post points of one fact into a wallet: into its lot of that fact with the same terms, or a new one; then debt
    is paid, and of what was earned pools are given their share (S15, S16, S60)."""
    purse = m.purse(wallet)
    pending = activates > m.now or matured(m, v, wallet, activates)
    bucket = Bucket.PENDING if pending else Bucket.AVAILABLE
    if not v.spendable(wallet):
        m.post(kind, wallet, points, bucket, rule=rule, reason=reason, ref=ref, basis=basis, desired=desired, factor=factor)
        number = follows[1] if follows else -1
        if pending:
            purse.flat_pending += points
            follow(m, Follow(wallet, source, number, beside, points, m.when, activates, ref, kind == EntryKind.EARNED))
        else:
            purse.flat += points
            if kind == EntryKind.EARNED:
                mark_points(m, wallet, points, source, number, activates)
        return source, number
    terms = (source, activates, expires, pending)
    same = (x for x in purse.lots if (x.source, x.activates_at, x.expires_at, x.pending) == terms)
    lot = next((x for x in same if activates < NEVER or x.beside == beside), None)
    if lot is None:
        n = m.lot_numbers.get(source, 0)
        m.lot_numbers[source] = n + 1
        lot = Lot(
            wallet,
            source,
            n,
            m.when,
            activates,
            expires,
            0,
            0,
            pending,
            m.arrived,
            v.number,
            ref,
            beside,
            kind == EntryKind.EARNED,
        )
        purse.lots.append(lot)
    lot.granted += points
    lot.remaining += points
    m.post(kind, wallet, points, bucket, rule=rule, lot=lot.id, reason=reason, ref=ref, basis=basis, desired=desired, factor=factor)
    if not pending and kind == EntryKind.EARNED:
        mark_points(m, wallet, points, source, lot.n, activates)
    settle_lot(m, lot, points)
    if kind == EntryKind.EARNED:
        contribute(m, v, lot, points)
    return lot.id


def settle_lot(m: Member, lot: Lot, points: int) -> None:
    """New points pay debt; those of an adjustment whose date has passed already will lapse instead (S16, S51)."""
    dead = m.when < m.now and lot.expires_at <= m.now and not suspended(m, m.stands, lot.wallet)
    if dead or (lot.pending and lot.activates_at <= m.now):
        if lot not in m.overdue:
            m.overdue.append(lot)
    elif not lot.pending:
        pay_debt(m, lot, points)


def matured(m: Member, v: Version, wallet: str, activates: int) -> bool:
    """Whether points of an adjustment have waited and rolled into another wallet before it came (T056, S51)."""
    return m.when < activates <= m.now and "into" in (v.wallets[wallet].get("matures") or {})


def lapse_overdue(m: Member, v: Version) -> None:
    """What an adjustment gave and what had come to an end before it came: whole lots, each at its own instant (S51)."""
    while m.overdue:
        lot = min(m.overdue, key=lambda x: (x.activates_at if x.pending and x.activates_at <= m.now else x.expires_at, place_of(x)))
        m.overdue.remove(lot)
        if lot.pending and lot.activates_at <= m.now:
            with m.happening_at(lot.activates_at):
                activate(m, v, lot)
        elif lot.remaining:
            with m.happening_at(max(m.when, lot.expires_at)):
                expire(m, v, lot)


def follow(m: Member, new: Follow) -> None:
    """Pending points without a lot, together with those of the same terms."""
    terms = ("wallet", "source", "number", "beside", "activates_at", "counts")
    same = next((f for f in m.follows if all(getattr(f, t) == getattr(new, t) for t in terms)), None)
    if same:
        same.points += new.points
    else:
        m.follows.append(new)


def mark_points(m: Member, wallet: str, points: int, source: str, number: int, activates: int = -NEVER) -> None:
    """A metric in points counts what is earned when it becomes available (T024, S41)."""
    m.wallet_marks.setdefault(wallet, []).append(m.mark(max(m.when, activates), points, source, number))


def pay_debt(m: Member, lot: Lot, points: int, ref: str = "") -> None:
    """New available points pay the debt of their wallet first (T088, T090). `ref`: by default what gave the lot."""
    purse = m.purse(lot.wallet)
    paid = min(purse.debt, points, lot.remaining)
    if paid > 0:
        purse.debt -= paid
        lot.remaining -= paid
        m.post(EntryKind.DEBT_PAID, lot.wallet, -paid, lot=lot.id, ref=ref or lot.source)


def activate(m: Member, v: Version, lot: Lot) -> None:
    """Pending points become available, or they roll into another wallet (T023, T024, T056)."""
    points = lot.remaining
    into = (v.wallets.get(lot.wallet, {}).get("matures") or {}).get("into")
    if lot.activates_at >= NEVER:  # by an action: expiry is reckoned now (S24)
        lot.activates_at = m.when
        lot.expires_at = expiry_of(m, v, lot.wallet, lot.earned_at, m.when, m.arrived, locked=True)
    if into:
        lot.remaining = 0
        roll(m, v, lot, points, into, Bucket.PENDING, Reason.MATURED)
    else:
        lot.pending = False
        m.post(EntryKind.ACTIVATED, lot.wallet, points, lot=lot.id, ref=lot.about)
        if lot.counts:
            mark_points(m, lot.wallet, points, lot.source, lot.n)
        settle_lot(m, lot, points)
        if lot.counts:
            contribute(m, v, lot, points)
    tidy(m, lot.wallet)


def activate_flat(m: Member, f: Follow) -> None:
    """Pending points of a wallet without lots become available."""
    m.follows.remove(f)
    m.purse(f.wallet).flat_pending -= f.points
    m.purse(f.wallet).flat += f.points
    m.post(EntryKind.ACTIVATED, f.wallet, f.points, ref=f.about)
    if f.counts:
        mark_points(m, f.wallet, f.points, f.source, f.number)


def activate_all(m: Member, v: Version, lots: list[Lot], follows: list[Follow]) -> None:
    """What becomes available at one instant, in order of expiry, earning, source and number; points without lots never expire."""
    waiting: list[tuple[tuple[int, ...], Lot | Follow]] = [(place_of(x), x) for x in lots]
    waiting += [((NEVER, f.earned_at, source_code(f.source), f.number, 1), f) for f in follows]
    for _, x in sorted(waiting, key=lambda pair: pair[0]):
        if isinstance(x, Lot):
            activate(m, v, x)
        else:
            activate_flat(m, x)


def place_of(lot: Lot) -> tuple[int, ...]:
    """Where a lot stands among those of all wallets."""
    return lot.expires_at, lot.earned_at, source_code(lot.source), lot.n, 0


def roll(m: Member, v: Version, lot: Lot, points: int, into: str, bucket: Bucket, reason: Reason) -> None:
    """Out of one wallet and into another, as a pair (T056)."""
    m.post(EntryKind.TRANSFERRED_OUT, lot.wallet, -points, bucket, lot=lot.id, reason=reason, ref=lot.source)
    expires = expiry_of(m, v, into, m.when, m.when, m.arrived, locked=False)
    new = Lot(into, lot.source, lot.n, m.when, m.when, expires, points, points, False, m.now, v.number, lot.source)
    m.purse(into).lots.append(new)
    m.post(EntryKind.TRANSFERRED_IN, into, points, lot=new.id, reason=reason, ref=lot.source)
    settle_lot(m, new, points)


def expire(m: Member, v: Version, lot: Lot, reason: Reason = Reason.NONE, ref: str = "") -> None:
    """What is left of a lot lapses, or rolls into another wallet."""
    points, bucket = lot.remaining, Bucket.PENDING if lot.pending else Bucket.AVAILABLE
    lot.remaining = 0
    into = v.expires(lot.wallet).get("into")
    if into and reason != Reason.RESET:
        roll(m, v, lot, points, into, bucket, reason)
    else:
        m.post(EntryKind.EXPIRED, lot.wallet, -points, bucket, lot=lot.id, reason=reason, ref=ref or lot.source)
        if "reinstate" in v.wallets.get(lot.wallet, {}):
            m.purse(lot.wallet).dead.append(DeadPart(lot, points, m.when))
    tidy(m, lot.wallet)


def tidy(m: Member, wallet: str) -> None:
    """Lots with nothing left are no lots; one that waits in a reservation comes back with its terms."""
    purse = m.purse(wallet)
    purse.lots = [x for x in purse.lots if x.remaining]


def suspended(m: Member, v: Version, wallet: str) -> bool:
    """Whether points of the wallet do not lapse in the present tier (T055)."""
    return m.tier in listed(v.expires(wallet).get("suspend_in"))


def put_back(
    m: Member,
    v: Version,
    kind: EntryKind,
    lot: Lot,
    points: int,
    reason: Reason = Reason.NONE,
    grace: Span | None = None,
    ref: str = "",
) -> None:
    """Points return to their lot; where its date has passed they lapse at once (T062, T065, S29 to S31)."""
    expires = lot.expires_at
    if grace is not None and expires < NEVER:
        expires = max(expires, v.shift(m.when, grace))
    purse = m.purse(lot.wallet)
    home = next((x for x in purse.lots if x.id == lot.id and x.expires_at == expires and not x.pending), None)
    if home is None:
        home = Lot(
            lot.wallet,
            lot.source,
            lot.n,
            lot.earned_at,
            lot.activates_at,
            expires,
            lot.granted,
            0,
            False,
            lot.arrived,
            lot.version,
            lot.about,
        )
        purse.lots.append(home)
    home.remaining += points
    m.post(kind, lot.wallet, points, lot=home.id, reason=reason, ref=ref)
    if expires <= m.now and not suspended(m, m.stands, lot.wallet):
        dead = Lot(
            home.wallet,
            home.source,
            home.n,
            home.earned_at,
            home.activates_at,
            expires,
            home.granted,
            points,
            False,
            home.arrived,
            home.version,
            home.about,
        )
        home.remaining -= points
        with m.happening_at(max(m.when, expires) if m.when < m.now else m.when):
            expire(m, v, dead, ref=ref)
    else:
        pay_debt(m, home, points)
    tidy(m, lot.wallet)


def take_available(m: Member, v: Version, wallet: str, points: int) -> list[tuple[Lot, int]]:
    """Take from available lots in consumption order, as far as they go; the caller posts what was taken."""
    out = []
    for lot in in_order(m, v, wallet):
        take = min(points, lot.remaining)
        if take > 0:
            lot.remaining -= take
            points -= take
            out.append((lot, take))
    tidy(m, wallet)
    return out
