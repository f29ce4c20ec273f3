"""Late and amended facts: the members' histories folded again with them in their place, and the difference booked.

Facts of a member are taken one by one in order of arrival, so that batches do not show; what comes in order meanwhile is taken in one go. Each
time the entries that the history gives are compared with those that hold. What is no longer given is taken back by an entry with the points
negated, what is given newly is posted; both keep the instant at which they have effect and are booked at the arrival of the fact that caused it.

Decisions stand. A redemption asked for in the past is granted when it is covered in its place and no decision already given at a later
instant comes to lack points by it (T060, T159).

All members of a batch are worked on together, a fact of each a round: the rows of all their facts lie in one set of columns, and a history is
a list of row numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from loyalty_streams.agents.courses import Course, course
from loyalty_streams.agents.effective import effective, in_order, places, standing
from loyalty_streams.agents.families import cards_of, refusals, sources
from loyalty_streams.agents.judging import Candidates, Position
from loyalty_streams.agents.kinds import ASKS, DECIDED, ENDINGS, IDENTITY, ORDER, RETURNS, TRANSFER
from loyalty_streams.agents.lateness import Lateness
from loyalty_streams.agents.long_fold import fold_from_the_first
from loyalty_streams.agents.rows import Came, Head, MendRow, Sent, join_segments, split, stacked
from loyalty_streams.core.codes import NEVER, Bucket, EntryKind, FactKind, Outcome, Reason
from loyalty_streams.core.engine import Engine, Folded
from loyalty_streams.core.entries import ENTRY_FIELDS, Entries
from loyalty_streams.core.facts import RANK, Array, Columns, concatenate, take_rows
from loyalty_streams.history.strings import xxh64_words

LIKE = tuple(n for n in ENTRY_FIELDS if n not in ("cause", "booked", "seq"))
"""Fields that make two entries the same decision, beside the fact that caused them and their place: not when they were booked nor as which."""


@dataclass(frozen=True, slots=True)
class History:
    """A member before the batch: the head, a kept state to fold on from (None: the first fact), and the segments after it."""

    head: Head
    base: Head | None
    segments: Sequence[bytes]


class Facts(NamedTuple):
    """The facts of all members in work, those of the batch last: row `first_new + k` is row `batch_rows[k]` of the batch.

    `said`: the instants that the facts name; `came`, `sent`: how they came into their logs, and what with them.
    """

    columns: Columns
    stand: Array
    owner: Array
    keys: list[bytes]
    abouts: list[bytes]
    first_new: int
    batch_rows: Array
    said: Array
    content: Array
    revisions: Array
    came: Array
    sent: Mapping[int, Sent]
    sources: Array

    def names(self, rows: Array) -> Array:
        """What makes two rows of a log the same fact: its code, and where it comes from."""
        named: Array = self.columns.ref[rows] ^ self.sources[rows]
        return named

    def known(self, row: int) -> int:
        """When the account knew a fact."""
        return self.sent[row].known if row in self.sent else int(self.columns.arrived[row])

    def position(self, row: int) -> Position:
        return int(self.stand[row]), int(RANK[self.columns.kind[row]]), self.keys[row]


@dataclass(slots=True)
class Member:
    """A member in work. `rows`: its facts in order; `to_come`: those of the batch still to be taken; `entries`: what holds, causes being rows.

    `before`: the facts as they were; `known`: when the newest of those of the batch was known; `earliest`: where the first fact stands that was
    taken or amended; `posted`: what has been booked, with its `mends`, `count` entries in all.
    """

    name: bytes
    number: int
    head: Head
    base: Head | None
    rows: Array
    to_come: list[int]
    last: Position
    entries: Entries
    before: Array
    known: int
    earliest: Position = (NEVER, 0, b"")
    posted: list[Entries] = field(default_factory=list)
    mends: list[Any] = field(default_factory=list)
    count: int = 0

    def newest(self, facts: Facts) -> int:
        """The newest arrival among its facts: what another account sends may have arrived before, and is booked now."""
        return int(facts.columns.arrived[self.rows].max(initial=-1)) if facts.sent else -1

    @property
    def state(self) -> bytes:
        return self.base.state if self.base is not None else b""


@dataclass(slots=True)
class Rederiving:
    """Takes the facts of a batch into the histories of their members. `facts.columns.outcome` and `refuse` get the answers of what was asked.

    `kin`: whether accounts have become others; `undecided`: rows that came without an answer.
    """

    engine: Engine
    lateness: Lateness
    tick: int
    facts: Facts
    members: list[Member]
    amended: frozenset[int]
    kin: bool
    undecided: frozenset[int]
    _courses: dict[bytes, Course] = field(default_factory=dict)

    def run(self) -> None:
        """Raises BoundError where a member is beyond a declared bound."""
        while active := [m for m in self.members if m.to_come]:
            self._round(active, [self._next_chunk(m) for m in active])

    def fold(self, members: Sequence[Member], lists: Sequence[Array], cards: bool = False) -> Folded:
        """Each list of facts over the member's base, and the timers that the ticks have fired. Causes are rows of `facts`."""
        until = np.full(len(lists), max(self.tick, 0), np.int64)
        return self.fold_until([m.state for m in members], [self.course(rows) for rows in lists], until, cards)

    def fold_until(self, states: Sequence[bytes], courses: Sequence[Course], until: Array, cards: bool) -> Folded:
        """What accounts fold themselves over a state (empty: a new member), up to an instant of its own."""
        f, lists = self.facts, [one.own for one in courses]
        groups = np.concatenate([[0], np.cumsum([len(rows) for rows in lists])]).astype(np.int64)
        rows = np.concatenate([np.zeros(0, np.int64), *lists])
        columns, given = f.columns, []
        if self.kin:
            refuse = columns.refuse.copy()
            for one in courses:
                refuse[one.own] = refusals(columns, one, f.sent)
            columns = columns._replace(refuse=refuse)
            given = [(g, card) for g, own in enumerate(lists) for card in cards_of(columns, own, f.sent)]
        return fold_from_the_first(self.engine, columns, groups, until, rows=rows, keep_cards=cards, states=states, given=given)

    def course(self, rows: Array) -> Course:
        """What becomes of all facts of an account."""
        if not self.kin:
            return Course.whole(rows)
        f, name = self.facts, rows.tobytes()
        if name not in self._courses:
            self._courses[name] = course(f.columns, f.came, rows, f.sent, self.lateness)
        return self._courses[name]

    def _next_chunk(self, m: Member) -> list[int]:
        """The facts to be taken together: as many as stand in order, else one. What another account sends comes together, but for what asks."""
        chunk: list[int] = []
        for row in m.to_come:
            position = self.facts.position(row)
            if chunk and bool(self.facts.came[chunk[0]]) != bool(self.facts.came[row]):
                break
            if self.facts.came[row]:
                chunk.append(row)
                m.last = max(m.last, position)
                if self._asks(row):
                    break
                continue
            if position < m.last or position[0] < self.tick or row in self.amended:
                break
            chunk.append(row)
            m.last = position
        chunk = chunk or m.to_come[:1]
        del m.to_come[: len(chunk)]
        m.earliest = min(m.earliest, *(self.facts.position(row) for row in chunk))
        return chunk

    def _asks(self, row: int) -> bool:
        c = self.facts.columns
        return int(c.kind[row]) in DECIDED and int(c.outcome[row]) == Outcome.NONE

    def _round(self, members: Sequence[Member], chunks: Sequence[list[int]]) -> None:
        """Folds each member's history with the next facts in it, answers what was asked, and books the difference."""
        lists = self._lists(members, chunks)
        entries = self._entries(members, lists)
        again = [k for k, m in enumerate(members) if self._answer(m, chunks[k], lists[k], entries[k])]
        if again:
            more = self._entries([members[k] for k in again], [lists[k] for k in again])
            for k, own in zip(again, more, strict=True):
                entries[k] = own
        _book(self.facts, members, chunks, entries)
        for m, rows in zip(members, lists, strict=True):
            m.rows = rows

    def _lists(self, members: Sequence[Member], chunks: Sequence[list[int]]) -> list[Array]:
        """The histories with the next facts in their place; what they amend is gone."""
        f = self.facts
        kept = []
        for m, chunk in zip(members, chunks, strict=True):
            rows = m.rows
            if not self.amended.isdisjoint(chunk):
                gone = np.isin(f.names(rows), f.names(np.array(chunk)))
                m.earliest = min([m.earliest, *(f.position(row) for row in rows[gone].tolist())])
                rows = rows[~gone]
            kept.append(np.concatenate([rows, [row for row in chunk if not f.came[row] & Came.GONE]]).astype(np.int64))
        whole = np.concatenate(kept)
        order = in_order(whole, f.owner, f.stand, RANK[f.columns.kind], f.keys)
        ends = np.cumsum([len(rows) for rows in kept])
        return np.split(order, ends[:-1])

    def _entries(self, members: Sequence[Member], lists: Sequence[Array]) -> list[Entries]:
        entries = self.fold(members, lists).entries
        at = np.searchsorted(entries["member"], np.arange(len(members) + 1)).tolist()
        return [entries[a:b] for a, b in pairwise(at)]

    def _answer(self, m: Member, chunk: list[int], rows: Array, entries: Entries) -> bool:
        """Writes the answers of what was asked beside the facts. -> whether one is refused for what comes later, so that it is to be folded again"""
        c = self.facts.columns
        asked = [row for row in chunk if self._asks(row)]
        if asked and self.kin:
            asked = np.intersect1d(asked, self.course(rows).own).tolist()  # the others are decided where they go
        if not asked:
            return False
        refused = entries[(entries["kind"] == EntryKind.REFUSED) & (entries["rule"] < 0) & (entries["cause"] >= 0)]
        reasons = dict(zip(refused["cause"].tolist(), refused["reason"].tolist(), strict=True))
        again = False
        for row in asked:
            outcome, reason = (Outcome.REFUSED, reasons[row]) if row in reasons else (Outcome.GRANTED, 0)
            if outcome == Outcome.GRANTED and _takes_from_others(m.entries, entries):
                outcome, again = Outcome.REFUSED, True
                reason = int(Reason.RESERVATION_EXPIRED if int(c.kind[row]) == FactKind.CONFIRM else Reason.INSUFFICIENT)
            c.outcome[row], c.refuse[row] = outcome, reason
        return again


