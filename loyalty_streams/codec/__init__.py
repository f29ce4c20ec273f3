"""Avro and Confluent framing: facts and ledger entries as bytes, with every guard on the way back. Nothing else knows Avro.

    name, data = encode(fact)                      # the record's name, and its bytes
    fact = decode(name, data)
    message = seal_fact(Message(fact, currency="EUR"))  # framed: magic byte, schema id, record
    message = open_fact(received)                  # raises WireError with a stable code
"""

from __future__ import annotations

from loyalty_streams.codec.facts import KINDS, NAMES, Message, in_order, to_message, to_record
from loyalty_streams.codec.ledger import NAME as LEDGER_ENTRY
from loyalty_streams.codec.ledger import LedgerEntry, from_row
from loyalty_streams.codec.schemas import SchemaSet, standard
from loyalty_streams.codec.wire import CODES, LARGEST, Headers, Known, WireError, checksum, frame, read, unpack, write
from loyalty_streams.core.facts import Fact

__all__ = [
    "CODES", "KINDS", "LARGEST", "LEDGER_ENTRY", "NAMES", "Headers", "Known", "LedgerEntry", "Message", "SchemaSet", "WireError",
    "checksum", "decode", "decode_message", "encode", "encode_message", "from_row", "in_order", "open_entry", "open_fact", "seal_entry",
    "seal_fact", "standard",
]  # fmt: skip


def encode(fact: Fact) -> tuple[str, bytes]:
    """(full name of the record, its bytes) of a fact. Raises WireError where the fact is not valid."""
    return encode_message(Message(fact))


def decode(name: str, data: bytes) -> Fact:
    """The fact whose record of this name has these bytes: the inverse of `encode`, but for order (`in_order`). Raises WireError."""
    return decode_message(name, data).fact


def encode_message(message: Message) -> tuple[str, bytes]:
    """As `encode`, with the revision and currency of an order."""
    name, record = to_record(message)
    return name, write(standard().latest[name], record)


def decode_message(name: str, data: bytes) -> Message:
    """As `decode`, with the revision and currency of an order."""
    if name not in NAMES:
        raise WireError("SCHEMA_UNKNOWN", "the name of a record of facts")
    return to_message(name, read(standard().latest[name], data))


def seal_fact(message: Message, schemas: SchemaSet | None = None) -> bytes:
    """A framed message, by the newest schemas of the set (default: the committed one). Raises WireError."""
    name, record = to_record(message)
    schema = (schemas or standard()).latest[name]
    return frame(schema.id, write(schema, record))


def open_fact(
    data: bytes, schemas: Known | None = None, largest: int = LARGEST, expected: bytes | None = None, headers: Headers = ()
) -> Message:
    """The message in framed bytes, past every guard; `expected` is the checksum that came with them, with the message's headers. Raises WireError."""
    return to_message(*unpack(data, schemas or standard(), NAMES, largest, expected, headers))


def seal_entry(entry: LedgerEntry, schemas: SchemaSet | None = None) -> bytes:
    """A ledger entry, framed."""
    schema = (schemas or standard()).latest[LEDGER_ENTRY]
    return frame(schema.id, write(schema, entry.to_record()))


def open_entry(data: bytes, schemas: Known | None = None, largest: int = LARGEST, expected: bytes | None = None) -> LedgerEntry:
    """The ledger entry in framed bytes. Raises WireError."""
    _, record = unpack(data, schemas or standard(), {LEDGER_ENTRY}, largest, expected)
    return LedgerEntry(**record)
