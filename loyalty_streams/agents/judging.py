"""How each fact of a batch ends before it is folded: applied, duplicate, superseded, conflict or dead-lettered (I11).

Facts come in order of arrival. What a member's newest fact is counts from the head and from what was accepted before in the batch, so that
batches do not show: one batch of a thousand facts ends as a thousand batches of one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from loyalty_streams.agents.rows import Heads, KeyRow
from loyalty_streams.core.codes import Disposition, FactKind, Reason
from loyalty_streams.core.facts import Array, Columns

APPLIED, DEAD = int(Disposition.APPLIED), int(Disposition.DEAD_LETTERED)
RANK = np.arange(len(FactKind) + 1, dtype=np.int64)
RANK[[FactKind.REDEEM, FactKind.REDEEMED]] = FactKind.RESERVE
"""The place of a kind among facts of one instant: reserve, redeem and redeemed share one."""
RETURNS = (int(FactKind.EXCHANGE_RETURN), int(FactKind.RETURN), int(FactKind.CANCELLATION))
ENDINGS = (int(FactKind.CONFIRM), int(FactKind.RELEASE), int(FactKind.CANCEL))
LATER = (int(FactKind.IDENTITY), int(FactKind.OPENING), int(FactKind.TRANSFER))
"""Kinds that a later release folds."""
ORDER = int(FactKind.ORDER)
Position = tuple[int, int, bytes]
"""Where a fact stands among its member's: instant, rank of its kind, business key."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the store knows of the batch: heads by member number, key rows by key."""

    heads: Heads
    keys: Mapping[bytes, KeyRow]
    tick: int

    def newest(self, member: int) -> Position | None:
        """Where the newest fact of a member stands that the store has; None where it has none."""
        row = self.heads.fixed[member]
        return (int(row["last_at"]), int(row["last_rank"]), self.heads.last_key(member)) if row["facts"] else None


@dataclass(slots=True)
class Verdict:
    """`disposition` of each row (`codes.Disposition`), `refuse` of those the fold is to refuse, and why a row was set aside: (code, expected)."""

    disposition: Array
    refuse: Array
    why: dict[int, tuple[str, str]] = field(default_factory=dict)

    def accepted(self) -> Array:
        return np.flatnonzero(self.disposition == APPLIED)

    def set_aside(self, row: int, disposition: Disposition, code: str, expected: str) -> None:
        self.disposition[row] = disposition
        self.why[row] = (code, expected)


@dataclass(frozen=True, slots=True)
class Candidates:
    """The batch as it is judged: member number, own key and key spoken of, a row each."""

    columns: Columns
    member: Array
    members: Sequence[bytes]
    keys: Sequence[bytes]
    abouts: Sequence[bytes]
    content: Array
    revisions: Array

    def position(self, row: int) -> Position:
        return int(self.columns.at[row]), int(RANK[self.columns.kind[row]]), self.keys[row]


def judge(c: Candidates, known: Known) -> Verdict:
    """The disposition of every row."""
    verdict = Verdict(np.full(len(c.keys), APPLIED, np.int64), c.columns.refuse.astype(np.int64))
    _not_yet(c, verdict)
    _copies(c, known, verdict)
    rows = verdict.accepted()
    if not _in_order(c, known, rows) or np.isin(c.columns.kind[rows], RETURNS + ENDINGS).any():
        _one_by_one(c, known, verdict, rows.tolist())
    return verdict


def _not_yet(c: Candidates, verdict: Verdict) -> None:
    for row in np.flatnonzero(np.isin(c.columns.kind, LATER)).tolist():
        kind = FactKind(int(c.columns.kind[row])).name.lower()
        verdict.set_aside(row, Disposition.DEAD_LETTERED, "NOT_YET", f"{kind}: a later release folds it; replay it then")
    for row in [i for i, m in enumerate(c.members) if not m]:
        for own in np.flatnonzero(c.member == row).tolist():
            verdict.set_aside(own, Disposition.DEAD_LETTERED, "NOT_YET", "member_id: orders without a member come with a later release")


