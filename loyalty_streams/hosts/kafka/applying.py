"""`topics apply`: what a cluster has beside what the topology names, and the topics that are missing, made. Nothing is changed or deleted."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from loyalty_streams.hosts.kafka.connection import ClusterError, Connection, admin
from loyalty_streams.hosts.kafka.topology import Topic, Topology

if TYPE_CHECKING:
    from aiokafka.admin import AIOKafkaAdminClient

COPIES = 3
"""Copies of each record where the cluster has as many brokers."""
ALREADY_THERE = 36
NOT_ALLOWED = (29, 30, 31)
"""Kafka's error codes: a topic that exists; no right to a topic, a group, the cluster."""
PATIENCE = 30.0
"""Seconds until topics that were made must be seen."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A topic that is not as it should be: `what` is `partitions`, `replication` or a setting of Kafka."""

    topic: str
    what: str
    has: str
    needs: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What the topology needs of a cluster: topics to create, those that are as they should be, and those that are not."""

    topology: Topology
    brokers: int
    create: tuple[Topic, ...]
    kept: tuple[Topic, ...]
    differences: tuple[Difference, ...]


async def plan_topics(connection: Connection, prefix: str, partitions: int, replication: int | None) -> Plan:
    """Reads the cluster and changes nothing. Without `replication` there are three copies, or as many as there are brokers.

    Raises ClusterError TOO_FEW_BROKERS, NOT_ALLOWED, and what `admin` raises.
    """
    async with admin(connection) as client:
        brokers = len((await client.describe_cluster())["brokers"])
        topology = Topology(prefix, partitions, replication or min(COPIES, brokers))
        if topology.replication > brokers:
            raise ClusterError("TOO_FEW_BROKERS", f"{topology.replication} copies need as many brokers, and there are {brokers}", connection.servers)
        return await _examine(client, topology, brokers)


async def apply_plan(connection: Connection, plan: Plan) -> Plan:
    """Makes what a plan without differences creates -> the plan after it, of which nothing is left to do.

    Raises ClusterError NOT_CREATED, NOT_ALLOWED, and what `admin` raises.
    """
    async with admin(connection) as client:
        if plan.create:
            await _create(client, plan.create)
        loop = asyncio.get_running_loop()
        until = loop.time() + PATIENCE
        while (after := await _examine(client, plan.topology, plan.brokers)).create:
            if loop.time() > until:
                raise ClusterError("NOT_CREATED", f"it is not seen {PATIENCE:.0f} s after it was made", after.create[0].name)
            await asyncio.sleep(0.1)
        return after


async def _create(client: AIOKafkaAdminClient, topics: Iterable[Topic]) -> None:
    from aiokafka.admin import NewTopic

    wanted = [NewTopic(t.name, t.partitions, t.replication, topic_configs=dict(t.settings)) for t in topics]
    answer = await client.create_topics(wanted)
    for name, code, message in (row[:3] for row in answer.topic_errors):
        if code in NOT_ALLOWED:
            raise ClusterError("NOT_ALLOWED", "we may not create it: topics apply --acls prints the rights", name)
        if code not in (0, ALREADY_THERE):
            raise ClusterError("NOT_CREATED", message or f"Kafka's error {code}", name)


async def _examine(client: AIOKafkaAdminClient, topology: Topology, brokers: int) -> Plan:
    # All topics are listed: a question about one that is missing would create it where the cluster does that.
    there = {found["topic"]: found for found in await client.describe_topics()}
    kept = tuple(t for t in topology.topics if t.name in there)
    settings = await _settings(client, kept) if kept else {}
    differences = tuple(d for t in kept for d in _differences(t, there[t.name], settings[t.name]))
    unlike = {d.topic for d in differences}
    create = tuple(t for t in topology.topics if t.name not in there)
    return Plan(topology, brokers, create, tuple(t for t in kept if t.name not in unlike), differences)


async def _settings(client: AIOKafkaAdminClient, topics: Iterable[Topic]) -> dict[str, dict[str, str]]:
    """The settings that topics have, by their names."""
    from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

    found: dict[str, dict[str, str]] = {}
    for answer in await client.describe_configs([ConfigResource(ConfigResourceType.TOPIC, t.name) for t in topics]):
        for code, message, _, name, entries in answer.resources:
            if code in NOT_ALLOWED:
                raise ClusterError("NOT_ALLOWED", "we may not read its settings: topics apply --acls prints the rights", name)
            if code:
                raise ClusterError("NOT_READ", message or f"Kafka's error {code}", name)
            found[name] = {entry[0]: entry[1] for entry in entries}
    return found


def _differences(topic: Topic, found: dict[str, Any], settings: dict[str, str]) -> Iterable[Difference]:
    partitions = len(found["partitions"])
    if partitions != topic.partitions:
        yield Difference(topic.name, "partitions", str(partitions), str(topic.partitions))
    copies = min((len(p["replicas"]) for p in found["partitions"]), default=0)
    if copies < topic.replication:
        yield Difference(topic.name, "replication", str(copies), str(topic.replication))
    for name, needs in topic.settings:
        if settings.get(name) != needs:
            yield Difference(topic.name, name, settings.get(name, ""), needs)
