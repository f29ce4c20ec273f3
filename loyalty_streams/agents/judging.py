"""How each fact of a batch ends before it is folded: applied, waiting, duplicate, superseded, conflict or dead-lettered (I11).

Facts come in order of arrival. A fact that stands before its member's newest, or before the newest tick, is as good as any other: its member
is *crooked* in this batch and folded by `rederiving` instead of onwards from the head.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from loyalty_streams.agents.kinds import ASKS, ENDINGS, IDENTITY, ORDER, RETURNS, TRANSFER
from loyalty_streams.agents.lateness import Lateness, put_back
from loyalty_streams.agents.rows import WAITS, Heads, KeyRow, Sent
from loyalty_streams.core.codes import Disposition, Outcome, Reason
from loyalty_streams.core.facts import RANK, Array, Columns

APPLIED, WAITING = int(Disposition.APPLIED), int(Disposition.WAITING)
MOST_WAITING = 100_000
"""Returns that may wait in a store for their orders."""
TOO_MANY_WAIT = f"original_order_id: an order that has come, since {MOST_WAITING:,} returns wait for theirs already"
WAITED_IN_VAIN = "original_order_id: an order that comes within `facts.remember`"
Position = tuple[int, int, bytes]
"""Where a fact stands among its member's: instant, rank of its kind, business key."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the store knows of the batch: heads by member number, key rows by key; the newest tick; what the programme says of late facts; and
    how many returns wait already.
    """

    heads: Heads
    keys: Mapping[bytes, KeyRow]
    tick: int
    lateness: Lateness
    waiting: int

    def newest(self, member: int) -> Position | None:
        """Where the newest fact of a member stands that the store has; None where it has none."""
        row = self.heads.fixed[member]
        return (int(row["last_at"]), int(row["last_rank"]), self.heads.last_key(member)) if row["facts"] else None


@dataclass(slots=True)
class Verdict:
    """`disposition` of each row (`codes.Disposition`), `refuse` of those the fold is to refuse, and why a row was set aside: (code, expected).

    `sequence`: the accepted rows in the order in which they are taken, which is that of arrival but for returns that waited for an order of
    the batch. `crooked`: members, by number, of whom a fact is late or amended. `amended`: rows that replace a fact of their key.
    """

    disposition: Array
    refuse: Array
    why: dict[int, tuple[str, str]] = field(default_factory=dict)
    waited: set[int] = field(default_factory=set)
    crooked: set[int] = field(default_factory=set)
    amended: set[int] = field(default_factory=set)
    sequence: Array = field(default_factory=lambda: np.zeros(0, np.int64))

    def set_aside(self, row: int, disposition: Disposition, code: str, expected: str) -> None:
        self.disposition[row] = disposition
        self.why[row] = (code, expected)


@dataclass(frozen=True, slots=True)
class Candidates:
    """The batch as it is judged: member number, own key and key spoken of, a row each. `stand`: the instant at which it stands in the order;
    `said`: the instant that the fact itself names, which the log keeps.

    `released`: the rows from there on have waited in the store for an order of the batch. `came`: how each comes into its account's log
    (`rows.Came`), with what came with it in `sent`, by row; `answers` are facts that the log has already, with the decision given elsewhere.
    """

    columns: Columns
    said: Array
    stand: Array
    member: Array
    members: Sequence[bytes]
    keys: Sequence[bytes]
    abouts: Sequence[bytes]
    content: Array
    revisions: Array
    released: int
    came: Array
    sent: Mapping[int, Sent] = field(default_factory=dict)
    answers: frozenset[int] = frozenset()

    def position(self, row: int) -> Position:
        return int(self.stand[row]), int(RANK[self.columns.kind[row]]), self.keys[row]


def judge(c: Candidates, known: Known) -> Verdict:
    """The disposition of every row."""
    verdict = Verdict(np.full(len(c.keys), APPLIED, np.int64), c.columns.refuse.astype(np.int64))
    _copies(c, known, verdict)
    _too_late(c, known, verdict)
    rows = np.flatnonzero(verdict.disposition == APPLIED)
    if np.isin(c.columns.kind[rows], RETURNS + ENDINGS).any():
        rows = _owners(c, known, verdict, rows)
    verdict.sequence = rows
    verdict.crooked = _crooked(c, known, verdict, rows)
    return verdict


# ---- copies and amendments ---------------------------------------------------------------------------------------------


def _copies(c: Candidates, known: Known, verdict: Verdict) -> None:
    """Rows whose key is known, from the store or from an earlier row of the batch (T151 to T153)."""
    seen: dict[bytes, tuple[int, int, bytes]] = {}
    content, revisions, member = c.content.tolist(), c.revisions.tolist(), c.member.tolist()
    for row in _seen_before(c, known):
        if verdict.disposition[row] != APPLIED:
            continue
        key, new = c.keys[row], (content[row], revisions[row], c.members[member[row]])
        found = seen.get(key)
        if found is None:
            old = known.keys.get(key)
            if old is None or not old.kind & ~WAITS:
                seen[key] = new
                continue
            found = seen[key] = old.content, old.revision, old.member
        if _judge_copy(verdict, row, found, new):
            seen[key] = new


def _seen_before(c: Candidates, known: Known) -> list[int]:
    """Rows whose key the store has a row of, or which share it with another row of the batch: in most batches none."""
    keys = c.keys[: c.released]
    often = {key for key, n in Counter(keys).items() if n > 1} if len(set(keys)) < len(keys) else set()
    return [row for row, key in enumerate(keys) if key in known.keys or key in often]


def _judge_copy(verdict: Verdict, row: int, old: tuple[int, int, bytes], new: tuple[int, int, bytes]) -> bool:
    """-> whether the row amends what came before: a higher revision with another content (T152)."""
    if old[0] == new[0]:
        verdict.disposition[row] = Disposition.DUPLICATE
    elif new[1] < old[1]:
        verdict.disposition[row] = Disposition.SUPERSEDED
    elif new[1] == old[1]:
        verdict.set_aside(row, Disposition.CONFLICT, "CONFLICT", "the same key came before with another content, which stands")
    elif new[2] != old[2]:
        verdict.set_aside(row, Disposition.CONFLICT, "CONFLICT", f"an amendment names the member of what it amends, {old[2].decode()}")
    else:
        verdict.amended.add(row)
        return True
    return False


def _too_late(c: Candidates, known: Known, verdict: Verdict) -> None:
    """What the programme does not take so late (T156, T158)."""
    late, lateness = c.columns.arrived - c.columns.at, known.lateness
    if not len(late) or int(late.max()) <= min(lateness.least("lateness"), lateness.least("remember")):
        return
    within, remembered, refused = (lateness.of_arrivals(name, c.columns.arrived) for name in ("lateness", "remember", "refuse_beyond"))
    new = verdict.disposition == APPLIED
    for row in np.flatnonzero(new & (late > np.maximum(within, remembered))).tolist():
        verdict.set_aside(row, Disposition.DEAD_LETTERED, "TOO_OLD", "occurred_at: not longer before its arrival than `facts.remember`")
    for row in np.flatnonzero((verdict.disposition == APPLIED) & (late > within) & (refused > 0)).tolist():
        verdict.set_aside(row, Disposition.DEAD_LETTERED, "LATE", "occurred_at: not longer before its arrival than `facts.lateness`")


# ---- orders, redemptions and those who own them ------------------------------------------------------------------------


def _owners(c: Candidates, known: Known, verdict: Verdict, rows: Array) -> Array:
    """Refuses what speaks of another member's, and lets returns wait whose order has not come (T079). -> the rows in the order of taking"""
    owners: dict[bytes, bytes] = {}
    waiting: dict[bytes, list[int]] = {}
    wait = known.waiting
    sequence: list[int] = []
    kinds, member = c.columns.kind.tolist(), c.member.tolist()
    for row in range(c.released, len(c.keys)):
        waiting.setdefault(c.abouts[row], []).append(row)

    def take(row: int) -> None:
        nonlocal wait
        kind, about, own = kinds[row], c.abouts[row], c.members[member[row]]
        if kind in RETURNS + ENDINGS and about:
            owner = owners.get(about) or _owner(known, about)
            if owner is None and kind in RETURNS and wait >= MOST_WAITING:
                verdict.set_aside(row, Disposition.DEAD_LETTERED, "ORPHAN", TOO_MANY_WAIT)
                return
            if owner is None and kind in RETURNS:
                waiting.setdefault(about, []).append(row)
                wait += 1
                return
            decided = kind in ENDINGS and int(c.columns.outcome[row]) == Outcome.GRANTED  # where the two were one: it stands
            if owner is not None and owner != own and not decided:
                verdict.refuse[row] = Reason.MEMBER_MISMATCH
        sequence.append(row)
        if kind == ORDER:
            owners[c.keys[row]] = own
        elif kind in ASKS:
            owners[about] = own
        if kind == ORDER:
            for later in waiting.pop(c.keys[row], ()):
                wait -= 1
                verdict.waited.add(later)
                _arrives_with(c, known, later, row)
                take(later)

    for row in rows[rows < c.released].tolist():
        take(row)
    for row in (row for held in waiting.values() for row in held):
        verdict.disposition[row] = WAITING
    return np.array(sequence, np.int64)


