"""Bytes that are no message: every row of the table of what decoders let through, and the order of the guards."""

from __future__ import annotations

import random
import time
import tracemalloc
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_streams import codec
from loyalty_streams.codec import CODES, LEDGER_ENTRY, NAMES, Message, WireError, checksum, decode, encode, open_fact, seal_fact, standard
from loyalty_streams.codec.schemas import Registered, SchemaSet
from loyalty_streams.codec.wire import frame, read, unframe, unpack
from loyalty_streams.core.codes import FactKind
from loyalty_streams.core.facts import Fact, Line
from tests.schemas.golden import all_golden
from tests.schemas.strategies import messages

ORDER = Message(Fact(FactKind.ORDER, "M", "order/1", at=1, amount=150, lines=(Line(1, 150),)), currency="EUR")
SEALED = seal_fact(ORDER)
TICK = seal_fact(Message(Fact(FactKind.TICK, "", "tick/1", at=1)))
# Where the parts of these messages lie: five bytes of frame, then the record as test_golden_bytes works it out by hand.
LINES, QTY, KIND, TAX, AFTER_LINES = 23, 29, 30, 31, 32


def code_of_refusal(message: bytes, **how: Any) -> str:
    with pytest.raises(WireError) as refused:
        open_fact(message, **how)
    assert refused.value.code in CODES
    return refused.value.code


def put(message: bytes, at: int, what: str, over: int = 1) -> bytes:
    """The message with the bytes at a place replaced."""
    return message[:at] + bytes.fromhex(what) + message[at + over :]


def test_the_places_in_the_order_are_where_the_table_puts_them() -> None:
    assert open_fact(put(SEALED, QTY, "04")).fact.lines[0].qty == 2
    assert open_fact(put(SEALED, KIND, "02")).fact.lines[0].kind.name == "DELIVERY"
    assert open_fact(put(SEALED, TAX, "06")).fact.lines[0].tax == 3
    assert (SEALED[LINES], SEALED[AFTER_LINES]) == (2, 0)


# ---- the table of what decoders let through, row by row ----
#
# The rows that speak of types (decimals, doubles, arrays of nulls and of empty records, records in themselves) have no bytes here:
# no schema has such a type, which test_schemas holds.


def schema(*fields: Any) -> Registered:
    body = [{"name": f"f{i}", "type": t} for i, t in enumerate(fields)]
    return Registered(1, "a.R", 1, {"type": "record", "namespace": "a", "name": "R", "fields": body})


ENTRY = {"type": "enum", "name": "E", "symbols": ["EARN", "REDEEM", "EXPIRE"]}


def refused(of: Registered, digits: str) -> str:
    with pytest.raises(WireError) as error:
        read(of, bytes.fromhex(digits))
    return error.value.code


def test_an_enum_index_of_minus_one_is_not_the_last_symbol() -> None:
    """Decoded as EXPIRE without the guard; -1 is zigzag 1."""
    assert refused(schema(ENTRY), "01") == "NOT_CANONICAL"
    assert code_of_refusal(put(SEALED, KIND, "01")) == "NOT_CANONICAL"


def test_a_union_index_of_minus_one_is_not_the_last_branch() -> None:
    assert refused(schema(["null", "long"]), "0102") == "NOT_CANONICAL"
    assert code_of_refusal(TICK[:-1] + b"\x01\x02") == "NOT_CANONICAL"


def test_an_int_beyond_32_bits_is_refused() -> None:
    """2^40 is zigzag 2^41 = 64 x 128^5."""
    assert refused(schema("int"), "808080808040") == "OUT_OF_RANGE"
    assert code_of_refusal(put(SEALED, QTY, "808080808040")) == "OUT_OF_RANGE"


def test_a_varint_of_eleven_bytes_is_refused() -> None:
    assert refused(schema("long"), "ff" * 10 + "01") == "NOT_CANONICAL"


def test_a_varint_that_is_longer_than_need_be_is_refused() -> None:
    """1 may be written 02 or 82 00; only the first is what encoding gives."""
    assert read(schema("long"), bytes.fromhex("02")) == {"f0": 1}
    assert refused(schema("long"), "8200") == "NOT_CANONICAL"


def test_a_boolean_of_seven_is_refused() -> None:
    assert refused(schema("boolean"), "07") == "NOT_CANONICAL"
    sealed = seal_fact(Message(replace(ORDER.fact, kind=FactKind.RETURN), currency="EUR"))
    exchange = AFTER_LINES + 2  # order_key, one byte for empty, comes before the amount
    assert open_fact(put(sealed, exchange, "01")).fact.kind == FactKind.EXCHANGE_RETURN
    assert code_of_refusal(put(sealed, exchange, "07")) == "NOT_CANONICAL"


