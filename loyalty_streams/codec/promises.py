"""What a schema must keep before it is registered: nothing that a decoder can be led astray by, and old and new versions read each other.

Facts are history that is folded again, so that the newest schema must read every older one (BACKWARD_TRANSITIVE). The ledger is read by
others too, who follow later, so that any version must read any other (FULL_TRANSITIVE).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import permutations
from typing import Any

import avro.schema
from avro.compatibility import ReaderWriterCompatibilityChecker, SchemaCompatibilityType

from loyalty_streams.codec.schemas import SchemaSet, without

BOTH_WAYS = "loyalty.ledger."
"""Records of this namespace keep FULL_TRANSITIVE, all others BACKWARD_TRANSITIVE."""
WHOLE_NUMBERS = ("int", "long")
FRACTIONS = ("float", "double", "bytes", "fixed")
"""Types that hold fractions, or that `decimal` is written in."""
UNITS = (
    "microseconds since 1970-01-01 UTC", "days since 1970-01-01", "minor units", "hundredths of a percent", "points", "whole units", "number",
    "true:", "whether",
)  # fmt: skip
"""Words of which the documentation of a number or boolean has one."""


def faults(schema: Mapping[str, Any]) -> list[str]:
    """What is wrong with a record, written out or as it stands in its file: one line each, with the path of the field."""
    return list(_faults(schema, schema["name"], ()))


def _faults(node: Any, path: str, inside: tuple[str, ...]) -> Iterator[str]:
    if isinstance(node, list):
        for branch in node:
            yield from _faults(branch, path, inside)
        return
    kind = node["type"] if isinstance(node, Mapping) else node
    if isinstance(kind, Mapping | list):
        yield from _faults(kind, path, inside)
    elif kind in FRACTIONS:
        yield f"{path}: {kind} may hold a fraction"
    elif kind.rpartition(".")[2] in inside:
        yield f"{path}: {kind} contains itself"
    elif kind == "map":
        yield f"{path}: a map has no order of its own"
    elif kind == "array":
        if _empty(node["items"]):
            yield f"{path}: an array of items without bytes, of which a few bytes claim millions"
        else:
            yield from _faults(node["items"], f"{path}[]", inside)
    elif kind == "record":
        if _empty(node):
            yield f"{path}: a record without bytes, which an array may name"
            return
        for x in node["fields"]:
            yield from _faults(x["type"], f"{path}.{x['name']}", (*inside, node["name"]))


def _empty(node: Any) -> bool:
    """Whether a value of this type takes no bytes."""
    kind = node["type"] if isinstance(node, Mapping) else node
    return kind == "null" or (kind == "record" and all(_empty(x["type"]) for x in node["fields"]))


def undocumented(schema: Mapping[str, Any]) -> list[str]:
    """Fields of a source without documentation, and numbers without their unit."""
    found = [] if schema.get("doc") else [schema["name"]]
    for x in schema["fields"]:
        if not x.get("doc") or (_measured(x["type"]) and not any(unit in x["doc"] for unit in UNITS)):
            found.append(f"{schema['name']}.{x['name']}")
    return found


def _measured(node: Any) -> bool:
    if isinstance(node, list):
        return any(_measured(branch) for branch in node)
    kind = node["type"] if isinstance(node, Mapping) else node
    return kind in (*WHOLE_NUMBERS, "boolean")


def reads(reader: Mapping[str, Any], writer: Mapping[str, Any]) -> list[str]:
    """Why one schema does not read what another has written; empty where it does."""
    checker = ReaderWriterCompatibilityChecker()  # type: ignore[no-untyped-call]
    result = checker.get_compatibility(parsed(reader), parsed(writer))
    return [] if result.compatibility is SchemaCompatibilityType.compatible else sorted(result.messages)


def parsed(schema: Mapping[str, Any]) -> avro.schema.Schema:
    """As the reference implementation sees a schema. It takes a logical type into its canonical form, where the specification has none."""
    return avro.schema.parse(json.dumps(without(schema, "logicalType")))


def breaks(versions: Sequence[Mapping[str, Any]], both_ways: bool) -> list[str]:
    """What stands against the newest of some versions, the oldest first; with `both_ways` against any of them."""
    last = len(versions) - 1
    pairs: Iterable[tuple[int, int]] = permutations(range(last + 1), 2) if both_ways else ((last, k) for k in range(last))
    return [f"v{r + 1} does not read v{w + 1}: {why}" for r, w in pairs for why in reads(versions[r], versions[w])]


def broken(schemas: SchemaSet) -> list[str]:
    """Every broken promise of a schema set."""
    found = [f"{e.name} v{e.version}: {fault}" for e in schemas.entries for fault in faults(e.schema)]
    for name in schemas.latest:
        versions = [e.schema for e in schemas.versions(name)]
        found += [f"{name}: {what}" for what in breaks(versions, name.startswith(BOTH_WAYS))]
    return found
