"""What a programme decides, as plain values: two texts with the same meaning compile to the same tables.

Labels, descriptions, comments, the order of rules, and defaults written out are no part of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, TypeAlias

from loyalty_streams.programme.conditions import Leaf
from loyalty_streams.programme.models import Programme
from loyalty_streams.programme.section import Section

Meaning: TypeAlias = Any
COSMETIC = frozenset({"label", "labels", "description"})
HEAD = frozenset({"version", "effective_from", "change"})
"""Fields that say which version this is and from when it judges, not how."""
SAME = {"eq": "in", "ne": "not_in"}
ASSUMED = {"multipliers": "additive", "tier_and_base": "override"}
"""What the engine takes where `combine` may be silent."""


def meaning(programme: Programme) -> dict[str, Meaning]:
    """Everything that can move a point, a tier or a stage, by the names of the language."""
    return {name: value for name, value in _section(programme).items() if name not in HEAD}


def at(value: Meaning, path: Sequence[str | int]) -> Meaning:
    """The part of a meaning at a path, or of its nearest ancestor that has a meaning of its own; None for what never has any."""
    for step in path:
        if isinstance(value, Mapping):
            if step not in value:
                return None if step in COSMETIC else value
            value = value[step]
        elif isinstance(value, tuple) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            return value
    return value


def _section(section: Section) -> dict[str, Meaning]:
    model = type(section).model_fields
    return {(info.alias or name): _value(getattr(section, name), name) for name, info in model.items() if name not in COSMETIC}


def _value(value: Any, name: str = "") -> Meaning:
    if value is None:
        return ASSUMED.get(name)
    if isinstance(value, Section):
        return _section(value)
    if isinstance(value, Leaf):
        return (value.field, SAME.get(value.op, value.op), _values(value))
    if is_dataclass(value):
        return {f.name: _value(getattr(value, f.name)) for f in fields(value) if f.compare and f.name not in COSMETIC}
    if isinstance(value, Mapping):
        return {str(key): _value(part) for key, part in value.items()}
    if isinstance(value, tuple):
        parts = tuple(_value(part) for part in value)
        # Lists of names and days are sets, except the precedence of stages, which is a field of a dataclass.
        return tuple(sorted(parts)) if name and parts and isinstance(parts[0], str | int) else parts
    return value


def _values(leaf: Leaf) -> Meaning:
    read = [(literal.kind, literal.value) for literal in leaf.values]
    return tuple(read) if leaf.op == "between" else tuple(sorted(set(read), key=str))
