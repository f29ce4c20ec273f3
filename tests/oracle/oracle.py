"""The oracle: facts of one member in any order, and the versions of a programme; out come its entries and where the
member stands. Several members that merge, or send points to each other, are `tests.oracle.family`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from loyalty_streams.core.codes import Direction, EntryKind, FactKind, Move, Reason
from loyalty_streams.core.facts import Fact
from tests.oracle.adjustments import adjust, number_of, opening, profile
from tests.oracle.basket import Basket, basket_of, cut_at, lines_of
from tests.oracle.conditions import holds_for_line
from tests.oracle.earning import earn
from tests.oracle.joining import absorb, begin_anew, end, give_up
from tests.oracle.lots import activate_all, in_order, lapse_overdue, rank
from tests.oracle.model import LotId, Mark, Member, OracleEntry, Order, OrderLine, Redemption
from tests.oracle.pools import join, leave
from tests.oracle.programme import Timeline, Version, listed
from tests.oracle.redemption import cancel, confirm, redeem, release
from tests.oracle.returns import take_back
from tests.oracle.tiers import inside, judge, judge_stage, measure, place, retier, rungs_of, weigh
from tests.oracle.timers import active_at, advance, open_tier, settle, stand_at
from tests.oracle.transfers import come_back, receive, send

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
STARTERS = (FactKind.ORDER, FactKind.INTERACTION, *REDEMPTIONS)
"""What makes an imported member an active one (S52)."""
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


Beside = Member | Redemption | None
"""What another account sends beside a fact: its state as it was before a merge, or the parts of a transfer."""


def fact_order(fact: Fact, stand: int | None = None) -> tuple[int, int, bytes]:
    """S1: instant, rank of the kind, key as bytes; a fact late beyond measure stands at its arrival (S51)."""
    return fact.at if stand is None else stand, next(i for i, kinds in enumerate(RANKS) if fact.kind in kinds), fact.key.encode()


def by_place(timeline: Timeline, facts: Iterable[Fact]) -> list[Fact]:
    """Facts in the order that decides: each where it stands, and a return not before the order that it names."""
    listed = list(facts)
    orders = {f.key: timeline.stand(f.at, f.arrived) for f in listed if f.kind == FactKind.ORDER}
    returns = (FactKind.RETURN, FactKind.EXCHANGE_RETURN, FactKind.CANCELLATION)

    def place(f: Fact) -> int:
        own = timeline.stand(f.at, f.arrived)
        return max(own, orders.get(f.about, own)) if f.kind in returns else own

    return sorted(listed, key=lambda f: fact_order(f, place(f)))


def fold(programme: Sequence[str] | Timeline, facts: Iterable[Fact], until: int) -> Result:
    """All entries of one member, up to an instant; raises ArithmeticError where the books do not balance."""
    timeline, m = programme if isinstance(programme, Timeline) else Timeline(list(programme)), Member()
    for fact in by_place(timeline, facts):
        take(m, timeline, fact)
    return finish(m, timeline, until)


def finish(m: Member, timeline: Timeline, until: int) -> Result:
    """Time up to an instant, and what the member then comes to."""
    if m.opened_at >= 0:
        advance(m, timeline, until)
    m.check()
    return Result(m.entries, standing(m, timeline), m)


def take(m: Member, timeline: Timeline, fact: Fact, beside: Beside = None) -> None:
    """One fact in its place: what is due by then happens first."""
    if fact.kind == FactKind.IDENTITY and number_of(fact, "move", 0) == Move.BEGINS:
        begin_anew(m)
    stand = max(timeline.stand(fact.at, fact.arrived), m.now)
    if m.opened_at < 0:
        open_account(m, timeline, fact, stand)
    advance(m, timeline, stand)
    stand_at(m, timeline, stand)
    m.when, m.cause, m.version = fact.at, fact.key, timeline.position(fact.at)
    m.arrived = fact.arrived if fact.arrived >= 0 else fact.at
    respond(m, timeline, fact, beside)


def open_account(m: Member, timeline: Timeline, fact: Fact, stand: int) -> None:
    """The first fact opens the account where it stands (S3); an opening is that of an imported member (S52)."""
    m.opened_at = m.through = stand
    m.enrolled_at = fact.at
    m.status = "imported" if fact.kind == FactKind.OPENING else m.status
    stand_at(m, timeline, stand)
    if m.stands.tiers:
        open_tier(m, m.stands)


def respond(m: Member, timeline: Timeline, fact: Fact, beside: Beside) -> None:
    """What one fact does. Rules judge it by the version in force when it happened; tiers, stages and clocks go by where the member stands."""
    v = timeline.at(fact.at)
    if m.ended:
        m.post(EntryKind.REFUSED, reason=Reason.STATUS_BLOCKED)
        return
    if fact.kind == FactKind.IDENTITY and not fact.refuse:
        identity(m, timeline, fact, beside)
        return
    judge_lazily(m)
    if fact.kind in STARTERS and m.status == "imported":
        m.status = "active"
    done = judged(m, v, fact, beside)
    assert not m.overdue
    for wallet in m.stands.wallets if done else []:
        if any(fact.kind in ACTIVITIES[a] for a in listed(m.stands.expires(wallet).get("activities", ["order", "redemption"]))):
            active_at(m, wallet, fact.at)
    settle(m, m.stands)


def judge_lazily(m: Member) -> None:
    """A version that moves tiers lazily moves them before the next fact (S46)."""
    if m.lazy:
        m.lazy = False
        judge(m, m.stands, down=True, reason=Reason.RULE_CHANGE)


def identity(m: Member, timeline: Timeline, fact: Fact, beside: Beside) -> None:
    """An account is given up, takes another over, begins anew, ends (S53, S54, S57), or joins or leaves a pool (S60)."""
    move = number_of(fact, "move", 0)
    if move == Move.ABSORBS:
        assert isinstance(beside, Member)
        judge_lazily(m)
        absorb(m, timeline, fact, beside)
        settle(m, m.stands)
    elif move == Move.ABSORBED:
        give_up(m, timeline, fact)
    elif move == Move.ENDS:
        end(m, timeline, fact)
    elif move in (Move.JOINS, Move.LEAVES):
        judge_lazily(m)
        if move == Move.JOINS:
            join(m, timeline.at(fact.at), fact.about, number_of(fact, "share", 0))
        else:
            leave(m, fact.about)
        settle(m, m.stands)


def judged(m: Member, v: Version, fact: Fact, beside: Beside) -> bool:
    """What a fact of its kind does; false where it was refused."""
    done = True
    if fact.kind == FactKind.IDENTITY:
        m.post(EntryKind.REFUSED, v.main_wallet, reason=fact.refuse, ref=fact.about)
    elif fact.kind == FactKind.PROFILE:
        profile(m, v, fact)
        judge(m, m.stands, down=False)
    elif fact.kind == FactKind.OPENING:
        opening(m, v, fact)
        weigh(m, m.stands)
    elif fact.kind == FactKind.ORDER:
        order(m, v, fact)
    elif fact.kind in (FactKind.RETURN, FactKind.EXCHANGE_RETURN, FactKind.CANCELLATION):
        done = take_back(m, v, fact)
    elif fact.kind == FactKind.INTERACTION:
        interaction(m, v, fact)
    elif fact.kind in REDEMPTIONS:
        done = REDEMPTIONS[fact.kind](m, v, fact)
        weigh(m, m.stands)
    elif fact.kind == FactKind.TRANSFER:
        transfer(m, v, fact, beside)
        weigh(m, m.stands)
    elif fact.kind == FactKind.ADJUSTMENT:
        adjust(m, v, fact)
        retier(m, m.stands)
    return done


def transfer(m: Member, v: Version, fact: Fact, beside: Beside) -> None:
    """Points leave for another member, come from one, come back, or come to a pool (S55, S60)."""
    direction = number_of(fact, "direction", 0)
    if direction == Direction.OUT:
        send(m, v, fact)
    elif direction == Direction.BACK:
        come_back(m, v, fact)
    else:
        assert isinstance(beside, Redemption)
        receive(m, v, fact, beside, pooled=direction == Direction.POOLS)


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
    m.first_at = fact.at if m.first_at < 0 else min(m.first_at, fact.at)
    m.last_at = max(m.last_at, fact.at)
    m.lifetime_spend += fact.amount
    m.spend_marks.append(m.mark(fact.at, spend, fact.key))
    m.order_marks.append(m.mark(fact.at, 1, fact.key))
    retier(m, m.stands)
    judge_stage(m, m.stands, by_order=True)


def split_at(m: Member, v: Version, basket: Basket, spend: int) -> str | None:
    """With `tier_split: split`, the tier that the order reaches; the basket is cut at its threshold (T013, S18)."""
    here = m.stands
    if v.section("order_amount").get("tier_split") != "split" or not here.tiers or set(here.metrics()) != {"spend"} or m.now < m.locked_until:
        return None
    before = measure(m, here, "spend", here.metrics()["spend"], m.now)
    with_it = before + counted(m, here, m.mark(m.when, spend, m.cause))
    reached = [(tier, needs["spend"]) for tier, needs in rungs_of(m, here) if with_it >= needs["spend"]]
    if not reached or place(m, here, reached[-1][0]) <= place(m, here, m.tier):
        return None
    tier, threshold = reached[-1]
    cut_at(basket, min(sum(x.net for x in basket.eligible), max(threshold - before, 0)))
    return tier


def counted(m: Member, v: Version, mark: Mark) -> int:
    """What a purchase adds to the one metric in spend: nothing where it has left the window before it came (S51)."""
    return sum(x.value for x in inside(m, v, v.metrics()["spend"], [mark], m.now))


def interaction(m: Member, v: Version, fact: Fact) -> None:
    """An interaction activates what waits for it, and earns (T026, S24)."""
    waits = {w for w in v.wallets if v.pending(w).get("until") == "action" and v.pending(w)["interaction"] == fact.type}
    lots = [x for purse in m.purses.values() for x in purse.lots if x.pending and (x.beside or x.wallet) in waits]
    follows = [f for f in m.follows if f.beside in waits]
    named = [x for x in lots if fact.about in ("", x.about)]
    activate_all(m, v, named, [f for f in follows if fact.about in ("", f.about)])
    earn(m, v, v.rules_on("interaction", fact.type), fact)
    lapse_overdue(m, v)
    retier(m, m.stands)


def standing(m: Member, timeline: Timeline) -> Standing:
    v = timeline.at(m.now)
    lots = []
    for wallet in sorted(m.purses):
        for x in in_order(m, v, wallet) + sorted((x for x in m.purse(wallet).lots if x.pending), key=lambda x: rank(v, x)):
            lots.append(OpenLot(wallet, x.id, x.remaining, x.expires_at, x.pending))
    holds = sorted(r.key for r in m.redemptions.values() if r.state == "open")
    return Standing(m.totals(), lots, m.tier, m.tier_since, m.stage, m.order_count, m.lifetime_spend, holds)


__all__ = ["Beside", "EntryKind", "OpenLot", "Result", "Standing", "by_place", "fact_order", "finish", "fold", "take"]
