"""The planted bugs: one small edit each, and what it breaks in words of the domain."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Mutant:
    """`old` occurs exactly once in the file (below `loyalty_streams/`); `new` takes its place. `breaks`: what a member would see; `tests`: what
    it is tried against.
    """

    name: str
    file: str
    old: str
    new: str
    breaks: str
    tests: tuple[str, ...]


def planter(folder: str, *tests: str) -> Callable[[str, str, str, str, str], Mutant]:
    """Plants bugs in the modules of a folder, to be tried against some tests."""

    def planted(name: str, module: str, old: str, new: str, breaks: str) -> Mutant:
        return Mutant(name, f"{folder}{module}.py", old, new, breaks, tests)

    return planted


KERNEL = "core/kernel/"
planted = planter(KERNEL, "tests/statements/test_stories.py", "tests/programmes", "tests/mutants/check_histories.py")
pooling = planter(KERNEL, "tests/statements/test_pools.py")


MUTANTS = (
    # ---- lots ----
    planted(
        "lots-expire-late", "lifetimes", "            return lot.expires_at\n", "            return lot.expires_at + 1\n",
        "a lot outlives its own instant of expiry (T052)",
    ),
    planted(
        "lots-out-of-order", "lots", "        return lot.expires_at < expires\n", "        return lot.expires_at <= expires - 86_400_000_000\n",
        "a lot that dies within a day of another may be spent after it (T032)",
    ),
    planted(
        "lots-newest-first", "lots", "lot.earned_at < w.lots[best].earned_at", "lot.earned_at > w.lots[best].earned_at",
        "`oldest_earned` spends the newest points first (T033)",
    ),
    planted(
        "debt-unpaid", "lots", "rest = pay_debt(w, wallet, at, points, source, g.n) if x.debt and not dead(w, p, wallet, g.expires) else points",
        "rest = points",
        "new points do not pay what the member owes (T088)",
    ),
    planted(
        "pending-matures-late", "lifetimes", "min(h.activation_due, lot.activates_at)", "min(h.activation_due, lot.activates_at + 1)",
        "pending points are not available at their own instant (T023)",
    ),
    planted(
        "expiry-from-earning", "lots", "activates if t.expires == FROM_ACTIVATION else earned)", "earned)",
        "validity counts from earning where it should from activation (T028)",
    ),
    planted(
        "smallest-extension", "lots", "ends = max(ends, shift(p, plain, x.months", "ends = min(ends, shift(p, plain, x.months",
        "of several extensions the smallest wins (T049)",
    ),
    planted(
        "suspended-lots-lapse", "lifetimes", "return bits != 0 and w.head.tier >= 0 and", "return bits != 0 and w.head.tier >= 63 and",
        "points lapse in a tier that keeps them (T055)",
    ),
    # ---- earning ----
    planted(
        "multiplier-whole", "earning", "c.points = base * (rule.num - rule.den) // (p.settings", "c.points = base * rule.num // (p.settings",
        "a multiplier pays the base once more (T010)",
    ),
    planted(
        "minimum-exclusive", "earning", "base_holds = f.eligible >= g.order_minimum", "base_holds = f.eligible > g.order_minimum",
        "an order of exactly the minimum earns nothing (T006)",
    ),
    planted(
        "valid-through", "earning", "f.at >= rule.valid_until", "f.at > rule.valid_until",
        "a rule pays at the instant at which it is no longer valid (T012)",
    ),
    planted(
        "tie-by-priority-reversed", "earning", "return a.priority < b.priority or", "return a.priority > b.priority or",
        "in a group the higher priority number wins (T008)",
    ),
    planted(
        "rewards-counted", "basket", "if line.mask & mask == mask and line.kind != REWARD:", "if line.mask & mask == mask:",
        "free reward lines count towards a quantity (T007)",
    ),
    planted(
        "tender-earns", "basket", "return eligible - paid", "return eligible",
        "what points paid for earns points again (T011)",
    ),
    # ---- caps ----
    planted(
        "limit-forgets-period", "caps", "            if c.period != period:\n", "            if c.period > period:\n",
        "what a limit counted yesterday is counted today (T119)",
    ),
    planted(
        "times-one-more", "caps", "if used_of(w, p, limit) >= limit.times:", "if used_of(w, p, limit) > limit.times:",
        "a rule pays once more than its limit says (T017)",
    ),
    planted(
        "balance-without-pending", "caps", "room = most - x.available - x.pending", "room = most - x.available",
        "pending points do not count towards the maximum balance (T124)",
    ),
    # ---- tiers ----
    planted(
        "threshold-above", "tiers", "if value >= need(rung, m):", "if value > need(rung, m):",
        "a threshold reached exactly gives no tier (T092)",
    ),
    planted(
        "no-term-kept", "tiers", "rung > now or (rung < now and may_fall)", "rung > now or rung < now",
        "a tier is lost in the middle of its term (T101)",
    ),
    planted(
        "grace-twice", "tiers", "g.grace_micros) and h.tier_grace == 0:", "g.grace_micros):",
        "a check that fails is postponed for ever (T103)",
    ),
    planted(
        "tier-of-the-new-order", "marks", "        gauge.since -= amount\n", "        gauge.since -= 0\n",
        "a return does not lower what counts since the last change of tier (T098)",
    ),
    # ---- timers ----
    planted(
        "facts-before-timers", "timers", "    while h.due <= t:\n", "    while h.due < t:\n",
        "at one instant a fact comes before what is due (S2)",
    ),
    planted(
        "idle-not-restarted", "timers", "            start_clock(w, p, i, w.fact.at)\n", "            start_clock(w, p, i, max(w.wallets[i].idle_since, 1))\n",
        "activity does not extend the life of points (T045)",
    ),
    planted(
        "birthday-twice", "timers", "if h.birthday_year != year and", "if",
        "a birthday edited within the year brings a second gift (T014)",
    ),
    # ---- redemption ----
    planted(
        "time-out-late", "redemption", "x.ref == ref if ref else x.until <= at:\n            y = ", "x.ref == ref if ref else x.until < at:\n            y = ",
        "a reservation holds beyond its time (T061)",
    ),
    planted(
        "overdrawn", "redemption", "return INSUFFICIENT if points > x.available else 0", "return INSUFFICIENT if points > x.available + 1 else 0",
        "a redemption may take a point that is not there (T060)",
    ),
    planted(
        "restored-young", "redemption", "put_back(w, source, n, wallet, earned, expires, granted, rest)", "put_back(w, source, n, wallet, at, expires, granted, rest)",
        "points come back younger than they were (T065)",
    ),
    # ---- returns ----
    planted(
        "remainder-to-the-last", "spreading", "        if w.factor[k] > lo:\n", "        if w.factor[k] >= lo:\n",
        "lines of equal remainder get more points than the order has (T072)",
    ),
    planted(
        "limits-not-given-back", "caps", "c.used = max(0, c.used - given)", "c.used = max(0, c.used)",
        "a return does not open the limit that its points used (T083)",
    ),
    planted(
        "returned-order-counts", "returns", "        w.head.orders -= 1\n", "        w.head.orders -= 0\n",
        "an order brought back whole is still one of the member's orders (T020)",
    ),
    # ---- stages and reminders ----
    planted(
        "stage-a-moment-late", "stages", "        if idle < s.idle_from:\n", "        if idle <= s.idle_from:\n",
        "a member is not at risk on the day itself (T196)",
    ),
    planted(
        "reminds-of-one-lot", "reminders", "                    total += lot.remaining\n", "                    total = lot.remaining\n",
        "a reminder tells of one lot where several die on the date (T053)",
    ),
    # ---- pack ----
    planted(
        "microseconds-lost", "pack", "    return put(b, at, zigzag(d) << 2)\n", "    return put(b, at, zigzag(d // 1000 * 1000) << 2)\n",
        "a state put away and read again has lost the microseconds of its instants (I9)",
    ),
    # ---- pools ----
    pooling(
        "gifts-are-shared", "lifetimes", "if w.span[POOLS].hi and counts:", "if w.span[POOLS].hi:",
        "points by hand that waited go to pools as if they were earned (T148)",
    ),
    pooling(
        "the-dead-are-shared", "lots", "    if not dead(w, p, w.lots[i].wallet, w.lots[i].expires_at):\n", "    if True:\n",
        "a pool is given points that had died before they came (T148)",
    ),
    pooling(
        "more-than-the-lot-holds", "pools", "part = min(exact_share(points, w.pools[k].share, WHOLE), lot.remaining)",
        "part = exact_share(points, w.pools[k].share, WHOLE)",
        "what has paid a debt goes to a pool as well (T148)",
    ),
    pooling(
        "a-share-is-added", "pools", "        if w.pools[k].about == f.about:\n            i = k\n", "        if w.pools[k].about == f.about:\n            i = s.hi\n",
        "who changes the share of a pool is in it twice (T148)",
    ),
)  # fmt: skip
