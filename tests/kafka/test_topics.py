"""`loyalty topics apply` on a real cluster: a plan first, topics as the topology names them, and nothing ever changed or deleted."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import ClusterAuthorizationFailedError, InvalidTimestampError, NodeNotReadyError, TopicAuthorizationFailedError

from loyalty_streams.codec import LARGEST, standard
from loyalty_streams.hosts.kafka.connection import ClusterError, Connection
from loyalty_streams.hosts.kafka.rights import ROLES, commands, rights
from loyalty_streams.hosts.kafka.topology import AGENTS, LEGAL, LONGEST_NAME, SHOPS, Topology
from tests.cli.terminal import Said, Terminal
from tests.kafka.broker import HOST, free_ports, tool
from tests.kafka.plugin import USERS, Kafka
from tests.schemas.registry_double import Double, served

NAMES = (
    "orders.events.v1", "interactions.events.v1", "identities.events.v1", "commands.events.v1", "facts.events.v1", "points.ledger.v1",
    "members.changelog.v1", "milestones.events.v1", "facts.dlq.v1", "programmes.control.v1",
)  # fmt: skip

LONG_AGO, LONG_AHEAD = 946_684_800_000, 4_102_444_800_000  # 2000-01-01 and 2100-01-01, in milliseconds


@pytest.fixture
def prefix() -> str:
    """Names that no other test has: the cluster is shared."""
    return f"t{uuid4().hex[:8]}.loyalty"


Ask = Callable[..., Said]


@pytest.fixture
def loyalty(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Ask:
    """The command line in a folder of its own; `code` is how it must end."""
    monkeypatch.chdir(tmp_path)

    def ask(*words: str, code: int = 0) -> Said:
        said = Terminal(tmp_path).run(*words)
        assert said.code == code, said
        return said

    return ask


def names(address: str, prefix: str) -> set[str]:
    async def listed() -> set[str]:
        client = AIOKafkaAdminClient(bootstrap_servers=address)
        await client.start()
        try:
            return {name for name in await client.list_topics() if name.startswith(f"{prefix}.")}
        finally:
            await client.close()

    return asyncio.run(listed())


def make(address: str, *topics: NewTopic) -> None:
    async def made() -> None:
        client = AIOKafkaAdminClient(bootstrap_servers=address)
        await client.start()
        try:
            await client.create_topics(list(topics))
        finally:
            await client.close()

    asyncio.run(made())


# ---- the value ----


def test_every_topic_has_a_legal_name_under_the_prefix() -> None:
    topology = Topology("prod.loyalty", 24)
    assert [t.name for t in topology.topics] == [f"prod.loyalty.{name}" for name in NAMES]
    assert all(LEGAL.fullmatch(t.name) and len(t.name) <= LONGEST_NAME for t in topology.topics)
    assert (topology.group("members"), topology.transactional_id("members", 3)) == ("prod.loyalty.members", "prod.loyalty.members.3")


@pytest.mark.parametrize("wrong", ["", "Loyalty", "a_b", ".a", "a.", "a" * 210])
def test_a_prefix_that_no_topic_may_begin_with_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="small letters"):
        Topology(wrong)


def test_what_shops_write_and_what_the_agents_keep_have_the_same_partitions() -> None:
    """Intake owns partition i of all its topics, and a member stands in one partition of the log, the ledger and the states."""
    topology = Topology(partitions=7)
    assert {topology[short].partitions for short in (*SHOPS, "facts", "ledger", "members", "milestones", "dead-letters")} == {7}
    assert topology["programmes"].partitions == 1


def test_history_stays_for_ever_and_a_dead_letter_at_least_as_long_as_what_it_came_from() -> None:
    kept = {t.short: dict(t.settings)["retention.ms"] for t in Topology().topics}
    assert {short for short, keep in kept.items() if keep == "-1"} == {"facts", "ledger", "members", "dead-letters", "programmes"}
    assert {kept[short] for short in SHOPS} == {"7776000000"}  # 90 days of 86,400,000 ms
    compact = {t.short for t in Topology().topics if dict(t.settings)["cleanup.policy"] == "compact"}
    assert compact == {"members", "programmes"}


def test_no_time_that_a_sender_stamps_and_no_unclean_leader_can_lose_a_record() -> None:
    for topic in Topology(replication=3).topics:
        settings = dict(topic.settings)
        assert settings["message.timestamp.type"] == "LogAppendTime"
        assert settings["unclean.leader.election.enable"] == "false"
        assert settings["min.insync.replicas"] == "2"
        assert int(settings["max.message.bytes"]) >= 2 * LARGEST
    assert dict(Topology(replication=1)["facts"].settings)["min.insync.replicas"] == "1"


def test_every_topic_is_read_or_written_by_an_agent_or_published_by_people() -> None:
    used = {short for agent in AGENTS for short in (*agent.reads, *agent.writes)}
    assert {t.short for t in Topology().topics} - used == {"programmes"}


# ---- the command ----


def test_topics_are_planned_first_then_made_and_then_they_are_there(broker: Kafka, loyalty: Ask, prefix: str) -> None:
    asked = ("topics", "apply", "--kafka", broker.address, "--prefix", prefix, "--partitions", "3")
    planned = loyalty(*asked, "--dry-run")
    assert planned.out.count("  create  ") == len(NAMES)
    assert "nothing was created" in planned.err and names(broker.address, prefix) == set()
    made = loyalty(*asked)
    assert made.out == planned.out and "10 topics were created" in made.err
    assert names(broker.address, prefix) == {f"{prefix}.{name}" for name in NAMES}
    again = loyalty(*asked)
    assert again.out.count("  is there  ") == len(NAMES) and "all topics are there and as they should be" in again.err


def test_what_was_made_is_what_the_cluster_says_it_has(broker: Kafka, loyalty: Ask, prefix: str) -> None:
    """Read back through Kafka's own tool."""
    loyalty("topics", "apply", "--kafka", broker.address, "--prefix", prefix, "--partitions", "2")
    asked = ("--bootstrap-server", broker.address, "--describe", "--topic", f"{prefix}.members.changelog.v1")
    told = tool("org.apache.kafka.tools.TopicCommand", *asked)
    assert "PartitionCount: 2\tReplicationFactor: 1" in told.stdout, told.stdout + told.stderr
    for setting in ("cleanup.policy=compact", "retention.ms=-1", "message.timestamp.type=LogAppendTime", "min.insync.replicas=1"):
        assert setting in told.stdout


