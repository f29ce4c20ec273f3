"""Conditions: `field: value`, `field: [a, b]`, `field: {op: value}`, joined by `all`, `any`, `not`."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from loyalty_streams.core.codes import DAY, AttrKind
from loyalty_streams.core.facts import Fact, Line
from tests.oracle.calendar import birthday_in, local_date
from tests.oracle.model import Member
from tests.oracle.programme import Version, listed, same_text

LINE_FIELDS = ("sku", "category", "kind")
MICRO = 1_000_000


@dataclass
class Scene:
    """What a condition may look at. `qty_lines`: the lines whose quantity `qty` means; `supposing`: fields taken to
    hold (S17)."""

    m: Member
    v: Version
    tier: str
    fact: Fact | None = None
    lines: list[Line] = field(default_factory=list)
    qty_lines: list[Line] = field(default_factory=list)
    supposing: tuple[str, ...] = ()


def holds(tree: Any, scene: Scene) -> bool:
    """Whether a condition of a rule holds; no condition holds always."""
    return _tree(tree, lambda name, op, values: _leaf(name, op, values, scene))


def holds_for_line(tree: Any, line: Line, v: Version) -> bool:
    """Whether a condition on lines holds for one line."""
    return _tree(tree, lambda name, op, values: _line_leaf(name, op, values, line, v))


def holds_for_member(tree: Any, m: Member, v: Version) -> bool:
    return holds(tree, Scene(m, v, m.tier))


def fields_of(tree: Any) -> set[str]:
    """The fields that a condition reads."""
    out: set[str] = set()
    for key, value in (tree or {}).items():
        if key in ("all", "any"):
            out |= {name for part in value for name in fields_of(part)}
        else:
            out |= fields_of(value) if key == "not" else {key}
    return out


def _tree(tree: Any, leaf: Callable[[str, str, list[str]], bool]) -> bool:
    def member(key: str, value: Any) -> bool:
        if key == "all":
            return all(_tree(part, leaf) for part in value)
        if key == "any":
            return any(_tree(part, leaf) for part in value)
        if key == "not":
            return not _tree(value, leaf)
        if key == "birthday_window":
            return leaf(key, "between", value)
        if isinstance(value, dict):
            return all(leaf(key, op, listed(operand)) for op, operand in value.items())
        return leaf(key, "in", listed(value))

    return all(member(key, value) for key, value in (tree or {}).items())


def _leaf(name: str, op: str, values: list[str], scene: Scene) -> bool:
    m, v, fact = scene.m, scene.v, scene.fact
    if name in scene.supposing:
        return True
    if name in LINE_FIELDS:
        return any(_line_leaf(name, op, values, line, v) for line in scene.lines)
    if name == "qty":
        return compare(sum(x.qty for x in scene.qty_lines), op, [int(x) for x in values])
    if name == "amount":
        return compare(fact.amount if fact else None, op, [v.money(x) for x in values])
    if name in ("channel", "store", "type"):
        return compare_text(getattr(fact, name) if fact else "", op, values)
    if name in ("region", "customer_type"):
        return compare_text(getattr(m, name), op, values)
    if name == "tier":
        return _tier_leaf(op, values, scene)
    if name == "stage":
        return compare_text(m.stage, op, values)
    if name == "tags":
        met = any(same_text(tag, x) for tag in m.tags for x in values)
        return bool(m.tags) == (values[0] == "true") if op == "exists" else met == (op in ("eq", "in"))
    if name == "birthday_window":
        return _birthday_leaf(values, scene)
    if name == "orders_before":
        return compare(m.order_count, op, [int(x) for x in values])
    if name == "enrolled_days":
        return compare((m.when - m.enrolled_at) // DAY, op, [int(x) for x in values])
    return _attribute_leaf(name.removeprefix("attributes."), op, values, scene)


def _line_leaf(name: str, op: str, values: list[str], line: Line, v: Version) -> bool:
    if name == "qty":
        return compare(line.qty, op, [int(x) for x in values])
    if name == "amount":
        return compare(line.amount, op, [v.money(x) for x in values])
    return compare_text(line.kind.name.lower() if name == "kind" else getattr(line, name), op, values)


def _tier_leaf(op: str, values: list[str], scene: Scene) -> bool:
    if op in ("eq", "in", "ne", "not_in"):
        return compare_text(scene.tier, op, values)
    places = ladder_places(scene.v)
    if scene.tier not in places:
        return False
    return compare(places[scene.tier], op, [places[x] for x in values])


def ladder_places(v: Version) -> dict[str, int]:
    """How high each tier stands on its ladder."""
    ladders = [v.tiers.get("ladder") or {}, *(x["ladder"] for x in listed(v.tiers.get("ladders")))]
    out: dict[str, int] = {}
    for ladder in ladders:
        for place, tier in enumerate(ladder):
            out.setdefault(tier, place)
    return out


def _birthday_leaf(values: list[str], scene: Scene) -> bool:
    if scene.m.birthday is None:
        return False
    low, high = (int(re.match(r"[+-]?\d+", x)[0]) * (7 if "week" in x else 1) for x in values)  # type: ignore[index]
    today: date = local_date(scene.m.when, scene.v.zone)
    for year in (today.year - 1, today.year, today.year + 1):
        day = birthday_in(year, *scene.m.birthday)
        if day + timedelta(days=low) <= today <= day + timedelta(days=high):
            return True
    return False


def _attribute_leaf(name: str, op: str, values: list[str], scene: Scene) -> bool:
    found = next((a for a in scene.fact.attributes if a.name == name), None) if scene.fact else None
    if op == "exists":
        return (found is not None) == (values[0] == "true")
    if found is None:
        return op in ("ne", "not_in")
    if isinstance(found.value, str):
        return compare_text(found.value, op, values)
    return compare(found.value, op, [attribute_literal(x, scene.v) for x in values])


def attribute_literal(text: str, v: Version) -> int | None:
    """A number times 10^6, a truth value, a day number or an instant; None for text."""
    if text in ("true", "false"):
        return int(text == "true")
    if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        return (date.fromisoformat(text) - date(1970, 1, 1)).days
    if re.match(r"\d{4}-\d\d-\d\dT", text):
        return v.instant(text)
    return int(Fraction(text) * MICRO) if re.fullmatch(r"-?\d+(\.\d+)?", text) else None


def compare_text(actual: str, op: str, values: list[str]) -> bool:
    """An absent text (empty) meets only the operators that deny."""
    if op == "exists":
        return bool(actual) == (values[0] == "true")
    met = bool(actual) and any(same_text(actual, x) for x in values)
    return met if op in ("eq", "in") else not met


def compare(actual: int | None, op: str, values: list[Any]) -> bool:
    if actual is None:
        return op in ("ne", "not_in")
    if op in ("eq", "in"):
        return actual in values
    if op in ("ne", "not_in"):
        return actual not in values
    if op == "between":
        return bool(values[0] <= actual <= values[1])
    return bool({"lt": actual < values[0], "lte": actual <= values[0], "gt": actual > values[0], "gte": actual >= values[0]}[op])


__all__ = ["AttrKind", "Scene", "compare", "fields_of", "holds", "holds_for_line", "holds_for_member", "ladder_places"]
