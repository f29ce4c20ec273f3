"""The topology as one value: every topic with its name, key, partitions and settings, and what each agent reads and writes.

Whoever speaks to a cluster asks here; no topic, group or transaction is named anywhere else.

    topology = Topology(prefix="prod.loyalty", partitions=24)
    topology["facts"].name          # "prod.loyalty.facts.events.v1"
    topology.group("intake")        # "prod.loyalty.intake"
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

SHOPS = ("orders", "interactions", "identities", "commands")
"""Topics that shops write and intake reads. Their partitions are equal in number, since intake owns partition i of all of them."""
FOREVER = "-1"
NINETY_DAYS = str(90 * 24 * 3600 * 1000)
SEVEN_DAYS = str(7 * 24 * 3600 * 1000)
LARGEST_BATCH = 2 << 20
"""Bytes of a batch of records: one record of the largest size that the codec takes, 1 MiB, and its headers."""
LARGEST_LETTER = 3 << 20
"""Bytes of a batch of dead letters: the largest record of any other topic, and the headers that say why."""
LONGEST_NAME = 249
LEGAL = re.compile(r"[a-z0-9][a-z0-9.-]*[a-z0-9]|[a-z0-9]")


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic as it should be. `settings` are Kafka's own names and values; `key` says what a record's key is."""

    short: str
    name: str
    what: str
    key: str
    partitions: int
    replication: int
    settings: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Agent:
    """What an agent reads and writes, by short names. What it reads first is what its offsets are committed for."""

    name: str
    reads: tuple[str, ...]
    writes: tuple[str, ...]


AGENTS = (
    Agent("intake", SHOPS, ("facts", "dead-letters")),
    Agent("members", ("facts",), ("ledger", "members", "facts", "milestones", "dead-letters")),
)


@dataclass(frozen=True, slots=True)
class _Plan:
    entity: str
    what: str
    key: str
    keep: str
    compact: bool = False
    single: bool = False
    largest: int = LARGEST_BATCH


_OF_SHOPS = "an identifier of the member, as text"
_TOPICS: dict[str, _Plan] = {
    "orders": _Plan("orders.events", "orders, returns and cancellations of shops", _OF_SHOPS, NINETY_DAYS),
    "interactions": _Plan("interactions.events", "interactions", _OF_SHOPS, NINETY_DAYS),
    "identities": _Plan("identities.events", "profiles, links, merges, claims and erasures", _OF_SHOPS, NINETY_DAYS),
    "commands": _Plan("commands.events", "redemptions, transfers, adjustments and openings", _OF_SHOPS, NINETY_DAYS),
    "facts": _Plan("facts.events", "the log: every fact, in one order for each member", "the member", FOREVER),
    "ledger": _Plan("points.ledger", "what was decided, entry by entry", "the member", FOREVER),
    "members": _Plan("members.changelog", "each member's state and its rows", "a row of the store", FOREVER, compact=True),
    "milestones": _Plan("milestones.events", "changes of tier and stage, for those who react", "the member", NINETY_DAYS),
    "dead-letters": _Plan("facts.dlq", "what could not be taken, with its bytes and the reason", "as it came", FOREVER, largest=LARGEST_LETTER),
    "programmes": _Plan("programmes.control", "the programme's versions, for every worker", "programme and version", FOREVER, True, True),
}


@dataclass(frozen=True)
class Topology:
    """All topics under a prefix. `partitions` is the number of partitions of every topic that is keyed by members; `replication` of copies.

    Raises ValueError for a prefix that is no beginning of a topic's name, and for numbers below one.
    """

    prefix: str = "loyalty"
    partitions: int = 12
    replication: int = 3

    def __post_init__(self) -> None:
        if not LEGAL.fullmatch(self.prefix) or len(self.prefix) > LONGEST_NAME - 40:
            raise ValueError("small letters, digits, dots and hyphens, such as prod.loyalty")
        if self.partitions < 1 or self.replication < 1:
            raise ValueError("at least one partition and one copy")

    @cached_property
    def topics(self) -> tuple[Topic, ...]:
        return tuple(self._topic(short, plan) for short, plan in _TOPICS.items())

    def __getitem__(self, short: str) -> Topic:
        return next(t for t in self.topics if t.short == short)

    def group(self, agent: str) -> str:
        """The consumer group of an agent."""
        return f"{self.prefix}.{agent}"

    def transactional_id(self, agent: str, partition: int) -> str:
        """One writer a partition: a second one with this name fences the first."""
        return f"{self.prefix}.{agent}.{partition}"

    def _topic(self, short: str, plan: _Plan) -> Topic:
        # The broker's own time: an old fact is not old to retention, and no record is refused for the clock of the one who sent it.
        settings = {
            "cleanup.policy": "compact" if plan.compact else "delete",
            "retention.ms": plan.keep,
            "retention.bytes": FOREVER,
            "message.timestamp.type": "LogAppendTime",
            "min.insync.replicas": str(max(1, self.replication - 1)),
            "unclean.leader.election.enable": "false",
            "max.message.bytes": str(plan.largest),
            "compression.type": "producer",
        }
        if plan.compact:
            settings |= {"min.cleanable.dirty.ratio": "0.2", "delete.retention.ms": SEVEN_DAYS, "segment.bytes": str(128 << 20)}
        name = f"{self.prefix}.{plan.entity}.v1"
        return Topic(short, name, plan.what, plan.key, 1 if plan.single else self.partitions, self.replication, tuple(settings.items()))
