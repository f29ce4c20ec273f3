"""Whose a row is: accounts by member number, card, phone, open id; what links them, and what nobody may keep."""

from __future__ import annotations

import hashlib
import hmac
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from loyalty_streams.core.codes import AttrKind, FactKind
from loyalty_streams.core.facts import Attribute, Fact
from loyalty_streams.history import CODES, FactBatch, ReadOptions, fingerprint, phones, read_rows
from loyalty_streams.history.times import iso
from loyalty_streams.history.write import row_of, undated_rows, write_history, write_rows
from tests.history.helpers import NOON, options, read
from tests.history.test_bad_rows import TABLES, write

KEY = "a key of this shop"
KEYED = options(phone_key=KEY)
PHONE = "+8613800138000"
# The first 32 digits of `printf +8613800138000 | openssl dgst -sha256 -hmac "a key of this shop"`.
ACCOUNT = "phone:46d2b06b089651ed00b480c596732bbc"
AT = iso(NOON)


def one(table: str, how: ReadOptions = KEYED, **row: Any) -> Fact | str:
    """The fact of a row, or the code of its letter."""
    batch, letters = read_rows(table, [{**TABLES[table], **row}], how)
    assert len(batch) + len(letters) == 1
    return letters[0].code if letters else batch.fact(0)


def order(**row: Any) -> str:
    """The account of an order without a member number, or the code of its letter."""
    found = one("orders", **{"member_id": "", **row})
    return found if isinstance(found, str) else found.member


def everything_kept(batch: FactBatch) -> str:
    """All texts that a store would keep of a batch."""
    columns = [x.to_pylist() for x in (batch.members, batch.keys, batch.abouts)]
    return json.dumps([*columns, *batch.strings.values(), *batch.book.values()])


# ---- phones ----


def test_t135_the_account_of_a_phone_is_the_keyed_hash_of_its_e164_form() -> None:
    assert hmac.new(KEY.encode(), PHONE.encode(), hashlib.sha256).hexdigest()[:32] == ACCOUNT.removeprefix("phone:")
    assert order(phone=PHONE) == ACCOUNT


WRITTEN = ["13800138000", "+86 138-0013-8000", "0086 13800138000", "8613800138000", "(+86) 138 0013 8000", "１３８００１３８０００"]
NO_PHONES = [
    "12345", "138001380001", "1380013800", "nobody", "13800138000 ext. 5", "13800138000#5", "+999 138 0013 8000", "+", "1-800-FLOWERS",
]  # fmt: skip


@pytest.mark.parametrize("text", WRITTEN)
def test_t135_however_a_phone_is_written_it_is_one_account(text: str) -> None:
    assert order(phone=text) == ACCOUNT
    assert order(identifier=f"phone:{text}") == ACCOUNT
    assert order(member_id=f"phone:{text}") == ACCOUNT
    assert order(member_id=f"Phone:{text}") == ACCOUNT


@pytest.mark.parametrize("text", NO_PHONES)
def test_t135_what_is_no_phone_is_set_aside_and_not_a_new_member(text: str) -> None:
    assert order(phone=text) == "BAD_PHONE"
    assert order(identifier=f"phone:{text}") == "BAD_PHONE"
    assert one("orders", member_id=f"phone:{text}") == "BAD_PHONE"


def test_t135_the_region_says_how_a_number_without_a_country_is_read() -> None:
    germany = options(phone_key=KEY, phone_region="DE")
    here, abroad = (one("orders", germany, member_id="", phone=p) for p in ("0151 23456789", "+49 151 23456789"))
    assert isinstance(here, Fact) and here == abroad
    assert order(phone="0151 23456789") not in ("BAD_PHONE", here.member)  # a landline of a Chinese city


def test_a_hashed_phone_is_taken_as_it_is_with_a_key_or_without() -> None:
    for how in (KEYED, options()):
        for row in ({"phone": ACCOUNT}, {"phone": ACCOUNT.removeprefix("phone:")}, {"identifier": ACCOUNT}):
            found = one("orders", how, member_id="", **row)
            assert isinstance(found, Fact) and found.member == ACCOUNT
        found = one("orders", how, member_id=ACCOUNT)
        assert isinstance(found, Fact) and found.member == ACCOUNT


