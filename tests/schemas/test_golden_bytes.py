"""Schema names are promises: what was ever sent reads as the same fact for ever."""

from __future__ import annotations

import io
from typing import Any

import pytest
from avro.io import BinaryDecoder, DatumReader

from loyalty_streams.codec import LedgerEntry, Message, decode_message, encode_message, open_entry, open_fact, seal_entry, seal_fact, standard
from loyalty_streams.codec.promises import parsed
from loyalty_streams.codec.wire import frame, read
from loyalty_streams.core.codes import AttrKind, FactKind, LineKind
from loyalty_streams.core.facts import Attribute, Fact, Line
from tests.schemas.golden import Golden, all_golden, files

GOLDEN = all_golden()
FACTS = [g for g in GOLDEN if g.message]
LEDGER = [g for g in GOLDEN if not g.message]


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda g: g.label)
def test_golden_bytes_are_read_as_their_record(golden: Golden) -> None:
    assert read(golden.schema, golden.data) == golden.record


@pytest.mark.parametrize("golden", FACTS, ids=lambda g: g.label)
def test_golden_bytes_of_every_version_are_the_same_fact(golden: Golden) -> None:
    """I18: every retained version decodes to the same fact."""
    assert open_fact(frame(golden.schema.id, golden.data)) == golden.message


@pytest.mark.parametrize("golden", [g for g in FACTS if standard().latest[g.schema.name] is g.schema], ids=lambda g: g.label)
def test_a_golden_fact_is_encoded_as_its_bytes(golden: Golden) -> None:
    assert golden.message is not None
    assert encode_message(golden.message) == (golden.schema.name, golden.data)
    assert decode_message(golden.schema.name, golden.data) == golden.message
    assert seal_fact(golden.message) == frame(golden.schema.id, golden.data)


@pytest.mark.parametrize("golden", LEDGER, ids=lambda g: g.label)
def test_golden_bytes_of_a_ledger_entry_are_that_entry(golden: Golden) -> None:
    message = frame(golden.schema.id, golden.data)
    assert open_entry(message) == LedgerEntry(**golden.record)
    if standard().latest[golden.schema.name] is golden.schema:
        assert seal_entry(LedgerEntry(**golden.record)) == message


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda g: g.label)
def test_the_reference_implementation_reads_the_golden_bytes_alike(golden: Golden) -> None:
    source = io.BytesIO(golden.data)
    reader: Any = DatumReader(parsed(golden.schema.schema))
    assert reader.read(BinaryDecoder(source)) == golden.record
    assert source.tell() == len(golden.data)


def test_every_version_that_was_ever_sent_has_its_golden_files_and_no_other_has() -> None:
    names = {f"{g.schema.name.rpartition('.')[2]}.v{g.schema.version}" for g in GOLDEN}
    assert files() == {name + end for name in names for end in (".json", ".hex")}


# ---- bytes by hand ----
#
# The specification writes an integer n as zigzag, 2n for n >= 0 and -2n - 1 below, in groups of seven bits, the lowest first, with
# the eighth bit set on all but the last; a string as its length and its bytes; an enum as its index; a union as the index of the
# branch and the value; an array as blocks: a count and the items, then a count of 0.


def hand(*parts: str) -> bytes:
    return bytes.fromhex("".join(parts))


def test_a_tick_is_nine_bytes() -> None:
    tick = Fact(FactKind.TICK, "", "tick/1", at=1)
    pencil = hand(
        "0c 7469636b2f31",  # key: 6 letters, 2 x 6 = 12
        "02",  # occurred_at: 2 x 1
        "00",  # arrived_at: branch 0, null
    )
    assert encode_message(Message(tick)) == ("loyalty.facts.ClockTicked", pencil)


def test_a_transfer_of_300_points_by_hand() -> None:
    transfer = Fact(FactKind.TRANSFER, "A", "transfer/1", at=64, arrived=63, about="B", points=300)
    pencil = hand(
        "02 41",  # member_id
        "14 7472616e736665722f31",  # key: 10 letters
        "80 01",  # occurred_at: 128 = 1 x 128 + 0
        "02 7e",  # arrived_at: branch 1, 2 x 63 = 126
        "02 42",  # to_member_id
        "d8 04",  # points: 600 = 4 x 128 + 88, 88 + 128 = 0xd8
        "00",  # decision: NONE, index 0
        "00 00 00",  # wallet, channel, store: empty
        "00",  # attributes: no block
        "00",  # refused: empty
    )
    assert encode_message(Message(transfer)) == ("loyalty.facts.TransferRequested", pencil)


def test_a_review_with_half_a_star_less_than_none_by_hand() -> None:
    """A number of attributes is a millionth: -0.5 is -500,000, zigzag 999,999 = 61 x 128^2 + 4 x 128 + 63."""
    attribute = Attribute("x", AttrKind.NUMBER, -500_000)
    review = Fact(FactKind.INTERACTION, "A", "interaction/1", at=0, type="review", attributes=(attribute,))
    pencil = hand(
        "02 41",  # member_id
        "1a 696e746572616374696f6e2f31",  # key: 13 letters
        "00",  # occurred_at
        "00",  # arrived_at: null
        "0c 726576696577",  # type: 6 letters
        "00 00 00",  # order_key, channel, store
        "02",  # attributes: a block of 1
        "02 78",  # name
        "00",  # kind: NUMBER, index 0
        "00 bf 84 3d",  # value: branch 0, 63 + 128, 4 + 128, 61
        "00",  # no further block
        "00",  # refused
    )
    assert encode_message(Message(review)) == ("loyalty.facts.InteractionRecorded", pencil)


