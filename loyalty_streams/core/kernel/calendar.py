"""Calendar arithmetic on int64 microseconds UTC; the time zone is a table of transitions.

A shift that meets a missing wall time takes the instant after the gap by the same offset; one that meets a doubled wall time takes the first.
"""

from __future__ import annotations

from loyalty_streams.core.codes import DAY, NEVER
from loyalty_streams.core.kernel.jit import kernel, leaf
from loyalty_streams.core.kernel.records import PERIOD_DAY, PERIOD_EVER, PERIOD_HALF, PERIOD_MONTH, PERIOD_QUARTER, PERIOD_WEEK

FAR = 1000
MORNING = DAY // 4  # clocks change before six


@leaf
def offset_at(p, t):
    """The zone's offset from UTC at an instant, in microseconds."""
    last = p.n.zone - 1
    return p.zone_offset[last] if t >= p.zone_at[last] else earlier_offset(p, t)


@kernel
def earlier_offset(p, t):
    """The offset before the last transition, found by halving."""
    lo, hi = 0, p.n.zone - 1
    while lo < hi:
        mid = (lo + hi + 1) // 2
        if p.zone_at[mid] <= t:
            lo = mid
        else:
            hi = mid - 1
    return p.zone_offset[lo]


@leaf
def instant(p, local):
    """The instant of a wall time (microseconds since 1970 as the wall clock shows them)."""
    last = p.n.zone - 1
    return local - p.zone_offset[last] if local - DAY >= p.zone_at[last] else earlier_instant(p, local)


@kernel
def earlier_instant(p, local):
    """The instant of a wall time about which the clocks may change."""
    earlier = local - earlier_offset(p, local - DAY)
    if offset_at(p, earlier) == local - earlier:
        return earlier
    later = local - offset_at(p, local + DAY)
    if offset_at(p, later) == local - later:
        return later
    return earlier


@leaf
def local_day(p, t):
    return (t + offset_at(p, t)) // DAY