def begin(
    engine: Engine, lateness: Lateness, tick: int, c: Candidates, refuse: Array, histories: Mapping[bytes, tuple[History, list[int]]],
    amended: set[int],
) -> Rederiving:  # fmt: skip
    """The work of a batch: `histories` gives each member's past and its rows of the batch, in the order in which they are taken."""
    log = effective(join_segments([history.segments for history, _ in histories.values()]), lateness, given_up=True)
    batch_rows = np.array([row for _, rows in histories.values() for row in rows], np.int64)
    new = take_rows(c.columns, batch_rows)._replace(refuse=refuse[batch_rows].astype(np.uint8))
    first_new, listed = len(log.member), batch_rows.tolist()
    columns = concatenate([log.columns, new])
    owner = np.concatenate([log.member, np.repeat(np.arange(len(histories)), [len(rows) for _, rows in histories.values()])])
    sent = {**log.sent, **{first_new + k: c.sent[row] for k, row in enumerate(listed) if row in c.sent}}
    came = np.concatenate([log.came, c.came[batch_rows]])
    facts = Facts(
        columns, standing(lateness, columns, owner), owner, split(log.keys) + [c.keys[r] for r in listed],
        split(log.abouts) + [c.abouts[r] for r in listed], first_new, batch_rows, np.concatenate([log.said, c.said[batch_rows]]),
        np.concatenate([log.content, c.content[batch_rows]]), np.concatenate([log.revisions, c.revisions[batch_rows]]),
        came, sent, sources(came, sent),
    )  # fmt: skip
    undecided = frozenset((first_new + np.flatnonzero(new.outcome == Outcome.NONE)).tolist())
    kin = bool(facts.came.any() or np.isin(columns.kind, (IDENTITY, TRANSFER)).any())
    numbers = np.arange(len(histories) + 1)
    rows_at, entries_at = (np.searchsorted(member, numbers).tolist() for member in (log.member, log.entries["member"]))
    new_at = np.concatenate([[0], np.cumsum([len(rows) for _, rows in histories.values()])]).tolist()
    members = []
    for k, (name, (history, _)) in enumerate(histories.items()):
        rows, head = np.arange(rows_at[k], rows_at[k + 1]), history.head
        to_come = list(range(first_new + new_at[k], first_new + new_at[k + 1]))
        entries = log.entries[entries_at[k] : entries_at[k + 1]]
        known = max(map(facts.known, to_come), default=max(tick, int(columns.arrived[rows].max(initial=-1))))
        members.append(Member(name, k, head, history.base, rows, to_come, (head.last_at, head.last_rank, head.last_key), entries, rows, known))
    place = {row: first_new + k for k, row in enumerate(listed)}
    return Rederiving(engine, lateness, tick, facts, members, frozenset(place[row] for row in amended if row in place), kin, undecided)


