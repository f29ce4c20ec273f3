"""Earning: what each rule gives, which rules override or exclude each other, and what is posted (T001 to T022, T121
to T123)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import floor

from loyalty_streams.core.codes import EntryKind, LineKind, Reason
from loyalty_streams.core.facts import Fact
from tests.oracle.basket import Basket, BasketLine, lines_of, quantity
from tests.oracle.calendar import local_date
from tests.oracle.caps import apply_caps
from tests.oracle.conditions import Scene, fields_of, holds, holds_for_line
from tests.oracle.lots import activation_of, expiry_of, lapse_overdue, new_points
from tests.oracle.model import Member, Paid, Part
from tests.oracle.programme import Rule, Version, listed


@dataclass
class Candidate:
    """A rule whose conditions hold, and what it gives."""

    rule: Rule
    lines: list[BasketLine] = field(default_factory=list)
    part: str = "whole"
    points: int = 0
    basis: int | None = None
    refused: Reason = Reason.NONE
    desired: int | None = None
    capped: Reason = Reason.NONE
    used: list[tuple[object, ...]] = field(default_factory=list)
    used_times: list[tuple[object, ...]] = field(default_factory=list)

    @property
    def pays(self) -> bool:
        return self.points > 0 and self.refused == Reason.NONE

    @property
    def factor(self) -> Fraction:
        """What the basis is multiplied with: points a minor unit, points a step, the multiplier, fixed points."""
        points = self.rule.raw.get("points") or {}
        if self.rule.form == "proportional":
            return Fraction(points["rate"]) / self.per
        return self.rule.multiplier if self.rule.form == "multiply" else Fraction(points.get("rate") or points["fixed"])

    def refuse(self, reason: Reason) -> None:
        self.refused, self.desired, self.points = reason, self.points, 0

    def rate_on(self, lines: list[BasketLine], parts: list[str]) -> Fraction:
        """What this rate rule would give on some of its lines, not yet rounded; a step rate counts full steps only."""
        amount = sum(self.amount(x, parts) for x in lines if x in self.lines)
        return self.rate(Fraction(amount))

    def amount(self, line: BasketLine, parts: list[str]) -> int:
        """Of a line, the amount that all of these parts of the order have in common."""
        wanted = {p for p in [self.part, *parts] if p != "whole"}
        return line.amount("whole") if not wanted else line.amount(wanted.pop()) if len(wanted) == 1 else 0

    def rate(self, amount: Fraction) -> Fraction:
        points = self.rule.raw["points"]
        per = self.per
        if self.rule.form == "step":
            return Fraction(floor(amount / per)) * Fraction(points["rate"])
        return Fraction(points["rate"]) * amount / per

    per: int = 1


def valid(v: Version, rule: Rule, at: int) -> bool:
    given = rule.raw.get("valid") or {}
    return ("from" not in given or v.instant(given["from"]) <= at) and ("until" not in given or at < v.instant(given["until"]))


def this_year(m: Member, v: Version) -> int:
    return local_date(m.when, v.zone).year


def paid_already(m: Member, v: Version, rule: Rule) -> bool:
    """Whether a once rule has been paid: ever, or in this calendar year; under whichever version."""
    if not rule.once:
        return False
    years = {year for id, year in m.once if id == rule.id}
    return this_year(m, v) in years if rule.once == "year" else bool(years)


def moves(rule: Rule) -> bool:
    """Whether the rule is paid for another order when the one it was paid for comes back (S17)."""
    return rule.once == "member" and rule.trigger[0] == "order" and "orders_before" in fields_of(rule.raw.get("when"))


def part_of_order(rule: Rule, scene: Scene, after: str | None) -> str:
    """Which part of an order a rule judges: with a tier reached on the way, the tier before holds below, the one
    after above (S18)."""
    when = rule.raw.get("when")
    before = holds(when, scene)
    if after is None:
        return "whole" if before else ""
    then = holds(when, Scene(scene.m, scene.v, after, scene.fact, scene.lines, scene.qty_lines, scene.supposing))
    return {(True, True): "whole", (True, False): "below", (False, True): "above"}.get((before, then), "")


def candidates(m: Member, v: Version, rules: list[Rule], fact: Fact | None, basket: Basket | None, after: str | None) -> list[Candidate]:
    """The rules whose validity, condition and `once` let them pay."""
    out = []
    for rule in rules:
        filter_ = rule.raw.get("lines")
        mine = [x for x in basket.eligible if filter_ is None or holds_for_line(filter_, x.line, v)] if basket else []
        scene = Scene(
            m,
            v,
            m.tier,
            fact,
            lines_of(fact) if basket and fact else [],
            [x.line for x in mine if x.line.kind != LineKind.REWARD],
        )
        if not valid(v, rule, m.when):
            continue
        part = part_of_order(rule, scene, after)
        paid = paid_already(m, v, rule)
        if moves(rule) and fact and (paid or not part):
            scene.supposing = ("orders_before",)
            if holds(rule.raw.get("when"), scene) and len(m.waiting.setdefault(rule.id, [])) < 8:
                m.waiting[rule.id].append(fact.key)
        if part and not paid:
            out.append(Candidate(rule, mine, part))
    return out


def reckon(v: Version, cands: list[Candidate], basket: Basket | None) -> None:
    """The amounts of all candidates; overriding comes before multipliers (S8, S9, S10)."""
    short = basket is not None and basket.eligible_amount < v.money(v.section("order_amount").get("minimum", "0"))
    for c in cands:
        points = c.rule.raw.get("points") or {}
        if c.rule.is_rate:
            c.per = v.money(points["per"])
            c.basis = sum(c.amount(x, []) for x in c.lines)
            c.points = 0 if short else floor(c.rate(Fraction(c.basis)))
        elif c.rule.form == "per_unit":
            c.basis = quantity(c.lines)
            c.points = 0 if short else int(points["fixed"]) * c.basis
        elif c.rule.form == "fixed":
            needs_lines = basket is not None and "lines" in c.rule.raw
            c.points = int(points["fixed"]) if c.lines or not needs_lines else 0
    override(v, cands)
    if not short:
        multiply(v, cands)


def override(v: Version, cands: list[Candidate]) -> None:
    """A rate rule that reads the tier drops the others of its wallet (T010, S9)."""
    if v.section("combine").get("tier_and_base", "override") != "override":
        return
    by_tier = [c for c in cands if c.rule.is_rate and c.points and "tier" in fields_of(c.rule.raw.get("when"))]
    for c in cands:
        if c.rule.is_rate and c.points and c not in by_tier and any(t.rule.wallet == c.rule.wallet for t in by_tier):
            c.refuse(Reason.OVERRIDDEN)


def multiply(v: Version, cands: list[Candidate]) -> None:
    """What multipliers give on top of the rate rules that pay (T122, S8)."""
    mode = v.section("combine").get("multipliers", "additive")
    multipliers = sorted((c for c in cands if c.rule.form == "multiply"), key=lambda c: c.rule.order)
    for wallet in {c.rule.wallet for c in multipliers}:
        rates = [c for c in cands if c.rule.is_rate and c.pays and c.rule.wallet == wallet]
        mine = [c for c in multipliers if c.rule.wallet == wallet]
        if mode == "multiplicative":
            in_a_row(mine, rates)
            continue
        for c in mine:
            base = sum((r.rate_on(c.lines, [c.part]) for r in rates), Fraction(0))
            c.points = floor(base * (c.rule.multiplier - 1))
        if mode == "max":
            paying = sorted((c for c in mine if c.pays), key=lambda c: (-c.points, c.rule.priority, c.rule.id))
            for c in paying[1:]:
                c.refuse(Reason.EXCLUSIVE_GROUP)


def in_a_row(multipliers: list[Candidate], rates: list[Candidate]) -> None:
    """Each multiplier on the product of those before it, line by line."""
    halves = ("below", "above")
    product: dict[tuple[int, str], Fraction] = {}

    def carried(r: Candidate) -> Fraction:
        """The amount of a rate's lines, each half of a line with the multipliers that it has met."""
        return sum((r.amount(x, [half]) * product.get((x.line.no, half), Fraction(1)) for x in r.lines for half in halves), Fraction(0))

    def total() -> Fraction:
        return sum((r.rate(carried(r)) for r in rates), Fraction(0))

    for c in multipliers:
        before = total()
        for x in c.lines:
            for half in halves:
                if c.part in ("whole", half):
                    product[x.line.no, half] = product.get((x.line.no, half), Fraction(1)) * c.rule.multiplier
        c.points = floor(total()) - floor(before)


