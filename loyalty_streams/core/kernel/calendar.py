"""Calendar arithmetic on int64 microseconds UTC; the time zone is a table of transitions.

A shift that meets a missing wall time takes the instant after the gap by the same offset; one that meets a doubled wall time takes the first.
"""

from __future__ import annotations

from loyalty_streams.core.codes import DAY, NEVER
from loyalty_streams.core.kernel.jit import kernel, leaf
from loyalty_streams.core.kernel.records import PERIOD_DAY, PERIOD_EVER, PERIOD_HALF, PERIOD_MONTH, PERIOD_QUARTER, PERIOD_WEEK

FAR = 1000


@leaf
def offset_at(p, t):
    """The zone's offset from UTC at an instant, in microseconds."""
    lo, hi = 0, p.n.zone - 1
    if t >= p.zone_at[hi]:
        return p.zone_offset[hi]
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
    if local - DAY >= p.zone_at[p.n.zone - 1]:
        return local - p.zone_offset[p.n.zone - 1]
    earlier = local - offset_at(p, local - DAY)
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


@kernel
def leaves_window(p, at, months):
    """The first instant T with shift(T, -months) > at: from then on a purchase at `at` is outside [T - months, T) (T110)."""
    local = at + offset_at(p, at)
    day = local // DAY
    k, d = civil(p, day)
    if p.month_start[k + months] + d >= p.month_start[k + months + 1]:
        return midnight(p, p.month_start[k + months + 1])
    clock = local - day * DAY
    wall = (p.month_start[k + months] + d) * DAY + clock
    due = instant(p, wall) + 1
    if due - 1 + offset_at(p, due - 1) != wall:  # a missing hour: the clocks jump over that time of day
        due = last_change(p, due)
    while shift(p, due, -months, 0, 0) <= at:  # the last day of a month lasts for all that are clipped to it; in a doubled hour it comes again
        due = next_edge(p, due, clock)
    return due


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
def birthday_distance(p, f, birthday):
    """Days from the nearest birthday to the fact's date, negative before it; far away where the birthday is not known."""
    if birthday == 0:
        return FAR
    year = 1970 + f.month // 12
    days = f.day - birthday_in(p, year, birthday)
    if days > 0:
        before_next = f.day - birthday_in(p, year + 1, birthday)
        return before_next if -before_next < days else days
    if days < 0 and year > 1970:
        after_last = f.day - birthday_in(p, year - 1, birthday)
        return after_last if after_last <= -days else days
    return days


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
