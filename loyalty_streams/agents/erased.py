"""Who was erased, and what is still taken under such a name (S59): nothing of before, and nothing later until somebody enrols under it.

The names themselves are kept nowhere: a host knows them by a hash.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from loyalty_streams.agents.courses import LINK, MERGE
from loyalty_streams.agents.kinds import IDENTITY, PROFILE, TRANSFER
from loyalty_streams.agents.packing import strings
from loyalty_streams.core.codes import NEVER, AttrKind, Outcome, Reason
from loyalty_streams.core.facts import ERASED, Array, Columns
from loyalty_streams.history.batch import FactBatch

NOBODY = f"{ERASED}0".encode()
"""Whom a transfer to somebody erased is to, in the log of its sender: what would go there goes nowhere."""
UNDATED = b"new"
"""What stands in the key of a profile without an instant, or of its link, in place of one."""


class Grave(NamedTuple):
    """An erased name. `at`: when its erasure was known, nothing that happened up to then is taken; `since`: what arrives from then on is that of
    somebody new (NEVER: nobody).
    """

    at: int
    since: int = NEVER

    def covers(self, at: int, arrived: int) -> bool:
        return at <= self.at or arrived < self.since


class Admitted(NamedTuple):
    """What is left of a batch, how many facts were left out, and under which names somebody has enrolled."""

    batch: FactBatch
    filtered: int = 0
    enrolled: Mapping[bytes, Grave] = {}


def names_in(batch: FactBatch) -> list[bytes]:
    """The accounts that the facts of a batch are of, and those that they are about."""
    return sorted({*strings(batch.members), *_about_accounts(batch).values()})


def _about_accounts(batch: FactBatch) -> dict[int, bytes]:
    rows = np.flatnonzero(np.isin(batch.columns.kind, (IDENTITY, TRANSFER)))
    return {row: batch.abouts[row].as_py().encode() for row in rows.tolist()}


def admit(batch: FactBatch, graves: Mapping[bytes, Grave]) -> Admitted:
    """The facts of a batch, in order of arrival, that are of nobody erased. A transfer to somebody erased is refused.

    Its `strings` are the texts of these facts alone, those that an earlier batch brought among them: that one may have kept none of them.
    """
    kept, enrolled = np.ones(len(batch), bool), dict[bytes, Grave]()
    if graves:
        c, known, abouts = batch.columns, dict(graves), _about_accounts(batch)
        outcome, refuse, nobody = c.outcome.copy(), c.refuse.copy(), np.zeros(len(batch), bool)
        for row, (name, at, arrived) in enumerate(zip(strings(batch.members), c.at.tolist(), c.arrived.tolist(), strict=True)):
            own, other = known.get(name), known.get(abouts.get(row, b""))
            away = other is not None and other.covers(at, arrived)
            if own is not None and own.covers(at, arrived):
                enrols = at > own.at and not (away and c.kind[row] == IDENTITY) and _enrols(batch, row)
                if enrols:
                    known[name] = enrolled[name] = Grave(own.at, arrived)
                kept[row] = enrols
            elif away and c.kind[row] == IDENTITY:
                kept[row] = False
            if away and c.kind[row] == TRANSFER:
                nobody[row], refuse[row] = True, Reason.NOT_ALLOWED
                outcome[row] = Outcome.REFUSED if outcome[row] == Outcome.GRANTED else outcome[row]
        told = pc.if_else(pa.array(nobody), NOBODY.decode(), batch.abouts)
        batch = replace(batch, columns=c._replace(outcome=outcome, refuse=refuse), abouts=told.cast(batch.abouts.type))
    some = batch if kept.all() else batch.take(np.flatnonzero(kept))
    return Admitted(with_own_texts(some), int((~kept).sum()), enrolled)


def with_own_texts(batch: FactBatch) -> FactBatch:
    """A batch whose `strings` are the texts of its own facts, and of no others."""
    return replace(batch, strings={code: text for code in codes_in(batch.columns) if (text := batch.book.get(code)) is not None})


def _enrols(batch: FactBatch, row: int) -> bool:
    """Whether a fact makes somebody known: a profile, or what makes the account another's. A row without an instant may be an old one."""
    kind, key = batch.columns.kind[row], batch.keys[row].as_py().encode().split(b"/")
    dated = len(key) < 3 or key[2] != UNDATED
    return bool(dated and (kind == PROFILE or (kind == IDENTITY and batch.columns.type[row] in (LINK, MERGE))))


def codes_in(c: Columns) -> Sequence[int]:
    """The codes of all texts that some facts have."""
    return sorted({*texts_of_shops(c), *texts_of_attributes(c)})


def texts_of_shops(c: Columns) -> set[int]:
    """The codes of the words that are the shop's: channels, stores, kinds of facts, products."""
    return _distinct(c.channel, c.store, c.type, c.line_sku, c.line_category)


def texts_of_attributes(c: Columns, rows: Array | None = None) -> set[int]:
    """The codes of names and texts of attributes; of some rows of attributes alone."""
    some = np.arange(len(c.attr_name)) if rows is None else rows
    return _distinct(c.attr_name[some], c.attr_value[some][c.attr_kind[some] == AttrKind.TEXT])


def _distinct(*columns: Array) -> set[int]:
    return set(np.unique(np.concatenate([c.astype(np.int64) for c in columns])).tolist()) - {0}
