"""Confluent's own client at the same registry: it reads what we write, and we read what it writes, by id in the frame and by GUID in a header."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime

import pytest

from loyalty_streams.codec import Message, open_fact, seal_fact, standard
from loyalty_streams.codec.registry import HttpRegistry
from loyalty_streams.codec.resolving import Resolver
from loyalty_streams.codec.schemas import SchemaSet
from loyalty_streams.codec.wire import SCHEMA_HEADER, unframe
from loyalty_streams.core.codes import FactKind
from loyalty_streams.core.facts import Fact
from tests.schemas.registry_double import Double, served

theirs = pytest.importorskip("confluent_kafka.schema_registry", reason="confluent-kafka[avro,schemaregistry] is not installed")

TICK = "loyalty.facts.ClockTicked"
SCHEMA = json.dumps(standard().latest[TICK].schema)
MESSAGE = Message(Fact(FactKind.TICK, "", "tick/1", at=1))
RECORD = {"key": "tick/1", "occurred_at": 1, "arrived_at": None}


def published(url: str) -> SchemaSet:
    async def work() -> SchemaSet:
        async with HttpRegistry(url) as registry:
            await registry.publish(standard())
            return await registry.ids(standard())

    return asyncio.run(work())


def test_their_client_finds_and_reads_what_we_registered_and_wrote() -> None:
    from confluent_kafka.schema_registry.avro import AvroDeserializer
    from confluent_kafka.serialization import MessageField, SerializationContext

    with served(Double()) as url:
        ours = published(url)
        client = theirs.SchemaRegistryClient({"url": url})
        assert json.loads(client.get_schema(ours.latest[TICK].id).schema_str) == standard().latest[TICK].schema
        assert client.register_schema(TICK, theirs.Schema(SCHEMA, "AVRO")) == ours.latest[TICK].id
        read = AvroDeserializer(client, SCHEMA)(seal_fact(MESSAGE, ours), SerializationContext("t", MessageField.VALUE, []))
        assert read == {**RECORD, "occurred_at": datetime(1970, 1, 1, 0, 0, 0, 1, UTC)}


@pytest.mark.parametrize("way", ["prefix_schema_id_serializer", "header_schema_id_serializer"])
def test_we_read_what_their_client_wrote(way: str) -> None:
    from confluent_kafka.schema_registry.avro import AvroSerializer
    from confluent_kafka.serialization import MessageField, SerializationContext

    with served(Double()) as url:
        ours = published(url)
        settings = {
            "auto.register.schemas": False,
            "subject.name.strategy": theirs.record_subject_name_strategy,
            "schema.id.serializer": getattr(theirs, way),
        }
        write = AvroSerializer(theirs.SchemaRegistryClient({"url": url}), SCHEMA, conf=settings)
        headers: list[tuple[str, bytes]] = []
        sent = write(RECORD, SerializationContext("t", MessageField.VALUE, headers))
        assert [name for name, _ in headers] == ([SCHEMA_HEADER] if way.startswith("header") else [])

        async def read() -> Message:
            async with HttpRegistry(url) as registry:
                known = Resolver(registry, ours)
                await known.learn([unframe(sent, headers)[0]])
                return open_fact(sent, known, headers=headers)

        assert asyncio.run(read()) == MESSAGE
