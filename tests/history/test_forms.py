"""A history says the same whether it is Parquet, CSV, packed CSV or JSON Lines."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from loyalty_streams.core.codes import Action, AttrKind, FactKind, LineKind, Outcome, code_of
from loyalty_streams.core.facts import Attribute, Fact, Line, to_columns
from loyalty_streams.history import DeadLetters, FactBatch, ReadOptions, content_hashes, read_history, write_history
from tests.history.helpers import HOUR, NOON, options, read

FACTS = [
    Fact(
        FactKind.PROFILE, "m1", f"profile/m1/{NOON - 9 * HOUR}", NOON - 9 * HOUR,
        attributes=(
            Attribute("@birthday", AttrKind.FLAG, 19900228), Attribute("@enrolled_at", AttrKind.INSTANT, NOON - 10 * HOUR),
            Attribute("@status", AttrKind.FLAG, 0), Attribute("@region", AttrKind.TEXT, "Zürich"), Attribute("@tag", AttrKind.TEXT, "vip"),
            Attribute("@tag", AttrKind.TEXT, "staff"), Attribute("anniversary", AttrKind.DATE, 15_000),
            Attribute("shoe_size", AttrKind.NUMBER, 42_500_000),
        ),
    ),
    Fact(
        FactKind.ORDER, "m1", "order/O1", NOON, amount=1299, channel="app", store="s/1", points=50, about="redemption/R1",
        lines=(Line(1, 1000, "sku-1", "tea", 2, LineKind.GOODS, 10), Line(2, 299, "", "", 1, LineKind.DELIVERY)),
        attributes=(Attribute("@tax_minor", AttrKind.FLAG, 10),),
    ),
    Fact(FactKind.RETURN, "m1", "order/O2", NOON + HOUR, about="order/O1", amount=500, lines=(Line(1, 500, "sku-1", "tea", 1),)),
    Fact(FactKind.RETURN, "m1", "order/O3", NOON + 2 * HOUR, amount=100),
    Fact(FactKind.CANCELLATION, "m1", "order/O4", NOON + 3 * HOUR, about="order/O1", amount=0),
    Fact(
        FactKind.EXCHANGE_RETURN, "m1", "order/till%2F7/O5", NOON + 4 * HOUR, about="order/till%2F7/O1", amount=1,
        attributes=(Attribute("@exchange_id", AttrKind.TEXT, "X1"),),
    ),
    Fact(
        FactKind.INTERACTION, "m1", "interaction/I1", NOON + 5 * HOUR, type="review", about="order/O1",
        attributes=(
            Attribute("order_id", AttrKind.TEXT, "O1"), Attribute("stars", AttrKind.NUMBER, 4_500_000),
            Attribute("text", AttrKind.TEXT, "gut, \"sehr\" gut\u00e9"), Attribute("verified", AttrKind.FLAG, 1),
        ),
    ),
    Fact(
        FactKind.RESERVE, "m1", "redemption/R2/reserve", NOON + 6 * HOUR, about="redemption/R2", points=100, amount=5000,
        outcome=Outcome.GRANTED, attributes=(Attribute("order_id", AttrKind.TEXT, "O1"),),
    ),
    Fact(FactKind.CONFIRM, "m1", "redemption/R2/confirm", NOON + 7 * HOUR, about="redemption/R2", points=0),
    Fact(
        FactKind.ADJUSTMENT, "m2", "adjustment/A1", NOON + 8 * HOUR, points=30,
        attributes=(
            Attribute("@action", AttrKind.FLAG, Action.DEDUCT), Attribute("@allow_negative", AttrKind.FLAG, 1),
            Attribute("@expires_at", AttrKind.INSTANT, NOON + 1), Attribute("operator", AttrKind.TEXT, "ann"),
            Attribute("reason", AttrKind.TEXT, "goodwill"),
        ),
    ),
]  # fmt: skip


def key_of_attribute(a: Attribute) -> tuple[int, int, int]:
    name = code_of(a.name)
    return (name, int(a.kind), code_of(a.value) if isinstance(a.value, str) else a.value)


def plain(fact: Fact) -> tuple[object, ...]:
    """A fact without its arrival and without the order of its attributes."""
    return (
        fact.kind, fact.member, fact.key, fact.at, fact.about, fact.amount, fact.points, fact.channel, fact.store, fact.type, fact.outcome,
        fact.lines, tuple(sorted(fact.attributes, key=key_of_attribute)),
    )  # fmt: skip


@pytest.mark.parametrize("form", ["parquet", "csv", "csv.gz", "jsonl"])
def test_facts_written_in_any_form_are_read_back_as_they_were(tmp_path: Path, form: str) -> None:
    write_history(tmp_path, FACTS, "CHF", form)
    found = read(tmp_path, options(currency="CHF"))
    assert found.letters == []
    assert [plain(f) for f in found.facts] == [plain(f) for f in FACTS]
    assert [f.arrived for f in found.facts] == [f.at for f in FACTS]


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_the_content_hash_does_not_depend_on_the_form_of_the_file(tmp_path: Path, form: str) -> None:
    write_history(tmp_path / "a", FACTS, "CHF", "parquet")
    write_history(tmp_path / "b", FACTS, "CHF", form)
    one, other = (read(tmp_path / name, options(currency="CHF")).batches[0] for name in "ab")
    assert one.content.tolist() == other.content.tolist()
    assert len(set(one.content.tolist())) == len(FACTS)


def test_columns_read_from_a_file_are_those_of_the_facts_as_values(tmp_path: Path) -> None:
    write_history(tmp_path, FACTS, "CHF")
    batch = read(tmp_path, options(currency="CHF")).batches[0]
    values = to_columns([batch.fact(i) for i in range(len(batch))])
    for name, column in batch.columns._asdict().items():
        assert np.array_equal(column, getattr(values, name)), name
        assert column.dtype == getattr(values, name).dtype, name
    assert batch.content.tolist() == content_hashes(values, batch.member_codes).tolist()


def test_batches_are_no_larger_than_asked_and_bring_each_text_once(tmp_path: Path) -> None:
    write_history(tmp_path, FACTS, "CHF")
    items = list(read_history([tmp_path], ReadOptions("CHF", 2, batch_rows=3)))
    batches = [item for item in items if isinstance(item, FactBatch)]
    assert [len(b) for b in batches] == [3, 3, 3, 1]
    assert not [item for item in items if isinstance(item, DeadLetters)]
    brought = [code for b in batches for code in b.strings]
    assert len(brought) == len(set(brought))
    assert set(batches[0].strings.values()) >= {"app", "s/1", "tea", "sku-1", "review", "stars"}
