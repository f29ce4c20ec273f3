"""Any instant of a store is answered by folding: as it is, as it was, as it will be (T188)."""

from __future__ import annotations

from pathlib import Path
from random import Random

import numpy as np

from loyalty_streams.core.codes import EntryKind
from loyalty_streams.hosts.embedded.past import blocks, member, state_at
from tests.hosts.shop import DAY, a_year, at, bring, contents, open_store, order


def test_t188_the_balance_and_the_lots_of_a_past_instant_are_those_of_that_instant(tmp_path: Path) -> None:
    """100 points on 5 January are pending until the 8th; 50 more on 1 February; the first 100 expire on 8 March, two months after activation."""
    with open_store(tmp_path) as store:
        bring(store, order("O1", "M1", "2026-01-05 10:00", 10_000), order("O2", "M1", "2026-02-01 10:00", 5_000))
        seen = {}
        for day in ("01-05 10:00", "01-06 00:00", "01-08 10:00", "02-02 00:00", "02-05 00:00", "03-08 10:00", "05-01 00:00"):
            block = member(store, "M1", at(f"2026-{day}"))
            wallet = block.states[0].wallets[0] if block else None
            seen[day[:5]] = (wallet.available, wallet.pending, wallet.expired) if wallet else None
        assert seen == {
            "01-05": None, "01-06": (0, 100, 0), "01-08": (100, 0, 0), "02-02": (100, 50, 0), "02-05": (150, 0, 0), "03-08": (50, 0, 100),
            "05-01": (0, 0, 150),
        }  # fmt: skip


def test_asking_about_an_instant_changes_nothing(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        bring(store, *a_year(3))
        before = contents(store)
        for day in ("2026-02-01 00:00", "2027-02-01 00:00"):
            assert sum(len(b.ids) for b in blocks(store, at(day))) == 12
        assert contents(store) == before


def test_a_store_as_it_was_equals_a_store_that_was_brought_no_more(tmp_path: Path) -> None:
    facts = a_year(5)
    cut = facts[250].at
    with open_store(tmp_path / "whole") as whole, open_store(tmp_path / "part") as part:
        bring(whole, *facts)
        whole.advance(facts[-1].at)
        bring(part, *[f for f in facts if f.at < cut])
        part.advance(cut)
        (then,), (now,) = blocks(whole, cut), blocks(part)
        assert then.ids == now.ids
        assert [then.states.packed(k) for k in range(len(then.ids))] == [now.states.packed(k) for k in range(len(now.ids))]
        plain = [n for n in then.entries.dtype.names if n not in ("booked", "cause")]
        assert all(np.array_equal(then.entries[n], now.entries[n]) for n in plain)


def test_i9_a_kept_state_and_the_facts_after_it_equal_the_whole_history_at_100_instants(tmp_path: Path) -> None:
    """One member with 900 facts, so that states are kept on the way."""
    random = Random(9)
    with open_store(tmp_path) as store:
        facts = a_year(21, members=1, facts=900)
        bring(store, *facts, size=40)
        assert sum(1 for _ in store.rocks.scan("bases")) >= 3
        for _ in range(100):
            instant = random.randrange(facts[0].at, facts[-1].at + 90 * DAY)
            block = member(store, "M0", instant)
            assert state_at(store, "M0", instant) == (block.states.packed(0) if block else b"")


def test_what_is_due_happens_by_a_tick_for_members_without_any_fact(tmp_path: Path) -> None:
    """T196's stages by timer: 20 days after the last order dormant, 60 days after it churned."""
    with open_store(tmp_path) as store:
        bring(store, order("O1", "M1", "2026-01-05 10:00", 10_000))
        store.advance(at("2026-01-25 09:59"))
        assert [int(e["kind"]) for b in blocks(store) for e in b.entries if e["kind"] == EntryKind.STAGE_CHANGED] == [EntryKind.STAGE_CHANGED]
        store.advance(at("2026-03-06 10:00"))
        (block,) = blocks(store)
        changes = block.entries[block.entries["kind"] == EntryKind.STAGE_CHANGED]
        assert changes["at"].tolist() == [at("2026-01-05 10:00"), at("2026-01-25 10:00"), at("2026-03-06 10:00")]


def test_a_tick_that_was_killed_in_the_middle_is_ended_by_the_next_opening(tmp_path: Path) -> None:
    facts = a_year(13)
    until = facts[-1].at + 200 * DAY
    with open_store(tmp_path / "whole") as store:
        bring(store, *facts)
        store.advance(until)
        whole = contents(store)
    with open_store(tmp_path / "cut") as store:
        bring(store, *facts)
        store.clocks.ticking = until
        due = [(m, h) for m, h in store.rocks.scan("heads")][:5]
        store._tick(due, until)
    with open_store(tmp_path / "cut") as store:
        assert store.clocks.tick == until
        assert contents(store) == whole
