"""Returns: what is taken back, from where, and what comes back with it (T069 to T086, S32 to S40)."""

from __future__ import annotations

from loyalty_streams.core.codes import Bucket, EntryKind, FactKind, LineKind, Reason
from loyalty_streams.core.facts import Fact
from tests.oracle.basket import BasketLine, basket_of, lines_of
from tests.oracle.calendar import span
from tests.oracle.conditions import Scene, holds, holds_for_line
from tests.oracle.earning import Candidate, moves, pay, valid
from tests.oracle.lots import lapse_overdue, rank, take_available, tidy
from tests.oracle.model import Lot, Member, Order, OrderLine, Part
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
    late = order is not None and m.when > v.shift(order.fact.at, span(v.returns("within")))
    if late and v.returns("later") == "refuse":
        m.post(EntryKind.REFUSED, reason=Reason.TOO_LATE, ref=fact.about)
        return False
    came_back = False
    if order is None or late:
        unlinked(m, v, fact)
    else:
        came_back = linked(m, v, fact, order)
    effect_on_tier(m, v)
    if came_back:
        judge_stage(m, m.stands)
    return True


def effect_on_tier(m: Member, v: Version) -> None:
    """When the return lowers the tier (T082)."""
    effect = v.returns("tier_effect")
    if effect == "immediate":
        judge(m, m.stands, down=True)
    elif effect != "never" and m.stands.tiers:
        due = reassessment(m.stands, effect, m.now)
        m.reassess_at = min(m.reassess_at or due, due)


# ---- a return that names its order ----


def linked(m: Member, v: Version, fact: Fact, order: Order) -> bool:
    """Takes a return of this order; true where the order has come back whole with it."""
    was_full = order.full
    if fact.kind == FactKind.CANCELLATION:
        everything(m, order)
    elif fact.lines:
        by_line(m, fact, order)
    else:
        by_money(m, fact, order)
    all_units = all(x.qty_back >= x.line.qty for x in order.lines.values()) and any(x.line.qty for x in order.lines.values())
    if order.fact.amount and order.money_back >= order.fact.amount:
        lower_metrics(m, order, 0, order.spend)
        order.full = True
    order.full = order.full or all_units
    by_part(m, v, order)
    restore_points(m, v, order)
    if order.full and not was_full:
        came_back_whole(m, v, order)
    lapse_overdue(m, v)
    return order.full and not was_full


def everything(m: Member, order: Order) -> None:
    """A cancellation is a return of everything left (S40)."""
    for x in order.lines.values():
        x.qty_back, x.money_back = x.line.qty, x.line.amount
    lower_metrics(m, order, order.fact.amount - order.money_back, order.spend)
    order.full = True


def by_line(m: Member, fact: Fact, order: Order) -> None:
    """Line by line, quantity and money cut to what is left; the excess is refused (T080, S32)."""
    for given in sorted(fact.lines, key=lambda x: x.no):
        line = order.lines.get(given.no)
        left = line.line.qty - line.qty_back if line else 0
        if line is None or given.qty > left:
            m.post(EntryKind.REFUSED, reason=Reason.OVER_RETURN, ref=fact.about, basis=given.no, desired=given.qty - left)
        if line is None or (given.qty and not left):
            continue
        money = min(given.amount, line.line.amount - line.money_back, order.fact.amount - order.money_back)
        line.qty_back += min(given.qty, left)
        line.money_back += money
        line.by_money = line.by_money or given.qty == 0
        lower_metrics(m, order, money, money if line.counts_in_spend else 0)


def by_money(m: Member, fact: Fact, order: Order) -> None:
    money = min(fact.amount, order.fact.amount - order.money_back)
    if fact.amount > money:
        m.post(EntryKind.REFUSED, reason=Reason.OVER_RETURN, ref=fact.about, basis=0, desired=fact.amount - money)
    order.by_money = True
    so_far = order.money_back + money
    target = order.spend * so_far // order.fact.amount if order.fact.amount else 0
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


