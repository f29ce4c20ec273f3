"""The oracle: facts of one member in any order, and the versions of a programme; out come its entries and where the
member stands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from loyalty_streams.core.codes import EntryKind, FactKind, Reason
from loyalty_streams.core.facts import Fact
from tests.oracle.adjustments import adjust, profile
from tests.oracle.basket import Basket, basket_of, cut_at, lines_of
from tests.oracle.conditions import holds_for_line
from tests.oracle.earning import earn
from tests.oracle.lots import activate_all, in_order, rank
from tests.oracle.model import LotId, Mark, Member, OracleEntry, Order, OrderLine
from tests.oracle.programme import Timeline, Version, listed
from tests.oracle.redemption import cancel, confirm, redeem, release
from tests.oracle.returns import take_back
from tests.oracle.tiers import judge, judge_stage, measure, place, retier, rungs_of, weigh
from tests.oracle.timers import advance, open_tier, settle

RANKS = (
    (FactKind.PROFILE,),
    (FactKind.IDENTITY,),
    (FactKind.OPENING,),
    (FactKind.EXCHANGE_RETURN,),
    (FactKind.ORDER,),
    (FactKind.RETURN,),
    (FactKind.CANCELLATION,),
    (FactKind.INTERACTION,),
    (FactKind.RESERVE, FactKind.REDEEM, FactKind.REDEEMED),
    (FactKind.CONFIRM,),
    (FactKind.RELEASE,),
    (FactKind.CANCEL,),
    (FactKind.TRANSFER,),
    (FactKind.ADJUSTMENT,),
)
REDEMPTIONS = {
    FactKind.RESERVE: redeem,
    FactKind.REDEEM: redeem,
    FactKind.REDEEMED: redeem,
    FactKind.CONFIRM: confirm,
    FactKind.RELEASE: release,
    FactKind.CANCEL: cancel,
}
ACTIVITIES = {
    "order": (FactKind.ORDER,),
    "redemption": (FactKind.RESERVE, FactKind.REDEEM, FactKind.REDEEMED, FactKind.CONFIRM),
    "interaction": (FactKind.INTERACTION,),
    "return": (FactKind.EXCHANGE_RETURN, FactKind.RETURN),
}


@dataclass(frozen=True)
class OpenLot:
    wallet: str
    lot: LotId
    points: int
    expires_at: int
    pending: bool


@dataclass(frozen=True)
class Standing:
    """Where a member stands: the accounts of T035 by wallet, open lots as they would be consumed, tier, stage."""

    totals: dict[str, dict[str, int]]
    lots: list[OpenLot]
    tier: str
    tier_since: int
    stage: str
    orders: int
    lifetime_spend: int
    holds: list[str]


@dataclass(frozen=True)
class Result:
    entries: list[OracleEntry]
    standing: Standing
    member: Member


def fact_order(fact: Fact) -> tuple[int, int, bytes]:
    """S1: instant, rank of the kind, key as bytes."""
    return fact.at, next(i for i, kinds in enumerate(RANKS) if fact.kind in kinds), fact.key.encode()


def fold(programme: Sequence[str] | Timeline, facts: Iterable[Fact], until: int) -> Result:
    """All entries of one member, up to an instant; raises ArithmeticError where the books do not balance."""
    timeline, m = programme if isinstance(programme, Timeline) else Timeline(list(programme)), Member()
    ordered = sorted(facts, key=fact_order)
    for fact in ordered:
        if m.opened_at < 0:
            open_account(m, timeline, fact.at)
        advance(m, timeline, fact.at)
        m.now, m.cause, m.version = fact.at, fact.key, timeline.position(fact.at)
        m.arrived = fact.arrived if fact.arrived >= 0 else fact.at
        respond(m, timeline, fact)
    if ordered:
        advance(m, timeline, until)
    m.check()
    return Result(m.entries, standing(m, timeline), m)


def open_account(m: Member, timeline: Timeline, at: int) -> None:
    """The first fact opens the account (S3)."""
    m.opened_at = m.enrolled_at = m.through = m.now = at
    v = timeline.at(at)
    if v.tiers:
        open_tier(m, v)


def respond(m: Member, timeline: Timeline, fact: Fact) -> None:
    """What one fact does."""
    v = timeline.at(fact.at)
    if m.lazy:
        m.lazy = False
        judge(m, v, down=True, reason=Reason.RULE_CHANGE)
    done = True
    if fact.kind == FactKind.PROFILE:
        profile(m, v, fact)
        judge(m, v, down=False)
    elif fact.kind == FactKind.ORDER:
        order(m, v, fact)
    elif fact.kind in (FactKind.RETURN, FactKind.EXCHANGE_RETURN, FactKind.CANCELLATION):
        done = take_back(m, v, fact)
    elif fact.kind == FactKind.INTERACTION:
        interaction(m, v, fact)
    elif fact.kind in REDEMPTIONS:
        done = REDEMPTIONS[fact.kind](m, v, fact)
        weigh(m, v)
    elif fact.kind == FactKind.ADJUSTMENT:
        adjust(m, v, fact)
        retier(m, v)
    for wallet in v.wallets if done else []:
        if any(fact.kind in ACTIVITIES[a] for a in listed(v.expires(wallet).get("activities", ["order", "redemption"]))):
            m.purse(wallet).idle_since = fact.at
    settle(m, v)


def order(m: Member, v: Version, fact: Fact) -> None:
    """An order earns by the tier held before it, then it is counted, then the member is judged (T013, S2)."""
    exclude = listed(v.tiers.get("exclude"))
    lines = {x.no: OrderLine(x, not any(holds_for_line(t, x, v) for t in exclude)) for x in lines_of(fact)}
    spend = fact.amount - sum(x.line.amount for x in lines.values() if not x.counts_in_spend)
    record = Order(fact, lines, spend)
    m.orders[fact.key] = record
    basket = basket_of(v, fact, fact.points)
    after = split_at(m, v, basket, spend)
    record.parts += earn(m, v, v.rules_on("order"), fact, basket, after)
    m.order_count += 1
    m.first_at = fact.at if m.first_at < 0 else m.first_at
    m.last_at = fact.at
    m.lifetime_spend += fact.amount
    m.spend_marks.append(Mark(fact.at, spend, fact.key, m.epoch))
    m.order_marks.append(Mark(fact.at, 1, fact.key, m.epoch))
    retier(m, v)
    judge_stage(m, v, by_order=True)


def split_at(m: Member, v: Version, basket: Basket, spend: int) -> str | None:
    """With `tier_split: split`, the tier that the order reaches; the basket is cut at its threshold (T013, S18)."""
    if v.section("order_amount").get("tier_split") != "split" or not v.tiers or set(v.metrics()) != {"spend"} or m.now < m.locked_until:
        return None
    before = measure(m, v, "spend", v.metrics()["spend"], m.now)
    reached = [(tier, needs["spend"]) for tier, needs in rungs_of(m, v) if before + spend >= needs["spend"]]
    if not reached or place(m, v, reached[-1][0]) <= place(m, v, m.tier):
        return None
    tier, threshold = reached[-1]
    cut_at(basket, min(sum(x.net for x in basket.eligible), max(threshold - before, 0)))
    return tier


def interaction(m: Member, v: Version, fact: Fact) -> None:
    """An interaction activates what waits for it, and earns (T026, S24)."""
    waits = {w for w in v.wallets if v.pending(w).get("until") == "action" and v.pending(w)["interaction"] == fact.type}
    lots = [x for purse in m.purses.values() for x in purse.lots if x.pending and (x.beside or x.wallet) in waits]
    follows = [f for f in m.follows if f.beside in waits]
    named = [x for x in lots if fact.about in ("", x.about)]
    activate_all(m, v, named, [f for f in follows if fact.about in ("", f.about)])
    earn(m, v, v.rules_on("interaction", fact.type), fact)
    retier(m, v)


def standing(m: Member, timeline: Timeline) -> Standing:
    v = timeline.at(m.now)
    lots = []
    for wallet in sorted(m.purses):
        for x in in_order(m, v, wallet) + sorted((x for x in m.purse(wallet).lots if x.pending), key=lambda x: rank(v, x)):
            lots.append(OpenLot(wallet, x.id, x.remaining, x.expires_at, x.pending))
    holds = sorted(r.key for r in m.redemptions.values() if r.state == "open")
    return Standing(m.totals(), lots, m.tier, m.tier_since, m.stage, m.order_count, m.lifetime_spend, holds)


__all__ = ["EntryKind", "OpenLot", "Result", "Standing", "fold"]
