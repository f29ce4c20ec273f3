"""Histories folded from their first facts, or from kept states, however long one member's is.

The kernel remembers the orders and redemptions of one fold in tables of a fixed size. A member who has more of them is folded in bites, the
cards that a bite leaves being given to the next bites that name them, as the log itself was.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from loyalty_streams.agents.rows import Card
from loyalty_streams.core.codes import FactKind
from loyalty_streams.core.engine import BoundError, Engine, Folded
from loyalty_streams.core.entries import Entry
from loyalty_streams.core.facts import Array, Columns, take_rows
from loyalty_streams.core.kernel.records import CARD_STATE

FACTS_AT_ONCE, LINES_AT_ONCE = 2_000, 60_000
"""Facts and lines of one member that one fold has room for, with what their returns need."""


def fold_from_the_first(  # noqa: PLR0913 (what `Engine.fold` is asked)
    engine: Engine, columns: Columns, groups: Array, until: Array, *, rows: Array | None = None, keep_cards: bool = False, explain: bool = False,
    states: Sequence[bytes] = (), given: Sequence[tuple[int, Card]] = (),
) -> Folded:  # fmt: skip
    """Folds `groups[g]:groups[g + 1]` of the columns (or of `rows` of them), each member then advanced to its instant of `until` (0: not at all).

    `states`: what each is folded over (empty: a new member); no fact may name a card of before it, but for those `given`, (group, card) in order of
    group. `keep_cards`, `explain`: as of `Engine.fold`.
    """
    old = np.frombuffer(b"".join(states), np.uint8)
    at = np.concatenate([[0], np.cumsum([len(s) for s in states])]).astype(np.int64) if len(old) else None
    try:
        return engine.fold(
            columns, groups, rows=rows, until_of=until, keep_cards=keep_cards, explain=explain, states=old if len(old) else None, state_at=at,
            cards=[(group, card.data) for group, card in given],
        )  # fmt: skip
    except BoundError as error:
        if error.code != "SECTION_FULL":
            raise
    bounds = list(pairwise(groups.tolist()))
    states = states or [b""] * len(bounds)
    taken = columns if rows is None else take_rows(columns, rows)
    folded = _joined([
        _one(engine, taken, lo, hi, t, explain, s, [card for group, card in given if group == g])
        for g, ((lo, hi), t, s) in enumerate(zip(bounds, until.tolist(), states, strict=True))
    ])  # fmt: skip
    if rows is not None and len(rows):
        folded.entries["cause"] = np.where(folded.entries["cause"] >= 0, rows[folded.entries["cause"]], -1)
    return folded


def _one(engine: Engine, columns: Columns, lo: int, hi: int, until: int, explain: bool, state: bytes, given: Sequence[Card]) -> Folded:
    """One member in bites."""
    paid_by = dict(zip(columns.ref[lo:hi].tolist(), np.where(columns.kind[lo:hi] == FactKind.ORDER, columns.about[lo:hi], 0).tolist(), strict=True))
    cards = {card.ref: card.data for card in given if card.kind != CARD_STATE}
    states = [(0, card.data) for card in given if card.kind == CARD_STATE]
    parts: list[Folded] = []
    cuts = _cuts(columns, lo, hi)
    for a, b in pairwise(cuts):
        named = set(columns.about[a:b].tolist())
        named |= {paid_by.get(ref, 0) for ref in named}
        beside = [*states, *((0, cards[ref]) for ref in sorted(named) if ref in cards)]
        folded = engine.fold(
            take_rows(columns, np.arange(a, b)), np.array([0, b - a], np.int64), states=np.frombuffer(state, np.uint8),
            state_at=np.array([0, len(state)], np.int64), cards=beside, until=until if b == hi else 0, explain=explain,
        )  # fmt: skip
        state = folded.states.tobytes()
        whole, rows = folded.cards.tobytes(), folded.card_rows
        cards.update((ref, whole[x:y]) for ref, x, y in zip(*(rows[f].tolist() for f in ("ref", "lo", "hi")), strict=True) if ref)
        folded.entries["cause"] += np.where(folded.entries["cause"] >= 0, a, 0).astype(np.int32)
        parts.append(folded)
    last = parts[-1]
    entries = np.concatenate([p.entries for p in parts]).view(Entry)
    return Folded(entries, last.states, last.state_at, *_cards(parts), last.due, last.tier, last.stage)


def _cuts(columns: Columns, lo: int, hi: int) -> list[int]:
    """Where bites begin, and the end."""
    cuts = [lo]
    for row in range(lo + 1, hi):
        if row - cuts[-1] >= FACTS_AT_ONCE or columns.line_at[row + 1] - columns.line_at[cuts[-1]] > LINES_AT_ONCE:
            cuts.append(row)
    return [*cuts, hi]


def _cards(parts: list[Folded]) -> tuple[Array, Any]:
    """The cards of some folds one after the other; where a name occurs twice the later one stands."""
    rows = [p.card_rows.copy() for p in parts]
    at = 0
    for p, own in zip(parts, rows, strict=True):
        own["lo"] += at
        own["hi"] += at
        at += len(p.cards)
    return np.concatenate([p.cards for p in parts]), np.concatenate(rows)


def _joined(parts: list[Folded]) -> Folded:
    """Folds of one member each as one fold of all."""
    for g, p in enumerate(parts):
        p.entries["member"] = g
        p.card_rows["member"] = g
    sizes = np.array([0, *(len(p.states) for p in parts)], np.int64)
    return Folded(
        np.concatenate([p.entries for p in parts]).view(Entry), np.concatenate([p.states for p in parts]), np.cumsum(sizes), *_cards(parts),
        *(np.concatenate([getattr(p, name) for p in parts]) for name in ("due", "tier", "stage")),
    )  # fmt: skip
