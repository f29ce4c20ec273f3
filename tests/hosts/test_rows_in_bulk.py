"""Rows that are packed in bulk are the rows that one by one would be packed, and what waits for a commit waits in order."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from loyalty_streams.agents.members import _rows_of_cards, sooner
from loyalty_streams.agents.packing import column, pack_heads, pack_key_rows, run, strings, taken
from loyalty_streams.agents.rows import NOBODY, Head, HeadRow, Heads, KeyFixed, KeyRow
from loyalty_streams.core.codes import NEVER, FactKind
from loyalty_streams.core.kernel.records import CARD_ORDER, CARD_REDEMPTION, Card
from loyalty_streams.history import assemble
from loyalty_streams.history.strings import texts
from tests.hosts.shop import history, open_store, order, read_in

DAY = 86_400_000_000


def head(n: int, key: bytes) -> Head:
    return Head(due=n * DAY, last_at=n, facts=n, entries=2 * n, tier=n - 1, stage=-1, last_rank=n, last_key=key, state=b"state" * n)


# A key of 254 bytes is the longest whose size fits beside it; those of 255 and more have it before them.
KNOWN = [head(1, b"order/O1"), head(2, b"k" * 254), head(3, b"k" * 255), head(4, b"k" * 300), head(5, b"order/O5")]


def test_heads_are_read_as_columns_and_woven_again_into_the_same_bytes() -> None:
    packed = [h.pack() for h in KNOWN]
    heads = Heads.of(packed)
    assert [heads.last_key(i) for i in range(5)] == [h.last_key for h in KNOWN]
    states, at = heads.states()
    assert (states.tobytes(), at.tolist()) == (b"state" * 15, [0, 5, 15, 30, 50, 75])
    assert pack_heads(heads.fixed.copy(), [h.last_key for h in KNOWN], states, at) == packed


def test_a_member_whom_the_store_does_not_know_has_the_head_of_nobody() -> None:
    heads = Heads.of([None, KNOWN[0].pack()])
    assert heads.packed[0] == NOBODY
    assert (heads.fixed["facts"].tolist(), heads.fixed["due"].tolist(), heads.fixed["tier"].tolist()) == ([0, 1], [NEVER, DAY], [-1, 0])
    assert heads.states()[1].tolist() == [0, 0, 5]


def test_heads_without_members_are_none() -> None:
    assert pack_heads(np.zeros(0, HeadRow), [], np.zeros(0, np.uint8), np.zeros(1, np.int64)) == []


def test_key_rows_woven_of_columns_are_those_packed_one_by_one() -> None:
    expected = [KeyRow(7, 1, FactKind.ORDER, b"M1", b"redemption/R1", b"card"), KeyRow(2**64 - 1, -1, FactKind.RETURN, b"", b"", b"")]
    rows = np.zeros(2, KeyFixed)
    rows["content"], rows["revision"], rows["kind"] = [7, 2**64 - 1], [1, -1], [FactKind.ORDER, FactKind.RETURN]
    woven = pack_key_rows(rows, column([b"M1", b""]), column([b"redemption/R1", b""]), column([b"card", b""]))
    assert woven == [row.pack() for row in expected]
    assert [KeyRow.read(row) for row in woven] == expected


def test_a_run_is_cut_at_its_offsets_and_rows_that_there_are_not_are_empty() -> None:
    cut = run(b"onetwothree", np.array([0, 3, 6, 11]))
    assert taken(cut, np.array([2, -1, 0])).to_pylist() == [b"three", b"", b"one"]
    assert strings(texts(["", "naïve", "会员"]).slice(1)) == ["naïve".encode(), "会员".encode()]


def test_a_card_is_of_the_order_of_its_own_member_even_where_two_orders_share_a_code() -> None:
    # Rows: two orders of member 0 (codes 5 and 9), a return, an order of member 1 with code 5 as well.
    columns = SimpleNamespace(kind=np.array([FactKind.ORDER, FactKind.ORDER, FactKind.RETURN, FactKind.ORDER]), ref=np.array([5, 9, 4, 5]))
    cards = np.zeros(6, Card)
    cards["kind"] = [CARD_ORDER, CARD_ORDER, CARD_ORDER, CARD_ORDER, CARD_REDEMPTION, CARD_ORDER]
    cards["member"] = [0, 0, 0, 1, 1, 1]
    cards["ref"] = [9, 5, 3, 5, 5, 9]
    place = _rows_of_cards(SimpleNamespace(columns=columns), np.array([0, 0, 0, 1]), SimpleNamespace(card_rows=cards))  # type: ignore[arg-type]
    assert place.tolist() == [1, 0, -1, 3, -1, -1]


def test_the_start_of_a_version_is_due_for_who_stands_before_it() -> None:
    starts = np.array([10, 20, NEVER])
    found = sooner(np.array([NEVER, 15, NEVER, 12, NEVER]), starts, np.array([5, 10, 19, 9, 20]))
    assert found.tolist() == [10, 15, 20, 10, NEVER]


def test_two_lists_of_different_length_are_refused(tmp_path: Path) -> None:
    with open_store(tmp_path) as store, pytest.raises(ValueError, match="2 keys for 1 values"):
        store.rocks.batch().put_all("heads", [b"a", b"b"], [b"1"])


@pytest.mark.parametrize("kept", [10_000, 4])
def test_dead_letters_of_a_reading_are_numbered_as_they_came_however_many_wait_outside_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: int
) -> None:
    monkeypatch.setattr(assemble, "_LETTERS", kept)
    folder = history(tmp_path / "in", [order("O1", "M1", "2026-01-05 10:00", 1_000)])
    rows = "".join(f"B{n},M1,not-a-time,100,USD\n" for n in range(2_500))
    (folder / "orders.csv").write_text("order_id,member_id,occurred_at,amount_minor,currency\n" + rows, "utf-8")
    with open_store(tmp_path) as store:
        result = read_in(store, folder)
        assert (result.dispositions["dead_lettered"], result.dispositions["applied"], result.dead_letter_count) == (2_500, 1, 2_500)
        assert [letter.row for _, letter in store.letters()] == list(range(2, 2_502))  # the header is row 1
        assert [int(number) for number, _ in store.letters()] == list(range(1, 2_501))
        assert read_in(store, folder).dispositions["duplicate"] == 1
        assert store.clocks.letters == 2_500
