"""The reference of the programme language: its fields from the models, its conditions, its codes."""

from __future__ import annotations

import types
from collections.abc import Iterator
from typing import Any, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from loyalty_streams.programme.conditions import FACT_FIELDS, LINE_FIELDS, MEMBER_FIELDS, OPERATORS, OPERATORS_OF
from loyalty_streams.programme.diagnostics import CODES
from loyalty_streams.programme.lifecycle import Stage
from loyalty_streams.programme.models import LATER, Programme
from loyalty_streams.programme.schema import programme_schema
from loyalty_streams.programme.section import Section
from loyalty_streams.programme.story import ACCOUNTS
from loyalty_streams.programme.story_facts import ALLOWED, LINE_KEYS
from loyalty_streams.programme.values import Duration
from tests.docs_tools.parts import replace_part, table

SCALARS = (
    ("duration", "`14 days`, `36 hours`, `2 weeks`, `5 calendar days`, `12 months`, `1 year`, `end of month`",
     "A day is 24 hours, a calendar day keeps the time of day, months are calendar months with the day clipped to the month's end."),
    ("money", "`50.00`, `50`", "Major units of the programme's currency, with no more digits than it has."),
    ("rate", "`1`, `1.2`, `1/3`", "Points, exact."),
    ("multiplier", "`2`, `1.5`, `3/2`", "Exact, never below 1."),
    ("percentage", "`50 %`", "Above 0 and up to 100."),
    ("instant", "`2026-06-19T00:00:00+08:00`, `2026-06-19`", "With an offset; a date alone is the start of that day in `time_zone`."),
    ("id", "`fruit-week`, `双11`", "Letters, digits, `-`, `_` and `.`, at most 64, beginning with a letter or digit."),
    ("label", "`points`, `{zh: 积分, en: points}`", "A text, or a text for each language."),
)  # fmt: skip
KINDS = {
    "code": "text", "money": "money", "number": "whole number", "line_kind": "kind of line", "tier": "tier", "stage": "stage",
    "tags": "text, of several", "birthday": "two distances in days", "attribute": "text, number, date, instant or truth value",
}  # fmt: skip


def page(text: str) -> str:
    parts = {"scalars": scalars(), "fields": fields(), "conditions": conditions(), "stories": stories(), "codes": codes(), "later": later()}
    for name, body in parts.items():
        text = replace_part(text, name, body)
    return text


def scalars() -> str:
    return table(("value", "written", "meaning"), [(f"**{name}**", written, meaning) for name, written, meaning in SCALARS])


def codes() -> str:
    return table(("code", "meaning"), [(f"`{code}`", meaning) for code, meaning in CODES.items()])


def stories() -> str:
    """What a line of a story may be, and the fields it may have beside `member` and `at`."""
    rows = [(f"`{kind}`" if kind else "none of these", ", ".join(f"`{name}`" for name in names)) for kind, names in ALLOWED.items()]
    rows += [("`advance`", ""), ("a line of an order or return", ", ".join(f"`{name}`" for name in LINE_KEYS))]
    return table(("line", "its fields"), rows) + "\n\nAccounts: " + ", ".join(f"`{name}`" for name in ACCOUNTS) + "."


def later() -> str:
    return ", ".join(f"`{name}`" for name in LATER)


def conditions() -> str:
    rows = [
        (f"`{field}`", of, KINDS[kind], "two ends" if kind == "birthday" else ", ".join(f"`{op}`" for op in OPERATORS if op in OPERATORS_OF[kind]))
        for of, fields_of in (("the fact", FACT_FIELDS), ("its lines", LINE_FIELDS), ("the member", MEMBER_FIELDS))
        for field, kind in fields_of.items()
    ]
    rows.append(("`attributes.NAME`", "the fact", KINDS["attribute"], ", ".join(f"`{op}`" for op in OPERATORS)))
    return table(("field", "of", "value", "operators"), rows)


def fields() -> str:
    """A table for each section, the whole programme first, each section after the one that it stands in."""
    return "\n\n".join(section(path, model) for path, model in sections())


