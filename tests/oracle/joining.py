"""One account takes another over, begins anew, and ends (T137, T138, T141, T143, S53, S54, S57)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

from loyalty_streams.core.codes import NEVER, Bucket, EntryKind, Reason
from loyalty_streams.core.facts import Fact
from tests.oracle.lots import in_order, pay_debt, tidy
from tests.oracle.model import Member, Paid, Part, Purse
from tests.oracle.programme import Timeline, Version
from tests.oracle.redemption import let_go
from tests.oracle.returns import claw
from tests.oracle.tiers import check_due, judge_stage, lapse_what_is_due, measure, place, retier, rungs_of

GUARANTEE = ("kept_at", "check_known_at", "graced_until", "tier_until")
RESTRAINT = ("active", "imported", "suspended", "blocked", "closed")
"""Statuses, the least restrictive first."""
WAITING_MOST = 8


# ---- an account is given up, or ends ----


def balances(m: Member, wallet: str) -> Iterator[tuple[Bucket, int]]:
    """What a wallet holds and owes, where it is not nothing."""
    purse = m.purse(wallet)
    held = (Bucket.AVAILABLE, purse.available()), (Bucket.PENDING, purse.pending()), (Bucket.RESERVED, m.reserved(wallet)), (Bucket.DEBT, purse.debt)
    yield from ((bucket, points) for bucket, points in held if points)


def give_up(m: Member, timeline: Timeline, fact: Fact) -> None:
    """Everything leaves for the survivor; the account is closed."""
    for wallet in timeline.wallets:
        for bucket, points in balances(m, wallet):
            m.post(EntryKind.TRANSFERRED_OUT, wallet, -points, bucket, reason=Reason.MERGED, ref=fact.key)
    close(m)


def end(m: Member, timeline: Timeline, fact: Fact) -> None:
    """Reservations are released, points forfeited, debt is let go."""
    v = m.stands
    for held in m.redemptions.values():
        if held.state == "open":
            let_go(m, v, held, "released", Reason.NONE)
    for wallet in timeline.wallets:
        for bucket, points in balances(m, wallet):
            if bucket == Bucket.DEBT:
                m.post(EntryKind.WRITTEN_OFF, wallet, -points, bucket, reason=Reason.ERASED, ref=fact.key, basis=points)
            else:
                m.post(EntryKind.FORFEITED, wallet, -points, bucket, reason=Reason.ERASED, ref=fact.key)
    close(m)


def close(m: Member) -> None:
    """Nothing is left and nothing is due any more."""
    m.purses = {wallet: Purse() for wallet in m.purses}
    m.follows, m.redemptions, m.transfers, m.pools = [], {}, {}, {}
    m.status, m.ended = "closed", True


def begin_anew(m: Member) -> None:
    """A new account in the same ledger: what was posted stays, and nothing else (S57)."""
    fresh = Member(entries=m.entries)
    for f in fields(Member):
        setattr(m, f.name, getattr(fresh, f.name))


# ---- an account takes another over ----


def absorb(m: Member, timeline: Timeline, fact: Fact, other: Member) -> None:
    """Two histories become one: the balances come in, what was kept is united, and what both had is settled."""
    for wallet in timeline.wallets:
        for bucket, points in balances(other, wallet):
            m.post(EntryKind.TRANSFERRED_IN, wallet, points, bucket, reason=Reason.MERGED, ref=fact.key)
    v, dues = m.stands, (check_due(m, m.stands), check_due(other, m.stands))
    unite_points(m, other)
    unite_orders(m, other)
    unite_person(m, other)
    repeated = list(paid_twice(m, timeline, other))
    unite_rules(m, other, repeated)
    for id, paid in repeated:
        signal(m, v, id, paid, fact.key)
    for wallet in timeline.wallets:
        for lot in in_order(m, v, wallet):
            pay_debt(m, lot, lot.remaining, fact.key)
        tidy(m, wallet)
    if v.tiers:
        join_tiers(m, v, other, *dues)
        retier(m, v)
    judge_stage(m, v)


def unite_points(m: Member, other: Member) -> None:
    for wallet, theirs in other.purses.items():
        mine = m.purse(wallet)
        mine.lots += theirs.lots
        mine.dead += theirs.dead
        mine.flat += theirs.flat
        mine.flat_pending += theirs.flat_pending
        mine.debt += theirs.debt
        known = [t for t in (mine.idle_since, theirs.idle_since) if t is not None]
        mine.idle_since = max(known, default=None)
        mine.idle_known = max(mine.idle_known, theirs.idle_known)
    m.follows += other.follows
    for source, n in other.lot_numbers.items():
        m.lot_numbers[source] = max(m.lot_numbers.get(source, 0), n)
    m.redemptions.update(other.redemptions)
    m.transfers.update(other.transfers)
    m.reminded |= other.reminded


def unite_orders(m: Member, other: Member) -> None:
    """Orders and metrics; of what counts since the last change of tier both sums go on."""
    m.orders.update(other.orders)
    m.order_count += other.order_count
    m.lifetime_spend += other.lifetime_spend
    firsts = [t for t in (m.first_at, other.first_at) if t != -NEVER]
    m.first_at, m.last_at = min(firsts, default=-NEVER), max(m.last_at, other.last_at)
    theirs = [other.spend_marks, other.order_marks, *other.wallet_marks.values()]
    for mark in (x for marks in theirs for x in marks):
        mark.epoch = m.epoch if mark.epoch == other.epoch else -1
    m.spend_marks += other.spend_marks
    m.order_marks += other.order_marks
    for wallet, marks in other.wallet_marks.items():
        m.wallet_marks.setdefault(wallet, []).extend(marks)
    m.windows_seen = max(m.windows_seen, other.windows_seen)


def unite_person(m: Member, other: Member) -> None:
    """The survivor's word, else the other's."""
    m.enrolled_at = min(m.enrolled_at, other.enrolled_at)
    m.enrolment_seen = m.enrolment_seen or other.enrolment_seen
    m.tags |= other.tags
    m.region, m.customer_type = m.region or other.region, m.customer_type or other.customer_type
    m.birthday = m.birthday or other.birthday
    m.birthday_years |= other.birthday_years
    m.birthday_seen = max(m.birthday_seen, other.birthday_seen)
    m.attributes = {**other.attributes, **m.attributes}
    m.status = max(m.status, other.status, key=RESTRAINT.index) if {m.status, other.status} != {"active", "imported"} else "active"


def unite_rules(m: Member, other: Member, repeated: list[tuple[str, Paid]]) -> None:
    """Counters of one limit, store and period add up (T143); of a bonus that both were paid the survivor's payment is remembered (T141)."""
    for key, used in other.counters.items():
        m.counters[key] = m.counters.get(key, 0) + used
    ours = [(id, paid) for id, paid in repeated]
    m.once = {**{key: paid for key, paid in other.once.items() if (key[0], paid) not in ours}, **m.once}
    for rule, theirs in other.waiting.items():
        both = m.waiting.get(rule, []) + theirs
        m.waiting[rule] = sorted(both, key=lambda key: m.orders[key].fact.at)[:WAITING_MOST]


