"""Where the facts of an account's log go: what the account folds itself, and what goes on to whom (T137 to T144, T150; S53 to S58).

An account is given up by the first link or merge that does not lead back to it: its facts up to that are its own history, which ends with it, and
every later one goes on. It begins anew where its identifier is unlinked. A merge that was undone has never been. What is kept under a receipt is
nobody's own, and goes to the one who claims it. After an erasure there is nothing, but for points that are sent to who is gone: they are refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from loyalty_streams.agents.kinds import IDENTITY, ORDER, TRANSFER
from loyalty_streams.agents.lateness import Lateness
from loyalty_streams.agents.rows import Came, Sent
from loyalty_streams.core.codes import Reason, code_of
from loyalty_streams.core.facts import Array, Columns

MERGES = int(Came.TAKES | Came.ASKS_WAY)
FOREIGN = int(Came.SENT | Came.GONE) | MERGES
LINK, MERGE, UNLINK, UNMERGE, CLAIM, ERASE = map(code_of, ("link", "merge", "unlink", "unmerge", "claim", "erase"))
POOL, UNPOOL = map(code_of, ("pool", "unpool"))
COMES = code_of("to")
"""What the `type` of a transfer is on its receiver's side; of the sender's fact none, of what is given to a pool POOL."""
ALREADY_CLAIMED, TOO_LATE, SAME = int(Reason.ALREADY_CLAIMED), int(Reason.TOO_LATE), int(Reason.SAME_MEMBER)
NO_SUCH_MERGE, UNMERGE_TOO_LATE = int(Reason.NO_SUCH_MERGE), int(Reason.UNMERGE_TOO_LATE)
OWN, NOWHERE = -1, -2


class Course(NamedTuple):
    """What becomes of the facts of one log; all are rows of its columns, in the order that decides.

    `own`: what the account folds. `on`: what goes on, and `by` the move that each goes by. `moves`: by which the account is given up, each
    with the number of its own facts before. `idle`: moves that lead back, whose way is asked. `leads`: the move in force at the end, or OWN, or
    NOWHERE where the account has ended; `led` the same for those whose accounts were joined to it while its identifier was another's.
    `refused`: why facts have no effect (`Reason`).
    """

    own: Array
    on: Array
    by: Array
    moves: Mapping[int, int]
    idle: tuple[int, ...]
    leads: int
    refused: Mapping[int, int]
    led: Mapping[bytes, int] = {}

    @classmethod
    def whole(cls, rows: Array) -> Course:
        """That of an account which has to do with no other: it folds all of its facts."""
        return cls(rows, rows[:0], rows[:0], {}, (), OWN, {})

    def before(self, move: int) -> Course:
        """The same up to a move by which the account is given up."""
        return Course.whole(self.own[: self.moves[move]])._replace(refused=self.refused)

    def begins(self, columns: Columns) -> list[int]:
        """Where among its own facts the account begins anew: what it was of before, it knows nothing of."""
        found: list[int] = np.flatnonzero((columns.kind[self.own] == IDENTITY) & (columns.type[self.own] == UNLINK)).tolist()
        return found

    def of_now(self, columns: Columns) -> Array:
        """Of its own facts those since it last began anew."""
        return self.own[max(self.begins(columns), default=0) :]


def gives_up(columns: Columns, came: Array, rows: Array) -> Array:
    """Which of some rows say that an account becomes another. One that says that it becomes itself has no `about`."""
    action = columns.type[rows]
    found: Array = (columns.kind[rows] == IDENTITY) & ((action == LINK) | (action == MERGE)) & (came[rows] & MERGES == 0)
    return found


def course(columns: Columns, came: Array, rows: Array, sent: Mapping[int, Sent], lateness: Lateness) -> Course:
    """What becomes of the facts of one log, `rows` in order; `sent` is what came with those that others sent."""
    ways, kind = came[rows], columns.kind[rows]
    if ways.max(initial=0) >= Came.HELD and (ways & Came.HELD).any():
        return _claimed(columns, rows, lateness)
    found = _Walk(columns, came, rows, sent, lateness) if (kind == IDENTITY).any() else None
    way = found.way if found is not None else np.full(len(rows), OWN, np.int64)
    refused = found.refused if found is not None else {}
    if (kind == TRANSFER).any():
        _transfers(columns, came, rows, way, refused)
    on = way >= 0
    if found is None:
        return Course(rows[way == OWN], rows[on], way[on], {}, (), OWN, refused)
    moves = {row: int((way[:place] == OWN).sum()) for row, place in found.moves.items()}
    return Course(rows[way == OWN], rows[on], way[on], moves, tuple(found.idle), found.leads, refused, found.led())


@dataclass(slots=True)
class _Walk:
    """The identity facts of a log one by one. `way`: for each row OWN, NOWHERE, or the move by which it goes on.

    Each time that the identifier is unlinked one account is over, and another begins; `over`: the moves by which the earlier ones were given up.
    Whoever was joined to one of those stays with it: `joined`, by sender, which one that was.
    """

    columns: Columns
    came: Array
    rows: Array
    sent: Mapping[int, Sent]
    lateness: Lateness
    way: Array = field(init=False)
    refused: dict[int, int] = field(default_factory=dict)
    moves: dict[int, int] = field(default_factory=dict)
    idle: list[int] = field(default_factory=list)
    leads: int = OWN
    over: list[int] = field(default_factory=list)
    joined: dict[bytes, int] = field(default_factory=dict)
    begun: set[int] = field(default_factory=set)
    end: int = -1

    def __post_init__(self) -> None:
        rows, came = self.rows, self.came
        self.way = np.full(len(rows), OWN, np.int64)
        places = np.flatnonzero(self.columns.kind[rows] == IDENTITY)
        merging = gives_up(self.columns, came, rows[places])
        undone = self._undone(rows[places], merging)
        own_moves = set(self.columns.ref[rows[places][merging]].tolist())
        back = set(self.columns.ref[rows[places][came[rows[places]] & MERGES > 0]].tolist())
        for place, moving in zip(places.tolist(), merging.tolist(), strict=True):
            row = int(rows[place])
            self.way[place:] = self.leads
            if row in undone:
                self.way[place] = NOWHERE
            elif came[row] & MERGES:
                self.joined[self.sent[row].sender] = len(self.over)
                if self.leads == OWN and (came[row] & Came.ASKS_WAY or int(self.columns.ref[row]) in own_moves):
                    self.way[place] = NOWHERE
            elif (gone := self._of_one_over(row)) is not None:
                self.way[place] = gone
            elif moving:
                self._move(place, row, int(self.columns.ref[row]) in back)
            else:
                self._other(place, row, int(self.columns.type[row]))
        if self.over:
            self._stay()
        if self.end >= 0:
            self._turn_away()

    def led(self) -> dict[bytes, int]:
        """Where those lead whose accounts were joined to one that is over."""
        return {sender: self.over[k] for sender, k in self.joined.items() if k < len(self.over)}

    def _of_one_over(self, row: int) -> int | None:
        """The move by which a fact goes on that somebody sends who was joined to an account that is over."""
        if not self.over or row not in self.sent:
            return None
        k = self.joined.get(self.sent[row].sender, len(self.over))
        return self.over[k] if k < len(self.over) else None

    def _stay(self) -> None:
        """The other facts that come from those."""
        c, joined, over = self.columns, dict[bytes, int](), 0
        for place, row in enumerate(self.rows.tolist()):
            if c.kind[row] == IDENTITY and self.came[row] & MERGES:
                joined[self.sent[row].sender] = over
            elif c.kind[row] == IDENTITY:
                over += row in self.begun
            elif row in self.sent and joined.get(self.sent[row].sender, over) < over:
                self.way[place] = self.over[joined[self.sent[row].sender]]

    def _turn_away(self) -> None:
        """Points that are sent or given to an account that has ended: it refuses them, so that they go back (S55)."""
        later, way = self.rows[self.end + 1 :], self.way[self.end + 1 :]
        comes = (self.columns.kind[later] == TRANSFER) & np.isin(self.columns.type[later], (COMES, POOL)) & (self.came[later] & Came.EMPTY == 0)
        if (comes := comes & (way == NOWHERE)).any():
            self.way[self.end] = OWN
            way[comes] = OWN

    def _move(self, place: int, row: int, leads_back: bool) -> None:
        if self.leads != OWN:
            if self.columns.type[row] == LINK and self.columns.about[row]:
                self.way[place] = NOWHERE  # what is somebody's already does not become another's
        elif leads_back or not self.columns.about[row]:
            self.way[place] = NOWHERE
            self.idle += [row] if self.columns.about[row] else []
        else:
            self.moves[row] = place
            self.way[place] = OWN if self._lived(place) else NOWHERE
            self.leads = row
            self.way[place + 1 :] = row

    def _other(self, place: int, row: int, action: int) -> None:
        if action == UNLINK:
            given_up = self.leads >= 0
            if given_up:
                self.over.append(self.leads)
                self.begun.add(row)
                self.leads = OWN
            self.way[place:] = self.leads
            self.way[place] = OWN if given_up and self._lived(place) else NOWHERE
        elif action == ERASE and self.leads == OWN:
            self.way[place] = OWN if self._lived(place) else NOWHERE
            self.leads, self.end = NOWHERE, place
            self.way[place + 1 :] = NOWHERE

    def _lived(self, place: int) -> bool:
        """Whether the account has had a fact of its own before."""
        return bool(((self.way[:place] == OWN) & (self.came[self.rows[:place]] & Came.EMPTY == 0)).any())

    def _undone(self, rows: Array, merging: Array) -> set[int]:
        """Merges that were undone in time, and what undid them (S56); the others are refused."""
        c, out = self.columns, set[int]()
        if not (c.type[rows] == UNMERGE).any():
            return out
        before: list[int] = []
        for row, moving in zip(rows.tolist(), merging.tolist(), strict=True):
            if self.came[row] & FOREIGN:
                continue
            if moving:
                before.append(row)
            elif c.type[row] == UNMERGE:
                of = next((m for m in reversed(before) if m not in out and c.about[m] == c.about[row]), None)
                at = c.at[[row]]
                if of is None:
                    self.refused[row] = NO_SUCH_MERGE
                elif int(at[0] - c.at[of]) > int(self.lateness.of_arrivals("unmerge_within", at)[0]):
                    self.refused[row] = UNMERGE_TOO_LATE
                else:
                    out |= {of, row}
        return out


def _transfers(columns: Columns, came: Array, rows: Array, way: Array, refused: dict[int, int]) -> None:
    """A transfer that comes to its own sender is refused there, and nothing comes (S55); what came only to see where it leads is none."""
    places = np.flatnonzero((columns.kind[rows] == TRANSFER) & (way == OWN))
    some = rows[places]
    comes, goes = columns.type[some] == COMES, columns.type[some] == 0
    home, sent = set(columns.about[some[comes]].tolist()), set(columns.ref[some[goes]].tolist())
    refused.update((row, SAME) for row in some[goes].tolist() if int(columns.ref[row]) in home)
    for place, row in zip(places[comes].tolist(), some[comes].tolist(), strict=True):
        if came[row] & Came.EMPTY or int(columns.about[row]) in sent:
            way[place] = NOWHERE


def _claimed(columns: Columns, rows: Array, lateness: Lateness) -> Course:
    """What is kept under a receipt: it goes to the first who claims it in time (S58)."""
    kind, refused, winner = columns.kind[rows], {}, OWN
    orders = rows[kind == ORDER]
    sold, given = columns.at[orders], np.zeros(len(orders), bool)
    for claim in rows[(kind == IDENTITY) & (columns.type[rows] == CLAIM)].tolist() if len(orders) else ():
        at = columns.at[[claim]]
        in_time = at - sold <= lateness.of_arrivals("claim_within", at)
        reached = in_time & (sold <= lateness.stand(at, columns.arrived[[claim]]))
        if not in_time.any():
            refused[claim] = TOO_LATE
        elif winner != OWN:
            refused[claim] = ALREADY_CLAIMED
        elif reached.any():
            winner, given = claim, reached
    left = columns.ref[orders[~given]]
    goes = (kind != IDENTITY) & ~np.isin(columns.ref[rows], left) & ~np.isin(columns.about[rows], left)
    kept = rows[goes] if winner != OWN else rows[:0]
    turned_away = np.array(sorted(refused), np.int64)
    by = np.concatenate([np.full(len(kept), winner, np.int64), turned_away])
    return Course(rows[:0], np.concatenate([kept, turned_away]), by, {}, (), winner, refused)
