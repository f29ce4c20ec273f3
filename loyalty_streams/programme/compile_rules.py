"""Rules of earning as rows in the order in which they are decided, their limits, and the groups in which only some pay."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import lcm, prod

from loyalty_streams.core.codes import NEVER
from loyalty_streams.core.kernel.records import (
    AMOUNT,
    BY_PRIORITY,
    FIXED,
    HIGHEST,
    LOWEST,
    MULTIPLY,
    ON_BIRTHDAY,
    ON_ENROLMENT,
    ON_INTERACTION,
    ON_ORDER,
    ON_TIER,
    PER_UNIT,
    PERIOD_EVER,
    SCOPE_MEMBER,
    SCOPE_ORDER,
    SCOPE_STORE,
    STACKABLE,
    STEP,
)
from loyalty_streams.programme.compile_conditions import condition, filter_mask
from loyalty_streams.programme.compile_tables import PERIOD_NUMBERS, Tables, fill
from loyalty_streams.programme.conditions import leaves
from loyalty_streams.programme.earning import Budget, Limit, Rule, RuleLimit

TRIGGERS = {"order": ON_ORDER, "birthday": ON_BIRTHDAY, "enrolment": ON_ENROLMENT, "tier": ON_TIER, "interaction": ON_INTERACTION}
FORMS = {"proportional": AMOUNT, "step": STEP, "multiply": MULTIPLY, "fixed": FIXED, "per_unit": PER_UNIT}
CHOICES = {"stackable": STACKABLE, "highest": HIGHEST, "lowest": LOWEST, "by_priority": BY_PRIORITY}
SCOPES = {"member": SCOPE_MEMBER, "order": SCOPE_ORDER, "member_and_store": SCOPE_STORE}
ONCE = {None: 0, "member": 1, "year": 2}
LARGEST_AMOUNT = 10**15
"""Minor units: the largest amount of an order, with which every product must stay below 2^63."""


def compile_rules(t: Tables) -> None:
    """All rules, in order of (trigger, match, form, priority, id); the rules of one trigger lie together."""
    earn = t.programme.earn
    matches = {id_: _match(t, id_, rule) for id_, rule in earn.items()}
    ordered = sorted(earn, key=lambda id_: _place(earn[id_], matches[id_], id_))
    ranks = {id_: rank for rank, id_ in enumerate(sorted(earn))}
    groups = {id_: position for position, name in enumerate(sorted(t.programme.combine.groups)) for id_ in t.programme.combine.groups[name].members}
    rate_den = _common_denominator(t, [earn[id_] for id_ in ordered])
    limits = _limits(t, ordered)
    for id_ in sorted(earn):
        t.number("rules", id_)
    for index, id_ in enumerate(ordered):
        _rule(t, index, id_, earn[id_], rate_den)
        lo, hi = t.add_refs(limits[id_])
        fill(t.row("rules", index), match=matches[id_], rank=ranks[id_], group=groups.get(id_, -1), limits_lo=lo, limits_hi=hi)
    triggers = [TRIGGERS[earn[id_].on.kind] for id_ in ordered]
    for number in range(len(t.record["first_rule"])):
        t.record["first_rule"][number] = sum(1 for trigger in triggers if trigger < number)
    t.put("n", rules=len(ordered), groups=len(t.programme.combine.groups), filters=len(t.filters) + 1)
    t.put("settings", rate_den=rate_den, has_birthday_rule=int(ON_BIRTHDAY in triggers), has_tier_rule=int(ON_TIER in triggers))


def _place(rule: Rule, match: int, id_: str) -> tuple[int, int, int, int, str]:
    return TRIGGERS[rule.on.kind], match, FORMS[rule.form], rule.priority, id_


def _match(t: Tables, id_: str, rule: Rule) -> int:
    """The tier reached, or the code of the interaction's type; 0 for other triggers."""
    if rule.on.kind == "tier":
        return t.number("tiers", rule.on.name)
    return t.code(rule.on.name, t.loaded.document.place(("earn", id_, "on"))) if rule.on.kind == "interaction" else 0


