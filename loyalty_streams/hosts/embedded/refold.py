"""The log folded again from the first fact: what states, cards and entries ought to be.

Nothing here decides anew: decisions stand with their facts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from loyalty_streams.agents.courses import UNLINK
from loyalty_streams.agents.effective import effective
from loyalty_streams.agents.families import given
from loyalty_streams.agents.long_fold import fold_from_the_first
from loyalty_streams.agents.rows import Head, Segments, join_segments
from loyalty_streams.core.codes import FactKind
from loyalty_streams.core.engine import Folded
from loyalty_streams.core.entries import Entries
from loyalty_streams.core.facts import Array, take_rows
from loyalty_streams.hosts.embedded.past import clusters
from loyalty_streams.hosts.embedded.store import Store

FACTS_A_BLOCK = 50_000


@dataclass(frozen=True, slots=True)
class Log:
    """Some members, whole: heads, the log as stored, and what it comes to. `groups[k]:groups[k + 1]` are the rows of member k."""

    ids: list[str]
    heads: list[Head]
    raw: Segments
    rows: Segments
    groups: Array

    def numbers(self) -> list[Array]:
        """The running numbers of all entries of each member, in order of the log."""
        at = np.searchsorted(np.ascontiguousarray(self.raw.entries["member"]), np.arange(len(self.ids) + 1)).tolist()
        return [self.raw.entries["seq"][lo:hi].astype(np.int64) for lo, hi in pairwise(at)]

    def entries(self) -> list[Entries]:
        """The entries of each member that hold."""
        at = np.searchsorted(np.ascontiguousarray(self.rows.entries["member"]), np.arange(len(self.ids) + 1)).tolist()
        return [self.rows.entries[lo:hi] for lo, hi in pairwise(at)]

    def begins(self) -> list[Array]:
        """The instants at which each account begins anew."""
        c, at = self.rows.columns, self.groups.tolist()
        begins = (c.kind == FactKind.IDENTITY) & (c.type == UNLINK)
        return [c.at[lo:hi][begins[lo:hi]] for lo, hi in pairwise(at)]


def logs(store: Store) -> Iterator[Log]:
    """All members, some at a time, in order of id."""
    for ids, heads, segments in clusters(store, FACTS_A_BLOCK):
        raw = join_segments(segments)
        rows = effective(raw, store.lateness)
        groups = np.searchsorted(rows.member, np.arange(len(ids) + 1)).astype(np.int64)
        yield Log(ids, heads, raw, rows, groups)


def refold(store: Store, log: Log, cards: bool = False) -> Folded:
    """All facts of the log, and the timers that the ticks have fired."""
    until = np.full(len(log.ids), max(store.clocks.tick, 0), np.int64)
    beside = given(log.rows, np.arange(len(log.rows.member)), log.groups)
    return fold_from_the_first(store.engine, log.rows.columns, log.groups, until, keep_cards=cards, given=beside)


def states_before(store: Store, log: Log, rows: Sequence[int]) -> list[bytes]:
    """The packed state of each row's member right before that fact, the timers of its instant fired; empty for a first fact."""
    if not rows:
        return []
    member = log.rows.member
    firsts = [int(log.groups[member[row]]) for row in rows]
    picked = np.concatenate([np.arange(first, row) for first, row in zip(firsts, rows, strict=True)]).astype(np.int64)
    groups = np.concatenate([[0], np.cumsum([row - first for first, row in zip(firsts, rows, strict=True)])]).astype(np.int64)
    until = log.rows.columns.at[np.array(rows)].astype(np.int64)
    folded = fold_from_the_first(store.engine, take_rows(log.rows.columns, picked), groups, until, given=given(log.rows, picked, groups))
    return cut(folded)


def cut(folded: Folded) -> list[bytes]:
    """The packed state of each group."""
    whole, at = folded.states.tobytes(), folded.state_at.tolist()
    return [whole[lo:hi] for lo, hi in pairwise(at)]
