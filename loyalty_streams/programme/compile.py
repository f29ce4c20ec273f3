"""Versions of a programme to the integer tables that the kernel reads. Nothing is compiled in Numba for it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from loyalty_streams.core.codes import NEVER
from loyalty_streams.core.kernel.records import (
    ADDITIVE,
    EFFECT_END_OF_DAY,
    EFFECT_IMMEDIATE,
    EFFECT_NEVER,
    EFFECT_PERIOD_END,
    LINE_EXACT,
    MAX,
    MULTIPLICATIVE,
    NO_FILTER,
    OVERRIDE,
    POLICY_DEBT,
    POLICY_PENDING,
    POLICY_WITHIN,
    PROPORTIONAL,
    STACK,
)
from loyalty_streams.core.kernel.records import Programme as Record
from loyalty_streams.core.programme import Compiled, FactPolicy, Version
from loyalty_streams.programme.compile_conditions import any_line
from loyalty_streams.programme.compile_rules import compile_rules
from loyalty_streams.programme.compile_tables import Literals, Tables, fill, span
from loyalty_streams.programme.compile_tiers import compile_metrics, compile_stages, compile_tiers, metric_name
from loyalty_streams.programme.compile_wallets import carry_terms, compile_wallets, idle_terms, no_terms
from loyalty_streams.programme.conditions import Condition, leaves
from loyalty_streams.programme.currencies import MINOR_DIGITS
from loyalty_streams.programme.load import Loaded, in_force
from loyalty_streams.programme.models import Programme, status_bits
from loyalty_streams.programme.registry import Registry, RegistryFull
from loyalty_streams.programme.tiers import Metric
from loyalty_streams.programme.zone import month_starts, transitions

MULTIPLIERS = {None: ADDITIVE, "additive": ADDITIVE, "multiplicative": MULTIPLICATIVE, "max": MAX}
EFFECTS = {"never": EFFECT_NEVER, "immediate": EFFECT_IMMEDIATE, "end_of_day": EFFECT_END_OF_DAY, "period_end": EFFECT_PERIOD_END}
POLICIES = {"debt": POLICY_DEBT, "within_balance": POLICY_WITHIN, "only_pending": POLICY_PENDING}
LINE_ORIENTED = ("sku", "category", "kind", "qty")
SWITCHED_OFF = (
    "has_tiers", "has_stages", "has_idle", "has_limits", "has_birthday_rule", "has_tier_rule", "balance_metric", "uses_birthday",
    "uses_enrolled", "uses_lines", "tier_split",
)  # fmt: skip
"""What a programme does not do before its first version."""


def compile_versions(versions: Sequence[Loaded], registry: Registry) -> Compiled:
    """All versions of one programme. The registry learns their new names; where the programme is refused it stays as it was.

    Raises ProgrammeError: versions that cannot stand beside each other, more of something than there is room for, two literals of one code.
    """
    ordered = in_force(list(versions))
    grown, literals = registry.copy(), Literals()
    metrics = _metrics(ordered)
    slots = _slots(ordered, metrics, grown)
    begins = ordered[0].programme.effective_from is not None
    tables = np.zeros(len(ordered) + begins, Record)
    parts = [Tables(tables[row], loaded, grown, literals, slots) for row, loaded in enumerate(ordered, int(begins))]
    for part in parts:
        no_terms(part.record)
        _compile(part, metrics)
    for before, after in pairwise(parts):
        carry_terms(before.record, after.record)
    if begins:
        _before_the_first(tables[0], parts[0])
    for row in range(len(tables) - 1, 0, -1):
        _know_ahead(tables[row - 1]["settings"], tables[row]["settings"])
    starts = [-NEVER if v.programme.effective_from is None else v.programme.effective_from for v in ordered]
    starts, ends = ([-NEVER] if begins else []) + starts, [*starts[begins == 0 :], NEVER]
    for row, (start, end) in enumerate(zip(starts, ends, strict=True)):
        fill(tables[row]["settings"], effective_from=start, effective_until=end)
        _names(parts[-1], tables[row])
    newest = ordered[-1].programme
    told = [_version(part, start, end) for part, start, end in zip(parts, starts[begins:], ends[begins:], strict=True)]
    empty = [Version(newest.programme, 0, -NEVER, starts[1], "", "", facts=told[0].facts)] if begins else []
    registry.adopt(grown)
    return Compiled(
        tables, registry.names(), (*empty, *told), newest.currency, MINOR_DIGITS[newest.currency], newest.time_zone, literals.texts,
        registry.find("wallets", newest.main_wallet),
    )  # fmt: skip


def _metrics(versions: Sequence[Loaded]) -> list[Metric]:
    """The metrics of all versions, each once, in order of their first use."""
    found = {metric_name(m): m for v in versions if v.programme.tiers for m in v.programme.tiers.metrics}
    return list(found.values())


def _slots(versions: Sequence[Loaded], metrics: Sequence[Metric], registry: Registry) -> dict[str, int]:
    """The slot of each metric. Raises E-TOO-MANY where the versions, old ones included, measure more than there are slots."""
    out = {}
    for metric in metrics:
        try:
            out[metric_name(metric)] = registry.number("metrics", metric_name(metric))
        except RegistryFull as full:
            t = Tables(None, versions[-1], registry, Literals(), {})
            raise t.too_many(str(full), "four metrics over all versions", ("tiers",)) from None
    return out


def _compile(t: Tables, metrics: Sequence[Metric]) -> None:
    """One version. Wallets and tiers are numbered first, in the order of the file."""
    programme = t.programme
    for name in programme.wallets:
        t.number("wallets", name)
    for name in programme.tiers.names() if programme.tiers else ():
        t.code(name)
        t.number("tiers", name)
    _zone(t)
    compile_metrics(t, metrics)
    compile_wallets(t)
    compile_rules(t)
    compile_tiers(t)
    compile_stages(t)
    _settings(t)
    _redeem(t)
    _returns(t)
    t.put("n", attributes=len(t.attributes))


def _zone(t: Tables) -> None:
    changes = transitions(t.programme.time_zone)
    t.room("zone_at", len(changes) - 1)
    t.record["zone_at"][: len(changes)] = [at for at, _ in changes]
    t.record["zone_offset"][: len(changes)] = [offset for _, offset in changes]
    t.record["month_start"][:] = month_starts(len(t.record["month_start"]))
    t.put("n", zone=len(changes))


def _settings(t: Tables) -> None:
    programme = t.programme
    amount, combine, read = programme.order_amount, programme.combine, _conditions(programme)
    by_line = any(rule.form == "per_unit" for rule in programme.earn.values()) or any(g.scope == "line" for g in combine.groups.values())
    looks_at_lines = any(leaf.field in LINE_ORIENTED for tree in read for leaf in leaves(tree))
    excludes = bool(amount.exclude or (programme.tiers and programme.tiers.exclude))
    t.put(
        "settings", main_wallet=t.wallet(programme.main_wallet), multipliers=MULTIPLIERS[combine.multipliers],
        tier_and_base=STACK if combine.tier_and_base == "stack" else OVERRIDE, tax_excluded=int(amount.tax == "excluded"),
        net_tender=int(amount.points_tender == "net"), order_minimum=amount.minimum, exclude=any_line(t, amount.exclude, NO_FILTER),
        tier_split=int(amount.tier_split == "split"), earn_statuses=status_bits(programme.statuses.earn),
        redeem_statuses=status_bits(programme.statuses.redeem), uses_lines=int(by_line or looks_at_lines or excludes or bool(t.filters)),
        lateness=programme.facts.lateness.micros, dedupe=int(programme.identity.duplicate_bonus == "dedupe"),
        has_idle=int(any(w.expires is not None and w.expires.from_ == "last_activity" for w in programme.wallets.values())),
        uses_birthday=int(any(leaf.field == "birthday_window" for tree in read for leaf in leaves(tree))),
        uses_enrolled=int(any(leaf.field == "enrolled_days" for tree in read for leaf in leaves(tree))),
    )  # fmt: skip


def _conditions(programme: Programme) -> list[Condition]:
    """The conditions that are judged on whole facts and on members."""
    trees: list[Condition | None] = [rule.when for rule in programme.earn.values()]
    trees += [x.when for wallet in programme.wallets.values() if wallet.expires for x in wallet.expires.extend]
    trees += [other.when for other in (programme.tiers.ladders if programme.tiers else ())]
    return [tree for tree in trees if tree is not None]


def _redeem(t: Tables) -> None:
    redeem, worth = t.programme.redeem, t.programme.wallets.get(t.programme.redeem_wallet)
    most = redeem.maximum
    share = most.share_of_order if most and worth and worth.unit_value else None
    if share and worth and worth.unit_value and max(share.numerator, share.denominator) * 10**9 >= 1 << 62:
        raise t.refuse("E-PERCENT", "the percentage is too fine to be reckoned exactly", ("redeem", "maximum", "share_of_order"))
    t.put(
        "settings", redeem_wallet=t.wallet(t.programme.redeem_wallet), redeem_unit=redeem.unit, redeem_minimum=redeem.minimum,
        redeem_maximum=most.points or 0 if most else 0, redeem_share_num=share.numerator if share else 0,
        redeem_share_den=share.denominator if share else 0, redeem_lifetime=redeem.lifetime_at_least,
        reserve_for=redeem.reserve_for.micros, **span("restore_grace_", redeem.restore),
    )  # fmt: skip


def _returns(t: Tables) -> None:
    returns = t.programme.returns
    t.put(
        "settings", clawback=PROPORTIONAL if returns.clawback == "proportional" else LINE_EXACT, policy=POLICIES[returns.policy],
        tier_effect=EFFECTS[returns.tier_effect], later_unlinked=int(returns.later == "unlinked"), **span("within_", returns.within),
    )  # fmt: skip


def _before_the_first(record: Any, first: Tables) -> None:
    """The programme before the first version: the same clock, wallets and metrics, no rules, no tiers, no stages."""
    for name in ("zone_at", "zone_offset", "month_start", "terms", "metrics"):
        record[name] = first.record[name]
    idle_terms(record)
    record["metrics"]["judged"] = 0
    fill(record["n"], zone=first.record["n"]["zone"], filters=1)
    settings = record["settings"]
    for name in settings.dtype.names:
        settings[name] = first.record["settings"][name]
    fill(settings, exclude=NO_FILTER, tier_exclude=NO_FILTER, reset_wallet=-1, rate_den=1, **dict.fromkeys(SWITCHED_OFF, 0))


def _know_ahead(settings: Any, later: Any) -> None:
    """The attribute that a later version checks tiers by is noted from the first fact: a profile may say it only once."""
    if not settings["check_attribute"]:
        settings["check_attribute"] = later["check_attribute"]


def _names(t: Tables, record: Any) -> None:
    """How many names the registry has now, and the codes of tiers: facts name them."""
    fill(record["n"], wallets=t.registry.count("wallets"), metrics=t.registry.count("metrics"), tiers=t.registry.count("tiers"))
    tiers = t.registry.names().tiers
    record["tier_codes"][: len(tiers)] = [t.code(name) for name in tiers]


def _version(t: Tables, start: int, end: int) -> Version:
    digest = hashlib.sha256(t.loaded.text.encode()).hexdigest()
    return Version(
        t.programme.programme, t.programme.version, start, end, digest, t.loaded.text, tuple(t.texts), _labels(t.programme), _policy(t.programme)
    )


def _policy(programme: Programme) -> FactPolicy:
    f = programme.facts
    return FactPolicy(
        f.lateness.micros, f.remember.micros, f.unmerge_within.micros, f.claim_within.micros, f.future_tolerance.micros,
        f.beyond_lateness == "refuse",
    )


def _labels(programme: Programme) -> dict[str, dict[str, str]]:
    """Labels by `earn.ID`, `tiers.NAME`, `wallets.NAME`, and the programme's own by its id."""
    out = {f"earn.{name}": rule.label for name, rule in programme.earn.items()}
    out |= {f"wallets.{name}": wallet.label for name, wallet in programme.wallets.items()}
    out |= {f"tiers.{name}": label for name, label in (programme.tiers.labels if programme.tiers else {}).items()}
    out[f"programme.{programme.programme}"] = programme.label
    return {name: label for name, label in out.items() if label}
