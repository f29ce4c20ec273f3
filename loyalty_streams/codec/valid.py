"""What a fact must be, whichever way it came: bounds, texts, signs, sums. Nothing is mended here and nothing is guessed.

The bounds are those of a history folder (`history`), so that a fact may come by either road.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from datetime import date
from typing import NoReturn

from loyalty_streams.codec.forms import IDENTITY_ACTIONS
from loyalty_streams.codec.wire import WireError
from loyalty_streams.core.codes import ATTRIBUTES, MICROS, NEVER, Action, AttrKind, FactKind, Status
from loyalty_streams.core.facts import ERASED, RECEIPT, WHOLE, Attribute, Fact, Line

LAST = 6_311_433_600 * MICROS - 1
"""The last instant that is taken: the end of the year 2169, microseconds UTC."""
AHEAD = 600 * MICROS
"""How far a fact may lie ahead of its own arrival: clocks differ."""
LONGEST_ID, LONGEST_KEY, LONGEST_TEXT, LONGEST_NAME = 256, 2048, 256, 64
LONGEST_VALUE = 4096
"""Bytes of an identifier, of a business key, of a coded text; characters of an attribute's name; bytes of an attribute's text."""
MOST_LINES, MOST_ATTRIBUTES = 100_000, 64
EXACT = 10**15
"""The largest amount or number of points."""
INT32 = (1 << 31) - 1
INT64 = (1 << 63) - 1
_UNFIT = {"Cc", "Cf", "Cs", "Zl", "Zp"}
_NAME = re.compile(r"[^\W_][\w.-]*\Z")
_PLAIN_PHONE = re.compile(r"(?:^|/)phone:(?!(?-i:[0-9a-f]{32})(?:/|\Z))", re.ASCII | re.I)
_CURRENCY = re.compile(r"[A-Z]{3}\Z", re.ASCII)
_RETURNS = (FactKind.RETURN, FactKind.EXCHANGE_RETURN, FactKind.CANCELLATION)
_ORDERS = (FactKind.ORDER, *_RETURNS)
_REDEMPTIONS = (FactKind.RESERVE, FactKind.REDEEM, FactKind.REDEEMED, FactKind.CONFIRM, FactKind.RELEASE, FactKind.CANCEL)
_SIGNED = (*_REDEMPTIONS, FactKind.OPENING, FactKind.ADJUSTMENT)
"""Kinds whose points the fold judges, and refuses where they are not above zero."""
_FLAG_BOUNDS = {"@status": max(Status), "@action": max(Action), "@tax_minor": EXACT, "@not_covered": EXACT}
_INSTANTS = ("tier_since", "tier_until", "enrolled_at", "expires_at", "available_at", "until")
_FLAGS = ("birthday", "status", "action", "allow_negative", "tax_minor", "not_covered", "share")
OWN_KINDS = {
    f"@{name}": AttrKind.INSTANT if name in _INSTANTS else AttrKind.FLAG if name in _FLAGS else AttrKind.TEXT for name in ATTRIBUTES
}
"""The kind in which the engine reads each attribute of its own."""


def refuse(code: str, expected: str) -> NoReturn:
    raise WireError(code, expected)


def check(fact: Fact, revision: int = 0, currency: str = "") -> None:
    """Whether a fact, its texts in NFC and its lines and attributes in order, may stand. Raises WireError."""
    _times(fact)
    _identifiers(fact)
    for name, value in (("channel", fact.channel), ("store", fact.store), ("type", fact.type)):
        text(name, value, LONGEST_TEXT)
    within("amount", fact.amount, 0, EXACT)
    within("points", fact.points, -EXACT if fact.kind in _SIGNED else 0, EXACT)
    within("revision", revision, 0, INT32)
    if currency and not _CURRENCY.match(currency):
        refuse("CURRENCY", "currency: three capital letters")
    _lines(fact)
    _attributes(fact.attributes)
    _needs(fact)


def _times(fact: Fact) -> None:
    if not 0 <= fact.at <= LAST:
        refuse("BAD_TIME", "occurred_at: an instant between 1970 and 2169")
    if not -1 <= fact.arrived <= LAST:
        refuse("BAD_TIME", "arrived_at: an instant between 1970 and 2169, or none")
    if fact.arrived >= 0 and fact.at > fact.arrived + AHEAD:
        refuse("FUTURE_TIME", "occurred_at: at most ten minutes after arrived_at")


def _identifiers(fact: Fact) -> None:
    if not fact.key:
        refuse("MISSING", "key: a business key")
    for name, value, longest in (("key", fact.key, LONGEST_KEY), ("about", fact.about, LONGEST_KEY), ("member_id", fact.member, LONGEST_ID)):
        identifier(name, value, longest)
    account("member_id", fact.member)
    if not _of_receipt(fact):
        unreserved("member_id", fact.member)
    if fact.kind == FactKind.IDENTITY and (_PLAIN_PHONE.search(fact.key) or _PLAIN_PHONE.search(fact.about)):
        refuse("BAD_PHONE", "key, into: phones as 32 hexadecimal digits of their keyed hash")


def account(name: str, value: str) -> None:
    if _PLAIN_PHONE.match(value):
        refuse("BAD_PHONE", f"{name}: a phone as 32 hexadecimal digits of its keyed hash")


def unreserved(name: str, value: str) -> None:
    if value.startswith((RECEIPT, ERASED)):
        refuse("BAD_ID", f"{name}: no name with {RECEIPT} or {ERASED}, which are the engine's own; a receipt stands in its field")


def _of_receipt(fact: Fact) -> bool:
    """Whether a fact is one that the account of a receipt keeps: an order of nobody, or a claim. It says its receipt itself, too."""
    kept = fact.kind in _ORDERS or (fact.kind == FactKind.IDENTITY and fact.type == "claim")
    return kept and fact.member.startswith(RECEIPT)


def identifier(name: str, value: str, longest: int = LONGEST_ID) -> None:
    if not _fits(value, longest) or value != value.strip():
        refuse("BAD_ID", f"{name}: at most {longest} bytes, no blanks at the ends, no control or invisible characters")


def text(name: str, value: str, longest: int) -> None:
    if not _fits(value, longest):
        refuse("BAD_TEXT", f"{name}: at most {longest} bytes, no control characters")


def _fits(value: str, longest: int) -> bool:
    """No control characters, no invisible or bidirectional marks, no lone surrogates, no line separators; not too long."""
    if value.isascii():
        return len(value) <= longest and value.isprintable()
    return not any(unicodedata.category(c) in _UNFIT for c in value) and len(value.encode()) <= longest


def within(name: str, value: int, least: int, most: int) -> None:
    if value < least:
        refuse("BAD_SIGN" if least >= 0 else "AMOUNT_RANGE", f"{name}: at least {least}")
    if value > most:
        refuse("AMOUNT_RANGE", f"{name}: at most {most}")


def _lines(fact: Fact) -> None:
    if len(fact.lines) > MOST_LINES:
        refuse("TOO_LARGE", f"lines: at most {MOST_LINES}")
    for line in fact.lines:
        _line(line)
    if len({x.no for x in fact.lines}) < len(fact.lines):
        refuse("DUPLICATE_LINE", "line_no: numbers that differ within an order")
    # A cancellation may come with the lines of its order and without an amount.
    silent = not fact.lines or (fact.kind == FactKind.CANCELLATION and fact.amount == 0)
    if not silent and sum(x.amount for x in fact.lines) != fact.amount:
        refuse("SUM_OF_LINES", "lines: they add up to the amount of the order")


def _line(line: Line) -> None:
    within("line_no", line.no, 0, INT32)
    within("qty", line.qty, 0, INT32)
    within("line_amount_minor", line.amount, 0, EXACT)
    within("tax_minor", line.tax, 0, EXACT)
    text("sku", line.sku, LONGEST_TEXT)
    text("category", line.category, LONGEST_TEXT)


def _attributes(attributes: tuple[Attribute, ...]) -> None:
    if len(attributes) > MOST_ATTRIBUTES:
        refuse("TOO_LARGE", f"attributes: at most {MOST_ATTRIBUTES}, tags among them")
    for a in attributes:
        _attribute(a)
    if len(set(_told_apart(attributes))) < len(attributes):
        refuse("DUPLICATE_ATTRIBUTE", "attributes: each name once; tags that differ")


def _told_apart(attributes: tuple[Attribute, ...]) -> Iterator[tuple[str, int | str]]:
    """What no two attributes share: the name, of tags the text."""
    return ((a.name, a.value if a.name == "@tag" else "") for a in attributes)


def _attribute(a: Attribute) -> None:
    if a.name.startswith("@"):
        if OWN_KINDS.get(a.name) != a.kind:
            refuse("BAD_CHOICE", "attributes: after @ one of the engine's own names, in its own kind")
    elif not _NAME.match(a.name) or len(a.name) > LONGEST_NAME:
        refuse("BAD_TEXT", f"attributes: a name of letters, digits, `_`, `.` and `-`, at most {LONGEST_NAME}")
    if (a.kind == AttrKind.TEXT) != isinstance(a.value, str):
        refuse("BAD_CHOICE", f"{a.name}: a text where its kind is TEXT, else a whole number")
    if isinstance(a.value, str):
        if not a.value:
            refuse("MISSING", f"{a.name}: a text")
        text(a.name, a.value, LONGEST_VALUE)
    else:
        _number(a.name, a.kind, a.value)


def _number(name: str, kind: AttrKind, value: int) -> None:
    if name == "@birthday":
        if _date_of(value) is None:
            refuse("BAD_TIME", f"{name}: a date as yyyymmdd")
    elif name == "@share":
        within(name, value, 1, WHOLE)
    elif kind == AttrKind.FLAG:
        most = _FLAG_BOUNDS.get(name, 1)
        if not 0 <= value <= most:
            refuse("BAD_CHOICE", f"{name}: from 0 to {most}")
    elif kind == AttrKind.INSTANT:
        if not (0 <= value <= LAST or value == NEVER):
            refuse("BAD_TIME", f"{name}: an instant between 1970 and 2169")
    else:
        within(name, value, -INT64, INT64)


def _date_of(yyyymmdd: int) -> date | None:
    try:
        return date(yyyymmdd // 10_000, yyyymmdd // 100 % 100, yyyymmdd % 100)
    except ValueError:
        return None


def _needs(fact: Fact) -> None:
    """What a kind of fact cannot do without."""
    words = {a.name: a.value for a in fact.attributes if isinstance(a.value, str)}
    if not fact.member and fact.kind != FactKind.TICK:
        refuse("MISSING", "member_id: a value, or of an anonymous order a receipt")
    if _of_receipt(fact):
        _receipt(words.get("receipt", ""), fact.member)
    if fact.kind == FactKind.CANCELLATION and not fact.about:
        refuse("MISSING", "order_key: the order that is cancelled")
    if fact.kind in _REDEMPTIONS and not fact.about:
        refuse("MISSING", "redemption_key: the redemption that it is a step of")
    if fact.kind == FactKind.INTERACTION and not fact.type:
        refuse("MISSING", "type: what was done")
    if fact.kind == FactKind.IDENTITY:
        _identity(fact)
    if fact.kind == FactKind.TRANSFER:
        within("points", fact.points, 1, EXACT)
        _other("to_member_id", fact.about, fact.member)


def _receipt(value: str, member: str) -> None:
    """What the account of a receipt is called by."""
    if not value:
        refuse("MISSING", "receipt: a value")
    identifier("receipt", value)
    if member != RECEIPT + value:
        refuse("BAD_ID", "receipt: that of the account")


def _identity(fact: Fact) -> None:
    if fact.type not in IDENTITY_ACTIONS:
        refuse("BAD_CHOICE", f"action: one of {', '.join(IDENTITY_ACTIONS)}")
    if fact.type in ("link", "unlink", "merge", "unmerge", "pool", "unpool"):
        _other("into", fact.about, fact.member)
    if fact.type == "pool" and "@share" not in (a.name for a in fact.attributes):
        refuse("MISSING", "share: what the pool is given")
    if fact.type == "claim":
        if not _of_receipt(fact):
            refuse("BAD_CHOICE", "member_id: a claim is kept by the account of its receipt")
        _other("member_id", fact.about, fact.member)
    if fact.type == "erase" and fact.about:
        refuse("BAD_CHOICE", "into: empty where a member is erased")


def _other(name: str, value: str, member: str) -> None:
    """Another member, by name."""
    if not value:
        refuse("MISSING", f"{name}: a member")
    identifier(name, value)
    account(name, value)
    unreserved(name, value)
    if value == member:
        refuse("SELF", f"{name}: another member")
