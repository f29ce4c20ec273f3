"""Facts from the future: a till whose clock is ahead moves neither the log nor anyone's points (T160). The machine says 10:00 of 5 January."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from loyalty_streams.agents.rows import join_segments
from loyalty_streams.core.codes import EntryKind
from loyalty_streams.core.facts import Fact, Line
from loyalty_streams.hosts.embedded.export import export_facts
from loyalty_streams.hosts.embedded.past import member
from loyalty_streams.hosts.embedded.verify import verify
from tests.hosts.shop import DAY, MINUTE, at, bring, codes, come_back, history, open_store, order, read_in

NOW = "2026-01-05 10:00"
BOTH = (Line(1, 4_000), Line(2, 6_000))
STRICT = "facts: {future_tolerance: 1 minute}\n"


def given(fact: Fact, arrived: str) -> Fact:
    return replace(fact, arrived=at(arrived))


def earned(store, name: str) -> list[tuple[int, int, int]]:  # type: ignore[no-untyped-def]
    """Points, instant and booking of what a member earned."""
    block = member(store, name)
    if block is None:
        return []
    rows = block.entries[block.entries["kind"] == EntryKind.EARNED]
    return [(int(e["points"]), int(e["at"]), int(e["booked"])) for e in rows]


@pytest.mark.parametrize(
    ("ahead", "ends"), [(10 * MINUTE, "applied"), (10 * MINUTE + 1, "dead_lettered"), (31 * DAY, "dead_lettered")]
)
def test_t160_ten_minutes_ahead_of_the_machine_are_taken_and_count_from_the_arrival(tmp_path: Path, ahead: int, ends: str) -> None:
    with open_store(tmp_path, clock=NOW) as store:
        assert bring(store, order("O1", "M1", at(NOW) + ahead, 10_000)) == {ends: 1}
        assert earned(store, "M1") == ([(100, at(NOW), at(NOW))] if ends == "applied" else [])
        assert codes(store) == ([] if ends == "applied" else ["FUTURE_TIME"])


def test_t160_ahead_of_an_arrival_given_with_it_is_ahead_whatever_the_machine_says(tmp_path: Path) -> None:
    with open_store(tmp_path, clock="2026-06-01 00:00") as store:
        near, far = order("O1", "M1", "2026-01-05 10:10", 10_000), order("O2", "M1", "2026-01-05 10:11", 20_000)
        assert bring(store, given(near, NOW), given(far, NOW)) == {"applied": 1, "dead_lettered": 1}
        assert earned(store, "M1") == [(100, at(NOW), at(NOW))]


def test_t160_the_tolerance_is_a_setting(tmp_path: Path) -> None:
    with open_store(tmp_path, STRICT, clock=NOW) as store:
        assert bring(store, order("O1", "M1", "2026-01-05 10:01", 1_000), order("O2", "M1", "2026-01-05 10:02", 1_000)) == {
            "applied": 1, "dead_lettered": 1,
        }  # fmt: skip


def test_t160_one_wrong_clock_moves_no_clock_and_expires_nobodys_points(tmp_path: Path) -> None:
    """Points of 1 January would expire on 4 March; a till says that it is 2036, and says so of the arrival too."""
    wrong = order("O2", "M2", "2036-01-01 00:00", 1_000)
    with open_store(tmp_path, clock=NOW) as store:
        read_in(store, history(tmp_path / "a", [order("O1", "M1", "2026-01-01 10:00", 10_000)]))
        found = read_in(store, history(tmp_path / "b", [wrong]))
        assert (found.dispositions["dead_lettered"], found.dead_letters[0].code, found.dead_letters[0].row) == (1, "FUTURE_TIME", 1)
        assert bring(store, given(order("O3", "M2", "2026-01-05 09:00", 1_000), "2036-01-01 00:00")) == {"dead_lettered": 1}
        clocks = store.clocks
        assert (clocks.newest_fact, clocks.newest_arrived, clocks.tick) == (at("2026-01-01 10:00"),) * 3
        assert store.advance(at(NOW)) == 1  # what was pending is available
        block = member(store, "M1")
        assert block is not None
        assert (block.states[0].wallets[0].available, block.states[0].wallets[0].expired) == (100, 0)
    with open_store(tmp_path, clock="2036-01-01 00:00") as store:
        assert bring(store, wrong) == {"applied": 1}


def test_t160_the_content_is_what_was_said_so_that_a_retry_is_the_same_fact(tmp_path: Path) -> None:
    """The till says 10:05 at 10:00, and again at 10:20; the log keeps what it said, and an export is known again."""
    ahead = order("O1", "M1", "2026-01-05 10:05", 10_000)
    with open_store(tmp_path, clock=NOW) as store:
        assert bring(store, ahead) == {"applied": 1}
        (raw,) = join_segments([list(store.segments(b"M1"))]).columns.at.tolist()
        assert raw == at(NOW) + 5 * MINUTE
    with open_store(tmp_path, clock="2026-01-05 10:20") as store:
        assert bring(store, ahead) == {"duplicate": 1}
        export_facts(store, tmp_path / "out")
        assert read_in(store, tmp_path / "out").dispositions["duplicate"] == 1
    with open_store(tmp_path / "fresh", clock="2026-01-05 10:20") as fresh:
        read_in(fresh, tmp_path / "out")
        assert earned(fresh, "M1") == [(100, at(NOW), at(NOW))]
        assert not any(check.violations for check in verify(fresh).values())


def test_t160_a_return_that_is_ahead_and_waits_counts_from_when_its_order_came(tmp_path: Path) -> None:
    """Said 10:05, arrived 10:00; the order of 9:00, of 40.00 and 60.00, comes at 10:03."""
    with open_store(tmp_path, clock=NOW) as store:
        assert bring(store, come_back("R1", "O1", "M1", "2026-01-05 10:05", 4_000)) == {"waiting": 1}
    with open_store(tmp_path, clock="2026-01-05 10:03") as store:
        assert bring(store, given(order("O1", "M1", "2026-01-05 09:00", 10_000, lines=BOTH), "2026-01-05 10:03")) == {"applied": 2}
        block = member(store, "M1")
        assert block is not None
        assert block.columns.at.tolist() == [at("2026-01-05 09:00"), at("2026-01-05 10:03")]
        assert block.states[0].wallets[0].pending == 60
        assert not any(check.violations for check in verify(store).values())
