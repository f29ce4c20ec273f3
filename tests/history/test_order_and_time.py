"""When facts happen and arrive, and in which order they are given out."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from loyalty_streams.core.codes import FactKind
from loyalty_streams.core.facts import Fact
from loyalty_streams.history import NO_INSTANT, HistoryError, read_rows, write_history
from loyalty_streams.history.times import instant, iso
from tests.history.helpers import HOUR, NOON, options, read

KINDS = {
    FactKind.PROFILE: "profile/m/{}", FactKind.IDENTITY: "identity/m/{}", FactKind.EXCHANGE_RETURN: "order/X{}", FactKind.ORDER: "order/P{}",
    FactKind.RETURN: "order/A{}", FactKind.CANCELLATION: "order/C{}", FactKind.INTERACTION: "interaction/{}",
    FactKind.RESERVE: "redemption/{}/reserve", FactKind.CONFIRM: "redemption/{}/confirm", FactKind.RELEASE: "redemption/{}/release",
    FactKind.CANCEL: "redemption/{}/cancel", FactKind.TRANSFER: "transfer/{}", FactKind.ADJUSTMENT: "adjustment/{}",
}  # fmt: skip


def write(folder: Path, **tables: list[dict[str, Any]]) -> None:
    for name, rows in tables.items():
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")


def order(number: int | str, at: int, **given: Any) -> dict[str, Any]:
    return {"order_id": f"O{number}", "member_id": "m1", "occurred_at": iso(at), "amount_minor": 100, "currency": "USD", **given}


def test_facts_of_one_instant_come_by_rank_and_then_by_key(tmp_path: Path) -> None:
    """S1: profiles first, then returns of exchanges, orders, returns, …, adjustments last; within a rank by key as bytes."""
    rows: dict[str, list[dict[str, Any]]] = {
        "adjustments": [{"adjustment_id": "1", "member_id": "m1", "occurred_at": iso(NOON), "points": 1, "reason": "r", "operator": "o"}],
        "interactions": [{"interaction_id": "1", "member_id": "m1", "occurred_at": iso(NOON), "type": "visit"}],
        "members": [{"member_id": "m1", "occurred_at": iso(NOON)}],
        "orders": [
            order("é", NOON), order("z", NOON), order(10, NOON), order(9, NOON),
            order("c", NOON, kind="cancellation", original_order_id="Oz"),
            order("r", NOON, kind="refund", amount_minor=-1, original_order_id="Oz"),
            order("x", NOON, kind="refund", amount_minor=-1, original_order_id="Oz", exchange_id="E"),
        ],
        "redemptions": [
            {"redemption_id": i, "member_id": "m1", "occurred_at": iso(NOON), "points": 1, "action": a}
            for i, a in (("1", "cancel"), ("1", "release"), ("1", "confirm"), ("2", "redeem"), ("3", "redeemed"), ("1", "reserve"))
        ],
        "transfers": [{"transfer_id": "1", "from": "m1", "to": "m2", "occurred_at": iso(NOON), "points": 1}],
    }  # fmt: skip
    write(tmp_path, **rows)
    assert [f.key for f in read(tmp_path).facts] == [
        f"profile/m1/{NOON}", "order/Ox", "order/O10", "order/O9", "order/Oz", "order/Oé", "order/Or", "order/Oc", "interaction/1",
        "redemption/1/reserve", "redemption/2/redeem", "redemption/3/redeemed", "redemption/1/confirm", "redemption/1/release",
        "redemption/1/cancel", "transfer/1", "adjustment/1",
    ]  # fmt: skip


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_rows_in_files_decides_nothing(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    rows = [order(i, NOON + rng.randrange(5) * HOUR) for i in range(60)]
    lines = [{"order_id": row["order_id"], "line_no": n, "line_amount_minor": 50, "sku": f"s{n}"} for row in rows for n in (1, 2)]
    write(tmp_path, orders=rows, items=lines)
    first = read(tmp_path)
    rng.shuffle(rows)
    rng.shuffle(lines)
    write(tmp_path, orders=rows, items=lines)
    again = read(tmp_path)
    assert again.facts == first.facts
    assert again.batches[0].content.tolist() == first.batches[0].content.tolist()


def test_a_fact_arrives_when_it_occurs_or_with_the_newest_of_the_log(tmp_path: Path) -> None:
    write(tmp_path, orders=[order(1, NOON), order(2, NOON + 2 * HOUR)])
    assert [f.arrived for f in read(tmp_path).facts] == [NOON, NOON + 2 * HOUR]
    assert [f.arrived for f in read(tmp_path, options(newest_arrived=NOON + HOUR)).facts] == [NOON + HOUR, NOON + 2 * HOUR]
    assert [f.arrived for f in read(tmp_path, options(arrival="now", now=NOON + 9 * HOUR)).facts] == [NOON + 9 * HOUR] * 2


def test_a_column_of_arrivals_gives_the_order_unless_it_is_told_not_to(tmp_path: Path) -> None:
    late = [order(1, NOON, arrived_at=iso(NOON + 5 * HOUR)), order(2, NOON + HOUR, arrived_at=iso(NOON + HOUR))]
    write(tmp_path, orders=late)
    assert [f.key for f in read(tmp_path).facts] == ["order/O2", "order/O1"]
    assert [f.key for f in read(tmp_path, options(arrival="occurred")).facts] == ["order/O1", "order/O2"]
    write(tmp_path, orders=[order(1, NOON)])
    with pytest.raises(HistoryError, match="no column `arrived_at`"):
        read(tmp_path, options(arrival="column"))


@pytest.mark.parametrize(
    ("wall", "utc"),
    [
        ("2017-01-01T06:53:26", "2017-01-01T11:53:26Z"),
        ("2017-07-01 06:53:26.5", "2017-07-01T10:53:26.500000Z"),
        ("2017-03-12T02:30:00", "2017-03-12T07:30:00Z"),  # skipped: the instant after the gap by the offset before
        ("2017-11-05T01:30:00", "2017-11-05T05:30:00Z"),  # shown twice: the first
        ("2017-11-05T02:00:00", "2017-11-05T07:00:00Z"),
        ("2017-01-01", "2017-01-01T05:00:00Z"),
        ("2017-01-01T06:53:26+08:00", "2016-12-31T22:53:26Z"),
    ],
)
def test_a_time_without_an_offset_is_of_the_assumed_zone(tmp_path: Path, wall: str, utc: str) -> None:
    write(tmp_path, orders=[{**order(1, NOON), "occurred_at": wall}])
    assert [iso(f.at) for f in read(tmp_path, options(assume_zone="America/New_York")).facts] == [utc]


def test_instants_read_one_by_one_and_by_the_column_are_the_same() -> None:
    for text, expected in (("2026-01-01T12:00Z", NOON), ("2026-01-01T20:00:00+0800", NOON), ("2026-01-01t12:00:00z", NOON)):
        assert instant(text) == expected


def test_a_member_without_an_instant_comes_first_and_is_placed_by_the_host(tmp_path: Path) -> None:
    write(tmp_path, orders=[order(1, NOON)], members=[{"member_id": "m1", "region": "north"}, {"member_id": "m2", "occurred_at": iso(NOON)}])
    facts = read(tmp_path).facts
    assert [(f.key, f.at, f.arrived) for f in facts] == [
        ("profile/m1/new", NO_INSTANT, NO_INSTANT), (f"profile/m2/{NOON}", NOON, NOON), ("order/O1", NOON, NOON),
    ]  # fmt: skip


def test_a_member_happens_at_the_enrolment_where_nothing_else_is_said(tmp_path: Path) -> None:
    write(tmp_path, members=[{"member_id": "m1", "enrolled_at": iso(NOON)}])
    (fact,) = read(tmp_path).facts
    assert (fact.at, [(a.name, a.value) for a in fact.attributes]) == (NOON, [("@enrolled_at", NOON)])


def test_what_is_personal_is_not_stored_and_said_so_once(tmp_path: Path) -> None:
    write(tmp_path, members=[{"member_id": f"m{i}", "email": "a@b.c", "hobby": "go"} for i in range(3)])
    found = read(tmp_path)
    assert found.notices == ["members: column `email` is not stored yet"]
    assert found.codes == []
    assert [[a.name for a in f.attributes] for f in found.facts] == [["hobby"]] * 3


def test_unknown_columns_are_named_where_the_fact_has_no_attributes(tmp_path: Path) -> None:
    write(tmp_path, orders=[order(1, NOON, cashier="x")], interactions=[visit(stars=5)])
    found = read(tmp_path)
    assert found.notices == ["orders: column `cashier` is not known and was not kept"]
    assert [a.name for f in found.facts for a in f.attributes] == ["stars"]


def visit(**given: Any) -> dict[str, Any]:
    return {"member_id": "m1", "occurred_at": iso(NOON), "type": "visit", **given}


def test_equal_interactions_without_an_id_are_counted_and_known_again(tmp_path: Path) -> None:
    write(tmp_path, interactions=[visit(stars=5), visit(stars=4), visit(stars=5), visit(stars=5)])
    keys = [f.key for f in read(tmp_path).facts]
    stems = [k.rpartition("/")[0] for k in keys]
    assert sorted(k.rpartition("/")[2] for k in keys) == ["0", "0", "1", "2"]
    assert len(set(stems)) == 2 and all(s.startswith(f"interaction/m1/{NOON}/visit/") and len(s.rpartition("/")[2]) == 16 for s in stems)
    assert sorted(keys) == sorted(f.key for f in read(tmp_path).facts)


def test_many_equal_interactions_stay_in_order_of_their_keys(tmp_path: Path) -> None:
    write(tmp_path, interactions=[visit() for _ in range(25)])
    keys = [f.key for f in read(tmp_path).facts]
    assert keys == sorted(keys, key=str.encode) and len(set(keys)) == 25


def test_an_interaction_speaks_of_the_order_it_names(tmp_path: Path) -> None:
    write(tmp_path, interactions=[visit(interaction_id="I1", order_id="O/1")])
    assert [f.about for f in read(tmp_path).facts] == ["order/O%2F1"]


def test_a_row_of_a_batch_becomes_a_dead_letter_that_can_be_mended(tmp_path: Path) -> None:
    fact = Fact(FactKind.RETURN, "m1", "order/O2", NOON, about="order/O1", amount=5, channel="app")
    write_history(tmp_path, [fact], "USD", "csv")
    (batch,) = read(tmp_path).batches
    letter = batch.letter(0, "ORPHAN", "the order before its return")
    assert (letter.file, letter.row, letter.code, letter.member, letter.table) == ("orders.csv", 2, "ORPHAN", "m1", "orders")
    assert json.loads(letter.raw) == {
        "order_id": "O2", "amount_minor": -5, "kind": "refund", "original_order_id": "O1", "member_id": "m1",
        "occurred_at": "2026-01-01T12:00:00Z", "arrived_at": "2026-01-01T12:00:00Z", "channel": "app",
    }  # fmt: skip


def test_a_dead_letter_read_again_is_the_same_fact(tmp_path: Path) -> None:
    rows = [order(1, NOON, store="s1", tax_minor=7)]
    write(tmp_path, orders=rows, items=[{"order_id": "O1", "line_no": 1, "line_amount_minor": 100, "sku": "tea", "qty": 3}])
    (batch,) = read(tmp_path).batches
    row = json.loads(batch.letter(0, "LATE", "").raw)
    again, letters = read_rows("orders", [row], options())
    assert letters == ()
    assert [again.fact(0)] == read(tmp_path).facts
    assert again.content.tolist() == batch.content.tolist()
    _, letters = read_rows("orders", [{**row, "amount_minor": 99}], options())
    assert [x.code for x in letters] == ["SUM_OF_LINES"]


def test_rows_that_are_counted_keep_their_place_among_keys(tmp_path: Path) -> None:
    """S1, by the whole key: the second of two equal rows stands behind a row whose key lies between theirs."""
    erase = {"member_id": "m1", "occurred_at": iso(NOON), "action": "erase"}
    write(tmp_path, identities=[erase, erase, {**erase, "member_id": f"m1/{NOON}"}])
    assert [f.key for f in read(tmp_path).facts] == [
        f"identity/m1%2F{NOON}/{NOON}/erase/0", f"identity/m1/{NOON}/erase/0", f"identity/m1/{NOON}/erase/1",
    ]  # fmt: skip


def test_lines_join_by_source_where_some_line_names_one(tmp_path: Path) -> None:
    """Two tills number their orders alike. Lines that name the till go to its order; lines that name none go to both."""
    orders = [order(1, NOON, source=s, amount_minor=a) for s, a in (("till-1", 5), ("till-2", 7))]
    lines = [{"order_id": "O1", "line_no": 1, "line_amount_minor": a, "source": s} for s, a in (("till-1", 5), ("till-2", 7))]
    write(tmp_path, orders=orders, items=lines)
    assert [(f.key, [x.amount for x in f.lines]) for f in read(tmp_path).facts] == [("order/till-1/O1", [5]), ("order/till-2/O1", [7])]
    write(tmp_path, orders=[{**row, "amount_minor": 5} for row in orders], items=[{"order_id": "O1", "line_no": 1, "line_amount_minor": 5}])
    assert [(f.key, [x.amount for x in f.lines]) for f in read(tmp_path).facts] == [("order/till-1/O1", [5]), ("order/till-2/O1", [5])]
