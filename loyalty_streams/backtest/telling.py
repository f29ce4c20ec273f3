"""A plan as people read it in a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from zoneinfo import ZoneInfo

from loyalty_streams.backtest.plan import Pair, Plan
from loyalty_streams.programme.diff import SIGNS, Change
from loyalty_streams.reports.instants import day_text
from loyalty_streams.reports.words import say

WIDEST = 76
"""Columns that a changed rule takes before its place."""


def heads(plan: Plan) -> list[str]:
    """What was compared, over what, and what it comes to: a line each, its name first."""
    return [*_changed(plan), _affects(plan), *_in_force(plan), _replayed(plan), _members(plan), _points(plan), _tiers(plan)]


def closing(plan: Plan) -> str:
    return say("plan.fixed", plan.asked.lang)


def rules_line(rules: int, passed: int, failed: int) -> str:
    """How many rules a candidate has, and how its stories ended."""
    read = f"✓ {_count(rules, 'rule')} parsed"
    if failed:
        return f"{read}   ✗ {failed} of {_count(passed + failed, 'rule test')} failed"
    return f"{read}   ✓ {_count(passed, 'rule test')} passed" if passed else f"{read}   - no rule tests stand beside it"


def _count(n: int, what: str) -> str:
    return f"{n:,} {what}{'' if n == 1 else 's'}"


def _line(name: str, text: str) -> str:
    return f"{name:<10}{text}"


def _changed(plan: Plan) -> list[str]:
    rules = plan.rules
    one, other = rules.before.programme, rules.after.programme
    title = f"{one.programme} version {one.version} → {other.programme} version {other.version}"
    if not rules.changes:
        return [_line("Changed", f"{title}: nothing differs")]
    return [_line("Changed", f"{title}: {rules.classified}, declared {rules.declared}"), *(_change(c) for c in rules.changes)]


def _change(c: Change) -> str:
    value = f"{c.before} → {c.after}" if c.kind == "changed" else c.before or c.after
    text = f"{SIGNS[c.kind]} {c.name}: {value}"
    text = text if len(text) <= WIDEST else f"{text[: WIDEST - 1]}…"
    return f"{'':10}{text:<{WIDEST}}  {c.place}".rstrip()


def _affects(plan: Plan) -> str:
    found = [f"{theme} of {n:,}" for theme, n in plan.comparison.affected().items() if n]
    return _line("Affects", " · ".join(found) + " members" if found else "nobody")


def _in_force(plan: Plan) -> list[str]:
    candidate = plan.contenders[1]
    place = ZoneInfo(candidate.compiled.time_zone)
    own = candidate.loaded.programme.effective_from
    written = "" if own is None else f", whatever its effective_from {day_text(own, place)}"
    if plan.asked.effective:
        text = f"from its effective_from {day_text(own, place)}" if own is not None else "from the first fact, as it says itself"
    elif plan.asked.since is not None:
        text = f"from {day_text(plan.asked.since, place)}{written}; what was in force before stays"
    else:
        text = f"from the first fact{written}"
    return [_line("In force", text)]


def _replayed(plan: Plan) -> str:
    h, zone = plan.history, ZoneInfo(plan.contenders[0].compiled.time_zone)
    head = plan.header()
    hashes = " → ".join(head["programmes"][side]["rules_hash"] for side in ("before", "after"))
    days = f"{day_text(h.first, zone)} … {day_text(h.as_of, zone)}"
    told = f"{_count(h.facts, 'fact')} · {_count(len(plan.comparison.persons), 'member')} · {days}"
    return _line("Replayed", told) + "\n" + _line("By", f"rules {hashes} · code {head['code_version']}")


def _members(plan: Plan) -> str:
    counts, everybody = plan.comparison.counts(), len(plan.comparison.persons)
    share = _share(counts["changed"], everybody)
    return _line("Members", f"{counts['changed']:,} changed ({share})   {counts['gain']:,} gain · {counts['lose']:,} lose")


def _points(plan: Plan) -> str:
    issued, held, worth = plan.points("issued"), plan.outstanding(), plan.liability()
    parts = [f"issued {_signed(issued)}", f"outstanding {_signed(held)}"]
    if worth.delta is not None:
        parts.append(f"liability ≈ {plan.currency} {money(worth.delta, plan.contenders[0].compiled.minor_digits)}")
    return _line("Points", "   ".join(parts))


def _tiers(plan: Plan) -> str:
    order = list(plan.tier_counts()[0])
    moves = plan.comparison.tier_moves()
    up = sum(n for a, b, n in moves if order.index(b) > order.index(a))
    down = sum(n for *_, n in moves) - up
    short = plan.comparison.infeasible_counts()
    told = f"↑{up:,}  ↓{down:,}        infeasible redemptions {short['redemptions']:,}"
    told += f", {short['points_short']:,} points short" if short["redemptions"] else ""
    lines = [_line("Tiers", told)]
    lines += [f"{'':10}{a} → {b}: {_count(n, 'member')}" for a, b, n in moves]
    for tier, earlier, later, days in plan.comparison.tier_shifts():
        lines.append(f"{'':10}{tier} reached earlier by {earlier:,}, later by {later:,}; the median shift is {days:+,} days")
    return "\n".join(lines)


def _signed(pair: Pair) -> str:
    delta = pair.delta or 0
    return f"{delta:+,} ({_percent(delta, pair.before)})" if pair.before else f"{delta:+,}"


def _percent(part: int, whole: int | None) -> str:
    tenths = round(Fraction(1000 * part, whole)) if whole else 0
    return f"{'+' if tenths >= 0 else '-'}{abs(tenths) // 10}.{abs(tenths) % 10} %"


def _share(part: int, whole: int) -> str:
    return _percent(part, whole).removeprefix("+")


def money(minor: int, digits: int) -> str:
    """A change of money in units of the currency, its sign always there."""
    sign, minor = "-" if minor < 0 else "+", abs(minor)
    whole, rest = divmod(minor, 10**digits)
    return f"{sign}{whole:,}.{rest:0{digits}}" if digits else f"{sign}{whole:,}"


def member_rows(plan: Plan) -> tuple[list[Sequence[object]], str]:
    """The members who change most, and how many of all these are."""
    rows = plan.most_changed()
    cells: list[Sequence[object]] = [
        (f"  {r['member_id']}", r["before"], r["after"], f"{r['delta']:+,}",
         r["tier_after"] if r["tier_before"] == r["tier_after"] else f"{r['tier_before']} → {r['tier_after']}", r["why"])
        for r in rows
    ]  # fmt: skip
    return cells, f"  …  {len(rows):,} of {plan.comparison.counts()['changed']:,} shown"
