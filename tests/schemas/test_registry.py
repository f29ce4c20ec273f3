"""Schemas that a registry knows: what is asked of it, what a no is and what is none, and what of a stranger's schema is read."""

from __future__ import annotations

import asyncio
import json
import urllib.error
import urllib.request
from collections.abc import Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import pytest

from loyalty_streams.codec import LEDGER_ENTRY, Message, WireError, open_fact, resolving, seal_fact, standard
from loyalty_streams.codec import registry as registries
from loyalty_streams.codec.__main__ import main
from loyalty_streams.codec.registry import CODES, FileRegistry, HttpRegistry, RegistryError, compatibility
from loyalty_streams.codec.resolving import FOREIGN, TRIES, Resolver, admitted
from loyalty_streams.codec.schemas import Registered, SchemaSet
from loyalty_streams.codec.wire import SCHEMA_HEADER, frame, unframe, write
from loyalty_streams.core.codes import FactKind
from loyalty_streams.core.facts import Fact
from tests.schemas.registry_double import Double, served, slow

T = TypeVar("T")
CONTRACT = json.loads(Path(__file__).with_name("registry_contract.json").read_text("utf-8"))
TICK = "loyalty.facts.ClockTicked"
MESSAGE = Message(Fact(FactKind.TICK, "", "tick/1", at=1))
NEWEST = standard().latest[TICK]
FIELDS = NEWEST.schema["fields"]


@pytest.fixture
def double() -> Double:
    return Double()


@pytest.fixture
def url(double: Double) -> Iterator[str]:
    with served(double) as address:
        yield address


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolving, "PAUSE", 0.001)


def asked(url: str, question: Callable[[HttpRegistry], Coroutine[Any, Any, T]], **known: str) -> T:
    async def ask() -> T:
        async with HttpRegistry(url, **known) as registry:
            return await question(registry)

    return asyncio.run(ask())


def refusal(url: str, question: Callable[[HttpRegistry], Coroutine[Any, Any, Any]], **known: str) -> RegistryError:
    with pytest.raises(RegistryError) as refused:
        asked(url, question, **known)
    assert refused.value.code in CODES
    return refused.value


# ---- the contract ----


def test_the_double_answers_as_the_contract_says(double: Double, url: str) -> None:
    """`registry_contract.json` can be held against any registry: its rows are questions in order, `$id` and `$guid` are what it gave,
    and a schema is in whatever order and spacing it keeps."""
    names: dict[str, Any] = {}
    for row in CONTRACT:
        method, path, body = row["ask"]
        for name, value in names.items():
            path = path.replace(name, str(value))
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url + path, data, {"Content-Type": registries.TYPE}, method=method)
        try:
            with urllib.request.urlopen(request) as response:
                status, answer = response.status, json.load(response)
        except urllib.error.HTTPError as error:
            status, answer = error.code, json.load(error)
        assert status == row["status"], row["what"]
        for key, expected in row["answer"].items():
            if isinstance(expected, str) and expected.startswith("$"):
                expected = names.setdefault(expected, answer[key])  # noqa: PLW2901
            same = json.loads(answer[key]) == json.loads(expected) if key == "schema" else answer[key] == expected
            assert same, row["what"]


def test_what_we_ask_is_what_the_contract_has(double: Double, url: str) -> None:
    async def work(registry: HttpRegistry) -> None:
        await registry.publish(standard())
        await registry.ids(standard())
        await registry.schema(100)
        await registry.schema(UUID(double.guid(100)))

    asked(url, work)

    def kind(method: str, path: str) -> tuple[str, ...]:
        parts = path.strip("/").split("/")
        return (method, parts[0], *(("guids",) if "guids" in parts else ()), *(("versions",) if "versions" in parts else ()))

    assert {kind(*question) for question in double.asked} <= {kind(*row["ask"][:2]) for row in CONTRACT}


# ---- our own versions ----


def test_what_a_registry_lacks_is_registered_oldest_first_and_once(double: Double, url: str) -> None:
    assert len(asked(url, lambda r: r.missing(standard()))) == len(standard().entries)
    assert refusal(url, lambda r: r.ids(standard())).code == "SCHEMA_MISSING"
    asked(url, lambda r: r.publish(standard()))
    before = dict(double.schemas)
    asked(url, lambda r: r.publish(standard()))
    assert double.schemas == before and asked(url, lambda r: r.missing(standard())) == ()
    versions = [json.loads(double.schemas[k]) for k in double.subjects[LEDGER_ENTRY]]
    assert versions == [e.schema for e in standard().versions(LEDGER_ENTRY)]


