"""The base of every section: a frozen model read from a mapping of nodes, that refuses what it does not know."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, ValidationInfo, model_validator

from loyalty_streams.programme.nodes import Mapping
from loyalty_streams.programme.reading import Reading, mapping_of, nearest, reading_of, words


class Section(BaseModel):
    """One mapping of the language. `not_yet`: fields that a later release builds, refused by name."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True, json_schema_serialization_defaults_required=False)
    not_yet: ClassVar[dict[str, str]] = {}

    @classmethod
    def field_names(cls) -> tuple[str, ...]:
        """The fields as they are written in a programme."""
        return tuple(f.alias or name for name, f in cls.model_fields.items())

    @classmethod
    def check_shape(cls, node: Mapping, reading: Reading) -> None:
        """Rules about which fields stand together; overridden by sections that have some."""

    @model_validator(mode="before")
    @classmethod
    def _read_fields(cls, value: Any, info: ValidationInfo) -> Any:
        known = cls.field_names()
        node = mapping_of(value, "a mapping with " + words(known))
        reading = reading_of(info)
        kept: dict[str, Any] = {}
        for key, child in node.pairs():
            if key in cls.not_yet:
                reading.report("NOT_YET", f"`{key}` is not built yet", key, f"`{key}`", words(known), cls.not_yet[key])
            elif key not in known:
                reading.report("E-UNKNOWN-FIELD", f"unknown field `{key}`", key, f"`{key}`", words(known), nearest(key, known))
            else:
                kept[str(key)] = child
        cls.check_shape(node, reading)
        return kept


def exactly_one(node: Mapping, reading: Reading, *names: str) -> None:
    """Of these fields one must stand, and no second one."""
    present = [n for n in names if n in node]
    if not present:
        reading.report("E-MISSING", f"{words(names)} is needed", node, expected=words(names))
    elif len(present) > 1:
        reading.report("E-CONFLICT", f"`{present[0]}` and `{present[1]}` exclude each other", node.key(present[1]), expected=words(names))


def needs(node: Mapping, reading: Reading, name: str, other: str) -> None:
    """`name` means nothing without `other`."""
    if name in node and other not in node:
        reading.report("E-NEEDS", f"`{name}` works only with `{other}`", node.key(name), expected=f"`{other}` beside it")


def excludes(node: Mapping, reading: Reading, name: str, *others: str, why: str) -> None:
    """`name` makes each of the others meaningless."""
    if name in node:
        for other in (o for o in others if o in node):
            reading.report("E-CONFLICT", f"`{other}` has no meaning here: {why}", node.key(other), hint="leave it out")


def word_at(node: Mapping, name: str, default: str = "") -> str:
    """The text of a field where it is text, for checks of shape before values are read."""
    value = node.get(name, default)
    return str(value) if isinstance(value, str) else ""
