"""What may not travel, each with its code: as a fact on its way out, and as a record that came in."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from loyalty_streams.codec import CODES, Message, WireError, encode_message, open_fact, standard
from loyalty_streams.codec.facts import to_message, to_record
from loyalty_streams.codec.valid import AHEAD, EXACT, INT32, LAST
from loyalty_streams.codec.wire import frame, write
from loyalty_streams.core.codes import AttrKind, FactKind
from loyalty_streams.core.facts import Attribute, Fact, Line
from loyalty_streams.history import CODES as CODES_OF_HISTORY

LINE = Line(1, 5)
ORDER = Fact(FactKind.ORDER, "M", "order/1", 10, amount=5, lines=(LINE,))
RETURN = replace(ORDER, kind=FactKind.RETURN, key="order/2", about="order/1")
VISIT = Fact(FactKind.INTERACTION, "M", "interaction/1", 10, type="visit")
PROFILE = Fact(FactKind.PROFILE, "M", "profile/1", 10)
REDEEM = Fact(FactKind.REDEEM, "M", "redemption/1/redeem", 10, about="redemption/1", points=5)
MERGE = Fact(FactKind.IDENTITY, "M", "identity/1", 10, about="N", type="merge")
LINK = Fact(FactKind.IDENTITY, "card:7", "identity/2", 10, about="M", type="link")
HASHED = Fact(FactKind.IDENTITY, f"phone:{'0a' * 16}", f"identity/M/10/link/phone:{'0a' * 16}", 10, about="M", type="link")
POOL = Fact(FactKind.IDENTITY, "M", "identity/4", 10, about="P", type="pool", attributes=(Attribute("@share", AttrKind.FLAG, 3_000),))
TRANSFER = Fact(FactKind.TRANSFER, "M", "transfer/1", 10, about="N", points=5)
RECEIPT = (Attribute("receipt", AttrKind.TEXT, "till 7/9"),)
NOBODYS = replace(ORDER, member="receipt:till 7/9", attributes=RECEIPT)
CLAIM = Fact(FactKind.IDENTITY, "receipt:till 7/9", "identity/3", 10, about="M", type="claim", attributes=RECEIPT)


def text(name: str, value: str) -> Attribute:
    return Attribute(name, AttrKind.TEXT, value)


def flag(name: str, value: int) -> Attribute:
    return Attribute(name, AttrKind.FLAG, value)


def with_attributes(fact: Fact, *attributes: Attribute) -> Fact:
    return replace(fact, attributes=attributes)


def with_lines(*lines: Line, amount: int | None = None) -> Fact:
    return replace(ORDER, lines=lines, amount=sum(x.amount for x in lines) if amount is None else amount)


INVALID = {
    "before 1970": (replace(VISIT, at=-1), "BAD_TIME"),
    "after 2169": (replace(VISIT, at=LAST + 1), "BAD_TIME"),
    "seconds taken for microseconds of microseconds": (replace(VISIT, at=1_767_225_600 * 10**9), "BAD_TIME"),
    "arrived before 1970": (replace(VISIT, arrived=-2), "BAD_TIME"),
    "arrived after 2169": (replace(VISIT, arrived=LAST + 1), "BAD_TIME"),
    "ahead of its arrival": (replace(VISIT, at=AHEAD + 8, arrived=7), "FUTURE_TIME"),
    "no key": (replace(VISIT, key=""), "MISSING"),
    "no member": (replace(VISIT, member=""), "MISSING"),
    "no member and no receipt": (replace(ORDER, member=""), "MISSING"),
    "a member of 257 bytes": (replace(VISIT, member="m" * 257), "BAD_ID"),
    "a member of 256 bytes and more in UTF-8": (replace(VISIT, member="é" * 129), "BAD_ID"),
    "a blank at the end": (replace(VISIT, member="M "), "BAD_ID"),
    "a wide blank at the front": (replace(VISIT, member="\u3000M"), "BAD_ID"),
    "NUL in a member": (replace(VISIT, member="a\x00b"), "BAD_ID"),
    "a mark that turns the text round": (replace(VISIT, member="a\u202eb"), "BAD_ID"),
    "a character without width": (replace(VISIT, key="a\u200bb"), "BAD_ID"),
    "a lone surrogate": (replace(VISIT, about="a\ud800b"), "BAD_ID"),
    "a key of 2,049 bytes": (replace(VISIT, key="k" * 2049), "BAD_ID"),
    "a channel of 257 bytes": (replace(VISIT, channel="c" * 257), "BAD_TEXT"),
    "a line break in a store": (replace(VISIT, store="a\nb"), "BAD_TEXT"),
    "a negative order": (replace(ORDER, lines=(), amount=-1), "BAD_SIGN"),
    "an amount beyond 10^15": (replace(ORDER, lines=(), amount=EXACT + 1), "AMOUNT_RANGE"),
    "negative points used": (replace(ORDER, points=-1), "BAD_SIGN"),
    "points beyond 10^15": (replace(REDEEM, points=EXACT + 1), "AMOUNT_RANGE"),
    "fewer points than -10^15": (replace(REDEEM, points=-EXACT - 1), "AMOUNT_RANGE"),
    "nothing to transfer": (replace(TRANSFER, points=0), "BAD_SIGN"),
    "a negative line": (with_lines(Line(1, 6), Line(2, -1)), "BAD_SIGN"),
    "a negative quantity": (with_lines(replace(LINE, qty=-1)), "BAD_SIGN"),
    "a negative line number": (with_lines(replace(LINE, no=-1)), "BAD_SIGN"),
    "a quantity beyond 2^31 - 1": (with_lines(replace(LINE, qty=INT32 + 1)), "AMOUNT_RANGE"),
    "a negative tax": (with_lines(replace(LINE, tax=-1)), "BAD_SIGN"),
    "a control character in an article": (with_lines(replace(LINE, sku="a\tb")), "BAD_TEXT"),
    "a line number twice": (with_lines(LINE, LINE), "DUPLICATE_LINE"),
    "lines that add up to more": (with_lines(LINE, amount=4), "SUM_OF_LINES"),
    "lines of a return that add up to less": (replace(RETURN, amount=6), "SUM_OF_LINES"),
    "100,001 lines": (replace(ORDER, lines=tuple(Line(k, 0) for k in range(100_001)), amount=0), "TOO_LARGE"),
    "65 attributes": (with_attributes(VISIT, *(flag(f"a{k}", 1) for k in range(65))), "TOO_LARGE"),
    "an attribute twice": (with_attributes(VISIT, text("a", "x"), flag("a", 1)), "DUPLICATE_ATTRIBUTE"),
    "a tag twice": (with_attributes(PROFILE, text("@tag", "vip"), text("@tag", "vip")), "DUPLICATE_ATTRIBUTE"),
    "an attribute without a name": (with_attributes(VISIT, text("", "x")), "BAD_TEXT"),
    "a name with a blank": (with_attributes(VISIT, text("a b", "x")), "BAD_TEXT"),
    "a name of 65 letters": (with_attributes(VISIT, text("a" * 65, "x")), "BAD_TEXT"),
    "a name that the engine does not own": (with_attributes(VISIT, text("@colour", "x")), "BAD_CHOICE"),
    "an own name in another kind": (with_attributes(PROFILE, Attribute("@status", AttrKind.NUMBER, 1)), "BAD_CHOICE"),
    "a text that is a number": (with_attributes(VISIT, Attribute("a", AttrKind.TEXT, 1)), "BAD_CHOICE"),
    "a number that is a text": (with_attributes(VISIT, Attribute("a", AttrKind.NUMBER, "1")), "BAD_CHOICE"),
    "an empty text": (with_attributes(VISIT, text("a", "")), "MISSING"),
    "a text of 4,097 bytes": (with_attributes(VISIT, text("a", "x" * 4097)), "BAD_TEXT"),
    "a truth value of 2": (with_attributes(VISIT, flag("a", 2)), "BAD_CHOICE"),
    "a status without a name": (with_attributes(PROFILE, flag("@status", 5)), "BAD_CHOICE"),
    "an instant before 1970": (with_attributes(VISIT, Attribute("a", AttrKind.INSTANT, -1)), "BAD_TIME"),
    "a number beyond 64 bits": (with_attributes(VISIT, Attribute("a", AttrKind.NUMBER, 1 << 63)), "AMOUNT_RANGE"),
    "a birthday on 30 February": (with_attributes(PROFILE, flag("@birthday", 19900230)), "BAD_TIME"),
    "a cancellation of nothing": (replace(RETURN, kind=FactKind.CANCELLATION, about=""), "MISSING"),
    "a step of no redemption": (replace(REDEEM, about=""), "MISSING"),
    "an interaction without a type": (replace(VISIT, type=""), "MISSING"),
    "an identity without an action": (replace(MERGE, type=""), "BAD_CHOICE"),
    "an action that there is not": (replace(MERGE, type="marry"), "BAD_CHOICE"),
    "a merge into nobody": (replace(MERGE, about=""), "MISSING"),
    "a merge with itself": (replace(MERGE, about="M"), "SELF"),
    "a link to nobody": (replace(LINK, about=""), "MISSING"),
    "a link of a name to itself": (replace(LINK, about="card:7"), "SELF"),
    "a claim that is not of its receipt": (replace(MERGE, type="claim"), "BAD_CHOICE"),
    "a claim without a receipt": (with_attributes(CLAIM), "MISSING"),
    "a claim of another receipt": (with_attributes(CLAIM, text("receipt", "till 7/8")), "BAD_ID"),
    "a claim by nobody": (replace(CLAIM, about=""), "MISSING"),
    "a claim by a receipt": (replace(CLAIM, about="receipt:8"), "BAD_ID"),
    "an order of nobody whose receipt is not told": (with_attributes(NOBODYS), "MISSING"),
    "an order of nobody with another receipt": (with_attributes(NOBODYS, text("receipt", "7")), "BAD_ID"),
    "a receipt with a blank at the front": (replace(NOBODYS, member="receipt: 7", attributes=(text("receipt", " 7"),)), "BAD_ID"),
    "a receipt of 249 bytes": (replace(NOBODYS, member="receipt:" + "7" * 249, attributes=(text("receipt", "7" * 249),)), "BAD_ID"),
    "a visit under a receipt": (replace(VISIT, member="receipt:7"), "BAD_ID"),
    "a visit of an erased member": (replace(VISIT, member="erased:7"), "BAD_ID"),
    "a merge of a receipt": (replace(MERGE, member="receipt:7"), "BAD_ID"),
    "a merge into an erased member": (replace(MERGE, about="erased:7"), "BAD_ID"),
    "a transfer to a receipt": (replace(TRANSFER, about="receipt:7"), "BAD_ID"),
    "a pool of oneself": (replace(POOL, about="M"), "SELF"),
    "a pool that is nobody": (replace(POOL, about=""), "MISSING"),
    "a pool that is a receipt": (replace(POOL, about="receipt:8"), "BAD_ID"),
    "a pool that is a plain phone": (replace(POOL, about="phone:13800138000"), "BAD_PHONE"),
    "a pool without a share": (with_attributes(POOL), "MISSING"),
    "a pool that is given nothing": (with_attributes(POOL, flag("@share", 0)), "BAD_SIGN"),
    "a pool that is given more than all": (with_attributes(POOL, flag("@share", 10_001)), "AMOUNT_RANGE"),
    "a share that is a number": (with_attributes(POOL, Attribute("@share", AttrKind.NUMBER, 30)), "BAD_CHOICE"),
    "a pool of oneself that is left": (replace(POOL, type="unpool", about="M"), "SELF"),
    "no pool that is left": (replace(POOL, type="unpool", about=""), "MISSING"),
    "an erasure into somebody": (replace(MERGE, type="erase"), "BAD_CHOICE"),
    "a visit under a plain phone": (replace(VISIT, member="phone:+8613800138000"), "BAD_PHONE"),
    "a plain phone in other letters": (replace(VISIT, member="Phone:13800138000"), "BAD_PHONE"),
    "a link to a plain phone": (replace(LINK, about="phone:13800138000"), "BAD_PHONE"),
    "a plain phone in the key of a link": (replace(LINK, key="identity/M/10/link/phone:+8613800138000"), "BAD_PHONE"),
    "a transfer to a plain phone": (replace(TRANSFER, about="phone:+8613800138000"), "BAD_PHONE"),
    "a transfer to nobody": (replace(TRANSFER, about=""), "MISSING"),
    "a transfer to oneself": (replace(TRANSFER, about="M"), "SELF"),
}


@pytest.mark.parametrize(("fact", "code"), INVALID.values(), ids=INVALID.keys())
def test_a_fact_that_may_not_stand_is_refused_by_its_code(fact: Fact, code: str) -> None:
    assert refusal(Message(fact)) == code


def refusal(message: Message) -> str:
    with pytest.raises(WireError) as error:
        encode_message(message)
    return error.value.code


@pytest.mark.parametrize("fact", [ORDER, RETURN, VISIT, PROFILE, REDEEM, MERGE, LINK, HASHED, POOL, TRANSFER, NOBODYS, CLAIM], ids=lambda f: f.key)
def test_the_facts_that_these_are_made_of_may_stand(fact: Fact) -> None:
    encode_message(Message(fact))


AT_THE_BOUND = {
    "1970 and 2169": replace(VISIT, at=0, arrived=LAST),
    "ten minutes ahead": replace(VISIT, at=AHEAD + 7, arrived=7),
    "a receipt of 248 bytes": replace(NOBODYS, member="receipt:" + "7" * 248, attributes=(text("receipt", "7" * 248),)),
    "a return without a member": replace(RETURN, member=NOBODYS.member, attributes=RECEIPT),
    "a hundredth of a percent": with_attributes(POOL, flag("@share", 1)),
    "all that is earned": with_attributes(POOL, flag("@share", 10_000)),
    "a pool that is left": replace(POOL, type="unpool", attributes=()),
    "256 bytes": replace(VISIT, member="é" * 128, channel="c" * 256),
    "10^15": replace(ORDER, lines=(Line(INT32, EXACT, qty=INT32, tax=EXACT),), amount=EXACT),
    "money alone given back": replace(RETURN, lines=(replace(LINE, qty=0),)),
    "a cancellation with lines and no amount": replace(RETURN, kind=FactKind.CANCELLATION, amount=0),
    "fewer than no points asked for": replace(REDEEM, points=-1),
    "64 attributes": with_attributes(VISIT, *(flag(f"a{k}", 1) for k in range(64))),
    "an emoji of several signs": replace(VISIT, channel="👍🏽"),
    "text that looks like code": replace(VISIT, member="=1+1'); DROP TABLE--{{7*7}}"),
}


@pytest.mark.parametrize("fact", AT_THE_BOUND.values(), ids=AT_THE_BOUND.keys())
def test_a_fact_at_a_bound_stands(fact: Fact) -> None:
    encode_message(Message(fact))


@pytest.mark.parametrize("currency", ["eur", "EURO", "E1R", "€", "ＥＵＲ", " EUR"])
def test_a_currency_is_three_capital_letters(currency: str) -> None:
    assert refusal(Message(ORDER, currency=currency)) == "CURRENCY"


@pytest.mark.parametrize(("revision", "code"), [(-1, "BAD_SIGN"), (INT32 + 1, "AMOUNT_RANGE")])
def test_a_revision_is_a_small_number_that_is_not_negative(revision: int, code: str) -> None:
    assert refusal(Message(ORDER, revision)) == code


# ---- records of other producers: what Avro allows and a fact is not ----


def arriving(fact: Fact, **changed: Any) -> Message:
    """The message as another producer would have written it, fields changed, past all guards."""
    name, record = to_record(Message(fact, currency="EUR") if fact.kind == FactKind.ORDER else Message(fact))
    schema = standard().latest[name]
    return open_fact(frame(schema.id, write(schema, {**record, **changed})))


RECORDS: dict[str, tuple[Fact, dict[str, Any], str]] = {
    "a reason that there is not": (VISIT, {"refused": "BECAUSE"}, "BAD_CHOICE"),
    "an arrival before 1970": (VISIT, {"arrived_at": -1}, "BAD_TIME"),
    "a birthday before the first year": (PROFILE, {"birthday": -719_163}, "BAD_TIME"),
    "a birthday after the last year": (PROFILE, {"birthday": 2_932_897}, "BAD_TIME"),
    "a region among the attributes": (PROFILE, {"attributes": [{"name": "@region", "kind": "TEXT", "value": "x"}]}, "BAD_CHOICE"),
    "a tag among the attributes": (PROFILE, {"attributes": [{"name": "@tag", "kind": "TEXT", "value": "x"}]}, "BAD_CHOICE"),
    "an empty tag": (PROFILE, {"tags": [""]}, "MISSING"),
    "no member": (VISIT, {"member_id": ""}, "MISSING"),
    "a currency in small letters": (ORDER, {"currency": "eur"}, "CURRENCY"),
    "a sum that is not that of the lines": (ORDER, {"amount_minor": 6}, "SUM_OF_LINES"),
    "nobody to transfer to": (TRANSFER, {"to_member_id": ""}, "MISSING"),
    "neither a member nor a receipt": (NOBODYS, {"receipt": ""}, "MISSING"),
    "an order under the account of its receipt": (NOBODYS, {"member_id": "receipt:till 7/9"}, "BAD_ID"),
    "a claim by the account of its receipt": (CLAIM, {"member_id": "receipt:till 7/9"}, "BAD_ID"),
    "a pool that is given what is not said": (POOL, {"share": None}, "MISSING"),
    "a pool that is given less than nothing": (POOL, {"share": -1}, "BAD_SIGN"),
    "a share among the attributes": (POOL, {"attributes": [{"name": "@share", "kind": "FLAG", "value": 1}]}, "BAD_CHOICE"),
    "a claim by nobody": (CLAIM, {"member_id": ""}, "MISSING"),
    "a claim of nothing": (CLAIM, {"receipt": ""}, "MISSING"),
    "a claim that leads somewhere": (CLAIM, {"into": "order/1"}, "BAD_CHOICE"),
}


@pytest.mark.parametrize(("fact", "changed", "code"), RECORDS.values(), ids=RECORDS.keys())
def test_a_record_that_is_no_fact_is_refused_by_its_code(fact: Fact, changed: dict[str, Any], code: str) -> None:
    arriving(fact)
    with pytest.raises(WireError) as error:
        arriving(fact, **changed)
    assert error.value.code == code


def test_the_first_and_last_birthdays_of_the_calendar_are_taken() -> None:
    first = arriving(PROFILE, birthday=-719_162).fact.attributes[0]
    last = arriving(PROFILE, birthday=2_932_896).fact.attributes[0]
    assert (first.value, last.value) == (1_01_01, 9999_12_31)


def test_rows_that_come_in_any_order_are_put_in_order() -> None:
    rows = [{"name": n, "kind": "FLAG", "value": 1} for n in ("b", "a")]
    name, record = to_record(Message(VISIT))
    assert to_message(name, {**record, "attributes": rows}).fact.attributes == (flag("a", 1), flag("b", 1))


def test_every_code_of_the_wire_is_given_by_some_test() -> None:
    """Those that speak of bytes are in test_guards, NOT_CARRIED in test_facts_travel."""
    bytes_alone = {"BAD_FRAME", "CHECKSUM", "SCHEMA_UNKNOWN", "UNDECODABLE", "TRAILING_BYTES", "NOT_CANONICAL", "OUT_OF_RANGE", "NOT_CARRIED"}
    given = {code for _, code in INVALID.values()} | {code for *_, code in RECORDS.values()} | bytes_alone
    assert given == set(CODES)


def test_a_code_means_the_same_on_the_wire_as_in_a_history_folder() -> None:
    """Codes of bytes, and of what a folder cannot say, are the wire's alone."""
    alone = CODES.keys() - CODES_OF_HISTORY.keys()
    assert alone == {
        "BAD_FRAME", "CHECKSUM", "SCHEMA_UNKNOWN", "UNDECODABLE", "TRAILING_BYTES", "NOT_CANONICAL", "OUT_OF_RANGE", "NOT_CARRIED",
        "DUPLICATE_ATTRIBUTE",
    }  # fmt: skip
