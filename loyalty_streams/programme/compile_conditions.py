"""Conditions as rows that each say where to go when they hold and when not, and the words that explain a row which failed."""

from __future__ import annotations

from collections.abc import Sequence

from loyalty_streams.core.codes import ABSENT, AttrKind
from loyalty_streams.core.kernel.records import IN, NOT_IN, NOT_RANGE, NOT_TAGGED, PASS, RANGE, TAGGED, width_of, word_of
from loyalty_streams.core.programme import ConditionText
from loyalty_streams.programme.compile_tables import Tables, fill
from loyalty_streams.programme.conditions import ORDERED, All, AnyOf, Condition, Leaf, Literal, Not
from loyalty_streams.programme.models import Programme
from loyalty_streams.programme.nodes import Mark

FAIL = -2
"""The target of a tree that fails. A row writes it as -2 - row: it names itself."""
LOWEST, HIGHEST = ABSENT + 1, (1 << 63) - 1
PLACES = {
    "channel": word_of("fact", "channel"), "store": word_of("fact", "store"), "type": word_of("fact", "type"), "amount": word_of("fact", "amount"),
    "qty": word_of("fact", "units"), "birthday_window": word_of("fact", "birthday_distance"), "enrolled_days": word_of("fact", "enrolled_days"),
    "tier": word_of("head", "tier"), "stage": word_of("head", "stage"), "customer_type": word_of("head", "customer_type"),
    "region": word_of("head", "region"), "orders_before": word_of("head", "orders"), "tags": word_of("tags", "tag"),
}  # fmt: skip
"""The word of the workspace that holds a field of the fact or of the member."""
LINE_PLACES = {name: word_of("basket", name) for name in ("sku", "category", "kind", "qty", "amount")}
ANY_LINE = ("sku", "category", "kind")
"""Fields that in a rule's `when` hold where any line has them; `qty` and `amount` are there those of the order (S10)."""
UNITS = {"tags": "code", "birthday": "number"}
ATTRIBUTE_UNITS = {AttrKind.NUMBER: "scaled", AttrKind.TEXT: "code", AttrKind.FLAG: "flag"}
DENIED = {
    "eq": "ne", "ne": "eq", "in": "not_in", "not_in": "in", "lt": "gte", "gte": "lt", "gt": "lte", "lte": "gt", "between": "not_between",
    "exists": "exists",
}  # fmt: skip
"""How an operator under `not` is told: `needs ne app`, not `needs not eq app`."""


def condition(t: Tables, tree: Condition | None, of_line: bool = False) -> int:
    """The first row of a condition, PASS for none. `of_line`: it judges single lines of a basket."""
    return PASS if tree is None else _emit(t, tree, PASS, FAIL, False, of_line)


def any_line(t: Tables, trees: Sequence[Condition], none: int) -> int:
    """The first row of the condition that a line meets when it meets one of several; `none` where there are none."""
    return condition(t, AnyOf(tuple(trees)), of_line=True) if trees else none


def filter_mask(t: Tables, tree: Condition | None) -> int:
    """The mask of the lines that a rule applies to: bit 0, and the bit of its filter. Equal filters share a bit."""
    if tree is None:
        return 1
    if tree not in t.filters:
        bit = t.room("filters", len(t.filters) + 1)
        t.record["filters"][bit] = condition(t, tree, of_line=True)
        t.filters[tree] = bit
    return 1 | 1 << t.filters[tree]


def _emit(t: Tables, tree: Condition, then: int, orelse: int, denied: bool, of_line: bool) -> int:
    """Rows for a tree, given where to go from it; -> its first row. Later parts are written first, so that earlier ones know them."""
    if isinstance(tree, Not):
        return _emit(t, tree.part, then, orelse, not denied, of_line)
    if isinstance(tree, Leaf):
        return _row(t, tree, then, orelse, denied, of_line)
    every = isinstance(tree, All) != denied
    first = _emit(t, tree.parts[-1], then, orelse, denied, of_line)
    for part in reversed(tree.parts[:-1]):
        first = _emit(t, part, first, orelse, denied, of_line) if every else _emit(t, part, then, first, denied, of_line)
    return first


def _row(t: Tables, leaf: Leaf, then: int, orelse: int, denied: bool, of_line: bool) -> int:
    index = len(t.texts)
    row = t.row("conditions", index)
    at, stride = _place(t, leaf, of_line)
    op, lo, hi = _operator(t, leaf)
    holds, fails = (orelse, then) if denied else (then, orelse)
    own = {FAIL: -2 - index}
    fill(row, at=at, stride=stride, op=op, lo=lo, hi=hi, then=own.get(holds, holds), orelse=own.get(fails, fails))
    t.texts.append(_text(leaf, denied))
    return index


