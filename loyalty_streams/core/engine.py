"""What the host does around the kernel: one workspace, growing buffers, batches of members in and out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from loyalty_streams.core.entries import Entries, Entry
from loyalty_streams.core.facts import Columns, empty_columns
from loyalty_streams.core.kernel.fold import fold
from loyalty_streams.core.kernel.jit import compiling
from loyalty_streams.core.kernel.pack import CARDS_TOO_SMALL, NEWER, TOO_SMALL
from loyalty_streams.core.kernel.records import SECTIONS, Card, Work
from loyalty_streams.core.kernel.rows import ENTRIES_FULL
from loyalty_streams.core.programme import Compiled

Int64s = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]
FIRST_STATE_BYTES, FIRST_CARD_BYTES, FIRST_CARDS = 1 << 17, 1 << 16, 1 << 10


class BoundError(Exception):
    """A member is beyond a declared bound of the packed state, or its state was written by a newer layout.

    `code` is SECTION_FULL or STORE_NEWER; `group` is the member's position in the batch.
    """

    def __init__(self, code: str, group: int, what: str) -> None:
        super().__init__(f"{code}: member {group} of the batch: {what}")
        self.code, self.group = code, group


@dataclass(frozen=True, slots=True)
class Folded:
    """What one call decided. `entries.member` is the position of the group, `entries.cause` the row of the columns (-1: a timer).

    `states[state_at[g]:state_at[g + 1]]` is the packed state of group g. `card_rows` names the cards that are new or changed, bytes
    `cards[lo:hi]` each; where a name occurs twice for a member, the later one stands. `due`, `tier` and `stage` of group g say when anything
    changes next without a fact (NEVER: nothing does), and the registry numbers of what the member is in (-1: none).
    """

    entries: Entries
    states: Bytes
    state_at: Int64s
    cards: Bytes
    card_rows: npt.NDArray[Any]
    due: Int64s
    tier: Int64s
    stage: Int64s


class Engine:
    """The kernel with a workspace of its own: for one thread at a time. The first of a process compiles it, or takes it from the cache."""

    _ready: ClassVar[bool] = False

    def __init__(self, compiled: Compiled) -> None:
        self.compiled = compiled
        self._work = np.zeros(2, Work)  # pages are touched only as far as they are used
        if not Engine._ready:
            with compiling():
                self.fold(empty_columns(), np.zeros(2, np.int64))
            Engine._ready = True

    def under(self, compiled: Compiled) -> Engine:
        """An engine of another programme in this one's workspace: for the same thread, one after the other."""
        other = object.__new__(Engine)
        other.compiled, other._work = compiled, self._work
        return other

    def fold(  # noqa: PLR0913 (the columns, and what one call may ask beside them)
        self,
        columns: Columns,
        groups: Int64s,
        *,
        rows: Int64s | None = None,
        states: Bytes | None = None,
        state_at: Int64s | None = None,
        cards: Sequence[tuple[int, bytes]] = (),
        until: int = 0,
        until_of: Int64s | None = None,
        keep_states: bool = True,
        keep_cards: bool = True,
        keep_entries: bool = True,
        explain: bool = False,
        each: Callable[[Entries], object] | None = None,
    ) -> Folded:
        """Folds `rows[groups[g]:groups[g + 1]]` of the columns for every group g over its packed state (absent or empty: a new member).

        Each member is then advanced to `until` (or to its own instant of `until_of`; 0: not at all). `cards` are (group, bytes) in order of
        group: those that the facts name. What is not kept is left out of the answer: entries are decided and written, then dropped.
        `each` is shown the entries as they are written, some whole members at a time; it keeps no view of them.
        `explain` also writes the refusals that are otherwise computed on demand (T186).
        """
        n = groups.size - 1
        order = np.arange(columns.kind.size) if rows is None else rows
        old = np.zeros(0, np.uint8) if states is None else states
        old_at = np.zeros(n + 1, np.int64) if state_at is None else state_at
        ends = np.full(n, until, np.int64) if until_of is None else until_of
        card_bytes, card_at, card_of = _gather(cards, n)
        flags = np.array([keep_states, keep_cards, explain], np.int64)
        new = np.empty(max(FIRST_STATE_BYTES, old.size * 2 + n * 1024) if keep_states else 1, np.uint8)
        new_at = np.zeros(2 * n + 2, np.int64)
        out = np.empty(max(FIRST_CARD_BYTES, 256 * order.size) if keep_cards else 1, np.uint8)
        out_rows = np.zeros(max(FIRST_CARDS, 2 * order.size) if keep_cards else 1, Card)
        glance = np.zeros((n, 3), np.int64)
        facts = Columns(*(frozen(column) for column in columns))
        order, groups, ends, old, old_at = frozen(order), frozen(groups), frozen(ends), frozen(old), frozen(old_at)
        card_bytes, card_at, card_of = frozen(card_bytes), frozen(card_at), frozen(card_of)
        work, control = self._work, self._work["ctl"]
        control["entries"], control["cards_out"] = 0, 0
        taken, done = [], 0
        while done < n:
            done = int(fold(facts, order, groups, done, ends, old, old_at, card_bytes, card_at, card_of, self.compiled.tables, work, new, new_at,
                            out, out_rows, glance, flags))
            full, count = int(control["full"][0]), int(control["entries"][0])
            if count and each is not None:
                each(work["entries"][0, :count])
            if count and keep_entries:
                taken.append(work["entries"][0, :count].copy())
            control["entries"] = 0
            if full & TOO_SMALL:
                new = np.concatenate([new, np.empty(new.size, np.uint8)])
            if full & CARDS_TOO_SMALL:
                out = np.concatenate([out, np.empty(out.size, np.uint8)])
                out_rows = np.concatenate([out_rows, np.zeros(out_rows.size, Card)])
            _check(full, done, count)
        entries = np.concatenate(taken) if taken else np.zeros(0, Entry)
        end = int(new_at[n]) if keep_states else 0
        card_count = int(control["cards_out"][0]) if keep_cards else 0
        card_end = int(out_rows[card_count - 1]["hi"]) if card_count else 0
        return Folded(entries, new[:end], new_at[: n + 1], out[:card_end], out_rows[:card_count], *glance.T.copy())


