"""A fact that is encoded and decoded is the fact it was, whatever it is."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_streams.codec import KINDS, Message, WireError, decode, encode, encode_message, in_order, open_fact, seal_fact
from loyalty_streams.codec.facts import to_record
from loyalty_streams.codec.forms import BY_KIND
from loyalty_streams.codec.valid import LAST, check
from loyalty_streams.core.codes import AttrKind, FactKind, Outcome, Reason
from loyalty_streams.core.facts import Attribute, Fact, Line, to_columns
from loyalty_streams.history import content_hashes, write_history
from loyalty_streams.history.strings import fit, hashes, texts
from loyalty_streams.history.times import LAST as LAST_OF_HISTORY
from tests.history.helpers import read
from tests.history.test_forms import FACTS
from tests.schemas.strategies import facts, messages


@given(facts())
def test_a_fact_decodes_to_itself_with_its_rows_in_order(fact: Fact) -> None:
    assert decode(*encode(fact)) == in_order(fact)


@given(messages())
def test_bytes_and_messages_are_one_to_one(message: Message) -> None:
    """There and back in both directions: a message in order is its bytes, and its bytes are it."""
    data = seal_fact(message)
    opened = open_fact(data)
    assert opened == replace(message, fact=in_order(message.fact))
    assert seal_fact(opened) == data


@given(facts(), st.data())
def test_the_order_of_lines_and_attributes_plays_no_part(fact: Fact, data: st.DataObject) -> None:
    lines = data.draw(st.permutations(fact.lines))
    attributes = data.draw(st.permutations(fact.attributes))
    assert encode(replace(fact, lines=tuple(lines), attributes=tuple(attributes))) == encode(fact)


@given(facts())
def test_the_content_hash_by_which_deliveries_are_compared_travels_unchanged(fact: Fact) -> None:
    """I4: what came by the wire and what came by a folder are one fact when they say the same."""
    assert content(decode(*encode(fact))) == content(fact)


def content(fact: Fact) -> int:
    return int(content_hashes(to_columns([fact]), hashes(texts([unicodedata.normalize("NFC", fact.member)])))[0])


@pytest.mark.parametrize("kind", FactKind, ids=lambda k: k.name)
def test_every_kind_of_fact_has_a_record(kind: FactKind) -> None:
    form, _ = BY_KIND[kind]
    assert KINDS[kind] == form.full_name


def test_the_facts_of_a_history_folder_travel(tmp_path: Path) -> None:
    write_history(tmp_path, FACTS, "USD")
    found = read(tmp_path).facts
    assert len(found) == len(FACTS)
    for fact in found:
        assert decode(*encode(fact)) == in_order(fact)


def test_a_name_in_two_spellings_is_one_name() -> None:
    apart = Fact(FactKind.INTERACTION, "Rene\u0301", "interaction/cafe\u0301", 0, type="cafe\u0301")
    joined = Fact(FactKind.INTERACTION, "Ren\u00e9", "interaction/caf\u00e9", 0, type="caf\u00e9")
    assert encode(apart) == encode(joined)
    assert decode(*encode(apart)) == joined


ORDER = Fact(FactKind.ORDER, "M", "order/1", 10, amount=5, lines=(Line(1, 5),))
BARE = {
    FactKind.PROFILE: Fact(FactKind.PROFILE, "M", "profile/1", 10),
    FactKind.TICK: Fact(FactKind.TICK, "", "tick/1", 10),
    FactKind.ADJUSTMENT: Fact(FactKind.ADJUSTMENT, "M", "adjustment/1", 10),
    FactKind.INTERACTION: Fact(FactKind.INTERACTION, "M", "interaction/1", 10, type="visit"),
    FactKind.ORDER: ORDER,
}


@pytest.mark.parametrize(
    ("kind", "lost"),
    [
        (FactKind.PROFILE, {"points": 1}), (FactKind.PROFILE, {"about": "order/1"}), (FactKind.PROFILE, {"type": "x"}),
        (FactKind.ADJUSTMENT, {"amount": 1}), (FactKind.INTERACTION, {"points": 1}), (FactKind.INTERACTION, {"amount": 1}),
        (FactKind.INTERACTION, {"outcome": Outcome.GRANTED}), (FactKind.ORDER, {"outcome": Outcome.GRANTED}), (FactKind.ORDER, {"type": "x"}),
        (FactKind.TICK, {"member": "M"}), (FactKind.TICK, {"channel": "app"}), (FactKind.TICK, {"refuse": Reason.FRAUD}),
        (FactKind.TICK, {"attributes": (Attribute("a", AttrKind.FLAG, 1),)}),
    ],
)  # fmt: skip
def test_a_value_without_a_field_is_refused_rather_than_lost(kind: FactKind, lost: dict[str, object]) -> None:
    encode(BARE[kind])
    with pytest.raises(WireError, match="NOT_CARRIED"):
        encode(replace(BARE[kind], **lost))  # type: ignore[arg-type]


def test_a_revision_or_currency_of_what_is_no_order_is_refused() -> None:
    with pytest.raises(WireError, match="NOT_CARRIED"):
        encode_message(Message(BARE[FactKind.PROFILE], revision=1))
    with pytest.raises(WireError, match="NOT_CARRIED"):
        encode_message(Message(BARE[FactKind.PROFILE], currency="EUR"))


def test_an_attribute_of_another_kind_than_its_field_stands_among_the_others() -> None:
    """A reason that is a number is no text, so it has no place in the field `reason`."""
    fact = replace(BARE[FactKind.ADJUSTMENT], attributes=(Attribute("reason", AttrKind.NUMBER, 7_000_000),))
    name, record = to_record(Message(fact))
    assert record["reason"] == ""
    assert record["attributes"] == [{"name": "reason", "kind": "NUMBER", "value": 7_000_000}]
    assert decode(*encode(fact)) == fact
    assert name == "loyalty.facts.AdjustmentRequested"


@given(st.text(max_size=12))
def test_a_text_may_stand_on_the_wire_as_it_may_in_a_history_folder(text: str) -> None:
    fact = in_order(Fact(FactKind.PROFILE, "M", "profile/1", 0, channel=text))
    assert stands(fact) is fit(fact.channel)


def stands(fact: Fact) -> bool:
    try:
        check(fact)
    except WireError:
        return False
    return True


def test_the_wire_takes_instants_as_far_as_a_history_folder_does() -> None:
    assert LAST == LAST_OF_HISTORY
