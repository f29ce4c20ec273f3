"""`loyalty rebuild state`: heads and cards made again from the facts and the decisions given on them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from loyalty_streams.agents.members import sooner, starts_of
from loyalty_streams.agents.rows import Head, KeyRow
from loyalty_streams.core.engine import Folded
from loyalty_streams.hosts.embedded.refold import Log, cut, logs, refold
from loyalty_streams.hosts.embedded.rocks import Batch
from loyalty_streams.hosts.embedded.store import Store


def rebuild(store: Store) -> tuple[int, int]:
    """Writes every state and card anew. -> members, and how many of them had another state or card before.

    It may be killed at any instant: what is written is what should have stood there.
    """
    members = differed = 0
    for log in logs(store):
        folded = refold(store, log, cards=True)
        batch = store.rocks.batch()
        members += len(log.ids)
        differed += len(_heads(store, log, folded, batch) | _cards(store, log, folded, batch))
        store.rocks.write(batch)
    return members, differed


def _heads(store: Store, log: Log, folded: Folded, batch: Batch) -> set[int]:
    """Heads whose state is another one are written. -> the places of their members"""
    differ = set()
    for k, (name, old, new) in enumerate(zip(log.ids, log.heads, heads_of(store, log, folded), strict=True)):
        if new != old:
            differ.add(k)
            batch.put("heads", name.encode(), new.pack())
    return differ


def heads_of(store: Store, log: Log, folded: Folded) -> list[Head]:
    """The heads as they ought to be."""
    clocks = np.maximum(np.array([old.last_at for old in log.heads], np.int64), store.clocks.tick)
    due = sooner(folded.due, starts_of(store.compiled), clocks).tolist()
    tier, stage = folded.tier.tolist(), folded.stage.tolist()
    return [
        replace(old, state=state, tier=tier[k], stage=stage[k], due=due[k])
        for k, (old, state) in enumerate(zip(log.heads, cut(folded), strict=True))
    ]


def _cards(store: Store, log: Log, folded: Folded, batch: Batch) -> set[int]:
    """Key rows whose card is another one are written. -> the places of their members"""
    keys, data = log.rows.key_of(), folded.cards.tobytes()
    last: dict[tuple[int, int, int], bytes] = {}
    r = folded.card_rows
    for kind, ref, member, lo, hi in zip(*(r[f].tolist() for f in ("kind", "ref", "member", "lo", "hi")), strict=True):
        if ref and not log.heads[member].family:
            last[member, kind, ref] = data[lo:hi]
    places = list(last)
    names = [keys[ref].encode() for _, _, ref in places]
    differ = set()
    for (member, kind, ref), name, found in zip(places, names, store.keys(names), strict=True):
        old = KeyRow.read(found) if found is not None else KeyRow(0, 0, 0, log.ids[member].encode())
        card = last[member, kind, ref]
        if old.card != card:
            differ.add(member)
            batch.put("keys", name, replace(old, card=card).pack())
    return differ