def needs_all(rows: Columns) -> bool:
    """Whether a fact speaks of an order or redemption that is not among these rows: its card was another one then."""
    kind = rows.kind
    named = rows.about[np.isin(kind, (*RETURNS, *ENDINGS, ORDER)) & (rows.about != 0)]
    own = np.concatenate([rows.ref, rows.about[np.isin(kind, ASKS)]])
    return bool(len(np.setdiff1d(named, own)))


def _takes_from_others(before: Entries, after: Entries) -> bool:
    """Whether a decision given before now lacks points that it had (T060)."""
    had, lacks = _lacking(before), _lacking(after)
    return any(points > had.get(ref, 0) for ref, points in lacks.items())


def _lacking(e: Entries) -> dict[int, int]:
    """What no lot covered, by redemption or transfer."""
    sent = (e["kind"] == EntryKind.TRANSFERRED_OUT) & (e["reason"] == Reason.MANUAL)
    rows = e[((e["kind"] == EntryKind.REDEEMED) | sent) & (e["bucket"] == Bucket.DEBT)]
    out: dict[int, int] = {}
    for ref, points in zip(rows["ref"].tolist(), rows["points"].tolist(), strict=True):
        out[ref] = out.get(ref, 0) + points
    return out


# ---- booking the difference ------------------------------------------------------------------------------------------------