# ---- bonuses paid to both ----


def paid_twice(m: Member, timeline: Timeline, other: Member) -> Iterator[tuple[str, Paid]]:
    """What the other side was paid by rules that pay once, and had paid the survivor as well; in order of rule (T141)."""
    for id in timeline.rules:
        mine = {year for rule, year in m.once if rule == id}
        theirs = {year: paid for (rule, year), paid in other.once.items() if rule == id}
        years = mine & set(theirs) if mode_of(m, timeline, id) == "year" else set(theirs) if mine else set()
        for year in sorted(years):
            yield id, theirs[year]


def mode_of(m: Member, timeline: Timeline, id: str) -> str:
    """`member` or `year`: as the version in force says, else the newest that knew the rule."""
    known = [rule for v in timeline.versions[: m.here_position + 1] for rule in [v.rule(id)] if rule]
    return known[-1].once if known else ""


def signal(m: Member, v: Version, id: str, paid: Paid, merge: str) -> None:
    """A bonus met twice is reported; where the programme says so, the second one is taken back."""
    m.post(EntryKind.SIGNALLED, rule=id, reason=Reason.DUPLICATE_BONUS, ref=paid.source, desired=paid.points)
    if v.section("identity").get("duplicate_bonus") == "dedupe":
        for part in paid.parts:
            take_again(m, v, part, merge)


def take_again(m: Member, v: Version, part: Part, merge: str) -> None:
    points, part.taken = part.left, part.points
    if points > 0:
        claw(m, v, part.wallet, points, part, merge, policy="debt", reason=Reason.MERGE_DUPLICATE)


# ---- tiers ----


def join_tiers(m: Member, v: Version, other: Member, mine_due: int, their_due: int) -> None:
    """The higher tier, with the dates of the side whose it was; of equal ones the earlier start and the longer guarantee (T138)."""
    here, there = max(place(m, v, m.tier), 0), max(place(m, v, other.tier), 0)
    due = mine_due
    if there > here:
        take_tier(m, v, other, there)
        m.tier_since, m.changed_at, m.locked_until, due = other.tier_since, other.changed_at, other.locked_until, their_due
        take_guarantee(m, other)
    elif there == here:
        m.tier_since, m.changed_at = min(m.tier_since, other.tier_since), min(m.changed_at, other.changed_at)
        m.locked_until = max(m.locked_until, other.locked_until)
        if mine_due == NEVER or mine_due < their_due < NEVER:
            due = their_due
            take_guarantee(m, other)
    m.noticed |= other.noticed
    waits = [t for t in (m.reassess_at, other.reassess_at) if t]
    m.reassess_at = min(waits, default=0)
    if due == NEVER:  # the date of its checks becomes known by the merge, where it does (S43)
        m.check_known_at = m.now
    elif check_due(m, v) != due:
        m.tier_until = due
    with m.where_it_stands():
        lapse_what_is_due(m, v)


def take_tier(m: Member, v: Version, other: Member, there: int) -> None:
    """The other side's tier, which pays no gift."""
    metric, given = next(iter(v.metrics().items()))
    name, needs = rungs_of(m, v)[there]
    with m.where_it_stands():
        m.post(
            EntryKind.TIER_CHANGED,
            reason=Reason.MERGED,
            left=m.tier,
            entered=name,
            basis=measure(m, v, metric, given, m.now),
            desired=needs.get(metric),
        )
    m.tier = name


def take_guarantee(m: Member, other: Member) -> None:
    for name in GUARANTEE:
        setattr(m, name, getattr(other, name))
