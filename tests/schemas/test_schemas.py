"""Schemas are promises: documented, without what leads a decoder astray, and read by what comes before and after."""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import fields
from enum import IntEnum
from typing import Any, get_type_hints

import pytest

from loyalty_streams.codec import LEDGER_ENTRY, LedgerEntry, standard
from loyalty_streams.codec.__main__ import main
from loyalty_streams.codec.forms import FORMS, IDENTITY_ACTIONS, LINE_FIELDS, Form, How
from loyalty_streams.codec.promises import breaks, broken, faults, parsed, undocumented
from loyalty_streams.codec.schemas import FOLDER, IDS, Registered, SchemaSet, canonical, dump, load, messages, register, sources, without, written_out
from loyalty_streams.codec.wire import write
from loyalty_streams.core.codes import Action, AttrKind, FactKind, LineKind, Outcome, Status
from loyalty_streams.core.facts import Attribute, Fact, Line

SOURCES = sources()
ENTRIES = standard().entries


def by_label(entry: Registered) -> str:
    return f"{entry.name} v{entry.version}"


# ---- documentation and traps ----


@pytest.mark.parametrize("name", SOURCES)
def test_every_field_says_what_it_is_and_every_number_in_what_unit(name: str) -> None:
    assert undocumented(SOURCES[name]) == []


@pytest.mark.parametrize("name", SOURCES)
def test_a_file_holds_one_record_of_its_name(name: str) -> None:
    short = name.rpartition(".")[2]
    assert json.loads((FOLDER / f"{short}.avsc").read_text("utf-8"))["type"] == "record"
    assert SOURCES[name]["namespace"] in ("loyalty.facts", "loyalty.ledger")


@pytest.mark.parametrize("entry", ENTRIES, ids=by_label)
def test_no_schema_leads_a_decoder_astray(entry: Registered) -> None:
    assert faults(entry.schema) == []


def record(*types: Any, name: str = "R") -> dict[str, Any]:
    return {"type": "record", "namespace": "a", "name": name, "fields": [{"name": f"f{i}", "type": t} for i, t in enumerate(types)]}


