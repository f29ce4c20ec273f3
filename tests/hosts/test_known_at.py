"""What was known at an instant, beside what is true of it (T188): of the facts only those that had arrived."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from loyalty_streams.core.codes import EntryKind
from loyalty_streams.core.facts import Fact
from loyalty_streams.hosts.embedded import Store
from loyalty_streams.hosts.embedded.past import blocks, member
from tests.hosts.shop import DAY, a_year, at, batch_of, bring, come_back, open_store, order
from tests.hosts.test_any_order import scrambled


def late(fact: Fact, arrives: str) -> Fact:
    return replace(fact, arrived=at(arrives))


def earned(store: Store, as_of: str | None, known_at: str | None) -> int | None:
    """Points that M1 has, pending or available; None where nothing was known of the member."""
    found = member(store, "M1", at(as_of) if as_of else None, at(known_at) if known_at else None)
    return None if found is None else found.states[0].wallets[0].pending + found.states[0].wallets[0].available


@pytest.fixture
def store(tmp_path: Path) -> Any:
    """M1 buys for 100.00 on the 4th, for 20.00 on the 5th (known on the 8th), for 3.00 on the 9th; on the 10th the 100.00 become 150.00. The
    20.00 come back on the 6th, which is known on the 7th, before the order is.
    """
    with open_store(tmp_path) as opened:
        bring(opened, order("O1", "M1", "2026-01-04 10:00", 10_000))
        bring(opened, late(come_back("R2", "O2", "M1", "2026-01-06 10:00", 2_000), "2026-01-07 10:00"))
        bring(opened, late(order("O2", "M1", "2026-01-05 10:00", 2_000), "2026-01-08 10:00"))
        bring(opened, order("O3", "M1", "2026-01-09 10:00", 300))
        bring(opened, late(order("O1", "M1", "2026-01-04 10:00", 15_000), "2026-01-10 10:00"), revisions=[1])
        opened.advance(at("2026-01-20 00:00"))
        yield opened


@pytest.mark.parametrize(
    ("as_of", "known_at", "points"),
    [
        (None, None, 153), (None, "2026-01-10 10:01", 153), (None, "2026-01-10 10:00", 103), (None, "2026-01-09 10:00", 100),
        (None, "2026-01-04 10:00", None), (None, "2030-01-01 00:00", 153), (None, "2000-01-01 00:00", None),
        ("2026-01-05 12:00", None, 170), ("2026-01-05 12:00", "2026-01-08 12:00", 120), ("2026-01-05 12:00", "2026-01-08 10:00", 100),
        ("2026-01-05 12:00", "2026-01-05 12:00", 100), ("2026-01-07 12:00", "2026-01-07 12:00", 100), ("2026-01-04 09:00", "2030-01-01 00:00", None),
        ("2026-01-25 00:00", "2026-01-09 12:00", 103), ("2026-01-25 00:00", None, 153),
    ],
)  # fmt: skip
def test_t188_true_at_an_instant_and_known_at_an_instant_are_both_answered(
    store: Store, as_of: str | None, known_at: str | None, points: int | None
) -> None:
    """A return counts once its order is known; of an order the newest revision that had arrived."""
    assert earned(store, as_of, known_at) == points


def test_t188_entries_keep_the_numbers_of_the_ledger_in_every_view(store: Store) -> None:
    """The order of the 4th earned 100 as entry 1, later 150; what was known on the 9th is entry 1."""

    def numbers(*views: str | None) -> list[tuple[int, int]]:
        found = member(store, "M1", *(at(v) if v else None for v in views))
        assert found is not None
        rows = found.entries[found.entries["kind"] == EntryKind.EARNED]
        return [(int(e["points"]), int(e["seq"])) for e in rows]

    now, then = dict(numbers(None)), dict(numbers(None, "2026-01-09 10:00"))
    assert then[100] == 1
    assert 1 not in now.values() and set(now) == {150, 20, 3}
    assert dict(numbers("2026-01-09 00:00")) == {points: now[points] for points in (150, 20)}
    assert dict(numbers("2026-02-20 00:00")) == now


def test_t188_what_is_not_in_the_ledger_yet_is_numbered_on_from_its_last(store: Store) -> None:
    """The points of the 4th were available on the 7th, and expire two months later."""
    found = member(store, "M1", at("2026-03-10 00:00"))
    assert found is not None
    (head,) = store.heads([b"M1"])
    assert head is not None
    ahead = found.entries["seq"][found.entries["at"] > at("2026-01-20 00:00")].tolist()
    last = max(found.entries["seq"][found.entries["at"] <= at("2026-01-20 00:00")].tolist())
    assert ahead == list(range(last + 1, last + 1 + len(ahead))) and ahead


def seen(store: Store, as_of: int | None, known_at: int | None = None) -> dict[str, list[Any]]:
    """All members: state, and what the entries say but for number and booking."""
    found: dict[str, list[Any]] = {}
    for block in blocks(store, as_of, known_at, facts_a_block=50):
        for k, name in enumerate(block.ids):
            rows = block.entries[block.entries["member"] == k].copy()
            for field in ("seq", "booked", "cause", "member"):
                rows[field] = 0
            found[name] = [block.states.packed(k), rows.tobytes(), int(block.tiers[k]), int(block.stages[k])]
    return found


@pytest.mark.parametrize("seed", range(3))
def test_t188_what_was_known_is_what_a_store_says_that_was_given_no_more(tmp_path: Path, seed: int) -> None:
    random = Random(seed)
    worst = amended(scrambled(a_year(seed, members=5, facts=150), random, 7 * DAY), random)
    first, end = worst[0][0].arrived, worst[-1][0].arrived + DAY
    with open_store(tmp_path / "whole") as whole:
        take(whole, worst)
        whole.advance(end)
        for until in random.sample(range(first, end), 3):
            with open_store(tmp_path / str(until)) as store:
                take(store, [pair for pair in worst if pair[0].arrived < until])
                store.advance(end)
                for as_of in (None, until, end + 100 * DAY, worst[len(worst) // 2][0].at):
                    assert seen(whole, as_of, until) == seen(store, as_of), (seed, until, as_of)


def take(store: Store, facts: Sequence[tuple[Fact, int]]) -> None:
    store.take(batch_of(*(fact for fact, _ in facts), revisions=[revision for _, revision in facts]))


def amended(facts: Sequence[Fact], random: Random) -> list[tuple[Fact, int]]:
    """The facts with revisions: some orders get another amount at the end of their windows. In order of arrival."""
    orders = {f.key: f for f in facts if f.key.startswith("order/O")}
    found = [(fact, 0) for fact in facts]
    for fact in random.sample(list(orders.values()), 8):
        cents = fact.amount + 1_000
        again = replace(fact, amount=cents, lines=(replace(fact.lines[0], amount=cents),), arrived=fact.at + 7 * DAY)
        found.append((again, 1))
    return sorted(found, key=lambda pair: pair[0].arrived)


def test_t188_a_report_of_what_was_known_knows_no_member_that_came_later(store: Store) -> None:
    bring(store, order("O9", "M9", "2026-01-20 10:00", 1_000))
    assert [b.ids for b in blocks(store, None, at("2026-01-20 10:00"))] == [["M1"]]
    assert [b.ids for b in blocks(store, None, at("2026-01-20 10:01"))] == [["M1", "M9"]]
    assert [name for b in blocks(store, None, at("2000-01-01 00:00")) for name in b.ids] == []