def test_a_record_is_taken_whatever_time_its_sender_stamps_and_carries_the_brokers(broker: Kafka, loyalty: Ask, prefix: str) -> None:
    """A sender's stamp years ahead is refused by a topic of Kafka's own defaults, and with it the batch."""
    topology, plain = Topology(prefix, 1, 1), f"{prefix}.plain"
    make(broker.address, NewTopic(plain, 1, 1))
    loyalty("topics", "apply", "--kafka", broker.address, "--prefix", prefix, "--partitions", "1")

    async def work() -> None:
        producer = AIOKafkaProducer(bootstrap_servers=broker.address, request_timeout_ms=15_000)
        await producer.start()
        try:
            with pytest.raises(InvalidTimestampError):
                await producer.send_and_wait(plain, b"fact", partition=0, timestamp_ms=LONG_AHEAD)
            for stamped in (LONG_AGO, LONG_AHEAD):
                taken = await producer.send_and_wait(topology["orders"].name, b"fact", partition=0, timestamp_ms=stamped)
                assert taken.timestamp_type == 1 and LONG_AGO < taken.timestamp < LONG_AHEAD
        finally:
            await producer.stop()

    asyncio.run(work())


def test_a_topic_with_another_number_of_partitions_stops_it_and_nothing_is_made(broker: Kafka, loyalty: Ask, prefix: str) -> None:
    orders = Topology(prefix, 5, 1)["orders"]
    make(broker.address, NewTopic(orders.name, orders.partitions, 1, topic_configs=dict(orders.settings)))
    refused = loyalty("topics", "apply", "--kafka", broker.address, "--prefix", prefix, "--partitions", "3", code=1)
    assert refused.err.splitlines()[-1] == f"error TOPIC_DIFFERS: {orders.name}: partitions is 5 and must be 3"
    assert f"{orders.name}  partitions  5   3" in refused.out
    assert names(broker.address, prefix) == {orders.name}


