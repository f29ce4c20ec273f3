"""The members agent on Kafka: each partition of the facts is served by one worker at a time, and what it decides is told exactly once.

A batch is decided over its store, which stays as it is; one transaction tells others of it and moves the position in the topic; then the store
keeps it in one write. A partition that is opened first fences who served it before, then asks how far the group has come: what its store lacks
up to there has been told already, and is decided again in silence; a store that is ahead of the group, or of another log, is made anew. After
any error, and after a commit of which nobody knows how it ended, the partition is opened again: the group's position tells.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaError, ProducerFenced

from loyalty_streams.history.letters import DeadLetter
from loyalty_streams.hosts.kafka.connection import ClusterError, Connection, admin
from loyalty_streams.hosts.kafka.partition import Outcome, Partition, Position, forwarded_to
from loyalty_streams.hosts.kafka.records import FACTS, LEDGER, LETTERS, MEMBERS, Record, of_entry, of_letter, of_message, read
from loyalty_streams.hosts.kafka.topology import Topology

T = TypeVar("T")
log = logging.getLogger(__name__)
AGENT = "members"
BATCH_BYTES = 900_000
AGAIN = 0.5
"""Seconds after which a partition that failed is opened again."""


@dataclass(frozen=True, slots=True)
class Serving:
    """How a worker serves. `batch`: records of a transaction at most; the rest are seconds: for a commit, after which an open transaction is taken
    back, and after which a worker that is silent has lost its partitions.
    """

    connection: Connection
    topology: Topology
    data: Path
    programme: Path
    batch: int = 1_000
    commit_within: float = 20.0
    transaction_timeout: float = 10.0
    session_timeout: float = 10.0


class Worker:
    """Serves the partitions that the group gives it, until it is stopped."""

    def __init__(self, serving: Serving) -> None:
        self.serving = serving
        self.serves: dict[int, asyncio.Task[None]] = {}
        self._stop = asyncio.Event()
        self._broken: BaseException | None = None
        self.cluster = ""

    async def run(self) -> None:
        """Raises what ended a partition by itself."""
        s = self.serving
        async with admin(s.connection) as asked:
            self.cluster = str((await asked.describe_cluster())["cluster_id"])
        self.consumer = AIOKafkaConsumer(
            **s.connection.options(), group_id=s.topology.group(AGENT), enable_auto_commit=False, auto_offset_reset="earliest",
            isolation_level="read_committed", session_timeout_ms=int(s.session_timeout * 1000), heartbeat_interval_ms=int(s.session_timeout * 300),
            max_poll_interval_ms=600_000, retry_backoff_ms=20, fetch_max_wait_ms=100,
        )  # fmt: skip
        await self.consumer.start()
        try:
            self.consumer.subscribe([s.topology[FACTS].name], listener=_Listener(self))
            await self._stop.wait()
        finally:
            await self.release()
            with suppress(asyncio.TimeoutError, KafkaError):
                await asyncio.wait_for(self.consumer.stop(), s.commit_within)
        if self._broken is not None:
            raise self._broken

    def stop(self) -> None:
        """Lets go of everything when the batches under way are done."""
        self._stop.set()

    def begin(self, partitions: Sequence[int]) -> None:
        for p in partitions:
            if p not in self.serves:
                self.serves[p] = asyncio.create_task(_Served(self, p).serve(), name=f"{FACTS}-{p}")
                self.serves[p].add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """A partition that ends by itself has met what nobody foresaw: the worker ends with it."""
        if not task.cancelled() and task.exception() is not None:
            self._broken = task.exception()
            self._stop.set()

    async def release(self) -> None:
        tasks = list(self.serves.values())
        self.serves.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    def __init__(self, worker: Worker) -> None:
        self.worker = worker

    async def on_partitions_revoked(self, revoked: Any) -> None:
        await self.worker.release()

    async def on_partitions_assigned(self, assigned: Any) -> None:
        self.worker.begin(sorted(tp.partition for tp in assigned))


@dataclass
class _Served:
    """One partition in the hands of a worker."""

    worker: Worker
    number: int
    source: TopicPartition = field(init=False)
    producer: Any = None
    partition: Partition | None = None

    def __post_init__(self) -> None:
        self.source = TopicPartition(self.worker.serving.topology[FACTS].name, self.number)

    async def serve(self) -> None:
        try:
            while True:
                try:
                    await self._serve()
                except (TimeoutError, KafkaError, OSError) as error:
                    log.warning("%s-%d: %s; it is opened again", FACTS, self.number, error)
                    await self._close()
                    # Who was fenced may serve no longer, and has not heard of it yet: it must not fence the one who does.
                    await asyncio.sleep(self.worker.serving.session_timeout if isinstance(error, ProducerFenced) else AGAIN)
        finally:
            await asyncio.shield(self._close())

    async def _serve(self) -> None:
        partition, position = await self._open()
        consumer = self.worker.consumer
        consumer.seek(self.source, position.offset)
        while True:
            found = (await consumer.getmany(self.source, timeout_ms=200, max_records=self.worker.serving.batch)).get(self.source, [])
            some = [r for r in found if r.offset >= position.offset]
            if not some:
                continue
            outcome = await to_its_end(self._decide, partition, some)
            position = Position(position.source, some[-1].offset + 1)
            await self._tell(outcome, position)
            await to_its_end(partition.keep, position)

    def _decide(self, partition: Partition, some: Sequence[Any]) -> Outcome:
        """What some records of the log come to; what cannot be read becomes dead letters."""
        records = [(r.offset, Record(r.key, r.value, tuple(r.headers))) for r in some]
        parts = list(read(records, f"{FACTS}:{self.number}"))
        unread = [part for part in parts if isinstance(part, DeadLetter)]
        outcome = partition.decide([part for part in parts if not isinstance(part, DeadLetter)])
        outcome.letters = [*unread, *outcome.letters]
        return outcome

    # ---- opening ---------------------------------------------------------------------------------------------------------

    async def _open(self) -> tuple[Partition, Position]:
        s, consumer = self.worker.serving, self.worker.consumer
        self.producer = AIOKafkaProducer(
            **s.connection.options(), transactional_id=s.topology.transactional_id(AGENT, self.number), acks="all", max_batch_size=BATCH_BYTES,
            transaction_timeout_ms=int(s.transaction_timeout * 1000), retry_backoff_ms=10,
        )  # fmt: skip
        await asyncio.wait_for(self.producer.start(), s.commit_within)  # fences who served before
        beginnings, ends = await consumer.beginning_offsets([self.source]), await consumer.end_offsets([self.source])
        committed = await consumer.committed(self.source)
        begin, upto = beginnings[self.source], committed if committed is not None else beginnings[self.source]
        count = len(await self.producer.partitions_for(self.source.topic))
        if upto > ends[self.source]:
            told = f"the group has come to {upto}, and partition {self.number} ends at {ends[self.source]}: it is not the log that was served"
            raise ClusterError("TOPIC_DIFFERS", told, self.source.topic)
        partition = await to_its_end(self._open_store, count)
        here = Position(f"{self.worker.cluster}/{self.source.topic}/{count}", begin)
        at = partition.position
        if at is None or at.source != here.source or not begin <= at.offset <= upto:
            if at is not None:
                log.warning("%s-%d: the store is of another log, or ahead of it, and is made anew", FACTS, self.number)
                await to_its_end(partition.wipe)
            at = here
        return partition, await self._again(partition, at, upto)

    def _open_store(self, partitions: int) -> Partition:
        s = self.worker.serving
        self.partition = Partition(s.data / f"members-{self.number}", s.programme, self.number, partitions)
        return self.partition

    async def _again(self, partition: Partition, at: Position, upto: int) -> Position:
        """Decides again, in silence, what others have been told of already."""
        consumer = self.worker.consumer
        consumer.seek(self.source, at.offset)
        while at.offset < upto:
            found = (await consumer.getmany(self.source, timeout_ms=500, max_records=20_000)).get(self.source, [])
            some = [r for r in found if at.offset <= r.offset < upto]
            if some:
                await to_its_end(self._decide, partition, some)
            end = min(upto, await consumer.position(self.source))
            if some or end > at.offset:
                at = Position(at.source, end)
                await to_its_end(partition.keep, at)
        return at

    async def _close(self) -> None:
        producer, partition = self.producer, self.partition
        self.producer = self.partition = None
        if partition is not None:
            await asyncio.to_thread(partition.close)
        if producer is not None:
            with suppress(KafkaError, asyncio.TimeoutError, OSError):
                await asyncio.wait_for(producer.stop(), self.worker.serving.commit_within)

    # ---- telling ---------------------------------------------------------------------------------------------------------

    async def _tell(self, outcome: Outcome, position: Position) -> None:
        """One transaction: entries, states, what goes to other partitions, dead letters, and how far this one has come."""
        s, producer = self.worker.serving, self.producer
        count = len(await producer.partitions_for(self.source.topic))
        rows: list[tuple[str, int, Record]] = [(LEDGER, self.number, of_entry(row)) for row in outcome.entries]
        rows += [(MEMBERS, self.number, Record(member, head)) for member, head in outcome.heads.items()]
        rows += [(FACTS, forwarded_to(message, count), of_message(message)) for message in outcome.forwards]
        rows += [(LETTERS, self.number, of_letter(letter)) for letter in outcome.letters]
        await asyncio.wait_for(self._transaction(rows, position), s.commit_within)

    async def _transaction(self, rows: Sequence[tuple[str, int, Record]], position: Position) -> None:
        producer = self.producer
        await producer.begin_transaction()
        sent = []
        places: dict[tuple[str, int], list[Record]] = {}
        for topic, number, record in rows:
            places.setdefault((topic, number), []).append(record)
        for (topic, number), records in places.items():
            sent += await self._batches(self.worker.serving.topology[topic].name, number, records)
        for one in sent:
            await one
        await producer.send_offsets_to_transaction({self.source: position.offset}, self.worker.serving.topology.group(AGENT))
        await producer.commit_transaction()

    async def _batches(self, topic: str, number: int, records: Sequence[Record]) -> list[Any]:
        """Records in as few batches as they fit in. -> what to wait for."""
        producer, sent = self.producer, []
        batch = producer.create_batch()
        for record in records:
            if self._put(batch, record):
                continue
            batch.close()
            sent.append(await producer.send_batch(batch, topic, partition=number))
            batch = producer.create_batch()
            if not self._put(batch, record):  # one that no batch has room for goes by itself
                sent.append(await producer.send(topic, record.value, record.key, number, headers=list(record.headers)))
        batch.close()
        if batch.record_count():
            sent.append(await producer.send_batch(batch, topic, partition=number))
        return sent

    @staticmethod
    def _put(batch: Any, record: Record) -> bool:
        return batch.append(key=record.key, value=record.value, timestamp=None, headers=list(record.headers)) is not None


async def to_its_end(work: Callable[..., T], *given: Any) -> T:
    """Lets a thread do some work over a store. Who is stopped meanwhile waits for its end: a store is never closed under a thread."""
    under_way = asyncio.ensure_future(asyncio.to_thread(work, *given))
    try:
        return await asyncio.shield(under_way)
    except asyncio.CancelledError:
        await asyncio.wait([under_way])
        raise
