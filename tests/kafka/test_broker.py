"""The ground under all tests on Apache Kafka: a broker that starts, is the same for all, and comes back after a crash."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from tests.kafka import broker as brokers
from tests.kafka import plugin
from tests.kafka.broker import COMMON, POM, Broker, CannotStart, Ports, free_ports, java, main
from tests.kafka.plugin import Kafka


def kafka_version() -> str:
    """As the pom names it."""
    space = {"m": "http://maven.apache.org/POM/4.0.0"}
    found = ElementTree.parse(POM).find(".//m:dependency[m:artifactId='kafka_2.13']/m:version", space)
    assert found is not None and found.text
    return found.text


async def send(address: str, topic: str, value: bytes) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=address, enable_idempotence=True)
    await producer.start()
    try:
        await producer.send_and_wait(topic, value, partition=0)
    finally:
        await producer.stop()


async def read(address: str, topic: str, expected: int) -> list[bytes]:
    place = TopicPartition(topic, 0)
    consumer = AIOKafkaConsumer(bootstrap_servers=address, enable_auto_commit=False)
    await consumer.start()
    try:
        consumer.assign([place])
        await consumer.seek_to_beginning(place)
        return [(await asyncio.wait_for(consumer.getone(), 60)).value or b"" for _ in range(expected)]
    finally:
        await consumer.stop()


async def create(address: str, topic: str) -> None:
    client = AIOKafkaAdminClient(bootstrap_servers=address)
    await client.start()
    try:
        await client.create_topics([NewTopic(topic, 1, 1)])
    finally:
        await client.close()


def test_what_was_written_before_a_crash_of_the_broker_is_there_after_it(broker: Kafka, tmp_path: Path) -> None:
    """A broker of its own, killed: the others still use the one that they share."""
    alone = Broker(tmp_path, Ports.free())
    alone.start()
    try:
        asyncio.run(create(alone.address, "points"))
        asyncio.run(send(alone.address, "points", b"before"))
        first = alone.pid()
        assert alone.kill() and alone.pid() is None
        alone.start()
        assert alone.pid() not in (None, first)
        asyncio.run(send(alone.address, "points", b"after"))
        assert asyncio.run(read(alone.address, "points", 2)) == [b"before", b"after"]
    finally:
        assert alone.stop()
    assert broker.broker.pid() is not None and not alone.stop()


def test_a_broker_that_runs_is_not_started_a_second_time(broker: Kafka) -> None:
    pid = broker.broker.pid()
    broker.broker.start()
    assert broker.broker.pid() == pid is not None
    assert plugin._started() == broker


def test_a_port_that_is_taken_is_said_before_anything_is_written(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind((brokers.HOST, 0))
        other.listen()
        with pytest.raises(CannotStart, match="something else listens at"):
            Broker(tmp_path, Ports(other.getsockname()[1], free_ports(1)[0])).start()
    assert not (tmp_path / "data").exists()


def test_a_broker_that_ends_at_once_is_told_with_its_own_last_words(broker: Kafka, tmp_path: Path) -> None:
    taken = Broker(tmp_path, Ports(free_ports(1)[0], broker.broker.ports.controller))
    with pytest.raises(CannotStart, match=r"(?s)the broker has ended.*already in use"):
        taken.start()


@pytest.mark.parametrize(
    ("said", "told"),
    [('openjdk version "17.0.15"', None), ('openjdk version "21"', None), ('java version "1.8.0_402"', "is 8"), ("Error", "of no version")],
)
def test_a_java_that_is_too_old_is_said(said: str, told: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "bin" / "java"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\necho '{said}' >&2\n")
    program.chmod(0o755)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    if told is None:
        assert java() == str(program)
    else:
        with pytest.raises(CannotStart, match=told):
            java()


def test_where_java_or_maven_is_missing_the_door_says_so_and_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(brokers, "HOME", tmp_path)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    assert main(["start"]) == 1
    assert "Java 17 or newer is needed and there is none: make system" in capsys.readouterr().err
    monkeypatch.setattr(brokers, "java", lambda: "java")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["start"]) == 1
    assert "Maven is needed" in capsys.readouterr().err


def test_without_a_broker_a_test_is_skipped_and_under_ci_it_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> Kafka:
        raise CannotStart("no Java")

    monkeypatch.setattr(plugin, "_started", missing)
    ask = plugin.broker.__wrapped__ if hasattr(plugin.broker, "__wrapped__") else plugin.broker._get_wrapped_function()
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="NO BROKER: no Java"):
        ask()
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="no broker: no Java"):
        ask()


def test_what_a_killed_run_left_behind_is_taken_away_and_a_living_run_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    over = subprocess.Popen(["true"])
    over.wait()
    monkeypatch.setattr(plugin, "RUNS", tmp_path)
    for pid in (over.pid, os.getpid()):
        (tmp_path / str(pid) / "data").mkdir(parents=True)
    plugin.sweep()
    assert [run.name for run in tmp_path.iterdir()] == [str(os.getpid())]


def test_the_port_of_people_is_kept_and_may_change_while_none_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(brokers, "HOME", tmp_path)
    assert brokers.of_people(None).ports == Ports(9092, 9093)
    assert brokers.of_people(19092).ports == Ports(19092, 19093)
    assert brokers.of_people(None).ports == Ports(19092, 19093)


def test_no_broker_of_ours_makes_topics_by_itself_or_forgets() -> None:
    assert (COMMON["auto.create.topics.enable"], COMMON["log.retention.ms"]) == ("false", "-1")
    written = replace(Broker(Path("x"), Ports(1, 2)), extra={"a": "b"}).written()
    assert "listeners=PLAIN://127.0.0.1:1,CONTROLLER://127.0.0.1:2\n" in written and written.endswith("a=b\n")
