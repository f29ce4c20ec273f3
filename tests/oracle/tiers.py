"""Tiers: what is measured, which rung it gives, when a member is judged, and stages of life (T092 to T116, T196,
T197, S41 to S49)."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

from loyalty_streams.core.codes import NEVER, AttrKind, Bucket, EntryKind, Reason
from tests.oracle.calendar import EPOCH, Span, add_months, end_of, local_date, midnight, rolling_changes, span, start_of
from tests.oracle.conditions import holds_for_member
from tests.oracle.earning import earn
from tests.oracle.lots import expire, place_of, source_code, suspended
from tests.oracle.model import Mark, Member
from tests.oracle.programme import Version, listed

Rungs = list[tuple[str, dict[str, int]]]
LONG = Span(months=12)


# ---- what is measured ----


def marks_of(m: Member, metric: str) -> list[Mark]:
    if metric == "spend":
        return m.spend_marks
    return m.order_marks if metric == "orders" else m.wallet_marks.get(metric, [])


def window_of(given: Any) -> str | dict[str, str]:
    window: str | dict[str, str] = given["window"]
    return window


def measure(m: Member, v: Version, metric: str, given: Any, at: int) -> int:
    """A metric at an instant: the sum of what lies in its window."""
    if metric == "balance":
        return m.purse(given).available()
    if metric == "lifetime_spend":
        return m.lifetime_spend
    return sum(x.value for x in inside(m, v, given, marks_of(m, metric), at))


def inside(m: Member, v: Version, given: Any, marks: list[Mark], at: int) -> list[Mark]:
    """The purchases that lie in the window of a metric at an instant."""
    window = window_of(given)
    if isinstance(window, dict):
        return [x for x in marks if x.epoch == m.epoch]
    if window.startswith("calendar_"):
        start = start_of(window.removeprefix("calendar_"), at, v.zone)
        return [x for x in marks if start <= x.at]
    return [x for x in marks if at < leaves(x.at, window, v)]


def leaves(p: int, window: str, v: Version) -> int:
    """When a purchase leaves a rolling window, for good: at the first instant at which it is no longer inside (T110)."""
    return rolling_changes(p, span(window).months, v.zone)[0]


def rungs_of(m: Member, v: Version) -> Rungs:
    """The ladder of this member: the first whose condition holds, else the common one (T114)."""
    if not v.tiers:
        return []
    for other in listed(v.tiers.get("ladders")):
        if holds_for_member(other["when"], m, v):
            return v.ladder(other["ladder"])
    return v.ladder(v.tiers["ladder"])


def rung_of(m: Member, v: Version, at: int) -> str:
    """The highest rung whose needs are met (T092)."""
    return highest_rung(m, v, {name: measure(m, v, name, given, at) for name, given in v.metrics().items()})


def highest_rung(m: Member, v: Version, values: dict[str, int]) -> str:
    """The highest rung of which at least so many needs are met (T104)."""
    at_least = int(v.section("tiers", "any_of").get("at_least", 1))
    rungs = rungs_of(m, v)
    reached = rungs[0][0]
    for tier, needs in rungs[1:]:
        if sum(values[name] >= need for name, need in needs.items()) >= at_least:
            reached = tier
    return reached


def place(m: Member, v: Version, tier: str) -> int:
    """The rung's number on the member's ladder, -1 where it is not on it."""
    names = [t for t, _ in rungs_of(m, v)]
    return names.index(tier) if tier in names else -1


# ---- judging ----


def judge(m: Member, v: Version, *, down: bool, reason: Reason = Reason.METRIC) -> None:
    """Move the member to the rung that the metrics give: up at once, down where this occasion may."""
    if not v.tiers or m.now < m.locked_until:
        return
    target = rung_of(m, v, m.now)
    here, there = place(m, v, m.tier), place(m, v, target)
    if here < 0 or there > here or (there < here and down):
        with m.where_it_stands():
            change(m, v, target, reason)


def falls_at_once(v: Version) -> bool:
    """Whether facts and points may cost a tier: where it is a balance, and no periodic check keeps it (S42)."""
    return v.check() == "window" and "balance" in v.metrics()


def weigh(m: Member, v: Version) -> None:
    """After what moves a balance alone."""
    if v.tiers and "balance" in v.metrics():
        retier(m, v)


def retier(m: Member, v: Version) -> None:
    """After anything that may have raised a metric."""
    if v.tiers:
        judge(m, v, down=falls_at_once(v))


def change(m: Member, v: Version, to: str, reason: Reason, gifts: bool = True, locked: int = 0) -> None:
    """Enter a tier; what it gives on entry is paid right after (T106, T107, S20)."""
    before, here, there = m.tier, place(m, v, m.tier), place(m, v, to)
    metric, given = next(iter(v.metrics().items()))
    need = dict(rungs_of(m, v))[to].get(metric)
    m.post(
        EntryKind.TIER_CHANGED,
        reason=reason,
        left=before,
        entered=to,
        basis=measure(m, v, metric, given, m.now),
        desired=need,
    )
    m.tier, m.tier_since, m.kept_at = to, m.now, m.now
    m.graced_until, m.tier_until, m.locked_until = 0, 0, locked
    m.epoch, m.changed_at = m.epoch + 1, m.now
    lapse_what_is_due(m, v)
    if gifts:
        after_change(m, v, here, there)


def after_change(m: Member, v: Version, here: int, there: int) -> None:
    """The gifts of a tier reached, and the tier that they, or what has lapsed, lead to in turn (S20, S25, S42)."""
    if there > here:
        entry_gifts(m, v, here, there)
    if there > here or falls_at_once(v):
        judge(m, v, down=falls_at_once(v))


def entry_gifts(m: Member, v: Version, here: int, there: int) -> None:
    """What rules give for the tiers reached, lowest first (T106, S20)."""
    names = [t for t, _ in rungs_of(m, v)]
    passed = names[here + 1 : there] if v.tiers.get("gifts") == "all_passed" and here >= 0 else []
    for tier in [*passed, names[there]]:
        earn(m, v, v.rules_on("tier", tier))


def lapse_what_is_due(m: Member, v: Version) -> None:
    """What the tier that was left had held back lapses at once (T055, S25)."""
    due = [x for purse in m.purses.values() for x in purse.lots if x.remaining and x.expires_at <= m.now]
    for lot in sorted(due, key=place_of):
        if not suspended(m, v, lot.wallet):
            expire(m, v, lot)


# ---- the periodic check ----


def check_due(m: Member, v: Version) -> int:
    """When the tier is checked next; NEVER where it is not (S43)."""
    if not v.tiers or v.check() == "window" or m.tier == "":
        return NEVER
    if place(m, v, m.tier) <= 0 and "reset" not in v.downgrade():
        return NEVER
    if m.graced_until:
        return m.graced_until
    if m.tier_until:
        return m.tier_until
    earliest = m.tier_since
    if "minimum_stay" in v.downgrade():
        earliest = v.shift(m.tier_since, span(v.downgrade()["minimum_stay"]))
    for k in range(1 if v.check() == "join_anniversary" else 0, 400):
        t = period_end(m, v, k)
        if t is None:
            return NEVER
        if t > max(m.kept_at, m.check_known_at) and t >= earliest:
            return t
    return NEVER


def period_end(m: Member, v: Version, k: int) -> int | None:
    """The k-th instant at which a check may come."""
    check = v.check()
    if check == "tier_anniversary":
        return v.shift(m.kept_at, span(v.downgrade().get("keep_for", "1 year")).times(k))
    if check == "join_anniversary":
        return v.shift(m.enrolled_at, LONG.times(k))
    if check == "calendar_year":
        return midnight(local_date(m.kept_at, v.zone).replace(month=1, day=1, year=local_date(m.kept_at, v.zone).year + k), v.zone)
    found = m.attributes.get(v.downgrade()["check"]["attribute"])
    if found is None or not isinstance(found[1], int):
        return None
    kind, value = found
    if kind == AttrKind.DATE:
        return midnight(add_months((EPOCH + timedelta(days=value)).date(), 12 * k), v.zone)
    return v.shift(value, LONG.times(k)) if kind == AttrKind.INSTANT else None


def notice_due(m: Member, v: Version) -> int:
    """When a member hears that the next check would not keep the tier (T108, S47)."""
    due = check_due(m, v)
    if "notice_before" not in v.tiers or due >= NEVER or m.locked_until > m.now or due in m.noticed or place(m, v, m.tier) <= 0:
        return NEVER
    return v.shift(due, span(v.tiers["notice_before"]), -1)


def notice(m: Member, v: Version) -> None:
    due = check_due(m, v)
    m.noticed.add(due)
    if place(m, v, rung_at_check(m, v, due)) < place(m, v, m.tier):
        metric, given = next(iter(v.metrics().items()))
        need = dict(rungs_of(m, v))[m.tier].get(metric)
        found = measure_at_check(m, v, metric, given, due)
        m.post(EntryKind.TIER_NOTICED, reason=Reason.CHECK, left=m.tier, ref=str(due), basis=found, desired=need)


def run_check(m: Member, v: Version) -> None:
    """The periodic check: kept, up, a grace, or down; then the reset (T097 to T103, S43). A calendar window is
    judged whole."""
    names = [t for t, _ in rungs_of(m, v)]
    here, there = place(m, v, m.tier), place(m, v, rung_at_check(m, v, m.now))
    down = v.downgrade()
    target = there
    if there > here:
        change(m, v, names[there], Reason.METRIC, gifts=False)
    elif there == here:
        m.kept_at, m.graced_until, m.tier_until = m.now, 0, 0
    elif "grace" in down and not m.graced_until:
        m.graced_until = v.shift(m.now, span(down["grace"]))
        return
    else:
        target = {"metrics": there, "one_down": here - 1, "base": 0}[down.get("to", "metrics")]
        change(m, v, names[target], Reason.CHECK, gifts=False)
    if "reset" in down:
        reset(m, v, down["reset"])
    if target != here:  # what the new tier gives is not swept away with the old points
        after_change(m, v, here, target)


def rung_at_check(m: Member, v: Version, due: int) -> str:
    """The rung that a check finds, or would find if nothing happened until then (T109, S47)."""
    return highest_rung(m, v, {name: measure_at_check(m, v, name, given, due) for name, given in v.metrics().items()})


def measure_at_check(m: Member, v: Version, metric: str, given: Any, due: int) -> int:
    """A check at the first instant of a calendar period counts the period that ended (T097, T111)."""
    window = given.get("window") if isinstance(given, dict) else None
    if isinstance(window, str) and window.startswith("calendar_"):
        period = window.removeprefix("calendar_")
        if start_of(period, due, v.zone) == due:
            start = start_of(period, due - 1, v.zone)
            return sum(x.value for x in marks_of(m, metric) if start <= x.at < due)
    return measure(m, v, metric, given, due)


def reset(m: Member, v: Version, wallet: str) -> None:
    """Empty a wallet after the check (T097)."""
    purse = m.purse(wallet)
    for lot in sorted(purse.lots, key=place_of):
        expire(m, v, lot, Reason.RESET)
    if purse.flat > 0:
        m.post(EntryKind.EXPIRED, wallet, -purse.flat, reason=Reason.RESET)
        purse.flat = 0
    for f in sorted((f for f in m.follows if f.wallet == wallet), key=lambda f: (f.earned_at, source_code(f.source), f.number)):
        m.follows.remove(f)
        purse.flat_pending -= f.points
        m.post(EntryKind.EXPIRED, wallet, -f.points, Bucket.PENDING, reason=Reason.RESET, ref=f.source)


# ---- windows ----


def window_changes(m: Member, v: Version, after: int) -> int:
    """The next instant at which a window of the programme loses something."""
    out = [NEVER]
    for metric, given in (v.metrics() if v.tiers else {}).items():
        window = given.get("window") if isinstance(given, dict) else None
        if not isinstance(window, str):
            continue
        sums = Counter[int]()
        for mark in marks_of(m, metric):
            sums[mark.at] += mark.value
        for at, value in sums.items():
            if value == 0 or (v.check() != "window" and value > 0):
                continue  # a tier falls at its check; only money given back lets it rise when it leaves
            if window.startswith("calendar_"):
                out += [t for t in [end_of(window.removeprefix("calendar_"), at, v.zone)] if t > after]
            else:
                out += [t for t in [leaves(at, window, v)] if t > after]
    return min(out)


def reassessment(v: Version, effect: str, at: int) -> int:
    """When a return lowers the tier at the latest: the end of its day, or of the metric's period (T082, S44)."""
    if effect == "end_of_day":
        return end_of("day", at, v.zone)
    windows = [g.get("window") for g in v.metrics().values() if isinstance(g, dict)]
    calendar = [w.removeprefix("calendar_") for w in windows if isinstance(w, str) and w.startswith("calendar_")]
    return min(end_of(period, at, v.zone) for period in calendar or ["month"])