def _place(t: Tables, leaf: Leaf, of_line: bool) -> tuple[int, int]:
    """The word that a leaf looks at, and its stride: the width of a line, or 0."""
    name = leaf.field
    if name in LINE_PLACES and (of_line or name in ANY_LINE):
        return LINE_PLACES[name], width_of("basket")
    if name in PLACES:
        return PLACES[name], 0
    return word_of("attr") + _attribute_slot(t, name.removeprefix("attributes."), leaf.mark) * width_of("attr"), 0


def _attribute_slot(t: Tables, name: str, mark: Mark) -> int:
    """The place in the workspace of an attribute of the fact that conditions read."""
    if name not in t.attributes:
        slot = t.room("attributes", len(t.attributes))
        t.record["attributes"][slot] = t.attribute(name, mark)
        t.attributes[name] = slot
    return t.attributes[name]


def _operator(t: Tables, leaf: Leaf) -> tuple[int, int, int]:
    """The operator of a row, with the lowest and highest value, or with the place of its set."""
    if leaf.op == "exists":
        return _exists(leaf)
    if leaf.kind == "tier" and leaf.op in ORDERED:
        return IN, *t.add_set(_tiers_within(t, leaf))
    inside = leaf.op in ("eq", "in")
    if leaf.kind == "tags":
        return (TAGGED if inside else NOT_TAGGED), *t.add_set(_wanted(t, leaf))
    if leaf.op in ORDERED:
        return RANGE, *_range(leaf.op, [_value(t, leaf, v) for v in leaf.values])
    wanted = _wanted(t, leaf)
    if len(wanted) == 1:
        return (RANGE if inside else NOT_RANGE), wanted[0], wanted[0]
    return (IN if inside else NOT_IN), *t.add_set(wanted)


def _exists(leaf: Leaf) -> tuple[int, int, int]:
    """An absent text is the code 0, an absent attribute is ABSENT."""
    absent = ABSENT if leaf.kind == "attribute" else 0
    return (NOT_RANGE if leaf.values[0].value else RANGE), absent, absent


def _range(op: str, values: Sequence[int]) -> tuple[int, int]:
    """The lowest and the highest value for which an ordered operator holds; an absent value is below all."""
    match op:
        case "lt":
            return LOWEST, values[0] - 1
        case "lte":
            return LOWEST, values[0]
        case "gt":
            return values[0] + 1, HIGHEST
        case "gte":
            return values[0], HIGHEST
    return values[0], values[1]


def _wanted(t: Tables, leaf: Leaf) -> list[int]:
    """The values of a leaf, each once; the empty text is left out, for nothing equals it."""
    return sorted({_value(t, leaf, v) for v in leaf.values if v.value != ""})


def _value(t: Tables, leaf: Leaf, literal: Literal) -> int:
    """A literal as the word holds it."""
    if isinstance(literal.value, int):
        return literal.value
    if leaf.kind == "tier":
        return t.number("tiers", literal.value)
    if leaf.kind == "stage":
        return -1 if literal.value == "none" else t.number("stages", literal.value)
    return t.code(literal.value, leaf.mark)


def _tiers_within(t: Tables, leaf: Leaf) -> list[int]:
    """The tiers that stand on their ladder where an ordered operator wants them."""
    places = tier_places(t.programme)
    low, high = _range(leaf.op, [places[str(v.value)] for v in leaf.values])
    return sorted(t.number("tiers", name) for name, place in places.items() if low <= place <= high)


def tier_places(programme: Programme) -> dict[str, int]:
    """How high each tier stands on its ladder; on the main one where it stands on several."""
    out: dict[str, int] = {}
    if programme.tiers:
        for ladder in (programme.tiers.ladder, *(other.ladder for other in programme.tiers.ladders)):
            for place, rung in enumerate(ladder):
                out.setdefault(rung.tier, place)
    return out


def _text(leaf: Leaf, denied: bool) -> ConditionText:
    """The words of a row: `FIELD ACTUAL, needs OP EXPECTED`."""
    expected = ", ".join(v.text for v in leaf.values)
    if denied and leaf.op == "exists":
        expected = "false" if expected == "true" else "true"
    unit = UNITS.get(leaf.kind, leaf.kind)
    if leaf.kind == "attribute":
        unit = ATTRIBUTE_UNITS.get(leaf.values[0].kind or AttrKind.TEXT, "number")
    return ConditionText(leaf.field, DENIED[leaf.op] if denied else leaf.op, expected, unit)
