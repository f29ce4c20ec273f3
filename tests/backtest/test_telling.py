"""A plan as people read it: the course of the liability and the table of tiers."""

from __future__ import annotations

from pathlib import Path

from loyalty_streams.backtest.telling import Telling
from tests.backtest.test_plan import LADDER
from tests.backtest.trial import SIMPLE, store_of, tried, with_rate
from tests.hosts.shop import order


def test_the_text_has_the_table_of_tiers_that_somebody_leaves(tmp_path: Path) -> None:
    """T176: silver at 200 in place of 300: M2 rises; M3 stays in silver, which nobody leaves; gold at 400 in place of 1,000: M4 and M5 rise."""
    spent = {"M1": 5_000, "M2": 25_000, "M3": 32_000, "M4": 50_000, "M5": 60_000}
    facts = [order(f"O{n}", member, "2026-01-05 10:00", amount) for n, (member, amount) in enumerate(spent.items())]
    with store_of(tmp_path, *facts, rules=SIMPLE + LADDER) as store:
        plan = tried(store, (SIMPLE + LADDER).replace("300.00", "200.00").replace("1000.00", "400.00"))
    lines = [line for head in Telling(plan).heads() if head.startswith("Tiers") for line in head.splitlines()]
    assert lines == [
        "Tiers     ↑3  ↓0        infeasible redemptions 0",
        "          from × to  base  silver  gold",
        "          base          1       1",
        "          silver                1     2",
    ]  # fmt: skip


def test_the_text_has_the_liability_of_four_month_ends_at_most(tmp_path: Path) -> None:
    """An order of 100 yuan a month for six months, at twice the rate: 1 yuan more a month. The second, third, fifth and sixth month are told."""
    facts = [order(f"O{n}", "M1", f"2026-0{n}-05 10:00", 10_000) for n in range(1, 7)]
    with store_of(tmp_path, *facts) as store:
        plan = tried(store, with_rate("2"))
    (line,) = [line for head in Telling(plan).heads() for line in head.splitlines() if "at the end of" in line]
    assert line.strip() == "liability at the end of 2026-02 +2.00 · 2026-03 +3.00 · 2026-05 +5.00 · 2026-06 +6.00"


def test_a_plan_that_moves_no_liability_has_no_course_in_its_text(tmp_path: Path) -> None:
    facts = [order(f"O{n}", "M1", f"2026-0{n}-05 10:00", 10_000) for n in range(1, 4)]
    with store_of(tmp_path, *facts) as store:
        assert "at the end of" not in "\n".join(Telling(tried(store, SIMPLE)).heads())
