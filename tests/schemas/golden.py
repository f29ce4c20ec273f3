"""The golden records: `schemas/golden/NAME.vN.json` says what a record is, as Avro's JSON and as a fact, `.hex` which bytes it is.

Both were written once, the values by hand and the bytes by Avro's reference implementation; a version that was ever sent keeps its own.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loyalty_streams.codec import LEDGER_ENTRY, Message, standard
from loyalty_streams.codec.schemas import FOLDER, Registered
from loyalty_streams.core.codes import AttrKind, FactKind, LineKind, Outcome, Reason
from loyalty_streams.core.facts import Attribute, Fact, Line

GOLDEN = FOLDER / "golden"
ENUMS = {"kind": FactKind, "outcome": Outcome, "refuse": Reason}


@dataclass(frozen=True)
class Golden:
    schema: Registered
    record: dict[str, Any]
    data: bytes
    message: Message | None

    @property
    def label(self) -> str:
        return f"{self.schema.name} v{self.schema.version}"


def of_version(schema: Registered) -> Golden:
    path = GOLDEN / f"{schema.name.rpartition('.')[2]}.v{schema.version}.json"
    body = json.loads(path.read_text("utf-8"))
    data = bytes.fromhex(path.with_suffix(".hex").read_text("ascii"))
    message = None if schema.name == LEDGER_ENTRY else Message(fact_of(body["fact"]), body["revision"], body["currency"])
    return Golden(schema, body["record"], data, message)


def fact_of(body: dict[str, Any]) -> Fact:
    """The fact that a golden file tells of; columns left out are the defaults."""
    given: dict[str, Any] = {name: ENUMS[name][value] if name in ENUMS else value for name, value in body.items()}
    lines = tuple(Line(**{**line, "kind": LineKind[line["kind"]]}) for line in body.get("lines", ()))
    attributes = tuple(Attribute(name, AttrKind[kind], value) for name, kind, value in body.get("attributes", ()))
    return Fact(**{**given, "lines": lines, "attributes": attributes})


def all_golden() -> list[Golden]:
    return [of_version(schema) for schema in standard().entries]


def files() -> set[str]:
    return {path.name for path in Path(GOLDEN).iterdir()}