def _arrives_with(c: Candidates, known: Known, later: int, row: int) -> None:
    """A return that has waited arrives when its order does, and stands where that puts it."""
    one, columns = slice(later, later + 1), c.columns
    columns.arrived[later] = max(columns.arrived[later], columns.arrived[row])
    columns.at[one] = put_back(c.said[one], columns.arrived[one])
    c.stand[one] = known.lateness.stand(columns.at[one], columns.arrived[one])


def _owner(known: Known, key: bytes) -> bytes | None:
    row = known.keys.get(key)
    return row.member if row is not None and not row.kind & WAITS else None


# ---- order ---------------------------------------------------------------------------------------------------------------


def _crooked(c: Candidates, known: Known, verdict: Verdict, rows: Array) -> set[int]:
    """Members of whom a row stands before an earlier one, before the head's newest fact or before the tick, or amends; and families."""
    if not len(rows):
        return set()
    own = c.member[rows]
    meets = np.isin(c.columns.kind[rows], (IDENTITY, TRANSFER)) | (c.came[rows] > 0)
    kin = {*own[meets].tolist(), *own[known.heads.fixed["family"][own] > 0].tolist()}
    rows = rows[np.argsort(c.member[rows], kind="stable")]
    member, at, rank = c.member[rows], c.stand[rows], RANK[c.columns.kind[rows]]
    same = member[1:] == member[:-1]
    back = same & ((at[1:] < at[:-1]) | ((at[1:] == at[:-1]) & (rank[1:] < rank[:-1])))
    found = kin | set(member[1:][back].tolist()) | set(member[at < known.tick].tolist())
    found |= {int(c.member[row]) for row in verdict.amended if verdict.disposition[row] == APPLIED}
    for i in np.flatnonzero(same & (at[1:] == at[:-1]) & (rank[1:] == rank[:-1])).tolist():
        if c.keys[rows[i + 1]] < c.keys[rows[i]]:
            found.add(int(member[i]))
    first = rows[np.concatenate([[True], ~same])]
    heads = known.heads.fixed[c.member[first]]
    close = first[(c.stand[first] <= heads["last_at"]) & (heads["facts"] > 0)]
    return found | {int(c.member[row]) for row in close.tolist() if c.position(row) < (known.newest(int(c.member[row])) or ())}

