"""The members agent: a batch of facts -> what is to be written, in one commit.

It looks up what the store knows of the batch, judges each fact, folds what is accepted over the members' packed states, and gives back
heads, segments, key rows and dead letters. It reads through `Reader` and writes nothing itself.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Protocol

import numpy as np

from loyalty_streams.agents.judging import ENDINGS, ORDER, RANK, RETURNS, Candidates, Known, Verdict, judge
from loyalty_streams.agents.rows import Head, KeyRow, Text, cut_segments, key_row, pack_facts, split
from loyalty_streams.core.codes import Disposition, EntryKind, FactKind, Outcome, Reason
from loyalty_streams.core.engine import BoundError, Engine, Folded
from loyalty_streams.core.entries import Entries
from loyalty_streams.core.facts import Array, Columns, empty_columns, take_rows
from loyalty_streams.core.kernel.records import CARD_ORDER
from loyalty_streams.history.batch import FactBatch
from loyalty_streams.history.letters import DeadLetter

DECIDED = (int(FactKind.RESERVE), int(FactKind.REDEEM), int(FactKind.CONFIRM))
"""Kinds that ask: the answer is stored with the fact, and stands."""
ASKING = (*DECIDED, int(FactKind.REDEEMED))
BASE_EVERY = 256
"""Facts of a member between two kept states."""


FACTS_AT_ONCE, LINES_AT_ONCE = 2_000, 60_000
"""Facts and lines of one member that one fold has room for, with what their returns need."""


class TooMuch(Exception):
    """The facts of a member in one batch need more room than the kernel has: they are to be brought in smaller batches. Nothing was decided."""


class Reader(Protocol):
    """What the agent asks of a store. Missing rows are None."""

    def heads(self, members: Sequence[bytes]) -> list[bytes | None]: ...

    def keys(self, keys: Sequence[bytes]) -> list[bytes | None]: ...

    def text(self, code: int) -> bytes | None: ...


@dataclass(slots=True)
class Writes:
    """What one batch leaves behind. `segments` and `bases` are named by member: the host adds the number of the batch."""

    heads: list[tuple[bytes, bytes]] = field(default_factory=list)
    segments: list[tuple[bytes, bytes]] = field(default_factory=list)
    bases: list[tuple[bytes, bytes]] = field(default_factory=list)
    keys: list[tuple[bytes, bytes]] = field(default_factory=list)
    texts: Mapping[int, str] = field(default_factory=dict)
    letters: list[DeadLetter] = field(default_factory=list)
    dispositions: dict[Disposition, int] = field(default_factory=dict)
    newest_arrived: int = -1
    newest_fact: int = -1
    entries: int = 0


@dataclass(frozen=True, slots=True)
class Accepted:
    """The facts that are folded, clustered by member: members `ids[g]` has rows `groups[g]:groups[g + 1]`."""

    columns: Columns
    ids: list[bytes]
    heads: list[Head]
    groups: Array
    keys: list[bytes]
    abouts: list[bytes]
    texts: tuple[Text, Text]
    content: Array
    revisions: Array


class MembersAgent:
    """Owns the decisions of one partition. Not for two threads at a time."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._starts = sorted(v.effective_from for v in engine.compiled.versions)

    def take(self, batch: FactBatch, reader: Reader, tick: int) -> Writes:
        """Judges and folds a batch, whose rows are in order of arrival. `tick`: the newest tick of the log."""
        writes = Writes(texts=dict(batch.strings))
        if not len(batch):
            return writes
        candidates = _candidates(batch)
        known = self._look_up(candidates, reader, tick)
        verdict = judge(candidates, known)
        rows = verdict.accepted()
        if len(rows):
            accepted = _accept(batch, candidates, known, verdict, rows)
            self._fold(accepted, known, reader, writes)
            writes.newest_arrived, writes.newest_fact = int(batch.columns.arrived[rows].max()), int(batch.columns.at[rows].max())
        for row, (code, expected) in sorted(verdict.why.items()):
            writes.letters.append(batch.letter(row, code, expected))
        kinds, counts = np.unique(verdict.disposition, return_counts=True)
        writes.dispositions = {Disposition(k): n for k, n in zip(kinds.tolist(), counts.tolist(), strict=True)}
        return writes

    def advance(self, members: Sequence[bytes], heads: Sequence[bytes], reader: Reader, until: int) -> Writes:
        """Fires the timers of these members up to and including an instant (a tick)."""
        writes = Writes()
        known = [Head.read(h) for h in heads]
        n = len(known)
        none = np.zeros(n + 1, np.int64)
        states, state_at = _joined_states(known)
        folded = self.engine.fold(empty_columns(), none, states=states, state_at=state_at, until=until)
        empty = Text(b"", np.zeros(0, np.int64))
        nothing = Accepted(empty_columns(), list(members), known, none, [], [], (empty, empty), np.zeros(0, np.uint64), np.zeros(0, np.int32))
        self._keep(nothing, folded, known_keys={}, reader=reader, writes=writes, until=until)
        return writes

    def _look_up(self, c: Candidates, reader: Reader, tick: int) -> Known:
        heads = [Head.read(h) if h is not None else None for h in reader.heads(c.members)]
        names = [about for about in c.abouts if about]
        names.extend(c.keys)
        rows = _key_rows(reader, names)
        return Known(heads, rows, tick)

    def _fold(self, a: Accepted, known: Known, reader: Reader, writes: Writes) -> None:
        cards = _cards(a, known, reader)
        states, state_at = _joined_states(a.heads)
        try:
            folded = self.engine.fold(a.columns, a.groups, states=states, state_at=state_at, cards=cards)
        except BoundError as error:
            if error.code != "SECTION_FULL":
                raise
            if len(a.keys) > 1:
                raise TooMuch from error
            a = replace(a, columns=a.columns._replace(refuse=np.full(1, Reason.SECTION_FULL, np.uint8)))
            folded = self.engine.fold(a.columns, a.groups, states=states, state_at=state_at, cards=cards)
        a = replace(a, columns=_decided(a.columns, folded.entries))
        self._keep(a, folded, known_keys=known.keys, reader=reader, writes=writes)

    def _keep(self, a: Accepted, folded: Folded, known_keys: Mapping[bytes, KeyRow], reader: Reader, writes: Writes, until: int = -1) -> None:
        n = len(a.ids)
        entry_at = np.searchsorted(folded.entries["member"], np.arange(n + 1))
        packed = pack_facts(a.columns, *a.texts, a.content, a.revisions)
        writes.segments += zip(a.ids, cut_segments(packed, a.groups, folded.entries, entry_at), strict=True)
        writes.entries = len(folded.entries)
        _keep_heads(a, folded, np.diff(entry_at).tolist(), writes, self._starts, until)
        _keep_keys(a, folded, known_keys, reader, writes)


