"""The generated part of docs/guide/facts.md: every record with its fields, from `schemas/*.avsc`, and the codes of refusals."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from loyalty_streams.codec import CODES, LEDGER_ENTRY
from loyalty_streams.codec.forms import FORMS, SPACE
from loyalty_streams.codec.schemas import FOLDER, sources

PAGE = FOLDER.parent / "docs" / "guide" / "facts.md"
BEGIN, END = "<!-- generated: facts -->", "<!-- end of generated: facts -->"
WORDS = {"timestamp-micros": "instant", "date": "date"}


def facts_page() -> str:
    """The tables, in Markdown: records in the order of the families, then their parts, then ledger entries and codes."""
    schemas = sources()
    records = [form.full_name for form in FORMS] + [f"{SPACE}.OrderLine", f"{SPACE}.Attribute", LEDGER_ENTRY]
    return "\n".join([*(_record(schemas[name]) for name in records), _codes()])


def _record(schema: dict[str, Any]) -> str:
    rows = [f"| `{f['name']}` | {_type(f['type'])} | {_default(f)} | {_cell(f['doc'])} |" for f in schema["fields"]]
    head = [f"### {schema['name']}", "", schema["doc"], "", "| field | type | default | what it is |", "|---|---|---|---|"]
    return "\n".join([*head, *rows, ""])


def _type(kind: Any) -> str:
    if isinstance(kind, list):
        return " or ".join(_type(branch) for branch in kind)
    if isinstance(kind, str):
        return kind
    if kind["type"] == "array":
        return f"list of {_type(kind['items'])}"
    if kind["type"] == "enum":
        return ", ".join(f"`{symbol}`" for symbol in kind["symbols"])
    return WORDS[kind["logicalType"]]


def _default(field: dict[str, Any]) -> str:
    return f"`{json.dumps(field['default'])}`" if "default" in field else "required"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _codes() -> str:
    rows = [f"| `{code}` | {_cell(meaning)} |" for code, meaning in CODES.items()]
    return "\n".join(["### Why a message is refused", "", "| code | meaning |", "|---|---|", *rows, ""])


def part_of(text: str) -> str:
    """What stands between the marks of a page."""
    return text.partition(BEGIN)[2].partition(END)[0].strip() + "\n"


def write(path: Path = PAGE) -> None:
    """Puts the generated part between the marks of the page."""
    before, _, rest = path.read_text("utf-8").partition(BEGIN)
    path.write_text(f"{before}{BEGIN}\n\n{facts_page()}\n{END}{rest.partition(END)[2]}", "utf-8")


if __name__ == "__main__":
    write()
