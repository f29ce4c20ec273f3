"""Returns: what is taken back, from where, and what comes back with it (T069 to T086, S32 to S40)."""

from __future__ import annotations

from loyalty_streams.core.codes import Bucket, EntryKind, FactKind, Reason
from loyalty_streams.core.facts import Fact
from tests.oracle.basket import BasketLine, lines_of, without_tax
from tests.oracle.calendar import span
from tests.oracle.conditions import Scene, holds, holds_for_line
from tests.oracle.earning import Candidate, pay, valid
from tests.oracle.lots import rank, take_available, tidy
from tests.oracle.model import Lot, Mark, Member, Order, OrderLine, Part
from tests.oracle.programme import Rule, Version, listed
from tests.oracle.redemption import give_back
from tests.oracle.tiers import judge, judge_stage, reassessment


def take_back(m: Member, v: Version, fact: Fact) -> bool:
    """A return, an exchange's return or a cancellation; true where it was taken."""
    if fact.refuse:
        m.post(EntryKind.REFUSED, reason=fact.refuse, ref=fact.about)
        return False
    order = m.orders.get(fact.about)
    if fact.about and order is None:
        m.post(EntryKind.REFUSED, reason=Reason.UNKNOWN_ORDER, ref=fact.about)
        return False
    late = order is not None and m.now > v.shift(order.fact.at, span(v.returns("within")))
    if late and v.returns("later") == "refuse":
        m.post(EntryKind.REFUSED, reason=Reason.TOO_LATE, ref=fact.about)
        return False
    if order is None or late:
        unlinked(m, v, fact)
    else:
        linked(m, v, fact, order)
    effect_on_tier(m, v)
    return True


def effect_on_tier(m: Member, v: Version) -> None:
    """When the return lowers the tier (T082)."""
    effect = v.returns("tier_effect")
    if effect == "immediate":
        judge(m, v, down=True)
    elif effect != "never" and v.tiers:
        m.reassess_at = min(m.reassess_at or reassessment(v, m.now), reassessment(v, m.now))


# ---- a return that names its order ----


def linked(m: Member, v: Version, fact: Fact, order: Order) -> None:
    lines = returned_lines(m, fact, order)
    was_full = order.full
    if fact.lines or fact.kind == FactKind.CANCELLATION:
        by_line(m, order, lines)
    else:
        by_money(m, fact, order)
    order.full = all(x.qty_back >= x.line.qty for x in order.lines.values()) or order.money_back >= order.fact.amount
    by_part(m, v, order, lines, whole=not (fact.lines or fact.kind == FactKind.CANCELLATION))
    if order.full and not was_full:
        came_back_whole(m, v, order)
    restore_points(m, v, order)
    if order.full and not was_full:
        judge_stage(m, v)


def returned_lines(m: Member, fact: Fact, order: Order) -> list[tuple[OrderLine, int, int]]:
    """Line, quantity and money that come back, cut to what is left; the excess is refused (T080)."""
    if fact.kind == FactKind.CANCELLATION:
        return [(x, x.line.qty - x.qty_back, x.line.amount - x.money_back) for x in order.lines.values()]
    out = []
    for given in sorted(fact.lines, key=lambda x: x.no):
        line = order.lines.get(given.no)
        left = line.line.qty - line.qty_back if line else 0
        if line is None or given.qty > left:
            m.post(
                EntryKind.REFUSED, reason=Reason.OVER_RETURN, ref=fact.about, basis=given.no, desired=given.qty - left
            )
        if line is not None and (given.qty == 0 or left > 0):
            out.append((line, min(given.qty, left), min(given.amount, line.line.amount - line.money_back)))
    return out


def by_line(m: Member, order: Order, lines: list[tuple[OrderLine, int, int]]) -> None:
    for line, qty, money in lines:
        given = min(money, order.fact.amount - order.money_back)
        line.qty_back += qty
        line.money_back += given
        lower_metrics(m, order, given, given if line.counts_in_spend else 0)


def by_money(m: Member, fact: Fact, order: Order) -> None:
    money = min(fact.amount, order.fact.amount - order.money_back)
    so_far = order.money_back + money
    target = order.spend if so_far >= order.fact.amount else order.spend * so_far // order.fact.amount
    lower_metrics(m, order, money, max(target - order.spend_back, 0))


def lower_metrics(m: Member, order: Order, money: int, spend: int) -> None:
    """The money leaves the metrics at the order's own instant (S36)."""
    order.money_back += money
    m.lifetime_spend -= money
    spend = min(spend, order.spend - order.spend_back)
    order.spend_back += spend
    for mark in m.spend_marks:
        if mark.source == order.fact.key:
            mark.value -= spend


