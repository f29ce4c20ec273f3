"""Rules that can meet: what they pay together must be said, never guessed."""

from __future__ import annotations

from loyalty_streams.programme.conditions import leaves
from loyalty_streams.programme.earning import Group, Rule
from loyalty_streams.programme.look import Look


def check_meeting(look: Look) -> None:
    for part in (_nothing_to_multiply, _multipliers, _tier_rates, _groups):
        part(look)


def _nothing_to_multiply(look: Look) -> None:
    names = look.rules(lambda r: r.form == "multiply")
    rates = look.rules(lambda r: r.is_rate)
    for name in names:
        if not any(True for rate in rates for _ in look.meeting((name, rate), by_line=True)):
            look.reading.report(
                "W-NOTHING-TO-MULTIPLY",
                f"`{name}` never meets a rule with a rate",
                look.at("earn", name, "multiply"),
                expected="a rule with `points: {rate: …}` for the same orders and lines",
            )


def _multipliers(look: Look) -> None:
    if look.p.combine.multipliers is not None:
        return
    names = look.rules(lambda r: r.form == "multiply")
    pairs = [pair for pair in look.meeting(names, by_line=True) if not look.exclusive(pair)]
    if pairs:
        (a, b), more = pairs[0], f", and {len(pairs) - 1} more" if len(pairs) > 1 else ""
        look.reading.report(
            "E-MULTIPLIERS-MEET",
            f"`{a}` and `{b}` can meet and nothing says how they combine",
            look.at("earn", b, "multiply"),
            f"`{a}` with `{b}`{more}",
            "`combine: {multipliers: additive}`, `multiplicative` or `max`",
            _three_readings(look.p.earn[a], look.p.earn[b]),
        )


def _three_readings(a: Rule, b: Rule) -> str:
    one, other = a.multiply or 1, b.multiply or 1
    return f"{one} × and {other} × make {one + other - 1} × (additive), {one * other} × (multiplicative) or {max(one, other)} × (max)"


def _tier_rates(look: Look) -> None:
    """Two rates that read the tier pay both, or one: `override` speaks only of a tier rate and the base."""
    if look.p.combine.tier_and_base == "stack":
        return
    names = look.rules(lambda r: r.is_rate and any(leaf.field == "tier" for leaf in leaves(r.when)))
    for a, b in look.meeting(names, by_line=True):
        into = {look.p.earn[n].into or look.p.main_wallet for n in (a, b)}
        if len(into) == 1 and not look.exclusive((a, b), stackable_too=True):
            hint = "let their conditions exclude each other, put them into a group, or say `combine: {tier_and_base: stack}` to pay both"
            look.reading.report(
                "E-TIER-RATES-MEET",
                f"`{a}` and `{b}` both read the tier and can meet",
                look.at("earn", b, "points"),
                f"`{a}` with `{b}`",
                "one rate for each tier",
                hint,
            )


def _groups(look: Look) -> None:
    seen: dict[str, str] = {}
    for id_, group in look.p.combine.groups.items():
        path = ("combine", "groups", id_, "members")
        for n, name in enumerate(group.members):
            look.known_at("rule", name, tuple(look.p.earn), *path, n)
            if seen.setdefault(name, id_) != id_:
                look.reading.report(
                    "E-TWO-GROUPS", f"`{name}` stands in two groups", look.value_at(*path, n), f"`{name}`, also in `{seen[name]}`", "one group a rule"
                )
        if group.choose != "stackable" and all(name in look.p.earn for name in group.members):
            _choice(look, id_, group)


def _choice(look: Look, id_: str, group: Group) -> None:
    """An exclusive group has something to choose from, and by priority it can choose."""
    pairs = list(look.meeting(group.members, by_line=group.scope == "line"))
    if not pairs:
        look.reading.report(
            "W-GROUP",
            f"no two rules of `{id_}` can meet",
            look.at("combine", "groups", id_),
            hint="the group never has a choice to make; leave it out",
        )
    if group.choose != "by_priority":
        return
    for a, b in pairs:
        one, other = look.p.earn[a].priority, look.p.earn[b].priority
        if one == other:
            hint = "the lower number goes first"
            look.reading.report(
                "E-NO-PRIORITY",
                f"`{a}` and `{b}` can meet and have the same priority",
                look.at("earn", b),
                f"{one} and {other}",
                "a `priority` for each",
                hint,
            )
            return