def _copies(c: Candidates, known: Known, verdict: Verdict) -> None:
    """Rows whose key is known, from the store or from an earlier row of the batch (T151 to T153)."""
    seen: dict[bytes, tuple[int, int]] = {}
    content, revisions = c.content.tolist(), c.revisions.tolist()
    for row in _seen_before(c, known):
        if verdict.disposition[row] != APPLIED:
            continue
        key, new = c.keys[row], (content[row], revisions[row])
        found = seen.get(key)
        if found is None:
            old = known.keys.get(key)
            if old is None or not old.kind:
                seen[key] = new
                continue
            found = seen[key] = old.content, old.revision
        _judge_copy(verdict, row, found, new)


def _seen_before(c: Candidates, known: Known) -> list[int]:
    """Rows whose key the store has a row of, or which share it with another row of the batch: in most batches none."""
    often = {key for key, n in Counter(c.keys).items() if n > 1} if len(set(c.keys)) < len(c.keys) else set()
    return [row for row, key in enumerate(c.keys) if key in known.keys or key in often]


def _judge_copy(verdict: Verdict, row: int, old: tuple[int, int], new: tuple[int, int]) -> None:
    if old[0] == new[0]:
        verdict.disposition[row] = Disposition.DUPLICATE
    elif new[1] < old[1]:
        verdict.disposition[row] = Disposition.SUPERSEDED
    elif new[1] > old[1]:
        verdict.set_aside(row, Disposition.DEAD_LETTERED, "NOT_YET", f"revision {new[1]}: amendments come with a later release; {old[1]} stands")
    else:
        verdict.set_aside(row, Disposition.CONFLICT, "CONFLICT", "the same key came before with another content, which stands")


def _in_order(c: Candidates, known: Known, rows: Array) -> bool:
    """Whether all rows stand after their member's newest fact and after the tick, each after the one before."""
    at = c.columns.at[rows]
    if len(rows) == 0 or int(at.min()) < known.tick:
        return len(rows) == 0
    order = np.argsort(c.member[rows], kind="stable")
    rows = rows[order]
    member, at, rank = c.member[rows], c.columns.at[rows], RANK[c.columns.kind[rows]]
    same = member[1:] == member[:-1]
    if (same & ((at[1:] < at[:-1]) | ((at[1:] == at[:-1]) & (rank[1:] < rank[:-1])))).any():
        return False
    tied = np.flatnonzero(same & (at[1:] == at[:-1]) & (rank[1:] == rank[:-1])).tolist()
    if any(c.keys[rows[i + 1]] < c.keys[rows[i]] for i in tied):
        return False
    first = rows[np.concatenate([[True], ~same])]
    heads = known.heads.fixed[c.member[first]]
    close = first[(c.columns.at[first] <= heads["last_at"]) & (heads["facts"] > 0)]
    return all(c.position(row) > (known.newest(int(c.member[row])) or ()) for row in close.tolist())


def _one_by_one(c: Candidates, known: Known, verdict: Verdict, rows: Sequence[int]) -> None:
    """The same in order of arrival, where one row's end depends on those before it."""
    newest: dict[int, Position] = {}
    owners: dict[bytes, bytes] = {}
    for row in rows:
        member = int(c.member[row])
        position = c.position(row)
        last = newest.get(member) or known.newest(member)
        kind = int(c.columns.kind[row])
        if position[0] < known.tick or (last is not None and position < last):
            verdict.set_aside(row, Disposition.DEAD_LETTERED, "LATE", "occurred_at: not before the member's newest fact, nor before the newest tick")
            continue
        if kind in RETURNS and c.abouts[row]:
            owner = owners.get(c.abouts[row]) or _owner(known, c.abouts[row])
            if owner is None:
                verdict.set_aside(row, Disposition.DEAD_LETTERED, "ORPHAN", "original_order_id: an order that has come before")
                continue
            if owner != c.members[member]:
                verdict.refuse[row] = Reason.MEMBER_MISMATCH
        elif kind in ENDINGS:
            owner = owners.get(c.abouts[row]) or _owner(known, c.abouts[row])
            if owner is not None and owner != c.members[member]:
                verdict.refuse[row] = Reason.MEMBER_MISMATCH
        newest[member] = position
        owners[c.keys[row] if kind == ORDER else c.abouts[row]] = c.members[member]


def _owner(known: Known, key: bytes) -> bytes | None:
    row = known.keys.get(key)
    return row.member if row is not None else None