def by_part(m: Member, v: Version, order: Order) -> None:
    """What each rule gave for what came back, by order of (form, priority, id) (S34, S35)."""
    for part in sorted((p for p in order.parts if not p.moved), key=lambda p: p.order):
        points = min(share(v, order, part), part.points) - part.taken
        if points > 0:
            claw_back(m, v, part, points, order)


def share(v: Version, order: Order, part: Part) -> int:
    """The points of a part that should be back by now: by line, by quantity where it came back, by money where only money did (S32 to S34)."""
    amount = order.fact.amount
    by_all_money = part.points * order.money_back // amount if amount else 0
    if order.full:
        return part.points
    if v.returns("clawback") == "proportional":
        return by_all_money
    if part.form == "fixed":
        return 0
    lines = sum(line_share(points, order.lines[no]) for no, points in on_line(part).items())
    return max(lines, by_all_money) if order.by_money else lines


def line_share(points: int, x: OrderLine) -> int:
    """What a line gave and takes with it (T070, T072)."""
    by_units = points * x.qty_back // x.line.qty if x.line.qty else 0
    by_its_money = points * x.money_back // x.line.amount if x.by_money and x.line.amount else 0
    return max(by_units, by_its_money)


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


def claw_back(m: Member, v: Version, part: Part, points: int, order: Order) -> None:
    """Take points of an order's part back, and give limits back what they used (T083)."""
    part.taken += points
    counters_back(m, part, points, order)
    claw(m, v, part.wallet, points, part, order.fact.key)


def claw(m: Member, v: Version, wallet: str, points: int, part: Part, about: str, policy: str = "", reason: Reason = Reason.NONE) -> None:
    """Take points back: the lots of their source, other lots, then debt or what the policy lets go (T073, T075).

    `policy` by default as the version says.
    """
    policy, purse = policy or v.returns("policy"), m.purse(wallet)
    if not v.spendable(wallet):
        claw_flat(m, part, points, about, reason)
        leave_metric(m, part, points)
        return
    left = points
    own = sorted((x for x in purse.lots if x.source == part.lot[0]), key=lambda x: (not x.pending, rank(v, x)))
    for lot in own if policy != "only_pending" else [x for x in own if x.pending]:
        left -= claw_lot(m, part, lot, min(left, lot.remaining), about, reason)
    tidy(m, wallet)
    if policy != "only_pending":
        for lot, taken in take_available(m, v, wallet, left):
            m.post(EntryKind.CLAWED_BACK, wallet, -taken, rule=part.rule, lot=lot.id, reason=reason, ref=about)
            left -= taken
    if left and policy == "debt":
        purse.debt += left
        m.post(EntryKind.CLAWED_BACK, wallet, left, Bucket.DEBT, rule=part.rule, reason=reason, ref=about)
        left = 0
    elif left:
        m.post(EntryKind.WRITTEN_OFF, wallet, rule=part.rule, ref=about, basis=left)
    leave_metric(m, part, points - left)


def claw_lot(m: Member, part: Part, lot: Lot, points: int, about: str, reason: Reason) -> int:
    if points > 0:
        lot.remaining -= points
        bucket = Bucket.PENDING if lot.pending else Bucket.AVAILABLE
        m.post(EntryKind.CLAWED_BACK, lot.wallet, -points, bucket, rule=part.rule, lot=lot.id, reason=reason, ref=about)
    return points


