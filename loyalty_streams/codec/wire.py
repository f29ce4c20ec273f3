"""Bytes on the wire: Confluent framing round an Avro record, and every guard between bytes and a value.

Decoders accept invalid data in silence, so bytes pass these guards in order: size, frame, known schema, decoding, no bytes left,
encoding again gives the same bytes, and then the checks of what the values mean (`facts`). Each has a stable code.
"""

from __future__ import annotations

import io
import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Protocol, TypeAlias
from uuid import UUID

import fastavro
import xxhash
from fastavro.validation import validate

from loyalty_streams.codec.schemas import Reference, Registered

MAGIC = b"\x00"
MAGIC_GUID = b"\x01"
SCHEMA_HEADER = "__value_schema_id"
"""The header by which a message may name its schema, in either form, in place of the frame."""
HEADER = 5
"""Bytes of a frame before the record: magic byte 0 and the schema's id, 4 bytes, big-endian."""
HEADER_GUID = 17
"""The same with magic byte 1 and the schema's GUID, 16 bytes."""
LARGEST = 1 << 20
"""Bytes of a framed message that are taken without asking for more: what a broker takes by default."""
HIGHEST_ID = (1 << 31) - 1

CODES: dict[str, str] = {
    "TOO_LARGE": "a message, an order's lines or a fact's attributes exceed their bound",
    "BAD_FRAME": "not framed: too short, a first byte that is neither 0 (an id follows) nor 1 (a GUID), or headers that name no schema or two",
    "CHECKSUM": "the bytes are not those whose checksum came with them",
    "SCHEMA_UNKNOWN": "an id or GUID that the registry does not have, or of a record that does not belong here or cannot be read safely",
    "UNDECODABLE": "the bytes cannot be read by their schema",
    "TRAILING_BYTES": "bytes are left after the record",
    "NOT_CANONICAL": "another spelling of the record than the one that encoding it gives: a longer number, an index out of range",
    "OUT_OF_RANGE": "a number beyond the 32 bits of its field",
    "NOT_CARRIED": "the fact has a value that its record has no field for",
    "DUPLICATE_ATTRIBUTE": "two attributes of one name, or two equal tags",
    "MISSING": "a value that the fact cannot do without is empty",
    "BAD_ID": "an identifier is longer than its bound, holds blanks at its ends, control or invisible characters, or begins `receipt:` or `erased:`",
    "BAD_PHONE": "a phone that is not hashed in the name of an account: plain ones do not travel",
    "BAD_TEXT": "a text is longer than its bound or holds control characters",
    "BAD_TIME": "a date that does not exist, or an instant outside the years 1970 to 2169",
    "FUTURE_TIME": "it happened more than ten minutes after its own arrived_at",
    "AMOUNT_RANGE": "a number beyond its bound: amounts and points up to 10^15, quantities and line numbers up to 2^31 - 1, shares up to 100 percent",
    "BAD_SIGN": "a number that is negative where none may be, or a share of nothing",
    "BAD_CHOICE": "not one of the words or numbers that the field allows",
    "CURRENCY": "not an ISO 4217 code of three capital letters",
    "DUPLICATE_LINE": "two lines of one order have the same number",
    "SUM_OF_LINES": "the lines do not add up to the amount of the order",
    "SELF": "a transfer or merge of a member with itself, or a pool that it is itself",
}
"""Why a message, or a fact on its way into one, was refused: the closed list, one line each."""


Headers: TypeAlias = Iterable[tuple[str, bytes | None]]
"""The headers of a message, as it came."""


class Known(Protocol):
    """Schemas that messages name: the committed set, or what a registry has told."""

    @property
    def latest(self) -> Mapping[str, Registered]: ...

    def find(self, reference: Reference) -> Registered | None: ...


class WireError(ValueError):
    """A message or fact that does not pass a guard. `code` is one of `CODES`; the text names the field and what was expected, no values."""

    def __init__(self, code: str, expected: str) -> None:
        super().__init__(f"{code}: {expected}")
        self.code, self.expected = code, expected


def frame(schema_id: int, record: bytes) -> bytes:
    """A record as a message: magic byte, schema id, record. Raises ValueError for an id that has no room."""
    if not 0 <= schema_id <= HIGHEST_ID:
        raise ValueError(f"a schema id from 0 to {HIGHEST_ID}, not {schema_id}")
    return MAGIC + schema_id.to_bytes(4, "big") + record


