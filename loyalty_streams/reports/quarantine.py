"""Which returns wait for their order, and since when (T079)."""

from __future__ import annotations

from typing import Any

import numpy as np

from loyalty_streams.agents.judging import MOST_WAITING
from loyalty_streams.core.codes import NEVER, FactKind
from loyalty_streams.hosts.embedded import Store
from loyalty_streams.hosts.embedded.quarantine import pieces
from loyalty_streams.reports.instants import iso
from loyalty_streams.reports.question import Question


def quarantine(store: Store, question: Question, before: int | None = None, known_at: int | None = None) -> dict[str, Any]:
    """`report quarantine --json`: of the returns that wait now, those that happened before an instant and arrived before another, oldest first.

    `amount_minor` is what was brought back, not positive; 0 where the return says nothing of money.
    """
    rows: list[tuple[int, dict[str, Any]]] = []
    for some, columns in pieces(store):
        kept = (columns.at < (NEVER if before is None else before)) & (columns.arrived < (NEVER if known_at is None else known_at))
        for k in np.flatnonzero(kept).tolist():
            at, arrived = int(columns.at[k]), int(columns.arrived[k])
            rows.append((arrived, {
                "order": some[k].order.decode(), "return": some[k].key.decode(), "kind": FactKind(int(columns.kind[k])).name.lower(),
                "member_id": some[k].member.decode(), "occurred_at": iso(at), "arrived_at": iso(arrived),
                "waits_until": iso(store.lateness.waits_until(arrived)), "amount_minor": -int(columns.amount[k]),
            }))  # fmt: skip
    rows.sort(key=lambda row: (row[0], row[1]["order"], row[1]["return"]))
    found = [row for _, row in rows]
    return {"as_of": iso(question.as_of), "currency": question.compiled.currency, "waiting": len(found), "at_most": MOST_WAITING, "returns": found}