def test_without_a_key_a_row_under_a_phone_is_set_aside_and_the_others_are_read(tmp_path: Path) -> None:
    rows = [{"member_id": "", "phone": PHONE}, {"member_id": "m1", "phone": PHONE}, {"member_id": f"phone:{PHONE}"}, {"member_id": "m2"}]
    write(tmp_path, "orders", [{**TABLES["orders"], "order_id": f"O{n}", **row} for n, row in enumerate(rows, 1)])
    found = read(tmp_path)
    assert [(x.row, x.code) for x in found.letters] == [(1, "NO_PHONE_KEY"), (3, "NO_PHONE_KEY")]
    assert [f.member for f in found.facts] == ["m1", "m2"]


def test_another_key_is_another_account_and_has_another_fingerprint() -> None:
    other = one("orders", options(phone_key="another"), member_id="", phone=PHONE)
    assert isinstance(other, Fact) and other.member.startswith("phone:") and other.member != ACCOUNT
    assert fingerprint(KEY) == fingerprint(KEY) != fingerprint("another")
    assert len(fingerprint(KEY)) == 16 and KEY not in fingerprint(KEY)
    assert KEY not in repr(KEYED)


def test_each_distinct_phone_is_worked_out_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    real = phones.e164
    monkeypatch.setattr(phones, "e164", lambda text, region: asked.append(text) or real(text, region))
    numbers = ["13800138000", "13900139000", "+86 138-0013-8000"]
    write(tmp_path, "orders", [{**TABLES["orders"], "order_id": f"O{n}", "member_id": "", "phone": numbers[n % 3]} for n in range(60)])
    visits = [{**TABLES["interactions"], "interaction_id": f"I{n}", "member_id": "", "phone": numbers[n % 3]} for n in range(60)]
    write(tmp_path, "interactions", visits)
    found = read(tmp_path, KEYED)
    assert (found.codes, len(found.facts), len({f.member for f in found.facts})) == ([], 120, 2)
    assert sorted(asked) == sorted(numbers)


PLAIN_PHONES: list[tuple[str, dict[str, Any]]] = [
    ("orders", {"member_id": "", "phone": PHONE}), ("orders", {"member_id": f"phone:{PHONE}"}),
    ("orders", {"member_id": "", "identifier": f"phone:{PHONE}"}),
    ("interactions", {"member_id": "m1", "phone": PHONE}), ("interactions", {"member_id": "m1", "identifier": f"phone:{PHONE}"}),
    ("members", {"phone": PHONE}), ("members", {"identifier": f"phone:{PHONE}"}), ("members", {"member_id": f"phone:{PHONE}", "card": "7"}),
    ("identities", {"identifier": f"phone:{PHONE}"}), ("identities", {"action": "merge", "into": f"PHONE:{PHONE}"}),
    ("identities", {"action": "pool", "into": f"phone:{PHONE}", "share": "5"}),
    ("identities", {"action": "erase", "member_id": f"phone:{PHONE}", "identifier": f"phone:{PHONE}"}),
    ("transfers", {"from": f"phone:{PHONE}"}), ("transfers", {"to": f"phone:{PHONE}"}),
    ("openings", {"member_id": "", "phone": PHONE}), ("adjustments", {"member_id": "", "phone": PHONE}),
    ("redemptions", {"member_id": "", "phone": PHONE}),
]  # fmt: skip


@pytest.mark.parametrize(("table", "row"), PLAIN_PHONES, ids=str)
def test_a_plain_phone_is_nowhere_in_what_is_kept(table: str, row: dict[str, Any]) -> None:
    broken = {name: "soon" for name in ("occurred_at", "earned_at") if name in TABLES[table]}
    for how in (KEYED, options()):
        for more in ({}, broken):
            batch, letters = read_rows(table, [{**TABLES[table], **row, **more}], how)
            assert len(batch) or letters
            assert "13800138000" not in everything_kept(batch) + "".join(map(str, letters))
    assert letters[0].code in ("BAD_TIME", "NO_PHONE_KEY")