def claw_flat(m: Member, part: Part, points: int, about: str, reason: Reason) -> None:
    """A wallet without lots: its pending part first, then available, which may go negative (S35)."""
    for f in [f for f in m.follows if (f.wallet, f.source, f.number) == (part.wallet, *part.lot)]:
        taken = min(points, f.points)
        f.points -= taken
        m.purse(part.wallet).flat_pending -= taken
        points -= taken
        m.post(EntryKind.CLAWED_BACK, part.wallet, -taken, Bucket.PENDING, rule=part.rule, reason=reason, ref=about)
    m.follows = [f for f in m.follows if f.points]
    if points:
        m.purse(part.wallet).flat -= points
        m.post(EntryKind.CLAWED_BACK, part.wallet, -points, rule=part.rule, reason=reason, ref=about)


def leave_metric(m: Member, part: Part, points: int) -> None:
    """Points clawed back leave a metric at the instant at which they counted (S41)."""
    for mark in m.wallet_marks.get(part.wallet, []):
        if (mark.source, mark.number) == part.lot:
            mark.value -= points
            return


def counters_back(m: Member, part: Part, points: int, order: Order) -> None:
    """Limits give back what the returned points used; `times` once all of the order's points under them are back (T083, S37)."""
    for key in part.used:
        m.counters[key] = max(m.counters[key] - points, 0)
    for key in part.used_times if part.left == 0 else []:
        if all(p.left == 0 for p in order.parts if key in p.used_times):
            m.counters[key] = max(m.counters[key] - 1, 0)


def came_back_whole(m: Member, v: Version, order: Order) -> None:
    """A full return: the order counts no longer, and what is paid once goes to the next that waits (T020, S17)."""
    m.order_count -= 1
    for mark in m.order_marks:
        if mark.source == order.fact.key:
            mark.value = 0
    for waiting in m.waiting.values():
        if order.fact.key in waiting:
            waiting.remove(order.fact.key)
    for key in [k for k, paid in m.once.items() if paid.about == order.fact.key]:
        del m.once[key]
        for part in [p for p in order.parts if p.moved and p.rule == key[0]]:
            claw(m, v, part.wallet, part.left, part, order.fact.key)
            part.taken = part.points
        pay_the_next(m, v, key[0])


def pay_the_next(m: Member, v: Version, rule_id: str) -> None:
    rule, waiting = v.rule(rule_id), m.waiting.get(rule_id, [])
    if rule is None or not moves(rule) or not waiting:
        return
    following = waiting.pop(0)
    points = int(rule.raw["points"]["fixed"])
    parts = pay(m, v, Candidate(rule, points=points, capped=Reason.RETURNED), following)
    for part in parts:
        part.moved = True
    m.orders[following].parts += parts


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
    lines = lines_of(fact)
    outside = sum(x.amount for x in lines if any(holds_for_line(t, x, v) for t in listed(v.tiers.get("exclude"))))
    basket = basket_of(v, fact, 0)
    for rule in v.rules_on("order"):
        if rule.is_rate and valid(v, rule, m.when):
            points = rate_points(m, v, rule, fact, basket.eligible)
            for wallet in [rule.wallet, *(rule.raw.get("also") or {})] if points > 0 else []:
                m.wallet_marks.setdefault(wallet, []).append(m.mark(m.when, 0, fact.key, -1))
                part = Part(rule.id, (*rule.order, 0), rule.form, wallet, points, (fact.key, -1), {}, [], [])
                claw(m, v, wallet, points, part, fact.key)
    m.spend_marks.append(m.mark(m.when, outside - fact.amount, fact.key))
    m.lifetime_spend -= fact.amount


def rate_points(m: Member, v: Version, rule: Rule, fact: Fact, basket: list[BasketLine]) -> int:
    filter_ = rule.raw.get("lines")
    mine = [x for x in basket if filter_ is None or holds_for_line(filter_, x.line, v)]
    counted = [x.line for x in mine if x.line.kind != LineKind.REWARD]
    if not holds(rule.raw.get("when"), Scene(m, v, m.tier, fact, lines_of(fact), counted)):
        return 0
    c = Candidate(rule, mine)
    c.per = v.money(rule.raw["points"]["per"])
    return int(c.rate_on(mine, []) // 1)