def _rule(t: Tables, index: int, id_: str, rule: Rule, rate_den: int) -> None:
    fields = {leaf.field for leaf in leaves(rule.when)}
    points, factor = rule.points, rule.multiply or Fraction(1)
    once = "member" if rule.on.kind == "tier" and rule.once is None else rule.once
    fill(
        t.row("rules", index), id=t.number("rules", id_), trigger=TRIGGERS[rule.on.kind], form=FORMS[rule.form],
        rate=int(_rate(rule) * rate_den), step=points.per_amount if points and rule.form == "step" else 1,
        num=factor.numerator, den=factor.denominator, fixed=points.fixed or 0 if points else 0,
        lines_mask=filter_mask(t, rule.lines), condition=condition(t, rule.when),
        valid_from=-NEVER if rule.valid is None or rule.valid.from_ is None else rule.valid.from_,
        valid_until=NEVER if rule.valid is None or rule.valid.until is None else rule.valid.until,
        priority=rule.priority, wallet=t.wallet(rule.into or t.programme.main_wallet), also=t.wallet(rule.also), once=ONCE[once],
        reads_tier=int("tier" in fields), reads_orders=int("orders_before" in fields), reads_units=int("qty" in fields),
    )  # fmt: skip


def _rate(rule: Rule) -> Fraction:
    """Points a minor unit (proportional) or a full step; 0 for other forms."""
    if rule.points is None or rule.points.rate is None:
        return Fraction(0)
    return rule.points.rate if rule.form == "step" else rule.points.rate / rule.points.per_amount


def _common_denominator(t: Tables, rules: Sequence[Rule]) -> int:
    """The denominator that all rates share. Raises E-RATE where a product of amount, rates and multipliers could leave 64 bits."""
    rates, factors = [_rate(r) for r in rules if r.is_rate], [r.multiply for r in rules if r.multiply]
    rate_den = lcm(1, *(rate.denominator for rate in rates))
    if t.programme.combine.multipliers == "multiplicative":
        factor = prod((f.numerator for f in factors), start=1)
    else:
        factor = max((f.numerator for f in factors), default=1)
    if max(LARGEST_AMOUNT * sum(int(rate * rate_den) for rate in rates), rate_den) * factor >= 1 << 62:
        hint = "use rates and multipliers with smaller numerators and denominators in common"
        raise t.refuse("E-RATE", "rates and multipliers together are too fine to be reckoned exactly", ("earn",), hint)
    return rate_den


# ---- limits -----------------------------------------------------------------------------------------------------------


def _limits(t: Tables, ordered: Sequence[str]) -> dict[str, list[int]]:
    """Rows of limits: those of the whole programme first; -> the rows that each rule refers to. Groups are written on the way."""
    programme = t.programme
    refs: dict[str, list[int]] = {id_: [] for id_ in ordered}
    count = 0
    for index, limit in enumerate(programme.limits):
        _limit(t, count, f"*/{index}", limit)
        fill(t.row("limits", count), scope=SCOPES[limit.scope], for_all=int(not limit.rules), **_stores(t, limit))
        for id_ in limit.rules:
            refs[id_].append(count)
        count += 1
    t.put("n", global_limits=count)
    for id_ in sorted(refs):
        rule = programme.earn[id_]
        for index, own in enumerate(rule.limits):
            refs[id_].append(_limit(t, count, f"{id_}/{index}", own))
            count += 1
        if rule.budget:
            refs[id_].append(_limit(t, count, f"{id_}/budget", rule.budget))
            count += 1
    count = _groups(t, count)
    t.put("n", limits=count)
    t.put("settings", has_limits=int(count > 0 or any(w.max_balance for w in programme.wallets.values())))
    return refs


def _stores(t: Tables, limit: Limit) -> dict[str, int]:
    lo, hi = t.add_set(sorted({t.code(store) for store in limit.stores}))
    return {"stores_lo": lo, "stores_hi": hi}


def _limit(t: Tables, index: int, place: str, limit: RuleLimit | Limit | Budget) -> int:
    """One row. A limit of a later version is the same limit by its place, by what it counts and by its period."""
    times = None if isinstance(limit, Budget) else limit.times
    period = "ever" if isinstance(limit, Budget) else limit.per
    name = f"{place}/{'points' if times is None else 'times'}/{period or 'order'}"
    fill(
        t.row("limits", index), id=t.number("limits", name), times=-1 if times is None else times,
        points=-1 if limit.points is None else limit.points, period=PERIOD_NUMBERS[period] if period else PERIOD_EVER,
        partial=int(limit.when_short == "partial"), budget=int(isinstance(limit, Budget)),
        scope=SCOPE_MEMBER,
    )  # fmt: skip
    return index


def _groups(t: Tables, count: int) -> int:
    """Groups by id with their limits; -> how many rows of limits there are now."""
    for position, (name, group) in enumerate(sorted(t.programme.combine.groups.items())):
        rows = [_limit(t, count + index, f"group {name}/{index}", limit) for index, limit in enumerate(group.limits)]
        count += len(rows)
        lo, hi = t.add_refs(rows)
        fill(t.row("groups", position), pick=CHOICES[group.choose], by_line=int(group.scope == "line"), limits_lo=lo, limits_hi=hi)
    return count