def in_bites(batch: FactBatch) -> list[FactBatch]:
    """The batch as it is, or in smaller ones where a member has more of it than one fold takes. Batches do not show in what is decided."""
    if not len(batch):
        return [batch]
    _, number = np.unique(batch.member_codes, return_inverse=True)
    lines = np.diff(batch.columns.line_at)
    if np.bincount(number).max() <= FACTS_AT_ONCE and np.bincount(number, lines).max() <= LINES_AT_ONCE:
        return [batch]
    cuts, so_far = [0], 0
    for row, n in enumerate(lines.tolist()):
        if row > cuts[-1] and (row - cuts[-1] >= FACTS_AT_ONCE or so_far + n > LINES_AT_ONCE):
            cuts.append(row)
            so_far = 0
        so_far += n
    return [batch.slice(a, b) for a, b in pairwise([*cuts, len(batch)])]


def _candidates(batch: FactBatch) -> Candidates:
    encoded = batch.members.dictionary_encode()
    number = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    members = [m.encode() for m in encoded.dictionary.to_pylist()]
    keys, abouts = split(Text.of(batch.keys)), split(Text.of(batch.abouts))
    return Candidates(batch.columns, number, members, keys, abouts, batch.content, batch.revisions)


def _accept(batch: FactBatch, c: Candidates, known: Known, verdict: Verdict, rows: Array) -> Accepted:
    """The accepted rows by member; within a member they are in the order of facts already."""
    rows = rows[np.argsort(c.member[rows], kind="stable")]
    columns = take_rows(batch.columns, rows)._replace(refuse=verdict.refuse[rows].astype(np.uint8))
    member = c.member[rows]
    starts = np.flatnonzero(np.concatenate([[True], member[1:] != member[:-1]]))
    numbers = member[starts].tolist()
    whole = batch.take(rows)
    texts = Text.of(whole.keys), Text.of(whole.abouts)
    return Accepted(
        columns, [c.members[m] for m in numbers], [known.heads[m] or Head() for m in numbers],
        np.concatenate([starts, [len(rows)]]).astype(np.int64), [c.keys[r] for r in rows.tolist()], [c.abouts[r] for r in rows.tolist()],
        texts, batch.content[rows], batch.revisions[rows],
    )  # fmt: skip


def _joined_states(heads: Sequence[Head]) -> tuple[Array, Array]:
    at = np.zeros(len(heads) + 1, np.int64)
    np.cumsum([len(h.state) for h in heads], out=at[1:])
    return np.frombuffer(b"".join([h.state for h in heads]), np.uint8), at


def _key_rows(reader: Reader, names: Sequence[bytes]) -> dict[bytes, KeyRow]:
    distinct = list(dict.fromkeys(names))
    return {k: KeyRow.read(v) for k, v in zip(distinct, reader.keys(distinct), strict=True) if v is not None}


