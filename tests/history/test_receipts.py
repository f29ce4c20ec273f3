"""What is bought without a member is kept by its receipt until somebody claims it; and names that nobody outside may use."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from loyalty_streams.core.codes import AttrKind, FactKind, Outcome, Reason
from loyalty_streams.core.facts import Attribute, Fact
from loyalty_streams.history import read_rows, write_history
from loyalty_streams.history.times import iso
from loyalty_streams.history.write import row_of
from tests.history.helpers import HOUR, NOON, options, read
from tests.history.test_bad_rows import TABLES, write
from tests.history.test_identifiers import KEYED, one

RECEIPT = (Attribute("receipt", AttrKind.TEXT, "till 7/9"),)
BOUGHT = Fact(FactKind.ORDER, "receipt:till 7/9", "order/O1", NOON, NOON, amount=1299, attributes=RECEIPT)


def order(**row: Any) -> Fact | str:
    return one("orders", **{"member_id": "", **row})


def letter(table: str, **row: Any) -> tuple[str, str]:
    _, letters = read_rows(table, [{**TABLES[table], **row}], options())
    return letters[0].code, letters[0].expected


# ---- orders ----


def test_s58_an_order_without_a_member_is_of_its_receipt_under_the_key_of_any_order() -> None:
    assert order(receipt="till 7/9") == BOUGHT


@pytest.mark.parametrize("kind", ["purchase", "refund", "cancellation"])
def test_s58_so_are_its_returns_and_its_cancellation(kind: str) -> None:
    found = order(receipt="7", kind=kind, amount_minor=0, original_order_id="" if kind == "purchase" else "O0")
    assert isinstance(found, Fact) and (found.member, found.key) == ("receipt:7", "order/O1")


def test_a_member_who_is_known_has_the_order_and_the_receipt_is_only_told() -> None:
    for row, member in (({"member_id": "m1"}, "m1"), ({"card": "4711"}, "card:4711")):
        found = order(receipt="till 7/9", **row)
        assert isinstance(found, Fact) and (found.member, found.attributes) == (member, RECEIPT)


def test_an_order_of_nobody_without_a_receipt_is_set_aside() -> None:
    assert order() == order(receipt="", card="") == "MISSING"


@pytest.mark.parametrize(
    ("receipt", "code"),
    [("7" * 249, "BAD_ID"), (" 7", "BAD_ID"), ("7 ", "BAD_ID"), ("7" * 257, "BAD_TEXT"), ("7\x009", "BAD_TEXT")], ids=lambda x: ascii(x)[:9],
)  # fmt: skip
def test_a_receipt_that_can_be_no_name_keeps_no_order(receipt: str, code: str) -> None:
    assert order(receipt=receipt) == code


def test_a_receipt_is_one_however_it_is_written() -> None:
    """As digits or as a number, composed or not; 248 bytes are the most."""
    found = [order(receipt=r) for r in ("4711", 4711, "é", "e\u0301", "7" * 248)]
    assert [f.member for f in found if isinstance(f, Fact)] == [
        "receipt:4711", "receipt:4711", "receipt:é", "receipt:é", f"receipt:{'7' * 248}",
    ]  # fmt: skip


def test_rows_with_and_without_a_member_may_stand_in_one_file(tmp_path: Path) -> None:
    rows = [{"member_id": "m1", "receipt": "7"}, {"member_id": "", "receipt": "8"}, {"member_id": ""}, {"member_id": None, "receipt": "9"}]
    write(tmp_path, "orders", [{**TABLES["orders"], "order_id": f"O{n}", **row} for n, row in enumerate(rows)])
    found = read(tmp_path)
    assert [(x.row, x.code) for x in found.letters] == [(3, "MISSING")]
    assert [f.member for f in found.facts] == ["m1", "receipt:8", "receipt:9"]


def test_a_till_that_knows_nobody_needs_no_column_of_members(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text(f"order_id,receipt,occurred_at,amount_minor,currency\nO1,0047,{iso(NOON)},5,USD\n")
    assert [f.member for f in read(tmp_path).facts] == ["receipt:0047"]


# ---- claims ----


@pytest.mark.parametrize(("member", "account"), [("m1", "m1"), ("card:47/11", "card:47/11"), ("phone:13800138000", None)])
def test_s58_a_claim_is_of_the_receipt_and_about_whoever_claims(member: str, account: str | None) -> None:
    hashed = "phone:46d2b06b089651ed00b480c596732bbc"
    found = one("identities", action="claim", member_id=member, identifier="", receipt="till 7/9")
    who = account or hashed
    key = f"identity/{who.replace('/', '%2F')}/{NOON}/claim/till 7%2F9"
    assert found == Fact(FactKind.IDENTITY, "receipt:till 7/9", key, NOON, NOON, about=who, type="claim", attributes=RECEIPT)


def test_two_who_claim_one_receipt_say_two_things_and_one_who_says_it_twice_says_one() -> None:
    claim = {"occurred_at": iso(NOON), "action": "claim", "receipt": "7"}
    batch, _ = read_rows("identities", [{"member_id": m, **claim} for m in ("m1", "m2", "m1")], options())
    assert len(set(batch.keys.to_pylist())) == len(set(batch.content.tolist())) == 2
    assert set(batch.members.to_pylist()) == {"receipt:7"}


@pytest.mark.parametrize(("receipt", "code"), [("", "MISSING"), ("7" * 249, "BAD_ID"), (" 7", "BAD_ID"), ("7\x009", "BAD_ID")], ids=ascii)
def test_a_claim_of_what_can_be_no_receipt_is_set_aside(receipt: str, code: str) -> None:
    assert one("identities", action="claim", identifier="", receipt=receipt) == code


# ---- out and in again ----


CLAIMED = Fact(FactKind.IDENTITY, BOUGHT.member, f"identity/m1/{NOON}/claim/till 7%2F9", NOON, NOON, about="m1", type="claim", attributes=RECEIPT)
BACK = Fact(FactKind.RETURN, BOUGHT.member, "order/O2", NOON + HOUR, NOON + HOUR, about=BOUGHT.key, amount=299, attributes=RECEIPT)


@pytest.mark.parametrize("form", ["parquet", "csv", "jsonl"])
def test_facts_of_a_receipt_are_written_as_rows_of_nobody_and_of_who_claims(tmp_path: Path, form: str) -> None:
    assert "member_id" not in row_of(BOUGHT) and row_of(CLAIMED)["member_id"] == "m1"
    write_history(tmp_path, [BOUGHT, CLAIMED, BACK], "USD", form)
    found = read(tmp_path)
    assert found.letters == []
    assert sorted(found.facts, key=lambda f: f.key) == sorted([BOUGHT, CLAIMED, BACK], key=lambda f: f.key)


@pytest.mark.parametrize(("table", "row", "member"), [
    ("orders", {"member_id": "", "receipt": "till 7/9"}, ""), ("identities", {"action": "claim", "receipt": "till 7/9", "identifier": ""}, "m1"),
])  # fmt: skip
def test_a_dead_letter_names_the_member_and_its_row_can_be_mended(table: str, row: dict[str, str], member: str) -> None:
    batch, _ = read_rows(table, [{**TABLES[table], **row}], options())
    found = batch.letter(0, "CONFLICT", "")
    assert (found.table, found.member) == (table, member)
    mended = {**json.loads(found.raw), **({"currency": "USD"} if table == "orders" else {})}
    again, letters = read_rows(table, [mended], options())
    assert (letters, again.fact(0)) == ((), batch.fact(0))


# ---- names of the engine's own ----


RESERVED = [
    *((table, {"member_id": name}) for table in TABLES if table not in ("items", "transfers") for name in ("receipt:7", "erased:7")),
    *((table, {"member_id": "", "identifier": "receipt:7"}) for table in ("orders", "interactions", "openings", "redemptions", "adjustments")),
    ("members", {"identifier": "erased:7"}), ("identities", {"identifier": "receipt:7"}), ("identities", {"action": "merge", "into": "erased:7"}),
    ("transfers", {"from": "receipt:7"}), ("transfers", {"to": "erased:7"}),
]  # fmt: skip


@pytest.mark.parametrize(("table", "row"), RESERVED, ids=str)
def test_a_name_that_only_the_engine_gives_is_nobodys(table: str, row: dict[str, str]) -> None:
    (column,) = [name for name, value in row.items() if ":" in value]
    assert letter(table, **row) == (
        "BAD_ID", f"{column}: no name with receipt: or erased:, which are the engine's own; a receipt stands in the column `receipt`",
    )  # fmt: skip


def test_names_that_only_look_like_them_are_names() -> None:
    for name in ("receipt", "receipts:7", "erased", "my receipt:7"):
        found = one("orders", member_id=name)
        assert isinstance(found, Fact) and found.member == name


# ---- transfers ----


def transfer(**row: str) -> Fact | str:
    return one("transfers", KEYED, **row)


def test_a_transfer_is_of_who_gives_and_about_who_takes() -> None:
    assert transfer() == Fact(FactKind.TRANSFER, "m1", "transfer/T1", NOON, NOON, about="m2", points=5)
    found = transfer(**{"from": "card:7", "to": "phone:13800138000"})
    assert isinstance(found, Fact) and (found.member, found.about) == ("card:7", "phone:46d2b06b089651ed00b480c596732bbc")


@pytest.mark.parametrize(
    ("given", "outcome", "refuse"),
    [
        ({"decision": "granted"}, Outcome.GRANTED, Reason.NONE), ({"decision": "refused", "reason": "IN_DEBT"}, Outcome.REFUSED, Reason.IN_DEBT),
        ({"decision": "refused", "refused": "SAME_MEMBER"}, Outcome.REFUSED, Reason.SAME_MEMBER), ({}, Outcome.NONE, Reason.NONE),
    ],
)  # fmt: skip
def test_a_transfer_may_have_been_decided_elsewhere(given: dict[str, str], outcome: Outcome, refuse: Reason) -> None:
    """As a redemption; and it is known again with its decision beside it."""
    found = transfer(**given)
    assert isinstance(found, Fact) and (found.outcome, found.refuse, found.attributes) == (outcome, refuse, ())
    asked, _ = read_rows("transfers", [TABLES["transfers"]], options())
    told, _ = read_rows("transfers", [{**TABLES["transfers"], **given}], options())
    assert asked.content.tolist() == told.content.tolist()
