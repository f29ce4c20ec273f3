"""What the peers of a backtest come to, and that a benchmark is not taken of peers that come to something else. No time is looked at."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from benchmarks import backtest, packs
from benchmarks.backtest import figures
from benchmarks.fold import PROGRAMMES
from benchmarks.packs import Made, pack
from benchmarks.peers.against import equal_with_returns, equal_without_returns
from benchmarks.peers.equal import Differs, check
from benchmarks.peers.loop import Account, Line, Order, a_year_on, points_back
from loyalty_streams.backtest.packed import opened
from loyalty_streams.core.codes import DAY

SMALLEST = PROGRAMMES / "smallest.yaml"
YEAR = 365 * DAY


def order(ref: int, at: int, *amounts: int) -> Order:
    """An order on a day, of lines of one unit each."""
    amount = sum(amounts)
    lines = [Line(number, 1, line) for number, line in enumerate(amounts, 1)]
    return Order(ref, at * DAY, at * DAY + YEAR, at * DAY + YEAR + 1, amount, amount // 100, amount // 100, lines)


# ---- the same facts, the same members ----------------------------------------------------------------------------------


def test_loop_and_sql_come_to_the_points_tiers_and_changes_of_the_engine(tmp_path: Path) -> None:
    pack(tmp_path / "facts", SMALLEST, Made(20_000, 400))
    assert equal_with_returns(opened(tmp_path / "facts"), tmp_path / "facts") == 400


def test_where_nothing_is_returned_sql_follows_lots_and_redemptions(tmp_path: Path) -> None:
    pack(tmp_path / "facts", SMALLEST, Made(20_000, 400, returns=False))
    assert equal_without_returns(opened(tmp_path / "facts"), tmp_path / "facts") == 400


def test_a_peer_that_comes_to_something_else_is_named_with_the_member() -> None:
    with pytest.raises(Differs, match="tier of Bo: the engine comes to 2, the peer to 1"):
        check({"Ann": {"tier": 1}, "Bo": {"tier": 2}}, {"Ann": {"tier": 1}, "Bo": {"tier": 1}}, ["tier"])


def test_a_member_whom_a_peer_does_not_name_has_nothing_there() -> None:
    check({"Ann": {"tier": 0}}, {}, ["tier"])
    with pytest.raises(Differs, match="Bo"):
        check({"Bo": {"tier": 1}}, {}, ["tier"])


def test_the_whole_section_is_measured_in_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backtest, "RATES", "earn.base.points.rate=0.51,0.52")
    monkeypatch.setattr(backtest, "GOLD", {"smallest": "tiers.ladder.gold=301", "full-example": "tiers.ladder.gold=1501"})
    found = list(figures(tmp_path, 10_000, 1))
    assert len({f.name for f in found}) == len(found)
    assert {f.target for f in found} >= {0.25, 0.1, 1.8, 0.4, 25, 40, 10, 2.5}
    assert all(f.value > 0 for f in found)


# ---- the loop, worked out by hand --------------------------------------------------------------------------------------


def test_the_loop_spends_the_oldest_points_first_and_lets_the_rest_expire() -> None:
    account = Account()
    account.order(order(1, 0, 150_00))
    account.order(order(2, 100, 50_00))
    account.redeem(170)
    assert (account.available, account.redeemed, account.tier) == (30, 170, 1)  # 150 + 50 - 170; 200.00 are silver
    account.advance(YEAR)
    assert (account.available, account.expired, account.tier_changes) == (30, 0, 1)  # the first lot is spent; its purchase counts one instant more
    account.advance(YEAR + 1)
    assert (account.tier, account.tier_changes) == (0, 2)
    account.advance(100 * DAY + YEAR)
    assert (account.available, account.expired) == (0, 30)


def test_the_loop_refuses_what_a_member_does_not_have() -> None:
    account = Account()
    account.order(order(1, 0, 99_00))
    account.redeem(100)
    assert (account.available, account.redeemed, account.refused) == (99, 0, 1)


def test_the_loop_takes_points_back_on_credit_and_later_points_pay() -> None:
    account = Account()
    account.order(order(1, 0, 60_00, 40_00))
    account.redeem(100)
    account.bring_back(DAY, 1, [Line(1, 1, 60_00)])
    assert (account.available, account.debt, account.clawed_back, account.spend) == (0, 60, 60, 40_00)
    account.order(order(2, 2, 70_00))
    assert (account.available, account.debt, account.issued) == (10, 0, 170)


def test_the_loop_takes_points_of_an_order_from_its_own_lot_first() -> None:
    account = Account()
    account.order(order(1, 0, 100_00))
    account.order(order(2, 1, 100_00))
    account.bring_back(2 * DAY, 2, [Line(1, 1, 100_00)])
    account.advance(YEAR)
    assert (account.available, account.expired, account.orders) == (0, 100, 1)  # what expires is the first lot, whole


def test_the_loop_knows_no_return_after_ninety_days() -> None:
    account = Account()
    account.order(order(1, 0, 100_00))
    account.bring_back(91 * DAY, 1, [Line(1, 1, 100_00)])
    assert (account.available, account.refused) == (100, 1)


def test_the_loop_spreads_points_over_lines_by_largest_remainder() -> None:
    bought = order(1, 0, 50, 50, 1_00)  # 2.00: 2 points, of which the lines have 0.5, 0.5 and 1
    bought.lines[0].quantity_back = 1
    assert points_back(bought) == 1  # the point that is over goes to the lowest of equal remainders
    bought.lines[0].quantity_back, bought.lines[1].quantity_back = 0, 1
    assert points_back(bought) == 0


def test_a_year_after_the_29th_of_february_is_the_28th_and_the_window_closes_with_the_month() -> None:
    leap, march = np.array(["2028-02-29T10:00"], "M8[us]"), np.array(["2028-03-31T10:00"], "M8[us]")
    expires, leaves = (found.astype("M8[us]") for found in a_year_on(np.concatenate([leap, march]).astype(np.int64)))
    assert expires.tolist() == np.array(["2029-02-28T10:00", "2029-03-31T10:00"], "M8[us]").tolist()
    assert leaves.tolist() == np.array(["2029-03-01T00:00", "2029-03-31T10:00:00.000001"], "M8[us]").tolist()


# ---- packed facts that were made up --------------------------------------------------------------------------------------


def test_facts_made_part_by_part_have_members_of_their_own_and_lie_whole_in_one_bucket(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    monkeypatch.setattr(packs, "FACTS_A_PART", 4_000)
    monkeypatch.setattr("loyalty_streams.backtest.packing.FACTS_A_BUCKET", 5_000)
    manifest = pack(tmp_path / "facts", SMALLEST, Made(10_000, 200))
    assert (manifest.facts, manifest.members, manifest.buckets) == (10_000, 200, 2)
    own = [set(pq.read_table(path)["member_id"].to_pylist()) for path in sorted((tmp_path / "facts").glob("members-*"))]
    assert len(own) == 2 and not own[0] & own[1] and own[0] | own[1] == {f"m{k:08}" for k in range(200)}


def test_packed_facts_are_those_of_the_workload(tmp_path: Path) -> None:
    made = Made(5_000, 100)
    (load,) = made.parts()
    pack(tmp_path / "facts", SMALLEST, made)
    facts = pq.read_table(tmp_path / "facts" / "facts-0000.parquet")
    assert facts["at"].to_pylist() == load.columns.at.tolist()
    assert sum(facts["lines"].to_pylist()) == load.columns.line_no.size
    assert facts["member_id"].to_pylist() == [f"m{k:08}" for k in range(100) for _ in range(load.groups[k], load.groups[k + 1])]
