"""Where an identifier leads, and the key under which a store has its phones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from loyalty_streams.hosts.embedded.rocks import PHONE_KEY, StoreError
from loyalty_streams.hosts.embedded.store import Store

if TYPE_CHECKING:
    from loyalty_streams.agents.courses import Course
    from loyalty_streams.agents.rows import Segments


def home(store: Store, member: str, before: int | None = None, known_at: int | None = None) -> str:
    """The account that an account has become by merges that stand before an instant, and were known before another; itself where there are
    none (T139).
    """
    *_, last = homes(store, member, before, known_at)
    return last


def homes(store: Store, member: str, before: int | None = None, known_at: int | None = None) -> Iterator[str]:
    """The account, and each that it has become."""
    name: bytes | None = member.encode()
    behind = b""
    while name is not None:
        yield name.decode()
        behind, name = name, _became(store, name, behind, before, known_at)


def _became(store: Store, member: bytes, behind: bytes, before: int | None, known_at: int | None) -> bytes | None:
    """What an account has become, for one that comes from the account behind it."""
    (found,) = store.heads([member])
    if found is None:
        return None
    from loyalty_streams.agents.rows import Head, split

    if not Head.read(found).family:
        return None
    rows, course = course_of(store, member, before, known_at)
    row = course.led.get(behind, course.leads)
    return split(rows.abouts)[row] if row >= 0 else None


def course_of(store: Store, member: bytes, before: int | None = None, known_at: int | None = None) -> tuple[Segments, Course]:
    """The log of an account, as far as it stands before an instant and was known before another, and what becomes of it."""
    import numpy as np

    from loyalty_streams.agents.courses import course
    from loyalty_streams.agents.effective import effective, standing, take_facts
    from loyalty_streams.agents.families import known
    from loyalty_streams.agents.rows import Came, join_segments

    rows = join_segments([list(store.segments(member))])
    if known_at is not None:
        rows = replace(rows, entries=rows.entries[:0], mends=rows.mends[:0])
        rows = take_facts(rows, np.flatnonzero(known(rows) < known_at))
    rows = effective(rows, store.lateness, given_up=True)
    there = np.arange(len(rows.member))
    if before is not None and not (rows.came & Came.HELD).any():  # what is kept under a receipt is the claimer's from the first
        there = np.flatnonzero(standing(store.lateness, rows.columns, rows.member) < before)
    return rows, course(rows.columns, rows.came, there, rows.sent, store.lateness)


def remember_phone_key(store: Store, key: str) -> None:
    """Remembers a fingerprint of the key of phones; raises StoreError OTHER_PHONE_KEY for any other key than the first."""
    from loyalty_streams.history.phones import fingerprint

    given, known = fingerprint(key).encode(), store.rocks.get("rest", PHONE_KEY)
    if known is None:
        batch = store.rocks.batch()
        batch.put("rest", PHONE_KEY, given)
        store.rocks.write(batch)
    elif known != given:
        raise StoreError("OTHER_PHONE_KEY", "phones of this store are hashed under another key: with this one nobody would be found", store.folder)
