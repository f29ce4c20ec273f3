"""The least rights of each who speaks to a cluster, as Kafka's own tool takes them. Only a worker writes the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from loyalty_streams.hosts.kafka.topology import AGENTS, SHOPS, Topology

ROLES: dict[str, str] = {
    "shop": "sends what happens",
    "worker": "takes facts in and decides",
    "client": "asks for redemptions and reads what was decided",
    "reader": "reports, verifies, backtests: reads alone",
    "admin": "makes topics and publishes programmes",
}
FLAGS = {"topic": "--topic", "group": "--group", "transactional id": "--transactional-id"}


@dataclass(frozen=True, slots=True)
class Right:
    """What a role may do with one thing, or with all things whose name begins so (`prefixed`)."""

    role: str
    kind: str
    name: str
    operations: tuple[str, ...]
    prefixed: bool = False


def rights(topology: Topology) -> Iterator[Right]:
    """Every right, role by role. Read and Write bring Describe with them."""
    yield from (Right("shop", "topic", topology[short].name, ("Write",)) for short in SHOPS)
    yield from _worker(topology)
    yield Right("client", "topic", topology["facts"].name, ("Write",))
    yield Right("client", "topic", topology["ledger"].name, ("Read",))
    yield from (Right("reader", "topic", topology[short].name, ("Read",)) for short in ("facts", "ledger", "members", "dead-letters", "programmes"))
    yield from (Right("reader", "group", topology.group(agent.name), ("Describe",)) for agent in AGENTS)
    yield Right("admin", "topic", f"{topology.prefix}.", ("Create", "Describe", "DescribeConfigs"), prefixed=True)
    yield Right("admin", "topic", topology["programmes"].name, ("Write",))


def _worker(topology: Topology) -> Iterator[Right]:
    # Its own entries and states are read again when a partition is opened.
    read = {short for agent in AGENTS for short in agent.reads} | {"ledger", "members", "programmes"}
    written = {short for agent in AGENTS for short in agent.writes}
    for topic in topology.topics:
        able = (*(("Read",) if topic.short in read else ()), *(("Write",) if topic.short in written else ()), "DescribeConfigs")
        yield Right("worker", "topic", topic.name, able)
    for agent in AGENTS:
        yield Right("worker", "group", topology.group(agent.name), ("Read",))
        yield Right("worker", "transactional id", f"{topology.group(agent.name)}.", ("Write",), prefixed=True)


def commands(topology: Topology, servers: str) -> Iterator[tuple[str, str]]:
    """(role, line of `kafka-acls.sh`) of all rights, each given to the principal that is named like its role."""
    alike: dict[tuple[str, str, tuple[str, ...], bool], list[str]] = {}
    for right in rights(topology):
        alike.setdefault((right.role, right.kind, right.operations, right.prefixed), []).append(right.name)
    for (role, kind, operations, prefixed), names in alike.items():
        words = ["kafka-acls.sh", "--bootstrap-server", servers, "--add", "--allow-principal", f"User:{role}"]
        words += [word for operation in operations for word in ("--operation", operation)]
        words += [word for name in names for word in (FLAGS[kind], name)]
        yield role, " ".join([*words, *(("--resource-pattern-type", "prefixed") if prefixed else ())])