def choose_in_groups(v: Version, cands: list[Candidate]) -> None:
    """Of a group only some pay (T009, T121, T123, S12)."""
    groups = v.section("combine", "groups")
    for _, group in sorted(groups.items()):
        members = [c for c in cands if c.rule.id in listed(group["members"])]
        if group["choose"] == "stackable":
            continue
        if group.get("scope", "order") == "line":
            choose_by_line(group["choose"], members, [c for c in cands if c.rule.is_rate and c.pays])
            continue
        paying = [c for c in members if c.pays]
        for c in sorted(paying, key=lambda c: preference(group["choose"], c.points, c))[1:]:
            c.refuse(Reason.EXCLUSIVE_GROUP)


def preference(choose: str, points: int, c: Candidate) -> tuple[int, int, str]:
    by_points = {"highest": -points, "lowest": points}.get(choose, 0)
    return by_points, c.rule.priority, c.rule.id


def choose_by_line(choose: str, members: list[Candidate], rates: list[Candidate]) -> None:
    """For each line the member of the group that wins it; each pays what it won (S12)."""
    mine = [c for c in members if c.rule.form in ("multiply", "per_unit") and c.pays]
    won: dict[str, list[BasketLine]] = {c.rule.id: [] for c in mine}
    paid = {c.rule.id: 0 for c in mine}
    lines = {x.line.no: x for c in mine for x in c.lines}
    for _, x in sorted(lines.items()):
        gives = [(c, line_points(c, x, rates)) for c in mine if x in c.lines]
        gives = [(c, p) for c, p in gives if p > 0]
        if gives:
            c, points = min(gives, key=lambda cp: preference(choose, cp[1], cp[0]))
            won[c.rule.id].append(x)
            paid[c.rule.id] += points
    for c in mine:
        if won[c.rule.id]:
            c.points, c.lines = paid[c.rule.id], won[c.rule.id]
            c.basis = quantity(c.lines) if c.rule.form == "per_unit" else c.basis
        else:
            c.refuse(Reason.EXCLUSIVE_GROUP)