def test_a_registry_is_told_what_must_hold_between_versions(double: Double, url: str) -> None:
    asked(url, lambda r: r.publish(standard()))
    assert double.levels == {name: compatibility(name) for name in standard().latest}
    assert (compatibility(LEDGER_ENTRY), compatibility(TICK)) == ("FULL_TRANSITIVE", "BACKWARD_TRANSITIVE")


def test_messages_are_written_under_the_ids_of_the_registry(double: Double, url: str) -> None:
    double.first_id = 7_000
    asked(url, lambda r: r.publish(standard()))
    ours = asked(url, lambda r: r.ids(standard()))
    sealed = seal_fact(MESSAGE, ours)
    assert json.loads(double.schemas[int.from_bytes(sealed[1:5], "big")]) == NEWEST.schema
    assert int.from_bytes(sealed[1:5], "big") >= 7_000
    assert open_fact(sealed, ours) == MESSAGE


def test_a_version_that_the_registry_has_no_use_for_is_named(double: Double, url: str) -> None:
    double.subjects[TICK] = [double.put(text({"name": "key", "type": "long"}))]
    refused = refusal(url, lambda r: r.publish(standard()))
    assert (refused.code, refused.place) == ("SCHEMA_INCOMPATIBLE", TICK)


def test_the_committed_file_is_a_registry_that_needs_no_server() -> None:
    async def work() -> None:
        registry = FileRegistry()
        assert await registry.ids(standard()) is standard() and await registry.missing(standard()) == ()
        assert await registry.schema(NEWEST.id) == NEWEST.schema
        assert await registry.schema(999_999) is None and await registry.schema(UUID(int=1)) is None
        more = SchemaSet((*standard().entries, Registered(999, TICK, NEWEST.version + 1, NEWEST.schema)))
        with pytest.raises(RegistryError) as lacking:
            await registry.ids(more)
        assert (lacking.value.code, lacking.value.place) == ("SCHEMA_MISSING", TICK)

    asyncio.run(work())


# ---- a no, and what is none ----


def test_a_registry_that_has_no_such_schema_says_so(url: str) -> None:
    assert asked(url, lambda r: r.schema(1)) is None
    assert asked(url, lambda r: r.schema(UUID(int=1))) is None


@pytest.mark.parametrize(
    "ill",
    [
        (500, {"error_code": 50001, "message": "Error in the backend datastore"}), (503, b""), (429, {}), (404, b"<html>not here</html>"),
        (404, {"error_code": 404, "message": "HTTP 404 Not Found"}), (302, {}), b"", b"[]", b"<html>", b'{"id": 1}', b'{"schema": 1}',
        b"[" * 5_000, b"x" * (registries.LARGEST_ANSWER + 1), (204, b""),
    ],
    ids=["500", "503", "429", "page 404", "other 404", "redirect", "empty", "list", "page", "no schema", "no text", "deep", "large", "204"],
)  # fmt: skip
def test_an_answer_that_is_no_registrys_is_never_a_no(double: Double, url: str, ill: Any) -> None:
    """The partition waits for the registry; nothing becomes a dead letter for it."""
    double.put(text())
    double.ill = lambda: ill
    refused = refusal(url, lambda r: r.schema(100))
    assert (refused.code, refused.place) == ("REGISTRY_DOWN", url)


def test_a_registry_that_does_not_answer_or_is_slow_is_down(double: Double, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registries, "PATIENCE", 0.3)
    double.ill = slow  # type: ignore[assignment]
    assert refusal(url, lambda r: r.schema(100)).code == "REGISTRY_DOWN"
    assert refusal("http://127.0.0.1:9", lambda r: r.schema(100)).code == "REGISTRY_DOWN"


def test_a_registry_that_wants_to_know_us_is_told_and_no_password_is_shown(double: Double, url: str) -> None:
    double.known = "ann:ann-secret"
    refused = refusal(url, lambda r: r.schema(1), user="ann", password="wrong-secret")
    assert refused.code == "REGISTRY_FORBIDDEN" and "wrong-secret" not in str(refused) + refused.place
    assert asked(url, lambda r: r.schema(1), user="ann", password="ann-secret") is None


@pytest.mark.parametrize("wrong", ["registry:8081", "ftp://registry", "http://ann:secret@registry", "http://a b"])
def test_an_address_that_is_none_is_refused_and_its_password_not_shown(wrong: str) -> None:
    with pytest.raises(RegistryError) as refused:
        HttpRegistry(wrong)
    assert (refused.value.code, refused.value.usage) == ("BAD_REGISTRY", True)
    assert "secret" not in str(refused.value) + refused.value.place


