"""Tiers and stages: one slot a metric of any version, ladders of rungs, the settings of checks, the bounds of stages."""

from __future__ import annotations

from collections.abc import Sequence

from loyalty_streams.core.codes import NEVER
from loyalty_streams.core.kernel.records import (
    CHECK_ATTRIBUTE,
    CHECK_JOIN,
    CHECK_TIER,
    CHECK_WINDOW,
    CHECK_YEAR,
    FULL,
    LAZY,
    M_BALANCE,
    M_LIFETIME,
    M_ORDERS,
    M_SPEND,
    M_WALLET,
    MAX_METRICS,
    NO_FILTER,
    PASS,
    TO_BASE,
    TO_METRICS,
    TO_ONE_DOWN,
    UPGRADE_ONLY,
    W_CALENDAR,
    W_NONE,
    W_ROLLING,
    W_SINCE_TIER,
)
from loyalty_streams.programme.compile_conditions import any_line, condition
from loyalty_streams.programme.compile_tables import PERIOD_NUMBERS, Tables, fill, span
from loyalty_streams.programme.conditions import Condition
from loyalty_streams.programme.lifecycle import Lifecycle
from loyalty_streams.programme.tiers import NO_NEED, Downgrade, Metric, Rung, Tiers
from loyalty_streams.programme.values import Duration

KINDS = {"spend": M_SPEND, "orders": M_ORDERS, "wallet": M_WALLET, "lifetime_spend": M_LIFETIME, "balance": M_BALANCE}
WINDOWS = {"rolling": W_ROLLING, "calendar": W_CALENDAR, "since_tier": W_SINCE_TIER, "none": W_NONE}
CHECKS = {"window": CHECK_WINDOW, "tier_anniversary": CHECK_TIER, "join_anniversary": CHECK_JOIN, "calendar_year": CHECK_YEAR}
FALLS = {"metrics": TO_METRICS, "one_down": TO_ONE_DOWN, "base": TO_BASE}
ON_CHANGE = {"lazy": LAZY, "upgrade_only": UPGRADE_ONLY, "full": FULL}
ONE_YEAR = Duration(months=12)


def metric_name(metric: Metric) -> str:
    """What makes two metrics one: kind, wallet and window."""
    return "/".join(part for part in (metric.kind, metric.wallet, str(metric.window)) if part)


def compile_metrics(t: Tables, known: Sequence[Metric]) -> None:
    """Every metric of any version, at its slot: a member is measured from the first fact, whichever version judges by it (S41)."""
    judged = {metric_name(m) for m in (t.programme.tiers.metrics if t.programme.tiers else ())}
    for metric in known:
        window, slot = metric.window, t.metrics[metric_name(metric)]
        fill(
            t.row("metrics", slot), kind=KINDS[metric.kind], wallet=t.number("wallets", metric.wallet) if metric.wallet else 0,
            window=WINDOWS[window.kind], months=window.months, period=PERIOD_NUMBERS[window.period] if window.period else 0,
            judged=int(metric_name(metric) in judged),
        )  # fmt: skip


def compile_tiers(t: Tables) -> None:
    tiers = t.programme.tiers
    t.put("settings", tier_exclude=NO_FILTER, reset_wallet=-1, at_least=1)
    if tiers is None:
        return
    ladders: list[tuple[Condition | None, tuple[Rung, ...]]] = [*((other.when, other.ladder) for other in tiers.ladders), (None, tiers.ladder)]
    lo = 0
    for position, (when, rungs) in enumerate(ladders):
        for place, rung in enumerate(rungs, lo):
            _rung(t, place, rung, tiers.metrics)
        row = t.row("ladders", position)
        fill(row, condition=PASS if when is None else condition(t, when), lo=lo, hi=lo + len(rungs))
        lo += len(rungs)
    t.put("n", ladders=len(ladders), rungs=lo)
    t.put(
        "settings", has_tiers=1, shown_metric=t.metrics[metric_name(tiers.metrics[0])], metrics=len(tiers.metrics),
        at_least=tiers.at_least, tier_exclude=any_line(t, tiers.exclude, NO_FILTER),
        on_rule_change=ON_CHANGE[tiers.on_rule_change], all_passed=int(tiers.gifts == "all_passed"),
        balance_metric=int(any(m.kind == "balance" for m in tiers.metrics)), **span("notice_", tiers.notice_before),
    )  # fmt: skip
    _downgrade(t, tiers.downgrade, tiers)


def _rung(t: Tables, place: int, rung: Rung, metrics: Sequence[Metric]) -> None:
    """A rung needs nothing that can be met of a metric that it does not name."""
    needs = dict.fromkeys(range(MAX_METRICS), NO_NEED)
    for metric, need in zip(metrics, rung.needs, strict=True):
        needs[t.metrics[metric_name(metric)]] = need
    fill(t.row("rungs", place), tier=t.number("tiers", rung.tier), **{f"need{slot}": need for slot, need in needs.items()})


def _downgrade(t: Tables, down: Downgrade, tiers: Tiers) -> None:
    check = down.check
    by_attribute = isinstance(check, tuple)
    keep = down.keep_for or (ONE_YEAR if check == "tier_anniversary" else None)
    t.put(
        "settings", check=CHECK_ATTRIBUTE if by_attribute else CHECKS[str(check)], check_attribute=t.attribute(check[1]) if by_attribute else 0,
        to=FALLS[down.to], reset_wallet=t.wallet(down.reset), **span("keep_", keep), **span("grace_", down.grace), **span("stay_", down.minimum_stay),
    )  # fmt: skip


def compile_stages(t: Tables) -> None:
    """Stages in order of precedence; a bound that a stage does not name never ends it."""
    lifecycle: Lifecycle | None = t.programme.lifecycle
    if lifecycle is None:
        return
    for position, name in enumerate(lifecycle.precedence):
        stage = lifecycle.stages[name]
        fill(
            t.row("stages", position), id=t.number("stages", name), idle_from=stage.idle.micros if stage.idle else 0,
            idle_until=stage.last_order_within.micros if stage.last_order_within else NEVER, orders_at_least=stage.orders_at_least or 0,
            first_within=stage.first_order_within.micros if stage.first_order_within else NEVER,
        )  # fmt: skip
    t.put("n", stages=len(lifecycle.precedence))
    t.put("settings", has_stages=int(bool(lifecycle.precedence)))
