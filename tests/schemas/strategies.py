"""Valid facts of every kind, for Hypothesis: all columns, lines, attributes and texts at and within their bounds."""

from __future__ import annotations

import unicodedata
from datetime import date
from typing import Any

from hypothesis import strategies as st

from loyalty_streams.codec import Message
from loyalty_streams.codec.forms import IDENTITY_ACTIONS
from loyalty_streams.codec.valid import EXACT, INT32, INT64, LAST, OWN_KINDS
from loyalty_streams.core.codes import Action, AttrKind, FactKind, LineKind, Outcome, Reason, Status
from loyalty_streams.core.facts import ERASED, RECEIPT, WHOLE, Attribute, Fact, Line

ORDERS = (FactKind.ORDER, FactKind.RETURN, FactKind.EXCHANGE_RETURN, FactKind.CANCELLATION)
REDEMPTIONS = (FactKind.RESERVE, FactKind.REDEEM, FactKind.REDEEMED, FactKind.CONFIRM, FactKind.RELEASE, FactKind.CANCEL)
SIGNED = (*REDEMPTIONS, FactKind.ADJUSTMENT, FactKind.OPENING)

_letters = st.characters(exclude_categories=("Cc", "Cf", "Cs", "Zl", "Zp", "Cn"))


def texts(longest: int = 24, least: int = 0) -> st.SearchStrategy[str]:
    drawn = st.text(_letters, min_size=least, max_size=longest).map(lambda t: unicodedata.normalize("NFC", t))
    return drawn.filter(lambda t: len(t) >= least and len(t.encode()) <= 256)


def identifiers(least: int = 1) -> st.SearchStrategy[str]:
    return texts(16, least).filter(lambda t: t == t.strip() and not t.startswith((RECEIPT, ERASED)))


INSTANTS = st.integers(0, LAST - 1)
MONEY = st.integers(0, EXACT // 8)
LINES = st.builds(
    Line, st.integers(0, INT32), MONEY, texts(), texts(), st.integers(0, INT32), st.sampled_from(LineKind), st.integers(0, EXACT),
)  # fmt: skip
_BIRTHDAYS = st.dates(date(1, 1, 1), date(9999, 12, 31)).map(lambda d: d.year * 10_000 + d.month * 100 + d.day)
_FLAGS: dict[str, st.SearchStrategy[int]] = {
    "@birthday": _BIRTHDAYS, "@status": st.sampled_from(Status).map(int), "@action": st.sampled_from(Action).map(int),
    "@tax_minor": st.integers(0, EXACT), "@not_covered": st.integers(0, EXACT),
    "@share": st.integers(1, WHOLE),
}  # fmt: skip
_VALUES: dict[AttrKind, st.SearchStrategy[Any]] = {
    AttrKind.NUMBER: st.integers(-INT64, INT64), AttrKind.TEXT: texts(40, 1), AttrKind.INSTANT: INSTANTS,
    AttrKind.DATE: st.integers(-10**6, 10**6), AttrKind.FLAG: st.integers(0, 1),
}  # fmt: skip
_NAMES = st.from_regex(r"[^\W_][\w.-]{0,12}", fullmatch=True).map(lambda t: unicodedata.normalize("NFC", t)).filter(lambda t: t[0].isalnum())
_FIELDS = st.sampled_from(("receipt", "order_id", "reason", "operator", "source_system", "identifier", "tender"))


@st.composite
def attributes(draw: st.DrawFn) -> tuple[Attribute, ...]:
    """The engine's own, the user's, and tags, each at most once; a name that has a field may come in another kind."""
    found: dict[str, Attribute] = {}
    for name in draw(st.lists(st.sampled_from(sorted(OWN_KINDS.keys() - {"@tag"})), max_size=4)):
        kind = OWN_KINDS[name]
        found[name] = Attribute(name, kind, draw(_FLAGS.get(name, _VALUES[kind]) if kind == AttrKind.FLAG else _VALUES[kind]))
    for name in draw(st.lists(st.one_of(_NAMES, _FIELDS), max_size=4)):
        kind = draw(st.sampled_from(AttrKind))
        found[name] = Attribute(name, kind, draw(_VALUES[kind]))
    tags = draw(st.lists(texts(12, 1), max_size=3, unique=True))
    return (*found.values(), *(Attribute("@tag", AttrKind.TEXT, t) for t in tags))


def _under_receipt(draw: st.DrawFn, given: tuple[Attribute, ...]) -> tuple[str, tuple[Attribute, ...]]:
    """(the account of a receipt, attributes with its number)."""
    receipt = draw(identifiers())
    return RECEIPT + receipt, (*(a for a in given if a.name != "receipt"), Attribute("receipt", AttrKind.TEXT, receipt))


@st.composite
def facts(draw: st.DrawFn, kinds: st.SearchStrategy[FactKind] = st.sampled_from(FactKind)) -> Fact:  # noqa: B008 - a strategy is a value
    kind = draw(kinds)
    at = draw(INSTANTS)
    arrived = draw(st.one_of(st.just(-1), st.integers(max(at - 600_000_000, 0), LAST)))
    key = draw(identifiers())
    if kind == FactKind.TICK:
        return Fact(kind, "", key, at, arrived)
    order = kind in ORDERS
    member, given = draw(identifiers()), draw(attributes())
    action = draw(texts(least=1)) if kind == FactKind.INTERACTION else ""
    if kind == FactKind.IDENTITY:
        action = draw(st.sampled_from(IDENTITY_ACTIONS))
    if action == "claim" or (order and draw(st.booleans())):
        member, given = _under_receipt(draw, given)
    if action == "pool":
        given = (*(a for a in given if a.name != "@share"), Attribute("@share", AttrKind.FLAG, draw(_FLAGS["@share"])))
    lines = tuple(draw(st.lists(LINES, max_size=4, unique_by=lambda x: x.no))) if order else ()
    silent = kind == FactKind.CANCELLATION and draw(st.booleans())
    amount = 0
    if order:
        amount = 0 if silent else sum(x.amount for x in lines) if lines else draw(MONEY)
    elif kind in REDEMPTIONS:
        amount = draw(MONEY)
    points = 0
    if order or kind in SIGNED or kind == FactKind.TRANSFER:
        points = draw(st.integers(-EXACT if kind in SIGNED else 1 if kind == FactKind.TRANSFER else 0, EXACT))
    speaks = order or kind in REDEMPTIONS or kind == FactKind.INTERACTION
    about = draw(identifiers(1 if kind in REDEMPTIONS or kind == FactKind.CANCELLATION else 0)) if speaks else ""
    if kind == FactKind.TRANSFER or (kind == FactKind.IDENTITY and action != "erase"):
        about = draw(identifiers().filter(lambda t: t != member))
    return Fact(
        kind, member, key, at, arrived, about, amount, points, draw(texts()), draw(texts()), action,
        draw(st.sampled_from(Outcome)) if kind in (*REDEMPTIONS, FactKind.TRANSFER) else Outcome.NONE, lines, given, draw(st.sampled_from(Reason)),
    )  # fmt: skip


@st.composite
def messages(draw: st.DrawFn) -> Message:
    fact = draw(facts())
    if fact.kind not in ORDERS:
        return Message(fact)
    return Message(fact, draw(st.integers(0, INT32)), draw(st.sampled_from(("", "EUR", "CNY", "KWD"))))
