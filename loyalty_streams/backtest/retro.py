"""The diff of a plan as adjustments for approval: what members get, or give back, to have what the candidate would have given them (T182)."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from loyalty_streams.backtest.behind import TO_HELD, Behind, Side, behind_each
from loyalty_streams.backtest.errors import BacktestError
from loyalty_streams.backtest.figures import COEFFICIENTS
from loyalty_streams.backtest.grants import ANY, id_begins, is_made_for
from loyalty_streams.backtest.places import Place
from loyalty_streams.backtest.plan import Plan
from loyalty_streams.backtest.running import Run
from loyalty_streams.core.codes import EntryKind
from loyalty_streams.core.entries import Entries
from loyalty_streams.core.facts import Array
from loyalty_streams.history.files import table_and_format
from loyalty_streams.history.write import write_rows
from loyalty_streams.reports.instants import iso
from loyalty_streams.reports.points import ACCOUNTS, WALLETS
from loyalty_streams.reports.words import LANGUAGES

TABLE = "adjustments"
TO_AVAILABLE = COEFFICIENTS[:, :, ACCOUNTS.index("available")]


@dataclass(frozen=True, slots=True)
class Terms:
    """How much of a diff is made good. `cap`: points that a member gets or gives for these rules at most, earlier adjustments included, in each
    wallet (None: no limit). `debt`: whether what is taken may exceed what is there. `operator`: who answers for it.
    """

    operator: str
    cap: int | None = None
    debt: bool = False


@dataclass(frozen=True, slots=True)
class Grant:
    """One adjustment: `points` of a member's wallet, of the difference between `before` and `after`. `capped`, `missing`: what is left of it,
    with its sign, for the cap, and since it is not there to be taken.
    """

    id: str
    member: str
    wallet: str
    before: int
    after: int
    points: int
    capped: int
    missing: int
    why: Sequence[str]


@dataclass(frozen=True, slots=True)
class Retro:
    """The adjustments of a plan, in order of member and wallet. `at`: when they happen, the end of the history. `others`: members who have
    adjustments for other rules, which are facts to this plan like any other. `unknown`: wallets of the candidate that are not in force, and take
    nothing.
    """

    at: int
    terms: Terms
    grants: Sequence[Grant]
    others: int
    unknown: Sequence[str]

    def rows(self) -> list[dict[str, Any]]:
        """Rows of the table `adjustments` of a history, those of which anything comes."""
        debt = {"allow_negative": "true"} if self.terms.debt else {}
        return [
            {
                "adjustment_id": g.id, "member_id": g.member, "occurred_at": iso(self.at), "points": g.points, "reason": ANY,
                "operator": self.terms.operator, "wallet": g.wallet, **(debt if g.points < 0 else {}), "before": g.before, "after": g.after,
                "left": g.capped + g.missing, **{f"why_{lang}": why for lang, why in zip(LANGUAGES, g.why, strict=True)},
            }
            for g in self.grants
            if g.points
        ]  # fmt: skip

    def to_json(self) -> dict[str, int | list[str]]:
        """The sums: members, points added and deducted, what is left of the difference for the cap, and for want of points."""
        return {
            "members": len({g.member for g in self.grants if g.points}), "adjustments": sum(g.points != 0 for g in self.grants),
            "added": sum(max(g.points, 0) for g in self.grants), "deducted": -sum(min(g.points, 0) for g in self.grants),
            "capped_members": len({g.member for g in self.grants if g.capped}), "capped_points": sum(abs(g.capped) for g in self.grants),
            "missing_points": -sum(g.missing for g in self.grants), "other_rules_members": self.others,
            "wallets_not_in_force": list(self.unknown),
        }  # fmt: skip


def retro(plan: Plan, terms: Terms) -> Retro:
    """What is to be added and deducted after a plan, by wallet that is in force. The same plan gives the same adjustments."""
    members = [plan.comparison.ids[k] for k in np.flatnonzero(plan.comparison.changed).tolist()]
    names, rows = plan.contenders[0].compiled.names.wallets, plan.contenders[0].compiled.tables[-1].terms
    used = [k for k in range(len(names)) if int(rows[k].used)]
    now = _now(plan, members)
    grants: list[Grant] = []
    others, nowhere = 0, np.zeros(WALLETS, bool)
    for name, behind in behind_each(plan.run, (0, 1), members, plan.texts):
        then, after = _purse(behind.before, behind, plan), _purse(behind.after, behind, plan).held
        head = now.get(name, then)
        before, there = then.held + head.given - then.given, np.minimum(then.available, head.available)
        others += head.others
        nowhere |= before != after
        why = behind.why_in(LANGUAGES) if (before != after)[used].any() else []
        for k in used:
            change = int(after[k] - before[k])
            points = _bounded(change, int(head.given[k]), terms.cap)
            taken = points if points > 0 or terms.debt else -min(-points, max(int(there[k]), 0))
            if change:
                key = _id(plan, name, names[k], head.times)
                grants.append(Grant(key, name, names[k], int(before[k]), int(after[k]), taken, change - points, points - taken, why))
    nowhere[used] = False
    unknown = [plan.comparison.names.wallets[k] for k in np.flatnonzero(nowhere).tolist()]
    return Retro(plan.history.as_of, terms, sorted(grants, key=lambda g: (g.member, g.wallet)), others, unknown)


def place_of(name: str) -> Place:
    """Where the adjustments go: a file whose name `loyalty ingest` takes for adjustments, or `adjustments.csv` of a folder. Raises BacktestError."""
    path = Path(name.rpartition("://")[2])
    named = table_and_format(path)
    if named is None and not path.suffix:
        return Place(f"{name.rstrip('/')}/adjustments.csv")
    if named is None or named[0] != TABLE:
        raise BacktestError("NO_TABLE", f"its name says what is in a file: adjustments-{path.stem}.csv, or a folder", name, usage=True)
    return Place(name)


def write(found: Retro, to: Place) -> None:
    """Writes the file for approval, whole or not at all. Raises BacktestError FILE."""
    _, form = table_and_format(Path(to.name.rpartition("://")[2])) or ("", "")
    if to.local is not None:
        to.local.parent.mkdir(parents=True, exist_ok=True)

    def into(path: Path) -> None:
        with tempfile.TemporaryDirectory(prefix="loyalty-retro-") as folder:
            write_rows(Path(folder), {TABLE: found.rows()}, form[1:])
            shutil.copyfile(Path(folder) / f"{TABLE}{form}", path)

    to.put(into)


def _bounded(change: int, given: int, cap: int | None) -> int:
    """As much of a change as keeps all that was given for these rules within the cap; nothing that was given is taken back for it."""
    if cap is None:
        return change
    rest = min(max(given + change, -cap), cap) - given
    return min(max(rest, min(change, 0)), max(change, 0))


def _id(plan: Plan, member: str, wallet: str, before: int) -> str:
    """The id of an adjustment: of the rules, the range of the history, the member, and how many there were `before`, whoever else is in the plan.

    Of one instant the later ones come last, since facts of one instant are in order of their keys.
    """
    until = (iso(plan.history.as_of) or "").translate({ord(c): None for c in "-:."})
    words = [plan.contenders[0].rules_hash, str(plan.asked.since), str(plan.history.as_of), member, wallet, str(before)]
    digest = hashlib.sha256("\n".join(words).encode()).hexdigest()
    return f"{id_begins(plan.contenders[1].rules_hash)}{until}-{before:03}-{digest[:16]}"


# ---- by wallet ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Purse:
    """What a member has by wallet, what of it can be taken, and what was `given` of it for the rules of the plan, in how many adjustments
    (`times`). `others`: there are some for other rules.
    """

    held: Array
    available: Array
    given: Array
    times: int
    others: bool


def _purse(side: Side, behind: Behind, plan: Plan) -> Purse:
    e = side.entries
    moved = TO_HELD[e["kind"], e["bucket"]] * e["points"]
    ours, made, causes = np.zeros(len(e), bool), set[int](), set[int]()
    for row in np.flatnonzero((e["kind"] == EntryKind.ADJUSTED) & (e["cause"] >= 0)).tolist():
        cause = int(e["cause"][row])
        key = behind.keys().get(int(side.refs[cause])) or ""
        ours[row] = is_made_for(key, plan.contenders[1].rules_hash)
        (causes if ours[row] else made if is_made_for(key) else set()).add(cause)
    return Purse(
        _by_wallet(e, moved), _by_wallet(e, TO_AVAILABLE[e["kind"], e["bucket"]] * e["points"]), _by_wallet(e, np.where(ours, moved, 0)),
        len(causes), bool(made),
    )  # fmt: skip


def _by_wallet(e: Entries, points: Array) -> Array:
    out = np.zeros(WALLETS, np.int64)
    np.add.at(out, e["wallet"], points)
    return out


def _now(plan: Plan, members: Sequence[str]) -> dict[str, Purse]:
    """The purses of members at the end of the store, where the plan ends earlier: what is taken must be there still."""
    if plan.asked.as_of is None or not members:
        return {}
    run = Run(plan.run.source, plan.contenders[:1], None, members)
    return {name: _purse(behind.before, behind, plan) for name, behind in behind_each(run, (0, 0), members, plan.texts)}
