"""What an editor does with the JSON Schema: YAML 1.2 scalars to values, and a check of the words that the schema uses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from loyalty_streams.programme.nodes import Mapping, Node, Sequence, Text

KNOWN = frozenset({
    "$ref", "$schema", "$defs", "title", "description", "examples", "default", "type", "enum", "const", "anyOf", "pattern", "minimum", "maximum",
    "items", "minItems", "maxItems", "properties", "patternProperties", "additionalProperties", "required", "minProperties", "maxProperties",
})  # fmt: skip
TYPES: dict[str, Any] = {"string": str, "integer": int, "number": (int, float), "boolean": bool, "object": dict, "array": list}


def value_of(node: Node) -> Any:
    """A node as YAML 1.2's core schema reads it."""
    if isinstance(node, Mapping):
        return {str(key): value_of(child) for key, child in node.items()}
    if isinstance(node, Sequence):
        return [value_of(child) for child in node]
    assert isinstance(node, Text)
    if node.quoted:
        return str(node)
    if node in ("true", "false"):
        return node == "true"
    if re.fullmatch(r"[-+]?[0-9]+", node):
        return int(node)
    return float(node) if re.fullmatch(r"[-+]?[0-9]+\.[0-9]*", node) else str(node)


def complaints(value: Any, schema: dict[str, Any], whole: dict[str, Any], path: str = "") -> Iterator[str]:
    """Where a value does not fit a schema."""
    assert schema.keys() <= KNOWN, f"a word that this check does not know: {schema.keys() - KNOWN}"
    if "$ref" in schema:
        yield from complaints(value, whole["$defs"][schema["$ref"].removeprefix("#/$defs/")], whole, path)
    if "anyOf" in schema and all(list(complaints(value, option, whole, path)) for option in schema["anyOf"]):
        yield f"{path}: {value!r} fits no alternative"
    kinds = schema.get("type", [])
    if kinds and not any(fits(value, kind) for kind in ([kinds] if isinstance(kinds, str) else kinds)):
        yield f"{path}: {value!r} is not of type {kinds}"
        return
    if ("enum" in schema and value not in schema["enum"]) or ("const" in schema and value != schema["const"]):
        yield f"{path}: {value!r} is not one of the words"
    if isinstance(value, str) and "pattern" in schema and not re.search(schema["pattern"], value):
        yield f"{path}: {value!r} does not match {schema['pattern']}"
    if isinstance(value, int | float) and not schema.get("minimum", value) <= value <= schema.get("maximum", value):
        yield f"{path}: {value} is out of range"
    if isinstance(value, list):
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
            yield f"{path}: {len(value)} items"
        for n, item in enumerate(value):
            yield from complaints(item, schema.get("items", {}), whole, f"{path}[{n}]")
    if isinstance(value, dict):
        yield from fields(value, schema, whole, path)


def fits(value: Any, kind: str) -> bool:
    return isinstance(value, TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool))


def fields(value: dict[str, Any], schema: dict[str, Any], whole: dict[str, Any], path: str) -> Iterator[str]:
    yield from (f"{path}: {name} is missing" for name in schema.get("required", ()) if name not in value)
    if not schema.get("minProperties", 0) <= len(value) <= schema.get("maxProperties", len(value)):
        yield f"{path}: {len(value)} fields"
    for name, child in value.items():
        matching = [s for pattern, s in schema.get("patternProperties", {}).items() if re.search(pattern, name)]
        if name in schema.get("properties", {}):
            matching.append(schema["properties"][name])
        rest = schema.get("additionalProperties", True)
        if not matching and rest is False:
            yield f"{path}: {name} is not known"
        elif not matching and rest is not True:
            matching.append(rest)
        for one in matching:
            yield from complaints(child, one, whole, f"{path}.{name}")
