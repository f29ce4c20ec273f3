"""Which forms of the language a trial exercised: a form counts when a decision shows that it was at work, not when it was written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from loyalty_streams.core.codes import EntryKind, FactKind, Outcome, Reason
from tests.oracle.programme import Rule, listed
from tests.simulation.family_coverage import OF_LATE, seen_of_late
from tests.simulation.programmes import texts
from tests.simulation.said import Decision
from tests.simulation.trial import Case, timeline_of
from tests.simulation.trial import Outcome as Found
from tests.simulation.vocabulary import PERIODS, Tree

OF_FAMILIES = (EntryKind.SIGNALLED,)
FORMS = ("proportional", "step", "multiply", "fixed", "per_unit")
STORED = (
    "LIMIT_REACHED", "BUDGET", "MAX_BALANCE", "EXCLUSIVE_GROUP", "OVERRIDDEN", "STATUS_BLOCKED", "BELOW_MINIMUM", "NOT_A_MULTIPLE", "ABOVE_MAXIMUM",
    "INSUFFICIENT", "INSUFFICIENT_LIFETIME", "IN_DEBT", "ALREADY_REVERSED", "RESERVATION_EXPIRED", "UNKNOWN_REDEMPTION", "UNKNOWN_ORDER",
    "OVER_RETURN", "TOO_LATE", "NOT_ALLOWED", "ALREADY_CONFIRMED",
)  # fmt: skip
WINDOWS = ("rolling", "calendar_month", "calendar_quarter", "calendar_half_year", "calendar_year", "since tier_change")
REQUIRED = (
    *(f"entry {k.name}" for k in EntryKind if k not in OF_FAMILIES),
    *(f"refused {name}" for name in STORED),
    *(f"cut in part {name}" for name in ("LIMIT_REACHED", "BUDGET", "MAX_BALANCE")),
    *(f"fact {k.name}" for k in FactKind if k != FactKind.TICK),
    *(f"form {form}" for form in FORMS),
    *(f"trigger {name}" for name in ("order", "birthday", "enrolment", "interaction", "tier")),
    *(f"multipliers {mode}" for mode in ("additive", "multiplicative", "max")),
    *(f"group {choose} by {scope}" for choose in ("highest", "lowest", "by_priority") for scope in ("order", "line")),
    "group stackable by order", "net tender", "tier split", "tax excluded", "lines excluded", "once member", "once year", "once moved on", "also",
    "decided GRANTED", "decided REFUSED", "redemption into debt", "oldest earned", "inactivity", "reset", "roll at maturity", "roll at expiry",
    "extension", "suspended expiry", "until action", "pending rounded", "from earning", "processed_at", "not_before_arrival",
    "restore with grace", "unlinked refund", "later unlinked", "points restored by a return", "other ladder", "several metrics", "balance metric",
    "tier excluded lines", "grace of a check", "minimum stay", "all passed", "tier locked",
    *(f"window {name}" for name in WINDOWS),
    *(f"check {name}" for name in ("window", "tier_anniversary", "join_anniversary", "calendar_year", "attribute")),
    *(f"fall to {name}" for name in ("metrics", "one_down", "base")),
    *(f"rule change {name}" for name in ("lazy", "upgrade_only", "full")),
    *(f"clawback {name}" for name in ("line_exact", "proportional")),
    *(f"policy {name}" for name in ("debt", "within_balance", "only_pending")),
    *(f"tier effect {name}" for name in ("never", "immediate", "end_of_day", "period_end")),
    *(f"limit scope {name}" for name in ("member", "order", "member_and_store")),
    *(f"limit per {name}" for name in (*PERIODS, "ever")), *OF_LATE, "sent away", "sent back",
)  # fmt: skip


def missing(covered: Mapping[str, int], required: tuple[str, ...] = REQUIRED) -> list[str]:
    """What the language has and no trial exercised."""
    return [name for name in required if not covered.get(name)]


def seen_in(case: Case, found: Found) -> set[str]:
    """The names of all forms that this trial exercised."""
    out = {f"fact {f.kind.name}" for f in case.facts}
    out |= {f"decided {f.outcome.name}" for f in case.facts if f.outcome != Outcome.NONE}
    by_cause: dict[str, list[Decision]] = {}
    for d in found.decisions:
        by_cause.setdefault(d.cause, []).append(d)
    kinds, timeline = {f.key: f.kind for f in case.facts}, timeline_of(tuple(texts(case.trees)))
    for cause, decisions in by_cause.items():
        tree = version_of(case, decisions[0])
        out.update(*(of_decision(d, tree, kinds.get(cause)) for d in decisions))
        if tree:
            out.update(of_fact(case, cause, decisions, tree))
    for fact in case.facts:
        if timeline.stand(fact.at, fact.arrived) != fact.at:
            out.update(seen_of_late(fact, by_cause.get(fact.key, [])))
    return out


def version_of(case: Case, d: Decision) -> Tree:
    """The version that a decision was made by; empty before the first."""
    at = d.version - (1 if "effective_from" in case.trees[0] else 0)
    return case.trees[at] if at >= 0 else {}


def of_decision(d: Decision, tree: Tree, cause: FactKind | None) -> Iterator[str]:  # noqa: PLR0912 (a row a form)
    yield f"entry {d.kind.name}"
    wallet = tree.get("wallets", {}).get(d.wallet, {})
    tiers = tree.get("tiers", {})
    if d.kind == EntryKind.REFUSED:
        yield f"refused {d.reason.name}"
    elif d.kind == EntryKind.EARNED:
        yield from of_earned(d, tree, wallet)
    elif d.kind == EntryKind.EXPIRED:
        yield {Reason.INACTIVE: "inactivity", Reason.RESET: "reset"}.get(d.reason, "expiry")
    elif d.kind == EntryKind.TRANSFERRED_OUT:
        yield {Reason.MATURED: "roll at maturity", Reason.MANUAL: "sent away"}.get(d.reason, "roll at expiry")
    elif d.kind == EntryKind.TRANSFERRED_IN and d.reason == Reason.NOT_ALLOWED:
        yield "sent back"
    elif d.kind == EntryKind.ACTIVATED and cause == FactKind.INTERACTION:
        yield "until action"
    elif d.kind == EntryKind.REDEEMED and d.bucket == 3:
        yield "redemption into debt"
    elif d.kind == EntryKind.RESTORED:
        yield "restore with grace" if isinstance(tree.get("redeem", {}).get("restore"), dict) else "restore"
        if cause in (FactKind.RETURN, FactKind.CANCELLATION, FactKind.EXCHANGE_RETURN):
            yield "points restored by a return"
    elif d.kind == EntryKind.TIER_CHANGED:
        yield from of_tier(d, tiers)
    elif d.kind == EntryKind.CLAWED_BACK:
        returns = tree.get("returns", {})
        yield f"clawback {returns.get('clawback', 'line_exact')}"
        yield f"policy {returns.get('policy', 'debt')}"
    elif d.kind == EntryKind.WRITTEN_OFF:
        yield f"policy {tree.get('returns', {}).get('policy', 'debt')}"
    if d.kind in (EntryKind.REDEEMED, EntryKind.RESERVED) and wallet.get("consume") == "oldest_earned":
        yield "oldest earned"
    if tiers and d.tier and d.tier in listed((wallet.get("expires") or {}).get("suspend_in")):
        yield "suspended expiry"


def of_earned(d: Decision, tree: Tree, wallet: Tree) -> Iterator[str]:
    if d.reason == Reason.RETURNED:
        yield "once moved on"
    elif d.reason:
        yield f"cut in part {d.reason.name}"
    raw = tree.get("earn", {}).get(d.rule)
    if raw is None:
        return
    rule = Rule(d.rule, raw, "")
    yield f"form {rule.form}"
    yield f"trigger {rule.trigger[0]}"
    if rule.once and rule.trigger[0] != "tier":
        yield f"once {rule.once}"
    if raw.get("also") and d.wallet in raw["also"]:
        yield "also"
    expires, pending = wallet.get("expires") or {}, wallet.get("pending") or {}
    yield from (f"{name}" for name in ("not_before_arrival",) if name in expires)
    yield from (name for name, there in (
        ("extension", "extend" in expires), ("processed_at", expires.get("base") == "processed_at"),
        ("from earning", expires.get("from") == "earning"),
        ("pending rounded", "round_up_to" in pending or "round_down_to" in pending),
    ) if there)  # fmt: skip
    for limit in listed(raw.get("limits")):
        yield f"limit per {limit['per']}"
    for limit in listed(tree.get("limits")):
        yield f"limit scope {limit.get('scope', 'member')}"


def of_tier(d: Decision, tiers: Tree) -> Iterator[str]:
    if d.reason == Reason.MANUAL:
        yield "tier locked"
        return
    if d.reason == Reason.IMPORTED or not tiers:
        return
    metrics: Any = tiers.get("metric") or tiers["any_of"]["metrics"]
    if len(metrics) > 1:
        yield "several metrics"
    for name, given in metrics.items():
        window = given.get("window") if isinstance(given, dict) else None
        if name == "balance":
            yield "balance metric"
        elif isinstance(window, dict):
            yield "window since tier_change"
        elif window:
            yield f"window {window}" if window.startswith("calendar_") else "window rolling"
    down = tiers.get("downgrade", {})
    if d.entered == "partner":
        yield "other ladder"
    if "exclude" in tiers:
        yield "tier excluded lines"
    if d.reason == Reason.CHECK:
        check = down.get("check", "window")
        yield f"check {check if isinstance(check, str) else 'attribute'}"
        yield f"fall to {down.get('to', 'metrics')}"
        yield from (name for name, field in (("grace of a check", "grace"), ("minimum stay", "minimum_stay")) if field in down)
    elif down.get("check", "window") == "window":
        yield "check window"


def of_fact(case: Case, cause: str, decisions: list[Decision], tree: Tree) -> Iterator[str]:
    """What only the decisions on one fact together show."""
    fact = next((f for f in case.facts if f.key == cause), None)
    earned = [d for d in decisions if d.kind == EntryKind.EARNED]
    combine, amount = tree.get("combine", {}), tree.get("order_amount", {})
    multiplied = {d.rule for d in decisions if d.rule and "multiply" in tree["earn"].get(d.rule, {})}
    if len(multiplied) > 1:
        yield f"multipliers {combine.get('multipliers', 'additive')}"
    for group in combine.get("groups", {}).values():
        if len({d.rule for d in decisions} & set(group["members"])) > 1:
            yield f"group {group['choose']} by {group.get('scope', 'order')}"
    changed = [d for d in decisions if d.kind == EntryKind.TIER_CHANGED]
    if tree.get("tiers", {}).get("gifts") == "all_passed" and changed and earned:
        yield "all passed"
    if fact is None:
        if changed and any(d.reason == Reason.RULE_CHANGE for d in changed):
            yield f"rule change {tree['tiers'].get('on_rule_change', 'lazy')}"
        return
    if changed and changed[0].reason == Reason.RULE_CHANGE:
        yield "rule change lazy"
    if fact.kind == FactKind.ORDER and earned:
        unit_value = tree["wallets"][tree.get("redeem", {}).get("wallet", "points")].get("unit_value")
        yield from (name for name, there in (
            ("net tender", fact.points > 0 and unit_value and amount.get("points_tender", "net") == "net"),
            ("tier split", amount.get("tier_split") == "split" and changed),
            ("tax excluded", amount.get("tax") == "excluded"), ("lines excluded", "exclude" in amount and fact.lines),
        ) if there)  # fmt: skip
    elif fact.kind in (FactKind.RETURN, FactKind.EXCHANGE_RETURN, FactKind.CANCELLATION):
        if any(d.kind == EntryKind.CLAWED_BACK for d in decisions) and tree.get("tiers"):
            yield f"tier effect {tree.get('returns', {}).get('tier_effect', 'immediate')}"
        if not fact.about:
            yield "unlinked refund"
        elif tree.get("returns", {}).get("later") == "unlinked":
            yield "later unlinked"
