"""What it costs that accounts become one: a merge, a storm of them, a chain, and a long history within the window that a fact comes late to.

Facts of a few cents under the smallest programme; CPU time of the process, everything durable.
"""

from __future__ import annotations

import resource
import shutil
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.figures import Figure
from benchmarks.ingest import SMALLEST
from benchmarks.scratch import scratch
from loyalty_streams.core.codes import DAY, MICROS, FactKind
from loyalty_streams.core.facts import Fact
from loyalty_streams.history.batch import of_facts
from loyalty_streams.hosts.embedded import Store

START, MINUTE = 1_767_225_600 * MICROS, 60 * MICROS
"""1 January 2026, UTC."""
ONE_MERGE = 0.001
"""Seconds that a merge may cost."""


def run(quick: bool, long: bool) -> list[Figure]:
    with scratch("merges") as place:
        return list(_of(place, 100 if quick else 1_000, 1_000 if quick else 10_000))


def _of(place: Path, accounts: int, facts: int) -> Iterator[Figure]:
    _spent(place, 2, [_merge(0, "M0", "M1")])  # warm
    pairs = [_merge(n, f"M{2 * n}", f"M{2 * n + 1}") for n in range(accounts // 2)]
    each = _spent(place, accounts, pairs) / len(pairs)
    what = f"of {len(pairs):,} in one batch; both accounts, and the state between them"
    yield Figure("a merge of two accounts", each * 1_000, "ms", ONE_MERGE * 1_000, False, what)
    storm = _spent(place, accounts, [_merge(n, f"M{n}", "M0") for n in range(1, accounts)])
    yield Figure("accounts merged into one, each", storm / (accounts - 1) * 1_000, "ms", None, False, f"{accounts - 1:,} accounts in one batch")
    chain = _spent(place, accounts, [_merge(n, f"M{n}", f"M{n + 1}") for n in range(accounts - 1)])
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    what = f"{accounts - 1:,} links in one batch; peak memory {memory:,.0f} MB"
    yield Figure("a chain of merges, each link", chain / (accounts - 1) * 1_000, "ms", None, False, what)
    yield Figure("one late fact among those of a long window", _late(place, facts) * 1_000, "ms", None, False, f"{facts:,} orders within a day")


def _merge(n: int, gives_up: str, into: str) -> Fact:
    return Fact(FactKind.IDENTITY, gives_up, f"identity/{n}", START + DAY + n * MINUTE, about=into, type="merge")


def _order(n: int, member: str, at: int) -> Fact:
    return Fact(FactKind.ORDER, member, f"order/{n}", at, amount=1_000)


def _spent(place: Path, accounts: int, merges: Sequence[Fact]) -> float:
    """CPU seconds of some merges of accounts that have an order each."""
    with Store.open(place / "store", programme=SMALLEST, create=True) as store:
        store.take(of_facts([_order(n, f"M{n}", START + n * MINUTE) for n in range(accounts)]))
        start = time.process_time()
        store.take(of_facts(merges))
        spent = time.process_time() - start
    shutil.rmtree(place / "store")
    return spent


def _late(place: Path, facts: int) -> float:
    """CPU seconds of one late order of a member with many."""
    with Store.open(place / "store", programme=SMALLEST, create=True) as store:
        step = DAY // facts
        for first in range(0, facts, 1_000):
            store.take(of_facts([_order(n, "M", START + n * step) for n in range(first, min(first + 1_000, facts))]))
        late = Fact(FactKind.ORDER, "M", "order/late", START + step // 2, START + DAY, amount=1_000)
        start = time.process_time()
        store.take(of_facts([late]))
        spent = time.process_time() - start
    shutil.rmtree(place / "store")
    return spent
