"""Records of the topics as values, and back. What cannot be read is a dead letter, and nothing else is lost for it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from loyalty_streams.agents.messages import addressee
from loyalty_streams.codec import LedgerEntry, Message, WireError, open_fact, seal_entry, seal_fact
from loyalty_streams.core.codes import FactKind
from loyalty_streams.core.facts import Fact
from loyalty_streams.history.batch import of_facts
from loyalty_streams.history.letters import DeadLetter
from loyalty_streams.hosts.kafka.partition import Facts, Messages, Tick

FACTS, LEDGER, MEMBERS, LETTERS = "facts", "ledger", "members", "dead-letters"
MESSAGE = ("kind", b"message")
"""The header of what accounts of different partitions send each other, in the topic of facts."""
TOO_LATE_TO_STAMP = "arrived_at: given by whoever writes a fact to this topic"


@dataclass(frozen=True, slots=True)
class Record:
    """A record of a topic, as much of it as counts here."""

    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = ()


def of_fact(fact: Fact, currency: str, revision: int = 0) -> Record:
    """A fact for the topic of facts. Raises WireError."""
    return Record(fact.member.encode(), seal_fact(Message(fact, revision, currency if fact.kind == FactKind.ORDER else "")))


def of_message(message: bytes) -> Record:
    return Record(addressee(message), message, (MESSAGE,))


def of_entry(row: dict[str, Any]) -> Record:
    """An entry of the ledger, by the fields of its schema."""
    return Record(row["member_id"].encode(), seal_entry(LedgerEntry(**row)))


def of_letter(letter: DeadLetter) -> Record:
    words = {"code": letter.code.encode(), "place": f"{letter.file}:{letter.row}".encode(), "expected": letter.expected.encode()}
    return Record(letter.member.encode(), json.dumps(asdict(letter), ensure_ascii=False).encode(), tuple(words.items()))


def read(records: Sequence[tuple[int, Record]], place: str) -> Iterator[Facts | Messages | Tick | DeadLetter]:
    """What records are, in order: neighbours of one kind together. `records`: offset and record; `place`: topic and partition, for dead letters."""
    facts: list[tuple[int, Message]] = []
    sent: list[bytes] = []
    for offset, record in records:
        if MESSAGE in record.headers and record.value is not None:
            yield from _facts(facts, place)
            sent.append(record.value)
            continue
        found = _message(record, place, offset)
        if isinstance(found, DeadLetter):
            yield found
            continue
        yield from _messages(sent)
        facts.append((offset, found))
    yield from _facts(facts, place)
    yield from _messages(sent)


def _message(record: Record, place: str, offset: int) -> Message | DeadLetter:
    try:
        found = open_fact(record.value or b"")
    except WireError as error:
        return DeadLetter(place, offset, error.code, error.expected, (record.value or b"").hex()[:4096], _text(record.key), FACTS)
    if found.fact.arrived < 0:
        return DeadLetter(place, offset, "MISSING", TOO_LATE_TO_STAMP, "", found.fact.member, FACTS)
    return found


def _text(key: bytes | None) -> str:
    return (key or b"").decode("utf-8", "replace")


def _facts(waiting: list[tuple[int, Message]], place: str) -> Iterator[Facts]:
    if waiting:
        yield Facts(of_facts([m.fact for _, m in waiting], [m.revision for _, m in waiting], place))
        waiting.clear()


def _messages(waiting: list[bytes]) -> Iterator[Messages]:
    if waiting:
        yield Messages([*waiting])
        waiting.clear()
