"""The points outstanding month by month, before and after, and what they are worth."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from loyalty_streams.api import Loyalty
from loyalty_streams.backtest.plan import Asked
from loyalty_streams.core.codes import FactKind
from tests.backtest.test_plan import a_shop
from tests.backtest.trial import SIMPLE, store_of, tried, with_rate
from tests.hosts.shop import PROGRAMME, ask, at, order


def told(before: int, after: int) -> dict[str, int]:
    return {"before": before, "after": after, "delta": after - before}


def test_the_liability_of_each_month_end_before_and_after(tmp_path: Path) -> None:
    """100 yuan in January, 50 in February, 30 points redeemed in April; at twice the rate 200 and 100. A point is worth a minor unit. In March
    nothing happens.
    """
    facts = (
        order("O1", "M1", "2026-01-05 10:00", 10_000), order("O2", "M2", "2026-02-28 23:59", 5_000),
        ask(FactKind.REDEEM, "R1", "M1", "2026-04-02 10:00", 30),
    )  # fmt: skip
    with store_of(tmp_path, *facts) as store:
        body = tried(store, with_rate("2")).to_json()
    expected = [("2026-01", 100, 200), ("2026-02", 150, 300), ("2026-03", 150, 300), ("2026-04", 120, 270)]
    assert body["liability_course"] == [
        {"month": month, "outstanding": told(before, after), "liability_minor": told(before, after)} for month, before, after in expected
    ]


def test_a_month_ends_at_midnight_of_the_programmes_zone(tmp_path: Path) -> None:
    """23:30 of 31 January in UTC is 07:30 of 1 February in Shanghai."""
    rules = SIMPLE.replace("time_zone: UTC", "time_zone: Asia/Shanghai")
    facts = (order("O1", "M1", "2026-01-05 10:00", 10_000), order("O2", "M1", "2026-01-31 23:30", 5_000))
    with store_of(tmp_path, *facts, rules=rules) as store:
        months = tried(store, with_rate("2", rules)).course()
    assert [(month, points.before) for month, points, _ in months] == [("2026-01", 100), ("2026-02", 150)]


@pytest.mark.parametrize("asked", [Asked(), Asked(as_of=at("2026-04-01 00:00"))])
def test_points_that_expire_when_a_month_ends_are_not_owed_at_its_end(tmp_path: Path, asked: Asked) -> None:
    """Earned on 5 January, for two months rounded up: gone at 00:00 on 1 April. What is bought at that very instant belongs to April."""
    rules = SIMPLE.replace("unit_value: 0.01", "unit_value: 0.01, expires: {after: 2 months, round_up_to: month}")
    facts = (order("O1", "M1", "2026-01-05 10:00", 10_000), order("O2", "M1", "2026-04-01 00:00", 5_000))
    with store_of(tmp_path, *facts, rules=rules, until="2026-04-20 00:00") as store:
        months = tried(store, with_rate("2", rules), asked).course()
    expected = [("2026-01", 200), ("2026-02", 200), ("2026-03", 0), ("2026-04", 100)]
    assert [(month, points.after) for month, points, _ in months] == expected[: len(months)]
    assert len(months) == (4 if asked.as_of is None else 3)


def test_each_month_end_is_what_the_report_of_that_instant_says(tmp_path: Path) -> None:
    """Late facts, returns, accounts that became one, expiry: the points under the rules in force; the last end is the plan's own."""
    with a_shop(tmp_path) as store:
        plan = tried(store, with_rate("2", PROGRAMME))
        months, shop = plan.course(), Loyalty(store)
        starts = [f"{month}-01" for month, *_ in months[1:]]
        assert [points.before for _, points, _ in months[:-1]] == [shop.report("liability", as_of=day)["outstanding"] for day in starts]
        assert months[-1][1] == plan.outstanding() and months[-1][2] == plan.liability()
    assert len(months) == 3


def test_a_wallet_without_a_unit_value_has_points_and_no_liability(tmp_path: Path) -> None:
    rules = SIMPLE.replace("{unit_value: 0.01}", "{}")
    with store_of(tmp_path, order("O1", "M1", "2026-01-05 10:00", 10_000), rules=rules) as store:
        (month,) = tried(store, with_rate("2", rules)).to_json()["liability_course"]
    assert month["outstanding"] == told(100, 200)
    assert month["liability_minor"] == {"before": None, "after": None, "delta": None}


def test_each_side_has_the_unit_value_in_force_at_the_end_of_the_month(tmp_path: Path) -> None:
    """From 1 February on the candidate values a point at two minor units."""
    dearer = SIMPLE.replace("unit_value: 0.01", "unit_value: 0.02").replace("version: 1", "version: 2")
    facts = (order("O1", "M1", "2026-01-05 10:00", 10_000), order("O2", "M1", "2026-02-05 10:00", 10_000))
    with store_of(tmp_path, *facts) as store:
        months = tried(store, dearer, Asked(since=at("2026-02-01 00:00"))).course()
    assert [(month, money.before, money.after) for month, _, money in months] == [("2026-01", 100, 100), ("2026-02", 200, 400)]


def test_late_facts_count_in_the_month_in_which_they_happened(tmp_path: Path) -> None:
    late = replace(order("O1", "M1", "2026-01-30 10:00", 10_000), arrived=at("2026-02-01 10:00"))
    rules = SIMPLE.replace("wallets:", "facts: {lateness: 7 days}\nwallets:")
    with store_of(tmp_path, order("O2", "M1", "2026-01-31 10:00", 5_000), late, rules=rules, until="2026-02-02 00:00") as store:
        months = tried(store, with_rate("2", rules)).course()
    assert [(month, points.before) for month, points, _ in months] == [("2026-01", 150), ("2026-02", 150)]