def _cards(a: Accepted, known: Known, reader: Reader) -> list[tuple[int, bytes]]:
    """The cards that the facts name and that their member owns: orders of returns, redemptions, and those that paid for such orders."""
    wanted: list[tuple[int, bytes]] = []
    kinds = a.columns.kind
    rows = np.flatnonzero(np.isin(kinds, (*RETURNS, *ENDINGS, *ASKING, ORDER)) & (a.columns.about != 0))
    if not len(rows):
        return []
    group_of = np.searchsorted(a.groups, rows, side="right") - 1
    paid_by: list[tuple[int, bytes]] = []
    for row, group in zip(rows.tolist(), group_of.tolist(), strict=True):
        wanted.append((group, a.abouts[row]))
        named = known.keys.get(a.abouts[row])
        if named is not None and named.about and int(kinds[row]) in RETURNS:
            paid_by.append((group, named.about))
    more = _key_rows(reader, [about for _, about in paid_by])
    found: list[tuple[int, bytes]] = []
    for group, about in sorted(dict.fromkeys(wanted + paid_by)):
        named = known.keys.get(about) or more.get(about)
        if named is not None and named.card and named.member == a.ids[group]:
            found.append((group, named.card))
    return found


def _decided(columns: Columns, entries: Entries) -> Columns:
    """The answers beside the facts that asked: granted, or refused with the reason."""
    asked = np.isin(columns.kind, DECIDED) & (columns.outcome == Outcome.NONE)
    if not asked.any():
        return columns
    outcome, refuse = columns.outcome.copy(), columns.refuse.copy()
    outcome[asked] = Outcome.GRANTED
    refused = entries[(entries["kind"] == EntryKind.REFUSED) & (entries["rule"] < 0) & (entries["cause"] >= 0)]
    rows = refused["cause"]
    own = asked[rows]
    outcome[rows[own]], refuse[rows[own]] = Outcome.REFUSED, refused["reason"][own]
    return columns._replace(outcome=outcome, refuse=refuse)


def _keep_heads(a: Accepted, folded: Folded, entry_counts: Sequence[int], writes: Writes, starts: Sequence[int], until: int) -> None:
    """The heads after a batch. The start of a version is a timer of every member, so it is due like any other (S2, S46)."""
    states, at, groups = folded.states.tobytes(), folded.state_at.tolist(), a.groups.tolist()
    due, tier, stage = folded.due.tolist(), folded.tier.tolist(), folded.stage.tolist()
    ranks = RANK[a.columns.kind]
    for g, (member, old) in enumerate(zip(a.ids, a.heads, strict=True)):
        facts, last = groups[g + 1] - groups[g], groups[g + 1] - 1
        where = (int(a.columns.at[last]), int(ranks[last]), a.keys[last]) if facts else (old.last_at, old.last_rank, old.last_key)
        next_due, state = sooner(due[g], starts, max(where[0], until)), states[at[g] : at[g + 1]]
        head = Head(next_due, where[0], old.facts + facts, old.entries + entry_counts[g], tier[g], stage[g], where[1], where[2], state)
        packed = head.pack()
        writes.heads.append((member, packed))
        if old.facts // BASE_EVERY != head.facts // BASE_EVERY:
            writes.bases.append((member, packed))


def sooner(due: int, starts: Sequence[int], clock: int) -> int:
    """The next due instant of a member who stands at a clock: its own, or the start of the next version."""
    following = bisect_right(starts, clock)
    return min(due, starts[following]) if following < len(starts) else due


def _keep_keys(a: Accepted, folded: Folded, known_keys: Mapping[bytes, KeyRow], reader: Reader, writes: Writes) -> None:
    """A row for each accepted fact, with its card where it is an order; and the cards of redemptions under the redemption's own key."""
    cards = folded.cards.tobytes()
    bytes_of: dict[tuple[int, int], bytes] = {}
    redemptions: dict[int, tuple[int, bytes]] = {}
    r = folded.card_rows
    for kind, ref, group, lo, hi in zip(*(r[f].tolist() for f in ("kind", "ref", "member", "lo", "hi")), strict=True):
        if kind == CARD_ORDER:
            bytes_of[group, ref] = cards[lo:hi]
        elif ref:
            redemptions[ref] = group, cards[lo:hi]
    groups = np.repeat(np.arange(len(a.ids)), np.diff(a.groups)).tolist()
    refs, kinds = a.columns.ref.tolist(), a.columns.kind.tolist()
    content, revisions = a.content.tolist(), a.revisions.tolist()
    for key, about, kind, ref, group, hashed, revision in zip(a.keys, a.abouts, kinds, refs, groups, content, revisions, strict=True):
        if kind == ORDER:
            row = key_row(hashed, revision, kind, a.ids[group], about, bytes_of.pop((group, ref), b""))
        else:
            row = key_row(hashed, revision, kind, a.ids[group], b"", b"")
        writes.keys.append((key, row))
    names = {code: name for code, name in zip(a.columns.about.tolist(), a.abouts, strict=True) if code}
    for (_, ref), card in bytes_of.items():
        name = names[ref]
        writes.keys.append((name, replace(known_keys[name], card=card).pack()))
    texts = dict(writes.texts)
    for ref, (group, card) in redemptions.items():
        named = names.get(ref) or reader.text(ref)
        if named is None:
            raise LookupError(f"the redemption of code {ref} has no name in the store")
        writes.keys.append((named, KeyRow(0, 0, 0, a.ids[group], b"", card).pack()))
    held = np.flatnonzero(a.columns.kind == FactKind.RESERVE).tolist()
    texts.update({int(a.columns.about[row]): a.abouts[row].decode() for row in held})
    writes.texts = texts