@pytest.mark.parametrize(
    "kind",
    [
        "double", "float", ["null", "double"], {"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 2},
        {"type": "fixed", "name": "F", "size": 8}, {"type": "map", "values": "long"}, {"type": "array", "items": "null"},
        {"type": "array", "items": record(name="Empty")}, {"type": "array", "items": record(record(name="Inner"), name="Outer")},
        record(name="Named"), {"type": "array", "items": record("double", name="Deep")}, ["null", "R"], {"type": "array", "items": "a.R"},
    ],
    ids=str,
)  # fmt: skip
def test_a_type_that_leads_a_decoder_astray_is_seen(kind: Any) -> None:
    """Fractions, decimals whose precision nobody checks, items without bytes, records in themselves."""
    assert len(faults(record("long", kind))) == 1


def test_sources_that_contain_each_other_are_refused() -> None:
    files = {"a.A": record("B", name="A"), "a.B": record("A", name="B")}
    with pytest.raises(ValueError, match="contains itself"):
        written_out(files["a.A"], files)


def test_a_number_without_its_unit_is_seen() -> None:
    text = {"name": "text", "type": "string", "doc": "y"}
    bare = {"name": "R", "doc": "x", "fields": [{"name": "points", "type": "long", "doc": "how many"}, text]}
    assert undocumented(bare) == ["R.points"]
    assert undocumented({**bare, "fields": [{"name": "n", "type": ["null", "long"]}]}) == ["R.n"]


@pytest.mark.parametrize("entry", ENTRIES, ids=by_label)
def test_every_default_can_be_written(entry: Registered) -> None:
    """A producer that leaves out what has a default writes what the default says."""
    blank = {"string": "", "long": 0, "int": 0, "boolean": False}
    shortest = {f["name"]: f["default"] if "default" in f else _some(f["type"], blank) for f in entry.schema["fields"]}
    assert write(entry, shortest)


def _some(kind: Any, blank: dict[str, Any]) -> Any:
    if isinstance(kind, dict):
        return kind["symbols"][0] if kind["type"] == "enum" else blank[kind["type"]]
    return blank[kind]


# ---- ids ----


def test_what_people_read_is_what_is_registered() -> None:
    """After a change run `python -m loyalty_streams.codec register`: it gives a next version, and never changes one."""
    assert {name: e.schema for name, e in standard().latest.items()} == {
        f"{s['namespace']}.{s['name']}": without(s, "doc") for s in messages(SOURCES)
    }


def test_parts_do_not_travel_by_themselves() -> None:
    assert SOURCES.keys() - standard().latest.keys() == {"loyalty.facts.OrderLine", "loyalty.facts.Attribute"}


def test_the_file_of_ids_is_what_the_set_writes() -> None:
    assert (FOLDER / IDS).read_text("utf-8") == dump(standard())


@pytest.mark.parametrize("entry", ENTRIES, ids=by_label)
def test_both_implementations_have_one_canonical_form_and_fingerprint(entry: Registered) -> None:
    reference = parsed(entry.schema)
    assert reference.canonical_form == canonical(entry.schema)
    assert reference.fingerprint().hex() == entry.fingerprint


def test_the_fingerprint_of_the_specification_is_found() -> None:
    """The specification's own vector: CRC-64-AVRO of `"int"` is 0x7275d51a3f395c8f, written lowest byte first."""
    from fastavro.schema import fingerprint

    assert fingerprint('"int"', "CRC-64-AVRO") == bytes.fromhex("7275d51a3f395c8f")[::-1].hex()


def test_registering_again_changes_nothing() -> None:
    assert register(standard(), messages(SOURCES)) == standard()


def test_a_changed_record_becomes_a_next_version_with_a_next_id() -> None:
    changed = deepcopy(messages(SOURCES))
    changed[0]["fields"].append({"name": "more", "type": "string", "default": "", "doc": "x"})
    found = register(standard(), changed)
    assert found.entries[:-1] == ENTRIES
    assert (found.entries[-1].id, found.entries[-1].version) == (len(ENTRIES) + 1, 2)
    assert broken(found) == []


def test_a_change_of_words_alone_is_no_version() -> None:
    changed = deepcopy(messages(SOURCES))
    changed[0]["doc"] = "said better"
    assert register(standard(), changed) == standard()


@pytest.mark.parametrize(
    "harm",
    [
        lambda rows: rows[0]["schema"]["fields"].pop(),
        lambda rows: rows[0].update(fingerprint="0" * 16),
        lambda rows: rows[1].update(id=rows[0]["id"]),
        lambda rows: rows[0].update(version=2),
        lambda rows: rows[0].update(name=rows[1]["name"]),
    ],
    ids=["a field gone", "another fingerprint", "an id twice", "a version missing", "another name"],
)
def test_a_file_of_ids_that_was_tampered_with_is_refused(harm: Any, tmp_path: Any) -> None:
    rows = json.loads((FOLDER / IDS).read_text("utf-8"))
    harm(rows)
    path = tmp_path / IDS
    path.write_text(json.dumps(rows), "utf-8")
    with pytest.raises(ValueError, match=IDS):
        load(path)


# ---- evolution ----


def test_every_version_is_read_by_the_newest_and_of_the_ledger_by_all() -> None:
    """BACKWARD_TRANSITIVE for facts, FULL_TRANSITIVE for the ledger, over all versions that were ever registered."""
    assert broken(standard()) == []


def changed(name: str, change: Any) -> list[str]:
    """What stands against a next version of a record."""
    old = standard().latest[name]
    schema = deepcopy(dict(old.schema))
    change(schema["fields"])
    return broken(SchemaSet((*ENTRIES, Registered(len(ENTRIES) + 1, name, old.version + 1, schema))))


def drop(field: str) -> Any:
    return lambda found: found.remove(next(f for f in found if f["name"] == field))


def add(field: str, kind: Any, **more: Any) -> Any:
    return lambda found: found.append({"name": field, "type": kind, **more})


def retype(field: str, kind: Any) -> Any:
    return lambda found: next(f for f in found if f["name"] == field).update(type=kind)


ORDER = "loyalty.facts.OrderCompleted"
KEPT = {
    "a fact gains a field with a default": (ORDER, add("till", "string", default="")),
    "a fact loses a field": (ORDER, drop("store")),
    "a fact's number grows": (ORDER, retype("revision", "long")),
    "an entry gains a field with a default": (LEDGER_ENTRY, add("note", "string", default="")),
    "an entry loses a field that has a default": (LEDGER_ENTRY, drop("reason")),
}
BROKEN = {
    "a fact gains a field without a default": (ORDER, add("till", "string")),
    "a fact's number becomes a text": (ORDER, retype("amount_minor", "string")),
    "a fact's number shrinks": (ORDER, retype("amount_minor", "int")),
    "a fact's null is gone": (ORDER, retype("tax_minor", "long")),
    "a line loses a kind": (ORDER, lambda f: f[6]["type"]["items"]["fields"][5]["type"]["symbols"].remove("REWARD")),
    "an entry loses a field without a default": (LEDGER_ENTRY, drop("points")),
    "an entry's number grows, which older readers cannot hold": (LEDGER_ENTRY, retype("lot_n", "long")),
    "an entry gains a field without a default": (LEDGER_ENTRY, add("note", "string")),
}


@pytest.mark.parametrize(("name", "change"), KEPT.values(), ids=KEPT.keys())
def test_a_change_that_keeps_the_promise_is_taken(name: str, change: Any) -> None:
    assert changed(name, change) == []


@pytest.mark.parametrize(("name", "change"), BROKEN.values(), ids=BROKEN.keys())
def test_a_change_that_breaks_the_promise_is_refused(name: str, change: Any) -> None:
    assert len(changed(name, change)) >= 1


def test_a_field_dropped_and_brought_back_as_something_else_breaks_what_is_older() -> None:
    """Each version reads the one before it; only over all versions is the break seen."""
    versions = [record("long"), record(), {**record(), "fields": [{"name": "f0", "type": "string", "default": ""}]}]
    assert breaks(versions[:2], both_ways=False) == [] and breaks(versions[1:], both_ways=False) == []
    assert breaks(versions, both_ways=False) != []


def test_a_source_that_breaks_a_promise_is_not_registered(tmp_path: Any, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    for path in FOLDER.glob("*.avsc"):
        (tmp_path / path.name).write_text(path.read_text("utf-8").replace('"amount_minor", "type": "long"', '"amount_minor", "type": "double"'))
    (tmp_path / IDS).write_text((FOLDER / IDS).read_text("utf-8"))
    monkeypatch.setattr("loyalty_streams.codec.__main__.FOLDER", tmp_path)
    monkeypatch.setattr("loyalty_streams.codec.__main__.sources", lambda: sources(tmp_path))
    assert main(["register"]) == 1
    assert "amount_minor: double may hold a fraction" in capsys.readouterr().err
    assert (tmp_path / IDS).read_text("utf-8") == dump(standard())


# ---- each dataclass equals its schema ----

AVRO_TYPES: dict[Any, Any] = {int: ("int", "long"), str: ("string",), int | None: (["null", "long"],)}


def types(schema: Any) -> dict[str, Any]:
    return {f["name"]: f["type"] for f in without(schema, "logicalType")["fields"]}


def symbols(kind: type[IntEnum]) -> list[str]:
    return [member.name for member in kind]


def test_the_ledger_entry_is_its_schema_field_for_field_in_order() -> None:
    hints, schema = get_type_hints(LedgerEntry), types(SOURCES[LEDGER_ENTRY])
    assert [f.name for f in fields(LedgerEntry)] == list(schema)
    assert all(schema[name] in AVRO_TYPES[hint] for name, hint in hints.items())


def test_a_line_is_its_schema() -> None:
    schema, hints = types(SOURCES["loyalty.facts.OrderLine"]), get_type_hints(Line)
    assert list(LINE_FIELDS) == list(schema)
    assert set(LINE_FIELDS.values()) == {f.name for f in fields(Line)}
    assert schema["kind"]["symbols"] == symbols(LineKind)
    assert all(schema[wire] in AVRO_TYPES[hints[column]] for wire, column in LINE_FIELDS.items() if column != "kind")
    defaults = {f["name"]: f.get("default") for f in SOURCES["loyalty.facts.OrderLine"]["fields"]}
    assert [(defaults[wire]) for wire in ("sku", "category", "qty", "kind", "tax_minor")] == ["", "", 1, "GOODS", 0]
    assert Line(1, 2) == Line(1, 2, "", "", 1, LineKind.GOODS, 0)


def test_an_attribute_is_its_schema() -> None:
    schema = types(SOURCES["loyalty.facts.Attribute"])
    assert list(schema) == [f.name for f in fields(Attribute)]
    assert schema["kind"]["symbols"] == symbols(AttrKind)
    assert schema["value"] == ["long", "string"]


BY_HOW = {
    How.ARRIVAL: ["null", "long"], How.REASON: "string", How.TEXT: "string", How.MAYBE: ["null", "long"], How.TRUTH: ["null", "boolean"],
    How.DATE: ["null", "int"], How.LINES: {"type": "array", "items": "OrderLine"},
}  # fmt: skip
BY_NAMES = {
    How.OUTCOME: symbols(Outcome), How.STATUS: symbols(Status), How.ADJUSTMENT: symbols(Action), How.ACTION: [a.upper() for a in IDENTITY_ACTIONS],
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS, ids=lambda f: f.name)
def test_a_fact_is_its_schema(form: Form) -> None:
    """Every field carries a column, an attribute, or what travels beside the fact, in the type that it has there."""
    schema, hints = types(SOURCES[form.full_name]), get_type_hints(Fact)
    carried = {**{wire: how for wire, (_, how) in form.columns.items()}, **{wire: named.how for wire, named in form.attributes.items()}}
    besides = {form.chosen_by} - {""} | ({"attributes"} if form.open else set()) | ({"tags"} if form.tags else set())
    besides |= {"revision", "currency"} if form.order else set()
    assert schema.keys() == carried.keys() | besides
    for wire, how in carried.items():
        assert _fits(schema[wire], how, hints.get(form.columns.get(wire, ("", how))[0])), wire


def _fits(kind: Any, how: How, hint: Any) -> bool:
    if how == How.PLAIN:
        return kind in AVRO_TYPES[hint]
    if how in BY_NAMES:
        branch = kind[1] if isinstance(kind, list) else kind
        return bool(branch["symbols"] == BY_NAMES[how])
    return bool(kind == BY_HOW[how])


def test_every_column_of_a_fact_has_a_field_in_some_record() -> None:
    carried = {column for form in FORMS for column, _ in form.columns.values()}
    assert carried | {"kind", "attributes"} == {f.name for f in fields(Fact)}


def test_the_steps_of_a_redemption_are_its_kinds() -> None:
    form = next(f for f in FORMS if f.name == "RedemptionRequested")
    assert types(SOURCES[form.full_name])["action"]["symbols"] == list(form.kinds) == [FactKind(k).name for k in range(9, 15)]


def test_every_record_of_facts_is_registered_and_no_other() -> None:
    assert {form.full_name for form in FORMS} | {LEDGER_ENTRY} == standard().latest.keys()
