"""What a store does with copies, conflicts, late facts and returns of orders that it does not know."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from loyalty_streams.core.codes import EntryKind, FactKind, Reason
from loyalty_streams.hosts.embedded.past import blocks, member
from tests.hosts.shop import MINUTE, a_year, ask, at, bring, codes, come_back, contents, history, open_store, order, read_in


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


def test_t152_a_lower_revision_is_ignored_and_counted_and_a_higher_one_is_kept_for_later(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        bring(store, order("O1", "M1", "2026-01-05 10:00", 50_000), revisions=[2])
        assert bring(store, order("O1", "M1", "2026-01-05 10:00", 40_000), revisions=[1]) == {"superseded": 1}
        assert bring(store, order("O1", "M1", "2026-01-05 10:00", 60_000), revisions=[3]) == {"dead_lettered": 1}
        assert codes(store) == ["NOT_YET"]
        assert store.clocks.dispositions == {"applied": 1, "superseded": 1, "dead_lettered": 1}


def test_a_fact_before_its_members_newest_fact_is_late_whether_in_one_batch_or_two(tmp_path: Path) -> None:
    first, late = order("O1", "M1", "2026-01-05 10:00", 1_000), order("O2", "M1", "2026-01-05 09:59", 1_000)
    other = order("O3", "M2", "2026-01-05 09:58", 1_000)
    for size in (1, 3):
        with open_store(tmp_path / str(size)) as store:
            assert bring(store, first, late, other, size=size) == {"applied": 2, "dead_lettered": 1}
            assert codes(store) == ["LATE"]


def test_a_fact_before_the_newest_tick_is_late_and_one_at_the_tick_is_not(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        store.advance(at("2026-01-05 10:00"))
        late, on_time = order("O1", "M1", "2026-01-05 09:59", 1_000), order("O2", "M1", "2026-01-05 10:00", 1_000)
        assert bring(store, late, on_time) == {"dead_lettered": 1, "applied": 1}
        assert codes(store) == ["LATE"]


def test_a_return_of_an_unknown_order_is_an_orphan_and_one_of_a_late_order_too(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        bring(store, order("O1", "M1", "2026-01-05 10:00", 1_000))
        late = order("O0", "M1", "2026-01-04 10:00", 1_000)
        back = [come_back("R1", "nowhere", "M1", "2026-01-06 10:00", 1_000), come_back("R2", "O0", "M1", "2026-01-06 11:00", 1_000)]
        assert bring(store, late, *back) == {"dead_lettered": 3}
        assert codes(store) == ["LATE", "ORPHAN", "ORPHAN"]


def test_t079_a_return_by_another_member_is_refused_and_the_refusal_is_an_entry(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        bring(store, order("O1", "M1", "2026-01-05 10:00", 1_000))
        assert bring(store, come_back("R1", "O1", "M2", "2026-01-06 10:00", 1_000)) == {"applied": 1}
        (block,) = blocks(store)
        (entry,) = block.entries[block.entries["kind"] == EntryKind.REFUSED]
        assert (block.ids[entry["member"]], entry["reason"]) == ("M2", Reason.MEMBER_MISMATCH)
        assert available(store, "M1", "2026-01-09 00:00") == 10


def test_kinds_that_a_later_release_folds_are_set_aside_by_name(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        facts = [replace(order("X", "M1", "2026-01-05 10:00", 0), kind=k, key=f"x/{k}", lines=()) for k in (2, 3, 15)]
        facts = [replace(f, kind=FactKind(f.kind)) for f in facts]
        assert bring(store, *facts) == {"dead_lettered": 3}
        assert codes(store) == ["NOT_YET"] * 3


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
