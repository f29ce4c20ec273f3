"""Whether two rules can meet: whether one order or event exists for which the conditions of both hold.

A condition becomes a list of terms (disjunctive normal form); a term holds when for each field the sets of values that it allows have
something in common. Values are whole numbers, texts by their codes, so that a set is a row of intervals. Where a condition is too large
to be written out, the answer is that the rules can meet.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from loyalty_streams.core.codes import ABSENT, code_of
from loyalty_streams.programme.conditions import All, AnyOf, Condition, Leaf, Not
from loyalty_streams.programme.earning import Rule

Interval: TypeAlias = tuple[int, int]
Values: TypeAlias = tuple[Interval, ...]
LOW, HIGH = -(1 << 63), 1 << 63
EVERYTHING: Values = ((LOW, HIGH),)
MOST_TERMS = 512
MANY_VALUED = frozenset({"tags", "category", "sku", "kind"})
"""Fields of which a fact has several values at once: its lines and its member's tags."""


@dataclass(frozen=True, slots=True)
class Demand:
    """What a term asks of one field: its value in `values`; with `some`, of several values one; with `every`, all of them."""

    field: Any
    values: Values
    how: str = "value"


Term: TypeAlias = tuple[Demand, ...]


class _TooLargeError(Exception):
    """The condition has more terms than are worth writing out."""


def overlap(a: Rule, b: Rule, places: Mapping[str, int]) -> bool:
    """Whether one fact can meet both rules. `places`: how high each tier stands on its ladder."""
    return a.on == b.on and _valid_together(a, b) and _hold_together((a, b), places)


def share_lines(a: Rule, b: Rule) -> bool:
    """Whether one line of an order can be matched by both rules."""
    try:
        terms = _product([_terms(c, True, "line", None, {}) for c in (a.lines, b.lines) if c is not None])
    except _TooLargeError:
        return True
    return any(_possible(term) for term in terms)


def _valid_together(a: Rule, b: Rule) -> bool:
    starts = [v.valid.from_ for v in (a, b) if v.valid and v.valid.from_ is not None]
    ends = [v.valid.until for v in (a, b) if v.valid and v.valid.until is not None]
    return not starts or not ends or max(starts) < min(ends)


def _hold_together(rules: tuple[Rule, ...], places: Mapping[str, int]) -> bool:
    try:
        terms = _product([_terms(r.when, True, "fact", r.lines, places) for r in rules if r.when is not None])
    except _TooLargeError:
        return True
    return any(_possible(term) for term in terms)


def _terms(condition: Condition, holds: bool, scope: str, lines: Condition | None, places: Mapping[str, int]) -> list[Term]:
    """The ways in which a condition holds (or fails). `scope`: of a fact or of a line; `lines`: those whose quantity `qty` counts."""
    if isinstance(condition, Leaf):
        return [(_demand(condition, holds, scope, lines, places),)]
    if isinstance(condition, Not):
        return _terms(condition.part, not holds, scope, lines, places)
    parts = [_terms(part, holds, scope, lines, places) for part in condition.parts]
    if isinstance(condition, All if holds else AnyOf):
        return _product(parts)
    return [term for terms in parts for term in terms]


def _product(parts: Iterable[list[Term]]) -> list[Term]:
    out: list[Term] = [()]
    for terms in parts:
        if len(out) * len(terms) > MOST_TERMS:
            raise _TooLargeError
        out = [(*one, *other) for one in out for other in terms]
    return out


def _demand(leaf: Leaf, holds: bool, scope: str, lines: Condition | None, places: Mapping[str, int]) -> Demand:
    values = _values(leaf, places)
    if scope == "line" or leaf.field not in MANY_VALUED:
        key = (leaf.field, lines) if leaf.field == "qty" and scope == "fact" else leaf.field
        return Demand(key, values if holds else _without(values))
    if leaf.field == "tags" and leaf.op in ("ne", "not_in"):
        values, holds = _without(values), not holds
    return Demand(leaf.field, values, "some") if holds else Demand(leaf.field, _without(values), "every")


def _values(leaf: Leaf, places: Mapping[str, int]) -> Values:
    """The values for which a leaf holds."""
    numbers = [v.value if isinstance(v.value, int) else code_of(v.value) for v in leaf.values]
    match leaf.op:
        case "eq" | "in":
            return _points(numbers)
        case "ne" | "not_in":
            return _without(_points(numbers))
        case "exists":
            absent = _points([ABSENT, 0] if leaf.kind == "code" else [ABSENT])
            return _without(absent) if numbers[0] else absent
    if leaf.kind == "tier":
        return _points([code_of(tier) for tier, place in places.items() if _ordered(leaf, place, places)])
    first = numbers[0]
    bounds = {
        "lt": (ABSENT + 1, first - 1),
        "lte": (ABSENT + 1, first),
        "gt": (first + 1, HIGH),
        "gte": (first, HIGH),
        "between": (first, numbers[-1]),
    }
    return (bounds[leaf.op],)


def _ordered(leaf: Leaf, place: int, places: Mapping[str, int]) -> bool:
    """Whether a tier at this place meets `lt`, `gte`, `between` and the like."""
    named = [places.get(str(v.value), -1) for v in leaf.values]
    low, high = named[0], named[-1]
    return {"lt": place < low, "lte": place <= low, "gt": place > low, "gte": place >= low, "between": low <= place <= high}[leaf.op]


def _possible(term: Term) -> bool:
    """Whether the demands of a term can be met at once."""
    common: dict[tuple[Any, bool], Values] = {}
    for demand in (d for d in term if d.how != "some"):
        key = (demand.field, demand.how == "every")
        common[key] = _both(common.get(key, EVERYTHING), demand.values)
        if demand.how == "value" and not common[key]:
            return False
    return all(_both(d.values, common.get((d.field, True), EVERYTHING)) for d in term if d.how == "some")


def _points(numbers: Iterable[int]) -> Values:
    return tuple((n, n) for n in sorted(set(numbers)))


def _without(values: Values) -> Values:
    """Everything else."""
    out, low = [], LOW
    for first, last in values:
        if first > low:
            out.append((low, first - 1))
        low = max(low, last + 1)
    return (*out, (low, HIGH)) if low <= HIGH else tuple(out)


def _both(a: Values, b: Values) -> Values:
    found = ((max(x[0], y[0]), min(x[1], y[1])) for x in a for y in b)
    return tuple(sorted((low, high) for low, high in found if low <= high))
