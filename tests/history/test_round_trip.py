"""Law: facts written as a history and read again are the same facts, whatever their kind and the form of the files."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty_streams.core.codes import Action, AttrKind, FactKind, LineKind, Outcome, Reason, Status
from loyalty_streams.core.facts import WHOLE, Attribute, Fact, Line
from loyalty_streams.history import content_hashes, of_facts, read_rows, write_history
from loyalty_streams.history.attributes import read_value
from loyalty_streams.history.keys import adjustment_key, interaction_key, order_key, part, redemption_key, transfer_key
from loyalty_streams.history.strings import fit
from tests.history.helpers import NOON, options, read
from tests.history.test_forms import plain

FORMS = ("parquet", "csv", "csv.gz", "jsonl")
LAST = 6_311_433_600_000_000 - 1  # the end of 2169
LARGEST = 10**15


def tidy(text: str) -> bool:
    return text == text.strip() and text != "" and fit(text) and unicodedata.normalize("NFC", text) == text


RECEIPT = "receipt:"
ids = st.text("aZ09 _-./%#:;,\"'=@é日Ａ🎁", min_size=1, max_size=12).filter(tidy)
words = st.none() | ids
instants = st.integers(0, LAST - 10**9)
points = st.integers(0, LARGEST)
amounts = st.integers(0, 10**12)
tags = st.lists(st.text("abé日", min_size=1, max_size=4), max_size=3, unique=True)
names = st.sampled_from(("stars", "shoe_size", "note.2", "größe", "x-ray"))


def read_as(text: str) -> Attribute:
    kind, value = read_value(text)
    return Attribute("", kind, value)


values = st.one_of(
    st.text(max_size=30).filter(tidy).map(read_as),
    st.integers(-(10**12), 10**12).map(lambda n: Attribute("", AttrKind.NUMBER, n)),
    st.booleans().map(lambda b: Attribute("", AttrKind.FLAG, int(b))),
    instants.map(lambda t: Attribute("", AttrKind.INSTANT, t)),
    st.integers(0, 60_000).map(lambda d: Attribute("", AttrKind.DATE, d)),
)  # fmt: skip
own = st.dictionaries(names, values, max_size=3).map(lambda d: [replace(a, name=n) for n, a in d.items()])


def texts_of(draw: st.DrawFn, *some: str) -> list[Attribute]:
    return [Attribute(name, AttrKind.TEXT, text) for name in some if (text := draw(words)) is not None]


def instants_of(draw: st.DrawFn, *some: str) -> list[Attribute]:
    return [Attribute(name, AttrKind.INSTANT, draw(instants)) for name in some if draw(st.booleans())]


def made(draw: st.DrawFn, kind: FactKind, key: str, attributes: list[Attribute], at: int | None = None, **given: Any) -> Fact:
    """`at`: where the key says it."""
    when = draw(instants) if at is None else at
    member = given.pop("member", None) or draw(ids)
    return Fact(kind, member, key, when, when + draw(st.integers(0, 10**9)), attributes=tuple(attributes), **given)


@st.composite
def bought(draw: st.DrawFn) -> Fact:
    kind = draw(st.sampled_from((FactKind.ORDER, FactKind.RETURN, FactKind.EXCHANGE_RETURN, FactKind.CANCELLATION)))
    source = draw(st.just("") | ids)
    numbers = sorted(draw(st.lists(st.integers(0, 2**31 - 1), max_size=3, unique=True)))
    lines = tuple(
        Line(n, draw(amounts), draw(words) or "", draw(words) or "", draw(st.integers(0, 9)), draw(st.sampled_from(LineKind)), draw(amounts))
        for n in numbers
    )
    attributes = texts_of(draw, "receipt")
    if kind == FactKind.EXCHANGE_RETURN or draw(st.booleans()):
        attributes.append(Attribute("@exchange_id", AttrKind.TEXT, draw(ids)))
    if draw(st.booleans()):
        attributes.append(Attribute("@tax_minor", AttrKind.FLAG, draw(amounts)))
    about = ""
    linked = kind in (FactKind.EXCHANGE_RETURN, FactKind.CANCELLATION) or draw(st.booleans())
    if linked:
        about = redemption_key(draw(ids)) if kind == FactKind.ORDER else order_key(draw(ids), source)
    kind = FactKind.EXCHANGE_RETURN if kind == FactKind.RETURN and linked and any(a.name == "@exchange_id" for a in attributes) else kind
    receipt = next((str(a.value) for a in attributes if a.name == "receipt"), "")
    member = RECEIPT + receipt if receipt and draw(st.booleans()) else None
    return made(
        draw, kind, order_key(draw(ids), source), attributes, member=member, about=about, points=draw(points), channel=draw(words) or "",
        amount=sum(x.amount for x in lines) if lines else draw(amounts), store=draw(words) or "", lines=lines,
    )  # fmt: skip


@st.composite
def interactions(draw: st.DrawFn) -> Fact:
    attributes = draw(own)
    order = draw(words)
    attributes += [Attribute("order_id", *read_value(order))] if order is not None else []
    about = order_key(order) if order is not None else ""
    key, kind = interaction_key(draw(ids)), draw(ids)
    return made(draw, FactKind.INTERACTION, key, attributes, about=about, type=kind, channel=draw(words) or "", store=draw(words) or "")


@st.composite
def profiles(draw: st.DrawFn) -> Fact:
    attributes = [*draw(own), *texts_of(draw, "@region", "@customer_type", "@tier", "source_system")]
    attributes += instants_of(draw, "@enrolled_at", "@tier_since", "@tier_until")
    attributes += [Attribute("@tag", AttrKind.TEXT, t) for t in draw(tags)]
    if draw(st.booleans()):
        attributes.append(Attribute("@birthday", AttrKind.FLAG, draw(st.sampled_from((18000101, 19900228, 20000229, 20261231)))))
        attributes.append(Attribute("@status", AttrKind.FLAG, draw(st.sampled_from(Status))))
        attributes.append(Attribute("stored_value_minor", AttrKind.NUMBER, draw(st.integers(-(10**12), 10**12)) * 1_000_000))
    member, at = draw(ids), draw(instants)
    return made(draw, FactKind.PROFILE, f"profile/{part(member)}/{at}", attributes, at, member=member)


@st.composite
def redemptions(draw: st.DrawFn) -> Fact:
    """Decisions too: granted, refused with the reason, beside or without a reason that the member gave."""
    kinds = (FactKind.RESERVE, FactKind.REDEEM, FactKind.REDEEMED, FactKind.CONFIRM, FactKind.RELEASE, FactKind.CANCEL)
    kind, name = draw(st.sampled_from(kinds)), draw(ids)
    attributes = texts_of(draw, "order_id", "@wallet")
    given = draw(st.none() | st.sampled_from(("gift", "INSUFFICIENT", "NONE")))
    attributes += [Attribute("reason", AttrKind.TEXT, given)] if given else []
    return made(
        draw, kind, redemption_key(name, kind.name.lower()), attributes, about=redemption_key(name), points=draw(points), amount=draw(amounts),
        outcome=draw(st.sampled_from(Outcome)), refuse=draw(st.sampled_from(Reason)), channel=draw(words) or "", store=draw(words) or "",
    )  # fmt: skip


@st.composite
def adjustments(draw: st.DrawFn) -> Fact:
    action = draw(st.sampled_from(Action))
    attributes = [Attribute("@action", AttrKind.FLAG, action), *texts_of(draw, "@wallet")]
    attributes += instants_of(draw, "@expires_at", "@available_at", "@until")
    attributes += [Attribute(name, AttrKind.TEXT, draw(ids)) for name in ("reason", "operator")]
    attributes += [Attribute("@tier", AttrKind.TEXT, draw(ids))] if action == Action.SET_TIER or draw(st.booleans()) else []
    attributes += [Attribute("@allow_negative", AttrKind.FLAG, int(draw(st.booleans())))] if draw(st.booleans()) else []
    return made(draw, FactKind.ADJUSTMENT, adjustment_key(draw(ids)), attributes, points=draw(points))


@st.composite
def transfers(draw: st.DrawFn) -> Fact:
    """Asked for, and decided."""
    member = draw(ids)
    taker = draw(ids.filter(lambda t: t != member))
    attributes = texts_of(draw, "@wallet")
    given = draw(st.none() | st.sampled_from(("gift", "INSUFFICIENT", "NONE")))
    attributes += [Attribute("reason", AttrKind.TEXT, given)] if given else []
    return made(
        draw, FactKind.TRANSFER, transfer_key(draw(ids)), attributes, points=draw(st.integers(1, LARGEST)), member=member, about=taker,
        outcome=draw(st.sampled_from(Outcome)), refuse=draw(st.sampled_from(Reason)),
    )  # fmt: skip


@st.composite
def openings(draw: st.DrawFn) -> Fact:
    source = draw(words)
    attributes = [*texts_of(draw, "@wallet", "reason"), *instants_of(draw, "@expires_at", "@available_at")]
    attributes += [Attribute("source_system", AttrKind.TEXT, source)] if source else []
    return made(draw, FactKind.OPENING, f"opening/{part(source or '')}/{part(draw(ids))}", attributes, points=draw(points))


@st.composite
def identities(draw: st.DrawFn) -> Fact:
    member, at = draw(ids), draw(instants)
    action = draw(st.sampled_from(("link", "unlink", "merge", "unmerge", "claim", "erase", "pool", "unpool")))
    other = draw(ids.filter(lambda t: t != member and not t.startswith(":") and not t.endswith(":")))
    stem = f"identity/{part(member)}/{at}/{action}"
    if action in ("link", "unlink"):
        return made(draw, FactKind.IDENTITY, f"{stem}/{part(other)}", [], at, member=other, about=member, type=action)
    if action in ("merge", "unmerge", "pool", "unpool"):
        share = [Attribute("@share", AttrKind.FLAG, draw(st.integers(1, WHOLE)))] if action == "pool" else []
        return made(draw, FactKind.IDENTITY, f"{stem}/{part(other)}", share, at, member=member, about=other, type=action)
    if action == "claim":
        receipt = [Attribute("receipt", AttrKind.TEXT, other)]
        return made(draw, FactKind.IDENTITY, f"{stem}/{part(other)}", receipt, at, member=RECEIPT + other, about=member, type=action)
    return made(draw, FactKind.IDENTITY, f"{stem}/0", [], at, member=member, type=action)


KINDS = {
    "orders": bought(), "interactions": interactions(), "members": profiles(), "redemptions": redemptions(), "adjustments": adjustments(),
    "transfers": transfers(), "openings": openings(), "identities": identities(),
}  # fmt: skip


def whole(fact: Fact) -> tuple[object, ...]:
    return (*plain(fact), fact.arrived, fact.refuse)


@pytest.mark.parametrize("table", KINDS)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_facts_of_every_kind_come_back_as_they_were_written(table: str, data: st.DataObject) -> None:
    facts = data.draw(st.lists(KINDS[table], min_size=1, max_size=4, unique_by=lambda f: f.key))
    with TemporaryDirectory() as folder:
        write_history(Path(folder), facts, "USD", data.draw(st.sampled_from(FORMS)))
        found = read(Path(folder))
    assert found.letters == []
    assert sorted(map(whole, found.facts), key=str) == sorted(map(whole, facts), key=str)


@settings(max_examples=60, deadline=None)
@given(facts=st.lists(st.one_of(list(KINDS.values())), min_size=1, max_size=6, unique_by=lambda f: f.key), form=st.sampled_from(FORMS))
def test_what_was_read_and_is_written_again_is_the_same_history(facts: list[Fact], form: str) -> None:
    """Rows without an id of their own too: their keys come from what they say."""
    unnamed = [f for f in facts if f.kind in (FactKind.INTERACTION, FactKind.OPENING)] * 2
    facts += [replace(f, key=f"{f.key.partition('/')[0]}/a/b/c/{n}") for n, f in enumerate(unnamed)]
    with TemporaryDirectory() as folder:
        write_history(Path(folder, "a"), facts, "USD", form)
        first = read(Path(folder, "a"))
        write_history(Path(folder, "b"), first.facts, "USD", form)
        again = read(Path(folder, "b"))
    assert (first.letters, again.letters) == ([], [])
    assert list(map(whole, again.facts)) == list(map(whole, first.facts))
    assert [b.content.tolist() for b in again.batches] == [b.content.tolist() for b in first.batches]


def redemption(**given: str) -> Fact:
    row = {"redemption_id": "R1", "member_id": "m1", "occurred_at": "2026-01-01T12:00:00Z", "points": 500, **given}
    batch, letters = read_rows("redemptions", [row], options())
    assert letters == ()
    return batch.fact(0)


REASON = (Attribute("reason", AttrKind.TEXT, "INSUFFICIENT"),)


@pytest.mark.parametrize(
    ("given", "outcome", "refuse", "attributes"),
    [
        ({"decision": "refused", "reason": "INSUFFICIENT"}, Outcome.REFUSED, Reason.INSUFFICIENT, ()),
        ({"decision": "refused", "reason": "no stock"}, Outcome.REFUSED, Reason.NONE, (Attribute("reason", AttrKind.TEXT, "no stock"),)),
        ({"decision": "refused", "reason": "insufficient"}, Outcome.REFUSED, Reason.NONE, (Attribute("reason", AttrKind.TEXT, "insufficient"),)),
        ({"decision": "refused"}, Outcome.REFUSED, Reason.NONE, ()),
        ({"decision": "granted", "reason": "INSUFFICIENT"}, Outcome.GRANTED, Reason.NONE, REASON),
        ({"reason": "INSUFFICIENT"}, Outcome.NONE, Reason.NONE, REASON),
        ({"decision": "refused", "reason": "INSUFFICIENT", "refused": "IN_DEBT"}, Outcome.REFUSED, Reason.IN_DEBT, REASON),
        ({"decision": "refused", "reason": "INSUFFICIENT", "refused": "NONE"}, Outcome.REFUSED, Reason.NONE, REASON),
    ],
)
def test_a_refusal_says_why_where_its_reason_is_one_that_the_engine_knows(
    given: dict[str, str], outcome: Outcome, refuse: Reason, attributes: tuple[Attribute, ...]
) -> None:
    fact = redemption(**given)
    assert (fact.outcome, fact.refuse, fact.attributes) == (outcome, refuse, attributes)


def test_a_fact_is_known_again_with_the_decision_beside_it() -> None:
    """The content of a fact is what was asked, not what was answered; what else it says is its content."""
    asked = Fact(FactKind.REDEEM, "m1", "redemption/R1/redeem", NOON, about="redemption/R1", points=500)
    answers = [asked, replace(asked, outcome=Outcome.GRANTED), replace(asked, outcome=Outcome.REFUSED, refuse=Reason.INSUFFICIENT)]
    others = [replace(asked, points=501), replace(asked, member="m2"), replace(asked, amount=1), replace(asked, attributes=REASON)]
    batch = of_facts([*answers, *others])
    assert len(set(batch.content[:3].tolist())) == 1
    assert len(set(batch.content[2:].tolist())) == 1 + len(others)
    assert np.array_equal(batch.content, content_hashes(batch.columns, batch.member_codes))
