"""Whether a history can be judged at all: one that begins in the middle, and says nothing of what was before, gives a PREVIEW and no more.

Facts tell it that speak of what is not there: returns of an order that has not come in the time that facts may be late, and what is to become of a
redemption that nobody asked for. Of a member with an opening balance nothing is missing: it is the snapshot with which such a history begins.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from loyalty_streams.agents.kinds import ASKS, ENDINGS
from loyalty_streams.backtest.folding import Ready
from loyalty_streams.core.codes import FactKind
from loyalty_streams.core.facts import Array
from loyalty_streams.reports.words import Language, say

MIX = np.uint64(0x9E3779B97F4A7C15)


@dataclass(slots=True)
class Preview:
    """Members whose facts speak of orders and redemptions that are not there, and how many do. `late`: by programme, groups of accounts whose
    messages took too long to settle.
    """

    orders: Counter[str] = field(default_factory=Counter)
    redemptions: Counter[str] = field(default_factory=Counter)
    late: list[int] = field(default_factory=list)

    def look(self, ready: Sequence[Ready], kin: bool, wanted: Container[bytes] | None) -> None:
        """Learns from some accounts, ready to be folded under each programme. `kin`: they became one with others among them."""
        self.late = [r.unsettled for r in ready]
        r = ready[0]
        rows = np.flatnonzero(np.isin(r.columns.kind, ENDINGS))
        if not len(rows):
            return
        asked = np.flatnonzero(np.isin(r.columns.kind, ASKS))
        named, known = (r.columns.about[some].view(np.uint64) + (0 if kin else r.rows.member[some].astype(np.uint64) * MIX) for some in (rows, asked))
        rows = rows[~np.isin(named, known)]
        _, first = np.unique(r.columns.ref[rows], return_index=True)  # of accounts that became one each may have it
        owner = r.home[r.rows.member[rows[first]]]
        for place in owner[~opened(r)[owner]].tolist():
            if wanted is None or r.names[place] in wanted:
                self.redemptions[r.names[place].decode()] += 1

    def join(self, more: Preview) -> None:
        self.orders.update(more.orders)
        self.redemptions.update(more.redemptions)
        self.late = [a + b for a, b in zip(self.late, more.late, strict=True)] if self.late else more.late

    def counts(self) -> dict[str, int]:
        """Facts by what they speak of, the members whose they are, and groups that took too long under the programme under which they are most."""
        return {
            "orders": self.orders.total(), "redemptions": self.redemptions.total(), "members": len({*self.orders, *self.redemptions}),
            "unsettled": max(self.late, default=0),
        }  # fmt: skip

    def to_json(self) -> dict[str, int] | None:
        """What is missing; None where nothing is."""
        counts = self.counts()
        return counts if any(counts.values()) else None

    def told(self, lang: Language) -> list[str]:
        """The same in words, a line each."""
        counts = self.counts()
        words = {name: f"{n:,}" for name, n in counts.items()}
        began = [say("plan.began_amid", lang, **words)] if counts["members"] else []
        return began + ([say("plan.unsettled", lang, **words)] if counts["unsettled"] else [])


def opened(r: Ready) -> Array:
    """By place: whether the person whom an account has become has an opening balance."""
    found = np.zeros(len(r.names), bool)
    found[r.home[r.rows.member[r.columns.kind == FactKind.OPENING]]] = True
    return found


def unopened(names: Iterable[str], ready: Iterable[Ready]) -> list[str]:
    """Of some accounts, named as often as they have such a fact, those of persons without an opening balance."""
    snapshots: set[str] = set()
    for r in ready:
        has = opened(r)[r.home]
        snapshots |= {r.names[k].decode() for k in np.flatnonzero(has).tolist()}
    return [name for name in names if name not in snapshots]
