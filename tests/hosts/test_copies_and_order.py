"""What a store does with copies, conflicts, facts that are too late, and returns of orders that it does not know."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from loyalty_streams.core.codes import EntryKind, FactKind, Reason
from loyalty_streams.core.facts import Fact
from loyalty_streams.hosts.embedded.past import blocks, member
from tests.hosts.shop import DAY, MINUTE, a_year, ask, at, bring, check_in, codes, come_back, contents, history, open_store, order, read_in

REFUSE = "facts: {beyond_lateness: refuse}\n"


def arriving(fact: Fact, when: str) -> Fact:
    return replace(fact, arrived=at(when))


def available(store, name: str, when: str) -> int:  # type: ignore[no-untyped-def]
    block = member(store, name, at(when))
    assert block is not None
    return block.states[0].wallets[0].available


def test_t151_an_order_of_500_points_delivered_twice_gives_500(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        fact = order("O1", "M1", "2026-01-05 10:00", 50_000)
        assert bring(store, fact) == {"applied": 1}
        assert bring(store, fact) == {"duplicate": 1}
        assert available(store, "M1", "2026-01-09 00:00") == 500


def test_t153_a_till_that_syncs_five_times_counts_once_within_a_batch_too(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        fact = order("O1", "M1", "2026-01-05 10:00", 50_000)
        assert bring(store, *[fact] * 5) == {"applied": 1, "duplicate": 4}
        assert available(store, "M1", "2026-01-09 00:00") == 500


def test_t152_the_same_order_with_another_content_is_a_conflict_and_the_first_stands(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        bring(store, order("O1", "M1", "2026-01-05 10:00", 50_000))
        assert bring(store, order("O1", "M1", "2026-01-05 10:00", 60_000)) == {"conflict": 1}
        assert codes(store) == ["CONFLICT"]
        assert available(store, "M1", "2026-01-09 00:00") == 500


def test_t152_a_lower_revision_is_ignored_and_counted_and_a_higher_one_amends(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        bring(store, order("O1", "M1", "2026-01-05 10:00", 50_000), revisions=[2])
        assert bring(store, order("O1", "M1", "2026-01-05 10:00", 40_000), revisions=[1]) == {"superseded": 1}
        assert bring(store, order("O1", "M1", "2026-01-05 10:00", 60_000), revisions=[3]) == {"applied": 1}
        assert store.clocks.dispositions == {"applied": 2, "superseded": 1}
        assert available(store, "M1", "2026-01-09 00:00") == 600


@pytest.mark.parametrize("size", [1, 3])
def test_t152_revisions_of_one_order_count_once_in_one_batch_or_in_three(tmp_path: Path, size: int) -> None:
    """400.00, then 500.00, then 600.00 of the same order: 600 points."""
    with open_store(tmp_path) as store:
        revised = [order("O1", "M1", "2026-01-05 10:00", cents) for cents in (40_000, 50_000, 60_000)]
        assert bring(store, *revised, size=size, revisions=[0, 1, 2]) == {"applied": 3}
        assert available(store, "M1", "2026-01-09 00:00") == 600


@pytest.mark.parametrize("size", [1, 3])
def test_a_fact_before_its_members_newest_fact_is_taken_in_its_place_in_one_batch_or_two(tmp_path: Path, size: int) -> None:
    first, late = order("O1", "M1", "2026-01-05 10:00", 1_000), order("O2", "M1", "2026-01-05 09:59", 2_000)
    other = order("O3", "M2", "2026-01-05 09:58", 4_000)
    with open_store(tmp_path) as store:
        assert bring(store, first, late, other, size=size) == {"applied": 3}
        assert (available(store, "M1", "2026-01-09 00:00"), available(store, "M2", "2026-01-09 00:00")) == (30, 40)


def test_a_fact_before_the_newest_tick_is_taken_in_its_place(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        store.advance(at("2026-01-09 00:00"))
        late = arriving(order("O1", "M1", "2026-01-05 09:59", 1_000), "2026-01-09 00:00")
        assert bring(store, late) == {"applied": 1}
        assert available(store, "M1", "2026-01-09 00:00") == 10


@pytest.mark.parametrize("size", [1, 3])
def test_t158_a_fact_later_than_the_window_is_late_where_the_programme_refuses_it_and_a_return_of_it_waits(tmp_path: Path, size: int) -> None:
    """The window is seven days: an order that comes seven days after it was paid is taken, one that comes a microsecond later is not."""
    within = replace(order("O1", "M1", "2026-01-05 10:00", 1_000), arrived=at("2026-01-05 10:00") + 7 * DAY)
    beyond = replace(order("O2", "M1", "2026-01-05 10:00", 2_000), arrived=at("2026-01-05 10:00") + 7 * DAY + 1)
    back = arriving(come_back("R2", "O2", "M1", "2026-01-12 09:00", 2_000), "2026-01-13 10:00")
    with open_store(tmp_path, REFUSE) as store:
        assert bring(store, within, beyond, back, size=size) == {"applied": 1, "dead_lettered": 1, "waiting": 1}
        assert codes(store) == ["LATE"]
        assert available(store, "M1", "2026-01-14 00:00") == 10


def test_t156_a_fact_older_than_what_is_remembered_is_too_old_unless_the_store_knows_it(tmp_path: Path) -> None:
    """Keys are remembered for 400 days: so old a fact may have been counted and forgotten. Known, it is a duplicate however old it is."""
    old, known = order("O1", "M1", "2025-01-01 10:00", 1_000), order("O2", "M1", "2025-01-01 11:00", 2_000)
    with open_store(tmp_path) as store:
        bring(store, known)
        again = replace(known, arrived=known.at + 401 * DAY)
        assert bring(store, again) == {"duplicate": 1}
        assert bring(store, replace(old, arrived=old.at + 400 * DAY + 1)) == {"dead_lettered": 1}
        assert codes(store) == ["TOO_OLD"]
        assert store.clocks.newest_arrived == known.at


def test_t079_a_return_by_another_member_is_refused_and_the_refusal_is_an_entry(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        bring(store, order("O1", "M1", "2026-01-05 10:00", 1_000))
        assert bring(store, come_back("R1", "O1", "M2", "2026-01-06 10:00", 1_000)) == {"applied": 1}
        (block,) = blocks(store)
        (entry,) = block.entries[block.entries["kind"] == EntryKind.REFUSED]
        assert (block.ids[entry["member"]], entry["reason"]) == ("M2", Reason.MEMBER_MISMATCH)
        assert available(store, "M1", "2026-01-09 00:00") == 10


@pytest.mark.parametrize("size", [1, 2])
def test_t079_a_strangers_return_does_not_keep_the_owner_from_bringing_back_the_order(tmp_path: Path, size: int) -> None:
    """In one batch as in two."""
    with open_store(tmp_path) as store:
        bring(store, order("O1", "M1", "2026-01-05 10:00", 1_000))
        bring(store, *(come_back(f"R{n}", "O1", m, f"2026-01-06 1{n}:00", 1_000) for n, m in enumerate(("M2", "M1"))), size=size)
        assert available(store, "M1", "2026-01-09 00:00") == 0


@pytest.mark.parametrize("size", [1, 2])
def test_t079_a_check_in_that_names_an_order_is_not_its_sale(tmp_path: Path, size: int) -> None:
    """The return waits on, in one batch as in two."""
    with open_store(tmp_path) as store:
        named = replace(check_in("C1", "M1", at("2026-01-05 10:00")), about="order/O1")
        assert bring(store, named, come_back("R1", "O1", "M1", "2026-01-06 10:00", 1_000), size=size) == {"applied": 1, "waiting": 1}


def test_batches_do_not_show(tmp_path: Path) -> None:
    """One batch, batches of 7 and batches of one leave the same heads, key rows, facts and ledger (I5)."""
    found = []
    for size in (1, 7, 1_000):
        with open_store(tmp_path / str(size)) as store:
            bring(store, *a_year(7), size=size)
            before = contents(store)
            store.advance(at("2026-12-31 00:00"))
            found.append({"before": before, **contents(store)})
    assert found[0] == found[1] == found[2]
    assert len(found[0]["heads"]) == 12


def test_i4_every_fact_again_changes_nothing_whatever_the_batch(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        facts = a_year(11)
        bring(store, *facts, size=50)
        before = contents(store)
        ends = bring(store, *facts, size=33)
        assert ends == {"duplicate": len(facts)}
        assert contents(store) == before


def test_t060_of_two_requests_for_600_of_1000_points_one_is_granted_and_the_answer_stands(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        bring(store, order("O1", "M1", "2026-01-05 10:00", 100_000))
        asked = [ask(FactKind.REDEEM, name, "M1", f"2026-01-10 10:00:0{n}", 600) for n, name in enumerate(("A", "B"))]
        bring(store, *asked)
        block = member(store, "M1")
        assert block is not None
        assert block.states[0].wallets[0].available == 400
        outcomes = block.columns.outcome[block.columns.kind == FactKind.REDEEM].tolist()
        assert outcomes == [1, 2]
        refused = block.columns.refuse[block.columns.kind == FactKind.REDEEM].tolist()
        assert refused == [0, Reason.INSUFFICIENT]
        assert bring(store, *asked) == {"duplicate": 2}


def test_a_member_with_more_orders_than_one_fold_takes_is_folded_in_bites(tmp_path: Path) -> None:
    """9,000 orders of one member in one history, and returns of the first and the last: more than the 8,192 that a fold remembers at once."""
    first = at("2026-01-01 00:00")
    facts = [order(f"O{n}", "M1", first + n * MINUTE, 100) for n in range(9_000)]
    facts += [come_back("R1", "O0", "M1", "2026-02-01 00:00", 100), come_back("R2", "O8999", "M1", "2026-02-01 00:01", 100)]
    folder = history(tmp_path / "in", facts)
    with open_store(tmp_path) as store:
        result = read_in(store, folder)
        assert (result.dispositions["applied"], result.dead_letter_count) == (9_002, 0)
        block = member(store, "M1", at("2026-02-01 00:02"))
        assert block is not None
        assert block.states[0].wallets[0].available == 8_998
        assert not (block.entries["kind"] == EntryKind.REFUSED).any()


def test_what_points_paid_comes_back_when_the_return_comes_in_a_later_batch(tmp_path: Path) -> None:
    """1,000 points; 600 pay a second order, which is brought back: the 600 are there again, and what the order gave is not."""
    with open_store(tmp_path) as store:
        bring(store, order("O1", "M1", "2026-01-05 10:00", 100_000))
        bring(store, ask(FactKind.REDEEM, "A", "M1", "2026-01-10 10:00", 600))
        bring(store, order("O2", "M1", "2026-01-10 10:01", 50_000, about="redemption/A", points=600))
        bring(store, come_back("R1", "O2", "M1", "2026-01-11 10:00", 50_000))
        assert available(store, "M1", "2026-01-20 00:00") == 1_000