def test_an_array_in_blocks_with_their_size_is_refused() -> None:
    """A count of -1 says that the size follows; it decodes, but is another spelling."""
    of = schema({"type": "array", "items": "long"})
    assert read(of, bytes.fromhex("020200")) == {"f0": [1]}
    assert refused(of, "01020200") == "NOT_CANONICAL"


def test_an_instant_beyond_the_calendar_is_refused_and_never_overflows() -> None:
    """2^62 is zigzag 2^63: nine groups of nothing and a 1."""
    far = "80" * 9 + "01"
    assert code_of_refusal(put(TICK, 12, far)) == "BAD_TIME"
    assert code_of_refusal(put(TICK, 12, "01")) == "BAD_TIME"  # one microsecond before 1970


@pytest.mark.parametrize(("of", "digits"), [(schema(ENTRY), "c601"), (schema(["null", "long"]), "1202")], ids=["enum 99", "union 9"])
def test_an_index_past_the_end_is_refused(of: Registered, digits: str) -> None:
    assert refused(of, digits) == "UNDECODABLE"


def test_a_string_that_claims_a_terabyte_is_refused_without_taking_memory() -> None:
    tracemalloc.start()
    try:
        assert refused(schema("string"), "80808080804041") == "UNDECODABLE"
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def test_lines_that_claim_to_be_twenty_million_are_refused_at_once() -> None:
    """An item has at least one byte, so that a few bytes cannot be millions of items. 20,000,000 is zigzag 40,000,000."""
    start = time.perf_counter()
    assert code_of_refusal(put(SEALED, LINES, "80b48913")) == "UNDECODABLE"
    assert time.perf_counter() - start < 1


@pytest.mark.parametrize("golden", [g for g in all_golden() if g.message], ids=lambda g: g.label)
def test_a_message_cut_anywhere_is_refused(golden: Any) -> None:
    """A decoder that ends quietly on truncated bytes once made a consumer drop a sixth of its messages."""
    message = frame(golden.schema.id, golden.data)
    for end in range(len(message)):
        assert code_of_refusal(message[:end]) in {"BAD_FRAME", "UNDECODABLE"}


def test_bytes_after_the_record_are_refused() -> None:
    assert code_of_refusal(SEALED + b"\x00") == "TRAILING_BYTES"


def test_text_that_is_no_utf8_is_refused() -> None:
    assert code_of_refusal(put(SEALED, 6, "ff")) == "UNDECODABLE"


class Astray(Exception):
    pass


@pytest.mark.parametrize("error", [StopIteration, RecursionError, MemoryError, OverflowError, IndexError, Astray])
def test_whatever_a_decoder_raises_is_one_refusal(error: type[Exception], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise error("M-0042")

    monkeypatch.setattr("fastavro.schemaless_reader", fail)
    with pytest.raises(WireError) as refusal:
        open_fact(SEALED)
    assert refusal.value.code == "UNDECODABLE"
    assert "M-0042" not in str(refusal.value)


def test_a_bit_that_fell_over_is_seen_by_the_checksum_and_not_without_it() -> None:
    """Of the single-bit flips of an order many still decode, some with another amount: hence the checksum in a header."""
    flips = [SEALED[:i] + bytes([SEALED[i] ^ 1 << bit]) + SEALED[i + 1 :] for i in range(len(SEALED)) for bit in range(8)]
    assert all(code_of_refusal(flip, expected=checksum(SEALED)) in {"CHECKSUM", "BAD_FRAME"} for flip in flips)
    passed = [opened for flip in flips if (opened := opened_or_none(flip)) is not None]
    assert passed and all(m != ORDER for m in passed)
    assert open_fact(SEALED, expected=checksum(SEALED)) == ORDER


def opened_or_none(message: bytes) -> Message | None:
    try:
        return open_fact(message)
    except WireError as error:
        assert error.code in CODES
        return None


def mutated(message: bytes, chance: random.Random) -> bytes:
    """One to three edits: a byte changed, left out, doubled or put in."""
    out = bytearray(message)
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(out))
        match chance.randrange(4):
            case 0:
                out[at] = chance.randrange(256)
            case 1 if len(out) > 1:
                del out[at]
            case 2:
                out.insert(at, out[at])
            case _:
                out.insert(at, chance.randrange(256))
    return bytes(out)


def test_mutated_messages_are_refused_or_are_messages_and_nothing_else_happens() -> None:
    chance = random.Random(3)
    seeds = [frame(g.schema.id, g.data) for g in all_golden() if g.message]
    whole = 0
    for _ in range(20_000):
        message = mutated(chance.choice(seeds), chance)
        opened = opened_or_none(message)
        if opened is not None:
            whole += 1
            assert open_fact(seal_fact(opened)) == opened
    assert 0 < whole < 10_000