def _book(facts: Facts, members: Sequence[Member], chunks: Sequence[Sequence[int]], entries: list[Entries]) -> None:
    """Posts the difference between the entries that held and those that the facts of the chunks make of them, and lets the latter hold."""
    arrived = [max([*map(facts.known, chunk), m.newest(facts)]) for m, chunk in zip(members, chunks, strict=True)]
    elsewhere = [any(facts.known(row) > facts.columns.arrived[row] for row in chunk) for chunk in chunks]
    was, now = stacked([m.entries for m in members]), stacked(entries)
    for whole, parts in ((was, [m.entries for m in members]), (now, entries)):
        whole["member"] = np.repeat(np.arange(len(members)), [len(part) for part in parts])
    mine, theirs = _likeness(was, facts), _likeness(now, facts)
    kept = _matched(mine, theirs)
    there = np.flatnonzero(kept >= 0)
    now["booked"][there], now["seq"][there] = was["booked"][kept[there]], was["seq"][kept[there]]
    gone, fresh = np.ones(len(was), bool), kept < 0
    gone[kept[there]] = False
    bounds = [np.searchsorted(e["member"], np.arange(len(members) + 1)).tolist() for e in (was, now)]
    for k, m in enumerate(members):
        (a, b), (lo, hi) = bounds[0][k : k + 2], bounds[1][k : k + 2]
        out, come = np.flatnonzero(gone[a:b]) + a, np.flatnonzero(fresh[lo:hi]) + lo
        if len(out) or elsewhere[k] or (len(come) and come[0] < hi - len(come)):
            now["booked"][come] = arrived[k]  # else the facts came in order, and the fold has booked them
        back = was[out]
        back["points"], back["booked"] = -back["points"], arrived[k]
        mends = np.concatenate([_mends(mine, out), _mends(theirs, come)])
        mends["corrects"][: len(out)] = back["seq"]
        first = m.head.entries + m.count + 1
        back["seq"] = np.arange(first, first + len(out))
        now["seq"][come] = np.arange(first + len(out), first + len(mends))
        m.count += len(mends)
        m.posted.append(stacked([back, now[come]]))
        m.mends.append(mends)
        m.entries = now[lo:hi]


class Likeness(NamedTuple):
    """What makes an entry the same decision, as words of each entry; and where it belongs (`effective.places`)."""

    words: Array
    beside: Array
    place: Array


def _likeness(entries: Entries, facts: Facts) -> Likeness:
    ref = facts.columns.ref
    beside, place = places(entries, ref, facts.stand)
    by_fact = entries["cause"] >= 0
    by = np.where(by_fact, ref[entries["cause"]] if len(ref) else 0, 0)
    words = np.empty((len(LIKE) + 3, len(entries)), np.int64)
    for k, name in enumerate(LIKE):
        words[k] = entries[name]
    words[-3:] = by, beside, place
    return Likeness(words, np.where(by_fact, by, beside), place)


def _matched(old: Likeness, new: Likeness) -> Array:
    """For each new entry the old one that is the same decision, -1 where there is none. No two of a list are the same: they have other places."""
    mine, theirs = (xxh64_words(list(x.words)) for x in (old, new))
    order = np.argsort(mine)
    at = np.minimum(np.searchsorted(mine, theirs, sorter=order), max(len(mine) - 1, 0))
    if not len(mine):
        return np.full(len(theirs), -1, np.int64)
    found = order[at]
    same = (mine[found] == theirs) & (old.words[:, found] == new.words).all(axis=0)
    out: Array = np.where(same, found, -1)
    return out


def _mends(like: Likeness, which: Array) -> Any:
    out = np.zeros(len(which), MendRow)
    out["beside"], out["place"] = like.beside[which], like.place[which]
    return out