# ---- what messages name ----


def text(*fields: Mapping[str, Any], name: str = "ClockTicked") -> str:
    return json.dumps({"type": "record", "namespace": "loyalty.facts", "name": name, "fields": list(fields or FIELDS)})


@dataclass
class Told:
    """A registry that says one thing after another."""

    answers: list[Mapping[str, Any] | Exception | None]
    asked: int = 0

    async def schema(self, reference: int | UUID) -> Mapping[str, Any] | None:
        answer = self.answers[min(self.asked, len(self.answers) - 1)]
        self.asked += 1
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def missing(self, schemas: SchemaSet) -> tuple[Registered, ...]:
        return ()

    async def ids(self, schemas: SchemaSet) -> SchemaSet:
        return schemas


def learnt(registry: Told, *references: int | UUID, again: int = 1) -> Resolver:
    async def learn() -> Resolver:
        known = Resolver(registry, standard())
        for _ in range(again):
            await known.learn(references)
        return known

    return asyncio.run(learn())


def test_a_guid_in_a_header_or_in_the_frame_names_a_schema_as_an_id_does(double: Double, url: str) -> None:
    asked(url, lambda r: r.publish(standard()))
    known = double.subjects[TICK][-1]
    record, guid, number = seal_fact(MESSAGE)[5:], UUID(double.guid(known)).bytes, known.to_bytes(4, "big")
    ways: list[tuple[bytes, list[tuple[str, bytes | None]]]] = [
        (b"\x00" + number + record, []),
        (b"\x01" + guid + record, []),
        (record, [(SCHEMA_HEADER, b"\x01" + guid)]),
        (record, [("ce_id", b"1"), (SCHEMA_HEADER, b"\x00" + number)]),
    ]

    async def work(registry: HttpRegistry) -> None:
        resolver = Resolver(registry, await registry.ids(standard()))
        await resolver.learn([unframe(data, headers)[0] for data, headers in ways])
        for data, headers in ways:
            assert open_fact(data, resolver, headers=headers) == MESSAGE

    asked(url, work)


@pytest.mark.parametrize(
    "headers",
    [
        [(SCHEMA_HEADER, b"")], [(SCHEMA_HEADER, None)], [(SCHEMA_HEADER, b"\x00\x00\x00\x01")], [(SCHEMA_HEADER, b"\x00\x00\x00\x00\x01\x00")],
        [(SCHEMA_HEADER, b"\x02" + bytes(16))], [(SCHEMA_HEADER, b"\x01" + bytes(15))], [(SCHEMA_HEADER, b"\x01" + bytes(16))] * 2,
    ],
)  # fmt: skip
def test_a_header_that_names_no_schema_or_two_is_refused_and_never_guessed(headers: list[tuple[str, bytes | None]]) -> None:
    with pytest.raises(WireError) as refused:
        open_fact(seal_fact(MESSAGE), headers=headers)
    assert refused.value.code == "BAD_FRAME"


def test_a_guid_is_unknown_to_the_committed_set() -> None:
    for data, headers in ((b"\x01" + bytes(16) + b"record", []), (b"record", [(SCHEMA_HEADER, b"\x01" + bytes(16))])):
        with pytest.raises(WireError) as refused:
            open_fact(data, headers=headers)
        assert refused.value.code == "SCHEMA_UNKNOWN"


def test_a_schema_that_is_known_is_never_asked_for() -> None:
    registry = Told([RegistryError("REGISTRY_DOWN", "", "")])
    assert learnt(registry, NEWEST.id).find(NEWEST.id) == NEWEST and registry.asked == 0


def test_a_no_is_asked_for_a_few_times_and_then_stands_for_a_while() -> None:
    """One of several servers may not have heard of a new schema yet."""
    registry = Told([None])
    assert learnt(registry, 500, again=3).find(500) is None
    assert registry.asked == TRIES


def test_a_schema_that_a_registry_knows_after_all_is_read() -> None:
    registry = Told([None, NEWEST.schema])
    assert learnt(registry, 500).find(500) == NEWEST


def test_while_the_registry_is_down_nothing_is_refused_and_later_it_is_read() -> None:
    registry = Told([RegistryError("REGISTRY_DOWN", "down", "there"), NEWEST.schema])

    async def work() -> None:
        known = Resolver(registry, standard())
        with pytest.raises(RegistryError):
            await known.learn([500])
        await known.learn([500])
        assert open_fact(frame(500, seal_fact(MESSAGE)[5:]), known) == MESSAGE

    asyncio.run(work())


