"""What happens by time alone: every source of timers is asked for its next instant, and the earliest one fires (S2)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

from loyalty_streams.core.codes import NEVER, EntryKind, Reason
from tests.oracle.calendar import birthday_in, local_date, midnight, span
from tests.oracle.earning import earn
from tests.oracle.lots import activate_all, expire, place_of, suspended, tidy, whole_days
from tests.oracle.model import Lot, Member
from tests.oracle.programme import Timeline, Version, listed
from tests.oracle.redemption import let_go
from tests.oracle.tiers import (
    check_due,
    judge,
    judge_stage,
    notice,
    notice_due,
    place,
    retier,
    run_check,
    stage_bounds,
    weigh,
    window_changes,
)

Timer = tuple[int, int, Callable[[], None]]


def stand_at(m: Member, timeline: Timeline, t: int) -> None:
    m.now, m.here_position = t, timeline.position(t)
    m.here = timeline.at(t)


def advance(m: Member, timeline: Timeline, to: int) -> None:
    """Everything due at or before an instant happens, in order of its instant; then the member stands there."""
    while not m.ended:
        due = min(timers(m, timeline), key=lambda t: (t[0], t[1]), default=None)
        if due is None or due[0] > to:
            break
        stand_at(m, timeline, due[0])
        m.when, m.arrived, m.cause, m.version = m.now, m.now, f"timer/{m.now}", m.here_position
        due[2]()
        settle(m, timeline.at(m.now))
    m.through = max(m.through, to)


def timers(m: Member, timeline: Timeline) -> Iterator[Timer]:
    """The next instant of every source, with its rank within one instant."""
    start = next((v.start for v in timeline.versions if v.start > m.now), NEVER)
    yield start, 0, lambda: version_starts(m, timeline)
    for held in m.redemptions.values():
        if held.state == "open":
            yield max(held.until, m.now), 1, lambda held=held: time_out(m, timeline, held)  # type: ignore[misc]
    v, past = timeline.at(m.now), max(m.through, m.now - 1)
    waiting = [activation_due(x) for x in all_lots(m)] + [f.activates_at for f in m.follows]
    yield min(waiting, default=NEVER), 2, lambda: activations(m, v)
    yield window_changes(m, v, max(past, m.windows_seen)), 3, lambda: windows(m, v)
    yield m.reassess_at or NEVER, 4, lambda: reassess(m, v)
    yield unlock_due(m), 3, lambda: unlock(m, v)
    yield max(check_due(m, v), m.now, m.locked_until), 5, lambda: run_check(m, v)
    if notice_due(m, v) > past:
        yield notice_due(m, v), 6, lambda: notice(m, v)
    yield min((expiry_due(m, v, x) for x in all_lots(m)), default=NEVER), 7, lambda: expiries(m, v)
    for wallet in v.wallets:
        yield lapse_due(m, v, wallet), 8, lambda wallet=wallet: lapse(m, v, wallet)  # type: ignore[misc]
    yield birthday_due(m, v, past), 9, lambda: birthday(m, v)
    bounds = [t for t in stage_bounds(m, v) if t > max(past, m.stage_seen)]
    yield min([*bounds, m.stage_at or NEVER]), 10, lambda: stage_bound(m, v)
    for at, wallet, day, days in reminders(m, v, past):
        yield at, 11, lambda wallet=wallet, day=day, days=days: remind(m, v, wallet, day, days)  # type: ignore[misc]


def all_lots(m: Member) -> list[Lot]:
    return [x for purse in m.purses.values() for x in purse.lots if x.remaining]


# ---- versions ----


def version_starts(m: Member, timeline: Timeline) -> None:
    """A version's start: tiers are judged as it says; one that its ladder lacks always (T112, S46)."""
    v = timeline.at(m.now)
    m.stage_at = m.now
    if not v.tiers:
        return
    policy = v.tiers.get("on_rule_change", "lazy")
    if m.tier == "":
        open_tier(m, v)
    m.check_known_at = m.now
    if v.check() == "window":
        m.graced_until = m.tier_until = 0
    if place(m, v, m.tier) < 0 or policy == "full":
        judge(m, v, down=True, reason=Reason.RULE_CHANGE)
    elif policy == "upgrade_only":
        judge(m, v, down=False, reason=Reason.RULE_CHANGE)
    m.lazy = policy == "lazy"


def open_tier(m: Member, v: Version) -> None:
    """The lowest rung of the member's ladder, since now, without an entry (S3)."""
    from tests.oracle.tiers import rungs_of

    rungs = rungs_of(m, v)
    if rungs:
        m.tier, m.tier_since, m.kept_at = rungs[0][0], m.now, m.now


# ---- points ----


def time_out(m: Member, timeline: Timeline, held) -> None:  # type: ignore[no-untyped-def]
    v = timeline.at(m.now)
    let_go(m, v, held, "timed_out", Reason.TIMED_OUT)
    weigh(m, v)


def activation_due(lot: Lot) -> int:
    return lot.activates_at if lot.pending else NEVER