def test_mutated_ledger_entries_are_refused_or_are_entries() -> None:
    chance = random.Random(5)
    *_, golden = (g for g in all_golden() if g.schema.name == LEDGER_ENTRY)
    sealed, whole = frame(golden.schema.id, golden.data), 0
    for _ in range(2_000):
        message = mutated(sealed, chance)
        try:
            entry = codec.open_entry(message)
        except WireError as error:
            assert error.code in CODES
        else:
            whole += 1
            assert codec.seal_entry(entry) == message
    assert 0 < whole < 1_000


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_or_are_a_message(data: bytes) -> None:
    for schema_id in standard().by_id:
        opened_or_none(frame(schema_id, data))
    opened_or_none(data)


# ---- frame, ids, order of the guards ----


def test_a_frame_is_a_zero_the_id_big_endian_and_the_record() -> None:
    assert frame(258, b"ab") == bytes.fromhex("00 00000102 6162")
    assert unframe(bytes.fromhex("00 00000102 6162")) == (258, b"ab")


@pytest.mark.parametrize("schema_id", [-1, 1 << 31])
def test_an_id_without_room_is_not_framed(schema_id: int) -> None:
    with pytest.raises(ValueError, match="schema id"):
        frame(schema_id, b"")


@pytest.mark.parametrize(
    "message",
    [b"", b"\x00", b"\x00\x00\x00\x00", b"\x01" + SEALED[1:16], b"\x02" + SEALED[1:], b'{"key": 1}', b"Obj\x01" + SEALED],
)
def test_what_is_not_framed_is_refused(message: bytes) -> None:
    """Empty, short, a GUID that is cut, a form that does not exist (2), JSON, an Avro file."""
    assert code_of_refusal(message) == "BAD_FRAME"


def test_an_id_that_nobody_registered_is_refused() -> None:
    assert code_of_refusal(frame(999_999, SEALED[5:])) == "SCHEMA_UNKNOWN"


def test_a_ledger_entry_among_facts_and_a_fact_in_the_ledger_are_refused() -> None:
    entry = next(g for g in all_golden() if g.schema.name == LEDGER_ENTRY)
    assert code_of_refusal(frame(entry.schema.id, entry.data)) == "SCHEMA_UNKNOWN"
    with pytest.raises(WireError, match="SCHEMA_UNKNOWN"):
        codec.open_entry(SEALED)
    with pytest.raises(WireError, match="SCHEMA_UNKNOWN"):
        decode(LEDGER_ENTRY, entry.data)


def test_a_message_over_the_bound_is_refused_before_it_is_looked_at() -> None:
    assert code_of_refusal(b"\xff" * 11, largest=10) == "TOO_LARGE"
    assert open_fact(SEALED, largest=len(SEALED)) == ORDER


def test_the_checksum_is_held_against_the_bytes_before_they_are_decoded() -> None:
    assert code_of_refusal(SEALED[:-1], expected=checksum(SEALED)) == "CHECKSUM"


def test_a_fact_is_checked_after_decoding_as_well() -> None:
    """The lines of another producer do not add up: 150 against 151."""
    assert code_of_refusal(put(SEALED, 17, "ae02", over=2)) == "SUM_OF_LINES"


@given(messages())
def test_a_refusal_never_repeats_what_a_message_says(message: Message) -> None:
    sealed = seal_fact(message)
    for broken in (sealed + b"\x00", sealed[:-1]):
        with pytest.raises(WireError) as refusal:
            open_fact(broken)
        member = message.fact.member
        assert len(member) < 4 or member not in str(refusal.value)


# ---- old writers, new readers ----


def next_version(name: str, *added: dict[str, Any]) -> SchemaSet:
    """The standard set with a second version of a record, with further fields."""
    old = standard().latest[name]
    changed = {**old.schema, "fields": [*added, *old.schema["fields"]]}
    return SchemaSet((*standard().entries, Registered(len(standard().entries) + 1, name, 2, changed)))


def test_a_message_of_an_older_version_is_read_with_the_defaults_of_the_newest() -> None:
    schemas = next_version("loyalty.facts.ClockTicked", {"name": "leader", "type": "string", "default": "nobody"})
    name, record = unpack(TICK, schemas, NAMES)
    assert (name, record) == ("loyalty.facts.ClockTicked", {"leader": "nobody", "key": "tick/1", "occurred_at": 1, "arrived_at": None})
    assert open_fact(TICK, schemas) == open_fact(TICK)


def test_an_older_version_is_guarded_by_its_own_schema() -> None:
    schemas = next_version("loyalty.facts.ClockTicked", {"name": "leader", "type": "string", "default": "nobody"})
    assert code_of_refusal(TICK + b"\x00", schemas=schemas) == "TRAILING_BYTES"
    assert code_of_refusal(TICK[:-1] + b"\x01\x02", schemas=schemas) == "NOT_CANONICAL"


def test_decoding_by_name_takes_the_bytes_of_encoding_by_name() -> None:
    name, data = encode(ORDER.fact)
    assert decode(name, data) == ORDER.fact
    assert seal_fact(Message(ORDER.fact))[5:] == data
