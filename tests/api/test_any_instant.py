"""A member, the ledger and the reports at any instant: facts before it, timers due at or before it (T188)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

import loyalty_streams as ls
from tests.api.corner import history, order, shop


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ls.Loyalty]:
    """100.00 on 2025-01-10 and 150.00 on 2025-06-10, both at 12:00; the log ends there."""
    rows = [order("O1", "M1", "2025-01-10T12:00:00Z", "100.00"), order("O2", "M1", "2025-06-10T12:00:00Z", "150.00")]
    with shop(tmp_path, orders=rows) as opened:
        yield opened


def account(store: ls.Loyalty, as_of: str | datetime | date | None) -> ls.Member:
    found = store.member("M1", as_of=as_of)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("as_of", "available", "tier", "stage"),
    [
        ("2025-01-10T12:00:00.000001Z", 100, "base", "new"),
        ("2025-06-10T12:00:00Z", 100, "base", "idle"),  # facts before it: the second order is not
        ("2025-06-10T12:00:00.000001Z", 250, "silver", "active"),
        ("2025-08-09T11:59:59.999999Z", 250, "silver", "active"),
        ("2025-08-09T12:00:00Z", 250, "silver", "idle"),  # 60 days of 24 hours after the last order
        ("2026-01-10T11:59:59.999999Z", 250, "silver", "idle"),
        ("2026-01-10T12:00:00Z", 150, "silver", "idle"),  # the lot of the first order is dead; its spend is inside the window still
        ("2026-01-10T12:00:00.000001Z", 150, "base", "idle"),
        ("2026-06-10T12:00:00Z", 0, "base", "idle"),
    ],
)
def test_balance_tier_and_stage_of_any_instant(store: ls.Loyalty, as_of: str, available: int, tier: str, stage: str) -> None:
    """T188, true at T; S2: timers come before facts of the same instant."""
    found = account(store, as_of)
    assert (found.points.available, found.tier.name, found.stage.name) == (available, tier, stage)


def test_the_lots_are_those_of_that_time(store: ls.Loyalty) -> None:
    """T188."""
    before = account(store, "2025-03-01")
    assert [(x.lot_id, x.points, x.remaining, x.expires_at) for x in before.lots] == [("order/O1/0", 100, 100, "2026-01-10T12:00:00Z")]
    after = account(store, "2026-02-01T00:00:00+00:00")
    assert [(x.lot_id, x.remaining) for x in after.lots] == [("order/O2/0", 150)]


def test_without_an_instant_a_member_stands_at_the_newest_tick_and_all_facts_count(store: ls.Loyalty) -> None:
    now = account(store, None)
    assert (now.as_of, now.points.available, now.tier.metric) == ("2025-06-10T12:00:00Z", 250, 25000)


def test_an_instant_is_a_text_a_moment_or_a_day(store: ls.Loyalty) -> None:
    texts = [account(store, t).as_of for t in ("2025-03-01", date(2025, 3, 1), datetime(2025, 3, 1, tzinfo=UTC), "2025-03-01T08:00+08:00")]
    assert texts == ["2025-03-01T00:00:00Z"] * 4


def test_nothing_is_known_of_a_member_before_the_first_fact(store: ls.Loyalty) -> None:
    assert store.member("M1", as_of="2025-01-10T12:00:00Z") is None
    assert store.member("M9") is None


def test_t188_what_was_known_is_asked_beside_what_is_true(store: ls.Loyalty, tmp_path: Path) -> None:
    """50.00 of 9 June arrive on 12 June: true of the 11th is 300, known on the 11th were 250 points."""
    late = order("O3", "M1", "2025-06-09T12:00:00Z", "50.00", arrived_at="2025-06-12T12:00:00Z")
    store.ingest(history(tmp_path / "late", orders=[late]))
    views = [store.member("M1", as_of="2025-06-11"), store.member("M1", as_of="2025-06-11", known_at="2025-06-11"), store.member("M1")]
    assert [v.points.available for v in views if v is not None] == [300, 250, 300]
    assert store.member("M1", known_at="2025-01-10T12:00:00Z") is None
    assert [store.report("summary", "2025-06-11", known_at=known)["orders"] for known in (None, "2025-06-11")] == [3, 2]
    assert store.report("quarantine")["waiting"] == 0
    numbers = [[(e.entry_id, e.seq) for e in v.entries] for v in views if v is not None]
    assert set(numbers[0]) == set(numbers[2])


def test_looking_changes_nothing(store: ls.Loyalty) -> None:
    account(store, "2027-01-01")
    store.report("summary", as_of="2027-01-01")
    assert account(store, None).points.available == 250
    assert store.as_of_text() == "2025-06-10T12:00:00Z"


def test_a_tick_writes_what_a_look_ahead_has_shown(store: ls.Loyalty) -> None:
    ahead = account(store, "2026-07-01")
    written = store.advance("2026-07-01")
    now = account(store, None)
    assert now.points == ahead.points
    assert [e.entry_id for e in now.entries] == [e.entry_id for e in ahead.entries]
    # idle; O1's points expire; the tier falls; O2's points expire
    assert written == 4
    assert store.advance("2026-06-01") == 0


def test_the_past_is_the_same_after_a_tick(store: ls.Loyalty) -> None:
    before = account(store, "2025-08-01").to_json()
    store.advance("2026-07-01")
    assert account(store, "2025-08-01").to_json() == before


def test_entries_have_ids_of_their_own_that_come_from_the_facts(store: ls.Loyalty) -> None:
    """T185."""
    store.advance("2026-07-01")
    ids = [e.entry_id for e in account(store, None).entries]
    assert len(set(ids)) == len(ids)
    assert {"earned/order/O1/base", "earned/order/O2/base", "expired/order/O1/0", "expired/order/O2/0"} <= set(ids)


def test_the_ledger_is_an_arrow_table_with_names(store: ls.Loyalty) -> None:
    table = store.ledger()
    earned = [row for row in table.to_pylist() if row["kind"] == "EARNED"]
    assert [(r["member_id"], r["points"], r["rule"], r["cause"], r["basis"], r["rate_numerator"], r["rate_denominator"]) for r in earned] == [
        ("M1", 100, "base", "order/O1", 10000, 1, 100), ("M1", 150, "base", "order/O2", 15000, 1, 100),
    ]  # fmt: skip
    assert [r["seq"] for r in table.to_pylist()] == list(range(1, len(table) + 1))
    assert store.ledger("M9").num_rows == 0


def test_the_facts_are_arrow_tables(store: ls.Loyalty) -> None:
    orders = store.facts()["orders"].to_pylist()
    found = [(r["order_id"], r["member_id"], r["amount_minor"], r["currency"]) for r in orders]
    assert found == [("O1", "M1", 10_000, "USD"), ("O2", "M1", 15_000, "USD")]
