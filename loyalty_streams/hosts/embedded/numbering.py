"""Running numbers of entries that were folded again: those of the ledger, so that an entry has one number however it is looked at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from loyalty_streams.agents.effective import as_booked, corrected
from loyalty_streams.agents.lateness import Lateness
from loyalty_streams.agents.rows import join_segments
from loyalty_streams.core.entries import ENTRY_FIELDS, Entries
from loyalty_streams.core.facts import Columns

TOLD = tuple(name for name in ENTRY_FIELDS if name not in ("member", "cause", "booked", "seq"))
Likeness = np.dtype([*((name, ENTRY_FIELDS[name]) for name in TOLD), ("by", "i8")])
"""What makes two entries of a member the same decision. `by`: the code of the fact that caused it, 0 for a timer."""


class Given(NamedTuple):
    """Entries of one member as the ledger has them: likeness, running number, instant of booking; in order of number."""

    alike: list[bytes]
    seq: list[int]
    booked: list[int]


def given(segments: Sequence[Sequence[bytes]], lateness: Lateness) -> Given:
    """The whole ledger of one member, without the entries that take others back."""
    rows = as_booked(join_segments(segments), lateness)
    e = rows.entries[corrected(rows) == 0]
    return Given(_alike(e, rows.columns), e["seq"].tolist(), e["booked"].tolist())


def number(entries: Entries, columns: Columns, ledger: Given, last: int) -> None:
    """Writes number and booking of the ledger to entries of one member; what is not in it goes on from its last number."""
    places: dict[bytes, list[int]] = {}
    for k in range(len(ledger.alike) - 1, -1, -1):
        places.setdefault(ledger.alike[k], []).append(k)
    for k, name in enumerate(_alike(entries, columns)):
        found = places.get(name)
        if found:
            place = found.pop()
            entries["seq"][k], entries["booked"][k] = ledger.seq[place], ledger.booked[place]
        else:
            last += 1
            entries["seq"][k] = last


def _alike(entries: Entries, columns: Columns) -> list[bytes]:
    out = np.zeros(len(entries), Likeness)
    for name in TOLD:
        out[name] = entries[name]
    by_fact = entries["cause"] >= 0
    out["by"][by_fact] = columns.ref[entries["cause"][by_fact]]
    return [row.tobytes() for row in out]