def test_what_is_kept_of_either_answer_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolving, "MOST", 3)
    known = learnt(Told([NEWEST.schema]), *range(500, 510))
    assert [k for k in range(500, 510) if known.find(k)] == [507, 508, 509]


# ---- a stranger's schema ----


def test_the_bytes_of_a_version_of_ours_are_that_version_whatever_its_documentation_says() -> None:
    documented = {**NEWEST.schema, "doc": "by a shop", "fields": [{**x, "doc": "x"} for x in FIELDS]}
    assert admitted(500, documented, standard()) is NEWEST


def test_a_field_more_than_ours_is_read_over() -> None:
    """A shop's own version: written with its schema, read with ours."""
    shop = admitted(500, json.loads(text(*FIELDS, {"name": "till", "type": "string"})), standard())
    assert shop is not None and (shop.id, shop.version) == (500, FOREIGN)
    known = learnt(Told([shop.schema]), 500)
    sent = write(shop, {"key": "tick/1", "occurred_at": 1, "arrived_at": None, "till": "3"})
    assert open_fact(frame(500, sent), known) == MESSAGE


EMPTY = {"type": "record", "name": "E", "fields": []}
DEEP = json.loads('{"type":"array","items":' * 900 + '"long"' + "}" * 900)
LOOP = {"name": "more", "type": ["null", "ClockTicked"]}


@pytest.mark.parametrize(
    ("why", "schema"),
    [
        ("another record", text(name="Alien")),
        ("contains itself", text(*FIELDS, LOOP)),
        ("a float", text(*FIELDS, {"name": "rate", "type": "double"})),
        ("a decimal", text(*FIELDS, {"name": "sum", "type": {"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 2}})),
        ("items without bytes", text(*FIELDS, {"name": "many", "type": {"type": "array", "items": "null"}})),
        ("items of empty records", text(*FIELDS, {"name": "many", "type": {"type": "array", "items": EMPTY}})),
        ("items of empty records by name", text(*FIELDS, {"name": "one", "type": EMPTY}, {"name": "many", "type": {"type": "array", "items": "E"}})),
        ("a field of ours is missing", text(*FIELDS[1:])),
        ("a field of ours has another type", text({"name": "key", "type": "long"}, *FIELDS[1:])),
        ("no record", '{"type": "enum", "namespace": "loyalty.facts", "name": "ClockTicked", "symbols": ["A"]}'),
        ("no name", '{"type": "record"}'),
        ("no fields", '{"type": "record", "namespace": "loyalty.facts", "name": "ClockTicked", "fields": 7}'),
        ("a type that does not exist", text(*FIELDS, {"name": "x", "type": "money"})),
        ("nested deeper than can be read", text(*FIELDS, {"name": "deep", "type": DEEP})),
    ],
    ids=lambda x: x if " " in x and "{" not in x else "",
)
def test_a_schema_that_leads_a_decoder_astray_or_that_ours_cannot_read_is_no_schema(why: str, schema: str) -> None:
    assert admitted(500, json.loads(schema), standard()) is None, why
    known = learnt(Told([json.loads(schema)]), 500)
    with pytest.raises(WireError) as refused:
        open_fact(frame(500, b"\x00"), known)
    assert refused.value.code == "SCHEMA_UNKNOWN"


def test_a_schema_of_another_kind_or_in_parts_is_not_read(double: Double, url: str) -> None:
    parts = {"schema": text(), "references": [{"name": "a"}]}
    for answer in ({"schemaType": "JSON", "schema": "{}"}, parts, {"schema": '"long"'}, {"schema": "no"}, {"schema": "[" * 5_000}):
        double.ill = lambda given=answer: (200, given)
        assert asked(url, lambda r: r.schema(100)) is None


def test_a_message_is_read_by_hand_with_the_schema_of_a_registry(double: Double, url: str, capsys: pytest.CaptureFixture[str]) -> None:
    asked(url, lambda r: r.publish(standard()))
    sealed = seal_fact(MESSAGE, asked(url, lambda r: r.ids(standard())))
    assert main(["decode", sealed.hex(), url]) == 0
    assert json.loads(capsys.readouterr().out) == {"record": TICK, "key": "tick/1", "occurred_at": 1, "arrived_at": None}
    assert main(["decode", sealed.hex()]) == 1 and "SCHEMA_UNKNOWN" in capsys.readouterr().err
    assert main(["decode", sealed.hex(), "http://127.0.0.1:9"]) == 1
    assert capsys.readouterr().err.startswith("REGISTRY_DOWN: http://127.0.0.1:9: ")