def test_a_row_that_cannot_be_taken_apart_shows_no_phone(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text("order_id,phone,occurred_at,amount_minor,currency\nO1,+86 138-0013-8000\n")
    (tmp_path / "orders-2.jsonl").write_text('{"order_id": "O1", "phone": "13800138000"\n')
    first, second = read(tmp_path, KEYED).letters
    assert [json.loads(x.raw) for x in (first, second)] == [{"(row)": '{"order_id": "O1", "phone": "(withheld)"'}, {"(row)": "O1,(withheld)"}]


# ---- whose a row is ----


FULL = {"member_id": "m1", "card": "4711", "phone": PHONE, "open_id": "oABC", "identifier": "line:U9"}
PRIORITY = [("member_id", "m1"), ("card", "card:4711"), ("phone", ACCOUNT), ("open_id", "open_id:oABC"), ("identifier", "line:U9")]


@pytest.mark.parametrize("table", ["orders", "interactions", "redemptions", "adjustments", "openings"])
def test_t136_a_row_is_of_the_first_identifier_that_it_gives(table: str) -> None:
    for n, (_, account) in enumerate(PRIORITY):
        given = {name: FULL[name] if k >= n else "" for k, (name, _) in enumerate(PRIORITY)}
        found = one(table, **given)
        assert isinstance(found, Fact) and found.member == account
        assert not {a.name for a in found.attributes} & set(FULL)


def test_t136_identifiers_behind_the_first_are_not_looked_at() -> None:
    assert order(card="4711", phone="nobody", open_id=" x ", identifier=":") == "card:4711"
    found = one("orders", options(), member_id="m1", card=" 7", phone=PHONE)
    assert isinstance(found, Fact) and found.member == "m1"


@pytest.mark.parametrize("table", ["interactions", "redemptions", "adjustments", "openings"])
def test_a_row_of_nobody_is_set_aside(table: str) -> None:
    assert one(table, **dict.fromkeys(FULL, "")) == "MISSING"


def test_a_file_may_do_without_member_numbers(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text(f"order_id,card,occurred_at,amount_minor,currency\nO1,0047,{AT},5,USD\n")
    assert [f.member for f in read(tmp_path).facts] == ["card:0047"]


@pytest.mark.parametrize(
    ("row", "code"),
    [({"card": "x" * 252}, "BAD_ID"), ({"card": "4\x007"}, "BAD_ID"), ({"open_id": " o"}, "BAD_ID"), ({"identifier": ":7"}, "BAD_ID"),
     ({"identifier": "card:"}, "BAD_ID"), ({"card": "(withheld)"}, "MISSING"), ({"member_id": "(withheld)"}, "MISSING"),
     ({"phone": "(withheld)"}, "MISSING")],
)  # fmt: skip
def test_an_identifier_that_names_nobody_is_set_aside(row: dict[str, str], code: str) -> None:
    assert order(**row) == code
    assert code in CODES


def test_an_identifier_of_any_kind_is_an_account_and_one_without_a_kind_is_a_member_number() -> None:
    assert [order(identifier=i) for i in ("wechat:o7", "card:4711", "a:b:c", "m7")] == ["wechat:o7", "card:4711", "a:b:c", "m7"]
    assert order(card="x" * 251) == f"card:{'x' * 251}"


# ---- identities ----


def identity(**row: Any) -> Fact | str:
    return one("identities", **{"identifier": "", **row})


@pytest.mark.parametrize("action", ["link", "unlink"])
def test_a_link_is_of_the_identifier_and_about_the_member(action: str) -> None:
    assert identity(action=action, identifier="card:47/11") == Fact(
        FactKind.IDENTITY, "card:47/11", f"identity/m1/{NOON}/{action}/card:47%2F11", NOON, NOON, about="m1", type=action
    )


@pytest.mark.parametrize("action", ["merge", "unmerge"])
def test_a_merge_is_of_the_member_that_is_given_up_and_about_the_other(action: str) -> None:
    assert identity(action=action, into="m2") == Fact(FactKind.IDENTITY, "m1", f"identity/m1/{NOON}/{action}/m2", NOON, NOON, about="m2", type=action)


def test_a_claim_is_of_the_receipt_and_about_the_member_and_an_erasure_about_nothing() -> None:
    receipt = (Attribute("receipt", AttrKind.TEXT, "R/1"),)
    assert identity(action="claim", receipt="R/1") == Fact(
        FactKind.IDENTITY, "receipt:R/1", f"identity/m1/{NOON}/claim/R%2F1", NOON, NOON, about="m1", type="claim", attributes=receipt
    )
    assert identity(action="erase") == Fact(FactKind.IDENTITY, "m1", f"identity/m1/{NOON}/erase/0", NOON, NOON, type="erase")


@pytest.mark.parametrize(
    ("share", "hundredths"),
    [("30", 3_000), ("12.5", 1_250), ("0.01", 1), ("100", 10_000), ("100.00", 10_000), ("33.33", 3_333), (7, 700), (Decimal("12.50"), 1_250)],
)
def test_t148_a_pool_is_of_the_member_who_gives_and_about_the_account_that_is_given_a_share(share: Any, hundredths: int) -> None:
    given = (Attribute("@share", AttrKind.FLAG, hundredths),)
    assert identity(action="pool", into="family/7", share=share) == Fact(
        FactKind.IDENTITY, "m1", f"identity/m1/{NOON}/pool/family%2F7", NOON, NOON, about="family/7", type="pool", attributes=given
    )


def test_t148_a_pool_may_be_any_identifier_and_is_left_without_a_share() -> None:
    for pool in ("m2", "card:4711", ACCOUNT):
        left = Fact(FactKind.IDENTITY, "m1", f"identity/m1/{NOON}/unpool/{pool}", NOON, NOON, about=pool, type="unpool")
        assert identity(action="unpool", into=pool) == identity(action="unpool", into=pool, share="0") == left
    joined = identity(action="pool", into=f"phone:{PHONE}", share="5")
    assert isinstance(joined, Fact) and joined.about == ACCOUNT


@pytest.mark.parametrize(
    ("share", "code"),
    [("", "MISSING"), ("0", "BAD_SIGN"), ("0.00", "BAD_SIGN"), ("-5", "BAD_SIGN"), ("100.01", "AMOUNT_RANGE"), ("101", "AMOUNT_RANGE"),
     ("9" * 20, "AMOUNT_RANGE"), (2**62, "AMOUNT_RANGE"), ("12.345", "BAD_NUMBER"), ("30%", "BAD_NUMBER"), ("12,5", "BAD_NUMBER"),
     ("half", "BAD_NUMBER"), (".5", "BAD_NUMBER"), ("5.", "BAD_NUMBER"), ("1e1", "BAD_NUMBER"), ("３０", "BAD_NUMBER"),
     (Decimal("0.005"), "BAD_NUMBER")],
)  # fmt: skip
def test_a_share_is_a_percentage_above_zero_of_at_most_two_decimal_places_and_at_most_all(share: Any, code: str) -> None:
    assert identity(action="pool", into="p", share=share) == code


def test_a_pool_without_a_column_of_shares_is_set_aside() -> None:
    assert identity(action="pool", into="p") == "MISSING"


@pytest.mark.parametrize(
    ("shares", "found"),
    [(pa.array([30, None]), [3_000, None]), (pa.array([Decimal("12.50"), None]), [1_250, None]), (pa.array([12.5, 30.0]), ["BAD_NUMBER"] * 2)],
    ids=["integers", "decimals", "floats"],
)
def test_a_share_is_a_whole_number_or_a_decimal_and_no_float(tmp_path: Path, shares: Any, found: list[Any]) -> None:
    pool = {"member_id": "m1", "occurred_at": AT, "action": "pool", "into": "p"}
    rows: dict[str, Any] = {name: [value, value.replace("pool", "unpool")] for name, value in pool.items()}
    pq.write_table(pa.table(rows | {"share": shares}), tmp_path / "identities.parquet")
    read_in = read(tmp_path)
    assert (read_in.codes or [f.attributes[0].value if f.attributes else None for f in read_in.facts]) == found


@pytest.mark.parametrize(
    ("row", "code"),
    [({"action": "link"}, "MISSING"), ({"action": "link", "identifier": "m1"}, "SELF"), ({"action": "link", "identifier": ":7"}, "BAD_ID"),
     ({"action": "merge"}, "MISSING"), ({"action": "merge", "into": "m1"}, "SELF"), ({"action": "claim"}, "MISSING"),
     ({"action": "pool", "share": "5"}, "MISSING"), ({"action": "pool", "into": "m1", "share": "5"}, "SELF"),
     ({"action": "pool", "into": "receipt:7", "share": "5"}, "BAD_ID"), ({"action": "unpool"}, "MISSING"),
     ({"action": "unpool", "into": "m1"}, "SELF"), ({"action": "unpool", "into": "phone:12345"}, "BAD_PHONE"),
     ({"action": "link", "identifier": "(withheld)"}, "MISSING"),
     ({"action": "link", "member_id": f"phone:{PHONE}", "identifier": "phone:13800138000"}, "SELF")],
)  # fmt: skip
def test_an_identity_that_leads_nowhere_is_set_aside(row: dict[str, str], code: str) -> None:
    assert identity(**row) == code


ROWS = [
    {"action": "link", "identifier": f"phone:{PHONE}"}, {"action": "unlink", "identifier": "card:47/11"}, {"action": "merge", "into": "m/2"},
    {"action": "unmerge", "into": f"phone:{PHONE}"}, {"action": "claim", "receipt": "R/1"}, {"action": "erase"},
    {"action": "pool", "into": "m/2", "share": "12.5"}, {"action": "pool", "into": f"phone:{PHONE}", "share": "100"},
    {"action": "pool", "member_id": "card:47/11", "into": "m2", "share": "0.05"}, {"action": "unpool", "into": "card:47/11"},
    {"action": "claim", "member_id": f"phone:{PHONE}", "receipt": "7"}, {"action": "erase", "member_id": "card:47/11"},
]  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["action"])
def test_an_identity_written_as_a_row_is_the_same_fact_again_without_the_key(tmp_path: Path, row: dict[str, str]) -> None:
    given = [{"member_id": "m1", "occurred_at": AT, **row}]
    batch, _ = read_rows("identities", given, KEYED)
    again, letters = read_rows("identities", [row_of(batch.fact(0))], options())
    assert (letters, again.fact(0), again.content.tolist()) == ((), batch.fact(0), batch.content.tolist())
    mended, letters = read_rows("identities", [json.loads(batch.letter(0, "CONFLICT", "").raw)], options())
    assert (letters, mended.fact(0)) == ((), batch.fact(0))
    write_history(tmp_path, [batch.fact(0)], "USD", "csv")
    assert read(tmp_path).facts == [batch.fact(0)]


# ---- members ----


def members(*rows: dict[str, Any], how: ReadOptions = KEYED) -> tuple[FactBatch, list[tuple[int, str]]]:
    batch, letters = read_rows("members", rows, how)
    return batch, [(x.row, x.code) for x in letters]


def facts(batch: FactBatch) -> list[Fact]:
    return [batch.fact(i) for i in range(len(batch))]


def test_identifiers_beside_a_member_are_links_at_the_instant_of_the_row() -> None:
    batch, letters = members({"occurred_at": AT, **FULL})
    assert letters == []
    profile, *links = facts(batch)
    assert (profile.key, profile.attributes) == (f"profile/m1/{NOON}", ())
    assert sorted((f.member, f.about, f.type, f.key, f.at) for f in links) == sorted(
        (account, "m1", "link", f"identity/m1/{NOON}/link/{account}", NOON) for _, account in PRIORITY[1:]
    )
    again, _ = members({"occurred_at": AT, **FULL})
    assert (facts(again), again.content.tolist()) == (facts(batch), batch.content.tolist())
    alone, _ = read_rows("identities", [{"member_id": "m1", "occurred_at": AT, "action": "link", "identifier": "card:4711"}], KEYED)
    assert alone.fact(0) in links


def test_links_of_a_row_without_an_instant_have_none_either() -> None:
    batch, _ = members({"member_id": "m1", "card": "4711"}, {"member_id": "m2", "card": "4712", "occurred_at": AT})
    assert [(f.key, f.at, f.arrived) for f in facts(batch)] == [
        ("profile/m1/new", -1, -1), ("identity/m1/new/link/card:4711", -1, -1),
        (f"profile/m2/{NOON}", NOON, NOON), (f"identity/m2/{NOON}/link/card:4712", NOON, NOON),
    ]  # fmt: skip
    assert batch.homes.to_pylist() == ["m1", "m1", "m2", "m2"]


def test_rows_without_an_instant_can_be_kept_and_read_again() -> None:
    rows = [{"region": "north", **FULL}, {"member_id": "m2", "card": "4712"}, {"member_id": "m2", "card": "4713", "region": "east"}]
    batch, _ = members(*rows)
    kept = undated_rows(batch)
    assert "13800138000" not in str(kept) and len(kept) == 3
    again, letters = members(*kept, how=options())
    assert letters == []
    assert sorted(facts(again), key=str) == sorted(facts(batch), key=str)


def test_a_members_own_name_is_no_link() -> None:
    batch, _ = members({"member_id": "card:7", "card": "7", "occurred_at": AT})
    assert [f.kind for f in facts(batch)] == [FactKind.PROFILE]


def test_a_refused_row_links_nothing() -> None:
    batch, letters = members({"occurred_at": AT, **FULL, "birthday": "soon"}, {"member_id": "m2", "phone": "nobody"})
    assert (len(batch), letters) == (0, [(1, "BAD_TIME"), (2, "BAD_PHONE")])


def test_a_members_file_may_link_what_an_identities_row_links_once_more() -> None:
    batch, letters = members({"member_id": "m1", "card": "7", "occurred_at": AT}, {"member_id": "m1", "card": "7", "occurred_at": iso(NOON + 1)})
    assert letters == []
    assert [f.key for f in facts(batch) if f.kind == FactKind.IDENTITY] == [f"identity/m1/{n}/link/card:7" for n in (NOON, NOON + 1)]


@pytest.mark.parametrize(
    ("column", "here", "there"), [("card", "7", "7"), ("open_id", "o", "o"), ("phone", "13800138000", PHONE), ("identifier", "card:7", "card:7")]
)
def test_t146_rows_that_contradict_each_other_are_reported_by_row_and_the_others_applied(
    tmp_path: Path, column: str, here: str, there: str
) -> None:
    """Which of the two is right cannot be told, whatever their order: neither is applied."""
    rows = [{"member_id": "m1", column: here}, {"member_id": "m2"}, {"member_id": "m3", column: there}, {"member_id": "m4", "card": "8"}]
    for some in (rows, rows[::-1]):
        write(tmp_path, "members", [{"occurred_at": AT, **row} for row in some])
        found = read(tmp_path, KEYED)
        assert {(x.file, x.row, x.code, x.member) for x in found.letters} == {
            ("members.jsonl", n, "AMBIGUOUS", row["member_id"]) for n, row in enumerate(some, 1) if row["member_id"] in ("m1", "m3")
        }
        assert sorted(f.member for f in found.facts) == ["card:8", "m2", "m4"]


def test_t146_a_card_and_an_identifier_that_say_the_same_contradict_too(tmp_path: Path) -> None:
    write(tmp_path, "members", [{"member_id": "m1", "card": "7"}, {"member_id": "m2", "identifier": "card:7"}])
    found = read(tmp_path)
    assert (found.facts, [(x.row, x.code) for x in found.letters]) == ([], [(1, "AMBIGUOUS"), (2, "AMBIGUOUS")])


def test_t146_a_refused_row_contradicts_too_and_is_told_by_its_first_fault(tmp_path: Path) -> None:
    write(tmp_path, "members", [{"member_id": "m1", "card": "7", "phone": "1"}, {"member_id": "m2", "card": "7"}, {"member_id": "m2", "card": "8"}])
    found = read(tmp_path, KEYED)
    assert {(x.row, x.code) for x in found.letters} == {(1, "BAD_PHONE"), (2, "AMBIGUOUS")}
    assert [f.member for f in found.facts] == ["m2", "card:8"]


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_t146_rows_far_apart_in_a_file_contradict_each_other(tmp_path: Path, form: str) -> None:
    """In pieces of a file that are read one after the other, the first of them without any card, and are sorted outside memory."""
    last = 70_000
    rows = [{"member_id": f"m{n}"} if n < 40_000 else {"member_id": f"m{n}", "card": str(n if n < last else 50_000)} for n in range(last + 1)]
    write_rows(tmp_path, {"members": rows}, form)
    found = read(tmp_path, options(rows_in_memory=5_000, scratch=tmp_path))
    assert [(x.code, x.member) for x in found.letters] == [("AMBIGUOUS", "m50000"), ("AMBIGUOUS", f"m{last}")]
    assert sum(len(b) for b in found.batches) == last - 1 + 29_999


def test_t146_only_rows_of_one_file_contradict_each_other(tmp_path: Path) -> None:
    write(tmp_path, "members", [{"member_id": "m1", "card": "7", "occurred_at": AT}])
    write(tmp_path, "members-2", [{"member_id": "m2", "card": "7", "occurred_at": AT}])
    found = read(tmp_path)
    assert found.codes == []
    assert sorted((f.member, f.about) for f in found.facts if f.kind == FactKind.IDENTITY) == [("card:7", "m1"), ("card:7", "m2")]
    batch, letters = members({"member_id": "m1", "card": "7"}, {"member_id": "m2", "card": "7"})
    assert (len(batch), letters) == (4, [])