def test_an_order_of_one_gift_card_by_hand() -> None:
    line = Line(1, 150, kind=LineKind.GIFT_CARD)
    order = Fact(FactKind.ORDER, "M", "order/1", at=1, amount=150, lines=(line,))
    pencil = hand(
        "02 4d",  # member_id
        "0e 6f726465722f31",  # key: 7 letters
        "02",  # occurred_at
        "00",  # arrived_at: null
        "ac 02",  # amount_minor: 300 = 2 x 128 + 44, 44 + 128 = 0xac
        "06 455552",  # currency: EUR
        "02",  # lines: a block of 1
        "02",  # line_no
        "ac 02",  # line_amount_minor
        "00 00",  # sku, category: empty
        "02",  # qty: 1
        "06",  # kind: GIFT_CARD, index 3
        "00",  # tax_minor
        "00",  # no further block
        "00 00 00",  # channel, store, redemption_key
        "00 00 00",  # revision, points_used, tax_minor: branch 0, null
        "00 00",  # exchange_id, receipt
        "00 00",  # attributes, refused
    )
    assert encode_message(Message(order, currency="EUR")) == ("loyalty.facts.OrderCompleted", pencil)


def test_what_was_bought_without_a_member_and_its_claim_by_hand() -> None:
    """A sender knows the receipt and, later, the member; that the receipt is an account is for us to know."""
    receipt = (Attribute("receipt", AttrKind.TEXT, "7"),)
    order = Fact(FactKind.ORDER, "receipt:7", "order/1", at=1, amount=5, attributes=receipt)
    bought = hand(
        "00",  # member_id: empty
        "0e 6f726465722f31",  # key: 7 letters
        "02 00",  # occurred_at; arrived_at: null
        "0a 06 455552",  # amount_minor, currency: EUR
        "00 00 00 00",  # lines, channel, store, redemption_key
        "00 00 00 00",  # revision, points_used, tax_minor: null, exchange_id
        "02 37",  # receipt
        "00 00",  # attributes, refused
    )
    claim = Fact(FactKind.IDENTITY, "receipt:7", "identity/A/2/claim/7", at=2, about="A", type="claim", attributes=receipt)
    claimed = hand(
        "02 41",  # member_id: who claims
        "28 6964656e746974792f412f322f636c61696d2f37",  # key: 20 letters
        "04 00",  # occurred_at; arrived_at: null
        "08",  # action: CLAIM, index 4
        "00 00",  # identifier, into: empty
        "02 37",  # receipt
        "00",  # share: branch 0, null
        "00 00 00 00",  # channel, store, attributes, refused
    )
    assert encode_message(Message(order, currency="EUR")) == ("loyalty.facts.OrderCompleted", bought)
    assert encode_message(Message(claim)) == ("loyalty.facts.IdentityChanged", claimed)
    assert decode_message("loyalty.facts.OrderCompleted", bought).fact == order
    assert decode_message("loyalty.facts.IdentityChanged", claimed).fact == claim


def test_a_pool_that_is_given_an_eighth_and_left_by_hand() -> None:
    """A percent is a hundred: 12.5 percent is 1,250, zigzag 2,500 = 19 x 128 + 68, 68 + 128 = 0xc4."""
    share = (Attribute("@share", AttrKind.FLAG, 1_250),)
    pool = Fact(FactKind.IDENTITY, "A", "identity/A/2/pool/P", at=2, about="P", type="pool", attributes=share)
    joined = hand(
        "02 41",  # member_id: who gives
        "26 6964656e746974792f412f322f706f6f6c2f50",  # key: 19 letters
        "04 00",  # occurred_at; arrived_at: null
        "0c",  # action: POOL, index 6
        "00",  # identifier: empty
        "02 50",  # into: the pool
        "00",  # receipt: empty
        "02 c4 13",  # share: branch 1
        "00 00 00 00",  # channel, store, attributes, refused
    )
    unpool = Fact(FactKind.IDENTITY, "A", "identity/A/2/unpool/P", at=2, about="P", type="unpool")
    left = hand(
        "02 41",  # member_id
        "2a 6964656e746974792f412f322f756e706f6f6c2f50",  # key: 21 letters
        "04 00",  # occurred_at; arrived_at: null
        "0e",  # action: UNPOOL, index 7
        "00 02 50 00",  # identifier, into, receipt
        "00",  # share: branch 0, null
        "00 00 00 00",  # channel, store, attributes, refused
    )
    for fact, data in ((pool, joined), (unpool, left)):
        assert encode_message(Message(fact)) == ("loyalty.facts.IdentityChanged", data)
        assert decode_message("loyalty.facts.IdentityChanged", data).fact == fact
