"""The schema set: every version of every record that was ever sent, with the id it is known by on the wire.

`schemas/*.avsc` are what people read and change, one record a file. `schemas/ids.json` is what was promised: an entry for each
version, which is never changed and never removed, so that old messages are read for ever.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any, TypeAlias
from uuid import UUID

from fastavro.schema import fingerprint, parse_schema, to_parsing_canonical_form

HERE = Path(__file__).resolve().parent
FOLDER = HERE.parents[1] / "schemas"
"""The folder of the sources; an installed package has only `ids.json`, beside this file."""
IDS = "ids.json"
Reference: TypeAlias = int | UUID
"""How a message names its schema: by an id, or by a GUID, which only a registry gives."""
FINGERPRINT = "CRC-64-AVRO"


@dataclass(frozen=True)
class Registered:
    """One version of a record. `schema` is self-contained, without documentation; `version` counts from 1."""

    id: int
    name: str
    version: int
    schema: Mapping[str, Any] = field(repr=False)

    @cached_property
    def parsed(self) -> dict[str, Any]:
        """For encoding and decoding: without logical types, so that instants stay the integers they are."""
        parsed = parse_schema(without(self.schema, "logicalType"))
        assert isinstance(parsed, dict)
        return parsed

    @cached_property
    def fingerprint(self) -> str:
        """CRC-64-AVRO of the parsing canonical form, in hexadecimal."""
        return fingerprint(canonical(self.schema), FINGERPRINT)


@dataclass(frozen=True)
class SchemaSet:
    """All versions, by id; the newest of each record, by full name."""

    entries: tuple[Registered, ...]

    @cached_property
    def by_id(self) -> dict[int, Registered]:
        return {e.id: e for e in self.entries}

    @cached_property
    def latest(self) -> dict[str, Registered]:
        return {e.name: e for e in sorted(self.entries, key=lambda e: e.version)}

    def find(self, reference: Reference) -> Registered | None:
        """The version that a message names by its id; a set has no GUIDs."""
        return self.by_id.get(reference) if isinstance(reference, int) else None

    def versions(self, name: str) -> list[Registered]:
        """The versions of a record, the oldest first."""
        return sorted((e for e in self.entries if e.name == name), key=lambda e: e.version)


@cache
def standard() -> SchemaSet:
    """The committed schema set."""
    beside = HERE / IDS
    return load(beside if beside.exists() else FOLDER / IDS)


def load(path: Path) -> SchemaSet:
    """A schema set from a file. Raises ValueError where its entries contradict each other or their fingerprints."""
    rows = json.loads(path.read_text("utf-8"))
    found = SchemaSet(tuple(Registered(r["id"], r["name"], r["version"], r["schema"]) for r in rows))
    if len(found.by_id) != len(rows):
        raise ValueError(f"{path.name}: an id stands twice")
    for name in found.latest:
        if [e.version for e in found.versions(name)] != list(range(1, len(found.versions(name)) + 1)):
            raise ValueError(f"{path.name}: versions of {name} from 1, without gaps")
    for entry, row in zip(found.entries, rows, strict=True):
        if entry.fingerprint != row["fingerprint"] or full_name(entry.schema) != entry.name:
            raise ValueError(f"{path.name}: entry {entry.id} is not the schema it was registered as")
    return found


def dump(schemas: SchemaSet) -> str:
    """The file of a schema set: one version a line."""
    rows = [
        json.dumps({"id": e.id, "name": e.name, "version": e.version, "fingerprint": e.fingerprint, "schema": e.schema}, ensure_ascii=False)
        for e in schemas.entries
    ]
    return "[\n" + ",\n".join(rows) + "\n]\n"


def register(schemas: SchemaSet, sources: Iterable[Mapping[str, Any]]) -> SchemaSet:
    """The set with a next version of each source that differs from its newest; what is registered already stays as it is."""
    entries = list(schemas.entries)
    for source in sources:
        name, schema = full_name(source), without(source, "doc")
        newest = schemas.latest.get(name)
        if newest is None or newest.schema != schema:
            entries.append(Registered(len(entries) + 1, name, newest.version + 1 if newest else 1, schema))
    return SchemaSet(tuple(entries))


def sources(folder: Path = FOLDER) -> dict[str, dict[str, Any]]:
    """The records of a folder by full name, as they stand in their files: parts are named, not written out."""
    found = (json.loads(path.read_text("utf-8")) for path in sorted(folder.glob("*.avsc")))
    return {full_name(schema): schema for schema in found}


def messages(files: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The records that travel by themselves, written out: those that are no part of another, by name."""
    used = {name for schema in files.values() for name in _names(schema["fields"], schema["namespace"])}
    return [written_out(files[name], files) for name in sorted(files) if name not in used]


def written_out(schema: Mapping[str, Any], files: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """A record with the records that it names put in where each is named first. Raises ValueError for one that contains itself."""
    out = _write_out(schema, files, schema["namespace"], set(), ())
    assert isinstance(out, dict)
    return out


def _write_out(node: Any, files: Mapping[str, Any], space: str, done: set[str], inside: tuple[str, ...]) -> Any:
    if isinstance(node, str) and f"{space}.{node}" in files:
        name = f"{space}.{node}"
        if name in inside:
            raise ValueError(f"{name} contains itself")
        return node if name in done else _write_out(files[name], files, space, done, inside)
    if isinstance(node, list):
        return [_write_out(x, files, space, done, inside) for x in node]
    if not isinstance(node, Mapping):
        return node
    if node.get("type") == "record":
        done.add(full_name(node))
        inside = (*inside, full_name(node))
    return {k: _write_out(v, files, space, done, inside) if k in ("type", "items", "fields") else v for k, v in node.items()}


def _names(node: Any, space: str) -> set[str]:
    """Full names of all types that a part of a schema names."""
    if isinstance(node, str):
        return {f"{space}.{node}"}
    parts = node if isinstance(node, list) else [node[k] for k in ("type", "items") if k in node]
    return {name for part in parts for name in _names(part, space)}


def full_name(schema: Mapping[str, Any]) -> str:
    return f"{schema['namespace']}.{schema['name']}"


def canonical(schema: Mapping[str, Any]) -> str:
    """Avro's parsing canonical form: what two schemas that read and write the same bytes have in common."""
    return to_parsing_canonical_form(without(schema, "logicalType"))


def without(node: Any, key: str) -> Any:
    """A schema without a property; `{"type": "long"}`, which is then left of a logical type, is `"long"`."""
    if isinstance(node, list):
        return [without(x, key) for x in node]
    if not isinstance(node, Mapping):
        return node
    kept = {k: without(v, key) if k in ("type", "items", "fields") else v for k, v in node.items() if k != key}
    return kept["type"] if set(kept) == {"type"} else kept
