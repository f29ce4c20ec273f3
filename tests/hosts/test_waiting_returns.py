"""Returns that wait for their order: how many may, for how long, and that none is lost (T079)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from loyalty_streams.agents import judging
from loyalty_streams.core.codes import NEVER
from loyalty_streams.core.facts import Fact, Line
from loyalty_streams.hosts.embedded import Store
from loyalty_streams.hosts.embedded.past import member
from loyalty_streams.hosts.embedded.verify import verify
from tests.hosts.shop import DAY, at, bring, codes, come_back, contents, history, open_store, order, read_in

BRIEF = "facts: {remember: 30 days}\n"


def late(fact: Fact, arrives: str) -> Fact:
    return replace(fact, arrived=at(arrives))


def lines(count: int) -> tuple[Line, ...]:
    """Lines of 10.00 each."""
    return tuple(Line(n, 1_000) for n in range(1, count + 1))


def back(n: int, some: int = 1) -> Fact:
    """The first lines of a sale."""
    return replace(come_back(f"R{n}", f"O{n}", f"M{n}", f"2026-01-06 10:{n:02}", 1_000 * some), lines=lines(some))


def sale(n: int) -> Fact:
    """Five lines of 10.00."""
    return late(order(f"O{n}", f"M{n}", "2026-01-05 10:00", 5_000, lines=lines(5)), f"2026-01-07 10:{n:02}")


def pending(store: Store, name: str) -> int:
    block = member(store, name)
    assert block is not None
    return block.states[0].wallets[0].pending


def holds(store: Store) -> None:
    assert {name: check.faults for name, check in verify(store).items() if check.violations} == {}


@pytest.mark.parametrize("size", [1, 2, 10])
def test_t079_of_too_many_the_newest_are_orphans_whatever_the_batch_and_room_is_made_by_orders(
    tmp_path: Path, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two may wait. The third is set aside; when the first one's sale has come, a fourth may wait."""
    monkeypatch.setattr(judging, "MOST_WAITING", 2)
    with open_store(tmp_path) as store:
        ends = bring(store, back(1), back(2), back(3), sale(1), late(back(4), "2026-01-08 10:00"), size=size)
        assert ends == {"waiting": 3, "dead_lettered": 1, "applied": 2}
        assert (codes(store), store.clocks.waiting, pending(store, "M1")) == (["ORPHAN"], 2, 40)
        holds(store)


def test_t079_what_has_waited_for_longer_than_keys_are_remembered_ends_at_the_next_tick(tmp_path: Path) -> None:
    with open_store(tmp_path, BRIEF) as store:
        bring(store, back(1), back(2))
        first = at("2026-01-06 10:01") + 30 * DAY
        store.advance(first)
        assert (store.clocks.waiting, codes(store)) == (2, [])
        store.advance(first + 1)
        assert (store.clocks.waiting, codes(store)) == (1, ["ORPHAN"])
        assert store.clocks.ages_at == at("2026-01-06 10:02") + 30 * DAY
        assert store.clocks.dispositions == {"waiting": 2, "dead_lettered": 1}
        store.advance(first + DAY)
        assert (store.clocks.waiting, store.clocks.ages_at) == (0, NEVER)
        assert [key for key, _ in store.rocks.scan("keys")] == []
        holds(store)


def test_t079_an_orphan_brought_again_applies_when_its_order_has_come(tmp_path: Path) -> None:
    with open_store(tmp_path, BRIEF) as store:
        bring(store, back(1))
        store.advance(at("2026-03-01 00:00"))
        assert bring(store, sale(1)) == {"applied": 1}
        assert bring(store, back(1)) == {"applied": 1}
        block = member(store, "M1", at("2026-01-07 00:00"))
        assert block is not None
        assert block.states[0].wallets[0].pending == 40
        holds(store)


def test_the_answer_of_an_ingest_counts_what_waits_and_what_has_waited_too_long(tmp_path: Path) -> None:
    with open_store(tmp_path, BRIEF) as store:
        first = read_in(store, history(tmp_path / "a", [back(1), order("O9", "M9", "2026-01-06 12:00", 1_000)]))
        assert (first.dispositions["waiting"], first.waiting, first.dead_letter_count) == (1, 1, 0)
        second = read_in(store, history(tmp_path / "b", [order("O8", "M9", "2026-02-20 12:00", 1_000)]))
        assert (second.dispositions["dead_lettered"], second.waiting, [x.code for x in second.dead_letters]) == (1, 0, ["ORPHAN"])
        holds(store)


