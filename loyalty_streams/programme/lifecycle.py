"""Stages of life: by how long ago a member bought, and how often."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field, PlainValidator, ValidationInfo, WithJsonSchema

from loyalty_streams.programme.nodes import Mapping, Sequence
from loyalty_streams.programme.reading import Fault, Reading, describe, mapping_of, nearest, reading_of, text_of, words
from loyalty_streams.programme.scalars import ExactSpan, Whole
from loyalty_streams.programme.section import Section
from loyalty_streams.programme.values import parse_name


class Stage(Section):
    """One stage of life: all of its bounds must hold (T196, T197)."""

    first_order_within: ExactSpan | None = Field(None, description="The first order was less than this ago.")
    last_order_within: ExactSpan | None = Field(None, description="The last order was less than this ago.")
    idle: ExactSpan | None = Field(None, description="The last order was this long ago or longer.")
    orders_at_least: Annotated[int, Whole(1)] | None = Field(None, description="Orders not fully returned.")

    @classmethod
    def check_shape(cls, node: Mapping, reading: Reading) -> None:
        if not node:
            reading.report("E-MISSING", "the stage has no bound", node, expected=words(cls.field_names()))


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """Stages by name, and which goes before which."""

    stages: dict[str, Stage]
    precedence: tuple[str, ...]


def _lifecycle(value: Any, info: ValidationInfo) -> Lifecycle:
    node, reading = mapping_of(value, "stages and their `precedence`"), reading_of(info)
    stages: dict[str, Stage] = {}
    for key, child in node.pairs():
        if key == "precedence":
            continue
        if parse_name(key) == "none":
            raise Fault("E-NAME", "`none` is the stage of a member without an order", "`none`", "another name").at(key)
        stages[str(key)] = Stage.model_validate(child, context=info.context)
    return Lifecycle(stages, _precedence(node, stages, reading))


def _precedence(node: Mapping, stages: dict[str, Stage], reading: Reading) -> tuple[str, ...]:
    given = node.get("precedence")
    if given is None:
        if len(stages) > 1:
            reading.report("E-MISSING", "a member has one stage, but nothing says which goes first", node, expected="`precedence: [STAGE, …]`")
        return tuple(stages)
    if not isinstance(given, Sequence):
        raise Fault("E-TYPE", "a list of stages is needed here", describe(given), "a list").at(given)
    out = [str(text_of(v)) for v in given]
    for position, name in enumerate(given):
        if out[position] not in stages:
            reading.report("E-UNKNOWN-NAME", "not a stage", name, describe(name), words(stages), nearest(out[position], stages))
        elif out[position] in out[:position]:
            reading.report("E-CONFLICT", "the stage stands twice", name, describe(name))
    if missing := [s for s in stages if s not in out]:
        reading.report(
            "E-MISSING", "stages without a place in the precedence", node.key("precedence"), expected="also " + ", ".join(f"`{s}`" for s in missing)
        )
    return tuple(out)


LifecycleField = Annotated[
    Lifecycle,
    PlainValidator(_lifecycle),
    WithJsonSchema(
        {
            "type": "object",
            "properties": {"precedence": {"type": "array", "items": {"type": "string"}}},
            "additionalProperties": {"x-ref": "Stage"},
        }
    ),
]