def frozen(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """A read-only view: the kernel is compiled for one type of each argument, whoever lends the memory. What is one already stays as it is."""
    if not array.flags.writeable and array.flags.c_contiguous:
        return array
    view = np.ascontiguousarray(array).view()
    view.flags.writeable = False
    return view


def _gather(cards: Sequence[tuple[int, bytes]], groups: int) -> tuple[Bytes, Int64s, Int64s]:
    """Cards as one run of bytes, where each lies, and which are a group's."""
    data = np.frombuffer(b"".join(card for _, card in cards), np.uint8)
    at = np.zeros(len(cards) + 1, np.int64)
    np.cumsum([len(card) for _, card in cards], out=at[1:])
    of = np.searchsorted(np.array([group for group, _ in cards], np.int64), np.arange(groups + 1)).astype(np.int64)
    return data, at, of


def _check(full: int, group: int, entries: int) -> None:
    """What the workspace could not hold; buffers that grow and entries that were drained are no error."""
    if full & NEWER:
        raise BoundError("STORE_NEWER", group, "its state was written by a newer layout")
    if full & ENTRIES_FULL and entries == 0:
        raise BoundError("SECTION_FULL", group, "its entries of one batch")
    for k, name in enumerate(SECTIONS):
        if full & (1 << k):
            raise BoundError("SECTION_FULL", group, name)
    if full & (1 << 17):
        raise BoundError("SECTION_FULL", group, "the lines of one order")


def group_offsets(members: npt.NDArray[Any]) -> Int64s:
    """Where the groups of equal neighbours begin: facts clustered by member -> offsets."""
    if members.size == 0:
        return np.zeros(1, np.int64)
    return np.concatenate([[0], np.flatnonzero(members[1:] != members[:-1]) + 1, [members.size]]).astype(np.int64)