def test_a_setting_that_forgets_history_is_named_and_left_as_it_is(broker: Kafka, loyalty: Ask, prefix: str) -> None:
    facts = Topology(prefix, 3, 1)["facts"]
    settings = {**dict(facts.settings), "retention.ms": "1000", "cleanup.policy": "compact"}
    make(broker.address, NewTopic(facts.name, 3, 1, topic_configs=settings))
    for _ in range(2):
        asked = ("topics", "apply", "--kafka", broker.address, "--prefix", prefix, "--partitions", "3", "--json")
        answer = loyalty(*asked, code=1)
        found = json.loads(answer.out)
        assert found["differences"] == [
            {"topic": facts.name, "what": "cleanup.policy", "has": "compact", "needs": "delete"},
            {"topic": facts.name, "what": "retention.ms", "has": "1000", "needs": "-1"},
        ]
        assert len(found["create"]) == len(NAMES) - 1 and found["kept"] == []
        assert answer.err.startswith("error TOPIC_DIFFERS:") and "1 more differ" in answer.err


def test_more_copies_than_brokers_are_refused(broker: Kafka, loyalty: Ask, prefix: str) -> None:
    refused = loyalty("topics", "apply", "--kafka", broker.address, "--prefix", prefix, "--replication", "3", code=1)
    assert refused.err == f"error TOO_FEW_BROKERS: {broker.address}: 3 copies need as many brokers, and there are 1\n"
    assert names(broker.address, prefix) == set()


@pytest.mark.parametrize(
    ("asked", "code", "told"),
    [
        (["--kafka", "somewhere"], 2, "error BAD_KAFKA: somewhere: HOST:PORT is needed"),
        (["--kafka", "kafka://ann:secret@somewhere"], 2, "error BAD_KAFKA: kafka://****@somewhere: HOST:PORT is needed"),
        (["--kafka", "a:99999"], 2, "error BAD_KAFKA"),
        ([], 2, "error NO_KAFKA: name the cluster: --kafka HOST:PORT, or the setting kafka"),
        (["--kafka", "a:1", "--prefix", "A_b"], 2, "error BAD_TOPOLOGY: A_b: needed: small letters"),
    ],
)
def test_what_no_cluster_could_be_asked_is_refused_at_once(loyalty: Ask, asked: list[str], code: int, told: str) -> None:
    assert loyalty("topics", "apply", *asked, code=code).err.startswith(told)


def test_a_cluster_that_does_not_answer_is_told_with_its_address(loyalty: Ask) -> None:
    address = f"{HOST}:{free_ports(1)[0]}"
    ended = loyalty("topics", "apply", "--kafka", address, code=1)
    assert ended.err.startswith(f"error KAFKA_UNREACHABLE: {address}: no broker answers") and ended.err.count("\n") == 1


def test_where_the_extra_is_missing_it_is_named(loyalty: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "aiokafka.admin", None)
    ended = loyalty("topics", "apply", "--kafka", "a:1", code=2)
    assert ended.err == "error KAFKA_MISSING: pip install 'loyalty-streams[kafka]'\n"


