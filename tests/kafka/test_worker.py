"""The members agent on a real Apache Kafka: workers are killed, their stores lost, and the ledger says everything once."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from loyalty_streams.agents.partitions import partition_of
from loyalty_streams.codec import LedgerEntry, open_entry
from loyalty_streams.core.codes import FactKind
from loyalty_streams.core.facts import Fact
from loyalty_streams.history.batch import of_facts
from loyalty_streams.history.write import write_history
from loyalty_streams.hosts.kafka.partition import Facts, Partition, Position
from loyalty_streams.hosts.kafka.records import of_entry
from loyalty_streams.hosts.kafka.topology import Topology
from loyalty_streams.hosts.kafka.worker import to_its_end
from tests.hosts.shop import PROGRAMME, a_year
from tests.kafka.plugin import Kafka

PARTITIONS = 3
PATIENCE = 120


class Town:
    """Topics of their own on the broker of the run, a history, and workers over it."""

    def __init__(self, broker: Kafka, folder: Path) -> None:
        self.address, self.folder = broker.address, folder
        self.topology = Topology(f"t{os.getpid()}-{time.time_ns()}", PARTITIONS, 1)
        self.rules = folder / "v1.yaml"
        self.rules.write_text(PROGRAMME, "utf-8")
        self.workers: list[subprocess.Popen[str]] = []

    async def make_topics(self) -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.address)
        await admin.start()
        try:
            await admin.create_topics([NewTopic(self.topology[t].name, PARTITIONS, 1) for t in ("facts", "ledger", "members", "dead-letters")])
        finally:
            await admin.close()

    def command(self, *words: str) -> list[str]:
        run = "from loyalty_streams.cli.main import app; app()"
        return [sys.executable, "-c", run, *words, "--kafka", self.address, "--prefix", self.topology.prefix, "--programme", str(self.rules)]

    def work(self, name: str, *more: str) -> subprocess.Popen[str]:
        words = self.command("worker", "--data", str(self.folder / name), "--batch", "40", *more)
        self.workers.append(subprocess.Popen(words, stderr=subprocess.PIPE, text=True))
        return self.workers[-1]

    async def behind(self) -> int:
        """Facts that the group has not come to."""
        consumer = AIOKafkaConsumer(bootstrap_servers=self.address, group_id=self.topology.group("members"), enable_auto_commit=False)
        await consumer.start()
        try:
            places = [TopicPartition(self.topology["facts"].name, k) for k in range(PARTITIONS)]
            ends = await consumer.end_offsets(places)
            return sum(ends.values()) - sum([await consumer.committed(place) or 0 for place in places])
        finally:
            await consumer.stop()

    async def until_behind(self, most: int) -> None:
        begun = time.monotonic()
        while await self.behind() > most:
            assert time.monotonic() - begun < PATIENCE, "the workers come no further"
            assert all(w.poll() is None for w in self.workers), [w.stderr.read() for w in self.workers if w.poll() is not None and w.stderr]
            await asyncio.sleep(0.2)

    async def told(self, short: str) -> list[Any]:
        """All committed records of a topic."""
        consumer = AIOKafkaConsumer(bootstrap_servers=self.address, isolation_level="read_committed", enable_auto_commit=False)
        await consumer.start()
        try:
            places = [TopicPartition(self.topology[short].name, k) for k in range(PARTITIONS)]
            consumer.assign(places)
            await consumer.seek_to_beginning(*places)
            ends, found = await consumer.end_offsets(places), []
            while any([await consumer.position(place) < ends[place] for place in places]):
                for records in (await consumer.getmany(timeout_ms=300)).values():
                    found += records
            return found
        finally:
            await consumer.stop()

    def kill(self, worker: subprocess.Popen[str]) -> None:
        worker.kill()
        worker.communicate()
        self.workers.remove(worker)

    def end(self) -> None:
        for worker in [*self.workers]:
            self.kill(worker)


@pytest.fixture
def town(broker: Kafka, tmp_path: Path) -> Any:
    found = Town(broker, tmp_path)
    asyncio.run(found.make_topics())
    yield found
    found.end()


def a_history() -> list[Fact]:
    """A year of thirty members: orders, returns, redemptions."""
    return [f if f.arrived >= 0 else replace(f, arrived=f.at) for f in a_year(11, members=30, facts=900)]


def booked(town: Town, facts: list[Fact]) -> list[LedgerEntry]:
    """What each partition books by itself, nothing being in its way."""
    out: list[LedgerEntry] = []
    for k in range(PARTITIONS):
        part = Partition(town.folder / f"alone-{k}", town.rules, k, PARTITIONS)
        mine = [f for f in facts if partition_of(f.member.encode(), PARTITIONS) == k]
        out += [open_entry(of_entry(row).value or b"") for row in part.decide([Facts(of_facts(mine))]).entries]
        part.keep(Position("alone", len(mine)))
        part.close()
    return by_number(out)


def by_number(entries: list[LedgerEntry]) -> list[LedgerEntry]:
    return sorted(entries, key=lambda e: (e.member_id, e.seq))


def publish(town: Town, facts: list[Fact]) -> str:
    write_history(town.folder / "history", facts, "USD")
    words = town.command("ingest", str(town.folder / "history"))
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


def test_workers_killed_at_any_time_and_stores_lost_tell_every_entry_once(town: Town) -> None:
    facts = a_history()
    assert publish(town, facts) == f"{len(facts)} facts published, 0 dead letters\n"
    random = Random(5)

    async def kills() -> None:
        left = await town.behind()
        for number in range(3):
            worker = town.work("one")
            left -= random.randrange(60, 180)
            await town.until_behind(left)
            town.kill(worker)
            if number == 1:
                shutil.rmtree(town.folder / "one" / "members-1")
        town.work("one")
        await town.until_behind(0)

    asyncio.run(kills())
    (last,) = town.workers
    last.send_signal(signal.SIGTERM)
    _, said = last.communicate(timeout=30)
    assert last.returncode == 0, said
    town.workers.clear()
    entries = [open_entry(r.value) for r in asyncio.run(town.told("ledger"))]
    assert by_number(entries) == booked(town, facts) and len(entries) > len(facts)
    assert asyncio.run(town.told("dead-letters")) == []
    members = {r.key for r in asyncio.run(town.told("members"))}
    assert members == {f.member.encode() for f in facts}


def test_two_workers_share_the_partitions_and_one_takes_over_what_the_other_leaves(town: Town) -> None:
    """Everything is published twice, and is a fact once."""
    facts = a_history()
    publish(town, facts)
    publish(town, facts)

    async def share() -> None:
        left = await town.behind()
        first, _ = town.work("one"), town.work("two")
        await town.until_behind(left - 200)
        first.send_signal(signal.SIGTERM)
        await asyncio.to_thread(first.communicate, timeout=30)
        town.workers.remove(first)
        assert first.returncode == 0
        await town.until_behind(0)

    asyncio.run(share())
    entries = [open_entry(r.value) for r in asyncio.run(town.told("ledger"))]
    assert by_number(entries) == booked(town, facts)


def test_what_cannot_be_read_is_one_dead_letter_and_nothing_else_is_lost(town: Town) -> None:
    from aiokafka import AIOKafkaProducer

    facts = [f for f in a_history() if f.kind == FactKind.ORDER][:20]

    async def disturb() -> None:
        producer = AIOKafkaProducer(bootstrap_servers=town.address)
        await producer.start()
        await producer.send_and_wait(town.topology["facts"].name, b"\x00\x00\x00\x00\x01nonsense", b"M1", 0)
        await producer.send_and_wait(town.topology["facts"].name, None, b"M1", 1)
        await producer.stop()

    asyncio.run(disturb())
    publish(town, facts)
    town.work("one")
    asyncio.run(town.until_behind(0))
    letters = asyncio.run(town.told("dead-letters"))
    assert sorted(dict(r.headers)["code"] for r in letters) == [b"BAD_FRAME", b"UNDECODABLE"]
    assert [open_entry(r.value).member_id for r in asyncio.run(town.told("ledger"))]


def test_a_group_that_is_beyond_the_end_of_the_log_is_not_served(town: Town) -> None:
    """The topic was deleted and made again: what the group knows is of another log."""

    async def stand(at: int) -> None:
        consumer = AIOKafkaConsumer(bootstrap_servers=town.address, group_id=town.topology.group("members"), enable_auto_commit=False)
        await consumer.start()
        place = TopicPartition(town.topology["facts"].name, 1)
        consumer.assign([place])
        await consumer.commit({place: at})
        await consumer.stop()

    asyncio.run(stand(1_000))
    worker = town.work("one")
    _, said = worker.communicate(timeout=PATIENCE)
    town.workers.clear()
    assert worker.returncode == 1 and "error TOPIC_DIFFERS" in said and "the group has come to 1000, and partition 1 ends at 0" in said


def test_a_store_is_not_closed_under_the_thread_that_works_on_it() -> None:
    """Whoever is stopped waits until the thread is done."""
    steps: list[str] = []

    def slow() -> None:
        time.sleep(0.3)
        steps.append("done")

    async def stopped() -> None:
        one = asyncio.create_task(to_its_end(slow))
        await asyncio.sleep(0.05)
        one.cancel()
        with pytest.raises(asyncio.CancelledError):
            await one
        steps.append("closed")

    asyncio.run(stopped())
    assert steps == ["done", "closed"]


def test_a_worker_without_a_cluster_or_a_programme_says_so(tmp_path: Path) -> None:
    run = [sys.executable, "-c", "from loyalty_streams.cli.main import app; app()", "worker"]
    rules = tmp_path / "v1.yaml"
    rules.write_text(PROGRAMME, "utf-8")
    for words, code, said in (
        (["--kafka", "127.0.0.1:1"], 2, "error NO_PROGRAMME"), (["--programme", str(rules)], 2, "error NO_KAFKA"),
        (["--kafka", "127.0.0.1:1", "--programme", str(tmp_path / "none.yaml")], 2, "error NO_PROGRAMME"),
        (["--kafka", "127.0.0.1:1", "--programme", str(rules)], 1, "error KAFKA_UNREACHABLE"),
    ):  # fmt: skip
        ended = subprocess.run([*run, *words, "--data", str(tmp_path / "data")], capture_output=True, text=True, check=False)
        assert (ended.returncode, said in ended.stderr) == (code, True), ended.stderr
    assert not (tmp_path / "data").exists()