def sections() -> Iterator[tuple[str, type[Section]]]:
    """Sections with the place where they first stand, such as `earn.RULE.points`."""
    seen: set[type[Section]] = set()

    def walk(path: str, model: type[Section]) -> Iterator[tuple[str, type[Section]]]:
        if model not in seen:
            seen.add(model)
            yield path, model
            for name, info in model.model_fields.items():
                for step, inner in inside(info.annotation):
                    yield from walk(f"{path}.{info.alias or name}{step}".lstrip("."), inner)

    yield from walk("", Programme)
    yield from walk("lifecycle.STAGE", Stage)


def inside(annotation: Any) -> Iterator[tuple[str, type[Section]]]:
    """The sections that a type holds, each with the step to it: `.ID` for a map, `[]` for a list."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if isinstance(annotation, type) and issubclass(annotation, Section):
        yield "", annotation
    elif origin is dict:
        yield from ((f".{arguments[1].__name__.upper()}{step}", inner) for step, inner in inside(arguments[1]))
    elif origin is tuple:
        yield from ((f"[]{step}", inner) for step, inner in inside(arguments[0]))
    elif origin in (Union, types.UnionType) or hasattr(annotation, "__metadata__"):
        for argument in arguments if origin in (Union, types.UnionType) else arguments[:1]:
            yield from inside(argument)


def section(path: str, model: type[Section]) -> str:
    schema = programme_schema()
    own = schema if model is Programme else schema["$defs"][model.__name__]
    rows = [
        (f"`{alias}`", of, default(info, of), info.description or "")
        for name, info in model.model_fields.items()
        for alias in (info.alias or name,)
        for of in (kind(own["properties"][alias]),)
    ]
    head = f"#### `{path}`" if path else "#### The file"
    return f"{head}\n\n{(model.__doc__ or '').splitlines()[0]}\n\n{table(('field', 'value', 'default', 'meaning'), rows)}"


def default(info: FieldInfo, kind: str) -> str:
    if info.is_required():
        return "**required**"
    value = info.default_factory() if info.default_factory is not None else info.default  # type: ignore[call-arg]
    if value is None or isinstance(value, Section) or value in ((), {}):
        return ""
    return f"`{value} days`" if kind == "days" else f"`{written(value)}`"


def written(value: Any) -> str:
    """A default as a programme would write it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return f"[{', '.join(written(v) for v in value)}]"
    return str(value) if isinstance(value, str | int | Duration) else repr(value)


def kind(schema: dict[str, Any]) -> str:
    """What may stand in a field, in a few words, from its JSON Schema."""
    if "title" in schema:
        return str(schema["title"])
    if "enum" in schema:
        return " or ".join(f"`{word}`" for word in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    if "$ref" in schema:
        return "condition" if schema["$ref"].endswith("Condition") else "section"
    if "anyOf" in schema:
        return alternatives(schema["anyOf"])
    if schema.get("type") == "array":
        return f"list of {plural(kind(schema['items']))}"
    if schema.get("type") == "object":
        return mapping(schema)
    return {"integer": "whole number", "boolean": "`true` or `false`"}.get(str(schema.get("type")), "text")


def alternatives(options: list[dict[str, Any]]) -> str:
    if len(options) == 2 and options[1].get("type") == "array" and options[1].get("items") == options[0]:
        return f"{kind(options[0])}, one or a list"
    return " or ".join(dict.fromkeys(kind(option) for option in options))


def plural(name: str) -> str:
    return {"section": "sections", "condition": "conditions", "id": "ids", "label": "labels", "days": "days"}.get(name, name)


def mapping(schema: dict[str, Any]) -> str:
    """A map from ids, or a mapping of one field."""
    named = schema.get("properties", {})
    if len(named) == 1 and "additionalProperties" in schema and not schema["additionalProperties"]:
        (name,) = named
        return f"`{{{name}: …}}`"
    if "patternProperties" not in schema:
        return "map"
    (value,) = schema["patternProperties"].values()
    return f"map of {plural(kind(value))}"