def activations(m: Member, v: Version) -> None:
    due = [x for x in all_lots(m) if activation_due(x) <= m.now]
    activate_all(m, v, due, [f for f in m.follows if f.activates_at <= m.now])
    retier(m, v)


def expiry_due(m: Member, v: Version, lot: Lot) -> int:
    """Its date; where its tier has held it back, the instant at which that ended (S25)."""
    return NEVER if suspended(m, v, lot.wallet) else max(lot.expires_at, m.now)


def expiries(m: Member, v: Version) -> None:
    due = [x for x in all_lots(m) if x.expires_at <= m.now and not suspended(m, v, x.wallet)]
    for lot in sorted(due, key=place_of):
        expire(m, v, lot)
    weigh(m, v)


def settle(m: Member, v: Version) -> None:
    """After a fact or timer: lots with nothing left are no lots, and clocks of inactivity run where they should."""
    for wallet in m.purses:
        tidy(m, wallet)
    start_clocks(m, v)


def start_clocks(m: Member, v: Version) -> None:
    """Inactivity counts where the version says so; a clock that does not run starts with the points that come in (S23)."""
    for wallet in v.wallets:
        purse = m.purse(wallet)
        if v.expires(wallet).get("from") != "last_activity":
            purse.idle_since = None
        elif purse.idle_since is None and purse.available() + purse.pending() > 0:
            purse.idle_since = purse.idle_known = m.now


def active_at(m: Member, wallet: str, t: int) -> None:
    """Activity at an instant: one that comes late counts only where nothing newer was known (S23, S51)."""
    purse = m.purse(wallet)
    if t >= purse.idle_known:
        purse.idle_since = purse.idle_known = t


def lapse_due(m: Member, v: Version, wallet: str) -> int:
    """When the whole wallet lapses by inactivity (T045, T047, S23)."""
    given, since = v.expires(wallet), m.purse(wallet).idle_since
    return NEVER if since is None or given.get("from") != "last_activity" else max(v.shift(since, span(given["after"])), m.now)


def lapse(m: Member, v: Version, wallet: str) -> None:
    purse = m.purse(wallet)
    purse.idle_since = None
    for lot in sorted(purse.lots, key=place_of):
        expire(m, v, lot, Reason.INACTIVE)
    weigh(m, v)


# ---- tiers ----


def windows(m: Member, v: Version) -> None:
    m.windows_seen = m.now
    judge(m, v, down=v.check() == "window")


def reassess(m: Member, v: Version) -> None:
    m.reassess_at = 0
    judge(m, v, down=True)


def unlock_due(m: Member) -> int:
    return max(m.locked_until, m.now) if m.locked_until else NEVER


def unlock(m: Member, v: Version) -> None:
    """On the date that a lock ends the tier is judged by the metrics (T113)."""
    m.locked_until = 0
    judge(m, v, down=True)


# ---- the member's calendar ----


def birthday_due(m: Member, v: Version, past: int) -> int:
    """The next birthday at 00:00 in a year without a gift (T014, S19)."""
    if m.birthday is None:
        return NEVER
    first = local_date(max(past, m.birthday_seen), v.zone).year
    days = [midnight(birthday_in(y, *m.birthday), v.zone) for y in range(first, first + 3) if y not in m.birthday_years]
    return min((t for t in days if t > max(past, m.birthday_seen)), default=NEVER)


def birthday(m: Member, v: Version) -> None:
    m.birthday_seen = m.now
    if v.rules_on("birthday"):
        m.birthday_years.add(local_date(m.now, v.zone).year)
        earn(m, v, v.rules_on("birthday"))
        retier(m, v)


def stage_bound(m: Member, v: Version) -> None:
    m.stage_seen, m.stage_at = m.now, 0
    judge_stage(m, v)


def reminders(m: Member, v: Version, past: int) -> Iterator[tuple[int, str, object, int]]:
    """Due at 00:00 of the expiry's date less the threshold, once a (wallet, date, threshold) (T053, T054)."""
    for wallet in v.wallets:
        thresholds = [whole_days(x) for x in listed(v.wallets[wallet].get("remind"))]
        for days, lot in [(days, x) for days in thresholds for x in sorted(m.purse(wallet).lots, key=place_of)]:
            if lot.expires_at < NEVER:
                day = local_date(lot.expires_at, v.zone)
                at = midnight(day - timedelta(days=days), v.zone)
                if at > past and at > lot.activates_at and (wallet, day, days) not in m.reminded:
                    yield at, wallet, day, days


def remind(m: Member, v: Version, wallet: str, day, days: int) -> None:  # type: ignore[no-untyped-def]
    m.reminded.add((wallet, day, days))
    if suspended(m, v, wallet):
        return
    lots = [x for x in m.purse(wallet).lots if x.expires_at < NEVER and local_date(x.expires_at, v.zone) == day]
    points = sum(x.remaining for x in lots if x.activates_at < m.now)
    if points:
        m.post(EntryKind.REMINDED, wallet, ref=str(midnight(day, v.zone)), basis=points, desired=days)
