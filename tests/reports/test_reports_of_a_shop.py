"""Reports over a small shop, every figure by a pencil."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import loyalty_streams as ls
from tests.api.corner import order, shop

ORDERS = [
    order("O1", "M1", "2026-01-10T10:00:00Z", "120.00", channel="app", store="S1"),
    order("O2", "M2", "2026-01-20T10:00:00Z", "480.00", channel="till", store="S2"),
    order("O3", "M1", "2026-02-05T10:00:00Z", "30.50", channel="till", store="S1"),
    order("T1", "M2", "2026-02-10T10:00:00Z", "-80.00", kind="refund", original_order_id="O2"),
    order("O4", "M3", "2026-02-20T10:00:00Z", "10.00", channel="app", store="S2"),
    order("C1", "M3", "2026-02-21T10:00:00Z", "0", kind="cancellation", original_order_id="O4"),
]
REDEMPTIONS = [
    {"redemption_id": "R1", "member_id": "M1", "occurred_at": "2026-02-15T10:00:00Z", "points": 100},
    {"redemption_id": "R2", "member_id": "M1", "occurred_at": "2026-02-28T10:00:00Z", "points": 100, "action": "reserve"},
]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ls.Loyalty]:
    """M1 earns 120 and 100 of 120 (the double gives 100 a day), then 30; M2 480, of which 80 go back; M3 10 and 10, all taken back."""
    with shop(tmp_path, orders=ORDERS, redemptions=REDEMPTIONS) as opened:
        yield opened


def test_the_summary_adds_up(store: ls.Loyalty) -> None:
    found = store.report("summary")
    assert (found["as_of"], found["members"], found["orders"], found["refunds"], found["spend_minor"]) == ("2026-02-28T10:00:00Z", 3, 4, 2, 64_050)
    points = found["points"]
    assert points == {
        "issued": 750, "available": 450, "pending": 0, "reserved": 100, "redeemed": 100, "expired": 0, "clawed_back": 100, "debt": 0,
        "written_off": 0, "opening": 0, "adjusted": 0, "forfeited": 0, "transferred_in": 0, "transferred_out": 0,
    }  # fmt: skip
    assert found["tiers"] == {"base": 2, "silver": 1, "gold": 0}
    assert found["stages"] == {"idle": 0, "new": 1, "active": 2}


def test_the_summary_names_the_wallets_where_there_are_more(tmp_path: Path) -> None:
    rules = """\
programme: two
version: 1
time_zone: UTC
currency: USD
wallets:
  points: {}
  growth: {spendable: false}
earn:
  base: {on: order, points: {rate: 2, per: 1.00, mode: proportional}, also: {growth: same}}
