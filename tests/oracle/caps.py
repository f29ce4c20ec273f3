"""What limits the points of a fact: limits of rules, of groups, of the whole programme, budgets, the maximum
balance (T016, T117 to T119, T124, S11)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from loyalty_streams.core.codes import Reason
from tests.oracle.calendar import start_of
from tests.oracle.model import Member
from tests.oracle.programme import Tree, Version, listed

if TYPE_CHECKING:
    from tests.oracle.earning import Candidate

Key = tuple[object, ...]


def period_key(m: Member, v: Version, per: str) -> int:
    return 0 if per == "ever" else start_of(per, m.now, v.zone)


def apply_caps(m: Member, v: Version, cands: list[Candidate], store: str) -> None:
    """The five passes. In each, room is given in order of the entries, so that cuts fall on the last."""
    cands = sorted((c for c in cands if c.pays), key=lambda c: c.rule.order)
    touched: list[tuple[Key, str, list[Candidate]]] = []
    for c in cands:
        for i, limit in enumerate(listed(c.rule.raw.get("limits"))):
            touched.append(one_limit(m, v, limit, ("rule", c.rule.id, i, *terms(limit)), [c], ""))
    for name, group in sorted(v.section("combine", "groups").items()):
        mine = [c for c in cands if c.rule.id in listed(group["members"])]
        for i, limit in enumerate(listed(group.get("limits"))):
            touched.append(one_limit(m, v, limit, ("group", name, i, *terms(limit)), mine, ""))
    for i, limit in enumerate(listed(v.raw.get("limits"))):
        if "stores" in limit and store not in listed(limit["stores"]):
            continue
        mine = [c for c in cands if "rules" not in limit or c.rule.id in listed(limit["rules"])]
        touched.append(one_limit(m, v, limit, ("programme", i, *terms(limit)), mine, store))
    for c in cands:
        budget = c.rule.raw.get("budget")
        if budget:
            touched.append(one_limit(m, v, {**budget, "per": "ever"}, ("budget", c.rule.id), [c], "", Reason.BUDGET))
    maximum_balance(m, v, cands)
    use_up(m, touched)


def terms(limit: Tree) -> tuple[str, str]:
    """What makes a limit of a later version the same limit: its place, what it counts, and its period."""
    return "times" if "times" in limit else "points", limit.get("per", "order")


def one_limit(
    m: Member,
    v: Version,
    limit: Tree,
    name: Key,
    cands: Iterable[Candidate],
    store: str,
    reason: Reason = Reason.LIMIT_REACHED,
) -> tuple[Key, str, list[Candidate]]:
    """Give the room of one limit to the candidates in order."""
    scope = limit.get("scope", "member")
    key = (*name, store if scope == "member_and_store" else "", period_key(m, v, limit.get("per", "ever")))
    mine = [c for c in cands if c.points > 0]
    used = 0 if scope == "order" else m.counters.get(key, 0)
    if "times" in limit:
        if used >= int(limit["times"]):
            for c in mine:
                cut(c, 0, reason)
        return key, "times", mine
    room = int(limit["points"]) - used
    for c in mine:
        give(c, room, limit.get("when_short", "partial"), reason)
        room -= c.points
    return key, "points", mine


def give(c: Candidate, room: int, when_short: str, reason: Reason) -> None:
    if c.points > room:
        cut(c, max(room, 0) if when_short == "partial" else 0, reason)


def cut(c: Candidate, points: int, reason: Reason) -> None:
    """Cut an entry; what is cut to nothing is refused with the reason of its last cut."""
    if c.desired is None:
        c.desired = c.points
    c.points, c.capped = points, reason
    if points == 0:
        c.refused = reason


def maximum_balance(m: Member, v: Version, cands: list[Candidate]) -> None:
    """Available and pending points never pass the maximum by earning (T124)."""
    for wallet in sorted({c.rule.wallet for c in cands}):
        most = v.wallets[wallet].get("max_balance")
        if most is None:
            continue
        purse = m.purse(wallet)
        room = int(most) - purse.available() - purse.pending()
        for c in cands:
            if c.rule.wallet == wallet and c.points > 0:
                give(c, room, "partial", Reason.MAX_BALANCE)
                room -= c.points


def use_up(m: Member, touched: list[tuple[Key, str, list[Candidate]]]) -> None:
    """Limits are used up by the points finally paid; `times` once a fact."""
    for key, what, cands in touched:
        paid = [c for c in cands if c.points > 0]
        if what == "times":
            m.counters[key] = m.counters.get(key, 0) + (1 if paid else 0)
            for c in paid:
                c.used_times.append(key)
        else:
            m.counters[key] = m.counters.get(key, 0) + sum(c.points for c in paid)
            for c in paid:
                c.used.append(key)
