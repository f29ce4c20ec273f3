"""The JSON Schema of the language, generated from the models: what editors complete and check while a programme is written.

It describes the form; what depends on several places (names, overlaps, exact money) is checked by `load`.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from pydantic.json_schema import models_json_schema

from loyalty_streams.programme.conditions import condition_schemas
from loyalty_streams.programme.lifecycle import Stage
from loyalty_streams.programme.models import Programme
from loyalty_streams.programme.section import Section
from loyalty_streams.programme.wallets import Pending

TITLE = "loyalty programme"
_PARTS: tuple[type[Section], ...] = (Programme, Pending, Stage)


def programme_schema() -> dict[str, Any]:
    """The schema of one programme file (draft 2020-12)."""
    _, whole = models_json_schema([(part, "validation") for part in _PARTS], by_alias=True)
    definitions = {**whole["$defs"], **condition_schemas()}
    root = _tidy(definitions.pop("Programme"))
    definitions = _reachable(root, {n: _tidy(d) for n, d in definitions.items()})
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": TITLE}
    return {**head, **{k: v for k, v in root.items() if k != "title"}, "$defs": definitions}


def schema_text() -> str:
    """The schema as committed: `schemas/programme.schema.json`."""
    return json.dumps(programme_schema(), indent=2, ensure_ascii=False) + "\n"


def write_schema(path: Path) -> None:
    path.write_text(schema_text(), encoding="utf-8")


def _reachable(root: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    """The definitions that the root refers to, directly or through others, by name."""
    found: set[str] = set()
    ahead = [root]
    while ahead:
        for name in re.findall(r'"#/\$defs/(\w+)"', json.dumps(ahead.pop())):
            if name not in found:
                found.add(name)
                ahead.append(definitions[name])
    return {name: definitions[name] for name in sorted(found)}


def _tidy(node: Any) -> Any:
    """References by name made real; made titles and null alternatives left out, for a programme has no nulls; defaults kept where they are plain."""
    if isinstance(node, list):
        return [_tidy(v) for v in node]
    if not isinstance(node, dict):
        return node
    if "x-ref" in node:
        return {"$ref": f"#/$defs/{node['x-ref']}", **{k: _tidy(v) for k, v in node.items() if k == "description"}}
    out = {k: _tidy(v) for k, v in node.items() if not _is_made_title(k, v) and k != "default"}
    if _is_plain(node):
        out["default"] = node["default"]
    options = out.get("anyOf")
    if isinstance(options, list):
        kept = [o for o in options if o != {"type": "null"}]
        if len(kept) == 1:
            return {**{k: v for k, v in out.items() if k != "anyOf"}, **kept[0]}
        out["anyOf"] = kept
    return out


def _is_made_title(key: str, value: Any) -> bool:
    """Pydantic gives titles of its own, which begin with a capital; ours name a kind of value."""
    return key == "title" and isinstance(value, str) and not value.islower()


def _is_plain(node: dict[str, Any]) -> bool:
    """Whether the default of a field is the text, number or truth value that a programme would write."""
    default, kind = node.get("default"), node.get("type")
    return isinstance(default, {"string": str, "boolean": bool, "integer": int}.get(str(kind), ()))