def by_part(m: Member, v: Version, order: Order, lines: list[tuple[OrderLine, int, int]], whole: bool) -> None:
    """What each rule gave for what came back, by order of (form, priority, id) (S34, S35)."""
    for part in sorted(order.parts, key=lambda p: p.order):
        if order.full:
            points = part.left
        elif v.returns("clawback") == "proportional" or (whole and part.form != "fixed"):
            points = (
                max(part.points * order.money_back // order.fact.amount - part.taken, 0) if order.fact.amount else 0
            )
        elif part.form == "fixed":
            points = 0
        else:
            points = min(sum(line_share(part, line, qty) for line, qty, _ in lines), part.left)
        if points > 0:
            claw_back(m, v, part, points, order.fact.key)


def line_share(part: Part, line: OrderLine, qty: int) -> int:
    """What a line gave and now takes with it (T070, T072); by money where no quantity comes back."""
    points = on_line(part).get(line.line.no, 0)
    back, bought = (line.qty_back, line.line.qty) if qty else (line.money_back, line.line.amount)
    target = points if back >= bought else points * back // bought
    taken = part.line_taken.get(line.line.no, 0)
    part.line_taken[line.line.no] = max(target, taken)
    return max(target - taken, 0)


def on_line(part: Part) -> dict[int, int]:
    """The points of a part by line: largest remainder, ties to the lowest line number."""
    total = sum(part.weights.values())
    if total <= 0:
        return {}
    out = {no: part.points * w // total for no, w in part.weights.items()}
    short = part.points - sum(out.values())
    by_remainder = sorted(part.weights, key=lambda no: (-(part.points * part.weights[no] % total), no))
    for no in by_remainder[:short]:
        out[no] += 1
    return out


def claw_back(m: Member, v: Version, part: Part, points: int, about: str) -> None:
    """Take points back: the order's own lots, other lots, then debt or what the policy lets go (T073, T075)."""
    part.taken += points
    counters_back(m, part, points)
    policy, purse = v.returns("policy"), m.purse(part.wallet)
    reason = Reason.NONE
    if not v.spendable(part.wallet):
        claw_back_flat(m, part, points, about, policy)
        return
    own = [x for x in purse.lots if x.id == part.lot] or [x for x in purse.lots if x.source == part.lot[0]]
    own = sorted(own, key=lambda x: (not x.pending, rank(v, x)))
    if policy == "only_pending":
        own = [x for x in own if x.pending]
    for lot in own:
        points -= claw_lot(m, part, lot, min(points, lot.remaining), about, reason)
    tidy(m, part.wallet)
    if policy != "only_pending":
        points = claw_others(m, v, part, points, about, reason)
    settle_rest(m, v, part, points, about)


def claw_lot(m: Member, part: Part, lot: Lot, points: int, about: str, reason: Reason) -> int:
    if points > 0:
        lot.remaining -= points
        bucket = Bucket.PENDING if lot.pending else Bucket.AVAILABLE
        m.post(
            EntryKind.CLAWED_BACK, part.wallet, -points, bucket, rule=part.rule, lot=lot.id, reason=reason, ref=about
        )
        if not lot.pending:
            leave_metric(m, part, points)
    return points


def claw_others(m: Member, v: Version, part: Part, points: int, about: str, reason: Reason) -> int:
    for lot, taken in take_available(m, v, part.wallet, points):
        m.post(EntryKind.CLAWED_BACK, part.wallet, -taken, rule=part.rule, lot=lot.id, reason=reason, ref=about)
        leave_metric(m, part, taken)
        points -= taken
    return points


def settle_rest(m: Member, v: Version, part: Part, points: int, about: str) -> None:
    if points <= 0:
        return
    if v.returns("policy") == "debt":
        m.purse(part.wallet).debt += points
        m.post(EntryKind.CLAWED_BACK, part.wallet, points, Bucket.DEBT, rule=part.rule, ref=about)
        leave_metric(m, part, points)
    else:
        m.post(EntryKind.WRITTEN_OFF, part.wallet, points, rule=part.rule, ref=about)


def claw_back_flat(m: Member, part: Part, points: int, about: str, policy: str) -> None:
    """A wallet without lots: its pending part first, then available, which may go negative (S35)."""
    purse = m.purse(part.wallet)
    for follow in [f for f in m.follows if f.wallet == part.wallet and f.source == part.lot[0]]:
        taken = min(points, follow.points)
        if taken > 0:
            follow.points -= taken
            purse.flat_pending -= taken
            points -= taken
            m.post(EntryKind.CLAWED_BACK, part.wallet, -taken, Bucket.PENDING, rule=part.rule, ref=about)
    m.follows = [f for f in m.follows if f.points]
    most = {"debt": points, "within_balance": max(min(points, purse.flat), 0), "only_pending": 0}[policy]
    if most > 0:
        purse.flat -= most
        m.post(EntryKind.CLAWED_BACK, part.wallet, -most, rule=part.rule, ref=about)
        leave_metric(m, part, most)
    if points > most:
        m.post(EntryKind.WRITTEN_OFF, part.wallet, points - most, rule=part.rule, ref=about)


def leave_metric(m: Member, part: Part, points: int) -> None:
    """Points clawed back leave a metric at the instant at which they counted (S41)."""
    for mark in m.wallet_marks.get(part.wallet, []):
        if mark.source == part.lot[0] and points > 0:
            mark.value -= points
            return


def counters_back(m: Member, part: Part, points: int) -> None:
    """Limits give back what the returned points used (T083, S37)."""
    for key in part.used:
        m.counters[key] = max(m.counters[key] - points, 0)
    if part.left == 0:
        for key in part.used_times:
            m.counters[key] = max(m.counters[key] - 1, 0)
        part.used_times = []


def came_back_whole(m: Member, v: Version, order: Order) -> None:
    """A full return: the order counts no longer, and what is paid once goes to the next that waits (T020, S17)."""
    m.order_count -= 1
    for mark in m.order_marks:
        if mark.source == order.fact.key:
            mark.value = 0
    for key, about in list(m.once.items()):
        if about == order.fact.key:
            del m.once[key]
            pay_the_next(m, v, key[0])


def pay_the_next(m: Member, v: Version, rule_id: str) -> None:
    rule = v.rule(rule_id)
    waiting = m.waiting.get(rule_id, [])
    following = next((k for k in waiting if not m.orders[k].full), None)
    if rule is None or following is None:
        return
    m.waiting[rule_id] = waiting[waiting.index(following) + 1 :]
    points = int(rule.raw["points"]["fixed"])
    m.orders[following].parts += pay(m, v, Candidate(rule, points=points), following)


def restore_points(m: Member, v: Version, order: Order) -> None:
    """Points that paid for the order come back in proportion to the money, to the lots they came from, last taken
    first (T076, S38)."""
    held = m.redemptions.get(order.fact.about)
    if held is None or held.state != "confirmed":
        return
    used = order.fact.points or held.points
    target = used if order.full else used * order.money_back // order.fact.amount if order.fact.amount else 0
    back = target - order.restored
    if back > 0:
        order.restored = target
        give_back(m, v, held, back, list(reversed(held.parts)))


# ---- a refund without an order ----


def unlinked(m: Member, v: Version, fact: Fact) -> None:
    """Take back what the rate rules in force give on the amount, in consumption order (S39)."""
    lines = [x for x in lines_of(fact) if not any(holds_for_line(t, x, v) for t in listed(v.tiers.get("exclude")))]
    m.spend_marks.append(Mark(m.now, -sum(x.amount for x in lines), fact.key, m.epoch))
    m.lifetime_spend -= fact.amount
    exclude = listed(v.section("order_amount").get("exclude"))
    nets = zip(lines_of(fact), without_tax(v, fact, lines_of(fact)), strict=True)
    basket = [BasketLine(x, net, True) for x, net in nets if not any(holds_for_line(t, x, v) for t in exclude)]
    for rule in v.rules_on("order"):
        if rule.is_rate and valid(v, rule, m.now):
            points = rate_points(m, v, rule, fact, basket)
            for wallet in [rule.wallet, *(rule.raw.get("also") or {})]:
                claw_unlinked(m, v, rule, wallet, points, fact)


def rate_points(m: Member, v: Version, rule: Rule, fact: Fact, basket: list[BasketLine]) -> int:
    filter_ = rule.raw.get("lines")
    mine = [x for x in basket if filter_ is None or holds_for_line(filter_, x.line, v)]
    scene = Scene(m, v, m.tier, fact, lines_of(fact), [x.line for x in mine])
    if not holds(rule.raw.get("when"), scene):
        return 0
    c = Candidate(rule, mine)
    c.per = v.money(rule.raw["points"]["per"])
    return int(c.rate_on(mine, []) // 1)


def claw_unlinked(m: Member, v: Version, rule: Rule, wallet: str, points: int, fact: Fact) -> None:
    if points <= 0:
        return
    m.wallet_marks.setdefault(wallet, []).append(Mark(m.now, 0, fact.key, m.epoch))
    part = Part(rule.id, (*rule.order, 0), rule.form, wallet, points, (fact.key, -1), {}, [], [])
    if not v.spendable(wallet):
        claw_back_flat(m, part, points, fact.about, v.returns("policy"))
        return
    if v.returns("policy") != "only_pending":
        points = claw_others(m, v, part, points, fact.about, Reason.NONE)
    settle_rest(m, v, part, points, fact.about)
