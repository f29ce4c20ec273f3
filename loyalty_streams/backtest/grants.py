"""Adjustments that were made of a plan: which of a history's facts they are, and for which rules.

A programme that is tried leaves out those made for itself. They stand for what it would have given, so that once they are in the store, a plan of the
same rules finds that nothing is missing any more, and asks for nothing a second time.
"""

from __future__ import annotations

import numpy as np

from loyalty_streams.agents.effective import take_facts
from loyalty_streams.agents.rows import Segments
from loyalty_streams.core.codes import FactKind, Reason
from loyalty_streams.history.keys import adjustment_key

ANY = Reason.RULE_RETRO.name
"""How the id of every such adjustment begins."""


def id_begins(rules_hash: str) -> str:
    """How the ids of the adjustments for some rules begin."""
    return f"{ANY}-{rules_hash}-"


def is_made_for(key: str, rules_hash: str = "") -> bool:
    """Whether a business key is that of an adjustment made of a plan: for these rules, or for any."""
    return key.startswith(adjustment_key(id_begins(rules_hash) if rules_hash else f"{ANY}-"))


def made_of_plans(rows: Segments, rules_hash: str = "") -> list[int]:
    """The rows of the adjustments made of plans: for these rules, or for any. Packed facts of which no keys are read have none."""
    some = np.flatnonzero(rows.columns.kind == FactKind.ADJUSTMENT)
    if not len(some) or not len(rows.keys.sizes):
        return []
    ends = np.cumsum(rows.keys.sizes)
    keys = [rows.keys.data[ends[row] - rows.keys.sizes[row] : ends[row]].decode() for row in some]
    return [row for row, key in zip(some.tolist(), keys, strict=True) if is_made_for(key, rules_hash)]


def without(rows: Segments, rules_hash: str) -> Segments:
    """The facts without the adjustments made for these rules; all of them where none are named."""
    made = made_of_plans(rows, rules_hash) if rules_hash else []
    return take_facts(rows, np.setdiff1d(np.arange(len(rows.member)), made)) if made else rows
