"""Bugs planted in the agents: what comes late, twice, amended or too early."""

from __future__ import annotations

from tests.mutants.catalogue import planter

planted = planter("agents/", "tests/mutants/check_orders.py")
"""Tried against arrivals worked by hand, and random ones against the oracle."""
ORDER_MUTANTS = (
    # ---- how a fact ends ----
    planted(
        "lower-revision-amends", "judging", "    elif new[1] < old[1]:\n", "    elif new[1] < old[1] - 1:\n",
        "an older revision that comes after a newer one is a conflict instead of being passed over (T152)",
    ),
    planted(
        "copy-in-a-batch-counts", "judging", "    often = {key for key, n in Counter(keys).items() if n > 1}", "    often = {key for key, n in Counter(keys).items() if n > 2}",
        "an order delivered twice in one batch gives points twice (T151, T153)",
    ),
    planted(
        "amendment-of-anybody", "judging", "    elif new[2] != old[2]:\n", "    elif new[2] == b\"\":\n",
        "an amendment moves an order to another member",
    ),
    planted(
        "tick-forgotten", "judging", "member[at < known.tick]", "member[at < known.tick - 86_400_000_000]",
        "a redemption stamped before an expiry that a tick has booked comes to nothing (T052)",
    ),
    planted(
        "equal-instants-as-they-come", "judging", "        if c.keys[rows[i + 1]] < c.keys[rows[i]]:\n", "        if c.keys[rows[i + 1]] < b\"\":\n",
        "of two facts of one instant the one that arrives first comes first (T157)",
    ),
    planted(
        "return-does-not-wait", "judging", "            if owner is None and kind in RETURNS:\n", "            if owner is None and kind in ENDINGS:\n",
        "a return that comes before its sale is judged without it (T079)",
    ),
    planted(
        "stranger-brings-back", "judging", "            if owner is not None and owner != own and not decided:\n", "            if owner is not None and owner == b\"\":\n",
        "anybody may bring back anybody's order (T079)",
    ),
    # ---- the history folded again ----
    planted(
        "corrections-add-up", "rederiving", "        back[\"points\"], back[\"booked\"] = -back[\"points\"], arrived[k]\n", "        back[\"booked\"] = arrived[k]\n",
        "what is taken back is given once more (T158)",
    ),
    planted(
        "booked-when-effective", "rederiving", "            now[\"booked\"][come] = arrived[k]", "            pass",
        "a correction says that it was booked before the fact came that caused it (T158, T188)",
    ),
    planted(
        "granted-at-anothers-cost", "rederiving", "    return any(points > had.get(ref, 0) for ref, points in lacks.items())", "    return False",
        "a redemption stamped earlier takes the points of one already given (T060)",
    ),
    planted(
        "timers-of-the-tick-lost", "rederiving", "        until = np.full(len(lists), max(self.tick, 0), np.int64)", "        until = np.zeros(len(lists), np.int64)",
        "a late fact brings points back that a tick had let expire",
    ),
    planted(
        "amended-order-stays", "rederiving", "                rows = rows[~gone]\n", "                rows = rows[gone | ~gone]\n",
        "an amended order counts with the one that it amends (T152)",
    ),
    planted(
        "late-ones-together", "rederiving", "        chunk = chunk or m.to_come[:1]\n", "        chunk = chunk or m.to_come[:]\n",
        "what a redemption was decided on depends on the batch it came in (I5, T060)",
    ),
    planted(
        "cards-left-alone", "crooked", "    return {name: card for name, card in after.items() if before.get(name) != card}", "    return {}",
        "a return after a late fact takes back what the order gave before it",
    ),
    planted(
        "kept-states-left-alone", "members", "            writes.unmade.append((out.member, out.unmade))\n", "            writes.unmade.append((out.member, (1 << 62, 0, b\"\")))\n",
        "a second late fact is folded over a state that lacks the first (I9)",
    ),
    planted(
        "kept-state-too-new", "crooked", "    name, first = c.members[number], None if amended else min(c.position(row) for row in rows)\n",
        "    name, first = c.members[number], max(c.position(row) for row in rows)\n",
        "a late fact is folded over a state of after it (T157)",
    ),
    # ---- what holds ----
    planted(
        "late-by-a-hair", "lateness", "late > self.of_arrivals(\"lateness\", arrived), arrived, at)", "late >= self.of_arrivals(\"lateness\", arrived), arrived, at)",
        "a fact late by exactly what is allowed is an adjustment (T158)",
    ),
    planted(
        "taken-back-still-holds", "effective", "    holds: Array = ~takes & ~np.isin(own, gone)\n", "    holds: Array = ~takes\n",
        "what was taken back is still told (T188)",
    ),
    planted(
        "kinds-of-an-instant-as-they-come", "effective", "    order = rows[np.lexsort((rank[rows], stand[rows], member[rows]))]\n", "    order = rows[np.lexsort((stand[rows], member[rows]))]\n",
        "a redemption of the instant of an order may come before it (T157)",
    ),
)
