"""A history into the topic of facts: each fact once, under its member's key, in order of arrival."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from loyalty_streams.agents.partitions import partition_of
from loyalty_streams.codec import WireError
from loyalty_streams.history import DeadLetter, DeadLetters, FactBatch
from loyalty_streams.hosts.kafka.connection import Connection
from loyalty_streams.hosts.kafka.records import FACTS, of_fact
from loyalty_streams.hosts.kafka.topology import Topology

UNDATED = "occurred_at or enrolled_at: a row without an instant has no place in a topic"


@dataclass(slots=True)
class Published:
    """How many facts went out, and the rows that did not."""

    facts: int = 0
    letters: list[DeadLetter] = field(default_factory=list)


async def publish(items: Iterable[object], connection: Connection, topology: Topology, currency: str) -> Published:
    """Publishes what a reading of a history gives, by an idempotent producer. Raises ClusterError, and KafkaError where the cluster fails."""
    from aiokafka import AIOKafkaProducer

    told, topic = Published(), topology[FACTS].name
    producer = AIOKafkaProducer(**connection.options(), enable_idempotence=True, acks="all", linger_ms=20, max_batch_size=900_000)
    await producer.start()
    try:
        count = len(await producer.partitions_for(topic))
        for item in items:
            if isinstance(item, DeadLetters):
                told.letters += item.letters
            elif isinstance(item, FactBatch):
                await _send(item, producer, topic, count, currency, told)
        await producer.flush()
    finally:
        await producer.stop()
    return told


async def _send(batch: FactBatch, producer: object, topic: str, count: int, currency: str, told: Published) -> None:
    send = getattr(producer, "send")  # noqa: B009 (aiokafka has no types)
    for row in range(len(batch)):
        fact = batch.fact(row)
        if fact.at < 0:
            told.letters.append(batch.letter(row, "NO_INSTANT", UNDATED))
            continue
        try:
            record = of_fact(fact, currency, int(batch.revisions[row]))
        except WireError as error:
            told.letters.append(batch.letter(row, error.code, error.expected))
            continue
        await send(topic, record.value, record.key, partition_of(record.key or b"", count))
        told.facts += 1