def unframe(message: bytes, headers: Headers = ()) -> tuple[Reference, bytes]:
    """(id or GUID of the schema, record) of a message. Raises WireError BAD_FRAME.

    The header `__value_schema_id` names the schema where there is one, and the message is the record alone; else the frame before the record does.
    """
    named = [value for name, value in headers if name == SCHEMA_HEADER]
    if len(named) > 1:
        raise WireError("BAD_FRAME", f"one header {SCHEMA_HEADER}")
    source = message if not named else named[0] or b""
    if source[:1] not in (MAGIC, MAGIC_GUID):
        raise WireError("BAD_FRAME", "a first byte of 0 or 1: magic byte, schema id or GUID, record")
    end = HEADER if source[:1] == MAGIC else HEADER_GUID
    if len(source) < end or (named and len(source) > end):
        raise WireError("BAD_FRAME", f"{'' if named else 'at least '}{end} bytes")
    found = source[1:end]
    reference = int.from_bytes(found, "big") if source[:1] == MAGIC else UUID(bytes=found)
    return reference, message if named else message[end:]


def checksum(message: bytes) -> bytes:
    """XXH64 of a whole message, 8 bytes, big-endian: sent in a header, it shows a bit that fell over and still decodes."""
    return xxhash.xxh64_digest(message)


def write(schema: Registered, record: Mapping[str, Any]) -> bytes:
    """A record, all of its fields given, by its schema."""
    out = io.BytesIO()
    fastavro.schemaless_writer(out, schema.parsed, record, strict=True)
    return out.getvalue()


def read(schema: Registered, data: bytes, reader: Registered | None = None) -> dict[str, Any]:
    """The record that bytes are, as the newer schema `reader` sees it. Raises WireError.

    Its codes are UNDECODABLE, TRAILING_BYTES, NOT_CANONICAL and OUT_OF_RANGE.
    """
    record, left = _decode(schema, data)
    if left:
        raise WireError("TRAILING_BYTES", f"no bytes after the {schema.name} of {len(data) - left} bytes, not {left}")
    if _encode(schema, record) != data:
        raise WireError("NOT_CANONICAL", f"the bytes that encoding the {schema.name} again gives")
    if not validate(record, schema.parsed, raise_errors=False):
        raise WireError("OUT_OF_RANGE", f"{schema.name}: numbers that their fields can hold")
    if reader is None or reader is schema:
        return record
    return _decode(schema, data, reader)[0]


def unpack(
    message: bytes, schemas: Known, names: Collection[str], largest: int = LARGEST, expected: bytes | None = None, headers: Headers = ()
) -> tuple[str, dict[str, Any]]:
    """(name, record as its newest schema sees it) of a framed message, after every guard on bytes.

    `names` are the records that belong where the message came from, `expected` is the checksum that came with it.
    Raises WireError.
    """
    if len(message) > largest:
        raise WireError("TOO_LARGE", f"at most {largest} bytes")
    reference, data = unframe(message, headers)
    if expected is not None and checksum(message) != expected:
        raise WireError("CHECKSUM", "the bytes that its checksum was taken of")
    schema = schemas.find(reference)
    if schema is None or schema.name not in names:
        raise WireError("SCHEMA_UNKNOWN", f"the id or GUID of one of the records that belong here, not {reference}")
    return schema.name, read(schema, data, schemas.latest[schema.name])


def _decode(schema: Registered, data: bytes, reader: Registered | None = None) -> tuple[dict[str, Any], int]:
    """(record, bytes left). Whatever a decoder raises on bytes it cannot read is one thing: UNDECODABLE."""
    source = io.BytesIO(data)
    try:
        record = fastavro.schemaless_reader(source, schema.parsed, reader.parsed if reader else None)
    except Exception as error:
        raise WireError("UNDECODABLE", f"a {schema.name} ({_plain(error)})") from error
    assert isinstance(record, dict)
    return record, len(data) - source.tell()


def _encode(schema: Registered, record: Mapping[str, Any]) -> bytes:
    """The canonical bytes of a decoded record; none where what was decoded is no value of the schema."""
    try:
        out = io.BytesIO()
        fastavro.schemaless_writer(out, schema.parsed, record)
        return out.getvalue()
    except Exception as error:
        raise WireError("NOT_CANONICAL", f"a {schema.name} that can be encoded ({_plain(error)})") from error


def _plain(error: Exception) -> str:
    """The kind of an error in words; its text may hold what is personal."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(error).__name__).lower()
