"""Names: every wallet, tier, stage, rule and metric that a programme speaks of must be one that it has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from loyalty_streams.programme.conditions import Condition, leaves
from loyalty_streams.programme.look import Look
from loyalty_streams.programme.models import Programme
from loyalty_streams.programme.reading import words

NO_STAGE = "none"
"""The stage of a member without an order: no programme names it, conditions may."""


def check_names(look: Look) -> None:
    for part in (_main_wallet, _wallet_names, _metric_names, _tier_names, _condition_names, _rule_names):
        part(look)


def _main_wallet(look: Look) -> None:
    if not look.spendable:
        look.reading.report("E-MAIN-WALLET", "no wallet is spendable", look.at("wallets"), expected="at least one spendable wallet")
    elif not look.p.main_wallet:
        hint = "name one of them `points`, or say `redeem: {wallet: …}`"
        look.reading.report(
            "E-MAIN-WALLET", "nothing says which wallet rules pay into", look.at("wallets"), words(look.spendable), "one main wallet", hint
        )


def _wallet_names(look: Look) -> None:
    p = look.p
    wallet = p.redeem.wallet
    if look.known_at("wallet", wallet, look.wallets, "redeem", "wallet") and wallet not in look.spendable:
        look.reading.report("E-CONFLICT", f"`{wallet}` is not spendable", look.value_at("redeem", "wallet"), f"`{wallet}`", words(look.spendable))
    for name, rule in p.earn.items():
        look.known_at("wallet", rule.into, look.wallets, "earn", name, "into")
        if (
            rule.also is not None
            and look.known("wallet", rule.also, look.wallets, look.at("earn", name, "also", rule.also))
            and rule.also == (rule.into or p.main_wallet)
        ):
            look.reading.report(
                "E-CONFLICT", f"the rule pays into `{rule.also}` already", look.at("earn", name, "also"), hint="leave it out, or name another wallet"
            )
    if p.tiers:
        look.known_at("wallet", p.tiers.downgrade.reset, look.wallets, "tiers", "downgrade", "reset")


def _metric_names(look: Look) -> None:
    tiers = look.p.tiers
    if not tiers:
        return
    path = ("tiers", "metric") if tiers.metric else ("tiers", "any_of", "metrics")
    known = ("spend", "orders", "lifetime_spend", "balance", *look.wallets)
    for metric in tiers.metrics:
        if metric.kind == "wallet":
            look.known("metric", metric.wallet, known, look.at(*path, metric.name))
        elif metric.kind == "balance":
            look.known("wallet", metric.wallet, look.wallets, look.value_at(*path, "balance"))


def _tier_names(look: Look) -> None:
    for name, rule in look.p.earn.items():
        if rule.on.kind == "tier":
            look.known_at("tier", rule.on.name, look.tiers, "earn", name, "on", "tier")
    for name, wallet in look.p.wallets.items():
        for n, tier in enumerate(wallet.expires.suspend_in if wallet.expires else ()):
            look.known_at("tier", tier, look.tiers, "wallets", name, "expires", "suspend_in", n)
    for tier in look.p.tiers.labels if look.p.tiers else ():
        look.known("tier", tier, look.tiers, look.at("tiers", "labels", tier))
    if look.p.order_amount.tier_split == "split":
        metrics = look.p.tiers.metrics if look.p.tiers else ()
        if [m.kind for m in metrics] != ["spend"]:
            found = words(m.name for m in metrics) or "no tiers"
            look.reading.report(
                "E-NEEDS",
                "only tiers measured in spend can split an order",
                look.at("order_amount", "tier_split"),
                found,
                "`tiers: {metric: {spend: …}}`",
            )


def _condition_names(look: Look) -> None:
    for condition in _conditions(look.p):
        for leaf in leaves(condition):
            known = {"tier": look.tiers, "stage": (*look.stages, NO_STAGE) if look.stages else ()}.get(leaf.field)
            for literal in leaf.values if known is not None else ():
                look.known(leaf.field, literal.text, known or (), literal.mark)


def _conditions(p: Programme) -> Iterator[Condition]:
    """All conditions that may speak of a tier or a stage."""
    found: list[Any] = [rule.when for rule in p.earn.values()]
    found += [extension.when for w in p.wallets.values() if w.expires for extension in w.expires.extend]
    found += [other.when for other in (p.tiers.ladders if p.tiers else ())]
    yield from (c for c in found if c is not None)


def _rule_names(look: Look) -> None:
    for n, limit in enumerate(look.p.limits):
        for k, name in enumerate(limit.rules):
            look.known_at("rule", name, tuple(look.p.earn), "limits", n, "rules", k)