# ---- stages ----


def stage_bounds(m: Member, v: Version) -> list[int]:
    """The instants at which a bound of a stage is crossed."""
    out = []
    for name, bounds in v.section("lifecycle").items():
        if name == "precedence" or m.last_at == -NEVER:
            continue
        out += [m.last_at + span(bounds[b]).exact for b in ("idle", "last_order_within") if b in bounds]
        out += [m.first_at + span(bounds[b]).exact for b in ("first_order_within",) if b in bounds]
    return out


def stage_holds(m: Member, bounds: dict[str, str]) -> bool:
    if m.last_at == -NEVER:
        return False
    met = {
        "idle": lambda t: m.now >= m.last_at + span(t).exact,
        "last_order_within": lambda t: m.now < m.last_at + span(t).exact,
        "first_order_within": lambda t: m.now < m.first_at + span(t).exact,
        "orders_at_least": lambda t: m.order_count >= int(t),
    }
    return all(met[name](text) for name, text in bounds.items())


def judge_stage(m: Member, v: Version, by_order: bool = False) -> None:
    """The first stage of the precedence that holds; none holds: the stage stays (T196, T197, S49)."""
    stages = v.section("lifecycle")
    names = listed(stages.get("precedence")) or [n for n in stages if n != "precedence"]
    found = next((n for n in names if stage_holds(m, stages[n])), m.stage)
    if found == m.stage:
        return
    before, m.stage, m.stage_since = m.stage, found, m.now
    with m.where_it_stands():
        m.post(EntryKind.STAGE_CHANGED, left=before, entered=found)
        if by_order and "idle" in stages.get(before, {}):
            m.post(EntryKind.REACTIVATED, left=before, entered=found)
