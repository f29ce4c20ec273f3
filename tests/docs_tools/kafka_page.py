"""The generated parts of docs/guide/kafka.md: the topics and what they keep, and the codes of what goes wrong."""

from __future__ import annotations

from loyalty_streams.cli.topics import kept
from loyalty_streams.codec.registry import CODES as OF_REGISTRIES
from loyalty_streams.hosts.kafka.connection import CODES
from loyalty_streams.hosts.kafka.topology import AGENTS, SHOPS, Topology
from tests.docs_tools.parts import replace_part, table


def page(text: str) -> str:
    for name, body in {"topics": topics(), "codes": codes()}.items():
        text = replace_part(text, name, body)
    return text


def topics() -> str:
    topology = Topology()
    rows = [
        (f"`{t.name}`", t.what, t.key, "1" if t.partitions == 1 else "as many as all", kept(t), _writers(t.short), _readers(t.short))
        for t in topology.topics
    ]
    return table(("topic", "what it holds", "key", "partitions", "keeps", "written by", "read by"), rows)


def _writers(short: str) -> str:
    found = [agent.name for agent in AGENTS if short in agent.writes] + (["shops"] if short in SHOPS else [])
    return ", ".join(found) or "people"


def _readers(short: str) -> str:
    return ", ".join(agent.name for agent in AGENTS if short in agent.reads)


def codes() -> str:
    return table(("code", "meaning"), [(f"`{code}`", meaning) for code, meaning in (*CODES.items(), *OF_REGISTRIES.items())])
