"""KPIs by a pencil: who comes again, who stays away, what is retained (T198 to T200 and the definitions of reports)."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from loyalty_streams.core.codes import DAY
from loyalty_streams.reports.arithmetic import half_up, mean, ntile, rate
from loyalty_streams.reports.instants import micros, month_bounds, shift_months
from loyalty_streams.reports.kpis import (
    Flow,
    active_share,
    churn,
    churn_by_tier,
    cohort_retention,
    kpis,
    monthly_active,
    new_members,
    redemption_alert,
    repurchase,
)
from loyalty_streams.reports.orders import Orders
from loyalty_streams.reports.rfm import rfm

NEW_YORK = ZoneInfo("America/New_York")
SHANGHAI = ZoneInfo("Asia/Shanghai")
T = micros(datetime(2026, 6, 1, tzinfo=UTC))


def at(text: str) -> int:
    return micros(datetime.fromisoformat(text))


def orders(*rows: tuple[int, int, int] | tuple[int, int, int, bool]) -> Orders:
    """Rows of (member, instant, amount) and, at the end, whether the order was fully returned."""
    whole = sorted((r if len(r) == 4 else (*r, False)) for r in rows)
    member, instants, amounts, gone = zip(*whole, strict=True)
    ints = [np.array(values, np.int64) for values in (member, instants, amounts)]
    return Orders(*ints, np.array(gone, np.bool_))


def test_a_member_who_orders_again_after_exactly_thirty_days_has_repurchased() -> None:
    history = orders((0, T, 1), (0, T + 30 * DAY, 1), (1, T, 1), (1, T + 30 * DAY + 1, 1), (2, T, 1))
    found = repurchase(history, T + 90 * DAY)
    assert (found["repeaters"], found["base"], found["rate"]) == (1, 3, 0.333333)


def test_only_members_whose_first_order_is_thirty_days_old_are_mature() -> None:
    history = orders((0, T, 1), (0, T + DAY, 1), (1, T + 1, 1), (2, T - DAY, 1))
    found = repurchase(history, T + 30 * DAY)
    assert (found["repeaters_mature"], found["base_mature"], found["rate_mature"]) == (1, 2, 0.5)


def test_repurchase_of_46_among_200_is_23_percent() -> None:
    """T198."""
    again = [(m, T + 5 * DAY, 1) for m in range(46)]
    found = repurchase(orders(*((m, T, 1) for m in range(200)), *again), T + 60 * DAY)
    assert found["rate"] == 0.23


def test_an_order_that_was_fully_returned_is_no_repurchase() -> None:
    history = orders((0, T, 1), (0, T + DAY, 1, True), (1, T, 1), (1, T + DAY, 1))
    figures = kpis(history, T + 40 * DAY, NEW_YORK, Flow(), Flow(), {})
    assert figures["repurchase_30d"]["repeaters"] == 2
    assert figures["repurchase_30d_net"] == {"repeaters": 1, "base": 2, "rate": 0.5}


def test_churn_of_180_among_1000_is_18_percent() -> None:
    """T199: an order exactly 90 days ago is inside the window, so its member is neither in the base nor churned."""
    as_of = T + 200 * DAY
    early = [(m, T, 1) for m in range(1000)]
    back = [(m, as_of - 90 * DAY, 1) for m in range(180, 1000)]
    newcomer = [(1000, as_of - 90 * DAY, 1)]
    assert churn(orders(*early, *back, *newcomer), as_of) == {"churned": 180, "base": 1000, "rate": 0.18}


def test_churn_is_told_by_the_tier_held_now() -> None:
    as_of = T + 200 * DAY
    history = orders((0, T, 1), (1, T, 1), (1, as_of - DAY, 1), (2, T, 1))
    found = churn_by_tier(history, as_of, {"gold": np.array([0, 1]), "base": np.array([2, 3])})
    assert found["by_tier"]["gold"] == {"churned": 1, "base": 2, "rate": 0.5}
    assert found["by_tier"]["base"] == {"churned": 1, "base": 1, "rate": 1.0}


def test_active_are_those_with_an_order_in_the_last_thirty_days() -> None:
    as_of = T + 100 * DAY
    history = orders((0, as_of - 30 * DAY, 1), (1, as_of - 30 * DAY - 1, 1), (2, T, 1), (2, as_of - 1, 1))
    assert active_share(history, as_of) == {"active": 2, "base": 3, "rate": 0.666667}


def test_a_month_is_the_calendar_month_of_the_programme() -> None:
    """22:30 on 31 January in New York is 1 February in London."""
    history = orders((0, at("2017-02-01T03:30+00:00"), 1), (0, at("2017-03-01T12:00+00:00"), 1), (1, at("2017-01-05T12:00+00:00"), 1))
    assert monthly_active(history, NEW_YORK) == {"2017-01": 2, "2017-02": 0, "2017-03": 1}
    assert monthly_active(history, ZoneInfo("UTC")) == {"2017-01": 1, "2017-02": 1, "2017-03": 1}
    assert new_members(history, NEW_YORK) == {"2017-01": 2, "2017-02": 0, "2017-03": 0}


def test_a_cohort_is_counted_by_months_since_its_first_order() -> None:
    history = orders(
        (0, at("2026-01-05T00:00+00:00"), 1), (0, at("2026-01-20T00:00+00:00"), 1), (0, at("2026-03-01T00:00+00:00"), 1),
        (1, at("2026-01-09T00:00+00:00"), 1), (1, at("2026-02-09T00:00+00:00"), 1),
        (2, at("2026-02-10T00:00+00:00"), 1),
    )  # fmt: skip
    assert cohort_retention(history, ZoneInfo("UTC")) == {"2026-01": [2, 1, 1], "2026-02": [1, 0]}


@pytest.mark.parametrize(
    ("redeemed", "alert"),
    [(32_000, None), (20_000, None), (50_000, None), (18_000, "below 20 %"), (55_000, "above 50 %"), (19_999, "below 20 %")],
)
def test_a_redemption_rate_outside_20_to_50_percent_raises_an_alert(redeemed: int, alert: str | None) -> None:
    """T200."""
    assert redemption_alert(Flow(100_000, redeemed, 0)) == alert


def test_without_points_issued_there_is_no_rate_and_no_alert() -> None:
    figures = kpis(Orders.joined([]), T, NEW_YORK, Flow(), Flow(), {})
    assert figures["redemption_rate"] is None and figures["redemption_alert"] is None
    assert figures["repurchase_30d"]["rate"] is None and figures["aov_minor"] is None
    assert figures["monthly_active"] == {} and figures["cohort_retention"] == {}


def test_means_are_whole_minor_units_half_up() -> None:
    figures = kpis(orders((0, T, 100), (0, T + 1, 101), (1, T, 0)), T + 1, NEW_YORK, Flow(), Flow(), {})
    assert figures["aov_minor"] == 67  # 201 / 3
    assert figures["mean_ltv_minor"] == 101  # 100.5
    assert mean(-1, 2) == 0 and mean(1, 2) == 1 and mean(5, 3) == 2


def test_a_rate_is_rounded_half_even_to_six_digits() -> None:
    assert rate(1, 8_000_000) == 0.0  # 0.000000125
    assert rate(1, 2_000_000) == 0.0  # 0.0000005 lies halfway: to the even digit
    assert rate(3, 2_000_000) == 0.000002  # 0.0000015 likewise
    assert rate(2, 3) == 0.666667


def test_ntile_gives_the_first_groups_what_does_not_divide() -> None:
    assert ntile(np.array([3, 1, 0, 2, 4, 6, 5]), 5).tolist() == [2, 1, 2, 1, 3, 5, 4]


def test_rfm_breaks_ties_by_the_member_id() -> None:
    """Five members alike in everything: the id decides, and 5 is the last id in order of bytes."""
    ids = ["b", "a", "Z", "é", "c"]
    found = rfm(orders(*((k, T, 10) for k in range(5))), ids)
    assert [(s["member_id"], s["r"], s["f"], s["m"]) for s in found["scores"]] == [
        ("Z", 1, 1, 1), ("a", 2, 2, 2), ("b", 3, 3, 3), ("c", 4, 4, 4), ("é", 5, 5, 5),
    ]  # fmt: skip


def test_rfm_ranks_the_recent_the_frequent_and_the_big_spenders_highest() -> None:
    rows = [(k, T + k * DAY, 100) for k in range(5)] + [(0, T - DAY, 5_000), (1, T - DAY, 1)]
    found = {s["member_id"]: (s["r"], s["f"], s["m"]) for s in rfm(orders(*rows), ["m0", "m1", "m2", "m3", "m4"])["scores"]}
    assert found == {"m0": (1, 4, 5), "m1": (2, 5, 4), "m2": (3, 1, 1), "m3": (4, 2, 2), "m4": (5, 3, 3)}


def test_a_shift_by_months_clips_the_day_and_keeps_the_wall_time() -> None:
    assert shift_months(at("2028-02-29T10:00-05:00"), -12, NEW_YORK) == at("2027-02-28T10:00-05:00")
    assert shift_months(at("2017-07-01T00:00-04:00"), -6, NEW_YORK) == at("2017-01-01T00:00-05:00")


def test_a_shift_into_the_gap_of_summer_time_takes_the_instant_after_it() -> None:
    """02:30 does not exist on 12 March 2017 in New York: by the offset before the gap it is 03:30 summer time."""
    assert shift_months(at("2017-02-12T02:30-05:00"), 1, NEW_YORK) == at("2017-03-12T03:30-04:00")


def test_a_shift_into_a_doubled_hour_takes_the_first() -> None:
    assert shift_months(at("2017-10-05T01:30-04:00"), 1, NEW_YORK) == at("2017-11-05T01:30-04:00")


def test_months_begin_at_local_midnight() -> None:
    starts, names = month_bounds(at("2026-01-31T20:00+00:00"), at("2026-02-01T00:00+00:00"), SHANGHAI)
    assert names == ["2026-02"] and starts.tolist() == [at("2026-02-01T00:00+08:00")]


def test_half_a_unit_is_rounded_up() -> None:
    from fractions import Fraction

    assert [half_up(Fraction(n, 2)) for n in (-3, -1, 1, 3)] == [-1, 0, 1, 2]