def test_a_cluster_that_fails_after_its_first_answer_is_told_with_a_code(broker: Kafka, loyalty: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(_: AIOKafkaAdminClient) -> None:
        raise NodeNotReadyError("gone")

    monkeypatch.setattr(AIOKafkaAdminClient, "describe_topics", fail)
    assert loyalty("topics", "apply", "--kafka", broker.address, code=1).err.startswith(f"error KAFKA_FAILED: {broker.address}: NodeNotReadyError")


# ---- with a schema registry ----


def test_the_schemas_that_a_registry_lacks_are_part_of_the_plan_and_are_registered(broker: Kafka, loyalty: Ask, prefix: str) -> None:
    double = Double()
    with served(double) as url:
        asked = ("topics", "apply", "--kafka", broker.address, "--prefix", prefix, "--partitions", "1", "--registry", url)
        planned = loyalty(*asked, "--dry-run", "--json")
        assert planned.json["register"] == [
            {"schema": name, "version": entry.version} for name in sorted(standard().latest) for entry in standard().versions(name)
        ]
        assert double.subjects == {} and names(broker.address, prefix) == set()
        made = loyalty(*asked)
        assert f"{len(standard().entries)} schemas were registered" in made.err
        assert set(double.subjects) == set(standard().latest)
        assert "all topics are there and as they should be" in loyalty(*asked).err


def test_a_registry_that_does_not_answer_stops_it_before_anything_is_made(broker: Kafka, loyalty: Ask, prefix: str) -> None:
    url = f"http://{HOST}:{free_ports(1)[0]}"
    refused = loyalty("topics", "apply", "--kafka", broker.address, "--prefix", prefix, "--registry", url, code=1)
    assert refused.err.startswith(f"error REGISTRY_DOWN: {url}: ") and names(broker.address, prefix) == set()


# ---- who we are ----


def settings(monkeypatch: pytest.MonkeyPatch, **values: object) -> None:
    for name, value in values.items():
        monkeypatch.setenv(f"LOYALTY_KAFKA_{name.upper()}", str(value))


def test_a_certificate_opens_a_door_with_mutual_tls(broker: Kafka, loyalty: Ask, prefix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = ("topics", "apply", "--kafka", broker.mutual, "--prefix", prefix, "--dry-run")
    settings(monkeypatch, ca=broker.paper("authority"))
    assert loyalty(*asked, code=1).err.startswith("error KAFKA_UNREACHABLE")
    settings(monkeypatch, certificate=broker.paper("client-certificate"), certificate_key=broker.paper("client-key"))
    assert loyalty(*asked).out.count("  create  ") == len(NAMES)


def test_a_broker_whose_certificate_nobody_known_signed_is_not_spoken_to(
    broker: Kafka, loyalty: Ask, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings(monkeypatch, tls="true", user="admin", password="admin-secret")
    assert loyalty("topics", "apply", "--kafka", broker.named, "--prefix", prefix, "--dry-run", code=1).err.startswith("error KAFKA_UNREACHABLE")


def test_a_password_that_is_wrong_opens_nothing_and_is_never_printed(
    broker: Kafka, loyalty: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings(monkeypatch, ca=broker.paper("authority"), user="admin", password="wrong-secret")
    ended = loyalty("topics", "apply", "--kafka", broker.named, code=1)
    assert ended.err.startswith("error KAFKA_UNREACHABLE") and "wrong-secret" not in ended.out + ended.err
    shown = loyalty("config", "show")
    assert "kafka_password" in shown.out and "wrong-secret" not in shown.out
    assert "secret" not in repr(Connection("a:1", user="ann", password="secret"))


@pytest.mark.parametrize(
    ("wrong", "place"),
    [
        (Connection("a:1", user="ann"), "kafka_user"),
        (Connection("a:1", certificate=Path("c.pem")), "kafka_certificate"),
        (Connection("a:1", user="ann", password="x", mechanism="PLAIN"), "kafka_mechanism"),
        (Connection("a:1", ca=Path("missing.pem")), "kafka_ca"),
    ],
)
def test_settings_that_do_not_fit_together_are_refused_before_anything_is_sent(wrong: Connection, place: str) -> None:
    with pytest.raises(ClusterError) as refused:
        wrong.options()
    assert (refused.value.code, refused.value.place, refused.value.usage) == ("KAFKA_SECURITY", place, True)


def test_who_we_are_decides_the_protocol() -> None:
    plain = Connection("kafka://a:1,[::1]:2")
    assert plain.options() == {"bootstrap_servers": ["a:1", "[::1]:2"], "security_protocol": "PLAINTEXT"}
    assert replace(plain, tls=True).options()["security_protocol"] == "SSL"
    named = replace(plain, user="ann", password="x").options()
    assert (named["security_protocol"], named["sasl_mechanism"]) == ("SASL_PLAINTEXT", "SCRAM-SHA-512")
    assert replace(plain, tls=True, user="ann", password="x").options()["security_protocol"] == "SASL_SSL"


# ---- least rights ----


def test_only_the_worker_may_write_what_is_decided() -> None:
    topology = Topology("prod.loyalty")
    writers = {(r.role, t.short) for r in rights(topology) for t in topology.topics if "Write" in r.operations and r.name == t.name}
    assert {role for role, short in writers if short in ("ledger", "members", "milestones", "dead-letters")} == {"worker"}
    assert {role for role, short in writers if short in SHOPS} == {"shop"}
    assert {r.role for r in rights(topology)} == set(ROLES) == set(USERS)
    assert not any(set(r.operations) & {"All", "Delete", "Alter", "AlterConfigs"} for r in rights(topology))
    assert [r.operations for r in rights(topology) if r.role == "reader"] == [("Read",)] * 5 + [("Describe",)] * 2


def test_the_rights_are_printed_as_lines_for_kafkas_own_tool_without_asking_the_cluster(loyalty: Ask) -> None:
    printed = loyalty("topics", "apply", "--kafka", "nowhere:9092", "--acls").out
    line = "--add --allow-principal User:client --operation Read --topic loyalty.points.ledger.v1"
    assert f"kafka-acls.sh --bootstrap-server nowhere:9092 {line}\n" in printed
    assert [row.split(":")[0] for row in printed.splitlines() if row.startswith("#")] == [f"# {role}" for role in ROLES]
    as_json = json.loads(loyalty("topics", "apply", "--kafka", "nowhere:9092", "--acls", "--json").out)
    assert {row["role"] for row in as_json["rights"]} == set(ROLES)


def known(broker: Kafka, role: str) -> dict[str, Any]:
    return Connection(broker.named, ca=broker.paper("authority"), user=role, password=f"{role}-secret").options()


@pytest.fixture(scope="module")
def given(broker: Kafka) -> Topology:
    """Topics whose rights were given as they are printed."""
    topology = Topology(f"t{uuid4().hex[:8]}.given", 1, 1)
    make(broker.address, *(NewTopic(t.name, t.partitions, 1, topic_configs=dict(t.settings)) for t in topology.topics))
    lines = [line for role, line in commands(topology, broker.address) if role in ("shop", "worker", "reader", "admin")]
    with ThreadPoolExecutor(2) as pool:
        for done in pool.map(lambda line: tool("org.apache.kafka.tools.AclCommand", *line.split()[1:]), lines):
            assert done.returncode == 0, done.stdout + done.stderr
    return topology


def test_with_these_rights_each_can_do_its_work_and_no_more(given: Topology, broker: Kafka) -> None:
    orders, facts, ledger = (given[short].name for short in ("orders", "facts", "ledger"))

    async def work() -> None:
        await sends(known(broker, "shop"), orders)
        with pytest.raises(TopicAuthorizationFailedError):
            await sends(known(broker, "shop"), ledger)
        await decides(known(broker, "worker"), given)
        assert await reads(known(broker, "reader"), ledger) == b"entry"
        with pytest.raises(ClusterAuthorizationFailedError):  # who may write no topic at all is refused before its first record
            await sends(known(broker, "reader"), facts)

    asyncio.run(work())


async def sends(options: dict[str, Any], topic: str) -> None:
    producer = AIOKafkaProducer(**options, enable_idempotence=True, request_timeout_ms=15_000)
    await producer.start()
    try:
        await producer.send_and_wait(topic, b"fact", partition=0)
    finally:
        await producer.stop()


async def decides(options: dict[str, Any], topology: Topology) -> None:
    """One transaction as the members agent commits: an entry, and the offset of what it came from."""
    producer = AIOKafkaProducer(**options, transactional_id=topology.transactional_id("members", 0), request_timeout_ms=15_000)
    await producer.start()
    try:
        async with producer.transaction():
            await producer.send_and_wait(topology["ledger"].name, b"entry", partition=0)
            place = TopicPartition(topology["facts"].name, 0)
            await producer.send_offsets_to_transaction({place: 1}, topology.group("members"))
    finally:
        await producer.stop()


async def reads(options: dict[str, Any], topic: str) -> bytes:
    consumer = AIOKafkaConsumer(**options, isolation_level="read_committed", enable_auto_commit=False)
    await consumer.start()
    try:
        place = TopicPartition(topic, 0)
        consumer.assign([place])
        await consumer.seek_to_beginning(place)
        return (await asyncio.wait_for(consumer.getone(), 30)).value or b""
    finally:
        await consumer.stop()


def test_an_admin_without_rights_is_told_where_to_find_them(broker: Kafka, loyalty: Ask, monkeypatch: pytest.MonkeyPatch, prefix: str) -> None:
    settings(monkeypatch, ca=broker.paper("authority"), user="client", password="client-secret")
    refused = loyalty("topics", "apply", "--kafka", broker.named, "--prefix", prefix, code=1)
    assert refused.err.splitlines()[-1].startswith(f"error NOT_ALLOWED: {prefix}.")
    assert "topics apply --acls" in refused.err


def test_an_admin_with_these_rights_makes_and_checks_topics(
    given: Topology, broker: Kafka, loyalty: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings(monkeypatch, ca=broker.paper("authority"), user="admin", password="admin-secret")
    asked = ("topics", "apply", "--kafka", broker.named, "--prefix", given.prefix, "--partitions", "1")
    assert "all topics are there and as they should be" in loyalty(*asked).err
    below = f"{given.prefix}.new"
    made = loyalty("topics", "apply", "--kafka", broker.named, "--prefix", below, "--partitions", "1")
    assert "10 topics were created" in made.err and len(names(broker.address, below)) == len(NAMES)