def line_points(c: Candidate, x: BasketLine, rates: list[Candidate]) -> int:
    if c.rule.form == "per_unit":
        return int(c.rule.raw["points"]["fixed"]) * quantity([x])
    base = sum((r.rate_on([x], [c.part]) for r in rates if r.rule.wallet == c.rule.wallet), Fraction(0))
    return floor(base * (c.rule.multiplier - 1))


def earn(
    m: Member,
    v: Version,
    rules: Sequence[Rule],
    fact: Fact | None = None,
    basket: Basket | None = None,
    after: str | None = None,
) -> list[Part]:
    """Judge the rules on one fact or timer and post what they give; the parts are what a return may take back."""
    rules = sorted(rules, key=lambda r: r.order)
    if not rules:
        return []
    if m.status not in v.statuses("earn"):
        m.post(EntryKind.REFUSED, reason=Reason.STATUS_BLOCKED)
        return []
    cands = candidates(m, v, rules, fact, basket, after)
    reckon(v, cands, basket)
    choose_in_groups(v, cands)
    apply_caps(m, v, cands, fact.store if fact else "")
    parts: list[Part] = []
    for c in sorted(cands, key=lambda c: c.rule.order):
        if c.refused:
            m.post(EntryKind.REFUSED, c.rule.wallet, rule=c.rule.id, reason=c.refused, basis=c.basis, desired=c.desired)
        elif c.points > 0:
            parts += pay(m, v, c, fact.key if fact else m.cause)
    lapse_overdue(m, v)
    return parts


def pay(m: Member, v: Version, c: Candidate, about: str, source: str = "") -> list[Part]:
    """Post what one rule gives, and the same into another wallet (S14)."""
    rule, source = c.rule, source or m.cause
    activates = activation_of(v, rule.wallet, m.when, m.arrived)
    expires = expiry_of(m, v, rule.wallet, m.when, activates, m.arrived)
    lot = new_points(
        m,
        v,
        EntryKind.EARNED,
        rule.wallet,
        c.points,
        source,
        activates=activates,
        expires=expires,
        rule=rule.id,
        reason=c.capped,
        ref=about,
        basis=c.basis,
        desired=c.points if c.desired is None else c.desired,
        factor=c.factor,
    )
    weights = {x.line.no: quantity([x]) if rule.form == "per_unit" else x.net for x in c.lines}
    parts = [Part(rule.id, (*rule.order, 0), rule.form, rule.wallet, c.points, lot, weights, c.used, c.used_times)]
    for wallet in rule.raw.get("also") or {}:
        expires = expiry_of(m, v, wallet, m.when, activates, m.arrived, locked=bool(v.pending(rule.wallet)))
        other = new_points(
            m,
            v,
            EntryKind.EARNED,
            wallet,
            c.points,
            source,
            activates=activates,
            expires=expires,
            rule=rule.id,
            reason=c.capped,
            ref=about,
            basis=c.basis,
            desired=c.points if c.desired is None else c.desired,
            factor=c.factor,
            follows=lot,
            beside=rule.wallet,
        )
        parts.append(Part(rule.id, (*rule.order, 1), rule.form, wallet, c.points, other, weights, [], [], also=True))
    if rule.once:
        m.once[rule.id, this_year(m, v)] = Paid(about if rule.trigger[0] == "order" else "", source, parts)
    return parts
