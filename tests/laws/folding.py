"""One history through the kernel, whole or watched step by step, for laws to look at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from loyalty_streams.core.codes import EntryKind, FactKind
from loyalty_streams.core.engine import Engine
from loyalty_streams.core.entries import Entries, Entry, postings
from loyalty_streams.core.facts import Fact, to_columns
from loyalty_streams.core.kernel.records import HOLDS, LOTS
from tests.laws.strategies import History
from tests.simulation import engine_side
from tests.simulation.engine_side import Store

BALANCES = ("available", "pending", "reserved", "debt")
ENDINGS = (FactKind.CONFIRM, FactKind.RELEASE, FactKind.CANCEL)


def fold(engine: Engine, history: History, cuts: tuple[int, ...] = ()) -> Store:
    """Everything, in batches that end before the rows `cuts`."""
    return engine_side.fold_split(engine, history.facts, history.until, cuts)


@dataclass(frozen=True)
class Lot:
    source: int
    n: int
    wallet: int
    earned_at: int
    expires_at: int
    granted: int
    remaining: int
    pending: bool


@dataclass(frozen=True)
class Snapshot:
    """What a state says: lots in the order in which they lie, the accounts of each wallet, the words of the head."""

    lots: tuple[Lot, ...]
    held: int
    wallets: tuple[dict[str, int], ...]
    head: dict[str, int]


@dataclass(frozen=True)
class Step:
    """One fact (None: time alone): the entries of timers before it, the state then, its own entries, the state after."""

    fact: Fact | None
    timers: Entries
    before: Snapshot
    own: Entries
    after: Snapshot


def snapshot(engine: Engine) -> Snapshot:
    """The workspace of an engine that has just folded one member."""
    w = engine._work[0]
    lots = [w["lots"][i] for i in range(int(w["span"][LOTS]["lo"]), int(w["span"][LOTS]["hi"])) if w["lots"][i]["remaining"]]
    holds = w["holds"][int(w["span"][HOLDS]["lo"]) : int(w["span"][HOLDS]["hi"])]
    rows = w["wallets"][: len(engine.compiled.names.wallets)]
    wallets = tuple({n: int(row[n]) for n in row.dtype.names if n not in engine_side.NO_ACCOUNT} for row in rows)
    head = {n: int(w["head"][n]) for n in w["head"].dtype.names if n != "words"}
    return Snapshot(tuple(as_lot(x) for x in lots), int(holds["points"].sum()) if holds.size else 0, wallets, head)


def as_lot(x: Any) -> Lot:
    values = (int(x[n]) for n in ("source", "n", "wallet", "earned_at", "expires_at", "granted", "remaining"))
    return Lot(*values, pending=bool(x["pending"]))


def steps(engine: Engine, history: History) -> Iterator[Step]:
    """The history fact by fact: first the timers up to its instant, then the fact; at the end time alone."""
    store, columns = Store(), to_columns(history.facts)
    for i, fact in enumerate(history.facts):
        timers = advance(engine, store, fact.at) if store.state else empty()
        before = snapshot(engine) if store.state else None
        engine_side.step(engine, store, columns, history.facts, i, i + 1, 0)
        after = snapshot(engine)
        yield Step(fact, timers, before or nothing(after), store.entries[-1], after)
    timers = advance(engine, store, history.until)
    after = snapshot(engine)
    yield Step(None, timers, after, empty(), after)


def advance(engine: Engine, store: Store, to: int) -> Entries:
    """Time alone, over what the store keeps."""
    old = np.frombuffer(store.state, np.uint8)
    none = np.zeros(2, np.int64)
    folded = engine.fold(to_columns(()), none, states=old, state_at=np.array([0, old.size], np.int64), until=to)
    engine_side.keep(store, folded)
    return folded.entries


def empty() -> Entries:
    return np.zeros(0, Entry)


def nothing(like: Snapshot) -> Snapshot:
    """Before the first fact a member has nothing."""
    return Snapshot((), 0, tuple(dict.fromkeys(w, 0) for w in like.wallets), dict.fromkeys(like.head, 0))


@dataclass
class Books:
    """Accounts summed from entries, a wallet at a time (T035)."""

    accounts: dict[int, dict[str, int]] = field(default_factory=dict)

    def book(self, e: Any) -> dict[str, int]:
        """Books one entry and gives the accounts of its wallet."""
        account = self.accounts.setdefault(int(e["wallet"]), {})
        for name, points in postings(int(e["kind"]), int(e["bucket"]), int(e["points"])).items():
            account[name] = account.get(name, 0) + points
        return account


def of_kind(entries: Entries, *kinds: EntryKind) -> Entries:
    return entries[np.isin(entries["kind"], [int(k) for k in kinds])]
