"""A store at an instant: members with their facts, entries and states, as they are, as they will be, and as they were.

As it is comes from the heads. The future is the heads advanced. The past is folded again: of one member from the nearest kept state, of
all members from their first facts; and so is what was known at an instant, from the facts that had arrived. Nothing here writes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, overload

import numpy as np

from loyalty_streams.agents.effective import effective, standing, take_facts
from loyalty_streams.agents.families import given, known
from loyalty_streams.agents.rows import Head, MendRow, Segments, join_segments
from loyalty_streams.core.entries import Entries, Entry
from loyalty_streams.core.facts import Array, Columns, take_rows
from loyalty_streams.core.state import MemberState, unpack
from loyalty_streams.hosts.embedded import numbering
from loyalty_streams.hosts.embedded.rocks import NUL, after_member, of_batch
from loyalty_streams.hosts.embedded.store import Store

FACTS_A_BLOCK = 100_000
NUMBER = 8
"""Bytes of a batch's number at the end of a key."""


class States(Sequence[MemberState]):
    """Packed states, read one at a time when they are looked at."""

    def __init__(self, packed: Sequence[bytes]) -> None:
        self._packed = packed

    def __len__(self) -> int:
        return len(self._packed)

    @overload
    def __getitem__(self, index: int) -> MemberState: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[MemberState]: ...
    def __getitem__(self, index: int | slice) -> MemberState | Sequence[MemberState]:
        if isinstance(index, slice):
            return States(self._packed[index])
        return unpack(self._packed[index])

    def packed(self, index: int) -> bytes:
        return self._packed[index]


@dataclass(frozen=True, slots=True)
class Block:
    """Some members, whole, in order of id. `member[i]` is the place in `ids` of row i of the columns, `entries.member` likewise; `entries.cause` are
    rows of the columns. `tiers` and `stages` are registry numbers, -1 for none. `keys` gives business keys by their codes.
    """

    ids: list[str]
    columns: Columns
    member: Array
    entries: Entries
    tiers: Array
    stages: Array
    states: States
    segments: Segments

    @property
    def keys(self) -> dict[int, str]:
        return self.segments.key_of()


def blocks(store: Store, as_of: int | None = None, known_at: int | None = None, facts_a_block: int = FACTS_A_BLOCK) -> Iterator[Block]:
    """All members at an instant: facts before it, timers due at or before it. Without one, the store as it stands. `known_at`: of these, only
    facts that had arrived before it (T188).
    """
    for ids, heads, segments in clusters(store, facts_a_block):
        yield _at(store, ids, heads, segments, as_of, known_at)


def member(store: Store, member_id: str, as_of: int | None = None, known_at: int | None = None) -> Block | None:
    """One member at an instant, from all of its facts; None where the store knows no fact of it before then, or knew none.

    Entries have the running numbers of the ledger; those that it does not have (yet) go on from its last.
    """
    name = member_id.encode()
    (found,) = store.heads([name])
    if found is None:
        return None
    head, segments = Head.read(found), [list(store.segments(name))]
    block = _at(store, [member_id], [head], segments, as_of, known_at)
    if not len(block.columns.kind):
        return None
    if known_at is not None or _is_past(store, [head], as_of):
        numbering.number(block.entries, block.columns, numbering.given(segments, store.lateness), head.entries)
    return block


def state_at(store: Store, member_id: str, as_of: int) -> bytes:
    """A member's packed state at an instant, folded from the nearest kept state before it; empty where there is no fact before it."""
    name = member_id.encode()
    (found,) = store.heads([name])
    if found is None:
        return b""
    head = Head.read(found)
    if head.last_at < as_of:
        return _advanced(store, [head], as_of)[1][0]
    from loyalty_streams.agents.rederiving import needs_all

    for after, state in ((0, b""),) if head.family else (_base(store, name, as_of), (0, b"")):
        rows = store.log([list(store.segments(name, after))])
        kept = np.flatnonzero(standing(store.lateness, rows.columns, rows.member) < as_of)
        if state and needs_all(take_rows(rows.columns, kept)):
            continue
        if not state and not len(kept):
            return b""
        old, groups = np.frombuffer(state, np.uint8), np.array([0, len(kept)], np.int64)
        folded = store.engine.fold(
            take_rows(rows.columns, kept), groups, states=old, state_at=np.array([0, old.size], np.int64), until=as_of, keep_cards=False,
            cards=[(0, card.data) for _, card in given(rows, kept, groups)],
        )  # fmt: skip
        return folded.states.tobytes()
    raise AssertionError("the fold from the first fact looks back at nothing")


def _known(store: Store, segments: list[list[bytes]], known_at: int) -> Segments:
    """What the facts come to that had arrived before an instant: of each key the newest revision among them."""
    rows = join_segments(segments)
    some = take_facts(rows, np.flatnonzero(known(rows) < known_at))
    return effective(replace(some, entries=np.zeros(0, Entry).view(Entry), mends=np.zeros(0, MendRow)), store.lateness)