"""
    with shop(tmp_path, rules, orders=[order("O1", "M1", "2026-01-10T10:00:00Z", "7.00")]) as store:
        found = store.report("summary")
        assert found["points"]["issued"] == 14
        assert {name: w["points"]["issued"] for name, w in found["wallets"].items()} == {"points": 14, "growth": 14}
        member = store.member("M1")
        assert member is not None
        assert (member.points.available, member.wallets["growth"].available) == (14, 14)
        assert sorted(member.to_json()["wallets"]) == ["growth", "points"]


def test_rules_by_store_and_month(store: ls.Loyalty) -> None:
    """A clawback stands under the store of its order, in the month in which it was taken back."""
    found = store.report("rules", by=("store", "month"))
    rows = {(r["rule"], r["store"], r["month"]): (r["points"], r["orders"], r["members"], r["clawed_back"]) for r in found["rows"]}
    assert rows == {
        ("base", "S1", "2026-01"): (120, 1, 1, 0), ("base", "S2", "2026-01"): (480, 1, 1, 0), ("base", "S1", "2026-02"): (30, 1, 1, 0),
        ("base", "S2", "2026-02"): (10, 1, 1, 90), ("app-double", "S1", "2026-01"): (100, 1, 1, 0),
        ("app-double", "S2", "2026-02"): (10, 1, 1, 10),
    }  # fmt: skip
    assert (found["total"]["points"], found["total"]["clawed_back"]) == (750, 100)


def test_rules_by_channel_of_one_rule_in_a_span(store: ls.Loyalty) -> None:
    found = store.report("rules", by=("channel",), rule="base", since="2026-02-01", until="2026-03-01")
    assert [(r["channel"], r["points"], r["orders"]) for r in found["rows"]] == [("app", 10, 1), ("till", 30, 1)]


def test_liability_is_what_lots_and_holds_have_by_month_of_expiry(store: ls.Loyalty) -> None:
    """M1: 250 less 100 spent and 100 held leave 50; the held 100 and 20 of O1, and 30 of O3. M2 has 400 of January. A point is a cent."""
    found = store.report("liability")
    assert [(r["month"], r["points"], r["liability_minor"]) for r in found["by_expiry"]] == [("2027-01", 520, 520), ("2027-02", 30, 30)]
    assert (found["outstanding"], found["liability_minor"]) == (550, 550)
    assert found["points"] == {"available": 450, "pending": 0, "reserved": 100, "debt": 0}
    ahead = store.report("liability", as_of="2026-12-20")
    # the reservation timed out, and O1's and O2's lots expire on 10 and 20 January
    assert [(e["days"], e["points"], e["members"]) for e in ahead["expiring"]] == [(30, 120, 1), (60, 550, 2), (90, 550, 2)]


def test_tiers_tell_moves_and_who_is_near(store: ls.Loyalty) -> None:
    """M2 reached silver with 480.00 in January and is at 400.00 after the refund; of gold's 500.00 the tenth is 50.00: nobody is near."""
    found = store.report("tiers")
    assert found["moves"] == [{"month": "2026-01", "from": "base", "to": "silver", "moves": 1}]
    assert [(t["tier"], t["members"], t["near_next"]) for t in found["tiers"]] == [("base", 2, 0), ("silver", 1, 0), ("gold", 0, 0)]
    january = store.report("tiers", as_of="2026-02-01")
    assert [(t["tier"], t["members"], t["near_next"]) for t in january["tiers"]] == [("base", 1, 0), ("silver", 1, 1), ("gold", 0, 0)]


def test_kpis_of_the_shop(store: ls.Loyalty) -> None:
    """T198 to T200: M1 comes again after 26 days; M3's only order was cancelled; 100 of 750 points are redeemed."""
    found = store.report("kpis", as_of="2026-03-10T00:00:00Z")
    assert found["repurchase_30d"] == {
        "repeaters": 1, "base": 3, "rate": 0.333333, "repeaters_mature": 1, "base_mature": 2, "rate_mature": 0.5,
    }  # fmt: skip
    assert found["repurchase_30d_net"] == {"repeaters": 1, "base": 2, "rate": 0.5}
    assert found["monthly_active"] == {"2026-01": 2, "2026-02": 2}
    assert found["active_share"] == {"active": 1, "base": 3, "rate": 0.333333}
    assert (found["aov_minor"], found["mean_ltv_minor"]) == (16_013, 21_350)
    assert (found["redemption_rate"], found["redemption_alert"]) == (0.133333, "below 20 %")
    churned = store.report("kpis", as_of="2026-05-15T00:00:00Z")["churn_90d"]
    assert (churned["churned"], churned["base"]) == (2, 2)
    assert {tier: (c["churned"], c["base"]) for tier, c in churned["by_tier"].items()} == {"base": (1, 1), "silver": (1, 1), "gold": (0, 0)}


def test_rfm_scores_every_member(store: ls.Loyalty) -> None:
    """Three members in five groups: the first three groups have one each. By orders M2 and M3 tie and M2 comes first."""
    found = store.report("rfm")
    assert {s["member_id"]: (s["r"], s["f"], s["m"]) for s in found["scores"]} == {"M1": (2, 3, 2), "M2": (1, 1, 3), "M3": (3, 2, 1)}


def test_a_report_or_a_breakdown_that_does_not_exist_is_refused(store: ls.Loyalty) -> None:
    with pytest.raises(ls.AskError):
        store.report("weather")  # type: ignore[arg-type]
    with pytest.raises(ls.AskError):
        store.report("rules", by=("colour",))
