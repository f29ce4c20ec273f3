"""`loyalty topics apply`."""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from loyalty_streams.cli.common import USAGE, Failure, Json, guarded, note, out, out_json, settings, table

if TYPE_CHECKING:
    from loyalty_streams.codec.registry import HttpRegistry
    from loyalty_streams.codec.schemas import Registered
    from loyalty_streams.hosts.kafka.applying import Plan
    from loyalty_streams.hosts.kafka.connection import Connection
    from loyalty_streams.hosts.kafka.topology import Topic

T = TypeVar("T")
app = typer.Typer(help="The topics of a Kafka cluster.", no_args_is_help=True, rich_markup_mode=None)

Kafka = Annotated[
    str | None, typer.Option("--kafka", metavar="URL", help="The cluster, HOST:PORT[,HOST:PORT…] [default: the setting kafka].")
]


@app.callback()
def group() -> None:
    """The topics of a Kafka cluster."""


def connection(kafka: str | None) -> Connection:
    """The cluster of a command, and who we are to it by the settings."""
    from loyalty_streams.hosts.kafka.connection import Connection

    chosen = settings()
    servers = kafka or chosen.kafka
    if not servers:
        raise Failure("NO_KAFKA", "name the cluster: --kafka HOST:PORT, or the setting kafka", exit_code=USAGE)
    return Connection(
        servers, chosen.kafka_tls, chosen.kafka_ca, chosen.kafka_certificate, chosen.kafka_certificate_key,
        chosen.kafka_user, chosen.kafka_password, chosen.kafka_mechanism,
    )  # fmt: skip


def answer(asked: Coroutine[Any, Any, T]) -> T:
    """What a cluster answers. What its client would log on the way is in the error, if there is one."""
    import asyncio
    import logging

    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    return asyncio.run(asked)


@app.command("apply")
@guarded
def apply(
    kafka: Kafka = None,
    prefix: Annotated[str | None, typer.Option("--prefix", metavar="NAME", help="What names begin with [default: loyalty].")] = None,
    partitions: Annotated[int | None, typer.Option("--partitions", metavar="N", min=1, help="Of each topic keyed by members [default: 12].")] = None,
    replication: Annotated[
        int | None, typer.Option("--replication", metavar="N", min=1, help="Copies of each record [default: 3, or as many as brokers].")
    ] = None,
    registry: Annotated[
        str | None, typer.Option("--registry", metavar="URL", help="The schema registry, part of the plan [default: the setting registry].")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the plan and create nothing.")] = False,
    acls: Annotated[bool, typer.Option("--acls", help="Print the least rights as lines for kafka-acls.sh, and end.")] = False,
    as_json: Json = False,
) -> None:
    """Creates the topics that a cluster lacks and checks those it has; with a registry, registers the schemas that it lacks. The plan comes first.

    Nothing is ever deleted or changed. Where a topic is not as it should be, nothing is created either, each difference is shown,
    and the exit code is 1.

    \b
    Examples:
      loyalty topics apply --kafka 127.0.0.1:9092 --dry-run
      loyalty topics apply --kafka kafka-1:9092,kafka-2:9092 --prefix prod.loyalty --partitions 24
      loyalty topics apply --kafka 127.0.0.1:9092 --acls
    """
    from loyalty_streams.hosts.kafka.applying import apply_plan, plan_topics

    chosen = settings()
    cluster = connection(kafka)
    names = prefix or chosen.kafka_prefix
    number = partitions if partitions is not None else chosen.kafka_partitions
    copies = replication if replication is not None else chosen.kafka_replication
    topology = _topology(names, number, copies or 1)
    if acls:
        _print_rights(topology, cluster, as_json)
        return
    plan = answer(plan_topics(cluster, names, number, copies))
    where = _registry(registry)
    lacking = answer(_lacking(where)) if where else ()
    _print_plan(plan, lacking, as_json)
    if plan.differences:
        first, more = plan.differences[0], len(plan.differences) - 1
        others = f"; {more} more differ" if more else ""
        raise Failure("TOPIC_DIFFERS", f"{first.what} is {first.has or 'not set'} and must be {first.needs}{others}", first.topic)
    if dry_run or not (plan.create or lacking):
        note("nothing was created" if plan.create or lacking else "all topics are there and as they should be")
        return
    answer(apply_plan(cluster, plan))
    note(f"{len(plan.create)} topics were created")
    if where and lacking:
        answer(_publish(where))
        note(f"{len(lacking)} schemas were registered")


def _registry(url: str | None) -> HttpRegistry | None:
    """The registry of a command, if one is named."""
    chosen = settings()
    named = url or chosen.registry
    if not named:
        return None
    from loyalty_streams.codec.registry import HttpRegistry

    return HttpRegistry(named, chosen.registry_user, chosen.registry_password, chosen.registry_ca)


async def _lacking(registry: HttpRegistry) -> tuple[Registered, ...]:
    from loyalty_streams.codec import standard

    async with registry:
        return await registry.missing(standard())


async def _publish(registry: HttpRegistry) -> None:
    from loyalty_streams.codec import standard

    async with registry:
        await registry.publish(standard())


def _topology(prefix: str, partitions: int, replication: int) -> Any:
    from loyalty_streams.hosts.kafka.topology import Topology

    try:
        return Topology(prefix, partitions, replication)
    except ValueError as error:
        raise Failure("BAD_TOPOLOGY", f"needed: {error}", prefix, exit_code=USAGE) from None


def _print_rights(topology: Any, cluster: Connection, as_json: bool) -> None:
    from loyalty_streams.hosts.kafka.rights import ROLES, commands, rights

    servers = ",".join(cluster.addresses)
    if as_json:
        out_json({"rights": [asdict(right) for right in rights(topology)]})
        return
    for role, what in ROLES.items():
        out("\n".join([f"# {role}: {what}", *(line for whose, line in commands(topology, servers) if whose == role)]))


def _print_plan(plan: Plan, lacking: Sequence[Registered], as_json: bool) -> None:
    if as_json:
        out_json({
            "brokers": plan.brokers,
            "create": [_told(topic) for topic in plan.create],
            "kept": [_told(topic) for topic in plan.kept],
            "differences": [asdict(difference) for difference in plan.differences],
            "register": [{"schema": entry.name, "version": entry.version} for entry in lacking],
        })  # fmt: skip
        return
    rows = [(t.name, "create", str(t.partitions), str(t.replication), kept(t), t.what) for t in plan.create]
    rows += [(t.name, "is there", str(t.partitions), str(t.replication), kept(t), t.what) for t in plan.kept]
    if rows:
        out(table(rows, ("topic", "plan", "partitions", "copies", "keeps", "what it holds")))
    if plan.differences:
        out(table([(d.topic, d.what, d.has or "-", d.needs) for d in plan.differences], ("topic", "differs in", "is", "must be")))
    if lacking:
        out(table([(entry.name, str(entry.version), "register") for entry in lacking], ("schema", "version", "plan")))
    if plan.topology.replication < 3:
        note(f"{plan.topology.replication} of 3 copies: what is written can be lost with a disk; enough to try things on")


def kept(topic: Topic) -> str:
    """What stays of a topic, in words."""
    settings = dict(topic.settings)
    if settings["cleanup.policy"] == "compact":
        return "newest of each key"
    days = int(settings["retention.ms"]) // 86_400_000
    return "for ever" if settings["retention.ms"] == "-1" else f"{days} days"


def _told(topic: Topic) -> dict[str, Any]:
    return {"topic": topic.name, "partitions": topic.partitions, "replication": topic.replication, "settings": dict(topic.settings)}
