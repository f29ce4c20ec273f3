"""The returns that wait in a store for their order (T079): which they are, and which have waited too long.

They are bounded in number (`judging.MOST_WAITING`) and in age: a tick that is more than `facts.remember` after the arrival of one ends it as a
dead letter ORPHAN, so that nothing waits for ever and nothing is lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np

from loyalty_streams.agents.erased import codes_in
from loyalty_streams.agents.judging import WAITED_IN_VAIN
from loyalty_streams.agents.rows import join_segments
from loyalty_streams.agents.waiting import unpack, waiting_batch
from loyalty_streams.core.codes import NEVER
from loyalty_streams.core.facts import Columns
from loyalty_streams.history.letters import DeadLetter
from loyalty_streams.hosts.embedded.rocks import NUL, TEXTS, WAITING
from loyalty_streams.hosts.embedded.store import Store

AT_ONCE = 10_000


@dataclass(frozen=True, slots=True)
class Held:
    """A return that waits: the business key of its order, its own, and its member. `segment` holds the fact."""

    order: bytes
    key: bytes
    member: bytes
    segment: bytes
    row: bytes


@dataclass(frozen=True, slots=True)
class Ended:
    """What has waited too long: rows with their letters, orders that nobody waits for any longer, and when the next will have (NEVER: none)."""

    rows: Sequence[Held]
    letters: Sequence[DeadLetter]
    orders: Sequence[bytes]
    ages_at: int


def held(store: Store) -> Iterator[Held]:
    """All that wait, in order of (order, key)."""
    for name, value in store.rocks.scan("rest", WAITING, WAITING[:-1] + b"0"):
        order, _, key = name[len(WAITING) :].partition(NUL)
        yield Held(order, key, *unpack(value), value)


def with_waiting(
    store: Store, found: Iterable[tuple[list[str], list[list[bytes]]]], member_id: str | None = None
) -> Iterator[tuple[list[str], list[list[bytes]]]]:
    """Members with their segments, and behind those of each the facts that wait. Members of whom nothing else is known come last."""
    waiting: dict[str, list[bytes]] = {}
    for row in held(store) if store.clocks.waiting else ():
        waiting.setdefault(row.member.decode(), []).append(row.segment)
    for ids, segments in found:
        yield ids, [[*own, *waiting.pop(name, ())] for name, own in zip(ids, segments, strict=True)]
    rest = sorted(waiting, key=str.encode) if member_id is None else [member_id] if member_id in waiting else []
    if rest:
        yield rest, [waiting[name] for name in rest]


def ended(store: Store, until: int) -> Ended:
    """Those whose time is over at a tick."""
    rows, letters = list[Held](), list[DeadLetter]()
    waited_for, left, soonest = set[bytes](), set[bytes](), NEVER
    for some, columns in pieces(store):
        ages = np.array([store.lateness.waits_until(arrived) for arrived in columns.arrived.tolist()], np.int64)
        over = ages < until
        rows += [x for x, gone in zip(some, over.tolist(), strict=True) if gone]
        waited_for |= {x.order for x, gone in zip(some, over.tolist(), strict=True) if gone}
        left |= {x.order for x, gone in zip(some, over.tolist(), strict=True) if not gone}
        soonest = min([soonest, *ages[~over].tolist()])
        letters += _letters(store, some, columns, np.flatnonzero(over).tolist())
    return Ended(rows, letters, sorted(waited_for - left), soonest)


def pieces(store: Store) -> Iterator[tuple[list[Held], Columns]]:
    """All that wait, some at a time, with their facts as columns."""
    rows = held(store)
    while some := list(islice(rows, AT_ONCE)):
        yield some, join_segments([[x.segment for x in some]]).columns


def _letters(store: Store, some: Sequence[Held], columns: Columns, rows: Sequence[int]) -> list[DeadLetter]:
    if not rows:
        return []
    batch = replace(waiting_batch([x.row for x in some]), book=_texts(store, columns))
    return [batch.letter(row, "ORPHAN", WAITED_IN_VAIN) for row in rows]


def _texts(store: Store, c: Columns) -> Mapping[int, str]:
    """The texts of all codes of some facts."""
    codes = codes_in(c)
    found = store.rocks.get_many("rest", [TEXTS + code.to_bytes(8, "big", signed=True) for code in codes])
    return {code: text.decode() for code, text in zip(codes, found, strict=True) if text is not None}