@leaf
def civil(p, day):
    """Day number -> (month number since 1970, day of month from 0), by one look into the table of month starts."""
    k = max(0, min((day * 400 * 12) // 146_097, p.month_start.size - 2))
    if p.month_start[k] > day:
        k -= 1
    elif p.month_start[k + 1] <= day:
        k += 1
    return k, day - p.month_start[k]


@leaf
def clipped(p, month, day_of_month):
    """The day number of a day (from 0) of a month, or of the month's last day."""
    last = p.month_start[month + 1] - 1
    day = p.month_start[month] + day_of_month
    return day if day < last else last


@leaf
def midnight(p, day):
    """The instant at which a local day begins."""
    return instant(p, day * DAY)


@leaf
def day_begun(p, t):
    """The last local day that has begun; where clocks go back over midnight, the day before it returns for a while."""
    day = local_day(p, t)
    if t - DAY >= p.zone_at[p.n.zone - 1]:  # no clocks change any more
        return day
    return day + 1 if midnight(p, day + 1) <= t else day


@leaf
def read_date(p, f):
    """The fact's local date, once: day number, month since 1970, day of month from 0, time of day."""
    local = f.at + offset_at(p, f.at)
    f.day = local // DAY
    f.month, f.month_day = civil(p, f.day)
    f.clock = local - f.day * DAY


@kernel
def shift(p, t, months, days, micros):
    """Adds calendar months (the day clipped to the month's end), then calendar days, both at the same wall time, then exact time."""
    if months or days:
        local = t + offset_at(p, t)
        day = local // DAY
        clock = local - day * DAY
        if months:
            k, d = civil(p, day)
            day = clipped(p, k + months, d)
        t = instant(p, (day + days) * DAY + clock)
    return t + micros


@leaf
def shift_date(p, f, t, months, days, micros):
    """`shift` of an instant that mostly is the fact's own, whose date is known."""
    if t != f.at or f.month < 0:
        return shift(p, t, months, days, micros)
    day = clipped(p, f.month + months, f.month_day) if months else f.day
    return (instant(p, (day + days) * DAY + f.clock) if months or days else t) + micros


@leaf
def leaves_window(p, f, at, months):
    """The first instant T with shift(T, -months) > at: from then on a purchase at `at` is outside [T - months, T) (T110)."""
    k, d = f.month, f.month_day
    if at != f.at or k < 0 or at < p.zone_at[p.n.zone - 1] or p.month_start[k] + d + 1 >= p.month_start[k + 1]:
        return leaves_slowly(p, at, months)
    if p.month_start[k + months] + d >= p.month_start[k + months + 1]:
        return midnight(p, p.month_start[k + months + 1])
    return instant(p, (p.month_start[k + months] + d) * DAY + f.clock) + 1  # clocks stay, and this is not the last day of a month


@kernel
def leaves_slowly(p, at, months):
    """`leaves_window` where clocks may change or days are clipped."""
    local = at + offset_at(p, at)
    day = local // DAY
    k, d = civil(p, day)
    if p.month_start[k + months] + d >= p.month_start[k + months + 1]:
        return midnight(p, p.month_start[k + months + 1])
    clock = local - day * DAY
    wall = (p.month_start[k + months] + d) * DAY + clock
    if clock < MORNING:
        wall -= lost_before(p, at)
    due = instant(p, wall) + 1
    if due - 1 + offset_at(p, due - 1) != wall:  # a missing hour: the clocks jump over that time of day
        due = last_change(p, due)
    while shift(p, due, -months, 0, 0) <= at:  # the last day of a month lasts for all that are clipped to it; in a doubled hour it comes again
        due = next_edge(p, due, clock)
    return due


@kernel
def lost_before(p, at):
    """How much later it is by the clock because an hour was missing just before an instant: wall times of that hour mean it as well."""
    change = last_change(p, at + 1)
    jump = offset_at(p, at) - offset_at(p, change - 1)
    return jump if jump > 0 and at - change < jump else 0


@kernel
def last_change(p, t):
    """The last transition of the zone before an instant."""
    k = p.n.zone - 1
    while k > 0 and p.zone_at[k] >= t:
        k -= 1
    return p.zone_at[k]


@kernel
def next_edge(p, t, clock):
    """The next instant at which a shift may jump: midnight, just after that time of day, or a transition of the zone."""
    today = local_day(p, t)
    edge = midnight(p, today + 1)
    after = instant(p, today * DAY + clock) + 1
    if after > t:
        edge = min(edge, after)
    for k in range(p.n.zone):
        if p.zone_at[k] > t:
            return min(edge, p.zone_at[k])
    return edge


@leaf
def months_in(period):
    return 1 if period == PERIOD_MONTH else 3 if period == PERIOD_QUARTER else 6 if period == PERIOD_HALF else 12


@leaf
def period_number(day, month, period):
    """A number that is the same for all days of one calendar period. Weeks begin on Monday, half-years on 1 January and 1 July."""
    if period == PERIOD_EVER:
        return 0
    if period == PERIOD_DAY:
        return day
    if period == PERIOD_WEEK:
        return (day + 3) // 7
    return month // months_in(period)


@kernel
def period_end(p, t, period):
    """The end of the local period that contains the instant: the start of the next."""
    if period == PERIOD_EVER or t >= NEVER:
        return NEVER
    day = local_day(p, t)
    if period == PERIOD_DAY:
        return midnight(p, day + 1)
    if period == PERIOD_WEEK:
        return midnight(p, (day + 3) // 7 * 7 + 4)
    n = months_in(period)
    return midnight(p, p.month_start[civil(p, day)[0] // n * n + n])


@kernel
def period_start(p, t, period):
    """The start of the local period that contains the instant."""
    day = local_day(p, t)
    if period == PERIOD_DAY:
        return midnight(p, day)
    if period == PERIOD_WEEK:
        return midnight(p, (day + 3) // 7 * 7 - 3)
    n = months_in(period)
    return midnight(p, p.month_start[civil(p, day)[0] // n * n])


@kernel
def birthday_in(p, year, birthday):
    """The day number of a birthday (yyyymmdd) in a year; 29 February falls on the 28th in other years (T014)."""
    return clipped(p, (year - 1970) * 12 + birthday // 100 % 100 - 1, birthday % 100 - 1)


@leaf
def birthday_distance(w, p):
    """Days from the nearest birthday to the fact's date, negative before it; far away where the birthday is not known."""
    day, c = w.fact.day, w.ctl
    if w.head.birthday == 0:
        return FAR
    if not c.born_from <= day < c.born_to:
        find_birthdays(w, p)
    return day - c.born_from if day - c.born_from <= c.born_to - day else day - c.born_to


@kernel
def find_birthdays(w, p):
    """The last birthday on or before the fact's date and the next one, kept for the facts to come (`born_to` 0: not known)."""
    year, birthday, c = 1970 + w.fact.month // 12, w.head.birthday, w.ctl
    this = birthday_in(p, year, birthday)
    if w.fact.day >= this:
        c.born_from, c.born_to = this, birthday_in(p, year + 1, birthday)
    else:
        c.born_from, c.born_to = birthday_in(p, year - 1, birthday) if year > 1970 else this - FAR, this


@leaf
def know_date(w, p):
    """The date of the fact in hand, or of the timer that fires, where it has not been reckoned yet."""
    if w.fact.month < 0:
        reckon_date(w, p)


@kernel
def reckon_date(w, p):
    date_of_fact(w, p)


@leaf
def date_of_fact(w, p):
    """The date, and what conditions ask of the member that depends on it: kept with the fact in hand."""
    f, h = w.fact, w.head
    read_date(p, f)
    if p.settings.uses_birthday:
        f.birthday_distance = birthday_distance(w, p)
    if p.settings.uses_enrolled:
        f.enrolled_days = (f.at - h.enrolled_at) // DAY


@kernel
def next_birthday(p, t, birthday):
    """The first birthday midnight strictly after an instant."""
    if birthday == 0:
        return NEVER
    year = 1970 + civil(p, local_day(p, t))[0] // 12
    at = midnight(p, birthday_in(p, year, birthday))
    return at if at > t else midnight(p, birthday_in(p, year + 1, birthday))


@leaf
def year_of(p, t):
    return 1970 + civil(p, local_day(p, t))[0] // 12
