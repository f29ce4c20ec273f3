"""The worked set of the definitions, to the point: a real grocer's year, and the half-year after it in which nobody shops.

The figures stand in the definitions of the numbers in reports; the KPIs are counted here again from the rows of the file, without the engine.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

import loyalty_streams as ls
from tests.reports.journey import RULES, households_ending_in_7

NEW_YEAR, JULY = "2018-01-01T05:00:00Z", "2018-07-01T04:00:00Z"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return households_ending_in_7(tmp_path_factory.mktemp("journey") / "history")


@pytest.fixture(scope="module")
def store(folder: Path) -> Iterator[ls.Loyalty]:
    rules = folder.parent / "rules.yaml"
    rules.write_text(RULES)
    with ls.open_store(folder.parent / "store", programme=rules) as opened:
        found = opened.ingest(folder)
        assert found.dispositions["applied"] == 16_677
        yield opened


def test_orders_spend_points_and_tiers_at_new_year(store: ls.Loyalty) -> None:
    """T188, T199: an instant after the last fact."""
    found = store.report("summary", as_of=NEW_YEAR)
    assert (found["members"], found["orders"], found["spend_minor"]) == (247, 16_677, 45_913_276)
    assert (found["points"]["issued"], found["points"]["expired"], found["points"]["available"]) == (450_895, 0, 450_895)
    assert found["tiers"] == {"base": 19, "silver": 33, "gold": 46, "platinum": 149}


def test_points_expire_and_tiers_fall_by_july_without_a_fact(store: ls.Loyalty) -> None:
    found = store.report("summary", as_of=JULY)
    assert (found["orders"], found["spend_minor"]) == (16_677, 45_913_276)
    assert (found["points"]["issued"], found["points"]["expired"], found["points"]["available"]) == (450_895, 220_576, 230_319)
    assert found["tiers"] == {"base": 43, "silver": 45, "gold": 72, "platinum": 87}


def rows(folder: Path) -> list[tuple[str, datetime, int]]:
    """Household, instant and cents of each basket, in order of household and time."""
    table = pq.read_table(folder / "orders.parquet", columns=["member_id", "occurred_at", "amount_minor"])
    return sorted(zip(*(table[name].to_pylist() for name in table.schema.names), strict=True))


@pytest.mark.parametrize("text", [NEW_YEAR, "2017-07-01T04:00:00Z"])
def test_kpis_are_those_that_a_plain_count_of_the_rows_gives(store: ls.Loyalty, folder: Path, text: str) -> None:
    """T198, T199: before and after the last fact."""
    as_of = datetime.fromisoformat(text)
    by_member: dict[str, list[datetime]] = {}
    spend = 0
    for member, at, cents in rows(folder):
        if at < as_of:
            by_member.setdefault(member, []).append(at)
            spend += cents
    days = timedelta(days=1)
    again = sum(len(v) > 1 and v[1] - v[0] <= 30 * days for v in by_member.values())
    old = [v for v in by_member.values() if v[0] < as_of - 90 * days]
    churned = sum(v[-1] < as_of - 90 * days for v in old)
    active = sum(v[-1] >= as_of - 30 * days for v in by_member.values())
    found: dict[str, Any] = store.report("kpis", as_of=text)
    assert (found["repurchase_30d"]["repeaters"], found["repurchase_30d"]["base"]) == (again, len(by_member))
    assert (found["churn_90d"]["churned"], found["churn_90d"]["base"]) == (churned, len(old))
    assert (found["active_share"]["active"], found["active_share"]["base"]) == (active, len(by_member))
    assert found["spend_minor"] == spend
    orders = sum(map(len, by_member.values()))
    assert found["aov_minor"] == (2 * spend + orders) // (2 * orders)
    assert found["mean_ltv_minor"] == (2 * spend + len(by_member)) // (2 * len(by_member))


def test_the_past_is_what_a_store_that_ends_there_says(store: ls.Loyalty, folder: Path, tmp_path: Path) -> None:
    """T188: the report of October is that of a store into which only the facts before it went."""
    october = datetime(2017, 10, 1, 4, tzinfo=UTC)
    table = pq.read_table(folder / "orders.parquet")
    keep = [at < october for at in table["occurred_at"].to_pylist()]
    (tmp_path / "history").mkdir()
    pq.write_table(table.filter(keep), tmp_path / "history" / "orders.parquet")
    with ls.open_store(tmp_path / "store", programme=folder.parent / "rules.yaml") as short:
        short.ingest(tmp_path / "history")
        short.advance(october)
        for name in ("summary", "kpis", "liability", "tiers", "rfm", "rules"):
            now, then = short.report(name), store.report(name, as_of=october)
            assert now == then, name