def _base(store: Store, name: bytes, as_of: int) -> tuple[int, bytes]:
    """The newest kept state all of whose facts are before an instant: the number of its batch, and the state."""
    found = 0, b""
    for key, value in store.rocks.scan("bases", of_batch(name, 0), after_member(name)):
        head = Head.read(value)
        if head.last_at >= as_of:
            break
        found = int.from_bytes(key[-NUMBER:], "big"), head.state
    return found


def clusters(store: Store, most: int) -> Iterator[tuple[list[str], list[Head], list[list[bytes]]]]:
    """Members in order of id with their segments, so many at a time that their facts stay about `most`."""
    segments = store.rocks.scan("segments")
    waiting = next(segments, None)
    ids: list[str] = []
    heads: list[Head] = []
    found: list[list[bytes]] = []
    facts = 0
    for name, value in store.rocks.scan("heads"):
        own: list[bytes] = []
        prefix = name + NUL
        while waiting is not None and waiting[0].startswith(prefix):
            own.append(waiting[1])
            waiting = next(segments, None)
        head = Head.read(value)
        ids.append(name.decode())
        heads.append(head)
        found.append(own)
        facts += head.facts
        if facts >= most:
            yield ids, heads, found
            ids, heads, found, facts = [], [], [], 0
    if ids:
        yield ids, heads, found


def _at(store: Store, ids: list[str], heads: list[Head], segments: list[list[bytes]], as_of: int | None, known_at: int | None) -> Block:
    now = store.clocks.now
    if known_at is not None:
        known = _known(store, segments, known_at)
        return _past(store, ids, known, *((now + 1, now) if as_of is None else (as_of, as_of)))
    rows = store.log(segments)
    if as_of is not None and _is_past(store, heads, as_of):
        return _past(store, ids, rows, as_of, as_of)
    instant = now if as_of is None else as_of
    entries, states, tiers, stages = _future(store, heads, rows.entries, instant)
    return Block(ids, rows.columns, rows.member, entries, tiers, stages, States(states), rows)


def _is_past(store: Store, heads: list[Head], as_of: int | None) -> bool:
    """Whether more than these heads say is needed: facts at or after the instant, or timers after it, are in them."""
    return as_of is not None and as_of <= max(*(h.last_at for h in heads), store.clocks.tick - 1, store.clocks.ticking - 1)


def _future(store: Store, heads: list[Head], entries: Entries, until: int) -> tuple[Entries, list[bytes], Array, Array]:
    """Heads advanced to an instant where something is due by then, and the entries that come of it behind each member's own."""
    tiers, stages = (np.array([getattr(h, name) for h in heads], np.int64) for name in ("tier", "stage"))
    due = [k for k, h in enumerate(heads) if h.due <= until]
    states = [h.state for h in heads]
    if not due:
        return entries, states, tiers, stages
    folded, moved = _advanced(store, [heads[k] for k in due], until)
    for place, k in enumerate(due):
        states[k] = moved[place]
    tiers[due], stages[due] = folded.tier, folded.stage
    more = folded.entries.copy()
    more["seq"] = np.arange(1, len(more) + 1) - np.searchsorted(more["member"], more["member"])
    more["seq"] += np.array([heads[k].entries for k in due])[more["member"]]
    more["member"] = np.array(due)[more["member"]]
    whole = np.concatenate([entries, more])
    whole = whole[np.argsort(whole["member"], kind="stable")]
    return whole.view(Entry), states, tiers, stages


def _advanced(store: Store, heads: Sequence[Head], until: int) -> tuple[Any, list[bytes]]:
    from loyalty_streams.core.facts import empty_columns

    at = np.zeros(len(heads) + 1, np.int64)
    np.cumsum([len(h.state) for h in heads], out=at[1:])
    old = np.frombuffer(b"".join(h.state for h in heads), np.uint8)
    folded = store.engine.fold(empty_columns(), np.zeros(len(heads) + 1, np.int64), states=old, state_at=at, until=until, keep_cards=False)
    return folded, _cut(folded)


def _past(store: Store, ids: list[str], rows: Segments, before: int, until: int) -> Block:
    """All of it folded again from the first facts, those before an instant, and timers up to another. Members without a fact are left out."""
    kept = np.flatnonzero(standing(store.lateness, rows.columns, rows.member) < before)
    columns, owner = take_rows(rows.columns, kept), rows.member[kept]
    present, member_of = np.unique(owner, return_inverse=True)
    groups = np.searchsorted(member_of, np.arange(len(present) + 1)).astype(np.int64)
    from loyalty_streams.agents.long_fold import fold_from_the_first

    folded = fold_from_the_first(store.engine, columns, groups, np.full(len(present), until, np.int64), given=given(rows, kept, groups))
    return Block(
        [ids[k] for k in present.tolist()], columns, member_of.astype(np.int64), folded.entries, folded.tier, folded.stage,
        States(_cut(folded)), rows,
    )  # fmt: skip


def _cut(folded: Any) -> list[bytes]:
    whole, at = folded.states.tobytes(), folded.state_at.tolist()
    return [whole[a:b] for a, b in pairwise(at)]