@pytest.mark.parametrize("size", [1, 2, 3])
def test_t152_a_return_that_is_amended_while_it_waits_waits_once_as_amended(tmp_path: Path, size: int) -> None:
    """Of 50.00 first 10.00 are said to come back, then 20.00: 30 points are left."""
    with open_store(tmp_path) as store:
        amended = late(back(1, 2), "2026-01-06 11:00")
        first = bring(store, back(1), amended, size=size, revisions=[0, 1])
        assert (first, store.clocks.waiting) == ({"waiting": 2, "superseded": 1}, 1)
        assert bring(store, back(1), revisions=[0]) == {"superseded": 1}
        holds(store)
        assert bring(store, sale(1)) == {"applied": 2}
        assert (pending(store, "M1"), store.clocks.waiting) == (30, 0)
        holds(store)


def test_t152_an_amendment_that_comes_with_the_order_finds_the_return_that_waits(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        bring(store, back(1))
        bring(store, sale(1), late(back(1, 2), "2026-01-07 11:00"), revisions=[0, 1])
        assert (pending(store, "M1"), store.clocks.waiting) == (30, 0)
        holds(store)


def test_t152_an_amended_return_may_name_another_order(tmp_path: Path) -> None:
    """It waits for the first order no longer: that comes and keeps its points."""
    with open_store(tmp_path) as store:
        bring(store, back(1))
        other = late(come_back("R1", "O2", "M1", "2026-01-06 10:01", 1_000), "2026-01-06 11:00")
        assert bring(store, other, revisions=[1]) == {"waiting": 1, "superseded": 1}
        assert bring(store, sale(1)) == {"applied": 1}
        assert pending(store, "M1") == 50
        assert bring(store, late(order("O2", "M1", "2026-01-05 11:00", 3_000, lines=lines(3)), "2026-01-08 10:00")) == {"applied": 2}
        assert (pending(store, "M1"), store.clocks.waiting) == (70, 0)
        holds(store)


def test_a_return_whose_order_comes_after_the_window_stands_where_the_order_does(tmp_path: Path) -> None:
    """The order is fifteen days late and stands at its arrival; the return has waited since the 6th, and follows it there."""
    with open_store(tmp_path) as store:
        bring(store, back(1, 5))
        assert bring(store, late(sale(1), "2026-01-20 10:00")) == {"applied": 2}
        block = member(store, "M1")
        assert block is not None
        assert (block.states[0].wallets[0].pending, block.states[0].wallets[0].available, block.states[0].orders) == (0, 0, 0)
        holds(store)


def test_a_tick_that_is_killed_before_its_end_ends_the_waits_at_the_next_opening(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_store(tmp_path, BRIEF) as store:
        bring(store, back(1), order("O9", "M9", "2026-01-06 12:00", 1_000))
        with monkeypatch.context() as patched:
            patched.setattr(store, "_end_waits", lambda until: (_ for _ in ()).throw(KeyboardInterrupt))
            with pytest.raises(KeyboardInterrupt):
                store.advance(at("2026-03-01 00:00"))
        assert (store.clocks.waiting, codes(store)) == (1, [])
    with open_store(tmp_path, BRIEF) as store:
        assert (store.clocks.tick, store.clocks.waiting, codes(store)) == (at("2026-03-01 00:00"), 0, ["ORPHAN"])
        before = contents(store)
        store.advance(at("2026-03-01 00:00"))
        assert contents(store) == before
        holds(store)


def test_verify_sees_a_wrong_count_and_a_return_whose_order_is_known(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        bring(store, back(1), back(2))
        store.clocks.waiting = 3
        assert verify(store)["I11"].faults == ["3 waiting returns counted, 2 in the store"]
        store.clocks.waiting = 2
        bring(store, order("O7", "M7", "2026-01-06 12:00", 1_000))
        (known,) = store.keys([b"order/O7"])
        assert known is not None
        batch = store.rocks.batch()
        batch.put("keys", b"order/O1", known)
        store.rocks.write(batch)
        assert verify(store)["I11"].faults == ["order/R1 waits for order/O1, which is known"]
