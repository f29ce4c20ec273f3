"""The numbers a retailer steers by: who comes again, who stays away, what an order and a member bring (T198 to T200).

All definitions are those of "Definitions of the numbers in reports"; windows are half-open and end at `as_of`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from loyalty_streams.reports.arithmetic import mean, rate, total
from loyalty_streams.reports.instants import DAY, month_bounds
from loyalty_streams.reports.orders import Orders

Ints = npt.NDArray[np.int64]
HEALTHY = (20, 50)
"""Percent of issued points that are redeemed in a programme in good health, both ends included (T200)."""


@dataclass(frozen=True, slots=True)
class Flow:
    """Points issued, redeemed and expired in one span of time."""

    issued: int = 0
    redeemed: int = 0
    expired: int = 0


def kpis(orders: Orders, as_of: int, zone: ZoneInfo, ever: Flow, year: Flow, tiers: dict[str, Ints]) -> dict[str, Any]:
    """`report kpis --json`.

    `ever` and `year` are points over everything and over the last 12 months, `tiers` the accounts by tier now.
    """
    members = len(orders.starts())
    spend = total(orders.amount)
    return {
        "members": members,
        "orders": len(orders),
        "spend_minor": spend,
        "repurchase_30d": repurchase(orders, as_of),
        "repurchase_30d_net": _net(repurchase(orders.kept(), as_of)),
        "churn_90d": churn_by_tier(orders, as_of, tiers),
        "active_share": active_share(orders, as_of),
        "monthly_active": monthly_active(orders, zone),
        "new_members": new_members(orders, zone),
        "cohort_retention": cohort_retention(orders, zone),
        "aov_minor": mean(spend, len(orders)),
        "mean_ltv_minor": mean(spend, members),
        "orders_per_member": rate(len(orders), members),
        "redemption_rate": rate(ever.redeemed, ever.issued),
        "redemption_rate_12m": rate(year.redeemed, year.issued),
        "redemption_alert": redemption_alert(year),
        "breakage_rate": rate(ever.expired, ever.issued),
    }


def repurchase(orders: Orders, as_of: int) -> dict[str, Any]:
    """Members whose second order is at most 30 × 86,400 s after the first.

    `mature` are those whose first order is at least 30 days before `as_of`.
    """
    first = orders.starts()
    second = first + 1
    has_second = second <= orders.ends()
    soon = np.zeros(len(first), np.bool_)
    soon[has_second] = orders.at[second[has_second]] - orders.at[first[has_second]] <= 30 * DAY
    mature = orders.at[first] <= as_of - 30 * DAY
    again, old = int(soon.sum()), int(mature.sum())
    again_old = int((soon & mature).sum())
    return {
        "repeaters": again, "base": len(first), "rate": rate(again, len(first)),
        "repeaters_mature": again_old, "base_mature": old, "rate_mature": rate(again_old, old),
    }  # fmt: skip


def _net(figures: dict[str, Any]) -> dict[str, Any]:
    return {name: figures[name] for name in ("repeaters", "base", "rate")}


def churn(orders: Orders, as_of: int, among: npt.NDArray[np.bool_] | None = None) -> dict[str, Any]:
    """Members with an order before `as_of` − 90 d; churned: those without one since. `among`: a flag an account."""
    first, last = orders.starts(), orders.ends()
    edge = as_of - 90 * DAY
    base = orders.at[first] < edge
    if among is not None:
        base &= among[orders.member[first]]
    churned = base & (orders.at[last] < edge)
    return {"churned": int(churned.sum()), "base": int(base.sum()), "rate": rate(int(churned.sum()), int(base.sum()))}


def churn_by_tier(orders: Orders, as_of: int, tiers: dict[str, Ints]) -> dict[str, Any]:
    """90-day churn of all, and of the members of each tier held at `as_of`."""
    accounts = int(orders.member.max()) + 1 if len(orders) else 0
    out = churn(orders, as_of)
    by_tier = {}
    for name, members in tiers.items():
        among = np.zeros(accounts, np.bool_)
        among[members[members < accounts]] = True
        by_tier[name] = churn(orders, as_of, among)
    return {**out, "by_tier": by_tier}


def active_share(orders: Orders, as_of: int) -> dict[str, Any]:
    """Members with an order in the last 30 days, among all members."""
    last = orders.at[orders.ends()]
    active = int((last >= as_of - 30 * DAY).sum())
    return {"active": active, "base": len(last), "rate": rate(active, len(last))}


def _months(orders: Orders, zone: ZoneInfo) -> tuple[Ints, list[str]]:
    """The month of each order as a number from the first one, and the names of the months."""
    starts, names = month_bounds(int(orders.at.min()), int(orders.at.max()), zone)
    return np.searchsorted(starts, orders.at, side="right").astype(np.int64) - 1, names


def monthly_active(orders: Orders, zone: ZoneInfo) -> dict[str, int]:
    """Distinct members with an order, by calendar month of the programme's zone."""
    if not len(orders):
        return {}
    month, names = _months(orders, zone)
    pairs = np.unique(orders.member * len(names) + month)
    counts = np.bincount(pairs % len(names), minlength=len(names))
    return dict(zip(names, counts.tolist(), strict=True))


def new_members(orders: Orders, zone: ZoneInfo) -> dict[str, int]:
    """Members by the month of their first order."""
    if not len(orders):
        return {}
    month, names = _months(orders, zone)
    counts = np.bincount(month[orders.starts()], minlength=len(names))
    return dict(zip(names, counts.tolist(), strict=True))


def cohort_retention(orders: Orders, zone: ZoneInfo) -> dict[str, list[int]]:
    """By month of the first order: distinct members with an order k months later, k from 0 to the last month."""
    if not len(orders):
        return {}
    month, names = _months(orders, zone)
    n, starts = len(names), orders.starts()
    sizes = np.diff(np.append(starts, len(orders)))
    cohort = np.repeat(month[starts], sizes)
    seen = np.unique((orders.member * n + cohort) * n + month)
    table = np.zeros((n, n), np.int64)
    np.add.at(table, (seen // n % n, seen % n - seen // n % n), 1)
    return {name: table[k, : n - k].tolist() for k, name in enumerate(names) if table[k, 0]}


def redemption_alert(year: Flow) -> str | None:
    """Why the 12-month redemption rate is no longer healthy; None while it is, or where nothing was issued."""
    if not year.issued:
        return None
    if 100 * year.redeemed < HEALTHY[0] * year.issued:
        return f"below {HEALTHY[0]} %"
    return f"above {HEALTHY[1]} %" if 100 * year.redeemed > HEALTHY[1] * year.issued else None
